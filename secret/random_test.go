package secret_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/secret"
)

// stream is a reproducible source of evenly distributed bytes.
func stream(seed string) io.Reader {
	s := sha3.NewSHAKE128()
	_, _ = s.Write([]byte(seed)) // a hash takes everything
	return s
}

func TestATokenIs256RandomBits(t *testing.T) {
	want := make([]byte, 32)
	_, err := io.ReadFull(stream("a"), want)
	require.NoError(t, err)
	token, err := secret.NewToken(stream("a"))
	require.NoError(t, err)
	got, err := base64.RawURLEncoding.Strict().DecodeString(token.Reveal())
	require.NoError(t, err)
	require.Equal(t, want, got, "every random bit stands in the token")
	require.Len(t, token.Reveal(), 43)
}

func TestTokensComeFromTheSystemByDefault(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		token, err := secret.NewToken(nil)
		require.NoError(t, err)
		require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, token.Reveal())
		require.False(t, seen[token.Reveal()])
		seen[token.Reveal()] = true
	}
}

func TestACodeHasTheDigitsThatWereAskedFor(t *testing.T) {
	for digits := 6; digits <= 32; digits++ {
		code, err := secret.NewCode(nil, digits)
		require.NoError(t, err)
		require.Len(t, code.Reveal(), digits)
		require.Empty(t, strings.Trim(code.Reveal(), "0123456789"))
	}
	for _, digits := range []int{-1, 0, 1, 5, 33, 1 << 30} {
		code, err := secret.NewCode(nil, digits)
		require.Error(t, err, "%d digits", digits)
		require.True(t, code.Empty())
	}
}

func TestACodeKeepsItsLeadingZeros(t *testing.T) {
	code, err := secret.NewCode(zeros{}, 6)
	require.NoError(t, err)
	require.Equal(t, "000000", code.Reveal())
}

func TestEveryDigitOfACodeIsEquallyLikely(t *testing.T) {
	const codes, digits = 25_000, 8
	random := stream("codes")
	var all [10]int
	var at [digits][10]int
	for range codes {
		code, err := secret.NewCode(random, digits)
		require.NoError(t, err)
		for place, d := range []byte(code.Reveal()) {
			all[d-'0']++
			at[place][d-'0']++
		}
	}
	// Chi-square with 9 degrees of freedom exceeds 33.7 by chance once in 10,000. The stream is fixed, so the
	// outcome is too. A code made by a byte modulo 10 has over 50 here.
	require.Less(t, chiSquare(all), 33.7)
	for place := range at {
		require.Less(t, chiSquare(at[place]), 33.7, "place %d", place)
	}
}

func chiSquare(counts [10]int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	expected, sum := float64(total)/10, 0.0
	for _, n := range counts {
		sum += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	return sum
}

func TestWithoutRandomnessThereIsNoTokenAndNoCode(t *testing.T) {
	for _, n := range []int64{0, 1, 5} {
		token, err := secret.NewToken(exhausted(n))
		require.ErrorIs(t, err, errNoRandom)
		require.True(t, token.Empty())
		code, err := secret.NewCode(exhausted(n), 6)
		require.ErrorIs(t, err, errNoRandom)
		require.True(t, code.Empty())
	}
	_, err := secret.NewToken(bytes.NewReader(make([]byte, 31)))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func mac(t *testing.T, k []byte) secret.MAC {
	t.Helper()
	m, err := secret.NewMAC(k)
	require.NoError(t, err)
	return m
}

func digest(t *testing.T, m secret.MAC, purpose, text string) secret.Digest {
	t.Helper()
	d, err := m.Sum(purpose, secret.NewText(text))
	require.NoError(t, err)
	return d
}

func TestAMACIsHMACOverPurposeAndText(t *testing.T) {
	h := hmac.New(sha256.New, []byte(canary))
	h.Write(secret.Bind("session", "token-1"))
	require.Equal(t, secret.Digest(h.Sum(nil)), digest(t, mac(t, []byte(canary)), "session", "token-1"))
}

func TestAMACIsForOnePurposeAndOneKey(t *testing.T) {
	m := mac(t, []byte(canary))
	one := digest(t, m, "session", "token-1")
	require.True(t, one.Equal(digest(t, m, "session", "token-1")))
	for what, other := range map[string]secret.Digest{
		"another purpose":          digest(t, m, "reset", "token-1"),
		"no purpose":               digest(t, m, "", "token-1"),
		"another text":             digest(t, m, "session", "token-2"),
		"a shorter text":           digest(t, m, "session", "token-"),
		"no text":                  digest(t, m, "session", ""),
		"the border moved left":    digest(t, m, "sessio", "ntoken-1"),
		"the border moved right":   digest(t, m, "sessiont", "oken-1"),
		"another key":              digest(t, mac(t, make([]byte, 32)), "session", "token-1"),
		"a key that goes on":       digest(t, mac(t, []byte(canary+"x")), "session", "token-1"),
		"purpose and text swapped": digest(t, m, "token-1", "session"),
	} {
		require.False(t, one.Equal(other), what)
	}
}

func TestAMACNeedsAKeyOf32Bytes(t *testing.T) {
	for _, n := range []int{0, 1, 31} {
		m, err := secret.NewMAC(make([]byte, n))
		require.Error(t, err, "%d bytes", n)
		_, err = m.Sum("session", secret.NewText("a"))
		require.Error(t, err, "the zero MAC makes no digests")
	}
	_, err := secret.NewMAC(make([]byte, 32))
	require.NoError(t, err)
}

func TestAMACKeepsACopyOfItsKey(t *testing.T) {
	k := []byte(canary)
	m := mac(t, k)
	before := digest(t, m, "session", "token-1")
	clear(k)
	require.True(t, before.Equal(digest(t, m, "session", "token-1")))
}

func TestTheKeyOfAMACIsNeverPrinted(t *testing.T) {
	for where, v := range holders(mac(t, []byte(canary))) {
		mustNotLeak(t, where, v, canary)
	}
	require.Equal(t, "MAC [redacted]", mac(t, []byte(canary)).String())
	require.Equal(t, "MAC [redacted]", mac(t, []byte(canary)).GoString())
}

func TestTheZeroDigestEqualsNothing(t *testing.T) {
	var zero secret.Digest
	require.False(t, zero.Equal(zero), "a token that was never set matches no token")
	require.False(t, zero.Equal(secret.Digest{1}))
	require.False(t, secret.Digest{1}.Equal(zero))
}

func TestDigestsAreEqualIfEveryBitIs(t *testing.T) {
	d := digest(t, mac(t, []byte(canary)), "session", "token-1")
	require.True(t, d.Equal(d))
	for i := range d {
		for bit := range 8 {
			other := d
			other[i] ^= 1 << bit
			require.False(t, d.Equal(other), "bit %d of byte %d", bit, i)
			require.False(t, other.Equal(d), "bit %d of byte %d", bit, i)
		}
	}
}

func TestADigestIsWrittenInHexAndReadBack(t *testing.T) {
	d := digest(t, mac(t, []byte(canary)), "session", "token-1")
	b, err := json.Marshal(map[string]secret.Digest{"d": d})
	require.NoError(t, err)
	require.Regexp(t, `^{"d":"[0-9a-f]{64}"}$`, string(b))
	var back map[string]secret.Digest
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, d, back["d"])

	for _, bad := range []string{"", "00", strings.Repeat("0", 62), strings.Repeat("0", 63), strings.Repeat("0", 65),
		strings.Repeat("0", 66), strings.Repeat("g", 64), strings.Repeat("\u00e9", 32)} {
		require.Error(t, new(secret.Digest).UnmarshalText([]byte(bad)), "%q", bad)
	}
}

// unbound takes apart what Bind put together.
func unbound(t *rapid.T, b []byte) []string {
	var parts []string
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || uint64(len(b)-size) < n {
			t.Fatalf("%x is not a list of parts", b)
		}
		parts = append(parts, string(b[size:size+int(n)]))
		b = b[size+int(n):]
	}
	return parts
}

func TestDifferentPartsBindDifferently(t *testing.T) {
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a", "b", "ab", "\x00", "\x01", "\x01a", "a\x01b"}))
	rapid.Check(t, func(t *rapid.T) {
		one, other := rapid.SliceOfN(part, 0, 4).Draw(t, "one"), rapid.SliceOfN(part, 0, 4).Draw(t, "other")
		if same := bytes.Equal(secret.Bind(one...), secret.Bind(other...)); same != slices.Equal(one, other) {
			t.Fatalf("%q and %q bind to the same: %v", one, other, same)
		}
		// What can be taken apart again cannot be the same for two lists.
		if diff := cmp.Diff(one, unbound(t, secret.Bind(one...)), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
	long := strings.Repeat("x", 300) // its length takes two bytes
	require.NotEqual(t, secret.Bind(long), secret.Bind(long[:299], "x"))
}
