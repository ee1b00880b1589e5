package challenge

import (
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Tx is what challenges need of a store. A room that uses them embeds it in its own Tx. Package storetest checks
// every promise below and those of [policy.Tx]. Missing rows are [store.ErrNotFound]; what a Put refuses is
// [store.ErrConflict]. Values go in and come out as copies, times as [store.Time] gives them.
type Tx interface {
	policy.Tx // settings, standing, sessions, limits, events

	// PutStanding stores st, compare-and-set on st.Revision; revision 0 makes the account.
	PutStanding(st policy.Standing) (store.Revision, error)

	// Challenge gives one of an account's challenges.
	Challenge(policy.TenantID, policy.AccountID, ID) (Challenge, error)
	// ChallengesOf gives all of an account's challenges, by id. There are few: [Issue] removes those that have expired
	// and keeps at most [MaxPending].
	ChallengesOf(policy.TenantID, policy.AccountID) ([]Challenge, error)
	// PutChallenge stores c, compare-and-set on c.Revision; revision 0 makes it. An account's ids are unique.
	PutChallenge(c Challenge) (store.Revision, error)
	// DeleteChallenge removes a challenge.
	DeleteChallenge(policy.TenantID, policy.AccountID, ID) error

	// Counter gives what was counted of an account by a method.
	Counter(policy.TenantID, policy.AccountID, Method) (Counter, error)
	// PutCounter stores c, compare-and-set on c.Revision; revision 0 makes it.
	PutCounter(c Counter) (store.Revision, error)
}
