package account_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // whatever the host has

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// known is a world where the directory has told about Ada, a member of the organization, Per, whose account is his own,
// and Gil, a guest.
type known struct {
	*accounttest.World
	ada, per, gil, admin policy.Actor
}

func people(t *testing.T, options ...myaccount.Option) known {
	w := accounttest.New(t, options...)
	k := known{w, w.Person("ada", policy.Work), w.Person("per", policy.Personal), w.Person("gil", policy.Guest), w.Admin("root", policy.UserAdministrator)}
	for _, p := range []account.Profile{
		{Account: "ada", DisplayName: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Title: "Analyst", Manager: "root", MobilePhone: "+44 20 7946 0000", Language: "en-GB"},
		{Account: "root", DisplayName: "Charles Babbage"},
		{Account: "per", DisplayName: "Per"},
		{Account: "gil", DisplayName: "Gil"},
	} {
		require.NoError(t, w.App.Host.Account.PutProfile(t.Context(), w.Host, p))
	}
	return k
}

func (k known) profile(t *testing.T, a policy.Actor) account.ProfileView {
	t.Helper()
	v, err := k.App.Account.Profile(t.Context(), a)
	require.NoError(t, err)
	return v
}

func set(name account.Attribute, value string) account.ProfileUpdate {
	return account.ProfileUpdate{Set: map[account.Attribute]string{name: value}}
}

func refused(t *testing.T, err error, want policy.Code) policy.Decision {
	t.Helper()
	var denied *policy.Denied
	require.ErrorAs(t, err, &denied)
	require.Equal(t, want, denied.Reason().Code, "%v", err)
	return denied.Decision
}

func invalid(t *testing.T, err error, field string) {
	t.Helper()
	var i *policy.Invalid
	require.ErrorAs(t, err, &i)
	require.Equal(t, field, i.Field, "%v", err)
}

func TestAWorkProfileIsTheOrganizationsAndARefusalSaysWhomToAsk(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Policy.SetContact(t.Context(), k.Host, "the help desk, extension 4711"))
	err := k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Title, "Director"))
	d := refused(t, err, account.CodeAttributeReadOnly)
	require.Equal(t, "the help desk, extension 4711", d.Contact)
	require.Equal(t, policy.AskAdministrator, d.Reason().Remedy)
	require.Contains(t, d.Reason().Message(), "Job title")
	f, ok := k.profile(t, k.ada).Field(account.Title)
	require.True(t, ok)
	require.Equal(t, "Analyst", f.Value)
	require.Equal(t, account.CodeAttributeReadOnly, f.Edit.Reason().Code, "what the form greys out is what an update refuses")
}

func TestAPersonalProfileIsThePersonsOwn(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.DisplayName, "  Per Martin-Löf ")))
	v := k.profile(t, k.per)
	f, _ := v.Field(account.DisplayName)
	require.Equal(t, "Per Martin-Löf", f.Value)
	require.True(t, f.Edit.Allowed)
	_, shown := v.Field(account.Department)
	require.False(t, shown, "an account of nobody's organization has no department")
	refused(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.Department, "Logic")), account.CodeAttributeOff)
}

func TestAnUpdateIsTakenWholeOrNotAtAll(t *testing.T) {
	k := people(t)
	before := k.profile(t, k.ada)
	u := account.ProfileUpdate{Set: map[account.Attribute]string{account.Language: "de-CH", account.Title: "Director", account.TimeZone: "Europe/Zurich"}}
	refused(t, k.App.Account.UpdateProfile(t.Context(), k.ada, u), account.CodeAttributeReadOnly)
	require.Empty(t, cmp.Diff(before, k.profile(t, k.ada), cmp.Comparer(policy.Decision.Equal)))
}

func TestAllThatIsWrongWithAnUpdateIsToldAtOnce(t *testing.T) {
	k := people(t)
	schema := account.DefaultSchema()
	rule := schema.Rules[account.GivenName]
	rule.Pattern = "[A-Z][a-z]+"
	schema.Rules[account.GivenName] = rule
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, schema))
	before := rowsOf(t, k.World)
	err := k.App.Account.UpdateProfile(t.Context(), k.per, account.ProfileUpdate{Set: map[account.Attribute]string{
		account.DisplayName: "", account.GivenName: "per", account.MobilePhone: "no number", account.Region: "DE", account.TimeZone: "Nowhere/Land"}})
	var wrong policy.Invalids
	require.ErrorAs(t, err, &wrong)
	var fields []string
	for _, one := range wrong {
		fields = append(fields, one.Field)
	}
	invalid(t, err, "display-name") // the first, for who asks for one
	require.Equal(t, []string{"display-name", "given-name", "mobile-phone", "time-zone"}, fields)
	requireSame(t, before, rowsOf(t, k.World))
}

func TestAFormMaySendAllThatItShowed(t *testing.T) {
	k := people(t)
	v := k.profile(t, k.ada)
	u := account.ProfileUpdate{Revision: v.Revision, Set: map[account.Attribute]string{}}
	for _, f := range v.Fields {
		if f.Input != account.FileInput {
			u.Set[f.Attribute] = f.Value
		}
	}
	u.Set[account.TimeZone] = "Europe/London"
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.ada, u))
	f, _ := k.profile(t, k.ada).Field(account.TimeZone)
	require.Equal(t, "Europe/London", f.Value)

	conflict := k.App.Account.UpdateProfile(t.Context(), k.ada, u)
	require.ErrorIs(t, conflict, store.ErrConflict, "the form is of a profile that has changed")
}

func TestAProfileIsTidiedAsItWillBeWritten(t *testing.T) {
	k := people(t)
	tidied, err := account.Profile{Account: "ada", DisplayName: "  Ada ", Language: "en-gb", Region: "gb", Source: "Active Directory"}.Tidied()
	require.NoError(t, err)
	require.Equal(t, account.Profile{Account: "ada", DisplayName: "Ada", Language: "en-GB", Region: "GB", Source: "Active Directory"}, tidied)
	require.NoError(t, k.App.Host.Account.PutProfile(t.Context(), k.Host, account.Profile{Account: "ada", DisplayName: "  Ada ", Language: "en-gb", Region: "gb", Source: "Active Directory"}))
	written, err := k.App.Admin.Account.Profile(t.Context(), k.Host, "ada")
	require.NoError(t, err)
	tidied.Tenant, tidied.Photo, tidied.Revision = written.Tenant, written.Photo, written.Revision
	require.Equal(t, written, tidied)

	_, err = account.Profile{MobilePhone: "call me"}.Tidied()
	invalid(t, err, string(account.MobilePhone))
	_, err = account.Profile{Source: strings.Repeat("x", 129)}.Tidied()
	invalid(t, err, "source")
}

func TestAnUpdateThatChangesNothingLeavesNoEvent(t *testing.T) {
	k := people(t)
	before := len(k.Events(accounttest.Tenant))
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Title, "Analyst")))
	require.Len(t, k.Events(accounttest.Tenant), before)
}

func TestAChangeLeavesAnEventThatNamesTheAttributesAndNotTheirValues(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.MobilePhone, "+46 8 123 456")))
	events := k.Events(accounttest.Tenant)
	e := events[len(events)-1]
	for _, other := range events {
		if other.Seq > e.Seq {
			e = other
		}
	}
	require.Equal(t, "Update user", e.Activity)
	require.Equal(t, policy.AccountID("per"), e.Account)
	require.Equal(t, []policy.Fact{{Name: "changed", Value: "mobile-phone"}}, e.Facts)
}

func TestWhatIsSynchronizedCanBeChangedOnlyInItsDirectory(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, account.EntraDefaults()))
	p, err := k.App.Admin.Account.Profile(t.Context(), k.admin, "ada")
	require.NoError(t, err)
	p.Source = "Active Directory"
	require.NoError(t, k.App.Host.Account.PutProfile(t.Context(), k.Host, p))
	d := refused(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.MobilePhone, "+44 20 7946 0001")), account.CodeSynchronized)
	require.Contains(t, d.Reason().Message(), "Active Directory")
	refused(t, k.App.Admin.Account.UpdateProfile(t.Context(), k.admin, "ada", set(account.Title, "Director")), account.CodeSynchronized)
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Language, "fr")), "language stays the cloud's")
}

func TestAProfileThatIsReadOnlyAnywaySaysWhereItComesFrom(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Host.Account.PutProfile(t.Context(), k.Host, account.Profile{Account: "ada", DisplayName: "Ada", Source: "Active Directory"}))
	d := refused(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Title, "Director")), account.CodeSynchronized)
	require.Contains(t, d.Reason().Message(), "Active Directory")
	v := k.profile(t, k.ada)
	name, _ := v.Field(account.DisplayName)
	require.Equal(t, account.CodeSynchronized, name.Edit.Reason().Code)
	photo, _ := v.Field(account.Photo)
	require.Equal(t, account.CodeAttributeReadOnly, photo.Edit.Reason().Code, "which no directory has")
}

func TestAnAttributeThatIsOffCannotBeGuessed(t *testing.T) {
	k := people(t)
	s := account.DefaultSchema()
	s.Rules[account.Title] = account.AttributeRule{}
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, s))
	wrong := k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Title, "Director"))
	refused(t, wrong, account.CodeAttributeOff)
	for _, guess := range []string{"Analyst", " Analyst ", ""} {
		require.Equal(t, wrong, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Title, guess)), guess)
	}
	require.NoError(t, k.App.Admin.Account.UpdateProfile(t.Context(), k.admin, "ada", set(account.Title, "Analyst")), "an administrator sees it")
}

func TestNobodyReadsANameByTakingItsAccountForTheirManager(t *testing.T) {
	k := people(t)
	s := account.DefaultSchema()
	s.Rules[account.Manager] = account.AttributeRule{Work: policy.Edit}
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, s))
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Manager, "per")))
	f, _ := k.profile(t, k.ada).Field(account.Manager)
	require.Equal(t, "per", f.Shown, "the person named it, and learns no more")

	p, err := k.App.Admin.Account.Profile(t.Context(), k.admin, "ada")
	require.NoError(t, err)
	p.Source = "Active Directory"
	require.NoError(t, k.App.Host.Account.PutProfile(t.Context(), k.Host, p))
	f, _ = k.profile(t, k.ada).Field(account.Manager)
	require.Equal(t, "Per", f.Shown, "a directory named it")
}

func TestTheEntraDefaultsOpenPhotoAndMobilePhone(t *testing.T) {
	k := people(t)
	refused(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.MobilePhone, "")), account.CodeAttributeReadOnly)
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, account.EntraDefaults()))
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.MobilePhone, "")))
	photo, ok := k.profile(t, k.ada).Field(account.Photo)
	require.True(t, ok)
	require.True(t, photo.Edit.Allowed)
}

func TestASchemaSaysWhoSeesWhatAndWhatItLooksLike(t *testing.T) {
	k := people(t)
	s := account.DefaultSchema()
	s.Rules[account.Office] = account.AttributeRule{Work: policy.Edit, Required: true, Longest: 6, Pattern: `[A-Z]\d+`}
	s.Rules[account.Title] = account.AttributeRule{}
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, s))
	v := k.profile(t, k.ada)
	_, shown := v.Field(account.Title)
	require.False(t, shown)
	refused(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Title, "Director")), account.CodeAttributeOff)
	office, _ := v.Field(account.Office)
	require.Equal(t, 6, office.Longest)
	require.Equal(t, `[A-Z]\d+`, office.Pattern)
	require.True(t, office.Required)
	for _, wrong := range []string{"a12", "A12 ", "A1234567", "xA12x", "A12\u202e", "A"} {
		err := k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Office, wrong))
		if strings.TrimSpace(wrong) == "A12" {
			require.NoError(t, err)
			continue
		}
		invalid(t, err, "office")
	}
	invalid(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Office, "")), "office")
}

func TestASchemaThatNamesNothingIsTheDefaultOne(t *testing.T) {
	k := people(t)
	before := k.profile(t, k.ada).Fields
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, account.Schema{}))
	require.Equal(t, before, k.profile(t, k.ada).Fields)
	require.Empty(t, k.last().Facts, "nothing has changed")
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, account.EntraDefaults()))
	require.Equal(t, []policy.Fact{{Name: "changed", Value: "photo"}, {Name: "changed", Value: "mobile-phone"}}, k.last().Facts)
}

func TestASchemaThatCannotHoldIsRefusedByItsField(t *testing.T) {
	k := people(t)
	for field, rule := range map[string]struct {
		of   account.Attribute
		rule account.AttributeRule
	}{
		"rules.shoe-size":          {"shoe-size", account.AttributeRule{}},
		"rules.office.longest":     {account.Office, account.AttributeRule{Longest: 129}},
		"rules.office.pattern":     {account.Office, account.AttributeRule{Pattern: "("}},
		"rules.office":             {account.Office, account.AttributeRule{Work: 7}},
		"rules.photo.pattern":      {account.Photo, account.AttributeRule{Pattern: "x"}},
		"rules.photo.required":     {account.Photo, account.AttributeRule{Required: true}},
		"rules.photo.longest":      {account.Photo, account.AttributeRule{Longest: 1}},
		"rules.e-mail.pattern":     {account.EmailAddress, account.AttributeRule{Pattern: "x"}},
		"rules.e-mail.required":    {account.EmailAddress, account.AttributeRule{Required: true}},
		"rules.e-mail.longest":     {account.EmailAddress, account.AttributeRule{Longest: 1}},
		"rules.department.pattern": {account.Department, account.AttributeRule{Pattern: strings.Repeat(`[a-z]{1000}`, 20)}},
		"rules.given-name.pattern": {account.GivenName, account.AttributeRule{Pattern: `(?:\w{0,30}\s){0,30}`}},
		"rules.title.pattern":      {account.Title, account.AttributeRule{Pattern: strings.Repeat("a", account.MaxPattern+1)}},
		"rules.manager.pattern":    {account.Manager, account.AttributeRule{Pattern: "a)(b"}},
	} {
		s := account.Schema{Rules: map[account.Attribute]account.AttributeRule{rule.of: rule.rule}}
		invalid(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, s), field)
	}
	got, err := k.App.Admin.Account.Schema(t.Context(), k.Host)
	require.NoError(t, err)
	require.Equal(t, account.DefaultSchema().Rules, got.Rules, "nothing was set")
}

func TestAValueIsTidiedOrRefusedWithWhatWouldBeRight(t *testing.T) {
	k := people(t)
	for _, c := range []struct {
		of         account.Attribute
		give, want string // want is empty for what is refused
	}{
		{account.Language, "DE-ch", "de-CH"}, {account.Language, "english please", ""}, {account.Language, "und", ""},
		{account.Language, "und-DE", ""}, {account.Language, "x-private", ""}, {account.Language, "sr-Latn-RS", "sr-Latn-RS"},
		{account.Region, "gb", "GB"}, {account.Region, "UK", "GB"}, {account.Region, "419", ""}, {account.Region, "Europe", ""},
		{account.TimeZone, "Europe/Zurich", "Europe/Zurich"}, {account.TimeZone, "Local", ""}, {account.TimeZone, "../../etc/passwd", ""}, {account.TimeZone, "Mars/Olympus", ""},
		{account.TimeZone, "localtime", ""}, {account.TimeZone, "Factory", ""}, {account.TimeZone, "posixrules", ""}, {account.TimeZone, "right/Europe/Berlin", ""}, {account.TimeZone, "posix/Europe/Berlin", ""},
		{account.TimeZone, "UTC", "UTC"}, {account.TimeZone, "Etc/GMT+5", "Etc/GMT+5"}, {account.TimeZone, "Europe", ""}, {account.TimeZone, "Europe/Zurich\nEurope/Berlin", ""},
		{account.MobilePhone, "+49 (30) 123-456 x7", "+49 (30) 123-456 x7"}, {account.MobilePhone, "call me", ""}, {account.MobilePhone, "12", ""}, {account.MobilePhone, "12+3456", ""},
		{account.MobilePhone, "x123", ""}, {account.MobilePhone, "123456x", ""}, {account.MobilePhone, "123x4x5", ""}, {account.MobilePhone, "123 x 45", "123 x 45"},
		{account.DisplayName, strings.Repeat("é", 256), strings.Repeat("é", 256)}, {account.DisplayName, strings.Repeat("é", 257), ""},
		{account.DisplayName, "", ""}, {account.DisplayName, " \t", ""}, {account.DisplayName, "a\x00b", ""}, {account.DisplayName, "a\u202eb", ""}, {account.DisplayName, "\xff", ""},
		{account.DisplayName, "<b>Per</b>", "<b>Per</b>"},
		{account.DisplayName, "\u200b", ""}, {account.DisplayName, "\u3164", ""}, {account.DisplayName, "\ufeff", ""}, {account.DisplayName, "\U000E0041", ""},
		{account.DisplayName, "\u2800\u00ad", ""}, {account.DisplayName, "\u115f\u1160\uffa0", ""}, {account.DisplayName, "\u0605", ""}, {account.DisplayName, "\u200d\ufe0f\u0301", ""},
		{account.DisplayName, "\U0001F469\u200d\U0001F52C", "\U0001F469\u200d\U0001F52C"}, {account.DisplayName, "\u05d3\u05d5\u05d3", "\u05d3\u05d5\u05d3"}, {account.DisplayName, "\u0646\u0645\u200c\u0647", "\u0646\u0645\u200c\u0647"},
	} {
		err := k.App.Account.UpdateProfile(t.Context(), k.per, set(c.of, c.give))
		if c.want == "" {
			invalid(t, err, string(c.of))
			continue
		}
		require.NoError(t, err, "%s %q", c.of, c.give)
		f, _ := k.profile(t, k.per).Field(c.of)
		require.Equal(t, c.want, f.Value)
	}
	invalid(t, k.App.Account.UpdateProfile(t.Context(), k.per, set("shoe-size", "44")), "shoe-size")
	invalid(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.Photo, "x")), "photo")
}

func TestWhatShowsNothingIsEmpty(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.GivenName, "Per")))
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.GivenName, "\u200b\u3164")))
	f, _ := k.profile(t, k.per).Field(account.GivenName)
	require.Empty(t, f.Value)
}

func TestEveryTimeZoneOfTheListIsOne(t *testing.T) {
	zones := account.TimeZones()
	require.True(t, slices.IsSorted(zones), "or some are not found")
	require.Greater(t, len(zones), 500)
	for _, z := range zones {
		_, err := time.LoadLocation(z)
		require.NoError(t, err, z)
	}
	zones[0] = "Mars/Olympus"
	require.NotEqual(t, zones, account.TimeZones(), "a caller's list is theirs")
}

// between does something after each of a store's updates.
type between struct {
	account.Store
	do func()
}

func (b between) Update(ctx context.Context, fn func(account.Tx) error) error {
	defer b.do()
	return b.Store.Update(ctx, fn)
}

// asked is a schema that wants an office to match.
func asked(pattern string) account.Schema {
	s := account.DefaultSchema()
	s.Rules[account.Office] = account.AttributeRule{Work: policy.Edit, Pattern: pattern}
	return s
}

func TestAValueIsHeldAgainstThePatternThatIsThereWhenItIsWritten(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, asked(`[A-Z]\d+`)))
	changes := 0
	room := over(t, k.World, between{k.DB.Account(), func() {
		if changes++; changes == 1 {
			require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, asked(`\d+`)))
		}
	}})
	invalid(t, room.Service.UpdateProfile(t.Context(), k.ada, set(account.Office, "A12")), "office")
	require.NoError(t, room.Service.UpdateProfile(t.Context(), k.ada, set(account.Office, "12")))
}

func TestAnUpdateGivesUpOnASchemaThatChangesAllTheTime(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, asked(`.`)))
	changes := 0
	room := over(t, k.World, between{k.DB.Account(), func() {
		changes++
		require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, asked(`.{`+strconv.Itoa(changes)+`}`)))
	}})
	require.ErrorIs(t, room.Service.UpdateProfile(t.Context(), k.ada, set(account.Office, "1234")), store.ErrConflict)
	require.LessOrEqual(t, changes, 3)
	office, _ := k.profile(t, k.ada).Field(account.Office)
	require.Empty(t, office.Value)
}

func TestManyPatternsAreMatchedEachByItself(t *testing.T) {
	k := people(t)
	for n := range 100 { // more than are kept compiled
		require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, asked("A"+strconv.Itoa(n))))
		require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Office, "A"+strconv.Itoa(n))))
		invalid(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Office, "B")), "office")
	}
}

func TestWhatACallerNamesIsToldBackCleanAndShort(t *testing.T) {
	k := people(t)
	for _, name := range []account.Attribute{"a\r\n\x1b[31mINJECTED", "\xff", account.Attribute(strings.Repeat("a", 1<<20))} {
		for _, err := range []error{
			k.App.Account.UpdateProfile(t.Context(), k.per, set(name, "x")),
			k.App.Admin.Account.UpdateProfile(t.Context(), k.Host, "per", set(name, "x")),
			k.App.Admin.Account.SetSchema(t.Context(), k.Host, account.Schema{Rules: map[account.Attribute]account.AttributeRule{name: {}}}),
			func() error { _, err := k.App.Account.Can(t.Context(), k.per, policy.Action(name), ""); return err }(),
		} {
			var i *policy.Invalid
			require.ErrorAs(t, err, &i)
			require.NoError(t, policy.CheckText("", i.Error(), 256))
		}
	}
}

func TestAManagerIsAnAccountOfTheTenantAndNotOneself(t *testing.T) {
	k := people(t)
	w := k.World
	w.Tenant("fabrikam")
	w.PersonIn("fabrikam", "eve", policy.Work)
	for _, nobody := range []string{"eve", "nobody", "ada"} {
		refused(t, k.App.Admin.Account.UpdateProfile(t.Context(), k.admin, "ada", set(account.Manager, nobody)), account.CodeUnknownManager)
	}
	require.NoError(t, k.App.Admin.Account.UpdateProfile(t.Context(), k.admin, "ada", set(account.Manager, "per")))
	f, _ := k.profile(t, k.ada).Field(account.Manager)
	require.Equal(t, "per", f.Value)
	require.Equal(t, "Per", f.Shown, "people see a name")
}

func TestALockedProfileIsShownAndAcceptsNothingNew(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Policy.Lock(t.Context(), k.Host, account.AreaProfile))
	refused(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.DisplayName, "Pelle")), policy.CodeAreaReadOnly)
	require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.DisplayName, "Per")), "unchanged")
	require.NoError(t, k.App.Admin.Policy.SetAccess(t.Context(), k.Host, account.AreaAccount, policy.Off))
	_, err := k.App.Account.Profile(t.Context(), k.per)
	refused(t, err, policy.CodeAreaOff)
}

func TestAProfileOfNobodyIsNotFound(t *testing.T) {
	k := people(t)
	_, err := k.App.Admin.Account.Profile(t.Context(), k.admin, "nobody")
	require.ErrorIs(t, err, store.ErrNotFound)
	err = k.App.Host.Account.PutProfile(t.Context(), k.Host, account.Profile{Account: "nobody"})
	require.ErrorIs(t, err, store.ErrNotFound)
	require.False(t, errors.Is(k.App.Host.Account.PutProfile(t.Context(), k.Host, account.Profile{Account: "ada"}), store.ErrNotFound))
}

func TestEditsToASchemaThatWasShownChangeNothing(t *testing.T) {
	k := people(t)
	for range 2 {
		s, err := k.App.Admin.Account.Schema(t.Context(), k.Host)
		require.NoError(t, err)
		require.Equal(t, account.DefaultSchema().Rules, s.Rules)
		s.Rules[account.Title] = account.AttributeRule{Work: policy.Edit}
		refused(t, k.App.Account.UpdateProfile(t.Context(), k.ada, set(account.Title, "Director")), account.CodeAttributeReadOnly)
	}
}
