package account

import (
	"context"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Restriction is how long an account is restricted after all of its security info was replaced
// ([policy.Standing.RestrictedUntil]): its person signs in, looks and tends their profile, and what a rule that is
// Settled is about has to wait. Nothing that the person does shortens it.
const Restriction = 30 * 24 * time.Hour

// Restrict restricts a personal account all of whose security info is being replaced, for [Restriction] from now, in a
// room's own transaction: all sessions end but the actor's, whatever was pending is void, and the person is told, which
// must reach the old addresses too. Another replacement begins the time anew. Whoever keeps a single old item replaces
// not all, and needs none of this.
//
// The change goes into [policy.Change.Also] of the room's own, or is it.
func Restrict(tx Tx, op *policy.Op, st policy.Standing) (policy.Change, error) {
	st, ch, err := restrict(tx, op, st)
	if err != nil {
		return policy.Change{}, err
	}
	return ch, keepPresent(tx, op, st)
}

func restrict(tx Tx, op *policy.Op, st policy.Standing) (policy.Standing, policy.Change, error) {
	if r := unrestrictable(st); r != nil {
		return st, policy.Change{}, op.Refuse(r)
	}
	st = st.WithNewCredential(op.Now)
	if until := op.Now.Add(Restriction); until.After(st.RestrictedUntil) { // a clock that was set back shortens nothing
		st.RestrictedUntil = until
	}
	ch, err := putRestriction(tx, st, st.RestrictedUntil.Format(time.RFC3339))
	return st, ch, err
}

func putRestriction(tx Tx, st policy.Standing, until string) (policy.Change, error) {
	rev, err := tx.PutStanding(st)
	return policy.Change{Subject: st.Account, Target: onAccount(st.Account), Activity: updatedInfo, Notify: true, Revision: rev,
		Facts: []policy.Fact{{Name: "restricted-until", Value: until}}}, err
}

// SecurityInfoReplaced says that all of an account's security info was replaced, for a host that keeps it. See [Restrict]
// for what follows. The session in which it was done goes on if keep names it; one that is not alive is
// [store.ErrNotFound].
func (h *Host) SecurityInfoReplaced(ctx context.Context, actor policy.Actor, id policy.AccountID, keep policy.SessionID) error {
	if keep != "" {
		if err := policy.CheckID("keep", keep); err != nil {
			return err
		}
	}
	_, err := policy.Do(ctx, h.guard, h.store, actor, replaceSecurityInfo, onAccount(id), "",
		func(tx Tx, op *policy.Op, before policy.Standing) (none, policy.Change, error) {
			st, ch, err := restrict(tx, op, before)
			if err != nil || keep == "" {
				return none{}, ch, err
			}
			s, err := tx.Session(before.Tenant, before.Account, keep)
			if err == nil && (s.Tenant != before.Tenant || s.Account != before.Account || s.ID != keep || !s.AliveUnder(before, op.Settings, op.Now)) {
				err = store.ErrNotFound
			}
			if err == nil {
				_, err = tx.PutSession(s.Under(st))
			}
			return none{}, ch, err
		})
	return err
}

// CancelReplacement takes a replacement of all security info back while the account is restricted.
//
// The host calls it only after it has verified a proof from before the replacement, such as a link that was sent to the
// old address, in this very request; nothing that was registered since counts, nor does a session. The library cannot
// see that: whoever calls this without takes the account from its owner.
//
// It ends the restriction and all sessions, and removes the recovery code, which whoever replaced the info may know. They may
// know the password too, so that is of no use any more, as after [Host.CancelEmailChange]: the owner comes back in by
// [Host.ResetPassword] or [Host.SetPassword], and the account is at high risk until then. An account without a password here
// keeps none. Putting the old info back is for who keeps it.
func (h *Host) CancelReplacement(ctx context.Context, actor policy.Actor, id policy.AccountID) error {
	_, err := policy.Do(ctx, h.guard, h.store, actor, cancelReplacement, onAccount(id), "",
		func(tx Tx, op *policy.Op, st policy.Standing) (none, policy.Change, error) {
			if err := dropCode(tx, st); err != nil {
				return none{}, policy.Change{}, err
			}
			st, err := spend(tx, op, st.WithNewCredential(op.Now))
			if err != nil {
				return none{}, policy.Change{}, err
			}
			st.RestrictedUntil = time.Time{}
			ch, err := putRestriction(tx, st, "canceled")
			return none{}, ch, err
		})
	return err
}

// LiftRestriction ends the restriction of an account whose security info was all replaced, for an administrator who has
// found out that it was the person. The new info stays.
func (a *Admin) LiftRestriction(ctx context.Context, actor policy.Actor, id policy.AccountID) error {
	_, err := policy.Do(ctx, a.guard, a.store, actor, liftRestriction, onAccount(id), "",
		func(tx Tx, _ *policy.Op, st policy.Standing) (none, policy.Change, error) {
			st.RestrictedUntil = time.Time{}
			ch, err := putRestriction(tx, st, "lifted")
			ch.Activity = adminUpdatedInfo
			return none{}, ch, err
		})
	return err
}
