package myaccount_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

func TestNoNewPasswordIsDemandedOfWhomNobodyCouldSetOneWhenASignInWasNotTheirs(t *testing.T) {
	for why, demanded := range map[account.Elsewhere]bool{account.KeptHere: true, account.Federated: false, account.Synchronized: false, account.Passwordless: false} {
		w := accounttest.New(t)
		ada := w.Person("ada", policy.Work)
		require.NoError(t, w.App.Host.Account.KeepElsewhere(t.Context(), w.Host, "ada", why, ""))
		w.SignedIn(ada)
		w.Clock.Advance(24 * time.Hour)
		mine := w.Session(w.SignIn(ada)).Actor
		id := w.SignedIn(ada, func(r *signins.Record) { r.Place = accounttest.NewYork })
		preview, yes, err := w.App.SignIns.AskThisWasNotMe(t.Context(), mine, id)
		require.NoError(t, err)
		require.NotEmpty(t, preview.Consequences)
		done, err := w.App.SignIns.ThisWasNotMe(t.Context(), mine, id, yes)
		require.NoError(t, err)
		i := 0
		for done.Steps[i].Measure != signins.RequirePasswordChange {
			i++
		}
		require.Equal(t, demanded, done.Steps[i].Done, why)
		require.Equal(t, demanded, done.Steps[i].Why == "", why)
		st, err := w.App.Host.Accounts.Account(t.Context(), w.Host, "ada")
		require.NoError(t, err)
		require.Equal(t, demanded, st.MustChangePassword, why)
		require.Equal(t, policy.HighRisk, st.Risk)
	}
}
