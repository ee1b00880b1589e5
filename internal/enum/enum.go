// Package enum gives small enumerations their texts: one byte in memory, a name in JSON and in print.
package enum

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Names maps the values of an enumeration to their text and back. A zero value that has no name is written
// as "" and read from it.
type Names[E ~uint8] map[E]string

// Text is the name of e.
func (n Names[E]) Text(e E) string {
	if s, ok := n[e]; ok {
		return s
	}
	if e == 0 {
		return ""
	}
	return fmt.Sprintf("unknown(%d)", uint8(e))
}

// Marshal is the name of e, or an error for a value that has none.
func (n Names[E]) Marshal(e E) ([]byte, error) {
	if _, ok := n[e]; !ok && e != 0 {
		return nil, fmt.Errorf("%T %d has no name", e, uint8(e))
	}
	return []byte(n.Text(e)), nil
}

// Unmarshal gives the value of a name.
func (n Names[E]) Unmarshal(b []byte) (E, error) {
	for e, s := range n {
		if s == string(b) {
			return e, nil
		}
	}
	var zero E
	if len(b) == 0 {
		return zero, nil
	}
	return zero, fmt.Errorf("%T: unknown name %q", zero, b)
}

// Check is nil for a value with a name, else it says what would be right.
func (n Names[E]) Check(e E) error {
	if _, ok := n[e]; ok {
		return nil
	}
	return fmt.Errorf("is none of %s", strings.Join(slices.Sorted(maps.Values(n)), ", "))
}
