package devices

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// MaxImport is how many records one call of [Admin.Import] or [Admin.ImportKeys] takes.
const MaxImport = 1000

// DeviceRecord is a device as another directory tells of it. What is zero in it says nothing: it leaves what
// is known here as it is. A new device without a join type is taken for [Registered], which claims the least.
type DeviceRecord struct {
	Registration
	// Enabled must be told of a device that is new here. [Yes] never enables one that is disabled here.
	Enabled Answer
	// Autopilot takes the place of the registration's: whether the deployment is managed elsewhere.
	Autopilot Answer
	// DefaultOwner owns a device that is new here, names no owner and is not hybrid joined.
	DefaultOwner policy.AccountID
	RegisteredAt time.Time // of a new device; zero means the time of import
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
// new changes nothing, and what it leaves out stays. A record never enables a disabled device, whatever it
// says; it may disable an enabled one. [MaxDevices] does not bind an import: the directory has decided.
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
	if err := policy.CheckID("device", r.ID); err != nil {
		return Rejected, policy.Change{}, err
	}
	d, err := existing(tx, op, onDevice(r.ID))
	if err != nil {
		return Rejected, policy.Change{}, err
	}
	if d.Gone() {
		return Rejected, policy.Change{}, op.Refuse(idSpent)
	}
	told, err := r.over(d, op.Now)
	if err != nil {
		return Rejected, policy.Change{}, err
	}
	// Only what is new is judged: an account that left must not keep its device from being disabled.
	if told.Owner != d.Owner {
		if err := mayHaveDevices(tx, op, told.Owner); err != nil {
			return Rejected, policy.Change{}, err
		}
	}
	if err := areKnown(tx, op, told.Users[len(d.Users):]); err != nil {
		return Rejected, policy.Change{}, err
	}
	if d.ID == "" {
		return importNew(tx, op, r, told)
	}
	result, kept := Same, d.Disabled() && r.Enabled == Yes
	lost := d.State == Enabled && r.Enabled == No
	if lost && d.Profile == Printer {
		return Rejected, policy.Change{}, op.Refuse(isPrinter) // nobody here could enable it again
	}
	if lost {
		told.State, told.DisabledAt, told.DisabledBy = DisabledByAdministrator, op.Now, op.Actor.Principal()
	}
	var ch policy.Change
	if !reflect.DeepEqual(told, d) {
		result = Updated
		ch = about(&told, "state", told.State.String())
		ch.Activity, ch.Target, ch.Notify = updateDevice, onDevice(d.ID), lost
		if ch.Revision, err = tx.PutDevice(told); err != nil {
			return Rejected, ch, err
		}
	}
	if kept {
		result = KeptDisabled
	}
	return result, ch, nil
}

// over gives the device d, which may be a new one, with what the record tells about it. When it was registered,
// its state, its registered users and what they said about it stay; a time of activity that lies after now
// tells nothing.
func (r DeviceRecord) over(d Device, now time.Time) (Device, error) {
	if r.Owner != "" && d.Owner != "" && r.Owner != d.Owner {
		return d, &policy.Invalid{Field: "owner", Problem: "is another account here; transfer the device first"}
	}
	for _, t := range []struct {
		field string
		at    time.Time
	}{{"registeredAt", r.RegisteredAt}, {"lastSignInAt", r.LastSignInAt}} {
		if err := checkTime(t.field, t.at); err != nil {
			return d, err
		}
	}
	r.Name, r.OS, r.Model = cmp.Or(r.Name, d.Name), cmp.Or(r.OS, d.OS), cmp.Or(r.Model, d.Model)
	r.OSVersion, r.Join, r.Profile = cmp.Or(r.OSVersion, d.OSVersion), cmp.Or(r.Join, d.Join, Registered), cmp.Or(r.Profile, d.Profile)
	r.Compliant, r.Managed = cmp.Or(r.Compliant, d.Compliant), cmp.Or(r.Managed, d.Managed)
	r.Owner = cmp.Or(r.Owner, d.Owner)
	if d.ID == "" && r.Join != HybridJoined {
		r.Owner = cmp.Or(r.Owner, r.DefaultOwner)
	}
	r.Registration.Autopilot = r.Autopilot == Yes || r.Autopilot == Unknown && d.Autopilot
	told, err := r.device()
	if err != nil {
		return d, err
	}
	told.Tenant, told.Revision, told.State, told.RegisteredAt = d.Tenant, d.Revision, d.State, d.RegisteredAt
	told.DisabledAt, told.DisabledBy, told.LastSignInAt = d.DisabledAt, d.DisabledBy, d.LastSignInAt
	if at := store.Time(r.LastSignInAt); at.After(told.LastSignInAt) && !at.After(now) {
		told.LastSignInAt = at
	}
	if told.Users = union(d.Users, told.Users); len(told.Users) > len(d.Users) {
		return told, told.checkUsers()
	}
	return told, nil
}

// union gives the known users, and after them those that are new.
func union(known, told []User) []User {
	all := Device{Users: slices.Clone(known)}
	for _, u := range told {
		if all.user(u.Account) == nil {
			all.Users = append(all.Users, u)
		}
	}
	return all.Users
}

// checkTime refuses what cannot be written down as a date.
func checkTime(field string, t time.Time) error {
	if year := t.UTC().Year(); !t.IsZero() && (year < 1 || year > 9999) {
		return &policy.Invalid{Field: field, Problem: "lies outside of the years 1 to 9999"}
	}
	return nil
}

func importNew(tx Tx, op *policy.Op, r DeviceRecord, d Device) (Result, policy.Change, error) {
	d.Tenant, d.State, d.RegisteredAt = op.Actor.Tenant, Enabled, store.Time(r.RegisteredAt)
	if d.RegisteredAt.IsZero() {
		d.RegisteredAt = op.Now
	}
	switch r.Enabled {
	case Unknown:
		return Rejected, policy.Change{}, &policy.Invalid{Field: "enabled", Problem: "is missing, and the device is new here"}
	case No:
		d.State, d.DisabledAt, d.DisabledBy = DisabledByAdministrator, op.Now, op.Actor.Principal()
	}
	rev, err := tx.PutDevice(d)
	ch := about(&d, "state", d.State.String())
	ch.Activity, ch.Target, ch.Revision = registerDevice, onDevice(d.ID), rev
	return Imported, ch, err
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
		if err == nil {
			err = checkTime("createdAt", r.CreatedAt)
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
		k.Fingerprint = k.fingerprint(password)
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
	case errors.Is(err, store.ErrNotFound):
		return policy.Change{}, op.Refuse(changedHands) // deleted since its owner was read
	case err != nil:
		return policy.Change{}, err
	}
	ch, err := putKey(tx, op, d, k)
	ch.Activity = addKey
	return ch, err
}
