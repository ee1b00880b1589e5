package memstore

import (
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

var _ challenge.Tx = (*Tx)(nil)

// Challenge implements [challenge.Tx].
func (tx *Tx) Challenge(t policy.TenantID, a policy.AccountID, id challenge.ID) (challenge.Challenge, error) {
	return value(tx, challengesByID, kChallenge(tx.key(), t, a, id))
}

// ChallengesOf implements [challenge.Tx].
func (tx *Tx) ChallengesOf(t policy.TenantID, a policy.AccountID) ([]challenge.Challenge, error) {
	var all []challenge.Challenge
	err := store.Each(
		func(p store.Page) (store.List[challenge.Challenge], error) {
			return page(tx, challengesByID, kAccount(tx.key(), t, a), p,
				func(r *challenge.Challenge) bool { return r.Tenant == t && r.Account == a }, plain[challenge.Challenge])
		},
		func(c challenge.Challenge) error { all = append(all, c); return nil })
	return all, err
}

// PutChallenge implements [challenge.Tx].
func (tx *Tx) PutChallenge(c challenge.Challenge) (store.Revision, error) {
	c.IssuedAt, c.ExpiresAt, c.SpentAt = store.Time(c.IssuedAt), store.Time(c.ExpiresAt), store.Time(c.SpentAt)
	return put(tx, challengesByID, &c, func(r *challenge.Challenge) *store.Revision { return &r.Revision })
}

// DeleteChallenge implements [challenge.Tx].
func (tx *Tx) DeleteChallenge(t policy.TenantID, a policy.AccountID, id challenge.ID) error {
	return remove(tx, challengesByID, kChallenge(tx.key(), t, a, id))
}

// Counter implements [challenge.Tx].
func (tx *Tx) Counter(t policy.TenantID, a policy.AccountID, m challenge.Method) (challenge.Counter, error) {
	r, err := row(tx, countersByID, kCounter(tx.key(), t, a, m))
	if err != nil {
		return challenge.Counter{}, err
	}
	return r.Clone(), nil
}

// PutCounter implements [challenge.Tx].
func (tx *Tx) PutCounter(c challenge.Counter) (store.Revision, error) {
	c = c.Clone()
	c.FailedAt = store.Time(c.FailedAt)
	for i := range c.Sent {
		c.Sent[i].At = store.Time(c.Sent[i].At)
	}
	return put(tx, countersByID, &c, func(r *challenge.Counter) *store.Revision { return &r.Revision })
}
