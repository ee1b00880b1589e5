package myaccount_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// restricted is what an account may not do for 30 days after all of its security info was replaced: change the password,
// addresses and other ways back in, and whatever needs a code (product rule 11.4). Signing in and out, looking, the
// profile, and keeping a thief out are none of it.
var restricted = []policy.Action{

	account.ChangePassword, account.SetFirstPassword, account.ChangeEmail, account.ConfirmEmail, account.ResendEmailCode, account.Close,
	account.NewRecoveryCode, account.RemoveRecoveryCode,
	devices.RevealKey,
}

func TestARestrictedAccountMayNotDoWhatTheProductForbidsAndNothingElse(t *testing.T) {
	var settled []policy.Action
	for _, r := range slices.Concat(policy.Rules(), account.Rules(), devices.Rules(), signins.Rules()) {
		if r.Settled {
			require.NotZero(t, r.By&policy.ByPerson, "%s: a restriction binds the person alone", r.Action)
			settled = append(settled, r.Action)
		}
		if r.By == policy.ByPerson && r.Level >= policy.AAL2 {
			require.True(t, r.Settled, "%s needs a code, and whoever replaced the info has the new one", r.Action)
		}
	}
	require.ElementsMatch(t, restricted, settled)
}
