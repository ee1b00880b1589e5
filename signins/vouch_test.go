package signins_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

func TestASessionThatTheHostKeepsCannotBeToldFromTheOthers(t *testing.T) {
	w := accounttest.New(t, myaccount.WithPolicy(policy.Vouch(policy.Work)))
	ours := w.Session(w.Person("ada", policy.Work))
	away := w.SignIn(ours.Actor)
	away.Session = "kept-elsewhere"
	before := rows(t, w.DB)
	for name, actor := range map[string]policy.Actor{"a session of the host's": away, "no session": w.SignIn(policy.Actor{Tenant: away.Tenant, Account: "ada"})} {
		may, err := w.App.SignIns.Can(ctx, actor, signins.EndOtherSessions, "")
		require.NoError(t, err)
		require.False(t, may.Allowed, name)
		require.Equal(t, signins.CodeSessionElsewhere, may.Reason().Code, name)
	}
	refused(t, w.App.SignIns.EndOthers(ctx, away), signins.CodeSessionElsewhere)
	_, err := signOut(t, w.App.SignIns, away, true)
	refused(t, err, signins.CodeSessionElsewhere)
	requireSame(t, before, rows(t, w.DB))

	may, err := w.App.SignIns.Can(ctx, ours.Actor, signins.EndOtherSessions, "")
	require.NoError(t, err)
	require.True(t, may.Allowed)
	require.NoError(t, w.App.SignIns.EndOthers(ctx, ours.Actor))
	_, err = signOut(t, w.App.SignIns, away, false)
	require.NoError(t, err, "signing out everywhere needs to tell nothing apart")
}
