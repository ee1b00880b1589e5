package signins_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// deed is one operation on the stage of the fault tests. It gives what was handed out, empty if nothing was.
type deed struct {
	name    string
	want    policy.Code // of its refusal; empty if it works
	changes bool
	call    func(s *stage) (given, error)
}

// given is all that an operation may hand out.
type given struct {
	token signins.Started
	actor policy.Actor
	list  int // sessions that were shown
	since time.Time
	yes   bool // a Can that said yes, or a confirmation
	n     int  // rows purged
}

const elsewhere policy.TenantID = "fabrikam"

// stage is a world with sessions of ada's (one on her laptop, one ended, one past all limits), of a guest's, of
// somebody who is disabled, and of ada's namesake in another tenant.
type stage struct {
	*accounttest.World
	room                                signins.Room
	t                                   testing.TB
	ada, bob                            policy.Actor // signed in without a session of ours
	here, other, there, over, gus, zoe  signins.Started
	yes                                 policy.Confirmation
	rows, saved                         string
	namesake, offDevice, another, first signins.Started
}

func newStage(t testing.TB) *stage {
	w := accounttest.New(t)
	w.Tenant(elsewhere)
	s := &stage{World: w, t: t, ada: w.Person("ada", policy.Work), bob: w.Person("bob", policy.Work)}
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.MaxSessions, 4))
	s.first = w.Session(s.ada, func(n *signins.NewSession) { n.Proofs = proven(w.Clock.Now(), policy.FactorPassword) })
	w.Clock.Advance(31 * day)
	s.ada, s.bob = w.SignIn(s.ada), w.SignIn(s.bob)
	s.namesake = w.Session(w.PersonIn(elsewhere, "ada", policy.Work))
	s.over, s.another = w.Session(s.ada), w.Session(s.bob)
	s.there = w.Session(s.ada.On(w.Device(s.ada, "laptop")))
	s.offDevice = w.Session(s.bob.On(w.Device(s.bob, "phone")))
	s.gus, s.zoe = w.Session(w.Person("gus", policy.Guest)), w.Session(w.Person("zoe", policy.Work))
	s.here, s.other = w.Session(s.ada), w.Session(s.ada)
	require.NoError(t, w.App.SignIns.End(t.Context(), s.here.Actor, s.over.Actor.Session))
	w.Session(s.ada) // the fourth
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "zoe", policy.Disabled))
	w.Disable(s.bob, "phone")
	w.Clock.Advance(7 * time.Minute) // a touch is due, and nothing is over
	var err error
	_, s.yes, err = w.App.SignIns.AskSignOutEverywhere(t.Context(), s.here.Actor)
	require.NoError(t, err)
	s.rows, s.saved = rows(t, w.DB), saved(t, w.DB)
	return s
}

// enter is the stage in a world of its own, over a store in which something goes wrong.
func (s *stage) enter(t testing.TB, f *faulty) *stage {
	in := *s
	in.World, in.t = s.Fork(t), t
	in.room = over(t, in.World, spoiled(in.DB.SignIns(), f))
	return &in
}

func (s *stage) new() signins.NewSession {
	return signins.NewSession{Account: "ada", Device: "laptop", Proofs: s.ada.Proofs}
}

// anew is who signs in where somebody was signed in before.
func (s *stage) anew(old signins.Started) signins.NewSession {
	n := s.new()
	n.Replaces, n.Attempt = old.Token, &signins.Record{ID: "anew", At: s.Clock.Now()}
	return n
}

func token(s signins.Started, err error) (given, error)      { return given{token: s}, err }
func actor(a policy.Actor, err error) (given, error)         { return given{actor: a}, err }
func nothing(err error) (given, error)                       { return given{}, err }
func shown[R any](l store.List[R], err error) (given, error) { return given{list: len(l.Items)}, err }
func since(at time.Time, err error) (given, error)           { return given{since: at}, err }
func purged(n int, err error) (given, error)                 { return given{n: n}, err }
func may(d policy.Decision, err error) (given, error) {
	if err == nil && !d.Allowed {
		err = &policy.Denied{Decision: d}
	}
	return given{yes: d.Allowed}, err
}

// deeds are the operations of all doors, and each that is refused for a reason of its own.
var deeds = []deed{
	{"list", "", false, func(s *stage) (given, error) {
		return shown(s.room.Service.Sessions(s.t.Context(), s.here.Actor, store.Page{}))
	}},
	{"list without a session of ours", "", false, func(s *stage) (given, error) {
		return shown(s.room.Service.Sessions(s.t.Context(), s.ada, store.Page{}))
	}},
	{"list from an ended session", policy.CodeSessionEnded, false, func(s *stage) (given, error) {
		return shown(s.room.Service.Sessions(s.t.Context(), s.over.Actor, store.Page{}))
	}},
	{"may end", "", false, func(s *stage) (given, error) {
		return may(s.room.Service.Can(s.t.Context(), s.there.Actor, signins.EndSession, string(s.other.Actor.Session)))
	}},
	{"may end an ended one", signins.CodeSessionOver, false, func(s *stage) (given, error) {
		return may(s.room.Service.Can(s.t.Context(), s.here.Actor, signins.EndSession, string(s.over.Actor.Session)))
	}},
	{"may end the others", "", false, func(s *stage) (given, error) {
		return may(s.room.Service.Can(s.t.Context(), s.here.Actor, signins.EndOtherSessions, ""))
	}},
	{"may sign out", "", false, func(s *stage) (given, error) {
		return may(s.room.Service.Can(s.t.Context(), s.here.Actor, signins.SignOutEverywhere, ""))
	}},
	{"end", "", true, func(s *stage) (given, error) {
		return nothing(s.room.Service.End(s.t.Context(), s.here.Actor, s.other.Actor.Session))
	}},
	{"end an ended one", signins.CodeSessionOver, true, func(s *stage) (given, error) {
		return nothing(s.room.Service.End(s.t.Context(), s.here.Actor, s.over.Actor.Session))
	}},
	{"end somebody else's", policy.CodeNotFound, true, func(s *stage) (given, error) {
		return nothing(s.room.Service.End(s.t.Context(), s.here.Actor, s.another.Actor.Session))
	}},
	{"end the others", "", true, func(s *stage) (given, error) { return nothing(s.room.Service.EndOthers(s.t.Context(), s.here.Actor)) }},
	{"ask to sign out", "", false, func(s *stage) (given, error) {
		_, y, err := s.room.Service.AskSignOutEverywhere(s.t.Context(), s.here.Actor)
		return given{yes: y != ""}, err
	}},
	{"sign out", "", true, func(s *stage) (given, error) {
		return token(s.room.Service.SignOutEverywhere(s.t.Context(), s.here.Actor, s.yes, false))
	}},
	{"sign out but here", "", true, func(s *stage) (given, error) {
		return token(s.room.Service.SignOutEverywhere(s.t.Context(), s.here.Actor, s.yes, true))
	}},
	{"sign out without a Yes", policy.CodeConfirmationMissing, true, func(s *stage) (given, error) {
		return token(s.room.Service.SignOutEverywhere(s.t.Context(), s.here.Actor, "", true))
	}},
	{"sign out as a guest", signins.CodeGuestsSignInElsewhere, true, func(s *stage) (given, error) {
		return token(s.room.Service.SignOutEverywhere(s.t.Context(), s.gus.Actor, s.yes, true))
	}},
	{"start", "", true, func(s *stage) (given, error) { return token(s.room.Host.Start(s.t.Context(), s.Host, s.new())) }},
	{"start in the place of another, and record it", "", true, func(s *stage) (given, error) { return token(s.room.Host.Start(s.t.Context(), s.Host, s.anew(s.other))) }},
	{"start in the place of one that ran out", "", true, func(s *stage) (given, error) { return token(s.room.Host.Start(s.t.Context(), s.Host, s.anew(s.first))) }},
	{"start in the place of somebody else's", "", true, func(s *stage) (given, error) {
		return token(s.room.Host.Start(s.t.Context(), s.Host, s.anew(s.another)))
	}},
	{"start for a disabled account", signins.CodeCannotSignIn, true, func(s *stage) (given, error) {
		n := s.new()
		n.Account = "zoe"
		return token(s.room.Host.Start(s.t.Context(), s.Host, n))
	}},
	{"start on a disabled device", signins.CodeDeviceCannotSignIn, true, func(s *stage) (given, error) {
		n := s.new()
		n.Device = "phone"
		return token(s.room.Host.Start(s.t.Context(), s.Host, n))
	}},
	{"start as a person", policy.CodeNotPermitted, true, func(s *stage) (given, error) { return token(s.room.Host.Start(s.t.Context(), s.here.Actor, s.new())) }},
	{"resume", "", false, func(s *stage) (given, error) { return actor(s.room.Host.Actor(s.t.Context(), s.there.Token)) }},
	{"resume what has ended", policy.CodeSessionEnded, false, func(s *stage) (given, error) { return actor(s.room.Host.Actor(s.t.Context(), s.over.Token)) }},
	{"resume what is past its limits", policy.CodeSessionEnded, false, func(s *stage) (given, error) { return actor(s.room.Host.Actor(s.t.Context(), s.first.Token)) }},
	{"resume on a disabled device", policy.CodeDeviceDisabled, false, func(s *stage) (given, error) { return actor(s.room.Host.Actor(s.t.Context(), s.offDevice.Token)) }},
	{"resume as who is disabled", policy.CodeAccountNotActive, false, func(s *stage) (given, error) { return actor(s.room.Host.Actor(s.t.Context(), s.zoe.Token)) }},
	{"prove", "", true, func(s *stage) (given, error) {
		return token(s.room.Host.AddProof(s.t.Context(), s.Host, s.there.Token, otp(s.World)))
	}},
	{"prove in an ended session", policy.CodeSessionEnded, true, func(s *stage) (given, error) {
		return token(s.room.Host.AddProof(s.t.Context(), s.Host, s.over.Token, otp(s.World)))
	}},
	{"prove in another tenant", policy.CodeSessionEnded, true, func(s *stage) (given, error) {
		return token(s.room.Host.AddProof(s.t.Context(), s.Host, s.namesake.Token, otp(s.World)))
	}},
	{"touch", "", true, func(s *stage) (given, error) { return nothing(s.room.Host.Touch(s.t.Context(), s.there.Actor)) }},
	{"touch what has ended", policy.CodeSessionEnded, false, func(s *stage) (given, error) { return nothing(s.room.Host.Touch(s.t.Context(), s.over.Actor)) }},
	{"ask since when", "", false, func(s *stage) (given, error) { return since(s.room.Host.ValidSince(s.t.Context(), s.Host, "zoe")) }},
	{"purge", "", true, func(s *stage) (given, error) { return purged(s.room.Host.PurgeSessions(s.t.Context(), s.Host)) }},
	{"purge as a person", policy.CodeNotPermitted, true, func(s *stage) (given, error) { return purged(s.room.Host.PurgeSessions(s.t.Context(), s.ada)) }},
	{"list as the host", "", false, func(s *stage) (given, error) {
		return shown(s.room.Admin.Sessions(s.t.Context(), s.Host, "ada", store.Page{}))
	}},
	{"list without the role", policy.CodeNotPermitted, false, func(s *stage) (given, error) {
		return shown(s.room.Admin.Sessions(s.t.Context(), s.bob, "ada", store.Page{}))
	}},
	{"end as the host", "", true, func(s *stage) (given, error) {
		return nothing(s.room.Admin.End(s.t.Context(), s.Host, "ada", s.other.Actor.Session))
	}},
	{"end an ended one as the host", signins.CodeSessionOver, true, func(s *stage) (given, error) {
		return nothing(s.room.Admin.End(s.t.Context(), s.Host, "ada", s.over.Actor.Session))
	}},
	{"end without the role", policy.CodeNotPermitted, true, func(s *stage) (given, error) {
		return nothing(s.room.Admin.End(s.t.Context(), s.bob, "ada", s.other.Actor.Session))
	}},
	{"sign a person out", "", true, func(s *stage) (given, error) { return nothing(s.room.Admin.SignOut(s.t.Context(), s.Host, "gus")) }},
	{"sign out nobody", policy.CodeNotFound, true, func(s *stage) (given, error) { return nothing(s.room.Admin.SignOut(s.t.Context(), s.Host, "nobody")) }},
}
