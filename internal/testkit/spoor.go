package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/secret"
)

// Spoor is all that a program could print, log or send of what it was given.
type Spoor struct {
	bytes.Buffer
	// Hex prints everything as hexadecimal digits too. Of pointers these are addresses, which mean nothing where digits
	// are looked for.
	Hex bool

	logs []*slog.Logger
}

// NewSpoor makes a Spoor of nothing so far.
func NewSpoor() *Spoor {
	s := &Spoor{}
	timeless := &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{} // its digits mean nothing
		}
		return a
	}}
	s.logs = []*slog.Logger{slog.New(slog.NewJSONHandler(s, timeless)), slog.New(slog.NewTextHandler(s, timeless))}
	return s
}

// Leave prints values in every way there is.
func (s *Spoor) Leave(t testing.TB, values ...any) {
	t.Helper()
	for _, v := range values {
		formats := []string{"%v", "%+v", "%#v", "%s", "%q"}
		if s.Hex {
			formats = append(formats, "%x")
		}
		for _, format := range formats {
			fmt.Fprintf(&s.Buffer, format+"\n", v)
			fmt.Fprintf(&s.Buffer, format+"\n", &v)
			fmt.Fprintf(&s.Buffer, format+"\n", struct{ hidden any }{v})
		}
		if text, ok := v.(secret.Text); ok {
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
