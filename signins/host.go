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
// of which only a keyed hash is stored. Beyond [MaxSessions], the session not seen for the longest ends, and of more, as
// after the limit was lowered, 100 at each start; sessions that
// ran out by themselves are noted as ended, at most 100 at a time, so that nobody reads them again. The overall limit
// counts from when the proofs reached the session's level in full; proofs too old for it are refused, and those that reach no
// level, as the recovery of an account does not.
func (h *Host) Start(ctx context.Context, actor policy.Actor, n NewSession) (Started, error) {
	if err := n.check(); err != nil {
		return Started{}, err
	}
	old, err := h.claimed(StartSession, n.Replaces)
	if err != nil {
		return Started{}, err
	}
	text, digest, err := h.issue()
	if err != nil {
		return Started{}, err
	}
	return policy.Do(ctx, h.guard, h.store, actor, startSession, onAccount(n.Account), "",
		func(tx Tx, op *policy.Op, st policy.Standing) (Started, policy.Change, error) {
			if err := n.mayStart(tx, op, st); err != nil {
				return Started{}, policy.Change{}, err
			}
			s := n.session(op, st, digest)
			if err := provable(op, s); err != nil {
				return Started{}, policy.Change{}, err
			}
			if s.Level == policy.AAL0 {
				return Started{}, policy.Change{}, op.Refuse(provesNothing)
			}
			ended, err := old.end(tx, op, "signed in anew") // before room is made: it may be the room
			if err != nil {
				return Started{}, policy.Change{}, err
			}
			more, err := makeRoom(tx, op, st)
			if err != nil {
				return Started{}, policy.Change{}, err
			}
			rev, err := tx.PutSession(s)
			if err == nil && n.Attempt != nil {
				err = recordOf(tx, op, s, *n.Attempt)
			}
			return started(s, st, text, op.Settings), policy.Change{Subject: st.Account, Target: onSession(s.Account, s.ID), Revision: rev, Also: append(ended, more...),
				Facts: []policy.Fact{{Name: "level", Value: s.Level.String()}}}, err
		})
}

// mayStart refuses a session on a device that cannot sign in, and one of proofs that count no longer.
func (n *NewSession) mayStart(tx Tx, op *policy.Op, st policy.Standing) error {
	if n.Device != "" {
		switch enabled, err := tx.DeviceEnabled(op.Actor.Tenant, n.Device); {
		case errors.Is(err, store.ErrNotFound), err == nil && !enabled:
			return op.Refuse(deviceCannot)
		case err != nil:
			return err
		}
	}
	return provenNow(op, st, n.Proofs...)
}

// session is the row of a session that begins now.
func (n *NewSession) session(op *policy.Op, st policy.Standing, token secret.Digest) policy.Session {
	start := op.Now
	if start.Before(st.SessionsValidFrom) { // a clock that was set back locks nobody out
		start = st.SessionsValidFrom
	}
	level := reached(n.Proofs, op.Now)
	return policy.Session{BeganAt: op.Now, Tenant: st.Tenant, Account: st.Account, ID: policy.SessionID(op.ID), Token: token, Epoch: st.Epoch,
		StartedAt: start, AuthenticatedAt: provenAt(n.Proofs, level, op.Now), SeenAt: op.Now, Level: level, Proofs: n.Proofs,
		Device: n.Device, Address: n.Address, Client: n.Client, Place: n.Place.String()}.Reckoned(op.Settings)
}

// recordOf records the attempt that a session comes of. One from before the tenant's retention is not kept.
func recordOf(tx Tx, op *policy.Op, s policy.Session, r Record) error {
	r.Session = s.ID
	if _, err := record(tx, op, r); !errors.Is(err, errPast) {
		return err
	}
	return nil
}

// claimed reads the token of a session that is to end. What is none claims nothing.
func (h *Host) claimed(action policy.Action, text secret.Text) (claim, error) {
	if _, ok := parseToken(text); !ok {
		return claim{}, nil
	}
	return h.claim(action, text)
}

// SignOut ends the session whose token a browser has, for who signs out there. Nothing keeps them from it: no lock of an
// administrator's, no My Account that is turned off, no demand for a new password, as [Service.End] has it, which is for
// looking through one's sessions. A token of no open session of the tenant's ends nothing, and is no error. Have the browser
// forget the token whatever comes of it. Source: OWASP ASVS 7.4.1, 7.4.4.
func (h *Host) SignOut(ctx context.Context, actor policy.Actor, text secret.Text) error {
	c, err := h.claimed(SignOut, text)
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, h.guard, h.store, actor, signOutHere, policy.Target{}, "",
		func(tx Tx, op *policy.Op, _ none) (none, policy.Change, error) {
			ended, err := c.end(tx, op, "signed out")
			if err != nil || len(ended) == 0 {
				return none{}, policy.Change{}, err
			}
			return none{}, ended[0], nil
		})
	return err
}

// end ends the session whose token was given, if it is one of the tenant's that may still be alive. Of one that ran out by
// itself it is noted when that was, as wherever one is met.
func (c claim) end(tx Tx, op *policy.Op, because string) ([]policy.Change, error) {
	if c.session == "" || c.tenant != op.Actor.Tenant {
		return nil, nil
	}
	s, err := sessionOrNone(tx, op, onSession(c.account, c.session))
	if err != nil || !slices.ContainsFunc(c.digests, s.Token.Equal) {
		return nil, err
	}
	st, err := op.Account(tx, s.Account)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && s.OverUnder(st):
		return nil, nil
	case err != nil:
		return nil, err
	case runOut(op, st, s):
		return nil, retire(tx, op, st, []policy.Session{s})
	}
	ch, err := endNow(tx, op, s)
	ch.Facts = []policy.Fact{{Name: "because", Value: because}}
	return []policy.Change{ch}, err
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
	if denied := new(policy.Denied); errors.As(err, &denied) && denied.Reason().Code == policy.CodeUnknownTenant {
		return policy.Actor{}, unresumed(ResumeSession) // who has no session of ours learns nothing
	}
	return actor, err
}

// Prover gives who would prove a factor with [Host.AddProof] now: it answers as [Host.Actor], and refuses what AddProof would
// refuse whatever was proven, so that nothing else is done before: a token that does not count, or is another tenant's, with
// [policy.CodeSessionEnded]. It writes nothing.
func (h *Host) Prover(ctx context.Context, actor policy.Actor, text secret.Text) (policy.Actor, error) {
	c, err := h.claim(AddProof, text)
	if err != nil {
		return policy.Actor{}, err
	}
	return policy.Look(ctx, h.guard, h.store, actor, addProof, onSession(c.account, c.session),
		func(tx Tx, op *policy.Op, s policy.Session) (policy.Actor, error) {
			return actorOf(s), c.holdsHere(tx, op, s)
		})
}

// unresumed is the refusal of a token that says nothing of any session.
func unresumed(action policy.Action) error {
	return &policy.Denied{Decision: policy.Refusal(action, policy.SessionEnded(), "")}
}

// claim is a token that was read, and what its secret's digests are.
type claim struct {
	token
	digests []secret.Digest
}

func (h *Host) claim(action policy.Action, text secret.Text) (claim, error) {
	t, ok := parseToken(text)
	if !ok {
		return claim{}, unresumed(action)
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

// holdsHere is holds for a host's own tenant: a token of another one is nothing there, even if it is a namesake's.
func (c claim) holdsHere(tx Tx, op *policy.Op, s policy.Session) error {
	if c.tenant != op.Actor.Tenant {
		s = policy.Session{}
	}
	return c.holds(tx, op, s)
}

// AddProof notes that the person of a session proved a factor (step-up, or signing in again), and replaces the
// session's token: the old one is dead in the next call. The session's level follows its proofs. The overall
// limit begins anew only when the level is reached in full again, at the time of the proofs. A proof so old that the
// session would have run out with it is refused.
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
			if err := c.holdsHere(tx, op, s); err != nil {
				return Started{}, policy.Change{}, err
			}
			if err := provenNow(op, op.Standing, p); err != nil {
				return Started{}, policy.Change{}, err
			}
			prove(&s, p, op.Now)
			if err := provable(op, s); err != nil {
				return Started{}, policy.Change{}, err
			}
			s.Token = digest
			s = s.Reckoned(op.Settings)
			rev, err := tx.PutSession(s)
			return started(s, op.Standing, next, op.Settings), policy.Change{Subject: s.Account, Revision: rev,
				Facts: []policy.Fact{{Name: "factor", Value: p.Factor.String()}, {Name: "level", Value: s.Level.String()}}}, err
		})
}

// touchesPerLimit is how often within its idle limit a session's activity is noted: often enough that the
// limit is true to a tenth, and seldom enough that reading is not writing.
const touchesPerLimit = 10

// Touch notes that the actor's session is in use, and from where. Call it for each request or from time to
// time: it writes at most once in a tenth of the session's idle limit, and reads otherwise. For a session that the host
// vouches for and keeps itself it does nothing.
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
			_, err := tx.PutSession(s.Reckoned(op.Settings))
			return none{}, policy.Change{}, err
		})
	return err
}

func touchDue(op *policy.Op, s policy.Session) bool {
	if s.ID == "" { // the host keeps it, and vouches for it
		return false
	}
	_, idle := op.Settings.SessionLimits(s.Level)
	return op.Now.Sub(s.SeenAt) >= idle/touchesPerLimit
}

// ValidSince tells from when on an account's tokens are valid: a host that keeps tokens of its own refuses
// those that were issued before. It is zero if the person was never signed out everywhere. An account that is not known is
// [store.ErrNotFound]: nothing of it is valid.
func (h *Host) ValidSince(ctx context.Context, actor policy.Actor, account policy.AccountID) (time.Time, error) {
	return policy.Look(ctx, h.guard, h.store, actor, validSince, onAccount(account),
		func(_ Tx, _ *policy.Op, st policy.Standing) (time.Time, error) { return st.SessionsValidFrom, nil })
}

// keptFor is how long the row of a session is kept after its authentication: until no limit that a tenant may set
// would let it live.
var keptFor = time.Duration(policy.AAL1SessionHours.Max) * time.Hour

// PurgeSessions removes the rows of sessions that were authenticated more than 30 days ago, when none can be alive,
// and tells how many. The host calls it now and then. It works in batches, so that others get their turn.
// Where the guard was told to [policy.Vouch], an actor whose session was purged is again one that the host answers for,
// whether or not the session had been ended: no [policy.Actor] value of a session of ours is to be kept that long.
func (h *Host) PurgeSessions(ctx context.Context, actor policy.Actor) (int, error) {
	return walk(ctx, h.room, actor, purgeSessions, func(tx Tx, op *policy.Op, at store.Cursor) (batch[store.Cursor], error) {
		list, err := tx.Sessions(op.Actor.Tenant, store.Page{Size: store.MaxPageSize, After: at})
		if err != nil {
			return batch[store.Cursor]{}, err
		}
		done := batch[store.Cursor]{next: list.Next, more: list.Next != ""}
		for _, s := range list.Items {
			if s.Tenant != op.Actor.Tenant {
				return done, errors.New("the store gave a session of another tenant")
			}
			if op.Now.Sub(s.AuthenticatedAt) < keptFor {
				continue
			}
			if err := tx.DeleteSession(s.Tenant, s.Account, s.ID); err != nil {
				return done, err
			}
			done.removed++
		}
		done.says("removed", done.removed)
		return done, nil
	})
}

// batch is one transaction of a purge.
type batch[At any] struct {
	removed int // of what the caller is told of
	facts   []policy.Fact
	// next is where the next transaction goes on, if more is left.
	next At
	more bool
}

// says has the purge tell of something in its event, if there was any.
func (b *batch[At]) says(what string, n int) {
	if n > 0 {
		b.facts = append(b.facts, policy.Fact{Name: what, Value: strconv.Itoa(n)})
	}
}

// walk goes through all of a tenant in batches, so that writers between get their turn, and tells how many were
// removed.
func walk[At any](ctx context.Context, r *room, actor policy.Actor, sp *plainSpec,
	part func(tx Tx, op *policy.Op, at At) (batch[At], error)) (total int, err error) {
	for b := (batch[At]{more: true}); b.more; total += b.removed {
		at := b.next
		b, err = policy.Do(ctx, r.guard, r.store, actor, sp, policy.Target{}, "",
			func(tx Tx, op *policy.Op, _ none) (batch[At], policy.Change, error) {
				b, err := part(tx, op, at)
				if err != nil || len(b.facts) == 0 {
					return b, policy.Change{}, err
				}
				return b, policy.Change{Activity: sp.Activity, Facts: b.facts}, nil
			})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Record notes an attempt to sign in, whatever its outcome: once, when it has ended, with all of its steps. After a
// success give it to [Host.Start], or call that first, and give the session. It reports whether the attempt is new: recording an id again
// changes nothing. An attempt from before the tenant's retention is not new either and not kept, so that none comes back
// that was purged. Of an account that is not known, or closed for good, nothing is recorded, and the error is [store.ErrNotFound].
//
// An attempt under a name that is nobody's has no account. Record it all the same: that is refused as an account is that is
// not known, the refusals are one event however many names were tried, and the time that it takes does not tell which names
// there are.
func (h *Host) Record(ctx context.Context, actor policy.Actor, r Record) (bool, error) {
	target := policy.Target{}
	if r.Account != "" {
		target = onAccount(r.Account)
	}
	if err := r.checkAll(); err != nil {
		return false, err
	}
	return policy.Do(ctx, h.guard, h.store, actor, recordSignIn, target, "",
		func(tx Tx, op *policy.Op, st policy.Standing) (bool, policy.Change, error) {
			if st.Account == "" { // in this commit, so that nobody's attempt takes as many as anybody's
				return false, policy.Change{Refused: op.Deny(nobodys)}, nil
			}
			isNew, err := record(tx, op, r)
			if errors.Is(err, errPast) {
				err = nil
			}
			return isNew, policy.Change{}, err
		})
}

// PurgeActivity removes the attempts to sign in that are older than the tenant keeps them, and tells how many; and it
// forgets what the accounts' sign-ins were like ([Habits]) where nothing was like it for [HabitDays]. The host calls it
// now and then. It works in batches, so that others get their turn.
func (h *Host) PurgeActivity(ctx context.Context, actor policy.Actor) (int, error) {
	return walk(ctx, h.room, actor, purgeActivity, purgeBatch)
}

// pastAt is how far a purge of activity has come with each of the two.
type pastAt struct {
	attempts, habits               store.Cursor
	attemptsThrough, habitsThrough bool
}

// habitsBatch is of how many accounts the habits are looked at in one transaction: each may have hundreds.
const habitsBatch = 100

// purgeBatch is one transaction of a purge of activity.
func purgeBatch(tx Tx, op *policy.Op, at pastAt) (done batch[pastAt], err error) {
	done.next = at
	if !at.attemptsThrough {
		before, next := keptFrom(op), &done.next
		if done.removed, next.attempts, err = tx.PurgeSignIns(op.Actor.Tenant, before, store.Page{Size: store.MaxPageSize, After: at.attempts}); err != nil {
			return done, err
		}
		next.attemptsThrough = next.attempts == ""
		done.says("removed", done.removed)
		if done.removed > 0 {
			done.facts = append(done.facts, policy.Fact{Name: "before", Value: before.Format(time.RFC3339)})
		}
	}
	if !at.habitsThrough {
		if err = forgetHabits(tx, op, &done); err != nil {
			return done, err
		}
	}
	done.more = !done.next.attemptsThrough || !done.next.habitsThrough
	return done, nil
}

// forgetHabits forgets what nothing was like lately. As long as attempts are kept, so is what makes them usual. That
// somebody signed in at all is not forgotten: after a long time away everything is strange.
func forgetHabits(tx Tx, op *policy.Op, done *batch[pastAt]) error {
	list, err := tx.AllHabits(op.Actor.Tenant, store.Page{Size: habitsBatch, After: done.next.habits})
	if err != nil {
		return err
	}
	before := op.Now.AddDate(0, 0, -max(op.Settings.Value(HabitDays), op.Settings.Value(RetentionDays)))
	forgotten := 0
	for _, h := range list.Items {
		if h.Tenant != op.Actor.Tenant {
			return errors.New("the store gave the habits of another tenant")
		}
		n := h.forget(before)
		if n == 0 {
			continue
		}
		if _, err := tx.PutHabits(h); err != nil {
			return err
		}
		forgotten += n
	}
	done.says("forgotten habits", forgotten)
	done.next.habits, done.next.habitsThrough = list.Next, list.Next == ""
	return nil
}
