package account_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
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
)

// saved makes Per's recovery code.
func (k known) saved(t *testing.T) secret.Text {
	t.Helper()
	k.per = k.SignIn(k.per)
	code, err := k.App.Account.NewRecoveryCode(t.Context(), k.per)
	require.NoError(t, err)
	return code
}

func (k known) recover(t *testing.T, id policy.AccountID, code secret.Text) (account.Recovered, error) {
	return k.App.Host.Account.Recover(t.Context(), k.Host, id, code)
}

func (k known) standing(t *testing.T, id policy.AccountID) policy.Standing {
	t.Helper()
	st, err := k.App.Host.Accounts.Account(t.Context(), k.Host, id)
	require.NoError(t, err)
	return st
}

// last is the newest event.
func (k known) last() policy.Event {
	all := k.Events(accounttest.Tenant)
	return all[len(all)-1]
}

// wrongCode looks like a code.
var wrongCode = secret.NewText("00000-00000-00000-00000-00000")

func TestARecoveryCodeIsShownOnceAndProvesRecoveryAndNothingElse(t *testing.T) {
	k := people(t)
	code := k.saved(t)
	require.Regexp(t, regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$`), code.Reveal())
	require.Equal(t, "User registered security info", k.last().Activity)
	require.True(t, k.last().Notify)
	require.Equal(t, policy.AccountID("per"), k.last().Account)

	k.Clock.Advance(400 * 24 * time.Hour)
	r, err := k.recover(t, "per", code)
	require.NoError(t, err)
	require.Equal(t, policy.Proof{Factor: policy.FactorRecovery, At: k.Clock.Now()}, r.Proof)
	require.Equal(t, policy.AAL0, policy.Assurance([]policy.Proof{r.Proof}, k.Clock.Now(), 0))
	require.Equal(t, "Self-service password reset flow activity progress", k.last().Activity)
	require.Equal(t, policy.Succeeded, k.last().Outcome)
	require.True(t, k.last().Notify)
	require.Equal(t, policy.AccountID("per"), k.last().Account)
}

func TestAUsedRecoveryCodeIsDeadAndTheNextOneLives(t *testing.T) {
	k := people(t)
	code := k.saved(t)
	for range 3 {
		r, err := k.recover(t, "per", code)
		require.NoError(t, err)
		_, err = k.recover(t, "per", code)
		refused(t, err, account.CodeWrongRecoveryCode)
		code = r.Code
	}
}

func TestANewRecoveryCodeKillsTheOld(t *testing.T) {
	k := people(t)
	old := k.saved(t)
	fresh := k.saved(t)
	require.Equal(t, []policy.Fact{{Name: "recovery-code", Value: "replaced"}}, k.last().Facts)
	_, err := k.recover(t, "per", old)
	refused(t, err, account.CodeWrongRecoveryCode)
	_, err = k.recover(t, "per", fresh)
	require.NoError(t, err)
}

func TestARemovedRecoveryCodeIsDead(t *testing.T) {
	k := people(t)
	refused(t, k.App.Account.RemoveRecoveryCode(t.Context(), k.per), account.CodeNoRecoveryCode)
	code := k.saved(t)
	k.per = k.SignIn(k.per)
	require.NoError(t, k.App.Account.RemoveRecoveryCode(t.Context(), k.per))
	require.Equal(t, "User deleted security info", k.last().Activity)
	require.True(t, k.last().Notify)
	_, err := k.recover(t, "per", code)
	refused(t, err, account.CodeWrongRecoveryCode)
}

func TestAPersonSeesThatThereIsARecoveryCodeAndSinceWhen(t *testing.T) {
	k := people(t)
	v, err := k.App.Account.RecoveryCode(t.Context(), k.per)
	require.NoError(t, err)
	require.False(t, v.Exists)
	require.Zero(t, v.MadeAt)
	require.True(t, v.Make.Allowed)
	require.Equal(t, account.CodeNoRecoveryCode, v.Remove.Reason().Code)
	k.saved(t)
	made := k.Clock.Now()
	k.Clock.Advance(15*time.Minute + time.Microsecond)
	v, err = k.App.Account.RecoveryCode(t.Context(), k.per)
	require.NoError(t, err)
	require.True(t, v.Exists)
	require.Equal(t, made, v.MadeAt)
	for _, d := range []policy.Decision{v.Make, v.Remove} {
		require.Equal(t, policy.CodeFresherProof, d.Reason().Code)
	}
	for _, a := range []policy.Action{account.NewRecoveryCode, account.RemoveRecoveryCode} {
		d, err := k.App.Account.Can(t.Context(), k.per, a, "")
		require.NoError(t, err)
		require.Equal(t, policy.CodeFresherProof, d.Reason().Code)
	}
}

func TestMakingOrRemovingARecoveryCodeAsksForAProofOfTheLast15Minutes(t *testing.T) {
	k := people(t)
	k.saved(t)
	k.per = k.SignIn(k.per)
	k.per.Proofs = k.per.Proofs[:1] // AAL1
	k.Clock.Advance(15*time.Minute + time.Microsecond)
	_, err := k.App.Account.NewRecoveryCode(t.Context(), k.per)
	refused(t, err, policy.CodeFresherProof)
	refused(t, k.App.Account.RemoveRecoveryCode(t.Context(), k.per), policy.CodeFresherProof)
	k.Clock.Advance(-time.Microsecond)
	_, err = k.App.Account.NewRecoveryCode(t.Context(), k.per)
	require.NoError(t, err)
	recovered := k.SignIn(k.per)
	recovered.Proofs = []policy.Proof{{Factor: policy.FactorRecovery, At: k.Clock.Now()}}
	_, err = k.App.Account.NewRecoveryCode(t.Context(), recovered)
	refused(t, err, policy.CodeStrongerProof)
}

func TestRecoveryCodesAreForPersonalAccounts(t *testing.T) {
	k := people(t)
	for _, a := range []policy.Actor{k.ada, k.gil} {
		_, err := k.App.Account.NewRecoveryCode(t.Context(), a)
		d := refused(t, err, account.CodeOnlyPersonal)
		require.Equal(t, policy.ClassAccountKind, d.Reason().Class)
		_, err = k.App.Account.RecoveryCode(t.Context(), a)
		refused(t, err, account.CodeOnlyPersonal)
		refused(t, k.App.Account.RemoveRecoveryCode(t.Context(), a), account.CodeOnlyPersonal)
		refused(t, k.App.Host.Account.SecurityInfoReplaced(t.Context(), k.Host, a.Account, ""), account.CodeOnlyPersonal)
	}
}

func TestANewRecoveryCodeEndsEveryOtherSession(t *testing.T) {
	k := passwords(t)
	other, present := k.start(t, "per"), k.session
	before := k.standing(t, "per").Credentials
	_, err := k.App.Account.NewRecoveryCode(t.Context(), present.Actor)
	require.NoError(t, err)
	require.False(t, k.alive(t, other.Token))
	require.True(t, k.alive(t, present.Token))
	require.Equal(t, before+1, k.standing(t, "per").Credentials, "what was pending is void")

	other = k.start(t, "per")
	require.NoError(t, k.App.Account.RemoveRecoveryCode(t.Context(), present.Actor))
	require.False(t, k.alive(t, other.Token))
	require.True(t, k.alive(t, present.Token))
}

func TestARecoveryCodeIsReadAsPeopleTypeIt(t *testing.T) {
	k := people(t)
	spoil := map[string]func(string) string{
		"as shown":        func(s string) string { return s },
		"small letters":   strings.ToLower,
		"without hyphens": func(s string) string { return strings.ReplaceAll(s, "-", "") },
		"with spaces":     func(s string) string { return "  " + strings.ReplaceAll(s, "-", " \u00a0") + "\r\n" },
		"with dashes":     func(s string) string { return strings.ReplaceAll(s, "-", "–") },
		"with letters that look like digits": func(s string) string {
			return strings.NewReplacer("0", "O", "1", "l").Replace(s)
		},
		"with others": func(s string) string { return strings.NewReplacer("0", "o", "1", "I").Replace(s) },
	}
	code := k.saved(t)
	for what, typed := range spoil {
		r, err := k.recover(t, "per", secret.NewText(typed(code.Reveal())))
		require.NoError(t, err, what)
		code = r.Code
	}
	for _, typed := range map[string]string{
		"nothing": "", "too short": code.Reveal()[:28], "too long": code.Reveal() + "0", "far too long": code.Reveal() + strings.Repeat(" ", 1000),
	} {
		_, err := k.recover(t, "per", secret.NewText(typed))
		refused(t, err, account.CodeWrongRecoveryCode)
	}
}

func TestEveryCharacterOfARecoveryCodeCounts(t *testing.T) {
	k := people(t)
	code := k.saved(t).Reveal()
	for i, r := range code {
		if r == '-' {
			continue
		}
		other := byte('2')
		if r == '2' {
			other = '3'
		}
		_, err := k.recover(t, "per", secret.NewText(code[:i]+string(other)+code[i+1:]))
		refused(t, err, account.CodeWrongRecoveryCode)
	}
	_, err := k.recover(t, "per", secret.NewText(code))
	require.NoError(t, err)
}

func TestRecoveryCodesUseTheirWholeAlphabetAndNeverRepeat(t *testing.T) {
	k := people(t)
	seen, letters := make(map[string]bool), make(map[rune]int)
	for range 200 {
		code := k.saved(t).Reveal()
		require.False(t, seen[code])
		seen[code] = true
		for _, r := range strings.ReplaceAll(code, "-", "") {
			letters[r]++
		}
	}
	require.Len(t, letters, 32, "so that 25 of them are 125 bits")
	for r, n := range letters { // 5000 draws: 156 of each, and sixteen deviations of 12 around it are chance enough
		require.InDelta(t, 156, n, 100, string(r))
	}
}

func TestEveryFailedRecoverySaysTheSame(t *testing.T) {
	k := people(t)
	codes := make(map[policy.AccountID]secret.Text)
	for _, id := range []policy.AccountID{"off", "shut", "work"} {
		a := k.Person(id, policy.Personal)
		code, err := k.App.Account.NewRecoveryCode(t.Context(), a)
		require.NoError(t, err)
		codes[id] = code
	}
	require.NoError(t, k.App.Host.Accounts.SetState(t.Context(), k.Host, "off", policy.Disabled))
	require.NoError(t, k.App.Host.Accounts.SetState(t.Context(), k.Host, "shut", policy.Closed))
	// whom the host vouched for as a personal account, and then provisioned as another
	editStanding(t, k.DB, "work", func(st *policy.Standing) { st.Kind = policy.Work })
	k.saved(t)
	codes["per"], codes["nobody"], codes["ada"], codes["root"] = wrongCode, wrongCode, wrongCode, secret.NewText("what is that")
	said := make(map[string]bool)
	for id, code := range codes {
		_, err := k.recover(t, id, code)
		d := refused(t, err, account.CodeWrongRecoveryCode)
		said[fmt.Sprintf("%v %+v", err, d)] = true
	}
	require.Len(t, said, 1)
	_, err := k.recover(t, "", wrongCode)
	invalid(t, err, "account")
}

// digesting counts the work of digesting.
type digesting struct {
	secret.Vault
	work int
}

func (d *digesting) Digests(purpose string, text secret.Text) ([]secret.Digest, error) {
	if purpose == "recovery-code" {
		d.work++
	}
	return d.Vault.Digests(purpose, text)
}

func TestEveryFailedRecoveryCostsTheSame(t *testing.T) {
	k := people(t)
	k.saved(t)
	d := &digesting{Vault: k.Ring}
	app, err := myaccount.New(k.DB, d, myaccount.WithPolicy(policy.WithClock(k.Clock.Now)))
	require.NoError(t, err)
	for id, code := range map[policy.AccountID]string{"per": wrongCode.Reveal(), "nobody": wrongCode.Reveal(), "ada": "", "gil": strings.Repeat("x", 1000)} {
		before := d.work
		_, err := app.Host.Account.Recover(t.Context(), k.Host, id, secret.NewText(code))
		refused(t, err, account.CodeWrongRecoveryCode)
		require.Equal(t, 2, d.work-before, "%s", id)
	}
}

func TestNoNumberOfWrongRecoveryCodesKeepsTheRightOneFromBeingHeard(t *testing.T) {
	k := people(t)
	code := k.saved(t)
	before, events := testkit.Rows(t, k.DB), len(k.Events(accounttest.Tenant))
	for range 150 {
		_, err := k.recover(t, "per", wrongCode)
		refused(t, err, account.CodeWrongRecoveryCode)
	}
	testkit.RequireSame(t, before, testkit.Rows(t, k.DB))
	require.Len(t, k.Events(accounttest.Tenant), events+1, "and who guesses fills no log")
	e := k.last()
	require.Equal(t, []any{policy.Refused, 150, policy.AccountID("per")}, []any{e.Outcome, e.Count, e.Account}, "the person finds it in their history")
	require.False(t, e.Notify, "who guesses sends nobody notices")
	_, err := k.recover(t, "per", code)
	require.NoError(t, err)
}

func TestGuessesAtNamesForRecoveryLeaveOneRecordAndNoRow(t *testing.T) {
	k := people(t)
	rows, events := testkit.Rows(t, k.DB), len(k.Events(accounttest.Tenant))
	for i := range 20 {
		_, err := k.recover(t, policy.AccountID(fmt.Sprintf("nobody-%d", i)), wrongCode)
		require.Error(t, err)
	}
	require.Len(t, k.Events(accounttest.Tenant), events+1)
	testkit.RequireSame(t, rows, testkit.Rows(t, k.DB))
}

func TestARecoveryCodeOpensNoOtherAccountAndNoOtherTenant(t *testing.T) {
	k := people(t)
	code := k.saved(t)
	k.Tenant("fabrikam")
	k.Person("pia", policy.Personal)
	for _, a := range []policy.Actor{k.Person("pal", policy.Personal), k.PersonIn("fabrikam", "per", policy.Personal)} {
		_, err := k.App.Account.NewRecoveryCode(t.Context(), a)
		require.NoError(t, err)
		_, err = k.App.Host.Account.Recover(t.Context(), policy.Host("test-host", a.Tenant), a.Account, code)
		refused(t, err, account.CodeWrongRecoveryCode)
		// not even where somebody moved the digest to
		row := k.code(t, accounttest.Tenant, "per")
		require.NoError(t, k.DB.Account().Update(t.Context(), func(tx account.Tx) error {
			now, err := tx.RecoveryCode(a.Tenant, a.Account)
			require.NoError(t, err)
			now.Digest = row.Digest
			_, err = tx.PutRecoveryCode(now)
			return err
		}))
		_, err = k.App.Host.Account.Recover(t.Context(), policy.Host("test-host", a.Tenant), a.Account, code)
		refused(t, err, account.CodeWrongRecoveryCode)
	}
}

// code is the row of somebody's code.
func (k known) code(t *testing.T, tenant policy.TenantID, id policy.AccountID) (row account.RecoveryCode) {
	t.Helper()
	require.NoError(t, k.DB.Account().View(t.Context(), func(tx account.Tx) (err error) {
		row, err = tx.RecoveryCode(tenant, id)
		return err
	}))
	return row
}

func TestARecoveryCodeOutlivesTheRotationOfKeys(t *testing.T) {
	k := people(t)
	old := secret.NewKey("old")
	ring := func(current secret.Key, older ...secret.Key) *myaccount.Account {
		r, err := secret.NewKeyRing(current, older...)
		require.NoError(t, err)
		app, err := myaccount.New(k.DB, r, myaccount.WithPolicy(policy.WithClock(k.Clock.Now)))
		require.NoError(t, err)
		return app
	}
	code, err := ring(old).Account.NewRecoveryCode(t.Context(), k.per)
	require.NoError(t, err)
	_, err = ring(secret.NewKey("new")).Host.Account.Recover(t.Context(), k.Host, "per", code)
	refused(t, err, account.CodeWrongRecoveryCode)
	_, err = ring(secret.NewKey("new"), old).Host.Account.Recover(t.Context(), k.Host, "per", code)
	require.NoError(t, err)
}

func TestOf64RecoveriesByOneCodeAtOnceOneWins(t *testing.T) {
	k := people(t)
	code := k.saved(t)
	var won [64]account.Recovered
	var errs [64]error
	testkit.Together(len(errs), func(i int) { won[i], errs[i] = k.recover(t, "per", code) })
	var winner *account.Recovered
	for i, err := range errs {
		if err == nil {
			require.Nil(t, winner)
			winner = &won[i]
			continue
		}
		refused(t, err, account.CodeWrongRecoveryCode)
		require.Zero(t, won[i])
	}
	require.NotNil(t, winner)
	_, err := k.recover(t, "per", winner.Code)
	require.NoError(t, err)
}

func TestOf64NewRecoveryCodesAtOnceOneIsGood(t *testing.T) {
	k := people(t)
	var codes [64]secret.Text
	testkit.Together(len(codes), func(i int) { codes[i], _ = k.App.Account.NewRecoveryCode(t.Context(), k.per) })
	good := 0
	for _, code := range codes {
		if _, err := k.recover(t, "per", code); err == nil {
			good++
		}
	}
	require.Equal(t, 1, good)
}

func TestARecoveryCodeLeavesATraceNowhere(t *testing.T) {
	k := people(t)
	var left bytes.Buffer
	leave := func(values ...any) {
		for _, v := range values {
			for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&left, format+"\n", v)
			}
			b, err := json.Marshal(v)
			require.NoError(t, err)
			left.Write(b)
			slog.New(slog.NewJSONHandler(&left, nil)).Info("left", "value", v)
			slog.New(slog.NewTextHandler(&left, nil)).Info("left", "value", v)
		}
	}
	codes := []secret.Text{k.saved(t), k.saved(t)}
	leave(codes[0])
	for range 2 {
		r, err := k.recover(t, "per", codes[len(codes)-1])
		require.NoError(t, err)
		leave(r, &r)
		codes = append(codes, r.Code)
	}
	for _, code := range codes[:3] {
		_, err := k.recover(t, "per", code)
		leave(err, err.Error())
	}
	v, err := k.App.Account.RecoveryCode(t.Context(), k.per)
	require.NoError(t, err)
	leave(v, k.code(t, accounttest.Tenant, "per"), k.Events(accounttest.Tenant))
	text := left.String() + testkit.Saved(t, k.DB)
	require.Contains(t, text, secret.Redacted)
	require.Contains(t, text, `"table":"recovery-codes"`)
	for _, code := range codes {
		plain := strings.ReplaceAll(code.Reveal(), "-", "")
		for _, form := range []string{code.Reveal(), plain, strings.Split(code.Reveal(), "-")[0] + "-", hex.EncodeToString([]byte(plain)), base64.RawStdEncoding.EncodeToString([]byte(plain)), fmt.Sprintf("%d", []byte(code.Reveal()))} {
			require.NotContains(t, strings.ToUpper(text), strings.ToUpper(form))
		}
	}
}

func TestARecoveryCodeIsSavedAndLoaded(t *testing.T) {
	k := people(t)
	code := k.saved(t)
	loaded, err := memstore.Load(strings.NewReader(testkit.Saved(t, k.DB)))
	require.NoError(t, err)
	app, err := myaccount.New(loaded, k.Ring, myaccount.WithPolicy(policy.WithClock(k.Clock.Now)))
	require.NoError(t, err)
	_, err = app.Host.Account.Recover(t.Context(), k.Host, "per", code)
	require.NoError(t, err)
}

// failing is a vault that digests nothing.
type failing struct {
	secret.Vault
	digests []secret.Digest
	err     error
}

func (f failing) Digests(string, secret.Text) ([]secret.Digest, error) { return f.digests, f.err }

func TestWithoutADigestThereIsNoRecoveryCode(t *testing.T) {
	k := people(t)
	code := k.saved(t)
	before := testkit.Saved(t, k.DB)
	for what, vault := range map[string]failing{"an error": {err: testkit.ErrStruck}, "none": {}, "an empty one": {digests: make([]secret.Digest, 1)}} {
		app, err := myaccount.New(k.DB, vault, myaccount.WithPolicy(policy.WithClock(k.Clock.Now)))
		require.NoError(t, err)
		_, err = app.Account.NewRecoveryCode(t.Context(), k.per)
		require.Error(t, err, what)
		require.Equal(t, vault.err != nil, errors.Is(err, testkit.ErrStruck))
		_, err = app.Host.Account.Recover(t.Context(), k.Host, "per", code)
		require.Error(t, err, what)
		require.False(t, errors.As(err, new(*policy.Denied)), "trouble is no refusal")
	}
	testkit.RequireSame(t, before, testkit.Saved(t, k.DB))
}

func TestAnOverviewHintsThatAPersonalAccountHasNoRecoveryCode(t *testing.T) {
	k := people(t)
	hinted := func(a policy.Actor) bool {
		blocks, err := k.App.Account.Overview(t.Context(), a)
		require.NoError(t, err)
		for _, n := range blocks[0].Notices {
			if n.Code == account.NoticeNoRecoveryCode {
				require.Equal(t, policy.Hint, n.Urgency)
				require.Equal(t, account.NewRecoveryCode, n.Action)
				return true
			}
		}
		return false
	}
	require.True(t, hinted(k.per))
	require.False(t, hinted(k.ada))
	require.False(t, hinted(k.gil))
	k.Clock.Advance(time.Hour)
	require.True(t, hinted(k.per), "who has only to prove who they are is told too")
	require.NoError(t, k.App.Admin.Policy.Lock(t.Context(), k.Host, account.AreaRecovery))
	require.False(t, hinted(k.per), "what cannot be done is no hint")
	require.NoError(t, k.App.Admin.Policy.Unlock(t.Context(), k.Host, account.AreaRecovery))
	k.saved(t)
	require.False(t, hinted(k.SignIn(k.per)))
}

func TestARecoveryCodeIsNotSpentOnAnAccountThatWasDisabledWhileItIsBeingClosed(t *testing.T) {
	l := leaving(t)
	code := l.saved(t)
	require.NoError(t, l.close(t, l.SignIn(l.per), 30))
	r, err := l.recover(t, "per", code)
	require.NoError(t, err)
	require.NoError(t, l.App.Admin.Account.Disable(t.Context(), l.admin, "per"))
	_, err = l.recover(t, "per", r.Code)
	refused(t, err, account.CodeWrongRecoveryCode)
	refused(t, l.reset(t, "per", better, recoveredAt(l.Clock.Now())), account.CodeAlreadyDisabled)
	require.NoError(t, l.reopen(t, "per"))
	require.NoError(t, l.App.Admin.Account.Enable(t.Context(), l.admin, "per"))
	_, err = l.recover(t, "per", r.Code)
	require.NoError(t, err, "and is as good as it was")
}
