package password_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/secret"
)

var (
	cheap   = secret.Params{MemoryKiB: 16, Passes: 1, Parallelism: 1}
	cheaper = secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}
)

// counting is a slow hash that counts what it did, by what that cost.
type counting struct {
	*secret.Hasher
	hashed   int
	verified map[string]int // by kind and parameters of the hash
	seen     []string       // the texts that were hashed or verified
}

func (c *counting) Hash(ctx context.Context, text secret.Text) (secret.Hash, error) {
	c.hashed++
	c.seen = append(c.seen, text.Reveal())
	return c.Hasher.Hash(ctx, text)
}

func (c *counting) VerifyDigested(ctx context.Context, text secret.Text, stored secret.Hash, d secret.Digester, purpose string) (secret.Verified, error) {
	v, err := c.Hasher.VerifyDigested(ctx, text, stored, d, purpose)
	if err == nil {
		c.verified[strings.Join(strings.Split(string(stored), "$")[:4], "$")]++
		c.seen = append(c.seen, text.Reveal())
	}
	return v, err
}

func slow(t testing.TB, p secret.Params) *counting {
	t.Helper()
	h, err := secret.NewHasher(p, 1)
	require.NoError(t, err)
	return &counting{Hasher: h, verified: make(map[string]int)}
}

func ring(t testing.TB) *secret.KeyRing {
	t.Helper()
	r, err := secret.NewKeyRing(secret.NewKey("k1"))
	require.NoError(t, err)
	return r
}

func hasher(t testing.TB, s password.SlowHash) *password.Hasher {
	t.Helper()
	h, err := password.NewHasher(s, ring(t))
	require.NoError(t, err)
	return h
}

// account is what a sign-in page needs of one; the zero account is none.
type account struct {
	hash     secret.Hash
	disabled bool
	throttle password.Throttle
}

// signIn is a sign-in page's use of this package.
func signIn(t testing.TB, h *password.Hasher, a *account, given string, now time.Time) bool {
	t.Helper()
	v, err := h.Verify(ctx, secret.NewText(given), a.hash)
	require.NoError(t, err)
	if a.hash == "" || a.disabled {
		return false
	}
	var ok bool
	a.throttle, ok = a.throttle.Judge(v, now, password.Unfamiliar, password.Lockout{})
	return ok
}

func TestUnknownKnownDisabledAndLockedAccountsTakeTheSameWork(t *testing.T) {
	s := slow(t, cheap)
	h := hasher(t, s)
	hash, err := h.Hash(ctx, secret.NewText("the right one"))
	require.NoError(t, err)
	locked := password.Throttle{Unfamiliar: password.Failures{Count: 10, LockedUntil: noon.Add(time.Minute)}}
	type work struct {
		Hashed   int
		Verified map[string]int
	}
	done := make(map[string]work)
	for what, a := range map[string]account{
		"unknown": {}, "known": {hash: hash}, "disabled": {hash: hash, disabled: true}, "locked": {hash: hash, throttle: locked},
		"of no use any more": {hash: hash, throttle: password.Throttle{Disabled: true}},
	} {
		for _, given := range []string{"the right one", "a wrong one", "", strings.Repeat("long ", 50)} {
			s.hashed, s.verified = 0, make(map[string]int)
			ok := signIn(t, h, &a, given, noon)
			require.Equal(t, what == "known" && given == "the right one", ok, "%s, %s", what, given)
			done[what+", "+given] = work{s.hashed, s.verified}
		}
	}
	want := work{0, map[string]int{"$argon2id$v=19$m=16,t=1,p=1": 1}}
	require.Len(t, done, 20)
	for what, got := range done {
		require.Empty(t, cmp.Diff(want, got), what)
	}
}

func TestAHashThatCannotBeUsedTakesTheWorkOfOneThatCanAndIsAnError(t *testing.T) {
	s := slow(t, cheap)
	v, err := hasher(t, s).Verify(ctx, secret.NewText("pw"), "$2y$10$of-another-kind")
	require.ErrorIs(t, err, secret.ErrHash)
	require.Zero(t, v)
	require.Equal(t, map[string]int{"$argon2id$v=19$m=16,t=1,p=1": 1}, s.verified)
}

func TestWhatCannotBeAPasswordIsWrongEverywhereWithoutWork(t *testing.T) {
	s := slow(t, cheap)
	h := hasher(t, s)
	hash, err := h.Hash(ctx, secret.NewText("pw"))
	require.NoError(t, err)
	s.hashed, s.seen = 0, nil
	for what, given := range map[string]string{"no text": "pw\xff", "too long": strings.Repeat("x", 257), "a megabyte": strings.Repeat("x", 1<<20),
		"too long when normalized": strings.Repeat("\ufdfa", 15)} {
		for _, stored := range []secret.Hash{"", hash} {
			v, err := h.Verify(ctx, secret.NewText(given), stored)
			require.NoError(t, err, what)
			require.Zero(t, v, what)
		}
		_, err := h.Hash(ctx, secret.NewText(given))
		var refused *password.Unacceptable
		require.ErrorAs(t, err, &refused, what)
	}
	require.Zero(t, s.hashed)
	require.Empty(t, s.seen)
	_, err = h.Hash(ctx, secret.NewText(strings.Repeat("é", 256)))
	require.NoError(t, err)
}

func TestAPasswordIsTheSameHoweverItIsSpelled(t *testing.T) {
	s := slow(t, cheap)
	h := hasher(t, s)
	hash, err := h.Hash(ctx, secret.NewText("e\u0301te\u0301 \ufb01n"))
	require.NoError(t, err)
	require.Equal(t, []string{"\u00e9t\u00e9 fin"}, s.seen, "as NFKC")
	for given, same := range map[string]bool{"\u00e9t\u00e9 fin": true, "e\u0301t\u00e9\u00a0fin": true, "\u00c9t\u00e9 fin": false, "ete fin": false, " \u00e9t\u00e9 fin": false} {
		v, err := h.Verify(ctx, secret.NewText(given), hash)
		require.NoError(t, err)
		require.Equal(t, same, v.OK, given)
		require.Equal(t, same, v.Wrong == nil, given)
	}
}

func TestAHashOfCheaperParametersIsMadeAnewAfterASuccess(t *testing.T) {
	hash, err := hasher(t, slow(t, cheaper)).Hash(ctx, secret.NewText("pw"))
	require.NoError(t, err)
	h := hasher(t, slow(t, cheap))
	v, err := h.Verify(ctx, secret.NewText("pw"), hash)
	require.NoError(t, err)
	require.Equal(t, secret.Verified{OK: true, Rehash: true}, v)
	v, err = h.Verify(ctx, secret.NewText("no"), hash)
	require.NoError(t, err)
	require.False(t, v.Rehash)
	hash, err = h.Hash(ctx, secret.NewText("pw"))
	require.NoError(t, err)
	v, err = h.Verify(ctx, secret.NewText("pw"), hash)
	require.NoError(t, err)
	require.Equal(t, secret.Verified{OK: true}, v)
}

func TestAWrongPasswordIsKnownAgainWithoutASecondHash(t *testing.T) {
	s := slow(t, cheap)
	h := hasher(t, s)
	hash, err := h.Hash(ctx, secret.NewText("pw"))
	require.NoError(t, err)
	a := account{hash: hash}
	s.verified = make(map[string]int)
	for range 20 {
		require.False(t, signIn(t, h, &a, "the old one", noon))
	}
	require.Equal(t, 1, a.throttle.Unfamiliar.Count)
	require.Equal(t, map[string]int{"$argon2id$v=19$m=16,t=1,p=1": 20}, s.verified, "one each")

	nobody := account{}
	v, err := h.Verify(ctx, secret.NewText("the old one"), nobody.hash)
	require.NoError(t, err)
	require.Zero(t, v, "of no account nothing is remembered")
}

// broken is a slow hash that fails.
type broken struct{ error }

func (b broken) Hash(context.Context, secret.Text) (secret.Hash, error) { return "", b.error }
func (b broken) VerifyDigested(context.Context, secret.Text, secret.Hash, secret.Digester, string) (secret.Verified, error) {
	return secret.Verified{}, b.error
}
func (b broken) Impossible() (secret.Hash, error) { return "", b.error }

type halfBroken struct{ broken }

func (halfBroken) Impossible() (secret.Hash, error) { return "none", nil }

func TestAFaultOfTheHashIsAnErrorAndNeverAYes(t *testing.T) {
	down := errors.New("down")
	_, err := password.NewHasher(broken{down}, ring(t))
	require.ErrorIs(t, err, down)
	h := hasher(t, halfBroken{broken{down}})
	_, err = h.Hash(ctx, secret.NewText("pw"))
	require.ErrorIs(t, err, down)
	for _, stored := range []secret.Hash{"", "some"} {
		v, err := h.Verify(ctx, secret.NewText("pw"), stored)
		require.ErrorIs(t, err, down)
		require.Zero(t, v)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	real := hasher(t, slow(t, cheap))
	for _, stored := range []secret.Hash{"", "$argon2id$v=19$m=16,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "unusable"} {
		_, err := real.Verify(gone, secret.NewText("pw"), stored)
		require.ErrorIs(t, err, context.Canceled)
	}
	_, err = password.NewHasher(nil, ring(t))
	require.Error(t, err)
	_, err = password.NewHasher(slow(t, cheap), nil)
	require.Error(t, err)
}
