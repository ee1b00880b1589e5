package devices_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// liar is a store that answers with the rows of another tenant, as one does that forgets the tenant in a query.
type liar struct{ devices.Store }

func (l liar) View(ctx context.Context, fn func(devices.Tx) error) error {
	return l.Store.View(ctx, func(tx devices.Tx) error { return fn(lyingTx{tx}) })
}

func (l liar) Update(ctx context.Context, fn func(devices.Tx) error) error {
	return l.Store.Update(ctx, func(tx devices.Tx) error { return fn(lyingTx{tx}) })
}

type lyingTx struct{ devices.Tx }

const elsewhere policy.TenantID = "fabrikam"

func (l lyingTx) Device(_ policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	return l.Tx.Device(elsewhere, id)
}

func (l lyingTx) DevicesOf(_ policy.TenantID, person policy.AccountID, p store.Page) (store.List[devices.Device], error) {
	return l.Tx.DevicesOf(elsewhere, person, p)
}

func (l lyingTx) RecoveryKey(_ policy.TenantID, id devices.KeyID) (devices.RecoveryKey, error) {
	return l.Tx.RecoveryKey(elsewhere, id)
}

func (l lyingTx) RecoveryKeysOf(_ policy.TenantID, d policy.DeviceID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return l.Tx.RecoveryKeysOf(elsewhere, d, p)
}

func (l lyingTx) RecoveryKeysToRotate(_ policy.TenantID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return l.Tx.RecoveryKeysToRotate(elsewhere, p)
}

func TestAStoreThatAnswersWithAnotherTenantsRowsIsNotBelieved(t *testing.T) {
	w := accounttest.New(t)
	w.Tenant(elsewhere)
	ada, admin := w.Person("ada", policy.Work), w.Admin("carol", policy.GlobalAdministrator)
	other := w.PersonIn(elsewhere, "ada", policy.Work)
	laptop := w.Device(other, "laptop")
	w.Key(elsewhere, laptop, "key-0001", 1)
	_, err := w.App.Devices.Reveal(t.Context(), other, "key-0001") // so that it waits for rotation
	require.NoError(t, err)
	room := over(t, w, liar{w.DB.Devices()}, w.Ring)
	before := saved(t, w.DB)

	list, err := room.Service.List(t.Context(), ada, devices.Query{})
	require.Empty(t, list.Items, "%v", err)
	_, err = room.Service.Get(t.Context(), ada, laptop)
	require.Error(t, err)
	keys, err := room.Service.RecoveryKeys(t.Context(), ada, laptop, devices.KeyQuery{})
	require.Empty(t, keys.Items, "%v", err)
	_, _, err = room.Service.AskDisable(t.Context(), ada, laptop)
	require.Error(t, err)
	for _, reveal := range []func() (secret.Text, error){
		func() (secret.Text, error) { return room.Service.Reveal(t.Context(), ada, "key-0001") },
		func() (secret.Text, error) { return room.Admin.Reveal(t.Context(), admin, "key-0001") },
	} {
		key, err := reveal()
		require.Error(t, err)
		require.True(t, key.Empty())
	}
	devicesOf, err := room.Admin.DevicesOf(t.Context(), admin, "ada", store.Page{})
	require.Empty(t, devicesOf.Items, "%v", err)
	waiting, err := room.Admin.KeysToRotate(t.Context(), admin, store.Page{})
	require.Empty(t, waiting.Items, "%v", err)
	require.Error(t, room.Admin.Disable(t.Context(), admin, laptop))
	requireSame(t, before, saved(t, w.DB), "and nothing was changed or recorded")
}
