// Package myaccount is account self-service for any Go program: what a signed-in person may see and do
// with their own account, and why not.
//
// Call [New] with a store and a sealer. What it gives has three sides: the rooms' services for the
// account's owner ([Account.Devices]), [Account.Admin] for administrators and [Account.Host] for the program
// itself. Each operation takes the [policy.Actor] who acts; a refusal is a [policy.Denied], which says why
// and what helps.
//
// The rooms are packages of their own, to be read one at a time: devices so far. Their words for deciding
// are in policy, the contract of a store in store and in each room's Tx.
package myaccount

//go:generate go run ./internal/gen

import (
	"errors"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Store is a store of all rooms, such as memstore.Store.
type Store interface {
	Policy() store.Store[policy.AdminTx]
	Devices() devices.Store
}

// Account is the assembled library.
type Account struct {
	// Devices is the owner's door to their devices and recovery keys.
	Devices *devices.Service
	// Log is the event log: one's own history, the auditors' view, the host's feed.
	Log *policy.Log

	Admin Admin
	Host  Host
}

// Admin holds the administrators' doors.
type Admin struct {
	Policy  *policy.Admin // tenants, locks, licences, settings
	Devices *devices.Admin
}

// Host holds the embedding program's doors.
type Host struct {
	Accounts *policy.HostDoor // make accounts known, say whether they may act
	Devices  *devices.Host
}

// New assembles all rooms over one store. The sealer keeps recoverable secrets at rest: a
// [secret.KeyRing], or something that calls a key service.
func New(s Store, sealer secret.Sealer, options ...policy.Option) (*Account, error) {
	if s == nil || sealer == nil {
		return nil, errors.New("myaccount: New needs a store and a sealer")
	}
	g := policy.NewGuard(options...)
	room, err := devices.New(g, s.Devices(), sealer)
	if err != nil {
		return nil, err
	}
	return &Account{
		Devices: room.Service,
		Log:     policy.NewLog(g, s.Policy()),
		Admin:   Admin{policy.NewAdmin(g, s.Policy(), devices.Areas(), devices.Settings()), room.Admin},
		Host:    Host{policy.NewHost(g, s.Policy()), room.Host},
	}, nil
}
