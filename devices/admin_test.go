package devices_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// deleteDevice deletes a device as an administrator does: asks, and says Yes.
func deleteDevice(t testing.TB, w *accounttest.World, admin policy.Actor, id policy.DeviceID) {
	t.Helper()
	_, yes, err := w.App.Admin.Devices.AskDelete(t.Context(), admin, id)
	require.NoError(t, err)
	require.NoError(t, w.App.Admin.Devices.Delete(t.Context(), admin, id, yes))
}

func TestEnablingIsTheOnlyWayBackAndLeavesItsEvent(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("root", policy.CloudDeviceAdministrator)
	laptop := w.Device(ada, "laptop")
	requireDenied(t, w.App.Admin.Devices.Enable(t.Context(), admin, laptop), devices.CodeNotDisabled)
	w.Disable(ada, laptop)
	e := only(t, w, func() { require.NoError(t, w.App.Admin.Devices.Enable(t.Context(), admin, laptop)) })
	require.Equal(t, "Update device", e.Activity)
	require.Equal(t, "enabled", fact(e.Facts, "state"))
	require.Equal(t, admin.Principal(), e.By)
	require.Equal(t, []policy.Role{policy.CloudDeviceAdministrator}, e.Roles)
	require.Equal(t, policy.AccountID("ada"), e.Account)
	require.True(t, e.Notify, "the owner is told")

	require.NoError(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, laptop))
	item, err := w.App.Devices.Get(t.Context(), ada, laptop)
	require.NoError(t, err)
	require.Equal(t, devices.Enabled, item.State)
	require.Zero(t, item.DisabledAt)
	require.Zero(t, item.DisabledBy)
}

func TestAnAdministratorDisablesAnyDeviceAtOnce(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("root", policy.IntuneAdministrator)
	laptop := w.Device(ada, "laptop")
	e := only(t, w, func() { require.NoError(t, w.App.Admin.Devices.Disable(t.Context(), admin, laptop)) })
	require.Equal(t, "disabled-by-administrator", fact(e.Facts, "state"))
	require.True(t, e.Notify)
	item, err := w.App.Devices.Get(t.Context(), ada, laptop)
	require.NoError(t, err)
	require.Equal(t, admin.Principal(), item.DisabledBy)
	requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, laptop), devices.CodeSignInDisabled)
	requireDenied(t, w.App.Admin.Devices.Disable(t.Context(), admin, laptop), devices.CodeAlreadyDisabled)
	requireDenied(t, w.App.Devices.Disable(t.Context(), ada, laptop, ""), devices.CodeAlreadyDisabled)
}

func TestARemovedDeviceIsNotEnabledAgain(t *testing.T) {
	w := accounttest.New(t)
	pat, admin := w.Person("pat", policy.Personal), w.Admin("root", policy.GlobalAdministrator)
	w.Disable(pat, w.Device(pat, "tablet"))
	remove(t, w, pat, "tablet")
	requireDenied(t, w.App.Admin.Devices.Enable(t.Context(), admin, "tablet"), devices.CodeGone)
	requireDenied(t, w.App.Admin.Devices.Disable(t.Context(), admin, "tablet"), devices.CodeGone)
	requireDenied(t, w.App.Admin.Devices.Transfer(t.Context(), admin, "tablet", "root"), devices.CodeGone)
}

func TestDeletingTakesTheKeysAlongAndCannotBeUndone(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("root", policy.GlobalAdministrator)
	w.Device(ada, "laptop")
	w.Key(accounttest.Tenant, "laptop", "key-0001", 1)
	w.Key(accounttest.Tenant, "laptop", "key-0002", 2)
	other := w.Key(accounttest.Tenant, w.Device(ada, "other"), "key-0003", 3)

	requireDenied(t, w.App.Admin.Devices.Delete(t.Context(), admin, "laptop", ""), policy.CodeConfirmationMissing)
	preview, yes, err := w.App.Admin.Devices.AskDelete(t.Context(), admin, "laptop")
	require.NoError(t, err)
	require.Equal(t, "ada", fact(preview.Facts, "owner"))
	events := during(t, w, func() { require.NoError(t, w.App.Admin.Devices.Delete(t.Context(), admin, "laptop", yes)) })
	require.Len(t, events, 3)
	require.Equal(t, "Delete device", events[0].Activity)
	for _, e := range events[1:] {
		require.Equal(t, "Delete BitLocker key", e.Activity)
		require.Equal(t, policy.AccountID("ada"), e.Account)
	}

	_, err = w.App.Admin.Devices.Get(t.Context(), admin, "laptop")
	requireDenied(t, err, policy.CodeNotFound)
	requireDenied(t, w.App.Admin.Devices.Enable(t.Context(), admin, "laptop"), policy.CodeNotFound)
	for _, id := range []devices.KeyID{"key-0001", "key-0002"} {
		_, err = w.App.Admin.Devices.Reveal(t.Context(), admin, id)
		requireDenied(t, err, policy.CodeNotFound)
	}
	requireKey(t, w, ada, "key-0003", other)
	require.NotContains(t, rows(t, w.DB), `"name":"laptop"`, "only the id is left of it")
	_, err = w.App.Devices.List(t.Context(), ada.On("laptop"), devices.Query{})
	requireDenied(t, err, policy.CodeDeviceDisabled)
}

func TestAutopilotManagedDevicesCannotBeDeleted(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("root", policy.GlobalAdministrator)
	laptop := w.Device(ada, "laptop", func(r *devices.Registration) { r.Autopilot = true })
	_, _, err := w.App.Admin.Devices.AskDelete(t.Context(), admin, laptop)
	requireDenied(t, err, devices.CodeAutopilot)
	requireDenied(t, w.App.Admin.Devices.Delete(t.Context(), admin, laptop, ""), devices.CodeAutopilot)
	require.NoError(t, w.App.Admin.Devices.Disable(t.Context(), admin, laptop))
}

func TestATransferMakesTheNewOwnerAndTellsBoth(t *testing.T) {
	w := accounttest.New(t)
	ada, bob, admin := w.Person("ada", policy.Work), w.Person("bob", policy.Work), w.Admin("root", policy.GlobalAdministrator)
	w.Person("cy", policy.Work)
	laptop := w.Device(ada, "laptop", func(r *devices.Registration) { r.Users = []policy.AccountID{"cy", "bob"} })
	require.NoError(t, w.App.Devices.Recognize(t.Context(), bob, laptop, devices.NotRecognized))
	events := during(t, w, func() { require.NoError(t, w.App.Admin.Devices.Transfer(t.Context(), admin, laptop, "bob")) })
	require.Len(t, events, 2)
	require.Equal(t, []string{"Add registered owner to device", "Remove registered owner from device"}, []string{events[0].Activity, events[1].Activity})
	require.Equal(t, []policy.AccountID{"bob", "ada"}, []policy.AccountID{events[0].Account, events[1].Account})
	require.True(t, events[0].Notify && events[1].Notify)

	d, err := w.App.Admin.Devices.Get(t.Context(), admin, laptop)
	require.NoError(t, err)
	require.Equal(t, policy.AccountID("bob"), d.Owner)
	require.Equal(t, []devices.User{{Account: "bob"}, {Account: "cy"}}, d.Users)
	_, err = w.App.Devices.Get(t.Context(), ada, laptop)
	requireDenied(t, err, policy.CodeNotFound)
	require.NoError(t, w.App.Devices.Recognize(t.Context(), bob, laptop, devices.Mine))
}

func TestATransferGoesToNobodyWhoCouldNotRegisterTheDevice(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("root", policy.GlobalAdministrator)
	bob := w.Person("bob", policy.Work)
	w.Person("gus", policy.Guest)
	w.Device(ada, "laptop")
	set(t, w, devices.MaxDevices, 1)
	w.Device(bob, "bobs")
	for to, want := range map[policy.AccountID]policy.Code{"gus": devices.CodeOwnerCannot, "nobody": devices.CodeOwnerCannot,
		"bob": devices.CodeDeviceLimit, "ada": devices.CodeOwnerStaysTheSame} {
		before := rows(t, w.DB)
		requireDenied(t, w.App.Admin.Devices.Transfer(t.Context(), admin, "laptop", to), want)
		requireSame(t, before, rows(t, w.DB))
	}
	requireInvalid(t, w.App.Admin.Devices.Transfer(t.Context(), admin, "laptop", ""), "owner")
	requireDenied(t, w.App.Admin.Devices.Transfer(t.Context(), admin, "no-such", "ada"), policy.CodeNotFound)
}

func TestATransferDoesNotEnable(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("root", policy.GlobalAdministrator)
	w.Person("bob", policy.Work)
	w.Disable(ada, w.Device(ada, "laptop"))
	require.NoError(t, w.App.Admin.Devices.Transfer(t.Context(), admin, "laptop", "bob"))
	requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, "laptop"), devices.CodeSignInDisabled)
}

func TestAnAdministratorsReadingOfAKeyIsRecordedAndTheOwnerIsTold(t *testing.T) {
	w, _, password := locked(t)
	for _, role := range []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.CloudDeviceAdministrator,
		policy.HelpdeskAdministrator, policy.IntuneAdministrator, policy.SecurityAdministrator, policy.SecurityReader} {
		t.Run(string(role), func(t *testing.T) {
			w := w.Fork(t)
			admin := w.Admin("root", role)
			e := only(t, w, func() {
				key, err := w.App.Admin.Devices.Reveal(t.Context(), admin, "key-0001")
				require.NoError(t, err)
				require.Equal(t, password, key.Reveal())
			})
			require.Equal(t, []string{"Read BitLocker key", "KeyManagement"}, []string{e.Activity, e.Category})
			require.Equal(t, admin.Principal(), e.By)
			require.Equal(t, []policy.Role{role}, e.Roles)
			require.Equal(t, policy.AccountID("ada"), e.Account)
			require.True(t, e.Notify)
			waiting, err := w.App.Admin.Devices.KeysToRotate(t.Context(), admin, store.Page{})
			require.NoError(t, err)
			require.Equal(t, []devices.KeyID{"key-0001"}, keyIDs(waiting.Items))
		})
	}
	for _, role := range []policy.Role{policy.LicenseAdministrator, policy.PrivilegedRoleAdministrator, "Made-up Administrator"} {
		other := w.Fork(t)
		_, err := other.App.Admin.Devices.Reveal(t.Context(), other.Admin("root", role), "key-0001")
		requireDenied(t, err, policy.CodeNotPermitted)
	}
}

func TestAnAdministratorNeedsFreshProofAndIsThrottledToo(t *testing.T) {
	w, _, _ := locked(t)
	admin := w.Admin("root", policy.HelpdeskAdministrator)
	set(t, w, devices.AdminRevealsPerHour, 2)
	stale := admin
	w.Clock.Advance(15*time.Minute + time.Microsecond)
	_, err := w.App.Admin.Devices.Reveal(t.Context(), stale, "key-0001")
	requireDenied(t, err, policy.CodeFresherProof)
	for range 2 {
		_, err = w.App.Admin.Devices.Reveal(t.Context(), w.SignIn(admin), "key-0001")
		require.NoError(t, err)
	}
	key, err := w.App.Admin.Devices.Reveal(t.Context(), w.SignIn(admin), "key-0001")
	requireDenied(t, err, policy.CodeThrottled)
	require.True(t, key.Empty())
}

func TestKeysWaitForRotationTheLongestWaitingFirst(t *testing.T) {
	w, ada, _ := locked(t)
	for n, id := range []devices.KeyID{"key-0002", "key-0003", "key-0004"} {
		w.Key(accounttest.Tenant, "laptop", id, n+2)
	}
	for _, id := range []devices.KeyID{"key-0003", "key-0001", "key-0002"} {
		w.Clock.Advance(time.Minute)
		_, err := w.App.Devices.Reveal(t.Context(), w.SignIn(ada), id)
		require.NoError(t, err)
	}
	waiting := func() []devices.KeyID {
		return keyIDs(all(t, 2, func(p store.Page) (store.List[devices.KeyInfo], error) {
			return w.App.Admin.Devices.KeysToRotate(t.Context(), w.Host, p)
		}))
	}
	require.Equal(t, []devices.KeyID{"key-0003", "key-0001", "key-0002"}, waiting())
	require.NoError(t, w.App.Host.Devices.Rotated(t.Context(), w.Host.On("laptop"), "laptop", "key-0001",
		devices.Escrow{ID: "key-0005", Password: secret.NewText(accounttest.RecoveryPassword(5))}))
	require.Equal(t, []devices.KeyID{"key-0003", "key-0002"}, waiting())
}

func TestAdministratorsSeeEveryKeyOfADeviceAndEveryDeviceOfAPerson(t *testing.T) {
	w, ada, _ := locked(t)
	reader := w.Admin("reader", policy.SecurityReader)
	w.Person("bob", policy.Work)
	require.NoError(t, w.App.Admin.Devices.Transfer(t.Context(), w.Host, "laptop", "bob"))
	w.Key(accounttest.Tenant, "laptop", "key-0002", 2)
	keys, err := w.App.Admin.Devices.RecoveryKeys(t.Context(), reader, "laptop", devices.KeyQuery{})
	require.NoError(t, err)
	require.Equal(t, []devices.KeyID{"key-0001", "key-0002"}, keyIDs(keys.Items))
	keys, err = w.App.Admin.Devices.RecoveryKeys(t.Context(), reader, "laptop", devices.KeyQuery{Prefix: "KEY-0002"})
	require.NoError(t, err)
	require.Equal(t, []devices.KeyID{"key-0002"}, keyIDs(keys.Items))
	_, err = w.App.Admin.Devices.RecoveryKeys(t.Context(), reader, "laptop", devices.KeyQuery{Prefix: "key"})
	requireInvalid(t, err, "prefix")

	w.Device(ada, "phone")
	w.Disable(ada, w.Device(ada, "lost"))
	list, err := w.App.Admin.Devices.DevicesOf(t.Context(), reader, "ada", store.Page{})
	require.NoError(t, err)
	require.Len(t, list.Items, 2)
}

func TestWhatAHostIsToldAboutKeysIsWhatItMayDo(t *testing.T) {
	w, ada, _ := locked(t)
	_, err := w.App.Devices.Reveal(t.Context(), ada, "key-0001")
	require.NoError(t, err)
	keys, err := w.App.Admin.Devices.RecoveryKeys(t.Context(), w.Host, "laptop", devices.KeyQuery{})
	require.NoError(t, err)
	waiting, err := w.App.Admin.Devices.KeysToRotate(t.Context(), w.Host, store.Page{})
	require.NoError(t, err)
	_, err = w.App.Admin.Devices.Reveal(t.Context(), w.Host, "key-0001")
	denied := requireDenied(t, err, policy.CodeNotPermitted)
	for _, k := range append(keys.Items, waiting.Items...) {
		require.Equal(t, denied.Decision, k.Reveal)
	}
}

func TestTransferringADeviceAsksItToReplaceItsKeys(t *testing.T) {
	w, _, _ := locked(t)
	w.Person("bob", policy.Work)
	admin := w.Admin("root", policy.GlobalAdministrator)
	require.True(t, storedKey(t, w.DB, accounttest.Tenant, "key-0001").RotateSince.IsZero())
	require.NoError(t, w.App.Admin.Devices.Transfer(t.Context(), admin, "laptop", "bob"))
	require.Equal(t, w.Clock.Now(), storedKey(t, w.DB, accounttest.Tenant, "key-0001").RotateSince,
		"a key that the old owner may read must not unlock what the new one writes")
}

func TestAKeyThatComesAfterTheQuestionSpoilsTheYesToDeleting(t *testing.T) {
	w, _, _ := locked(t)
	admin := w.Admin("root", policy.GlobalAdministrator)
	preview, yes, err := w.App.Admin.Devices.AskDelete(t.Context(), admin, "laptop")
	require.NoError(t, err)
	require.Equal(t, "1", fact(preview.Facts, "recoveryKeys"))
	w.Key(accounttest.Tenant, "laptop", "key-0002", 2)
	requireDenied(t, w.App.Admin.Devices.Delete(t.Context(), admin, "laptop", yes), policy.CodeConfirmationStale)
}

func TestPurgingOnePersonsDevicesLeavesThoseThatTheyOnlyUse(t *testing.T) {
	w := accounttest.New(t)
	ada, pat := w.Person("ada", policy.Personal), w.Person("pat", policy.Personal)
	remove(t, w, ada, w.Device(ada, "adas", func(r *devices.Registration) { r.Users = []policy.AccountID{"pat"} }))
	remove(t, w, pat, w.Device(pat, "pats"))
	w.Clock.Advance(time.Hour)
	n, err := w.App.Host.Devices.PurgeRemoved(t.Context(), w.Host, "pat", w.Clock.Now())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	list := listed(t, w, ada, devices.Query{Removed: true})
	require.Equal(t, []policy.DeviceID{"adas"}, ids(list), "another owner's is not purged with it")
}
