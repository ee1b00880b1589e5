package password

import (
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

const (
	remembered  = 3 // wrong passwords that are known again (Entra smart lockout)
	longestLock = 24 * time.Hour
)

// Lockout says how wrong passwords lock (Entra, howto-password-smart-lockout). [LockoutOf] makes it from a tenant's
// settings; a field that is not positive counts as the setting's default.
type Lockout struct {
	Threshold int           // failures that lock; each one after a lock has ended locks again
	First     time.Duration // how long the first lock lasts; each further one twice as long, up to a day
	Limit     int           // failures in a row, from wherever, that end the use of the password; at most 100
}

// orDefaults is l with nothing missing, and nothing laxer than NIST SP 800-63B-4 section 3.2.2.
func (l Lockout) orDefaults() Lockout {
	if l.Threshold <= 0 {
		l.Threshold = LockoutThreshold.Default
	}
	if l.First <= 0 {
		l.First = time.Duration(LockoutSeconds.Default) * time.Second
	}
	if l.Limit <= 0 || l.Limit > maxFailures {
		l.Limit = maxFailures
	}
	return l
}

// lasts is how long the lock is that follows on a number of failures; 0 for none.
func (l Lockout) lasts(failures int) time.Duration {
	if failures < l.Threshold {
		return 0
	}
	d := min(l.First, longestLock)
	for range failures - l.Threshold {
		if d = min(2*d, longestLock); d == longestLock {
			break
		}
	}
	return d
}

// Throttle is what an account's row keeps of wrong passwords, some 450 bytes of JSON at the most. The zero Throttle
// has met none: put it where the password was reset because it was forgotten. A change of the password by somebody who
// knows it leaves it as it is (Entra).
//
// Each kind of place is counted apart ([Place]), so that a stranger who locks an account does not lock its owner out at
// home.
type Throttle struct {
	Familiar   Failures `json:"familiar"`
	Unfamiliar Failures `json:"unfamiliar"`
	SignedIn   Failures `json:"signedIn,omitzero"`
	// InARow is the number of failures that were counted since the last success anywhere.
	InARow int `json:"inARow,omitempty"`
	// Disabled says that they were too many, or that somebody else may know the password ([Throttle.Spent]): it is of no use
	// until it is reset.
	Disabled bool `json:"disabled,omitempty"`
	// Wrong holds digests of the last three wrong passwords, the newest first.
	Wrong []secret.Digest `json:"wrong,omitempty"`
}

// Place is the kind of place that a password is given from.
type Place uint8

// Kinds of place. The first two are those of Entra's smart lockout, at sign-in.
const (
	Unfamiliar Place = iota
	Familiar         // the person signed in from there before
	// SignedIn is a session whose person gives the current password once more. Where it is used says nothing about who uses
	// it, since it may be stolen: its failures lock no sign-in, and those of strangers not what its person does.
	SignedIn
)

// Failures counts for one kind of place.
type Failures struct {
	Count       int       `json:"count,omitempty"` // since the last success from such a place
	LockedUntil time.Time `json:"lockedUntil,omitzero"`
}

// At is the count of a kind of place.
func (t Throttle) At(at Place) Failures { return *t.at(at) }

// at is the counter of a kind of place.
func (t *Throttle) at(at Place) *Failures {
	switch at {
	case Familiar:
		return &t.Familiar
	case SignedIn:
		return &t.SignedIn
	}
	return &t.Unfamiliar
}

// Locked reports whether passwords are refused from such a place, right or wrong, and until when. The zero time means
// until the password is reset.
func (t Throttle) Locked(now time.Time, at Place) (until time.Time, locked bool) {
	if t.Disabled {
		return time.Time{}, true
	}
	if until = t.at(at).LockedUntil; now.Before(until) {
		return until, true
	}
	return time.Time{}, false
}

// Judge is what an attempt makes of t, and whether it succeeds: one during a lock does not, whatever came of
// verifying, nor does it count, for whoever made it learns nothing.
//
// Verify first and outside of the transaction, then judge inside, on the row as it is there: so no number of attempts at
// once gets more guesses than one after the other.
func (t Throttle) Judge(v secret.Verified, now time.Time, at Place, l Lockout) (after Throttle, ok bool) {
	if _, locked := t.Locked(now, at); locked {
		return t, false
	}
	if v.OK {
		return t.Succeeded(at), true
	}
	after, _ = t.Failed(v.Wrong, now, at, l)
	return after, false
}

// Failed is t after a wrong password, and whether it was counted: one of the last three is not counted again, nor is
// any during a lock. What is remembered is wrong[0]; the others are digests under older keys.
func (t Throttle) Failed(wrong []secret.Digest, now time.Time, at Place, l Lockout) (after Throttle, counted bool) {
	if _, locked := t.Locked(now, at); locked {
		return t, false
	}
	known := func(d secret.Digest) bool { return slices.ContainsFunc(wrong, d.Equal) }
	again := slices.ContainsFunc(t.Wrong, known)
	if len(wrong) > 0 {
		others := slices.DeleteFunc(slices.Clone(t.Wrong), known)
		t.Wrong = slices.Insert(others, 0, wrong[0])
		t.Wrong = slices.Clip(t.Wrong[:min(len(t.Wrong), remembered)])
	}
	if again {
		return t, false
	}
	l = l.orDefaults()
	t.InARow++
	t.Disabled = t.InARow >= l.Limit
	place := t.at(at)
	place.Count++
	if d := l.lasts(place.Count); d > 0 {
		place.LockedUntil = store.Time(now.Add(d))
	}
	return t, true
}

// Unlocked is t after an administrator ended its locks. A password that is of no use any more stays so: NIST leaves
// no way but a new one.
func (t Throttle) Unlocked() Throttle {
	t.Familiar, t.Unfamiliar, t.SignedIn = Failures{}, Failures{}, Failures{}
	return t
}

// Spent is t of a password that somebody else may know: of no use until it is reset, as after too many failures in a row.
func (t Throttle) Spent() Throttle {
	t.Disabled = true
	return t
}

// Succeeded is t after the right password, outside of a lock. It clears the counter of its own kind of place alone:
// else a stranger had new guesses each time that the owner signs in.
func (t Throttle) Succeeded(at Place) Throttle {
	*t.at(at) = Failures{}
	t.InARow = 0
	return t
}
