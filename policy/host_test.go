package policy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func TestAProvisionedAccountIsActiveAndOfItsKind(t *testing.T) {
	for kind, name := range map[policy.Kind]string{policy.Work: "work", policy.Personal: "personal", policy.Guest: "guest"} {
		namedAs(t, kind, name)
		h := newHouse(t)
		var st policy.Standing
		events := h.since(func() {
			require.NoError(t, h.hosts.Provision(ctx, h.Host, "bob", kind))
			var err error
			st, err = h.hosts.Account(ctx, h.Host, "bob")
			require.NoError(t, err)
		})
		require.Empty(t, cmp.Diff(policy.Standing{Tenant: contoso, Account: "bob", Kind: kind, State: policy.Active, Revision: st.Revision}, st))
		now := h.Clock.Now()
		sameEvents(t, []policy.Event{{Tenant: contoso, Account: "bob", At: now, By: h.Host.Principal(), Action: policy.Provision,
			Activity: "Add user", Category: "UserManagement", Target: policy.On("account", "bob"),
			Facts: []policy.Fact{{Name: "kind", Value: name}}, Outcome: policy.Succeeded, Count: 1, First: now, Revision: st.Revision}}, events)
	}
}

func TestAnAccountIdIsNeverUsedAgain(t *testing.T) {
	h := newHouse(t)
	taken := func() {
		t.Helper()
		before := h.saved()
		for _, kind := range []policy.Kind{policy.Work, policy.Personal} {
			d := refused(t, h.hosts.Provision(ctx, h.Host, "ada", kind), "account-exists")
			require.Equal(t, policy.ClassState, d.Reason().Class)
		}
		require.NotEqual(t, before, h.saved(), "the refusal is recorded")
	}
	taken()
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Disabled))
	taken()
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Closed))
	taken()
	st, err := h.hosts.Account(ctx, h.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, policy.Closed, st.State)

	require.NoError(t, h.hosts.Provision(ctx, h.Host, "Ada", policy.Work), "another id is another account")
	h.Tenant(fabrikam)
	require.NoError(t, h.hosts.Provision(ctx, policy.Host("setup", fabrikam), "ada", policy.Work), "as is the same id elsewhere")
}

func TestEachStateIsSetAndAudited(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		state          policy.State
		name, activity string
	}{
		{policy.Disabled, "disabled", "Disable account"}, {policy.Active, "active", "Enable account"}, {policy.Closed, "closed", "Delete user"},
	} {
		namedAs(t, c.state, c.name)
		var st policy.Standing
		events := h.since(func() {
			require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", c.state))
			var err error
			st, err = h.hosts.Account(ctx, h.Host, "ada")
			require.NoError(t, err)
		})
		require.Equal(t, c.state, st.State)
		now := h.Clock.Now()
		sameEvents(t, []policy.Event{{Tenant: contoso, Account: "ada", At: now, By: h.Host.Principal(), Action: policy.SetState,
			Activity: c.activity, Category: "UserManagement", Target: policy.On("account", "ada"),
			Facts: []policy.Fact{{Name: "state", Value: c.name}}, Outcome: policy.Succeeded, Count: 1, First: now, Revision: st.Revision, Notify: true}}, events)
	}
}

func TestClosingIsForGood(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Closed))
	for _, state := range []policy.State{policy.Active, policy.Disabled, policy.Closed} {
		d := refused(t, h.hosts.SetState(ctx, h.Host, "ada", state), policy.CodeAccountClosed)
		require.Equal(t, policy.ClassState, d.Reason().Class)
	}
	st, err := h.hosts.Account(ctx, h.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, policy.Closed, st.State)
	h.notAdmitted(t, h.SignIn(h.ada), policy.CodeAccountNotActive)
}

func TestWhoErasesLaterIsCalledWhenAnAccountIsClosedAndMayKeepThatFromHappening(t *testing.T) {
	h := newHouse(t)
	var told []policy.Standing
	var trouble error
	h.hosts = policy.NewHost(h.guard, h.rows, func(_ context.Context, _ policy.AdminTx, op *policy.Op, st policy.Standing) error {
		require.Equal(t, policy.On("account", "ada"), op.Target)
		told = append(told, st)
		return trouble
	})
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Disabled))
	require.Empty(t, told)
	trouble = errors.New("no room for that")
	before := h.saved()
	require.ErrorIs(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Closed), trouble)
	require.Equal(t, before, h.saved())
	trouble = nil
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Closed))
	require.Len(t, told, 2)
	require.Equal(t, policy.Disabled, told[1].State, "as it was before")
}

func TestWhoWasSignedInBeforeStaysSignedOut(t *testing.T) {
	h := newHouse(t)
	h.session(policy.Session{Tenant: contoso, Account: "ada", ID: "s1", StartedAt: h.Clock.Now()})
	withSession, byTime := h.ada, h.ada
	withSession.Session = "s1"
	h.admitted(t, withSession)
	h.admitted(t, byTime)

	h.Clock.Advance(time.Minute)
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Disabled))
	h.notAdmitted(t, withSession, policy.CodeAccountNotActive)
	h.Clock.Advance(time.Minute)
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Active))
	h.notAdmitted(t, withSession, policy.CodeSessionEnded)
	h.notAdmitted(t, byTime, policy.CodeSessionEnded)
	h.admitted(t, h.SignIn(h.ada))
	h.admitted(t, h.SignIn(byTime))

	st, err := h.hosts.Account(ctx, h.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, uint64(1), st.Epoch)
	h.session(policy.Session{Tenant: contoso, Account: "ada", ID: "s2", Epoch: st.Epoch, StartedAt: h.Clock.Now()})
	withSession.Session = "s2"
	h.admitted(t, withSession)
	// Enabling what is enabled ends nothing.
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Active))
	h.admitted(t, withSession)
}

func TestAClockThatWasSetBackRevivesNoSignIn(t *testing.T) {
	h := newHouse(t)
	h.Clock.Advance(time.Hour)
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Disabled))
	ended, err := h.hosts.Account(ctx, h.Host, "ada")
	require.NoError(t, err)
	h.Clock.Advance(-2 * time.Hour)
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Disabled))
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Active))
	again, err := h.hosts.Account(ctx, h.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, ended.SessionsValidFrom, again.SessionsValidFrom, "it never moves back")
	h.notAdmitted(t, h.ada, policy.CodeSessionEnded)
}

func TestMalformedAccountsAreRefusedByTheNameOfTheField(t *testing.T) {
	h := newHouse(t)
	before := h.saved()
	for _, id := range []policy.AccountID{"", "a\x00", "\xff"} {
		invalid(t, h.hosts.Provision(ctx, h.Host, id, policy.Work), "account")
		invalid(t, h.hosts.SetState(ctx, h.Host, id, policy.Active), "account")
		_, err := h.hosts.Account(ctx, h.Host, id)
		invalid(t, err, "account")
	}
	for _, kind := range []policy.Kind{0, policy.Work | policy.Guest, policy.AllKinds, 8} {
		invalid(t, h.hosts.Provision(ctx, h.Host, "bob", kind), "kind")
	}
	for _, state := range []policy.State{0, policy.Closed + 1} {
		invalid(t, h.hosts.SetState(ctx, h.Host, "ada", state), "state")
	}
	require.Equal(t, before, h.saved())
}

// hostCalls are the calls of the host's door about an account.
func (h *house) hostCalls(ctx context.Context, by policy.Actor, id policy.AccountID) map[string]error {
	out := map[string]error{
		"SetState": h.hosts.SetState(ctx, by, id, policy.Disabled),
	}
	_, out["Account"] = h.hosts.Account(ctx, by, id)
	return out
}

func TestTheHostsDoorIsForTheHostOfTheTenant(t *testing.T) {
	h := newHouse(t)
	h.Tenant(fabrikam)
	root := h.Admin("root", allRoles...)
	for _, by := range []policy.Actor{h.ada, root, policy.System("setup")} {
		for call, err := range h.hostCalls(ctx, by, "ada") {
			refused(t, err, policy.CodeNotPermitted, call)
		}
		refused(t, h.hosts.Provision(ctx, by, "bob", policy.Work), policy.CodeNotPermitted)
	}
	for call, err := range h.hostCalls(ctx, policy.Host("setup", fabrikam), "ada") {
		refused(t, err, policy.CodeNotFound, call)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	for call, err := range h.hostCalls(ctx, policy.Host("setup", "nowhere"), "ada") {
		refused(t, err, policy.CodeUnknownTenant, call)
	}
	h.admitted(t, h.ada)
}

func TestTheHostsDoorBelievesNoStoreThatGivesSomebodyElsesAccount(t *testing.T) {
	h := newHouse(t)
	for name, standing := range map[string]func(*policy.Standing){
		"of another tenant": func(st *policy.Standing) { st.Tenant = fabrikam },
		"of another person": func(st *policy.Standing) { st.Account = "bob" },
	} {
		h.lying(liar{standing: standing})
		for call, err := range h.hostCalls(ctx, h.Host, "ada") {
			refused(t, err, policy.CodeNotFound, "%s: %s", name, call)
		}
	}
	h.over(h.DB.Policy())
	h.admitted(t, h.ada) // and nothing was changed
}

// doorCalls are changes by way of this package's own doors, each with what it needs beforehand.
func (h *house) doorCalls() map[string]func() error {
	calls := map[string]func() error{
		"CreateTenant": func() error { return h.admin.CreateTenant(ctx, policy.System("setup"), "new") },
		"Provision":    func() error { return h.hosts.Provision(ctx, h.Host, "bob", policy.Work) },
		"SetState":     func() error { return h.hosts.SetState(ctx, h.Host, "ada", policy.Disabled) },
		"Follow":       func() error { _, err := h.log.Follow(ctx, h.Host, "new", 10); return err },
		"Ack":          func() error { return h.log.Ack(ctx, h.Host, "mail", h.given("mail")) },
		"Unfollow":     func() error { return h.log.Unfollow(ctx, h.Host, "mail") },
		"Purge":        func() error { _, err := h.log.Purge(ctx, h.Host); return err },
	}
	for name, c := range settingChanges() {
		calls[name] = func() error { return c.do(ctx, h.admin, h.Host) }
	}
	return calls
}

// given is the cursor that a follower was given last.
func (h *house) given(name string) (c store.Cursor) {
	h.T.Helper()
	require.NoError(h.T, h.DB.Policy().View(ctx, func(tx policy.AdminTx) error {
		f, err := tx.Follower(contoso, name)
		c = f.Given
		return err
	}))
	return c
}

func TestNoDoorLeavesHalfOfAChange(t *testing.T) {
	world := newHouse(t)
	list, err := world.log.Follow(ctx, world.Host, "mail", 1000)
	require.NoError(t, err)
	require.NoError(t, world.log.Ack(ctx, world.Host, "mail", list.Next))
	require.NoError(t, world.edit(world.ada, editing(), "n1", "news", ""))
	world.follow("mail", 1000) // what is not acknowledged yet
	world.Clock.Advance(60 * 24 * time.Hour)
	for name := range world.doorCalls() {
		t.Run(name, func(t *testing.T) {
			h := *world
			h.World = world.Fork(t)
			f := &faulty{Store: h.DB.Policy()}
			h.over(f)
			before := h.saved()
			for k := 1; ; k++ {
				n := f.failing(k)
				err := h.doorCalls()[name]()
				if *n < k {
					require.NoError(t, err)
					require.Greater(t, k, 2)
					require.NotEqual(t, before, h.saved())
					return
				}
				require.ErrorIs(t, err, errBroken, "call %d", k)
				require.Equal(t, before, h.saved(), "call %d", k)
			}
		})
	}
}

func TestAnAccountThatIsBeingClosedIsReopenedFirst(t *testing.T) {
	h := newHouse(t)
	h.standing(func(st *policy.Standing) { st.State = policy.Closing })
	for _, to := range []policy.State{policy.Active, policy.Disabled, policy.Closed} {
		refused(t, h.hosts.SetState(ctx, h.Host, "ada", to), policy.CodeAccountClosing)
	}
	h.standing(func(st *policy.Standing) { st.State = policy.Active })
	invalid(t, h.hosts.SetState(ctx, h.Host, "ada", policy.Closing), "state")
}

func TestAChangedPasswordVoidsWhatWasBeforeAndKeepsTheOneSession(t *testing.T) {
	h := newHouse(t)
	now := h.Clock.Now()
	for _, id := range []policy.SessionID{"kept", "other"} {
		h.session(policy.Session{Tenant: contoso, Account: "ada", ID: id, StartedAt: now, AuthenticatedAt: now, SeenAt: now, Level: policy.AAL2})
	}
	before, err := h.hosts.Account(ctx, h.Host, "ada")
	require.NoError(t, err)
	h.Clock.Advance(time.Second)
	invalid(t, h.hosts.PasswordChanged(ctx, h.Host, "ada", "a\x00b"), "keep")
	require.NoError(t, h.hosts.PasswordChanged(ctx, h.Host, "ada", "kept"))
	after, err := h.hosts.Account(ctx, h.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, before.Credentials+1, after.Credentials)
	require.Equal(t, before.Epoch+1, after.Epoch)
	there := func(id policy.SessionID) policy.Actor { a := h.ada; a.Session = id; return a }
	require.NoError(t, h.edit(there("kept"), editing(), "n1", "still here", ""))
	refused(t, h.edit(there("other"), editing(), "n1", "gone", ""), policy.CodeSessionEnded)
	refused(t, h.edit(h.ada, editing(), "n1", "gone", ""), policy.CodeSessionEnded)
	require.NoError(t, h.hosts.PasswordChanged(ctx, h.Host, "ada", "none"), "nothing to keep is no reason to leave the rest")
	refused(t, h.edit(there("kept"), editing(), "n1", "gone too", ""), policy.CodeSessionEnded)
}

func TestARoomsOwnLimitRefusesAsALimitDoes(t *testing.T) {
	until := time.Date(2026, 1, 5, 9, 1, 0, 0, time.UTC)
	r := policy.Throttled(until)
	require.Equal(t, policy.CodeThrottled, r.Code)
	require.Equal(t, policy.ClassThrottled, r.Class)
	require.Equal(t, policy.WaitUntil, r.Remedy)
	require.Equal(t, until, r.Until)
	require.Contains(t, r.Message(), "2026-01-05T09:01:00Z")
	require.Equal(t, time.Minute, policy.Throttled(until.Add(time.Minute)).Until.Sub(until), "each is one of its own")
}
