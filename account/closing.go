package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Closing is that an account is being closed: until Due it can come back, from then on its data is erased.
type Closing struct {
	Tenant  policy.TenantID  `json:"tenant"`
	Account policy.AccountID `json:"account"`
	// By is who closed it: its person, an administrator or the host.
	By  policy.Principal `json:"by"`
	At  time.Time        `json:"at"`
	Due time.Time        `json:"due"`
	// Was is the account's state before, which it has again when it comes back.
	Was policy.State `json:"was"`
	// Reason is what the person wrote about why.
	Reason   string         `json:"reason,omitempty"`
	Revision store.Revision `json:"revision"`
}

// over reports whether the time in which the account can come back has passed.
func (c *Closing) over(now time.Time) bool { return !now.Before(c.Due) }

// How long an account that its person closed can be reopened, in days.
const (
	ShortGrace = 30
	LongGrace  = 60
)

// SettledFor is how long after all of an account's security info was replaced it cannot be closed yet: longer than it is
// restricted ([Restriction]), so that its person has had the time to find out.
const SettledFor = 60 * day

// DeletedFor is how long an account that an administrator deleted can be restored.
const DeletedFor = 30 * day

const day = 24 * time.Hour

// MaxReason is the longest reason for closing in code points.
const MaxReason = 1000

// ClosingCheck says what closing an account loses and what stands against it, inside the transaction that decides. It
// has no side effects, and may run several times. Findings of which two have one [policy.Finding.ID] close nothing: one tick
// would be for both.
type ClosingCheck func(ctx context.Context, tx Tx, op *policy.Op, account policy.AccountID) ([]policy.Finding, error)

// Option is a choice for [New].
type Option func(*room)

// WithClosing adds what other rooms have to say when an account is closed, and what they do when its data is erased.
func WithClosing(checks []ClosingCheck, erasers []Eraser) Option {
	return func(r *room) {
		r.checks = append(r.checks, checks...)
		r.erasers = append(r.erasers, erasers...)
	}
}

// Preflight is what a person is shown before they close their account.
type Preflight struct {
	// Findings are what is lost and what blocks, of all rooms.
	Findings []policy.Finding `json:"findings,omitempty"`
	// Close says whether the account can be closed now, confirmation aside.
	Close policy.Decision `json:"close"`
	// Days are the times to choose from in which it can be reopened.
	Days []int `json:"days"`
}

// Preflight tells what closing the actor's account would lose, and what has to be settled before.
func (s *Service) Preflight(ctx context.Context, actor policy.Actor) (Preflight, error) {
	sp := s.closeSpec(ctx, ShortGrace)
	read := &policy.Spec[Tx, leaving]{Rule: readPreflight, Load: sp.Load}
	return policy.Look(ctx, s.guard, s.store, actor, read, policy.Target{},
		func(tx Tx, op *policy.Op, l leaving) (p Preflight, err error) {
			p.Findings, p.Days = l.findings, []int{ShortGrace, LongGrace}
			p.Close, err = policy.Judge(tx, op, sp, l)
			return p, err
		})
}

// CloseRequest is how a person wants their account closed.
type CloseRequest struct {
	// Days is how long it can be reopened: [ShortGrace] or [LongGrace].
	Days int
	// Reason is why, in the person's own words, of several lines if they like; it may be empty, and is erased with everything
	// else.
	Reason string
	// Understood names each warning that [Service.Preflight] gives by its [policy.Finding.ID].
	Understood []string
}

func (c *CloseRequest) check() error {
	if err := checkDays(c.Days); err != nil {
		return err
	}
	if len(c.Understood) > maxUnderstood {
		return &policy.Invalid{Field: "understood", Problem: fmt.Sprintf("names %d warnings; want at most %d", len(c.Understood), maxUnderstood)}
	}
	c.Reason = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(c.Reason)
	return policy.CheckText("reason", strings.NewReplacer("\n", " ", "\t", " ").Replace(c.Reason), MaxReason)
}

const maxUnderstood = 1000

func checkDays(days int) error {
	if days != ShortGrace && days != LongGrace {
		return &policy.Invalid{Field: "days", Problem: fmt.Sprintf("is %d; want %d or %d", days, ShortGrace, LongGrace)}
	}
	return nil
}

// AskClose tells what closing the actor's account does, and gives the confirmation for [Service.Close] with as many
// days.
func (s *Service) AskClose(ctx context.Context, actor policy.Actor, days int) (policy.Preview, policy.Confirmation, error) {
	if err := checkDays(days); err != nil {
		return policy.Preview{}, "", err
	}
	return policy.Ask(ctx, s.guard, s.store, actor, s.closeSpec(ctx, days), policy.Target{})
}

// Close closes the actor's account and gives the time at which its data is erased; until then it can be reopened
// ([Host.Reopen]). In one commit all sessions and tokens end, and whatever was pending is void. It needs the confirmation
// that [Service.AskClose] gave, and is refused while a finding blocks ([CodeClosingBlocked]) or a warning is not named as
// understood ([CodeNotUnderstood]): before anybody is asked for the confirmation.
func (s *Service) Close(ctx context.Context, actor policy.Actor, c CloseRequest, yes policy.Confirmation) (time.Time, error) {
	if err := c.check(); err != nil {
		return time.Time{}, err
	}
	c.Understood = slices.Clone(c.Understood)
	sp := s.closeSpec(ctx, c.Days)
	may := sp.Forbids
	sp.Forbids = func(op *policy.Op, l leaving) *policy.Reason {
		if reason := may(op, l); reason != nil {
			return reason
		}
		missing := named(l.findings, func(f policy.Finding) bool { return !f.Blocks && !slices.Contains(c.Understood, f.ID()) })
		return when(len(missing) > 0, about(notUnderstood, strings.Join(missing, ", ")))
	}
	return policy.Do(ctx, s.guard, s.store, actor, sp, policy.Target{}, yes,
		func(tx Tx, op *policy.Op, l leaving) (time.Time, policy.Change, error) {
			return shut(tx, op, l.Standing, Closing{Due: op.Now.Add(time.Duration(c.Days) * day), Reason: c.Reason})
		})
}

// shut lets an account's time to come back begin.
func shut(tx Tx, op *policy.Op, st policy.Standing, c Closing) (time.Time, policy.Change, error) {
	if err := putClosing(tx, op, st, c); err != nil {
		return time.Time{}, policy.Change{}, err
	}
	ch, err := become(tx, st, policy.Closing, op.Now)
	ch.Facts = append(ch.Facts, policy.Fact{Name: "days", Value: strconv.Itoa(int(c.Due.Sub(op.Now) / day))})
	return c.Due, ch, err
}

// putClosing stores that an account is being closed by the actor, now.
func putClosing(tx Tx, op *policy.Op, st policy.Standing, c Closing) error {
	c.Tenant, c.Account, c.By, c.At, c.Was = st.Tenant, st.Account, op.Actor.Principal(), op.Now, st.State
	switch old, err := closingOf(tx, op, st.Account); {
	case err == nil:
		c.Revision = old.Revision
		if st.State == policy.Closing { // taken over
			c.Was = old.Was
		}
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	_, err := tx.PutClosing(c)
	return err
}

// become gives an account another state. Nothing that its person was given or proved before from outlives that, either
// way: it is neither good while the account is not active nor comes back to life with it.
func become(tx Tx, st policy.Standing, to policy.State, from time.Time) (policy.Change, error) {
	st = st.WithNewCredential(from)
	st.State = to
	rev, err := tx.PutStanding(st)
	return policy.Change{Subject: st.Account, Target: onAccount(st.Account), Revision: rev, Facts: aboutState(to)}, err
}

func aboutState(to policy.State) []policy.Fact {
	return []policy.Fact{{Name: "state", Value: to.String()}}
}

// back ends the closing of an account, which is as it was before. What was proven since from is good again.
func (l closed) back(tx Tx, from time.Time) (policy.Change, error) {
	if err := tx.DeleteClosing(l.Tenant, l.Account); err != nil {
		return policy.Change{}, err
	}
	return become(tx, l.Standing, l.before(), from)
}

// before is what an account was before it was closed.
func (l closed) before() policy.State {
	if l.closing.Was == policy.Disabled {
		return policy.Disabled
	}
	return policy.Active
}

// named are the ids of the findings that are wanted.
func named(all []policy.Finding, wanted func(policy.Finding) bool) []string {
	var out []string
	for _, f := range all {
		if wanted(f) {
			out = append(out, f.ID())
		}
	}
	return out
}

func closingOf(tx Tx, op *policy.Op, id policy.AccountID) (Closing, error) {
	c, err := tx.Closing(op.Actor.Tenant, id)
	if err == nil && (c.Tenant != op.Actor.Tenant || c.Account != id) {
		return Closing{}, errors.New("the store gave the closing of another account")
	}
	return c, err
}
