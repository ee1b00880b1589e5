package myaccount_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

func TestOneCallSignsInRecordsItAndEndsTheOlderSession(t *testing.T) {
	d := newDoor(t)
	for _, typed := range []string{"ada", " ADA ", adas} {
		started, err := d.App.SignIn(t.Context(), d.Host, d.attempt(typed, good))
		require.NoError(t, err)
		require.Equal(t, policy.AccountID("ada"), started.Actor.Account)
		require.Equal(t, []policy.Proof{{Factor: policy.FactorPassword, At: d.Clock.Now()}}, started.Actor.Proofs)
		require.True(t, d.resumes(t, started.Token))
		require.False(t, d.resumes(t, d.old.Token), "whoever's it was")
		all := d.attempts(t, "ada")
		last := all[0]
		require.Equal(t, signins.Success, last.Outcome)
		require.Equal(t, started.Actor.Session, last.Session)
		require.Equal(t, d.Clock.Now(), last.At)
		require.Equal(t, []string{"Portal", "Firefox", "Windows 10", "Browser"}, []string{last.Application, last.Browser, last.System, last.ClientApp})
		require.Equal(t, accounttest.Berlin, last.Place)
		require.Equal(t, []signins.Step{{At: d.Clock.Now(), Method: "Password", Detail: "Correct password", Primary: true, Succeeded: true}}, last.Steps)
		require.Equal(t, 1, d.alive(t, "ada"), "one browser, one session")
		d.old = started
		d.Clock.Advance(time.Second)
	}
	require.Len(t, d.attempts(t, "ada"), 3)
}

// turnedAway are those whose password is not taken, and by which code that is recorded; 0 for nobody's.
func turnedAway(t *testing.T) (*door, map[string]int) {
	d := newDoor(t)
	for _, id := range []policy.AccountID{"off", "locked", "gone"} {
		d.Person(id, policy.Personal)
		d.give(t, id)
	}
	d.Person("bare", policy.Guest)
	require.NoError(t, d.App.Host.Account.AddIdentifier(t.Context(), d.Host, account.NewIdentifier{Account: "bare", Kind: account.UserName, Text: "bare"}))
	for id, state := range map[policy.AccountID]policy.State{"off": policy.Disabled, "gone": policy.Closed} {
		require.NoError(t, d.App.Host.Accounts.SetState(t.Context(), d.Host, id, state))
	}
	for i := range 10 {
		_, err := d.App.SignIn(t.Context(), d.Host, d.attempt("locked", fmt.Sprint("wrong ", i)))
		refused(t, err, account.CodeWrongPassword)
	}
	d.Clock.Advance(time.Second)
	return d, map[string]int{"ada": 50126, "off": 50057, "locked": 50053, "bare": 50056, "gone": 0, "nobody": 0, "no name\x00 at all": 0}
}

func TestWhoIsTurnedAwayIsRecordedByCodeAndHearsTheSame(t *testing.T) {
	base, away := turnedAway(t)
	type heard struct {
		text, class, body string
		problem           int
		hashes            int64
		commits, moments  int
	}
	said := make(map[heard]bool)
	for typed, code := range away {
		d, s := base.fork(t, nil)
		before := d.work.work.Load()
		text := good
		if typed == "ada" {
			text = "wrong"
		}
		started, err := d.App.SignIn(t.Context(), d.Host, d.attempt(typed, text))
		denied := refused(t, err, account.CodeWrongPassword, typed)
		require.Zero(t, started)
		require.False(t, errors.As(err, new(*account.PasswordRefused)), "whose it was goes no further")
		body, jsonErr := json.Marshal(denied)
		require.NoError(t, jsonErr)
		said[heard{err.Error(), fmt.Sprintf("%T %s", err, denied.Reason().Class), string(body), problem.Of(err).Status, d.work.work.Load() - before, s.commits, s.moments}] = true
		require.True(t, d.resumes(t, d.old.Token), "%s: the browser's session is as it was", typed)
		if code == 0 {
			continue
		}
		all := d.attempts(t, policy.AccountID(typed))
		require.NotEmpty(t, all, typed)
		require.Equal(t, code, all[0].Code, typed)
		require.Equal(t, signins.FirstFactorFailed, all[0].Outcome, typed)
		require.Empty(t, all[0].Session)
		require.False(t, all[0].Steps[0].Succeeded)
	}
	require.Len(t, said, 1, "nor do work, transactions and commits tell: %v", said)
}

func TestANameThatIsNobodysLeavesNoRowAndOneEventEach(t *testing.T) {
	d := newDoor(t)
	rows, events := testkit.Rows(t, d.DB), len(d.Events(accounttest.Tenant))
	for i := range 20 {
		_, err := d.App.SignIn(t.Context(), d.Host, d.attempt(fmt.Sprint("nobody", i), good))
		refused(t, err, account.CodeWrongPassword)
	}
	testkit.RequireSame(t, rows, testkit.Rows(t, d.DB))
	require.Len(t, d.Events(accounttest.Tenant), events+2, "the password that was refused, and the attempt")
}

func TestAnAttemptThatIsMalformedIsToldSoBeforeAnyWork(t *testing.T) {
	d := newDoor(t)
	saved := testkit.Saved(t, d.DB)
	for field, change := range map[string]func(*myaccount.SignInAttempt){
		"identifier": func(a *myaccount.SignInAttempt) { a.Identifier = "" },
		"device":     func(a *myaccount.SignInAttempt) { a.Device = "a\nb" },
		"place":      func(a *myaccount.SignInAttempt) { a.Place.Latitude = 91 },
	} {
		for _, typed := range []string{"ada", "nobody"} {
			a := d.attempt(typed, good)
			change(&a)
			_, err := d.App.SignIn(t.Context(), d.Host, a)
			var invalid *policy.Invalid
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, field, invalid.Field)
		}
	}
	a := d.attempt("ada", good)
	a.Account = "ada"
	_, err := d.App.SignIn(t.Context(), d.Host, a)
	require.ErrorAs(t, err, new(*policy.Invalid))
	require.Zero(t, d.work.work.Load())
	testkit.RequireSame(t, saved, testkit.Saved(t, d.DB))
}

func TestNoBrowserKeepsItsPersonOut(t *testing.T) {
	for _, name := range []string{"<script>alert(1)</script>", "\u202etxt.exe", "a\x00b\n", strings.Repeat("🦊", 500), "\xff"} {
		d := newDoor(t)
		a := d.attempt("ada", good)
		a.Client = policy.Client{Application: name, Browser: name, System: name}
		a.Place = signins.Place{City: name, Region: name, Country: name}
		started, err := d.App.SignIn(t.Context(), d.Host, a)
		require.NoError(t, err, "%q", name)
		require.True(t, d.resumes(t, started.Token))
		require.Equal(t, policy.CleanText(name, signins.MaxText), d.attempts(t, "ada")[0].Browser)
	}
}

func TestOnlyAHostSignsPeopleIn(t *testing.T) {
	d := newDoor(t)
	saved := testkit.Rows(t, d.DB)
	for _, a := range []policy.Actor{{}, d.ada, policy.System("setup"), policy.Host("test-host", "nowhere")} {
		_, err := d.App.SignIn(t.Context(), a, d.attempt("ada", good))
		require.ErrorAs(t, err, new(*policy.Denied))
	}
	testkit.RequireSame(t, saved, testkit.Rows(t, d.DB))
}

func TestARightPasswordOnADeviceThatCannotSignInIsRecordedAsALaterStep(t *testing.T) {
	d := newDoor(t)
	d.Device(d.ada, "lost")
	d.Disable(d.ada, "lost")
	for _, device := range []policy.DeviceID{"lost", "made-up"} {
		a := d.attempt("ada", good)
		a.Device = device
		_, err := d.App.SignIn(t.Context(), d.Host, a)
		refused(t, err, signins.CodeDeviceCannotSignIn)
		last := d.attempts(t, "ada")[0]
		require.Equal(t, 50155, last.Code)
		require.Equal(t, signins.LaterStepFailed, last.Outcome, "somebody has the password")
		require.True(t, d.resumes(t, d.old.Token))
		require.Zero(t, d.alive(t, "ada"))
		d.Clock.Advance(time.Second)
	}
}

// meanwhile is a store in which something happens once between a password's verification and what follows.
func (d *door) meanwhile(t *testing.T, happens func(in *door)) *door {
	in, s := d.fork(t, nil)
	var once sync.Once
	s.strike = func(int) error {
		if s.commits == 1 { // the verification's
			once.Do(func() { happens(in) })
		}
		return nil
	}
	return in
}

func TestWhatHappensWhileSomebodySignsInCounts(t *testing.T) {
	base := newDoor(t)
	off := base.meanwhile(t, func(in *door) {
		require.NoError(t, base.appOver(t, in).Host.Accounts.SetState(t.Context(), in.Host, "ada", policy.Disabled))
	})
	_, err := off.App.SignIn(t.Context(), off.Host, off.attempt("ada", good))
	refused(t, err, signins.CodeCannotSignIn)
	require.Equal(t, 50057, off.attempts(t, "ada")[0].Code)
	require.Equal(t, signins.LaterStepFailed, off.attempts(t, "ada")[0].Outcome)

	out := base.meanwhile(t, func(in *door) {
		in.Clock.Advance(time.Second)
		require.NoError(t, base.appOver(t, in).Admin.SignIns.SignOut(t.Context(), in.Host, "ada"))
	})
	_, err = out.App.SignIn(t.Context(), out.Host, out.attempt("ada", good))
	refused(t, err, signins.CodeProvenBefore)
	require.Equal(t, signins.LaterStepFailed, out.attempts(t, "ada")[0].Outcome)
	require.Zero(t, out.alive(t, "ada"))
}

// appOver is the library over a world's store as it is.
func (d *door) appOver(t *testing.T, in *door) *myaccount.Account {
	app, err := myaccount.New(in.DB, in.Ring, myaccount.WithHasher(in.work), myaccount.WithPolicy(policy.WithClock(in.Clock.Now)))
	require.NoError(t, err)
	return app
}

func TestHangingUpEvadesNoRecord(t *testing.T) {
	base := newDoor(t)
	ctx, cancel := context.WithCancel(t.Context())
	d := base.meanwhile(t, func(*door) { cancel() })
	_, err := d.App.SignIn(ctx, d.Host, d.attempt("ada", "wrong"))
	refused(t, err, account.CodeWrongPassword)
	require.Equal(t, 50126, d.attempts(t, "ada")[0].Code)

	ctx, cancel = context.WithCancel(t.Context())
	d = base.meanwhile(t, func(*door) { cancel() })
	started, err := d.App.SignIn(ctx, d.Host, d.attempt("ada", good))
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, started)
	require.Zero(t, d.alive(t, "ada"), "nobody is there to take a token")
	require.True(t, d.resumes(t, d.old.Token))
}

func TestWhateverGoesWrongNoTokenIsGivenAndNothingIsHalfDone(t *testing.T) {
	base := newDoor(t)
	for name, text := range map[string]string{"right": good, "wrong": "wrong"} {
		base.eachMoment(t, func() error { return testkit.ErrStruck }, func(in *door) error {
			started, err := in.App.SignIn(t.Context(), in.Host, in.attempt("ada", text))
			require.True(t, err == nil || started.Token.Empty())
			return err
		}, func(in *door, err error, moment int) {
			require.ErrorIs(t, err, testkit.ErrStruck, "%s, %d", name, moment)
			succeeded := 0
			for _, a := range in.attempts(t, "ada") {
				if a.Outcome == signins.Success {
					succeeded++
				}
			}
			rest := base.appOver(t, in)
			in.App = rest
			require.Equal(t, succeeded, in.alive(t, "ada"), "%s, %d: a session and its record come together", name, moment)
			require.Equal(t, succeeded == 0, in.resumes(t, in.old.Token), "%s, %d: and the older one goes with them", name, moment)
		})
	}
}

func TestAPanicLeavesNothingHalfDoneAndTheNextSignInWorks(t *testing.T) {
	base := newDoor(t)
	base.eachMoment(t, func() error { panic(testkit.ErrStruck) }, func(in *door) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = testkit.ErrStruck
			}
		}()
		_, err = in.App.SignIn(t.Context(), in.Host, in.attempt("ada", good))
		return err
	}, func(in *door, err error, moment int) {
		require.ErrorIs(t, err, testkit.ErrStruck)
		started, err := in.App.SignIn(t.Context(), in.Host, in.attempt("ada", good))
		require.NoError(t, err, "moment %d", moment)
		require.True(t, in.resumes(t, started.Token))
		require.False(t, in.resumes(t, in.old.Token))
	})
}

func TestManyWhoSignInAtOnceEachHaveASessionAndARecord(t *testing.T) {
	d := newDoor(t)
	before := len(d.Events(accounttest.Tenant))
	var tokens [64]secret.Text
	testkit.Together(len(tokens), func(i int) {
		started, err := d.App.SignIn(t.Context(), d.Host, d.attempt("ada", good))
		if err != nil {
			t.Error(err)
		}
		tokens[i] = started.Token
	})
	for _, token := range tokens {
		require.True(t, d.resumes(t, token))
	}
	require.Len(t, d.attempts(t, "ada"), 64)
	require.Len(t, d.Events(accounttest.Tenant), before+65, "the older session ended once")
}

func TestManyWhoGuessAtOnceAreAllRecordedAndGetNoMoreGuesses(t *testing.T) {
	d := newDoor(t)
	testkit.Together(64, func(i int) {
		if _, err := d.App.SignIn(t.Context(), d.Host, d.attempt("ada", fmt.Sprint("wrong ", i))); testkit.CodeOf(err) != account.CodeWrongPassword {
			t.Error(err)
		}
	})
	codes := make(map[int]int)
	for _, a := range d.attempts(t, "ada") {
		codes[a.Code]++
	}
	require.Equal(t, map[int]int{50126: 10, 50053: 54}, codes, "the lock comes with the tenth")
	require.True(t, d.resumes(t, d.old.Token))
}

func TestIdsAndTimesOfASignInAreTheGuards(t *testing.T) {
	d := newDoor(t)
	_, err := d.App.SignIn(t.Context(), d.Host, d.attempt("ada", good))
	require.NoError(t, err)
	last := d.attempts(t, "ada")[0]
	require.Regexp(t, `^op-\d+$`, string(last.ID))
	require.Equal(t, d.Clock.Now(), last.At)
}

func TestNoPasswordOrTokenOfASignInLeavesATrace(t *testing.T) {
	d := newDoor(t)
	left := testkit.NewSpoor()
	for _, text := range []string{good, "canary of a wrong one"} {
		a := d.attempt("ada", text)
		started, err := d.App.SignIn(t.Context(), d.Host, a)
		left.Leave(t, a, started, err, d.Events(accounttest.Tenant))
		out, rest := left.String(), testkit.Saved(t, d.DB)
		for _, hidden := range []string{text, d.old.Token.Reveal(), started.Token.Reveal()} {
			require.False(t, hidden != "" && (strings.Contains(out, hidden) || strings.Contains(rest, hidden)), "it left a trace")
		}
	}
	require.Contains(t, left.String(), secret.Redacted)
}
