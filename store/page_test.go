package store_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/store"
)

func TestAPageHoldsBetweenOneAndTheMaximum(t *testing.T) {
	require.Equal(t, []int{50, 1000}, []int{store.DefaultPageSize, store.MaxPageSize})
	for size, want := range map[int]int{
		-1: store.DefaultPageSize, 0: store.DefaultPageSize,
		1: 1, store.DefaultPageSize: store.DefaultPageSize,
		store.MaxPageSize - 1: store.MaxPageSize - 1, store.MaxPageSize: store.MaxPageSize,
		store.MaxPageSize + 1: store.MaxPageSize, 1 << 30: store.MaxPageSize,
	} {
		require.Equal(t, want, store.Page{Size: size}.Limit(), "size %d", size)
	}
}

// shelf is a list of numbers as a store gives it: at most Limit of them and, as the contract allows, fewer
// than that where most says so.
type shelf struct {
	items []int
	most  func() int
	asked []int // the limits of the pages that were fetched
}

func (s *shelf) fetch(p store.Page) (store.List[int], error) {
	s.asked = append(s.asked, p.Limit())
	from := 0
	if p.After != "" {
		var err error
		if from, err = strconv.Atoi(string(p.After)); err != nil {
			return store.List[int]{}, store.ErrCursor
		}
	}
	n := p.Limit()
	if s.most != nil {
		n = min(n, s.most())
	}
	to := min(from+n, len(s.items))
	l := store.List[int]{Items: append([]int(nil), s.items[from:to]...)}
	if to < len(s.items) {
		l.Next = store.Cursor(strconv.Itoa(to))
	}
	return l, nil
}

func TestSelectGivesFullPagesAndNeitherSkipsNorRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &shelf{items: rapid.SliceOfN(rapid.IntRange(0, 9), 0, 60).Draw(t, "items")}
		if rapid.Bool().Draw(t, "short pages") {
			s.most = func() (most int) {
				// An empty page with more behind it is allowed, but not one after the other for ever.
				if most = rapid.IntRange(0, 5).Draw(t, "most"); most == 0 {
					s.most = func() int { return 1 }
				}
				return most
			}
		}
		below := rapid.IntRange(0, 10).Draw(t, "keep below")
		size := rapid.IntRange(1, 12).Draw(t, "size")
		keep := func(n *int) bool { return *n < below }

		var want []int
		for _, n := range s.items {
			if n < below {
				want = append(want, n)
			}
		}
		var got []int
		for p := (store.Page{Size: size}); ; {
			l, err := store.Select(p, s.fetch, keep)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l.Items...)
			if len(l.Items) > size {
				t.Fatalf("a page of %d has %d items", size, len(l.Items))
			}
			if l.Next == "" {
				break
			}
			if len(l.Items) != size {
				t.Fatalf("a page before the last has %d of %d items", len(l.Items), size)
			}
			p.After = l.Next
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("all pages together are not what was to be kept (-want +got):\n%s", diff)
		}
		for _, limit := range s.asked {
			if limit > size {
				t.Fatalf("%d items were fetched for a page of %d: the cursor would skip what is dropped", limit, size)
			}
		}
	})
}

func TestSelectFetchesNoMoreOnceThePageIsFull(t *testing.T) {
	s := &shelf{items: []int{1, 2, 3, 4, 5}}
	l, err := store.Select(store.Page{Size: 2}, s.fetch, func(*int) bool { return true })
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(store.List[int]{Items: []int{1, 2}, Next: "2"}, l))
	require.Equal(t, []int{2}, s.asked)
}

func TestSelectGivesTheErrorOfAFetchAndNothingElse(t *testing.T) {
	s, broken := &shelf{items: []int{1, 2, 3}}, errors.New("broken")
	l, err := store.Select(store.Page{Size: 2}, func(p store.Page) (store.List[int], error) {
		if p.After != "" {
			return store.List[int]{Items: []int{9}}, broken
		}
		return s.fetch(p)
	}, func(n *int) bool { return *n > 1 })
	require.ErrorIs(t, err, broken)
	require.Empty(t, cmp.Diff(store.List[int]{}, l), "what was found so far is no answer")
}

func TestEachVisitsEveryItemInOrder(t *testing.T) {
	s := &shelf{items: make([]int, 2*store.MaxPageSize+1)}
	for i := range s.items {
		s.items[i] = i
	}
	var got []int
	require.NoError(t, store.Each(s.fetch, func(n int) error { got = append(got, n); return nil }))
	require.Empty(t, cmp.Diff(s.items, got))
	require.Equal(t, []int{store.MaxPageSize, store.MaxPageSize, store.MaxPageSize}, s.asked, "in the largest pages")
}

func TestEachStopsAtTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	visited := 0
	err := store.Each((&shelf{items: []int{1, 2, 3}}).fetch, func(n int) error {
		visited++
		if n == 2 {
			return broken
		}
		return nil
	})
	require.Same(t, broken, err)
	require.Equal(t, 2, visited)

	err = store.Each(func(store.Page) (store.List[int], error) { return store.List[int]{Items: []int{1}}, broken },
		func(int) error { t.Error("an item of a failed fetch was visited"); return nil })
	require.Same(t, broken, err)
}
