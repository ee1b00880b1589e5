package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/store"
)

func TestATimeIsKeptInUTCAndInMicroseconds(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for name, c := range map[string]struct{ in, want time.Time }{
		"nanoseconds are cut, not rounded": {
			time.Date(2026, 1, 5, 9, 0, 0, 123456999, time.UTC), time.Date(2026, 1, 5, 9, 0, 0, 123456000, time.UTC)},
		"a zone becomes UTC": {
			time.Date(2026, 1, 5, 9, 0, 0, 0, berlin), time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)},
		"the zero time stays zero": {time.Time{}, time.Time{}},
		"the zero time of a zone is the zero time": {
			time.Time{}.In(berlin), time.Time{}},
		"before 1970 it is cut downwards too": {
			time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			got := store.Time(c.in)
			require.Equal(t, c.want, got) // of the same zone too, since stored times are compared as values
			require.Equal(t, got, store.Time(got), "what was kept once is kept as it is")
		})
	}
}

// wide is a store whose transaction is a slice of numbers; it notes how it was called.
type wide struct{ called []string }

func (w *wide) View(_ context.Context, fn func([]int) error) error {
	w.called = append(w.called, "view")
	return fn([]int{1, 2, 3})
}

func (w *wide) Update(_ context.Context, fn func([]int) error) error {
	w.called = append(w.called, "update")
	return fn([]int{4, 5})
}

func TestNarrowHandsOutAPartOfTheSameTransaction(t *testing.T) {
	w := &wide{}
	s := store.Narrow(w, func(all []int) int { return len(all) })
	broken := errors.New("broken")

	var seen []int
	note := func(n int) error { seen = append(seen, n); return nil }
	require.NoError(t, s.View(context.Background(), note))
	require.NoError(t, s.Update(context.Background(), note))
	require.Equal(t, []int{3, 2}, seen)
	require.Equal(t, []string{"view", "update"}, w.called, "each call is one transaction of the wide store")

	fail := func(int) error { return broken }
	require.Same(t, broken, s.View(context.Background(), fail))
	require.Same(t, broken, s.Update(context.Background(), fail))
}

// contextual is a store that gives the value of its context.
type contextual struct{}

type key struct{}

func (contextual) View(ctx context.Context, fn func(any) error) error   { return fn(ctx.Value(key{})) }
func (contextual) Update(ctx context.Context, fn func(any) error) error { return fn(ctx.Value(key{})) }

func TestNarrowPassesTheContextOn(t *testing.T) {
	s := store.Narrow(contextual{}, func(v any) any { return v })
	ctx := context.WithValue(context.Background(), key{}, "here")
	is := func(v any) error { require.Equal(t, "here", v); return nil }
	require.NoError(t, s.View(ctx, is))
	require.NoError(t, s.Update(ctx, is))
}
