package account_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Lies in single rows: a store that answers with a row of its own choice, so that a right code of one is tried on another.

// carried is a code that somebody got, and where its challenge stands.
type carried struct {
	tenant  policy.TenantID
	account policy.AccountID
	id      challenge.ID
	code    secret.Text
}

// answering is a store that answers whoever asks for a challenge, or for a change of address, with that of h.
func (h carried) answering(changeToo bool) *faulty {
	where := func(policy.TenantID, policy.AccountID, challenge.ID) (policy.TenantID, policy.AccountID, challenge.ID) {
		return h.tenant, h.account, h.id
	}
	f := &faulty{lie: lie{challenge: where}}
	if changeToo {
		f.lie.change = where
	}
	return f
}

// codesAbout gives the codes that are on the stage, by what they are good for.
func codesAbout(t *testing.T, s *stage) map[string]carried {
	t.Helper()
	reopening := func(tenant policy.TenantID, id policy.AccountID) carried {
		testkit.EditStanding(t, s.DB, tenant, id, func(st *policy.Standing) { st.State = policy.Closing })
		r := account.ReopenRequest{Account: id, Method: challenge.Email, To: string(id) + "@" + string(tenant) + ".example", Attempt: "attempt"}
		n := account.NewIdentifier{Account: id, Kind: account.Email, Text: r.To, ProvenAt: s.Clock.Now()}
		require.NoError(t, s.App.Host.Account.AddIdentifier(t.Context(), policy.Host("test-host", tenant), n))
		issued, err := s.App.Host.Account.AskReopen(t.Context(), policy.Host("test-host", tenant), r)
		require.NoError(t, err)
		sent, _ := s.Mail.Last(r.To)
		return carried{tenant, id, issued, sent.Code}
	}
	changing := func(a policy.Actor) carried {
		c := beginChange(t, s.World, a)
		return carried{a.Tenant, a.Account, c.id, c.code}
	}
	s.Person("dan", policy.Personal)
	s.scatter(accounttest.Tenant, "dan")
	s.PersonIn(elsewhere, "cleo", policy.Personal)
	eve := s.Session(s.Person("eve", policy.Personal)).Actor
	far := s.Session(s.PersonIn(elsewhere, "fay", policy.Personal)).Actor
	return map[string]carried{
		"a change of address of another account": changing(eve),
		"a change of address in another tenant":  changing(far),
		"the same person's change of address":    {accounttest.Tenant, "per", s.changes["per"].id, s.changes["per"].code},
		"a reopening of another account":         reopening(accounttest.Tenant, "dan"),
		"a reopening in another tenant":          reopening(elsewhere, "cleo"),
		"the same person's reopening":            {accounttest.Tenant, "cleo", s.reopening.Challenge, s.reopening.Code},
	}
}

func TestACodeOpensNothingButWhatItWasSentForWhateverRowTheStoreAnswersWith(t *testing.T) {
	s := newStage(t)
	codes := codesAbout(t, s)
	before := s.told(t)
	for about, h := range codes {
		for _, changeToo := range []bool{false, true} {
			in := s.enter(t, h.answering(changeToo))
			err := in.room.Service.ConfirmEmail(t.Context(), in.per, h.id, h.code)
			if about == "the same person's change of address" {
				require.NoError(t, err, "of all codes the right one")
				continue
			}
			require.Error(t, err, "confirmed by %s", about)
			require.Equal(t, before, in.told(t), "confirmed by %s", about)
		}
		in, r := s.enter(t, h.answering(false)), s.reopening
		r.Account, r.Challenge, r.Code = "cleo", h.id, h.code
		err := in.room.Host.Reopen(t.Context(), in.Host, r)
		if about == "the same person's reopening" {
			require.NoError(t, err, "of all codes the right one")
		} else {
			require.Equal(t, challenge.CodeWrong, codeOf(err), "reopened by %s: %v", about, err)
			require.Equal(t, before, in.told(t), "reopened by %s", about)
		}
		// A link says whose it is, so that another challenge is all that a store could answer with.
		in = s.enter(t, h.answering(false))
		err = in.room.Host.CancelEmailChange(t.Context(), in.Host, s.changes["per"].link)
		require.Equal(t, challenge.CodeWrong, codeOf(err), "taken back by %s: %v", about, err)
		require.Equal(t, before, in.told(t), "taken back by %s", about)
	}
}

// told is what a store keeps of everybody on the stage that a right code changes, in both tenants. Wrong ones are counted elsewhere.
func (s *stage) told(t *testing.T) (all []any) {
	t.Helper()
	for _, tenant := range []policy.TenantID{accounttest.Tenant, elsewhere} {
		for _, id := range []policy.AccountID{"ada", "bob", "per", "una", "cleo", "dan", "eve", "fay"} {
			require.NoError(t, s.DB.Account().View(t.Context(), func(tx account.Tx) error {
				st, err := tx.Standing(tenant, id)
				if errors.Is(err, store.ErrNotFound) {
					return nil
				}
				identifiers, none := tx.IdentifiersOf(tenant, id)
				changes, nor := tx.EmailChangesOf(tenant, id)
				all = append(all, st, identifiers, changes)
				return errors.Join(err, none, nor)
			}))
		}
	}
	return all
}

func TestAClosingThatOnlyTheListSaysIsDueErasesNothing(t *testing.T) {
	base := newStage(t)
	later := func(tenant policy.TenantID, now time.Time) (policy.TenantID, time.Time) {
		return tenant, now.Add(account.LongGrace * 2 * day)
	}
	for _, of := range []policy.AccountID{"cleo", "per", "bob"} { // one that is being closed, and two that are not
		f := &faulty{lie: lie{due: later, forged: func(c *account.Closing) {
			c.Due, c.Account = base.Clock.Now(), of
		}}}
		s := base.enter(t, f)
		done, err := s.room.Host.PurgeClosed(t.Context(), s.Host, 0)
		require.NoError(t, err)
		require.Zero(t, done.Accounts)
		require.Positive(t, f.lies)
		requireSame(t, base.rows, testkit.Rows(t, s.DB), "%s", of)
	}
}
