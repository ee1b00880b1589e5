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

// signinsChecks are all checks of the store of package signins.
func signinsChecks() []check {
	standing := rows[policy.Standing]{signinsRoom, standingKind}
	session := rows[policy.Session]{signinsRoom, sessionInSignIns}
	signIn := rows[signins.SignIn]{signinsRoom, signInKind}
	usage := rows[policy.Usage]{signinsRoom, usageKind}
	habits := rows[signins.Habits]{signinsRoom, habitsKind}
	whole := transactions[policy.Session]{session, []probe{standing.probe(), session.probe(), signIn.probe(), usage.probe(), habits.probe()}}
	type strangers = []func(tx) ([]store.Cursor, error)
	return slices.Concat(
		standing.checks(), session.checks(), signIn.checks(), usage.checks(), habits.checks(), whole.checks(),
		pages[policy.Session]{signinsRoom, sessionsOfList, strangers{sessionsList.stranger, signInsOfList.stranger}}.checks(),
		pages[policy.Session]{signinsRoom, sessionsList, strangers{sessionsOfList.stranger, signInsOfList.stranger}}.checks(),
		pages[signins.SignIn]{signinsRoom, signInsOfList, strangers{sessionsOfList.stranger, sessionsList.stranger}}.checks(),
		pages[signins.Habits]{signinsRoom, habitsList, strangers{sessionsOfList.stranger, sessionsList.stranger}}.checks(),
		[]check{
			{"signins SessionsOf", "has the newest start first, then the least id", "Starts are compared to the microsecond; ids, byte by byte, decide where they fall together.",
				[]room{signinsRoom}, orderOfSessions},
			{"signins SessionsOf", "has what was not ended, and nothing else",
				"A session leaves the list with the Put that sets its EndedAt, by whatever time, and comes back with one that empties it. The list of all the tenant's sessions has it still.",
				[]room{signinsRoom}, openSessions},
			{"signins SessionsOf", "has what started at the given time or later",
				"Starts are compared to the microsecond, and one at the very time is in the list; the zero time leaves nothing out. A cursor goes on under the same time.",
				[]room{signinsRoom}, sessionsSince},
		}, signInsChecks(),
		removal[policy.Session]{signinsRoom, sessionKind, "DeleteSessionsOf", func(t tx) func(policy.TenantID, policy.AccountID, int) (int, error) {
			return t.signins.DeleteSessionsOf
		}}.checks(),
		removal[signins.SignIn]{signinsRoom, signInKind, "DeleteSignInsOf", func(t tx) func(policy.TenantID, policy.AccountID, int) (int, error) {
			return t.signins.DeleteSignInsOf
		}}.checks())
}

// sessionsOfList holds sessions of which three at a time started at one moment. The neighbour has as many.
var sessionsOfList = list[policy.Session]{
	name:  "SessionsOf",
	slots: []string{"tenant", "account"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			for _, account := range []string{of[1], "neighbour of " + of[1]} {
				if err := ignoreRevision(t.signins.PutSession(listedSession(address{of[0], account, name(mark, i)}, when(-i/3), i))); err != nil {
					return err
				}
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		return nil, disturbSessions(t, of, mark, "a", 1)
	},
	fetch: func(t tx, of address, p store.Page) (store.List[policy.Session], error) {
		return t.signins.SessionsOf(of.tenant(), of.account(), time.Time{}, p)
	},
	id: sessionName,
}

// sessionsList holds the sessions of three people, in the order of their accounts. Every other one was ended.
var sessionsList = list[policy.Session]{
	name:  "Sessions",
	slots: []string{"tenant"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			s := listedSession(address{of[0], "account " + name(mark, i/3), name(mark, i)}, when(i*7%5), i)
			if i%2 == 0 {
				s.EndedAt = when(9)
			}
			if err := ignoreRevision(t.signins.PutSession(s)); err != nil {
				return err
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		return nil, disturbSessions(t, address{of[0], "account " + name(mark, 0)}, mark, "", 50)
	},
	fetch: func(t tx, of address, p store.Page) (store.List[policy.Session], error) {
		return t.signins.Sessions(of.tenant(), p)
	},
	id: sessionName,
}

// disturbSessions changes the first of a person's sessions, adds two before it and removes the second.
func disturbSessions(t tx, of address, mark, before string, hour int) error {
	first, err := t.Session(of.tenant(), of.account(), policy.SessionID(name(mark, 0)))
	if err != nil {
		return err
	}
	first.SeenAt, first.Place = when(99), "elsewhere"
	return errors.Join(
		ignoreRevision(t.signins.PutSession(first)),
		ignoreRevision(t.signins.PutSession(listedSession(address{of[0], of[1], before + "!"}, when(hour), 1))),
		ignoreRevision(t.signins.PutSession(listedSession(address{of[0], of[1], before + "?"}, when(hour), 2))),
		t.signins.DeleteSession(of.tenant(), of.account(), policy.SessionID(name(mark, 1))))
}

// listedSession is a session that was not ended.
func listedSession(at address, start time.Time, n int) policy.Session {
	s := sampleSession(at, n+1)
	s.StartedAt, s.EndedAt = start, time.Time{}
	return s
}

func sessionName(s policy.Session) string { return string(s.ID) }

func orderOfSessions(w *world) {
	var all []policy.Session
	w.update(w.in(signinsRoom), func(t tx) error {
		all = nil // it may run again
		for i := range 30 {
			s := listedSession(address{tenant, "ada", fmt.Sprintf("s%02d", i*17%30)}, when(0).Add(time.Duration(i*7%5)*time.Microsecond), i%3)
			all = append(all, s)
			if err := ignoreRevision(t.signins.PutSession(s)); err != nil {
				return err
			}
		}
		return nil
	})
	want := sorted(all, func(policy.Session) bool { return true }, func(a, b policy.Session) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.ID, b.ID))
	}, sessionName)
	l := pages[policy.Session]{room: signinsRoom, list: sessionsOfList}
	for _, size := range []int{1, 3, 50} {
		w.view(w.in(signinsRoom), func(t tx) error { return l.wants(t, address{tenant, "ada"}, store.Page{Size: size}, want) })
	}
}

// hasSessions fails unless an account's list of sessions that started since a time is just these, whatever the page.
func hasSessions(w *world, what string, since time.Time, want []string) {
	w.Helper()
	l := pages[policy.Session]{room: signinsRoom, list: sessionsOfList}
	l.fetch = func(t tx, of address, p store.Page) (store.List[policy.Session], error) {
		return t.signins.SessionsOf(of.tenant(), of.account(), since, p)
	}
	for _, size := range []int{1, 3, 50} {
		w.view(w.in(signinsRoom), func(t tx) error {
			if err := l.wants(t, address{tenant, "ada"}, store.Page{Size: size}, want); err != nil {
				return fmt.Errorf("%s, in pages of %d: %w", what, size, err)
			}
			return nil
		})
	}
}

// startSessions makes n sessions of which three at a time started a microsecond before the three before them.
func startSessions(w *world, n int) {
	w.Helper()
	w.update(w.in(signinsRoom), func(t tx) error {
		for i := range n {
			at := address{tenant, "ada", name("s", i)}
			if err := ignoreRevision(t.signins.PutSession(listedSession(at, when(5).Add(-time.Duration(i/3)*time.Microsecond), i%3))); err != nil {
				return err
			}
		}
		return nil
	})
}

// openSessions ends sessions, one of them before it began, and opens one again.
func openSessions(w *world) {
	const n = 12
	startSessions(w, n)
	end := func(i int, at time.Time) {
		w.Helper()
		w.update(w.in(signinsRoom), func(t tx) error {
			s, err := t.Session(tenant, "ada", policy.SessionID(name("s", i)))
			if err != nil {
				return err
			}
			s.EndedAt = at
			return ignoreRevision(t.signins.PutSession(s))
		})
	}
	open := names("s", 0, n)
	hasSessions(w, "with all open", time.Time{}, open)
	end(4, when(9))
	end(0, when(1))
	end(n-1, when(9))
	hasSessions(w, "with three ended", time.Time{}, slices.Concat(names("s", 1, 4), names("s", 5, n-1)))
	end(4, time.Time{})
	hasSessions(w, "with one of them open again", time.Time{}, names("s", 1, n-1))
	for i := range n {
		end(i, when(9))
	}
	hasSessions(w, "with all ended", time.Time{}, nil)
	l := pages[policy.Session]{room: signinsRoom, list: sessionsList}
	w.view(w.in(signinsRoom), func(t tx) error { return l.wants(t, address{tenant}, store.Page{}, open) })
}

func sessionsSince(w *world) {
	const n = 12
	startSessions(w, n)
	for ago := range time.Duration(n/3 + 1) {
		since := when(5).Add(-ago * time.Microsecond)
		hasSessions(w, fmt.Sprintf("since %d microseconds before the last", ago), since, names("s", 0, min(n, 3*int(ago)+3)))
	}
	hasSessions(w, "since a microsecond after the last", when(5).Add(time.Microsecond), nil)
	hasSessions(w, "since ever", time.Time{}, names("s", 0, n))
}
