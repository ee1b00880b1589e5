package password_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
)

// shipped are the words of the list in the package.
func shipped(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("common.txt")
	require.NoError(t, err)
	var words []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			words = append(words, strings.Fields(line)...)
		}
	}
	return words
}

func TestEveryShippedWordIsRefusedAndNoneIsThereTwice(t *testing.T) {
	seen := make(map[string]bool)
	undo := strings.NewReplacer("0", "o", "1", "l", "$", "s", "@", "a")
	for _, word := range shipped(t) {
		require.Equal(t, strings.ToLower(word), word)
		require.NoError(t, oneTerm(word), "%s would be refused from an organization", word)
		require.False(t, seen[undo.Replace(word)], "%s is there twice", word)
		seen[undo.Replace(word)] = true
		require.Equal(t, 1, points(password.Rules{}, word), word)
		require.Contains(t, codes(t, password.Rules{}, strings.ToUpper(word), withFactor), password.Common, word)
		require.Equal(t, []password.Code{password.Guessable}, codes(t, password.Rules{}, word+"#"+word+"?", withFactor), word)
	}
	require.Greater(t, len(seen), 4000)
}

func oneTerm(word string) error { _, err := password.NewBlockList(word); return err }

func TestAnOrganizationsWordsAreBounded(t *testing.T) {
	many := make([]string, password.MaxTerms+1)
	for i := range many {
		many[i] = fmt.Sprintf("word %d", i)
	}
	_, err := password.NewBlockList(many[1:]...)
	require.NoError(t, err)
	for what, terms := range map[string][]string{
		"too many": many, "empty": {""}, "three characters": {"abc"}, "four bytes": {"éé"}, "three, spelled as four": {"abe\u0301"},
		"seventeen": {strings.Repeat("x", 17)}, "a megabyte": {strings.Repeat("x", 1<<20)}, "no text": {"word\xff"}, "a line break": {"word\n"},
		"grows": {"\ufdfa word"}, "the second": {"fine", "bad"},
	} {
		_, err := password.NewBlockList(terms...)
		var invalid *policy.Invalid
		require.ErrorAs(t, err, &invalid, what)
		require.True(t, strings.HasPrefix(invalid.Field, "terms"), what)
		require.Less(t, len(err.Error()), 200, what)
	}
	_, err = password.NewBlockList("fine", "bad")
	require.ErrorContains(t, err, "terms[1]")
	for _, fine := range []string{"word", "éééé", strings.Repeat("x", 16), "two words"} {
		require.NoError(t, oneTerm(fine), fine)
	}
}

func TestAListMadeOfItsOwnTermsIsTheSameList(t *testing.T) {
	l, err := password.NewBlockList("Zwölfb@um", "zwölfbaum", "C0ntoso", "Blank")
	require.NoError(t, err)
	require.Equal(t, []string{"blank", "contoso", "zwölfbaum"}, l.Terms())
	require.Empty(t, (*password.BlockList)(nil).Terms())
	one := rapid.StringN(4, 16, -1).Filter(func(s string) bool { return oneTerm(s) == nil })
	rapid.Check(t, func(t *rapid.T) {
		first, err := password.NewBlockList(rapid.SliceOf(one).Draw(t, "terms")...)
		require.NoError(t, err)
		again, err := password.NewBlockList(first.Terms()...)
		require.NoError(t, err)
		require.Equal(t, first.Terms(), again.Terms())
	})
}

func TestAnOrganizationsWordsCountLikeShippedOnes(t *testing.T) {
	r := banned(t, "Zwölfb@um", "zwölfbaum", "ΣΊΣΥΦΟΣ", "zwölf")
	require.Equal(t, 1, points(r, "ZWÖLFBAUM"))
	require.Equal(t, 1, points(r, "zwo\u0308lfb@um"))
	require.Equal(t, 1, points(r, "σίσυφος"))
	require.Equal(t, 2, points(r, "zwölfx"))
	require.Equal(t, 2, points(banned(t, "kx7vq2zjhw9rtnbd"), "!kx7vq2zjhw9rtnbd"), "the longest of words")
	require.Equal(t, 3, points(r, "ｚｗöｌｆ!password"), "in the wide letters of East Asia too")
	require.Equal(t, 4, points(password.Rules{}, "zwölf")-1)
}
