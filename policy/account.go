package policy

import (
	"time"

	"github.com/seed4b20689c/myaccount/internal/enum"
	"github.com/seed4b20689c/myaccount/store"
)

// Kind is the kind of an account. What an account may do depends on it.
type Kind uint8

// Kinds of account. They are bits, so that a [Rule] can name several.
const (
	Work     Kind = 1 << iota // work or school: managed by an organization
	Personal                  // the person's own
	Guest                     // of another organization, invited into this one
)

var kindNames = enum.Names[Kind]{Work: "work", Personal: "personal", Guest: "guest"}

// String is the kind's name, such as "work".
func (k Kind) String() string { return kindNames.Text(k) }

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return kindNames.Marshal(k) }

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(b []byte) (err error) { *k, err = kindNames.Unmarshal(b); return err }

// Kinds is the set of kinds that a rule is for. The zero Kinds is none.
type Kinds = Kind

// AllKinds is every kind of account.
const AllKinds Kinds = Work | Personal | Guest

// State is whether an account may act. The zero State admits nobody.
type State uint8

// States of an account.
const (
	Active   State = iota + 1 // may sign in and act
	Disabled                  // switched off by an administrator or the host
	Closed                    // closed; its identifier is never used again
	Closing                   // to be closed unless it is reopened in time
)

var stateNames = enum.Names[State]{Active: "active", Disabled: "disabled", Closed: "closed", Closing: "closing"}

// String is the state's name, such as "active".
func (s State) String() string { return stateNames.Text(s) }

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return stateNames.Marshal(s) }

// UnmarshalText reads a state's name.
func (s *State) UnmarshalText(b []byte) (err error) { *s, err = stateNames.Unmarshal(b); return err }

// Standing is what admission asks of an account: one row, read by every operation.
type Standing struct {
	Tenant  TenantID  `json:"tenant"`
	Account AccountID `json:"account"`
	Kind    Kind      `json:"kind"`
	State   State     `json:"state"`
	// Epoch counts the account's restarts: a session of an earlier epoch is dead.
	Epoch uint64 `json:"epoch,omitempty"`
	// Credentials counts changes of what the person signs in with: a challenge of an earlier count is dead.
	Credentials uint64 `json:"credentials,omitempty"`
	// SessionsValidFrom kills whatever was authenticated before it; zero kills nothing.
	SessionsValidFrom time.Time `json:"sessionsValidFrom,omitzero"`
	// Risk is that somebody else has got hold of the account. It is raised by what its person reports, and
	// ended by a new password ([Standing.WithNewPassword]).
	Risk Risk `json:"risk,omitempty"`
	// MustChangePassword says that the person has to set a new password before anything else: whatever they would change
	// is refused until then with [CodeMustChangePassword], but for what a [Rule] says about that ([Demand]).
	MustChangePassword bool `json:"mustChangePassword,omitempty"`
	// RestrictedUntil is when the account may do again what a [Rule] keeps from one whose security info was all
	// replaced; zero if it was not.
	RestrictedUntil time.Time `json:"restrictedUntil,omitzero"`
	// Vouched says that nobody provisioned the account: something was written of somebody whom the host vouches for
	// ([Vouch]).
	Vouched  bool           `json:"vouched,omitempty"`
	Revision store.Revision `json:"revision"`
}

// Voided is the standing with everything void that the account's person was given before: sessions, tokens, codes.
func (st Standing) Voided(now time.Time) Standing {
	st.Epoch++
	if now.After(st.SessionsValidFrom) { // a clock that was set back revives nothing
		st.SessionsValidFrom = now
	}
	return st
}

// WithNewCredential is the standing once something that the person signs in with has changed: whatever was given or asked
// for before is void.
func (st Standing) WithNewCredential(now time.Time) Standing {
	st = st.Voided(now)
	st.Credentials++
	return st
}

// Undemanded is the standing of an account that is closed for good: there is neither a risk to tell of nor a password to set.
func (st Standing) Undemanded() Standing {
	st.Risk, st.MustChangePassword = NoRisk, false
	return st
}

// WithNewPassword is the standing once there is a new password: a new credential, and none is demanded any more. The
// account is no longer at risk if the password was set securely: with proof of more than the old password, which is what
// somebody else may have got hold of (Entra: a secure password change remediates the risk of a user). Otherwise only a low
// risk ends.
func (st Standing) WithNewPassword(now time.Time, securely bool) Standing {
	st = st.WithNewCredential(now)
	st.MustChangePassword = false
	if securely || st.Risk == LowRisk {
		st.Risk = NoRisk
	}
	return st
}

// Restricted reports whether the account is restricted at a time, after all of its security info was replaced.
func (st Standing) Restricted(now time.Time) bool { return now.Before(st.RestrictedUntil) }

// Risk is how likely something is not what it seems.
type Risk uint8

// Risks, as Microsoft Graph names them.
const (
	NoRisk Risk = iota
	LowRisk
	MediumRisk
	HighRisk
	HiddenRisk // there may be one, but the tenant lacks the licence to see it
)

var riskNames = enum.Names[Risk]{NoRisk: "none", LowRisk: "low", MediumRisk: "medium", HighRisk: "high", HiddenRisk: "hidden"}

// String is the risk's name, such as "low".
func (r Risk) String() string { return riskNames.Text(r) }

// MarshalText writes the risk's name.
func (r Risk) MarshalText() ([]byte, error) { return riskNames.Marshal(r) }

// UnmarshalText reads a risk's name.
func (r *Risk) UnmarshalText(b []byte) (err error) { *r, err = riskNames.Unmarshal(b); return err }
