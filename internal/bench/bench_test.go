// Package bench_test measures the library beside its floor, raw go-memdb doing the same index operations,
// in one run. docs/performance.md has the table and the command that makes it.
package bench_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

const tenant policy.TenantID = "contoso"

// devicesEach is how many devices an account has.
const devicesEach = 10

// size is a number of devices.
type size int

func (s size) accounts() int { return int(s) / devicesEach }

// sizes are those that the goals name; -short keeps the first.
func sizes() []size {
	if testing.Short() {
		return []size{10_000}
	}
	return []size{10_000, 100_000, 1_000_000}
}

// Identifiers are as long as the GUIDs that real directories use.
func account(a int) policy.AccountID { return policy.AccountID(guid(1, a, 0)) }

func deviceID(a, d int) policy.DeviceID { return policy.DeviceID(guid(2, a, d)) }

func keyID(a int) devices.KeyID { return devices.KeyID(guid(3, a, 0)) }

// guid scatters its arguments over the key space, as random ids are.
func guid(kind, a, d int) string {
	h := uint64(kind*1_000_003+a)*0x9E3779B97F4A7C15 ^ uint64(d)*0xD6E8FEB86659FD93
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%06x%06x", uint32(h>>32), uint16(h>>16), h&0xfff, kind, a, d)
}

func device(a, d int) devices.Device {
	return devices.Device{Tenant: tenant, ID: deviceID(a, d), Owner: account(a), Users: []devices.User{{Account: account(a)}},
		Name: "Laptop", OS: "Windows", OSVersion: "10.0.22631", Model: "Model 1", Join: devices.Joined, Profile: devices.RegisteredDevice,
		Compliant: devices.Yes, Managed: devices.Yes, State: devices.Enabled,
		RegisteredAt: now.Add(-time.Duration(a*devicesEach+d) * time.Second), LastSignInAt: now, Revision: 0}
}

func recoveryKey(a int) devices.RecoveryKey {
	return devices.RecoveryKey{Tenant: tenant, Device: deviceID(a, 0), ID: keyID(a), Volume: devices.OperatingSystemVolume, Owner: account(a), CreatedAt: now}
}

// fixture is one size of the library and of the floor, filled alike.
type fixture struct {
	size  size
	db    *memstore.Store
	app   *myaccount.Account
	clock *accounttest.Clock
	raw   *floor
	ring  *secret.KeyRing
}

var (
	fixturesMu sync.Mutex
	fixtures   = map[size]*fixture{}
)

// fixed gives a fixture of its own to a benchmark: a fork of one that is filled once.
func fixed(tb testing.TB, s size) *fixture {
	fixturesMu.Lock()
	defer fixturesMu.Unlock()
	if fixtures[s] == nil {
		ring, err := secret.NewKeyRing(secret.NewKey("bench"))
		must(tb, err)
		f := &fixture{size: s, db: memstore.New(), ring: ring, raw: newFloor(tb)}
		f.fill(tb)
		f.raw.fill(tb, s)
		fixtures[s] = f
	}
	f := *fixtures[s]
	f.raw = &floor{f.raw.db.Snapshot()}
	f.fork(tb)
	return &f
}

// fork takes the fixture back to its beginning.
func (f *fixture) fork(tb testing.TB) {
	f.db, f.clock = fixtures[f.size].db.Fork(), accounttest.NewClock()
	app, err := myaccount.New(f.db, f.ring, myaccount.WithPolicy(policy.WithClock(f.clock.Now)))
	must(tb, err)
	f.app = app
}

func (f *fixture) fill(tb testing.TB) {
	ctx := context.Background()
	password := secret.NewText(accounttest.RecoveryPassword(1))
	must(tb, f.db.Policy().Update(ctx, func(tx policy.AdminTx) error {
		_, err := tx.PutSettings(policy.Settings{Tenant: tenant, TurnedOn: true})
		return err
	}))
	const batch = 1000
	for start := 0; start < f.size.accounts(); start += batch {
		must(tb, f.db.Policy().Update(ctx, func(tx policy.AdminTx) error {
			for a := start; a < min(start+batch, f.size.accounts()); a++ {
				if _, err := tx.PutStanding(policy.Standing{Tenant: tenant, Account: account(a), Kind: policy.Work, State: policy.Active}); err != nil {
					return err
				}
			}
			return nil
		}))
		must(tb, f.db.Devices().Update(ctx, func(tx devices.Tx) error {
			for a := start; a < min(start+batch, f.size.accounts()); a++ {
				for d := range devicesEach {
					if _, err := tx.PutDevice(device(a, d)); err != nil {
						return err
					}
				}
				k := recoveryKey(a)
				var err error
				if k.Sealed, err = f.ring.Seal(ctx, password, secret.Bind("recovery-key", string(tenant), string(k.Owner), string(k.Device), string(k.ID))); err != nil {
					return err
				}
				if _, err := tx.PutRecoveryKey(k); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// must does not call Helper, which walks the stack and would be measured.
func must(tb testing.TB, err error) {
	if err != nil {
		tb.Fatal(err)
	}
}

func (f *fixture) actor(a int) policy.Actor {
	at := f.clock.Now()
	return policy.Actor{Tenant: tenant, Account: account(a), SignedInAt: at,
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: at}, {Factor: policy.FactorOTP, At: at}}}
}

// pick is one device of one account, with its ids ready: making them is not what is measured.
type pick struct {
	account policy.AccountID
	device  policy.DeviceID
}

// picks gives devices at random, enough of them that caches help as little as with real people.
func (f *fixture) picks() []pick {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]pick, 1<<16)
	for i := range out {
		a := r.IntN(f.size.accounts())
		out[i] = pick{account(a), deviceID(a, r.IntN(devicesEach))}
	}
	return out
}

// each runs a benchmark for every size, the floor and the library after one another.
func each(b *testing.B, floor, library func(*testing.B, *fixture)) {
	for _, s := range sizes() {
		for _, side := range []struct {
			name string
			run  func(*testing.B, *fixture)
		}{{"floor", floor}, {"library", library}} {
			b.Run(fmt.Sprintf("devices=%d/%s", s, side.name), func(b *testing.B) {
				f := fixed(b, s)
				b.ReportAllocs()
				b.ResetTimer()
				side.run(b, f)
			})
		}
	}
}

func BenchmarkAdmitDevice(b *testing.B) {
	host := policy.Host("idp", tenant)
	each(b,
		func(b *testing.B, f *fixture) {
			ps := f.picks()
			b.ResetTimer()
			for i := range b.N {
				f.raw.mayAuthenticate(b, ps[i%len(ps)].device)
			}
		},
		func(b *testing.B, f *fixture) {
			ps := f.picks()
			b.ResetTimer()
			for i := range b.N {
				must(b, f.app.Host.Devices.MayAuthenticate(b.Context(), host, ps[i%len(ps)].device))
			}
		})
}

func BenchmarkGet(b *testing.B) {
	each(b,
		func(b *testing.B, f *fixture) {
			ps := f.picks()
			b.ResetTimer()
			for i := range b.N {
				p := &ps[i%len(ps)]
				f.raw.get(b, p.account, p.device)
			}
		},
		func(b *testing.B, f *fixture) {
			ps, actor := f.picks(), f.actor(0)
			b.ResetTimer()
			for i := range b.N {
				p := &ps[i%len(ps)]
				actor.Account = p.account
				_, err := f.app.Devices.Get(b.Context(), actor, p.device)
				must(b, err)
			}
		})
}

func BenchmarkList10(b *testing.B) {
	each(b,
		func(b *testing.B, f *fixture) {
			ps := f.picks()
			b.ResetTimer()
			for i := range b.N {
				f.raw.list(b, ps[i%len(ps)].account)
			}
		},
		func(b *testing.B, f *fixture) {
			ps, actor := f.picks(), f.actor(0)
			b.ResetTimer()
			for i := range b.N {
				actor.Account = ps[i%len(ps)].account
				_, err := f.app.Devices.List(b.Context(), actor, devices.Query{})
				must(b, err)
			}
		})
}

// everyone gives every device once, in random order.
func (f *fixture) everyone() []pick {
	r := rand.New(rand.NewPCG(5, 6))
	out := make([]pick, 0, int(f.size))
	for _, n := range r.Perm(int(f.size)) {
		out = append(out, pick{account(n / devicesEach), deviceID(n/devicesEach, n%devicesEach)})
	}
	return out
}

// BenchmarkDisable asks beforehand, untimed: a person reads the preview in between.
func BenchmarkDisable(b *testing.B) {
	each(b,
		func(b *testing.B, f *fixture) {
			ps := f.everyone()
			b.ResetTimer()
			for i := range b.N {
				p := &ps[i%len(ps)]
				f.raw.disable(b, p.account, p.device, uint64(i))
			}
		},
		func(b *testing.B, f *fixture) {
			ps, actor := f.everyone(), f.actor(0)
			yes := make([]policy.Confirmation, min(b.N, len(ps)))
			for i := range yes {
				actor.Account = ps[i].account
				var err error
				_, yes[i], err = f.app.Devices.AskDisable(b.Context(), actor, ps[i].device)
				must(b, err)
			}
			b.ResetTimer()
			for i := range b.N {
				if i > 0 && i%len(ps) == 0 { // all are disabled: begin anew
					b.StopTimer()
					f.fork(b)
					b.StartTimer()
				}
				p := &ps[i%len(ps)]
				actor.Account = p.account
				must(b, f.app.Devices.Disable(b.Context(), actor, p.device, yes[i%len(ps)]))
			}
		})
}

// BenchmarkReveal includes opening the sealed key, on both sides.
func BenchmarkReveal(b *testing.B) {
	each(b,
		func(b *testing.B, f *fixture) {
			ps, keys := f.keys()
			sealed, err := f.ring.Seal(b.Context(), secret.NewText(accounttest.RecoveryPassword(1)), nil)
			must(b, err)
			b.ResetTimer()
			for i := range b.N {
				f.raw.reveal(b, ps[i%len(ps)].account, keys[i%len(ps)], uint64(i))
				_, err := f.ring.Open(b.Context(), sealed, nil)
				must(b, err)
			}
		},
		func(b *testing.B, f *fixture) {
			ps, keys := f.keys()
			actor := f.actor(0)
			b.ResetTimer()
			for i := range b.N {
				if i%len(ps) == 0 { // six rounds an hour keep everyone below the limit of ten
					f.clock.Advance(10 * time.Minute)
					actor = f.actor(0)
				}
				actor.Account = ps[i%len(ps)].account
				_, err := f.app.Devices.Reveal(b.Context(), actor, keys[i%len(ps)])
				must(b, err)
			}
		})
}

// keys gives every account with the id of its key, in random order.
func (f *fixture) keys() ([]pick, []devices.KeyID) {
	r := rand.New(rand.NewPCG(5, 6))
	order := r.Perm(f.size.accounts())
	ps, ids := make([]pick, len(order)), make([]devices.KeyID, len(order))
	for i, a := range order {
		ps[i], ids[i] = pick{account: account(a)}, keyID(a)
	}
	return ps, ids
}

func BenchmarkImport1000(b *testing.B) {
	records := func(round int, f *fixture) []devices.DeviceRecord {
		rs := make([]devices.DeviceRecord, devices.MaxImport)
		for i := range rs {
			rs[i] = devices.DeviceRecord{Enabled: devices.Yes, Registration: devices.Registration{
				ID: policy.DeviceID(guid(4, round, i)), Owner: account(i % f.size.accounts()), Name: "Laptop", OS: "Windows", OSVersion: "10.0.22631", Join: devices.Joined}}
		}
		return rs
	}
	each(b,
		func(b *testing.B, f *fixture) {
			for i := range b.N {
				b.StopTimer()
				rs := records(i, f)
				b.StartTimer()
				f.raw.load(b, rs, uint64(i*len(rs)))
			}
		},
		func(b *testing.B, f *fixture) {
			host := policy.Host("sync", tenant)
			for i := range b.N {
				b.StopTimer()
				rs := records(i, f)
				b.StartTimer()
				_, err := f.app.Admin.Devices.Import(b.Context(), host, rs)
				must(b, err)
			}
		})
}

func BenchmarkFork(b *testing.B) {
	for _, s := range sizes() {
		f := fixed(b, s)
		b.Run(fmt.Sprintf("devices=%d/fork", s), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				forked = f.db.Fork()
			}
		})
		write := func(db *memstore.Store, i int) error {
			return db.Devices().Update(b.Context(), func(tx devices.Tx) error {
				d, err := tx.Device(tenant, deviceID(i%f.size.accounts(), 0))
				if err == nil {
					_, err = tx.PutDevice(d)
				}
				return err
			})
		}
		b.Run(fmt.Sprintf("devices=%d/fork-and-write", s), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				must(b, write(f.db.Fork(), i))
			}
		})
		b.Run(fmt.Sprintf("devices=%d/write", s), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				must(b, write(f.db, i))
			}
		})
	}
}

var forked *memstore.Store

// BenchmarkGetBesideAWriter reports the 50th and 99th percentile of a read without and with somebody who
// writes all the time.
func BenchmarkGetBesideAWriter(b *testing.B) {
	for _, s := range sizes() {
		for _, busy := range []bool{false, true} {
			b.Run(fmt.Sprintf("devices=%d/writer=%t", s, busy), func(b *testing.B) {
				f := fixed(b, s)
				mdm := policy.Host("mdm", tenant)
				ps, actor := f.picks(), f.actor(0)
				besideAWriter(b, busy,
					func(i int) error {
						return f.app.Host.Devices.CheckIn(context.Background(), mdm, deviceID(i%f.size.accounts(), 1), devices.Activity{OSVersion: "10.0.22632"})
					},
					func(i int) error {
						p := &ps[i%len(ps)]
						actor.Account = p.account
						_, err := f.app.Devices.Get(b.Context(), actor, p.device)
						return err
					})
			})
		}
	}
}

// besideAWriter times each read, while somebody writes if it is to be busy.
func besideAWriter(b *testing.B, busy bool, write, read func(int) error) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	if busy {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					if err := write(i); err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	for i := range b.N {
		start := time.Now()
		err := read(i)
		took[i] = time.Since(start)
		must(b, err)
	}
	b.StopTimer()
	close(stop)
	wg.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}
