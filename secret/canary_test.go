package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// canary is the secret that must turn up nowhere: 32 bytes, so that it can be a key too.
const canary = "canary-7Qk2-do-not-print-this-42"

// leaks reports whether a printout spells a secret: as text, in hexadecimal or base64, or as the numbers of
// its bytes, however they are set apart.
func leaks(printout, secret string) bool {
	b := []byte(secret)
	for _, form := range []string{
		secret, fmt.Sprintf("%x", b), fmt.Sprintf("%X", b), fmt.Sprintf("%d", b), fmt.Sprintf("%o", b), fmt.Sprintf("%b", b),
		base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
	} {
		if strings.Contains(squeezed(printout), squeezed(form)) {
			return true
		}
	}
	return false
}

// squeezed is s without what fmt sets numbers apart with.
func squeezed(s string) string {
	return strings.NewReplacer("0x", "", "0X", "", " ", "", ",", "", "[", "", "]", "").Replace(s)
}

// printouts is v in every way in which programs print, log and marshal without thinking of secrets, or the
// error of trying.
func printouts(v any) map[string]string {
	out := map[string]string{"Sprint": fmt.Sprint(v), "Sprintln": fmt.Sprintln(v), "Errorf": fmt.Errorf("a: %v", v).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%p", "%10.3s", "%-5v", "%T", "%!"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	var text, js bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	out["slog text"], out["slog JSON"] = text.String(), js.String()
	if b, err := json.Marshal(v); err == nil {
		out["JSON"] = string(b)
	} else {
		out["JSON"] = err.Error()
	}
	return out
}

// mustNotLeak prints v in every way and looks for the secret.
func mustNotLeak(t *testing.T, what string, v any, secret string) {
	t.Helper()
	for how, out := range printouts(v) {
		require.False(t, leaks(out, secret), "%s, printed by %s, gives the secret away: %s", what, how, out)
	}
}

func TestTheSearchForSecretsFindsThem(t *testing.T) {
	everywhere := []string{"Sprint", "Sprintln", "Errorf", "%v", "%+v", "%s", "%q", "%x", "%X", "% x", "%#x", "slog text"}
	for what, c := range map[string]struct {
		v   any
		how []string
	}{
		"string":              {canary, []string{"%#v", "%-5v", "JSON", "slog JSON"}},
		"bytes":               {[]byte(canary), []string{"%#v", "%-5v", "%d", "%o", "%b", "JSON", "slog JSON"}},
		"hidden string":       {struct{ s string }{canary}, []string{"%#v", "%-5v"}},
		"hidden bytes":        {struct{ b []byte }{[]byte(canary)}, []string{"%-5v", "%d", "%o", "%b"}},
		"pointer to a struct": {&struct{ s string }{canary}, []string{"%#v", "%-5v"}},
	} {
		out := printouts(c.v)
		for _, how := range append(everywhere, c.how...) {
			require.True(t, leaks(out[how], canary), "a plain %s printed by %s was not recognized: %s", what, how, out[how])
		}
	}
}

var errNoRandom = errors.New("no randomness left")

// exhausted is a source of randomness that gives n bytes and then an error.
func exhausted(n int64) io.Reader {
	return io.MultiReader(io.LimitReader(zeros{}, n), iotest.ErrReader(errNoRandom))
}

// zeros is an endless source of zero bytes.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
