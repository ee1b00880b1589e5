package signins_test

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
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
	return read(x, func() (signins.SignIn, error) { return x.Tx.SignIn(t, a, id) })
}

func (x faultyTx) PutSignIn(s signins.SignIn) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.Tx.PutSignIn(s) })
}

func (x faultyTx) SignInsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[signins.SignIn], error) {
	if x.f.lie.signIns != nil {
		t, a = x.f.lie.signIns(t, a)
		x.f.lies++
	}
	return read(x, func() (store.List[signins.SignIn], error) { return x.Tx.SignInsOf(t, a, p) })
}

func (x faultyTx) PurgeSignIns(t policy.TenantID, before time.Time, limit int) (int, error) {
	return read(x, func() (int, error) { return x.Tx.PurgeSignIns(t, before, limit) })
}

func (x faultyTx) Habits(t policy.TenantID, a policy.AccountID) (signins.Habits, error) {
	if x.f.lie.habits != nil {
		t, a = x.f.lie.habits(t, a)
		x.f.lies++
	}
	return read(x, func() (signins.Habits, error) { return x.Tx.Habits(t, a) })
}

func (x faultyTx) PutHabits(h signins.Habits) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.Tx.PutHabits(h) })
}

// devicesToo reaches devices through a faulty transaction, as the assembled library does through a whole one.
type devicesToo struct{}

func (devicesToo) Contain(tx signins.Tx, op *policy.Op, account policy.AccountID, id policy.DeviceID, disable bool) (policy.Change, string, error) {
	x := tx.(faultyTx)
	return devices.Contain(faultyDevices{x.Tx.(devices.Tx), x}, op, account, id, disable)
}

type faultyDevices struct {
	devices.Tx
	x faultyTx
}

func (d faultyDevices) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	return read(d.x, func() (devices.Device, error) { return d.Tx.Device(t, id) })
}

func (d faultyDevices) PutDevice(dev devices.Device) (store.Revision, error) {
	return read(d.x, func() (store.Revision, error) { return d.Tx.PutDevice(dev) })
}

// overWith is the room over another store than the world's own, with a way to contain devices.
func overWith(t testing.TB, w *accounttest.World, s signins.Store, d signins.Devices) signins.Room {
	t.Helper()
	var last atomic.Uint64
	ids := func() string { return "over-" + strconv.FormatUint(last.Add(1), 10) }
	room, err := signins.New(policy.NewGuard(policy.WithClock(w.Clock.Now), policy.WithIDs(ids)), s, w.Ring, d)
	require.NoError(t, err)
	return room
}
