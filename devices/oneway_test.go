package devices_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// The one-way property: no sequence of calls through Service and Host, nor any import, ever brings back a
// device that was disabled, removed or deleted. [devices.Admin.Enable] alone does, and is not played.

// machine plays every operation in any order, by anybody, with good input and bad.
type machine struct {
	*accounttest.World
	t      *testing.T
	actors []policy.Actor
	admin  policy.Actor
	// lost are the devices that have gone through the door.
	lost map[policy.DeviceID]bool
	// answers are confirmations that somebody got at some time, for whatever they were.
	answers []policy.Confirmation
	serial  int
}

var (
	machineDevices = []policy.DeviceID{"one", "two", "three", "four"}
	machineKeys    = []devices.KeyID{"key-0001", "key-0002", "key-0003"}
	machinePeople  = []policy.AccountID{"ada", "pat", "gus"}
)

// machineRoom is what every machine begins as.
func machineRoom(t *testing.T) (*accounttest.World, []policy.Actor, policy.Actor) {
	w := accounttest.New(t)
	ada, pat, gus := w.Person("ada", policy.Work), w.Person("pat", policy.Personal), w.Person("gus", policy.Guest)
	admin := w.Admin("root", policy.GlobalAdministrator)
	w.Device(ada, "one", func(r *devices.Registration) { r.Users = []policy.AccountID{"pat", "gus"} })
	w.Device(pat, "two")
	w.Device(pat, "three", func(r *devices.Registration) { r.Join = devices.HybridJoined })
	w.Key(accounttest.Tenant, "one", "key-0001", 1)
	w.Key(accounttest.Tenant, "two", "key-0002", 2)
	return w, []policy.Actor{ada, pat, gus, w.Host, w.Host.On("one"), w.Host.On("two"), {}, policy.System("setup"), ada.On("one"), pat.On("two")}, admin
}

func (m *machine) device(rt *rapid.T) policy.DeviceID {
	return rapid.SampledFrom(append([]policy.DeviceID{"", "no-such", "one\x00", "\xff"}, machineDevices...)).Draw(rt, "device")
}

func (m *machine) key(rt *rapid.T) devices.KeyID {
	return rapid.SampledFrom(append([]devices.KeyID{"", "fresh"}, machineKeys...)).Draw(rt, "key")
}

func (m *machine) actor(rt *rapid.T) policy.Actor {
	a := rapid.SampledFrom(m.actors).Draw(rt, "actor")
	if a.Account != "" {
		a = m.SignIn(a)
	}
	return a
}

// yes is a confirmation from anywhere: none, made up, or one that somebody was given.
func (m *machine) yes(rt *rapid.T) policy.Confirmation {
	return rapid.SampledFrom(append([]policy.Confirmation{"", "yes"}, m.answers...)).Draw(rt, "yes")
}

func (m *machine) note(yes policy.Confirmation, err error) {
	if err == nil {
		m.answers = append(m.answers, yes)
	}
}

func (m *machine) gone(id policy.DeviceID, err error) {
	if err == nil {
		m.lost[id] = true
	}
}

func (m *machine) registration(rt *rapid.T) devices.Registration {
	return devices.Registration{ID: m.device(rt), Owner: rapid.SampledFrom(append([]policy.AccountID{"", "nobody"}, machinePeople...)).Draw(rt, "owner"),
		Users: rapid.SliceOfN(rapid.SampledFrom(machinePeople), 0, 2).Draw(rt, "users"), Name: "anew", OS: "Windows",
		Join:    devices.JoinType(rapid.Uint8Range(0, 4).Draw(rt, "join")),
		Profile: devices.Profile(rapid.Uint8Range(0, 2).Draw(rt, "profile"))}
}

func (m *machine) escrow(rt *rapid.T) devices.Escrow {
	m.serial++
	return devices.Escrow{ID: m.key(rt), Password: secret.NewText(rapid.SampledFrom([]string{"", "123456",
		accounttest.RecoveryPassword(1), accounttest.RecoveryPassword(m.serial)}).Draw(rt, "password"))}
}

// moves are all calls. Whether one is refused is no matter here: what counts is what it leads to.
func (m *machine) moves() map[string]func(*rapid.T) {
	s, h, a, ctx := m.App.Devices, m.App.Host.Devices, m.App.Admin.Devices, m.t.Context()
	return map[string]func(*rapid.T){
		"list": func(rt *rapid.T) { _, _ = s.List(ctx, m.actor(rt), devices.Query{Disabled: true}) },
		"get":  func(rt *rapid.T) { _, _ = s.Get(ctx, m.actor(rt), m.device(rt)) },
		"recognize": func(rt *rapid.T) {
			_ = s.Recognize(ctx, m.actor(rt), m.device(rt), devices.Recognition(rapid.Uint8Range(0, 3).Draw(rt, "as")))
		},
		"ask to disable": func(rt *rapid.T) {
			_, yes, err := s.AskDisable(ctx, m.actor(rt), m.device(rt))
			m.note(yes, err)
		},
		"disable": func(rt *rapid.T) {
			id := m.device(rt)
			m.gone(id, s.Disable(ctx, m.actor(rt), id, m.yes(rt)))
		},
		"ask and disable": func(rt *rapid.T) {
			actor, id := m.actor(rt), m.device(rt)
			_, yes, _ := s.AskDisable(ctx, actor, id)
			m.gone(id, s.Disable(ctx, actor, id, yes))
		},
		"ask to remove": func(rt *rapid.T) {
			_, yes, err := s.AskRemove(ctx, m.actor(rt), m.device(rt))
			m.note(yes, err)
		},
		"remove": func(rt *rapid.T) {
			id := m.device(rt)
			m.gone(id, s.Remove(ctx, m.actor(rt), id, m.yes(rt)))
		},
		"reveal":    func(rt *rapid.T) { _, _ = s.Reveal(ctx, m.actor(rt), m.key(rt)) },
		"list keys": func(rt *rapid.T) { _, _ = s.RecoveryKeys(ctx, m.actor(rt), m.device(rt), devices.KeyQuery{}) },
		"register":  func(rt *rapid.T) { _ = h.Register(ctx, m.actor(rt), m.registration(rt)) },
		"check in": func(rt *rapid.T) {
			_ = h.CheckIn(ctx, m.actor(rt), m.device(rt), devices.Activity{OSVersion: "11", Compliant: devices.Answer(rapid.Uint8Range(0, 3).Draw(rt, "compliant"))})
		},
		"may authenticate": func(rt *rapid.T) { _ = h.MayAuthenticate(ctx, m.actor(rt), m.device(rt)) },
		"escrow":           func(rt *rapid.T) { _ = h.Escrow(ctx, m.actor(rt), m.device(rt), m.escrow(rt)) },
		"rotated":          func(rt *rapid.T) { _ = h.Rotated(ctx, m.actor(rt), m.device(rt), m.key(rt), m.escrow(rt)) },
		"purge": func(rt *rapid.T) {
			_, _ = h.PurgeRemoved(ctx, m.actor(rt), rapid.SampledFrom(machinePeople).Draw(rt, "of"), m.Clock.Now())
		},
		"time goes by": func(rt *rapid.T) {
			m.Clock.Advance(time.Duration(rapid.IntRange(-60, 24*60).Draw(rt, "minutes")) * time.Minute)
		},

		// What administrators may do besides enabling is no way back either.
		"an administrator imports": func(rt *rapid.T) {
			_, _ = a.Import(ctx, m.host(rt), []devices.DeviceRecord{{Registration: m.registration(rt), Enabled: devices.Yes, LastSignInAt: m.Clock.Now()}})
		},
		"an administrator imports keys": func(rt *rapid.T) {
			_, _ = a.ImportKeys(ctx, m.host(rt), []devices.KeyRecord{{Device: m.device(rt), Escrow: m.escrow(rt)}})
		},
		"an administrator registers": func(rt *rapid.T) { _ = a.Register(ctx, m.host(rt), m.registration(rt)) },
		"an administrator transfers": func(rt *rapid.T) {
			_ = a.Transfer(ctx, m.host(rt), m.device(rt), rapid.SampledFrom(machinePeople).Draw(rt, "to"))
		},
		"an administrator disables": func(rt *rapid.T) {
			id := m.device(rt)
			m.gone(id, a.Disable(ctx, m.host(rt), id))
		},
		"an administrator deletes": func(rt *rapid.T) {
			id := m.device(rt)
			_, yes, _ := a.AskDelete(ctx, m.admin, id)
			m.gone(id, a.Delete(ctx, m.admin, id, yes))
		},
	}
}

// host is the host, on its own or for a device.
func (m *machine) host(rt *rapid.T) policy.Actor {
	return rapid.SampledFrom([]policy.Actor{m.Host, m.Host.On("one"), m.admin}).Draw(rt, "by")
}

// nothingCameBack looks at every lost device through every door that shows whether it is enabled.
func (m *machine) nothingCameBack(rt *rapid.T) {
	ctx := m.t.Context()
	for id := range m.lost {
		require.Error(rt, m.App.Host.Devices.MayAuthenticate(ctx, m.Host, id), "%s may authenticate", id)
		require.Error(rt, m.App.Host.Devices.CheckIn(ctx, m.Host, id, devices.Activity{}), "%s may check in", id)
		d, err := m.App.Admin.Devices.Get(ctx, m.Host, id)
		require.False(rt, err == nil && d.State == devices.Enabled, "%s is enabled", id)
		for _, person := range machinePeople[:2] {
			actor := m.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: person})
			_, err := m.App.Devices.List(ctx, actor.On(id), devices.Query{})
			require.Equal(rt, policy.CodeDeviceDisabled, codeOf(err), "%s lets %s act", id, person)
			list, err := m.App.Devices.List(ctx, actor, devices.Query{Disabled: true, Removed: true})
			require.NoError(rt, err)
			for _, i := range list.Items {
				require.False(rt, i.ID == id && i.State == devices.Enabled, "%s shows %s enabled", person, id)
			}
		}
	}
}

func TestNoSequenceOfCallsBringsALostDeviceBack(t *testing.T) {
	base, actors, admin := machineRoom(t)
	lost := 0
	for range 3 {
		rapid.Check(t, func(rt *rapid.T) {
			m := &machine{World: base.Fork(t), t: t, actors: actors, admin: admin, lost: make(map[policy.DeviceID]bool)}
			moves := m.moves()
			moves[""] = m.nothingCameBack // after every move
			rt.Repeat(moves)
			lost += len(m.lost)
		})
	}
	require.NotZero(t, lost, "no device was ever lost: the sequences prove nothing")
}

func TestOnlyAnAdministratorBringsADisabledDeviceBack(t *testing.T) {
	w, _, admin := machineRoom(t)
	ada := w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "ada"})
	w.Disable(ada, "one")
	require.NoError(t, w.App.Admin.Devices.Enable(t.Context(), admin, "one"))
	require.NoError(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, "one"))
	_, err := w.App.Devices.List(t.Context(), ada.On("one"), devices.Query{})
	require.NoError(t, err)
}
