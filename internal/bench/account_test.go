package bench_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/seed4b20689c/myaccount"
	acc "github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// withProfiles is an installation where everybody has a session and a profile, and the floor with the same rows.
type withProfiles struct {
	*signedIn
	raw   *memdb.MemDB
	order []int
	seq   uint64
}

func newWithProfiles(tb testing.TB, n int) *withProfiles {
	p := &withProfiles{signedIn: newSignedIn(tb, n), order: rand.New(rand.NewPCG(1, 2)).Perm(n)}
	id := func(name string, x memdb.Indexer) *memdb.TableSchema {
		return &memdb.TableSchema{Name: name, Indexes: map[string]*memdb.IndexSchema{"id": {Name: "id", Unique: true, Indexer: x}}}
	}
	events := id("events", keyOf[policy.Event](func(r *policy.Event) []byte { return number(join(r.Tenant, string(r.Account)), ^r.Seq) }))
	events.Indexes["order"] = &memdb.IndexSchema{Name: "order", Unique: true, Indexer: keyOf[policy.Event](func(r *policy.Event) []byte { return number(join(r.Tenant), r.Seq) })}
	var err error
	p.raw, err = memdb.NewMemDB(&memdb.DBSchema{Tables: map[string]*memdb.TableSchema{
		"settings": id("settings", keyOf[policy.Settings](func(r *policy.Settings) []byte { return join(r.Tenant) })),
		"standing": id("standing", keyOf[policy.Standing](func(r *policy.Standing) []byte { return join(r.Tenant, string(r.Account)) })),
		"sessions": id("sessions", keyOf[policy.Session](func(r *policy.Session) []byte { return join(r.Tenant, string(r.Account), string(r.ID)) })),
		"profiles": id("profiles", keyOf[acc.Profile](func(r *acc.Profile) []byte { return join(r.Tenant, string(r.Account)) })),
		"schemas":  id("schemas", keyOf[acc.Schema](func(r *acc.Schema) []byte { return join(r.Tenant) })),
		"events":   events,
		"names":    id("names", keyOf[acc.Identifier](func(r *acc.Identifier) []byte { return join(r.Tenant, string(r.Account), r.Key) })),
		"changes":  id("changes", keyOf[acc.EmailChange](func(r *acc.EmailChange) []byte { return join(r.Tenant, string(r.Account), string(r.ID)) })),
	}})
	must(tb, err)
	txn := p.raw.Txn(true)
	must(tb, txn.Insert("settings", &policy.Settings{Tenant: tenant, TurnedOn: true}))
	for a, actor := range p.actors {
		profile := acc.Profile{Tenant: tenant, Account: account(a), DisplayName: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Title: "Analyst",
			Department: "Engines", Office: "1/23", MobilePhone: "+44 20 7946 0000", Language: "en-GB", Region: "GB", TimeZone: "Europe/London"}
		must(tb, p.app.Host.Account.PutProfile(context.Background(), host, profile))
		must(tb, txn.Insert("profiles", &profile))
		must(tb, txn.Insert("standing", &policy.Standing{Tenant: tenant, Account: account(a), Kind: policy.Work, State: policy.Active}))
		must(tb, txn.Insert("sessions", &policy.Session{Tenant: tenant, Account: account(a), ID: actor.Session, StartedAt: actor.SignedInAt, Proofs: actor.Proofs}))
	}
	txn.Commit()
	return p
}

// rawProfile is the floor of every read of a profile: the admission's rows, the profile, and a schema that is not there.
func (p *withProfiles) rawProfile(tb testing.TB, txn *memdb.Txn, a *policy.Actor) acc.Profile {
	rawAdmit(tb, txn, a.Account)
	if row := first[policy.Session](tb, txn, "sessions", "id", join(tenant, string(a.Account), string(a.Session))).Clone(); !row.EndedAt.IsZero() {
		tb.Fatal("no session")
	}
	if s, err := txn.First("schemas", "id", join(tenant)); err != nil || s != nil {
		tb.Fatal("there is a schema")
	}
	return *first[acc.Profile](tb, txn, "profiles", "id", join(tenant, string(a.Account)))
}

// rawNames is what the floor of a profile that is shown has besides: the person's names and the changes of them, of which there
// are none.
func (p *withProfiles) rawNames(tb testing.TB, txn *memdb.Txn, a *policy.Actor) {
	prefix := join(tenant, string(a.Account))
	for _, table := range []string{"names", "changes"} {
		rows, err := txn.LowerBound(table, "id", prefix)
		must(tb, err)
		if rows.Next() != nil {
			tb.Fatal("there is one")
		}
	}
}

func (p *withProfiles) read(b *testing.B, names bool, library func(policy.Actor) error) {
	b.Run(fmt.Sprintf("accounts=%d/floor", len(p.order)), func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			txn := p.raw.Txn(false)
			a := &p.actors[p.order[i%len(p.order)]]
			profile = p.rawProfile(b, txn, a)
			if names {
				p.rawNames(b, txn, a)
			}
			txn.Abort()
		}
	})
	b.Run(fmt.Sprintf("accounts=%d/library", len(p.order)), func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			must(b, library(p.actors[p.order[i%len(p.order)]]))
		}
	})
}

var profile acc.Profile // so that the copies are made

// BenchmarkProfile reads a profile with the decision about each of its thirteen fields.
func BenchmarkProfile(b *testing.B) {
	for _, n := range people() {
		p := newWithProfiles(b, n)
		p.read(b, true, func(a policy.Actor) error { _, err := p.app.Account.Profile(b.Context(), a); return err })
	}
}

// BenchmarkOverviewBlock makes this room's block of the overview.
func BenchmarkOverviewBlock(b *testing.B) {
	for _, n := range people() {
		p := newWithProfiles(b, n)
		p.read(b, false, func(a policy.Actor) error { _, err := p.app.Account.Overview(b.Context(), a); return err })
	}
}

// update changes an account's language to another than before.
func (p *withProfiles) update(app *myaccount.Account, i int) error {
	to := oneOf(i/len(p.order), "de-CH", "en-GB")
	return app.Account.UpdateProfile(context.Background(), p.actors[p.order[i%len(p.order)]], acc.ProfileUpdate{Set: map[acc.Attribute]string{acc.Language: to}})
}

func BenchmarkUpdateProfile(b *testing.B) {
	for _, n := range people() {
		p := newWithProfiles(b, n)
		b.Run(fmt.Sprintf("accounts=%d/floor", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				a := &p.actors[p.order[i%n]]
				txn := p.raw.Txn(true)
				next := p.rawProfile(b, txn, a)
				next.Language = oneOf(i/n, "de-CH", "en-GB")
				must(b, txn.Insert("profiles", &next))
				p.seq++
				must(b, txn.Insert("events", &policy.Event{Tenant: tenant, Account: a.Account, Seq: p.seq, At: p.clock.Now(), Activity: "Update user"}))
				txn.Commit()
			}
		})
		b.Run(fmt.Sprintf("accounts=%d/library", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				must(b, p.update(p.app, i))
			}
		})
	}
}

const phrase = "heron lantern 47 gravel oboe"

// passwords gives the first accounts a password, all the same one.
func (p *withProfiles) passwords(b *testing.B, n int) *secret.Hasher {
	h, err := secret.NewHasher(secret.DefaultParams, 0)
	must(b, err)
	hash, err := h.Hash(b.Context(), secret.NewText(phrase))
	must(b, err)
	for a := range n {
		must(b, p.app.Host.Account.ImportHash(b.Context(), host, account(a), hash))
		p.actors[a] = p.start(b, a).Actor // the sessions of before ended
	}
	return h
}

// BenchmarkVerifyPassword stands beside the slow hash alone.
func BenchmarkVerifyPassword(b *testing.B) {
	p := newWithProfiles(b, 1000)
	h := p.passwords(b, 1)
	b.Run("bare Argon2id", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			_, err := h.Hash(b.Context(), secret.NewText(phrase))
			must(b, err)
		}
	})
	for name, id := range map[string]policy.AccountID{"right": account(0), "unknown": "nobody"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				_, err := p.app.Host.Account.VerifyPassword(b.Context(), host, acc.PasswordAttempt{Account: id, Password: secret.NewText(phrase)})
				if (err == nil) != (name == "right") {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWriteBesideWrongPasswords reports the 50th and 99th percentile of a write that has nothing to do with
// passwords, without and with 200 wrong ones at any time; the most memory above what there was before, with what is not
// collected yet (peak) and without (in-use). The wrong ones are hashed on all processors, or on all but one, as is the
// default. Each run begins with the same rows.
func BenchmarkWriteBesideWrongPasswords(b *testing.B) {
	const atOnce = 200
	p := newWithProfiles(b, 1000)
	p.passwords(b, atOnce)
	ring, err := secret.NewKeyRing(secret.NewKey("wrong"))
	must(b, err)
	for _, c := range []struct {
		name       string
		busy       bool
		concurrent int
	}{{"none", false, 0}, {"all", true, runtime.GOMAXPROCS(0)}, {"all-but-one", true, 0}} {
		b.Run("hashing="+c.name, func(b *testing.B) {
			hasher, err := secret.NewHasher(secret.DefaultParams, c.concurrent)
			must(b, err)
			app, err := myaccount.New(p.db.Fork(), ring, myaccount.WithPolicy(policy.WithClock(p.clock.Now)), myaccount.WithHasher(hasher))
			must(b, err)
			ctx, done := context.WithCancel(context.Background())
			wrong := func(round int) error {
				var wg sync.WaitGroup
				errs := make([]error, atOnce)
				for i := range atOnce {
					wg.Go(func() {
						_, err := app.Host.Account.VerifyPassword(ctx, host, acc.PasswordAttempt{Account: account(i), Password: secret.NewText("wrong " + strconv.Itoa(round))})
						if !errors.As(err, new(*policy.Denied)) && ctx.Err() == nil {
							errs[i] = fmt.Errorf("not refused: %w", err)
						}
					})
				}
				wg.Wait()
				return errors.Join(errs...)
			}
			peak := peakMemory()
			besideAWriter(b, c.busy, wrong, func(i int) error {
				if i == b.N-1 {
					defer done() // whoever waits still has nothing to tell
				}
				return p.update(app, i)
			})
			all, inUse := peak()
			b.ReportMetric(all, "peak-MiB")
			b.ReportMetric(inUse, "in-use-MiB")
		})
	}
}

// peakMemory watches the heap until what it gives is called, which tells by how much it grew at the most: all of it, and
// what of it was found to be in use by a collection.
func peakMemory() func() (all, inUse float64) {
	live()
	read := func() (now [2]uint64) {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
		metrics.Read(s)
		for i := range s {
			now[i] = s[i].Value.Uint64()
		}
		return now
	}
	before, stop, most := read(), make(chan struct{}), make(chan [2]uint64)
	go func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		peak := before
		for {
			select {
			case <-tick.C:
				for i, now := range read() {
					peak[i] = max(peak[i], now)
				}
			case <-stop:
				most <- peak
				return
			}
		}
	}()
	return func() (all, inUse float64) {
		close(stop)
		peak := <-most
		return float64(peak[0]-before[0]) / (1 << 20), float64(peak[1]-before[1]) / (1 << 20)
	}
}
