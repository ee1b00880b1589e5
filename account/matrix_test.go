package account_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// The authorization matrix: every exported operation of the three doors, by every kind of actor, in every state,
// against the table of rules.

const elsewhere policy.TenantID = "fabrikam"

// cast is one actor of the matrix.
type cast struct {
	name string
	testkit.Somebody
	actor policy.Actor
}

// role tells that it is an administrator who differs from others by a role alone.
func (c cast) role() bool {
	return len(c.Roles) == 1 && !c.Owns && !c.Elsewhere && c.Level == policy.AAL2
}

// theatre is the world of the matrix, in the first condition, and who plays in it.
type theatre struct {
	*accounttest.World
	actors []cast
	props
}

// everybody has a password and a photo; administrators and hosts act on the owners, who come first.
var (
	owners    = []policy.AccountID{"ada", "pat", "gus"}
	everybody = append(slices.Clone(owners), "bob", "root", "dora")
)

func newTheatre(t testing.TB) *theatre {
	w := accounttest.New(t)
	w.Tenant(elsewhere)
	th := &theatre{World: w, props: props{picture: photo(t, 48), changes: make(map[policy.AccountID]emailChange), steps: make(map[policy.AccountID]account.CodeAnswer)}}
	kinds := map[policy.AccountID]policy.Kind{"pat": policy.Personal, "gus": policy.Guest}
	here := make(map[policy.AccountID]policy.Actor)
	var err error
	th.hash, err = quick(t, w).Hash(t.Context(), secret.NewText(good))
	require.NoError(t, err)
	for _, id := range everybody {
		kind := policy.Work
		if k, other := kinds[id]; other {
			kind = k
		}
		a := w.Person(id, kind)
		require.NoError(t, w.App.Host.Account.PutProfile(t.Context(), w.Host, account.Profile{Account: id, DisplayName: string(id)}))
		require.NoError(t, w.App.Host.Account.ImportHash(t.Context(), w.Host, id, th.hash))
		require.NoError(t, w.App.Admin.Account.SetPhoto(t.Context(), w.Host, id, th.picture))
		here[id] = w.Session(a).Actor
	}
	th.hash, err = quick(t, w).Hash(t.Context(), secret.NewText(better))
	require.NoError(t, err)
	th.now = w.Clock.Now()
	th.recovery, err = w.App.Account.NewRecoveryCode(t.Context(), here["pat"])
	require.NoError(t, err)
	openTo(t, w, policy.Edit)
	for _, id := range everybody {
		th.changes[id] = beginChange(t, w, here[id])
		th.steps[id] = beginStep(t, w, here[id])
	}
	require.NoError(t, w.App.Admin.Account.SetSchema(t.Context(), w.Host, account.DefaultSchema()))
	ended := w.Session(w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"}))
	require.NoError(t, w.App.SignIns.End(t.Context(), here["ada"], ended.Actor.Session))
	far := w.Session(w.PersonIn(elsewhere, "ada", policy.Work)).Actor
	w.PersonIn(elsewhere, "pat", policy.Personal)
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "dora", policy.Disabled))
	w.Device(here["ada"], "lost")
	w.Disable(here["ada"], "lost")

	at := func(a policy.Actor, edit func(*policy.Actor)) policy.Actor { edit(&a); return a }
	as := func(a policy.Actor, roles ...policy.Role) policy.Actor {
		return at(a, func(a *policy.Actor) { a.Roles = roles })
	}
	session := func(id policy.SessionID) policy.Actor {
		return at(here["ada"], func(a *policy.Actor) { a.Session = id })
	}
	shows := func(a policy.Actor, age time.Duration, factors ...policy.Factor) policy.Actor {
		return at(a, func(a *policy.Actor) {
			a.Proofs = nil
			for _, f := range factors {
				a.Proofs = append(a.Proofs, policy.Proof{Factor: f, At: w.Clock.Now().Add(-age)})
			}
		})
	}
	somebody := func(edit func(*testkit.Somebody)) testkit.Somebody {
		s := testkit.Somebody{Kind: policy.Work, Level: policy.AAL2}
		edit(&s)
		return s
	}
	barred := func(c policy.Code) testkit.Somebody { return testkit.Somebody{Barred: c} }
	ownerBarred := func(c policy.Code) testkit.Somebody { return testkit.Somebody{Barred: c, Owns: true} }
	owner := func(kind policy.Kind, edits ...func(*testkit.Somebody)) testkit.Somebody {
		return somebody(func(s *testkit.Somebody) {
			s.Kind, s.Owns = kind, true
			for _, edit := range edits {
				edit(s)
			}
		})
	}
	level := func(l policy.Level) func(*testkit.Somebody) { return func(s *testkit.Somebody) { s.Level = l } }
	worker := somebody(func(*testkit.Somebody) {})
	th.actors = []cast{
		{"nobody", barred(policy.CodeNoActor), policy.Actor{}},
		{"a tenant without an account", barred(policy.CodeNoActor), policy.Actor{Tenant: accounttest.Tenant, Session: "made-up"}},
		{"an unknown tenant", barred(policy.CodeUnknownTenant), at(here["ada"], func(a *policy.Actor) { a.Tenant = "nowhere" })},
		{"an unknown account", barred(policy.CodeUnknownAccount), at(here["ada"], func(a *policy.Actor) { a.Account = "nemo" })},
		{"a disabled account", barred(policy.CodeAccountNotActive), here["dora"]},
		{"a disabled administrator", barred(policy.CodeAccountNotActive), as(here["dora"], policy.GlobalAdministrator)},
		{"an ended session", ownerBarred(policy.CodeSessionEnded), session(ended.Actor.Session)},
		{"an unknown session", ownerBarred(policy.CodeSessionEnded), session("made-up")},
		{"a session of somebody else", ownerBarred(policy.CodeSessionEnded), session(here["bob"].Session)},
		{"on a disabled device", ownerBarred(policy.CodeDeviceDisabled), here["ada"].On("lost")},
		{"on an unknown device", ownerBarred(policy.CodeUnknownDevice), here["ada"].On("made-up")},
		{"the owner", owner(policy.Work), here["ada"]},
		{"the owner with stale proofs", owner(policy.Work, func(s *testkit.Somebody) { s.Stale = true }),
			shows(here["ada"], 16*time.Minute, policy.FactorPassword, policy.FactorOTP)},
		{"the owner with a password alone", owner(policy.Work, level(policy.AAL1)), shows(here["ada"], 0, policy.FactorPassword)},
		{"the owner in recovery", owner(policy.Work, level(policy.AAL0)), shows(here["ada"], 0, policy.FactorRecovery)},
		{"the owner without proofs", owner(policy.Work, level(policy.AAL0)), shows(here["ada"], 0)},
		{"a personal account", owner(policy.Personal), here["pat"]},
		{"a guest", owner(policy.Guest), here["gus"]},
		{"a colleague", worker, here["bob"]},
		{"the same account in an empty tenant", somebody(func(s *testkit.Somebody) { s.Elsewhere = true }), far},
		{"an administrator of another tenant", somebody(func(s *testkit.Somebody) { s.Elsewhere, s.Roles = true, []policy.Role{policy.GlobalAdministrator} }),
			as(far, policy.GlobalAdministrator)},
		{"a guest with a role", owner(policy.Guest, func(s *testkit.Somebody) { s.Roles = []policy.Role{policy.UserAdministrator} }), as(here["gus"], policy.UserAdministrator)},
		{"an administrator with nothing proven", somebody(func(s *testkit.Somebody) { s.Level, s.Roles = policy.AAL0, []policy.Role{policy.GlobalAdministrator} }),
			shows(as(here["root"], policy.GlobalAdministrator), 0)},
		{"the host", testkit.Somebody{Sort: testkit.Host}, w.Host},
		{"the host of another tenant", testkit.Somebody{Sort: testkit.Host, Elsewhere: true}, policy.Host("test-host", elsewhere)},
		{"the host of an unknown tenant", testkit.Somebody{Sort: testkit.Host, Barred: policy.CodeUnknownTenant}, policy.Host("test-host", "nowhere")},
		{"the system", testkit.Somebody{Sort: testkit.System}, policy.System("setup")},
	}
	for _, role := range []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.CloudDeviceAdministrator, policy.IntuneAdministrator,
		policy.HelpdeskAdministrator, policy.SecurityAdministrator, policy.SecurityReader, policy.PrivilegedRoleAdministrator, policy.LicenseAdministrator,
		policy.UserAdministrator, policy.AuthenticationAdministrator, policy.PrivilegedAuthenticationAdministrator,
		policy.AuthenticationPolicyAdministrator, "Made-up Administrator"} {
		th.actors = append(th.actors, cast{"the " + string(role), somebody(func(s *testkit.Somebody) { s.Roles = []policy.Role{role} }), as(here["root"], role)})
	}
	return th
}

type reached = struct {
	condition
	reach func(t testing.TB, th *theatre)
}

// conditions are all states, and how the world gets into each.
var conditions = []reached{
	{condition{name: "as it began"}, func(testing.TB, *theatre) {}},
	locked(account.AreaAccount, policy.ReadOnly), locked(account.AreaAccount, policy.Off),
	locked(account.AreaProfile, policy.ReadOnly), locked(account.AreaProfile, policy.Off),
	locked(account.AreaPassword, policy.ReadOnly), locked(account.AreaPassword, policy.Off),
	locked(account.AreaRecovery, policy.ReadOnly), locked(account.AreaRecovery, policy.Off),
	locked(account.AreaClosing, policy.ReadOnly), locked(account.AreaClosing, policy.Off),
	demanded(account.AreaProfile), demanded(account.AreaPassword), demanded(password.AreaProtection), demanded(account.AreaRecovery), demanded(account.AreaClosing),
	{condition{name: "turned off", Tenant: testkit.Tenant{TurnedOff: true}}, func(t testing.TB, th *theatre) {
		require.NoError(t, th.App.Admin.Policy.TurnOn(t.Context(), th.Host, false))
	}},
	{condition{name: "restricted", restricted: true}, func(t testing.TB, th *theatre) {
		for _, id := range everybody {
			editStanding(t, th.DB, id, func(st *policy.Standing) { st.RestrictedUntil = th.Clock.Now().Add(time.Hour) })
		}
	}},
	toldToChange(condition{name: "a new password demanded"}), toldToChange(condition{name: "a new password demanded while restricted", restricted: true}),
	inState(policy.Disabled), inState(policy.Closed),
	closingBy("their owner", condition{}), closingBy("an administrator", condition{deleted: true}), closingBy("their owner for good", condition{over: true}),
	{condition{name: "work accounts may be closed", mayClose: true}, func(t testing.TB, th *theatre) {
		require.NoError(t, th.App.Admin.Policy.Set(t.Context(), th.Host, account.WorkMayClose, 1))
	}},
	withCredentials(condition{name: "locked", locked: true}, func(th *theatre, c *account.Credential) {
		c.Throttle = lockedUntil(th.Clock.Now().Add(time.Minute))
	}),
	withCredentials(condition{name: "spent", spent: true}, func(_ *theatre, c *account.Credential) { c.Throttle.Disabled = true }),
	withCredentials(condition{name: "without passwords", bare: true}, func(_ *theatre, c *account.Credential) { c.Hash = "" }),
	keptElsewhere(account.Federated), keptElsewhere(account.Synchronized), keptElsewhere(account.Passwordless),
	{condition{name: "synchronized", synchronized: true}, func(t testing.TB, th *theatre) {
		for _, id := range everybody {
			require.NoError(t, th.App.Host.Account.PutProfile(t.Context(), th.Host, account.Profile{Account: id, DisplayName: string(id), Source: "Active Directory"}))
		}
	}},
	withSchema("all off", policy.Off, policy.Off, policy.Off, false), withSchema("all read-only", policy.ReadOnly, policy.ReadOnly, policy.ReadOnly, false),
	withSchema("all open", policy.Edit, policy.Edit, policy.Edit, false), withSchema("all open and synchronized", policy.Edit, policy.Edit, policy.Edit, true),
	withSchema("mixed", policy.Off, policy.ReadOnly, policy.Edit, false),
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

// toldToChange demands a new password of everybody.
func toldToChange(c condition) reached {
	c.Demanded = true
	return reached{c, func(t testing.TB, th *theatre) {
		for _, id := range everybody {
			editStanding(t, th.DB, id, func(st *policy.Standing) {
				st.MustChangePassword = true
				if c.restricted {
					st.RestrictedUntil = th.Clock.Now().Add(time.Hour)
				}
			})
		}
	}}
}

func inState(state policy.State) reached {
	return reached{condition{name: "accounts " + state.String(), state: state}, func(t testing.TB, th *theatre) {
		for _, id := range owners {
			editStanding(t, th.DB, id, func(st *policy.Standing) { st.State = state })
		}
	}}
}

// closingBy has the accounts closed by somebody: with time to come back, or over.
func closingBy(whom string, c condition) reached {
	c.name, c.state = "accounts closing by "+whom, policy.Closing
	return reached{c, func(t testing.TB, th *theatre) {
		now := th.Clock.Now()
		for _, id := range owners {
			editStanding(t, th.DB, id, func(st *policy.Standing) { st.State = policy.Closing })
			row := account.Closing{Tenant: accounttest.Tenant, Account: id, By: policy.Actor{Tenant: accounttest.Tenant, Account: id}.Principal(), At: now, Due: now.Add(day), Was: policy.Active}
			if c.deleted {
				row.By = th.Host.Principal()
			}
			edit(t, th.DB, func(tx account.Tx) error {
				_, err := tx.PutClosing(row)
				return err
			})
		}
		if !c.deleted {
			th.reopening = beginReopening(t, th.World, "pat")
		}
		if c.over {
			th.dueNow(t)
		}
	}}
}

// dueNow ends the time in which the accounts that are being closed can come back.
func (th *theatre) dueNow(t testing.TB) {
	for _, id := range owners {
		edit(t, th.DB, func(tx account.Tx) error {
			c, err := tx.Closing(accounttest.Tenant, id)
			if err != nil {
				return err
			}
			c.Due = th.Clock.Now()
			_, err = tx.PutClosing(c)
			return err
		})
	}
}

func withCredentials(c condition, change func(*theatre, *account.Credential)) reached {
	return reached{c, func(t testing.TB, th *theatre) {
		for _, id := range everybody {
			editCredential(t, th.DB, id, func(c *account.Credential) { change(th, c) })
		}
	}}
}

func keptElsewhere(why account.Elsewhere) reached {
	return withCredentials(condition{name: "passwords " + why.String(), kept: why}, func(_ *theatre, c *account.Credential) {
		*c = account.Credential{Tenant: c.Tenant, Account: c.Account, Elsewhere: why, Revision: c.Revision}
	})
}

func withSchema(name string, work, personal, guest policy.Access, synchronized bool) reached {
	open := map[policy.Kind]policy.Access{policy.Work: work, policy.Personal: personal, policy.Guest: guest}
	return reached{condition{name: name, open: open, synchronized: synchronized}, func(t testing.TB, th *theatre) {
		require.NoError(t, th.App.Admin.Account.SetSchema(t.Context(), th.Host, openSchema(work, personal, guest)))
		if !synchronized {
			return
		}
		for _, id := range everybody {
			require.NoError(t, th.App.Host.Account.PutProfile(t.Context(), th.Host, account.Profile{Account: id, DisplayName: string(id), Source: "Active Directory"}))
		}
	}}
}

func TestEveryExportedOperationHasARowInTheMatrix(t *testing.T) {
	rows, actions := make(map[string]bool), map[policy.Action]bool{}
	for _, o := range operations {
		rows[o.door+"."+o.method], actions[o.action] = true, true
	}
	for _, door := range []any{&account.Service{}, &account.Admin{}, &account.Host{}} {
		of := reflect.TypeOf(door)
		for i := range of.NumMethod() {
			name := of.Elem().Name() + "." + of.Method(i).Name
			require.True(t, rows[name], "%s is exported and not in the matrix: say there who may do it", name)
			delete(rows, name)
		}
	}
	require.Empty(t, rows, "rows of operations that are none")
	for _, r := range account.Rules() {
		require.True(t, actions[r.Action], "no row of the matrix goes by the rule of %s", r.Action)
	}
}

func TestWhoMayDoWhatInWhichState(t *testing.T) {
	t.Parallel()
	base := newTheatre(t)
	for n, c := range conditions {
		in := *base
		in.World = base.Fork(t)
		c.reach(t, &in)
		before, began := rows(t, in.DB), told(in.World)
		for _, o := range operations {
			t.Run(strings.ReplaceAll(c.name+"/"+o.String(), " ", "-"), func(t *testing.T) {
				rule, refusing := ruleOf(t, o.action), in.Fork(t) // who is refused or only looks changes nothing
				log := began
				for i, a := range in.actors {
					want := expect(o, rule, a.Somebody, c.condition)
					switch {
					case n > 0 && (n+i)%4 > 0 && (a.Barred != "" || a.role() || want == outcome(policy.CodeNotPermitted)):
						// Nothing of the state is about who they are: they take turns, so that each plays in every fourth.
					case o.changes && (want == done || o.counts):
						in.play(t, in.Fork(t), began, o, rule, a, want)
					default:
						log = in.play(t, refusing, log, o, rule, a, want)
					}
				}
				requireSame(t, before, rows(t, refusing.DB), "%s: refused, and yet something changed", o)
			})
		}
	}
}

// happened is how much the logs of both tenants tell of.
type happened map[policy.TenantID]int

func told(w *accounttest.World) happened {
	return happened{accounttest.Tenant: testkit.Happened(w.Events(accounttest.Tenant)), elsewhere: testkit.Happened(w.Events(elsewhere))}
}

// play makes the call that an actor of the cast makes in a world, and wants it to come out as the oracle says, and
// to leave the events that it must: none for a look, one for a refusal, and of a success those that say so. It gives
// how much happened by then.
func (th *theatre) play(t *testing.T, w *accounttest.World, before happened, o operation, rule policy.Rule, a cast, want outcome) happened {
	t.Helper()
	subject := policy.AccountID("ada")
	if a.Owns {
		subject = a.actor.Account
	}
	log, far := accounttest.Tenant, elsewhere
	if a.Elsewhere {
		log, far = far, log
	}
	_, err := o.call(&cell{t: t, actor: a.actor, Room: doors(w), troupe: troupe{subject, "pat", subject, "pat", "pat"}, props: th.props})
	came := outcome(codeOf(err))
	if came == "" {
		came = done
	}
	require.Equal(t, want, came, "%s by %s: %v", o, a.name, err)
	events := w.Events(log)
	after := happened{log: testkit.Happened(events), far: testkit.Happened(w.Events(far))}
	require.Equal(t, before[far], after[far], "%s by %s left its event in another tenant", o, a.name)
	left := after[log] - before[log]
	unrecorded := a.Sort == testkit.System || a.Barred == policy.CodeNoActor || a.Barred == policy.CodeUnknownTenant ||
		o.looks && codeOf(err) != account.CodeWrongPassword
	switch {
	case !o.changes, err != nil && unrecorded, came == outcome(notARefusal):
		require.Zero(t, left, "%s by %s", o, a.name)
	case err != nil:
		require.Equal(t, 1, left, "%s by %s: a refusal is recorded", o, a.name)
		require.True(t, slices.ContainsFunc(events, func(e policy.Event) bool {
			return e.Outcome == policy.Refused && e.Reason == codeOf(err) && e.By == a.actor.Principal() && e.Action == o.action
		}), "%s by %s", o, a.name)
	default:
		require.True(t, rule.Records != policy.EverySuccess || left > 0 || o.idle && log == elsewhere, "%s by %s: a change leaves its event", o, a.name)
	}
	return after
}
