package challenge_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// faulty is a store in which something goes wrong.
type faulty struct {
	store.Store[challenge.Tx]
	// strike fails the call with this number, counted from 1 over all transactions; none if it is 0.
	strike int
	// again runs each Update's function twice, as after a conflict: what the first run wrote is gone.
	again bool
	// lie changes the rows that are read.
	lie lie

	calls int
	asked []challenge.ID // challenges that were looked for
}

// lie is what a store that mixes rows up gives.
type lie struct {
	challenge func(*challenge.Challenge)
	list      func([]challenge.Challenge)
	counter   func(*challenge.Counter)
	standing  func(*policy.Standing)
}

var errRerun = errors.New("once more")

func (f *faulty) View(ctx context.Context, fn func(challenge.Tx) error) error {
	return f.Store.View(ctx, func(tx challenge.Tx) error { return fn(faultyTx{tx, f}) })
}

func (f *faulty) Update(ctx context.Context, fn func(challenge.Tx) error) error {
	if f.again {
		err := f.Store.Update(ctx, func(tx challenge.Tx) error { return errors.Join(fn(faultyTx{tx, f}), errRerun) })
		if !errors.Is(err, errRerun) {
			return err
		}
	}
	return f.Store.Update(ctx, func(tx challenge.Tx) error {
		if err := fn(faultyTx{tx, f}); err != nil {
			return err
		}
		return f.hit() // the commit
	})
}

func (f *faulty) hit() error {
	if f.calls++; f.calls == f.strike {
		return errStruck
	}
	return nil
}

type faultyTx struct {
	challenge.Tx
	f *faulty
}

// struck makes a call unless it is struck, and lets lie change what it gives.
func struck[R any](x faultyTx, call func() (R, error), lie func(*R)) (R, error) {
	if err := x.f.hit(); err != nil {
		var none R
		return none, err
	}
	r, err := call()
	if err == nil && lie != nil {
		lie(&r)
	}
	return r, err
}

func write(x faultyTx, call func() error) error {
	_, err := struck(x, func() (struct{}, error) { return struct{}{}, call() }, nil)
	return err
}

func (x faultyTx) Settings(t policy.TenantID) (policy.Settings, error) {
	return struck(x, func() (policy.Settings, error) { return x.Tx.Settings(t) }, nil)
}

func (x faultyTx) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	return struck(x, func() (policy.Standing, error) { return x.Tx.Standing(t, a) }, x.f.lie.standing)
}

func (x faultyTx) PutStanding(st policy.Standing) (store.Revision, error) {
	return struck(x, func() (store.Revision, error) { return x.Tx.PutStanding(st) }, nil)
}

func (x faultyTx) Challenge(t policy.TenantID, a policy.AccountID, id challenge.ID) (challenge.Challenge, error) {
	x.f.asked = append(x.f.asked, id)
	return struck(x, func() (challenge.Challenge, error) { return x.Tx.Challenge(t, a, id) }, x.f.lie.challenge)
}

func (x faultyTx) ChallengesOf(t policy.TenantID, a policy.AccountID) ([]challenge.Challenge, error) {
	return struck(x, func() ([]challenge.Challenge, error) { return x.Tx.ChallengesOf(t, a) }, func(all *[]challenge.Challenge) {
		if x.f.lie.list != nil {
			x.f.lie.list(*all)
		}
	})
}

func (x faultyTx) PutChallenge(c challenge.Challenge) (store.Revision, error) {
	return struck(x, func() (store.Revision, error) { return x.Tx.PutChallenge(c) }, nil)
}

func (x faultyTx) DeleteChallenge(t policy.TenantID, a policy.AccountID, id challenge.ID) error {
	return write(x, func() error { return x.Tx.DeleteChallenge(t, a, id) })
}

func (x faultyTx) Counter(t policy.TenantID, a policy.AccountID, m challenge.Method) (challenge.Counter, error) {
	return struck(x, func() (challenge.Counter, error) { return x.Tx.Counter(t, a, m) }, x.f.lie.counter)
}

func (x faultyTx) PutCounter(c challenge.Counter) (store.Revision, error) {
	return struck(x, func() (store.Revision, error) { return x.Tx.PutCounter(c) }, nil)
}

func (x faultyTx) AppendEvent(e policy.Event) error {
	return write(x, func() error { return x.Tx.AppendEvent(e) })
}

func (x faultyTx) CountRefusal(e policy.Event, since time.Time) error {
	return write(x, func() error { return x.Tx.CountRefusal(e, since) })
}

// scene is a desk with things pending: two that a new one replaces or sweeps, and one to be answered.
type scene struct {
	*desk
	id   challenge.ID
	code secret.Text
}

func newScene(t testing.TB) *scene {
	t.Helper()
	d := newDesk(t)
	d.ask(d.stepUp(func(b *challenge.Binding) { b.Session = "s0" }), phone)
	d.Clock.Advance(5 * time.Minute)
	id, code := d.ask(d.stepUp(), phone)
	d.wrongs(2, d.stepUp(), id, code)
	return &scene{d, id, code}
}

// enter gives t a scene of its own, over a faulty store.
func (s *scene) enter(t testing.TB, f *faulty) *scene {
	t.Helper()
	d := *s.desk
	d.World, d.mail = s.Fork(t), new(accounttest.Mailbox)
	f.Store = d.DB.Challenges()
	d.over(f)
	return &scene{&d, s.id, s.code}
}

// deeds are all that a room does with challenges. Each gives what came of it: a zero value if it failed.
var deeds = map[string]func(*scene) (any, error){
	"issue": func(s *scene) (any, error) {
		_, c, err := s.begin(s.Host, s.stepUp(), phone)
		return c, err
	},
	"resend":       func(s *scene) (any, error) { c, err := s.again(s.stepUp(), s.id); return c.Reveal(), err },
	"right answer": func(s *scene) (any, error) { return s.give(s.stepUp(), s.id, s.code) },
	"wrong answer": func(s *scene) (any, error) { return s.give(s.stepUp(), s.id, other(s.code)) },
	"end pending": func(s *scene) (any, error) {
		return nil, s.change(endPending, func(tx challenge.Tx, op *policy.Op) error { _, err := challenge.EndPending(tx, op, "ada"); return err })
	},
	"clear": func(s *scene) (any, error) {
		return nil, s.change(clearing, func(tx challenge.Tx, op *policy.Op) error {
			_, err := challenge.Clear(tx, op, "ada", challenge.SMS)
			return err
		})
	},
	"right attempt": func(s *scene) (any, error) {
		return nil, s.change(finish, func(tx challenge.Tx, op *policy.Op) error {
			_, err := challenge.Attempt(tx, op, "ada", challenge.SMS, true)
			return err
		})
	},
}

func TestAStoreThatFailsAtAnyCallLeavesNothingBehindAndProvesNothing(t *testing.T) {
	base := newScene(t)
	for name, deed := range deeds {
		healthy := &faulty{}
		_, err := deed(base.enter(t, healthy))
		require.True(t, err == nil || codeOf(err) == challenge.CodeWrong, "%s: %v", name, err)
		require.Greater(t, healthy.calls, 3, name)
		for k := 1; k <= healthy.calls; k++ {
			s := base.enter(t, &faulty{strike: k})
			before := saved(t, s.DB)
			got, err := deed(s)
			require.ErrorIs(t, err, errStruck, "%s, call %d", name, k)
			require.Equal(t, policy.Code("not a refusal"), codeOf(err), "trouble is no refusal: %s, call %d", name, k)
			if p, ok := got.(challenge.Proof); ok {
				require.Equal(t, challenge.Proof{}, p)
			}
			require.Empty(t, s.mail.All(), "%s, call %d", name, k)
			requireSame(t, before, saved(t, s.DB), "%s, call %d", name, k)
		}
	}
}

func TestAFunctionThatRunsAgainHasOneEffect(t *testing.T) {
	base := newScene(t)
	for name, deed := range deeds {
		once, twice := base.enter(t, &faulty{}), base.enter(t, &faulty{again: true})
		_, err := deed(once)
		_, errAgain := deed(twice)
		require.Equal(t, codeOf(err), codeOf(errAgain), name)
		require.Equal(t, once.counted(challenge.SMS).Failed, twice.counted(challenge.SMS).Failed, name)
		require.Equal(t, len(once.counted(challenge.SMS).Sent), len(twice.counted(challenge.SMS).Sent), name)
		require.Equal(t, once.kept("ada", once.id).Misses, twice.kept("ada", twice.id).Misses, name)
		require.Equal(t, len(once.Events(contoso)), len(twice.Events(contoso)), name)
	}
}

// A store that answers with another's row is never believed.
func TestAStoreThatMixesRowsUpProvesNothing(t *testing.T) {
	base := newScene(t)
	for name, l := range map[string]lie{
		"another account's challenge": {challenge: func(c *challenge.Challenge) { c.Account = "bob" }},
		"another tenant's challenge":  {challenge: func(c *challenge.Challenge) { c.Tenant = "fabrikam" }},
		"another challenge":           {challenge: func(c *challenge.Challenge) { c.ID = "another" }},
		"another account's counter":   {counter: func(c *challenge.Counter) { c.Account, c.Failed = "bob", 0 }},
		"another tenant's counter":    {counter: func(c *challenge.Counter) { c.Tenant, c.Failed = "fabrikam", 0 }},
		"another method's counter":    {counter: func(c *challenge.Counter) { c.Method, c.Failed = challenge.Voice, 0 }},
		"another account's standing":  {standing: func(st *policy.Standing) { st.Account = "bob" }},
		"another tenant's standing":   {standing: func(st *policy.Standing) { st.Tenant = "fabrikam" }},
	} {
		s := base.enter(t, &faulty{lie: l})
		p, err := deeds["right answer"](s)
		require.Error(t, err, name)
		require.Equal(t, challenge.Proof{}, p, name)
		require.Zero(t, s.kept("ada", s.id).SpentAt, name)
		_, err = deeds["resend"](s)
		require.Error(t, err, name)
		if l.challenge != nil {
			refused(t, err, challenge.CodeWrong, name)
		}
		require.Empty(t, s.mail.All(), name)
	}
	for name, change := range map[string]func(*challenge.Challenge){
		"account": func(c *challenge.Challenge) { c.Account = "bob" },
		"tenant":  func(c *challenge.Challenge) { c.Tenant = "fabrikam" },
	} {
		s := base.enter(t, &faulty{lie: lie{list: func(all []challenge.Challenge) { change(&all[0]) }}})
		before := saved(t, s.DB)
		_, err := deeds["issue"](s)
		require.ErrorContains(t, err, "the store gave a challenge", name)
		requireSame(t, before, saved(t, s.DB), name)
	}
}

func TestAnIDThatIsNoneDoesNotReachTheStore(t *testing.T) {
	f := &faulty{}
	s := newScene(t).enter(t, f)
	for _, id := range []challenge.ID{"", "a\x00b", "a\n", "\xff", challenge.ID(make([]byte, policy.MaxID+1))} {
		_, err := s.give(s.stepUp(), id, s.code)
		refused(t, err, challenge.CodeWrong, "%q", id)
		_, err = s.give(s.stepUp(), id, secret.NewText(strings.Repeat("1", 1000)))
		refused(t, err, challenge.CodeWrong, "%q", id)
		s.set(challenge.SMS, 0)
	}
	require.Empty(t, f.asked)
}

func TestNoCodeIsGoodForAnAccountThatIsNotKnownOrInNoState(t *testing.T) {
	for name, change := range map[string]func(*policy.Standing){
		"another account's standing": func(st *policy.Standing) { st.Account = "bob" },
		"no state":                   func(st *policy.Standing) { st.State = 0 },
	} {
		for _, k := range challenge.Kinds() {
			s := &scene{desk: newDesk(t)}
			id, code := s.ask(d0(k), address)
			s = s.enter(t, &faulty{lie: lie{standing: change}})
			a, err := s.codes.Answer(id, code)
			if k.Digits == 0 {
				var l challenge.Link
				l, err = s.codes.Link(code)
				a = l.Answer
			}
			require.NoError(t, err)
			p, err := s.answer(s.Host, d0(k), a)
			refused(t, err, challenge.CodeWrong, "%s: %s by %s", name, k.Purpose, k.Method)
			require.Equal(t, challenge.Proof{}, p)
		}
	}
}
