package msgraph_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// staff is a world into which users are imported.
type staff struct {
	*accounttest.World
	*testing.T
}

func newStaff(t *testing.T) staff { return staff{accounttest.New(t), t} }

func doors(app *myaccount.Account) msgraph.UserDoors {
	return msgraph.UserDoors{Accounts: app.Host.Accounts, People: app.Host.Account, Profiles: app.Admin.Account}
}

func (s staff) users(export string, opt ...msgraph.UserOptions) msgraph.Report {
	s.Helper()
	report, err := msgraph.ImportUsers(s.Context(), doors(s.App), s.Host, strings.NewReader(export), append(opt, msgraph.UserOptions{})[0])
	require.NoError(s, err)
	return report
}

// row is all that an import writes of an account.
type row struct {
	Kind    policy.Kind
	State   policy.State
	Names   []account.Identifier
	Profile account.Profile
}

func (s staff) row(id policy.AccountID) (r row) {
	s.Helper()
	st, err := s.App.Host.Accounts.Account(s.Context(), s.Host, id)
	require.NoError(s, err)
	r.Kind, r.State = st.Kind, st.State
	r.Names, err = s.App.Host.Account.Identifiers(s.Context(), s.Host, id)
	require.NoError(s, err)
	r.Profile, err = s.App.Admin.Account.Profile(s.Context(), s.Host, id)
	require.NoError(s, err)
	return r
}

func (s staff) unknown(id policy.AccountID) {
	s.Helper()
	_, err := s.App.Host.Accounts.Account(s.Context(), s.Host, id)
	require.ErrorIs(s, err, store.ErrNotFound)
}

func (s staff) setState(id policy.AccountID, state policy.State) {
	s.Helper()
	require.NoError(s, s.App.Host.Accounts.SetState(s.Context(), s.Host, id, state))
}

func (s staff) events() int { return len(s.Events(accounttest.Tenant)) }

// regardless compares without what only counts writes.
var regardless = cmp.Options{cmpopts.IgnoreFields(account.Identifier{}, "Revision"), cmpopts.IgnoreFields(account.Profile{}, "Revision")}

func TestUsersBecomeAccountsWithNamesAndProfiles(t *testing.T) {
	s := newStaff(t)
	export, proven := string(read(t, "users.json")), s.Clock.Now()
	require.Equal(t, "3 read: 3 imported", s.users(export, msgraph.UserOptions{ProvenAt: proven}).String())

	id := func(of policy.AccountID, kind account.IdentifierKind, text string, at time.Time) account.Identifier {
		return account.Identifier{Tenant: accounttest.Tenant, Key: strings.ToLower(text), Text: text, Account: of, Kind: kind, Primary: true, ProvenAt: at}
	}
	require.Empty(t, cmp.Diff(row{Kind: policy.Work, State: policy.Active,
		Names: []account.Identifier{id(adaID, account.Email, "Ada.Elm@contoso.example", proven), id(adaID, account.UserName, "ada@contoso.example", time.Time{})},
		Profile: account.Profile{Tenant: accounttest.Tenant, Account: adaID, DisplayName: "Ada", GivenName: "Ada", FamilyName: "Elm", Title: "Analyst", Department: "Research", Office: "3/14",
			Manager: bobID, MobilePhone: "+1 2065550100", BusinessPhone: "+1 425 555 0101", Language: "en-US", Region: "US", Source: "Active Directory"},
	}, s.row(adaID), regardless))
	require.Empty(t, cmp.Diff(row{Kind: policy.Work, State: policy.Disabled, // and one name that is both
		Names:   []account.Identifier{id(bobID, account.Email, "BOB@contoso.example", proven)},
		Profile: account.Profile{Tenant: accounttest.Tenant, Account: bobID, DisplayName: "Bob"},
	}, s.row(bobID), regardless))
	require.Equal(t, policy.Guest, s.row(graceID).Kind)

	for typed, want := range map[string]policy.AccountID{"ADA@contoso.example": adaID, "ada.elm@contoso.example": adaID, "bob@contoso.example": bobID, "grace@fabrikam.example": graceID} {
		got, err := s.App.Host.Account.Lookup(t.Context(), s.Host, typed)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	view, err := s.App.Account.Profile(t.Context(), s.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: adaID}))
	require.NoError(t, err)
	manager, _ := view.Field(account.Manager)
	require.Equal(t, "Bob", manager.Shown)
	to, err := s.App.Host.Account.NoticeAddresses(t.Context(), s.Host, adaID)
	require.NoError(t, err)
	require.Equal(t, []string{"Ada.Elm@contoso.example"}, to)
}

func TestImportingUsersTwiceChangesNothingAndLeavesNoEvent(t *testing.T) {
	s := newStaff(t)
	export := string(read(t, "users.json"))
	first := s.Clock.Now()
	s.users(export, msgraph.UserOptions{ProvenAt: first})
	before, events := []row{s.row(adaID), s.row(bobID), s.row(graceID)}, s.events()
	s.Clock.Advance(time.Hour)
	for _, opt := range []msgraph.UserOptions{{ProvenAt: first}, {}, {ProvenAt: s.Clock.Now()}} {
		require.Equal(t, msgraph.Report{Read: 3, Unchanged: 3}, s.users(export, opt))
	}
	require.Empty(t, cmp.Diff(before, []row{s.row(adaID), s.row(bobID), s.row(graceID)}))
	require.Equal(t, events, s.events())
}

func TestAnAddressIsProvenOnlyIfTheHostSaysSo(t *testing.T) {
	s := newStaff(t)
	export := string(read(t, "users.json"))
	s.users(export)
	require.Zero(t, s.row(adaID).Names[0].ProvenAt)
	proven := s.Clock.Now()
	require.Equal(t, "3 read: 3 updated", s.users(export, msgraph.UserOptions{ProvenAt: proven}).String())
	require.Equal(t, proven, s.row(adaID).Names[0].ProvenAt)
	require.Equal(t, "3 read: 3 unchanged", s.users(export).String(), "and what is proven stays so")

	_, err := msgraph.ImportUsers(t.Context(), doors(s.App), s.Host, strings.NewReader(`{"id":"x","accountEnabled":true,"mail":"x@contoso.example"}`),
		msgraph.UserOptions{ProvenAt: proven.Add(time.Hour)})
	name, _ := field(t, err)
	require.Equal(t, "provenAt", name, "an option that is wrong is no record's fault")
	_, err = msgraph.ImportUsers(t.Context(), doors(s.App), s.Host, strings.NewReader(`{}`), msgraph.UserOptions{Source: "\u202e"})
	name, _ = field(t, err)
	require.Equal(t, "source", name)
}

func TestAnImportRevivesNoAccount(t *testing.T) {
	s := newStaff(t)
	export := string(read(t, "users.json"))
	s.users(export)
	s.setState(adaID, policy.Disabled)
	s.setState(graceID, policy.Closed)
	before, events := []row{s.row(adaID), s.row(graceID)}, s.events()
	require.Equal(t, msgraph.Report{Read: 3, Unchanged: 1, KeptDisabled: 2}, s.users(export))
	require.Empty(t, cmp.Diff(before, []row{s.row(adaID), s.row(graceID)}))
	require.Equal(t, events, s.events())

	renamed := strings.ReplaceAll(strings.ReplaceAll(export, "Research", "Sales"), `"Grace"`, `"Hopeful"`)
	require.Equal(t, msgraph.Report{Read: 3, Unchanged: 1, KeptDisabled: 2}, s.users(renamed))
	require.Equal(t, "Sales", s.row(adaID).Profile.Department, "what else the export tells of a disabled account is taken over")
	require.Equal(t, policy.Disabled, s.row(adaID).State)
	require.Equal(t, "Grace", s.row(graceID).Profile.DisplayName, "of a closed one nothing is")

	_, err := s.App.Admin.Account.Delete(t.Context(), s.Host, bobID)
	require.NoError(t, err)
	require.Equal(t, "3 read: 1 unchanged, 2 kept disabled", s.users(strings.ReplaceAll(export, "Bob", "Robert")).String())
	require.Equal(t, policy.Closing, s.row(bobID).State)
	require.Equal(t, "Bob", s.row(bobID).Profile.DisplayName, "nor of one that is being closed")
}

func TestAnExportDisablesAnAccountThatIsActive(t *testing.T) {
	s := newStaff(t)
	export := string(read(t, "users.json"))
	s.users(export)
	disabled := strings.ReplaceAll(export, `"accountEnabled": true`, `"accountEnabled": false`)
	require.Equal(t, "3 read: 2 updated, 1 unchanged", s.users(disabled).String())
	require.Equal(t, policy.Disabled, s.row(adaID).State)
	require.Equal(t, "3 read: 3 unchanged", s.users(disabled).String())
}

func TestARefusedUserLeavesNothingBehind(t *testing.T) {
	s := newStaff(t)
	s.Person("dora", policy.Work)
	for _, n := range []account.NewIdentifier{{Kind: account.UserName, Text: "dora@contoso.example"}, {Kind: account.Email, Text: "gone@contoso.example"}} {
		n.Account = "dora"
		require.NoError(t, s.App.Host.Account.AddIdentifier(t.Context(), s.Host, n))
	}
	require.NoError(t, s.App.Host.Account.RemoveIdentifier(t.Context(), s.Host, "dora", "gone@contoso.example"))
	events := s.events()
	report := s.users(strings.Join([]string{
		`{"id":"a","userPrincipalName":"a@contoso.example"}`,
		`{"id":"b","accountEnabled":true,"userPrincipalName":"b\u00e4r@contoso.example"}`,
		`{"id":"c","accountEnabled":true,"userPrincipalName":"DORA@contoso.example","mail":"c@contoso.example"}`,
		`{"id":"d","accountEnabled":true,"userPrincipalName":"d@contoso.example","mail":"dora@contoso.example"}`,
		`{"id":"e","accountEnabled":false,"userPrincipalName":"e@contoso.example","mail":"Gone@contoso.example"}`,
		`{"id":"f","accountEnabled":true,"userPrincipalName":"f@contoso.example","mail":"f@b\u00fccher.example"}`,
		`{"id":"g","accountEnabled":true,"userPrincipalName":"g@contoso.example","mobilePhone":"ask Dora"}`,
		`{"id":"h","accountEnabled":true,"usageLocation":"XX"}`,
		`{"id":"i","accountEnabled":true,"department":"` + strings.Repeat("x", 65) + `"}`,
		`{"id":"j","accountEnabled":true,"userPrincipalName":"\u212Aim@contoso.example","mail":"kim@contoso.example"}`,
		`{"id":"dora","userType":"Guest","userPrincipalName":"dora2@contoso.example"}`,
	}, "\n"))
	const taken, ascii = "is another account's here, or was once", "want letters from a to z, digits, and '.-_!#^~"
	require.Empty(t, cmp.Diff([]string{
		"record 1, line 1: accountEnabled: is missing; a new account needs it: name it in $select",
		"record 2, line 2: userPrincipalName: has 'ä'; " + ascii,
		"record 3, line 3: userPrincipalName: " + taken,
		"record 4, line 4: mail: " + taken,
		"record 5, line 5: mail: " + taken,
		"record 6, line 6: mail: has a domain that cannot be: it has 'ü'; want letters from a to z, digits, and -; write other letters in their form for DNS, which begins with xn--",
		`record 7, line 7: mobilePhone: has 'a'; want a phone number such as +49 30 123456, with x before an extension`,
		"record 8, line 8: usageLocation: is no country; want its two letters of ISO 3166, such as GB",
		"record 9, line 9: department: has 65 characters; want at most 64",
		"record 10, line 10: userPrincipalName: has '\u212a'; " + ascii,
		"record 11, line 11: userType: is another than that of the account here",
	}, why(report)))
	require.Equal(t, "11 read: 11 refused", report.String())
	for id := range strings.SplitSeq("abcdefghij", "") {
		s.unknown(policy.AccountID(id))
	}
	require.Equal(t, events, s.events())
	require.Len(t, s.row("dora").Names, 2)
}

func TestTheFirstOfTwoUsersWithOneNameGetsIt(t *testing.T) {
	s := newStaff(t)
	report := s.users(`{"id":"a","accountEnabled":true,"mail":"same@contoso.example"}{"id":"b","accountEnabled":true,"userPrincipalName":"Same@contoso.example"}{"id":"c","accountEnabled":true}`)
	require.Equal(t, "3 read: 2 imported, 1 refused", report.String())
	require.EqualError(t, report.Refusals[0], "record 2, line 1: userPrincipalName: is another account's here, or was once")
	s.unknown("b")
	require.Empty(t, s.row("c").Names, "nobody needs a name")
}

func TestWhatTheDirectoryLeavesOutStaysAndWhatIsThePersonsOwnToo(t *testing.T) {
	s := newStaff(t)
	s.users(string(read(t, "users.json")))
	ada := s.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: adaID})
	require.NoError(t, s.App.Account.UpdateProfile(t.Context(), ada, account.ProfileUpdate{Set: map[account.Attribute]string{
		account.Language: "de-CH", account.Region: "CH", account.TimeZone: "Europe/Zurich"}}))
	before := s.row(adaID)
	least := fmt.Sprintf(`{"id":%q}`, adaID)
	require.Equal(t, "1 read: 1 unchanged", s.users(least).String())
	require.Equal(t, "3 read: 3 unchanged", s.users(string(read(t, "users.json"))).String())
	require.Empty(t, cmp.Diff(before, s.row(adaID)))
	require.Equal(t, "1 read: 1 updated", s.users(fmt.Sprintf(`{"id":%q,"jobTitle":"Director","onPremisesSyncEnabled":false}`, adaID)).String())
	before.Profile.Title, before.Profile.Source = "Director", ""
	require.Empty(t, cmp.Diff(before, s.row(adaID), regardless))
}

func TestAFurtherNameBecomesTheFirstAndOneThatWasGivenUpStaysSo(t *testing.T) {
	s := newStaff(t)
	s.users(`{"id":"a","accountEnabled":true,"userPrincipalName":"a@contoso.example","mail":"mail@contoso.example"}`)
	require.NoError(t, s.App.Host.Account.RemoveIdentifier(t.Context(), s.Host, "a", "mail@contoso.example"))
	renamed := `{"id":"a","accountEnabled":true,"userPrincipalName":"b@contoso.example","mail":"mail@contoso.example"}`
	require.Equal(t, "1 read: 1 updated", s.users(renamed).String())
	require.Equal(t, "1 read: 1 unchanged", s.users(renamed).String())
	var primary, live []string
	for _, n := range s.row("a").Names {
		if n.RetiredAt.IsZero() {
			live = append(live, n.Text)
		}
		if n.Primary {
			primary = append(primary, n.Text)
		}
	}
	slices.Sort(live)
	require.Equal(t, []string{"b@contoso.example"}, primary)
	require.Equal(t, []string{"a@contoso.example", "b@contoso.example"}, live)

	for i := range account.MaxIdentifiers - 2 {
		s.users(fmt.Sprintf(`{"id":"a","userPrincipalName":"n%d@contoso.example"}`, i))
	}
	require.Equal(t, []string{"record 1, line 1: userPrincipalName: is one more than an account can have here"},
		why(s.users(`{"id":"a","userPrincipalName":"c@contoso.example","jobTitle":"Director"}`)))
	require.Empty(t, s.row("a").Profile.Title)
}

func TestWithoutATypeAGuestIsKnownByTheName(t *testing.T) {
	s := newStaff(t)
	s.users(`{"id":"a","accountEnabled":true,"userPrincipalName":"a_b.example#ext#@contoso.example"}{"id":"b","accountEnabled":true,"userPrincipalName":"b@contoso.example"}
{"id":"c","accountEnabled":true,"userType":"Member","userPrincipalName":"c_b.example#EXT#@contoso.example"}`)
	require.Equal(t, []policy.Kind{policy.Guest, policy.Work, policy.Work}, []policy.Kind{s.row("a").Kind, s.row("b").Kind, s.row("c").Kind})
}

func TestOnlyTheHostImportsUsersAndIntoItsOwnTenant(t *testing.T) {
	s := newStaff(t)
	for _, actor := range []policy.Actor{{}, s.Person("eve", policy.Work), s.Admin("carol", policy.GlobalAdministrator), policy.System("setup")} {
		report, err := msgraph.ImportUsers(t.Context(), doors(s.App), actor, strings.NewReader(string(read(t, "users.json"))), msgraph.UserOptions{})
		var denied *policy.Denied
		require.ErrorAs(t, err, &denied)
		require.Equal(t, msgraph.Report{Read: 1}, report)
	}
	s.Tenant("fabrikam")
	report, err := msgraph.ImportUsers(t.Context(), doors(s.App), policy.Host("sync", "fabrikam"), strings.NewReader(string(read(t, "users.json"))), msgraph.UserOptions{})
	require.NoError(t, err)
	require.Equal(t, 3, report.Imported)
	s.unknown(adaID)
}

func TestAnAccountThatTheHostVouchedForIsTakenOver(t *testing.T) {
	s := staff{accounttest.New(t, myaccount.WithPolicy(policy.Vouch(policy.Work))), t}
	require.NoError(t, s.App.Host.Account.PutProfile(t.Context(), s.Host, account.Profile{Account: "a", DisplayName: "Ada", TimeZone: "Europe/Zurich"}))
	export := `{"id":"a","accountEnabled":true,"jobTitle":"Analyst"}`
	require.Equal(t, "1 read: 1 imported", s.users(export).String())
	require.Equal(t, "1 read: 1 unchanged", s.users(export).String())
	p := s.row("a").Profile
	require.Equal(t, []string{"Ada", "Analyst", "Europe/Zurich"}, []string{p.DisplayName, p.Title, p.TimeZone})
}

var errBroken = errors.New("the store is broken")

// brittle is a store whose writes fail once so many have gone well.
type brittle[T any] struct {
	store.Store[T]
	left *int
}

func (b brittle[T]) Update(ctx context.Context, fn func(T) error) error {
	if *b.left == 0 {
		return errBroken
	}
	*b.left--
	return b.Store.Update(ctx, fn)
}

type brittleDB struct {
	*memstore.Store
	left *int
}

func (b brittleDB) Policy() store.Store[policy.AdminTx] {
	return brittle[policy.AdminTx]{b.Store.Policy(), b.left}
}

func (b brittleDB) Account() account.Store { return brittle[account.Tx]{b.Store.Account(), b.left} }

func TestAFailureLeavesWhatWasWrittenBeforeAndImportingAgainFinishes(t *testing.T) {
	const record = `{"id":"a","accountEnabled":false,"userPrincipalName":"a@contoso.example","mail":"mail@contoso.example","displayName":"Ada"}`
	undisturbed := newStaff(t)
	undisturbed.users(record)
	want := undisturbed.row("a")
	const writes = 5 // the account, its state, two names, the profile
	for k := range writes {
		s := newStaff(t)
		left := k
		app, err := myaccount.New(brittleDB{s.DB, &left}, s.Ring, myaccount.WithPolicy(policy.WithClock(s.Clock.Now)))
		require.NoError(t, err)
		report, err := msgraph.ImportUsers(t.Context(), doors(app), s.Host, strings.NewReader(record), msgraph.UserOptions{})
		require.ErrorIs(t, err, errBroken)
		require.Equal(t, msgraph.Report{Read: 1}, report)
		if k == 0 {
			s.unknown("a")
		} else {
			half := s.row("a")
			require.Equal(t, k == 1, half.State == policy.Active)
			require.Len(t, half.Names, min(max(k-2, 0), 2))
			require.Empty(t, half.Profile.DisplayName)
			if k == 3 {
				require.Equal(t, account.UserName, half.Names[0].Kind)
			}
		}
		again := s.users(record)
		require.Equal(t, k == 0, again.Imported == 1)
		require.Equal(t, 1, again.Imported+again.Updated)
		require.Empty(t, cmp.Diff(want, s.row("a"), regardless))
	}
	s := newStaff(t)
	left := writes
	app, err := myaccount.New(brittleDB{s.DB, &left}, s.Ring, myaccount.WithPolicy(policy.WithClock(s.Clock.Now)))
	require.NoError(t, err)
	_, err = msgraph.ImportUsers(t.Context(), doors(app), s.Host, strings.NewReader(record), msgraph.UserOptions{})
	require.NoError(t, err)
	require.Zero(t, left)
}

func TestRecordsMayBeChangedOnTheWay(t *testing.T) {
	s := newStaff(t)
	report, err := msgraph.TakeUsers(t.Context(), doors(s.App), s.Host, func(yield func(msgraph.User, error) bool) {
		for u, err := range msgraph.Users(strings.NewReader(`{"id":"a","accountEnabled":true}{}`)) {
			u.Profile.Office = "3/14"
			if !yield(u, err) {
				return
			}
		}
	}, msgraph.UserOptions{})
	require.NoError(t, err)
	require.Equal(t, "2 read: 1 imported, 1 refused", report.String())
	require.Equal(t, "3/14", s.row("a").Profile.Office)
}
