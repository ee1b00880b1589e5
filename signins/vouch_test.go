package signins_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func TestASessionThatTheHostKeepsCannotBeToldFromTheOthers(t *testing.T) {
	w := accounttest.New(t, myaccount.WithPolicy(policy.Vouch(policy.Work)))
	ours := w.Session(w.Person("ada", policy.Work))
	away := w.SignIn(ours.Actor)
	away.Session = "kept-elsewhere"
	before := rows(t, w.DB)
	for name, actor := range map[string]policy.Actor{"a session of the host's": away, "no session": w.SignIn(policy.Actor{Tenant: away.Tenant, Account: "ada"})} {
		may, err := w.App.SignIns.Can(ctx, actor, signins.EndOtherSessions, "")
		require.NoError(t, err)
		require.False(t, may.Allowed, name)
		require.Equal(t, signins.CodeSessionElsewhere, may.Reason().Code, name)
	}
	refused(t, w.App.SignIns.EndOthers(ctx, away), signins.CodeSessionElsewhere)
	_, err := signOut(t, w.App.SignIns, away, true)
	refused(t, err, signins.CodeSessionElsewhere)
	requireSame(t, before, rows(t, w.DB))

	may, err := w.App.SignIns.Can(ctx, ours.Actor, signins.EndOtherSessions, "")
	require.NoError(t, err)
	require.True(t, may.Allowed)
	require.NoError(t, w.App.SignIns.EndOthers(ctx, ours.Actor))
	_, err = signOut(t, w.App.SignIns, away, false)
	require.NoError(t, err, "signing out everywhere needs to tell nothing apart")
}

func vouching(t *testing.T) (w *accounttest.World, away policy.Actor) {
	w = accounttest.New(t, myaccount.WithPolicy(policy.Vouch(policy.Work)))
	away = w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "vera"})
	away.Session = "kept-elsewhere"
	return w, away
}

func TestNobodyIsOfferedToKeepASessionThatIsNotKeptHere(t *testing.T) {
	w, away := vouching(t)
	p, _, err := w.App.SignIns.AskSignOutEverywhere(ctx, away)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprint(p.Consequences), "keep it")
	_, err = signOut(t, w.App.SignIns, away, true)
	require.NotContains(t, err.Error(), "Sign out everywhere instead")
	refused(t, err, signins.CodeSessionElsewhere)
	p, _, err = w.App.SignIns.AskSignOutEverywhere(ctx, w.Session(away).Actor)
	require.NoError(t, err)
	require.Contains(t, fmt.Sprint(p.Consequences), "unless you choose to keep it")
}

func TestTouchingASessionThatIsNotKeptHereDoesNothing(t *testing.T) {
	w, away := vouching(t)
	before := saved(t, w.DB)
	require.NoError(t, w.App.Host.SignIns.Touch(ctx, away))
	requireSame(t, before, saved(t, w.DB))
}

func TestAnAccountThatWasVouchedForIsProvisionedWithWhatIsKnownOfIt(t *testing.T) {
	w, away := vouching(t)
	require.NoError(t, w.App.Admin.SignIns.SignOut(ctx, w.Host, "vera"))
	require.NoError(t, w.App.Host.Accounts.Provision(ctx, w.Host, "vera", policy.Personal))
	st, err := w.App.Host.Accounts.Account(ctx, w.Host, "vera")
	require.NoError(t, err)
	require.Equal(t, policy.Personal, st.Kind)
	require.False(t, st.Vouched)
	require.Equal(t, w.Clock.Now(), st.SessionsValidFrom, "the sign-out stays")
	require.Equal(t, uint64(1), st.Epoch)
	refused(t, w.App.Host.Accounts.Provision(ctx, w.Host, "vera", policy.Work), "account-exists")

	wade := policy.AccountID("wade")
	require.NoError(t, w.App.Admin.SignIns.SignOut(ctx, w.Host, wade))
	require.NoError(t, w.App.Host.Accounts.SetState(ctx, w.Host, wade, policy.Closed))
	refused(t, w.App.Host.Accounts.Provision(ctx, w.Host, wade, policy.Work), "account-exists", "who was closed stays so")
	require.Equal(t, away.Tenant, accounttest.Tenant)
}

func TestWithoutVouchingNobodyUnknownIsSignedOut(t *testing.T) {
	w := accounttest.New(t)
	require.ErrorIs(t, w.App.Admin.SignIns.SignOut(ctx, w.Host, "nobody"), store.ErrNotFound)
}
