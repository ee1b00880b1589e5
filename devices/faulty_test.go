package devices_test

import (
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// faulty is a store in which something goes wrong.
type faulty = testkit.Faulty[devices.Tx]

// spoiled gives a store of devices its faults.
func spoiled(s devices.Store, f *faulty) *faulty {
	f.Store, f.Wrap = s, func(tx devices.Tx) devices.Tx { return faultyTx{f, tx} }
	return f
}

// faultyTx is written out method by method, so that a method that is new in [devices.Tx] has to be here.
type faultyTx struct {
	f  *faulty
	tx devices.Tx
}

var _ devices.Tx = faultyTx{}

func (x faultyTx) Settings(t policy.TenantID) (policy.Settings, error) {
	return testkit.Read(x.f, func() (policy.Settings, error) { return x.tx.Settings(t) })
}

func (x faultyTx) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	return testkit.Read(x.f, func() (policy.Standing, error) { return x.tx.Standing(t, a) })
}

func (x faultyTx) Session(t policy.TenantID, a policy.AccountID, s policy.SessionID) (policy.Session, error) {
	return testkit.Read(x.f, func() (policy.Session, error) { return x.tx.Session(t, a, s) })
}

func (x faultyTx) DeviceEnabled(t policy.TenantID, d policy.DeviceID) (bool, error) {
	return testkit.Read(x.f, func() (bool, error) { return x.tx.DeviceEnabled(t, d) })
}

func (x faultyTx) Usage(t policy.TenantID, a policy.AccountID, action policy.Action) (policy.Usage, error) {
	return testkit.Read(x.f, func() (policy.Usage, error) { return x.tx.Usage(t, a, action) })
}

func (x faultyTx) PutUsage(u policy.Usage) (store.Revision, error) {
	return testkit.Read(x.f, func() (store.Revision, error) { return x.tx.PutUsage(u) })
}

func (x faultyTx) AppendEvent(e policy.Event) error {
	return testkit.Write(x.f, func() error { return x.tx.AppendEvent(e) })
}

func (x faultyTx) CountRefusal(e policy.Event, since time.Time) error {
	return testkit.Write(x.f, func() error { return x.tx.CountRefusal(e, since) })
}

func (x faultyTx) Device(t policy.TenantID, d policy.DeviceID) (devices.Device, error) {
	return testkit.Read(x.f, func() (devices.Device, error) { return x.tx.Device(t, d) })
}

func (x faultyTx) PutDevice(d devices.Device) (store.Revision, error) {
	return testkit.Read(x.f, func() (store.Revision, error) { return x.tx.PutDevice(d) })
}

func (x faultyTx) DevicesOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[devices.Device], error) {
	return testkit.Read(x.f, func() (store.List[devices.Device], error) { return x.tx.DevicesOf(t, a, p) })
}

func (x faultyTx) RecoveryKey(t policy.TenantID, k devices.KeyID) (devices.RecoveryKey, error) {
	return testkit.Read(x.f, func() (devices.RecoveryKey, error) { return x.tx.RecoveryKey(t, k) })
}

func (x faultyTx) PutRecoveryKey(k devices.RecoveryKey) (store.Revision, error) {
	return testkit.Read(x.f, func() (store.Revision, error) { return x.tx.PutRecoveryKey(k) })
}

func (x faultyTx) DeleteRecoveryKey(t policy.TenantID, k devices.KeyID) error {
	return testkit.Write(x.f, func() error { return x.tx.DeleteRecoveryKey(t, k) })
}

func (x faultyTx) RecoveryKeysOf(t policy.TenantID, d policy.DeviceID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return testkit.Read(x.f, func() (store.List[devices.RecoveryKey], error) { return x.tx.RecoveryKeysOf(t, d, p) })
}

func (x faultyTx) RecoveryKeysToRotate(t policy.TenantID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return testkit.Read(x.f, func() (store.List[devices.RecoveryKey], error) { return x.tx.RecoveryKeysToRotate(t, p) })
}
