package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
)

const day = 24 * time.Hour

func TestASessionLastsAsLongAsNISTAllowsAtItsLevel(t *testing.T) {
	for level, limit := range map[policy.Level]struct{ overall, idle time.Duration }{
		policy.AAL0: {12 * time.Hour, 15 * time.Minute},
		policy.AAL1: {30 * day, 30 * day},
		policy.AAL2: {day, time.Hour},
		policy.AAL3: {12 * time.Hour, 15 * time.Minute},
	} {
		overall, idle := policy.Settings{}.SessionLimits(level)
		require.Equal(t, limit.overall, overall, level.String())
		require.Equal(t, limit.idle, idle, level.String())

		s := policy.Session{StartedAt: noon, AuthenticatedAt: noon, SeenAt: noon, Level: level}
		alive := func(now time.Time) bool { return s.AliveUnder(policy.Standing{}, policy.Settings{}, now) }
		require.True(t, alive(noon.Add(limit.idle-time.Microsecond)), level.String())
		require.False(t, alive(noon.Add(limit.idle)), "idle at %s", level)
		s.SeenAt = noon.Add(limit.overall - time.Microsecond)
		require.True(t, alive(noon.Add(limit.overall-time.Microsecond)), level.String())
		require.False(t, alive(noon.Add(limit.overall)), "no activity moves the overall limit at %s", level)
	}
}

func TestATenantCanOnlyShortenSessions(t *testing.T) {
	h := newHouse(t)
	start := h.Clock.Now()
	h.session(policy.Session{Tenant: contoso, Account: "ada", ID: "s1", StartedAt: start, AuthenticatedAt: start, SeenAt: start, Level: policy.AAL2})
	h.ada.Session = "s1"
	for _, s := range policy.OwnSettings() {
		if s.Name == policy.EventRetention.Name {
			continue
		}
		require.Equal(t, s.Max, s.Default, "the default is the most that is allowed: %s", s.Name)
		require.False(t, s.NoLimit, s.Name)
		require.Error(t, h.admin.Set(ctx, h.Host, s, s.Max+1), s.Name)
	}
	h.Clock.Advance(20 * time.Minute)
	h.admitted(t, h.ada)
	require.NoError(t, h.admin.Set(ctx, h.Host, policy.AAL2IdleMinutes, 20))
	h.notAdmitted(t, h.ada, policy.CodeSessionEnded)
	require.NoError(t, h.admin.Set(ctx, h.Host, policy.AAL2IdleMinutes, 21))
	h.admitted(t, h.ada)
}
