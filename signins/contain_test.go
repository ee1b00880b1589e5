package signins_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// saying is one of the two answers, asked about, confirmed and given.
type saying struct {
	action policy.Action
	ask    func(*signins.Service, policy.Actor, signins.ID) (policy.Preview, policy.Confirmation, error)
	say    func(*signins.Service, policy.Actor, signins.ID, policy.Confirmation) error
	may    func(signins.Item) policy.Decision
}

var sayings = []saying{
	{signins.SayThisWasMe,
		func(s *signins.Service, a policy.Actor, id signins.ID) (policy.Preview, policy.Confirmation, error) {
			return s.AskThisWasMe(ctx, a, id)
		},
		func(s *signins.Service, a policy.Actor, id signins.ID, yes policy.Confirmation) error {
			return s.ThisWasMe(ctx, a, id, yes)
		},
		func(i signins.Item) policy.Decision { return i.ThisWasMe }},
	{signins.SayThisWasNotMe,
		func(s *signins.Service, a policy.Actor, id signins.ID) (policy.Preview, policy.Confirmation, error) {
			return s.AskThisWasNotMe(ctx, a, id)
		},
		func(s *signins.Service, a policy.Actor, id signins.ID, yes policy.Confirmation) error {
			_, err := s.ThisWasNotMe(ctx, a, id, yes)
			return err
		},
		func(i signins.Item) policy.Decision { return i.ThisWasNotMe }},
}

// answerScene draws a state of the tenant, of the account and of the attempt that is asked about, and who asks.
func answerScene(rt *rapid.T, t testing.TB, base *theatre) (*accounttest.World, policy.Actor, signins.ID) {
	w := base.Fork(t)
	pick := func(name string, of int) int { return rapid.IntRange(0, of).Draw(rt, name) }
	a := rapid.SampledFrom(base.actors).Draw(rt, "actor").actor
	if pick("usually an owner", 2) > 0 {
		a = rapid.SampledFrom([]policy.Actor{base.named("the owner"), base.named("a personal account"), base.named("a guest"),
			base.named("the owner with stale proofs"), base.named("the owner without proofs")}).Draw(rt, "owner")
	}
	id := rapid.SampledFrom([]signins.ID{odd, odd, odd, present, usual, "no such attempt"}).Draw(rt, "attempt")
	settings := w.App.Admin.Policy
	if pick("locks", 4) == 0 {
		area := rapid.SampledFrom(signins.Areas()[:2]).Draw(rt, "area")
		require.NoError(rt, settings.SetAccess(ctx, w.Host, area, rapid.SampledFrom([]policy.Access{policy.Off, policy.ReadOnly, policy.Edit}).Draw(rt, "access")))
	}
	if pick("demands", 4) == 0 {
		require.NoError(rt, settings.Require(ctx, w.Host, rapid.SampledFrom(signins.Areas()).Draw(rt, "licensed"), "P1"))
	}
	for _, s := range []policy.Setting{signins.ContainThatSession, signins.ContainSessions, signins.ContainDevice, signins.ContainPassword} {
		require.NoError(rt, settings.Set(ctx, w.Host, s, pick(s.Name, s.Max)))
	}
	if pick("turns off", 9) == 0 {
		require.NoError(rt, settings.TurnOn(ctx, w.Host, false))
	}
	for _, owner := range owners {
		for _, about := range []signins.ID{odd, present} {
			editAttempt(t, w, owner, about, func(s *signins.SignIn) {
				s.Answer = rapid.SampledFrom([]signins.Answer{0, 0, 0, 0, signins.ThisWasMe, signins.ThisWasNotMe}).Draw(rt, "answer")
				s.Anonymized = pick("anonymized", 3) == 0
				s.Outcome = rapid.SampledFrom([]signins.Outcome{signins.Success, signins.Success, signins.LaterStepFailed, signins.FirstFactorFailed, signins.Interrupted}).Draw(rt, "outcome")
			})
		}
	}
	w.Clock.Advance(rapid.SampledFrom([]time.Duration{0, 0, 0, 16 * time.Minute, 2 * time.Hour, 8 * day, 31 * day}).Draw(rt, "later"))
	if pick("signs in again", 1) == 0 {
		a = w.SignIn(a)
		a.Session = ""
	}
	return w, a, id
}

// named is the actor of the cast with a name.
func (th *theatre) named(name string) policy.Actor {
	for _, a := range th.actors {
		if a.name == name {
			return a.actor
		}
	}
	panic("nobody of the cast is " + name)
}

func TestWhatCanBeSaidIsWhatIsAskedAboutShownAndDone(t *testing.T) {
	base := newTheatre(t)
	came := make(map[policy.Code]int)
	rapid.Check(t, func(rt *rapid.T) {
		w, a, id := answerScene(rt, t, base)
		before := saved(t, w.DB)
		for _, saying := range sayings {
			in := w.Fork(t)
			service := in.App.SignIns
			can, err := service.Can(ctx, a, saying.action, string(id))
			require.NoError(rt, err)
			_, refusal := judged(can, nil)
			want := codeOf(refusal)
			_, yes, err := saying.ask(service, a, id)
			require.Equal(rt, want, codeOf(err), "%s: asked", saying.action)
			require.Equal(rt, want != "", yes == "")
			if item, err := service.Attempt(ctx, a, id); err == nil {
				require.Equal(rt, can, saying.may(item), "%s: shown", saying.action)
			}
			require.True(rt, before == saved(t, in.DB), "asking changes nothing")
			err = saying.say(service, a, id, yes)
			require.Equal(rt, want, codeOf(err), "%s: done: %v", saying.action, err)
			came[want]++
			if want == "" {
				item, err := w.App.SignIns.Attempt(ctx, a, id) // in the world where nothing was said
				require.NoError(rt, err)
				require.NotEqual(rt, signins.ThisWasNotMe, item.Answer)
				require.Equal(rt, item.Answer == signins.Unanswered, len(item.Unusual) > 0)
				require.True(rt, item.Answer == signins.Unanswered || saying.action == signins.SayThisWasNotMe)
			}
		}
	})
	require.Greater(t, len(came), 5, "%v", came)
	require.Positive(t, came[""])
}

func TestOfManyAnswersOneCountsWhoeverGivesIt(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	base.SignedIn(ada)
	base.Clock.Advance(day)
	thief := base.Session(base.SignIn(ada))
	ada = base.SignIn(ada)
	id := base.SignedIn(thief.Actor, func(r *signins.Record) { r.Place, r.Device = accounttest.NewYork, base.Device(ada, "stolen") })
	var yes [2]policy.Confirmation
	for i, s := range sayings {
		var err error
		_, yes[i], err = s.ask(base.App.SignIns, ada, id)
		require.NoError(t, err)
	}
	for name, which := range map[string]func(i int) int{"it was me": func(int) int { return 0 }, "it was not me": func(int) int { return 1 }, "both": func(i int) int { return i % 2 }} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			for range rounds / 2 {
				w := base.Fork(t)
				var mu sync.Mutex
				codes, won := make(map[policy.Code]int), -1
				events := during(w, func() {
					together(racers, func(i int) {
						err := sayings[which(i)].say(w.App.SignIns, ada, id, yes[which(i)])
						mu.Lock()
						defer mu.Unlock()
						codes[codeOf(err)]++
						if err == nil {
							won = which(i)
						}
					})
				})
				late := []policy.Code{signins.CodeAnswered, policy.CodeConfirmationStale} // the other answer's preview shows no flags any more
				require.Equal(t, 1, codes[""])
				require.Equal(t, racers-1, codes[late[0]]+codes[late[1]])
				require.Equal(t, racers-1, told(events)[late[0]]+told(events)[late[1]])
				requireOneAnswer(t, w, events, id, won == 1)
				require.Equal(t, won == 0, works(t, w.App.Host.SignIns, thief.Token))
			}
		})
	}
}

// requireOneAnswer wants one answer and what it does, once.
func requireOneAnswer(t *testing.T, w *accounttest.World, events []policy.Event, id signins.ID, contained bool) {
	t.Helper()
	var names []string
	operations := make(map[string]bool)
	for _, e := range events {
		if e.Outcome == policy.Succeeded {
			names, operations[e.Operation] = append(names, e.Activity), true
		}
	}
	st, err := w.App.Host.Accounts.Account(ctx, w.Host, "ada")
	require.NoError(t, err)
	list, err := w.App.Admin.SignIns.Activity(ctx, w.Host, "ada", signins.Query{Search: string(id)})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	require.Len(t, operations, 1)
	if !contained {
		require.Equal(t, []string{"ConfirmSafe"}, names)
		require.Equal(t, []any{signins.ThisWasMe, false, policy.NoRisk}, []any{list.Items[0].Answer, st.MustChangePassword, st.Risk})
		require.Zero(t, st.Epoch)
		return
	}
	require.Equal(t, []string{"Suspicious activity reported", "End session", "Update device", "Update user", "Update StsRefreshTokenValidFrom Timestamp"}, names)
	require.Equal(t, []any{signins.ThisWasNotMe, true, policy.HighRisk}, []any{list.Items[0].Answer, st.MustChangePassword, st.Risk})
	require.EqualValues(t, 1, st.Epoch)
}

func TestTheOrganizationSaysWhichMeasuresAreTaken(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	base.SignedIn(ada)
	base.Clock.Advance(day)
	thief := base.Session(base.SignIn(ada))
	ada = base.SignIn(ada)
	id := base.SignedIn(thief.Actor, func(r *signins.Record) { r.Place, r.Device = accounttest.NewYork, base.Device(ada, "stolen") })
	switches := []policy.Setting{signins.ContainThatSession, signins.ContainSessions, signins.ContainDevice, signins.ContainPassword}
	measures := []signins.Measure{signins.EndThatSession, signins.EndAllSessions, signins.UntrustDevice, signins.RequirePasswordChange}
	for only := range len(switches) + 1 { // the last is none of them
		w := base.Fork(t)
		var want []signins.ContainmentStep
		for i, s := range switches {
			on := 0
			if i == only {
				on, want = 1, []signins.ContainmentStep{{Measure: measures[i], Done: true}}
			}
			require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, s, on))
		}
		preview, yes, err := w.App.SignIns.AskThisWasNotMe(ctx, ada, id)
		require.NoError(t, err)
		require.Len(t, preview.Consequences, 1+len(want)+1, "the risk, the measure, the notice")
		var done signins.Containment
		events := during(w, func() { done, err = w.App.SignIns.ThisWasNotMe(ctx, ada, id, yes) })
		require.NoError(t, err)
		require.Equal(t, append(want, signins.ContainmentStep{Measure: signins.NotifyPerson, Done: true}), done.Steps)
		require.Equal(t, only > 1, works(t, w.App.Host.SignIns, thief.Token))
		for _, e := range events {
			require.True(t, e.Notify || e.Activity != "Suspicious activity reported" && e.Activity != "Update user", "the person is told: %+v", e)
		}
	}
}

func TestAnAnswerThatTeachesNothingWritesNoHabits(t *testing.T) {
	for i, saying := range sayings {
		w := accounttest.New(t)
		ada := w.Person("ada", policy.Work)
		guess := w.SignedIn(ada, func(r *signins.Record) { r.Code, r.Anonymized, r.Place = 50126, true, accounttest.NewYork })
		ada = w.SignIn(ada)
		w.Clock.Advance(time.Second)
		say(t, w, w.SignIn(ada), guess, saying)
		require.ErrorIs(t, w.DB.SignIns().View(ctx, func(tx signins.Tx) error {
			_, err := tx.Habits(accounttest.Tenant, "ada")
			return err
		}), store.ErrNotFound, "a guess that failed teaches nothing, whoever says what of it: %d", i)
	}
}
