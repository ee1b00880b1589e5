package testkit

import (
	"errors"
	"slices"
	"strings"

	"github.com/seed4b20689c/myaccount/policy"
)

// What the oracles of the rooms' authorization matrices have in common. What a rule says they take from the room's
// table, and nothing from its code: in which order obstacles are told stands here once more.

// NotARefusal stands for an error that is none.
const NotARefusal policy.Code = "not a refusal"

// CodeOf is the reason's code of a refusal; empty for no error, [NotARefusal] for any other error.
func CodeOf(err error) policy.Code {
	var denied *policy.Denied
	switch {
	case err == nil:
		return ""
	case errors.As(err, &denied):
		return denied.Reason().Code
	}
	return NotARefusal
}

// Sort is what sort of actor somebody is.
type Sort int

// Sorts of actors.
const (
	Person Sort = iota
	Host
	System
)

// Somebody is an actor as an oracle sees it.
type Somebody struct {
	Sort Sort
	// Barred is why the actor is not admitted, whatever they want.
	Barred policy.Code
	Kind   policy.Kinds
	Roles  []policy.Role
	// Owns tells that what the matrix is about is theirs.
	Owns bool
	// Elsewhere actors act in another tenant, which is open and has nothing but accounts of the same names.
	Elsewhere bool
	// Sessionless actors come without a session of ours.
	Sessionless bool
	Level       policy.Level
	Stale       bool // all that they proved is 16 minutes old
}

// MayEver tells whether a rule is for such an actor at all.
func (a Somebody) MayEver(r policy.Rule) bool {
	switch a.Sort {
	case Host:
		return r.By&policy.ByHost != 0
	case System:
		return r.By&policy.BySystem != 0
	}
	return r.By&policy.ByPerson != 0 ||
		r.By&policy.ByRole != 0 && slices.ContainsFunc(a.Roles, func(is policy.Role) bool { return slices.Contains(r.Roles, is) })
}

// Unproven is what an actor has not proven that a rule asks for.
func (a Somebody) Unproven(r policy.Rule) policy.Code {
	switch {
	case a.Sort != Person:
		return ""
	case a.Level < r.Level:
		return policy.CodeStrongerProof
	case r.Level > 0 && r.MaxAge > 0 && a.Stale:
		return policy.CodeFresherProof
	}
	return ""
}

// Tenant is how far a tenant is open.
type Tenant struct {
	Access     map[policy.Area]policy.Access // of areas that are locked
	Unlicensed policy.Area                   // the tenant demands a licence for it that it lacks
	TurnedOff  bool
	Demanded   bool // everybody has to set a new password
}

// Waits is why a person does not do what changes something before they set a new password.
func (c Tenant) Waits(r policy.Rule, a Somebody) policy.Code {
	if c.Demanded && a.Sort == Person && !a.Elsewhere && r.Demand == policy.WaitsForPassword && (r.Activity != "" || r.Access == policy.Edit) {
		return policy.CodeMustChangePassword
	}
	return ""
}

// Closed is why an operation is not open to an account's owner.
func (c Tenant) Closed(r policy.Rule, a Somebody) policy.Code {
	if r.By&policy.ByPerson == 0 {
		return ""
	}
	if r.Kinds&a.Kind == 0 {
		return r.Others.Code // each rule that is not for all kinds says why
	}
	if a.Elsewhere {
		return ""
	}
	access := policy.Edit
	for area, to := range c.Access {
		if r.Area == area || strings.HasPrefix(string(r.Area), string(area)+".") {
			access = min(access, to)
		}
	}
	switch {
	case c.TurnedOff:
		return policy.CodeNotTurnedOn
	case r.Area != "" && c.Unlicensed == r.Area:
		return policy.CodeNotLicensed
	case r.Area != "" && access == policy.Off:
		return policy.CodeAreaOff
	case r.Area != "" && access < r.Access:
		return policy.CodeAreaReadOnly
	}
	return ""
}

// Happened is how much events tell of: refusals of one kind share an event that counts them.
func Happened(events []policy.Event) (n int) {
	for _, e := range events {
		n += e.Count
	}
	return n
}
