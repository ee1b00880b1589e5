package signins_test

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// The faulty store, as far as attempts to sign in and their containment reach into it.

func (x faultyTx) SignIn(t policy.TenantID, a policy.AccountID, id signins.ID) (signins.SignIn, error) {
	if x.f.lie.signIn != nil {
		t, a, id = x.f.lie.signIn(t, a, id)
		x.f.lies++
	}
	return read(x, func() (signins.SignIn, error) { return x.tx.SignIn(t, a, id) })
}

func (x faultyTx) PutSignIn(s signins.SignIn) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutSignIn(s) })
}

func (x faultyTx) SignInsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[signins.SignIn], error) {
	if x.f.lie.signIns != nil {
		t, a = x.f.lie.signIns(t, a)
		x.f.lies++
	}
	return read(x, func() (store.List[signins.SignIn], error) { return x.tx.SignInsOf(t, a, p) })
}

func (x faultyTx) SignInsBefore(t policy.TenantID, a policy.AccountID, at time.Time, id signins.ID, limit int) ([]signins.SignIn, error) {
	if x.f.lie.signIns != nil {
		t, a = x.f.lie.signIns(t, a)
		x.f.lies++
	}
	return read(x, func() ([]signins.SignIn, error) { return x.tx.SignInsBefore(t, a, at, id, limit) })
}

func (x faultyTx) PurgeSignIns(t policy.TenantID, before time.Time, p store.Page) (n int, next store.Cursor, err error) {
	err = write(x, func() (err error) { n, next, err = x.tx.PurgeSignIns(t, before, p); return err })
	return n, next, err
}

func (x faultyTx) Habits(t policy.TenantID, a policy.AccountID) (signins.Habits, error) {
	if x.f.lie.habits != nil {
		t, a = x.f.lie.habits(t, a)
		x.f.lies++
	}
	return read(x, func() (signins.Habits, error) { return x.tx.Habits(t, a) })
}

func (x faultyTx) PutHabits(h signins.Habits) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutHabits(h) })
}

func (x faultyTx) DeleteSessionsOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	return read(x, func() (int, error) { return x.tx.DeleteSessionsOf(t, a, limit) })
}

func (x faultyTx) DeleteSignInsOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	return read(x, func() (int, error) { return x.tx.DeleteSignInsOf(t, a, limit) })
}

func (x faultyTx) DeleteHabits(t policy.TenantID, a policy.AccountID) error {
	return write(x, func() error { return x.tx.DeleteHabits(t, a) })
}

func (x faultyTx) AllHabits(t policy.TenantID, p store.Page) (store.List[signins.Habits], error) {
	if x.f.lie.every != nil {
		t = x.f.lie.every(t)
		x.f.lies++
	}
	return read(x, func() (store.List[signins.Habits], error) { return x.tx.AllHabits(t, p) })
}

// wholeTx is a faulty transaction that has besides what a transaction of all rooms has. What is embedded deepest
// is called last.
type (
	deep    struct{ *memstore.Tx }
	deeper  struct{ deep }
	wholeTx struct {
		faultyTx
		deeper
	}
)

func (x wholeTx) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	return read(x.faultyTx, func() (devices.Device, error) { return x.deeper.Device(t, id) })
}

func (x wholeTx) PutDevice(d devices.Device) (store.Revision, error) {
	return read(x.faultyTx, func() (store.Revision, error) { return x.deeper.PutDevice(d) })
}

// apart is a store of all rooms whose sign-ins are somewhere else.
type apart struct {
	*memstore.Store
	there *faulty
}

func (a apart) SignIns() signins.Store { return a.there }

// assembled is the room as the assembled library has it, with sign-ins in another store.
func assembled(t testing.TB, w *accounttest.World, f *faulty) signins.Room {
	t.Helper()
	var last atomic.Uint64
	ids := func() string { return "over-" + strconv.FormatUint(last.Add(1), 10) }
	app, err := myaccount.New(apart{w.DB, f}, w.Ring, myaccount.WithPolicy(policy.WithClock(w.Clock.Now), policy.WithIDs(ids)))
	require.NoError(t, err)
	return signins.Room{Service: app.SignIns, Admin: app.Admin.SignIns, Host: app.Host.SignIns}
}

// broken are devices with which something is wrong.
type broken struct{}

func (broken) Contain(signins.Tx, *policy.Op, policy.AccountID, policy.DeviceID, bool) (policy.Change, string, error) {
	return policy.Change{}, "", errStruck
}

func (broken) NoNewPassword(signins.Tx, *policy.Op, policy.AccountID) (string, error) { return "", nil }

// overWith is the room over another store than the world's own, with a way to contain devices.
func overWith(t testing.TB, w *accounttest.World, s signins.Store, d signins.OtherRooms) signins.Room {
	t.Helper()
	var last atomic.Uint64
	ids := func() string { return "over-" + strconv.FormatUint(last.Add(1), 10) }
	room, err := signins.New(policy.NewGuard(policy.WithClock(w.Clock.Now), policy.WithIDs(ids)), s, w.Ring, d)
	require.NoError(t, err)
	return room
}
