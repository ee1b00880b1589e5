package memstore_test

import (
	"strconv"
	"sync"
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

// TestAForkNeverGivesANumberTwice forks while somebody writes: whatever commit the fork saw, it goes on behind it.
func TestAForkNeverGivesANumberTwice(t *testing.T) {
	db := memstore.New()
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			e := db.Policy().Update(ctx, func(tx policy.AdminTx) error {
				_, e := tx.PutFollower(policy.Follower{Tenant: "contoso", Name: strconv.Itoa(i % 50)})
				if i >= 50 {
					f, e := tx.Follower("contoso", strconv.Itoa(i%50))
					if e != nil {
						return e
					}
					_, e = tx.PutFollower(f)
					return first(e, tx.AppendEvent(event("ada", strconv.Itoa(i))))
				}
				return e
			})
			if e != nil {
				t.Error(e)
				return
			}
		}
	})
	for range 500 {
		fork := db.Fork()
		var rev store.Revision
		change(t, fork, func(tx policy.AdminTx) (e error) {
			rev, e = tx.PutFollower(policy.Follower{Tenant: "contoso", Name: "of the fork"})
			return first(e, tx.AppendEvent(event("ada", "of the fork")))
		})
		read(t, fork, func(tx policy.AdminTx) error {
			all, e := tx.Followers("contoso")
			for _, f := range all {
				if f.Name != "of the fork" {
					require.Less(t, f.Revision, rev)
				}
			}
			list, e2 := tx.EventsOf("contoso", "ada", store.Page{Size: 2})
			require.Equal(t, "of the fork", list.Items[0].Operation)
			if len(list.Items) == 2 {
				require.Less(t, list.Items[1].Seq, list.Items[0].Seq)
			}
			return first(e, e2)
		})
	}
	close(stop)
	writer.Wait()
}
