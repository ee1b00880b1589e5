package storetest_test

import (
	"maps"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

var accountFaults = []fault{
	{"forgets the wrong passwords", []string{"account credential comes back as it was put"},
		putsCredentials(func(c *account.Credential) { c.Throttle.Wrong = nil })},
	{"keeps a lock to the second", []string{"account credential keeps times in UTC to the microsecond"},
		putsCredentials(func(c *account.Credential) {
			c.Throttle.Familiar.LockedUntil = c.Throttle.Familiar.LockedUntil.Truncate(1e9)
		})},
	{"keeps the last password that was put", []string{"account credential is changed from its last revision only", "account credential has one winner among many writers"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return lastPassword{tx} })},
	{"takes a recovery code twice", []string{"account recovery code is changed from its last revision only", "account recovery code has one winner among many writers"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return twiceSpent{tx} })},
	{"keeps a recovery code that was removed", []string{"account recovery code gets a greater revision after its removal"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return keepsCodes{tx} })},
	{"keeps a profile that was removed", []string{"account profile gets a greater revision after its removal"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return keepsProfiles{tx} })},
	{"hands out the pictures that it keeps", []string{"account photo is copied on the way out"},
		inAccount(func(tx account.Tx, _ *memstore.Store, k *kept[account.Portrait]) account.Tx {
			return sharedPictures{tx, k}
		})},
	{"keeps one schema for all tenants", []string{"account schema is kept apart by tenant"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return oneSchema{tx} })},
	{"keeps one list of banned passwords for all tenants", []string{"account banned passwords is kept apart by tenant"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return oneBanned{tx} })},
	{"keeps a list of banned passwords but for the last", []string{"account banned passwords comes back as it was put"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return fewBanned{tx} })},
	{"keeps what an attribute's rule says in part", []string{"account schema comes back as it was put"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return laxSchema{tx} })},
}

func putsCredentials(change func(*account.Credential)) func(*memstore.Store) storetest.Backend {
	return inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return credentialPutter{tx, change} })
}

type credentialPutter struct {
	account.Tx
	change func(*account.Credential)
}

func (tx credentialPutter) PutCredential(c account.Credential) (store.Revision, error) {
	c = c.Clone()
	tx.change(&c)
	return tx.Tx.PutCredential(c)
}

type lastPassword struct{ account.Tx }

func (tx lastPassword) PutCredential(c account.Credential) (store.Revision, error) {
	if old, err := tx.Credential(c.Tenant, c.Account); err == nil {
		c.Revision = old.Revision
	}
	return tx.Tx.PutCredential(c)
}

type twiceSpent struct{ account.Tx }

func (tx twiceSpent) PutRecoveryCode(c account.RecoveryCode) (store.Revision, error) {
	if old, err := tx.RecoveryCode(c.Tenant, c.Account); err == nil {
		c.Revision = old.Revision
	}
	return tx.Tx.PutRecoveryCode(c)
}

type keepsCodes struct{ account.Tx }

func (keepsCodes) DeleteRecoveryCode(policy.TenantID, policy.AccountID) error { return nil }

type keepsProfiles struct{ account.Tx }

func (keepsProfiles) DeleteProfile(policy.TenantID, policy.AccountID) error { return nil }

type sharedPictures struct {
	account.Tx
	given *kept[account.Portrait]
}

func (tx sharedPictures) Portrait(t policy.TenantID, a policy.AccountID) (account.Portrait, error) {
	p, err := tx.Tx.Portrait(t, a)
	if err != nil {
		return p, err
	}
	at := string(t) + "/" + string(a)
	if given, ok := tx.given.get(at); ok && given.Revision == p.Revision {
		return given, nil
	}
	tx.given.put(at, p)
	return p, nil
}

type oneSchema struct{ account.Tx }

func (tx oneSchema) Schema(t policy.TenantID) (account.Schema, error) {
	s, err := tx.Tx.Schema("one")
	s.Tenant = t
	return s, err
}

func (tx oneSchema) PutSchema(s account.Schema) (store.Revision, error) {
	s.Tenant = "one"
	return tx.Tx.PutSchema(s)
}

type laxSchema struct{ account.Tx }

func (tx laxSchema) PutSchema(s account.Schema) (store.Revision, error) {
	s.Rules = maps.Clone(s.Rules)
	for name, r := range s.Rules {
		r.Required = false
		s.Rules[name] = r
	}
	return tx.Tx.PutSchema(s)
}

type oneBanned struct{ account.Tx }

func (tx oneBanned) BannedPasswords(t policy.TenantID) (account.BannedPasswords, error) {
	b, err := tx.Tx.BannedPasswords("one")
	b.Tenant = t
	return b, err
}

func (tx oneBanned) PutBannedPasswords(b account.BannedPasswords) (store.Revision, error) {
	b.Tenant = "one"
	return tx.Tx.PutBannedPasswords(b)
}

type fewBanned struct{ account.Tx }

func (tx fewBanned) PutBannedPasswords(b account.BannedPasswords) (store.Revision, error) {
	b.Terms = b.Terms[:max(len(b.Terms)-1, 0)]
	return tx.Tx.PutBannedPasswords(b)
}
