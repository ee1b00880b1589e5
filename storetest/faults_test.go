package storetest_test

import (
	"slices"
	"sync"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

// fault is a mistake that somebody's store may make, made on purpose over a store that makes none.
type fault struct {
	name    string   // a store that …
	caught  []string // the checks that fail for it, perhaps among others
	backend func(*memstore.Store) storetest.Backend
}

var faults = slices.Concat(transactionFaults, rowFaults, listFaults, eventFaults, signinsFaults, challengeFaults, accountFaults, closingFaults, identifierFaults)

// backend is a Store with the stores of some rooms replaced.
type backend struct {
	*memstore.Store
	policy     store.Store[policy.AdminTx]
	devices    devices.Store
	signins    signins.Store
	challenges store.Store[challenge.Tx]
	account    account.Store
}

// or is a, or what b gives if a is nil.
func or[T any](a store.Store[T], b func() store.Store[T]) store.Store[T] {
	if a != nil {
		return a
	}
	return b()
}

func (b backend) Policy() store.Store[policy.AdminTx]   { return or(b.policy, b.Store.Policy) }
func (b backend) Devices() devices.Store                { return or(b.devices, b.Store.Devices) }
func (b backend) SignIns() signins.Store                { return or(b.signins, b.Store.SignIns) }
func (b backend) Challenges() store.Store[challenge.Tx] { return or(b.challenges, b.Store.Challenges) }
func (b backend) Account() account.Store                { return or(b.account, b.Store.Account) }

// inAccount is inPolicy for package account.
func inAccount[S any](wrap func(account.Tx, *memstore.Store, *S) account.Tx) func(*memstore.Store) storetest.Backend {
	return func(db *memstore.Store) storetest.Backend {
		state := new(S)
		return backend{Store: db, account: store.Narrow(db.Account(), func(tx account.Tx) account.Tx { return wrap(tx, db, state) })}
	}
}

// inPolicy makes a fault of a wrapper around the transactions of package policy. What the wrapper remembers
// from one transaction to the next is in an S of each store's own.
func inPolicy[S any](wrap func(policy.AdminTx, *memstore.Store, *S) policy.AdminTx) func(*memstore.Store) storetest.Backend {
	return func(db *memstore.Store) storetest.Backend {
		state := new(S)
		return backend{Store: db,
			policy: store.Narrow(db.Policy(), func(tx policy.AdminTx) policy.AdminTx { return wrap(tx, db, state) }),
		}
	}
}

// inDevices is inPolicy for package devices.
func inDevices[S any](wrap func(devices.Tx, *memstore.Store, *S) devices.Tx) func(*memstore.Store) storetest.Backend {
	return func(db *memstore.Store) storetest.Backend {
		state := new(S)
		return backend{Store: db,
			devices: store.Narrow(db.Devices(), func(tx devices.Tx) devices.Tx { return wrap(tx, db, state) }),
		}
	}
}

// inSignIns is inPolicy for package signins.
func inSignIns[S any](wrap func(signins.Tx, *memstore.Store, *S) signins.Tx) func(*memstore.Store) storetest.Backend {
	return func(db *memstore.Store) storetest.Backend {
		state := new(S)
		return backend{Store: db,
			signins: store.Narrow(db.SignIns(), func(tx signins.Tx) signins.Tx { return wrap(tx, db, state) }),
		}
	}
}

// inChallenges is inPolicy for package challenge.
func inChallenges[S any](wrap func(challenge.Tx, *memstore.Store, *S) challenge.Tx) func(*memstore.Store) storetest.Backend {
	return func(db *memstore.Store) storetest.Backend {
		state := new(S)
		return backend{Store: db,
			challenges: store.Narrow(db.Challenges(), func(tx challenge.Tx) challenge.Tx { return wrap(tx, db, state) }),
		}
	}
}

// none is for wrappers that remember nothing.
type none struct{}

// kept is what a wrapper remembers of rows.
type kept[V any] struct {
	mu   sync.Mutex
	rows map[string]V
}

func (k *kept[V]) put(id string, row V) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rows == nil {
		k.rows = make(map[string]V)
	}
	k.rows[id] = row
}

func (k *kept[V]) get(id string) (V, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	row, ok := k.rows[id]
	return row, ok
}

func (k *kept[V]) drop(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.rows, id)
}
