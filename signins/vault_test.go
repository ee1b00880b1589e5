package signins_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// vault is a digester in which something goes wrong.
type vault func(purpose string, t secret.Text) ([]secret.Digest, error)

func (v vault) Digests(purpose string, t secret.Text) ([]secret.Digest, error) { return v(purpose, t) }

// under is the world's room with another vault.
func under(t testing.TB, w *accounttest.World, v secret.Digester) signins.Room {
	t.Helper()
	room, err := signins.New(policy.NewGuard(policy.WithClock(w.Clock.Now)), w.DB.SignIns(), v, nil)
	require.NoError(t, err)
	return room
}

func TestAVaultThatFailsLetsNobodyInAndGivesNoToken(t *testing.T) {
	base := newStage(t)
	zero := vault(func(string, secret.Text) ([]secret.Digest, error) { return make([]secret.Digest, 1), nil })
	for name, v := range map[string]vault{
		"an error":   func(string, secret.Text) ([]secret.Digest, error) { return nil, errStruck },
		"no digests": func(string, secret.Text) ([]secret.Digest, error) { return nil, nil },
	} {
		s := base.enter(t, &faulty{})
		s.room = under(t, s.World, v)
		for _, d := range deeds {
			switch d.name {
			case "start", "prove", "sign out", "sign out but here", "resume":
				got, err := d.call(s)
				require.Error(t, err, "%s: %s", name, d.name)
				requireNothing(t, got, "%s: %s", name, d.name)
			}
		}
		requireSame(t, base.saved, saved(t, s.DB), name)
	}
	s := base.enter(t, &faulty{})
	room := under(t, s.World, zero)
	editSession(t, s.DB, "ada", s.here.Actor.Session, func(row *policy.Session) { row.Token = secret.Digest{} })
	_, err := room.Host.Actor(t.Context(), s.here.Token)
	refused(t, err, policy.CodeSessionEnded, "a digest that was never set is nobody's")
}

func TestATokenOutlivesTheRotationOfTheKeysUntilItIsReplaced(t *testing.T) {
	w := accounttest.New(t)
	old, current := secret.NewKey("old"), secret.NewKey("new")
	ring := func(k secret.Key, more ...secret.Key) *secret.KeyRing {
		r, err := secret.NewKeyRing(k, more...)
		require.NoError(t, err)
		return r
	}
	before, during, after := under(t, w, ring(old)), under(t, w, ring(current, old)), under(t, w, ring(current))
	ada := w.Person("ada", policy.Work)
	s, err := before.Host.Start(t.Context(), w.Host, signins.NewSession{Account: "ada", Proofs: ada.Proofs})
	require.NoError(t, err)
	require.True(t, works(t, during.Host, s.Token))
	require.False(t, works(t, after.Host, s.Token), "the key is gone")
	next, err := during.Host.AddProof(t.Context(), w.Host, s.Token, otp(w))
	require.NoError(t, err)
	require.True(t, works(t, after.Host, next.Token), "it is kept under the current key")
	require.False(t, works(t, before.Host, next.Token))
}

func TestARoomWithoutItsPartsIsNotMade(t *testing.T) {
	w := accounttest.New(t)
	g := policy.NewGuard()
	for _, make := range []func() (signins.Room, error){
		func() (signins.Room, error) { return signins.New(nil, w.DB.SignIns(), w.Ring, nil) },
		func() (signins.Room, error) { return signins.New(g, nil, w.Ring, nil) },
		func() (signins.Room, error) { return signins.New(g, w.DB.SignIns(), nil, nil) },
	} {
		room, err := make()
		require.Error(t, err)
		require.Zero(t, room)
	}
}

func TestWithoutALimitNoSessionEndsForAnother(t *testing.T) {
	w := accounttest.New(t)
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.MaxSessions, policy.Unlimited))
	ada := w.Person("ada", policy.Work)
	var all []signins.Started
	for range signins.MaxSessions.Default + 5 {
		all = append(all, w.Session(ada))
	}
	require.Len(t, live(t, w, all), len(all))
}

func TestALimitThatWasLoweredIsMetByTheNextSession(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	var all []signins.Started
	for range 6 {
		all = append(all, w.Session(ada))
		w.Clock.Advance(time.Minute)
	}
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.MaxSessions, 2))
	require.Len(t, live(t, w, all), 6, "those that are there are left alone until then")
	last := w.Session(ada)
	require.Equal(t, []policy.SessionID{last.Actor.Session, all[5].Actor.Session}, alive(t, w, "ada"))
	require.Empty(t, live(t, w, all[:5]))
}

func TestWhatHasNoSessionOfOursHasNoneToKeep(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	_, yes, err := w.App.SignIns.AskSignOutEverywhere(t.Context(), ada)
	require.NoError(t, err)
	before := saved(t, w.DB)
	s, err := w.App.SignIns.SignOutEverywhere(t.Context(), ada, yes, true)
	for _, err := range []error{err, w.App.SignIns.EndOthers(t.Context(), ada), w.App.Host.SignIns.Touch(t.Context(), ada)} {
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "actor.session", invalid.Field)
	}
	require.True(t, s.Token.Empty())
	require.Equal(t, before, saved(t, w.DB))
	require.Error(t, w.App.Admin.SignIns.End(t.Context(), w.Host, "", "any"))
	_, err = w.App.SignIns.Can(t.Context(), ada, signins.TouchSession, "")
	require.ErrorAs(t, err, new(*policy.Invalid))
}
