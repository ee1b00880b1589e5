package policy

import (
	"net/netip"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/store"
)

// Outcome is how what an event tells of ended.
type Outcome string

// Outcomes.
const (
	Succeeded Outcome = "success"
	Refused   Outcome = "refused" // nothing was changed
	Failed    Outcome = "failed"  // only the failure itself was recorded, such as a spent attempt
)

// Event is the audit record, the person's own security history and the outbox of notices in one. It
// holds strings, numbers and times only, and never a secret.
type Event struct {
	Tenant TenantID `json:"tenant"`
	// Account is whom the event is about; empty for one about the tenant.
	Account AccountID `json:"account,omitempty"`
	// Seq orders the events of one account. The store gives it when the event is appended.
	Seq uint64 `json:"seq"`
	// Operation is shared by the events of one operation and by nothing else.
	Operation string    `json:"operation"`
	At        time.Time `json:"at"`

	By      Principal  `json:"by"`
	Roles   []Role     `json:"roles,omitempty"`
	Session SessionID  `json:"session,omitempty"`
	Device  DeviceID   `json:"device,omitempty"` // that the request came from
	Address netip.Addr `json:"address,omitzero"`

	Action   Action `json:"action"`
	Activity string `json:"activity"`
	Category string `json:"category"`
	Target   Target `json:"target"`
	Facts    []Fact `json:"facts,omitempty"`

	Outcome Outcome `json:"outcome"`
	Reason  Code    `json:"reason,omitempty"` // of a refusal
	// Count is how many alike refusals this event stands for, the first at First; 1 for everything else.
	Count int       `json:"count"`
	First time.Time `json:"first"`

	// Revision is the one that the changed row got.
	Revision store.Revision `json:"revision,omitempty"`
	// Notify says that the person is to be told.
	Notify bool `json:"notify,omitempty"`
}

// Clone returns a copy that shares nothing with e.
func (e Event) Clone() Event {
	e.Roles, e.Facts = slices.Clone(e.Roles), slices.Clone(e.Facts)
	return e
}

// RefusalWindow is how long alike refusals are counted in one event. Without it, being refused would be
// a way to fill the log.
const RefusalWindow = time.Hour

// Alike reports whether two refusals are of one kind: the same actor, action and reason, and the same
// target if the decision got as far as looking at it (else guessing ids would make an event each).
func (e Event) Alike(o Event) bool { return e.Outcome == Refused && e.LikenessKey() == o.LikenessKey() }

// LikenessKey is equal for refusals that are [Event.Alike], so that stores can index it. It is empty
// for events that are no refusals.
func (e Event) LikenessKey() string {
	if e.Outcome != Refused {
		return ""
	}
	key := string(e.Action) + "\n" + string(e.Reason)
	if e.Reason != CodeUnknownAccount { // accounts that do not exist are all one
		key += "\n" + string(e.By.Kind) + "\n" + e.By.ID
	}
	if !blind(e.Reason) {
		key += "\n" + e.Target.Kind + "\n" + e.Target.ID + "\n" + string(e.Target.Of)
	}
	return key
}

// blind reports whether a refusal came before anything was known about its target.
func blind(c Code) bool {
	switch c {
	case CodeNoActor, CodeUnknownTenant, CodeUnknownAccount, CodeAccountNotActive, CodeSessionEnded,
		CodeUnknownDevice, CodeDeviceDisabled, CodeNotPermitted, CodeNotFound:
		return true
	}
	return false
}

// Change is what the function of a [Do] reports: what its events shall say beyond what the rule and
// the operation say already.
type Change struct {
	// Subject is whom the event is about; empty for the tenant itself.
	Subject  AccountID
	Revision store.Revision
	// Target is what the event is on, if it is not the operation's own target.
	Target Target
	// Activity is the event's name, if it is not the rule's.
	Activity string
	Facts    []Fact
	// Notify tells the person, although the rule alone would not.
	Notify bool
	// Also are further events of the same operation.
	Also []Change
	// Failed commits what the function wrote (a spent code, a counted attempt) and then refuses with it.
	Failed *Denied
	// Refused refuses as an error that is a [Denied] does, alike ones counted in one event, but in the operation's own
	// commit, with what the function wrote: where how long it takes must not tell a refusal from a Failed change, or where
	// a failure tells nothing new, and repeating it would be a way to fill the log.
	Refused *Denied
}
