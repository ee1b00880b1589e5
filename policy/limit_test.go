package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/policy"
)

// oftenBy is an edit that is limited, by whomever.
func oftenBy(by policy.By) *noteSpec {
	return editing(func(sp *noteSpec) { sp.Limit, sp.By = policy.Limit{Times: perHour, Per: time.Hour}, by })
}

var often = oftenBy(policy.ByPerson)

func TestALimitIsASlidingWindow(t *testing.T) {
	h := newHouse(t)
	start := h.Clock.Now()
	require.NoError(t, h.edit(h.ada, often, "n1", "a", "")) // at 0:00
	h.Clock.Advance(40 * time.Minute)
	require.NoError(t, h.edit(h.ada, often, "n2", "b", "")) // at 0:40, on another note: the limit is the account's

	d := refused(t, h.edit(h.ada, often, "n1", "c", ""), policy.CodeThrottled)
	require.Equal(t, policy.WaitUntil, d.Reason().Remedy)
	require.Equal(t, start.Add(time.Hour), d.Reason().Until, "when the first has left the window")
	h.Clock.Advance(20*time.Minute - time.Microsecond)
	refused(t, h.edit(h.ada, often, "n1", "c", ""), policy.CodeThrottled)

	h.Clock.Advance(time.Microsecond) // at 1:00, as was promised
	require.NoError(t, h.edit(h.ada, often, "n1", "c", ""))
	d = refused(t, h.edit(h.ada, often, "n1", "d", ""), policy.CodeThrottled)
	require.Equal(t, start.Add(100*time.Minute), d.Reason().Until)
}

func TestNoWindowEverHoldsMoreThanTheLimit(t *testing.T) {
	world := newHouse(t)
	rapid.Check(t, func(rt *rapid.T) {
		h := *world
		h.World = world.Fork(t)
		h.over(h.DB.Policy())
		var done []time.Time
		for range rapid.IntRange(1, 30).Draw(rt, "attempts") {
			h.Clock.Advance(time.Duration(rapid.IntRange(0, 45).Draw(rt, "minutes")) * time.Minute)
			now := h.Clock.Now()
			recent := 0
			for _, at := range done {
				if now.Sub(at) < time.Hour {
					recent++
				}
			}
			err := h.edit(h.ada, often, "n1", "new", "")
			if (err == nil) != (recent < perHour.Default) {
				rt.Fatalf("%d within the hour, and then: %v", recent, err)
			}
			if err == nil {
				done = append(done, now)
			}
		}
	})
}

func TestRefusalsAndQuestionsUseNothingUp(t *testing.T) {
	h := newHouse(t)
	for range 5 {
		refused(t, h.edit(h.ada, often, "nowhere", "a", ""), policy.CodeNotFound)
		_, err := policy.Can(ctx, h.guard, h.notes, h.ada, often, onNote("n1"))
		require.NoError(t, err)
	}
	require.NoError(t, h.edit(h.ada, often, "n1", "a", ""))
	require.NoError(t, h.edit(h.ada, often, "n1", "b", ""))
	refused(t, h.edit(h.ada, often, "n1", "c", ""), policy.CodeThrottled)
}

func TestALimitIsOfOneAccountAndOneAction(t *testing.T) {
	h := newHouse(t)
	bob := h.Person("bob", policy.Work)
	h.put(contoso, note{ID: "bobs", Owner: "bob"})
	for range 2 {
		require.NoError(t, h.edit(h.ada, often, "n1", "a", ""))
	}
	require.NoError(t, h.edit(bob, often, "bobs", "a", ""), "others are not held up")
	burn := oftenBy(policy.ByPerson)
	burn.Action = "notes.burn"
	require.NoError(t, h.edit(h.ada, burn, "n1", "a", ""), "nor is what else the person does")
	again := h.SignIn(h.ada)
	again.Session = ""
	refused(t, h.edit(again, often, "n1", "b", ""), policy.CodeThrottled) // signing in again helps nobody
}

func TestAClockThatWasSetBackForgivesNothing(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.edit(h.ada, often, "n1", "a", ""))
	h.Clock.Advance(10 * time.Minute)
	require.NoError(t, h.edit(h.ada, often, "n1", "b", ""))
	h.Clock.Advance(-24 * time.Hour)
	d := refused(t, h.edit(h.SignIn(h.ada), often, "n1", "c", ""), policy.CodeThrottled)
	require.True(t, d.Reason().Until.After(h.Clock.Now()))
}

func TestALimitFollowsItsSetting(t *testing.T) {
	h := newHouse(t)
	set := func(n int) { require.NoError(t, h.admin.Set(ctx, h.Host, perHour, n)) }
	edit := func() error { return h.edit(h.ada, often, "n1", "a", "") }
	require.NoError(t, edit())
	require.NoError(t, edit())
	refused(t, edit(), policy.CodeThrottled)

	set(3)
	require.NoError(t, edit(), "a raised limit counts at once")
	refused(t, edit(), policy.CodeThrottled)
	set(1)
	d := refused(t, edit(), policy.CodeThrottled)
	require.Equal(t, h.Clock.Now().Add(time.Hour), d.Reason().Until)
	set(policy.Unlimited)
	for range 10 {
		require.NoError(t, edit())
	}
	set(5)
	require.NoError(t, edit(), "what was unlimited is not counted afterwards")
}

func TestALimitOfNoneRefusesForAsLongAsItLasts(t *testing.T) {
	h := newHouse(t)
	for _, none := range []int{0, -2} { // which the door for administrators does not allow
		require.NoError(t, h.DB.Policy().Update(ctx, func(tx policy.AdminTx) error {
			s, err := tx.Settings(contoso)
			if err != nil {
				return err
			}
			_, err = tx.PutSettings(s.WithValue(perHour, none))
			return err
		}))
		d := refused(t, h.edit(h.ada, often, "n1", "a", ""), policy.CodeThrottled)
		require.Equal(t, h.Clock.Now().Add(time.Hour), d.Reason().Until)
	}
}

func TestALimitIsForPersonsAndNotForHosts(t *testing.T) {
	h := newHouse(t)
	sp := oftenBy(policy.ByHost | policy.ByRole)
	for range 5 {
		require.NoError(t, h.edit(h.Host, sp, "n1", "a", ""))
	}
	root := h.ada
	root.Roles, sp.Roles = []policy.Role{policy.GlobalAdministrator}, []policy.Role{policy.GlobalAdministrator}
	for range 2 {
		require.NoError(t, h.edit(root, sp, "n1", "a", ""))
	}
	refused(t, h.edit(root, sp, "n1", "a", ""), policy.CodeThrottled) // administrators are persons too
}

func TestWhatALimitRemembersStaysSmall(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.admin.Set(ctx, h.Host, perHour, 5))
	for range 40 {
		require.NoError(t, h.edit(h.ada, often, "n1", "a", ""))
		h.Clock.Advance(13 * time.Minute)
	}
	require.NoError(t, h.DB.Policy().View(ctx, func(tx policy.AdminTx) error {
		u, err := tx.Usage(contoso, "ada", editNote)
		require.LessOrEqual(t, len(u.Times), 5)
		return err
	}))
}

func TestAListReadsTheUsageOfALimitOnce(t *testing.T) {
	h := newHouse(t)
	f := &faulty{Store: h.DB.Policy()}
	h.over(f)
	reads := 0
	f.before = func(call string) error {
		if call == "Usage" {
			reads++
		}
		return nil
	}
	decisions, err := policy.Look(ctx, h.guard, h.notes, h.ada, editing(), onNote("n1"),
		func(tx notesTx, op *policy.Op, n note) ([]policy.Decision, error) {
			var all []policy.Decision
			for range 20 {
				d, err := policy.Judge(tx, op, often, n)
				if err != nil {
					return nil, err
				}
				all = append(all, d)
			}
			return all, nil
		})
	require.NoError(t, err)
	require.Len(t, decisions, 20)
	for _, d := range decisions {
		require.True(t, d.Allowed)
	}
	require.Equal(t, 1, reads)
}
