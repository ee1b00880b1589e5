package account

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/seed4b20689c/myaccount/internal/portrait"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Portrait is an account's photo as it is kept: square JPEG pictures by their side, made anew of what the person sent.
// [Profile.Photo] tells which photo they are of.
type Portrait struct {
	Tenant   policy.TenantID  `json:"tenant"`
	Account  policy.AccountID `json:"account"`
	Pictures map[int][]byte   `json:"pictures"`
	Revision store.Revision   `json:"revision"`
}

// Clone returns a copy that shares nothing with p.
func (p Portrait) Clone() Portrait {
	p.Pictures = maps.Clone(p.Pictures)
	for side, b := range p.Pictures {
		p.Pictures[side] = bytes.Clone(b)
	}
	return p
}

// Picture is a photo in one size.
type Picture struct {
	Side int    `json:"side"` // of the square, in points
	JPEG []byte `json:"jpeg"`
	// Version tells one photo from the next, for caches and addresses.
	Version string `json:"version"`
}

// Photo gives the actor's photo in the smallest size that has at least side points, or in the greatest there is. Without
// a photo it is [store.ErrNotFound].
func (s *Service) Photo(ctx context.Context, actor policy.Actor, side int) (Picture, error) {
	return s.photo(ctx, actor, readPhoto, policy.Target{}, side)
}

// SetPhoto takes a photo: JPEG or PNG below 4 MB, of at least 48 and at most 10,000 points on a side and 24 million
// altogether, and of fewer where one takes more than 4 bytes to decode: 13 million in a usual progressive JPEG, 12 million in a
// PNG that is interlaced or has 16 bits a colour. Kept are pictures of its middle with 648, 240, 96 and 48 points on a side, as
// far as it has as many, turned the way the camera was held and without whatever else was in the file. Anything else is a
// [policy.Invalid], no photo at all too.
//
// A photo takes at most 144 MiB of memory while it is made anew; two are at a time in a process, and others wait for as long
// as ctx lets them. Whatever is sent counts against [PhotosPerHour] before it is looked at, so that nobody makes us decode
// without end.
func (s *Service) SetPhoto(ctx context.Context, actor policy.Actor, photo []byte) error {
	return s.setPhoto(ctx, actor, sendPhoto, keepPhoto, policy.Target{}, photo)
}

// RemovePhoto removes the actor's photo, if there is one; else it leaves no event. However many were sent, it is allowed.
func (s *Service) RemovePhoto(ctx context.Context, actor policy.Actor) error {
	return s.putPhoto(ctx, actor, dropPhoto, policy.Target{}, nil)
}

// Photo gives anybody's photo, as [Service.Photo] does.
func (a *Admin) Photo(ctx context.Context, actor policy.Actor, id policy.AccountID, side int) (Picture, error) {
	return a.photo(ctx, actor, readAnyPhoto, onAccount(id), side)
}

// SetPhoto sets anybody's photo, as [Service.SetPhoto] does.
func (a *Admin) SetPhoto(ctx context.Context, actor policy.Actor, id policy.AccountID, photo []byte) error {
	return a.setPhoto(ctx, actor, sendAnyPhoto, changeAnyPhoto, onAccount(id), photo)
}

// RemovePhoto removes anybody's photo, if there is one.
func (a *Admin) RemovePhoto(ctx context.Context, actor policy.Actor, id policy.AccountID) error {
	return a.putPhoto(ctx, actor, dropAnyPhoto, onAccount(id), nil)
}

func (r *room) photo(ctx context.Context, actor policy.Actor, sp *policy.Spec[Tx, person], t policy.Target, side int) (Picture, error) {
	return policy.Look(ctx, r.guard, r.store, actor, sp, t,
		func(tx Tx, op *policy.Op, p person) (Picture, error) {
			if p.profile.Photo == "" {
				return Picture{}, store.ErrNotFound
			}
			kept, err := portraitOf(tx, op, p.Account)
			if err != nil {
				return Picture{}, err
			}
			out := Picture{Version: p.profile.Photo}
			for _, has := range slices.Sorted(maps.Keys(kept.Pictures)) {
				if out.Side < side || out.Side == 0 {
					out.Side, out.JPEG = has, kept.Pictures[has]
				}
			}
			return out, nil
		})
}

// setPhoto decodes a photo and keeps it. Whether that is allowed is asked first, in a commit that counts it, so that nobody
// makes us decode for nothing, nor more often at once than one after the other.
func (r *room) setPhoto(ctx context.Context, actor policy.Actor, send, keep *policy.Spec[Tx, aspect], t policy.Target, photo []byte) error {
	_, err := policy.Do(ctx, r.guard, r.store, actor, send, t, "",
		func(Tx, *policy.Op, aspect) (none, policy.Change, error) { return none{}, policy.Change{}, nil })
	if err != nil {
		return err
	}
	pictures, err := portrait.Make(ctx, photo)
	if wrong := new(portrait.Error); errors.As(err, &wrong) {
		return &policy.Invalid{Field: "photo", Problem: wrong.Problem}
	}
	if err != nil {
		return err
	}
	return r.putPhoto(ctx, actor, keep, t, pictures)
}

// putPhoto keeps the pictures of a photo; none removes the photo that there is.
func (r *room) putPhoto(ctx context.Context, actor policy.Actor, sp *policy.Spec[Tx, aspect], t policy.Target, pictures map[int][]byte) error {
	_, err := policy.Do(ctx, r.guard, r.store, actor, sp, t, "",
		func(tx Tx, op *policy.Op, p aspect) (none, policy.Change, error) {
			next := p.profile
			next.Photo = ""
			if pictures != nil {
				next.Photo = op.ID
			}
			if err := putPictures(tx, op, p.Account, pictures); err != nil {
				return none{}, policy.Change{}, err
			}
			ch, err := put(tx, p.profile, next)
			return none{}, ch, err
		})
	return err
}

// putPictures stores the pictures of an account's photo; none removes those that are there.
func putPictures(tx Tx, op *policy.Op, id policy.AccountID, pictures map[int][]byte) error {
	kept, err := portraitOf(tx, op, id)
	switch missing := errors.Is(err, store.ErrNotFound); {
	case err != nil && !missing:
		return err
	case pictures != nil:
		_, err = tx.PutPortrait(Portrait{Tenant: op.Actor.Tenant, Account: id, Pictures: pictures, Revision: kept.Revision})
		return err
	case missing:
		return nil
	}
	return tx.DeletePortrait(op.Actor.Tenant, id)
}

func portraitOf(tx Tx, op *policy.Op, id policy.AccountID) (Portrait, error) {
	p, err := tx.Portrait(op.Actor.Tenant, id)
	if err == nil && (p.Tenant != op.Actor.Tenant || p.Account != id) {
		return Portrait{}, errors.New("the store gave a photo that is somebody else's")
	}
	return p, err
}
