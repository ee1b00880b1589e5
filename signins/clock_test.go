package signins_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func TestASessionFromAClockThatWasAheadCountsForNothing(t *testing.T) {
	for ahead, lives := range map[time.Duration]bool{time.Minute: true, time.Minute + time.Microsecond: false, 2 * day: false} {
		w := accounttest.New(t)
		ada := w.Person("ada", policy.Work)
		w.Clock.Advance(ahead)
		s := w.Session(w.SignIn(ada))
		w.Clock.Advance(-ahead)
		_, err := w.App.Host.SignIns.Actor(ctx, s.Token)
		require.Equal(t, lives, err == nil, "%s: %v", ahead, err)
		require.Len(t, alive(t, w, "ada"), 1, "it is shown, since it may count later")

		anew := w.Session(w.SignIn(ada))
		require.True(t, works(t, w.App.Host.SignIns, anew.Token), "nobody is locked out")
		require.Equal(t, w.Clock.Now().Add(time.Hour), anew.ExpiresAt)
		require.NoError(t, w.App.SignIns.End(ctx, anew.Actor, s.Actor.Session), "and can be ended")
		w.Clock.Advance(ahead)
		require.False(t, works(t, w.App.Host.SignIns, s.Token), "for good")
	}
}

func TestASessionThatWasSeenByAClockThatWasAheadIsNotIdleLater(t *testing.T) {
	w := accounttest.New(t)
	s := w.Session(w.Person("ada", policy.Work))
	w.Clock.Advance(50 * time.Minute)
	require.NoError(t, w.App.Host.SignIns.Touch(ctx, s.Actor))
	w.Clock.Advance(-49 * time.Minute)
	require.False(t, works(t, w.App.Host.SignIns, s.Token), "it was seen in 49 minutes")
}

// ago is what the clock said some time before.
func ago(w *accounttest.World, d time.Duration) time.Time { return w.Clock.Now().Add(-d) }

func TestTheOverallLimitCountsFromWhenTheLevelWasProven(t *testing.T) {
	proof := func(f policy.Factor, at time.Time) policy.Proof { return policy.Proof{Factor: f, At: at} }
	for name, c := range map[string]struct {
		proofs func(w *accounttest.World) []policy.Proof
		from   time.Duration // ago
		code   policy.Code
	}{
		"both just now": {func(w *accounttest.World) []policy.Proof {
			return []policy.Proof{proof(policy.FactorPassword, ago(w, 0)), proof(policy.FactorOTP, ago(w, 0))}
		}, 0, ""},
		"one of them long before": {func(w *accounttest.World) []policy.Proof {
			return []policy.Proof{proof(policy.FactorPassword, ago(w, 23*time.Hour)), proof(policy.FactorOTP, ago(w, 0))}
		}, 23 * time.Hour, ""},
		"an old one that is not needed": {func(w *accounttest.World) []policy.Proof {
			return []policy.Proof{proof(policy.FactorPassword, ago(w, 20*day)), proof(policy.FactorPasskey, ago(w, time.Minute))}
		}, time.Minute, ""},
		"by a clock that is ahead": {func(w *accounttest.World) []policy.Proof {
			return []policy.Proof{proof(policy.FactorPasskey, ago(w, -time.Hour))}
		}, 0, ""},
		"a day ago to the microsecond": {func(w *accounttest.World) []policy.Proof {
			return []policy.Proof{proof(policy.FactorPasskey, ago(w, day))}
		}, 0, signins.CodeProvenLongAgo},
		"within it by a microsecond": {func(w *accounttest.World) []policy.Proof {
			return []policy.Proof{proof(policy.FactorPasskey, ago(w, day-time.Microsecond))}
		}, day - time.Microsecond, ""},
		"a password of last month": {func(w *accounttest.World) []policy.Proof {
			return []policy.Proof{proof(policy.FactorPassword, ago(w, 31*day))}
		}, 0, signins.CodeProvenLongAgo},
		"recovery, which proves no level": {func(w *accounttest.World) []policy.Proof {
			return []policy.Proof{proof(policy.FactorRecovery, ago(w, time.Hour))}
		}, 0, signins.CodeProvesNothing},
	} {
		t.Run(name, func(t *testing.T) {
			w := accounttest.New(t)
			w.Person("ada", policy.Work)
			before := rows(t, w.DB)
			s, err := w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada", Proofs: c.proofs(w)})
			require.Equal(t, c.code, codeOf(err), "%v", err)
			if err != nil {
				require.ErrorContains(t, err, map[policy.Code]string{signins.CodeProvenLongAgo: "too long ago", signins.CodeProvesNothing: "signs nobody in"}[c.code])
				requireSame(t, before, rows(t, w.DB))
				return
			}
			require.Equal(t, ago(w, c.from), s.Actor.SignedInAt)
			require.Equal(t, ago(w, c.from), stored(t, w.DB, "ada", s.Actor.Session).AuthenticatedAt)
			require.True(t, works(t, w.App.Host.SignIns, s.Token))
		})
	}
}

func TestAProofThatWouldEndTheSessionIsRefused(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	s := w.Session(ada, func(n *signins.NewSession) { n.Proofs = proven(w.Clock.Now(), policy.FactorPassword) })
	w.Clock.Advance(5 * day)
	before := rows(t, w.DB)
	_, err := w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, policy.Proof{Factor: policy.FactorOTP, At: ago(w, day)})
	refused(t, err, signins.CodeProvenLongAgo)
	requireSame(t, before, rows(t, w.DB))
	up, err := w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, policy.Proof{Factor: policy.FactorOTP, At: ago(w, day-time.Hour)})
	require.NoError(t, err)
	require.Equal(t, ago(w, day-time.Hour), up.Actor.SignedInAt, "the level was reached then")
	require.Equal(t, w.Clock.Now().Add(time.Hour), up.ExpiresAt)
}

func TestASessionOfOldProofsCannotDeclareWhatCameBeforeItUsual(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(day)
	stolen := proven(w.Clock.Now(), policy.FactorPassword)
	w.Clock.Advance(time.Minute)
	id := w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
	w.Clock.Advance(time.Minute)
	s := w.Session(ada, func(n *signins.NewSession) { n.Proofs = stolen })
	require.Equal(t, stolen[0].At, s.Actor.SignedInAt, "its proof is older than the attempt")
	_, _, err := w.App.SignIns.AskThisWasMe(ctx, s.Actor, id)
	refused(t, err, signins.CodeThatSession)
	list, err := w.App.SignIns.Activity(ctx, s.Actor, signins.Query{Page: store.Page{Size: 1}})
	require.NoError(t, err)
	require.Equal(t, signins.CodeThatSession, list.Items[0].ThisWasMe.Reason().Code)
}
