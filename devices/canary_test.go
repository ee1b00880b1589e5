package devices_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// spoor is all that a program could print, log or send of what it was given.
type spoor struct {
	bytes.Buffer
	logs []*slog.Logger
}

func newSpoor() *spoor {
	s := &spoor{}
	timeless := &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{} // its digits mean nothing
		}
		return a
	}}
	s.logs = []*slog.Logger{slog.New(slog.NewJSONHandler(s, timeless)), slog.New(slog.NewTextHandler(s, timeless))}
	return s
}

// leave prints values in every way there is.
func (s *spoor) leave(t *testing.T, values ...any) {
	t.Helper()
	for _, v := range values {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			fmt.Fprintf(&s.Buffer, format+"\n", v)
			fmt.Fprintf(&s.Buffer, format+"\n", &v)
			fmt.Fprintf(&s.Buffer, format+"\n", struct{ hidden any }{v})
		}
		if text, ok := v.(secret.Text); ok { // of anything else these print addresses, whose digits mean nothing
			fmt.Fprintf(&s.Buffer, "%x %X %d\n", text, text, text)
		}
		b, err := json.Marshal(v)
		require.NoError(t, err)
		s.Write(b)
		for _, l := range s.logs {
			l.Info("left", "value", v, slog.Group("in", slog.Any("group", v)))
		}
	}
}

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
	left := newSpoor()
	escrowOf := func(id devices.KeyID, password string) devices.Escrow {
		return devices.Escrow{ID: id, Volume: devices.FixedDataVolume, Password: secret.NewText(password)}
	}
	on := func(id policy.DeviceID, e devices.Escrow) error {
		err := w.App.Host.Devices.Escrow(t.Context(), w.Host.On(id), id, e)
		left.leave(t, e, err)
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
	left.leave(t, next, records, outcomes)

	// They are refused: malformed, in escrow already, from another device, for a device that is disabled.
	require.Error(t, on("laptop", escrowOf("key-0007", spoilt(canary(7)))))
	require.Error(t, on("laptop", escrowOf("key-0007", canary(7)+"-"+canary(8))))
	require.Error(t, on("laptop", escrowOf("key-0007", first)))
	require.Error(t, on("laptop", escrowOf("key-0001", canary(9))))
	require.Error(t, on("nowhere", escrowOf("key-0007", canary(10))))
	_, err = devices.ParseRecoveryPassword(secret.NewText(spoilt(canary(11))))
	require.Error(t, err)
	left.leave(t, err)

	// They are listed, read by their owner and by an administrator, and refused to others.
	for _, actor := range []policy.Actor{ada, pat, bob, admin} {
		for _, id := range []devices.KeyID{"key-0001", "key-0002", "key-0003", "key-0004"} {
			key, err := w.App.Devices.Reveal(t.Context(), actor, id)
			decision, canErr := w.App.Devices.Can(t.Context(), actor, devices.RevealKey, string(id))
			left.leave(t, key, err, decision, canErr)
			key, err = w.App.Admin.Devices.Reveal(t.Context(), actor, id)
			left.leave(t, key, err)
		}
		keys, err := w.App.Devices.RecoveryKeys(t.Context(), actor, "laptop", devices.KeyQuery{})
		left.leave(t, keys, err)
		keys, err = w.App.Admin.Devices.KeysToRotate(t.Context(), actor, store.Page{})
		left.leave(t, keys, err)
	}
	requireKey(t, w, ada, "key-0001", first) // they were there to be found

	// The device and its keys are disabled, deleted and purged.
	w.Disable(ada, "laptop")
	require.Error(t, on("laptop", escrowOf("key-0008", canary(12))))
	remove(t, w, pat, "tablet")
	preview, yes, err := w.App.Admin.Devices.AskDelete(t.Context(), admin, "tablet")
	left.leave(t, preview, yes, err)
	left.leave(t, w.App.Admin.Devices.Delete(t.Context(), admin, "tablet", yes))
	left.leave(t, storedKey(t, w.DB, accounttest.Tenant, "key-0001"), w.Events(accounttest.Tenant), w.App.Devices, w.App.Host, w.App.Admin, *w.App, w.Ring)

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
