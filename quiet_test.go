package myaccount_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
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
}

func newStage(t *testing.T) *stage {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Personal)
	w.Device(ada, "laptop")
	w.Device(ada, "removed")
	_, yes, err := w.App.Devices.AskRemove(t.Context(), ada, "removed")
	require.NoError(t, err)
	require.NoError(t, w.App.Devices.Remove(t.Context(), ada, "removed", yes))
	w.Key(accounttest.Tenant, "laptop", "known", 1)
	w.Session(ada)
	w.SignedIn(ada, func(r *signins.Record) { r.ID = "known" })
	w.Clock.Advance(3650 * 24 * time.Hour)
	ada = w.SignIn(ada)
	present := w.Session(ada).Actor
	w.Clock.Advance(10 * time.Minute)
	_, err = w.App.Log.Follow(t.Context(), w.Host, "archive", 1)
	require.NoError(t, err)
	list, err := w.App.Log.Follow(t.Context(), w.Host, "archive", 1000)
	require.NoError(t, err)
	require.NoError(t, w.App.Log.Ack(t.Context(), w.Host, "archive", list.Next))
	return &stage{w, t, ada, present}
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
		s := &stage{base.Fork(t), t, base.ada, base.present}
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
	for _, rule := range slices.Concat(policy.Rules(), devices.Rules(), signins.Rules()) {
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
