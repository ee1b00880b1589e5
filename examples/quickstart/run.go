package main

import (
	"cmp"
	"context"
	"embed"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/examples/internal/export"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

//go:embed sample
var sample embed.FS

const sampleName = "the sample"

const tenant policy.TenantID = "contoso"

// options are what the command line says.
type options struct {
	data  string // the directory of an export; empty for the sample
	json  bool
	clock func() time.Time
}

// demo is the library, assembled, and who acts in it.
type demo struct {
	app    *myaccount.Account
	export *export.Export
	clock  func() time.Time

	host   policy.Actor // this program
	person policy.Actor // whose account it is
	admin  policy.Actor
	names  map[string]string // of accounts and devices, by their ids

	mine []item // the person's devices

	in   io.Reader // nil if nobody is there to answer
	show *printer
}

// run tells the whole story.
func run(ctx context.Context, in io.Reader, out io.Writer, o options) error {
	data, err := openExport(o.data)
	if err != nil {
		return err
	}
	if o.data == "" {
		o.clock = sampleClock()
	}
	// The library needs a store and something that seals secrets. That is all.
	ring, err := secret.NewKeyRing(secret.NewKey("quickstart"))
	if err != nil {
		return err
	}
	app, err := myaccount.New(memstore.New(), ring, myaccount.WithPolicy(policy.WithClock(o.clock)))
	if err != nil {
		return err
	}
	d := &demo{app: app, export: data, clock: o.clock, in: in, show: &printer{out: out, json: o.json}, names: make(map[string]string)}
	for _, chapter := range []func(context.Context) error{d.people, d.importDevices, d.devices, d.disable, d.recoveryKeys, d.signIns, d.events} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return d.show.err
}

// openExport reads what is in a directory, or in the built-in sample if dir is empty.
func openExport(dir string) (*export.Export, error) {
	if dir != "" {
		return export.Open(dir, export.Options{})
	}
	files, err := fs.Sub(sample, "sample")
	if err != nil {
		return nil, err
	}
	return export.From(sampleName, files, export.Options{})
}

// sampleClock stands where the sample ends, and goes on by a second whenever it is read.
func sampleClock() func() time.Time {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

// people makes a tenant and the accounts of which the export tells.
func (d *demo) people(ctx context.Context) error {
	d.host = policy.Host("quickstart", tenant)
	if err := d.app.Admin.Policy.CreateTenant(ctx, policy.System("quickstart"), tenant); err != nil {
		return err
	}
	d.show.title("Import of %s into the tenant %s", d.export.Name, tenant)
	if err := d.export.ImportPeople(ctx, d.app, d.host, d.show.report); err != nil {
		return err
	}
	if err := d.app.Host.Accounts.Provision(ctx, d.host, "carol", policy.Work); err != nil {
		return err
	}
	people := append(d.export.People(), msgraph.Person{ID: "carol", DisplayName: "Carol"})
	for _, p := range people {
		d.names[string(p.ID)] = cmp.Or(p.DisplayName, string(p.ID))
	}
	d.person = d.signIn(people[0].ID)
	d.admin = d.signIn("carol", policy.GlobalAdministrator)
	return d.app.Admin.Policy.SetContact(ctx, d.admin, "the help desk, extension 4711")
}

// signIn gives the actor of somebody who has just proven a password and a one-time code. A real program fills
// it from its own session or from the claims of a verified token.
func (d *demo) signIn(account policy.AccountID, roles ...policy.Role) policy.Actor {
	now := d.clock()
	return policy.Actor{Tenant: tenant, Account: account, Roles: roles, SignedInAt: now,
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: now}, {Factor: policy.FactorOTP, At: now}}}
}

func (d *demo) importDevices(ctx context.Context) error {
	return d.export.ImportDevices(ctx, d.app, d.host, d.show.report)
}

// item is a device with the recovery keys that the person may know of.
type item struct {
	devices.Item
	keys []devices.KeyInfo
}

func (d *demo) devices(ctx context.Context) error {
	list, err := d.app.Devices.List(ctx, d.person, devices.Query{Disabled: true})
	if err != nil {
		return err
	}
	for _, i := range list.Items {
		keys, err := d.app.Devices.RecoveryKeys(ctx, d.person, i.ID, devices.KeyQuery{})
		if err != nil {
			return err
		}
		d.mine = append(d.mine, item{i, keys.Items})
		d.names[string(i.ID)] = i.Name
	}
	d.show.devices(d.who(), d.mine)
	return nil
}

// who is the person's name.
func (d *demo) who() string { return d.names[string(d.person.Account)] }

func (d *demo) disable(ctx context.Context) error {
	at := slices.IndexFunc(d.mine, func(i item) bool { return i.Disable.Allowed })
	if at < 0 {
		d.show.note("There is no device that %s may disable.", d.who())
		return nil
	}
	lost := d.mine[at]
	preview, confirmation, err := d.app.Devices.AskDisable(ctx, d.person, lost.ID)
	if err != nil {
		return err
	}
	yes, err := d.show.ask(preview, d.in)
	if err != nil || !yes {
		return err
	}
	return d.show.steps(
		did(d.who()+" disables "+title(lost), d.app.Devices.Disable(ctx, d.person, lost.ID, confirmation)),
		did(title(lost)+" wants to sign in", d.app.Host.Devices.MayAuthenticate(ctx, d.host, lost.ID)),
		did(d.who()+" wants to enable it", d.app.Admin.Devices.Enable(ctx, d.person, lost.ID)),
		did("Carol, an administrator, enables it", d.app.Admin.Devices.Enable(ctx, d.admin, lost.ID)),
		did(title(lost)+" wants to sign in", d.app.Host.Devices.MayAuthenticate(ctx, d.host, lost.ID)),
	)
}

func (d *demo) recoveryKeys(ctx context.Context) error {
	at := slices.IndexFunc(d.mine, func(i item) bool {
		return i.State == devices.Enabled && len(i.keys) > 0 && i.keys[0].Reveal.Allowed
	})
	if at < 0 {
		d.show.note("There is no recovery key that %s may read.", d.who())
		return nil
	}
	locked := d.mine[at]
	d.show.keys(locked)

	elsewhere, where := d.elsewhere(locked)
	key := locked.keys[0].ID
	_, onItself := d.app.Devices.Reveal(ctx, d.person.On(locked.ID), key)
	password, read := d.app.Devices.Reveal(ctx, elsewhere, key)
	lock := d.app.Admin.Policy.Lock(ctx, d.admin, devices.AreaKeys)
	_, onceLocked := d.app.Devices.Reveal(ctx, elsewhere, key)
	return d.show.steps(
		did(d.who()+" reads the first key on "+title(locked)+" itself", onItself),
		step{what: d.who() + " reads it on " + where, err: read, key: password.Reveal()},
		did("Carol locks recovery keys for the organization", lock),
		did(d.who()+" reads it on "+where, onceLocked),
	)
}

// elsewhere is the person on another of their devices, or on one that is not registered.
func (d *demo) elsewhere(than item) (policy.Actor, string) {
	for _, i := range d.mine {
		if i.ID != than.ID && i.Owner == d.person.Account && i.State == devices.Enabled && i.Profile == devices.RegisteredDevice {
			return d.person.On(i.ID), title(i)
		}
	}
	return d.person, "a borrowed phone"
}

// events shows what all this left, the oldest first.
func (d *demo) events(ctx context.Context) error {
	const most = 50
	list, err := d.app.Log.All(ctx, d.host, store.Page{Size: most})
	if err != nil {
		return err
	}
	slices.Reverse(list.Items)
	d.show.events(list.Items, d.names, list.Next != "")
	return nil
}
