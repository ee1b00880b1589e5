package account_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// brand is acceptable as a password, with a second factor, to who has not banned it.
const brand = "Qu@rtzw0rks"

func (k known) ban(t *testing.T, terms ...string) {
	t.Helper()
	require.NoError(t, k.App.Admin.Account.SetBannedPasswords(t.Context(), k.Host, account.BannedPasswords{Terms: terms}))
}

func (k known) banned(t *testing.T) account.BannedPasswords {
	t.Helper()
	b, err := k.App.Admin.Account.BannedPasswords(t.Context(), k.Host)
	require.NoError(t, err)
	return b
}

func TestWhatAnOrganizationBansIsRefusedWhereverAPasswordIsSet(t *testing.T) {
	k := passwords(t)
	k.Person("una", policy.Personal)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.SecondFactorAlways, 1))
	una := k.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "una"})
	doors := map[string]func(fresh string) error{
		"a change": func(fresh string) error { return k.change(t, k.session.Actor, good, fresh) },
		"a first password": func(fresh string) error {
			return k.App.Account.SetFirstPassword(t.Context(), una, secret.NewText(fresh))
		},
		"the host": func(fresh string) error {
			return k.App.Host.Account.SetPassword(t.Context(), k.Host, "ada", secret.NewText(fresh))
		},
	}
	k.ban(t, "quartzworks", "glasgow")
	for door, set := range doors {
		for fresh, code := range map[string]password.Code{brand: password.Common, "quartzw0rk5": password.Common, "QuartzworksGl@sgow12": password.Guessable} {
			var no *password.Unacceptable
			require.ErrorAs(t, set(fresh), &no, "%s by %s", fresh, door)
			require.Equal(t, code, no.Problems[0].Code, "%s by %s", fresh, door)
		}
	}
	hash, err := quick(t, k.World).Hash(t.Context(), secret.NewText(brand))
	require.NoError(t, err)
	require.NoError(t, k.App.Host.Account.ImportHash(t.Context(), k.Host, "gil", hash), "what comes from elsewhere was accepted there")
	require.NoError(t, k.verify(t, "gil", brand, true))

	k.Tenant("fabrikam")
	k.PersonIn("fabrikam", "ada", policy.Work)
	far := policy.Host("test-host", "fabrikam")
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), far, account.SecondFactorAlways, 1))
	require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), far, "ada", secret.NewText(brand)), "another organization's words are its own")

	k.ban(t)
	for door, set := range doors {
		require.NoError(t, set(brand), door)
	}
}

func TestBannedPasswordsAreKeptAsTheyAreFoundAndCountedInTheEvent(t *testing.T) {
	k := people(t)
	require.Equal(t, account.BannedPasswords{Tenant: accounttest.Tenant}, k.banned(t))
	before := len(k.Events(accounttest.Tenant))
	k.ban(t, "Qu@rtzw0rks", "Glasgow", "quartzworks")
	b := k.banned(t)
	require.Equal(t, []string{"glasgow", "quartzworks"}, b.Terms)
	events := k.Events(accounttest.Tenant)
	require.Len(t, events, before+1)
	e := events[len(events)-1]
	require.Equal(t, account.SetBannedPasswords, e.Action)
	require.Equal(t, []policy.Fact{{Name: "banned-passwords", Value: "2"}}, e.Facts)
	require.Equal(t, b.Revision, e.Revision)
	for _, term := range []string{"glasgow", "quartz", "Qu@rtz"} {
		require.NotContains(t, strings.ToLower(fmt.Sprintf("%+v", events)), strings.ToLower(term))
	}

	b.Terms[0] = "scribbled"
	require.Equal(t, []string{"glasgow", "quartzworks"}, k.banned(t).Terms)
	b.Terms, b.Tenant = []string{"heron"}, "fabrikam"
	require.NoError(t, k.App.Admin.Account.SetBannedPasswords(t.Context(), k.Host, b))
	require.Equal(t, []string{"heron"}, k.banned(t).Terms)
	require.ErrorIs(t, k.App.Admin.Account.SetBannedPasswords(t.Context(), k.Host, b), store.ErrConflict, "somebody else set them meanwhile")
}

func TestATermThatCannotBeBannedIsNamedByItsPlaceWithWhatWouldBeRight(t *testing.T) {
	k := people(t)
	k.ban(t, "quartzworks")
	for field, c := range map[string]struct {
		terms []string
		right string
	}{
		"terms[2]": {[]string{"glasgow", "heron", "abc"}, "4 to 16"},
		"terms[0]": {[]string{strings.Repeat("x", 17)}, "at most 16"},
		"terms[1]": {[]string{"glasgow", "her\non"}, "without control"},
		"terms":    {strings.Fields(strings.Repeat("glasgow ", password.MaxTerms+1)), "at most 1000"},
	} {
		err := k.App.Admin.Account.SetBannedPasswords(t.Context(), k.Host, account.BannedPasswords{Terms: c.terms})
		invalid(t, err, field)
		require.ErrorContains(t, err, c.right)
	}
	require.Equal(t, []string{"quartzworks"}, k.banned(t).Terms, "nothing was set")
}

func TestBannedPasswordsAreSetByThoseWhoHaveTheLicenceAndHoldWithoutIt(t *testing.T) {
	k := passwords(t)
	root := k.Admin("chief", policy.AuthenticationPolicyAdministrator)
	set := func() error {
		return k.App.Admin.Account.SetBannedPasswords(t.Context(), root, account.BannedPasswords{Terms: []string{"quartzworks"}})
	}
	require.NoError(t, k.App.Admin.Policy.Require(t.Context(), k.Host, password.AreaProtection, "P1"))
	require.Equal(t, "P1", refused(t, set(), policy.CodeNotLicensed).Reason().What)
	refused(t, k.App.Admin.Policy.Set(t.Context(), k.Host, password.LockoutThreshold, 5), policy.CodeNotLicensed)
	require.NoError(t, k.App.Admin.Policy.Grant(t.Context(), k.Host, "P1"))
	require.NoError(t, set())
	require.NoError(t, k.App.Admin.Policy.Withdraw(t.Context(), k.Host, "P1"))
	var no *password.Unacceptable
	require.ErrorAs(t, k.change(t, k.session.Actor, good, brand), &no)
	require.Contains(t, no.Problems, password.Problem{Code: password.Common})
}

func TestAListThatAStoreSpoiledIsNoFaultOfThePersons(t *testing.T) {
	k := passwords(t)
	edit(t, k.DB, func(tx account.Tx) error {
		_, err := tx.PutBannedPasswords(account.BannedPasswords{Tenant: accounttest.Tenant, Terms: []string{"abc"}})
		return err
	})
	err := k.change(t, k.session.Actor, good, better)
	require.Error(t, err)
	require.NotErrorAs(t, err, new(*policy.Invalid))
	require.NoError(t, k.verify(t, "per", good, true))
}
