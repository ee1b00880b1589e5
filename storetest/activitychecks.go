package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// signInsChecks are those of the attempts to sign in that are not about single rows, and not about any list.
func signInsChecks() []check {
	list := []check{
		{subject: "SignInsOf", promise: "has the newest attempt first, then the least id", test: orderOfSignIns,
			rule: "Attempts are compared to the microsecond; ids, byte by byte, decide where they fall together, in whatever order they were put."},
		{subject: "SignInsBefore", promise: "gives what comes behind a place in the list", test: signInsBehind,
			rule: "It gives at most as many attempts as were asked for, of the one account, in the order of SignInsOf, from behind the place on: the attempt with that time and id is not among them, whether it is there or not."},
		{subject: "sign-in", promise: "has an id that is unique in its account, whatever its time", test: uniqueSignIns,
			rule: "A record whose id another record of the account has is refused with store.ErrConflict, at any time; another account may have the same id. " +
				"A key that begins with the time does not find such a duplicate by itself."},
		{subject: "sign-in", promise: "never changes its time", test: timesOfSignIns,
			rule: "A Put of a record that is there, with its revision and another time, is refused with store.ErrConflict, and the record stays where it was in the list."},
		{subject: "sign-in", promise: "is made by one of two at once, whatever their times", test: racingSignIns,
			rule: "Of two transactions that each make a record of the same id at another time, one commits."},
		{subject: "PurgeSignIns", promise: "removes what is older, of its tenant, up to its limit", test: purgeOfSignIns,
			rule: "It removes attempts whose time is before the given one, not at it, of all accounts of the tenant and of no other tenant, at most Page.Limit of them in a call, and tells how many. " +
				"An empty next cursor means that none is left."},
		{subject: "PurgeSignIns", promise: "comes by each account once, and by a bounded number in a call", test: walkOfPurge,
			rule: "One call looks at no more accounts than Page.Limit, whether or not they have anything to remove, and the next goes on where it ended: somebody waits for the writer meanwhile."},
		{subject: "PurgeSignIns", promise: "removes nothing else for a cursor that was tampered with", test: purgeWithAnyCursor,
			rule: "A cursor that the store did not make is store.ErrCursor, or says no more than where in the tenant to go on."},
		{subject: "PurgeSignIns", promise: "leaves reading and writing as they were", test: afterPurgeOfSignIns,
			rule: "An id that was purged is free, and its next record has a greater revision; a cursor from before the purge goes on at its place, also if the record that it stands on is gone."},
		{subject: "PurgeSignIns", promise: "is part of its transaction", test: purgeInTransactions,
			rule: "A transaction sees what it purged, nothing is purged by one that fails, and in View it is store.ErrReadOnly."},
	}
	for i := range list {
		list[i].subject, list[i].rooms = signinsRoom.name+" "+list[i].subject, []room{signinsRoom}
	}
	return list
}

// signInsOfList holds attempts of which three at a time fell together. The neighbour has as many.
var signInsOfList = list[signins.SignIn]{
	name:  "SignInsOf",
	slots: []string{"tenant", "account"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			for _, account := range []string{of[1], "neighbour of " + of[1]} {
				if err := ignoreRevision(t.signins.PutSignIn(sampleSignIn(address{of[0], account, name(mark, i)}, when(-i/3), i+1))); err != nil {
					return err
				}
			}
		}
		return nil
	},
	// A record is removed by a purge alone: see afterPurgeOfSignIns.
	disturb: func(t tx, of address, mark string) ([]string, error) {
		first, err := t.signins.SignIn(of.tenant(), of.account(), signins.ID(name(mark, 0)))
		if err != nil {
			return nil, err
		}
		first.Answer, first.AnsweredAt, first.Steps = signins.ThisWasMe, when(99), nil
		return nil, errors.Join(
			ignoreRevision(t.signins.PutSignIn(first)),
			ignoreRevision(t.signins.PutSignIn(sampleSignIn(address{of[0], of[1], mark + "newest!"}, when(1), 1))),
			ignoreRevision(t.signins.PutSignIn(sampleSignIn(address{of[0], of[1], mark + "newest?"}, when(1), 2))))
	},
	fetch: func(t tx, of address, p store.Page) (store.List[signins.SignIn], error) {
		return t.signins.SignInsOf(of.tenant(), of.account(), p)
	},
	id: signInName,
}

func signInName(s signins.SignIn) string { return string(s.ID) }

func newestFirst(a, b signins.SignIn) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) }

// record puts attempts in one transaction.
func record(w *world, all ...signins.SignIn) {
	w.Helper()
	w.update(w.in(signinsRoom), func(t tx) error {
		for _, s := range all {
			if err := ignoreRevision(t.signins.PutSignIn(s)); err != nil {
				return err
			}
		}
		return nil
	})
}

// hourly gives n attempts, an hour between each and the next, named for their hours.
func hourly(of address, n int) (all []signins.SignIn) {
	for i := range n {
		all = append(all, sampleSignIn(address{of[0], of[1], name("", i)}, when(i), i%3))
	}
	return all
}

// hasHours fails unless an account's list is just these hours, the newest first.
func hasHours(w *world, what string, of address, from, to int) {
	w.Helper()
	var want []string
	for i := to - 1; i >= from; i-- {
		want = append(want, name("", i))
	}
	l := pages[signins.SignIn]{room: signinsRoom, list: signInsOfList}
	w.view(w.in(signinsRoom), func(t tx) error {
		if err := l.wants(t, of, store.Page{Size: 50}, want); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	})
}

func orderOfSignIns(w *world) {
	l := pages[signins.SignIn]{room: signinsRoom, list: signInsOfList}
	for account, nth := range map[string]func(i int) int{ // in which order they are put
		"newest first": func(i int) int { return i }, "oldest first": func(i int) int { return 199 - i },
		"in no order": func(i int) int { return i * 77 % 200 },
	} {
		var all []signins.SignIn
		for i := range 200 {
			n := nth(i)
			at := when(0).Add(-time.Duration(n/3) * time.Microsecond)
			all = append(all, sampleSignIn(address{tenant, account, name(pick(n, "s", "S", "é"), n*31%200)}, at, n%3))
		}
		record(w, all...)
		want := sorted(all, func(signins.SignIn) bool { return true }, newestFirst, signInName)
		for _, size := range []int{1, 3, 50, 1000} {
			w.view(w.in(signinsRoom), func(t tx) error { return l.wants(t, address{tenant, account}, store.Page{Size: size}, want) })
		}
	}
}

func signInsBehind(w *world) {
	var all []signins.SignIn
	for i := range 150 { // three at a time together
		for _, account := range []string{"ada", "ada2"} {
			all = append(all, sampleSignIn(address{tenant, account, name("s", i)}, when(-i/3), i%3))
		}
	}
	record(w, all...)
	newest := sorted(all, func(s signins.SignIn) bool { return s.Account == "ada" }, newestFirst, signInName)
	behind := func(place signins.SignIn, limit int, want []string) {
		w.Helper()
		w.view(w.in(signinsRoom), func(t tx) error {
			got, err := t.signins.SignInsBefore(tenant, "ada", place.At, place.ID, limit)
			if err != nil {
				return err
			}
			if d := diff(want, pages[signins.SignIn]{list: signInsOfList}.ids(got)); d != "" {
				return fmt.Errorf("SignInsBefore %s at %v, at most %d (-want +got):\n%s", place.ID, place.At, limit, d)
			}
			return nil
		})
	}
	for _, limit := range []int{1, 7, 200} {
		for i, id := range newest {
			at := all[slices.IndexFunc(all, func(s signins.SignIn) bool { return string(s.ID) == id })]
			behind(at, limit, newest[i+1:min(i+1+limit, len(newest))])
		}
		behind(signins.SignIn{Record: signins.Record{At: when(1), ID: "z"}}, limit, newest[:min(limit, len(newest))])
		behind(signins.SignIn{Record: signins.Record{At: when(-1), ID: "z"}}, limit, newest[6:min(6+limit, len(newest))])
		behind(signins.SignIn{Record: signins.Record{At: when(-1), ID: "!"}}, limit, newest[3:min(3+limit, len(newest))])
		behind(signins.SignIn{Record: signins.Record{At: when(-1000), ID: "z"}}, limit, nil)
	}
}

func uniqueSignIns(w *world) {
	const n = 150
	of := address{tenant, "ada"}
	record(w, hourly(of, n)...)
	signIn := rows[signins.SignIn]{signinsRoom, signInKind}
	for _, i := range []int{0, 1, n / 2, n - 1} {
		at := address{tenant, "ada", name("", i)}
		was, err := signIn.read(w, at)
		if err != nil {
			w.Fatal(err)
		}
		for _, hour := range []int{-1, i, i + 1, n / 3, n + 1} {
			if _, err := signIn.try(w, sampleSignIn(at, when(hour), 1)); !errors.Is(err, store.ErrConflict) {
				w.Fatalf("making a record in hour %d, whose id one in hour %d has, gives %v; want store.ErrConflict", hour, i, err)
			}
		}
		signIn.stands(w, "after refused duplicates", at, was)
	}
	hasHours(w, "after refused duplicates", of, 0, n)
	for _, elsewhere := range []address{{tenant, "bob", name("", 7)}, {"fabrikam", "ada", name("", 7)}} {
		signIn.stands(w, "with an id that another account has", elsewhere, signIn.store(w, sampleSignIn(elsewhere, when(9), 2)))
	}
	hasHours(w, "after the same id in other accounts", of, 0, n)

	err := w.in(signinsRoom).Update(w.ctx, func(t tx) error { // both in one transaction
		if _, err := t.signins.PutSignIn(sampleSignIn(address{tenant, "ada", "twice"}, when(1), 1)); err != nil {
			return fmt.Errorf("the first of two in one transaction: %s", err.Error())
		}
		_, err := t.signins.PutSignIn(sampleSignIn(address{tenant, "ada", "twice"}, when(2), 2))
		return err
	})
	if !errors.Is(err, store.ErrConflict) {
		w.Fatalf("making two records of one id in one transaction gives %v; want store.ErrConflict", err)
	}
	signIn.absent(w, "after both were made in one transaction", address{tenant, "ada", "twice"})
}

func timesOfSignIns(w *world) {
	const n = 100
	of := address{tenant, "ada"}
	record(w, hourly(of, n)...)
	signIn := rows[signins.SignIn]{signinsRoom, signInKind}
	for _, i := range []int{0, n / 2, n - 1} {
		at := address{tenant, "ada", name("", i)}
		was, err := signIn.read(w, at)
		if err != nil {
			w.Fatal(err)
		}
		for _, other := range []time.Time{{}, when(-1), when(i).Add(time.Microsecond), when(i).Add(-time.Microsecond), when(n)} {
			moved := signIn.as(sampleSignIn(at, other, 2), was.Revision)
			if _, err := signIn.try(w, moved); !errors.Is(err, store.ErrConflict) {
				w.Fatalf("moving a record from %s to %s gives %v; want store.ErrConflict", was.At, other, err)
			}
		}
		signIn.stands(w, "after refused moves", at, was)
		next := signIn.as(sampleSignIn(at, when(i), 2), was.Revision)
		next.At = when(i).Add(time.Nanosecond).In(time.FixedZone("east", 3600)) // the same time to a store
		next = signIn.store(w, next)
		next.At = when(i)
		signIn.stands(w, "changed after refused moves", at, next)
	}
	hasHours(w, "after refused moves", of, 0, n)
}

func racingSignIns(w *world) {
	s := w.in(signinsRoom)
	signIn := rows[signins.SignIn]{signinsRoom, signInKind}
	at := address{tenant, "ada", "s"}
	in := func(hour int) step {
		return step{
			func(t tx) error {
				if signIn.gone(t, at) != nil {
					return errTooLate
				}
				return nil
			},
			func(t tx) error { return ignoreRevision(t.signins.PutSignIn(sampleSignIn(at, when(hour), hour))) },
		}
	}
	w.overlap("two transactions each made a record of the same id at another time", s, s, in(1), in(2))
	l := pages[signins.SignIn]{room: signinsRoom, list: signInsOfList}
	l.holds(w, address{tenant, "ada"}, store.Page{}, []string{"s"})
}

// purgeCall is one call of PurgeSignIns.
func purgeCall(w *world, before time.Time, p store.Page) (n int, next store.Cursor) {
	w.Helper()
	w.update(w.in(signinsRoom), func(t tx) (err error) { n, next, err = t.signins.PurgeSignIns(tenant, before, p); return err })
	if n < 0 || n > p.Limit() {
		w.Fatalf("PurgeSignIns with limit %d tells of %d removed", p.Limit(), n)
	}
	return n, next
}

// purgeSignIns fails unless PurgeSignIns removes just so many until it has come to the end. It gives the number of
// its calls.
func purgeSignIns(w *world, want int, before time.Time, size int) int {
	w.Helper()
	p := store.Page{Size: size}
	for calls, total := 1, 0; ; calls++ {
		n, next := purgeCall(w, before, p)
		switch total += n; {
		case next != "" && calls > tooMany:
			w.Fatalf("PurgeSignIns with limit %d does not come to an end", size)
		case next == "" && total != want:
			w.Fatalf("PurgeSignIns before %s with limit %d tells of %d removed; want %d", before.Format(time.DateTime), size, total, want)
		case next == "":
			return calls
		}
		p.After = next
	}
}

// countSignIns counts the records of accounts.
func countSignIns(w *world, accounts ...policy.AccountID) (n int) {
	w.Helper()
	l := pages[signins.SignIn]{room: signinsRoom, list: signInsOfList}
	w.view(w.in(signinsRoom), func(t tx) error {
		n = 0 // it may run again
		for _, a := range accounts {
			ids, err := l.walk(t, address{tenant, string(a)}, store.Page{Size: store.MaxPageSize})
			if err != nil {
				return err
			}
			n += len(ids)
		}
		return nil
	})
	return n
}

func purgeOfSignIns(w *world) {
	const n = 150
	ada, bob := address{tenant, "ada"}, address{tenant, "bob"}
	strangers := []address{{"contos", "ada"}, {"contoso\u200b", "ada"}, {"fabrikam", "ada"}}
	record(w, hourly(ada, n)...)
	record(w, hourly(bob, n)...)
	for _, of := range strangers {
		record(w, hourly(of, 5)...)
	}
	purgeSignIns(w, 0, when(0), 1000)
	hasHours(w, "after purges with nothing to remove", ada, 0, n)
	purgeSignIns(w, 20, when(10), 1000)
	hasHours(w, "after a purge of the first ten hours", ada, 10, n)
	hasHours(w, "after a purge of the first ten hours", bob, 10, n)
	purgeSignIns(w, 2, when(10).Add(time.Microsecond), 2)
	hasHours(w, "after a purge to the microsecond", ada, 11, n)
	hasHours(w, "after a purge to the microsecond", bob, 11, n)

	removed, next := purgeCall(w, when(100), store.Page{Size: 90}) // of 178: the store may choose which
	if got := countSignIns(w, "ada", "bob"); got != 2*(n-11)-removed || removed > 0 && next == "" {
		w.Fatalf("PurgeSignIns told of %d removed with limit 90 and the cursor %q, and %d of %d records are left", removed, next, got, 2*(n-11))
	}
	purgeSignIns(w, 178-removed, when(100), 7)
	hasHours(w, "after a purge in parts", ada, 100, n)
	hasHours(w, "after a purge in parts", bob, 100, n)
	purgeSignIns(w, 0, when(100), 1000)
	purgeSignIns(w, 100, when(n), 1000)
	hasHours(w, "after all was purged", ada, 0, 0)
	for _, of := range strangers {
		hasHours(w, "in another tenant", of, 0, 5)
	}
}

func walkOfPurge(w *world) {
	const accounts, old, recent, size = 40, 3, 2, 5
	for i := range accounts {
		of := address{tenant, name("person", i)}
		all := hourly(of, old+recent)
		if i%2 == 0 {
			all = all[old:] // has nothing to be removed
		}
		record(w, all...)
	}
	calls := purgeSignIns(w, 0, when(0), size)
	if calls < accounts/size {
		w.Fatalf("PurgeSignIns with limit %d has looked at all of %d accounts in %d calls", size, accounts, calls)
	}
	if most := 2 * accounts / (size - 1); calls > most {
		w.Fatalf("PurgeSignIns with limit %d took %d calls for %d accounts with nothing to remove; want at most %d", size, calls, accounts, most)
	}
	calls = purgeSignIns(w, accounts/2*old, when(old), size)
	if most := 2 * (accounts + accounts/2*old) / (size - 1); calls > most {
		w.Fatalf("PurgeSignIns with limit %d took %d calls for %d accounts and %d attempts; want at most %d", size, calls, accounts, accounts/2*old, most)
	}
	for i := range accounts {
		hasHours(w, "after a walk", address{tenant, name("person", i)}, old, old+recent)
	}
}

func purgeWithAnyCursor(w *world) {
	const n = 5
	record(w, hourly(address{tenant, "ada"}, n)...)
	for _, stranger := range []string{"contos", "contoso\u200b", "fabrikam"} {
		record(w, hourly(address{stranger, "ada"}, n)...)
	}
	var cursors []store.Cursor
	w.view(w.in(signinsRoom), func(t tx) error {
		mine, err := t.signins.SignInsOf("fabrikam", "ada", store.Page{Size: 1})
		all, errAll := t.signins.Sessions("fabrikam", store.Page{Size: 1})
		cursors = []store.Cursor{mine.Next, all.Next, "x", "\x00", "AA", "////", "ZmFicmlrYW0"}
		return errors.Join(err, errAll)
	})
	for _, after := range cursors {
		err := w.in(signinsRoom).Update(w.ctx, func(t tx) error {
			_, _, err := t.signins.PurgeSignIns(tenant, when(2), store.Page{After: after})
			return err
		})
		if err != nil && !errors.Is(err, store.ErrCursor) {
			w.Fatalf("PurgeSignIns with the cursor %q gives %v; want store.ErrCursor, or no error", after, err)
		}
		for _, stranger := range []string{"contos", "contoso\u200b", "fabrikam"} {
			hasHours(w, "in another tenant", address{stranger, "ada"}, 0, n)
		}
	}
	w.update(w.in(signinsRoom), func(t tx) error {
		_, _, err := t.signins.PurgeSignIns(tenant, when(2), store.Page{})
		return err
	})
	hasHours(w, "after purges with any cursor", address{tenant, "ada"}, 2, n)
}

func afterPurgeOfSignIns(w *world) {
	const n = 150
	of := address{tenant, "ada"}
	record(w, hourly(of, n)...)
	signIn := rows[signins.SignIn]{signinsRoom, signInKind}
	first, errFirst := signIn.read(w, address{tenant, "ada", name("", 0)})
	var place store.Cursor // after the hours from 149 to 100
	w.view(w.in(signinsRoom), func(t tx) error {
		for read := 0; read < 50; {
			list, err := t.signins.SignInsOf(tenant, "ada", store.Page{Size: 50 - read, After: place})
			if err != nil || len(list.Items) == 0 {
				return errors.Join(err, errors.New("the list ends too early"))
			}
			read, place = read+len(list.Items), list.Next
		}
		return errFirst
	})
	purgeSignIns(w, 120, when(120), 1000)
	hasHours(w, "after a purge", of, 120, n)
	l := pages[signins.SignIn]{room: signinsRoom, list: signInsOfList}
	l.holds(w, of, store.Page{After: place}, nil)

	again := signIn.store(w, sampleSignIn(address{tenant, "ada", name("", 0)}, when(50), 1)) // at another time
	if again.Revision <= first.Revision {
		w.Fatalf("a record has revision %d after one of its id was purged with revision %d; want a greater one", again.Revision, first.Revision)
	}
	l.holds(w, of, store.Page{After: place}, []string{name("", 0)})
	signIn.stands(w, "made again after a purge", address{tenant, "ada", name("", 0)}, again)
	first.Revision = again.Revision - 1
	if _, err := signIn.try(w, first); !errors.Is(err, store.ErrConflict) {
		w.Fatalf("changing a record from a revision that it had before a purge gives %v; want store.ErrConflict", err)
	}
}

func purgeInTransactions(w *world) {
	const n = 100
	of := address{tenant, "ada"}
	record(w, hourly(of, n)...)
	s := w.in(signinsRoom)
	l := pages[signins.SignIn]{room: signinsRoom, list: signInsOfList}
	purge := func(t tx) error {
		_, _, err := t.signins.PurgeSignIns(tenant, when(n-1), store.Page{Size: store.MaxPageSize})
		return err
	}
	var inside error
	err := s.Update(w.ctx, func(t tx) error {
		inside = errors.Join(purge(t), l.wants(t, of, store.Page{}, []string{name("", n-1)}))
		return errStop
	})
	if inside != nil || !errors.Is(err, errStop) {
		w.Fatalf("inside the transaction: %v; Update: %v", inside, err)
	}
	hasHours(w, "after a purge in a transaction that failed", of, 0, n)
	if err := s.View(w.ctx, purge); !errors.Is(err, store.ErrReadOnly) {
		w.Fatalf("PurgeSignIns inside View gives %v; want store.ErrReadOnly", err)
	}
	w.view(s, func(t tx) error { _ = purge(t); return nil }) // the error is asked for above
	hasHours(w, "after a purge inside View", of, 0, n)
}
