package myaccount_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

const (
	day  = 24 * time.Hour
	good = "heron lantern 47 gravel oboe"

	adas = "ada@example.org"
)

// counting counts the work of hashing.
type counting struct {
	*secret.Hasher
	work atomic.Int64
}

func (c *counting) VerifyDigested(ctx context.Context, p secret.Text, h secret.Hash, d secret.Digester, purpose string) (secret.Verified, error) {
	c.work.Add(1)
	return c.Hasher.VerifyDigested(ctx, p, h, d, purpose)
}

// shaky is a store in which something can go wrong with each transaction: before it begins, before it commits, and after
// it did.
type shaky struct {
	*memstore.Store
	strike  func(moment int) error
	moments int
	commits int
}

func (s *shaky) at() error {
	s.moments++
	if s.strike == nil {
		return nil
	}
	return s.strike(s.moments)
}

func (s *shaky) Account() account.Store { return shaken[account.Tx]{s.Store.Account(), s} }
func (s *shaky) SignIns() signins.Store { return shaken[signins.Tx]{s.Store.SignIns(), s} }

type shaken[T any] struct {
	store.Store[T]
	by *shaky
}

func (s shaken[T]) View(ctx context.Context, fn func(T) error) error {
	if err := s.by.at(); err != nil {
		return err
	}
	return s.Store.View(ctx, fn)
}

func (s shaken[T]) Update(ctx context.Context, fn func(T) error) error {
	if err := s.by.at(); err != nil {
		return err
	}
	err := s.Store.Update(ctx, func(tx T) error {
		if err := fn(tx); err != nil {
			return err
		}
		return s.by.at()
	})
	if err != nil {
		return err
	}
	s.by.commits++
	return s.by.at()
}

// door is a world with a browser in front of the sign-in page: Ada, whose account is her own, has a password and an address
// that she proved; Bob has a session in the browser.
type door struct {
	*accounttest.World
	work *counting
	ada  policy.Actor
	old  signins.Started
}

func newDoor(t testing.TB) *door {
	t.Helper()
	quick, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 0)
	require.NoError(t, err)
	d := &door{work: &counting{Hasher: quick}}
	d.World = accounttest.New(t, myaccount.WithHasher(d.work))
	d.ada = d.Person("ada", policy.Personal)
	d.give(t, "ada")
	require.NoError(t, d.App.Host.Account.AddIdentifier(t.Context(), d.Host, account.NewIdentifier{Account: "ada", Kind: account.Email, Text: adas, ProvenAt: d.Clock.Now()}))
	d.old = d.Session(d.Person("bob", policy.Work))
	d.Clock.Advance(time.Minute)
	d.ada = d.SignIn(d.ada)
	return d
}

// give gives somebody a password, and their id as a user name.
func (d *door) give(t testing.TB, id policy.AccountID) {
	t.Helper()
	hash, err := d.work.Hash(t.Context(), secret.NewText(good))
	require.NoError(t, err)
	require.NoError(t, d.App.Host.Account.ImportHash(t.Context(), d.Host, id, hash)) // one that the host sets would have to be changed
	require.NoError(t, d.App.Host.Account.AddIdentifier(t.Context(), d.Host, account.NewIdentifier{Account: id, Kind: account.UserName, Text: string(id)}))
}

// fork is the same world again, over a store that can be struck.
func (d *door) fork(t testing.TB, strike func(int) error) (*door, *shaky) {
	t.Helper()
	in := *d
	in.World = d.Fork(t)
	s := &shaky{Store: in.DB, strike: strike}
	last := new(atomic.Uint64)
	ids := func() string { return "over-" + strconv.FormatUint(last.Add(1), 10) }
	app, err := myaccount.New(s, in.Ring, myaccount.WithPolicy(policy.WithClock(in.Clock.Now), policy.WithIDs(ids)), myaccount.WithHasher(d.work), myaccount.WithSender(in.Mail))
	require.NoError(t, err)
	in.App = app
	return &in, s
}

func (d *door) attempt(typed, text string) myaccount.SignInAttempt {
	return myaccount.SignInAttempt{Identifier: typed, Password: secret.NewText(text), Replaces: d.old.Token,
		Client: policy.Client{Application: "Portal", Browser: "Firefox", System: "Windows 10"}, Place: accounttest.Berlin}
}

// attempts are what is kept of somebody's attempts, the oldest first.
func (d *door) attempts(t testing.TB, id policy.AccountID) (all []signins.SignIn) {
	t.Helper()
	require.NoError(t, d.DB.SignIns().View(t.Context(), func(tx signins.Tx) error {
		l, err := tx.SignInsOf(accounttest.Tenant, id, store.Page{Size: store.MaxPageSize})
		all = l.Items
		return err
	}))
	return all
}

// alive counts somebody's sessions.
func (d *door) alive(t testing.TB, id policy.AccountID) int {
	t.Helper()
	l, err := d.App.Admin.SignIns.Sessions(t.Context(), d.Host, id, store.Page{Size: store.MaxPageSize})
	require.NoError(t, err)
	return len(l.Items)
}

func (d *door) resumes(t testing.TB, token secret.Text) bool {
	_, err := d.App.Host.SignIns.Actor(t.Context(), token)
	return err == nil
}

func refused(t testing.TB, err error, code policy.Code, about ...any) policy.Decision {
	t.Helper()
	var denied *policy.Denied
	require.ErrorAs(t, err, &denied, about...)
	require.Equal(t, code, denied.Reason().Code, about...)
	return denied.Decision
}

// eachMoment makes a call in a fresh world for each moment of a transaction of it, at which strike says what goes wrong, and
// gives what came of it to after.
func (d *door) eachMoment(t *testing.T, strike func() error, call func(*door) error, after func(in *door, err error, moment int)) {
	t.Helper()
	for k := 1; ; k++ {
		require.Less(t, k, testkit.TooMany)
		in, s := d.fork(t, nil)
		s.strike = func(moment int) error {
			if moment == k {
				return strike()
			}
			return nil
		}
		err := call(in)
		if s.moments < k {
			require.Greater(t, k, 3)
			return
		}
		after(in, err, k)
	}
}
