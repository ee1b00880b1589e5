package policy

import (
	"context"
	"errors"

	"github.com/seed4b20689c/myaccount/store"
)

// HostDoor is where the embedding application makes accounts known and says whether they may act.
type HostDoor struct {
	guard   *Guard
	store   store.Store[AdminTx]
	closers []Closer
}

// Closer is called in the transaction in which [HostDoor.SetState] closes an account, so that what is kept of it is erased
// later. The standing is as it was before. An error closes nothing.
type Closer func(ctx context.Context, tx AdminTx, op *Op, st Standing) error

// NewHost makes the door.
func NewHost(g *Guard, s store.Store[AdminTx], closers ...Closer) *HostDoor {
	return &HostDoor{guard: g, store: s, closers: closers}
}

// Provision makes an active account of one kind known in the actor's tenant. An id that is or ever was
// in use is refused: a recycled identifier would inherit what belonged to somebody else. An active account that the host
// has vouched for until now ([Vouch]) is taken over, with what is known of it: no sign-out is undone.
func (h *HostDoor) Provision(ctx context.Context, actor Actor, id AccountID, kind Kind) error {
	if err := CheckID("account", id); err != nil {
		return err
	}
	if _, one := kindNames[kind]; !one {
		return &Invalid{"kind", "is none of Work, Personal and Guest"}
	}
	_, err := Do(ctx, h.guard, h.store, actor, provision, On("account", id), "",
		func(tx AdminTx, op *Op, st Standing) (struct{}, Change, error) {
			st.Tenant, st.Account, st.Kind, st.State, st.Vouched = op.Actor.Tenant, id, kind, Active, false
			rev, err := tx.PutStanding(st)
			return struct{}{}, Change{Subject: id, Revision: rev, Facts: []Fact{{"kind", kind.String()}}}, err
		})
	return err
}

// SetState enables, disables or closes an account. Closing is for good, at once; what rooms keep of the account is erased by
// the next purge (package account, which has a way with a time to think it over too), and stays where there is no [Closer].
// Whatever was signed in before an account left [Active] stays signed out after it comes back.
func (h *HostDoor) SetState(ctx context.Context, actor Actor, id AccountID, state State) error {
	if err := CheckID("account", id); err != nil {
		return err
	}
	if state != Active && state != Disabled && state != Closed {
		return &Invalid{"state", "is none of Active, Disabled and Closed"}
	}
	_, err := Do(ctx, h.guard, h.store, actor, setState, On("account", id), "",
		func(tx AdminTx, op *Op, st Standing) (struct{}, Change, error) {
			if state == Closed {
				for _, c := range h.closers {
					if err := c(ctx, tx, op, st); err != nil {
						return struct{}{}, Change{}, err
					}
				}
				st = st.Undemanded()
			}
			if state != Active {
				st = st.Voided(op.Now)
			}
			st.State = state
			rev, err := tx.PutStanding(st)
			ch := Change{Subject: id, Revision: rev, Facts: []Fact{{"state", state.String()}}}
			switch state { // Microsoft Entra has names of their own for these
			case Active:
				ch.Activity = "Enable account"
			case Disabled:
				ch.Activity = "Disable account"
			case Closed:
				ch.Activity = "Delete user"
			}
			return struct{}{}, ch, err
		})
	return err
}

// PasswordChanged notes that an account has a new password, set securely ([Standing.WithNewPassword]): it is no longer at
// risk, nor has to change the password, and sessions, tokens and codes from before are dead. The session in which it was
// set goes on if keep names it and it is alive. It is for a host that keeps passwords itself, and for guests, whose home organization
// does: call it when you hear that the password was changed there, since nothing else ends a guest's risk. Package
// account does the same for a host that keeps no passwords.
func (h *HostDoor) PasswordChanged(ctx context.Context, actor Actor, id AccountID, keep SessionID) error {
	if err := CheckID("account", id); err != nil {
		return err
	}
	if keep != "" {
		if err := CheckID("keep", keep); err != nil {
			return err
		}
	}
	_, err := Do(ctx, h.guard, h.store, actor, passwordChanged, On("account", id), "",
		func(tx AdminTx, op *Op, st Standing) (struct{}, Change, error) {
			kept, alive, err := keptSession(tx, op, st, keep)
			if err != nil {
				return struct{}{}, Change{}, err
			}
			st = st.WithNewPassword(op.Now, true)
			rev, err := tx.PutStanding(st)
			ch := Change{Subject: id, Revision: rev}
			if err == nil && alive {
				ch.Facts = []Fact{{"kept", string(keep)}}
				_, err = tx.PutSession(kept.Under(st))
			}
			return struct{}{}, ch, err
		})
	return err
}

// keptSession reads the session that is to go on, and tells whether it is alive: the password has changed whether or not
// there is one to keep.
func keptSession(tx AdminTx, op *Op, st Standing, id SessionID) (s Session, alive bool, err error) {
	if id == "" {
		return Session{}, false, nil
	}
	s, err = tx.Session(st.Tenant, st.Account, id)
	if errors.Is(err, store.ErrNotFound) {
		return Session{}, false, nil
	}
	same := s.Tenant == st.Tenant && s.Account == st.Account && s.ID == id
	return s, same && s.AliveUnder(st, op.Settings, op.Now), err
}

// Account reads an account's standing.
func (h *HostDoor) Account(ctx context.Context, actor Actor, id AccountID) (Standing, error) {
	if err := CheckID("account", id); err != nil {
		return Standing{}, err
	}
	return Look(ctx, h.guard, h.store, actor, readAccount, On("account", id),
		func(_ AdminTx, _ *Op, st Standing) (Standing, error) { return st, nil })
}
