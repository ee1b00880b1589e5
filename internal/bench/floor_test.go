package bench_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
)

// floor is raw go-memdb with hand-written keys and the same rows, indexes and lookups as the library, and
// nothing else: no rule, no admission, no decision. It copies rows in and out, since rows in go-memdb are
// shared.
type floor struct{ db *memdb.MemDB }

type keyOf[R any] func(*R) []byte

func (k keyOf[R]) FromObject(raw any) (bool, []byte, error) {
	b := k(raw.(*R))
	return b != nil, b, nil
}

func (keyOf[R]) FromArgs(args ...any) ([]byte, error) { return args[0].([]byte), nil }

type keysOf[R any] func(*R) [][]byte

func (k keysOf[R]) FromObject(raw any) (bool, [][]byte, error) { return true, k(raw.(*R)), nil }
func (keysOf[R]) FromArgs(args ...any) ([]byte, error)         { return args[0].([]byte), nil }

// join makes a key of parts, each ended by a zero byte.
func join[S ~string](first S, more ...string) []byte {
	b := append(append(make([]byte, 0, 96), first...), 0)
	for _, m := range more {
		b = append(append(b, m...), 0)
	}
	return b
}

func number(b []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(b, n) }

func newFloor(tb testing.TB) *floor {
	unique := func(name string, x memdb.Indexer) *memdb.IndexSchema {
		return &memdb.IndexSchema{Name: name, Unique: true, AllowMissing: name != "id", Indexer: x}
	}
	table := func(name string, indexes ...*memdb.IndexSchema) *memdb.TableSchema {
		t := &memdb.TableSchema{Name: name, Indexes: map[string]*memdb.IndexSchema{}}
		for _, i := range indexes {
			t.Indexes[i.Name] = i
		}
		return t
	}
	schema := &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{
		"settings": table("settings", unique("id", keyOf[policy.Settings](func(r *policy.Settings) []byte { return join(r.Tenant) }))),
		"standing": table("standing", unique("id", keyOf[policy.Standing](func(r *policy.Standing) []byte { return join(r.Tenant, string(r.Account)) }))),
		"usage":    table("usage", unique("id", keyOf[policy.Usage](func(r *policy.Usage) []byte { return join(r.Tenant, string(r.Account), string(r.Action)) }))),
		"events": table("events",
			unique("id", keyOf[policy.Event](func(r *policy.Event) []byte { return number(join(r.Tenant, string(r.Account)), ^r.Seq) })),
			unique("order", keyOf[policy.Event](func(r *policy.Event) []byte { return number(join(r.Tenant), r.Seq) })),
			unique("likeness", keyOf[policy.Event](func(r *policy.Event) []byte { return nil }))),
		"devices": table("devices",
			unique("id", keyOf[devices.Device](func(r *devices.Device) []byte { return join(r.Tenant, string(r.ID)) })),
			unique("person", keysOf[devices.Device](func(r *devices.Device) [][]byte { return [][]byte{registered(r)} }))),
		"keys": table("keys",
			unique("id", keyOf[devices.RecoveryKey](func(r *devices.RecoveryKey) []byte { return join(r.Tenant, string(r.Device), string(r.ID)) })),
			unique("key", keyOf[devices.RecoveryKey](func(r *devices.RecoveryKey) []byte { return join(r.Tenant, string(r.ID)) })),
			unique("rotate", keyOf[devices.RecoveryKey](func(r *devices.RecoveryKey) []byte {
				if r.RotateSince.IsZero() {
					return nil
				}
				return append(number(join(r.Tenant), uint64(r.RotateSince.UnixMicro())), join(r.Device, string(r.ID))...)
			}))),
	}}
	db, err := memdb.NewMemDB(schema)
	if err != nil {
		tb.Fatal(err)
	}
	return &floor{db}
}

func registered(d *devices.Device) []byte {
	return append(number(join(d.Tenant, string(d.Owner)), ^uint64(d.RegisteredAt.UnixMicro())), join(d.ID)...)
}

func (f *floor) fill(tb testing.TB, s size) {
	txn := f.db.Txn(true)
	insert := func(table string, row any) {
		if err := txn.Insert(table, row); err != nil {
			tb.Fatal(err)
		}
	}
	settings := policy.Settings{Tenant: tenant, TurnedOn: true}
	insert("settings", &settings)
	for a := range s.accounts() {
		insert("standing", &policy.Standing{Tenant: tenant, Account: account(a), Kind: policy.Work, State: policy.Active, Revision: 1})
		for d := range devicesEach {
			row := device(a, d)
			insert("devices", &row)
		}
		key := recoveryKey(a)
		insert("keys", &key)
		if a%1000 == 999 {
			txn.Commit()
			txn = f.db.Txn(true)
		}
	}
	txn.Commit()
}

func first[R any](tb testing.TB, txn *memdb.Txn, table, index string, key []byte) *R {
	raw, err := txn.First(table, index, key)
	if err != nil || raw == nil {
		tb.Fatalf("%s by %s: %v, %v", table, index, raw, err)
	}
	return raw.(*R)
}

// admit makes the lookups that admitting a person takes.
func (f *floor) admit(tb testing.TB, txn *memdb.Txn, a policy.AccountID) {
	settings := *first[policy.Settings](tb, txn, "settings", "id", join(tenant))
	standing := *first[policy.Standing](tb, txn, "standing", "id", join(tenant, string(a)))
	if !settings.TurnedOn || standing.State != policy.Active {
		tb.Fatal("not admitted")
	}
}

func (f *floor) mayAuthenticate(tb testing.TB, d policy.DeviceID) {
	txn := f.db.Txn(false)
	defer txn.Abort()
	settings := *first[policy.Settings](tb, txn, "settings", "id", join(tenant))
	row := first[devices.Device](tb, txn, "devices", "id", join(tenant, string(d))).Clone()
	if !settings.TurnedOn || row.State != devices.Enabled {
		tb.Fatal("not enabled")
	}
}

func (f *floor) get(tb testing.TB, a policy.AccountID, d policy.DeviceID) devices.Device {
	txn := f.db.Txn(false)
	defer txn.Abort()
	f.admit(tb, txn, a)
	return first[devices.Device](tb, txn, "devices", "id", join(tenant, string(d))).Clone()
}

func (f *floor) list(tb testing.TB, a policy.AccountID) []devices.Device {
	txn := f.db.Txn(false)
	defer txn.Abort()
	f.admit(tb, txn, a)
	it, err := txn.LowerBound("devices", "person", join(tenant, string(a)))
	if err != nil {
		tb.Fatal(err)
	}
	var out []devices.Device
	for raw := it.Next(); raw != nil && len(out) < devicesEach; raw = it.Next() {
		out = append(out, raw.(*devices.Device).Clone())
	}
	return out
}

func (f *floor) disable(tb testing.TB, a policy.AccountID, d policy.DeviceID, seq uint64) {
	txn := f.db.Txn(true)
	defer txn.Abort()
	f.admit(tb, txn, a)
	row := first[devices.Device](tb, txn, "devices", "id", join(tenant, string(d))).Clone()
	row.State, row.DisabledAt, row.DisabledBy, row.Revision = devices.DisabledByUser, now, policy.Principal{Kind: policy.PersonPrincipal, ID: string(a)}, row.Revision+1
	f.insert(tb, txn, "devices", &row)
	f.insert(tb, txn, "events", event(a, d, seq, "Update device"))
	txn.Commit()
}

func (f *floor) reveal(tb testing.TB, a policy.AccountID, k devices.KeyID, seq uint64) devices.RecoveryKey {
	txn := f.db.Txn(true)
	defer txn.Abort()
	f.admit(tb, txn, a)
	row := *first[devices.RecoveryKey](tb, txn, "keys", "key", join(tenant, string(k)))
	usage := policy.Usage{Tenant: tenant, Account: a, Action: devices.RevealKey}
	if raw, err := txn.First("usage", "id", join(tenant, string(a), string(devices.RevealKey))); err != nil {
		tb.Fatal(err)
	} else if raw != nil {
		usage = raw.(*policy.Usage).Clone()
	}
	row.RevealedAt, row.RotateSince, row.Revision = now, now, row.Revision+1
	f.insert(tb, txn, "keys", &row)
	usage.Times = slices.Clone(append(usage.Times, now))
	usage.Times = usage.Times[max(0, len(usage.Times)-6):]
	f.insert(tb, txn, "usage", &usage)
	f.insert(tb, txn, "events", event(a, row.Device, seq, "Read BitLocker key"))
	txn.Commit()
	return row
}

// load writes n new devices with an event each in one transaction.
func (f *floor) load(tb testing.TB, records []devices.DeviceRecord, seq uint64) {
	txn := f.db.Txn(true)
	defer txn.Abort()
	if settings := *first[policy.Settings](tb, txn, "settings", "id", join(tenant)); !settings.TurnedOn {
		tb.Fatal("not turned on")
	}
	for _, r := range records {
		first[policy.Standing](tb, txn, "standing", "id", join(tenant, string(r.Owner)))
		if raw, err := txn.First("devices", "id", join(tenant, string(r.ID))); err != nil || raw != nil {
			tb.Fatalf("device %s: %v, %v", r.ID, raw, err)
		}
		row := devices.Device{Tenant: tenant, ID: r.ID, Owner: r.Owner, Users: []devices.User{{Account: r.Owner}}, Name: r.Name,
			OS: r.OS, OSVersion: r.OSVersion, Join: r.Join, Profile: devices.RegisteredDevice, State: devices.Enabled, RegisteredAt: now, Revision: 1}
		f.insert(tb, txn, "devices", &row)
		seq++
		f.insert(tb, txn, "events", event(r.Owner, r.ID, seq, "Register device"))
	}
	txn.Commit()
}

func (f *floor) insert(tb testing.TB, txn *memdb.Txn, table string, row any) {
	if err := txn.Insert(table, row); err != nil {
		tb.Fatal(err)
	}
}

func event(a policy.AccountID, d policy.DeviceID, seq uint64, activity string) *policy.Event {
	return &policy.Event{Tenant: tenant, Account: a, Seq: seq, Operation: fmt.Sprintf("%026d", seq), At: now,
		By: policy.Principal{Kind: policy.PersonPrincipal, ID: string(a)}, Action: devices.Disable, Activity: activity, Category: "Device",
		Target: policy.On("device", d), Facts: []policy.Fact{{Name: "name", Value: "Laptop"}, {Name: "state", Value: "disabled-by-user"}},
		Outcome: policy.Succeeded, Count: 1, First: now, Notify: true}
}

var now = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
