package signins_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func TestFailuresCountUpToTheEndOfTheirWindowAndNotBeyond(t *testing.T) {
	for after, want := range map[time.Duration]bool{0: true, signins.BurstWindow - time.Microsecond: true, signins.BurstWindow: true, signins.BurstWindow + time.Microsecond: false} {
		w := accounttest.New(t)
		ada := w.Person("ada", policy.Work)
		w.SignedIn(ada)
		w.Clock.Advance(day)
		w.SignedIn(ada, func(r *signins.Record) { r.ID, r.Code = "z0", 50126 })
		w.Clock.Advance(after)
		for i := 1; i < signins.BurstFailures; i++ {
			w.SignedIn(ada, func(r *signins.Record) { r.ID, r.Code = signins.ID(fmt.Sprint("z", i)), 50126 })
		}
		id := w.SignedIn(ada, func(r *signins.Record) { r.ID = "a" }) // listed before those that fall together with it
		item, err := w.App.SignIns.Attempt(ctx, w.SignIn(ada), id)
		require.NoError(t, err)
		require.Equal(t, want, len(item.Unusual) == 1, "after %s: %v", after, kinds(item))
	}
}

func TestTheListEndsWhereWhatIsKeptEnds(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	for i := range 20 {
		w.SignedIn(ada, func(r *signins.Record) {
			if i == 9 {
				r.Place = accounttest.NewYork
			}
		})
		w.Clock.Advance(time.Hour)
	}
	w.Clock.Advance(30*day - 10*time.Hour) // the ten newest are kept
	ada = w.SignIn(ada)
	for _, size := range []int{1, 3, 5, 9, 10, 11, 50} {
		q, seen := signins.Query{Page: store.Page{Size: size}}, 0
		for calls := 1; ; calls++ {
			l, err := w.App.SignIns.Activity(ctx, ada, q)
			require.NoError(t, err)
			seen += len(l.Items)
			if q.Page.After = l.Next; l.Next == "" {
				// A store cannot know where what is kept ends, so a list that ends with its page may say that it goes on.
				require.LessOrEqual(t, calls, 10/size+1)
				break
			}
		}
		require.Equal(t, 10, seen)
	}
	oldest := listed(t, w, ada, signins.Query{}, 50)[9]
	require.Empty(t, oldest.Unusual, "what is not shown any more makes nothing unusual")
	one, err := w.App.SignIns.Attempt(ctx, ada, oldest.ID)
	require.NoError(t, err)
	require.Equal(t, oldest, one)
}

func TestTheMomentBeforeWhichNothingIsShownIsShown(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	id := w.SignedIn(ada)
	for later, shown := range map[time.Duration]bool{30 * day: true, 30*day + time.Microsecond: false} {
		in := w.Fork(t)
		in.Clock.Advance(later)
		a := in.SignIn(ada)
		require.Equal(t, shown, len(listed(t, in, a, signins.Query{}, 50)) == 1)
		_, err := in.App.SignIns.Attempt(ctx, a, id)
		require.Equal(t, shown, err == nil)
		n, err := in.App.Host.SignIns.PurgeActivity(ctx, in.Host)
		require.NoError(t, err)
		require.Equal(t, shown, n == 0, "what is shown is not purged")
	}
}

func TestWhatIsPastIsNotReadThrough(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	var records []signins.Record
	for i := range 1000 {
		records = append(records, signins.Record{ID: signins.ID(fmt.Sprint("r", i)), Account: "ada", At: w.Clock.Now().Add(-31*day - time.Duration(i)*time.Minute)})
	}
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.RetentionDays, 365))
	keep(t, w, records, len(records))
	require.NoError(t, w.App.Admin.Policy.Set(ctx, w.Host, signins.RetentionDays, 30))
	id := w.SignedIn(ada)
	s := &counted{Store: w.DB.SignIns()}
	service := over(t, w, s).Service
	l, err := service.Activity(ctx, ada, signins.Query{Page: store.Page{Size: 2}})
	require.NoError(t, err)
	require.Equal(t, []signins.ID{id}, ids(l.Items))
	require.Empty(t, l.Next)
	_, err = service.Attempt(ctx, ada, id)
	require.NoError(t, err)
	require.Less(t, s.read, 100)
}
