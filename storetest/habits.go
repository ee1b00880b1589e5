package storetest

import (
	"errors"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// habitsKind is what an account's sign-ins were like.
var habitsKind = kind[signins.Habits]{
	name:  "habits",
	slots: []string{"tenant", "account"},
	sample: func(at address, n int) signins.Habits {
		h := signins.Habits{Tenant: at.tenant(), Account: at.account()}
		if n > 0 {
			h.Since = when(n)
			h.Countries = []signins.Habit{{Country: text("country", n)}, {Country: "DE", First: when(n), Last: when(n + 24)}}
			h.Places = []signins.Habit{{Device: text("device", n), Browser: text("browser", n), System: text("system", n), Country: "DE", Region: text("region", n), City: text("city", n), First: when(n + 1), Last: when(n + 25)}}
		}
		return h
	},
	get:      func(t tx, at address) (signins.Habits, error) { return t.signins.Habits(at.tenant(), at.account()) },
	put:      func(t tx, r signins.Habits) (store.Revision, error) { return t.signins.PutHabits(r) },
	remove:   func(t tx, at address) error { return t.signins.DeleteHabits(at.tenant(), at.account()) },
	revision: func(r *signins.Habits) *store.Revision { return &r.Revision },
}

// habitsList holds the habits of people in the order of their accounts.
var habitsList = list[signins.Habits]{
	name:  "AllHabits",
	slots: []string{"tenant"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			if err := ignoreRevision(t.signins.PutHabits(habitsKind.sample(address{of[0], name(mark, i)}, i+1))); err != nil {
				return err
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		first, err := t.signins.Habits(of.tenant(), policy.AccountID(name(mark, 0)))
		if err != nil {
			return nil, err
		}
		first.Countries = nil
		return nil, errors.Join(
			ignoreRevision(t.signins.PutHabits(first)),
			ignoreRevision(t.signins.PutHabits(habitsKind.sample(address{of[0], "!"}, 1))),
			ignoreRevision(t.signins.PutHabits(habitsKind.sample(address{of[0], "!!"}, 2))),
			t.signins.DeleteHabits(of.tenant(), policy.AccountID(name(mark, 1))))
	},
	fetch: func(t tx, of address, p store.Page) (store.List[signins.Habits], error) {
		return t.signins.AllHabits(of.tenant(), p)
	},
	id: func(h signins.Habits) string { return string(h.Account) },
}
