package account_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// struckTx is a transaction whose methods that recovery calls can be struck.
type struckTx struct {
	account.Tx
	f *testkit.Faulty[account.Tx]
}

func (x struckTx) Settings(t policy.TenantID) (policy.Settings, error) {
	return testkit.Read(x.f, func() (policy.Settings, error) { return x.Tx.Settings(t) })
}

func (x struckTx) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	return testkit.Read(x.f, func() (policy.Standing, error) { return x.Tx.Standing(t, a) })
}

func (x struckTx) PutStanding(st policy.Standing) (store.Revision, error) {
	return testkit.Read(x.f, func() (store.Revision, error) { return x.Tx.PutStanding(st) })
}

func (x struckTx) Session(t policy.TenantID, a policy.AccountID, id policy.SessionID) (policy.Session, error) {
	return testkit.Read(x.f, func() (policy.Session, error) { return x.Tx.Session(t, a, id) })
}

func (x struckTx) PutSession(s policy.Session) (store.Revision, error) {
	return testkit.Read(x.f, func() (store.Revision, error) { return x.Tx.PutSession(s) })
}

func (x struckTx) RecoveryCode(t policy.TenantID, a policy.AccountID) (account.RecoveryCode, error) {
	return testkit.Read(x.f, func() (account.RecoveryCode, error) { return x.Tx.RecoveryCode(t, a) })
}

func (x struckTx) PutRecoveryCode(c account.RecoveryCode) (store.Revision, error) {
	return testkit.Read(x.f, func() (store.Revision, error) { return x.Tx.PutRecoveryCode(c) })
}

func (x struckTx) DeleteRecoveryCode(t policy.TenantID, a policy.AccountID) error {
	return testkit.Write(x.f, func() error { return x.Tx.DeleteRecoveryCode(t, a) })
}

func (x struckTx) Counter(t policy.TenantID, a policy.AccountID, m challenge.Method) (challenge.Counter, error) {
	return testkit.Read(x.f, func() (challenge.Counter, error) { return x.Tx.Counter(t, a, m) })
}

func (x struckTx) PutCounter(c challenge.Counter) (store.Revision, error) {
	return testkit.Read(x.f, func() (store.Revision, error) { return x.Tx.PutCounter(c) })
}

func (x struckTx) AppendEvent(e policy.Event) error {
	return testkit.Write(x.f, func() error { return x.Tx.AppendEvent(e) })
}

// struck is a store of all rooms in which this room's can be struck.
type struck struct {
	*memstore.Store
	f *testkit.Faulty[account.Tx]
}

func (s struck) Account() account.Store { return s.f }

// over gives the library over a fork of k's store, and how to strike it.
func (k known) over(t *testing.T) (known, *testkit.Faulty[account.Tx]) {
	t.Helper()
	w := k.Fork(t)
	f := &testkit.Faulty[account.Tx]{Store: w.DB.Account()}
	f.Wrap = func(tx account.Tx) account.Tx { return struckTx{tx, f} }
	app, err := myaccount.New(struck{w.DB, f}, w.Ring, myaccount.WithPolicy(policy.WithClock(w.Clock.Now), policy.WithIDs(func() string { return "struck" })))
	require.NoError(t, err)
	w.App = app
	return known{w, k.ada, k.per, k.gil, k.admin}, f
}

// recoveries are the changes of this part, on a world where Per has a code and is restricted or not.
var recoveries = map[string]struct {
	restricted bool
	call       func(ctx context.Context, k known, s policy.Actor, code secret.Text) error
	denied     bool // and counted
}{
	"making a code": {call: func(ctx context.Context, k known, s policy.Actor, _ secret.Text) error {
		_, err := k.App.Account.NewRecoveryCode(ctx, s)
		return err
	}},
	"removing it": {call: func(ctx context.Context, k known, s policy.Actor, _ secret.Text) error {
		return k.App.Account.RemoveRecoveryCode(ctx, s)
	}},
	"recovering": {call: func(ctx context.Context, k known, _ policy.Actor, code secret.Text) error {
		_, err := k.App.Host.Account.Recover(ctx, k.Host, "per", code)
		return err
	}},
	"guessing": {denied: true, call: func(ctx context.Context, k known, _ policy.Actor, _ secret.Text) error {
		_, err := k.App.Host.Account.Recover(ctx, k.Host, "per", wrongCode)
		return err
	}},
	"replacing": {call: func(ctx context.Context, k known, s policy.Actor, _ secret.Text) error {
		return k.App.Host.Account.SecurityInfoReplaced(ctx, k.Host, "per", s.Session)
	}},
	"taking it back": {restricted: true, call: func(ctx context.Context, k known, _ policy.Actor, _ secret.Text) error {
		return k.App.Host.Account.CancelReplacement(ctx, k.Host, "per")
	}},
	"lifting": {restricted: true, call: func(ctx context.Context, k known, _ policy.Actor, _ secret.Text) error {
		return k.App.Admin.Account.LiftRestriction(ctx, k.Host, "per")
	}},
	"unlocking": {call: func(ctx context.Context, k known, _ policy.Actor, _ secret.Text) error {
		return k.App.Admin.Account.UnlockRecovery(ctx, k.Host, "per")
	}},
}

func TestAFaultAnywhereInARecoveryLeavesAllAsItWas(t *testing.T) {
	for what, op := range recoveries {
		t.Run(what, func(t *testing.T) {
			k := passwords(t)
			code := k.saved(t)
			if op.restricted {
				k.replaced(t)
			}
			s := k.start(t, "per").Actor
			before := testkit.Saved(t, k.DB)
			for call := 1; ; call++ {
				require.Less(t, call, testkit.TooMany)
				world, f := k.over(t)
				f.Strike = testkit.At(call, testkit.ErrStruck)
				err := op.call(t.Context(), world, s, code)
				if f.Calls < call { // it came through
					require.Greater(t, call, 4)
					require.Equal(t, op.denied, err != nil, "%v", err)
					require.NotEqual(t, before, testkit.Saved(t, world.DB))
					break
				}
				require.ErrorIs(t, err, testkit.ErrStruck)
				require.False(t, errors.As(err, new(*policy.Denied)), "trouble is no refusal")
				testkit.RequireSame(t, before, testkit.Saved(t, world.DB), what, call)
			}
		})
	}
}

func TestARecoveryThatTheStoreRunsTwiceIsOne(t *testing.T) {
	for what, op := range recoveries {
		t.Run(what, func(t *testing.T) {
			k := passwords(t)
			code := k.saved(t)
			if op.restricted {
				k.replaced(t)
			}
			s := k.start(t, "per").Actor
			events := len(k.Events(accounttest.Tenant))
			world, f := k.over(t)
			f.Again = true
			require.Equal(t, op.denied, op.call(t.Context(), world, s, code) != nil)
			require.Len(t, world.Events(accounttest.Tenant), events+1)
		})
	}
	k := people(t)
	code := k.saved(t)
	world, f := k.over(t)
	f.Again = true
	r, err := world.recover(t, "per", code)
	require.NoError(t, err)
	_, err = world.recover(t, "per", r.Code)
	require.NoError(t, err, "the code that was given is the one that is kept")
}
