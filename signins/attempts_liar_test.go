package signins_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

func TestAStoreThatMixesAttemptsUpIsNotBelieved(t *testing.T) {
	base := newNight(t, 2)
	for name, l := range map[string]lie{
		"an attempt of another tenant": {signIn: func(_ policy.TenantID, a policy.AccountID, _ signins.ID) (policy.TenantID, policy.AccountID, signins.ID) {
			return elsewhere, a, tonight
		}},
		"an attempt of another account": {signIn: func(t policy.TenantID, _ policy.AccountID, _ signins.ID) (policy.TenantID, policy.AccountID, signins.ID) {
			return t, "bob", tonight
		}},
		"another attempt": {signIn: func(t policy.TenantID, a policy.AccountID, id signins.ID) (policy.TenantID, policy.AccountID, signins.ID) {
			if id == tonight {
				return t, a, asAlways
			}
			return t, a, tonight
		}},
		"attempts of another tenant":   {signIns: func(_ policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) { return elsewhere, a }},
		"attempts of another account":  {signIns: func(t policy.TenantID, _ policy.AccountID) (policy.TenantID, policy.AccountID) { return t, "bob" }},
		"no attempts":                  {signIns: func(t policy.TenantID, _ policy.AccountID) (policy.TenantID, policy.AccountID) { return t, "nobody" }},
		"habits of another tenant":     {habits: func(_ policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) { return elsewhere, a }},
		"habits of another account":    {habits: func(t policy.TenantID, _ policy.AccountID) (policy.TenantID, policy.AccountID) { return t, "bob" }},
		"all habits of another tenant": {every: func(policy.TenantID) policy.TenantID { return elsewhere }},
		"an account of another tenant": {standing: func(_ policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) {
			return elsewhere, a
		}},
		"settings of another tenant": {settings: func(policy.TenantID) policy.TenantID { return elsewhere }},
		"a session of somebody else": {session: func(t policy.TenantID, _ policy.AccountID, _ policy.SessionID) (policy.TenantID, policy.AccountID, policy.SessionID) {
			return t, "bob", base.bobs
		}},
	} {
		lied := 0
		for _, d := range nightly {
			f := &faulty{lie: l}
			n := base.enter(t, f)
			got, err := d.call(n)
			require.NotContains(t, fmt.Sprintf("%+v %v", got, err), "of bob", "%s: %s", name, d.name)
			require.NotContains(t, fmt.Sprintf("%+v %v", got, err), "of the namesake", "%s: %s", name, d.name)
			if f.lies == 0 {
				require.Equal(t, d.want, codeOf(err), "%s: %s", name, d.name)
				continue
			}
			lied++
			if name == "no attempts" && err == nil {
				continue // that something is missing is no lie that anybody could see
			}
			if imported, ok := got.([]signins.Imported); ok { // an account that seems to be missing is refused by itself
				require.NoError(t, err)
				for _, one := range imported {
					require.Error(t, one.Err, name)
				}
			} else {
				require.Error(t, err, "%s: %s", name, d.name)
				require.Nil(t, got, "%s: %s", name, d.name)
			}
			requireSame(t, base.rows, rows(t, n.DB), "%s: %s", name, d.name)
		}
		require.Positive(t, lied, name)
	}
}

func TestADeviceThatIsKeptElsewhereIsLeftAloneAndAllElseIsDone(t *testing.T) {
	for containing, step := range map[int]signins.Measure{1: signins.UntrustDevice, 2: signins.DisableDevice} {
		base := newNight(t, containing)
		for name, c := range map[string]struct {
			why  string
			room func(n *night) *signins.Service
		}{
			"another store": {"devices are kept elsewhere", func(n *night) *signins.Service {
				return assembled(t, n.World, spoiled(n.DB.SignIns(), &faulty{})).Service
			}},
			"none at all": {"this installation keeps no devices", func(n *night) *signins.Service {
				return overWith(t, n.World, n.DB.SignIns(), nil).Service
			}},
		} {
			n := base.enter(t, &faulty{})
			service, before := c.room(n), theDevice(t, n)
			done, err := service.ThisWasNotMe(ctx, n.ada, tonight, n.notMe)
			require.NoError(t, err)
			require.Equal(t, signins.Containment{Steps: []signins.ContainmentStep{{Measure: signins.EndThatSession, Done: true}, {Measure: signins.EndAllSessions, Done: true},
				{Measure: step, Why: c.why}, {Measure: signins.RequirePasswordChange, Done: true}, {Measure: signins.NotifyPerson, Done: true}}}, done, name)
			require.Equal(t, before, theDevice(t, n), name)
			st, err := n.App.Host.Accounts.Account(ctx, n.Host, "ada")
			require.NoError(t, err)
			require.Equal(t, []any{true, policy.HighRisk}, []any{st.MustChangePassword, st.Risk})
			facts := make(map[string]string)
			for _, e := range n.Events(n.ada.Tenant) {
				if e.Action == signins.SayThisWasNotMe {
					require.NotEqual(t, "Update device", e.Activity)
					for _, f := range e.Facts {
						facts[f.Name] = f.Value
					}
				}
			}
			require.Equal(t, c.why, facts[string(step)], "the record says why it was not done")
		}
	}
}

func TestTroubleWithTheDevicesUndoesAllTheRest(t *testing.T) {
	base := newNight(t, 1)
	n := base.enter(t, &faulty{})
	done, err := overWith(t, n.World, n.DB.SignIns(), broken{}).Service.ThisWasNotMe(ctx, n.ada, tonight, n.notMe)
	require.ErrorIs(t, err, errStruck)
	require.ErrorContains(t, err, string(signins.UntrustDevice), "it says in which step")
	require.Zero(t, done)
	requireSame(t, base.all, saved(t, n.DB))
}

// theDevice is the stolen device as the host sees it.
func theDevice(t testing.TB, n *night) any {
	t.Helper()
	d, err := n.App.Admin.Devices.Get(ctx, n.Host, "stolen of ada")
	require.NoError(t, err)
	return d
}
