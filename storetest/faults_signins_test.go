package storetest_test

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

var signinsFaults = []fault{
	{"begins at the place behind which it is to begin",
		[]string{"signins SignInsBefore gives what comes behind a place in the list"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return placeIncluded{tx} })},
	{"lists the oldest sessions first",
		[]string{"signins SessionsOf has the newest start first, then the least id", "signins SessionsOf gives every item once and in order, whatever the page size"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return oldestSessions{tx} })},
	{"hides sessions that were ended",
		[]string{"signins SessionsOf has the newest start first, then the least id"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return endedHidden{tx} })},
	{"keeps a session that was removed",
		[]string{"signins session gets a greater revision after its removal"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return undeleted{tx} })},

	{"lists attempts in the order in which they were recorded",
		[]string{"signins SignInsOf has the newest attempt first, then the least id"},
		sortsSignIns(func(a, b signins.SignIn) int { return cmp.Compare(b.Revision, a.Revision) })},
	{"compares attempts to the second",
		[]string{"signins SignInsOf has the newest attempt first, then the least id"},
		sortsSignIns(func(a, b signins.SignIn) int {
			return cmp.Or(cmp.Compare(b.At.Unix(), a.At.Unix()), cmp.Compare(a.ID, b.ID))
		})},
	{"compares ids of attempts without their case",
		[]string{"signins SignInsOf has the newest attempt first, then the least id"},
		sortsSignIns(func(a, b signins.SignIn) int {
			return cmp.Or(b.At.Compare(a.At), cmp.Compare(strings.ToLower(string(a.ID)), strings.ToLower(string(b.ID))))
		})},
	{"keys attempts by their time, so that an id may stand twice",
		[]string{"signins sign-in has an id that is unique in its account, whatever its time"},
		putsSignIns(func(tx signins.Tx, s, old signins.SignIn) (signins.SignIn, error) {
			if s.Revision == 0 && !s.At.Equal(old.At) {
				s.ID += " at " + signins.ID(s.At.String()) // another row, which is not found by its id
			}
			return s, nil
		})},
	{"makes an attempt's id unique in its tenant",
		[]string{"signins sign-in has an id that is unique in its account, whatever its time"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, k *kept[policy.AccountID]) signins.Tx {
			return uniqueInTenant{tx, k}
		})},
	{"keeps the time and the rest of what is put",
		[]string{"signins sign-in never changes its time"},
		putsSignIns(func(_ signins.Tx, s, old signins.SignIn) (signins.SignIn, error) {
			if s.Revision == old.Revision {
				s.At = old.At
			}
			return s, nil
		})},
	{"takes another zone for another time",
		[]string{"signins sign-in never changes its time"},
		putsSignIns(func(_ signins.Tx, s, old signins.SignIn) (signins.SignIn, error) {
			if s.At != old.At {
				return s, store.ErrConflict
			}
			return s, nil
		})},
	{"does not say that an attempt's id was taken meanwhile",
		[]string{"signins sign-in is made by one of two at once, whatever their times"},
		func(db *memstore.Store) storetest.Backend {
			return backend{db.Policy(), db.Devices(), optimistic[signins.Tx]{db, (*memstore.Store).SignIns, recordsSignIns}}
		}},
	{"purges what is as old as the time",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error) {
			return tx.PurgeSignIns(t, before.Add(time.Microsecond), limit)
		})},
	{"purges by whole hours",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error) {
			return tx.PurgeSignIns(t, before.Truncate(time.Hour), limit)
		})},
	{"purges all tenants",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error) {
			if _, err := tx.PurgeSignIns("fabrikam", before, limit); err != nil {
				return 0, err
			}
			return tx.PurgeSignIns(t, before, limit)
		})},
	{"purges without a limit",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error) {
			n, err := tx.PurgeSignIns(t, before, 1<<30)
			return min(n, limit), err
		})},
	{"stops a purge early",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error) {
			return tx.PurgeSignIns(t, before, min(limit, 64))
		})},
	{"tells of no purge",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error) {
			_, err := tx.PurgeSignIns(t, before, limit)
			return 0, err
		})},
	{"counts attempts for a cursor",
		[]string{"signins PurgeSignIns leaves reading and writing as they were", "signins SignInsOf goes on where it was while things change"},
		sortsSignIns(func(signins.SignIn, signins.SignIn) int { return 0 })},
	{"keeps the ids of what was purged",
		[]string{"signins PurgeSignIns leaves reading and writing as they were"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, k *kept[bool]) signins.Tx { return idsKept{tx, k} })},
	{"purges in a transaction of its own",
		[]string{"signins PurgeSignIns is part of its transaction"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, k *kept[time.Time]) signins.Tx { return purgesApart{tx, k} })},
	{"is silent about a purge in View",
		[]string{"signins PurgeSignIns is part of its transaction"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error) {
			n, err := tx.PurgeSignIns(t, before, limit)
			if errors.Is(err, store.ErrReadOnly) {
				err = nil
			}
			return n, err
		})},
	{"rounds coordinates",
		[]string{"signins sign-in comes back as it was put"},
		putsSignIns(func(_ signins.Tx, s, _ signins.SignIn) (signins.SignIn, error) {
			s.Place.Latitude = float64(float32(s.Place.Latitude))
			return s, nil
		})},
	{"forgets the steps' times",
		[]string{"signins sign-in comes back as it was put"},
		putsSignIns(func(_ signins.Tx, s, _ signins.SignIn) (signins.SignIn, error) {
			s = s.Clone()
			for i := range s.Steps {
				s.Steps[i].At = time.Time{}
			}
			return s, nil
		})},
}

func sortsSignIns(compare func(a, b signins.SignIn) int) func(*memstore.Store) storetest.Backend {
	return inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return signInSorter{tx, compare} })
}

type signInSorter struct {
	signins.Tx
	compare func(a, b signins.SignIn) int
}

func (tx signInSorter) SignInsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[signins.SignIn], error) {
	all, err := whole(func(p store.Page) (store.List[signins.SignIn], error) { return tx.Tx.SignInsOf(t, a, p) })
	if err != nil {
		return store.List[signins.SignIn]{}, err
	}
	slices.SortStableFunc(all, tx.compare)
	if at, err := strconv.Atoi(string(p.After)); err == nil && at > len(all) {
		return store.List[signins.SignIn]{}, nil
	}
	return offsets(all, p, asItIs)
}

// putsSignIns makes a fault of a change to what is put, which sees what is stored.
func putsSignIns(change func(tx signins.Tx, s, old signins.SignIn) (signins.SignIn, error)) func(*memstore.Store) storetest.Backend {
	return inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return signInPutter{tx, change} })
}

type signInPutter struct {
	signins.Tx
	change func(tx signins.Tx, s, old signins.SignIn) (signins.SignIn, error)
}

func (tx signInPutter) PutSignIn(s signins.SignIn) (store.Revision, error) {
	old, err := tx.SignIn(s.Tenant, s.Account, s.ID)
	if errors.Is(err, store.ErrNotFound) {
		old = s
	}
	if s, err = tx.change(tx.Tx, s, old); err != nil {
		return 0, err
	}
	return tx.Tx.PutSignIn(s)
}

type uniqueInTenant struct {
	signins.Tx
	*kept[policy.AccountID]
}

func (tx uniqueInTenant) PutSignIn(s signins.SignIn) (store.Revision, error) {
	if of, ok := tx.get(string(s.Tenant) + "/" + string(s.ID)); ok && of != s.Account {
		return 0, store.ErrConflict
	}
	tx.put(string(s.Tenant)+"/"+string(s.ID), s.Account)
	return tx.Tx.PutSignIn(s)
}

func recordsSignIns(tx signins.Tx, writes *[]func(signins.Tx) error) signins.Tx {
	return signInRecorder{tx, writes}
}

type signInRecorder struct {
	signins.Tx
	writes *[]func(signins.Tx) error
}

func (tx signInRecorder) PutSignIn(s signins.SignIn) (store.Revision, error) {
	*tx.writes = append(*tx.writes, func(at signins.Tx) error {
		if _, err := at.PutSignIn(s); !errors.Is(err, store.ErrConflict) {
			return err
		}
		return nil // as if it had been made
	})
	return tx.Tx.PutSignIn(s)
}

// purges makes a fault of PurgeSignIns.
func purges(purge func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error)) func(*memstore.Store) storetest.Backend {
	return inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return signInPurger{tx, purge} })
}

type signInPurger struct {
	signins.Tx
	purge func(tx signins.Tx, t policy.TenantID, before time.Time, limit int) (int, error)
}

func (tx signInPurger) PurgeSignIns(t policy.TenantID, before time.Time, limit int) (int, error) {
	return tx.purge(tx.Tx, t, before, limit)
}

type idsKept struct {
	signins.Tx
	*kept[bool]
}

func (tx idsKept) PutSignIn(s signins.SignIn) (store.Revision, error) {
	id := string(s.Account) + "/" + string(s.ID)
	if _, taken := tx.get(id); taken && s.Revision == 0 {
		return 0, store.ErrConflict
	}
	tx.put(id, true)
	return tx.Tx.PutSignIn(s)
}

// purgesApart hides what was purged from everybody at once, whether or not the transaction commits.
type purgesApart struct {
	signins.Tx
	*kept[time.Time]
}

func (tx purgesApart) PurgeSignIns(t policy.TenantID, before time.Time, limit int) (int, error) {
	n, err := tx.Tx.PurgeSignIns(t, before, limit)
	if err == nil {
		tx.put(string(t), before)
	}
	return n, err
}

func (tx purgesApart) SignInsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[signins.SignIn], error) {
	list, err := tx.Tx.SignInsOf(t, a, p)
	if before, ok := tx.get(string(t)); ok {
		list.Items = slices.DeleteFunc(list.Items, func(s signins.SignIn) bool { return s.At.Before(before) })
	}
	return list, err
}

type placeIncluded struct{ signins.Tx }

func (tx placeIncluded) SignInsBefore(t policy.TenantID, a policy.AccountID, at time.Time, id signins.ID, limit int) ([]signins.SignIn, error) {
	return tx.Tx.SignInsBefore(t, a, at, id[:len(id)-1], limit)
}

type oldestSessions struct{ signins.Tx }

func (tx oldestSessions) SessionsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Session], error) {
	list, err := tx.Tx.SessionsOf(t, a, p)
	slices.Reverse(list.Items)
	return list, err
}

type endedHidden struct{ signins.Tx }

func (tx endedHidden) SessionsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Session], error) {
	list, err := tx.Tx.SessionsOf(t, a, p)
	list.Items = slices.DeleteFunc(list.Items, func(s policy.Session) bool { return !s.EndedAt.IsZero() })
	return list, err
}

type undeleted struct{ signins.Tx }

func (undeleted) DeleteSession(policy.TenantID, policy.AccountID, policy.SessionID) error { return nil }
