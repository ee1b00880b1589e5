package policy_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
)

// encodable reports what in a type could fail to encode, such as a number that is none.
func encodable(t reflect.Type, path string) []string {
	switch {
	case t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[netip.Addr]():
		return nil
	case t.Kind() == reflect.Struct:
		var bad []string
		for i := range t.NumField() {
			bad = append(bad, encodable(t.Field(i).Type, path+"."+t.Field(i).Name)...)
		}
		return bad
	case t.Kind() == reflect.Slice:
		return encodable(t.Elem(), path+"[]")
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Uint64:
		return nil
	}
	return []string{path + " is " + t.String()}
}

func TestNoValueKeepsAnEventFromBeingWritten(t *testing.T) {
	require.Empty(t, encodable(reflect.TypeFor[policy.Event](), "Event"), "an attacker who picks the value would drop the record")
	require.NotEmpty(t, encodable(reflect.TypeFor[struct{ X []float64 }](), "X"), "the search finds them")
}

func TestAnEventsJSONIsStable(t *testing.T) {
	e := policy.Event{
		Tenant: contoso, Account: "ada", Seq: 7, Operation: "op-1", At: noon,
		By: policy.Principal{Kind: policy.PersonPrincipal, ID: "root"}, Roles: []policy.Role{policy.GlobalAdministrator}, Session: "s1",
		Device: "laptop", Address: netip.MustParseAddr("192.0.2.1"), Action: editNote, Activity: "Edit note", Category: "Notes",
		Target: onNote("n1"), Facts: []policy.Fact{{Name: "to", Value: "\u202Ex"}}, Outcome: policy.Refused, Reason: codeDone, Count: 2,
		First: noon, Revision: 3, Notify: true,
	}
	b, err := json.Marshal(e)
	require.NoError(t, err)
	require.JSONEq(t, `{"tenant":"contoso","account":"ada","seq":7,"operation":"op-1","at":"2026-01-05T12:00:00Z",
		"by":{"kind":"person","id":"root"},"roles":["Global Administrator"],"session":"s1","device":"laptop","address":"192.0.2.1",
		"action":"notes.edit","activity":"Edit note","category":"Notes","target":{"kind":"note","id":"n1"},
		"facts":[{"name":"to","value":"\u202ex"}],"outcome":"refused","reason":"note-done","count":2,"first":"2026-01-05T12:00:00Z",
		"revision":3,"notify":true}`, string(b))
	var back policy.Event
	require.NoError(t, json.Unmarshal(b, &back))
	require.Empty(t, cmp.Diff(e, back, cmpopts.EquateComparable(netip.Addr{})))

	b, err = json.Marshal(policy.Event{Tenant: contoso, At: noon, First: noon})
	require.NoError(t, err)
	require.JSONEq(t, `{"tenant":"contoso","seq":0,"operation":"","at":"2026-01-05T12:00:00Z","by":{},"action":"","activity":"","category":"",
		"target":{},"outcome":"","count":0,"first":"2026-01-05T12:00:00Z"}`, string(b), "what is not there is left out")
}

func TestEventsAreAlikeByActorActionReasonAndTarget(t *testing.T) {
	base := policy.Event{Outcome: policy.Refused, Action: editNote, Reason: codeDone, Target: onNote("n1"),
		By: policy.Principal{Kind: policy.PersonPrincipal, ID: "ada"}}
	with := func(change func(*policy.Event)) policy.Event {
		e := base
		change(&e)
		return e
	}
	for name, same := range map[string]policy.Event{
		"itself":            base,
		"from elsewhere":    with(func(e *policy.Event) { e.Session, e.Device, e.At, e.Operation, e.Count = "s", "d", noon, "op", 9 }),
		"with other roles":  with(func(e *policy.Event) { e.Roles = []policy.Role{policy.GlobalReader} }),
		"in the same words": with(func(e *policy.Event) { e.Activity, e.Facts = "x", []policy.Fact{{Name: "a"}} }),
	} {
		require.True(t, base.Alike(same) && same.Alike(base), name)
	}
	for name, other := range map[string]policy.Event{
		"another action": with(func(e *policy.Event) { e.Action = "notes.burn" }),
		"another reason": with(func(e *policy.Event) { e.Reason = "other" }),
		"another note":   with(func(e *policy.Event) { e.Target.ID = "n2" }),
		"another kind":   with(func(e *policy.Event) { e.Target.Kind = "page" }),
		"another person": with(func(e *policy.Event) { e.By.ID = "bob" }),
		"a host":         with(func(e *policy.Event) { e.By.Kind = policy.HostPrincipal }),
		"a success":      with(func(e *policy.Event) { e.Outcome = policy.Succeeded }),
		"a failure":      with(func(e *policy.Event) { e.Outcome = policy.Failed }),
		"a moved border": with(func(e *policy.Event) { e.Action, e.Reason = editNote+"n", codeDone[1:] }),
	} {
		require.False(t, base.Alike(other) || other.Alike(base), name)
	}
	success := with(func(e *policy.Event) { e.Outcome = policy.Succeeded })
	require.False(t, success.Alike(success), "what succeeded is never collapsed")
	require.Empty(t, success.LikenessKey())
	// A refusal before its target was looked at is the same for each target, of which there are any number.
	for _, code := range []policy.Code{policy.CodeNoActor, policy.CodeUnknownTenant, policy.CodeUnknownAccount, policy.CodeAccountNotActive,
		policy.CodeSessionEnded, policy.CodeUnknownDevice, policy.CodeDeviceDisabled, policy.CodeNotPermitted, policy.CodeNotFound} {
		one := with(func(e *policy.Event) { e.Reason = code })
		other := with(func(e *policy.Event) { e.Reason, e.Target = code, policy.On("page", "p1") })
		require.True(t, one.Alike(other), code)
		other.By.ID = "bob"
		require.Equal(t, code == policy.CodeUnknownAccount, one.Alike(other), "%s: accounts that do not exist are all one", code)
	}
}

func TestAClonedEventSharesNothing(t *testing.T) {
	e := policy.Event{Roles: []policy.Role{"a"}, Facts: []policy.Fact{{Name: "b"}}}
	c := e.Clone()
	c.Roles[0], c.Facts[0].Name = "x", "x"
	require.Equal(t, policy.Role("a"), e.Roles[0])
	require.Equal(t, "b", e.Facts[0].Name)
	u := policy.Usage{Times: []time.Time{noon}}
	u.Clone().Times[0] = time.Time{}
	require.Equal(t, noon, u.Times[0])
}
