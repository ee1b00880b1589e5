package policy_test

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// strict is an edit that ada's proofs never suffice for.
func strict(sp *noteSpec) { sp.Level = policy.AAL3 }

func TestARefusalIsRecordedAmongTheActorsOwnEvents(t *testing.T) {
	h := newHouse(t)
	actor := h.equipped()
	actor.Roles, actor.Address = []policy.Role{policy.GlobalReader}, netip.MustParseAddr("192.0.2.1")
	now := h.Clock.Now()
	events := h.since(func() {
		refused(t, h.edit(actor, editing(strict, func(sp *noteSpec) { sp.Notify = true }), "n1", "new", ""), policy.CodeStrongerProof)
	})
	sameEvents(t, []policy.Event{{
		Tenant: contoso, Account: "ada", At: now, By: policy.Principal{Kind: policy.PersonPrincipal, ID: "ada"}, Roles: actor.Roles,
		Session: "s1", Device: "laptop", Address: actor.Address, Action: editNote, Activity: "Edit note", Category: "Notes",
		Target: onNote("n1"), Outcome: policy.Refused, Reason: policy.CodeStrongerProof, Count: 1, First: now,
	}}, events)

	events = h.since(func() { refused(t, h.edit(h.Host, editing(), "n1", "new", ""), policy.CodeNotPermitted) })
	require.Len(t, events, 1)
	require.Empty(t, events[0].Account, "a host's refusal is the tenant's")
	require.Equal(t, h.Host.Principal(), events[0].By)

	stranger := policy.Actor{Tenant: contoso, Account: "mallory"}
	events = h.since(func() { refused(t, h.edit(stranger, editing(), "n1", "new", ""), policy.CodeUnknownAccount) })
	require.Len(t, events, 1)
	require.Empty(t, events[0].Account, "there is no such account whose history it could stand in")
	require.Equal(t, "mallory", events[0].By.ID, "an auditor sees who knocked")
}

func TestHangingUpEvadesNoRecord(t *testing.T) {
	h := newHouse(t)
	gone, cancel := context.WithCancel(ctx)
	sp := editing(func(sp *noteSpec) {
		sp.Forbids = func(*policy.Op, note) *policy.Reason {
			cancel()
			return policy.Forbidden(codeDone, policy.NoRemedy, "The note is done.")
		}
	})
	events := h.since(func() {
		_, err := policy.Do(gone, h.guard, h.notes, h.ada, sp, onNote("n1"), "", write("new"))
		refused(t, err, codeDone)
	})
	require.Len(t, events, 1)
	require.Equal(t, codeDone, events[0].Reason)
}

func TestARefusalThatCannotBeRecordedIsStillARefusal(t *testing.T) {
	h := newHouse(t)
	f := &faulty{Store: h.DB.Policy()}
	f.failingAt("CountRefusal")
	h.over(f)
	err := h.edit(h.ada, editing(strict), "n1", "new", "")
	refused(t, err, policy.CodeStrongerProof)
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "could not be recorded")
	require.Equal(t, "milk", h.text("n1"))
}

func TestARecordOfARefusalIsCountedOnceHoweverOftenItIsTried(t *testing.T) {
	h := newHouse(t)
	h.over(&faulty{Store: h.DB.Policy(), runs: 3})
	events := h.since(func() { refused(t, h.edit(h.ada, editing(strict), "n1", "new", ""), policy.CodeStrongerProof) })
	require.Len(t, events, 1)
	require.Equal(t, 1, events[0].Count)
}

func TestAlikeRefusalsOfAnHourAreOneEvent(t *testing.T) {
	h := newHouse(t)
	first := h.Clock.Now()
	be := func() { refused(t, h.edit(h.ada, editing(strict), "n1", "new", ""), policy.CodeStrongerProof) }
	events := h.since(func() {
		for range 5 {
			be()
			h.Clock.Advance(15 * time.Minute)
		}
	})
	require.Len(t, events, 1)
	require.Equal(t, 5, events[0].Count)
	require.Equal(t, first, events[0].First)
	require.Equal(t, first.Add(time.Hour), events[0].At, "an hour after the first is still its hour")

	// The hour counts from the first refusal and not from the last, else a patient guesser would stay one event.
	events = h.since(func() {
		be()
		be()
	})
	require.Len(t, events, 1)
	require.Equal(t, 2, events[0].Count)
	require.Equal(t, first.Add(75*time.Minute), events[0].First)
	require.Len(t, onlyRefusals(h.Events(contoso)), 2)

	h.Clock.Advance(time.Hour + time.Microsecond)
	be()
	require.Len(t, onlyRefusals(h.Events(contoso)), 3, "a microsecond past its hour begins another")
}

func TestARefusalInTheOperationsOwnCommitIsRecordedAsAnyOther(t *testing.T) {
	h := newHouse(t)
	later := func(tx notesTx, op *policy.Op, _ note) (string, policy.Change, error) {
		return "handed out", policy.Change{Subject: "ada", Notify: true, Refused: op.Deny(policy.Forbidden(codeDone, policy.NoRemedy, "The note is done."))}, nil
	}
	f := &faulty{Store: h.DB.Policy()}
	h.over(f)
	events := h.since(func() {
		for range 3 {
			out, err := policy.Do(ctx, h.guard, h.notes, h.ada, editing(func(sp *noteSpec) { sp.Limit = policy.Limit{Times: perHour, Per: time.Hour} }), onNote("n1"), "", later)
			refused(t, err, codeDone)
			require.Empty(t, out)
		}
	})
	require.Len(t, events, 1)
	require.Equal(t, []any{policy.Refused, codeDone, 3, policy.AccountID("ada"), false}, []any{events[0].Outcome, events[0].Reason, events[0].Count, events[0].Account, events[0].Notify})
	f.failingAt("CountRefusal")
	_, err := policy.Do(ctx, h.guard, h.notes, h.ada, editing(), onNote("n1"), "", later)
	require.ErrorIs(t, err, errBroken)
	require.False(t, errors.As(err, new(*policy.Denied)), "what was not committed was not refused")
}

func onlyRefusals(events []policy.Event) []policy.Event {
	var out []policy.Event
	for _, e := range events {
		if e.Outcome == policy.Refused {
			out = append(out, e)
		}
	}
	return out
}

func TestRefusalsThatDifferAreEventsOfTheirOwn(t *testing.T) {
	h := newHouse(t)
	bob := h.Person("bob", policy.Work)
	everybodys := func(sp *noteSpec) {
		sp.Load = func(tx notesTx, op *policy.Op, t policy.Target) (note, error) { return tx.Note(op.Actor.Tenant, t.ID) }
	}
	sp := editing(strict, everybodys)
	ways := []func() error{
		func() error { return h.edit(h.ada, sp, "n1", "new", "") },
		func() error { return h.edit(h.ada, sp, "n2", "new", "") },
		func() error { return h.edit(bob, sp, "n1", "new", "") },
		func() error { return h.edit(h.Host, sp, "n1", "new", "") },
		func() error { return h.edit(policy.Host("ada", contoso), sp, "n1", "new", "") },
		func() error {
			return h.edit(h.ada, editing(strict, everybodys, func(sp *noteSpec) { sp.Action = "notes.burn" }), "n1", "new", "")
		},
		func() error {
			return h.edit(h.ada, editing(everybodys, func(sp *noteSpec) { sp.Kinds = policy.Guest }), "n1", "new", "")
		},
		func() error {
			_, err := policy.Do(ctx, h.guard, h.notes, h.ada, editing(strict, func(sp *noteSpec) {
				sp.Load = func(notesTx, *policy.Op, policy.Target) (note, error) { return note{}, nil }
			}), policy.On("page", "n1"), "", write("new"))
			return err
		},
	}
	events := h.since(func() {
		for range 3 {
			for i, way := range ways {
				var d *policy.Denied
				require.ErrorAs(t, way(), &d, "way %d", i)
			}
		}
	})
	require.Len(t, events, len(ways))
	for _, e := range events {
		require.Equal(t, 3, e.Count)
	}
}

func TestGuessingIdsFillsNoLog(t *testing.T) {
	h := newHouse(t)
	events := h.since(func() {
		for i := range 50 {
			refused(t, h.edit(h.ada, editing(), "guess-"+strconv.Itoa(i), "new", ""), policy.CodeNotFound)
		}
	})
	require.Len(t, events, 1)
	require.Equal(t, 50, events[0].Count)
	require.Equal(t, onNote("guess-49"), events[0].Target, "the last one that was tried")

	events = h.since(func() {
		for i := range 50 {
			mallory := policy.Actor{Tenant: contoso, Account: policy.AccountID("mallory-" + strconv.Itoa(i))}
			refused(t, h.edit(mallory, editing(), "guess-"+strconv.Itoa(i), "new", ""), policy.CodeUnknownAccount)
		}
	})
	require.Len(t, events, 1, "nor does guessing accounts")
	require.Equal(t, 50, events[0].Count)
}

func TestWhoIsNotAdmittedIsCountedWhateverTheyAskFor(t *testing.T) {
	h := newHouse(t)
	h.Disable(h.ada, h.Device(h.ada, "lost"))
	with := func(change func(*policy.Actor)) policy.Actor {
		a := h.ada
		change(&a)
		return a
	}
	events := h.since(func() {
		for code, a := range map[policy.Code]policy.Actor{
			policy.CodeUnknownDevice:  with(func(a *policy.Actor) { a.Device = "made-up" }),
			policy.CodeDeviceDisabled: with(func(a *policy.Actor) { a.Device = "lost" }),
			policy.CodeSessionEnded:   with(func(a *policy.Actor) { a.Session = "made-up" }),
			policy.CodeNotPermitted:   h.Host,
		} {
			for i := range 3 {
				refused(t, h.edit(a, editing(), "n"+strconv.Itoa(i), "new", ""), code)
			}
		}
		h.standing(func(st *policy.Standing) { st.State = policy.Disabled })
		for i := range 3 {
			refused(t, h.edit(h.ada, editing(), "n"+strconv.Itoa(i), "new", ""), policy.CodeAccountNotActive)
		}
	})
	require.Len(t, events, 5)
	for _, e := range events {
		require.Equal(t, 3, e.Count, e.Reason)
	}
}

func TestSomebodyElsesThingAndAMissingOneAreTheSame(t *testing.T) {
	h := newHouse(t)
	h.put(contoso, note{ID: "bobs", Owner: "bob"})
	theirs, missing := h.edit(h.ada, editing(), "bobs", "new", ""), h.edit(h.ada, editing(), "missing", "new", "")
	require.Equal(t, theirs, missing, "word for word")
	require.ErrorIs(t, theirs, store.ErrNotFound)
}

func TestAskingAndOrdinaryReadsRecordNothing(t *testing.T) {
	h := newHouse(t)
	before := h.saved()
	for _, sp := range []*noteSpec{editing(), editing(strict), overwriting()} {
		for _, id := range []string{"n1", "nowhere"} {
			_, err := policy.Can(ctx, h.guard, h.notes, h.ada, sp, onNote(id))
			require.NoError(t, err)
			_, _, askErr := policy.Ask(ctx, h.guard, h.notes, h.ada, sp, onNote(id))
			_, lookErr := policy.Look(ctx, h.guard, h.notes, h.ada, sp, onNote(id),
				func(notesTx, *policy.Op, note) (int, error) { return 0, nil })
			require.Equal(t, askErr == nil, lookErr == nil)
		}
	}
	require.Equal(t, before, h.saved())
}

func TestWhoHasNoLogIsRefusedWithoutARecord(t *testing.T) {
	h := newHouse(t)
	before := h.saved()
	for code, actors := range map[policy.Code][]policy.Actor{
		policy.CodeNoActor:       {{}, {Tenant: contoso}, {Account: "ada"}, policy.Host("mdm", "")},
		policy.CodeUnknownTenant: {{Tenant: "nowhere", Account: "ada"}, policy.Host("mdm", "nowhere")},
		policy.CodeNotPermitted:  {policy.System("setup")},
	} {
		for _, a := range actors {
			err := h.edit(a, editing(), "n1", "new", "")
			refused(t, err, code)
			require.NotContains(t, err.Error(), "recorded")
		}
	}
	require.Equal(t, before, h.saved())
}

func TestGuessingMakesOneEventHoweverManyTargetsAndAccountsAreTried(t *testing.T) {
	h := newHouse(t)
	reader := h.Admin("reader", policy.GlobalReader)
	roles := editing(func(sp *noteSpec) { sp.By, sp.Roles = policy.ByRole, []policy.Role{policy.GlobalAdministrator} })
	require.NoError(t, h.hosts.Provision(ctx, h.Host, "gone", policy.Work))
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "gone", policy.Disabled))
	events := h.since(func() {
		for i := range 50 {
			id := "guess-" + strconv.Itoa(i)
			refused(t, h.edit(reader, roles, id, "new", ""), policy.CodeNotPermitted)
			refused(t, h.edit(policy.Actor{Tenant: contoso, Account: "gone"}, editing(), id, "new", ""), policy.CodeAccountNotActive)
			refused(t, h.edit(policy.Actor{Tenant: contoso, Account: policy.AccountID(id)}, editing(), "n1", "new", ""), policy.CodeUnknownAccount)
			refused(t, h.edit(h.ada, editing(), id, "new", ""), policy.CodeNotFound)
		}
	})
	require.Len(t, events, 4, "one for each kind of refusal")
	for _, e := range events {
		require.Equal(t, 50, e.Count)
	}
}
