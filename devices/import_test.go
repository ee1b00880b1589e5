package devices_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// directory is a world with ada and bob, and its directory's synchronization as an actor.
func directory(t testing.TB) (*accounttest.World, policy.Actor) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	w.Person("bob", policy.Work)
	return w, policy.Host("directory-sync", accounttest.Tenant)
}

// record is what the directory tells of a device of ada's; edit makes it another.
func record(id policy.DeviceID, edit ...func(*devices.DeviceRecord)) devices.DeviceRecord {
	r := devices.DeviceRecord{Registration: registration(id), Enabled: devices.Yes,
		RegisteredAt: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), LastSignInAt: time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)}
	for _, e := range edit {
		e(&r)
	}
	return r
}

// imported imports devices and gives what became of them.
func imported(t testing.TB, w *accounttest.World, actor policy.Actor, records ...devices.DeviceRecord) []devices.Outcome {
	t.Helper()
	out, err := w.App.Admin.Devices.Import(t.Context(), actor, records)
	require.NoError(t, err)
	require.Len(t, out, len(records))
	return out
}

// results are what became of the records, without the errors.
func results(out []devices.Outcome) []devices.Result {
	var r []devices.Result
	for _, o := range out {
		r = append(r, o.Result)
	}
	return r
}

func TestAnImportTakesOverWhatTheDirectoryTells(t *testing.T) {
	w, sync := directory(t)
	events := during(t, w, func() {
		out := imported(t, w, sync, record("laptop"), record("lost", func(r *devices.DeviceRecord) { r.Enabled = devices.No }))
		require.Equal(t, []devices.Result{devices.Imported, devices.Imported}, results(out))
	})
	require.Len(t, events, 2)
	for _, e := range events {
		require.Equal(t, "Register device", e.Activity)
		require.Equal(t, policy.AccountID("ada"), e.Account)
		require.Equal(t, sync.Principal(), e.By)
	}
	d, err := w.App.Admin.Devices.Get(t.Context(), w.Host, "laptop")
	require.NoError(t, err)
	require.Equal(t, time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), d.RegisteredAt)
	require.Equal(t, time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC), d.LastSignInAt)
	require.NoError(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, "laptop"))
	requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, "lost"), devices.CodeSignInDisabled)
}

func TestImportingTwiceChangesNothing(t *testing.T) {
	w, sync := directory(t)
	records := []devices.DeviceRecord{record("laptop", func(r *devices.DeviceRecord) { r.Users = []policy.AccountID{"bob"} }),
		record("lost", func(r *devices.DeviceRecord) { r.Enabled = devices.No }),
		record("undated", func(r *devices.DeviceRecord) { r.RegisteredAt, r.LastSignInAt = time.Time{}, time.Time{} })}
	imported(t, w, sync, records...)
	before := saved(t, w.DB)
	w.Clock.Advance(day)
	require.Equal(t, []devices.Result{devices.Same, devices.Same, devices.Same}, results(imported(t, w, sync, records...)))
	requireSame(t, before, saved(t, w.DB), "nor does it leave an event")
}

func TestAnImportUpdatesWhatTheDirectoryKnowsBetterAndKeepsWhatPeopleSaid(t *testing.T) {
	w, sync := directory(t)
	ada := w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"})
	imported(t, w, sync, record("laptop"))
	require.NoError(t, w.App.Devices.Recognize(t.Context(), ada, "laptop", devices.NotRecognized))
	e := only(t, w, func() {
		out := imported(t, w, sync, record("laptop", func(r *devices.DeviceRecord) {
			r.Name, r.OSVersion, r.RegisteredAt = "renamed", "10.0.26100", time.Time{}
			r.LastSignInAt = r.LastSignInAt.Add(-day)
			r.Users = []policy.AccountID{"bob"}
		}))
		require.Equal(t, []devices.Result{devices.Updated}, results(out))
	})
	require.Equal(t, []string{"Update device", "renamed"}, []string{e.Activity, fact(e.Facts, "name")})
	item, err := w.App.Devices.Get(t.Context(), ada, "laptop")
	require.NoError(t, err)
	require.Equal(t, []any{"renamed", "10.0.26100", devices.NotRecognized}, []any{item.Name, item.OSVersion, item.Recognition})
	require.Equal(t, record("").RegisteredAt, item.RegisteredAt)
	require.Equal(t, record("").LastSignInAt, item.LastSignInAt, "an older sign-in is no news")
}

func TestAnImportNeverEnablesADisabledDevice(t *testing.T) {
	w, sync := directory(t)
	ada := w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"})
	imported(t, w, sync, record("laptop"), record("banned"))
	w.Disable(ada, "laptop")
	require.NoError(t, w.App.Admin.Devices.Disable(t.Context(), w.Host, "banned"))
	for _, edit := range []func(*devices.DeviceRecord){
		func(*devices.DeviceRecord) {},
		func(r *devices.DeviceRecord) { r.Name = "renamed" },
		func(r *devices.DeviceRecord) { r.Join = devices.HybridJoined },
		func(r *devices.DeviceRecord) { r.LastSignInAt = w.Clock.Now().Add(day) },
	} {
		out := imported(t, w, sync, record("laptop", edit), record("banned", edit), record("laptop", edit))
		require.Equal(t, []devices.Result{devices.KeptDisabled, devices.KeptDisabled, devices.KeptDisabled}, results(out))
		for _, id := range []policy.DeviceID{"laptop", "banned"} {
			requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, id), devices.CodeSignInDisabled)
		}
	}
}

func TestAnImportMayDisable(t *testing.T) {
	w, sync := directory(t)
	imported(t, w, sync, record("laptop"))
	e := only(t, w, func() {
		out := imported(t, w, sync, record("laptop", func(r *devices.DeviceRecord) { r.Enabled = devices.No }))
		require.Equal(t, []devices.Result{devices.Updated}, results(out))
	})
	require.Equal(t, "disabled-by-administrator", fact(e.Facts, "state"))
	requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, "laptop"), devices.CodeSignInDisabled)
}

func TestBadRecordsAreRefusedOneByOneWithTheFieldNamed(t *testing.T) {
	w, sync := directory(t)
	pat, admin := w.Person("pat", policy.Personal), w.Admin("root", policy.GlobalAdministrator)
	w.Person("gus", policy.Guest)
	remove(t, w, pat, w.Device(pat, "removed"))
	deleteDevice(t, w, admin, w.Device(pat, "deleted"))
	imported(t, w, sync, record("bobs", func(r *devices.DeviceRecord) { r.Owner = "bob" }))

	out := imported(t, w, sync,
		record("first"),
		record(""),
		record("a\x00b"),
		record("unowned", func(r *devices.DeviceRecord) { r.Owner = "" }),
		record("joinless", func(r *devices.DeviceRecord) { r.Join = devices.HybridJoined + 1 }),
		record("strange", func(r *devices.DeviceRecord) { r.Name = "\u2028" }),
		record("guests", func(r *devices.DeviceRecord) { r.Owner = "gus" }),
		record("unknowns", func(r *devices.DeviceRecord) { r.Users = []policy.AccountID{"nobody"} }),
		record("removed"),
		record("deleted"),
		record("bobs"),
		record("last"))
	fields := map[int]string{1: "device", 2: "device", 3: "owner", 4: "join", 5: "name", 10: "owner"}
	codes := map[int]policy.Code{6: devices.CodeOwnerCannot, 7: devices.CodeUnknownUser, 8: devices.CodeIDSpent, 9: devices.CodeIDSpent}
	for i, o := range out {
		switch {
		case fields[i] != "":
			requireInvalid(t, o.Err, fields[i])
		case codes[i] != "":
			requireDenied(t, o.Err, codes[i])
		default:
			require.Equal(t, devices.Outcome{Result: devices.Imported}, o)
			continue
		}
		require.Equal(t, devices.Rejected, o.Result)
	}
	require.Len(t, listed(t, w, w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"}), devices.Query{}), 2, "the good ones are in")
	d, err := w.App.Admin.Devices.Get(t.Context(), w.Host, "bobs")
	require.NoError(t, err)
	require.Equal(t, policy.AccountID("bob"), d.Owner)
}

func TestAnImportGivesAnOwnerlessDeviceItsPrimaryUser(t *testing.T) {
	w, sync := directory(t)
	ada := w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"})
	hybrid := func(r *devices.DeviceRecord) { r.Join = devices.HybridJoined }
	imported(t, w, sync, record("kiosk", hybrid, func(r *devices.DeviceRecord) { r.Owner = "" }))
	require.Empty(t, listed(t, w, ada, devices.Query{}))
	require.Equal(t, []devices.Result{devices.Updated}, results(imported(t, w, sync, record("kiosk", hybrid))))
	require.Len(t, listed(t, w, ada, devices.Query{}), 1)
}

func TestAnImportTakesAThousandRecordsAtATime(t *testing.T) {
	w, sync := directory(t)
	var records []devices.DeviceRecord
	for i := range devices.MaxImport {
		records = append(records, record(policy.DeviceID(fmt.Sprint("device-", i))))
	}
	before := saved(t, w.DB)
	_, err := w.App.Admin.Devices.Import(t.Context(), sync, append(records, record("one-more")))
	requireInvalid(t, err, "records")
	_, err = w.App.Admin.Devices.ImportKeys(t.Context(), sync, make([]devices.KeyRecord, devices.MaxImport+1))
	requireInvalid(t, err, "records")
	requireSame(t, before, saved(t, w.DB))
	imported(t, w, sync, records...)
	d, err := w.App.Admin.Devices.Get(t.Context(), w.Host, "device-999")
	require.NoError(t, err)
	require.Equal(t, devices.Enabled, d.State)
}

// keyRecord is the n-th recovery key as the directory tells of it.
func keyRecord(device policy.DeviceID, id devices.KeyID, n int) devices.KeyRecord {
	return devices.KeyRecord{Device: device, CreatedAt: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
		Escrow: devices.Escrow{ID: id, Volume: devices.FixedDataVolume, Password: secret.NewText(accounttest.RecoveryPassword(n))}}
}

func TestAnImportOfKeysReplacesNoneAndRefusesBadOnesOneByOne(t *testing.T) {
	w, ada, password := locked(t)
	w.Person("bob", policy.Work)
	w.Device(ada, "phone")
	bad := keyRecord("laptop", "key-0005", 5)
	bad.Password = secret.NewText("123456-231453-873456-213546-654678-765689-123456-324565") // the sample in Graph's documentation
	empty := keyRecord("laptop", "key-0001", 6)
	empty.Password = secret.Text{}
	shape := keyRecord("laptop", "key-0006", 6)
	shape.Volume = 99
	records := []devices.KeyRecord{keyRecord("laptop", "key-0002", 2), keyRecord("laptop", "key-0001", 3), keyRecord("phone", "key-0001", 4),
		bad, empty, keyRecord("no-such", "key-0007", 7), keyRecord("", "key-0008", 8), keyRecord("laptop", "", 9), shape, keyRecord("phone", "key-0010", 10)}
	var out []devices.Outcome
	events := during(t, w, func() {
		var err error
		out, err = w.App.Admin.Devices.ImportKeys(t.Context(), w.Host, records)
		require.NoError(t, err)
	})
	require.Equal(t, []devices.Result{devices.Imported, devices.Same, devices.Rejected, devices.Rejected, devices.Rejected,
		devices.Rejected, devices.Rejected, devices.Rejected, devices.Rejected, devices.Imported}, results(out))
	requireDenied(t, out[2].Err, devices.CodeKeyExists)
	require.Equal(t, "group 1 is not divisible by 11", requireInvalid(t, out[3].Err, "recoveryPassword"))
	requireInvalid(t, out[4].Err, "recoveryPassword")
	requireInvalid(t, out[5].Err, "device")
	requireInvalid(t, out[6].Err, "device")
	requireInvalid(t, out[7].Err, "recovery-key")
	requireInvalid(t, out[8].Err, "volume")
	require.Len(t, events, 2)
	require.Equal(t, "Add BitLocker key", events[0].Activity)

	requireKey(t, w, ada, "key-0001", password)
	requireKey(t, w, ada, "key-0002", accounttest.RecoveryPassword(2))
	require.Equal(t, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), storedKey(t, w.DB, accounttest.Tenant, "key-0002").CreatedAt)
	before := rows(t, w.DB)
	again, err := w.App.Admin.Devices.ImportKeys(t.Context(), w.Host, records[:2])
	require.NoError(t, err)
	require.Equal(t, []devices.Result{devices.Same, devices.Same}, results(again))
	requireSame(t, before, rows(t, w.DB))
}

func TestImportedKeysAreTheOwnersOfTheMoment(t *testing.T) {
	w, ada, _ := locked(t)
	bob := w.Person("bob", policy.Work)
	require.NoError(t, w.App.Admin.Devices.Transfer(t.Context(), w.Host, "laptop", "bob"))
	_, err := w.App.Admin.Devices.ImportKeys(t.Context(), w.Host, []devices.KeyRecord{keyRecord("laptop", "key-0002", 2)})
	require.NoError(t, err)
	requireKey(t, w, bob, "key-0002", accounttest.RecoveryPassword(2))
	requireNoKey(t, w, ada, "key-0002", policy.CodeNotFound)
}

func TestAPersonCannotImport(t *testing.T) {
	w, ada, _ := locked(t)
	for name, act := range map[string]func() error{
		"devices": func() error {
			_, err := w.App.Admin.Devices.Import(t.Context(), ada, []devices.DeviceRecord{record("laptop")})
			return err
		},
		"keys": func() error {
			_, err := w.App.Admin.Devices.ImportKeys(t.Context(), ada, []devices.KeyRecord{keyRecord("laptop", "key-0002", 2)})
			return err
		},
	} {
		e := only(t, w, func() { requireDenied(t, act(), policy.CodeNotPermitted) })
		require.Equal(t, []any{policy.Refused, policy.CodeNotPermitted}, []any{e.Outcome, e.Reason}, name)
	}
}

func TestAPartialRecordLeavesWhatItDoesNotTell(t *testing.T) {
	w, sync := directory(t)
	printer := record("printer", func(r *devices.DeviceRecord) { r.Profile, r.Join = devices.Printer, devices.HybridJoined })
	pilot := record("pilot", func(r *devices.DeviceRecord) { r.Autopilot = devices.Yes })
	imported(t, w, sync, printer, pilot)
	before := rows(t, w.DB)

	partial := func(id policy.DeviceID) devices.DeviceRecord {
		return devices.DeviceRecord{Registration: devices.Registration{ID: id}}
	}
	out := imported(t, w, sync, partial("printer"), partial("pilot"), partial("new"))

	require.Equal(t, []devices.Outcome{{Result: devices.Same}, {Result: devices.Same}}, out[:2])
	requireSame(t, before, rows(t, w.DB), "a printer stays a printer, and what Autopilot manages stays managed")
	requireInvalid(t, out[2].Err, "owner")
	owned := partial("new")
	owned.Owner = "ada"
	requireInvalid(t, imported(t, w, sync, owned)[0].Err, "enabled") // of a new device nothing is guessed that opens
}

func TestImportedTimesCanBeWrittenDownAndLieNotInTheFuture(t *testing.T) {
	w, sync := directory(t)
	far := time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)
	out := imported(t, w, sync,
		record("registered", func(r *devices.DeviceRecord) { r.RegisteredAt = far }),
		record("active", func(r *devices.DeviceRecord) { r.LastSignInAt = far }),
		record("ahead", func(r *devices.DeviceRecord) { r.LastSignInAt = w.Clock.Now().Add(time.Hour) }))
	requireInvalid(t, out[0].Err, "registeredAt")
	requireInvalid(t, out[1].Err, "lastSignInAt")
	d, err := w.App.Admin.Devices.Get(t.Context(), sync, "ahead")
	require.NoError(t, err)
	require.Zero(t, d.LastSignInAt, "a directory's clock tells nothing about the future")

	keys, err := w.App.Admin.Devices.ImportKeys(t.Context(), sync, []devices.KeyRecord{{Device: "ahead", CreatedAt: far,
		Escrow: devices.Escrow{ID: "key-0001", Password: secret.NewText(accounttest.RecoveryPassword(1))}}})
	require.NoError(t, err)
	requireInvalid(t, keys[0].Err, "createdAt")
	require.NotEmpty(t, saved(t, w.DB), "what is kept can be saved")
}

func TestRepeatedImportsMakeNoCrowdOfUsers(t *testing.T) {
	w, sync := directory(t)
	for i := range 2 * devices.MaxUsers {
		w.Person(policy.AccountID(fmt.Sprintf("user-%d", i)), policy.Work)
	}
	crowd := func(from, n int) devices.DeviceRecord {
		return record("laptop", func(r *devices.DeviceRecord) {
			for i := range n {
				r.Users = append(r.Users, policy.AccountID(fmt.Sprintf("user-%d", from+i)))
			}
		})
	}
	require.NoError(t, imported(t, w, sync, crowd(0, devices.MaxUsers))[0].Err)
	requireInvalid(t, imported(t, w, sync, crowd(devices.MaxUsers, 1))[0].Err, "users")
	require.Equal(t, []devices.Outcome{{Result: devices.Same}}, imported(t, w, sync, crowd(0, devices.MaxUsers)), "as many as fit")
}

func TestAnImportDisablesTheDeviceOfSomebodyWhoLeft(t *testing.T) {
	w, sync := directory(t)
	require.Equal(t, devices.Imported, imported(t, w, sync, record("laptop"))[0].Result)
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "ada", policy.Disabled))
	leaver := devices.DeviceRecord{Registration: devices.Registration{ID: "laptop"}, Enabled: devices.No}
	e := only(t, w, func() {
		require.Equal(t, []devices.Outcome{{Result: devices.Updated}}, imported(t, w, sync, leaver))
	})
	require.True(t, e.Notify, "the person is told, as when an administrator disables it")
	requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, "laptop"), devices.CodeSignInDisabled)
}

func TestARecordFromTheFutureChangesNothingTheSecondTime(t *testing.T) {
	w, sync := directory(t)
	ahead := record("laptop", func(r *devices.DeviceRecord) { r.LastSignInAt = w.Clock.Now().Add(24 * time.Hour) })
	require.Equal(t, devices.Imported, imported(t, w, sync, ahead)[0].Result)
	w.Clock.Advance(time.Minute)
	require.Empty(t, during(t, w, func() {
		require.Equal(t, []devices.Outcome{{Result: devices.Same}}, imported(t, w, sync, ahead))
	}))
}

func TestADefaultOwnerIsForNewDevicesThatMayHaveOne(t *testing.T) {
	w, sync := directory(t)
	unowned := func(id policy.DeviceID, join devices.JoinType) devices.DeviceRecord {
		return devices.DeviceRecord{Registration: devices.Registration{ID: id, Join: join}, Enabled: devices.Yes, DefaultOwner: "bob"}
	}
	imported(t, w, sync, record("adas"))
	out := imported(t, w, sync, unowned("adas", 0), unowned("hybrid", devices.HybridJoined), unowned("new", devices.Joined))
	require.Equal(t, []devices.Result{devices.Same, devices.Imported, devices.Imported}, []devices.Result{out[0].Result, out[1].Result, out[2].Result})
	require.Equal(t, devices.Same, imported(t, w, sync, unowned("hybrid", 0))[0].Result)
	for id, want := range map[policy.DeviceID]policy.AccountID{"adas": "ada", "hybrid": "", "new": "bob"} {
		d, err := w.App.Admin.Devices.Get(t.Context(), sync, id)
		require.NoError(t, err)
		require.Equal(t, want, d.Owner, id)
	}
}

func TestAutopilotLetsGoWhenTheDirectorySaysSo(t *testing.T) {
	w, sync := directory(t)
	pilot := func(a devices.Answer) devices.DeviceRecord {
		return record("laptop", func(r *devices.DeviceRecord) { r.Autopilot = a })
	}
	for _, c := range []struct {
		told devices.Answer
		want bool
	}{{devices.Yes, true}, {devices.Unknown, true}, {devices.No, false}} {
		require.NoError(t, imported(t, w, sync, pilot(c.told))[0].Err)
		d, err := w.App.Admin.Devices.Get(t.Context(), sync, "laptop")
		require.NoError(t, err)
		require.Equal(t, c.want, d.Autopilot, c.told)
	}
}

func TestAnImportDisablesNoPrinter(t *testing.T) {
	w, sync := directory(t)
	printer := record("printer", func(r *devices.DeviceRecord) { r.Profile = devices.Printer })
	imported(t, w, sync, printer)
	printer.Enabled = devices.No
	requireDenied(t, imported(t, w, sync, printer)[0].Err, devices.CodePrinter)
}
