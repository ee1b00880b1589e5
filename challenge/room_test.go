package challenge_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// The room of these tests does nothing but issue challenges and verify them, for an account's owner and for the
// host alike. It is what a real room does around them.

var (
	ctx         = context.Background()
	saved       = testkit.Saved
	rows        = testkit.Rows
	requireSame = testkit.RequireSame
	together    = testkit.Together
)

const (
	contoso = accounttest.Tenant
	phone   = "+49 30 901820"
	mobile  = "+49 171 5550100"
	address = "ada@contoso.example"
)

type roomSpec = policy.Spec[challenge.Tx, struct{}]

func action(name policy.Action) *roomSpec {
	return &roomSpec{
		Rule: policy.Rule{Action: name, Activity: "Use a code", Category: "Codes", By: policy.ByPerson | policy.ByHost, Kinds: policy.AllKinds},
		Load: func(challenge.Tx, *policy.Op, policy.Target) (struct{}, error) { return struct{}{}, nil },
	}
}

var start, resend, finish, endPending, clearing = action("codes.start"), action("codes.resend"), action("codes.finish"), action("codes.end"), action("codes.clear")

// desk is the room with its world.
type desk struct {
	*accounttest.World
	guard *policy.Guard
	store store.Store[challenge.Tx]
	codes *challenge.Codes
	mail  *accounttest.Mailbox
	ada   policy.Actor
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	w := accounttest.New(t)
	d := &desk{World: w, mail: new(accounttest.Mailbox), ada: w.Person("ada", policy.Work)}
	w.Person("bob", policy.Work)
	d.over(w.DB.Challenges())
	return d
}

// over puts the room over another store.
func (d *desk) over(s store.Store[challenge.Tx]) {
	d.T.Helper()
	var last atomic.Uint64
	ids := func() string { return "codes-" + strconv.FormatUint(last.Add(1), 10) }
	d.guard, d.store = policy.NewGuard(policy.WithClock(d.Clock.Now), policy.WithIDs(ids)), s
	codes, err := challenge.NewCodes(d.Ring, d.mail)
	require.NoError(d.T, err)
	d.codes = codes
}

// stepUp is what most tests are about: ada proves her phone to be allowed one thing.
func (d *desk) stepUp(change ...func(*challenge.Binding)) challenge.Binding {
	b := challenge.Binding{Account: "ada", Purpose: challenge.StepUp, Method: challenge.SMS, Target: "method/1", Session: "s1"}
	for _, c := range change {
		c(&b)
	}
	return b
}

// begin issues a challenge as a room does, without sending.
func (d *desk) begin(a policy.Actor, b challenge.Binding, to string) (challenge.Draft, challenge.Challenge, error) {
	draft, err := d.codes.Draft(b.Purpose, b.Method)
	require.NoError(d.T, err)
	c, err := policy.Do(ctx, d.guard, d.store, a, start, policy.Target{}, "",
		func(tx challenge.Tx, op *policy.Op, _ struct{}) (challenge.Challenge, policy.Change, error) {
			c, err := challenge.Issue(tx, op, draft, challenge.New{Account: b.Account, Target: b.Target, Session: b.Session, To: to})
			return c, policy.Change{Subject: b.Account}, err
		})
	return draft, c, err
}

// ask issues a challenge, sends its code and gives both.
func (d *desk) ask(b challenge.Binding, to string) (challenge.ID, secret.Text) {
	d.T.Helper()
	draft, c, err := d.begin(d.Host, b, to)
	require.NoError(d.T, err)
	require.NoError(d.T, d.codes.Send(ctx, draft, c, "en"))
	m, ok := d.mail.Last(to)
	require.True(d.T, ok)
	return c.ID, m.Code
}

// again resends a challenge's code, and gives the new one.
func (d *desk) again(b challenge.Binding, id challenge.ID) (secret.Text, error) {
	draft, err := d.codes.Redraft(b.Purpose, b.Method, id)
	require.NoError(d.T, err)
	c, err := policy.Do(ctx, d.guard, d.store, d.Host, resend, policy.Target{}, "",
		func(tx challenge.Tx, op *policy.Op, _ struct{}) (challenge.Challenge, policy.Change, error) {
			c, err := challenge.Resend(tx, op, b, draft)
			return c, policy.Change{Subject: b.Account}, err
		})
	if err != nil {
		return secret.Text{}, err
	}
	require.NoError(d.T, d.codes.Send(ctx, draft, c, "en"))
	all := d.mail.All()
	return all[len(all)-1].Code, nil
}

// give answers a challenge.
func (d *desk) give(b challenge.Binding, id challenge.ID, code secret.Text) (challenge.Proof, error) {
	a, err := d.codes.Answer(id, code)
	require.NoError(d.T, err)
	return d.answer(d.Host, b, a)
}

func (d *desk) answer(actor policy.Actor, b challenge.Binding, a challenge.Answer) (challenge.Proof, error) {
	return policy.Do(ctx, d.guard, d.store, actor, finish, policy.Target{}, "",
		challenge.Proven(b, a, func(_ challenge.Tx, _ *policy.Op, _ struct{}, p challenge.Proof) (challenge.Proof, policy.Change, error) {
			return p, policy.Change{Subject: b.Account}, nil
		}))
}

// wrongs gives n wrong answers to a challenge.
func (d *desk) wrongs(n int, b challenge.Binding, id challenge.ID, code secret.Text) {
	d.T.Helper()
	for range n {
		_, err := d.give(b, id, other(code))
		refused(d.T, err, challenge.CodeWrong)
	}
}

// change runs one of the room's other deeds.
func (d *desk) change(sp *roomSpec, fn func(challenge.Tx, *policy.Op) error) error {
	_, err := policy.Do(ctx, d.guard, d.store, d.Host, sp, policy.Target{}, "",
		func(tx challenge.Tx, op *policy.Op, _ struct{}) (struct{}, policy.Change, error) {
			return struct{}{}, policy.Change{Subject: "ada"}, fn(tx, op)
		})
	return err
}

// counted is ada's counter by a method.
func (d *desk) counted(m challenge.Method) (c challenge.Counter) {
	d.T.Helper()
	require.NoError(d.T, d.DB.Challenges().View(ctx, func(tx challenge.Tx) (err error) {
		if c, err = tx.Counter(contoso, "ada", m); errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return err
	}))
	return c
}

// kept is a challenge as it rests.
func (d *desk) kept(account policy.AccountID, id challenge.ID) (c challenge.Challenge) {
	d.T.Helper()
	require.NoError(d.T, d.DB.Challenges().View(ctx, func(tx challenge.Tx) (err error) {
		c, err = tx.Challenge(contoso, account, id)
		return err
	}))
	return c
}

// edit changes a challenge behind the room's back.
func (d *desk) edit(id challenge.ID, change func(*challenge.Challenge)) {
	d.T.Helper()
	c := d.kept("ada", id)
	change(&c)
	require.NoError(d.T, d.DB.Challenges().Update(ctx, func(tx challenge.Tx) error { _, err := tx.PutChallenge(c); return err }))
}

// other is a code of the same length with another last digit.
func other(code secret.Text) secret.Text {
	b := []byte(code.Reveal())
	b[len(b)-1] = '0' + (b[len(b)-1]-'0'+1)%10
	return secret.NewText(string(b))
}

// refused checks that err is a refusal with a code, and gives it.
func refused(t testing.TB, err error, code policy.Code, about ...any) policy.Denied {
	t.Helper()
	var d *policy.Denied
	require.ErrorAs(t, err, &d, about...)
	require.Equal(t, code, d.Reason().Code, about...)
	return *d
}

func codeOf(err error) policy.Code {
	var d *policy.Denied
	switch {
	case err == nil:
		return ""
	case errors.As(err, &d):
		return d.Reason().Code
	}
	return "not a refusal"
}

// at gives the duration until a time on the desk's clock.
func (d *desk) until(t time.Time) time.Duration { return t.Sub(d.Clock.Now()) }
