// Package testkit is what the tests of several rooms share: to let many go at once, and to compare all that a store
// keeps.
package testkit

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/memstore"
)

// Saved is all that a store keeps, its events too, a line each.
func Saved(t testing.TB, db *memstore.Store) string {
	t.Helper()
	var b bytes.Buffer
	if err := db.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Rows is [Saved] without events and without what stands around the rows.
func Rows(t testing.TB, db *memstore.Store) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(Saved(t, db)) {
		if strings.HasPrefix(line, `{"table":`) && !strings.HasPrefix(line, `{"table":"events"`) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// RequireSame ends the test unless what a store keeps, [Rows] or [Saved], is as it was before; about says what was
// done in between.
func RequireSame(t testing.TB, before, after string, about ...any) {
	t.Helper()
	if before != after { // comparing is slow, and seldom needed
		require.Empty(t, cmp.Diff(strings.Split(before, "\n"), strings.Split(after, "\n")), about...)
	}
}

// Together runs fn in n goroutines that are let go at the same moment, and waits for them.
func Together(n int, fn func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			fn(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}
