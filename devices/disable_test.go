package devices_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// remove takes a device off a personal account as its owner does: asks, and says Yes.
func remove(t testing.TB, w *accounttest.World, owner policy.Actor, id policy.DeviceID) {
	t.Helper()
	_, yes, err := w.App.Devices.AskRemove(t.Context(), owner, id)
	require.NoError(t, err)
	require.NoError(t, w.App.Devices.Remove(t.Context(), owner, id, yes))
}

func TestDisablingIsEffectiveAtOnce(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	onLaptop := ada.On(laptop)
	require.NoError(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, laptop))
	_, err := w.App.Devices.List(t.Context(), onLaptop, devices.Query{})
	require.NoError(t, err)

	e := only(t, w, func() { w.Disable(ada, laptop) })

	require.Equal(t, policy.Event{Tenant: accounttest.Tenant, Account: "ada", Seq: e.Seq, Operation: e.Operation,
		At: w.Clock.Now(), By: ada.Principal(), Action: devices.Disable, Activity: "Update device", Category: "Device",
		Target: policy.On("device", laptop), Facts: []policy.Fact{{Name: "name", Value: "laptop"}, {Name: "state", Value: "disabled-by-user"}},
		Outcome: policy.Succeeded, Count: 1, First: w.Clock.Now(), Revision: e.Revision, Notify: true}, e)
	requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, laptop), devices.CodeSignInDisabled)
	requireDenied(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, laptop, devices.Activity{}), devices.CodeSignInDisabled)
	_, err = w.App.Devices.List(t.Context(), onLaptop, devices.Query{})
	requireDenied(t, err, policy.CodeDeviceDisabled)

	item, err := w.App.Devices.Get(t.Context(), ada, laptop)
	require.NoError(t, err)
	require.Equal(t, devices.DisabledByUser, item.State)
	require.Equal(t, ada.Principal(), item.DisabledBy)
	require.Equal(t, w.Clock.Now(), item.DisabledAt)
	require.Equal(t, e.Revision, item.Revision)
}

func TestDisablingWithoutAYesGivesThePreviewInstead(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	preview, yes, err := w.App.Devices.AskDisable(t.Context(), ada, laptop)
	require.NoError(t, err)
	require.NotEmpty(t, yes)
	require.True(t, slices.ContainsFunc(preview.Consequences, func(s string) bool { return strings.Contains(s, "cannot undo") }))

	for _, c := range []struct {
		yes  policy.Confirmation
		want policy.Code
	}{{"", policy.CodeConfirmationMissing}, {"yes", policy.CodeConfirmationStale}, {yes + "x", policy.CodeConfirmationStale}} {
		e := only(t, w, func() {
			denied := requireDenied(t, w.App.Devices.Disable(t.Context(), ada, laptop, c.yes), c.want)
			require.Empty(t, cmp.Diff(&preview, denied.Preview))
			require.Equal(t, yes, denied.Confirm)
		})
		require.Equal(t, policy.Refused, e.Outcome)
		require.Equal(t, c.want, e.Reason)
	}
	require.NoError(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, laptop), "nothing happened")
	require.NoError(t, w.App.Devices.Disable(t.Context(), ada, laptop, yes))
}

func TestAYesIsForOnePersonOneActionAndOneDevice(t *testing.T) {
	w := accounttest.New(t)
	pat, bob := w.Person("pat", policy.Personal), w.Person("bob", policy.Work)
	w.Device(pat, "one")
	w.Device(pat, "two", func(r *devices.Registration) { r.Name = "one" })
	w.Device(bob, "bobs", func(r *devices.Registration) { r.Name = "one" })
	_, toDisable, err := w.App.Devices.AskDisable(t.Context(), pat, "one")
	require.NoError(t, err)
	_, toRemove, err := w.App.Devices.AskRemove(t.Context(), pat, "one")
	require.NoError(t, err)

	requireDenied(t, w.App.Devices.Disable(t.Context(), pat, "two", toDisable), policy.CodeConfirmationStale)
	requireDenied(t, w.App.Devices.Disable(t.Context(), bob, "bobs", toDisable), policy.CodeConfirmationStale)
	requireDenied(t, w.App.Devices.Disable(t.Context(), pat, "one", toRemove), policy.CodeConfirmationStale)
	requireDenied(t, w.App.Devices.Remove(t.Context(), pat, "one", toDisable), policy.CodeConfirmationStale)
	require.NoError(t, w.App.Devices.Disable(t.Context(), pat, "one", toDisable))
}

func TestACheckInBetweenAskingAndDisablingSpoilsNothing(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	_, yes, err := w.App.Devices.AskDisable(t.Context(), ada, laptop)
	require.NoError(t, err)
	w.Clock.Advance(time.Hour)
	require.NoError(t, w.App.Host.Devices.CheckIn(t.Context(), w.Host, laptop, devices.Activity{OSVersion: "10.0.26100", Compliant: devices.No}))
	require.NoError(t, w.App.Devices.Disable(t.Context(), w.SignIn(ada), laptop, yes))
}

func TestAYesIsStaleOnceWhatWasShownHasChanged(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("root", policy.GlobalAdministrator)
	w.Person("bob", policy.Work)
	for name, change := range map[string]func(*devices.Device){
		"name":  func(d *devices.Device) { d.Name = "renamed" },
		"owner": func(d *devices.Device) { d.Owner = "bob" },
		"join":  func(d *devices.Device) { d.Join = devices.HybridJoined },
	} {
		t.Run(name, func(t *testing.T) {
			w := w.Fork(t)
			laptop := w.Device(ada, "laptop")
			_, yes, err := w.App.Devices.AskDisable(t.Context(), ada, laptop)
			require.NoError(t, err)
			_, yesDelete, err := w.App.Admin.Devices.AskDelete(t.Context(), admin, laptop)
			require.NoError(t, err)
			editDevice(t, w.DB, accounttest.Tenant, laptop, change)

			want := policy.CodeConfirmationStale
			if name == "owner" {
				want = devices.CodeNotOwner // still a registered user, but the device is another's now
			}
			requireDenied(t, w.App.Devices.Disable(t.Context(), ada, laptop, yes), want)
			denied := requireDenied(t, w.App.Admin.Devices.Delete(t.Context(), admin, laptop, yesDelete), policy.CodeConfirmationStale)
			require.NoError(t, w.App.Admin.Devices.Delete(t.Context(), admin, laptop, denied.Confirm), "the refusal carries the new preview's Yes")
		})
	}
}

func TestDisablingTwiceIsRefusedAndNotASuccessThatChangedNothing(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	_, yes, err := w.App.Devices.AskDisable(t.Context(), ada, laptop)
	require.NoError(t, err)
	require.NoError(t, w.App.Devices.Disable(t.Context(), ada, laptop, yes))
	before := rows(t, w.DB)
	denied := requireDenied(t, w.App.Devices.Disable(t.Context(), ada, laptop, yes), devices.CodeAlreadyDisabled)
	require.Equal(t, policy.AskAdministrator, denied.Reason().Remedy)
	requireSame(t, before, rows(t, w.DB))
	_, _, err = w.App.Devices.AskDisable(t.Context(), ada, laptop)
	requireDenied(t, err, devices.CodeAlreadyDisabled)
}

func TestPrintersCannotBeEnabledDisabledRemovedOrDeletedHere(t *testing.T) {
	w := accounttest.New(t)
	pat, admin := w.Person("pat", policy.Personal), w.Admin("root", policy.GlobalAdministrator)
	printer := w.Device(pat, "printer", func(r *devices.Registration) { r.Profile = devices.Printer })
	requireDenied(t, w.App.Devices.Disable(t.Context(), pat, printer, ""), devices.CodePrinter)
	requireDenied(t, w.App.Devices.Remove(t.Context(), pat, printer, ""), devices.CodePrinter)
	requireDenied(t, w.App.Admin.Devices.Enable(t.Context(), admin, printer), devices.CodePrinter)
	requireDenied(t, w.App.Admin.Devices.Disable(t.Context(), admin, printer), devices.CodePrinter)
	requireDenied(t, w.App.Admin.Devices.Delete(t.Context(), admin, printer, ""), devices.CodePrinter)
}

func TestAnAdministratorsLockComesBeforeTheStateOfTheDevice(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	w.Disable(ada, laptop)
	require.NoError(t, w.App.Admin.Policy.SetContact(t.Context(), w.Host, "the help desk"))
	for _, c := range []struct {
		access policy.Access
		want   policy.Code
	}{{policy.ReadOnly, policy.CodeAreaReadOnly}, {policy.Off, policy.CodeAreaOff}} {
		require.NoError(t, w.App.Admin.Policy.SetAccess(t.Context(), w.Host, devices.AreaDevices, c.access))
		denied := requireDenied(t, w.App.Devices.Disable(t.Context(), ada, laptop, ""), c.want)
		require.Equal(t, devices.AreaDevices, policy.Area(denied.Reason().What))
		require.Contains(t, denied.Error(), "the help desk")
		_, err := w.App.Devices.List(t.Context(), ada, devices.Query{})
		require.Equal(t, c.access == policy.Off, err != nil, "ReadOnly shows, Off does not")
	}
}

func TestDisablingAHybridJoinedDeviceTellsThatItsDirectoryMayEnableItAgain(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop", func(r *devices.Registration) { r.Join = devices.HybridJoined })
	preview, yes, err := w.App.Devices.AskDisable(t.Context(), ada, laptop)
	require.NoError(t, err)
	require.Equal(t, "true", fact(preview.Facts, "hybridJoined"))
	require.True(t, slices.ContainsFunc(preview.Consequences, func(s string) bool { return strings.Contains(s, "may enable it again at the next sync") }))
	require.NoError(t, w.App.Devices.Disable(t.Context(), ada, laptop, yes))

	sync := policy.Host("directory-sync", accounttest.Tenant)
	e := only(t, w, func() { require.NoError(t, w.App.Admin.Devices.Enable(t.Context(), sync, laptop)) })
	require.Equal(t, policy.Principal{Kind: policy.HostPrincipal, ID: "directory-sync"}, e.By)
	require.Equal(t, policy.AccountID("ada"), e.Account)
	require.True(t, e.Notify)
}

func TestDisablingTheDeviceInHandTellsSo(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	away, _, err := w.App.Devices.AskDisable(t.Context(), ada, laptop)
	require.NoError(t, err)
	here, yes, err := w.App.Devices.AskDisable(t.Context(), ada.On(laptop), laptop)
	require.NoError(t, err)
	require.Len(t, here.Consequences, len(away.Consequences)+1)
	require.NoError(t, w.App.Devices.Disable(t.Context(), ada.On(laptop), laptop, yes))
	requireDenied(t, w.App.Devices.Disable(t.Context(), ada.On(laptop), laptop, yes), policy.CodeDeviceDisabled)
}

func TestOnlyPersonalAccountsRemoveDevices(t *testing.T) {
	w := accounttest.New(t)
	ada, pat := w.Person("ada", policy.Work), w.Person("pat", policy.Personal)
	w.Device(ada, "laptop")
	_, _, err := w.App.Devices.AskRemove(t.Context(), ada, "laptop")
	requireDenied(t, err, policy.CodeAccountKind)
	requireDenied(t, w.App.Devices.Remove(t.Context(), ada, "laptop", ""), policy.CodeAccountKind)

	w.Device(pat, "tablet")
	requireDenied(t, w.App.Devices.Remove(t.Context(), pat, "tablet", ""), policy.CodeConfirmationMissing)
	e := only(t, w, func() { remove(t, w, pat, "tablet") })
	require.Equal(t, "Unregister device", e.Activity)
	require.True(t, e.Notify)
	requireDenied(t, w.App.Devices.Remove(t.Context(), pat, "tablet", ""), devices.CodeGone)
	requireDenied(t, w.App.Devices.Disable(t.Context(), pat, "tablet", ""), devices.CodeGone)
	requireDenied(t, w.App.Devices.Recognize(t.Context(), pat, "tablet", devices.Mine), devices.CodeGone)
	requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, "tablet"), devices.CodeGone)
	_, err = w.App.Devices.List(t.Context(), pat.On("tablet"), devices.Query{})
	requireDenied(t, err, policy.CodeDeviceDisabled)
}

func TestTheKeysOfARemovedDeviceStayReadableUntilPurged(t *testing.T) {
	w := accounttest.New(t)
	pat := w.Person("pat", policy.Personal)
	tablet := w.Device(pat, "tablet")
	password := w.Key(accounttest.Tenant, tablet, "key-0001", 1)
	w.Key(accounttest.Tenant, w.Device(pat, "other"), "key-0002", 2)
	remove(t, w, pat, tablet)

	require.Equal(t, []devices.KeyID{"key-0001"}, keyIDs(keysOf(t, w, pat, tablet)))
	key, err := w.App.Devices.Reveal(t.Context(), pat, "key-0001")
	require.NoError(t, err)
	require.Equal(t, password, key.Reveal())

	purge := func(before time.Time) int {
		n, err := w.App.Host.Devices.PurgeRemoved(t.Context(), w.Host, "pat", before)
		require.NoError(t, err)
		return n
	}
	require.Empty(t, during(t, w, func() { require.Zero(t, purge(w.Clock.Now())) }), "removed just now is not before now")
	events := during(t, w, func() { require.Equal(t, 1, purge(w.Clock.Now().Add(time.Microsecond))) })
	require.Len(t, events, 2)
	require.Equal(t, []string{"Delete device", "Delete BitLocker key"}, []string{events[0].Activity, events[1].Activity})
	require.Equal(t, policy.On("recovery-key", "key-0001"), events[1].Target)
	require.Equal(t, events[0].Operation, events[1].Operation)

	require.Empty(t, keysOf(t, w, pat, tablet))
	_, err = w.App.Devices.Reveal(t.Context(), pat, "key-0001")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.Len(t, keysOf(t, w, pat, "other"), 1, "what was not removed is not purged")
	require.Zero(t, purge(w.Clock.Now().Add(day)))
	_, err = w.App.Host.Devices.PurgeRemoved(t.Context(), w.Host, "", w.Clock.Now())
	requireInvalid(t, err, "owner")
}

func TestAPurgeForOnePersonLeavesWhatTheyOnlyUse(t *testing.T) {
	w := accounttest.New(t)
	pat := w.Person("pat", policy.Personal)
	w.Person("bob", policy.Personal)
	tablet := w.Device(pat, "tablet", func(r *devices.Registration) { r.Users = []policy.AccountID{"bob"} })
	password := w.Key(accounttest.Tenant, tablet, "key-0001", 1)
	remove(t, w, pat, tablet)
	n, err := w.App.Host.Devices.PurgeRemoved(t.Context(), w.Host, "bob", w.Clock.Now().Add(time.Second))
	require.NoError(t, err)
	require.Zero(t, n)
	requireKey(t, w, pat, "key-0001", password)
}
