package memstore

import (
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

var _ account.Tx = (*Tx)(nil)

// Profile implements [account.Tx].
func (tx *Tx) Profile(t policy.TenantID, a policy.AccountID) (account.Profile, error) {
	return value(tx, profilesByID, kAccount(tx.key(), t, a))
}

// PutProfile implements [account.Tx].
func (tx *Tx) PutProfile(p account.Profile) (store.Revision, error) {
	return put(tx, profilesByID, &p, func(r *account.Profile) *store.Revision { return &r.Revision })
}

// DeleteProfile implements [account.Tx].
func (tx *Tx) DeleteProfile(t policy.TenantID, a policy.AccountID) error {
	return remove(tx, profilesByID, kAccount(tx.key(), t, a))
}

// Credential implements [account.Tx].
func (tx *Tx) Credential(t policy.TenantID, a policy.AccountID) (account.Credential, error) {
	r, err := row(tx, credentialsByID, kAccount(tx.key(), t, a))
	if err != nil {
		return account.Credential{}, err
	}
	return r.Clone(), nil
}

// PutCredential implements [account.Tx].
func (tx *Tx) PutCredential(c account.Credential) (store.Revision, error) {
	c = c.Clone()
	c.SetAt = store.Time(c.SetAt)
	for _, f := range []*time.Time{&c.Throttle.Familiar.LockedUntil, &c.Throttle.Unfamiliar.LockedUntil, &c.Throttle.SignedIn.LockedUntil} {
		*f = store.Time(*f)
	}
	return put(tx, credentialsByID, &c, func(r *account.Credential) *store.Revision { return &r.Revision })
}

// DeleteCredential implements [account.Tx].
func (tx *Tx) DeleteCredential(t policy.TenantID, a policy.AccountID) error {
	return remove(tx, credentialsByID, kAccount(tx.key(), t, a))
}

// RecoveryCode implements [account.Tx].
func (tx *Tx) RecoveryCode(t policy.TenantID, a policy.AccountID) (account.RecoveryCode, error) {
	return value(tx, recoveryCodesByID, kAccount(tx.key(), t, a))
}

// PutRecoveryCode implements [account.Tx].
func (tx *Tx) PutRecoveryCode(c account.RecoveryCode) (store.Revision, error) {
	c.MadeAt = store.Time(c.MadeAt)
	return put(tx, recoveryCodesByID, &c, func(r *account.RecoveryCode) *store.Revision { return &r.Revision })
}

// DeleteRecoveryCode implements [account.Tx].
func (tx *Tx) DeleteRecoveryCode(t policy.TenantID, a policy.AccountID) error {
	return remove(tx, recoveryCodesByID, kAccount(tx.key(), t, a))
}

// Portrait implements [account.Tx].
func (tx *Tx) Portrait(t policy.TenantID, a policy.AccountID) (account.Portrait, error) {
	r, err := row(tx, portraitsByID, kAccount(tx.key(), t, a))
	if err != nil {
		return account.Portrait{}, err
	}
	return r.Clone(), nil
}

// PutPortrait implements [account.Tx].
func (tx *Tx) PutPortrait(p account.Portrait) (store.Revision, error) {
	p = p.Clone()
	return put(tx, portraitsByID, &p, func(r *account.Portrait) *store.Revision { return &r.Revision })
}

// DeletePortrait implements [account.Tx].
func (tx *Tx) DeletePortrait(t policy.TenantID, a policy.AccountID) error {
	return remove(tx, portraitsByID, kAccount(tx.key(), t, a))
}

// Closing implements [account.Tx].
func (tx *Tx) Closing(t policy.TenantID, a policy.AccountID) (account.Closing, error) {
	return value(tx, closingsByID, kAccount(tx.key(), t, a))
}

// PutClosing implements [account.Tx].
func (tx *Tx) PutClosing(c account.Closing) (store.Revision, error) {
	c.At, c.Due = store.Time(c.At), store.Time(c.Due)
	return put(tx, closingsByID, &c, func(r *account.Closing) *store.Revision { return &r.Revision })
}

// DeleteClosing implements [account.Tx].
func (tx *Tx) DeleteClosing(t policy.TenantID, a policy.AccountID) error {
	return remove(tx, closingsByID, kAccount(tx.key(), t, a))
}

// ClosingsDue implements [account.Tx].
func (tx *Tx) ClosingsDue(t policy.TenantID, now time.Time, p store.Page) (store.List[account.Closing], error) {
	return page(tx, closingsByDue, kTenant(tx.key(), t), p,
		func(r *account.Closing) bool { return r.Tenant == t && !r.Due.After(store.Time(now)) }, plain[account.Closing])
}

// DeleteCountersOf implements [account.Tx].
func (tx *Tx) DeleteCountersOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	return deleteOf(tx, countersByID, t, a, limit, func(r *challenge.Counter) bool { return r.Tenant == t && r.Account == a })
}

// DeleteUsageOf implements [account.Tx].
func (tx *Tx) DeleteUsageOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	return deleteOf(tx, usageByID, t, a, limit, func(r *policy.Usage) bool { return r.Tenant == t && r.Account == a })
}

// deleteOf removes at most limit rows of an account, for which of holds. x is the table's byID index, and its keys begin
// with the account.
func deleteOf[R any](tx *Tx, x *index[R], t policy.TenantID, a policy.AccountID, limit int, of func(*R) bool) (int, error) {
	if err := tx.writable(); err != nil {
		return 0, err
	}
	it, err := tx.txn.LowerBound(x.table, x.name, tx.by(kAccount(tx.key(), t, a))...)
	if err != nil {
		return 0, err
	}
	var rows []*R // collected first: an iterator must not be written under
	for raw := it.Next(); raw != nil && len(rows) < limit; raw = it.Next() {
		r := raw.(*R)
		if !of(r) {
			break
		}
		rows = append(rows, r)
	}
	for _, r := range rows {
		if err := tx.delete(x.table, r); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// Schema implements [account.Tx].
func (tx *Tx) Schema(t policy.TenantID) (account.Schema, error) {
	r, err := row(tx, schemasByID, kTenant(tx.key(), t))
	if err != nil {
		return account.Schema{}, err
	}
	return r.Clone(), nil
}

// BannedPasswords implements [account.Tx].
func (tx *Tx) BannedPasswords(t policy.TenantID) (account.BannedPasswords, error) {
	r, err := row(tx, bannedByID, kTenant(tx.key(), t))
	if err != nil {
		return account.BannedPasswords{}, err
	}
	return r.Clone(), nil
}

// PutBannedPasswords implements [account.Tx].
func (tx *Tx) PutBannedPasswords(b account.BannedPasswords) (store.Revision, error) {
	b = b.Clone()
	return put(tx, bannedByID, &b, func(r *account.BannedPasswords) *store.Revision { return &r.Revision })
}

// PutSchema implements [account.Tx].
func (tx *Tx) PutSchema(s account.Schema) (store.Revision, error) {
	s = s.Clone()
	return put(tx, schemasByID, &s, func(r *account.Schema) *store.Revision { return &r.Revision })
}
