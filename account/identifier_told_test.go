package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// since gives the events that were appended after so many.
func (m mailed) since(n int) []policy.Event { return m.Events(accounttest.Tenant)[n:] }

func TestAPersonIsToldWhenTheHostChangesWhatTheySignInWith(t *testing.T) {
	here := m0(t)
	for _, c := range []struct {
		name string
		do   func(mailed) error
		ends bool
	}{
		{"a name more", func(m mailed) error { return m.give(t, "per", account.UserName, "per2") }, false},
		{"an address more", func(m mailed) error { return m.give(t, "per", account.Email, "p2@home.example") }, false},
		{"a name less", func(m mailed) error {
			return m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "per", "per")
		}, true},
		{"an address less", func(m mailed) error {
			return m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "per", perMail)
		}, true},
		{"the password kept elsewhere", func(m mailed) error {
			return m.App.Host.Account.KeepElsewhere(t.Context(), m.Host, "per", account.Federated, "an identity provider")
		}, true},
		{"no password any more", func(m mailed) error {
			return m.App.Host.Account.KeepElsewhere(t.Context(), m.Host, "per", account.Passwordless, "")
		}, true},
	} {
		m := here.fork(t)
		id, code := m.ask(t, m.session.Actor, perMail, newMail)
		before, n := m.standing(t, "per"), len(m.Events(accounttest.Tenant))
		require.NoError(t, c.do(m), c.name)
		events := m.since(n)
		require.Len(t, events, 1, c.name)
		require.True(t, events[0].Notify, c.name)
		require.Equal(t, policy.AccountID("per"), events[0].Account, c.name)
		require.Equal(t, !c.ends, m.alive(t, m.session.Token), c.name)
		require.Equal(t, c.ends, m.standing(t, "per").Credentials > before.Credentials, c.name)
		if c.ends {
			require.Error(t, m.confirm(t, m.start(t, "per").Actor, id, code), c.name)
			continue
		}
		require.NoError(t, m.confirm(t, m.session.Actor, id, code), c.name)
	}
}

func m0(t *testing.T) mailed {
	m := mail(t)
	m.add(t, "per", account.UserName, "per")
	return m
}

// fork is the same world once more.
func (m mailed) fork(t *testing.T) mailed {
	m.World = m.Fork(t)
	return m
}

func TestWhatIsToldOnceMoreChangesNothingAndLeavesNoEvent(t *testing.T) {
	m := m0(t)
	proven := m.Clock.Now()
	require.NoError(t, m.App.Host.Account.KeepElsewhere(t.Context(), m.Host, "ada", account.Federated, "an identity provider"))
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	m.Clock.Advance(time.Second)
	before, saved := len(m.Events(accounttest.Tenant)), rows(t, m.DB)
	for _, n := range []account.NewIdentifier{
		{Account: "per", Kind: account.Email, Text: perMail},
		{Account: "per", Kind: account.Email, Text: perMail, Primary: true},
		{Account: "per", Kind: account.Email, Text: perMail, ProvenAt: proven},
		{Account: "per", Kind: account.Email, Text: perMail, ProvenAt: m.Clock.Now()}, // a directory that says that it is proven, and when it said so
		{Account: "per", Kind: account.UserName, Text: "per"},
	} {
		require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, n))
	}
	require.NoError(t, m.App.Host.Account.KeepElsewhere(t.Context(), m.Host, "per", account.KeptHere, ""))
	require.NoError(t, m.App.Host.Account.KeepElsewhere(t.Context(), m.Host, "ada", account.Federated, "an identity provider"))
	requireSame(t, saved, rows(t, m.DB))
	require.Empty(t, m.since(before))
	require.NoError(t, m.confirm(t, m.session.Actor, id, code), "nor does it break a change that is pending")
}

func TestAUserNameThatIsOnesOwnAddressToo(t *testing.T) {
	const both = "Una@home.example"
	for name, told := range map[string][]account.IdentifierKind{
		"the address first":   {account.Email, account.UserName},
		"the user name first": {account.UserName, account.Email},
		"the address again":   {account.Email, account.UserName, account.Email, account.UserName},
	} {
		m := mail(t)
		m.Person("una", policy.Personal)
		for _, kind := range told {
			m.add(t, "una", kind, both)
		}
		all, err := m.App.Host.Account.Identifiers(t.Context(), m.Host, "una")
		require.NoError(t, err)
		require.Len(t, all, 1, name)
		require.Equal(t, account.Email, all[0].Kind, name)
		require.True(t, all[0].Primary, name)
		require.Equal(t, []string{both}, m.notices(t, "una"), name)
		require.Equal(t, policy.AccountID("una"), m.lookup(t, both), name)
		refused(t, m.give(t, "per", account.UserName, both), account.CodeIdentifierTaken)
	}

	m := mail(t)
	m.Person("una", policy.Personal)
	m.add(t, "una", account.UserName, both)
	m.add(t, "una", account.UserName, "una")
	m.add(t, "una", account.Email, both)
	all, err := m.App.Host.Account.Identifiers(t.Context(), m.Host, "una")
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, i := range all {
		require.True(t, i.Primary, "%s: the one that is left of its kind", i.Text)
	}
}

// keyed is the room as it is under other keys.
func (m mailed) keyed(t *testing.T, current secret.Key, more ...secret.Key) account.Room {
	t.Helper()
	ring, err := secret.NewKeyRing(current, more...)
	require.NoError(t, err)
	codes, err := challenge.NewCodes(ring, m.Mail)
	require.NoError(t, err)
	room, err := account.New(policy.NewGuard(policy.WithClock(m.Clock.Now)), m.DB.Account(), quick(t, m.World), codes, ring)
	require.NoError(t, err)
	return room
}

func TestWhoseAnErasedAddressWasIsFoundUnderTheKeyOnly(t *testing.T) {
	m := mail(t)
	l := leaver(m)
	old, current, other := secret.NewKey("old"), secret.NewKey("current"), secret.NewKey("other")
	require.NoError(t, l.close(t, m.session.Actor, 30))
	l.Clock.Advance(30 * day)
	done, err := m.keyed(t, old).Host.PurgeClosed(t.Context(), m.Host, 0)
	require.NoError(t, err)
	require.Equal(t, 1, done.Accounts)

	for name, room := range map[string]account.Room{"the key": m.keyed(t, old), "after rotation": m.keyed(t, current, old)} {
		id, err := room.Host.Holder(t.Context(), m.Host, perMail)
		require.NoError(t, err, name)
		require.Equal(t, policy.AccountID("per"), id, name)
		refused(t, room.Host.AddIdentifier(t.Context(), m.Host, account.NewIdentifier{Account: "gil", Kind: account.UserName, Text: perMail}), account.CodeIdentifierTaken)
		asked, err := room.Service.ChangeEmail(t.Context(), m.SignIn(m.owner(t)), "own@home.example", perMail)
		require.NoError(t, err)
		refused(t, room.Service.ConfirmEmail(t.Context(), m.SignIn(m.owner(t)), asked, m.sent(t, perMail, challenge.ChangeEmail)), account.CodeIdentifierTaken)
	}
	_, err = m.keyed(t, other).Host.Holder(t.Context(), m.Host, perMail)
	require.ErrorIs(t, err, store.ErrNotFound, "a dump of the store and a list of addresses do not tell who was erased")
}

// owner is somebody with an address of their own.
func (m mailed) owner(t *testing.T) policy.Actor {
	t.Helper()
	a := policy.Actor{Tenant: accounttest.Tenant, Account: "own"}
	if _, err := m.App.Host.Accounts.Account(t.Context(), m.Host, "own"); err == nil {
		return a
	}
	m.Person("own", policy.Personal)
	m.add(t, "own", account.Email, "own@home.example")
	return a
}
