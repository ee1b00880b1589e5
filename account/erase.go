package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Eraser removes at most limit rows of what another room keeps of an account, in a transaction of its own, and tells
// whether there is more. It is called again until there is not, also after a crash in between, and only for accounts that
// are closed for good: a room that is kept in another store needs no transaction over both.
type Eraser func(ctx context.Context, op *policy.Op, account policy.AccountID, limit int) (more bool, err error)

// EraseNext has the next [Host.PurgeClosed] erase an account that is being closed for good, in the transaction that does so.
func EraseNext(tx Tx, op *policy.Op, st policy.Standing) error {
	return putClosing(tx, op, st, Closing{Due: op.Now})
}

// eraseBatch is how many rows are erased in one transaction, so that others get their turn.
const eraseBatch = 200

// Purged is what a call of [Host.PurgeClosed] did.
type Purged struct {
	// Accounts is how many were erased to the end.
	Accounts int
	// More says that there are others left that are due.
	More bool
}

// PurgeClosed closes accounts for good whose time to come back is over, and erases what all rooms keep of them: at most
// limit accounts (0: [store.DefaultPageSize]), those due first before the others, each in as many transactions as it
// takes. What was interrupted goes on in the next call. An account for which something fails, an [Eraser] that panics included, is left for then, and the
// others are done; the error tells of all that failed. One that is called off by ctx says so. The host calls it now and then.
//
// What stays is the account's standing, so that its id is never used again, and the events about it until their retention ends.
func (h *Host) PurgeClosed(ctx context.Context, actor policy.Actor, limit int) (Purged, error) {
	if limit <= 0 {
		limit = store.DefaultPageSize
	}
	var done Purged
	var failed []error
	for page := (store.Page{Size: min(limit, store.MaxPageSize)}); ; {
		due, err := policy.Look(ctx, h.guard, h.store, actor, purgeClosed, policy.Target{}, func(tx Tx, op *policy.Op, _ none) (store.List[Closing], error) {
			list, err := tx.ClosingsDue(op.Actor.Tenant, op.Now, page)
			for _, c := range list.Items {
				if c.Tenant != op.Actor.Tenant || !c.over(op.Now) {
					return list, errors.New("the store gave a closing of another tenant, or one that is not due")
				}
			}
			return list, err
		})
		if err != nil {
			return done, errors.Join(append(failed, err)...)
		}
		for _, c := range due.Items {
			if done.Accounts == limit {
				done.More = true
				return done, errors.Join(failed...)
			}
			if err := ctx.Err(); err != nil { // the others would fail one by one
				done.More = true
				return done, errors.Join(append(failed, err)...)
			}
			erased, err := h.purge(ctx, actor, c.Account)
			if err != nil {
				failed = append(failed, fmt.Errorf("account %q: %w", c.Account, err))
			}
			if erased {
				done.Accounts++
			}
		}
		if page.After = due.Next; page.After == "" {
			done.More = len(failed) > 0
			return done, errors.Join(failed...)
		}
	}
}

// purge closes one account for good, and then erases it: first what other rooms keep, then what this one does, and last
// of all the row that says that there is something to erase.
func (h *Host) purge(ctx context.Context, actor policy.Actor, id policy.AccountID) (erased bool, err error) {
	op, err := policy.Do(ctx, h.guard, h.store, actor, purgeClosed, onAccount(id), "",
		func(tx Tx, op *policy.Op, _ none) (*policy.Op, policy.Change, error) { return closeForGood(tx, op, id) })
	if err != nil || op == nil {
		return false, err
	}
	for _, erase := range h.erasers {
		for more := true; more; {
			if more, err = erase.step(ctx, op, id); err != nil {
				return false, err
			}
		}
	}
	graves, err := h.graves(ctx, actor, id)
	if err != nil {
		return false, err
	}
	for {
		left, err := policy.Do(ctx, h.guard, h.store, actor, purgeClosed, onAccount(id), "",
			func(tx Tx, op *policy.Op, _ none) (left, policy.Change, error) {
				return eraseOwn(tx, op, id, graves, eraseBatch)
			})
		if err != nil || left == nothing || left == byOthers {
			return left == nothing && err == nil, err
		}
	}
}

// step calls e. One that panics fails: the accounts that are due after this one would else wait for as long as it does.
func (e Eraser) step(ctx context.Context, op *policy.Op, id policy.AccountID) (more bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			more, err = false, fmt.Errorf("an eraser panicked: %v", p)
		}
	}()
	return e(ctx, op, id, eraseBatch)
}

// closeForGood takes the step after which nobody can bring the account back. It gives no operation if there is nothing
// to erase: the account came back, or another purge was quicker.
func closeForGood(tx Tx, op *policy.Op, id policy.AccountID) (*policy.Op, policy.Change, error) {
	st, err := op.Account(tx, id)
	if err != nil {
		return nil, policy.Change{}, err
	}
	c, err := closingOf(tx, op, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, policy.Change{}, nil
	case err != nil:
		return nil, policy.Change{}, err
	case st.State == policy.Closed: // begun before
		return op, policy.Change{}, nil
	case st.State != policy.Closing || !c.over(op.Now):
		return nil, policy.Change{}, nil
	}
	ch, err := become(tx, st.Undemanded(), policy.Closed, op.Now)
	ch.Activity = hardDeletedUser
	return op, ch, err
}

// left is what is left of an account after a step of its erasing.
type left uint8

const (
	something left = iota
	nothing
	byOthers // nothing, and another purge erased the last of it
)

// eraseOwn removes rows of this room, and when none is left the closing itself.
func eraseOwn(tx Tx, op *policy.Op, id policy.AccountID, graves map[string]string, limit int) (left, policy.Change, error) {
	st, err := op.Account(tx, id)
	if err != nil || st.State != policy.Closed {
		return byOthers, policy.Change{}, err
	}
	if _, err := closingOf(tx, op, id); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return byOthers, policy.Change{}, err
	}
	if err := eraseIdentifiers(tx, op, id, graves); err != nil {
		return something, policy.Change{}, err
	}
	more, err := erase(tx, op.Actor.Tenant, id, limit)
	if err != nil || more {
		return something, policy.Change{}, err
	}
	return nothing, policy.Change{Subject: id, Target: onAccount(id), Activity: erasedUser}, tx.DeleteClosing(op.Actor.Tenant, id)
}

// erase removes at most limit rows, and tells whether there may be more.
func erase(tx Tx, t policy.TenantID, id policy.AccountID, limit int) (more bool, err error) {
	for _, remove := range []func(policy.TenantID, policy.AccountID) error{tx.DeleteProfile, tx.DeletePortrait, tx.DeleteCredential, tx.DeleteRecoveryCode} {
		if err := remove(t, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
	}
	pending, err := tx.ChallengesOf(t, id)
	if err != nil {
		return false, err
	}
	for i, c := range pending {
		if i == limit {
			return true, nil
		}
		if err := tx.DeleteChallenge(t, id, c.ID); err != nil {
			return false, err
		}
	}
	limit -= len(pending)
	for _, remove := range []func(policy.TenantID, policy.AccountID, int) (int, error){tx.DeleteCountersOf, tx.DeleteUsageOf} {
		if limit <= 0 {
			return true, nil
		}
		n, err := remove(t, id, limit)
		if err != nil {
			return false, err
		}
		limit -= n
	}
	return limit <= 0, nil
}
