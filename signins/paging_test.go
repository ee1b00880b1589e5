package signins_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// selects filters as the requirements say, with no look at the room.
func selects(q signins.Query, i signins.Item) bool {
	if q.Search != "" {
		texts := []string{i.Application, i.Resource, i.ClientApp, i.Browser, i.System, i.Place.City, i.Place.Region, i.Place.Country,
			i.Place.String(), i.DeviceName, i.DeviceTitle(), i.Failure, i.Correlation, string(i.ID), string(i.Device), string(i.Session)}
		for _, f := range i.Unusual {
			texts = append(texts, f.Text, string(f.Kind))
		}
		for _, at := range []time.Time{i.At, i.AnsweredAt} {
			if !at.IsZero() {
				texts = append(texts, at.Format(time.RFC3339Nano)+" "+at.Format("2006-01-02 15:04"))
			}
		}
		word := strings.ToLower(strings.TrimSpace(q.Search))
		said := []string{"", i.Outcome.Title(), i.Outcome.String(), i.Advice()} // by the beginnings of its words
		if i.Risk != policy.NoRisk {
			said = append(said, i.Risk.String(), "risk")
		}
		if i.Answer != signins.Unanswered {
			said = append(said, i.Answer.Title(), i.Answer.String())
		}
		if i.Anonymized {
			said = append(said, "anonymizing network")
		}
		outcome := strings.ToLower(strings.Join(said, " "))
		if len(i.Unusual) > 0 && strings.HasPrefix("unusual", word) || strings.Contains(outcome, " "+word) || i.Code != 0 && fmt.Sprint(i.Code) == word {
			texts = append(texts, q.Search)
		}
		if i.Address.IsValid() {
			texts = append(texts, i.Address.String())
		}
		for _, s := range i.Steps {
			texts = append(texts, s.Method, s.Detail)
			if !s.At.IsZero() {
				texts = append(texts, s.At.Format(time.RFC3339Nano)+" "+s.At.Format("2006-01-02 15:04"))
			}
		}
		if !slices.ContainsFunc(texts, func(s string) bool {
			return strings.Contains(strings.ToLower(s), strings.ToLower(strings.TrimSpace(q.Search)))
		}) {
			return false
		}
	}
	return (len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, i.Outcome)) && (q.Application == "" || q.Application == i.Application) &&
		(q.Device == "" || q.Device == i.Device) && (!q.Unusual || len(i.Unusual) > 0) &&
		(q.From.IsZero() || !i.At.Before(q.From)) && (q.To.IsZero() || !i.At.After(q.To))
}

// queries draws what to look for, all parts of it at once or none.
func queries(start time.Time) *rapid.Generator[signins.Query] {
	when := func(rt *rapid.T, name string) time.Time {
		if rapid.IntRange(0, 3).Draw(rt, "bounded "+name) > 0 {
			return time.Time{}
		}
		return start.Add(time.Duration(rapid.IntRange(0, 300).Draw(rt, name)) * time.Minute)
	}
	return rapid.Custom(func(rt *rapid.T) signins.Query {
		return signins.Query{
			Search:      rapid.SampledFrom([]string{"", "", "", "berlin", " BERLIN ", "berlin, de", "192.0.2", "unsuccessful", "word", "x", ".", "%", "r1", "passkey"}).Draw(rt, "search"),
			Application: rapid.SampledFrom([]string{"", "", "", "Word", "word", "Mail"}).Draw(rt, "application"),
			Device:      rapid.SampledFrom([]policy.DeviceID{"", "", "", "laptop", "none"}).Draw(rt, "device"),
			Outcomes: rapid.SliceOfN(rapid.SampledFrom([]signins.Outcome{signins.Success, signins.Interrupted, signins.FirstFactorFailed, signins.LaterStepFailed}),
				0, 2).Draw(rt, "outcomes"),
			Unusual: rapid.IntRange(0, 3).Draw(rt, "unusual") == 0,
			From:    when(rt, "from"), To: when(rt, "to"),
		}
	})
}

func TestPagesOfAnyQueryAreWhatFilteringTheWholeListGivesWhileOthersArrive(t *testing.T) {
	base := accounttest.New(t)
	ada, bob := base.Person("ada", policy.Work), base.Person("bob", policy.Work)
	start := base.Clock.Now()
	for i := range 240 {
		if i%3 > 0 { // three at a time
			base.Clock.Advance(time.Duration(i%4) * time.Minute)
		}
		base.SignedIn(bob)
		base.SignedIn(ada, func(r *signins.Record) {
			r.ID = signins.ID(fmt.Sprintf("r%d", i*7919%1000))
			r.Code, r.Place = []int{0, 50126, 500121, 0, 50058}[i*i%5], crossings[i*i%len(crossings)]
			r.Application, r.Device = []string{"Word", "Mail", "x.y"}[i%3], []policy.DeviceID{"", "laptop"}[i%2]
			r.Steps = []signins.Step{{Method: []string{"Passkey", "Password"}[i%2]}}
		})
	}
	ada = base.SignIn(ada)
	whole := listed(t, base, ada, signins.Query{}, 50)
	require.Len(t, whole, 240)
	found := 0
	rapid.Check(t, func(rt *rapid.T) {
		w, q := base.Fork(t), queries(start).Draw(rt, "query")
		var want, got []signins.Item
		for _, i := range whole {
			if selects(q, i) {
				want = append(want, i)
			}
		}
		for more := true; more; more = q.Page.After != "" {
			q.Page.Size = rapid.IntRange(1, 40).Draw(rt, "size")
			l, err := w.App.SignIns.Activity(ctx, ada, q)
			require.NoError(rt, err)
			require.LessOrEqual(rt, len(l.Items), q.Page.Size)
			got, q.Page.After = append(got, l.Items...), l.Next
			if q.Page.After != "" && len(l.Items) < q.Page.Size {
				rt.Fatal("a page is short, although the list goes on and nothing bounded the call")
			}
			w.Clock.Advance(time.Second)
			w.SignedIn(bob)
			w.SignedIn(ada, func(r *signins.Record) { r.Application, r.Device, r.Place = "Word", "laptop", accounttest.NewYork })
		}
		require.Equal(rt, want, got)
		found += len(got)
	})
	require.Greater(t, found, 100)
}

func TestACursorOfAnotherListOrOfNoneShowsNobodyElsesAttempts(t *testing.T) {
	w := accounttest.New(t)
	ada, bob := w.Person("ada", policy.Work), w.Person("bob", policy.Work)
	for range 9 {
		w.SignedIn(ada)
		w.SignedIn(bob)
		w.Clock.Advance(time.Minute)
	}
	list, err := w.App.SignIns.Activity(ctx, bob, signins.Query{Page: store.Page{Size: 4}})
	require.NoError(t, err)
	for _, after := range []store.Cursor{list.Next, "x", "\x00", store.Cursor(strings.Repeat("A", 1<<16)), list.Next + "A", list.Next[1:]} {
		list, err := w.App.SignIns.Activity(ctx, ada, signins.Query{Page: store.Page{After: after}})
		if err != nil {
			var invalid *policy.Invalid
			require.ErrorAs(t, err, &invalid, "%q", after)
			require.Equal(t, "page.after", invalid.Field)
		}
		for _, i := range list.Items {
			require.Equal(t, policy.AccountID("ada"), i.Account)
		}
	}
}

// counted counts the attempts that are read of a store's lists.
type counted struct {
	signins.Store
	read, calls int
}

func (c *counted) View(ctx context.Context, fn func(signins.Tx) error) error {
	return c.Store.View(ctx, func(tx signins.Tx) error { return fn(countedTx{tx, c}) })
}

type countedTx struct {
	signins.Tx
	c *counted
}

func (x countedTx) SignInsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[signins.SignIn], error) {
	l, err := x.Tx.SignInsOf(t, a, p)
	x.c.read += len(l.Items)
	x.c.calls++
	return l, err
}

func TestOneCallLooksAtABoundedNumberOfAttemptsAndTheNextGoesOn(t *testing.T) {
	const behind = 500
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	now := w.Clock.Now()
	var records []signins.Record
	for i := range signins.MaxScan + behind {
		records = append(records, signins.Record{ID: signins.ID(fmt.Sprintf("r%d", i)), Account: "ada", At: now.Add(-time.Duration(i) * time.Minute),
			Code: 50126, Address: netip.MustParseAddr("192.0.2.9")})
	}
	records[len(records)-1].Application = "needle"
	keep(t, w, records, signins.MaxImport)
	for _, size := range []int{1, 7, store.MaxPageSize} {
		s := &counted{Store: w.DB.SignIns()}
		room := over(t, w, s)
		q := signins.Query{Search: "needle", Page: store.Page{Size: size}}
		first, err := room.Service.Activity(ctx, ada, q)
		require.NoError(t, err)
		require.Empty(t, first.Items)
		require.NotEmpty(t, first.Next, "it is not the end")
		require.GreaterOrEqual(t, s.read, signins.MaxScan)
		require.Less(t, s.read, signins.MaxScan+size)
		q.Page.After, s.read = first.Next, 0
		second, err := room.Service.Activity(ctx, ada, q)
		require.NoError(t, err)
		require.Equal(t, []signins.ID{records[len(records)-1].ID}, ids(second.Items))
		require.Empty(t, second.Next)
		require.LessOrEqual(t, s.read, behind, "it goes on where the first call ended")
	}
}
