package msgraph_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// One page of GET /devices?$expand=registeredOwners, and one key read with $select=key.
const (
	devicesPage = `{
  "value": [
    {"deviceId": "laptop", "displayName": "Ada's laptop", "trustType": "AzureAd", "accountEnabled": true,
     "registeredOwners": [{"@odata.type": "#microsoft.graph.user", "id": "ada"}]},
    {"deviceId": "kiosk", "displayName": "Kiosk", "trustType": "Workplace", "accountEnabled": true}
  ]
}`
	recoveryKey = `{"id": "key-1", "deviceId": "laptop", "volumeType": "1",
 "key": "000011-000022-000033-000044-000055-000066-000077-000088"}`
)

func ExampleImportDevices() {
	ctx := context.Background()
	app, sync := newApp(ctx)

	report, err := msgraph.ImportDevices(ctx, app.Admin.Devices, sync, strings.NewReader(devicesPage), msgraph.Options{})
	fmt.Println(report, err)
	for _, refusal := range report.Refusals {
		fmt.Println(refusal)
	}

	report, err = msgraph.ImportRecoveryKeys(ctx, app.Admin.Devices, sync, strings.NewReader(recoveryKey))
	fmt.Println(report, err)
	// Output:
	// 2 read: 1 imported, 1 refused <nil>
	// record 2, line 5: registeredOwners: is empty; only a hybrid joined device may have no owner
	// 1 read: 1 imported <nil>
}

// An export without $expand: each device's owner is on a page of its own, at /devices/{id}/registeredOwners.
func ExampleOptions() {
	ctx := context.Background()
	app, sync := newApp(ctx)
	pages := map[string]string{"object-1": `{"value": [{"id": "ada", "displayName": "Ada"}]}`}

	owners := make(map[string]policy.AccountID)
	for id, page := range pages {
		for person, err := range msgraph.People(strings.NewReader(page)) {
			if err != nil {
				log.Fatal(err)
			}
			owners[id] = person.ID
		}
	}
	report, err := msgraph.ImportDevices(ctx, app.Admin.Devices, sync,
		strings.NewReader(`{"id": "object-1", "deviceId": "phone", "accountEnabled": true, "displayName": "Ada's phone"}`),
		msgraph.Options{Owners: owners})
	fmt.Println(report, err)
	// Output:
	// 1 read: 1 imported <nil>
}

func ExampleImportUsers() {
	ctx := context.Background()
	app, sync := newApp(ctx)
	const users = `{"value": [
  {"id": "bob", "userPrincipalName": "bob@contoso.example", "displayName": "Bob", "accountEnabled": true, "userType": "Member"},
  {"id": "eve", "userPrincipalName": "Bob@contoso.example", "displayName": "Eve", "accountEnabled": true, "userType": "Member"},
  {"id": "ada", "userPrincipalName": "ada@contoso.example", "displayName": "Ada", "manager": {"id": "bob"}}
]}`
	to := msgraph.UserDoors{Accounts: app.Host.Accounts, People: app.Host.Account, Profiles: app.Admin.Account}
	report, err := msgraph.ImportUsers(ctx, to, sync, strings.NewReader(users), msgraph.UserOptions{})
	fmt.Println(report, err)
	for _, refusal := range report.Refusals {
		fmt.Println(refusal)
	}
	fmt.Println(app.Host.Account.Lookup(ctx, sync, "bob@contoso.example"))
	// Output:
	// 3 read: 1 imported, 1 updated, 1 refused <nil>
	// record 2, line 3: userPrincipalName: is another account's here, or was once
	// bob <nil>
}

func ExampleDevices() {
	export := `{"value": [{"deviceId": "laptop", "displayName": "Ada's laptop", "trustType": "AzureAd"}, {"displayName": "no id"}]}
{"deviceId": "phone", "displayName": "Ada's phone", "trustType": "Workplace"}
{"deviceId": "tablet",`
	for device, err := range msgraph.Devices(strings.NewReader(export)) {
		var refusal *msgraph.Refusal
		switch {
		case errors.As(err, &refusal):
			fmt.Println("refused:", refusal)
		case err != nil:
			fmt.Println("the end:", err)
		default:
			fmt.Println(device.ID, device.Name, device.Join)
		}
	}
	// Output:
	// laptop Ada's laptop joined
	// refused: record 2, line 1: deviceId: is missing
	// phone Ada's phone registered
	// the end: line 3: ends in the middle of a value: unexpected EOF
}

func ExampleRecoveryKeys() {
	for key, err := range msgraph.RecoveryKeys(strings.NewReader(recoveryKey)) {
		fmt.Println(key.ID, key.Device, key.Volume, key.Password, err)
	}
	// Output:
	// key-1 laptop operating-system [redacted] <nil>
}

// newApp gives the library with the tenant contoso and Ada's account in it, and who imports there.
func newApp(ctx context.Context) (*myaccount.Account, policy.Actor) {
	ring, err := secret.NewKeyRing(secret.NewKey("example"))
	if err != nil {
		log.Fatal(err)
	}
	app, err := myaccount.New(memstore.New(), ring)
	if err != nil {
		log.Fatal(err)
	}
	sync := policy.Host("directory-sync", "contoso")
	if err := app.Admin.Policy.CreateTenant(ctx, policy.System("setup"), "contoso"); err != nil {
		log.Fatal(err)
	}
	if err := app.Host.Accounts.Provision(ctx, sync, "ada", policy.Work); err != nil {
		log.Fatal(err)
	}
	return app, sync
}
