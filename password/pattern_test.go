package password_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/password"
)

func TestPatternsAreFoundByRule(t *testing.T) {
	for candidate, want := range map[string]int{
		// sequences
		"123": 1, "12": 2, "123456789": 1, "890": 1, "987654": 1, "abcdefgh": 1, "ABCDefgh": 1, "zyxwvu": 1, "абвг": 1, "γδεζ": 1, "ace": 3,
		"112233": 1, "a1b2c3": 1, "a1b2c": 5, "z9y8x7w6": 1,
		// repetitions: what is said once, and that it is said again
		"qqq": 3, "qqqq": 2, "qqqqqqqqqqqq": 2, "mkxmkx": 4, "mkxmkxmkxmkx": 4, "mkxmk": 5, "7kq!7kq!7kq!7kq!": 5,
		"mkXMkx": 4, "xbo1xb0l": 5, "mko": 1,
		// over keyboards
		"qwe": 1, "qwertyuiop": 1, "poiuytrewq": 1, "qaz": 1, "1qaz2wsx": 2, "zaq1xsw2": 2, "!QAZ@WSX": 2, "1q2w3e4r5t": 1, "q1w2e3r4": 1,
		"147258369": 3, "2580": 1, "qwertz": 1, "yxcvbnm": 1, "azertyuiop": 1, "qsdfgh": 1, "!@#$%^&*()": 1, "[]\\": 1, "esz": 1,
		"zse4": 1, "qwsa": 1, "qaw": 3, "qpwo": 4, "147369": 2, "15926": 3, "1254": 4, "0852": 1,
		// dates
		"1987": 1, "2031": 1, "1887": 4, "2131": 4, "19870214": 1, "14021987": 1, "02141987": 1, "14131987": 5, "00921987": 5, "20011301": 1,
		"19873814": 5, "19793205": 5, "31129999": 6, "x1987x": 3,
		// together
		"qwerty123": 2, "Password123!": 3, "Summer2024!": 3, "passwordpassword": 2,
	} {
		require.Equal(t, want, points(password.Rules{}, candidate), candidate)
	}
	require.Zero(t, points(password.Rules{}, ""))
	require.Zero(t, points(password.Rules{}, "\xff"), "what cannot be a password scores nothing")
}

// characters are such as make words, patterns and neither.
var characters = rapid.SampledFrom([]rune("abcdeqwerty0123$@PASSword!éß\u0301\u1E9Eİıςσ😀 \u00a0ﬁ"))

func TestAScoreIsOneForEachCharacterAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringOfN(characters, 0, 40, -1).Draw(t, "a")
		b := rapid.StringOfN(characters, 0, 40, -1).Draw(t, "b")
		r := password.Rules{}
		// What stands alone is worth no less than beside something else: there it can be part of more.
		require.LessOrEqual(t, points(r, a+" "+b), points(r, a)+1+points(r, b), "%q %q", a, b)
		require.LessOrEqual(t, points(r, a), 18*len([]rune(a)))
		with := points(banned(t, "sword", "qwertyabc"), a)
		require.LessOrEqual(t, with, points(r, a), "more words make no password better")
		if a != "" {
			require.Positive(t, points(r, a))
		}
	})
}
