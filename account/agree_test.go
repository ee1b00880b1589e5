package account_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// A portal greys out what may not be done, so asking must answer what doing does: in whatever world, for whomever. What
// is drawn leans towards yes, so that each obstacle also stands alone.

// scene is a world that was drawn, with somebody in it.
type scene struct {
	*accounttest.World
	actor   policy.Actor
	picture []byte
	change  emailChange // that the actor's session began
	session policy.SessionID

	saved, rows string // as it is before anything is done
}

func rarely(rt *rapid.T, what string) bool { return rapid.IntRange(0, 5).Draw(rt, what) == 0 }

func drawScene(t *testing.T, rt *rapid.T, base withPassword, picture []byte) scene {
	w := base.Fork(t)
	id := rapid.SampledFrom([]policy.AccountID{"ada", "per", "per", "gil"}).Draw(rt, "account")
	session := w.Session(w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: id}))
	change := beginChange(t, w, session.Actor)
	if id == "per" && rarely(rt, "without a recovery code") {
		edit(t, w.DB, func(tx account.Tx) error { return tx.DeleteRecoveryCode(accounttest.Tenant, id) })
	}
	spent := false
	if id != "gil" { // who has no password
		editCredential(t, w.DB, id, func(c *account.Credential) {
			if rarely(rt, "without a password") {
				c.Hash = ""
			}
			if rarely(rt, "kept elsewhere") {
				c.Elsewhere = account.Elsewhere(rapid.IntRange(1, 3).Draw(rt, "why"))
				c.Place = rapid.SampledFrom([]string{"", "over there"}).Draw(rt, "place")
			}
			if rarely(rt, "locked") {
				c.Throttle = lockedUntil(w.Clock.Now().Add(time.Minute * time.Duration(rapid.IntRange(-1, 2).Draw(rt, "until"))))
			}
			if rarely(rt, "locked elsewhere") {
				c.Throttle.Unfamiliar = password.Failures{Count: 10, LockedUntil: w.Clock.Now().Add(time.Hour)}
			}
			spent = rarely(rt, "spent")
			c.Throttle.Disabled = spent
		})
	}
	s := account.DefaultSchema()
	access := rapid.SampledFrom([]policy.Access{policy.Edit, policy.Edit, policy.Edit, policy.ReadOnly, policy.Off})
	open := account.AttributeRule{Work: access.Draw(rt, "work"), Personal: access.Draw(rt, "personal"), Guest: access.Draw(rt, "guest")}
	for _, a := range attributeNames() {
		s.Rules[a] = open
	}
	require.NoError(t, w.App.Admin.Account.SetSchema(t.Context(), w.Host, s))
	if rarely(rt, "synchronized") {
		p, err := w.App.Admin.Account.Profile(t.Context(), w.Host, id)
		require.NoError(t, err)
		p.Source = "Active Directory"
		require.NoError(t, w.App.Host.Account.PutProfile(t.Context(), w.Host, p))
	}
	for _, area := range account.Areas() {
		require.NoError(t, w.App.Admin.Policy.SetAccess(t.Context(), w.Host, area, access.Draw(rt, string(area))))
	}
	if rarely(rt, "work accounts may be closed") {
		require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, account.WorkMayClose, 1))
	}
	sc := scene{World: w, actor: session.Actor, picture: picture, change: change, session: session.Actor.Session}
	if rarely(rt, "proofs stand in") {
		require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, account.RecentProofsStandIn, 1))
	}
	if rarely(rt, "photos are limited") {
		require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, account.PhotosPerHour, 1))
		_ = w.App.Account.SetPhoto(t.Context(), sc.actor, picture) // whether it is allowed or not
	}
	editStanding(t, w.DB, id, func(st *policy.Standing) {
		if rarely(rt, "restricted") {
			st.RestrictedUntil = w.Clock.Now().Add(time.Hour)
		}
		st.MustChangePassword = rarely(rt, "has to set a new password")
		if rarely(rt, "not active") {
			st.State = rapid.SampledFrom([]policy.State{policy.Disabled, policy.Closing, policy.Closed}).Draw(rt, "state")
		}
	})
	w.Clock.Advance(rapid.SampledFrom([]time.Duration{0, 0, 0, time.Minute, 16 * time.Minute, -time.Hour}).Draw(rt, "later"))
	sc.draw(rt)
	sc.saved, sc.rows = saved(t, w.DB), rows(t, w.DB)
	return sc
}

// draw makes the actor of a scene somebody else, now and then.
func (s *scene) draw(rt *rapid.T) {
	a := &s.actor
	if rarely(rt, "without a session of ours") {
		a.Session = ""
	}
	if rarely(rt, "in a session that is not there") {
		a.Session = "made-up"
	}
	if rarely(rt, "as somebody else") {
		a.Account = rapid.SampledFrom([]policy.AccountID{"gil", "nemo"}).Draw(rt, "who")
	}
	if rarely(rt, "badly proven") {
		a.Proofs = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) policy.Proof {
			return policy.Proof{Factor: policy.Factor(rapid.Uint8Range(1, 9).Draw(rt, "factor")),
				At: s.Clock.Now().Add(-time.Minute * time.Duration(rapid.IntRange(-2, 20).Draw(rt, "age")))}
		}), 0, 2).Draw(rt, "proofs")
	}
}

var askable = []policy.Action{account.ReadProfile, account.UpdateProfile, account.ReadPhoto, account.ChangePhoto, account.ChangePassword, account.SetFirstPassword,
	account.ChangeEmail, account.ConfirmEmail, account.ResendEmailCode, account.DropEmailChange, account.ReadRecoveryCode, account.NewRecoveryCode, account.RemoveRecoveryCode, account.Close}

func TestAskingAnswersWhatDoingDoes(t *testing.T) {
	t.Parallel()
	base, picture := passwords(t), photo(t, 48)
	base.Person("bob", policy.Work) // who can be a manager
	base.saved(t)                   // a recovery code
	openTo(t, base.World, policy.Edit)
	yes, no := make(map[policy.Action]bool), make(map[policy.Code]bool)
	for _, id := range []policy.AccountID{"ada", "per", "gil"} {
		require.NoError(t, base.App.Admin.Account.SetPhoto(t.Context(), base.Host, id, picture))
		require.NoError(t, base.App.Host.Account.PutProfile(t.Context(), base.Host, filled(id, "")))
		require.NoError(t, base.App.Host.Account.AddIdentifier(t.Context(), base.Host, account.NewIdentifier{Account: id, Kind: account.Email, Text: address(id)}))
	}
	scenes := func(rt *rapid.T) {
		s := drawScene(t, rt, base, picture)
		for _, action := range rapid.Permutation(askable).Draw(rt, "actions")[:len(askable)/2] {
			s.agree(t, rt, action, "", yes, no)
		}
		name := rapid.SampledFrom(attributeNames()).Draw(rt, "attribute")
		s.agree(t, rt, account.EditAttribute, name, yes, no)
		require.Equal(rt, s.saved, saved(t, s.DB), "asking leaves no trace")
		view, err := s.App.Account.Profile(t.Context(), s.actor)
		if err != nil {
			return // who may not see it is told nothing
		}
		for _, f := range view.Fields { // what a form greys out is what asking says
			asked, err := s.App.Account.Can(t.Context(), s.actor, account.EditAttribute, string(f.Attribute))
			require.NoError(rt, err)
			require.True(rt, asked.Equal(f.Edit), "%s: %s, and in the form %s", f.Attribute, asked, f.Edit)
		}
	}
	lacking := func() string { // chance alone may leave something out of the first rounds
		for _, action := range append(askable, account.EditAttribute) {
			if !yes[action] {
				return fmt.Sprintf("%s was never allowed in all scenes: they prove nothing", action)
			}
		}
		for _, code := range []policy.Code{account.CodeAttributeOff, account.CodeAttributeReadOnly, account.CodeSynchronized, account.CodeNoPassword, account.CodeHasPassword,
			account.CodeOnlyPersonal, account.CodeNoRecoveryCode, account.CodeGuestAccount, account.CodeWorkAccount,
			account.CodePasswordElsewhere, account.CodePasswordless, account.CodePasswordSpent, policy.CodeThrottled, policy.CodeRestricted, policy.CodeMustChangePassword, policy.CodeAreaOff,
			policy.CodeAreaReadOnly, policy.CodeFresherProof, policy.CodeStrongerProof, policy.CodeSessionEnded, policy.CodeUnknownAccount, policy.CodeAccountNotActive} {
			if !no[code] {
				return fmt.Sprintf("nobody was refused for %s", code)
			}
		}
		return ""
	}
	for round := 0; round < 5 || round < 100 && lacking() != ""; round++ {
		rapid.Check(t, scenes)
	}
	require.Empty(t, lacking())
}

// agree asks, does, and wants the same to come of both.
func (s scene) agree(t *testing.T, rt *rapid.T, action policy.Action, name account.Attribute, yes map[policy.Action]bool, no map[policy.Code]bool) {
	id := string(name)
	if action == account.DropEmailChange || action == account.ResendEmailCode {
		id = string(s.change.id)
	}
	asked, err := s.App.Account.Can(t.Context(), s.actor, action, id)
	require.NoError(rt, err)
	yes[action], no[asked.Reason().Code] = yes[action] || asked.Allowed, true
	on := s.Fork(t)
	done := s.do(t, on, action, name)
	if asked.Allowed && (action == account.ConfirmEmail || action == account.ResendEmailCode) && s.actor.Session != s.session {
		require.Equal(rt, challenge.CodeWrong, codeOf(done), "the code is the session's that asked")
		return
	}
	if asked.Allowed {
		require.NoError(rt, done, "%s %s", action, name)
		return
	}
	var denied *policy.Denied
	require.ErrorAs(rt, done, &denied, "%s", asked)
	require.Equal(rt, asked.Reason(), denied.Reason(), "%s %s", action, name)
	requireSame(t, s.rows, rows(t, on.DB), "%s", asked)
}

func (s scene) do(t *testing.T, w *accounttest.World, action policy.Action, name account.Attribute) error {
	on := w.App.Account
	switch action {
	case account.ReadProfile:
		_, err := on.Profile(t.Context(), s.actor)
		return err
	case account.UpdateProfile:
		return on.UpdateProfile(t.Context(), s.actor, account.ProfileUpdate{})
	case account.ReadPhoto:
		_, err := on.Photo(t.Context(), s.actor, 48)
		return err
	case account.ChangePhoto:
		return on.SetPhoto(t.Context(), s.actor, s.picture)
	case account.ChangePassword:
		c := account.PasswordChange{Current: secret.NewText(good), New: secret.NewText(better)}
		err := on.ChangePassword(t.Context(), s.actor, c)
		if codeOf(err) == policy.CodeThrottled { // whose recent proofs stand in need not give it
			c.Current = secret.Text{}
			err = on.ChangePassword(t.Context(), s.actor, c)
		}
		return err
	case account.SetFirstPassword:
		return on.SetFirstPassword(t.Context(), s.actor, secret.NewText(better))
	case account.ChangeEmail:
		return s.changeEmail(t, on)
	case account.ConfirmEmail:
		return on.ConfirmEmail(t.Context(), s.actor, s.change.id, s.change.code)
	case account.ResendEmailCode:
		return on.ResendEmailCode(t.Context(), s.actor, s.change.id)
	case account.DropEmailChange:
		return on.DropEmailChange(t.Context(), s.actor, s.change.id)
	case account.ReadRecoveryCode:
		_, err := on.RecoveryCode(t.Context(), s.actor)
		return err
	case account.NewRecoveryCode:
		_, err := on.NewRecoveryCode(t.Context(), s.actor)
		return err
	case account.RemoveRecoveryCode:
		return on.RemoveRecoveryCode(t.Context(), s.actor)
	case account.Close:
		_, err := (&cell{t: t, actor: s.actor, Room: doors(w)}).close()
		return err
	}
	switch name {
	case account.Photo:
		return on.SetPhoto(t.Context(), s.actor, s.picture)
	case account.EmailAddress:
		return s.changeEmail(t, on)
	}
	return on.UpdateProfile(t.Context(), s.actor, set(name, values[name][1]))
}

func (s scene) changeEmail(t *testing.T, on *account.Service) error {
	_, err := on.ChangeEmail(t.Context(), s.actor, address(s.actor.Account), "another@third.example")
	return err
}
