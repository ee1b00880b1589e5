package signins_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// byPassword starts a session of one factor and records the attempt that it came of.
func byPassword(t *testing.T, w *accounttest.World, change ...func(*signins.Record)) (signins.Started, signins.ID) {
	t.Helper()
	s, err := w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada",
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: w.Clock.Now()}}})
	require.NoError(t, err)
	id := w.SignedIn(s.Actor, append(change, func(r *signins.Record) { r.Session = s.Actor.Session })...)
	return s, id
}

func fromNewYork(r *signins.Record) { r.Place = accounttest.NewYork }

// sayItWasMe asks and says, and gives the refusal of either.
func sayItWasMe(w *accounttest.World, a policy.Actor, id signins.ID) error {
	_, yes, err := w.App.SignIns.AskThisWasMe(ctx, a, id)
	if err != nil {
		return err
	}
	return w.App.SignIns.ThisWasMe(ctx, a, id, yes)
}

func TestAThiefDoesNotVouchForOneUnusualSignInFromAnother(t *testing.T) {
	for name, trick := range map[string]func(*testing.T, *accounttest.World){
		"after failures": func(_ *testing.T, w *accounttest.World) {
			for range 5 {
				w.SignedIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"}, fromNewYork, func(r *signins.Record) { r.Code = 50126 })
			}
		},
		"through a network that hides": func(*testing.T, *accounttest.World) {},
	} {
		t.Run(name, func(t *testing.T) {
			w := accounttest.New(t)
			ada := w.Person("ada", policy.Work)
			w.SignedIn(ada)
			w.Clock.Advance(2 * day)
			thief, first := byPassword(t, w, fromNewYork)
			require.Equal(t, signins.CodeThatSession, codeOf(sayItWasMe(w, thief.Actor, first)))
			w.Clock.Advance(5 * time.Minute)
			trick(t, w)
			_, second := byPassword(t, w, fromNewYork, func(r *signins.Record) { r.Anonymized = true })
			require.Equal(t, signins.CodeThatSession, codeOf(sayItWasMe(w, thief.Actor, second)), "its own sign-in is as strange")
			quiet, _ := byPassword(t, w, fromNewYork) // nothing new by now
			w.Clock.Advance(time.Minute)
			_, third := byPassword(t, w, fromNewYork, func(r *signins.Record) { r.Anonymized = true })
			require.Equal(t, signins.CodeThatSession, codeOf(sayItWasMe(w, quiet.Actor, third)), "it began after New York did")
			item, err := w.App.SignIns.Attempt(ctx, w.SignIn(ada), first)
			require.NoError(t, err)
			require.NotEmpty(t, item.Unusual)
			require.True(t, item.ThisWasNotMe.Allowed)
		})
	}
}

func TestSoManyAttemptsThatASessionsOwnIsNotFoundAreNoAlibi(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(2 * day)
	thief, _ := byPassword(t, w, fromNewYork)
	for range 200 {
		w.SignedIn(ada, func(r *signins.Record) { r.Code = 50126 })
	}
	w.Clock.Advance(10 * time.Minute)
	_, later := byPassword(t, w, func(r *signins.Record) { r.Place = accounttest.Berlin; r.Anonymized = true })
	require.Equal(t, signins.CodeThatSession, codeOf(sayItWasMe(w, thief.Actor, later)))
}

func TestWhoHasOnlyAPasswordConfirmsFromWhereTheyWereSignedIn(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	home, _ := byPassword(t, w)
	w.Clock.Advance(3 * time.Hour)
	_, odd := byPassword(t, w, fromNewYork)
	w.Clock.Advance(time.Hour)
	require.Equal(t, policy.CodeFresherProof, codeOf(sayItWasMe(w, home.Actor, odd)))
	proven, err := w.App.Host.SignIns.AddProof(ctx, w.Host, home.Token, policy.Proof{Factor: policy.FactorPassword, At: w.Clock.Now()})
	require.NoError(t, err)
	require.NoError(t, sayItWasMe(w, proven.Actor, odd), "proving again makes it no younger")
}

func TestASessionThatIsKeptIsTheSameWitness(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	home, _ := byPassword(t, w)
	began := w.Clock.Now()
	w.Clock.Advance(3 * time.Hour)
	_, odd := byPassword(t, w, fromNewYork)
	w.Clock.Advance(time.Hour)
	proven, err := w.App.Host.SignIns.AddProof(ctx, w.Host, home.Token, policy.Proof{Factor: policy.FactorPassword, At: w.Clock.Now()})
	require.NoError(t, err)
	kept, err := signOut(t, w.App.SignIns, proven.Actor, true)
	require.NoError(t, err)
	require.NoError(t, sayItWasMe(w, kept.Actor, odd))
	list, err := w.App.SignIns.Sessions(ctx, kept.Actor, store.Page{})
	require.NoError(t, err)
	require.Equal(t, began, list.Items[0].StartedAt, "it is the one that began at home")
}

func TestWhatIsContainedNeverComesBack(t *testing.T) {
	for name, c := range map[string]struct {
		before, after func(*testing.T, *accounttest.World)
	}{
		"started while the clock was ahead": {
			before: func(_ *testing.T, w *accounttest.World) { w.Clock.Advance(2 * time.Hour) },
			after:  func(_ *testing.T, w *accounttest.World) { w.Clock.Advance(-2 * time.Hour) },
		},
		"run out under a limit that was lengthened": {
			before: func(t *testing.T, w *accounttest.World) {
				require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, policy.AAL1IdleMinutes, 10))
			},
			after: func(t *testing.T, w *accounttest.World) {
				w.Clock.Advance(time.Hour)
				require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, policy.AAL1IdleMinutes, 43200))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := accounttest.New(t)
			ada := w.Person("ada", policy.Work)
			w.SignedIn(ada)
			w.Clock.Advance(day)
			require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.ContainSessions, 0))
			c.before(t, w)
			thief, id := byPassword(t, w, fromNewYork)
			c.after(t, w)
			require.False(t, works(t, w.App.Host.SignIns, thief.Token))
			ada = w.SignIn(ada)
			_, yes, err := w.App.SignIns.AskThisWasNotMe(ctx, ada, id)
			require.NoError(t, err)
			done, err := w.App.SignIns.ThisWasNotMe(ctx, ada, id, yes)
			require.NoError(t, err)
			require.Equal(t, signins.EndThatSession, done.Steps[0].Measure)
			require.True(t, done.Steps[0].Done)
			w.Clock.Advance(3 * time.Hour)
			require.False(t, works(t, w.App.Host.SignIns, thief.Token))
		})
	}
}

func TestASessionThatRanOutStaysSoWhenTheLimitIsLengthened(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, policy.AAL1SessionHours, 1))
	s, _ := byPassword(t, w)
	w.Clock.Advance(2 * time.Hour)
	require.False(t, works(t, w.App.Host.SignIns, s.Token))
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, policy.AAL1SessionHours, 720))
	require.False(t, works(t, w.App.Host.SignIns, s.Token))
}

func TestALimitThatIsLengthenedHoldsForWhatIsInUse(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, policy.AAL1SessionHours, 1))
	s, _ := byPassword(t, w)
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, policy.AAL1SessionHours, 720))
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, policy.AAL1IdleMinutes, 100))
	w.Clock.Advance(30 * time.Minute)
	require.NoError(t, w.App.Host.SignIns.Touch(ctx, s.Actor))
	w.Clock.Advance(90 * time.Minute)
	require.True(t, works(t, w.App.Host.SignIns, s.Token))
}

func TestASignInThatWasHalfDoneDoesNotSurviveByADifferenceOfClocks(t *testing.T) {
	for _, behind := range []time.Duration{0, time.Microsecond, 59 * time.Second} {
		w := accounttest.New(t)
		ada := w.Person("ada", policy.Work)
		half := w.Clock.Now()
		w.Clock.Advance(5 * time.Minute)
		_, err := signOut(t, w.App.SignIns, w.SignIn(ada), false)
		require.NoError(t, err)
		w.Clock.Advance(-behind)
		_, err = w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada", Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: half}}})
		require.Equal(t, signins.CodeProvenBefore, codeOf(err), "%s behind", behind)
	}
}

func TestEndingTheOthersEndsSignInsThatAreHalfDone(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	s := w.Session(ada)
	half := policy.Proof{Factor: policy.FactorPassword, At: w.Clock.Now()}
	w.Clock.Advance(time.Minute)
	require.NoError(t, w.App.SignIns.EndOthers(ctx, s.Actor))
	_, err := w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada", Proofs: []policy.Proof{half}})
	require.Equal(t, signins.CodeProvenBefore, codeOf(err))
	require.True(t, works(t, w.App.Host.SignIns, s.Token))
}

func TestAnOlderOrAbsurdProofTakesThePlaceOfNone(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	s, _ := byPassword(t, w)
	good := w.Clock.Now()
	for _, at := range []time.Time{good.Add(-20 * time.Hour), good.AddDate(100, 0, 0)} {
		next, err := w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, policy.Proof{Factor: policy.FactorPassword, At: at})
		require.NoError(t, err)
		s = next
		require.Equal(t, []policy.Proof{{Factor: policy.FactorPassword, At: good}}, s.Actor.Proofs)
	}
}

func TestAfterALongTimeWithoutAPlaceEverythingIsStrange(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	nowhere := func(r *signins.Record) { r.Place = signins.Place{} }
	w.SignedIn(ada)
	for range 182 {
		w.Clock.Advance(day)
		w.SignedIn(ada, nowhere)
	}
	_, err := w.App.Host.SignIns.PurgeActivity(ctx, w.Host)
	require.NoError(t, err)
	ada = w.SignIn(ada)
	id := w.SignedIn(ada, fromNewYork)
	item, err := w.App.SignIns.Attempt(ctx, ada, id)
	require.NoError(t, err)
	require.NotEmpty(t, item.Unusual)
}

func TestALaterRecordOfAStrangeSessionIsNoAlibi(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(2 * day)
	thief, _ := byPassword(t, w, fromNewYork)
	w.Clock.Advance(time.Minute)
	w.SignedIn(thief.Actor, fromNewYork, func(r *signins.Record) { r.Session = thief.Actor.Session }) // nothing new any more
	w.Clock.Advance(time.Minute)
	_, second := byPassword(t, w, func(r *signins.Record) { r.Place = signins.Place{City: "Moscow", Country: "RU"} })
	require.Equal(t, signins.CodeThatSession, codeOf(sayItWasMe(w, thief.Actor, second)))
}

func TestWhoseOwnSignInIsKeptNoLongerIsNoWitness(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(2 * day)
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.RetentionDays, 1))
	thief, _ := byPassword(t, w, fromNewYork)
	w.Clock.Advance(25 * time.Hour)
	_, second := byPassword(t, w, func(r *signins.Record) { r.Place = signins.Place{City: "Moscow", Country: "RU"} })
	proven, err := w.App.Host.SignIns.AddProof(ctx, w.Host, thief.Token, policy.Proof{Factor: policy.FactorPassword, At: w.Clock.Now()})
	require.NoError(t, err)
	require.Equal(t, signins.CodeThatSession, codeOf(sayItWasMe(w, proven.Actor, second)))
}

func TestASessionThatTheHostKeepsIsJudgedAsOurs(t *testing.T) {
	w := accounttest.New(t, myaccount.WithPolicy(policy.Vouch(policy.Work)))
	at := func(id policy.SessionID) policy.Actor {
		now := w.Clock.Now()
		return policy.Actor{Tenant: accounttest.Tenant, Account: "vera", Session: id, SignedInAt: now, Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: now}}}
	}
	in := func(id policy.SessionID) func(*signins.Record) { return func(r *signins.Record) { r.Session = id } }
	w.SignedIn(at("s0"), in("s0"))
	w.Clock.Advance(2 * day)
	thief := at("s1")
	w.SignedIn(thief, fromNewYork, in("s1"))
	w.Clock.Advance(time.Minute)
	second := w.SignedIn(at("s2"), in("s2"), func(r *signins.Record) { r.Place = signins.Place{City: "Moscow", Country: "RU"} })
	require.Equal(t, signins.CodeThatSession, codeOf(sayItWasMe(w, thief, second)))
	nowhere := at("")
	require.Equal(t, signins.CodeThatSession, codeOf(sayItWasMe(w, nowhere, second)), "of no session nothing is known")
}

func TestConfirmingWhatIsUsualLeavesSinceWhenItIs(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada)
	w.Clock.Advance(20 * day)
	hidden := func(r *signins.Record) { r.Anonymized = true }
	first := w.SignedIn(ada, hidden)
	before := habits(t, w, "ada").Places[0].First
	ada = w.SignIn(ada)
	require.NoError(t, sayItWasMe(w, ada, first))
	require.Equal(t, before, habits(t, w, "ada").Places[0].First)
	w.Clock.Advance(day)
	second := w.SignedIn(ada, hidden)
	say(t, w, w.SignIn(ada), second, sayings[1])
	w.Clock.Advance(day)
	plain := w.SignedIn(w.SignIn(ada))
	item, err := w.App.SignIns.Attempt(ctx, w.SignIn(ada), plain)
	require.NoError(t, err)
	require.Empty(t, item.Unusual, "what was known before stays usual")
}

func TestAProofFromAheadKeepsNoRightOneOut(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	s, _ := byPassword(t, w)
	for _, at := range []time.Time{w.Clock.Now().Add(2 * time.Hour), w.Clock.Now()} {
		next, err := w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, policy.Proof{Factor: policy.FactorOTP, At: at})
		require.NoError(t, err)
		s = next
	}
	require.Equal(t, policy.AAL2, policy.Assurance(s.Actor.Proofs, w.Clock.Now(), 0))
}

func TestAStepUpThatWasHalfDoneDiesWithTheOthers(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	s, _ := byPassword(t, w)
	w.Clock.Advance(time.Minute)
	half := policy.Proof{Factor: policy.FactorOTP, At: w.Clock.Now()}
	w.Clock.Advance(time.Minute)
	require.NoError(t, w.App.Host.Accounts.PasswordChanged(ctx, w.Host, "ada", s.Actor.Session))
	_, err := w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, half)
	require.Equal(t, signins.CodeProvenBefore, codeOf(err))
}
