package challenge

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Counter is what an account did by one method: wrong answers in a row, and codes sent lately. It belongs to the
// account and not to a challenge or a session, which are made anew at will.
type Counter struct {
	Tenant  policy.TenantID  `json:"tenant"`
	Account policy.AccountID `json:"account"`
	Method  Method           `json:"method"`
	// Failed counts wrong answers since the last right one; FailedAt is when the last of them was given.
	Failed   int       `json:"failed,omitempty"`
	FailedAt time.Time `json:"failedAt,omitzero"`
	// Sent are the codes of the last hour, in the order in which they were sent.
	Sent     []Sending      `json:"sent,omitempty"`
	Revision store.Revision `json:"revision"`
}

// Sending is that a code was sent somewhere.
type Sending struct {
	To string    `json:"to"`
	At time.Time `json:"at"`
}

// Clone returns a copy that shares nothing with c.
func (c Counter) Clone() Counter {
	c.Sent = slices.Clone(c.Sent)
	return c
}

// How many wrong answers in a row change what happens, by account and method. NIST SP 800-63B-4 3.2.2 allows 100 at
// the most, and asks for waiting times before that.
const (
	WaitAfter  = 5   // each further one has to wait
	BlockAfter = 10  // waits a day, as Microsoft Entra's self-service reset does
	LockAfter  = 100 // waits for an administrator
)

// How many codes are sent within [SendWindow], by account and method: to one address (Microsoft Entra's
// self-service reset validates a phone five times an hour), and altogether.
const (
	MaxSentTo  = 5
	MaxSent    = 10
	SendWindow = time.Hour
)

// Wait is how long after the last of so many wrong answers in a row the next one is heard: not at all before the
// fifth, then a minute that doubles with each, from the tenth on a day.
func Wait(failed int) time.Duration {
	switch {
	case failed < WaitAfter:
		return 0
	case failed < BlockAfter:
		return time.Minute << (failed - WaitAfter)
	}
	return 24 * time.Hour
}

// Codes of this package's reasons.
const (
	CodeWrong    policy.Code = "wrong-code"    // wrong, unknown, expired, spent or somebody else's
	CodeLocked   policy.Code = "method-locked" // too many wrong answers in a row
	CodeInactive policy.Code = "account-inactive"
)

var (
	wrong    = policy.WrongCredentials(CodeWrong, policy.NoRemedy, "That code is not right, or no longer. Check it, or ask for a new one.")
	locked   = policy.Forbidden(CodeLocked, policy.AskAdministrator, "There were too many wrong answers. This method is locked.")
	inactive = policy.Forbidden(CodeInactive, policy.AskAdministrator, "This account is not active.")
)

// blocked says why no answer is heard now; nil if one is. A clock that was set back shortens no waiting time.
func (c *Counter) blocked(now time.Time) *policy.Reason {
	if c.Failed >= LockAfter {
		return locked
	}
	if until := c.FailedAt.Add(Wait(c.Failed)); c.Failed >= WaitAfter && now.Before(until) {
		return policy.Throttled(until)
	}
	return nil
}

// send notes a code that is being sent, or says why it may not be.
func (c *Counter) send(to string, now time.Time) *policy.Reason {
	recent := slices.DeleteFunc(slices.Clone(c.Sent), func(s Sending) bool { return !s.At.After(now.Add(-SendWindow)) })
	same := slices.DeleteFunc(slices.Clone(recent), func(s Sending) bool { return s.To != to })
	for _, limit := range []struct {
		sent []Sending
		most int
	}{{same, MaxSentTo}, {recent, MaxSent}} {
		if n := len(limit.sent); n >= limit.most {
			return policy.Throttled(limit.sent[n-limit.most].At.Add(SendWindow))
		}
	}
	c.Sent = append(recent, Sending{to, now})
	return nil
}

// miss counts a wrong answer.
func (c *Counter) miss(now time.Time) {
	c.Failed++
	if now.After(c.FailedAt) { // a clock that was set back shortens no waiting time
		c.FailedAt = now
	}
}

// forgive takes back n misses; all of them if n is as many.
func (c *Counter) forgive(n int) {
	if c.Failed = max(0, c.Failed-n); c.Failed == 0 {
		c.FailedAt = time.Time{}
	}
}

// Attempt judges and counts one attempt by a method whose answer the room compared itself, such as a password or the
// code of an app, so that these are limited as codes are. An error that is a [policy.Denied] says that none is heard
// now, right or wrong: nothing was counted. Otherwise a wrong one gives the refusal to put into
// [policy.Change.Failed], since the count must be committed, and a right one gives nil.
//
// It must be the same commit that acts on a right answer.
func Attempt(tx Tx, op *policy.Op, a policy.AccountID, m Method, right bool) (*policy.Denied, error) {
	c, err := heard(tx, op, a, m)
	if err != nil {
		return nil, err
	}
	if !right {
		return missed(tx, op, c)
	}
	return nil, c.pass(tx, c.Failed)
}

// heard gives a counter that lets an answer be heard; else the error refuses it.
func heard(tx Tx, op *policy.Op, a policy.AccountID, m Method) (Counter, error) {
	c, err := counter(tx, op, a, m)
	if err != nil {
		return Counter{}, err
	}
	if r := c.blocked(op.Now); r != nil {
		return Counter{}, op.Refuse(r)
	}
	return c, nil
}

// missed counts a wrong answer, and gives the refusal that commits.
func missed(tx Tx, op *policy.Op, c Counter) (*policy.Denied, error) {
	c.miss(op.Now)
	if _, err := tx.PutCounter(c); err != nil {
		return nil, err
	}
	return op.Deny(wrong), nil
}

// pass forgives n misses. Where there are none nothing is written.
func (c *Counter) pass(tx Tx, n int) error {
	if c.Failed == 0 || n == 0 {
		return nil
	}
	c.forgive(n)
	_, err := tx.PutCounter(*c)
	return err
}

// Clear ends the count of an account's wrong answers by a method, and with it every waiting time. It is for an
// administrator who has found out who the person is.
func Clear(tx Tx, op *policy.Op, a policy.AccountID, m Method) (store.Revision, error) {
	c, err := counter(tx, op, a, m)
	if err != nil {
		return 0, err
	}
	c.forgive(c.Failed)
	return tx.PutCounter(c)
}

// counter reads a counter; where there is none yet it begins one.
func counter(tx Tx, op *policy.Op, a policy.AccountID, m Method) (Counter, error) {
	if err := policy.CheckID("account", a); err != nil {
		return Counter{}, err
	}
	if err := policy.CheckID("method", m); err != nil {
		return Counter{}, err
	}
	c, err := tx.Counter(op.Actor.Tenant, a, m)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Counter{Tenant: op.Actor.Tenant, Account: a, Method: m}, nil
	case err != nil:
		return Counter{}, err
	case c.Tenant != op.Actor.Tenant || c.Account != a || c.Method != m:
		return Counter{}, fmt.Errorf("the store gave the counter of %q by %q for that of %q by %q", c.Account, c.Method, a, m)
	}
	return c, nil
}
