package devices_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// What the tests of this package share: short words for what an operation answered, and for looking and
// reaching into the store behind the room's back.

const day = 24 * time.Hour

// reporter is a test, or a try of a property.
type reporter interface {
	require.TestingT
	Helper()
}

// notARefusal stands for an error that is none.
const notARefusal policy.Code = "not a refusal"

// codeOf is the reason's code of a refusal; empty for no error, [notARefusal] for any other error.
func codeOf(err error) policy.Code {
	var denied *policy.Denied
	switch {
	case err == nil:
		return ""
	case errors.As(err, &denied):
		return denied.Reason().Code
	}
	return notARefusal
}

// requireDenied wants err to be a refusal with this code, and with words for the person.
func requireDenied(t reporter, err error, want policy.Code) policy.Denied {
	t.Helper()
	var denied *policy.Denied
	require.ErrorAs(t, err, &denied)
	require.Equal(t, want, denied.Reason().Code, "%v", err)
	require.False(t, denied.Allowed)
	require.NotEmpty(t, denied.Message())
	return *denied
}

// requireInvalid wants err to be about malformed input in this field, and gives what it says.
func requireInvalid(t reporter, err error, field string) string {
	t.Helper()
	var invalid *policy.Invalid
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, field, invalid.Field, "%v", err)
	return invalid.Problem
}

// ids are the ids of a list of devices, in their order.
func ids(items []devices.Item) []policy.DeviceID {
	var out []policy.DeviceID
	for _, i := range items {
		out = append(out, i.ID)
	}
	return out
}

// keyIDs are the ids of a list of keys, in their order.
func keyIDs(items []devices.KeyInfo) []devices.KeyID {
	var out []devices.KeyID
	for _, k := range items {
		out = append(out, k.ID)
	}
	return out
}

// listed is the first page of a person's devices.
func listed(t testing.TB, w *accounttest.World, actor policy.Actor, q devices.Query) []devices.Item {
	t.Helper()
	list, err := w.App.Devices.List(t.Context(), actor, q)
	require.NoError(t, err)
	return list.Items
}

// keysOf is the first page of what a person may know of a device's keys.
func keysOf(t testing.TB, w *accounttest.World, actor policy.Actor, id policy.DeviceID) []devices.KeyInfo {
	t.Helper()
	list, err := w.App.Devices.RecoveryKeys(t.Context(), actor, id, devices.KeyQuery{})
	require.NoError(t, err)
	return list.Items
}

// during are the events that fn left in the world's tenant. A refusal that was counted into an older event
// is among them.
func during(t testing.TB, w *accounttest.World, fn func()) []policy.Event {
	t.Helper()
	last := lastEvent(w, accounttest.Tenant)
	fn()
	return newer(w, last, accounttest.Tenant)
}

// lastEvent is the number of the last event in some tenants. memstore numbers those of all tenants in one
// sequence.
func lastEvent(w *accounttest.World, tenants ...policy.TenantID) uint64 {
	var last uint64
	for _, e := range newer(w, 0, tenants...) {
		last = max(last, e.Seq)
	}
	return last
}

// newer are the events after the one with a number.
func newer(w *accounttest.World, last uint64, tenants ...policy.TenantID) []policy.Event {
	var out []policy.Event
	for _, t := range tenants {
		for _, e := range w.Events(t) {
			if e.Seq > last {
				out = append(out, e)
			}
		}
	}
	return out
}

// only is the one event that fn left.
func only(t testing.TB, w *accounttest.World, fn func()) policy.Event {
	t.Helper()
	events := during(t, w, fn)
	require.Len(t, events, 1)
	return events[0]
}

// fact is what an event or preview says under a name.
func fact(facts []policy.Fact, name string) string {
	for _, f := range facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// set puts one of a tenant's settings where it belongs.
func set(t testing.TB, w *accounttest.World, of policy.Setting, value int) {
	t.Helper()
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, of, value))
}

// editDevice changes a stored device behind the room's back.
func editDevice(t testing.TB, db *memstore.Store, tenant policy.TenantID, id policy.DeviceID, edit func(*devices.Device)) {
	t.Helper()
	require.NoError(t, db.Devices().Update(t.Context(), func(tx devices.Tx) error {
		d, err := tx.Device(tenant, id)
		if err != nil {
			return err
		}
		edit(&d)
		_, err = tx.PutDevice(d)
		return err
	}))
}

// editKey changes a stored recovery key behind the room's back.
func editKey(t testing.TB, db *memstore.Store, tenant policy.TenantID, id devices.KeyID, edit func(*devices.RecoveryKey)) {
	t.Helper()
	require.NoError(t, db.Devices().Update(t.Context(), func(tx devices.Tx) error {
		k, err := tx.RecoveryKey(tenant, id)
		if err != nil {
			return err
		}
		edit(&k)
		_, err = tx.PutRecoveryKey(k)
		return err
	}))
}

// storedKey reads a recovery key as it rests.
func storedKey(t testing.TB, db *memstore.Store, tenant policy.TenantID, id devices.KeyID) devices.RecoveryKey {
	t.Helper()
	var k devices.RecoveryKey
	require.NoError(t, db.Devices().View(t.Context(), func(tx devices.Tx) (err error) {
		k, err = tx.RecoveryKey(tenant, id)
		return err
	}))
	return k
}

// What the tests of all rooms share.
var (
	rows        = testkit.Rows
	saved       = testkit.Saved
	requireSame = testkit.RequireSame
	together    = testkit.Together
)

// over is the room over another store than the world's own, or another sealer.
func over(t testing.TB, w *accounttest.World, s devices.Store, sealer secret.Sealer) devices.Room {
	t.Helper()
	var last atomic.Uint64
	ids := func() string { return "over-" + strconv.FormatUint(last.Add(1), 10) }
	room, err := devices.New(policy.NewGuard(policy.WithClock(w.Clock.Now), policy.WithIDs(ids)), s, sealer)
	require.NoError(t, err)
	return room
}

// cancelled is a context that has ended.
func cancelled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// all reads a list to its end, page by page of one size.
func all[R any](t testing.TB, size int, page func(store.Page) (store.List[R], error)) []R {
	t.Helper()
	var out []R
	for p := (store.Page{Size: size}); ; {
		list, err := page(p)
		require.NoError(t, err)
		require.LessOrEqual(t, len(list.Items), size)
		out = append(out, list.Items...)
		if p.After = list.Next; p.After == "" {
			return out
		}
	}
}
