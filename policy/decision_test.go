package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func TestTheZeroDecisionIsANo(t *testing.T) {
	var d policy.Decision
	require.False(t, d.Allowed)
	require.True(t, d.Reason().None())
	require.NotEmpty(t, d.Message())
	b, err := json.Marshal(d)
	require.NoError(t, err)
	require.JSONEq(t, `{"action":"","allowed":false,"message":"This was not decided."}`, string(b))
	require.NotErrorIs(t, &policy.Denied{}, store.ErrNotFound)
}

// everyRefusal brings up each of this package's codes, each in the way in which it comes up.
func everyRefusal(t *testing.T) map[policy.Code]policy.Decision {
	h := newHouse(t)
	require.NoError(t, h.admin.SetContact(ctx, h.Host, "the help desk"))
	require.NoError(t, h.admin.Lock(ctx, h.Host, areaPrivate))
	require.NoError(t, h.admin.SetAccess(ctx, h.Host, areaHidden, policy.Off))
	h.Tenant("off")
	require.NoError(t, h.admin.TurnOn(ctx, policy.Host("setup", "off"), false))
	off := h.PersonIn("off", "ada", policy.Work)
	h.put("off", note{ID: "n1", Owner: "ada"})
	h.Disable(h.ada, h.Device(h.ada, "lost"))
	require.NoError(t, h.hosts.Provision(ctx, h.Host, "bob", policy.Work))
	require.NoError(t, h.hosts.SetState(ctx, h.Host, "bob", policy.Disabled))
	for id, change := range map[policy.AccountID]func(*policy.Standing){
		"cleo": func(st *policy.Standing) { st.State = policy.Closing },
		"mona": func(st *policy.Standing) { st.MustChangePassword = true },
		"rhea": func(st *policy.Standing) { st.RestrictedUntil = h.Clock.Now().Add(time.Hour) },
	} {
		require.NoError(t, h.hosts.Provision(ctx, h.Host, id, policy.Work))
		require.NoError(t, h.rows.Update(ctx, func(tx policy.AdminTx) error {
			st, err := tx.Standing(contoso, id)
			if err != nil {
				return err
			}
			change(&st)
			_, err = tx.PutStanding(st)
			return err
		}))
	}
	h.put(contoso, note{ID: "r1", Owner: "rhea"})
	h.put(contoso, note{ID: "m1", Owner: "mona"})
	for range 2 {
		require.NoError(t, h.edit(h.ada, often, "n1", "a", ""))
	}
	ada := func(change func(*policy.Actor)) policy.Actor {
		a := h.ada
		change(&a)
		return a
	}
	stale := ada(func(a *policy.Actor) {
		a.Proofs = proofs(h.Clock.Now().Add(-time.Hour), policy.FactorPassword, policy.FactorOTP)
	})
	got := make(map[policy.Code]policy.Decision)
	for code, c := range map[policy.Code]struct {
		actor policy.Actor
		spec  *noteSpec
		id    string
		yes   policy.Confirmation
	}{
		policy.CodeNoActor:            {spec: editing()},
		policy.CodeUnknownTenant:      {actor: ada(func(a *policy.Actor) { a.Tenant = "nowhere" }), spec: editing()},
		policy.CodeUnknownAccount:     {actor: ada(func(a *policy.Actor) { a.Account = "eve" }), spec: editing()},
		policy.CodeAccountNotActive:   {actor: ada(func(a *policy.Actor) { a.Account = "bob" }), spec: editing()},
		policy.CodeAccountClosing:     {actor: ada(func(a *policy.Actor) { a.Account = "cleo" }), spec: editing()},
		policy.CodeRestricted:         {actor: ada(func(a *policy.Actor) { a.Account = "rhea" }), spec: editing(func(sp *noteSpec) { sp.Settled = true }), id: "r1"},
		policy.CodeMustChangePassword: {actor: ada(func(a *policy.Actor) { a.Account = "mona" }), spec: editing(), id: "m1"},
		policy.CodeSessionEnded:       {actor: ada(func(a *policy.Actor) { a.Session = "s" }), spec: editing()},
		policy.CodeUnknownDevice:      {actor: ada(func(a *policy.Actor) { a.Device = "d" }), spec: editing()},
		policy.CodeDeviceDisabled:     {actor: ada(func(a *policy.Actor) { a.Device = "lost" }), spec: editing()},
		policy.CodeNotPermitted:       {actor: h.Host, spec: editing()},
		policy.CodeNotFound:           {actor: h.ada, spec: editing(), id: "nowhere"},
		policy.CodeAccountKind:        {actor: h.ada, spec: editing(func(sp *noteSpec) { sp.Kinds = policy.Guest })},
		policy.CodeNotTurnedOn:        {actor: off, spec: editing()},
		policy.CodeNotLicensed:        {actor: h.ada, spec: editing(func(sp *noteSpec) { sp.License = "P2" })},
		policy.CodeAreaOff:            {actor: h.ada, spec: editing(func(sp *noteSpec) { sp.Area = areaHidden })},
		policy.CodeAreaReadOnly:       {actor: h.ada, spec: editing(func(sp *noteSpec) { sp.Area = areaPrivate })},
		policy.CodeThrottled:          {actor: h.ada, spec: often},
		policy.CodeStrongerProof:      {actor: h.ada, spec: editing(strict)},
		policy.CodeFresherProof: {actor: stale, spec: editing(func(sp *noteSpec) {
			sp.Level, sp.MaxAge = policy.AAL2, 15*time.Minute
		})},
		policy.CodeConfirmationMissing: {actor: h.ada, spec: overwriting()},
		policy.CodeConfirmationStale:   {actor: h.ada, spec: overwriting(), yes: "yes.stale"},
	} {
		if c.id == "" {
			c.id = "n1"
		}
		got[code] = refused(t, h.edit(c.actor, c.spec, c.id, "new", c.yes), code).Decision
	}
	return got
}

// declaredCodes are the codes that reason.go declares.
func declaredCodes(t *testing.T) []policy.Code {
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	require.NoError(t, err)
	var codes []policy.Code
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Names) != 1 || !strings.HasPrefix(v.Names[0].Name, "Code") {
			return true
		}
		text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		codes = append(codes, policy.Code(text))
		return false
	})
	return codes
}

func TestEveryCodeComesWithTextRemedyAndKey(t *testing.T) {
	got := everyRefusal(t)
	declared := declaredCodes(t)
	require.Len(t, declared, len(got))
	for _, code := range declared {
		d, ok := got[code]
		require.True(t, ok, "%s has no case here", code)
		require.Regexp(t, `^[a-z]+(-[a-z]+)*$`, string(code))
		require.Equal(t, "myaccount.refused."+string(code), d.Reason().Key())
		require.NotEmpty(t, d.Reason().Class.String())
		require.NotEmpty(t, d.Reason().Remedy.String())
		for _, text := range []string{d.Message(), d.Reason().Message()} {
			require.Regexp(t, `^[A-Z].*\.$`, text, "%s: a sentence", code)
			require.NotContains(t, text, "{", "%s: a parameter was not filled in", code)
			require.NotContains(t, text, "0001-01-01", "%s: a parameter was not set", code)
		}
		require.Equal(t, d.Reason().Remedy == policy.AskAdministrator, strings.Contains(d.Message(), "Contact "), code)
		b, err := json.Marshal(d)
		require.NoError(t, err)
		require.Contains(t, string(b), `"key":"myaccount.refused.`+string(code)+`"`)
	}
}

func TestADecisionsJSONIsWhatAPortalNeeds(t *testing.T) {
	want := map[policy.Code]string{
		policy.CodeUnknownTenant:    `{"action":"notes.edit","allowed":false,"reason":"unknown-tenant","class":"not-admitted","remedy":"sign-in","message":"This organization is not known here.","key":"myaccount.refused.unknown-tenant"}`,
		policy.CodeAccountNotActive: `{"action":"notes.edit","allowed":false,"reason":"account-not-active","class":"not-admitted","remedy":"ask-administrator","message":"This account is not active. Contact the help desk.","key":"myaccount.refused.account-not-active","contact":"the help desk"}`,
		policy.CodeNotLicensed:      `{"action":"notes.edit","allowed":false,"reason":"not-licensed","class":"not-licensed","remedy":"ask-administrator","message":"Your organization does not have the licence P2, which this needs. Contact the help desk.","key":"myaccount.refused.not-licensed","contact":"the help desk","license":"P2"}`,
		policy.CodeAreaReadOnly:     `{"action":"notes.edit","allowed":false,"reason":"area-read-only","class":"locked","remedy":"ask-administrator","message":"This is managed by your organization. Contact the help desk.","key":"myaccount.refused.area-read-only","contact":"the help desk","area":"notes.private"}`,
		policy.CodeThrottled:        `{"action":"notes.edit","allowed":false,"reason":"throttled","class":"throttled","remedy":"wait","message":"You have done this too often. Try again after 2026-01-05T10:00:00Z.","key":"myaccount.refused.throttled","until":"2026-01-05T10:00:00Z"}`,
		policy.CodeStrongerProof:    `{"action":"notes.edit","allowed":false,"reason":"stronger-proof-needed","class":"proof","remedy":"prove-more","message":"Verify your identity with another factor; this needs two factors, one of them a hardware key that resists phishing.","key":"myaccount.refused.stronger-proof-needed","level":"aal3"}`,
		policy.CodeFresherProof:     `{"action":"notes.edit","allowed":false,"reason":"fresher-proof-needed","class":"proof","remedy":"prove-again","message":"Verify your identity again; this needs two factors, proven within the last 15 minutes.","key":"myaccount.refused.fresher-proof-needed","level":"aal2","maxAgeSeconds":900}`,
	}
	for code, d := range everyRefusal(t) {
		b, err := json.Marshal(d)
		require.NoError(t, err)
		if want[code] != "" {
			require.Equal(t, want[code], string(b))
		}
		for _, hidden := range []string{"ada", "contoso", "n1", "0001-01-01"} {
			require.NotContains(t, string(b), hidden, "%s", code)
		}
	}
	b, err := json.Marshal(policy.Decision{Action: editNote, Allowed: true, Contact: "the help desk"})
	require.NoError(t, err)
	require.Equal(t, `{"action":"notes.edit","allowed":true}`, string(b), "what is allowed has no reason")
}

func TestAnAllowedDecisionSaysNothing(t *testing.T) {
	d := policy.Refusal(editNote, *policy.Forbidden(codeDone, policy.NoRemedy, "Not shown."), "")
	d.Allowed = true
	require.Empty(t, d.Message())
	require.True(t, d.Reason().None())
}

func TestAHostsOwnRuleRefusesAsOursDo(t *testing.T) {
	own := policy.Reason{Code: "closed-today", Class: policy.ClassState, Remedy: policy.AskAdministrator, Text: "We are closed."}
	d := policy.Refusal("shop.order", own, "the owner")
	require.False(t, d.Allowed)
	require.Equal(t, own, d.Reason())
	require.Equal(t, "We are closed. Contact the owner.", d.Message())
	own.Code = "changed"
	require.Equal(t, policy.Code("closed-today"), d.Reason().Code, "the decision keeps its own")
}

func TestADecisionIsPrintedInWords(t *testing.T) {
	require.Equal(t, "notes.edit allowed", fmt.Sprintf("%+v", policy.Decision{Action: editNote, Allowed: true}))
	d := policy.Refusal(editNote, *policy.Forbidden("c", policy.NoRemedy, "Text."), "")
	require.Equal(t, "notes.edit refused (c): Text.", fmt.Sprint(d))
	require.EqualError(t, &policy.Denied{Decision: d}, "notes.edit refused (c): Text.")
}

func TestWhatARoomRefusesWithIsItsOwnAfterwards(t *testing.T) {
	h := newHouse(t)
	shared := policy.Forbidden("first", policy.NoRemedy, "Text.")
	_, err := policy.Do(ctx, h.guard, h.notes, h.ada, editing(), onNote("n1"), "",
		func(_ notesTx, op *policy.Op, _ note) (string, policy.Change, error) {
			return "", policy.Change{}, op.Refuse(shared)
		})
	shared.Code = "second"
	refused(t, err, "first")
}

func TestDecisionsAreEqualIfTheySayTheSame(t *testing.T) {
	reason := *policy.Forbidden("c", policy.NoRemedy, "Text.")
	d := policy.Refusal(editNote, reason, "the help desk")
	require.True(t, d.Equal(policy.Refusal(editNote, reason, "the help desk")), "whichever copy of the reason")
	until, here := reason, reason
	until.Until, here.Until = noon, noon.In(time.FixedZone("CET", 3600))
	require.True(t, policy.Refusal(editNote, until, "").Equal(policy.Refusal(editNote, here, "")), "one instant in two zones")
	require.False(t, policy.Refusal(editNote, until, "").Equal(policy.Refusal(editNote, reason, "")))
	other := reason
	other.What = "more"
	allowed := d
	allowed.Allowed = true
	for name, o := range map[string]policy.Decision{
		"action": policy.Refusal("other", reason, "the help desk"), "reason": policy.Refusal(editNote, other, "the help desk"),
		"contact": policy.Refusal(editNote, reason, ""), "allowed": allowed, "none": {Action: editNote, Contact: "the help desk"},
	} {
		require.False(t, d.Equal(o), name)
	}
}

func TestAMessageFillsItsParametersIn(t *testing.T) {
	r := policy.Reason{Code: "x", Text: "{what} until {until}, {factors} at most {minutes} minutes old, {nothing}",
		What: "{factors}", Until: noon, Level: policy.AAL2, MaxAge: 90 * time.Second}
	require.Equal(t, "{factors} until 2026-01-05T12:00:00Z, two factors at most 1 minutes old, {nothing}", r.Message(), "once, and nothing within")
}

func TestRoomsMakeReasonsOfTheirClasses(t *testing.T) {
	for _, c := range []struct {
		r      *policy.Reason
		class  policy.Class
		remedy policy.Remedy
	}{
		{policy.Forbidden("c", policy.WaitUntil, "Text."), policy.ClassState, policy.WaitUntil},
		{policy.SwitchedOff("c", "Text."), policy.ClassLocked, policy.AskAdministrator},
		{policy.WrongDevice("c", "Text."), policy.ClassWrongDevice, policy.UseAnotherDevice},
		{policy.WrongCredentials("c", policy.SignIn, "Text."), policy.ClassWrongCredentials, policy.SignIn},
	} {
		require.Equal(t, policy.Reason{Code: "c", Class: c.class, Remedy: c.remedy, Text: "Text."}, *c.r)
	}
}

func TestClassesAndRemediesHaveNames(t *testing.T) {
	for i, name := range strings.Fields("not-admitted not-permitted not-found account-kind not-turned-on not-licensed locked state throttled wrong-device proof confirmation wrong-credentials") {
		namedAs(t, policy.Class(i+1), name)
	}
	for i, name := range strings.Fields("none sign-in prove-again prove-more ask-administrator use-another-device wait confirm") {
		namedAs(t, policy.Remedy(i), name)
	}
}

func TestOnlyWhatIsNotFoundIsErrNotFound(t *testing.T) {
	for code, d := range everyRefusal(t) {
		err := fmt.Errorf("handler: %w", &policy.Denied{Decision: d})
		require.Equal(t, code == policy.CodeNotFound, errors.Is(err, store.ErrNotFound), code)
		require.NotErrorIs(t, err, store.ErrConflict)
		require.Equal(t, "handler: notes.edit refused ("+string(code)+"): "+d.Message(), err.Error())
	}
}

func TestEveryRuleIsComplete(t *testing.T) {
	seen := make(map[policy.Action]bool)
	for _, r := range policy.Rules() {
		require.Regexp(t, `^policy\.[a-z]+(-[a-z]+)*$`, string(r.Action))
		require.False(t, seen[r.Action], "%s stands twice", r.Action)
		seen[r.Action] = true
		require.Regexp(t, `^[A-Z].*\.$`, r.Says, r.Action)
		require.NotZero(t, r.By, r.Action)
		require.Equal(t, r.Activity == "", r.Category == "", "%s: an event has a name and a category", r.Action)
		require.Equal(t, r.By&policy.ByRole != 0, len(r.Roles) > 0, "%s: roles are for their door", r.Action)
		require.Equal(t, r.By&policy.ByPerson != 0, r.Kinds != 0, "%s: kinds are for the owner's door", r.Action)
	}
	for _, action := range []policy.Action{policy.CreateTenant, policy.ReadSettings, policy.SetAccess, policy.SetTurnedOn, policy.SetLicense,
		policy.SetNeed, policy.SetContact, policy.SetValue, policy.Provision, policy.SetState, policy.ReadAccount, policy.ReadOwnEvents,
		policy.ReadEvents, policy.FollowEvents, policy.PurgeEvents} {
		require.True(t, seen[action], "%s is in no table", action)
	}
}
