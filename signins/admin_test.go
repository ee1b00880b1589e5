package signins_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// everyRole is every role that a rule of the library could name.
var everyRole = []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.CloudDeviceAdministrator, policy.IntuneAdministrator,
	policy.HelpdeskAdministrator, policy.SecurityAdministrator, policy.SecurityReader, policy.PrivilegedRoleAdministrator,
	policy.LicenseAdministrator, policy.UserAdministrator, policy.AuthenticationAdministrator, policy.PrivilegedAuthenticationAdministrator}

func TestAdministratorsDoWhatTheirRoleIsFor(t *testing.T) {
	ends := []policy.Role{policy.GlobalAdministrator, policy.PrivilegedAuthenticationAdministrator, policy.AuthenticationAdministrator,
		policy.UserAdministrator, policy.HelpdeskAdministrator}
	reads := append([]policy.Role{policy.GlobalReader, policy.SecurityAdministrator, policy.SecurityReader}, ends...)
	base := accounttest.New(t)
	ada := base.Session(base.Person("ada", policy.Work))
	admin := base.Admin("root")
	want := func(allowed bool) policy.Code {
		if allowed {
			return ""
		}
		return policy.CodeNotPermitted
	}
	for _, role := range append([]policy.Role{"no such role"}, everyRole...) {
		admin.Roles = []policy.Role{role}
		list, err := base.App.Admin.SignIns.Sessions(t.Context(), admin, "ada", store.Page{})
		require.Equal(t, want(slices.Contains(reads, role)), codeOf(err), role)
		for _, s := range list.Items {
			require.Equal(t, slices.Contains(ends, role), s.End.Allowed, "%s is told what they may do", role)
			require.False(t, s.Current)
		}
		w := base.Fork(t)
		events := during(w, func() {
			err = w.App.Admin.SignIns.End(t.Context(), admin, "ada", ada.Actor.Session)
			require.Equal(t, want(slices.Contains(ends, role)), codeOf(err), role)
		})
		require.Len(t, events, 1, role)
		require.Equal(t, err == nil, events[0].Notify, "who was signed out is told")
		require.Equal(t, admin.Roles, events[0].Roles)
		require.Equal(t, err != nil, works(t, w.App.Host.SignIns, ada.Token), role)

		w = base.Fork(t)
		err = w.App.Admin.SignIns.SignOut(t.Context(), admin, "ada")
		require.Equal(t, want(slices.Contains(ends, role)), codeOf(err), role)
		require.Equal(t, err != nil, works(t, w.App.Host.SignIns, ada.Token), role)
	}
}

func TestAnAdministratorReachesNobodyElsewhere(t *testing.T) {
	w := accounttest.New(t)
	w.Tenant(elsewhere)
	ada := w.Session(w.Person("ada", policy.Work))
	theirs := w.PersonIn(elsewhere, "root", policy.Work)
	theirs.Roles = []policy.Role{policy.GlobalAdministrator}
	for _, actor := range []policy.Actor{theirs, policy.Host("idp", elsewhere)} {
		_, err := w.App.Admin.SignIns.Sessions(t.Context(), actor, "ada", store.Page{})
		refused(t, err, policy.CodeNotFound)
		_, err = w.App.Admin.SignIns.Activity(t.Context(), actor, "ada", signins.Query{})
		refused(t, err, policy.CodeNotFound)
		refused(t, w.App.Admin.SignIns.End(t.Context(), actor, "ada", ada.Actor.Session), policy.CodeNotFound)
		refused(t, w.App.Admin.SignIns.SignOut(t.Context(), actor, "ada"), policy.CodeNotFound)
	}
	n, err := w.App.Host.SignIns.PurgeSessions(t.Context(), policy.Host("idp", elsewhere))
	require.NoError(t, err)
	require.Zero(t, n)
	require.True(t, works(t, w.App.Host.SignIns, ada.Token))
}

func TestAnAdministratorSignsOutGuestsAndWhoCannotActToo(t *testing.T) {
	w := accounttest.New(t)
	admin := w.Admin("root", policy.UserAdministrator)
	eve, zoe := w.Session(w.Person("eve", policy.Guest)), w.Session(w.Person("zoe", policy.Work))
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "zoe", policy.Disabled))
	for _, s := range []signins.Started{eve, zoe} {
		require.NoError(t, w.App.Admin.SignIns.SignOut(t.Context(), admin, s.Actor.Account))
	}
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "zoe", policy.Active))
	require.Empty(t, live(t, w, []signins.Started{eve, zoe}))
}

func TestAnAdministratorWhoSignsThemselvesOutIsOutToo(t *testing.T) {
	w := accounttest.New(t)
	s := w.Session(w.Person("root", policy.Work))
	admin := s.Actor
	admin.Roles = []policy.Role{policy.GlobalAdministrator}
	list, err := w.App.Admin.SignIns.Sessions(t.Context(), admin, "root", store.Page{})
	require.NoError(t, err)
	require.True(t, list.Items[0].Current)
	require.NoError(t, w.App.Admin.SignIns.SignOut(t.Context(), admin, "root"))
	refused(t, w.App.Admin.SignIns.SignOut(t.Context(), admin, "root"), policy.CodeSessionEnded)
	require.False(t, works(t, w.App.Host.SignIns, s.Token))
}

func TestAHostThatVouchesForItsActorsIsShownNoEndedSession(t *testing.T) {
	w := accounttest.New(t, myaccount.WithPolicy(policy.Vouch(policy.Work)))
	stranger := w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "stranger"})
	s, other := w.Session(stranger), w.Session(stranger)
	elsewhereKept := stranger
	elsewhereKept.Session = "kept-by-the-host"
	for _, a := range []policy.Actor{stranger, elsewhereKept, s.Actor} {
		_, err := w.App.SignIns.Sessions(t.Context(), a, store.Page{})
		require.NoError(t, err)
	}
	require.NoError(t, w.App.SignIns.End(t.Context(), s.Actor, other.Actor.Session))
	_, err := w.App.SignIns.Sessions(t.Context(), other.Actor, store.Page{})
	refused(t, err, policy.CodeSessionEnded)
	require.False(t, works(t, w.App.Host.SignIns, other.Token))

	w.Clock.Advance(time.Second)
	_, err = signOut(t, w.App.SignIns, s.Actor, false)
	require.NoError(t, err)
	w.Clock.Advance(time.Second)
	for _, a := range []policy.Actor{s.Actor, w.SignIn(other.Actor)} {
		_, err := w.App.SignIns.Sessions(t.Context(), a, store.Page{})
		refused(t, err, policy.CodeSessionEnded)
	}
	require.True(t, works(t, w.App.Host.SignIns, w.Session(w.SignIn(stranger)).Token), "who signs in anew is in")
}

func TestWhoeverReadsOfSomebodyElseIsNotedAllowedOrRefused(t *testing.T) {
	w := accounttest.New(t)
	w.SignedIn(w.Person("ada", policy.Work))
	reader, stranger := w.Admin("sec", policy.SecurityReader), w.Person("eve", policy.Work)
	for name, read := range map[policy.Action]func(policy.Actor) error{
		signins.ReadAnyActivity: func(a policy.Actor) error {
			_, err := w.App.Admin.SignIns.Activity(ctx, a, "ada", signins.Query{})
			return err
		},
		signins.ReadAnySessions: func(a policy.Actor) error {
			_, err := w.App.Admin.SignIns.Sessions(ctx, a, "ada", store.Page{})
			return err
		},
	} {
		events := during(w, func() { require.NoError(t, read(reader)) })
		require.Len(t, events, 1, name)
		require.Equal(t, policy.AccountID("ada"), events[0].Account, "it stands in her history")
		require.Equal(t, reader.Principal(), events[0].By)
		require.Equal(t, name, events[0].Action)
		require.Equal(t, policy.Succeeded, events[0].Outcome)
		events = during(w, func() { require.Error(t, read(stranger)) })
		require.Len(t, events, 1, name)
		require.Equal(t, policy.Refused, events[0].Outcome)
		require.Equal(t, stranger.Principal(), events[0].By)
	}
}
