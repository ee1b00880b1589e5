package account_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
)

// The oracle of the authorization matrix: what of an account's state forbids what stands here once more.

// outcome is what must come of a call: an answer, or the code of the refusal.
type outcome string

const done outcome = "works"

// condition is the state of the tenant and of its accounts; accounts elsewhere have no password and no photo.
type condition struct {
	name string
	testkit.Tenant
	restricted    bool
	state         policy.State // of the owners' accounts, on whom administrators and hosts act; zero for active
	locked, spent bool         // after wrong passwords
	kept          account.Elsewhere
	bare          bool // nobody has a password
	synchronized  bool
	deleted, over bool                          // of accounts that are being closed: by an administrator; their time to come back is over
	mayClose      bool                          // work accounts
	open          map[policy.Kind]policy.Access // of all attributes, by a schema; nil for the default
}

func (c condition) inactive() bool { return c.state != 0 && c.state != policy.Active }

// expect is what must come of an operation, from the most permanent obstacle to the most easily mended.
func expect(o operation, r policy.Rule, a testkit.Somebody, c condition) outcome {
	no := func(f func(testkit.Somebody, condition) policy.Code) policy.Code {
		if f == nil {
			return ""
		}
		return f(a, c)
	}
	switch {
	case a.Owns && c.state == policy.Closing:
		return outcome(policy.CodeAccountClosing)
	case a.Owns && c.inactive(): // before anything that they come with is looked at
		return outcome(policy.CodeAccountNotActive)
	case a.Barred != "":
		return outcome(a.Barred)
	case !a.MayEver(r):
		return outcome(policy.CodeNotPermitted)
	}
	for _, code := range []policy.Code{c.Closed(r, a), no(o.forbids), held(r, a, c), a.Unproven(r), no(o.inside)} {
		if code != "" {
			return outcome(code)
		}
	}
	return done
}

// held is what waits for an account that is settled again, or for a new password.
func held(r policy.Rule, a testkit.Somebody, c condition) policy.Code {
	if r.Settled && c.restricted && !a.Elsewhere && a.Sort == testkit.Person && (r.Action != account.ChangePassword || !c.Demanded) {
		return policy.CodeRestricted
	}
	return c.Waits(r, a)
}

// pages are the attributes that only help to show the pages: the owner's by default, and no directory's.
var pages = []account.Attribute{account.Language, account.Region, account.TimeZone}

// opens is how far an attribute is open to its owner.
func opens(name account.Attribute, a testkit.Somebody, c condition) policy.Access {
	switch organization := slices.Contains([]account.Attribute{account.Title, account.Department, account.Office, account.Manager, account.BusinessPhone}, name); {
	case c.open != nil && !a.Elsewhere:
		return c.open[a.Kind]
	case slices.Contains(pages, name):
		return policy.Edit
	case a.Kind != policy.Personal:
		return policy.ReadOnly
	case organization:
		return policy.Off
	}
	return policy.Edit
}

// ifKept is what an owner hears about changing an attribute. The area is judged once more for each.
func ifKept(name account.Attribute) func(testkit.Somebody, condition) policy.Code {
	return func(a testkit.Somebody, c condition) policy.Code {
		if code := c.Closed(policy.Rule{By: policy.ByPerson, Kinds: policy.AllKinds, Area: account.AreaProfile, Access: policy.Edit}, a); code != "" {
			return code
		}
		switch open := opens(name, a, c); {
		case open == policy.Off:
			return account.CodeAttributeOff
		case c.synchronized && !a.Elsewhere && name != account.Photo && !slices.Contains(pages, name):
			return account.CodeSynchronized
		case open == policy.ReadOnly:
			return account.CodeAttributeReadOnly
		}
		return ""
	}
}

// ifHidden is what an owner hears about naming an attribute as it is.
func ifHidden(name account.Attribute) func(testkit.Somebody, condition) policy.Code {
	return func(a testkit.Somebody, c condition) policy.Code {
		if opens(name, a, c) == policy.Off {
			return ifKept(name)(a, c)
		}
		return ""
	}
}

// ifEdited is what an owner hears about an update that changes an attribute: what it waits for is decided for each.
func ifEdited(name account.Attribute) func(testkit.Somebody, condition) policy.Code {
	return func(a testkit.Somebody, c condition) policy.Code {
		if code := ifKept(name)(a, c); code != "" {
			return code
		}
		return c.Waits(policy.Rule{Access: policy.Edit}, a)
	}
}

func ifSynchronized(a testkit.Somebody, c condition) policy.Code {
	if c.synchronized && !a.Elsewhere {
		return account.CodeSynchronized
	}
	return ""
}

func ifPhotoHidden(a testkit.Somebody, c condition) policy.Code {
	if opens(account.Photo, a, c) == policy.Off {
		return account.CodeAttributeOff
	}
	return ""
}

// ifUnlicensed is what administrators and hosts hear who protect passwords in a tenant that lacks a licence for that.
func ifUnlicensed(a testkit.Somebody, c condition) policy.Code {
	if !a.Elsewhere && c.Unlicensed != "" && strings.HasPrefix(string(password.AreaProtection)+".", string(c.Unlicensed)+".") {
		return policy.CodeNotLicensed
	}
	return ""
}

func ifNoPhoto(a testkit.Somebody, _ condition) policy.Code {
	if a.Elsewhere {
		return notARefusal
	}
	return ""
}

func ifElsewhere(c condition) policy.Code {
	switch c.kept {
	case account.KeptHere:
		return ""
	case account.Passwordless:
		return account.CodePasswordless
	}
	return account.CodePasswordElsewhere
}

func ifUnchangeable(a testkit.Somebody, c condition) policy.Code {
	switch {
	case a.Elsewhere:
		return account.CodeNoPassword
	case c.kept != account.KeptHere:
		return ifElsewhere(c)
	case c.bare:
		return account.CodeNoPassword
	case c.spent:
		return account.CodePasswordSpent
	case c.locked:
		return policy.CodeThrottled
	}
	return ""
}

func ifNotFirst(a testkit.Somebody, c condition) policy.Code {
	switch {
	case a.Elsewhere:
		return ""
	case c.kept != account.KeptHere:
		return ifElsewhere(c)
	case c.bare:
		return ""
	}
	return account.CodeHasPassword
}

// ifNoGood is what a host hears about the right password: of accounts that it is of no use to, always the same.
func ifNoGood(a testkit.Somebody, c condition) policy.Code {
	if a.Elsewhere || c.kept != account.KeptHere || c.bare || c.spent || c.locked || c.state == policy.Disabled || c.state == policy.Closed {
		return account.CodeWrongPassword
	}
	return ""
}

// ifNotTheirs keeps what only accounts here have from those elsewhere.
func ifNotTheirs(a testkit.Somebody, _ condition) policy.Code {
	if a.Elsewhere {
		return notARefusal
	}
	return ""
}

func ifNoChange(a testkit.Somebody, _ condition) policy.Code {
	if a.Elsewhere {
		return policy.CodeNotFound
	}
	return ""
}

func ifNothingToResend(a testkit.Somebody, c condition) policy.Code {
	if code := ifNoChange(a, c); code != "" {
		return code
	}
	return ifKept(account.EmailAddress)(a, c)
}

func ifNoAddress(a testkit.Somebody, c condition) policy.Code {
	if c.state == policy.Closed {
		return notARefusal
	}
	return ifNotTheirs(a, c)
}

func ifNotSent(a testkit.Somebody, _ condition) policy.Code {
	if a.Elsewhere {
		return challenge.CodeWrong
	}
	return ""
}

func ifLinkIsDead(a testkit.Somebody, c condition) policy.Code {
	if c.state == policy.Closed {
		return challenge.CodeWrong
	}
	return ifNotSent(a, c)
}

func ifInactive(a testkit.Somebody, c condition) policy.Code {
	if !a.Elsewhere && c.inactive() {
		return challenge.CodeInactive
	}
	return ""
}

// ifNoSession keeps what belongs to a session here from those elsewhere.
func ifNoSession(a testkit.Somebody, _ condition) policy.Code {
	if a.Elsewhere {
		return policy.CodeSessionEnded
	}
	return ""
}

func ifNotRecoverable(a testkit.Somebody, c condition) policy.Code {
	if a.Elsewhere || c.inactive() && (c.state != policy.Closing || ifNotToReopen(a, c) != "") {
		return account.CodeWrongRecoveryCode
	}
	return ""
}

// ifNotToReset is what a host hears about setting a new password for somebody who recovered their account.
func ifNotToReset(a testkit.Somebody, c condition) policy.Code {
	switch {
	case a.Elsewhere:
		return ""
	case c.state == policy.Closing && ifNotToReopen(a, c) != "":
		return ifNotToReopen(a, c)
	case c.state == policy.Disabled:
		return account.CodeAlreadyDisabled
	case c.state == policy.Closed:
		return policy.CodeAccountClosed
	case c.kept != account.KeptHere:
		return ifElsewhere(c)
	case c.restricted:
		return policy.CodeRestricted
	}
	return ""
}

// ifNotRestrictable is what a host hears about a work account: its organization helps whoever lost everything.
func ifNotRestrictable(a testkit.Somebody, c condition) policy.Code {
	if code := ifClosed(a, c); code != "" {
		return code
	}
	return account.CodeOnlyPersonal
}

func ifNotRestricted(a testkit.Somebody, c condition) policy.Code {
	if code := ifClosed(a, c); code != "" {
		return code
	}
	if a.Elsewhere || !c.restricted {
		return account.CodeNotRestricted
	}
	return ""
}

func ifNotToClose(a testkit.Somebody, c condition) policy.Code {
	if a.Kind == policy.Work && (a.Elsewhere || !c.mayClose) {
		return account.CodeWorkAccount
	}
	return ""
}

// ifTheirOwn is what an administrator hears about an account that is their own.
func ifTheirOwn(a testkit.Somebody, _ condition) policy.Code {
	if a.Sort == testkit.Person && (a.Owns || a.Elsewhere) {
		return account.CodeOwnAccount
	}
	return ""
}

func ifNotToUnlock(a testkit.Somebody, c condition) policy.Code {
	if code := ifTheirOwn(a, c); code != "" {
		return code
	}
	return ifClosed(a, c)
}

// ifShut is what an administrator hears about an account that is their own, or being closed by another or for good.
func ifShut(a testkit.Somebody, c condition) policy.Code {
	if code := ifTheirOwn(a, c); code != "" || a.Elsewhere {
		return code
	}
	switch {
	case c.deleted:
		return policy.CodeAccountClosing
	case c.over:
		return account.CodeGraceOver
	}
	return ifClosed(a, c)
}

func ifNotToDisable(a testkit.Somebody, c condition) policy.Code {
	if code := ifShut(a, c); code != "" {
		return code
	}
	if c.state == policy.Disabled && !a.Elsewhere {
		return account.CodeAlreadyDisabled
	}
	return ""
}

func ifNotToEnable(a testkit.Somebody, c condition) policy.Code {
	switch code := ifTheirOwn(a, c); {
	case code != "":
		return code
	case c.state == policy.Closing && !a.Elsewhere:
		return policy.CodeAccountClosing
	case ifClosed(a, c) != "":
		return policy.CodeAccountClosed
	}
	if c.state != policy.Disabled || a.Elsewhere {
		return account.CodeNotDisabled
	}
	return ""
}

func ifNotToRestore(a testkit.Somebody, c condition) policy.Code {
	switch {
	case !a.Elsewhere && c.state == policy.Closed:
		return policy.CodeAccountClosed
	case a.Elsewhere || c.state != policy.Closing:
		return account.CodeNotClosing
	case c.over:
		return account.CodeGraceOver
	}
	return ""
}

func ifNotToReopen(a testkit.Somebody, c condition) policy.Code {
	if code := ifNotToRestore(a, c); code != "" {
		return code
	}
	if c.deleted {
		return account.CodeDeletedByOthers
	}
	return ""
}

func ifNotToDemand(a testkit.Somebody, c condition) policy.Code {
	if code := ifClosed(a, c); code != "" || a.Elsewhere {
		return code
	}
	return ifElsewhere(c)
}

func ifClosed(a testkit.Somebody, c condition) policy.Code {
	if c.state == policy.Closed && !a.Elsewhere {
		return policy.CodeAccountClosed
	}
	return ""
}

// ruleOf is the rule of an action in the table of rules.
func ruleOf(t testing.TB, a policy.Action) policy.Rule {
	t.Helper()
	all := account.Rules()
	i := slices.IndexFunc(all, func(r policy.Rule) bool { return r.Action == a })
	if i < 0 {
		t.Fatalf("%s has no rule", a)
	}
	return all[i]
}
