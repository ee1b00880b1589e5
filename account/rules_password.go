package account

import (
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
)

// AreaPassword is changing one's password and setting a first one.
const AreaPassword policy.Area = "account.password"

// Actions about passwords.
const (
	ChangePassword   policy.Action = "account.change-password"
	SetFirstPassword policy.Action = "account.set-first-password"

	VerifyPassword    policy.Action = "account.verify-password"
	PutPassword       policy.Action = "account.put-password" // [Host.SetPassword] and [Host.ImportHash]
	ResetPassword     policy.Action = "account.reset-password"
	KeepElsewhere     policy.Action = "account.keep-password-elsewhere"
	UnlockPassword    policy.Action = "account.admin.unlock-password"
	DemandNewPassword policy.Action = "account.admin.demand-new-password"

	ReadBannedPasswords policy.Action = "account.admin.read-banned-passwords"
	SetBannedPasswords  policy.Action = "account.admin.set-banned-passwords"
)

const (
	passwordsSource  = "S4; Entra: password policies, smart lockout; NIST SP 800-63B-4 3.1.1"
	resetSource      = "Entra: self-service password reset; NIST SP 800-63B-4 4.2; OWASP ASVS 6.4.3"
	protectionSource = "Entra: password protection, custom banned password list"
)

// Settings about passwords, besides those of package password.
var (
	// SecondFactorAlways says that passwords are only ever accepted together with another factor, so that they may be
	// shorter.
	SecondFactorAlways = policy.Setting{Name: "account.second-factor-always", Default: 0, Min: 0, Max: 1,
		What: "whether a second factor is always asked for besides a password, so that passwords may be shorter"}
	// RecentProofsStandIn lets a recent proof of the password and a second factor stand in for the current password
	// (Entra: combined registration).
	RecentProofsStandIn = policy.Setting{Name: "account.recent-proofs-stand-in", Default: 0, Min: 0, Max: 1,
		What: "whether who proved password and second factor just now need not give the current password to change it"}
)

// Codes of the reasons about passwords.
const (
	CodeWrongPassword     policy.Code = "wrong-password"
	CodeNoPassword        policy.Code = "no-password"
	CodeHasPassword       policy.Code = "has-password"
	CodePasswordElsewhere policy.Code = "password-elsewhere"
	CodePasswordless      policy.Code = "passwordless"
	CodePasswordSpent     policy.Code = "password-spent"
	CodeRecoverFirst      policy.Code = "recover-first"
)

var (
	// wrongPassword is told alike for a wrong password, an unknown account, one that is not active, and one that is
	// locked after too many wrong ones (security rules F1, 73 to 75).
	wrongPassword    = policy.WrongCredentials(CodeWrongPassword, policy.SignIn, "The user name or the password is wrong, or there were too many attempts. Check both, or wait a little.")
	wrongCurrent     = policy.WrongCredentials(CodeWrongPassword, policy.NoRemedy, "The current password is wrong.")
	noPassword       = policy.Forbidden(CodeNoPassword, policy.NoRemedy, "This account has no password yet. Set a first one.")
	hasPassword      = policy.Forbidden(CodeHasPassword, policy.NoRemedy, "This account has a password already. Change it instead.")
	managedElsewhere = policy.Forbidden(CodePasswordElsewhere, policy.AskAdministrator, "The password of this account is managed by your organization, and is changed there.")
	managedAt        = policy.Forbidden(CodePasswordElsewhere, policy.AskAdministrator, "The password of this account is changed at {what}.")
	passwordless     = policy.Forbidden(CodePasswordless, policy.NoRemedy, "This account has no password, and needs none to sign in.")
	passwordlessAt   = policy.Forbidden(CodePasswordless, policy.NoRemedy, "This account has no password, and needs none to sign in. How it does is changed at {what}.")
	closedForGood    = policy.Forbidden(policy.CodeAccountClosed, policy.NoRemedy, "This account is closed for good.")
	passwordSpent    = policy.Forbidden(CodePasswordSpent, policy.AskAdministrator, "This password is of no use any more, after too many wrong ones or because somebody else may know it. It has to be reset.")
	notEnabled       = policy.Forbidden(CodeAlreadyDisabled, policy.AskAdministrator, "This account is disabled.")
	recoverFirst     = &policy.Reason{Code: CodeRecoverFirst, Class: policy.ClassProof, Remedy: policy.ProveAgain, MaxAge: policy.Recent,
		Text: "Recover the account first. That counts for {minutes} minutes, and for one new password."}
	anotherFactor = &policy.Reason{Code: policy.CodeStrongerProof, Class: policy.ClassProof, Remedy: policy.ProveMore, Level: policy.AAL1, MaxAge: policy.Recent,
		Text: "Verify your identity with another factor besides recovering the account."}
)

const (
	changedPassword    = "Change password (self-service)"
	setPassword        = "Reset password"
	resetByPerson      = "Reset password (self-service)"
	wrongPasswordGiven = "Verify password"
	unlockedUser       = "Unlock user account"
	forcedChange       = "Set force change user password"
)

var (
	passwordAdmins   = []policy.Role{policy.GlobalAdministrator, policy.UserAdministrator, policy.AuthenticationAdministrator, policy.PrivilegedAuthenticationAdministrator}
	protectionAdmins = []policy.Role{policy.GlobalAdministrator, policy.AuthenticationPolicyAdministrator}
	bannedReaders    = []policy.Role{policy.GlobalAdministrator, policy.AuthenticationPolicyAdministrator, policy.GlobalReader}
)

// login is a person with their password.
type login struct {
	person
	credential Credential
}

// What the account's owner may do.
var (
	changePassword = &policy.Spec[Tx, login]{
		Rule: policy.Rule{Action: ChangePassword, Activity: changedPassword, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaPassword, Access: policy.Edit, Settled: true, Level: policy.AAL1, Notify: true,
			Demand: policy.MeetsDemand,
			Says:   "Change one's own password; all other sessions end.", States: "kept elsewhere; no password yet; too many wrong ones", Source: passwordsSource + "; Entra: remediate risks and unblock users"},
		Load: ownLogin,
		Forbids: func(op *policy.Op, l login) *policy.Reason {
			if r := l.credential.reason(); r != nil {
				return r
			}
			if l.credential.Hash == "" {
				return noPassword
			}
			return l.locked(op)
		},
	}
	setFirstPassword = &policy.Spec[Tx, login]{
		Rule: policy.Rule{Action: SetFirstPassword, Activity: changedPassword, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaPassword, Access: policy.Edit, Settled: true, Level: policy.AAL1, MaxAge: policy.Recent, Notify: true,
			Demand: policy.NeverWaits,
			Says:   "Set a first password.", States: "kept elsewhere; has one", Source: passwordsSource},
		Load: ownLogin,
		Forbids: func(_ *policy.Op, l login) *policy.Reason {
			if r := l.credential.reason(); r != nil {
				return r
			}
			return when(l.credential.Hash != "", hasPassword)
		},
	}
)

// What the host tells and asks.
var (
	verifyPassword = &policy.Spec[Tx, none]{
		Rule: policy.Rule{Action: VerifyPassword, Activity: wrongPasswordGiven, Category: userCategory, By: policy.ByHost, Records: policy.NoSuccess,
			Says: "Verify a password for a sign-in page.", States: "wrong; unknown; not active; locked: all alike", Source: passwordsSource},
		Load: noRow,
	}
	putPassword = &policy.Spec[Tx, login]{
		Rule: policy.Rule{Action: PutPassword, Activity: setPassword, Category: userCategory, By: policy.ByHost, Notify: true,
			Says: "Set a password for an account that is new or comes from elsewhere.", States: "closed", Source: "OWASP ASVS 6.4.1"},
		Load:    anyLogin,
		Forbids: closedLogin,
	}
	resetPassword = &policy.Spec[Tx, resettable]{
		Rule: policy.Rule{Action: ResetPassword, Activity: resetByPerson, Category: userCategory, By: policy.ByHost, Notify: true,
			Says:   "Set a new password for somebody who recovered their account; all sessions end.",
			States: "kept elsewhere; disabled; deleted; its time to come back over; closed; restricted; not recovered in the last 15 minutes", Source: resetSource},
		Load: anyResettable,
		Forbids: func(op *policy.Op, l resettable) *policy.Reason {
			if r := notToRecover(op, closed{l.Standing, l.closing}); r != nil {
				return r
			}
			if r := l.credential.reason(); r != nil {
				return r
			}
			return when(l.Restricted(op.Now), policy.Restricted(l.RestrictedUntil))
		},
	}
	keepElsewhere = &policy.Spec[Tx, login]{
		Rule: policy.Rule{Action: KeepElsewhere, Activity: updateUser, Category: userCategory, By: policy.ByHost, Records: policy.NotedSuccess, Notify: true,
			Says: "Say that an account's password is kept elsewhere, or here again; all sessions end with that.", States: "closed", Source: "Entra: licensing of password reset (writeback)"},
		Load:    anyLogin,
		Forbids: closedLogin,
	}
)

// What administrators may do. None of it gives or takes a password (OWASP ASVS 6.4.6).
var (
	unlockPassword = &policy.Spec[Tx, login]{
		Rule: policy.Rule{Action: UnlockPassword, Activity: unlockedUser, Category: userCategory, By: policy.ByRole | policy.ByHost, Roles: passwordAdmins,
			Level: policy.AAL2, MaxAge: policy.Recent, Notify: true,
			Says: "Forget the wrong passwords of an account, so that it is not locked.", States: "one's own; closed", Source: passwordsSource},
		Load: anyLogin,
		Forbids: func(op *policy.Op, l login) *policy.Reason {
			if r := themselves(op, l.Account); r != nil {
				return r
			}
			return closedLogin(op, l)
		},
	}
	demandNew = &policy.Spec[Tx, login]{
		Rule: policy.Rule{Action: DemandNewPassword, Activity: forcedChange, Category: userCategory, By: policy.ByRole | policy.ByHost, Roles: passwordAdmins,
			Level: policy.AAL2, MaxAge: policy.Recent, Notify: true,
			Says: "Demand that a person sets a new password before anything else.", States: "closed; kept elsewhere", Source: "Entra: audit activities"},
		Load: anyLogin,
		Forbids: func(op *policy.Op, l login) *policy.Reason {
			if r := closedLogin(op, l); r != nil {
				return r
			}
			return l.credential.reason()
		},
	}
	readBanned = &policy.Spec[Tx, BannedPasswords]{
		Rule: policy.Rule{Action: ReadBannedPasswords, By: policy.ByRole | policy.ByHost, Roles: bannedReaders,
			Says: "See the organization's own list of banned passwords.", Source: protectionSource},
		Load: bannedPasswords,
	}
	setBanned = &policy.Spec[Tx, BannedPasswords]{
		Rule: policy.Rule{Action: SetBannedPasswords, Activity: updatePolicy, Category: policyCategory, By: policy.ByRole | policy.ByHost, Roles: protectionAdmins,
			Level: policy.AAL2, MaxAge: policy.Recent,
			Says: "Set the organization's own list of banned passwords.", States: "not licensed (" + string(password.AreaProtection) + ")", Source: protectionSource},
		Load: bannedPasswords,
		Forbids: func(op *policy.Op, _ BannedPasswords) *policy.Reason {
			return op.Settings.Unlicensed(password.AreaProtection)
		},
	}
)

func when(wrong bool, r *policy.Reason) *policy.Reason {
	if wrong {
		return r
	}
	return nil
}

// locked is the reason against taking the current password, after too many wrong ones. It is told before any work is
// done, so that nobody learns by the time that takes what a guess during a lock was worth.
func (l login) locked(op *policy.Op) *policy.Reason {
	switch until, locked := l.credential.Throttle.Locked(op.Now, password.SignedIn); {
	case !locked:
		return nil
	case until.IsZero():
		return passwordSpent
	case proofsStandIn(op):
		return nil // it is not asked for
	default:
		return policy.Throttled(until)
	}
}

func noRow(Tx, *policy.Op, policy.Target) (none, error) { return none{}, nil }

func ownLogin(tx Tx, op *policy.Op, t policy.Target) (l login, err error) {
	if l.person, err = ownPerson(tx, op, t); err != nil {
		return l, err
	}
	l.credential, err = credentialOf(tx, op, l.Account)
	return l, err
}

// bareLogin is an account with its password and without its profile, which signing in needs nothing of.
func bareLogin(tx Tx, op *policy.Op, id policy.AccountID) (l login, err error) {
	if l.Standing, err = op.Account(tx, id); err != nil {
		return l, err
	}
	l.credential, err = credentialOf(tx, op, id)
	return l, err
}

func anyLogin(tx Tx, op *policy.Op, t policy.Target) (l login, err error) {
	if l.person, err = anyPerson(tx, op, t); err != nil {
		return l, err
	}
	l.credential, err = credentialOf(tx, op, l.Account)
	return l, err
}

// resettable is a login, and the account's closing if it is being closed.
type resettable struct {
	login
	closing Closing
}

func anyResettable(tx Tx, op *policy.Op, t policy.Target) (r resettable, err error) {
	if r.login, err = anyLogin(tx, op, t); err != nil {
		return r, err
	}
	c, err := anyClosed(tx, op, t)
	r.closing = c.closing
	return r, err
}

// notToRecover is the reason against giving an account back to somebody who cannot sign in: while its person is closing it they
// may need that to reopen it, and nobody gets what an administrator has taken.
func notToRecover(op *policy.Op, c closed) *policy.Reason {
	switch {
	case c.State == policy.Active:
		return nil
	case c.State == policy.Closed:
		return closedForGood
	case c.State == policy.Disabled, c.closing.Was == policy.Disabled:
		return notEnabled
	}
	return notToReopen(op, c)
}

func closedLogin(_ *policy.Op, l login) *policy.Reason {
	return when(l.State == policy.Closed, closedForGood)
}
