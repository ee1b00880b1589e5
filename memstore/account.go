package memstore

import (
	"time"

	"github.com/seed4b20689c/myaccount/account"
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
	r, err := row(tx, profilesByID, kAccount(tx.key(), t, a))
	if err != nil {
		return err
	}
	return tx.delete(profilesByID.table, r)
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
	for _, f := range []*time.Time{&c.Throttle.Familiar.LockedUntil, &c.Throttle.Unfamiliar.LockedUntil} {
		*f = store.Time(*f)
	}
	return put(tx, credentialsByID, &c, func(r *account.Credential) *store.Revision { return &r.Revision })
}

// DeleteCredential implements [account.Tx].
func (tx *Tx) DeleteCredential(t policy.TenantID, a policy.AccountID) error {
	r, err := row(tx, credentialsByID, kAccount(tx.key(), t, a))
	if err != nil {
		return err
	}
	return tx.delete(credentialsByID.table, r)
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
	r, err := row(tx, recoveryCodesByID, kAccount(tx.key(), t, a))
	if err != nil {
		return err
	}
	return tx.delete(recoveryCodesByID.table, r)
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
	r, err := row(tx, portraitsByID, kAccount(tx.key(), t, a))
	if err != nil {
		return err
	}
	return tx.delete(portraitsByID.table, r)
}

// Schema implements [account.Tx].
func (tx *Tx) Schema(t policy.TenantID) (account.Schema, error) {
	r, err := row(tx, schemasByID, kTenant(tx.key(), t))
	if err != nil {
		return account.Schema{}, err
	}
	return r.Clone(), nil
}

// PutSchema implements [account.Tx].
func (tx *Tx) PutSchema(s account.Schema) (store.Revision, error) {
	s = s.Clone()
	return put(tx, schemasByID, &s, func(r *account.Schema) *store.Revision { return &r.Revision })
}
