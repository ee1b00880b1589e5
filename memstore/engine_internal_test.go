package memstore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// TestNothingIsCommittedAfterAnErrorOfTheEngine makes the engine fail as a wrong index function would: it may have
// kept half of the row by then, so it does not matter that the function goes on.
func TestNothingIsCommittedAfterAnErrorOfTheEngine(t *testing.T) {
	ctx := context.Background()
	s := New()
	for name, fail := range map[string]func(*Tx) error{
		"insert": func(tx *Tx) error { return tx.insert(devicesByID.table, "no row") },
		"delete": func(tx *Tx) error { return tx.delete(devicesByID.table, "no row") },
	} {
		t.Run(name, func(t *testing.T) {
			var failed error
			err := s.Policy().Update(ctx, func(tx policy.AdminTx) error {
				require.NoError(t, tx.AppendEvent(policy.Event{Tenant: "contoso", Operation: "before"}))
				failed = fail(tx.(*Tx))
				return nil
			})
			require.Error(t, failed)
			require.ErrorIs(t, err, failed)
		})
	}
	require.NoError(t, s.Policy().Update(ctx, func(tx policy.AdminTx) error {
		list, err := tx.Events("contoso", store.Page{})
		require.Empty(t, list.Items)
		return err
	}))
}
