package secret

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/big"
	"strings"
	"sync"
)

// tokenBytes is twice the 128 bits that OWASP ASVS 7.2.3 and 11.5.1 ask of session and reset tokens.
const tokenBytes = 32

// NewToken makes a token of 256 random bits, as 43 characters that are safe in a cookie or a URL
// path. A nil random means crypto/rand; an error of random is returned, never worked around.
func NewToken(random io.Reader) (Text, error) {
	b := make([]byte, tokenBytes)
	if _, err := io.ReadFull(source(random), b); err != nil {
		return Text{}, fmt.Errorf("secret: new token: %w", err)
	}
	return NewText(base64.RawURLEncoding.EncodeToString(b)), nil
}

// NewCode makes a code of decimal digits, each as likely as the others, leading zeros kept. NIST SP
// 800-63B asks for at least 6; digits must be 6 to 32. A nil random means crypto/rand.
func NewCode(random io.Reader, digits int) (Text, error) {
	if digits < 6 || digits > 32 {
		return Text{}, fmt.Errorf("secret: new code: %d digits, want 6 to 32", digits)
	}
	var b strings.Builder
	for range digits {
		d, err := rand.Int(source(random), big.NewInt(10))
		if err != nil {
			return Text{}, fmt.Errorf("secret: new code: %w", err)
		}
		b.WriteByte('0' + byte(d.Int64()))
	}
	return NewText(b.String()), nil
}

func source(random io.Reader) io.Reader {
	if random == nil {
		return rand.Reader
	}
	return random
}

// MAC makes keyed hashes of values that are random or short-lived (tokens, one-time codes), so that
// a store can look them up and a dump of it holds nothing usable. It is HMAC-SHA-256. Passwords are
// hashed by [Hasher] instead.
type MAC struct {
	// keyed holds hashes that took in the key and nothing else: taking it in is half of what a token's hash costs.
	keyed *sync.Pool
}

// NewMAC makes a MAC with a key of at least 32 bytes.
func NewMAC(key []byte) (MAC, error) {
	if len(key) < sha256.Size {
		return MAC{}, fmt.Errorf("secret: MAC key has %d bytes, want at least %d", len(key), sha256.Size)
	}
	key = bytes.Clone(key)
	return MAC{&sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}, nil
}

// String hides the key.
func (MAC) String() string { return "MAC " + Redacted }

// GoString hides the key.
func (m MAC) GoString() string { return m.String() }

// Format hides the key for every verb and flag.
func (m MAC) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) } // a fmt.State keeps its own errors

// Sum hashes t for one purpose, such as "session". A digest for one purpose never equals one for
// another. The zero MAC has no key and fails.
func (m MAC) Sum(purpose string, t Text) (Digest, error) {
	if m.keyed == nil {
		return Digest{}, errors.New("secret: the MAC has no key; make it with NewMAC")
	}
	h := m.keyed.Get().(hash.Hash)
	h.Write(Bind(purpose, t.Reveal()))
	sum := Digest(h.Sum(nil))
	h.Reset() // nothing of the secret stays behind
	m.keyed.Put(h)
	return sum, nil
}

// Digester makes digests by which tokens are recognized that are not kept. It is safe for concurrent use.
type Digester interface {
	// Digests gives t's digests for one purpose. The first is the one to keep; a kept digest that equals any
	// of them is t's. Those behind the first are under older keys.
	Digests(purpose string, t Text) ([]Digest, error)
}

// Digest is a hash as it rests in a store: keyed ([MAC]) unless what is hashed is as random as a key.
type Digest [sha256.Size]byte

// Equal compares in constant time. A zero Digest equals nothing, not even itself: a token that was
// never set matches no token.
func (d Digest) Equal(other Digest) bool {
	var zero Digest
	same := subtle.ConstantTimeCompare(d[:], other[:])
	set := 1 - subtle.ConstantTimeCompare(d[:], zero[:])
	return same&set == 1
}

// MarshalText writes the digest in hex.
func (d Digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

// UnmarshalText reads what [Digest.MarshalText] wrote.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(d)) {
		return fmt.Errorf("secret: digest has %d characters, want %d", len(b), hex.EncodedLen(len(d)))
	}
	_, err := hex.Decode(d[:], b)
	return err
}
