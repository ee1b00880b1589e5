package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// NewIdentifier is what a host tells of a user name or an e-mail address.
type NewIdentifier struct {
	Account policy.AccountID
	Kind    IdentifierKind
	Text    string
	// Primary makes it the first of its kind. The first one there is is that anyway.
	Primary bool
	// ProvenAt is when the host saw it proven that the address is the person's; zero if it did not, which leaves what is
	// known of an address that the account has. It is for addresses alone.
	ProvenAt time.Time
}

// AddIdentifier gives an account a user name or an e-mail address. One that the account has already is told anew; so is one
// that it once had. One that is or ever was another account's is refused ([CodeIdentifierTaken]), whichever kind it was of. The
// person is told of what changed; what is as it was already leaves no event, and breaks no change of address that is pending.
//
// A user name that is the account's own address as well is one row, that of the address, whichever is told first: an address is
// a name to sign in with anyway. An address that was proven stays proven from when it first was.
//
// An address belongs to its account whether or not it was proven: people sign in with it from now on, and programs around
// this one may know them by it. So it goes to nobody who proves later that they read its mail (a mailbox can be shared, or
// handed on; security rules 51 and 66). A host that lets strangers sign up therefore tells an address only once it was
// proven: told before, it keeps its true owner away. Nothing but its own confirmation goes to one that is not
// ([Host.NoticeAddresses]).
func (h *Host) AddIdentifier(ctx context.Context, actor policy.Actor, n NewIdentifier) error {
	key, err := n.Kind.check("text", n.Text)
	if err != nil {
		return err
	}
	if n.Kind != Email && !n.ProvenAt.IsZero() {
		return &policy.Invalid{Field: "provenAt", Problem: "is set; only an address can be proven"}
	}
	tombstones, err := h.tombstones(AddIdentifier, actor.Tenant, key)
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, h.guard, h.store, actor, putIdentifier, onAccount(n.Account), "",
		func(tx Tx, op *policy.Op, l login) (none, policy.Change, error) {
			if n.ProvenAt.After(op.Now) {
				return none{}, policy.Change{}, &policy.Invalid{Field: "provenAt", Problem: "is in the future"}
			}
			row, err := everOf(tx, op, key, tombstones)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			if row.Key != "" && row.Account != l.Account {
				return none{}, policy.Change{}, op.Refuse(identifierTaken)
			}
			ch, err := l.add(tx, op, row, Identifier{Tenant: l.Tenant, Key: key, Text: n.Text, Account: l.Account, Kind: n.Kind,
				Primary: n.Primary, ProvenAt: n.ProvenAt, Revision: row.Revision})
			return none{}, ch, err
		})
	return err
}

// add stores an identifier of l's in place of its row as it was, if that makes a difference.
func (l login) add(tx Tx, op *policy.Op, was, next Identifier) (policy.Change, error) {
	has := was.Key != "" && was.live()
	if has && was.Kind == Email && next.Kind == UserName {
		return policy.Change{}, nil // somebody signs in with it already
	}
	all, err := identifiersOf(tx, op, l.Account)
	if err != nil {
		return policy.Change{}, err
	}
	have := 0
	for _, i := range all {
		if i.live() && i.Kind == next.Kind && i.Key != next.Key {
			have++
		}
	}
	if have >= MaxIdentifiers {
		return policy.Change{}, op.Refuse(tooManyIdentifiers)
	}
	same := has && was.Kind == next.Kind
	next.Primary = next.Primary || have == 0 || same && was.Primary
	if same && !was.ProvenAt.IsZero() && (next.ProvenAt.IsZero() || !next.ProvenAt.Before(was.ProvenAt)) {
		next.ProvenAt = was.ProvenAt // a directory that knows nothing of it takes no proof away
	}
	if next == was {
		return policy.Change{}, nil
	}
	if next.Primary {
		if err := demote(tx, all, next.Kind, next.Key); err != nil {
			return policy.Change{}, err
		}
	}
	rev, err := tx.PutIdentifier(next)
	if err == nil && has && !same && was.Primary { // a user name that became an address
		_, err = l.promote(tx, op, was)
	}
	return policy.Change{Subject: l.Account, Activity: updateUser, Revision: rev, Facts: []policy.Fact{{Name: "added", Value: next.Kind.String()}}}, err
}

// demote makes none of a kind the primary one, but for that with the key.
func demote(tx Tx, all []Identifier, kind IdentifierKind, but string) error {
	for _, i := range all {
		if !i.Primary || i.Kind != kind || i.Key == but {
			continue
		}
		i.Primary = false
		if _, err := tx.PutIdentifier(i); err != nil {
			return err
		}
	}
	return nil
}

// RemoveIdentifier takes a user name or an e-mail address from an account. Nobody else can ever have it. One that the account
// does not have is [store.ErrNotFound]. The person is told, all of their sessions end, and whatever was pending is void.
//
// Where the primary one of a kind goes, another of that kind takes its place in the same commit, and the event says so: of
// those that were proven the one that was proven first, so that nobody gets in front by adding an address; of those that
// were not, the first in the order of their keys. A host that wants another one tells that first ([NewIdentifier.Primary]).
func (h *Host) RemoveIdentifier(ctx context.Context, actor policy.Actor, id policy.AccountID, text string) error {
	key := keyOf(text)
	_, err := policy.Do(ctx, h.guard, h.store, actor, dropIdentifier, onAccount(id), "",
		func(tx Tx, op *policy.Op, p person) (none, policy.Change, error) {
			i, err := p.own(tx, op, key)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			ch := policy.Change{Subject: p.Account, Facts: []policy.Fact{{Name: "removed", Value: i.Kind.String()}}}
			if i.Primary {
				promoted, err := p.promote(tx, op, i)
				if err != nil {
					return none{}, policy.Change{}, err
				}
				if promoted {
					ch.Facts = append(ch.Facts, policy.Fact{Name: "promoted", Value: i.Kind.String()})
				}
			}
			i.retire(op.Now)
			if ch.Revision, err = tx.PutIdentifier(i); err != nil {
				return none{}, policy.Change{}, err
			}
			return none{}, ch, restart(tx, op, p.Standing)
		})
	return err
}

// promote makes another of p's identifiers the primary one of its kind, and tells whether there was one.
func (p person) promote(tx Tx, op *policy.Op, gone Identifier) (bool, error) {
	all, err := identifiersOf(tx, op, p.Account)
	if err != nil {
		return false, err
	}
	all = slices.DeleteFunc(all, func(i Identifier) bool { return !i.live() || i.Kind != gone.Kind || i.Key == gone.Key })
	if len(all) == 0 {
		return false, nil
	}
	next := slices.MinFunc(all, func(a, b Identifier) int {
		switch {
		case a.ProvenAt.IsZero() == b.ProvenAt.IsZero():
			return a.ProvenAt.Compare(b.ProvenAt)
		case a.ProvenAt.IsZero():
			return 1
		}
		return -1
	})
	next.Primary = true
	_, err = tx.PutIdentifier(next)
	return true, err
}

// own reads an identifier that p has; [store.ErrNotFound] if p has none such.
func (p person) own(tx Tx, op *policy.Op, key string) (Identifier, error) {
	if key == "" {
		return Identifier{}, fmt.Errorf("no such identifier: %w", store.ErrNotFound)
	}
	i, err := identifierOf(tx, op, key)
	if err == nil && (i.Account != p.Account || !i.live()) {
		err = fmt.Errorf("no such identifier: %w", store.ErrNotFound)
	}
	return i, err
}

// Identifiers gives an account's user names and e-mail addresses, those that it no longer has included.
func (h *Host) Identifiers(ctx context.Context, actor policy.Actor, id policy.AccountID) ([]Identifier, error) {
	return policy.Look(ctx, h.guard, h.store, actor, readIdentifiers, onAccount(id),
		func(tx Tx, op *policy.Op, p person) ([]Identifier, error) { return identifiersOf(tx, op, p.Account) })
}

// NoticeAddresses gives where notices about an account go to: every address that its person has proven, and for
// [TakeBackTime] those that were replaced, since who was robbed of an account reads just these.
func (h *Host) NoticeAddresses(ctx context.Context, actor policy.Actor, id policy.AccountID) ([]string, error) {
	return policy.Look(ctx, h.guard, h.store, actor, readIdentifiers, onAccount(id),
		func(tx Tx, op *policy.Op, p person) (to []string, err error) {
			all, err := identifiersOf(tx, op, p.Account)
			for _, i := range all {
				if i.Kind == Email && !i.ProvenAt.IsZero() && (i.live() || op.Now.Before(i.RetiredAt.Add(TakeBackTime))) {
					to = append(to, i.Text)
				}
			}
			return to, err
		})
}

// Lookup gives the account whose user name or e-mail address somebody typed on a sign-in page, or [store.ErrNotFound]: for what
// nobody has, for what was given up, and for closed accounts. What comes of it must not be shown to whoever typed it: it tells
// who has an account. [Host.VerifyPassword] takes the typed text itself.
func (h *Host) Lookup(ctx context.Context, actor policy.Actor, typed string) (policy.AccountID, error) {
	key := keyOf(typed)
	return policy.Look(ctx, h.guard, h.store, actor, lookUp, policy.Target{},
		func(tx Tx, op *policy.Op, _ none) (policy.AccountID, error) {
			id, err := lookup(tx, op, key)
			if err == nil && id == "" {
				err = store.ErrNotFound
			}
			return id, err
		})
}

// Holder gives whose a user name or an e-mail address is or ever was, closed accounts included, or [store.ErrNotFound] if it
// could be anybody's: for a host that wants to know whether [Host.AddIdentifier] would take it before there is the account. What
// comes of it must not be shown to whoever typed it, as with [Host.Lookup].
func (h *Host) Holder(ctx context.Context, actor policy.Actor, text string) (policy.AccountID, error) {
	key := keyOf(text)
	tombstones, err := h.tombstones(LookUp, actor.Tenant, key)
	if err != nil {
		return "", err
	}
	return policy.Look(ctx, h.guard, h.store, actor, lookUp, policy.Target{},
		func(tx Tx, op *policy.Op, _ none) (policy.AccountID, error) {
			if key == "" {
				return "", store.ErrNotFound
			}
			row, err := everOf(tx, op, key, tombstones)
			if err == nil && row.Key == "" {
				err = store.ErrNotFound
			}
			return row.Account, err
		})
}
