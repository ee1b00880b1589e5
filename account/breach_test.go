package account_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// breaches is a checker that answers as a test says, and remembers what it was asked.
type breaches struct {
	asked  []string
	answer func(context.Context) (bool, error)
}

func (b *breaches) Breached(ctx context.Context, p secret.Text) (bool, error) {
	b.asked = append(b.asked, p.Reveal())
	if b.answer == nil {
		return false, nil
	}
	return b.answer(ctx)
}

// checked is a world whose passwords are looked up.
func checked(t *testing.T) (withPassword, *breaches) {
	b := new(breaches)
	k := passwords(t, myaccount.WithBreachChecker(b))
	k.Person("una", policy.Personal)
	b.asked = nil
	return k, b
}

// sets are all ways of giving somebody a password that is not hashed yet.
func (k withPassword) sets(t *testing.T) map[string]func(ctx context.Context, fresh string) error {
	una := k.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "una"})
	return map[string]func(ctx context.Context, fresh string) error{
		"a change": func(ctx context.Context, fresh string) error {
			return k.App.Account.ChangePassword(ctx, k.session.Actor, account.PasswordChange{Current: secret.NewText(good), New: secret.NewText(fresh)})
		},
		"a first password": func(ctx context.Context, fresh string) error {
			return k.App.Account.SetFirstPassword(ctx, una, secret.NewText(fresh))
		},
		"the host": func(ctx context.Context, fresh string) error {
			return k.App.Host.Account.SetPassword(ctx, k.Host, "ada", secret.NewText(fresh))
		},
	}
}

var errAway = errors.New("the service of breaches is away")

func away(context.Context) (bool, error) { return false, errAway }

func TestAPasswordThatIsKnownFromABreachIsRefusedWhereverItIsSet(t *testing.T) {
	k, b := checked(t)
	before := rowsOf(t, k.World)
	for door, set := range k.sets(t) {
		b.asked, b.answer = nil, func(context.Context) (bool, error) { return true, nil }
		var no *password.Unacceptable
		require.ErrorAs(t, set(t.Context(), "ｖiolet tractor 12 sandal mist"), &no, door)
		require.Equal(t, []password.Problem{{Code: password.Breached}}, no.Problems, door)
		require.Equal(t, []string{better}, b.asked, "in the form that would be hashed")
		require.Error(t, set(t.Context(), "password"))
		require.Len(t, b.asked, 1, "nobody is asked about what is refused anyway")
	}
	requireSame(t, before, rowsOf(t, k.World))
	b.answer = nil
	for door, set := range k.sets(t) {
		require.NoError(t, set(t.Context(), better), door)
	}
}

func TestABreachedPasswordTellsNothingAboutTheCurrentOne(t *testing.T) {
	k, b := checked(t)
	b.answer = func(context.Context) (bool, error) { return true, nil }
	right := k.change(t, k.session.Actor, good, better)
	for range 20 {
		require.Equal(t, right, k.change(t, k.session.Actor, "wrong", better))
	}
	b.answer = nil
	require.NoError(t, k.change(t, k.session.Actor, good, better), "they were no guesses, and did not lock")
}

func TestABreachIsLookedUpOutsideOfTransactions(t *testing.T) {
	k, b := checked(t)
	b.answer = func(context.Context) (bool, error) {
		b.answer = nil
		return false, k.change(t, k.ada, good, better) // who would wait for a writer for ever
	}
	require.NoError(t, k.change(t, k.session.Actor, good, better))
	require.NoError(t, k.verify(t, "ada", better, true))
}

func TestTheResetOfAForgottenPasswordIsRefusedWhereThatCannotBeLookedUp(t *testing.T) {
	k, b := checked(t)
	recovered := recoveredAt(k.Clock.Now())
	for _, required := range []int{0, 1} {
		require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, password.RequireBreachCheck, required))
		before := rowsOf(t, k.World)
		b.answer = away
		require.ErrorIs(t, k.reset(t, "per", better, recovered), password.ErrUnchecked)
		b.answer = func(context.Context) (bool, error) { return true, nil }
		require.ErrorAs(t, k.reset(t, "per", better, recovered), new(*password.Unacceptable))
		requireSame(t, before, rowsOf(t, k.World))
	}
	b.answer = nil
	require.NoError(t, k.reset(t, "per", better, recovered))
}

func TestWhatCannotBeLookedUpIsTakenAndSaidSoUnlessTheTenantRequiresIt(t *testing.T) {
	k, b := checked(t)
	k.session = k.start(t, "per")
	sets := k.sets(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, password.RequireBreachCheck, 1))
	for _, err := range []error{errAway, context.DeadlineExceeded} { // also one that has a limit of its own
		b.answer = func(context.Context) (bool, error) { return true, err }
		before := rowsOf(t, k.World)
		for door, set := range sets {
			got := set(t.Context(), better)
			require.ErrorIs(t, got, password.ErrUnchecked, door)
			require.ErrorIs(t, got, err, door)
			require.NotErrorAs(t, got, new(*policy.Invalid), "the password is not at fault")
		}
		requireSame(t, before, rowsOf(t, k.World))
	}
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, password.RequireBreachCheck, 0))
	for door, set := range sets {
		require.NoError(t, set(t.Context(), better), door)
		events := k.Events(accounttest.Tenant)
		require.Equal(t, []policy.Fact{{Name: "breach-check", Value: "unavailable"}}, events[len(events)-1].Facts, door)
	}
	b.answer = nil
	require.NoError(t, k.change(t, k.session.Actor, better, good))
	events := k.Events(accounttest.Tenant)
	require.Empty(t, events[len(events)-1].Facts)
}

func TestWhoeverHangsUpGetsNothingUnchecked(t *testing.T) {
	k, b := checked(t)
	before := rowsOf(t, k.World)
	for door, set := range k.sets(t) {
		ctx, hangUp := context.WithCancel(t.Context())
		b.answer = func(ctx context.Context) (bool, error) {
			hangUp()
			<-ctx.Done()
			return false, ctx.Err()
		}
		require.ErrorIs(t, set(ctx, better), context.Canceled, door)
	}
	requireSame(t, before, rowsOf(t, k.World))
}

func TestACheckerThatPanicsLeavesNothingHalfDone(t *testing.T) {
	k, b := checked(t)
	sets := k.sets(t)
	before := rowsOf(t, k.World)
	for door, set := range sets {
		b.answer = func(context.Context) (bool, error) { panic(errAway) }
		require.PanicsWithValue(t, errAway, func() { _ = set(t.Context(), better) }, door)
		requireSame(t, before, rowsOf(t, k.World))
	}
	b.answer = away
	for door, set := range sets {
		require.NoError(t, set(t.Context(), better), door)
	}
}
