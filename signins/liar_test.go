package signins_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func TestAStoreThatMixesRowsUpIsNotBelieved(t *testing.T) {
	base := newStage(t)
	another := func(a policy.AccountID) policy.AccountID {
		if a == "ada" {
			return "bob"
		}
		return "ada"
	}
	for name, l := range map[string]lie{
		"settings of another tenant": {settings: func(policy.TenantID) policy.TenantID { return elsewhere }},
		"an account of another tenant": {standing: func(_ policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) {
			return elsewhere, "ada"
		}},
		"another account": {standing: func(t policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) { return t, another(a) }},
		"a session of another tenant": {session: func(policy.TenantID, policy.AccountID, policy.SessionID) (policy.TenantID, policy.AccountID, policy.SessionID) {
			return elsewhere, "ada", base.namesake.Actor.Session
		}},
		"a session of another account": {session: func(t policy.TenantID, a policy.AccountID, _ policy.SessionID) (policy.TenantID, policy.AccountID, policy.SessionID) {
			if a == "ada" {
				return t, "bob", base.another.Actor.Session
			}
			return t, "ada", base.here.Actor.Session
		}},
		"another session": {session: func(t policy.TenantID, a policy.AccountID, s policy.SessionID) (policy.TenantID, policy.AccountID, policy.SessionID) {
			if s == base.here.Actor.Session {
				return t, a, base.other.Actor.Session
			}
			return t, "ada", base.here.Actor.Session
		}},
		"sessions of another tenant":     {list: func(policy.TenantID, policy.AccountID) (policy.TenantID, policy.AccountID) { return elsewhere, "ada" }},
		"sessions of another account":    {list: func(t policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) { return t, another(a) }},
		"all sessions of another tenant": {every: func(policy.TenantID) policy.TenantID { return elsewhere }},
	} {
		lied := 0
		for _, d := range deeds {
			f := &faulty{lie: l}
			s := base.enter(t, f)
			got, err := d.call(s)
			if f.lies == 0 {
				require.Equal(t, d.want, codeOf(err), "%s: %s", name, d.name)
				continue
			}
			lied++
			if d.name != "list as the host" { // an account that is not known has no sessions
				require.Error(t, err, "%s: %s", name, d.name)
			}
			requireNothing(t, got, "%s: %s", name, d.name)
			requireSame(t, base.rows, rows(t, s.DB), "%s: %s", name, d.name)
		}
		require.Positive(t, lied, name)
	}
}

func TestPurgingThatBreaksOffTellsWhatItRemoved(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	one := w.Session(ada)
	row := stored(t, w.DB, "ada", one.Actor.Session)
	require.NoError(t, w.DB.SignIns().Update(t.Context(), func(tx signins.Tx) error {
		for i := range store.MaxPageSize {
			row.ID, row.Revision = policy.SessionID("more-"+strconv.Itoa(i)), 0
			if _, err := tx.PutSession(row); err != nil {
				return err
			}
		}
		return nil
	}))
	w.Clock.Advance(40 * day)
	kept := w.Session(w.SignIn(ada))
	count := func() int { return len(readable(t, w)) }

	deleted := 0
	room := over(t, w, spoiled(w.DB.SignIns(), &faulty{faults: faults{Strike: func(call int) error {
		if call == 1+1+store.MaxPageSize+1+2 { // a batch with its record, then settings and a page
			deleted = count()
			return errStruck
		}
		return nil
	}}}))
	n, err := room.Host.PurgeSessions(t.Context(), w.Host)
	require.ErrorIs(t, err, errStruck)
	require.False(t, errors.As(err, new(*policy.Denied)))
	require.Positive(t, n)
	require.Equal(t, store.MaxPageSize, deleted+n-2, "what it told was gone already")

	m, err := w.App.Host.SignIns.PurgeSessions(t.Context(), w.Host)
	require.NoError(t, err)
	require.Equal(t, store.MaxPageSize+1, n+m)
	require.Equal(t, 1, count())
	require.True(t, works(t, w.App.Host.SignIns, kept.Token))
}
