package account

import (
	"errors"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// AreaRecovery is one's own recovery code.
const AreaRecovery policy.Area = "account.recovery"

// Actions about recovery.
const (
	ReadRecoveryCode   policy.Action = "account.read-recovery-code"
	NewRecoveryCode    policy.Action = "account.new-recovery-code"
	RemoveRecoveryCode policy.Action = "account.remove-recovery-code"

	Recover             policy.Action = "account.recover"
	ReplaceSecurityInfo policy.Action = "account.replace-security-info"
	CancelReplacement   policy.Action = "account.cancel-replacement"

	LiftRestriction policy.Action = "account.admin.lift-restriction"
)

const (
	recoverySource    = "Microsoft account: recovery code; NIST SP 800-63B-4 4.2.1.1; OWASP ASVS 6.5.2, 7.4.3, 7.5.1"
	restrictionSource = "Microsoft account: replacing security info"
)

// Codes of the reasons about recovery.
const (
	CodeOnlyPersonal      policy.Code = "recovery-only-personal"
	CodeNoRecoveryCode    policy.Code = "no-recovery-code"
	CodeWrongRecoveryCode policy.Code = "wrong-recovery-code"
	CodeNotRestricted     policy.Code = "not-restricted"
)

var (
	onlyPersonal   = policy.OtherKind(CodeOnlyPersonal, "This is for personal accounts. Your organization helps you to get back into yours.")
	noRecoveryCode = policy.Forbidden(CodeNoRecoveryCode, policy.NoRemedy, "This account has no recovery code.")
	// wrongRecovery is told alike for a wrong code, an unknown account, and one that is not active or has no code (security
	// rule F1).
	wrongRecovery = policy.WrongCredentials(CodeWrongRecoveryCode, policy.NoRemedy, "The account or the recovery code is wrong. Check both.")
	notRestricted = policy.Forbidden(CodeNotRestricted, policy.NoRemedy, "This account is not restricted.")
)

const (
	registeredInfo   = "User registered security info"
	deletedInfo      = "User deleted security info"
	updatedInfo      = "User updated security info"
	adminUpdatedInfo = "Admin updated security info"
	recoveryProgress = "Self-service password reset flow activity progress"
)

// recoverable is an account with its recovery code.
type recoverable struct {
	policy.Standing
	code RecoveryCode
}

// What the account's owner may do.
var (
	readRecoveryCode = &policy.Spec[Tx, recoverable]{
		Rule: policy.Rule{Action: ReadRecoveryCode, By: policy.ByPerson, Kinds: policy.Personal, Others: onlyPersonal, Area: AreaRecovery, Access: policy.ReadOnly,
			Says: "See whether one has a recovery code, and since when.", Source: recoverySource},
		Load: ownRecoverable,
	}
	newRecoveryCode = &policy.Spec[Tx, recoverable]{
		Rule: policy.Rule{Action: NewRecoveryCode, Activity: registeredInfo, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.Personal, Others: onlyPersonal, Area: AreaRecovery, Access: policy.Edit,
			Settled: true, Level: policy.AAL1, MaxAge: policy.Recent, Notify: true,
			Says: "Make a recovery code, in place of the one that there was; all other sessions end.", Source: recoverySource},
		Load: ownRecoverable,
	}
	removeRecoveryCode = &policy.Spec[Tx, recoverable]{
		Rule: policy.Rule{Action: RemoveRecoveryCode, Activity: deletedInfo, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.Personal, Others: onlyPersonal, Area: AreaRecovery, Access: policy.Edit,
			Settled: true, Level: policy.AAL1, MaxAge: policy.Recent, Notify: true,
			Says: "Remove one's recovery code; all other sessions end.", States: "there is none", Source: recoverySource},
		Load:    ownRecoverable,
		Forbids: func(_ *policy.Op, r recoverable) *policy.Reason { return when(!r.code.exists(), noRecoveryCode) },
	}
)

// What the host tells and asks.
var (
	// recoverAccount tells the person of a right code only: who guesses could else send them as many notices as they like.
	recoverAccount = &policy.Spec[Tx, none]{
		Rule: policy.Rule{Action: Recover, Activity: recoveryProgress, Category: userCategory, By: policy.ByHost,
			Says:   "Take a recovery code, and give the next one; the person is told of a right one.",
			States: "wrong; unknown; no code; neither active nor to be reopened: all alike", Source: recoverySource},
		Load: noRow,
	}
	replaceSecurityInfo = &policy.Spec[Tx, policy.Standing]{
		Rule: policy.Rule{Action: ReplaceSecurityInfo, Activity: updatedInfo, Category: userCategory, By: policy.ByHost, Notify: true,
			Says: "Say that all security info was replaced: the account is restricted for 30 days.", States: "not personal; closed", Source: restrictionSource},
		Load:    anyStanding,
		Forbids: func(_ *policy.Op, st policy.Standing) *policy.Reason { return unrestrictable(st) },
	}
	cancelReplacement = &policy.Spec[Tx, policy.Standing]{
		Rule: policy.Rule{Action: CancelReplacement, Activity: updatedInfo, Category: userCategory, By: policy.ByHost, Notify: true,
			Says: "Take a replacement of all security info back, for who proved the old: sessions end, the password and the recovery code are of no use any more.", States: "not restricted; closed", Source: restrictionSource},
		Load: anyStanding, Forbids: nothingToLift,
	}
)

// What administrators may do.
var (
	liftRestriction = &policy.Spec[Tx, policy.Standing]{
		Rule: policy.Rule{Action: LiftRestriction, Activity: adminUpdatedInfo, Category: userCategory, By: policy.ByRole | policy.ByHost, Roles: passwordAdmins,
			Level: policy.AAL2, MaxAge: policy.Recent, Notify: true,
			Says: "End the restriction of an account whose security info was all replaced.", States: "one's own; not restricted; closed", Source: restrictionSource},
		Load: anyStanding,
		Forbids: func(op *policy.Op, st policy.Standing) *policy.Reason {
			if r := themselves(op, st.Account); r != nil {
				return r
			}
			return nothingToLift(op, st)
		},
	}
)

func recoveryRules() []policy.Rule {
	return []policy.Rule{
		readRecoveryCode.Rule, newRecoveryCode.Rule, removeRecoveryCode.Rule,
		recoverAccount.Rule, replaceSecurityInfo.Rule, cancelReplacement.Rule,
		liftRestriction.Rule,
	}
}

// unrestrictable says why an account cannot be restricted; nil if it can.
func unrestrictable(st policy.Standing) *policy.Reason {
	if st.State == policy.Closed {
		return closedForGood
	}
	return when(st.Kind != policy.Personal, onlyPersonal)
}

func nothingToLift(op *policy.Op, st policy.Standing) *policy.Reason {
	if st.State == policy.Closed {
		return closedForGood
	}
	return when(!st.Restricted(op.Now), notRestricted)
}

func anyStanding(tx Tx, op *policy.Op, t policy.Target) (policy.Standing, error) {
	return op.Account(tx, policy.AccountID(t.ID))
}

func ownRecoverable(tx Tx, op *policy.Op, _ policy.Target) (recoverable, error) {
	return withCode(tx, op, op.Standing)
}

func withCode(tx Tx, op *policy.Op, st policy.Standing) (recoverable, error) {
	c, err := tx.RecoveryCode(op.Actor.Tenant, st.Account)
	switch {
	case errors.Is(err, store.ErrNotFound):
		c, err = RecoveryCode{Tenant: op.Actor.Tenant, Account: st.Account}, nil
	case err == nil && (c.Tenant != op.Actor.Tenant || c.Account != st.Account):
		err = errors.New("the store gave a recovery code that is somebody else's")
	}
	return recoverable{st, c}, err
}
