package storetest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

// TestAHealthyStoreOfAnotherKindPasses keeps the suite from asking for more than the contract: this store runs
// functions side by side, and each of them again, wraps its errors and gives short pages.
func TestAHealthyStoreOfAnotherKindPasses(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Backend {
		c := &concurrent{db: memstore.New()}
		return backend{
			policy:     concurrentRoom[policy.AdminTx]{c, (*memstore.Store).Policy, func(tx policy.AdminTx) policy.AdminTx { return wordyPolicy{tx} }},
			devices:    concurrentRoom[devices.Tx]{c, (*memstore.Store).Devices, func(tx devices.Tx) devices.Tx { return wordyDevices{tx} }},
			signins:    concurrentRoom[signins.Tx]{c, (*memstore.Store).SignIns, func(tx signins.Tx) signins.Tx { return wordySignIns{tx} }},
			challenges: concurrentRoom[challenge.Tx]{c, (*memstore.Store).Challenges, func(tx challenge.Tx) challenge.Tx { return wordyChallenges{tx} }},
			account:    concurrentRoom[account.Tx]{c, (*memstore.Store).Account, func(tx account.Tx) account.Tx { return wordyAccount{tx} }},
		}
	})
}

// concurrent is a database whose transactions run side by side, each on a copy that becomes the database if
// nobody else's did meanwhile. The first copy never does, so that every function runs twice.
type concurrent struct {
	mu sync.Mutex
	db *memstore.Store
}

func (c *concurrent) now() *memstore.Store {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.db
}

// commit reports whether next could take the place of the database that it was copied from.
func (c *concurrent) commit(from, next *memstore.Store) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db != from {
		return false
	}
	c.db = next
	return true
}

type concurrentRoom[T any] struct {
	*concurrent
	of   func(*memstore.Store) store.Store[T]
	wrap func(T) T
}

func (r concurrentRoom[T]) View(ctx context.Context, fn func(T) error) error {
	return r.of(r.now()).View(ctx, func(tx T) error { return fn(r.wrap(tx)) })
}

func (r concurrentRoom[T]) Update(ctx context.Context, fn func(T) error) error {
	for run := 1; ; run++ {
		from := r.now()
		next := from.Fork()
		if err := r.of(next).Update(ctx, func(tx T) error { return fn(r.wrap(tx)) }); err != nil {
			return fmt.Errorf("a function failed: %w", err)
		}
		if run > 1 && r.commit(from, next) {
			return nil
		}
	}
}

// in wraps an error.
func in(method string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// short makes a page one item shorter than it may be.
func short(p store.Page) store.Page {
	p.Size = max(1, p.Limit()-1)
	return p
}

type wordyPolicy struct{ policy.AdminTx }

func (tx wordyPolicy) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	st, err := tx.AdminTx.Standing(t, a)
	return st, in("Standing", err)
}

func (tx wordyPolicy) PutStanding(st policy.Standing) (store.Revision, error) {
	rev, err := tx.AdminTx.PutStanding(st)
	return rev, in("PutStanding", err)
}

func (tx wordyPolicy) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	list, err := tx.AdminTx.EventsOf(t, a, short(p))
	return list, in("EventsOf", err)
}

func (tx wordyPolicy) EventsAfter(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	list, err := tx.AdminTx.EventsAfter(t, short(p))
	return list, in("EventsAfter", err)
}

type wordyDevices struct{ devices.Tx }

func (tx wordyDevices) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	d, err := tx.Tx.Device(t, id)
	return d, in("Device", err)
}

func (tx wordyDevices) PutDevice(d devices.Device) (store.Revision, error) {
	rev, err := tx.Tx.PutDevice(d)
	return rev, in("PutDevice", err)
}

func (tx wordyDevices) RecoveryKeysOf(t policy.TenantID, d policy.DeviceID, p store.Page) (store.List[devices.RecoveryKey], error) {
	list, err := tx.Tx.RecoveryKeysOf(t, d, short(p))
	return list, in("RecoveryKeysOf", err)
}

type wordyChallenges struct{ challenge.Tx }

func (tx wordyChallenges) Challenge(t policy.TenantID, a policy.AccountID, id challenge.ID) (challenge.Challenge, error) {
	c, err := tx.Tx.Challenge(t, a, id)
	return c, in("Challenge", err)
}

func (tx wordyChallenges) PutChallenge(c challenge.Challenge) (store.Revision, error) {
	rev, err := tx.Tx.PutChallenge(c)
	return rev, in("PutChallenge", err)
}

func (tx wordyChallenges) Counter(t policy.TenantID, a policy.AccountID, m challenge.Method) (challenge.Counter, error) {
	c, err := tx.Tx.Counter(t, a, m)
	return c, in("Counter", err)
}

func (tx wordyChallenges) PutCounter(c challenge.Counter) (store.Revision, error) {
	rev, err := tx.Tx.PutCounter(c)
	return rev, in("PutCounter", err)
}

type wordyAccount struct{ account.Tx }

func (tx wordyAccount) Profile(t policy.TenantID, a policy.AccountID) (account.Profile, error) {
	p, err := tx.Tx.Profile(t, a)
	return p, in("Profile", err)
}

func (tx wordyAccount) PutCredential(c account.Credential) (store.Revision, error) {
	rev, err := tx.Tx.PutCredential(c)
	return rev, in("PutCredential", err)
}

type wordySignIns struct{ signins.Tx }

func (tx wordySignIns) Session(t policy.TenantID, a policy.AccountID, id policy.SessionID) (policy.Session, error) {
	s, err := tx.Tx.Session(t, a, id)
	return s, in("Session", err)
}

func (tx wordySignIns) PutSession(s policy.Session) (store.Revision, error) {
	rev, err := tx.Tx.PutSession(s)
	return rev, in("PutSession", err)
}

func (tx wordySignIns) SessionsOf(t policy.TenantID, a policy.AccountID, since time.Time, p store.Page) (store.List[policy.Session], error) {
	list, err := tx.Tx.SessionsOf(t, a, since, short(p))
	return list, in("SessionsOf", err)
}

func (tx wordySignIns) SignIn(t policy.TenantID, a policy.AccountID, id signins.ID) (signins.SignIn, error) {
	s, err := tx.Tx.SignIn(t, a, id)
	return s, in("SignIn", err)
}

func (tx wordySignIns) PutSignIn(s signins.SignIn) (store.Revision, error) {
	rev, err := tx.Tx.PutSignIn(s)
	return rev, in("PutSignIn", err)
}

func (tx wordySignIns) SignInsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[signins.SignIn], error) {
	list, err := tx.Tx.SignInsOf(t, a, short(p))
	return list, in("SignInsOf", err)
}

func (tx wordySignIns) PurgeSignIns(t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
	n, next, err := tx.Tx.PurgeSignIns(t, before, short(p))
	return n, next, in("PurgeSignIns", err)
}
