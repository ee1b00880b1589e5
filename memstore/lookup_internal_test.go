package memstore

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// guid is as long as the identifiers of real directories.
func guid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }

func TestALookupAllocatesNothingOfItsOwn(t *testing.T) {
	db := New()
	session := policy.Session{Tenant: policy.TenantID(guid(1)), Account: policy.AccountID(guid(2)), ID: policy.SessionID(guid(3))}
	require.NoError(t, db.Policy().Update(context.Background(), func(tx policy.AdminTx) error {
		_, err := tx.PutSession(session)
		return err
	}))
	tx := db.newTx(false)
	defer tx.close()
	tx.by(kSession(tx.key(), session.Tenant, session.Account, session.ID))
	engine := testing.AllocsPerRun(100, func() { _, _ = tx.txn.First(sessionsByID.table, byID, tx.args[:]...) })
	require.Equal(t, engine, testing.AllocsPerRun(100, func() {
		if _, err := row(tx, sessionsByID, kSession(tx.key(), session.Tenant, session.Account, session.ID)); err != nil {
			t.Error(err)
		}
	}))
}

// TestLookupsNeverDisturbWhatIsStored puts, gets and lists in one transaction, with identifiers that fit the
// room for a lookup's key and some that do not, and finds everything afterwards.
func TestLookupsNeverDisturbWhatIsStored(t *testing.T) {
	db := New()
	ids := []policy.DeviceID{"d", policy.DeviceID(guid(1)), policy.DeviceID(strings.Repeat("x", policy.MaxID))}
	owners := []policy.AccountID{"ada", policy.AccountID(guid(2)), policy.AccountID(strings.Repeat("y", policy.MaxID))}
	check := func(tx devices.Tx, upTo int) error {
		for i := range upTo {
			d, err := tx.Device("contoso", ids[i])
			if err != nil || d.ID != ids[i] || d.Owner != owners[i] {
				return fmt.Errorf("device %d: %q of %q, %w", i, d.ID, d.Owner, err)
			}
			list, err := tx.DevicesOf("contoso", owners[i], store.Page{Size: 1})
			if err != nil || len(list.Items) != 1 || list.Items[0].ID != ids[i] {
				return fmt.Errorf("devices of %d: %+v, %w", i, list, err)
			}
			if _, err := tx.Device("contoso", "missing"); err == nil {
				return fmt.Errorf("found what is not there")
			}
		}
		return nil
	}
	require.NoError(t, db.Devices().Update(context.Background(), func(tx devices.Tx) error {
		for i, id := range ids {
			if _, err := tx.PutDevice(devices.Device{Tenant: "contoso", ID: id, Owner: owners[i]}); err != nil {
				return err
			}
			if err := check(tx, i+1); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.Devices().View(context.Background(), func(tx devices.Tx) error { return check(tx, len(ids)) }))
}
