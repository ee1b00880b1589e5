package account

import (
	"context"
	"slices"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// Reset is what somebody gives who cannot sign in because they forgot their password.
type Reset struct {
	Account policy.AccountID
	// Proofs are what they proved instead: that the account is theirs to recover ([policy.FactorRecovery]), at most 15 minutes
	// ago, such as [Recovered.Proof] or what a host has seen itself, by a code to an address that was proven; and a factor besides where the
	// organization always asks for one ([SecondFactorAlways]). Who else has a second factor the host must ask for it (NIST SP 800-63B-4 4.2.2.2).
	Proofs []policy.Proof
	New    secret.Text
}

func (r *Reset) check() error {
	if err := policy.CheckID("account", r.Account); err != nil {
		return err
	}
	return checkProofs(r.Proofs)
}

// ResetPassword sets a new password for somebody who recovered their account, or a first one. The proofs are the host's word, as those of a
// session that it starts; those from before all sessions last ended, as by a reset, count no longer.
//
// It is a secure change: all sessions end, whatever was pending is void, locks after wrong passwords end, none is demanded
// any more, and the account is no longer at risk, all in one commit; the person is told. Nobody is signed in by that, nor is
// any other factor removed: sign in with the new password next (OWASP ASVS 6.4.3).
//
// The new password is judged as any other, and may be the one that there is: it was forgotten (Entra), unless a new one is
// demanded or the account is at risk. What is not acceptable is a [password.Unacceptable], and what cannot be looked up among
// breached ones is refused with [password.ErrUnchecked], whatever the tenant says. An account that is restricted has to wait.
//
// An account that its person is closing stays so, and can be reopened with the new password: whoever knew the old one is kept
// from wasting the codes for that ([Host.Reopen]). Its recovery code is removed, the one that [Host.Recover] gave just now
// included.
func (h *Host) ResetPassword(ctx context.Context, actor policy.Actor, r Reset) error {
	if err := r.check(); err != nil {
		return err
	}
	now, err := policy.Prepare(ctx, h.guard, h.store, actor, resetPassword, onAccount(r.Account),
		func(tx Tx, op *policy.Op, l resettable) (prepared, error) {
			if err := r.proven(op, l.login); err != nil {
				return prepared{}, err
			}
			p, err := prepare(tx, op, l.login)
			p.rules.NotCurrent = l.suspect()
			p.mustCheck = true
			return p, err
		})
	if err != nil {
		return err
	}
	if err := h.accept(ctx, ResetPassword, &now, r.New, secret.Text{}); err != nil {
		return err
	}
	hash, err := h.newHash(ctx, ResetPassword, now, r.New, true)
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, h.guard, h.store, actor, resetPassword, onAccount(r.Account), "",
		func(tx Tx, op *policy.Op, l resettable) (none, policy.Change, error) {
			if err := now.stillHolds(l.login); err != nil {
				return none{}, policy.Change{}, err
			}
			if err := r.proven(op, l.login); err != nil { // it has grown old, or everybody was signed out
				return none{}, policy.Change{}, err
			}
			if l.State == policy.Closing { // else whoever made themselves one could answer each reset with another
				if err := dropCode(tx, l.Standing); err != nil {
					return none{}, policy.Change{}, err
				}
			}
			l.credential.Throttle = password.Throttle{}
			ch, err := l.put(tx, op, hash, l.WithNewPassword(op.Now, true), now.facts())
			return none{}, ch, err
		})
	return err
}

// proven refuses a reset without what it takes. A clock that was set back locks nobody out.
func (r *Reset) proven(op *policy.Op, l login) error {
	proofs := r.Proofs
	if from := l.SessionsValidFrom; op.Now.After(from.Add(-policy.ClockSkew)) {
		old := func(p policy.Proof) bool { return p.At.Before(from) }
		proofs = slices.DeleteFunc(slices.Clone(proofs), old)
	}
	switch {
	case !recovers(proofs, op.Now):
		return op.Refuse(recoverFirst)
	case op.Settings.Yes(SecondFactorAlways) && policy.Assurance(proofs, op.Now, policy.Recent) < policy.AAL1:
		return op.Refuse(anotherFactor)
	}
	return nil
}
