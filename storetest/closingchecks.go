package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// closingChecks are those of accounts that are closed, and of what is removed of them by account, that are not about
// single rows.
func closingChecks() []check {
	list := []check{{subject: "account ClosingsDue", promise: "has what is due at the given time or before", test: closingsDue, rooms: []room{accountRoom},
		rule: "Times are compared to the microsecond, and a closing that is due at the very time is in the list. The longest due comes first; accounts, byte by byte, decide where they are due together."}}
	return append(list, pages[account.Closing]{accountRoom, closingsList, nil}.checks()...)
}

var closingKind = kind[account.Closing]{
	name:  "closing",
	slots: []string{"tenant", "account"},
	sample: func(at address, n int) account.Closing {
		c := account.Closing{Tenant: at.tenant(), Account: at.account()}
		if n > 0 {
			c.By = policy.Principal{Kind: policy.PersonPrincipal, ID: text("person", n)}
			c.At, c.Due = when(n), when(n+720)
			c.Was, c.Reason = pick(n, policy.Active, policy.Disabled), text("reason", n)
		}
		return c
	},
	get:      func(t tx, at address) (account.Closing, error) { return t.account.Closing(at.tenant(), at.account()) },
	put:      func(t tx, r account.Closing) (store.Revision, error) { return t.account.PutClosing(r) },
	remove:   func(t tx, at address) error { return t.account.DeleteClosing(at.tenant(), at.account()) },
	revision: func(r *account.Closing) *store.Revision { return &r.Revision },
}

// closingsList holds closings of which three at a time are due together.
var closingsList = list[account.Closing]{
	name:  "ClosingsDue",
	slots: []string{"tenant"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			if err := ignoreRevision(t.account.PutClosing(dueAt(of, name(mark, i), when(i/3)))); err != nil {
				return err
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		first, err := t.account.Closing(of.tenant(), policy.AccountID(name(mark, 0)))
		if err != nil {
			return nil, err
		}
		first.Reason = "another"
		return nil, errors.Join(
			ignoreRevision(t.account.PutClosing(first)),
			ignoreRevision(t.account.PutClosing(dueAt(of, "!", when(-50)))),
			ignoreRevision(t.account.PutClosing(dueAt(of, "!!", when(-50)))),
			t.account.DeleteClosing(of.tenant(), policy.AccountID(name(mark, 1))))
	},
	fetch: func(t tx, of address, p store.Page) (store.List[account.Closing], error) {
		return t.account.ClosingsDue(of.tenant(), when(1e6), p)
	},
	id: func(c account.Closing) string { return string(c.Account) },
}

func dueAt(of address, id string, due time.Time) account.Closing {
	c := closingKind.sample(address{of[0], id}, 1)
	c.Due = due
	return c
}

func closingsDue(w *world) {
	const n = 12
	w.update(w.in(accountRoom), func(t tx) error {
		for _, i := range shuffled(n) {
			due := when(5).Add(time.Duration(i/3) * time.Microsecond)
			if err := ignoreRevision(t.account.PutClosing(dueAt(address{tenant}, name("a", i), due))); err != nil {
				return err
			}
		}
		return nil
	})
	for i := -1; i <= n/3; i++ {
		now := when(5).Add(time.Duration(i) * time.Microsecond)
		l := pages[account.Closing]{room: accountRoom, list: closingsList}
		l.fetch = func(t tx, of address, p store.Page) (store.List[account.Closing], error) {
			return t.account.ClosingsDue(of.tenant(), now, p)
		}
		for _, size := range []int{1, 3, 50} {
			w.view(w.in(accountRoom), func(t tx) error {
				if err := l.wants(t, address{tenant}, store.Page{Size: size}, names("a", 0, min(n, 3*(i+1)))); err != nil {
					return fmt.Errorf("%d microseconds after the first is due, in pages of %d: %w", i, size, err)
				}
				return nil
			})
		}
	}
}

// removal removes rows of an account, at most so many, and tells how many.
type removal[R any] struct {
	room
	kind[R]
	name   string
	remove func(tx) func(policy.TenantID, policy.AccountID, int) (int, error)
}

func (r removal[R]) checks() []check {
	list := []check{
		{promise: "removes just the account's rows, up to its limit", test: r.bounded,
			rule: "It removes rows of that account alone, byte for byte and in that tenant, in whatever state they are, at most as many as the limit says, and tells how many. Called again it goes on; when nothing is left it tells of none."},
		{promise: "removes as a part of its transaction", test: r.inTransactions,
			rule: "A transaction sees what it removed, nothing is removed by one that fails, and in View it is store.ErrReadOnly."},
	}
	for i := range list {
		list[i].subject, list[i].rooms = r.room.name+" "+r.name, []room{r.room}
	}
	return list
}

const removable = 7

// fill puts rows of ada's, and of those who are nearly her.
func (r removal[R]) fill(w *world) {
	w.Helper()
	w.update(w.in(r.room), func(t tx) error {
		for _, of := range r.people() {
			for i := range removable {
				row := r.sample(r.at(of, i), i)
				if err := ignoreRevision(r.put(t, row)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (removal[R]) people() []address {
	return []address{{tenant, "ada"}, {tenant, "Ada"}, {tenant, "ada "}, {tenant, "ad"}, {tenant, "adab"}, {"fabrikam", "ada"}}
}

func (removal[R]) at(of address, i int) address { return append(of[:2:2], name("r", i)) }

// left counts the rows of a person.
func (r removal[R]) left(t tx, of address) (n int, err error) {
	for i := range removable {
		switch _, err := r.get(t, r.at(of, i)); {
		case err == nil:
			n++
		case !errors.Is(err, store.ErrNotFound):
			return n, err
		}
	}
	return n, nil
}

func (r removal[R]) has(w *world, what string, of address, want int) {
	w.Helper()
	w.view(w.in(r.room), func(t tx) error {
		got, err := r.left(t, of)
		if err == nil && got != want {
			err = fmt.Errorf("%s, %q of %q has %d rows; want %d", what, of[1], of[0], got, want)
		}
		return err
	})
}

func (r removal[R]) bounded(w *world) {
	r.fill(w)
	left := removable
	for _, limit := range []int{0, 1, 3, 100, 100} {
		want := min(limit, left)
		w.update(w.in(r.room), func(t tx) error {
			n, err := r.remove(t)(tenant, "ada", limit)
			if err == nil && n != want {
				err = fmt.Errorf("%s with limit %d tells of %d of %d rows removed; want %d", r.name, limit, n, left, want)
			}
			return err
		})
		left -= want
		r.has(w, fmt.Sprintf("after %s with limit %d", r.name, limit), address{tenant, "ada"}, left)
	}
	for _, of := range r.people()[1:] {
		r.has(w, "after "+r.name+" of another account", of, removable)
	}
}

func (r removal[R]) inTransactions(w *world) {
	r.fill(w)
	of := address{tenant, "ada"}
	var inside error
	err := w.in(r.room).Update(w.ctx, func(t tx) error {
		if _, inside = r.remove(t)(tenant, "ada", 3); inside != nil {
			return inside
		}
		n, err := r.left(t, of)
		if inside = err; err == nil && n != removable-3 {
			inside = fmt.Errorf("in the transaction that removed 3 of %d rows there are %d", removable, n)
		}
		return errStop
	})
	if inside != nil || !errors.Is(err, errStop) {
		w.Fatalf("inside the transaction: %v; Update: %v", inside, err)
	}
	r.has(w, "after a transaction that failed", of, removable)
	remove := func(t tx) error { _, err := r.remove(t)(tenant, "ada", 3); return err }
	if err := w.in(r.room).View(w.ctx, remove); !errors.Is(err, store.ErrReadOnly) {
		w.Fatalf("%s inside View gives %v; want store.ErrReadOnly", r.name, err)
	}
	w.view(w.in(r.room), func(t tx) error { _ = remove(t); return nil }) // the error is asked for above
	r.has(w, "after "+r.name+" inside View", of, removable)
}
