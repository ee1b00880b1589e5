package bench_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// people are how many accounts have signed in.
func people() []int {
	if testing.Short() {
		return []int{1_000}
	}
	return []int{1_000, 100_000}
}

// signedIn is an installation where everybody has a session, and the floor with the same rows.
type signedIn struct {
	app    *myaccount.Account
	db     *memstore.Store
	clock  *accounttest.Clock
	tokens []secret.Text
	actors []policy.Actor
	raw    *memdb.MemDB
	bare   *bareSessions
}

// bareSessions is plain maps under a lock: no transaction, no snapshot, no tenant.
type bareSessions struct {
	mu        sync.RWMutex
	sessions  map[[sha256.Size]byte]policy.Session
	validFrom map[policy.AccountID]time.Time
	attempts  map[policy.AccountID][]signins.SignIn // the oldest first
}

func newBareSessions() *bareSessions {
	return &bareSessions{sessions: make(map[[sha256.Size]byte]policy.Session), validFrom: make(map[policy.AccountID]time.Time),
		attempts: make(map[policy.AccountID][]signins.SignIn)}
}

func (b *bareSessions) record(r signins.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempts[r.Account] = append(b.attempts[r.Account], signins.SignIn{Tenant: tenant, Record: r, Outcome: signins.Success})
}

// before copies the n attempts before the i-th, the newest first.
func (b *bareSessions) before(a policy.AccountID, i, n int) []signins.SignIn {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := make([]signins.SignIn, 0, n)
	for all := b.attempts[a]; len(out) < n && i > 0; i-- {
		out = append(out, all[i-1].Clone())
	}
	return out
}

func newSignedIn(tb testing.TB, n int) *signedIn {
	ctx := context.Background()
	ring, err := secret.NewKeyRing(secret.NewKey("bench"))
	must(tb, err)
	s := &signedIn{db: memstore.New(), clock: accounttest.NewClock(), bare: newBareSessions()}
	s.app, err = myaccount.New(s.db, ring, myaccount.WithPolicy(policy.WithClock(s.clock.Now)))
	must(tb, err)
	must(tb, s.app.Admin.Policy.CreateTenant(ctx, policy.System("bench"), tenant))
	must(tb, s.app.Admin.Policy.Set(ctx, host, signins.MaxSessions, policy.Unlimited))
	s.raw = rawSignIns(tb)
	txn := s.raw.Txn(true)
	settings := &policy.Settings{Tenant: tenant, TurnedOn: true}
	must(tb, txn.Insert("settings", settings))
	for a := range n {
		must(tb, s.app.Host.Accounts.Provision(ctx, host, account(a), policy.Work))
		started := s.start(tb, a)
		s.tokens, s.actors = append(s.tokens, started.Token), append(s.actors, started.Actor)
		row := policy.Session{Tenant: tenant, Account: account(a), ID: started.Actor.Session, StartedAt: s.clock.Now(), Proofs: started.Actor.Proofs}
		must(tb, txn.Insert("standing", &policy.Standing{Tenant: tenant, Account: account(a), Kind: policy.Work, State: policy.Active}))
		must(tb, txn.Insert("sessions", &row))
		s.bare.sessions[hashed(started.Token)] = row
	}
	txn.Commit()
	return s
}

var host = policy.Host("bench", tenant)

var macKey = make([]byte, 32)

func hashed(t secret.Text) [sha256.Size]byte {
	m := hmac.New(sha256.New, macKey)
	_, _ = m.Write([]byte(t.Reveal()))
	return [sha256.Size]byte(m.Sum(nil))
}

func (s *signedIn) start(tb testing.TB, a int) signins.Started {
	at := s.clock.Now()
	started, err := s.app.Host.SignIns.Start(context.Background(), host, signins.NewSession{Account: account(a),
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: at}, {Factor: policy.FactorOTP, At: at}}})
	must(tb, err)
	return started
}

// rawChunk is the floor of sign-ins: an immutable chunk of plain records, the newest first.
type rawChunk struct {
	account policy.AccountID
	n       uint64 // the greater, the newer
	records []signins.SignIn
}

func rawSignIns(tb testing.TB) *memdb.MemDB {
	id := func(name string, x memdb.Indexer) *memdb.TableSchema {
		return &memdb.TableSchema{Name: name, Indexes: map[string]*memdb.IndexSchema{"id": {Name: "id", Unique: true, Indexer: x}}}
	}
	db, err := memdb.NewMemDB(&memdb.DBSchema{Tables: map[string]*memdb.TableSchema{
		"settings": id("settings", keyOf[policy.Settings](func(r *policy.Settings) []byte { return join(r.Tenant) })),
		"standing": id("standing", keyOf[policy.Standing](func(r *policy.Standing) []byte { return join(r.Tenant, string(r.Account)) })),
		"sessions": id("sessions", keyOf[policy.Session](func(r *policy.Session) []byte { return join(r.Tenant, string(r.Account), string(r.ID)) })),
		"events":   id("events", keyOf[policy.Event](func(r *policy.Event) []byte { return number(join(r.Tenant), r.Seq) })),
		"chunks":   id("chunks", keyOf[rawChunk](func(r *rawChunk) []byte { return number(join(tenant, string(r.account)), ^r.n) })),
	}})
	must(tb, err)
	return db
}

func rawAdmit(tb testing.TB, txn *memdb.Txn, a policy.AccountID) {
	settings := *first[policy.Settings](tb, txn, "settings", "id", join(tenant))
	standing := *first[policy.Standing](tb, txn, "standing", "id", join(tenant, string(a)))
	if !settings.TurnedOn || standing.State != policy.Active {
		tb.Fatal("not admitted")
	}
}

func BenchmarkActorFromToken(b *testing.B) {
	for _, n := range people() {
		s := newSignedIn(b, n)
		order := rand.New(rand.NewPCG(1, 2)).Perm(n)
		b.Run(fmt.Sprintf("accounts=%d/map", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				s.bare.mu.RLock()
				row, ok := s.bare.sessions[hashed(s.tokens[order[i%n]])]
				s.bare.mu.RUnlock()
				if !ok || !row.EndedAt.IsZero() {
					b.Fatal("no session")
				}
			}
		})
		b.Run(fmt.Sprintf("accounts=%d/floor", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				a := &s.actors[order[i%n]]
				sum := hashed(s.tokens[order[i%n]])
				txn := s.raw.Txn(false)
				rawAdmit(b, txn, a.Account)
				row := first[policy.Session](b, txn, "sessions", "id", join(tenant, string(a.Account), string(a.Session))).Clone()
				if !row.EndedAt.IsZero() || sum == [sha256.Size]byte{} {
					b.Fatal("no session")
				}
				txn.Abort()
			}
		})
		b.Run(fmt.Sprintf("accounts=%d/library", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				_, err := s.app.Host.SignIns.Actor(b.Context(), s.tokens[order[i%n]])
				must(b, err)
			}
		})
	}
}

// BenchmarkActorBesideAWriter is [BenchmarkGetBesideAWriter] for the actor of a request, while sign-ins are recorded.
func BenchmarkActorBesideAWriter(b *testing.B) {
	for _, n := range people() {
		s := newSignedIn(b, n)
		order := rand.New(rand.NewPCG(1, 2)).Perm(n)
		start := s.clock.Now()
		for _, busy := range []bool{false, true} {
			b.Run(fmt.Sprintf("accounts=%d/writer=%t", n, busy), func(b *testing.B) {
				besideAWriter(b, busy,
					func(i int) error {
						_, err := s.app.Host.SignIns.Record(context.Background(), host, fullRecord(i%n, i, start.Add(time.Duration(i)*time.Second)))
						return err
					},
					func(i int) error {
						_, err := s.app.Host.SignIns.Actor(b.Context(), s.tokens[order[i%n]])
						return err
					})
			})
		}
	}
}

// fullRecord is an attempt with every field that a directory tells, as different as a person's are.
func fullRecord(a, i int, at time.Time) signins.Record {
	return signins.Record{ID: signins.ID(guid(5, a, i)), Account: account(a), At: at,
		Application: oneOf(i, "Office 365 Exchange Online", "Azure Portal", "Teams"), Resource: oneOf(i, "Microsoft Graph", "Windows Azure Service Management API"),
		ClientApp: "Browser", Browser: oneOf(i/20, "Edge 90.0.818", "Firefox 146.0"), System: "Windows 10",
		Address: netip.AddrFrom4([4]byte{192, 0, 2, byte(i / 10)}), Place: oneOf(i/10, accounttest.Berlin, accounttest.NewYork),
		DeviceName: "Laptop", Device: deviceID(a, 0), Correlation: guid(6, a, i),
		Steps: []signins.Step{{At: at, Method: "Password", Detail: "Correct password", Primary: true, Succeeded: true}}}
}

func oneOf[E any](i int, of ...E) E { return of[i%len(of)] }

func BenchmarkRecordSignIn(b *testing.B) {
	for _, n := range people() {
		s := newSignedIn(b, n)
		order := rand.New(rand.NewPCG(1, 2)).Perm(n)
		start := s.clock.Now()
		b.Run(fmt.Sprintf("accounts=%d/map", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				s.bare.record(fullRecord(order[i%n], i, start.Add(time.Duration(i)*time.Second)))
			}
		})
		b.Run(fmt.Sprintf("accounts=%d/floor", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				r := fullRecord(order[i%n], i, start.Add(time.Duration(i)*time.Second))
				txn := s.raw.Txn(true)
				rawAdmit(b, txn, r.Account)
				next := &rawChunk{account: r.Account, n: 1, records: []signins.SignIn{{Tenant: tenant, Record: r, Outcome: signins.Success}}}
				it, err := txn.LowerBound("chunks", "id", join(tenant, string(r.Account)))
				must(b, err)
				if c, _ := it.Next().(*rawChunk); c != nil && c.account == r.Account {
					if next.n = c.n + 1; len(c.records) < 64 {
						next.n, next.records = c.n, append(next.records, c.records...)
					}
				}
				must(b, txn.Insert("chunks", next))
				txn.Commit()
			}
		})
		b.Run(fmt.Sprintf("accounts=%d/library", n), func(b *testing.B) {
			s.clock.Advance(time.Duration(b.N) * time.Second)
			b.ReportAllocs()
			for i := range b.N {
				_, err := s.app.Host.SignIns.Record(b.Context(), host, fullRecord(order[i%n], i, start.Add(time.Duration(i)*time.Second)))
				must(b, err)
			}
		})
	}
}

// BenchmarkNewest50 reads the newest 50 of an account that has 10,000 attempts, and 50 before its 5,000th: through
// the store, and through the service with its flags and decisions.
func BenchmarkNewest50(b *testing.B) {
	for _, n := range people() {
		s := newSignedIn(b, n)
		start := s.clock.Now().Add(-29 * 24 * time.Hour)
		txn := s.raw.Txn(true)
		const all = 10_000
		var records []signins.Record
		for i := range all {
			records = append(records, fullRecord(0, i, start.Add(time.Duration(i)*time.Minute)))
			s.bare.record(records[i])
		}
		for at := 0; at < all; at += signins.MaxImport {
			_, err := s.app.Admin.SignIns.Import(context.Background(), host, records[at:at+signins.MaxImport])
			must(b, err)
		}
		for at := 0; at < all; at += 64 {
			c := &rawChunk{account: account(0), n: uint64(at)}
			for i := min(at+64, all) - 1; i >= at; i-- {
				c.records = append(c.records, signins.SignIn{Tenant: tenant, Record: records[i], Outcome: signins.Success})
			}
			must(b, txn.Insert("chunks", c))
		}
		txn.Commit()
		var deep store.Cursor
		must(b, s.db.SignIns().View(context.Background(), func(tx signins.Tx) error {
			for range 5 {
				list, err := tx.SignInsOf(tenant, account(0), store.Page{Size: 1000, After: deep})
				if err != nil {
					return err
				}
				deep = list.Next
			}
			return nil
		}))
		for _, place := range []struct {
			name  string
			from  uint64
			after store.Cursor
		}{{"newest", all, ""}, {"deep", all / 2, deep}} {
			b.Run(fmt.Sprintf("accounts=%d/%s/map", n, place.name), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					copied = s.bare.before(account(0), int(place.from), 50)
				}
			})
			b.Run(fmt.Sprintf("accounts=%d/%s/floor", n, place.name), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					txn := s.raw.Txn(false)
					it, err := txn.LowerBound("chunks", "id", number(join(tenant, string(account(0))), ^place.from))
					must(b, err)
					out := make([]signins.SignIn, 0, 50)
					for raw := it.Next(); raw != nil && len(out) < 50; raw = it.Next() {
						c := raw.(*rawChunk)
						for i := range c.records[:min(len(c.records), 50-len(out))] {
							out = append(out, c.records[i].Clone())
						}
					}
					txn.Abort()
					copied = out
				}
			})
			b.Run(fmt.Sprintf("accounts=%d/%s/store", n, place.name), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					must(b, s.db.SignIns().View(b.Context(), func(tx signins.Tx) error {
						_, err := tx.SignInsOf(tenant, account(0), store.Page{Size: 50, After: place.after})
						return err
					}))
				}
			})
			b.Run(fmt.Sprintf("accounts=%d/%s/service", n, place.name), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					_, err := s.app.SignIns.Activity(b.Context(), s.actors[0], signins.Query{Page: store.Page{Size: 50, After: place.after}})
					must(b, err)
				}
			})
		}
	}
}

var copied []signins.SignIn // so that the copies are made

// BenchmarkSignOutEverywhere signs out somebody with few and with many sessions, in an installation that has the same
// number of sessions, and so of events, in both: those that are not theirs are somebody else's. Asking is untimed: a
// person reads the preview in between. The floor writes the account's row and an event as raw rows; the map holds the
// time alone.
func BenchmarkSignOutEverywhere(b *testing.B) {
	const most = 20_000
	ring, err := secret.NewKeyRing(secret.NewKey("bench"))
	must(b, err)
	for _, sessions := range []int{20, most} {
		s := newSignedIn(b, 2)
		for i := range most {
			if i < sessions-1 {
				s.start(b, 0)
			} else {
				s.start(b, 1)
			}
		}
		filled := s.db
		b.Run(fmt.Sprintf("sessions=%d/map", sessions), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				s.bare.mu.Lock()
				s.bare.validFrom[account(0)] = s.clock.Now()
				s.bare.mu.Unlock()
			}
		})
		b.Run(fmt.Sprintf("sessions=%d/floor", sessions), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				txn := s.raw.Txn(true)
				rawAdmit(b, txn, account(0))
				row := *first[policy.Standing](b, txn, "standing", "id", join(tenant, string(account(0))))
				row.Epoch++
				row.SessionsValidFrom = s.clock.Now()
				must(b, txn.Insert("standing", &row))
				must(b, txn.Insert("events", &policy.Event{Tenant: tenant, Seq: uint64(i), Account: account(0)}))
				txn.Commit()
			}
		})
		b.Run(fmt.Sprintf("sessions=%d/library", sessions), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				b.StopTimer()
				app, err := myaccount.New(filled.Fork(), ring, myaccount.WithPolicy(policy.WithClock(s.clock.Now)))
				must(b, err)
				_, yes, err := app.SignIns.AskSignOutEverywhere(b.Context(), s.actors[0])
				must(b, err)
				b.StartTimer()
				_, err = app.SignIns.SignOutEverywhere(b.Context(), s.actors[0], yes, false)
				must(b, err)
			}
		})
	}
}

// BenchmarkHeapPerSignIn fills a store with 30 attempts for each account and reports what of the heap stays
// alive for each. One round is enough: bytes repeat.
func BenchmarkHeapPerSignIn(b *testing.B) {
	sizes := []int{30_000, 1_000_000, 10_000_000}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		b.Run(fmt.Sprintf("signins=%d", size), func(b *testing.B) {
			for range b.N {
				db := memstore.New()
				before := live()
				start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				const each = 30
				for a := 0; a < size/each; a++ {
					must(b, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
						for i := range each {
							if _, err := tx.PutSignIn(signins.SignIn{Tenant: tenant, Record: fullRecord(a, i, start.Add(time.Duration(i)*time.Hour)), Outcome: signins.Success}); err != nil {
								return err
							}
						}
						return nil
					}))
				}
				after := live()
				begin := time.Now()
				runtime.GC()
				b.ReportMetric(float64(time.Since(begin).Milliseconds()), "gc-ms")
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(size), "B/sign-in")
				b.ReportMetric(float64(after.HeapObjects-before.HeapObjects)/float64(size), "objects/sign-in")
				runtime.KeepAlive(db)
			}
		})
	}
}

func live() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC() // what the first one's finalizers let go
	runtime.ReadMemStats(&m)
	return m
}
