package storetest_test

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

func healthy(testing.TB) storetest.Backend { return memstore.New() }

func TestAHealthyStorePasses(t *testing.T) {
	storetest.Run(t, healthy)
}

func TestAHealthyRoomPassesAlone(t *testing.T) {
	t.Run("policy", func(t *testing.T) {
		storetest.RunPolicy(t, func(testing.TB) store.Store[policy.AdminTx] { return memstore.New().Policy() })
	})
	t.Run("devices", func(t *testing.T) {
		storetest.RunDevices(t, func(testing.TB) devices.Store { return memstore.New().Devices() })
	})
	t.Run("signins", func(t *testing.T) {
		storetest.RunSignIns(t, func(testing.TB) signins.Store { return memstore.New().SignIns() })
	})
	t.Run("account", func(t *testing.T) {
		storetest.RunAccount(t, func(testing.TB) account.Store { return memstore.New().Account() })
	})
	t.Run("challenge", func(t *testing.T) {
		storetest.RunChallenges(t, func(testing.TB) store.Store[challenge.Tx] { return memstore.New().Challenges() })
	})
}

// TestABrokenStoreIsCaught runs each check that a fault should break on a store with that fault.
func TestABrokenStoreIsCaught(t *testing.T) {
	checks := make(map[string]storetest.Check)
	for _, c := range storetest.AllChecks() {
		checks[c.Subject+" "+c.Promise] = c
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for _, name := range f.caught {
				c, ok := checks[name]
				require.True(t, ok, "there is no check %q", name)
				// In a bubble a store that never comes back is waited for in no time.
				synctest.Test(t, func(t *testing.T) {
					failed, log := outcome(t, c, func(testing.TB) storetest.Backend { return f.backend(memstore.New()) })
					require.True(t, failed, "a store that %s passes the check that %s", f.name, name)
					require.Contains(t, log, c.Rule, "the failure explains the rule")
				})
			}
		})
	}
}

// TestEveryPromiseIsBrokenBySomeFault keeps the faults complete: a check that no fault breaks might check nothing.
func TestEveryPromiseIsBrokenBySomeFault(t *testing.T) {
	var caught []string
	for _, f := range faults {
		caught = append(caught, f.caught...)
	}
	for _, c := range storetest.AllChecks() {
		require.True(t, slices.ContainsFunc(caught, func(name string) bool { return strings.HasSuffix(name, " "+c.Promise) }),
			"no fault breaks the promise that %s %s", c.Subject, c.Promise)
	}
}

func TestEachCheckHasANameOfItsOwnAndARule(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range storetest.AllChecks() {
		name := c.Subject + " " + c.Promise
		require.False(t, seen[name], "%q stands twice", name)
		require.NotEmpty(t, c.Rule, name)
		seen[name] = true
	}
	require.Greater(t, len(seen), 100)
}

func TestABackendWithoutARoomFails(t *testing.T) {
	db := memstore.New()
	for name, b := range map[string]storetest.Backend{
		"no backend":    nil,
		"no policy":     storetest.Single(nil, db.Devices(), db.SignIns(), db.Challenges(), db.Account()),
		"no devices":    storetest.Single(db.Policy(), nil, db.SignIns(), db.Challenges(), db.Account()),
		"no signins":    storetest.Single(db.Policy(), db.Devices(), nil, db.Challenges(), db.Account()),
		"no challenges": storetest.Single(db.Policy(), db.Devices(), db.SignIns(), nil, db.Account()),
		"no account":    storetest.Single(db.Policy(), db.Devices(), db.SignIns(), db.Challenges(), nil),
	} {
		t.Run(name, func(t *testing.T) {
			failures := 0
			for _, c := range storetest.AllChecks() {
				if failed, _ := outcome(t, c, func(testing.TB) storetest.Backend { return b }); failed {
					failures++
				}
			}
			require.Positive(t, failures)
		})
	}
}

// TestSamplesFillEveryField keeps the checks complete when a row gets a new field.
func TestSamplesFillEveryField(t *testing.T) {
	for _, s := range storetest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			row := reflect.ValueOf(s.Row)
			for _, field := range reflect.VisibleFields(row.Type()) { // those of what is embedded too
				if name := field.Name; !field.IsExported() || name == "Revision" && s.Name != "event" || name == "Seq" {
					continue // the store's own to give
				}
				require.False(t, row.FieldByIndex(field.Index).IsZero(), "%s is empty", field.Name)
			}
			require.False(t, reflect.DeepEqual(s.Row, s.Other), "two samples are alike")
		})
	}
}

func TestScribblingReachesWhatCopiesShare(t *testing.T) {
	type inner struct{ Texts []string }
	value := struct {
		List    []inner
		Map     map[string][]int
		Pointer *inner
		own     []string
	}{
		List: []inner{{[]string{"a"}}}, Map: map[string][]int{"k": {1}}, Pointer: &inner{[]string{"b"}}, own: []string{"c"},
	}
	was := value
	require.Equal(t, 6, storetest.Scribble(value))
	require.Empty(t, cmp.Diff([]inner{{}}, was.List))
	require.Empty(t, cmp.Diff(map[string][]int{"k": nil}, was.Map))
	require.Empty(t, cmp.Diff(&inner{}, was.Pointer))
	require.Equal(t, []string{"c"}, was.own)
}

// outcome runs one check on its own, and tells whether it failed and what it said.
func outcome(t testing.TB, c storetest.Check, open func(testing.TB) storetest.Backend) (failed bool, log string) {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // a goroutine of its own, since Fatal ends it
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v", p)
			}
		}()
		c.Run(r, open)
	}()
	<-done
	return r.Failed(), strings.Join(r.lines, "\n")
}

// recorder is a testing.TB that keeps failures to itself.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed bool
	lines  []string
}

func (r *recorder) note(failed bool, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || failed
	r.lines = append(r.lines, line)
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) Log(args ...any)                 { r.note(false, fmt.Sprint(args...)) }
func (r *recorder) Logf(format string, args ...any) { r.note(false, fmt.Sprintf(format, args...)) }
func (r *recorder) Error(args ...any)               { r.note(true, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, a ...any)  { r.note(true, fmt.Sprintf(format, a...)) }
func (r *recorder) Fail()                           { r.note(true, "Fail") }

func (r *recorder) Fatal(args ...any) {
	r.Error(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

// A suite that skips checks nothing.
func (r *recorder) Skip(args ...any)                 { r.Fatal(args...) }
func (r *recorder) Skipf(format string, args ...any) { r.Fatalf(format, args...) }
func (r *recorder) SkipNow()                         { r.FailNow() }
