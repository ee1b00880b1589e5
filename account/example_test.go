package account_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// shop is an installation for personal accounts, with one person in it.
func shop() (*myaccount.Account, policy.Actor) {
	ctx := context.Background()
	ring, err := secret.NewKeyRing(secret.NewKey("2026"))
	check(err)
	app, err := myaccount.New(memstore.New(), ring)
	check(err)
	check(app.Admin.Policy.CreateTenant(ctx, policy.System("setup"), "shop"))
	host := policy.Host("shop", "shop")
	check(app.Host.Accounts.Provision(ctx, host, "ada", policy.Personal))
	check(app.Host.Account.PutProfile(ctx, host, account.Profile{Account: "ada", DisplayName: "Ada"}))
	now := time.Now()
	return app, policy.Actor{Tenant: "shop", Account: "ada", SignedInAt: now,
		Proofs: []policy.Proof{{Factor: policy.FactorPasskey, At: now}}}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A portal makes its form from the profile: what is shown, what may be changed, and why not.
func ExampleService_Profile() {
	ctx := context.Background()
	app, ada := shop()
	profile, err := app.Account.Profile(ctx, ada)
	check(err)
	for _, f := range profile.Fields[1:4] {
		fmt.Printf("%s: %q, at most %d characters, may be changed: %t\n", f.Label, f.Value, f.Longest, f.Edit.Allowed)
	}
	check(app.Account.UpdateProfile(ctx, ada, account.ProfileUpdate{Revision: profile.Revision,
		Set: map[account.Attribute]string{account.DisplayName: "Ada L.", account.TimeZone: "Europe/London"}}))
	fmt.Println(app.Account.UpdateProfile(ctx, ada, account.ProfileUpdate{Set: map[account.Attribute]string{account.Department: "Mathematics"}}))
	// Output:
	// Display name: "Ada", at most 256 characters, may be changed: true
	// First name: "", at most 64 characters, may be changed: true
	// Last name: "", at most 64 characters, may be changed: true
	// account.edit-attribute refused (attribute-off): Your profile has no Department. Contact your administrator.
}

// A password that is not acceptable is refused with everything that is wrong with it.
func ExampleService_ChangePassword() {
	ctx := context.Background()
	app, ada := shop()
	check(app.Account.SetFirstPassword(ctx, ada, secret.NewText("heron lantern 47 gravel oboe")))
	ada.SignedInAt = time.Now() // setting it ended what was signed in before
	err := app.Account.ChangePassword(ctx, ada, account.PasswordChange{
		Current: secret.NewText("heron lantern 47 gravel oboe"), New: secret.NewText("Password1")})
	if no := new(password.Unacceptable); errors.As(err, &no) {
		for _, p := range no.Problems {
			fmt.Println(p.Code)
		}
	}
	// Output:
	// password-too-short
	// password-common
}
