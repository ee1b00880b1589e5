package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed4b20689c/myaccount/store"
)

// probe stands for one kind of row in the checks of whole transactions.
type probe struct {
	// prepare makes the rows that the writes change and remove.
	prepare func(tx) error
	// writes make a row, change one and remove one, as far as the kind has such.
	writes []func(tx) error
	// dump reads all that the writes touch.
	dump func(tx) (any, error)
}

func (r rows[R]) probe() probe {
	fresh, old, gone := r.at("fresh"), r.at("old"), r.at("gone")
	put := func(at address, n int) func(tx) error {
		return func(t tx) error { _, err := r.put(t, r.sample(at, n)); return err }
	}
	p := probe{
		prepare: func(t tx) error { return errors.Join(put(old, 1)(t), put(gone, 2)(t)) },
		writes:  []func(tx) error{put(fresh, 3)},
		dump: func(t tx) (any, error) {
			there := make(map[string]R)
			for _, at := range []address{fresh, old, gone} {
				switch row, err := r.get(t, at); {
				case err == nil:
					there[strings.Join(at, ", ")] = row
				case !errors.Is(err, store.ErrNotFound):
					return nil, err
				}
			}
			return there, nil
		},
	}
	if r.revision != nil {
		p.writes = append(p.writes, func(t tx) error {
			row, err := r.get(t, old)
			if err != nil {
				return err
			}
			_, err = r.put(t, r.next(row, old, 4))
			return err
		})
	}
	if r.remove != nil {
		p.writes = append(p.writes, func(t tx) error { return r.remove(t, gone) })
	}
	return p
}

// transactions checks what Update and View promise of any rows. Those that need a row of which two
// transactions may read and write something use rows of kind R.
type transactions[R any] struct {
	rows[R]
	probes []probe
}

func (c transactions[R]) checks() []check {
	list := []check{
		{promise: "keep nothing of a function that fails", test: c.keepNothingOnError,
			rule: "When the function of Update returns an error, none of its writes is kept, however many there were, and Update returns that error."},
		{promise: "keep nothing of a function that panics", test: c.keepNothingOnPanic,
			rule: "When the function of Update panics, none of its writes is kept, the panic is not turned into success, and the store takes the next Update. Roll back and unlock in a defer."},
		{promise: "keep nothing once the context is done", test: c.keepNothingWhenCancelled,
			rule: "Update commits only if its context is not done, whether that happened before or inside the function; View does not begin then and gives the context's error."},
		{promise: "have one effect when the function runs again", test: c.runAgain,
			rule: "A function that ran, was rolled back and runs again leaves what one run leaves: one change, one event."},
		{promise: "are serializable", test: c.serializable,
			rule: "Two transactions that overlap give what one after the other gives. If each read what the other wrote, only one of them commits (or one runs again): " +
				"locking or comparing the written rows alone does not keep a guard over several rows."},
		{promise: "read one snapshot", test: c.oneSnapshot,
			rule: "All reads of a View see the same commits, whatever is committed meanwhile, and never what is not committed."},
		{promise: "end with their function", test: c.endWithFunction,
			rule: "A transaction that is used after its function has returned fails: it reads nothing and writes nothing."},
		{promise: "return the function's own error", test: c.returnErrors,
			rule: "Callers compare with errors.Is and errors.As what their function returned, so Update wraps it at the most, and View returns it as it is."},
	}
	for i := range list {
		list[i].subject, list[i].rooms = c.room.name+" transactions", []room{c.room}
	}
	return list
}

// prepare makes the rows of all probes and gives what they read.
func (c transactions[R]) prepare(w *world) (before []any) {
	w.Helper()
	w.update(c.db(w), func(t tx) error {
		for _, p := range c.probes {
			if err := p.prepare(t); err != nil {
				return err
			}
		}
		return nil
	})
	return c.dump(w)
}

func (c transactions[R]) dump(w *world) (all []any) {
	w.Helper()
	w.view(c.db(w), func(t tx) error {
		for _, p := range c.probes {
			rows, err := p.dump(t)
			if err != nil {
				return err
			}
			all = append(all, rows)
		}
		return nil
	})
	return all
}

// writes are those of all probes.
func (c transactions[R]) writes() (all []func(tx) error) {
	for _, p := range c.probes {
		all = append(all, p.writes...)
	}
	return all
}

// first runs the first n writes.
func (c transactions[R]) first(n int, t tx) error {
	for i, write := range c.writes()[:n] {
		if err := write(t); err != nil {
			return fmt.Errorf("write %d: %w", i+1, err)
		}
	}
	return nil
}

// unchanged fails unless the store is as before the first n writes.
func (c transactions[R]) unchanged(w *world, what string, n int, before []any) {
	w.Helper()
	if d := diff(before, c.dump(w)); d != "" {
		w.Fatalf("%s after %d writes left changes behind (-before +after):\n%s", what, n, d)
	}
}

// changes fails unless all writes can be made and are kept: the check before would show nothing otherwise.
func (c transactions[R]) changes(w *world, before []any) {
	w.Helper()
	w.update(c.db(w), func(t tx) error { return c.first(len(c.writes()), t) })
	after := c.dump(w)
	for i := range after {
		if diff(before[i], after[i]) == "" {
			w.Fatalf("writes that were committed changed nothing:\n%+v", after[i])
		}
	}
}

// errStop is what the suite's own functions fail with.
var errStop = errors.New("storetest: stop here")

func (c transactions[R]) keepNothingOnError(w *world) {
	before := c.prepare(w)
	for n := range len(c.writes()) + 1 {
		err := c.db(w).Update(w.ctx, func(t tx) error { return errors.Join(c.first(n, t), errStop) })
		if !errors.Is(err, errStop) {
			w.Fatalf("Update gives %v; want the function's error", err)
		}
		c.unchanged(w, "an error", n, before)
	}
	c.changes(w, before)
}

func (c transactions[R]) keepNothingOnPanic(w *world) {
	before := c.prepare(w)
	for n := range len(c.writes()) + 1 {
		panicked, err := panics(func() error {
			return c.db(w).Update(w.ctx, func(t tx) error {
				if err := c.first(n, t); err != nil {
					w.Error(err)
				}
				panic(errStop)
			})
		})
		if !panicked && err == nil {
			w.Fatal("Update turned a panic into success")
		}
		err = w.soon(func(ctx context.Context) error {
			return c.db(w).Update(ctx, func(tx) error { return nil })
		})
		if err != nil {
			w.Fatalf("the Update after a panic failed or did not come back: %v", err)
		}
		c.unchanged(w, "a panic", n, before)
	}
	c.changes(w, before)
}

// panics runs op and reports whether it panicked.
func panics(op func() error) (panicked bool, err error) {
	defer func() { panicked = recover() != nil }()
	return false, op()
}

func (c transactions[R]) keepNothingWhenCancelled(w *world) {
	before := c.prepare(w)
	for n := range len(c.writes()) + 1 {
		ctx, cancel := context.WithCancel(w.ctx)
		err := c.db(w).Update(ctx, func(t tx) error {
			defer cancel()
			return c.first(n, t)
		})
		if err == nil {
			w.Fatalf("Update with a context cancelled after %d writes succeeded", n)
		}
		c.unchanged(w, "a cancelled context", n, before)
	}
	done, cancel := context.WithCancel(w.ctx)
	cancel()
	if err := c.db(w).Update(done, func(t tx) error { return c.first(len(c.writes()), t) }); err == nil {
		w.Fatal("Update with a context that was cancelled before succeeded")
	}
	c.unchanged(w, "a context that was cancelled before, and so", 0, before)
	err := c.db(w).View(done, func(tx) error {
		w.Error("View with a context that was cancelled before ran its function")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		w.Fatalf("View with a context that was cancelled before gives %v; want the context's error", err)
	}
	c.changes(w, before)
}

func (c transactions[R]) runAgain(w *world) {
	before := c.prepare(w)
	var inside []any // what the second run saw at its end
	for _, end := range []error{errStop, nil} {
		err := c.db(w).Update(w.ctx, func(t tx) error {
			if err := c.first(len(c.writes()), t); err != nil {
				return err
			}
			inside = nil
			for _, p := range c.probes {
				rows, err := p.dump(t)
				if err != nil {
					return err
				}
				inside = append(inside, rows)
			}
			return end
		})
		if !errors.Is(err, end) {
			w.Fatalf("the run that ends with %v gives %v", end, err)
		}
	}
	after := c.dump(w)
	if d := diff(inside, after); d != "" {
		w.Fatalf("after the commit the rows are not those that the function left (-left +stored):\n%s", d)
	}
	if diff(before, after) == "" {
		w.Fatal("the second run had no effect")
	}
}

// pair stores two rows.
func (c transactions[R]) pair(w *world) (x, y address, rowX, rowY R) {
	w.Helper()
	x, y = c.at("x"), c.at("y")
	return x, y, c.store(w, c.sample(x, 1)), c.store(w, c.sample(y, 1))
}

// still is errTooLate unless the rows at these addresses are the given ones.
func (c transactions[R]) still(t tx, at []address, want ...R) error {
	for i, at := range at {
		got, err := c.get(t, at)
		if err != nil {
			return err
		}
		if c.rev(got) != c.rev(want[i]) {
			return errTooLate
		}
	}
	return nil
}

// errTooLate is how a function refuses that finds the state it depends on gone.
var errTooLate = errors.New("storetest: another transaction was first")

func (c transactions[R]) serializable(w *world) {
	x, y, rowX, rowY := c.pair(w)
	w.overlap("two transactions each read both rows and changed one", c.db(w), c.db(w),
		step{func(t tx) error { return c.still(t, []address{x, y}, rowX, rowY) },
			func(t tx) error { _, err := c.put(t, c.next(rowX, x, 2)); return err }},
		step{func(t tx) error { return c.still(t, []address{x, y}, rowX, rowY) },
			func(t tx) error { _, err := c.put(t, c.next(rowY, y, 2)); return err }})

	x = c.at("z")
	rowX = c.store(w, c.sample(x, 1))
	change := func(n int) step {
		return step{func(t tx) error { return c.still(t, []address{x}, rowX) },
			func(t tx) error { _, err := c.put(t, c.next(rowX, x, n)); return err }}
	}
	w.overlap("two transactions each read a row and changed it", c.db(w), c.db(w), change(2), change(3))

	absent := func(read, write string, n int) step {
		return step{func(t tx) error {
			if c.gone(t, c.at(read)) != nil {
				return errTooLate
			}
			return nil
		}, func(t tx) error { _, err := c.put(t, c.sample(c.at(write), n)); return err }}
	}
	w.overlap("two transactions each found a row missing and made the one that the other missed", c.db(w), c.db(w),
		absent("p", "q", 1), absent("q", "p", 2))
}

// step is a transaction that reads, and writes only if what it read allows.
type step struct {
	read, write func(tx) error
}

func (s step) all(t tx) error {
	if err := s.read(t); err != nil {
		return err
	}
	return s.write(t)
}

// overlap runs second between the reads and the writes of first, and fails unless just one of them is
// committed. Each must refuse with errTooLate when it finds the other's write.
func (w *world) overlap(what string, in1, in2 store.Store[tx], first, second step) {
	w.Helper()
	var outcome func() error
	err := in1.Update(w.ctx, func(t tx) error {
		if err := first.read(t); err != nil {
			return err
		}
		if outcome == nil { // else this is a second run
			outcome = w.meanwhile(func(ctx context.Context) error { return in2.Update(ctx, second.all) })
		}
		return first.write(t)
	})
	if outcome == nil {
		w.Fatalf("%s: the first did not come as far as to read: %v", what, err)
	}
	other := outcome()
	if committed := err == nil; committed == (other == nil) {
		w.Fatalf("%s; want one of them to commit. The first ended with: %v; the second with: %v", what, err, other)
	}
}

func (c transactions[R]) oneSnapshot(w *world) {
	x, y, rowX, rowY := c.pair(w)
	var outcome func() error
	both := func(ctx context.Context) error {
		return c.db(w).Update(ctx, func(t tx) error {
			_, errX := c.put(t, c.next(rowX, x, 2))
			_, errY := c.put(t, c.next(rowY, y, 2))
			return errors.Join(errX, errY)
		})
	}
	w.view(c.db(w), func(t tx) error {
		if err := c.still(t, []address{x}, rowX); err != nil {
			return err
		}
		outcome = w.meanwhile(both)
		if err := c.still(t, []address{y, x}, rowY, rowX); err != nil {
			return fmt.Errorf("a View read one row before a commit, and then saw that commit: %w", err)
		}
		return nil
	})
	if err := outcome(); err == nil {
		rowX, rowY = c.reread(w, x), c.reread(w, y)
	}

	err := c.db(w).Update(w.ctx, func(t tx) error {
		if _, err := c.put(t, c.next(rowX, x, 3)); err != nil {
			return err
		}
		outcome = w.meanwhile(func(ctx context.Context) error {
			return c.db(w).View(ctx, func(t tx) error { return c.still(t, []address{x}, rowX) })
		})
		return errStop
	})
	if !errors.Is(err, errStop) {
		w.Fatalf("Update gives %v; want the function's error", err)
	}
	if err := outcome(); errors.Is(err, errTooLate) {
		w.Fatal("View saw a row of a transaction that was not committed, and never was")
	}
}

func (c transactions[R]) reread(w *world, at address) R {
	w.Helper()
	row, err := c.read(w, at)
	if err != nil {
		w.Fatal(err)
	}
	return row
}

func (c transactions[R]) endWithFunction(w *world) {
	x, y, rowX, rowY := c.pair(w)
	keep := func(run func(context.Context, func(tx) error) error, end error) (kept tx) {
		w.Helper()
		if err := run(w.ctx, func(t tx) error { kept = t; return end }); !errors.Is(err, end) {
			w.Fatal(err)
		}
		return kept
	}
	for what, t := range map[string]tx{
		"View":                  keep(c.db(w).View, nil),
		"Update":                keep(c.db(w).Update, nil),
		"an Update that failed": keep(c.db(w).Update, errStop),
	} {
		for use, op := range map[string]func() error{
			"Get": func() error { _, err := c.get(t, x); return err },
			"Put": func() error { _, err := c.put(t, c.next(rowX, x, 2)); return err },
		} {
			switch panicked, err := panics(op); {
			case panicked: // unkind, but nothing is read or written
			case err == nil:
				w.Errorf("%s on the transaction of %s that has ended succeeded", use, what)
			case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict):
				w.Errorf("%s on the transaction of %s that has ended was answered as if it had not: %v", use, what, err)
			}
		}
	}
	c.stands(w, "after uses of transactions that have ended", x, rowX)
	c.stands(w, "after uses of transactions that have ended", y, rowY)
}

// wrapped is an error that errors.As finds.
type wrapped struct{ inner error }

func (e *wrapped) Error() string { return "wrapped: " + e.inner.Error() }
func (e *wrapped) Unwrap() error { return e.inner }

func (c transactions[R]) returnErrors(w *world) {
	want := &wrapped{errStop}
	for _, end := range []error{want, store.ErrNotFound, store.ErrConflict, context.Canceled} {
		if err := c.db(w).Update(w.ctx, func(tx) error { return end }); !errors.Is(err, end) {
			w.Errorf("Update of a function that returned %v gives %v", end, err)
		}
		if err := c.db(w).View(w.ctx, func(tx) error { return end }); err != end { //nolint:errorlint // the very same is promised
			w.Errorf("View of a function that returned %v gives %v; want the very same", end, err)
		}
	}
	var found *wrapped
	if err := c.db(w).Update(w.ctx, func(tx) error { return want }); !errors.As(err, &found) || found != want {
		w.Errorf("Update of a function that returned a typed error gives %v, in which errors.As does not find it", err)
	}
}
