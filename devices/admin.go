package devices

import (
	"context"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Admin is the door of the organization's administrators. Its actors are persons with a role that the
// rule names or, where the organization's directory decides, the host.
type Admin struct{ *room }

// Get gives any device of the tenant.
func (a *Admin) Get(ctx context.Context, actor policy.Actor, id policy.DeviceID) (Device, error) {
	return policy.Look(ctx, a.guard, a.store, actor, readAny, onDevice(id),
		func(_ Tx, _ *policy.Op, d Device) (Device, error) { return d, nil })
}

// DevicesOf lists one person's devices in every state but deleted, newest registration first.
func (a *Admin) DevicesOf(ctx context.Context, actor policy.Actor, person policy.AccountID, p store.Page) (store.List[Device], error) {
	return policy.Look(ctx, a.guard, a.store, actor, readAnyOf, policy.On("account", person),
		func(tx Tx, op *policy.Op, _ none) (store.List[Device], error) {
			return devicesOf(tx, op, person)(p)
		})
}

// RecoveryKeys lists which recovery keys a device has, whoever's they are; metadata only, no event.
func (a *Admin) RecoveryKeys(ctx context.Context, actor policy.Actor, id policy.DeviceID, q KeyQuery) (store.List[KeyInfo], error) {
	if err := q.check(); err != nil {
		return store.List[KeyInfo]{}, err
	}
	return policy.Look(ctx, a.guard, a.store, actor, readAny, onDevice(id),
		func(tx Tx, op *policy.Op, d Device) (store.List[KeyInfo], error) {
			found, err := keysOf(tx, op, d.ID, q, func(*RecoveryKey) bool { return true })
			if err != nil {
				return store.List[KeyInfo]{}, err
			}
			return infos(tx, op, revealAny, found)
		})
}

// Reveal reads any recovery key of the tenant: recorded, and marked for rotation, as [Service.Reveal] does
// it, and the owner is told.
func (a *Admin) Reveal(ctx context.Context, actor policy.Actor, id KeyID) (secret.Text, error) {
	return a.reveal(ctx, actor, revealAny, id)
}

// KeysToRotate lists the tenant's keys that should be replaced, because they were read or their device changed
// hands, and are not yet; the longest waiting first.
func (a *Admin) KeysToRotate(ctx context.Context, actor policy.Actor, p store.Page) (store.List[KeyInfo], error) {
	return policy.Look(ctx, a.guard, a.store, actor, toRotate, policy.Target{},
		func(tx Tx, op *policy.Op, _ none) (store.List[KeyInfo], error) {
			found, err := keysToRotate(tx, op, p)
			if err != nil {
				return store.List[KeyInfo]{}, err
			}
			return infos(tx, op, revealAny, found)
		})
}

// Register adds a device for a person, as [Host.Register] does.
func (a *Admin) Register(ctx context.Context, actor policy.Actor, r Registration) error {
	return a.register(ctx, actor, addDevice, r)
}

// Enable adds a disabled device again: the only way back there is. The synchronization of an
// organization's own directory that enables a hybrid joined device calls it too, as a [policy.Host].
func (a *Admin) Enable(ctx context.Context, actor policy.Actor, id policy.DeviceID) error {
	return a.change(ctx, actor, enable, id, "", func(_ Tx, _ *policy.Op, d *Device) (policy.Change, error) {
		d.State, d.DisabledAt, d.DisabledBy = Enabled, Device{}.DisabledAt, policy.Principal{}
		return about(d, "state", d.State.String()), nil
	})
}

// Disable disables any device, at once.
func (a *Admin) Disable(ctx context.Context, actor policy.Actor, id policy.DeviceID) error {
	return a.change(ctx, actor, disableAny, id, "", func(_ Tx, op *policy.Op, d *Device) (policy.Change, error) {
		d.State, d.DisabledAt, d.DisabledBy = DisabledByAdministrator, op.Now, op.Actor.Principal()
		return about(d, "state", d.State.String()), nil
	})
}

// AskDelete tells what deleting will do, and gives the confirmation for [Admin.Delete].
func (a *Admin) AskDelete(ctx context.Context, actor policy.Actor, id policy.DeviceID) (policy.Preview, policy.Confirmation, error) {
	return policy.Ask(ctx, a.guard, a.store, actor, deleteAny, onDevice(id))
}

// Delete deletes a device for good, all its details and recovery keys included. Its id is never accepted
// again. It needs the confirmation that [Admin.AskDelete] gave.
func (a *Admin) Delete(ctx context.Context, actor policy.Actor, id policy.DeviceID, yes policy.Confirmation) error {
	_, err := policy.Do(ctx, a.guard, a.store, actor, deleteAny, onDevice(id), yes,
		func(tx Tx, op *policy.Op, all deviceKeys) (none, policy.Change, error) {
			ch, err := erase(tx, op, all)
			return none{}, ch, err
		})
	return err
}

// Transfer gives a device another owner, whom [Host.Register] would accept. The old owner is no longer a
// registered user. Keys in escrow stay the old owner's: the new one cannot read them, and the device should
// replace them, so that they unlock nothing of the new owner's. Both are told.
func (a *Admin) Transfer(ctx context.Context, actor policy.Actor, id policy.DeviceID, to policy.AccountID) error {
	if err := policy.CheckID("owner", to); err != nil {
		return err
	}
	return a.change(ctx, actor, transfer, id, "", func(tx Tx, op *policy.Op, d *Device) (policy.Change, error) {
		from := d.Owner
		if from == to {
			return policy.Change{}, op.Refuse(ownerUnchanged)
		}
		next := *d
		next.Owner = to
		if err := mayOwnOneMore(tx, op, next); err != nil {
			return policy.Change{}, err
		}
		users := []User{{Account: to}}
		for _, u := range d.Users {
			if u.Account != from && u.Account != to {
				users = append(users, u)
			}
		}
		all, err := allKeys(tx, op, *d)
		if err != nil {
			return policy.Change{}, err
		}
		for _, k := range all.keys {
			if !k.RetiredAt.IsZero() || !k.RotateSince.IsZero() {
				continue
			}
			k.RotateSince = op.Now
			if _, err := tx.PutRecoveryKey(k); err != nil {
				return policy.Change{}, err
			}
		}
		d.Owner, d.Users = to, users
		ch := about(d, "from", string(from))
		if from != "" {
			ch.Also = []policy.Change{{Subject: from, Activity: removeOwner, Facts: []policy.Fact{{Name: "name", Value: d.Name}}}}
		}
		return ch, nil
	})
}
