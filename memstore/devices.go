package memstore

import (
	"bytes"
	"cmp"
	"errors"
	"slices"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

var _ devices.Tx = (*Tx)(nil)

// Device implements [devices.Tx].
func (tx *Tx) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	r, err := row(tx, devicesByID, kDevice(tx.key(), t, id))
	if err != nil {
		return devices.Device{}, err
	}
	return r.Clone(), nil
}

// PutDevice implements [devices.Tx].
func (tx *Tx) PutDevice(d devices.Device) (store.Revision, error) {
	d = d.Clone()
	for i := range d.Users {
		d.Users[i].At = store.Time(d.Users[i].At)
	}
	d.RegisteredAt, d.LastSignInAt = store.Time(d.RegisteredAt), store.Time(d.LastSignInAt)
	d.DisabledAt, d.RemovedAt = store.Time(d.DisabledAt), store.Time(d.RemovedAt)
	return put(tx, devicesByID, &d, func(r *devices.Device) *store.Revision { return &r.Revision })
}

// DevicesOf implements [devices.Tx]. A device stands in the index once for each of its people, and the
// index hands out rows without the key they were found under. That is enough: within one person's part
// the places grow, and a device of theirs that comes up in the next person's part has had its place.
func (tx *Tx) DevicesOf(t policy.TenantID, person policy.AccountID, p store.Page) (store.List[devices.Device], error) {
	var list store.List[devices.Device]
	if tx.done {
		return list, errDead
	}
	start := kAccount(tx.key(), t, person)
	from, err := place(p.After)
	if err != nil {
		return list, err
	}
	if p.After != "" {
		start = append(start, from...).next()
	}
	it, err := tx.txn.LowerBound(devicesByID.table, byPerson, tx.by(start)...)
	if err != nil {
		return list, err
	}
	limit := p.Limit()
	var last *devices.Device
	for raw := it.Next(); raw != nil; raw = it.Next() {
		d := raw.(*devices.Device)
		if d.Tenant != t || !belongs(d, person) ||
			last == nil && len(from) > 0 && bytes.Compare(kRegistered(d), from) <= 0 || last != nil && !comesAfter(d, last) {
			break
		}
		if len(list.Items) == limit {
			list.Next = cursor(kRegistered(last))
			break
		}
		if list.Items == nil {
			list.Items = make([]devices.Device, 0, min(limit, firstItems))
		}
		list.Items = append(list.Items, d.Clone())
		last = d
	}
	return list, nil
}

// comesAfter compares two devices as their [kRegistered] do, without making the keys.
func comesAfter(d, last *devices.Device) bool {
	if c := cmp.Compare(order(d.RegisteredAt), order(last.RegisteredAt)); c != 0 {
		return c < 0
	}
	return d.ID > last.ID
}

// belongs reports whether d is in a person's list. An empty Owner is nobody, whose list is empty.
func belongs(d *devices.Device, person policy.AccountID) bool {
	return person != "" &&
		(d.Owner == person || slices.ContainsFunc(d.Users, func(u devices.User) bool { return u.Account == person }))
}

// RecoveryKey implements [devices.Tx].
func (tx *Tx) RecoveryKey(t policy.TenantID, id devices.KeyID) (devices.RecoveryKey, error) {
	return value(tx, keysByKey, kKey(tx.key(), t, id))
}

// PutRecoveryKey implements [devices.Tx]. go-memdb does not enforce the uniqueness of a second index, so
// that is checked here, where no other writer can come between.
func (tx *Tx) PutRecoveryKey(k devices.RecoveryKey) (store.Revision, error) {
	k.CreatedAt, k.RevealedAt = store.Time(k.CreatedAt), store.Time(k.RevealedAt)
	k.RotateSince, k.RetiredAt = store.Time(k.RotateSince), store.Time(k.RetiredAt)
	switch other, err := row(tx, keysByKey, kKey(tx.key(), k.Tenant, k.ID)); {
	case err == nil && other.Device != k.Device:
		return 0, store.ErrConflict
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return 0, err
	}
	return put(tx, keysByDevice, &k, func(r *devices.RecoveryKey) *store.Revision { return &r.Revision })
}

// DeleteRecoveryKey implements [devices.Tx].
func (tx *Tx) DeleteRecoveryKey(t policy.TenantID, id devices.KeyID) error {
	return remove(tx, keysByKey, kKey(tx.key(), t, id))
}

// RecoveryKeysOf implements [devices.Tx].
func (tx *Tx) RecoveryKeysOf(t policy.TenantID, d policy.DeviceID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return page(tx, keysByDevice, kDevice(tx.key(), t, d), p,
		func(r *devices.RecoveryKey) bool { return r.Tenant == t && r.Device == d }, plain[devices.RecoveryKey])
}

// RecoveryKeysToRotate implements [devices.Tx].
func (tx *Tx) RecoveryKeysToRotate(t policy.TenantID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return page(tx, keysToRotate, kTenant(tx.key(), t), p,
		func(r *devices.RecoveryKey) bool { return r.Tenant == t }, plain[devices.RecoveryKey])
}
