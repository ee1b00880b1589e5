package devices_test

import (
	"context"
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// faulty is a store in which something goes wrong. It counts the calls of its transactions' methods, over
// all transactions, and lets strike answer each.
type faulty struct {
	devices.Store
	// strike is called with the number of each call, from 1 on. Its error is the call's.
	strike func(call int) error
	// ending is called at the end of each Update that went well so far. Its error takes the place of the
	// commit.
	ending func() error
	// lost is an error that comes after the commit: it took place, and nobody heard of it.
	lost error
	// again runs each Update's function twice, as a store does after a conflict: what the first run wrote
	// is gone.
	again bool

	calls int
}

func (f *faulty) View(ctx context.Context, fn func(devices.Tx) error) error {
	return f.Store.View(ctx, func(tx devices.Tx) error { return fn(faultyTx{f, tx}) })
}

func (f *faulty) Update(ctx context.Context, fn func(devices.Tx) error) error {
	if f.again {
		if err := f.Store.Update(ctx, func(tx devices.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return errRerun
		}); err != errRerun { //nolint:errorlint // the very error that went in
			return err
		}
	}
	err := f.Store.Update(ctx, func(tx devices.Tx) error {
		if err := fn(faultyTx{f, tx}); err != nil || f.ending == nil {
			return err
		}
		return f.ending()
	})
	if err == nil {
		err = f.lost
	}
	return err
}

// faultyTx is written out method by method, so that a method that is new in [devices.Tx] has to be here.
type faultyTx struct {
	f  *faulty
	tx devices.Tx
}

var _ devices.Tx = faultyTx{}

func (x faultyTx) hit() error {
	x.f.calls++
	if x.f.strike == nil {
		return nil
	}
	return x.f.strike(x.f.calls)
}

// read calls one of the transaction's methods unless the call is struck.
func read[R any](x faultyTx, call func() (R, error)) (R, error) {
	if err := x.hit(); err != nil {
		var none R
		return none, err
	}
	return call()
}

func write(x faultyTx, call func() error) error {
	if err := x.hit(); err != nil {
		return err
	}
	return call()
}

func (x faultyTx) Settings(t policy.TenantID) (policy.Settings, error) {
	return read(x, func() (policy.Settings, error) { return x.tx.Settings(t) })
}

func (x faultyTx) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	return read(x, func() (policy.Standing, error) { return x.tx.Standing(t, a) })
}

func (x faultyTx) Session(t policy.TenantID, a policy.AccountID, s policy.SessionID) (policy.Session, error) {
	return read(x, func() (policy.Session, error) { return x.tx.Session(t, a, s) })
}

func (x faultyTx) DeviceEnabled(t policy.TenantID, d policy.DeviceID) (bool, error) {
	return read(x, func() (bool, error) { return x.tx.DeviceEnabled(t, d) })
}

func (x faultyTx) Usage(t policy.TenantID, a policy.AccountID, action policy.Action) (policy.Usage, error) {
	return read(x, func() (policy.Usage, error) { return x.tx.Usage(t, a, action) })
}

func (x faultyTx) PutUsage(u policy.Usage) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutUsage(u) })
}

func (x faultyTx) AppendEvent(e policy.Event) error {
	return write(x, func() error { return x.tx.AppendEvent(e) })
}

func (x faultyTx) CountRefusal(e policy.Event, since time.Time) error {
	return write(x, func() error { return x.tx.CountRefusal(e, since) })
}

func (x faultyTx) Device(t policy.TenantID, d policy.DeviceID) (devices.Device, error) {
	return read(x, func() (devices.Device, error) { return x.tx.Device(t, d) })
}

func (x faultyTx) PutDevice(d devices.Device) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutDevice(d) })
}

func (x faultyTx) DevicesOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[devices.Device], error) {
	return read(x, func() (store.List[devices.Device], error) { return x.tx.DevicesOf(t, a, p) })
}

func (x faultyTx) RecoveryKey(t policy.TenantID, k devices.KeyID) (devices.RecoveryKey, error) {
	return read(x, func() (devices.RecoveryKey, error) { return x.tx.RecoveryKey(t, k) })
}

func (x faultyTx) PutRecoveryKey(k devices.RecoveryKey) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutRecoveryKey(k) })
}

func (x faultyTx) DeleteRecoveryKey(t policy.TenantID, k devices.KeyID) error {
	return write(x, func() error { return x.tx.DeleteRecoveryKey(t, k) })
}

func (x faultyTx) RecoveryKeysOf(t policy.TenantID, d policy.DeviceID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return read(x, func() (store.List[devices.RecoveryKey], error) { return x.tx.RecoveryKeysOf(t, d, p) })
}

func (x faultyTx) RecoveryKeysToRotate(t policy.TenantID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return read(x, func() (store.List[devices.RecoveryKey], error) { return x.tx.RecoveryKeysToRotate(t, p) })
}
