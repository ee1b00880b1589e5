package signins_test

import (
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// spellings are other ways to write what stands in a token.
func spellings(t testing.TB, token string) []string {
	t.Helper()
	encoded := strings.TrimPrefix(token, "mast_")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	require.NoError(t, err)
	wrap := func(b []byte) string { return "mast_" + base64.RawURLEncoding.EncodeToString(b) }
	out := []string{token + "\n", "mast_\r\n" + encoded, "mast_" + encoded[:9] + "\n" + encoded[9:], token + "=", " " + token,
		strings.ToUpper(token), wrap(append(raw, 0)), wrap(raw[1:]), wrap(nil), token[:len(token)-1]}
	for at := 0; at < len(raw); { // the length of each part, written longer than it need be
		long := append(append([]byte{}, raw[:at]...), raw[at]|0x80, 0)
		out = append(out, wrap(append(long, raw[at+1:]...)))
		n, size := binary.Uvarint(raw[at:])
		at += size + int(n)
	}
	return append(out, wrap([]byte{0, 0, 0, 0}), wrap([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}))
}

func TestNoOtherSpellingOfATokenIsTheToken(t *testing.T) {
	w := accounttest.New(t)
	s := w.Session(w.Person("ada", policy.Work))
	for i, text := range spellings(t, s.Token.Reveal()) {
		a, err := w.App.Host.SignIns.Actor(t.Context(), secret.NewText(text))
		refused(t, err, policy.CodeSessionEnded, "spelling %d: %q", i, text)
		require.Zero(t, a)
	}
	require.True(t, works(t, w.App.Host.SignIns, s.Token))
}

// FuzzToken gives an actor for nothing but the very text of a token.
func FuzzToken(f *testing.F) {
	w := accounttest.New(f)
	ada := w.Person("ada", policy.Work)
	s, over := w.Session(ada), w.Session(ada)
	require.NoError(f, w.App.SignIns.End(f.Context(), s.Actor, over.Actor.Session))
	for _, token := range []string{s.Token.Reveal(), over.Token.Reveal()} {
		f.Add(token)
		for _, text := range spellings(f, token) {
			f.Add(text)
		}
	}
	f.Add("")
	f.Add("mast_")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := w.App.Host.SignIns.Actor(t.Context(), secret.NewText(text))
		next, proveErr := w.Fork(t).App.Host.SignIns.AddProof(t.Context(), w.Host, secret.NewText(text), otp(w))
		if text == s.Token.Reveal() {
			require.NoError(t, err)
			require.NoError(t, proveErr)
			require.Equal(t, s.Actor, a)
			return
		}
		for _, err := range []error{err, proveErr} {
			refused(t, err, policy.CodeSessionEnded)
			require.NotContains(t, err.Error(), "ada")
		}
		require.Zero(t, a)
		require.True(t, next.Token.Empty())
	})
}

// clean tells by other means than the room whether a text may be kept.
func clean(text string) bool {
	if !utf8.ValidString(text) || len([]rune(text)) > 256 {
		return false
	}
	return strings.IndexFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || strings.ContainsRune("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r)
	}) < 0
}

// FuzzStart keeps texts as they are, or refuses them and keeps nothing.
func FuzzStart(f *testing.F) {
	base := accounttest.New(f)
	ada := base.Person("ada", policy.Work)
	before := saved(f, base.DB)
	f.Add("Mail", "Firefox 133", "Windows 10", "Berlin, DE", "fe80::1%eth0")
	f.Add("", "", "", "", "")
	f.Add("a\nb", "\xff", "\u202eneves", "x\u2028y", "1.2.3.4%\x00")
	f.Add(strings.Repeat("é", 256), strings.Repeat("é", 257), "\u2066", "\u0085", "::ffff:1.2.3.4")
	f.Fuzz(func(t *testing.T, application, browser, system, place, address string) {
		w := base.Fork(t)
		ip, _ := netip.ParseAddr(address) // what is none is the zero address
		n := signins.NewSession{Account: "ada", Proofs: ada.Proofs, Address: ip, Place: signins.Place{City: place},
			Client: policy.Client{Application: application, Browser: browser, System: system}}
		s, err := w.App.Host.SignIns.Start(t.Context(), w.Host, n)
		good := clean(application) && clean(browser) && clean(system) && clean(place)
		require.Equal(t, good, err == nil, "%+v: %v", n, err)
		if !good {
			require.ErrorAs(t, err, new(*policy.Invalid))
			require.True(t, s.Token.Empty())
			requireSame(t, before, saved(t, w.DB))
			return
		}
		list, err := w.App.SignIns.Sessions(t.Context(), s.Actor, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		got := list.Items[0]
		require.Equal(t, []any{n.Client, place, ip.WithZone("")}, []any{got.Client, got.Place, got.Address})
		a, err := w.App.Host.SignIns.Actor(t.Context(), s.Token)
		require.NoError(t, err)
		require.Equal(t, s.Actor, a)
		err = w.DB.Save(&strings.Builder{})
		require.NoError(t, err, "what was kept can be written out")
	})
}
