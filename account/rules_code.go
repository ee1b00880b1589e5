package account

import (
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
)

// Actions about codes that prove a factor.
const (
	SendCode   policy.Action = "account.send-code"
	VerifyCode policy.Action = "account.verify-code"
)

const factorSource = "NIST SP 800-63B-4 3.1.3; OWASP ASVS 6.5.5, 6.6.2, 7.5.3"

var notActive = policy.Forbidden(challenge.CodeInactive, policy.AskAdministrator, "This account is not active.")

// What the host asks for somebody who signs in, or steps up.
var (
	sendCode = &policy.Spec[Tx, policy.Standing]{
		Rule: policy.Rule{Action: SendCode, Activity: "Send verification code", Category: userCategory, By: policy.ByHost,
			Says: "Send a code that proves a factor, for a sign-in or a step-up.", States: "not active; the session to step up has ended; too many codes", Source: factorSource},
		Load: anyStanding, Forbids: inactive,
	}
	// What is done with the proof leaves its own event.
	verifyCode = &policy.Spec[Tx, policy.Standing]{
		Rule: policy.Rule{Action: VerifyCode, Activity: "Verify code", Category: userCategory, By: policy.ByHost, Records: policy.NoSuccess,
			Says: "Take a code that proves a factor.", States: "not active; the session to step up has ended; wrong code; too many wrong ones", Source: factorSource},
		Load: anyStanding, Forbids: inactive,
	}
)

func inactive(_ *policy.Op, st policy.Standing) *policy.Reason {
	return when(st.State != policy.Active, notActive)
}
