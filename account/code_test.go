package account_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// Codes that prove a factor.

// stepping is a world where Per has a session that was begun with a password, and a code for it.
type stepping struct {
	withPassword
	here   signins.Started
	answer account.CodeAnswer
}

func steppingUp(t *testing.T, options ...myaccount.Option) stepping {
	k := passwords(t, options...)
	k.Clock.Advance(time.Minute)
	s := stepping{withPassword: k}
	s.here = k.Session(k.per, func(n *signins.NewSession) {
		n.Proofs = []policy.Proof{{Factor: policy.FactorPassword, At: k.Clock.Now()}}
	})
	s.answer = beginStep(t, k.World, s.here.Actor)
	return s
}

func (s stepping) give(t testing.TB, a account.CodeAnswer) (policy.Proof, error) {
	t.Helper()
	p, err := s.App.Host.Account.VerifyCode(t.Context(), s.Host, a)
	if err != nil {
		require.Zero(t, p)
	}
	return p, err
}

func (s stepping) send(t testing.TB, change ...func(*account.CodeRequest)) (challenge.ID, error) {
	t.Helper()
	q := account.CodeRequest{Account: "per", Purpose: challenge.StepUp, Method: challenge.SMS, To: number("per"), Session: s.here.Actor.Session}
	for _, c := range change {
		c(&q)
	}
	return s.App.Host.Account.SendCode(t.Context(), s.Host, q)
}

func TestACodeRaisesTheLevelOfItsSession(t *testing.T) {
	s := steppingUp(t)
	require.Equal(t, policy.AAL1, policy.Assurance(s.here.Actor.Proofs, s.Clock.Now(), 0))
	p, err := s.give(t, s.answer)
	require.NoError(t, err)
	require.Equal(t, policy.Proof{Factor: policy.FactorPhone, At: s.Clock.Now()}, p)
	next, err := s.App.Host.SignIns.AddProof(t.Context(), s.Host, s.here.Token, p)
	require.NoError(t, err)
	require.Equal(t, policy.AAL2, policy.Assurance(next.Actor.Proofs, s.Clock.Now(), 0))
	require.False(t, s.alive(t, s.here.Token))
	_, err = s.give(t, s.answer)
	refused(t, err, challenge.CodeWrong)
}

func TestACodeIsTheSecondFactorOfASignIn(t *testing.T) {
	s := steppingUp(t)
	id, err := s.send(t, func(q *account.CodeRequest) {
		q.Purpose, q.Session, q.Method = challenge.SecondFactor, "an attempt", challenge.Voice
	})
	require.NoError(t, err)
	sent, _ := s.Mail.Last(number("per"))
	p, err := s.give(t, account.CodeAnswer{Account: "per", Purpose: challenge.SecondFactor, Method: challenge.Voice, Session: "an attempt", Challenge: id, Code: sent.Code})
	require.NoError(t, err)
	require.Equal(t, policy.FactorPhone, p.Factor)
}

func TestACodeIsGoodForItsSessionPurposeMethodAndPersonAlone(t *testing.T) {
	s := steppingUp(t)
	other := s.Session(s.per)
	adas := s.Session(s.ada)
	for name, change := range map[string]func(*account.CodeAnswer){
		"another session":   func(a *account.CodeAnswer) { a.Session = other.Actor.Session },
		"a sign-in":         func(a *account.CodeAnswer) { a.Purpose = challenge.SecondFactor },
		"another method":    func(a *account.CodeAnswer) { a.Method = challenge.Voice },
		"another person":    func(a *account.CodeAnswer) { a.Account, a.Session = "ada", adas.Actor.Session },
		"another challenge": func(a *account.CodeAnswer) { a.Challenge = "made-up" },
		"no challenge":      func(a *account.CodeAnswer) { a.Challenge = "" },
		"another code":      func(a *account.CodeAnswer) { a.Code = secret.NewText("000000x") },
	} {
		in := s
		in.World = s.Fork(t)
		wrong := s.answer
		change(&wrong)
		_, err := in.give(t, wrong)
		refused(t, err, challenge.CodeWrong)
		_, err = in.give(t, s.answer)
		require.NoError(t, err, name)
	}
}

func TestWhatProvesNoFactorIsRefusedWithTheReason(t *testing.T) {
	s := steppingUp(t)
	before := saved(t, s.DB)
	for _, c := range []struct {
		field  string
		change func(*account.CodeRequest)
	}{
		{"method", func(q *account.CodeRequest) { q.Method = challenge.Email }},
		{"method", func(q *account.CodeRequest) { q.Method = challenge.EmailLink }},
		{"method", func(q *account.CodeRequest) { q.Method, q.Purpose = challenge.Email, challenge.SecondFactor }},
		{"method", func(q *account.CodeRequest) { q.Method = "pigeon" }},
		{"purpose", func(q *account.CodeRequest) { q.Purpose = challenge.Reset }},
		{"purpose", func(q *account.CodeRequest) { q.Purpose = challenge.Enroll }},
		{"purpose", func(q *account.CodeRequest) { q.Purpose = "" }},
		{"account", func(q *account.CodeRequest) { q.Account = "" }},
		{"session", func(q *account.CodeRequest) { q.Session = "" }},
		{"session", func(q *account.CodeRequest) { q.Session = "a\nb" }},
	} {
		_, err := s.send(t, c.change)
		invalid(t, err, c.field)
		if strings.HasPrefix(err.Error(), "method: is e-mail") {
			require.ErrorContains(t, err, "no factor of the person")
		}
		q := account.CodeRequest{Account: "per", Purpose: challenge.StepUp, Method: challenge.SMS, Session: s.here.Actor.Session}
		c.change(&q)
		_, err = s.give(t, account.CodeAnswer{Account: q.Account, Purpose: q.Purpose, Method: q.Method, Session: q.Session, Challenge: s.answer.Challenge, Code: s.answer.Code})
		invalid(t, err, c.field)
	}
	_, err := s.send(t, func(q *account.CodeRequest) { q.To = "" })
	invalid(t, err, "to")
	requireSame(t, before, saved(t, s.DB))
}

func TestASessionThatIsNotAliveIsNotSteppedUpAndSpendsNoCode(t *testing.T) {
	base := steppingUp(t)
	other := base.Session(base.ada)
	for name, c := range map[string]struct {
		want policy.Code
		end  func(s *stepping)
	}{
		"ended": {policy.CodeSessionEnded, func(s *stepping) {
			require.NoError(t, s.App.SignIns.End(t.Context(), s.here.Actor, s.here.Actor.Session))
		}},
		"signed out":      {policy.CodeSessionEnded, func(s *stepping) { require.NoError(t, s.App.Admin.SignIns.SignOut(t.Context(), s.Host, "per")) }},
		"unknown":         {policy.CodeSessionEnded, func(s *stepping) { s.here.Actor.Session = "made-up" }},
		"somebody else's": {policy.CodeSessionEnded, func(s *stepping) { s.here.Actor.Session = other.Actor.Session }},
		"not active": {challenge.CodeInactive, func(s *stepping) {
			editStanding(t, s.DB, "per", func(st *policy.Standing) { st.State = policy.Disabled })
		}},
	} {
		s := base
		s.World = base.Fork(t)
		c.end(&s)
		before := rows(t, s.DB)
		_, err := s.send(t)
		refused(t, err, c.want)
		s.answer.Session = s.here.Actor.Session
		_, err = s.give(t, s.answer)
		refused(t, err, c.want)
		requireSame(t, before, rows(t, s.DB), "neither spent nor counted: "+name)
	}
}

func TestAStepUpOnADeviceThatWasDisabledIsRefused(t *testing.T) {
	s := steppingUp(t)
	s.Device(s.per, "lost")
	s.here = s.Session(s.per.On("lost"))
	s.Disable(s.per, "lost")
	_, err := s.send(t)
	refused(t, err, policy.CodeDeviceDisabled)
}

func TestWhateverVoidsACodeVoidsOneForAFactor(t *testing.T) {
	s := steppingUp(t)
	require.NoError(t, s.change(t, s.here.Actor, good, better))
	require.True(t, s.alive(t, s.here.Token), "the session goes on")
	_, err := s.give(t, s.answer)
	refused(t, err, challenge.CodeWrong)
	_, err = s.send(t)
	require.NoError(t, err)
	s.Clock.Advance(5 * time.Minute)
	_, err = s.give(t, beginStep(t, s.World, s.here.Actor))
	require.NoError(t, err)
}

func TestANewCodeTakesTheOldOnesPlaceInItsSession(t *testing.T) {
	s := steppingUp(t)
	other := beginStep(t, s.World, s.Session(s.per).Actor)
	next := beginStep(t, s.World, s.here.Actor)
	_, err := s.give(t, s.answer)
	refused(t, err, challenge.CodeWrong)
	for _, a := range []account.CodeAnswer{next, other} {
		_, err = s.give(t, a)
		require.NoError(t, err)
	}
}

func TestSendingAndMissesAreBoundedByAccountAndMethod(t *testing.T) {
	s := steppingUp(t)
	for range challenge.MaxSentTo - 1 {
		_, err := s.send(t)
		require.NoError(t, err)
	}
	_, err := s.send(t)
	refused(t, err, policy.CodeThrottled)
	_, err = s.send(t, func(q *account.CodeRequest) { q.Purpose = challenge.SecondFactor })
	refused(t, err, policy.CodeThrottled)

	s = steppingUp(t)
	wrong := s.answer
	wrong.Code = secret.NewText("000000x")
	for i := range challenge.WaitAfter {
		wrong.Purpose = []challenge.Purpose{challenge.StepUp, challenge.SecondFactor}[i%2]
		_, err := s.give(t, wrong)
		refused(t, err, challenge.CodeWrong)
	}
	_, err = s.give(t, s.answer)
	refused(t, err, policy.CodeThrottled)
	s.Clock.Advance(challenge.Wait(challenge.WaitAfter))
	_, err = s.give(t, s.answer)
	require.NoError(t, err)
}

func TestOneOfManyRightCodesAtOnceProves(t *testing.T) {
	s := steppingUp(t)
	var won atomic.Int32
	testkit.Together(64, func(int) {
		switch _, err := s.App.Host.Account.VerifyCode(t.Context(), s.Host, s.answer); codeOf(err) {
		case "":
			won.Add(1)
		case challenge.CodeWrong:
		default:
			t.Error(err)
		}
	})
	require.EqualValues(t, 1, won.Load())
}

func TestARestrictedAccountGetsCodesAndWhatTheyOpenWaits(t *testing.T) {
	s := steppingUp(t)
	require.NoError(t, s.App.Host.Account.SecurityInfoReplaced(t.Context(), s.Host, "per", s.here.Actor.Session))
	p, err := s.give(t, beginStep(t, s.World, s.here.Actor))
	require.NoError(t, err)
	next, err := s.App.Host.SignIns.AddProof(t.Context(), s.Host, s.here.Token, p)
	require.NoError(t, err)
	refused(t, s.change(t, next.Actor, good, better), policy.CodeRestricted)
}

func TestASessionOfTheHostsOwnIsSteppedUpWhereItVouches(t *testing.T) {
	s := steppingUp(t, myaccount.WithPolicy(policy.Vouch(policy.Work)))
	id, err := s.send(t, func(q *account.CodeRequest) { q.Session = "the host's own" })
	require.NoError(t, err)
	sent, _ := s.Mail.Last(number("per"))
	s.answer.Session, s.answer.Challenge, s.answer.Code = "the host's own", id, sent.Code
	_, err = s.give(t, s.answer)
	require.NoError(t, err)
	require.NoError(t, s.App.SignIns.End(t.Context(), s.here.Actor, s.here.Actor.Session))
	_, err = s.send(t)
	refused(t, err, policy.CodeSessionEnded)
}

func TestACodeForAFactorThatWasNotSentSaysSoAndStays(t *testing.T) {
	s := steppingUp(t)
	s.Mail.Fail(errStruck)
	id, err := s.send(t)
	require.ErrorIs(t, err, challenge.ErrNotSent)
	require.NotEmpty(t, id)
}

func TestACodeForAFactorGoesToItsNumberAndLeavesNoTrace(t *testing.T) {
	s := steppingUp(t)
	left := testkit.NewSpoor()
	id, err := s.send(t, func(q *account.CodeRequest) { q.Language = "fr" })
	left.Leave(t, id, err)
	all := s.Mail.All()
	m := all[len(all)-1]
	require.Equal(t, []string{number("per"), "fr"}, []string{m.To, m.Language})
	s.answer.Challenge, s.answer.Code = id, m.Code
	wrong := s.answer
	wrong.Session = "another"
	_, err = s.give(t, wrong)
	left.Leave(t, wrong, err)
	p, err := s.give(t, s.answer)
	require.NoError(t, err)
	events := s.Events(accounttest.Tenant)
	left.Leave(t, s.answer, p, events)
	require.NotRegexp(t, `\b`+m.Code.Reveal()+`\b`, left.String())
	require.NotRegexp(t, `\b`+m.Code.Reveal()+`\b`, saved(t, s.DB))
	require.NotContains(t, fmt.Sprint(events), number("per"), "nor does the log keep the number")
}
