package signins_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// A portal greys out what may not be done, so asking must answer what doing does: in whatever world, for
// whomever. What is drawn leans towards yes, so that each obstacle also stands alone.

// scene is a world that was drawn, with somebody in it and a session that something may be done to.
type scene struct {
	*accounttest.World
	actor  policy.Actor
	target policy.SessionID
}

// auditorium is what all scenes begin as.
func auditorium(t testing.TB) *accounttest.World {
	w := accounttest.New(t)
	for account, kind := range map[policy.AccountID]policy.Kind{"ada": policy.Work, "bob": policy.Work, "pat": policy.Personal,
		"gus": policy.Guest, "zoe": policy.Work} {
		w.Person(account, kind)
	}
	bob := policy.Actor{Tenant: accounttest.Tenant, Account: "bob"}
	w.Device(bob, "phone")
	w.Device(bob, "old")
	require.NoError(t, w.App.Admin.Devices.Disable(t.Context(), w.Host, "old"))
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "zoe", policy.Disabled))
	return w
}

func rarely(rt *rapid.T, what string) bool { return rapid.IntRange(0, 5).Draw(rt, what) == 0 }

func drawScene(t *testing.T, rt *rapid.T, w *accounttest.World) scene {
	account := rapid.SampledFrom([]policy.AccountID{"ada", "ada", "pat", "bob", "gus"}).Draw(rt, "account")
	person := w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: account})
	present, another, others := w.Session(person), w.Session(person), w.Session(w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "bob"}))
	drawSession(t, rt, w, "present", present.Actor)
	drawSession(t, rt, w, "another", another.Actor)
	drawStanding(t, rt, w, account)
	drawSettings(t, rt, w)
	w.Clock.Advance(rapid.SampledFrom([]time.Duration{0, 0, 0, time.Minute, time.Hour, -time.Hour}).Draw(rt, "later"))

	actor := present.Actor
	if rarely(rt, "without a session of ours") {
		actor.Session = ""
	}
	if rarely(rt, "in a session that is not there") {
		actor.Session = "made-up"
	}
	if rarely(rt, "as somebody else") {
		actor.Account = rapid.SampledFrom([]policy.AccountID{"ada", "bob", "zoe", "nemo"}).Draw(rt, "who")
	}
	actor.Device = rapid.SampledFrom([]policy.DeviceID{"", "", "", "phone", "old", "made-up"}).Draw(rt, "from")
	actor.Roles = rapid.SliceOfN(rapid.SampledFrom([]policy.Role{policy.HelpdeskAdministrator, policy.SecurityReader}), 0, 1).Draw(rt, "roles")
	if rarely(rt, "badly proven") {
		actor.Proofs = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) policy.Proof {
			return policy.Proof{Factor: policy.Factor(rapid.Uint8Range(0, 10).Draw(rt, "factor")),
				At: w.Clock.Now().Add(-time.Minute * time.Duration(rapid.IntRange(-2, 20).Draw(rt, "age")))}
		}), 0, 2).Draw(rt, "proofs")
	}
	target := rapid.SampledFrom([]policy.SessionID{another.Actor.Session, another.Actor.Session, present.Actor.Session,
		others.Actor.Session, "made-up"}).Draw(rt, "target")
	return scene{w, actor, target}
}

// drawSession lets a session have ended, or be of another time.
func drawSession(t *testing.T, rt *rapid.T, w *accounttest.World, name string, a policy.Actor) {
	editSession(t, w.DB, a.Account, a.Session, func(s *policy.Session) {
		if rarely(rt, name+" has ended") {
			s.EndedAt = w.Clock.Now()
		}
		if rarely(rt, name+" is of another epoch") {
			s.Epoch += 2
		}
		if rarely(rt, name+" is old") {
			s.AuthenticatedAt = s.AuthenticatedAt.Add(-2 * day)
		}
	})
}

func drawStanding(t *testing.T, rt *rapid.T, w *accounttest.World, account policy.AccountID) {
	require.NoError(t, w.DB.SignIns().Update(t.Context(), func(tx signins.Tx) error {
		st, err := tx.Standing(accounttest.Tenant, account)
		if err != nil {
			return err
		}
		if rarely(rt, "signed out meanwhile") {
			st.Epoch++
		}
		if rarely(rt, "valid from now on") {
			st.SessionsValidFrom = w.Clock.Now().Add(rapid.SampledFrom([]time.Duration{-time.Second, 0, time.Second}).Draw(rt, "from"))
		}
		if rarely(rt, "switched off") {
			st.State = rapid.SampledFrom([]policy.State{policy.Disabled, policy.Closed}).Draw(rt, "state")
		}
		_, err = tx.PutStanding(st)
		return err
	}))
}

func drawSettings(t *testing.T, rt *rapid.T, w *accounttest.World) {
	require.NoError(t, w.DB.Policy().Update(t.Context(), func(tx policy.AdminTx) error {
		s, err := tx.Settings(accounttest.Tenant)
		if err != nil {
			return err
		}
		s = s.WithAccess(signins.AreaSessions, rapid.SampledFrom([]policy.Access{policy.Edit, policy.Edit, policy.Edit, policy.Edit, policy.ReadOnly, policy.Off}).Draw(rt, "access"))
		if rarely(rt, "needs a licence") {
			s = s.WithNeed(signins.AreaSessions, "sessions")
		}
		if rarely(rt, "has the licence") {
			s = s.WithLicense("sessions", true)
		}
		s.TurnedOn = !rarely(rt, "turned off")
		_, err = tx.PutSettings(s)
		return err
	}))
}

func TestAskingAnswersWhatDoingDoes(t *testing.T) {
	base := auditorium(t)
	yes, no := make(map[policy.Action]bool), make(map[policy.Code]bool)
	scenes := func(rt *rapid.T) {
		s := drawScene(t, rt, base.Fork(t))
		for action, id := range map[policy.Action]policy.SessionID{signins.ListSessions: "", signins.ListActivity: "",
			signins.EndSession: s.target, signins.EndOtherSessions: "", signins.SignOutEverywhere: ""} {
			before := saved(t, s.DB)
			asked, err := s.App.SignIns.Can(t.Context(), s.actor, action, string(id))
			require.NoError(rt, err)
			require.Equal(rt, before, saved(t, s.DB), "asking leaves no trace")
			s.do(t, rt, action, asked)
			yes[action] = yes[action] || asked.Allowed
			no[asked.Reason().Code] = true
		}
		s.sameInLists(t, rt)
	}
	all := []policy.Action{signins.ListSessions, signins.ListActivity, signins.EndSession, signins.EndOtherSessions, signins.SignOutEverywhere}
	reasons := []policy.Code{signins.CodeSessionOver, signins.CodeGuestsSignInElsewhere, policy.CodeSessionEnded, policy.CodeNotFound,
		policy.CodeAccountNotActive, policy.CodeUnknownAccount, policy.CodeUnknownDevice, policy.CodeDeviceDisabled}
	lacking := func() bool { // chance alone may leave something out of the first rounds
		return slices.ContainsFunc(all, func(a policy.Action) bool { return !yes[a] }) || slices.ContainsFunc(reasons, func(c policy.Code) bool { return !no[c] })
	}
	for round := 0; round < 5 || round < 100 && lacking(); round++ {
		rapid.Check(t, scenes)
	}
	for _, action := range all {
		require.True(t, yes[action], "%s was never allowed in all scenes: they prove nothing", action)
	}
	for _, code := range reasons {
		require.True(t, no[code], "nobody was refused for %s", code)
	}
}

// agree wants the answer to a question to be what became of the deed.
func agree(rt *rapid.T, asked policy.Decision, done error) {
	if asked.Allowed {
		require.NoError(rt, done)
		return
	}
	var denied *policy.Denied
	require.ErrorAs(rt, done, &denied, "%+v", asked)
	require.Empty(rt, cmp.Diff(asked, denied.Decision))
}

// do does what was asked about, on a stage of its own and with a Yes if that can be had.
func (s scene) do(t *testing.T, rt *rapid.T, action policy.Action, asked policy.Decision) {
	on := s.Fork(t)
	switch action {
	case signins.ListSessions:
		_, err := on.App.SignIns.Sessions(t.Context(), s.actor, store.Page{})
		agree(rt, asked, err)
	case signins.ListActivity:
		_, err := on.App.SignIns.Activity(t.Context(), s.actor, signins.Query{})
		agree(rt, asked, err)
	case signins.EndSession:
		agree(rt, asked, on.App.SignIns.End(t.Context(), s.actor, s.target))
	case signins.EndOtherSessions:
		err := on.App.SignIns.EndOthers(t.Context(), s.actor)
		if s.actor.Session == "" { // there is none to keep, whoever asks
			require.ErrorAs(rt, err, new(*policy.Invalid))
			return
		}
		agree(rt, asked, err)
	default:
		_, yes, err := on.App.SignIns.AskSignOutEverywhere(t.Context(), s.actor)
		agree(rt, asked, err)
		keep := s.actor.Session != ""
		kept, err := on.App.SignIns.SignOutEverywhere(t.Context(), s.actor, yes, keep)
		agree(rt, asked, err)
		require.Equal(rt, asked.Allowed && keep, !kept.Token.Empty())
	}
}

// sameInLists wants the decision that hangs on a listed session to be what asking gives and doing does, for
// the owner and for administrators.
func (s scene) sameInLists(t *testing.T, rt *rapid.T) {
	mine, _ := s.App.SignIns.Sessions(t.Context(), s.actor, store.Page{}) // who may not list is told nothing
	for _, i := range mine.Items {
		asked, err := s.App.SignIns.Can(t.Context(), s.actor, signins.EndSession, string(i.ID))
		require.NoError(rt, err)
		require.Empty(rt, cmp.Diff(asked, i.End))
		require.Equal(rt, i.ID == s.actor.Session, i.Current)
	}
	for _, actor := range []policy.Actor{s.actor, s.Host} {
		all, _ := s.App.Admin.SignIns.Sessions(t.Context(), actor, "ada", store.Page{})
		for _, i := range all.Items {
			agree(rt, i.End, s.Fork(t).App.Admin.SignIns.End(t.Context(), actor, "ada", i.ID))
		}
	}
}
