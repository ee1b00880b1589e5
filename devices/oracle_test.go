package devices_test

import (
	"slices"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
)

// The oracle of the authorization matrix: the requirements once more, written down by hand and without a
// look at the room's rules. It knows an actor and a state by the few properties that the requirements
// speak of, and tells for each operation what must come of it.

// outcome is what must come of a call: nothing at all, an answer, or the code of the refusal.
type outcome string

const (
	works   outcome = "works"
	nothing outcome = "works, and there is nothing to see"
)

func refused(c policy.Code) outcome { return outcome(c) }

// sort is what sort of actor somebody is.
type sort int

const (
	person sort = iota
	host
	system
)

// relation is what somebody is to the device that an operation is about.
type relation int

const (
	stranger relation = iota
	user              // registered, but not the owner
	owner             // and was so when its keys were escrowed
)

// somebody is an actor as the oracle sees it.
type somebody struct {
	sort sort
	// barred is why the actor is not admitted, whatever they want.
	barred policy.Code
	kind   policy.Kind
	is     relation
	// elsewhere actors act in another tenant, where nothing of this one's is; a twin acts in a tenant that
	// has the same ids, all of them enabled and open.
	elsewhere, twin bool
	deviceAdmin     bool // has a role that manages devices
	keyReader       bool // has a role that reads keys
	from            from
	// unproven is why their proof does not do for reading a key.
	unproven policy.Code
}

// from is the device that somebody acts from.
type from int

const (
	unregisteredDevice from = iota
	theVeryDevice
)

// state is the state of the tenant and of the device.
type state struct {
	name string
	// device is the state of the device; every state leaves its keys but deleted.
	device             devices.State
	printer, autopilot bool
	turnedOff          bool
	unlicensed         bool
	locked             policy.Access // of the devices
	keysLocked         policy.Access // of the keys
	ownersMayNotRead   bool
	knownOnly          bool
	demanded           bool // everybody has to set a new password
}

func open(name string) state {
	return state{name: name, device: devices.Enabled, locked: policy.Edit, keysLocked: policy.Edit}
}

// thing is what an operation is about.
type thing int

const (
	noSingleThing thing = iota
	oneOwnDevice        // found by those who see the device
	oneOwnKey           // found by its owner of then
	anyDevice           // found by whoever may look at all
	anyKey
)

// operation is one exported operation in the words of the requirements.
type operation struct {
	door, method string
	// as tells several rows of one method apart.
	as string

	persons     bool // for the account's owner, themselves
	deviceAdmin bool // for administrators of devices
	keyReader   bool // for administrators who read keys
	hosts       bool // for the embedding application

	about     thing
	kinds     policy.Kind   // of account, for persons
	needs     policy.Access // how far the area must be open to persons
	ofKeys    bool          // lies in the area of keys
	proof     bool          // needs two fresh factors
	elsewhere bool          // never on the very device
	itself    bool          // only from the very device

	// forbids is what the state of the device forbids; inside what is found out last of all.
	forbids, inside func(somebody, state) policy.Code
	// waits tells of what only looks that it waits for a new password as what it asks about does.
	waits bool
	// empty tells that an allowed answer holds nothing.
	empty func(somebody, state) bool

	changes bool // a refusal of it is recorded
	quiet   bool // and a success of it is not

	call func(*cell) (seen int, err error)
}

func (o operation) String() string {
	if o.as != "" {
		return o.door + "." + o.method + " " + o.as
	}
	return o.door + "." + o.method
}

// expect is what must come of an operation, from the most permanent obstacle to the most easily mended.
func expect(o operation, a somebody, s state) outcome {
	if a.twin {
		s = open("as the twin has it")
	}
	switch {
	case a.barred != "":
		return refused(a.barred)
	case a.sort == person && a.from == theVeryDevice && s.device != devices.Enabled:
		return refused(policy.CodeDeviceDisabled)
	case !mayEver(o, a):
		return refused(policy.CodeNotPermitted)
	case !finds(o, a, s):
		return refused(policy.CodeNotFound)
	}
	if o.persons {
		if c := closed(o, a, s); c != "" {
			return refused(c)
		}
	}
	if o.forbids != nil {
		if c := o.forbids(a, s); c != "" {
			return refused(c)
		}
	}
	if s.demanded && a.sort == person && !a.elsewhere && (o.changes || o.waits || o.needs == policy.Edit) {
		return refused(policy.CodeMustChangePassword)
	}
	switch {
	case o.itself && a.from != theVeryDevice:
		return refused(devices.CodeNotThatDevice)
	case o.elsewhere && a.from == theVeryDevice:
		return refused(devices.CodeLockedDevice)
	case o.elsewhere && o.persons && s.knownOnly && a.from == unregisteredDevice:
		return refused(devices.CodeUnregistered)
	case o.proof && a.unproven != "":
		return refused(a.unproven)
	case o.inside != nil:
		return refused(o.inside(a, s))
	case o.empty != nil && o.empty(a, s):
		return nothing
	}
	return works
}

// mayEver tells whether an operation is for such an actor at all.
func mayEver(o operation, a somebody) bool {
	switch a.sort {
	case host:
		return o.hosts
	case system:
		return false
	}
	return o.persons || o.deviceAdmin && a.deviceAdmin || o.keyReader && a.keyReader
}

// finds tells whether what the operation is about exists as far as the actor may know.
func finds(o operation, a somebody, s state) bool {
	there := s.device != devices.Deleted && !a.elsewhere
	switch o.about {
	case oneOwnDevice:
		return there && a.is != stranger
	case oneOwnKey:
		return there && a.is == owner
	case anyDevice, anyKey:
		return there
	}
	return true
}

// closed is why an operation is not open to the account's owner.
func closed(o operation, a somebody, s state) policy.Code {
	access := s.locked
	if o.ofKeys {
		access = min(access, s.keysLocked)
	}
	switch {
	case o.kinds&a.kind == 0:
		return policy.CodeAccountKind
	case a.elsewhere: // a tenant that is open
		return ""
	case s.turnedOff:
		return policy.CodeNotTurnedOn
	case s.unlicensed:
		return policy.CodeNotLicensed
	case access == policy.Off:
		return policy.CodeAreaOff
	case access < o.needs:
		return policy.CodeAreaReadOnly
	case o.proof && s.ownersMayNotRead:
		return devices.CodeKeysSwitchedOff
	}
	return ""
}

var (
	disabledStates = []devices.State{devices.DisabledByUser, devices.DisabledByAdministrator}
)

// mayNotSignIn is what a device that is not enabled hears.
func mayNotSignIn(_ somebody, s state) policy.Code {
	switch {
	case s.device == devices.Removed:
		return devices.CodeGone
	case s.device != devices.Enabled:
		return devices.CodeSignInDisabled
	}
	return ""
}

// ifNotOwnPrinterOrGone is what keeps an owner from disabling or removing.
func ifNotOwnPrinterOrGone(a somebody, s state) policy.Code {
	if a.is != owner {
		return devices.CodeNotOwner
	}
	return ifPrinterOrGone(a, s)
}

func ifPrinterOrGone(_ somebody, s state) policy.Code {
	switch {
	case s.printer:
		return devices.CodePrinter
	case s.device == devices.Removed:
		return devices.CodeGone
	}
	return ""
}

func ifGone(_ somebody, s state) policy.Code {
	if s.device == devices.Removed {
		return devices.CodeGone
	}
	return ""
}

// either gives the first obstacle of several.
func either(obstacles ...func(somebody, state) policy.Code) func(somebody, state) policy.Code {
	return func(a somebody, s state) policy.Code {
		for _, o := range obstacles {
			if c := o(a, s); c != "" {
				return c
			}
		}
		return ""
	}
}

func ifDisabled(_ somebody, s state) policy.Code {
	if slices.Contains(disabledStates, s.device) {
		return devices.CodeAlreadyDisabled
	}
	return ""
}

func ifNotDisabled(_ somebody, s state) policy.Code {
	if !slices.Contains(disabledStates, s.device) {
		return devices.CodeNotDisabled
	}
	return ""
}

func ifAutopilot(_ somebody, s state) policy.Code {
	if s.autopilot {
		return devices.CodeAutopilot
	}
	return ""
}

func ifPrinter(_ somebody, s state) policy.Code {
	if s.printer {
		return devices.CodePrinter
	}
	return ""
}

// ifIDTaken is what comes of registering the device's own id once more.
func ifIDTaken(a somebody, s state) policy.Code {
	switch {
	case a.elsewhere:
		return "" // the id is free there
	case s.device == devices.Enabled:
		return devices.CodeIDInUse
	}
	return devices.CodeIDSpent
}

func notOwners(a somebody, _ state) bool { return a.is != owner }

// emptyList is when a person's own list has nothing in it: without a device of theirs, or with one that
// shows up on request only.
func emptyList(a somebody, s state) bool { return a.is == stranger || s.device != devices.Enabled }

func ifDeleted(a somebody, s state) bool { return a.elsewhere || s.device == devices.Deleted }

func unlessRemoved(a somebody, s state) bool { return a.elsewhere || s.device != devices.Removed }

func anybodyElse(a somebody, s state) bool { return notOwners(a, s) || s.device == devices.Deleted }
