package password

import (
	"time"

	"github.com/seed4b20689c/myaccount/policy"
)

// Lengths in code points after normalization.
const (
	// MinAlone and MinWithSecondFactor are the least that NIST SP 800-63B-4 section 3.1.1.2 allows for a password
	// that is enough by itself, and for one that is only ever used together with another factor.
	MinAlone            = 15
	MinWithSecondFactor = 8
	// MaxLength is the longest password (Entra, concept-sspr-policy; NIST wants at least 64). What is longer is
	// refused and never cut.
	MaxLength = 256
)

// maxFailures is how many failures in a row NIST SP 800-63B-4 section 3.2.2 allows before the password is of no use any more.
const maxFailures = 100

// AreaProtection is what an organization sets for itself against guessing: when wrong passwords lock, and words of its own
// that count as common. Only administrators meet it, and of the area only its licences matter (Entra: P1 or P2 for custom
// smart lockout and for custom banned passwords).
const AreaProtection policy.Area = "account.password.protection"

// Numbers and switches that an administrator can set. None can be set to less than NIST asks for.
var (
	// MinLengthAlone is the shortest password where it is enough by itself.
	MinLengthAlone = policy.Setting{Name: "password.min-length-alone", Default: MinAlone, Min: MinAlone, Max: 64,
		What: "characters that a password has at least where it is enough to sign in"}
	// MinLengthWithSecondFactor is the shortest password where another factor is always asked for besides.
	MinLengthWithSecondFactor = policy.Setting{Name: "password.min-length-with-second-factor", Default: MinWithSecondFactor, Min: MinWithSecondFactor, Max: 64,
		What: "characters that a password has at least where a second factor is always asked for besides"}
	// OlderRules asks for what older policies do (Entra, concept-sspr-policy): three of the four kinds of characters,
	// and not the last password again. NIST advises against the first.
	OlderRules = policy.Setting{Name: "password.older-rules", Default: 0, Min: 0, Max: 1,
		What: "whether a password needs three of lower case, upper case, digits and symbols, and must not be the last one"}
	// LockoutThreshold is how many failures lock (Entra smart lockout: 10, and 3 for the US government).
	LockoutThreshold = policy.Setting{Name: "password.lockout-threshold", Default: 10, Min: 1, Max: maxFailures, Area: AreaProtection,
		What: "wrong passwords in a row that lock sign-in by password, counted for familiar and other places apart"}
	// LockoutSeconds is how long the first lock lasts (Entra smart lockout: a minute). Each further one lasts twice as
	// long, up to a day.
	LockoutSeconds = policy.Setting{Name: "password.lockout-seconds", Default: 60, Min: 30, Max: 18_000, Area: AreaProtection,
		What: "seconds that the first lock lasts; each further one lasts twice as long, up to a day"}
	// RequireBreachCheck is what follows if the [BreachChecker] cannot tell: a new password is taken all the same, and the
	// event of its change says so, or it is refused with [ErrUnchecked]. A reset, where nobody proved the password
	// before, is always to be refused then (security rule P7).
	RequireBreachCheck = policy.Setting{Name: "password.require-breach-check", Default: 0, Min: 0, Max: 1,
		What: "whether a new password is refused while it cannot be told if it is known from a breach"}
	// MaxFailures is how many failures in a row, from wherever, end the use of a password until it is reset.
	MaxFailures = policy.Setting{Name: "password.max-consecutive-failures", Default: maxFailures, Min: 10, Max: maxFailures,
		What: "wrong passwords in a row after which a password is of no use until it is reset"}
)

// Settings lists the settings of passwords, for the room that keeps them.
func Settings() []policy.Setting {
	return []policy.Setting{MinLengthAlone, MinLengthWithSecondFactor, OlderRules, LockoutThreshold, LockoutSeconds, MaxFailures, RequireBreachCheck}
}

// RulesOf gives the rules that a tenant set. Its own banned words come as [Rules.Banned].
func RulesOf(s policy.Settings) Rules {
	r := Rules{MinAlone: value(s, MinLengthAlone), MinWithSecondFactor: value(s, MinLengthWithSecondFactor)}
	if s.Yes(OlderRules) {
		r.Classes, r.NotCurrent = 3, true
	}
	return r
}

// LockoutOf gives the lockout that a tenant set.
func LockoutOf(s policy.Settings) Lockout {
	return Lockout{
		Threshold: value(s, LockoutThreshold),
		First:     time.Duration(value(s, LockoutSeconds)) * time.Second,
		Limit:     value(s, MaxFailures),
	}
}

// value is what s has for a setting, brought within the setting's bounds: a row that somebody wrote past
// [policy.Admin.Set] makes nothing laxer.
func value(s policy.Settings, of policy.Setting) int { return min(max(s.Value(of), of.Min), of.Max) }
