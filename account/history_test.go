package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Whatever happens at the same time to one account: changes of its password, sign-outs, being switched off and on, new
// sessions and requests in old ones come out as if they had been made one by one, each somewhere between its beginning
// and its end. Porcupine looks for such an order in recorded histories.

type verb string

const (
	doStart   verb = "start a session"
	doResume  verb = "resume"
	doChange  verb = "change the password"
	doVerify  verb = "verify a password"
	doSignOut verb = "sign out everywhere"
	doDisable verb = "disable"
	doEnable  verb = "enable"
)

// phrases are the passwords of a history, by number.
var phrases = [...]string{good, better, "marble 99 otter spool fern"}

// question is a call: in which session, and about which passwords.
type question struct {
	verb
	token, from, to int
}

// answer is what came of it. Lost tells that somebody else was faster, and that nothing happened.
type answer struct {
	yes, lost bool
	token     int
}

// recorder keeps what happened and when, by a clock that only counts, and what sessions were given out.
type recorder struct {
	ticks atomic.Int64
	mu    sync.Mutex
	calls []porcupine.Operation
	given []signins.Started
}

func (r *recorder) pick(n int) (int, signins.Started) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := max(0, len(r.given)-4)
	i := from + n%(len(r.given)-from)
	return i, r.given[i]
}

func (r *recorder) record(client int, q question, call func() answer) {
	began := r.ticks.Add(1)
	a := call()
	ended := r.ticks.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, porcupine.Operation{ClientId: client, Input: q, Call: began, Output: a, Return: ended})
}

// ask makes one call about Per's account.
func (r *recorder) ask(t *testing.T, w *accounttest.World, room account.Room, client int, v verb, n int) error {
	q := question{verb: v, from: n % len(phrases), to: (n + 1) % len(phrases)}
	var with signins.Started
	if v != doStart {
		q.token, with = r.pick(n)
	}
	var err error
	r.record(client, q, func() answer {
		switch v {
		case doStart:
			var s signins.Started
			if s, err = w.App.Host.SignIns.Start(t.Context(), w.Host, signins.NewSession{Account: "per", Proofs: w.SignIn(policy.Actor{}).Proofs}); err != nil {
				return answer{}
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.given = append(r.given, s)
			return answer{yes: true, token: len(r.given) - 1}
		case doResume:
			_, err = w.App.Host.SignIns.Actor(t.Context(), with.Token)
		case doChange:
			err = room.Service.ChangePassword(t.Context(), with.Actor, account.PasswordChange{Current: secret.NewText(phrases[q.from]), New: secret.NewText(phrases[q.to])})
		case doVerify:
			_, err = room.Host.VerifyPassword(t.Context(), w.Host, attempt("per", phrases[q.from]))
		case doSignOut:
			err = signOut(t, w, with.Actor)
		case doDisable:
			err = w.App.Host.Accounts.SetState(t.Context(), w.Host, "per", policy.Disabled)
		case doEnable:
			err = w.App.Host.Accounts.SetState(t.Context(), w.Host, "per", policy.Active)
		}
		return answer{yes: err == nil, lost: errors.Is(err, store.ErrConflict)}
	})
	return err
}

// signOut says Yes anew as long as what was shown changes in between.
func signOut(t *testing.T, w *accounttest.World, a policy.Actor) error {
	for {
		_, yes, err := w.App.SignIns.AskSignOutEverywhere(t.Context(), a)
		if err != nil {
			return err
		}
		if _, err = w.App.SignIns.SignOutEverywhere(t.Context(), a, yes, false); codeOf(err) != policy.CodeConfirmationStale {
			return err
		}
	}
}

// login is the state of the account in the sequential specification.
type login struct {
	phrase int
	off    bool
	alive  [64]bool // sessions, by number
}

// oneByOne is the sequential specification.
var oneByOne = porcupine.Model{
	Init: func() any { return login{} },
	Step: func(state, input, output any) (bool, any) {
		s, q, a := state.(login), input.(question), output.(answer)
		if a.lost {
			return q.verb == doChange || q.verb == doVerify, s
		}
		may := map[verb]bool{
			doStart: !s.off, doResume: !s.off && s.alive[q.token], doSignOut: !s.off && s.alive[q.token], doDisable: true, doEnable: true,
			doVerify: !s.off && s.phrase == q.from, doChange: !s.off && s.alive[q.token] && s.phrase == q.from,
		}[q.verb]
		if a.yes != may || !may {
			return a.yes == may, s
		}
		switch q.verb {
		case doStart:
			s.alive[a.token] = true
		case doSignOut:
			s.alive = [64]bool{}
		case doDisable:
			s.off, s.alive = true, [64]bool{}
		case doEnable:
			s.off = false
		case doChange:
			s.phrase, s.alive = q.to, [64]bool{}
			s.alive[q.token] = true
		}
		return true, s
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// desk is a world where Per has a password, and may mistake it as often as a history wants.
func desk(t *testing.T) *accounttest.World {
	k := passwords(t)
	for _, s := range []policy.Setting{password.LockoutThreshold, password.MaxFailures} {
		require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, s, 100))
	}
	return k.World
}

func TestWhatHappensToOneAccountAtOnceComesOutAsIfOneByOne(t *testing.T) {
	base := desk(t)
	came, refused := make(map[verb]int), 0
	script := []verb{doResume, doStart, doChange, doVerify, doResume, doChange, doStart, doSignOut, doResume, doVerify, doStart, doChange, doDisable, doResume, doEnable, doStart}
	for round := range 40 {
		w := base.Fork(t)
		r := &recorder{}
		require.NoError(t, r.ask(t, w, doors(w), 0, doStart, 0))
		var strange sync.Map
		testkit.Together(6, func(i int) {
			for j := range 7 {
				v := script[(i*5+j+round*3)%len(script)]
				if err := r.ask(t, w, doors(w), i, v, i+j+round); codeOf(err) == notARefusal && !errors.Is(err, store.ErrConflict) {
					strange.Store(v, err)
				}
				if v == doDisable { // or else nothing more would happen
					_ = r.ask(t, w, doors(w), i, doEnable, 0)
				}
			}
		})
		strange.Range(func(v, err any) bool { require.Fail(t, "not a refusal", "%v: %v", v, err); return false })
		require.True(t, porcupine.CheckOperations(oneByOne, r.calls), "round %d: no order explains %v", round, r.calls)
		for _, c := range r.calls {
			if c.Output.(answer).yes {
				came[c.Input.(question).verb]++
			} else {
				refused++
			}
		}
	}
	for _, v := range []verb{doStart, doResume, doChange, doVerify, doSignOut, doDisable, doEnable} {
		require.Greater(t, came[v], 5, "%s hardly ever worked: %v", v, came)
	}
	require.Greater(t, refused, 200)
}

// forgetful is a broken store: it loses what it should keep in a table, and says that all is well.
type forgetful struct {
	account.Store
	table string
}

func (f forgetful) Update(ctx context.Context, fn func(account.Tx) error) error {
	return f.Store.Update(ctx, func(tx account.Tx) error { return fn(unwritten{tx, f.table}) })
}

type unwritten struct {
	account.Tx
	table string
}

func (u unwritten) PutStanding(st policy.Standing) (store.Revision, error) {
	if u.table == "standings" {
		return st.Revision + 1, nil
	}
	return u.Tx.PutStanding(st)
}

func (u unwritten) PutSession(s policy.Session) (store.Revision, error) {
	if u.table == "sessions" {
		return s.Revision + 1, nil
	}
	return u.Tx.PutSession(s)
}

func (u unwritten) PutCredential(c account.Credential) (store.Revision, error) {
	if u.table == "credentials" {
		return c.Revision + 1, nil
	}
	return u.Tx.PutCredential(c)
}

func TestAHistoryOfAStoreThatLosesSomethingIsFoundOut(t *testing.T) {
	for table, last := range map[string]struct {
		verb
		n int
	}{
		"standings":   {doResume, 1}, // the other session lives on
		"sessions":    {doResume, 0}, // the present one does not
		"credentials": {doVerify, 1}, // the new password is wrong
	} {
		for _, broken := range []string{"", table} {
			w := desk(t)
			room := over(t, w, forgetful{w.DB.Account(), broken})
			r := &recorder{}
			for range 2 {
				require.NoError(t, r.ask(t, w, room, 1, doStart, 0))
			}
			require.NoError(t, r.ask(t, w, room, 1, doChange, 0))
			_ = r.ask(t, w, room, 1, last.verb, last.n) // whatever comes of it
			require.Equal(t, broken == "", porcupine.CheckOperations(oneByOne, r.calls), "%q: %v", broken, r.calls)
		}
	}
}

func TestAHistoryThatNoOrderExplainsIsFoundOut(t *testing.T) {
	yes, no := answer{yes: true}, answer{}
	for name, c := range map[string]struct {
		fine  bool
		calls []any // questions and their answers
	}{
		"the other session lives":      {false, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doResume, token: 1}, yes}},
		"the other session ends":       {true, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doResume, token: 1}, no}},
		"the present session lives":    {true, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doResume, token: 0}, yes}},
		"the present session ends":     {false, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doResume, token: 0}, no}},
		"two changes of one password":  {false, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doChange, token: 0, to: 2}, yes}},
		"the old password is right":    {false, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doVerify}, yes}},
		"the new password is right":    {true, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doVerify, from: 1}, yes}},
		"a session outlives switching": {false, []any{question{verb: doDisable}, yes, question{verb: doEnable}, yes, question{verb: doResume}, yes}},
		"a session while switched off": {false, []any{question{verb: doDisable}, yes, question{verb: doStart}, answer{yes: true, token: 2}}},
		"a password while off":         {false, []any{question{verb: doDisable}, yes, question{verb: doVerify}, yes}},
		"signed out, and yet there":    {false, []any{question{verb: doSignOut}, yes, question{verb: doResume, token: 1}, yes}},
		"a start that lost":            {false, []any{question{verb: doStart}, answer{lost: true}}},
	} {
		calls := []any{question{verb: doStart}, yes, question{verb: doStart}, answer{yes: true, token: 1}}
		calls = append(calls, c.calls...)
		var history []porcupine.Operation
		for i := 0; i < len(calls); i += 2 {
			history = append(history, porcupine.Operation{Input: calls[i], Call: int64(i), Output: calls[i+1], Return: int64(i + 1)})
		}
		require.Equal(t, c.fine, porcupine.CheckOperations(oneByOne, history), name)
	}
}
