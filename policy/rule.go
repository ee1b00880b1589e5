package policy

import (
	"time"
)

// Action names what is done, such as "devices.disable".
type Action string

// By is who may act under a rule at all.
type By uint8

// The doors. They are bits: a rule may name several.
const (
	ByPerson By = 1 << iota // the account's owner, for themselves
	ByRole                  // a person with one of the rule's roles
	ByHost                  // the embedding application
	BySystem                // the administrator of the installation
)

// Records says which successes of a change leave an event. Its refusals and failures always do.
type Records uint8

// What is recorded of successes.
const (
	EverySuccess Records = iota
	NotedSuccess         // telemetry: only if something of note changed, for which the [Change] names the activity
	NoSuccess            // none, whatever the change says: the row that it writes is its record
)

// Demand is what becomes of an action while the person has to set a new password ([Standing.MustChangePassword]).
type Demand uint8

// What becomes of it.
const (
	WaitsForPassword Demand = iota // it is refused until then, unless it only looks
	NeverWaits                     // it is open all the same, such as signing out
	MeetsDemand                    // it is what is demanded: not even a restriction keeps the person from it
)

// Rule is everything about an action that is data. Its zero value lets nobody do anything.
type Rule struct {
	Action Action
	// Activity and Category are the names that the action has in the event log, Microsoft Entra's
	// where it has one. A rule without Activity is a read that leaves no event.
	Activity, Category string

	By    By
	Roles []Role // for ByRole: any one of them

	// The following bind the account's owner (ByPerson) alone.

	Kinds   Kinds   // the kinds of account that may
	Others  *Reason // what other kinds are told ([OtherKind]); nil for the general text
	Area    Area    // that an administrator may lock
	Access  Access  // how far the area must be open: ReadOnly to look, Edit to change
	License License // that the tenant must have, besides what it demands itself
	// Settled keeps the action from an account that is restricted ([Standing.Restricted]), unless it meets a demand.
	Settled bool

	// The following bind every person, by whichever door.

	// Demand is what becomes of the action while the person has to set a new password. Just what changes something, or
	// leaves a record of having looked, waits.
	Demand  Demand
	Limit   Limit
	Level   Level         // assurance needed
	MaxAge  time.Duration // of the proofs that reach it; 0 for any
	Confirm bool          // needs a [Confirmation] of its preview

	Notify  bool // the person whom the event is about is told
	Records Records

	// For the table of rules in the documentation.

	Says   string // what it does, in one sentence
	States string // what the state of things forbids, in a few words
	Source string // where the rule comes from
}

// Waits tells that a person who has to set a new password may do this only afterwards: it changes something, or leaves a
// record of having looked, and is not excepted.
func (r *Rule) Waits() bool {
	return r.Demand == WaitsForPassword && (r.Activity != "" || r.Access == Edit)
}

// Limit bounds how often one account may do something. The zero Limit bounds nothing.
type Limit struct {
	Times Setting       // how often within Per
	Per   time.Duration // a sliding window
}

// Target is what an operation is about. Tenant-wide actions have the zero Target.
type Target struct {
	// Kind is what sort of thing ID names, such as "device".
	Kind string `json:"kind,omitempty"`
	ID   string `json:"id,omitempty"`
	// Of is whose it is, where an id is unique within one account only, such as a session's.
	Of AccountID `json:"of,omitempty"`
}

// On names a target. See also [Target.Of].
func On[S ~string](kind string, id S) Target { return Target{Kind: kind, ID: string(id)} }

func (t Target) check() error {
	if t == (Target{}) {
		return nil
	}
	if t.Of != "" {
		if err := CheckID("account", t.Of); err != nil {
			return err
		}
	}
	return CheckID(t.Kind, t.ID)
}

// Spec is an action of a room: its rule, and small functions without side effects over R, the row that
// it is about. T is the room's transaction. Every function but Load may be nil. A [Reason] that one gives
// is kept by the decision: it is a constant or made for the purpose, and not changed afterwards.
type Spec[T Tx, R any] struct {
	Rule
	// Load reads the row. It gives [store.ErrNotFound] alike for a missing row and for somebody else's.
	Load func(T, *Op, Target) (R, error)
	// Forbids says what a switch of the tenant or the state of the row forbids ([SwitchedOff],
	// [Forbidden]); nil if nothing does.
	Forbids func(*Op, R) *Reason
	// Device says whether the actor's device is the wrong one ([WrongDevice]); nil if it is not.
	Device func(*Op, R) *Reason
	// Preview tells what will happen. A rule that needs a confirmation has one.
	Preview func(*Op, R) Preview
}
