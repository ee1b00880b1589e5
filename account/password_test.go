package account_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

const (
	good   = "heron lantern 47 gravel oboe"
	better = "violet tractor 12 sandal mist"
)

// withPassword is a world where Ada and Per have a password and a session each.
type withPassword struct {
	known
	session signins.Started // Per's
}

func passwords(t *testing.T, options ...myaccount.Option) withPassword {
	k := people(t, options...)
	for _, a := range []policy.Actor{k.ada, k.per} {
		require.NoError(t, k.App.Account.SetFirstPassword(t.Context(), k.SignIn(a), secret.NewText(good)))
	}
	k.ada, k.per = k.SignIn(k.ada), k.SignIn(k.per)
	return withPassword{k, k.start(t, "per")}
}

// start starts a session as a host does after a sign-in with a password and a code.
func (k known) start(t *testing.T, id policy.AccountID) signins.Started {
	t.Helper()
	now := k.Clock.Now()
	s, err := k.App.Host.SignIns.Start(t.Context(), k.Host, signins.NewSession{Account: id,
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: now}, {Factor: policy.FactorOTP, At: now}}})
	require.NoError(t, err)
	return s
}

func (k known) change(t *testing.T, a policy.Actor, current, fresh string) error {
	return k.App.Account.ChangePassword(t.Context(), a, account.PasswordChange{Current: secret.NewText(current), New: secret.NewText(fresh)})
}

func (k known) verify(t *testing.T, id policy.AccountID, text string, familiar bool) error {
	_, err := k.App.Host.Account.VerifyPassword(t.Context(), k.Host, account.PasswordAttempt{Account: id, Password: secret.NewText(text), Familiar: familiar})
	return err
}

func (k known) alive(t *testing.T, token secret.Text) bool {
	_, err := k.App.Host.SignIns.Actor(t.Context(), token)
	return err == nil
}

func TestAChangedPasswordEndsEveryOtherSessionAndKeepsThePresentOne(t *testing.T) {
	k := passwords(t)
	other := k.start(t, "per")
	require.NoError(t, k.change(t, k.session.Actor, good, better))
	require.True(t, k.alive(t, k.session.Token), "the present one goes on")
	require.False(t, k.alive(t, other.Token))
	refused(t, k.verify(t, "per", good, true), account.CodeWrongPassword)
	require.NoError(t, k.verify(t, "per", better, true))
	st, err := k.App.Host.Accounts.Account(t.Context(), k.Host, "per")
	require.NoError(t, err)
	require.EqualValues(t, 2, st.Credentials, "what was pending is void")
}

func TestAChangedPasswordMeetsTheDemandForOne(t *testing.T) {
	k := passwords(t)
	require.NoError(t, k.App.Admin.Account.DemandNewPassword(t.Context(), k.Host, "per"))
	require.False(t, k.alive(t, k.session.Token))
	s := k.start(t, "per")
	require.True(t, s.MustChangePassword)
	require.NoError(t, k.change(t, s.Actor, good, better))
	require.False(t, k.start(t, "per").MustChangePassword)
}

func TestAWrongCurrentPasswordCountsAndLocksNobodyOutAtSignIn(t *testing.T) {
	k := passwords(t)
	for i := range 10 {
		err := k.change(t, k.session.Actor, "wrong "+string(rune('a'+i)), better)
		refused(t, err, account.CodeWrongPassword)
	}
	d := refused(t, k.change(t, k.session.Actor, good, better), policy.CodeThrottled)
	require.Equal(t, k.Clock.Now().Add(time.Minute), d.Reason().Until)
	require.Equal(t, 10, credential(t, k.DB, "per").Throttle.InARow, "they are ten of the hundred that end the use of the password")
	require.NoError(t, k.verify(t, "per", good, true), "a stolen session locks nobody out at home")
	require.NoError(t, k.verify(t, "per", good, false), "nor elsewhere")
	refused(t, k.change(t, k.session.Actor, good, better), policy.CodeThrottled)
	k.Clock.Advance(time.Minute)
	require.NoError(t, k.change(t, k.session.Actor, good, better))
}

func TestStrangersAtSignInKeepNobodyFromChangingThePassword(t *testing.T) {
	k := passwords(t)
	for i := range 20 {
		require.Error(t, k.verify(t, "per", "wrong "+string(rune('a'+i)), i%2 == 0))
	}
	require.NoError(t, k.change(t, k.session.Actor, good, better))
}

func TestTheSameWrongPasswordIsCountedOnce(t *testing.T) {
	k := passwords(t)
	for range 50 {
		refused(t, k.verify(t, "per", "the same wrong one", false), account.CodeWrongPassword)
	}
	require.NoError(t, k.verify(t, "per", good, false))
}

func TestAnAdministratorEndsALock(t *testing.T) {
	k := passwords(t)
	for i := range 10 {
		refused(t, k.verify(t, "per", "wrong "+string(rune('a'+i)), false), account.CodeWrongPassword)
	}
	refused(t, k.verify(t, "per", good, false), account.CodeWrongPassword)
	require.NoError(t, k.App.Admin.Account.UnlockPassword(t.Context(), k.admin, "per"))
	require.NoError(t, k.verify(t, "per", good, false))
}

func TestAnUnacceptablePasswordIsRefusedWithAllThatIsWrongAndCountsNothing(t *testing.T) {
	k := passwords(t)
	for range 20 {
		err := k.change(t, k.session.Actor, "whatever", "per")
		var no *password.Unacceptable
		require.ErrorAs(t, err, &no)
		require.NotEmpty(t, no.Problems)
		invalid(t, err, "password")
	}
	require.NoError(t, k.change(t, k.session.Actor, good, better))
}

func TestNamesOfThePersonAndTheOrganizationAreNoPassword(t *testing.T) {
	k := passwords(t)
	for fresh, code := range map[string]password.Code{
		"gravel Lovelace 4 oboe mist": password.ContainsName, "contoso gravel 47 oboe mist": password.ContainsOrg,
	} {
		var no *password.Unacceptable
		require.ErrorAs(t, k.change(t, k.ada, good, fresh), &no, fresh)
		require.Equal(t, code, no.Problems[0].Code)
	}
}

func TestNamesThatTheHostTellsAreNoPassword(t *testing.T) {
	away := errors.New("the directory is away")
	var fail error
	k := passwords(t, myaccount.WithNames(func(_ context.Context, of policy.TenantID) (account.Names, error) {
		if of != accounttest.Tenant {
			return account.Names{}, nil
		}
		return account.Names{Service: "Tailspin Drive", Organizations: []string{"Möbius & Söhne", "Northwind"}}, fail
	}))
	before := rowsOf(t, k.World)
	for fresh, code := range map[string]password.Code{
		"gravel T@ilspin 4 oboe mist": password.ContainsProduct, "gravel northwind 4 oboe mist": password.ContainsOrg,
		"gravel MÖBIUS 4 oboe mist": password.ContainsOrg, "gravel contoso 4 oboe mist": password.ContainsOrg,
	} {
		for door, err := range map[string]error{
			"a change": k.change(t, k.ada, good, fresh), "the host": k.App.Host.Account.SetPassword(t.Context(), k.Host, "ada", secret.NewText(fresh)),
			"a reset": k.reset(t, "ada", fresh, recoveredAt(k.Clock.Now())),
		} {
			var no *password.Unacceptable
			require.ErrorAs(t, err, &no, "%s by %s", fresh, door)
			require.Equal(t, []password.Problem{{Code: code}}, no.Problems, "%s by %s", fresh, door)
		}
	}
	fail = away
	require.ErrorIs(t, k.change(t, k.ada, good, better), away)
	requireSame(t, before, rowsOf(t, k.World))
	fail = nil
	require.NoError(t, k.change(t, k.ada, good, better))
}

func TestNothingThatAPersonSignsInAsIsInTheirPassword(t *testing.T) {
	k := passwords(t)
	for text, kind := range map[string]account.IdentifierKind{
		"per.first@example.com": account.Email, "gustafsson.alias@example.com": account.Email, "wanderer@fabrikam.example": account.UserName,
	} {
		require.NoError(t, k.App.Host.Account.AddIdentifier(t.Context(), k.Host, account.NewIdentifier{Account: "per", Kind: kind, Text: text}))
	}
	for fresh, code := range map[string]password.Code{
		"gravel Gustafsson 4 oboe mist": password.ContainsEmail, "gravel Wanderer 4 oboe mist": password.ContainsUserName,
	} {
		for door, err := range map[string]error{
			"a change": k.change(t, k.session.Actor, good, fresh), "the host": k.App.Host.Account.SetPassword(t.Context(), k.Host, "per", secret.NewText(fresh)),
		} {
			var no *password.Unacceptable
			require.ErrorAs(t, err, &no, "%s by %s", fresh, door)
			require.Equal(t, []password.Problem{{Code: code}}, no.Problems, "%s by %s", fresh, door)
		}
		require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, "ada", secret.NewText(fresh)), "it is not Ada's name")
	}
	require.NoError(t, k.App.Host.Account.RemoveIdentifier(t.Context(), k.Host, "per", "gustafsson.alias@example.com"))
	require.NoError(t, k.change(t, k.start(t, "per").Actor, good, "gravel Gustafsson 4 oboe mist"), "it is Per's no longer")
}

func TestShorterPasswordsAreForThoseWhoAlwaysNeedASecondFactor(t *testing.T) {
	k := passwords(t)
	const short = "gravel-4-oboe"
	require.Error(t, k.change(t, k.session.Actor, good, short))
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.SecondFactorAlways, 1))
	require.NoError(t, k.change(t, k.session.Actor, good, short))
}

func TestRecentProofsStandInForTheCurrentPasswordWherePolicySaysSo(t *testing.T) {
	k := passwords(t)
	refused(t, k.change(t, k.session.Actor, "", better), account.CodeWrongPassword)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.RecentProofsStandIn, 1))
	k.Clock.Advance(16 * time.Minute)
	refused(t, k.change(t, k.session.Actor, "", better), account.CodeWrongPassword)
	fresh := k.start(t, "per")
	codes := fresh.Actor
	codes.Proofs = []policy.Proof{{Factor: policy.FactorPasskey, At: k.Clock.Now()}}
	refused(t, k.change(t, codes, "", better), account.CodeWrongPassword)
	alone := fresh.Actor
	alone.Proofs = alone.Proofs[:1]
	require.Equal(t, policy.FactorPassword, alone.Proofs[0].Factor)
	refused(t, k.change(t, alone, "", better), account.CodeWrongPassword)
	require.NoError(t, k.change(t, fresh.Actor, "", better))
}

func TestProofsStandInNoMoreIfTheTenantThinksBetterOfItMeanwhile(t *testing.T) {
	hasher, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 1)
	require.NoError(t, err)
	i := &interrupted{Hasher: hasher}
	k := passwords(t, myaccount.WithHasher(i))
	for _, s := range []policy.Setting{account.RecentProofsStandIn, password.OlderRules} { // these have the last one verified
		require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, s, 1))
	}
	i.meanwhile = func() {
		require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.RecentProofsStandIn, 0))
	}
	refused(t, k.change(t, k.session.Actor, "", "Violet Tractor 12 sandal"), account.CodeWrongPassword)
	require.NoError(t, k.verify(t, "per", good, true))
}

func TestOlderRulesRefuseTheLastPasswordHoweverItWasProven(t *testing.T) {
	k := passwords(t)
	older := "Heron Lantern 47 gravel"
	require.NoError(t, k.change(t, k.session.Actor, good, older))
	for _, s := range []policy.Setting{password.OlderRules, account.RecentProofsStandIn} {
		require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, s, 1))
	}
	for _, current := range []string{older, ""} {
		var no *password.Unacceptable
		require.ErrorAs(t, k.change(t, k.session.Actor, current, older), &no)
		require.Equal(t, password.SameAsCurrent, no.Problems[0].Code)
	}
}

func TestAFirstPasswordIsNoChange(t *testing.T) {
	k := people(t)
	refused(t, k.change(t, k.per, good, better), account.CodeNoPassword)
	k.Clock.Advance(16 * time.Minute)
	refused(t, k.App.Account.SetFirstPassword(t.Context(), k.per, secret.NewText(good)), policy.CodeFresherProof)
	require.NoError(t, k.App.Account.SetFirstPassword(t.Context(), k.SignIn(k.per), secret.NewText(good)))
	refused(t, k.App.Account.SetFirstPassword(t.Context(), k.SignIn(k.per), secret.NewText(better)), account.CodeHasPassword)
}

func TestAPasswordThatIsKeptElsewhereIsChangedThere(t *testing.T) {
	k := passwords(t)
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "ada", account.Federated, "https://login.fabrikam.example"))
	d := refused(t, k.change(t, k.ada, good, better), account.CodePasswordElsewhere)
	require.Contains(t, d.Reason().Message(), "https://login.fabrikam.example")
	refused(t, k.verify(t, "ada", good, true), account.CodeWrongPassword)
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "ada", account.Passwordless, ""))
	refused(t, k.App.Account.SetFirstPassword(t.Context(), k.ada, secret.NewText(good)), account.CodePasswordless)
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "ada", account.Passwordless, "https://keys.fabrikam.example"))
	for _, err := range []error{k.change(t, k.ada, good, better), k.App.Account.SetFirstPassword(t.Context(), k.ada, secret.NewText(good))} {
		require.Contains(t, refused(t, err, account.CodePasswordless).Reason().Message(), "https://keys.fabrikam.example")
	}
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "ada", account.Synchronized, ""))
	refused(t, k.change(t, k.ada, good, better), account.CodePasswordElsewhere)
}

func TestAPasswordThatAHostSetsIsChangedAtTheFirstSignIn(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, "ada", secret.NewText(good)))
	v, err := k.App.Host.Account.VerifyPassword(t.Context(), k.Host, account.PasswordAttempt{Account: "ada", Password: secret.NewText(good)})
	require.NoError(t, err)
	require.True(t, v.MustChangePassword)
	require.Equal(t, policy.Proof{Factor: policy.FactorPassword, At: k.Clock.Now()}, v.Proof)
	require.Error(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, "ada", secret.NewText("password")))
}

func TestAHashFromElsewhereIsTakenWithinBoundsAndMadeAnewOnSuccess(t *testing.T) {
	strong, err := secret.NewHasher(secret.Params{MemoryKiB: 16, Passes: 2, Parallelism: 1}, 1)
	require.NoError(t, err)
	weak, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 1)
	require.NoError(t, err)
	k := people(t, myaccount.WithHasher(strong))
	hash, err := weak.Hash(t.Context(), secret.NewText(good))
	require.NoError(t, err)
	require.NoError(t, k.App.Host.Account.ImportHash(t.Context(), k.Host, "per", hash))
	require.NoError(t, k.verify(t, "per", good, true))
	var after account.Credential
	require.NoError(t, k.DB.Account().View(t.Context(), func(tx account.Tx) (err error) {
		after, err = tx.Credential(accounttest.Tenant, "per")
		return err
	}))
	require.Contains(t, string(after.Hash), "$m=16,t=2,p=1$")
	require.NoError(t, k.verify(t, "per", good, true))
	for _, bad := range []secret.Hash{"", "plain", "$2y$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"} {
		invalid(t, k.App.Host.Account.ImportHash(t.Context(), k.Host, "per", bad), "hash")
	}
}

// crowded has time to verify passwords for so many, and none to hash another.
type crowded struct {
	*secret.Hasher
	verified int
}

func (c *crowded) Hash(ctx context.Context, p secret.Text) (secret.Hash, error) {
	if c.verified < 0 {
		return c.Hasher.Hash(ctx, p)
	}
	return "", secret.ErrBusy
}

func (c *crowded) VerifyDigested(ctx context.Context, p secret.Text, h secret.Hash, d secret.Digester, purpose string) (secret.Verified, error) {
	if c.verified == 0 {
		return secret.Verified{}, secret.ErrBusy
	}
	c.verified--
	return c.Hasher.VerifyDigested(ctx, p, h, d, purpose)
}

func TestWhileTooManyWaitTheRightPasswordIsRightAndWhatIsNotVerifiedIsNotCounted(t *testing.T) {
	strong, err := secret.NewHasher(secret.Params{MemoryKiB: 16, Passes: 2, Parallelism: 1}, 1)
	require.NoError(t, err)
	c := &crowded{Hasher: strong, verified: -1}
	k := passwords(t, myaccount.WithHasher(c))
	hash, err := quick(t, k.World).Hash(t.Context(), secret.NewText(good))
	require.NoError(t, err)
	require.NoError(t, k.App.Host.Account.ImportHash(t.Context(), k.Host, "per", hash))
	c.verified = 1
	require.NoError(t, k.verify(t, "per", good, true))
	require.Equal(t, hash, credential(t, k.DB, "per").Hash, "it is hashed anew another time")
	session := k.start(t, "per")
	before := saved(t, k.DB)
	for _, text := range []string{good, "wrong"} {
		require.ErrorIs(t, k.verify(t, "per", text, true), secret.ErrBusy)
		require.ErrorIs(t, k.change(t, session.Actor, text, better), secret.ErrBusy)
	}
	requireSame(t, before, saved(t, k.DB))
}

// counting counts the work of hashing.
type counting struct {
	*secret.Hasher
	work atomic.Int64
}

func (c *counting) Hash(ctx context.Context, p secret.Text) (secret.Hash, error) {
	c.work.Add(1)
	return c.Hasher.Hash(ctx, p)
}

func (c *counting) VerifyDigested(ctx context.Context, p secret.Text, h secret.Hash, d secret.Digester, purpose string) (secret.Verified, error) {
	c.work.Add(1)
	return c.Hasher.VerifyDigested(ctx, p, h, d, purpose)
}

func TestEveryFailureCostsTheSameWorkAndSaysTheSame(t *testing.T) {
	hasher, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 1)
	require.NoError(t, err)
	c := &counting{Hasher: hasher}
	k := passwords(t, myaccount.WithHasher(c))
	for _, id := range []policy.AccountID{"off", "locked", "elsewhere"} {
		k.Person(id, policy.Work)
		require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, id, secret.NewText(good)))
	}
	require.NoError(t, k.App.Host.Accounts.SetState(t.Context(), k.Host, "off", policy.Disabled))
	for i := range 10 {
		require.Error(t, k.verify(t, "locked", "wrong "+string(rune('a'+i)), false))
	}
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "elsewhere", account.Federated, ""))
	said := make(map[string]bool)
	for id, text := range map[policy.AccountID]string{"ada": "wrong", "nobody": good, "off": good, "locked": good, "gil": good, "elsewhere": good} {
		before := c.work.Load()
		err := k.verify(t, id, text, false)
		refused(t, err, account.CodeWrongPassword)
		said[err.Error()] = true
		require.EqualValues(t, 1, c.work.Load()-before, "%s", id)
	}
	require.Len(t, said, 1)
}

func TestGuessesAtNamesLeaveOneRecord(t *testing.T) {
	k := passwords(t)
	before := len(k.Events(accounttest.Tenant))
	for i := range 20 {
		require.Error(t, k.verify(t, policy.AccountID("nobody-"+string(rune('a'+i))), good, false))
	}
	require.Len(t, k.Events(accounttest.Tenant), before+1)
}

func TestParallelGuessesGetNoMoreThanOneAfterTheOther(t *testing.T) {
	k := passwords(t)
	var errs [64]error
	testkit.Together(len(errs), func(i int) { errs[i] = k.verify(t, "per", "wrong "+string(rune('a'+i)), false) })
	for _, err := range errs {
		refused(t, err, account.CodeWrongPassword)
	}
	var after account.Credential
	require.NoError(t, k.DB.Account().View(t.Context(), func(tx account.Tx) (err error) {
		after, err = tx.Credential(accounttest.Tenant, "per")
		return err
	}))
	require.Equal(t, 10, after.Throttle.InARow, "the lock comes with the tenth")
}

func TestTwoChangesAtOnceHaveOneWinner(t *testing.T) {
	k := passwords(t)
	a, b := k.start(t, "per"), k.start(t, "per")
	var errs [2]error
	testkit.Together(2, func(i int) {
		errs[i] = k.change(t, []policy.Actor{a.Actor, b.Actor}[i], good, []string{better, "marble 99 otter spool fern"}[i])
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		denied := new(policy.Denied)
		require.True(t, errors.Is(err, store.ErrConflict) || errors.As(err, &denied), "%v", err)
	}
	require.Equal(t, 1, won)
}

func TestDuringALockTheRightPasswordCostsWhatAWrongOneDoes(t *testing.T) {
	strong, err := secret.NewHasher(secret.Params{MemoryKiB: 16, Passes: 2, Parallelism: 1}, 1)
	require.NoError(t, err)
	weak, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 1)
	require.NoError(t, err)
	hash, err := weak.Hash(t.Context(), secret.NewText(good))
	require.NoError(t, err)
	c := &counting{Hasher: strong}
	k := passwords(t, myaccount.WithHasher(c))
	costs := func(fn func() error) int64 {
		before := c.work.Load()
		require.Error(t, fn())
		return c.work.Load() - before
	}
	require.Equal(t, costs(func() error { return k.change(t, k.session.Actor, "wrong", better) }), int64(2), "as many as the right one's")
	for _, state := range []string{"locked", "disabled"} {
		require.NoError(t, k.App.Host.Account.ImportHash(t.Context(), k.Host, "per", hash))
		session := k.start(t, "per")
		if state == "disabled" {
			require.NoError(t, k.App.Host.Accounts.SetState(t.Context(), k.Host, "per", policy.Disabled))
		} else {
			for i := range 10 {
				refused(t, k.verify(t, "per", "wrong "+string(rune('a'+i)), true), account.CodeWrongPassword)
				refused(t, k.change(t, session.Actor, "wrong "+string(rune('k'+i)), better), account.CodeWrongPassword)
			}
		}
		require.EqualValues(t, 1, costs(func() error { return k.verify(t, "per", good, true) }), state)
		for _, current := range []string{good, "wrong"} {
			require.Zero(t, costs(func() error { return k.change(t, session.Actor, current, better) }), state)
		}
	}
}

func TestALockIsToldBeforehandAndRecentProofsAreNotBoundByIt(t *testing.T) {
	k := passwords(t)
	for i := range 10 {
		require.Error(t, k.change(t, k.session.Actor, "wrong "+string(rune('a'+i)), better))
	}
	d, err := k.App.Account.Can(t.Context(), k.session.Actor, account.ChangePassword, "")
	require.NoError(t, err)
	require.Equal(t, policy.CodeThrottled, d.Reason().Code)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.RecentProofsStandIn, 1))
	require.NoError(t, k.change(t, k.session.Actor, "", better))
}

// interrupted lets something happen while a password is verified, once.
type interrupted struct {
	*secret.Hasher
	meanwhile func()
}

func (i *interrupted) VerifyDigested(ctx context.Context, p secret.Text, h secret.Hash, d secret.Digester, purpose string) (secret.Verified, error) {
	if fn := i.meanwhile; fn != nil {
		i.meanwhile = nil
		fn()
	}
	return i.Hasher.VerifyDigested(ctx, p, h, d, purpose)
}

func TestAPasswordThatIsReplacedWhileItIsVerifiedIsNoLongerTheCurrentOne(t *testing.T) {
	hasher, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 1, Parallelism: 1}, 1)
	require.NoError(t, err)
	i := &interrupted{Hasher: hasher}
	k := passwords(t, myaccount.WithHasher(i))
	i.meanwhile = func() { require.NoError(t, k.change(t, k.session.Actor, good, better)) }
	require.ErrorIs(t, k.change(t, k.session.Actor, good, "marble 99 otter spool fern"), store.ErrConflict)
	require.NoError(t, k.verify(t, "per", better, true))

	i.meanwhile = func() { require.NoError(t, k.change(t, k.session.Actor, better, good)) }
	refused(t, k.verify(t, "per", better, true), account.CodeWrongPassword)
	i.meanwhile = func() { require.NoError(t, k.change(t, k.session.Actor, good, better)) }
	require.NoError(t, k.verify(t, "per", better, true), "it is verified anew")
}

func TestANewPasswordIsDemandedOnlyWhereOneCanBeSet(t *testing.T) {
	k := passwords(t)
	for why, want := range map[account.Elsewhere]policy.Code{account.Federated: account.CodePasswordElsewhere, account.Synchronized: account.CodePasswordElsewhere, account.Passwordless: account.CodePasswordless} {
		require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", why, "https://login.fabrikam.example"))
		before := rows(t, k.DB)
		d := refused(t, k.App.Admin.Account.DemandNewPassword(t.Context(), k.Host, "per"), want)
		if want == account.CodePasswordElsewhere {
			require.Contains(t, d.Reason().Message(), "https://login.fabrikam.example")
		}
		requireSame(t, before, rows(t, k.DB), "its sessions go on")
	}
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", account.KeptHere, ""))
	require.NoError(t, k.App.Admin.Account.DemandNewPassword(t.Context(), k.Host, "per"), "there is none yet, but one can be set")
	require.True(t, standing(t, k.DB, "per").MustChangePassword)
	require.NoError(t, k.App.Account.SetFirstPassword(t.Context(), k.SignIn(k.per), secret.NewText(better)))
	require.False(t, standing(t, k.DB, "per").MustChangePassword)
}

func TestADemandForANewPasswordGoesWithThePasswordThatItWasAbout(t *testing.T) {
	k := passwords(t)
	require.NoError(t, k.App.Admin.Account.DemandNewPassword(t.Context(), k.Host, "per"))
	editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk = policy.HighRisk })
	require.NoError(t, k.App.Host.Account.KeepElsewhere(t.Context(), k.Host, "per", account.Federated, ""))
	require.False(t, standing(t, k.DB, "per").MustChangePassword, "nobody could meet it")
	require.Equal(t, policy.HighRisk, standing(t, k.DB, "per").Risk, "that somebody else may have got hold of it is another thing")
	require.NoError(t, k.App.Host.Account.SecurityInfoReplaced(t.Context(), k.Host, "per", ""))
	require.NoError(t, k.App.Host.Account.CancelReplacement(t.Context(), k.Host, "per"))
	require.False(t, standing(t, k.DB, "per").MustChangePassword)
}

func TestAnImportedHashIsNoNewSecret(t *testing.T) {
	k := passwords(t)
	hash := credential(t, k.DB, "per").Hash
	editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.HighRisk, true })
	before := standing(t, k.DB, "per")
	require.NoError(t, k.App.Host.Account.ImportHash(t.Context(), k.Host, "per", hash))
	after := standing(t, k.DB, "per")
	require.Equal(t, policy.HighRisk, after.Risk, "whoever knew the password knows it still")
	require.True(t, after.MustChangePassword)
	require.Greater(t, after.Credentials, before.Credentials, "what was pending is void all the same")
	editStanding(t, k.DB, "per", func(st *policy.Standing) { st.Risk, st.MustChangePassword = policy.NoRisk, false })
	require.NoError(t, k.App.Host.Account.ImportHash(t.Context(), k.Host, "per", hash))
	require.False(t, standing(t, k.DB, "per").MustChangePassword, "and it demands nothing by itself")
}

func TestAWrongPasswordThatIsGivenAgainIsOneOfTheLastThreeAgain(t *testing.T) {
	k := passwords(t)
	failures := func() int { return credential(t, k.DB, "per").Throttle.InARow }
	give := func(text string) {
		t.Helper()
		refused(t, k.verify(t, "per", text, true), account.CodeWrongPassword)
	}
	for _, text := range []string{"of an old phone", "b", "c"} {
		give(text)
	}
	require.Equal(t, 3, failures())
	for i, text := range []string{"d", "e", "f", "g"} { // the person tries, while the phone goes on
		give("of an old phone")
		give(text)
		require.Equal(t, 4+i, failures(), "what the phone gives is not counted again")
	}
	before := len(k.Events(accounttest.Tenant))
	for range 30 {
		for _, text := range []string{"of an old phone", "f", "g"} {
			give(text)
		}
	}
	require.Equal(t, 7, failures())
	require.Len(t, k.Events(accounttest.Tenant), before, "what tells nothing new fills no log")
	refused(t, k.change(t, k.session.Actor, "f", better), account.CodeWrongPassword)
	require.Equal(t, 7, failures(), "nor when the password is changed")
}
