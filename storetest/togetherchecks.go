package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// togetherChecks are those of rooms that share a database.
func togetherChecks() []check {
	list := []check{
		{promise: "share what every room's transaction reads", test: sharedRows,
			rule: "Settings, standing, sessions, usage and whether a device is enabled are one row each, whichever room reads or writes it."},
		{promise: "keep an event exactly if they keep the change", test: eventsWithChanges,
			rule: "An event is part of the transaction that appended it, in every room: it is there when the change is there, and never without. Do not write it before, after or beside the commit."},
		{promise: "show a change and its event together", test: eventsWithTheirChanges,
			rule: "Whoever sees the change sees its event, and the other way round: both become visible by one commit, not shortly after one another."},
		{promise: "are serializable with each other", test: roomsSerializable,
			rule: "A transaction of one room that read what a transaction of another room wrote meanwhile does not commit as if it had not."},
	}
	for i := range list {
		list[i].subject, list[i].rooms = "rooms", []room{policyRoom, devicesRoom, signinsRoom, challengeRoom, accountRoom}
	}
	return list
}

func sharedRows(w *world) {
	settings, standing := settingsKind.sample(address{tenant}, 1), standingKind.sample(address{tenant, "ada"}, 1)
	session, usage := sessionKind.sample(address{tenant, "ada", "s"}, 1), usageKind.sample(address{tenant, "ada", "reveal"}, 1)
	var rev [4]store.Revision
	w.update(w.in(policyRoom), func(t tx) error {
		var errs [4]error
		rev[0], errs[0] = t.admin.PutSettings(settings)
		rev[1], errs[1] = t.admin.PutStanding(standing)
		rev[2], errs[2] = t.admin.PutSession(session)
		rev[3], errs[3] = t.PutUsage(usage)
		return errors.Join(errs[:]...)
	})
	settings.Revision, standing.Revision, session.Revision, usage.Revision = rev[0], rev[1], rev[2], rev[3]
	readBy := func(r room) {
		w.Helper()
		rows[policy.Settings]{r, settingsKind}.stands(w, "by "+r.name, address{tenant}, settings)
		rows[policy.Standing]{r, standingKind}.stands(w, "by "+r.name, address{tenant, "ada"}, standing)
		rows[policy.Session]{r, sessionKind}.stands(w, "by "+r.name, address{tenant, "ada", "s"}, session)
		rows[policy.Usage]{r, usageKind}.stands(w, "by "+r.name, address{tenant, "ada", "reveal"}, usage)
	}
	readBy(policyRoom)
	readBy(devicesRoom)
	readBy(signinsRoom)
	readBy(challengeRoom)
	readBy(accountRoom)
	session = rows[policy.Session]{signinsRoom, sessionKind}.store(w, rows[policy.Session]{signinsRoom, sessionKind}.next(session, address{tenant, "ada", "s"}, 2))
	readBy(policyRoom)
	standing = rows[policy.Standing]{signinsRoom, standingKind}.store(w, rows[policy.Standing]{signinsRoom, standingKind}.next(standing, address{tenant, "ada"}, 2))
	readBy(policyRoom)
	standing = rows[policy.Standing]{challengeRoom, standingKind}.store(w, rows[policy.Standing]{challengeRoom, standingKind}.next(standing, address{tenant, "ada"}, 3))
	readBy(policyRoom)
	usage = rows[policy.Usage]{devicesRoom, usageKind}.store(w, rows[policy.Usage]{devicesRoom, usageKind}.next(usage, address{tenant, "ada", "reveal"}, 2))
	readBy(policyRoom)

	device := sampleDevice(address{tenant, "laptop"}, 0)
	for _, state := range []devices.State{devices.Enabled, devices.DisabledByUser} {
		device.State = state
		device = putDevices(w, []devices.Device{device})[0]
		w.view(w.in(policyRoom), func(t tx) error {
			on, err := t.DeviceEnabled(tenant, "laptop")
			if err == nil && on != (state == devices.Enabled) {
				return fmt.Errorf("DeviceEnabled in the policy room gives %v for a device in the state %q", on, state)
			}
			return err
		})
	}
}

func eventsWithChanges(w *world) {
	log := eventLog{}
	write := func(n int, end error) func(tx) error {
		return func(t tx) error {
			_, err := t.devices.PutDevice(sampleDevice(address{tenant, name("d", n)}, n))
			return errors.Join(err,
				appendEvent(t, tenant, "ada", name("event", n), n),
				t.CountRefusal(refusal("bob", name("refusal", n), n), when(0)), end)
		}
	}
	s := w.in(devicesRoom)
	if err := s.Update(w.ctx, write(1, errStop)); !errors.Is(err, errStop) {
		w.Fatal(err)
	}
	panicked, err := panics(func() error {
		return s.Update(w.ctx, func(t tx) error { panic(write(1, errStop)(t)) })
	})
	if !panicked && err == nil {
		w.Fatal("Update turned a panic into success")
	}
	if err := w.soon(func(ctx context.Context) error { return s.Update(ctx, func(tx) error { return nil }) }); err != nil {
		w.Fatalf("the Update after a panic failed or did not come back: %v", err)
	}
	none, start := log.after(w, "")
	log.got(w, "after transactions of devices that failed", none)
	w.update(s, write(1, nil))
	w.update(s, write(2, nil))
	if err := s.Update(w.ctx, write(3, errStop)); !errors.Is(err, errStop) {
		w.Fatal(err)
	}
	got, _ := log.after(w, start)
	log.gotEach(w, "after transactions of devices", got, "event0001", "event0002", "refusal0002")
	if i := slices.IndexFunc(got, func(e policy.Event) bool { return e.Account == "bob" }); got[i].Count != 2 {
		w.Fatalf("two refusals alike, counted in transactions of devices, have the count %d; want 2", got[i].Count)
	}
}

// eventsWithTheirChanges commits changes with their events while somebody looks on.
func eventsWithTheirChanges(w *world) {
	const rounds = 50
	done := start(w.ctx, func(ctx context.Context) error {
		for i := range rounds {
			err := w.in(devicesRoom).Update(ctx, func(t tx) error {
				_, err := t.devices.PutDevice(sampleDevice(address{tenant, name("d", i)}, i))
				return errors.Join(err, appendEvent(t, tenant, "ada", name("d", i), i))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for seen, last := 0, false; seen < rounds; {
		both := false
		w.view(w.in(policyRoom), func(t tx) (err error) { both, err = changeAndEvent(t, seen); return err })
		switch {
		case both:
			seen++
		case last:
			w.Fatalf("change %d is not there when all changes have ended with %v", seen, done.err)
		default:
			last = done.over() // look once more after the end
		}
	}
	if err := done.await(w.ctx); err != nil {
		w.Fatal(err)
	}
}

// changeAndEvent tells whether the i-th change and its event are there; one without the other is an error.
func changeAndEvent(t tx, i int) (bool, error) {
	_, err := t.DeviceEnabled(tenant, policy.DeviceID(name("d", i)))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	events, errEvents := t.admin.EventsOf(tenant, "ada", store.Page{Size: store.MaxPageSize})
	if errEvents != nil {
		return false, errEvents
	}
	change := err == nil
	event := slices.ContainsFunc(events.Items, func(e policy.Event) bool { return e.Operation == name("d", i) })
	if change != event {
		return false, fmt.Errorf("one View sees whether change %d is there: %v, and whether its event is there: %v", i, change, event)
	}
	return change, nil
}

func roomsSerializable(w *world) {
	standing := rows[policy.Standing]{policyRoom, standingKind}
	at := address{tenant, "ada"}
	account := standing.store(w, standing.sample(at, 1))
	register := step{
		func(t tx) error {
			got, err := t.Standing(tenant, "ada")
			if err == nil && got.Revision != account.Revision {
				return errTooLate
			}
			return err
		},
		func(t tx) error {
			_, err := t.devices.PutDevice(sampleDevice(address{tenant, "laptop"}, 1))
			return err
		},
	}
	closeAccount := step{
		func(t tx) error {
			_, err := t.DeviceEnabled(tenant, "laptop")
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return errors.Join(errTooLate, err)
		},
		func(t tx) error { _, err := t.admin.PutStanding(standing.next(account, at, 2)); return err },
	}
	w.overlap("one transaction read an account and made a device, the other missed the device and changed the account",
		w.in(devicesRoom), w.in(policyRoom), register, closeAccount)
}
