package storetest

import (
	"errors"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// purge fails unless PurgeEvents removes just so many events.
func (l eventLog) purge(w *world, want, limit int, before time.Time, read ...store.Cursor) {
	w.Helper()
	var n int
	w.update(l.db(w), func(t tx) (err error) { n, err = t.admin.PurgeEvents(tenant, before, read, limit); return err })
	if n != want {
		w.Fatalf("PurgeEvents before %s with limit %d and the cursors %q removed %d events; want %d",
			before.Format(time.DateTime), limit, read, n, want)
	}
}

// left fails unless the log has just the events of these operations, in both orders.
func (l eventLog) left(w *world, what string, want ...string) {
	w.Helper()
	read, _ := l.after(w, "")
	l.gotEach(w, what+", EventsAfter", read, want...)
	var events []policy.Event
	w.view(l.db(w), func(t tx) (err error) {
		events, err = all(func(p store.Page) (store.List[policy.Event], error) { return t.admin.Events(tenant, p) })
		return err
	})
	var sorted []policy.Event
	for _, e := range events {
		sorted = append([]policy.Event{e}, sorted...)
	}
	l.gotEach(w, what+", Events", sorted, want...)
}

// places gives a follower's cursor after each of the next n events; the first is after none.
func (l eventLog) places(w *world, n int) []store.Cursor {
	w.Helper()
	all := []store.Cursor{""}
	w.view(l.db(w), func(t tx) error {
		for i := range n {
			got, err := t.admin.EventsAfter(tenant, store.Page{Size: 1, After: all[i]})
			if err != nil {
				return err
			}
			all = append(all, got.Next)
		}
		return nil
	})
	return all
}

func (l eventLog) purges(w *world) {
	w.update(l.db(w), func(t tx) error { return appendEvent(t, "fabrikam", "ada", "of another tenant", 0) })
	l.append(w, "ada", 0, "0", "1", "2", "3", "4", "5") // named for their hours
	read := l.places(w, 6)
	ever := when(1000)

	l.purge(w, 0, 10, ever, "")
	l.purge(w, 0, 10, ever, read[6], "")
	l.purge(w, 0, 0, ever, read[6])
	l.purge(w, 0, 10, when(0), read[6])
	l.left(w, "after purges with nothing to remove", "0", "1", "2", "3", "4", "5")
	l.purge(w, 2, 2, when(3), read[6])
	l.left(w, "after a purge of two", "2", "3", "4", "5")
	l.purge(w, 1, 10, ever, read[5], read[3], read[4])
	l.left(w, "after a purge of what the slowest of three has read", "3", "4", "5")
	l.purge(w, 1, 10, when(4), read[6])
	l.left(w, "after a purge before the hour of an event", "4", "5")
	l.purge(w, 2, 10, ever)
	l.left(w, "after a purge without followers")
	l.purge(w, 0, 10, ever)

	err := l.db(w).Update(w.ctx, func(t tx) error {
		_, err := t.admin.PurgeEvents("fabrikam", ever, []store.Cursor{"no cursor!"}, 10)
		return err
	})
	if !errors.Is(err, store.ErrCursor) {
		w.Fatalf("PurgeEvents with a cursor that is none gives %v; want store.ErrCursor", err)
	}
	var others store.List[policy.Event]
	w.view(l.db(w), func(t tx) (err error) { others, err = t.admin.Events("fabrikam", store.Page{}); return err })
	l.got(w, "in another tenant", others.Items, "of another tenant")

	l.append(w, "ada", 0, "old of ada")
	l.append(w, "bob", 9, "new of bob")
	l.append(w, "ada", 1, "old of ada too")
	l.append(w, "", 9, "new of the tenant")
	w.update(l.db(w), func(t tx) error { _, err := t.admin.PurgeEvents(tenant, when(5), nil, 10); return err })
	rest, _ := l.after(w, "")
	count := make(map[string]int)
	for _, o := range operations(rest) {
		count[o]++
	}
	if count["new of bob"] != 1 || count["new of the tenant"] != 1 {
		w.Fatalf("PurgeEvents removed what is not older; left are %q", operations(rest))
	}
}

func (l eventLog) purgeKeepsPlaces(w *world) {
	l.append(w, "ada", 0, "0", "1", "2")
	read := l.places(w, 3)
	l.purge(w, 2, 10, when(1000), read[2])
	rest, _ := l.after(w, read[1])
	l.got(w, "EventsAfter a place that was purged", rest, "2")
	l.purge(w, 1, 10, when(1000), read[3])
	none, end := l.after(w, read[3])
	l.got(w, "EventsAfter the end, with all purged", none)
	l.append(w, "ada", 3, "3")
	for _, place := range []store.Cursor{"", read[1], read[2], read[3], end} {
		rest, _ := l.after(w, place)
		l.got(w, "EventsAfter a place that was purged, once there is more", rest, "3")
	}
	l.purge(w, 0, 10, when(1000), read[3])
	l.left(w, "after a purge with a place that was purged", "3")
}
