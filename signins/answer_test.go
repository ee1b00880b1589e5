package signins_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
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
