package memstore

import (
	"errors"
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

var _ policy.AdminTx = (*Tx)(nil)

// Settings implements [policy.Tx]. Settings are immutable, so they are handed out as they are.
func (tx *Tx) Settings(t policy.TenantID) (policy.Settings, error) {
	return value(tx, settingsByID, kTenant(tx.key(), t))
}

// PutSettings implements [policy.AdminTx].
func (tx *Tx) PutSettings(s policy.Settings) (store.Revision, error) {
	return put(tx, settingsByID, &s, func(r *policy.Settings) *store.Revision { return &r.Revision })
}

// Standing implements [policy.Tx].
func (tx *Tx) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	return value(tx, standingByID, kAccount(tx.key(), t, a))
}

// PutStanding implements [policy.AdminTx].
func (tx *Tx) PutStanding(st policy.Standing) (store.Revision, error) {
	st.SessionsValidFrom, st.RestrictedUntil = store.Time(st.SessionsValidFrom), store.Time(st.RestrictedUntil)
	return put(tx, standingByID, &st, func(r *policy.Standing) *store.Revision { return &r.Revision })
}

// DeviceEnabled implements [policy.Tx].
func (tx *Tx) DeviceEnabled(t policy.TenantID, id policy.DeviceID) (bool, error) {
	r, err := row(tx, devicesByID, kDevice(tx.key(), t, id))
	if err != nil {
		return false, err
	}
	return r.State == devices.Enabled, nil
}

// Usage implements [policy.Tx].
func (tx *Tx) Usage(t policy.TenantID, a policy.AccountID, action policy.Action) (policy.Usage, error) {
	r, err := row(tx, usageByID, kUsage(tx.key(), t, a, action))
	if errors.Is(err, store.ErrNotFound) {
		return policy.Usage{}, nil
	}
	if err != nil {
		return policy.Usage{}, err
	}
	return r.Clone(), nil
}

// PutUsage implements [policy.Tx].
func (tx *Tx) PutUsage(u policy.Usage) (store.Revision, error) {
	u = u.Clone()
	for i, t := range u.Times {
		u.Times[i] = store.Time(t)
	}
	return put(tx, usageByID, &u, func(r *policy.Usage) *store.Revision { return &r.Revision })
}

// AppendEvent implements [policy.Tx].
func (tx *Tx) AppendEvent(e policy.Event) error {
	if err := tx.writable(); err != nil {
		return err
	}
	e = e.Clone()
	e.At, e.First, e.Seq = store.Time(e.At), store.Time(e.First), tx.next()
	return tx.insert(eventsByAccount.table, &e)
}

// CountRefusal implements [policy.Tx].
func (tx *Tx) CountRefusal(e policy.Event, since time.Time) error {
	alike, err := page(tx, refusalsByLikeness, kLikeness(tx.key(), &e), store.Page{Size: 1},
		func(r *policy.Event) bool { return r.Tenant == e.Tenant && r.Account == e.Account && r.Alike(e) }, plain[policy.Event])
	if err != nil {
		return err
	}
	if len(alike.Items) == 1 && !alike.Items[0].First.Before(store.Time(since)) {
		old := alike.Items[0]
		if err := tx.delete(eventsByAccount.table, &old); err != nil {
			return err
		}
		e.First, e.Count = old.First, old.Count+1
	}
	return tx.AppendEvent(e)
}

// EventsOf implements [policy.AdminTx].
func (tx *Tx) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	return page(tx, eventsByAccount, kAccount(tx.key(), t, a), p,
		func(r *policy.Event) bool { return r.Tenant == t && r.Account == a }, event)
}

func event(r *policy.Event) policy.Event { return r.Clone() }

// Events implements [policy.AdminTx].
func (tx *Tx) Events(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	var list store.List[policy.Event]
	if tx.done {
		return list, errDead
	}
	before := ^uint64(0)
	if p.After != "" {
		at, err := seqOf(p.After)
		if err != nil {
			return list, err
		}
		if at == 0 {
			return list, nil
		}
		before = at - 1
	}
	it, err := tx.txn.ReverseLowerBound(eventsByOrder.table, eventsByOrder.name, tx.by(kTenant(tx.key(), t).number(before))...)
	if err != nil {
		return list, err
	}
	for raw := it.Next(); raw != nil; raw = it.Next() {
		e := raw.(*policy.Event)
		if e.Tenant != t {
			break
		}
		if len(list.Items) == p.Limit() {
			list.Next = seqCursor(list.Items[len(list.Items)-1].Seq)
			break
		}
		list.Items = append(list.Items, e.Clone())
	}
	return list, nil
}

// EventsAfter implements [policy.AdminTx]. One writer at a time gives numbers in the order of the commits,
// so no event ever appears before one that was read.
func (tx *Tx) EventsAfter(t policy.TenantID, p store.Page) (store.List[policy.Event], error) {
	if p.After != "" {
		if _, err := seqOf(p.After); err != nil {
			return store.List[policy.Event]{}, err
		}
	}
	list, err := page(tx, eventsByOrder, kTenant(tx.key(), t), p,
		func(r *policy.Event) bool { return r.Tenant == t }, event)
	if n := len(list.Items); err == nil && n > 0 {
		list.Next = seqCursor(list.Items[n-1].Seq)
	} else if err == nil {
		list.Next = p.After
		if list.Next == "" {
			list.Next = seqCursor(0)
		}
	}
	return list, err
}

func seqCursor(seq uint64) store.Cursor { return cursor(key(nil).number(seq)) }

func seqOf(c store.Cursor) (uint64, error) {
	at, err := place(c)
	if err != nil {
		return 0, err
	}
	if len(at) != 8 {
		return 0, errKey
	}
	var n uint64
	for _, b := range at {
		n = n<<8 | uint64(b)
	}
	return n, nil
}

// PurgeEvents implements [policy.AdminTx].
func (tx *Tx) PurgeEvents(t policy.TenantID, before time.Time, read []store.Cursor, limit int) (int, error) {
	upTo := ^uint64(0)
	for _, c := range read {
		var at uint64
		if c != "" {
			var err error
			if at, err = seqOf(c); err != nil {
				return 0, err
			}
		}
		upTo = min(upTo, at)
	}
	if err := tx.writable(); err != nil {
		return 0, err
	}
	it, err := tx.txn.LowerBound(eventsByOrder.table, eventsByOrder.name, tx.by(kTenant(tx.key(), t))...)
	if err != nil {
		return 0, err
	}
	var old []*policy.Event // collected first: an iterator must not be written under
	for raw := it.Next(); raw != nil && len(old) < limit; raw = it.Next() {
		e := raw.(*policy.Event)
		if e.Tenant != t || e.Seq > upTo || !e.At.Before(before) {
			break
		}
		old = append(old, e)
	}
	for _, e := range old {
		if err := tx.delete(eventsByAccount.table, e); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

// Follower implements [policy.AdminTx].
func (tx *Tx) Follower(t policy.TenantID, name string) (policy.Follower, error) {
	return value(tx, followersByID, kFollower(tx.key(), t, name))
}

// Followers implements [policy.AdminTx].
func (tx *Tx) Followers(t policy.TenantID) ([]policy.Follower, error) {
	var all []policy.Follower
	err := store.Each(
		func(p store.Page) (store.List[policy.Follower], error) {
			return page(tx, followersByID, kTenant(tx.key(), t), p,
				func(r *policy.Follower) bool { return r.Tenant == t }, plain[policy.Follower])
		},
		func(f policy.Follower) error { all = append(all, f); return nil })
	return all, err
}

// PutFollower implements [policy.AdminTx].
func (tx *Tx) PutFollower(f policy.Follower) (store.Revision, error) {
	return put(tx, followersByID, &f, func(r *policy.Follower) *store.Revision { return &r.Revision })
}

// DropFollower implements [policy.AdminTx].
func (tx *Tx) DropFollower(t policy.TenantID, name string) error {
	return remove(tx, followersByID, kFollower(tx.key(), t, name))
}
