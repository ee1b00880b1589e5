package signins

import (
	"slices"

	"github.com/seed4b20689c/myaccount/internal/enum"
)

// Outcome is how an attempt to sign in ended. Four are told apart, because they ask for different things (S2):
// see [SignIn.Advice].
type Outcome uint8

// Outcomes.
const (
	Success Outcome = iota + 1
	// Interrupted is neither success nor failure: the person was asked for something more, such as consent, or
	// left.
	Interrupted
	// FirstFactorFailed says that whoever it was did not know the password, or have what stands for it.
	FirstFactorFailed
	// LaterStepFailed says that the first factor was right and something after it failed, or that nothing is known
	// to the contrary: somebody may have the password.
	LaterStepFailed
)

var outcomeNames = enum.Names[Outcome]{Success: "success", Interrupted: "interrupted",
	FirstFactorFailed: "first-factor-failed", LaterStepFailed: "later-step-failed"}

// String is the outcome's name, such as "first-factor-failed".
func (o Outcome) String() string { return outcomeNames.Text(o) }

// MarshalText writes the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) { return outcomeNames.Marshal(o) }

// UnmarshalText reads an outcome's name.
func (o *Outcome) UnmarshalText(b []byte) (err error) {
	*o, err = outcomeNames.Unmarshal(b)
	return err
}

// Title is the outcome as a person reads it.
func (o Outcome) Title() string {
	switch o {
	case Success:
		return "Successful sign-in"
	case Interrupted:
		return "Interrupted sign-in"
	case FirstFactorFailed, LaterStepFailed:
		return "Unsuccessful sign-in"
	}
	return ""
}

// Advice is what the person should do about the attempt if it was not they; empty for a success, which says
// nothing by itself.
func (s *SignIn) Advice() string {
	switch {
	case s.Outcome == Interrupted && s.pastFirst():
		return "Somebody was asked for something more and did not finish. If it was not you, somebody may know your password: change it."
	case s.Outcome == Interrupted:
		return "Somebody was asked for something more and did not finish. Nothing needs to be done."
	case s.Outcome == FirstFactorFailed:
		return "Whoever it was did not get past the first step. You do not need to change your password. Add a second sign-in method, if you have none."
	case s.Outcome == LaterStepFailed:
		return "Whoever it was may have got past the first step. If it was not you, change your password now, and review your security info."
	}
	return ""
}

// pastFirst reports whether whoever it was may have the first factor.
func (s *SignIn) pastFirst() bool {
	switch s.Outcome {
	case Success, LaterStepFailed:
		return true
	case Interrupted:
		return !firstNotAsked[s.Code] || anySucceeded(s.Steps)
	}
	return false
}

func anySucceeded(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Succeeded })
}

// Key is the message key of the outcome for translations.
func (o Outcome) Key() string { return "myaccount.signin." + o.String() }

// outcomeOf tells how an attempt ended from its error code and its steps, and not from anything that claims
// success. A code that nobody listed is not taken for a harmless one.
func outcomeOf(code int, steps []Step) Outcome {
	switch {
	case code == 0:
		return Success
	case interruptions[code]:
		return Interrupted
	case firstFailures[code] && !anySucceeded(steps):
		return FirstFactorFailed
	}
	return LaterStepFailed
}

// interruptions are the codes by which Microsoft Entra asks for something more, or for a new sign-in (Microsoft Entra,
// authentication and authorization error codes).
var interruptions = codes(
	16000, 16001, 16003, // choose an account
	50058,        // silent sign-in without a session
	50072, 50079, // must enrol for a second factor
	50076, 50078, // a second factor is asked for, or again
	50097,        // the device must authenticate
	50125, 50127, // registration in between
	50129, 50143, 50158, 50199, // join the device, another session, an external challenge, confirm
	50140,               // keep me signed in?
	50132, 50133, 50173, // the session is over: sign in anew
	50135, 50142, // a password change is required
	50203, 51006, 65001, 70044, // register an app, integrated sign-in, consent, session too old
)

// firstNotAsked are those among them that come before anybody has proven anything, or long after.
var firstNotAsked = codes(16000, 16001, 16003, 50058, 50132, 50133, 50143, 50173, 51006, 70044)

// firstFailures are the codes of failures at the first factor, or before it (from the same source).
var firstFailures = codes(
	50020, 50034, 50059, 50128, // no such account or organization
	50053,        // locked, or from a malicious address
	50056, 50126, // no password, wrong password
	50057,                             // the account is disabled
	50064, 80002, 80007, 80012, 81016, // on-premises and integrated authentication failed
	130500, 135010, 135011, // sign-in by phone or passkey failed
)

func codes(all ...int) map[int]bool {
	m := make(map[int]bool, len(all))
	for _, c := range all {
		m[c] = true
	}
	return m
}
