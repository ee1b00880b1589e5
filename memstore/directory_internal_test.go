package memstore

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// leavesOf gives all leaves of a store in their order.
func leavesOf(t require.TestingT, db *Store) (all []*leaf) {
	it, err := db.db.Txn(false).Get(leaves.table, byID+"_prefix", new(key))
	require.NoError(t, err)
	for raw := it.Next(); raw != nil; raw = it.Next() {
		all = append(all, raw.(*leaf))
	}
	return all
}

// directoriesAreSound holds the directories against the chunks: an account has none, or each of its records stands
// in it once.
func directoriesAreSound(t require.TestingT, db *Store) {
	have, want := make(map[string][]string), make(map[string][]string)
	lowest := int64(-1)
	for _, l := range leavesOf(t, db) {
		of := fmt.Sprintf("%q of %q", l.account, l.tenant)
		require.True(t, slices.IsSorted(l.hashes))
		require.Len(t, l.times, len(l.hashes))
		require.True(t, len(l.hashes) > 0 || l.bound == greatest && len(have[of]) > 0, "only the last of several may be empty")
		for i, h := range l.hashes {
			require.Greater(t, int64(h), lowest)
			require.LessOrEqual(t, h, l.bound)
			have[of] = append(have[of], fmt.Sprint(h, " ", l.times[i]))
		}
		if lowest = int64(l.bound); l.bound == greatest {
			lowest = -1 // what follows is another account's
		}
	}
	require.EqualValues(t, -1, lowest, "each account has a last leaf")
	for _, c := range chunksOf(t, db) {
		of := fmt.Sprintf("%q of %q", c.account(), c.tenant())
		for i := range c.records {
			want[of] = append(want[of], fmt.Sprint(hashOf(c.id(i)), " ", c.records[i].at))
		}
	}
	for of, got := range have {
		slices.Sort(got)
		slices.Sort(want[of])
		require.Equal(t, want[of], got)
	}
}

// recordMany records n attempts of Ada's, a second apart.
func recordMany(t *testing.T, db *Store, n int) {
	t.Helper()
	for i := 0; i < n; {
		require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
			for end := min(n, i+1000); i < end; i++ {
				if _, err := tx.PutSignIn(attemptOf(fmt.Sprint(i), start.Add(time.Duration(i)*time.Second))); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func attemptOf(id string, at time.Time) signins.SignIn {
	return signins.SignIn{Tenant: "contoso", Record: signins.Record{ID: signins.ID(id), Account: "ada", At: at}}
}

// readToRecord counts the chunks that are asked for one attempt as package signins records it: it looks for the id,
// and puts what is new.
func readToRecord(t *testing.T, db *Store, id string, at time.Time) (read int) {
	t.Helper()
	require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
		_, err := tx.SignIn("contoso", "ada", signins.ID(id))
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = tx.PutSignIn(attemptOf(id, at))
		read = tx.(*Tx).read
		return err
	}))
	return read
}

func TestARecordAsksForNoMoreChunksHoweverManyThereAre(t *testing.T) {
	const n = 30_000
	db := New()
	recordMany(t, db, n)
	directoriesAreSound(t, db)
	for name, at := range map[string]time.Time{
		"newest": start.Add(n * time.Second), "between": start.Add(n / 2 * time.Second), "oldest": start.Add(-time.Second),
	} {
		require.LessOrEqual(t, readToRecord(t, db, name, at), 3, name)
	}
	require.NoError(t, db.SignIns().View(context.Background(), func(tx signins.Tx) error {
		s, err := tx.SignIn("contoso", "ada", "77")
		require.Equal(t, start.Add(77*time.Second), s.At)
		require.LessOrEqual(t, tx.(*Tx).read, 2, "for an id alone")
		return err
	}))
}

func TestAnIDIsTheAccountsOnlyOneWhateverItsTime(t *testing.T) {
	db := New()
	recordMany(t, db, (maxWalk+2)*maxChunk)
	require.NotEmpty(t, leavesOf(t, db))
	require.ErrorIs(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
		_, err := tx.PutSignIn(attemptOf("77", start))
		return err
	}), store.ErrConflict)
}

func TestAWriteIsFoundBehindAMiss(t *testing.T) {
	require.NoError(t, New().SignIns().Update(context.Background(), func(tx signins.Tx) error {
		_, err := tx.SignIn("contoso", "ada", "1")
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = tx.PutSignIn(attemptOf("1", start))
		require.NoError(t, err)
		_, err = tx.SignIn("contoso", "ada", "1")
		return err
	}))
}

func TestALoadedStoreMakesADirectoryWithTheFirstRecord(t *testing.T) {
	db := New()
	recordMany(t, db, (maxWalk+2)*maxChunk)
	db = reloaded(t, db)
	require.Empty(t, leavesOf(t, db))
	readToRecord(t, db, "first", start)
	require.LessOrEqual(t, readToRecord(t, db, "second", start), 3)
	directoriesAreSound(t, db)
}

func TestADirectoryLosesWhatIsPurged(t *testing.T) {
	const n = (maxWalk + 4) * maxChunk
	db := New()
	recordMany(t, db, n)
	require.Greater(t, len(leavesOf(t, db)), 2)
	for left := n; left > 0; left -= 100 {
		require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
			_, _, err := tx.PurgeSignIns("contoso", start.Add(n*time.Second), store.Page{Size: 100})
			return err
		}))
		directoriesAreSound(t, db)
		chunksAreSound(t, db)
	}
	require.Empty(t, leavesOf(t, db), "nothing stays of an account without sign-ins")
}

func TestIDsOfOneHashStayTogether(t *testing.T) {
	db := New()
	alike := &leaf{tenant: "contoso", account: "ada", bound: greatest, hashes: make([]uint32, 2*maxLeaf), times: make([]int64, 2*maxLeaf)}
	require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error { return tx.(*Tx).insertLeaf(alike) }))
	require.Len(t, leavesOf(t, db), 1)
	for i := maxLeaf; i < 2*maxLeaf; i++ {
		alike.hashes[i] = 7
	}
	require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error { return tx.(*Tx).insertLeaf(alike) }))
	all := leavesOf(t, db)
	require.Len(t, all, 2)
	require.Equal(t, uint32(0), all[0].bound)
	require.Len(t, all[1].hashes, maxLeaf)
}

// indexed makes an account's directory however few chunks it has.
func indexed(t require.TestingT, db *Store, tenant policy.TenantID, account policy.AccountID) {
	require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
		if l, err := tx.(*Tx).leafOf(tenant, account, 0); l != nil || err != nil {
			return err
		}
		return tx.(*Tx).makeDirectory(tenant, account)
	}))
}
