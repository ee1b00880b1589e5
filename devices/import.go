package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// MaxImport is how many records one call of [Admin.Import] or [Admin.ImportKeys] takes.
const MaxImport = 1000

// DeviceRecord is a device as another directory tells of it.
type DeviceRecord struct {
	Registration
	Enabled      bool
	RegisteredAt time.Time // zero means the time of import
	LastSignInAt time.Time
}

// KeyRecord is a recovery key as another directory tells of it.
type KeyRecord struct {
	Device    policy.DeviceID
	CreatedAt time.Time // zero means the time of import
	Escrow
}

// Outcome is what became of one record. Err is nil or says why it was refused: a *[policy.Invalid] that
// names the field, or a *[policy.Denied].
type Outcome struct {
	Result Result
	Err    error
}

// Result is what an import did with a record.
type Result string

// Results of an import.
const (
	Imported Result = "imported" // was not there
	Updated  Result = "updated"
	Same     Result = "unchanged"
	// KeptDisabled says that the record's device is disabled here and enabled there. It stays disabled.
	KeptDisabled Result = "kept-disabled"
	Rejected     Result = "refused"
)

func rejected(err error) Outcome { return Outcome{Rejected, err} }

// Import takes over devices from another directory in one commit, and tells what became of each record in
// their order. Records that are malformed, whose owner or users are unknown, or whose device is owned by
// somebody else here (see [Admin.Transfer]) or is gone, are refused one by one. A record that says nothing
// new changes nothing. A record never enables a disabled device, whatever it says; it may disable an
// enabled one.
func (a *Admin) Import(ctx context.Context, actor policy.Actor, records []DeviceRecord) ([]Outcome, error) {
	if err := checkBatch(len(records)); err != nil {
		return nil, err
	}
	return policy.Do(ctx, a.guard, a.store, actor, importDevices, policy.Target{}, "",
		func(tx Tx, op *policy.Op, _ none) ([]Outcome, policy.Change, error) {
			var ch policy.Change
			out := make([]Outcome, len(records))
			for i, r := range records {
				result, told, err := importDevice(tx, op, r)
				if err != nil && !refusal(err) {
					return nil, ch, err
				}
				out[i] = Outcome{result, err}
				if told.Activity != "" {
					ch.Also = append(ch.Also, told)
				}
			}
			return out, ch, nil
		})
}

// refusal reports whether an error is about one record and not about the store.
func refusal(err error) bool {
	var invalid *policy.Invalid
	var denied *policy.Denied
	return errors.As(err, &invalid) || errors.As(err, &denied)
}

func checkBatch(n int) error {
	if n > MaxImport {
		return &policy.Invalid{Field: "records", Problem: fmt.Sprintf("are %d; want at most %d at a time", n, MaxImport)}
	}
	return nil
}

func importDevice(tx Tx, op *policy.Op, r DeviceRecord) (Result, policy.Change, error) {
	told, err := r.device()
	if err != nil {
		return Rejected, policy.Change{}, err
	}
	for _, u := range told.Users {
		if err := mayHaveDevices(tx, op, u.Account); err != nil {
			return Rejected, policy.Change{}, err
		}
	}
	d, err := existing(tx, op, onDevice(r.ID))
	if err != nil {
		return Rejected, policy.Change{}, err
	}
	if d.ID == "" {
		return importNew(tx, op, r, told)
	}
	if d.Gone() {
		return Rejected, policy.Change{}, op.Refuse(idSpent)
	}
	if d.Owner != "" && told.Owner != "" && d.Owner != told.Owner {
		return Rejected, policy.Change{}, &policy.Invalid{Field: "owner", Problem: "is another account here; transfer the device first"}
	}
	result := Same
	if merge(&d, told, r) {
		result = Updated
	}
	if d.State == Enabled && !r.Enabled {
		d.State, d.DisabledAt, d.DisabledBy, result = DisabledByAdministrator, op.Now, op.Actor.Principal(), Updated
	}
	kept := d.Disabled() && r.Enabled
	if result == Same {
		if kept {
			result = KeptDisabled
		}
		return result, policy.Change{}, nil
	}
	ch := about(&d, "state", d.State.String())
	ch.Activity, ch.Target = updateDevice, onDevice(d.ID)
	ch.Revision, err = tx.PutDevice(d)
	if kept {
		result = KeptDisabled
	}
	return result, ch, err
}

func importNew(tx Tx, op *policy.Op, r DeviceRecord, d Device) (Result, policy.Change, error) {
	d.Tenant, d.RegisteredAt, d.LastSignInAt = op.Actor.Tenant, store.Time(r.RegisteredAt), store.Time(r.LastSignInAt)
	if d.RegisteredAt.IsZero() {
		d.RegisteredAt = op.Now
	}
	if !r.Enabled {
		d.State, d.DisabledAt, d.DisabledBy = DisabledByAdministrator, op.Now, op.Actor.Principal()
	}
	rev, err := tx.PutDevice(d)
	ch := about(&d, "state", d.State.String())
	ch.Activity, ch.Target, ch.Revision = registerDevice, onDevice(d.ID), rev
	return Imported, ch, err
}

// merge takes over what a record tells about a known device, and reports whether that changed anything.
// When the device was registered and what people said about it stay.
func merge(d *Device, told Device, r DeviceRecord) bool {
	before := d.Clone()
	d.Name, d.OS, d.OSVersion, d.Model = told.Name, told.OS, told.OSVersion, told.Model
	d.Join, d.Profile, d.Compliant, d.Managed, d.Autopilot = told.Join, told.Profile, told.Compliant, told.Managed, told.Autopilot
	if d.Owner == "" {
		d.Owner = told.Owner
	}
	for _, u := range told.Users {
		if d.user(u.Account) == nil {
			d.Users = append(d.Users, u)
		}
	}
	if at := store.Time(r.LastSignInAt); at.After(d.LastSignInAt) {
		d.LastSignInAt = at
	}
	return before.Name != d.Name || before.OS != d.OS || before.OSVersion != d.OSVersion || before.Model != d.Model ||
		before.Join != d.Join || before.Profile != d.Profile || before.Compliant != d.Compliant || before.Managed != d.Managed ||
		before.Autopilot != d.Autopilot || before.Owner != d.Owner || len(before.Users) != len(d.Users) || !before.LastSignInAt.Equal(d.LastSignInAt)
}

// ImportKeys takes over recovery keys from another directory in one commit, each for the owner that its
// device has here now, and tells what became of each record in their order. A key that is in escrow
// already is left as it is; a malformed one, or one whose device is unknown here, is refused.
func (a *Admin) ImportKeys(ctx context.Context, actor policy.Actor, records []KeyRecord) ([]Outcome, error) {
	if err := checkBatch(len(records)); err != nil {
		return nil, err
	}
	out := make([]Outcome, len(records))
	keys := make([]RecoveryKey, len(records))
	owners, err := a.ownersOf(ctx, actor, records)
	if err != nil {
		return nil, err
	}
	for i, r := range records { // sealed before the transaction that writes
		password, err := r.check()
		if err == nil {
			err = policy.CheckID("device", r.Device)
		}
		if err == nil && owners[r.Device] == nil {
			err = &policy.Invalid{Field: "device", Problem: "is not known here"}
		}
		if err != nil {
			out[i] = rejected(err)
			continue
		}
		k := RecoveryKey{Tenant: actor.Tenant, Device: r.Device, ID: r.ID, Volume: r.Volume,
			Owner: *owners[r.Device], CreatedAt: store.Time(r.CreatedAt)}
		if k.Sealed, err = a.sealer.Seal(ctx, password, k.bound()); err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return policy.Do(ctx, a.guard, a.store, actor, importKeys, policy.Target{}, "",
		func(tx Tx, op *policy.Op, _ none) ([]Outcome, policy.Change, error) {
			var ch policy.Change
			result := append([]Outcome(nil), out...)
			for i, k := range keys {
				if k.ID == "" {
					continue // refused above
				}
				told, err := importKey(tx, op, k)
				switch {
				case err != nil && !refusal(err):
					return nil, ch, err
				case err != nil:
					result[i] = rejected(err)
				case told.Activity == "":
					result[i] = Outcome{Result: Same}
				default:
					result[i] = Outcome{Result: Imported}
					ch.Also = append(ch.Also, told)
				}
			}
			return result, ch, nil
		})
}

// ownersOf gives the present owner of each record's device; none for a device that is not known.
func (a *Admin) ownersOf(ctx context.Context, actor policy.Actor, records []KeyRecord) (map[policy.DeviceID]*policy.AccountID, error) {
	return policy.Prepare(ctx, a.guard, a.store, actor, importKeys, policy.Target{},
		func(tx Tx, op *policy.Op, _ none) (map[policy.DeviceID]*policy.AccountID, error) {
			owners := make(map[policy.DeviceID]*policy.AccountID)
			for _, r := range records {
				if policy.CheckID("device", r.Device) != nil {
					continue
				}
				d, err := known(tx, op, onDevice(r.Device))
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					return nil, err
				}
				owners[r.Device] = &d.Owner
			}
			return owners, nil
		})
}

// importKey adds one key, or gives an empty change for one that is in escrow already.
func importKey(tx Tx, op *policy.Op, k RecoveryKey) (policy.Change, error) {
	switch old, err := keyOf(tx, op, k.ID); {
	case err == nil && old.Device != k.Device:
		return policy.Change{}, op.Refuse(keyExists)
	case err == nil:
		return policy.Change{}, nil
	case !errors.Is(err, store.ErrNotFound):
		return policy.Change{}, err
	}
	d, err := known(tx, op, onDevice(k.Device))
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && d.Owner != k.Owner:
		return policy.Change{}, &policy.Invalid{Field: "device", Problem: "changed hands during the import; import the key again"}
	case err != nil:
		return policy.Change{}, err
	}
	ch, err := putKey(tx, op, k)
	ch.Activity = addKey
	return ch, err
}
