package signins_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// The life of sessions: whatever is done with them in whatever order, and however the clock goes, a session
// lives within the limits of all that was proven in it, and what was ended stays ended.

// reach is the level of factors, told by other means than package policy.
func reach(proofs []policy.Proof) policy.Level {
	has := func(factors ...policy.Factor) bool {
		return slices.ContainsFunc(proofs, func(p policy.Proof) bool { return slices.Contains(factors, p.Factor) })
	}
	key := has(policy.FactorSecurityKey)
	held := key || has(policy.FactorOTP, policy.FactorPhone, policy.FactorPush, policy.FactorLookup)
	switch known := has(policy.FactorPassword); {
	case has(policy.FactorHardwarePasskey), key && (known || has(policy.FactorPasskey)):
		return policy.AAL3
	case has(policy.FactorPasskey), known && held:
		return policy.AAL2
	case known || held:
		return policy.AAL1
	}
	return policy.AAL0
}

// limits are those of NIST SP 800-63B-4 by level.
var limits = map[policy.Level]struct{ overall, idle time.Duration }{
	policy.AAL0: {12 * time.Hour, 15 * time.Minute}, policy.AAL1: {30 * day, 30 * day},
	policy.AAL2: {day, time.Hour}, policy.AAL3: {12 * time.Hour, 15 * time.Minute},
}

// life is the world of one try, and what was given out in it.
type life struct {
	*accounttest.World
	t      *testing.T
	given  []signins.Started
	ended  map[policy.SessionID]bool
	dead   []bool // the tokens that were replaced, by their place in given
	proven int    // how often a proof made the overall limit begin anew
}

func (l *life) give(s signins.Started) {
	l.given, l.dead = append(l.given, s), append(l.dead, false)
}

func (l *life) row(s signins.Started) policy.Session {
	return stored(l.t, l.DB, "ada", s.Actor.Session)
}

func (l *life) lives(i int) bool {
	s := l.row(l.given[i])
	latest := l.Clock.Now().Add(time.Minute)
	return !l.dead[i] && !l.ended[s.ID] && !ranOut(s, l.Clock.Now()) && !s.AuthenticatedAt.After(latest) && !s.SeenAt.After(latest)
}

func (l *life) proof(rt *rapid.T) policy.Proof {
	age := rapid.SampledFrom([]time.Duration{0, 0, 0, time.Minute, time.Hour, 2 * day, -2 * time.Hour, -day}).Draw(rt, "age")
	return policy.Proof{Factor: policy.Factor(rapid.Uint8Range(1, 9).Draw(rt, "factor")), At: l.Clock.Now().Add(-age)}
}

func (l *life) any(rt *rapid.T) int {
	if len(l.given) == 0 {
		l.give(l.Session(l.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"})))
	}
	return rapid.IntRange(0, len(l.given)-1).Draw(rt, "which")
}

func (l *life) start(rt *rapid.T) {
	n := signins.NewSession{Account: "ada", Proofs: rapid.SliceOfN(rapid.Custom(l.proof), 1, 3).Draw(rt, "proofs")}
	st, err := l.App.Host.Accounts.Account(l.t.Context(), l.Host, "ada")
	require.NoError(rt, err)
	s, err := l.App.Host.SignIns.Start(l.t.Context(), l.Host, n)
	old := func(p policy.Proof) bool { return p.At.Before(st.SessionsValidFrom) }
	if l.Clock.Now().After(st.SessionsValidFrom.Add(-time.Minute)) && slices.ContainsFunc(n.Proofs, old) {
		require.Equal(rt, signins.CodeProvenBefore, codeOf(err))
		return
	}
	at := l.full(n.Proofs)
	if !l.Clock.Now().Before(at.Add(limits[reach(n.Proofs)].overall)) {
		require.Equal(rt, signins.CodeProvenLongAgo, codeOf(err))
		return
	}
	if reach(n.Proofs) == policy.AAL0 {
		require.Equal(rt, signins.CodeProvesNothing, codeOf(err))
		return
	}
	require.NoError(rt, err)
	for _, g := range l.given { // what ran out is over for good, however the clock goes from now on
		if row := l.row(g); !row.EndedAt.IsZero() && !l.ended[row.ID] {
			require.True(rt, ranOut(row, l.Clock.Now()), "it ended by itself")
			l.ended[row.ID] = true
		}
		require.True(rt, l.ended[g.Actor.Session] || !ranOut(l.row(g), l.Clock.Now()), "what ran out is retired")
	}
	require.Equal(rt, at, l.row(s).AuthenticatedAt)
	l.give(s)
}

// full is the newest time from which on proofs reach their level, and never in the future.
func (l *life) full(proofs []policy.Proof) (at time.Time) {
	for _, p := range proofs {
		before := func(other policy.Proof) bool { return other.At.Before(p.At) }
		if p.At.After(at) && reach(slices.DeleteFunc(slices.Clone(proofs), before)) == reach(proofs) {
			at = p.At
		}
	}
	if now := l.Clock.Now(); at.After(now) {
		return now
	}
	return at
}

// ranOut tells whether a limit of a session's level is over, the limits being the defaults all the time.
func ranOut(s policy.Session, now time.Time) bool {
	limit := limits[reach(s.Proofs)]
	return !now.Before(s.AuthenticatedAt.Add(limit.overall)) || !now.Before(s.SeenAt.Add(limit.idle))
}

func (l *life) prove(rt *rapid.T) {
	i, p := l.any(rt), l.proof(rt)
	lives, before, given := l.lives(i), l.row(l.given[i]), p
	same := func(old policy.Proof) bool { return old.Factor == p.Factor }
	ahead := func(p policy.Proof) bool { return p.At.After(l.Clock.Now().Add(time.Minute)) }
	if k := slices.IndexFunc(before.Proofs, same); k >= 0 && !ahead(before.Proofs[k]) && (p.At.Before(before.Proofs[k].At) || ahead(p)) {
		p = before.Proofs[k] // older, or of a clock that is ahead
	}
	proofs := append(slices.DeleteFunc(slices.Clone(before.Proofs), same), p)
	at := l.full(proofs)
	if reach(proofs) > before.Level { // the proof completes what was shown before
		at = l.full([]policy.Proof{p})
	}
	if at.Before(before.AuthenticatedAt) {
		at = before.AuthenticatedAt
	}
	tooOld := !l.Clock.Now().Before(at.Add(limits[reach(proofs)].overall))
	st, err := l.App.Host.Accounts.Account(l.t.Context(), l.Host, "ada")
	require.NoError(rt, err)
	halfDone := given.At.Before(st.SessionsValidFrom) && l.Clock.Now().After(st.SessionsValidFrom.Add(-time.Minute))

	s, err := l.App.Host.SignIns.AddProof(l.t.Context(), l.Host, l.given[i].Token, given)
	require.Equal(rt, lives && !tooOld && !halfDone, err == nil, "%v", err)
	after := l.row(l.given[i])
	if err != nil {
		require.Equal(rt, lives, codeOf(err) == signins.CodeProvenLongAgo || codeOf(err) == signins.CodeProvenBefore)
		require.Equal(rt, before, after)
		return
	}
	l.dead[i] = true
	l.give(s)
	require.Contains(rt, after.Proofs, p)
	require.Equal(rt, at, after.AuthenticatedAt)
	if at.After(before.AuthenticatedAt) {
		l.proven++
	}
}

func (l *life) touch(rt *rapid.T) {
	i := l.any(rt)
	lives := slices.ContainsFunc(l.places(l.given[i].Actor.Session), l.lives)
	before := l.row(l.given[i])
	err := l.App.Host.SignIns.Touch(l.t.Context(), l.given[i].Actor)
	require.Equal(rt, lives, err == nil, "%v", err)
	after := l.row(l.given[i])
	require.False(rt, after.SeenAt.Before(before.SeenAt))
	if lives {
		require.Less(rt, l.Clock.Now().Sub(after.SeenAt), limits[reach(after.Proofs)].idle/10)
	}
	require.False(rt, after.EndsAt.Before(before.EndsAt))
	after.SeenAt, after.EndsAt, after.Revision = before.SeenAt, before.EndsAt, before.Revision
	require.Equal(rt, before, after, "it was seen, and nothing else")
}

// places are those of a session's tokens.
func (l *life) places(id policy.SessionID) (out []int) {
	for i, s := range l.given {
		if s.Actor.Session == id {
			out = append(out, i)
		}
	}
	return out
}

func (l *life) end(rt *rapid.T) {
	id := l.given[l.any(rt)].Actor.Session
	err := l.App.Admin.SignIns.End(l.t.Context(), l.Host, "ada", id)
	if err != nil {
		require.Equal(rt, signins.CodeSessionOver, codeOf(err))
		require.True(rt, l.ended[id])
	}
	l.ended[id] = true
}

func (l *life) signOut(rt *rapid.T) {
	i := l.any(rt)
	id := l.given[i].Actor.Session
	lives := slices.ContainsFunc(l.places(id), l.lives)
	a := l.SignIn(l.given[i].Actor) // the host may know of proofs that the session does not
	keep := rapid.Bool().Draw(rt, "keep")
	s, err := signOut(l.t, l.App.SignIns, a, keep)
	require.Equal(rt, lives, err == nil, "%v", err)
	if err != nil {
		return
	}
	before := l.row(l.given[i])
	for i, g := range l.given {
		l.dead[i] = true
		l.ended[g.Actor.Session] = g.Actor.Session != id || !keep || l.ended[g.Actor.Session]
	}
	if keep {
		l.give(s)
		after := l.row(s)
		require.Equal(rt, before.AuthenticatedAt, after.AuthenticatedAt, "its limits stay as they were")
		require.Equal(rt, before.Proofs, after.Proofs)
	}
}

func (l *life) endOthers(rt *rapid.T) {
	i := l.any(rt)
	id := l.given[i].Actor.Session
	lives := slices.ContainsFunc(l.places(id), l.lives)
	err := l.App.SignIns.EndOthers(l.t.Context(), l.SignIn(l.given[i].Actor))
	require.Equal(rt, lives, err == nil, "%v", err)
	for _, g := range l.given {
		l.ended[g.Actor.Session] = l.ended[g.Actor.Session] || err == nil && g.Actor.Session != id
	}
}

func (l *life) wait(rt *rapid.T) {
	l.Clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 14 * time.Minute, 15 * time.Minute, 50 * time.Minute,
		time.Hour, 11 * time.Hour, 23 * time.Hour, 8 * day, -time.Minute, -time.Hour, -day}).Draw(rt, "wait"))
}

// check is what holds after each step.
func (l *life) check(rt *rapid.T) {
	for i, s := range l.given {
		row := l.row(s)
		require.Equal(rt, reach(row.Proofs), row.Level, "a session is bound as all that was proven in it")
		require.LessOrEqual(rt, policy.Assurance(row.Proofs, l.Clock.Now(), 0), row.Level, "nobody acts above the level that binds")
		a, err := l.App.Host.SignIns.Actor(l.t.Context(), s.Token)
		require.Equal(rt, l.lives(i), err == nil, "token %d of %s: %v", i, row.ID, err)
		if err == nil {
			require.Equal(rt, row.Proofs, a.Proofs)
			require.Equal(rt, row.AuthenticatedAt, a.SignedInAt)
		} else {
			require.Equal(rt, policy.CodeSessionEnded, codeOf(err))
		}
	}
}

func TestASessionLivesWithinItsLimitsWhateverIsDone(t *testing.T) {
	base := accounttest.New(t)
	base.Person("ada", policy.Work)
	proven := 0
	rapid.Check(t, func(rt *rapid.T) {
		l := &life{World: base.Fork(t), t: t, ended: make(map[policy.SessionID]bool)}
		rt.Repeat(map[string]func(*rapid.T){"": l.check, "start": l.start, "prove": l.prove, "prove again": l.prove, "touch": l.touch,
			"end": l.end, "sign out": l.signOut, "end the others": l.endOthers, "wait": l.wait})
		proven += l.proven
	})
	require.Positive(t, proven)
}
