package signins

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Room holds the three doors.
type Room struct {
	Service *Service
	Admin   *Admin
	Host    *Host
}

// room is what the doors share.
type room struct {
	guard *policy.Guard
	store Store
	keys  secret.Digester
	// others is nil if nobody told how to reach them.
	others OtherRooms
}

// New makes the room. The digester recognizes tokens; a store never sees one. The other rooms may be nil.
func New(g *policy.Guard, s Store, keys secret.Digester, others OtherRooms) (Room, error) {
	if g == nil || s == nil || keys == nil {
		return Room{}, errors.New("signins: New needs a guard, a store and a digester")
	}
	r := &room{g, s, keys, others}
	return Room{&Service{r}, &Admin{r}, &Host{r}}, nil
}

// Service is the door of the account's owner.
type Service struct{ *room }

// Sessions lists where the actor is signed in, the newest sign-in first. It looks at no more than 1,000 sessions in a
// call, dead ones too, so a page may be short although more follow.
func (s *Service) Sessions(ctx context.Context, actor policy.Actor, p store.Page) (store.List[Session], error) {
	return policy.Look(ctx, s.guard, s.store, actor, listSessions, policy.Target{},
		func(tx Tx, op *policy.Op, _ none) (store.List[Session], error) {
			return shown(tx, op, op.Standing, endSession, p)
		})
}

// shown lists the sessions of an account that are alive, with the decision about ending each.
func shown(tx Tx, op *policy.Op, st policy.Standing, end *openSpec, p store.Page) (store.List[Session], error) {
	found, err := aliveOf(tx, op, st, p)
	if err != nil {
		return store.List[Session]{}, err
	}
	out := store.List[Session]{Items: make([]Session, len(found.Items)), Next: found.Next}
	for i, s := range found.Items {
		may, err := policy.Judge(tx, op, end, openSession{s, st})
		if err != nil {
			return store.List[Session]{}, err
		}
		out.Items[i] = Session{ID: s.ID, Current: s.ID == op.Actor.Session && s.Account == op.Actor.Account,
			Device: s.Device, Address: s.Address, Client: s.Client, Place: s.Place, Level: s.Level,
			StartedAt: s.BeganAt, SeenAt: s.SeenAt, ExpiresAt: s.ExpiresAt(op.Settings), End: may}
	}
	return out, nil
}

// maxSessionScan is how many sessions a call looks at for those that are alive: a sign-out that writes one row leaves
// behind however many rows there were.
const maxSessionScan = 1000

// aliveOf reads one page of an account's sessions that are alive.
func aliveOf(tx Tx, op *policy.Op, st policy.Standing, p store.Page) (store.List[policy.Session], error) {
	fetch, found := sessionsOf(tx, op, st), store.List[policy.Session]{Next: p.After}
	for want, looked := p.Limit(), 0; ; {
		// Asking for no more than what is missing keeps the cursor at the end of what is returned.
		got, err := fetch(store.Page{Size: want - len(found.Items), After: found.Next})
		if err != nil {
			return got, err
		}
		for _, s := range got.Items {
			if !runOut(op, st, s) {
				found.Items = append(found.Items, s)
			}
		}
		looked += max(1, len(got.Items))
		if found.Next = got.Next; found.Next == "" || len(found.Items) == want || looked >= maxSessionScan {
			return found, nil
		}
	}
}

// Can tells whether the actor may do [ListSessions], [ListActivity], [EndOtherSessions], [SignOutEverywhere] (id is
// empty), [EndSession] (id is the session's), [ReadAttempt], [SayThisWasMe] or [SayThisWasNotMe] (id is the attempt's),
// and why not. It records nothing.
func (s *Service) Can(ctx context.Context, actor policy.Actor, action policy.Action, id string) (policy.Decision, error) {
	for _, sp := range []*plainSpec{listSessions, listActivity} {
		if sp.Action == action {
			return policy.Can(ctx, s.guard, s.store, actor, sp, policy.Target{})
		}
	}
	for _, sp := range []*attemptSpec{readAttempt, thisWasMe, thisWasNotMe} {
		if sp.Action == action {
			return policy.Can(ctx, s.guard, s.store, actor, sp, onAttempt(actor.Account, ID(id)))
		}
	}
	switch action {
	case EndOtherSessions:
		return policy.Can(ctx, s.guard, s.store, actor, endOthers, policy.Target{})
	case SignOutEverywhere:
		return policy.Can(ctx, s.guard, s.store, actor, signOutEverywhere, policy.Target{})
	case EndSession:
		return policy.Can(ctx, s.guard, s.store, actor, endSession, onSession(actor.Account, policy.SessionID(id)))
	}
	return policy.Decision{Action: action}, &policy.Invalid{Field: "action", Problem: fmt.Sprintf("%q is no action of the owner's that can be asked about", action)}
}

// End ends one of the actor's sessions: another, or the present one to sign out. Its token is dead in the next
// call. Somebody else's session and one that is not there are the same [store.ErrNotFound]; one that has ended is refused
// with [CodeSessionOver].
func (s *Service) End(ctx context.Context, actor policy.Actor, id policy.SessionID) error {
	return s.end(ctx, actor, endSession, actor.Account, id)
}

func (r *room) end(ctx context.Context, actor policy.Actor, sp *openSpec, account policy.AccountID, id policy.SessionID) error {
	_, err := policy.Do(ctx, r.guard, r.store, actor, sp, onSession(account, id), "",
		func(tx Tx, op *policy.Op, s openSession) (none, policy.Change, error) {
			ch, err := endNow(tx, op, s.Session)
			return none{}, ch, err
		})
	return err
}

// EndOthers ends all of the actor's sessions but the present one, however many there are. Tokens that the host
// keeps itself are void too ([Host.ValidSince]), and so are sign-ins that are half done. A present session that the host vouches for
// ([policy.Vouch]) and keeps itself is refused with [CodeSessionElsewhere].
func (s *Service) EndOthers(ctx context.Context, actor policy.Actor) error {
	if actor.Session == "" {
		return noSession
	}
	_, err := policy.Do(ctx, s.guard, s.store, actor, endOthers, policy.Target{}, "",
		func(tx Tx, op *policy.Op, present policy.Session) (none, policy.Change, error) {
			st := op.Standing.Voided(op.Now) // whatever was issued before is dead, without looking at it
			rev, err := tx.PutStanding(st)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			_, err = tx.PutSession(present.Under(st))
			kept := []policy.Fact{{Name: "kept", Value: string(present.ID)}}
			return none{}, policy.Change{Subject: op.Actor.Account, Revision: rev, Facts: kept,
				Also: []policy.Change{{Subject: st.Account, Target: onAccount(st.Account), Activity: updateValidFrom, Revision: rev, Facts: kept}}}, err
		})
	return err
}

var noSession = &policy.Invalid{Field: "actor.session", Problem: "is empty; want the present session, which is to be kept"}

// AskSignOutEverywhere tells what signing out everywhere ends and what it does not, and gives the confirmation
// for [Service.SignOutEverywhere].
func (s *Service) AskSignOutEverywhere(ctx context.Context, actor policy.Actor) (policy.Preview, policy.Confirmation, error) {
	return policy.Ask(ctx, s.guard, s.store, actor, signOutEverywhere, policy.Target{})
}

// SignOutEverywhere ends every session of the actor's, and every token that was issued before, in the next
// call of each. It writes the same however many there are. It needs the confirmation that
// [Service.AskSignOutEverywhere] gave. With keep, the present session goes on under a new token, which is
// given; its limits stay as they were. To keep one that the host keeps itself is refused with [CodeSessionElsewhere].
func (s *Service) SignOutEverywhere(ctx context.Context, actor policy.Actor, yes policy.Confirmation, keep bool) (Started, error) {
	if keep && actor.Session == "" {
		return Started{}, noSession
	}
	text, digest, err := s.issue()
	if err != nil {
		return Started{}, err
	}
	return policy.Do(ctx, s.guard, s.store, actor, signOutEverywhere, policy.Target{}, yes,
		func(tx Tx, op *policy.Op, present policy.Session) (Started, policy.Change, error) {
			if keep && present.ID == "" {
				return Started{}, policy.Change{}, op.Refuse(cannotKeep)
			}
			st, ch, err := signOut(tx, op, op.Standing)
			if err != nil || !keep {
				return Started{}, ch, err
			}
			// It stays the same session, so that nothing that is known of it is shaken off.
			present = present.Under(st)
			present.Token, present.SeenAt = digest, op.Now
			present = present.Reckoned(op.Settings)
			if _, err = tx.PutSession(present); err != nil {
				return Started{}, ch, err
			}
			ch.Facts = append(ch.Facts, policy.Fact{Name: "kept", Value: string(present.ID)})
			return started(present, st, text, op.Settings), ch, nil
		})
}

// signOut makes everything void that an account's person was given before: one row, however many sessions
// there are.
func signOut(tx Tx, op *policy.Op, st policy.Standing) (policy.Standing, policy.Change, error) {
	st = st.Voided(op.Now)
	rev, err := tx.PutStanding(st)
	return st, policy.Change{Subject: st.Account, Revision: rev}, err
}
