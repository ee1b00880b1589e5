package password_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
)

func TestATenantWithoutSettingsHasTheNumbersOfNISTAndEntra(t *testing.T) {
	require.Equal(t, password.Rules{MinAlone: 15, MinWithSecondFactor: 8}, password.RulesOf(policy.Settings{}))
	require.Equal(t, password.Lockout{Threshold: 10, First: time.Minute, Limit: 100}, password.LockoutOf(policy.Settings{}))
}

func TestATenantSetsItsRulesAndItsLockout(t *testing.T) {
	s := policy.Settings{}.WithValue(password.MinLengthAlone, 20).WithValue(password.MinLengthWithSecondFactor, 12).WithValue(password.OlderRules, 1).
		WithValue(password.LockoutThreshold, 3).WithValue(password.LockoutSeconds, 300).WithValue(password.MaxFailures, 50)
	require.Equal(t, password.Rules{MinAlone: 20, MinWithSecondFactor: 12, Classes: 3, NotCurrent: true}, password.RulesOf(s))
	require.Equal(t, password.Lockout{Threshold: 3, First: 5 * time.Minute, Limit: 50}, password.LockoutOf(s))
}

func TestOfTheSettingsThoseOfTheLockoutMayNeedALicence(t *testing.T) {
	for _, s := range password.Settings() {
		custom := s == password.LockoutThreshold || s == password.LockoutSeconds
		require.Equal(t, custom, s.Area == password.AreaProtection, s.Name)
		require.Equal(t, custom, s.Area != "", s.Name)
	}
}

func TestNoSettingIsLaxerThanNISTWhateverTheRowSays(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range password.Settings() {
		require.True(t, strings.HasPrefix(s.Name, "password."), s.Name)
		require.False(t, names[s.Name], s.Name)
		names[s.Name] = true
		require.False(t, s.NoLimit, s.Name)
		require.NotEmpty(t, s.What)
		require.True(t, s.Min <= s.Default && s.Default <= s.Max, s.Name)
	}
	require.Len(t, names, 7)
	for _, v := range []int{math.MinInt, -1, 0, math.MaxInt} {
		s := policy.Settings{}
		for _, of := range password.Settings() {
			s = s.WithValue(of, v)
		}
		r, l := password.RulesOf(s), password.LockoutOf(s)
		require.True(t, r.MinAlone >= 15 && r.MinAlone <= 64 && r.MinWithSecondFactor >= 8 && r.MinWithSecondFactor <= 64, "%+v", r)
		require.True(t, l.Threshold >= 1 && l.Threshold <= 100 && l.Limit >= 10 && l.Limit <= 100 && l.First >= 30*time.Second, "%+v", l)
	}
}
