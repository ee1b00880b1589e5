package devices_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
)

// registration is a well-formed registration for ada; edit makes it another.
func registration(id policy.DeviceID, edit ...func(*devices.Registration)) devices.Registration {
	r := devices.Registration{ID: id, Owner: "ada", Name: "laptop", OS: "Windows", OSVersion: "10.0.22631", Join: devices.Joined}
	for _, e := range edit {
		e(&r)
	}
	return r
}

func TestARegisteredDeviceIsItsOwnersAndEnabled(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.Person("bob", policy.Work)
	e := only(t, w, func() {
		require.NoError(t, w.App.Host.Devices.Register(t.Context(), w.Host, registration("laptop", func(r *devices.Registration) {
			r.Users = []policy.AccountID{"bob", "ada", "bob"}
			r.Model, r.Compliant, r.Managed = "Model 1", devices.Yes, devices.No
		})))
	})
	require.Equal(t, "Register device", e.Activity)
	require.Equal(t, policy.AccountID("ada"), e.Account)
	require.True(t, e.Notify)

	admin := w.Admin("root", policy.GlobalReader)
	d, err := w.App.Admin.Devices.Get(t.Context(), admin, "laptop")
	require.NoError(t, err)
	require.Equal(t, devices.Device{Tenant: accounttest.Tenant, ID: "laptop", Owner: "ada",
		Users: []devices.User{{Account: "ada"}, {Account: "bob"}},
		Name:  "laptop", OS: "Windows", OSVersion: "10.0.22631", Model: "Model 1", Join: devices.Joined,
		Profile: devices.RegisteredDevice, Compliant: devices.Yes, Managed: devices.No, State: devices.Enabled,
		RegisteredAt: w.Clock.Now(), LastSignInAt: w.Clock.Now(), Revision: e.Revision}, d)
	item, err := w.App.Devices.Get(t.Context(), ada, "laptop")
	require.NoError(t, err)
	require.Equal(t, policy.Decision{Action: devices.Disable, Allowed: true}, item.Disable)
}

func TestAnIdThatIsInUseOrEverWasIsRefused(t *testing.T) {
	w := accounttest.New(t)
	pat, admin := w.Person("pat", policy.Personal), w.Admin("root", policy.GlobalAdministrator)
	w.Device(pat, "used")
	w.Disable(pat, w.Device(pat, "disabled"))
	require.NoError(t, w.App.Admin.Devices.Disable(t.Context(), admin, w.Device(pat, "banned")))
	remove(t, w, pat, w.Device(pat, "removed"))
	deleteDevice(t, w, admin, w.Device(pat, "deleted"))
	w.Person("ada", policy.Work)
	for id, want := range map[policy.DeviceID]policy.Code{"used": devices.CodeIDInUse, "disabled": devices.CodeIDSpent,
		"banned": devices.CodeIDSpent, "removed": devices.CodeIDSpent, "deleted": devices.CodeIDSpent} {
		before := rows(t, w.DB)
		e := only(t, w, func() {
			requireDenied(t, w.App.Host.Devices.Register(t.Context(), w.Host, registration(id)), want)
		})
		require.Equal(t, policy.Refused, e.Outcome, "a host's refusals stand among the tenant's events")
		require.Empty(t, e.Account)
		requireDenied(t, w.App.Admin.Devices.Register(t.Context(), admin, registration(id)), want)
		requireSame(t, before, rows(t, w.DB))
	}
}

func TestAMalformedRegistrationIsRefusedWithTheFieldNamed(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	for field, edit := range map[string]func(*devices.Registration){
		"device":    func(r *devices.Registration) { r.ID = "a\x00b" },
		"owner":     func(r *devices.Registration) { r.Owner = "ada\n" },
		"users":     func(r *devices.Registration) { r.Users = []policy.AccountID{""} },
		"name":      func(r *devices.Registration) { r.Name = "lap\u202etop" },
		"os":        func(r *devices.Registration) { r.OS = strings.Repeat("w", devices.MaxText+1) },
		"osVersion": func(r *devices.Registration) { r.OSVersion = "\xff" },
		"model":     func(r *devices.Registration) { r.Model = "a\r\nb" },
		"join":      func(r *devices.Registration) { r.Join = 0 },
		"profile":   func(r *devices.Registration) { r.Profile = devices.IoT + 1 },
		"compliant": func(r *devices.Registration) { r.Compliant = devices.No + 1 },
		"managed":   func(r *devices.Registration) { r.Managed = devices.No + 1 },
	} {
		t.Run(field, func(t *testing.T) {
			w := w.Fork(t)
			before := saved(t, w.DB)
			requireInvalid(t, w.App.Host.Devices.Register(t.Context(), w.Host, registration("laptop", edit)), field)
			requireSame(t, before, saved(t, w.DB))
		})
	}
	requireInvalid(t, w.App.Host.Devices.Register(t.Context(), w.Host, registration("", nil...)), "device")
	requireInvalid(t, w.App.Host.Devices.Register(t.Context(), w.Host,
		registration("laptop", func(r *devices.Registration) { r.Owner = "" })), "owner")
	crowd := func(n int) func(*devices.Registration) {
		return func(r *devices.Registration) {
			for i := range n {
				r.Users = append(r.Users, policy.AccountID(fmt.Sprintf("user-%d", i)))
			}
		}
	}
	for i := range devices.MaxUsers {
		w.Person(policy.AccountID(fmt.Sprintf("user-%d", i)), policy.Work)
	}
	requireInvalid(t, w.App.Host.Devices.Register(t.Context(), w.Host, registration("laptop", crowd(devices.MaxUsers+1))), "users")
	require.NoError(t, w.App.Host.Devices.Register(t.Context(), w.Host, registration("laptop", crowd(devices.MaxUsers))))
	require.NoError(t, w.App.Host.Devices.Register(t.Context(), w.Host, registration("second", func(r *devices.Registration) {
		r.Name = strings.Repeat("ü", devices.MaxText)
	})), "the bound is in characters")
}

func TestAnOwnerWhoCannotHaveDevicesIsRefused(t *testing.T) {
	w := accounttest.New(t)
	w.Person("gus", policy.Guest)
	for account, state := range map[policy.AccountID]policy.State{"dora": policy.Disabled, "cleo": policy.Closed} {
		w.Person(account, policy.Work)
		require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, account, state))
	}
	for _, owner := range []policy.AccountID{"gus", "dora", "cleo", "nobody"} {
		err := w.App.Host.Devices.Register(t.Context(), w.Host, registration("laptop", func(r *devices.Registration) { r.Owner = owner }))
		requireDenied(t, err, devices.CodeOwnerCannot)
	}
}

func TestTheDeviceLimitIs50AndUpTo100OrNone(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	next := 0
	register := func(edit ...func(*devices.Registration)) error {
		next++
		return w.App.Host.Devices.Register(t.Context(), w.Host, registration(policy.DeviceID(fmt.Sprint("device-", next)), edit...))
	}
	fill := func(n int) {
		for range n {
			require.NoError(t, register())
		}
		requireDenied(t, register(), devices.CodeDeviceLimit)
	}
	fill(50)
	require.NoError(t, register(func(r *devices.Registration) { r.Join = devices.HybridJoined }), "hybrid joined ones are not counted")
	w.Person("bob", policy.Work)
	require.NoError(t, register(func(r *devices.Registration) { r.Owner, r.Users = "bob", []policy.AccountID{"ada"} }), "nor those of others")
	w.Disable(ada, "device-1")
	requireDenied(t, register(), devices.CodeDeviceLimit)

	set(t, w, devices.MaxDevices, 100)
	fill(50)
	set(t, w, devices.MaxDevices, policy.Unlimited)
	require.NoError(t, register())
	for _, beyond := range []int{0, 101, -2} {
		requireInvalid(t, w.App.Admin.Policy.Set(t.Context(), w.Host, devices.MaxDevices, beyond), "devices.max-per-account")
	}
}

func TestARemovedDeviceMakesRoomForAnother(t *testing.T) {
	w := accounttest.New(t)
	pat := w.Person("pat", policy.Personal)
	set(t, w, devices.MaxDevices, 1)
	w.Device(pat, "old")
	fresh := registration("new", func(r *devices.Registration) { r.Owner = "pat" })
	requireDenied(t, w.App.Host.Devices.Register(t.Context(), w.Host, fresh), devices.CodeDeviceLimit)
	remove(t, w, pat, "old")
	require.NoError(t, w.App.Host.Devices.Register(t.Context(), w.Host, fresh))
}

func TestACheckInNotesActivityComplianceAndVersion(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	w.Clock.Advance(day)
	require.Empty(t, during(t, w, func() {
		require.NoError(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, laptop, devices.Activity{OSVersion: "10.0.26100"}))
	}), "telemetry leaves no event")
	item, err := w.App.Devices.Get(t.Context(), ada, laptop)
	require.NoError(t, err)
	require.Equal(t, w.Clock.Now(), item.LastSignInAt)
	require.Equal(t, "10.0.26100", item.OSVersion)
	require.Equal(t, []devices.Answer{devices.Yes, devices.Yes}, []devices.Answer{item.Compliant, item.Managed}, "what it does not say stays")

	events := during(t, w, func() {
		require.NoError(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, laptop, devices.Activity{Compliant: devices.No, Managed: devices.No}))
	})
	require.Len(t, events, 2)
	require.Equal(t, []string{"Device no longer compliant", "Device no longer managed"}, []string{events[0].Activity, events[1].Activity})
	require.Empty(t, during(t, w, func() {
		require.NoError(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, laptop, devices.Activity{Compliant: devices.No}))
	}), "it was told once")
}

func TestADevicesClockDecidesNothingAboutTheFuture(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	registered := w.Clock.Now()
	for at, want := range map[time.Time]time.Time{
		registered.Add(1000 * day): registered,                    // not active in three years
		registered.Add(-day):       registered,                    // nor less active than known
		registered.Add(time.Hour):  registered.Add(time.Hour),     // in an hour
		{}:                         registered.Add(2 * time.Hour), // now
	} {
		w := w.Fork(t)
		if want.After(registered) {
			w.Clock.Advance(2 * time.Hour)
		}
		require.NoError(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, laptop, devices.Activity{At: at}))
		item, err := w.App.Devices.Get(t.Context(), ada, laptop)
		require.NoError(t, err)
		require.Equal(t, want, item.LastSignInAt)
	}
}

func TestACheckInOfADeviceThatMayNotSignInChangesNothing(t *testing.T) {
	w := accounttest.New(t)
	pat, admin := w.Person("pat", policy.Personal), w.Admin("root", policy.IntuneAdministrator)
	w.Disable(pat, w.Device(pat, "disabled"))
	remove(t, w, pat, w.Device(pat, "removed"))
	deleteDevice(t, w, admin, w.Device(pat, "deleted"))
	for id, want := range map[policy.DeviceID]policy.Code{"disabled": devices.CodeSignInDisabled, "removed": devices.CodeGone,
		"deleted": policy.CodeNotFound, "no-such": policy.CodeNotFound} {
		before := rows(t, w.DB)
		requireDenied(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, id, devices.Activity{OSVersion: "11"}), want)
		requireSame(t, before, rows(t, w.DB))
		requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, id), want)
	}
	requireInvalid(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, "disabled", devices.Activity{Compliant: devices.No + 1}), "compliant")
}
