package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Passwords that somebody else may know: what a demand for a new one binds, what meets it, and what ends the account's risk.

// demand has the account set a new password, and gives a session of its person's.
func (k withPassword) demand(t *testing.T, id policy.AccountID) policy.Actor {
	t.Helper()
	require.NoError(t, k.App.Admin.Account.DemandNewPassword(t.Context(), k.Host, id))
	return k.start(t, id).Actor
}

// sameAsCurrent wants a password to have been refused because it is the one that there is.
func sameAsCurrent(t *testing.T, err error, what string) {
	t.Helper()
	var no *password.Unacceptable
	require.ErrorAs(t, err, &no, what)
	require.Equal(t, []password.Problem{{Code: password.SameAsCurrent}}, no.Problems, what)
}

func TestTheSamePasswordOnceMoreIsNoNewOneWhereOneIsNeeded(t *testing.T) {
	k := passwords(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.RecentProofsStandIn, 1))
	require.NoError(t, k.change(t, k.session.Actor, good, good), "nothing is wrong with it: it need not be another")
	risky := func(r policy.Risk) func() policy.Actor {
		return func() policy.Actor {
			editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = r, false })
			return k.start(t, "per").Actor
		}
	}
	for what, suspect := range map[string]func() policy.Actor{
		"demanded": func() policy.Actor { return k.demand(t, "per") },
		"temporary": func() policy.Actor {
			editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk = policy.NoRisk })
			require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, "per", secret.NewText(good)))
			return k.start(t, "per").Actor
		},
		"at low risk": risky(policy.LowRisk), "at high risk": risky(policy.HighRisk), "at a risk that is hidden": risky(policy.HiddenRisk),
	} {
		actor := suspect()
		before := standing(t, k.DB, "per")
		for _, current := range []string{good, ""} {
			sameAsCurrent(t, k.change(t, actor, current, good), what)
		}
		require.Equal(t, before, standing(t, k.DB, "per"), what)
	}
}

func TestAPasswordThatIsDemandedWhileTheSameIsChosenIsStillDemanded(t *testing.T) {
	hasher, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 1)
	require.NoError(t, err)
	i := &interrupted{Hasher: hasher}
	k := passwords(t, myaccount.WithHasher(i))
	i.meanwhile = func() { // as "This wasn't me" does, in another session
		editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.HighRisk, true })
	}
	require.ErrorIs(t, k.change(t, k.session.Actor, good, good), store.ErrConflict)
	require.True(t, standing(t, k.DB, "per").MustChangePassword)
	require.Equal(t, policy.HighRisk, standing(t, k.DB, "per").Risk)
}

func TestAHostSetsNoPasswordAgainThatSomebodyElseMayKnow(t *testing.T) {
	m := mail(t)
	require.NoError(t, m.App.Host.Account.SetPassword(t.Context(), m.Host, "per", secret.NewText(good)), "nothing is wrong with it")
	require.NoError(t, m.App.Host.Account.SetPassword(t.Context(), m.Host, "per", secret.NewText(good)), "nor the second time")
	require.NoError(t, m.change(t, m.start(t, "per").Actor, good, better))
	require.NoError(t, m.cancel(t, m.moved(t, m.start(t, "per").Actor, perMail, "b@thief.example")))
	before := saved(t, m.DB)
	sameAsCurrent(t, m.App.Host.Account.SetPassword(t.Context(), m.Host, "per", secret.NewText(better)), "by the host")
	requireSame(t, before, saved(t, m.DB))
	refused(t, m.verify(t, "per", better, true), account.CodeWrongPassword)
	require.NoError(t, m.App.Host.Account.SetPassword(t.Context(), m.Host, "per", secret.NewText(good)))
	require.NoError(t, m.verify(t, "per", good, true))
}

func TestAPasswordThatAHostIsSettingWhileAChangeIsTakenBackIsNotSet(t *testing.T) {
	k, b := checked(t)
	b.answer = func(context.Context) (bool, error) { // as a link does that takes a change of address back: it was a thief whom the host was about to help
		editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.HighRisk, true })
		editCredential(t, k.DB, "per", func(c *account.Credential) { c.Throttle = c.Throttle.Spent() })
		return false, nil
	}
	require.ErrorIs(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, "per", secret.NewText(better)), store.ErrConflict)
	require.True(t, credential(t, k.DB, "per").Throttle.Disabled)
	require.Equal(t, policy.HighRisk, standing(t, k.DB, "per").Risk)
}

func TestOnlyASecureChangeEndsMoreThanALowRisk(t *testing.T) {
	base := passwords(t)
	now := base.Clock.Now()
	proof := func(age time.Duration, f ...policy.Factor) (all []policy.Proof) {
		for _, f := range f {
			all = append(all, policy.Proof{Factor: f, At: now.Add(-age)})
		}
		return all
	}
	for what, c := range map[string]struct {
		proofs []policy.Proof
		secure bool
	}{
		"the password alone":             {proof(0, policy.FactorPassword), false},
		"a second factor":                {proof(0, policy.FactorPassword, policy.FactorOTP), true},
		"a passkey":                      {proof(15*time.Minute, policy.FactorPasskey), true},
		"a second factor of long ago":    {append(proof(0, policy.FactorPassword), proof(15*time.Minute+1, policy.FactorOTP)...), false},
		"a recovery besides":             {proof(15*time.Minute, policy.FactorPassword, policy.FactorRecovery), true},
		"a recovery of long ago besides": {append(proof(0, policy.FactorPassword), proof(15*time.Minute+1, policy.FactorRecovery)...), false},
		"a recovery to come":             {append(proof(0, policy.FactorPassword), proof(-2*time.Minute, policy.FactorRecovery)...), false},
	} {
		for _, risk := range []policy.Risk{policy.NoRisk, policy.LowRisk, policy.MediumRisk, policy.HighRisk, policy.HiddenRisk} {
			k := withPassword{known{base.Fork(t), base.ada, base.per, base.gil, base.admin}, base.session}
			editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = risk, true })
			actor := k.session.Actor
			actor.Proofs = c.proofs
			require.NoError(t, k.change(t, actor, good, better), what)
			after := standing(t, k.DB, "per")
			require.False(t, after.MustChangePassword, "%s: it was changed", what)
			want := risk
			if c.secure || risk == policy.LowRisk {
				want = policy.NoRisk
			}
			require.Equal(t, want, after.Risk, "%s, %s", what, risk)
		}
	}
}

func TestWhoHasToSetANewPasswordChangesNothingElse(t *testing.T) {
	k := passwords(t)
	require.NoError(t, k.App.Host.Account.AddIdentifier(t.Context(), k.Host, account.NewIdentifier{Account: "per", Kind: account.Email, Text: "per@example.com", ProvenAt: k.Clock.Now()}))
	actor := k.demand(t, "per")
	_, err := k.App.Account.ChangeEmail(t.Context(), actor, "per@example.com", "thief@example.net")
	d := refused(t, err, policy.CodeMustChangePassword)
	require.Equal(t, policy.SetNewPassword, d.Reason().Remedy)
	_, err = k.App.Account.NewRecoveryCode(t.Context(), actor)
	refused(t, err, policy.CodeMustChangePassword)
	refused(t, k.App.Account.UpdateProfile(t.Context(), actor, set(account.Language, "fr")), policy.CodeMustChangePassword)
	for _, f := range k.profile(t, actor).Fields {
		require.False(t, f.Edit.Allowed, "a form greys it out: %s", f.Attribute)
	}
	can, err := k.App.Account.Can(t.Context(), actor, account.ChangePassword, "")
	require.NoError(t, err)
	require.True(t, can.Allowed)
	require.NoError(t, k.change(t, actor, good, better))
	_, err = k.App.Account.NewRecoveryCode(t.Context(), actor)
	require.NoError(t, err)
}

func TestADemandedChangeIsOpenToARestrictedAccountWithTheCurrentPassword(t *testing.T) {
	k := passwords(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.RecentProofsStandIn, 1))
	require.NoError(t, k.App.Host.Account.SecurityInfoReplaced(t.Context(), k.Host, "per", ""))
	refused(t, k.change(t, k.start(t, "per").Actor, good, better), policy.CodeRestricted)
	actor := k.demand(t, "per")
	refused(t, k.change(t, actor, "", better), account.CodeWrongPassword)
	can, err := k.App.Account.Can(t.Context(), actor, account.ChangePassword, "")
	require.NoError(t, err)
	require.True(t, can.Allowed)
	require.NoError(t, k.change(t, actor, good, better))
	require.True(t, standing(t, k.DB, "per").Restricted(k.Clock.Now()), "the restriction stays")
	refused(t, k.change(t, actor, better, good), policy.CodeRestricted)

	editCredential(t, k.DB, "per", func(c *account.Credential) { c.Hash = "" })
	refused(t, k.App.Account.SetFirstPassword(t.Context(), k.demand(t, "per"), secret.NewText(better)), policy.CodeRestricted)
}

func TestAPasswordThatAHostSetsEndsTheLock(t *testing.T) {
	k := passwords(t)
	for i := range 10 {
		require.Error(t, k.verify(t, "per", "wrong "+string(rune('a'+i)), true))
	}
	refused(t, k.verify(t, "per", good, true), account.CodeWrongPassword)
	require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, "per", secret.NewText(better)))
	require.NoError(t, k.verify(t, "per", better, true))
	require.Zero(t, credential(t, k.DB, "per").Throttle)
}

func TestAPasswordThatIsSaidToBeKeptHereStays(t *testing.T) {
	k := passwords(t)
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", account.KeptHere, ""))
	require.NoError(t, k.verify(t, "per", good, true))
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", account.Federated, ""))
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", account.KeptHere, ""))
	require.Empty(t, credential(t, k.DB, "per").Hash, "one that was elsewhere is none here")
}

func TestAnAccountThatIsClosedForGoodIsAtNoRiskAndHasNothingDemandedOfIt(t *testing.T) {
	l := leaving(t)
	require.NoError(t, l.close(t, l.session.Actor, account.ShortGrace))
	editStanding(t, l.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.HighRisk, true })
	l.Clock.Advance(account.ShortGrace*day + time.Second)
	_, err := l.App.Host.Account.PurgeClosed(t.Context(), l.Host, 0)
	require.NoError(t, err)
	st := standing(t, l.DB, "per")
	require.Equal(t, []any{policy.Closed, policy.NoRisk, false}, []any{st.State, st.Risk, st.MustChangePassword})
}

func TestAnEmptyUserNameIsToldByTheFieldThatTheFormHas(t *testing.T) {
	k := passwords(t)
	_, err := k.App.Host.Account.VerifyPassword(t.Context(), k.Host, account.PasswordAttempt{Password: secret.NewText(good)})
	invalid(t, err, "identifier")
	_, err = k.App.Host.Account.VerifyPassword(t.Context(), k.Host, account.PasswordAttempt{Account: "a\x00b", Password: secret.NewText(good)})
	invalid(t, err, "account")
}

// counted counts a store's transactions.
type counted struct {
	account.Store
	views, updates int
}

func (c *counted) View(ctx context.Context, fn func(account.Tx) error) error {
	c.views++
	return c.Store.View(ctx, fn)
}

func (c *counted) Update(ctx context.Context, fn func(account.Tx) error) error {
	c.updates++
	return c.Store.Update(ctx, fn)
}

func TestARefusedSignInTakesAsManyTransactionsWhoeverItIs(t *testing.T) {
	k := passwords(t)
	k.saved(t)
	for _, id := range []policy.AccountID{"off", "gone", "elsewhere", "locked", "coded"} {
		a := k.Person(id, policy.Personal)
		require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, id, secret.NewText(good)))
		editStanding(t, k.DB, id, func(st *policy.Standing) { st.MustChangePassword = false })
		_, err := k.App.Account.NewRecoveryCode(t.Context(), k.SignIn(a))
		require.NoError(t, err)
	}
	require.NoError(t, k.App.Host.Accounts.SetState(t.Context(), k.Host, "off", policy.Disabled))
	require.NoError(t, k.App.Host.Accounts.SetState(t.Context(), k.Host, "gone", policy.Closed))
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "elsewhere", account.Federated, ""))
	editCredential(t, k.DB, "locked", func(c *account.Credential) { c.Throttle = lockedUntil(k.Clock.Now().Add(time.Hour)) })
	c := &counted{Store: k.DB.Account()}
	room := over(t, k.World, c)
	for range 2 { // the second time the wrong password is known
		for _, id := range []policy.AccountID{"per", "nobody", "gil", "off", "gone", "elsewhere", "locked"} {
			*c = counted{Store: c.Store}
			_, err := room.Host.VerifyPassword(t.Context(), k.Host, attempt(id, "wrong"))
			refused(t, err, account.CodeWrongPassword)
			require.Equal(t, [2]int{1, 1}, [2]int{c.views, c.updates}, "a password of %s", id)
		}
	}
	*c = counted{Store: c.Store}
	_, err := room.Host.VerifyPassword(t.Context(), k.Host, account.PasswordAttempt{Identifier: "nobody@example.com", Password: secret.NewText(good)})
	refused(t, err, account.CodeWrongPassword)
	require.Equal(t, [2]int{1, 1}, [2]int{c.views, c.updates}, "of a name that nobody has")
	for _, id := range []policy.AccountID{"per", "nobody", "ada", "una", "off", "gone", "coded"} {
		*c = counted{Store: c.Store}
		_, err := room.Host.Recover(t.Context(), k.Host, id, wrongCode)
		refused(t, err, account.CodeWrongRecoveryCode)
		require.Equal(t, [2]int{0, 1}, [2]int{c.views, c.updates}, "a recovery code of %s", id)
	}
}
