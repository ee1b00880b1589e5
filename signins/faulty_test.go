package signins_test

import (
	"time"

	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

type faults = testkit.Faulty[signins.Tx]

// faulty is a store in which something goes wrong.
type faulty struct {
	faults
	// lie changes the rows that are read.
	lie  lie
	lies int
	// whole lets its transactions reach the devices too, as those of a store of all rooms do.
	whole bool
}

// spoiled gives a store of sign-ins its faults.
func spoiled(s signins.Store, f *faulty) *faulty {
	f.Store, f.Wrap = s, func(tx signins.Tx) signins.Tx {
		if f.whole {
			return wholeTx{faultyTx{tx, f}, deeper{deep{tx.(*memstore.Tx)}}}
		}
		return faultyTx{tx, f}
	}
	return f
}

// lie is what a store that mixes rows up answers with: each part, if it is there, changes where a row is read
// from.
type lie struct {
	settings func(policy.TenantID) policy.TenantID
	standing func(policy.TenantID, policy.AccountID) (policy.TenantID, policy.AccountID)
	session  func(policy.TenantID, policy.AccountID, policy.SessionID) (policy.TenantID, policy.AccountID, policy.SessionID)
	list     func(policy.TenantID, policy.AccountID) (policy.TenantID, policy.AccountID)
	every    func(policy.TenantID) policy.TenantID
	signIn   func(policy.TenantID, policy.AccountID, signins.ID) (policy.TenantID, policy.AccountID, signins.ID)
	signIns  func(policy.TenantID, policy.AccountID) (policy.TenantID, policy.AccountID)
	habits   func(policy.TenantID, policy.AccountID) (policy.TenantID, policy.AccountID)
}

// faultyTx is written out method by method, so that a method that is new in [signins.Tx] has to be here.
type faultyTx struct {
	tx signins.Tx
	f  *faulty
}

var _ signins.Tx = faultyTx{}

// read calls one of the transaction's methods unless the call is struck.
func read[R any](x faultyTx, call func() (R, error)) (R, error) {
	return testkit.Read(&x.f.faults, call)
}

func write(x faultyTx, call func() error) error { return testkit.Write(&x.f.faults, call) }

func (x faultyTx) Settings(t policy.TenantID) (policy.Settings, error) {
	if x.f.lie.settings != nil {
		t = x.f.lie.settings(t)
		x.f.lies++
	}
	return read(x, func() (policy.Settings, error) { return x.tx.Settings(t) })
}

func (x faultyTx) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	if x.f.lie.standing != nil {
		t, a = x.f.lie.standing(t, a)
		x.f.lies++
	}
	return read(x, func() (policy.Standing, error) { return x.tx.Standing(t, a) })
}

func (x faultyTx) Session(t policy.TenantID, a policy.AccountID, s policy.SessionID) (policy.Session, error) {
	if x.f.lie.session != nil {
		t, a, s = x.f.lie.session(t, a, s)
		x.f.lies++
	}
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

func (x faultyTx) PutStanding(st policy.Standing) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutStanding(st) })
}

func (x faultyTx) PutSession(s policy.Session) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutSession(s) })
}

func (x faultyTx) DeleteSession(t policy.TenantID, a policy.AccountID, s policy.SessionID) error {
	return write(x, func() error { return x.tx.DeleteSession(t, a, s) })
}

func (x faultyTx) SessionsOf(t policy.TenantID, a policy.AccountID, since time.Time, p store.Page) (store.List[policy.Session], error) {
	if x.f.lie.list != nil {
		t, a = x.f.lie.list(t, a)
		x.f.lies++
	}
	return read(x, func() (store.List[policy.Session], error) { return x.tx.SessionsOf(t, a, since, p) })
}

func (x faultyTx) Sessions(t policy.TenantID, p store.Page) (store.List[policy.Session], error) {
	if x.f.lie.every != nil {
		t = x.f.lie.every(t)
		x.f.lies++
	}
	return read(x, func() (store.List[policy.Session], error) { return x.tx.Sessions(t, p) })
}
