package signins_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// say gives an answer as a person does: asks, and says Yes.
func say(t *testing.T, w *accounttest.World, a policy.Actor, id signins.ID, which saying) {
	t.Helper()
	_, yes, err := which.ask(w.App.SignIns, a, id)
	require.NoError(t, err)
	require.NoError(t, which.say(w.App.SignIns, a, id, yes))
}

func TestAFailureThatWasSomebodyElsesTakesBackNothingThatASuccessTaught(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(day)
	in := func(r *signins.Record) { r.Place = hamburg }
	w.SignedIn(ada, in)
	guess := w.SignedIn(ada, in, func(r *signins.Record) { r.Code, r.Anonymized = 500121, true }) // in the same second
	known := habits(t, w, "ada")
	require.Len(t, known.Places, 2)
	ada = w.SignIn(ada)
	say(t, w, ada, guess, sayings[1])
	require.Equal(t, known, habits(t, w, "ada"))
}

func TestWhatWasOnesOwnIsUsualForEverythingBesideIt(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(day)
	far := func(r *signins.Record) { r.Place = accounttest.NewYork }
	first := w.SignedIn(ada, far)
	w.Clock.Advance(-2 * time.Hour)
	earlier := w.SignedIn(ada, far, func(r *signins.Record) { r.Code = 500121 })
	w.Clock.Advance(3 * time.Hour)
	ada = w.SignIn(ada)
	say(t, w, ada, first, sayings[0])
	item, err := w.App.SignIns.Attempt(ctx, ada, earlier)
	require.NoError(t, err)
	require.Empty(t, item.Unusual, "what is one's own was so always")
}

func TestThePlaceIsSearchedAsItIsShown(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	berlin := w.SignedIn(ada)
	w.Clock.Advance(time.Second)
	state := w.SignedIn(ada, func(r *signins.Record) { r.Place = signins.Place{Region: "Ohio", Country: "US"} })
	for text, want := range map[string]signins.ID{"Berlin, DE": berlin, "berlin, d": berlin, "Ohio, US": state} {
		require.Equal(t, []signins.ID{want}, ids(listed(t, w, ada, signins.Query{Search: text}, 50)), text)
	}
}

func TestWhoProvedNoFactorSeesAttemptsAndDisownsOneButSeesNoSession(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(day)
	id := w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
	ada = w.SignIn(ada)
	ada.Proofs = nil
	for action, want := range map[policy.Action]policy.Code{signins.ListActivity: "", signins.ReadAttempt: "", signins.SayThisWasNotMe: "",
		signins.ListSessions: policy.CodeStrongerProof, signins.SignOutEverywhere: policy.CodeStrongerProof} {
		_, err := judged(w.App.SignIns.Can(ctx, ada, action, string(id)))
		require.Equal(t, want, codeOf(err), action)
	}
	require.Len(t, listed(t, w, ada, signins.Query{}, 50), 2)
	say(t, w, ada, id, sayings[1])
}

func TestAStepForWhichAnAttemptHasNothingIsToldBeforeAndAfter(t *testing.T) {
	for containing, step := range []signins.Measure{"", signins.UntrustDevice, signins.DisableDevice} {
		w := accounttest.New(t)
		require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.ContainDevice, containing))
		ada := w.Person("ada", policy.Work)
		w.SignedIn(ada)
		w.Clock.Advance(day)
		id := w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
		ada = w.SignIn(ada)
		preview, yes, err := w.App.SignIns.AskThisWasNotMe(ctx, ada, id)
		require.NoError(t, err)
		words := strings.Join(preview.Consequences, " ")
		require.Contains(t, words, "No session is known for this sign-in")
		require.NotContains(t, words, "session that it started is ended")
		require.Equal(t, containing > 0, strings.Contains(words, "No registered device is known for this sign-in"), words)
		require.NotContains(t, words, "device that it came from")
		require.Contains(t, preview.Facts, policy.Fact{Name: "no step", Value: string(signins.EndThatSession)})
		require.NotContains(t, preview.Facts, policy.Fact{Name: "step", Value: string(signins.EndThatSession)})

		want := []signins.ContainmentStep{{Measure: signins.EndThatSession, Why: "no session is known for it"}, {Measure: signins.EndAllSessions, Done: true}}
		if containing > 0 {
			want = append(want, signins.ContainmentStep{Measure: step, Why: "no registered device is known for it"})
		}
		want = append(want, signins.ContainmentStep{Measure: signins.RequirePasswordChange, Done: true}, signins.ContainmentStep{Measure: signins.NotifyPerson, Done: true})
		var done signins.Containment
		events := during(w, func() { done, err = w.App.SignIns.ThisWasNotMe(ctx, ada, id, yes) })
		require.NoError(t, err)
		require.Equal(t, want, done.Steps)
		require.Contains(t, events[0].Facts, policy.Fact{Name: string(signins.EndThatSession), Value: "no session is known for it"}, "the record says so too")
	}
}

func TestADeviceThatIsNotThePersonsToDisableSaysWhyAndStaysAsItIs(t *testing.T) {
	base := accounttest.New(t)
	ada, bob := base.Person("ada", policy.Personal), base.Person("bob", policy.Work)
	base.Device(bob, "shared", func(r *devices.Registration) { r.Users = []policy.AccountID{"ada"} })
	base.Device(bob, "bobs")
	base.Device(ada, "printer", func(r *devices.Registration) { r.Profile = devices.Printer })
	base.Device(ada, "disabled")
	base.Disable(ada, "disabled")
	base.Device(ada, "removed")
	_, yes, err := base.App.Devices.AskRemove(ctx, ada, "removed")
	require.NoError(t, err)
	require.NoError(t, base.App.Devices.Remove(ctx, ada, "removed", yes))
	base.SignedIn(ada)
	base.Clock.Advance(day)
	for device, why := range map[policy.DeviceID][3]string{
		"shared":   {2: "owner"},
		"bobs":     {1: "none of this account's devices", 2: "none of this account's devices"},
		"unknown":  {1: "none of this account's devices", 2: "none of this account's devices"},
		"printer":  {2: "printer"},
		"disabled": {2: "already disabled"},
		"removed":  {1: "removed", 2: "removed"},
	} {
		for containing, step := range map[int]signins.Measure{1: signins.UntrustDevice, 2: signins.DisableDevice} {
			w := base.Fork(t)
			require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.ContainDevice, containing))
			now := w.SignIn(ada)
			id := w.SignedIn(ada, func(r *signins.Record) { r.Place, r.Device = accounttest.NewYork, device })
			before := rowOf(t, w, device)
			_, yes, err := w.App.SignIns.AskThisWasNotMe(ctx, now, id)
			require.NoError(t, err)
			done, err := w.App.SignIns.ThisWasNotMe(ctx, now, id, yes)
			require.NoError(t, err)
			got := done.Steps[2]
			require.Equal(t, step, got.Measure)
			require.Equal(t, why[containing] == "", got.Done, "%s: %+v", device, got)
			require.Contains(t, strings.ToLower(got.Why), why[containing], "%s: %s", device, step)
			require.Equal(t, got.Done, got.Why == "")
			require.Equal(t, !got.Done, before == rowOf(t, w, device), "%s: %s", device, step)
		}
	}
}

// rowOf is a device's row as it rests; empty if there is none.
func rowOf(t testing.TB, w *accounttest.World, id policy.DeviceID) string {
	t.Helper()
	for line := range strings.Lines(rows(t, w.DB)) {
		if strings.HasPrefix(line, `{"table":"devices"`) && strings.Contains(line, `"`+string(id)+`"`) {
			return line
		}
	}
	return ""
}

func TestAGuestIsAskedForNoPasswordThatIsKeptAtTheirHome(t *testing.T) {
	w := accounttest.New(t)
	gus := w.Person("gus", policy.Guest)
	w.SignedIn(gus)
	w.Clock.Advance(day)
	id := w.SignedIn(gus, func(r *signins.Record) { r.Place = accounttest.NewYork })
	gus = w.SignIn(gus)
	p, yes, err := w.App.SignIns.AskThisWasNotMe(ctx, gus, id)
	require.NoError(t, err)
	require.Contains(t, p.Facts, policy.Fact{Name: "no step", Value: string(signins.RequirePasswordChange)})
	for _, line := range p.Consequences {
		require.NotContains(t, line, "until you change your password")
		require.NotContains(t, line, "set a new password")
	}
	done, err := w.App.SignIns.ThisWasNotMe(ctx, gus, id, yes)
	require.NoError(t, err)
	i := slices.IndexFunc(done.Steps, func(c signins.ContainmentStep) bool { return c.Measure == signins.RequirePasswordChange })
	require.False(t, done.Steps[i].Done)
	require.NotEmpty(t, done.Steps[i].Why)
	standing := func() policy.Standing {
		st, err := w.App.Host.Accounts.Account(ctx, w.Host, "gus")
		require.NoError(t, err)
		return st
	}
	require.False(t, standing().MustChangePassword)
	require.Equal(t, policy.HighRisk, standing().Risk)
	require.NoError(t, w.App.Host.Accounts.PasswordChanged(ctx, w.Host, "gus", ""), "the host hears from their home")
	require.Equal(t, policy.NoRisk, standing().Risk)
}

func TestOnlyAnAttemptThatTeachesPromisesWhatWillBeUsual(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*signins.Record)
		want   string
	}{
		"a guess":             {func(r *signins.Record) { r.Code, r.Anonymized = 50126, true }, "stays as it is"},
		"nothing to tell":     {func(r *signins.Record) { r.Place, r.Anonymized = signins.Place{}, true }, "stays as it is"},
		"a country":           {func(r *signins.Record) { r.Browser, r.System, r.DeviceName, r.Device = "", "", "", "" }, "The same country"},
		"a device in a place": {func(*signins.Record) {}, "The same device and place"},
	} {
		w := accounttest.New(t)
		ada := w.Person("ada", policy.Work)
		w.SignedIn(ada)
		w.Clock.Advance(day)
		id := w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork }, c.change)
		p, _, err := w.App.SignIns.AskThisWasMe(ctx, w.SignIn(ada), id)
		require.NoError(t, err, name)
		require.Contains(t, fmt.Sprint(p.Consequences), c.want, name)
	}
}
