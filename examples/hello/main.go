// Command hello is the program of the README: make a tenant, an account and a device, and disable the device.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

func main() {
	ctx := context.Background()
	ring, err := secret.NewKeyRing(secret.NewKey("2026"))
	check(err)
	app, err := myaccount.New(memstore.New(), ring)
	check(err)

	// The installation has a tenant; the host makes accounts and devices known.
	check(app.Admin.Policy.CreateTenant(ctx, policy.System("setup"), "contoso"))
	host := policy.Host("my-portal", "contoso")
	check(app.Host.Accounts.Provision(ctx, host, "ada", policy.Work))
	check(app.Host.Devices.Register(ctx, host, devices.Registration{
		ID: "laptop-1", Owner: "ada", Name: "Ada's laptop", OS: "Windows", OSVersion: "10.0.22631", Join: devices.Joined}))

	// Who acts is an argument of every operation: fill it from your session or token.
	ada := policy.Actor{Tenant: "contoso", Account: "ada", SignedInAt: time.Now()}

	preview, yes, err := app.Devices.AskDisable(ctx, ada, "laptop-1")
	check(err)
	fmt.Println(preview.Title, preview.Consequences)
	check(app.Devices.Disable(ctx, ada, "laptop-1", yes))
	fmt.Println(app.Devices.Disable(ctx, ada, "laptop-1", yes)) // refused, and why
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
