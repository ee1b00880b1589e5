package policy

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/store"
)

// begin fixes what an operation needs before its transaction: a checked actor and target, one reading
// of the clock.
func (op *Op) begin(g *Guard, a *Actor, r *Rule, t Target, yes Confirmation) error {
	if err := a.check(); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	op.Actor, op.Target, op.Yes, op.Now, op.guard, op.rule = *a, t, yes, g.Now(), g, r
	op.Actor.Address = a.Address.WithZone("") // a zone is free text, and says nothing to anybody else
	return nil
}

// call holds what an operation's closure needs, so that it captures one pointer.
type call[T Tx, R, V any] struct {
	Op
	spec   *Spec[T, R]
	out    V
	denied *Denied
}

// Can tells whether the actor may do this to the target now, taking the confirmation for granted and
// judging no input. It records nothing. The error is for malformed ids and for trouble; the Decision is
// a no then.
func Can[T Tx, R any](ctx context.Context, g *Guard, s store.Store[T], a Actor, sp *Spec[T, R], t Target) (Decision, error) {
	c := &call[T, R, Decision]{spec: sp}
	if err := c.begin(g, &a, &sp.Rule, t, ""); err != nil {
		return Decision{Action: sp.Action}, err
	}
	err := s.View(ctx, func(tx T) (err error) {
		var row R
		c.out, err = evaluate(tx, &c.Op, c.spec, &row)
		return err
	})
	if err != nil {
		return Decision{Action: sp.Action}, trouble(sp.Action, err)
	}
	return c.out, nil
}

// Ask tells what will happen, and gives the [Confirmation] to send along when the person says Yes. What
// [Can] refuses it refuses too, with a [Denied].
func Ask[T Tx, R any](ctx context.Context, g *Guard, s store.Store[T], a Actor, sp *Spec[T, R], t Target) (Preview, Confirmation, error) {
	p, err := Look(ctx, g, s, a, sp, t, func(_ T, op *Op, row R) (Preview, error) {
		return sp.preview(op, row), nil
	})
	if err != nil {
		return Preview{}, "", err
	}
	yes, err := confirmation(&a, p)
	return p, yes, err
}

// Look runs a read: it admits the actor, decides, and calls fn with the row, all on one snapshot. A
// refusal is a [Denied] and leaves no record. What fn returns must not alias the store.
func Look[T Tx, R, V any](ctx context.Context, g *Guard, s store.Store[T], a Actor, sp *Spec[T, R], t Target,
	fn func(T, *Op, R) (V, error)) (V, error) {
	var none V
	c := &call[T, R, V]{spec: sp}
	if err := c.begin(g, &a, &sp.Rule, t, ""); err != nil {
		return none, err
	}
	if err := c.look(ctx, s, fn); err != nil {
		return none, trouble(sp.Action, err)
	}
	return c.out, nil
}

// Prepare is [Look] for what a change has to read before the [Do] that makes it, because what is done with
// it must not be done inside a transaction, such as sealing for an owner. It is the change's own rule that it goes by,
// and a refusal is recorded as Do records it.
func Prepare[T Tx, R, V any](ctx context.Context, g *Guard, s store.Store[T], a Actor, sp *Spec[T, R], t Target,
	fn func(T, *Op, R) (V, error)) (V, error) {
	var none V
	c := &call[T, R, V]{spec: sp}
	if err := c.begin(g, &a, &sp.Rule, t, ""); err != nil {
		return none, err
	}
	c.ID = g.newID()
	if err := c.look(ctx, s, fn); err != nil {
		return none, recorded(ctx, s, &c.Op, err)
	}
	return c.out, nil
}

// look is the body of a Look: one snapshot to decide and to read on.
func (c *call[T, R, V]) look(ctx context.Context, s store.Store[T], fn func(T, *Op, R) (V, error)) error {
	return s.View(ctx, func(tx T) error {
		var row R
		d, err := evaluate(tx, &c.Op, c.spec, &row)
		if err != nil {
			return err
		}
		if !d.Allowed {
			return &Denied{Decision: d}
		}
		c.out, err = fn(tx, &c.Op, row)
		return err
	})
}

// Do runs a change, or a read that must leave a record. In one transaction it admits the actor, loads
// the row, decides, calls fn, notes the use of a limit and appends the events; all of it commits or
// nothing does. A refusal is a [Denied], recorded in a commit of its own.
//
// fn may run again after a conflict, so it touches nothing but its transaction: no hashing, sending,
// unsealing, logging or sleeping. What must happen after the commit happens after Do.
func Do[T Tx, R, V any](ctx context.Context, g *Guard, s store.Store[T], a Actor, sp *Spec[T, R], t Target, yes Confirmation,
	fn func(T, *Op, R) (V, Change, error)) (V, error) {
	var none V
	c := &call[T, R, V]{spec: sp}
	if err := c.begin(g, &a, &sp.Rule, t, yes); err != nil {
		return none, err
	}
	c.ID = g.newID()
	err := s.Update(ctx, func(tx T) error { return c.change(tx, fn) })
	if err == nil && c.denied == nil {
		return c.out, nil
	}
	if err == nil {
		return none, c.denied // a failed change: its own event is committed already
	}
	return none, recorded(ctx, s, &c.Op, err)
}

// recorded gives the error of a change as callers see it, and records it if it is a refusal.
func recorded[T Tx](ctx context.Context, s store.Store[T], op *Op, err error) error {
	var d *Denied
	if !errors.As(err, &d) {
		return trouble(op.rule.Action, err)
	}
	if recErr := recordRefusal(ctx, s, op, d); recErr != nil {
		return errors.Join(d, fmt.Errorf("%s: the refusal could not be recorded: %w", op.rule.Action, recErr))
	}
	return d
}

// change is the body of a Do's transaction.
func (c *call[T, R, V]) change(tx T, fn func(T, *Op, R) (V, Change, error)) error {
	var row R
	d, err := evaluate(tx, &c.Op, c.spec, &row)
	if err != nil {
		return err
	}
	if !d.Allowed {
		return &Denied{Decision: d}
	}
	if c.spec.Confirm && c.Actor.person() {
		if err := c.confirmed(row); err != nil {
			return err
		}
	}
	out, change, err := fn(tx, &c.Op, row)
	if err != nil {
		return err
	}
	if c.denied = change.Refused; c.denied != nil {
		if change.Subject == "" {
			change.Subject = c.Actor.Account
		}
		return tx.CountRefusal(c.refusal(change, c.denied), c.Now.Add(-RefusalWindow))
	}
	if err := c.count(tx); err != nil {
		return err
	}
	if err := c.record(tx, change, change.Failed); err != nil {
		return err
	}
	c.out, c.denied = out, change.Failed
	return nil
}

// confirmed compares the person's Yes with what the preview shows now.
func (c *call[T, R, V]) confirmed(row R) error {
	p := c.spec.preview(&c.Op, row)
	want, err := confirmation(&c.Actor, p)
	if err != nil {
		return err
	}
	if c.Yes.equal(want) {
		return nil
	}
	reason := unconfirmed
	if c.Yes != "" {
		reason = staleYes
	}
	return &Denied{Decision: c.refuse(&c.spec.Rule, reason), Preview: &p, Confirm: want}
}

func (sp *Spec[T, R]) preview(op *Op, row R) Preview {
	var p Preview
	if sp.Preview != nil {
		p = sp.Preview(op, row)
	}
	p.Action, p.Target = sp.Action, op.Target
	return p
}

// record appends the events of a change: those that the rule records, and every failure.
func (op *Op) record(tx Tx, ch Change, failed *Denied) error {
	if failed != nil || op.rule.Records.success(ch) {
		e := op.event(ch)
		if failed != nil {
			e.Outcome, e.Reason = Failed, failed.Reason().Code
		}
		if err := tx.AppendEvent(e); err != nil {
			return err
		}
	}
	for _, also := range ch.Also {
		if err := op.record(tx, also, failed); err != nil {
			return err
		}
	}
	return nil
}

func (r Records) success(ch Change) bool {
	return r == EverySuccess || r == NotedSuccess && ch.Activity != ""
}

func (op *Op) event(ch Change) Event {
	r := op.rule
	e := Event{
		Tenant: op.tenant(), Account: ch.Subject, Operation: op.ID, At: op.Now,
		By: op.Actor.Principal(), Roles: op.Actor.Roles, Session: op.Actor.Session,
		Device: op.Actor.Device, Address: op.Actor.Address,
		Action: r.Action, Activity: r.Activity, Category: r.Category, Target: op.Target, Facts: ch.Facts,
		Outcome: Succeeded, Count: 1, First: op.Now, Revision: ch.Revision, Notify: r.Notify || ch.Notify,
	}
	if ch.Activity != "" {
		e.Activity = ch.Activity
	}
	if ch.Target != (Target{}) {
		e.Target = ch.Target
	}
	return e
}

// tenant is where the operation's events belong: the actor's tenant, or for the system the one that it
// acts on.
func (op *Op) tenant() TenantID {
	if op.Actor.system {
		return TenantID(op.Target.ID)
	}
	return op.Actor.Tenant
}

// recordRefusal notes a refused change among the actor's own events (a host's among the tenant's).
// It does so even if ctx has ended, so that hanging up evades no record. An actor that names nobody, or
// no known tenant, has no log to stand in.
func recordRefusal[T Tx](ctx context.Context, s store.Store[T], op *Op, d *Denied) error {
	if op.Actor.system || d.Reason().Code == CodeNoActor || d.Reason().Code == CodeUnknownTenant {
		return nil
	}
	e := op.refusal(Change{Subject: op.Actor.Account}, d)
	return s.Update(context.WithoutCancel(ctx), func(tx T) error {
		return tx.CountRefusal(e, op.Now.Add(-RefusalWindow))
	})
}

// refusal is the event of a refused change.
func (op *Op) refusal(ch Change, d *Denied) Event {
	e := op.event(ch)
	if d.Reason().Code == CodeUnknownAccount {
		e.Account = "" // there is no such account whose history it could stand in
	}
	e.Outcome, e.Reason, e.Notify = Refused, d.Reason().Code, false
	return e
}

// trouble gives an error as callers see it: refusals, bad input and the store's own words as they are,
// anything else with the action's name.
func trouble(a Action, err error) error {
	var denied *Denied
	var several Invalids
	var invalid *Invalid
	switch {
	case errors.As(err, &denied):
		return denied
	case errors.As(err, &several):
		return several
	case errors.As(err, &invalid):
		return invalid
	case errors.Is(err, store.ErrCursor):
		return &Invalid{"page.after", "is not a cursor of this list"}
	}
	return fmt.Errorf("%s: %w", a, err)
}
