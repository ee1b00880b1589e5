// Package myaccount is account self-service for any Go program: what a signed-in person may see and do
// with their own account, and why not.
//
// Call [New] with a store and a vault for secrets. What it gives has three sides: the rooms' services for the
// account's owner ([Account.Account], [Account.Devices], [Account.SignIns]), [Account.Admin] for administrators and [Account.Host] for the program
// itself. Each operation takes the [policy.Actor] who acts; a refusal is a [policy.Denied], which says why
// and what helps.
//
// # Signing in
//
// What a host's pages need is a call each. [Account.SignIn] takes what was typed and gives the token of a session, which goes
// into the browser's cookie and becomes the actor of each request by signins.Host.Actor. Whoever is refused with
// [policy.CodeAccountClosing] has a code sent by [Account.ReopenCode] and comes back by [Account.Reopen].
//
// An operation that needs a fresher proof or another factor refuses with that as its remedy ([policy.ProveAgain],
// [policy.ProveMore]): the page for it calls [Account.ProvePassword], or account.Host.SendCode and [Account.ProveCode], puts the
// new token into the cookie and tries again. [Account.ChangePassword] gives a new token too. Each attempt to sign
// in stands in the person's sign-in activity before anybody is told how it ended.
//
// # Rooms
//
// The rooms are packages of their own, to be read one at a time: account, devices and signins so far. Their words for deciding
// are in policy, the contract of a store in store and in each room's Tx.
package myaccount

//go:generate go run ./internal/gen

import (
	"context"
	"errors"
	"slices"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/password"
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
	Account() account.Store
}

// Account is the assembled library.
type Account struct {
	// Devices is the owner's door to their devices and recovery keys.
	Devices *devices.Service
	// SignIns is the owner's door to where they are signed in, and what attempts to sign in there were.
	SignIns *signins.Service
	// Account is the owner's door to their profile.
	Account *account.Service
	// Log is the event log: one's own history, the auditors' view, the host's feed.
	Log *policy.Log

	Admin Admin
	Host  Host

	store Store
	guard *policy.Guard
}

// Admin holds the administrators' doors.
type Admin struct {
	Policy  *policy.Admin // tenants, locks, licences, settings
	Devices *devices.Admin
	SignIns *signins.Admin
	Account *account.Admin
}

// Host holds the embedding program's doors.
type Host struct {
	Accounts *policy.HostDoor // make accounts known, say whether they may act
	Devices  *devices.Host
	SignIns  *signins.Host // start sessions, give the actor of a request, record attempts to sign in
	Account  *account.Host // what the organization's directory knows of people
}

// Option configures an [Account].
type Option func(*config)

// config is what options set.
type config struct {
	policy []policy.Option
	slow   password.SlowHash
	sender challenge.Sender

	breaches password.BreachChecker
	names    func(context.Context, policy.TenantID) (account.Names, error)

	checks  []account.ClosingCheck
	erasers []account.Eraser
}

// WithHasher sets how passwords are hashed: [secret.NewHasher] with other costs than [secret.DefaultParams], or for
// another number at a time than one for each processor but one.
func WithHasher(h password.SlowHash) Option { return func(c *config) { c.slow = h } }

// WithBreachChecker sets who knows which passwords were breached, wherever that was. It is asked about each new one that is
// acceptable otherwise. The library asks nobody by itself, and calls no service.
func WithBreachChecker(b password.BreachChecker) Option {
	return func(c *config) { c.breaches = b }
}

// WithNames tells what people know the service and their organization by, since new passwords must not contain that
// ([account.WithNames]). Without it the tenant's id is all that is known.
func WithNames(of func(context.Context, policy.TenantID) (account.Names, error)) Option {
	return func(c *config) { c.names = of }
}

// WithSender sets who delivers codes and links to people. Without one, what needs a code fails with
// [challenge.ErrNotSent].
func WithSender(s challenge.Sender) Option { return func(c *config) { c.sender = s } }

// WithPolicy sets how actors are admitted and what the time is: [policy.Vouch], [policy.WithClock], [policy.WithIDs].
func WithPolicy(options ...policy.Option) Option {
	return func(c *config) { c.policy = append(c.policy, options...) }
}

// New assembles all rooms over one store. The vault keeps secrets at rest: a [secret.KeyRing], or something
// that calls a key service.
func New(s Store, vault secret.Vault, options ...Option) (*Account, error) {
	if s == nil || vault == nil {
		return nil, errors.New("myaccount: New needs a store and a vault")
	}
	var c config
	for _, o := range options {
		o(&c)
	}
	g := policy.NewGuard(c.policy...)
	d, err := devices.New(g, s.Devices(), vault)
	if err != nil {
		return nil, err
	}
	si, err := signins.New(g, s.SignIns(), vault, otherRooms{})
	if err != nil {
		return nil, err
	}
	ac, err := c.account(g, s, vault)
	if err != nil {
		return nil, err
	}
	areas := slices.Concat(devices.Areas(), signins.Areas(), account.Areas())
	settings := slices.Concat(devices.Settings(), signins.Settings(), account.Settings())
	return &Account{
		Devices: d.Service, SignIns: si.Service, Account: ac.Service, Log: policy.NewLog(g, s.Policy()),
		Admin: Admin{policy.NewAdmin(g, s.Policy(), areas, settings), d.Admin, si.Admin, ac.Admin},
		Host:  Host{policy.NewHost(g, s.Policy(), erasable), d.Host, si.Host, ac.Host},
		store: s, guard: g,
	}, nil
}

// account makes the room of that name with what it needs besides.
func (c *config) account(g *policy.Guard, s Store, vault secret.Vault) (account.Room, error) {
	if c.slow == nil {
		h, err := secret.NewHasher(secret.DefaultParams, 0)
		if err != nil {
			return account.Room{}, err
		}
		c.slow = h
	}
	if c.sender == nil {
		c.sender = nobody{}
	}
	hasher, err := password.NewHasher(c.slow, vault)
	if err != nil {
		return account.Room{}, err
	}
	codes, err := challenge.NewCodes(vault, c.sender)
	if err != nil {
		return account.Room{}, err
	}
	return account.New(g, s.Account(), hasher, codes, vault, c.closing(s), account.WithBreachChecker(c.breaches), account.WithNames(c.names))
}

// nobody delivers nothing.
type nobody struct{}

// Send implements [challenge.Sender].
func (nobody) Send(context.Context, challenge.Message) error {
	return errors.New("myaccount: there is no sender; give New one WithSender")
}

// otherRooms lets package signins reach devices and passwords in its own transaction.
type otherRooms struct{}

// NoNewPassword implements [signins.OtherRooms] for a store that keeps both rooms in one database.
func (otherRooms) NoNewPassword(tx signins.Tx, op *policy.Op, id policy.AccountID) (string, error) {
	wide, ok := tx.(account.Tx)
	if !ok {
		return "", nil
	}
	return account.NoNewPassword(wide, op, id)
}

// Contain implements [signins.OtherRooms] for a store that keeps both rooms in one database.
func (otherRooms) Contain(tx signins.Tx, op *policy.Op, account policy.AccountID, id policy.DeviceID, disable bool) (policy.Change, string, error) {
	wide, ok := tx.(devices.Tx)
	if !ok {
		return policy.Change{}, "devices are kept elsewhere", nil
	}
	return devices.Contain(wide, op, account, id, disable)
}
