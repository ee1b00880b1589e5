package main

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// onSettings is what the administrator's page shows: what there is to set, and how it is set.
type onSettings struct {
	policy.Settings
	Areas  []policy.Area
	Values []policy.Setting
}

func (p *portal) settings(r *http.Request, me policy.Actor) (any, error) {
	now, err := p.app.Admin.Policy.Settings(r.Context(), me)
	return onSettings{now, p.app.Admin.Policy.Areas(), p.app.Admin.Policy.Known()}, err
}

func (p *portal) setAccess(r *http.Request, me policy.Actor) error {
	var to policy.Access
	if err := to.UnmarshalText([]byte(r.PostFormValue("to"))); err != nil {
		return &policy.Invalid{Field: "to", Problem: err.Error()}
	}
	return p.app.Admin.Policy.SetAccess(r.Context(), me, policy.Area(r.PostFormValue("area")), to)
}

func (p *portal) setLicence(r *http.Request, me policy.Actor) error {
	licence := policy.License(r.PostFormValue("licence"))
	if r.PostFormValue("has") == "" {
		return p.app.Admin.Policy.Withdraw(r.Context(), me, licence)
	}
	return p.app.Admin.Policy.Grant(r.Context(), me, licence)
}

func (p *portal) setValue(r *http.Request, me policy.Actor) error {
	known := p.app.Admin.Policy.Known()
	at := slices.IndexFunc(known, func(s policy.Setting) bool { return s.Name == r.PostFormValue("name") })
	value, err := strconv.Atoi(r.PostFormValue("value"))
	if at < 0 || err != nil {
		return &policy.Invalid{Field: "value", Problem: "is no number of a setting that there is"}
	}
	return p.app.Admin.Policy.Set(r.Context(), me, known[at], value)
}

func (p *portal) setContact(r *http.Request, me policy.Actor) error {
	return p.app.Admin.Policy.SetContact(r.Context(), me, r.PostFormValue("contact"))
}

func (p *portal) turnOn(r *http.Request, me policy.Actor) error {
	return p.app.Admin.Policy.TurnOn(r.Context(), me, r.PostFormValue("on") != "")
}

// people are those of the demo: the library knows accounts, and the host who there is.
func (p *portal) people(r *http.Request, me policy.Actor) (any, error) {
	_, err := p.app.Admin.Policy.Settings(r.Context(), me) // whoever may not see these is told so
	return p.everybody, err
}

// onPerson is what an administrator sees of somebody.
type onPerson struct {
	account.Profile
	State   policy.State
	Devices []devices.Device
}

// Acts are what an administrator may want to do with the account.
func (o onPerson) Acts() []tab {
	acts := []tab{{"disable", "Disable the account"}, {"sign-out", "Sign out everywhere"}, {"unlock", "Unlock the password"}}
	if o.State == policy.Disabled {
		acts[0] = tab{"enable", "Enable the account"}
	}
	return acts
}

func (p *portal) person(r *http.Request, me policy.Actor) (any, error) {
	profile, err := p.app.Admin.Account.Profile(r.Context(), me, personOf(r))
	if err != nil {
		return nil, err
	}
	standing, err := p.app.Host.Accounts.Account(r.Context(), p.host, personOf(r))
	if err != nil {
		return nil, err
	}
	list, err := p.app.Admin.Devices.DevicesOf(r.Context(), me, personOf(r), store.Page{Size: store.MaxPageSize})
	return onPerson{profile, standing.State, list.Items}, err
}

func (p *portal) enableAccount(r *http.Request, me policy.Actor) error {
	return p.app.Admin.Account.Enable(r.Context(), me, personOf(r))
}

func (p *portal) disableAccount(r *http.Request, me policy.Actor) error {
	return p.app.Admin.Account.Disable(r.Context(), me, personOf(r))
}

func (p *portal) signOutPerson(r *http.Request, me policy.Actor) error {
	return p.app.Admin.SignIns.SignOut(r.Context(), me, personOf(r))
}

func (p *portal) unlockPassword(r *http.Request, me policy.Actor) error {
	return p.app.Admin.Account.UnlockPassword(r.Context(), me, personOf(r))
}

func (p *portal) enableDevice(r *http.Request, me policy.Actor) error {
	return p.app.Admin.Devices.Enable(r.Context(), me, deviceOf(r))
}

func (p *portal) disableDevice(r *http.Request, me policy.Actor) error {
	return p.app.Admin.Devices.Disable(r.Context(), me, deviceOf(r))
}

func personOf(r *http.Request) policy.AccountID { return policy.AccountID(r.PathValue("person")) }

// licence is one that some area needs or that the tenant has.
type licence struct {
	Name policy.License
	Has  bool
}

// Licences are all of these.
func (o onSettings) Licences() (out []licence) {
	names := o.Licenses()
	for _, area := range o.Areas {
		names = append(names, o.Needs(area))
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name != "" {
			out = append(out, licence{name, o.Has(name)})
		}
	}
	return out
}
