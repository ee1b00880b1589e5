package signins

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Host is where the embedding application says who signed in, and asks who a request comes from.
type Host struct{ *room }

// Start starts a session for somebody whom the host has authenticated, and gives its token: 256 random bits,
// of which only a keyed hash is stored. Beyond [MaxSessions], the session not seen for the longest ends.
func (h *Host) Start(ctx context.Context, actor policy.Actor, n NewSession) (Started, error) {
	if err := n.check(); err != nil {
		return Started{}, err
	}
	text, digest, err := h.issue()
	if err != nil {
		return Started{}, err
	}
	return policy.Do(ctx, h.guard, h.store, actor, startSession, onAccount(n.Account), "",
		func(tx Tx, op *policy.Op, st policy.Standing) (Started, policy.Change, error) {
			if n.Device != "" {
				switch enabled, err := tx.DeviceEnabled(op.Actor.Tenant, n.Device); {
				case errors.Is(err, store.ErrNotFound), err == nil && !enabled:
					return Started{}, policy.Change{}, op.Refuse(deviceCannot)
				case err != nil:
					return Started{}, policy.Change{}, err
				}
			}
			old := func(p policy.Proof) bool { return p.At.Before(st.SessionsValidFrom) }
			if !op.Now.Before(st.SessionsValidFrom) && slices.ContainsFunc(n.Proofs, old) { // a clock set back locks nobody out
				return Started{}, policy.Change{}, op.Refuse(provenBefore) // a sign-in that was half done then
			}
			ended, err := makeRoom(tx, op, st)
			if err != nil {
				return Started{}, policy.Change{}, err
			}
			start := op.Now
			if start.Before(st.SessionsValidFrom) { // a clock that was set back locks nobody out
				start = st.SessionsValidFrom
			}
			s := policy.Session{Tenant: st.Tenant, Account: st.Account, ID: policy.SessionID(op.ID), Token: digest, Epoch: st.Epoch,
				StartedAt: start, AuthenticatedAt: op.Now, SeenAt: op.Now, Level: reached(n.Proofs, op.Now), Proofs: n.Proofs,
				Device: n.Device, Address: n.Address, Client: n.Client, Place: n.Place.String()}
			rev, err := tx.PutSession(s)
			return started(s, st, text, op.Settings), policy.Change{Subject: st.Account, Target: onSession(s.Account, s.ID), Revision: rev, Also: ended,
				Facts: []policy.Fact{{Name: "level", Value: s.Level.String()}}}, err
		})
}

// Actor gives who a request with a session's token comes from. Call it for each request, and set the address
// and the roles, which a session does not keep. It reads one snapshot and writes nothing; see [Host.Touch].
// Every token that does not count is refused alike, with [policy.CodeSessionEnded], but that of an account or
// device that was switched off, which says so.
func (h *Host) Actor(ctx context.Context, text secret.Text) (policy.Actor, error) {
	c, err := h.claim(ResumeSession, text)
	if err != nil {
		return policy.Actor{}, err
	}
	actor, err := policy.Look(ctx, h.guard, h.store, policy.Host("signins", c.tenant), resumeSession, onSession(c.account, c.session),
		func(tx Tx, op *policy.Op, s policy.Session) (policy.Actor, error) {
			return actorOf(s), c.holds(tx, op, s)
		})
	return actor, ended(ResumeSession, err)
}

// ended makes the refusal of an unknown tenant one of an ended session: who has no session of ours learns
// nothing.
func ended(action policy.Action, err error) error {
	if err == nil {
		return nil
	}
	if denied := new(policy.Denied); errors.As(err, &denied) && denied.Reason().Code == policy.CodeUnknownTenant {
		return &policy.Denied{Decision: policy.Refusal(action, policy.SessionEnded(), "")}
	}
	return err
}

// claim is a token that was read, and what its secret's digests are.
type claim struct {
	token
	digests []secret.Digest
}

func (h *Host) claim(action policy.Action, text secret.Text) (claim, error) {
	t, ok := parseToken(text)
	if !ok {
		return claim{}, &policy.Denied{Decision: policy.Refusal(action, policy.SessionEnded(), "")}
	}
	digests, err := h.keys.Digests(purpose, t.secret)
	return claim{t, digests}, err
}

// holds refuses unless the token is the session's and its person would be admitted: in this order, so that
// nobody without the secret learns about the account.
func (c claim) holds(tx Tx, op *policy.Op, s policy.Session) error {
	if !slices.ContainsFunc(c.digests, s.Token.Equal) {
		refused := policy.SessionEnded()
		return op.Refuse(&refused)
	}
	switch refused, err := op.AdmitSession(tx, s); {
	case err != nil:
		return err
	case refused != nil:
		return op.Refuse(refused)
	}
	return nil
}

// AddProof notes that the person of a session proved a factor (step-up, or signing in again), and replaces the
// session's token: the old one is dead in the next call. The session's level follows its proofs. The overall
// limit begins anew only when the level is reached in full again.
func (h *Host) AddProof(ctx context.Context, actor policy.Actor, text secret.Text, p policy.Proof) (Started, error) {
	if err := policy.CheckProof("proof", p); err != nil {
		return Started{}, err
	}
	c, err := h.claim(AddProof, text)
	if err != nil {
		return Started{}, err
	}
	next, digest, err := h.issue()
	if err != nil {
		return Started{}, err
	}
	return policy.Do(ctx, h.guard, h.store, actor, addProof, onSession(c.account, c.session), "",
		func(tx Tx, op *policy.Op, s policy.Session) (Started, policy.Change, error) {
			if c.tenant != op.Actor.Tenant { // a token of another tenant is nothing here
				s = policy.Session{}
			}
			if err := c.holds(tx, op, s); err != nil {
				return Started{}, policy.Change{}, err
			}
			prove(&s, p, op.Now)
			s.Token = digest
			rev, err := tx.PutSession(s)
			return started(s, op.Standing, next, op.Settings), policy.Change{Subject: s.Account, Revision: rev,
				Facts: []policy.Fact{{Name: "factor", Value: p.Factor.String()}, {Name: "level", Value: s.Level.String()}}}, err
		})
}

// touchesPerLimit is how often within its idle limit a session's activity is noted: often enough that the
// limit is true to a tenth, and seldom enough that reading is not writing.
const touchesPerLimit = 10

// Touch notes that the actor's session is in use, and from where. Call it for each request or from time to
// time: it writes at most once in a tenth of the session's idle limit, and reads otherwise.
func (h *Host) Touch(ctx context.Context, actor policy.Actor) error {
	if actor.Session == "" {
		return noSession
	}
	target := onSession(actor.Account, actor.Session)
	due, err := policy.Look(ctx, h.guard, h.store, actor, touchSession, target,
		func(_ Tx, op *policy.Op, s policy.Session) (bool, error) { return touchDue(op, s), nil })
	if err != nil || !due {
		return err
	}
	_, err = policy.Do(ctx, h.guard, h.store, actor, touchSession, target, "",
		func(tx Tx, op *policy.Op, s policy.Session) (none, policy.Change, error) {
			if !touchDue(op, s) { // somebody else was faster
				return none{}, policy.Change{}, nil
			}
			s.SeenAt = op.Now
			if a := op.Actor.Address; a.IsValid() && a != s.Address {
				s.Address, s.Place = a, "" // where that is, nobody has said
			}
			_, err := tx.PutSession(s)
			return none{}, policy.Change{}, err
		})
	return err
}

func touchDue(op *policy.Op, s policy.Session) bool {
	_, idle := op.Settings.SessionLimits(s.Level)
	return op.Now.Sub(s.SeenAt) >= idle/touchesPerLimit
}

// ValidSince tells from when on an account's tokens are valid: a host that keeps tokens of its own refuses
// those that were issued before. It is zero if the person was never signed out everywhere.
func (h *Host) ValidSince(ctx context.Context, actor policy.Actor, account policy.AccountID) (time.Time, error) {
	return policy.Look(ctx, h.guard, h.store, actor, validSince, onAccount(account),
		func(_ Tx, _ *policy.Op, st policy.Standing) (time.Time, error) { return st.SessionsValidFrom, nil })
}

// keptFor is how long the row of a session is kept after its authentication: until no limit that a tenant may set
// would let it live.
var keptFor = time.Duration(policy.AAL1SessionHours.Max) * time.Hour

// PurgeSessions removes the rows of sessions that were authenticated more than 30 days ago, when none can be alive,
// and tells how many. The host calls it now and then. It works in batches, so that others get their turn.
func (h *Host) PurgeSessions(ctx context.Context, actor policy.Actor) (int, error) {
	total := 0
	for page := (store.Page{Size: store.MaxPageSize}); ; {
		type batch struct {
			n    int
			next store.Cursor
		}
		b, err := policy.Do(ctx, h.guard, h.store, actor, purgeSessions, policy.Target{}, "",
			func(tx Tx, op *policy.Op, _ none) (batch, policy.Change, error) {
				list, err := tx.Sessions(op.Actor.Tenant, page)
				if err != nil {
					return batch{}, policy.Change{}, err
				}
				done := batch{next: list.Next}
				for _, s := range list.Items {
					if s.Tenant != op.Actor.Tenant {
						return batch{}, policy.Change{}, errors.New("the store gave a session of another tenant")
					}
					if op.Now.Sub(s.AuthenticatedAt) < keptFor {
						continue
					}
					if err := tx.DeleteSession(s.Tenant, s.Account, s.ID); err != nil {
						return batch{}, policy.Change{}, err
					}
					done.n++
				}
				if done.n == 0 {
					return done, policy.Change{}, nil
				}
				return done, policy.Change{Activity: purgedSessions, Facts: []policy.Fact{{Name: "removed", Value: strconv.Itoa(done.n)}}}, nil
			})
		total += b.n
		if page.After = b.next; err != nil || page.After == "" {
			return total, err
		}
	}
}

// Record notes an attempt to sign in, whatever its outcome: once, when it has ended, with all of its steps. After a
// success call [Host.Start] first, and give the session. It reports whether the attempt is new: recording an id again
// changes nothing.
func (h *Host) Record(ctx context.Context, actor policy.Actor, r Record) (bool, error) {
	if err := r.check(); err != nil {
		return false, err
	}
	return policy.Do(ctx, h.guard, h.store, actor, recordSignIn, onAccount(r.Account), "",
		func(tx Tx, op *policy.Op, _ policy.Standing) (bool, policy.Change, error) {
			isNew, err := record(tx, op, r)
			return isNew, policy.Change{}, err
		})
}

// purgeBatch bounds one transaction of a purge, so that writers between get their turn.
const purgeBatch = 1000

// PurgeActivity removes the attempts to sign in that are older than the tenant keeps them, and tells how many. The
// host calls it now and then.
func (h *Host) PurgeActivity(ctx context.Context, actor policy.Actor) (int, error) {
	for total := 0; ; {
		n, err := policy.Do(ctx, h.guard, h.store, actor, purgeActivity, policy.Target{}, "",
			func(tx Tx, op *policy.Op, _ none) (int, policy.Change, error) {
				before := keptFrom(op)
				n, err := tx.PurgeSignIns(op.Actor.Tenant, before, purgeBatch)
				if err != nil || n == 0 {
					return n, policy.Change{}, err
				}
				return n, policy.Change{Activity: purgedActivity, Facts: []policy.Fact{
					{Name: "removed", Value: strconv.Itoa(n)}, {Name: "before", Value: before.Format(time.RFC3339)}}}, nil
			})
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}
