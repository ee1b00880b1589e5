package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
)

// takeBack undoes changes of one account, all from one on, and takes from it whatever could be in the hands of whoever asked
// for them.
func takeBack(tx Tx, op *policy.Op, changes []EmailChange) ([]policy.Change, error) {
	st, err := op.Account(tx, changes[0].Account)
	if err != nil {
		return nil, err
	}
	if err := undo(tx, op, st, changes); err != nil {
		return nil, err
	}
	for _, c := range changes {
		if !c.TakenBackAt.IsZero() {
			continue
		}
		c.TakenBackAt = op.Now
		if _, err := tx.PutEmailChange(c); err != nil {
			return nil, err
		}
	}
	if err := dropCode(tx, st); err != nil {
		return nil, err
	}
	if st, err = spend(tx, op, st); err != nil {
		return nil, err
	}
	reopened, err := stay(tx, op, &st)
	if err != nil {
		return nil, err
	}
	return reopened, restart(tx, op, st)
}

// spend makes an account's password useless, if it has one here. Where it needs another the account is at high risk until that is
// set; where the password is kept elsewhere nothing here would ever end the risk, so none is noted.
func spend(tx Tx, op *policy.Op, st policy.Standing) (policy.Standing, error) {
	c, err := credentialOf(tx, op, st.Account)
	if err != nil {
		return st, err
	}
	if c.Hash != "" {
		c.Throttle = c.Throttle.Spent()
		_, err = tx.PutCredential(c)
	}
	if c.Hash != "" || c.Elsewhere == KeptHere {
		st.MustChangePassword, st.Risk = true, policy.HighRisk
	}
	return st, err
}

// stay ends a closing that the account's person began. There is none from before a change that can be taken back: nobody
// changes an address of an account that is being closed.
func stay(tx Tx, op *policy.Op, st *policy.Standing) ([]policy.Change, error) {
	if st.State != policy.Closing {
		return nil, nil
	}
	c, err := anyClosed(tx, op, onAccount(st.Account))
	if err != nil || notToReopen(op, c) != nil {
		return nil, err
	}
	st.State = c.before()
	return []policy.Change{{Subject: st.Account, Target: onAccount(st.Account), Activity: restoredUser, Notify: true, Facts: aboutState(st.State)}},
		tx.DeleteClosing(st.Tenant, st.Account)
}

// undo puts an account's addresses back to what they were before some of its changes, the latest first.
func undo(tx Tx, op *policy.Op, st policy.Standing, changes []EmailChange) error {
	a := addresses{of: st.Account, rows: make(map[string]*Identifier)}
	for _, c := range slices.Backward(changes) {
		if c.ConfirmedAt.IsZero() || !c.TakenBackAt.IsZero() {
			continue // the old one never left, or is back already
		}
		fresh, err := a.own(tx, op, c.NewKey)
		if err != nil {
			return err
		}
		old, err := a.own(tx, op, c.OldKey)
		if err != nil {
			return err
		}
		first := fresh.Primary
		fresh.ProvenAt = time.Time{} // by somebody else than the person, it seems: no notice goes there
		if fresh.live() {
			fresh.retire(op.Now)
		}
		old.RetiredAt, old.ProvenAt, old.Primary = time.Time{}, c.OldProvenAt, old.Kind == Email && old.Primary || first
		old.Kind = Email // a directory may have told it as a user name since
	}
	if err := a.put(tx); err != nil || len(a.order) == 0 {
		return err
	}
	return person{Standing: st}.lead(tx, op)
}

// lead makes one of p's addresses the primary one if none is: the one that was came in place of none, or was taken away before
// what it had replaced came back. So it does with user names, of which the primary one may have become an address again.
func (p person) lead(tx Tx, op *policy.Op) error {
	all, err := identifiersOf(tx, op, p.Account)
	for _, kind := range []IdentifierKind{Email, UserName} {
		if err != nil || slices.ContainsFunc(all, func(i Identifier) bool { return i.Kind == kind && i.Primary }) {
			continue
		}
		_, err = p.promote(tx, op, Identifier{Kind: kind})
	}
	return err
}

// addresses are those of one account that are being put back, in the order in which they were read: so that the same is
// written in the same order each time.
type addresses struct {
	of    policy.AccountID
	rows  map[string]*Identifier
	order []*Identifier
}

// own reads an address, once. One that is not the account's, or none, is empty.
func (a *addresses) own(tx Tx, op *policy.Op, key string) (*Identifier, error) {
	if i := a.rows[key]; i != nil || key == "" {
		return cmp.Or(i, new(Identifier)), nil
	}
	i, err := identifierOf(tx, op, key)
	if err != nil {
		return nil, err
	}
	if i.Account != a.of {
		i = Identifier{}
	}
	a.rows[key], a.order = &i, append(a.order, &i)
	return &i, nil
}

func (a *addresses) put(tx Tx) error {
	for _, i := range a.order {
		if i.Key == "" {
			continue
		}
		if _, err := tx.PutIdentifier(*i); err != nil {
			return err
		}
	}
	return nil
}
