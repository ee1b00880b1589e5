package policy

import (
	"context"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/store"
)

// evaluate is the one evaluation behind [Can], [Ask], [Look] and [Do]: it admits the actor, loads the
// row and judges. It reports a refusal by the Decision and trouble by the error. The row goes out by
// pointer, since rows are large.
func evaluate[T Tx, R any](tx T, op *Op, sp *Spec[T, R], row *R) (Decision, error) {
	op.usage = nil // a transaction that runs again reads again
	reason, err := op.admit(tx)
	if err == nil && reason == nil && !sp.admits(&op.Actor) {
		reason = notPermitted
	}
	if err == nil && reason == nil {
		if *row, err = sp.Load(tx, op, op.Target); err != nil {
			reason, err = reasonIfMissing(err, notFound)
		}
	}
	if err != nil {
		return Decision{Action: sp.Action}, err
	}
	if reason != nil {
		return op.refuse(&sp.Rule, reason), nil
	}
	return judge(tx, op, sp, row)
}

// Judge decides about a row that was read already, so that a list can carry the decisions of its items
// without reading them again. It must run inside an operation ([Look] or [Do]), and takes the confirmation
// for granted, as [Can] does.
func Judge[T Tx, R any](tx T, op *Op, sp *Spec[T, R], row R) (Decision, error) {
	return judge(tx, op, sp, &row)
}

func judge[T Tx, R any](tx T, op *Op, sp *Spec[T, R], row *R) (Decision, error) {
	r := &sp.Rule
	if !r.admits(&op.Actor) {
		return op.refuse(r, notPermitted), nil
	}
	if reason := r.opens(op); reason != nil {
		return op.refuse(r, reason), nil
	}
	if sp.Forbids != nil {
		if reason := sp.Forbids(op, *row); reason != nil {
			return op.refuse(r, reason), nil
		}
	}
	if reason := r.held(op); reason != nil {
		return op.refuse(r, reason), nil
	}
	if op.Actor.person() {
		switch reason, err := op.withinLimit(tx, r); {
		case err != nil:
			return Decision{Action: r.Action}, err
		case reason != nil:
			return op.refuse(r, reason), nil
		}
	}
	if sp.Device != nil {
		if reason := sp.Device(op, *row); reason != nil {
			return op.refuse(r, reason), nil
		}
	}
	if reason := r.proven(op); reason != nil {
		return op.refuse(r, reason), nil
	}
	return Decision{Action: r.Action, Allowed: true}, nil
}

func (op *Op) refuse(r *Rule, reason *Reason) Decision {
	return Decision{Action: r.Action, reason: reason, Contact: op.Settings.Contact}
}

// admits tells whether the rule is for such an actor at all.
func (r *Rule) admits(a *Actor) bool {
	switch {
	case a.system:
		return r.By&BySystem != 0
	case !a.person():
		return r.By&ByHost != 0
	}
	return r.By&ByPerson != 0 || r.By&ByRole != 0 && a.hasAny(r.Roles)
}

// opens judges what binds an account's owner: its kind, and what the organization turned on, bought and
// locked.
func (r *Rule) opens(op *Op) *Reason {
	if r.By&ByPerson == 0 || !op.Actor.person() {
		return nil
	}
	if r.Kinds&op.Standing.Kind == 0 {
		if r.Others != nil {
			return r.Others
		}
		return wrongKind
	}
	s := &op.Settings
	if !s.TurnedOn {
		return notTurnedOn
	}
	for _, l := range [...]License{r.License, s.lacks(r.Area)} {
		if l != "" && !s.Has(l) {
			return notLicensed.about(string(l))
		}
	}
	switch access := s.Access(r.Area); {
	case access == Off:
		return areaOff.about(string(r.Area))
	case access < r.Access:
		return areaReadOnly.about(string(r.Area))
	}
	return nil
}

// held judges what an account has to wait for: the end of a restriction, which takes longer, or a new password. Of a host,
// whose Standing is zero, nothing waits.
func (r *Rule) held(op *Op) *Reason {
	st := &op.Standing
	demanded := st.MustChangePassword && op.Actor.person()
	switch {
	case r.Settled && st.Restricted(op.Now) && (!demanded || r.Demand != MeetsDemand):
		return restricted.until(st.RestrictedUntil)
	case demanded && r.Waits():
		return mustChange
	}
	return nil
}

// proven judges the person's proofs: enough, and fresh enough.
func (r *Rule) proven(op *Op) *Reason {
	if r.Level == AAL0 || !op.Actor.person() || Assurance(op.Actor.Proofs, op.Now, r.MaxAge) >= r.Level {
		return nil
	}
	reason := strongerProof
	if Assurance(op.Actor.Proofs, op.Now, 0) >= r.Level {
		reason = fresherProof
	}
	return reason.needing(r.Level, r.MaxAge)
}

// withinLimit judges how often the account did this lately. Times from the future count too: a clock
// that was set back forgives nothing.
func (op *Op) withinLimit(tx Tx, r *Rule) (*Reason, error) {
	if r.Limit.Per == 0 {
		return nil, nil
	}
	allowed := op.Settings.Value(r.Limit.Times)
	if allowed == Unlimited {
		return nil, nil
	}
	if op.usage == nil || op.usage.Action != r.Action {
		u, err := tx.Usage(op.Actor.Tenant, op.Actor.Account, r.Action)
		if err != nil {
			return nil, err
		}
		u.Action = r.Action
		op.usage = &u
	}
	recent := since(op.usage.Times, op.Now.Add(-r.Limit.Per))
	if len(recent) < allowed {
		return nil, nil
	}
	if allowed <= 0 {
		return throttled.until(op.Now.Add(r.Limit.Per)), nil
	}
	return throttled.until(recent[len(recent)-allowed].Add(r.Limit.Per)), nil
}

// count notes one more use of a limited action, in the operation's transaction. The limit, which was not
// reached yet, bounds how many are kept; without one none are.
func (op *Op) count(tx Tx) error {
	r := op.rule
	if r.Limit.Per == 0 || !op.Actor.person() {
		return nil
	}
	if op.Settings.Value(r.Limit.Times) == Unlimited {
		return nil
	}
	u, err := tx.Usage(op.Actor.Tenant, op.Actor.Account, r.Action)
	if err != nil {
		return err
	}
	u.Tenant, u.Account, u.Action = op.Actor.Tenant, op.Actor.Account, r.Action
	u.Times = append(since(u.Times, op.Now.Add(-r.Limit.Per)), op.Now)
	_, err = tx.PutUsage(u)
	return err
}

// Unused takes back the use of an action's limit that a [Do] noted at a time, because nothing came of it: what was to be sent
// after the commit could not be. Whoever asks again is not held up by what nobody got.
func Unused[T Tx](ctx context.Context, s store.Store[T], a Actor, action Action, at time.Time) error {
	return s.Update(context.WithoutCancel(ctx), func(tx T) error {
		u, err := tx.Usage(a.Tenant, a.Account, action)
		if err != nil {
			return err
		}
		n := slices.IndexFunc(u.Times, at.Equal)
		if n < 0 {
			return nil
		}
		u.Tenant, u.Account, u.Action = a.Tenant, a.Account, action
		u.Times = slices.Delete(slices.Clone(u.Times), n, n+1)
		_, err = tx.PutUsage(u)
		return err
	})
}

// since gives the times after start; times are in the order in which they were noted.
func since(times []time.Time, start time.Time) []time.Time {
	for i, t := range times {
		if t.After(start) {
			return times[i:]
		}
	}
	return nil
}
