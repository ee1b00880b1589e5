package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// own is this room's block of a person's overview; none where it is not shown.
func (k known) own(t *testing.T, a policy.Actor) policy.Block {
	t.Helper()
	blocks, err := k.App.Account.Overview(t.Context(), a)
	require.NoError(t, err)
	if len(blocks) == 0 {
		return policy.Block{}
	}
	require.Len(t, blocks, 1)
	return blocks[0]
}

// noticed is the notice of a code.
func noticed(t *testing.T, b policy.Block, code policy.Code) policy.Notice {
	t.Helper()
	for _, n := range b.Notices {
		if n.Code == code {
			return n
		}
	}
	require.Fail(t, "no such notice", "%s in %+v", code, b)
	return policy.Notice{}
}

// inDanger is a world where the first accounts have a password, and somebody else may have got hold of all of them.
func inDanger(t *testing.T) known {
	k := people(t)
	for _, id := range []policy.AccountID{"ada", "per"} {
		require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, id, secret.NewText(good)))
	}
	for _, id := range []policy.AccountID{"ada", "per", "gil"} {
		editStanding(t, k.DB, id, func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.HighRisk, id == "ada" })
	}
	k.ada, k.per = k.SignIn(k.ada), k.SignIn(k.per)
	return k
}

func TestAnOverviewAlarmsWhoseAccountIsAtRisk(t *testing.T) {
	k := inDanger(t)
	for risk, alarms := range map[policy.Risk]bool{policy.NoRisk: false, policy.LowRisk: true, policy.MediumRisk: true, policy.HighRisk: true, policy.HiddenRisk: false} {
		editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk = risk })
		b := k.own(t, k.per)
		require.Equal(t, alarms, b.Urgency() == policy.Alarm, risk)
		if alarms {
			n := noticed(t, b, account.NoticeAtRisk)
			require.Equal(t, account.ChangePassword, n.Action, "what helps")
			require.Equal(t, policy.On("account", "per"), n.Target)
			require.Contains(t, n.Text, "Change your password.")
		}
	}
}

func TestAnOverviewAlarmsWhoHasToSetANewPassword(t *testing.T) {
	k := inDanger(t)
	n := noticed(t, k.own(t, k.ada), account.NoticeMustChangePassword)
	require.Equal(t, policy.Alarm, n.Urgency)
	require.Equal(t, account.ChangePassword, n.Action)
	editStanding(t, k.DB, "ada", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.NoRisk, false })
	require.Equal(t, policy.Calm, k.own(t, k.ada).Urgency())
}

func TestSwitchingTheProfileOffSilencesNoAlarmOfTheAccount(t *testing.T) {
	k := inDanger(t)
	editStanding(t, k.DB, "ada", func(st *policy.Standing) { st.RestrictedUntil = k.Clock.Now().Add(account.Restriction) })
	require.NoError(t, k.App.Admin.Policy.SetAccess(t.Context(), k.Host, account.AreaProfile, policy.Off))
	b := k.own(t, k.ada)
	require.Equal(t, policy.CodeAreaOff, b.Open.Reason().Code)
	noticed(t, b, account.NoticeAtRisk)
	noticed(t, b, account.NoticeMustChangePassword)
	noticed(t, b, account.NoticeRestricted)
	require.Empty(t, b.Facts)

	require.Len(t, k.own(t, k.per).Notices, 1, "that a recovery code is lacking is no alarm")
	editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk = policy.NoRisk })
	require.Empty(t, k.own(t, k.per).Room, "and without an alarm the block is left out")
}

func TestWhoCannotChangeTheirPasswordHereIsToldWhatHelpsThem(t *testing.T) {
	k := inDanger(t)
	atRisk := func(a policy.Actor) policy.Notice { return noticed(t, k.own(t, a), account.NoticeAtRisk) }

	guest := atRisk(k.gil)
	require.Empty(t, guest.Action)
	require.Contains(t, guest.Text, "at your own organization")

	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", account.Federated, "https://id.example"))
	k.per = k.SignIn(k.per)
	elsewhere := atRisk(k.per)
	require.Empty(t, elsewhere.Action)
	require.Contains(t, elsewhere.Text, "changed at https://id.example")

	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", account.Passwordless, ""))
	k.per = k.SignIn(k.per)
	without := atRisk(k.per)
	require.Empty(t, without.Action)
	require.Contains(t, without.Text, "sign out everywhere")

	require.NoError(t, k.App.Admin.Policy.SetContact(t.Context(), k.Host, "the help desk"))
	require.NoError(t, k.App.Admin.Policy.Lock(t.Context(), k.Host, account.AreaPassword))
	locked := atRisk(k.ada)
	require.Empty(t, locked.Action)
	require.Contains(t, locked.Text, "Contact the help desk.")
}

func TestWhoHasNoPasswordYetIsToldToSetOne(t *testing.T) {
	k := people(t)
	editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk = policy.LowRisk })
	n := noticed(t, k.own(t, k.per), account.NoticeAtRisk)
	require.Equal(t, account.SetFirstPassword, n.Action)
	k.Clock.Advance(time.Hour)
	require.Equal(t, account.SetFirstPassword, noticed(t, k.own(t, k.per), account.NoticeAtRisk).Action, "who has only to prove who they are can")
}

func TestAnOverviewShowsNoFactThatTheSchemaHides(t *testing.T) {
	k := people(t)
	names := func() (all []string) {
		for _, f := range k.own(t, k.ada).Facts {
			all = append(all, f.Name)
		}
		return all
	}
	require.Equal(t, []string{"kind", "display-name", "title"}, names())
	s := account.DefaultSchema()
	s.Rules[account.Title] = account.AttributeRule{}
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, s))
	require.Equal(t, []string{"kind", "display-name"}, names())
}
