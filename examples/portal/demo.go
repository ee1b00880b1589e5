package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/examples/internal/export"
	"github.com/seed4b20689c/myaccount/examples/portal/sample"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// demo is what a host has of its own: the library, assembled; who it is; and what it knows of people. Here it is made
// up.
type demo struct {
	app  *myaccount.Account
	host policy.Actor
	mail *mailbox

	everybody []msgraph.Person
	roles     map[policy.AccountID][]policy.Role // of administrators
	phones    map[policy.AccountID]string        // that codes for proving more go to
	Password  secret.Text                        // everybody's
	Hints     []hinted
	left      []string // what of the data was not taken
}

// hinted is somebody to sign in as.
type hinted struct{ Name, What string }

const (
	tenant policy.TenantID  = "contoso"
	atHome policy.AccountID = "lin" // who has a personal account
)

// Licences that the demonstration sells.
const (
	premium  policy.License = "AAD_PREMIUM"
	premium2 policy.License = "AAD_PREMIUM_P2"
)

func newDemo(ctx context.Context, data, password string) (*demo, error) {
	ring, err := secret.NewKeyRing(secret.NewKey(rand.Text()))
	if err != nil {
		return nil, err
	}
	d := &demo{mail: &mailbox{}, host: policy.Host("portal", tenant), roles: make(map[policy.AccountID][]policy.Role),
		phones: make(map[policy.AccountID]string), Password: secret.NewText(password)}
	if password == "" {
		d.Password = secret.NewText(strings.ToLower(rand.Text()))
	}
	if d.app, err = myaccount.New(memstore.New(), ring, myaccount.WithSender(d.mail)); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{d.makeTenant, func(ctx context.Context) error { return d.load(ctx, data) }, d.makeOthers, d.letIn} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// makeTenant makes an organization that opens photo and mobile phone, and where a licence is missing.
func (d *demo) makeTenant(ctx context.Context) error {
	admin := d.app.Admin
	return errors.Join(
		admin.Policy.CreateTenant(ctx, policy.System("setup"), tenant),
		admin.Policy.SetContact(ctx, d.host, "the help desk at help@contoso.example"),
		admin.Policy.Require(ctx, d.host, signins.AreaHistory, premium),
		admin.Policy.Require(ctx, d.host, signins.AreaRisk, premium2),
		admin.Policy.Grant(ctx, d.host, premium),
		admin.Account.SetSchema(ctx, d.host, account.EntraDefaults()))
}

// load brings the directory's export: of a folder, or the one that is built in, as if it had been made an hour ago.
func (d *demo) load(ctx context.Context, dir string) error {
	options := export.Options{ShiftTo: time.Now().Add(-time.Hour), ProvenAt: time.Now()}
	exported, err := export.From("the sample", sample.Files, options)
	if dir != "" {
		exported, err = export.Open(dir, options)
	}
	if err != nil {
		return err
	}
	err = exported.Import(ctx, d.app, d.host, func(file string, r msgraph.Report) {
		if r.Refused > 0 {
			d.left = append(d.left, fmt.Sprintf("%s: %s", file, r))
		}
	})
	// Devices and sign-ins name people as well who are no users any more, or whose record was refused.
	d.everybody = slices.DeleteFunc(exported.People(), func(p msgraph.Person) bool {
		_, err := d.app.Host.Account.Identifiers(ctx, d.host, p.ID)
		return refusedFor(err, policy.CodeNotFound)
	})
	d.hint(dir == "")
	return err
}

// hint chooses whom to sign in as. Who administers is the host's to say: Carol of the sample, or whoever an export names
// last.
func (d *demo) hint(isSample bool) {
	boss := len(d.everybody) - 1
	for i, p := range d.everybody {
		name := or(p.UserPrincipalName, string(p.ID))
		switch {
		case isSample && p.ID == sample.Carol, !isSample && i == boss:
			d.roles[p.ID] = []policy.Role{policy.GlobalAdministrator}
			d.Hints = append(d.Hints, hinted{name, "a Global Administrator"})
		case isSample && p.ID == sample.Ada, !isSample && i == 0:
			d.Hints = append(d.Hints, hinted{name, "a work account"})
		}
	}
}

// makeOthers makes a personal account: those are in no directory.
func (d *demo) makeOthers(ctx context.Context) error {
	doors, proven := d.app.Host, time.Now()
	d.everybody = append(d.everybody, msgraph.Person{ID: atHome, DisplayName: "Lin", UserPrincipalName: "lin@home.example"})
	d.Hints = append(d.Hints, hinted{"lin@home.example", "a personal account"})
	return errors.Join(
		doors.Accounts.Provision(ctx, d.host, atHome, policy.Personal),
		doors.Account.PutProfile(ctx, d.host, account.Profile{Account: atHome, DisplayName: "Lin", Language: "en-GB", Region: "GB", TimeZone: "Europe/London"}),
		doors.Account.AddIdentifier(ctx, d.host, account.NewIdentifier{Account: atHome, Kind: account.Email, Text: "lin@home.example", Primary: true, ProvenAt: proven}),
		doors.Devices.Register(ctx, d.host, devices.Registration{ID: "lin-tablet", Owner: atHome, Name: "Lin’s tablet", OS: "Android", OSVersion: "15", Join: devices.Registered}),
		doors.Devices.Register(ctx, d.host, devices.Registration{ID: "lin-laptop", Owner: atHome, Name: "Old laptop", OS: "Windows", OSVersion: "10.0.19045", Join: devices.Registered}))
}

// letIn gives everybody a password, a phone, and a name to sign in with.
func (d *demo) letIn(ctx context.Context) error {
	hasher, err := secret.NewHasher(secret.DefaultParams, 1)
	if err != nil {
		return err
	}
	hash, err := hasher.Hash(ctx, d.Password)
	if err != nil {
		return err
	}
	for i, p := range d.everybody {
		d.phones[p.ID] = fmt.Sprintf("+44 7700 900%03d", i%1000) // numbers that are nobody's
		// As from another system that people come from: who gets a password from a host has to change it at once.
		if err := d.app.Host.Account.ImportHash(ctx, d.host, p.ID, hash); err != nil {
			return fmt.Errorf("%s: %w", p.ID, err)
		}
		names, err := d.app.Host.Account.Identifiers(ctx, d.host, p.ID)
		if err == nil && len(names) == 0 {
			err = d.app.Host.Account.AddIdentifier(ctx, d.host, account.NewIdentifier{Account: p.ID, Kind: account.UserName, Text: string(p.ID)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// greeting tells how to sign in.
func (d *demo) greeting(address string) string {
	lines := []string{"My Account is at " + address, "", "Everybody’s password is " + d.Password.Reveal()}
	for _, h := range d.Hints {
		lines = append(lines, fmt.Sprintf("  %-32s %s", h.Name, h.What))
	}
	lines = append(lines, d.left...)
	return strings.Join(append(lines, "", "What would be sent to phones and addresses is shown at "+address+"/mailbox", ""), "\n")
}
