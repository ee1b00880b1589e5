package account_test

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// What the tests of this room share with those of all rooms.
var (
	rows        = testkit.Rows
	saved       = testkit.Saved
	requireSame = testkit.RequireSame
	codeOf      = testkit.CodeOf
)

const notARefusal = testkit.NotARefusal

// quick is a hasher that does the least that Argon2id allows, over a world's ring.
func quick(t testing.TB, w *accounttest.World) *password.Hasher {
	t.Helper()
	slow, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 0)
	require.NoError(t, err)
	h, err := password.NewHasher(slow, w.Ring)
	require.NoError(t, err)
	return h
}

// over is the room over another store than the world's own.
func over(t testing.TB, w *accounttest.World, s account.Store) account.Room {
	t.Helper()
	var last atomic.Uint64
	ids := func() string { return "over-" + strconv.FormatUint(last.Add(1), 10) }
	codes, err := challenge.NewCodes(w.Ring, w.Mail)
	require.NoError(t, err)
	room, err := account.New(policy.NewGuard(policy.WithClock(w.Clock.Now), policy.WithIDs(ids)), s, quick(t, w), codes, w.Ring)
	require.NoError(t, err)
	return room
}

// doors are the room's own of a world.
func doors(w *accounttest.World) account.Room {
	return account.Room{Service: w.App.Account, Admin: w.App.Admin.Account, Host: w.App.Host.Account}
}

// edit changes rows behind the room's back.
func edit(t testing.TB, db *memstore.Store, fn func(account.Tx) error) {
	t.Helper()
	require.NoError(t, db.Account().Update(t.Context(), fn))
}

func editStanding(t testing.TB, db *memstore.Store, id policy.AccountID, change func(*policy.Standing)) {
	t.Helper()
	testkit.EditStanding(t, db, accounttest.Tenant, id, change)
}

func editCredential(t testing.TB, db *memstore.Store, id policy.AccountID, change func(*account.Credential)) {
	t.Helper()
	edit(t, db, func(tx account.Tx) error {
		c, err := tx.Credential(accounttest.Tenant, id)
		if err != nil {
			return err
		}
		change(&c)
		_, err = tx.PutCredential(c)
		return err
	})
}

func credential(t testing.TB, db *memstore.Store, id policy.AccountID) (c account.Credential) {
	t.Helper()
	require.NoError(t, db.Account().View(t.Context(), func(tx account.Tx) (err error) {
		c, err = tx.Credential(accounttest.Tenant, id)
		return err
	}))
	return c
}

func standing(t testing.TB, db *memstore.Store, id policy.AccountID) (st policy.Standing) {
	t.Helper()
	require.NoError(t, db.Account().View(t.Context(), func(tx account.Tx) (err error) {
		st, err = tx.Standing(accounttest.Tenant, id)
		return err
	}))
	return st
}

// lockedUntil is a throttle that is locked at home, and for who is signed in.
func lockedUntil(at time.Time) password.Throttle {
	f := password.Failures{Count: 10, LockedUntil: at}
	return password.Throttle{Familiar: f, SignedIn: f, InARow: 10}
}

// forking gives worlds that begin alike.
type forking = func(testing.TB) *accounttest.World

// withoutTable is all that a store keeps but the rows of one table, without what stands around the rows.
func withoutTable(kept, table string) string {
	var out strings.Builder
	for line := range strings.Lines(kept) {
		if strings.HasPrefix(line, `{"table":`) && !strings.HasPrefix(line, `{"table":"`+table+`"`) {
			out.WriteString(line)
		}
	}
	return out.String()
}

func rowsOf(t testing.TB, w *accounttest.World) string { return rows(t, w.DB) }
