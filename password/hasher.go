package password

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/secret"
)

// SlowHash is what [Hasher] asks of a slow hash. [secret.Hasher] is one; tests count with another around it.
type SlowHash interface {
	Hash(ctx context.Context, password secret.Text) (secret.Hash, error)
	VerifyDigested(ctx context.Context, password secret.Text, stored secret.Hash, d secret.Digester, purpose string) (secret.Verified, error)
	Impossible() (secret.Hash, error)
}

// purpose is what the digests of wrong passwords are for; see [secret.Digester].
const purpose = "password.wrong"

// Hasher hashes and verifies passwords, in their normal form (NFKC), so that one password is the same however a
// keyboard spells it. A call takes some ten milliseconds and waits for its turn: never make it inside a
// transaction. It is safe for concurrent use.
type Hasher struct {
	slow     SlowHash
	digester secret.Digester
	nobodys  secret.Hash
}

// NewHasher makes a Hasher. The digester, such as the [secret.KeyRing] of the rooms, keys what is remembered of wrong
// passwords.
func NewHasher(slow SlowHash, d secret.Digester) (*Hasher, error) {
	if slow == nil || d == nil {
		return nil, errors.New("password: NewHasher needs a slow hash and a digester")
	}
	nobodys, err := slow.Impossible()
	if err != nil {
		return nil, fmt.Errorf("password: new hasher: %w", err)
	}
	return &Hasher{slow, d, nobodys}, nil
}

// Hash hashes a password that [Rules.Check] accepted. It fails with [*Unacceptable] on what cannot be one: what is
// no text, and more than [MaxLength] characters.
func (h *Hasher) Hash(ctx context.Context, password secret.Text) (secret.Hash, error) {
	form, no := normal(password.Reveal())
	if no != "" {
		return "", &Unacceptable{[]Problem{impossible(no)}}
	}
	return h.slow.Hash(ctx, secret.NewText(form))
}

// Verify reports whether a password is the one of a stored hash. Call it for every attempt, also where there is no
// such account (with an empty hash) and where the account is disabled or locked, and only then look at these: it
// does the same work for all, so that its time tells nobody which accounts there are. A hash made with
// other parameters takes its own work, until a success hashes it anew.
//
// If the result says so, hash the password anew and store that. What cannot be a password is wrong everywhere,
// without work. A hash that cannot be used is [secret.ErrHash], after the work of one that can.
func (h *Hasher) Verify(ctx context.Context, password secret.Text, stored secret.Hash) (secret.Verified, error) {
	form, no := normal(password.Reveal())
	if no != "" {
		return secret.Verified{}, nil
	}
	text := secret.NewText(form)
	if stored != "" {
		v, err := h.slow.VerifyDigested(ctx, text, stored, h.digester, purpose)
		if !errors.Is(err, secret.ErrHash) {
			return v, err
		}
		_, waited := h.slow.VerifyDigested(ctx, text, h.nobodys, h.digester, purpose)
		return secret.Verified{}, errors.Join(err, waited)
	}
	_, err := h.slow.VerifyDigested(ctx, text, h.nobodys, h.digester, purpose)
	return secret.Verified{}, err // what it is compared with is of no account: nothing to know again
}
