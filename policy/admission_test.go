package policy_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// everyWay tries to edit a note in every way there is, and gives how each ended. The change's function must
// not be run by who is refused.
func (h *house) everyWay(t *testing.T, actor policy.Actor) map[string]error {
	t.Helper()
	sp, n1 := editing(), onNote("n1")
	out := make(map[string]error)
	can, err := policy.Can(ctx, h.guard, h.notes, actor, sp, n1)
	if err == nil && !can.Allowed {
		err = &policy.Denied{Decision: can}
	}
	out["Can"] = err
	_, _, out["Ask"] = policy.Ask(ctx, h.guard, h.notes, actor, sp, n1)
	ran := false
	_, out["Look"] = policy.Look(ctx, h.guard, h.notes, actor, sp, n1,
		func(notesTx, *policy.Op, note) (int, error) { ran = true; return 1, nil })
	require.Equal(t, out["Look"] == nil, ran)
	ran = false
	_, out["Prepare"] = policy.Prepare(ctx, h.guard, h.notes, actor, sp, n1,
		func(notesTx, *policy.Op, note) (int, error) { ran = true; return 1, nil })
	require.Equal(t, out["Prepare"] == nil, ran)
	ran = false
	_, out["Do"] = policy.Do(ctx, h.guard, h.notes, actor, sp, n1, "",
		func(notesTx, *policy.Op, note) (int, policy.Change, error) {
			ran = true
			return 1, policy.Change{}, nil
		})
	require.Equal(t, out["Do"] == nil, ran)
	return out
}

// notAdmitted checks that the actor is refused in every way with the same code.
func (h *house) notAdmitted(t *testing.T, actor policy.Actor, code policy.Code) {
	t.Helper()
	for way, err := range h.everyWay(t, actor) {
		d := refused(t, err, code, way)
		require.Equal(t, policy.ClassNotAdmitted, d.Reason().Class, way)
	}
}

func (h *house) admitted(t *testing.T, actor policy.Actor) {
	t.Helper()
	for way, err := range h.everyWay(t, actor) {
		require.NoError(t, err, way)
	}
}

func TestTheZeroActorIsRefusedEverywhere(t *testing.T) {
	h := newHouse(t)
	for name, actor := range map[string]policy.Actor{
		"zero":                    {},
		"only a tenant":           {Tenant: contoso},
		"only an account":         {Account: "ada"},
		"a role and no account":   {Tenant: contoso, Roles: []policy.Role{policy.GlobalAdministrator}},
		"a session, no account":   {Tenant: contoso, Session: "s1"},
		"a host without a name":   policy.Host("", contoso),
		"a host without a tenant": policy.Host("mdm", ""),
	} {
		t.Run(name, func(t *testing.T) { h.notAdmitted(t, actor, policy.CodeNoActor) })
	}
}

func TestAnActorIsAdmittedByWhatTheStoreKnows(t *testing.T) {
	h := newHouse(t)
	h.admitted(t, h.ada)
	for name, c := range map[string]struct {
		change func(*policy.Actor)
		code   policy.Code
	}{
		"unknown tenant":                  {func(a *policy.Actor) { a.Tenant = "nowhere" }, policy.CodeUnknownTenant},
		"a tenant in another spelling":    {func(a *policy.Actor) { a.Tenant = "Contoso" }, policy.CodeUnknownTenant},
		"unknown account":                 {func(a *policy.Actor) { a.Account = "mallory" }, policy.CodeUnknownAccount},
		"an account in another spelling":  {func(a *policy.Actor) { a.Account = "Ada" }, policy.CodeUnknownAccount},
		"an account with a space behind":  {func(a *policy.Actor) { a.Account = "ada " }, policy.CodeUnknownAccount},
		"unknown session":                 {func(a *policy.Actor) { a.Session = "made-up" }, policy.CodeSessionEnded},
		"unknown device":                  {func(a *policy.Actor) { a.Device = "made-up" }, policy.CodeUnknownDevice},
		"unknown account, however mighty": {func(a *policy.Actor) { a.Account, a.Roles = "root", []policy.Role{policy.GlobalAdministrator} }, policy.CodeUnknownAccount},
		"unknown account, however strong": {func(a *policy.Actor) {
			a.Account, a.Proofs = "root", proofs(h.Clock.Now(), policy.FactorHardwarePasskey)
		}, policy.CodeUnknownAccount},
		"an account that is a host's name": {func(a *policy.Actor) { a.Account = "test-host" }, policy.CodeUnknownAccount},
	} {
		t.Run(name, func(t *testing.T) {
			actor := h.ada
			c.change(&actor)
			h.notAdmitted(t, actor, c.code)
		})
	}
}

func TestTheSameAccountIdInAnotherTenantIsSomebodyElse(t *testing.T) {
	h := newHouse(t)
	h.Tenant(fabrikam)
	other := h.ada
	other.Tenant = fabrikam
	h.notAdmitted(t, other, policy.CodeUnknownAccount)

	other = h.PersonIn(fabrikam, "ada", policy.Work)
	for way, err := range h.everyWay(t, other) {
		refused(t, err, policy.CodeNotFound, way) // contoso's note n1 is none of fabrikam's
	}
	h.Device(h.ada, "laptop")
	other.Device = "laptop"
	h.notAdmitted(t, other, policy.CodeUnknownDevice)
}

func TestOnlyAnActiveAccountActs(t *testing.T) {
	h := newHouse(t)
	for _, state := range []policy.State{policy.Disabled, policy.Closed, 0, policy.Closing + 1} {
		h.standing(func(st *policy.Standing) { st.State = state })
		h.notAdmitted(t, h.ada, policy.CodeAccountNotActive)
	}
	h.standing(func(st *policy.Standing) { st.State = policy.Closing })
	h.notAdmitted(t, h.ada, policy.CodeAccountClosing)
	h.standing(func(st *policy.Standing) { st.State = policy.Active })
	h.admitted(t, h.ada)
}

func TestARestrictedAccountWaitsForWhatNeedsASettledOne(t *testing.T) {
	h := newHouse(t)
	settled := editing(func(sp *noteSpec) { sp.Settled = true })
	require.NoError(t, h.edit(h.ada, settled, "n1", "one", ""))
	until := h.Clock.Now().Add(30 * 24 * time.Hour)
	h.standing(func(st *policy.Standing) { st.RestrictedUntil = until })
	d := refused(t, h.edit(h.ada, settled, "n1", "two", ""), policy.CodeRestricted).Decision
	require.Equal(t, until, d.Reason().Until)
	require.NoError(t, h.edit(h.ada, editing(), "n1", "three", ""), "the rest goes on")
	h.Clock.Advance(30*24*time.Hour - time.Microsecond)
	refused(t, h.edit(h.SignIn(h.ada), settled, "n1", "four", ""), policy.CodeRestricted)
	h.Clock.Advance(time.Microsecond)
	require.NoError(t, h.edit(h.SignIn(h.ada), settled, "n1", "five", ""))
}

func TestWhoHasToSetANewPasswordDoesThatBeforeAnythingElse(t *testing.T) {
	h := newHouse(t)
	h.standing(func(st *policy.Standing) { st.MustChangePassword = true })
	demand := func(d policy.Demand) func(*noteSpec) { return func(sp *noteSpec) { sp.Demand = d } }
	reads := func(sp *noteSpec) { sp.Activity, sp.Access = "", policy.ReadOnly }
	for name, c := range map[string]struct {
		rule  func(*noteSpec)
		waits bool
	}{
		"a change":                           {func(*noteSpec) {}, true},
		"a change that is decided elsewhere": {func(sp *noteSpec) { sp.Activity = "" }, true},
		"a look":                             {reads, false},
		"a look that leaves a record":        {func(sp *noteSpec) { reads(sp); sp.Activity = "Read note" }, true},
		"an administrator's change":          {func(sp *noteSpec) { sp.By, sp.Access, sp.Roles = policy.ByRole, 0, []policy.Role{policy.GlobalReader} }, true},
		"what never waits":                   {demand(policy.NeverWaits), false},
		"what is demanded":                   {demand(policy.MeetsDemand), false},
	} {
		sp := editing(c.rule)
		actor := h.ada
		actor.Roles = []policy.Role{policy.GlobalReader}
		can, err := policy.Can(ctx, h.guard, h.notes, actor, sp, onNote("n1"))
		require.NoError(t, err)
		require.Equal(t, c.waits, sp.Waits(), name)
		require.Equal(t, !c.waits, can.Allowed, name)
		if c.waits {
			require.Equal(t, policy.CodeMustChangePassword, can.Reason().Code, name)
			require.Equal(t, policy.ClassState, can.Reason().Class, name)
			require.Equal(t, policy.SetNewPassword, can.Reason().Remedy, name)
			refused(t, h.edit(actor, sp, "n1", "new", ""), policy.CodeMustChangePassword, name)
		}
	}
	require.NoError(t, h.edit(h.Host, editing(func(sp *noteSpec) { sp.By = policy.ByHost }), "n1", "new", ""), "a host has no password")

	sp := editing(func(sp *noteSpec) {
		sp.Forbids = func(*policy.Op, note) *policy.Reason {
			return policy.Forbidden(codeDone, policy.NoRemedy, "The note is done.")
		}
	})
	refused(t, h.edit(h.ada, sp, "n1", "new", ""), codeDone)
	sp = editing(func(sp *noteSpec) { sp.Limit, sp.Level = policy.Limit{Times: perHour, Per: time.Hour}, policy.AAL3 })
	for range 3 {
		refused(t, h.edit(h.ada, sp, "n1", "new", ""), policy.CodeMustChangePassword)
	}
}

func TestARestrictionKeepsNobodyFromWhatIsDemandedOfThem(t *testing.T) {
	h := newHouse(t)
	for _, must := range []bool{false, true} {
		h.standing(func(st *policy.Standing) {
			st.RestrictedUntil, st.MustChangePassword = h.Clock.Now().Add(time.Hour), must
		})
		for demand, want := range map[policy.Demand]policy.Code{
			policy.WaitsForPassword: policy.CodeRestricted, policy.NeverWaits: policy.CodeRestricted,
			policy.MeetsDemand: map[bool]policy.Code{false: policy.CodeRestricted}[must],
		} {
			can, err := policy.Can(ctx, h.guard, h.notes, h.ada, editing(func(sp *noteSpec) { sp.Settled, sp.Demand = true, demand }), onNote("n1"))
			require.NoError(t, err)
			require.Equal(t, want, can.Reason().Code, "%d, %t: the restriction takes longer, and is told first", demand, must)
		}
	}
}

func TestASessionLivesAsLongAsItsAccountSays(t *testing.T) {
	h := newHouse(t)
	start := h.Clock.Now()
	h.Person("bob", policy.Work)
	for _, s := range []policy.Session{
		{ID: "alive", Epoch: 3, StartedAt: start},
		{ID: "ended", Epoch: 3, StartedAt: start, EndedAt: start},
		{ID: "ends-later", Epoch: 3, StartedAt: start, EndedAt: start.Add(time.Hour)},
		{ID: "of-an-old-epoch", Epoch: 2, StartedAt: start},
		{ID: "of-a-coming-epoch", Epoch: 4, StartedAt: start},
		{ID: "from-before", Epoch: 3, StartedAt: start.Add(-time.Microsecond)},
		{ID: "of-bob", Account: "bob", Epoch: 3, StartedAt: start},
	} {
		s.Tenant = contoso
		if s.Account == "" {
			s.Account = "ada"
		}
		h.session(s)
	}
	h.standing(func(st *policy.Standing) { st.Epoch, st.SessionsValidFrom = 3, start })

	h.ada.SignedInAt = time.Time{} // a session that the store keeps counts, and not what the actor says besides
	h.ada.Session = "alive"
	h.admitted(t, h.ada)
	h.ada.SignedInAt = start.Add(time.Hour)
	for _, dead := range []policy.SessionID{"ended", "ends-later", "of-an-old-epoch", "of-a-coming-epoch", "from-before", "of-bob", "Alive", "alive "} {
		t.Run(string(dead), func(t *testing.T) {
			h.ada.Session = dead
			h.notAdmitted(t, h.ada, policy.CodeSessionEnded)
		})
	}
}

func TestWithoutASessionTheTimeOfSignInCounts(t *testing.T) {
	h := newHouse(t)
	from := h.Clock.Now()
	h.ada.SignedInAt = time.Time{}
	h.admitted(t, h.ada)
	h.standing(func(st *policy.Standing) { st.SessionsValidFrom = from })
	for name, c := range map[string]struct {
		at time.Time
		ok bool
	}{
		"never": {time.Time{}, false}, "before": {from.Add(-1), false}, "at the moment": {from, true}, "after": {from.Add(1), true},
		"by a clock that goes a little ahead": {from.Add(time.Minute), true}, "in the future": {from.Add(time.Minute + 1), false},
	} {
		h.ada.SignedInAt = c.at
		if c.ok {
			h.admitted(t, h.ada)
		} else {
			t.Run(name, func(t *testing.T) { h.notAdmitted(t, h.ada, policy.CodeSessionEnded) })
		}
	}
}

func TestADeviceMustBeKnownAndEnabledButMayBeMissing(t *testing.T) {
	h := newHouse(t)
	h.ada.Device = ""
	h.admitted(t, h.ada) // a borrowed phone
	h.ada.Device = h.Device(h.ada, "laptop")
	h.admitted(t, h.ada)
	h.Disable(h.SignIn(policy.Actor{Tenant: contoso, Account: "ada"}), "laptop")
	h.notAdmitted(t, h.ada, policy.CodeDeviceDisabled)
	require.NoError(t, h.App.Admin.Devices.Enable(ctx, h.Host, "laptop"))
	h.admitted(t, h.ada)
}

func TestAHostNeedsItsTenantAndNoAccount(t *testing.T) {
	h := newHouse(t)
	sp := editing(func(sp *noteSpec) { sp.By = policy.ByHost })
	for _, c := range []struct {
		actor policy.Actor
		code  policy.Code
	}{
		{h.Host, ""},
		{policy.Host("mdm", "nowhere"), policy.CodeUnknownTenant},
		{policy.System("setup"), policy.CodeNotPermitted},
		{h.ada, policy.CodeNotPermitted},
	} {
		can, err := policy.Can(ctx, h.guard, h.notes, c.actor, sp, onNote("n1"))
		require.NoError(t, err)
		require.Equal(t, c.code, can.Reason().Code, "%+v", c.actor.Principal())
		require.Equal(t, c.code == "", can.Allowed)
	}
	require.NoError(t, h.edit(h.Host, sp, "n1", "new", ""))
	// Not every rule is for hosts, and few are for the system.
	refused(t, h.edit(h.Host, editing(), "n1", "new", ""), policy.CodeNotPermitted)
	refused(t, h.edit(policy.System("setup"), editing(), "n1", "new", ""), policy.CodeNotPermitted)
}

func TestMalformedActorsAreInvalidAndNotRefused(t *testing.T) {
	h := newHouse(t)
	before := h.Events(contoso)
	for field, actor := range map[string]policy.Actor{
		"actor.tenant":  {Tenant: "con\x00toso", Account: "ada"},
		"actor.account": {Tenant: contoso, Account: "ada\n"},
		"actor.session": {Tenant: contoso, Account: "ada", Session: policy.SessionID(strings.Repeat("s", 129))},
		"actor.device":  {Tenant: contoso, Account: "ada", Device: "\xff"},
		"actor.roles":   {Tenant: contoso, Account: "ada", Roles: []policy.Role{policy.GlobalReader, ""}},
		"actor.name":    policy.Host("mdm\n", contoso),
	} {
		for way, err := range h.everyWay(t, actor) {
			invalid(t, err, field)
			require.NotErrorIs(t, err, store.ErrNotFound, way)
		}
	}
	many := h.ada
	many.Roles = make([]policy.Role, 101)
	invalid(t, h.edit(many, editing(), "n1", "new", ""), "actor")
	many.Roles, many.Proofs = nil, make([]policy.Proof, 101)
	invalid(t, h.edit(many, editing(), "n1", "new", ""), "actor")
	for _, actor := range []policy.Actor{policy.System(""), policy.System("a\x00")} {
		invalid(t, h.admin.CreateTenant(ctx, actor, "new"), "actor.name")
	}
	for _, id := range []string{"", "n\x00", strings.Repeat("n", 129)} {
		invalid(t, h.edit(h.ada, editing(), id, "new", ""), "note")
		can, err := policy.Can(ctx, h.guard, h.notes, h.ada, editing(), onNote(id))
		invalid(t, err, "note")
		require.False(t, can.Allowed, "with an error the decision is a no")
	}
	require.Equal(t, before, h.Events(contoso), "bad input leaves no events")
}

func TestNobodyBecomesAHostByWhatARequestSays(t *testing.T) {
	hostile := []byte(`{"Tenant":"contoso","program":"mdm","Program":"mdm","system":true,"System":true,"PROGRAM":"mdm","name":"mdm","Account":""}`)
	var fromJSON policy.Actor
	require.NoError(t, json.Unmarshal(hostile, &fromJSON))
	require.Equal(t, policy.Principal{Kind: policy.PersonPrincipal}, fromJSON.Principal())

	// A stream of a type with the same fields, exported.
	var stream bytes.Buffer
	require.NoError(t, gob.NewEncoder(&stream).Encode(struct {
		Tenant  policy.TenantID
		Program string
		System  bool
	}{contoso, "mdm", true}))
	var fromGob policy.Actor
	require.NoError(t, gob.NewDecoder(&stream).Decode(&fromGob))
	require.Equal(t, policy.PersonPrincipal, fromGob.Principal().Kind)

	// What is encoded of a host is no host when it comes back.
	for _, actor := range []policy.Actor{policy.Host("mdm", contoso), policy.System("setup")} {
		b, err := json.Marshal(actor)
		require.NoError(t, err)
		var back policy.Actor
		require.NoError(t, json.Unmarshal(b, &back))
		require.Equal(t, policy.PersonPrincipal, back.Principal().Kind)
		stream.Reset()
		require.NoError(t, gob.NewEncoder(&stream).Encode(actor))
		back = policy.Actor{}
		require.NoError(t, gob.NewDecoder(&stream).Decode(&back))
		require.Equal(t, policy.PersonPrincipal, back.Principal().Kind)
	}

	// Nor by a literal: whatever all exported fields say, the actor is a person.
	var literal policy.Actor
	v := reflect.ValueOf(&literal).Elem()
	fields := 0
	for i := range v.NumField() {
		f := v.Field(i)
		if !f.CanSet() {
			continue
		}
		fields++
		switch {
		case f.Kind() == reflect.String:
			f.SetString("mdm")
		case f.Type() == reflect.TypeFor[time.Time]():
			f.Set(reflect.ValueOf(noon))
		case f.Type() == reflect.TypeFor[netip.Addr]():
			f.Set(reflect.ValueOf(netip.MustParseAddr("::1")))
		case f.Type() == reflect.TypeFor[[]policy.Role]():
			f.Set(reflect.ValueOf([]policy.Role{policy.GlobalAdministrator, "host", "system"}))
		case f.Type() == reflect.TypeFor[[]policy.Proof]():
			f.Set(reflect.ValueOf(proofs(noon, policy.FactorHardwarePasskey)))
		default:
			t.Fatalf("a field of type %s is new: may it say who acts?", f.Type())
		}
	}
	require.Equal(t, 8, fields)
	require.Equal(t, policy.Principal{Kind: policy.PersonPrincipal, ID: "mdm"}, literal.Principal())
}

func TestAPrincipalIsAPersonsOwnOnlyIfItIsAPerson(t *testing.T) {
	require.True(t, policy.Actor{Tenant: contoso, Account: "ada"}.Principal().Is("ada"))
	require.False(t, policy.Actor{Tenant: contoso, Account: "ada"}.Principal().Is("bob"))
	require.False(t, policy.Host("ada", contoso).Principal().Is("ada"), "a host by the name of an account")
	require.False(t, policy.System("ada").Principal().Is("ada"))
	require.False(t, policy.Principal{Kind: policy.PersonPrincipal}.Is(""), "nobody is nobody's own")
	require.Equal(t, policy.Principal{Kind: policy.HostPrincipal, ID: "mdm"}, policy.Host("mdm", contoso).On("laptop").Principal())
	require.Equal(t, policy.DeviceID("laptop"), policy.Host("mdm", contoso).On("laptop").Device)
}

func TestAHostMayVouchForAccountsThatTheStoreDoesNotKnow(t *testing.T) {
	h := newHouse(t, policy.Vouch(policy.Personal))
	h.put(contoso, note{ID: "n1", Owner: "guest-of-the-host"})
	stranger := policy.Actor{Tenant: contoso, Account: "guest-of-the-host"}
	h.admitted(t, stranger)
	stranger.Session = "kept-elsewhere"
	h.admitted(t, stranger)

	sp := editing(func(sp *noteSpec) { sp.Kinds = policy.Work })
	refused(t, h.edit(stranger, sp, "n1", "new", ""), policy.CodeAccountKind) // it is of the kind that is vouched for

	stranger.Device = "made-up"
	h.notAdmitted(t, stranger, policy.CodeUnknownDevice) // nobody vouches for devices
	stranger.Device, stranger.Tenant = "", "nowhere"
	h.notAdmitted(t, stranger, policy.CodeUnknownTenant) // nor for tenants
	h.notAdmitted(t, policy.Actor{Tenant: contoso}, policy.CodeNoActor)
}

func TestAHostVouchesForOneKindOrForNobody(t *testing.T) {
	h := newHouse(t)
	stranger := policy.Actor{Tenant: contoso, Account: "guest-of-the-host"}
	for _, kind := range []policy.Kind{0, policy.AllKinds, policy.Work | policy.Guest, 8} {
		h.over(h.rows, policy.Vouch(policy.Work), policy.Vouch(kind))
		h.notAdmitted(t, stranger, policy.CodeUnknownAccount)
	}
}

func TestAnActorMayHaveAHundredRolesAndProofs(t *testing.T) {
	h := newHouse(t)
	for range 100 {
		h.ada.Roles = append(h.ada.Roles, "some role")
	}
	h.ada.Proofs = proofs(h.Clock.Now(), make([]policy.Factor, 100)...)
	h.admitted(t, h.ada)
}

func TestWhatTheStoreKnowsOfAVouchedActorStillCounts(t *testing.T) {
	h := newHouse(t, policy.Vouch(policy.Personal))
	start := h.Clock.Now()
	h.ada.Session = "kept-elsewhere"
	h.admitted(t, h.ada)
	sp := editing(func(sp *noteSpec) { sp.Kinds = policy.Personal })
	refused(t, h.edit(h.ada, sp, "n1", "new", ""), policy.CodeAccountKind) // ada's kind is the stored one

	h.session(policy.Session{Tenant: contoso, Account: "ada", ID: "ended", StartedAt: start, EndedAt: start})
	h.ada.Session = "ended"
	h.notAdmitted(t, h.ada, policy.CodeSessionEnded)

	h.ada.Session = "kept-elsewhere"
	h.standing(func(st *policy.Standing) { st.SessionsValidFrom = start.Add(1 * time.Second) })
	h.notAdmitted(t, h.ada, policy.CodeSessionEnded) // an unknown session is judged by its time
	h.standing(func(st *policy.Standing) { st.SessionsValidFrom, st.State = time.Time{}, policy.Disabled })
	h.notAdmitted(t, h.ada, policy.CodeAccountNotActive)
}

// liar is a transaction that answers with rows of somebody else, as a wrong query would.
type liar struct {
	policy.AdminTx
	settings func(*policy.Settings)
	standing func(*policy.Standing)
	session  func(*policy.Session)
	event    func(*policy.Event)
}

func lie[V any](v V, err error, to func(*V)) (V, error) {
	if to != nil && err == nil {
		to(&v)
	}
	return v, err
}

func (l liar) Settings(t policy.TenantID) (policy.Settings, error) {
	s, err := l.AdminTx.Settings(t)
	return lie(s, err, l.settings)
}

func (l liar) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	st, err := l.AdminTx.Standing(t, a)
	return lie(st, err, l.standing)
}

func (l liar) Session(t policy.TenantID, a policy.AccountID, id policy.SessionID) (policy.Session, error) {
	s, err := l.AdminTx.Session(t, a, id)
	return lie(s, err, l.session)
}

func (l liar) lieAll(list store.List[policy.Event], err error) (store.List[policy.Event], error) {
	if l.event != nil {
		for i := range list.Items {
			l.event(&list.Items[i])
		}
	}
	return list, err
}

func (l liar) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	return l.lieAll(l.AdminTx.EventsOf(t, a, p))
}

func (l liar) Events(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	return l.lieAll(l.AdminTx.Events(t, p))
}

func (l liar) EventsAfter(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	return l.lieAll(l.AdminTx.EventsAfter(t, p))
}

// lying rebuilds the doors over a store that lies.
func (h *house) lying(l liar, options ...policy.Option) {
	h.over(store.Narrow(h.DB.Policy(), func(tx policy.AdminTx) policy.AdminTx {
		l.AdminTx = tx
		return l
	}), options...)
}

func TestAStoreThatAnswersWithSomebodyElsesRowIsNotBelieved(t *testing.T) {
	h := newHouse(t)
	h.session(policy.Session{Tenant: contoso, Account: "ada", ID: "s1", StartedAt: h.Clock.Now()})
	h.ada.Session = "s1"
	h.lying(liar{})
	h.admitted(t, h.ada)
	for name, c := range map[string]struct {
		liar liar
		code policy.Code
	}{
		"another tenant's settings": {liar{settings: func(s *policy.Settings) { s.Tenant = fabrikam }}, policy.CodeUnknownTenant},
		"nobody's settings":         {liar{settings: func(s *policy.Settings) { *s = policy.Settings{TurnedOn: true} }}, policy.CodeUnknownTenant},
		"another tenant's account":  {liar{standing: func(st *policy.Standing) { st.Tenant = fabrikam }}, policy.CodeUnknownAccount},
		"another account":           {liar{standing: func(st *policy.Standing) { st.Account = "bob" }}, policy.CodeUnknownAccount},
		"another tenant's session":  {liar{session: func(s *policy.Session) { s.Tenant = fabrikam }}, policy.CodeSessionEnded},
		"another's session":         {liar{session: func(s *policy.Session) { s.Account = "bob" }}, policy.CodeSessionEnded},
		"another session":           {liar{session: func(s *policy.Session) { s.ID = "s2" }}, policy.CodeSessionEnded},
	} {
		t.Run(name, func(t *testing.T) {
			h.lying(c.liar)
			h.notAdmitted(t, h.ada, c.code)
			h.lying(c.liar, policy.Vouch(policy.Work)) // vouching is for rows that are missing, not for wrong ones
			h.notAdmitted(t, h.ada, c.code)
		})
	}
}

func TestAnotherAccountIsLookedUpInTheActorsTenant(t *testing.T) {
	h := newHouse(t)
	h.Person("bob", policy.Guest)
	h.Tenant(fabrikam)
	h.PersonIn(fabrikam, "eve", policy.Work)
	account := func(id policy.AccountID) (policy.Standing, error) {
		return policy.Look(ctx, h.guard, h.notes, h.ada, editing(), onNote("n1"),
			func(tx notesTx, op *policy.Op, _ note) (policy.Standing, error) { return op.Account(tx, id) })
	}
	st, err := account("bob")
	require.NoError(t, err)
	require.Equal(t, policy.Guest, st.Kind)
	_, err = account("eve")
	require.ErrorIs(t, err, store.ErrNotFound)

	h.over(h.rows, policy.Vouch(policy.Personal))
	st, err = account("eve")
	require.NoError(t, err)
	require.Equal(t, policy.Standing{Tenant: contoso, Account: "eve", Kind: policy.Personal, State: policy.Active, Vouched: true}, st)
	st, err = account("bob")
	require.NoError(t, err)
	require.Equal(t, policy.Guest, st.Kind, "the stored account is not overruled")
}
