package signins

import (
	"context"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Admin is the door of the organization's administrators.
type Admin struct{ *room }

// Sessions lists where a person is signed in, the newest sign-in first. An account that is not known is
// [store.ErrNotFound]. As in [Service.Sessions], a page may be short. That somebody looked is noted in an event.
func (a *Admin) Sessions(ctx context.Context, actor policy.Actor, account policy.AccountID, p store.Page) (store.List[Session], error) {
	return watched(ctx, a.room, actor, readAnySessions, account,
		func(tx Tx, op *policy.Op, st policy.Standing) (store.List[Session], error) {
			return shown(tx, op, st, endAnySession, p)
		})
}

// watched reads what is somebody else's, and has it noted before anybody sees it. It reads on a snapshot, and only the
// event waits for the writer: a long search holds up nobody who is signing in.
func watched[V any](ctx context.Context, r *room, actor policy.Actor, sp *accountSpec, account policy.AccountID,
	read func(Tx, *policy.Op, policy.Standing) (store.List[V], error)) (store.List[V], error) {
	if err := policy.CheckID("account", account); err != nil {
		return store.List[V]{}, err
	}
	list, err := policy.Prepare(ctx, r.guard, r.store, actor, sp, onAccount(account), read)
	if err != nil {
		return list, err
	}
	_, err = policy.Do(ctx, r.guard, r.store, actor, sp, onAccount(account), "",
		func(Tx, *policy.Op, policy.Standing) (none, policy.Change, error) {
			return none{}, policy.Change{Subject: account}, nil
		})
	if err != nil {
		return store.List[V]{}, err
	}
	return list, nil
}

// End ends one session of a person. One that is not there, or not that person's, is [store.ErrNotFound]; one that has
// ended is refused with [CodeSessionOver].
func (a *Admin) End(ctx context.Context, actor policy.Actor, account policy.AccountID, id policy.SessionID) error {
	if err := policy.CheckID("account", account); err != nil {
		return err
	}
	return a.end(ctx, actor, endAnySession, account, id)
}

// SignOut signs a person out everywhere, as [Service.SignOutEverywhere] does, guests too: it ends what is
// theirs here.
func (a *Admin) SignOut(ctx context.Context, actor policy.Actor, account policy.AccountID) error {
	_, err := policy.Do(ctx, a.guard, a.store, actor, signOutPerson, onAccount(account), "",
		func(tx Tx, op *policy.Op, st policy.Standing) (none, policy.Change, error) {
			_, ch, err := signOut(tx, op, st)
			return none{}, ch, err
		})
	return err
}

// Activity lists a person's attempts to sign in, as they see them themselves, and as far back as they are kept. An
// account that is not known is [store.ErrNotFound]. That somebody looked is noted in an event.
func (a *Admin) Activity(ctx context.Context, actor policy.Actor, account policy.AccountID, q Query) (store.List[Item], error) {
	if err := q.check(); err != nil {
		return store.List[Item]{}, err
	}
	return watched(ctx, a.room, actor, readAnyActivity, account,
		func(tx Tx, op *policy.Op, _ policy.Standing) (store.List[Item], error) {
			return items(tx, op, account, q)
		})
}
