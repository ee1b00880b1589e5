package memstore

import (
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Identifier implements [account.Tx].
func (tx *Tx) Identifier(t policy.TenantID, key string) (account.Identifier, error) {
	return value(tx, identifiersByKey, kIdentifier(tx.key(), t, key))
}

// IdentifiersOf implements [account.Tx].
func (tx *Tx) IdentifiersOf(t policy.TenantID, a policy.AccountID) ([]account.Identifier, error) {
	return every(func(p store.Page) (store.List[account.Identifier], error) {
		return page(tx, identifiersByAccount, kAccount(tx.key(), t, a), p,
			func(r *account.Identifier) bool { return r.Tenant == t && r.Account == a }, plain[account.Identifier])
	})
}

// PutIdentifier implements [account.Tx].
func (tx *Tx) PutIdentifier(i account.Identifier) (store.Revision, error) {
	if old, err := tx.Identifier(i.Tenant, i.Key); err == nil && old.Account != i.Account {
		if err := tx.writable(); err != nil {
			return 0, err
		}
		return 0, store.ErrConflict
	}
	i.ProvenAt, i.RetiredAt = store.Time(i.ProvenAt), store.Time(i.RetiredAt)
	return put(tx, identifiersByKey, &i, func(r *account.Identifier) *store.Revision { return &r.Revision })
}

// DeleteIdentifier implements [account.Tx].
func (tx *Tx) DeleteIdentifier(t policy.TenantID, key string) error {
	return remove(tx, identifiersByKey, kIdentifier(tx.key(), t, key))
}

// EmailChange implements [account.Tx].
func (tx *Tx) EmailChange(t policy.TenantID, a policy.AccountID, id challenge.ID) (account.EmailChange, error) {
	c, err := value(tx, emailChangesByID, kChallenge(tx.key(), t, a, id))
	return c.Clone(), err
}

// EmailChangesOf implements [account.Tx].
func (tx *Tx) EmailChangesOf(t policy.TenantID, a policy.AccountID) ([]account.EmailChange, error) {
	return every(func(p store.Page) (store.List[account.EmailChange], error) {
		return page(tx, emailChangesByID, kAccount(tx.key(), t, a), p,
			func(r *account.EmailChange) bool { return r.Tenant == t && r.Account == a }, func(r *account.EmailChange) account.EmailChange { return r.Clone() })
	})
}

// PutEmailChange implements [account.Tx].
func (tx *Tx) PutEmailChange(c account.EmailChange) (store.Revision, error) {
	c = c.Clone()
	c.AskedAt, c.ExpiresAt, c.OldProvenAt = store.Time(c.AskedAt), store.Time(c.ExpiresAt), store.Time(c.OldProvenAt)
	c.ConfirmedAt, c.CancelledAt, c.TakenBackAt = store.Time(c.ConfirmedAt), store.Time(c.CancelledAt), store.Time(c.TakenBackAt)
	return put(tx, emailChangesByID, &c, func(r *account.EmailChange) *store.Revision { return &r.Revision })
}

// DeleteEmailChange implements [account.Tx].
func (tx *Tx) DeleteEmailChange(t policy.TenantID, a policy.AccountID, id challenge.ID) error {
	return remove(tx, emailChangesByID, kChallenge(tx.key(), t, a, id))
}

// every is all of a list that is short.
func every[R any](list func(store.Page) (store.List[R], error)) ([]R, error) {
	var all []R
	err := store.Each(list, func(r R) error { all = append(all, r); return nil })
	return all, err
}
