package password

import (
	_ "embed" // the shipped list
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/seed4b20689c/myaccount/policy"
)

// Bounds of a [BlockList] (Entra, concept-password-ban-bad).
const (
	MaxTerms = 1000
	MinTerm  = 4 // code points: shorter words are in too many passwords that are good
	MaxTerm  = 16
)

// BlockList holds words that count as little as one character: an organization's own ([Rules.Banned]), besides
// those that are shipped. It is immutable and safe for concurrent use. A nil BlockList has no words.
type BlockList struct {
	terms    map[string]bool
	byLength [MaxTerm + 1][][]rune
}

// NewBlockList makes a list of up to [MaxTerms] words. Case and the usual substitutions make no difference, and a
// word that is given twice is one.
func NewBlockList(terms ...string) (*BlockList, error) {
	if len(terms) > MaxTerms {
		return nil, &policy.Invalid{Field: "terms", Problem: fmt.Sprintf("has %d words; want at most %d", len(terms), MaxTerms)}
	}
	l := newBlockList()
	for i, term := range terms {
		field := fmt.Sprintf("terms[%d]", i)
		if err := policy.CheckText(field, term, MaxTerm); err != nil {
			return nil, err
		}
		word := normalized(term)
		if len(word) < MinTerm || len(word) > MaxTerm {
			return nil, &policy.Invalid{Field: field, Problem: fmt.Sprintf("has %d characters; want %d to %d", len(word), MinTerm, MaxTerm)}
		}
		l.add(word)
	}
	return l, nil
}

// Terms gives the words in the form in which they are found, in their order; [NewBlockList] makes the same list of them.
func (l *BlockList) Terms() []string {
	if l == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(l.terms))
}

func newBlockList() *BlockList { return &BlockList{terms: make(map[string]bool)} }

func (l *BlockList) add(word []rune) {
	if !l.terms[string(word)] {
		l.terms[string(word)] = true
		l.byLength[len(word)] = append(l.byLength[len(word)], word)
	}
}

// has reports whether a word is on the list.
func (l *BlockList) has(word string) bool { return l != nil && l.terms[word] }

// near reports whether word is on the list, or one edit away from something that is.
func (l *BlockList) near(word []rune) bool {
	if l == nil {
		return false
	}
	for n := max(len(word)-1, 0); n <= min(len(word)+1, MaxTerm); n++ {
		for _, term := range l.byLength[n] {
			if withinOneEdit(word, term) {
				return true
			}
		}
	}
	return false
}

// withinOneEdit reports whether one insertion, deletion or replacement, or none, makes a into b. Their lengths differ
// by one at most.
func withinOneEdit(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) < len(b):
		return slices.Equal(a[i:], b[i+1:])
	case i < len(a):
		return slices.Equal(a[i+1:], b[i+1:])
	}
	return true
}

//go:embed common.txt
var commonText string

// common is the shipped list.
var common = sync.OnceValue(func() *BlockList {
	l := newBlockList()
	for line := range strings.Lines(commonText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for word := range strings.FieldsSeq(line) {
			l.add(normalized(word))
		}
	}
	return l
})
