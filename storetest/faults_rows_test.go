package storetest_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

var rowFaults = []fault{
	{"loses a field",
		[]string{"devices device comes back as it was put"},
		changesDevices(func(d *devices.Device) { d.Model = "" })},
	{"gives an empty row for a missing one",
		[]string{"devices device comes back as it was put"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return emptyForMissing{tx} })},
	{"finds no usage where there is none yet",
		[]string{"policy usage comes back as it was put", "devices usage comes back as it was put"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db,
				policy:  store.Narrow(db.Policy(), func(tx policy.AdminTx) policy.AdminTx { return strictUsage{tx} }),
				devices: store.Narrow(db.Devices(), func(tx devices.Tx) devices.Tx { return strictUsageOfDevices{tx} }),
			}
		}},
	{"keeps what it was passed",
		[]string{"devices device is copied on the way in"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, k *kept[devices.Device]) devices.Tx { return aliasIn{tx, k} })},
	{"hands out what it keeps",
		[]string{"devices device is copied on the way out"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, k *kept[devices.Device]) devices.Tx { return aliasOut{tx, k} })},
	{"does not see what it wrote",
		[]string{"devices device is seen by the transaction that wrote it"},
		inDevices(func(tx devices.Tx, db *memstore.Store, _ *none) devices.Tx { return staleRows{tx, db} })},
	{"ignores the tenant",
		[]string{"devices device is kept apart by tenant", "devices device is found by its exact identifiers"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return ignoresTenant{tx} })},
	{"ignores the case of identifiers",
		[]string{"devices device is found by its exact identifiers"}, foldsIDs(strings.ToLower)},
	{"trims identifiers",
		[]string{"devices device is found by its exact identifiers"},
		foldsIDs(func(id string) string { return strings.TrimRight(id, " ") })},
	{"normalizes identifiers",
		[]string{"devices device is found by its exact identifiers"}, foldsIDs(strings.NewReplacer("e\u0308", "\u00eb").Replace)},
	{"cuts identifiers off",
		[]string{"devices device is found by its exact identifiers"}, foldsIDs(func(id string) string { return id[:min(len(id), 64)] })},
	{"ends identifiers at a NUL",
		[]string{"devices device is found by its exact identifiers"},
		foldsIDs(func(id string) string { id, _, _ = strings.Cut(id, "\x00"); return id })},
	{"joins identifiers without bounds",
		[]string{"policy standing is found by its exact identifiers"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, _ *none) policy.AdminTx { return joinsIDs{tx} })},
	{"keeps times as they come",
		[]string{"policy standing keeps times in UTC to the microsecond"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, k *kept[time.Time]) policy.AdminTx {
			return changesTimes{tx, k, func(t time.Time) time.Time { return t }}
		})},
	{"rounds times",
		[]string{"policy standing keeps times in UTC to the microsecond"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, k *kept[time.Time]) policy.AdminTx {
			return changesTimes{tx, k, func(t time.Time) time.Time { return t.UTC().Round(time.Microsecond) }}
		})},
	{"counts time from 1970 and cuts towards it",
		[]string{"policy standing keeps times in UTC to the microsecond"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, k *kept[time.Time]) policy.AdminTx {
			return changesTimes{tx, k, func(t time.Time) time.Time {
				if t.Year() > 1700 && t.Year() < 2200 { // as far as nanoseconds reach
					return time.UnixMicro(t.UnixNano() / 1000).UTC()
				}
				return store.Time(t)
			}}
		})},
	{"gives times in a zone of its own",
		[]string{"devices device keeps times in UTC to the microsecond"},
		changesDevices(func(d *devices.Device) { d.RegisteredAt = d.RegisteredAt.In(time.FixedZone("here", 3600)) })},
	{"ignores revisions",
		[]string{"devices device is changed from its last revision only", "devices device has one winner among many writers"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return lostUpdates{tx} })},
	{"begins again with its revisions after a removal",
		[]string{"policy follower gets a greater revision after its removal"},
		inPolicy(func(tx policy.AdminTx, _ *memstore.Store, k *kept[policy.Follower]) policy.AdminTx {
			return revisionsAnew{tx, k}
		})},
	{"lets a second device take over a key's id",
		[]string{"devices recovery key has an id that is unique in its tenant"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return takesOver{tx} })},
	{"lets a key move to another device",
		[]string{"devices recovery key has an id that is unique in its tenant"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return movesKeys{tx} })},
	{"takes an unknown device for a disabled one",
		[]string{"devices DeviceEnabled tells enabled devices from all others"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return unknownIsDisabled{tx} })},
	{"takes a removed device for an enabled one",
		[]string{"devices DeviceEnabled tells enabled devices from all others"},
		inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return removedIsEnabled{tx} })},
	{"keeps each room in a database of its own",
		[]string{"rooms share what every room's transaction reads", "rooms keep an event exactly if they keep the change"},
		func(db *memstore.Store) storetest.Backend {
			return backend{Store: db, devices: memstore.New().Devices()}
		}},
}

// changesDevices makes a fault of an edit to every device that is read.
func changesDevices(edit func(*devices.Device)) func(*memstore.Store) storetest.Backend {
	return inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return deviceEditor{tx, edit} })
}

type deviceEditor struct {
	devices.Tx
	edit func(*devices.Device)
}

func (tx deviceEditor) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	d, err := tx.Tx.Device(t, id)
	tx.edit(&d)
	return d, err
}

type emptyForMissing struct{ devices.Tx }

func (tx emptyForMissing) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	d, err := tx.Tx.Device(t, id)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return d, err
}

type strictUsage struct{ policy.AdminTx }

func (tx strictUsage) Usage(t policy.TenantID, a policy.AccountID, action policy.Action) (policy.Usage, error) {
	return missing(tx.AdminTx.Usage(t, a, action))
}

type strictUsageOfDevices struct{ devices.Tx }

func (tx strictUsageOfDevices) Usage(t policy.TenantID, a policy.AccountID, action policy.Action) (policy.Usage, error) {
	return missing(tx.Tx.Usage(t, a, action))
}

func missing(u policy.Usage, err error) (policy.Usage, error) {
	if err == nil && u.Revision == 0 {
		err = store.ErrNotFound
	}
	return u, err
}

// aliasIn keeps the devices that it is passed, and gives copies of them.
type aliasIn struct {
	devices.Tx
	*kept[devices.Device]
}

func (tx aliasIn) PutDevice(d devices.Device) (store.Revision, error) {
	rev, err := tx.Tx.PutDevice(d)
	d.Revision = rev
	tx.put(string(d.Tenant)+"\n"+string(d.ID), d)
	return rev, err
}

func (tx aliasIn) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	d, err := tx.Tx.Device(t, id)
	if k, ok := tx.get(string(t) + "\n" + string(id)); err == nil && ok {
		d.Users = append([]devices.User(nil), k.Users...)
	}
	return d, err
}

// aliasOut copies the devices that it is passed, and gives the same copy to all.
type aliasOut struct {
	devices.Tx
	*kept[devices.Device]
}

func (tx aliasOut) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	d, err := tx.Tx.Device(t, id)
	if err != nil {
		return d, err
	}
	key := string(t) + "\n" + string(id)
	if k, ok := tx.get(key); ok && k.Revision == d.Revision {
		return k, nil
	}
	tx.put(key, d)
	return d, nil
}

type staleRows struct {
	devices.Tx
	db *memstore.Store
}

func (tx staleRows) Device(t policy.TenantID, id policy.DeviceID) (d devices.Device, err error) {
	err = tx.db.Devices().View(context.Background(), func(before devices.Tx) (err error) {
		d, err = before.Device(t, id)
		return err
	})
	return d, err
}

type ignoresTenant struct{ devices.Tx }

func (tx ignoresTenant) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	d, err := tx.Tx.Device("any", id)
	d.Tenant = t
	return d, err
}

func (tx ignoresTenant) PutDevice(d devices.Device) (store.Revision, error) {
	d.Tenant = "any"
	return tx.Tx.PutDevice(d)
}

// foldsIDs makes a fault of a function that makes different identifiers one.
func foldsIDs(fold func(string) string) func(*memstore.Store) storetest.Backend {
	return inDevices(func(tx devices.Tx, _ *memstore.Store, _ *none) devices.Tx { return folder{tx, fold} })
}

type folder struct {
	devices.Tx
	fold func(string) string
}

func (tx folder) Device(t policy.TenantID, id policy.DeviceID) (devices.Device, error) {
	d, err := tx.Tx.Device(t, policy.DeviceID(tx.fold(string(id))))
	d.ID = id
	return d, err
}

// PutDevice overwrites what is stored under the folded identifier, as an upsert does.
func (tx folder) PutDevice(d devices.Device) (store.Revision, error) {
	d.ID = policy.DeviceID(tx.fold(string(d.ID)))
	if old, err := tx.Tx.Device(d.Tenant, d.ID); err == nil {
		d.Revision = old.Revision
	}
	return tx.Tx.PutDevice(d)
}

type joinsIDs struct{ policy.AdminTx }

func (tx joinsIDs) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	st, err := tx.AdminTx.Standing("all", policy.AccountID(t)+"/"+a)
	st.Tenant, st.Account = t, a
	return st, err
}

func (tx joinsIDs) PutStanding(st policy.Standing) (store.Revision, error) {
	st.Account = policy.AccountID(st.Tenant) + "/" + st.Account
	st.Tenant = "all"
	return tx.AdminTx.PutStanding(st)
}

// changesTimes gives times as change makes them of what was put.
type changesTimes struct {
	policy.AdminTx
	*kept[time.Time]
	change func(time.Time) time.Time
}

func (tx changesTimes) PutStanding(st policy.Standing) (store.Revision, error) {
	tx.put(string(st.Account), tx.change(st.SessionsValidFrom))
	return tx.AdminTx.PutStanding(st)
}

func (tx changesTimes) Standing(t policy.TenantID, a policy.AccountID) (policy.Standing, error) {
	st, err := tx.AdminTx.Standing(t, a)
	if at, ok := tx.get(string(a)); ok && err == nil {
		st.SessionsValidFrom = at
	}
	return st, err
}

type lostUpdates struct{ devices.Tx }

func (tx lostUpdates) PutDevice(d devices.Device) (store.Revision, error) {
	if old, err := tx.Device(d.Tenant, d.ID); err == nil {
		d.Revision = old.Revision
	}
	return tx.Tx.PutDevice(d)
}

// revisionsAnew counts a follower's revisions from 1, and forgets them with the follower.
type revisionsAnew struct {
	policy.AdminTx
	*kept[policy.Follower]
}

func (tx revisionsAnew) Follower(t policy.TenantID, name string) (policy.Follower, error) {
	if f, ok := tx.get(name); ok {
		return f, nil
	}
	return policy.Follower{}, store.ErrNotFound
}

func (tx revisionsAnew) PutFollower(f policy.Follower) (store.Revision, error) {
	if old, _ := tx.get(f.Name); old.Revision != f.Revision {
		return 0, store.ErrConflict
	}
	f.Revision++
	tx.put(f.Name, f)
	return f.Revision, nil
}

func (tx revisionsAnew) DropFollower(_ policy.TenantID, name string) error {
	if _, ok := tx.get(name); !ok {
		return store.ErrNotFound
	}
	tx.drop(name)
	return nil
}

// takesOver is what a second index does that is declared unique and not enforced: the later row wins.
type takesOver struct{ devices.Tx }

func (tx takesOver) PutRecoveryKey(k devices.RecoveryKey) (store.Revision, error) {
	old, err := tx.RecoveryKey(k.Tenant, k.ID)
	if err == nil && old.Device != k.Device && k.Revision == 0 {
		if err := tx.DeleteRecoveryKey(k.Tenant, k.ID); err != nil {
			return 0, err
		}
	}
	return tx.Tx.PutRecoveryKey(k)
}

type movesKeys struct{ devices.Tx }

func (tx movesKeys) PutRecoveryKey(k devices.RecoveryKey) (store.Revision, error) {
	old, err := tx.RecoveryKey(k.Tenant, k.ID)
	if err == nil && old.Device != k.Device && k.Revision == old.Revision {
		if err := tx.DeleteRecoveryKey(k.Tenant, k.ID); err != nil {
			return 0, err
		}
		k.Revision = 0
	}
	return tx.Tx.PutRecoveryKey(k)
}

type unknownIsDisabled struct{ devices.Tx }

func (tx unknownIsDisabled) DeviceEnabled(t policy.TenantID, id policy.DeviceID) (bool, error) {
	on, err := tx.Tx.DeviceEnabled(t, id)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return on, err
}

type removedIsEnabled struct{ devices.Tx }

func (tx removedIsEnabled) DeviceEnabled(t policy.TenantID, id policy.DeviceID) (bool, error) {
	d, err := tx.Device(t, id)
	return err == nil && !d.Disabled() && d.State != devices.Deleted, err
}
