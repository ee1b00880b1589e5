package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// list tells how one of a room's lists is filled and read, so that a promise about lists is written once and
// checked on every list. See pages.
type list[R any] struct {
	name string
	// slots name the identifiers that the list is called with.
	slots []string
	// fill puts n rows into a list that have the names name(mark, 0), name(mark, 1) … in the order of the list,
	// and rows into other lists besides. Marks keep the rows of several lists apart.
	fill func(t tx, of address, mark string, n int) error
	// disturb makes changes when a reader has read the first two of seven rows that fill made: changes to rows, new
	// rows before the reader's place, and the removal of the row it stands on; not as many new as removed. It
	// tells which rows, if any, the reader now finds at the end.
	disturb func(t tx, of address, mark string) (added []string, err error)
	fetch   func(tx, address, store.Page) (store.List[R], error)
	id      func(R) string
	// endless lists give a cursor after the last item too.
	endless bool
}

func name(mark string, i int) string { return fmt.Sprintf("%s%04d", mark, i) }

func names(mark string, from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, name(mark, i))
	}
	return all
}

// shuffled gives 0 to n-1 in an order that is none.
func shuffled(n int) []int {
	var order []int
	for i := n - 1; i >= 0; i -= 2 {
		order = append(order, i)
	}
	for i := n % 2; i < n; i += 2 {
		order = append(order, i)
	}
	return order
}

// devicesOfList holds devices that the person owns and such that they are a registered user of, in turn, three at
// a time registered at one moment. The neighbour shares all of them.
var devicesOfList = list[devices.Device]{
	name:  "DevicesOf",
	slots: []string{"tenant", "person"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			if err := ignoreRevision(t.devices.PutDevice(listedDevice(of, mark, i))); err != nil {
				return err
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		for i := range 2 {
			newest := listedDevice(of, mark+"newest", i)
			newest.RegisteredAt = when(1)
			if err := ignoreRevision(t.devices.PutDevice(newest)); err != nil {
				return nil, err
			}
		}
		for i := range 7 {
			d, err := t.devices.Device(of.tenant(), policy.DeviceID(name(mark, i)))
			if err != nil {
				return nil, err
			}
			d.LastSignInAt, d.Name = when(100-i), "renamed"
			if i == 1 {
				d.Owner, d.Users = "a new owner", nil
			}
			if err := ignoreRevision(t.devices.PutDevice(d)); err != nil {
				return nil, err
			}
		}
		return nil, nil
	},
	fetch: func(t tx, of address, p store.Page) (store.List[devices.Device], error) {
		return t.devices.DevicesOf(of.tenant(), of.account(), p)
	},
	id: func(d devices.Device) string { return string(d.ID) },
}

func listedDevice(of address, mark string, i int) devices.Device {
	d := sampleDevice(address{of[0], name(mark, i)}, i+1)
	person, neighbour := devices.User{Account: of.account()}, devices.User{Account: "neighbour"}
	d.Owner, d.Users = person.Account, []devices.User{neighbour, person}
	if i%2 == 1 {
		d.Owner = neighbour.Account
	}
	d.RegisteredAt = when(-i / 3)
	return d
}

func ignoreRevision(_ store.Revision, err error) error { return err }

var recoveryKeysOfList = list[devices.RecoveryKey]{
	name:  "RecoveryKeysOf",
	slots: []string{"tenant", "device"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			for _, k := range []devices.RecoveryKey{
				sampleKey(of.tenant(), of.device(), devices.KeyID(name(mark, i)), i),
				sampleKey(of.tenant(), "neighbour", devices.KeyID("of neighbour "+name(mark, i)), i),
			} {
				if err := ignoreRevision(t.devices.PutRecoveryKey(k)); err != nil {
					return err
				}
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		first := devices.KeyID(name(mark, 0))
		changed, err := t.devices.RecoveryKey(of.tenant(), first)
		if err != nil {
			return nil, err
		}
		changed.RevealedAt = when(50)
		return nil, errors.Join(
			ignoreRevision(t.devices.PutRecoveryKey(changed)),
			ignoreRevision(t.devices.PutRecoveryKey(sampleKey(of.tenant(), of.device(), first+"!", 1))),
			ignoreRevision(t.devices.PutRecoveryKey(sampleKey(of.tenant(), of.device(), first+"?", 1))),
			t.devices.DeleteRecoveryKey(of.tenant(), devices.KeyID(name(mark, 1))))
	},
	fetch: func(t tx, of address, p store.Page) (store.List[devices.RecoveryKey], error) {
		return t.devices.RecoveryKeysOf(of.tenant(), of.device(), p)
	},
	id: func(k devices.RecoveryKey) string { return string(k.ID) },
}

// toRotateList holds keys of which four at a time have waited alike, two to a device; and such as do not wait.
var toRotateList = list[devices.RecoveryKey]{
	name:  "RecoveryKeysToRotate",
	slots: []string{"tenant"},
	fill: func(t tx, of address, mark string, n int) error {
		for _, i := range shuffled(n) {
			retired, idle := waitingKey(of, "retired "+mark, i), waitingKey(of, "idle "+mark, i)
			retired.RetiredAt, idle.RotateSince = when(i), time.Time{}
			for _, k := range []devices.RecoveryKey{retired, waitingKey(of, mark, i), idle} {
				if err := ignoreRevision(t.devices.PutRecoveryKey(k)); err != nil {
					return err
				}
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		longest := waitingKey(of, "longest "+mark, 0)
		longest.RotateSince = when(-1)
		replaced, err := t.devices.RecoveryKey(of.tenant(), devices.KeyID(name(mark, 0)))
		if err != nil {
			return nil, err
		}
		replaced.RetiredAt = when(50)
		return nil, errors.Join(
			ignoreRevision(t.devices.PutRecoveryKey(longest)),
			ignoreRevision(t.devices.PutRecoveryKey(replaced)),
			t.devices.DeleteRecoveryKey(of.tenant(), devices.KeyID(name(mark, 1))))
	},
	fetch: func(t tx, of address, p store.Page) (store.List[devices.RecoveryKey], error) {
		return t.devices.RecoveryKeysToRotate(of.tenant(), p)
	},
	id: func(k devices.RecoveryKey) string { return string(k.ID) },
}

func waitingKey(of address, mark string, i int) devices.RecoveryKey {
	k := sampleKey(of.tenant(), policy.DeviceID("device "+name(mark, i/2)), devices.KeyID(name(mark, i)), i+1)
	k.RotateSince, k.RetiredAt = when(i/4), time.Time{}
	return k
}

// eventsOfList is about one account, with events about another between.
var eventsOfList = list[policy.Event]{
	name:  "EventsOf",
	slots: []string{"tenant", "account"},
	fill: func(t tx, of address, mark string, n int) error {
		for i := n - 1; i >= 0; i-- { // newest first
			if err := errors.Join(
				appendEvent(t, of[0], of[1], name(mark, i), n-i),
				appendEvent(t, of[0], "neighbour", "another", n-i)); err != nil {
				return err
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		return nil, appendEvent(t, of[0], of[1], mark+"newest", 2000)
	},
	fetch: func(t tx, of address, p store.Page) (store.List[policy.Event], error) {
		return t.admin.EventsOf(of.tenant(), of.account(), p)
	},
	id: operation,
}

// eventsList holds the events about several accounts and about the tenant.
var eventsList = list[policy.Event]{
	name:  "Events",
	slots: []string{"tenant"},
	fill: func(t tx, of address, mark string, n int) error {
		for i := n - 1; i >= 0; i-- { // newest first
			if err := appendEvent(t, of[0], pick(i, "ada", "", "bob"), name(mark, i), n-i); err != nil {
				return err
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		return nil, appendEvent(t, of[0], "ada", mark+"newest", 2000)
	},
	fetch: func(t tx, of address, p store.Page) (store.List[policy.Event], error) {
		return t.admin.Events(of.tenant(), p)
	},
	id: operation,
}

// eventsAfterList holds the events about one account: between those of several the order is the store's to choose.
var eventsAfterList = list[policy.Event]{
	name:  "EventsAfter",
	slots: []string{"tenant"},
	fill: func(t tx, of address, mark string, n int) error {
		for i := range n {
			if err := appendEvent(t, of[0], "ada", name(mark, i), i); err != nil {
				return err
			}
		}
		return nil
	},
	disturb: func(t tx, of address, mark string) ([]string, error) {
		return []string{mark + "newest"}, appendEvent(t, of[0], "ada", mark+"newest", 2000)
	},
	fetch: func(t tx, of address, p store.Page) (store.List[policy.Event], error) {
		return t.admin.EventsAfter(of.tenant(), p)
	},
	id:      operation,
	endless: true,
}

// appendEvent appends an event of a given hour.
func appendEvent(t tx, tenant, account, operation string, hour int) error {
	e := sampleEvent(address{tenant, account, operation}, 1)
	e.At = when(hour)
	return t.AppendEvent(e)
}

func operation(e policy.Event) string { return e.Operation }

// hostile are cursors that no store made.
var hostile = []store.Cursor{
	" ", "0", "-1", "1", "18446744073709551615", "99999999999999999999", "null", "{}", "[]", "\"\"", "!", "=", "====",
	"AAAA", "AAAAAAAAAAA", "////", "____", "__________8", "\x00", "\xff\xfe", "\n", "%00", "../../etc", "' OR 1=1 --",
	store.Cursor(strings.Repeat("A", 5000)), store.Cursor(strings.Repeat("_", 1<<20)),
}

// mangled gives real cursors with something wrong: cut off, doubled, and with each bit of each byte flipped.
func mangled(real []store.Cursor) []store.Cursor {
	var all []store.Cursor
	for _, c := range real {
		all = append(all, c+c, c+"A", "A"+c, c[1:])
		for i := range c {
			all = append(all, c[:i])
			for bit := range 8 {
				b := []byte(c)
				b[i] ^= 1 << bit
				all = append(all, store.Cursor(b))
			}
		}
	}
	return slices.DeleteFunc(all, func(c store.Cursor) bool { return c == "" })
}
