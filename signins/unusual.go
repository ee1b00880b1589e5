package signins

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Flag is one thing that is unusual about an attempt to sign in. Flags are computed when an attempt is read, from
// the account's [Habits] and the attempts before it, so that they say the same in whatever order attempts were
// recorded.
type Flag struct {
	Kind FlagKind `json:"kind"`
	// Text says in words what is unusual.
	Text string `json:"text"`
}

// FlagKind names what is unusual.
type FlagKind string

// What may be unusual. All but AnonymousNetwork are about attempts that got past the first factor: guesses from
// everywhere are usual.
const (
	NewCountry           FlagKind = "new-country"            // no earlier success was in that country
	NewDeviceAndPlace    FlagKind = "new-device-and-place"   // no earlier success was on that device in that place
	ImpossibleTravel     FlagKind = "impossible-travel"      // faster than [MaxSpeed] since the success before
	SuccessAfterFailures FlagKind = "success-after-failures" // [BurstFailures] failures within [BurstWindow] before it
	AnonymousNetwork     FlagKind = "anonymizing-network"    // the host says that the address hides a place
)

// Bounds of what is usual.
const (
	// MaxSpeed is the speed in km/h that nobody travels faster than, along the great circle between two successes.
	// Airliners fly at about 900.
	MaxSpeed = 900
	// MinTravel is the distance in km below which no travel is impossible: places of addresses are approximate.
	MinTravel = 100
	// BurstFailures is how many failures at the first factor within BurstWindow make a success after them unusual.
	BurstFailures = 5
	BurstWindow   = 15 * time.Minute
)

// longestTrip is longer than any trip around half the earth at MaxSpeed takes: what was before it cannot be
// impossible travel.
const longestTrip = 23 * time.Hour

// flags tells what is unusual about the i-th attempt.
func (h *history) flags(known Habits, i int) ([]Flag, error) {
	s := &h.all[i]
	if s.Answer == ThisWasMe || s.Outcome == Interrupted {
		return nil, nil
	}
	var flags []Flag
	add := func(k FlagKind, text string, args ...any) { flags = append(flags, Flag{k, fmt.Sprintf(text, args...)}) }
	if s.Outcome == Success || s.Outcome == LaterStepFailed {
		if known.strange(known.Countries, s.Place.Country, s.At) {
			add(NewCountry, "No earlier sign-in was from %s.", s.Place.Country)
		}
		if known.strange(known.Places, habit(s), s.At) {
			add(NewDeviceAndPlace, "No earlier sign-in was with %s in %s.", s.deviceTitle(), s.Place)
		}
		if s.Outcome == Success {
			if err := h.before(i, add); err != nil {
				return nil, err
			}
		}
	}
	if s.Anonymized {
		add(AnonymousNetwork, "The address %s belongs to a network that hides where people are.", s.Address)
	}
	return flags, nil
}

// before looks back from a success: at the failures right before it, and how far away the success before was.
func (h *history) before(i int, add func(FlagKind, string, ...any)) error {
	failures, burst := 0, true
	for j := i; ; j++ {
		older, err := h.older(j)
		if err != nil || older == nil {
			return err
		}
		s := &h.all[i] // reading on may have moved it
		ago := s.At.Sub(older.At)
		if ago > longestTrip {
			return nil
		}
		switch {
		case older.Outcome == Success && older.Answer != ThisWasNotMe:
			burst = false
			if !s.Place.Located || !older.Place.Located {
				continue // further back one may be whose place is known
			}
			if km := distance(s.Place, older.Place); km >= MinTravel && km > MaxSpeed*ago.Hours() {
				add(ImpossibleTravel, "%.0f km from %s within %s.", km, older.Place, ago.Round(time.Minute))
			}
			return nil
		case burst && ago <= BurstWindow && older.Outcome == FirstFactorFailed:
			if failures++; failures == BurstFailures {
				add(SuccessAfterFailures, "It came after %d failures within %.0f minutes.", BurstFailures, BurstWindow.Minutes())
			}
		}
	}
}

// earthRadius is the mean radius in km (IUGG).
const earthRadius = 6371.0088

// distance is the length in km of the great circle between two places.
func distance(a, b Place) float64 {
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	sin2 := func(x float64) float64 { s := math.Sin(x / 2); return s * s }
	h := sin2(rad(b.Latitude-a.Latitude)) + math.Cos(rad(a.Latitude))*math.Cos(rad(b.Latitude))*sin2(rad(b.Longitude-a.Longitude))
	return 2 * earthRadius * math.Asin(math.Min(1, math.Sqrt(h)))
}

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

// Habit is something usual, and since when.
type Habit struct {
	Value string `json:"value"`
	// First is when it was first seen in a success; zero if the person said that it is theirs.
	First time.Time `json:"first,omitzero"`
}

// MaxHabits is how many of each an account has: the ones known for the longest.
const MaxHabits = 256

// Clone returns a copy that shares nothing with h.
func (h Habits) Clone() Habits {
	h.Countries, h.Places = slices.Clone(h.Countries), slices.Clone(h.Places)
	return h
}

// strange reports whether something was not known before a time, although the account was.
func (h *Habits) strange(among []Habit, value string, at time.Time) bool {
	if value == "" || h.Since.IsZero() || !h.Since.Before(at) {
		return false
	}
	i := find(among, value)
	return i < 0 || !among[i].First.Before(at)
}

func find(among []Habit, value string) int {
	return slices.IndexFunc(among, func(h Habit) bool { return h.Value == value })
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
	for _, l := range []struct {
		list  *[]Habit
		value string
	}{{&h.Countries, s.Place.Country}, {&h.Places, habit(s)}} {
		if l.value != "" && note(l.list, Habit{l.value, s.At}) {
			changed = true
		}
	}
	return changed
}

// note keeps the earliest time of a habit.
func note(list *[]Habit, n Habit) bool {
	if i := find(*list, n.Value); i >= 0 {
		if !n.First.Before((*list)[i].First) {
			return false
		}
		*list = slices.Delete(*list, i, i+1)
	}
	before := func(a, b Habit) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Value, b.Value)) }
	at, _ := slices.BinarySearchFunc(*list, n, before)
	if at >= MaxHabits {
		return false
	}
	*list = slices.Insert(*list, at, n)
	if len(*list) > MaxHabits {
		*list = (*list)[:MaxHabits]
	}
	return true
}

// trust notes that what an attempt was like is the person's own, always.
func (h *Habits) trust(s *SignIn) {
	for _, l := range []struct {
		list  *[]Habit
		value string
	}{{&h.Countries, s.Place.Country}, {&h.Places, habit(s)}} {
		if l.value != "" {
			note(l.list, Habit{Value: l.value})
		}
	}
}

// forget takes back what an attempt taught that was not the person's.
func (h *Habits) forget(s *SignIn) {
	taught := func(value string) func(Habit) bool {
		return func(k Habit) bool { return k.Value == value && k.First.Equal(s.At) }
	}
	h.Countries = slices.DeleteFunc(h.Countries, taught(s.Place.Country))
	h.Places = slices.DeleteFunc(h.Places, taught(habit(s)))
}

// habit names a device together with its place; empty if either is unknown.
func habit(s *SignIn) string {
	device, place := s.deviceTitle(), s.Place
	if s.Device != "" {
		device = "device " + string(s.Device)
	}
	if device == "" || place.String() == "" {
		return ""
	}
	return strconv.Quote(device) + " in " + strconv.Quote(place.Country) + strconv.Quote(place.Region) + strconv.Quote(place.City)
}

// deviceTitle is what the attempt was made with, without versions: those change by themselves.
func (s *SignIn) deviceTitle() string {
	browser := strings.TrimRight(strings.TrimRight(s.Browser, "0123456789."), " ")
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
