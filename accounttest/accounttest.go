// Package accounttest is the kit for testing programs that use this library: a world with a tenant, people,
// administrators, devices, sessions and attempts to sign in on the in-memory store, a clock that stands still until told,
// and a mailbox for what is sent.
//
//	w := accounttest.New(t)
//	ada := w.Person("ada", policy.Work)
//	laptop := w.Device(ada, "laptop")
//	preview, yes, err := w.App.Devices.AskDisable(ctx, ada, laptop)
//
// Build a large world once and give each test its own with [World.Fork], which takes constant time.
package accounttest

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Tenant is the tenant of every [World].
const Tenant policy.TenantID = "contoso"

// Clock is a clock that moves only when told. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows 5 January 2026, 09:00 UTC.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, back if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// World is the library on an in-memory store, with one tenant. Its methods end the test when something
// fails.
type World struct {
	T     testing.TB
	App   *myaccount.Account
	DB    *memstore.Store
	Clock *Clock
	// Ring seals what rests in DB. With it a test can put a room of its own over a store of its own making.
	Ring *secret.KeyRing
	// Mail catches the codes that are sent.
	Mail *Mailbox
	// Host is the embedding program in the world's tenant.
	Host policy.Actor

	options []myaccount.Option
	lastID  *atomic.Uint64 // of the operations; a fork goes on from it, since rows are named after operations
	// attempts counts recorded attempts to sign in; a fork goes on from it too.
	attempts *atomic.Uint64
}

// New makes a world. The options come after the world's own clock, ids, mailbox and quick hashing of passwords.
func New(t testing.TB, options ...myaccount.Option) *World {
	t.Helper()
	ring, err := secret.NewKeyRing(secret.NewKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	w := &World{DB: memstore.New(), Clock: NewClock(), Ring: ring, Host: policy.Host("test-host", Tenant), options: options,
		lastID: new(atomic.Uint64), attempts: new(atomic.Uint64)}
	w.assemble(t)
	w.Tenant(Tenant)
	return w
}

func (w *World) assemble(t testing.TB) {
	t.Helper()
	last := w.lastID
	ids := func() string { return "op-" + strconv.FormatUint(last.Add(1), 10) }
	// The least that Argon2id allows: a test is no place to wait for passwords.
	quick, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.Mail = new(Mailbox)
	own := []myaccount.Option{myaccount.WithPolicy(policy.WithClock(w.Clock.Now), policy.WithIDs(ids)), myaccount.WithHasher(quick), myaccount.WithSender(w.Mail)}
	app, err := myaccount.New(w.DB, w.Ring, append(own, w.options...)...)
	if err != nil {
		t.Fatal(err)
	}
	w.T, w.App = t, app
}

// Fork gives t a world of its own that begins as w is now, in constant time. The clock is its own too.
func (w *World) Fork(t testing.TB) *World {
	t.Helper()
	fork := *w
	fork.DB, fork.Clock, fork.lastID = w.DB.Fork(), &Clock{now: w.Clock.Now()}, new(atomic.Uint64)
	fork.lastID.Store(w.lastID.Load())
	fork.attempts = new(atomic.Uint64)
	fork.attempts.Store(w.attempts.Load())
	fork.assemble(t)
	return &fork
}

// Tenant makes a further tenant.
func (w *World) Tenant(id policy.TenantID) {
	w.T.Helper()
	w.must(w.App.Admin.Policy.CreateTenant(context.Background(), policy.System("test-setup"), id))
}

// Person makes an account known and gives an actor who signed in just now with a password and a one-time
// code, from no registered device.
func (w *World) Person(id policy.AccountID, kind policy.Kind) policy.Actor {
	w.T.Helper()
	return w.PersonIn(Tenant, id, kind)
}

// PersonIn is [World.Person] in another tenant.
func (w *World) PersonIn(t policy.TenantID, id policy.AccountID, kind policy.Kind) policy.Actor {
	w.T.Helper()
	w.must(w.App.Host.Accounts.Provision(context.Background(), policy.Host("test-host", t), id, kind))
	return w.SignIn(policy.Actor{Tenant: t, Account: id})
}

// Admin is [World.Person] for an administrator with roles.
func (w *World) Admin(id policy.AccountID, roles ...policy.Role) policy.Actor {
	w.T.Helper()
	a := w.Person(id, policy.Work)
	a.Roles = roles
	return a
}

// SignIn gives a with a password and a one-time code proven just now.
func (w *World) SignIn(a policy.Actor) policy.Actor {
	now := w.Clock.Now()
	a.SignedInAt = now
	a.Proofs = []policy.Proof{{Factor: policy.FactorPassword, At: now}, {Factor: policy.FactorOTP, At: now}}
	return a
}

// Session starts a session for somebody who signed in as a says, and gives its token and its actor.
func (w *World) Session(a policy.Actor, change ...func(*signins.NewSession)) signins.Started {
	w.T.Helper()
	n := signins.NewSession{Account: a.Account, Proofs: a.Proofs, Device: a.Device, Address: a.Address,
		Client: policy.Client{Application: "Portal", Browser: "Firefox", System: "Windows 10"}}
	for _, c := range change {
		c(&n)
	}
	started, err := w.App.Host.SignIns.Start(context.Background(), policy.Host("test-host", a.Tenant), n)
	w.must(err)
	return started
}

// SignedIn records a successful attempt to sign in of somebody's, now, with Firefox on Windows in Berlin; change
// edits the record. It gives the id.
func (w *World) SignedIn(a policy.Actor, change ...func(*signins.Record)) signins.ID {
	w.T.Helper()
	r := signins.Record{ID: signins.ID(fmt.Sprintf("attempt-%d", w.attempts.Add(1))), Account: a.Account, At: w.Clock.Now(),
		Application: "Portal", ClientApp: "Browser", Browser: "Firefox 146.0", System: "Windows 10", Session: a.Session,
		Address: netip.MustParseAddr("192.0.2.1"), Place: Berlin}
	for _, c := range change {
		c(&r)
	}
	_, err := w.App.Host.SignIns.Record(context.Background(), policy.Host("test-host", a.Tenant), r)
	w.must(err)
	return r.ID
}

// Places for tests, with their coordinates.
var (
	Berlin  = signins.Place{City: "Berlin", Region: "Berlin", Country: "DE", Located: true, Latitude: 52.52, Longitude: 13.405}
	NewYork = signins.Place{City: "New York", Region: "New York", Country: "US", Located: true, Latitude: 40.7128, Longitude: -74.006}
)

// Device registers a joined Windows device of owner; change edits what is registered.
func (w *World) Device(owner policy.Actor, id policy.DeviceID, change ...func(*devices.Registration)) policy.DeviceID {
	w.T.Helper()
	r := devices.Registration{ID: id, Owner: owner.Account, Name: string(id), OS: "Windows", OSVersion: "10.0.22631",
		Model: "Model 1", Join: devices.Joined, Compliant: devices.Yes, Managed: devices.Yes}
	for _, c := range change {
		c(&r)
	}
	w.must(w.App.Host.Devices.Register(context.Background(), policy.Host("test-host", owner.Tenant), r))
	return id
}

// Key takes the n-th [RecoveryPassword] into escrow for a device, as the device itself would, and gives it.
func (w *World) Key(t policy.TenantID, device policy.DeviceID, id devices.KeyID, n int) string {
	w.T.Helper()
	password := RecoveryPassword(n)
	w.must(w.App.Host.Devices.Escrow(context.Background(), policy.Host("test-host", t).On(device), device,
		devices.Escrow{ID: id, Volume: devices.OperatingSystemVolume, Password: secret.NewText(password)}))
	return password
}

// Disable disables a device as its owner does: asks, and says Yes.
func (w *World) Disable(owner policy.Actor, id policy.DeviceID) {
	w.T.Helper()
	_, yes, err := w.App.Devices.AskDisable(context.Background(), owner, id)
	w.must(err)
	w.must(w.App.Devices.Disable(context.Background(), owner, id, yes))
}

// Events gives a tenant's events in the order in which they were committed.
func (w *World) Events(t policy.TenantID) []policy.Event {
	w.T.Helper()
	var all []policy.Event
	w.must(w.DB.Policy().View(context.Background(), func(tx policy.AdminTx) error {
		return store.Each(
			func(p store.Page) (store.List[policy.Event], error) { return tx.Events(t, p) },
			func(e policy.Event) error { all = append(all, e); return nil })
	}))
	slices.Reverse(all)
	return all
}

// RecoveryPassword gives the n-th of a series of well-formed BitLocker recovery passwords, n from 0 to 8000,
// all different.
func RecoveryPassword(n int) string {
	group := make([]string, 8)
	for i := range group {
		group[i] = fmt.Sprintf("%06d", 11*(n*8+i+1))
	}
	return strings.Join(group, "-")
}

func (w *World) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}
