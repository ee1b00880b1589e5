package export_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/examples/internal/export"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// tenant is a world into which an export is brought.
type tenant struct {
	*accounttest.World
	*testing.T
}

func newTenant(t *testing.T) tenant { return tenant{accounttest.New(t), t} }

// bring imports all, and gives what became of each text.
func (w tenant) bring(e *export.Export) []string {
	w.Helper()
	var told []string
	require.NoError(w, e.Import(w.Context(), w.App, w.Host, func(text string, r msgraph.Report) {
		told = append(told, text+": "+r.String())
		for _, refusal := range r.Refusals {
			told = append(told, refusal.Error())
		}
	}))
	return told
}

func (w tenant) person(id policy.AccountID) policy.Actor {
	return w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: id})
}

func (w tenant) devicesOf(id policy.AccountID) []devices.Item {
	w.Helper()
	list, err := w.App.Devices.List(w.Context(), w.person(id), devices.Query{Disabled: true})
	require.NoError(w, err)
	return list.Items
}

func (w tenant) activityOf(id policy.AccountID) []signins.Item {
	w.Helper()
	list, err := w.App.SignIns.Activity(w.Context(), w.person(id), signins.Query{Page: store.Page{Size: store.MaxPageSize}})
	require.NoError(w, err)
	require.Empty(w, list.Next)
	return list.Items
}

func files(content map[string]string) fstest.MapFS {
	all := make(fstest.MapFS)
	for name, text := range content {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestWhereThereAreUsersNobodyElseGetsAnAccount(t *testing.T) {
	w := newTenant(t)
	e, err := export.From("small", files(map[string]string{
		"users.json":   `{"value":[{"id":"ada","displayName":"Ada","userPrincipalName":"ada@contoso.example","accountEnabled":true,"mail":"mail@contoso.example"},{"id":"off","accountEnabled":false},{"displayName":"without an id"}]}`,
		"devices.json": `{"deviceId":"d","accountEnabled":true,"registeredOwners":[{"id":"ada"}]}{"deviceId":"e","accountEnabled":true,"registeredOwners":[{"id":"eve"}]}{"deviceId":"f","accountEnabled":true}`,
		"signIns.json": `{"id":"s","createdDateTime":"2026-01-04T08:00:00Z","userId":"mallory","status":{"errorCode":0}}`,
	}), export.Options{ProvenAt: w.Clock.Now()})
	require.NoError(t, err)
	require.Equal(t, "small", e.Name)
	require.True(t, e.HasSignIns())
	require.Empty(t, cmp.Diff([]policy.AccountID{"ada", "off", "eve", "mallory"}, ids(e)))
	told := w.bring(e)
	require.Equal(t, []string{
		"users.json: 3 read: 2 imported, 1 refused", "record 3, line 1: id: is missing",
		"devices.json: 3 read: 1 imported, 2 refused",
	}, told[:3])
	require.Contains(t, strings.Join(told, "\n"), "signIns.json: 1 read: 1 refused\n")
	for _, id := range []policy.AccountID{"eve", "mallory"} {
		_, err := w.App.Host.Accounts.Account(t.Context(), w.Host, id)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	st, err := w.App.Host.Accounts.Account(t.Context(), w.Host, "off")
	require.NoError(t, err)
	require.Equal(t, policy.Disabled, st.State)
	to, err := w.App.Host.Account.NoticeAddresses(t.Context(), w.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, []string{"mail@contoso.example"}, to)
}

func TestWithoutUsersEverybodyIsSomebody(t *testing.T) {
	w := newTenant(t)
	e, err := export.From("small", files(map[string]string{
		"devices.json": `{"deviceId":"d","accountEnabled":true,"registeredOwners":[{"id":"ada","displayName":"Ada"}]}`,
		"signIns.json": `{"id":"s","createdDateTime":"2026-01-04T08:00:00Z","userId":"bob","status":{"errorCode":0}}`,
	}), export.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"devices.json: 1 read: 1 imported", "signIns.json: 1 read: 1 imported"}, w.bring(e))
	require.Equal(t, []string{"devices.json: 1 read: 1 unchanged", "signIns.json: 1 read: 1 unchanged"}, w.bring(e))
	require.Len(t, w.devicesOf("ada"), 1)
	require.Len(t, w.activityOf("bob"), 1)
	e.People()[0].ID = "mallory"
	require.Equal(t, []policy.AccountID{"ada", "bob"}, ids(e), "what was handed out is the caller's")
}

func ids(e *export.Export) (all []policy.AccountID) {
	for _, p := range e.People() {
		all = append(all, p.ID)
	}
	return all
}

func TestTimesMoveTogetherAndNoTimeStaysNone(t *testing.T) {
	w := newTenant(t)
	to := w.Clock.Now().Add(-time.Minute)
	e, err := export.From("old", files(map[string]string{
		"users.json":        `{"id":"ada","accountEnabled":true,"createdDateTime":"2001-01-01T00:00:00Z","displayName":"2001-02-02T00:00:00Z"}`,
		"devices.json":      `{"deviceId":"d","accountEnabled":true,"displayName":"2001-02-02T00:00:00Z","registrationDateTime":"2001-01-31T00:00:00Z","registeredOwners":[{"id":"ada"}]}`,
		"recoveryKeys.json": `{"id":"k","deviceId":"d","createdDateTime":"2001-02-01T00:00:00Z","key":"` + accounttest.RecoveryPassword(0) + `"}`,
		"signIns.json": `{"id":"s","createdDateTime":"2001-02-02T00:00:00.25Z","userId":"ada","status":{"errorCode":0},` +
			`"authenticationDetails":[{"authenticationStepDateTime":"2001-02-01T23:59:59Z","authenticationMethod":"Password","succeeded":true}]}`,
		"signIns.csv": "UserId,Id,CreatedDateTime [UTC],ResultType\nada,t,\"2/1/2001, 11:59:00 PM\",50126\n",
	}), export.Options{ShiftTo: to})
	require.NoError(t, err)
	w.bring(e)
	day := 24 * time.Hour
	moved := func(before time.Duration) time.Time { return to.Add(-250*time.Millisecond - before) }

	d := w.devicesOf("ada")[0]
	require.Equal(t, "2001-02-02T00:00:00Z", d.Name, "what only looks like a time is none")
	require.Equal(t, moved(2*day), d.RegisteredAt)
	require.Zero(t, d.LastSignInAt)
	keys, err := w.App.Devices.RecoveryKeys(t.Context(), w.person("ada"), "d", devices.KeyQuery{})
	require.NoError(t, err)
	require.Equal(t, moved(day), keys.Items[0].CreatedAt)
	items := w.activityOf("ada")
	require.Equal(t, []time.Time{to, moved(time.Minute)}, []time.Time{items[0].At, items[1].At}, "in whatever form a log came")
	require.Equal(t, moved(time.Second), items[0].Steps[0].At)
}

// timesIn gives the paths of all times in a type.
func timesIn(of reflect.Type, path string) (all []string) {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return []string{path}
	case of.Kind() == reflect.Slice:
		return timesIn(of.Elem(), path)
	case of.Kind() == reflect.Struct:
		for i := range of.NumField() {
			if f := of.Field(i); f.IsExported() {
				all = append(all, timesIn(f.Type, path+"."+f.Name)...)
			}
		}
	}
	return all
}

func TestNoRecordHasATimeThatIsNotMoved(t *testing.T) {
	for of, want := range map[reflect.Type][]string{
		reflect.TypeFor[msgraph.User]():        {".CreatedAt"},
		reflect.TypeFor[msgraph.Device]():      {".DeviceRecord.RegisteredAt", ".DeviceRecord.LastSignInAt"},
		reflect.TypeFor[msgraph.RecoveryKey](): {".KeyRecord.CreatedAt"},
		reflect.TypeFor[msgraph.SignIn]():      {".Record.At", ".Record.Steps.At"},
	} {
		require.Equal(t, want, timesIn(of, ""), "the file shift.go moves these; teach it the others: %s", of)
	}
}

func TestAnExportWithoutATimeIsMovedNowhere(t *testing.T) {
	w := newTenant(t)
	e, err := export.From("timeless", files(map[string]string{"users.json": `{"id":"ada","accountEnabled":true}`}), export.Options{ShiftTo: w.Clock.Now()})
	require.NoError(t, err)
	require.Equal(t, []string{"users.json: 1 read: 1 imported"}, w.bring(e))
}

func TestTroubleIsToldOnceTheFilesAreOpened(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		shift bool
		want  string
	}{
		{nil, false, "trouble has no users*.json, no devices*.json and no graph-docs/graph-examples.jsonl"},
		{map[string]string{"users.json": "{"}, false, "users.json: line 1: ends in the middle of a value: unexpected EOF"},
		{map[string]string{"users.json": "", "recoveryKeys.json": "{"}, true, "recoveryKeys.json: line 1: ends in the middle of a value: unexpected EOF"},
	} {
		o := export.Options{}
		if c.shift {
			o.ShiftTo = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
		}
		_, err := export.From("trouble", files(c.files), o)
		require.EqualError(t, err, c.want)
	}
}
