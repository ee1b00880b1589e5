package signins

import (
	"errors"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// witness is how far somebody can be believed who says that a sign-in was their own.
type witness struct {
	// began is when they signed in themselves.
	began time.Time
	// strange says that their own sign-in was unusual, and nobody answered for it.
	strange bool
}

// How far the record of a sign-in lies from the beginning of its session, at the most: a person takes some time to sign
// in, and a host to record it.
const (
	recordedBefore = 30 * time.Minute
	recordedAfter  = 5 * time.Minute
	// beside is how many attempts around it are looked at.
	beside = 200
)

// witnessOf looks at how the actor signed in. Of somebody who comes with no session nothing is known of that.
func witnessOf(tx Tx, op *policy.Op, known Habits) (witness, error) {
	w := witness{began: op.Actor.SignedInAt, strange: true}
	if op.Actor.Session == "" || op.Standing.Account == "" {
		return w, nil
	}
	s, err := sessionOf(tx, op, op.Actor.Account, op.Actor.Session)
	switch {
	case errors.Is(err, store.ErrNotFound): // the host keeps it, and vouches for it
		s = policy.Session{Account: op.Actor.Account, ID: op.Actor.Session, BeganAt: op.Actor.SignedInAt}
	case err != nil:
		return w, err
	}
	w.began = s.BeganAt
	w.strange, err = startedStrangely(tx, op, known, s)
	return w, err
}

// startedStrangely reports whether any attempt that a session came of was unusual and is not answered, or was somebody
// else's. It looks among those around the session's beginning; where there are so many that it cannot tell, or they are
// kept no longer, it believes the worst.
func startedStrangely(tx Tx, op *policy.Op, known Habits, s policy.Session) (bool, error) {
	h := &history{tx: tx, op: op, account: s.Account, from: keptFrom(op)}
	from := s.BeganAt.Add(-recordedBefore)
	if from.Before(h.from) {
		return true, nil
	}
	read, err := tx.SignInsBefore(op.Actor.Tenant, s.Account, s.BeganAt.Add(recordedAfter), "", beside)
	if err != nil {
		return false, err
	}
	if h.page, err = h.shown(read); err != nil {
		return false, err
	}
	for i := range h.page {
		a := &h.page[i]
		if a.At.Before(from) {
			return false, nil
		}
		if a.Session != s.ID || a.Answer == ThisWasMe {
			continue
		}
		switch flags, err := h.flags(known, i); {
		case err != nil:
			return false, err
		case len(flags) > 0 || a.Answer == ThisWasNotMe:
			return true, nil
		}
	}
	return len(read) == beside, nil
}
