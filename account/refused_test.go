package account_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// What a host records of a password that was refused, and nobody else learns.

func TestARefusedPasswordTellsTheHostAloneWhoseItWasAndWhy(t *testing.T) {
	k := passwords(t)
	for _, id := range []policy.AccountID{"off", "locked", "spent", "bare", "gone"} {
		k.Person(id, policy.Personal)
		if id != "bare" {
			require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, id, secret.NewText(good)))
		}
	}
	for id, state := range map[policy.AccountID]policy.State{"off": policy.Disabled, "gone": policy.Closed} {
		require.NoError(t, k.App.Host.Accounts.SetState(t.Context(), k.Host, id, state))
	}
	editCredential(t, k.DB, "locked", func(c *account.Credential) { c.Throttle = lockedUntil(k.Clock.Now().Add(time.Minute)) })
	editCredential(t, k.DB, "spent", func(c *account.Credential) { c.Throttle.Disabled = true })
	said := make(map[string]bool)
	for id, want := range map[policy.AccountID]int{"per": 50126, "off": 50057, "locked": 50053, "spent": 50053, "bare": 50056, "gone": 0, "nobody": 0} {
		text := good
		if id == "per" {
			text = "wrong"
		}
		err := k.verify(t, id, text, true)
		var why *account.PasswordRefused
		require.ErrorAs(t, err, &why, "%s", id)
		require.Equal(t, want, why.Code, "%s", id)
		require.Equal(t, want != 0, why.Account == id, "%s", id)
		require.Equal(t, want == 0, why.Account == "", "%s", id)
		var denied *policy.Denied
		require.ErrorAs(t, err, &denied)
		require.EqualError(t, denied, err.Error())
		b, jsonErr := json.Marshal(why)
		require.NoError(t, jsonErr)
		said[string(b)+err.Error()] = true
	}
	require.Len(t, said, 1, "whoever reads it learns nothing")
}

func TestARefusalOfWhoAsksIsNoRefusalOfAPassword(t *testing.T) {
	k := passwords(t)
	for _, a := range []policy.Actor{k.ada, policy.Host("test-host", "nowhere")} {
		_, err := k.App.Host.Account.VerifyPassword(t.Context(), a, attempt("per", good))
		require.ErrorAs(t, err, new(*policy.Denied))
		require.False(t, errors.As(err, new(*account.PasswordRefused)))
	}
}

func TestTheRightPasswordOfAnAccountThatIsBeingClosedTellsWhetherItCanBeReopened(t *testing.T) {
	l := leaving(t)
	reopen := func() policy.Decision {
		t.Helper()
		v, err := l.App.Host.Account.VerifyPassword(t.Context(), l.Host, attempt("per", good))
		require.NoError(t, err)
		require.Equal(t, l.state(t, "per") == policy.Closing, v.Closing)
		require.True(t, v.Closing || v.Reopen == (policy.Decision{}), "of others it says nothing")
		return v.Reopen
	}
	reopen()
	require.NoError(t, l.close(t, l.per, account.ShortGrace))
	require.True(t, reopen().Allowed)
	l.Clock.Advance(account.ShortGrace * day)
	require.Equal(t, account.CodeGraceOver, reopen().Reason().Code)

	require.NoError(t, l.App.Admin.Policy.SetContact(t.Context(), l.Host, "the help desk"))
	_, err := l.App.Admin.Account.Delete(t.Context(), l.Host, "ada")
	require.NoError(t, err)
	v, err := l.App.Host.Account.VerifyPassword(t.Context(), l.Host, attempt("ada", good))
	require.NoError(t, err)
	require.Equal(t, account.CodeDeletedByOthers, v.Reopen.Reason().Code)
	require.Equal(t, "the help desk", v.Reopen.Contact)
}
