package policy_test

import (
	"context"
	"errors"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// faulty is a store that fails when it is told to, and that runs functions again as after conflicts.
type faulty struct {
	store.Store[policy.AdminTx]
	// before is called before each call of a transaction and before each commit; its error is theirs.
	before func(call string) error
	// runs is how often the function of an Update is run. All but the last run are rolled back.
	runs int
	// between is called between two runs: what the other writer of the conflict did.
	between func()
}

// errAgain rolls a run back.
var errAgain = errors.New("conflict: once more")

func (f *faulty) View(ctx context.Context, fn func(policy.AdminTx) error) error {
	return f.Store.View(ctx, func(tx policy.AdminTx) error { return fn(trapped{tx, f}) })
}

func (f *faulty) Update(ctx context.Context, fn func(policy.AdminTx) error) error {
	for run := 1; ; run++ {
		err := f.Store.Update(ctx, func(tx policy.AdminTx) error {
			if err := fn(trapped{tx, f}); err != nil {
				return err
			}
			if run < f.runs {
				return errAgain
			}
			return f.trap("commit")
		})
		if !errors.Is(err, errAgain) {
			return err
		}
		if f.between != nil {
			f.between()
		}
	}
}

func (f *faulty) trap(call string) error {
	if f.before == nil {
		return nil
	}
	return f.before(call)
}

// failing makes f fail at the k-th call from now on, and at none if k is 0. It gives how many there were.
func (f *faulty) failing(k int) *int {
	n := new(int)
	f.before = func(string) error {
		if *n++; *n == k {
			return errBroken
		}
		return nil
	}
	return n
}

// failingAt makes f fail at each call with this name.
func (f *faulty) failingAt(name string) {
	f.before = func(call string) error {
		if call == name {
			return errBroken
		}
		return nil
	}
}

type trapped struct {
	policy.AdminTx
	f *faulty
}

func trap1[A, V any](x trapped, call string, fn func(A) (V, error), a A) (V, error) {
	if err := x.f.trap(call); err != nil {
		return *new(V), err
	}
	return fn(a)
}

func trap2[A, B, V any](x trapped, call string, fn func(A, B) (V, error), a A, b B) (V, error) {
	return trap1(x, call, func(A) (V, error) { return fn(a, b) }, a)
}

func trap3[A, B, C, V any](x trapped, call string, fn func(A, B, C) (V, error), a A, b B, c C) (V, error) {
	return trap1(x, call, func(A) (V, error) { return fn(a, b, c) }, a)
}

func trapErr(x trapped, call string, fn func() error) error {
	if err := x.f.trap(call); err != nil {
		return err
	}
	return fn()
}

func (x trapped) Settings(t policy.TenantID) (policy.Settings, error) {
	return trap1(x, "Settings", x.AdminTx.Settings, t)
}

func (x trapped) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	return trap2(x, "Standing", x.AdminTx.Standing, t, a)
}

func (x trapped) Session(t policy.TenantID, a policy.AccountID, s policy.SessionID) (policy.Session, error) {
	return trap3(x, "Session", x.AdminTx.Session, t, a, s)
}

func (x trapped) DeviceEnabled(t policy.TenantID, d policy.DeviceID) (bool, error) {
	return trap2(x, "DeviceEnabled", x.AdminTx.DeviceEnabled, t, d)
}

func (x trapped) Usage(t policy.TenantID, a policy.AccountID, action policy.Action) (policy.Usage, error) {
	return trap3(x, "Usage", x.AdminTx.Usage, t, a, action)
}

func (x trapped) PutUsage(u policy.Usage) (store.Revision, error) {
	return trap1(x, "PutUsage", x.AdminTx.PutUsage, u)
}

func (x trapped) AppendEvent(e policy.Event) error {
	return trapErr(x, "AppendEvent", func() error { return x.AdminTx.AppendEvent(e) })
}

func (x trapped) CountRefusal(e policy.Event, since time.Time) error {
	return trapErr(x, "CountRefusal", func() error { return x.AdminTx.CountRefusal(e, since) })
}

func (x trapped) PutSettings(s policy.Settings) (store.Revision, error) {
	return trap1(x, "PutSettings", x.AdminTx.PutSettings, s)
}

func (x trapped) PutStanding(st policy.Standing) (store.Revision, error) {
	return trap1(x, "PutStanding", x.AdminTx.PutStanding, st)
}

func (x trapped) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	return trap3(x, "EventsOf", x.AdminTx.EventsOf, t, a, p)
}

func (x trapped) Events(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	return trap2(x, "Events", x.AdminTx.Events, t, p)
}

func (x trapped) EventsAfter(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	return trap2(x, "EventsAfter", x.AdminTx.EventsAfter, t, p)
}

func (x trapped) PurgeEvents(t policy.TenantID, before time.Time, read []store.Cursor, limit int) (int, error) {
	return trap1(x, "PurgeEvents", func(t policy.TenantID) (int, error) { return x.AdminTx.PurgeEvents(t, before, read, limit) }, t)
}

func (x trapped) Follower(t policy.TenantID, name string) (policy.Follower, error) {
	return trap2(x, "Follower", x.AdminTx.Follower, t, name)
}

func (x trapped) Followers(t policy.TenantID) ([]policy.Follower, error) {
	return trap1(x, "Followers", x.AdminTx.Followers, t)
}

func (x trapped) PutFollower(f policy.Follower) (store.Revision, error) {
	return trap1(x, "PutFollower", x.AdminTx.PutFollower, f)
}

func (x trapped) DropFollower(t policy.TenantID, name string) error {
	return trapErr(x, "DropFollower", func() error { return x.AdminTx.DropFollower(t, name) })
}
