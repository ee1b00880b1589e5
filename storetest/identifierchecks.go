package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// identifierChecks are all checks of user names, e-mail addresses and the changes of these.
func identifierChecks() []check {
	identifier := rows[account.Identifier]{accountRoom, identifierKind}
	change := rows[account.EmailChange]{accountRoom, emailChangeKind}
	return slices.Concat(identifier.checks(), change.checks(), identifiersOf.checks(), emailChangesOf.checks(), []check{
		{"account identifier", "is unique in its tenant and never another account's",
			"A key that an account has or had is refused for every other with store.ErrConflict, with the row's revision too: whoever got it would inherit what was somebody's. A refused duplicate leaves the first to be found by key and by account.",
			[]room{accountRoom}, uniqueIdentifiers},
		{"account identifier", "is made by one of two accounts at once",
			"Of two transactions that each find a key free and make it for another account, one commits.",
			[]room{accountRoom}, racingIdentifiers},
	})
}

var identifierKind = kind[account.Identifier]{
	name:   "identifier",
	slots:  []string{"tenant", "identifier"},
	sample: func(at address, n int) account.Identifier { return sampleIdentifier(at.tenant(), "ada", at[1], n) },
	get:    func(t tx, at address) (account.Identifier, error) { return t.account.Identifier(at.tenant(), at[1]) },
	put:    func(t tx, r account.Identifier) (store.Revision, error) { return t.account.PutIdentifier(r) },
	remove: func(t tx, at address) error { return t.account.DeleteIdentifier(at.tenant(), at[1]) },

	revision: func(r *account.Identifier) *store.Revision { return &r.Revision },
}

func sampleIdentifier(t policy.TenantID, of policy.AccountID, key string, n int) account.Identifier {
	i := account.Identifier{Tenant: t, Account: of, Key: key}
	if n > 0 {
		i.Text, i.Kind, i.Primary = text("Text", n), pick(n, account.Email, account.UserName), true
		i.ProvenAt, i.RetiredAt = when(n), when(n+1)
	}
	return i
}

var emailChangeKind = kind[account.EmailChange]{
	name:  "change of an address",
	slots: []string{"tenant", "account", "change"},
	sample: func(at address, n int) account.EmailChange {
		c := account.EmailChange{Tenant: at.tenant(), Account: at.account(), ID: challenge.ID(at[2])}
		if n > 0 {
			c.OldKey, c.OldRevision, c.New, c.NewKey = text("old", n), store.Revision(n), text("New", n), text("new", n)
			c.Session, c.Epoch, c.Credentials, c.Number = policy.SessionID(text("session", n)), uint64(n), uint64(n+1), uint64(n+2)
			c.Links = []challenge.ID{challenge.ID(text("link", n)), challenge.ID(text("link", n+1))}
			c.AskedAt, c.ExpiresAt, c.ConfirmedAt, c.CancelledAt = when(n), when(n+1), when(n+2), when(n+3)
			c.TakenBackAt, c.OldProvenAt = when(n+4), when(n+5)
		}
		return c
	},
	get: func(t tx, at address) (account.EmailChange, error) {
		return t.account.EmailChange(at.tenant(), at.account(), challenge.ID(at[2]))
	},
	put: func(t tx, r account.EmailChange) (store.Revision, error) { return t.account.PutEmailChange(r) },
	remove: func(t tx, at address) error {
		return t.account.DeleteEmailChange(at.tenant(), at.account(), challenge.ID(at[2]))
	},
	revision: func(r *account.EmailChange) *store.Revision { return &r.Revision },
}

// wholeList is a list that is given in one piece: all rows of an account.
type wholeList[R any] struct {
	name  string
	kind  kind[R]
	make  func(t policy.TenantID, of policy.AccountID, id string, n int) R
	fetch func(tx, policy.TenantID, policy.AccountID) ([]R, error)
	id    func(R) string
}

var identifiersOf = wholeList[account.Identifier]{
	name: "IdentifiersOf", kind: identifierKind,
	make: func(t policy.TenantID, of policy.AccountID, id string, n int) account.Identifier {
		return sampleIdentifier(t, of, string(of)+"/"+id, n) // a key is one account's
	},
	fetch: func(t tx, of policy.TenantID, a policy.AccountID) ([]account.Identifier, error) {
		return t.account.IdentifiersOf(of, a)
	},
	id: func(r account.Identifier) string { return r.Key },
}

var emailChangesOf = wholeList[account.EmailChange]{
	name: "EmailChangesOf", kind: emailChangeKind,
	make: func(t policy.TenantID, of policy.AccountID, id string, n int) account.EmailChange {
		return emailChangeKind.sample(address{string(t), string(of), id}, n)
	},
	fetch: func(t tx, of policy.TenantID, a policy.AccountID) ([]account.EmailChange, error) {
		return t.account.EmailChangesOf(of, a)
	},
	id: func(r account.EmailChange) string { return string(r.ID) },
}

func (l wholeList[R]) checks() []check {
	return []check{
		{"account " + l.name, "gives all of its account, in order",
			"All rows of one account, whatever is in them, more than a page of them, by id byte for byte, and nobody else's.",
			[]room{accountRoom}, l.givesAll},
		{"account " + l.name, "sees what its transaction wrote",
			"A row that was put before, in the same transaction, is listed as it was put.",
			[]room{accountRoom}, l.seesOwnWrites},
	}
}

func (l wholeList[R]) put(t tx, r R) (R, error) {
	rev, err := l.kind.put(t, r)
	*l.kind.revision(&r) = rev
	return r, err
}

func (l wholeList[R]) has(t tx, of policy.TenantID, a policy.AccountID, want []R) error {
	got, err := l.fetch(t, of, a)
	if d := diff(want, got); err == nil && d != "" {
		return fmt.Errorf("%s gives others (-want +got):\n%s", l.name, d)
	}
	return err
}

func (l wholeList[R]) givesAll(w *world) {
	s := w.in(accountRoom)
	var want []R
	w.update(s, func(t tx) error {
		want = nil // it may run again
		for i := range store.DefaultPageSize + 10 {
			id := name("i", i*7%60)
			for _, of := range []struct {
				tenant  policy.TenantID
				account policy.AccountID
			}{{tenant, "ada"}, {tenant, "Ada"}, {tenant, "ada "}, {"fabrikam", "ada"}} {
				r, err := l.put(t, l.make(of.tenant, of.account, id, i%5))
				if err != nil {
					return err
				}
				if of.tenant == tenant && of.account == "ada" {
					want = append(want, r)
				}
			}
		}
		return nil
	})
	slices.SortFunc(want, func(a, b R) int { return strings.Compare(l.id(a), l.id(b)) })
	w.view(s, func(t tx) error {
		return errors.Join(l.has(t, tenant, "ada", want), l.has(t, tenant, "nobody", nil))
	})
}

func (l wholeList[R]) seesOwnWrites(w *world) {
	w.update(w.in(accountRoom), func(t tx) error {
		if err := l.has(t, tenant, "ada", nil); err != nil {
			return err
		}
		first, err := l.put(t, l.make(tenant, "ada", "i", 1))
		if err != nil {
			return err
		}
		if err := l.has(t, tenant, "ada", []R{first}); err != nil {
			return err
		}
		second := l.make(tenant, "ada", "i", 2)
		*l.kind.revision(&second) = *l.kind.revision(&first)
		if second, err = l.put(t, second); err != nil {
			return err
		}
		return l.has(t, tenant, "ada", []R{second})
	})
}

func uniqueIdentifiers(w *world) {
	s := w.in(accountRoom)
	key := rows[account.Identifier]{accountRoom, identifierKind}
	at := address{tenant, "k"}
	stands := func(what string, want account.Identifier) {
		w.Helper()
		key.stands(w, what, at, want)
		w.view(s, func(t tx) error {
			return errors.Join(identifiersOf.has(t, tenant, "ada", []account.Identifier{want}), identifiersOf.has(t, tenant, "bob", nil))
		})
	}
	refused := func(what string, i account.Identifier) {
		w.Helper()
		if _, err := key.try(w, i); !errors.Is(err, store.ErrConflict) {
			w.Fatalf("%s gives %v; want store.ErrConflict", what, err)
		}
	}
	first, others := key.store(w, sampleIdentifier(tenant, "ada", "k", 0)), sampleIdentifier(tenant, "bob", "k", 2)
	refused("making a key that another account has", others)
	stands("after a refused duplicate", first)
	first = key.store(w, key.next(first, at, 3)) // retired
	refused("making a key that another account had", others)
	others.Revision = first.Revision
	refused("moving a key to another account", others)
	stands("after a refused move", first)

	elsewhere := sampleIdentifier("fabrikam", "bob", "k", 4)
	key.stands(w, "the same key in another tenant", address{"fabrikam", "k"}, key.store(w, elsewhere))
	stands("after the same key in another tenant", first)

	w.update(s, func(t tx) error { // a caller that goes on after a refusal
		others.Revision = 0
		switch _, err := t.account.PutIdentifier(others); {
		case err == nil:
			return errors.New("a duplicate was put; want store.ErrConflict")
		case !errors.Is(err, store.ErrConflict):
			return fmt.Errorf("a duplicate, for which store.ErrConflict is wanted: %w", err)
		}
		return ignoreRevision(t.account.PutIdentifier(sampleIdentifier(tenant, "carol", "other", 1)))
	})
	stands("after a refused duplicate in a transaction that committed", first)
}

func racingIdentifiers(w *world) {
	s := w.in(accountRoom)
	key := rows[account.Identifier]{accountRoom, identifierKind}
	of := func(a policy.AccountID, n int) step {
		return step{
			func(t tx) error {
				if key.gone(t, address{tenant, "k"}) != nil {
					return errTooLate
				}
				return nil
			},
			func(t tx) error { return ignoreRevision(t.account.PutIdentifier(sampleIdentifier(tenant, a, "k", n))) },
		}
	}
	w.overlap("two transactions each made the same key for another account", s, s, of("ada", 1), of("bob", 2))
	w.view(s, func(t tx) error {
		k, err := t.account.Identifier(tenant, "k")
		if err != nil {
			return err
		}
		for _, a := range []policy.AccountID{"ada", "bob"} {
			var want []account.Identifier
			if a == k.Account {
				want = []account.Identifier{k}
			}
			if err := identifiersOf.has(t, tenant, a, want); err != nil {
				return err
			}
		}
		return nil
	})
}
