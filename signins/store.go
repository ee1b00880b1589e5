package signins

import (
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Store is what this room keeps its rows in. memstore.Store has one; bring your own by writing [Tx] for
// your tables and proving it with storetest.
type Store = store.Store[Tx]

// Tx is all that this room needs of a store. Package storetest checks every promise below and those of
// [policy.Tx]. Missing rows are [store.ErrNotFound]; what a Put refuses is [store.ErrConflict]. Values go
// in and come out as copies, times as [store.Time] gives them.
type Tx interface {
	policy.Tx // settings, standing, sessions, limits, events

	// PutStanding stores st, compare-and-set on st.Revision; revision 0 makes the account.
	PutStanding(st policy.Standing) (store.Revision, error)
	// PutSession stores s, compare-and-set on s.Revision; revision 0 makes the session. An account's
	// session ids are unique.
	PutSession(s policy.Session) (store.Revision, error)
	// DeleteSession removes a session.
	DeleteSession(policy.TenantID, policy.AccountID, policy.SessionID) error
	// SessionsOf lists those of an account's sessions that are open, whose EndedAt is zero, and that started
	// (StartedAt) at since or after it: the newest first, by id where they started together. Its cost is to follow
	// what it lists: sessions that were ended stay for a month, and somebody who is signing in waits for it.
	SessionsOf(t policy.TenantID, a policy.AccountID, since time.Time, p store.Page) (store.List[policy.Session], error)
	// Sessions lists a tenant's sessions by account and id.
	Sessions(policy.TenantID, store.Page) (store.List[policy.Session], error)

	// SignIn gives one attempt to sign in.
	SignIn(policy.TenantID, policy.AccountID, ID) (SignIn, error)
	// PutSignIn stores s, compare-and-set on s.Revision; revision 0 makes the record. An account's ids are
	// unique, whatever their times, and a record never changes its time: a Put with another is
	// [store.ErrConflict].
	PutSignIn(s SignIn) (store.Revision, error)
	// SignInsOf lists an account's attempts, the newest (At) first, by id where they fall together.
	SignInsOf(policy.TenantID, policy.AccountID, store.Page) (store.List[SignIn], error)
	// SignInsBefore gives at most limit of an account's attempts that come behind a place in that list: behind the
	// attempt with that time and id, whether it is there or not.
	SignInsBefore(t policy.TenantID, a policy.AccountID, at time.Time, id ID, limit int) ([]SignIn, error)
	// PurgeSignIns walks a tenant's accounts, removes their attempts from before a time, and tells how many. In one
	// call it removes no more attempts and looks at no more accounts than the page's limit. The next call goes on
	// where it ended, so that a whole walk comes by each account once; next is empty when there is none left.
	PurgeSignIns(t policy.TenantID, before time.Time, p store.Page) (removed int, next store.Cursor, err error)

	// DeleteSessionsOf removes at most limit of an account's sessions, ended ones too, and tells how many.
	DeleteSessionsOf(t policy.TenantID, a policy.AccountID, limit int) (int, error)
	// DeleteSignInsOf removes at most limit of an account's attempts, and tells how many.
	DeleteSignInsOf(t policy.TenantID, a policy.AccountID, limit int) (int, error)

	// Habits gives what an account's sign-ins were like so far.
	Habits(policy.TenantID, policy.AccountID) (Habits, error)
	// PutHabits stores h, compare-and-set on h.Revision; revision 0 makes them.
	PutHabits(h Habits) (store.Revision, error)
	// DeleteHabits removes an account's habits.
	DeleteHabits(policy.TenantID, policy.AccountID) error
	// AllHabits lists a tenant's habits by account.
	AllHabits(policy.TenantID, store.Page) (store.List[Habits], error)
}
