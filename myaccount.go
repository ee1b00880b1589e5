// Package myaccount is account self-service for any Go program: what a signed-in person may see and do
// with their own account, and why not.
//
// Call [New] with a store and a vault for secrets. What it gives has three sides: the rooms' services for the
// account's owner ([Account.Devices], [Account.SignIns]), [Account.Admin] for administrators and [Account.Host] for the program
// itself. Each operation takes the [policy.Actor] who acts; a refusal is a [policy.Denied], which says why
// and what helps.
//
// The rooms are packages of their own, to be read one at a time: devices and signins so far. Their words for deciding
// are in policy, the contract of a store in store and in each room's Tx.
package myaccount

//go:generate go run ./internal/gen

import (
	"errors"
	"slices"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Store is a store of all rooms, such as memstore.Store.
type Store interface {
	Policy() store.Store[policy.AdminTx]
	Devices() devices.Store
	SignIns() signins.Store
}

// Account is the assembled library.
type Account struct {
	// Devices is the owner's door to their devices and recovery keys.
	Devices *devices.Service
	// SignIns is the owner's door to where they are signed in, and what attempts to sign in there were.
	SignIns *signins.Service
	// Log is the event log: one's own history, the auditors' view, the host's feed.
	Log *policy.Log

	Admin Admin
	Host  Host
}

// Admin holds the administrators' doors.
type Admin struct {
	Policy  *policy.Admin // tenants, locks, licences, settings
	Devices *devices.Admin
	SignIns *signins.Admin
}

// Host holds the embedding program's doors.
type Host struct {
	Accounts *policy.HostDoor // make accounts known, say whether they may act
	Devices  *devices.Host
	SignIns  *signins.Host // start sessions, give the actor of a request, record attempts to sign in
}

// New assembles all rooms over one store. The vault keeps secrets at rest: a [secret.KeyRing], or something
// that calls a key service.
func New(s Store, vault secret.Vault, options ...policy.Option) (*Account, error) {
	if s == nil || vault == nil {
		return nil, errors.New("myaccount: New needs a store and a vault")
	}
	g := policy.NewGuard(options...)
	d, err := devices.New(g, s.Devices(), vault)
	if err != nil {
		return nil, err
	}
	si, err := signins.New(g, s.SignIns(), vault, containDevices{})
	if err != nil {
		return nil, err
	}
	areas := slices.Concat(devices.Areas(), signins.Areas())
	settings := slices.Concat(devices.Settings(), signins.Settings())
	return &Account{
		Devices: d.Service, SignIns: si.Service, Log: policy.NewLog(g, s.Policy()),
		Admin: Admin{policy.NewAdmin(g, s.Policy(), areas, settings), d.Admin, si.Admin},
		Host:  Host{policy.NewHost(g, s.Policy()), d.Host, si.Host},
	}, nil
}

// containDevices lets package signins reach devices in its own transaction.
type containDevices struct{}

// Contain implements [signins.Devices] for a store that keeps both rooms in one database.
func (containDevices) Contain(tx signins.Tx, op *policy.Op, account policy.AccountID, id policy.DeviceID, disable bool) (policy.Change, string, error) {
	wide, ok := tx.(devices.Tx)
	if !ok {
		return policy.Change{}, "devices are kept elsewhere", nil
	}
	return devices.Contain(wide, op, account, id, disable)
}
