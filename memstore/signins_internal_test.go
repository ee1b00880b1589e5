package memstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// people are those of the model: two of a tenant, and one of another that sorts next to it.
var people = [][2]string{{"contoso", "ada"}, {"contoso", "bob"}, {"contoso2", "ada"}}

// model is the simplest store of sign-ins: a list of them all.
type model struct {
	all []signins.SignIn
}

func (m *model) find(t policy.TenantID, a policy.AccountID, id signins.ID) int {
	return slices.IndexFunc(m.all, func(s signins.SignIn) bool { return s.Tenant == t && s.Account == a && s.ID == id })
}

func (m *model) of(t policy.TenantID, a policy.AccountID) (list []signins.SignIn) {
	for _, s := range m.all {
		if s.Tenant == t && s.Account == a {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b signins.SignIn) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return list
}

// accepts tells whether a Put succeeds.
func (m *model) accepts(s signins.SignIn) bool {
	i := m.find(s.Tenant, s.Account, s.ID)
	if i < 0 {
		return s.Revision == 0
	}
	return m.all[i].Revision == s.Revision && m.all[i].At.Equal(s.At)
}

func (m *model) put(s signins.SignIn) {
	if i := m.find(s.Tenant, s.Account, s.ID); i >= 0 {
		m.all[i] = s
		return
	}
	m.all = append(m.all, s)
}

// TestSignInsAreWhatAListOfThemWouldBe does the same to the store and to a list.
func TestSignInsAreWhatAListOfThemWouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db, m := New(), &model{}
		person := func(t *rapid.T) (policy.TenantID, policy.AccountID) {
			p := rapid.SampledFrom(people).Draw(t, "person")
			return policy.TenantID(p[0]), policy.AccountID(p[1])
		}
		minute := func(t *rapid.T) time.Time {
			return start.Add(time.Duration(rapid.IntRange(-3, 40).Draw(t, "minute")) * time.Minute)
		}
		// put puts what may be refused, and has the model agree.
		put := func(t *rapid.T, s signins.SignIn) {
			accepted := m.accepts(s)
			err := db.SignIns().Update(context.Background(), func(tx signins.Tx) (err error) {
				s.Revision, err = tx.PutSignIn(s)
				return err
			})
			if !accepted {
				require.ErrorIs(t, err, store.ErrConflict)
				return
			}
			require.NoError(t, err)
			m.put(s)
		}
		serial := 0
		existing := func(t *rapid.T) signins.SignIn {
			if len(m.all) == 0 {
				tenant, account := person(t)
				serial++
				put(t, signins.SignIn{Tenant: tenant, Record: signins.Record{ID: signins.ID(fmt.Sprint("first ", serial)), Account: account, At: minute(t)}})
			}
			return rapid.SampledFrom(m.all).Draw(t, "one that is there").Clone()
		}
		t.Repeat(map[string]func(*rapid.T){
			"record many": func(t *rapid.T) {
				tenant, account := person(t)
				from, step := minute(t), time.Duration(rapid.SampledFrom([]int{60, 0, -60, 7, 1}).Draw(t, "seconds between"))*time.Second
				for range rapid.IntRange(1, 150).Draw(t, "how many") {
					serial++
					id := signins.ID(fmt.Sprintf("%04d", serial*7919%10_000))
					put(t, signins.SignIn{Tenant: tenant, Record: signins.Record{ID: id, Account: account, At: from,
						Application: fmt.Sprint("app ", serial%3), Correlation: fmt.Sprint("c ", serial)}})
					from = from.Add(step)
				}
			},
			"record one": func(t *rapid.T) {
				tenant, account := person(t)
				s := savable(record(tenant, account).Draw(t, "record"))
				s.At, s.Revision = minute(t), 0
				put(t, s)
			},
			"change one":         func(t *rapid.T) { s := existing(t); s.Answer, s.AnsweredAt = signins.ThisWasMe, minute(t); put(t, s) },
			"change a stale one": func(t *rapid.T) { s := existing(t); s.Revision--; put(t, s) },
			"change the time":    func(t *rapid.T) { s := existing(t); s.At = minute(t); put(t, s) },
			"use an id again":    func(t *rapid.T) { s := existing(t); s.At, s.Revision = minute(t), 0; put(t, s) },
			"use another's id":   func(t *rapid.T) { s := existing(t); s.Tenant, s.Account = person(t); s.Revision = 0; put(t, s) },
			"save and load":      func(t *rapid.T) { db = reloaded(t, db) },
			"go on with a fork":  func(*rapid.T) { db = db.Fork() },
			"make a directory":   func(t *rapid.T) { s := existing(t); indexed(t, db, s.Tenant, s.Account) },
			"fail in the middle": func(t *rapid.T) { failInTheMiddle(t, db, existing(t)) },
			"purge":              func(t *rapid.T) { purgeBoth(t, db, m, minute(t)) },
			"": func(t *rapid.T) {
				chunksAreSound(t, db)
				directoriesAreSound(t, db)
				for _, p := range people {
					tenant, account := policy.TenantID(p[0]), policy.AccountID(p[1])
					size := rapid.SampledFrom([]int{1000, 1000, 64, 50, 7}).Draw(t, "page size")
					if want, got := m.of(tenant, account), listed(t, db, tenant, account, size); !reflect.DeepEqual(want, got) { // much faster
						require.Empty(t, gocmp.Diff(want, got, exactly))
					}
				}
			},
		})
	})
}

func failInTheMiddle(t *rapid.T, db *Store, s signins.SignIn) {
	stop := errors.New("stop")
	require.ErrorIs(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
		_, _, err := tx.PurgeSignIns(s.Tenant, s.At.Add(time.Second), store.Page{Size: 10})
		s.ID, s.Revision = "of a transaction that fails", 0
		_, errPut := tx.PutSignIn(s)
		return errors.Join(err, errPut, stop)
	}), stop)
}

// purgeBoth purges a tenant in the store, and takes from the list what is gone: the store may choose among those
// that are old enough.
func purgeBoth(t *rapid.T, db *Store, m *model, before time.Time) {
	tenant := policy.TenantID(rapid.SampledFrom(people).Draw(t, "tenant of")[0])
	page := store.Page{Size: rapid.SampledFrom([]int{1, 30, 64, 100, 1000}).Draw(t, "limit")}
	old := 0
	for _, s := range m.all {
		if s.Tenant == tenant && s.At.Before(before) {
			old++
		}
	}
	n, calls := 0, rapid.IntRange(1, 4).Draw(t, "calls")
	for more := true; more && calls > 0; more, calls = page.After != "", calls-1 {
		require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
			removed, next, err := tx.PurgeSignIns(tenant, before, page)
			require.LessOrEqual(t, removed, page.Size)
			n, page.After = n+removed, next
			return err
		}))
	}
	if page.After == "" {
		require.Equal(t, old, n, "a walk that came to its end leaves none")
	}
	m.all = slices.DeleteFunc(m.all, func(s signins.SignIn) bool {
		if s.Tenant != tenant || !s.At.Before(before) {
			return false
		}
		return errors.Is(db.SignIns().View(context.Background(), func(tx signins.Tx) error {
			_, err := tx.SignIn(s.Tenant, s.Account, s.ID)
			return err
		}), store.ErrNotFound)
	})
	left := 0
	for _, s := range m.all {
		if s.Tenant == tenant && s.At.Before(before) {
			left++
		}
	}
	require.Equal(t, old-n, left, "just so many are gone")
}

func listed(t require.TestingT, db *Store, tenant policy.TenantID, account policy.AccountID, size int) (list []signins.SignIn) {
	require.NoError(t, db.SignIns().View(context.Background(), func(tx signins.Tx) error {
		for p := (store.Page{Size: size}); ; {
			got, err := tx.SignInsOf(tenant, account, p)
			if err != nil {
				return err
			}
			list = append(list, got.Items...)
			if p.After = got.Next; p.After == "" {
				return nil
			}
			require.Len(t, got.Items, size)
		}
	}))
	return list
}

// savable is s with what JSON can hold: names for enumerations, finite numbers, and no text that is not UTF-8.
func savable(s signins.SignIn) signins.SignIn {
	s.Outcome, s.Risk, s.Answer = s.Outcome%5, s.Risk%5, s.Answer%3
	s.Place.Latitude, s.Place.Longitude = 52.52, 0
	s.Address = s.Address.WithZone("")
	for _, text := range []*string{(*string)(&s.ID), &s.Application, &s.Resource, &s.ClientApp, &s.Browser, &s.System, &s.Place.City, &s.Place.Region,
		&s.Place.Country, (*string)(&s.Device), &s.DeviceName, (*string)(&s.Session), &s.Correlation, &s.Failure} {
		*text = strings.ToValidUTF8(*text, "?")
	}
	for i := range s.Steps {
		s.Steps[i].Method, s.Steps[i].Detail = strings.ToValidUTF8(s.Steps[i].Method, "?"), strings.ToValidUTF8(s.Steps[i].Detail, "?")
	}
	return s
}

func reloaded(t require.TestingT, db *Store) *Store {
	var stream bytes.Buffer
	require.NoError(t, db.Save(&stream))
	loaded, err := Load(&stream)
	require.NoError(t, err)
	return loaded
}

// chunksOf gives all chunks of a store in their order.
func chunksOf(t require.TestingT, db *Store) (all []*chunk) {
	it, err := db.db.Txn(false).Get(signInChunks.table, byID+"_prefix", new(key))
	require.NoError(t, err)
	for raw := it.Next(); raw != nil; raw = it.Next() {
		all = append(all, raw.(*chunk))
	}
	return all
}

func sizesOf(t require.TestingT, db *Store) (sizes []int) {
	for _, c := range chunksOf(t, db) {
		sizes = append(sizes, len(c.records))
	}
	return sizes
}

func chunksAreSound(t require.TestingT, db *Store) {
	var last *chunk
	for _, c := range chunksOf(t, db) {
		sound(t, c)
		require.NotEmpty(t, c.records)
		require.LessOrEqual(t, len(c.records), maxChunk)
		for i := 1; i < len(c.records); i++ {
			require.Negative(t, c.spot(i-1).compare(c.spot(i)))
		}
		if last != nil && last.tenant() == c.tenant() && last.account() == c.account() {
			require.Negative(t, last.spot(last.last()).compare(c.spot(0)), "one chunk after the other")
		}
		last = c
	}
}

// putAll records n attempts, the i-th after so many minutes.
func putAll(t testing.TB, db *Store, n int, minute func(i int) int) {
	t.Helper()
	for i := range n {
		require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
			_, err := tx.PutSignIn(signins.SignIn{Tenant: "contoso", Record: signins.Record{
				ID: signins.ID(fmt.Sprint(i)), Account: "ada", At: start.Add(time.Duration(minute(i)) * time.Minute)}})
			return err
		}))
	}
}

func TestRecordingInOrderFillsChunks(t *testing.T) {
	const n = 3*maxChunk + 6
	for name, c := range map[string]struct {
		minute func(i int) int
		want   []int // the newest chunk first
	}{
		"of time":                      {func(i int) int { return i }, []int{6, 64, 64, 64}},
		"of the list, as imports come": {func(i int) int { return -i }, []int{64, 64, 64, 6}},
		"with neighbours swapped":      {func(i int) int { return i ^ 1 }, []int{6, 64, 64, 64}},
	} {
		t.Run(name, func(t *testing.T) {
			db := New()
			putAll(t, db, n, c.minute)
			require.Equal(t, c.want, sizesOf(t, db))
			chunksAreSound(t, db)
		})
	}
}

func TestAFullChunkSplitsForWhatFallsIntoIt(t *testing.T) {
	db := New()
	putAll(t, db, maxChunk, func(i int) int { return 2 * i })
	require.Equal(t, []int{maxChunk}, sizesOf(t, db))
	require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
		_, err := tx.PutSignIn(signins.SignIn{Tenant: "contoso", Record: signins.Record{ID: "between", Account: "ada", At: start.Add(41 * time.Minute)}})
		return err
	}))
	require.Equal(t, []int{32, 33}, sizesOf(t, db))
	chunksAreSound(t, db)
}

func TestAPurgeLeavesNoEmptyChunk(t *testing.T) {
	db := New()
	putAll(t, db, 2*maxChunk, func(i int) int { return i })
	for _, c := range []struct {
		limit int
		want  []int
	}{{10, []int{64, 54}}, {60, []int{58}}, {1000, nil}} {
		require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
			_, _, err := tx.PurgeSignIns("contoso", start.Add(10_000*time.Minute), store.Page{Size: c.limit})
			return err
		}))
		require.Equal(t, c.want, sizesOf(t, db))
	}
}

// TestAnAnswerThatWasChangedIsNotKept finds no word of what a record said before.
func TestAnAnswerThatWasChangedIsNotKept(t *testing.T) {
	db := New()
	s := signins.SignIn{Tenant: "contoso", Record: signins.Record{ID: "1", Account: "ada", At: start, DeviceName: "Ada's secret phone"}}
	for _, name := range []string{"Ada's secret phone", "renamed"} {
		s.DeviceName = name
		require.NoError(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) (err error) { s.Revision, err = tx.PutSignIn(s); return err }))
	}
	require.NotContains(t, chunksOf(t, db)[0].text, "secret")
}

func TestARecordThatNoChunkCouldHoldIsRefused(t *testing.T) {
	for name, s := range map[string]signins.SignIn{
		"too many steps": {Record: signins.Record{Steps: make([]signins.Step, signins.MaxSteps+1)}},
		"too much text":  {Record: signins.Record{Failure: string(make([]byte, maxRecord+1))}},
	} {
		t.Run(name, func(t *testing.T) {
			db := New()
			require.ErrorContains(t, db.SignIns().Update(context.Background(), func(tx signins.Tx) error {
				_, err := tx.PutSignIn(s)
				return err
			}), "are kept")
			require.Empty(t, chunksOf(t, db))
		})
	}
}
