package policy

import (
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/store"
)

// Tx is what deciding and recording need of a transaction; every room's Tx embeds it. Package
// storetest checks the promises. Values go in and come out as copies, times as [store.Time] gives them.
type Tx interface {
	// Settings gives a tenant's settings, or [store.ErrNotFound] for an unknown tenant.
	Settings(TenantID) (Settings, error)
	// Standing gives an account's standing, or [store.ErrNotFound].
	Standing(TenantID, AccountID) (Standing, error)
	// Session gives the standing of one of the account's sessions, or [store.ErrNotFound].
	Session(TenantID, AccountID, SessionID) (Session, error)
	// DeviceEnabled tells whether a device may be used, or [store.ErrNotFound] for one that is unknown
	// (a deleted one is not unknown but not enabled).
	DeviceEnabled(TenantID, DeviceID) (bool, error)

	// Usage gives what an account has used of an action's limit; the zero Usage if nothing yet.
	Usage(TenantID, AccountID, Action) (Usage, error)
	// PutUsage stores u, compare-and-set on u.Revision.
	PutUsage(u Usage) (store.Revision, error)

	// AppendEvent adds e to the log and gives it a Seq greater than that of every earlier event of its
	// account. The event is part of the transaction: it is there if and when the commit is.
	AppendEvent(e Event) error
	// CountRefusal adds e, a refusal, in the place of the newest event alike ([Event.Alike]) of the
	// same account that began (First) at or after since: e takes over its First, and its Count plus one.
	// Without such an event it is AppendEvent.
	CountRefusal(e Event, since time.Time) error
}

// AdminTx is what the doors of this package need besides: [Admin], [Host] and [Log].
type AdminTx interface {
	Tx
	// PutSettings stores s, compare-and-set on s.Revision; revision 0 makes the tenant.
	PutSettings(s Settings) (store.Revision, error)
	// PutStanding stores st, compare-and-set on st.Revision; revision 0 makes the account.
	PutStanding(st Standing) (store.Revision, error)
	// PutSession stores s, compare-and-set on s.Revision; revision 0 makes the session.
	PutSession(s Session) (store.Revision, error)

	// EventsOf lists the events about one account, newest first; account "" gives those about the
	// tenant itself.
	EventsOf(TenantID, AccountID, store.Page) (store.List[Event], error)
	// Events lists all of a tenant's events, newest first.
	Events(TenantID, store.Page) (store.List[Event], error)
	// EventsAfter lists a tenant's events in an order in which each account's come in the order of
	// their Seq, and gives in Next a cursor even after the last: reading on from it later gives every
	// event committed since, those of slow transactions included.
	EventsAfter(TenantID, store.Page) (store.List[Event], error)
	// PurgeEvents removes at most limit events that are older than before and that every cursor of
	// read, each from EventsAfter, has passed (the empty cursor has passed none). It tells how many.
	// It goes by the order of EventsAfter, and may stop at the first event that is not older.
	PurgeEvents(t TenantID, before time.Time, read []store.Cursor, limit int) (int, error)

	// Follower gives one reader of the tenant's events, or [store.ErrNotFound].
	Follower(TenantID, string) (Follower, error)
	// Followers gives all of them.
	Followers(TenantID) ([]Follower, error)
	// PutFollower stores f, compare-and-set on f.Revision.
	PutFollower(f Follower) (store.Revision, error)
	// DropFollower removes a follower, or fails with [store.ErrNotFound].
	DropFollower(TenantID, string) error
}

// Usage is how often an account did something lately: one time for each success that still counts.
type Usage struct {
	Tenant   TenantID       `json:"tenant"`
	Account  AccountID      `json:"account"`
	Action   Action         `json:"action"`
	Times    []time.Time    `json:"times"`
	Revision store.Revision `json:"revision"`
}

// Clone returns a copy that shares nothing with u.
func (u Usage) Clone() Usage {
	u.Times = slices.Clone(u.Times)
	return u
}

// Follower is a named reader of a tenant's events and how far it has read.
type Follower struct {
	Tenant   TenantID       `json:"tenant"`
	Name     string         `json:"name"`
	Given    store.Cursor   `json:"given,omitempty"` // what the last Follow gave ends here
	Read     store.Cursor   `json:"read,omitempty"`  // everything up to here was acknowledged
	Revision store.Revision `json:"revision"`
}
