package account_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

func TestAUserNameIsNobodyElsesAddress(t *testing.T) {
	m := mail(t)
	for _, kind := range []account.IdentifierKind{account.UserName, account.Email} {
		for _, text := range []string{"ada@contoso.example", "ADA@Contoso.Example"} {
			refused(t, m.give(t, "per", kind, text), account.CodeIdentifierTaken)
		}
	}
	refused(t, m.give(t, "gil", account.UserName, "Ada"), account.CodeIdentifierTaken)
	m.add(t, "ada", account.Email, "Ada@contoso.example")
	require.Equal(t, []string{"Ada@contoso.example"}, m.emails(t, m.ada), "one's own can be told anew")
	m.Tenant("fabrikam")
	m.PersonIn("fabrikam", "ada", policy.Work)
	n := account.NewIdentifier{Account: "ada", Kind: account.UserName, Text: "ada@contoso.example"}
	require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), policy.Host("h", "fabrikam"), n), "another tenant is another world")
}

func TestWhatWasSomebodysIsNeverAnybodyElses(t *testing.T) {
	m := mail(t)
	require.NoError(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "ada", "ada@contoso.example"))
	require.Empty(t, m.lookup(t, "ada@contoso.example"))
	require.ErrorIs(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "ada", "ada@contoso.example"), store.ErrNotFound)
	refused(t, m.give(t, "per", account.Email, "ada@contoso.example"), account.CodeIdentifierTaken)
	m.add(t, "ada", account.Email, "ada@contoso.example")
	require.Equal(t, policy.AccountID("ada"), m.lookup(t, "ada@contoso.example"), "but one's own again")

	require.NoError(t, m.App.Host.Accounts.SetState(t.Context(), m.Host, "ada", policy.Closed))
	require.Empty(t, m.lookup(t, "ada"))
	for _, text := range []string{"ada", "ada@contoso.example"} {
		refused(t, m.give(t, "per", account.UserName, text), account.CodeIdentifierTaken)
	}
	refused(t, m.give(t, "ada", account.UserName, "ada2"), policy.CodeAccountClosed)
	id, code := m.ask(t, m.session.Actor, perMail, "ada@contoso.example")
	refused(t, m.confirm(t, m.session.Actor, id, code), account.CodeIdentifierTaken)
}

func TestWhoseANameIsOrEverWasIsToldBeforeItIsGiven(t *testing.T) {
	m := mail(t)
	holder := func(text string) (policy.AccountID, error) {
		return m.App.Host.Account.Holder(t.Context(), m.Host, text)
	}
	for _, text := range []string{"ada@contoso.example", "ADA@Contoso.Example", "ada"} {
		id, err := holder(text)
		require.NoError(t, err)
		require.Equal(t, policy.AccountID("ada"), id)
	}
	require.NoError(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "ada", "ada@contoso.example"))
	require.NoError(t, m.App.Host.Accounts.SetState(t.Context(), m.Host, "ada", policy.Closed))
	for _, text := range []string{"ada@contoso.example", "ada"} {
		require.Empty(t, m.lookup(t, text))
		id, err := holder(text)
		require.NoError(t, err, "given up, or closed: nobody else gets it")
		require.Equal(t, policy.AccountID("ada"), id)
	}
	for _, text := range []string{"nobody", "", "p\u00e4r", "a b"} {
		_, err := holder(text)
		require.ErrorIs(t, err, store.ErrNotFound, "%q", text)
	}
	_, err := m.App.Host.Account.Holder(t.Context(), m.session.Actor, "per")
	refused(t, err, policy.CodeNotPermitted)
}

func TestAKeyIsWhatAnIdentifierIsKeptUnder(t *testing.T) {
	m := mail(t)
	for text, good := range map[string]bool{"Gil.O'Hara": true, "Gil@Contoso.example": true, "g\u0131l": false, "g l": false, "": false} {
		key, err := account.UserName.Key(text)
		require.Equal(t, good, err == nil, "%q", text)
		if !good {
			invalid(t, err, "text")
			continue
		}
		m.add(t, "gil", account.UserName, text)
		all, err := m.App.Host.Account.Identifiers(t.Context(), m.Host, "gil")
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(all, func(i account.Identifier) bool { return i.Key == key && i.Text == text }))
	}
	_, err := account.Email.Key("gil")
	invalid(t, err, "text")
}

func TestOneOfAKindIsPrimaryAndThereAreTenAtMost(t *testing.T) {
	m := mail(t)
	for i := range 9 {
		m.add(t, "per", account.Email, fmt.Sprintf("p%d@home.example", i))
	}
	refused(t, m.give(t, "per", account.Email, "one@more.example"), account.CodeTooManyIdentifiers)
	m.add(t, "per", account.UserName, "per")
	require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, account.NewIdentifier{Account: "per", Kind: account.Email, Text: "p3@home.example", Primary: true}))
	all, err := m.App.Host.Account.Identifiers(t.Context(), m.Host, "per")
	require.NoError(t, err)
	primary := make(map[account.IdentifierKind][]string)
	for _, i := range all {
		if i.Primary {
			primary[i.Kind] = append(primary[i.Kind], i.Text)
		}
	}
	require.Equal(t, map[account.IdentifierKind][]string{account.Email: {"p3@home.example"}, account.UserName: {"per"}}, primary)
	require.Equal(t, "p3@home.example", m.emails(t, m.per)[0])
	require.True(t, m.profile(t, m.per).Emails[0].Proven, "who tells it anew takes no proof away")
}

func TestAnIdentifierIsFoundHoweverItWasTyped(t *testing.T) {
	m := mail(t)
	for _, typed := range []string{"ada", " Ada ", "ADA\n", "ａｄａ", "ada@contoso.example", "Ada@CONTOSO.example"} {
		require.Equal(t, policy.AccountID("ada"), m.lookup(t, typed), "%q", typed)
	}
	for _, typed := range []string{"", "аda", "a da", "ad\u200ba", "ada@", "@contoso.example", "ada@contoso", "ada\x00", "\xff", strings.Repeat("a", 5000), "ada@contoso.example.", "adá"} {
		require.Empty(t, m.lookup(t, typed), "%q", typed)
	}
}

func TestAnIdentifierHasALengthAndNoLetterThatLooksLikeAnother(t *testing.T) {
	m := mail(t)
	label := strings.Repeat("d", 40)
	for _, c := range []struct {
		kind account.IdentifierKind
		text string
		good bool
	}{
		{account.UserName, "ada.l-o_v!e#l^a~c'e", true}, {account.UserName, strings.Repeat("u", 64), true}, {account.UserName, strings.Repeat("u", 65), false},
		{account.UserName, strings.Repeat("v", 64) + "@" + label + ".example", true}, {account.UserName, "u@" + label + ".examples", false},
		{account.UserName, "u.@contoso.example", false}, {account.UserName, "u@v@contoso.example", false},
		{account.UserName, "", false}, {account.UserName, " u", false}, {account.UserName, "u v", false}, {account.UserName, "pаypal", false}, {account.UserName, "u\u200d", false}, {account.UserName, "ü", false}, {account.UserName, "a+b", false},
		{account.Email, "a+b/c@home.example", true}, {account.Email, strings.Repeat("m", 65) + "@home.example", false}, {account.Email, "m..n@home.example", false}, {account.Email, ".m@home.example", false},
		{account.Email, "m@" + strings.Repeat(label+".", 6) + "example", false}, {account.Email, "m@home", false}, {account.Email, "m@-home.example", false}, {account.Email, "m@münchen.example", false}, {account.Email, "m@xn--mnchen-3ya.example", true},
		{account.Email, "é@home.example", false}, {account.Email, "m@home.example, n@home.example", false}, {account.Email, "m@home.example\r\nBcc: n@home.example", false}, {account.Email, "m@[192.0.2.1]", false}, {account.Email, "ｍ@home.example", false}, {account.Email, "m", false},
		{0, "m@home.example", false}, {7, "m@home.example", false},
	} {
		n := account.NewIdentifier{Account: "gil", Kind: c.kind, Text: c.text}
		err := m.App.Host.Account.AddIdentifier(t.Context(), m.Host, n)
		if c.good {
			require.NoError(t, err, "%s %q", c.kind, c.text)
			require.NoError(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "gil", c.text))
			continue
		}
		if c.kind != account.UserName && c.kind != account.Email {
			invalid(t, err, "kind")
			continue
		}
		invalid(t, err, "text")
		if c.kind == account.Email {
			_, err = m.App.Account.ChangeEmail(t.Context(), m.session.Actor, perMail, c.text)
			invalid(t, err, "new")
		}
	}
}

func TestOnlyAnAddressCanBeProvenAndNotInTheFuture(t *testing.T) {
	m := mail(t)
	for _, n := range []account.NewIdentifier{
		{Account: "gil", Kind: account.UserName, Text: "gil", ProvenAt: m.Clock.Now()},
		{Account: "gil", Kind: account.Email, Text: "gil@home.example", ProvenAt: m.Clock.Now().Add(time.Second)},
	} {
		invalid(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, n), "provenAt")
	}
	_, err := m.App.Host.Account.Lookup(t.Context(), m.ada, "ada")
	refused(t, err, policy.CodeNotPermitted)
}

func TestASignInPageGivesWhatWasTyped(t *testing.T) {
	m := mail(t)
	try := func(typed, text string) (account.VerifiedPassword, error) {
		return m.App.Host.Account.VerifyPassword(t.Context(), m.Host, account.PasswordAttempt{Identifier: typed, Password: secret.NewText(text)})
	}
	for _, typed := range []string{"per@home.example", " PER@home.example"} {
		v, err := try(typed, good)
		require.NoError(t, err)
		require.Equal(t, policy.AccountID("per"), v.Account)
	}
	said := make(map[string]bool)
	before := len(m.Events(accounttest.Tenant))
	for i := range 20 {
		_, err := try(fmt.Sprintf("nobody%d@home.example", i), good)
		refused(t, err, account.CodeWrongPassword)
		said[err.Error()] = true
	}
	for _, typed := range []string{"not one at all", "\xff", "gil"} {
		_, err := try(typed, good)
		refused(t, err, account.CodeWrongPassword)
		said[err.Error()] = true
	}
	require.Len(t, m.Events(accounttest.Tenant), before+1, "guesses leave one record")
	_, err := try(perMail, "wrong")
	refused(t, err, account.CodeWrongPassword)
	said[err.Error()] = true
	require.Len(t, said, 1)
	for _, a := range []account.PasswordAttempt{{}, {Account: "per", Identifier: perMail, Password: secret.NewText(good)}} {
		_, err := m.App.Host.Account.VerifyPassword(t.Context(), m.Host, a)
		var i *policy.Invalid
		require.ErrorAs(t, err, &i)
	}
}

func TestManyAccountsAreToldOneNameAndOneGetsIt(t *testing.T) {
	m := mail(t)
	var errs [64]error
	for i := range errs {
		m.Person(policy.AccountID(fmt.Sprint("p", i)), policy.Work)
	}
	testkit.Together(len(errs), func(i int) { errs[i] = m.give(t, policy.AccountID(fmt.Sprint("p", i)), account.UserName, "wanted") })
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, account.CodeIdentifierTaken)
	}
	require.Equal(t, 1, won)
}

func FuzzWhatIsKeptIsFoundAgain(f *testing.F) {
	for _, s := range []string{"ada", "Ada@Contoso.example", "ａda", "K@x.y", "ﬁ", "İ"} {
		f.Add(s)
	}
	w := accounttest.New(f)
	w.Person("ada", policy.Work)
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []account.IdentifierKind{account.UserName, account.Email} {
			fork := w.Fork(t)
			if fork.App.Host.Account.AddIdentifier(t.Context(), fork.Host, account.NewIdentifier{Account: "ada", Kind: kind, Text: text}) != nil {
				continue
			}
			for _, typed := range []string{text, strings.ToUpper(text), " " + text} {
				id, err := fork.App.Host.Account.Lookup(t.Context(), fork.Host, typed)
				require.NoError(t, err, "%q", typed)
				require.Equal(t, policy.AccountID("ada"), id)
			}
		}
	})
}

func TestWhenThePrimaryOneGoesTheOneThatWasProvenFirstTakesItsPlace(t *testing.T) {
	m := mail(t)
	prove := func(text string, ago time.Duration) {
		t.Helper()
		n := account.NewIdentifier{Account: "per", Kind: account.Email, Text: text, ProvenAt: m.Clock.Now().Add(-ago)}
		if ago == 0 {
			n.ProvenAt = time.Time{}
		}
		require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, n))
	}
	prove("a-unproven@home.example", 0)
	prove("b-late@home.example", time.Hour)
	prove("c-early@home.example", 2*time.Hour)
	prove("d-gone@home.example", 3*time.Hour)
	m.add(t, "per", account.UserName, "per")
	remove := func(text string) []policy.Fact {
		t.Helper()
		require.NoError(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "per", text))
		all := m.Events(accounttest.Tenant)
		return all[len(all)-1].Facts
	}
	removed, promoted := policy.Fact{Name: "removed", Value: "e-mail"}, policy.Fact{Name: "promoted", Value: "e-mail"}
	require.Equal(t, []policy.Fact{removed}, remove("d-gone@home.example"), "it was not the primary one")
	for _, want := range []string{"c-early@home.example", "b-late@home.example", "a-unproven@home.example"} {
		require.Equal(t, []policy.Fact{removed, promoted}, remove(m.emails(t, m.per)[0]))
		first := m.profile(t, m.per).Emails[0]
		require.Equal(t, want, first.Address)
		require.True(t, first.Primary)
	}
	require.Equal(t, []policy.Fact{removed}, remove("a-unproven@home.example"), "none is left")
	require.Equal(t, []string{"per"}, m.profile(t, m.per).UserNames, "a user name takes no address's place")
}

func TestAnAddressThatWasNotProvenGoesToNobodyWhoProvesIt(t *testing.T) {
	m := mail(t)
	const shared = "office@contoso.example"
	require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, account.NewIdentifier{Account: "ada", Kind: account.Email, Text: shared}))
	id, code := m.ask(t, m.session.Actor, perMail, shared)
	refused(t, m.confirm(t, m.session.Actor, id, code), account.CodeIdentifierTaken)
	refused(t, m.give(t, "per", account.Email, shared), account.CodeIdentifierTaken)
	require.Equal(t, policy.AccountID("ada"), m.lookup(t, shared), "who signs in as that goes on as who they were")
	require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail))
	require.NotContains(t, m.notices(t, "ada"), shared, "but no notice goes there")
	require.NoError(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "ada", shared))
	refused(t, m.give(t, "per", account.Email, shared), account.CodeIdentifierTaken)
	m.add(t, "ada", account.Email, shared)
	require.Contains(t, m.notices(t, "ada"), shared)
}
