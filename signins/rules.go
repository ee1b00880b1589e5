package signins

import (
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Areas that an administrator can lock, or that a tenant may demand a licence for.
const (
	AreaSessions policy.Area = "signins.sessions" // ReadOnly lists sessions, Edit ends them
	AreaActivity policy.Area = "signins.activity" // ReadOnly lists attempts to sign in, Edit answers about them
	// AreaHistory and AreaRisk lie in AreaActivity. Where they are off, people see their attempts of 7 days, and no risk.
	// Where the tenant lacks the licence that it demands for them, so do administrators, and no more are kept.
	AreaHistory policy.Area = "signins.activity.history"
	AreaRisk    policy.Area = "signins.activity.risk"
)

// Areas lists the areas of this room.
func Areas() []policy.Area { return []policy.Area{AreaSessions, AreaActivity, AreaHistory, AreaRisk} }

// Numbers and switches that an administrator can set. How long sessions live is set in package policy.
var (
	// MaxSessions is how many sessions one account may have at a time. Whoever signs in once more ends the one
	// that was not seen for the longest.
	MaxSessions = policy.Setting{Name: "signins.max-sessions", Default: 100, Min: 1, Max: 1000, NoLimit: true,
		What: "sessions that one account may have at a time; one more ends the one not seen for the longest"}
	// RetentionDays is how long attempts to sign in are shown and kept (Entra: 30 days, 7 without a licence).
	RetentionDays = policy.Setting{Name: "signins.retention-days", Default: 30, Min: 1, Max: 3650,
		What: "days that attempts to sign in are shown before a purge removes them; 7 at most without the licence that the tenant demands"}
	// HabitDays is how long it is remembered where a person signed in from, and with what.
	HabitDays = policy.Setting{Name: "signins.habit-days", Default: 180, Min: 30, Max: 730,
		What: "days that a country, or a device with its place, stays usual after the last success from there; then the next purge forgets it. No fewer than attempts are kept"}
	// ContainThatSession, ContainSessions, ContainDevice and ContainPassword are what is done when a person says that an
	// attempt was not theirs.
	ContainThatSession = policy.Setting{Name: "signins.contain-that-session", Default: 1, Min: 0, Max: 1,
		What: "whether \"This wasn't me\" ends the session that it started"}
	ContainSessions = policy.Setting{Name: "signins.contain-sessions", Default: 1, Min: 0, Max: 1,
		What: "whether \"This wasn't me\" signs the person out everywhere"}
	ContainDevice = policy.Setting{Name: "signins.contain-device", Default: 1, Min: 0, Max: 2,
		What: "what \"This wasn't me\" does to the registered device it came from: 0 nothing, 1 mark it as not recognized, 2 disable it"}
	ContainPassword = policy.Setting{Name: "signins.contain-password", Default: 1, Min: 0, Max: 1,
		What: "whether \"This wasn't me\" requires a new password"}
)

// unlicensedDays is how long attempts are shown without the licence that the tenant demands for [AreaHistory].
const unlicensedDays = 7

// Settings lists the settings of this room.
func Settings() []policy.Setting {
	return []policy.Setting{MaxSessions, RetentionDays, HabitDays, ContainThatSession, ContainSessions, ContainDevice, ContainPassword}
}

// Actions of this room.
const (
	ListSessions      policy.Action = "signins.list-sessions"
	EndSession        policy.Action = "signins.end-session"
	EndOtherSessions  policy.Action = "signins.end-other-sessions"
	SignOutEverywhere policy.Action = "signins.sign-out-everywhere"
	StartSession      policy.Action = "signins.start-session"
	ResumeSession     policy.Action = "signins.resume-session"
	AddProof          policy.Action = "signins.add-proof"
	TouchSession      policy.Action = "signins.touch-session"
	ReadValidSince    policy.Action = "signins.valid-since"
	PurgeSessions     policy.Action = "signins.purge-sessions"
	ReadAnySessions   policy.Action = "signins.admin.list-sessions"
	SignOut           policy.Action = "signins.sign-out"
	EndAnySession     policy.Action = "signins.admin.end-session"
	SignOutPerson     policy.Action = "signins.admin.sign-out"
	ListActivity      policy.Action = "signins.list-activity"
	ReadAttempt       policy.Action = "signins.read-attempt"
	SayThisWasMe      policy.Action = "signins.this-was-me"
	SayThisWasNotMe   policy.Action = "signins.this-was-not-me"
	RecordSignIn      policy.Action = "signins.record"
	PurgeActivity     policy.Action = "signins.purge-activity"
	ReadAnyActivity   policy.Action = "signins.admin.list-activity"
	ImportSignIns     policy.Action = "signins.admin.import"
)

// Codes of this room's reasons.
const (
	CodeGuestsSignInElsewhere policy.Code = "guests-sign-in-elsewhere"
	CodeSessionOver           policy.Code = "session-over"
	CodeSessionElsewhere      policy.Code = "session-kept-elsewhere"
	CodeCannotSignIn          policy.Code = "account-cannot-sign-in"
	CodeDeviceCannotSignIn    policy.Code = "device-cannot-sign-in"
	CodeProvenBefore          policy.Code = "proven-before-sign-out"
	CodeProvenLongAgo         policy.Code = "proven-long-ago"
	CodeProvesNothing         policy.Code = "proves-nothing"
	CodeNotUnusual            policy.Code = "not-unusual"
	CodeAnswered              policy.Code = "answered-already"
	CodeThatSession           policy.Code = "session-in-question"
	CodeNotYours              policy.Code = "not-yours-to-say"
	CodeUnknownAccount        policy.Code = "no-such-account"
)

var (
	guestsElsewhere = policy.OtherKind(CodeGuestsSignInElsewhere, "Guests sign in through their home organization. Sign out everywhere there.")
	sessionOver     = policy.Forbidden(CodeSessionOver, policy.NoRemedy, "This session has ended already.")
	sessionAway     = policy.Forbidden(CodeSessionElsewhere, policy.NoRemedy, "The session that you are using is not kept here, so it cannot be told from the others. Sign out everywhere instead.")
	cannotKeep      = policy.Forbidden(CodeSessionElsewhere, policy.NoRemedy, "The session that you are using is not kept here, so it cannot go on. Sign out everywhere without keeping it.")
	cannotSignIn    = policy.Forbidden(CodeCannotSignIn, policy.AskAdministrator, "This account cannot sign in: it is unknown or not active.")
	notUnusual      = policy.Forbidden(CodeNotUnusual, policy.NoRemedy, "Nothing about this sign-in is unusual. If you do not recognize it, change your password and sign out everywhere.")
	answered        = policy.Forbidden(CodeAnswered, policy.NoRemedy, "You have answered this already.")
	thatSession     = policy.WrongDevice(CodeThatSession, "You were not signed in here as usual before that. Confirm it from where you were signed in before, or verify with a second factor.")
	notYours        = policy.Forbidden(CodeNotYours, policy.NoRemedy, "Only the person themselves can say so.")
	nobodys         = &policy.Reason{Code: policy.CodeNotFound, Class: policy.ClassNotFound, Remedy: policy.NoRemedy, Text: "There is no such account here."}
	unknownAccount  = policy.Forbidden(CodeUnknownAccount, policy.NoRemedy, "There is no account with this id here.")
	provenBefore    = policy.Forbidden(CodeProvenBefore, policy.SignIn, "You were signed out everywhere since you began to sign in. Begin anew.")
	provenLongAgo   = policy.Forbidden(CodeProvenLongAgo, policy.SignIn, "What you proved was too long ago to be signed in with. Sign in again.")
	provesNothing   = &policy.Reason{Code: CodeProvesNothing, Class: policy.ClassProof, Remedy: policy.ProveMore, Level: policy.AAL1, Text: "What was proven signs nobody in. Whoever recovered an account sets a new password, and signs in with that."}
	deviceCannot    = policy.Forbidden(CodeDeviceCannotSignIn, policy.AskAdministrator, "This device cannot sign in: it is unknown or disabled.")
)

// Names in the event log. Microsoft Entra has one for signing out everywhere (audit activity reference), the
// others are ours.
const (
	category = "UserManagement"

	updateValidFrom = "Update StsRefreshTokenValidFrom Timestamp"
	startedSession  = "Start session"
	endedSession    = "End session"
	provedAgain     = "Add proof to session"
	sawSession      = "Update session"
	updatedUser     = "Update user"
	purgedSessions  = "Purge sessions"
	readSessions    = "Read sessions"
	readActivity    = "Read sign-ins"

	answeredSignIn  = "Suspicious activity reported" // Entra's, for a person's report
	confirmedSafe   = "ConfirmSafe"                  // Entra's, of Identity Protection
	importedSignIns = "Import sign-ins"
	recordedSignIn  = "Sign-in activity"
	purgedActivity  = "Purge sign-ins"
)

// Administrators who may see and end other people's sessions (Graph: user-revokesigninsessions).
var (
	sessionAdmins = []policy.Role{policy.GlobalAdministrator, policy.PrivilegedAuthenticationAdministrator,
		policy.AuthenticationAdministrator, policy.UserAdministrator, policy.HelpdeskAdministrator}
	activityReaders = []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.SecurityAdministrator, policy.SecurityReader}
	sessionReaders  = append([]policy.Role{policy.GlobalReader, policy.SecurityAdministrator, policy.SecurityReader}, sessionAdmins...)
)

type (
	sessionSpec = policy.Spec[Tx, policy.Session]
	accountSpec = policy.Spec[Tx, policy.Standing]
	attemptSpec = policy.Spec[Tx, attempt]
	plainSpec   = policy.Spec[Tx, none]
)

// none is the row of an action that is about no single thing.
type none = struct{}

func noRow(Tx, *policy.Op, policy.Target) (none, error) { return none{}, nil }

// What the account's owner may do.
var (
	listSessions = &plainSpec{
		Rule: policy.Rule{Action: ListSessions, By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaSessions, Access: policy.ReadOnly,
			Level: policy.AAL1, Says: "See where one is signed in.", Source: "ASVS 7.5.2"},
		Load: noRow,
	}
	endSession = &openSpec{
		Rule: policy.Rule{Action: EndSession, Activity: endedSession, Category: category,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaSessions, Access: policy.Edit, Level: policy.AAL1,
			Demand: policy.NeverWaits,
			Says:   "End one session, one's own included.", States: "ended already", Source: "ASVS 7.5.2"},
		Load:    withAccount(ownSession),
		Forbids: over,
	}
	endOthers = &sessionSpec{
		Rule: policy.Rule{Action: EndOtherSessions, Activity: endedSession, Category: category,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaSessions, Access: policy.Edit, Level: policy.AAL1,
			Demand: policy.NeverWaits,
			Says:   "End all sessions but the present one, tokens that the host keeps, and sign-ins that are half done.", States: "the present session is not kept here", Source: "ASVS 7.4.3"},
		Load:    presentSession,
		Forbids: keptElsewhere,
	}
	signOutEverywhere = &sessionSpec{
		Rule: policy.Rule{Action: SignOutEverywhere, Activity: updateValidFrom, Category: category,
			By: policy.ByPerson, Kinds: policy.Work | policy.Personal, Others: guestsElsewhere,
			Area: AreaSessions, Access: policy.Edit, Level: policy.AAL1, Confirm: true, Notify: true,
			Demand: policy.NeverWaits,
			Says:   "Sign out on all devices and in all applications.", Source: "S4; Graph: user-revokesigninsessions"},
		Load:    presentSession,
		Preview: willSignOut,
	}
)

// What the account's owner may see and say about attempts to sign in.
var (
	// Reading attempts and disowning one ask for no factor, unlike the sessions (ASVS 7.5.2): nothing can be done with what
	// was, and somebody whose host vouches for no factor must be able to see what happened and to contain it. What would make
	// a thief's attempt usual, thisWasMe, asks for a fresh one.
	listActivity = &plainSpec{
		Rule: policy.Rule{Action: ListActivity, By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaActivity, Access: policy.ReadOnly,
			Says: "See one's recent attempts to sign in.", Source: "S2"},
		Load: noRow,
	}
	readAttempt = &attemptSpec{
		Rule: policy.Rule{Action: ReadAttempt, By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaActivity, Access: policy.ReadOnly,
			Says: "See one attempt to sign in.", Source: "S2"},
		Load: loadAttempt,
	}
	thisWasMe = &attemptSpec{
		Rule: policy.Rule{Action: SayThisWasMe, Activity: confirmedSafe, Category: category,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaActivity, Access: policy.Edit, Level: policy.AAL1, MaxAge: policy.Recent, Confirm: true, Notify: true,
			Says: "Say that an unusual attempt was one's own.", States: "nothing unusual; answered already; not signed in before it, nor with a second factor", Source: "S2"},
		Load: loadAttempt, Forbids: unanswerable, Device: fromThatSession, Preview: willTrust,
	}
	thisWasNotMe = &attemptSpec{
		Rule: policy.Rule{Action: SayThisWasNotMe, Activity: answeredSignIn, Category: category,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaActivity, Access: policy.Edit, Confirm: true, Notify: true,
			Demand: policy.NeverWaits,
			Says:   "Say that an unusual attempt was somebody else's, and contain it.", States: "nothing unusual; answered so already", Source: "S2"},
		Load: loadAttempt, Forbids: undeniable, Preview: willContain,
	}
)

// What the host tells.
var (
	recordSignIn = &accountSpec{
		Rule: policy.Rule{Action: RecordSignIn, Activity: recordedSignIn, Category: category, By: policy.ByHost, Records: policy.NoSuccess,
			Says: "Record an attempt to sign in. The record is its own event.", Source: "S2"},
		Load: anybodyLeftOrNobody,
	}
	purgeActivity = &plainSpec{
		Rule: policy.Rule{Action: PurgeActivity, Activity: purgedActivity, Category: "Audit", By: policy.ByHost, Records: policy.NotedSuccess,
			Says: "Remove attempts to sign in that are past their retention, and forget habits of long ago."},
		Load: noRow,
	}
	startSession = &accountSpec{
		Rule: policy.Rule{Action: StartSession, Activity: startedSession, Category: category, By: policy.ByHost,
			Says: "Start a session for somebody who was authenticated.", States: "account or device cannot sign in; proven before the last sign-out everywhere, or too long ago; no level proven", Source: "ASVS 7.2; NIST SP 800-63B-4 4.2"},
		Load: anybodyOrNobody,
		Forbids: func(_ *policy.Op, st policy.Standing) *policy.Reason {
			if st.State != policy.Active {
				return cannotSignIn
			}
			return nil
		},
	}
	signOutHere = &plainSpec{
		Rule: policy.Rule{Action: SignOut, Activity: endedSession, Category: category, By: policy.ByHost, Records: policy.NotedSuccess,
			Says: "End the session that a browser has the token of.", Source: "ASVS 7.4.1, 7.4.4"},
		Load: noRow,
	}
	resumeSession = &sessionSpec{
		Rule: policy.Rule{Action: ResumeSession, By: policy.ByHost,
			Says: "Give the actor of a request that came with a session's token.", States: "session ended; account not active; device disabled"},
		Load: sessionOrNone,
	}
	addProof = &sessionSpec{
		Rule: policy.Rule{Action: AddProof, Activity: provedAgain, Category: category, By: policy.ByHost,
			Says:   "Note that the person of a session proved a factor, and replace the session's token.",
			States: "session ended; account not active; device disabled; proven before the last sign-out everywhere, or too long ago", Source: "ASVS 7.2.4"},
		Load: sessionOrNone,
	}
	touchSession = &sessionSpec{
		Rule: policy.Rule{Action: TouchSession, Activity: sawSession, Category: category, By: policy.ByPerson, Kinds: policy.AllKinds, Records: policy.NoSuccess,
			Demand: policy.NeverWaits,
			Says:   "Note that a session is in use, at most once in a tenth of its idle limit.", Source: "NIST SP 800-63B 2.2.3"},
		Load: presentSession,
	}
	validSince = &accountSpec{
		Rule: policy.Rule{Action: ReadValidSince, By: policy.ByHost,
			Says: "Tell from when on an account's tokens are valid, for a host that keeps tokens of its own.", Source: "Graph: signInSessionsValidFromDateTime"},
		Load: anybody,
	}
	purgeSessions = &plainSpec{
		Rule: policy.Rule{Action: PurgeSessions, Activity: purgedSessions, Category: "Audit", By: policy.ByHost, Records: policy.NotedSuccess,
			Says: "Remove the rows of sessions that were authenticated more than 30 days ago, when none can be alive."},
		Load: noRow,
	}
)

// What administrators may do.
var (
	// Where somebody was, when and with what, is sensitive: a reading of it by somebody else leaves an event, allowed or
	// refused, and without what was read (ASVS 16.3; 14.2.6). So the person finds in their history who looked. Each call
	// leaves its own: a cursor is text that whoever reads on could have made up, so later pages are no less a reading.
	readAnyActivity = &accountSpec{
		Rule: policy.Rule{Action: ReadAnyActivity, Activity: readActivity, Category: category, By: policy.ByRole | policy.ByHost, Roles: activityReaders,
			Says: "See a person's attempts to sign in.", Source: "Graph: signin-list; ASVS 16.3"},
		Load: anybody,
	}
	importSignIns = &plainSpec{
		Rule: policy.Rule{Action: ImportSignIns, Activity: importedSignIns, Category: category, By: policy.ByRole | policy.ByHost,
			Level: policy.AAL2, MaxAge: policy.Recent, // what is taken over counts as what the person is used to
			Roles: []policy.Role{policy.GlobalAdministrator, policy.SecurityAdministrator}, Records: policy.NotedSuccess,
			Says: "Take over attempts to sign in from a directory's log."},
		Load: noRow,
	}
	readAnySessions = &accountSpec{
		Rule: policy.Rule{Action: ReadAnySessions, Activity: readSessions, Category: category, By: policy.ByRole | policy.ByHost, Roles: sessionReaders,
			Says: "See where a person is signed in.", Source: "ASVS 16.3"},
		Load: anybody,
	}
	endAnySession = &openSpec{
		Rule: policy.Rule{Action: EndAnySession, Activity: endedSession, Category: category,
			By: policy.ByRole | policy.ByHost, Roles: sessionAdmins, Notify: true,
			Says: "End one session of a person.", States: "ended already", Source: "ASVS 7.4.5"},
		Load:    withAccount(anySession),
		Forbids: over,
	}
	signOutPerson = &accountSpec{
		Rule: policy.Rule{Action: SignOutPerson, Activity: updateValidFrom, Category: category,
			By: policy.ByRole | policy.ByHost, Roles: sessionAdmins, Notify: true,
			Says: "Sign a person out everywhere.", Source: "ASVS 7.4.5; Graph: user-revokesigninsessions"},
		Load: anybody,
	}
)

// Rules lists the rules of this room.
func Rules() []policy.Rule {
	return []policy.Rule{
		listSessions.Rule, endSession.Rule, endOthers.Rule, signOutEverywhere.Rule,
		listActivity.Rule, readAttempt.Rule, thisWasMe.Rule, thisWasNotMe.Rule,
		recordSignIn.Rule, purgeActivity.Rule,
		startSession.Rule, signOutHere.Rule, resumeSession.Rule, addProof.Rule, touchSession.Rule, validSince.Rule, purgeSessions.Rule,
		readAnyActivity.Rule, importSignIns.Rule, readAnySessions.Rule, endAnySession.Rule, signOutPerson.Rule,
	}
}

// sessionOf loads a session of the actor's tenant. A store that answers with another row is never believed.
func sessionOf(tx Tx, op *policy.Op, account policy.AccountID, id policy.SessionID) (policy.Session, error) {
	s, err := tx.Session(op.Actor.Tenant, account, id)
	if err == nil && (s.Tenant != op.Actor.Tenant || s.Account != account || s.ID != id) {
		return policy.Session{}, fmt.Errorf("the store gave session %q of account %q for %q of %q", s.ID, s.Account, id, account)
	}
	return s, err
}

func ownSession(tx Tx, op *policy.Op, t policy.Target) (policy.Session, error) {
	return sessionOf(tx, op, op.Actor.Account, policy.SessionID(t.ID))
}

// presentSession loads the actor's session; the zero Session, if the host vouches for one that is kept elsewhere.
func presentSession(tx Tx, op *policy.Op, _ policy.Target) (policy.Session, error) {
	if op.Actor.Session == "" {
		return policy.Session{}, nil
	}
	s, err := sessionOf(tx, op, op.Actor.Account, op.Actor.Session)
	if errors.Is(err, store.ErrNotFound) && op.Vouches() {
		return policy.Session{}, nil
	}
	return s, err
}

func keptElsewhere(_ *policy.Op, s policy.Session) *policy.Reason {
	if s.ID == "" {
		return sessionAway
	}
	return nil
}

// anySession loads a session whose target names account and id.
func anySession(tx Tx, op *policy.Op, t policy.Target) (policy.Session, error) {
	return sessionOf(tx, op, t.Of, policy.SessionID(t.ID))
}

// openSession is a session with its account, which may be over already without a word in the session's row.
type openSession struct {
	policy.Session
	of policy.Standing
}

type openSpec = policy.Spec[Tx, openSession]

// withAccount makes a loader give the session's account too.
func withAccount(load func(Tx, *policy.Op, policy.Target) (policy.Session, error)) func(Tx, *policy.Op, policy.Target) (openSession, error) {
	return func(tx Tx, op *policy.Op, t policy.Target) (o openSession, err error) {
		if o.Session, err = load(tx, op, t); err != nil {
			return o, err
		}
		o.of, err = op.Account(tx, o.Account)
		return o, err
	}
}

// over lets every session be ended that could ever be alive again, be it that it ran out by itself: a limit may be
// lengthened, and a clock put right.
func over(_ *policy.Op, s openSession) *policy.Reason {
	if s.OverUnder(s.of) {
		return sessionOver
	}
	return nil
}

// anybody loads any account of the tenant.
func anybody(tx Tx, op *policy.Op, t policy.Target) (policy.Standing, error) {
	return op.Account(tx, policy.AccountID(t.ID))
}

// anybodyLeft loads any account of the tenant that is not closed for good: what was recorded of that would outlive its
// erasing.
func anybodyLeft(tx Tx, op *policy.Op, t policy.Target) (policy.Standing, error) {
	if t.ID == "" { // not even a host that vouches for accounts vouches for that
		return policy.Standing{}, store.ErrNotFound
	}
	st, err := anybody(tx, op, t)
	if err == nil && st.State == policy.Closed {
		return policy.Standing{}, store.ErrNotFound
	}
	return st, err
}

// anybodyLeftOrNobody is anybodyLeft that gives the zero Standing for an account that is not known, or closed for good.
func anybodyLeftOrNobody(tx Tx, op *policy.Op, t policy.Target) (policy.Standing, error) {
	st, err := anybodyLeft(tx, op, t)
	if errors.Is(err, store.ErrNotFound) {
		return policy.Standing{}, nil
	}
	return st, err
}

// anybodyOrNobody gives the zero Standing, which is not active, for an account that is not known.
func anybodyOrNobody(tx Tx, op *policy.Op, t policy.Target) (policy.Standing, error) {
	st, err := anybody(tx, op, t)
	if errors.Is(err, store.ErrNotFound) {
		return policy.Standing{}, nil
	}
	return st, err
}

// sessionOrNone gives the zero Session, which no token matches, for one that is not there: a token that never
// was and one whose session was purged are the same.
func sessionOrNone(tx Tx, op *policy.Op, t policy.Target) (policy.Session, error) {
	s, err := anySession(tx, op, t)
	if errors.Is(err, store.ErrNotFound) {
		return policy.Session{}, nil
	}
	return s, err
}

// undeniable lets a person take back that it was they: somebody else may have said so.
func undeniable(op *policy.Op, a attempt) *policy.Reason {
	if a.Answer == ThisWasMe {
		return nil
	}
	return unanswerable(op, a)
}

func unanswerable(_ *policy.Op, a attempt) *policy.Reason {
	switch {
	case a.Answer != Unanswered:
		return answered
	case len(a.flags) == 0:
		return notUnusual
	}
	return nil
}

// fromThatSession keeps whoever signed in unusually from declaring that usual: from that session, from one that they
// started after anything like it, and from one that began unusually itself. Who was not signed in before as usual proves
// a second factor, which a stolen password is not.
func fromThatSession(op *policy.Op, a attempt) *policy.Reason {
	w := a.witness
	before := a.Session != op.Actor.Session && !w.strange && !w.began.IsZero() && w.began.Before(a.newSince)
	if before || policy.Assurance(op.Actor.Proofs, op.Now, policy.Recent) >= policy.AAL2 {
		return nil
	}
	return thatSession
}

func willSignOut(op *policy.Op, present policy.Session) policy.Preview {
	here := "The session that you are using now ends too, unless you choose to keep it."
	if present.ID == "" { // none of ours can be kept
		here = "The session that you are using now ends too."
	}
	return policy.Preview{
		Title: "Sign out everywhere?",
		Consequences: []string{
			"You are signed out on all devices, in all browsers and applications. Everybody has to sign in again, whoever it is.",
			here,
			"An application that holds an access token may work on until the token expires, usually within an hour.",
			"Applications that keep sessions of their own may stay signed in: sign out there too.",
			"No device is disabled, and no sign-in method or app password is removed.",
		},
		Facts: []policy.Fact{{Name: "account", Value: string(op.Actor.Account)}},
	}
}
