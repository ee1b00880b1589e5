package password

import (
	"context"
	"errors"

	"github.com/seed4b20689c/myaccount/secret"
)

// A BreachChecker tells whether a password is known from a breach of whatever service (ASVS 6.2.12; NIST SP 800-63B-4
// section 3.1.1.2), such as by the range query of Have I Been Pwned, which learns five digits of its hash and no more. The room of
// the account asks it about each new password that is right otherwise, outside of transactions and before it looks at the
// current one, so that the answer tells nothing about that.
type BreachChecker interface {
	// Breached reports whether a password is known. It is given in its normal form (NFKC), the one that is hashed. An error
	// means that nobody can tell now; what follows is [RequireBreachCheck]'s to say. A checker gives up by itself: it
	// has a time limit of its own, besides ctx, which is the caller's. It must be safe for concurrent use.
	Breached(ctx context.Context, password secret.Text) (bool, error)
}

// ErrUnchecked says that a new password was not taken because it could not be told whether it is known from a breach. It
// may be tried again later.
var ErrUnchecked = errors.New("password: it cannot be told now whether the password is known from a breach")

// Breaches asks a checker about a password: nil if it is not known, an [*Unacceptable] if it is, and an [ErrUnchecked]
// around the checker's error if that cannot tell. A nil checker knows none.
func Breaches(ctx context.Context, c BreachChecker, candidate secret.Text) error {
	if c == nil {
		return nil
	}
	form, no := normal(candidate.Reveal())
	if no != "" {
		return &Unacceptable{[]Problem{impossible(no)}}
	}
	switch breached, err := c.Breached(ctx, secret.NewText(form)); {
	case err != nil:
		return errors.Join(ErrUnchecked, err)
	case breached:
		return &Unacceptable{[]Problem{{Code: Breached}}}
	}
	return nil
}
