package devices_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

var address = regexp.MustCompile(`0x[0-9a-f]+`) // what is left of them

func TestNoSecretLeavesATraceAnywhere(t *testing.T) {
	var secrets []string
	canary := func(n int) string {
		p := accounttest.RecoveryPassword(6000 + n)
		secrets = append(secrets, p)
		return p
	}
	w := accounttest.New(t)
	ada, pat := w.Person("ada", policy.Work), w.Person("pat", policy.Personal)
	bob, admin := w.Person("bob", policy.Work), w.Admin("root", policy.GlobalAdministrator)
	w.Device(ada, "laptop")
	w.Device(pat, "tablet")
	left := testkit.NewSpoor()
	escrowOf := func(id devices.KeyID, password string) devices.Escrow {
		return devices.Escrow{ID: id, Volume: devices.FixedDataVolume, Password: secret.NewText(password)}
	}
	on := func(id policy.DeviceID, e devices.Escrow) error {
		err := w.App.Host.Devices.Escrow(t.Context(), w.Host.On(id), id, e)
		left.Leave(t, e, err)
		return err
	}

	// Keys come in: by escrow, by rotation, by import.
	first := canary(1)
	require.NoError(t, on("laptop", escrowOf("key-0001", first)))
	require.NoError(t, on("tablet", escrowOf("key-0002", canary(2))))
	next := escrowOf("key-0003", canary(3))
	require.NoError(t, w.App.Host.Devices.Rotated(t.Context(), w.Host.On("tablet"), "tablet", "key-0002", next))
	records := []devices.KeyRecord{{Device: "laptop", Escrow: escrowOf("key-0004", canary(4))},
		{Device: "laptop", Escrow: escrowOf("key-0005", spoilt(canary(5)))}, {Device: "no-such", Escrow: escrowOf("key-0006", canary(6))}}
	outcomes, err := w.App.Admin.Devices.ImportKeys(t.Context(), admin, records)
	require.NoError(t, err)
	left.Leave(t, next, records, outcomes)

	// They are refused: malformed, in escrow already, from another device, for a device that is disabled.
	require.Error(t, on("laptop", escrowOf("key-0007", spoilt(canary(7)))))
	require.Error(t, on("laptop", escrowOf("key-0007", canary(7)+"-"+canary(8))))
	require.Error(t, on("laptop", escrowOf("key-0007", first)))
	require.Error(t, on("laptop", escrowOf("key-0001", canary(9))))
	require.Error(t, on("nowhere", escrowOf("key-0007", canary(10))))
	_, err = devices.ParseRecoveryPassword(secret.NewText(spoilt(canary(11))))
	require.Error(t, err)
	left.Leave(t, err)

	// They are listed, read by their owner and by an administrator, and refused to others.
	for _, actor := range []policy.Actor{ada, pat, bob, admin} {
		for _, id := range []devices.KeyID{"key-0001", "key-0002", "key-0003", "key-0004"} {
			key, err := w.App.Devices.Reveal(t.Context(), actor, id)
			decision, canErr := w.App.Devices.Can(t.Context(), actor, devices.RevealKey, string(id))
			left.Leave(t, key, err, decision, canErr)
			key, err = w.App.Admin.Devices.Reveal(t.Context(), actor, id)
			left.Leave(t, key, err)
		}
		keys, err := w.App.Devices.RecoveryKeys(t.Context(), actor, "laptop", devices.KeyQuery{})
		left.Leave(t, keys, err)
		keys, err = w.App.Admin.Devices.KeysToRotate(t.Context(), actor, store.Page{})
		left.Leave(t, keys, err)
	}
	requireKey(t, w, ada, "key-0001", first) // they were there to be found

	// The device and its keys are disabled, deleted and purged.
	w.Disable(ada, "laptop")
	require.Error(t, on("laptop", escrowOf("key-0008", canary(12))))
	remove(t, w, pat, "tablet")
	preview, yes, err := w.App.Admin.Devices.AskDelete(t.Context(), admin, "tablet")
	left.Leave(t, preview, yes, err)
	left.Leave(t, w.App.Admin.Devices.Delete(t.Context(), admin, "tablet", yes))
	left.Leave(t, storedKey(t, w.DB, accounttest.Tenant, "key-0001"), w.Events(accounttest.Tenant), w.App.Devices, w.App.Host, w.App.Admin, *w.App, w.Ring)

	// What rests is everything but the stream's own checksum, whose digits mean nothing either.
	rest, _, trailed := strings.Cut(saved(t, w.DB), `{"end"`)
	require.True(t, trailed)
	left.WriteString(rest)

	text := address.ReplaceAllString(left.String(), "")
	require.Contains(t, text, "key-0004")
	for _, s := range secrets {
		for group := range strings.SplitSeq(s, "-") {
			for _, form := range []string{group, fmt.Sprintf("%x", group)} {
				at := strings.Index(text, form)
				require.Negative(t, at, "…%s…", text[max(0, at-200):max(0, at)+len(form)])
			}
		}
	}
}

// spoilt is a recovery password with its last group wrong.
func spoilt(password string) string {
	return password[:len(password)-1] + string('0'+(password[len(password)-1]-'0'+1)%10)
}
