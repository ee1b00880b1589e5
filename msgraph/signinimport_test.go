package msgraph_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/accounttest"
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

// outcome is what an account's person and the rules see after an import.
type outcome struct {
	Items  []signins.Item
	Habits signins.Habits
}

// outcomes gives that of each account.
func outcomes(t *testing.T, w *accounttest.World, accounts []policy.AccountID) map[policy.AccountID]outcome {
	t.Helper()
	all := make(map[policy.AccountID]outcome, len(accounts))
	for _, a := range accounts {
		o := outcome{Items: activityAt(t, w, a, w.Clock.Now())}
		require.NoError(t, w.DB.SignIns().View(t.Context(), func(tx signins.Tx) (err error) {
			if o.Habits, err = tx.Habits(accounttest.Tenant, a); errors.Is(err, store.ErrNotFound) { // of an account without a success
				err = nil
			}
			return err
		}))
		o.Habits.Revision = 0
		all[a] = o
	}
	return all
}

// laterWorld is long after a log, where its people have accounts, who are given too.
func laterWorld(t *testing.T, l logbook) (*accounttest.World, []policy.AccountID, []msgraph.SignIn) {
	t.Helper()
	w := accounttest.New(t)
	w.Clock.Advance(60 * 24 * time.Hour)
	var accounts []policy.AccountID
	signIns := whole(t, msgraph.SignIns(strings.NewReader(l.text)))
	for _, s := range signIns {
		if s.Account != "" && !slices.Contains(accounts, s.Account) {
			accounts = append(accounts, s.Account)
			w.Person(s.Account, policy.Work)
		}
	}
	return w, accounts, signIns
}

func keepAll(t *testing.T, w *accounttest.World) {
	t.Helper()
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.RetentionDays, signins.RetentionDays.Max))
}

func TestALogOfSignInsIsImportedOnceAndWhatIsTooOldIsCounted(t *testing.T) {
	for _, l := range logs(t) {
		t.Run(strings.ReplaceAll(l.name, " ", "-"), func(t *testing.T) {
			w, accounts, _ := laterWorld(t, l)
			require.Equal(t, msgraph.Report{Read: l.read, Skipped: l.programs, Past: l.read - l.programs}, importSignIns(t, w, l.text))
			keepAll(t, w)
			people := l.ids - l.programs
			require.Equal(t, msgraph.Report{Read: l.read, Skipped: l.programs, Imported: people, Unchanged: l.read - l.programs - people}, importSignIns(t, w, l.text))
			require.Equal(t, msgraph.Report{Read: l.read, Skipped: l.programs, Unchanged: l.read - l.programs}, importSignIns(t, w, l.text))
			counted, unusual := map[signins.Outcome]int{}, map[signins.FlagKind]int{}
			for _, o := range outcomes(t, w, accounts) {
				for _, i := range o.Items {
					counted[i.Outcome]++
					for _, f := range i.Unusual {
						unusual[f.Kind]++
					}
				}
			}
			require.Equal(t, l.outcomes, counted)
			require.Equal(t, l.unusual, unusual)
		})
	}
}

func TestALogThatIsReplayedTwiceAndShuffledComesOutTheSame(t *testing.T) {
	for _, l := range logs(t) {
		t.Run(strings.ReplaceAll(l.name, " ", "-"), func(t *testing.T) {
			base, accounts, signIns := laterWorld(t, l)
			keepAll(t, base)
			w := base.Fork(t)
			importSignIns(t, w, l.text)
			want := outcomes(t, w, accounts)
			records := make([]signins.Record, 0, 2*len(signIns))
			for _, s := range slices.Concat(signIns, signIns) {
				if !s.ServicePrincipal {
					records = append(records, s.Record)
				}
			}
			rapid.Check(t, func(rt *rapid.T) {
				w := base.Fork(t)
				shuffled := rapid.Permutation(records).Draw(rt, "order")
				for part := range slices.Chunk(shuffled, rapid.SampledFrom([]int{1, 3, 1000}).Draw(rt, "batch")) {
					if len(part) == 1 {
						_, err := w.App.Host.SignIns.Record(t.Context(), w.Host, part[0])
						require.NoError(rt, err)
						continue
					}
					done, err := w.App.Admin.SignIns.Import(t.Context(), w.Host, part)
					require.NoError(rt, err)
					for _, d := range done {
						require.NoError(rt, d.Err)
					}
				}
				require.Empty(rt, cmp.Diff(want, outcomes(t, w, accounts), sameAddress, cmp.Comparer(func(a, b policy.Decision) bool { return reflect.DeepEqual(a, b) })))
			})
		})
	}
}
