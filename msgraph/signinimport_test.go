package msgraph_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/opendata"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// activityAt lists all of an account's attempts as its person sees them, some time after.
func activityAt(t *testing.T, w *accounttest.World, account policy.AccountID, now time.Time) []signins.Item {
	t.Helper()
	w.Clock.Advance(now.Sub(w.Clock.Now()))
	list, err := w.App.SignIns.Activity(t.Context(), w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: account}), signins.Query{Page: store.Page{Size: store.MaxPageSize}})
	require.NoError(t, err)
	require.Empty(t, list.Next)
	for i := range list.Items {
		list.Items[i].Revision = 0 // the order of the import shows in it, and in nothing else
	}
	return list.Items
}

func importSignIns(t *testing.T, w *accounttest.World, log string) msgraph.Report {
	t.Helper()
	report, err := msgraph.ImportSignIns(t.Context(), w.App.Admin.SignIns, w.Host, strings.NewReader(log))
	require.NoError(t, err)
	return report
}

func TestALogOfSignInsIsImportedOnce(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	log := `{"value":[
  {"id":"a","createdDateTime":"2026-01-04T08:00:00Z","userId":"ada","appDisplayName":"Mail","status":{"errorCode":0}},
  {"id":"b","createdDateTime":"2026-01-04T09:00:00.123456789Z","userId":"ada","status":{"errorCode":50126}},
  {"id":"c","createdDateTime":"2026-01-04T09:00:00Z","userId":"nobody","status":{"errorCode":0}},
  {"id":"d","createdDateTime":"2026-01-04T09:00:00Z","servicePrincipalId":"robot","status":{"errorCode":0}},
  {"id":"e","userId":"ada","status":{"errorCode":0}}
]}`
	report := importSignIns(t, w, log)
	require.Equal(t, "5 read: 2 imported, 1 skipped, 2 refused", report.String())
	require.Equal(t, 3, report.Refusals[0].Record)
	require.ErrorContains(t, report.Refusals[0], "no account with this id")
	require.ErrorContains(t, report.Refusals[1], "createdDateTime")
	require.Equal(t, "5 read: 2 unchanged, 1 skipped, 2 refused", importSignIns(t, w, log).String())
	items := activityAt(t, w, "ada", w.Clock.Now())
	require.Equal(t, []signins.Outcome{signins.FirstFactorFailed, signins.Success}, []signins.Outcome{items[0].Outcome, items[1].Outcome})
	require.Equal(t, "Mail", items[1].Application)
}

func TestARealTableOfSignInsIsImportedOnceAndInAnyOrder(t *testing.T) {
	dir, ok := opendata.Dir()
	if !ok {
		return
	}
	const adele = "9b117c67-170e-4aed-9702-658b3fddc889"
	log, err := os.ReadFile(filepath.Join(dir, "sentinel-signins", "sign-in_adelete.csv"))
	require.NoError(t, err)
	base := accounttest.New(t)
	base.Clock.Advance(time.Date(2021, 4, 29, 0, 0, 0, 0, time.UTC).Sub(base.Clock.Now()))
	base.Person(adele, policy.Work)

	w := base.Fork(t)
	require.Equal(t, "56 read: 56 imported", importSignIns(t, w, string(log)).String())
	require.Equal(t, "56 read: 56 unchanged", importSignIns(t, w, string(log)).String())
	want := activityAt(t, w, adele, w.Clock.Now())
	outcomes, groups := map[signins.Outcome]int{}, map[string]bool{}
	for _, i := range want {
		outcomes[i.Outcome]++
		groups[i.Correlation] = true
		require.Empty(t, i.Unusual, "one person in one place on one day")
	}
	require.Equal(t, map[signins.Outcome]int{signins.Success: 53, signins.Interrupted: 3}, outcomes)
	require.Len(t, groups, 52)

	records := whole(t, msgraph.SignIns(bytes.NewReader(log)))
	shuffled := base.Fork(t)
	for i := range records {
		_, err := shuffled.App.Host.SignIns.Record(t.Context(), shuffled.Host, records[i*37%len(records)].Record) // 37 and 56 have no common factor
		require.NoError(t, err)
	}
	require.Equal(t, want, activityAt(t, shuffled, adele, w.Clock.Now()))
}

func TestRealEventsOfSignInsAreImported(t *testing.T) {
	dir, ok := opendata.Dir()
	if !ok {
		return
	}
	lines, err := os.ReadFile(filepath.Join(dir, "panther-signins", "signins.jsonl"))
	require.NoError(t, err)
	w := accounttest.New(t)
	known := map[policy.AccountID]bool{}
	var log strings.Builder
	for line := range bytes.Lines(lines) {
		var wrapped struct {
			Log json.RawMessage `json:"log"`
		}
		require.NoError(t, json.Unmarshal(line, &wrapped))
		if s := one(t, string(wrapped.Log)); s.Account != "" && !known[s.Account] {
			known[s.Account] = true
			w.Person(s.Account, policy.Work)
		}
		log.Write(wrapped.Log)
		log.WriteByte('\n')
	}
	require.Equal(t, "12 read: 12 skipped", importSignIns(t, w, log.String()).String(), "they are older than the tenant keeps")
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.RetentionDays, signins.RetentionDays.Max))
	require.Equal(t, "12 read: 10 imported, 1 unchanged, 1 skipped", importSignIns(t, w, log.String()).String(), "two have one id")
	require.Equal(t, "12 read: 11 unchanged, 1 skipped", importSignIns(t, w, log.String()).String())
}
