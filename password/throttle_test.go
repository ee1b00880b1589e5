package password_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// wrong is what is kept of a wrong password.
func wrong(word string) []secret.Digest { return []secret.Digest{sha256.Sum256([]byte(word))} }

var places = []password.Place{password.Unfamiliar, password.Familiar, password.SignedIn}

// stranger fails with n different passwords from an unfamiliar place, all at the same moment.
func stranger(t password.Throttle, n int, now time.Time) password.Throttle {
	for i := range n {
		t, _ = t.Failed(wrong(fmt.Sprint(now, i)), now, password.Unfamiliar, password.Lockout{})
	}
	return t
}

func TestTenFailuresLockForAMinuteAndEachFurtherOneForTwiceAsLong(t *testing.T) {
	a := stranger(password.Throttle{}, 9, noon)
	_, locked := a.Locked(noon, password.Unfamiliar)
	require.False(t, locked)
	now := noon
	for _, lasts := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute,
		64 * time.Minute, 128 * time.Minute, 256 * time.Minute, 512 * time.Minute, 1024 * time.Minute, 24 * time.Hour, 24 * time.Hour} {
		a = stranger(a, 1, now)
		until, locked := a.Locked(now, password.Unfamiliar)
		require.True(t, locked)
		require.Equal(t, now.Add(lasts), until)
		_, locked = a.Locked(until.Add(-time.Microsecond), password.Unfamiliar)
		require.True(t, locked)
		_, locked = a.Locked(until, password.Unfamiliar)
		require.False(t, locked, "one more attempt is open")
		now = until
	}
}

func TestALockOfOnePlaceIsNoneOfTheOther(t *testing.T) {
	a := stranger(password.Throttle{}, 10, noon)
	_, locked := a.Locked(noon, password.Familiar)
	require.False(t, locked, "the owner at home")
	for i := range 10 {
		_, locked := a.Locked(noon, password.Familiar)
		require.False(t, locked)
		a, _ = a.Failed(wrong(fmt.Sprint("home", i)), noon, password.Familiar, password.Lockout{})
	}
	_, locked = a.Locked(noon, password.Familiar)
	require.True(t, locked)
	require.Equal(t, 20, a.InARow)

	later := noon.Add(time.Minute)
	home := a.Succeeded(password.Familiar)
	require.Equal(t, password.Failures{}, home.Familiar)
	require.Equal(t, a.Unfamiliar, home.Unfamiliar, "a stranger has no new guesses because the owner signed in")
	require.Zero(t, home.InARow)
	_, locked = stranger(home, 1, later).Locked(later, password.Unfamiliar)
	require.True(t, locked, "it locks again at once")
	require.Equal(t, password.Failures{}, a.Succeeded(password.Unfamiliar).Unfamiliar)
}

func TestWhoIsSignedInIsCountedApartFromSignIns(t *testing.T) {
	a := password.Throttle{}
	for i := range 10 {
		a, _ = a.Failed(wrong(fmt.Sprint("thief", i)), noon, password.SignedIn, password.Lockout{})
	}
	for _, at := range places {
		_, locked := a.Locked(noon, at)
		require.Equal(t, at == password.SignedIn, locked, "%d", at)
	}
	require.Equal(t, 10, a.InARow, "and yet they are ten of the hundred")
	require.Equal(t, a.SignedIn, a.Succeeded(password.Familiar).SignedIn)
	require.Zero(t, a.Succeeded(password.SignedIn).SignedIn)
	require.Zero(t, a.Unlocked().SignedIn)
	_, locked := stranger(password.Throttle{}, 10, noon).Locked(noon, password.SignedIn)
	require.False(t, locked, "a stranger keeps nobody from changing the password")
}

func TestTheSameWrongPasswordIsNotCountedAgain(t *testing.T) {
	a := password.Throttle{}
	try := func(word string) bool {
		var counted bool
		a, counted = a.Failed(wrong(word), noon, password.Unfamiliar, password.Lockout{})
		return counted
	}
	for _, word := range []string{"a", "b", "c"} {
		require.True(t, try(word))
	}
	for _, word := range []string{"a", "c", "b", "b", "a"} {
		require.False(t, try(word), word)
	}
	require.Equal(t, slices.Concat(wrong("a"), wrong("b"), wrong("c")), a.Wrong, "the newest first")
	require.True(t, try("d"))
	require.False(t, try("a"))
	require.True(t, try("c"), "it was the fourth last")
	require.Equal(t, 5, a.Unfamiliar.Count)

	_, counted := a.Failed(nil, noon, password.Unfamiliar, password.Lockout{})
	require.True(t, counted, "what is not known counts")
	_, counted = a.Failed([]secret.Digest{{}}, noon, password.Unfamiliar, password.Lockout{})
	require.True(t, counted, "a digest that was never made is of no password")
	rotated := slices.Concat(wrong("d under a new key"), wrong("d"))
	b, counted := a.Failed(rotated, noon, password.Familiar, password.Lockout{})
	require.False(t, counted, "known under an old key, from wherever")
	require.Equal(t, slices.Concat(wrong("d under a new key"), wrong("c"), wrong("a")), b.Wrong, "and kept under the new one")
}

func TestAHundredFailuresInARowEndTheUseOfAPassword(t *testing.T) {
	a, now, n := password.Throttle{}, noon, 0
	for !a.Disabled {
		n++
		require.LessOrEqual(t, n, 100)
		a, _ = a.Failed(wrong(fmt.Sprint(n)), now, places[n%3], password.Lockout{})
		now = now.Add(25 * time.Hour)
	}
	require.Equal(t, 100, n)
	for _, at := range places {
		until, locked := a.Locked(now.AddDate(100, 0, 0), at)
		require.True(t, locked)
		require.Zero(t, until, "until it is reset")
		after, ok := a.Judge(secret.Verified{OK: true}, now, at, password.Lockout{})
		require.False(t, ok)
		require.Empty(t, cmp.Diff(a, after))
	}
	_, locked := password.Throttle{}.Locked(now, password.Unfamiliar)
	require.False(t, locked, "the zero Throttle is how it is reset")
}

func TestDuringALockNoPasswordIsRightAndNoneCounts(t *testing.T) {
	a := stranger(password.Throttle{}, 10, noon)
	for what, v := range map[string]secret.Verified{"right": {OK: true}, "wrong": {Wrong: wrong("new")}, "known": {Wrong: a.Wrong[1:2]}, "none": {}} {
		after, ok := a.Judge(v, noon, password.Unfamiliar, password.Lockout{})
		require.False(t, ok, what)
		require.Empty(t, cmp.Diff(a, after), what)
	}
	later := noon.Add(time.Minute)
	after, ok := a.Judge(secret.Verified{OK: true}, later, password.Unfamiliar, password.Lockout{})
	require.True(t, ok)
	require.Empty(t, cmp.Diff(password.Throttle{Wrong: a.Wrong}, after))
	after, ok = a.Judge(secret.Verified{Wrong: wrong("new")}, later, password.Unfamiliar, password.Lockout{})
	require.False(t, ok)
	require.Equal(t, later.Add(2*time.Minute), after.Unfamiliar.LockedUntil)
}

func TestAnAdministratorEndsLocksButNotTheCountThatNISTLimits(t *testing.T) {
	a := stranger(password.Throttle{}, 10, noon).Unlocked()
	require.Equal(t, 10, a.InARow)
	_, locked := a.Locked(noon, password.Unfamiliar)
	require.False(t, locked)
	_, locked = stranger(a, 9, noon.Add(1)).Locked(noon, password.Unfamiliar)
	require.False(t, locked, "it begins anew")
	a.Disabled = true
	_, locked = a.Unlocked().Locked(noon, password.Unfamiliar)
	require.True(t, locked)
}

func TestALockoutIsNeverLaxerThanNIST(t *testing.T) {
	for _, l := range []password.Lockout{{}, {Threshold: 10, First: time.Minute, Limit: 1000}, {Threshold: -1, First: -1, Limit: -1}} {
		a := password.Throttle{InARow: 99, Unfamiliar: password.Failures{Count: 8}}
		a, _ = a.Failed(nil, noon, password.Familiar, l)
		require.True(t, a.Disabled)
		b, _ := password.Throttle{Unfamiliar: password.Failures{Count: 9}}.Failed(nil, noon, password.Unfamiliar, l)
		require.Equal(t, noon.Add(time.Minute), b.Unfamiliar.LockedUntil)
	}
	b, _ := password.Throttle{}.Failed(nil, noon, password.Unfamiliar, password.Lockout{Threshold: 1, First: 100 * time.Hour, Limit: 1})
	require.Equal(t, noon.Add(24*time.Hour), b.Unfamiliar.LockedUntil)
	require.True(t, b.Disabled)
	b, _ = password.Throttle{Unfamiliar: password.Failures{Count: 1 << 60}}.Failed(nil, noon, password.Unfamiliar, password.Lockout{})
	require.Equal(t, noon.Add(24*time.Hour), b.Unfamiliar.LockedUntil, "and no number overflows")
}

func TestARowOfAThrottleIsSmallAndReadsBackAsItWas(t *testing.T) {
	zone := time.FixedZone("elsewhere", 3600)
	a := password.Throttle{}
	for i := range 30 {
		a, _ = a.Failed(wrong(fmt.Sprint(i)), noon.In(zone).Add(time.Duration(i)*48*time.Hour+time.Nanosecond), places[i%3], password.Lockout{})
	}
	require.Equal(t, store.Time(a.Familiar.LockedUntil), a.Familiar.LockedUntil)
	require.Equal(t, time.UTC, a.Familiar.LockedUntil.Location())
	row, err := json.Marshal(a)
	require.NoError(t, err)
	require.Less(t, len(row), 450)
	var back password.Throttle
	require.NoError(t, json.Unmarshal(row, &back))
	require.Empty(t, cmp.Diff(a, back))

	row, err = json.Marshal(password.Throttle{})
	require.NoError(t, err)
	require.Equal(t, `{"familiar":{},"unfamiliar":{}}`, string(row))
	swollen := password.Throttle{Wrong: slices.Repeat(wrong("x"), 1000)}
	swollen, _ = swollen.Failed(wrong("y"), noon, password.Unfamiliar, password.Lockout{})
	require.Len(t, swollen.Wrong, 3)
}

// An attempt is made some time after the last one, with one of a few passwords.
type attempt struct {
	After time.Duration
	Word  int
	At    password.Place
	Right bool
}

var attempts = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) attempt {
	return attempt{
		After: time.Duration(rapid.Int64Range(-1e9, 3*3600e9).Draw(t, "after")), Word: rapid.IntRange(0, 60).Draw(t, "word"),
		At: rapid.SampledFrom(places).Draw(t, "place"), Right: rapid.IntRange(0, 30).Draw(t, "right") == 0,
	}
}), 1, 150)

var lockouts = rapid.Custom(func(t *rapid.T) password.Lockout {
	return password.Lockout{Threshold: rapid.IntRange(0, 12).Draw(t, "threshold"), Limit: rapid.IntRange(0, 100).Draw(t, "limit"),
		First: time.Duration(rapid.Int64Range(0, 18_000).Draw(t, "seconds")) * time.Second}
})

func TestMoreFailuresNeverShortenALock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := lockouts.Draw(t, "lockout")
		a, now := password.Throttle{}, noon
		lasted := map[password.Place]time.Duration{}
		for _, x := range attempts.Draw(t, "attempts") {
			now = now.Add(x.After)
			before := a
			var counted bool
			a, counted = a.Failed(wrong(fmt.Sprint(x.Word)), now, x.At, l)
			for _, at := range places {
				was, locked := before.Locked(now, at)
				is, still := a.Locked(now, at)
				require.False(t, locked && !still)
				require.False(t, locked && is.Before(was) && !a.Disabled, "%v became %v", was, is)
			}
			if until, locked := a.Locked(now, x.At); counted && locked && !a.Disabled {
				require.GreaterOrEqual(t, until.Sub(now), lasted[x.At], "each lock is as long as the one before, or longer")
				lasted[x.At] = until.Sub(now)
			}
			require.GreaterOrEqual(t, a.InARow, before.InARow)
			require.LessOrEqual(t, a.InARow, 100)
			require.LessOrEqual(t, len(a.Wrong), 3)
		}
	})
}

func TestRepeatingAWrongPasswordNeverCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := lockouts.Draw(t, "lockout")
		a, now := password.Throttle{}, noon
		for _, x := range attempts.Draw(t, "attempts") {
			now = now.Add(x.After)
			kept := slices.Clone(a.Wrong)
			before := a
			a, _ = a.Judge(secret.Verified{OK: x.Right, Wrong: wrong(fmt.Sprint(x.Word))}, now, x.At, l)
			require.Equal(t, kept, before.Wrong, "what was handed out is not written to")
			for _, d := range a.Wrong {
				for _, at := range places {
					again, counted := a.Failed([]secret.Digest{d}, now, at, l)
					require.False(t, counted)
					again.Wrong = a.Wrong
					require.Empty(t, cmp.Diff(a, again), "nothing changed but the order of what is remembered")
				}
			}
		}
	})
}
