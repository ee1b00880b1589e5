package storetest_test

import (
	"errors"
	"slices"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

var identifierFaults = []fault{
	{"gives a name that was given up to the next who asks", []string{"account identifier is unique in its tenant and never another account's"},
		inIdentifiers(func(tx account.Tx) account.Tx { return recyclesNames{tx} })},
	{"keeps names by account", []string{"account identifier is unique in its tenant and never another account's"},
		inIdentifiers(func(tx account.Tx) account.Tx { return namesByAccount{tx} })},
	{"does not say that a name was taken meanwhile", []string{"account identifier is made by one of two accounts at once"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, account: optimistic[account.Tx]{db, (*memstore.Store).Account, recordsNames}}
		}},
	{"compares names in any case", []string{"account identifier is found by its exact identifiers"},
		inIdentifiers(func(tx account.Tx) account.Tx { return foldsNames{tx} })},
	{"leaves what was given up out of a person's names", []string{"account IdentifiersOf gives all of its account, in order"},
		inIdentifiers(func(tx account.Tx) account.Tx { return forgetsNames{tx} })},
	{"gives a page of a person's changes", []string{"account EmailChangesOf gives all of its account, in order"},
		inIdentifiers(func(tx account.Tx) account.Tx { return pageOfChanges{tx} })},
	{"forgets for what address a code was", []string{"account change of an address comes back as it was put"},
		inIdentifiers(func(tx account.Tx) account.Tx { return laxChanges{tx} })},
}

func inIdentifiers(wrap func(account.Tx) account.Tx) func(*memstore.Store) storetest.Backend {
	return inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return wrap(tx) })
}

func recordsNames(tx account.Tx, writes *[]func(account.Tx) error) account.Tx {
	return namesRecorder{tx, writes}
}

type namesRecorder struct {
	account.Tx
	writes *[]func(account.Tx) error
}

func (tx namesRecorder) PutIdentifier(i account.Identifier) (store.Revision, error) {
	*tx.writes = append(*tx.writes, func(at account.Tx) error {
		if _, err := at.PutIdentifier(i); !errors.Is(err, store.ErrConflict) {
			return err
		}
		return nil // as if it had been made
	})
	return tx.Tx.PutIdentifier(i)
}

// recyclesNames hands a retired name on: it keeps the new owner's under another key of its own.
type recyclesNames struct{ account.Tx }

const recycled = "again/"

func (tx recyclesNames) Identifier(t policy.TenantID, key string) (account.Identifier, error) {
	i, err := tx.Tx.Identifier(t, recycled+key)
	if err != nil {
		return tx.Tx.Identifier(t, key)
	}
	i.Key = key
	return i, nil
}

func (tx recyclesNames) PutIdentifier(i account.Identifier) (store.Revision, error) {
	if old, err := tx.Tx.Identifier(i.Tenant, i.Key); err == nil && old.Account != i.Account && !old.RetiredAt.IsZero() {
		i.Key = recycled + i.Key
	}
	return tx.Tx.PutIdentifier(i)
}

// namesByAccount has a unique index on account and name instead of on the name.
type namesByAccount struct{ account.Tx }

func (tx namesByAccount) Identifier(t policy.TenantID, key string) (account.Identifier, error) {
	for _, of := range []string{"ada", "bob", "carol", "some account"} {
		if i, err := tx.Tx.Identifier(t, of+"\t"+key); err == nil {
			i.Key = key
			return i, nil
		}
	}
	return account.Identifier{}, store.ErrNotFound
}

func (tx namesByAccount) IdentifiersOf(t policy.TenantID, a policy.AccountID) ([]account.Identifier, error) {
	all, err := tx.Tx.IdentifiersOf(t, a)
	for n := range all {
		all[n].Key = all[n].Key[len(a)+1:]
	}
	return all, err
}

func (tx namesByAccount) PutIdentifier(i account.Identifier) (store.Revision, error) {
	i.Key = string(i.Account) + "\t" + i.Key
	return tx.Tx.PutIdentifier(i)
}

type foldsNames struct{ account.Tx }

func (tx foldsNames) Identifier(t policy.TenantID, key string) (account.Identifier, error) {
	i, err := tx.Tx.Identifier(t, folded(key))
	i.Key = key
	return i, err
}

func (tx foldsNames) PutIdentifier(i account.Identifier) (store.Revision, error) {
	i.Key = folded(i.Key)
	return tx.Tx.PutIdentifier(i)
}

func folded(key string) string {
	b := []byte(key)
	for n, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[n] = c + 'a' - 'A'
		}
	}
	return string(b)
}

type forgetsNames struct{ account.Tx }

func (tx forgetsNames) IdentifiersOf(t policy.TenantID, a policy.AccountID) ([]account.Identifier, error) {
	all, err := tx.Tx.IdentifiersOf(t, a)
	return slices.DeleteFunc(all, func(i account.Identifier) bool { return !i.RetiredAt.IsZero() }), err
}

type pageOfChanges struct{ account.Tx }

func (tx pageOfChanges) EmailChangesOf(t policy.TenantID, a policy.AccountID) ([]account.EmailChange, error) {
	all, err := tx.Tx.EmailChangesOf(t, a)
	return all[:min(len(all), store.DefaultPageSize)], err
}

type laxChanges struct{ account.Tx }

func (tx laxChanges) PutEmailChange(c account.EmailChange) (store.Revision, error) {
	c.OldRevision = 0
	return tx.Tx.PutEmailChange(c)
}
