package devices_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/secret"
)

var (
	parted   = regexp.MustCompile(`^[- ]*[0-9]{6}(?:[- ]+[0-9]{6}){7}[- ]*$`)
	unparted = regexp.MustCompile(`^[0-9]{48}$`)
)

// wellFormed tells by other means than the room whether a text is a recovery password: its shape by regular
// expressions, each group by its check digit, which is the alternating sum of the other five modulo 11, and
// by its five leading digits, of which 11 times 65,535 has the greatest.
func wellFormed(text string) bool {
	text = strings.TrimSpace(text)
	if len(text) > 256 || !parted.MatchString(text) && !unparted.MatchString(text) {
		return false
	}
	digits := strings.NewReplacer("-", "", " ", "").Replace(text)
	for ; digits != ""; digits = digits[6:] {
		d := func(i int) int { return int(digits[i] - '0') }
		if check := (d(0) - d(1) + d(2) - d(3) + d(4) + 22) % 11; check != d(5) {
			return false
		}
		if digits[:6] > "720885" {
			return false
		}
	}
	return true
}

func FuzzRecoveryPassword(f *testing.F) {
	good := accounttest.RecoveryPassword(4000)
	for _, seed := range []string{"", " ", "-", good, strings.ReplaceAll(good, "-", ""), strings.ReplaceAll(good, "-", "  "), "-" + good + "-",
		"\u00a0" + good, good + "\n", strings.Replace(good, "-", "\u2010", 1), strings.Repeat(good+"-", 5), strings.Repeat("0", 48), "720896" + good[6:],
		"720885" + good[6:], "000011" + good[6:], "00001" + good[6:], "１２３４５６" + good[6:], "\xff" + good, "123456-231453-873456-213546-654678-765689-123456-324565",
		"496298-461032-321464-595518-463221-173943-033616-139579"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := devices.ParseRecoveryPassword(secret.NewText(text))
		require.Equal(t, wellFormed(text), err == nil, "%q: %v", text, err)
		if err != nil {
			requireInvalid(t, err, "recoveryPassword")
			requireNoSixDigits(t, err.Error(), text)
			require.True(t, got.Empty())
			return
		}
		require.Regexp(t, `^(?:[0-9]{6}-){7}[0-9]{6}$`, got.Reveal())
		require.Equal(t, strings.Join(regexp.MustCompile(`[0-9]`).FindAllString(text, -1), ""), strings.ReplaceAll(got.Reveal(), "-", ""))
		again, err := devices.ParseRecoveryPassword(got)
		require.NoError(t, err)
		require.Equal(t, got.Reveal(), again.Reveal(), "what came out goes in unchanged")
	})
}
