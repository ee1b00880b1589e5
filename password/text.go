package password

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxBytes bounds what is normalized at all. However a password of [MaxLength] is spelled, decomposed letters
// included, it has fewer: UTF-8 grows at most threefold by canonical decomposition.
const maxBytes = 4 * 4 * MaxLength

// normal is the form in which passwords are counted, compared and hashed: NFKC, as NIST SP 800-63B-4 section 3.1.1.2
// advises, so that a password is the same from every keyboard. Not ok is what cannot be a password at all.
func normal(s string) (form string, ok Code) {
	switch {
	case len(s) > maxBytes:
		return "", TooLong
	case !utf8.ValidString(s):
		return "", Malformed
	}
	form = norm.NFKC.String(s)
	if utf8.RuneCountInString(form) > MaxLength {
		return "", TooLong
	}
	return form, ""
}

// folded is the form in which words are found: without case, each code point for itself, so that places in it and in
// its [substituted] form are the same.
func folded(s string) []rune {
	fold := func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) } // by way of the upper case: ς is σ
	return []rune(norm.NFKC.String(strings.Map(fold, norm.NFKC.String(s))))
}

// substituted undoes the replacements that everybody makes. They are those of Entra's password protection, no more
// (concept-password-ban-bad).
func substituted(text []rune) []rune {
	out := slices.Clone(text)
	for i, r := range text {
		if i+1 < len(text) && unicode.Is(unicode.M, text[i+1]) {
			continue // with its accent it would be another character
		}
		switch r {
		case '0':
			out[i] = 'o'
		case '1':
			out[i] = 'l'
		case '$':
			out[i] = 's'
		case '@':
			out[i] = 'a'
		}
	}
	return out
}

// normalized is a word as it is found in passwords.
func normalized(word string) []rune { return substituted(folded(word)) }

// classes counts the kinds of characters among lower case, upper case, digits and everything else.
func classes(s string) int {
	var lower, upper, digit, other int
	for _, r := range s {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}
