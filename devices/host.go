package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Host is the door of the embedding application: what devices and the systems that manage them tell.
// Its actors are [policy.Host].
type Host struct{ *room }

// Registration is a device that a person joined or connected.
type Registration struct {
	ID    policy.DeviceID
	Owner policy.AccountID
	// Users are registered users besides the owner.
	Users []policy.AccountID

	Name, OS, OSVersion, Model string
	Join                       JoinType
	Profile                    Profile // zero means [RegisteredDevice]
	Compliant, Managed         Answer
	Autopilot                  bool
}

// MaxUsers is how many registered users a device may have besides its owner.
const MaxUsers = 100

// device checks r and gives the row that it makes.
func (r Registration) device() (Device, error) {
	if r.Profile == 0 {
		r.Profile = RegisteredDevice
	}
	d := Device{ID: r.ID, Owner: r.Owner, Name: r.Name, OS: r.OS, OSVersion: r.OSVersion, Model: r.Model,
		Join: r.Join, Profile: r.Profile, Compliant: r.Compliant, Managed: r.Managed, Autopilot: r.Autopilot, State: Enabled}
	if err := policy.CheckID("device", r.ID); err != nil {
		return d, err
	}
	if err := d.check(); err != nil {
		return d, err
	}
	if r.Owner == "" && r.Join != HybridJoined {
		return d, &policy.Invalid{Field: "owner", Problem: "is empty; only a hybrid joined device may have no owner"}
	}
	if r.Owner != "" {
		if err := policy.CheckID("owner", r.Owner); err != nil {
			return d, err
		}
		d.Users = append(d.Users, User{Account: r.Owner})
	}
	for _, u := range r.Users {
		if err := policy.CheckID("users", u); err != nil {
			return d, err
		}
		if d.user(u) != nil {
			continue
		}
		d.Users = append(d.Users, User{Account: u})
		if err := d.checkUsers(); err != nil {
			return d, err
		}
	}
	return d, nil
}

// checkUsers bounds the registered users.
func (d *Device) checkUsers() error {
	others := len(d.Users)
	if d.user(d.Owner) != nil {
		others--
	}
	if others > MaxUsers {
		return &policy.Invalid{Field: "users", Problem: fmt.Sprintf("are more than %d besides the owner", MaxUsers)}
	}
	return nil
}

// Register adds a device. The id of a device that exists, or was ever disabled, removed or deleted, is
// refused; so are users who are unknown, and an owner who is unknown, not active, a guest, or has
// [MaxDevices] already.
func (h *Host) Register(ctx context.Context, actor policy.Actor, r Registration) error {
	return h.register(ctx, actor, register, r)
}

func (r *room) register(ctx context.Context, actor policy.Actor, sp *deviceSpec, reg Registration) error {
	d, err := reg.device()
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, r.guard, r.store, actor, sp, onDevice(d.ID), "",
		func(tx Tx, op *policy.Op, _ Device) (none, policy.Change, error) {
			if err := mayOwnOneMore(tx, op, d); err != nil {
				return none{}, policy.Change{}, err
			}
			if err := areKnown(tx, op, d.Users); err != nil {
				return none{}, policy.Change{}, err
			}
			row := d.Clone()
			row.Tenant, row.RegisteredAt, row.LastSignInAt = op.Actor.Tenant, op.Now, op.Now
			ch := about(&row, "join", row.Join.String())
			var err error
			ch.Revision, err = tx.PutDevice(row)
			return none{}, ch, err
		})
	return err
}

// mayOwnOneMore tells whether a device's owner may have it: an active account with device rights, below
// the limit. It counts in the transaction that adds the device, so that two at once cannot both be the last.
func mayOwnOneMore(tx Tx, op *policy.Op, d Device) error {
	if d.Owner == "" {
		return nil
	}
	if err := mayHaveDevices(tx, op, d.Owner); err != nil {
		return err
	}
	limit := op.Settings.Value(MaxDevices)
	if limit == policy.Unlimited || d.Join == HybridJoined {
		return nil
	}
	owned := 0
	err := store.Each(
		devicesOf(tx, op, d.Owner),
		func(other Device) error {
			if other.Owner == d.Owner && other.Join != HybridJoined && !other.Gone() {
				owned++
			}
			return nil
		})
	if err == nil && owned >= limit {
		return op.Refuse(deviceLimit)
	}
	return err
}

// areKnown tells whether all of a device's registered users are accounts: whoever got the id of one that is
// not would be a user of the device.
func areKnown(tx Tx, op *policy.Op, users []User) error {
	for _, u := range users {
		switch _, err := op.Account(tx, u.Account); {
		case errors.Is(err, store.ErrNotFound):
			return op.Refuse(unknownUser)
		case err != nil:
			return err
		}
	}
	return nil
}

func mayHaveDevices(tx Tx, op *policy.Op, owner policy.AccountID) error {
	st, err := op.Account(tx, owner)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return op.Refuse(ownerCannot)
	case err != nil:
		return err
	case st.State != policy.Active || st.Kind&persons == 0:
		return op.Refuse(ownerCannot)
	}
	return nil
}

// Activity is what a device reports when it checks in.
type Activity struct {
	At                 time.Time // when it was active; zero means now
	OSVersion          string    // empty leaves it
	Compliant, Managed Answer    // [Unknown] leaves it
}

// CheckIn notes a device's activity. A disabled or removed device is refused. It leaves an event only if
// the device is no longer compliant or managed.
func (h *Host) CheckIn(ctx context.Context, actor policy.Actor, id policy.DeviceID, a Activity) error {
	probe := Device{OSVersion: a.OSVersion, Join: Registered, Profile: RegisteredDevice, Compliant: a.Compliant, Managed: a.Managed}
	if err := probe.check(); err != nil {
		return err
	}
	return h.change(ctx, actor, checkIn, id, "", func(_ Tx, op *policy.Op, d *Device) (policy.Change, error) {
		at := store.Time(a.At)
		if at.IsZero() || at.After(op.Now) {
			at = op.Now // a device's clock decides nothing about the future
		}
		if at.After(d.LastSignInAt) {
			d.LastSignInAt = at
		}
		if a.OSVersion != "" {
			d.OSVersion = a.OSVersion
		}
		var lost []string
		if a.Compliant != Unknown {
			if d.Compliant == Yes && a.Compliant == No {
				lost = append(lost, noLongerComplies)
			}
			d.Compliant = a.Compliant
		}
		if a.Managed != Unknown {
			if d.Managed == Yes && a.Managed == No {
				lost = append(lost, noLongerManaged)
			}
			d.Managed = a.Managed
		}
		ch := policy.Change{Subject: d.Owner}
		for i, activity := range lost {
			told := policy.Change{Subject: d.Owner, Activity: activity, Facts: []policy.Fact{{Name: "name", Value: d.Name}}}
			if i == 0 {
				ch = told
			} else {
				ch.Also = append(ch.Also, told)
			}
		}
		return ch, nil
	})
}

// MayAuthenticate is the gate that an identity provider asks before it lets a device sign in: nil, or a
// [policy.Denied] for one that is disabled, removed or unknown. It leaves no event.
func (h *Host) MayAuthenticate(ctx context.Context, actor policy.Actor, id policy.DeviceID) error {
	_, err := policy.Look(ctx, h.guard, h.store, actor, admit, onDevice(id),
		func(Tx, *policy.Op, Device) (none, error) { return none{}, nil })
	return err
}

// Escrow is a recovery key that a device hands in.
type Escrow struct {
	ID       KeyID
	Volume   Volume
	Password secret.Text // in any form that [ParseRecoveryPassword] reads
}

func (e Escrow) check() (secret.Text, error) {
	if err := policy.CheckID("recovery-key", e.ID); err != nil {
		return secret.Text{}, err
	}
	if err := volumeNames.Check(e.Volume); err != nil {
		return secret.Text{}, &policy.Invalid{Field: "volume", Problem: err.Error()}
	}
	return ParseRecoveryPassword(e.Password)
}

// Escrow takes a recovery key into escrow for the device's owner of now. The actor must be the device
// itself: the host authenticates it and says so with [policy.Actor.On]. Keys are only ever added: an
// empty or malformed password, or an id or password that is in escrow already, is refused and replaces
// nothing. At most [MaxKeysPerDevice] fit.
func (h *Host) Escrow(ctx context.Context, actor policy.Actor, id policy.DeviceID, e Escrow) error {
	return h.escrow(ctx, actor, escrowKey, id, "", e)
}

// Rotated tells that a device replaced its key old by another: in one commit the new key is in escrow and
// the old one retired. What [Host.Escrow] refuses is refused here too.
func (h *Host) Rotated(ctx context.Context, actor policy.Actor, id policy.DeviceID, old KeyID, e Escrow) error {
	if err := policy.CheckID("old", old); err != nil {
		return err
	}
	return h.escrow(ctx, actor, rotateKey, id, old, e)
}

func (h *Host) escrow(ctx context.Context, actor policy.Actor, sp *deviceSpec, id policy.DeviceID, old KeyID, e Escrow) error {
	password, err := e.check()
	if err != nil {
		return err
	}
	if old == e.ID {
		return &policy.Invalid{Field: "old", Problem: "is the new key itself"}
	}
	// Whom to seal for is read first: sealing must not happen inside the transaction that writes.
	owner, err := policy.Prepare(ctx, h.guard, h.store, actor, sp, onDevice(id),
		func(_ Tx, _ *policy.Op, d Device) (policy.AccountID, error) { return d.Owner, nil })
	if err != nil {
		return err
	}
	k := RecoveryKey{Tenant: actor.Tenant, Device: id, ID: e.ID, Volume: e.Volume, Owner: owner}
	k.Fingerprint = k.fingerprint(password)
	if k.Sealed, err = h.sealer.Seal(ctx, password, k.bound()); err != nil {
		return err
	}
	_, err = policy.Do(ctx, h.guard, h.store, actor, sp, onDevice(id), "",
		func(tx Tx, op *policy.Op, d Device) (none, policy.Change, error) {
			if old != "" {
				if err := retire(tx, op, id, old); err != nil {
					return none{}, policy.Change{}, err
				}
			}
			ch, err := putKey(tx, op, d, k)
			return none{}, ch, err
		})
	return err
}

type deviceKeys struct {
	device Device
	keys   []RecoveryKey
}

func allKeys(tx Tx, op *policy.Op, d Device) (deviceKeys, error) {
	all := deviceKeys{device: d}
	err := store.Each(
		keysOn(tx, op, d.ID),
		func(k RecoveryKey) error {
			all.keys = append(all.keys, k)
			return nil
		})
	return all, err
}

// putKey adds a key to the escrow of device d, for whose owner it was sealed; it never replaces one.
func putKey(tx Tx, op *policy.Op, d Device, k RecoveryKey) (policy.Change, error) {
	if d.Owner != k.Owner {
		return policy.Change{}, op.Refuse(changedHands)
	}
	switch _, err := tx.RecoveryKey(k.Tenant, k.ID); {
	case err == nil:
		return policy.Change{}, op.Refuse(keyExists)
	case !errors.Is(err, store.ErrNotFound):
		return policy.Change{}, err
	}
	all, err := allKeys(tx, op, d)
	if err != nil {
		return policy.Change{}, err
	}
	if len(all.keys) >= MaxKeysPerDevice {
		return policy.Change{}, op.Refuse(keyLimit)
	}
	for _, other := range all.keys {
		if other.Fingerprint.Equal(k.Fingerprint) {
			return policy.Change{}, &policy.Invalid{Field: "recoveryPassword", Problem: "is in escrow already, as another key of this device"}
		}
	}
	if k.CreatedAt.IsZero() {
		k.CreatedAt = op.Now
	}
	rev, err := tx.PutRecoveryKey(k)
	return policy.Change{Subject: k.Owner, Revision: rev, Target: onKey(k.ID),
		Facts: []policy.Fact{{Name: "device", Value: string(k.Device)}}}, err
}

func retire(tx Tx, op *policy.Op, id policy.DeviceID, old KeyID) error {
	k, err := keyOf(tx, op, old)
	if errors.Is(err, store.ErrNotFound) || err == nil && k.Device != id {
		return &policy.Invalid{Field: "old", Problem: "is no key of this device"}
	}
	if err != nil {
		return err
	}
	if !k.RetiredAt.IsZero() {
		return nil
	}
	k.RetiredAt = op.Now
	_, err = tx.PutRecoveryKey(k)
	return err
}

// PurgeRemoved deletes, keys included, what one person removed from their account before a time, and
// tells how many devices that were. There is no way back.
func (h *Host) PurgeRemoved(ctx context.Context, actor policy.Actor, owner policy.AccountID, before time.Time) (int, error) {
	if err := policy.CheckID("owner", owner); err != nil {
		return 0, err
	}
	return policy.Do(ctx, h.guard, h.store, actor, purgeGone, policy.On("account", owner), "",
		func(tx Tx, op *policy.Op, _ none) (int, policy.Change, error) {
			var old []Device
			err := store.Each(
				devicesOf(tx, op, owner),
				func(d Device) error {
					if d.Owner == owner && d.State == Removed && d.RemovedAt.Before(before) {
						old = append(old, d)
					}
					return nil
				})
			var ch policy.Change
			for _, d := range old {
				if err != nil {
					break
				}
				var all deviceKeys
				if all, err = allKeys(tx, op, d); err != nil {
					break
				}
				var deleted policy.Change
				if deleted, err = erase(tx, op, all); err == nil {
					deleted.Activity, deleted.Target = deleteDevice, onDevice(d.ID)
					ch.Also = append(ch.Also, deleted)
				}
			}
			return len(old), ch, err
		})
}

// erase deletes a device's details and keys. Its id stays behind, so that it is never used again.
func erase(tx Tx, op *policy.Op, all deviceKeys) (policy.Change, error) {
	d := all.device
	ch := about(&d, "state", Deleted.String())
	for _, k := range all.keys {
		if err := tx.DeleteRecoveryKey(k.Tenant, k.ID); err != nil {
			return ch, err
		}
		ch.Also = append(ch.Also, policy.Change{Subject: k.Owner, Activity: deleteKey, Target: onKey(k.ID),
			Facts: []policy.Fact{{Name: "device", Value: string(d.ID)}}})
	}
	var err error
	ch.Revision, err = tx.PutDevice(d.tombstone(op.Now))
	return ch, err
}
