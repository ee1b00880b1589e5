package memstore

import (
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

var _ signins.Tx = (*Tx)(nil)

// Session implements [policy.Tx].
func (tx *Tx) Session(t policy.TenantID, a policy.AccountID, id policy.SessionID) (policy.Session, error) {
	r, err := row(tx, sessionsByID, kSession(tx.key(), t, a, id))
	if err != nil {
		return policy.Session{}, err
	}
	return r.Clone(), nil
}

// PutSession implements [policy.AdminTx] and [signins.Tx].
func (tx *Tx) PutSession(s policy.Session) (store.Revision, error) {
	s = s.Clone()
	for i := range s.Proofs {
		s.Proofs[i].At = store.Time(s.Proofs[i].At)
	}
	s.StartedAt, s.AuthenticatedAt = store.Time(s.StartedAt), store.Time(s.AuthenticatedAt)
	s.SeenAt, s.EndedAt = store.Time(s.SeenAt), store.Time(s.EndedAt)
	return put(tx, sessionsByID, &s, func(r *policy.Session) *store.Revision { return &r.Revision })
}

// DeleteSession implements [signins.Tx].
func (tx *Tx) DeleteSession(t policy.TenantID, a policy.AccountID, id policy.SessionID) error {
	r, err := row(tx, sessionsByID, kSession(tx.key(), t, a, id))
	if err != nil {
		return err
	}
	return tx.delete(sessionsByID.table, r)
}

// SessionsOf implements [signins.Tx].
func (tx *Tx) SessionsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Session], error) {
	return page(tx, sessionsByStart, kAccount(tx.key(), t, a), p,
		func(r *policy.Session) bool { return r.Tenant == t && r.Account == a }, session)
}

// Sessions implements [signins.Tx].
func (tx *Tx) Sessions(t policy.TenantID, p store.Page) (store.List[policy.Session], error) {
	return page(tx, sessionsByID, kTenant(tx.key(), t), p, func(r *policy.Session) bool { return r.Tenant == t }, session)
}

func session(r *policy.Session) policy.Session { return r.Clone() }
