package password

import (
	"slices"

	"github.com/seed4b20689c/myaccount/secret"
)

// MinPoints is what a password has to score (Entra, concept-password-ban-bad).
const MinPoints = 5

// Points is how much there is to guess in a password: a point for each word of a list and each pattern (sequence, way
// over a keyboard, repetition, year or date), and a point for each character that belongs to none, in the reading
// with the fewest points. What cannot be a password scores nothing.
//
// Entra counts so (concept-password-ban-bad), and finds words in lower case and after the substitutions 0→o, 1→l,
// $→s and @→a. It does not say what it counts for patterns.
func (r Rules) Points(candidate secret.Text) int {
	form, no := normal(candidate.Reveal())
	if no != "" {
		return 0
	}
	text := folded(form)
	return r.points(text, substituted(text))
}

// points scores text, which is folded; word is text after substitution.
func (r Rules) points(text, word []rune) int {
	pattern := patterns(text, word)
	read, at := string(word), offsets(word)
	fewest := make([]int, len(text)+1) // points of what stands before a place
	for i := range fewest {
		fewest[i] = i
	}
	lower := func(end, points int) { fewest[end] = min(fewest[end], points) }
	for i := range text {
		one := fewest[i] + 1
		lower(i+1, one)
		pattern[i].each(func(length int) { lower(i+length, one) })
		for end := i + MinTerm; end <= min(i+MaxTerm, len(text)); end++ {
			if found := read[at[i]:at[end]]; common().has(found) || r.Banned.has(found) {
				lower(end, one)
			}
		}
	}
	return fewest[len(text)]
}

// offsets says where in string(text) each code point begins, and where the last one ends.
func offsets(text []rune) []int {
	at := make([]int, 0, len(text)+1)
	for i := range string(text) {
		at = append(at, i)
	}
	return append(at, len(string(text)))
}

// isCommon reports whether the whole of a password is a word of a list, or one edit away from one. Only the whole:
// ContoS0Bl@nkf9! is to score 5, and would score 4 if blankf were blank within it.
func (r Rules) isCommon(word []rune) bool { return common().near(word) || r.Banned.near(word) }

// contains reports whether text contains part.
func contains(text, part []rune) bool {
	for i := 0; i+len(part) <= len(text); i++ {
		if slices.Equal(text[i:i+len(part)], part) {
			return true
		}
	}
	return false
}
