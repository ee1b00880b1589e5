package devices_test

import (
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/internal/opendata"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// realKey is a recovery password that Windows made.
type realKey struct {
	id       devices.KeyID // the key protector's
	password string
	image    string // of the volume that it opens; empty if there is none
	valid    bool
}

// printed are keys that Microsoft's documentation of the BitLocker recovery process and of Graph shows; the
// last is no key.
var printed = []realKey{
	{id: "4290b6c0-b17a-497a-8552-272cc30e80d4", password: "496298-461032-321464-595518-463221-173943-033616-139579", valid: true},
	{id: "045219ec-a53b-41ae-b310-08ec883aaedd", password: "158422-038236-492536-574783-256300-205084-114356-069773", valid: true},
	{id: "unnamed-461109", password: "461109-608201-413820-485342-181588-463056-430617-501391", valid: true},
	{id: "unnamed-123456", password: "123456-231453-873456-213546-654678-765689-123456-324565"},
}

// realKeys are those of the folder of open data, if it is there, and the printed ones.
func realKeys(t *testing.T) (keys []realKey, images string) {
	data, there := opendata.Dir()
	if !there {
		return printed, ""
	}
	data = filepath.Join(data, "bitlocker")
	file, err := os.Open(filepath.Join(data, "recovery-passwords.csv"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"image", "volume_guid", "key_protector_guid", "recovery_password", "checksum"}, lines[0][:5])
	for i, l := range lines[1:] {
		k := realKey{devices.KeyID(l[2]), l[3], l[0], l[4] == "valid"}
		if k.id == "" {
			k.id = devices.KeyID("unnamed-" + string(rune('a'+i)))
		}
		keys = append(keys, k)
	}
	images = t.TempDir()
	run(t, "tar", "-xJf", filepath.Join(data, "bitlk-images.tar.xz"), "-C", images)
	return append(keys, printed...), images
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, out)
}

func TestRealKeysOpenRealVolumesAfterTheyWereEscrowedAndRead(t *testing.T) {
	keys, images := realKeys(t)
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.Device(ada, "laptop")
	var opened []string
	for _, k := range keys {
		err := w.App.Host.Devices.Escrow(t.Context(), w.Host.On("laptop"), "laptop",
			devices.Escrow{ID: k.id, Volume: devices.OperatingSystemVolume, Password: secret.NewText(k.password)})
		if !k.valid {
			require.Equal(t, "group 1 is not divisible by 11", requireInvalid(t, err, "recoveryPassword"))
			requireNoSixDigits(t, err.Error(), k.password)
			continue
		}
		require.NoError(t, err)
		key, err := w.App.Devices.Reveal(t.Context(), ada, k.id)
		require.NoError(t, err)
		require.Equal(t, k.password, key.Reveal())
		if k.image != "" {
			require.NoError(t, unlock(t, filepath.Join(images, k.image), key))
			opened = append(opened, k.image)
		}
	}
	require.Equal(t, images != "", len(opened) > 0)
	if len(opened) > 0 {
		var failed *exec.ExitError
		err := unlock(t, filepath.Join(images, opened[0]), secret.NewText(accounttest.RecoveryPassword(1)))
		require.ErrorAs(t, err, &failed, "a volume that opens with any key proves nothing")
	}
}

// unlock opens a volume, without mapping it, with a recovery password.
func unlock(t *testing.T, image string, key secret.Text) error {
	t.Helper()
	open := exec.CommandContext(t.Context(), cryptsetup(t), "open", "--type", "bitlk", "--test-passphrase", "--key-file", "-", image)
	open.Stdin = strings.NewReader(key.Reveal())
	return open.Run()
}

// cryptsetup is where the program is that opens BitLocker volumes. Debian has it in a folder for root alone.
func cryptsetup(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"cryptsetup", "/usr/sbin/cryptsetup", "/sbin/cryptsetup"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.Fail(t, "there are real BitLocker volumes to open, and no cryptsetup to open them with",
		"install Debian's cryptsetup-bin, as .ci/run does")
	return ""
}
