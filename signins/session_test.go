package signins_test

import (
	"context"
	"encoding/base64"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

var ctx = context.Background()

// refused checks that err is a refusal with a code.
func refused(t *testing.T, err error, code policy.Code, why ...any) {
	t.Helper()
	var d *policy.Denied
	require.ErrorAs(t, err, &d, why...)
	require.Equal(t, code, d.Reason().Code, why...)
}

func proven(at time.Time, factors ...policy.Factor) (all []policy.Proof) {
	for _, f := range factors {
		all = append(all, policy.Proof{Factor: f, At: at})
	}
	return all
}

// sessions lists the ids of somebody's sessions.
func sessions(t *testing.T, w *accounttest.World, a policy.Actor) (ids []policy.SessionID) {
	t.Helper()
	list, err := w.App.SignIns.Sessions(ctx, a, store.Page{})
	require.NoError(t, err)
	for _, s := range list.Items {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestATokenGivesTheActorWhoSignedIn(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	ada.Device = w.Device(ada, "laptop")
	s := w.Session(ada)
	got, err := w.App.Host.SignIns.Actor(ctx, s.Token)
	require.NoError(t, err)
	require.Equal(t, s.Actor, got)
	require.Equal(t, policy.Actor{Tenant: accounttest.Tenant, Account: "ada", Session: got.Session, SignedInAt: w.Clock.Now(), Device: "laptop", Proofs: ada.Proofs}, got)
	require.Equal(t, []policy.SessionID{got.Session}, sessions(t, w, got))
}

func TestWhatIsNotExactlyATokenIsNobody(t *testing.T) {
	w := accounttest.New(t)
	ada, bob := w.Person("ada", policy.Work), w.Person("bob", policy.Work)
	token := w.Session(ada).Token.Reveal()
	others := w.Session(bob).Token.Reveal()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "mast_"))
	require.NoError(t, err)
	rawOther, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(others, "mast_"))
	require.NoError(t, err)
	wrap := func(b []byte) string { return "mast_" + base64.RawURLEncoding.EncodeToString(b) }
	forged := map[string]string{
		"nothing": "", "another scheme": "Bearer " + token, "no prefix": token[5:], "too long": token + strings.Repeat("A", 2000),
		"bytes behind it": wrap(append(append([]byte{}, raw...), 0)), "padding": token + "=",
		"bob's secret for ada's session": wrap(append(append([]byte{}, raw[:len(raw)-20]...), rawOther[len(rawOther)-20:]...)),
	}
	for i := range raw {
		b := append([]byte{}, raw...)
		b[i] ^= 1
		forged["byte "+string(rune('0'+i%10))+wrap(b)] = wrap(b)
		forged["cut "+wrap(raw[:i])] = wrap(raw[:i])
	}
	for name, text := range forged {
		actor, err := w.App.Host.SignIns.Actor(ctx, secret.NewText(text))
		refused(t, err, policy.CodeSessionEnded, name)
		require.Zero(t, actor, name)
		require.NotContains(t, err.Error(), "ada", name)
	}
	_, err = w.App.Host.SignIns.Actor(ctx, secret.NewText(token))
	require.NoError(t, err)
}

func TestWhoHasNoSecretLearnsNothingAboutTheAccount(t *testing.T) {
	w := accounttest.New(t)
	s := w.Session(w.Person("ada", policy.Work))
	require.NoError(t, w.App.Host.Accounts.SetState(ctx, w.Host, "ada", policy.Disabled))
	_, err := w.App.Host.SignIns.Actor(ctx, s.Token)
	refused(t, err, policy.CodeAccountNotActive, "who has the secret is told")
	text := []byte(s.Token.Reveal())
	text[len(text)-3] ^= 1
	_, err = w.App.Host.SignIns.Actor(ctx, secret.NewText(string(text)))
	refused(t, err, policy.CodeSessionEnded)
}

func TestADisabledDeviceEndsItsSessionsAtOnce(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	there := ada
	there.Device = w.Device(ada, "laptop")
	on, elsewhere := w.Session(there), w.Session(ada)
	w.Disable(ada, "laptop")
	_, err := w.App.Host.SignIns.Actor(ctx, on.Token)
	refused(t, err, policy.CodeDeviceDisabled)
	_, err = w.App.Host.SignIns.Actor(ctx, elsewhere.Token)
	require.NoError(t, err)
	_, err = w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada", Device: "laptop", Proofs: ada.Proofs})
	refused(t, err, signins.CodeDeviceCannotSignIn)
}

func TestSigningOutEverywhereEndsWhateverWasThereBefore(t *testing.T) {
	w := accounttest.New(t)
	ada, bob := w.Person("ada", policy.Work), w.Person("bob", policy.Work)
	all := []signins.Started{w.Session(ada), w.Session(ada), w.Session(ada)}
	bobs := w.Session(bob)
	me := all[1].Actor
	foreign := ada // signed in by a token that the host keeps itself

	_, err := w.App.SignIns.SignOutEverywhere(ctx, me, "", false)
	refused(t, err, policy.CodeConfirmationMissing)
	preview, yes, err := w.App.SignIns.AskSignOutEverywhere(ctx, me)
	require.NoError(t, err)
	require.Contains(t, strings.Join(preview.Consequences, " "), "access token", "what it does not end is told")
	w.Clock.Advance(time.Second)
	_, err = w.App.SignIns.SignOutEverywhere(ctx, me, yes, false)
	require.NoError(t, err)

	for _, s := range all {
		_, err := w.App.Host.SignIns.Actor(ctx, s.Token)
		refused(t, err, policy.CodeSessionEnded)
	}
	_, err = w.App.SignIns.Sessions(ctx, foreign, store.Page{})
	refused(t, err, policy.CodeSessionEnded, "a token from before")
	since, err := w.App.Host.SignIns.ValidSince(ctx, w.Host, "ada")
	require.NoError(t, err)
	require.Equal(t, w.Clock.Now(), since)
	_, err = w.App.Host.SignIns.Actor(ctx, bobs.Token)
	require.NoError(t, err, "nobody else is signed out")

	events := w.Events(accounttest.Tenant)
	last := events[len(events)-1]
	require.Equal(t, "Update StsRefreshTokenValidFrom Timestamp", last.Activity)
	require.True(t, last.Notify)
}

func TestThePresentSessionSurvivesUnderANewTokenOnly(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Personal)
	s, other := w.Session(ada), w.Session(ada)
	w.Clock.Advance(time.Minute)
	_, yes, err := w.App.SignIns.AskSignOutEverywhere(ctx, s.Actor)
	require.NoError(t, err)
	kept, err := w.App.SignIns.SignOutEverywhere(ctx, s.Actor, yes, true)
	require.NoError(t, err)
	for name, old := range map[string]secret.Text{"its old token": s.Token, "another session": other.Token} {
		_, err := w.App.Host.SignIns.Actor(ctx, old)
		refused(t, err, policy.CodeSessionEnded, name)
	}
	_, err = w.App.SignIns.Sessions(ctx, other.Actor, store.Page{})
	refused(t, err, policy.CodeSessionEnded, "another session's actor")
	got, err := w.App.Host.SignIns.Actor(ctx, kept.Token)
	require.NoError(t, err)
	require.Equal(t, kept.Actor, got)
	require.Equal(t, s.Actor.Session, got.Session, "it is the same session: what is known of it is not shaken off")
	require.Equal(t, s.Actor.SignedInAt, got.SignedInAt, "it was not authenticated anew")
	require.Equal(t, []policy.SessionID{got.Session}, sessions(t, w, got))

	w.Clock.Advance(59*time.Minute + 30*time.Second)
	require.NoError(t, w.App.Host.SignIns.Touch(ctx, got), "and is idle since it was last used")
}

func TestASignInThatWasHalfDoneDoesNotSurviveSigningOutEverywhere(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	half := proven(w.Clock.Now(), policy.FactorPassword) // the second factor is still to come
	w.Clock.Advance(time.Minute)
	require.NoError(t, w.App.Admin.SignIns.SignOut(ctx, w.Admin("root", policy.UserAdministrator), "ada"))
	w.Clock.Advance(time.Minute)
	_, err := w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada", Proofs: append(half, proven(w.Clock.Now(), policy.FactorOTP)...)})
	refused(t, err, signins.CodeProvenBefore)
	w.Session(w.SignIn(ada))
}

func TestAGuestSignsOutAtHome(t *testing.T) {
	w := accounttest.New(t)
	eve := w.Session(w.Person("eve", policy.Guest))
	_, _, err := w.App.SignIns.AskSignOutEverywhere(ctx, eve.Actor)
	refused(t, err, signins.CodeGuestsSignInElsewhere)
	require.ErrorContains(t, err, "home organization")
	require.NoError(t, w.App.SignIns.End(ctx, eve.Actor, eve.Actor.Session), "but may end a session here")
}

func TestEndingTheOthersKeepsThisOne(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	s, other := w.Session(ada), w.Session(ada)
	require.NoError(t, w.App.SignIns.EndOthers(ctx, s.Actor))
	_, err := w.App.Host.SignIns.Actor(ctx, other.Token)
	refused(t, err, policy.CodeSessionEnded)
	_, err = w.App.Host.SignIns.Actor(ctx, s.Token)
	require.NoError(t, err)
	var invalid *policy.Invalid
	require.ErrorAs(t, w.App.SignIns.EndOthers(ctx, ada), &invalid)
	require.Equal(t, "actor.session", invalid.Field)
}

func TestOnlyOnesOwnSessionCanBeEnded(t *testing.T) {
	w := accounttest.New(t)
	ada, bob := w.Session(w.Person("ada", policy.Work)), w.Session(w.Person("bob", policy.Work))
	require.ErrorIs(t, w.App.SignIns.End(ctx, bob.Actor, ada.Actor.Session), store.ErrNotFound)
	require.NoError(t, w.App.SignIns.End(ctx, ada.Actor, ada.Actor.Session))
	_, err := w.App.Host.SignIns.Actor(ctx, ada.Token)
	refused(t, err, policy.CodeSessionEnded)

	admin := w.Admin("root", policy.HelpdeskAdministrator)
	refused(t, w.App.Admin.SignIns.End(ctx, admin, "ada", ada.Actor.Session), signins.CodeSessionOver)
	require.ErrorIs(t, w.App.Admin.SignIns.End(ctx, admin, "ada", bob.Actor.Session), store.ErrNotFound)
	require.NoError(t, w.App.Admin.SignIns.End(ctx, admin, "bob", bob.Actor.Session))
	_, err = w.App.Host.SignIns.Actor(ctx, bob.Token)
	refused(t, err, policy.CodeSessionEnded)
}

func TestStepUpReplacesTheToken(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	s := w.Session(ada, func(n *signins.NewSession) { n.Proofs = proven(w.Clock.Now(), policy.FactorPassword) })
	list, err := w.App.SignIns.Sessions(ctx, s.Actor, store.Page{})
	require.NoError(t, err)
	require.Equal(t, policy.AAL1, list.Items[0].Level)

	w.Clock.Advance(5 * 24 * time.Hour)
	up, err := w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, policy.Proof{Factor: policy.FactorOTP, At: w.Clock.Now()})
	require.NoError(t, err)
	_, err = w.App.Host.SignIns.Actor(ctx, s.Token)
	refused(t, err, policy.CodeSessionEnded, "the old token")
	got, err := w.App.Host.SignIns.Actor(ctx, up.Token)
	require.NoError(t, err)
	require.Equal(t, s.Actor.Session, got.Session, "it is the same session")
	require.Equal(t, policy.AAL2, policy.Assurance(got.Proofs, w.Clock.Now(), 0))
	require.Equal(t, w.Clock.Now().Add(time.Hour), up.ExpiresAt, "the limits of its new level bind it from now on")
	_, err = w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, policy.Proof{Factor: policy.FactorOTP, At: w.Clock.Now()})
	refused(t, err, policy.CodeSessionEnded)
	_, err = w.App.Host.SignIns.AddProof(ctx, policy.Host("idp", "fabrikam"), up.Token, policy.Proof{Factor: policy.FactorOTP, At: w.Clock.Now()})
	refused(t, err, policy.CodeUnknownTenant)
}

func TestOneFactorAloneDoesNotProlongASessionOfTwo(t *testing.T) {
	w := accounttest.New(t)
	s := w.Session(w.Person("ada", policy.Work))
	prove := func(f policy.Factor) {
		t.Helper()
		next, err := w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, policy.Proof{Factor: f, At: w.Clock.Now()})
		require.NoError(t, err)
		s = next
	}
	start := w.Clock.Now()
	for w.Clock.Now().Before(start.Add(23*time.Hour + 30*time.Minute)) {
		w.Clock.Advance(30 * time.Minute)
		prove(policy.FactorOTP)
	}
	require.Equal(t, start.Add(24*time.Hour), s.ExpiresAt)
	prove(policy.FactorPassword)
	require.Equal(t, w.Clock.Now().Add(time.Hour), s.ExpiresAt, "both factors were proven again")
}

func TestTouchingWritesAtMostOnceInATenthOfTheIdleLimit(t *testing.T) {
	w := accounttest.New(t)
	s := w.Session(w.Person("ada", policy.Work))
	row := func() policy.Session {
		t.Helper()
		var got policy.Session
		require.NoError(t, w.DB.SignIns().View(ctx, func(tx signins.Tx) (err error) {
			got, err = tx.Session(accounttest.Tenant, "ada", s.Actor.Session)
			return err
		}))
		return got
	}
	writes := 0
	for last := row(); w.Clock.Now().Before(s.Actor.SignedInAt.Add(3 * time.Hour)); w.Clock.Advance(time.Minute) {
		require.NoError(t, w.App.Host.SignIns.Touch(ctx, s.Actor))
		if now := row(); now.Revision != last.Revision {
			require.GreaterOrEqual(t, now.SeenAt.Sub(last.SeenAt), 6*time.Minute)
			last = now
			writes++
		}
	}
	require.Equal(t, 29, writes, "in three hours by the minute, at an idle limit of one")
	w.Clock.Advance(time.Hour)
	refused(t, w.App.Host.SignIns.Touch(ctx, s.Actor), policy.CodeSessionEnded, "what has ended is not revived")
}

func TestOneSessionTooManyEndsTheOneUnseenForTheLongest(t *testing.T) {
	w := accounttest.New(t)
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.MaxSessions, 3))
	ada := w.Person("ada", policy.Work)
	var all []signins.Started
	for range 3 {
		all = append(all, w.Session(ada))
		w.Clock.Advance(10 * time.Minute)
	}
	require.NoError(t, w.App.Host.SignIns.Touch(ctx, all[0].Actor))
	all = append(all, w.Session(ada))
	for i, s := range all {
		_, err := w.App.Host.SignIns.Actor(ctx, s.Token)
		if i == 1 {
			refused(t, err, policy.CodeSessionEnded)
		} else {
			require.NoError(t, err, i)
		}
	}
	require.Len(t, sessions(t, w, all[3].Actor), 3)
	events := w.Events(accounttest.Tenant)
	require.Equal(t, []string{"Start session", "End session"}, []string{events[len(events)-2].Activity, events[len(events)-1].Activity})
}

func TestPurgingRemovesOnlyWhatNoLimitLetsLive(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	one := func() signins.Started {
		return w.Session(ada, func(n *signins.NewSession) { n.Proofs = proven(w.Clock.Now(), policy.FactorPassword) })
	}
	old := one()
	w.Clock.Advance(time.Hour)
	young := one()
	w.Clock.Advance(30*24*time.Hour - time.Hour)
	n, err := w.App.Host.SignIns.PurgeSessions(ctx, w.Host)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = w.App.Host.SignIns.Actor(ctx, old.Token)
	refused(t, err, policy.CodeSessionEnded)
	_, err = w.App.Host.SignIns.Actor(ctx, young.Token)
	require.NoError(t, err)
	n, err = w.App.Host.SignIns.PurgeSessions(ctx, w.Host)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestASessionKeepsInWordsThePlaceThatAnAttemptKeepsWhole(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	for _, c := range []struct {
		place signins.Place
		words string
	}{{accounttest.Berlin, "Berlin, DE"}, {signins.Place{Region: "Ohio", Country: "US"}, "Ohio, US"}, {signins.Place{}, ""}} {
		s := w.Session(ada, func(n *signins.NewSession) { n.Place = c.place })
		id := w.SignedIn(s.Actor, func(r *signins.Record) { r.Place = c.place })
		require.Equal(t, c.words, stored(t, w.DB, "ada", s.Actor.Session).Place)
		item, err := w.App.SignIns.Attempt(ctx, ada, id)
		require.NoError(t, err)
		require.Equal(t, c.place, item.Place)
	}
	for _, p := range []signins.Place{{Latitude: 90.1}, {Longitude: math.NaN()}, {City: strings.Repeat("x", signins.MaxText), Country: "DE"}} {
		_, err := w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada", Proofs: ada.Proofs, Place: p})
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "place", invalid.Field)
	}
}

func TestBadInputIsNamed(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	good := signins.NewSession{Account: "ada", Proofs: proven(w.Clock.Now(), policy.FactorPassword)}
	for field, change := range map[string]func(*signins.NewSession){
		"account":            func(n *signins.NewSession) { n.Account = "" },
		"device":             func(n *signins.NewSession) { n.Device = "a\x00b" },
		"proofs":             func(n *signins.NewSession) { n.Proofs = nil },
		"client.application": func(n *signins.NewSession) { n.Client.Application = "\u202e" },
		"client.browser":     func(n *signins.NewSession) { n.Client.Browser = strings.Repeat("x", signins.MaxText+1) },
		"client.system":      func(n *signins.NewSession) { n.Client.System = "a\nb" },
		"place":              func(n *signins.NewSession) { n.Place.City = "\xff" },
	} {
		n := good
		change(&n)
		_, err := w.App.Host.SignIns.Start(ctx, w.Host, n)
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid, field)
		require.Equal(t, field, invalid.Field)
	}
	for _, p := range [][]policy.Proof{make([]policy.Proof, 17), {{}}, {{Factor: policy.FactorOTP}}, {{At: w.Clock.Now()}}, {{Factor: 200, At: w.Clock.Now()}}} {
		n := good
		n.Proofs = p
		_, err := w.App.Host.SignIns.Start(ctx, w.Host, n)
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "proofs", invalid.Field)
	}
	_, err := w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "nobody", Proofs: good.Proofs})
	refused(t, err, signins.CodeCannotSignIn)
	require.False(t, errors.Is(err, store.ErrNotFound))
}

func TestAProofOfTheFutureBindsTheSessionFromNowOn(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	later := policy.Proof{Factor: policy.FactorOTP, At: w.Clock.Now().Add(time.Hour)}
	password := proven(w.Clock.Now(), policy.FactorPassword)
	started := w.Session(ada, func(n *signins.NewSession) { n.Proofs = append(password, later) })
	raised, err := w.App.Host.SignIns.AddProof(ctx, w.Host, w.Session(ada, func(n *signins.NewSession) { n.Proofs = password }).Token, later)
	require.NoError(t, err)
	for _, s := range []signins.Started{started, raised} {
		require.Equal(t, policy.AAL1, policy.Assurance(s.Actor.Proofs, w.Clock.Now(), 0))
		require.Equal(t, w.Clock.Now().Add(time.Hour), s.ExpiresAt, "it will be a session of two factors")
	}
}

func TestAnOldProofOfRecoveryDoesNotProlongASession(t *testing.T) {
	w := accounttest.New(t)
	recovery := proven(w.Clock.Now(), policy.FactorRecovery)
	ada := w.Person("ada", policy.Work)
	_, err := w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada", Proofs: recovery})
	require.Equal(t, signins.CodeProvesNothing, codeOf(err), "it starts none either")
	s := w.Session(ada, func(n *signins.NewSession) { n.Proofs = proven(w.Clock.Now(), policy.FactorPassword) })
	w.Clock.Advance(10 * time.Minute)
	next, err := w.App.Host.SignIns.AddProof(ctx, w.Host, s.Token, recovery[0])
	require.NoError(t, err)
	require.Equal(t, s.Actor.SignedInAt, next.Actor.SignedInAt)
}

func TestASessionThatMovedHasNoPlaceUntilSomebodySaysWhereItIs(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	s := w.Session(ada, func(n *signins.NewSession) {
		n.Place, n.Address = accounttest.Berlin, netip.MustParseAddr("192.0.2.1")
	})
	for _, c := range []struct{ from, address, place string }{
		{"192.0.2.1", "192.0.2.1", "Berlin, DE"},
		{"", "192.0.2.1", "Berlin, DE"},
		{"198.51.100.9", "198.51.100.9", ""},
	} {
		w.Clock.Advance(20 * time.Minute)
		a := s.Actor
		a.Address = netip.Addr{}
		if c.from != "" {
			a.Address = netip.MustParseAddr(c.from)
		}
		require.NoError(t, w.App.Host.SignIns.Touch(ctx, a))
		row := stored(t, w.DB, "ada", s.Actor.Session)
		require.Equal(t, w.Clock.Now(), row.SeenAt)
		require.Equal(t, []string{c.address, c.place}, []string{row.Address.String(), row.Place})
	}
}
