package signins_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// Texts of attempts come from whoever tries to sign in, so anybody may write them.

// texts are the places of a record's texts, by the name that a refusal calls them.
func texts(r *signins.Record) map[string]*string {
	return map[string]*string{"application": &r.Application, "resource": &r.Resource, "clientApp": &r.ClientApp, "browser": &r.Browser,
		"system": &r.System, "place.city": &r.Place.City, "place.region": &r.Place.Region, "place.country": &r.Place.Country,
		"deviceName": &r.DeviceName, "failure": &r.Failure, "steps.method": &r.Steps[0].Method, "steps.detail": &r.Steps[0].Detail}
}

func plainRecord(w *accounttest.World) signins.Record {
	return signins.Record{ID: "one", Account: "ada", At: w.Clock.Now(), Steps: []signins.Step{{Method: "Password"}}}
}

// harmless texts look like something to a program that interprets them.
var harmless = []string{"", " ", "  spaces  ", "<script>alert(1)</script>", `{"a":"b"}`, `"; DROP TABLE signins; --`, "%s%n%d", "${jndi:ldap://x}", "../../etc",
	"مرحبا", "עברית\u200f", "e\u0301", "é", "👩‍💻", "\ufeff", "\ufffd", "=cmd()", "%00", "\\u0000", "a,b;c", "İstanbul", strings.Repeat("é", signins.MaxText)}

var harmful = []string{"a\x00b", "a\nb", "a\r\nb", "\x1b[31mred", "a\tb", "\x7f", "\u0085", "\u2028", "\u2029", "\u202eexe.fdp", "\u202a", "\u202b", "\u202c", "\u202d",
	"\u2066", "\u2067", "\u2068", "\u2069", "\xff", "\xc3\x28", "\xed\xa0\x80", "a\xc0\x80", strings.Repeat("x", signins.MaxText+1), strings.Repeat("x", 64<<10), strings.Repeat("\x00", 64<<10)}

func TestATextOfAnAttemptIsKeptAsItIsOrCleaned(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	blank := plainRecord(base)
	for field := range texts(&blank) {
		for _, text := range harmless {
			w, r := base.Fork(t), plainRecord(base)
			*texts(&r)[field] = text
			keep(t, w, []signins.Record{r}, 1)
			item, err := w.App.SignIns.Attempt(ctx, ada, "one")
			require.NoError(t, err)
			require.Equal(t, r, item.Record, "%s %q", field, text)
			require.NoError(t, w.DB.Save(&strings.Builder{}), "what was kept can be written out")
			if searched := strings.TrimSpace(text); utf8.RuneCountInString(searched) <= signins.MaxSearch {
				require.Len(t, listed(t, w, ada, signins.Query{Search: searched}, 50), 1, "%s %q is found as it is written", field, text)
			}
		}
		for i, text := range harmful {
			w, r := base.Fork(t), plainRecord(base)
			*texts(&r)[field] = text
			keep(t, w, []signins.Record{r}, 1)
			item, err := w.App.SignIns.Attempt(ctx, ada, "one")
			require.NoError(t, err)
			*texts(&r)[field] = policy.CleanText(text, signins.MaxText)
			require.Equal(t, r, item.Record, "%s, text %d", field, i)
			require.True(t, clean(*texts(&item.Record)[field]))
		}
	}
}

func TestAnIdentifierOfAnAttemptIsKeptAsItIsOrRefusedByItsName(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	before := saved(t, base.DB)
	places := func(r *signins.Record) map[string]func(string) {
		return map[string]func(string){"id": func(s string) { r.ID = signins.ID(s) }, "account": func(s string) { r.Account = policy.AccountID(s) },
			"device": func(s string) { r.Device = policy.DeviceID(s) }, "session": func(s string) { r.Session = policy.SessionID(s) },
			"correlation": func(s string) { r.Correlation = s }}
	}
	blank := plainRecord(base)
	for field := range places(&blank) {
		for i, text := range []string{"a\x00b", "a\nb", "\x1b[31m", "\x7f", "\u0085", "a\u2028b", "\u2029", "a\u202eb", "\u2066", "\xff", strings.Repeat("x", policy.MaxID+1), strings.Repeat("x", 64<<10)} {
			r := plainRecord(base)
			places(&r)[field](text)
			_, err := base.App.Host.SignIns.Record(ctx, base.Host, r)
			var invalid *policy.Invalid
			require.ErrorAs(t, err, &invalid, "%s, text %d", field, i)
			require.Equal(t, field, invalid.Field)
			require.Less(t, len(err.Error()), 200)
		}
		for _, text := range []string{"%", ".*", "a b", "é", strings.Repeat("x", policy.MaxID)} {
			if field == "account" {
				continue
			}
			w, r := base.Fork(t), plainRecord(base)
			places(&r)[field](text)
			keep(t, w, []signins.Record{r}, 1)
			item, err := w.App.SignIns.Attempt(ctx, ada, r.ID)
			require.NoError(t, err)
			require.Equal(t, r, item.Record)
		}
	}
	requireSame(t, before, saved(t, base.DB))
}

func TestASearchIsForTheVeryCharacters(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.SignedIn(ada, func(r *signins.Record) { r.Application = "Mail (new) [beta] $5 50% a_b C:\\x ^|?+*{}" })
	w.SignedIn(ada, func(r *signins.Record) { r.Application = "Mail" })
	for text, want := range map[string]int{".*": 0, ".+": 0, "M.il": 0, "^Mail": 0, "Mail$": 0, "(mail)": 0, "%": 1, "50%": 1, "%mail%": 0, "_": 1, "m_il": 0,
		"a_b": 1, "(new)": 1, "[beta]": 1, "[a-z]": 0, "$5": 1, "\\": 1, "\\x": 1, "\\\\x": 0, "*": 1, "?": 1, "^|?+*{}": 1, "{}": 1, "'": 0, "\"": 0, "' OR '1'='1": 0,
		"mail": 2, "MAIL": 2, "": 2, "   ": 2, "  (NEW) ": 1} {
		require.Len(t, listed(t, w, ada, signins.Query{Search: text}, 50), want, "%q", text)
	}
	for i, text := range append([]string{"mail\x00", "\x00", strings.Repeat("x", signins.MaxSearch+1)}, harmful...) {
		_, err := w.App.SignIns.Activity(ctx, ada, signins.Query{Search: text})
		_, adminErr := w.App.Admin.SignIns.Activity(ctx, w.Host, "ada", signins.Query{Search: text})
		for _, err := range []error{err, adminErr} {
			var invalid *policy.Invalid
			require.ErrorAs(t, err, &invalid, "text %d", i)
			require.Equal(t, "search", invalid.Field)
		}
	}
}

func TestTooManyStepsAreRefused(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	r := plainRecord(w)
	r.Steps = make([]signins.Step, signins.MaxSteps)
	keep(t, w, []signins.Record{r}, 1)
	r.ID, r.Steps = "two", make([]signins.Step, signins.MaxSteps+1)
	_, err := w.App.Host.SignIns.Record(ctx, w.Host, r)
	require.ErrorContains(t, err, "steps: has 33")
}

// FuzzRecord keeps an attempt with its texts, cleaned where they must be, and finds it as an independent search does.
func FuzzRecord(f *testing.F) {
	base := accounttest.New(f)
	ada := base.Person("ada", policy.Work)
	base.SignedIn(ada, func(r *signins.Record) { r.Application = "x" })
	f.Add("Ada's phone", "Firefox 146.0", "Berlin", "DE", "Password", "wrong", "fire", 0)
	f.Add("0", "0", "0", "0", "0", "0", "A", 50133) // found by what the library says itself
	for i, text := range append(append([]string{}, harmless...), harmful[:20]...) {
		f.Add(text, "Firefox", text, "DE", "Password", text, text, 50126+i)
	}
	f.Fuzz(func(t *testing.T, device, browser, city, country, method, detail, search string, code int) {
		w := base.Fork(t)
		r := signins.Record{ID: "one", Account: "ada", At: w.Clock.Now(), DeviceName: device, Browser: browser, Code: code,
			Place: signins.Place{City: city, Country: country}, Steps: []signins.Step{{Method: method, Detail: detail}}}
		_, err := w.App.Host.SignIns.Record(t.Context(), w.Host, r)
		require.NoError(t, err, "nobody keeps an attempt out of the log by a text")
		for _, text := range []*string{&r.DeviceName, &r.Browser, &r.Place.City, &r.Place.Country, &r.Steps[0].Method, &r.Steps[0].Detail} {
			*text = policy.CleanText(*text, signins.MaxText)
		}
		item, err := w.App.SignIns.Attempt(t.Context(), ada, "one")
		require.NoError(t, err)
		require.Equal(t, r, item.Record)
		list, err := w.App.SignIns.Activity(t.Context(), ada, signins.Query{Search: search})
		searchable := clean(search) && utf8.RuneCountInString(search) <= signins.MaxSearch
		require.Equal(t, searchable, err == nil, "%v", err)
		all := listed(t, w, ada, signins.Query{}, 1)
		require.Len(t, all, 2)
		for _, i := range list.Items {
			require.True(t, selects(signins.Query{Search: search}, i), "%q found %+v", search, i)
		}
		for _, i := range all {
			require.Equal(t, searchable && selects(signins.Query{Search: search}, i), slices.Contains(ids(list.Items), i.ID), "%q in %+v", search, i)
		}
	})
}
