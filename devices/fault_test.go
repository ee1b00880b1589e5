package devices_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Faults: the store fails at the k-th call of a transaction's method, for every k, in every operation of the
// matrix. What must then hold is always the same: the error is told, nothing is half done, no key leaves,
// and trouble never turns a no into a yes.

var errStruck = testkit.ErrStruck

const tooMany = testkit.TooMany

// part is one operation that is played: by whom, in which state, and what comes of it without a fault.
type part struct {
	operation
	cast
	state
	want outcome
	*scenery
}

// scenery is the world of a state, and how it is kept before anybody plays in it.
type scenery struct {
	*accounttest.World
	saved, rows string
}

// enter makes the call ready, over a store in which something goes wrong. It is made in a fork of the world.
func (p part) enter(t testing.TB, f *faulty) (*accounttest.World, *cell) {
	w := p.Fork(t)
	return w, p.enterInto(t, w, f)
}

// enterInto is enter in a world where others may have played already.
func (p part) enterInto(t testing.TB, w *accounttest.World, f *faulty) *cell {
	c := newCell(t, w, p.cast)
	c.Room = over(t, w, spoiled(w.DB.Devices(), f), w.Ring)
	return c
}

// perform makes the call, and gives what is left: the world, the cell and the error.
func (p part) perform(t testing.TB, f *faulty) (*accounttest.World, *cell, error) {
	w, c := p.enter(t, f)
	_, err := p.call(c)
	return w, c, err
}

// parts are what is played: every operation by the first of the cast for whom it works, and for each reason
// to refuse it in the states that tell most, by the first of the cast who is refused for that.
func parts(t testing.TB) (working, refusing []part) {
	base, actors := stage(t)
	sceneries := make(map[string]*scenery)
	for _, s := range states {
		w := base.Fork(t)
		s.reach(t, w)
		sceneries[s.name] = &scenery{w, saved(t, w.DB), rows(t, w.DB)}
	}
	for _, o := range operations {
		found := false
		for _, s := range states {
			reasons := make(map[outcome]bool)
			for _, a := range actors {
				p := part{o, a, s.state, expect(o, a.somebody, s.state), sceneries[s.name]}
				switch {
				case p.want == works && !found:
					working, found = append(working, p), true
				case p.want != works && p.want != nothing && telling[s.name] && !reasons[p.want]:
					refusing, reasons[p.want] = append(refusing, p), true
				}
			}
		}
		if !found {
			require.NotEmpty(t, o.as, "%s works for nobody", o)
		}
	}
	return working, refusing
}

var telling = map[string]bool{"enabled": true, "disabled by the user": true, "removed": true, "read-only": true,
	"owners may not read keys": true, "unlicensed": true}

func TestAnErrorAtAnyCallOfTheStoreIsToldAndNothingIsHalfDone(t *testing.T) {
	working, _ := parts(t)
	struck := 0
	for _, fault := range []error{errStruck, store.ErrConflict} {
		for _, p := range working {
			for k := 1; ; k++ {
				require.Less(t, k, tooMany)
				f := &faulty{Strike: testkit.At(k, fault)}
				w, c, err := p.perform(t, f)
				if f.Calls < k {
					require.NoError(t, err, "%s by %s", p.operation, p.cast.name)
					break
				}
				struck++
				require.ErrorIs(t, err, fault, "%s by %s, call %d", p.operation, p.cast.name, k)
				require.NotEmpty(t, err.Error())
				require.True(t, c.revealed.Empty(), "%s, call %d: a key left without its record", p.operation, k)
				require.Empty(t, c.outcomes)
				requireSame(t, p.saved, saved(t, w.DB), "%s by %s, call %d", p.operation, p.cast.name, k)
			}
		}
	}
	require.Greater(t, struck, 200)
}

func TestAPanicAtAnyCallOfTheStoreLeavesNothingHalfDoneAndTheNextCallWorks(t *testing.T) {
	working, refusing := parts(t)
	struck := 0
	for _, p := range append(working, refusing...) {
		struck += testkit.PanicAtEveryCall(t, p.String(), p.saved, testkit.Saved, func(strike func(int) error) (*memstore.Store, func() error) {
			w, c := p.enter(t, &faulty{Strike: strike})
			return w.DB, func() error {
				require.True(t, c.revealed.Empty(), "nothing left in the call before")
				_, err := p.call(c)
				return err
			}
		}, func(err error) {
			require.Equal(t, p.want, cameOf(1, err), "%s by %s: %v", p.operation, p.cast.name, err)
		})
	}
	require.Greater(t, struck, 200)
}

func TestACommitThatFailsIsToldAndChangesNothing(t *testing.T) {
	working, _ := parts(t)
	for _, p := range working {
		w, c, err := p.perform(t, &faulty{Ending: func() error { return errStruck }})
		if !p.changes {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, errStruck, "%s", p.operation)
		require.True(t, c.revealed.Empty())
		requireSame(t, p.saved, saved(t, w.DB), "%s", p.operation)
	}
}

func TestAnErrorAfterTheCommitGivesNoKey(t *testing.T) {
	working, _ := parts(t)
	for _, p := range working {
		_, c, err := p.perform(t, &faulty{Lost: errStruck})
		if p.changes {
			require.ErrorIs(t, err, errStruck, "%s", p.operation)
			require.True(t, c.revealed.Empty(), "%s", p.operation)
		}
	}
}

func TestACallerWhoGoesAwayAtAnyCallLeavesNothingHalfDone(t *testing.T) {
	working, _ := parts(t)
	for _, p := range working {
		if !p.changes {
			continue
		}
		for k := 1; ; k++ {
			require.Less(t, k, tooMany)
			ctx, cancel := context.WithCancel(t.Context())
			f := &faulty{Strike: func(call int) error {
				if call == k {
					cancel()
				}
				return nil
			}}
			w, c, err := p.perform(leaving{t, ctx}, f)
			cancel()
			if f.Calls < k {
				require.NoError(t, err)
				break
			}
			require.ErrorIs(t, err, context.Canceled, "%s, call %d", p.operation, k)
			require.True(t, c.revealed.Empty())
			requireSame(t, p.saved, saved(t, w.DB), "%s, call %d", p.operation, k)
		}
	}
}

// leaving is a test whose context is one that ends.
type leaving struct {
	testing.TB
	ctx context.Context
}

func (l leaving) Context() context.Context { return l.ctx }

func TestNothingIsDoneForACallerWhoHasGone(t *testing.T) {
	working, refusing := parts(t)
	gone := cancelled(t)
	played := make(map[*scenery]*accounttest.World) // one stage for all: it must stay as it is
	for _, p := range append(working, refusing...) {
		w := played[p.scenery]
		if w == nil {
			w = p.Fork(t)
			played[p.scenery] = w
		}
		c := p.enterInto(leaving{t, gone}, w, &faulty{})
		_, err := p.call(c)
		require.ErrorIs(t, err, context.Canceled, "%s", p.operation)
		require.True(t, c.revealed.Empty())
	}
	for s, w := range played {
		requireSame(t, s.saved, saved(t, w.DB))
	}
}

func TestAFunctionThatTheStoreRunsTwiceHasOneEffectAndOneEvent(t *testing.T) {
	working, refusing := parts(t)
	for _, p := range append(working, refusing...) {
		if !p.changes || p.want != works && p.state.name != "enabled" {
			continue // refusals are recorded alike in every state
		}
		last := lastEvent(p.World, tenants...)
		once, _, onceErr := p.perform(t, &faulty{})
		twice, _, twiceErr := p.perform(t, &faulty{Again: true})
		require.Equal(t, codeOf(onceErr), codeOf(twiceErr))
		require.Empty(t, cmp.Diff(readable(t, once), readable(t, twice)), "%s by %s", p.operation, p.cast.name)
		require.Equal(t, stripped(newer(once, last, tenants...)), stripped(newer(twice, last, tenants...)), "%s by %s", p.operation, p.cast.name)
	}
}

// readable are the rows without what differs from run to run: what is sealed anew, and the numbers.
func readable(t testing.TB, w *accounttest.World) []any {
	t.Helper()
	var out []any
	require.NoError(t, w.DB.Devices().View(t.Context(), func(tx devices.Tx) error {
		for _, id := range []policy.DeviceID{"laptop", "tablet", "laptop-2", "tablet-2"} {
			d, err := tx.Device(accounttest.Tenant, id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			d.Revision = 0
			out = append(out, d)
			keys, err := tx.RecoveryKeysOf(accounttest.Tenant, id, store.Page{})
			if err != nil {
				return err
			}
			for _, k := range keys.Items {
				k.Sealed, k.Revision = "", 0
				out = append(out, k)
			}
		}
		for _, u := range []policy.AccountID{"ada", "pat", "root"} {
			for _, action := range []policy.Action{devices.RevealKey, devices.RevealAny} {
				usage, err := tx.Usage(accounttest.Tenant, u, action)
				if err != nil {
					return err
				}
				usage.Revision = 0
				out = append(out, usage)
			}
		}
		return nil
	}))
	return out
}

// stripped are events without their numbers.
func stripped(events []policy.Event) []policy.Event {
	for i := range events {
		events[i].Seq, events[i].Revision = 0, 0
	}
	return events
}

func TestTroubleNeverTurnsANoIntoAYes(t *testing.T) {
	_, refusing := parts(t)
	struck := 0
	for _, p := range refusing {
		w := p.Fork(t) // one stage for all faults: but for its events it must stay as it is
		for _, fault := range []error{errStruck, store.ErrConflict, store.ErrNotFound} {
			for k := 1; ; k++ {
				require.Less(t, k, tooMany)
				f := &faulty{Strike: testkit.At(k, fault)}
				c := p.enterInto(t, w, f)
				_, err := p.call(c)
				if f.Calls < k {
					require.Equal(t, p.want, refused(codeOf(err)))
					break
				}
				struck++
				require.Error(t, err, "%s by %s in %s, %v at call %d", p.operation, p.cast.name, p.state.name, fault, k)
				require.True(t, c.revealed.Empty())
			}
		}
		requireSame(t, p.rows, rows(t, w.DB), "%s by %s in %s", p.operation, p.cast.name, p.state.name)
	}
	require.Greater(t, struck, 2000)
}

func TestARefusalThatCannotBeRecordedIsStillARefusalAndSaysSo(t *testing.T) {
	w, ada, _ := locked(t)
	w.Disable(ada, "laptop")
	room := over(t, w, spoiled(w.DB.Devices(), &faulty{Ending: func() error { return errStruck }}), w.Ring)
	err := room.Host.CheckIn(t.Context(), w.Host, "laptop", devices.Activity{})
	requireDenied(t, err, devices.CodeSignInDisabled)
	require.ErrorIs(t, err, errStruck)
}
