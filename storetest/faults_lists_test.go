package storetest_test

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

var listFaults = []fault{
	{"skips an item between two pages",
		[]string{"policy EventsOf gives every item once and in order, whatever the page size"},
		changesEventsOf(func(list store.List[policy.Event], p store.Page) store.List[policy.Event] {
			if p.After != "" && len(list.Items) > 1 {
				list.Items = list.Items[1:]
			}
			return list
		})},
	{"repeats an item on the next page",
		[]string{"devices DevicesOf gives every item once and in order, whatever the page size"},
		relists(unchanged, func(at int) int { return max(at-1, 0) })},
	{"says that there is more when there is not",
		[]string{"policy EventsOf gives every item once and in order, whatever the page size"},
		changesEventsOf(func(list store.List[policy.Event], _ store.Page) store.List[policy.Event] {
			list.Next = cmp.Or(list.Next, "AAAAAAAAAAA")
			return list
		})},
	{"ignores the size of pages",
		[]string{"devices DevicesOf gives no more than a page asks for", "devices DevicesOf gives every item once and in order, whatever the page size"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return endlessPages{tx} })},
	{"takes an unlimited page for a page without a size",
		[]string{"devices DevicesOf gives no more than a page asks for"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return unboundedPages{tx} })},
	{"counts items for a cursor",
		[]string{"devices DevicesOf goes on where it was while things change"},
		relists(unchanged, asItIs)},
	{"lists what begins alike, across a NUL",
		[]string{"policy EventsOf holds nothing of other lists"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx {
			return filters{tx, func(of, want string) bool { return of == want || strings.HasPrefix(of, want+"\x00") }}
		})},
	{"lists what begins alike",
		[]string{"policy EventsOf holds nothing of other lists"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx {
			return filters{tx, strings.HasPrefix}
		})},
	{"lists what is alike but for its case",
		[]string{"policy EventsOf holds nothing of other lists"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx {
			return filters{tx, strings.EqualFold}
		})},
	{"hands out the items that it keeps",
		[]string{"policy EventsOf is copied on the way out"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, k *kept[policy.Event]) policy.AdminTx {
			return aliasItems{tx, k}
		})},
	{"lets the cursor say whose list it reads",
		[]string{"policy EventsOf reads nothing else for a cursor that was tampered with"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return cursorDecides{tx} })},
	{"fails in its own way for a cursor that is none",
		[]string{"policy EventsOf reads nothing else for a cursor that was tampered with"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return ownCursorError{tx} })},
	{"panics for a cursor that is none",
		[]string{"devices DevicesOf reads nothing else for a cursor that was tampered with"},
		relists(unchanged, asItIs)},
	{"lists a device again for an owner who is its user too",
		[]string{"devices DevicesOf gives each person their own devices, whoever shares them"},
		relists(func(all []devices.Device, person policy.AccountID) (twice []devices.Device) {
			for _, d := range all {
				if twice = append(twice, d); d.Owner == person && len(d.Users) > 0 {
					twice = append(twice, d)
				}
			}
			return twice
		}, asItIs)},
	{"lists devices for their owner only",
		[]string{"devices DevicesOf gives each person their own devices, whoever shares them"},
		relists(func(all []devices.Device, person policy.AccountID) []devices.Device {
			return slices.DeleteFunc(all, func(d devices.Device) bool { return d.Owner != person })
		}, asItIs)},
	{"lists no disabled devices",
		[]string{"devices DevicesOf gives each person their own devices, whoever shares them"},
		relists(func(all []devices.Device, _ policy.AccountID) []devices.Device {
			return slices.DeleteFunc(all, func(d devices.Device) bool { return d.Disabled() })
		}, asItIs)},
	{"compares registrations to the second",
		[]string{"devices DevicesOf has the newest registration first, then the least id"},
		sortsDevices(func(a, b devices.Device) int {
			return cmp.Or(cmp.Compare(b.RegisteredAt.Unix(), a.RegisteredAt.Unix()), cmp.Compare(a.ID, b.ID))
		})},
	{"compares ids without their case",
		[]string{"devices DevicesOf has the newest registration first, then the least id"},
		sortsDevices(func(a, b devices.Device) int {
			return cmp.Or(b.RegisteredAt.Compare(a.RegisteredAt), cmp.Compare(strings.ToLower(string(a.ID)), strings.ToLower(string(b.ID))))
		})},
	{"lists keys in the order in which they were made",
		[]string{"devices RecoveryKeysOf has the least id first"},
		sortsKeys(func(a, b devices.RecoveryKey) int { return a.CreatedAt.Compare(b.CreatedAt) })},
	{"lists waiting keys by id",
		[]string{"devices RecoveryKeysToRotate has the longest waiting first, then the least device and id"},
		sortsKeys(func(a, b devices.RecoveryKey) int { return cmp.Compare(a.ID, b.ID) })},
	{"lists waiting keys by id where they have waited alike",
		[]string{"devices RecoveryKeysToRotate has the longest waiting first, then the least device and id"},
		sortsKeys(func(a, b devices.RecoveryKey) int {
			return cmp.Or(a.RotateSince.Compare(b.RotateSince), cmp.Compare(a.ID, b.ID))
		})},
	{"lists the first followers only",
		[]string{"policy followers are all listed"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return firstFollowers{tx} })},
}

// offsets pages a whole list by counting items: a cursor is the number of items before it, as next has it.
func offsets[R any](all []R, p store.Page, next func(int) int) (store.List[R], error) {
	from := 0
	if p.After != "" {
		var err error
		if from, err = strconv.Atoi(string(p.After)); err != nil {
			return store.List[R]{}, store.ErrCursor
		}
	}
	list := store.List[R]{Items: all[from:]} // panics for a number that is out of range
	if limit := p.Limit(); len(list.Items) > limit {
		list.Items = list.Items[:limit]
		list.Next = store.Cursor(strconv.Itoa(next(from + limit)))
	}
	return list, nil
}

func asItIs(at int) int { return at }

// whole reads a list to its end.
func whole[R any](fetch func(store.Page) (store.List[R], error)) (all []R, err error) {
	err = store.Each(fetch, func(r R) error { all = append(all, r); return nil })
	return all, err
}

// relists makes a fault of DevicesOf: change makes another list of the whole list, which offsets pages.
func relists(change func([]devices.Device, policy.AccountID) []devices.Device, next func(int) int) func(*memstore.Store) storetest.Backend {
	return inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return relister{tx, change, next} })
}

func unchanged(all []devices.Device, _ policy.AccountID) []devices.Device { return all }

func sortsDevices(compare func(a, b devices.Device) int) func(*memstore.Store) storetest.Backend {
	return relists(func(all []devices.Device, _ policy.AccountID) []devices.Device {
		slices.SortStableFunc(all, compare)
		return all
	}, asItIs)
}

type relister struct {
	devices.Tx
	change func([]devices.Device, policy.AccountID) []devices.Device
	next   func(int) int
}

func (tx relister) DevicesOf(t policy.TenantID, person policy.AccountID, p store.Page) (store.List[devices.Device], error) {
	all, err := whole(func(p store.Page) (store.List[devices.Device], error) { return tx.Tx.DevicesOf(t, person, p) })
	if err != nil {
		return store.List[devices.Device]{}, err
	}
	return offsets(tx.change(all, person), p, tx.next)
}

func sortsKeys(compare func(a, b devices.RecoveryKey) int) func(*memstore.Store) storetest.Backend {
	return inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return keySorter{tx, compare} })
}

type keySorter struct {
	devices.Tx
	compare func(a, b devices.RecoveryKey) int
}

func (tx keySorter) RecoveryKeysOf(t policy.TenantID, d policy.DeviceID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return tx.sorted(p, func(p store.Page) (store.List[devices.RecoveryKey], error) { return tx.Tx.RecoveryKeysOf(t, d, p) })
}

func (tx keySorter) RecoveryKeysToRotate(t policy.TenantID, p store.Page) (store.List[devices.RecoveryKey], error) {
	return tx.sorted(p, func(p store.Page) (store.List[devices.RecoveryKey], error) { return tx.Tx.RecoveryKeysToRotate(t, p) })
}

func (tx keySorter) sorted(p store.Page, fetch func(store.Page) (store.List[devices.RecoveryKey], error)) (store.List[devices.RecoveryKey], error) {
	all, err := whole(fetch)
	if err != nil {
		return store.List[devices.RecoveryKey]{}, err
	}
	slices.SortStableFunc(all, tx.compare)
	return offsets(all, p, asItIs)
}

type endlessPages struct{ devices.Tx }

func (tx endlessPages) DevicesOf(t policy.TenantID, person policy.AccountID, _ store.Page) (store.List[devices.Device], error) {
	all, err := whole(func(p store.Page) (store.List[devices.Device], error) { return tx.Tx.DevicesOf(t, person, p) })
	return store.List[devices.Device]{Items: all}, err
}

type unboundedPages struct{ devices.Tx }

func (tx unboundedPages) DevicesOf(t policy.TenantID, person policy.AccountID, p store.Page) (store.List[devices.Device], error) {
	if p.Size == 0 && p.After == "" {
		return endlessPages(tx).DevicesOf(t, person, p)
	}
	return tx.Tx.DevicesOf(t, person, p)
}

// changesEventsOf makes a fault of an edit to each page of EventsOf.
func changesEventsOf(edit func(store.List[policy.Event], store.Page) store.List[policy.Event]) func(*memstore.Store) storetest.Backend {
	return inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return pageEditor{tx, edit} })
}

type pageEditor struct {
	policy.AdminTx
	edit func(store.List[policy.Event], store.Page) store.List[policy.Event]
}

func (tx pageEditor) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	list, err := tx.AdminTx.EventsOf(t, a, p)
	return tx.edit(list, p), err
}

// filters finds an account's events by comparing each event's account in its own way.
type filters struct {
	policy.AdminTx
	alike func(of, wanted string) bool
}

func (tx filters) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	all, err := whole(func(p store.Page) (store.List[policy.Event], error) { return tx.Events(t, p) })
	if err != nil {
		return store.List[policy.Event]{}, err
	}
	all = slices.DeleteFunc(all, func(e policy.Event) bool { return !tx.alike(string(e.Account), string(a)) })
	return offsets(all, p, asItIs)
}

type aliasItems struct {
	policy.AdminTx
	*kept[policy.Event]
}

func (tx aliasItems) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	list, err := tx.AdminTx.EventsOf(t, a, p)
	for i, e := range list.Items {
		if k, ok := tx.get(e.Operation); ok {
			list.Items[i] = k
		} else {
			tx.put(e.Operation, e)
		}
	}
	return list, err
}

type cursorDecides struct{ policy.AdminTx }

func (tx cursorDecides) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	if p.After != "" {
		account, after, ok := strings.Cut(string(p.After), "\n")
		if !ok {
			return store.List[policy.Event]{}, store.ErrCursor
		}
		a, p.After = policy.AccountID(account), store.Cursor(after)
	}
	list, err := tx.AdminTx.EventsOf(t, a, p)
	if list.Next != "" {
		list.Next = store.Cursor(a) + "\n" + list.Next
	}
	return list, err
}

type ownCursorError struct{ policy.AdminTx }

func (tx ownCursorError) EventsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Event], error) {
	list, err := tx.AdminTx.EventsOf(t, a, p)
	if errors.Is(err, store.ErrCursor) {
		err = errors.New("syntax error at or near the cursor")
	}
	return list, err
}

type firstFollowers struct{ policy.AdminTx }

func (tx firstFollowers) Followers(t policy.TenantID) ([]policy.Follower, error) {
	all, err := tx.AdminTx.Followers(t)
	return all[:min(len(all), store.DefaultPageSize)], err
}
