package memstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func TestAPageBehindTheLastDeviceDoesNotRunIntoTheNextPersonsPart(t *testing.T) {
	db, ctx := memstore.New(), context.Background()
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	put := func(id policy.DeviceID, registered time.Time, owner policy.AccountID, users ...policy.AccountID) {
		d := devices.Device{Tenant: "contoso", ID: id, Owner: owner, State: devices.Enabled, RegisteredAt: registered}
		for _, u := range users {
			d.Users = append(d.Users, devices.User{Account: u})
		}
		require.NoError(t, db.Devices().Update(ctx, func(tx devices.Tx) error {
			old, err := tx.Device(d.Tenant, d.ID)
			if err == nil {
				d.Revision = old.Revision
			}
			_, err = tx.PutDevice(d)
			return err
		}))
	}
	list := func(p store.Page) (l store.List[devices.Device]) {
		require.NoError(t, db.Devices().View(ctx, func(tx devices.Tx) (err error) {
			l, err = tx.DevicesOf("contoso", "ada", p)
			return err
		}))
		return l
	}
	put("shared", at.Add(2*time.Hour), "ada", "bob") // stands in bob's part too, before everything else there
	put("middle", at.Add(time.Hour), "ada")
	put("last", at, "ada")
	first := list(store.Page{Size: 2})
	require.Len(t, first.Items, 2)
	put("last", at, "carol") // what the next page would begin with is somebody else's by then

	require.Empty(t, list(store.Page{After: first.Next}).Items, "and not the shared device once more")
}
