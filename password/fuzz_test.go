package password_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// judge fails unless what Check says of a candidate is what its own words promise.
func judge(t require.TestingT, r password.Rules, candidate string, c password.Context) {
	err := r.Check(secret.NewText(candidate), c)
	form := norm.NFKC.String(candidate)
	again := r.Check(secret.NewText(form), c)
	if err == nil {
		require.True(t, utf8.ValidString(candidate))
		require.LessOrEqual(t, utf8.RuneCountInString(form), 256)
		require.GreaterOrEqual(t, utf8.RuneCountInString(form), 8)
		require.False(t, strings.ContainsFunc(candidate, unicode.IsControl))
		require.GreaterOrEqual(t, points(r, candidate), 5)
		require.Equal(t, points(r, form), points(r, candidate))
		require.NoError(t, again, "spelled in its normal form")
		return
	}
	var refused *password.Unacceptable
	require.True(t, errors.As(err, &refused))
	require.NotEmpty(t, refused.Problems)
	require.True(t, errors.As(err, new(*policy.Invalid)))
	seen := make(map[password.Code]bool)
	for _, p := range refused.Problems {
		require.False(t, seen[p.Code])
		seen[p.Code] = true
	}
	require.False(t, seen[password.Common] && seen[password.Guessable])
	require.LessOrEqual(t, len(err.Error()), 800)
}

func FuzzCheck(f *testing.F) {
	for _, candidate := range []string{"", "C0ntos0Blank12", "ContoS0Bl@nkf9!", "p0LL23fb", "correct horse battery staple", "\xff", "\ufdfa", "e\u0301\u0301\u0301",
		strings.Repeat("a", 256), strings.Repeat("\u0301", 300), "qwertyuiopasdfg", "1q2w3e4r5t6y7u8i", "\u0130\u0131\u017f\u212a\u1e9e", "19870214"} {
		f.Add(candidate, "Poll", "poll@contoso.com", false)
		f.Add(candidate, candidate, candidate+"@"+candidate, true)
	}
	r := banned(f, "contoso", "blank")
	f.Fuzz(func(t *testing.T, candidate, name, email string, factor bool) {
		judge(t, r, candidate, password.Context{SecondFactor: factor, DisplayName: name, Emails: []string{email}, Current: secret.NewText(name)})
	})
}

func TestWhatIsAcceptedScoresEnoughAndIsNoWordOfAList(t *testing.T) {
	r := banned(t, "contoso", "blank")
	words := append(shipped(t), "contoso", "blank")
	listed := make(map[string]bool, len(words))
	for _, w := range words {
		listed[w] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(rapid.SampledFrom(words), rapid.StringOfN(characters, 0, 6, -1), rapid.String())
		candidate := strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), "")
		judge(t, r, candidate, withFactor)
		if r.Check(secret.NewText(candidate), withFactor) == nil {
			require.False(t, listed[strings.ToLower(candidate)], candidate)
		}
	})
}

func TestAPasswordIsJudgedAlikeHoweverItIsSpelled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		candidate := rapid.OneOf(rapid.String(), rapid.StringOf(characters)).Draw(t, "candidate")
		want := points(password.Rules{}, candidate)
		for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
			require.Equal(t, want, points(password.Rules{}, form.String(candidate)), "%q", candidate)
		}
		require.Equal(t, codes(t, password.Rules{}, norm.NFC.String(candidate), withFactor), codes(t, password.Rules{}, norm.NFD.String(candidate), withFactor))
	})
}
