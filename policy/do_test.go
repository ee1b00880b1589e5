package policy_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// limited is an edit that has all that an operation can have: a session, a device, a proof, a limit.
func limited(change ...func(*noteSpec)) *noteSpec {
	return editing(append([]func(*noteSpec){func(sp *noteSpec) {
		sp.Limit, sp.Level, sp.Notify = policy.Limit{Times: perHour, Per: time.Hour}, policy.AAL2, true
	}}, change...)...)
}

// equipped is ada with a session and a device.
func (h *house) equipped() policy.Actor {
	h.T.Helper()
	h.session(policy.Session{Tenant: contoso, Account: "ada", ID: "s1", StartedAt: h.Clock.Now()})
	a := h.ada
	a.Session, a.Device = "s1", h.Device(h.ada, "laptop")
	return a
}

// saved is all that the store holds, byte for byte.
func (h *house) saved() string {
	h.T.Helper()
	var b bytes.Buffer
	require.NoError(h.T, h.DB.Save(&b))
	return b.String()
}

func TestAnEventSaysWhoDidWhatFromWhere(t *testing.T) {
	h := newHouse(t)
	actor := h.equipped()
	actor.Roles = []policy.Role{policy.GlobalReader, policy.SecurityReader}
	actor.Address = netip.MustParseAddr("fe80::1%<b>eth0</b>")
	now := h.Clock.Now()
	base := policy.Event{
		Tenant: contoso, Account: "ada", At: now, By: policy.Principal{Kind: policy.PersonPrincipal, ID: "ada"}, Roles: actor.Roles,
		Session: "s1", Device: "laptop", Address: netip.MustParseAddr("fe80::1"), // without the zone, which is anybody's text
		Action: editNote, Activity: "Edit note", Category: "Notes", Target: onNote("n1"), Outcome: policy.Succeeded, Count: 1, First: now, Revision: 1, Notify: true,
	}
	with := func(change func(*policy.Event)) policy.Event {
		e := base
		change(&e)
		return e
	}
	for name, c := range map[string]struct {
		change policy.Change
		want   []policy.Event
	}{
		"as the rule has it":  {policy.Change{Subject: "ada", Revision: 1}, []policy.Event{base}},
		"about the tenant":    {policy.Change{Revision: 1}, []policy.Event{with(func(e *policy.Event) { e.Account = "" })}},
		"about somebody else": {policy.Change{Subject: "bob", Revision: 1}, []policy.Event{with(func(e *policy.Event) { e.Account = "bob" })}},
		"in its own words": {policy.Change{Subject: "ada", Revision: 1, Activity: "Shred note", Target: policy.On("shred", "x"), Facts: []policy.Fact{{Name: "a", Value: "b"}}},
			[]policy.Event{with(func(e *policy.Event) {
				e.Activity, e.Target, e.Facts = "Shred note", policy.On("shred", "x"), []policy.Fact{{Name: "a", Value: "b"}}
			})}},
		"with further ones": {policy.Change{Subject: "ada", Revision: 1, Also: []policy.Change{
			{Subject: "bob", Activity: "Lose note", Also: []policy.Change{{Subject: "eve"}}}, {Subject: "ada", Target: onNote("n2")},
		}}, []policy.Event{base,
			with(func(e *policy.Event) { e.Account, e.Activity, e.Revision = "bob", "Lose note", 0 }),
			with(func(e *policy.Event) { e.Account, e.Revision = "eve", 0 }),
			with(func(e *policy.Event) { e.Target, e.Revision = onNote("n2"), 0 })}},
	} {
		t.Run(name, func(t *testing.T) {
			events := h.since(func() {
				_, err := policy.Do(ctx, h.guard, h.notes, actor, editing(func(sp *noteSpec) { sp.Notify = true }), onNote("n1"), "",
					func(notesTx, *policy.Op, note) (int, policy.Change, error) { return 0, c.change, nil })
				require.NoError(t, err)
			})
			sameEvents(t, c.want, events)
			for _, e := range events {
				require.Equal(t, events[0].Operation, e.Operation, "all events of an operation carry its id")
			}
		})
	}
}

func TestAQuietRuleLeavesOnlyNamedEvents(t *testing.T) {
	h := newHouse(t)
	quiet := editing(func(sp *noteSpec) { sp.Records = policy.NotedSuccess })
	activities := func(ch policy.Change) []string {
		var names []string
		for _, e := range h.since(func() {
			_, err := policy.Do(ctx, h.guard, h.notes, h.ada, quiet, onNote("n1"), "",
				func(notesTx, *policy.Op, note) (int, policy.Change, error) { return 0, ch, nil })
			if ch.Failed == nil {
				require.NoError(t, err)
			}
		}) {
			names = append(names, e.Activity)
		}
		return names
	}
	require.Empty(t, activities(policy.Change{Subject: "ada"}))
	require.Equal(t, []string{"Note burned"}, activities(policy.Change{Subject: "ada", Activity: "Note burned"}))
	require.Equal(t, []string{"Smoke seen"}, activities(policy.Change{Also: []policy.Change{{Activity: "Smoke seen"}, {}}}))
	require.Equal(t, []string{"Edit note"}, activities(policy.Change{Subject: "ada", Failed: wrongCode()}), "a failure is never quiet")
	refused(t, h.edit(policy.Actor{Tenant: contoso, Account: "bob"}, quiet, "n1", "new", ""), policy.CodeUnknownAccount)
	require.Len(t, h.since(func() { refused(t, h.edit(h.ada, quiet, "nowhere", "new", ""), policy.CodeNotFound) }), 1, "nor is a refusal")
}

func TestARuleThatRecordsNoSuccessLeavesNoEventWhateverTheChangeSays(t *testing.T) {
	h := newHouse(t)
	silent := editing(func(sp *noteSpec) { sp.Records = policy.NoSuccess })
	do := func(ch policy.Change) []policy.Event {
		return h.since(func() {
			_, err := policy.Do(ctx, h.guard, h.notes, h.ada, silent, onNote("n1"), "",
				func(notesTx, *policy.Op, note) (int, policy.Change, error) { return 0, ch, nil })
			require.Equal(t, ch.Failed != nil, err != nil)
		})
	}
	named := policy.Change{Subject: "ada", Activity: "Note burned"}
	require.Empty(t, do(named))
	require.Empty(t, do(policy.Change{Also: []policy.Change{named}}))
	require.Len(t, do(policy.Change{Subject: "ada", Failed: wrongCode()}), 1, "a failure is never silent")
	require.Len(t, h.since(func() { refused(t, h.edit(h.ada, silent, "nowhere", "new", ""), policy.CodeNotFound) }), 1, "nor is a refusal")
}

func wrongCode() *policy.Denied {
	return &policy.Denied{Decision: policy.Refusal(editNote, *policy.Forbidden("wrong-code", policy.NoRemedy, "That was not the code."), "")}
}

func TestAFailedChangeCommitsItsWritesAndRefuses(t *testing.T) {
	h := newHouse(t)
	events := h.since(func() {
		out, err := policy.Do(ctx, h.guard, h.notes, h.ada, limited(), onNote("n1"), "",
			func(tx notesTx, op *policy.Op, n note) (note, policy.Change, error) {
				n.Text = "one attempt spent"
				rev, err := tx.PutNote(contoso, n)
				return n, policy.Change{Subject: "ada", Revision: rev, Failed: wrongCode(), Also: []policy.Change{{Subject: "bob"}}}, err
			})
		refused(t, err, "wrong-code")
		require.Equal(t, note{}, out, "who is refused gets nothing")
	})
	require.Equal(t, "one attempt spent", h.text("n1"), "the attempt is spent")
	require.Len(t, events, 2, "its own event, and no refusal besides")
	for _, e := range events {
		require.Equal(t, policy.Failed, e.Outcome)
		require.Equal(t, policy.Code("wrong-code"), e.Reason)
		require.Equal(t, 1, e.Count)
	}
	require.Equal(t, []policy.AccountID{"ada", "bob"}, []policy.AccountID{events[0].Account, events[1].Account})
	require.NoError(t, h.edit(h.ada, limited(), "n1", "right", ""))
	refused(t, h.edit(h.ada, limited(), "n1", "third", ""), policy.CodeThrottled) // failures count against the limit
}

func TestARefusedChangeCommitsItsWritesAndSharesAnEvent(t *testing.T) {
	h := newHouse(t)
	again := func(text string) []policy.Event {
		return h.since(func() {
			_, err := policy.Do(ctx, h.guard, h.notes, h.ada, editing(), onNote("n1"), "",
				func(tx notesTx, op *policy.Op, n note) (int, policy.Change, error) {
					n.Text = text
					_, err := tx.PutNote(contoso, n)
					return 0, policy.Change{Subject: "ada", Refused: wrongCode()}, err
				})
			refused(t, err, "wrong-code")
		})
	}
	events := again("first")
	require.Len(t, events, 1)
	require.Equal(t, policy.Refused, events[0].Outcome)
	for range 5 {
		require.LessOrEqual(t, len(again("next")), 1)
	}
	require.Equal(t, "next", h.text("n1"))
	all := h.Events(contoso)
	require.Equal(t, 6, all[len(all)-1].Count, "they share one event")
	require.NoError(t, h.edit(h.ada, editing(), "n1", "right", ""))
}

func TestAnErrorAtAnyCallOfTheStoreLeavesEverythingAsItWas(t *testing.T) {
	h := newHouse(t)
	f := &faulty{Store: h.DB.Policy()}
	actor := h.equipped()
	h.over(f)
	edit := func() (note, error) {
		return policy.Do(ctx, h.guard, h.notes, actor, limited(), onNote("n1"), "",
			func(tx notesTx, op *policy.Op, n note) (note, policy.Change, error) {
				n, ch, err := write("beer")(tx, op, n)
				ch.Also = []policy.Change{{Subject: "bob"}}
				return n, ch, err
			})
	}
	before := h.saved()
	for k := 1; ; k++ {
		n := f.failing(k)
		out, err := edit()
		if *n < k {
			require.NoError(t, err)
			require.Equal(t, "beer", h.text("n1"))
			// Settings, Standing, Session, DeviceEnabled, Usage, PutUsage, two events, the commit.
			require.Greater(t, k, 9, "those and more were failed, one after the other")
			return
		}
		require.ErrorIs(t, err, errBroken, "call %d", k)
		require.ErrorContains(t, err, "notes.edit: ", "trouble says what was under way")
		require.Equal(t, note{}, out, "call %d", k)
		require.Equal(t, "milk", h.text("n1"), "call %d", k)
		require.Equal(t, before, h.saved(), "call %d", k)
	}
}

func TestTroubleNeverBecomesAYes(t *testing.T) {
	h := newHouse(t)
	f := &faulty{Store: h.DB.Policy()}
	actor := h.equipped()
	h.over(f)
	for k := 1; ; k++ {
		n := f.failing(k)
		can, err := policy.Can(ctx, h.guard, h.notes, actor, limited(), onNote("n1"))
		if *n < k {
			require.NoError(t, err)
			require.True(t, can.Allowed)
			require.Greater(t, k, 5, "Settings, Standing, Session, DeviceEnabled and Usage were failed")
			return
		}
		require.ErrorIs(t, err, errBroken)
		require.Equal(t, policy.Decision{Action: editNote}, can)

		f.failing(k)
		_, yes, err := policy.Ask(ctx, h.guard, h.notes, actor, limited(), onNote("n1"))
		require.ErrorIs(t, err, errBroken)
		require.Empty(t, yes)

		f.failing(k)
		seen, err := policy.Look(ctx, h.guard, h.notes, actor, limited(), onNote("n1"),
			func(_ notesTx, _ *policy.Op, n note) (note, error) { return n, nil })
		require.ErrorIs(t, err, errBroken)
		require.Equal(t, note{}, seen)
	}
}

func TestAFunctionThatRunsAgainHasOneEffect(t *testing.T) {
	once, again := newHouse(t), newHouse(t)
	f := &faulty{Store: again.DB.Policy(), runs: 3}
	actor := again.equipped()
	again.over(f)
	onceActor := once.equipped()
	run := func(h *house, a policy.Actor) []policy.Event {
		return h.since(func() {
			runs := make(map[string]int)
			_, err := policy.Do(ctx, h.guard, h.notes, a, limited(), onNote("n1"), "",
				func(tx notesTx, op *policy.Op, n note) (note, policy.Change, error) {
					runs[op.ID+op.Now.String()]++
					n.Text += "+"
					rev, err := tx.PutNote(contoso, n)
					return n, policy.Change{Subject: "ada", Revision: rev}, err
				})
			require.NoError(t, err)
			require.Len(t, runs, 1, "the id and the time are the same in each run")
		})
	}
	want, got := run(once, onceActor), run(again, actor)
	require.Len(t, got, 1)
	sameEvents(t, want, got)
	require.Equal(t, "milk+", again.text("n1"))
	// The use of the limit was counted once: one more fits, and then no more.
	require.NoError(t, again.edit(actor, limited(), "n1", "second", ""))
	refused(t, again.edit(actor, limited(), "n1", "third", ""), policy.CodeThrottled)
}

func TestARunSeesWhatTheOtherWriterDidMeanwhile(t *testing.T) {
	for code, meanwhile := range map[policy.Code]func(policy.AdminTx) error{
		policy.CodeThrottled: func(tx policy.AdminTx) error {
			u, err := tx.Usage(contoso, "ada", editNote)
			if err != nil {
				return err
			}
			u.Tenant, u.Account, u.Action, u.Times = contoso, "ada", editNote, append(u.Times, accounttest.NewClock().Now())
			_, err = tx.PutUsage(u)
			return err
		},
		policy.CodeAreaReadOnly: func(tx policy.AdminTx) error {
			s, err := tx.Settings(contoso)
			if err != nil {
				return err
			}
			_, err = tx.PutSettings(s.WithAccess(areaNotes, policy.ReadOnly))
			return err
		},
		policy.CodeAccountNotActive: func(tx policy.AdminTx) error {
			st, err := tx.Standing(contoso, "ada")
			if err != nil {
				return err
			}
			st.State = policy.Disabled
			_, err = tx.PutStanding(st)
			return err
		},
	} {
		h := newHouse(t)
		require.NoError(t, h.edit(h.ada, limited(), "n1", "first", ""))
		f := &faulty{Store: h.DB.Policy(), runs: 2}
		f.between = func() { require.NoError(t, h.DB.Policy().Update(ctx, meanwhile)) }
		h.over(f)
		refused(t, h.edit(h.ada, limited(), "n1", "second", ""), code)
		require.Equal(t, "first", h.text("n1"))
	}
}

func TestTheClockIsReadOncePerOperation(t *testing.T) {
	readings, ids := 0, 0
	h := newHouse(t)
	h.over(h.rows, policy.WithClock(func() time.Time {
		readings++
		return time.Date(2026, 1, 5, 10, 0, readings, 123456789, time.FixedZone("CET", 3600))
	}), policy.WithIDs(func() string { ids++; return fmt.Sprint("id-", ids) }))

	events := h.since(func() {
		require.NoError(t, h.edit(h.ada, limited(func(sp *noteSpec) { sp.Level = policy.AAL0 }), "n1", "new", ""))
	})
	require.Equal(t, 1, readings)
	require.Equal(t, 1, ids)
	require.Equal(t, "id-1", events[0].Operation)
	want := time.Date(2026, 1, 5, 9, 0, 1, 123456000, time.UTC)
	require.Equal(t, []time.Time{want, want}, []time.Time{events[0].At, events[0].First}, "in UTC and microseconds")

	refused(t, h.edit(h.ada, editing(), "nowhere", "new", ""), policy.CodeNotFound)
	require.Equal(t, 2, readings, "the record of a refusal is of the same moment")
	require.Equal(t, 2, ids)
	h.everyWay(t, h.ada)
	require.Equal(t, 4, ids, "only what leaves a record has an id: Prepare and Do")
}

func TestWithoutOptionsIdsAreRandomAndTheClockRuns(t *testing.T) {
	h := newHouse(t)
	g := policy.NewGuard()
	require.False(t, g.Now().IsZero())
	require.Equal(t, time.UTC, g.Now().Location())
	seen := make(map[string]bool)
	for range 3 {
		for _, e := range h.since(func() {
			_, err := policy.Do(ctx, g, h.notes, h.ada, editing(), onNote("n1"), "", write("new"))
			require.NoError(t, err)
		}) {
			require.GreaterOrEqual(t, len(e.Operation), 26, "at least 128 random bits")
			require.False(t, seen[e.Operation])
			seen[e.Operation] = true
		}
	}
}

func TestErrorsOfAChangeReachTheCallerAsTheyAre(t *testing.T) {
	h := newHouse(t)
	before := h.saved()
	fail := func(with error) error {
		out, err := policy.Do(ctx, h.guard, h.notes, h.ada, editing(), onNote("n1"), "",
			func(tx notesTx, op *policy.Op, n note) (note, policy.Change, error) {
				n, ch, err := write("half")(tx, op, n)
				require.NoError(t, err)
				return n, ch, with
			})
		require.Equal(t, note{}, out)
		require.Equal(t, "milk", h.text("n1"))
		require.Equal(t, before, h.saved(), "nothing of it is kept, its event included")
		return err
	}
	require.ErrorIs(t, fail(store.ErrConflict), store.ErrConflict)
	require.EqualError(t, fail(store.ErrConflict), "notes.edit: "+store.ErrConflict.Error())
	require.ErrorIs(t, fail(fmt.Errorf("row: %w", store.ErrNotFound)), store.ErrNotFound)
	require.EqualError(t, fail(errBroken), "notes.edit: the disk is on fire")
	bad := &policy.Invalid{Field: "text", Problem: "is empty"}
	require.Same(t, bad, fail(fmt.Errorf("wrapped: %w", bad)))
	invalid(t, fail(fmt.Errorf("page: %w", store.ErrCursor)), "page.after")
}

func TestARefusalThatOnlyTheInputBringsUpRollsBackAndIsRecorded(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.admin.SetContact(ctx, h.Host, "the help desk"))
	taken := policy.Forbidden("title-taken", policy.AskAdministrator, "This title is taken.")
	var err error
	events := h.since(func() {
		_, err = policy.Do(ctx, h.guard, h.notes, h.ada, limited(), onNote("n1"), "",
			func(tx notesTx, op *policy.Op, n note) (note, policy.Change, error) {
				n, ch, err := write("half")(tx, op, n)
				require.NoError(t, err)
				return n, ch, op.Refuse(taken)
			})
	})
	d := refused(t, err, "title-taken")
	require.Equal(t, editNote, d.Action)
	require.Equal(t, "This title is taken. Contact the help desk.", d.Message())
	require.Equal(t, "milk", h.text("n1"))
	require.Len(t, events, 1)
	require.Equal(t, policy.Refused, events[0].Outcome)
	for range 2 {
		require.NoError(t, h.edit(h.ada, limited(), "n1", "new", ""), "a refused use does not count against the limit")
	}
}

func TestACancelledContextChangesNothing(t *testing.T) {
	h := newHouse(t)
	before := h.saved()
	gone, cancel := context.WithCancel(ctx)
	_, err := policy.Do(gone, h.guard, h.notes, h.ada, editing(), onNote("n1"), "",
		func(tx notesTx, op *policy.Op, n note) (note, policy.Change, error) {
			cancel()
			return write("half")(tx, op, n)
		})
	require.ErrorIs(t, err, context.Canceled)
	_, err = policy.Do(gone, h.guard, h.notes, h.ada, editing(), onNote("n1"), "", write("late"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = policy.Can(gone, h.guard, h.notes, h.ada, editing(), onNote("n1"))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "milk", h.text("n1"))
	require.Equal(t, before, h.saved())
}

func TestAPanicInAChangeLocksNobodyOut(t *testing.T) {
	h := newHouse(t)
	before := h.saved()
	require.PanicsWithValue(t, "boom", func() {
		_, err := policy.Do(ctx, h.guard, h.notes, h.ada, editing(), onNote("n1"), "",
			func(tx notesTx, op *policy.Op, n note) (note, policy.Change, error) {
				_, _, err := write("half")(tx, op, n)
				require.NoError(t, err)
				panic("boom")
			})
		t.Error("Do returned", err)
	})
	require.Equal(t, before, h.saved())
	require.NoError(t, h.edit(h.ada, editing(), "n1", "new", ""))
}

func TestPrepareReadsByTheRuleOfTheChange(t *testing.T) {
	h := newHouse(t)
	read := func(sp *noteSpec, id string) (string, error) {
		return policy.Prepare(ctx, h.guard, h.notes, h.ada, sp, onNote(id),
			func(_ notesTx, _ *policy.Op, n note) (string, error) { return n.Text, nil })
	}
	before := h.saved()
	text, err := read(limited(), "n1")
	require.NoError(t, err)
	require.Equal(t, "milk", text)
	require.Equal(t, before, h.saved(), "reading ahead leaves no event and uses no limit")

	events := h.since(func() {
		text, err = read(editing(func(sp *noteSpec) { sp.Level = policy.AAL3 }), "n1")
		refused(t, err, policy.CodeStrongerProof)
		require.Empty(t, text)
	})
	require.Len(t, events, 1)
	require.Equal(t, policy.Refused, events[0].Outcome)
	require.Empty(t, cmp.Diff(onNote("n1"), events[0].Target))
}
