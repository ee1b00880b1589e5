package challenge_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/secret"
)

// spoor is all that a program could print, log or send of what it was given.
type spoor struct{ bytes.Buffer }

// leave prints values in every way there is.
func (s *spoor) leave(t *testing.T, values ...any) {
	t.Helper()
	logs := []*slog.Logger{slog.New(slog.NewJSONHandler(s, nil)), slog.New(slog.NewTextHandler(s, nil))}
	for _, v := range values {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			fmt.Fprintf(&s.Buffer, format+"\n", v)
			fmt.Fprintf(&s.Buffer, format+"\n", &v)
			fmt.Fprintf(&s.Buffer, format+"\n", struct{ hidden any }{v})
		}
		b, err := json.Marshal(v)
		require.NoError(t, err)
		s.Write(b)
		for _, l := range logs {
			l.Info("left", "value", v)
		}
	}
}

// found counts the forms of a code that stand in a text. Digits are looked for where no other digit or letter is beside
// them: six digits stand in many a digest by chance.
func found(text string, code secret.Text) int {
	c, n := code.Reveal(), 0
	forms := []string{hex.EncodeToString([]byte(c)), base64.RawStdEncoding.EncodeToString([]byte(c)), fmt.Sprintf("%d", []byte(c))}
	if len(c) > 6 {
		forms = append(forms, c)
	}
	for _, f := range forms {
		n += strings.Count(text, f)
	}
	for at := 0; ; {
		i := strings.Index(text[at:], c)
		if i < 0 {
			return n
		}
		at += i + len(c)
		if !alphanumeric(text, at) && !alphanumeric(text, at-len(c)-1) {
			n++
		}
	}
}

func alphanumeric(s string, i int) bool {
	return i >= 0 && i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z' || s[i] == '.')
}

func TestNoCodeLeavesATraceAnywhereButWithTheSender(t *testing.T) {
	d := newDesk(t)
	left := new(spoor)
	var sent []secret.Text
	for _, k := range challenge.Kinds() {
		b := d0(k)
		draft, c, err := d.begin(d.Host, b, "to "+string(k.Purpose))
		require.NoError(t, err)
		left.leave(t, draft, &draft, []challenge.Draft{draft}, c, d.codes)
		require.NoError(t, d.codes.Send(ctx, draft, c, ""))
		all := d.mail.All()
		m := all[len(all)-1]
		left.leave(t, m, &m)
		sent = append(sent, m.Code)

		d.mail.Fail(errStruck)
		left.leave(t, d.codes.Send(ctx, draft, c, "").Error())
		d.mail.Fail(nil)

		a, err := d.codes.Answer(c.ID, m.Code)
		require.NoError(t, err)
		if k.Digits == 0 {
			l, err := d.codes.Link(m.Code)
			require.NoError(t, err)
			left.leave(t, l)
			a = l.Answer
			inner := strings.Split(m.Code.Reveal(), ".")[3]
			raw, err := base64.RawURLEncoding.DecodeString(inner)
			require.NoError(t, err)
			sent = append(sent, secret.NewText(inner), secret.NewText(string(raw)))
		}
		left.leave(t, a, &a)
		elsewhere := b
		elsewhere.Target = "elsewhere"
		for _, want := range []challenge.Binding{elsewhere, b, b} { // refused, taken, spent
			p, err := d.answer(d.Host, want, a)
			left.leave(t, p)
			if err != nil {
				left.leave(t, err.Error(), err)
			}
		}
		left.leave(t, d.kept("ada", c.ID), d.counted(k.Method))
	}
	left.leave(t, d.Events(contoso))
	text, dump := left.String(), saved(t, d.DB)
	require.Contains(t, text, secret.Redacted)
	for i, code := range sent {
		require.Positive(t, found(" "+code.Reveal()+" ", code), "what is looked for could be found")
		require.Zero(t, found(text, code), "code %d left a trace", i)
		require.Zero(t, found(dump, code), "code %d rests in the store", i)
	}
	require.Contains(t, dump, `"table":"challenges"`)
}

// Six digits can be tried out, so the digest must be of no use without the key.
func TestADumpOfTheStoreDoesNotTellTheCode(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	other, err := secret.NewKeyRing(secret.NewKey("another"))
	require.NoError(t, err)
	codes, err := challenge.NewCodes(other, d.mail)
	require.NoError(t, err)
	a, err := codes.Answer(id, code)
	require.NoError(t, err)
	_, err = d.answer(d.Host, d.stepUp(), a)
	refused(t, err, challenge.CodeWrong, "the same code under another key")
}
