package memstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/store"
)

// A fork begins as the store is now and goes its own way, at no cost: one for each test.
func ExampleStore_Fork() {
	ctx := context.Background()
	fixture := memstore.New()
	put := func(db *memstore.Store, id string) {
		err := db.Devices().Update(ctx, func(tx devices.Tx) error {
			_, err := tx.PutDevice(devices.Device{Tenant: "contoso", ID: "laptop", Name: id, State: devices.Enabled})
			return err
		})
		fmt.Println(id, err)
	}
	one, two := fixture.Fork(), fixture.Fork()
	put(one, "in one fork")
	put(two, "in the other")
	put(two, "twice in one")
	// Output:
	// in one fork <nil>
	// in the other <nil>
	// twice in one conflict: the stored row is not the one that was read
}

func ExampleLoad() {
	ctx := context.Background()
	db := memstore.New()
	var saved bytes.Buffer
	if err := db.Save(&saved); err != nil {
		fmt.Println(err)
	}
	stream := saved.Bytes()

	again, err := memstore.Load(bytes.NewReader(stream))
	fmt.Println(err)
	err = again.Devices().View(ctx, func(tx devices.Tx) error {
		_, err := tx.Device("contoso", "laptop")
		return err
	})
	fmt.Println(errors.Is(err, store.ErrNotFound))

	_, err = memstore.Load(bytes.NewReader(stream[:len(stream)-10]))
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// memstore: unusable stream: line 2: the stream ends early
}
