package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/policy"
)

func TestAnAreaIsOffReadOnlyOrOpen(t *testing.T) {
	for access, name := range map[policy.Access]string{policy.Off: "off", policy.ReadOnly: "read-only", policy.Edit: "edit"} {
		namedAs(t, access, name)
		require.Equal(t, access, policy.Settings{}.WithAccess(areaNotes, access).Access(areaNotes))
	}
	require.Equal(t, policy.Edit, policy.Settings{}.Access(areaNotes), "what nobody locked is open")
	require.True(t, policy.Off < policy.ReadOnly && policy.ReadOnly < policy.Edit, "rules compare them")
	var a policy.Access
	require.Error(t, a.UnmarshalText([]byte("open")))
	require.NoError(t, a.UnmarshalText(nil))
	require.Equal(t, policy.Off, a, "what says nothing opens nothing")
}

func TestAnInnerAreaIsNeverMoreOpenThanTheOnesAroundIt(t *testing.T) {
	areas := []policy.Area{"a", "a.b", "a.b.c", "a.bb", "ab", "a.b.c.d"}
	rapid.Check(t, func(t *rapid.T) {
		var s policy.Settings
		set := make(map[policy.Area]policy.Access)
		for _, a := range rapid.SliceOf(rapid.SampledFrom(areas)).Draw(t, "areas") {
			set[a] = rapid.SampledFrom([]policy.Access{policy.Off, policy.ReadOnly, policy.Edit}).Draw(t, string(a))
			s = s.WithAccess(a, set[a])
		}
		for _, a := range areas {
			want := policy.Edit
			for around, access := range set {
				if a == around || strings.HasPrefix(string(a), string(around)+".") {
					want = min(want, access)
				}
			}
			if got := s.Access(a); got != want {
				t.Fatalf("%q is %v, want %v of %v", a, got, want, set)
			}
		}
	})
}

func TestLocksRefuseByHowFarTheAreaIsOpen(t *testing.T) {
	h := newHouse(t)
	look := editing(func(sp *noteSpec) { sp.Area, sp.Access = areaPrivate, policy.ReadOnly })
	edit := editing(func(sp *noteSpec) { sp.Area = areaPrivate })
	for _, c := range []struct {
		outer, inner policy.Access
		look, edit   policy.Code
		what         policy.Area
	}{
		{policy.Edit, policy.Edit, "", "", ""},
		{policy.ReadOnly, policy.Edit, "", policy.CodeAreaReadOnly, areaPrivate},
		{policy.Edit, policy.ReadOnly, "", policy.CodeAreaReadOnly, areaPrivate},
		{policy.Off, policy.Edit, policy.CodeAreaOff, policy.CodeAreaOff, areaPrivate},
		{policy.ReadOnly, policy.Off, policy.CodeAreaOff, policy.CodeAreaOff, areaPrivate},
	} {
		require.NoError(t, h.admin.SetAccess(ctx, h.Host, areaNotes, c.outer))
		require.NoError(t, h.admin.SetAccess(ctx, h.Host, areaPrivate, c.inner))
		for sp, code := range map[*noteSpec]policy.Code{look: c.look, edit: c.edit} {
			d, err := policy.Can(ctx, h.guard, h.notes, h.ada, sp, onNote("n1"))
			require.NoError(t, err)
			require.Equal(t, code, d.Reason().Code, "%v around %v, needing %v", c.outer, c.inner, sp.Access)
			require.Equal(t, code == "", d.Allowed)
			if code != "" {
				require.Equal(t, string(c.what), d.Reason().What, "the reason says which area")
			}
		}
	}
}

func TestLicencesAreNeededByRulesAndByAreas(t *testing.T) {
	h := newHouse(t)
	sp := editing(func(sp *noteSpec) { sp.Area, sp.License = areaPrivate, "Base" })
	missing := func() string {
		t.Helper()
		d, err := policy.Can(ctx, h.guard, h.notes, h.ada, sp, onNote("n1"))
		require.NoError(t, err)
		require.Equal(t, !d.Allowed, d.Reason().Code == policy.CodeNotLicensed)
		return d.Reason().What
	}
	require.Equal(t, "Base", missing(), "the rule's own")
	require.NoError(t, h.admin.Grant(ctx, h.Host, "Base"))
	require.Empty(t, missing())

	require.NoError(t, h.admin.Require(ctx, h.Host, areaNotes, "P1"))
	require.NoError(t, h.admin.Require(ctx, h.Host, areaPrivate, "P2"))
	require.Equal(t, "P2", missing())
	require.NoError(t, h.admin.Grant(ctx, h.Host, "P2"))
	require.Equal(t, "P1", missing(), "the inner licence does not open what the outer one closes")
	require.NoError(t, h.admin.Grant(ctx, h.Host, "P1"))
	require.Empty(t, missing())
	require.NoError(t, h.admin.Withdraw(ctx, h.Host, "P2"))
	require.Equal(t, "P2", missing())
	require.NoError(t, h.admin.Require(ctx, h.Host, areaPrivate, ""))
	require.Empty(t, missing(), "an empty licence demands none")

	s, err := h.admin.Settings(ctx, h.Host)
	require.NoError(t, err)
	require.Equal(t, []policy.License{"Base", "P1"}, s.Licenses())
	require.Equal(t, policy.License("P1"), s.Needs(areaPrivate), "the nearest one around")
	require.Equal(t, policy.License(""), s.Needs("notesother"))
}

func TestAValueIsTheTenantsOrTheDefault(t *testing.T) {
	var s policy.Settings
	require.Equal(t, 2, s.Value(perHour))
	require.True(t, s.Yes(mayWrite))
	s = s.WithValue(perHour, policy.Unlimited).WithValue(mayWrite, 0)
	require.Equal(t, policy.Unlimited, s.Value(perHour))
	require.False(t, s.Yes(mayWrite))
	require.Equal(t, 0, s.Value(mayWrite), "zero is a value and not the default")
}

// drawSettings is any settings.
func drawSettings(t *rapid.T) policy.Settings {
	s := policy.Settings{Tenant: policy.TenantID(rapid.String().Draw(t, "tenant")), TurnedOn: rapid.Bool().Draw(t, "on"),
		Contact: rapid.String().Draw(t, "contact"), Revision: 7}
	for range rapid.IntRange(0, 6).Draw(t, "changes") {
		switch name := rapid.SampledFrom([]string{"a", "a.b", "c"}).Draw(t, "name"); rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			s = s.WithAccess(policy.Area(name), rapid.SampledFrom([]policy.Access{policy.Off, policy.ReadOnly, policy.Edit}).Draw(t, "access"))
		case 1:
			s = s.WithNeed(policy.Area(name), policy.License(rapid.SampledFrom([]string{"", "P1"}).Draw(t, "need")))
		case 2:
			s = s.WithLicense(policy.License(name), rapid.Bool().Draw(t, "granted"))
		case 3:
			s = s.WithValue(policy.Setting{Name: name}, rapid.Int().Draw(t, "value"))
		}
	}
	return s
}

func TestSettingsAreAnImmutableValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		before, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, changed := range []policy.Settings{
			s.WithAccess("a", policy.Off), s.WithAccess("a", policy.ReadOnly), s.WithAccess("new", policy.Off),
			s.WithNeed("a", "P7"), s.WithNeed("new", "P7"), s.WithLicense("a", true), s.WithLicense("a", false), s.WithLicense("new", true),
			s.WithValue(policy.Setting{Name: "a"}, 41), s.WithValue(policy.Setting{Name: "new"}, 41),
		} {
			_ = changed.WithAccess("x", policy.Off).WithNeed("x", "P1").WithLicense("x", true).WithValue(policy.Setting{Name: "x"}, 1)
		}
		licences := s.Licenses()
		for i := range licences {
			licences[i] = "stolen"
		}
		after, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(before), string(after)); diff != "" {
			t.Fatalf("a copy changed the original: %s", diff)
		}
	})
}

func TestSettingsSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back policy.Settings
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if !s.Equal(back) || !back.Equal(s) {
			t.Fatalf("%s came back as another", b)
		}
		if diff := cmp.Diff(s, back); diff != "" {
			t.Fatal(diff)
		}
	})
	s := policy.Settings{Tenant: contoso, Revision: 7, TurnedOn: true, Contact: "the help desk"}.
		WithAccess(areaNotes, policy.ReadOnly).WithNeed(areaNotes, "P1").WithLicense("P2", true).WithValue(perHour, -1)
	b, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{"tenant":"contoso","revision":7,"turnedOn":true,"contact":"the help desk","access":{"notes":"read-only"},
		"needs":{"notes":"P1"},"licenses":{"P2":true},"values":{"notes.per-hour":-1}}`, string(b))

	kept := s
	for _, bad := range []string{`[]`, `{"access":{"notes":"wide open"}}`, `{"values":{"n":"many"}}`, `{"revision":-1}`} {
		require.Error(t, json.Unmarshal([]byte(bad), &s), bad)
		require.True(t, s.Equal(kept), "%s left half of it", bad)
	}
}

func TestSettingsAreEqualIfTheySayTheSame(t *testing.T) {
	base := func() policy.Settings {
		return policy.Settings{Tenant: contoso, Revision: 7, TurnedOn: true, Contact: "desk"}.
			WithAccess(areaNotes, policy.ReadOnly).WithNeed(areaNotes, "P1").WithLicense("P2", true).WithValue(perHour, 3)
	}
	require.True(t, base().Equal(base()))
	for what, other := range map[string]policy.Settings{
		"tenant":   func() policy.Settings { s := base(); s.Tenant = fabrikam; return s }(),
		"revision": func() policy.Settings { s := base(); s.Revision++; return s }(),
		"switch":   func() policy.Settings { s := base(); s.TurnedOn = false; return s }(),
		"contact":  func() policy.Settings { s := base(); s.Contact = ""; return s }(),
		"access":   base().WithAccess(areaNotes, policy.Off), "another area": base().WithAccess(areaPrivate, policy.Off),
		"need": base().WithNeed(areaNotes, "P3"), "licence": base().WithLicense("P2", false), "another licence": base().WithLicense("P3", true),
		"value": base().WithValue(perHour, 4), "another value": base().WithValue(mayWrite, 0), "zero": {},
	} {
		require.False(t, base().Equal(other), what)
		require.False(t, other.Equal(base()), what)
	}
}
