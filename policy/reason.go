package policy

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/internal/enum"
)

// Class is the place of a reason in the fixed order of refusals, from the most permanent obstacle to
// the most easily mended.
type Class uint8

// The classes, in their order.
const (
	_                     Class = iota
	ClassNotAdmitted            // the actor's account, session or device
	ClassNotPermitted           // no rule lets such an actor do this
	ClassNotFound               // missing, or somebody else's
	ClassAccountKind            // not for this kind of account
	ClassNotTurnedOn            // the tenant has not turned the experience on
	ClassNotLicensed            // the tenant lacks a licence
	ClassLocked                 // Off or ReadOnly by the administrator
	ClassState                  // the state of things forbids it
	ClassThrottled              // too often
	ClassWrongDevice            // not from this device
	ClassProof                  // stronger or fresher proof needed
	ClassConfirmation           // the person has not said Yes to what will happen
	ClassWrongCredentials       // a password, code or link that was given is wrong: only trying it shows that, and never [Can]
)

var classNames = enum.Names[Class]{
	ClassNotAdmitted: "not-admitted", ClassNotPermitted: "not-permitted", ClassNotFound: "not-found",
	ClassAccountKind: "account-kind", ClassNotTurnedOn: "not-turned-on", ClassNotLicensed: "not-licensed",
	ClassLocked: "locked", ClassState: "state", ClassThrottled: "throttled",
	ClassWrongDevice: "wrong-device", ClassProof: "proof", ClassConfirmation: "confirmation",
	ClassWrongCredentials: "wrong-credentials",
}

// String is the class's name, such as "locked".
func (c Class) String() string { return classNames.Text(c) }

// MarshalText writes the class's name.
func (c Class) MarshalText() ([]byte, error) { return classNames.Marshal(c) }

// UnmarshalText reads a class's name.
func (c *Class) UnmarshalText(b []byte) (err error) { *c, err = classNames.Unmarshal(b); return err }

// Code is the stable name of a reason, for programs. Rooms add their own, see
// [Forbidden], [SwitchedOff], [WrongDevice] and [WrongCredentials].
type Code string

// Codes of this package's reasons.
const (
	CodeNoActor             Code = "no-actor"
	CodeUnknownTenant       Code = "unknown-tenant"
	CodeUnknownAccount      Code = "unknown-account"
	CodeAccountNotActive    Code = "account-not-active"
	CodeAccountClosing      Code = "account-closing"
	CodeSessionEnded        Code = "session-ended"
	CodeUnknownDevice       Code = "unknown-device"
	CodeDeviceDisabled      Code = "device-disabled"
	CodeNotPermitted        Code = "not-permitted"
	CodeNotFound            Code = "not-found"
	CodeAccountKind         Code = "account-kind"
	CodeNotTurnedOn         Code = "not-turned-on"
	CodeNotLicensed         Code = "not-licensed"
	CodeAreaOff             Code = "area-off"
	CodeAreaReadOnly        Code = "area-read-only"
	CodeRestricted          Code = "restricted"
	CodeMustChangePassword  Code = "must-change-password"
	CodeThrottled           Code = "throttled"
	CodeStrongerProof       Code = "stronger-proof-needed"
	CodeFresherProof        Code = "fresher-proof-needed"
	CodeConfirmationMissing Code = "confirmation-needed"
	CodeConfirmationStale   Code = "confirmation-stale"
)

// Remedy is what the person can do about a refusal.
type Remedy uint8

// Remedies.
const (
	NoRemedy         Remedy = iota
	SignIn                  // sign in (again)
	ProveAgain              // step up: verify the factors again
	ProveMore               // step up: verify one more factor
	AskAdministrator        // see Decision.Contact
	UseAnotherDevice        // the present one is the wrong one
	WaitUntil               // until Reason.Until
	Confirm                 // look at the preview and say Yes
	ReopenAccount           // ask for a code and reopen the account
	SetNewPassword          // change the password, or set a first one
)

var remedyNames = enum.Names[Remedy]{
	NoRemedy: "none", SignIn: "sign-in", ProveAgain: "prove-again", ProveMore: "prove-more",
	AskAdministrator: "ask-administrator", UseAnotherDevice: "use-another-device", WaitUntil: "wait", Confirm: "confirm",
	ReopenAccount:  "reopen-account",
	SetNewPassword: "set-new-password",
}

// String is the remedy's name, such as "sign-in".
func (r Remedy) String() string { return remedyNames.Text(r) }

// MarshalText writes the remedy's name.
func (r Remedy) MarshalText() ([]byte, error) { return remedyNames.Marshal(r) }

// UnmarshalText reads a remedy's name.
func (r *Remedy) UnmarshalText(b []byte) (err error) { *r, err = remedyNames.Unmarshal(b); return err }

// Reason says why not: a code, its class and remedy, an English text, and the parameters that the code
// uses. The zero Reason is none.
type Reason struct {
	Code   Code
	Class  Class
	Remedy Remedy
	Level  Level         // of the proof needed
	MaxAge time.Duration // of that proof, 0 for any
	// What is missing or in the way: the area of a lock, or a licence.
	What  string
	Until time.Time // when it may be tried again
	// Text is the English default; {what}, {until}, {factors} (what the level asks
	// for, in words) and {minutes} in it stand for the parameters.
	Text string
}

// None reports whether r is no reason at all.
func (r Reason) None() bool { return r.Code == "" }

// Key is the message key for translations.
func (r Reason) Key() string { return "myaccount.refused." + string(r.Code) }

// Message is the English text with its parameters filled in.
func (r Reason) Message() string {
	if !strings.ContainsRune(r.Text, '{') {
		return r.Text
	}
	return strings.NewReplacer(
		"{what}", r.What,
		"{until}", r.Until.Format(time.RFC3339),
		"{factors}", r.Level.factors(),
		"{minutes}", strconv.Itoa(int(r.MaxAge/time.Minute)),
	).Replace(r.Text)
}

// Forbidden makes a room's reason of [ClassState], with its English text.
func Forbidden(c Code, remedy Remedy, text string) *Reason {
	return &Reason{Code: c, Class: ClassState, Remedy: remedy, Text: text}
}

// SwitchedOff makes a room's reason of [ClassLocked]: an administrator's switch forbids it.
func SwitchedOff(c Code, text string) *Reason {
	return &Reason{Code: c, Class: ClassLocked, Remedy: AskAdministrator, Text: text}
}

// WrongDevice makes a room's reason of [ClassWrongDevice], with its English text.
func WrongDevice(c Code, text string) *Reason {
	return &Reason{Code: c, Class: ClassWrongDevice, Remedy: UseAnotherDevice, Text: text}
}

// WrongCredentials makes a room's reason of [ClassWrongCredentials], with its English text. The remedy is [SignIn] where
// they were to sign somebody in, and another for somebody who is signed in already.
func WrongCredentials(c Code, remedy Remedy, text string) *Reason {
	return &Reason{Code: c, Class: ClassWrongCredentials, Remedy: remedy, Text: text}
}

// OtherKind makes a room's reason of [ClassAccountKind]: the action is for other kinds of account.
func OtherKind(c Code, text string) *Reason {
	return &Reason{Code: c, Class: ClassAccountKind, Remedy: NoRemedy, Text: text}
}

// Throttled is the reason for what was done too often, until the given time.
func Throttled(until time.Time) *Reason { return throttled.until(until) }

// Restricted is the reason for what an account may not do until the given time, after all of its security info was replaced:
// for a room's operation that binds others than the person alone. What is Settled needs no word of its own.
func Restricted(until time.Time) *Reason { return restricted.until(until) }

// SessionEnded is the reason for whom an operation does not know as signed in (any more).
func SessionEnded() Reason { return *sessionEnded }

// about, needing and until give a reason with its parameters.
func (r Reason) about(what string) *Reason {
	r.What = what
	return &r
}

func (r Reason) needing(l Level, maxAge time.Duration) *Reason {
	r.Level, r.MaxAge = l, maxAge
	return &r
}

func (r Reason) until(t time.Time) *Reason {
	r.Until = t
	return &r
}

var (
	noActor        = &Reason{Code: CodeNoActor, Class: ClassNotAdmitted, Remedy: SignIn, Text: "Nobody is signed in."}
	unknownTenant  = &Reason{Code: CodeUnknownTenant, Class: ClassNotAdmitted, Remedy: SignIn, Text: "This organization is not known here."}
	unknownAccount = &Reason{Code: CodeUnknownAccount, Class: ClassNotAdmitted, Remedy: SignIn, Text: "This account is not known here."}
	notActive      = &Reason{Code: CodeAccountNotActive, Class: ClassNotAdmitted, Remedy: AskAdministrator, Text: "This account is not active."}
	closing        = &Reason{Code: CodeAccountClosing, Class: ClassNotAdmitted, Remedy: SignIn, Text: "This account is being closed. Sign in with a code to keep it."}
	sessionEnded   = &Reason{Code: CodeSessionEnded, Class: ClassNotAdmitted, Remedy: SignIn, Text: "You were signed out. Sign in again."}
	unknownDevice  = &Reason{Code: CodeUnknownDevice, Class: ClassNotAdmitted, Remedy: UseAnotherDevice, Text: "The device you are using is not known here."}
	deviceDisabled = &Reason{Code: CodeDeviceDisabled, Class: ClassNotAdmitted, Remedy: UseAnotherDevice, Text: "The device you are using has been disabled."}
	notPermitted   = &Reason{Code: CodeNotPermitted, Class: ClassNotPermitted, Remedy: AskAdministrator, Text: "You do not have the role that this needs."}
	notFound       = &Reason{Code: CodeNotFound, Class: ClassNotFound, Remedy: NoRemedy, Text: "There is no such thing, or it is not yours."}
	wrongKind      = &Reason{Code: CodeAccountKind, Class: ClassAccountKind, Remedy: NoRemedy, Text: "This is not available for your kind of account."}
	notTurnedOn    = &Reason{Code: CodeNotTurnedOn, Class: ClassNotTurnedOn, Remedy: AskAdministrator, Text: "Your organization has not turned this on."}
	areaOff        = &Reason{Code: CodeAreaOff, Class: ClassLocked, Remedy: AskAdministrator, Text: "Your organization has turned this off."}
	areaReadOnly   = &Reason{Code: CodeAreaReadOnly, Class: ClassLocked, Remedy: AskAdministrator, Text: "This is managed by your organization."}
	notLicensed    = &Reason{Code: CodeNotLicensed, Class: ClassNotLicensed, Remedy: AskAdministrator, Text: "Your organization does not have the licence {what}, which this needs."}
	restricted     = &Reason{Code: CodeRestricted, Class: ClassState, Remedy: WaitUntil, Text: "All security info of this account was replaced lately. This can be done again after {until}."}
	mustChange     = &Reason{Code: CodeMustChangePassword, Class: ClassState, Remedy: SetNewPassword, Text: "You have to set a new password before anything else."}
	throttled      = &Reason{Code: CodeThrottled, Class: ClassThrottled, Remedy: WaitUntil, Text: "You have done this too often. Try again after {until}."}
	strongerProof  = &Reason{Code: CodeStrongerProof, Class: ClassProof, Remedy: ProveMore, Text: "Verify your identity with another factor; this needs {factors}."}
	fresherProof   = &Reason{Code: CodeFresherProof, Class: ClassProof, Remedy: ProveAgain, Text: "Verify your identity again; this needs {factors}, proven within the last {minutes} minutes."}
	unconfirmed    = &Reason{Code: CodeConfirmationMissing, Class: ClassConfirmation, Remedy: Confirm, Text: "Confirm that you want this."}
	staleYes       = &Reason{Code: CodeConfirmationStale, Class: ClassConfirmation, Remedy: Confirm, Text: "What you confirmed has changed since. Look again and confirm."}
)
