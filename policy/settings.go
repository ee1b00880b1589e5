package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed4b20689c/myaccount/internal/enum"
	"github.com/seed4b20689c/myaccount/store"
)

// Area is a part of what a person can do that an administrator opens or locks as a whole, such as
// "devices". Dots nest: "devices.keys" lies in "devices" and is never more open than that.
type Area string

// Access is how far an administrator opens an [Area] to the account's owner.
type Access uint8

// The three values of a lock.
const (
	Off      Access = iota // not shown at all
	ReadOnly               // shown, changes are refused with the reason
	Edit                   // open
)

var accessNames = enum.Names[Access]{Off: "off", ReadOnly: "read-only", Edit: "edit"}

// String is the access's name, such as "read-only".
func (a Access) String() string { return accessNames.Text(a) }

// MarshalText writes the access's name.
func (a Access) MarshalText() ([]byte, error) { return accessNames.Marshal(a) }

// UnmarshalText reads an access's name.
func (a *Access) UnmarshalText(b []byte) (err error) { *a, err = accessNames.Unmarshal(b); return err }

// License names something that an organization has bought, such as "P1".
type License string

// Setting is a number or switch of a room that administrators may set per tenant. Rooms export theirs.
type Setting struct {
	Name    string // unique, begins with the room's name
	Default int
	// Min and Max bound the value. A switch has 0 (no) and 1 (yes).
	Min, Max int
	// NoLimit allows [Unlimited] besides.
	NoLimit bool
	// Area is whose licences the tenant needs to have it changed ([Settings.Licensed]); empty for none.
	Area Area
	// What it does, in a few words, for documentation and portals.
	What string
}

// Unlimited is the value of a [Setting] without a limit.
const Unlimited = -1

func (s Setting) check(value int) error {
	if value >= s.Min && value <= s.Max || s.NoLimit && value == Unlimited {
		return nil
	}
	or := ""
	if s.NoLimit {
		or = " or Unlimited (-1)"
	}
	return &Invalid{s.Name, fmt.Sprintf("is %d; want %d to %d%s", value, s.Min, s.Max, or)}
}

// Settings is a tenant's policy: an immutable value, so that reading it copies nothing. The zero
// Settings belongs to no tenant and turns nothing on. The With methods return changed copies.
type Settings struct {
	Tenant   TenantID
	Revision store.Revision
	// TurnedOn tells whether the tenant's people have the experience at all (S3).
	TurnedOn bool
	// Contact is whom refusals tell people to ask, such as "the help desk, extension 4711".
	Contact string

	access   map[Area]Access
	needs    map[Area]License
	licenses map[License]bool
	values   map[string]int
}

// Access is how far an area is open: the least of what is set for it and for the areas around it. An
// area that nobody set is open.
func (s Settings) Access(a Area) Access {
	least := Edit
	if len(s.access) == 0 { // as with most tenants, and asked in every decision
		return least
	}
	eachAround(a, func(part Area) bool {
		if set, ok := s.access[part]; ok && set < least {
			least = set
		}
		return true
	})
	return least
}

// Needs is the licence that the tenant demands for an area, or else for the nearest one around it; empty
// for none. Those for areas farther around are needed besides.
func (s Settings) Needs(a Area) License {
	var needed License
	eachAround(a, func(part Area) bool {
		needed = s.needs[part]
		return needed == ""
	})
	return needed
}

// Licensed reports whether the tenant has every licence that it demands for an area and those around it.
func (s Settings) Licensed(a Area) bool { return s.lacks(a) == "" }

// Unlicensed is the reason against what the tenant lacks a licence for, such as what only administrators do; nil if it
// lacks none. Of what a person does the [Rule] of an area says as much.
func (s Settings) Unlicensed(a Area) *Reason {
	if missing := s.lacks(a); missing != "" {
		return notLicensed.about(string(missing))
	}
	return nil
}

// lacks is a licence that the tenant demands for an area or one around it, and does not have.
func (s *Settings) lacks(a Area) License {
	var missing License
	if len(s.needs) == 0 { // as with most tenants, and asked in every decision
		return missing
	}
	eachAround(a, func(part Area) bool {
		if l := s.needs[part]; l != "" && !s.Has(l) {
			missing = l
		}
		return missing == ""
	})
	return missing
}

// eachAround calls fn with "a.b.c", "a.b" and "a" for as long as it returns true.
func eachAround(a Area, fn func(Area) bool) {
	for fn(a) {
		dot := strings.LastIndexByte(string(a), '.')
		if dot < 0 {
			return
		}
		a = a[:dot]
	}
}

// Has reports whether the tenant has a licence.
func (s Settings) Has(l License) bool { return s.licenses[l] }

// Licenses lists the tenant's licences, sorted.
func (s Settings) Licenses() []License { return slices.Sorted(maps.Keys(s.licenses)) }

// Value is what the tenant set, or the setting's default.
func (s Settings) Value(of Setting) int {
	if v, ok := s.values[of.Name]; ok {
		return v
	}
	return of.Default
}

// Yes reports whether a switch is on.
func (s Settings) Yes(of Setting) bool { return s.Value(of) != 0 }

// WithAccess sets how far an area is open.
func (s Settings) WithAccess(a Area, to Access) Settings {
	s.access = with(s.access, a, to)
	return s
}

// WithNeed demands a licence for an area; an empty licence demands none.
func (s Settings) WithNeed(a Area, l License) Settings {
	s.needs = with(s.needs, a, l)
	return s
}

// WithLicense grants or withdraws a licence.
func (s Settings) WithLicense(l License, granted bool) Settings {
	s.licenses = with(s.licenses, l, granted)
	if !granted {
		delete(s.licenses, l) // the map is a fresh copy
	}
	return s
}

// WithValue sets a number or switch. It does not check the bounds; [Admin.Set] does.
func (s Settings) WithValue(of Setting, value int) Settings {
	s.values = with(s.values, of.Name, value)
	return s
}

func with[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	fresh := make(map[K]V, len(m)+1)
	maps.Copy(fresh, m)
	fresh[k] = v
	return fresh
}

// settingsJSON is the form in which stores keep [Settings].
type settingsJSON struct {
	Tenant   TenantID         `json:"tenant"`
	Revision store.Revision   `json:"revision"`
	TurnedOn bool             `json:"turnedOn"`
	Contact  string           `json:"contact,omitempty"`
	Access   map[Area]Access  `json:"access,omitempty"`
	Needs    map[Area]License `json:"needs,omitempty"`
	Licenses map[License]bool `json:"licenses,omitempty"`
	Values   map[string]int   `json:"values,omitempty"`
}

// MarshalJSON writes all of s; stores may keep settings in this form.
func (s Settings) MarshalJSON() ([]byte, error) {
	return json.Marshal(settingsJSON{s.Tenant, s.Revision, s.TurnedOn, s.Contact, s.access, s.needs, s.licenses, s.values})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Settings) UnmarshalJSON(b []byte) error {
	var j settingsJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*s = Settings{j.Tenant, j.Revision, j.TurnedOn, j.Contact, j.Access, j.Needs, j.Licenses, j.Values}
	return nil
}

// Equal reports whether s and other say the same.
func (s Settings) Equal(other Settings) bool {
	return s.Tenant == other.Tenant && s.Revision == other.Revision &&
		s.TurnedOn == other.TurnedOn && s.Contact == other.Contact &&
		maps.Equal(s.access, other.access) && maps.Equal(s.needs, other.needs) &&
		maps.Equal(s.licenses, other.licenses) && maps.Equal(s.values, other.values)
}
