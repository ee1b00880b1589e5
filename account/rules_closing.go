package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// AreaClosing is closing one's own account.
const AreaClosing policy.Area = "account.closing"

// WorkMayClose lets people close work accounts themselves: for tenants that nobody manages.
var WorkMayClose = policy.Setting{Name: "account.work-may-close", Default: 0, Min: 0, Max: 1,
	What: "whether people may close work accounts themselves, where nobody manages the tenant"}

// Actions about closing.
const (
	ReadPreflight policy.Action = "account.read-preflight"
	Close         policy.Action = "account.close"

	AskReopen   policy.Action = "account.ask-reopen"
	Reopen      policy.Action = "account.reopen"
	PurgeClosed policy.Action = "account.purge-closed"

	Disable policy.Action = "account.admin.disable"
	Enable  policy.Action = "account.admin.enable"
	Delete  policy.Action = "account.admin.delete"
	Restore policy.Action = "account.admin.restore"
)

// Codes of the reasons about closing.
const (
	CodeGuestAccount     policy.Code = "guest-not-closed"
	CodeWorkAccount      policy.Code = "work-not-closed"
	CodeClosingBlocked   policy.Code = "closing-blocked"
	CodeNotUnderstood    policy.Code = "warning-not-understood"
	CodeNotClosing       policy.Code = "account-not-closing"
	CodeGraceOver        policy.Code = "grace-over"
	CodeDeletedByOthers  policy.Code = "deleted-by-administrator"
	CodeSignInFirst      policy.Code = "sign-in-first"
	CodeAddressNotProven policy.Code = "address-not-proven"
	CodeAlreadyDisabled  policy.Code = "account-disabled"
	CodeNotDisabled      policy.Code = "account-not-disabled"
	CodeOwnAccount       policy.Code = "own-account"
	FindingProfile       policy.Code = "profile-erased"
	FindingRestricted    policy.Code = policy.CodeRestricted
)

const (
	roomName = "account"

	deletedUser     = "Delete user"
	restoredUser    = "Restore user"
	hardDeletedUser = "Hard Delete user"
	erasedUser      = "Erase deleted user"
	disabledUser    = "Disable account"
	enabledUser     = "Enable account"
	askedReopen     = "Send restore code"

	closingSource      = "Microsoft account: close; OWASP ASVS 7.4.2"
	deletedUsersSource = "Entra: restore or remove a recently deleted user"
)

var (
	guestAccount   = policy.OtherKind(CodeGuestAccount, "A guest account is not closed here. Leave the organization instead.")
	workAccount    = policy.SwitchedOff(CodeWorkAccount, "This account is your organization's, and is closed by it.")
	closingBlocked = policy.Forbidden(CodeClosingBlocked, policy.NoRemedy, "Before this account can be closed something has to be settled: {what}.")
	notSettled     = &policy.Reason{Code: policy.CodeRestricted, Class: policy.ClassState, Remedy: policy.WaitUntil,
		Text: "All security info of this account was replaced lately. It can be closed after {until}."}
	notUnderstood    = policy.Forbidden(CodeNotUnderstood, policy.Confirm, "Say of each warning that you understand it.")
	notClosing       = policy.Forbidden(CodeNotClosing, policy.NoRemedy, "This account is not being closed.")
	beingClosed      = policy.Forbidden(policy.CodeAccountClosing, policy.NoRemedy, "This account is being closed. Restore it first.")
	graceOver        = policy.Forbidden(CodeGraceOver, policy.NoRemedy, "The time in which this account could come back is over.")
	deletedByOthers  = policy.Forbidden(CodeDeletedByOthers, policy.AskAdministrator, "This account was deleted by an administrator, who alone can restore it.")
	alreadyDisabled  = policy.Forbidden(CodeAlreadyDisabled, policy.NoRemedy, "This account is disabled already.")
	notDisabled      = policy.Forbidden(CodeNotDisabled, policy.NoRemedy, "This account is not disabled.")
	ownAccount       = policy.Forbidden(CodeOwnAccount, policy.AskAdministrator, "Nobody can do this to their own account.")
	addressNotProven = policy.Forbidden(CodeAddressNotProven, policy.NoRemedy, "The code is sent to no address that was not proven to be this account's.")
	signInFirst      = &policy.Reason{Code: CodeSignInFirst, Class: policy.ClassProof, Remedy: policy.SignIn, Level: policy.AAL1, MaxAge: policy.Recent,
		Text: "Sign in first; the code alone does not reopen an account."}
)

// leaving is a person with what stands against their closing the account.
type leaving struct {
	person
	findings []policy.Finding
}

// closed is an account with how it was closed, if it was.
type closed struct {
	policy.Standing
	closing Closing
}

var (
	readPreflight = policy.Rule{Action: ReadPreflight, By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaClosing, Access: policy.ReadOnly,
		Says: "See what closing one's own account loses, and what has to be settled before.", Source: closingSource}
	closeAccount = policy.Rule{Action: Close, Activity: deletedUser, Category: userCategory,
		By: policy.ByPerson, Kinds: policy.Personal | policy.Work, Others: guestAccount, Area: AreaClosing, Access: policy.Edit,
		Settled: true, Level: policy.AAL1, MaxAge: policy.Recent, Confirm: true, Notify: true,
		Says: "Close one's own account; it can be reopened for 30 or 60 days.", States: "a work account, unless the organization allows it; a finding blocks; all security info replaced in the last 60 days; a warning is not understood", Source: closingSource}
)

// closeSpec is the action of closing. It is made for each call because checks may read where the call's context counts,
// and because the preview shows the days.
func (r *room) closeSpec(ctx context.Context, days int) *policy.Spec[Tx, leaving] {
	return &policy.Spec[Tx, leaving]{
		Rule: closeAccount,
		Load: func(tx Tx, op *policy.Op, t policy.Target) (l leaving, err error) {
			if l.person, err = ownPerson(tx, op, t); err != nil || mayNotClose(op, l) != nil {
				return l, err // nobody is shown what they cannot do anything about
			}
			l.findings, err = r.findings(ctx, tx, op, l.person)
			return l, err
		},
		Forbids: func(op *policy.Op, l leaving) *policy.Reason {
			if reason := mayNotClose(op, l); reason != nil {
				return reason
			}
			blocking := named(l.findings, func(f policy.Finding) bool { return f.Blocks })
			if until := settled(l.Standing); len(blocking) == 1 && op.Now.Before(until) { // nothing else blocks, and this passes
				told := *notSettled
				told.Until = until
				return &told
			}
			return when(len(blocking) > 0, about(closingBlocked, strings.Join(blocking, ", ")))
		},
		Preview: func(_ *policy.Op, l leaving) policy.Preview { return willClose(l, days) },
	}
}

// mayNotClose is the reason against closing such an account at all.
func mayNotClose(op *policy.Op, l leaving) *policy.Reason {
	switch {
	case l.Kind == policy.Guest:
		return guestAccount
	case l.Kind == policy.Work && !op.Settings.Yes(WorkMayClose):
		return workAccount
	}
	return nil
}

// settled is from when on an account can be closed whose security info was all replaced.
func settled(st policy.Standing) time.Time {
	if st.RestrictedUntil.IsZero() {
		return time.Time{}
	}
	return st.RestrictedUntil.Add(SettledFor - Restriction)
}

// findings asks this room and all others.
func (r *room) findings(ctx context.Context, tx Tx, op *policy.Op, p person) ([]policy.Finding, error) {
	var all []policy.Finding
	if op.Now.Before(settled(p.Standing)) {
		all = append(all, policy.Finding{Code: FindingRestricted, Room: roomName, Blocks: true, Text: "All security info of this account was replaced lately."})
	}
	if p.profile.Revision != 0 {
		all = append(all, policy.Finding{Code: FindingProfile, Room: roomName, Text: "Your profile and your photo are erased."})
	}
	for _, check := range r.checks {
		found, err := check(ctx, tx, op, p.Account)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if err := f.Check(); err != nil {
				return nil, fmt.Errorf("a check before closing gave an unusable finding: %s", err.Error()) // no input of the caller's
			}
			if slices.ContainsFunc(all, func(other policy.Finding) bool { return other.ID() == f.ID() }) {
				return nil, fmt.Errorf("a check before closing gave an unusable finding: there is another that is called %q", f.ID())
			}
			all = append(all, f)
		}
	}
	return all, nil
}

func willClose(l leaving, days int) policy.Preview {
	p := policy.Preview{Title: "Close your account?", Facts: []policy.Fact{{Name: "days", Value: strconv.Itoa(days)}},
		Consequences: []string{
			"You are signed out everywhere, at once.",
			fmt.Sprintf("For %d days you can reopen the account: sign in, and enter the code that is sent to you.", days),
			"After that everything is erased. Nobody can bring the account back, and its name is not given to anybody again.",
		}}
	for _, f := range l.findings {
		if !f.Blocks {
			p.Consequences = append(p.Consequences, f.Text)
			p.Facts = append(p.Facts, policy.Fact{Name: "warning", Value: f.ID()})
		}
	}
	return p
}

// What the host does for somebody who is no admitted actor any more, and when the time is over.
var (
	askReopen = &policy.Spec[Tx, closed]{
		Rule: policy.Rule{Action: AskReopen, Activity: askedReopen, Category: userCategory, By: policy.ByHost,
			Says: "Send a code for reopening an account.", States: "not being closed; by an administrator; too late; address not proven", Source: closingSource},
		Load: anyClosed, Forbids: notToReopen,
	}
	reopen = &policy.Spec[Tx, closed]{
		Rule: policy.Rule{Action: Reopen, Activity: restoredUser, Category: userCategory, By: policy.ByHost, Notify: true,
			Says: "Reopen an account that its person closed, after a sign-in and with a fresh code.", States: "not being closed; by an administrator; too late; no sign-in; wrong code", Source: closingSource},
		Load: anyClosed, Forbids: notToReopen,
	}
	purgeClosed = &policy.Spec[Tx, none]{
		Rule: policy.Rule{Action: PurgeClosed, Activity: hardDeletedUser, Category: userCategory, By: policy.ByHost, Records: policy.NotedSuccess,
			Says: "Close accounts for good whose time to come back is over, and erase their data.", Source: deletedUsersSource},
		Load: noRow,
	}
)

// What administrators may do, with two factors proven just now, as for recovery keys: a stolen session must not be able to. No
// one may do it to themselves: a tenant would be left without administrators by mistake.
var (
	disableAccount = adminOn(policy.Rule{Action: Disable, Activity: disabledUser,
		Says: "Disable an account; all of its sessions end.", States: "one's own; disabled; deleted; closed"},
		func(op *policy.Op, c closed) *policy.Reason {
			if r := notToTakeOver(op, c); r != nil {
				return r
			}
			return when(c.State == policy.Disabled || c.State == policy.Closing && c.closing.Was == policy.Disabled, alreadyDisabled)
		})
	enableAccount = adminOn(policy.Rule{Action: Enable, Activity: enabledUser,
		Says: "Enable an account that was disabled.", States: "one's own; not disabled; being closed; closed"},
		func(_ *policy.Op, c closed) *policy.Reason {
			switch c.State {
			case policy.Active:
				return notDisabled
			case policy.Closing:
				return beingClosed
			}
			return when(c.State == policy.Closed, closedForGood)
		})
	deleteAccount = adminOn(policy.Rule{Action: Delete, Activity: deletedUser,
		Says: "Delete an account; it can be restored for 30 days.", States: "one's own; deleted; closed"}, notToTakeOver)
	restoreAccount = &policy.Spec[Tx, closed]{
		Rule: policy.Rule{Action: Restore, Activity: restoredUser, Category: userCategory, By: policy.ByRole | policy.ByHost, Roles: profileAdmins,
			Level: policy.AAL2, MaxAge: policy.Recent, Notify: true,
			Says: "Restore an account that is being closed, by whomever.", States: "not being closed; too late", Source: deletedUsersSource},
		Load: anyClosed, Forbids: notToRestore,
	}
)

func adminOn(r policy.Rule, forbids func(*policy.Op, closed) *policy.Reason) *policy.Spec[Tx, closed] {
	r.Category, r.By, r.Roles, r.Notify, r.Source = userCategory, policy.ByRole|policy.ByHost, profileAdmins, true, deletedUsersSource
	r.Level, r.MaxAge = policy.AAL2, policy.Recent
	return &policy.Spec[Tx, closed]{
		Rule: r,
		Load: anyClosed,
		Forbids: func(op *policy.Op, c closed) *policy.Reason {
			if r := themselves(op, c.Account); r != nil {
				return r
			}
			return forbids(op, c)
		},
	}
}

// themselves is the reason against what nobody does to their own account, whatever their roles.
func themselves(op *policy.Op, id policy.AccountID) *policy.Reason {
	return when(op.Actor.Principal().Is(id), ownAccount)
}

// notToTakeOver is the reason against an administrator's decision about an account that is closed, or is being closed by
// somebody else than its person, or for good.
func notToTakeOver(op *policy.Op, c closed) *policy.Reason {
	switch {
	case c.State == policy.Closed:
		return closedForGood
	case c.State != policy.Closing:
		return nil
	case !c.closing.By.Is(c.Account):
		return beingClosed
	}
	return when(c.closing.over(op.Now), graceOver)
}

func anyClosed(tx Tx, op *policy.Op, t policy.Target) (c closed, err error) {
	if c.Standing, err = op.Account(tx, policy.AccountID(t.ID)); err != nil || c.State != policy.Closing {
		return c, err
	}
	if c.closing, err = closingOf(tx, op, c.Account); errors.Is(err, store.ErrNotFound) {
		err = errors.New("an account is being closed, and the store does not know until when")
	}
	return c, err
}

func notToRestore(op *policy.Op, c closed) *policy.Reason {
	switch {
	case c.State == policy.Closed:
		return closedForGood
	case c.State != policy.Closing:
		return notClosing
	}
	return when(c.closing.over(op.Now), graceOver)
}

func notToReopen(op *policy.Op, c closed) *policy.Reason {
	if r := notToRestore(op, c); r != nil {
		return r
	}
	return when(!c.closing.By.Is(c.Account), deletedByOthers)
}

// closedPerson keeps data from coming back to an account that was closed for good.
func closedPerson(_ *policy.Op, p person) *policy.Reason {
	return when(p.State == policy.Closed, closedForGood)
}
