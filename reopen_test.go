package myaccount_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// leave closes Ada's account as she does it herself.
func (d *door) leave(t testing.TB) {
	t.Helper()
	ada := d.SignIn(d.ada)
	p, err := d.App.Account.Preflight(t.Context(), ada)
	require.NoError(t, err)
	q := account.CloseRequest{Days: account.ShortGrace}
	for _, f := range p.Findings {
		q.Understood = append(q.Understood, f.ID())
	}
	_, yes, err := d.App.Account.AskClose(t.Context(), ada, q.Days)
	require.NoError(t, err)
	_, err = d.App.Account.Close(t.Context(), ada, q, yes)
	require.NoError(t, err)
	d.Clock.Advance(time.Minute)
}

// closed is a door whose Ada has closed her account.
func closed(t testing.TB) *door {
	d := newDoor(t)
	d.leave(t)
	return d
}

// ask has the code sent, and gives it.
func (d *door) ask(t testing.TB) (challenge.ID, secret.Text) {
	t.Helper()
	id, err := d.App.ReopenCode(t.Context(), d.Host, d.attempt("ada", good))
	require.NoError(t, err)
	m, ok := d.Mail.Last(adas)
	require.True(t, ok)
	return id, m.Code
}

func (d *door) state(t testing.TB, id policy.AccountID) policy.State {
	st, err := d.App.Host.Accounts.Account(t.Context(), d.Host, id)
	require.NoError(t, err)
	return st.State
}

func TestTheRightPasswordOfAClosingAccountStartsNothingAndSaysWhatHelps(t *testing.T) {
	d := closed(t)
	before := d.work.work.Load()
	_, err := d.App.SignIn(t.Context(), d.Host, d.attempt("ada", good))
	no := refused(t, err, policy.CodeAccountClosing)
	require.Equal(t, policy.ReopenAccount, no.Reason().Remedy)
	require.Equal(t, 403, problem.Of(err).Status)
	require.EqualValues(t, 1, d.work.work.Load()-before)
	last := d.attempts(t, "ada")[0]
	require.Equal(t, 50199, last.Code)
	require.Equal(t, signins.Interrupted, last.Outcome)
	require.Contains(t, last.Advice(), "somebody may know your password")
	require.True(t, d.resumes(t, d.old.Token))
	require.Empty(t, d.Mail.All())

	_, err = d.App.SignIn(t.Context(), d.Host, d.attempt("ada", "wrong"))
	refused(t, err, account.CodeWrongPassword, "who has no password learns nothing")
}

func TestACodeReopensTheAccountAndSignsIn(t *testing.T) {
	d := closed(t)
	id, code := d.ask(t)
	d.Clock.Advance(time.Minute)
	started, err := d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), id, code)
	require.NoError(t, err)
	require.True(t, d.resumes(t, started.Token))
	require.False(t, d.resumes(t, d.old.Token))
	require.Equal(t, policy.Active, d.state(t, "ada"))
	last := d.attempts(t, "ada")[0]
	require.Equal(t, signins.Success, last.Outcome)
	require.Equal(t, started.Actor.Session, last.Session)
	require.Equal(t, "Email one-time passcode", last.Steps[1].Method)
	require.Equal(t, policy.AAL1, policy.Assurance(started.Actor.Proofs, d.Clock.Now(), 0), "e-mail is no factor")
	_, err = d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), id, code)
	refused(t, err, account.CodeNotClosing)
	_, err = d.App.SignIn(t.Context(), d.Host, d.attempt("ada", good))
	require.NoError(t, err)
}

// A real clock goes on between the steps, and the proof of the password is older than the account's coming back.
func TestReopeningWorksByAClockThatGoesOn(t *testing.T) {
	d := closed(t)
	app, err := myaccount.New(d.DB, d.Ring, myaccount.WithSender(d.Mail), myaccount.WithHasher(d.work), myaccount.WithPolicy(policy.WithClock(func() time.Time {
		d.Clock.Advance(time.Millisecond)
		return d.Clock.Now()
	})))
	require.NoError(t, err)
	d.App = app
	id, code := d.ask(t)
	started, err := d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), id, code)
	require.NoError(t, err)
	require.True(t, d.resumes(t, started.Token))
}

func TestAWrongCodeReopensNothingAndIsRecordedAsALaterStep(t *testing.T) {
	d := closed(t)
	id, code := d.ask(t)
	d.Clock.Advance(time.Second)
	for _, c := range []struct {
		id   challenge.ID
		code secret.Text
	}{{id, secret.NewText("000000x")}, {"made-up", code}, {"", code}, {id, secret.Text{}}} {
		_, err := d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), c.id, c.code)
		refused(t, err, challenge.CodeWrong)
		last := d.attempts(t, "ada")[0]
		require.Equal(t, 500121, last.Code)
		require.Equal(t, signins.LaterStepFailed, last.Outcome)
		d.Clock.Advance(time.Second)
	}
	_, err := d.App.Reopen(t.Context(), d.Host, d.attempt("ada", "wrong"), id, code)
	refused(t, err, account.CodeWrongPassword)
	require.Equal(t, 50126, d.attempts(t, "ada")[0].Code)
	require.Equal(t, policy.Closing, d.state(t, "ada"))
	_, err = d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), id, code)
	require.NoError(t, err, "the code is not spent by that")
}

func TestTheCodeGoesToAnAddressThatWasProvenAndNowhereElse(t *testing.T) {
	base := newDoor(t)
	add := func(d *door, text string, primary bool, at time.Time) {
		t.Helper()
		require.NoError(t, d.App.Host.Account.AddIdentifier(t.Context(), d.Host, account.NewIdentifier{Account: "ada", Kind: account.Email, Text: text, Primary: primary, ProvenAt: at}))
	}
	for name, c := range map[string]struct {
		furnish func(d *door)
		to      string
	}{
		"the primary one":             {func(d *door) { add(d, "a@other.example", false, d.Clock.Now()) }, adas},
		"another that is primary":     {func(d *door) { add(d, "z@other.example", true, d.Clock.Now()) }, "z@other.example"},
		"the primary one is unproven": {func(d *door) { add(d, "a@other.example", true, time.Time{}) }, adas},
		"one that was given up": {func(d *door) {
			require.NoError(t, d.App.Host.Account.RemoveIdentifier(t.Context(), d.Host, "ada", adas))
		}, ""},
		"none but what nobody proved ": {func(d *door) { d.onlyUnproven(t) }, ""},
	} {
		in := *base
		in.World = base.Fork(t)
		d := &in
		c.furnish(d)
		require.NoError(t, d.App.Host.Account.PutProfile(t.Context(), d.Host, account.Profile{Account: "ada", Language: "fr"}))
		d.leave(t)
		_, err := d.App.ReopenCode(t.Context(), d.Host, d.attempt("ada", good))
		if c.to == "" {
			refused(t, err, myaccount.CodeNoAddress, name)
			require.Empty(t, d.Mail.All(), name)
			continue
		}
		require.NoError(t, err, name)
		sent := d.Mail.All()
		require.Len(t, sent, 1)
		require.Equal(t, c.to, sent[0].To, name)
		require.Equal(t, "fr", sent[0].Language)
		require.Equal(t, challenge.Reopen, sent[0].Purpose)
	}
}

func (d *door) onlyUnproven(t testing.TB) {
	require.NoError(t, d.App.Host.Account.RemoveIdentifier(t.Context(), d.Host, "ada", adas))
	require.NoError(t, d.App.Host.Account.AddIdentifier(t.Context(), d.Host, account.NewIdentifier{Account: "ada", Kind: account.Email, Text: "b@other.example"}))
}

func TestNobodyElsesPasswordHasACodeSent(t *testing.T) {
	d := closed(t)
	for typed, text := range map[string]string{"ada": "wrong", "nobody": good, "bob": good} {
		_, err := d.App.ReopenCode(t.Context(), d.Host, d.attempt(typed, text))
		refused(t, err, account.CodeWrongPassword)
	}
	_, err := d.App.ReopenCode(t.Context(), d.Host, myaccount.SignInAttempt{})
	require.ErrorAs(t, err, new(*policy.Invalid))
	_, err = d.App.Reopen(t.Context(), d.Host, myaccount.SignInAttempt{}, "", secret.Text{})
	require.ErrorAs(t, err, new(*policy.Invalid))
	require.Empty(t, d.Mail.All())
}

func TestWhatCannotBeReopenedSaysWhy(t *testing.T) {
	active, deleted, late := newDoor(t), newDoor(t), closed(t)
	_, err := deleted.App.Admin.Account.Delete(t.Context(), deleted.Host, "ada")
	require.NoError(t, err)
	late.Clock.Advance(account.ShortGrace * day)
	for want, d := range map[policy.Code]*door{account.CodeNotClosing: active, account.CodeDeletedByOthers: deleted, account.CodeGraceOver: late} {
		if d != active {
			_, err := d.App.SignIn(t.Context(), d.Host, d.attempt("ada", good))
			refused(t, err, want)
			require.Equal(t, signins.LaterStepFailed, d.attempts(t, "ada")[0].Outcome, "the password was right")
		}
		_, err = d.App.ReopenCode(t.Context(), d.Host, d.attempt("ada", good))
		refused(t, err, want)
		_, err = d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), "made-up", secret.NewText("123456"))
		refused(t, err, want)
		require.Empty(t, d.Mail.All())
	}
}

func TestCodesForReopeningAreBounded(t *testing.T) {
	d := closed(t)
	for range challenge.MaxSentTo {
		d.ask(t)
	}
	_, err := d.App.ReopenCode(t.Context(), d.Host, d.attempt("ada", good))
	refused(t, err, policy.CodeThrottled)
	require.Len(t, d.Mail.All(), challenge.MaxSentTo)
}

// burn has wrong codes counted until none is heard nor sent for a day, as somebody does who has the password and no mailbox.
func (d *door) burn(t *testing.T, text string) policy.Code {
	t.Helper()
	for range testkit.TooMany {
		_, err := d.App.Reopen(t.Context(), d.Host, d.attempt("ada", text), "made-up", secret.NewText("000000"))
		var no *policy.Denied
		require.ErrorAs(t, err, &no)
		wait := no.Reason().Until.Sub(d.Clock.Now())
		switch {
		case no.Reason().Code == challenge.CodeWrong:
		case no.Reason().Until.IsZero() || wait > time.Hour:
			return no.Reason().Code
		default:
			d.Clock.Advance(wait)
		}
	}
	require.Fail(t, "there is no end to it")
	return ""
}

func TestWhoKnowsThePasswordKeepsTheOwnerOfTheMailboxFromReopeningNoLongerThanUntilTheyResetIt(t *testing.T) {
	d := closed(t)
	for range 3 {
		require.Equal(t, policy.CodeThrottled, d.burn(t, good))
		_, err := d.App.ReopenCode(t.Context(), d.Host, d.attempt("ada", good))
		refused(t, err, policy.CodeThrottled)
		d.Clock.Advance(day)
	}
	d.burn(t, good)
	require.NoError(t, d.App.Host.Account.ResetPassword(t.Context(), d.Host, account.Reset{Account: "ada", New: secret.NewText(better),
		Proofs: []policy.Proof{{Factor: policy.FactorRecovery, At: d.Clock.Now()}}}))
	require.Equal(t, policy.Closing, d.state(t, "ada"), "a reset reopens nothing")
	require.Equal(t, account.CodeWrongPassword, d.burn(t, good), "the thief is heard no more")
	d.Clock.Advance(day)
	_, err := d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), "made-up", secret.NewText("000000"))
	refused(t, err, account.CodeWrongPassword)
	a := d.attempt("ada", better)
	a.Familiar = true
	id, err := d.App.ReopenCode(t.Context(), d.Host, a)
	require.NoError(t, err)
	m, _ := d.Mail.Last(adas)
	_, err = d.App.Reopen(t.Context(), d.Host, a, id, m.Code)
	require.NoError(t, err)
	require.Equal(t, policy.Active, d.state(t, "ada"))
}

func TestAThiefsRecoveryCodeGoesWithTheResetOfAnAccountThatIsBeingClosed(t *testing.T) {
	d := newDoor(t)
	code, err := d.App.Account.NewRecoveryCode(t.Context(), d.SignIn(d.ada))
	require.NoError(t, err)
	d.leave(t)
	require.NoError(t, d.App.Host.Account.ResetPassword(t.Context(), d.Host, account.Reset{Account: "ada", New: secret.NewText(better),
		Proofs: []policy.Proof{{Factor: policy.FactorRecovery, At: d.Clock.Now()}}}))
	_, err = d.App.Host.Account.Recover(t.Context(), d.Host, "ada", code)
	refused(t, err, account.CodeWrongRecoveryCode)
}

func TestACodeThatWasNotSentSaysSo(t *testing.T) {
	d := closed(t)
	d.Mail.Fail(testkit.ErrStruck)
	id, err := d.App.ReopenCode(t.Context(), d.Host, d.attempt("ada", good))
	require.ErrorIs(t, err, challenge.ErrNotSent)
	require.NotEmpty(t, id)
	require.Equal(t, 50199, d.attempts(t, "ada")[0].Code)
	d.Mail.Fail(nil)
	d.ask(t)
}

func TestOneOfManyWhoReopenAtOnceIsSignedIn(t *testing.T) {
	d := closed(t)
	id, code := d.ask(t)
	var started [16]signins.Started
	testkit.Together(len(started), func(i int) {
		var err error
		started[i], err = d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), id, code)
		if c := testkit.CodeOf(err); c != "" && c != account.CodeNotClosing && c != challenge.CodeWrong {
			t.Error(err)
		}
	})
	won := 0
	for _, s := range started {
		if !s.Token.Empty() {
			won++
			require.True(t, d.resumes(t, s.Token))
		}
	}
	require.Equal(t, 1, won)
	require.Equal(t, 1, d.alive(t, "ada"))
}

func TestWhateverGoesWrongWhileReopeningNoTokenIsGivenAndSigningInGoesOn(t *testing.T) {
	base := closed(t)
	id, code := base.ask(t)
	base.eachMoment(t, func() error { return testkit.ErrStruck }, func(in *door) error {
		started, err := in.App.Reopen(t.Context(), in.Host, in.attempt("ada", good), id, code)
		require.True(t, err == nil || started.Token.Empty())
		return err
	}, func(in *door, err error, moment int) {
		require.ErrorIs(t, err, testkit.ErrStruck, "%d", moment)
		in.App = base.appOver(t, in)
		if in.state(t, "ada") == policy.Active {
			_, err = in.App.SignIn(t.Context(), in.Host, in.attempt("ada", good))
			require.NoError(t, err, "%d", moment)
			return
		}
		require.Zero(t, in.alive(t, "ada"), "%d", moment)
		_, err = in.App.Reopen(t.Context(), in.Host, in.attempt("ada", good), id, code)
		require.NoError(t, err, "%d", moment)
	})
}

func TestNoCodeForReopeningLeavesATrace(t *testing.T) {
	d := closed(t)
	left := testkit.NewSpoor()
	id, code := d.ask(t)
	started, err := d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), id, secret.NewText(fmt.Sprint(code.Reveal(), "7")))
	left.Leave(t, id, started, err)
	started, err = d.App.Reopen(t.Context(), d.Host, d.attempt("ada", good), id, code)
	left.Leave(t, started, err, d.Events(accounttest.Tenant), d.attempts(t, "ada"))
	require.NotRegexp(t, `\b`+code.Reveal()+`\b`, left.String())
	require.NotRegexp(t, `\b`+code.Reveal()+`\b`, testkit.Saved(t, d.DB))
	require.False(t, strings.Contains(left.String(), started.Token.Reveal()))
}
