package signins

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// maxAhead is how far in the future an attempt may lie: clocks differ. One further on would stand on top for ever.
const maxAhead = 24 * time.Hour

// errPast says that an attempt is from before the tenant's retention: a purge has removed it, or would.
var errPast = errors.New("signins: from before the tenant's retention")

// record stores an attempt and what it teaches, unless it is there already.
func record(tx Tx, op *policy.Op, r Record) (bool, error) {
	if r.At.After(op.Now.Add(maxAhead)) {
		return false, &policy.Invalid{Field: "at", Problem: "lies more than a day in the future"}
	}
	switch _, err := signInOf(tx, op, r.Account, r.ID); {
	case err == nil:
		return false, nil
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	if r.At.Before(keptFrom(op)) {
		return false, errPast
	}
	s := SignIn{Tenant: op.Actor.Tenant, Record: r, Outcome: outcomeOf(r.Code, r.Steps)}
	if _, err := tx.PutSignIn(s); err != nil {
		return false, err
	}
	known, err := habitsOf(tx, op, r.Account)
	if err != nil || !known.learn(&s) {
		return true, err
	}
	_, err = tx.PutHabits(known)
	return true, err
}

// MaxImport is how many attempts one [Admin.Import] takes.
const MaxImport = 1000

// Imported is what became of a record of an import.
type Imported struct {
	// New says that it was not there. A record that is neither new nor past nor refused was there already, and nothing
	// was changed.
	New bool
	// Past says that it was not kept, since it is from before the tenant's retention. It may have been there once.
	Past bool
	// Err says why nothing was done for the record; nil if it is there.
	Err error
}

// Import takes over at most [MaxImport] attempts from a directory's log, in any order. A record that is malformed
// or of an account that is not known, or closed for good, is refused by itself, and one from before the tenant's retention is passed over;
// all others are kept, in one commit. Importing again changes nothing. What became of each record is given in their order; an error means that nothing was kept.
func (a *Admin) Import(ctx context.Context, actor policy.Actor, records []Record) ([]Imported, error) {
	if len(records) > MaxImport {
		return nil, &policy.Invalid{Field: "records", Problem: fmt.Sprintf("has %d; want at most %d at a time", len(records), MaxImport)}
	}
	records = slices.Clone(records)
	malformed := make([]error, len(records))
	for i := range records {
		malformed[i] = records[i].check()
	}
	return policy.Do(ctx, a.guard, a.store, actor, importSignIns, policy.Target{}, "",
		func(tx Tx, op *policy.Op, _ none) ([]Imported, policy.Change, error) {
			done, added := make([]Imported, len(records)), 0
			for i, r := range records {
				if done[i].Err = malformed[i]; done[i].Err != nil {
					continue
				}
				switch _, err := anybodyLeft(tx, op, onAccount(r.Account)); {
				case errors.Is(err, store.ErrNotFound):
					done[i].Err = op.Refuse(unknownAccount)
					continue
				case err != nil:
					return nil, policy.Change{}, err
				}
				var err error
				done[i].New, err = record(tx, op, r)
				switch {
				case errors.Is(err, errPast):
					done[i].Past = true
				case errors.As(err, new(*policy.Invalid)):
					done[i].Err = err
				case err != nil:
					return nil, policy.Change{}, err
				}
				if done[i].New {
					added++
				}
			}
			if added == 0 {
				return done, policy.Change{}, nil
			}
			return done, policy.Change{Activity: importedSignIns, Facts: []policy.Fact{{Name: "new", Value: strconv.Itoa(added)}}}, nil
		})
}
