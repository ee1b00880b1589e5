package myaccount_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// stage is a world with something old and something new for each operation whose successes are not all recorded.
type stage struct {
	*accounttest.World
	t       *testing.T
	ada     policy.Actor
	present policy.Actor // in a session of which a touch is due
	token   secret.Text  // of that session
	code    account.CodeAnswer
}

func newStage(t *testing.T) *stage {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Personal)
	require.NoError(t, w.App.Host.Account.AddIdentifier(t.Context(), w.Host, account.NewIdentifier{Account: "ada", Kind: account.UserName, Text: "ada"}))
	quick, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 0)
	require.NoError(t, err)
	hash, err := quick.Hash(t.Context(), secret.NewText(good))
	require.NoError(t, err)
	require.NoError(t, w.App.Host.Account.ImportHash(t.Context(), w.Host, "ada", hash))
	ada = w.SignIn(ada)
	w.Device(ada, "laptop")
	w.Device(ada, "removed")
	_, yes, err := w.App.Devices.AskRemove(t.Context(), ada, "removed")
	require.NoError(t, err)
	require.NoError(t, w.App.Devices.Remove(t.Context(), ada, "removed", yes))
	w.Key(accounttest.Tenant, "laptop", "known", 1)
	w.Session(ada)
	w.SignedIn(ada, func(r *signins.Record) { r.ID = "known" })
	w.Person("eve", policy.Personal)
	_, err = w.App.Admin.Account.Delete(t.Context(), w.Host, "eve")
	require.NoError(t, err)
	w.Clock.Advance(3650 * 24 * time.Hour)
	ada = w.SignIn(ada)
	present := w.Session(ada)
	w.Clock.Advance(10 * time.Minute)
	_, err = w.App.Log.Follow(t.Context(), w.Host, "archive", 1)
	require.NoError(t, err)
	list, err := w.App.Log.Follow(t.Context(), w.Host, "archive", 1000)
	require.NoError(t, err)
	require.NoError(t, w.App.Log.Ack(t.Context(), w.Host, "archive", list.Next))
	q := account.CodeRequest{Account: "ada", Purpose: challenge.StepUp, Method: challenge.SMS, To: "+49 30 1234", Session: present.Actor.Session}
	id, err := w.App.Host.Account.SendCode(t.Context(), w.Host, q)
	require.NoError(t, err)
	sent, _ := w.Mail.Last(q.To)
	code := account.CodeAnswer{Account: "ada", Purpose: q.Purpose, Method: q.Method, Session: q.Session, Challenge: id, Code: sent.Code}
	return &stage{w, t, ada, present.Actor, present.Token, code}
}

func (s *stage) attempt(id signins.ID) signins.Record {
	return signins.Record{ID: id, Account: "ada", At: s.Clock.Now()}
}

func (s *stage) imports(d policy.DeviceID) error {
	_, err := s.App.Admin.Devices.Import(s.t.Context(), s.Host, []devices.DeviceRecord{{Enabled: devices.Yes,
		Registration: devices.Registration{ID: d, Owner: "ada", Name: string(d), Join: devices.Joined}}})
	return err
}

func (s *stage) importsKey(id devices.KeyID, n int) error {
	_, err := s.App.Admin.Devices.ImportKeys(s.t.Context(), s.Host, []devices.KeyRecord{{Device: "laptop", CreatedAt: s.Clock.Now(),
		Escrow: devices.Escrow{ID: id, Volume: devices.OperatingSystemVolume, Password: secret.NewText(accounttest.RecoveryPassword(n))}}})
	return err
}

func (s *stage) identifies(text string) error {
	return s.App.Host.Account.AddIdentifier(s.t.Context(), s.Host, account.NewIdentifier{Account: "ada", Kind: account.UserName, Text: text})
}

func named(name string) account.ProfileUpdate {
	return account.ProfileUpdate{Set: map[account.Attribute]string{account.DisplayName: name}}
}

// quiet are the operations whose successes are not all recorded: each with nothing of note and, unless nothing ever
// is, with something.
var quiet = map[policy.Action]struct{ nothing, something func(*stage) error }{
	policy.FollowEvents: {
		func(s *stage) error { _, err := s.App.Log.Follow(s.t.Context(), s.Host, "archive", 1); return err },
		func(s *stage) error { return s.App.Log.Unfollow(s.t.Context(), s.Host, "archive") }},
	policy.PurgeEvents: {
		func(s *stage) error {
			s.Clock.Advance(-3650 * 24 * time.Hour)
			_, err := s.App.Log.Purge(s.t.Context(), s.Host)
			return err
		},
		func(s *stage) error { _, err := s.App.Log.Purge(s.t.Context(), s.Host); return err }},
	devices.CheckIn: {
		func(s *stage) error {
			return s.App.Host.Devices.CheckIn(s.t.Context(), s.Host, "laptop", devices.Activity{})
		},
		func(s *stage) error {
			return s.App.Host.Devices.CheckIn(s.t.Context(), s.Host, "laptop", devices.Activity{Compliant: devices.No})
		}},
	devices.PurgeGone: {
		func(s *stage) error {
			_, err := s.App.Host.Devices.PurgeRemoved(s.t.Context(), s.Host, "ada", time.Unix(0, 0))
			return err
		},
		func(s *stage) error {
			_, err := s.App.Host.Devices.PurgeRemoved(s.t.Context(), s.Host, "ada", s.Clock.Now())
			return err
		}},
	devices.Import:    {func(s *stage) error { return s.imports("laptop") }, func(s *stage) error { return s.imports("fresh") }},
	devices.ImportKey: {func(s *stage) error { return s.importsKey("known", 1) }, func(s *stage) error { return s.importsKey("fresh", 2) }},
	signins.RecordSignIn: {nothing: func(s *stage) error {
		isNew, err := s.App.Host.SignIns.Record(s.t.Context(), s.Host, s.attempt("fresh"))
		require.True(s.t, isNew)
		return err
	}},
	signins.TouchSession: {nothing: func(s *stage) error { return s.App.Host.SignIns.Touch(s.t.Context(), s.present) }},
	signins.SignOut: {
		func(s *stage) error {
			return s.App.Host.SignIns.SignOut(s.t.Context(), s.Host, secret.NewText("mast_made-up"))
		},
		func(s *stage) error { return s.App.Host.SignIns.SignOut(s.t.Context(), s.Host, s.token) }},
	account.UpdateProfile: {
		func(s *stage) error {
			return s.App.Account.UpdateProfile(s.t.Context(), s.ada, account.ProfileUpdate{})
		},
		func(s *stage) error { return s.App.Account.UpdateProfile(s.t.Context(), s.ada, named("Ada Elm")) }},
	account.UpdateAnyProfile: {
		func(s *stage) error {
			return s.App.Admin.Account.UpdateProfile(s.t.Context(), s.Host, "ada", account.ProfileUpdate{})
		},
		func(s *stage) error {
			return s.App.Admin.Account.UpdateProfile(s.t.Context(), s.Host, "ada", named("Ada Elm"))
		}},
	account.PutProfile: {
		func(s *stage) error {
			p, err := s.App.Admin.Account.Profile(s.t.Context(), s.Host, "ada")
			require.NoError(s.t, err)
			return s.App.Host.Account.PutProfile(s.t.Context(), s.Host, p)
		},
		func(s *stage) error {
			return s.App.Host.Account.PutProfile(s.t.Context(), s.Host, account.Profile{Account: "ada", DisplayName: "Ada Elm"})
		}},
	account.AddIdentifier: {
		func(s *stage) error { return s.identifies("ada") }, func(s *stage) error { return s.identifies("ada.elm") }},
	account.KeepElsewhere: {
		func(s *stage) error {
			return s.App.Host.Account.KeepElsewhere(s.t.Context(), s.Host, "ada", account.KeptHere, "")
		},
		func(s *stage) error {
			return s.App.Host.Account.KeepElsewhere(s.t.Context(), s.Host, "ada", account.Federated, "")
		}},
	account.VerifyPassword: {nothing: func(s *stage) error {
		_, err := s.App.Host.Account.VerifyPassword(s.t.Context(), s.Host, account.PasswordAttempt{Account: "ada", Password: secret.NewText(good)})
		return err
	}},
	account.VerifyCode: {nothing: func(s *stage) error {
		_, err := s.App.Host.Account.VerifyCode(s.t.Context(), s.Host, s.code)
		return err
	}},
	account.PurgeClosed: {
		func(s *stage) error {
			s.Clock.Advance(-3650 * 24 * time.Hour)
			_, err := s.App.Host.Account.PurgeClosed(s.t.Context(), s.Host, 0)
			return err
		},
		func(s *stage) error {
			_, err := s.App.Host.Account.PurgeClosed(s.t.Context(), s.Host, 0)
			return err
		}},
	signins.PurgeActivity: {
		func(s *stage) error {
			s.Clock.Advance(-3650 * 24 * time.Hour)
			_, err := s.App.Host.SignIns.PurgeActivity(s.t.Context(), s.Host)
			return err
		},
		func(s *stage) error { _, err := s.App.Host.SignIns.PurgeActivity(s.t.Context(), s.Host); return err }},
	signins.PurgeSessions: {
		func(s *stage) error {
			s.Clock.Advance(-3650 * 24 * time.Hour)
			_, err := s.App.Host.SignIns.PurgeSessions(s.t.Context(), s.Host)
			return err
		},
		func(s *stage) error { _, err := s.App.Host.SignIns.PurgeSessions(s.t.Context(), s.Host); return err }},
	signins.ImportSignIns: {
		func(s *stage) error {
			_, err := s.App.Admin.SignIns.Import(s.t.Context(), s.Host, []signins.Record{s.attempt("known")})
			return err
		},
		func(s *stage) error {
			_, err := s.App.Admin.SignIns.Import(s.t.Context(), s.Host, []signins.Record{s.attempt("fresh")})
			return err
		}},
}

// What the table of rules says of an operation's events is what it does.
func TestAQuietOperationLeavesTheEventsThatItsRuleSays(t *testing.T) {
	base := newStage(t)
	left := func(call func(*stage) error) (n int) {
		s := &stage{base.Fork(t), t, base.ada, base.present, base.token, base.code}
		before := make(map[uint64]bool)
		for _, e := range s.Events(accounttest.Tenant) {
			before[e.Seq] = true
		}
		require.NoError(t, call(s))
		for _, e := range s.Events(accounttest.Tenant) {
			if !before[e.Seq] {
				n++
			}
		}
		return n
	}
	seen := 0
	for _, rule := range slices.Concat(policy.Rules(), devices.Rules(), signins.Rules(), account.Rules()) {
		play, known := quiet[rule.Action]
		require.Equal(t, rule.Records != policy.EverySuccess, known, "%s: the test knows each that is quiet, and no other", rule.Action)
		if !known {
			continue
		}
		seen++
		require.NotEmpty(t, rule.Activity, "%s: its refusals have a name", rule.Action)
		require.Zero(t, left(play.nothing), rule.Action)
		require.Equal(t, rule.Records == policy.NotedSuccess, play.something != nil, rule.Action)
		if play.something != nil {
			require.Positive(t, left(play.something), rule.Action)
		}
	}
	require.Len(t, quiet, seen)
}
