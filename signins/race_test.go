package signins_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// Races: 64 goroutines let go at the same moment, 50 rounds each, every round in a world of its own.

const (
	racers = 64
	rounds = 50
)

// tally is how a race ended.
type tally struct {
	mu    sync.Mutex
	codes map[policy.Code]int // of the refusals; "" are the successes
	won   []signins.Started   // what was given out
}

func (y *tally) count(s signins.Started, err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.codes == nil {
		y.codes = make(map[policy.Code]int)
	}
	y.codes[codeOf(err)]++
	if !s.Token.Empty() {
		y.won = append(y.won, s)
	}
}

// race lets the racers go at fn in a fork of a world, and gives how it ended and the events it left.
func race(t *testing.T, base *accounttest.World, fn func(w *accounttest.World, i int) (signins.Started, error)) (*accounttest.World, *tally, []policy.Event) {
	t.Helper()
	w, y := base.Fork(t), &tally{}
	events := during(w, func() { together(racers, func(i int) { y.count(fn(w, i)) }) })
	return w, y, events
}

// told is how many successes and refusals events tell of.
func told(events []policy.Event) map[policy.Code]int {
	out := make(map[policy.Code]int)
	for _, e := range events {
		out[e.Reason] += e.Count
	}
	return out
}

// live are those tokens that give an actor.
func live(t *testing.T, w *accounttest.World, all []signins.Started) (out []signins.Started) {
	t.Helper()
	for _, s := range all {
		if works(t, w.App.Host.SignIns, s.Token) {
			out = append(out, s)
		}
	}
	return out
}

func TestOfManyProofsWithOneTokenOneWinsAndOneTokenLives(t *testing.T) {
	base := accounttest.New(t)
	s := base.Session(base.Person("ada", policy.Work))
	want := map[policy.Code]int{"": 1, policy.CodeSessionEnded: racers - 1}
	for range rounds {
		w, y, events := race(t, base, func(w *accounttest.World, _ int) (signins.Started, error) {
			return w.App.Host.SignIns.AddProof(t.Context(), w.Host, s.Token, otp(w))
		})
		require.Equal(t, want, y.codes)
		require.Equal(t, want, told(events), "each has its record")
		require.Len(t, y.won, 1, "who lost was given nothing")
		require.Len(t, live(t, w, append(y.won, s)), 1)
		require.Len(t, live(t, w, y.won), 1)
		require.Equal(t, []policy.SessionID{s.Actor.Session}, alive(t, w, "ada"))
	}
}

func TestStartingAtTheLimitNeverExceedsIt(t *testing.T) {
	base := accounttest.New(t)
	require.NoError(t, base.App.Admin.Policy.Set(t.Context(), base.Host, signins.MaxSessions, 3))
	ada := base.Person("ada", policy.Work)
	old := []signins.Started{base.Session(ada), base.Session(ada), base.Session(ada)}
	for range rounds {
		var most tallest
		w, y, events := race(t, base, func(w *accounttest.World, _ int) (signins.Started, error) {
			s, err := w.App.Host.SignIns.Start(t.Context(), w.Host, signins.NewSession{Account: "ada", Proofs: ada.Proofs})
			most.note(len(alive(t, w, "ada")))
			return s, err
		})
		require.Equal(t, map[policy.Code]int{"": racers}, y.codes)
		require.Equal(t, 3, most.most)
		require.Len(t, live(t, w, append(y.won, old...)), 3, "as many tokens work as sessions are listed")
		require.Len(t, alive(t, w, "ada"), 3)
		names := make(map[string]int)
		for _, e := range events {
			names[e.Activity]++
		}
		want := map[string]int{"Start session": racers, "End session": racers, "Read sessions": racers}
		require.Equal(t, want, names, "each end has its record, and each look between")
	}
}

// tallest keeps the greatest number that was noted.
type tallest struct {
	mu   sync.Mutex
	most int
}

func (m *tallest) note(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.most = max(m.most, n)
}

// TestNothingRevivesWhatWasEndedMeanwhile lets one end sessions while the others begin, prove and use them.
func TestNothingRevivesWhatWasEndedMeanwhile(t *testing.T) {
	for name, ending := range map[string]struct {
		end   func(w *accounttest.World, present policy.Actor) (signins.Started, error)
		keeps bool // the present session, under the token that it has
	}{
		"sign out everywhere": {func(w *accounttest.World, a policy.Actor) (signins.Started, error) {
			return signOut(t, w.App.SignIns, a, false)
		}, false},
		"sign out everywhere but here": {func(w *accounttest.World, a policy.Actor) (signins.Started, error) {
			return signOut(t, w.App.SignIns, a, true)
		}, false},
		"end the others": {func(w *accounttest.World, a policy.Actor) (signins.Started, error) {
			return signins.Started{}, w.App.SignIns.EndOthers(t.Context(), a)
		}, true},
		"sign out by an administrator": {func(w *accounttest.World, a policy.Actor) (signins.Started, error) {
			return signins.Started{}, w.App.Admin.SignIns.SignOut(t.Context(), w.Host, a.Account)
		}, false},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			base := accounttest.New(t)
			ada := base.Person("ada", policy.Work)
			before := []signins.Started{base.Session(ada), base.Session(ada), base.Session(ada), base.Session(ada)}
			base.Clock.Advance(10 * time.Minute) // so that a touch is due
			for range rounds {
				w, y, _ := race(t, base, func(w *accounttest.World, i int) (signins.Started, error) {
					s := before[1+i%3]
					switch i % 4 {
					case 0:
						if i == racers/2 {
							return ending.end(w, before[0].Actor)
						}
						return w.App.Host.SignIns.Start(t.Context(), w.Host, signins.NewSession{Account: "ada", Proofs: ada.Proofs})
					case 1:
						return w.App.Host.SignIns.AddProof(t.Context(), w.Host, s.Token, otp(w))
					}
					return signins.Started{}, w.App.Host.SignIns.Touch(t.Context(), s.Actor)
				})
				require.Zero(t, y.codes[notARefusal])
				require.Equal(t, ending.keeps, works(t, w.App.Host.SignIns, before[0].Token))
				require.Empty(t, live(t, w, before[1:]))
				gone := make(map[policy.SessionID]bool)
				for _, s := range before[1:] {
					gone[s.Actor.Session] = true
				}
				for _, s := range live(t, w, y.won) {
					require.False(t, gone[s.Actor.Session], "a session from before lives under a token given meanwhile")
				}
				for _, id := range alive(t, w, "ada") {
					require.False(t, gone[id], "a session from before is listed")
				}
			}
		})
	}
}

func TestOfManyEndingsOneSucceeds(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	s, present := base.Session(ada), base.Session(ada)
	want := map[policy.Code]int{"": 1, signins.CodeSessionOver: racers - 1}
	for range rounds {
		for name, end := range map[string]func(w *accounttest.World) error{
			"by the owner": func(w *accounttest.World) error {
				return w.App.SignIns.End(t.Context(), present.Actor, s.Actor.Session)
			},
			"by an administrator": func(w *accounttest.World) error {
				return w.App.Admin.SignIns.End(t.Context(), w.Host, "ada", s.Actor.Session)
			},
		} {
			w, y, events := race(t, base, func(w *accounttest.World, _ int) (signins.Started, error) {
				return signins.Started{}, end(w)
			})
			require.Equal(t, want, y.codes, name)
			require.Equal(t, want, told(events), name)
			require.False(t, works(t, w.App.Host.SignIns, s.Token))
			require.True(t, works(t, w.App.Host.SignIns, present.Token))
		}
	}
}
