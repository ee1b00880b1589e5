package memstore_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// FuzzLoad reads any stream, and any rows in a frame that is right. Either is refused, or gives a store that
// saves what it holds.
func FuzzLoad(f *testing.F) {
	// Short seeds: long ones keep the fuzzer busy with making them shorter.
	small := memstore.New()
	change(f, small, func(tx policy.AdminTx) error { return tx.AppendEvent(event("ada", "1")) })
	f.Add(saved(f, small), false)
	for _, row := range lines(saved(f, full(f))) {
		f.Add([]byte(row), true)
	}
	f.Add([]byte(`{"table":"devices","row":null}`+"\n"+`{"table":"settings","row":{}}`+"\n"), true)
	f.Fuzz(func(t *testing.T, stream []byte, rows bool) {
		if rows {
			stream = framed(stream)
		}
		db, err := memstore.Load(bytes.NewReader(stream))
		if err != nil {
			require.ErrorIs(t, err, memstore.ErrStream)
			require.Nil(t, db)
			return
		}
		once := saved(t, db)
		require.Equal(t, string(once), string(saved(t, load(t, once))))
		change(t, db, func(tx policy.AdminTx) error { return tx.AppendEvent(event("ada", "next")) })
	})
}

// framed puts a header and a trailer around rows.
func framed(rows []byte) []byte {
	stream := slices.Concat([]byte(`{"format":"myaccount/memstore","version":1,"seq":1000}`+"\n"), rows)
	return fmt.Appendf(stream, `{"end":{"rows":%d,"sha256":"%x"}}`+"\n", bytes.Count(rows, []byte("\n")), sha256.Sum256(stream))
}

// FuzzCursor goes on from any cursor, in every list: it reads what is in the list or is refused.
func FuzzCursor(f *testing.F) {
	db := full(f)
	change(f, db, func(tx policy.AdminTx) error {
		e := event("ada", "of another tenant")
		e.Tenant = "fabrikam"
		return tx.AppendEvent(e)
	})
	for _, c := range cursors(f, db) {
		f.Add(string(c))
	}
	f.Add("AAAAAAAAAAA")
	f.Add("_____________")
	f.Fuzz(func(t *testing.T, cursor string) {
		p := store.Page{After: store.Cursor(cursor)}
		require.NoError(t, db.Devices().View(ctx, func(tx devices.Tx) error {
			own(t, func() (store.List[devices.Device], error) { return tx.DevicesOf("contoso", "ada", p) },
				func(d devices.Device) string { return string(d.ID) }, "phone", "laptop")
			keys := func(k devices.RecoveryKey) string { return string(k.ID) }
			own(t, func() (store.List[devices.RecoveryKey], error) { return tx.RecoveryKeysOf("contoso", "laptop", p) }, keys, "k1", "k2")
			own(t, func() (store.List[devices.RecoveryKey], error) { return tx.RecoveryKeysToRotate("contoso", p) }, keys, "k1", "k2")
			return nil
		}))
		require.NoError(t, db.SignIns().View(ctx, func(tx signins.Tx) error {
			own(t, func() (store.List[signins.SignIn], error) { return tx.SignInsOf("contoso", "ada", p) },
				func(s signins.SignIn) string { return string(s.ID) }, "a2", "a1")
			return nil
		}))
		operation := func(e policy.Event) string { return e.Operation }
		read(t, db, func(tx policy.AdminTx) error {
			own(t, func() (store.List[policy.Event], error) { return tx.EventsOf("contoso", "ada", p) }, operation, "2", "1")
			own(t, func() (store.List[policy.Event], error) { return tx.Events("contoso", p) }, operation, "3", "2", "1")
			own(t, func() (store.List[policy.Event], error) { return tx.EventsAfter("contoso", p) }, operation, "1", "2", "3")
			return nil
		})
		fork := db.Fork()
		err := fork.Policy().Update(ctx, func(tx policy.AdminTx) error {
			n, err := tx.PurgeEvents("contoso", noon.AddDate(1, 0, 0), []store.Cursor{p.After}, 10)
			require.LessOrEqual(t, n, 3)
			return err
		})
		require.True(t, err == nil || errors.Is(err, store.ErrCursor), "PurgeEvents: %v", err)
		read(t, fork, func(tx policy.AdminTx) error {
			list, err := tx.Events("fabrikam", store.Page{})
			require.Len(t, list.Items, 1)
			return err
		})
	})
}

// own requires that a list is refused for its cursor, or gives some of its items in their order.
func own[R any](t *testing.T, fetch func() (store.List[R], error), id func(R) string, want ...string) {
	t.Helper()
	list, err := fetch()
	require.True(t, err == nil || errors.Is(err, store.ErrCursor), "%v", err)
	for _, r := range list.Items {
		at := slices.Index(want, id(r))
		require.NotEqual(t, -1, at, "%q is not, or no more, among %q", id(r), want)
		want = want[at+1:]
	}
}

// cursors are some that the store made.
func cursors(t testing.TB, db *memstore.Store) (all []store.Cursor) {
	t.Helper()
	p := store.Page{Size: 1}
	read(t, db, func(tx policy.AdminTx) error {
		a, e1 := tx.EventsOf("contoso", "ada", p)
		b, e2 := tx.Events("contoso", p)
		c, e3 := tx.EventsAfter("contoso", p)
		all = append(all, a.Next, b.Next, c.Next)
		return first(e1, e2, e3)
	})
	require.NoError(t, db.Devices().View(ctx, func(tx devices.Tx) error {
		a, e1 := tx.DevicesOf("contoso", "ada", p)
		b, e2 := tx.RecoveryKeysOf("contoso", "laptop", p)
		c, e3 := tx.RecoveryKeysToRotate("contoso", p)
		all = append(all, a.Next, b.Next, c.Next)
		return first(e1, e2, e3)
	}))
	require.NoError(t, db.SignIns().View(ctx, func(tx signins.Tx) error {
		list, err := tx.SignInsOf("contoso", "ada", p)
		all = append(all, list.Next)
		return err
	}))
	return all
}
