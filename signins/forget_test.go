package signins_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func purge(t testing.TB, w *accounttest.World) {
	t.Helper()
	_, err := w.App.Host.SignIns.PurgeActivity(t.Context(), w.Host)
	require.NoError(t, err)
}

// countries are those that are usual for ada.
func countries(t testing.TB, w *accounttest.World) (all []string) {
	t.Helper()
	for _, c := range habits(t, w, "ada").Countries {
		all = append(all, c.Country)
	}
	return all
}

func TestAHabitIsForgottenWhenNothingWasLikeItForLong(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
	w.Clock.Advance(100 * day)
	w.SignedIn(ada) // from Berlin again
	w.Clock.Advance(80 * day)
	purge(t, w)
	require.ElementsMatch(t, []string{"DE", "US"}, countries(t, w), "180 days ago")
	w.Clock.Advance(day)
	events := during(w, func() { purge(t, w) })
	require.Equal(t, []string{"DE"}, countries(t, w))
	require.Len(t, habits(t, w, "ada").Places, 1)
	require.Contains(t, events[0].Facts, policy.Fact{Name: "forgotten habits", Value: "2"})
	ada = w.SignIn(ada)
	w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
	require.NotEmpty(t, listed(t, w, ada, signins.Query{}, 1)[0].Unusual, "it is new again")

	w.Clock.Advance(181 * day)
	purge(t, w)
	left := habits(t, w, "ada")
	require.Empty(t, left.Countries)
	require.Empty(t, left.Places)
	w.SignedIn(w.SignIn(ada))
	require.NotEmpty(t, listed(t, w, w.SignIn(ada), signins.Query{}, 1)[0].Unusual, "after a long time away everything is strange")
}

func TestAHabitIsWrittenOnceADay(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	revision := func() (of store.Revision) {
		require.NoError(t, w.DB.SignIns().View(ctx, func(tx signins.Tx) error {
			h, err := tx.Habits(accounttest.Tenant, "ada")
			of = h.Revision
			return err
		}))
		return of
	}
	w.SignedIn(ada)
	first, was := habits(t, w, "ada"), revision()
	for range 10 {
		w.Clock.Advance(time.Hour)
		w.SignedIn(ada)
	}
	require.Equal(t, was, revision())
	w.Clock.Advance(day)
	w.SignedIn(ada)
	require.Greater(t, revision(), was)
	now := habits(t, w, "ada")
	require.Equal(t, w.Clock.Now().Truncate(day), now.Countries[0].Last)
	require.Equal(t, first.Countries[0].First, now.Countries[0].First)
}

func TestWhatAPersonSaidIsForgottenLongAfterTheySaidIt(t *testing.T) {
	for i, want := range []signins.Habit{{Country: "US"}, {Country: "US", Denied: true}} {
		w := accounttest.New(t)
		ada := w.Person("ada", policy.Work)
		w.SignedIn(ada)
		w.Clock.Advance(day)
		id := w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
		w.Clock.Advance(20 * day)
		ada = w.SignIn(ada)
		say(t, w, ada, id, sayings[i])
		said := w.Clock.Now()
		w.Clock.Advance(180 * day)
		purge(t, w)
		known := habits(t, w, "ada").Countries
		require.Len(t, known, 1, "home was forgotten, what they said was not")
		require.Equal(t, want.Denied, known[0].Denied)
		require.Equal(t, said.Truncate(day), known[0].Last)
		w.Clock.Advance(day)
		purge(t, w)
		require.Empty(t, habits(t, w, "ada").Countries)
	}
}

func TestNoHabitIsForgottenWhileAnAttemptLikeItIsShown(t *testing.T) {
	w := accounttest.New(t)
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.RetentionDays, 365))
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.HabitDays, 30))
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(day)
	w.SignedIn(ada)
	w.Clock.Advance(360 * day)
	purge(t, w)
	for _, i := range listed(t, w, w.SignIn(ada), signins.Query{}, 50) {
		require.Empty(t, i.Unusual)
	}
	require.Equal(t, []string{"DE"}, countries(t, w))
}
