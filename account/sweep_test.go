package account_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// The sweep: whatever a person can send about their profile, in whatever state, is refused where it would change what
// they may not, and changes nothing then; what is the same already is accepted everywhere.

// values are a present and another value for each attribute.
var values = map[account.Attribute][2]string{
	account.DisplayName: {"Ada Lovelace", "Ada King"}, account.GivenName: {"Ada", "Augusta"}, account.FamilyName: {"Lovelace", "King"},
	account.Title: {"Analyst", "Countess"}, account.Department: {"Engines", "Looms"}, account.Office: {"1", "2"}, account.Manager: {"root", "bob"},
	account.MobilePhone: {"+44 20 7946 0000", "+44 20 7946 0001"}, account.BusinessPhone: {"+44 20 7946 0002", "+44 20 7946 0003"},
	account.Language: {"en-GB", "fr"}, account.Region: {"GB", "FR"}, account.TimeZone: {"Europe/London", "Europe/Paris"},
}

func attributeNames() []account.Attribute {
	return slices.Sorted(maps.Keys(account.DefaultSchema().Rules))
}

// filled is a profile with all values.
func filled(id policy.AccountID, source string) account.Profile {
	return account.Profile{Account: id, Source: source, DisplayName: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Title: "Analyst", Department: "Engines",
		Office: "1", Manager: "root", MobilePhone: "+44 20 7946 0000", BusinessPhone: "+44 20 7946 0002", Language: "en-GB", Region: "GB", TimeZone: "Europe/London"}
}

func TestEveryAttributeIsSweptAndNothingElseIsSetByAnUpdate(t *testing.T) {
	attributes := attributeNames()
	require.Len(t, attributes, len(values)+len([]account.Attribute{account.Photo, account.EmailAddress}), "sweep what is new; these are not set by an update")
	// Of a profile, what is no attribute cannot be named in an update at all.
	p := reflect.ValueOf(filled("ada", "x"))
	require.Equal(t, len(values)+len([]string{"Photo", "Tenant", "Account", "Source", "Revision"}), p.NumField())
	k := people(t)
	before := saved(t, k.DB)
	for i := range p.NumField() {
		name := p.Type().Field(i).Name
		invalid(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(account.Attribute(name), "x")), name)
	}
	for _, name := range []account.Attribute{"tenant", "account", "source", "revision", "kind", "photo", "e-mail", "", "display-name\x00", "Display-Name"} {
		invalid(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(name, "")), policy.CleanText(string(name), 64))
		invalid(t, k.App.Admin.Account.UpdateProfile(t.Context(), k.Host, "per", set(name, "")), policy.CleanText(string(name), 64))
	}
	requireSame(t, before, saved(t, k.DB))
}

func TestWhatAPersonMayNotChangeIsRefusedAndChangesNothing(t *testing.T) {
	base := people(t)
	base.Person("bob", policy.Work)
	who := map[policy.Kind]policy.Actor{policy.Work: base.ada, policy.Personal: base.per, policy.Guest: base.gil}
	for _, source := range []string{"", "Active Directory"} {
		for _, id := range []policy.AccountID{"ada", "per", "gil"} {
			require.NoError(t, base.App.Host.Account.PutProfile(t.Context(), base.Host, filled(id, source)))
		}
		for _, open := range []policy.Access{policy.Off, policy.ReadOnly, policy.Edit} {
			for _, area := range []policy.Access{policy.ReadOnly, policy.Edit} {
				w := base.Fork(t)
				s := account.DefaultSchema()
				for a := range s.Rules {
					s.Rules[a] = account.AttributeRule{Work: open, Personal: open, Guest: open}
				}
				require.NoError(t, w.App.Admin.Account.SetSchema(t.Context(), w.Host, s))
				require.NoError(t, w.App.Admin.Policy.SetAccess(t.Context(), w.Host, account.AreaProfile, area))
				for kind, actor := range who {
					sweep(t, w.Fork, actor, fmt.Sprintf("%s, source %q, open %s, area %s", kind, source, open, area), open == policy.Off, func(a account.Attribute) policy.Code {
						return ifKept(a)(testkit.Somebody{Kind: kind}, condition{synchronized: source != "", open: map[policy.Kind]policy.Access{kind: open},
							Tenant: testkit.Tenant{Access: map[policy.Area]policy.Access{account.AreaProfile: area}}})
					})
				}
			}
		}
	}
}

// sweep sends each attribute as it is, cleared and with another value, alone and beside one that is the same. Hidden ones
// are refused whatever is sent.
func sweep(t *testing.T, fork forking, actor policy.Actor, about string, hidden bool, want func(account.Attribute) policy.Code) {
	t.Helper()
	w := fork(t)
	before, all := saved(t, w.DB), make(map[account.Attribute]string)
	for a, v := range values {
		if !hidden {
			all[a] = v[0]
		}
	}
	require.NoError(t, w.App.Account.UpdateProfile(t.Context(), actor, account.ProfileUpdate{Set: all}), "%s: a form may send all that it shows", about)
	requireSame(t, before, saved(t, w.DB), about)
	for a, v := range values {
		asItIs := policy.Code("")
		if hidden {
			asItIs = want(a)
		}
		require.Equal(t, asItIs, codeOf(w.App.Account.UpdateProfile(t.Context(), actor, set(a, " "+v[0]+"\t"))), "%s: %s as it is", about, a)
		for _, to := range []string{v[1], ""} {
			code, on := want(a), w
			if code == "" {
				on = fork(t)
			}
			err := on.App.Account.UpdateProfile(t.Context(), actor, set(a, to))
			if a == account.DisplayName && to == "" && code == "" {
				invalid(t, err, string(a))
				continue
			}
			require.Equal(t, code, codeOf(err), "%s: %s to %q: %v", about, a, to, err)
			if code == "" {
				v, err := on.App.Account.Profile(t.Context(), actor)
				require.NoError(t, err)
				f, _ := v.Field(a)
				require.Equal(t, to, f.Value)
				continue
			}
			both := maps.Clone(all)
			both[a] = to
			require.Equal(t, code, codeOf(on.App.Account.UpdateProfile(t.Context(), actor, account.ProfileUpdate{Set: both})), "%s: %s among others", about, a)
		}
	}
	require.Equal(t, want(account.Photo), codeOf(fork(t).App.Account.SetPhoto(t.Context(), actor, photo(t, 48))), "%s: photo", about)
	require.Equal(t, rowsOf(t, fork(t)), rowsOf(t, w), "%s: what was refused changed something", about)
}

func TestAPasswordThatIsManagedElsewhereCannotBeChangedByAnyFieldOfAnyInput(t *testing.T) {
	base := passwords(t)
	for _, why := range []account.Elsewhere{account.Federated, account.Synchronized, account.Passwordless} {
		w := base.Fork(t)
		require.NoError(t, w.App.Host.Account.KeepElsewhere(t.Context(), w.Host, "per", why, ""))
		before := rows(t, w.DB)
		for _, current := range []string{"", good, "wrong", better} {
			for _, fresh := range []string{"", good, better, "short"} {
				err := w.App.Account.ChangePassword(t.Context(), base.per, account.PasswordChange{Current: secret.NewText(current), New: secret.NewText(fresh)})
				require.Contains(t, []policy.Code{account.CodePasswordElsewhere, account.CodePasswordless}, codeOf(err), "%s: %v", why, err)
				require.Contains(t, []policy.Code{account.CodePasswordElsewhere, account.CodePasswordless},
					codeOf(w.App.Account.SetFirstPassword(t.Context(), base.per, secret.NewText(fresh))))
			}
		}
		requireSame(t, before, rows(t, w.DB))
	}
}

func TestADirectoryChangesNothingButWhatItMay(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 48)))
	before, err := k.App.Admin.Account.Profile(t.Context(), k.Host, "per")
	require.NoError(t, err)
	p := before
	p.Tenant, p.Revision, p.Photo = elsewhere, 4711, "another"
	require.NoError(t, k.App.Host.Account.PutProfile(t.Context(), k.Host, p))
	after, err := k.App.Admin.Account.Profile(t.Context(), k.Host, "per")
	require.NoError(t, err)
	require.Equal(t, before, after)
}
