package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// CodeRequest asks for a code that proves a factor of a person's.
type CodeRequest struct {
	Account policy.AccountID
	// Purpose is [challenge.StepUp] for one more factor in a session, or [challenge.SecondFactor] of a sign-in.
	Purpose challenge.Purpose
	// Method is how the code is sent: [challenge.SMS] or [challenge.Voice]. E-mail proves a mailbox, and is never a factor
	// (NIST SP 800-63B-4 3.1.3.1).
	Method challenge.Method
	// To is the number that it is sent to: one that is stored, and was proven to be this account's, never one that the request
	// brought along. The host says which; a room that knows a person's registered methods will.
	To string
	// Session is the one that is stepped up. For a sign-in it is whatever names the attempt, such as a random text in a cookie.
	// The code is good for that one only.
	Session policy.SessionID
	// Language is the person's, as a BCP 47 tag; empty if it is not known.
	Language string
}

// SendCode sends a code for [Host.VerifyCode] to somebody who signs in, or to the person of a session that is alive. A code
// that was sent before for the same session, purpose and method is of no use then. How often is bounded by account and
// method. With [challenge.ErrNotSent] nothing was delivered: ask again.
func (h *Host) SendCode(ctx context.Context, actor policy.Actor, q CodeRequest) (challenge.ID, error) {
	b, err := toProve(q.Account, q.Purpose, q.Method, q.Session)
	if err != nil {
		return "", err
	}
	language, err := known(Language).check(q.Language, AttributeRule{})
	if err != nil {
		return "", err
	}
	draft, err := h.codes.Draft(b.Purpose, b.Method)
	if err != nil {
		return "", fmt.Errorf("%s: %w", SendCode, err)
	}
	issued, err := policy.Do(ctx, h.guard, h.store, actor, sendCode, onAccount(b.Account), "",
		func(tx Tx, op *policy.Op, _ policy.Standing) (challenge.Challenge, policy.Change, error) {
			if err := present(tx, op, b); err != nil {
				return challenge.Challenge{}, policy.Change{}, err
			}
			c, err := challenge.Issue(tx, op, draft, challenge.New{Account: b.Account, Target: b.Target, Session: b.Session, To: q.To})
			return c, policy.Change{Subject: b.Account,
				Facts: []policy.Fact{{Name: "purpose", Value: string(b.Purpose)}, {Name: "method", Value: string(b.Method)}}}, err
		})
	if err != nil {
		return "", err
	}
	return issued.ID, h.codes.Send(ctx, draft, issued, language)
}

// CodeAnswer is what somebody gives who got a code.
type CodeAnswer struct {
	// Account, Purpose, Method and Session are those that the code was asked for with.
	Account   policy.AccountID
	Purpose   challenge.Purpose
	Method    challenge.Method
	Session   policy.SessionID
	Challenge challenge.ID
	Code      secret.Text
}

// VerifyCode takes the code that [Host.SendCode] sent, once, and gives the proof of a factor, for signins.Host.AddProof or,
// beside that of the password, for signins.NewSession. A wrong code is refused with [challenge.CodeWrong] and counted by account
// and method, for sign-ins and step-ups alike; [challenge.Wait] says how long no further one is heard. An account must be
// active, and the session of a step-up alive: else no code is looked at, nor spent.
//
// An account that is restricted ([Host.SecurityInfoReplaced]) gets codes, since its person may sign in. What a code would open
// waits by its own rule.
func (h *Host) VerifyCode(ctx context.Context, actor policy.Actor, a CodeAnswer) (policy.Proof, error) {
	b, err := toProve(a.Account, a.Purpose, a.Method, a.Session)
	if err != nil {
		return policy.Proof{}, err
	}
	answer, err := h.codes.Answer(a.Challenge, a.Code)
	if err != nil {
		return policy.Proof{}, fmt.Errorf("%s: %w", VerifyCode, err)
	}
	proven := challenge.Proven(b, answer, func(_ Tx, _ *policy.Op, st policy.Standing, p challenge.Proof) (policy.Proof, policy.Change, error) {
		proof, factor := p.Factor()
		if !factor {
			return policy.Proof{}, policy.Change{}, errors.New("the code proves no factor")
		}
		return proof, policy.Change{Subject: st.Account}, nil
	})
	return policy.Do(ctx, h.guard, h.store, actor, verifyCode, onAccount(b.Account), "",
		func(tx Tx, op *policy.Op, st policy.Standing) (policy.Proof, policy.Change, error) {
			if err := present(tx, op, b); err != nil { // before the code, which is not spent then
				return policy.Proof{}, policy.Change{}, err
			}
			return proven(tx, op, st)
		})
}

// toProve is what a code is good for that proves a factor.
func toProve(id policy.AccountID, p challenge.Purpose, m challenge.Method, session policy.SessionID) (challenge.Binding, error) {
	b := challenge.Binding{Account: id, Purpose: p, Method: m, Target: "factor", Session: session}
	if err := policy.CheckID("account", id); err != nil {
		return b, err
	}
	if err := policy.CheckID("session", session); err != nil {
		return b, err
	}
	switch {
	case p != challenge.StepUp && p != challenge.SecondFactor:
		return b, &policy.Invalid{Field: "purpose", Problem: "is neither a step-up nor the second factor of a sign-in"}
	case m == challenge.Email || m == challenge.EmailLink:
		return b, &policy.Invalid{Field: "method", Problem: "is e-mail, which proves a mailbox and no factor of the person (NIST SP 800-63B-4 3.1.3.1); want sms or voice"}
	}
	k, err := challenge.KindOf(p, m)
	if err == nil && k.Factor == 0 {
		err = &policy.Invalid{Field: "method", Problem: "proves no factor of the person"}
	}
	return b, err
}

// present refuses a step-up of a session that is not alive, as it would refuse the session's next request. A session that the
// host keeps itself it answers for.
func present(tx Tx, op *policy.Op, b challenge.Binding) error {
	if b.Purpose != challenge.StepUp {
		return nil
	}
	s, err := tx.Session(op.Actor.Tenant, b.Account, b.Session)
	switch {
	case errors.Is(err, store.ErrNotFound) && op.Vouches():
		return nil
	case errors.Is(err, store.ErrNotFound):
		ended := policy.SessionEnded()
		return op.Refuse(&ended)
	case err != nil:
		return err
	case s.Tenant != op.Actor.Tenant || s.Account != b.Account || s.ID != b.Session:
		return errors.New("the store gave a session that is another")
	}
	r, err := op.AdmitSession(tx, s)
	if err == nil && r != nil {
		err = op.Refuse(r)
	}
	return err
}
