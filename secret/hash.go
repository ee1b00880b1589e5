package secret

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrHash says that a stored hash cannot be used: it is malformed, of another kind, or asks for
// more work than [Params] may.
var ErrHash = errors.New("secret: unusable password hash")

// ErrBusy says that too many passwords wait to be hashed. It tells nothing about any of them; try again in some seconds.
var ErrBusy = errors.New("secret: too many passwords wait to be hashed")

// Hash is a password hash in PHC string form, such as
// $argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$... It is kept in stores and shown to nobody:
// it prints as [Redacted].
type Hash string

// String returns [Redacted].
func (Hash) String() string { return Redacted }

// GoString returns [Redacted].
func (Hash) GoString() string { return Redacted }

// Format writes [Redacted] for every verb and flag.
func (Hash) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) } // a fmt.State keeps its own errors

// LogValue returns [Redacted]: package slog would write the JSON of a Hash, which is the hash.
func (Hash) LogValue() slog.Value { return slog.StringValue(Redacted) }

// Params is the cost of an Argon2id hash.
type Params struct {
	MemoryKiB   uint32 // memory of one hash
	Passes      uint32 // passes over the memory
	Parallelism uint8  // lanes
}

// DefaultParams is the OWASP password storage recommendation for Argon2id: 19 MiB, 2 passes, 1 lane.
var DefaultParams = Params{MemoryKiB: 19 * 1024, Passes: 2, Parallelism: 1}

// Bounds of what a hash that comes from elsewhere may ask for (security rule P13 in SECURITY.md):
// without them one hostile row could take all memory.
const (
	maxMemoryKiB   = 1 << 20 // 1 GiB
	maxPasses      = 10
	maxParallelism = 16
	maxHashText    = 512 // bytes of a PHC string
	saltBytes      = 16  // NIST SP 800-63B asks for at least 4
	sumBytes       = 32
)

func (p Params) check() error {
	switch {
	case p.Passes < 1 || p.Passes > maxPasses:
		return fmt.Errorf("%w: %d passes, want 1 to %d", ErrHash, p.Passes, maxPasses)
	case p.Parallelism < 1 || p.Parallelism > maxParallelism:
		return fmt.Errorf("%w: %d lanes, want 1 to %d", ErrHash, p.Parallelism, maxParallelism)
	case p.MemoryKiB < 8*uint32(p.Parallelism) || p.MemoryKiB > maxMemoryKiB:
		return fmt.Errorf("%w: %d KiB, want %d to %d", ErrHash, p.MemoryKiB, 8*uint32(p.Parallelism), maxMemoryKiB)
	}
	return nil
}

// Hasher hashes passwords with Argon2id, a bounded number at a time, while a bounded number waits, so that a flood of
// wrong passwords takes neither all memory nor all processors.
type Hasher struct {
	params Params
	random io.Reader
	slots  chan struct{} // of those that run
	queue  chan struct{} // of those that wait
}

// MaxWaiting is how many wait for each hash that runs; whoever comes then is told [ErrBusy]. At [DefaultParams] the last
// of them waits some five seconds, after which people have given up.
const MaxWaiting = 256

// NewHasher makes a Hasher that runs at most concurrent hashes at once; 0 means one for each processor but one, which is
// left to everything else, and one where there is a single processor.
func NewHasher(p Params, concurrent int) (*Hasher, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if concurrent <= 0 {
		concurrent = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return &Hasher{params: p, random: rand.Reader, slots: make(chan struct{}, concurrent), queue: make(chan struct{}, concurrent*MaxWaiting)}, nil
}

// CheckHash tells whether a hash that comes from elsewhere can be verified: Argon2id in PHC string form, within the bounds
// of [Params]. What cannot is [ErrHash].
func CheckHash(h Hash) error {
	_, _, _, err := parsePHC(string(h))
	return err
}

// Hash hashes password with a fresh random salt. It waits for its turn until ctx is done, or fails with [ErrBusy].
func (h *Hasher) Hash(ctx context.Context, password Text) (Hash, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("secret: hash: %w", err)
	}
	sum, err := h.sum(ctx, password, salt, h.params, sumBytes)
	if err != nil {
		return "", err
	}
	return h.phc(salt, sum), nil
}

// Impossible makes a hash at this Hasher's cost that is of no password: its result was drawn, not computed. Verifying
// against it takes the work that an account's hash would take where there is no account.
func (h *Hasher) Impossible() (Hash, error) {
	drawn := make([]byte, saltBytes+sumBytes)
	if _, err := io.ReadFull(h.random, drawn); err != nil {
		return "", fmt.Errorf("secret: hash: %w", err)
	}
	return h.phc(drawn[:saltBytes], drawn[saltBytes:]), nil
}

func (h *Hasher) phc(salt, sum []byte) Hash {
	b64 := base64.RawStdEncoding.EncodeToString
	return Hash(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.MemoryKiB, h.params.Passes, h.params.Parallelism, b64(salt), b64(sum)))
}

// Verify reports whether password is the one that was hashed, and whether it should be hashed anew
// because the stored hash is cheaper than this Hasher's. It waits for its turn until ctx is done, or fails with
// [ErrBusy]; on a hash that it cannot use it fails with [ErrHash].
func (h *Hasher) Verify(ctx context.Context, password Text, stored Hash) (ok, rehash bool, err error) {
	v, _, err := h.verify(ctx, password, stored)
	return v.OK, v.Rehash, err
}

// Verified is what came of verifying a password.
type Verified struct {
	OK     bool // it is the one that was hashed
	Rehash bool // it is, and should be hashed anew
	// Wrong recognizes a wrong password when it is tried against the same hash again: see [Digester.Digests] for
	// which to keep. Of the right one there is none.
	Wrong []Digest
}

// VerifyDigested is [Hasher.Verify] that also digests what came out of the hash of a wrong password, for one
// purpose, so that nobody has to hash it again to know it again. The result itself stays in here: beside the
// stored salt it would be a hash of what is often a password too, of another account or by a slip of a finger.
func (h *Hasher) VerifyDigested(ctx context.Context, password Text, stored Hash, d Digester, purpose string) (Verified, error) {
	v, got, err := h.verify(ctx, password, stored)
	if err != nil {
		return Verified{}, err
	}
	digests, err := d.Digests(purpose, NewText(string(got))) // for the right one too, so that it costs as much
	if err != nil {
		return Verified{}, fmt.Errorf("secret: digest of a hash: %w", err)
	}
	if !v.OK {
		v.Wrong = digests
	}
	return v, nil
}

func (h *Hasher) verify(ctx context.Context, password Text, stored Hash) (v Verified, got []byte, err error) {
	p, salt, want, err := parsePHC(string(stored))
	if err != nil {
		return v, nil, err
	}
	if got, err = h.sum(ctx, password, salt, p, uint32(len(want))); err != nil {
		return v, nil, err
	}
	weak := p.MemoryKiB < h.params.MemoryKiB || p.Passes < h.params.Passes || len(want) < sumBytes || len(salt) < saltBytes
	v.OK = subtle.ConstantTimeCompare(got, want) == 1
	v.Rehash = v.OK && weak
	return v, got, nil
}

func (h *Hasher) sum(ctx context.Context, password Text, salt []byte, p Params, size uint32) ([]byte, error) {
	if err := h.turn(ctx); err != nil {
		return nil, fmt.Errorf("secret: waiting for a hash: %w", err)
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password.Reveal()), salt, p.Passes, p.MemoryKiB, p.Parallelism, size), nil
}

// turn waits until one more hash may run.
func (h *Hasher) turn(ctx context.Context) error {
	if err := ctx.Err(); err != nil { // also when there is a free slot: who hung up costs no hash
		return err
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parsePHC reads an Argon2id PHC string and refuses whatever lies outside the bounds before any
// memory is taken for it.
func parsePHC(s string) (p Params, salt, sum []byte, err error) {
	if len(s) > maxHashText {
		return p, nil, nil, fmt.Errorf("%w: %d bytes long", ErrHash, len(s))
	}
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" {
		return p, nil, nil, fmt.Errorf("%w: want $argon2id$v=…$m=…,t=…,p=…$salt$hash", ErrHash)
	}
	if part[2] != "v="+strconv.Itoa(argon2.Version) {
		return p, nil, nil, fmt.Errorf("%w: version %q", ErrHash, part[2])
	}
	cost := strings.Split(part[3], ",")
	if len(cost) != 3 {
		return p, nil, nil, fmt.Errorf("%w: parameters %q", ErrHash, part[3])
	}
	var n [3]uint64
	for i, c := range []struct {
		name string
		bits int
	}{{"m=", 32}, {"t=", 32}, {"p=", 8}} {
		digits, named := strings.CutPrefix(cost[i], c.name)
		if n[i], err = strconv.ParseUint(digits, 10, c.bits); err != nil || !named {
			return p, nil, nil, fmt.Errorf("%w: parameters %q", ErrHash, part[3])
		}
	}
	p = Params{MemoryKiB: uint32(n[0]), Passes: uint32(n[1]), Parallelism: uint8(n[2])}
	if err := p.check(); err != nil {
		return p, nil, nil, err
	}
	if salt, err = decode64(base64.RawStdEncoding, part[4]); err != nil || len(salt) < 8 || len(salt) > 64 {
		return p, nil, nil, fmt.Errorf("%w: salt, want 8 to 64 bytes in base64", ErrHash)
	}
	if sum, err = decode64(base64.RawStdEncoding, part[5]); err != nil || len(sum) < 16 || len(sum) > 64 {
		return p, nil, nil, fmt.Errorf("%w: hash, want 16 to 64 bytes in base64", ErrHash)
	}
	return p, salt, sum, nil
}
