package myaccount

import (
	"context"
	"errors"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// reopening names the attempt that a code is for. An account has one such code at a time, whose id is known to who asked for
// it alone.
const reopening policy.SessionID = "sign-in"

// CodeNoAddress says that a code cannot be sent to somebody who has proven no e-mail address.
const CodeNoAddress policy.Code = "no-proven-address"

// noAddress is told to who has the password of an account that they cannot reopen by themselves.
var noAddress = policy.Forbidden(CodeNoAddress, policy.AskAdministrator, "No e-mail address of this account was ever proven, so no code can be sent there.")

// ReopenCode sends the code for [Account.Reopen] to somebody whose sign-in was refused with [policy.CodeAccountClosing]. The
// password is verified again and recorded as [Account.SignIn] does. The code goes to the account's primary e-mail address, or
// to another that was proven if that one was not; never to one that the request brought along. An account without one is refused with
// [CodeNoAddress], and how often a code is sent is bounded by the account.
//
// The id that comes back belongs into the form that asks for the code. It also comes with [challenge.ErrNotSent]: nothing was
// delivered; ask again. Source: Microsoft account: reopening takes a sign-in and a security code.
func (a *Account) ReopenCode(ctx context.Context, host policy.Actor, t SignInAttempt) (challenge.ID, error) {
	s, err := a.attempt(host, t)
	if err != nil {
		return "", err
	}
	v, err := s.verify(ctx)
	if err != nil {
		return "", err
	}
	id, err := s.askReopen(ctx, v)
	s.record.Code, s.record.Failure = attemptConfirm, "A code to reopen the account was asked for."
	return id, s.failed(ctx, err)
}

// askReopen sends the code.
func (s *signIn) askReopen(ctx context.Context, v account.VerifiedPassword) (challenge.ID, error) {
	q := account.ReopenRequest{Account: v.Account, Method: challenge.Email, Attempt: reopening}
	if v.Reopen.Allowed { // else what it is for is refused, whereto it would go or not
		all, err := s.Host.Account.Identifiers(ctx, s.host, v.Account)
		if err != nil {
			return "", err
		}
		if q.To = provenAddress(all); q.To == "" {
			return "", &policy.Denied{Decision: policy.Refusal(account.AskReopen, *noAddress, "")}
		}
		p, err := s.Admin.Account.Profile(ctx, s.host, v.Account)
		if err != nil {
			return "", err
		}
		q.Language = p.Language
	}
	return s.Host.Account.AskReopen(ctx, s.host, q)
}

// provenAddress is where codes go to: the first that was proven, which is the primary one if that was.
func provenAddress(all []account.Identifier) string {
	for _, i := range all {
		if i.Kind == account.Email && i.RetiredAt.IsZero() && !i.ProvenAt.IsZero() {
			return i.Text
		}
	}
	return ""
}

// Reopen makes an account active again that its person is closing, and signs them in: with the password once more, and the
// code that [Account.ReopenCode] sent. A wrong code is refused with [challenge.CodeWrong], counts as everywhere and is recorded
// as a failed second step. If the account was reopened and something went wrong after that, [Account.SignIn] goes on.
func (a *Account) Reopen(ctx context.Context, host policy.Actor, t SignInAttempt, id challenge.ID, code secret.Text) (signins.Started, error) {
	s, err := a.attempt(host, t)
	if err != nil {
		return signins.Started{}, err
	}
	v, err := s.verify(ctx)
	if err != nil {
		return signins.Started{}, err
	}
	err = a.Host.Account.Reopen(ctx, host, account.Reopening{Account: v.Account, Method: challenge.Email, Attempt: reopening,
		Challenge: id, Code: code, Proofs: []policy.Proof{v.Proof}})
	if denied := new(policy.Denied); errors.As(err, &denied) {
		s.step(a.guard.Now(), codeStep, false, denied.Reason().Message())
		s.record.Code, s.record.Failure = attemptLaterStep, denied.Reason().Message()
		return signins.Started{}, s.failed(ctx, err)
	}
	if err != nil {
		return signins.Started{}, err
	}
	s.step(a.guard.Now(), codeStep, true, "Correct code")
	return s.start(ctx, v)
}

// codeStep is the step of an authentication that a code by e-mail is.
const codeStep = "Email one-time passcode"
