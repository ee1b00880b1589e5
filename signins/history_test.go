package signins_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Whatever happens at the same time: the calls about one person's sessions come out as if they had been made
// one by one, each somewhere between its beginning and its end. So after a session's end has returned, no
// token of it gives an actor to whoever asks later. Porcupine looks for such an order in recorded histories;
// history_model_test.go has the sequential specification.

// recorder keeps what happened and when, by a clock that only counts, and what was given out.
type recorder struct {
	ticks atomic.Int64
	mu    sync.Mutex
	calls []porcupine.Operation
	given []issued
	ids   map[policy.SessionID]int // the number of each session
}

// issued is a token that was given out.
type issued struct {
	signins.Started
	number, session int
	laptop          bool
}

// give notes what was given out, and numbers it.
func (r *recorder) give(s signins.Started) issued {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids == nil {
		r.ids = make(map[policy.SessionID]int)
	}
	if _, known := r.ids[s.Actor.Session]; !known {
		r.ids[s.Actor.Session] = len(r.ids)
	}
	i := issued{s, len(r.given), r.ids[s.Actor.Session], s.Actor.Device != ""}
	r.given = append(r.given, i)
	return i
}

// pick chooses something that was given out by now: mostly of the latest.
func (r *recorder) pick(n int) issued {
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := r.given[max(0, len(r.given)-6):]
	return latest[n%len(latest)]
}

func (r *recorder) record(client int, in question, call func() answer) {
	began := r.ticks.Add(1)
	out := call()
	ended := r.ticks.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, porcupine.Operation{ClientId: client, Input: in, Call: began, Output: out, Return: ended})
}

// history is what happened, with the listed sessions by their numbers.
func (r *recorder) history() []porcupine.Operation {
	for i, c := range r.calls {
		a := c.Output.(answer)
		for _, id := range a.seen {
			a.listed |= 1 << r.ids[id]
		}
		a.seen = nil
		r.calls[i].Output = a
	}
	return r.calls
}

// ask makes one call with something that was given out.
func ask(t *testing.T, w *accounttest.World, room signins.Room, r *recorder, client int, v verb, with issued) error {
	in := question{verb: v, token: with.number, session: with.session, laptop: with.laptop}
	var err error
	begun := func(s signins.Started, e error) answer {
		if err = e; e != nil {
			return answer{}
		}
		i := r.give(s)
		return answer{yes: true, token: i.number, session: i.session}
	}
	done := func(e error) answer { err = e; return answer{yes: e == nil} }
	calls := map[verb]func() answer{
		doStart: func() answer {
			return begun(room.Host.Start(t.Context(), w.Host, signins.NewSession{Account: "ada", Proofs: with.Actor.Proofs, Device: with.Actor.Device}))
		},
		doProve:      func() answer { return begun(room.Host.AddProof(t.Context(), w.Host, with.Token, otp(w))) },
		doEnd:        func() answer { return done(room.Service.End(t.Context(), with.Actor, with.Actor.Session)) },
		doEndOthers:  func() answer { return done(room.Service.EndOthers(t.Context(), with.Actor)) },
		doSignOut:    func() answer { _, e := signOut(t, room.Service, with.Actor, false); return done(e) },
		doSignOutBut: func() answer { return begun(signOut(t, room.Service, with.Actor, true)) },
		doDisable:    func() answer { return done(w.App.Admin.Devices.Disable(t.Context(), w.Host, "laptop")) },
		doResume:     func() answer { _, e := room.Host.Actor(t.Context(), with.Token); return done(e) },
		doList: func() answer {
			list, e := room.Service.Sessions(t.Context(), with.Actor, store.Page{})
			a := done(e)
			for _, s := range list.Items {
				a.seen = append(a.seen, s.ID)
			}
			return a
		},
	}
	r.record(client, in, calls[v])
	return err
}

// scripts are what eight clients do: mostly look, and each now and then begins or ends something.
func scripts(round int) [][]verb {
	looks := []verb{doResume, doResume, doList, doProve}
	deeds := []verb{doStart, doEnd, doStart, doEndOthers, doStart, doSignOutBut, doStart, doSignOut, doProve, doStart}
	out := make([][]verb, 8)
	for i := range out {
		for j := range 10 {
			v := looks[(i*3+j+round)%len(looks)]
			switch {
			case i == 0 && j == 5 && round%2 == 0:
				v = doDisable
			case (i+2*j+round)%4 == 0:
				v = deeds[(i+j+round)%len(deeds)]
			}
			out[i] = append(out[i], v)
		}
	}
	return out
}

func TestConcurrentCallsAboutSessionsComeOutAsIfOneByOne(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	there := ada.On(base.Device(ada, "laptop"))
	came := make(map[verb]int)
	refused := 0
	for round := range 60 {
		w := base.Fork(t)
		room := signins.Room{Service: w.App.SignIns, Admin: w.App.Admin.SignIns, Host: w.App.Host.SignIns}
		r := &recorder{}
		begin(w, r, ada, there, ada)
		var strange sync.Map
		clients := scripts(round)
		together(len(clients), func(i int) {
			for j, v := range clients[i] {
				if err := ask(t, w, room, r, i, v, r.pick(i+j+round)); codeOf(err) == notARefusal {
					strange.Store(v, err)
				}
			}
		})
		strange.Range(func(v, err any) bool { require.Fail(t, "not a refusal", "%v: %v", v, err); return false })
		calls := r.history()
		require.True(t, porcupine.CheckOperations(oneByOne, calls), "round %d: no order explains %v", round, calls)
		for _, c := range calls {
			if c.Output.(answer).yes {
				came[c.Input.(question).verb]++
			} else {
				refused++
			}
		}
	}
	for _, v := range []verb{doStart, doProve, doEnd, doEndOthers, doSignOut, doSignOutBut, doDisable, doResume, doList} {
		require.Greater(t, came[v], 5, "%s hardly ever worked: %v", v, came)
	}
	require.Greater(t, refused, 500)
}

// begin starts the sessions that a history begins with, as calls of its own.
func begin(w *accounttest.World, r *recorder, as ...policy.Actor) {
	for _, a := range as {
		r.record(0, question{verb: doStart, laptop: a.Device != ""}, func() answer {
			i := r.give(w.Session(a))
			return answer{yes: true, token: i.number, session: i.session}
		})
	}
}

// forgetful is a broken store: it loses what ends a session.
type forgetful struct{ signins.Store }

func (f forgetful) Update(ctx context.Context, fn func(signins.Tx) error) error {
	return f.Store.Update(ctx, func(tx signins.Tx) error { return fn(unwritten{tx}) })
}

// unwritten loses what it should keep, and says that all is well.
type unwritten struct{ signins.Tx }

func (u unwritten) PutStanding(st policy.Standing) (store.Revision, error) {
	return st.Revision + 1, nil
}

func (u unwritten) PutSession(s policy.Session) (store.Revision, error) { return s.Revision + 1, nil }

func TestAHistoryOfAStoreThatLosesWhatEndsASessionIsFoundOut(t *testing.T) {
	for _, ending := range []verb{doEnd, doEndOthers, doSignOut, doProve} {
		for _, broken := range []bool{false, true} {
			w := accounttest.New(t)
			ada := w.Person("ada", policy.Work)
			r := &recorder{}
			begin(w, r, ada, ada)
			s := w.DB.SignIns()
			if broken {
				s = forgetful{s}
			}
			room := over(t, w, s)
			first := slices.Clone(r.given)
			require.NoError(t, ask(t, w, room, r, 1, doResume, first[0]))
			require.NoError(t, ask(t, w, room, r, 1, ending, first[1]))
			for _, i := range first { // whatever comes of it
				_ = ask(t, w, room, r, 1, doResume, i)
			}
			require.Equal(t, !broken, porcupine.CheckOperations(oneByOne, r.history()), "%s", ending)
		}
	}
}
