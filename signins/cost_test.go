package signins_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// rowCount is a store that counts the rows of sessions that it lists, those that are put, and what calls of a purge
// remove.
type rowCount struct {
	signins.Store
	listed, put int
	purges      []int
}

func (c *rowCount) View(ctx context.Context, fn func(signins.Tx) error) error {
	return c.Store.View(ctx, func(tx signins.Tx) error { return fn(rowCountTx{tx, c}) })
}

func (c *rowCount) Update(ctx context.Context, fn func(signins.Tx) error) error {
	return c.Store.Update(ctx, func(tx signins.Tx) error { return fn(rowCountTx{tx, c}) })
}

// of counts what fn costs.
func (c *rowCount) of(fn func()) (listed, put int) {
	c.listed, c.put = 0, 0
	fn()
	return c.listed, c.put
}

type rowCountTx struct {
	signins.Tx
	c *rowCount
}

func (x rowCountTx) SessionsOf(t policy.TenantID, a policy.AccountID, since time.Time, p store.Page) (store.List[policy.Session], error) {
	l, err := x.Tx.SessionsOf(t, a, since, p)
	x.c.listed += len(l.Items)
	return l, err
}

func (x rowCountTx) PutSession(s policy.Session) (store.Revision, error) {
	x.c.put++
	return x.Tx.PutSession(s)
}

func (x rowCountTx) PurgeSignIns(t policy.TenantID, before time.Time, p store.Page) (int, store.Cursor, error) {
	n, next, err := x.Tx.PurgeSignIns(t, before, p)
	x.c.purges = append(x.c.purges, n)
	return n, next, err
}

// crowd plants copies of an account's session behind the room's back.
func crowd(t testing.TB, db *memstore.Store, of policy.Actor, n int) {
	t.Helper()
	row := stored(t, db, of.Account, of.Session)
	require.NoError(t, db.SignIns().Update(t.Context(), func(tx signins.Tx) error {
		for i := range n {
			row.ID, row.Revision = policy.SessionID(fmt.Sprintf("crowd-%d", i)), 0
			if _, err := tx.PutSession(row); err != nil {
				return err
			}
		}
		return nil
	}))
}

// starter starts sessions of an account over a store, and lists them.
type starter struct {
	*accounttest.World
	room signins.Room
	who  policy.Actor
}

func (s *starter) start(t testing.TB) signins.Started {
	t.Helper()
	got, err := s.room.Host.Start(t.Context(), s.Host, signins.NewSession{Account: s.who.Account, Proofs: s.SignIn(s.who).Proofs})
	require.NoError(t, err)
	return got
}

func (s *starter) list(t testing.TB, want int) {
	t.Helper()
	own, err := s.room.Service.Sessions(t.Context(), s.SignIn(s.who), store.Page{Size: store.MaxPageSize})
	require.NoError(t, err)
	theirs, err := s.room.Admin.Sessions(t.Context(), s.Host, s.who.Account, store.Page{Size: store.MaxPageSize})
	require.NoError(t, err)
	require.Len(t, own.Items, want)
	require.Len(t, theirs.Items, want)
}

func newStarter(t testing.TB, limit int) (*starter, *rowCount) {
	w := accounttest.New(t)
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.MaxSessions, limit))
	c := &rowCount{Store: w.DB.SignIns()}
	return &starter{w, over(t, w, c), w.Person("ada", policy.Work)}, c
}

func TestSessionsThatASignOutEverywhereEndedCostNothingFromThenOn(t *testing.T) {
	for _, limit := range []int{100, policy.Unlimited} {
		s, c := newStarter(t, limit)
		me := s.start(t)
		crowd(t, s.DB, me.Actor, 5000)
		s.Clock.Advance(time.Minute)
		_, err := signOut(t, s.room.Service, me.Actor, false)
		require.NoError(t, err)
		s.Clock.Advance(time.Minute)
		for i := range 3 {
			listed, put := c.of(func() { s.start(t) })
			require.LessOrEqual(t, listed, i, "start %d with limit %d", i, limit)
			require.Equal(t, 1, put)
			listed, _ = c.of(func() { s.list(t, i+1) })
			require.Equal(t, 2*(i+1), listed, "two lists with limit %d", limit)
		}
	}
}

func TestSessionsThatRanOutAreRetiredByTheStartsThatMeetThem(t *testing.T) {
	const many = 5000
	for name, kill := range map[string]func(s *starter, me policy.Actor){
		"idle for two days": func(s *starter, _ policy.Actor) { s.Clock.Advance(2 * day) },
		"ended by another session": func(s *starter, me policy.Actor) {
			require.NoError(t, s.room.Service.EndOthers(t.Context(), me))
			require.NoError(t, s.room.Service.End(t.Context(), me, me.Session))
			s.Clock.Advance(time.Second)
		},
	} {
		for _, limit := range []int{100, policy.Unlimited} {
			s, c := newStarter(t, limit)
			me := s.start(t)
			crowd(t, s.DB, me.Actor, many)
			events := len(s.Events(accounttest.Tenant))
			kill(s, me.Actor)
			read, starts := 0, 0
			for listed := many; listed > starts; starts++ {
				var put int
				listed, put = c.of(func() { s.start(t) })
				require.LessOrEqual(t, put, 1+100, "%s: one start holds the writer for no more", name)
				if read += listed; limit == policy.Unlimited {
					require.LessOrEqual(t, listed, 100, "%s: a start that counts nothing looks at no more", name)
				}
				require.Less(t, starts, many/50, "%s: they are never done", name)
			}
			require.Less(t, read/many, 50, "%s: what each of them cost, altogether", name)
			listed, _ := c.of(func() { s.list(t, starts) })
			require.LessOrEqual(t, listed, 2*starts, name)
			require.Less(t, len(s.Events(accounttest.Tenant)), events+starts+5, "%s: what had ended leaves no event", name)
		}
	}
}

func TestARetiredSessionEndedWhenItRanOut(t *testing.T) {
	s, _ := newStarter(t, 100)
	idle, used := s.start(t), s.start(t)
	s.Clock.Advance(50 * time.Minute)
	require.NoError(t, s.room.Host.Touch(t.Context(), used.Actor))
	s.Clock.Advance(20 * time.Minute)
	s.start(t)
	for what, want := range map[policy.SessionID]time.Time{idle.Actor.Session: idle.ExpiresAt, used.Actor.Session: {}} {
		require.Equal(t, want, stored(t, s.DB, "ada", what).EndedAt)
	}
	_, err := s.room.Host.Actor(t.Context(), used.Token)
	require.NoError(t, err)
	s.Clock.Advance(31 * day)
	n, err := s.room.Host.PurgeSessions(t.Context(), s.Host)
	require.NoError(t, err)
	require.Equal(t, 3, n, "purging takes them all, however they ended")
}

func TestAnAccountNeverHasManyMoreOpenRowsThanItMayHaveSessions(t *testing.T) {
	const limit = 20
	s, c := newStarter(t, limit)
	for i := range 500 {
		var last signins.Started
		listed, _ := c.of(func() { last = s.start(t) })
		require.LessOrEqual(t, listed, limit+1, "start %d", i)
		switch i % 70 {
		case 20, 45:
			s.Clock.Advance(2 * time.Hour) // all run out
		case 69:
			require.NoError(t, s.room.Service.EndOthers(t.Context(), last.Actor))
		default:
			s.Clock.Advance(time.Minute)
		}
	}
}

func TestAPurgeWalksABigTenantOnceAndLetsOthersWriteInBetween(t *testing.T) {
	const quiet, busy, each = 2500, 500, 3
	s, c := newStarter(t, 100)
	now := s.Clock.Now()
	require.NoError(t, s.DB.SignIns().Update(t.Context(), func(tx signins.Tx) error {
		for i := range quiet + busy {
			r := signins.Record{ID: "recent", Account: policy.AccountID(fmt.Sprintf("person-%d", i)), At: now}
			if _, err := tx.PutSignIn(signins.SignIn{Tenant: accounttest.Tenant, Record: r}); err != nil {
				return err
			}
			for n := range each {
				if r.ID, r.At = signins.ID(fmt.Sprint(n)), now.Add(-31*day); i >= busy {
					break
				}
				if _, err := tx.PutSignIn(signins.SignIn{Tenant: accounttest.Tenant, Record: r}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	n, err := s.room.Host.PurgeActivity(t.Context(), s.Host)
	require.NoError(t, err)
	require.Equal(t, busy*each, n)
	require.GreaterOrEqual(t, len(c.purges), (quiet+busy)/store.MaxPageSize, "one call looks at a bounded number of accounts")
	require.LessOrEqual(t, len(c.purges), (quiet+busy)/store.MaxPageSize+busy*each/store.MaxPageSize+1, "no account is looked at again")
}

func TestALimitThatWasLoweredEndsWhatIsTooMuchAHundredAtATime(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.MaxSessions, policy.Unlimited))
	for range 250 {
		w.Session(ada)
		w.Clock.Advance(time.Second)
	}
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.MaxSessions, 10))
	oldest := func() policy.SessionID { ids := alive(t, w, "ada"); return ids[len(ids)-1] }
	for _, left := range []int{151, 52, 10, 10} {
		first := oldest()
		events := during(w, func() { w.Session(ada) })
		require.Len(t, events, 2, "the start, and one for all that it ended")
		require.Len(t, alive(t, w, "ada"), left)
		require.NotEqual(t, first, oldest(), "the one unseen for the longest goes first")
		w.Clock.Advance(time.Second)
	}
}

func TestAListOfSessionsLooksAtNoMoreThanAThousandDeadOnes(t *testing.T) {
	s, c := newStarter(t, policy.Unlimited)
	alive := s.start(t)
	crowd(t, s.DB, alive.Actor, 2500)
	s.Clock.Advance(50 * time.Minute)
	require.NoError(t, s.room.Host.Touch(ctx, alive.Actor))
	s.Clock.Advance(20 * time.Minute) // all others ran out
	var found []policy.SessionID
	calls := 0
	for p := (store.Page{Size: 1}); ; calls++ {
		var list store.List[signins.Session]
		listed, _ := c.of(func() {
			var err error
			list, err = s.room.Service.Sessions(ctx, alive.Actor, p)
			require.NoError(t, err)
		})
		require.LessOrEqual(t, listed, 1000)
		for _, one := range list.Items {
			found = append(found, one.ID)
		}
		if p.After = list.Next; p.After == "" {
			break
		}
	}
	require.Equal(t, []policy.SessionID{alive.Actor.Session}, found, "nothing is skipped or repeated")
	require.Greater(t, calls, 1)
}
