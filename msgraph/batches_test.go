package msgraph_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// An import of any length holds no more than a batch at a time, and lets other writers have their turn between two.

// counted is a store that counts the rows that each of its transactions writes.
type counted[T any] struct {
	store.Store[T]
	counting func(tx T, rows *int) T
	rows     []int // of each transaction that committed
	began    func()
}

func (c *counted[T]) Update(ctx context.Context, fn func(T) error) error {
	c.began()
	rows := 0
	err := c.Store.Update(ctx, func(tx T) error {
		rows = 0
		return fn(c.counting(tx, &rows))
	})
	if err == nil {
		c.rows = append(c.rows, rows)
	}
	return err
}

type countedDevices struct {
	devices.Tx
	rows *int
}

func (c countedDevices) PutDevice(d devices.Device) (store.Revision, error) {
	*c.rows++
	return c.Tx.PutDevice(d)
}

func (c countedDevices) PutRecoveryKey(k devices.RecoveryKey) (store.Revision, error) {
	*c.rows++
	return c.Tx.PutRecoveryKey(k)
}

type countedSignIns struct {
	signins.Tx
	rows *int
}

func (c countedSignIns) PutSignIn(s signins.SignIn) (store.Revision, error) {
	*c.rows++
	return c.Tx.PutSignIn(s)
}

// readCounter counts the bytes that were read.
type readCounter struct {
	io.Reader
	n int
}

func (c *readCounter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestAnImportWorksInBoundedBatches(t *testing.T) {
	const rest, shelves = 17, 40
	for name, c := range map[string]struct {
		most   int
		record func(i int) string
		load   func(w *accounttest.World, began func(), r io.Reader) (msgraph.Report, []int, error)
	}{
		"devices": {devices.MaxImport,
			func(i int) string {
				return fmt.Sprintf(`{"deviceId":"d%d","accountEnabled":true,"trustType":"AzureAd","registeredOwners":[{"id":"ada"}]}`, i)
			},
			func(w *accounttest.World, began func(), r io.Reader) (msgraph.Report, []int, error) {
				s, admin := countedRoom(t, w, began)
				report, err := msgraph.ImportDevices(t.Context(), admin, w.Host, r, msgraph.Options{})
				return report, s.rows, err
			}},
		"recovery keys": {devices.MaxImport,
			func(i int) string {
				return fmt.Sprintf(`{"id":"k%d","deviceId":"shelf%d","volumeType":"1","createdDateTime":"2026-01-01T00:00:00Z","key":%q}`,
					i, i%shelves, accounttest.RecoveryPassword(i))
			},
			func(w *accounttest.World, began func(), r io.Reader) (msgraph.Report, []int, error) {
				for i := range shelves {
					w.Device(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"}, policy.DeviceID(fmt.Sprintf("shelf%d", i)))
				}
				s, admin := countedRoom(t, w, began)
				report, err := msgraph.ImportRecoveryKeys(t.Context(), admin, w.Host, r)
				return report, s.rows, err
			}},
		"sign-ins": {signins.MaxImport,
			func(i int) string {
				return fmt.Sprintf(`{"id":"s%d","createdDateTime":"2026-01-04T08:00:00Z","userId":"ada","status":{"errorCode":0}}`, i)
			},
			func(w *accounttest.World, began func(), r io.Reader) (msgraph.Report, []int, error) {
				s := &counted[signins.Tx]{Store: w.DB.SignIns(), began: began, counting: func(tx signins.Tx, rows *int) signins.Tx { return countedSignIns{tx, rows} }}
				room, err := signins.New(policy.NewGuard(policy.WithClock(w.Clock.Now)), s, w.Ring, nil)
				require.NoError(t, err)
				report, err := msgraph.ImportSignIns(t.Context(), room.Admin, w.Host, r)
				return report, s.rows, err
			}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			w := accounttest.New(t)
			w.Person("ada", policy.Work)
			total := 2*c.most + rest
			var export strings.Builder
			for i := range total {
				export.WriteString(c.record(i) + "\n")
			}
			in := &readCounter{Reader: strings.NewReader(export.String())}
			var readBefore []int // how much was read when each transaction began
			report, rows, err := c.load(w, func() { readBefore = append(readBefore, in.n) }, in)
			require.NoError(t, err)
			require.Equal(t, msgraph.Report{Read: total, Imported: total}, report)
			require.Equal(t, []int{c.most, c.most, rest}, rows, "the rows of each transaction")
			require.Len(t, readBefore, 3)
			require.Less(t, readBefore[0], export.Len()*3/5, "a batch waits for no more than its own records")
		})
	}
}

// countedRoom is the administrators' door to devices over a store that counts.
func countedRoom(t *testing.T, w *accounttest.World, began func()) (*counted[devices.Tx], *devices.Admin) {
	t.Helper()
	s := &counted[devices.Tx]{Store: w.DB.Devices(), began: began, counting: func(tx devices.Tx, rows *int) devices.Tx { return countedDevices{tx, rows} }}
	room, err := devices.New(policy.NewGuard(policy.WithClock(w.Clock.Now)), s, w.Ring)
	require.NoError(t, err)
	return s, room.Admin
}
