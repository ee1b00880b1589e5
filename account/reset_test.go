package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// recoveredAt is a proof of recovery.
func recoveredAt(at time.Time) policy.Proof {
	return policy.Proof{Factor: policy.FactorRecovery, At: at}
}

func (k known) reset(t testing.TB, id policy.AccountID, fresh string, proofs ...policy.Proof) error {
	return k.App.Host.Account.ResetPassword(t.Context(), k.Host, account.Reset{Account: id, Proofs: proofs, New: secret.NewText(fresh)})
}

func TestARecoveryCodeLeadsBackIntoTheAccountByANewPasswordAndNoOtherWay(t *testing.T) {
	k := passwords(t)
	code := k.saved(t)
	other := k.start(t, "per")
	for i := range 10 {
		require.Error(t, k.verify(t, "per", "forgotten "+string(rune('a'+i)), true))
	}
	editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.HighRisk, true })
	k.Clock.Advance(time.Second)
	r, err := k.recover(t, "per", code)
	require.NoError(t, err)
	_, err = k.App.Host.SignIns.Start(t.Context(), k.Host, signins.NewSession{Account: "per", Proofs: []policy.Proof{r.Proof}})
	d := refused(t, err, signins.CodeProvesNothing)
	require.Equal(t, policy.ClassProof, d.Reason().Class)
	require.True(t, k.alive(t, other.Token))

	k.Clock.Advance(time.Second)
	before := standing(t, k.DB, "per")
	require.NoError(t, k.reset(t, "per", better, r.Proof))
	e := k.last()
	require.Equal(t, []any{"Reset password (self-service)", policy.Succeeded, true, policy.AccountID("per")}, []any{e.Activity, e.Outcome, e.Notify, e.Account})
	require.False(t, k.alive(t, other.Token), "all sessions end")
	require.NoError(t, k.verify(t, "per", better, true), "and so does the lock")
	refused(t, k.verify(t, "per", good, true), account.CodeWrongPassword)
	after := standing(t, k.DB, "per")
	require.Equal(t, []any{policy.NoRisk, false, before.Credentials + 1}, []any{after.Risk, after.MustChangePassword, after.Credentials}, "it is a secure change, and asks for no other")
	require.False(t, k.start(t, "per").MustChangePassword)

	k.Clock.Advance(time.Second)
	refused(t, k.reset(t, "per", good, r.Proof), account.CodeRecoverFirst)
	require.NoError(t, k.verify(t, "per", better, true), "a recovery is for one new password")
}

func TestAResetTakesARecoveryOfTheLast15Minutes(t *testing.T) {
	k := passwords(t)
	k.Clock.Advance(time.Hour)
	now := k.Clock.Now()
	for what, proofs := range map[string][]policy.Proof{
		"nothing": nil, "another factor": {{Factor: policy.FactorPasskey, At: now}}, "too old": {recoveredAt(now.Add(-15*time.Minute - 1))}, "to come": {recoveredAt(now.Add(2 * time.Minute))},
	} {
		d := refused(t, k.reset(t, "per", better, proofs...), account.CodeRecoverFirst)
		require.Equal(t, policy.ClassProof, d.Reason().Class, what)
	}
	many := make([]policy.Proof, 101)
	for i := range many {
		many[i] = recoveredAt(now)
	}
	invalid(t, k.reset(t, "per", better, many...), "proofs")
	invalid(t, k.reset(t, "per", better, policy.Proof{At: now}), "proofs")
	invalid(t, k.reset(t, "", better, recoveredAt(now)), "account")
	refused(t, k.reset(t, "nemo", better, recoveredAt(now)), policy.CodeNotFound)
	require.NoError(t, k.reset(t, "per", better, recoveredAt(now.Add(-15*time.Minute))))
	require.NoError(t, k.reset(t, "gil", better, recoveredAt(now)), "a first one, too")
	require.False(t, k.start(t, "gil").MustChangePassword, "nobody else knows it")
}

func TestARecoveryFromBeforeEverybodyWasSignedOutIsNone(t *testing.T) {
	k := passwords(t)
	proof := recoveredAt(k.Clock.Now())
	k.Clock.Advance(time.Minute)
	k.demand(t, "per")
	k.Clock.Advance(time.Second)
	refused(t, k.reset(t, "per", better, proof), account.CodeRecoverFirst)
	k.Clock.Advance(-time.Hour) // set back
	require.NoError(t, k.reset(t, "per", better, recoveredAt(k.Clock.Now())), "a clock that was set back locks nobody out")
}

func TestWhereASecondFactorIsAlwaysAskedForARecoveryAloneResetsNothing(t *testing.T) {
	k := passwords(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.SecondFactorAlways, 1))
	now := k.Clock.Now()
	d := refused(t, k.reset(t, "per", better, recoveredAt(now)), policy.CodeStrongerProof)
	require.Equal(t, policy.ProveMore, d.Reason().Remedy)
	refused(t, k.reset(t, "per", better, recoveredAt(now), policy.Proof{Factor: policy.FactorOTP, At: now.Add(-time.Hour)}), policy.CodeStrongerProof)
	require.NoError(t, k.reset(t, "per", "gravel-4-oboe", recoveredAt(now), policy.Proof{Factor: policy.FactorOTP, At: now}), "and there it may be shorter")
}

func TestAResetPasswordIsJudgedAsAnyOtherAndMayBeTheForgottenOneUnlessItIsSuspect(t *testing.T) {
	k := passwords(t)
	now := recoveredAt(k.Clock.Now())
	before := rows(t, k.DB)
	invalid(t, k.reset(t, "per", "password", now), "password")
	requireSame(t, before, rows(t, k.DB))
	older := "Heron Lantern 47 gravel"
	require.NoError(t, k.reset(t, "per", older, now))
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, password.OlderRules, 1))
	require.NoError(t, k.reset(t, "per", older, now), "Entra: the last one can be used again when it was forgotten")
	k.demand(t, "per")
	sameAsCurrent(t, k.reset(t, "per", older, now), "demanded")
	editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.HighRisk, false })
	sameAsCurrent(t, k.reset(t, "per", older, now), "at risk")
}

func TestAResetNeitherSignsAnybodyInNorReachesAnotherTenant(t *testing.T) {
	k := passwords(t)
	k.Tenant("fabrikam")
	k.PersonIn("fabrikam", "per", policy.Personal)
	sessions := k.Events(accounttest.Tenant)
	require.NoError(t, k.App.Host.Account.ResetPassword(t.Context(), policy.Host("test-host", "fabrikam"),
		account.Reset{Account: "per", Proofs: []policy.Proof{recoveredAt(k.Clock.Now())}, New: secret.NewText(better)}))
	require.Len(t, k.Events(accounttest.Tenant), len(sessions))
	require.NoError(t, k.verify(t, "per", good, true))
}
