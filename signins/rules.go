package signins

import (
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// AreaSessions is the area that an administrator can lock: ReadOnly lists sessions, Edit ends them.
const AreaSessions policy.Area = "signins.sessions"

// Areas lists the areas of this room.
func Areas() []policy.Area { return []policy.Area{AreaSessions} }

// MaxSessions is how many sessions one account may have at a time. Whoever signs in once more ends the one
// that was not seen for the longest.
var MaxSessions = policy.Setting{Name: "signins.max-sessions", Default: 100, Min: 1, Max: 1000, NoLimit: true,
	What: "sessions that one account may have at a time; one more ends the one not seen for the longest"}

// Settings lists the settings of this room. How long sessions live is set in package policy.
func Settings() []policy.Setting { return []policy.Setting{MaxSessions} }

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
	EndAnySession     policy.Action = "signins.admin.end-session"
	SignOutPerson     policy.Action = "signins.admin.sign-out"
)

// Codes of this room's reasons.
const (
	CodeGuestsSignInElsewhere policy.Code = "guests-sign-in-elsewhere"
	CodeSessionOver           policy.Code = "session-over"
	CodeCannotSignIn          policy.Code = "account-cannot-sign-in"
	CodeDeviceCannotSignIn    policy.Code = "device-cannot-sign-in"
)

var (
	guestsElsewhere = policy.OtherKind(CodeGuestsSignInElsewhere, "Guests sign in through their home organization. Sign out everywhere there.")
	sessionOver     = policy.Forbidden(CodeSessionOver, policy.NoRemedy, "This session has ended already.")
	cannotSignIn    = policy.Forbidden(CodeCannotSignIn, policy.AskAdministrator, "This account cannot sign in: it is unknown or not active.")
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
	purgedSessions  = "Purge sessions"
)

// Administrators who may see and end other people's sessions (Graph: user-revokesigninsessions).
var (
	sessionAdmins = []policy.Role{policy.GlobalAdministrator, policy.PrivilegedAuthenticationAdministrator,
		policy.AuthenticationAdministrator, policy.UserAdministrator, policy.HelpdeskAdministrator}
	sessionReaders = append([]policy.Role{policy.GlobalReader, policy.SecurityAdministrator, policy.SecurityReader}, sessionAdmins...)
)

type (
	sessionSpec = policy.Spec[Tx, policy.Session]
	accountSpec = policy.Spec[Tx, policy.Standing]
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
	endSession = &sessionSpec{
		Rule: policy.Rule{Action: EndSession, Activity: endedSession, Category: category,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaSessions, Access: policy.Edit, Level: policy.AAL1,
			Says: "End one session, one's own included.", States: "ended already", Source: "ASVS 7.5.2"},
		Load:    ownSession,
		Forbids: over,
	}
	endOthers = &plainSpec{
		Rule: policy.Rule{Action: EndOtherSessions, Activity: endedSession, Category: category,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaSessions, Access: policy.Edit, Level: policy.AAL1,
			Says: "End all sessions but the present one.", Source: "ASVS 7.4.3"},
		Load: noRow,
	}
	signOutEverywhere = &plainSpec{
		Rule: policy.Rule{Action: SignOutEverywhere, Activity: updateValidFrom, Category: category,
			By: policy.ByPerson, Kinds: policy.Work | policy.Personal, Others: guestsElsewhere,
			Area: AreaSessions, Access: policy.Edit, Level: policy.AAL1, Confirm: true, Notify: true,
			Says: "Sign out on all devices and in all applications.", Source: "S4; Graph: user-revokesigninsessions"},
		Load:    noRow,
		Preview: willSignOut,
	}
)

// What the host tells.
var (
	startSession = &accountSpec{
		Rule: policy.Rule{Action: StartSession, Activity: startedSession, Category: category, By: policy.ByHost,
			Says: "Start a session for somebody who was authenticated.", States: "account or device cannot sign in", Source: "ASVS 7.2"},
		Load: anybodyOrNobody,
		Forbids: func(_ *policy.Op, st policy.Standing) *policy.Reason {
			if st.State != policy.Active {
				return cannotSignIn
			}
			return nil
		},
	}
	resumeSession = &sessionSpec{
		Rule: policy.Rule{Action: ResumeSession, By: policy.ByHost,
			Says: "Give the actor of a request that came with a session's token.", States: "session ended; account not active; device disabled"},
		Load: sessionOrNone,
	}
	addProof = &sessionSpec{
		Rule: policy.Rule{Action: AddProof, Activity: provedAgain, Category: category, By: policy.ByHost,
			Says:   "Note that the person of a session proved a factor, and replace the session's token.",
			States: "session ended; account not active; device disabled", Source: "ASVS 7.2.4"},
		Load: sessionOrNone,
	}
	touchSession = &sessionSpec{
		Rule: policy.Rule{Action: TouchSession, Activity: sawSession, Category: category, By: policy.ByPerson, Kinds: policy.AllKinds, Quiet: true,
			Says: "Note that a session is in use, at most once in a tenth of its idle limit.", Source: "NIST SP 800-63B 2.2.3"},
		Load: ownSession,
	}
	validSince = &accountSpec{
		Rule: policy.Rule{Action: ReadValidSince, By: policy.ByHost,
			Says: "Tell from when on an account's tokens are valid, for a host that keeps tokens of its own.", Source: "Graph: signInSessionsValidFromDateTime"},
		Load: anybody,
	}
	purgeSessions = &plainSpec{
		Rule: policy.Rule{Action: PurgeSessions, Activity: purgedSessions, Category: "Audit", By: policy.ByHost, Quiet: true,
			Says: "Remove the rows of sessions that ended more than 30 days ago."},
		Load: noRow,
	}
)

// What administrators may do.
var (
	readAnySessions = &plainSpec{
		Rule: policy.Rule{Action: ReadAnySessions, By: policy.ByRole | policy.ByHost, Roles: sessionReaders,
			Says: "See where a person is signed in."},
		Load: noRow,
	}
	endAnySession = &sessionSpec{
		Rule: policy.Rule{Action: EndAnySession, Activity: endedSession, Category: category,
			By: policy.ByRole | policy.ByHost, Roles: sessionAdmins, Notify: true,
			Says: "End one session of a person.", States: "ended already", Source: "ASVS 7.4.5"},
		Load:    anySession,
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
		startSession.Rule, resumeSession.Rule, addProof.Rule, touchSession.Rule, validSince.Rule, purgeSessions.Rule,
		readAnySessions.Rule, endAnySession.Rule, signOutPerson.Rule,
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

// anySession loads a session whose target names account and id.
func anySession(tx Tx, op *policy.Op, t policy.Target) (policy.Session, error) {
	return sessionOf(tx, op, t.Of, policy.SessionID(t.ID))
}

func over(_ *policy.Op, s policy.Session) *policy.Reason {
	if !s.EndedAt.IsZero() {
		return sessionOver
	}
	return nil
}

// anybody loads any account of the tenant.
func anybody(tx Tx, op *policy.Op, t policy.Target) (policy.Standing, error) {
	return op.Account(tx, policy.AccountID(t.ID))
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

func willSignOut(op *policy.Op, _ none) policy.Preview {
	return policy.Preview{
		Title: "Sign out everywhere?",
		Consequences: []string{
			"You are signed out on all devices, in all browsers and applications. Everybody has to sign in again, whoever it is.",
			"The session that you are using now ends too, unless you choose to keep it.",
			"An application that holds an access token may work on until the token expires, usually within an hour.",
			"Applications that keep sessions of their own may stay signed in: sign out there too.",
			"No device is disabled, and no sign-in method or app password is removed.",
		},
		Facts: []policy.Fact{{Name: "account", Value: string(op.Actor.Account)}},
	}
}
