package myaccount_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

const phone = "+49 30 1234"

// indoors is a door behind which Ada signed in an hour ago.
func indoors(t *testing.T) *door {
	d := newDoor(t)
	var err error
	d.old, err = d.App.SignIn(t.Context(), d.Host, d.attempt("ada", good))
	require.NoError(t, err)
	d.Clock.Advance(time.Hour)
	return d
}

// text has a code sent for Ada's session.
func (d *door) text(t testing.TB) (challenge.ID, secret.Text) {
	t.Helper()
	id, err := d.App.Host.Account.SendCode(t.Context(), d.Host, account.CodeRequest{Account: "ada", Purpose: challenge.StepUp, Method: challenge.SMS, To: phone, Session: d.old.Actor.Session})
	require.NoError(t, err)
	m, _ := d.Mail.Last(phone)
	return id, m.Code
}

func (d *door) mayHaveCode(t *testing.T, a policy.Actor) policy.Decision {
	t.Helper()
	may, err := d.App.Account.Can(t.Context(), a, account.NewRecoveryCode, "")
	require.NoError(t, err)
	return may
}

func TestThePasswordAgainIsAFreshProofAndANewToken(t *testing.T) {
	d := indoors(t)
	require.Equal(t, policy.CodeFresherProof, d.mayHaveCode(t, d.old.Actor).Reason().Code)
	next, err := d.App.ProvePassword(t.Context(), d.Host, d.old.Token, secret.NewText(good))
	require.NoError(t, err)
	require.Equal(t, d.old.Actor.Session, next.Actor.Session)
	require.False(t, d.resumes(t, d.old.Token))
	require.True(t, d.resumes(t, next.Token))
	require.True(t, d.mayHaveCode(t, next.Actor).Allowed)
}

func TestACodeIsAnotherFactorAndANewToken(t *testing.T) {
	d := indoors(t)
	id, code := d.text(t)
	next, err := d.App.ProveCode(t.Context(), d.Host, d.old.Token, challenge.SMS, id, code)
	require.NoError(t, err)
	require.Equal(t, policy.AAL2, policy.Assurance(next.Actor.Proofs, d.Clock.Now(), 0))
	require.False(t, d.resumes(t, d.old.Token))
	_, err = d.App.ProveCode(t.Context(), d.Host, next.Token, challenge.SMS, id, code)
	refused(t, err, challenge.CodeWrong, "once")
}

func TestWhoProvesNothingKeepsTheirSessionAsItIs(t *testing.T) {
	d := indoors(t)
	id, code := d.text(t)
	_, err := d.App.ProvePassword(t.Context(), d.Host, d.old.Token, secret.NewText("wrong"))
	refused(t, err, account.CodeWrongPassword)
	require.False(t, errors.As(err, new(*account.PasswordRefused)))
	for _, a := range []struct {
		m    challenge.Method
		id   challenge.ID
		code secret.Text
	}{{challenge.SMS, id, secret.NewText("000000x")}, {challenge.SMS, "made-up", code}, {challenge.Voice, id, code}} {
		_, err = d.App.ProveCode(t.Context(), d.Host, d.old.Token, a.m, a.id, a.code)
		refused(t, err, challenge.CodeWrong)
	}
	_, err = d.App.ProveCode(t.Context(), d.Host, d.old.Token, challenge.Email, id, code)
	require.ErrorAs(t, err, new(*policy.Invalid))
	actor, err := d.App.Host.SignIns.Actor(t.Context(), d.old.Token)
	require.NoError(t, err)
	require.Equal(t, d.old.Actor, actor)
}

func TestATokenThatDoesNotCountIsToldSoBeforeAnythingIsLookedAt(t *testing.T) {
	d := indoors(t)
	d.Tenant("fabrikam")
	far := d.Session(d.PersonIn("fabrikam", "ada", policy.Work)) // whose namesake here has that password
	id, code := d.text(t)
	before, rows := d.work.work.Load(), testkit.Rows(t, d.DB)
	for _, token := range []secret.Text{{}, secret.NewText("mast_made-up"), far.Token} {
		_, err := d.App.ProvePassword(t.Context(), d.Host, token, secret.NewText(good))
		refused(t, err, policy.CodeSessionEnded)
		_, err = d.App.ProveCode(t.Context(), d.Host, token, challenge.SMS, id, code)
		refused(t, err, policy.CodeSessionEnded)
	}
	require.Equal(t, before, d.work.work.Load())
	testkit.RequireSame(t, rows, testkit.Rows(t, d.DB))
	for _, a := range []policy.Actor{{}, d.ada, policy.System("setup")} {
		_, err := d.App.ProvePassword(t.Context(), a, d.old.Token, secret.NewText(good))
		require.ErrorAs(t, err, new(*policy.Denied))
	}
	testkit.RequireSame(t, rows, testkit.Rows(t, d.DB))
}

func TestGuessesAtAStepUpLockNoSignInAndCountInOneRowWithThoseThere(t *testing.T) {
	d := indoors(t)
	for i := range 10 {
		_, err := d.App.ProvePassword(t.Context(), d.Host, d.old.Token, secret.NewText(fmt.Sprint("wrong ", i)))
		refused(t, err, account.CodeWrongPassword)
	}
	a := d.attempt("ada", good)
	a.Familiar = true
	_, err := d.App.ProvePassword(t.Context(), d.Host, d.old.Token, secret.NewText(good))
	refused(t, err, account.CodeWrongPassword, "locked")
	next, err := d.App.SignIn(t.Context(), d.Host, a)
	require.NoError(t, err, "whoever has the session keeps nobody out")
	_, err = d.App.ProvePassword(t.Context(), d.Host, next.Token, secret.NewText(good))
	refused(t, err, account.CodeWrongPassword, "nor does signing in end the lock of a session that may be stolen")
}

func TestAStrangersGuessesDoNotKeepWhoIsSignedInFromProving(t *testing.T) {
	d := indoors(t)
	for i := range 10 {
		_, err := d.App.SignIn(t.Context(), d.Host, d.attempt("ada", fmt.Sprint("wrong ", i)))
		refused(t, err, account.CodeWrongPassword)
	}
	_, err := d.App.ProvePassword(t.Context(), d.Host, d.old.Token, secret.NewText(good))
	require.NoError(t, err)
}

func TestOneOfManyStepUpsAtOnceHasTheNewToken(t *testing.T) {
	d := indoors(t)
	var started [32]signins.Started
	testkit.Together(len(started), func(i int) {
		var err error
		started[i], err = d.App.ProvePassword(t.Context(), d.Host, d.old.Token, secret.NewText(good))
		if c := testkit.CodeOf(err); c != "" && c != policy.CodeSessionEnded {
			t.Error(err)
		}
	})
	alive := 0
	for _, s := range started {
		if !s.Token.Empty() && d.resumes(t, s.Token) {
			alive++
		}
	}
	require.Equal(t, 1, alive)
	require.Equal(t, 1, d.alive(t, "ada"))
}

func TestWhateverGoesWrongInAStepUpNoTokenIsGivenAndTheOldOneGoesOn(t *testing.T) {
	base := indoors(t)
	id, code := base.text(t)
	for name, prove := range map[string]func(*door) (signins.Started, error){
		"password": func(d *door) (signins.Started, error) {
			return d.App.ProvePassword(t.Context(), d.Host, d.old.Token, secret.NewText(good))
		},
		"code": func(d *door) (signins.Started, error) {
			return d.App.ProveCode(t.Context(), d.Host, d.old.Token, challenge.SMS, id, code)
		},
	} {
		lost := 0
		base.eachMoment(t, func() error { return testkit.ErrStruck }, func(in *door) error {
			started, err := prove(in)
			require.True(t, err == nil || started.Token.Empty())
			return err
		}, func(in *door, err error, moment int) {
			require.ErrorIs(t, err, testkit.ErrStruck, "%s, %d", name, moment)
			in.App = base.appOver(t, in)
			if !in.resumes(t, in.old.Token) {
				lost++ // the error came after the last commit
			}
		})
		require.Equal(t, 1, lost, name)
	}
}

const better = "violet anchor 83 thistle mural"

func change(current, fresh string) account.PasswordChange {
	return account.PasswordChange{Current: secret.NewText(current), New: secret.NewText(fresh)}
}

func TestAChangedPasswordIsAFreshProofAndANewTokenAndEndsEveryOtherSession(t *testing.T) {
	d := indoors(t)
	a := d.attempt("ada", good)
	a.Replaces = secret.Text{}
	_, err := d.App.SignIn(t.Context(), d.Host, a)
	require.NoError(t, err)
	d.Clock.Advance(time.Hour)
	next, err := d.App.ChangePassword(t.Context(), d.Host, d.old.Token, change(good, better))
	require.NoError(t, err)
	require.Equal(t, d.old.Actor.Session, next.Actor.Session)
	require.False(t, d.resumes(t, d.old.Token))
	require.True(t, d.resumes(t, next.Token))
	require.Equal(t, 1, d.alive(t, "ada"))
	require.Contains(t, next.Actor.Proofs, policy.Proof{Factor: policy.FactorPassword, At: d.Clock.Now()})
	_, err = d.App.ProvePassword(t.Context(), d.Host, next.Token, secret.NewText(better))
	require.NoError(t, err)
}

func TestAChangedPasswordIsToldWithTheAddressOfTheRequestAndNotOfTheSession(t *testing.T) {
	d := indoors(t)
	thief := d.Host
	thief.Address = netip.MustParseAddr("203.0.113.66")
	_, err := d.App.ChangePassword(t.Context(), thief, d.old.Token, change(good, better))
	require.NoError(t, err)
	seen := 0
	for _, e := range d.Events(accounttest.Tenant) {
		if e.Activity == "Change password (self-service)" {
			seen++
			require.Equal(t, thief.Address, e.Address, "the session's is that of its last touch, and may be the owner's")
		}
	}
	require.Equal(t, 1, seen)
}

func TestWhoseChangeOfPasswordIsRefusedKeepsTheirTokenAndPassword(t *testing.T) {
	d := indoors(t)
	_, err := d.App.ChangePassword(t.Context(), d.Host, d.old.Token, change("wrong", better))
	refused(t, err, account.CodeWrongPassword)
	_, err = d.App.ChangePassword(t.Context(), d.Host, d.old.Token, change(good, "short"))
	require.ErrorAs(t, err, new(*password.Unacceptable))
	_, err = d.App.ChangePassword(t.Context(), d.Host, secret.NewText("mast_made-up"), change(good, better))
	refused(t, err, policy.CodeSessionEnded)
	for _, a := range []policy.Actor{{}, d.ada, policy.System("setup"), policy.Host("portal", "fabrikam")} {
		_, err = d.App.ChangePassword(t.Context(), a, d.old.Token, change(good, better))
		require.ErrorAs(t, err, new(*policy.Denied))
	}
	actor, err := d.App.Host.SignIns.Actor(t.Context(), d.old.Token)
	require.NoError(t, err)
	require.Equal(t, d.old.Actor, actor)
	_, err = d.App.ProvePassword(t.Context(), d.Host, d.old.Token, secret.NewText(good))
	require.NoError(t, err)
}

func TestWhateverGoesWrongInAChangeOfPasswordTheErrorTellsWhichPasswordCounts(t *testing.T) {
	base := indoors(t)
	changed, lost := 0, 0
	base.eachMoment(t, func() error { return testkit.ErrStruck }, func(in *door) error {
		started, err := in.App.ChangePassword(t.Context(), in.Host, in.old.Token, change(good, better))
		require.True(t, err == nil || started.Token.Empty())
		return err
	}, func(in *door, err error, moment int) {
		require.ErrorIs(t, err, testkit.ErrStruck, "%d", moment)
		in.App = base.appOver(t, in)
		v, wrong := in.App.Host.Account.VerifyPassword(t.Context(), in.Host, account.PasswordAttempt{Account: "ada", Password: secret.NewText(better)})
		is := wrong == nil && v.Account == "ada"
		said := strings.Contains(err.Error(), "the password is changed")
		require.True(t, is || !said, "%d: %v", moment, err)
		if is && !said {
			changed++ // the error came after the commit of the change, whose fate the store does not know itself
		}
		if !in.resumes(t, in.old.Token) {
			lost++ // or after that of the new token
		}
	})
	require.Equal(t, 1, changed)
	require.Equal(t, 1, lost)
}

func TestAStepUpLeavesItsEventsAndNoTraceOfWhatWasGiven(t *testing.T) {
	d := indoors(t)
	left := testkit.NewSpoor()
	id, code := d.text(t)
	next, err := d.App.ProveCode(t.Context(), d.Host, d.old.Token, challenge.SMS, id, code)
	left.Leave(t, next, err)
	again, err := d.App.ProvePassword(t.Context(), d.Host, next.Token, secret.NewText(good))
	events := d.Events(accounttest.Tenant)
	left.Leave(t, again, err, events)
	var told []string
	for _, e := range events[len(events)-3:] {
		told = append(told, e.Activity)
	}
	require.Equal(t, []string{"Send verification code", "Add proof to session", "Add proof to session"}, told)
	require.NotRegexp(t, `\b`+code.Reveal()+`\b`, left.String()+testkit.Saved(t, d.DB))
	for _, hidden := range []string{good, next.Token.Reveal(), again.Token.Reveal()} {
		require.NotContains(t, left.String()+testkit.Saved(t, d.DB), hidden)
	}
}
