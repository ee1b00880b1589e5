package signins_test

import (
	"slices"
	"testing"

	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// The oracle of the authorization matrix. What a rule says is taken from the room's table, and nothing from its
// code: in which order obstacles are told, what of a thing's state forbids what, and what is found by whom stands
// here once more.

// outcome is what must come of a call: an answer, nothing at all, or the code of the refusal.
type outcome string

const (
	done      outcome = "works"
	emptyDone outcome = "works, and there is nothing to see"
	malformed         = outcome(notARefusal)
)

// somebody is an actor as the oracle sees it.
type somebody = testkit.Somebody

// condition is the state of the tenant and of what the matrix is about.
type condition struct {
	name string
	testkit.Tenant
	over       bool // the other session has ended
	answered   bool // the odd attempt was answered
	subjectOff bool // the accounts that administrators and hosts act on are disabled
}

// thing is what an operation is about.
type thing int

const (
	noSingleThing thing = iota
	ownThing            // found by whom it belongs to
	anyThing            // found in its tenant
)

// operation is one way to call an exported operation.
type operation struct {
	door, method string
	as           string // tells several rows of one method apart
	action       policy.Action
	about        thing
	present      bool // malformed without a session of ours
	// forbids is what the state of the thing forbids, before any proof is looked at; device what forbids it from where the
	// actor is; inside what the operation finds out last of all.
	forbids, device, inside func(somebody, condition) policy.Code
	empty                   func(somebody, condition) bool
	// special is the expectation of an operation that goes by no actor.
	special func(condition) outcome

	changes bool // and a refusal is recorded, if unrecorded does not say otherwise
	// unrecorded operations decide by a look first, so that a refusal leaves no record.
	unrecorded bool

	call func(*cell) (seen int, err error)
}

func (o operation) String() string {
	if o.as != "" {
		return o.door + "." + o.method + " " + o.as
	}
	return o.door + "." + o.method
}

// ruleOf is the rule of an action in the table of rules.
func ruleOf(t testing.TB, a policy.Action) policy.Rule {
	t.Helper()
	all := signins.Rules()
	i := slices.IndexFunc(all, func(r policy.Rule) bool { return r.Action == a })
	if i < 0 {
		t.Fatalf("%s has no rule", a)
	}
	return all[i]
}

// expect is what must come of an operation, from the most permanent obstacle to the most easily mended.
func expect(o operation, r policy.Rule, a somebody, c condition) outcome {
	if o.special != nil {
		return o.special(c)
	}
	no := func(f func(somebody, condition) policy.Code) policy.Code {
		if f == nil {
			return ""
		}
		return f(a, c)
	}
	switch {
	case o.present && a.Sessionless:
		return malformed
	case a.Owns && c.subjectOff: // before anything that they come with is looked at
		return outcome(policy.CodeAccountNotActive)
	case a.Barred != "":
		return outcome(a.Barred)
	case !a.MayEver(r):
		return outcome(policy.CodeNotPermitted)
	case o.about == ownThing && !a.Owns, o.about == anyThing && a.Elsewhere:
		return outcome(policy.CodeNotFound)
	}
	for _, code := range []policy.Code{c.Closed(r, a), no(o.forbids), c.Waits(r, a), no(o.device), a.Unproven(r), no(o.inside)} {
		if code != "" {
			return outcome(code)
		}
	}
	if o.empty != nil && o.empty(a, c) {
		return emptyDone
	}
	return done
}

func always(code policy.Code) func(somebody, condition) policy.Code {
	return func(somebody, condition) policy.Code { return code }
}

func ifOver(_ somebody, c condition) policy.Code {
	if c.over || c.subjectOff { // disabling an account ended them
		return signins.CodeSessionOver
	}
	return ""
}

func ifAnswered(_ somebody, c condition) policy.Code {
	if c.answered {
		return signins.CodeAnswered
	}
	return ""
}

// ifNoSuchToken is what a host hears about a token of the other session.
func ifNoSuchToken(a somebody, c condition) policy.Code {
	switch {
	case a.Elsewhere, c.over:
		return policy.CodeSessionEnded
	case c.subjectOff:
		return policy.CodeAccountNotActive
	}
	return ""
}

func ifCannotSignIn(a somebody, c condition) policy.Code {
	if c.subjectOff && !a.Elsewhere {
		return signins.CodeCannotSignIn
	}
	return ""
}

func hasNoAttempts(a somebody, _ condition) bool { return !a.Owns }
func isElsewhere(a somebody, _ condition) bool   { return a.Elsewhere }
