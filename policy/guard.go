package policy

import (
	"crypto/rand"
	"errors"
	"time"

	"github.com/seed4b20689c/myaccount/store"
)

// Guard admits actors and decides. One Guard serves all rooms; it is safe for concurrent use.
type Guard struct {
	now     func() time.Time
	newID   func() string
	vouched Kind
}

// Option configures a [Guard].
type Option func(*Guard)

// WithClock replaces the clock, for tests. It is read once per operation.
func WithClock(now func() time.Time) Option { return func(g *Guard) { g.now = now } }

// WithIDs replaces the source of operation ids, which must never repeat, for tests.
func WithIDs(newID func() string) Option { return func(g *Guard) { g.newID = newID } }

// Vouch admits actors whose account or session the store does not know, as accounts of the given kind:
// for a host that keeps accounts elsewhere and answers for its actors. What the store does know still
// counts: a disabled account stays out, and a session that has ended, for as long as its row is kept. Once the row is
// purged (package signins does so 30 days after its authentication), its id is one that the store does not know, and an
// Actor with it is judged by SignedInAt alone: make no Actor last longer than that. See [Vouched] for the store's side
// of it. What is not exactly one kind vouches for nobody.
func Vouch(kind Kind) Option {
	return func(g *Guard) {
		g.vouched = 0
		if _, one := kindNames[kind]; one {
			g.vouched = kind
		}
	}
}

// NewGuard makes a Guard with the system's clock and random operation ids.
func NewGuard(options ...Option) *Guard {
	//nolint:forbidigo // the one place where the default clock comes from
	g := &Guard{now: time.Now, newID: rand.Text}
	for _, o := range options {
		o(g)
	}
	return g
}

// Now is the guard's time as stores keep it.
func (g *Guard) Now() time.Time { return store.Time(g.now()) }

// NewID gives an id of the guard's source, for what a host's program names itself in the course of several operations, such
// as an attempt to sign in.
func (g *Guard) NewID() string { return g.newID() }

// Op is one operation under way: everything about it that is fixed before its transaction begins, so
// that a transaction that runs again does the same.
type Op struct {
	Actor  Actor
	Now    time.Time // UTC, microseconds
	ID     string    // stands in all events of the operation; unique
	Target Target
	Yes    Confirmation

	// Settings and Standing are the actor's tenant's and account's, as this transaction sees them.
	// Standing is zero for a host.
	Settings Settings
	Standing Standing

	guard *Guard
	rule  *Rule
	usage *Usage // of the rule's limit, once it was read in this transaction
}

// Account gives the standing of another account of the actor's tenant, or [store.ErrNotFound]. An account
// that the host vouches for is active.
func (op *Op) Account(tx Tx, id AccountID) (Standing, error) {
	st, err := tx.Standing(op.Actor.Tenant, id)
	if errors.Is(err, store.ErrNotFound) && op.guard.vouched != 0 {
		return Standing{Tenant: op.Actor.Tenant, Account: id, Kind: op.guard.vouched, State: Active, Vouched: true}, nil
	}
	if err == nil && st.Vouched && op.guard.vouched == 0 {
		return Standing{}, store.ErrNotFound // nobody vouches any more
	}
	if err == nil && (st.Tenant != op.Actor.Tenant || st.Account != id) {
		return Standing{}, store.ErrNotFound // a store that answers with another's row is never believed
	}
	return st, err
}

// Vouches reports whether the host answers for accounts and sessions that are not known here ([Vouch]). Without that, a
// row of an actor's that is missing after they were admitted is trouble.
func (op *Op) Vouches() bool { return op.guard.vouched != 0 }

// Refuse is for what only the input of an operation can bring up, such as an id that is taken: the error
// that refuses the operation under way with this reason. Whatever the row alone forbids belongs into the
// [Spec], where [Can] sees it too.
func (op *Op) Refuse(r *Reason) error { return op.Deny(r) }

// Deny is the same refusal for [Change.Failed] and [Change.Refused]: what the operation wrote is committed with it.
func (op *Op) Deny(r *Reason) *Denied {
	return &Denied{Decision: Refusal(op.rule.Action, *r, op.Settings.Contact)}
}

// admit tells whether the actor may act at all, and fills op.Settings and op.Standing.
func (op *Op) admit(tx Tx) (*Reason, error) {
	a := &op.Actor
	if a.nobody() {
		return noActor, nil
	}
	if a.system {
		return nil, nil
	}
	var err error
	if op.Settings, err = tx.Settings(a.Tenant); err != nil {
		return reasonIfMissing(err, unknownTenant)
	}
	// A store that answers for another tenant is never believed.
	if op.Settings.Tenant != a.Tenant {
		return unknownTenant, nil
	}
	if !a.person() {
		return nil, nil
	}
	return op.admitPerson(tx, a.Account, a.Device, op.sessionAlive)
}

// admitPerson judges the account first, then what the person came with: the session, and the device.
func (op *Op) admitPerson(tx Tx, id AccountID, device DeviceID, session func(Tx) (*Reason, error)) (r *Reason, err error) {
	if op.Standing, err = op.Account(tx, id); err != nil {
		return reasonIfMissing(err, unknownAccount)
	}
	switch op.Standing.State {
	case Active:
	case Closing:
		return closing, nil
	default:
		return notActive, nil
	}
	if r, err := session(tx); err != nil || r != nil {
		return r, err
	}
	if device == "" {
		return nil, nil
	}
	switch enabled, err := tx.DeviceEnabled(op.Actor.Tenant, device); {
	case err != nil:
		return reasonIfMissing(err, unknownDevice)
	case !enabled:
		return deviceDisabled, nil
	}
	return nil, nil
}

// AdmitSession judges the person of a session that was read in this transaction, exactly as an actor who
// comes with it is admitted, and sets op.Standing to theirs: for a host's operation that makes an [Actor]
// of a session.
func (op *Op) AdmitSession(tx Tx, s Session) (*Reason, error) {
	return op.admitPerson(tx, s.Account, s.Device, func(Tx) (*Reason, error) {
		if s.Tenant != op.Actor.Tenant || !s.AliveUnder(op.Standing, op.Settings, op.Now) {
			return sessionEnded, nil
		}
		return nil, nil
	})
}

// sessionAlive judges the actor's session, or by the time of authentication where the session is not
// one that the store keeps.
func (op *Op) sessionAlive(tx Tx) (*Reason, error) {
	a := &op.Actor
	if a.Session != "" {
		s, err := tx.Session(a.Tenant, a.Account, a.Session)
		switch known := !errors.Is(err, store.ErrNotFound); {
		case known && err != nil:
			return nil, err
		case known && (s.Tenant != a.Tenant || s.Account != a.Account || s.ID != a.Session || !s.AliveUnder(op.Standing, op.Settings, op.Now)):
			return sessionEnded, nil
		case known:
			return nil, nil
		case op.guard.vouched == 0:
			return sessionEnded, nil
		}
	}
	from := op.Standing.SessionsValidFrom
	if !from.IsZero() && (a.SignedInAt.Before(from) || a.SignedInAt.After(op.Now.Add(ClockSkew))) {
		return sessionEnded, nil
	}
	return nil, nil
}

func reasonIfMissing(err error, r *Reason) (*Reason, error) {
	if errors.Is(err, store.ErrNotFound) {
		return r, nil
	}
	return nil, err
}
