package memstore_test

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func TestAWriterStopsWaitingWhenItsContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memstore.New()
		release, waited := make(chan struct{}), make(chan error)
		writing := make(chan struct{})
		go func() {
			waited <- db.Policy().Update(ctx, func(policy.AdminTx) error { close(writing); <-release; return nil })
		}()
		<-writing

		waiting, cancel := context.WithCancel(ctx)
		go func() {
			waited <- db.Devices().Update(waiting, func(devices.Tx) error {
				t.Error("two writers at once")
				return nil
			})
		}()
		synctest.Wait() // until it waits for its turn
		cancel()
		require.ErrorIs(t, <-waited, context.Canceled)

		read(t, db, func(policy.AdminTx) error { return nil }) // a reader waits for nobody

		close(release)
		require.NoError(t, <-waited)
		change(t, db, func(tx policy.AdminTx) error { return tx.AppendEvent(event("ada", "next")) })
	})
}

func TestAWriterWhoseContextIsDoneDoesNotBegin(t *testing.T) {
	done, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, memstore.New().Policy().Update(done, func(policy.AdminTx) error {
		t.Error("the function ran")
		return nil
	}), context.Canceled)
}

// TestNoMethodOfATransactionWorksAfterItsEnd calls each of them, so that a new one is not forgotten.
func TestNoMethodOfATransactionWorksAfterItsEnd(t *testing.T) {
	db := full(t)
	var ended []any
	keepPolicy := func(tx policy.AdminTx) error { ended = append(ended, tx); return nil }
	keepDevices := func(tx devices.Tx) error { ended = append(ended, tx); return nil }
	require.NoError(t, db.Policy().View(ctx, keepPolicy))
	require.NoError(t, db.Policy().Update(ctx, keepPolicy))
	require.NoError(t, db.Devices().View(ctx, keepDevices))
	require.NoError(t, db.Devices().Update(ctx, keepDevices))
	before := saved(t, db)
	for _, tx := range ended {
		v := reflect.ValueOf(tx)
		require.Greater(t, v.NumMethod(), 20)
		for i := range v.NumMethod() {
			name := v.Type().Method(i).Name
			args := make([]reflect.Value, v.Method(i).Type().NumIn())
			for n := range args {
				args[n] = reflect.Zero(v.Method(i).Type().In(n))
			}
			results := v.Method(i).Call(args)
			err, _ := results[len(results)-1].Interface().(error)
			require.EqualError(t, err, "memstore: the transaction is over", name)
		}
	}
	require.Equal(t, before, saved(t, db))
}

func TestACursorOfAnotherStoreIsRefused(t *testing.T) {
	read(t, full(t), func(tx policy.AdminTx) error {
		for _, c := range []store.Cursor{"!", "A", "AAAAAAAAAAA=", store.Cursor(make([]byte, 5000))} {
			_, err := tx.EventsOf("contoso", "ada", store.Page{After: c})
			require.ErrorIs(t, err, store.ErrCursor)
		}
		return nil
	})
}
