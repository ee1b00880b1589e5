package devices_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// The room alone, on a store, with a laptop of ada's that escrowed its recovery key.
func newRoom() (devices.Room, policy.Actor) {
	ctx := context.Background()
	db := memstore.New()
	guard := policy.NewGuard()
	ring, err := secret.NewKeyRing(secret.NewKey("2026"))
	check(err)
	room, err := devices.New(guard, db.Devices(), ring)
	check(err)
	check(policy.NewAdmin(guard, db.Policy(), devices.Areas(), devices.Settings()).CreateTenant(ctx, policy.System("setup"), "contoso"))
	host := policy.Host("my-portal", "contoso")
	check(policy.NewHost(guard, db.Policy()).Provision(ctx, host, "ada", policy.Work))
	check(room.Host.Register(ctx, host, devices.Registration{ID: "laptop-1", Owner: "ada", Name: "Laptop",
		OS: "Windows", OSVersion: "10.0.22631", Join: devices.Joined}))
	check(room.Host.Escrow(ctx, host.On("laptop-1"), "laptop-1", devices.Escrow{ID: "8c1f5e0a-9d7b-4c43-a9a4-5be7c1c2f8d1",
		Volume: devices.OperatingSystemVolume, Password: secret.NewText("000011-000022-000033-000044-000055-000066-000077-000088")}))
	now := time.Now()
	return room, policy.Actor{Tenant: "contoso", Account: "ada", SignedInAt: now,
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: now}, {Factor: policy.FactorOTP, At: now}}}
}

// Each listed device carries what may be done to it, so that a page can grey out the rest and say why.
func ExampleService_List() {
	room, ada := newRoom()
	list, err := room.Service.List(context.Background(), ada, devices.Query{})
	check(err)
	for _, d := range list.Items {
		fmt.Println(d.Name, d.State)
		fmt.Println("disable:", d.Disable.Allowed)
		fmt.Println("remove:", d.Remove.Allowed, d.Remove.Message())
	}
	// Output:
	// Laptop enabled
	// disable: true
	// remove: false This is not available for your kind of account.
}

// Disabling is irreversible, so it is asked first; the answer travels through a form as text.
func ExampleService_AskDisable() {
	ctx := context.Background()
	room, ada := newRoom()
	preview, yes, err := room.Service.AskDisable(ctx, ada, "laptop-1")
	check(err)
	fmt.Println(preview.Title)

	fmt.Println(room.Service.Disable(ctx, ada, "laptop-1", "") != nil)
	fmt.Println(room.Service.Disable(ctx, ada, "laptop-1", yes))
	fmt.Println(room.Host.MayAuthenticate(ctx, policy.Host("idp", "contoso"), "laptop-1"))
	// Output:
	// Disable “Laptop”?
	// true
	// <nil>
	// devices.may-authenticate refused (sign-in-disabled): This device is disabled and can no longer sign in. Contact your administrator.
}

// The person compares the first characters of the key's id with the recovery screen, and reads the key on
// another device.
func ExampleService_Reveal() {
	ctx := context.Background()
	room, ada := newRoom()
	keys, err := room.Service.RecoveryKeys(ctx, ada, "laptop-1", devices.KeyQuery{Prefix: "8C1F5E0A"})
	check(err)
	id := keys.Items[0].ID

	key, err := room.Service.Reveal(ctx, ada, id)
	check(err)
	fmt.Println(key, key.Reveal())

	_, err = room.Service.Reveal(ctx, ada.On("laptop-1"), id)
	fmt.Println(err)
	// Output:
	// [redacted] 000011-000022-000033-000044-000055-000066-000077-000088
	// devices.reveal-key refused (locked-device): You are on the device that this key unlocks. Use another device.
}

// A device that does not exist and one that is somebody else's are the same error.
func ExampleService_Get() {
	room, ada := newRoom()
	_, err := room.Service.Get(context.Background(), ada, "no-such-device")
	fmt.Println(errors.Is(err, store.ErrNotFound))
	// Output: true
}

func ExampleParseRecoveryPassword() {
	_, err := devices.ParseRecoveryPassword(secret.NewText("000011-000022-000034-000044-000055-000066-000077-000088"))
	fmt.Println(err)
	t, err := devices.ParseRecoveryPassword(secret.NewText("000011 000022 000033 000044 000055 000066 000077 000088"))
	fmt.Println(t.Reveal(), err)
	// Output:
	// recoveryPassword: group 3 is not divisible by 11
	// 000011-000022-000033-000044-000055-000066-000077-000088 <nil>
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
