package signins_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// activity lists somebody's attempts as the query selects them, all pages of a small size.
func activity(t *testing.T, w *accounttest.World, a policy.Actor, q signins.Query) (all []signins.Item) {
	t.Helper()
	q.Page.Size = 3
	for {
		list, err := w.App.SignIns.Activity(ctx, a, q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(list.Items), 3)
		all = append(all, list.Items...)
		if q.Page.After = list.Next; list.Next == "" {
			return all
		}
	}
}

func ids(items []signins.Item) (all []signins.ID) {
	for _, i := range items {
		all = append(all, i.ID)
	}
	return all
}

// kinds tells what is unusual about an item.
func kinds(i signins.Item) (all []signins.FlagKind) {
	for _, f := range i.Unusual {
		all = append(all, f.Kind)
	}
	return all
}

func TestAResultIsToldFromItsCodeAndSteps(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	passed := []signins.Step{{Method: "Password", Primary: true, Succeeded: true}, {Method: "Mobile app notification"}}
	for _, c := range []struct {
		code   int
		steps  []signins.Step
		want   signins.Outcome
		title  string
		advice string
	}{
		{0, nil, signins.Success, "Successful sign-in", ""},
		{50058, nil, signins.Interrupted, "Interrupted sign-in", "Nothing needs to be done"},
		{16000, passed, signins.Interrupted, "Interrupted sign-in", "somebody may know your password"},
		{50126, nil, signins.FirstFactorFailed, "Unsuccessful sign-in", "do not need to change your password"},
		{50053, nil, signins.FirstFactorFailed, "Unsuccessful sign-in", "do not need to change your password"},
		{500121, nil, signins.LaterStepFailed, "Unsuccessful sign-in", "change your password now"},
		{50074, nil, signins.LaterStepFailed, "Unsuccessful sign-in", "change your password now"},
		{-1, nil, signins.LaterStepFailed, "Unsuccessful sign-in", "change your password now"},
		{50126, passed, signins.LaterStepFailed, "Unsuccessful sign-in", "change your password now"},
		{50076, nil, signins.Interrupted, "Interrupted sign-in", "somebody may know your password"},
		{999999, passed, signins.LaterStepFailed, "Unsuccessful sign-in", "change your password now"},
	} {
		id := w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Steps = c.code, c.steps })
		item, err := w.App.SignIns.Attempt(ctx, ada, id)
		require.NoError(t, err)
		require.Equal(t, c.want, item.Outcome, "%d", c.code)
		require.Equal(t, c.title, item.Outcome.Title())
		require.Contains(t, item.Advice(), c.advice)
	}
}

func TestAttemptsAreListedNewestFirstAndPagedWithoutGaps(t *testing.T) {
	w := accounttest.New(t)
	ada, bob := w.Person("ada", policy.Work), w.Person("bob", policy.Work)
	var want []signins.ID
	for range 20 {
		w.SignedIn(bob)
		want = append(want, w.SignedIn(ada))
		w.Clock.Advance(time.Hour)
	}
	slices.Reverse(want)
	require.Equal(t, want, ids(activity(t, w, ada, signins.Query{})))
}

func TestRecordingAnIdAgainChangesNothing(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada, func(r *signins.Record) { r.ID = "one" })
	before := len(w.Events(accounttest.Tenant))
	isNew, err := w.App.Host.SignIns.Record(ctx, w.Host, signins.Record{ID: "one", Account: "ada", At: w.Clock.Now().Add(time.Hour), Code: 50126})
	require.NoError(t, err)
	require.False(t, isNew)
	all := activity(t, w, ada, signins.Query{})
	require.Len(t, all, 1)
	require.Equal(t, signins.Success, all[0].Outcome)
	require.Len(t, w.Events(accounttest.Tenant), before, "the record is its own event")
}

func TestFiltersNarrowTheList(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	start := w.Clock.Now()
	first := w.SignedIn(ada, func(r *signins.Record) { r.Application, r.Device, r.DeviceName = "Word", laptop, "Ada's laptop" })
	w.Clock.Advance(time.Hour)
	second := w.SignedIn(ada, func(r *signins.Record) { r.Code = 50126 })
	w.Clock.Advance(time.Hour)
	third := w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Place, r.Browser = 50074, accounttest.NewYork, "Edge 131.0" })
	for name, c := range map[string]struct {
		q    signins.Query
		want []signins.ID
	}{
		"application": {signins.Query{Application: "Word"}, []signins.ID{first}},
		"device":      {signins.Query{Device: laptop}, []signins.ID{first}},
		"its name":    {signins.Query{DeviceTitle: "Ada's laptop"}, []signins.ID{first}},
		"a browser":   {signins.Query{DeviceTitle: "Firefox on Windows 10"}, []signins.ID{second}},
		"half a name": {signins.Query{DeviceTitle: "Firefox"}, nil},
		"outcomes":    {signins.Query{Outcomes: []signins.Outcome{signins.FirstFactorFailed, signins.LaterStepFailed}}, []signins.ID{third, second}},
		"from":        {signins.Query{From: start.Add(time.Hour)}, []signins.ID{third, second}},
		"to":          {signins.Query{To: start.Add(time.Hour)}, []signins.ID{second, first}},
		"unusual":     {signins.Query{Unusual: true}, []signins.ID{third}},
		"none":        {signins.Query{Application: "word"}, nil},
	} {
		require.Equal(t, c.want, ids(activity(t, w, ada, c.q)), name)
	}
	_, err := w.App.SignIns.Activity(ctx, ada, signins.Query{Outcomes: []signins.Outcome{77}})
	require.ErrorContains(t, err, "outcomes")
}

func TestAttemptsAreShownAsLongAsTheTenantKeepsThem(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	var all []signins.ID
	for range 40 {
		all = append(all, w.SignedIn(ada))
		w.Clock.Advance(day)
	}
	slices.Reverse(all)
	ada = w.SignIn(ada)
	shown := func(n int) {
		t.Helper()
		require.Equal(t, all[:n], ids(activity(t, w, ada, signins.Query{})))
		_, err := w.App.SignIns.Attempt(ctx, ada, all[n-1])
		require.NoError(t, err)
		_, err = w.App.SignIns.Attempt(ctx, ada, all[n])
		require.ErrorIs(t, err, store.ErrNotFound, "nor by its id")
	}
	shown(30)
	require.NoError(t, w.App.Admin.Policy.Require(ctx, w.Host, signins.AreaHistory, "P1"))
	shown(7)
	require.NoError(t, w.App.Admin.Policy.Grant(ctx, w.Host, "P1"))
	shown(30)
	n, err := w.App.Host.SignIns.PurgeActivity(ctx, w.Host)
	require.NoError(t, err)
	require.Equal(t, 10, n)
	shown30 := activity(t, w, ada, signins.Query{})
	require.Len(t, shown30, 30, "a purge removes nothing that is shown")
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.RetentionDays, 3650))
	require.Len(t, activity(t, w, ada, signins.Query{}), 30, "what was purged is gone")
}

func TestWhatWasDoneInOneGoIsGrouped(t *testing.T) {
	item := func(id signins.ID, correlation string) signins.Item {
		return signins.Item{SignIn: signins.SignIn{Record: signins.Record{ID: id, Correlation: correlation}}}
	}
	var got [][]signins.ID
	for _, g := range signins.Grouped([]signins.Item{item("1", "a"), item("2", ""), item("3", "b"), item("4", "a"), item("5", ""), item("6", "b")}) {
		got = append(got, ids(g))
	}
	require.Equal(t, [][]signins.ID{{"1", "4"}, {"2"}, {"3", "6"}, {"5"}}, got)
	require.Empty(t, signins.Grouped(nil))
}

func TestRiskIsHiddenWithoutItsLicence(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada, func(r *signins.Record) { r.Risk = policy.LowRisk })
	risk := func() policy.Risk { return activity(t, w, ada, signins.Query{})[0].Risk }
	require.Equal(t, policy.LowRisk, risk())
	require.NoError(t, w.App.Admin.Policy.Require(ctx, w.Host, signins.AreaRisk, "P2"))
	require.Equal(t, policy.HiddenRisk, risk(), "hidden, not none")
}

func TestNobodyElsesAttemptsAreShown(t *testing.T) {
	w := accounttest.New(t)
	ada, bob := w.Person("ada", policy.Work), w.Person("bob", policy.Work)
	id := w.SignedIn(ada)
	_, err := w.App.SignIns.Attempt(ctx, bob, id)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.Empty(t, activity(t, w, bob, signins.Query{}))
	_, err = w.App.Admin.SignIns.Activity(ctx, bob, "ada", signins.Query{})
	refused(t, err, policy.CodeNotPermitted)
	list, err := w.App.Admin.SignIns.Activity(ctx, w.Admin("root", policy.SecurityReader), "ada", signins.Query{})
	require.NoError(t, err)
	require.Equal(t, []signins.ID{id}, ids(list.Items))
}

func TestUnusualAttemptsSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(w *accounttest.World, ada policy.Actor) signins.ID
		want []signins.FlagKind
		text string
	}{
		"the first of all": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(w.Person("new", policy.Work))
		}, nil, ""},
		"as always": {func(w *accounttest.World, ada policy.Actor) signins.ID { return w.SignedIn(ada) }, nil, ""},
		"a newer browser": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Browser = "Firefox 147" })
		}, nil, ""},
		"another city of the same country": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Place.City = "Potsdam" })
		}, []signins.FlagKind{signins.NewDeviceAndPlace}, "No earlier sign-in with Firefox on Windows 10 in Potsdam, DE is known."},
		"a new country": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			w.Clock.Advance(48 * time.Hour)
			return w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
		}, []signins.FlagKind{signins.NewCountry, signins.NewDeviceAndPlace}, "No earlier sign-in to your account from US is known."},
		"faster than an airliner": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			w.SignedIn(ada, func(r *signins.Record) { r.Code = 50126 })
			w.Clock.Advance(time.Hour)
			return w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
		}, []signins.FlagKind{signins.NewCountry, signins.NewDeviceAndPlace, signins.ImpossibleTravel}, "Nobody travels the 6385 km from Berlin, DE in 2 hours."},
		"as fast as an airliner": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			w.Clock.Advance(7 * time.Hour)
			return w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
		}, []signins.FlagKind{signins.NewCountry, signins.NewDeviceAndPlace}, ""},
		"after a burst of failures": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			for range signins.BurstFailures {
				w.SignedIn(ada, func(r *signins.Record) { r.Code = 50126 })
				w.Clock.Advance(2 * time.Minute)
			}
			return w.SignedIn(ada)
		}, []signins.FlagKind{signins.SuccessAfterFailures}, "It came after 5 failures within 15 minutes."},
		"after slow failures": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			for range signins.BurstFailures {
				w.SignedIn(ada, func(r *signins.Record) { r.Code = 50126 })
				w.Clock.Advance(4 * time.Minute)
			}
			return w.SignedIn(ada)
		}, nil, ""},
		"failures before the last success": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			for range signins.BurstFailures {
				w.SignedIn(ada, func(r *signins.Record) { r.Code = 50126 })
				w.Clock.Advance(time.Second)
			}
			w.SignedIn(ada) // somebody's own success does not hide them
			w.Clock.Advance(time.Second)
			return w.SignedIn(ada)
		}, []signins.FlagKind{signins.SuccessAfterFailures}, ""},
		"after a burst of refused second factors": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			for range signins.BurstFailures {
				w.SignedIn(ada, func(r *signins.Record) { r.Code = 500121 })
				w.Clock.Advance(time.Minute)
			}
			return w.SignedIn(ada)
		}, []signins.FlagKind{signins.SuccessAfterFailures}, ""},
		"an anonymizing network": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Anonymized = 50126, true })
		}, []signins.FlagKind{signins.AnonymousNetwork}, "It came from a network that hides where people are."},
		"a guess from far away": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Place = 50126, accounttest.NewYork })
		}, nil, ""},
		"the right password from far away": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Place = 500121, accounttest.NewYork })
		}, []signins.FlagKind{signins.NewCountry, signins.NewDeviceAndPlace}, ""},
		"an interruption": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Place = 50058, accounttest.NewYork })
		}, nil, ""},
		"an interruption from an anonymizing network": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Anonymized = 50058, true })
		}, []signins.FlagKind{signins.AnonymousNetwork}, ""},
		"an interruption after the right password": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Place = 50076, accounttest.NewYork })
		}, []signins.FlagKind{signins.NewCountry, signins.NewDeviceAndPlace}, ""},
		"a place that is not known": {func(w *accounttest.World, ada policy.Actor) signins.ID {
			return w.SignedIn(ada, func(r *signins.Record) { r.Place = signins.Place{} })
		}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := accounttest.New(t)
			ada := w.Person("ada", policy.Work)
			w.SignedIn(ada)
			w.Clock.Advance(time.Hour)
			id := c.act(w, ada)
			account := ada
			if strings.HasPrefix(name, "the first") {
				account.Account = "new"
			}
			item, err := w.App.SignIns.Attempt(ctx, account, id)
			require.NoError(t, err)
			require.Equal(t, c.want, kinds(item))
			require.Contains(t, fmt.Sprint(item.Unusual), c.text)
			require.Equal(t, len(c.want) > 0, item.ThisWasNotMe.Allowed, "only what is unusual is asked about")
			listed := activity(t, w, account, signins.Query{})
			require.Equal(t, item, listed[slices.Index(ids(listed), id)], "the list says the same")
		})
	}
}

func TestSayingItWasMeTeaches(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(2 * day)
	ada = w.SignIn(ada)
	there := func(r *signins.Record) { r.Place = accounttest.NewYork }
	first, second := w.SignedIn(ada, there), w.SignedIn(ada, there)
	require.Equal(t, []signins.ID{first, second}, ids(activity(t, w, ada, signins.Query{Unusual: true})))

	_, yes, err := w.App.SignIns.AskThisWasMe(ctx, ada, first)
	require.NoError(t, err)
	require.NoError(t, w.App.SignIns.ThisWasMe(ctx, ada, first, yes))
	require.Empty(t, activity(t, w, ada, signins.Query{Unusual: true}), "the same device and place are no longer unusual")
	item, err := w.App.SignIns.Attempt(ctx, ada, first)
	require.NoError(t, err)
	require.Equal(t, signins.ThisWasMe, item.Answer)
	require.Equal(t, w.Clock.Now(), item.AnsweredAt)
	refused(t, w.App.SignIns.ThisWasMe(ctx, ada, first, yes), signins.CodeAnswered)
	events := w.Events(accounttest.Tenant)
	require.True(t, slices.ContainsFunc(events, func(e policy.Event) bool { return e.Activity == "ConfirmSafe" && e.Notify }), "the person is told")

	_, yes, err = w.App.SignIns.AskThisWasNotMe(ctx, ada, first)
	require.NoError(t, err, "it can be taken back: somebody else may have said so")
	_, err = w.App.SignIns.ThisWasNotMe(ctx, ada, first, yes)
	require.NoError(t, err)
	w.Clock.Advance(time.Second)
	ada = w.SignIn(ada)
	third := w.SignedIn(ada, there)
	for _, id := range []signins.ID{second, third} {
		item, err = w.App.SignIns.Attempt(ctx, ada, id)
		require.NoError(t, err)
		require.Contains(t, kinds(item), signins.NewCountry, "what was denied stays strange, whatever comes after")
	}
	_, err = w.App.SignIns.ThisWasNotMe(ctx, ada, first, yes)
	refused(t, err, signins.CodeAnswered)
}

func TestWhoSignedInUnusuallyCannotDeclareThatUsual(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(time.Hour)
	password := func(n *signins.NewSession) { n.Proofs = proven(w.Clock.Now(), policy.FactorPassword) }
	w.Clock.Advance(time.Second)
	thief := w.Session(ada, password)
	id := w.SignedIn(thief.Actor, func(r *signins.Record) { r.Place = accounttest.NewYork })
	refusedTo := func(a policy.Actor, why string) {
		t.Helper()
		_, _, err := w.App.SignIns.AskThisWasMe(ctx, a, id)
		refused(t, err, signins.CodeThatSession, why)
	}
	refusedTo(thief.Actor, "from that very session")
	w.Clock.Advance(time.Second)
	refusedTo(w.Session(ada, password).Actor, "nor from one that they started after it")
	_, yes, err := w.App.SignIns.AskSignOutEverywhere(ctx, thief.Actor)
	require.NoError(t, err)
	kept, err := w.App.SignIns.SignOutEverywhere(ctx, thief.Actor, yes, true)
	require.NoError(t, err)
	refusedTo(kept.Actor, "nor from one that was kept when all others were ended")
}

func TestWhoWasSignedInBeforeOrHasASecondFactorMayDeclareItUsual(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(time.Hour)
	ada.Proofs = proven(w.Clock.Now(), policy.FactorPassword)
	before := w.Session(ada)
	w.Clock.Advance(time.Second)
	there := w.Session(w.SignIn(ada))
	id := w.SignedIn(there.Actor, func(r *signins.Record) { r.Place = accounttest.NewYork })
	for name, a := range map[string]policy.Actor{"signed in before": before.Actor, "with a second factor": there.Actor} {
		_, _, err := w.App.SignIns.AskThisWasMe(ctx, a, id)
		require.NoError(t, err, name)
	}
	w.Clock.Advance(16 * time.Minute)
	_, _, err := w.App.SignIns.AskThisWasMe(ctx, before.Actor, id)
	refused(t, err, policy.CodeFresherProof, "a session that was left open proves nothing")
}

func TestSayingItWasNotMeContainsItInOneCommit(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(day)
	thief := w.Session(w.SignIn(ada))
	mine := w.Session(w.SignIn(ada))
	id := w.SignedIn(thief.Actor, func(r *signins.Record) { r.Place, r.Device = accounttest.NewYork, w.Device(ada, "stolen") })
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.ContainDevice, 2))

	preview, yes, err := w.App.SignIns.AskThisWasNotMe(ctx, mine.Actor, id)
	require.NoError(t, err)
	told := strings.Join(preview.Consequences, " ")
	for _, step := range []string{"at risk", "session that it started is ended", "signed out everywhere", "disabled", "new password"} {
		require.Contains(t, told, step)
	}
	before := len(w.Events(accounttest.Tenant))
	done, err := w.App.SignIns.ThisWasNotMe(ctx, mine.Actor, id, yes)
	require.NoError(t, err)
	require.Equal(t, signins.Containment{Steps: []signins.ContainmentStep{
		{Measure: signins.EndThatSession, Done: true}, {Measure: signins.EndAllSessions, Done: true},
		{Measure: signins.DisableDevice, Done: true}, {Measure: signins.RequirePasswordChange, Done: true}, {Measure: signins.NotifyPerson, Done: true}}}, done)

	for _, s := range []signins.Started{thief, mine} {
		_, err := w.App.Host.SignIns.Actor(ctx, s.Token)
		refused(t, err, policy.CodeSessionEnded)
	}
	events := w.Events(accounttest.Tenant)[before:]
	require.Error(t, w.App.Host.Devices.MayAuthenticate(ctx, w.Host, "stolen"))
	st, err := w.App.Host.Accounts.Account(ctx, w.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, policy.HighRisk, st.Risk)
	require.True(t, st.MustChangePassword)
	w.Clock.Advance(time.Second)
	require.True(t, w.Session(w.SignIn(ada)).MustChangePassword, "who signs in is told")
	require.NoError(t, w.App.Host.Accounts.PasswordChanged(ctx, w.Host, "ada", ""))
	st, err = w.App.Host.Accounts.Account(ctx, w.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, []any{policy.NoRisk, false}, []any{st.Risk, st.MustChangePassword}, "a new password ends the risk")
	var activities []string
	for _, e := range events {
		require.Equal(t, events[0].Operation, e.Operation)
		require.Equal(t, policy.AccountID("ada"), e.Account)
		activities = append(activities, e.Activity)
	}
	require.Equal(t, []string{"Suspicious activity reported", "End session", "Update device", "Update user", "Update StsRefreshTokenValidFrom Timestamp"}, activities)

	w.Clock.Advance(time.Second)
	again := w.SignedIn(w.SignIn(ada), func(r *signins.Record) { r.Place = accounttest.NewYork })
	item, err := w.App.SignIns.Attempt(ctx, w.SignIn(ada), again)
	require.NoError(t, err)
	require.Contains(t, kinds(item), signins.NewCountry, "what was not the person's taught nothing")
}

func TestAStepThatCannotBeDoneSaysWhyAndStopsNoOther(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(day)
	ada = w.SignIn(ada)
	id := w.SignedIn(ada, func(r *signins.Record) { r.Place, r.Device, r.Session = accounttest.NewYork, "unknown", "long-gone" })
	_, yes, err := w.App.SignIns.AskThisWasNotMe(ctx, ada, id)
	require.NoError(t, err)
	done, err := w.App.SignIns.ThisWasNotMe(ctx, ada, id, yes)
	require.NoError(t, err)
	require.Equal(t, signins.Containment{Steps: []signins.ContainmentStep{
		{Measure: signins.EndThatSession, Why: "there is no such session any more"}, {Measure: signins.EndAllSessions, Done: true},
		{Measure: signins.UntrustDevice, Why: "it is none of this account's devices"}, {Measure: signins.RequirePasswordChange, Done: true}, {Measure: signins.NotifyPerson, Done: true}}}, done)
}

func TestWhatIsUsualCannotBeReported(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	id := w.SignedIn(ada)
	_, _, err := w.App.SignIns.AskThisWasNotMe(ctx, ada, id)
	refused(t, err, signins.CodeNotUnusual)
	_, _, err = w.App.SignIns.AskThisWasMe(ctx, ada, id)
	refused(t, err, signins.CodeNotUnusual)
}

func TestAnImportSaysTheSameInWhateverOrderItComes(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	base.Clock.Advance(20 * day)
	ada = base.SignIn(ada)
	var records []signins.Record
	for i := range 60 {
		r := signins.Record{ID: signins.ID(fmt.Sprintf("r%02d", i)), Account: "ada", At: base.Clock.Now().Add(-time.Duration(i*i%97) * time.Hour),
			Browser: "Firefox 1", System: "Windows 10", Place: accounttest.Berlin, Code: []int{0, 0, 50126, 500121, 50058}[i%5]}
		if i%7 == 3 {
			r.Place = accounttest.NewYork
		}
		records = append(records, r)
	}
	records = append(records, signins.Record{ID: "bad"}, signins.Record{ID: "stranger", Account: "nobody", At: base.Clock.Now()})
	var first []signins.Item
	for round := range 4 {
		w := base.Fork(t)
		for again := range 2 {
			done, err := w.App.Admin.SignIns.Import(ctx, w.Host, records)
			require.NoError(t, err)
			for i, d := range done {
				switch records[i].ID {
				case "bad":
					require.ErrorContains(t, d.Err, "account: is empty")
				case "stranger":
					refused(t, d.Err, signins.CodeUnknownAccount)
				default:
					require.NoError(t, d.Err)
					require.Equal(t, again == 0, d.New)
				}
			}
		}
		got := activity(t, w, ada, signins.Query{})
		for i := range got {
			got[i].Revision = 0
		}
		if round == 0 {
			first = got
			require.NotEmpty(t, slices.DeleteFunc(slices.Clone(got), func(i signins.Item) bool { return len(i.Unusual) == 0 }))
		}
		require.Equal(t, first, got)
		slices.Reverse(records)
		for i := range records {
			j := (i*37 + round) % len(records)
			records[i], records[j] = records[j], records[i]
		}
	}
}
