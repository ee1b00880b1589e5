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
		[]check{
			{"signins SessionsOf", "has the newest start first, then the least id", "Starts are compared to the microsecond; ids, byte by byte, decide where they fall together. Ended sessions are in the list.",
				[]room{signinsRoom}, orderOfSessions},
		}, signInsChecks())
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
		return t.signins.SessionsOf(of.tenant(), of.account(), p)
	},
	id: sessionName,
}

// sessionsList holds the sessions of three people, in the order of their accounts.
var sessionsList = list[policy.Session]{
	name:  "Sessions",
	slots: []string{"tenant"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			s := listedSession(address{of[0], "account " + name(mark, i/3), name(mark, i)}, when(i*7%5), i)
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

func listedSession(at address, start time.Time, n int) policy.Session {
	s := sampleSession(at, n+1)
	s.StartedAt = start
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
