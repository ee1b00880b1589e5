package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// EmailChange is a change of an e-mail address, as stores keep it: pending until the new address is proven, and afterwards
// for as long as it can be taken back.
type EmailChange struct {
	Tenant  policy.TenantID  `json:"tenant"`
	Account policy.AccountID `json:"account"`
	// ID is that of the challenge whose code went to the new address.
	ID challenge.ID `json:"id"`
	// Number counts an account's changes in the order in which they were asked for, whatever the clocks said.
	Number uint64 `json:"number"`
	// OldKey is the [Identifier] that is replaced, and OldRevision what it was: the code is for that and nothing else. It is
	// empty where the account had no address, and has none until the code is given. OldProvenAt is when that one was proven;
	// zero if it was not.
	OldKey      string         `json:"oldKey"`
	OldRevision store.Revision `json:"oldRevision"`
	OldProvenAt time.Time      `json:"oldProvenAt,omitzero"`
	// New is the address to be proven, as it was written, and NewKey its key.
	New    string `json:"new"`
	NewKey string `json:"newKey"`
	// Session is the one that asked; where it was none that the actor named, what stands for the sign-in: the time of it.
	Session policy.SessionID `json:"session,omitempty"`
	// Epoch and Credentials are the account's when it asked; see [policy.Standing].
	Epoch       uint64 `json:"epoch,omitempty"`
	Credentials uint64 `json:"credentials,omitempty"`
	// Links are the challenges by which the change is taken back: one for each address that was proven when it was asked for.
	Links       []challenge.ID `json:"links,omitempty"`
	AskedAt     time.Time      `json:"askedAt"`
	ExpiresAt   time.Time      `json:"expiresAt"` // the code
	ConfirmedAt time.Time      `json:"confirmedAt,omitzero"`
	CancelledAt time.Time      `json:"cancelledAt,omitzero"` // given up or replaced, which leaves the links as they are
	TakenBackAt time.Time      `json:"takenBackAt,omitzero"`
	Revision    store.Revision `json:"revision"`
}

// Clone returns a copy that shares nothing with c.
func (c EmailChange) Clone() EmailChange {
	c.Links = slices.Clone(c.Links)
	return c
}

// pending reports whether the right code would still confirm c.
func (c *EmailChange) pending(st policy.Standing, now time.Time) bool {
	return c.ConfirmedAt.IsZero() && c.CancelledAt.IsZero() && c.TakenBackAt.IsZero() && now.Before(c.ExpiresAt) && c.Epoch == st.Epoch && c.Credentials == st.Credentials
}

// askedBy is what a change belongs to: the actor's session, or where the host names none the sign-in, by its time to the
// nanosecond. Another sign-in of the same person is another.
func askedBy(a policy.Actor) policy.SessionID {
	if a.Session != "" {
		return a.Session
	}
	return policy.SessionID(signedIn + a.SignedInAt.UTC().Format(time.RFC3339Nano))
}

const signedIn = "signed-in "

// askerGoesOn reports whether the session that asked for c, a change of the actor's, is one that could still confirm it.
func (c *EmailChange) askerGoesOn(tx Tx, op *policy.Op) (bool, error) {
	if c.Session == askedBy(op.Actor) || strings.HasPrefix(string(c.Session), signedIn) {
		return true, nil // a sign-in that the host keeps is not known to have ended
	}
	s, err := tx.Session(c.Tenant, c.Account, c.Session)
	if errors.Is(err, store.ErrNotFound) {
		return op.Vouches(), nil // one that the host keeps
	}
	same := s.Tenant == c.Tenant && s.Account == c.Account && s.ID == c.Session
	return same && s.AliveUnder(op.Standing, op.Settings, op.Now), err
}

// code is what the code for the new address is good for.
func (c *EmailChange) code() challenge.Binding {
	return challenge.Binding{Account: c.Account, Purpose: challenge.ChangeEmail, Method: challenge.Email, Target: c.New, Session: c.Session}
}

// link is what the i-th link is good for. It belongs to itself as if that were a session: no further one ends it.
func (c *EmailChange) link(i int) challenge.Binding {
	return challenge.Binding{Account: c.Account, Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: string(c.ID),
		Session: policy.SessionID(fmt.Sprintf("%s %d", c.ID, i))}
}

// asked is what is sent after the commit.
type asked struct {
	code     challenge.Challenge
	links    []challenge.Challenge
	language string
}

// ChangeEmail asks for another e-mail address in place of one of the actor's. Nothing changes until the new one is proven
// ([Service.ConfirmEmail], with the id that comes back): a code goes there, and to every address that was ever proven, whether
// it is the one that is replaced or not, a link by which its owner takes the change back ([Host.CancelEmailChange]). Each goes
// to its address and nowhere else. Without a session of ours the change is bound to the sign-in, by its time
// ([policy.Actor.SignedInAt]): the host gives the same time with each request of the same sign-in.
//
// Who has no address yet leaves old empty, and proves their first; who has one must name it.
//
// An address that is another account's is answered as one that is free, and gets a code as well: who has an account is told
// to nobody but the owner of the address. An address of the actor's own is refused, unless it is old itself and not
// proven yet; an old one that is none of theirs is [store.ErrNotFound]. [challenge.ErrNotSent] comes with the id of a change that is
// pending, and says what was not delivered; the rest was. A mailbox that is gone keeps nobody in it. [Service.ResendEmailCode] sends
// the code again. If nothing was delivered to anybody, the change does not count towards those of the month.
func (s *Service) ChangeEmail(ctx context.Context, actor policy.Actor, old, fresh string) (challenge.ID, error) {
	newKey, err := Email.check("new", fresh)
	if err != nil {
		return "", err
	}
	oldKey := ""
	if old != "" {
		if oldKey, err = Email.check("old", old); err != nil {
			return "", err
		}
	}
	code, err := s.codes.Draft(challenge.ChangeEmail, challenge.Email)
	if err != nil {
		return "", fmt.Errorf("%s: %w", ChangeEmail, err)
	}
	var links [2 * MaxIdentifiers]challenge.Draft // taking changes back can leave more than are taken otherwise
	for i := range links {
		if links[i], err = s.codes.Draft(challenge.CancelChange, challenge.EmailLink); err != nil {
			return "", fmt.Errorf("%s: %w", ChangeEmail, err)
		}
	}
	sent, err := policy.Do(ctx, s.guard, s.store, actor, changeEmail, policy.Target{}, "",
		func(tx Tx, op *policy.Op, a aspect) (asked, policy.Change, error) {
			replaced, err := a.replaceable(tx, op, oldKey, newKey)
			if err != nil {
				return asked{}, policy.Change{}, err
			}
			c := EmailChange{Tenant: a.Tenant, Account: a.Account, OldKey: oldKey, OldRevision: replaced.Revision, OldProvenAt: replaced.ProvenAt,
				New: fresh, NewKey: newKey, Session: askedBy(op.Actor), Epoch: a.Epoch, Credentials: a.Credentials, AskedAt: op.Now}
			out, err := c.issue(tx, op, code, links[:])
			out.language = a.profile.Language
			return out, policy.Change{Subject: a.Account, Target: onEmailChange(out.code.ID), Facts: []policy.Fact{{Name: "asked", Value: Email.String()}}}, err
		})
	if err != nil {
		return "", err
	}
	var outcomes []error
	for i, l := range sent.links { // first, so that no code is of use before whoever can take the change back is told
		outcomes = append(outcomes, s.codes.Send(ctx, links[i], l, sent.language))
	}
	outcomes = append(outcomes, s.codes.Send(ctx, code, sent.code, sent.language))
	if !slices.Contains(outcomes, nil) {
		outcomes = append(outcomes, policy.Unused(ctx, s.store, actor, ChangeEmail, sent.code.IssuedAt))
	}
	return sent.code.ID, errors.Join(outcomes...)
}

// replaceable reads the address that is to be replaced, if it can be by another.
func (p person) replaceable(tx Tx, op *policy.Op, oldKey, newKey string) (Identifier, error) {
	replaced, err := p.ownAddress(tx, op, oldKey)
	if err != nil {
		return Identifier{}, err
	}
	taken, err := identifierOf(tx, op, newKey)
	if err != nil {
		return Identifier{}, err
	}
	proves := newKey == oldKey && replaced.ProvenAt.IsZero()
	if taken.Account == p.Account && taken.live() && !proves {
		return Identifier{}, op.Refuse(sameEmail)
	}
	return replaced, nil
}

// ownAddress reads an address that p has. Without a key it is none, if p has none.
func (p person) ownAddress(tx Tx, op *policy.Op, key string) (Identifier, error) {
	if key == "" {
		has, err := p.hasAddress(tx, op)
		if has {
			err = &policy.Invalid{Field: "old", Problem: "is empty; name the address that the new one is to replace"}
		}
		return Identifier{}, err
	}
	i, err := p.own(tx, op, key)
	if err == nil && i.Kind != Email {
		err = fmt.Errorf("a user name is no address: %w", store.ErrNotFound)
	}
	return i, err
}

// hasAddress reports whether p has any address, proven or not.
func (p person) hasAddress(tx Tx, op *policy.Op) (bool, error) {
	all, err := identifiersOf(tx, op, p.Account)
	return slices.ContainsFunc(all, func(i Identifier) bool { return i.Kind == Email && i.live() }), err
}

// issue stores a change with its challenges. Nothing can come any more of what the same session asked for before.
func (c EmailChange) issue(tx Tx, op *policy.Op, code challenge.Draft, links []challenge.Draft) (out asked, err error) {
	if c.Number, err = c.supersede(tx, op); err != nil {
		return asked{}, err
	}
	out.code, err = challenge.Issue(tx, op, code, challenge.New{Account: c.Account, Target: c.New, Session: c.Session, To: c.New})
	if err != nil {
		return asked{}, err
	}
	c.ID, c.ExpiresAt = out.code.ID, out.code.ExpiresAt
	all, err := identifiersOf(tx, op, c.Account)
	if err != nil {
		return asked{}, err
	}
	for _, i := range all {
		if !i.live() || i.Kind != Email || i.ProvenAt.IsZero() { // an address that nobody proved may be a stranger's
			continue
		}
		n := len(out.links)
		if n == len(links) {
			return asked{}, errors.New("the store gave more addresses than an account can have")
		}
		b := c.link(n)
		l, err := challenge.Issue(tx, op, links[n], challenge.New{Account: b.Account, Target: b.Target, Session: b.Session, To: i.Text})
		if err != nil {
			return asked{}, err
		}
		out.links, c.Links = append(out.links, l), append(c.Links, l.ID)
	}
	_, err = tx.PutEmailChange(c)
	return out, err
}

// supersede ends what is pending in the session that asks for c, removes the account's changes that can be neither confirmed
// nor taken back, and gives the number that is next.
func (c EmailChange) supersede(tx Tx, op *policy.Op) (next uint64, err error) {
	all, err := emailChangesOf(tx, op, c.Account)
	if err != nil {
		return 0, err
	}
	for _, before := range all {
		next = max(next, before.Number)
		switch {
		case !op.Now.Before(before.AskedAt.Add(TakeBackTime)):
			err = tx.DeleteEmailChange(before.Tenant, before.Account, before.ID)
		case before.Session == c.Session && before.ConfirmedAt.IsZero() && before.CancelledAt.IsZero():
			before.CancelledAt = op.Now
			_, err = tx.PutEmailChange(before)
		}
		if err != nil {
			return 0, err
		}
	}
	return next + 1, nil
}

// emailChangesOf reads an account's changes in the order in which they were asked for.
func emailChangesOf(tx Tx, op *policy.Op, id policy.AccountID) ([]EmailChange, error) {
	all, err := tx.EmailChangesOf(op.Actor.Tenant, id)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Tenant != op.Actor.Tenant || c.Account != id {
			return nil, errors.New("the store gave a change of an address that is somebody else's")
		}
	}
	slices.SortStableFunc(all, func(a, b EmailChange) int { return cmp.Compare(a.Number, b.Number) })
	return all, nil
}

// ConfirmEmail proves the new address of a change, which takes the old one's place in one commit with everything that
// follows: all other sessions end, whatever else was pending is void, the person is told at both addresses; the present
// session goes on, and signins.Host.AddProof gives it a new token. It must be the session that asked, or without one the same
// sign-in, and the old address must be what it was. Only who has proven an address learns that it is another account's ([CodeIdentifierTaken]).
func (s *Service) ConfirmEmail(ctx context.Context, actor policy.Actor, id challenge.ID, code secret.Text) error {
	answer, err := s.codes.Answer(id, code)
	if err != nil {
		return fmt.Errorf("%s: %w", ConfirmEmail, err)
	}
	if err := policy.CheckID("id", id); err != nil {
		return err
	}
	wanted, err := policy.Prepare(ctx, s.guard, s.store, actor, confirmEmail, onEmailChange(id),
		func(tx Tx, op *policy.Op, a aspect) (string, error) {
			c, err := emailChangeOf(tx, op, a.Account, id)
			if errors.Is(err, store.ErrNotFound) {
				err = nil
			}
			return c.NewKey, err
		})
	if err != nil {
		return err
	}
	tombstones, err := s.tombstones(ConfirmEmail, actor.Tenant, wanted)
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, s.guard, s.store, actor, confirmEmail, onEmailChange(id), "",
		func(tx Tx, op *policy.Op, a aspect) (none, policy.Change, error) {
			c, err := emailChangeOf(tx, op, a.Account, id)
			if errors.Is(err, store.ErrNotFound) {
				c, err = EmailChange{New: "nothing"}, nil // no answer opens that, and it is counted as any
			}
			if err != nil {
				return none{}, policy.Change{}, err
			}
			want := c.code()
			want.Account, want.Session = a.Account, askedBy(op.Actor)
			_, denied, err := challenge.Verify(tx, op, want, answer)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			if denied == nil {
				if c.NewKey != wanted {
					return none{}, policy.Change{}, errors.New("the store gave a change that is another than before")
				}
				if denied, err = a.confirm(tx, op, c, tombstones); err != nil {
					return none{}, policy.Change{}, err
				}
			}
			ch := policy.Change{Subject: a.Account, Failed: denied}
			if denied == nil {
				ch.Facts = []policy.Fact{{Name: "changed", Value: Email.String()}}
			}
			return none{}, ch, nil
		})
	return err
}

// replaced reads the address that c replaces, and tells whether it is as it was when c was asked for. Where there was none it
// is a primary one without a key, whose place the new one takes.
func (p person) replaced(tx Tx, op *policy.Op, c EmailChange) (Identifier, bool, error) {
	if c.OldKey == "" {
		has, err := p.hasAddress(tx, op)
		return Identifier{Primary: true}, !has, err
	}
	old, err := identifierOf(tx, op, c.OldKey)
	return old, old.Account == p.Account && old.Revision == c.OldRevision && old.live(), err
}

// confirm puts a proven address in the place of the old one. What refuses it commits: the code is spent.
func (a aspect) confirm(tx Tx, op *policy.Op, c EmailChange, tombstones []string) (*policy.Denied, error) {
	old, same, err := a.replaced(tx, op, c)
	if err != nil {
		return nil, err
	}
	if !same || !c.pending(a.Standing, op.Now) {
		return op.Deny(emailChanged), nil
	}
	fresh := old
	if c.NewKey != c.OldKey {
		if fresh, err = everOf(tx, op, c.NewKey, tombstones); err != nil {
			return nil, err
		}
	}
	if fresh.Key != "" && fresh.Account != a.Account {
		return op.Deny(identifierTaken), nil
	}
	if fresh.live() && fresh.Key != "" && fresh.Key != old.Key { // got by another way meanwhile
		return op.Deny(sameEmail), nil
	}
	if old.Key != "" && fresh.Key != old.Key {
		gone := old
		gone.retire(op.Now)
		if _, err := tx.PutIdentifier(gone); err != nil {
			return nil, err
		}
	}
	if _, err = tx.PutIdentifier(Identifier{Tenant: a.Tenant, Key: c.NewKey, Text: c.New, Account: a.Account, Kind: Email,
		Primary: old.Primary, ProvenAt: op.Now, Revision: fresh.Revision}); err != nil {
		return nil, err
	}
	c.ConfirmedAt = op.Now
	if _, err := tx.PutEmailChange(c); err != nil {
		return nil, err
	}
	return nil, restart(tx, op, a.Standing)
}

// restart ends what an account's person was given before, after a change of what they sign in with: all sessions but the
// actor's own, and whatever is pending.
func restart(tx Tx, op *policy.Op, st policy.Standing) error {
	return restarted(tx, op, st.WithNewCredential(op.Now))
}

// ResendEmailCode sends a new code for a change that is pending, to the new address, for the session that asked for it; the code
// before it is dead. It does not count as another change; how often codes are sent within an hour is bounded. A change that
// is a day old has to be asked for anew. The links went out, or did not, when it was asked for: they are sent once.
func (s *Service) ResendEmailCode(ctx context.Context, actor policy.Actor, id challenge.ID) error {
	if err := policy.CheckID("id", id); err != nil {
		return err
	}
	draft, err := s.codes.Redraft(challenge.ChangeEmail, challenge.Email, id)
	if err != nil {
		return fmt.Errorf("%s: %w", ResendEmailCode, err)
	}
	sent, err := policy.Do(ctx, s.guard, s.store, actor, resendEmailCode, onEmailChange(id), "",
		func(tx Tx, op *policy.Op, p pending) (asked, policy.Change, error) {
			want := p.change.code()
			want.Session = askedBy(op.Actor)
			code, err := challenge.Resend(tx, op, want, draft)
			if err != nil {
				return asked{}, policy.Change{}, err
			}
			p.change.ExpiresAt = code.ExpiresAt
			rev, err := tx.PutEmailChange(p.change)
			return asked{code: code, language: p.profile.Language},
				policy.Change{Subject: p.Account, Revision: rev, Facts: []policy.Fact{{Name: "sent again", Value: Email.String()}}}, err
		})
	if err != nil {
		return err
	}
	return s.codes.Send(ctx, draft, sent.code, sent.language)
}

// DropEmailChange gives up a change that is pending; its code is of no use any more. The links by which it can be taken back
// are: whoever got one, and did not ask, says by it that somebody else did.
func (s *Service) DropEmailChange(ctx context.Context, actor policy.Actor, id challenge.ID) error {
	_, err := policy.Do(ctx, s.guard, s.store, actor, dropEmailChange, onEmailChange(id), "",
		func(tx Tx, op *policy.Op, c EmailChange) (none, policy.Change, error) {
			c.CancelledAt = op.Now
			rev, err := tx.PutEmailChange(c)
			return none{}, policy.Change{Subject: c.Account, Revision: rev, Facts: []policy.Fact{{Name: "dropped", Value: Email.String()}}}, err
		})
	return err
}

// CancelEmailChange takes a change back by a link that a proven address got, for [TakeBackTime] and once, whether or not the
// new address was proven meanwhile, and whether or not the change was given up. Whoever reads that mailbox says that it was not
// they who asked: somebody else had a session of theirs. So, in one commit, everything that this one may have left as a key is
// gone:
//
//   - All sessions end, whatever else was pending is void, and the account is at high risk.
//   - This change and all that were asked for after it are undone, whichever address they replaced, and their links are dead;
//     those of earlier changes are not.
//   - The password is of no use any more, since somebody may know it: neither an administrator's unlocking nor another
//     import of the same hash brings it back, and the person cannot change it. Another has to be set ([Host.ResetPassword],
//     [Host.SetPassword]). An account without a password keeps none; unless that is kept elsewhere, its
//     person has to set a first one before anything else.
//   - The recovery code is removed.
//   - A closing that the person began ends, and the account is what it was before. One that an administrator deleted stays so.
//
// The owner comes back in by [Host.ResetPassword], once the host has seen it proven that the address that is theirs again is read by
// them, or by other factors that the host keeps. Whatever else the host keeps that can be changed in a session, such as other sign-in
// methods, is for the host to look at: the event says "taken back". A link that is not right is refused with
// [challenge.CodeWrong], and nothing is told of why.
func (h *Host) CancelEmailChange(ctx context.Context, actor policy.Actor, text secret.Text) error {
	link, err := h.codes.Link(text)
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, h.guard, h.store, actor, cancelEmailChange, policy.Target{}, "",
		func(tx Tx, op *policy.Op, _ none) (none, policy.Change, error) {
			if link.Tenant != op.Actor.Tenant {
				return none{}, policy.Change{}, op.Refuse(wrongLink)
			}
			all, err := emailChangesOf(tx, op, link.Account)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			n := slices.IndexFunc(all, func(c EmailChange) bool { return slices.Contains(c.Links, link.ID) && c.TakenBackAt.IsZero() })
			if n < 0 {
				return none{}, policy.Change{}, op.Refuse(wrongLink)
			}
			_, denied, err := challenge.Verify(tx, op, all[n].link(slices.Index(all[n].Links, link.ID)), link.Answer)
			ch := policy.Change{Subject: link.Account, Target: onEmailChange(all[n].ID), Failed: denied, Facts: []policy.Fact{{Name: "taken back", Value: Email.String()}}}
			if err != nil || denied != nil {
				return none{}, ch, err
			}
			ch.Also, err = takeBack(tx, op, all[n:])
			return none{}, ch, err
		})
	return err
}
