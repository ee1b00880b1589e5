package challenge

import (
	"github.com/seed4b20689c/myaccount/policy"
)

// Verify judges an answer, inside the change that it allows. want is what the room is about to do: account, purpose,
// method, target and session, each of which must be the challenge's own.
//
//   - A right answer gives the proof, and the challenge is spent.
//   - A wrong one gives a refusal, which the room puts into [policy.Change.Failed], since the count must be committed:
//     a room that returned it as an error would let codes be guessed for ever. [Proven] does it by itself.
//   - An error that is a [policy.Denied] says that no answer is heard now; nothing was judged. So is the right code of a
//     challenge that is dead: it is not a guess, so it is not counted for as long as the challenge is kept.
//
// A token of 256 bits is not guessed, so misses of one are counted by its challenge alone, and no count of the account's
// keeps it from being heard: else who holds one link could silence all others with wrong ones.
//
// What a room refuses after a right answer it refuses by Change.Failed too, or the code would live on.
func Verify(tx Tx, op *policy.Op, want Binding, a Answer) (Proof, *policy.Denied, error) {
	k, err := KindOf(want.Purpose, want.Method)
	if err != nil {
		return Proof{}, nil, err
	}
	if err := want.check(); err != nil {
		return Proof{}, nil, err
	}
	var count Counter
	if k.guessable() {
		if count, err = heard(tx, op, want.Account, want.Method); err != nil {
			return Proof{}, nil, err
		}
	}
	c, live, err := find(tx, op, want, a.id, k)
	if err != nil {
		return Proof{}, nil, err
	}
	switch right := a.opens(&c); {
	case right && live:
		p, err := spend(tx, op, k, c, count)
		return p, nil, err
	case right || !live && !k.guessable(): // there is nothing to count
		return Proof{}, nil, op.Refuse(wrong)
	}
	if live {
		c.Misses++
		if _, err := tx.PutChallenge(c); err != nil {
			return Proof{}, nil, err
		}
	}
	if !k.guessable() {
		return Proof{}, op.Deny(wrong), nil
	}
	denied, err := missed(tx, op, count)
	return Proof{}, denied, err
}

// spend ends a challenge that was answered. A factor that was proven ends the count of its method; what proves no
// factor forgives its own misses only.
func spend(tx Tx, op *policy.Op, k Kind, c Challenge, count Counter) (Proof, error) {
	forgiven := count.Failed
	if k.Factor == 0 {
		forgiven = c.Misses
	}
	if err := count.pass(tx, forgiven); err != nil {
		return Proof{}, err
	}
	c.SpentAt = op.Now
	if _, err := tx.PutChallenge(c); err != nil {
		return Proof{}, err
	}
	return Proof{tenant: c.Tenant, challenge: c.ID, binding: c.Binding, factor: k.Factor, at: op.Now}, nil
}

// Proven is the function of a [policy.Do] that a right answer opens: fn runs with the proof. A wrong answer is a
// failed change, so that it is counted.
func Proven[T Tx, R, V any](want Binding, a Answer, fn func(T, *policy.Op, R, Proof) (V, policy.Change, error)) func(T, *policy.Op, R) (V, policy.Change, error) {
	return func(tx T, op *policy.Op, row R) (V, policy.Change, error) {
		var none V
		proof, denied, err := Verify(tx, op, want, a)
		switch {
		case err != nil:
			return none, policy.Change{}, err
		case denied != nil:
			return none, policy.Change{Subject: want.Account, Failed: denied,
				Facts: []policy.Fact{{Name: "purpose", Value: string(want.Purpose)}, {Name: "method", Value: string(want.Method)}}}, nil
		}
		return fn(tx, op, row, proof)
	}
}
