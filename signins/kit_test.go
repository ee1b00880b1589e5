package signins_test

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// What the tests of sessions share: short words for what an operation answered, and for looking and reaching
// into the store behind the room's back.

const day = 24 * time.Hour

const notARefusal = testkit.NotARefusal

// otp is a one-time code that was verified just now.
func otp(w *accounttest.World) policy.Proof {
	return policy.Proof{Factor: policy.FactorOTP, At: w.Clock.Now()}
}

// stored reads a session's row as it rests.
func stored(t testing.TB, db *memstore.Store, account policy.AccountID, id policy.SessionID) policy.Session {
	t.Helper()
	var s policy.Session
	require.NoError(t, db.SignIns().View(t.Context(), func(tx signins.Tx) (err error) {
		s, err = tx.Session(accounttest.Tenant, account, id)
		return err
	}))
	return s
}

// signOut signs the person of a session out everywhere, with a Yes if that can be had.
func signOut(t testing.TB, service *signins.Service, a policy.Actor, keep bool) (signins.Started, error) {
	_, yes, err := service.AskSignOutEverywhere(t.Context(), a)
	if err != nil {
		return signins.Started{}, err
	}
	return service.SignOutEverywhere(t.Context(), a, yes, keep)
}

// What the tests of all rooms share.
var (
	rows        = testkit.Rows
	saved       = testkit.Saved
	requireSame = testkit.RequireSame
	together    = testkit.Together
	codeOf      = testkit.CodeOf
)

// over is the room over another store than the world's own.
func over(t testing.TB, w *accounttest.World, s signins.Store) signins.Room {
	t.Helper()
	var last atomic.Uint64
	ids := func() string { return "over-" + strconv.FormatUint(last.Add(1), 10) }
	room, err := signins.New(policy.NewGuard(policy.WithClock(w.Clock.Now), policy.WithIDs(ids)), s, w.Ring, nil)
	require.NoError(t, err)
	return room
}

// during are the events that fn left in the world's tenant.
func during(w *accounttest.World, fn func()) []policy.Event {
	last := uint64(0)
	for _, e := range w.Events(accounttest.Tenant) {
		last = max(last, e.Seq)
	}
	fn()
	var out []policy.Event
	for _, e := range w.Events(accounttest.Tenant) {
		if e.Seq > last {
			out = append(out, e)
		}
	}
	return out
}

// works tells whether a token gives an actor, and wants it to be refused as ended if not.
func works(t testing.TB, host *signins.Host, token secret.Text) bool {
	t.Helper()
	_, err := host.Actor(t.Context(), token)
	if err != nil {
		require.Equal(t, policy.CodeSessionEnded, codeOf(err), "%v", err)
	}
	return err == nil
}

// alive lists the ids of an account's sessions as the host sees them.
func alive(t testing.TB, w *accounttest.World, account policy.AccountID) []policy.SessionID {
	t.Helper()
	list, err := w.App.Admin.SignIns.Sessions(t.Context(), w.Host, account, store.Page{Size: store.MaxPageSize})
	require.NoError(t, err)
	var ids []policy.SessionID
	for _, s := range list.Items {
		ids = append(ids, s.ID)
	}
	return ids
}

// editSession changes a stored session behind the room's back.
func editSession(t testing.TB, db *memstore.Store, account policy.AccountID, id policy.SessionID, edit func(*policy.Session)) {
	t.Helper()
	require.NoError(t, db.SignIns().Update(t.Context(), func(tx signins.Tx) error {
		s, err := tx.Session(accounttest.Tenant, account, id)
		if err != nil {
			return err
		}
		edit(&s)
		_, err = tx.PutSession(s)
		return err
	}))
}
