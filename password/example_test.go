package password_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

func ExampleRules_Check() {
	rules := password.RulesOf(policy.Settings{}) // a tenant's
	who := password.Context{DisplayName: "Ada Lovelace", Organizations: []string{"Contoso"}}

	err := rules.Check(secret.NewText("C0ntoso2024!"), who)
	var refused *password.Unacceptable
	if errors.As(err, &refused) {
		for _, p := range refused.Problems {
			fmt.Printf("%s: %s\n", p.Code, p)
		}
	}
	fmt.Println(rules.Check(secret.NewText("glacier tambourine oblique"), who))
	// Output:
	// password-too-short: use at least 15 characters; some unrelated words are long and easy to remember
	// password-contains-organization: leave out the name of your organization
	// <nil>
}

// breached is a list of one's own. A checker that asks a service sends a few digits of a hash, and no more.
type breached map[string]bool

func (b breached) Breached(_ context.Context, p secret.Text) (bool, error) { return b[p.Reveal()], nil }

func ExampleBreaches() {
	checker := breached{"glacier tambourine oblique": true} // for myaccount.WithBreachChecker
	fmt.Println(password.Breaches(context.Background(), checker, secret.NewText("glacier tambourine oblique")))
	fmt.Println(password.Breaches(context.Background(), checker, secret.NewText("marble 99 otter spool fern")))
	// Output:
	// password: choose another: this one is known from a breach of some service, and is tried everywhere
	// <nil>
}

// A sign-in page verifies first, for whatever account it was given, and judges then.
func ExampleHasher_Verify() {
	ctx := context.Background()
	slow, err := secret.NewHasher(secret.DefaultParams, 0)
	check(err)
	ring, err := secret.NewKeyRing(secret.NewKey("2026"))
	check(err)
	hasher, err := password.NewHasher(slow, ring)
	check(err)

	stored, err := hasher.Hash(ctx, secret.NewText("glacier tambourine oblique"))
	check(err)
	var row password.Throttle // of the account
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, given := range []string{"glacier tambourine", "glacier tambourine", "glacier tambourine oblique"} {
		v, err := hasher.Verify(ctx, secret.NewText(given), stored) // "" where there is no account
		check(err)
		var ok bool
		row, ok = row.Judge(v, now, password.Familiar, password.Lockout{})
		fmt.Println(ok, row.Familiar.Count)
	}
	// Output:
	// false 1
	// false 1
	// true 0
}

func ExampleThrottle() {
	var row password.Throttle
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range 10 {
		row, _ = row.Failed([]secret.Digest{{byte(i + 1)}}, now, password.Unfamiliar, password.Lockout{})
	}
	until, locked := row.Locked(now, password.Unfamiliar)
	fmt.Println("elsewhere:", locked, until.Sub(now))
	_, locked = row.Locked(now, password.Familiar)
	fmt.Println("at home:", locked)
	// Output:
	// elsewhere: true 1m0s
	// at home: false
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
