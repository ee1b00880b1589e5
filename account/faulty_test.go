package account_test

import (
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

type faults = testkit.Faulty[account.Tx]

// faulty is a store in which something goes wrong.
type faulty struct {
	faults
	// lie changes the rows that are read.
	lie  lie
	lies int
}

// spoiled gives a store its faults.
func spoiled(s account.Store, f *faulty) *faulty {
	f.Store, f.Wrap = s, func(tx account.Tx) account.Tx { return faultyTx{tx, f} }
	return f
}

// lie is what a store that mixes rows up answers with: each part, if it is there, changes where a row is read from.
type lie struct {
	settings, schema, banned                func(policy.TenantID) policy.TenantID
	standing, profile, credential, portrait whose
	code, closing, identifiers, changes     whose
	challenges                              whose
	identifier                              func(t policy.TenantID, key string) (policy.TenantID, string)
	change, challenge                       which
	counter                                 func(policy.TenantID, policy.AccountID, challenge.Method) (policy.TenantID, policy.AccountID, challenge.Method)
	due                                     func(policy.TenantID, time.Time) (policy.TenantID, time.Time)
	forged                                  func(*account.Closing) // of each closing that is said to be due
	session                                 func(policy.TenantID, policy.AccountID, policy.SessionID) (policy.TenantID, policy.AccountID, policy.SessionID)
}

type whose func(policy.TenantID, policy.AccountID) (policy.TenantID, policy.AccountID)

type which func(policy.TenantID, policy.AccountID, challenge.ID) (policy.TenantID, policy.AccountID, challenge.ID)

// faultyTx is written out method by method, so that a method that is new in [account.Tx] has to be here.
type faultyTx struct {
	tx account.Tx
	f  *faulty
}

var _ account.Tx = faultyTx{}

// read calls one of the transaction's methods unless the call is struck.
func read[R any](x faultyTx, call func() (R, error)) (R, error) {
	return testkit.Read(&x.f.faults, call)
}

func write(x faultyTx, call func() error) error { return testkit.Write(&x.f.faults, call) }

// of is whose row is read.
func (x faultyTx) of(w whose, t policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) {
	if w == nil {
		return t, a
	}
	x.f.lies++
	return w(t, a)
}

// one is which row is read.
func (x faultyTx) one(w which, t policy.TenantID, a policy.AccountID, id challenge.ID) (policy.TenantID, policy.AccountID, challenge.ID) {
	if w == nil {
		return t, a, id
	}
	x.f.lies++
	return w(t, a, id)
}

func (x faultyTx) Settings(t policy.TenantID) (policy.Settings, error) {
	if x.f.lie.settings != nil {
		t = x.f.lie.settings(t)
		x.f.lies++
	}
	return read(x, func() (policy.Settings, error) { return x.tx.Settings(t) })
}

func (x faultyTx) Schema(t policy.TenantID) (account.Schema, error) {
	if x.f.lie.schema != nil {
		t = x.f.lie.schema(t)
		x.f.lies++
	}
	return read(x, func() (account.Schema, error) { return x.tx.Schema(t) })
}

func (x faultyTx) BannedPasswords(t policy.TenantID) (account.BannedPasswords, error) {
	if x.f.lie.banned != nil {
		t = x.f.lie.banned(t)
		x.f.lies++
	}
	return read(x, func() (account.BannedPasswords, error) { return x.tx.BannedPasswords(t) })
}

func (x faultyTx) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	t, a = x.of(x.f.lie.standing, t, a)
	return read(x, func() (policy.Standing, error) { return x.tx.Standing(t, a) })
}

func (x faultyTx) Profile(t policy.TenantID, a policy.AccountID) (account.Profile, error) {
	t, a = x.of(x.f.lie.profile, t, a)
	return read(x, func() (account.Profile, error) { return x.tx.Profile(t, a) })
}

func (x faultyTx) Credential(t policy.TenantID, a policy.AccountID) (account.Credential, error) {
	t, a = x.of(x.f.lie.credential, t, a)
	return read(x, func() (account.Credential, error) { return x.tx.Credential(t, a) })
}

func (x faultyTx) Portrait(t policy.TenantID, a policy.AccountID) (account.Portrait, error) {
	t, a = x.of(x.f.lie.portrait, t, a)
	return read(x, func() (account.Portrait, error) { return x.tx.Portrait(t, a) })
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

func (x faultyTx) AppendEvent(e policy.Event) error {
	return write(x, func() error { return x.tx.AppendEvent(e) })
}

func (x faultyTx) CountRefusal(e policy.Event, since time.Time) error {
	return write(x, func() error { return x.tx.CountRefusal(e, since) })
}

func (x faultyTx) Challenge(t policy.TenantID, a policy.AccountID, id challenge.ID) (challenge.Challenge, error) {
	t, a, id = x.one(x.f.lie.challenge, t, a, id)
	return read(x, func() (challenge.Challenge, error) { return x.tx.Challenge(t, a, id) })
}

func (x faultyTx) ChallengesOf(t policy.TenantID, a policy.AccountID) ([]challenge.Challenge, error) {
	t, a = x.of(x.f.lie.challenges, t, a)
	return read(x, func() ([]challenge.Challenge, error) { return x.tx.ChallengesOf(t, a) })
}

func (x faultyTx) DeleteChallenge(t policy.TenantID, a policy.AccountID, id challenge.ID) error {
	return write(x, func() error { return x.tx.DeleteChallenge(t, a, id) })
}

func (x faultyTx) Counter(t policy.TenantID, a policy.AccountID, m challenge.Method) (challenge.Counter, error) {
	if x.f.lie.counter != nil {
		t, a, m = x.f.lie.counter(t, a, m)
		x.f.lies++
	}
	return read(x, func() (challenge.Counter, error) { return x.tx.Counter(t, a, m) })
}

func (x faultyTx) PutStanding(row policy.Standing) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutStanding(row) })
}

func (x faultyTx) PutSession(row policy.Session) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutSession(row) })
}

func (x faultyTx) PutUsage(row policy.Usage) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutUsage(row) })
}

func (x faultyTx) PutProfile(row account.Profile) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutProfile(row) })
}

func (x faultyTx) PutCredential(row account.Credential) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutCredential(row) })
}

func (x faultyTx) PutPortrait(row account.Portrait) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutPortrait(row) })
}

func (x faultyTx) PutSchema(row account.Schema) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutSchema(row) })
}

func (x faultyTx) PutBannedPasswords(row account.BannedPasswords) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutBannedPasswords(row) })
}

func (x faultyTx) PutChallenge(row challenge.Challenge) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutChallenge(row) })
}

func (x faultyTx) PutCounter(row challenge.Counter) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutCounter(row) })
}

func (x faultyTx) DeleteProfile(t policy.TenantID, a policy.AccountID) error {
	return write(x, func() error { return x.tx.DeleteProfile(t, a) })
}

func (x faultyTx) DeleteCredential(t policy.TenantID, a policy.AccountID) error {
	return write(x, func() error { return x.tx.DeleteCredential(t, a) })
}

func (x faultyTx) DeletePortrait(t policy.TenantID, a policy.AccountID) error {
	return write(x, func() error { return x.tx.DeletePortrait(t, a) })
}

func (x faultyTx) RecoveryCode(t policy.TenantID, a policy.AccountID) (account.RecoveryCode, error) {
	t, a = x.of(x.f.lie.code, t, a)
	return read(x, func() (account.RecoveryCode, error) { return x.tx.RecoveryCode(t, a) })
}

func (x faultyTx) PutRecoveryCode(row account.RecoveryCode) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutRecoveryCode(row) })
}

func (x faultyTx) DeleteRecoveryCode(t policy.TenantID, a policy.AccountID) error {
	return write(x, func() error { return x.tx.DeleteRecoveryCode(t, a) })
}

func (x faultyTx) Closing(t policy.TenantID, a policy.AccountID) (account.Closing, error) {
	t, a = x.of(x.f.lie.closing, t, a)
	return read(x, func() (account.Closing, error) { return x.tx.Closing(t, a) })
}

func (x faultyTx) PutClosing(row account.Closing) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutClosing(row) })
}

func (x faultyTx) DeleteClosing(t policy.TenantID, a policy.AccountID) error {
	return write(x, func() error { return x.tx.DeleteClosing(t, a) })
}

func (x faultyTx) ClosingsDue(t policy.TenantID, now time.Time, p store.Page) (store.List[account.Closing], error) {
	if x.f.lie.due != nil {
		t, now = x.f.lie.due(t, now)
		x.f.lies++
	}
	list, err := read(x, func() (store.List[account.Closing], error) { return x.tx.ClosingsDue(t, now, p) })
	for i := range list.Items {
		if x.f.lie.forged != nil {
			x.f.lie.forged(&list.Items[i])
		}
	}
	return list, err
}

func (x faultyTx) DeleteCountersOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	return read(x, func() (int, error) { return x.tx.DeleteCountersOf(t, a, limit) })
}

func (x faultyTx) DeleteUsageOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	return read(x, func() (int, error) { return x.tx.DeleteUsageOf(t, a, limit) })
}

func (x faultyTx) Identifier(t policy.TenantID, key string) (account.Identifier, error) {
	if x.f.lie.identifier != nil {
		t, key = x.f.lie.identifier(t, key)
		x.f.lies++
	}
	return read(x, func() (account.Identifier, error) { return x.tx.Identifier(t, key) })
}

func (x faultyTx) IdentifiersOf(t policy.TenantID, a policy.AccountID) ([]account.Identifier, error) {
	t, a = x.of(x.f.lie.identifiers, t, a)
	return read(x, func() ([]account.Identifier, error) { return x.tx.IdentifiersOf(t, a) })
}

func (x faultyTx) PutIdentifier(row account.Identifier) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutIdentifier(row) })
}

func (x faultyTx) DeleteIdentifier(t policy.TenantID, key string) error {
	return write(x, func() error { return x.tx.DeleteIdentifier(t, key) })
}

func (x faultyTx) EmailChange(t policy.TenantID, a policy.AccountID, id challenge.ID) (account.EmailChange, error) {
	t, a, id = x.one(x.f.lie.change, t, a, id)
	return read(x, func() (account.EmailChange, error) { return x.tx.EmailChange(t, a, id) })
}

func (x faultyTx) EmailChangesOf(t policy.TenantID, a policy.AccountID) ([]account.EmailChange, error) {
	t, a = x.of(x.f.lie.changes, t, a)
	return read(x, func() ([]account.EmailChange, error) { return x.tx.EmailChangesOf(t, a) })
}

func (x faultyTx) PutEmailChange(row account.EmailChange) (store.Revision, error) {
	return read(x, func() (store.Revision, error) { return x.tx.PutEmailChange(row) })
}

func (x faultyTx) DeleteEmailChange(t policy.TenantID, a policy.AccountID, id challenge.ID) error {
	return write(x, func() error { return x.tx.DeleteEmailChange(t, a, id) })
}
