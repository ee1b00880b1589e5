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
	{"lists sessions that were ended",
		[]string{"signins SessionsOf has what was not ended, and nothing else"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return endedListed{tx} })},
	{"removes sessions that were ended",
		[]string{"signins SessionsOf has what was not ended, and nothing else", "signins Sessions gives every item once and in order, whatever the page size"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return endedHidden{tx} })},
	{"lists sessions from before the time",
		[]string{"signins SessionsOf has what started at the given time or later"},
		listsSince(func(time.Time) time.Time { return time.Time{} })},
	{"compares the time to the second",
		[]string{"signins SessionsOf has what started at the given time or later"},
		listsSince(func(since time.Time) time.Time { return since.Truncate(time.Second) })},
	{"leaves out a session of the very time",
		[]string{"signins SessionsOf has what started at the given time or later"},
		listsSince(func(since time.Time) time.Time { return since.Add(time.Microsecond) })},
	{"keeps a session that was removed",
		[]string{"signins session gets a greater revision after its removal"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return undeleted{tx} })},
	{"keeps habits that were removed",
		[]string{"signins habits gets a greater revision after its removal"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return unforgotten{tx} })},
	{"lists the habits of the first page again and again",
		[]string{"signins AllHabits gives every item once and in order, whatever the page size"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return habitsAnew{tx} })},

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
			return backend{Store: db, signins: optimistic[signins.Tx]{db, (*memstore.Store).SignIns, recordsSignIns}}
		}},
	{"purges what is as old as the time",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			return tx.PurgeSignIns(t, before.Add(time.Microsecond), p)
		})},
	{"purges by whole hours",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			return tx.PurgeSignIns(t, before.Truncate(time.Hour), p)
		})},
	{"purges all tenants",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			if _, _, err := tx.PurgeSignIns("fabrikam", before, p); err != nil {
				return 0, "", err
			}
			return tx.PurgeSignIns(t, before, p)
		})},
	{"purges without a limit",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit", "signins PurgeSignIns comes by each account once, and by a bounded number in a call"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			n, err := purgeAll(tx, t, before)
			return min(n, p.Limit()), "", err
		})},
	{"stops a purge early",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			n, _, err := tx.PurgeSignIns(t, before, p)
			return n, "", err
		})},
	{"goes on with the next account though the last is not done",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			n, next, err := tx.PurgeSignIns(t, before, p)
			if n == p.Limit() && next != "" {
				_, next, err = tx.PurgeSignIns(t, time.Time{}, store.Page{Size: 1, After: next})
			}
			return n, next, err
		})},
	{"tells of no purge",
		[]string{"signins PurgeSignIns removes what is older, of its tenant, up to its limit"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			_, next, err := tx.PurgeSignIns(t, before, p)
			return 0, next, err
		})},
	{"begins each call of a purge anew",
		[]string{"signins PurgeSignIns comes by each account once, and by a bounded number in a call"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			return tx.PurgeSignIns(t, before, store.Page{Size: p.Size})
		})},
	{"counts only what it removes",
		[]string{"signins PurgeSignIns comes by each account once, and by a bounded number in a call"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			n, next, err := tx.PurgeSignIns(t, before, p)
			for err == nil && n == 0 && next != "" {
				p.After = next
				n, next, err = tx.PurgeSignIns(t, before, p)
			}
			return n, next, err
		})},
	{"purges one account in a call",
		[]string{"signins PurgeSignIns comes by each account once, and by a bounded number in a call"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			return tx.PurgeSignIns(t, before, store.Page{Size: 1, After: p.After})
		})},
	{"lets a cursor tell which tenant is purged",
		[]string{"signins PurgeSignIns removes nothing else for a cursor that was tampered with"},
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			if strings.HasPrefix(string(p.After), "ZmFi") {
				t = "fabrikam"
			}
			return tx.PurgeSignIns(t, before, p)
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
		purges(func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
			n, next, err := tx.PurgeSignIns(t, before, p)
			if errors.Is(err, store.ErrReadOnly) {
				err = nil
			}
			return n, next, err
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
func purges(purge func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error)) func(*memstore.Store) storetest.Backend {
	return inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return signInPurger{tx, purge} })
}

type signInPurger struct {
	signins.Tx
	purge func(tx signins.Tx, t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error)
}

func (tx signInPurger) PurgeSignIns(t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
	return tx.purge(tx.Tx, t, before, p)
}

// purgeAll removes all that is older.
func purgeAll(tx signins.Tx, t policy.TenantID, before time.Time) (total int, err error) {
	for p := (store.Page{Size: store.MaxPageSize}); ; {
		n, next, err := tx.PurgeSignIns(t, before, p)
		total += n
		if p.After = next; err != nil || next == "" {
			return total, err
		}
	}
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

func (tx purgesApart) PurgeSignIns(t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
	n, next, err := tx.Tx.PurgeSignIns(t, before, p)
	if err == nil {
		tx.put(string(t), before)
	}
	return n, next, err
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

func (tx oldestSessions) SessionsOf(t policy.TenantID, a policy.AccountID, since time.Time, p store.Page) (store.List[policy.Session], error) {
	list, err := tx.Tx.SessionsOf(t, a, since, p)
	slices.Reverse(list.Items)
	return list, err
}

type endedListed struct{ signins.Tx }

func (tx endedListed) SessionsOf(t policy.TenantID, a policy.AccountID, since time.Time, p store.Page) (store.List[policy.Session], error) {
	all, err := whole(func(p store.Page) (store.List[policy.Session], error) { return tx.Sessions(t, p) })
	if err != nil {
		return store.List[policy.Session]{}, err
	}
	all = slices.DeleteFunc(all, func(s policy.Session) bool { return s.Account != a || s.StartedAt.Before(since) })
	slices.SortFunc(all, func(a, b policy.Session) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return offsets(all, p, asItIs)
}

type endedHidden struct{ signins.Tx }

func (tx endedHidden) Sessions(t policy.TenantID, p store.Page) (store.List[policy.Session], error) {
	list, err := tx.Tx.Sessions(t, p)
	list.Items = slices.DeleteFunc(list.Items, func(s policy.Session) bool { return !s.EndedAt.IsZero() })
	return list, err
}

// listsSince makes a fault of the time that SessionsOf goes by.
func listsSince(change func(time.Time) time.Time) func(*memstore.Store) storetest.Backend {
	return inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return sinceChanged{tx, change} })
}

type sinceChanged struct {
	signins.Tx
	change func(time.Time) time.Time
}

func (tx sinceChanged) SessionsOf(t policy.TenantID, a policy.AccountID, since time.Time, p store.Page) (store.List[policy.Session], error) {
	return tx.Tx.SessionsOf(t, a, tx.change(since), p)
}

type undeleted struct{ signins.Tx }

func (undeleted) DeleteSession(policy.TenantID, policy.AccountID, policy.SessionID) error { return nil }

type unforgotten struct{ signins.Tx }

func (unforgotten) DeleteHabits(policy.TenantID, policy.AccountID) error { return nil }

type habitsAnew struct{ signins.Tx }

func (tx habitsAnew) AllHabits(t policy.TenantID, p store.Page) (store.List[signins.Habits], error) {
	return tx.Tx.AllHabits(t, store.Page{Size: p.Size})
}
