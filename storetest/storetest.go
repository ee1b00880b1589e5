package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Backend is the store under test: the stores of all rooms over one database. memstore.Store is one.
type Backend interface {
	Policy() store.Store[policy.AdminTx]
	Devices() devices.Store
	SignIns() signins.Store
	Challenges() store.Store[challenge.Tx]
	Account() account.Store
}

// Run checks every promise of the contract: those of [RunPolicy], [RunDevices], [RunSignIns],
// [RunChallenges] and [RunAccount], and that the rooms share one database. Each check gets a fresh, empty store from open; what open needs to tidy up
// belongs into [testing.TB.Cleanup].
func Run(t *testing.T, open func(testing.TB) Backend) {
	t.Helper()
	run(t, allChecks(), open)
}

// RunPolicy checks the store of package policy alone: settings, standing, sessions, limits and events.
func RunPolicy(t *testing.T, open func(testing.TB) store.Store[policy.AdminTx]) {
	t.Helper()
	run(t, policyChecks(), func(t testing.TB) Backend { return single{policy: open(t)} })
}

// RunDevices checks the store of package devices alone, for a team that puts just this room on its own
// tables: devices, recovery keys and the limits on what is done with them. What [policy.Tx] promises of
// settings, standing, sessions and events cannot be seen through devices.Tx; it takes [Run].
func RunDevices(t *testing.T, open func(testing.TB) devices.Store) {
	t.Helper()
	run(t, devicesChecks(), func(t testing.TB) Backend { return single{devices: open(t)} })
}

// RunSignIns checks the store of package signins alone: sessions and their lists, the standing that signing
// out writes, and the attempts to sign in with their list and their purge.
func RunSignIns(t *testing.T, open func(testing.TB) signins.Store) {
	t.Helper()
	run(t, signinsChecks(), func(t testing.TB) Backend { return single{signins: open(t)} })
}

// RunChallenges checks the part of a store that package challenge needs alone: challenges, their counters, and the
// standing that ends them. Rooms embed that part in transactions of their own.
func RunChallenges(t *testing.T, open func(testing.TB) store.Store[challenge.Tx]) {
	t.Helper()
	run(t, challengeChecks(), func(t testing.TB) Backend { return single{challenges: open(t)} })
}

// RunAccount checks the store of package account alone: profiles, photos, passwords and schemas, and the part that
// challenges need.
func RunAccount(t *testing.T, open func(testing.TB) account.Store) {
	t.Helper()
	run(t, accountChecks(), func(t testing.TB) Backend { return single{account: open(t)} })
}

// single is a Backend of one room.
type single struct {
	policy     store.Store[policy.AdminTx]
	devices    devices.Store
	signins    signins.Store
	challenges store.Store[challenge.Tx]
	account    account.Store
}

func (s single) Policy() store.Store[policy.AdminTx]   { return s.policy }
func (s single) Devices() devices.Store                { return s.devices }
func (s single) SignIns() signins.Store                { return s.signins }
func (s single) Challenges() store.Store[challenge.Tx] { return s.challenges }
func (s single) Account() account.Store                { return s.account }

// check is one promise of the contract, kept or broken by one kind of row, list or room. Subject and promise
// make a sentence; rule tells who wrote the store why it matters and what keeps it.
type check struct {
	subject, promise, rule string
	rooms                  []room
	test                   func(*world)
}

func allChecks() []check {
	return slices.Concat(policyChecks(), devicesChecks(), signinsChecks(), challengeChecks(), accountChecks(), togetherChecks())
}

func run(t *testing.T, checks []check, open func(testing.TB) Backend) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.subject+" "+c.promise, func(t *testing.T) { c.run(t, open) })
	}
}

// run makes the check on a fresh store, and explains the rule if it is broken.
func (c check) run(t testing.TB, open func(testing.TB) Backend) {
	t.Helper()
	ended := false
	defer func() {
		if t.Failed() || !ended { // not ended: a panic
			t.Logf("The broken promise: %s %s.\n%s", c.subject, c.promise, c.rule)
		}
	}()
	b := open(t)
	if b == nil {
		t.Fatal("open gave a nil Backend")
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	w := &world{TB: t, ctx: ctx}
	for _, r := range c.rooms {
		if s := r.open(b); s != nil {
			w.stores[r.index] = s
		} else {
			t.Fatalf("the store of %s is nil. A room that is not kept is not skipped: check the others with RunPolicy, RunDevices, RunSignIns, RunChallenges or RunAccount", r.name)
		}
	}
	c.test(w)
	ended = true
}

// How long a check waits. No check measures time: a store that keeps the contract is never waited for, except
// for brief where its writers take turns.
const (
	longest  = 5 * time.Minute       // a whole check
	patience = 10 * time.Second      // an Update that nothing should hold up
	brief    = 25 * time.Millisecond // an Update that waits for another, if writers take turns
)

// room is one of the stores of a [Backend].
type room struct {
	name  string
	index int
	open  func(Backend) store.Store[tx] // nil if the backend has none
}

var (
	policyRoom = room{"policy", 0, func(b Backend) store.Store[tx] {
		if s := b.Policy(); s != nil {
			return store.Narrow(s, func(t policy.AdminTx) tx { return tx{Tx: t, admin: t} })
		}
		return nil
	}}
	devicesRoom = room{"devices", 1, func(b Backend) store.Store[tx] {
		if s := b.Devices(); s != nil {
			return store.Narrow(s, func(t devices.Tx) tx { return tx{Tx: t, devices: t} })
		}
		return nil
	}}
	signinsRoom = room{"signins", 2, func(b Backend) store.Store[tx] {
		if s := b.SignIns(); s != nil {
			return store.Narrow(s, func(t signins.Tx) tx { return tx{Tx: t, signins: t} })
		}
		return nil
	}}
	challengeRoom = room{"challenge", 3, func(b Backend) store.Store[tx] {
		if s := b.Challenges(); s != nil {
			return store.Narrow(s, func(t challenge.Tx) tx { return tx{Tx: t, challenges: t} })
		}
		return nil
	}}
	accountRoom = room{"account", 4, func(b Backend) store.Store[tx] {
		if s := b.Account(); s != nil {
			return store.Narrow(s, func(t account.Tx) tx { return tx{Tx: t, challenges: t, account: t} })
		}
		return nil
	}}
)

// tx is a transaction of any room: what all rooms share, and the methods of the one it is of.
type tx struct {
	policy.Tx
	admin      policy.AdminTx // nil in another room than policy
	devices    devices.Tx     // nil in another room than devices
	signins    signins.Tx     // nil in another room than signins
	challenges challenge.Tx   // nil in another room than challenge and account
	account    account.Tx     // nil in another room than account
}

// world is what a check works in. Functions that run inside a transaction report by returning an error or by
// Errorf, never by Fatal: a store must not be left in the middle by the suite.
type world struct {
	testing.TB
	ctx    context.Context
	stores [5]store.Store[tx] // by room.index; nil where the check does not ask for the room
}

func (w *world) in(r room) store.Store[tx] { return w.stores[r.index] }

// update runs fn in a transaction that must be committed.
func (w *world) update(s store.Store[tx], fn func(tx) error) {
	w.Helper()
	if err := s.Update(w.ctx, fn); err != nil {
		w.Fatalf("Update failed: %v", err)
	}
}

// view runs fn in a read that must succeed.
func (w *world) view(s store.Store[tx], fn func(tx) error) {
	w.Helper()
	if err := s.View(w.ctx, fn); err != nil {
		w.Fatalf("View failed: %v", err)
	}
}

// soon waits for op, which must not be held up by anything, even if op ignores its context.
func (w *world) soon(op func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	return start(ctx, op).await(ctx)
}

// meanwhile runs op while a transaction of the caller is under way. It returns when op is done, or has waited
// long enough in a store whose writers take turns. The caller asks for the outcome when its own transaction
// is over.
func (w *world) meanwhile(op func(context.Context) error) (outcome func() error) {
	ctx, cancel := context.WithTimeout(w.ctx, brief)
	r := start(ctx, op)
	_ = r.await(ctx) // the outcome is asked for later
	return func() error {
		defer cancel()
		return r.await(w.ctx)
	}
}

// running is an operation that somebody may wait for more than once.
type running struct {
	done chan struct{}
	err  error // once done is closed
}

func start(ctx context.Context, op func(context.Context) error) *running {
	r := &running{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = op(ctx)
	}()
	return r
}

func (r *running) await(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *running) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}
