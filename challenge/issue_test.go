package challenge_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

func TestTheCodeGoesWhereTheChallengeSays(t *testing.T) {
	d := newDesk(t)
	draft, c, err := d.begin(d.Host, d.stepUp(), phone)
	require.NoError(t, err)
	require.Empty(t, d.mail.All(), "nothing is sent by the commit itself")
	require.NoError(t, d.codes.Send(ctx, draft, c, "de-DE"))
	m, ok := d.mail.Last(phone)
	require.True(t, ok)
	require.Regexp(t, `^[0-9]{6}$`, m.Code.Reveal())
	m.Code = secret.Text{}
	require.Equal(t, challenge.Message{Tenant: contoso, Account: "ada", Purpose: challenge.StepUp, Method: challenge.SMS, To: phone,
		Expires: d.Clock.Now().Add(5 * time.Minute), Language: "de-DE"}, m)
	require.Equal(t, challenge.Challenge{Tenant: contoso, ID: c.ID, Binding: d.stepUp(), To: phone, Digest: c.Digest,
		IssuedAt: d.Clock.Now(), ExpiresAt: d.Clock.Now().Add(5 * time.Minute), Revision: c.Revision}, d.kept("ada", c.ID))
}

func TestACodeThatIsNotSentCanBeResent(t *testing.T) {
	d := newDesk(t)
	draft, c, err := d.begin(d.Host, d.stepUp(), phone)
	require.NoError(t, err)
	d.mail.Fail(errStruck)
	err = d.codes.Send(ctx, draft, c, "")
	require.ErrorIs(t, err, challenge.ErrNotSent)
	require.ErrorIs(t, err, errStruck)
	d.mail.Fail(nil)
	code, err := d.again(d.stepUp(), c.ID)
	require.NoError(t, err)
	_, err = d.give(d.stepUp(), c.ID, code)
	require.NoError(t, err)
}

func TestOnlyTheDraftOfAnIssuedChallengeIsSent(t *testing.T) {
	d := newDesk(t)
	draft, c, err := d.begin(d.Host, d.stepUp(), phone)
	require.NoError(t, err)
	another, err := d.codes.Redraft(challenge.StepUp, challenge.SMS, c.ID)
	require.NoError(t, err)
	elsewhere := c
	elsewhere.To = mobile
	for name, send := range map[string]func() error{
		"a draft that was not issued": func() error { return d.codes.Send(ctx, another, c, "") },
		"the zero draft":              func() error { return d.codes.Send(ctx, challenge.Draft{}, c, "") },
		"the zero challenge":          func() error { return d.codes.Send(ctx, draft, challenge.Challenge{}, "") },
		"both zero":                   func() error { return d.codes.Send(ctx, challenge.Draft{}, challenge.Challenge{}, "") },
		"another address":             func() error { return d.codes.Send(ctx, draft, elsewhere, "") },
	} {
		require.ErrorIs(t, send(), challenge.ErrNotSent, name)
	}
	require.Empty(t, d.mail.All())
}

func TestANewCodeKillsTheOldOne(t *testing.T) {
	d := newDesk(t)
	id, old := d.ask(d.stepUp(), phone)
	d.Clock.Advance(4 * time.Minute)
	code, err := d.again(d.stepUp(), id)
	require.NoError(t, err)
	require.False(t, code.Equal(old), "as one in a million codes would be")
	_, err = d.give(d.stepUp(), id, old)
	refused(t, err, challenge.CodeWrong)
	d.Clock.Advance(4 * time.Minute)
	_, err = d.give(d.stepUp(), id, code)
	require.NoError(t, err, "a new code has a lifetime of its own")
}

func TestAResendNeedsALiveChallengeOfTheSameBinding(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	for name, b := range map[string]challenge.Binding{
		"account": d.stepUp(func(b *challenge.Binding) { b.Account = "bob" }),
		"purpose": d.stepUp(func(b *challenge.Binding) { b.Purpose = challenge.SecondFactor }),
		"method":  d.stepUp(func(b *challenge.Binding) { b.Method = challenge.Voice }),
		"target":  d.stepUp(func(b *challenge.Binding) { b.Target = "method/2" }),
		"session": d.stepUp(func(b *challenge.Binding) { b.Session = "s2" }),
	} {
		_, err := d.again(b, id)
		refused(t, err, challenge.CodeWrong, name)
	}
	_, err := d.again(d.stepUp(), "unknown")
	refused(t, err, challenge.CodeWrong)
	_, err = d.give(d.stepUp(), id, code)
	require.NoError(t, err, "the code lives on")
	_, err = d.again(d.stepUp(), id)
	refused(t, err, challenge.CodeWrong, "spent")

	id, _ = d.ask(d.stepUp(), phone)
	d.Clock.Advance(5 * time.Minute)
	_, err = d.again(d.stepUp(), id)
	refused(t, err, challenge.CodeWrong, "expired")
}

func TestAResendTakesNoDraftOfAnotherKind(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	for _, k := range challenge.Kinds() {
		draft, err := d.codes.Redraft(k.Purpose, k.Method, id)
		require.NoError(t, err)
		err = d.change(resend, func(tx challenge.Tx, op *policy.Op) error {
			_, err := challenge.Resend(tx, op, d.stepUp(), draft)
			return err
		})
		if k.Purpose == challenge.StepUp && k.Method == challenge.SMS {
			require.NoError(t, err)
			continue
		}
		refused(t, err, challenge.CodeWrong, "%s by %s", k.Purpose, k.Method)
	}
	_, err := d.give(d.stepUp(), id, code)
	refused(t, err, challenge.CodeWrong, "the one draft that was taken has replaced the code")
}

func TestANewChallengeForTheSameEndsTheOneBefore(t *testing.T) {
	d := newDesk(t)
	others := []challenge.Binding{
		d.stepUp(func(b *challenge.Binding) { b.Session = "s2" }),
		d.stepUp(func(b *challenge.Binding) { b.Purpose = challenge.SecondFactor }),
		d.stepUp(func(b *challenge.Binding) { b.Method = challenge.Voice }),
		d.stepUp(func(b *challenge.Binding) { b.Account = "bob" }),
	}
	type pending struct {
		challenge.Binding
		id   challenge.ID
		code secret.Text
	}
	var stay []pending
	for _, b := range others {
		id, code := d.ask(b, phone)
		stay = append(stay, pending{b, id, code})
	}
	old, code := d.ask(d.stepUp(), phone)
	second := d.stepUp(func(b *challenge.Binding) { b.Target = "method/2" })
	id, latest := d.ask(second, phone)
	_, err := d.give(d.stepUp(), old, code)
	refused(t, err, challenge.CodeWrong)
	_, err = d.give(second, id, latest)
	require.NoError(t, err)
	for _, p := range stay {
		_, err = d.give(p.Binding, p.id, p.code)
		require.NoError(t, err, "%+v", p.Binding)
	}
}

func TestExpiredChallengesAreSweptByTheNextOne(t *testing.T) {
	d := newDesk(t)
	for i := range 3 {
		d.ask(d.stepUp(func(b *challenge.Binding) { b.Session = policy.SessionID("s" + strconv.Itoa(i)) }), phone)
	}
	require.Equal(t, 3, strings.Count(rows(t, d.DB), `"table":"challenges"`))
	d.Clock.Advance(5 * time.Minute)
	d.ask(d.stepUp(), phone)
	require.Equal(t, 1, strings.Count(rows(t, d.DB), `"table":"challenges"`))
}

func TestAnAccountHasOnlySoManyChallenges(t *testing.T) {
	d := newDesk(t)
	link := func(i int) challenge.Binding {
		return challenge.Binding{Account: "ada", Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: "x", Session: policy.SessionID(strconv.Itoa(i))}
	}
	began := d.Clock.Now()
	for i := range challenge.MaxPending {
		d.ask(link(i), address)
		d.Clock.Advance(15 * time.Minute)
	}
	_, _, err := d.begin(d.Host, link(-1), address)
	denied := refused(t, err, policy.CodeThrottled)
	require.Equal(t, began.Add(30*24*time.Hour), denied.Reason().Until, "when the first of them expires")
	_, _, err = d.begin(d.Host, link(3), address)
	require.NoError(t, err, "one that takes another's place needs none")
	d.Clock.Advance(d.until(denied.Reason().Until))
	_, _, err = d.begin(d.Host, link(-1), address)
	require.NoError(t, err)
}

// Everything that restarts an account or changes what it signs in with, and what of a pending challenge is left then.
func TestPendingChallengesDieWithWhatTheyWereAskedUnder(t *testing.T) {
	ends := map[string]func(*desk){
		"nothing":           func(*desk) {},
		"a password change": func(d *desk) { require.NoError(t, d.App.Host.Accounts.PasswordChanged(ctx, d.Host, "ada", "")) },
		"a changed credential": func(d *desk) {
			require.NoError(t, d.change(endPending, func(tx challenge.Tx, op *policy.Op) error {
				_, err := challenge.EndPending(tx, op, "ada")
				return err
			}))
		},
		"signing out everywhere": func(d *desk) {
			s := d.Session(d.ada)
			_, yes, err := d.App.SignIns.AskSignOutEverywhere(ctx, s.Actor)
			require.NoError(t, err)
			_, err = d.App.SignIns.SignOutEverywhere(ctx, s.Actor, yes, true)
			require.NoError(t, err)
		},
		"this was not me": func(d *desk) {
			id := d.SignedIn(d.ada, func(r *signins.Record) { r.Anonymized = true })
			s := d.Session(d.ada)
			_, yes, err := d.App.SignIns.AskThisWasNotMe(ctx, s.Actor, id)
			require.NoError(t, err)
			_, err = d.App.SignIns.ThisWasNotMe(ctx, s.Actor, id, yes)
			require.NoError(t, err)
		},
		"a new epoch alone": func(d *desk) { d.standing(func(st *policy.Standing) { st.Epoch++ }) },
		"sessions that are valid from later on alone": func(d *desk) {
			d.standing(func(st *policy.Standing) { st.SessionsValidFrom = d.Clock.Now() })
		},
		"a disabled account": func(d *desk) {
			require.NoError(t, d.App.Host.Accounts.SetState(ctx, d.Host, "ada", policy.Disabled))
		},
		"an account that was disabled meanwhile": func(d *desk) {
			require.NoError(t, d.App.Host.Accounts.SetState(ctx, d.Host, "ada", policy.Disabled))
			require.NoError(t, d.App.Host.Accounts.SetState(ctx, d.Host, "ada", policy.Active))
		},
		"a closed account": func(d *desk) {
			require.NoError(t, d.App.Host.Accounts.SetState(ctx, d.Host, "ada", policy.Closed))
		},
	}
	for name, end := range ends {
		for _, k := range challenge.Kinds() {
			d := newDesk(t)
			b := d0(k)
			id, code := d.ask(b, phone)
			d.Clock.Advance(time.Minute)
			end(d)
			a, err := d.codes.Answer(id, code)
			if k.Digits == 0 {
				var l challenge.Link
				l, err = d.codes.Link(code)
				a = l.Answer
			}
			require.NoError(t, err)
			_, err = d.answer(d.Host, b, a)
			want := challenge.CodeWrong
			if name == "nothing" || k.Survives && name != "a closed account" {
				want = ""
			}
			require.Equal(t, want, codeOf(err), "%s by %s after %s", k.Purpose, k.Method, name)
		}
	}
}

// standing changes ada's behind every door's back.
func (d *desk) standing(change func(*policy.Standing)) {
	d.T.Helper()
	require.NoError(d.T, d.DB.Challenges().Update(ctx, func(tx challenge.Tx) error {
		st, err := tx.Standing(contoso, "ada")
		if err != nil {
			return err
		}
		change(&st)
		_, err = tx.PutStanding(st)
		return err
	}))
}

func TestWhatWasIssuedAtTheMomentFromWhichSessionsAreValidLives(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	d.standing(func(st *policy.Standing) { st.SessionsValidFrom = d.Clock.Now() })
	_, err := d.give(d.stepUp(), id, code)
	require.NoError(t, err)
}

func TestACodeIsGoodThoughTheClockIsBehindTheLastSignOut(t *testing.T) {
	for _, k := range challenge.Kinds() {
		d := newDesk(t)
		d.standing(func(st *policy.Standing) { st.SessionsValidFrom = d.Clock.Now() })
		d.Clock.Advance(-time.Second)
		id, code := d.ask(d0(k), address)
		a, err := d.codes.Answer(id, code)
		if k.Digits == 0 {
			var l challenge.Link
			l, err = d.codes.Link(code)
			a = l.Answer
		}
		require.NoError(t, err)
		_, err = d.answer(d.Host, d0(k), a)
		require.NoError(t, err, "%s by %s", k.Purpose, k.Method)
	}
}

func TestASessionsChallengeIsOutOfReachOnceItEnded(t *testing.T) {
	d := newDesk(t)
	s := d.Session(d.ada)
	b := d.stepUp(func(b *challenge.Binding) { b.Session = s.Actor.Session })
	draft, c, err := d.begin(s.Actor, b, phone)
	require.NoError(t, err)
	require.NoError(t, d.codes.Send(ctx, draft, c, ""))
	m, _ := d.mail.Last(phone)
	require.NoError(t, d.App.SignIns.End(ctx, s.Actor, s.Actor.Session))
	a, err := d.codes.Answer(c.ID, m.Code)
	require.NoError(t, err)
	_, err = d.answer(s.Actor, b, a)
	refused(t, err, policy.CodeSessionEnded)
}

func TestAnInactiveAccountGetsCodesOnlyToComeBack(t *testing.T) {
	for _, k := range challenge.Kinds() {
		d := newDesk(t)
		require.NoError(t, d.App.Host.Accounts.SetState(ctx, d.Host, "ada", policy.Disabled))
		_, _, err := d.begin(d.Host, d0(k), phone)
		if k.Purpose == challenge.CancelChange { // what a thief changed before they closed the account
			require.NoError(t, err)
			continue
		}
		if k.Purpose == challenge.Reopen {
			require.NoError(t, err)
			id, code := d.ask(d0(k), phone)
			_, err = d.give(d0(k), id, code)
			require.NoError(t, err)
			continue
		}
		refused(t, err, challenge.CodeInactive, "%s by %s", k.Purpose, k.Method)
	}
}

func TestIssueRefusesWhatIsMalformed(t *testing.T) {
	d := newDesk(t)
	long := strings.Repeat("x", challenge.MaxTarget+1)
	for field, change := range map[string]func(*challenge.Binding, *string){
		"account": func(b *challenge.Binding, _ *string) { b.Account = "" },
		"target":  func(b *challenge.Binding, _ *string) { b.Target = long },
		"session": func(b *challenge.Binding, _ *string) { b.Session = "\x00" },
		"to":      func(_ *challenge.Binding, to *string) { *to = "" },
	} {
		b, to := d.stepUp(), phone
		change(&b, &to)
		before := rows(t, d.DB)
		_, _, err := d.begin(d.Host, b, to)
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid, field)
		require.Equal(t, field, invalid.Field)
		requireSame(t, before, rows(t, d.DB))
	}
	_, _, err := d.begin(d.Host, d.stepUp(func(b *challenge.Binding) { b.Account = "nobody" }), phone)
	require.ErrorContains(t, err, "not found")
	err = d.change(start, func(tx challenge.Tx, op *policy.Op) error {
		_, err := challenge.Issue(tx, op, challenge.Draft{}, challenge.New{Account: "ada", Target: "t", To: phone})
		return err
	})
	var invalid *policy.Invalid
	require.ErrorAs(t, err, &invalid, "the zero draft")
}
