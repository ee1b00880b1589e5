package signins_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Faults: the store fails at the k-th call of a transaction's method, for every k, in every deed. What must
// then hold is always the same: the error is told, nothing is half done, nothing is handed out, and trouble
// never turns a no into a yes.

var errStruck = testkit.ErrStruck

const tooMany = testkit.TooMany

// requireNothing wants nothing to have been handed out.
func requireNothing(t testing.TB, g given, about ...any) {
	t.Helper()
	require.True(t, g.token.Token.Empty(), about...)
	require.Zero(t, g.token.Actor, about...)
	require.Zero(t, g.token.ExpiresAt, about...)
	g.token = signins.Started{}
	require.Equal(t, given{}, g, about...)
}

func TestEveryDeedDoesWhatItSays(t *testing.T) {
	base := newStage(t)
	for _, d := range deeds {
		s := base.enter(t, &faulty{})
		got, err := d.call(s)
		require.Equal(t, d.want, codeOf(err), "%s: %v", d.name, err)
		if d.want != "" {
			requireNothing(t, got, d.name)
		}
		require.Equal(t, d.changes && d.want == "", base.rows != rows(t, s.DB), "%s", d.name)
	}
}

func TestAnErrorAtAnyCallOfTheStoreIsToldAndNothingIsHalfDone(t *testing.T) {
	base := newStage(t)
	struck := 0
	for _, d := range deeds {
		for _, fault := range []error{errStruck, store.ErrConflict} {
			for k := 1; ; k++ {
				require.Less(t, k, tooMany)
				f := &faulty{faults: faults{Strike: testkit.At(k, fault)}}
				s := base.enter(t, f)
				got, err := d.call(s)
				if f.Calls < k {
					require.Equal(t, d.want, codeOf(err), d.name)
					break
				}
				struck++
				require.ErrorIs(t, err, fault, "%s, call %d", d.name, k)
				requireNothing(t, got, "%s, call %d", d.name, k)
				requireSame(t, base.saved, saved(t, s.DB), "%s, call %d", d.name, k)
			}
		}
	}
	require.Greater(t, struck, 300)
}

func TestARowThatSeemsToBeMissingGivesNobodyAnything(t *testing.T) {
	base := newStage(t)
	for _, d := range deeds {
		for k := 1; ; k++ {
			require.Less(t, k, tooMany)
			f := &faulty{faults: faults{Strike: testkit.At(k, store.ErrNotFound)}}
			s := base.enter(t, f)
			got, err := d.call(s)
			if f.Calls < k {
				break
			}
			if err == nil && strings.HasPrefix(d.name, "start in the place of") {
				continue // what is replaced may be gone, and nothing be known of the attempt
			}
			if d.name != "list as the host" { // an account that is not known has no sessions
				require.Error(t, err, "%s, call %d", d.name, k)
			}
			requireNothing(t, got, "%s, call %d", d.name, k)
			requireSame(t, base.rows, rows(t, s.DB), "%s, call %d", d.name, k)
		}
	}
}

func TestAPanicAtAnyCallOfTheStoreLeavesNothingHalfDoneAndTheNextCallWorks(t *testing.T) {
	base, struck := newStage(t), 0
	for _, d := range deeds {
		struck += testkit.PanicAtEveryCall(t, d.name, base.saved, testkit.Saved, func(strike func(int) error) (*memstore.Store, func() error) {
			s := base.enter(t, &faulty{faults: faults{Strike: strike}})
			return s.DB, func() error { _, err := d.call(s); return err }
		}, func(err error) { require.Equal(t, d.want, codeOf(err), "%s: %v", d.name, err) })
	}
	require.Greater(t, struck, 150)
}

func TestAnErrorAfterTheCommitGivesNoToken(t *testing.T) {
	base := newStage(t)
	for _, d := range deeds {
		if !d.changes || d.want != "" {
			continue
		}
		got, err := d.call(base.enter(t, &faulty{faults: faults{Lost: errStruck}}))
		require.ErrorIs(t, err, errStruck, d.name)
		requireNothing(t, got, d.name)
	}
}

func TestAFunctionThatTheStoreRunsTwiceHasOneEffect(t *testing.T) {
	base := newStage(t)
	for _, d := range deeds {
		var s *stage
		run := func(f *faulty) (given, []policy.Session, []policy.Event) {
			s = base.enter(t, f)
			var got given
			events := during(s.World, func() {
				var err error
				got, err = d.call(s)
				require.Equal(t, d.want, codeOf(err), d.name)
			})
			for i := range events {
				events[i].Seq, events[i].Revision = 0, 0
			}
			return got, readable(t, s.World), events
		}
		_, once, onceTold := run(&faulty{})
		got, twice, twiceTold := run(&faulty{faults: faults{Again: true}})
		require.Equal(t, once, twice, d.name)
		require.Equal(t, onceTold, twiceTold, d.name)
		if !got.token.Token.Empty() {
			require.True(t, works(t, s.App.Host.SignIns, got.token.Token), d.name)
		}
	}
}

// readable are the tenant's sessions without what differs from run to run.
func readable(t testing.TB, w *accounttest.World) (out []policy.Session) {
	t.Helper()
	require.NoError(t, w.DB.SignIns().View(t.Context(), func(tx signins.Tx) error {
		list, err := tx.Sessions(accounttest.Tenant, store.Page{Size: store.MaxPageSize})
		out = list.Items
		return err
	}))
	for i := range out {
		out[i].Revision, out[i].Token = 0, [32]byte{}
	}
	return out
}

func TestARefusalThatCannotBeRecordedIsStillARefusalAndSaysSo(t *testing.T) {
	base := newStage(t)
	s := base.enter(t, &faulty{})
	// Settings, standing, the present session, its device, the row, its account; and then the record.
	f := spoiled(s.DB.SignIns(), &faulty{faults: faults{Strike: testkit.At(7, errStruck)}})
	err := over(t, s.World, f).Service.End(t.Context(), s.there.Actor, s.over.Actor.Session)
	require.Equal(t, signins.CodeSessionOver, codeOf(err))
	require.ErrorIs(t, err, errStruck)
}
