package signins

import (
	"fmt"
	"math"
	"time"
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

// What may be unusual. All but AnonymousNetwork are about attempts that may have got past the first factor: guesses
// from everywhere are usual. ImpossibleTravel and SuccessAfterFailures look at no more than the 1,000 attempts before; where
// most of those got nowhere, a success after them is unusual for that alone: whoever is no further than a guess can hide
// nothing behind guesses. The first two go by the account's [Habits], however long ago those began.
const (
	NewCountry           FlagKind = "new-country"            // no success in that country is known from before
	NewDeviceAndPlace    FlagKind = "new-device-and-place"   // no success on that device in that place is known from before
	ImpossibleTravel     FlagKind = "impossible-travel"      // faster than [MaxSpeed] since the success before
	SuccessAfterFailures FlagKind = "success-after-failures" // [BurstFailures] failures within [BurstWindow] before it, or a flood
	AnonymousNetwork     FlagKind = "anonymizing-network"    // the host says that the address hides a place
)

// Bounds of what is usual.
const (
	// MaxSpeed is the speed in km/h that nobody travels faster than, along the great circle between two successes.
	// Airliners fly at about 900.
	MaxSpeed = 900
	// MinTravel is the distance in km below which no travel is impossible: places of addresses are approximate.
	MinTravel = 100
	// BurstFailures is how many failures, at the first factor or after it, within BurstWindow make a success after them
	// unusual.
	BurstFailures = 5
	BurstWindow   = 15 * time.Minute
)

// longestTrip is longer than any trip around half the earth at MaxSpeed takes: what was before it cannot be
// impossible travel.
const longestTrip = 23 * time.Hour

// lookBack is how many attempts before another are looked at, at the most: anybody can make failures, and they must
// not make a reading dear.
const lookBack = 1000

// flags tells what is unusual about the i-th attempt of the page.
func (h *history) flags(known Habits, i int) ([]Flag, error) {
	s := &h.page[i]
	if s.Answer == ThisWasMe {
		return nil, nil
	}
	var flags []Flag
	add := func(k FlagKind, text string, args ...any) { flags = append(flags, Flag{k, fmt.Sprintf(text, args...)}) }
	if s.pastFirst() {
		if known.strange(known.Countries, country(s), s.At) {
			add(NewCountry, "No earlier sign-in to your account from %s is known.", s.Place.Country)
		}
		if known.strange(known.Places, surroundings(s), s.At) {
			add(NewDeviceAndPlace, "No earlier sign-in with %s in %s is known.", s.DeviceTitle(), s.Place)
		}
	}
	if s.Outcome == Success {
		if err := h.before(i, add); err != nil {
			return nil, err
		}
	}
	if s.Anonymized {
		add(AnonymousNetwork, "It came from a network that hides where people are.")
	}
	return flags, nil
}

// before looks back from a success: at the failures in the time before it, and how far away the success before was.
func (h *history) before(i int, add func(FlagKind, string, ...any)) error {
	s, failures := &h.page[i], 0
	var from *SignIn // the success before whose place is known
	n, nowhere, oldest := 0, 0, s.At
	for ; n < lookBack; n++ {
		older, err := h.at(i + 1 + n)
		if err != nil {
			return err
		}
		if older == nil || s.At.Sub(older.At) > longestTrip {
			break
		}
		recent := s.At.Sub(older.At) <= BurstWindow
		if !recent && (from != nil || !s.Place.Located) {
			break // nothing further back can matter
		}
		if oldest = older.At; older.Outcome != Success {
			nowhere++
		}
		switch {
		case older.Outcome == Success && older.Place.Located && older.Answer != ThisWasNotMe && from == nil:
			from = &SignIn{Record: Record{At: older.At, Place: older.Place}}
		case recent && (older.Outcome == FirstFactorFailed || older.Outcome == LaterStepFailed):
			failures++
		}
	}
	switch {
	case n == lookBack && nowhere > lookBack/2:
		add(SuccessAfterFailures, "It came after %d unsuccessful attempts within %s.", nowhere, inWords(s.At.Sub(oldest)))
	case failures >= BurstFailures:
		add(SuccessAfterFailures, "It came after %d failures within %s.", failures, inWords(BurstWindow))
	}
	if from != nil && s.Place.Located {
		ago := s.At.Sub(from.At)
		if km := distance(s.Place, from.Place); km >= MinTravel && km > MaxSpeed*ago.Hours() {
			add(ImpossibleTravel, "Nobody travels the %.0f km from %s in %s.", km, from.Place, inWords(ago))
		}
	}
	return nil
}

// inWords is a duration as people say it, such as "1 hour 20 minutes".
func inWords(d time.Duration) string {
	unit := func(n int, of string) string {
		if n == 1 {
			return "1 " + of
		}
		return fmt.Sprintf("%d %ss", n, of)
	}
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch hours := minutes / 60; {
	case hours == 0:
		return unit(minutes, "minute")
	case minutes%60 == 0:
		return unit(hours, "hour")
	default:
		return unit(hours, "hour") + " " + unit(minutes%60, "minute")
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
