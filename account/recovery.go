package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// RecoveryCode is that a personal account has a recovery code, as stores keep it. The code is not in it.
type RecoveryCode struct {
	Tenant  policy.TenantID  `json:"tenant"`
	Account policy.AccountID `json:"account"`
	// Digest is the code's keyed hash, bound to tenant and account. The code has more than 112 random bits, so that it
	// needs no slow one (NIST SP 800-63B-4 3.1.2.2).
	Digest   secret.Digest  `json:"digest"`
	MadeAt   time.Time      `json:"madeAt"`
	Revision store.Revision `json:"revision"`
}

func (c *RecoveryCode) exists() bool { return c.Revision != 0 }

// opens reports whether any of the digests is the code's. It compares with all of them in the same time.
func (c *RecoveryCode) opens(given []secret.Digest) bool {
	right := false
	for _, d := range given {
		if d.Equal(c.Digest) {
			right = true
		}
	}
	return right
}

// RecoveryCodeView is what a person sees of their recovery code, which is never the code.
type RecoveryCodeView struct {
	Exists bool      `json:"exists"`
	MadeAt time.Time `json:"madeAt,omitzero"` // zero if there is none
	// Make is the decision about making a code, which kills the one that there is.
	Make policy.Decision `json:"make"`
	// Remove is the decision about removing it.
	Remove policy.Decision `json:"remove"`
}

// RecoveryCode tells whether the actor has a recovery code, and since when. The code itself is shown once, by who made it.
func (s *Service) RecoveryCode(ctx context.Context, actor policy.Actor) (RecoveryCodeView, error) {
	return policy.Look(ctx, s.guard, s.store, actor, readRecoveryCode, policy.Target{},
		func(tx Tx, op *policy.Op, r recoverable) (v RecoveryCodeView, err error) {
			v.Exists, v.MadeAt = r.code.exists(), r.code.MadeAt
			if v.Make, err = policy.Judge(tx, op, newRecoveryCode, r); err != nil {
				return RecoveryCodeView{}, err
			}
			v.Remove, err = policy.Judge(tx, op, removeRecoveryCode, r)
			return v, err
		})
}

// NewRecoveryCode makes the actor's recovery code and gives it, this once: 25 characters of Crockford's Base32, which has
// no I, L, O and U, in five groups of five; 125 random bits. In the same commit the code before it is dead, all other sessions
// end and whatever was pending is void, as with any change of what a person proves themselves with; the present session goes
// on.
func (s *Service) NewRecoveryCode(ctx context.Context, actor policy.Actor) (secret.Text, error) {
	d, err := s.drawCode(NewRecoveryCode, actor.Tenant, actor.Account)
	if err != nil {
		return secret.Text{}, err
	}
	return policy.Do(ctx, s.guard, s.store, actor, newRecoveryCode, policy.Target{}, "",
		func(tx Tx, op *policy.Op, r recoverable) (secret.Text, policy.Change, error) {
			ch, err := r.put(tx, op, d)
			if err != nil {
				return secret.Text{}, policy.Change{}, err
			}
			return d.code, ch, restart(tx, op, r.Standing)
		})
}

// RemoveRecoveryCode removes the actor's recovery code. The same follows as from a new one.
func (s *Service) RemoveRecoveryCode(ctx context.Context, actor policy.Actor) error {
	_, err := policy.Do(ctx, s.guard, s.store, actor, removeRecoveryCode, policy.Target{}, "",
		func(tx Tx, op *policy.Op, r recoverable) (none, policy.Change, error) {
			if err := tx.DeleteRecoveryCode(r.Tenant, r.Account); err != nil {
				return none{}, policy.Change{}, err
			}
			return none{}, policy.Change{Subject: r.Account, Target: onAccount(r.Account), Facts: aboutCode("removed")}, restart(tx, op, r.Standing)
		})
	return err
}

// dropCode removes an account's recovery code, if it has one: somebody else may know it.
func dropCode(tx Tx, st policy.Standing) error {
	if err := tx.DeleteRecoveryCode(st.Tenant, st.Account); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// Recovered is what comes of the right recovery code.
type Recovered struct {
	// Proof proves no level: signins.Host.Start refuses it alone. It is for [Host.ResetPassword], which leads back in, and
	// for replacing security info; for an account with a second factor it is one of the two proofs that this takes (NIST
	// SP 800-63B-4 4.2.2.2).
	Proof policy.Proof
	// Code is the new recovery code: the one that was given is spent. It is shown this once.
	Code secret.Text
}

// Recover takes the recovery code of somebody who cannot sign in. Case, spaces and hyphens do not matter, and I and L are
// read as 1, O as 0. The right code is spent in the commit that makes the next one; the person is told. No session ends:
// what is done with the proof does that.
//
// No number of wrong codes keeps the right one from being heard: a code has 125 random bits, and NIST SP 800-63B-4 asks for a
// limit below 64. Else a stranger could lock somebody out who has no other way. The account is active, or its person is closing
// it and can reopen it, and no administrator disabled it meanwhile. One that is unknown, anything else or without a code, and a
// wrong code are refused alike with [CodeWrongRecoveryCode], in as many transactions.
func (h *Host) Recover(ctx context.Context, actor policy.Actor, id policy.AccountID, code secret.Text) (Recovered, error) {
	if err := policy.CheckID("account", id); err != nil {
		return Recovered{}, err
	}
	given, err := h.codeDigests(Recover, actor.Tenant, id, typedCode(code))
	if err != nil {
		return Recovered{}, err
	}
	next, err := h.drawCode(Recover, actor.Tenant, id) // whatever was given, so that it costs the same
	if err != nil {
		return Recovered{}, err
	}
	// The target is none, so that guesses at names leave one record and not one each. That of a code names its account.
	return policy.Do(ctx, h.guard, h.store, actor, recoverAccount, policy.Target{}, "",
		func(tx Tx, op *policy.Op, _ none) (Recovered, policy.Change, error) {
			r, err := claimed(tx, op, id)
			switch {
			case err != nil:
				return Recovered{}, policy.Change{}, err
			case r == nil:
				return Recovered{}, policy.Change{Refused: op.Deny(wrongRecovery)}, nil
			case !r.code.opens(given):
				return Recovered{}, policy.Change{Subject: id, Target: onAccount(id), Refused: op.Deny(wrongRecovery)}, nil
			}
			ch, err := r.put(tx, op, next)
			ch.Notify = true
			return Recovered{policy.Proof{Factor: policy.FactorRecovery, At: op.Now}, next.code}, ch, err
		})
}

// claimed is the account that somebody says is theirs; nil if no code can be of it.
func claimed(tx Tx, op *policy.Op, id policy.AccountID) (*recoverable, error) {
	st, err := op.Account(tx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	st.Account = id // of one that is unknown too, so that the same is read
	r, err := withCode(tx, op, st)
	if err != nil || st.Kind != policy.Personal || !r.code.exists() {
		return nil, err
	}
	c, err := anyClosed(tx, op, onAccount(id))
	if err != nil || notToRecover(op, c) != nil {
		return nil, err
	}
	return &r, nil
}

// put stores a code in place of the one that there was.
func (r recoverable) put(tx Tx, op *policy.Op, d drawnCode) (policy.Change, error) {
	what := "made"
	if r.code.exists() {
		what = "replaced"
	}
	rev, err := tx.PutRecoveryCode(RecoveryCode{Tenant: op.Actor.Tenant, Account: r.Account, Digest: d.digest, MadeAt: op.Now, Revision: r.code.Revision})
	return policy.Change{Subject: r.Account, Target: onAccount(r.Account), Revision: rev, Facts: aboutCode(what)}, err
}

func aboutCode(what string) []policy.Fact {
	return []policy.Fact{{Name: "recovery-code", Value: what}}
}

// codeLetters is Crockford's Base32: without I, L, O and U. It has 32 letters, so that five bits of a random byte choose
// one, all as likely.
const codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// A code has 25 letters (the product's length), which are 125 bits.
const (
	codeLength = 25
	codeGroup  = 5
)

// drawnCode is a code that nobody has yet: drawn once before the transaction, since that may run again.
type drawnCode struct {
	code   secret.Text // as it is shown
	digest secret.Digest
}

func (r *room) drawCode(a policy.Action, t policy.TenantID, id policy.AccountID) (drawnCode, error) {
	var chance [codeLength]byte
	_, _ = rand.Read(chance[:]) // it never fails
	var shown strings.Builder
	for i, b := range chance {
		if i > 0 && i%codeGroup == 0 {
			shown.WriteByte('-')
		}
		shown.WriteByte(codeLetters[int(b)%len(codeLetters)])
	}
	code := secret.NewText(shown.String())
	digests, err := r.codeDigests(a, t, id, typedCode(code))
	if err != nil {
		return drawnCode{}, err
	}
	return drawnCode{code, digests[0]}, nil
}

// codeDigests are those of a code as [typedCode] reads it, the one to keep first.
func (r *room) codeDigests(a policy.Action, t policy.TenantID, id policy.AccountID, code string) ([]secret.Digest, error) {
	return r.digests(a, "recovery-code", string(t), string(id), code)
}

// digests are those of what some texts say together, under the vault's keys and for one purpose, the one to keep first.
func (r *room) digests(a policy.Action, purpose string, texts ...string) ([]secret.Digest, error) {
	digests, err := r.keys.Digests(purpose, secret.NewText(string(secret.Bind(texts...))))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a, err)
	}
	if len(digests) == 0 || slices.Contains(digests, secret.Digest{}) {
		return nil, fmt.Errorf("%s: the vault gave no digest", a)
	}
	return digests, nil
}

// maxTypedCode is longer, in bytes, than a code with what people put between its characters.
const maxTypedCode = 128

// typedCode reads a code as somebody typed it. What cannot be one is empty, which is no code either.
func typedCode(code secret.Text) string {
	typed := code.Reveal()
	if len(typed) > maxTypedCode {
		return ""
	}
	read := strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case unicode.IsSpace(r) || unicode.Is(unicode.Pd, r):
			return -1
		case r == 'I' || r == 'L':
			return '1'
		case r == 'O':
			return '0'
		}
		return r
	}, typed)
	if len(read) != codeLength || strings.Trim(read, codeLetters) != "" {
		return ""
	}
	return read
}
