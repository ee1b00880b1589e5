package devices_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func TestAPersonSeesTheirDevicesNewestRegistrationFirst(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	for _, id := range []policy.DeviceID{"first", "second", "third"} {
		w.Device(ada, id)
		w.Clock.Advance(time.Hour)
	}
	require.Equal(t, []policy.DeviceID{"third", "second", "first"}, ids(listed(t, w, ada, devices.Query{})))
}

func TestTheOrderOfAListStaysWhileDevicesCheckIn(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	var want []policy.DeviceID
	for _, id := range []policy.DeviceID{"a", "b", "c", "d", "e", "f", "g"} {
		want = append([]policy.DeviceID{w.Device(ada, id)}, want...)
		w.Clock.Advance(time.Minute)
	}
	checkIns := []policy.DeviceID{"a", "c", "g", "b", "f", "e", "d"}
	var got []policy.DeviceID
	for _, item := range all(t, 2, func(p store.Page) (store.List[devices.Item], error) {
		w.Clock.Advance(time.Hour)
		require.NoError(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, checkIns[len(got)], devices.Activity{}))
		list, err := w.App.Devices.List(t.Context(), ada, devices.Query{Page: p})
		for _, i := range list.Items {
			got = append(got, i.ID)
		}
		return list, err
	}) {
		require.Contains(t, want, item.ID)
	}
	require.Equal(t, want, got)
}

func TestAListIsPagedWithoutGapsWhateverItLeavesOut(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	var want []policy.DeviceID
	for i := range 20 {
		id := w.Device(ada, policy.DeviceID("device-"+string(rune('a'+i))))
		if i%3 == 0 {
			w.Disable(ada, id)
		} else {
			want = append(want, id)
		}
	}
	for _, size := range []int{1, 2, 3, 7, 20} {
		require.ElementsMatch(t, want, ids(all(t, size, func(p store.Page) (store.List[devices.Item], error) {
			return w.App.Devices.List(t.Context(), ada, devices.Query{Page: p})
		})), "pages of %d", size)
	}
}

func TestACursorThatTheStoreDidNotMakeIsRefusedByName(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	forged := store.Page{After: "not/a cursor"}
	_, err := w.App.Devices.List(t.Context(), ada, devices.Query{Page: forged})
	requireInvalid(t, err, "page.after")
	_, err = w.App.Devices.RecoveryKeys(t.Context(), ada, laptop, devices.KeyQuery{Page: forged})
	requireInvalid(t, err, "page.after")
}

func TestDisabledDevicesAreListedOnRequestOnly(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("root", policy.CloudDeviceAdministrator)
	w.Device(ada, "kept")
	w.Disable(ada, w.Device(ada, "lost"))
	require.NoError(t, w.App.Admin.Devices.Disable(t.Context(), admin, w.Device(ada, "banned")))

	require.Equal(t, []policy.DeviceID{"kept"}, ids(listed(t, w, ada, devices.Query{})))
	require.ElementsMatch(t, []policy.DeviceID{"kept", "lost", "banned"}, ids(listed(t, w, ada, devices.Query{Disabled: true})))
}

func TestRemovedDevicesAreListedOnRequestOnlyAndDeletedOnesNever(t *testing.T) {
	w := accounttest.New(t)
	pat, admin := w.Person("pat", policy.Personal), w.Admin("root", policy.GlobalAdministrator)
	w.Device(pat, "kept")
	remove(t, w, pat, w.Device(pat, "sold"))
	deleteDevice(t, w, admin, w.Device(pat, "erased"))

	require.Equal(t, []policy.DeviceID{"kept"}, ids(listed(t, w, pat, devices.Query{Disabled: true})))
	require.ElementsMatch(t, []policy.DeviceID{"kept", "sold"}, ids(listed(t, w, pat, devices.Query{Disabled: true, Removed: true})))
	_, err := w.App.Devices.Get(t.Context(), pat, "erased")
	requireDenied(t, err, policy.CodeNotFound)
}

func TestARegisteredUserSeesTheDeviceAndMayNotDisableIt(t *testing.T) {
	w := accounttest.New(t)
	ada, bob, eve := w.Person("ada", policy.Work), w.Person("bob", policy.Work), w.Person("eve", policy.Work)
	w.Device(ada, "shared", func(r *devices.Registration) { r.Users = []policy.AccountID{"bob"} })

	for _, actor := range []policy.Actor{ada, bob} {
		require.Equal(t, []policy.DeviceID{"shared"}, ids(listed(t, w, actor, devices.Query{})))
	}
	require.Empty(t, listed(t, w, eve, devices.Query{}))

	item, err := w.App.Devices.Get(t.Context(), bob, "shared")
	require.NoError(t, err)
	require.True(t, item.Recognize.Allowed)
	require.Equal(t, devices.CodeNotOwner, item.Disable.Reason().Code)
	_, _, err = w.App.Devices.AskDisable(t.Context(), bob, "shared")
	requireDenied(t, err, devices.CodeNotOwner)
	requireDenied(t, w.App.Devices.Disable(t.Context(), bob, "shared", ""), devices.CodeNotOwner)
}

func TestAHybridJoinedWindows10ShowsUpForItsPrimaryUserOnly(t *testing.T) {
	w := accounttest.New(t)
	ada, bob := w.Person("ada", policy.Work), w.Person("bob", policy.Work)
	for _, c := range []struct {
		id          policy.DeviceID
		os, version string
		join        devices.JoinType
		user        bool // a registered user who is not the primary user sees it
	}{
		{"hybrid-11", "Windows", "10.0.22631", devices.HybridJoined, false},
		{"hybrid-10", "windows", "10.0.19045", devices.HybridJoined, false},
		{"hybrid-unknown", "Windows", "", devices.HybridJoined, false},
		{"hybrid-8.1", "Windows", "6.3.9600", devices.HybridJoined, true},
		{"hybrid-mac", "macOS", "14.1", devices.HybridJoined, true},
		{"joined-11", "Windows", "10.0.22631", devices.Joined, true},
		{"registered-11", "Windows", "10.0.22631", devices.Registered, true},
	} {
		t.Run(string(c.id), func(t *testing.T) {
			w := w.Fork(t)
			w.Device(ada, c.id, func(r *devices.Registration) {
				r.OS, r.OSVersion, r.Join, r.Users = c.os, c.version, c.join, []policy.AccountID{"bob"}
			})
			require.Len(t, listed(t, w, ada, devices.Query{}), 1)
			_, err := w.App.Devices.Get(t.Context(), bob, c.id)
			if c.user {
				require.NoError(t, err)
				require.Len(t, listed(t, w, bob, devices.Query{}), 1)
				return
			}
			requireDenied(t, err, policy.CodeNotFound)
			require.Empty(t, listed(t, w, bob, devices.Query{}))
			requireDenied(t, w.App.Devices.Recognize(t.Context(), bob, c.id, devices.Mine), policy.CodeNotFound)
		})
	}
}

func TestAHybridJoinedDeviceWithoutPrimaryUserIsNobodys(t *testing.T) {
	w := accounttest.New(t)
	bob := w.Person("bob", policy.Work)
	require.NoError(t, w.App.Host.Devices.Register(t.Context(), w.Host, devices.Registration{ID: "kiosk", Name: "kiosk",
		OS: "Windows", OSVersion: "10.0.22631", Join: devices.HybridJoined, Users: []policy.AccountID{"bob"}}))
	require.Empty(t, listed(t, w, bob, devices.Query{}))
	_, err := w.App.Devices.Get(t.Context(), bob, "kiosk")
	requireDenied(t, err, policy.CodeNotFound)
}

func TestSomebodyElsesDeviceAndAMissingOneAreTheSameNotFound(t *testing.T) {
	w := accounttest.New(t)
	ada, eve := w.Person("ada", policy.Work), w.Person("eve", policy.Work)
	w.Device(ada, "laptop")
	_, theirs := w.App.Devices.Get(t.Context(), eve, "laptop")
	_, missing := w.App.Devices.Get(t.Context(), eve, "no-such")
	require.ErrorIs(t, theirs, store.ErrNotFound)
	require.Empty(t, cmp.Diff(requireDenied(t, missing, policy.CodeNotFound), requireDenied(t, theirs, policy.CodeNotFound)))
	for name, act := range map[string]func(id policy.DeviceID) error{
		"recognize": func(id policy.DeviceID) error {
			return w.App.Devices.Recognize(t.Context(), eve, id, devices.Mine)
		},
		"ask": func(id policy.DeviceID) error {
			_, _, err := w.App.Devices.AskDisable(t.Context(), eve, id)
			return err
		},
		"disable": func(id policy.DeviceID) error { return w.App.Devices.Disable(t.Context(), eve, id, "yes") },
	} {
		require.Empty(t, cmp.Diff(requireDenied(t, act("no-such"), policy.CodeNotFound), requireDenied(t, act("laptop"), policy.CodeNotFound)), name)
	}
}

func TestTheSameIdsInAnotherTenantAreOtherDevices(t *testing.T) {
	w := accounttest.New(t)
	w.Tenant("fabrikam")
	here, there := w.Person("ada", policy.Work), w.PersonIn("fabrikam", "ada", policy.Work)
	w.Device(here, "laptop", func(r *devices.Registration) { r.Name = "here" })
	w.Device(there, "laptop", func(r *devices.Registration) { r.Name = "there" })
	w.Key(accounttest.Tenant, "laptop", "key", 1)
	password := w.Key("fabrikam", "laptop", "key", 2)

	w.Disable(here, "laptop")
	items := listed(t, w, there, devices.Query{})
	require.Len(t, items, 1)
	require.Equal(t, "there", items[0].Name)
	require.Equal(t, devices.Enabled, items[0].State)
	key, err := w.App.Devices.Reveal(t.Context(), there, "key")
	require.NoError(t, err)
	require.Equal(t, password, key.Reveal())
	require.True(t, storedKey(t, w.DB, accounttest.Tenant, "key").RevealedAt.IsZero())
}

func TestADeviceIsShownWithoutWhatOtherUsersSaid(t *testing.T) {
	w := accounttest.New(t)
	ada, bob := w.Person("ada", policy.Work), w.Person("bob", policy.Work)
	w.Device(ada, "shared", func(r *devices.Registration) { r.Users = []policy.AccountID{"bob"} })
	require.NoError(t, w.App.Devices.Recognize(t.Context(), bob, "shared", devices.NotRecognized))

	item, err := w.App.Devices.Get(t.Context(), ada, "shared")
	require.NoError(t, err)
	require.Equal(t, devices.Unsaid, item.Recognition)
	require.Empty(t, item.Users)
	item, err = w.App.Devices.Get(t.Context(), bob, "shared")
	require.NoError(t, err)
	require.Equal(t, devices.NotRecognized, item.Recognition)
	require.True(t, item.NeedsAttention())
}

func TestAPersonMarksADeviceAsTheirsOrAsNotRecognized(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	for _, said := range []devices.Recognition{devices.NotRecognized, devices.Mine} {
		e := only(t, w, func() { require.NoError(t, w.App.Devices.Recognize(t.Context(), ada, laptop, said)) })
		require.Equal(t, "Update device", e.Activity)
		require.Equal(t, said.String(), fact(e.Facts, "recognition"))
		item, err := w.App.Devices.Get(t.Context(), ada, laptop)
		require.NoError(t, err)
		require.Equal(t, said, item.Recognition)
		require.Equal(t, devices.Enabled, item.State, "recognizing changes nothing else")
		require.Equal(t, said == devices.NotRecognized, item.NeedsAttention())
	}
	requireInvalid(t, w.App.Devices.Recognize(t.Context(), ada, laptop, devices.NotRecognized+1), "recognition")
	requireInvalid(t, w.App.Devices.Recognize(t.Context(), ada, laptop, devices.Unsaid), "recognition")
}

func TestADeviceCountsAsUnusedAfterMoreThan90Days(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	unused := func() bool {
		item, err := w.App.Devices.Get(t.Context(), ada, laptop)
		require.NoError(t, err)
		require.Equal(t, item.Unused, item.NeedsAttention())
		return item.Unused
	}
	w.Clock.Advance(90 * day)
	require.False(t, unused(), "at 90 days to the moment")
	w.Clock.Advance(time.Microsecond)
	require.True(t, unused(), "a moment later")
	require.NoError(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, laptop, devices.Activity{}))
	require.False(t, unused(), "after checking in")

	set(t, w, devices.UnusedDays, 7)
	w.Clock.Advance(7 * day)
	require.False(t, unused())
	w.Clock.Advance(time.Microsecond)
	require.True(t, unused())
}

func TestADeviceThatNeverSignedInIsUnusedCountingFromItsRegistration(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	editDevice(t, w.DB, accounttest.Tenant, laptop, func(d *devices.Device) { d.LastSignInAt = time.Time{} })
	for _, wait := range []time.Duration{90 * day, time.Microsecond} {
		w.Clock.Advance(wait)
		item, err := w.App.Devices.Get(t.Context(), ada, laptop)
		require.NoError(t, err)
		require.Equal(t, wait == time.Microsecond, item.Unused)
	}
}

func TestADisabledDeviceNeedsNoAttention(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	require.NoError(t, w.App.Devices.Recognize(t.Context(), ada, laptop, devices.NotRecognized))
	w.Disable(ada, laptop)
	items := listed(t, w, ada, devices.Query{Disabled: true})
	require.Len(t, items, 1)
	require.False(t, items[0].NeedsAttention())
}

func TestGuestsHaveNoDeviceRights(t *testing.T) {
	w := accounttest.New(t)
	ada, guest := w.Person("ada", policy.Work), w.Person("gus", policy.Guest)
	w.Device(ada, "shared", func(r *devices.Registration) { r.Users = []policy.AccountID{"gus"} })
	_, err := w.App.Devices.List(t.Context(), guest, devices.Query{})
	requireDenied(t, err, policy.CodeAccountKind)
	_, err = w.App.Devices.Get(t.Context(), guest, "shared")
	requireDenied(t, err, policy.CodeAccountKind)
	requireDenied(t, w.App.Devices.Recognize(t.Context(), guest, "shared", devices.Mine), policy.CodeAccountKind)
	requireDenied(t, w.App.Devices.Disable(t.Context(), guest, "shared", ""), policy.CodeAccountKind)
	_, err = w.App.Devices.RecoveryKeys(t.Context(), guest, "shared", devices.KeyQuery{})
	requireDenied(t, err, policy.CodeAccountKind)
}

func TestReadingLeavesNoEvent(t *testing.T) {
	w := accounttest.New(t)
	ada, eve := w.Person("ada", policy.Work), w.Person("eve", policy.Work)
	laptop := w.Device(ada, "laptop")
	w.Key(accounttest.Tenant, laptop, "key", 1)
	require.Empty(t, during(t, w, func() {
		for _, actor := range []policy.Actor{ada, eve, {}} {
			// The answers are the matter of other tests; here refused reads count as reads.
			_, _ = w.App.Devices.List(t.Context(), actor, devices.Query{})
			_, _ = w.App.Devices.Get(t.Context(), actor, laptop)
			_, _ = w.App.Devices.RecoveryKeys(t.Context(), actor, laptop, devices.KeyQuery{})
			_, _, _ = w.App.Devices.AskDisable(t.Context(), actor, laptop)
			_, _ = w.App.Devices.Can(t.Context(), actor, devices.RevealKey, "key")
		}
	}))
}
