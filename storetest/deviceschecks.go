package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// devicesChecks are all checks of the store of package devices.
func devicesChecks() []check {
	device := rows[devices.Device]{devicesRoom, deviceKind}
	key := rows[devices.RecoveryKey]{devicesRoom, keyKind}
	usage := rows[policy.Usage]{devicesRoom, usageKind}
	whole := transactions[devices.Device]{device, []probe{device.probe(), key.probe(), usage.probe()}}
	special := []check{
		{subject: "DevicesOf", promise: "gives each person their own devices, whoever shares them", test: sharedDevices,
			rule: "A device is in the list of its owner and of each of its registered users, once, whatever its state, and follows every change of them; without an owner it is in nobody's. " +
				"Devices of several people do not leak from one list into another at any page size."},
		{subject: "DevicesOf", promise: "has the newest registration first, then the least id", test: orderOfDevices,
			rule: "Registrations are compared to the microsecond; ids, byte by byte, decide where they fall together."},
		{subject: "RecoveryKeysOf", promise: "has the least id first", test: orderOfKeys,
			rule: "Ids are compared byte by byte."},
		{subject: "RecoveryKeysToRotate", promise: "has the longest waiting first, then the least device and id", test: orderOfRotation,
			rule: "RotateSince is compared to the microsecond; device, then id, byte by byte, decide where keys have waited alike. Keys that do not wait or are retired are not in the list."},
		{subject: "recovery key", promise: "has an id that is unique in its tenant", test: uniqueKeys,
			rule: "A key id that is taken, also by another device, is refused with store.ErrConflict, and a key never moves to another device. A refused duplicate leaves the first to be found by its id and by its device; " +
				"once that is deleted, the id is free. Not every engine enforces all the unique indexes that it lets one declare."},
		{subject: "recovery key", promise: "is made by one of two devices at once", test: racingKeys,
			rule: "Of two transactions that each make a key of the same id on another device, one commits."},
		{subject: "DeviceEnabled", promise: "tells enabled devices from all others", test: enabledDevices,
			rule: "A device is enabled in the state devices.Enabled alone. One in another state, deleted included, is known and not enabled; one that was never stored is store.ErrNotFound."},
		{subject: "transactions", promise: "hold a limit over several rows", test: limitOfDevices,
			rule: "Of two transactions that each list a person's devices, find room for one more and store one, only one commits (or one runs again): a list that was read counts for serializability as rows do."},
	}
	for i := range special {
		special[i].subject, special[i].rooms = devicesRoom.name+" "+special[i].subject, []room{devicesRoom}
	}
	type strangers = []func(tx) ([]store.Cursor, error)
	return slices.Concat(
		device.checks(), key.checks(), usage.checks(), whole.checks(),
		pages[devices.Device]{devicesRoom, devicesOfList, strangers{recoveryKeysOfList.stranger, toRotateList.stranger}}.checks(),
		pages[devices.RecoveryKey]{devicesRoom, recoveryKeysOfList, strangers{devicesOfList.stranger, toRotateList.stranger}}.checks(),
		pages[devices.RecoveryKey]{devicesRoom, toRotateList, strangers{devicesOfList.stranger, recoveryKeysOfList.stranger}}.checks(),
		special)
}

// putDevices commits devices and gives them with their revisions.
func putDevices(w *world, all []devices.Device) []devices.Device {
	w.Helper()
	stored := make([]devices.Device, len(all))
	w.update(w.in(devicesRoom), func(t tx) error {
		for i, d := range all {
			rev, err := t.devices.PutDevice(d)
			if err != nil {
				return err
			}
			stored[i] = d.Clone()
			stored[i].Revision = rev
		}
		return nil
	})
	return stored
}

// sorted gives the ids of those items that are wanted, in the order of compare.
func sorted[R any](items []R, wanted func(R) bool, compare func(a, b R) int, id func(R) string) []string {
	items = slices.DeleteFunc(slices.Clone(items), func(r R) bool { return !wanted(r) })
	slices.SortFunc(items, compare)
	var ids []string
	for _, r := range items {
		ids = append(ids, id(r))
	}
	return ids
}

func byRegistration(a, b devices.Device) int {
	return cmp.Or(b.RegisteredAt.Compare(a.RegisteredAt), cmp.Compare(a.ID, b.ID))
}

// listDevices fails unless everybody's list is what the devices say.
func listDevices(w *world, what string, all []devices.Device, people []policy.AccountID) {
	w.Helper()
	list := pages[devices.Device]{room: devicesRoom, list: devicesOfList}
	for _, person := range people {
		want := sorted(all, func(d devices.Device) bool {
			return person != "" && (d.Owner == person ||
				slices.ContainsFunc(d.Users, func(u devices.User) bool { return u.Account == person }))
		}, byRegistration, devicesOfList.id)
		for _, size := range []int{1, 2, 3, 50} {
			w.view(w.in(devicesRoom), func(t tx) error {
				if err := list.wants(t, address{tenant, string(person)}, store.Page{Size: size}, want); err != nil {
					return fmt.Errorf("%s: %w", what, err)
				}
				return nil
			})
		}
	}
}

func sharedDevices(w *world) {
	people := []policy.AccountID{"ada", "ada2", "bob", "cleo", "", "dora"} // no device is dora's
	share := func(d *devices.Device, i int) {
		d.Owner, d.Users = people[i%5], nil
		for n, person := range people[:4] {
			if i>>n&1 == 1 {
				d.Users = append(d.Users, devices.User{Account: person})
			}
		}
		d.RegisteredAt = when(i * 7 % 11)
		d.State = pick(i, devices.Enabled, devices.DisabledByUser, devices.DisabledByAdministrator, devices.Removed, devices.Deleted)
	}
	var all []devices.Device
	for i := range 32 {
		d := sampleDevice(address{tenant, name("d", i)}, 0)
		share(&d, i)
		all = append(all, d)
	}
	all[9].RegisteredAt = when(100) // the newest is nobody's own, and begins the list of a registered user
	all = putDevices(w, all)
	listDevices(w, "as registered", all, people)
	for i := range all {
		share(&all[i], 31-i)
		slices.Reverse(all[i].Users)
	}
	all = putDevices(w, all)
	listDevices(w, "after every device changed its people", all, people)
	for i := range all {
		all[i].Users = nil
		if i%2 == 0 {
			all[i].Owner = ""
		}
	}
	all = putDevices(w, all)
	listDevices(w, "after the registered users left", all, people)

	// A reader who has seen a shared device does not meet it again when all that came after it is gone.
	shared, own := sampleDevice(address{"fabrikam", "shared"}, 2), sampleDevice(address{"fabrikam", "own"}, 1)
	shared.Owner, own.Owner, own.Users = "ada", "ada", nil
	own = putDevices(w, []devices.Device{shared, own})[1]
	var first store.List[devices.Device]
	w.view(w.in(devicesRoom), func(t tx) (err error) {
		first, err = t.devices.DevicesOf("fabrikam", "ada", store.Page{Size: 1})
		return err
	})
	own.Owner = "a new owner"
	putDevices(w, []devices.Device{own})
	list := pages[devices.Device]{room: devicesRoom, list: devicesOfList}
	list.holds(w, address{"fabrikam", "ada"}, store.Page{After: first.Next}, nil)
	list.holds(w, address{"fabrikam", "ada"}, store.Page{}, []string{"shared"})
}

// moments are close together and far apart; the zero time is the first of all.
var moments = []time.Time{{}, when(0).AddDate(-60, 0, 0), when(0), when(0).Add(time.Microsecond), when(0).Add(time.Second), when(9)}

// inByteOrder are identifiers whose order changes with the case or the language.
var inByteOrder = []string{" ", "10", "9", "A", "B", "Z", "_", "a", "aa", "b", "z", "\u00c9", "\u00e9", "e\u0301", "\uffee", "\U0001f511"}

func orderOfDevices(w *world) {
	var all []devices.Device
	for i, id := range inByteOrder {
		for n, at := range moments {
			d := sampleDevice(address{tenant, fmt.Sprintf("%s%d", id, (i+n)%len(moments))}, 0)
			d.Owner, d.RegisteredAt = "ada", at
			all = append(all, d)
		}
	}
	listDevices(w, "in order", putDevices(w, all), []policy.AccountID{"ada"})
}

func putKeys(w *world, all []devices.RecoveryKey) {
	w.Helper()
	w.update(w.in(devicesRoom), func(t tx) error {
		for _, k := range all {
			if _, err := t.devices.PutRecoveryKey(k); err != nil {
				return err
			}
		}
		return nil
	})
}

func anyKey(devices.RecoveryKey) bool { return true }

func orderOfKeys(w *world) {
	var all []devices.RecoveryKey
	for i := range inByteOrder {
		id := inByteOrder[(i*5+3)%len(inByteOrder)]
		all = append(all, sampleKey(tenant, "laptop", devices.KeyID(id), i))
	}
	putKeys(w, all)
	want := sorted(all, anyKey, func(a, b devices.RecoveryKey) int { return cmp.Compare(a.ID, b.ID) }, recoveryKeysOfList.id)
	list := pages[devices.RecoveryKey]{room: devicesRoom, list: recoveryKeysOfList}
	for _, size := range []int{1, 3, 50} {
		list.holds(w, address{tenant, "laptop"}, store.Page{Size: size}, want)
	}
}

func orderOfRotation(w *world) {
	var all []devices.RecoveryKey
	for n, since := range moments { // the first is no time at all: such keys do not wait
		for i := range inByteOrder {
			for _, device := range []policy.DeviceID{"b", "a", "B"} {
				id := fmt.Sprintf("%s %d %s", inByteOrder[(i*5+n)%len(inByteOrder)], n, device[:1])
				k := sampleKey(tenant, device, devices.KeyID(id), i+1)
				k.RotateSince, k.RetiredAt = since, time.Time{}
				if i%7 == 3 {
					k.RetiredAt = when(1)
				}
				all = append(all, k)
			}
		}
	}
	putKeys(w, all)
	want := sorted(all, func(k devices.RecoveryKey) bool { return !k.RotateSince.IsZero() && k.RetiredAt.IsZero() },
		func(a, b devices.RecoveryKey) int {
			return cmp.Or(a.RotateSince.Compare(b.RotateSince), cmp.Compare(a.Device, b.Device), cmp.Compare(a.ID, b.ID))
		}, toRotateList.id)
	list := pages[devices.RecoveryKey]{room: devicesRoom, list: toRotateList}
	for _, size := range []int{1, 7, 1000} {
		list.holds(w, address{tenant}, store.Page{Size: size}, want)
	}
}

func uniqueKeys(w *world) {
	s := w.in(devicesRoom)
	key := rows[devices.RecoveryKey]{devicesRoom, keyKind}
	at := address{tenant, "k"}
	onLaptop, onPhone := sampleKey(tenant, "laptop", "k", 1), sampleKey(tenant, "phone", "k", 2)
	of := pages[devices.RecoveryKey]{room: devicesRoom, list: recoveryKeysOfList}
	stands := func(what string, want devices.RecoveryKey, laptop, phone []string) {
		w.Helper()
		key.stands(w, what, at, want)
		of.holds(w, address{tenant, "laptop"}, store.Page{}, laptop)
		of.holds(w, address{tenant, "phone"}, store.Page{}, phone)
	}
	refused := func(what string, k devices.RecoveryKey) {
		w.Helper()
		if _, err := key.try(w, k); !errors.Is(err, store.ErrConflict) {
			w.Fatalf("%s gives %v; want store.ErrConflict", what, err)
		}
	}
	first := key.store(w, onLaptop)
	refused("making a key whose id another device has", onPhone)
	stands("after a refused duplicate", first, []string{"k"}, nil)
	onPhone.Revision = first.Revision
	refused("moving a key to another device", onPhone)
	onPhone.Revision = 0
	stands("after a refused move", first, []string{"k"}, nil)
	first = key.store(w, key.next(first, at, 3))
	stands("changed after a refused duplicate", first, []string{"k"}, nil)

	elsewhere := sampleKey("fabrikam", "phone", "k", 4)
	key.stands(w, "the same id in another tenant", address{"fabrikam", "k"}, key.store(w, elsewhere))
	stands("after the same id in another tenant", first, []string{"k"}, nil)

	w.update(s, func(t tx) error { return t.devices.DeleteRecoveryKey(tenant, "k") })
	key.absent(w, "once deleted", at)
	of.holds(w, address{tenant, "laptop"}, store.Page{}, nil)
	second := key.store(w, onPhone)
	stands("made on another device once the first was deleted", second, nil, []string{"k"})

	err := s.Update(w.ctx, func(t tx) error { // both in one transaction
		_, err := t.devices.PutRecoveryKey(sampleKey(tenant, "laptop", "twice", 1))
		if err != nil {
			return fmt.Errorf("the first of two in one transaction: %s", err.Error())
		}
		_, err = t.devices.PutRecoveryKey(sampleKey(tenant, "phone", "twice", 2))
		return err
	})
	if !errors.Is(err, store.ErrConflict) {
		w.Fatalf("making the same key on two devices in one transaction gives %v; want store.ErrConflict", err)
	}
	key.absent(w, "after both were made in one transaction", address{tenant, "twice"})

	var moved store.Revision // deleted here and made there in one transaction
	w.update(s, func(t tx) (err error) {
		if err := t.devices.DeleteRecoveryKey(tenant, "k"); err != nil {
			return err
		}
		moved, err = t.devices.PutRecoveryKey(onLaptop)
		return err
	})
	onLaptop.Revision = moved
	stands("deleted and made on another device in one transaction", onLaptop, []string{"k"}, nil)
}

func racingKeys(w *world) {
	s := w.in(devicesRoom)
	key := rows[devices.RecoveryKey]{devicesRoom, keyKind}
	on := func(device policy.DeviceID, n int) step {
		return step{
			func(t tx) error {
				if key.gone(t, address{tenant, "k"}) != nil {
					return errTooLate
				}
				return nil
			},
			func(t tx) error { _, err := t.devices.PutRecoveryKey(sampleKey(tenant, device, "k", n)); return err },
		}
	}
	w.overlap("two transactions each made the same key on another device", s, s, on("laptop", 1), on("phone", 2))
	of := pages[devices.RecoveryKey]{room: devicesRoom, list: recoveryKeysOfList}
	w.view(s, func(t tx) error {
		k, err := t.devices.RecoveryKey(tenant, "k")
		if err != nil {
			return err
		}
		for _, device := range []string{"laptop", "phone"} {
			var want []string
			if device == string(k.Device) {
				want = []string{"k"}
			}
			if err := of.wants(t, address{tenant, device}, store.Page{}, want); err != nil {
				return err
			}
		}
		return nil
	})
}

func enabledDevices(w *world) {
	s := w.in(devicesRoom)
	var all []devices.Device
	for i, state := range []devices.State{devices.Enabled, devices.DisabledByUser, devices.DisabledByAdministrator, devices.Removed, devices.Deleted} {
		d := sampleDevice(address{tenant, string(state)}, i)
		d.State = state
		all = append(all, d)
	}
	all = putDevices(w, all)
	answers := func(t tx, of policy.TenantID, id policy.DeviceID, want bool, wantErr error) error {
		if on, err := t.DeviceEnabled(of, id); on != want || !errors.Is(err, wantErr) {
			return fmt.Errorf("DeviceEnabled(%q, %q) gives %s; want %s", of, id, fmt.Sprint(on, ", ", err), fmt.Sprint(want, ", ", wantErr))
		}
		return nil
	}
	w.update(s, func(t tx) error {
		var errs []error
		for _, d := range all {
			errs = append(errs,
				answers(t, tenant, d.ID, d.State == devices.Enabled, nil),
				answers(t, "fabrikam", d.ID, false, store.ErrNotFound))
		}
		errs = append(errs, answers(t, tenant, "never stored", false, store.ErrNotFound))
		disabled := all[0]
		disabled.State = devices.DisabledByUser
		_, err := t.devices.PutDevice(disabled)
		return errors.Join(append(errs, err, answers(t, tenant, disabled.ID, false, nil))...)
	})
}

func limitOfDevices(w *world) {
	register := func(id string) step {
		return step{
			func(t tx) error {
				got, err := t.devices.DevicesOf(tenant, "ada", store.Page{})
				if err == nil && len(got.Items) > 0 {
					return errTooLate
				}
				return err
			},
			func(t tx) error {
				d := sampleDevice(address{tenant, id}, 0)
				d.Owner = "ada"
				_, err := t.devices.PutDevice(d)
				return err
			},
		}
	}
	s := w.in(devicesRoom)
	w.overlap("two transactions each found that a person has no device, and made one", s, s, register("laptop"), register("phone"))
}
