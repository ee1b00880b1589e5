package signins_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// install makes an installation with one person, on a clock of its own.
func install(now *time.Time) (*myaccount.Account, policy.Actor) {
	ring, err := secret.NewKeyRing(secret.NewKey("2026"))
	check(err)
	app, err := myaccount.New(memstore.New(), ring, myaccount.WithPolicy(policy.WithClock(func() time.Time { return *now })))
	check(err)
	check(app.Admin.Policy.CreateTenant(context.Background(), policy.System("setup"), "contoso"))
	host := policy.Host("my-portal", "contoso")
	check(app.Host.Accounts.Provision(context.Background(), host, "ada", policy.Work))
	return app, host
}

// A host that has authenticated somebody starts a session, gives its token to the browser, and makes the actor of
// each request from it.
func Example() {
	ctx, now := context.Background(), time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	app, host := install(&now)

	started, err := app.Host.SignIns.Start(ctx, host, signins.NewSession{Account: "ada",
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: now}, {Factor: policy.FactorOTP, At: now}}})
	check(err)
	fmt.Println(started.Token, "until", started.ExpiresAt.Format(time.TimeOnly))

	actor, err := app.Host.SignIns.Actor(ctx, started.Token)
	check(err)
	fmt.Println(actor.Account, policy.Assurance(actor.Proofs, now, 0))

	now = now.Add(time.Hour) // without activity
	_, err = app.Host.SignIns.Actor(ctx, started.Token)
	fmt.Println(err)
	// Output:
	// [redacted] until 10:00:00
	// ada aal2
	// signins.resume-session refused (session-ended): You were signed out. Sign in again.
}

// What is unusual about an attempt says why, and "This wasn't me" contains it.
func ExampleService_ThisWasNotMe() {
	ctx, now := context.Background(), time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	app, host := install(&now)
	signIn := func(id signins.ID, place signins.Place) policy.Actor {
		started, err := app.Host.SignIns.Start(ctx, host, signins.NewSession{Account: "ada", Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: now}}})
		check(err)
		_, err = app.Host.SignIns.Record(ctx, host, signins.Record{ID: id, Account: "ada", At: now, Session: started.Actor.Session,
			Browser: "Firefox 146", System: "Windows 10", Address: netip.MustParseAddr("192.0.2.1"), Place: place})
		check(err)
		return started.Actor
	}
	ada := signIn("first", signins.Place{City: "Berlin", Country: "DE"})
	now = now.Add(time.Minute)
	signIn("second", signins.Place{City: "Lisbon", Country: "PT"})

	list, err := app.SignIns.Activity(ctx, ada, signins.Query{Unusual: true})
	check(err)
	for _, item := range list.Items {
		fmt.Println(item.ID, item.Outcome, item.Unusual[0].Text)
	}
	_, yes, err := app.SignIns.AskThisWasNotMe(ctx, ada, "second")
	check(err)
	done, err := app.SignIns.ThisWasNotMe(ctx, ada, "second", yes)
	check(err)
	for _, step := range done.Steps {
		fmt.Println(step.Measure, step.Done)
	}
	// Output:
	// second success No earlier sign-in to your account from PT is known.
	// end-that-session true
	// end-all-sessions true
	// untrust-device false
	// require-password-change true
	// notify true
}

// Signing out everywhere is asked about and confirmed.
func ExampleService_SignOutEverywhere() {
	ctx, now := context.Background(), time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	app, _ := install(&now)
	ada := policy.Actor{Tenant: "contoso", Account: "ada", SignedInAt: now, Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: now}}}

	preview, yes, err := app.SignIns.AskSignOutEverywhere(ctx, ada)
	check(err)
	fmt.Println(preview.Title, preview.Consequences[4])
	now = now.Add(time.Second)
	_, err = app.SignIns.SignOutEverywhere(ctx, ada, yes, false)
	check(err)
	_, _, err = app.SignIns.AskSignOutEverywhere(ctx, ada)
	fmt.Println(err)
	// Output:
	// Sign out everywhere? No device is disabled, and no sign-in method or app password is removed.
	// signins.sign-out-everywhere refused (session-ended): You were signed out. Sign in again.
}
