package policy_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/policy"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// allFactors are the factors, and one that there is not.
var allFactors = []policy.Factor{
	policy.FactorPassword, policy.FactorOTP, policy.FactorPhone, policy.FactorPush, policy.FactorLookup, policy.FactorSecurityKey,
	policy.FactorPasskey, policy.FactorHardwarePasskey, policy.FactorRecovery, policy.FactorRecovery + 1, 0,
}

func TestAssuranceFollowsNIST(t *testing.T) {
	// NIST SP 800-63B: a level needs two different kinds of factor, known and held, or an authenticator that
	// is both; the third needs cryptographic hardware in it. The table has each factor with each.
	const (
		n = policy.AAL0
		l = policy.AAL1
		m = policy.AAL2
		h = policy.AAL3
	)
	want := [...][11]policy.Level{ //    pw otp phone push lookup key passkey hw recovery unknown zero
		/* password         */ {l, m, m, m, m, h, m, h, l, l, l},
		/* otp              */ {m, l, l, l, l, l, m, h, l, l, l},
		/* phone            */ {m, l, l, l, l, l, m, h, l, l, l},
		/* push             */ {m, l, l, l, l, l, m, h, l, l, l},
		/* lookup           */ {m, l, l, l, l, l, m, h, l, l, l},
		/* security key     */ {h, l, l, l, l, l, h, h, l, l, l},
		/* passkey          */ {m, m, m, m, m, h, m, h, m, m, m},
		/* hardware passkey */ {h, h, h, h, h, h, h, h, h, h, h},
		/* recovery         */ {l, l, l, l, l, l, m, h, n, n, n},
		/* unknown          */ {l, l, l, l, l, l, m, h, n, n, n},
		/* zero             */ {l, l, l, l, l, l, m, h, n, n, n},
	}
	for i, one := range allFactors {
		for j, other := range allFactors {
			// On the diagonal the same factor twice is what it is once: never two factors.
			require.Equal(t, want[i][j], policy.Assurance(proofs(noon, one, other), noon, time.Minute), "%v and %v", one, other)
		}
		require.Equal(t, want[i][i], policy.Assurance(proofs(noon, one), noon, time.Minute), "%v alone", one)
	}
	require.Equal(t, policy.AAL0, policy.Assurance(nil, noon, 0), "nothing proves nothing")
	require.Equal(t, policy.AAL1, policy.Assurance(proofs(noon, policy.FactorOTP, policy.FactorPhone, policy.FactorPush,
		policy.FactorLookup, policy.FactorSecurityKey, policy.FactorRecovery), noon, 0), "however many things are held")
}

func TestAProofCountsUntilItIsOlderThanAsked(t *testing.T) {
	for name, c := range map[string]struct {
		at     time.Time
		maxAge time.Duration
		want   policy.Level
	}{
		"just now":                              {noon, 15 * time.Minute, policy.AAL1},
		"a moment before the boundary":          {noon.Add(-15*time.Minute + 1), 15 * time.Minute, policy.AAL1},
		"at the boundary":                       {noon.Add(-15 * time.Minute), 15 * time.Minute, policy.AAL1},
		"a moment after the boundary":           {noon.Add(-15*time.Minute - 1), 15 * time.Minute, policy.AAL0},
		"any age":                               {noon.AddDate(-50, 0, 0), 0, policy.AAL1},
		"the shortest age":                      {noon.Add(-2), 1, policy.AAL0},
		"from a clock that goes a little ahead": {noon.Add(time.Minute), 15 * time.Minute, policy.AAL1},
		"from the future":                       {noon.Add(time.Minute + 1), 15 * time.Minute, policy.AAL0},
		"from the future, of any age":           {noon.Add(time.Minute + 1), 0, policy.AAL0},
		"from a far future":                     {noon.AddDate(5000, 0, 0), 0, policy.AAL0},
		"at no time":                            {time.Time{}, 0, policy.AAL0},
		"in another zone":                       {noon.Add(-time.Minute).In(time.FixedZone("x", 3600)), 15 * time.Minute, policy.AAL1},
	} {
		require.Equal(t, c.want, policy.Assurance(proofs(c.at, policy.FactorPassword), noon, c.maxAge), name)
	}
}

func TestEachProofIsAsFreshAsItself(t *testing.T) {
	session := append(proofs(noon.Add(-8*time.Hour), policy.FactorPassword), proofs(noon, policy.FactorOTP)...)
	require.Equal(t, policy.AAL2, policy.Assurance(session, noon, 0))
	require.Equal(t, policy.AAL1, policy.Assurance(session, noon, 15*time.Minute), "a fresh code does not refresh the password")
}

func drawProofs(t *rapid.T, name string) []policy.Proof {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) policy.Proof {
		return policy.Proof{Factor: rapid.SampledFrom(allFactors).Draw(t, "factor"),
			At: noon.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes ago")) * time.Minute)}
	}), 0, 6).Draw(t, name)
}

func TestAssuranceIsMonotonous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, more := drawProofs(t, "have"), drawProofs(t, "more")
		maxAge := time.Duration(rapid.IntRange(0, 60).Draw(t, "max age")) * time.Minute
		level := policy.Assurance(have, noon, maxAge)

		if got := policy.Assurance(slices.Concat(have, more), noon, maxAge); got < level {
			t.Fatalf("%v more proofs lowered %v to %v", more, level, got)
		}
		later := noon.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "later")) * time.Minute)
		if got := policy.Assurance(have, later, maxAge); got > level {
			t.Fatalf("growing older raised %v to %v", level, got)
		}
		if got := policy.Assurance(slices.Concat(have, have, have), noon, maxAge); got != level {
			t.Fatalf("the same proofs again made %v of %v", got, level)
		}
		reversed := slices.Clone(have)
		slices.Reverse(reversed)
		if got := policy.Assurance(reversed, noon, maxAge); got != level {
			t.Fatalf("another order made %v of %v", got, level)
		}
		if got := policy.Assurance(have, noon, 0); got < level {
			t.Fatalf("asking for no age lowered %v to %v", level, got)
		}
		if maxAge > 0 && policy.Assurance(have, noon, maxAge+time.Minute) < level {
			t.Fatalf("asking for less freshness lowered %v", level)
		}
	})
}

func TestFactorsAndLevelsHaveNamesForTokens(t *testing.T) {
	for f, name := range map[policy.Factor]string{
		policy.FactorPassword: "password", policy.FactorOTP: "otp", policy.FactorPhone: "phone", policy.FactorPush: "push",
		policy.FactorLookup: "lookup", policy.FactorSecurityKey: "security-key", policy.FactorPasskey: "passkey",
		policy.FactorHardwarePasskey: "hardware-passkey", policy.FactorRecovery: "recovery",
	} {
		namedAs(t, f, name)
	}
	for l, name := range map[policy.Level]string{policy.AAL0: "aal0", policy.AAL1: "aal1", policy.AAL2: "aal2", policy.AAL3: "aal3"} {
		namedAs(t, l, name)
	}
	var f policy.Factor
	require.Error(t, f.UnmarshalText([]byte("telepathy")))
	var l policy.Level
	require.Error(t, l.UnmarshalText([]byte("aal4")))
	require.Error(t, l.UnmarshalText([]byte("AAL2")), "names are exact")
	require.NoError(t, l.UnmarshalText(nil))
	require.Equal(t, policy.AAL0, l, "no text is no proof")
}

// namedAs checks that v has a name in print and in JSON and is read back from it.
func namedAs[E comparable](t *testing.T, v E, name string) {
	t.Helper()
	b, err := json.Marshal([]E{v})
	require.NoError(t, err)
	require.JSONEq(t, `["`+name+`"]`, string(b))
	var back []E
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, []E{v}, back)
	s, ok := any(v).(interface{ String() string })
	require.True(t, ok)
	require.Equal(t, name, s.String())
}
