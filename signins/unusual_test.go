package signins_test

import (
	"cmp"
	"fmt"
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

// What is unusual, computed once more from a whole history at once and without habits; and histories small enough
// for their records to meet each other.

var (
	hamburg   = signins.Place{City: "Hamburg", Country: "DE", Located: true, Latitude: 53.55, Longitude: 9.993}
	potsdam   = signins.Place{City: "Potsdam", Country: "DE", Located: true, Latitude: 52.391, Longitude: 13.065}
	somewhere = signins.Place{Country: "US"}
	crossings = []signins.Place{accounttest.Berlin, accounttest.Berlin, accounttest.NewYork, hamburg, potsdam, somewhere, {}}
)

// kilometres is the great circle by the law of cosines.
func kilometres(a, b signins.Place) float64 {
	rad := func(deg float64) float64 { return deg / 180 * math.Pi }
	c := math.Sin(rad(a.Latitude))*math.Sin(rad(b.Latitude)) +
		math.Cos(rad(a.Latitude))*math.Cos(rad(b.Latitude))*math.Cos(rad(a.Longitude-b.Longitude))
	return 6371.0088 * math.Acos(math.Max(-1, math.Min(1, c)))
}

func succeeded(r signins.Record) bool { return r.Code == 0 }

// where is the device with its place as the requirements see it; empty if either is not known.
func where(r signins.Record) string {
	if r.Place.City == "" && r.Place.Region == "" && r.Place.Country == "" {
		return ""
	}
	with := cmp.Or(string(r.Device), r.DeviceName)
	if with == "" && r.Browser+r.System != "" {
		with = r.Browser + "/" + r.System
	}
	if with == "" {
		return ""
	}
	return fmt.Sprintf("%s in %s, %s, %s", with, r.Place.City, r.Place.Region, r.Place.Country)
}

// strange tells whether there were successes before r, and none like it.
func strange(all []signins.Record, r signins.Record, like func(signins.Record) string) bool {
	before := slices.DeleteFunc(slices.Clone(all), func(o signins.Record) bool { return !succeeded(o) || !o.At.Before(r.At) })
	return like(r) != "" && len(before) > 0 && !slices.ContainsFunc(before, func(o signins.Record) bool { return like(o) == like(r) })
}

// unusual gives the kinds of flags of the i-th of all records, newest first.
func unusual(all []signins.Record, i int) (out []signins.FlagKind) {
	const rightPassword, asked = 500121, 50058 // the codes that the histories have besides success and wrong password
	r := all[i]
	if r.Code == asked {
		if r.Anonymized {
			return []signins.FlagKind{signins.AnonymousNetwork}
		}
		return nil
	}
	if succeeded(r) || r.Code == rightPassword {
		if strange(all, r, func(r signins.Record) string { return r.Place.Country }) {
			out = append(out, signins.NewCountry)
		}
		if strange(all, r, where) {
			out = append(out, signins.NewDeviceAndPlace)
		}
	}
	if succeeded(r) {
		older, failures := all[i+1:], 0
		for _, o := range older {
			if (o.Code == 50126 || o.Code == rightPassword) && r.At.Sub(o.At) <= 15*time.Minute {
				failures++
			}
		}
		if failures >= 5 {
			out = append(out, signins.SuccessAfterFailures)
		}
		known := slices.IndexFunc(older, func(o signins.Record) bool { return succeeded(o) && o.Place.Located })
		if known >= 0 && r.Place.Located {
			if km := kilometres(r.Place, older[known].Place); km >= 100 && km > 900*r.At.Sub(older[known].At).Hours() {
				out = append(out, signins.ImpossibleTravel)
			}
		}
	}
	if r.Anonymized {
		out = append(out, signins.AnonymousNetwork)
	}
	return out
}

// histories draws records of ada's, at most so many, that are close to each other.
func histories(w *accounttest.World, most int) *rapid.Generator[[]signins.Record] {
	start := w.Clock.Now().Add(-3 * day)
	return rapid.Custom(func(rt *rapid.T) []signins.Record {
		at, guesses := time.Duration(0), 0
		all := make([]signins.Record, rapid.IntRange(1, most).Draw(rt, "records"))
		for i := range all {
			at += rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Minute, time.Minute, 3 * time.Minute, 15 * time.Minute,
				time.Hour, 7 * time.Hour}).Draw(rt, "later")
			code := rapid.SampledFrom([]int{0, 0, 0, 50126, 50126, 500121, 50058}).Draw(rt, "code")
			switch {
			case guesses > 0: // some in a row, and then a success
				if code, guesses = 50126, guesses-1; guesses == 0 {
					code = 0
				}
			case rapid.IntRange(0, 7).Draw(rt, "guesses") == 7:
				guesses = 6
			}
			all[i] = signins.Record{ID: signins.ID(fmt.Sprintf("r%d", rapid.IntRange(0, 1e6).Draw(rt, "id")*100+i)), Account: "ada", At: start.Add(at % (3 * day)),
				Place:      rapid.SampledFrom(crossings).Draw(rt, "place"),
				Browser:    rapid.SampledFrom([]string{"Firefox", "Firefox", "Edge", ""}).Draw(rt, "browser"),
				DeviceName: rapid.SampledFrom([]string{"", "", "phone"}).Draw(rt, "device"),
				Code:       code,
				Anonymized: rapid.IntRange(0, 9).Draw(rt, "hides") == 9}
		}
		return all
	})
}

// newestFirst is the order of the list.
func newestFirst(records []signins.Record) []signins.Record {
	return slices.SortedFunc(slices.Values(records), func(a, b signins.Record) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID))
	})
}

// keep records them, one by one or in imports.
func keep(t require.TestingT, w *accounttest.World, records []signins.Record, batch int) {
	for part := range slices.Chunk(records, batch) {
		if len(part) == 1 {
			isNew, err := w.App.Host.SignIns.Record(ctx, w.Host, part[0])
			require.NoError(t, err)
			require.True(t, isNew)
			continue
		}
		all, err := w.App.Admin.SignIns.Import(ctx, w.Host, part)
		require.NoError(t, err)
		for _, one := range all {
			require.Equal(t, signins.Imported{New: true}, one)
		}
	}
}

// listed reads all pages of a size.
func listed(t require.TestingT, w *accounttest.World, a policy.Actor, q signins.Query, size int) (all []signins.Item) {
	for q.Page.Size = size; ; {
		l, err := w.App.SignIns.Activity(ctx, a, q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(l.Items), size)
		all = append(all, l.Items...)
		if q.Page.After = l.Next; l.Next == "" {
			return all
		}
	}
}

func TestFlagsAreTheSameInWhateverOrderAndByWhateverPagesAndAsComputedFromTheWhole(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	base.Clock.Advance(10 * day)
	ada = base.SignIn(ada)
	seen := make(map[signins.FlagKind]int)
	rapid.Check(t, func(rt *rapid.T) {
		records := histories(base, 30).Draw(rt, "history")
		want := newestFirst(records)
		for range 2 {
			w := base.Fork(t)
			keep(rt, w, rapid.Permutation(records).Draw(rt, "order"), rapid.SampledFrom([]int{1, 1, 4, 1000}).Draw(rt, "batch"))
			got := listed(rt, w, ada, signins.Query{}, rapid.SampledFrom([]int{1, 2, 3, 7, 50}).Draw(rt, "page"))
			require.Len(rt, got, len(want))
			for i, item := range got {
				require.Equal(rt, want[i].ID, item.ID)
				require.Equal(rt, unusual(want, i), kinds(item), "%d of %+v", i, want)
				one, err := w.App.SignIns.Attempt(ctx, ada, item.ID)
				require.NoError(rt, err)
				require.Equal(rt, item, one, "by itself it is what it is in the list")
				for _, k := range kinds(item) {
					seen[k]++
				}
			}
		}
	})
	require.Len(t, seen, 5, "each kind was drawn: %v", seen)
}

// habits reads an account's habits as they rest.
func habits(t require.TestingT, w *accounttest.World, account policy.AccountID) (h signins.Habits) {
	require.NoError(t, w.DB.SignIns().View(ctx, func(tx signins.Tx) (err error) {
		h, err = tx.Habits(accounttest.Tenant, account)
		return err
	}))
	h.Revision = 0
	return h
}

func TestOfMoreHabitsThanAreKeptTheEarliestAreKeptInWhateverOrderTheyCome(t *testing.T) {
	base := accounttest.New(t)
	base.Person("ada", policy.Work)
	start := base.Clock.Now()
	rapid.Check(t, func(rt *rapid.T) {
		n := signins.MaxHabits + rapid.IntRange(-1, 40).Draw(rt, "beyond")
		spread := rapid.SampledFrom([]int{3, 50, 1000}).Draw(rt, "moments") // few moments, so that many begin together
		first, last := make(map[string]time.Time), make(map[string]time.Time)
		var records []signins.Record
		for i := range n + 40 { // some come again, earlier or later
			country := fmt.Sprintf("C%03d", i%n)
			at := start.Add(time.Duration(rapid.IntRange(0, spread).Draw(rt, "at")) * time.Minute) // up to the next day
			records = append(records, signins.Record{ID: signins.ID(fmt.Sprint("r", i)), Account: "ada", At: at, DeviceName: "phone", Place: signins.Place{Country: country}})
			if was, ok := first[country]; !ok || at.Before(was) {
				first[country] = at
			}
			if at.After(last[country]) {
				last[country] = at
			}
		}
		want := make([]signins.Habit, 0, n)
		for country, at := range first {
			want = append(want, signins.Habit{Country: country, First: at, Last: last[country].Truncate(day)})
		}
		slices.SortFunc(want, func(a, b signins.Habit) int {
			return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Country, b.Country))
		})
		want = want[:min(n, signins.MaxHabits)]
		for range 2 {
			w := base.Fork(t)
			keep(rt, w, rapid.Permutation(records).Draw(rt, "order"), 1000)
			h := habits(rt, w, "ada")
			for i := range h.Countries {
				if n > signins.MaxHabits { // what was not kept for a while was not met either
					want[i].Last = h.Countries[i].Last
				}
			}
			require.Equal(rt, want, h.Countries)
			require.Len(rt, h.Places, len(want))
			for i, p := range h.Places {
				require.Equal(rt, signins.Habit{Device: "phone", Country: want[i].Country, First: want[i].First, Last: want[i].Last}, p)
			}
			require.Equal(rt, want[0].First, h.Since)
		}
	})
}
