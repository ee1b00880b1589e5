package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

func (k known) replaced(t *testing.T) {
	t.Helper()
	require.NoError(t, k.App.Host.Account.SecurityInfoReplaced(t.Context(), k.Host, "per", ""))
	k.per.SignedInAt = k.Clock.Now()
}

func TestReplacingAllSecurityInfoRestrictsAnAccountFor30Days(t *testing.T) {
	k := passwords(t)
	k.replaced(t)
	start := k.Clock.Now()
	require.Equal(t, start.Add(30*24*time.Hour), k.standing(t, "per").RestrictedUntil)
	e := k.last()
	require.Equal(t, "User updated security info", e.Activity)
	require.True(t, e.Notify)
	require.Equal(t, policy.AccountID("per"), e.Account)
	require.Equal(t, []policy.Fact{{Name: "restricted-until", Value: "2026-02-04T09:00:00Z"}}, e.Facts)

	k.Clock.Advance(30*24*time.Hour - time.Microsecond)
	per := k.SignIn(k.per)
	d := refused(t, k.change(t, per, good, better), policy.CodeRestricted)
	require.Equal(t, start.Add(30*24*time.Hour), d.Reason().Until)
	_, err := k.App.Account.NewRecoveryCode(t.Context(), per)
	refused(t, err, policy.CodeRestricted)

	k.Clock.Advance(time.Microsecond)
	require.NoError(t, k.change(t, per, good, better))
}

func TestARestrictedPersonSignsInLooksAndTendsTheirProfile(t *testing.T) {
	k := passwords(t)
	k.replaced(t)
	s := k.start(t, "per")
	require.NoError(t, k.verify(t, "per", good, true))
	k.profile(t, s.Actor)
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), s.Actor, set(account.DisplayName, "Per M.")))
	_, err := k.App.Account.RecoveryCode(t.Context(), s.Actor)
	require.NoError(t, err)
	blocks, err := k.App.Account.Overview(t.Context(), s.Actor)
	require.NoError(t, err)
	require.Len(t, blocks[0].Notices, 1)
	require.Equal(t, account.NoticeRestricted, blocks[0].Notices[0].Code)
}

func TestReplacingAllSecurityInfoEndsSessionsAndWhatWasPending(t *testing.T) {
	k := passwords(t)
	before := k.standing(t, "per")
	k.replaced(t)
	require.False(t, k.alive(t, k.session.Token))
	require.Equal(t, before.Credentials+1, k.standing(t, "per").Credentials)
}

func TestAHostNamesTheSessionInWhichAllWasReplaced(t *testing.T) {
	k := passwords(t)
	other, over := k.start(t, "per"), k.start(t, "per")
	require.NoError(t, k.App.SignIns.End(t.Context(), k.session.Actor, over.Actor.Session))
	replaced := func(keep policy.SessionID) error {
		return k.App.Host.Account.SecurityInfoReplaced(t.Context(), k.Host, "per", keep)
	}
	for _, keep := range []policy.SessionID{"none", over.Actor.Session, k.start(t, "ada").Actor.Session} {
		require.ErrorIs(t, replaced(keep), store.ErrNotFound)
	}
	require.Zero(t, k.standing(t, "per").RestrictedUntil)
	invalid(t, replaced("a\x00b"), "keep")
	require.NoError(t, replaced(k.session.Actor.Session))
	require.True(t, k.alive(t, k.session.Token))
	require.False(t, k.alive(t, other.Token))
}

// A later room replaces info in its own operation, as the person.
func TestRestrictKeepsThePresentSessionOfThePersonWhoReplaces(t *testing.T) {
	k := passwords(t)
	other := k.start(t, "per")
	replace := &policy.Spec[account.Tx, policy.Standing]{
		Rule: policy.Rule{Action: "other-room.replace", Activity: "User updated security info", By: policy.ByPerson, Kinds: policy.AllKinds, Access: policy.Edit},
		Load: func(_ account.Tx, op *policy.Op, _ policy.Target) (policy.Standing, error) { return op.Standing, nil },
	}
	guard := policy.NewGuard(policy.WithClock(k.Clock.Now))
	run := func(a policy.Actor) error {
		_, err := policy.Do(t.Context(), guard, k.DB.Account(), a, replace, policy.Target{}, "",
			func(tx account.Tx, op *policy.Op, st policy.Standing) (struct{}, policy.Change, error) {
				also, err := account.Restrict(tx, op, st)
				return struct{}{}, policy.Change{Subject: st.Account, Also: []policy.Change{also}}, err
			})
		return err
	}
	require.NoError(t, run(k.session.Actor))
	require.True(t, k.alive(t, k.session.Token))
	require.False(t, k.alive(t, other.Token))
	require.True(t, k.standing(t, "per").Restricted(k.Clock.Now()))
	refused(t, run(k.ada), account.CodeOnlyPersonal)
	require.Zero(t, k.standing(t, "ada").RestrictedUntil)
}

func TestNothingThatThePersonDoesShortensARestriction(t *testing.T) {
	k := passwords(t)
	code := k.saved(t)
	k.replaced(t)
	until := k.standing(t, "per").RestrictedUntil
	started := k.start(t, "per")
	s, app := started.Actor, k.App
	for what, try := range map[string]func() error{
		"changing the password":      func() error { return k.change(t, s, good, better) },
		"a first password":           func() error { return app.Account.SetFirstPassword(t.Context(), s, secret.NewText(better)) },
		"a new recovery code":        func() error { _, err := app.Account.NewRecoveryCode(t.Context(), s); return err },
		"removing the recovery code": func() error { return app.Account.RemoveRecoveryCode(t.Context(), s) },
		"recovering":                 func() error { _, err := k.recover(t, "per", code); return err },
		"the administrator's door":   func() error { return app.Admin.Account.LiftRestriction(t.Context(), s, "per") },
		"the host's door":            func() error { return app.Host.Account.CancelReplacement(t.Context(), s, "per") },
		"updating the profile":       func() error { return app.Account.UpdateProfile(t.Context(), s, set(account.DisplayName, "P")) },
		"a password by the host": func() error {
			return app.Host.Accounts.PasswordChanged(t.Context(), k.Host, "per", s.Session)
		},
	} {
		_ = try() // refused or not
		require.Equal(t, until, k.standing(t, "per").RestrictedUntil, what)
	}
	require.True(t, k.alive(t, started.Token), "none was refused for want of a session")
	k.Clock.Advance(-time.Hour)
	k.replaced(t)
	require.Equal(t, until, k.standing(t, "per").RestrictedUntil, "nor does a clock that was set back")
}

func TestASecondReplacementBeginsThe30DaysAnew(t *testing.T) {
	k := passwords(t)
	k.replaced(t)
	k.Clock.Advance(29 * 24 * time.Hour)
	k.replaced(t)
	require.Equal(t, k.Clock.Now().Add(account.Restriction), k.standing(t, "per").RestrictedUntil)
	k.Clock.Advance(account.Restriction - time.Microsecond)
	refused(t, k.change(t, k.SignIn(k.per), good, better), policy.CodeRestricted)
}

func TestWhoProvedTheOldInfoTakesAReplacementBack(t *testing.T) {
	k := passwords(t)
	code := k.saved(t)
	refused(t, k.App.Host.Account.CancelReplacement(t.Context(), k.Host, "per"), account.CodeNotRestricted)
	k.replaced(t)
	thief := k.start(t, "per")
	before := k.standing(t, "per")
	require.NoError(t, k.App.Host.Account.CancelReplacement(t.Context(), k.Host, "per"))
	require.False(t, k.alive(t, thief.Token), "every session ends")
	st := k.standing(t, "per")
	require.Zero(t, st.RestrictedUntil)
	require.True(t, st.MustChangePassword)
	require.Equal(t, before.Credentials+1, st.Credentials)
	require.Equal(t, "User updated security info", k.last().Activity)
	require.Equal(t, []policy.Fact{{Name: "restricted-until", Value: "canceled"}}, k.last().Facts)
	require.True(t, k.last().Notify)
	_, err := k.recover(t, "per", code)
	refused(t, err, account.CodeWrongRecoveryCode)
}

// A thief of everything at once has the password too: that must not be worth more once the owner has taken all else back.
func TestTakingAReplacementBackLeavesAThiefNoPassword(t *testing.T) {
	k := passwords(t)
	k.replaced(t)
	refused(t, k.change(t, k.start(t, "per").Actor, good, "some words of the thief alone"), policy.CodeRestricted)
	require.NoError(t, k.App.Host.Account.CancelReplacement(t.Context(), k.Host, "per"))
	refused(t, k.verify(t, "per", good, true), account.CodeWrongPassword)
	s := k.start(t, "per")
	require.True(t, s.MustChangePassword)
	refused(t, k.change(t, s.Actor, good, "some words of the thief alone"), account.CodePasswordSpent)
	require.Equal(t, policy.HighRisk, k.standing(t, "per").Risk)

	recovered := []policy.Proof{{Factor: policy.FactorRecovery, At: k.Clock.Now()}}
	reset := account.Reset{Account: "per", Proofs: recovered, New: secret.NewText(good)}
	sameAsCurrent(t, k.App.Host.Account.ResetPassword(t.Context(), k.Host, reset), "by the owner, who has to take another")
	reset.New = secret.NewText(better)
	require.NoError(t, k.App.Host.Account.ResetPassword(t.Context(), k.Host, reset))
	require.NoError(t, k.verify(t, "per", better, true))
	require.Equal(t, policy.NoRisk, k.standing(t, "per").Risk)
}

func TestNoRiskIsNotedThatNothingHereCouldEnd(t *testing.T) {
	for _, where := range []account.Elsewhere{account.Federated, account.Passwordless} {
		k := passwords(t)
		require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", where, ""))
		k.replaced(t)
		require.NoError(t, k.App.Host.Account.CancelReplacement(t.Context(), k.Host, "per"))
		st := k.standing(t, "per")
		require.Equal(t, policy.NoRisk, st.Risk)
		require.False(t, st.MustChangePassword)
	}
}

func TestAReplacementIsTakenBackWhileTheAccountIsRestrictedAndNotLater(t *testing.T) {
	k := people(t)
	k.replaced(t)
	k.Clock.Advance(account.Restriction)
	refused(t, k.App.Host.Account.CancelReplacement(t.Context(), k.Host, "per"), account.CodeNotRestricted)
	refused(t, k.App.Admin.Account.LiftRestriction(t.Context(), k.SignIn(k.admin), "per"), account.CodeNotRestricted)
	k.Clock.Advance(-time.Microsecond)
	require.NoError(t, k.App.Host.Account.CancelReplacement(t.Context(), k.Host, "per"))
}

func TestAnAdministratorLiftsARestriction(t *testing.T) {
	k := passwords(t)
	k.replaced(t)
	s := k.start(t, "per")
	refused(t, k.App.Admin.Account.LiftRestriction(t.Context(), k.ada, "per"), policy.CodeNotPermitted)
	require.NoError(t, k.App.Admin.Account.LiftRestriction(t.Context(), k.admin, "per"))
	require.Equal(t, "Admin updated security info", k.last().Activity)
	require.True(t, k.last().Notify)
	require.True(t, k.alive(t, s.Token), "it is the person, as the administrator found out")
	require.NoError(t, k.change(t, s.Actor, good, better))
	refused(t, k.App.Admin.Account.LiftRestriction(t.Context(), k.admin, "per"), account.CodeNotRestricted)
}

func TestAClosedAccountIsNeitherRestrictedNorFreed(t *testing.T) {
	k := people(t)
	k.replaced(t)
	require.NoError(t, k.App.Host.Accounts.SetState(t.Context(), k.Host, "per", policy.Closed))
	refused(t, k.App.Host.Account.SecurityInfoReplaced(t.Context(), k.Host, "per", ""), policy.CodeAccountClosed)
	refused(t, k.App.Host.Account.CancelReplacement(t.Context(), k.Host, "per"), policy.CodeAccountClosed)
	refused(t, k.App.Admin.Account.LiftRestriction(t.Context(), k.admin, "per"), policy.CodeAccountClosed)
	for _, id := range []policy.AccountID{"nobody", "per"} {
		other := policy.Host("test-host", "fabrikam")
		if id == "per" {
			k.Tenant("fabrikam")
		} else {
			other = policy.Host("test-host", accounttest.Tenant)
		}
		refused(t, k.App.Host.Account.SecurityInfoReplaced(t.Context(), other, id, ""), policy.CodeNotFound)
	}
}
