package challenge

import (
	"crypto/sha256"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// ID names a challenge within its account. It is random, and no secret: whoever answers says which challenge the
// code is of.
type ID string

// Binding is what a challenge is good for.
type Binding struct {
	Account policy.AccountID `json:"account"`
	Purpose Purpose          `json:"purpose"`
	Method  Method           `json:"method"`
	// Target is what the code proves or allows: the address or number that is proven, or what the action is on. It
	// is compared byte for byte.
	Target string `json:"target"`
	// Session is the one that the challenge belongs to: the actor's, or for somebody who is not signed in whatever
	// names their attempt. It may be empty where there is none, as for a link.
	Session policy.SessionID `json:"session,omitempty"`
}

// MaxTarget is the longest target and the longest address in code points: an e-mail address has 320 at the most.
const MaxTarget = 320

func (b Binding) check() error {
	if err := policy.CheckID("account", b.Account); err != nil {
		return err
	}
	if err := checkText("target", b.Target); err != nil {
		return err
	}
	if b.Session == "" {
		return nil
	}
	return policy.CheckID("session", b.Session)
}

func checkText(field, value string) error {
	if value == "" {
		return &policy.Invalid{Field: field, Problem: "is empty"}
	}
	return policy.CheckText(field, value, MaxTarget)
}

// Challenge is a code that was sent, as stores keep it. The code is not in it.
type Challenge struct {
	Tenant policy.TenantID `json:"tenant"`
	ID     ID              `json:"id"`
	Binding
	// To is the address or number that the code was sent to, and that it is sent to again.
	To string `json:"to"`
	// Digest is the keyed hash of the live code, bound to everything above.
	Digest secret.Digest `json:"digest"`
	// Epoch and Credentials are the account's when the challenge was issued; see [policy.Standing].
	Epoch       uint64 `json:"epoch,omitempty"`
	Credentials uint64 `json:"credentials,omitempty"`
	// IssuedAt is when the challenge was made, or where the clock was behind, the moment from which sessions were valid.
	IssuedAt  time.Time `json:"issuedAt"`
	ExpiresAt time.Time `json:"expiresAt"`        // the live code
	SpentAt   time.Time `json:"spentAt,omitzero"` // used, or replaced by another challenge
	// Misses counts wrong codes for this challenge. A new code does not begin the count anew.
	Misses   int            `json:"misses,omitempty"`
	Resends  int            `json:"resends,omitempty"`
	Revision store.Revision `json:"revision"`
}

// MaxMisses is how many wrong codes end a challenge.
const MaxMisses = 5

// live reports whether the right code would still be taken: for a challenge of kind k, under the account's standing.
func (c *Challenge) live(k Kind, st policy.Standing, now time.Time) bool {
	if !c.SpentAt.IsZero() || !now.Before(c.ExpiresAt) || c.Misses >= MaxMisses {
		return false
	}
	if !k.open(st) {
		return false
	}
	return k.Survives || c.Epoch == st.Epoch && c.Credentials == st.Credentials && !c.IssuedAt.Before(st.SessionsValidFrom)
}

// bound makes a code's keyed digest, which has c's id in it, good for c alone. It needs no key, so that it can be done
// where c is known: in the transaction.
func (c *Challenge) bound(keyed secret.Digest) secret.Digest {
	return sha256.Sum256(secret.Bind(string(keyed[:]), string(c.Tenant), string(c.Account), string(c.Purpose),
		string(c.Method), c.Target, string(c.Session), c.To))
}

// Proof says that the right code was given, and what for. Only [Verify] makes one, so a function that takes a Proof
// cannot be called without; the zero Proof proves nothing.
type Proof struct {
	tenant    policy.TenantID
	challenge ID
	binding   Binding
	factor    policy.Factor
	at        time.Time
}

// Binding is what was proven: who, for what, by which method, about what, in which session.
func (p Proof) Binding() Binding { return p.binding }

// Challenge is the id of the challenge that was answered.
func (p Proof) Challenge() ID { return p.challenge }

// At is when the code was verified.
func (p Proof) At() time.Time { return p.at }

// Factor is the proof for an actor or a session; false if the code proved no factor of the person, but only that its
// target is theirs.
func (p Proof) Factor() (policy.Proof, bool) {
	return policy.Proof{Factor: p.factor, At: p.at}, p.factor != 0
}

// For reports whether p is good for just that, in that tenant.
func (p Proof) For(t policy.TenantID, b Binding) bool {
	return !p.at.IsZero() && p.tenant == t && p.binding == b
}
