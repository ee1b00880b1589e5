package msgraph

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
)

// Refusal is the error for one record that cannot be used. The stream goes on after it.
type Refusal struct {
	Position
	// Err is a *[policy.Invalid] that names the member, or a *[policy.Denied]. It never shows a value,
	// which may be a secret in the wrong place.
	Err error
}

// Error says where, which member and why.
func (r *Refusal) Error() string { return fmt.Sprintf("%v: %v", r.Position, r.Err) }

// Unwrap gives the reason.
func (r *Refusal) Unwrap() error { return r.Err }

// object is one record: its members as they stand, read by name. The first problem met stays, and what is
// read after it does not matter.
type object struct {
	Position
	members map[string]member
	folded  bool // names are known by their lower case
	problem error

	parent *object // that it stands in, which has the problem
	path   string  // where in it, up to the dot
}

type member struct {
	text  json.RawMessage
	twice bool
}

func (o *object) check(err error) {
	switch invalid := (*policy.Invalid)(nil); {
	case err == nil:
	case o.parent != nil && errors.As(err, &invalid):
		o.parent.refuse(o.path+invalid.Field, invalid.Problem)
	case o.parent != nil:
		o.parent.check(err)
	case o.problem == nil:
		o.problem = err
	}
}

func (o *object) refuse(field, problem string) {
	o.check(&policy.Invalid{Field: field, Problem: problem})
}

// get gives a member's JSON, or nil if it is missing or null.
func (o *object) get(name string) json.RawMessage {
	key := name
	if o.folded {
		key = strings.ToLower(name)
	}
	m := o.members[key]
	if m.twice {
		o.refuse(name, "stands twice")
	}
	if string(m.text) == "null" {
		return nil
	}
	return m.text
}

// text reads a string; empty if it is missing.
func (o *object) text(name string) string {
	raw := o.get(name)
	if raw == nil {
		return ""
	}
	var s string
	switch {
	case !utf8.Valid(raw): // json would put something else in the place of what is not
		o.refuse(name, "is not valid UTF-8")
	case json.Unmarshal(raw, &s) != nil:
		o.refuse(name, "is not a string")
	}
	return s
}

// label reads a text that people see.
func (o *object) label(name string) string {
	s := o.text(name)
	o.check(policy.CheckText(name, s, devices.MaxText))
	return s
}

// id reads an identifier; empty if it is missing.
func (o *object) id(name string) string {
	s := o.text(name)
	if o.get(name) == nil {
		return s
	}
	o.check(policy.CheckID(name, s))
	if strings.ContainsRune(s, utf8.RuneError) { // half a surrogate pair: two such ids would become one
		o.refuse(name, "is not valid Unicode")
	}
	return s
}

// needed reads an identifier that must be there.
func (o *object) needed(name string) string {
	if o.get(name) == nil {
		o.refuse(name, "is missing")
	}
	return o.id(name)
}

// answer reads true, false or null.
func (o *object) answer(name string) devices.Answer {
	switch string(o.get(name)) {
	case "":
		return devices.Unknown
	case "true":
		return devices.Yes
	case "false":
		return devices.No
	}
	o.refuse(name, "is none of true, false and null")
	return devices.Unknown
}

// kind refuses a record that says that it is of another type.
func (o *object) kind(want string) {
	if t := o.text("@odata.type"); t != "" && strings.TrimPrefix(t, "#") != want {
		o.refuse("@odata.type", "is another type; want #"+want)
	}
}

// choice reads one of the values of an enumeration by its name, or by its number where of has that; without
// the member it is otherwise.
func choice[E any](o *object, name string, of map[string]E, otherwise E) E {
	raw := o.get(name)
	if raw == nil {
		return otherwise
	}
	key := string(raw)
	if key[0] == '"' {
		key = o.text(name)
	}
	value, known := of[key]
	if !known {
		o.refuse(name, "is none of "+strings.Join(slices.Sorted(maps.Keys(of)), ", "))
	}
	return value
}

// each decodes the records that read finds in a stream.
func each[R any](r io.Reader, read func(*scanner) error, decode func(*object) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		broken := scan(r, read, func(o *object) bool {
			record := decode(o)
			if o.problem != nil {
				return yield(none, &Refusal{o.Position, o.problem})
			}
			return yield(record, nil)
		})
		if broken != nil {
			yield(none, broken)
		}
	}
}
