// Package testkit is what the tests of several rooms share: to let many go at once, to let a store fail, and to compare
// all that a store keeps.
package testkit

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
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

// EditStanding changes what an account is behind the rules' back.
func EditStanding(t testing.TB, db *memstore.Store, tenant policy.TenantID, id policy.AccountID, change func(*policy.Standing)) {
	t.Helper()
	require.NoError(t, db.Policy().Update(t.Context(), func(tx policy.AdminTx) error {
		st, err := tx.Standing(tenant, id)
		if err != nil {
			return err
		}
		change(&st)
		_, err = tx.PutStanding(st)
		return err
	}))
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

// ErrStruck is what goes wrong in a store that is struck.
var ErrStruck = errors.New("the disk is on fire")

// TooMany bounds the calls of one operation: a loop that never ends is a failure and not a hang.
const TooMany = 200

// PanicAtEveryCall makes an operation's call in a fresh world, once for each call of a transaction's method that it
// makes, which panics. Nothing may have changed then from what look, such as [Saved], gave before, and the next call must not
// wait: it comes out as it would without. Enter gives the world's store, with strike asked at each of those calls, and the call;
// done judges what came of one that met no panic. It gives how often a call was struck.
func PanicAtEveryCall(t testing.TB, about, before string, look func(testing.TB, *memstore.Store) string, enter func(strike func(call int) error) (*memstore.Store, func() error), done func(error)) int {
	t.Helper()
	for k := 1; k < TooMany; k++ {
		met := false
		db, call := enter(func(at int) error {
			if at == k {
				met = true
				panic(ErrStruck)
			}
			return nil
		})
		var err error
		struck := panics(func() { err = call() })
		require.Equal(t, met, struck, "%s: the panic at call %d was swallowed", about, k)
		if !struck {
			done(err)
			return k - 1
		}
		RequireSame(t, before, look(t, db), "%s, call %d", about, k)
		done(call())
	}
	require.Fail(t, "it never ends", about)
	return 0
}

// panics tells whether fn panicked with [ErrStruck].
func panics(fn func()) (struck bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != any(ErrStruck) {
				panic(r)
			}
			struck = true
		}
	}()
	fn()
	return false
}
