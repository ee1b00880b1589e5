package secret_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/seed4b20689c/myaccount/secret"
)

// affordable are well-formed hashes that cost next to nothing: at most 99 KiB and 2 passes.
var affordable = regexp.MustCompile(`^\$argon2id\$v=19\$m=0*[1-9][0-9]?,t=0*[12],p=0*[1-9]\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`)

func FuzzParsePHC(f *testing.F) {
	f.Add(string(hashed("pw", cheap, 16, 32)))
	f.Add(string(hashed("pw", secret.Params{MemoryKiB: 99, Passes: 2, Parallelism: 9}, 8, 64)))
	for _, stored := range hostile() {
		if len(stored) < 1000 {
			f.Add(stored)
		}
	}
	h := hasher(f, cheap, 1)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	f.Fuzz(func(t *testing.T, stored string) {
		// With a context that is done, a hash that passes the checks costs nothing and gives the context's error.
		ok, rehash, err := h.Verify(gone, secret.NewText("pw"), secret.Hash(stored))
		if ok || rehash {
			t.Fatalf("%q verified without work", stored)
		}
		switch {
		case errors.Is(err, secret.ErrHash):
			return
		case !errors.Is(err, context.Canceled):
			t.Fatalf("%q gives %v", stored, err)
		case len(stored) > 512 || strings.Count(stored, "$") != 5 || strings.ContainsAny(stored, "\r\n "):
			t.Fatalf("%q was taken for a hash", stored)
		}
		if affordable.MatchString(stored) {
			ok, _, err := h.Verify(ctx, secret.NewText("not what any seed was made of"), secret.Hash(stored))
			if ok || err != nil {
				t.Fatalf("%q gives %v, %v", stored, ok, err)
			}
		}
	})
}

func FuzzOpenSealed(f *testing.F) {
	r, err := secret.NewKeyRing(key("k1"), secret.Key{ID: "k0", Secret: secret.NewText(strings.Repeat("0", secret.KeySize))})
	if err != nil {
		f.Fatal(err)
	}
	genuine, err := r.WithRandom(stream("nonces")).Seal(ctx, secret.NewText(canary), home)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(genuine), "", "x1.", "x1.k1.", "x1.k0.AAAA", string(genuine) + "\n", "x1.k0." + string(genuine[6:])} {
		f.Add(s, home)
		f.Add(s, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, sealed string, bound []byte) {
		got, err := r.Open(ctx, secret.Sealed(sealed), bound)
		switch known := sealed == string(genuine) && string(bound) == string(home); {
		case known && (err != nil || got.Reveal() != canary):
			t.Fatalf("what was sealed does not open: %v", err)
		case !known && (!errors.Is(err, secret.ErrUnsealable) || !got.Empty()):
			t.Fatalf("%q bound to %q gives %v", sealed, bound, err)
		case !known && leaks(err.Error(), canary):
			t.Fatalf("the error gives the secret away: %v", err)
		}
		if _, changed, err := r.Reseal(ctx, secret.Sealed(sealed), bound); changed || err != nil && !errors.Is(err, secret.ErrUnsealable) {
			t.Fatalf("%q was resealed: %v, %v", sealed, changed, err)
		}
	})
}
