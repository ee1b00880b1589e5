package signins_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func TestWhatWasPurgedDoesNotComeBack(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	r := signins.Record{ID: "r", Account: "ada", At: w.Clock.Now(), Place: accounttest.NewYork, DeviceName: "phone"}
	isNew, err := w.App.Host.SignIns.Record(ctx, w.Host, r)
	require.NoError(t, err)
	require.True(t, isNew)
	w.Clock.Advance(30*day + time.Microsecond)
	again := func(at time.Time, want signins.Imported) {
		t.Helper()
		r.At = at
		before := rows(t, w.DB)
		isNew, err := w.Fork(t).App.Host.SignIns.Record(ctx, w.Host, r)
		require.NoError(t, err)
		require.Equal(t, want.New, isNew)
		done, err := w.App.Admin.SignIns.Import(ctx, w.Host, []signins.Record{r})
		require.NoError(t, err)
		require.Equal(t, []signins.Imported{want}, done)
		require.Equal(t, want.New, before != rows(t, w.DB))
	}
	again(r.At, signins.Imported{}) // it is there still
	n, err := w.App.Host.SignIns.PurgeActivity(ctx, w.Host)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	again(r.At, signins.Imported{Past: true})
	again(w.Clock.Now().Add(-30*day), signins.Imported{New: true})
	require.Len(t, listed(t, w, w.SignIn(ada), signins.Query{}, 50), 1)
}

// endless is a store that answers each reading of attempts with nothing, and more behind it.
type endless struct {
	signins.Store
	calls int
}

func (e *endless) View(ctx context.Context, fn func(signins.Tx) error) error {
	return e.Store.View(ctx, func(tx signins.Tx) error { return fn(endlessTx{tx, e}) })
}

type endlessTx struct {
	signins.Tx
	e *endless
}

func (x endlessTx) SignInsOf(policy.TenantID, policy.AccountID, store.Page) (store.List[signins.SignIn], error) {
	if x.e.calls++; x.e.calls > 2*signins.MaxScan {
		panic("it never ends")
	}
	return store.List[signins.SignIn]{Next: "more"}, nil
}

func TestAStoreThatNeverComesToAnEndIsLeft(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	e := &endless{Store: w.DB.SignIns()}
	list, err := over(t, w, e).Service.Activity(ctx, ada, signins.Query{})
	require.NoError(t, err)
	require.Empty(t, list.Items)
	require.Equal(t, store.Cursor("more"), list.Next)
	require.LessOrEqual(t, e.calls, signins.MaxScan)
}

func TestAnAttemptThatLiesMoreThanADayAheadIsRefused(t *testing.T) {
	w := accounttest.New(t)
	w.Person("ada", policy.Work)
	for ahead, ok := range map[time.Duration]bool{day: true, day + time.Microsecond: false, 900 * day: false} {
		r := signins.Record{ID: "r", Account: "ada", At: w.Clock.Now().Add(ahead)}
		one, many := w.Fork(t), w.Fork(t)
		isNew, err := one.App.Host.SignIns.Record(ctx, w.Host, r)
		require.Equal(t, []bool{ok, ok}, []bool{isNew, err == nil}, "%s: %v", ahead, err)
		done, err := many.App.Admin.SignIns.Import(ctx, w.Host, []signins.Record{r})
		require.NoError(t, err)
		require.Equal(t, []bool{ok, ok}, []bool{done[0].New, done[0].Err == nil}, "%s: %v", ahead, done[0].Err)
	}
}

func TestAnAccountThatIsNotKnownHasNoAttemptsAndNothingValid(t *testing.T) {
	w := accounttest.New(t)
	_, err := w.App.Host.SignIns.Record(ctx, w.Host, signins.Record{ID: "r", Account: "nobody", At: w.Clock.Now()})
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = w.App.Host.SignIns.ValidSince(ctx, w.Host, "nobody")
	require.ErrorIs(t, err, store.ErrNotFound)
	ada := w.Person("ada", policy.Work)
	require.ErrorIs(t, w.App.SignIns.End(ctx, ada, "none"), store.ErrNotFound)
	require.ErrorIs(t, w.App.Admin.SignIns.End(ctx, w.Host, "ada", "none"), store.ErrNotFound)
}

func TestLockingAnAreaHidesFromItsOwnerAndRemovesNothing(t *testing.T) {
	for _, area := range []policy.Area{signins.AreaActivity, signins.AreaHistory} {
		w := accounttest.New(t)
		ada := w.Person("ada", policy.Work)
		old := w.SignedIn(ada)
		w.Clock.Advance(10 * day)
		fresh := w.SignedIn(ada)
		ada = w.SignIn(ada)
		require.NoError(t, w.App.Admin.Policy.SetAccess(ctx, w.Host, area, policy.Off))
		n, err := w.App.Host.SignIns.PurgeActivity(ctx, w.Host)
		require.NoError(t, err)
		require.Zero(t, n, area)
		imported, err := w.App.Admin.SignIns.Import(ctx, w.Host, []signins.Record{{ID: "late", Account: "ada", At: w.Clock.Now().Add(-8 * day)}})
		require.NoError(t, err)
		require.Equal(t, []signins.Imported{{New: true}}, imported, "what is kept is taken over too")
		list, err := w.App.Admin.SignIns.Activity(ctx, w.Host, "ada", signins.Query{})
		require.NoError(t, err)
		require.Equal(t, []signins.ID{fresh, "late", old}, ids(list.Items), "administrators see what is kept")
		if area == signins.AreaHistory {
			list, err := w.App.SignIns.Activity(ctx, ada, signins.Query{})
			require.NoError(t, err)
			require.Equal(t, []signins.ID{fresh}, ids(list.Items))
			_, err = w.App.SignIns.Attempt(ctx, ada, old)
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		require.NoError(t, w.App.Admin.Policy.SetAccess(ctx, w.Host, area, policy.Edit))
		list, err = w.App.SignIns.Activity(ctx, ada, signins.Query{})
		require.NoError(t, err)
		require.Len(t, list.Items, 3, "and all is there again")
	}
}

func TestOfAnAccountThatIsClosedForGoodNothingIsRecordedAnyMore(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.Person("bob", policy.Work)
	w.SignedIn(ada)
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "ada", policy.Closed))
	before := rows(t, w.DB)
	late := signins.Record{ID: "late", Account: "ada", At: w.Clock.Now(), Code: 50126}
	for _, account := range []policy.AccountID{"ada", "nobody"} {
		late.Account = account
		_, err := w.App.Host.SignIns.Record(t.Context(), w.Host, late)
		require.ErrorIs(t, err, store.ErrNotFound, "%s: a trace of somebody who was erased would stay for good", account)
		done, err := w.App.Admin.SignIns.Import(t.Context(), w.Host, []signins.Record{late})
		require.NoError(t, err)
		require.Equal(t, signins.CodeUnknownAccount, codeOf(done[0].Err), "%s", account)
	}
	require.Equal(t, before, rows(t, w.DB))
	require.NoError(t, w.App.Host.Accounts.SetState(t.Context(), w.Host, "bob", policy.Disabled))
	late.Account = "bob"
	isNew, err := w.App.Host.SignIns.Record(t.Context(), w.Host, late)
	require.NoError(t, err)
	require.True(t, isNew, "who is only disabled is somebody to be told")
}
