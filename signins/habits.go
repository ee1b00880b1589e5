package signins

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Habits is what an account's successes were like: the countries, and the devices with their places, each with
// the time of its first success.
type Habits struct {
	Tenant  policy.TenantID  `json:"tenant"`
	Account policy.AccountID `json:"account"`
	// Since is when the first success was. With nothing before it, nothing is unusual.
	Since     time.Time      `json:"since,omitzero"`
	Countries []Habit        `json:"countries,omitempty"`
	Places    []Habit        `json:"places,omitempty"`
	Revision  store.Revision `json:"revision"`
}

// Habit is something usual, and since when: a country, or a device with its place.
type Habit struct {
	Device  string `json:"device,omitempty"`  // the id of a registered one, else its name
	Browser string `json:"browser,omitempty"` // without its version, which changes by itself
	System  string `json:"system,omitempty"`
	Country string `json:"country,omitempty"`
	Region  string `json:"region,omitempty"`
	City    string `json:"city,omitempty"`
	// First is when it was first seen in a success; zero if the person said that it is theirs.
	First time.Time `json:"first,omitzero"`
	// Last is the day, in UTC, of its latest success, or of what the person said of it if that was later.
	Last time.Time `json:"last,omitzero"`
	// Denied says that it was somebody else's: it stays strange whatever comes after, until the person says that
	// it is theirs, or it is forgotten as any other.
	Denied bool `json:"denied,omitempty"`
}

// same reports whether two habits are about one thing, whenever they began and whosever they are.
func (h Habit) same(other Habit) bool {
	h.First, other.First = time.Time{}, time.Time{}
	h.Last, other.Last = time.Time{}, time.Time{}
	h.Denied, other.Denied = false, false
	return h == other
}

func (h Habit) compare(other Habit) int {
	return cmp.Or(h.First.Compare(other.First), cmp.Compare(h.Device, other.Device), cmp.Compare(h.Browser, other.Browser),
		cmp.Compare(h.System, other.System), cmp.Compare(h.Country, other.Country), cmp.Compare(h.Region, other.Region), cmp.Compare(h.City, other.City))
}

// MaxHabits is how many of each an account has: the ones known for the longest. Beyond that nothing more is learned
// until something is forgotten. A habit is kept for [HabitDays] after its last success, see [Host.PurgeActivity].
const MaxHabits = 256

// Clone returns a copy that shares nothing with h.
func (h Habits) Clone() Habits {
	h.Countries, h.Places = slices.Clone(h.Countries), slices.Clone(h.Places)
	return h
}

// strange reports whether something was not known before a time, although the account was. What an attempt does
// not tell is not strange.
func (h *Habits) strange(among []Habit, what Habit, at time.Time) bool {
	if what == (Habit{}) || h.Since.IsZero() || !h.Since.Before(at) {
		return false
	}
	i := slices.IndexFunc(among, what.same)
	return i < 0 || among[i].Denied || !among[i].First.Before(at)
}

// each calls fn with each list and what an attempt has for it.
func (h *Habits) each(s *SignIn, fn func(list *[]Habit, what Habit)) {
	for _, l := range []struct {
		list *[]Habit
		what Habit
	}{{&h.Countries, country(s)}, {&h.Places, surroundings(s)}} {
		if l.what != (Habit{}) {
			fn(l.list, l.what)
		}
	}
}

// learn notes a success, and reports whether that taught anything. The result is the same in whatever order
// successes come.
func (h *Habits) learn(s *SignIn) bool {
	if s.Outcome != Success || s.Answer == ThisWasNotMe {
		return false
	}
	changed := h.Since.IsZero() || s.At.Before(h.Since)
	if changed {
		h.Since = s.At
	}
	h.each(s, func(list *[]Habit, what Habit) {
		what.First, what.Last = s.At, dayOf(s.At)
		changed = note(list, what) || changed
	})
	return changed
}

// trust notes that what an attempt was like is the person's own, and was so always. It reports whether that taught anything.
func (h *Habits) trust(s *SignIn, now time.Time) (taught bool) {
	h.each(s, func(list *[]Habit, what Habit) {
		what.Last = dayOf(now)
		if i := slices.IndexFunc(*list, what.same); i >= 0 && !(*list)[i].Denied && (*list)[i].First.Before(s.At) {
			what.First = (*list)[i].First // it was usual already, and since when is not to be lost
		}
		taught = note(list, what) || taught
	})
	return taught
}

// newSince is since when there is anything that an attempt was like: whoever says that it was theirs says so of all of
// that.
func (h *Habits) newSince(s *SignIn) time.Time {
	first := s.At
	h.each(s, func(list *[]Habit, what Habit) {
		if i := slices.IndexFunc(*list, what.same); i >= 0 && !(*list)[i].First.IsZero() && (*list)[i].First.Before(first) {
			first = (*list)[i].First
		}
	})
	return first
}

// deny notes that a success was somebody else's. What was known before it stays usual; what began with it, or was
// declared usual, stays strange. What was no success taught nothing. It reports whether anything was changed.
func (h *Habits) deny(s *SignIn, now time.Time) (changed bool) {
	if s.Outcome != Success {
		return false
	}
	h.each(s, func(list *[]Habit, what Habit) {
		what.Last = dayOf(now)
		if i := slices.IndexFunc(*list, what.same); i >= 0 {
			if known := (*list)[i]; !known.First.IsZero() && known.First.Before(s.At) {
				return
			}
			*list, changed = slices.Delete(*list, i, i+1), true
		}
		what.First, what.Denied = s.At, true
		changed = note(list, what) || changed
	})
	return changed
}

// forget removes what was not met since the day of a time, and tells how much.
func (h *Habits) forget(before time.Time) (forgotten int) {
	for _, list := range []*[]Habit{&h.Countries, &h.Places} {
		all := len(*list)
		*list = slices.DeleteFunc(*list, func(of Habit) bool { return of.Last.Before(dayOf(before)) })
		forgotten += all - len(*list)
	}
	return forgotten
}

// dayOf is when the day of a time began. Days are noted and not times, so that a habit is written once a day.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// note keeps the earliest time of a habit and its latest day, in the order of those times, and of more than [MaxHabits]
// the earliest.
func note(list *[]Habit, n Habit) bool {
	if i := slices.IndexFunc(*list, n.same); i >= 0 {
		known := &(*list)[i]
		later := n.Last.After(known.Last)
		if later {
			known.Last = n.Last
		}
		if !n.First.Before(known.First) {
			return later
		}
		n.Last = known.Last
		*list = slices.Delete(*list, i, i+1)
	}
	at, _ := slices.BinarySearchFunc(*list, n, Habit.compare)
	if at >= MaxHabits {
		return false
	}
	*list = slices.Insert(*list, at, n)
	if len(*list) > MaxHabits {
		*list = (*list)[:MaxHabits]
	}
	return true
}

func country(s *SignIn) Habit { return Habit{Country: s.Place.Country} }

// surroundings are a device together with its place; none if either is unknown.
func surroundings(s *SignIn) Habit {
	h := Habit{Country: s.Place.Country, Region: s.Place.Region, City: s.Place.City}
	if h == (Habit{}) {
		return h
	}
	switch {
	case s.Device != "":
		h.Device = string(s.Device)
	case s.DeviceName != "":
		h.Device = s.DeviceName
	case s.Browser != "" || s.System != "":
		h.Browser, h.System = family(s.Browser), s.System
	default:
		return Habit{}
	}
	return h
}

// family is a browser without its version.
func family(browser string) string {
	return strings.TrimRight(strings.TrimRight(browser, "0123456789."), " ")
}

// DeviceTitle is what an attempt was made with, as a person reads it: the device's name, else such as "Firefox on
// Windows 10". It is empty if neither is known.
func (s *SignIn) DeviceTitle() string {
	browser := family(s.Browser)
	switch {
	case s.DeviceName != "":
		return s.DeviceName
	case browser != "" && s.System != "":
		return browser + " on " + s.System
	}
	return browser + s.System
}

// habitsOf reads an account's habits; those of an account that has none yet are empty.
func habitsOf(tx Tx, op *policy.Op, account policy.AccountID) (Habits, error) {
	h, err := tx.Habits(op.Actor.Tenant, account)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Habits{Tenant: op.Actor.Tenant, Account: account}, nil
	case err == nil && (h.Tenant != op.Actor.Tenant || h.Account != account):
		return Habits{}, errors.New("the store gave the habits of somebody else")
	}
	return h, err
}
