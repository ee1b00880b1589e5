package devices

import (
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Store is what this room keeps its rows in. memstore.Store has one; bring your own by writing [Tx] for
// your tables and proving it with storetest.
type Store = store.Store[Tx]

// Tx is all that this room needs of a store. Package storetest checks every promise below and those of
// [policy.Tx]. Missing rows are [store.ErrNotFound]; what a Put refuses is [store.ErrConflict]. Values go
// in and come out as copies, times as [store.Time] gives them.
type Tx interface {
	policy.Tx // settings, standing, sessions, limits, events

	// Device gives a device, deleted ones too.
	Device(policy.TenantID, policy.DeviceID) (Device, error)
	// PutDevice stores d, compare-and-set on d.Revision; revision 0 makes the device. A tenant's device
	// ids are unique.
	PutDevice(d Device) (store.Revision, error)
	// DevicesOf lists the devices that a person owns or is a registered user of, in whatever state:
	// the newest registration first, by id where registrations fall together.
	DevicesOf(t policy.TenantID, person policy.AccountID, p store.Page) (store.List[Device], error)

	// RecoveryKey gives a key by its id.
	RecoveryKey(policy.TenantID, KeyID) (RecoveryKey, error)
	// PutRecoveryKey stores k, compare-and-set on k.Revision; revision 0 makes the key. A tenant's key
	// ids are unique over all of its devices, and a key never moves to another device.
	PutRecoveryKey(k RecoveryKey) (store.Revision, error)
	// DeleteRecoveryKey removes a key.
	DeleteRecoveryKey(policy.TenantID, KeyID) error
	// RecoveryKeysOf lists the keys of a device in the order of their ids.
	RecoveryKeysOf(t policy.TenantID, d policy.DeviceID, p store.Page) (store.List[RecoveryKey], error)
	// RecoveryKeysToRotate lists the tenant's keys with RotateSince set and RetiredAt not, the longest
	// waiting first, by device and id where they have waited alike.
	RecoveryKeysToRotate(t policy.TenantID, p store.Page) (store.List[RecoveryKey], error)
}
