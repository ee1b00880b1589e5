package storetest

import (
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
			h.Countries = []signins.Habit{{Country: text("country", n)}, {Country: "DE", First: when(n)}}
			h.Places = []signins.Habit{{Device: text("device", n), Browser: text("browser", n), System: text("system", n), Country: "DE", Region: text("region", n), City: text("city", n), First: when(n + 1)}}
		}
		return h
	},
	get:      func(t tx, at address) (signins.Habits, error) { return t.signins.Habits(at.tenant(), at.account()) },
	put:      func(t tx, r signins.Habits) (store.Revision, error) { return t.signins.PutHabits(r) },
	revision: func(r *signins.Habits) *store.Revision { return &r.Revision },
}
