package account

import (
	"context"
	"time"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// ReopenRequest asks for the code that reopens an account.
type ReopenRequest struct {
	Account policy.AccountID
	// Method is how the code is sent: [challenge.Email], [challenge.SMS] or [challenge.Voice].
	Method challenge.Method
	// To is where it is sent. An e-mail address must be one that is the account's and was proven to be ([CodeAddressNotProven]).
	// Whose a phone is the host alone knows: it must be one that is stored, and never one that the request brought along.
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
			to := q.To
			if q.Method == challenge.Email {
				var err error
				if to, err = proven(tx, op, c.Account, q.To); err != nil {
					return challenge.Challenge{}, policy.Change{}, err
				}
			}
			b := toReopen(c.Account, q.Method, q.Attempt)
			ch, err := challenge.Issue(tx, op, draft, challenge.New{Account: b.Account, Target: b.Target, Session: b.Session, To: to})
			return ch, policy.Change{Subject: c.Account, Facts: []policy.Fact{{Name: "method", Value: string(q.Method)}}}, err
		})
	if err != nil {
		return "", err
	}
	return issued.ID, h.codes.Send(ctx, draft, issued, language)
}

// proven gives an address as the account's person proved it, and refuses any other.
func proven(tx Tx, op *policy.Op, id policy.AccountID, address string) (string, error) {
	key, err := Email.check("to", address)
	if err != nil {
		return "", err
	}
	all, err := identifiersOf(tx, op, id)
	if err != nil {
		return "", err
	}
	for _, i := range all {
		if i.Key == key && i.Kind == Email && i.live() && !i.ProvenAt.IsZero() {
			return i.Text, nil
		}
	}
	return "", op.Refuse(addressNotProven)
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
	// old, and from after the account was closed.
	Proofs []policy.Proof
}

// Reopen makes an account active again that its person closed, while there is time: after a sign-in and with the code
// that [Host.AskReopen] sent. Nobody is signed in by that; start a session next, with the same proofs: what was signed in or
// proven before them stays dead. A wrong code counts as everywhere, so
// that whoever has the password can keep others from being sent one for a day at a time: [Host.ResetPassword] ends that. What an administrator deleted is refused with
// [CodeDeletedByOthers]; what one disabled meanwhile is saved from being erased, and comes back disabled.
func (h *Host) Reopen(ctx context.Context, actor policy.Actor, r Reopening) error {
	if err := checkProofs(r.Proofs); err != nil {
		return err
	}
	if err := policy.CheckID("attempt", r.Attempt); err != nil {
		return err
	}
	answer, err := h.codes.Answer(r.Challenge, r.Code)
	if err != nil {
		return err
	}
	opened := challenge.Proven(toReopen(r.Account, r.Method, r.Attempt), answer,
		func(tx Tx, op *policy.Op, c closed, _ challenge.Proof) (none, policy.Change, error) {
			at, _ := c.signIn(r.Proofs, op.Now)
			ch, err := c.back(tx, at)
			return none{}, ch, err
		})
	_, err = policy.Do(ctx, h.guard, h.store, actor, reopen, onAccount(r.Account), "",
		func(tx Tx, op *policy.Op, c closed) (none, policy.Change, error) {
			if _, ok := c.signIn(r.Proofs, op.Now); !ok { // before the code, which is not spent then
				return none{}, policy.Change{}, op.Refuse(signInFirst)
			}
			return opened(tx, op, c)
		})
	return err
}

// signIn tells whether somebody has signed in since the account was closed, and just now, and since when that is so. A proof
// from before the closing may be the one that the account was closed for.
func (c closed) signIn(proofs []policy.Proof, now time.Time) (at time.Time, ok bool) {
	var since []policy.Proof
	at = now
	for _, p := range proofs {
		if p.At.Before(c.closing.At) || now.Sub(p.At) > policy.Recent {
			continue
		}
		since = append(since, p)
		if p.At.Before(at) {
			at = store.Time(p.At)
		}
	}
	return at, policy.Assurance(since, now, policy.Recent) >= policy.AAL1
}

const maxProofs = 100

func checkProofs(proofs []policy.Proof) error {
	if len(proofs) > maxProofs {
		return &policy.Invalid{Field: "proofs", Problem: "are too many"}
	}
	for _, p := range proofs {
		if err := policy.CheckProof("proofs", p); err != nil {
			return err
		}
	}
	return nil
}
