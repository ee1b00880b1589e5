package account

import (
	"errors"
	"time"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Actions about user names and e-mail addresses.
const (
	ChangeEmail     policy.Action = "account.change-email"
	ConfirmEmail    policy.Action = "account.confirm-email"
	ResendEmailCode policy.Action = "account.resend-email-code"
	DropEmailChange policy.Action = "account.drop-email-change"

	AddIdentifier     policy.Action = "account.add-identifier"
	RemoveIdentifier  policy.Action = "account.remove-identifier"
	ReadIdentifiers   policy.Action = "account.read-identifiers"
	LookUp            policy.Action = "account.look-up"
	CancelEmailChange policy.Action = "account.cancel-email-change"
)

const identifiersSource = "Entra: user principal names; Microsoft account: aliases; Keycloak CVE-2021-3754"

const emailSource = "S5; OWASP ASVS 7.5.1, 7.4.3; NIST SP 800-63B-4 4.6; Devise CVE-2026-32700"

// EmailChangesPerMonth is how many changes of an address one account may ask for: each sends mail to somebody who may be
// a stranger.
var EmailChangesPerMonth = policy.Setting{Name: "account.email-changes-per-month", Default: 10, Min: 1, Max: 40,
	What: "changes of an e-mail address that one person may ask for within 30 days"}

// TakeBackTime is how long a change of an address can be taken back by the links that proven ones got, and how long the old
// one gets notices.
const TakeBackTime = 30 * 24 * time.Hour

// Codes of the reasons about user names and e-mail addresses.
const (
	CodeIdentifierTaken    policy.Code = "identifier-taken"
	CodeTooManyIdentifiers policy.Code = "too-many-identifiers"
	CodeSameEmail          policy.Code = "same-email"
	CodeEmailChanged       policy.Code = "email-changed"
)

var (
	identifierTaken    = policy.Forbidden(CodeIdentifierTaken, policy.NoRemedy, "That name or address is in use already, or was once.")
	tooManyIdentifiers = policy.Forbidden(CodeTooManyIdentifiers, policy.NoRemedy, "There are ten already. Remove one first.")
	sameEmail          = policy.Forbidden(CodeSameEmail, policy.NoRemedy, "That address is yours already.")
	emailChanged       = policy.Forbidden(CodeEmailChanged, policy.NoRemedy, "The address that was to be replaced is not what it was any more. Begin anew.")
	// wrongLink is told alike for a link that is unknown, used, too old, or of another tenant.
	wrongLink = policy.WrongCredentials(challenge.CodeWrong, policy.NoRemedy, "That link is not right, or no longer.")
)

// pending is a change of a person's address that can still be confirmed.
type pending struct {
	aspect
	change EmailChange
}

// What the account's owner may do.
var (
	changeEmail = &policy.Spec[Tx, aspect]{
		Rule: policy.Rule{Action: ChangeEmail, Activity: updateUser, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.Edit, Settled: true, Level: policy.AAL1, MaxAge: policy.Recent,
			Limit: policy.Limit{Times: EmailChangesPerMonth, Per: TakeBackTime}, Notify: true,
			Says: "Ask for another e-mail address of one's own, or a first one: a code goes to the new one, a link to take it back to each that is proven.", States: "not open by the schema; synchronized from a directory", Source: emailSource},
		Load:    ownEmail,
		Forbids: notOpen,
	}
	confirmEmail = &policy.Spec[Tx, aspect]{
		Rule: policy.Rule{Action: ConfirmEmail, Activity: updateUser, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.Edit, Settled: true, Level: policy.AAL1, Notify: true,
			Says: "Prove a new e-mail address, which takes the old one's place; all other sessions end.", States: "not open by the schema; synchronized from a directory; code wrong; taken; the old one changed meanwhile", Source: emailSource},
		Load:    ownEmail,
		Forbids: notOpen,
	}
	resendEmailCode = &policy.Spec[Tx, pending]{
		Rule: policy.Rule{Action: ResendEmailCode, Activity: updateUser, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.Edit, Settled: true, Level: policy.AAL1,
			Says: "Have the code for a new e-mail address sent again.", States: "over; a day old; another session's; not open by the schema; synchronized from a directory", Source: emailSource},
		Load: func(tx Tx, op *policy.Op, t policy.Target) (p pending, err error) {
			if p.aspect, err = ownEmail(tx, op, t); err != nil {
				return p, err
			}
			p.change, err = emailChangeOf(tx, op, op.Actor.Account, challenge.ID(t.ID))
			if err == nil && (!p.change.pending(op.Standing, op.Now) || !op.Now.Before(p.change.AskedAt.Add(day))) {
				err = store.ErrNotFound
			}
			return p, err
		},
		Forbids: func(op *policy.Op, p pending) *policy.Reason { return notOpen(op, p.aspect) },
	}
	dropEmailChange = &policy.Spec[Tx, EmailChange]{
		Rule: policy.Rule{Action: DropEmailChange, Activity: updateUser, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.ReadOnly,
			Says: "Give up a change of an e-mail address that is pending.", States: "over", Source: emailSource},
		Load: func(tx Tx, op *policy.Op, t policy.Target) (EmailChange, error) {
			c, err := emailChangeOf(tx, op, op.Actor.Account, challenge.ID(t.ID))
			if err == nil && !c.pending(op.Standing, op.Now) {
				err = store.ErrNotFound
			}
			return c, err
		},
	}
)

// What the host tells and asks.
var (
	putIdentifier = &policy.Spec[Tx, login]{
		Rule: policy.Rule{Action: AddIdentifier, Activity: updateUser, Category: userCategory, By: policy.ByHost, Records: policy.NotedSuccess, Notify: true,
			Says: "Give an account a user name or an e-mail address.", States: "closed; another account's, or was; too many", Source: identifiersSource},
		Load:    anyLogin,
		Forbids: closedLogin,
	}
	dropIdentifier = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: RemoveIdentifier, Activity: updateUser, Category: userCategory, By: policy.ByHost, Notify: true,
			Says: "Take a user name or an e-mail address from an account, all of whose sessions end; nobody else can ever have it.", Source: identifiersSource},
		Load: anyPerson,
	}
	readIdentifiers = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: ReadIdentifiers, By: policy.ByHost,
			Says: "Read an account's user names and e-mail addresses, and where notices go."},
		Load: anyPerson,
	}
	lookUp = &policy.Spec[Tx, none]{
		Rule: policy.Rule{Action: LookUp, By: policy.ByHost,
			Says: "Find the account of what somebody typed on a sign-in page.", Source: identifiersSource},
		Load: noRow,
	}
	cancelEmailChange = &policy.Spec[Tx, none]{
		Rule: policy.Rule{Action: CancelEmailChange, Activity: updateUser, Category: userCategory, By: policy.ByHost, Notify: true,
			Says: "Take back a change of an e-mail address, and all since, by the link that a proven one got; the password and the recovery code are of no use any more.", States: "link wrong, used, or older than 30 days",
			Source: "Microsoft account: replaced security info may be taken back for 30 days"},
		Load: noRow,
	}
)

// ownEmail is the actor, as far as their addresses go.
func ownEmail(tx Tx, op *policy.Op, t policy.Target) (aspect, error) {
	p, err := ownPerson(tx, op, t)
	return aspect{p, known(EmailAddress)}, err
}

// emailChangeOf reads a change of an account's address.
func emailChangeOf(tx Tx, op *policy.Op, a policy.AccountID, id challenge.ID) (EmailChange, error) {
	c, err := tx.EmailChange(op.Actor.Tenant, a, id)
	if err == nil && (c.Tenant != op.Actor.Tenant || c.Account != a || c.ID != id) {
		return EmailChange{}, errors.New("the store gave a change that is another")
	}
	return c, err
}

func onEmailChange(id challenge.ID) policy.Target { return policy.On("e-mail change", id) }
