package myaccount_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// A sign-in page is one call: its token goes into the browser's cookie, and becomes the actor of each request.
func ExampleAccount_SignIn() {
	ctx := context.Background()
	app, host := newApp()
	check(app.Host.Account.AddIdentifier(ctx, host, account.NewIdentifier{Account: "ada", Kind: account.UserName, Text: "ada"}))
	check(app.Host.Account.SetPassword(ctx, host, "ada", secret.NewText("heron lantern 47 gravel oboe")))

	_, err := app.SignIn(ctx, host, myaccount.SignInAttempt{Identifier: "ada", Password: secret.NewText("a wrong one")})
	if denied := new(policy.Denied); errors.As(err, &denied) {
		fmt.Println(denied.Message())
	}
	started, err := app.SignIn(ctx, host, myaccount.SignInAttempt{Identifier: "Ada", Password: secret.NewText("heron lantern 47 gravel oboe")})
	check(err)
	actor, err := app.Host.SignIns.Actor(ctx, started.Token)
	check(err)
	fmt.Println(actor.Account)
	// Output:
	// The user name or the password is wrong, or there were too many attempts. Check both, or wait a little.
	// ada
}

// A step-up page is one call: what needs a fresh proof goes on with the new token.
func ExampleAccount_ProvePassword() {
	ctx := context.Background()
	app, host := newApp()
	check(app.Host.Account.SetPassword(ctx, host, "ada", secret.NewText("heron lantern 47 gravel oboe")))
	started, err := app.SignIn(ctx, host, myaccount.SignInAttempt{Account: "ada", Password: secret.NewText("heron lantern 47 gravel oboe")})
	check(err)

	next, err := app.ProvePassword(ctx, host, started.Token, secret.NewText("heron lantern 47 gravel oboe"))
	check(err)
	_, err = app.Host.SignIns.Actor(ctx, started.Token)
	fmt.Println(err)
	actor, err := app.Host.SignIns.Actor(ctx, next.Token)
	check(err)
	fmt.Println(actor.Session == started.Actor.Session)
	// Output:
	// signins.resume-session refused (session-ended): You were signed out. Sign in again.
	// true
}
