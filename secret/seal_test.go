package secret_test

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/secret"
)

var _ secret.Sealer = (*secret.KeyRing)(nil)

var ctx = context.Background()

// key is the key with the canary as its secret.
func key(id string) secret.Key { return secret.Key{ID: id, Secret: secret.NewText(canary)} }

func ring(t *testing.T, current secret.Key, old ...secret.Key) *secret.KeyRing {
	t.Helper()
	r, err := secret.NewKeyRing(current, old...)
	require.NoError(t, err)
	return r
}

func seal(t *testing.T, r *secret.KeyRing, plain string, bound []byte) secret.Sealed {
	t.Helper()
	sealed, err := r.Seal(ctx, secret.NewText(plain), bound)
	require.NoError(t, err)
	return sealed
}

func opens(t *testing.T, r *secret.KeyRing, sealed secret.Sealed, bound []byte, want string) {
	t.Helper()
	got, err := r.Open(ctx, sealed, bound)
	require.NoError(t, err)
	require.Equal(t, want, got.Reveal())
}

func staysShut(t *testing.T, r *secret.KeyRing, sealed secret.Sealed, bound []byte, why ...any) {
	t.Helper()
	got, err := r.Open(ctx, sealed, bound)
	require.ErrorIs(t, err, secret.ErrUnsealable, why...)
	require.True(t, got.Empty(), why...)
}

var home = secret.Bind("contoso", "laptop", "key-1")

func TestWhatWasSealedOpensAgain(t *testing.T) {
	r := ring(t, secret.NewKey("k1"))
	for _, plain := range []string{"", "a", canary, strings.Repeat("long ", 10_000), "\x00\xff not UTF-8"} {
		for _, bound := range [][]byte{nil, home} {
			sealed := seal(t, r, plain, bound)
			opens(t, r, sealed, bound, plain)
		}
	}
}

func TestASealedValueNamesItsKeyAndShowsNothingElse(t *testing.T) {
	r := ring(t, secret.NewKey("k1"))
	one, other := seal(t, r, canary, home), seal(t, r, canary, home)
	require.True(t, strings.HasPrefix(string(one), "x1.k1."), one)
	require.False(t, leaks(string(one), canary))
	require.NotEqual(t, one, other, "equal secrets are not seen to be equal")
}

func TestASealedValueOpensOnlyInItsPlace(t *testing.T) {
	r := ring(t, secret.NewKey("k1"))
	here := seal(t, r, "mine", home)
	there := seal(t, r, "theirs", secret.Bind("contoso", "desktop", "key-1"))
	staysShut(t, r, here, secret.Bind("contoso", "desktop", "key-1"), "two rows were swapped")
	staysShut(t, r, there, home, "two rows were swapped")
	for _, wrong := range [][]byte{nil, {}, secret.Bind("contoso", "laptop"), secret.Bind("fabrikam", "laptop", "key-1"),
		secret.Bind("contoso", "laptopkey-1"), append(secret.Bind("contoso", "laptop", "key-1"), 0)} {
		staysShut(t, r, here, wrong, "bound to %q", wrong)
	}
	staysShut(t, r, seal(t, r, "free", nil), home, "what was bound to nothing")
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	r := ring(t, key("k1"), secret.NewKey("k2"))
	sealed := seal(t, r, "12345-67890", home)
	for i := range len(sealed) {
		for bit := range 8 {
			b := []byte(sealed)
			b[i] ^= 1 << bit
			staysShut(t, r, secret.Sealed(b), home, "bit %d of character %d", bit, i)
		}
	}
	// The same below the encoding: key, nonce, ciphertext and tag.
	const prefix = len("x1.k1.")
	box, err := base64.RawURLEncoding.DecodeString(string(sealed[prefix:]))
	require.NoError(t, err)
	require.Len(t, box, 24+len("12345-67890")+16)
	for i := range box {
		for bit := range 8 {
			box[i] ^= 1 << bit
			staysShut(t, r, sealed[:prefix]+secret.Sealed(base64.RawURLEncoding.EncodeToString(box)), home, "bit %d of byte %d", bit, i)
			box[i] ^= 1 << bit
		}
	}
	for i := range home {
		elsewhere := append([]byte(nil), home...)
		elsewhere[i] ^= 1
		staysShut(t, r, sealed, elsewhere, "byte %d of what it is bound to", i)
	}
}

func TestOnlyTheWholeSealedValueOpens(t *testing.T) {
	r := ring(t, secret.NewKey("k1"))
	sealed := seal(t, r, "whole", home)
	for n := range len(sealed) {
		staysShut(t, r, sealed[:n], home, "cut to %d characters", n)
	}
	body := sealed[len("x1.k1."):]
	for _, s := range []secret.Sealed{
		sealed + "A", sealed + "AAAA", sealed + "=", sealed + "\n", "\n" + sealed, " " + sealed, sealed + sealed,
		"x1.k1." + body[:5] + "\n" + body[5:], "x1.k1.\r" + body, // line breaks, which a lax base64 skips
		"x2.k1." + body, "X1.k1." + body, "x1k1." + body, "x1..k1." + body, "x1.k1.k1." + body, body,
		"x1.k1", "x1.", "x1.k1.", "x1.K1." + body, "x1.k2." + body, "x1.." + body,
	} {
		staysShut(t, r, s, home, "%q", s)
	}
}

func TestAnotherRingOpensNothingEvenUnderTheSameKeyName(t *testing.T) {
	sealed := seal(t, ring(t, secret.NewKey("k1")), "mine", home)
	staysShut(t, ring(t, secret.NewKey("k1")), sealed, home)
	staysShut(t, ring(t, secret.NewKey("k2")), sealed, home)
	staysShut(t, &secret.KeyRing{}, sealed, home, "the zero ring holds no key")
}

func TestARotatedRingOpensTheOldAndSealsWithTheNew(t *testing.T) {
	k1, k2 := secret.NewKey("k1"), secret.NewKey("k2")
	before, during, after := ring(t, k1), ring(t, k2, k1), ring(t, k2)

	old := seal(t, before, "kept", home)
	opens(t, during, old, home, "kept")
	require.True(t, strings.HasPrefix(string(seal(t, during, "new", home)), "x1.k2."))

	fresh, changed, err := during.Reseal(ctx, old, home)
	require.NoError(t, err)
	require.True(t, changed)
	opens(t, after, fresh, home, "kept")
	staysShut(t, after, old, home, "the old key is gone")
	staysShut(t, before, fresh, home, "the old ring does not know the new key")
	staysShut(t, after, fresh, nil, "it is still bound to its place")

	again, changed, err := during.Reseal(ctx, fresh, home)
	require.NoError(t, err)
	require.False(t, changed)
	require.Equal(t, fresh, again, "what is under the current key stays as it is")
}

func TestAKeyWhoseNameBeginsAnothersIsNotTakenForIt(t *testing.T) {
	short, long := secret.NewKey("k"), secret.NewKey("k1")
	old := seal(t, ring(t, long), "kept", home)
	fresh, changed, err := ring(t, short, long).Reseal(ctx, old, home)
	require.NoError(t, err)
	require.True(t, changed)
	opens(t, ring(t, short), fresh, home, "kept")
}

func TestWhatDoesNotOpenIsNotResealed(t *testing.T) {
	r := ring(t, secret.NewKey("k2"), secret.NewKey("k1"))
	for _, s := range []secret.Sealed{"", "x1.k1.AAAA", seal(t, ring(t, secret.NewKey("k0")), "lost", home)} {
		got, changed, err := r.Reseal(ctx, s, home)
		require.ErrorIs(t, err, secret.ErrUnsealable)
		require.False(t, changed)
		require.Empty(t, got)
	}
	k1 := secret.NewKey("k1")
	old := seal(t, ring(t, k1), "kept", home)
	got, changed, err := ring(t, secret.NewKey("k2"), k1).WithRandom(exhausted(0)).Reseal(ctx, old, home)
	require.ErrorIs(t, err, errNoRandom)
	require.False(t, changed)
	require.Empty(t, got)
}

func TestARingRefusesMalformedKeys(t *testing.T) {
	good := secret.NewKey("good")
	sized := func(id string, n int) secret.Key {
		return secret.Key{ID: id, Secret: secret.NewText(string(make([]byte, n)))}
	}
	for what, k := range map[string]secret.Key{
		"no id": sized("", secret.KeySize), "an id of 65 characters": sized(strings.Repeat("k", 65), secret.KeySize),
		"a dot": sized("a.b", secret.KeySize), "a space": sized("a b", secret.KeySize), "an accent": sized("kl\u00e9", secret.KeySize),
		"a line break": sized("a\n", secret.KeySize), "NUL": sized("a\x00", secret.KeySize),
		"no secret": {ID: "k"}, "31 bytes": sized("k", 31), "33 bytes": sized("k", 33), "64 bytes": sized("k", 64),
		"the zero key": {}, "the id of another": sized("good", secret.KeySize),
	} {
		_, err := secret.NewKeyRing(good, k)
		require.Error(t, err, what)
		if k.ID != "good" {
			_, err = secret.NewKeyRing(k)
			require.Error(t, err, what)
		}
	}
	for _, id := range []string{"k", strings.Repeat("k", 64), "2026-01_A"} {
		r := ring(t, sized(id, secret.KeySize))
		opens(t, r, seal(t, r, "kept", nil), nil, "kept")
	}
}

func TestNoSealWithoutAKeyOrRandomness(t *testing.T) {
	_, err := (&secret.KeyRing{}).Seal(ctx, secret.NewText(canary), home)
	require.Error(t, err)
	require.False(t, leaks(err.Error(), canary))
	for _, n := range []int64{0, 23} { // a nonce has 24
		_, err = ring(t, secret.NewKey("k1")).WithRandom(exhausted(n)).Seal(ctx, secret.NewText(canary), home)
		require.ErrorIs(t, err, errNoRandom)
		require.False(t, leaks(err.Error(), canary))
	}
}

func TestNewKeysDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for range 100 {
		k := secret.NewKey("k")
		require.Len(t, k.Secret.Reveal(), secret.KeySize)
		require.False(t, seen[k.Secret.Reveal()])
		seen[k.Secret.Reveal()] = true
	}
}

func TestARingIsSafeForConcurrentUse(t *testing.T) {
	r := ring(t, secret.NewKey("k1"), secret.NewKey("k0"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				sealed, err := r.Seal(ctx, secret.NewText(canary), home)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := r.Open(ctx, sealed, home); err != nil || got.Reveal() != canary {
					t.Errorf("got %q, %v", got.Reveal(), err)
				}
			}
		})
	}
	wg.Wait()
}

func TestKeysAreNeverPrinted(t *testing.T) {
	r := ring(t, key("k1"), secret.NewKey("k0"))
	for where, v := range holders(r) {
		mustNotLeak(t, "ring: "+where, v, canary)
	}
	for where, v := range holders(*r) {
		mustNotLeak(t, "ring by value: "+where, v, canary)
	}
	for where, v := range holders(key("k1")) {
		mustNotLeak(t, "key: "+where, v, canary)
	}
	_, err := secret.NewKeyRing(secret.Key{ID: "bad id", Secret: secret.NewText(canary)})
	mustNotLeak(t, "error", err, canary)
	require.Equal(t, "key k1 [redacted]", key("k1").String(), "the name is no secret")
	require.Equal(t, "key k1 [redacted]", key("k1").GoString())
}

func TestWhatAnOldKeyDigestedIsStillRecognized(t *testing.T) {
	older, newer := secret.NewKey("older"), secret.NewKey("newer")
	token := secret.NewText(canary)
	before, err := ring(t, older).Digests("session", token)
	require.NoError(t, err)
	require.Len(t, before, 1)

	rotated := ring(t, newer, older)
	after, err := rotated.Digests("session", token)
	require.NoError(t, err)
	require.Len(t, after, 2)
	require.NotEqual(t, before[0], after[0], "what is kept from now on is under the new key")
	require.Equal(t, before[0], after[1])

	for name, other := range map[string]func() ([]secret.Digest, error){
		"another purpose": func() ([]secret.Digest, error) { return rotated.Digests("code", token) },
		"another token":   func() ([]secret.Digest, error) { return rotated.Digests("session", secret.NewText(canary+"x")) },
		"another ring":    func() ([]secret.Digest, error) { return ring(t, secret.NewKey("older")).Digests("session", token) },
	} {
		got, err := other()
		require.NoError(t, err)
		for _, d := range got {
			require.NotContains(t, after, d, name)
		}
	}
	_, err = new(secret.KeyRing).Digests("session", token)
	require.Error(t, err, "a ring without a key recognizes nothing")
}

func TestADigestIsNotUnderTheSealingKeyItself(t *testing.T) {
	k := key("one")
	k.Secret = secret.NewText(strings.Repeat("k", secret.KeySize))
	m, err := secret.NewMAC([]byte(k.Secret.Reveal()))
	require.NoError(t, err)
	under, err := m.Sum("session", secret.NewText("token"))
	require.NoError(t, err)
	got, err := ring(t, k).Digests("session", secret.NewText("token"))
	require.NoError(t, err)
	require.NotEqual(t, under, got[0])
}
