package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// BannedPasswords is a tenant's own list of banned passwords (Entra: custom banned password list), such as its brands and
// places: they count as common words in every new password, besides those that are shipped. Passwords that are there
// already, and hashes that come from elsewhere, are not judged by it.
type BannedPasswords struct {
	Tenant policy.TenantID `json:"tenant"`
	// Terms are at most [password.MaxTerms] words of [password.MinTerm] to [password.MaxTerm] characters. They are kept in
	// the one form in which they are found, without case and the usual substitutions, each once and in order.
	Terms    []string       `json:"terms,omitempty"`
	Revision store.Revision `json:"revision"`
}

// Clone returns a copy that shares nothing with b.
func (b BannedPasswords) Clone() BannedPasswords {
	b.Terms = slices.Clone(b.Terms)
	return b
}

// BannedPasswords gives the tenant's own list of banned passwords; of one that set none it is empty.
func (a *Admin) BannedPasswords(ctx context.Context, actor policy.Actor) (BannedPasswords, error) {
	return policy.Look(ctx, a.guard, a.store, actor, readBanned, policy.Target{},
		func(_ Tx, _ *policy.Op, b BannedPasswords) (BannedPasswords, error) { return b.Clone(), nil })
}

// SetBannedPasswords sets the tenant's own list of banned passwords. It takes the place of what was set before, or is
// refused with [store.ErrConflict] if b.Revision is set and not the present one. A [policy.Invalid] names the term that
// cannot be on it by its place. b.Tenant is the actor's, whatever it says. The event tells how many terms there are.
func (a *Admin) SetBannedPasswords(ctx context.Context, actor policy.Actor, b BannedPasswords) error {
	list, err := password.NewBlockList(b.Terms...)
	if err != nil {
		return err
	}
	terms := list.Terms()
	_, err = policy.Do(ctx, a.guard, a.store, actor, setBanned, policy.Target{}, "",
		func(tx Tx, op *policy.Op, old BannedPasswords) (none, policy.Change, error) {
			if b.Revision != 0 && b.Revision != old.Revision {
				return none{}, policy.Change{}, fmt.Errorf("the banned passwords have changed meanwhile: %w", store.ErrConflict)
			}
			rev, err := tx.PutBannedPasswords(BannedPasswords{Tenant: op.Actor.Tenant, Terms: terms, Revision: old.Revision})
			return none{}, policy.Change{Revision: rev, Facts: []policy.Fact{{Name: "banned-passwords", Value: strconv.Itoa(len(terms))}}}, err
		})
	return err
}

// bannedPasswords reads the tenant's list; that of one that set none is empty.
func bannedPasswords(tx Tx, op *policy.Op, _ policy.Target) (BannedPasswords, error) {
	b, err := tx.BannedPasswords(op.Actor.Tenant)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return BannedPasswords{Tenant: op.Actor.Tenant}, nil
	case err == nil && b.Tenant != op.Actor.Tenant:
		return BannedPasswords{}, errors.New("the store gave banned passwords that are another tenant's")
	}
	return b, err
}
