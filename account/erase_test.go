package account_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// traces are values of Per's that stand in the store before his account is erased.
var traces = []string{"Perceval Pelican", "Percy", "+41 44 555 01 02", "moving to an island", pers, "Canary's laptop", "Canary Browser 99", "Canaryville", "203.0.113.77", "pelican@example.com"}

// known as much as can be of Per.
func (l leaver) tell(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, l.App.Host.Account.PutProfile(ctx, l.Host, account.Profile{Account: "per", DisplayName: traces[0], GivenName: traces[1], MobilePhone: traces[2]}))
	var photo bytes.Buffer
	require.NoError(t, jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 64, 64)), nil))
	require.NoError(t, l.App.Account.SetPhoto(ctx, l.per, photo.Bytes()))
	l.Device(l.per, "named", func(r *devices.Registration) { r.Name = traces[5] })
	l.Key(accounttest.Tenant, "named", "named-key", 3)
	l.Session(l.per, func(s *signins.NewSession) { s.Client.Browser, s.Place.City = traces[6], traces[7] })
	l.SignedIn(l.per, func(r *signins.Record) {
		r.Browser, r.Place.City, r.Address = traces[6], traces[7], netip.MustParseAddr(traces[8])
	})
	require.NoError(t, l.App.Host.Account.AddIdentifier(ctx, l.Host, account.NewIdentifier{Account: "per", Kind: account.Email, Text: traces[9], ProvenAt: l.Clock.Now()}))
	_, err := l.App.Account.NewRecoveryCode(ctx, l.SignIn(l.per))
	require.NoError(t, err)
	refused(t, l.verify(t, "per", "a wrong one", false), account.CodeWrongPassword)
}

// tablesOf are the lines of a dump that name an account's id, by table.
func tablesOf(t testing.TB, l leaver, id string) map[string]int {
	t.Helper()
	found := map[string]int{}
	for line := range strings.Lines(testkit.Saved(t, l.DB)) {
		if _, rest, ok := strings.Cut(line, `{"table":"`); ok && strings.Contains(line, `"`+id+`"`) {
			table, _, _ := strings.Cut(rest, `"`)
			found[table]++
		}
	}
	return found
}

func TestOfAnErasedAccountNothingIsLeftButItsTombstoneAndItsEvents(t *testing.T) {
	l := leaving(t)
	l.tell(t)
	require.NoError(t, l.close(t, l.per, 60))
	_, err := l.code(t, "per")
	require.NoError(t, err)
	before := testkit.Rows(t, l.DB)
	for _, c := range traces {
		require.Contains(t, before, c, "else the test proves nothing")
	}
	had := tablesOf(t, l, "per")
	for _, table := range []string{"standing", "profiles", "portraits", "credentials", "recovery-codes", "closings", "challenges", "challenge-counters", "usage", "sessions", "sign-ins", "habits", "devices", "recovery-keys", "events"} {
		require.NotZero(t, had[table], table)
	}
	others := tablesOf(t, l, "ada")
	require.Zero(t, l.purge(t), "not before it is due")
	l.Clock.Advance(60 * day)
	require.Equal(t, 1, l.purge(t))

	left := tablesOf(t, l, "per")
	require.Equal(t, 1, left["standing"])
	require.Equal(t, had["events"]+2, left["events"], "closed for good, and erased")
	delete(left, "events")
	require.Equal(t, map[string]int{"standing": 1, "identifiers": 2}, left, "what says that nobody gets the id or the address")
	require.Equal(t, others, tablesOf(t, l, "ada"), "nobody else's")
	after := testkit.Rows(t, l.DB)
	for _, c := range traces {
		require.NotContains(t, after, c)
	}
	// Events keep the names of devices, as they were when something was done with them; nothing else.
	saved := testkit.Saved(t, l.DB)
	for _, c := range append(traces[:5:5], traces[6:]...) {
		require.NotContains(t, saved, c)
	}
	refused(t, l.App.Host.Accounts.Provision(t.Context(), l.Host, "per", policy.Personal), "account-exists")
	address := account.NewIdentifier{Account: "ada", Kind: account.Email, Text: "Pelican@example.com"}
	refused(t, l.App.Host.Account.AddIdentifier(t.Context(), l.Host, address), account.CodeIdentifierTaken)
	nobody, err := l.App.Host.Account.Lookup(t.Context(), l.Host, traces[9])
	require.ErrorIs(t, err, store.ErrNotFound)
	require.Empty(t, nobody)
	once, err := l.App.Host.Account.Holder(t.Context(), l.Host, traces[9])
	require.NoError(t, err)
	require.Equal(t, policy.AccountID("per"), once, "whose it was outlives what it was")
	err = l.App.Host.Devices.Register(t.Context(), l.Host, devices.Registration{ID: "named", Owner: "ada", Name: "reborn", OS: "Windows", OSVersion: "10.0", Join: devices.Registered, Profile: devices.RegisteredDevice})
	require.Error(t, err, "a device's id is not used again either")
	require.Zero(t, l.purge(t))
}

func TestADeviceOfTheOrganizationsStaysWithItsKeysWhenAWorkAccountIsErased(t *testing.T) {
	l := leaving(t)
	l.Device(l.ada, "joined", func(r *devices.Registration) { r.Join = devices.Joined })
	l.Key(accounttest.Tenant, "joined", "joined-key", 4)
	l.Device(l.ada, "adas-phone", func(r *devices.Registration) { r.Join = devices.Registered })
	l.Key(accounttest.Tenant, "adas-phone", "own-key", 5)
	_, err := l.App.Admin.Account.Delete(t.Context(), l.admin, "ada")
	require.NoError(t, err)
	l.Clock.Advance(account.DeletedFor)
	require.Equal(t, 1, l.purge(t))
	require.NoError(t, l.DB.Devices().View(t.Context(), func(tx devices.Tx) error {
		d, err := tx.Device(accounttest.Tenant, "joined")
		require.NoError(t, err)
		require.Empty(t, d.Owner)
		require.Empty(t, d.Users)
		require.Equal(t, devices.Enabled, d.State)
		_, err = tx.RecoveryKey(accounttest.Tenant, "joined-key")
		return err
	}))
	require.NoError(t, l.DB.Devices().View(t.Context(), func(tx devices.Tx) error {
		d, err := tx.Device(accounttest.Tenant, "adas-phone")
		require.NoError(t, err)
		require.Equal(t, devices.Deleted, d.State)
		_, err = tx.RecoveryKey(accounttest.Tenant, "own-key")
		require.ErrorIs(t, err, store.ErrNotFound)
		return nil
	}))
}

func TestErasingTakesAsManyTransactionsAsItNeedsAndGoesOnWhereItWasInterrupted(t *testing.T) {
	steps, fail := 0, 3
	trouble := errors.New("the shop does not answer")
	l := leaving(t, myaccount.WithEraser(func(_ context.Context, op *policy.Op, id policy.AccountID, limit int) (bool, error) {
		require.Equal(t, accounttest.Tenant, op.Actor.Tenant)
		require.EqualValues(t, "per", id)
		require.Positive(t, limit)
		steps++
		if steps == fail {
			return false, trouble
		}
		return steps < 5, nil
	}))
	l.tell(t)
	for range 450 {
		l.SignedIn(l.per)
	}
	require.NoError(t, l.close(t, l.per, 30))
	l.Clock.Advance(30 * day)
	done, err := l.App.Host.Account.PurgeClosed(t.Context(), l.Host, 0)
	require.ErrorIs(t, err, trouble)
	require.Equal(t, account.Purged{More: true}, done)
	require.Equal(t, policy.Closed, l.state(t, "per"), "there is no way back from the first step on")
	require.Contains(t, testkit.Rows(t, l.DB), traces[0])
	require.Equal(t, 1, l.purge(t))
	require.NotContains(t, testkit.Rows(t, l.DB), traces[0])
	require.Equal(t, map[string]int{"standing": 1, "identifiers": 2, "events": tablesOf(t, l, "per")["events"]}, tablesOf(t, l, "per"))
	require.Equal(t, 5, steps)
	require.Equal(t, 1, l.told("Hard Delete user", policy.Succeeded))
	require.Equal(t, 1, l.told("Erase deleted user", policy.Succeeded))
}

func TestAPurgeTakesSoManyAccountsAndLeavesNoneBehindThatFails(t *testing.T) {
	trouble := errors.New("the shop does not answer")
	poison := policy.AccountID("p1")
	l := leaving(t, myaccount.WithEraser(func(_ context.Context, _ *policy.Op, id policy.AccountID, _ int) (bool, error) {
		if id == poison {
			return false, trouble
		}
		return false, nil
	}))
	for _, id := range []policy.AccountID{"p0", "p1", "p2", "p3"} {
		l.Person(id, policy.Personal)
		_, err := l.App.Admin.Account.Delete(t.Context(), l.Host, id)
		require.NoError(t, err)
		l.Clock.Advance(time.Second)
	}
	l.Clock.Advance(account.DeletedFor)
	purge := func(limit int) (account.Purged, error) {
		return l.App.Host.Account.PurgeClosed(t.Context(), l.Host, limit)
	}
	done, err := purge(1)
	require.NoError(t, err)
	require.Equal(t, account.Purged{Accounts: 1, More: true}, done)
	done, err = purge(1)
	require.ErrorIs(t, err, trouble)
	require.Equal(t, 1, done.Accounts)
	done, err = purge(10)
	require.ErrorIs(t, err, trouble)
	require.Equal(t, account.Purged{Accounts: 1, More: true}, done)
	poison = ""
	done, err = purge(10)
	require.NoError(t, err)
	require.Equal(t, account.Purged{Accounts: 1}, done)
	_, err = l.App.Host.Account.PurgeClosed(t.Context(), l.admin, 1)
	refused(t, err, policy.CodeNotPermitted)
}

// committed is a store that calls a function after each commit.
type committed struct {
	account.Store
	then func()
}

func (s committed) Update(ctx context.Context, fn func(account.Tx) error) error {
	err := s.Store.Update(ctx, fn)
	s.then()
	return err
}

func TestAPurgeThatIsCalledOffSaysSoAndThatOthersAreLeft(t *testing.T) {
	l := leaving(t)
	for _, id := range []policy.AccountID{"p0", "p1", "p2"} {
		l.Person(id, policy.Personal)
		_, err := l.App.Admin.Account.Delete(t.Context(), l.Host, id)
		require.NoError(t, err)
		l.Clock.Advance(time.Second)
	}
	l.Clock.Advance(account.DeletedFor)
	ctx, callOff := context.WithCancel(t.Context())
	defer callOff()
	room := over(t, l.World, committed{l.DB.Account(), func() {
		if tablesOf(t, l, "p0")["closings"] == 0 {
			callOff() // between two accounts
		}
	}})
	done, err := room.Host.PurgeClosed(ctx, l.Host, 0)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, account.Purged{Accounts: 1, More: true}, done)
	require.Equal(t, 2, l.purge(t))
}

func (l leaver) fork(t testing.TB) leaver {
	l.World = l.Fork(t)
	return l
}

func TestAFaultAtAnyCallOfTheStoreDoesNotKeepAnAccountFromBeingErasedLater(t *testing.T) {
	base := leaving(t)
	base.tell(t)
	require.NoError(t, base.close(t, base.per, 30))
	_, err := base.code(t, "per")
	require.NoError(t, err)
	base.Clock.Advance(30 * day)
	struck := 0
	for k := 1; ; k++ {
		require.Less(t, k, testkit.TooMany)
		l := base.fork(t)
		f := &faulty{faults: faults{Strike: testkit.At(k, errStruck)}}
		room := over(t, l.World, spoiled(l.DB.Account(), f))
		done, err := room.Host.PurgeClosed(t.Context(), l.Host, 0)
		if f.Calls < k {
			require.NoError(t, err)
			require.Equal(t, account.Purged{Accounts: 1}, done)
			break
		}
		struck++
		require.ErrorIs(t, err, errStruck, "call %d", k)
		require.Zero(t, done.Accounts)
		f.Strike = nil
		done, err = room.Host.PurgeClosed(t.Context(), l.Host, 0)
		require.NoError(t, err)
		require.Equal(t, account.Purged{Accounts: 1}, done, "call %d", k)
		require.Equal(t, 1, l.told("Hard Delete user", policy.Succeeded), "call %d", k)
		require.Equal(t, 1, l.told("Erase deleted user", policy.Succeeded), "call %d", k)
		for table, n := range tablesOf(t, l, "per") {
			switch table {
			case "profiles", "portraits", "credentials", "closings", "challenges", "challenge-counters", "usage":
				require.Zero(t, n, "%s, call %d", table, k)
			}
		}
	}
	require.Greater(t, struck, 15)
}

func TestAnEraserThatPanicsHoldsUpNobodyElse(t *testing.T) {
	broken := policy.AccountID("p0")
	l := leaving(t, myaccount.WithEraser(func(_ context.Context, _ *policy.Op, id policy.AccountID, _ int) (bool, error) {
		if id == broken {
			panic("the shop is upside down")
		}
		return false, nil
	}))
	for _, id := range []policy.AccountID{"p0", "p1", "p2"} {
		l.Person(id, policy.Personal)
		_, err := l.App.Admin.Account.Delete(t.Context(), l.Host, id)
		require.NoError(t, err)
	}
	l.Clock.Advance(account.DeletedFor)
	done, err := l.App.Host.Account.PurgeClosed(t.Context(), l.Host, 0)
	require.ErrorContains(t, err, `account "p0"`)
	require.ErrorContains(t, err, "upside down")
	require.Equal(t, account.Purged{Accounts: 2, More: true}, done)
	broken = ""
	require.Equal(t, 1, l.purge(t))
}

func TestWhatAHostClosesAtOnceIsErasedByTheNextPurge(t *testing.T) {
	l := leaving(t)
	l.tell(t)
	require.NoError(t, l.App.Host.Accounts.SetState(t.Context(), l.Host, "per", policy.Closed))
	refused(t, l.reopen(t, "per"), policy.CodeAccountClosed)
	refused(t, l.App.Admin.Account.Restore(t.Context(), l.Host, "per"), policy.CodeAccountClosed)
	require.Contains(t, testkit.Rows(t, l.DB), traces[0])
	require.Equal(t, 1, l.purge(t))
	left := tablesOf(t, l, "per")
	delete(left, "events")
	require.Equal(t, map[string]int{"standing": 1, "identifiers": 2}, left)
	require.Zero(t, l.purge(t))
}

func TestOfAnErasedAccountNoRiskAndNoDemandIsLeftEither(t *testing.T) {
	for name, closes := range map[string]func(leaver) error{
		"at once": func(l leaver) error {
			return l.App.Host.Accounts.SetState(t.Context(), l.Host, "per", policy.Closed)
		},
		"by an administrator": func(l leaver) error {
			_, err := l.App.Admin.Account.Delete(t.Context(), l.Host, "per")
			return err
		},
	} {
		l := leaving(t)
		l.standing(t, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.HighRisk, true })
		require.NoError(t, closes(l), name)
		l.Clock.Advance(account.DeletedFor)
		require.Equal(t, 1, l.purge(t), name)
		st := standing(t, l.DB, "per")
		require.Equal(t, policy.NoRisk, st.Risk, name)
		require.False(t, st.MustChangePassword, name)
	}
}

func TestUnlockingWritesNothingOfAnErasedAccount(t *testing.T) {
	l := leaving(t)
	require.NoError(t, l.close(t, l.per, 30))
	l.Clock.Advance(30 * day)
	require.Equal(t, 1, l.purge(t))
	before := testkit.Rows(t, l.DB)
	for _, a := range []policy.Actor{l.Host, l.SignIn(l.admin)} {
		refused(t, l.App.Admin.Account.UnlockPassword(t.Context(), a, "per"), policy.CodeAccountClosed)
	}
	require.Equal(t, before, testkit.Rows(t, l.DB))
}
