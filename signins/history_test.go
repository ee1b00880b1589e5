package signins_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Whatever happens at the same time: the calls about one person's sessions, and about attempts to sign in as them, come
// out as if they had been made one by one, each somewhere between its beginning and its end. So after a session's end
// has returned, no token of it gives an actor to whoever asks later, and an attempt has one answer and one containment. Porcupine looks for such an order in recorded histories;
// history_model_test.go has the sequential specification.

// recorder keeps what happened and when, by a clock that only counts, and what was given out.
type recorder struct {
	ticks atomic.Int64
	mu    sync.Mutex
	calls []porcupine.Operation
	given []issued
	ids   map[policy.SessionID]int // the number of each session

	everywhere bool // whether a containment signs out everywhere
}

// issued is a token that was given out.
type issued struct {
	signins.Started
	number, session int
	device          int
}

// computers are the person's devices; the first is none.
var computers = [devicesUsed + 1]policy.DeviceID{"", "laptop", "tablet"}

// idOf names an attempt, and placeOf the place that it comes from: nobody signed in there before.
func idOf(attempt int) signins.ID { return signins.ID(fmt.Sprintf("try-%d", attempt)) }

func placeOf(attempt int) signins.Place {
	return signins.Place{Country: "far " + string(computers[deviceOf(attempt)])}
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
	i := issued{s, len(r.given), r.ids[s.Actor.Session], slices.Index(computers[:], s.Actor.Device)}
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

// ask makes one call with something that was given out, and about an attempt if it is about one.
func ask(t *testing.T, w *accounttest.World, room signins.Room, r *recorder, client int, v verb, with issued, attempt int) error {
	in := question{verb: v, token: with.number, session: with.session, device: with.device}
	switch v {
	case doDisable:
		in.device = deviceOf(attempt)
	case doRecord, doMe, doNotMe:
		in.attempt, in.everywhere = attempt, r.everywhere
	}
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
		doDisable: func() answer {
			return done(w.App.Admin.Devices.Disable(t.Context(), w.Host, computers[in.device]))
		},
		doResume: func() answer { _, e := room.Host.Actor(t.Context(), with.Token); return done(e) },
		doList: func() answer {
			list, e := room.Service.Sessions(t.Context(), with.Actor, store.Page{})
			a := done(e)
			for _, s := range list.Items {
				a.seen = append(a.seen, s.ID)
			}
			return a
		},
		doRecord: func() answer {
			isNew, e := room.Host.Record(t.Context(), w.Host, signins.Record{ID: idOf(attempt), Account: "ada", At: w.Clock.Now(),
				Place: placeOf(attempt), Device: computers[deviceOf(attempt)], Session: with.Actor.Session})
			err = e
			return answer{yes: isNew}
		},
		doAttempts: func() answer {
			list, e := room.Service.Activity(t.Context(), with.Actor, signins.Query{})
			a := done(e)
			for n := range a.attempts {
				if at := slices.IndexFunc(list.Items, func(i signins.Item) bool { return i.ID == idOf(n) }); at >= 0 {
					a.attempts[n] = glimpse{true, len(list.Items[at].Unusual) > 0, list.Items[at].Answer}
				}
			}
			return a
		},
		doMe: func() answer {
			return done(confirmed(t.Context(), with.Actor, idOf(attempt), room.Service.AskThisWasMe, room.Service.ThisWasMe))
		},
		doNotMe: func() answer {
			var steps signins.Containment
			a := done(confirmed(t.Context(), with.Actor, idOf(attempt), room.Service.AskThisWasNotMe,
				func(ctx context.Context, actor policy.Actor, id signins.ID, yes policy.Confirmation) (e error) {
					steps, e = room.Service.ThisWasNotMe(ctx, actor, id, yes)
					return e
				}))
			for _, s := range steps.Steps {
				a.ended = a.ended || s.Measure == signins.EndThatSession && s.Done
				a.disabled = a.disabled || s.Measure == signins.DisableDevice && s.Done
			}
			return a
		},
	}
	r.record(client, in, calls[v])
	return err
}

// confirmed asks and says Yes, anew as long as what was shown changes in between.
func confirmed(ctx context.Context, a policy.Actor, id signins.ID,
	ask func(context.Context, policy.Actor, signins.ID) (policy.Preview, policy.Confirmation, error),
	say func(context.Context, policy.Actor, signins.ID, policy.Confirmation) error) error {
	for {
		_, yes, err := ask(ctx, a, id)
		if err != nil {
			return err
		}
		if err = say(ctx, a, id, yes); codeOf(err) != policy.CodeConfirmationStale {
			return err
		}
	}
}

// scripts are what eight clients do: mostly look, and each now and then begins, ends or says something.
func scripts(round int) [][]verb {
	looks := []verb{doResume, doResume, doList, doProve, doAttempts, doRecord}
	deeds := []verb{doStart, doEnd, doStart, doMe, doEndOthers, doStart, doSignOutBut, doNotMe, doStart, doSignOut, doProve, doStart, doMe}
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

// everything is all verbs.
var everything = []verb{doStart, doProve, doEnd, doEndOthers, doSignOut, doSignOutBut, doDisable, doResume, doList, doRecord, doAttempts, doMe, doNotMe}

// desk is a world where ada has two devices, signed in at home a day ago, and now signs in on both and on neither.
func desk(t *testing.T) (w *accounttest.World, places []policy.Actor) {
	w = accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	for _, c := range computers[1:] {
		w.Device(ada, c)
	}
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.ContainDevice, 2))
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.ContainPassword, 0)) // else nothing more could be said
	w.Clock.Advance(day)
	ada = w.SignIn(ada)
	return w, []policy.Actor{ada, ada.On(computers[1]), ada.On(computers[2])}
}

func TestConcurrentCallsAboutSessionsAndAttemptsComeOutAsIfOneByOne(t *testing.T) {
	base, places := desk(t)
	came := make(map[verb]int)
	refused := 0
	for round := range 60 {
		w := base.Fork(t)
		room := signins.Room{Service: w.App.SignIns, Admin: w.App.Admin.SignIns, Host: w.App.Host.SignIns}
		r := &recorder{everywhere: round%3 == 0}
		require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.ContainSessions, map[bool]int{true: 1}[r.everywhere]))
		begin(w, r, places...)
		require.NoError(t, ask(t, w, room, r, 0, doRecord, r.given[0], round%tries))
		var strange sync.Map
		clients := scripts(round)
		together(len(clients), func(i int) {
			for j, v := range clients[i] {
				if err := ask(t, w, room, r, i, v, r.pick(i+j+round), (i*j+round)%tries); codeOf(err) == notARefusal {
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
	for _, v := range everything {
		require.Greater(t, came[v], 5, "%s hardly ever worked: %v", v, came)
	}
	require.Greater(t, refused, 500)
}

// begin starts the sessions that a history begins with, as calls of its own.
func begin(w *accounttest.World, r *recorder, as ...policy.Actor) {
	for _, a := range as {
		r.record(0, question{verb: doStart, device: slices.Index(computers[:], a.Device)}, func() answer {
			i := r.give(w.Session(a))
			return answer{yes: true, token: i.number, session: i.session}
		})
	}
}

// forgetful is a broken store: it loses what it should keep in a table, and says that all is well.
type forgetful struct {
	signins.Store
	table string
}

func (f forgetful) Update(ctx context.Context, fn func(signins.Tx) error) error {
	return f.Store.Update(ctx, func(tx signins.Tx) error { return fn(unwritten{tx, f.table}) })
}

type unwritten struct {
	signins.Tx
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

func (u unwritten) PutSignIn(s signins.SignIn) (store.Revision, error) {
	if u.table == "attempts" {
		return s.Revision + 1, nil
	}
	return u.Tx.PutSignIn(s)
}

func (u unwritten) PutHabits(h signins.Habits) (store.Revision, error) {
	if u.table == "habits" {
		return h.Revision + 1, nil
	}
	return u.Tx.PutHabits(h)
}

// Contain is how such a store's devices are contained.
func (f forgetful) Contain(tx signins.Tx, op *policy.Op, account policy.AccountID, id policy.DeviceID, disable bool) (policy.Change, string, error) {
	if f.table == "devices" {
		return policy.Change{Subject: account, Activity: "Update device"}, "", nil
	}
	return devices.Contain(tx.(unwritten).Tx.(devices.Tx), op, account, id, disable)
}

func (forgetful) NoNewPassword(signins.Tx, *policy.Op, policy.AccountID) (string, error) {
	return "", nil
}

func TestAHistoryOfAStoreThatLosesSomethingIsFoundOut(t *testing.T) {
	type call struct {
		verb
		with, attempt int
	}
	for table, stories := range map[string][][]call{
		"sessions":  {{{doEnd, 1, 0}, {doResume, 1, 0}}, {{doProve, 1, 0}, {doResume, 1, 0}}, {{doNotMe, 2, 0}, {doResume, 0, 0}}},
		"standings": {{{doEndOthers, 1, 0}, {doResume, 0, 0}}, {{doSignOut, 1, 0}, {doResume, 1, 0}}},
		"attempts":  {{{doMe, 1, 0}, {doAttempts, 1, 0}}, {{doRecord, 1, 1}, {doAttempts, 1, 0}}, {{doNotMe, 2, 0}, {doAttempts, 2, 0}}},
		"habits":    {{{doMe, 1, 0}, {doRecord, 1, 2}, {doAttempts, 1, 0}}, {{doMe, 1, 0}, {doRecord, 1, 2}, {doMe, 1, 2}}},
		"devices":   {{{doNotMe, 2, 0}, {doResume, 1, 0}}, {{doNotMe, 2, 0}, {doStart, 1, 0}}},
	} {
		for _, story := range stories {
			for _, broken := range []string{"", table} {
				w, places := desk(t)
				require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.ContainSessions, 0))
				r := &recorder{}
				begin(w, r, places...)
				first := slices.Clone(r.given)
				require.NoError(t, ask(t, w, signins.Room{Host: w.App.Host.SignIns}, r, 1, doRecord, first[0], 0))
				f := forgetful{w.DB.SignIns(), broken}
				room := overWith(t, w, f, f)
				for _, c := range story { // whatever comes of it
					_ = ask(t, w, room, r, 1, c.verb, first[c.with], c.attempt)
				}
				require.Equal(t, broken == "", porcupine.CheckOperations(oneByOne, r.history()), "%q: %v", broken, story)
			}
		}
	}
}
