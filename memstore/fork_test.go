package memstore_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func TestAForkHasEverythingThatItsOriginHad(t *testing.T) {
	db := full(t)
	require.Equal(t, saved(t, db), saved(t, db.Fork()))
	require.Equal(t, saved(t, db), saved(t, db.Fork().Fork()))
}

func TestAForkAndItsOriginDoNotSeeEachOthersChanges(t *testing.T) {
	db := full(t)
	before := saved(t, db)
	fork := db.Fork()

	change(t, fork, func(tx policy.AdminTx) error { return tx.AppendEvent(event("ada", "of the fork")) })
	require.NoError(t, fork.Devices().Update(ctx, func(tx devices.Tx) error {
		d, err := tx.Device("contoso", "laptop")
		if err != nil {
			return err
		}
		d.State = devices.DisabledByUser
		_, err = tx.PutDevice(d)
		return first(err, tx.DeleteRecoveryKey("contoso", "k1"))
	}))
	require.Equal(t, before, saved(t, db), "the origin")

	of := saved(t, fork)
	change(t, db, func(tx policy.AdminTx) error {
		return first(tx.AppendEvent(event("ada", "of the origin")), tx.DropFollower("contoso", "notices"))
	})
	require.Equal(t, of, saved(t, fork), "the fork")
	require.Equal(t, []string{"1", "2", "3", "of the fork"}, operations(t, fork))
	require.Equal(t, []string{"1", "2", "3", "of the origin"}, operations(t, db))
}

func TestAForkTakenInTheMiddleOfATransactionHasNothingOfIt(t *testing.T) {
	db := full(t)
	var fork *memstore.Store
	change(t, db, func(tx policy.AdminTx) error {
		err := tx.AppendEvent(event("ada", "under way"))
		fork = db.Fork()
		// The fork does not wait for the writer of its origin.
		return first(err, fork.Policy().Update(ctx, func(tx policy.AdminTx) error { return tx.AppendEvent(event("ada", "meanwhile")) }))
	})
	require.Equal(t, []string{"1", "2", "3", "meanwhile"}, operations(t, fork))
	require.Equal(t, []string{"1", "2", "3", "under way"}, operations(t, db))
}

func TestAForkTakesTheSameTimeWhateverTheSize(t *testing.T) {
	for _, n := range []int{0, 1, 5000} {
		db := sized(t, n)
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { db.Fork() }), 3.0, "allocations with %d devices", n)
	}
}

// TestAForkNeverGivesANumberTwice forks while somebody writes: whatever commit a fork has, it goes on behind it.
func TestAForkNeverGivesANumberTwice(t *testing.T) {
	db := memstore.New()
	busy := func(tx policy.AdminTx) error { // changes one row for ever, and tells of it
		f, err := tx.Follower("contoso", "busy")
		if errors.Is(err, store.ErrNotFound) {
			f, err = policy.Follower{Tenant: "contoso", Name: "busy"}, nil
		}
		return first(err, only(tx.PutFollower(f)), tx.AppendEvent(event("ada", "busy")))
	}
	change(t, db, busy)
	var stop atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		for !stop.Load() {
			if err := db.Policy().Update(ctx, busy); err != nil {
				t.Error(err)
				return
			}
		}
	})
	defer writer.Wait()
	defer stop.Store(true)
	for range 3000 {
		fork := db.Fork()
		change(t, fork, func(tx policy.AdminTx) error {
			rev, err := tx.PutFollower(policy.Follower{Tenant: "contoso", Name: "of the fork"})
			other, errOther := tx.Follower("contoso", "busy")
			require.Greater(t, rev, other.Revision)
			return first(err, errOther)
		})
		change(t, fork, func(tx policy.AdminTx) error {
			err := tx.AppendEvent(event("ada", "of the fork"))
			list, errList := tx.EventsOf("contoso", "ada", store.Page{Size: 2})
			require.Len(t, list.Items, 2)
			require.Greater(t, list.Items[0].Seq, list.Items[1].Seq)
			require.Equal(t, "of the fork", list.Items[0].Operation)
			return first(err, errList)
		})
	}
}
