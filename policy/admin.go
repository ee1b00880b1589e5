package policy

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/seed4b20689c/myaccount/store"
)

// Admin is the door for those who set a tenant's policy. Every change leaves its event.
type Admin struct {
	guard    *Guard
	store    store.Store[AdminTx]
	areas    []Area
	settings []Setting
}

// NewAdmin makes the door. areas and settings are those of the host's rooms (each room exports its own);
// this package's own ([OwnSettings]) are known besides. What nobody knows is refused as a mistake.
func NewAdmin(g *Guard, s store.Store[AdminTx], areas []Area, settings []Setting) *Admin {
	return &Admin{guard: g, store: s, areas: areas, settings: append(OwnSettings(), settings...)}
}

// Areas are what [Admin.SetAccess] takes: those of the rooms in use, for a page that lists them. They say nothing of any
// tenant, and need no actor.
func (a *Admin) Areas() []Area { return slices.Clone(a.areas) }

// Known are the settings that [Admin.Set] takes: those of the rooms in use and this package's own.
func (a *Admin) Known() []Setting { return slices.Clone(a.settings) }

// CreateTenant makes a tenant, turned on, with every area open and no licence. Only [System] may.
func (a *Admin) CreateTenant(ctx context.Context, actor Actor, id TenantID) error {
	if err := CheckID("tenant", id); err != nil {
		return err
	}
	_, err := Do(ctx, a.guard, a.store, actor, createTenant, On("tenant", id), "",
		func(tx AdminTx, _ *Op, _ Settings) (struct{}, Change, error) {
			rev, err := tx.PutSettings(Settings{Tenant: id, TurnedOn: true})
			return struct{}{}, Change{Revision: rev}, err
		})
	return err
}

// Settings reads the tenant's settings.
func (a *Admin) Settings(ctx context.Context, actor Actor) (Settings, error) {
	return Look(ctx, a.guard, a.store, actor, readSettings, Target{},
		func(_ AdminTx, _ *Op, s Settings) (Settings, error) { return s, nil })
}

// SetAccess sets how far an area is open to the tenant's people.
func (a *Admin) SetAccess(ctx context.Context, actor Actor, area Area, to Access) error {
	if !slices.Contains(a.areas, area) {
		return &Invalid{"area", fmt.Sprintf("%q is no area of the rooms in use; want one of %q", area, a.areas)}
	}
	if _, known := accessNames[to]; !known {
		return &Invalid{"access", "is none of Off, ReadOnly and Edit"}
	}
	return a.change(ctx, actor, setAccess, On("area", area), to.String(),
		func(s Settings) Settings { return s.WithAccess(area, to) })
}

// Lock sets an area to ReadOnly.
func (a *Admin) Lock(ctx context.Context, actor Actor, area Area) error {
	return a.SetAccess(ctx, actor, area, ReadOnly)
}

// Unlock sets an area to Edit.
func (a *Admin) Unlock(ctx context.Context, actor Actor, area Area) error {
	return a.SetAccess(ctx, actor, area, Edit)
}

// TurnOn turns the experience on or off for all of the tenant's people. Administrators are not affected.
func (a *Admin) TurnOn(ctx context.Context, actor Actor, on bool) error {
	return a.change(ctx, actor, setTurnedOn, Target{}, strconv.FormatBool(on),
		func(s Settings) Settings { s.TurnedOn = on; return s })
}

// Grant gives the tenant a licence.
func (a *Admin) Grant(ctx context.Context, actor Actor, l License) error {
	return a.license(ctx, actor, l, true)
}

// Withdraw takes a licence away.
func (a *Admin) Withdraw(ctx context.Context, actor Actor, l License) error {
	return a.license(ctx, actor, l, false)
}

func (a *Admin) license(ctx context.Context, actor Actor, l License, granted bool) error {
	if err := CheckID("license", l); err != nil {
		return err
	}
	return a.change(ctx, actor, setLicense, On("license", l), strconv.FormatBool(granted),
		func(s Settings) Settings { return s.WithLicense(l, granted) })
}

// Require demands a licence for an area, on top of what its rules ask; an empty licence demands none.
// Only a [Host] may: what an area costs is the seller's business and not the tenant's.
func (a *Admin) Require(ctx context.Context, actor Actor, area Area, l License) error {
	if !slices.Contains(a.areas, area) {
		return &Invalid{"area", fmt.Sprintf("%q is no area of the rooms in use; want one of %q", area, a.areas)}
	}
	if l != "" {
		if err := CheckID("license", l); err != nil {
			return err
		}
	}
	return a.change(ctx, actor, setNeed, On("area", area), string(l),
		func(s Settings) Settings { return s.WithNeed(area, l) })
}

// MaxContact is the longest administrator contact in code points.
const MaxContact = 256

// SetContact sets whom refusals tell people to ask: text as [CheckText] has it, of at most [MaxContact] code points, or else
// an [Invalid].
func (a *Admin) SetContact(ctx context.Context, actor Actor, contact string) error {
	if err := CheckText("contact", contact, MaxContact); err != nil {
		return err
	}
	return a.change(ctx, actor, setContact, Target{}, contact,
		func(s Settings) Settings { s.Contact = contact; return s })
}

// Set sets a room's number or switch within the setting's bounds. It is refused while the tenant lacks a licence that it
// needs for [Setting.Area]; what was set before goes on to hold.
func (a *Admin) Set(ctx context.Context, actor Actor, of Setting, value int) error {
	if !slices.Contains(a.settings, of) {
		return &Invalid{"setting", fmt.Sprintf("%q is no setting of the rooms in use", of.Name)}
	}
	if err := of.check(value); err != nil {
		return err
	}
	return a.change(ctx, actor, of.sets(), On("setting", of.Name), strconv.Itoa(value),
		func(s Settings) Settings { return s.WithValue(of, value) })
}

func (a *Admin) change(ctx context.Context, actor Actor, sp *Spec[AdminTx, Settings], t Target, to string, fn func(Settings) Settings) error {
	_, err := Do(ctx, a.guard, a.store, actor, sp, t, "",
		func(tx AdminTx, _ *Op, s Settings) (struct{}, Change, error) {
			rev, err := tx.PutSettings(fn(s))
			return struct{}{}, Change{Revision: rev, Facts: []Fact{{"to", to}}}, err
		})
	return err
}
