package account_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Whatever happens at the same time to one account: changes of its password, sign-ins and sign-outs, being closed and
// reopened, switched off and on, and requests in old sessions come out as if they had been made one by one, each somewhere
// between its beginning and its end. Porcupine looks for such an order in recorded histories; history_model_test.go has
// the sequential specification.

// recorder keeps what happened and when, by a clock that only counts, and what was given out.
type recorder struct {
	ticks   atomic.Int64
	mu      sync.Mutex
	calls   []porcupine.Operation
	given   []signins.Started
	codes   []sentCode
	phrase  int     // which was the last that a change set
	strange []error // what is no refusal
}

// sentCode is a code that reopens the account, and the desk at which it was asked for.
type sentCode struct {
	account.Reopening
	desk int
}

// told gives the password that a change set last, and a session and a code of the latest.
func (r *recorder) told(n int) (phrase, token, code int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := func(given int) int { return max(0, given-1-n%3) }
	return r.phrase, latest(len(r.given)), latest(len(r.codes))
}

func (r *recorder) record(client int, q question, call func() (answer, error)) answer {
	began := r.ticks.Add(1)
	a, err := call()
	ended := r.ticks.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	a.yes, a.lost = err == nil, errors.Is(err, store.ErrConflict)
	if codeOf(err) == notARefusal && !a.lost {
		r.strange = append(r.strange, err)
	}
	if a.yes && q.verb == doChange {
		r.phrase = q.to
	}
	r.calls = append(r.calls, porcupine.Operation{ClientId: client, Input: q, Call: began, Output: a, Return: ended})
	return a
}

// give notes what was given out, and numbers it.
func give[V any](r *recorder, all *[]V, v V) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	*all = append(*all, v)
	return len(*all) - 1
}

// taken gives what was given out by its number; the zero V of what was not.
func taken[V any](r *recorder, all *[]V, n int) (v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < len(*all) {
		v = (*all)[n]
	}
	return v
}

// ask makes one call about Per's account.
func (r *recorder) ask(t *testing.T, w *accounttest.World, room account.Room, client int, q question) answer {
	with := taken(r, &r.given, q.token)
	done := func(err error) (answer, error) { return answer{}, err }
	calls := map[verb]func() (answer, error){
		doStart: func() (answer, error) {
			s, err := w.App.Host.SignIns.Start(t.Context(), w.Host, signins.NewSession{Account: "per", Proofs: w.SignIn(policy.Actor{}).Proofs})
			if err != nil {
				return answer{}, err
			}
			return answer{token: give(r, &r.given, s)}, nil
		},
		doResume: func() (answer, error) {
			_, err := w.App.Host.SignIns.Actor(t.Context(), with.Token)
			return done(err)
		},
		doAdmit: func() (answer, error) {
			if client%2 == 0 {
				_, err := room.Service.Overview(t.Context(), with.Actor)
				return done(err)
			}
			_, err := room.Service.Profile(t.Context(), with.Actor)
			return done(err)
		},
		doChange: func() (answer, error) {
			return done(room.Service.ChangePassword(t.Context(), with.Actor,
				account.PasswordChange{Current: secret.NewText(phrases[q.from]), New: secret.NewText(phrases[q.to])}))
		},
		doVerify: func() (answer, error) {
			v, err := room.Host.VerifyPassword(t.Context(), w.Host, attempt("per", phrases[q.from]))
			return answer{closing: v.Closing}, err
		},
		doSignOut:   func() (answer, error) { return done(signOut(t, w, with.Actor)) },
		doClose:     func() (answer, error) { return done(closeAll(t, room, with.Actor)) },
		doAskReopen: func() (answer, error) { return r.askReopen(t, w, room, q.desk) },
		doReopen: func() (answer, error) {
			return done(room.Host.Reopen(t.Context(), w.Host, taken(r, &r.codes, q.code).Reopening))
		},
		doDisable: func() (answer, error) { return done(room.Admin.Disable(t.Context(), w.Host, "per")) },
		doEnable:  func() (answer, error) { return done(room.Admin.Enable(t.Context(), w.Host, "per")) },
	}
	return r.record(client, q, calls[q.verb])
}

// askReopen has a code sent, at a desk. Each sends elsewhere: how many codes one place gets is bounded.
func (r *recorder) askReopen(t *testing.T, w *accounttest.World, room account.Room, desk int) (answer, error) {
	q := account.ReopenRequest{Account: "per", Method: []challenge.Method{challenge.Email, challenge.SMS, challenge.Voice}[desk%3],
		To: deskAddress(desk), Attempt: policy.SessionID(fmt.Sprintf("attempt-%d", desk))}
	id, err := room.Host.AskReopen(t.Context(), w.Host, q)
	if err != nil {
		return answer{}, err
	}
	sent, _ := w.Mail.Last(q.To)
	return answer{code: give(r, &r.codes, sentCode{account.Reopening{Account: "per", Method: q.Method, Attempt: q.Attempt, Challenge: id, Code: sent.Code,
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: w.Clock.Now()}}}, desk})}, nil
}

func deskAddress(desk int) string { return fmt.Sprintf("desk-%d@example.org", desk) }

// signIn is what a sign-in page does, each step a call of its own: it verifies the password, and starts a session, or if
// the account is being closed has a code sent and reopens it. An older code it tries before.
func (r *recorder) signIn(t *testing.T, w *accounttest.World, room account.Room, client, phrase int) {
	switch a := r.ask(t, w, room, client, question{verb: doVerify, from: phrase}); {
	case !a.yes:
	case !a.closing:
		r.ask(t, w, room, client, question{verb: doStart})
	default:
		r.reopen(t, w, room, client, 0)
		if c := r.ask(t, w, room, client, question{verb: doAskReopen, desk: client}); c.yes {
			r.ask(t, w, room, client, question{verb: doReopen, desk: client, code: c.code})
		}
	}
}

// step is one step of a client's: with the latest that it may know of, and now and then with something older.
func (r *recorder) step(t *testing.T, w *accounttest.World, room account.Room, client int, v verb, n int) {
	phrase, token, code := r.told(n)
	if n%4 == 0 {
		phrase = n % len(phrases)
	}
	switch v {
	case doSignIn:
		r.signIn(t, w, room, client, phrase)
		return
	case doReopen:
		r.reopen(t, w, room, client, code)
		return
	}
	r.ask(t, w, room, client, question{verb: v, token: token, from: phrase, to: (phrase + 1) % len(phrases)})
	if v == doDisable { // or else nothing more would happen
		r.ask(t, w, room, client, question{verb: doEnable})
	}
}

// reopen tries a code that was given out, if it was.
func (r *recorder) reopen(t *testing.T, w *accounttest.World, room account.Room, client, code int) {
	if c := taken(r, &r.codes, code); c.Challenge != "" {
		r.ask(t, w, room, client, question{verb: doReopen, code: code, desk: c.desk})
	}
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

// closeAll closes the actor's account, whatever is lost by that, and says Yes anew as long as that changes in between.
func closeAll(t *testing.T, room account.Room, a policy.Actor) error {
	for {
		p, yes, err := room.Service.AskClose(t.Context(), a, account.ShortGrace)
		if err != nil {
			return err
		}
		c := account.CloseRequest{Days: account.ShortGrace}
		for _, f := range p.Facts {
			if f.Name == "warning" {
				c.Understood = append(c.Understood, f.Value)
			}
		}
		_, err = room.Service.Close(t.Context(), a, c, yes)
		if code := codeOf(err); code != policy.CodeConfirmationStale && code != account.CodeNotUnderstood { // there is more to lose since
			return err
		}
	}
}

// desk is a world where Per has a password, and may mistake it as often as a history wants.
func desk(t *testing.T) *accounttest.World {
	k := passwords(t)
	for _, s := range []policy.Setting{password.LockoutThreshold, password.MaxFailures} {
		require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, s, 100))
	}
	for i := range clients {
		require.NoError(t, k.App.Host.Account.AddIdentifier(t.Context(), k.Host,
			account.NewIdentifier{Account: "per", Kind: account.Email, Text: deskAddress(i), ProvenAt: k.Clock.Now()}))
	}
	return k.World
}

// script is what clients do, each beginning somewhere else in it.
var script = []verb{doAdmit, doSignIn, doChange, doResume, doSignIn, doClose, doSignIn, doAdmit, doSignOut, doSignIn, doReopen, doChange,
	doSignIn, doAdmit, doClose, doResume, doSignIn, doDisable, doSignIn, doAdmit, doReopen}

func TestWhatHappensToOneAccountAtOnceComesOutAsIfOneByOne(t *testing.T) {
	base := desk(t)
	came, refused, found := make(map[verb]int), 0, make(map[string]int)
	for round := range 60 {
		w := base.Fork(t)
		r := &recorder{}
		r.signIn(t, w, doors(w), 0, 0)
		testkit.Together(clients, func(i int) {
			for j := range 7 {
				r.step(t, w, doors(w), i, script[(i*4+j+round*3)%len(script)], i+j+round)
			}
		})
		require.Empty(t, r.strange)
		require.True(t, porcupine.CheckOperations(oneByOne(nil), r.calls), "round %d: no order explains %v", round, r.calls)
		for name, s := range stories {
			if !porcupine.CheckOperations(oneByOne(s.wrong), r.calls) {
				found[name]++
			}
		}
		for _, c := range r.calls {
			if c.Output.(answer).yes {
				came[c.Input.(question).verb]++
			} else {
				refused++
			}
		}
	}
	for _, v := range []verb{doStart, doResume, doAdmit, doChange, doVerify, doSignOut, doClose, doAskReopen, doReopen, doDisable, doEnable} {
		require.Greater(t, came[v], 5, "%s hardly ever worked: %v", v, came)
	}
	require.Greater(t, refused, 200)
	for name := range stories {
		require.Positive(t, found[name], "no history shows that it is untrue: %s", name)
	}
}
