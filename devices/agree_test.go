package devices_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// A portal greys out what may not be done, so asking must answer what doing does: in whatever world, for
// whomever. What is drawn leans towards yes, so that each obstacle also stands alone.

// scene is a world that was drawn, with somebody in it and a device and its key.
type scene struct {
	*accounttest.World
	actor policy.Actor
}

const (
	sceneDevice policy.DeviceID = "target"
	sceneKey    devices.KeyID   = "the-key"
)

// auditorium is what all scenes begin as.
func auditorium(t testing.TB) *accounttest.World {
	w := accounttest.New(t)
	for account, kind := range map[policy.AccountID]policy.Kind{"ada": policy.Work, "bob": policy.Work, "pat": policy.Personal,
		"gus": policy.Guest, "zoe": policy.Work} {
		w.Person(account, kind)
	}
	bob := policy.Actor{Tenant: accounttest.Tenant, Account: "bob"}
	w.Device(bob, "phone")
	w.Device(bob, "old")
	require.NoError(t, w.App.Admin.Devices.Disable(t.Context(), w.Host, "old"))
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "zoe", policy.Disabled))
	return w
}

func drawScene(t *testing.T, rt *rapid.T, w *accounttest.World) scene {
	owner := rapid.SampledFrom([]policy.AccountID{"ada", "ada", "pat", "pat", "bob"}).Draw(rt, "owner")
	w.Device(policy.Actor{Tenant: accounttest.Tenant, Account: owner}, sceneDevice)
	w.Key(accounttest.Tenant, sceneDevice, sceneKey, 1)
	drawSettings(t, rt, w)
	drawReadings(t, rt, w, owner)
	drawDevice(t, rt, w)

	account := rapid.SampledFrom([]policy.AccountID{owner, owner, owner, "ada", "bob", "pat", "gus", "zoe", "nemo"}).Draw(rt, "account")
	actor := policy.Actor{Tenant: accounttest.Tenant, Account: account, SignedInAt: w.Clock.Now(),
		Device: rapid.SampledFrom([]policy.DeviceID{"", "", "phone", "phone", sceneDevice, "old", "made-up"}).Draw(rt, "from"),
		Roles:  rapid.SliceOfN(rapid.SampledFrom([]policy.Role{policy.HelpdeskAdministrator, policy.LicenseAdministrator}), 0, 1).Draw(rt, "roles"),
		Proofs: rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) policy.Proof {
			return policy.Proof{Factor: policy.Factor(rapid.Uint8Range(0, 10).Draw(rt, "factor")),
				At: w.Clock.Now().Add(-time.Minute * time.Duration(rapid.IntRange(-2, 20).Draw(rt, "age")))}
		}), 0, 4).Draw(rt, "proofs")}
	if rapid.IntRange(0, 2).Draw(rt, "well proven") > 0 {
		actor = w.SignIn(actor)
	}
	return scene{w, actor}
}

func drawSettings(t *testing.T, rt *rapid.T, w *accounttest.World) {
	require.NoError(t, w.DB.Policy().Update(t.Context(), func(tx policy.AdminTx) error {
		s, err := tx.Settings(accounttest.Tenant)
		if err != nil {
			return err
		}
		for _, area := range devices.Areas() {
			s = s.WithAccess(area, rapid.SampledFrom([]policy.Access{policy.Edit, policy.Edit, policy.Edit, policy.Edit, policy.ReadOnly, policy.Off}).Draw(rt, string(area)))
			if rarely(rt, "needs a licence") {
				s = s.WithNeed(area, policy.License("licence for "+area))
			}
			if rarely(rt, "has the licence") {
				s = s.WithLicense(policy.License("licence for "+area), true)
			}
		}
		s.TurnedOn = !rarely(rt, "turned off")
		for _, v := range []policy.Setting{devices.OwnersReadKeys, devices.KnownDeviceOnly} {
			if rarely(rt, v.Name) {
				s = s.WithValue(v, 1-v.Default)
			}
		}
		s = s.WithValue(devices.RevealsPerHour, rapid.SampledFrom([]int{1, 2, 10, policy.Unlimited}).Draw(rt, "limit"))
		_, err = tx.PutSettings(s)
		return err
	}))
}

// drawReadings lets the owner use up some of the limit, and the clock go on or back.
func drawReadings(t *testing.T, rt *rapid.T, w *accounttest.World, owner policy.AccountID) {
	for range rapid.IntRange(0, 2).Draw(rt, "readings") {
		// Whether it is allowed is no matter here: it leaves a trace if it is.
		_, _ = w.App.Devices.Reveal(t.Context(), w.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: owner}), sceneKey)
	}
	w.Clock.Advance(rapid.SampledFrom([]time.Duration{0, 0, time.Hour, -time.Hour}).Draw(rt, "later"))
}

func drawDevice(t *testing.T, rt *rapid.T, w *accounttest.World) {
	editDevice(t, w.DB, accounttest.Tenant, sceneDevice, func(d *devices.Device) {
		d.State = rapid.SampledFrom([]devices.State{devices.Enabled, devices.Enabled, devices.DisabledByUser, devices.DisabledByAdministrator, devices.Removed}).Draw(rt, "state")
		d.Profile = rapid.SampledFrom([]devices.Profile{devices.RegisteredDevice, devices.RegisteredDevice, devices.Printer}).Draw(rt, "profile")
		d.Join = rapid.SampledFrom([]devices.JoinType{devices.Registered, devices.Joined, devices.HybridJoined}).Draw(rt, "join")
		if rarely(rt, "transferred") {
			d.Owner = rapid.SampledFrom([]policy.AccountID{"", "ada", "bob", "pat", "gus"}).Draw(rt, "new owner")
		}
		for _, u := range []policy.AccountID{"ada", "bob", "gus"} {
			if rarely(rt, "user") && u != d.Owner {
				d.Users = append(d.Users, devices.User{Account: u})
			}
		}
	})
	editKey(t, w.DB, accounttest.Tenant, sceneKey, func(k *devices.RecoveryKey) {
		if rarely(rt, "retired") {
			k.RetiredAt = w.Clock.Now()
		}
	})
}

func rarely(rt *rapid.T, what string) bool { return rapid.IntRange(0, 5).Draw(rt, what) == 0 }

func TestAskingAnswersWhatDoingDoes(t *testing.T) {
	base := auditorium(t)
	yes := make(map[policy.Action]bool)
	scenes := func(rt *rapid.T) {
		w := drawScene(t, rt, base.Fork(t))
		for _, action := range []policy.Action{devices.Recognize, devices.Disable, devices.Remove} {
			asked, err := w.App.Devices.Can(t.Context(), w.actor, action, string(sceneDevice))
			require.NoError(rt, err)
			w.sameInLists(t, rt, action, asked)
			agree(rt, asked, w.doTo(t, rt, action, asked))
			yes[action] = yes[action] || asked.Allowed
		}
		asked, err := w.App.Devices.Can(t.Context(), w.actor, devices.RevealKey, string(sceneKey))
		require.NoError(rt, err)
		w.sameInKeyList(t, rt, asked)
		on := w.Fork(t)
		key, err := on.App.Devices.Reveal(t.Context(), w.actor, sceneKey)
		agree(rt, asked, err)
		require.Equal(rt, asked.Allowed, !key.Empty())
		yes[devices.RevealKey] = yes[devices.RevealKey] || asked.Allowed
		w.administratorsAgree(t, rt)
	}
	for range 5 {
		rapid.Check(t, scenes)
	}
	for _, action := range []policy.Action{devices.Recognize, devices.Disable, devices.Remove, devices.RevealKey} {
		require.True(t, yes[action], "%s was never allowed in all scenes: they prove nothing", action)
	}
}

// agree wants the answer to a question to be what became of the deed.
func agree(rt *rapid.T, asked policy.Decision, done error) {
	if asked.Allowed {
		require.NoError(rt, done)
		return
	}
	require.Empty(rt, cmp.Diff(asked, requireDenied(rt, done, asked.Reason().Code).Decision))
}

// doTo does the action to the device, on a stage of its own and with a Yes if that can be had.
func (s scene) doTo(t *testing.T, rt *rapid.T, action policy.Action, asked policy.Decision) error {
	on := s.Fork(t)
	ask, act := on.App.Devices.AskDisable, on.App.Devices.Disable
	switch action {
	case devices.Recognize:
		return on.App.Devices.Recognize(t.Context(), s.actor, sceneDevice, devices.Mine)
	case devices.Remove:
		ask, act = on.App.Devices.AskRemove, on.App.Devices.Remove
	}
	_, yes, err := ask(t.Context(), s.actor, sceneDevice)
	agree(rt, asked, err)
	return act(t.Context(), s.actor, sceneDevice, yes)
}

// sameInLists wants the decision that hangs on a shown device to be the same as the one that was asked for.
func (s scene) sameInLists(t *testing.T, rt *rapid.T, action policy.Action, asked policy.Decision) {
	of := func(i devices.Item) policy.Decision {
		return map[policy.Action]policy.Decision{devices.Recognize: i.Recognize, devices.Disable: i.Disable, devices.Remove: i.Remove}[action]
	}
	got, err := s.App.Devices.Get(t.Context(), s.actor, sceneDevice)
	if err == nil {
		require.Empty(rt, cmp.Diff(asked, of(got)))
	}
	list, listErr := s.App.Devices.List(t.Context(), s.actor, devices.Query{Disabled: true, Removed: true})
	found := false
	for _, i := range list.Items {
		if i.ID == sceneDevice {
			found = true
			require.Empty(rt, cmp.Diff(asked, of(i)))
			require.Empty(rt, cmp.Diff(got, i))
		}
	}
	require.Equal(rt, err == nil && listErr == nil, found, "what can be got is listed")
}

// sameInKeyList wants the same of the decision that hangs on a listed key.
func (s scene) sameInKeyList(t *testing.T, rt *rapid.T, asked policy.Decision) {
	keys, err := s.App.Devices.RecoveryKeys(t.Context(), s.actor, sceneDevice, devices.KeyQuery{})
	if err != nil {
		require.False(rt, asked.Allowed, "who may read a key may list it")
		return
	}
	if len(keys.Items) == 0 {
		require.Equal(rt, policy.CodeNotFound, asked.Reason().Code)
		return
	}
	require.Empty(rt, cmp.Diff(asked, keys.Items[0].Reveal))
}

// administratorsAgree wants the same of what administrators and the host are told about a key.
func (s scene) administratorsAgree(t *testing.T, rt *rapid.T) {
	for _, actor := range []policy.Actor{s.actor, s.Host, s.Host.On(sceneDevice)} {
		keys, err := s.App.Admin.Devices.RecoveryKeys(t.Context(), actor, sceneDevice, devices.KeyQuery{})
		if err != nil {
			continue // whoever sees no key is told nothing about it
		}
		on := s.Fork(t)
		_, err = on.App.Admin.Devices.Reveal(t.Context(), actor, sceneKey)
		agree(rt, keys.Items[0].Reveal, err)
		waiting, err := s.App.Admin.Devices.KeysToRotate(t.Context(), actor, store.Page{})
		require.NoError(rt, err)
		for _, k := range waiting.Items {
			require.Empty(rt, cmp.Diff(keys.Items[0].Reveal, k.Reveal))
		}
	}
}
