package password_test

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/password"
)

func TestNormalizingTwiceIsNormalizingOnce(t *testing.T) {
	for r := range unicode.MaxRune + 1 {
		once := password.Normalized(string(r))
		require.Equal(t, once, password.Normalized(once), "%U", r)
	}
	for _, s := range []string{"0\u0301", "$\u0323\u0307", "@\u030a1"} {
		require.Equal(t, password.Normalized(s), password.Normalized(password.Normalized(s)))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringOf(characters)).Draw(t, "text")
		once := password.Normalized(s)
		require.Equal(t, once, password.Normalized(once))
		require.Equal(t, len([]rune(password.Folded(s))), len([]rune(once)), "places are the same in both")
	})
}

func TestCaseMakesNoDifferenceInAnyAlphabet(t *testing.T) {
	for _, same := range [][]string{{"password", "PassW0rd", "P@$$word", "ｐａｓｓｗｏｒｄ"}, {"σίσυφος", "ΣΊΣΥΦΟΣ", "σίσυφοσ"}, {"пароль", "ПАРОЛЬ"}, {"o1o", "0LO", "olo"}} {
		for _, s := range same[1:] {
			require.Equal(t, password.Normalized(same[0]), password.Normalized(s))
		}
	}
	require.NotEqual(t, password.Normalized("pa55w3rd"), password.Normalized("password"), "no substitutions but the four")
}
