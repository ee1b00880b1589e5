package account

import (
	"context"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// ReopenRequest asks for the code that reopens an account.
type ReopenRequest struct {
	Account policy.AccountID
	// Method is how the code is sent: [challenge.Email], [challenge.SMS] or [challenge.Voice].
	Method challenge.Method
	// To is where it is sent: an address or number that is stored, and was proven to be this account's. It must never be
	// one that the request brought along.
	To string
	// Attempt names the attempt to sign in, such as by a random text in a cookie. The code is good for that one only.
	Attempt policy.SessionID
	// Language is the person's, as a BCP 47 tag; empty if it is not known.
	Language string
}

// AskReopen sends the code for [Host.Reopen] to somebody whose sign-in was right and who closed their account
// ([VerifiedPassword.Closing]). How often is bounded by account and method. With [challenge.ErrNotSent] nothing was
// delivered: ask again.
func (h *Host) AskReopen(ctx context.Context, actor policy.Actor, q ReopenRequest) (challenge.ID, error) {
	if err := policy.CheckID("attempt", q.Attempt); err != nil {
		return "", err
	}
	language, err := known(Language).check(q.Language, AttributeRule{})
	if err != nil {
		return "", err
	}
	draft, err := h.codes.Draft(challenge.Reopen, q.Method)
	if err != nil {
		return "", err
	}
	issued, err := policy.Do(ctx, h.guard, h.store, actor, askReopen, onAccount(q.Account), "",
		func(tx Tx, op *policy.Op, c closed) (challenge.Challenge, policy.Change, error) {
			b := toReopen(c.Account, q.Method, q.Attempt)
			ch, err := challenge.Issue(tx, op, draft, challenge.New{Account: b.Account, Target: b.Target, Session: b.Session, To: q.To})
			return ch, policy.Change{Subject: c.Account, Facts: []policy.Fact{{Name: "method", Value: string(q.Method)}}}, err
		})
	if err != nil {
		return "", err
	}
	return issued.ID, h.codes.Send(ctx, draft, issued, language)
}

// toReopen is what a code must be for.
func toReopen(id policy.AccountID, m challenge.Method, attempt policy.SessionID) challenge.Binding {
	return challenge.Binding{Account: id, Purpose: challenge.Reopen, Method: m, Target: "reopen", Session: attempt}
}

// Reopening is what somebody gives to have their account back.
type Reopening struct {
	Account policy.AccountID
	// Method and Attempt are those that the code was asked for with.
	Method    challenge.Method
	Attempt   policy.SessionID
	Challenge challenge.ID
	Code      secret.Text
	// Proofs are those of the sign-in, such as [VerifiedPassword.Proof]: of a factor of the person's, at most 15 minutes
	// old.
	Proofs []policy.Proof
}

// Reopen makes an account active again that its person closed, while there is time: after a sign-in and with the code
// that [Host.AskReopen] sent. Nobody is signed in by that; start a session next. A wrong code counts as everywhere. What
// an administrator deleted is refused with [CodeDeletedByOthers].
func (h *Host) Reopen(ctx context.Context, actor policy.Actor, r Reopening) error {
	if len(r.Proofs) > maxProofs {
		return &policy.Invalid{Field: "proofs", Problem: "are too many"}
	}
	for _, p := range r.Proofs {
		if err := policy.CheckProof("proofs", p); err != nil {
			return err
		}
	}
	if err := policy.CheckID("attempt", r.Attempt); err != nil {
		return err
	}
	answer, err := h.codes.Answer(r.Challenge, r.Code)
	if err != nil {
		return err
	}
	proven := challenge.Proven(toReopen(r.Account, r.Method, r.Attempt), answer,
		func(tx Tx, op *policy.Op, c closed, _ challenge.Proof) (none, policy.Change, error) {
			ch, err := c.back(tx, op)
			return none{}, ch, err
		})
	_, err = policy.Do(ctx, h.guard, h.store, actor, reopen, onAccount(r.Account), "",
		func(tx Tx, op *policy.Op, c closed) (none, policy.Change, error) {
			if policy.Assurance(r.Proofs, op.Now, recent) < policy.AAL1 { // before the code, which is not spent then
				return none{}, policy.Change{}, op.Refuse(signInFirst)
			}
			return proven(tx, op, c)
		})
	return err
}

const maxProofs = 100
