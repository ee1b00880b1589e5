package signins_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// A session that takes the place of the one that a browser had, and what is recorded with it.

// again starts a session as somebody does whose browser has one.
func again(w *accounttest.World, a policy.Actor, old secret.Text, change ...func(*signins.NewSession)) signins.Started {
	return w.Session(a, append(change, func(n *signins.NewSession) { n.Replaces = old })...)
}

func resumes(w *accounttest.World, s signins.Started) bool {
	_, err := w.App.Host.SignIns.Actor(ctx, s.Token)
	return err == nil
}

func TestASessionThatTakesTheOldOnesPlaceEndsItInTheSameCommit(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	old, elsewhere := w.Session(ada), w.Session(ada)
	before := len(w.Events(accounttest.Tenant))
	fresh := again(w, ada, old.Token)
	require.False(t, resumes(w, old))
	require.True(t, resumes(w, elsewhere), "those of other browsers go on")
	require.True(t, resumes(w, fresh))
	told := w.Events(accounttest.Tenant)[before:]
	require.Len(t, told, 2)
	require.Equal(t, told[0].Operation, told[1].Operation)
	require.ElementsMatch(t, []string{"Start session", "End session"}, []string{told[0].Activity, told[1].Activity})
}

func TestWhoeverHoldsATokenReplacesThatSessionAndNoOther(t *testing.T) {
	base := accounttest.New(t)
	base.Tenant(elsewhere)
	ada, bob := base.Person("ada", policy.Work), base.Person("bob", policy.Work)
	far := base.Session(base.PersonIn(elsewhere, "ada", policy.Work))
	adas, bobs := base.Session(ada), base.Session(bob)
	forged := []byte(adas.Token.Reveal())
	forged[len(forged)-3] ^= 1
	for name, c := range map[string]struct {
		token secret.Text
		ends  *signins.Started
	}{
		"none":                     {},
		"made up":                  {token: secret.NewText("mast_made-up")},
		"with another secret":      {token: secret.NewText(string(forged))},
		"of another tenant":        {token: far.Token},
		"of who was here before":   {token: bobs.Token, ends: &bobs},
		"of the same person's own": {token: adas.Token, ends: &adas},
	} {
		w := base.Fork(t)
		fresh := again(w, ada, c.token)
		require.True(t, resumes(w, fresh), name)
		for _, s := range []*signins.Started{&adas, &bobs, &far} {
			require.Equal(t, s != c.ends, resumes(w, *s), "%s: %s", name, s.Actor.Account)
		}
	}
}

func TestASessionThatIsOverIsNotEndedOnceMore(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	ended, signedOut := w.Session(ada), w.Session(ada)
	require.NoError(t, w.App.SignIns.End(ctx, ended.Actor, ended.Actor.Session))
	require.NoError(t, w.App.Admin.SignIns.SignOut(ctx, w.Host, "ada"))
	ranOut := w.Session(w.SignIn(ada))
	w.Clock.Advance(2 * time.Hour)
	gone := w.Session(w.Person("gone", policy.Personal))
	require.NoError(t, w.App.Host.Accounts.SetState(ctx, w.Host, "gone", policy.Closed))
	before := len(w.Events(accounttest.Tenant))
	for i, old := range []signins.Started{ended, signedOut, ranOut, gone} {
		again(w, w.SignIn(ada), old.Token)
		require.Len(t, w.Events(accounttest.Tenant), before+i+1, "the start alone")
	}
}

func TestTheReplacedSessionIsTheRoomThatIsMade(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.MaxSessions, 2))
	first, second := w.Session(ada), w.Session(ada)
	fresh := again(w, ada, second.Token)
	require.True(t, resumes(w, first), "there was room for it")
	require.False(t, resumes(w, second))
	require.True(t, resumes(w, fresh))
}

func TestAnAttemptIsRecordedWithTheSessionThatItStarts(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	attempt := plainRecord(w)
	attempt.ID, attempt.Account, attempt.Session = "one", "bob", "another"
	given := attempt
	s := w.Session(ada, func(n *signins.NewSession) { n.Attempt = &attempt })
	require.Equal(t, given, attempt, "the caller's own stays as it is")
	item, err := w.App.SignIns.Attempt(ctx, ada, "one")
	require.NoError(t, err)
	require.Equal(t, s.Actor.Session, item.Session)
	require.Equal(t, policy.AccountID("ada"), item.Account)
	require.Equal(t, signins.Success, item.Outcome)
}

func TestAnAttemptThatCannotBeRecordedStartsNothing(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	old := base.Session(ada)
	before := saved(t, base.DB)
	for field, change := range map[string]func(*signins.Record){
		"attempt": func(r *signins.Record) { r.Code = 50126 },
		"id":      func(r *signins.Record) { r.ID = "" },
		"at":      func(r *signins.Record) { r.At = base.Clock.Now().Add(25 * time.Hour) },
		"device":  func(r *signins.Record) { r.Device = "a\nb" },
	} {
		attempt := plainRecord(base)
		change(&attempt)
		_, err := base.App.Host.SignIns.Start(ctx, base.Host, signins.NewSession{Account: "ada", Proofs: ada.Proofs, Replaces: old.Token, Attempt: &attempt})
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid, field)
		require.Equal(t, field, invalid.Field)
		requireSame(t, before, saved(t, base.DB))
	}
	past := plainRecord(base)
	past.At = base.Clock.Now().Add(-31 * day)
	base.Session(ada, func(n *signins.NewSession) { n.Attempt = &past })
	_, err := base.App.SignIns.Attempt(ctx, ada, past.ID)
	require.Error(t, err, "one from before the retention is not kept, and hinders nobody")
}

func TestABrowserThatSignsInManyTimesAtOnceEndsItsSessionOnce(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	old := w.Session(ada)
	before := len(w.Events(accounttest.Tenant))
	testkit.Together(32, func(int) {
		if _, err := w.App.Host.SignIns.Start(ctx, w.Host, signins.NewSession{Account: "ada", Proofs: ada.Proofs, Replaces: old.Token}); err != nil {
			t.Error(err)
		}
	})
	require.False(t, resumes(w, old))
	require.Len(t, w.Events(accounttest.Tenant), before+33)
}

func TestAttemptsUnderNamesThatAreNobodysAreOneEventAndNoRow(t *testing.T) {
	w := accounttest.New(t)
	before, events := rows(t, w.DB), len(w.Events(accounttest.Tenant))
	for range 20 {
		attempt := plainRecord(w)
		attempt.Account = ""
		_, err := w.App.Host.SignIns.Record(ctx, w.Host, attempt)
		refused(t, err, policy.CodeNotFound)
	}
	requireSame(t, before, rows(t, w.DB))
	require.Len(t, w.Events(accounttest.Tenant), events+1)
}

func TestWhoeverHasATokenSignsOutWhateverIsLocked(t *testing.T) {
	w := accounttest.New(t)
	me, other := w.Session(w.Person("ada", policy.Work)), w.Session(w.Person("bob", policy.Work))
	require.NoError(t, w.App.Admin.Policy.SetAccess(t.Context(), w.Host, signins.AreaSessions, policy.Off))
	require.NoError(t, w.App.Admin.Policy.TurnOn(t.Context(), w.Host, false))
	w.Tenant("fabrikam")
	before := len(w.Events(accounttest.Tenant))
	for _, nothing := range []secret.Text{{}, secret.NewText("mast_made-up"), w.Session(w.PersonIn("fabrikam", "ada", policy.Work)).Token} {
		require.NoError(t, w.App.Host.SignIns.SignOut(t.Context(), w.Host, nothing))
	}
	require.Len(t, w.Events(accounttest.Tenant), before, "nothing was ended")
	for range 2 {
		require.NoError(t, w.App.Host.SignIns.SignOut(t.Context(), w.Host, me.Token))
	}
	events := w.Events(accounttest.Tenant)[before:]
	require.Len(t, events, 1, "once")
	require.Equal(t, policy.AccountID("ada"), events[0].Account)
	_, err := w.App.Host.SignIns.Actor(t.Context(), me.Token)
	require.ErrorAs(t, err, new(*policy.Denied))
	_, err = w.App.Host.SignIns.Actor(t.Context(), other.Token)
	require.NoError(t, err)
	require.ErrorAs(t, w.App.Host.SignIns.SignOut(t.Context(), other.Actor, other.Token), new(*policy.Denied), "a host's door")
}
