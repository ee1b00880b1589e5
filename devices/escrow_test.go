package devices_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// escrow takes a key into escrow as the laptop itself would.
func escrow(t testing.TB, w *accounttest.World, id devices.KeyID, password string) error {
	t.Helper()
	return w.App.Host.Devices.Escrow(t.Context(), w.Host.On("laptop"), "laptop",
		devices.Escrow{ID: id, Volume: devices.FixedDataVolume, Password: secret.NewText(password)})
}

func TestAnEscrowedKeyIsRecordedForTheOwnerOfTheMoment(t *testing.T) {
	w, ada, _ := locked(t)
	password := accounttest.RecoveryPassword(2)
	e := only(t, w, func() { require.NoError(t, escrow(t, w, "key-0002", password)) })
	require.Equal(t, []string{"Add BitLocker key", "KeyManagement"}, []string{e.Activity, e.Category})
	require.Equal(t, policy.On("recovery-key", "key-0002"), e.Target)
	require.Equal(t, policy.AccountID("ada"), e.Account)
	k := storedKey(t, w.DB, accounttest.Tenant, "key-0002")
	require.Equal(t, devices.RecoveryKey{Tenant: accounttest.Tenant, Device: "laptop", ID: "key-0002", Volume: devices.FixedDataVolume,
		Owner: "ada", CreatedAt: w.Clock.Now(), Sealed: k.Sealed, Fingerprint: k.Fingerprint, Revision: e.Revision}, k)
	requireKey(t, w, ada, "key-0002", password)
}

func TestARecoveryPasswordIsReadWithHyphensSpacesOrNeither(t *testing.T) {
	want := accounttest.RecoveryPassword(7)
	for name, written := range map[string]string{
		"hyphens": want, "spaces": strings.ReplaceAll(want, "-", " "), "neither": strings.ReplaceAll(want, "-", ""),
		"both": strings.ReplaceAll(want, "-", " - "), "padded": "\n  " + want + "\t",
	} {
		w, ada, _ := locked(t)
		require.NoError(t, escrow(t, w, "key-0002", written), name)
		requireKey(t, w, ada, "key-0002", want)
	}
}

func TestAMalformedRecoveryPasswordIsRefusedWithItsGroupNamedAndNoDigitShown(t *testing.T) {
	good := strings.Split(accounttest.RecoveryPassword(4000), "-")
	with := func(group int, digits string) string {
		g := append([]string(nil), good...)
		g[group-1] = digits
		return strings.Join(g, "-")
	}
	for _, c := range []struct{ written, problem string }{
		{"", "is empty"},
		{" \t ", "is empty"},
		{strings.Join(good[:7], "-"), "has 7 groups"},
		{strings.Join(good, "-") + "-" + good[0], "has 9 groups"},
		{strings.Join(good, "")[:47], "has 1 groups"},
		{strings.Repeat("1", 300), "is longer than 256 bytes"},
		{with(1, "12345"), "group 1 is not 6 digits"},
		{with(2, "1234567"), "group 2 is not 6 digits"},
		{with(3, "12a456"), "group 3 is not 6 digits"},
		{with(4, "+12345"), "group 4 is not 6 digits"},
		{with(5, "１２"), "group 5 is not 6 digits"}, // six bytes, and digits in another script
		{with(6, "352002"), "group 6 is not divisible by 11"},
		{with(7, "720896"), "group 7 is not below 720,896"},
		{with(8, "999999"), "group 8 is not below 720,896"},
		{strings.Join(good, "")[:42] + "352002", "group 8 is not divisible by 11"},
	} {
		w, _, _ := locked(t)
		before := saved(t, w.DB)
		err := escrow(t, w, "key-0002", c.written)
		problem := requireInvalid(t, err, "recoveryPassword")
		require.Contains(t, problem, c.problem)
		requireNoSixDigits(t, err.Error(), c.written)
		requireSame(t, before, saved(t, w.DB))
	}
	w, ada, _ := locked(t)
	require.NoError(t, escrow(t, w, "key-0002", with(8, "720885")), "the greatest group there is")
	requireKey(t, w, ada, "key-0002", with(8, "720885"))
}

// requireNoSixDigits wants no group of six digits of the input in a text.
func requireNoSixDigits(t testing.TB, text, input string) {
	t.Helper()
	for i := 0; i+6 <= len(input); i++ {
		if strings.Trim(input[i:i+6], "0123456789") == "" {
			require.NotContains(t, text, input[i:i+6])
		}
	}
}

func TestAnEscrowFromAnotherDeviceIsRefusedAndRecorded(t *testing.T) {
	w, ada, _ := locked(t)
	w.Device(ada, "phone")
	e := devices.Escrow{ID: "key-0002", Password: secret.NewText(accounttest.RecoveryPassword(2))}
	for name, actor := range map[string]policy.Actor{"no device": w.Host, "another device": w.Host.On("phone")} {
		for operation, act := range map[string]func() error{
			"escrow": func() error { return w.App.Host.Devices.Escrow(t.Context(), actor, "laptop", e) },
			"rotate": func() error { return w.App.Host.Devices.Rotated(t.Context(), actor, "laptop", "key-0001", e) },
		} {
			w.Clock.Advance(2 * policy.RefusalWindow)
			before := rows(t, w.DB)
			event := only(t, w, func() {
				require.Equal(t, policy.ClassWrongDevice, requireDenied(t, act(), devices.CodeNotThatDevice).Reason().Class)
			})
			require.Equal(t, []any{policy.Refused, devices.CodeNotThatDevice}, []any{event.Outcome, event.Reason}, "%s, %s", operation, name)
			requireSame(t, before, rows(t, w.DB))
		}
	}
}

func TestADisabledOrRemovedDeviceHandsInNoKey(t *testing.T) {
	w, ada, _ := locked(t)
	pat := w.Person("pat", policy.Personal)
	w.Disable(ada, "laptop")
	remove(t, w, pat, w.Device(pat, "tablet"))
	for id, want := range map[policy.DeviceID]policy.Code{"laptop": devices.CodeSignInDisabled, "tablet": devices.CodeGone, "no-such": policy.CodeNotFound} {
		e := devices.Escrow{ID: "key-0002", Password: secret.NewText(accounttest.RecoveryPassword(2))}
		event := only(t, w, func() { requireDenied(t, w.App.Host.Devices.Escrow(t.Context(), w.Host.On(id), id, e), want) })
		require.Equal(t, []any{policy.Refused, want}, []any{event.Outcome, event.Reason})
	}
}

func TestNoEscrowReplacesAKeyThatIsThere(t *testing.T) {
	w, ada, password := locked(t)
	bob := w.Person("bob", policy.Work)
	w.Device(bob, "bobs")
	w.Key(accounttest.Tenant, "bobs", "key-0009", 9)
	require.NoError(t, escrow(t, w, "key-0002", accounttest.RecoveryPassword(2)))
	before := rows(t, w.DB)

	requireDenied(t, escrow(t, w, "key-0001", accounttest.RecoveryPassword(3)), devices.CodeKeyExists)
	requireDenied(t, escrow(t, w, "key-0001", password), devices.CodeKeyExists)                        // the very same again
	requireDenied(t, escrow(t, w, "key-0009", accounttest.RecoveryPassword(4)), devices.CodeKeyExists) // an id of another device's
	problem := requireInvalid(t, escrow(t, w, "key-0003", strings.ReplaceAll(password, "-", "")), "recoveryPassword")
	require.Contains(t, problem, "is in escrow already")
	requireInvalid(t, escrow(t, w, "key-0001", ""), "recoveryPassword")
	requireInvalid(t, escrow(t, w, "", accounttest.RecoveryPassword(5)), "recovery-key")
	requireInvalid(t, w.App.Host.Devices.Escrow(t.Context(), w.Host.On("laptop"), "laptop",
		devices.Escrow{ID: "key-0005", Volume: 99, Password: secret.NewText(accounttest.RecoveryPassword(5))}), "volume")

	requireSame(t, before, rows(t, w.DB))
	requireKey(t, w, ada, "key-0001", password)
}

func TestTheTwoHundredAndFirstKeyOfADeviceIsRefused(t *testing.T) {
	w, _, _ := locked(t)
	// The other 199 are put there as an old store would have them: an escrow each would open all before it.
	require.NoError(t, w.DB.Devices().Update(t.Context(), func(tx devices.Tx) error {
		first, err := tx.RecoveryKey(accounttest.Tenant, "key-0001")
		for n := 2; n <= devices.MaxKeysPerDevice && err == nil; n++ {
			k := devices.RecoveryKey{Tenant: accounttest.Tenant, Device: "laptop", ID: devices.KeyID(fmt.Sprintf("key-%04d", n)), Owner: "ada"}
			bound := func(id devices.KeyID) []byte {
				return secret.Bind("recovery-key", string(accounttest.Tenant), "ada", "laptop", string(id))
			}
			k.CreatedAt = first.CreatedAt
			if k.Sealed, err = w.Ring.Seal(t.Context(), secret.NewText(accounttest.RecoveryPassword(n)), bound(k.ID)); err == nil && n < devices.MaxKeysPerDevice {
				_, err = tx.PutRecoveryKey(k)
			}
		}
		return err
	}))
	require.NoError(t, escrow(t, w, "key-0200", accounttest.RecoveryPassword(200)))
	before := rows(t, w.DB)
	requireDenied(t, escrow(t, w, "key-0201", accounttest.RecoveryPassword(201)), devices.CodeKeyLimit)
	err := w.App.Host.Devices.Rotated(t.Context(), w.Host.On("laptop"), "laptop", "key-0001",
		devices.Escrow{ID: "key-0201", Password: secret.NewText(accounttest.RecoveryPassword(201))})
	requireDenied(t, err, devices.CodeKeyLimit)
	requireSame(t, before, rows(t, w.DB))
}

func TestARotationPutsTheNewKeyInAndRetiresTheOldInOneCommit(t *testing.T) {
	w, ada, password := locked(t)
	requireKey(t, w, ada, "key-0001", password)
	rotated := func(old devices.KeyID, next devices.Escrow) error {
		return w.App.Host.Devices.Rotated(t.Context(), w.Host.On("laptop"), "laptop", old, next)
	}
	fresh := devices.Escrow{ID: "key-0002", Password: secret.NewText(accounttest.RecoveryPassword(2))}
	e := only(t, w, func() { require.NoError(t, rotated("key-0001", fresh)) })
	require.Equal(t, "Add BitLocker key", e.Activity)
	require.Equal(t, w.Clock.Now(), storedKey(t, w.DB, accounttest.Tenant, "key-0001").RetiredAt)

	infos := keysOf(t, w, ada, "laptop")
	require.Equal(t, []bool{true, false}, []bool{infos[0].Retired, infos[1].Retired})
	require.Equal(t, []bool{false, false}, []bool{infos[0].Rotate, infos[1].Rotate})
	requireKey(t, w, ada, "key-0002", accounttest.RecoveryPassword(2))
}

func TestARotationThatIsNoneChangesNothing(t *testing.T) {
	w, ada, password := locked(t)
	w.Device(ada, "phone")
	w.Key(accounttest.Tenant, "phone", "key-0009", 9)
	before := rows(t, w.DB)
	rotated := func(old, id devices.KeyID, password string) error {
		return w.App.Host.Devices.Rotated(t.Context(), w.Host.On("laptop"), "laptop", old, devices.Escrow{ID: id, Password: secret.NewText(password)})
	}
	requireInvalid(t, rotated("no-such", "key-0002", accounttest.RecoveryPassword(2)), "old")
	requireInvalid(t, rotated("key-0009", "key-0002", accounttest.RecoveryPassword(2)), "old") // another device's
	requireInvalid(t, rotated("key-0001", "key-0001", accounttest.RecoveryPassword(2)), "old")
	requireInvalid(t, rotated("key-0003", "key-0003", accounttest.RecoveryPassword(2)), "old") // else it would be born retired
	requireInvalid(t, rotated("key-0001", "key-0002", password), "recoveryPassword")           // the same password under another id
	requireInvalid(t, rotated("key-0001", "key-0002", ""), "recoveryPassword")
	requireInvalid(t, rotated("", "key-0002", accounttest.RecoveryPassword(2)), "old")
	requireSame(t, before, rows(t, w.DB))
}

// failingSealer is a key service that does not answer.
type failingSealer struct{ secret.Sealer }

var errSealer = errors.New("the key service does not answer")

func (failingSealer) Seal(context.Context, secret.Text, []byte) (secret.Sealed, error) {
	return "", errSealer
}

func TestAKeyThatCannotBeSealedIsNotKept(t *testing.T) {
	w, _, _ := locked(t)
	room := over(t, w, w.DB.Devices(), failingSealer{w.Ring})
	before := saved(t, w.DB)
	e := devices.Escrow{ID: "key-0002", Password: secret.NewText(accounttest.RecoveryPassword(2))}
	require.ErrorIs(t, room.Host.Escrow(t.Context(), w.Host.On("laptop"), "laptop", e), errSealer)
	require.ErrorIs(t, room.Host.Rotated(t.Context(), w.Host.On("laptop"), "laptop", "key-0001", e), errSealer)
	_, err := room.Admin.ImportKeys(t.Context(), w.Host, []devices.KeyRecord{{Device: "laptop", Escrow: e}})
	require.ErrorIs(t, err, errSealer)
	requireSame(t, before, saved(t, w.DB))
}

// sealingWatcher is a sealer that lets something happen before it seals.
type sealingWatcher struct {
	secret.Sealer
	onSeal func() error
}

func (s sealingWatcher) Seal(ctx context.Context, plain secret.Text, bound []byte) (secret.Sealed, error) {
	if err := s.onSeal(); err != nil {
		return "", err
	}
	return s.Sealer.Seal(ctx, plain, bound)
}

func TestADeviceThatChangesHandsDuringAnEscrowKeepsNoKeySealedForTheWrongOwner(t *testing.T) {
	w, _, _ := locked(t)
	w.Person("bob", policy.Work)
	transferring := sealingWatcher{w.Ring, func() error {
		d, err := w.App.Admin.Devices.Get(t.Context(), w.Host, "laptop")
		if err != nil || d.Owner == "bob" {
			return err
		}
		return w.App.Admin.Devices.Transfer(t.Context(), w.Host, "laptop", "bob")
	}}
	room := over(t, w, w.DB.Devices(), transferring)
	e := devices.Escrow{ID: "key-0002", Password: secret.NewText(accounttest.RecoveryPassword(2))}
	requireDenied(t, room.Host.Escrow(t.Context(), w.Host.On("laptop"), "laptop", e), devices.CodeChangedHands)
	require.NoError(t, room.Host.Escrow(t.Context(), w.Host.On("laptop"), "laptop", e))
	require.Equal(t, policy.AccountID("bob"), storedKey(t, w.DB, accounttest.Tenant, "key-0002").Owner)
}
