package main

import (
	"net/http"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

func (p *portal) devices(r *http.Request, me policy.Actor) (any, error) {
	return p.app.Devices.List(r.Context(), me, devices.Query{Disabled: true, Page: store.Page{Size: 25, After: store.Cursor(r.FormValue("after"))}})
}

// onDevice is a device with its recovery keys. Where keys are not shown, Keys is empty and the device says why.
type onDevice struct {
	devices.Item
	Keys []devices.KeyInfo
}

func (p *portal) device(r *http.Request, me policy.Actor) (any, error) {
	item, err := p.app.Devices.Get(r.Context(), me, deviceOf(r))
	if err != nil || !item.Keys.Allowed {
		return &onDevice{Item: item}, err
	}
	keys, err := p.app.Devices.RecoveryKeys(r.Context(), me, item.ID, devices.KeyQuery{Page: store.Page{Size: store.MaxPageSize}})
	return &onDevice{item, keys.Items}, err
}

func (p *portal) recognize(r *http.Request, me policy.Actor) error {
	as := devices.Mine
	if r.PostFormValue("mine") == "no" {
		as = devices.NotRecognized
	}
	return p.app.Devices.Recognize(r.Context(), me, deviceOf(r), as)
}

func (p *portal) disable(r *http.Request, me policy.Actor) error {
	return p.app.Devices.Disable(r.Context(), me, deviceOf(r), yes(r))
}

func (p *portal) remove(r *http.Request, me policy.Actor) (then, error) {
	return then{}, p.app.Devices.Remove(r.Context(), me, deviceOf(r), yes(r))
}

// revealed is a recovery key, on the page that shows it once.
type revealed struct {
	ID  devices.KeyID
	Key secret.Text
}

func (p *portal) reveal(r *http.Request, me policy.Actor) (any, error) {
	id := devices.KeyID(r.PathValue("key"))
	key, err := p.app.Devices.Reveal(r.Context(), me, id)
	return revealed{id, key}, err
}

func deviceOf(r *http.Request) policy.DeviceID { return policy.DeviceID(r.PathValue("device")) }

// yes is the person's Yes to what they were shown. Without it the library answers with what to show.
func yes(r *http.Request) policy.Confirmation {
	return policy.Confirmation(r.PostFormValue("confirm"))
}
