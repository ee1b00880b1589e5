package policy_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// A host that keeps tenants, accounts and sessions elsewhere embeds Vouched in the transaction of its own
// store and tells the guard that it vouches for its actors. What it gets is the whole of the policy: this is
// a room of one action, on a table of the host's own.
func ExampleVouched() {
	ctx := context.Background()
	table := &greetings{rows: map[policy.AccountID]string{"ada": "Hello"}}
	greet := &policy.Spec[*greetingTx, string]{
		Rule: policy.Rule{Action: "greetings.set", Activity: "Update greeting", Category: "Greetings",
			By: policy.ByPerson, Kinds: policy.Work, Area: "greetings", Access: policy.Edit, Level: policy.AAL1},
		Load: func(tx *greetingTx, op *policy.Op, _ policy.Target) (string, error) {
			return tx.rows[op.Actor.Account], nil
		},
	}
	set := func(g *policy.Guard, actor policy.Actor, text string) error {
		_, err := policy.Do(ctx, g, store.Store[*greetingTx](table), actor, greet, policy.Target{}, "",
			func(tx *greetingTx, op *policy.Op, _ string) (string, policy.Change, error) {
				tx.rows[op.Actor.Account] = text
				return text, policy.Change{Subject: op.Actor.Account}, nil
			})
		return err
	}

	ada := policy.Actor{Tenant: "contoso", Account: "ada",
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: time.Now()}}}
	fmt.Println(set(policy.NewGuard(), ada, "Hi"))
	fmt.Println(set(policy.NewGuard(policy.Vouch(policy.Work)), ada, "Hi"), table.rows["ada"])
	for _, e := range table.events {
		fmt.Println(e.By.ID, e.Activity, e.Outcome, e.Reason)
	}
	// Output:
	// greetings.set refused (unknown-account): This account is not known here.
	// <nil> Hi
	// ada Update greeting refused unknown-account
	// ada Update greeting success
}

// greetings is the host's table, with a lock for a database's transactions.
type greetings struct {
	mu     sync.Mutex
	rows   map[policy.AccountID]string
	events []policy.Event
}

type greetingTx struct {
	policy.Vouched
	rows map[policy.AccountID]string
}

func (g *greetings) View(ctx context.Context, fn func(*greetingTx) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	tx, _ := g.begin()
	return fn(tx)
}

func (g *greetings) Update(ctx context.Context, fn func(*greetingTx) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	tx, events := g.begin()
	if err := fn(tx); err != nil {
		return err
	}
	g.rows, g.events = tx.rows, append(g.events, *events...) // the row and its event in one commit
	return nil
}

func (g *greetings) begin() (*greetingTx, *[]policy.Event) {
	var events []policy.Event
	record := func(e policy.Event) error { events = append(events, e); return nil }
	vouched := policy.Vouched{Policy: policy.Settings{Tenant: "contoso", TurnedOn: true}, Record: record}
	return &greetingTx{Vouched: vouched, rows: maps.Clone(g.rows)}, &events
}

// What an administrator locks, a decision explains; the zero Decision is a no.
func ExampleDecision_Message() {
	d := policy.Refusal("devices.disable",
		*policy.Forbidden("already-disabled", policy.AskAdministrator, "This device is already disabled."),
		"the help desk")
	fmt.Println(d.Message())
	fmt.Println(policy.Decision{}.Allowed)
	// Output:
	// This device is already disabled. Contact the help desk.
	// false
}

// Two factors of different kinds are AAL2, if both are fresh.
func ExampleAssurance() {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	proofs := []policy.Proof{
		{Factor: policy.FactorPassword, At: now.Add(-8 * time.Hour)},
		{Factor: policy.FactorOTP, At: now.Add(-time.Minute)},
	}
	fmt.Println(policy.Assurance(proofs, now, 0))
	fmt.Println(policy.Assurance(proofs, now, 15*time.Minute))
	// Output:
	// aal2
	// aal1
}
