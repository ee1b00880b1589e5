package account

import (
	"context"

	"github.com/seed4b20689c/myaccount/policy"
)

// Host is where the embedding application tells what its directory knows.
type Host struct{ *room }

// PutProfile sets an account's profile as the organization's directory has it, every attribute but the photo, and Source: where it
// names a directory, what is the directory's can be changed only there. p.Tenant and p.Revision are not looked at. A manager
// need not be known yet. It leaves an event only if something changed.
func (h *Host) PutProfile(ctx context.Context, actor policy.Actor, p Profile) error {
	if err := policy.CheckID("account", p.Account); err != nil {
		return err
	}
	p, err := p.Tidied()
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, h.guard, h.store, actor, putProfile, onAccount(p.Account), "",
		func(tx Tx, op *policy.Op, now person) (none, policy.Change, error) {
			next := p
			next.Tenant, next.Photo, next.Revision = op.Actor.Tenant, now.profile.Photo, now.profile.Revision
			ch, err := put(tx, now.profile, next)
			return none{}, ch, err
		})
	return err
}

// Tidied gives the profile as [Host.PutProfile] would write it, or the *[policy.Invalid] with which it would refuse it: for a host
// that has more to write of an account, and wants to know before it writes any of it.
func (p Profile) Tidied() (Profile, error) {
	if err := policy.CheckText("source", p.Source, maxSource); err != nil {
		return Profile{}, err
	}
	for i := range attributes {
		a := &attributes[i]
		if a.input == FileInput {
			continue
		}
		value := a.text(&p)
		if *value == "" && a.required {
			continue // a directory that does not know it
		}
		tidied, err := a.check(*value, AttributeRule{}) // the schema is for people
		if err != nil {
			return Profile{}, err
		}
		*value = tidied
	}
	return p, nil
}

// maxSource bounds the name of a directory in code points.
const maxSource = 128
