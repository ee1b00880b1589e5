package account

import (
	"context"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
)

// Disable keeps an account from signing in and acting, until it is enabled again. All of its sessions and tokens end. One
// that its person is closing goes on being closed, and if it comes back it is disabled.
//
// Roles come with actors, and those of id are not known here: a User Administrator may disable, delete or unlock a Global
// Administrator. A host in which that must not be asks its own directory before it calls (docs/decisions/0014).
func (a *Admin) Disable(ctx context.Context, actor policy.Actor, id policy.AccountID) error {
	return a.become(ctx, actor, disableAccount, id, policy.Disabled)
}

// Enable makes an account active again that was disabled. Whatever was signed in before stays signed out.
func (a *Admin) Enable(ctx context.Context, actor policy.Actor, id policy.AccountID) error {
	return a.become(ctx, actor, enableAccount, id, policy.Active)
}

func (a *Admin) become(ctx context.Context, actor policy.Actor, sp *policy.Spec[Tx, closed], id policy.AccountID, to policy.State) error {
	_, err := policy.Do(ctx, a.guard, a.store, actor, sp, onAccount(id), "",
		func(tx Tx, op *policy.Op, c closed) (none, policy.Change, error) {
			if c.State == policy.Closing {
				ch, err := c.comesBack(tx, to)
				return none{}, ch, err
			}
			ch, err := become(tx, c.Standing, to, op.Now)
			return none{}, ch, err
		})
	return err
}

// comesBack says what an account that is being closed is if it comes back.
func (l closed) comesBack(tx Tx, as policy.State) (policy.Change, error) {
	l.closing.Was = as
	rev, err := tx.PutClosing(l.closing)
	return policy.Change{Subject: l.Account, Revision: rev,
		Facts: []policy.Fact{{Name: "state", Value: l.State.String()}, {Name: "comes-back", Value: as.String()}}}, err
}

// Delete deletes an account of any kind and gives the time at which its data is erased. Until then, for [DeletedFor],
// [Admin.Restore] brings it back; its person cannot. So it is with one that its person is closing: from now on it is deleted by
// the administrator. About administrators see [Admin.Disable].
func (a *Admin) Delete(ctx context.Context, actor policy.Actor, id policy.AccountID) (time.Time, error) {
	return policy.Do(ctx, a.guard, a.store, actor, deleteAccount, onAccount(id), "",
		func(tx Tx, op *policy.Op, c closed) (time.Time, policy.Change, error) {
			return shut(tx, op, c.Standing, Closing{Due: op.Now.Add(DeletedFor)})
		})
}

// Restore brings an account back that was deleted or that its person closed, while there is time. It is as it was
// before: disabled, if it was. Whatever was signed in before stays signed out.
func (a *Admin) Restore(ctx context.Context, actor policy.Actor, id policy.AccountID) error {
	_, err := policy.Do(ctx, a.guard, a.store, actor, restoreAccount, onAccount(id), "",
		func(tx Tx, op *policy.Op, c closed) (none, policy.Change, error) {
			ch, err := c.back(tx, op.Now)
			return none{}, ch, err
		})
	return err
}
