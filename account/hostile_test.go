package account_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// harmless texts look like something to a program that interprets them, and are kept as they are.
var harmless = []string{"<script>alert(1)</script>", "<b>&amp;", `{"a":"b"}`, `"; DROP TABLE profiles; --`, "%s%n%d", "${jndi:ldap://x}", "../../etc", "مرحبا", "עברית",
	"e\u0301", "👩‍💻", "=cmd()", "%00", "\\u0000", "a,b;c", "İstanbul", "a\ufeffb", "\ufffd", strings.Repeat("é", 64)}

var harmful = []string{"a\x00b", "a\nb", "a\r\nb", "\x1b[31mred", "a\tb", "a\x7f", "a\u0085b", "a\u2028b", "a\u2029b", "\u202eexe.fdp", "\u202a", "\u202b", "\u202c", "\u202d",
	"\u2066", "\u2067", "\u2068", "\u2069", "\xff", "\xc3\x28", "\xed\xa0\x80", "a\xc0\x80", strings.Repeat("x", 500), strings.Repeat("👩‍💻", 200), strings.Repeat("x", 64<<10), strings.Repeat("\x00", 64<<10)}

// clean tells by other means than the room whether a text may be kept.
func clean(text string, longest int) bool {
	if !utf8.ValidString(text) || len([]rune(text)) > longest {
		return false
	}
	return strings.IndexFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || strings.ContainsRune("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r)
	}) < 0
}

// refusedShortly wants a refusal that names the field and does not repeat what it was given at length.
func refusedShortly(t *testing.T, err error, field string) {
	t.Helper()
	invalid(t, err, field)
	require.True(t, clean(err.Error(), 300), "%q", err.Error())
}

// openToAll lets owners change every attribute.
func openToAll(t testing.TB, w *accounttest.World) {
	t.Helper()
	s := account.DefaultSchema()
	for a := range s.Rules {
		s.Rules[a] = account.AttributeRule{Work: policy.Edit, Personal: policy.Edit, Guest: policy.Edit}
	}
	require.NoError(t, w.App.Admin.Account.SetSchema(t.Context(), w.Host, s))
}

func TestATextOfAProfileIsKeptAsItIsOrRefusedByItsField(t *testing.T) {
	k := people(t)
	openToAll(t, k.World)
	plain := []account.Attribute{account.DisplayName, account.GivenName, account.FamilyName, account.Title, account.Department, account.Office}
	for _, a := range plain {
		for _, text := range harmless {
			require.NoError(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(a, text)), "%s %q", a, text)
			f, _ := k.profile(t, k.per).Field(a)
			require.Equal(t, text, f.Value)
			require.NoError(t, k.DB.Save(&strings.Builder{}), "what was kept can be written out")
		}
	}
	before := rows(t, k.DB)
	for a := range values {
		for i, text := range harmful {
			refusedShortly(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(a, text)), string(a))
			refusedShortly(t, k.App.Admin.Account.UpdateProfile(t.Context(), k.Host, "per", set(a, text)), string(a))
			p := filled("per", "")
			*places(&p)[a] = text
			refusedShortly(t, k.App.Host.Account.PutProfile(t.Context(), k.Host, p), string(a))
			require.NotEmpty(t, text, i)
		}
		if !contains(plain, a) && a != account.Manager { // what has a form of its own
			for _, text := range harmless[:8] {
				refusedShortly(t, k.App.Account.UpdateProfile(t.Context(), k.per, set(a, text)), string(a))
			}
		}
	}
	for _, text := range harmful {
		p := filled("per", text)
		refusedShortly(t, k.App.Host.Account.PutProfile(t.Context(), k.Host, p), "source")
		refusedShortly(t, k.App.Host.Account.PutProfile(t.Context(), k.Host, account.Profile{Account: policy.AccountID(text)}), "account")
		refusedShortly(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", account.Federated, text), "place")
		_, err := k.App.Host.Account.VerifyPassword(t.Context(), k.Host, account.PasswordAttempt{Account: policy.AccountID(text)})
		refusedShortly(t, err, "account")
		invalid(t, k.App.Host.Account.ImportHash(t.Context(), k.Host, "per", secret.Hash(text)), "hash")
	}
	requireSame(t, before, rows(t, k.DB))
}

func contains(list []account.Attribute, a account.Attribute) bool {
	for _, in := range list {
		if in == a {
			return true
		}
	}
	return false
}

// places are where a profile has its attributes.
func places(p *account.Profile) map[account.Attribute]*string {
	return map[account.Attribute]*string{account.DisplayName: &p.DisplayName, account.GivenName: &p.GivenName, account.FamilyName: &p.FamilyName,
		account.Title: &p.Title, account.Department: &p.Department, account.Office: &p.Office, account.Manager: (*string)(&p.Manager),
		account.MobilePhone: &p.MobilePhone, account.BusinessPhone: &p.BusinessPhone, account.Language: &p.Language, account.Region: &p.Region, account.TimeZone: &p.TimeZone}
}

func TestAHostilePasswordIsRefusedOrIsThePasswordItIs(t *testing.T) {
	k := passwords(t)
	for i, text := range harmful {
		before := rows(t, k.DB)
		err := k.change(t, k.per, good, text)
		invalid(t, err, "password")
		require.NotContains(t, err.Error(), text)
		requireSame(t, before, rows(t, k.DB), "text %d", i)
		refused(t, k.verify(t, "per", text, i%2 == 0), account.CodeWrongPassword)
		require.NoError(t, k.App.Admin.Account.UnlockPassword(t.Context(), k.Host, "per"))
	}
	require.NoError(t, k.verify(t, "per", good, true))
	session := k.start(t, "per").Actor
	for _, text := range []string{"👩‍💻 מרחבא violet İ e\u0301 12", "<script>violet</script> heron", `"; DROP TABLE herons; --`} {
		current := good
		require.NoError(t, k.change(t, session, current, text), text)
		require.NoError(t, k.verify(t, "per", text, true))
		require.NoError(t, k.change(t, session, text, good))
	}
}

// fillers are letters that show nothing.
const fillers = "\u115f\u1160\u3164\uffa0"

// FuzzProfileValue keeps a value, tidied, or refuses it by its field and keeps nothing.
func FuzzProfileValue(f *testing.F) {
	base := accounttest.New(f)
	per := base.Person("per", policy.Personal)
	base.Person("bob", policy.Work)
	require.NoError(f, base.App.Host.Account.PutProfile(f.Context(), base.Host, account.Profile{Account: "per", DisplayName: "Per"}))
	openToAll(f, base)
	names := attributeNames()
	for i, text := range append(append([]string{"", " ", "bob", "en-GB", "de-CH-1996", "x-private", "GB", "UK", "419", "Europe/Zurich", "Local", "UTC", "+49 30 123456 x7"}, harmless...), harmful[:20]...) {
		for j := range names {
			f.Add(uint8(i+j), text)
		}
	}
	before := saved(f, base.DB)
	f.Fuzz(func(t *testing.T, of uint8, text string) {
		a := names[int(of)%len(names)]
		w := base.Fork(t)
		err := w.App.Account.UpdateProfile(t.Context(), per, set(a, text))
		if err != nil {
			if codeOf(err) != account.CodeUnknownManager {
				invalid(t, err, string(a))
				requireSame(t, before, saved(t, w.DB))
			}
			require.True(t, clean(err.Error(), 400), "%q", err.Error())
			return
		}
		v, err := w.App.Account.Profile(t.Context(), per)
		require.NoError(t, err)
		field, _ := v.Field(a)
		require.True(t, clean(field.Value, field.Longest), "%q", field.Value)
		require.Equal(t, strings.TrimSpace(field.Value), field.Value)
		switch {
		case field.Value == "":
			letter := strings.IndexFunc(text, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.Sm, unicode.Sc) })
			require.True(t, letter < 0 || strings.ContainsAny(text, fillers), "%q shows something, and is not kept", text)
		case field.Input == account.TextInput, field.Input == account.PhoneInput:
			require.Equal(t, strings.TrimSpace(text), field.Value, "it is not mended behind anybody's back")
		}
		kept := saved(t, w.DB)
		require.NoError(t, w.App.Account.UpdateProfile(t.Context(), per, set(a, field.Value)), "what was kept is what would be kept")
		requireSame(t, kept, saved(t, w.DB))
	})
}

// FuzzSchemaPattern takes a pattern that is one, and then whole values alone that it matches, as another way to ask the
// engine says.
func FuzzSchemaPattern(f *testing.F) {
	base := accounttest.New(f)
	per := base.Person("per", policy.Personal)
	for _, c := range [][2]string{{`[A-Z]\d+`, "A12"}, {`a)(b`, "ab"}, {`a|b`, "ab"}, {`(?m)^a$`, "a"}, {`\Qa`, "a"}, {`a*?`, "aaa"}, {`(?i)é+`, "ÉÉ"}, {`(?U)a+`, "aa"}, {`\`, `\`},
		{``, "x"}, {`(`, "("}, {`a{1000}`, "a"}, {`\z`, "z"}, {`^$`, "x"}, {`\bx\b`, "x"}, {`(?s).`, "\n"}, {"\xff", "x"}, {strings.Repeat("(", 100), "x"}, {`((a{100}){100})`, "a"}} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, pattern, value string) {
		w := base.Fork(t)
		s := account.DefaultSchema()
		s.Rules[account.Office] = account.AttributeRule{Personal: policy.Edit, Pattern: pattern}
		err := w.App.Admin.Account.SetSchema(t.Context(), w.Host, s)
		alone, wrong := regexp.Compile(pattern)
		if err != nil {
			invalid(t, err, "rules.office.pattern")
			grouped := strings.Contains(pattern, `\Q`) || strings.Count(pattern, "(") > 500 // right alone, and not in a group
			long := strings.Contains(err.Error(), "steps with its repetitions written out")
			require.True(t, wrong != nil || grouped || long || len(pattern) > account.MaxPattern || !utf8.ValidString(pattern), "%q: %v", pattern, err)
			return
		}
		require.NoError(t, wrong, "%q", pattern)
		err = w.App.Account.UpdateProfile(t.Context(), per, set(account.Office, value))
		value = strings.TrimSpace(value)
		seen := func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }
		if value != "" && !strings.ContainsFunc(value, seen) {
			return // what shows nothing is as good as empty, and tested by itself
		}
		if value == "" || !clean(value, 128) {
			require.Equal(t, value == "", err == nil, "%q", value)
			return
		}
		alone.Longest()
		at := alone.FindStringIndex(value)
		whole := pattern == "" || at != nil && at[0] == 0 && at[1] == len(value)
		require.Equal(t, whole, err == nil, "%q for %q: %v", value, pattern, err)
	})
}
