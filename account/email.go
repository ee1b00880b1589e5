package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// OldKey is the [Identifier] that is replaced, and OldRevision what it was: the code is for that and nothing else. It is
	// empty where the account had no address, and has none until the code is given.
	OldKey      string         `json:"oldKey"`
	OldRevision store.Revision `json:"oldRevision"`
	// New is the address to be proven, as it was written, and NewKey its key.
	New    string `json:"new"`
	NewKey string `json:"newKey"`
	// NewRevision is what the [Identifier] of the new address became; 0 until it is proven. It tells what was built on the
	// change, which clocks do not: they may differ, or be set back.
	NewRevision store.Revision `json:"newRevision,omitempty"`
	// Session is the one that asked.
	Session policy.SessionID `json:"session,omitempty"`
	// Epoch and Credentials are the account's when it asked; see [policy.Standing].
	Epoch       uint64 `json:"epoch,omitempty"`
	Credentials uint64 `json:"credentials,omitempty"`
	// Link is the challenge by which the old address takes the change back; empty if that was never proven.
	Link        challenge.ID   `json:"link,omitempty"`
	AskedAt     time.Time      `json:"askedAt"`
	ExpiresAt   time.Time      `json:"expiresAt"` // the code
	ConfirmedAt time.Time      `json:"confirmedAt,omitzero"`
	CancelledAt time.Time      `json:"cancelledAt,omitzero"` // given up, or taken back
	Revision    store.Revision `json:"revision"`
}

// pending reports whether the right code would still confirm c.
func (c *EmailChange) pending(st policy.Standing, now time.Time) bool {
	return c.ConfirmedAt.IsZero() && c.CancelledAt.IsZero() && now.Before(c.ExpiresAt) && c.Epoch == st.Epoch && c.Credentials == st.Credentials
}

// askerGoesOn reports whether the session that asked for c, a change of the actor's, is one that could still confirm it.
func (c *EmailChange) askerGoesOn(tx Tx, op *policy.Op) (bool, error) {
	if c.Session == "" || c.Session == op.Actor.Session {
		return true, nil
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

// link is what the link to the old address is good for. It belongs to the change as if that were a session: a further change
// does not end the link of one before.
func (c *EmailChange) link() challenge.Binding {
	return challenge.Binding{Account: c.Account, Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: string(c.ID), Session: policy.SessionID(c.ID)}
}

// asked is what is sent after the commit.
type asked struct {
	code, link challenge.Challenge
	language   string
}

// ChangeEmail asks for another e-mail address in place of one of the actor's. Nothing changes until the new one is proven
// ([Service.ConfirmEmail], with the id that comes back): a code goes there, and to the old one, if that was ever proven, a
// link by which its owner takes the change back ([Host.CancelEmailChange]). Both go to their address and nowhere else.
//
// Who has no address yet leaves old empty, and proves their first; who has one must name it.
//
// An address that is another account's is answered as one that is free, and gets a code as well: who has an account is told
// to nobody but the owner of the address. An address of the actor's own is refused, unless it is old itself and not
// proven yet; an old one that is none of theirs is [store.ErrNotFound]. [challenge.ErrNotSent] comes with the id of a change that is
// pending; ask again.
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
	link, err := s.codes.Draft(challenge.CancelChange, challenge.EmailLink)
	if err != nil {
		return "", fmt.Errorf("%s: %w", ChangeEmail, err)
	}
	sent, err := policy.Do(ctx, s.guard, s.store, actor, changeEmail, policy.Target{}, "",
		func(tx Tx, op *policy.Op, a aspect) (asked, policy.Change, error) {
			replaced, err := a.replaceable(tx, op, oldKey, newKey)
			if err != nil {
				return asked{}, policy.Change{}, err
			}
			c := EmailChange{Tenant: a.Tenant, Account: a.Account, OldKey: oldKey, OldRevision: replaced.Revision, New: fresh, NewKey: newKey,
				Session: op.Actor.Session, Epoch: a.Epoch, Credentials: a.Credentials, AskedAt: op.Now}
			out, err := c.issue(tx, op, replaced, code, link)
			out.language = a.profile.Language
			return out, policy.Change{Subject: a.Account, Target: onEmailChange(out.code.ID), Facts: []policy.Fact{{Name: "asked", Value: Email.String()}}}, err
		})
	if err != nil {
		return "", err
	}
	if sent.link.ID != "" { // first, so that no code is of use before the old address is told
		if err := s.codes.Send(ctx, link, sent.link, sent.language); err != nil {
			return sent.code.ID, err
		}
	}
	return sent.code.ID, s.codes.Send(ctx, code, sent.code, sent.language)
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
func (c EmailChange) issue(tx Tx, op *policy.Op, replaced Identifier, code, link challenge.Draft) (out asked, err error) {
	if err := c.supersede(tx, op); err != nil {
		return asked{}, err
	}
	out.code, err = challenge.Issue(tx, op, code, challenge.New{Account: c.Account, Target: c.New, Session: c.Session, To: c.New})
	if err != nil {
		return asked{}, err
	}
	c.ID, c.ExpiresAt = out.code.ID, out.code.ExpiresAt
	if !replaced.ProvenAt.IsZero() { // an address that nobody proved may be a stranger's
		b := c.link()
		out.link, err = challenge.Issue(tx, op, link, challenge.New{Account: b.Account, Target: b.Target, Session: b.Session, To: replaced.Text})
		if err != nil {
			return asked{}, err
		}
		c.Link = out.link.ID
	}
	_, err = tx.PutEmailChange(c)
	return out, err
}

// supersede ends what is pending in the session that asks for c, and removes the account's changes that can be neither confirmed
// nor taken back.
func (c EmailChange) supersede(tx Tx, op *policy.Op) error {
	all, err := emailChangesOf(tx, op, c.Account)
	if err != nil {
		return err
	}
	for _, before := range all {
		switch {
		case !op.Now.Before(before.AskedAt.Add(TakeBackTime)):
			err = tx.DeleteEmailChange(before.Tenant, before.Account, before.ID)
		case before.Session == c.Session && before.ConfirmedAt.IsZero() && before.CancelledAt.IsZero():
			before.CancelledAt = op.Now
			_, err = tx.PutEmailChange(before)
		}
		if err != nil {
			return err
		}
	}
	return nil
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
	slices.SortStableFunc(all, func(a, b EmailChange) int { return a.AskedAt.Compare(b.AskedAt) })
	return all, nil
}

// ConfirmEmail proves the new address of a change, which takes the old one's place in one commit with everything that
// follows: all other sessions end, whatever else was pending is void, the person is told at both addresses; the present
// session goes on, and signins.Host.AddProof gives it a new token. It must be the session that asked, and the old address must
// be what it was. Only who has proven an address learns that it is another account's ([CodeIdentifierTaken]).
func (s *Service) ConfirmEmail(ctx context.Context, actor policy.Actor, id challenge.ID, code secret.Text) error {
	answer, err := s.codes.Answer(id, code)
	if err != nil {
		return fmt.Errorf("%s: %w", ConfirmEmail, err)
	}
	if err := policy.CheckID("id", id); err != nil {
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
			want.Account, want.Session = a.Account, op.Actor.Session
			_, denied, err := challenge.Verify(tx, op, want, answer)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			if denied == nil {
				if denied, err = a.confirm(tx, op, c); err != nil {
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
func (a aspect) confirm(tx Tx, op *policy.Op, c EmailChange) (*policy.Denied, error) {
	old, same, err := a.replaced(tx, op, c)
	if err != nil {
		return nil, err
	}
	if !same || !c.pending(a.Standing, op.Now) {
		return op.Deny(emailChanged), nil
	}
	fresh := old
	if c.NewKey != c.OldKey {
		if fresh, err = identifierOf(tx, op, c.NewKey); err != nil {
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
	if c.NewRevision, err = tx.PutIdentifier(Identifier{Tenant: a.Tenant, Key: c.NewKey, Text: c.New, Account: a.Account, Kind: Email,
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

// DropEmailChange gives up a change that is pending; its code is of no use any more.
func (s *Service) DropEmailChange(ctx context.Context, actor policy.Actor, id challenge.ID) error {
	_, err := policy.Do(ctx, s.guard, s.store, actor, dropEmailChange, onEmailChange(id), "",
		func(tx Tx, op *policy.Op, c EmailChange) (none, policy.Change, error) {
			c.CancelledAt = op.Now
			rev, err := tx.PutEmailChange(c)
			return none{}, policy.Change{Subject: c.Account, Revision: rev, Facts: []policy.Fact{{Name: "dropped", Value: Email.String()}}}, err
		})
	return err
}

// CancelEmailChange takes a change back by the link that the old address got, for [TakeBackTime] and once, whether or not the
// new address was proven meanwhile. Whoever reads the old mailbox says that it was not they who asked: so all sessions end,
// the account is at high risk, its password has to be set anew, and the addresses that came after the old one are gone with
// whatever else was pending. A link that is not right is refused with [challenge.CodeWrong], and nothing is told of why.
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
			// Whoever does not even know of such a link is not counted: else a stranger could keep the owner's from being heard.
			n := slices.IndexFunc(all, func(c EmailChange) bool { return c.Link == link.ID && c.CancelledAt.IsZero() })
			if n < 0 {
				return none{}, policy.Change{}, op.Refuse(wrongLink)
			}
			_, denied, err := challenge.Verify(tx, op, all[n].link(), link.Answer)
			ch := policy.Change{Subject: link.Account, Target: onEmailChange(all[n].ID), Failed: denied, Facts: []policy.Fact{{Name: "taken back", Value: Email.String()}}}
			if err != nil || denied != nil {
				return none{}, ch, err
			}
			return none{}, ch, takeBack(tx, op, all, n)
		})
	return err
}

// takeBack undoes the n-th of an account's changes and all that was built on it.
func takeBack(tx Tx, op *policy.Op, all []EmailChange, n int) error {
	st, err := op.Account(tx, all[n].Account)
	if err != nil {
		return err
	}
	undone, lost := builtOn(all, n)
	for i, c := range all {
		if !undone[i] && !c.pending(st, op.Now) {
			continue
		}
		c.CancelledAt = op.Now
		if _, err := tx.PutEmailChange(c); err != nil {
			return err
		}
	}
	if err := giveBack(tx, op, all[n], lost); err != nil {
		return err
	}
	credential, err := credentialOf(tx, op, st.Account)
	if err != nil {
		return err
	}
	st.Risk = policy.HighRisk
	st.MustChangePassword = st.MustChangePassword || credential.Elsewhere == KeptHere
	return restart(tx, op, st)
}

// builtOn tells which changes go with the n-th: itself, and whatever replaced an address that came by it; and which addresses
// came by these, with what each was when it first did.
func builtOn(all []EmailChange, n int) (undone map[int]bool, lost map[string]store.Revision) {
	undone, lost = map[int]bool{n: true}, make(map[string]store.Revision)
	if all[n].ConfirmedAt.IsZero() {
		return undone, lost
	}
	lost[all[n].NewKey] = all[n].NewRevision
	for grown := true; grown; {
		grown = false
		for i, c := range all {
			since, replaced := lost[c.OldKey]
			if undone[i] || !replaced || c.OldRevision < since {
				continue
			}
			undone[i], grown = true, true
			if first, known := lost[c.NewKey]; !c.ConfirmedAt.IsZero() && (!known || c.NewRevision < first) {
				lost[c.NewKey] = c.NewRevision
			}
		}
	}
	return undone, lost
}

// giveBack puts the old address of a change back in its place, and takes away those that came after it.
func giveBack(tx Tx, op *policy.Op, c EmailChange, lost map[string]store.Revision) error {
	if c.ConfirmedAt.IsZero() {
		return nil // it never left
	}
	first := false
	delete(lost, c.OldKey)
	for key := range lost {
		i, err := identifierOf(tx, op, key)
		if err != nil {
			return err
		}
		if i.Account != c.Account {
			continue
		}
		first = first || i.Primary
		i.retire(op.Now)
		i.ProvenAt = time.Time{} // by somebody else than the person, it seems: no notice goes there
		if _, err := tx.PutIdentifier(i); err != nil {
			return err
		}
	}
	old, err := identifierOf(tx, op, c.OldKey)
	if err != nil || old.Account != c.Account {
		return err
	}
	old.RetiredAt, old.Primary = time.Time{}, old.Primary || first
	_, err = tx.PutIdentifier(old)
	return err
}
