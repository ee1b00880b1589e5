package account_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// The rows of the matrix about addresses, recovery and closing.

// emailChange is what somebody holds who asked for another address: the code that went to the new one, and the link that
// went to the old.
type emailChange struct {
	id         challenge.ID
	code, link secret.Text
}

// address is an address that an account has, and proved.
func address(id policy.AccountID) string { return string(id) + "@example.com" }

// beginChange gives an account an address, and has its owner ask for another.
func beginChange(t testing.TB, w *accounttest.World, a policy.Actor) (c emailChange) {
	t.Helper()
	host := policy.Host("test-host", a.Tenant)
	require.NoError(t, w.App.Host.Account.AddIdentifier(t.Context(), host,
		account.NewIdentifier{Account: a.Account, Kind: account.Email, Text: address(a.Account), ProvenAt: w.Clock.Now()}))
	fresh := string(a.Account) + "@new.example"
	var err error
	c.id, err = w.App.Account.ChangeEmail(t.Context(), a, address(a.Account), fresh)
	require.NoError(t, err)
	sent, _ := w.Mail.Last(fresh)
	told, _ := w.Mail.Last(address(a.Account))
	c.code, c.link = sent.Code, told.Code
	return c
}

// beginReopening has a code sent to somebody who closed their account, and gives what reopens it.
func beginReopening(t testing.TB, w *accounttest.World, id policy.AccountID) account.Reopening {
	t.Helper()
	r := account.Reopening{Account: id, Method: challenge.Email, Attempt: "attempt", Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: w.Clock.Now()}}}
	var err error
	r.Challenge, err = w.App.Host.Account.AskReopen(t.Context(), w.Host,
		account.ReopenRequest{Account: id, Method: r.Method, To: address(id), Attempt: r.Attempt})
	require.NoError(t, err)
	sent, _ := w.Mail.Last(address(id))
	r.Code = sent.Code
	return r
}

// number is a phone that somebody has.
func number(id policy.AccountID) string { return "+49 30 " + string(id) }

// beginStep has a code sent for a step-up in somebody's session, and gives the right answer.
func beginStep(t testing.TB, w *accounttest.World, a policy.Actor) account.CodeAnswer {
	t.Helper()
	q := account.CodeRequest{Account: a.Account, Purpose: challenge.StepUp, Method: challenge.SMS, To: number(a.Account), Session: a.Session}
	id, err := w.App.Host.Account.SendCode(t.Context(), policy.Host("test-host", a.Tenant), q)
	require.NoError(t, err)
	sent, _ := w.Mail.Last(q.To)
	return account.CodeAnswer{Account: q.Account, Purpose: q.Purpose, Method: q.Method, Session: q.Session, Challenge: id, Code: sent.Code}
}

func openSchema(work, personal, guest policy.Access) account.Schema {
	s := account.DefaultSchema()
	for a, r := range s.Rules {
		r.Work, r.Personal, r.Guest = work, personal, guest
		s.Rules[a] = r
	}
	return s
}

func openTo(t testing.TB, w *accounttest.World, to policy.Access) {
	t.Helper()
	require.NoError(t, w.App.Admin.Account.SetSchema(t.Context(), w.Host, openSchema(to, to, to)))
}

// own is the account of the actor; of who has none, anybody's.
func (c *cell) own() policy.AccountID {
	if _, begun := c.changes[c.actor.Account]; !begun {
		return c.subject
	}
	return c.actor.Account
}

var emailRows = []operation{
	asking("about another address", account.ChangeEmail, "", ifKept(account.EmailAddress)),
	asking("about proving an address", account.ConfirmEmail, "", ifKept(account.EmailAddress)),
	{door: "Service", method: "Can", as: "about dropping a change of address", action: account.DropEmailChange, forbids: ifNoChange,
		call: func(c *cell) (any, error) {
			return c.can(account.DropEmailChange, string(c.changes[c.own()].id))
		}},
	{door: "Service", method: "ChangeEmail", action: account.ChangeEmail, forbids: ifKept(account.EmailAddress), inside: ifNotTheirs, changes: true,
		call: func(c *cell) (any, error) {
			return c.Service.ChangeEmail(c.t.Context(), c.actor, address(c.own()), string(c.own())+"@third.example")
		}},
	{door: "Service", method: "ConfirmEmail", action: account.ConfirmEmail, forbids: ifKept(account.EmailAddress), inside: ifNotSent, changes: true, counts: true,
		call: func(c *cell) (any, error) {
			return nil, c.Service.ConfirmEmail(c.t.Context(), c.actor, c.changes[c.own()].id, c.changes[c.own()].code)
		}},
	{door: "Service", method: "ResendEmailCode", action: account.ResendEmailCode, forbids: ifNothingToResend, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Service.ResendEmailCode(c.t.Context(), c.actor, c.changes[c.own()].id)
		}},
	{door: "Service", method: "Can", as: "about sending a code again", action: account.ResendEmailCode, forbids: ifNothingToResend,
		call: func(c *cell) (any, error) {
			return c.can(account.ResendEmailCode, string(c.changes[c.own()].id))
		}},
	{door: "Service", method: "DropEmailChange", action: account.DropEmailChange, forbids: ifNoChange, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Service.DropEmailChange(c.t.Context(), c.actor, c.changes[c.own()].id)
		}},

	{door: "Host", method: "AddIdentifier", action: account.AddIdentifier, forbids: ifClosed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.AddIdentifier(c.t.Context(), c.actor, account.NewIdentifier{Account: c.subject, Kind: account.Email, Text: string(c.subject) + "@second.example", Primary: true})
		}},
	{door: "Host", method: "RemoveIdentifier", action: account.RemoveIdentifier, inside: ifNotTheirs, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.RemoveIdentifier(c.t.Context(), c.actor, c.subject, address(c.subject))
		}},
	{door: "Host", method: "Identifiers", action: account.ReadIdentifiers,
		call: func(c *cell) (any, error) { return c.Host.Identifiers(c.t.Context(), c.actor, c.subject) }},
	{door: "Host", method: "NoticeAddresses", action: account.ReadIdentifiers,
		call: func(c *cell) (any, error) { return c.Host.NoticeAddresses(c.t.Context(), c.actor, c.subject) }},
	{door: "Host", method: "Lookup", action: account.LookUp, inside: ifNoAddress,
		call: func(c *cell) (any, error) { return c.Host.Lookup(c.t.Context(), c.actor, address(c.subject)) }},
	{door: "Host", method: "Holder", action: account.LookUp, inside: ifNotTheirs,
		call: func(c *cell) (any, error) { return c.Host.Holder(c.t.Context(), c.actor, address(c.subject)) }},
	{door: "Host", method: "CancelEmailChange", action: account.CancelEmailChange, inside: ifLinkIsDead, changes: true, counts: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.CancelEmailChange(c.t.Context(), c.actor, c.changes[c.personal].link)
		}},
}

func (c *cell) sendCode(p challenge.Purpose) (any, error) {
	return c.Host.SendCode(c.t.Context(), c.actor, account.CodeRequest{Account: c.subject, Purpose: p, Method: challenge.Voice, To: number(c.subject), Session: c.steps[c.subject].Session})
}

var codeRows = []operation{
	{door: "Host", method: "SendCode", as: "for a step-up", action: account.SendCode, forbids: ifInactive, inside: ifNoSession, changes: true,
		call: func(c *cell) (any, error) { return c.sendCode(challenge.StepUp) }},
	{door: "Host", method: "SendCode", as: "for a sign-in", action: account.SendCode, forbids: ifInactive, changes: true,
		call: func(c *cell) (any, error) { return c.sendCode(challenge.SecondFactor) }},
	{door: "Host", method: "VerifyCode", action: account.VerifyCode, forbids: ifInactive, inside: ifNoSession, changes: true, counts: true,
		call: func(c *cell) (any, error) {
			return c.Host.VerifyCode(c.t.Context(), c.actor, c.steps[c.subject])
		}},
}

var recoveryRows = []operation{
	asking("about the recovery code", account.ReadRecoveryCode, "", nil),
	asking("about a new recovery code", account.NewRecoveryCode, "", nil),
	asking("about removing the recovery code", account.RemoveRecoveryCode, "", nil),
	{door: "Service", method: "RecoveryCode", action: account.ReadRecoveryCode,
		call: func(c *cell) (any, error) { return c.Service.RecoveryCode(c.t.Context(), c.actor) }},
	{door: "Service", method: "NewRecoveryCode", action: account.NewRecoveryCode, changes: true,
		call: func(c *cell) (any, error) { return c.Service.NewRecoveryCode(c.t.Context(), c.actor) }},
	{door: "Service", method: "RemoveRecoveryCode", action: account.RemoveRecoveryCode, changes: true,
		call: func(c *cell) (any, error) { return nil, c.Service.RemoveRecoveryCode(c.t.Context(), c.actor) }},

	{door: "Admin", method: "LiftRestriction", action: account.LiftRestriction, forbids: ifNotRestricted, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Admin.LiftRestriction(c.t.Context(), c.actor, c.restricted)
		}},

	{door: "Host", method: "Recover", action: account.Recover, inside: ifNotRecoverable, changes: true,
		call: func(c *cell) (any, error) {
			return c.Host.Recover(c.t.Context(), c.actor, c.personal, c.recovery)
		}},
	{door: "Host", method: "SecurityInfoReplaced", action: account.ReplaceSecurityInfo, forbids: ifClosed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.SecurityInfoReplaced(c.t.Context(), c.actor, c.personal, "")
		}},
	{door: "Host", method: "SecurityInfoReplaced", as: "of a work account", action: account.ReplaceSecurityInfo, forbids: ifNotRestrictable, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.SecurityInfoReplaced(c.t.Context(), c.actor, c.subject, "")
		}},
	{door: "Host", method: "CancelReplacement", action: account.CancelReplacement, forbids: ifNotRestricted, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.CancelReplacement(c.t.Context(), c.actor, c.restricted)
		}},
}

// close closes the actor's account with everything that it takes.
func (c *cell) close() (any, error) {
	p, err := c.Service.Preflight(c.t.Context(), c.actor)
	if err != nil && !errors.As(err, new(*policy.Denied)) {
		return nil, err
	}
	_, yes, err := c.Service.AskClose(c.t.Context(), c.actor, account.LongGrace)
	if err != nil && !errors.As(err, new(*policy.Denied)) {
		return nil, err
	}
	q := account.CloseRequest{Days: account.LongGrace}
	for _, f := range p.Findings {
		q.Understood = append(q.Understood, f.ID())
	}
	return c.Service.Close(c.t.Context(), c.actor, q, yes)
}

var closingRows = []operation{
	asking("about closing", account.Close, "", ifNotToClose),
	{door: "Service", method: "Preflight", action: account.ReadPreflight,
		call: func(c *cell) (any, error) { return c.Service.Preflight(c.t.Context(), c.actor) }},
	{door: "Service", method: "AskClose", action: account.Close, forbids: ifNotToClose,
		call: func(c *cell) (any, error) {
			p, _, err := c.Service.AskClose(c.t.Context(), c.actor, account.ShortGrace)
			return p, err
		}},
	{door: "Service", method: "Close", action: account.Close, forbids: ifNotToClose, changes: true,
		call: (*cell).close},

	{door: "Admin", method: "Disable", action: account.Disable, forbids: ifNotToDisable, changes: true,
		call: func(c *cell) (any, error) { return nil, c.Admin.Disable(c.t.Context(), c.actor, c.subject) }},
	{door: "Admin", method: "Enable", action: account.Enable, forbids: ifNotToEnable, changes: true,
		call: func(c *cell) (any, error) { return nil, c.Admin.Enable(c.t.Context(), c.actor, c.disabled) }},
	{door: "Admin", method: "Delete", action: account.Delete, forbids: ifShut, changes: true,
		call: func(c *cell) (any, error) { return c.Admin.Delete(c.t.Context(), c.actor, c.subject) }},
	{door: "Admin", method: "Restore", action: account.Restore, forbids: ifNotToRestore, changes: true,
		call: func(c *cell) (any, error) { return nil, c.Admin.Restore(c.t.Context(), c.actor, c.closing) }},

	{door: "Host", method: "AskReopen", action: account.AskReopen, forbids: ifNotToReopen, changes: true,
		call: func(c *cell) (any, error) {
			return c.Host.AskReopen(c.t.Context(), c.actor, account.ReopenRequest{Account: c.closing, Method: challenge.Email, To: address(c.closing), Attempt: "another"})
		}},
	{door: "Host", method: "Reopen", action: account.Reopen, forbids: ifNotToReopen, changes: true, counts: true,
		call: func(c *cell) (any, error) {
			r := c.reopening
			r.Account, r.Attempt = c.closing, "attempt"
			return nil, c.Host.Reopen(c.t.Context(), c.actor, r)
		}},
	{door: "Host", method: "PurgeClosed", action: account.PurgeClosed, changes: true, looks: true,
		call: func(c *cell) (any, error) { return c.Host.PurgeClosed(c.t.Context(), c.actor, 0) }},
}
