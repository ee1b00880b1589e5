package policy

import (
	"time"

	"github.com/seed4b20689c/myaccount/internal/enum"
)

// Factor is what somebody proved themselves with.
type Factor uint8

// The factors, by what NIST SP 800-63B counts them as. An e-mail code is none of them: it proves a
// mailbox, and is never an authenticator (800-63B 3.1.3.1).
const (
	_                     Factor = iota
	FactorPassword               // something known
	FactorOTP                    // something held: one-time password of an app or token
	FactorPhone                  // something held, restricted: code by text message or voice call
	FactorPush                   // something held: prompt in an app
	FactorLookup                 // something held: one of a list of backup codes
	FactorSecurityKey            // something held, cryptographic hardware, without user verification
	FactorPasskey                // multi-factor: passkey with user verification
	FactorHardwarePasskey        // multi-factor, cryptographic hardware: device-bound passkey, smart card
	FactorRecovery               // account recovery; ranks below every sign-in and proves no level
)

var factorNames = enum.Names[Factor]{
	FactorPassword: "password", FactorOTP: "otp", FactorPhone: "phone", FactorPush: "push",
	FactorLookup: "lookup", FactorSecurityKey: "security-key", FactorPasskey: "passkey",
	FactorHardwarePasskey: "hardware-passkey", FactorRecovery: "recovery",
}

// String is the factor's name, such as "otp".
func (f Factor) String() string { return factorNames.Text(f) }

// MarshalText writes the factor's name.
func (f Factor) MarshalText() ([]byte, error) { return factorNames.Marshal(f) }

// UnmarshalText reads a factor's name.
func (f *Factor) UnmarshalText(b []byte) (err error) { *f, err = factorNames.Unmarshal(b); return err }

// Proof says that a factor was verified, and when. Whoever fills an [Actor] vouches for its proofs.
type Proof struct {
	Factor Factor    `json:"factor"`
	At     time.Time `json:"at"`
}

// CheckProof tells whether p names a known factor and when it was verified.
func CheckProof(field string, p Proof) error {
	if _, known := factorNames[p.Factor]; !known {
		return &Invalid{field, "has a proof without a known factor"}
	}
	return CheckTime(field, p.At)
}

// CheckTime tells whether t may be kept as a time at which something was: stores and exports hold years from 1970 to
// 9999.
func CheckTime(field string, t time.Time) error {
	if y := t.UTC().Year(); t.IsZero() || y < 1970 || y > 9999 {
		return &Invalid{field, "is not between the years 1970 and 9999; want when it was"}
	}
	return nil
}

// Level is an authenticator assurance level of NIST SP 800-63B. The zero Level is no proof at all.
type Level uint8

// Assurance levels.
const (
	AAL0 Level = iota // nothing proven
	AAL1              // one factor
	AAL2              // two different kinds of factor, or one multi-factor authenticator
	AAL3              // multi-factor with phishing-resistant cryptographic hardware
)

var levelNames = enum.Names[Level]{AAL0: "aal0", AAL1: "aal1", AAL2: "aal2", AAL3: "aal3"}

// String is the level's name as an acr value, such as "aal2".
func (l Level) String() string { return levelNames.Text(l) }

// factors says for people what has to be proven.
func (l Level) factors() string {
	return [...]string{"nothing", "one factor", "two factors", "two factors, one of them a hardware key that resists phishing"}[min(l, AAL3)]
}

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return levelNames.Marshal(l) }

// UnmarshalText reads a level's name.
func (l *Level) UnmarshalText(b []byte) (err error) { *l, err = levelNames.Unmarshal(b); return err }

// ClockSkew is how far in the future a proof may lie: the clocks of the host that verified it and of
// this program differ a little. Anything later is no proof.
const ClockSkew = time.Minute

// Recent is how old proofs may be, 15 minutes, wherever a rule asks for fresh ones: for whatever leads to secrets, stands in for a
// password, or decides who gets in. Source: OWASP ASVS 7.5.1.
const Recent = 15 * time.Minute

// Assurance computes the level that proofs reach at the time now, counting only those at most maxAge
// old (0: of any age). It is derived afresh for each decision and never stored. The same factor never
// counts twice, nor do two factors of one kind: two things held are AAL1.
func Assurance(proofs []Proof, now time.Time, maxAge time.Duration) Level {
	var known, held, multi, hardware bool
	for _, p := range proofs {
		age := now.Sub(p.At)
		if p.At.IsZero() || age < -ClockSkew || (maxAge > 0 && age > maxAge) {
			continue
		}
		switch p.Factor {
		case FactorPassword:
			known = true
		case FactorOTP, FactorPhone, FactorPush, FactorLookup:
			held = true
		case FactorSecurityKey:
			held, hardware = true, true
		case FactorPasskey:
			multi = true
		case FactorHardwarePasskey:
			multi, hardware = true, true
		}
	}
	switch multi = multi || known && held; {
	case multi && hardware:
		return AAL3
	case multi:
		return AAL2
	case known || held:
		return AAL1
	}
	return AAL0
}
