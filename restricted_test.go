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

// open is what a person does who has to set a new password before anything else, of all that changes something or leaves a
// record: setting it, signing out, and saying that a sign-in was somebody else's. Of an update of the profile each attribute
// waits, and that a session is in use is no deed of its person's.
var open = []policy.Action{
	account.ChangePassword, account.SetFirstPassword, account.UpdateProfile,
	signins.EndSession, signins.EndOtherSessions, signins.SignOutEverywhere, signins.SayThisWasNotMe, signins.TouchSession,
}

func TestWhoHasToSetANewPasswordMayLookAndSignOutAndNothingElse(t *testing.T) {
	var found []policy.Action
	for _, r := range slices.Concat(policy.Rules(), account.Rules(), devices.Rules(), signins.Rules()) {
		if r.Demand != policy.WaitsForPassword {
			require.Equal(t, policy.ByPerson, r.By, "%s: an exception is for what people do for themselves", r.Action)
			found = append(found, r.Action)
		}
		require.Equal(t, r.Action == account.ChangePassword, r.Demand == policy.MeetsDemand, "%s", r.Action)
	}
	require.ElementsMatch(t, open, found)
}
