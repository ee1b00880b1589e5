package challenge_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

var errStruck = errors.New("struck")

// vault is a digester in which something goes wrong.
type vault func(purpose string, t secret.Text) ([]secret.Digest, error)

func (v vault) Digests(purpose string, t secret.Text) ([]secret.Digest, error) { return v(purpose, t) }

// echo is a sender that quotes what it cannot deliver.
type echo struct{}

func (echo) Send(_ context.Context, m challenge.Message) error {
	return fmt.Errorf("the gateway refused: text=%q", "Your code is "+m.Code.Reveal())
}

func TestEveryKindKeepsWithinWhatStandardsAllow(t *testing.T) {
	seen := make(map[string]bool)
	for _, k := range challenge.Kinds() {
		name := fmt.Sprintf("%s by %s", k.Purpose, k.Method)
		require.False(t, seen[name], name)
		seen[name] = true
		require.NotEmpty(t, k.Source, name)
		got, err := challenge.KindOf(k.Purpose, k.Method)
		require.NoError(t, err)
		require.Equal(t, k, got)
		switch k.Method {
		case challenge.SMS, challenge.Voice:
			require.GreaterOrEqual(t, k.Digits, 6, name)
			require.LessOrEqual(t, k.Lifetime, 10*time.Minute, name)
		case challenge.Email:
			require.GreaterOrEqual(t, k.Digits, 6, name)
			require.LessOrEqual(t, k.Lifetime, 24*time.Hour, name)
		case challenge.EmailLink:
			require.Zero(t, k.Digits, name)
			require.LessOrEqual(t, k.Lifetime, 30*24*time.Hour, name)
		default:
			t.Errorf("%s has no bounds", name)
		}
		require.Positive(t, k.Lifetime, name)
		require.Equal(t, k.Purpose == challenge.CancelChange, k.Survives, name)
		require.Equal(t, k.Purpose == challenge.Reopen || k.Purpose == challenge.CancelChange, k.Inactive, name)
	}
	challenge.Kinds()[0].Digits = 1
	require.Equal(t, 6, challenge.Kinds()[0].Digits, "the table is nobody's to change")
	for _, no := range []struct {
		challenge.Purpose
		challenge.Method
	}{{}, {challenge.StepUp, challenge.Email}, {challenge.SecondFactor, challenge.Email}, {challenge.Reset, challenge.EmailLink}, {"", challenge.SMS}} {
		_, err := challenge.KindOf(no.Purpose, no.Method)
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid, "%s by %s", no.Purpose, no.Method)
	}
}

func TestNothingIsDrawnOrReadWithoutChanceAndKeys(t *testing.T) {
	d := newDesk(t)
	mail := new(accounttest.Mailbox)
	for name, v := range map[string]vault{
		"an error":     func(string, secret.Text) ([]secret.Digest, error) { return nil, errStruck },
		"no digests":   func(string, secret.Text) ([]secret.Digest, error) { return nil, nil },
		"zero digests": func(string, secret.Text) ([]secret.Digest, error) { return make([]secret.Digest, 2), nil },
	} {
		codes, err := challenge.NewCodes(v, mail)
		require.NoError(t, err)
		_, err = codes.Draft(challenge.StepUp, challenge.SMS)
		require.Error(t, err, name)
		_, err = codes.Answer("id", secret.NewText("123456"))
		require.Error(t, err, name)
	}
	for name, after := range map[string]int{"no chance at all": 0, "chance for the id only": 32} {
		codes, err := challenge.NewCodes(d.Ring, mail, challenge.WithRandom(iotest.TimeoutReader(bytes.NewReader(make([]byte, after)))))
		require.NoError(t, err)
		_, err = codes.Draft(challenge.StepUp, challenge.SMS)
		require.Error(t, err, name)
		_, err = codes.Draft(challenge.CancelChange, challenge.EmailLink)
		require.Error(t, err, name)
	}
	_, err := challenge.NewCodes(nil, mail)
	require.Error(t, err)
	_, err = challenge.NewCodes(d.Ring, nil)
	require.Error(t, err)
	_, err = d.codes.Redraft(challenge.StepUp, challenge.SMS, "")
	require.Error(t, err)
	_, err = d.codes.Draft(challenge.StepUp, challenge.Email)
	require.Error(t, err)
}

func TestACodeOutlivesTheRotationOfTheKeys(t *testing.T) {
	d := newDesk(t)
	old, current := secret.NewKey("old"), secret.NewKey("new")
	under := func(k secret.Key, more ...secret.Key) *challenge.Codes {
		ring, err := secret.NewKeyRing(k, more...)
		require.NoError(t, err)
		codes, err := challenge.NewCodes(ring, d.mail)
		require.NoError(t, err)
		return codes
	}
	d.codes = under(old)
	first, one := d.ask(d.stepUp(), phone)
	voice := d.stepUp(func(b *challenge.Binding) { b.Method = challenge.Voice })
	second, two := d.ask(voice, mobile)
	d.codes = under(current, old)
	_, err := d.give(d.stepUp(), first, one)
	require.NoError(t, err)
	d.codes = under(current)
	_, err = d.give(voice, second, two)
	refused(t, err, challenge.CodeWrong)
}

func TestASendersErrorThatShowsTheCodeIsNotShown(t *testing.T) {
	d := newDesk(t)
	codes, err := challenge.NewCodes(d.Ring, echo{})
	require.NoError(t, err)
	d.codes = codes
	for _, b := range []challenge.Binding{d.stepUp(), {Account: "ada", Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: "x"}} {
		draft, c, err := d.begin(d.Host, b, phone)
		require.NoError(t, err)
		err = codes.Send(ctx, draft, c, "")
		require.ErrorIs(t, err, challenge.ErrNotSent)
		require.NotContains(t, err.Error(), "Your code is")
	}
}

func TestALinkSaysWhereItsChallengeStands(t *testing.T) {
	d := newDesk(t)
	b := challenge.Binding{Account: "ada", Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: address}
	id, text := d.ask(b, address)
	l, err := d.codes.Link(text)
	require.NoError(t, err)
	require.Equal(t, challenge.Link{Tenant: contoso, Account: "ada", ID: id, Answer: l.Answer}, l)

	another, other := d.ask(challenge.Binding{Account: "bob", Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: address}, address)
	wrong, err := d.codes.Link(other)
	require.NoError(t, err)
	require.NotEqual(t, another, id)
	_, err = d.answer(d.Host, b, wrong.Answer)
	refused(t, err, challenge.CodeWrong)

	d.Clock.Advance(30*24*time.Hour - time.Microsecond)
	_, err = d.answer(d.Host, b, l.Answer)
	require.NoError(t, err)
	_, err = d.answer(d.Host, b, l.Answer)
	refused(t, err, challenge.CodeWrong, "once")
}

func TestALinkThatIsNotWholeIsNone(t *testing.T) {
	d := newDesk(t)
	_, text := d.ask(challenge.Binding{Account: "ada", Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: address}, address)
	whole := text.Reveal()
	for n := range len(whole) {
		l, err := d.codes.Link(secret.NewText(whole[:n]))
		if err != nil {
			continue
		}
		_, err = d.answer(d.Host, challenge.Binding{Account: l.Account, Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: address}, l.Answer)
		require.Error(t, err, "cut to %d", n)
	}
	for _, text := range []string{"", "macl_", "macl_...", whole + ".", whole + "\n", " " + whole, whole[:20] + "\n" + whole[20:], "x" + whole, whole + "=="} {
		_, err := d.codes.Link(secret.NewText(text))
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid, "%q", text)
	}
}

// What is read is what would be written, so that a link has one spelling.
func FuzzALinkHasOneSpelling(f *testing.F) {
	d := newDesk(f)
	_, text := d.ask(challenge.Binding{Account: "ada", Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: address}, address)
	f.Add(text.Reveal())
	f.Add("macl_YQ.Yg.Yw.ZA")
	f.Add("macl_YR.Yg.Yw.ZA")
	f.Add("macl_")
	f.Fuzz(func(t *testing.T, text string) {
		if again, ok := challenge.Respell(text); ok {
			require.Equal(t, text, again)
		}
	})
}
