package devices_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// The authorization matrix: every exported operation of the three doors, by every kind of actor, in every
// state, against the oracle.

// cell is one call of an operation: by whom, through which doors, on what.
type cell struct {
	t     testing.TB
	actor policy.Actor
	devices.Room
	device policy.DeviceID
	key    devices.KeyID
	owner  policy.AccountID
	now    time.Time
	// revealed is the key that came out, if any did, and err why nothing did.
	revealed secret.Text
	err      error
	// outcomes are those of an import.
	outcomes []devices.Outcome
}

func (c *cell) fresh() policy.DeviceID { return c.device + "-2" }

func (c *cell) escrow(n int) devices.Escrow {
	return devices.Escrow{ID: devices.KeyID(fmt.Sprintf("%s-fresh-%d", c.key, n)), Volume: devices.FixedDataVolume,
		Password: secret.NewText(accounttest.RecoveryPassword(5000 + n))}
}

func (c *cell) registration(id policy.DeviceID) devices.Registration {
	return devices.Registration{ID: id, Owner: c.owner, Name: "fresh", OS: "Windows", OSVersion: "10.0.22631", Join: devices.Joined}
}

func (c *cell) reveal(key secret.Text, err error) (int, error) {
	c.revealed = key
	return len(strings.Split(key.Reveal(), "-")), err
}

// confirmed asks and then acts. Who is refused an answer acts without one.
func (c *cell) confirmed(
	ask func(context.Context, policy.Actor, policy.DeviceID) (policy.Preview, policy.Confirmation, error),
	act func(context.Context, policy.Actor, policy.DeviceID, policy.Confirmation) error,
) (int, error) {
	_, yes, err := ask(c.t.Context(), c.actor, c.device)
	if codeOf(err) == notARefusal {
		return 0, err
	}
	return one, act(c.t.Context(), c.actor, c.device, yes)
}

// can turns a decision into the error that carries it.
func can(d policy.Decision, err error) (int, error) {
	if err != nil || d.Allowed {
		return 1, err
	}
	return 0, &policy.Denied{Decision: d}
}

const one = 1 // thing seen, by operations that give no list

// operations are all rows: what the requirements say of each exported operation, and how it is called.
var operations = []operation{
	{door: "Service", method: "List", persons: true, kinds: policy.Work | policy.Personal, needs: policy.ReadOnly, empty: emptyList,
		call: func(c *cell) (int, error) {
			l, err := c.Service.List(c.t.Context(), c.actor, devices.Query{})
			return len(l.Items), err
		}},
	{door: "Service", method: "List", as: "with all", persons: true, kinds: policy.Work | policy.Personal, needs: policy.ReadOnly,
		empty: func(a somebody, s state) bool { return a.is == stranger || s.device == devices.Deleted },
		call: func(c *cell) (int, error) {
			l, err := c.Service.List(c.t.Context(), c.actor, devices.Query{Disabled: true, Removed: true})
			return len(l.Items), err
		}},
	{door: "Service", method: "Get", persons: true, about: oneOwnDevice, kinds: policy.Work | policy.Personal, needs: policy.ReadOnly,
		call: func(c *cell) (int, error) {
			_, err := c.Service.Get(c.t.Context(), c.actor, c.device)
			return one, err
		}},
	{door: "Service", method: "Can", as: "list", persons: true, kinds: policy.Work | policy.Personal, needs: policy.ReadOnly,
		call: func(c *cell) (int, error) { return can(c.Service.Can(c.t.Context(), c.actor, devices.List, "")) }},
	{door: "Service", method: "Can", as: "list keys", persons: true, kinds: policy.Work | policy.Personal, needs: policy.ReadOnly, ofKeys: true,
		call: func(c *cell) (int, error) {
			return can(c.Service.Can(c.t.Context(), c.actor, devices.ListKeys, string(c.device)))
		}},
	{door: "Service", method: "Can", as: "recognize", persons: true, about: oneOwnDevice, kinds: policy.Work | policy.Personal, needs: policy.Edit,
		forbids: ifGone,
		call: func(c *cell) (int, error) {
			return can(c.Service.Can(c.t.Context(), c.actor, devices.Recognize, string(c.device)))
		}},
	{door: "Service", method: "Can", as: "disable", persons: true, about: oneOwnDevice, kinds: policy.Work | policy.Personal, needs: policy.Edit,
		forbids: either(ifNotOwnPrinterOrGone, ifDisabled),
		call: func(c *cell) (int, error) {
			return can(c.Service.Can(c.t.Context(), c.actor, devices.Disable, string(c.device)))
		}},
	{door: "Service", method: "Can", as: "remove", persons: true, about: oneOwnDevice, kinds: policy.Personal, needs: policy.Edit,
		forbids: ifNotOwnPrinterOrGone,
		call: func(c *cell) (int, error) {
			return can(c.Service.Can(c.t.Context(), c.actor, devices.Remove, string(c.device)))
		}},
	{door: "Service", method: "Can", as: "reveal", persons: true, about: oneOwnKey, kinds: policy.Work | policy.Personal, needs: policy.Edit,
		ofKeys: true, elsewhere: true, proof: true,
		call: func(c *cell) (int, error) {
			return can(c.Service.Can(c.t.Context(), c.actor, devices.RevealKey, string(c.key)))
		}},
	{door: "Service", method: "Recognize", persons: true, about: oneOwnDevice, kinds: policy.Work | policy.Personal, needs: policy.Edit,
		forbids: ifGone, changes: true,
		call: func(c *cell) (int, error) {
			return one, c.Service.Recognize(c.t.Context(), c.actor, c.device, devices.Mine)
		}},
	{door: "Service", method: "AskDisable", persons: true, about: oneOwnDevice, kinds: policy.Work | policy.Personal, needs: policy.Edit,
		forbids: either(ifNotOwnPrinterOrGone, ifDisabled),
		call: func(c *cell) (int, error) {
			_, _, err := c.Service.AskDisable(c.t.Context(), c.actor, c.device)
			return one, err
		}},
	{door: "Service", method: "Disable", persons: true, about: oneOwnDevice, kinds: policy.Work | policy.Personal, needs: policy.Edit,
		forbids: either(ifNotOwnPrinterOrGone, ifDisabled), changes: true,
		call: func(c *cell) (int, error) { return c.confirmed(c.Service.AskDisable, c.Service.Disable) }},
	{door: "Service", method: "Disable", as: "unconfirmed", persons: true, about: oneOwnDevice, kinds: policy.Work | policy.Personal, needs: policy.Edit,
		forbids: either(ifNotOwnPrinterOrGone, ifDisabled), inside: always(policy.CodeConfirmationMissing), changes: true,
		call: func(c *cell) (int, error) {
			return one, c.Service.Disable(c.t.Context(), c.actor, c.device, "")
		}},
	{door: "Service", method: "AskRemove", persons: true, about: oneOwnDevice, kinds: policy.Personal, needs: policy.Edit,
		forbids: ifNotOwnPrinterOrGone,
		call: func(c *cell) (int, error) {
			_, _, err := c.Service.AskRemove(c.t.Context(), c.actor, c.device)
			return one, err
		}},
	{door: "Service", method: "Remove", persons: true, about: oneOwnDevice, kinds: policy.Personal, needs: policy.Edit,
		forbids: ifNotOwnPrinterOrGone, changes: true,
		call: func(c *cell) (int, error) { return c.confirmed(c.Service.AskRemove, c.Service.Remove) }},
	{door: "Service", method: "RecoveryKeys", persons: true, kinds: policy.Work | policy.Personal, needs: policy.ReadOnly, ofKeys: true,
		empty: anybodyElse,
		call: func(c *cell) (int, error) {
			l, err := c.Service.RecoveryKeys(c.t.Context(), c.actor, c.device, devices.KeyQuery{})
			return len(l.Items), err
		}},
	{door: "Service", method: "Reveal", persons: true, about: oneOwnKey, kinds: policy.Work | policy.Personal, needs: policy.Edit, ofKeys: true,
		elsewhere: true, proof: true, changes: true,
		call: func(c *cell) (int, error) { return c.reveal(c.Service.Reveal(c.t.Context(), c.actor, c.key)) }},

	{door: "Admin", method: "Get", keyReader: true, hosts: true, about: anyDevice,
		call: func(c *cell) (int, error) {
			_, err := c.Admin.Get(c.t.Context(), c.actor, c.device)
			return one, err
		}},
	{door: "Admin", method: "DevicesOf", keyReader: true, hosts: true, empty: ifDeleted,
		call: func(c *cell) (int, error) {
			l, err := c.Admin.DevicesOf(c.t.Context(), c.actor, c.owner, store.Page{})
			return len(l.Items), err
		}},
	{door: "Admin", method: "RecoveryKeys", keyReader: true, hosts: true, about: anyDevice,
		call: func(c *cell) (int, error) {
			l, err := c.Admin.RecoveryKeys(c.t.Context(), c.actor, c.device, devices.KeyQuery{})
			return len(l.Items), err
		}},
	{door: "Admin", method: "Reveal", keyReader: true, about: anyKey, elsewhere: true, proof: true, changes: true,
		call: func(c *cell) (int, error) { return c.reveal(c.Admin.Reveal(c.t.Context(), c.actor, c.key)) }},
	{door: "Admin", method: "KeysToRotate", keyReader: true, hosts: true, empty: ifDeleted,
		call: func(c *cell) (int, error) {
			l, err := c.Admin.KeysToRotate(c.t.Context(), c.actor, store.Page{})
			return len(l.Items), err
		}},
	{door: "Admin", method: "Register", deviceAdmin: true, hosts: true, changes: true,
		call: func(c *cell) (int, error) {
			return one, c.Admin.Register(c.t.Context(), c.actor, c.registration(c.fresh()))
		}},
	{door: "Admin", method: "Register", as: "once more", deviceAdmin: true, hosts: true, forbids: ifIDTaken, changes: true,
		call: func(c *cell) (int, error) {
			return one, c.Admin.Register(c.t.Context(), c.actor, c.registration(c.device))
		}},
	{door: "Admin", method: "Enable", deviceAdmin: true, hosts: true, about: anyDevice, forbids: either(ifPrinterOrGone, ifNotDisabled), changes: true,
		call: func(c *cell) (int, error) { return one, c.Admin.Enable(c.t.Context(), c.actor, c.device) }},
	{door: "Admin", method: "Disable", deviceAdmin: true, hosts: true, about: anyDevice, forbids: either(ifPrinterOrGone, ifDisabled), changes: true,
		call: func(c *cell) (int, error) { return one, c.Admin.Disable(c.t.Context(), c.actor, c.device) }},
	{door: "Admin", method: "AskDelete", deviceAdmin: true, waits: true, about: anyDevice, forbids: either(ifPrinter, ifAutopilot),
		call: func(c *cell) (int, error) {
			_, _, err := c.Admin.AskDelete(c.t.Context(), c.actor, c.device)
			return one, err
		}},
	{door: "Admin", method: "Delete", deviceAdmin: true, about: anyDevice, forbids: either(ifPrinter, ifAutopilot), changes: true,
		call: func(c *cell) (int, error) { return c.confirmed(c.Admin.AskDelete, c.Admin.Delete) }},
	{door: "Admin", method: "Delete", as: "unconfirmed", deviceAdmin: true, about: anyDevice,
		forbids: either(ifPrinter, ifAutopilot), inside: always(policy.CodeConfirmationMissing), changes: true,
		call: func(c *cell) (int, error) { return one, c.Admin.Delete(c.t.Context(), c.actor, c.device, "") }},
	{door: "Admin", method: "Transfer", deviceAdmin: true, hosts: true, about: anyDevice, forbids: ifGone, changes: true,
		call: func(c *cell) (int, error) { return one, c.Admin.Transfer(c.t.Context(), c.actor, c.device, "eve") }},
	{door: "Admin", method: "Import", deviceAdmin: true, hosts: true, changes: true,
		call: func(c *cell) (_ int, err error) {
			c.outcomes, err = c.Admin.Import(c.t.Context(), c.actor, []devices.DeviceRecord{{Registration: c.registration(c.fresh()), Enabled: devices.Yes}})
			return len(c.outcomes), err
		}},
	{door: "Admin", method: "ImportKeys", deviceAdmin: true, hosts: true, changes: true, quiet: true,
		call: func(c *cell) (_ int, err error) {
			c.outcomes, err = c.Admin.ImportKeys(c.t.Context(), c.actor, []devices.KeyRecord{{Device: c.device, Escrow: c.escrow(1)}})
			return len(c.outcomes), err
		}},

	{door: "Host", method: "Register", hosts: true, changes: true,
		call: func(c *cell) (int, error) {
			return one, c.Host.Register(c.t.Context(), c.actor, c.registration(c.fresh()))
		}},
	{door: "Host", method: "Register", as: "once more", hosts: true, forbids: ifIDTaken, changes: true,
		call: func(c *cell) (int, error) {
			return one, c.Host.Register(c.t.Context(), c.actor, c.registration(c.device))
		}},
	{door: "Host", method: "CheckIn", hosts: true, about: anyDevice, forbids: mayNotSignIn, changes: true, quiet: true,
		call: func(c *cell) (int, error) {
			return one, c.Host.CheckIn(c.t.Context(), c.actor, c.device, devices.Activity{OSVersion: "10.0.26100"})
		}},
	{door: "Host", method: "MayAuthenticate", hosts: true, about: anyDevice, forbids: mayNotSignIn,
		call: func(c *cell) (int, error) { return one, c.Host.MayAuthenticate(c.t.Context(), c.actor, c.device) }},
	{door: "Host", method: "Escrow", hosts: true, about: anyDevice, forbids: mayNotSignIn, itself: true, changes: true,
		call: func(c *cell) (int, error) {
			return one, c.Host.Escrow(c.t.Context(), c.actor, c.device, c.escrow(2))
		}},
	{door: "Host", method: "Rotated", hosts: true, about: anyDevice, forbids: mayNotSignIn, itself: true, changes: true,
		call: func(c *cell) (int, error) {
			return one, c.Host.Rotated(c.t.Context(), c.actor, c.device, c.key, c.escrow(3))
		}},
	{door: "Host", method: "PurgeRemoved", hosts: true, changes: true, quiet: true, empty: unlessRemoved,
		call: func(c *cell) (int, error) {
			return c.Host.PurgeRemoved(c.t.Context(), c.actor, c.owner, c.now.Add(time.Second))
		}},
}

func always(code policy.Code) func(somebody, state) policy.Code {
	return func(somebody, state) policy.Code { return code }
}

// states are all states, and how the world gets into each.
var states = []struct {
	state
	reach func(t testing.TB, w *accounttest.World)
}{
	{open("enabled"), func(testing.TB, *accounttest.World) {}},
	{device("disabled by the user", devices.DisabledByUser), deviceState(devices.DisabledByUser)},
	{device("disabled by an administrator", devices.DisabledByAdministrator), deviceState(devices.DisabledByAdministrator)},
	{device("removed", devices.Removed), deviceState(devices.Removed)},
	{device("deleted", devices.Deleted), func(t testing.TB, w *accounttest.World) {
		for _, id := range things {
			deleteDevice(t, w, w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "root", Roles: []policy.Role{policy.IntuneAdministrator}}), id)
		}
	}},
	{tenant("read-only", func(s *state) { s.locked = policy.ReadOnly }), access(devices.AreaDevices, policy.ReadOnly)},
	{tenant("off", func(s *state) { s.locked = policy.Off }), access(devices.AreaDevices, policy.Off)},
	{tenant("keys read-only", func(s *state) { s.keysLocked = policy.ReadOnly }), access(devices.AreaKeys, policy.ReadOnly)},
	{tenant("keys off", func(s *state) { s.keysLocked = policy.Off }), access(devices.AreaKeys, policy.Off)},
	{tenant("owners may not read keys", func(s *state) { s.ownersMayNotRead = true }), func(t testing.TB, w *accounttest.World) {
		set(t, w, devices.OwnersReadKeys, 0)
	}},
	{tenant("keys on known devices only", func(s *state) { s.knownOnly = true }), func(t testing.TB, w *accounttest.World) {
		set(t, w, devices.KnownDeviceOnly, 1)
	}},
	{tenant("unlicensed", func(s *state) { s.unlicensed = true }), func(t testing.TB, w *accounttest.World) {
		require.NoError(t, w.App.Admin.Policy.Require(t.Context(), w.Host, devices.AreaDevices, "P1"))
	}},
	{tenant("turned off", func(s *state) { s.turnedOff = true }), func(t testing.TB, w *accounttest.World) {
		require.NoError(t, w.App.Admin.Policy.TurnOn(t.Context(), w.Host, false))
	}},
	{tenant("a new password demanded", func(s *state) { s.demanded = true }), func(t testing.TB, w *accounttest.World) {
		for _, id := range []policy.AccountID{"ada", "bob", "eve", "gus", "pat", "root"} {
			testkit.EditStanding(t, w.DB, accounttest.Tenant, id, func(st *policy.Standing) { st.MustChangePassword = true })
		}
	}},
	{tenant("printer", func(s *state) { s.printer = true }), everyThing(func(d *devices.Device) { d.Profile = devices.Printer })},
	{tenant("autopilot", func(s *state) { s.autopilot = true }), everyThing(func(d *devices.Device) { d.Autopilot = true })},
}

func tenant(name string, edit func(*state)) state {
	s := open(name)
	edit(&s)
	return s
}

func device(name string, d devices.State) state {
	return tenant(name, func(s *state) { s.device = d })
}

// things are the devices that operations are about: ada's laptop, and for a personal account pat's tablet.
var things = []policy.DeviceID{"laptop", "tablet"}

func everyThing(edit func(*devices.Device)) func(testing.TB, *accounttest.World) {
	return func(t testing.TB, w *accounttest.World) {
		for _, id := range things {
			editDevice(t, w.DB, accounttest.Tenant, id, edit)
		}
	}
}

func deviceState(s devices.State) func(testing.TB, *accounttest.World) {
	return everyThing(func(d *devices.Device) { d.State, d.RemovedAt = s, d.RegisteredAt })
}

func access(area policy.Area, to policy.Access) func(testing.TB, *accounttest.World) {
	return func(t testing.TB, w *accounttest.World) {
		require.NoError(t, w.App.Admin.Policy.SetAccess(t.Context(), w.Host, area, to))
	}
}

// cast is one actor of the matrix.
type cast struct {
	name string
	somebody
	actor policy.Actor
}

const (
	twinTenant policy.TenantID = "fabrikam"  // has everything under the same ids
	farTenant  policy.TenantID = "northwind" // has accounts of the same ids and nothing else
)

var tenants = []policy.TenantID{accounttest.Tenant, twinTenant, farTenant}

// stage makes the world of the matrix, in the first state, and its cast.
func stage(t testing.TB) (*accounttest.World, []cast) {
	w := accounttest.New(t)
	w.Tenant(twinTenant)
	w.Tenant(farTenant)
	ada := w.Person("ada", policy.Work)
	bob, eve, root := w.Person("bob", policy.Work), w.Person("eve", policy.Work), w.Person("root", policy.Work)
	pat, gus, dora := w.Person("pat", policy.Personal), w.Person("gus", policy.Guest), w.Person("dora", policy.Work)
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "dora", policy.Disabled))
	twin, far := w.PersonIn(twinTenant, "ada", policy.Work), w.PersonIn(farTenant, "ada", policy.Work)
	w.PersonIn(twinTenant, "bob", policy.Work)
	w.PersonIn(farTenant, "eve", policy.Work)

	w.PersonIn(twinTenant, "gus", policy.Guest) // bob and gus are users of ada's laptop in each tenant
	w.PersonIn(farTenant, "bob", policy.Work)
	w.PersonIn(farTenant, "gus", policy.Guest)
	withUsers := func(r *devices.Registration) { r.Users = []policy.AccountID{"bob", "gus"} }
	n := 0
	equip := func(owner policy.Actor, id policy.DeviceID, edit ...func(*devices.Registration)) {
		w.Device(owner, id, edit...)
		for _, key := range []devices.KeyID{"key", "read"} {
			n++
			w.Key(owner.Tenant, id, devices.KeyID(id)+"-"+key, n)
		}
		_, err := w.App.Devices.Reveal(t.Context(), owner, devices.KeyID(id)+"-read")
		require.NoError(t, err)
	}
	equip(ada, "laptop", withUsers)
	equip(twin, "laptop", withUsers)
	equip(pat, "tablet")
	cleo := w.Person("cleo", policy.Work)
	w.Disable(cleo, w.Device(cleo, "lost"))
	require.NoError(t, w.DB.Policy().Update(t.Context(), func(tx policy.AdminTx) error {
		now := w.Clock.Now()
		for _, id := range tenants { // what set the stage is no part of the play
			if _, err := tx.PurgeEvents(id, now.Add(time.Second), nil, 1000); err != nil {
				return err
			}
		}
		_, err := tx.PutSession(policy.Session{Tenant: accounttest.Tenant, Account: "ada", ID: "ended", StartedAt: now, EndedAt: now})
		return err
	}))

	at := func(a policy.Actor, edit func(*policy.Actor)) policy.Actor { edit(&a); return a }
	with := func(roles ...policy.Role) policy.Actor { return at(root, func(a *policy.Actor) { a.Roles = roles }) }
	proofs := func(age time.Duration, factors ...policy.Factor) func(*policy.Actor) {
		return func(a *policy.Actor) {
			a.Proofs = nil
			for _, f := range factors {
				a.Proofs = append(a.Proofs, policy.Proof{Factor: f, At: w.Clock.Now().Add(-age)})
			}
		}
	}
	work := func(is relation) somebody { return somebody{kind: policy.Work, is: is} }
	barred := func(c policy.Code) somebody { return somebody{barred: c} }
	return w, []cast{
		{"nobody", barred(policy.CodeNoActor), policy.Actor{}},
		{"a tenant without an account", barred(policy.CodeNoActor), policy.Actor{Tenant: accounttest.Tenant}},
		{"an unknown tenant", barred(policy.CodeUnknownTenant), at(ada, func(a *policy.Actor) { a.Tenant = "nowhere" })},
		{"an unknown account", barred(policy.CodeUnknownAccount), at(ada, func(a *policy.Actor) { a.Account = "nemo" })},
		{"a disabled account", barred(policy.CodeAccountNotActive), dora},
		{"an ended session", barred(policy.CodeSessionEnded), at(ada, func(a *policy.Actor) { a.Session = "ended" })},
		{"an unknown session", barred(policy.CodeSessionEnded), at(ada, func(a *policy.Actor) { a.Session = "made-up" })},
		{"on a disabled device", barred(policy.CodeDeviceDisabled), ada.On("lost")},
		{"on an unknown device", barred(policy.CodeUnknownDevice), ada.On("made-up")},
		{"the owner", work(owner), ada},
		{"the owner on the device itself", somebody{kind: policy.Work, is: owner, from: theVeryDevice}, ada.On("laptop")},
		{"the owner with stale proof", somebody{kind: policy.Work, is: owner, unproven: policy.CodeFresherProof},
			at(ada, proofs(16*time.Minute, policy.FactorPassword, policy.FactorOTP))},
		{"the owner with a password alone", somebody{kind: policy.Work, is: owner, unproven: policy.CodeStrongerProof},
			at(ada, proofs(0, policy.FactorPassword))},
		{"the owner in a recovery session", somebody{kind: policy.Work, is: owner, unproven: policy.CodeStrongerProof},
			at(ada, proofs(0, policy.FactorRecovery))},
		{"a registered user", work(user), bob},
		{"another user of the tenant", work(stranger), eve},
		{"the same ids in another tenant", somebody{kind: policy.Work, is: owner, twin: true}, twin},
		{"the same account in an empty tenant", somebody{kind: policy.Work, elsewhere: true}, far},
		{"a guest", somebody{kind: policy.Guest, is: user}, gus},
		{"a personal account", somebody{kind: policy.Personal, is: owner}, pat},
		{"an administrator of devices", somebody{kind: policy.Work, deviceAdmin: true, keyReader: true}, with(policy.CloudDeviceAdministrator)},
		{"an administrator with stale proof", somebody{kind: policy.Work, deviceAdmin: true, keyReader: true, unproven: policy.CodeFresherProof},
			at(with(policy.GlobalAdministrator), proofs(16*time.Minute, policy.FactorPasskey))},
		{"an administrator of another tenant", somebody{kind: policy.Work, elsewhere: true, deviceAdmin: true, keyReader: true},
			at(far, func(a *policy.Actor) { a.Roles = []policy.Role{policy.GlobalAdministrator} })},
		{"the help desk", somebody{kind: policy.Work, keyReader: true}, with(policy.HelpdeskAdministrator)},
		{"a reader of security", somebody{kind: policy.Work, keyReader: true}, with(policy.SecurityReader)},
		{"an administrator of licences", work(stranger), with(policy.LicenseAdministrator, "Made-up Administrator")},
		{"the host", somebody{sort: host}, w.Host},
		{"the host for the device", somebody{sort: host, from: theVeryDevice}, w.Host.On("laptop")},
		{"the host of another tenant", somebody{sort: host, elsewhere: true}, policy.Host("test-host", farTenant)},
		{"the system", somebody{sort: system}, policy.System("setup")},
	}
}

// newCell makes the call that an actor of the cast makes.
func newCell(t testing.TB, w *accounttest.World, a cast) *cell {
	c := &cell{t: t, actor: a.actor, device: "laptop", key: "laptop-key", owner: "ada", now: w.Clock.Now(),
		Room: devices.Room{Service: w.App.Devices, Admin: w.App.Admin.Devices, Host: w.App.Host.Devices}}
	if a.actor.Account == "pat" {
		c.device, c.key, c.owner = "tablet", "tablet-key", "pat"
	}
	return c
}

func TestEveryExportedOperationHasARowInTheMatrix(t *testing.T) {
	rows := make(map[string]bool)
	for _, o := range operations {
		rows[o.door+"."+o.method] = true
	}
	for _, door := range []any{&devices.Service{}, &devices.Admin{}, &devices.Host{}} {
		of := reflect.TypeOf(door)
		for i := range of.NumMethod() {
			name := of.Elem().Name() + "." + of.Method(i).Name
			require.True(t, rows[name], "%s is exported and not in the matrix: say there who may do it", name)
			delete(rows, name)
		}
	}
	require.Empty(t, rows, "rows of operations that are none")
}

func TestWhoMayDoWhatInWhichState(t *testing.T) {
	base, actors := stage(t)
	for _, s := range states {
		w := base.Fork(t)
		s.reach(t, w)
		before := rows(t, w.DB)
		for _, o := range operations {
			t.Run(s.name+"/"+o.String(), func(t *testing.T) {
				refusing := w.Fork(t) // what is refused or only looks is played on one stage: it changes nothing
				for _, a := range actors {
					want := expect(o, a.somebody, s.state)
					on := refusing
					if o.changes && want == works {
						on = w.Fork(t)
					}
					last := lastEvent(on, tenants...)
					c := newCell(t, on, a)
					c.play(o, want, a)
					c.leaves(o, a, newer(on, last, tenants...))
					if on != refusing {
						requireSame(t, without(before, a.actor.Tenant), without(rows(t, on.DB), a.actor.Tenant),
							"%s by %s: another tenant's rows", o, a.name)
					}
				}
				requireSame(t, before, rows(t, refusing.DB), "%s: refused, and yet something changed", o)
			})
		}
	}
}

// play makes the call, and wants it to come out as the oracle says.
func (c *cell) play(o operation, want outcome, a cast) {
	c.t.Helper()
	var seen int
	seen, c.err = o.call(c)
	require.Equal(c.t, want, cameOf(seen, c.err), "%s by %s: %v", o, a.name, c.err)
	require.Equal(c.t, o.proof && o.changes && c.err == nil, !c.revealed.Empty(), "%s by %s: a key leaves with a yes and not without", o, a.name)
}

// leaves wants the call to have left the events that it must: none for a read, one for a refusal, and of a
// success at least one that says so.
func (c *cell) leaves(o operation, a cast, events []policy.Event) {
	c.t.Helper()
	switch {
	case !o.changes, c.err != nil && !hasALog(a):
		require.Empty(c.t, events, "%s by %s", o, a.name)
	case c.err != nil:
		require.Len(c.t, events, 1, "%s by %s: a refusal is recorded", o, a.name)
		require.Equal(c.t, []any{policy.Refused, codeOf(c.err), a.actor.Tenant, a.actor.Principal()},
			[]any{events[0].Outcome, events[0].Reason, events[0].Tenant, events[0].By})
	default:
		require.True(c.t, o.quiet || len(events) > 0, "%s by %s: a change leaves its event", o, a.name)
		for _, e := range events {
			require.Equal(c.t, []any{policy.Succeeded, a.actor.Principal(), events[0].Operation, a.actor.Tenant},
				[]any{e.Outcome, e.By, e.Operation, e.Tenant}, "%s by %s", o, a.name)
		}
	}
}

// cameOf is the outcome of a call.
func cameOf(seen int, err error) outcome {
	switch code := codeOf(err); {
	case code != "":
		return refused(code)
	case seen == 0:
		return nothing
	}
	return works
}

// hasALog tells whether there is a log that a refusal of this actor could stand in.
func hasALog(a cast) bool {
	return a.sort != system && a.barred != policy.CodeNoActor && a.barred != policy.CodeUnknownTenant
}

// without are the rows but those of one tenant.
func without(rows string, t policy.TenantID) string {
	var out strings.Builder
	for line := range strings.Lines(rows) {
		if !strings.Contains(line, `"tenant":"`+string(t)+`"`) {
			out.WriteString(line)
		}
	}
	return out.String()
}
