package devices

import (
	"fmt"
	"slices"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Codes of this room's findings before an account is closed.
const (
	FindingDevices      policy.Code = "devices-removed"
	FindingRecoveryKeys policy.Code = "recovery-keys-deleted"
)

// Findings tells what closing an account loses in this room, in somebody's transaction: devices, and recovery keys,
// without which a locked device cannot be opened any more.
func Findings(tx Tx, op *policy.Op, account policy.AccountID) (out []policy.Finding, err error) {
	st, err := op.Account(tx, account)
	if err != nil {
		return nil, err
	}
	owned, keys := 0, 0
	err = store.Each(devicesOf(tx, op, account), func(d Device) error {
		if d.Owner != account || d.State == Deleted {
			return nil
		}
		if !d.Gone() {
			owned++
		}
		if d.organizations(st.Kind) {
			return nil
		}
		return store.Each(keysOn(tx, op, d.ID), func(RecoveryKey) error { keys++; return nil })
	})
	if err != nil {
		return nil, err
	}
	add := func(n int, code policy.Code, one, many string) {
		text := one
		if n > 1 {
			text = fmt.Sprintf(many, n)
		}
		if n > 0 {
			out = append(out, policy.Finding{Code: code, Room: "devices", Text: text})
		}
	}
	add(owned, FindingDevices, "Your device is removed from your account.", "Your %d devices are removed from your account.")
	add(keys, FindingRecoveryKeys, "A recovery key is deleted. Save it first if you may need it.", "%d recovery keys are deleted. Save those first that you may need.")
	return out, nil
}

// organizations reports whether a device and its keys are the organization's, and stay when its owner's account goes.
func (d *Device) organizations(of policy.Kind) bool { return of == policy.Work && d.Join != Registered }

// Erase removes at most limit rows that are an account's, or the account from them, in somebody's transaction, and tells
// whether there may be more: for an account that is closed for good. Of its devices the ids stay, so that they are never
// used again. What is the organization's stays: a device that is joined to it, whose owner had a work account, has no
// owner any more and keeps its keys.
func Erase(tx Tx, op *policy.Op, account policy.AccountID, limit int) (more bool, err error) {
	st, err := op.Account(tx, account)
	if err != nil {
		return false, err
	}
	// A device leaves the list with each step, so the first page is always what is left.
	found, err := devicesOf(tx, op, account)(store.Page{Size: min(max(limit, 1), store.MaxPageSize)})
	if err != nil {
		return false, err
	}
	left := limit
	for i := range found.Items {
		if left <= 0 {
			return true, nil
		}
		used, whole, err := eraseFrom(tx, op, &found.Items[i], account, st.Kind, left)
		if err != nil || !whole {
			return true, err
		}
		left -= used
	}
	return found.Next != "", nil
}

// eraseFrom takes an account off a device, and tells how many rows that took and whether that was all.
func eraseFrom(tx Tx, op *policy.Op, d *Device, account policy.AccountID, kind policy.Kind, limit int) (used int, whole bool, err error) {
	if d.Owner != account || d.organizations(kind) {
		d.Users = slices.DeleteFunc(d.Users, func(u User) bool { return u.Account == account })
		if d.Owner == account {
			d.Owner = ""
		}
		_, err = tx.PutDevice(*d)
		return 1, true, err
	}
	keys, err := keysOn(tx, op, d.ID)(store.Page{Size: min(limit, store.MaxPageSize)})
	if err != nil {
		return 0, false, err
	}
	for _, k := range keys.Items {
		if err := tx.DeleteRecoveryKey(k.Tenant, k.ID); err != nil {
			return used, false, err
		}
		used++
	}
	if keys.Next != "" {
		return used, false, nil
	}
	_, err = tx.PutDevice(d.tombstone(op.Now))
	return used + 1, true, err
}
