package signins_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// night is a world in which somebody else signed in as ada on her device, and in which bob and ada's namesake in
// another tenant have attempts under the same ids and in the same hours.
type night struct {
	*accounttest.World
	room       signins.Room
	ada        policy.Actor
	yes, notMe policy.Confirmation
	rows, all  string
	bobs       policy.SessionID
}

const (
	tonight  signins.ID = "tonight"
	asAlways signins.ID = "always"
)

func newNight(t testing.TB, containing int) *night {
	w := accounttest.New(t)
	w.Tenant(elsewhere)
	people := []policy.Actor{w.Person("ada", policy.Work), w.Person("bob", policy.Work), w.PersonIn(elsewhere, "ada", policy.Work)}
	for i, p := range people {
		w.SignedIn(p, func(r *signins.Record) { r.ID, r.Application = "long-ago", secretOf(i) })
	}
	w.Clock.Advance(31 * day)
	for i, p := range people {
		thief := w.Session(w.SignIn(p)).Actor
		w.SignedIn(p, func(r *signins.Record) { r.ID, r.Application = asAlways, secretOf(i) })
		w.Clock.Advance(time.Second)
		w.SignedIn(thief, func(r *signins.Record) {
			r.ID, r.Place, r.Device, r.Application = tonight, accounttest.NewYork, w.Device(w.SignIn(p), policy.DeviceID("stolen "+secretOf(i))), secretOf(i)
		})
	}
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.ContainDevice, containing))
	n := &night{World: w, ada: w.SignIn(people[0]), bobs: w.Session(w.SignIn(people[1])).Actor.Session}
	var err error
	_, n.yes, err = w.App.SignIns.AskThisWasMe(t.Context(), n.ada, tonight)
	require.NoError(t, err)
	_, n.notMe, err = w.App.SignIns.AskThisWasNotMe(t.Context(), n.ada, tonight)
	require.NoError(t, err)
	n.rows, n.all = rows(t, w.DB), saved(t, w.DB)
	return n
}

// secretOf is what only one of the people's attempts tell.
func secretOf(i int) string { return []string{"of ada", "of bob", "of the namesake"}[i] }

func (n *night) enter(t testing.TB, f *faulty) *night {
	in := *n
	in.World = n.Fork(t)
	f.whole = true
	in.room = assembled(t, in.World, spoiled(in.DB.SignIns(), f))
	return &in
}

func (n *night) record(id signins.ID) signins.Record {
	return signins.Record{ID: id, Account: "ada", At: n.Clock.Now(), Place: hamburg, DeviceName: "tablet"}
}

// shownItems are what an answer shows of attempts; nil if nothing.
func shownItems(l store.List[signins.Item], err error) (any, error) {
	if len(l.Items) == 0 {
		return nil, err
	}
	return l.Items, err
}

// nightly are all operations on attempts, and each refused one. What they give is nil if it is nothing.
var nightly = []struct {
	name    string
	want    policy.Code
	changes bool
	call    func(n *night) (any, error)
}{
	{"record", "", true, func(n *night) (any, error) {
		return known(n.room.Host.Record(ctx, n.Host, n.record("fresh")))
	}},
	{"record again", "", false, func(n *night) (any, error) {
		return known(n.room.Host.Record(ctx, n.Host, n.record(tonight)))
	}},
	{"record of nobody", policy.CodeNotFound, true, func(n *night) (any, error) {
		r := n.record("fresh")
		r.Account = "nobody"
		return known(n.room.Host.Record(ctx, n.Host, r))
	}},
	{"import", "", true, func(n *night) (any, error) {
		done, err := n.room.Admin.Import(ctx, n.Host, []signins.Record{n.record("one"), n.record("two"), {ID: "bad"}, n.record(tonight)})
		if done == nil {
			return nil, err
		}
		return done, err
	}},
	{"list", "", false, func(n *night) (any, error) { return shownItems(n.room.Service.Activity(ctx, n.ada, signins.Query{})) }},
	{"search", "", false, func(n *night) (any, error) {
		return shownItems(n.room.Service.Activity(ctx, n.ada, signins.Query{Search: "of", Unusual: true, Page: store.Page{Size: 1}}))
	}},
	{"list as the host", "", false, func(n *night) (any, error) {
		return shownItems(n.room.Admin.Activity(ctx, n.Host, "ada", signins.Query{}))
	}},
	{"read", "", false, func(n *night) (any, error) {
		i, err := n.room.Service.Attempt(ctx, n.ada, tonight)
		if i.ID == "" {
			return nil, err
		}
		return []signins.Item{i}, err
	}},
	{"read what is past", policy.CodeNotFound, false, func(n *night) (any, error) {
		_, err := n.room.Service.Attempt(ctx, n.ada, "long-ago")
		return nil, err
	}},
	{"may say it was me", "", false, func(n *night) (any, error) {
		return allowed(n.room.Service.Can(ctx, n.ada, signins.SayThisWasMe, string(tonight)))
	}},
	{"may say it was not me", "", false, func(n *night) (any, error) {
		return allowed(n.room.Service.Can(ctx, n.ada, signins.SayThisWasNotMe, string(tonight)))
	}},
	{"it was me", "", true, func(n *night) (any, error) { return nil, n.room.Service.ThisWasMe(ctx, n.ada, tonight, n.yes) }},
	{"it was me, unconfirmed", policy.CodeConfirmationMissing, true, func(n *night) (any, error) {
		return nil, n.room.Service.ThisWasMe(ctx, n.ada, tonight, "")
	}},
	{"it was not me", "", true, func(n *night) (any, error) {
		return contained(n.room.Service.ThisWasNotMe(ctx, n.ada, tonight, n.notMe))
	}},
	{"it was not me, as always", signins.CodeNotUnusual, true, func(n *night) (any, error) {
		return contained(n.room.Service.ThisWasNotMe(ctx, n.ada, asAlways, n.notMe))
	}},
	{"purge", "", true, func(n *night) (any, error) {
		removed, err := n.room.Host.PurgeActivity(ctx, n.Host)
		if removed == 0 {
			return nil, err
		}
		return removed, err
	}},
}

func known(isNew bool, err error) (any, error) {
	if !isNew {
		return nil, err
	}
	return isNew, err
}

func allowed(d policy.Decision, err error) (any, error) {
	if _, err = judged(d, err); err != nil || !d.Allowed {
		return nil, err
	}
	return true, nil
}

func contained(c signins.Containment, err error) (any, error) {
	if len(c.Steps) == 0 {
		return nil, err
	}
	return c, err
}

func TestAnErrorAtAnyCallAboutAnAttemptLeavesNothingHalfDone(t *testing.T) {
	struck := 0
	for containing := range signins.ContainDevice.Max + 1 {
		base := newNight(t, containing)
		for _, d := range nightly {
			for _, fault := range []error{errStruck, store.ErrConflict} {
				for k := 1; ; k++ {
					require.Less(t, k, tooMany)
					f := &faulty{faults: faults{Strike: testkit.At(k, fault)}}
					n := base.enter(t, f)
					got, err := d.call(n)
					if f.Calls < k {
						require.Equal(t, d.want, codeOf(err), "%s: %v", d.name, err)
						require.Equal(t, d.changes && d.want == "", base.rows != rows(t, n.DB), d.name)
						if c, ok := got.(signins.Containment); ok {
							require.Len(t, c.Steps, 4+min(containing, 1))
							require.False(t, slices.ContainsFunc(c.Steps, func(s signins.ContainmentStep) bool { return !s.Done }), "%+v", c)
						}
						break
					}
					struck++
					require.ErrorIs(t, err, fault, "%s, call %d", d.name, k)
					require.Nil(t, got, "%s, call %d", d.name, k)
					requireSame(t, base.all, saved(t, n.DB), "%s, call %d", d.name, k)
				}
			}
		}
	}
	require.Greater(t, struck, 300)
}

func TestAPanicAtAnyCallAboutAnAttemptLeavesNothingHalfDoneAndTheNextCallWorks(t *testing.T) {
	struck := 0
	for containing := range signins.ContainDevice.Max + 1 {
		base := newNight(t, containing)
		for _, d := range nightly {
			struck += testkit.PanicAtEveryCall(t, d.name, base.all, testkit.Saved, func(strike func(int) error) (*memstore.Store, func() error) {
				n := base.enter(t, &faulty{faults: faults{Strike: strike}})
				return n.DB, func() error { _, err := d.call(n); return err }
			}, func(err error) { require.Equal(t, d.want, codeOf(err), "%s: %v", d.name, err) })
		}
	}
	require.Greater(t, struck, 150)
}

func TestAnAnswerThatTheStoreRunsTwiceCountsOnce(t *testing.T) {
	base := newNight(t, 2)
	for _, d := range nightly {
		play := func(f *faulty) (any, []policy.Event) {
			n := base.enter(t, f)
			var got any
			events := during(n.World, func() {
				var err error
				got, err = d.call(n)
				require.Equal(t, d.want, codeOf(err), "%s: %v", d.name, err)
			})
			for i := range events {
				events[i].Seq, events[i].Revision = 0, 0
			}
			return got, events
		}
		once, onceTold := play(&faulty{})
		twice, twiceTold := play(&faulty{faults: faults{Again: true}})
		require.Equal(t, once, twice, d.name)
		require.Equal(t, onceTold, twiceTold, d.name)
	}
}
