package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/policy"
)

func TestAnIdentifierIsShortValidTextWithoutHostileCharacters(t *testing.T) {
	for name, id := range map[string]string{
		"one byte": "a", "128 bytes": strings.Repeat("a", 128), "64 characters of two bytes": strings.Repeat("\u00e9", 64),
		"a space": " ", "spaces around": " a ", "an emoji": "\U0001F600", "emoji with a joiner": "\U0001F468\u200D\U0001F469",
		"a letter and its accent": "e\u0301", "right to left": "\u05d0\u05d1", "any sign": `/\'"<>%;:@#?&=+$,|.*~^()[]{}-_` + "`",
		"looks like a path": "../../etc/passwd", "the last code point": "\U0010FFFF", "a private one": "\uE000",
		"what was invalid once": "\uFFFD", "no-break space": "\u00A0",
		"an e-mail address": "zo\u00eb.o'neil+x@b\u00fccher.example", "a GUID": "6f1c2a3e-0b4d-4c6e-9f10-2a3b4c5d6e7f", "a guest": "ada_fabrikam.com#EXT#@contoso.com",
		"Persian with a non-joiner": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "Hebrew with a mark": "\u05d0-\u200f1", "Devanagari": "\u0928\u0940\u0930\u091c\u093e",
		"Thai": "\u0e2a\u0e21\u0e0a\u0e32\u0e22", "Chinese": "\u5f20\u4f1f", "Korean": "\uae40",
	} {
		require.NoError(t, policy.CheckID("id", id), name)
	}
	for name, id := range map[string]string{
		"empty": "", "129 bytes": strings.Repeat("a", 129), "65 characters of two bytes": strings.Repeat("\u00e9", 65),
		"a megabyte": strings.Repeat("a", 1<<20),
		"NUL":        "a\x00", "only NUL": "\x00", "NUL before": "\x00a", "a tab": "a\tb", "a line feed": "a\nb", "a carriage return": "a\rb",
		"escape": "\x1b[31m", "the last of C0": "a\x1f", "delete": "a\x7f", "the first of C1": "a\u0080", "next line": "a\u0085",
		"the last of C1": "a\u009f",
		"half a letter":  "\xc3", "a surrogate": "\xed\xa0\x80", "overlong": "\xc0\xaf", "beyond Unicode": "\xf4\x90\x80\x80", "Latin-1": "caf\xe9",
		"line separator": "a\u2028b", "paragraph separator": "\u2029", "right-to-left override": "nimda\u202E", "left-to-right isolate": "\u2066ada\u2069",
	} {
		invalid(t, policy.CheckID("device", policy.DeviceID(id)), "device")
		require.Error(t, policy.CheckID("device", id), name)
	}
	for c := rune(0); c < 0x20; c++ {
		require.Error(t, policy.CheckID("id", "a"+string(c)), "%U", c)
	}
	require.ErrorContains(t, policy.CheckID("id", "ab\x00"), "U+0000 at byte 2", "the error says where")
	require.EqualError(t, policy.CheckID("id", ""), "id: is empty; want 1 to 128 bytes")
	require.ErrorContains(t, policy.CheckID("id", strings.Repeat("a", 129)), "129 bytes")
}

func TestTextIsBoundedInCharactersAndKeepsItsOrder(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "at the bound": "abcdefgh", "at the bound in four bytes each": strings.Repeat("\U0001F600", 8),
		"right to left": "\u05d0\u05d1", "a joiner": "\U0001F468\u200D\U0001F469", "an accent": "e\u0301",
		"a left-to-right mark, which embeds nothing": "a\u200Eb", "no-break space": "a\u00A0b", "markup": "<b>&",
	} {
		require.NoError(t, policy.CheckText("name", text, 8), name)
	}
	for name, text := range map[string]string{
		"one over": "abcdefghi", "one over in four bytes each": strings.Repeat("\U0001F600", 9),
		"half a letter": "\xc3", "NUL": "\x00", "a line feed": "a\nb", "a tab": "a\tb", "escape": "\x1b", "delete": "\x7f", "C1": "\u0085",
		"line separator": "a\u2028b", "paragraph separator": "a\u2029b",
		"left-to-right embedding": "\u202A", "right-to-left embedding": "\u202B", "pop": "\u202C", "left-to-right override": "\u202D",
		"right-to-left override": "cod\u202Egpj.exe", "left-to-right isolate": "\u2066", "right-to-left isolate": "\u2067",
		"first strong isolate": "\u2068", "pop isolate": "\u2069",
	} {
		invalid(t, policy.CheckText("name", text, 8), "name")
		require.Error(t, policy.CheckText("name", text, 8), name)
	}
	for _, c := range []string{"\u2027", "\u202F", "\u2065", "\u206A"} {
		require.NoError(t, policy.CheckText("name", c, 8), "%+q: the neighbours of those characters", c)
	}
	require.ErrorContains(t, policy.CheckText("name", "cod\u202Egpj", 8), "U+202E")
	require.ErrorContains(t, policy.CheckText("name", "abcdefghi", 8), "9 characters; want at most 8")
}

func FuzzCheckID(f *testing.F) {
	for _, s := range []string{"", "a", "a\x00", "a\u0085", "\xc2", "\xc2\x80", "\u00a0", strings.Repeat("\u00e9", 64), strings.Repeat("a", 129), "\x7f", "\U0001F600", "a\u202eb", "\u2028", "\u2069", "\u206a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := len(s) >= 1 && len(s) <= policy.MaxID && utf8.ValidString(s)
		for i := 0; i < len(s) && want; i++ {
			// Control characters as bytes: C0, delete, and C1 as UTF-8 writes it.
			want = s[i] >= 0x20 && s[i] != 0x7f && (s[i] != 0xc2 || s[i+1] >= 0xa0)
		}
		for _, c := range hostile[65:] {
			want = want && !strings.Contains(s, c)
		}
		err := policy.CheckID("field", policy.AccountID(s))
		if (err == nil) != want {
			t.Fatalf("%q: %v", s, err)
		}
		var i *policy.Invalid
		if err != nil && (!errors.As(err, &i) || i.Field != "field" || i.Problem == "" || len(err.Error()) > 200) {
			t.Fatalf("%q: %#v", s, err)
		}
	})
}

func TestCleanTextIsAcceptedAndKeepsWhatIsAcceptable(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Ada's laptop": "Ada's laptop", "Müller 笔记本": "Müller 笔记本",
		"a\nb": "a\uFFFDb", "x\u202Ey": "x\uFFFDy", "\xffz": "\uFFFDz", "p\u2028q": "p\uFFFDq",
		"0123456789012": "01234567890…", "éééééééééééé": "éééééééééééé", "\u202E012345678901": "\uFFFD0123456789…",
	} {
		got := policy.CleanText(in, 12)
		require.Equal(t, want, got, "%q", in)
		require.NoError(t, policy.CheckText("text", got, 12))
	}
}

// hostile are all characters that are in no identifier and in no text: the 65 control characters, what separates lines
// and paragraphs, and what embeds, overrides or isolates a direction of writing.
var hostile = func() (out []string) {
	for _, r := range [][2]rune{{0, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}} {
		for c := r[0]; c <= r[1]; c++ {
			out = append(out, string(c))
		}
	}
	return out
}()

func TestIdentifiersAndTextsAreFreeOfTheSameCharacters(t *testing.T) {
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if !utf8.ValidRune(c) {
			continue
		}
		id, text := policy.CheckID("id", string(c)), policy.CheckText("text", string(c), 1)
		if bad := slices.Contains(hostile, string(c)); bad != (id != nil) || bad != (text != nil) {
			require.Fail(t, "not judged alike", "%U: %v, %v", c, id, text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.OneOf(rapid.SampledFrom([]rune(strings.Join(hostile, ""))), rapid.Rune()), 1, 20, policy.MaxID).Draw(t, "text")
		bad := slices.ContainsFunc(hostile, func(c string) bool { return strings.Contains(s, c) })
		require.Equal(t, bad, policy.CheckID("id", s) != nil)
		require.Equal(t, bad, policy.CheckText("text", s, 20) != nil)
		require.Equal(t, bad, policy.CleanText(s, 20) != s)
		require.NoError(t, policy.CheckID("id", policy.CleanText(s, 20)))
	})
}
