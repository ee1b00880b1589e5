package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed4b20689c/myaccount/store"
)

// rows checks what every row of a kind is promised, in one room.
type rows[R any] struct {
	room
	kind[R]
}

func (r rows[R]) checks() []check {
	list := []check{
		{promise: "comes back as it was put", test: r.comesBack,
			rule: "What a Put stored, a Get gives, field by field, empty fields too. A row that is not there is store.ErrNotFound (a Usage: the zero Usage)."},
		{promise: "is copied on the way in", test: r.copiedIn,
			rule: "A caller may reuse what it passed. Copy slices, maps and what pointers point at before keeping them."},
		{promise: "is copied on the way out", test: r.copiedOut,
			rule: "A caller may edit what it was given. Hand out copies of slices, maps and what pointers point at."},
		{promise: "is kept apart by tenant", test: r.tenantsApart,
			rule: "Every row belongs to one tenant; the same identifiers in another tenant are another row. Every key, index and query begins with the tenant."},
		{promise: "is found by its exact identifiers", test: r.exactIdentifiers,
			rule: "Identifiers are compared byte for byte: no case folding, no normalization, no trimming, no patterns, no cutting, no joining without bounds. " +
				"An identifier with control characters may be refused with an error, never mixed up with another."},
		{promise: "is seen by the transaction that wrote it", test: r.readYourWrites,
			rule: "Inside Update, reads see the writes made before them in the same transaction; others see them after the commit."},
		{promise: "cannot be written in View", test: r.viewWritesNothing,
			rule: "Each write inside View fails with store.ErrReadOnly, and nothing changes even if the error is ignored."},
	}
	if row := r.sample(usual(r.slots), 1); mapTimes(&row, func(t time.Time) time.Time { return t }) > 0 {
		list = append(list, check{promise: "keeps times in UTC to the microsecond", test: r.times,
			rule: "Times come back as store.Time gives them: UTC, truncated (not rounded) to microseconds, before 1970 too; the zero time stays zero."})
	}
	if r.revision != nil {
		list = append(list, check{promise: "is changed from its last revision only", test: r.compareAndSet,
			rule: "A Put succeeds only if the stored row has the revision of the value that is put (0: there is no row), else it fails with store.ErrConflict. " +
				"The revision it returns is greater than every earlier one of the row."},
			check{promise: "has one winner among many writers", test: r.oneWinner,
				rule: "Of writers that put the same row from the same revision at the same time, one succeeds and the others get store.ErrConflict."})
	}
	if r.remove != nil {
		list = append(list, check{promise: "gets a greater revision after its removal", test: r.madeAgain,
			rule: "A row that is removed and made again continues its revisions: whoever still holds an old one must not match by accident. Removing what is not there is store.ErrNotFound."})
	}
	for i := range list {
		list[i].subject, list[i].rooms = r.room.name+" "+r.kind.name, []room{r.room}
	}
	return list
}

// db is the store that the check is about.
func (r rows[R]) db(w *world) store.Store[tx] { return w.in(r.room) }

// at is the address of one of several rows of the check, which differ in their last identifier.
func (r rows[R]) at(id string) address {
	at := usual(r.slots)
	return at.with(len(at)-1, id)
}

// as gives row with a revision, where the kind has one.
func (r rows[R]) as(row R, rev store.Revision) R {
	if r.revision != nil {
		*r.revision(&row) = rev
	}
	return row
}

// next gives another row for the place of row: what sample makes, with row's revision.
func (r rows[R]) next(row R, at address, n int) R { return r.as(r.sample(at, n), r.rev(row)) }

func (r rows[R]) rev(row R) store.Revision {
	if r.revision == nil {
		return 0
	}
	return *r.revision(&row)
}

// try puts a row in a transaction of its own and gives it as it is stored then.
func (r rows[R]) try(w *world, row R) (R, error) {
	var rev store.Revision
	err := r.db(w).Update(w.ctx, func(t tx) (err error) { rev, err = r.put(t, row); return err })
	return r.as(row, rev), err
}

func (r rows[R]) store(w *world, row R) R {
	w.Helper()
	stored, err := r.try(w, row)
	if err != nil {
		w.Fatalf("putting a %s failed: %v\n%+v", r.kind.name, err, row)
	}
	return stored
}

func (r rows[R]) read(w *world, at address) (row R, err error) {
	err = r.db(w).View(w.ctx, func(t tx) (err error) { row, err = r.get(t, at); return err })
	return row, err
}

// same fails unless a read gave want.
func (r rows[R]) same(w *world, what string, want, got R, err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("%s: reading the %s failed: %v", what, r.kind.name, err)
	}
	if d := diff(want, got); d != "" {
		w.Fatalf("%s: the %s is not as it should be (-want +got):\n%s", what, r.kind.name, d)
	}
}

// stands fails unless the stored row is want.
func (r rows[R]) stands(w *world, what string, at address, want R) {
	w.Helper()
	got, err := r.read(w, at)
	r.same(w, what, want, got, err)
}

// absent fails if there is a row.
func (r rows[R]) absent(w *world, what string, at address) {
	w.Helper()
	switch got, err := r.read(w, at); {
	case err == nil:
		w.Fatalf("%s: there should be no %s at %q, but there is\n%+v", what, r.kind.name, at, got)
	case !errors.Is(err, store.ErrNotFound) && !at.refusable():
		w.Fatalf("%s: reading a %s that is not there gives %v; want store.ErrNotFound", what, r.kind.name, err)
	}
}

func (r rows[R]) comesBack(w *world) {
	at := r.at("a")
	r.absent(w, "in an empty store", at)
	full := r.store(w, r.sample(at, 1))
	r.stands(w, "once put", at, full)
	r.absent(w, "at another address", r.at("b"))
	bare := r.store(w, r.sample(r.at("b"), 0))
	r.stands(w, "with empty fields", r.at("b"), bare)
	if r.revision == nil {
		return
	}
	bare = r.store(w, r.next(full, at, 0))
	r.stands(w, "once changed and emptied", at, bare)
	full = r.store(w, r.next(bare, at, 2))
	r.stands(w, "once changed and filled", at, full)
}

func (r rows[R]) copiedIn(w *world) {
	at := r.at("a")
	var want, passed R
	w.update(r.db(w), func(t tx) error {
		passed = r.sample(at, 1)
		rev, err := r.put(t, passed)
		if err != nil {
			return err
		}
		scribble(&passed)
		want = r.as(r.sample(at, 1), rev)
		got, err := r.get(t, at)
		if d := diff(want, got); err == nil && d != "" {
			return fmt.Errorf("an edit to the value that was passed to Put shows inside the transaction (-want +got):\n%s", d)
		}
		return err
	})
	r.stands(w, "after an edit to the value that was passed to Put", at, want)
	if r.revision == nil {
		return
	}
	want, passed = r.next(want, at, 2), r.next(want, at, 2)
	want = r.as(want, r.rev(r.store(w, passed)))
	scribble(&passed)
	r.stands(w, "after an edit to the value that was passed to a later Put", at, want)
}

func (r rows[R]) copiedOut(w *world) {
	at := r.at("a")
	want := r.store(w, r.sample(at, 1))
	got, err := r.read(w, at)
	r.same(w, "once put", want, got, err)
	scribble(&got)
	r.stands(w, "after an edit to the value that View gave", at, want)
	w.update(r.db(w), func(t tx) error {
		got, err := r.get(t, at)
		if err != nil {
			return err
		}
		scribble(&got)
		again, err := r.get(t, at)
		if d := diff(want, again); err == nil && d != "" {
			return fmt.Errorf("an edit to the value that Update gave shows inside the transaction (-want +got):\n%s", d)
		}
		return err
	})
	r.stands(w, "after an edit to the value that Update gave", at, want)
}

func (r rows[R]) tenantsApart(w *world) {
	here, there := r.at("a").with(0, "contoso"), r.at("a").with(0, "fabrikam")
	first := r.store(w, r.sample(here, 1))
	r.absent(w, "in another tenant", there)
	second := r.store(w, r.sample(there, 2))
	r.stands(w, "after the same identifiers in another tenant", here, first)
	r.stands(w, "with the same identifiers in another tenant", there, second)
	if r.revision != nil {
		first = r.store(w, r.next(first, here, 3))
		r.stands(w, "after a change in another tenant", there, second)
	}
	if r.remove != nil {
		w.update(r.db(w), func(t tx) error { return r.remove(t, there) })
		r.absent(w, "once removed", there)
		r.stands(w, "after a removal in another tenant", here, first)
	}
}

func (r rows[R]) exactIdentifiers(w *world) {
	at := r.at("a")
	for slot := range r.slots {
		var alike []address
		for _, id := range lookalikes {
			alike = append(alike, at.with(slot, id))
		}
		r.apart(w, alike)
		if slot+1 < len(at) {
			for _, pair := range neighbours(at.with(0, "tenant of neighbours"), slot) {
				r.apart(w, pair[:])
			}
		}
	}
}

// apart fails if rows at different addresses are mixed up.
func (r rows[R]) apart(w *world, at []address) {
	w.Helper()
	kept := make(map[int]R)
	for i, at := range at {
		switch row, err := r.try(w, r.sample(at, i+1)); {
		case err == nil:
			kept[i] = row
		case !at.refusable():
			w.Fatalf("putting a %s at %q beside others failed: %v", r.kind.name, at, err)
		}
	}
	for i, at := range at {
		if want, ok := kept[i]; ok {
			r.stands(w, fmt.Sprintf("at %q, beside others alike", at), at, want)
		} else {
			r.absent(w, "after it was refused", at)
		}
	}
}

func (r rows[R]) readYourWrites(w *world) {
	at := r.at("a")
	var row R
	w.update(r.db(w), func(t tx) error {
		if err := r.gone(t, at); err != nil {
			return fmt.Errorf("before the Put: %w", err)
		}
		rev, err := r.put(t, r.sample(at, 1))
		if err != nil {
			return err
		}
		if row, err = r.seen(t, at, r.as(r.sample(at, 1), rev)); err != nil || r.revision == nil {
			return err
		}
		if rev, err = r.put(t, r.next(row, at, 2)); err != nil {
			return fmt.Errorf("a second Put in one transaction, from the revision of the first: %w", err)
		}
		if rev <= r.rev(row) {
			return fmt.Errorf("a second Put in one transaction gave revision %d after %d", rev, r.rev(row))
		}
		row, err = r.seen(t, at, r.as(r.sample(at, 2), rev))
		return err
	})
	r.stands(w, "after the commit", at, row)
	if r.remove == nil {
		return
	}
	w.update(r.db(w), func(t tx) error {
		if err := r.remove(t, at); err != nil {
			return err
		}
		if err := r.gone(t, at); err != nil {
			return fmt.Errorf("after its removal in the same transaction: %w", err)
		}
		return nil
	})
	r.absent(w, "after the commit", at)
}

// seen reads a row that the same transaction put.
func (r rows[R]) seen(t tx, at address, want R) (R, error) {
	got, err := r.get(t, at)
	if err != nil {
		return got, fmt.Errorf("reading what the same transaction put: %w", err)
	}
	if d := diff(want, got); d != "" {
		return got, fmt.Errorf("the transaction does not see what it put (-want +got):\n%s", d)
	}
	return got, nil
}

// gone is an error unless there is no row.
func (r rows[R]) gone(t tx, at address) error {
	switch _, err := r.get(t, at); {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("want store.ErrNotFound, got: %w", err)
	}
	return errors.New("want store.ErrNotFound, got a row")
}

func (r rows[R]) viewWritesNothing(w *world) {
	fresh, at := r.at("fresh"), r.at("a")
	row := r.store(w, r.sample(at, 1))
	writes := map[string]func(tx) error{
		"making a row": func(t tx) error { _, err := r.put(t, r.sample(fresh, 2)); return err },
	}
	if r.revision != nil {
		writes["changing a row"] = func(t tx) error { _, err := r.put(t, r.next(row, at, 2)); return err }
	}
	if r.remove != nil {
		writes["removing a row"] = func(t tx) error { return r.remove(t, at) }
	}
	for what, write := range writes {
		if err := r.db(w).View(w.ctx, write); !errors.Is(err, store.ErrReadOnly) {
			w.Errorf("%s inside View gives %v; want store.ErrReadOnly", what, err)
		}
		var ignored error
		w.view(r.db(w), func(t tx) error { ignored = write(t); return nil })
		if ignored == nil {
			w.Errorf("%s inside View succeeded", what)
		}
		r.stands(w, "after "+what+" inside View", at, row)
		r.absent(w, "after "+what+" inside View", fresh)
	}
}

func (r rows[R]) times(w *world) {
	for i, odd := range []time.Time{
		{},
		time.Time{}.In(time.FixedZone("east", 5*3600+1800)),
		time.Date(2026, 3, 29, 2, 30, 0, 123456999, time.FixedZone("east", 5*3600+1800)),
		time.Date(2026, 12, 31, 23, 59, 59, 999999999, time.FixedZone("west", -8*3600)),
		time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Date(1900, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		at := r.at(text("time", i))
		row, want := r.sample(at, 1), r.sample(at, 1)
		mapTimes(&row, func(time.Time) time.Time { return odd })
		mapTimes(&want, func(time.Time) time.Time { return store.Time(odd) })
		stored := r.store(w, row)
		r.stands(w, "with the time "+odd.Format(time.RFC3339Nano), at, r.as(want, r.rev(stored)))
	}
}

func (r rows[R]) compareAndSet(w *world) {
	at := r.at("a")
	refused := func(what string, row R) {
		w.Helper()
		if _, err := r.try(w, row); !errors.Is(err, store.ErrConflict) {
			w.Fatalf("%s: Put gives %v; want store.ErrConflict", what, err)
		}
	}
	refused("a row that is not there, from revision 1", r.as(r.sample(at, 1), 1))
	r.absent(w, "after a refused Put", at)

	first := r.store(w, r.sample(at, 1))
	if r.rev(first) == 0 {
		w.Fatal("Put returned revision 0, which means that there is no row")
	}
	refused("a row that is there, from revision 0", r.sample(at, 2))
	refused("from a revision that is yet to come", r.as(r.sample(at, 2), r.rev(first)+1))
	r.stands(w, "after refused Puts", at, first)

	second := r.store(w, r.next(first, at, 2))
	third := r.store(w, r.next(second, at, 1)) // the contents of the first again
	if r.rev(second) <= r.rev(first) || r.rev(third) <= r.rev(second) {
		w.Fatalf("the revisions of one row are %d, %d, %d; want each greater than the one before",
			r.rev(first), r.rev(second), r.rev(third))
	}
	refused("from the first revision, after two changes", r.next(first, at, 3))
	refused("from the second revision, after another change", r.next(second, at, 3))
	r.stands(w, "after refused Puts", at, third)

	err := r.db(w).Update(w.ctx, func(t tx) error {
		if _, err := r.put(t, r.next(third, at, 4)); err != nil {
			return err
		}
		_, err := r.put(t, r.next(third, at, 5))
		return err
	})
	if !errors.Is(err, store.ErrConflict) {
		w.Fatalf("two Puts from one revision in one transaction give %v; want store.ErrConflict", err)
	}
	r.stands(w, "after two Puts from one revision in one transaction", at, third)
}

// writers is how many compete in the checks of competition.
const writers = 8

func (r rows[R]) oneWinner(w *world) {
	at := r.at("a")
	row := r.sample(at, 1)
	for range 5 { // the first time they compete to make the row, then to change it
		var group sync.WaitGroup
		gate := make(chan struct{})
		var won atomic.Int32
		var winner atomic.Pointer[R]
		from := row
		for i := range writers {
			group.Go(func() {
				<-gate
				switch stored, err := r.try(w, r.next(from, at, i+1)); {
				case err == nil:
					won.Add(1)
					winner.Store(&stored)
				case !errors.Is(err, store.ErrConflict):
					w.Errorf("a writer that lost got %v; want store.ErrConflict", err)
				}
			})
		}
		close(gate)
		group.Wait()
		if n := won.Load(); n != 1 {
			w.Fatalf("%d of %d writers of one row from one revision succeeded; want 1", n, writers)
		}
		row = *winner.Load()
		r.stands(w, "after a race", at, row)
	}
}

func (r rows[R]) madeAgain(w *world) {
	at := r.at("a")
	remove := func(t tx) error { return r.remove(t, at) }
	if err := r.db(w).Update(w.ctx, remove); !errors.Is(err, store.ErrNotFound) {
		w.Fatalf("removing a %s that is not there gives %v; want store.ErrNotFound", r.kind.name, err)
	}
	first := r.store(w, r.sample(at, 1))
	first = r.store(w, r.next(first, at, 2))
	w.update(r.db(w), remove)
	r.absent(w, "once removed", at)
	if _, err := r.try(w, r.next(first, at, 3)); !errors.Is(err, store.ErrConflict) {
		w.Fatalf("changing a %s that was removed gives %v; want store.ErrConflict", r.kind.name, err)
	}
	again := r.store(w, r.sample(at, 3))
	if r.rev(again) <= r.rev(first) {
		w.Fatalf("the %s has revision %d after it was removed with revision %d and made again; want a greater one",
			r.kind.name, r.rev(again), r.rev(first))
	}
	r.stands(w, "made again", at, again)

	var within R // once more, all in one transaction
	w.update(r.db(w), func(t tx) error {
		if err := remove(t); err != nil {
			return err
		}
		rev, err := r.put(t, r.sample(at, 4))
		within = r.as(r.sample(at, 4), rev)
		return err
	})
	if r.rev(within) <= r.rev(again) {
		w.Fatalf("the %s has revision %d after it was removed with revision %d and made again in one transaction; want a greater one",
			r.kind.name, r.rev(within), r.rev(again))
	}
	r.stands(w, "made again in one transaction", at, within)
}
