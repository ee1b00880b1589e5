package msgraph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// directory is a world in which the people of the test exports have accounts.
type directory struct {
	*accounttest.World
	ada, bob policy.Actor
}

func newDirectory(t testing.TB) directory {
	w := accounttest.New(t)
	return directory{w, w.Person("ada", policy.Work), w.Person("bob", policy.Work)}
}

func (d directory) devices(t testing.TB, export string, opt ...msgraph.Options) msgraph.Report {
	t.Helper()
	report, err := msgraph.ImportDevices(t.Context(), d.App.Admin.Devices, d.Host, strings.NewReader(export), append(opt, msgraph.Options{})[0])
	require.NoError(t, err)
	return report
}

func (d directory) keys(t testing.TB, export string) msgraph.Report {
	t.Helper()
	report, err := msgraph.ImportRecoveryKeys(t.Context(), d.App.Admin.Devices, d.Host, strings.NewReader(export))
	require.NoError(t, err)
	return report
}

func (d directory) device(t testing.TB, id policy.DeviceID) devices.Device {
	t.Helper()
	got, err := d.App.Admin.Devices.Get(t.Context(), d.Host, id)
	require.NoError(t, err)
	return got
}

// why gives what a report says about its refusals.
func why(r msgraph.Report) []string {
	var lines []string
	for _, refusal := range r.Refusals {
		lines = append(lines, refusal.Error())
	}
	return lines
}

func TestAnExportIsImportedAndItsPeopleSeeTheirDevicesAndReadTheirKeys(t *testing.T) {
	d := newDirectory(t)
	require.Equal(t, msgraph.Report{Read: 3, Imported: 3}, d.devices(t, string(read(t, "devices.json"))))
	report := d.keys(t, string(read(t, "recoverykeys.jsonl")))
	require.Equal(t, "4 read: 4 imported", report.String())

	seen, err := d.App.Devices.List(t.Context(), d.ada, devices.Query{})
	require.NoError(t, err)
	require.Len(t, seen.Items, 1, "of a hybrid joined device without a primary user nobody is the owner")
	require.Equal(t, "ADA-LAPTOP", seen.Items[0].Name)

	keys, err := d.App.Devices.RecoveryKeys(t.Context(), d.ada, seen.Items[0].ID, devices.KeyQuery{})
	require.NoError(t, err)
	require.Len(t, keys.Items, 2)
	for i, k := range keys.Items {
		password, err := d.App.Devices.Reveal(t.Context(), d.ada, k.ID)
		require.NoError(t, err)
		require.Equal(t, accounttest.RecoveryPassword(i), password.Reveal())
	}
	_, err = d.App.Devices.Reveal(t.Context(), d.bob, keys.Items[0].ID)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestImportingTwiceChangesNothingAndLeavesNoEvent(t *testing.T) {
	d := newDirectory(t)
	exported, keys := string(read(t, "devices.json")), string(read(t, "recoverykeys.jsonl"))
	d.devices(t, exported)
	d.keys(t, keys)
	before, events := d.device(t, "20000000-0000-4000-8000-000000000001"), d.Events(accounttest.Tenant)

	require.Equal(t, msgraph.Report{Read: 3, Unchanged: 3}, d.devices(t, exported))
	require.Equal(t, msgraph.Report{Read: 4, Unchanged: 4}, d.keys(t, keys))
	require.Empty(t, cmp.Diff(before, d.device(t, before.ID)))
	require.Len(t, d.Events(accounttest.Tenant), len(events))
}

func TestAStaleExportNeverEnablesADisabledDevice(t *testing.T) {
	d := newDirectory(t)
	exported := string(read(t, "devices.json"))
	d.devices(t, exported)
	lost := policy.DeviceID("20000000-0000-4000-8000-000000000001")
	d.Disable(d.ada, lost)
	before, events := d.device(t, lost), d.Events(accounttest.Tenant)

	require.Equal(t, msgraph.Report{Read: 3, Unchanged: 2, KeptDisabled: 1}, d.devices(t, exported))
	require.Empty(t, cmp.Diff(before, d.device(t, lost)))
	require.Len(t, d.Events(accounttest.Tenant), len(events))

	renamed := strings.ReplaceAll(exported, "ADA-LAPTOP", "ADA-LAPTOP-2")
	require.Equal(t, msgraph.Report{Read: 3, Unchanged: 2, KeptDisabled: 1}, d.devices(t, renamed))
	got := d.device(t, lost)
	require.Equal(t, "ADA-LAPTOP-2", got.Name, "what else the export tells is taken over")
	require.Equal(t, devices.DisabledByUser, got.State)
	require.Error(t, d.App.Host.Devices.MayAuthenticate(t.Context(), d.Host, lost))
}

func TestAnExportDisablesWhatIsDisabledThere(t *testing.T) {
	d := newDirectory(t)
	exported := string(read(t, "devices.json"))
	d.devices(t, exported)
	require.Equal(t, devices.DisabledByAdministrator, d.device(t, "20000000-0000-4000-8000-000000000003").State)
	report := d.devices(t, strings.ReplaceAll(exported, `"accountEnabled": true`, `"accountEnabled": false`))
	require.Equal(t, "3 read: 2 updated, 1 unchanged", report.String())
	require.Equal(t, devices.DisabledByAdministrator, d.device(t, "20000000-0000-4000-8000-000000000001").State)
	require.Equal(t, "3 read: 1 unchanged, 2 kept disabled", d.devices(t, exported).String())
}

func TestEachRefusalSaysWhereAndWhichMember(t *testing.T) {
	d := newDirectory(t)
	d.Person("grace", policy.Guest)
	report := d.devices(t, `{"accountEnabled":true,"deviceId":"a","registeredOwners":[{"id":"ada"}]}
{"accountEnabled":true,"deviceId":"b"}
{"accountEnabled":true,"deviceId":"c","registeredOwners":[{"id":"nobody"}]}
{"value":[
  {"accountEnabled":true,"deviceId":"d","registeredOwners":[{"id":"grace"}]},
  {"accountEnabled":true,"deviceId":"e","trustType":"Other"},
  {"accountEnabled":true,"deviceId":"a","registeredOwners":[{"id":"bob"}]},
  {"accountEnabled":true,"deviceId":"f","registeredOwners":[{"id":"bob"}],"registeredUsers":[{"id":"nobody"}]}
]}
`)
	const cannot = "devices.admin.import refused (owner-cannot-have-devices): This account cannot have devices: it is unknown, not active or a guest. Contact your administrator."
	require.Empty(t, cmp.Diff([]string{
		"record 2, line 2: registeredOwners: is empty; only a hybrid joined device may have no owner",
		"record 3, line 3: " + cannot,
		"record 4, line 5: " + cannot,
		"record 5, line 6: trustType: is none of AzureAd, ServerAd, Workplace",
		"record 6, line 7: registeredOwners: is another account here; transfer the device first",
		"record 7, line 8: devices.admin.import refused (unknown-user): A registered user of the device is not an account here.",
	}, why(report)))
	require.Equal(t, "7 read: 1 imported, 6 refused", report.String())
	var denied *policy.Denied
	require.ErrorAs(t, report.Refusals[1], &denied)
	require.Equal(t, devices.CodeOwnerCannot, denied.Reason().Code)
	require.Equal(t, policy.AccountID("ada"), d.device(t, "a").Owner)
	for _, id := range []policy.DeviceID{"b", "c", "d", "e", "f"} {
		_, err := d.App.Admin.Devices.Get(t.Context(), d.Host, id)
		require.ErrorIs(t, err, store.ErrNotFound, "nothing of a refused record is imported")
	}

	keys := d.keys(t, keyRecord(map[string]any{"deviceId": "unknown"})+"\n"+
		keyRecord(map[string]any{"deviceId": "a", "id": "k1"})+"\n"+
		keyRecord(map[string]any{"deviceId": "a", "id": "k2", "key": nil})+"\n"+
		keyRecord(map[string]any{"deviceId": "a", "id": "k1"}))
	require.Empty(t, cmp.Diff([]string{
		"record 1, line 1: deviceId: is not known here",
		"record 3, line 3: key: is missing; a listing never contains keys: read each by itself with $select=key",
	}, why(keys)))
	require.Equal(t, "4 read: 1 imported, 1 unchanged, 2 refused", keys.String())
}

func TestAKeyIdIsNeverTakenFromOneDeviceToAnother(t *testing.T) {
	d := newDirectory(t)
	d.devices(t, `{"accountEnabled":true,"deviceId":"a"}{"accountEnabled":true,"deviceId":"b"}`, msgraph.Options{DefaultOwner: "ada"})
	d.keys(t, keyRecord(map[string]any{"deviceId": "a", "id": "k"}))
	report := d.keys(t, keyRecord(map[string]any{"deviceId": "b", "id": "k", "key": accounttest.RecoveryPassword(1)}))
	require.Equal(t, "1 read: 1 refused", report.String())
	var denied *policy.Denied
	require.ErrorAs(t, report.Refusals[0], &denied)
	require.Equal(t, devices.CodeKeyExists, denied.Reason().Code)

	again := d.keys(t, keyRecord(map[string]any{"deviceId": "a", "id": "k", "key": accounttest.RecoveryPassword(1)}))
	require.Equal(t, "1 read: 1 unchanged", again.String())
	password, err := d.App.Devices.Reveal(t.Context(), d.ada, "k")
	require.NoError(t, err)
	require.Equal(t, accounttest.RecoveryPassword(0), password.Reveal(), "an import never replaces a key")
}

func TestOwnersComeFromWhereverTheExportHasThem(t *testing.T) {
	d := newDirectory(t)
	report := d.devices(t, `
{"accountEnabled":true,"deviceId":"a","id":"object-a","registeredOwners":[{"id":"bob"}]}
{"accountEnabled":true,"deviceId":"b","id":"object-b"}
{"accountEnabled":true,"deviceId":"c"}
{"accountEnabled":true,"deviceId":"d"}
{"accountEnabled":true,"deviceId":"e","trustType":"ServerAd"}
{"accountEnabled":true,"deviceId":"f","trustType":"ServerAd","id":"object-f"}
{"accountEnabled":true,"deviceId":"g","id":"object-g","registeredOwners":[{"id":"bob"}]}
{"accountEnabled":true,"deviceId":"h","id":"object-h"}`,
		msgraph.Options{
			Owners: map[string]policy.AccountID{"": "bob", "object-b": "bob", "c": "bob", "object-f": "bob", "object-g": "ada", "object-h": "bob", "h": "ada"},
			Users:  map[string][]policy.AccountID{"object-b": {"ada"}, "c": {"ada", "bob"}},

			DefaultOwner: "ada",
		})
	require.Empty(t, cmp.Diff([]string{
		"record 7, line 8: registeredOwners: name two persons; there can be only one owner",
		"record 8, line 9: registeredOwners: name two persons; there can be only one owner",
	}, why(report)))
	owners := map[policy.DeviceID]policy.AccountID{}
	for _, id := range []policy.DeviceID{"a", "b", "c", "d", "e", "f"} {
		owners[id] = d.device(t, id).Owner
	}
	require.Empty(t, cmp.Diff(map[policy.DeviceID]policy.AccountID{"a": "bob", "b": "bob", "c": "bob", "d": "ada", "e": "", "f": "bob"}, owners))
	require.Equal(t, []devices.User{{Account: "bob"}, {Account: "ada"}}, d.device(t, "b").Users)
	require.Equal(t, []devices.User{{Account: "bob"}, {Account: "ada"}}, d.device(t, "c").Users)
}

func TestAnImportGoesIntoTheActorsTenantAndNowhereElse(t *testing.T) {
	d := newDirectory(t)
	const other policy.TenantID = "fabrikam"
	d.Tenant(other)
	d.PersonIn(other, "ada", policy.Work)
	d.PersonIn(other, "bob", policy.Work)
	report, err := msgraph.ImportDevices(t.Context(), d.App.Admin.Devices, policy.Host("directory-sync", other), bytes.NewReader(read(t, "devices.json")), msgraph.Options{})
	require.NoError(t, err)
	require.Equal(t, 3, report.Imported)
	_, err = d.App.Admin.Devices.Get(t.Context(), d.Host, "20000000-0000-4000-8000-000000000001")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.Equal(t, "1 read: 1 refused", d.keys(t, keyRecord(map[string]any{"deviceId": "20000000-0000-4000-8000-000000000001"})).String())
}

func TestOnlyDeviceAdministratorsAndTheHostImport(t *testing.T) {
	d := newDirectory(t)
	exported, keys := string(read(t, "devices.json")), string(read(t, "recoverykeys.jsonl"))
	for _, actor := range []policy.Actor{{}, d.ada, d.Admin("reader", policy.GlobalReader), policy.System("setup")} {
		report, err := msgraph.ImportDevices(t.Context(), d.App.Admin.Devices, actor, strings.NewReader(exported), msgraph.Options{})
		var denied *policy.Denied
		require.ErrorAs(t, err, &denied)
		require.Equal(t, msgraph.Report{Read: 3}, report)
		report, err = msgraph.ImportRecoveryKeys(t.Context(), d.App.Admin.Devices, actor, strings.NewReader(keys))
		require.ErrorAs(t, err, &denied)
		require.Equal(t, msgraph.Report{Read: 4}, report)
	}
	admin := d.Admin("carol", policy.CloudDeviceAdministrator)
	report, err := msgraph.ImportDevices(t.Context(), d.App.Admin.Devices, admin, strings.NewReader(exported), msgraph.Options{})
	require.NoError(t, err)
	require.Equal(t, 3, report.Imported)
}

func TestMoreThanOneBatchIsImportedAndWhatComesBeforeABreak(t *testing.T) {
	d := newDirectory(t)
	var export strings.Builder
	const total = 2*devices.MaxImport + 17
	for i := range total {
		fmt.Fprintf(&export, "{\"accountEnabled\":true,\"deviceId\":\"device-%d\"}\n", i)
		if i%100 == 0 {
			export.WriteString("{}\n")
		}
	}
	export.WriteString(`{"accountEnabled":true,"deviceId":"last","registeredOwners":[{"id":"nobody"}]}` + "\n")
	report, err := msgraph.ImportDevices(t.Context(), d.App.Admin.Devices, d.Host, strings.NewReader(export.String()+"{"), msgraph.Options{DefaultOwner: "ada"})
	var broken *msgraph.Broken
	require.ErrorAs(t, err, &broken)
	require.Equal(t, total+22+1, broken.Line)
	require.Equal(t, "2039 read: 2017 imported, 22 refused", report.String())
	require.Equal(t, msgraph.Position{Record: total + 22, Line: total + 22}, report.Refusals[21].Position)
	require.Equal(t, devices.Enabled, d.device(t, policy.DeviceID(fmt.Sprintf("device-%d", total-1))).State)

	again, err := msgraph.ImportDevices(t.Context(), d.App.Admin.Devices, d.Host, strings.NewReader(export.String()), msgraph.Options{DefaultOwner: "ada"})
	require.NoError(t, err, "mended, the whole is imported again")
	require.Equal(t, "2039 read: 2017 unchanged, 22 refused", again.String())
}

func TestAReportExplainsRefusalsInOrderAndNoMoreThanItsBound(t *testing.T) {
	d := newDirectory(t)
	report := d.devices(t, `{"accountEnabled":true,"deviceId":"a"}{}{"accountEnabled":true,"deviceId":"b"}{}`)
	for i, refusal := range report.Refusals {
		require.Equal(t, i+1, refusal.Record, "those of the batch stand among those of the reading")
	}
	many := d.devices(t, strings.Repeat("{}", msgraph.MaxRefusals+5))
	require.Equal(t, msgraph.MaxRefusals+5, many.Refused)
	require.Len(t, many.Refusals, msgraph.MaxRefusals)
}

func TestAnImportEndsWithItsContextAndWithTheReadersTrouble(t *testing.T) {
	d := newDirectory(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report, err := msgraph.ImportDevices(ctx, d.App.Admin.Devices, d.Host, strings.NewReader(strings.Repeat("{}", 10)), msgraph.Options{})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, report.Read)

	trouble := errors.New("the disk is gone")
	r := io.MultiReader(strings.NewReader(`{"accountEnabled":true,"deviceId":"a"}`+"\n"), iotest.ErrReader(trouble))
	report, err = msgraph.ImportDevices(t.Context(), d.App.Admin.Devices, d.Host, r, msgraph.Options{DefaultOwner: "ada"})
	require.ErrorIs(t, err, trouble)
	require.Equal(t, "1 read: 1 imported", report.String())
}

func TestAReportSaysWhatHappenedInOneLine(t *testing.T) {
	require.Equal(t, "0 read", msgraph.Report{}.String())
	require.Equal(t, "6 read: 1 imported, 1 updated, 1 unchanged, 1 kept disabled, 2 refused",
		msgraph.Report{Read: 6, Imported: 1, Updated: 1, Unchanged: 1, KeptDisabled: 1, Refused: 2}.String())
}
