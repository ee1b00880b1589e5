package account_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

const day = 24 * time.Hour

// leaver is a world where Per, whose account is his own, has some of everything.
type leaver struct{ withPassword }

func leaving(t *testing.T, options ...myaccount.Option) leaver {
	l := leaver{passwords(t, options...)}
	l.furnish(t, "per", pers)
	l.Device(l.per, "pers-laptop")
	l.Key(accounttest.Tenant, "pers-laptop", "pers-key", 1)
	l.Device(l.ada, "adas-laptop")
	return l
}

// understood are the ids of all warnings.
func (l leaver) understood(t testing.TB, a policy.Actor) (all []string) {
	t.Helper()
	p, err := l.App.Account.Preflight(t.Context(), a)
	require.NoError(t, err)
	for _, f := range p.Findings {
		if !f.Blocks {
			all = append(all, f.ID())
		}
	}
	return all
}

// close closes an account with everything that it takes.
func (l leaver) close(t testing.TB, a policy.Actor, days int) error {
	t.Helper()
	_, yes, err := l.App.Account.AskClose(t.Context(), a, days)
	if err != nil {
		return err
	}
	_, err = l.App.Account.Close(t.Context(), a, account.CloseRequest{Days: days, Reason: "moving to an island", Understood: l.understood(t, a)}, yes)
	return err
}

const pers = "per@example.org"

// furnish gives an account an address that its person has proven.
func (l leaver) furnish(t testing.TB, id policy.AccountID, address string) {
	t.Helper()
	require.NoError(t, l.App.Host.Account.AddIdentifier(t.Context(), l.Host,
		account.NewIdentifier{Account: id, Kind: account.Email, Text: address, ProvenAt: l.Clock.Now()}))
}

// home is an account's address.
func home(id policy.AccountID) string { return string(id) + "@example.org" }

// code has a code sent for reopening, and gives the answer.
func (l leaver) code(t testing.TB, id policy.AccountID) (account.Reopening, error) {
	t.Helper()
	c, err := l.App.Host.Account.AskReopen(t.Context(), l.Host, account.ReopenRequest{Account: id, Method: challenge.Email, To: home(id), Attempt: "attempt"})
	if err != nil {
		return account.Reopening{}, err
	}
	m, ok := l.Mail.Last(home(id))
	require.True(t, ok)
	return account.Reopening{Account: id, Method: challenge.Email, Attempt: "attempt", Challenge: c, Code: m.Code,
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: l.Clock.Now()}}}, nil
}

func (l leaver) reopen(t testing.TB, id policy.AccountID) error {
	t.Helper()
	r, err := l.code(t, id)
	if err != nil {
		return err
	}
	return l.App.Host.Account.Reopen(t.Context(), l.Host, r)
}

func (l leaver) state(t testing.TB, id policy.AccountID) policy.State {
	t.Helper()
	st, err := l.App.Host.Accounts.Account(t.Context(), l.Host, id)
	require.NoError(t, err)
	return st.State
}

func (l leaver) purge(t testing.TB) int {
	t.Helper()
	done, err := l.App.Host.Account.PurgeClosed(t.Context(), l.Host, 0)
	require.NoError(t, err)
	return done.Accounts
}

// told counts the events of an activity with an outcome.
func (l leaver) told(activity string, outcome policy.Outcome) (n int) {
	for _, e := range l.Events(accounttest.Tenant) {
		if e.Activity == activity && e.Outcome == outcome {
			n++
		}
	}
	return n
}

func TestWhatClosingLosesIsListedBeforeAndEachWarningHasToBeUnderstood(t *testing.T) {
	l := leaving(t)
	p, err := l.App.Account.Preflight(t.Context(), l.per)
	require.NoError(t, err)
	require.True(t, p.Close.Allowed)
	require.Equal(t, []int{30, 60}, p.Days)
	var got []string
	for _, f := range p.Findings {
		got = append(got, f.Room+": "+string(f.Code))
		require.False(t, f.Blocks)
	}
	require.Equal(t, []string{"account: profile-erased", "devices: devices-removed", "devices: recovery-keys-deleted", "signins: sessions-end"}, got)

	preview, yes, err := l.App.Account.AskClose(t.Context(), l.per, 30)
	require.NoError(t, err)
	for _, f := range p.Findings {
		require.Contains(t, preview.Consequences, f.Text)
	}
	_, err = l.App.Account.Close(t.Context(), l.per, account.CloseRequest{Days: 30, Understood: []string{"devices/devices-removed", "signins/sessions-end", "profile-erased"}}, yes)
	d := refused(t, err, account.CodeNotUnderstood)
	require.Equal(t, "account/profile-erased, devices/recovery-keys-deleted", d.Reason().What)
	_, err = l.App.Account.Close(t.Context(), l.per, account.CloseRequest{Days: 30}, "")
	refused(t, err, account.CodeNotUnderstood) // before a Yes is asked for
	require.Equal(t, policy.Active, l.state(t, "per"))
	require.NoError(t, l.close(t, l.per, 30))
}

func TestAFindingThatBlocksIsNamedWithAllOthersThatDo(t *testing.T) {
	blocked := true
	l := leaving(t, myaccount.WithClosingCheck(func(_ context.Context, _ account.Tx, _ *policy.Op, id policy.AccountID) ([]policy.Finding, error) {
		if !blocked || id != "per" {
			return []policy.Finding{{Code: "points-lost", Room: "shop", Text: "Your points are lost."}}, nil
		}
		return []policy.Finding{
			{Code: "subscription", Room: "shop", Text: "You have an active subscription.", Blocks: true},
			{Code: "points-lost", Room: "shop", Text: "Your points are lost."},
			{Code: "balance", Room: "shop", Text: "There is a balance of 3.50.", Blocks: true},
			{Code: "sole-owner", Room: "shop", Text: "You are the only owner of Fabrikam.", Blocks: true},
		}, nil
	}))
	d := refused(t, l.close(t, l.per, 60), account.CodeClosingBlocked)
	require.Equal(t, "shop/subscription, shop/balance, shop/sole-owner", d.Reason().What)
	p, err := l.App.Account.Preflight(t.Context(), l.per)
	require.NoError(t, err)
	require.Equal(t, account.CodeClosingBlocked, p.Close.Reason().Code)
	may, err := l.App.Account.Can(t.Context(), l.per, account.Close, "")
	require.NoError(t, err)
	require.True(t, may.Equal(p.Close))
	blocked = false
	require.NoError(t, l.close(t, l.per, 60))
}

func TestTwoRoomsThatHaveOneCodeNeedATickEach(t *testing.T) {
	l := leaving(t, myaccount.WithClosingCheck(
		func(context.Context, account.Tx, *policy.Op, policy.AccountID) ([]policy.Finding, error) {
			return []policy.Finding{{Code: "subscription", Room: "billing", Text: "You lose your music."}}, nil
		},
		func(context.Context, account.Tx, *policy.Op, policy.AccountID) ([]policy.Finding, error) {
			return []policy.Finding{{Code: "subscription", Room: "cloud", Text: "You lose 2 TB of photos."}}, nil
		}))
	_, yes, err := l.App.Account.AskClose(t.Context(), l.per, 30)
	require.NoError(t, err)
	all := l.understood(t, l.per)
	for _, one := range []string{"billing/subscription", "cloud/subscription"} {
		require.Contains(t, all, one)
		rest := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == one })
		for _, understood := range [][]string{rest, append(rest, "subscription")} {
			_, err = l.App.Account.Close(t.Context(), l.per, account.CloseRequest{Days: 30, Understood: understood}, yes)
			require.Equal(t, one, refused(t, err, account.CodeNotUnderstood).Reason().What)
		}
	}
	require.NoError(t, l.close(t, l.per, 30))
}

func TestACheckThatFailsOrGivesNonsenseClosesNothing(t *testing.T) {
	var found []policy.Finding
	var trouble error
	l := leaving(t, myaccount.WithClosingCheck(func(context.Context, account.Tx, *policy.Op, policy.AccountID) ([]policy.Finding, error) {
		return found, trouble
	}))
	_, yes, err := l.App.Account.AskClose(t.Context(), l.per, 30)
	require.NoError(t, err)
	request := account.CloseRequest{Days: 30, Understood: l.understood(t, l.per)}
	trouble = errors.New("the shop does not answer")
	_, err = l.App.Account.Close(t.Context(), l.per, request, yes)
	require.ErrorIs(t, err, trouble)
	trouble, found = nil, []policy.Finding{{Text: "without a code"}}
	_, err = l.App.Account.Close(t.Context(), l.per, request, yes)
	require.ErrorContains(t, err, "unusable finding")
	require.False(t, errors.As(err, new(*policy.Invalid)), "it is none of the caller's input")
	for _, found = range [][]policy.Finding{
		{{Code: "subscription", Room: "shop", Text: "You lose music."}, {Code: "subscription", Room: "shop", Text: "You lose films."}},
		{{Code: account.FindingProfile, Room: "account", Text: "Another room's finding."}},
	} {
		_, err = l.App.Account.Close(t.Context(), l.per, request, yes)
		require.ErrorContains(t, err, "unusable finding", "one tick would be for both")
	}
	require.Equal(t, policy.Active, l.state(t, "per"))
}

func TestAConfirmationIsForWhatWasShown(t *testing.T) {
	l := leaving(t)
	request := account.CloseRequest{Days: 30, Understood: l.understood(t, l.per)}
	_, err := l.App.Account.Close(t.Context(), l.per, request, "")
	refused(t, err, policy.CodeConfirmationMissing)
	_, sixty, err := l.App.Account.AskClose(t.Context(), l.per, 60)
	require.NoError(t, err)
	_, err = l.App.Account.Close(t.Context(), l.per, request, sixty)
	refused(t, err, policy.CodeConfirmationStale)
	_, yes, err := l.App.Account.AskClose(t.Context(), l.per, 30)
	require.NoError(t, err)
	l.Key(accounttest.Tenant, "pers-laptop", "another-key", 2)
	_, err = l.App.Account.Close(t.Context(), l.per, request, yes)
	refused(t, err, policy.CodeConfirmationStale)
	_, err = l.App.Account.Close(t.Context(), l.ada, request, yes)
	refused(t, err, account.CodeWorkAccount)
}

func TestOnlyWhoMayCloseAnAccountIsLetAndEachRefusalSaysWhy(t *testing.T) {
	l := leaving(t)
	refused(t, l.close(t, l.gil, 30), account.CodeGuestAccount)
	refused(t, l.close(t, l.ada, 30), account.CodeWorkAccount)
	p, err := l.App.Account.Preflight(t.Context(), l.ada)
	require.NoError(t, err)
	require.Empty(t, p.Findings)
	require.Equal(t, account.CodeWorkAccount, p.Close.Reason().Code)
	require.NoError(t, l.App.Admin.Policy.Set(t.Context(), l.Host, account.WorkMayClose, 1))
	require.NoError(t, l.close(t, l.SignIn(l.ada), 30))
	refused(t, l.close(t, l.gil, 30), account.CodeGuestAccount)

	require.NoError(t, l.App.Admin.Policy.Lock(t.Context(), l.Host, account.AreaClosing))
	refused(t, l.close(t, l.per, 30), policy.CodeAreaReadOnly)
	require.NoError(t, l.App.Admin.Policy.Unlock(t.Context(), l.Host, account.AreaClosing))
	l.Clock.Advance(15*time.Minute + time.Microsecond)
	refused(t, l.close(t, l.per, 30), policy.CodeFresherProof)
	invalid(t, l.close(t, l.SignIn(l.per), 31), "days")
	_, err = l.App.Account.Close(t.Context(), l.SignIn(l.per), account.CloseRequest{Days: 30, Reason: strings.Repeat("x", account.MaxReason+1)}, "")
	invalid(t, err, "reason")
	_, err = l.App.Account.Close(t.Context(), l.SignIn(l.per), account.CloseRequest{Days: 30, Understood: make([]string, 1001)}, "")
	invalid(t, err, "understood")
}

func TestAnAccountWhoseSecurityInfoWasReplacedLatelyIsNotClosedFor60Days(t *testing.T) {
	l := leaving(t)
	until := l.Clock.Now().Add(60 * day)
	require.NoError(t, l.App.Host.Account.SecurityInfoReplaced(t.Context(), l.Host, "per", ""))
	l.per = l.SignIn(l.per)
	p, err := l.App.Account.Preflight(t.Context(), l.per)
	require.NoError(t, err)
	require.Equal(t, account.FindingRestricted, p.Findings[0].Code)
	require.True(t, p.Findings[0].Blocks)
	require.Equal(t, until, p.Close.Reason().Until)
	for range 2 { // restricted, and not any more
		d := refused(t, l.close(t, l.SignIn(l.per), 30), policy.CodeRestricted)
		require.Equal(t, until, d.Reason().Until)
		require.Equal(t, policy.WaitUntil, d.Reason().Remedy)
		l.Clock.Advance(30*day - time.Microsecond)
	}
	refused(t, l.close(t, l.SignIn(l.per), 30), policy.CodeRestricted)
	lifted := l.fork(t)
	l.Clock.Advance(2 * time.Microsecond)
	require.NoError(t, l.close(t, l.SignIn(l.per), 30))

	lifted.standing(t, "per", func(st *policy.Standing) { st.RestrictedUntil = time.Time{} })
	require.NoError(t, lifted.close(t, lifted.SignIn(lifted.per), 30), "it was the person, an administrator found out")
}

func TestAReasonForClosingMayHaveLines(t *testing.T) {
	l := leaving(t)
	for sent, kept := range map[string]string{"too dear\r\nand slow\r\n\tand far": "too dear\nand slow\n\tand far", "one\rtwo": "one\ntwo", strings.Repeat("x\r\n", account.MaxReason/2): strings.Repeat("x\n", account.MaxReason/2)} {
		in := l.fork(t)
		_, yes, err := in.App.Account.AskClose(t.Context(), in.per, 30)
		require.NoError(t, err)
		_, err = in.App.Account.Close(t.Context(), in.per, account.CloseRequest{Days: 30, Reason: sent, Understood: in.understood(t, in.per)}, yes)
		require.NoError(t, err)
		edit(t, in.DB, func(tx account.Tx) error {
			c, err := tx.Closing(accounttest.Tenant, "per")
			require.Equal(t, kept, c.Reason)
			return err
		})
	}
	for _, bad := range []string{"a\x00b", "a\vb", "a\x1bb", "a\u202eb", "a\x7fb", "a\u0085b"} {
		_, err := l.App.Account.Close(t.Context(), l.per, account.CloseRequest{Days: 30, Reason: bad}, "")
		invalid(t, err, "reason")
	}
}

// standing changes a row as no operation does.
func (l leaver) standing(t testing.TB, id policy.AccountID, change func(*policy.Standing)) {
	t.Helper()
	require.NoError(t, l.DB.Policy().Update(t.Context(), func(tx policy.AdminTx) error {
		st, err := tx.Standing(accounttest.Tenant, id)
		if err != nil {
			return err
		}
		change(&st)
		_, err = tx.PutStanding(st)
		return err
	}))
}

func TestEverythingThatWasSignedInOrPendingIsDeadAfterClosingAndAfterReopening(t *testing.T) {
	l := leaving(t)
	codes, err := challenge.NewCodes(l.Ring, l.Mail)
	require.NoError(t, err)
	guard := policy.NewGuard(policy.WithClock(l.Clock.Now))
	pending := map[challenge.Kind]func() error{}
	for _, k := range challenge.Kinds() {
		if k.Survives {
			continue // what takes a change back outlives everything that a thief could do
		}
		b := challenge.Binding{Account: "per", Purpose: k.Purpose, Method: k.Method, Target: "something", Session: "any"}
		draft, err := codes.Draft(k.Purpose, k.Method)
		require.NoError(t, err)
		spec := &policy.Spec[challenge.Tx, struct{}]{Rule: policy.Rule{Action: "test.code", By: policy.ByHost, Records: policy.NoSuccess},
			Load: func(challenge.Tx, *policy.Op, policy.Target) (struct{}, error) { return struct{}{}, nil }}
		to := string(k.Purpose) + string(k.Method)
		issued, err := policy.Do(t.Context(), guard, l.DB.Challenges(), l.Host, spec, policy.Target{}, "",
			func(tx challenge.Tx, op *policy.Op, _ struct{}) (challenge.Challenge, policy.Change, error) {
				c, err := challenge.Issue(tx, op, draft, challenge.New{Account: "per", Target: b.Target, Session: b.Session, To: to})
				return c, policy.Change{}, err
			})
		require.NoError(t, err)
		require.NoError(t, codes.Send(t.Context(), draft, issued, ""))
		m, ok := l.Mail.Last(to)
		require.True(t, ok)
		pending[k] = func() error {
			answer, err := codes.Answer(issued.ID, m.Code)
			require.NoError(t, err)
			_, err = policy.Do(t.Context(), guard, l.DB.Challenges(), l.Host, spec, policy.Target{}, "",
				challenge.Proven(b, answer, func(challenge.Tx, *policy.Op, struct{}, challenge.Proof) (struct{}, policy.Change, error) {
					return struct{}{}, policy.Change{}, nil
				}))
			return err
		}
	}
	require.NoError(t, l.close(t, l.per, 30))
	start := func() error {
		_, err := l.App.Host.SignIns.Start(t.Context(), l.Host, signins.NewSession{Account: "per", Proofs: l.SignIn(l.per).Proofs})
		return err
	}
	dead := func() {
		t.Helper()
		require.False(t, l.alive(t, l.session.Token), "the token of a session")
		for k, answer := range pending {
			refused(t, answer(), challenge.CodeWrong)
			require.NotEmpty(t, k.Purpose)
		}
		for _, a := range []policy.Actor{l.per, l.session.Actor} { // vouched for by the host, and with a session
			_, err := l.App.Account.Profile(t.Context(), a)
			require.Error(t, err)
		}
	}
	dead()
	refused(t, start(), signins.CodeCannotSignIn)
	_, err = l.App.Account.Profile(t.Context(), l.per)
	refused(t, err, policy.CodeAccountClosing)
	l.Clock.Advance(time.Minute)
	require.NoError(t, l.reopen(t, "per"))
	require.Equal(t, policy.Active, l.state(t, "per"))
	dead()
	require.NoError(t, start())
	require.Equal(t, 1, l.told("Delete user", policy.Succeeded))
	require.Equal(t, 1, l.told("Restore user", policy.Succeeded))
}

func TestReopeningTakesASignInAndAFreshCode(t *testing.T) {
	l := leaving(t)
	refused(t, l.reopen(t, "per"), account.CodeNotClosing)
	require.NoError(t, l.close(t, l.per, 30))
	v, err := l.App.Host.Account.VerifyPassword(t.Context(), l.Host, account.PasswordAttempt{Account: "per", Password: secret.NewText(good)})
	require.NoError(t, err)
	require.True(t, v.Closing)
	r, err := l.code(t, "per")
	require.NoError(t, err)

	none, old, mail := r, r, r
	none.Proofs = nil
	old.Proofs = []policy.Proof{{Factor: policy.FactorPassword, At: l.Clock.Now().Add(-15*time.Minute - time.Microsecond)}}
	mail.Proofs = []policy.Proof{{Factor: policy.FactorRecovery, At: l.Clock.Now()}}
	for _, weak := range []account.Reopening{none, old, mail} {
		refused(t, l.App.Host.Account.Reopen(t.Context(), l.Host, weak), account.CodeSignInFirst)
	}
	wrong, elsewhere := r, r
	wrong.Code = secret.NewText("000000")
	if r.Code.Equal(wrong.Code) {
		wrong.Code = secret.NewText("000001")
	}
	elsewhere.Attempt = "another"
	for _, bad := range []account.Reopening{wrong, elsewhere} {
		refused(t, l.App.Host.Account.Reopen(t.Context(), l.Host, bad), challenge.CodeWrong)
	}
	require.Equal(t, policy.Closing, l.state(t, "per"))
	r.Proofs = []policy.Proof{v.Proof}
	require.NoError(t, l.App.Host.Account.Reopen(t.Context(), l.Host, r))
	refused(t, l.App.Host.Account.Reopen(t.Context(), l.Host, r), account.CodeNotClosing)

	require.NoError(t, l.close(t, l.SignIn(l.per), 30))
	refused(t, l.App.Host.Account.Reopen(t.Context(), l.Host, r), challenge.CodeWrong)
	for _, m := range l.Mail.All() {
		require.Equal(t, challenge.Reopen, m.Purpose)
	}
	invalid(t, l.App.Host.Account.Reopen(t.Context(), l.Host, account.Reopening{Account: "per", Proofs: make([]policy.Proof, 101)}), "proofs")
	invalid(t, l.App.Host.Account.Reopen(t.Context(), l.Host, account.Reopening{Account: "per", Proofs: make([]policy.Proof, 1)}), "proofs")
	_, err = l.App.Host.Account.AskReopen(t.Context(), l.Host, account.ReopenRequest{Account: "per", Method: challenge.Email, To: pers})
	invalid(t, err, "attempt")
}

func TestAnAccountComesBackUntilItIsDueAndNeverAfter(t *testing.T) {
	for _, days := range []int{account.ShortGrace, account.LongGrace} {
		for _, late := range []time.Duration{-time.Microsecond, 0, time.Microsecond} {
			l := leaving(t)
			require.NoError(t, l.close(t, l.per, days))
			l.Clock.Advance(time.Duration(days)*day + late - time.Minute)
			r, err := l.code(t, "per")
			require.NoError(t, err)
			l.Clock.Advance(time.Minute)
			before := l.Fork(t)
			err = l.App.Host.Account.Reopen(t.Context(), l.Host, r)
			if late < 0 {
				require.NoError(t, err)
				require.Equal(t, policy.Active, l.state(t, "per"))
				require.NoError(t, before.App.Admin.Account.Restore(t.Context(), l.Host, "per"))
				require.Zero(t, l.purge(t))
				continue
			}
			refused(t, err, account.CodeGraceOver)
			_, err = l.code(t, "per")
			refused(t, err, account.CodeGraceOver)
			refused(t, l.App.Admin.Account.Restore(t.Context(), l.admin, "per"), account.CodeGraceOver)
			require.Equal(t, 1, l.purge(t))
		}
	}
}

func TestAnAdministratorDisablesEnablesDeletesAndRestores(t *testing.T) {
	l := leaving(t)
	admin := l.App.Admin.Account
	for _, id := range []policy.AccountID{"ada", "per", "gil"} {
		refused(t, admin.Enable(t.Context(), l.admin, id), account.CodeNotDisabled)
		require.NoError(t, admin.Disable(t.Context(), l.admin, id))
		refused(t, admin.Disable(t.Context(), l.admin, id), account.CodeAlreadyDisabled)
		due, err := admin.Delete(t.Context(), l.admin, id)
		require.NoError(t, err)
		require.Equal(t, l.Clock.Now().Add(30*day), due)
		refused(t, admin.Enable(t.Context(), l.admin, id), policy.CodeAccountClosing)
		refused(t, admin.Disable(t.Context(), l.admin, id), policy.CodeAccountClosing)
		_, err = admin.Delete(t.Context(), l.admin, id)
		refused(t, err, policy.CodeAccountClosing)
		refused(t, l.reopen(t, id), account.CodeDeletedByOthers)
		require.NoError(t, admin.Restore(t.Context(), l.admin, id))
		require.Equal(t, policy.Disabled, l.state(t, id), "as it was")
		refused(t, admin.Restore(t.Context(), l.admin, id), account.CodeNotClosing)
		require.NoError(t, admin.Enable(t.Context(), l.admin, id))
		require.Equal(t, policy.Active, l.state(t, id))
	}
	require.False(t, l.alive(t, l.session.Token))
	for _, activity := range []string{"Disable account", "Delete user", "Restore user", "Enable account"} {
		require.Equal(t, 3, l.told(activity, policy.Succeeded), activity)
	}
	require.NoError(t, l.close(t, l.SignIn(l.per), 60))
	require.NoError(t, admin.Restore(t.Context(), l.admin, "per"), "what a person closed, too")
	require.Equal(t, policy.Active, l.state(t, "per"))
}

func TestNobodyIsTheirOwnAdministratorAndNobodyElseIsOne(t *testing.T) {
	l := leaving(t)
	admin := l.App.Admin.Account
	for _, a := range []policy.Actor{l.admin, l.Admin("global", policy.GlobalAdministrator)} {
		refused(t, admin.Disable(t.Context(), a, a.Account), account.CodeOwnAccount)
		_, err := admin.Delete(t.Context(), a, a.Account)
		refused(t, err, account.CodeOwnAccount)
	}
	for _, a := range []policy.Actor{l.per, l.Admin("helper", policy.HelpdeskAdministrator)} {
		_, err := admin.Delete(t.Context(), a, "ada")
		for _, err := range []error{err, admin.Disable(t.Context(), a, "ada"), admin.Enable(t.Context(), a, "ada"), admin.Restore(t.Context(), a, "ada")} {
			refused(t, err, policy.CodeNotPermitted)
		}
	}
	for _, err := range []error{admin.Disable(t.Context(), l.admin, "nobody"), admin.Restore(t.Context(), l.Host, "nobody")} {
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}

func TestOfManyThatCloseReopenAndPurgeAtOnceEachSucceedsOnce(t *testing.T) {
	const many = 64
	l := leaving(t)
	_, yes, err := l.App.Account.AskClose(t.Context(), l.per, 30)
	require.NoError(t, err)
	request := account.CloseRequest{Days: 30, Understood: l.understood(t, l.per)}
	count := func(fn func() error) int {
		var ok atomic.Int64
		testkit.Together(many, func(int) {
			if fn() == nil {
				ok.Add(1)
			}
		})
		return int(ok.Load())
	}
	require.Equal(t, 1, count(func() error {
		_, err := l.App.Account.Close(t.Context(), l.per, request, yes)
		return err
	}))
	r, err := l.code(t, "per")
	require.NoError(t, err)
	require.Equal(t, 1, count(func() error { return l.App.Host.Account.Reopen(t.Context(), l.Host, r) }))
	require.NoError(t, l.close(t, l.SignIn(l.per), 30))
	l.Clock.Advance(30*day - time.Minute)
	r, err = l.code(t, "per")
	require.NoError(t, err)
	l.Clock.Advance(time.Minute)
	var erased atomic.Int64
	require.Zero(t, count(func() error {
		done, err := l.App.Host.Account.PurgeClosed(t.Context(), l.Host, 0)
		erased.Add(int64(done.Accounts))
		return errors.Join(err, l.App.Host.Account.Reopen(t.Context(), l.Host, r))
	}))
	require.EqualValues(t, 1, erased.Load())
	require.Equal(t, policy.Closed, l.state(t, "per"))
	require.Equal(t, 2, l.told("Delete user", policy.Succeeded))
	require.Equal(t, 1, l.told("Restore user", policy.Succeeded))
	require.Equal(t, 1, l.told("Hard Delete user", policy.Succeeded))
	require.Equal(t, 1, l.told("Erase deleted user", policy.Succeeded))
}

func TestFromAClosedAccountNoDoorLeadsBack(t *testing.T) {
	l := leaving(t)
	require.NoError(t, l.close(t, l.per, 30))
	l.Clock.Advance(30 * day)
	require.Equal(t, 1, l.purge(t))
	rows := testkit.Rows(t, l.DB)
	host, admin := l.App.Host.Account, l.App.Admin.Account
	_, deleted := admin.Delete(t.Context(), l.admin, "per")
	_, asked := l.code(t, "per")
	for _, err := range []error{
		admin.Restore(t.Context(), l.admin, "per"), admin.Enable(t.Context(), l.admin, "per"), admin.Disable(t.Context(), l.Host, "per"), deleted, asked,
		l.App.Host.Accounts.SetState(t.Context(), l.Host, "per", policy.Active),
		l.App.Host.Accounts.Provision(t.Context(), l.Host, "per", policy.Personal),
		host.PutProfile(t.Context(), l.Host, account.Profile{Account: "per", DisplayName: "Per"}),
		host.SetPassword(t.Context(), l.Host, "per", secret.NewText(better)),
		admin.UpdateProfile(t.Context(), l.admin, "per", set(account.DisplayName, "Per")),
		admin.RemovePhoto(t.Context(), l.admin, "per"),
	} {
		var denied *policy.Denied
		require.ErrorAs(t, err, &denied)
	}
	refused(t, l.verify(t, "per", good, true), account.CodeWrongPassword)
	l.Clock.Advance(-20 * day) // nor does a clock that was set back
	_, asked = l.code(t, "per")
	require.Error(t, asked)
	require.Zero(t, l.purge(t))
	require.Empty(t, cmp.Diff(rows, testkit.Rows(t, l.DB)))
}
