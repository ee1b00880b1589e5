package challenge_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

func TestARightCodeGivesAProofOfWhoWhatAndWhen(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	d.Clock.Advance(time.Minute)
	p, err := d.give(d.stepUp(), id, code)
	require.NoError(t, err)
	require.Equal(t, d.stepUp(), p.Binding())
	require.Equal(t, id, p.Challenge())
	require.Equal(t, d.Clock.Now(), p.At())
	require.True(t, p.For(contoso, d.stepUp()))
	require.False(t, p.For("fabrikam", d.stepUp()))
	require.False(t, p.For(contoso, d.stepUp(func(b *challenge.Binding) { b.Target = "method/2" })))
	factor, ok := p.Factor()
	require.True(t, ok)
	require.Equal(t, policy.Proof{Factor: policy.FactorPhone, At: d.Clock.Now()}, factor)
}

func TestTheZeroProofProvesNothing(t *testing.T) {
	var p challenge.Proof
	_, ok := p.Factor()
	require.False(t, ok)
	require.False(t, p.For("", challenge.Binding{}))
}

func TestEMailProvesNoFactorButRecovery(t *testing.T) {
	for _, k := range challenge.Kinds() {
		if k.Method == challenge.Email || k.Method == challenge.EmailLink {
			require.Contains(t, []policy.Factor{0, policy.FactorRecovery}, k.Factor, "%s by %s", k.Purpose, k.Method)
		}
	}
	d := newDesk(t)
	b := challenge.Binding{Account: "ada", Purpose: challenge.ChangeEmail, Method: challenge.Email, Target: address}
	id, code := d.ask(b, address)
	p, err := d.give(b, id, code)
	require.NoError(t, err)
	require.True(t, p.For(contoso, b))
	_, ok := p.Factor()
	require.False(t, ok)
}

func TestACodeIsGoodOnceAmongSixtyFour(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	var won, lost atomic.Int32
	together(64, func(int) {
		switch _, err := d.give(d.stepUp(), id, code); {
		case err == nil:
			won.Add(1)
		case codeOf(err) == challenge.CodeWrong:
			lost.Add(1)
		default:
			t.Errorf("a loser got %v", err)
		}
	})
	require.EqualValues(t, 1, won.Load())
	require.EqualValues(t, 63, lost.Load())
	require.Zero(t, d.counted(challenge.SMS).Failed, "who knows the code does not guess")
}

func TestACodeMayBeTypedWithSpacesAndHyphens(t *testing.T) {
	for _, put := range []string{"%s %s", " %s-%s\n", "%s\u00a0%s", "\t%s - %s "} {
		d := newDesk(t)
		id, code := d.ask(d.stepUp(), phone)
		c := code.Reveal()
		require.Len(t, c, 6)
		typed := secret.NewText(fmt.Sprintf(put, c[:3], c[3:]))
		_, err := d.give(d.stepUp(), id, typed)
		require.NoError(t, err, "%q", put)
		_, err = d.give(d.stepUp(), id, code)
		refused(t, err, challenge.CodeWrong, "another spelling is the same use")
	}
}

// Each field that a challenge is bound to, changed by who answers.
func TestACodeIsGoodForNothingElse(t *testing.T) {
	for name, change := range map[string]func(*challenge.Binding){
		"another account":           func(b *challenge.Binding) { b.Account = "bob" },
		"another purpose":           func(b *challenge.Binding) { b.Purpose = challenge.SecondFactor },
		"another method":            func(b *challenge.Binding) { b.Method = challenge.Voice },
		"another target":            func(b *challenge.Binding) { b.Target = "method/2" },
		"a target in another case":  func(b *challenge.Binding) { b.Target = "Method/1" },
		"a target cut":              func(b *challenge.Binding) { b.Target = "method/" },
		"another session":           func(b *challenge.Binding) { b.Session = "s2" },
		"no session":                func(b *challenge.Binding) { b.Session = "" },
		"a session and target swap": func(b *challenge.Binding) { b.Session, b.Target = "method/1", "s1" },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			id, code := d.ask(d.stepUp(), phone)
			_, err := d.give(d.stepUp(change), id, code)
			refused(t, err, challenge.CodeWrong)
			require.Zero(t, d.kept("ada", id).SpentAt, "and is not spent by it")
			_, err = d.give(d.stepUp(), id, code)
			require.NoError(t, err)
		})
	}
	t.Run("another tenant", func(t *testing.T) {
		d := newDesk(t)
		d.Tenant("fabrikam")
		d.PersonIn("fabrikam", "ada", policy.Work)
		id, code := d.ask(d.stepUp(), phone)
		a, err := d.codes.Answer(id, code)
		require.NoError(t, err)
		_, err = d.answer(policy.Host("h", "fabrikam"), d.stepUp(), a)
		refused(t, err, challenge.CodeWrong)
	})
	t.Run("another challenge", func(t *testing.T) {
		d := newDesk(t)
		one := d.stepUp()
		two := d.stepUp(func(b *challenge.Binding) { b.Session = "s2" })
		first, code := d.ask(one, phone)
		second, _ := d.ask(two, phone)
		_, err := d.give(two, second, code)
		refused(t, err, challenge.CodeWrong)
		_, err = d.give(one, first, code)
		require.NoError(t, err)
	})
}

// Each field of a stored challenge, changed by somebody who writes to the database: the code opens it no more, even
// if the room now wants just what the row says.
func TestADigestIsBoundToItsRow(t *testing.T) {
	for name, change := range map[string]func(*challenge.Challenge){
		"purpose": func(c *challenge.Challenge) { c.Purpose = challenge.SecondFactor },
		"method":  func(c *challenge.Challenge) { c.Method = challenge.Voice },
		"target":  func(c *challenge.Challenge) { c.Target = "method/2" },
		"session": func(c *challenge.Challenge) { c.Session = "s2" },
		"to":      func(c *challenge.Challenge) { c.To = mobile },
		"digest":  func(c *challenge.Challenge) { c.Digest[0] ^= 1 },
		"none":    func(c *challenge.Challenge) { c.Digest = secret.Digest{} },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			id, code := d.ask(d.stepUp(), phone)
			d.edit(id, change)
			_, err := d.give(d.kept("ada", id).Binding, id, code)
			refused(t, err, challenge.CodeWrong)
		})
	}
	t.Run("moved to another tenant", func(t *testing.T) {
		d := newDesk(t)
		d.Tenant("fabrikam")
		d.PersonIn("fabrikam", "ada", policy.Work)
		id, code := d.ask(d.stepUp(), phone)
		c := d.kept("ada", id)
		c.Tenant, c.Revision = "fabrikam", 0
		require.NoError(t, d.DB.Challenges().Update(ctx, func(tx challenge.Tx) error { _, err := tx.PutChallenge(c); return err }))
		a, err := d.codes.Answer(id, code)
		require.NoError(t, err)
		_, err = d.answer(policy.Host("h", "fabrikam"), c.Binding, a)
		refused(t, err, challenge.CodeWrong)
	})
	t.Run("moved to another account and id", func(t *testing.T) {
		d := newDesk(t)
		id, code := d.ask(d.stepUp(), phone)
		c := d.kept("ada", id)
		c.Account, c.Revision = "bob", 0
		require.NoError(t, d.DB.Challenges().Update(ctx, func(tx challenge.Tx) error { _, err := tx.PutChallenge(c); return err }))
		_, err := d.give(c.Binding, id, code)
		refused(t, err, challenge.CodeWrong)
		c = d.kept("ada", id)
		c.ID, c.Revision = "another", 0
		require.NoError(t, d.DB.Challenges().Update(ctx, func(tx challenge.Tx) error { _, err := tx.PutChallenge(c); return err }))
		_, err = d.give(c.Binding, "another", code)
		refused(t, err, challenge.CodeWrong)
	})
}

func TestACodeExpiresToTheMicrosecond(t *testing.T) {
	for _, k := range challenge.Kinds() {
		if k.Digits == 0 {
			continue // links have a test of their own
		}
		b := d0(k)
		for left, want := range map[time.Duration]policy.Code{time.Microsecond: "", 0: challenge.CodeWrong} {
			d := newDesk(t)
			id, code := d.ask(b, phone)
			require.Equal(t, k.Lifetime, d.until(d.kept("ada", id).ExpiresAt))
			d.Clock.Advance(k.Lifetime - left)
			_, err := d.give(b, id, code)
			require.Equal(t, want, codeOf(err), "%s by %s, %v left", k.Purpose, k.Method, left)
		}
	}
}

// d0 is a binding of a kind.
func d0(k challenge.Kind) challenge.Binding {
	return challenge.Binding{Account: "ada", Purpose: k.Purpose, Method: k.Method, Target: "t", Session: "s1"}
}

// Whatever is wrong with an answer, what comes back is the same refusal, and so is what is left behind but for a code
// that was right once.
func TestEveryWrongAnswerIsRefusedAlike(t *testing.T) {
	unknown := challenge.ID("no such challenge")
	answers := map[string]func(*desk, challenge.ID, secret.Text) (challenge.Binding, challenge.ID, secret.Text){
		"a wrong code": func(d *desk, id challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), id, other(code)
		},
		"an unknown challenge": func(d *desk, _ challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), unknown, code
		},
		"no challenge": func(d *desk, _ challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), "", code
		},
		"an id that is none": func(d *desk, _ challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), "a\x00b", code
		},
		"no code": func(d *desk, id challenge.ID, _ secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), id, secret.Text{}
		},
		"spaces": func(d *desk, id challenge.ID, _ secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), id, secret.NewText("   - ")
		},
		"a code cut": func(d *desk, id challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), id, secret.NewText(code.Reveal()[:5])
		},
		"a code and more": func(d *desk, id challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), id, secret.NewText(code.Reveal() + "0")
		},
		"a text without end": func(d *desk, id challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			return d.stepUp(), id, secret.NewText(code.Reveal() + string(make([]byte, 1<<20)))
		},
		"full-width digits": func(d *desk, id challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			wide := []rune(code.Reveal())
			for i := range wide {
				wide[i] += '０' - '0'
			}
			return d.stepUp(), id, secret.NewText(string(wide))
		},
		"somebody else's": func(d *desk, _ challenge.ID, _ secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			bobs := d.stepUp(func(b *challenge.Binding) { b.Account = "bob" })
			id, code := d.ask(bobs, mobile)
			return d.stepUp(), id, code
		},
		"an expired one": func(d *desk, id challenge.ID, code secret.Text) (challenge.Binding, challenge.ID, secret.Text) {
			d.Clock.Advance(time.Hour)
			return d.stepUp(), id, other(code)
		},
	}
	var first *policy.Denied
	for name, answer := range answers {
		d := newDesk(t)
		id, code := d.ask(d.stepUp(), phone)
		b, id, code := answer(d, id, code)
		_, err := d.give(b, id, code)
		got := refused(t, err, challenge.CodeWrong, name)
		if first == nil {
			first = &got
		}
		require.True(t, first.Equal(got.Decision), name)
		require.Equal(t, first.Error(), err.Error(), name)
		require.Equal(t, 1, d.counted(challenge.SMS).Failed, name)
		events := d.Events(contoso)
		last := events[len(events)-1]
		require.Equal(t, policy.Failed, last.Outcome, name)
		require.Equal(t, policy.AccountID("ada"), last.Account, name)
	}
	for name, kill := range map[string]func(*desk, challenge.ID, secret.Text){
		"spent": func(d *desk, id challenge.ID, code secret.Text) {
			_, err := d.give(d.stepUp(), id, code)
			require.NoError(t, err)
		},
		"expired": func(d *desk, _ challenge.ID, _ secret.Text) { d.Clock.Advance(time.Hour) },
	} {
		d := newDesk(t)
		id, code := d.ask(d.stepUp(), phone)
		kill(d, id, code)
		before := rows(t, d.DB)
		_, err := d.give(d.stepUp(), id, code)
		require.True(t, first.Equal(refused(t, err, challenge.CodeWrong, name).Decision), name)
		require.Equal(t, first.Error(), err.Error(), name)
		requireSame(t, before, rows(t, d.DB), "the right code of a dead challenge is no guess: "+name)
	}
}

func TestWhatARoomRefusesAfterARightCodeIsSpentAllTheSame(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	a, err := d.codes.Answer(id, code)
	require.NoError(t, err)
	_, err = policy.Do(ctx, d.guard, d.store, d.Host, finish, policy.Target{}, "",
		challenge.Proven(d.stepUp(), a, func(_ challenge.Tx, op *policy.Op, _ struct{}, _ challenge.Proof) (struct{}, policy.Change, error) {
			var denied *policy.Denied
			errors.As(op.Refuse(policy.Forbidden("too-weak", policy.NoRemedy, "That password is too weak.")), &denied)
			return struct{}{}, policy.Change{Subject: "ada", Failed: denied}, nil
		}))
	refused(t, err, "too-weak")
	_, err = d.give(d.stepUp(), id, code)
	refused(t, err, challenge.CodeWrong)
}

func TestVerifyRefusesWhatNoRoomMayWant(t *testing.T) {
	d := newDesk(t)
	for field, b := range map[string]challenge.Binding{
		"account": d.stepUp(func(b *challenge.Binding) { b.Account = "" }),
		"method":  d.stepUp(func(b *challenge.Binding) { b.Method = challenge.Email }),
		"target":  d.stepUp(func(b *challenge.Binding) { b.Target = "" }),
		"session": d.stepUp(func(b *challenge.Binding) { b.Session = "a\nb" }),
	} {
		_, err := d.answer(d.Host, b, challenge.Answer{})
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid, field)
		require.Equal(t, field, invalid.Field)
	}
	_, err := d.answer(d.Host, d.stepUp(), challenge.Answer{})
	refused(t, err, challenge.CodeWrong, "the zero answer is a wrong one")
}
