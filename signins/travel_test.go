package signins_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

func spot(lat, long float64) signins.Place {
	return signins.Place{City: "Somewhere", Country: "DE", Located: true, Latitude: lat, Longitude: long}
}

// travelled records two successes, and tells whether the second of them in the list's order is impossible travel.
func travelled(t require.TestingT, base *accounttest.World, from, to signins.Place, within time.Duration) bool {
	w := base.Fork(base.T)
	start := w.Clock.Now().Add(-day)
	for _, r := range []signins.Record{{ID: "b", At: start, Place: from}, {ID: "a", At: start.Add(within), Place: to}} {
		r.Account = "ada"
		keep(t, w, []signins.Record{r}, 1)
	}
	items := listed(t, w, w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"}), signins.Query{}, 50)
	require.Len(t, items, 2)
	require.Equal(t, signins.ID("a"), items[0].ID, "the later one, or the one that is listed first")
	require.NotContains(t, kinds(items[1]), signins.ImpossibleTravel, "nothing was before it")
	return slices.Contains(kinds(items[0]), signins.ImpossibleTravel)
}

func travellers(t *testing.T) *accounttest.World {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	return w
}

func TestTravelIsImpossibleWhereAndWhenAnIndependentComputationSaysSo(t *testing.T) {
	base := travellers(t)
	lat := rapid.OneOf(rapid.SampledFrom([]float64{-90, 90, 0, math.Copysign(0, -1), 89.999, 52.52}), rapid.Float64Range(-90, 90))
	long := rapid.OneOf(rapid.SampledFrom([]float64{-180, 180, 0, math.Copysign(0, -1), 179.9, -179.9}), rapid.Float64Range(-180, 180))
	place := rapid.Custom(func(rt *rapid.T) signins.Place { return spot(lat.Draw(rt, "latitude"), long.Draw(rt, "longitude")) })
	came := make(map[bool]int)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := place.Draw(rt, "from"), place.Draw(rt, "to")
		if rapid.IntRange(0, 2).Draw(rt, "near") == 0 { // within some hundred kilometres
			b.Latitude = math.Max(-90, math.Min(90, a.Latitude+rapid.Float64Range(-2, 2).Draw(rt, "north")))
			b.Longitude = a.Longitude
		}
		km := kilometres(a, b)
		least := time.Duration(km / signins.MaxSpeed * float64(time.Hour))
		within := rapid.OneOf(
			rapid.SampledFrom([]time.Duration{0, time.Microsecond, time.Minute, least - time.Second, least + time.Second}),
			rapid.Custom(func(rt *rapid.T) time.Duration {
				return time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(rt, "within"))
			}),
		).Draw(rt, "time")
		within = max(0, within).Truncate(time.Microsecond)
		const near = 0.01 // km; what the law of cosines is good for
		limit := signins.MaxSpeed * within.Hours()
		if math.Abs(km-signins.MinTravel) < near && km > limit-near || math.Abs(km-limit) < near && km > signins.MinTravel-near {
			require.Equal(rt, travelled(rt, base, a, b, within), travelled(rt, base, b, a, within), "too close to tell, but the same there and back")
			return
		}
		want := km >= signins.MinTravel && km > signins.MaxSpeed*within.Hours()
		came[want]++
		require.Equal(rt, want, travelled(rt, base, a, b, within), "%.3f km in %s", km, within)
		require.Equal(rt, want, travelled(rt, base, b, a, within), "and back")
	})
	require.Len(t, came, 2)
}

func TestTravelAtTheEdgesOfTheMap(t *testing.T) {
	base := travellers(t)
	for name, c := range map[string]struct {
		from, to signins.Place
		within   time.Duration
		want     bool
	}{
		"the same place at once":                       {spot(52, 13), spot(52, 13), 0, false},
		"the north pole by any longitude":              {spot(90, -180), spot(90, 77), 0, false},
		"the south pole by any longitude":              {spot(-90, 0), spot(-90, 180), 0, false},
		"across the antimeridian, 22 km":               {spot(0, 179.9), spot(0, -179.9), 0, false},
		"across the antimeridian, 222 km at once":      {spot(0, 179), spot(0, -179), 0, true},
		"across the antimeridian, 222 km by plane":     {spot(0, 179), spot(0, -179), 15 * time.Minute, false},
		"the antimeridian by both its names":           {spot(10, 180), spot(10, -180), 0, false},
		"over the pole, 222 km":                        {spot(89, 0), spot(89, 180), 0, true},
		"from pole to pole in 22 hours":                {spot(90, 0), spot(-90, 0), 22 * time.Hour, true},
		"from pole to pole in 22 hours and 15 minutes": {spot(90, 0), spot(-90, 0), 22*time.Hour + 15*time.Minute, false},
		"to the antipodes in 22 hours":                 {spot(30, 20), spot(-30, -160), 22 * time.Hour, true},
		"Berlin and New York at the same moment":       {accounttest.Berlin, accounttest.NewYork, 0, true},
		"Berlin and Potsdam at the same moment":        {accounttest.Berlin, potsdam, 0, false},
		"the zero point of the map, which is a place":  {spot(0, 0), spot(52, 13), time.Hour, true},
		"a place whose coordinates are not known":      {accounttest.Berlin, somewhere, 0, false},
		"from one whose coordinates are not known":     {somewhere, accounttest.Berlin, 0, false},
	} {
		require.Equal(t, c.want, travelled(t, base, c.from, c.to, c.within), name)
		require.Equal(t, c.want, travelled(t, base, c.to, c.from, c.within), "%s, and back", name)
	}
}

func TestCoordinatesThatAreNoneAreRefused(t *testing.T) {
	w := travellers(t)
	before := saved(t, w.DB)
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 180.0001, -180.0001} {
		for _, p := range []signins.Place{spot(bad, 0), spot(0, bad), {Latitude: bad}, {Longitude: bad}} {
			r := signins.Record{ID: "bad", Account: "ada", At: w.Clock.Now(), Place: p}
			_, err := w.App.Host.SignIns.Record(ctx, w.Host, r)
			var invalid *policy.Invalid
			require.ErrorAs(t, err, &invalid, "%v", p)
			require.Equal(t, "place", invalid.Field)
			done, err := w.App.Admin.SignIns.Import(ctx, w.Host, []signins.Record{r})
			require.NoError(t, err)
			require.ErrorAs(t, done[0].Err, &invalid)
		}
	}
	for _, p := range []signins.Place{spot(90.0001, 0), spot(-90.0001, 0)} {
		_, err := w.App.Host.SignIns.Record(ctx, w.Host, signins.Record{ID: "bad", Account: "ada", At: w.Clock.Now(), Place: p})
		require.ErrorAs(t, err, new(*policy.Invalid))
	}
	requireSame(t, before, saved(t, w.DB))
}

func TestNobodyTravelsFromWhereSomebodyElseWas(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(2 * day)
	ada = w.SignIn(ada)
	theirs := w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
	w.Clock.Advance(time.Hour)
	ada = w.SignIn(ada)
	mine := w.SignedIn(ada)
	travels := func(want ...signins.FlagKind) {
		t.Helper()
		item, err := w.App.SignIns.Attempt(ctx, ada, mine)
		require.NoError(t, err)
		require.Equal(t, want, kinds(item))
	}
	travels(signins.ImpossibleTravel)
	say(t, w, ada, theirs, sayings[1])
	w.Clock.Advance(time.Second)
	ada = w.SignIn(ada)
	travels()
}

// flooded makes n attempts that anybody can make, and a success from New York after one from Berlin.
func flooded(t *testing.T, n, code int, apart time.Duration) []signins.FlagKind {
	t.Helper()
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	newYork := func(r *signins.Record) { r.Place = accounttest.NewYork }
	w.SignedIn(ada)
	w.Clock.Advance(2 * day)
	w.SignedIn(ada, newYork) // both places are usual
	w.Clock.Advance(5 * day)
	w.SignedIn(ada)
	for range n {
		w.Clock.Advance(apart)
		w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Session, r.Place = code, "", signins.Place{} })
	}
	w.Clock.Advance(apart)
	item, err := w.App.SignIns.Attempt(ctx, w.SignIn(ada), w.SignedIn(ada, newYork))
	require.NoError(t, err)
	return kinds(item)
}

func TestNothingThatAnybodyCanMakeHidesImpossibleTravel(t *testing.T) {
	const silentSignIn, wrongPassword = 50058, 50126
	require.Equal(t, []signins.FlagKind{signins.ImpossibleTravel}, flooded(t, 200, silentSignIn, time.Second))
	require.Equal(t, []signins.FlagKind{signins.SuccessAfterFailures, signins.ImpossibleTravel}, flooded(t, 300, wrongPassword, time.Minute))
	for _, code := range []int{silentSignIn, wrongPassword} {
		require.Equal(t, []signins.FlagKind{signins.SuccessAfterFailures}, flooded(t, 1000, code, time.Second), "what it hides behind is unusual by itself")
	}
}
