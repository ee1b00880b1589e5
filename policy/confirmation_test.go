package policy_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
)

// overwriting is an edit that must be confirmed.
func overwriting(change ...func(*noteSpec)) *noteSpec {
	return editing(append([]func(*noteSpec){func(sp *noteSpec) { sp.Confirm = true }}, change...)...)
}

// ask gives the confirmation that the actor would send along.
func (h *house) ask(a policy.Actor, sp *noteSpec, id string) (policy.Preview, policy.Confirmation) {
	h.T.Helper()
	p, yes, err := policy.Ask(ctx, h.guard, h.notes, a, sp, onNote(id))
	require.NoError(h.T, err)
	require.NotEmpty(h.T, yes)
	return p, yes
}

func TestWithoutAConfirmationThePersonIsShownWhatWillHappen(t *testing.T) {
	h := newHouse(t)
	sp := overwriting()
	d := refused(t, h.edit(h.ada, sp, "n1", "beer", ""), policy.CodeConfirmationMissing)
	require.Equal(t, policy.Confirm, d.Reason().Remedy)
	require.Equal(t, "milk", h.text("n1"))
	require.Empty(t, cmp.Diff(&policy.Preview{Action: editNote, Target: onNote("n1"), Title: "Overwrite the note?",
		Consequences: []string{"The text is lost: milk"}, Facts: []policy.Fact{{Name: "text", Value: "milk"}}}, d.Preview))

	p, yes := h.ask(h.ada, sp, "n1")
	require.Empty(t, cmp.Diff(*d.Preview, p), "asking shows the same")
	require.Equal(t, yes, d.Confirm)
	require.NoError(t, h.edit(h.ada, sp, "n1", "beer", d.Confirm))
	require.Equal(t, "beer", h.text("n1"))
}

func TestAConfirmationIsForWhatItsPreviewShowed(t *testing.T) {
	h := newHouse(t)
	sp := overwriting()
	_, yes := h.ask(h.ada, sp, "n1")
	require.NoError(t, h.edit(h.ada, editing(), "n1", "bread", "")) // somebody wrote it meanwhile

	d := refused(t, h.edit(h.ada, sp, "n1", "beer", yes), policy.CodeConfirmationStale)
	require.Equal(t, "bread", h.text("n1"))
	require.Equal(t, []policy.Fact{{Name: "text", Value: "bread"}}, d.Preview.Facts, "the new preview comes with the refusal")
	require.NotEqual(t, yes, d.Confirm)
	require.NoError(t, h.edit(h.ada, sp, "n1", "beer", d.Confirm))
	refused(t, h.edit(h.ada, sp, "n1", "wine", d.Confirm), policy.CodeConfirmationStale) // one Yes, one beer
}

func TestWhatThePreviewDoesNotShowSpoilsNoConfirmation(t *testing.T) {
	h := newHouse(t)
	sp := overwriting()
	_, yes := h.ask(h.ada, sp, "n1")
	require.NoError(t, h.edit(h.ada, editing(), "n1", "milk", "")) // another revision of the same text
	h.Clock.Advance(3600e9)
	require.NoError(t, h.edit(h.ada, sp, "n1", "beer", yes))
}

func TestAConfirmationIsBoundToActorTenantActionTargetAndPreview(t *testing.T) {
	h := newHouse(t)
	h.Tenant(fabrikam)
	anybodys := func(sp *noteSpec) {
		sp.Load = func(tx notesTx, op *policy.Op, t policy.Target) (note, error) { return tx.Note(op.Actor.Tenant, t.ID) }
	}
	shows := func(change func(*policy.Preview)) func(*noteSpec) {
		return func(sp *noteSpec) {
			sp.Preview = func(*policy.Op, note) policy.Preview {
				p := policy.Preview{Title: "Overwrite?", Consequences: []string{"a", "b"}, Facts: []policy.Fact{{Name: "x", Value: "y"}}}
				change(&p)
				return p
			}
		}
	}
	same := func(*policy.Preview) {}
	bob := h.Person("bob", policy.Work)
	elsewhere := h.PersonIn(fabrikam, "ada", policy.Work)
	h.put(fabrikam, note{ID: "n1", Owner: "ada", Text: "milk"})
	type attempt struct {
		actor policy.Actor
		spec  *noteSpec
		id    string
	}
	base := attempt{h.ada, overwriting(anybodys, shows(same)), "n1"}
	attempts := map[string]attempt{
		"base":                   base,
		"another person":         {bob, base.spec, "n1"},
		"another tenant":         {elsewhere, base.spec, "n1"},
		"another note":           {h.ada, base.spec, "n2"},
		"another action":         {h.ada, overwriting(anybodys, shows(same), func(sp *noteSpec) { sp.Action = "notes.burn" }), "n1"},
		"another title":          {h.ada, overwriting(anybodys, shows(func(p *policy.Preview) { p.Title = "Really?" })), "n1"},
		"another consequence":    {h.ada, overwriting(anybodys, shows(func(p *policy.Preview) { p.Consequences[1] = "c" })), "n1"},
		"fewer consequences":     {h.ada, overwriting(anybodys, shows(func(p *policy.Preview) { p.Consequences = p.Consequences[:1] })), "n1"},
		"consequences joined":    {h.ada, overwriting(anybodys, shows(func(p *policy.Preview) { p.Consequences = []string{"ab"} })), "n1"},
		"another fact":           {h.ada, overwriting(anybodys, shows(func(p *policy.Preview) { p.Facts[0].Value = "z" })), "n1"},
		"a fact by another name": {h.ada, overwriting(anybodys, shows(func(p *policy.Preview) { p.Facts[0].Name = "z" })), "n1"},
		"no facts":               {h.ada, overwriting(anybodys, shows(func(p *policy.Preview) { p.Facts = nil })), "n1"},
	}
	for one, a := range attempts {
		_, yes := h.ask(a.actor, a.spec, a.id)
		for other, b := range attempts {
			if one == other {
				continue
			}
			refused(t, h.edit(b.actor, b.spec, b.id, "new", yes), policy.CodeConfirmationStale, "%s confirmed %s", one, other)
		}
	}
	_, yes := h.ask(base.actor, base.spec, base.id)
	base.actor.Session, base.actor.Device, base.actor.Roles = "", h.Device(h.ada, "laptop"), []policy.Role{policy.GlobalReader}
	require.NoError(t, h.edit(base.actor, base.spec, base.id, "new", yes), "it is the person's, from wherever they act")
}

func TestAConfirmationIsNotForged(t *testing.T) {
	h := newHouse(t)
	sp := overwriting()
	_, yes := h.ask(h.ada, sp, "n1")
	text := string(yes)
	for _, forged := range []string{"yes", "yes.", "true", " ", "\x00", text[:len(text)-1], text + "A", text + "\n", " " + text, strings.ToUpper(text),
		strings.TrimPrefix(text, "yes."), "no." + strings.TrimPrefix(text, "yes."), text + text} {
		refused(t, h.edit(h.ada, sp, "n1", "beer", policy.Confirmation(forged)), policy.CodeConfirmationStale, "%q", forged)
	}
	require.Equal(t, "milk", h.text("n1"))
}

func TestAConfirmationTravelsThroughAFormAndJSON(t *testing.T) {
	h := newHouse(t)
	sp := overwriting()
	_, yes := h.ask(h.ada, sp, "n1")
	require.Regexp(t, `^yes\.[A-Za-z0-9_-]{22}$`, string(yes))

	form, err := url.ParseQuery(url.Values{"confirm": {string(yes)}}.Encode())
	require.NoError(t, err)
	require.Equal(t, string(yes), url.QueryEscape(string(yes)), "nothing in it needs an escape")
	b, err := json.Marshal(map[string]policy.Confirmation{"confirm": policy.Confirmation(form.Get("confirm"))})
	require.NoError(t, err)
	var body struct{ Confirm policy.Confirmation }
	require.NoError(t, json.Unmarshal(b, &body))
	require.NoError(t, h.edit(h.ada, sp, "n1", "beer", body.Confirm))
}

func TestAPreviewIsData(t *testing.T) {
	h := newHouse(t)
	p, _ := h.ask(h.ada, overwriting(), "n1")
	b, err := json.Marshal(p)
	require.NoError(t, err)
	require.JSONEq(t, `{"action":"notes.edit","target":{"kind":"note","id":"n1"},"title":"Overwrite the note?",
		"consequences":["The text is lost: milk"],"facts":[{"name":"text","value":"milk"}]}`, string(b))
}

func TestAHostConfirmsNothing(t *testing.T) {
	h := newHouse(t)
	sp := overwriting(func(sp *noteSpec) { sp.By = policy.ByHost | policy.ByPerson })
	require.NoError(t, h.edit(h.Host, sp, "n1", "beer", ""), "a program has no consent to give")
	refused(t, h.edit(h.ada, sp, "n1", "wine", ""), policy.CodeConfirmationMissing)
}

func TestARuleThatNeedsNoConfirmationTakesAny(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.edit(h.ada, editing(func(sp *noteSpec) { sp.Preview = nil }), "n1", "beer", "yes.whatever"))
}
