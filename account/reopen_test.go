package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// left is a world where Per has an address and has closed his account.
func left(t *testing.T) leaver {
	l := leaving(t)
	require.NoError(t, l.close(t, l.per, 30))
	l.Clock.Advance(time.Hour)
	return l
}

func (l leaver) askTo(t *testing.T, m challenge.Method, to string) error {
	t.Helper()
	_, err := l.App.Host.Account.AskReopen(t.Context(), l.Host, account.ReopenRequest{Account: "per", Method: m, To: to, Attempt: "attempt"})
	return err
}

func TestACodeThatReopensGoesToNoAddressThatWasNotProvenToBeTheAccounts(t *testing.T) {
	l := leaving(t)
	give := func(id policy.AccountID, text string, proven time.Time) {
		t.Helper()
		n := account.NewIdentifier{Account: id, Kind: account.Email, Text: text, ProvenAt: proven}
		require.NoError(t, l.App.Host.Account.AddIdentifier(t.Context(), l.Host, n))
	}
	give("per", "unproven@example.org", time.Time{})
	give("per", "given-up@example.org", l.Clock.Now())
	give("ada", "adas@example.org", l.Clock.Now())
	require.NoError(t, l.App.Host.Account.RemoveIdentifier(t.Context(), l.Host, "per", "given-up@example.org"))
	require.NoError(t, l.close(t, l.SignIn(l.per), 30))
	for _, to := range []string{"eve@evil.example", "unproven@example.org", "given-up@example.org", "adas@example.org", pers + ".evil.example"} {
		refused(t, l.askTo(t, challenge.Email, to), account.CodeAddressNotProven)
		_, sent := l.Mail.Last(to)
		require.False(t, sent, to)
	}
	invalid(t, l.askTo(t, challenge.Email, "no address"), "to")
	require.NoError(t, l.askTo(t, challenge.Email, "PER@Example.org"))
	_, sent := l.Mail.Last(pers)
	require.True(t, sent, "as it was proven, whatever was typed")
	require.NoError(t, l.askTo(t, challenge.SMS, "+44 20 7946 0000"), "whose phones are is known to the host alone")
}

func TestAProofFromBeforeTheClosingReopensNothing(t *testing.T) {
	l := leaving(t)
	l.Clock.Advance(time.Minute)
	require.NoError(t, l.close(t, l.SignIn(l.per), 30))
	closed := l.Clock.Now()
	l.Clock.Advance(time.Minute)
	r, err := l.code(t, "per")
	require.NoError(t, err)
	r.Proofs = []policy.Proof{{Factor: policy.FactorPassword, At: closed.Add(-time.Microsecond)}}
	refused(t, l.App.Host.Account.Reopen(t.Context(), l.Host, r), account.CodeSignInFirst)
	r.Proofs = []policy.Proof{{Factor: policy.FactorPassword, At: closed.Add(-time.Microsecond)}, {Factor: policy.FactorPassword, At: closed}}
	require.NoError(t, l.App.Host.Account.Reopen(t.Context(), l.Host, r))
}

func TestAfterReopeningASessionStartsWithTheProofsOfThatSignIn(t *testing.T) {
	l := left(t)
	earlier := l.SignIn(l.per) // somebody else's, at a host that keeps sessions itself
	l.Clock.Advance(time.Minute)
	v, err := l.App.Host.Account.VerifyPassword(t.Context(), l.Host, account.PasswordAttempt{Account: "per", Password: secret.NewText(good)})
	require.NoError(t, err)
	l.Clock.Advance(20 * time.Second)
	r, err := l.code(t, "per")
	require.NoError(t, err)
	l.Clock.Advance(40 * time.Second)
	r.Proofs = []policy.Proof{v.Proof}
	require.NoError(t, l.App.Host.Account.Reopen(t.Context(), l.Host, r))
	l.Clock.Advance(10 * time.Second)

	started, err := l.App.Host.SignIns.Start(t.Context(), l.Host, signins.NewSession{Account: "per", Proofs: r.Proofs})
	require.NoError(t, err)
	require.True(t, l.alive(t, started.Token))
	_, err = l.App.Account.Profile(t.Context(), started.Actor)
	require.NoError(t, err)
	require.False(t, l.alive(t, l.session.Token), "what was signed in before the closing")
	for _, a := range []policy.Actor{l.per, earlier} {
		_, err = l.App.Account.Profile(t.Context(), a)
		refused(t, err, policy.CodeSessionEnded)
	}
	_, err = l.App.Host.SignIns.Start(t.Context(), l.Host, signins.NewSession{Account: "per", Proofs: earlier.Proofs})
	refused(t, err, signins.CodeProvenBefore)
}

func TestRestoringLeavesNoSignInFromBeforeAlive(t *testing.T) {
	l := left(t)
	early := l.SignIn(l.per)
	l.Clock.Advance(time.Minute)
	require.NoError(t, l.App.Admin.Account.Restore(t.Context(), l.Host, "per"))
	_, err := l.App.Account.Profile(t.Context(), early)
	refused(t, err, policy.CodeSessionEnded)
}
