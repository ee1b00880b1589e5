package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

var eventFaults = []fault{
	{"writes events after the commit",
		[]string{"policy event is seen by the transaction that wrote it", "policy EventsOf is seen by the transaction that wrote it"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: lateEvents[policy.AdminTx]{db.Policy(), db, latePolicy, func(context.Context) {}}}
		}},
	{"writes events of a room after its commit",
		[]string{"rooms show a change and its event together"},
		func(db *memstore.Store) storetest.Backend {
			looked := make(looks)
			return backend{Store: db, policy: watched{db.Policy(), looked}, devices: lateEvents[devices.Tx]{db.Devices(), db, lateDevices, looked.twice}}
		}},
	{"writes events beside the transaction",
		[]string{"policy transactions keep nothing of a function that fails", "policy transactions keep nothing of a function that panics",
			"policy transactions keep nothing once the context is done", "policy transactions have one effect when the function runs again"},
		func(db *memstore.Store) storetest.Backend {
			log := memstore.New()
			return backend{Store: db,
				policy: store.Narrow(db.Policy(), func(tx policy.AdminTx) policy.AdminTx { return besideTx{tx, log} }),
			}
		}},
	{"numbers events by how many there are",
		[]string{"event log orders the events of an account"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return countedSeq{tx} })},
	{"lists the oldest events first",
		[]string{"event log orders the events of an account", "policy EventsOf gives every item once and in order, whatever the page size"},
		changesEventsOf(func(list store.List[policy.Event], _ store.Page) store.List[policy.Event] {
			slices.Reverse(list.Items)
			return list
		})},
	{"gives a follower no cursor at the end",
		[]string{"event log gives a follower everything that is committed later", "policy EventsAfter gives every item once and in order, whatever the page size"},
		changesEventsAfter(func(list store.List[policy.Event], _ store.Page) store.List[policy.Event] {
			if len(list.Items) == 0 {
				list.Next = ""
			}
			return list
		})},
	{"numbers events when they are appended and not when they are committed",
		[]string{"event log hides no event of a slow transaction from a follower"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: &earlyNumbers{db: db}}
		}},
	{"follows by the time of events",
		[]string{"event log loses no event to concurrency"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return byTime{tx} })},
	{"counts no refusals",
		[]string{"event log counts alike refusals in one event", "event log counts each of many refusals at once"},
		changesRefusals(func(tx policy.AdminTx, e policy.Event, _ time.Time) error { return tx.AppendEvent(e) })},
	{"counts refusals however long ago",
		[]string{"event log counts alike refusals in one event"},
		changesRefusals(func(tx policy.AdminTx, e policy.Event, _ time.Time) error { return tx.CountRefusal(e, time.Time{}) })},
	{"counts refusals only of what began after since",
		[]string{"event log counts alike refusals in one event"},
		changesRefusals(func(tx policy.AdminTx, e policy.Event, since time.Time) error {
			return tx.CountRefusal(e, since.Add(time.Microsecond))
		})},
	{"takes refusals of different things for alike",
		[]string{"event log counts alike refusals in one event"},
		changesRefusals(func(tx policy.AdminTx, e policy.Event, since time.Time) error {
			e.Target.ID = ""
			return tx.CountRefusal(e, since)
		})},
	{"forgets when refusals began",
		[]string{"event log counts alike refusals in one event"},
		changesEventsOf(func(list store.List[policy.Event], _ store.Page) store.List[policy.Event] {
			for i := range list.Items {
				list.Items[i].First = list.Items[i].At
			}
			return list
		})},
	{"counts a refusal where it stands",
		[]string{"event log shows a follower a refusal that was counted again"},
		changesEventsAfter(func(list store.List[policy.Event], p store.Page) store.List[policy.Event] {
			if p.After != "" {
				list.Items = slices.DeleteFunc(list.Items, func(e policy.Event) bool { return e.Count > 1 && e.Outcome == policy.Refused })
			}
			return list
		})},
	{"purges what a follower has yet to read",
		[]string{"event log is purged of what is old and was read by all"},
		changesPurge(func(_ []store.Cursor, limit int) ([]store.Cursor, int) { return nil, limit })},
	{"purges what a follower that never read has yet to read",
		[]string{"event log is purged of what is old and was read by all"},
		changesPurge(func(read []store.Cursor, limit int) ([]store.Cursor, int) {
			return slices.DeleteFunc(slices.Clone(read), func(c store.Cursor) bool { return c == "" }), limit
		})},
	{"purges what the fastest follower has read",
		[]string{"event log is purged of what is old and was read by all"},
		changesPurge(func(read []store.Cursor, limit int) ([]store.Cursor, int) { return read[:min(len(read), 1)], limit })},
	{"purges more than it is asked to",
		[]string{"event log is purged of what is old and was read by all"},
		changesPurge(func(read []store.Cursor, limit int) ([]store.Cursor, int) { return read, limit + 1 })},
	{"purges other tenants too",
		[]string{"event log is purged of what is old and was read by all"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return purgesAll{tx} })},
	{"looks for the event that a cursor stood on",
		[]string{"event log keeps a follower's place through a purge"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, k *kept[uint64]) policy.AdminTx { return anchored{tx, k} })},
}

// lateEvents keeps a transaction's events back until it is committed.
type lateEvents[T any] struct {
	store.Store[T]
	db     *memstore.Store
	wrap   func(tx T, events *[]policy.Event) T
	before func(context.Context) // what happens between the two commits
}

func (s lateEvents[T]) Update(ctx context.Context, fn func(T) error) error {
	var events []policy.Event
	if err := s.Store.Update(ctx, func(tx T) error { return fn(s.wrap(tx, &events)) }); err != nil || len(events) == 0 {
		return err
	}
	s.before(ctx)
	return s.db.Policy().Update(ctx, func(tx policy.AdminTx) error {
		for _, e := range events {
			if err := tx.AppendEvent(e); err != nil {
				return err
			}
		}
		return nil
	})
}

type latePolicyTx struct {
	policy.AdminTx
	events *[]policy.Event
}

func latePolicy(tx policy.AdminTx, events *[]policy.Event) policy.AdminTx {
	return latePolicyTx{tx, events}
}

func (tx latePolicyTx) AppendEvent(e policy.Event) error {
	*tx.events = append(*tx.events, e)
	return nil
}

type lateDevicesTx struct {
	devices.Tx
	events *[]policy.Event
}

func lateDevices(tx devices.Tx, events *[]policy.Event) devices.Tx { return lateDevicesTx{tx, events} }

func (tx lateDevicesTx) AppendEvent(e policy.Event) error {
	*tx.events = append(*tx.events, e)
	return nil
}

// looks is told of each View that is over, so that somebody looks for certain while half is committed.
type looks chan struct{}

// twice waits for two, of which the second began after this did.
func (l looks) twice(ctx context.Context) {
	for range 2 {
		select {
		case <-l:
		case <-ctx.Done():
		}
	}
}

type watched struct {
	store.Store[policy.AdminTx]
	looks
}

func (s watched) View(ctx context.Context, fn func(policy.AdminTx) error) error {
	err := s.Store.View(ctx, fn)
	select {
	case s.looks <- struct{}{}:
	default: // nobody waits
	}
	return err
}

// besideTx keeps events in another database.
type besideTx struct {
	policy.AdminTx
	log *memstore.Store
}

func (tx besideTx) AppendEvent(e policy.Event) error {
	return tx.log.Policy().Update(context.Background(), func(log policy.AdminTx) error { return log.AppendEvent(e) })
}

func (tx besideTx) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (list store.List[policy.Event], err error) {
	err = tx.log.Policy().View(context.Background(), func(log policy.AdminTx) (err error) {
		list, err = log.EventsOf(t, a, p)
		return err
	})
	return list, err
}

type countedSeq struct{ policy.AdminTx }

func (tx countedSeq) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	all, err := whole(func(p store.Page) (store.List[policy.Event], error) { return tx.AdminTx.EventsOf(t, a, p) })
	for i := range all {
		all[i].Seq = uint64(len(all) - i)
	}
	if err != nil {
		return store.List[policy.Event]{}, err
	}
	return offsets(all, p, asItIs)
}

func changesEventsAfter(edit func(store.List[policy.Event], store.Page) store.List[policy.Event]) func(*memstore.Store) storetest.Backend {
	return inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return feedEditor{tx, edit} })
}

type feedEditor struct {
	policy.AdminTx
	edit func(store.List[policy.Event], store.Page) store.List[policy.Event]
}

func (tx feedEditor) EventsAfter(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	list, err := tx.AdminTx.EventsAfter(t, p)
	return tx.edit(list, p), err
}

// earlyNumbers is what a sequence does in a database with several writers: an event that got its number early
// and was committed late lies behind a follower that read between.
type earlyNumbers struct {
	db   *memstore.Store
	last atomic.Uint64
	mu   sync.Mutex
	log  []policy.Event
}

func (s *earlyNumbers) View(ctx context.Context, fn func(policy.AdminTx) error) error {
	return s.db.Policy().View(ctx, func(tx policy.AdminTx) error { return fn(&earlyNumbersTx{AdminTx: tx, of: s}) })
}

func (s *earlyNumbers) Update(ctx context.Context, fn func(policy.AdminTx) error) error {
	var mine *earlyNumbersTx
	err := s.db.Fork().Policy().Update(ctx, func(tx policy.AdminTx) error {
		mine = &earlyNumbersTx{AdminTx: tx, of: s}
		return fn(mine)
	})
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.log = append(s.log, mine.events...)
	}
	return err
}

type earlyNumbersTx struct {
	policy.AdminTx
	of     *earlyNumbers
	events []policy.Event
}

func (tx *earlyNumbersTx) AppendEvent(e policy.Event) error {
	e.Seq = tx.of.last.Add(1)
	tx.events = append(tx.events, e)
	return nil
}

func (tx *earlyNumbersTx) EventsAfter(_ policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	after, _ := strconv.ParseUint(string(p.After), 10, 64) // none is 0
	list := store.List[policy.Event]{Next: store.Cursor(strconv.FormatUint(after, 10))}
	tx.of.mu.Lock()
	defer tx.of.mu.Unlock()
	for _, e := range slices.SortedFunc(slices.Values(tx.of.log), bySeq) {
		if e.Seq > after && len(list.Items) < p.Limit() {
			list.Items = append(list.Items, e)
			list.Next = store.Cursor(strconv.FormatUint(e.Seq, 10))
		}
	}
	return list, nil
}

func bySeq(a, b policy.Event) int { return cmp.Compare(a.Seq, b.Seq) }

// byTime goes on after the time of the last event, and so behind others of that time.
type byTime struct{ policy.AdminTx }

func (tx byTime) EventsAfter(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	all, err := whole(func(p store.Page) (store.List[policy.Event], error) { return tx.Events(t, p) })
	if err != nil {
		return store.List[policy.Event]{}, err
	}
	slices.SortFunc(all, func(a, b policy.Event) int { return cmp.Or(a.At.Compare(b.At), bySeq(a, b)) })
	list := store.List[policy.Event]{Next: cmp.Or(p.After, "0")}
	for _, e := range all {
		at := store.Cursor(e.At.Format(time.RFC3339Nano))
		if at > p.After && len(list.Items) < p.Limit() {
			list.Items, list.Next = append(list.Items, e), at
		}
	}
	return list, nil
}

func changesRefusals(count func(policy.AdminTx, policy.Event, time.Time) error) func(*memstore.Store) storetest.Backend {
	return inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return refusalCounter{tx, count} })
}

type refusalCounter struct {
	policy.AdminTx
	count func(policy.AdminTx, policy.Event, time.Time) error
}

func (tx refusalCounter) CountRefusal(e policy.Event, since time.Time) error {
	return tx.count(tx.AdminTx, e, since)
}

func changesPurge(change func(read []store.Cursor, limit int) ([]store.Cursor, int)) func(*memstore.Store) storetest.Backend {
	return inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return purger{tx, change} })
}

type purger struct {
	policy.AdminTx
	change func(read []store.Cursor, limit int) ([]store.Cursor, int)
}

func (tx purger) PurgeEvents(t policy.TenantID, before time.Time, read []store.Cursor, limit int) (int, error) {
	read, limit = tx.change(read, limit)
	return tx.AdminTx.PurgeEvents(t, before, read, limit)
}

type purgesAll struct{ policy.AdminTx }

func (tx purgesAll) PurgeEvents(t policy.TenantID, before time.Time, read []store.Cursor, limit int) (int, error) {
	if _, err := tx.AdminTx.PurgeEvents("fabrikam", before, nil, limit); err != nil {
		return 0, err
	}
	return tx.AdminTx.PurgeEvents(t, before, read, limit)
}

// anchored reads on from the event that a cursor stood on, if that is still there.
type anchored struct {
	policy.AdminTx
	*kept[uint64]
}

func (tx anchored) EventsAfter(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	if seq, ok := tx.get(string(p.After)); ok {
		all, err := whole(func(p store.Page) (store.List[policy.Event], error) { return tx.Events(t, p) })
		if err != nil {
			return store.List[policy.Event]{}, err
		}
		if !slices.ContainsFunc(all, func(e policy.Event) bool { return e.Seq == seq }) {
			return store.List[policy.Event]{}, store.ErrCursor
		}
	}
	list, err := tx.AdminTx.EventsAfter(t, p)
	if n := len(list.Items); n > 0 {
		tx.put(string(list.Next), list.Items[n-1].Seq)
	}
	return list, err
}
