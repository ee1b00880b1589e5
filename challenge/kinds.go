package challenge

import (
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
)

// Purpose is what a challenge is for. A code for one purpose is good for no other.
type Purpose string

// The purposes.
const (
	Enroll       Purpose = "enroll"        // prove a phone or address before it becomes a sign-in method
	StepUp       Purpose = "step-up"       // prove one more factor in a session, for one action
	SecondFactor Purpose = "second-factor" // of a sign-in
	Reset        Purpose = "reset"         // of a forgotten password
	ChangeEmail  Purpose = "change-email"  // prove the new address
	CancelChange Purpose = "cancel-change" // take back a change that somebody else may have made
	Reopen       Purpose = "reopen"        // an account in its grace period
)

// Method is by what somebody proves something. Those named here carry codes; rooms that verify factors of other
// kinds, such as a password or the code of an app, count attempts by names of their own ([Attempt]).
type Method string

// The methods that carry codes.
const (
	SMS       Method = "sms"
	Voice     Method = "voice"
	Email     Method = "email"
	EmailLink Method = "email-link" // a long token that a link carries
)

// Kind is one use of challenges, as data.
type Kind struct {
	Purpose Purpose
	Method  Method
	// Digits is the length of the code; 0 for a token of 256 bits.
	Digits int
	// Lifetime is how long a code is good for, from when it was made.
	Lifetime time.Duration
	// Factor is what a right code proves about the person; 0 if it proves the target only. E-mail is never an
	// authenticator, so it proves recovery at the most.
	Factor policy.Factor
	// Survives says that a challenge outlives changed credentials and signing out everywhere.
	Survives bool
	// Inactive says that it is for accounts that are not active, too; never for those that are closed for good.
	Inactive bool
	// Source is where the numbers come from.
	Source string
}

const (
	outOfBand = "OWASP ASVS 6.5.5: at most 10 minutes; NIST SP 800-63B-4 3.1.3.2: at least 6 digits"
	recovery  = "NIST SP 800-63B-4 4.2.1.2: at least 6 digits, at most 10 minutes by text message or voice"
	mailed    = "NIST SP 800-63B-4 4.2.1.2: at least 6 digits, at most 24 hours by e-mail"
	taking    = "Microsoft account: replaced security info may be taken back for 30 days; OWASP ASVS 11.5.1: at least 128 bits"
)

var kinds = []Kind{
	{Purpose: Enroll, Method: SMS, Digits: 6, Lifetime: 10 * time.Minute, Source: outOfBand},
	{Purpose: Enroll, Method: Voice, Digits: 6, Lifetime: 10 * time.Minute, Source: outOfBand},
	{Purpose: Enroll, Method: Email, Digits: 6, Lifetime: time.Hour, Source: mailed},
	{Purpose: StepUp, Method: SMS, Digits: 6, Lifetime: 5 * time.Minute, Factor: policy.FactorPhone, Source: "OWASP Transaction Authorization: short-lived; " + outOfBand},
	{Purpose: StepUp, Method: Voice, Digits: 6, Lifetime: 5 * time.Minute, Factor: policy.FactorPhone, Source: "OWASP Transaction Authorization: short-lived; " + outOfBand},
	{Purpose: SecondFactor, Method: SMS, Digits: 6, Lifetime: 10 * time.Minute, Factor: policy.FactorPhone, Source: outOfBand},
	{Purpose: SecondFactor, Method: Voice, Digits: 6, Lifetime: 10 * time.Minute, Factor: policy.FactorPhone, Source: outOfBand},
	{Purpose: Reset, Method: SMS, Digits: 6, Lifetime: 10 * time.Minute, Factor: policy.FactorRecovery, Source: recovery},
	{Purpose: Reset, Method: Voice, Digits: 6, Lifetime: 10 * time.Minute, Factor: policy.FactorRecovery, Source: recovery},
	{Purpose: Reset, Method: Email, Digits: 6, Lifetime: time.Hour, Factor: policy.FactorRecovery, Source: mailed},
	{Purpose: ChangeEmail, Method: Email, Digits: 6, Lifetime: time.Hour, Source: mailed},
	{Purpose: CancelChange, Method: EmailLink, Lifetime: 30 * 24 * time.Hour, Survives: true, Inactive: true, Source: taking},
	{Purpose: Reopen, Method: SMS, Digits: 6, Lifetime: 10 * time.Minute, Factor: policy.FactorRecovery, Inactive: true, Source: recovery},
	{Purpose: Reopen, Method: Voice, Digits: 6, Lifetime: 10 * time.Minute, Factor: policy.FactorRecovery, Inactive: true, Source: recovery},
	{Purpose: Reopen, Method: Email, Digits: 6, Lifetime: time.Hour, Factor: policy.FactorRecovery, Inactive: true, Source: mailed},
}

// guessable reports whether somebody could hit on such a code by trying.
func (k Kind) guessable() bool { return k.Digits != 0 }

// open reports whether such a challenge is for an account as it is now.
func (k Kind) open(st policy.Standing) bool {
	switch st.State {
	case policy.Active:
		return true
	case policy.Disabled, policy.Closing:
		return k.Inactive
	}
	return false // for good, or not known at all
}

// Kinds lists all uses of challenges that there are.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindOf gives the kind of a purpose by a method, or a [policy.Invalid] where there is none: not every method is
// good for everything.
func KindOf(p Purpose, m Method) (Kind, error) {
	for _, k := range kinds {
		if k.Purpose == p && k.Method == m {
			return k, nil
		}
	}
	return Kind{}, &policy.Invalid{Field: "method", Problem: "is not one for this purpose"}
}
