package myaccount_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// Disabling is asked first, and done for good. How newApp assembles the library, and makes the tenant, the
// account and the device, stands at the end; examples/hello is the same as one program.
func Example() {
	ctx := context.Background()
	app, _ := newApp()

	// Who acts is an argument of every operation: fill it from your session or token.
	ada := policy.Actor{Tenant: "contoso", Account: "ada", SignedInAt: time.Now()}

	preview, yes, err := app.Devices.AskDisable(ctx, ada, "laptop-1")
	check(err)
	fmt.Println(preview.Title)
	for _, c := range preview.Consequences {
		fmt.Println("-", c)
	}
	check(app.Devices.Disable(ctx, ada, "laptop-1", yes))
	fmt.Println(app.Devices.Disable(ctx, ada, "laptop-1", yes))
	// Output:
	// Disable “Ada's laptop”?
	// - The device can no longer sign in, from this moment on.
	// - You cannot undo this. Only an administrator can add the device again.
	// - Its recovery keys stay readable to you.
	// devices.disable refused (already-disabled): This device is already disabled. Only an administrator can add it again. Contact your administrator.
}

// A refusal says why, who can change it, and what helps.
func Example_refusal() {
	ctx := context.Background()
	app, host := newApp()
	admin := policy.Actor{Tenant: "contoso", Account: "grace", Roles: []policy.Role{policy.GlobalAdministrator},
		Proofs: []policy.Proof{{Factor: policy.FactorPasskey, At: time.Now()}}}
	check(app.Host.Accounts.Provision(ctx, host, "grace", policy.Work))
	check(app.Admin.Policy.Lock(ctx, admin, devices.AreaDevices))
	check(app.Admin.Policy.SetContact(ctx, admin, "the help desk, extension 4711"))

	err := app.Devices.Disable(ctx, policy.Actor{Tenant: "contoso", Account: "ada"}, "laptop-1", "")

	var denied *policy.Denied
	if errors.As(err, &denied) {
		fmt.Println(denied.Reason().Code, denied.Reason().What, denied.Reason().Remedy)
		fmt.Println(denied.Message())
	}
	// Output:
	// area-read-only devices ask-administrator
	// This is managed by your organization. Contact the help desk, extension 4711.
}

func newApp() (*myaccount.Account, policy.Actor) {
	ctx := context.Background()
	ring, err := secret.NewKeyRing(secret.NewKey("2026"))
	check(err)
	app, err := myaccount.New(memstore.New(), ring)
	check(err)
	check(app.Admin.Policy.CreateTenant(ctx, policy.System("setup"), "contoso"))
	host := policy.Host("my-portal", "contoso")
	check(app.Host.Accounts.Provision(ctx, host, "ada", policy.Work))
	check(app.Host.Devices.Register(ctx, host, devices.Registration{
		ID: "laptop-1", Owner: "ada", Name: "Ada's laptop", OS: "Windows", OSVersion: "10.0.22631", Join: devices.Joined}))
	return app, host
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
