package account

import (
	"context"
	"fmt"
	"time"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// SetPassword sets the password of an account that is new, or comes from elsewhere with one. Such a password is known to
// more than the person, so the person has to set a new one at the first sign-in. It must be acceptable as any other, and of an
// account that is at risk it must be another than the one that there is, which somebody else may know.
//
// Who chooses their own as they sign up has it set by [Host.ResetPassword], with the mailbox that they proved as a recovery:
// that is judged alike, and no other is asked for.
func (h *Host) SetPassword(ctx context.Context, actor policy.Actor, id policy.AccountID, fresh secret.Text) error {
	now, err := policy.Prepare(ctx, h.guard, h.store, actor, putPassword, onAccount(id),
		func(tx Tx, op *policy.Op, l login) (prepared, error) {
			p, err := prepare(tx, op, l)
			p.rules.NotCurrent = l.Risk != policy.NoRisk
			return p, err
		})
	if err != nil {
		return err
	}
	if err := h.accept(ctx, PutPassword, &now, fresh, secret.Text{}); err != nil {
		return err
	}
	hash, err := h.newHash(ctx, PutPassword, now, fresh, true)
	if err != nil {
		return err
	}
	return h.putHash(ctx, actor, id, hash, now.facts(), func(l *login, at time.Time) (policy.Standing, error) {
		if l.Risk != policy.NoRisk && (!now.rules.NotCurrent || l.credential.Hash != now.Hash) {
			return policy.Standing{}, fmt.Errorf("the account is at risk since, or has another password: %w", store.ErrConflict)
		}
		l.credential.Throttle = password.Throttle{}
		st := l.WithNewPassword(at, true) // nobody else knows it yet
		st.MustChangePassword = true
		return st, nil
	})
}

// ImportHash takes over the Argon2id hash of an account's password, in PHC string form, from another system. One that
// asks for more work than is good for anybody is refused ([secret.ErrHash] in a [policy.Invalid]); one with lesser
// parameters than today's is made anew when the person next signs in.
//
// It is no new secret: whoever knew the password knows it still. So the account's risk stays, and so does the demand for
// a new password, if there is one. Wrong ones stay counted if the hash is the one that is here already. All sessions end, as
// with any password that is set.
func (h *Host) ImportHash(ctx context.Context, actor policy.Actor, id policy.AccountID, hash secret.Hash) error {
	if err := secret.CheckHash(hash); err != nil {
		return &policy.Invalid{Field: "hash", Problem: err.Error()}
	}
	return h.putHash(ctx, actor, id, hash, nil, func(l *login, at time.Time) (policy.Standing, error) {
		if l.credential.Hash != hash {
			l.credential.Throttle = password.Throttle{}
		}
		return l.WithNewCredential(at), nil
	})
}

// putHash stores a password that the person did not set. With it the account is what becomes says.
func (h *Host) putHash(ctx context.Context, actor policy.Actor, id policy.AccountID, hash secret.Hash, facts []policy.Fact,
	becomes func(*login, time.Time) (policy.Standing, error)) error {
	_, err := policy.Do(ctx, h.guard, h.store, actor, putPassword, onAccount(id), "",
		func(tx Tx, op *policy.Op, l login) (none, policy.Change, error) {
			st, err := becomes(&l, op.Now)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			l.credential.Elsewhere, l.credential.Place = KeptHere, ""
			ch, err := l.put(tx, op, hash, st, facts)
			return none{}, ch, err
		})
	return err
}

// KeepElsewhere says that an account's password is kept elsewhere, why, and where the person changes it: an address or a
// few words. One that was kept here is forgotten, and a demand for a new one with it. [KeptHere] says that it is kept here again;
// the account has no password then until one is set.
//
// The person is told, and where a password goes or is kept somewhere else than before, all sessions end and whatever was
// pending is void. What is known already leaves no event and changes nothing.
func (h *Host) KeepElsewhere(ctx context.Context, actor policy.Actor, id policy.AccountID, why Elsewhere, place string) error {
	if err := elsewhereNames.Check(why); err != nil {
		return &policy.Invalid{Field: "why", Problem: err.Error()}
	}
	if err := policy.CheckText("place", place, maxPlace); err != nil {
		return err
	}
	_, err := policy.Do(ctx, h.guard, h.store, actor, keepElsewhere, onAccount(id), "",
		func(tx Tx, op *policy.Op, l login) (none, policy.Change, error) {
			ch, err := l.keep(tx, op, why, place)
			return none{}, ch, err
		})
	return err
}

// keep stores where l's password is kept, and does what follows from it.
func (l login) keep(tx Tx, op *policy.Op, why Elsewhere, place string) (policy.Change, error) {
	now := l.credential
	moved := why != now.Elsewhere
	goes := why != KeptHere && now.Hash != ""
	unmet := why != KeptHere && l.MustChangePassword
	if !moved && !goes && !unmet && (why == KeptHere || place == now.Place) {
		return policy.Change{}, nil
	}
	rev, err := tx.PutCredential(Credential{Tenant: l.Tenant, Account: l.Account, Elsewhere: why, Place: place, Revision: now.Revision})
	ch := policy.Change{Subject: l.Account, Activity: updateUser, Revision: rev, Facts: []policy.Fact{{Name: "password", Value: why.String()}}}
	if err != nil || !moved && !goes && !unmet {
		return ch, err
	}
	st := l.Standing
	if moved || goes {
		st = st.WithNewCredential(op.Now)
	}
	st.MustChangePassword = st.MustChangePassword && !unmet
	return ch, restarted(tx, op, st)
}

// maxPlace bounds where a password is changed, in code points.
const maxPlace = 256

// UnlockPassword ends the locks after wrong passwords. A password that is of no use any more, after too many in a row,
// stays so until another is set.
func (a *Admin) UnlockPassword(ctx context.Context, actor policy.Actor, id policy.AccountID) error {
	_, err := policy.Do(ctx, a.guard, a.store, actor, unlockPassword, onAccount(id), "",
		func(tx Tx, op *policy.Op, l login) (none, policy.Change, error) {
			l.credential.Throttle = l.credential.Throttle.Unlocked()
			rev, err := tx.PutCredential(l.credential)
			return none{}, policy.Change{Subject: l.Account, Revision: rev}, err
		})
	return err
}

// NoNewPassword says, in another room's transaction, why no new password can be demanded of an account: it is kept elsewhere.
// Nothing if one can.
func NoNewPassword(tx Tx, op *policy.Op, id policy.AccountID) (why string, err error) {
	c, err := credentialOf(tx, op, id)
	if err != nil {
		return "", err
	}
	if r := c.reason(); r != nil {
		return r.Message(), nil
	}
	return "", nil
}

// DemandNewPassword has a person set a new password before anything else; all of their sessions end. Where the password is
// kept elsewhere nobody could meet that: it is refused with the place where it is ([CodePasswordElsewhere]), or because there
// is to be none ([CodePasswordless]).
func (a *Admin) DemandNewPassword(ctx context.Context, actor policy.Actor, id policy.AccountID) error {
	_, err := policy.Do(ctx, a.guard, a.store, actor, demandNew, onAccount(id), "",
		func(tx Tx, op *policy.Op, l login) (none, policy.Change, error) {
			st := l.Voided(op.Now)
			st.MustChangePassword = true
			rev, err := tx.PutStanding(st)
			return none{}, policy.Change{Subject: l.Account, Revision: rev}, err
		})
	return err
}
