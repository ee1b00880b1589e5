package msgraph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed4b20689c/myaccount/devices"
)

// fold makes the names of members known by their lower case, since the systems that hand sign-in logs on do not agree on
// it. What then stands twice is ambiguous, like any other.
func (o *object) fold() {
	folded := make(map[string]member, len(o.members))
	for _, name := range slices.Sorted(maps.Keys(o.members)) { // in the order of the names, so that the same is read again
		m := o.members[name]
		key := strings.ToLower(name)
		if _, twice := folded[key]; twice {
			m.twice = true
		}
		folded[key] = m
	}
	o.members, o.folded = folded, true
}

// word reads a text or a number as it is written; empty if it is missing.
func (o *object) word(name string) string {
	raw := o.get(name)
	switch {
	case raw == nil:
		return ""
	case raw[0] == '"':
		return strings.TrimSpace(o.text(name))
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return string(raw)
	}
	o.refuse(name, "is neither a text nor a number")
	return ""
}

// degrees reads a number within plus and minus bound, and tells whether it is there.
func (o *object) degrees(name string, bound float64) (float64, bool) {
	s := o.word(name)
	if s == "" {
		return 0, false
	}
	d, err := strconv.ParseFloat(s, 64)
	if err != nil || !(d >= -bound && d <= bound) { // NaN is neither
		o.refuse(name, fmt.Sprintf("is not a number from -%v to %v", bound, bound))
		return 0, false
	}
	return d, true
}

// truth reads true or false, also as a text.
func (o *object) truth(name string) devices.Answer {
	raw := o.get(name)
	if raw == nil || raw[0] != '"' {
		return o.answer(name)
	}
	switch strings.ToLower(o.text(name)) {
	case "":
		return devices.Unknown
	case "true":
		return devices.Yes
	case "false":
		return devices.No
	}
	o.refuse(name, "is none of true and false")
	return devices.Unknown
}

// embedded reads JSON that stands there as it is, or written as a text; nil if there is none.
func (o *object) embedded(name string) json.RawMessage {
	raw := o.get(name)
	if raw == nil || raw[0] != '"' {
		return raw
	}
	switch s := strings.TrimSpace(o.text(name)); {
	case s == "" || s == "null":
		return nil
	case !json.Valid([]byte(s)):
		o.refuse(name, "holds no JSON")
		return nil
	default:
		return json.RawMessage(s)
	}
}

// part reads the object under the first of the names that has one with members. If there is none, the part tells of
// nothing.
func (o *object) part(names ...string) *object {
	for _, name := range names {
		if all := o.objects(name, '{'); len(all) > 0 && len(all[0].members) > 0 {
			return all[0]
		}
	}
	return &object{parent: o, path: names[len(names)-1] + "."}
}

// parts reads the objects of an array.
func (o *object) parts(name string) []*object { return o.objects(name, '[') }

// objects reads one object or an array of them, as the bracket says with which it begins.
func (o *object) objects(name string, open byte) []*object {
	raw := o.embedded(name)
	if raw == nil {
		return nil
	}
	if raw[0] != open {
		o.refuse(name, map[byte]string{'{': "is not an object", '[': "is not an array"}[open])
		return nil
	}
	var all []*object
	path := name
	s := newScanner(bytes.NewReader(raw), func(part *object) bool {
		if open == '[' {
			path = fmt.Sprintf("%s[%d]", name, len(all))
		}
		part.parent, part.path = o, path+"."
		part.check(part.problem)
		part.fold()
		all = append(all, part)
		return true
	})
	read := s.records
	if open == '{' {
		read = func() error { return s.record(false) }
	}
	if read() != nil { // it is JSON already, so only a reader in disagreement with the other would say so
		o.refuse(name, "holds no JSON")
	}
	return all
}
