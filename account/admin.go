package account

import (
	"context"
	"fmt"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Admin is the door of the organization's administrators. Its actors are persons with a role that the
// rule names or, where the organization's directory decides, the host.
type Admin struct{ *room }

// Profile gives any profile of the tenant; that of an account about whom nothing was told is empty.
func (a *Admin) Profile(ctx context.Context, actor policy.Actor, id policy.AccountID) (Profile, error) {
	return policy.Look(ctx, a.guard, a.store, actor, readAnyProfile, onAccount(id),
		func(_ Tx, _ *policy.Op, p person) (Profile, error) { return p.profile, nil })
}

// UpdateProfile changes any profile of the tenant, as [Service.UpdateProfile] does, but what a schema keeps from owners
// too. What is synchronized from a directory can be changed only there.
func (a *Admin) UpdateProfile(ctx context.Context, actor policy.Actor, id policy.AccountID, u ProfileUpdate) error {
	return a.update(ctx, actor, updateAnyProfile, onAccount(id), u, func(_ Tx, op *policy.Op, of aspect, changes bool) error {
		if r := of.elsewhere(); changes && r != nil {
			return op.Refuse(r)
		}
		return nil
	})
}

// Schema gives what the tenant set for profiles, or [DefaultSchema].
func (a *Admin) Schema(ctx context.Context, actor policy.Actor) (Schema, error) {
	return policy.Look(ctx, a.guard, a.store, actor, readSchema, policy.Target{},
		func(_ Tx, _ *policy.Op, s Schema) (Schema, error) { return s.Clone(), nil })
}

// SetSchema says who may see and change which attribute, and what its values look like. It takes the place of what was
// set before, or is refused with [store.ErrConflict] if s.Revision is set and not the present one. Values that are there
// already stay as they are. s.Tenant is the actor's, whatever it says.
func (a *Admin) SetSchema(ctx context.Context, actor policy.Actor, s Schema) error {
	if err := s.check(); err != nil {
		return err
	}
	s = s.Clone()
	_, err := policy.Do(ctx, a.guard, a.store, actor, setSchema, policy.Target{}, "",
		func(tx Tx, op *policy.Op, old Schema) (none, policy.Change, error) {
			if s.Revision != 0 && s.Revision != old.Revision {
				return none{}, policy.Change{}, fmt.Errorf("the schema has changed meanwhile: %w", store.ErrConflict)
			}
			next := Schema{Tenant: op.Actor.Tenant, Rules: s.Rules, Revision: old.Revision}
			rev, err := tx.PutSchema(next)
			ch := policy.Change{Revision: rev}
			for at := range schemaAttributes {
				if next.rule(at) != old.rule(at) {
					ch.Facts = append(ch.Facts, policy.Fact{Name: "changed", Value: string(at.name)})
				}
			}
			return none{}, ch, err
		})
	return err
}
