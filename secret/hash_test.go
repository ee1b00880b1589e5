package secret_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"github.com/seed4b20689c/myaccount/secret"
)

// cheap is the least that Argon2id can be asked for.
var cheap = secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}

func hasher(t testing.TB, p secret.Params, concurrent int) *secret.Hasher {
	t.Helper()
	h, err := secret.NewHasher(p, concurrent)
	require.NoError(t, err)
	return h
}

// phc writes a PHC string of salt and sum.
func phc(p secret.Params, salt, sum []byte) secret.Hash {
	b64 := base64.RawStdEncoding.EncodeToString
	return secret.Hash(fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.MemoryKiB, p.Passes, p.Parallelism, b64(salt), b64(sum)))
}

// hashed is password's hash as another program would write it.
func hashed(password string, p secret.Params, saltBytes int, sumBytes uint32) secret.Hash {
	salt := bytes.Repeat([]byte("s"), saltBytes)
	return phc(p, salt, argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Parallelism, sumBytes))
}

func TestAHashIsArgon2idOfThePasswordWithAFreshSalt(t *testing.T) {
	p := secret.Params{MemoryKiB: 64, Passes: 3, Parallelism: 2}
	h := hasher(t, p, 1)
	salt := make([]byte, 16)
	_, err := stream("salts").Read(salt)
	require.NoError(t, err)
	got, err := h.WithRandom(stream("salts")).Hash(ctx, secret.NewText(canary))
	require.NoError(t, err)
	require.True(t, phc(p, salt, argon2.IDKey([]byte(canary), salt, 3, 64, 2, 32)) == got, "by x/crypto's own function")

	seen := make(map[secret.Hash]bool)
	for range 200 {
		one, err := h.Hash(ctx, secret.NewText(canary))
		require.NoError(t, err)
		require.False(t, seen[one], "equal passwords are not seen to be equal")
		seen[one] = true
	}
}

func TestAHashOfTheReferenceImplementationVerifies(t *testing.T) {
	// From the tests of the reference implementation: password "password", salt "somesalt".
	const known secret.Hash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	h := hasher(t, cheap, 1)
	ok, rehash, err := h.Verify(ctx, secret.NewText("password"), known)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, rehash, "its salt is shorter than ours")
	ok, _, err = h.Verify(ctx, secret.NewText("differentpassword"), known)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestOnlyTheWholePasswordVerifies(t *testing.T) {
	h := hasher(t, cheap, 1)
	password := strings.Repeat("correct horse battery staple ", 7) // over 200 characters: nothing is cut
	stored, err := h.Hash(ctx, secret.NewText(password))
	require.NoError(t, err)
	verify := func(p string) bool {
		ok, _, err := h.Verify(ctx, secret.NewText(p), stored)
		require.NoError(t, err)
		return ok
	}
	require.True(t, verify(password))
	for i := range password {
		b := []byte(password)
		b[i] ^= 1
		require.False(t, verify(string(b)), "byte %d", i)
	}
	for _, wrong := range []string{"", password[:len(password)-1], password + "x", strings.ToUpper(password), password + "\x00"} {
		require.False(t, verify(wrong), "%q", wrong)
	}
	stored, err = h.Hash(ctx, secret.Text{})
	require.NoError(t, err)
	require.True(t, verify(""), "an empty password is one, for a policy to refuse")
	require.False(t, verify("x"))
}

func TestAHashCheaperThanOursIsToBeHashedAnew(t *testing.T) {
	ours := secret.Params{MemoryKiB: 32, Passes: 2, Parallelism: 1}
	h := hasher(t, ours, 1)
	for what, c := range map[string]struct {
		stored secret.Hash
		rehash bool
	}{
		"ours":             {hashed("pw", ours, 16, 32), false},
		"more memory":      {hashed("pw", secret.Params{MemoryKiB: 33, Passes: 2, Parallelism: 1}, 16, 32), false},
		"more passes":      {hashed("pw", secret.Params{MemoryKiB: 32, Passes: 3, Parallelism: 1}, 16, 32), false},
		"longer":           {hashed("pw", ours, 17, 33), false},
		"more lanes":       {hashed("pw", secret.Params{MemoryKiB: 32, Passes: 2, Parallelism: 4}, 16, 32), false},
		"less memory":      {hashed("pw", secret.Params{MemoryKiB: 31, Passes: 2, Parallelism: 1}, 16, 32), true},
		"fewer passes":     {hashed("pw", secret.Params{MemoryKiB: 32, Passes: 1, Parallelism: 1}, 16, 32), true},
		"a shorter salt":   {hashed("pw", ours, 15, 32), true},
		"a shorter result": {hashed("pw", ours, 16, 31), true},
	} {
		ok, rehash, err := h.Verify(ctx, secret.NewText("pw"), c.stored)
		require.NoError(t, err, what)
		require.True(t, ok, what)
		require.Equal(t, c.rehash, rehash, what)

		ok, rehash, err = h.Verify(ctx, secret.NewText("wrong"), c.stored)
		require.NoError(t, err, what)
		require.False(t, ok, what)
		require.False(t, rehash, "%s: a wrong password is never hashed in the place of the right one", what)
	}
}

func TestTheBoundsOfForeignHashesAreInclusive(t *testing.T) {
	h := hasher(t, cheap, 1)
	for _, c := range []struct {
		p    secret.Params
		salt int
		sum  uint32
	}{
		{cheap, 8, 16}, {cheap, 64, 64},
		{secret.Params{MemoryKiB: 8, Passes: 10, Parallelism: 1}, 16, 32},
		{secret.Params{MemoryKiB: 128, Passes: 1, Parallelism: 16}, 16, 32},
	} {
		ok, _, err := h.Verify(ctx, secret.NewText("pw"), hashed("pw", c.p, c.salt, c.sum))
		require.NoError(t, err, "%+v", c)
		require.True(t, ok, "%+v", c)
	}
}

// hostile are stored hashes that must be refused before any work is done for them (security rule P13).
func hostile() map[string]string {
	const good = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"
	with := func(old, other string) string { return strings.Replace(good, old, other, 1) }
	salt := func(n int) string {
		return with("c29tZXNhbHQ", base64.RawStdEncoding.EncodeToString(make([]byte, n)))
	}
	sum := func(n int) string {
		return with("AAAAAAAAAAAAAAAAAAAAAA", base64.RawStdEncoding.EncodeToString(make([]byte, n)))
	}
	return map[string]string{
		"empty": "", "a plain password": "hunter2", "one dollar": "$", "six dollars": "$$$$$$", "no first dollar": good[1:],
		"1 GiB and 1 KiB":        with("m=8", "m=1048577"),
		"4 TiB":                  with("m=8", "m=4294967295"),
		"memory beyond 32 bits":  with("m=8", "m=4294967304"),
		"memory beyond 64 bits":  with("m=8", "m=18446744073709551624"),
		"less memory than lanes": with("p=1", "p=2"),
		"no memory":              with("m=8", "m=0"),
		"11 passes":              with("t=1", "t=11"),
		"4294967295 passes":      with("t=1", "t=4294967295"),
		"passes beyond 32 bits":  with("t=1", "t=4294967297"),
		"no passes":              with("t=1", "t=0"),
		"17 lanes":               "$argon2id$v=19$m=1024,t=1,p=17$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"255 lanes":              "$argon2id$v=19$m=4096,t=1,p=255$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"lanes beyond 8 bits":    with("p=1", "p=257"),
		"no lanes":               with("p=1", "p=0"),
		"a negative number":      with("t=1", "t=-1"), "a sign": with("t=1", "t=+1"), "hexadecimal": with("t=1", "t=0x1"),
		"no number": with("t=1", "t="), "a space": with("t=1", "t= 1"), "a comma too many": with("p=1", "p=1,"),
		"parameters swapped":   with("m=8,t=1", "t=1,m=8"),
		"a parameter twice":    with("m=8,t=1", "m=8,m=8"),
		"a parameter too few":  with(",p=1", ""),
		"a parameter too many": with("p=1", "p=1,keyid=AAAA"),
		"a name in capitals":   with("m=8", "M=8"),
		"no name":              with("m=8", "8"),
		"argon2i":              with("argon2id", "argon2i"), "argon2d": with("argon2id", "argon2d"), "Argon2id": with("argon2id", "Argon2id"),
		"bcrypt":  "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"scrypt":  "$scrypt$ln=17,r=8,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"pbkdf2":  "$pbkdf2-sha256$i=600000$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"version": with("v=19", "v=16"), "no version": with("v=19$", ""), "version 019": with("v=19", "v=019"),
		"7 bytes of salt": salt(7), "65 bytes of salt": salt(65), "no salt": salt(0),
		"15 bytes of hash": sum(15), "65 bytes of hash": sum(65), "no hash": sum(0),
		"padded": good + "==", "a line break": with("c29t", "c29t\n"), "a line break in the hash": good + "\n",
		"no base64": with("c29t", "c2!t"), "the other alphabet": with("AAAA", "A-_A"),
		"bits that no byte has": good[:len(good)-1] + "B",
		"a part too many":       good + "$AAAA", "NUL": good + "\x00", "the bytes of no text": good + "\xff",
		"513 characters": good + strings.Repeat("A", 513-len(good)), "a megabyte": good + strings.Repeat("A", 1<<20),
		"a million dollars": strings.Repeat("$", 1<<20),
	}
}

func TestAHostileHashIsRefusedBeforeAnyWork(t *testing.T) {
	h := hasher(t, cheap, 1)
	defer h.Occupy()() // whatever passed the checks would wait for its turn, for ever
	for what, stored := range hostile() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ok, rehash, err := h.Verify(ctx, secret.NewText("pw"), secret.Hash(stored))
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, secret.ErrHash, what)
		require.False(t, ok, what)
		require.False(t, rehash, what)
		require.Less(t, len(err.Error()), 700, "%s: the error does not repeat it all", what)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "%s: memory was taken for it", what)
	}
}

func TestAHasherRefusesParametersOutsideTheBounds(t *testing.T) {
	for what, p := range map[string]secret.Params{
		"zero": {}, "no passes": {MemoryKiB: 8, Parallelism: 1}, "11 passes": {MemoryKiB: 8, Passes: 11, Parallelism: 1},
		"no lanes": {MemoryKiB: 8, Passes: 1}, "17 lanes": {MemoryKiB: 1024, Passes: 1, Parallelism: 17},
		"7 KiB": {MemoryKiB: 7, Passes: 1, Parallelism: 1}, "15 KiB for 2 lanes": {MemoryKiB: 15, Passes: 1, Parallelism: 2},
		"1 GiB and 1 KiB": {MemoryKiB: 1<<20 + 1, Passes: 1, Parallelism: 1},
	} {
		_, err := secret.NewHasher(p, 1)
		require.ErrorIs(t, err, secret.ErrHash, what)
	}
	for _, p := range []secret.Params{cheap, secret.DefaultParams, {MemoryKiB: 1 << 20, Passes: 10, Parallelism: 16}} {
		_, err := secret.NewHasher(p, 1)
		require.NoError(t, err, "%+v", p)
	}
	require.Equal(t, secret.Params{MemoryKiB: 19_456, Passes: 2, Parallelism: 1}, secret.DefaultParams, "OWASP's recommendation")
}

func TestWithoutRandomnessThereIsNoHash(t *testing.T) {
	for _, n := range []int64{0, 15} {
		got, err := hasher(t, cheap, 1).WithRandom(exhausted(n)).Hash(ctx, secret.NewText("pw"))
		require.ErrorIs(t, err, errNoRandom)
		require.True(t, got == "")
	}
}

// work is a hash or a verification of h, as a call that says how it ended.
func work(h *secret.Hasher) map[string]func(context.Context) error {
	stored := hashed("pw", cheap, 16, 32)
	return map[string]func(context.Context) error{
		"Hash":   func(ctx context.Context) error { _, err := h.Hash(ctx, secret.NewText("pw")); return err },
		"Verify": func(ctx context.Context) error { _, _, err := h.Verify(ctx, secret.NewText("pw"), stored); return err },
	}
}

func TestNoMoreHashesRunAtOnceThanAllowed(t *testing.T) {
	for _, name := range []string{"Hash", "Verify"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const allowed, waiting = 3, 5
				h := hasher(t, cheap, allowed)
				run := work(h)[name]
				var release [allowed]func()
				for i := range release {
					require.NoError(t, run(ctx), "there is room for one more")
					release[i] = h.Occupy()
				}
				done := 0
				ended := make(chan error, waiting)
				for range waiting {
					go func() { ended <- run(ctx) }()
				}
				count := func() int {
					synctest.Wait() // until everybody is done or waits for a turn
					for len(ended) > 0 {
						require.NoError(t, <-ended)
						done++
					}
					return done
				}
				require.Equal(t, 0, count(), "with %d under way the next wait", allowed)
				release[0]()
				require.Equal(t, waiting, count(), "each passes its turn on when it is done")
				release[1]()
				release[2]()
			})
		})
	}
}

func TestOneProcessorIsLeftToEverythingElse(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for processors, turns := range map[int]int{1: 1, 2: 1, 3: 2, 8: 7} {
		runtime.GOMAXPROCS(processors)
		for _, concurrent := range []int{0, -1} {
			synctest.Test(t, func(t *testing.T) {
				h := hasher(t, cheap, concurrent)
				for range turns {
					require.NoError(t, work(h)["Verify"](t.Context()), "%d processors", processors)
					h.Occupy()
				}
				late, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				require.ErrorIs(t, work(h)["Verify"](late), context.DeadlineExceeded, "%d processors", processors)
			})
		}
	}
}

func TestWhoeverComesWhenTooManyWaitIsTurnedAway(t *testing.T) {
	for _, name := range []string{"Hash", "Verify"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const turns = 2
				h := hasher(t, cheap, turns)
				run := work(h)[name]
				first, second := h.Occupy(), h.Occupy()
				waiting, giveUp := context.WithCancel(t.Context())
				ended := make(chan error, turns*secret.MaxWaiting)
				for i := range turns * secret.MaxWaiting {
					ctx := t.Context()
					if i == 0 {
						ctx = waiting
					}
					go func() { ended <- run(ctx) }()
				}
				synctest.Wait()
				require.Empty(t, ended)
				require.ErrorIs(t, run(t.Context()), secret.ErrBusy)

				giveUp()
				require.ErrorIs(t, <-ended, context.Canceled)
				go func() { ended <- run(t.Context()) }()
				synctest.Wait()
				require.Empty(t, ended, "who gave up made room for another")
				require.ErrorIs(t, run(t.Context()), secret.ErrBusy)

				first()
				second()
				for range turns * secret.MaxWaiting {
					require.NoError(t, <-ended)
				}
				require.NoError(t, run(t.Context()))
			})
		})
	}
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	for _, name := range []string{"Hash", "Verify"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := hasher(t, cheap, 1)
				run := work(h)[name]
				release := h.Occupy()

				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- run(ctx) }()
				synctest.Wait()
				require.Empty(t, ended)
				cancel()
				require.ErrorIs(t, <-ended, context.Canceled)

				late, cancelLate := context.WithTimeout(t.Context(), time.Minute)
				defer cancelLate()
				require.ErrorIs(t, run(late), context.DeadlineExceeded)

				release()
				require.NoError(t, run(t.Context()), "who gave up waiting holds no turn")
			})
		})
	}
}

func TestWhoHungUpCostsNoHash(t *testing.T) {
	h := hasher(t, cheap, 1)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for name, run := range work(h) {
		for range 50 { // a select between a free turn and a dead context would let half of them pass
			require.ErrorIs(t, run(gone), context.Canceled, name)
		}
	}
}

func TestAHashIsPrintedNowhere(t *testing.T) {
	stored := hashed(canary, cheap, 16, 32)
	sum := string(stored[strings.LastIndex(string(stored), "$")+1:])
	for where, v := range map[string]any{"itself": stored, "pointer": &stored, "slice": []secret.Hash{stored},
		"exported field": exported[secret.Hash]{stored}, "error": fmt.Errorf("with %v", stored)} {
		for how, out := range printouts(v) {
			if how == "JSON" || how == "slog JSON" && where != "itself" {
				continue // the JSON of a Hash is the hash, so that stores can keep it
			}
			if how == "%p" || how == "%!" {
				continue // no verbs for text: package fmt then spells out what it has
			}
			require.NotContains(t, out, sum, "%s, printed by %s", where, how)
			require.False(t, leaks(out, sum), "%s, printed by %s: %s", where, how, out)
		}
	}
	require.Equal(t, secret.Redacted, stored.String())
	require.Equal(t, secret.Redacted, stored.GoString())
	b, err := json.Marshal(exported[secret.Hash]{stored})
	require.NoError(t, err)
	require.Contains(t, string(b), sum)
}
