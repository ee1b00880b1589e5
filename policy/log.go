package policy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/seed4b20689c/myaccount/store"
)

// Log is the door to the event log: a person's own history, an administrator's view of all of it, and
// for the host the feed that notices and other systems are made from, with retention.
type Log struct {
	guard *Guard
	store store.Store[AdminTx]
}

// NewLog makes the door.
func NewLog(g *Guard, s store.Store[AdminTx]) *Log { return &Log{guard: g, store: s} }

// Mine lists the events about the actor, newest first. Where an administrator or the host acted, the
// event says who and not from where.
func (l *Log) Mine(ctx context.Context, actor Actor, p store.Page) (store.List[Event], error) {
	return Look(ctx, l.guard, l.store, actor, readOwnEvents, Target{},
		func(tx AdminTx, op *Op, _ struct{}) (store.List[Event], error) {
			list, err := op.own(tx.EventsOf(op.Actor.Tenant, op.Actor.Account, p))
			for i := range list.Items {
				e := &list.Items[i]
				if e.Account != op.Actor.Account {
					return store.List[Event]{}, fmt.Errorf("the store gave an event of account %q for %q", e.Account, op.Actor.Account)
				}
				if !e.By.Is(op.Actor.Account) {
					e.Session, e.Device, e.Address = "", "", Event{}.Address
				}
			}
			return list, err
		})
}

// All lists the tenant's events, newest first, for its auditors.
func (l *Log) All(ctx context.Context, actor Actor, p store.Page) (store.List[Event], error) {
	return Look(ctx, l.guard, l.store, actor, readEvents, Target{},
		func(tx AdminTx, op *Op, _ struct{}) (store.List[Event], error) {
			return op.own(tx.Events(op.Actor.Tenant, p))
		})
}

// own passes on a list from the store, unless it has another tenant's events: such a store is never believed.
func (op *Op) own(list store.List[Event], err error) (store.List[Event], error) {
	for i := range list.Items {
		if t := list.Items[i].Tenant; t != op.Actor.Tenant {
			return store.List[Event]{}, fmt.Errorf("the store gave an event of tenant %q for %q", t, op.Actor.Tenant)
		}
	}
	return list, err
}

// Follow gives up to size events that the named follower has not acknowledged, each account's in order,
// and the cursor to acknowledge them with. The first Follow makes the follower, which holds back
// [Log.Purge] from then on. Without [Log.Ack] the same events come again: each is delivered at least
// once, and Event.Operation with Target tells a repetition. To acknowledge less at a time, ask for less.
// A name is for one reader: two under the same name spoil each other's acknowledgements.
func (l *Log) Follow(ctx context.Context, actor Actor, follower string, size int) (store.List[Event], error) {
	var list store.List[Event]
	err := l.followers(ctx, actor, follower, func(tx AdminTx, op *Op) (Change, error) {
		f, err := tx.Follower(op.Actor.Tenant, follower)
		var ch Change
		if errors.Is(err, store.ErrNotFound) {
			ch.Activity = "Add event follower"
			f, err = Follower{Tenant: op.Actor.Tenant, Name: follower}, nil
		}
		if err != nil {
			return ch, err
		}
		list, err = op.own(tx.EventsAfter(op.Actor.Tenant, store.Page{Size: size, After: f.Read}))
		if err != nil || list.Next == f.Given {
			return ch, err
		}
		f.Given = list.Next
		ch.Revision, err = tx.PutFollower(f)
		return ch, err
	})
	if err != nil {
		return store.List[Event]{}, err
	}
	return list, nil
}

// Ack says that the follower is done with what its last [Log.Follow] gave, whose cursor it hands back. Any
// other cursor is refused: it could pass events that nobody has read.
func (l *Log) Ack(ctx context.Context, actor Actor, follower string, upTo store.Cursor) error {
	return l.followers(ctx, actor, follower, func(tx AdminTx, op *Op) (Change, error) {
		f, err := tx.Follower(op.Actor.Tenant, follower)
		if err != nil {
			return Change{}, err
		}
		switch {
		case upTo != "" && upTo == f.Read:
			return Change{}, nil // acknowledged already
		case upTo == "" || upTo != f.Given:
			return Change{}, &Invalid{"upTo", "is not the cursor that the last Follow gave; follow again"}
		}
		f.Read = upTo
		_, err = tx.PutFollower(f)
		return Change{}, err
	})
}

// Unfollow forgets a follower, so that it no longer holds back [Log.Purge].
func (l *Log) Unfollow(ctx context.Context, actor Actor, follower string) error {
	return l.followers(ctx, actor, follower, func(tx AdminTx, op *Op) (Change, error) {
		return Change{Activity: "Delete event follower"}, tx.DropFollower(op.Actor.Tenant, follower)
	})
}

func (l *Log) followers(ctx context.Context, actor Actor, follower string, fn func(AdminTx, *Op) (Change, error)) error {
	if err := CheckID("follower", follower); err != nil {
		return err
	}
	_, err := Do(ctx, l.guard, l.store, actor, followEvents, On("follower", follower), "",
		func(tx AdminTx, op *Op, _ struct{}) (struct{}, Change, error) {
			ch, err := fn(tx, op)
			return struct{}{}, ch, err
		})
	return err
}

// purgeBatch bounds one transaction of a purge, so that writers between get their turn.
const purgeBatch = 1000

// EventRetention is how long a tenant keeps its events. Microsoft Entra keeps audit events for 7 days, or 30
// with a licence.
var EventRetention = Setting{Name: "policy.event-retention-days", Default: 30, Min: 7, Max: 3650, NoLimit: true,
	What: "days that events are kept before a purge removes them"}

// Purge removes the events that are older than the tenant's [EventRetention] and that every follower has
// acknowledged, and tells how many. The host calls it now and then. An event that a follower has not read
// stays, however old: forget the follower or let it read.
func (l *Log) Purge(ctx context.Context, actor Actor) (int, error) {
	total := 0
	for {
		n, err := Do(ctx, l.guard, l.store, actor, purgeEvents, Target{}, "",
			func(tx AdminTx, op *Op, _ struct{}) (int, Change, error) {
				days := op.Settings.Value(EventRetention)
				if days == Unlimited {
					return 0, Change{}, nil
				}
				before := op.Now.AddDate(0, 0, -days)
				followers, err := tx.Followers(op.Actor.Tenant)
				if err != nil {
					return 0, Change{}, err
				}
				read := make([]store.Cursor, len(followers))
				for i, f := range followers {
					read[i] = f.Read
				}
				n, err := tx.PurgeEvents(op.Actor.Tenant, before, read, purgeBatch)
				if err != nil || n == 0 {
					return n, Change{}, err
				}
				return n, Change{Activity: purgeEvents.Activity,
					Facts: []Fact{{"removed", strconv.Itoa(n)}, {"before", before.Format(time.RFC3339)}}}, nil
			})
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}
