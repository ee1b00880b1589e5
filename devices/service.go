package devices

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Room holds the three doors.
type Room struct {
	Service *Service
	Admin   *Admin
	Host    *Host
}

// room is what the doors share.
type room struct {
	guard  *policy.Guard
	store  Store
	sealer secret.Sealer
}

// New makes the room. The sealer keeps recovery keys at rest; a store never sees one in the clear.
func New(g *policy.Guard, s Store, sealer secret.Sealer) (Room, error) {
	if g == nil || s == nil || sealer == nil {
		return Room{}, errors.New("devices: New needs a guard, a store and a sealer")
	}
	r := &room{g, s, sealer}
	return Room{&Service{r}, &Admin{r}, &Host{r}}, nil
}

// Service is the door of the account's owner.
type Service struct{ *room }

// Item is a device as its owner or a registered user sees it: without what other users said about it, and
// with what may be done to it.
type Item struct {
	Device
	// Recognition is what the person said about the device.
	Recognition Recognition `json:"recognition"`
	// Unused says that the device was not active for [UnusedDays].
	Unused bool `json:"unused"`

	Recognize policy.Decision `json:"recognize"`
	Disable   policy.Decision `json:"disable"`
	Remove    policy.Decision `json:"remove"`
	// Keys says whether the recovery keys can be listed; each key has its own decision about revealing.
	Keys policy.Decision `json:"keys"`
}

// NeedsAttention reports whether the person should look at the device: not recognized, or long unused.
func (i Item) NeedsAttention() bool {
	return i.State == Enabled && (i.Recognition == NotRecognized || i.Unused)
}

// Query selects devices.
type Query struct {
	Disabled bool // disabled devices too
	Removed  bool // removed devices too, whose keys are still readable
	Page     store.Page
}

// List lists the actor's devices, newest registration first: those that they own or are a registered
// user of, but a hybrid joined Windows 10 or later only if they are its primary user.
func (s *Service) List(ctx context.Context, actor policy.Actor, q Query) (store.List[Item], error) {
	return policy.Look(ctx, s.guard, s.store, actor, list, policy.Target{},
		func(tx Tx, op *policy.Op, _ none) (store.List[Item], error) {
			me := op.Actor.Account
			found, err := store.Select(q.Page,
				devicesOf(tx, op, me),
				func(d *Device) bool {
					return d.visibleTo(me) && (q.Disabled || !d.Disabled()) && (q.Removed || d.State != Removed)
				})
			if err != nil {
				return store.List[Item]{}, err
			}
			keys, err := policy.Judge(tx, op, listKeys, none{})
			if err != nil {
				return store.List[Item]{}, err
			}
			out := store.List[Item]{Items: make([]Item, len(found.Items)), Next: found.Next}
			for i := range found.Items {
				out.Items[i].Keys = keys // about no single device, so judged once
				if err := fill(&out.Items[i], tx, op, found.Items[i]); err != nil {
					return store.List[Item]{}, err
				}
			}
			return out, nil
		})
}

// Get gives one device. Somebody else's and a missing one are the same [store.ErrNotFound].
func (s *Service) Get(ctx context.Context, actor policy.Actor, id policy.DeviceID) (Item, error) {
	return policy.Look(ctx, s.guard, s.store, actor, get, onDevice(id),
		func(tx Tx, op *policy.Op, d Device) (item Item, err error) {
			if item.Keys, err = policy.Judge(tx, op, listKeys, none{}); err != nil {
				return item, err
			}
			err = fill(&item, tx, op, d)
			return item, err
		})
}

// fill makes the person's view of a device, with the decisions about it.
func fill(item *Item, tx Tx, op *policy.Op, d Device) (err error) {
	item.Device = d
	item.Users = nil
	if u := d.user(op.Actor.Account); u != nil {
		item.Recognition = u.Recognition
	}
	item.Unused = d.unused(op)
	if item.Recognize, err = policy.Judge(tx, op, recognize, d); err != nil {
		return err
	}
	if item.Disable, err = policy.Judge(tx, op, disable, d); err != nil {
		return err
	}
	item.Remove, err = policy.Judge(tx, op, remove, d)
	return err
}

// Can tells whether the actor may do one of [List] (id is empty), [Get], [Recognize], [Disable], [Remove], [ListKeys]
// (id is the device's) or [RevealKey] (id is the key's), and why not. It records nothing.
func (s *Service) Can(ctx context.Context, actor policy.Actor, action policy.Action, id string) (policy.Decision, error) {
	for _, sp := range []*deviceSpec{get, recognize, disable, remove} {
		if sp.Action == action {
			return policy.Can(ctx, s.guard, s.store, actor, sp, onDevice(policy.DeviceID(id)))
		}
	}
	switch action {
	case List:
		return policy.Can(ctx, s.guard, s.store, actor, list, policy.Target{})
	case ListKeys:
		return policy.Can(ctx, s.guard, s.store, actor, listKeys, onDevice(policy.DeviceID(id)))
	case RevealKey:
		return policy.Can(ctx, s.guard, s.store, actor, revealKey, onKey(KeyID(id)))
	}
	return policy.Decision{Action: action}, &policy.Invalid{Field: "action", Problem: fmt.Sprintf("%q is no action of the owner's that can be asked about", action)}
}

// Recognize notes that a device is the person's, or that they do not recognize it. It changes nothing
// else: a device that is not recognized should be disabled.
func (s *Service) Recognize(ctx context.Context, actor policy.Actor, id policy.DeviceID, as Recognition) error {
	if err := recognitionNames.Check(as); err != nil {
		return &policy.Invalid{Field: "recognition", Problem: err.Error()}
	}
	return s.change(ctx, actor, recognize, id, "", func(tx Tx, op *policy.Op, d *Device) (policy.Change, error) {
		d.recognized(op.Actor.Account, as, op.Now)
		return policy.Change{Subject: op.Actor.Account, Facts: []policy.Fact{{Name: "recognition", Value: as.String()}}}, nil
	})
}

// AskDisable tells what disabling will do, and gives the confirmation for [Service.Disable].
func (s *Service) AskDisable(ctx context.Context, actor policy.Actor, id policy.DeviceID) (policy.Preview, policy.Confirmation, error) {
	return policy.Ask(ctx, s.guard, s.store, actor, disable, onDevice(id))
}

// Disable disables a device for good: once it has returned, no admission of the device succeeds, and only
// [Admin.Enable] brings it back. It needs the confirmation that [Service.AskDisable] gave.
func (s *Service) Disable(ctx context.Context, actor policy.Actor, id policy.DeviceID, yes policy.Confirmation) error {
	return s.change(ctx, actor, disable, id, yes, func(tx Tx, op *policy.Op, d *Device) (policy.Change, error) {
		return d.disable(op), nil
	})
}

// AskRemove tells what removing will do, and gives the confirmation for [Service.Remove].
func (s *Service) AskRemove(ctx context.Context, actor policy.Actor, id policy.DeviceID) (policy.Preview, policy.Confirmation, error) {
	return policy.Ask(ctx, s.guard, s.store, actor, remove, onDevice(id))
}

// Remove takes an old or unused device off a personal account, for good. Its recovery keys stay readable
// until [Host.PurgeRemoved]. It needs the confirmation that [Service.AskRemove] gave.
func (s *Service) Remove(ctx context.Context, actor policy.Actor, id policy.DeviceID, yes policy.Confirmation) error {
	return s.change(ctx, actor, remove, id, yes, func(tx Tx, op *policy.Op, d *Device) (policy.Change, error) {
		d.State, d.RemovedAt = Removed, op.Now
		return about(d, "state", d.State.String()), nil
	})
}

// KeyInfo is what a list tells about a recovery key: everything but the key.
type KeyInfo struct {
	Device    policy.DeviceID `json:"device"`
	ID        KeyID           `json:"id"`
	Volume    Volume          `json:"volume"`
	CreatedAt time.Time       `json:"createdAt,omitzero"`
	// RevealedAt is when the key was last read; zero if never.
	RevealedAt time.Time `json:"revealedAt,omitzero"`
	// Rotate says that the device should replace the key, because it was read or the device changed hands.
	Rotate bool `json:"rotate"`
	// Retired says that the device has replaced it.
	Retired bool `json:"retired"`
	// Reveal says whether the actor may read the key now, and why not.
	Reveal policy.Decision `json:"reveal"`
}

// KeyQuery selects recovery keys.
type KeyQuery struct {
	// Prefix is the beginning of a key's id as the recovery screen shows it, at least [MinKeyPrefix]
	// characters; empty for all.
	Prefix string
	Page   store.Page
}

func (q KeyQuery) check() error {
	if n := utf8.RuneCountInString(q.Prefix); n > 0 && n < MinKeyPrefix {
		return &policy.Invalid{Field: "prefix", Problem: fmt.Sprintf("has %d characters; want at least %d", n, MinKeyPrefix)}
	}
	return nil
}

// RecoveryKeys lists which recovery keys of a device the actor may know of: those that were escrowed while
// the device was theirs. It holds metadata only, leaves no event, and gives an empty list for a device
// that is not theirs or does not exist.
func (s *Service) RecoveryKeys(ctx context.Context, actor policy.Actor, id policy.DeviceID, q KeyQuery) (store.List[KeyInfo], error) {
	if err := q.check(); err != nil {
		return store.List[KeyInfo]{}, err
	}
	return policy.Look(ctx, s.guard, s.store, actor, listKeys, onDevice(id),
		func(tx Tx, op *policy.Op, _ none) (store.List[KeyInfo], error) {
			found, err := keysOf(tx, op, id, q, func(k *RecoveryKey) bool { return k.Owner != "" && k.Owner == op.Actor.Account })
			if err != nil {
				return store.List[KeyInfo]{}, err
			}
			return infos(tx, op, revealKey, found)
		})
}

func keysOf(tx Tx, op *policy.Op, id policy.DeviceID, q KeyQuery, keep func(*RecoveryKey) bool) (store.List[RecoveryKey], error) {
	return store.Select(q.Page,
		keysOn(tx, op, id),
		func(k *RecoveryKey) bool {
			return k.ID.startsWith(q.Prefix) && keep(k)
		})
}

func infos(tx Tx, op *policy.Op, sp *keySpec, found store.List[RecoveryKey]) (store.List[KeyInfo], error) {
	out := store.List[KeyInfo]{Items: make([]KeyInfo, len(found.Items)), Next: found.Next}
	for i, k := range found.Items {
		may, err := policy.Judge(tx, op, sp, k)
		if err != nil {
			return store.List[KeyInfo]{}, err
		}
		out.Items[i] = KeyInfo{Device: k.Device, ID: k.ID, Volume: k.Volume, CreatedAt: k.CreatedAt,
			RevealedAt: k.RevealedAt, Rotate: k.waits(), Retired: !k.RetiredAt.IsZero(), Reveal: may}
	}
	return out, nil
}

// Reveal reads a recovery key, in the form with hyphens that unlocks. The event "Read BitLocker key" is
// committed before the key is returned, with the mark that the device should replace it; if either fails,
// no key leaves.
func (s *Service) Reveal(ctx context.Context, actor policy.Actor, id KeyID) (secret.Text, error) {
	return s.reveal(ctx, actor, revealKey, id)
}

func (r *room) reveal(ctx context.Context, actor policy.Actor, sp *keySpec, id KeyID) (secret.Text, error) {
	k, err := policy.Do(ctx, r.guard, r.store, actor, sp, onKey(id), "",
		func(tx Tx, op *policy.Op, k RecoveryKey) (RecoveryKey, policy.Change, error) {
			k.RevealedAt, k.RevealedBy = op.Now, op.Actor.Principal()
			if k.RotateSince.IsZero() {
				k.RotateSince = op.Now
			}
			rev, err := tx.PutRecoveryKey(k)
			return k, policy.Change{Subject: k.Owner, Revision: rev, Facts: []policy.Fact{{Name: "device", Value: string(k.Device)}}}, err
		})
	if err != nil {
		return secret.Text{}, err
	}
	return r.open(ctx, k)
}

// open unseals a key. It runs after the transaction: a key service may take its time.
func (r *room) open(ctx context.Context, k RecoveryKey) (secret.Text, error) {
	text, err := r.sealer.Open(ctx, k.Sealed, k.bound())
	if err != nil {
		return secret.Text{}, fmt.Errorf("devices: recovery key %s: %w", k.ID, err)
	}
	return text, nil
}

// change is an operation that changes one device: fn edits the row, and what it gives becomes the event.
func (r *room) change(ctx context.Context, actor policy.Actor, sp *deviceSpec, id policy.DeviceID, yes policy.Confirmation,
	fn func(Tx, *policy.Op, *Device) (policy.Change, error)) error {
	_, err := policy.Do(ctx, r.guard, r.store, actor, sp, onDevice(id), yes,
		func(tx Tx, op *policy.Op, d Device) (none, policy.Change, error) {
			ch, err := fn(tx, op, &d)
			if err != nil {
				return none{}, ch, err
			}
			ch.Revision, err = tx.PutDevice(d)
			return none{}, ch, err
		})
	return err
}

// about is the change of a device, for its owner's history.
func about(d *Device, name, value string) policy.Change {
	return policy.Change{Subject: d.Owner, Facts: []policy.Fact{{Name: "name", Value: d.Name}, {Name: name, Value: value}}}
}

func onDevice(id policy.DeviceID) policy.Target { return policy.On("device", id) }

func onKey(id KeyID) policy.Target { return policy.On("recovery-key", id) }
