package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
)

func TestAnAdministratorTakesOverTheClosingOfAPerson(t *testing.T) {
	l := leaving(t)
	admin := l.App.Admin.Account
	require.NoError(t, l.close(t, l.per, 60))
	r, err := l.code(t, "per")
	require.NoError(t, err)
	l.Clock.Advance(time.Minute)
	due, err := admin.Delete(t.Context(), l.admin, "per")
	require.NoError(t, err)
	require.Equal(t, l.Clock.Now().Add(account.DeletedFor), due)
	refused(t, l.App.Host.Account.Reopen(t.Context(), l.Host, r), account.CodeDeletedByOthers)
	refused(t, l.reopen(t, "per"), account.CodeDeletedByOthers)
	_, err = admin.Delete(t.Context(), l.admin, "per")
	refused(t, err, policy.CodeAccountClosing)
	require.NoError(t, admin.Restore(t.Context(), l.admin, "per"))
	require.Equal(t, policy.Active, l.state(t, "per"), "as it was before its person closed it")

	require.NoError(t, l.close(t, l.SignIn(l.per), 60))
	_, err = admin.Delete(t.Context(), l.Host, "per")
	require.NoError(t, err)
	l.Clock.Advance(account.DeletedFor)
	require.Equal(t, 1, l.purge(t))
}

func TestAnAccountThatIsDisabledWhileItsPersonClosesItComesBackDisabled(t *testing.T) {
	for name, back := range map[string]func(*testing.T, leaver) error{
		"reopened": func(t *testing.T, l leaver) error { return l.reopen(t, "per") },
		"restored": func(t *testing.T, l leaver) error {
			return l.App.Admin.Account.Restore(t.Context(), l.Host, "per")
		},
	} {
		l := leaving(t)
		admin := l.App.Admin.Account
		require.NoError(t, l.close(t, l.per, 60))
		require.NoError(t, admin.Disable(t.Context(), l.admin, "per"), name)
		require.Equal(t, policy.Closing, l.state(t, "per"))
		require.Equal(t, 1, l.told("Disable account", policy.Succeeded))
		refused(t, admin.Disable(t.Context(), l.admin, "per"), account.CodeAlreadyDisabled)
		refused(t, admin.Enable(t.Context(), l.admin, "per"), policy.CodeAccountClosing)
		l.Clock.Advance(time.Minute)
		require.NoError(t, back(t, l), name)
		require.Equal(t, policy.Disabled, l.state(t, "per"), name)
		require.NoError(t, admin.Enable(t.Context(), l.SignIn(l.admin), "per"))
	}
}

func TestAClosingWhoseTimeIsOverIsNobodysToTakeOver(t *testing.T) {
	l := leaving(t)
	require.NoError(t, l.close(t, l.per, 30))
	l.Clock.Advance(30 * day)
	refused(t, l.App.Admin.Account.Disable(t.Context(), l.Host, "per"), account.CodeGraceOver)
	_, err := l.App.Admin.Account.Delete(t.Context(), l.Host, "per")
	refused(t, err, account.CodeGraceOver)
	require.Equal(t, 1, l.purge(t))
}

// decided are the administrators' calls about whether and how somebody gets in.
func (l leaver) decided(t *testing.T, a policy.Actor, id policy.AccountID) map[string]error {
	t.Helper()
	admin := l.App.Admin.Account
	_, err := admin.Delete(t.Context(), a, id)
	return map[string]error{
		"Disable": admin.Disable(t.Context(), a, id), "Delete": err,
		"DemandNewPassword": admin.DemandNewPassword(t.Context(), a, id), "UnlockPassword": admin.UnlockPassword(t.Context(), a, id),
		"LiftRestriction": admin.LiftRestriction(t.Context(), a, id),
	}
}

func TestAnAdministratorProvesTwoFactorsJustNowBeforeDecidingWhoGetsIn(t *testing.T) {
	l := leaving(t)
	require.NoError(t, l.App.Host.Account.SecurityInfoReplaced(t.Context(), l.Host, "per", ""))
	before := l.state(t, "per")
	none, one, stale := l.admin, l.admin, l.SignIn(l.admin)
	none.Proofs, one.Proofs = nil, none.Proofs[:1]
	l.Clock.Advance(15*time.Minute + time.Microsecond)
	one.Proofs = []policy.Proof{{Factor: policy.FactorPassword, At: l.Clock.Now()}}
	for want, a := range map[policy.Code][]policy.Actor{policy.CodeStrongerProof: {none, one}, policy.CodeFresherProof: {stale}} {
		for _, a := range a {
			for what, err := range l.decided(t, a, "per") {
				d := refused(t, err, want)
				require.Equal(t, policy.AAL2, d.Reason().Level, what)
				require.Equal(t, 15*time.Minute, d.Reason().MaxAge, what)
			}
			refused(t, l.App.Admin.Account.Restore(t.Context(), a, "per"), account.CodeNotClosing)
			refused(t, l.App.Admin.Account.Enable(t.Context(), a, "per"), account.CodeNotDisabled)
			schema := a
			schema.Roles = []policy.Role{policy.GlobalAdministrator}
			refused(t, l.App.Admin.Account.SetSchema(t.Context(), schema, account.EntraDefaults()), want)
		}
	}
	require.Equal(t, before, l.state(t, "per"))
	require.NoError(t, l.App.Admin.Account.Disable(t.Context(), l.Host, "per"), "a host is asked for no proof")
	refused(t, l.App.Admin.Account.Enable(t.Context(), stale, "per"), policy.CodeFresherProof)
	require.NoError(t, l.App.Admin.Account.Enable(t.Context(), l.SignIn(stale), "per"))
}

func TestNobodyLiftsWhatBindsThemselves(t *testing.T) {
	l := leaving(t)
	require.NoError(t, l.App.Host.Account.SecurityInfoReplaced(t.Context(), l.Host, "per", ""))
	l.Clock.Advance(time.Second)
	me := l.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "per", Roles: []policy.Role{policy.UserAdministrator}})
	for what, err := range l.decided(t, me, "per") {
		if what != "DemandNewPassword" { // which only binds
			refused(t, err, account.CodeOwnAccount)
		}
	}
}
