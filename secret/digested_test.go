package secret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/secret"
)

// tried is what came of a password against a hash.
func tried(t testing.TB, password string, stored secret.Hash, d secret.Digester, purpose string) secret.Verified {
	t.Helper()
	v, err := hasher(t, cheap, 1).VerifyDigested(ctx, secret.NewText(password), stored, d, purpose)
	require.NoError(t, err)
	return v
}

func TestAWrongPasswordIsKnownAgainByItsDigestAndTheRightOneHasNone(t *testing.T) {
	k1, k2 := secret.NewKey("k1"), secret.NewKey("k2")
	r := ring(t, k1)
	stored, other := hashed("pw", cheap, 16, 32), hashed("pw", cheap, 17, 32)

	right := tried(t, "pw", stored, r, "wrong")
	require.Equal(t, secret.Verified{OK: true}, right)
	require.True(t, tried(t, "pw", hashed("pw", cheap, 8, 16), r, "wrong").Rehash)

	wrong := tried(t, "no", stored, r, "wrong")
	require.False(t, wrong.OK)
	require.Len(t, wrong.Wrong, 1)
	require.Empty(t, cmp.Diff(wrong, tried(t, "no", stored, r, "wrong")), "the same again")
	for what, v := range map[string]secret.Verified{
		"another password":                      tried(t, "No", stored, r, "wrong"),
		"against another hash":                  tried(t, "no", other, r, "wrong"),
		"for another purpose":                   tried(t, "no", stored, r, "else"),
		"under another key":                     tried(t, "no", stored, ring(t, k2), "wrong"),
		"a password that is the hash of itself": tried(t, string(stored), stored, r, "wrong"),
	} {
		require.False(t, v.Wrong[0].Equal(wrong.Wrong[0]), what)
	}
	rotated := tried(t, "no", stored, ring(t, k2, k1), "wrong")
	require.Len(t, rotated.Wrong, 2)
	require.True(t, rotated.Wrong[1].Equal(wrong.Wrong[0]), "what an old key digested is known again")
}

type noDigester struct{ err error }

func (n noDigester) Digests(string, secret.Text) ([]secret.Digest, error) { return nil, n.err }

func TestWithoutADigestNoPasswordIsVerified(t *testing.T) {
	broken := errors.New("no key")
	for _, password := range []string{"pw", "no"} {
		v, err := hasher(t, cheap, 1).VerifyDigested(ctx, secret.NewText(password), hashed("pw", cheap, 16, 32), noDigester{broken}, "wrong")
		require.ErrorIs(t, err, broken)
		require.Zero(t, v)
	}
	_, err := hasher(t, cheap, 1).VerifyDigested(ctx, secret.NewText("pw"), "no hash", noDigester{}, "wrong")
	require.ErrorIs(t, err, secret.ErrHash)
}

func TestAnImpossibleHashCostsWhatOursDoAndIsOfNoPassword(t *testing.T) {
	p := secret.Params{MemoryKiB: 64, Passes: 3, Parallelism: 2}
	h := hasher(t, p, 1)
	impossible, err := h.Impossible()
	require.NoError(t, err)
	ours, err := h.Hash(ctx, secret.NewText("pw"))
	require.NoError(t, err)
	head := func(s secret.Hash) string { return strings.Join(strings.Split(string(s), "$")[:4], "$") }
	require.Equal(t, head(ours), head(impossible))
	require.Len(t, string(impossible), len(ours))
	for _, password := range []string{"", "pw"} {
		ok, _, err := h.Verify(ctx, secret.NewText(password), impossible)
		require.NoError(t, err)
		require.False(t, ok)
	}
	again, err := h.Impossible()
	require.NoError(t, err)
	require.False(t, again == impossible, "it is drawn")
	_, err = h.WithRandom(exhausted(47)).Impossible()
	require.ErrorIs(t, err, errNoRandom)
}
