package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/seed4b20689c/myaccount/store"
)

// pages checks what every list is promised, in one room.
type pages[R any] struct {
	room
	list[R]
	// strangers make other lists of the room and give cursors of theirs.
	strangers []func(tx) ([]store.Cursor, error)
}

func (l pages[R]) checks() []check {
	list := []check{
		{promise: "gives every item once and in order, whatever the page size", test: l.inOrder,
			rule: "Read page by page, a list gives each of its items once, in its order; Next is empty after the last item (EventsAfter: never). A list of nothing, of an unknown tenant too, is empty and no error."},
		{promise: "gives no more than a page asks for", test: l.bounded,
			rule: "A page holds at most Page.Limit items: store.DefaultPageSize for size 0, never more than store.MaxPageSize."},
		{promise: "goes on where it was while things change", test: l.stable,
			rule: "A cursor names a place in the order, not a count of items: rows that change, come in before or are removed between two pages make nothing appear twice or not at all."},
		{promise: "holds nothing of other lists", test: l.apart,
			rule: "A list gives only what its tenant and identifiers name, byte for byte: not what begins alike, sorts next to it, or belongs to the same identifiers in another tenant."},
		{promise: "is seen by the transaction that wrote it", test: l.readYourWrites,
			rule: "Inside Update, lists show the writes made before them in the same transaction, and after a rollback nothing of them."},
		{promise: "is copied on the way out", test: l.copiedOut,
			rule: "A caller may edit the items it was given."},
		{promise: "reads nothing else for a cursor that was tampered with", test: l.hostileCursors,
			rule: "A cursor that the store did not make is store.ErrCursor, or reads only what the call's own arguments allow. It never decides which list is read, and never panics."},
	}
	for i := range list {
		list[i].subject, list[i].rooms = l.room.name+" "+l.list.name, []room{l.room}
	}
	return list
}

func (l pages[R]) db(w *world) store.Store[tx] { return w.in(l.room) }

func (l pages[R]) filled(w *world, of address, mark string, n int) {
	w.Helper()
	w.update(l.db(w), func(t tx) error { return l.fill(t, of, mark, n) })
}

func (l pages[R]) ids(items []R) []string {
	all := make([]string, len(items))
	for i, r := range items {
		all[i] = l.id(r)
	}
	return all
}

// tooMany is more pages than any list of these checks has.
const tooMany = 2000

// walk reads a list from a cursor to its end, one page of the given size at a time.
func (l pages[R]) walk(t tx, of address, p store.Page) (all []string, err error) {
	for range tooMany {
		got, err := l.fetch(t, of, p)
		switch {
		case err != nil:
			return all, err
		case len(got.Items) > p.Limit():
			return all, fmt.Errorf("a page of size %d holds %d items; want at most %d", p.Size, len(got.Items), p.Limit())
		case l.endless && got.Next == "":
			return all, errors.New("the cursor Next is empty; want a cursor to go on from later, after the last item too")
		}
		all = append(all, l.ids(got.Items)...)
		if got.Next == "" || l.endless && len(got.Items) == 0 {
			return all, nil
		}
		p.After = got.Next
	}
	return all, fmt.Errorf("%d pages of size %d and no end", tooMany, p.Size)
}

// holds fails unless the list gives just these items when it is read in pages of a size.
func (l pages[R]) holds(w *world, of address, p store.Page, want []string) {
	w.Helper()
	w.view(l.db(w), func(t tx) error { return l.wants(t, of, p, want) })
}

func (l pages[R]) wants(t tx, of address, p store.Page, want []string) error {
	got, err := l.walk(t, of, p)
	if err != nil {
		return fmt.Errorf("%s%q in pages of %d: %w", l.list.name, of, p.Size, err)
	}
	if d := cmp.Diff(want, got, exactly); d != "" {
		return fmt.Errorf("%s%q in pages of %d gives other items (-want +got):\n%s", l.list.name, of, p.Size, d)
	}
	return nil
}

func (l pages[R]) inOrder(w *world) {
	const n = 7
	of := usual(l.slots)
	l.holds(w, of, store.Page{}, nil)
	l.filled(w, of, "m", n)
	for _, size := range []int{0, 1, 2, 3, n - 1, n, n + 1, store.MaxPageSize, -1} {
		l.holds(w, of, store.Page{Size: size}, names("m", 0, n))
	}
	l.holds(w, of.with(0, "unknown"), store.Page{}, nil)
	if l.endless {
		return
	}
	w.view(l.db(w), func(t tx) error {
		got, err := l.fetch(t, of, store.Page{Size: n})
		if len(got.Items) == n && got.Next != "" {
			w.Errorf("a page with all %d items says that there are more", n)
		}
		return err
	})
}

func (l pages[R]) bounded(w *world) {
	const n = store.MaxPageSize + 1
	of := usual(l.slots)
	l.filled(w, of, "m", n)
	for _, size := range []int{0, 5, store.MaxPageSize, store.MaxPageSize + 1, 1 << 30} {
		l.holds(w, of, store.Page{Size: size}, names("m", 0, n))
	}
}

func (l pages[R]) stable(w *world) {
	const n = 7
	of := usual(l.slots)
	l.filled(w, of, "m", n)
	var read []string
	var place store.Cursor
	w.view(l.db(w), func(t tx) error {
		for read, place = nil, ""; len(read) < 2; {
			got, err := l.fetch(t, of, store.Page{Size: 2 - len(read), After: place})
			if err != nil || len(got.Items) == 0 {
				return err
			}
			read, place = append(read, l.ids(got.Items)...), got.Next
		}
		return nil
	})
	if d := cmp.Diff(names("m", 0, 2), read, exactly); d != "" {
		w.Fatalf("the list begins with other items (-want +got):\n%s", d)
	}
	var added []string
	w.update(l.db(w), func(t tx) (err error) { added, err = l.disturb(t, of, "m"); return err })
	want := slices.Concat(names("m", 2, n), added)
	for _, size := range []int{1, 2, 50} {
		l.holds(w, of, store.Page{Size: size, After: place}, want)
	}
}

func (l pages[R]) apart(w *world) {
	for slot := range l.slots {
		var alike []address
		for _, id := range lookalikes {
			alike = append(alike, usual(l.slots).with(slot, id))
		}
		l.eachItsOwn(w, fmt.Sprintf("slot %d, ", slot), alike)
		if slot+1 < len(l.slots) {
			for i, pair := range neighbours(usual(l.slots), slot) {
				l.eachItsOwn(w, fmt.Sprintf("slot %d, pair %d, ", slot, i), pair[:])
			}
		}
	}
}

// eachItsOwn fills lists and fails if one of them gives something that belongs in another.
func (l pages[R]) eachItsOwn(w *world, mark string, lists []address) {
	w.Helper()
	of := func(i int) string { return fmt.Sprintf("%slist %d, ", mark, i) }
	refused := make(map[int]bool)
	for i, a := range lists {
		if err := l.db(w).Update(w.ctx, func(t tx) error { return l.fill(t, a, of(i), 3) }); err != nil {
			if !a.refusable() {
				w.Fatalf("filling %s%q failed: %v", l.list.name, a, err)
			}
			refused[i] = true
		}
	}
	for i, a := range lists {
		var got []string
		err := l.db(w).View(w.ctx, func(t tx) (err error) { got, err = l.walk(t, a, store.Page{Size: 2}); return err })
		want := names(of(i), 0, 3)
		if refused[i] {
			want = nil
		}
		if d := cmp.Diff(want, got, exactly); d != "" || err != nil && !refused[i] {
			w.Fatalf("%s%q, beside lists alike, gives error %v and other items (-want +got):\n%s", l.list.name, a, err, d)
		}
	}
}

func (l pages[R]) readYourWrites(w *world) {
	of := usual(l.slots)
	write := func(t tx) error {
		if err := l.fill(t, of, "m", 5); err != nil {
			return err
		}
		return l.wants(t, of, store.Page{Size: 2}, names("m", 0, 5))
	}
	var inside error
	err := l.db(w).Update(w.ctx, func(t tx) error { inside = write(t); return errStop })
	if inside != nil || !errors.Is(err, errStop) {
		w.Fatalf("inside the transaction: %v; Update: %v", inside, err)
	}
	l.holds(w, of, store.Page{}, nil)
	w.update(l.db(w), write)
	l.holds(w, of, store.Page{}, names("m", 0, 5))
}

func (l pages[R]) copiedOut(w *world) {
	of := usual(l.slots)
	l.filled(w, of, "m", 3)
	look := func(s func(func(tx) error)) (before, after string) {
		s(func(t tx) error {
			got, err := l.fetch(t, of, store.Page{})
			if err != nil {
				return err
			}
			before = fmt.Sprintf("%+v", got.Items)
			scribble(got.Items)
			got, err = l.fetch(t, of, store.Page{})
			after = fmt.Sprintf("%+v", got.Items)
			return err
		})
		return before, after
	}
	first, second := look(func(fn func(tx) error) { w.view(l.db(w), fn) })
	third, fourth := look(func(fn func(tx) error) { w.update(l.db(w), fn) })
	for _, again := range []string{second, third, fourth} {
		if first != again {
			w.Fatalf("an edit to items that %s gave shows when it is read again (-before +after):\n%s",
				l.list.name, cmp.Diff(first, again))
		}
	}
}

func (l pages[R]) hostileCursors(w *world) {
	const n = 5
	own, other, elsewhere := usual(l.slots), usual(l.slots), usual(l.slots).with(0, "fabrikam")
	l.filled(w, own, "m", n)
	l.filled(w, elsewhere, "elsewhere ", n)
	if len(l.slots) > 1 {
		other = other.with(1, "someone else")
		l.filled(w, other, "other ", n)
	}
	var try []store.Cursor
	w.update(l.db(w), func(t tx) error {
		for _, stranger := range l.strangers {
			cursors, err := stranger(t)
			if err != nil {
				return err
			}
			try = append(try, cursors...)
		}
		return nil
	})
	w.view(l.db(w), func(t tx) error {
		var made []store.Cursor
		for _, of := range []address{own, other, elsewhere} {
			cursors, err := l.cursors(t, of)
			if err != nil {
				return err
			}
			made = append(made, cursors...)
		}
		for _, c := range slices.Concat(hostile, made, mangled(made[:2]), try) {
			if err := l.readsOwn(t, own, c, names("m", 0, n)); err != nil {
				return err
			}
		}
		return nil
	})
}

// readsOwn is an error if a cursor reads anything but items of the list, each once and in order.
func (l pages[R]) readsOwn(t tx, of address, c store.Cursor, own []string) error {
	shown := c[:min(len(c), 100)]
	got, err := l.fetch(t, of, store.Page{After: c})
	if err != nil {
		if errors.Is(err, store.ErrCursor) {
			return nil
		}
		return fmt.Errorf("the cursor %q gives %w; want store.ErrCursor or items of the list", shown, err)
	}
	for _, id := range l.ids(got.Items) {
		at := slices.Index(own, id)
		if at < 0 {
			return fmt.Errorf("the cursor %q reads %q; want items of the list, each once and in order, or store.ErrCursor", shown, l.ids(got.Items))
		}
		own = own[at+1:]
	}
	return nil
}

// cursors gives the cursors within a list of more than three items.
func (l list[R]) cursors(t tx, of address) (all []store.Cursor, err error) {
	for size := 1; size <= 3; size++ {
		got, err := l.fetch(t, of, store.Page{Size: size})
		if err != nil {
			return nil, err
		}
		all = append(all, got.Next)
	}
	return all, nil
}

// stranger makes such a list in a tenant of its own, for the use of its cursors elsewhere.
func (l list[R]) stranger(t tx) ([]store.Cursor, error) {
	of := usual(l.slots).with(0, "strangers")
	if err := l.fill(t, of, l.name, 5); err != nil {
		return nil, err
	}
	return l.cursors(t, of)
}
