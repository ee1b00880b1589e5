package memstore

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sort"
	"testing"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// each is how many records an account has in the benchmarks.
const each = 30

// uuid scatters its arguments over identifiers as long as those of real directories.
func uuid(kind, a, n int) string {
	h := uint64(kind*1_000_003+a)*0x9E3779B97F4A7C15 ^ uint64(n+1)*0xD6E8FEB86659FD93
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	h ^= h >> 32
	g := h * 0x94D049BB133111EB
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", uint32(h>>32), uint16(h>>16), h&0xfff, uint16(g>>48), g&0xffffffffffff)
}

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// fullRecord has every field filled, as the sign-ins of a person with two devices in two places are.
func fullRecord(a, n int) signins.SignIn {
	at := start.Add(time.Duration(n)*7*time.Hour + time.Duration(a*n%1000_003)*time.Microsecond)
	d := n % 2
	s := signins.SignIn{Tenant: policy.TenantID(uuid(0, 0, 0)), Outcome: signins.Success, Record: signins.Record{
		ID: signins.ID(uuid(1, a, n)), Account: policy.AccountID(uuid(2, a, 0)), At: at,
		Application: pick(n, "Office 365 Exchange Online", "Microsoft Teams", "Azure Portal", "SharePoint Online"),
		Resource:    pick(n, "Office 365 Exchange Online", "Microsoft Graph", "Windows Azure Service Management API"),
		ClientApp:   pick(d, "Browser", "Mobile Apps and Desktop clients"), Browser: pick(d, "Edge 90.0.818", "Chrome Mobile 120.0.6099"),
		System: pick(d, "Windows 10", "Android 14"), Address: netip.AddrFrom4([4]byte{byte(a), byte(a >> 8), 17, byte(n % 4)}),
		Place:  signins.Place{City: pick(d, "Berlin", "Potsdam"), Region: pick(d, "Berlin", "Brandenburg"), Country: "DE", Located: true, Latitude: 52.52 + float64(n%4), Longitude: 13.405},
		Device: policy.DeviceID(uuid(3, a, d)), DeviceName: pick(d, "LAPTOP-7Q2X", "Pixel 8"), Session: policy.SessionID(uuid(4, a, n/8)), Correlation: uuid(5, a, n),
		Steps: []signins.Step{
			{At: at, Method: "Password", Detail: "Correct password", Primary: true, Succeeded: true},
			{At: at.Add(time.Duration(3+n%17) * time.Second), Method: "Mobile app notification", Detail: "MFA completed in Azure AD", Succeeded: true}},
		Risk: policy.NoRisk}}
	if n%10 == 9 {
		s.Code, s.Failure, s.Outcome = 50126, "Invalid username or password or Invalid on-premise username or password.", signins.FirstFactorFailed
		s.Steps = s.Steps[:1]
		s.Answer, s.AnsweredAt = signins.ThisWasMe, at.Add(time.Hour)
	}
	return s
}

// shortRecord has the twelve fields that docs/performance.md compares layouts by.
func shortRecord(a, n int) signins.SignIn {
	f := fullRecord(a, n)
	return signins.SignIn{Tenant: f.Tenant, Outcome: f.Outcome, Record: signins.Record{ID: f.ID, Account: f.Account, At: f.At,
		Address: f.Address, Place: signins.Place{Country: f.Place.Country, City: f.Place.City}, Application: f.Application, Device: f.Device,
		Browser: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
		Steps:   []signins.Step{{Method: "Password"}}}}
}

func pick(n int, from ...string) string { return from[n%len(from)] }

// recorded makes a store in which each account's records were recorded one after the other.
func recorded(b *testing.B, accounts int, make func(a, n int) signins.SignIn) *Store {
	db := New()
	for n := range each { // everybody's first, then everybody's second …
		recordEach(b, db, accounts, func(a int) signins.SignIn { return make(a, n) })
	}
	return db
}

func recordEach(b *testing.B, db *Store, n int, make func(int) signins.SignIn) {
	b.Helper()
	for from := 0; from < n; from += 1000 {
		err := db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
			for i := from; i < min(n, from+1000); i++ {
				if _, err := tx.PutSignIn(make(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeapOfSignIns tells what a record costs in memory: bytes and objects that are live after a collection.
func BenchmarkHeapOfSignIns(b *testing.B) {
	for name, record := range map[string]func(a, n int) signins.SignIn{"full": fullRecord, "short": shortRecord} {
		b.Run(name, func(b *testing.B) {
			const accounts = 100_000 / each
			for range b.N {
				bytes, objects := live()
				db := recorded(b, accounts, record)
				more, moreObjects := live()
				b.ReportMetric(float64(more-bytes)/(accounts*each), "B/record")
				b.ReportMetric(float64(moreObjects-objects)/(accounts*each), "objects/record")
				runtime.KeepAlive(db)
			}
		})
	}
}

func live() (bytes, objects uint64) {
	runtime.GC()
	runtime.GC() // what the first one finished is swept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.HeapObjects
}

// plainChunk is the floor: an account's records as they are, in the same engine under the same keys.
type plainChunk struct {
	tenant  policy.TenantID
	account policy.AccountID
	records []signins.SignIn
}

type plainStore struct {
	db    *memdb.MemDB
	index *index[plainChunk]
}

// plainOf has the chunks of db.
func plainOf(b *testing.B, db *Store) plainStore {
	b.Helper()
	p := plainStore{index: &index[plainChunk]{"plain", byID, func(k key, c *plainChunk) key {
		return kSpot(kAccount(k, c.tenant, c.account), spotOf(&c.records[len(c.records)-1]))
	}}}
	name, schema := p.index.schema()
	var err error
	p.db, err = memdb.NewMemDB(&memdb.DBSchema{Tables: map[string]*memdb.TableSchema{
		name: {Name: name, Indexes: map[string]*memdb.IndexSchema{byID: schema}}}})
	if err != nil {
		b.Fatal(err)
	}
	it, err := db.db.Txn(false).Get(signInChunks.table, byID+"_prefix", new(key))
	if err != nil {
		b.Fatal(err)
	}
	txn := p.db.Txn(true)
	for raw := it.Next(); raw != nil; raw = it.Next() {
		c := raw.(*chunk)
		if err := txn.Insert(name, &plainChunk{c.tenant(), c.account(), c.all()}); err != nil {
			b.Fatal(err)
		}
	}
	txn.Commit()
	return p
}

// list copies a page of 50 out.
func (p plainStore) list(b *testing.B, t policy.TenantID, a policy.AccountID, after store.Cursor) (items []signins.SignIn) {
	from := kAccount(newKey(), t, a)
	var last spot
	if after != "" {
		last, _ = spotAt(after)
		from = kSpot(from, last)
	}
	txn := p.db.Txn(false)
	defer txn.Abort()
	it, err := txn.LowerBound(p.index.table, byID, &from)
	if err != nil {
		b.Fatal(err)
	}
	items = make([]signins.SignIn, 0, 50)
	for raw := it.Next(); raw != nil; raw = it.Next() {
		c := raw.(*plainChunk)
		if c.account != a || c.tenant != t {
			return items
		}
		at := 0
		if after != "" {
			at = sort.Search(len(c.records), func(i int) bool { return spotOf(&c.records[i]).compare(last) > 0 })
		}
		for ; at < len(c.records); at++ {
			if len(items) == 50 {
				return items
			}
			items = append(items, c.records[at].Clone())
		}
	}
	return items
}

// BenchmarkSignIns measures an account of 10,000 records, alone and among others, beside chunks of plain structs
// that are copied out.
func BenchmarkSignIns(b *testing.B) {
	const many = 10_000
	for _, others := range []int{0, 1_000} {
		db := recorded(b, others, fullRecord)
		recordEach(b, db, many, func(n int) signins.SignIn { return fullRecord(-1, n) })
		floor := plainOf(b, db)
		of := fullRecord(-1, 0)
		var deep store.Cursor
		view(b, db, func(tx signins.Tx) error {
			for range many / 2 / 1000 {
				list, err := tx.SignInsOf(of.Tenant, of.Account, store.Page{Size: 1000, After: deep})
				if err != nil {
					return err
				}
				deep = list.Next
			}
			return nil
		})
		for name, p := range map[string]store.Page{"newest50": {}, "deep50": {After: deep}} {
			b.Run(fmt.Sprintf("%s/others=%d", name, others), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					view(b, db, func(tx signins.Tx) error {
						list, err := tx.SignInsOf(of.Tenant, of.Account, p)
						if len(list.Items) != 50 {
							b.Fatal(len(list.Items))
						}
						return err
					})
				}
			})
			b.Run(fmt.Sprintf("%s-plain/others=%d", name, others), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					if list := floor.list(b, of.Tenant, of.Account, p.After); len(list) != 50 {
						b.Fatal(len(list))
					}
				}
			})
		}
		// In turn, so that accounts have few; and all to the account of many.
		b.Run(fmt.Sprintf("record/others=%d", others), func(b *testing.B) {
			recordOneByOne(b, db, func(i int) signins.SignIn { return fullRecord(others+i%300, i/300) })
		})
		b.Run(fmt.Sprintf("record-of-10000/others=%d", others), func(b *testing.B) {
			recordOneByOne(b, db, func(i int) signins.SignIn { return fullRecord(-1, many+i) })
		})
	}
}

// recordOneByOne measures transactions of one record each, in a fork.
func recordOneByOne(b *testing.B, db *Store, record func(i int) signins.SignIn) {
	fork, records := db.Fork(), make([]signins.SignIn, b.N)
	for i := range records {
		records[i] = record(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range records {
		update(b, fork, func(tx signins.Tx) error { _, err := tx.PutSignIn(records[i]); return err })
	}
}

func view(b *testing.B, db *Store, fn func(signins.Tx) error) {
	if err := db.SignIns().View(context.Background(), fn); err != nil {
		b.Fatal(err)
	}
}

func update(b *testing.B, db *Store, fn func(signins.Tx) error) {
	if err := db.SignIns().Update(context.Background(), fn); err != nil {
		b.Fatal(err)
	}
}
