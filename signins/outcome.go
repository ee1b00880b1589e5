package signins

import (
	"slices"

	"github.com/seed4b20689c/myaccount/internal/enum"
)

// Outcome is how an attempt to sign in ended. Four are told apart, because they ask for different things (S2):
// see [Outcome.Advice].
type Outcome uint8

// Outcomes.
const (
	Success Outcome = iota + 1
	// Interrupted is neither success nor failure: the person was asked for something more, such as consent, or
	// left.
	Interrupted
	// FirstFactorFailed says that whoever it was did not know the password, or have what stands for it.
	FirstFactorFailed
	// LaterStepFailed says that the first factor was right and something after it failed: somebody may have the
	// password.
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

// Advice is what the person should do about the outcome if it was not they; empty for a success, which says
// nothing by itself.
func (o Outcome) Advice() string {
	switch o {
	case Interrupted:
		return "Somebody was asked for something more and did not finish. Nothing needs to be done."
	case FirstFactorFailed:
		return "Whoever it was did not get past the first step. You do not need to change your password. Add a second sign-in method, if you have none."
	case LaterStepFailed:
		return "Whoever it was got past the first step. If it was not you, change your password now, and review your security info."
	}
	return ""
}

// Key is the message key of the outcome for translations.
func (o Outcome) Key() string { return "myaccount.signin." + o.String() }

// outcomeOf tells how an attempt ended from its error code and its steps, and not from anything that claims
// success.
func outcomeOf(code int, steps []Step) Outcome {
	switch {
	case code == 0:
		return Success
	case interruptions[code]:
		return Interrupted
	case afterFirst[code] || slices.ContainsFunc(steps, func(s Step) bool { return s.Succeeded }):
		return LaterStepFailed
	}
	return FirstFactorFailed
}

// interruptions are the codes by which Microsoft Entra asks for something more, or for a new sign-in (reference:
// error codes).
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

// afterFirst are the codes of failures that come after the right password.
var afterFirst = codes(
	50055,                                     // password expired
	50074, 50088, 500121, 50131, 50155, 50187, // second factor or device failed
	53000, 53001, 53002, 53003, 53004, 530002, 530003, // blocked by a condition
)

func codes(all ...int) map[int]bool {
	m := make(map[int]bool, len(all))
	for _, c := range all {
		m[c] = true
	}
	return m
}
