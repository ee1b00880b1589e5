package storetest_test

import (
	"context"
	"errors"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

var transactionFaults = []fault{
	{"commits what a failing function wrote",
		[]string{"policy transactions keep nothing of a function that fails", "devices transactions keep nothing of a function that fails",
			"devices RecoveryKeysOf is seen by the transaction that wrote it", "rooms keep an event exactly if they keep the change"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: commitsOnError[policy.AdminTx]{db.Policy()}, devices: commitsOnError[devices.Tx]{db.Devices()}}
		}},
	{"commits what a panicking function wrote",
		[]string{"policy transactions keep nothing of a function that panics", "devices transactions keep nothing of a function that panics"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: commitsOnPanic[policy.AdminTx]{db.Policy()}, devices: commitsOnPanic[devices.Tx]{db.Devices()}}
		}},
	{"takes a panic for success",
		[]string{"policy transactions keep nothing of a function that panics"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: swallowsPanics[policy.AdminTx]{db.Policy()}}
		}},
	{"stays locked after a panic",
		[]string{"policy transactions keep nothing of a function that panics", "devices transactions keep nothing of a function that panics"},
		func(db *memstore.Store) storetest.Backend {
			lock := make(chan struct{}, 1)
			return backend{Store: db, policy: staysLocked[policy.AdminTx]{db.Policy(), lock}, devices: staysLocked[devices.Tx]{db.Devices(), lock}}
		}},
	{"commits though the context is done",
		[]string{"policy transactions keep nothing once the context is done", "devices transactions keep nothing once the context is done"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: ignoresContext[policy.AdminTx]{db.Policy()}, devices: ignoresContext[devices.Tx]{db.Devices()}}
		}},
	{"lets View write",
		[]string{"policy settings cannot be written in View", "policy event cannot be written in View", "policy follower cannot be written in View",
			"devices device cannot be written in View", "devices recovery key cannot be written in View"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: viewWrites[policy.AdminTx]{db.Policy()}, devices: viewWrites[devices.Tx]{db.Devices()}}
		}},
	{"hides the function's error",
		[]string{"policy transactions return the function's own error", "devices transactions return the function's own error"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: hidesErrors[policy.AdminTx]{db.Policy()}, devices: hidesErrors[devices.Tx]{db.Devices()}}
		}},
	{"compares revisions before the commit and not with it",
		[]string{"policy transactions are serializable"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, policy: optimistic[policy.AdminTx]{db, (*memstore.Store).Policy, recordsPolicy(true)}}
		}},
	{"compares with the commit what was written and not what was read",
		[]string{"policy transactions are serializable", "devices transactions are serializable",
			"devices transactions hold a limit over several rows", "rooms are serializable with each other"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db,
				policy:  optimistic[policy.AdminTx]{db, (*memstore.Store).Policy, recordsPolicy(false)},
				devices: optimistic[devices.Tx]{db, (*memstore.Store).Devices, recordsDevices},
			}
		}},
	{"does not say that a key's id was taken meanwhile",
		[]string{"devices recovery key is made by one of two devices at once"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, devices: optimistic[devices.Tx]{db, (*memstore.Store).Devices, recordsDevices}}
		}},
	{"reads each row from a snapshot of its own",
		[]string{"policy transactions read one snapshot"},
		inPolicy(func(tx policy.AdminTx, db *memstore.Store, _ *none) policy.AdminTx { return manySnapshots{tx, db} })},
	{"reads what is not committed",
		[]string{"policy transactions read one snapshot"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, k *kept[policy.Standing]) policy.AdminTx {
			return dirtyReads{tx, k}
		})},
	{"goes on after the end of a transaction",
		[]string{"policy transactions end with their function"},
		inPolicy(func(tx policy.AdminTx, db *memstore.Store, _ *none) policy.AdminTx { return undead{tx, db} })},
	{"shows its lists as they were before the transaction",
		[]string{"devices RecoveryKeysOf is seen by the transaction that wrote it"},
		inDevices(func(tx devices.Tx, db *memstore.Store, _ *none) devices.Tx { return staleLists{tx, db} })},
}

type commitsOnError[T any] struct{ store.Store[T] }

func (s commitsOnError[T]) Update(ctx context.Context, fn func(T) error) error {
	var failed error
	return errors.Join(s.Store.Update(ctx, func(tx T) error { failed = fn(tx); return nil }), failed)
}

type commitsOnPanic[T any] struct{ store.Store[T] }

func (s commitsOnPanic[T]) Update(ctx context.Context, fn func(T) error) error {
	var panicked any
	err := s.Store.Update(ctx, func(tx T) error {
		defer func() { panicked = recover() }()
		return fn(tx)
	})
	if panicked != nil {
		panic(panicked)
	}
	return err
}

type swallowsPanics[T any] struct{ store.Store[T] }

func (s swallowsPanics[T]) Update(ctx context.Context, fn func(T) error) error {
	defer func() { _ = recover() }()
	return s.Store.Update(ctx, fn)
}

type staysLocked[T any] struct {
	store.Store[T]
	lock chan struct{}
}

func (s staysLocked[T]) Update(ctx context.Context, fn func(T) error) error {
	select {
	case s.lock <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	err := s.Store.Update(ctx, fn)
	<-s.lock // and not in a defer
	return err
}

type ignoresContext[T any] struct{ store.Store[T] }

func (s ignoresContext[T]) Update(ctx context.Context, fn func(T) error) error {
	return s.Store.Update(context.WithoutCancel(ctx), fn)
}

type viewWrites[T any] struct{ store.Store[T] }

func (s viewWrites[T]) View(ctx context.Context, fn func(T) error) error { return s.Update(ctx, fn) }

type hidesErrors[T any] struct{ store.Store[T] }

func (s hidesErrors[T]) Update(ctx context.Context, fn func(T) error) error {
	if err := s.Store.Update(ctx, fn); err != nil {
		return errors.New("the update failed: " + err.Error())
	}
	return nil
}

// optimistic runs a function on a copy of the store, waiting for nobody, and commits then what it wrote.
type optimistic[T any] struct {
	db     *memstore.Store
	room   func(*memstore.Store) store.Store[T]
	record func(tx T, writes *[]func(T) error) T
}

func (s optimistic[T]) View(ctx context.Context, fn func(T) error) error {
	return s.room(s.db).View(ctx, fn)
}

func (s optimistic[T]) Update(ctx context.Context, fn func(T) error) error {
	var writes []func(T) error
	if err := s.room(s.db.Fork()).Update(ctx, func(tx T) error { return fn(s.record(tx, &writes)) }); err != nil {
		return err
	}
	return s.room(s.db).Update(ctx, func(tx T) error {
		for _, write := range writes {
			if err := write(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// recordsPolicy records the standing that is put; blindly, to overwrite whatever is there then.
func recordsPolicy(blindly bool) func(policy.AdminTx, *[]func(policy.AdminTx) error) policy.AdminTx {
	return func(tx policy.AdminTx, writes *[]func(policy.AdminTx) error) policy.AdminTx {
		return policyRecorder{tx, writes, blindly}
	}
}

type policyRecorder struct {
	policy.AdminTx
	writes  *[]func(policy.AdminTx) error
	blindly bool
}

func (tx policyRecorder) PutStanding(st policy.Standing) (store.Revision, error) {
	*tx.writes = append(*tx.writes, func(at policy.AdminTx) error {
		if tx.blindly {
			now, err := at.Standing(st.Tenant, st.Account)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			st.Revision = now.Revision
		}
		_, err := at.PutStanding(st)
		return err
	})
	return tx.AdminTx.PutStanding(st)
}

func recordsDevices(tx devices.Tx, writes *[]func(devices.Tx) error) devices.Tx {
	return devicesRecorder{tx, writes}
}

type devicesRecorder struct {
	devices.Tx
	writes *[]func(devices.Tx) error
}

func (tx devicesRecorder) PutDevice(d devices.Device) (store.Revision, error) {
	*tx.writes = append(*tx.writes, func(at devices.Tx) error { _, err := at.PutDevice(d); return err })
	return tx.Tx.PutDevice(d)
}

func (tx devicesRecorder) PutRecoveryKey(k devices.RecoveryKey) (store.Revision, error) {
	*tx.writes = append(*tx.writes, func(at devices.Tx) error {
		if _, err := at.PutRecoveryKey(k); !errors.Is(err, store.ErrConflict) {
			return err
		}
		return nil // as if it had been made
	})
	return tx.Tx.PutRecoveryKey(k)
}

type manySnapshots struct {
	policy.AdminTx
	db *memstore.Store
}

func (tx manySnapshots) Standing(t policy.TenantID, a policy.AccountID) (st policy.Standing, err error) {
	err = tx.db.Policy().View(context.Background(), func(now policy.AdminTx) (err error) {
		st, err = now.Standing(t, a)
		return err
	})
	return st, err
}

type dirtyReads struct {
	policy.AdminTx
	*kept[policy.Standing]
}

func (tx dirtyReads) PutStanding(st policy.Standing) (store.Revision, error) {
	rev, err := tx.AdminTx.PutStanding(st)
	if err == nil {
		st.Revision = rev
		tx.put(string(st.Account), st)
	}
	return rev, err
}

func (tx dirtyReads) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	if st, ok := tx.get(string(a)); ok {
		return st, nil
	}
	return tx.AdminTx.Standing(t, a)
}

type undead struct {
	policy.AdminTx
	db *memstore.Store
}

func (tx undead) PutStanding(st policy.Standing) (rev store.Revision, err error) {
	rev, err = tx.AdminTx.PutStanding(st)
	if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrReadOnly) {
		return rev, err
	}
	err = tx.db.Policy().Update(context.Background(), func(alive policy.AdminTx) (err error) {
		rev, err = alive.PutStanding(st)
		return err
	})
	return rev, err
}

type staleLists struct {
	devices.Tx
	db *memstore.Store
}

func (tx staleLists) RecoveryKeysOf(t policy.TenantID, d policy.DeviceID, p store.Page) (list store.List[devices.RecoveryKey], err error) {
	err = tx.db.Devices().View(context.Background(), func(before devices.Tx) (err error) {
		list, err = before.RecoveryKeysOf(t, d, p)
		return err
	})
	return list, err
}
