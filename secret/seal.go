package secret

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrUnsealable says that a sealed value cannot be opened here: it was changed, belongs somewhere
// else (other associated data), or was sealed under a key that the ring does not hold.
var ErrUnsealable = errors.New("secret: the sealed value does not open")

// Sealed is ciphertext as it rests in a store. It is printable and safe to keep, log or copy, and
// useless without the key.
type Sealed string

// Sealer seals secrets for rest and opens them again. Associated data binds a sealed value to its
// place, so that it does not open anywhere else; see [Bind]. Implementations that call a key service
// honour ctx. A Sealer is safe for concurrent use.
type Sealer interface {
	Seal(ctx context.Context, plain Text, bound []byte) (Sealed, error)
	// Open fails with [ErrUnsealable] unless sealed came from Seal with the same bound.
	Open(ctx context.Context, sealed Sealed, bound []byte) (Text, error)
}

// Vault is what a program hands to the rooms to keep secrets with: it seals what must be read again, and
// makes digests of what must only be recognized. A [KeyRing] is one. A program that seals with a key service
// embeds both parts in a struct of its own.
type Vault interface {
	Sealer
	Digester
}

// Bind makes associated data of parts such as tenant, owner and id. Two different lists of parts
// never give the same bytes.
func Bind(parts ...string) []byte {
	size := 0
	for _, p := range parts {
		size += binary.MaxVarintLen64 + len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

// KeySize is the length of a [Key]'s secret in bytes.
const KeySize = chacha20poly1305.KeySize

// Key is one key of a [KeyRing].
type Key struct {
	// ID names the key in what it sealed: 1 to 64 letters, digits, '-' or '_'.
	ID string
	// Secret is [KeySize] random bytes.
	Secret Text
}

// String names the key and hides its secret.
func (k Key) String() string { return "key " + k.ID + " " + Redacted }

// GoString names the key and hides its secret.
func (k Key) GoString() string { return k.String() }

// Format names the key and hides its secret for every verb and flag.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) } // a fmt.State keeps its own errors

// MarshalText names the key and hides its secret.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// NewKey makes a random key.
func NewKey(id string) Key {
	b := make([]byte, KeySize)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return Key{ID: id, Secret: NewText(string(b))}
}

// KeyRing seals with XChaCha20-Poly1305 under its current key and opens what any of its keys sealed.
// To rotate: make a ring with a new current key and the old ones behind it, [KeyRing.Reseal] what is
// stored, then drop the old keys. Digests cannot be made anew: whoever holds a token that an old key digested is
// not recognized once that key is dropped, so keep it for as long as sessions live (30 days).
type KeyRing struct {
	current string
	secrets map[string]Text // by key id
	macs    []MAC           // of the current key, then of the old ones; see Digests
	random  io.Reader
}

// NewKeyRing makes a ring that seals under current and also opens what old sealed. It refuses key
// ids that are malformed or stand twice, and secrets of the wrong length.
func NewKeyRing(current Key, old ...Key) (*KeyRing, error) {
	ring := &KeyRing{current: current.ID, secrets: make(map[string]Text), random: rand.Reader}
	for _, k := range append([]Key{current}, old...) {
		if !validKeyID(k.ID) {
			return nil, fmt.Errorf("secret: key id %q: want 1 to 64 letters, digits, '-' or '_'", k.ID)
		}
		if n := len(k.Secret.Reveal()); n != KeySize {
			return nil, fmt.Errorf("secret: key %s has %d bytes, want %d", k.ID, n, KeySize)
		}
		if _, twice := ring.secrets[k.ID]; twice {
			return nil, fmt.Errorf("secret: key id %s stands twice in the ring", k.ID)
		}
		ring.secrets[k.ID] = k.Secret
		mac, err := macUnder(k)
		if err != nil {
			return nil, err
		}
		ring.macs = append(ring.macs, mac)
	}
	return ring, nil
}

// macUnder derives a key for digests, so that one key is never used by two algorithms.
func macUnder(k Key) (MAC, error) {
	derived, err := hkdf.Key(sha256.New, []byte(k.Secret.Reveal()), nil, "myaccount digests", sha256.Size)
	if err != nil {
		return MAC{}, fmt.Errorf("secret: key %s: %w", k.ID, err)
	}
	return NewMAC(derived)
}

// Digests implements [Digester] under each key of the ring, so that what an old key digested is still
// recognized.
func (r *KeyRing) Digests(purpose string, t Text) ([]Digest, error) {
	if len(r.macs) == 0 {
		return nil, errors.New("secret: the ring has no key; make it with NewKeyRing")
	}
	all := make([]Digest, len(r.macs))
	for i, m := range r.macs {
		var err error
		if all[i], err = m.Sum(purpose, t); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func validKeyID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// sealedV1 begins what this version seals: scheme, key id, then nonce and ciphertext in base64url.
const sealedV1 = "x1."

// Seal seals plain under the current key with a fresh random nonce of 24 bytes.
func (r *KeyRing) Seal(_ context.Context, plain Text, bound []byte) (Sealed, error) {
	aead, err := chacha20poly1305.NewX([]byte(r.secrets[r.current].Reveal()))
	if err != nil { // the zero KeyRing, which has no key
		return "", fmt.Errorf("secret: seal: %w", err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain.Reveal())+aead.Overhead())
	if _, err := io.ReadFull(r.random, nonce); err != nil {
		return "", fmt.Errorf("secret: seal: %w", err)
	}
	box := aead.Seal(nonce, nonce, []byte(plain.Reveal()), bound)
	return Sealed(sealedV1 + r.current + "." + base64.RawURLEncoding.EncodeToString(box)), nil
}

// Open opens what a key of the ring sealed with the same bound, else fails with [ErrUnsealable].
func (r *KeyRing) Open(_ context.Context, sealed Sealed, bound []byte) (Text, error) {
	rest, ok := strings.CutPrefix(string(sealed), sealedV1)
	id, encoded, dot := strings.Cut(rest, ".")
	if !ok || !dot {
		return Text{}, fmt.Errorf("%w: unknown form", ErrUnsealable)
	}
	key, ok := r.secrets[id]
	if !ok {
		return Text{}, fmt.Errorf("%w: the ring holds no key %q", ErrUnsealable, id)
	}
	box, err := decode64(base64.RawURLEncoding, encoded)
	if err != nil || len(box) < chacha20poly1305.NonceSizeX {
		return Text{}, fmt.Errorf("%w: damaged", ErrUnsealable)
	}
	aead, err := chacha20poly1305.NewX([]byte(key.Reveal()))
	if err != nil {
		return Text{}, fmt.Errorf("secret: open: %w", err)
	}
	plain, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], bound)
	if err != nil {
		return Text{}, fmt.Errorf("%w: damaged, or bound to something else", ErrUnsealable)
	}
	return NewText(string(plain)), nil
}

// decode64 reads base64 in the one form that encoding gives: package base64 would skip line breaks.
func decode64(encoding *base64.Encoding, s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line break in base64")
	}
	return encoding.Strict().DecodeString(s)
}

// Reseal gives sealed under the current key. It reports false, and sealed as it is, when that key
// sealed it already.
func (r *KeyRing) Reseal(ctx context.Context, sealed Sealed, bound []byte) (Sealed, bool, error) {
	if strings.HasPrefix(string(sealed), sealedV1+r.current+".") {
		return sealed, false, nil
	}
	plain, err := r.Open(ctx, sealed, bound)
	if err != nil {
		return "", false, err
	}
	fresh, err := r.Seal(ctx, plain, bound)
	return fresh, err == nil, err
}
