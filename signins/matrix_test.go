package signins_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// The authorization matrix: every exported operation of the three doors, by every kind of actor, in every state,
// against the table of rules.

// cast is one actor of the matrix.
type cast struct {
	name string
	somebody
	actor policy.Actor
}

// theatre is the world of the matrix, in the first condition, and who plays in it.
type theatre struct {
	*accounttest.World
	actors []cast
	others map[policy.AccountID]signins.Started // the session of each owner that is not the present one
}

// owners have sessions and attempts of their own; administrators and hosts act on the first.
var owners = []policy.AccountID{"ada", "pat", "gus"}

func newTheatre(t testing.TB) *theatre {
	w := accounttest.New(t)
	w.Tenant(elsewhere)
	th := &theatre{World: w, others: make(map[policy.AccountID]signins.Started)}
	here := make(map[policy.AccountID]policy.Actor)
	sessionless := w.Person("ada", policy.Work)
	for id, a := range map[policy.AccountID]policy.Actor{"ada": sessionless, "pat": w.Person("pat", policy.Personal), "gus": w.Person("gus", policy.Guest)} {
		w.SignedIn(a, func(r *signins.Record) { r.ID = usual })
		th.others[id], here[id] = w.Session(a), w.Session(a).Actor
	}
	w.Clock.Advance(8 * time.Minute) // a touch is due, and the odd attempts come behind the usual ones
	for id, a := range here {
		far := func(r *signins.Record) {
			r.ID, r.Place, r.Session = odd, accounttest.NewYork, th.others[id].Actor.Session
		}
		w.SignedIn(a, far)
		w.SignedIn(a, far, func(r *signins.Record) { r.ID, r.Session = present, a.Session })
		require.NotZero(t, a.Session)
	}
	ended := w.Session(sessionless)
	require.NoError(t, w.App.SignIns.End(t.Context(), here["ada"], ended.Actor.Session))
	bob, root := w.Session(w.Person("bob", policy.Work)).Actor, w.Session(w.Person("root", policy.Work)).Actor
	dora, far := w.Session(w.Person("dora", policy.Work)).Actor, w.Session(w.PersonIn(elsewhere, "ada", policy.Work)).Actor
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "dora", policy.Disabled))
	cleo := w.Person("cleo", policy.Work)
	w.Disable(cleo, w.Device(cleo, "lost"))

	at := func(a policy.Actor, edit func(*policy.Actor)) policy.Actor { edit(&a); return a }
	as := func(a policy.Actor, roles ...policy.Role) policy.Actor {
		return at(a, func(a *policy.Actor) { a.Roles = roles })
	}
	session := func(id policy.SessionID) policy.Actor {
		return at(here["ada"], func(a *policy.Actor) { a.Session = id })
	}
	shows := func(a policy.Actor, age time.Duration, factors ...policy.Factor) policy.Actor {
		return at(a, func(a *policy.Actor) { a.Proofs = proven(w.Clock.Now().Add(-age), factors...) })
	}
	barred := func(c policy.Code) somebody { return somebody{Barred: c} }
	ownerBarred := func(c policy.Code) somebody { return somebody{Barred: c, Owns: true} }
	owner := func(kind policy.Kind) somebody { return somebody{Kind: kind, Owns: true, Level: policy.AAL2} }
	worker := somebody{Kind: policy.Work, Level: policy.AAL2}
	with := func(s somebody, edit func(*somebody)) somebody { edit(&s); return s }
	th.actors = []cast{
		{"nobody", with(barred(policy.CodeNoActor), func(s *somebody) { s.Sessionless = true }), policy.Actor{}},
		{"a tenant without an account", barred(policy.CodeNoActor), policy.Actor{Tenant: accounttest.Tenant, Session: "made-up"}},
		{"an unknown tenant", barred(policy.CodeUnknownTenant), at(here["ada"], func(a *policy.Actor) { a.Tenant = "nowhere" })},
		{"an unknown account", barred(policy.CodeUnknownAccount), at(here["ada"], func(a *policy.Actor) { a.Account = "nemo" })},
		{"a disabled account", barred(policy.CodeAccountNotActive), dora},
		{"a disabled administrator", barred(policy.CodeAccountNotActive), as(dora, policy.GlobalAdministrator)},
		{"an ended session", ownerBarred(policy.CodeSessionEnded), session(ended.Actor.Session)},
		{"an unknown session", ownerBarred(policy.CodeSessionEnded), session("made-up")},
		{"a session of somebody else", ownerBarred(policy.CodeSessionEnded), session(bob.Session)},
		{"on a disabled device", ownerBarred(policy.CodeDeviceDisabled), here["ada"].On("lost")},
		{"on an unknown device", ownerBarred(policy.CodeUnknownDevice), here["ada"].On("made-up")},
		{"the owner", owner(policy.Work), here["ada"]},
		{"the owner with stale proofs", with(owner(policy.Work), func(s *somebody) { s.Stale = true }),
			shows(here["ada"], 16*time.Minute, policy.FactorPassword, policy.FactorOTP)},
		{"the owner with a password alone", with(owner(policy.Work), func(s *somebody) { s.Level = policy.AAL1 }),
			shows(here["ada"], 0, policy.FactorPassword)},
		{"the owner in recovery", with(owner(policy.Work), func(s *somebody) { s.Level = policy.AAL0 }),
			shows(here["ada"], 0, policy.FactorRecovery)},
		{"the owner without proofs", with(owner(policy.Work), func(s *somebody) { s.Level = policy.AAL0 }), shows(here["ada"], 0)},
		{"a personal account", owner(policy.Personal), here["pat"]},
		{"a guest", owner(policy.Guest), here["gus"]},
		{"a colleague", worker, bob},
		{"the same account in an empty tenant", with(worker, func(s *somebody) { s.Elsewhere = true }), far},
		{"an administrator of another tenant", with(worker, func(s *somebody) { s.Elsewhere, s.Roles = true, []policy.Role{policy.GlobalAdministrator} }),
			as(far, policy.GlobalAdministrator)},
		{"a guest with a role", with(owner(policy.Guest), func(s *somebody) { s.Roles = []policy.Role{policy.UserAdministrator} }),
			as(here["gus"], policy.UserAdministrator)},
		{"an administrator with nothing proven", with(worker, func(s *somebody) { s.Level, s.Roles = policy.AAL0, []policy.Role{policy.GlobalAdministrator} }),
			shows(as(root, policy.GlobalAdministrator), 0)},
		{"the host", somebody{Sort: testkit.Host, Sessionless: true}, w.Host},
		{"the host of another tenant", somebody{Sort: testkit.Host, Sessionless: true, Elsewhere: true}, policy.Host("test-host", elsewhere)},
		{"the host of an unknown tenant", somebody{Sort: testkit.Host, Sessionless: true, Barred: policy.CodeUnknownTenant}, policy.Host("test-host", "nowhere")},
		{"the system", somebody{Sort: testkit.System, Sessionless: true}, policy.System("setup")},
	}
	for _, role := range []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.CloudDeviceAdministrator, policy.IntuneAdministrator,
		policy.HelpdeskAdministrator, policy.SecurityAdministrator, policy.SecurityReader, policy.PrivilegedRoleAdministrator, policy.LicenseAdministrator,
		policy.UserAdministrator, policy.AuthenticationAdministrator, policy.PrivilegedAuthenticationAdministrator, "Made-up Administrator"} {
		th.actors = append(th.actors, cast{"the " + string(role), with(worker, func(s *somebody) { s.Roles = []policy.Role{role} }), as(root, role)})
	}
	return th
}

// conditions are all states, and how the world gets into each.
var conditions = []struct {
	condition
	reach func(t testing.TB, th *theatre)
}{
	{condition{name: "open"}, func(testing.TB, *theatre) {}},
	locked(signins.AreaSessions, policy.ReadOnly), locked(signins.AreaSessions, policy.Off),
	locked(signins.AreaActivity, policy.ReadOnly), locked(signins.AreaActivity, policy.Off),
	demanded(signins.AreaSessions), demanded(signins.AreaActivity), demanded(signins.AreaHistory), demanded(signins.AreaRisk),
	{condition{name: "turned off", Tenant: testkit.Tenant{TurnedOff: true}}, func(t testing.TB, th *theatre) {
		require.NoError(t, th.App.Admin.Policy.TurnOn(t.Context(), th.Host, false))
	}},
	{condition{name: "a new password demanded", Tenant: testkit.Tenant{Demanded: true}}, func(t testing.TB, th *theatre) {
		for _, id := range append([]policy.AccountID{"bob", "root"}, owners...) {
			testkit.EditStanding(t, th.DB, accounttest.Tenant, id, func(st *policy.Standing) { st.MustChangePassword = true })
		}
	}},
	{condition{name: "the other session over", over: true}, func(t testing.TB, th *theatre) {
		for id, s := range th.others {
			require.NoError(t, th.App.Admin.SignIns.End(t.Context(), th.Host, id, s.Actor.Session))
		}
	}},
	{condition{name: "answered", answered: true}, func(t testing.TB, th *theatre) {
		for _, id := range owners {
			editAttempt(t, th.World, id, odd, func(s *signins.SignIn) { s.Answer, s.AnsweredAt = signins.ThisWasNotMe, th.Clock.Now() })
		}
	}},
	{condition{name: "the accounts disabled", subjectOff: true}, func(t testing.TB, th *theatre) {
		for _, id := range owners {
			require.NoError(t, th.App.Host.Accounts.SetState(t.Context(), th.Host, id, policy.Disabled))
		}
	}},
}

type reached = struct {
	condition
	reach func(t testing.TB, th *theatre)
}

func locked(area policy.Area, to policy.Access) reached {
	return reached{condition{name: string(area) + " " + to.String(), Tenant: testkit.Tenant{Access: map[policy.Area]policy.Access{area: to}}}, func(t testing.TB, th *theatre) {
		require.NoError(t, th.App.Admin.Policy.SetAccess(t.Context(), th.Host, area, to))
	}}
}

func demanded(area policy.Area) reached {
	return reached{condition{name: string(area) + " unlicensed", Tenant: testkit.Tenant{Unlicensed: area}}, func(t testing.TB, th *theatre) {
		require.NoError(t, th.App.Admin.Policy.Require(t.Context(), th.Host, area, "P1"))
	}}
}

// editAttempt changes a stored attempt behind the room's back.
func editAttempt(t testing.TB, w *accounttest.World, account policy.AccountID, id signins.ID, edit func(*signins.SignIn)) {
	t.Helper()
	require.NoError(t, w.DB.SignIns().Update(t.Context(), func(tx signins.Tx) error {
		s, err := tx.SignIn(accounttest.Tenant, account, id)
		if err != nil {
			return err
		}
		edit(&s)
		_, err = tx.PutSignIn(s)
		return err
	}))
}

func TestEveryExportedOperationHasARowInTheMatrix(t *testing.T) {
	rows, actions := make(map[string]bool), make(map[policy.Action]bool)
	for _, o := range operations {
		rows[o.door+"."+o.method], actions[o.action] = true, true
	}
	for _, door := range []any{&signins.Service{}, &signins.Admin{}, &signins.Host{}} {
		of := reflect.TypeOf(door)
		for i := range of.NumMethod() {
			name := of.Elem().Name() + "." + of.Method(i).Name
			require.True(t, rows[name], "%s is exported and not in the matrix: say there who may do it", name)
			delete(rows, name)
		}
	}
	require.Empty(t, rows, "rows of operations that are none")
	for _, r := range signins.Rules() {
		require.True(t, actions[r.Action], "no row of the matrix goes by the rule of %s", r.Action)
	}
}

func TestWhoMayDoWhatInWhichState(t *testing.T) {
	base := newTheatre(t)
	for _, c := range conditions {
		in := *base
		in.World = base.Fork(t)
		c.reach(t, &in)
		before := rows(t, in.DB)
		for _, o := range operations {
			t.Run(strings.ReplaceAll(c.name+"/"+o.String(), " ", "-"), func(t *testing.T) {
				rule, refusing := ruleOf(t, o.action), in.Fork(t) // who is refused or only looks changes nothing
				for _, a := range in.actors {
					want, on := expect(o, rule, a.somebody, c.condition), refusing
					if o.changes && want == done {
						on = in.Fork(t)
					}
					in.play(t, on, o, rule, a, want)
				}
				requireSame(t, before, rows(t, refusing.DB), "%s: refused, and yet something changed", o)
			})
		}
	}
}

// play makes the call that an actor of the cast makes in a world, and wants it to come out as the oracle says, and
// to leave the events that it must: none for a look, one for a refusal, and of a success those that say so.
func (th *theatre) play(t *testing.T, w *accounttest.World, o operation, rule policy.Rule, a cast, want outcome) {
	t.Helper()
	subject := policy.AccountID("ada")
	if a.Owns {
		subject = a.actor.Account
	}
	c := &cell{t: t, actor: a.actor, subject: subject, other: th.others[subject], proof: otp(w),
		Room:   signins.Room{Service: w.App.SignIns, Admin: w.App.Admin.SignIns, Host: w.App.Host.SignIns},
		record: signins.Record{ID: "fresh", Account: subject, At: w.Clock.Now()}}
	log, farLog := accounttest.Tenant, elsewhere
	if a.Elsewhere {
		log, farLog = farLog, log
	}
	far, near := happened(w, farLog), happened(w, log)
	seen, err := o.call(c)
	came := outcome(codeOf(err))
	if came == "" {
		came = done
		if seen == 0 {
			came = emptyDone
		}
	}
	require.Equal(t, want, came, "%s by %s: %v", o, a.name, err)
	require.Equal(t, far, happened(w, farLog), "%s by %s left its event in another tenant", o, a.name)
	left := happened(w, log) - near
	switch {
	case !o.changes, came == malformed, err != nil && (o.unrecorded || a.Sort == testkit.System || a.Barred == policy.CodeNoActor || a.Barred == policy.CodeUnknownTenant):
		require.Zero(t, left, "%s by %s", o, a.name)
	case err != nil:
		require.Equal(t, 1, left, "%s by %s: a refusal is recorded", o, a.name)
		require.True(t, slices.ContainsFunc(w.Events(log), func(e policy.Event) bool {
			return e.Outcome == policy.Refused && e.Reason == codeOf(err) && e.By == a.actor.Principal() && e.Action == o.action
		}), "%s by %s", o, a.name)
	default:
		require.True(t, rule.Records != policy.EverySuccess || left > 0, "%s by %s: a change leaves its event", o, a.name)
	}
}

// happened is how much a tenant's log tells of.
func happened(w *accounttest.World, t policy.TenantID) int { return testkit.Happened(w.Events(t)) }
