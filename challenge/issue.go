package challenge

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// New is a challenge to be issued. Purpose and method are the draft's.
type New struct {
	Account policy.AccountID
	Target  string
	Session policy.SessionID
	// To is where the code goes: an address or number that is stored, or the target that is to be proven; never
	// something that a request brought along besides.
	To string
}

// MaxPending is how many challenges of one account can be live at a time: so many that carry codes, and so many that carry
// links. Links live for long, and must not keep codes from being sent.
const MaxPending = 50

// Issue makes a challenge of a draft, inside the change that it belongs to; [Codes.Send] comes after the commit. It
// ends what is pending for the same purpose, method and session, so that one code is live, and counts as a sending.
// A refusal is an error that is a [policy.Denied]: the method waits or is locked ([Wait]), or too many codes were sent.
func Issue(tx Tx, op *policy.Op, d Draft, n New) (Challenge, error) {
	c := Challenge{Tenant: op.Actor.Tenant, ID: d.id, To: n.To,
		Binding:  Binding{n.Account, d.kind.Purpose, d.kind.Method, n.Target, n.Session},
		IssuedAt: op.Now, ExpiresAt: op.Now.Add(d.kind.Lifetime)}
	if err := errors.Join(policy.CheckID("draft", d.id), c.check(), checkText("to", n.To)); err != nil {
		return Challenge{}, err
	}
	st, err := op.Account(tx, n.Account)
	if err != nil {
		return Challenge{}, err
	}
	if !d.kind.open(st) {
		return Challenge{}, op.Refuse(inactive)
	}
	c.Epoch, c.Credentials = st.Epoch, st.Credentials
	if c.IssuedAt.Before(st.SessionsValidFrom) { // a clock that was set back sends nobody a code that is dead
		c.IssuedAt = st.SessionsValidFrom
	}
	if err := noteSending(tx, op, d.kind, c); err != nil {
		return Challenge{}, err
	}
	if err := makeRoom(tx, op, d.kind, st, c); err != nil {
		return Challenge{}, err
	}
	c.Digest = c.bound(d.digest)
	c.Revision, err = tx.PutChallenge(c)
	return c, err
}

// noteSending counts that a code of c is sent, or refuses it.
func noteSending(tx Tx, op *policy.Op, k Kind, c Challenge) error {
	count, err := counter(tx, op, c.Account, c.Method)
	if err != nil {
		return err
	}
	if r := count.blocked(op.Now); r != nil && k.guessable() {
		return op.Refuse(r)
	}
	if r := count.send(c.To, op.Now); r != nil {
		return op.Refuse(r)
	}
	_, err = tx.PutCounter(count)
	return err
}

// makeRoom removes an account's challenges that have expired, and ends those that next takes the place of.
func makeRoom(tx Tx, op *policy.Op, of Kind, st policy.Standing, next Challenge) error {
	all, err := tx.ChallengesOf(op.Actor.Tenant, next.Account)
	if err != nil {
		return err
	}
	pending, soonest := 0, time.Time{}
	for _, c := range all {
		if c.Tenant != next.Tenant || c.Account != next.Account {
			return fmt.Errorf("the store gave a challenge of %q for %q", c.Account, next.Account)
		}
		k, err := KindOf(c.Purpose, c.Method)
		replaced := c.Purpose == next.Purpose && c.Method == next.Method && c.Session == next.Session
		switch {
		case !op.Now.Before(c.ExpiresAt):
			err = tx.DeleteChallenge(c.Tenant, c.Account, c.ID)
		case err != nil || !c.live(k, st, op.Now):
			err = nil // dead, or of a version that knew other kinds; it goes when it expires
		case replaced:
			c.SpentAt = op.Now
			_, err = tx.PutChallenge(c)
		case k.guessable() == of.guessable():
			if pending++; soonest.IsZero() || c.ExpiresAt.Before(soonest) {
				soonest = c.ExpiresAt
			}
		}
		if err != nil {
			return err
		}
	}
	if pending >= MaxPending {
		return op.Refuse(policy.Throttled(soonest))
	}
	return nil
}

// Resend gives a live challenge a new code, to the same address; the old code is dead then. It counts as a sending,
// and ends no count of misses. What is not live, or not bound as want says, is refused as [Verify] does.
func Resend(tx Tx, op *policy.Op, want Binding, d Draft) (Challenge, error) {
	if err := errors.Join(policy.CheckID("draft", d.id), want.check()); err != nil {
		return Challenge{}, err
	}
	c, live, err := find(tx, op, want, d.id, d.kind)
	if err != nil {
		return Challenge{}, err
	}
	if !live || d.kind.Purpose != want.Purpose || d.kind.Method != want.Method {
		return Challenge{}, op.Refuse(wrong)
	}
	if err := noteSending(tx, op, d.kind, c); err != nil {
		return Challenge{}, err
	}
	c.ExpiresAt, c.Digest = op.Now.Add(d.kind.Lifetime), c.bound(d.digest)
	c.Resends++
	c.Revision, err = tx.PutChallenge(c)
	return c, err
}

// find reads a challenge, and tells whether it is live and bound as want says. One that is missing is the zero
// Challenge, which no answer opens.
func find(tx Tx, op *policy.Op, want Binding, id ID, k Kind) (c Challenge, live bool, err error) {
	if id != "" {
		c, err = tx.Challenge(op.Actor.Tenant, want.Account, id)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Challenge{}, false, err
	}
	if err != nil || c.Tenant != op.Actor.Tenant || c.ID != id || c.Binding != want {
		c = Challenge{} // a store that answers with another's row is never believed
	}
	st, err := op.Account(tx, want.Account)
	if errors.Is(err, store.ErrNotFound) {
		st, err = policy.Standing{}, nil
	}
	return c, err == nil && c.ID != "" && c.live(k, st, op.Now), err
}

// EndPending ends all that is pending for an account but what survives ([Kind]), whatever the purpose, by one row: its
// standing. Call it in the change that changes a credential: a password, a phone, an app, a passkey.
func EndPending(tx Tx, op *policy.Op, a policy.AccountID) (store.Revision, error) {
	st, err := op.Account(tx, a)
	if err != nil {
		return 0, err
	}
	st.Credentials++
	return tx.PutStanding(st)
}
