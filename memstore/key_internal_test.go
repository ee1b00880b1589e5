package memstore

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/policy"
)

// parts draws lists of identifiers of any bytes, mostly of those that keys are made with.
var parts = rapid.SliceOfN(rapid.OneOf(
	rapid.StringOfN(rapid.SampledFrom([]rune{0, 1, 2, 'a', 0xFE, 0xFF}), 0, 5, -1),
	rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 'a', 0xFE, 0xFF}), 0, 5), func(b []byte) string { return string(b) }),
	rapid.String(),
), 0, 4)

func keyOf(parts []string) (k key) {
	for _, p := range parts {
		k = k.part(p)
	}
	return k
}

func TestKeysSortAsTheirPartsDoAndAreNeverMistaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		if rapid.Bool().Draw(t, "related") { // else they rarely begin alike
			b = append(slices.Clone(a[:rapid.IntRange(0, len(a)).Draw(t, "common")]), b...)
		}
		ka, kb := keyOf(a), keyOf(b)
		require.Equal(t, slices.Equal(a, b), bytes.Equal(ka, kb), "one key for one list: %x, %x", ka, kb)
		require.Equal(t, slices.Compare(a, b), bytes.Compare(ka, kb), "the same order: %x, %x", ka, kb)
		begins := len(a) <= len(b) && slices.Equal(a, b[:len(a)])
		require.Equal(t, begins, bytes.HasPrefix(kb, ka), "a key begins with another as the lists do: %x, %x", ka, kb)
	})
}

func TestNothingLiesBetweenAKeyAndTheNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := key(rapid.SliceOf(rapid.Byte()).Draw(t, "a"))
		b := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.SliceOf(rapid.Byte()), func(more []byte) []byte {
			return slices.Concat(a, more)
		})).Draw(t, "b")
		next := slices.Clone(a).next()
		require.Positive(t, bytes.Compare(next, a))
		require.Equal(t, bytes.Compare(b, a) > 0, bytes.Compare(b, next) >= 0)
	})
}

func TestTimesSortAsNumbersDo(t *testing.T) {
	times := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(
			time.Time{}.UnixMicro(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMicro()).Draw(t, "µs"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := times.Draw(t, "a"), times.Draw(t, "b")
		require.Equal(t, a.Compare(b), bytes.Compare(key(nil).time(a), key(nil).time(b)))
		require.Equal(t, b.Compare(a), bytes.Compare(key(nil).newestFirst(order(a)), key(nil).newestFirst(order(b))))
	})
}

func TestEachCursorNamesItsPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SliceOfN(rapid.Byte(), 1, 600).Draw(t, "place")
		got, err := place(cursor(k))
		require.NoError(t, err)
		require.Equal(t, k, got)
	})
}

// TestTheLongestCursorIsNotTooLong is for identifiers of the greatest length that package policy lets through.
func TestTheLongestCursorIsNotTooLong(t *testing.T) {
	longest := strings.Repeat("\x00", 128) // no identifier, but the worst that could come
	k := key(nil).time(time.Time{}).part(longest).part(longest)
	_, err := place(cursor(k))
	require.NoError(t, err)
}

func TestWhatComesAfterATenantIsBehindAllOfIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "tenant"), parts.Draw(t, "key of any tenant")
		if rapid.Bool().Draw(t, "related") {
			b = append([]string{a}, b...)
		}
		of := bytes.HasPrefix(keyOf(b), keyOf([]string{a}))
		behind := bytes.Compare(keyOf(b), after(kTenant(nil, policy.TenantID(a))))
		before := bytes.Compare(keyOf(b), keyOf([]string{a}))
		require.Equal(t, of, before >= 0 && behind < 0)
	})
}
