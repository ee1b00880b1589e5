package password_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// unlike are n different characters that make no word and no pattern.
func unlike(n int, alphabet string) string {
	all := []rune(alphabet)
	var b strings.Builder
	for i := range n {
		b.WriteRune(all[(i*i+3*i)%len(all)])
	}
	return b.String()
}

func TestTheLengthIsCountedInCodePoints(t *testing.T) {
	for what, alphabet := range map[string]string{
		"one byte each": "mkxvqzjhwr7", "two bytes": "éñüøłþßçåðž", "four bytes": "😀🐢🌵🎻🧲🪁🛶🧩🥝🪶🚲",
	} {
		for _, c := range []struct {
			least  int
			factor bool
		}{{15, false}, {8, true}} {
			context := password.Context{SecondFactor: c.factor}
			require.Nil(t, problems(t, password.Rules{}, unlike(c.least, alphabet), context), "%s, %d", what, c.least)
			require.Equal(t, []password.Problem{{Code: password.TooShort, Want: c.least}},
				problems(t, password.Rules{}, unlike(c.least-1, alphabet), context), "%s, %d", what, c.least-1)
		}
		require.Nil(t, problems(t, password.Rules{}, unlike(64, alphabet), password.Context{}), what)
		require.Nil(t, problems(t, password.Rules{}, unlike(256, alphabet), password.Context{}), what)
		require.Equal(t, []password.Problem{{Code: password.TooLong, Want: 256}},
			problems(t, password.Rules{}, unlike(257, alphabet), password.Context{}), what)
	}
}

func TestNoSpellingOfAPasswordMakesItLongerOrShorter(t *testing.T) {
	composed, decomposed := "\u00e9\u00f1\u00fc\u00e5kwzxm", "e\u0301n\u0303u\u0308a\u030akwzxm"
	require.Equal(t, []password.Code{password.TooShort}, codes(t, password.Rules{}, composed, password.Context{}))
	require.Equal(t, codes(t, password.Rules{}, composed, password.Context{}), codes(t, password.Rules{}, decomposed, password.Context{}),
		"13 code points that are 9")
	require.Equal(t, []password.Code{password.TooShort}, codes(t, password.Rules{}, "\ufdfakw", withFactor),
		"a ligature of 18 characters is one that was typed")
	long := norm.NFD.String(unlike(256, "\u1fa2\u0439\u1ea5\uac01\u00e9\u01d6\u1e69"))
	require.Greater(t, len(long), 3*256)
	require.Nil(t, problems(t, password.Rules{}, long, password.Context{}), "256 characters, decomposed")
	require.Equal(t, []password.Code{password.TooLong}, codes(t, password.Rules{}, strings.Repeat("\ufdfa", 15), password.Context{}),
		"what is hashed is bounded too")
}

func TestWhatCannotBeAPasswordIsRefusedBeforeAnyWork(t *testing.T) {
	huge := secret.NewText(strings.Repeat("a\u0301", 1<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := password.Rules{}.Check(huge, password.Context{})
	runtime.ReadMemStats(&after)
	require.Error(t, err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<16))
	require.Less(t, len(err.Error()), 200)

	require.Equal(t, []password.Code{password.Malformed}, codes(t, password.Rules{}, "\xffmkxvqzjhwr7mkxvqz", password.Context{}))
	for _, control := range []string{"\x00", "\t", "\n", "\x1b", "\x7f", "\u0085"} {
		require.Equal(t, []password.Code{password.ControlCharacter},
			codes(t, password.Rules{}, "mkxvqzjh"+control+"wr7mkxvqz", password.Context{}), "%q", control)
	}
	require.Nil(t, problems(t, password.Rules{}, "mkx vqz jhw r7m kx", password.Context{}), "blanks are characters")
}

func TestNothingIsAskedOfTheKindsOfCharacters(t *testing.T) {
	for _, only := range []string{"mkxvqzjhwrtnbdg", "MKXVQZJHWRTNBDG", "837159264058317", "#%^&*()_[]{}?!~"} {
		for _, c := range codes(t, password.Rules{}, only, password.Context{}) {
			require.NotEqual(t, password.TooFewClasses, c, only)
		}
	}
	require.Nil(t, problems(t, password.Rules{}, "correct horse battery staple", password.Context{}), "listed words, but enough of them and blanks")
}

func TestOlderRulesAskForThreeOfFourKinds(t *testing.T) {
	older := password.RulesOf(policy.Settings{}.WithValue(password.OlderRules, 1))
	for candidate, enough := range map[string]bool{
		"mkxvqzjh": false, "mkxvQZJH": false, "mkxv7zjh": false, "mkxvqz!h": false, "MKX7QZ!H": true,
		"mkxvQ7jh": true, "mkxvQ jh": true, "mkx7q zj": true, "mkxQ7 zj": true, "жщюбЦШ7ж": true, "жщюбфшхж": false,
	} {
		var want []password.Problem
		if !enough {
			want = []password.Problem{{Code: password.TooFewClasses, Want: 3}}
		}
		require.Equal(t, want, problems(t, older, candidate, withFactor), candidate)
	}
}

func TestOlderRulesRefuseTheCurrentPassword(t *testing.T) {
	older := password.Rules{NotCurrent: true}
	c := password.Context{SecondFactor: true, Current: secret.NewText("mkxvqzj\u00e9h")}
	require.Equal(t, []password.Code{password.SameAsCurrent}, codes(t, older, "mkxvqzj\u00e9h", c))
	require.Equal(t, []password.Code{password.SameAsCurrent}, codes(t, older, "mkxvqzje\u0301h", c), "spelled otherwise")
	require.Nil(t, problems(t, older, "Mkxvqzj\u00e9h", c))
	require.Nil(t, problems(t, older, "mkxvqzj\u00e9h", withFactor), "after a reset there is none")
	require.NotContains(t, codes(t, older, "", withFactor), password.SameAsCurrent, "nor is nothing the current one")
	require.Nil(t, problems(t, password.Rules{}, "mkxvqzj\u00e9h", c), "as NIST has it")
}

func TestTheWorkedExamplesOfEntraComeOutAsDescribed(t *testing.T) {
	r := banned(t, "contoso", "blank")
	require.Equal(t, 4, points(r, "C0ntos0Blank12"), "[contoso] + [blank] + [1] + [2]")
	require.Equal(t, []password.Problem{{Code: password.Guessable, Want: 5}}, problems(t, r, "C0ntos0Blank12", withFactor))
	require.Equal(t, 5, points(r, "ContoS0Bl@nkf9!"), "[contoso] + [blank] + [f] + [9] + [!]")
	require.Nil(t, problems(t, r, "ContoS0Bl@nkf9!", password.Context{}))
	require.Contains(t, codes(t, r, "Bl@nK", withFactor), password.Common)

	for _, near := range []string{"abcdef", "abcdeg", "abcdefg", "abcde"} {
		require.Contains(t, codes(t, banned(t, "abcdef"), near, withFactor), password.Common, near)
	}
	poll := password.Context{SecondFactor: true, DisplayName: "Poll"}
	require.Equal(t, []password.Code{password.ContainsName}, codes(t, password.Rules{}, "p0LL23fb", poll))
	require.Nil(t, problems(t, password.Rules{}, "p0LL23fb", withFactor), "it is the name that is wrong with it")
}

func TestOneEditFromAWordIsFoundInTheWholeAlone(t *testing.T) {
	r := banned(t, "wolkenkratzer")
	for candidate, found := range map[string]bool{
		"wolkenkratzer": true, "W0LKENKRATZER": true, "volkenkratzer": true, "wolkenkratze": true, "wolkenkratzers": true,
		"olkenkratzer": true, "wolken kratzer": true, "wolkenkrtazer": false, "wolkenkratz": false, "xwolkenkratzerx": false,
		"wolkenkratzer lamm": false, "wolkenkratz\u00e9r": true,
	} {
		require.Equal(t, found, cmp.Equal(codes(t, r, candidate, withFactor), []password.Code{password.Common}), candidate)
	}
}

func TestWhatIsKnownOfThePersonIsRefusedWhereverItIsUsed(t *testing.T) {
	who := password.Context{
		SecondFactor: true, UserNames: []string{"alove", "j.doe", "countess_of_computing"}, DisplayName: "Ada Lovelace-Byron Ng Zoë",
		Emails: []string{"ada.king+work@analytical.example.company", "strange"}, Organizations: []string{"Contoso Ltd", "Möbius & Söhne"}, Product: "Tail$pin",
	}
	for candidate, want := range map[string][]password.Code{
		"xx-al0ve-zqj": {password.ContainsUserName}, "7j.DOE!kqz": {password.ContainsUserName}, "7jdoe!kqz": nil, "computing zqj": {password.ContainsUserName}, "COUNTESS_OF_COMPUTING7": {password.ContainsUserName},
		"mk L0VELACE mk": {password.ContainsName}, "byronbyron zqj!": {password.ContainsName}, "Lovelace-Byron7kq": {password.ContainsName},
		"king7kqzjv": {password.ContainsEmail}, "analytical!zq": {password.ContainsEmail}, "example zqjvk": {password.ContainsEmail}, "str@nge.zqjv": {password.ContainsEmail},
		"contoso7kqzj!": {password.ContainsOrg}, "m\u00d6bius7kqzj": {password.ContainsOrg}, "mo\u0308bius7kqzj": {password.ContainsOrg},
		"my Tailspin kq": {password.ContainsProduct}, "tail$PIN7kqz": {password.ContainsProduct},
		"love lace kqzj": nil, "ada ng zo\u00eb kqzj": nil, "ltd.company.kqzj": nil, "kontoso7kqzj": nil, "mobius7kqzj!": nil,
		"lovelace@contoso": {password.ContainsName, password.ContainsOrg},
	} {
		got := codes(t, password.Rules{}, candidate, who)
		require.Empty(t, cmp.Diff(want, got), candidate)
	}
	require.Nil(t, problems(t, password.Rules{}, "mkxvqzjh", password.Context{SecondFactor: true, UserNames: []string{"", "@", "  ", "\xff"}, Emails: []string{"@", "a@b"}}))
}

func TestEverythingThatIsWrongIsToldInOrder(t *testing.T) {
	r := banned(t, "zork\u00e9zork")
	r.Classes, r.NotCurrent = 4, true
	bad := "zork\u00e9zork\t"
	who := password.Context{Current: secret.NewText(bad), UserNames: []string{"zork"}, DisplayName: "Zork", Emails: []string{"zork@a.b"},
		Organizations: []string{"Zork"}, Product: "Zork"}
	err := r.Check(secret.NewText(bad), who)
	require.Equal(t, []password.Code{password.ControlCharacter, password.TooShort, password.TooFewClasses, password.SameAsCurrent,
		password.ContainsUserName, password.ContainsName, password.ContainsEmail, password.ContainsOrg, password.ContainsProduct,
		password.Common}, codes(t, r, bad, who))

	var invalid *policy.Invalid
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "password", invalid.Field)
	require.Equal(t, err.Error(), invalid.Error())
	require.NotContains(t, strings.ToLower(err.Error()), "zork")
	require.Contains(t, err.Error(), "use at least 15 characters")
}

func TestEveryCodeSaysWhatWouldBeRight(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range []password.Code{password.Malformed, password.TooLong, password.ControlCharacter, password.TooShort,
		password.TooFewClasses, password.SameAsCurrent, password.ContainsUserName, password.ContainsName, password.ContainsEmail,
		password.ContainsOrg, password.ContainsProduct, password.Common, password.Guessable} {
		text := password.Problem{Code: c, Want: 37}.String()
		require.NotEqual(t, string(c), text)
		require.False(t, seen[text], text)
		seen[text] = true
	}
	require.Equal(t, "of-a-later-version", password.Problem{Code: "of-a-later-version"}.String())
}

func TestTheZeroRulesAreNISTsAndNoFieldMakesThemLaxer(t *testing.T) {
	lax := password.Rules{MinAlone: 1, MinWithSecondFactor: -5, Classes: -1}
	require.Equal(t, []password.Problem{{Code: password.TooShort, Want: 15}}, problems(t, lax, "mkxvqzjh", password.Context{}))
	require.Equal(t, []password.Problem{{Code: password.TooShort, Want: 8}}, problems(t, lax, "mkxvqzj", withFactor))
	strict := password.Rules{MinAlone: 20, MinWithSecondFactor: 10, Classes: 9}
	require.Equal(t, []password.Problem{{Code: password.TooShort, Want: 10}}, problems(t, strict, "mkX 7zjhq", withFactor), "there are four kinds")
	require.Equal(t, []password.Problem{{Code: password.TooShort, Want: 20}}, problems(t, strict, "mkX 7zjhqmkX 7zjhq", password.Context{}))
}
