package policy

import (
	"net/netip"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Session is one signed-in session of an account. It stands here and not in package signins, which starts,
// shows and ends sessions, because every operation asks whether the actor's is alive.
type Session struct {
	Tenant  TenantID  `json:"tenant"`
	Account AccountID `json:"account"`
	ID      SessionID `json:"id"`
	// Token is the keyed hash of the token that the session is resumed with.
	Token secret.Digest `json:"token,omitzero"`
	// Epoch is the account's when the session was issued.
	Epoch     uint64    `json:"epoch,omitempty"`
	StartedAt time.Time `json:"startedAt"` // when it was issued, or last kept while all others ended
	// BeganAt is when the person began it: nothing moves it. Whoever was signed in then was a witness of what came after.
	BeganAt time.Time `json:"beganAt,omitzero"`
	// AuthenticatedAt is when its proofs last reached Level in full, which may be before it was issued. The overall
	// limit counts from here, and no activity moves it.
	AuthenticatedAt time.Time `json:"authenticatedAt,omitzero"`
	SeenAt          time.Time `json:"seenAt,omitzero"`  // last activity noted; the idle limit counts from here
	EndedAt         time.Time `json:"endedAt,omitzero"` // zero unless it was ended
	// EndsAt is when it ends by itself, as it was reckoned when the row was written: a limit that was lengthened since
	// does not revive it. One that was shortened and lengthened again meanwhile leaves no trace.
	EndsAt time.Time `json:"endsAt,omitzero"`
	// Level is the highest that Proofs reach, at whatever time. It says which limits bind the session and
	// nothing else: decisions compute the level afresh.
	Level  Level   `json:"level,omitempty"`
	Proofs []Proof `json:"proofs,omitempty"`

	Device   DeviceID       `json:"device,omitempty"` // that it was started on; empty if it is not a registered one
	Address  netip.Addr     `json:"address,omitzero"` // that it was last seen at
	Client   Client         `json:"client,omitzero"`
	Place    string         `json:"place,omitempty"` // approximate, such as "Berlin, DE"
	Revision store.Revision `json:"revision"`
}

// Client is what somebody signed in with, in the words that they recognize it by.
type Client struct {
	Application string `json:"application,omitempty"` // such as "Mail"
	Browser     string `json:"browser,omitempty"`     // such as "Firefox 133"; empty for an app
	System      string `json:"system,omitempty"`      // such as "Windows 10"
}

// Clone returns a copy that shares nothing with s.
func (s Session) Clone() Session {
	s.Proofs = slices.Clone(s.Proofs)
	return s
}

// Under is s as it goes on when its account's standing has become st ([Standing.Voided]): the one session that is kept.
func (s Session) Under(st Standing) Session {
	s.Epoch = st.Epoch
	if s.StartedAt.Before(st.SessionsValidFrom) {
		s.StartedAt = st.SessionsValidFrom
	}
	return s
}

// AliveUnder reports whether s still counts: not ended, of its account's current epoch, not issued before
// SessionsValidFrom, and within both limits of its level. It does not count either while it was authenticated or
// seen more than a minute in the future, by a clock that was ahead: it would outlive its limits.
func (s Session) AliveUnder(st Standing, tenant Settings, now time.Time) bool {
	latest := now.Add(ClockSkew)
	return !s.OverUnder(st) &&
		!s.AuthenticatedAt.After(latest) && !s.SeenAt.After(latest) && now.Before(s.ExpiresAt(tenant))
}

// OverUnder reports whether s can never count again: it was ended, or its account was restarted since it was issued.
func (s Session) OverUnder(st Standing) bool {
	return !s.EndedAt.IsZero() || s.Epoch != st.Epoch || s.StartedAt.Before(st.SessionsValidFrom)
}

// ExpiresAt is when s ends by itself if nothing more is seen of it: by the tenant's limits now, and never after EndsAt.
func (s Session) ExpiresAt(tenant Settings) time.Time {
	overall, idle := tenant.SessionLimits(s.Level)
	end := s.AuthenticatedAt.Add(overall)
	if quiet := s.SeenAt.Add(idle); quiet.Before(end) {
		end = quiet
	}
	if !s.EndsAt.IsZero() && s.EndsAt.Before(end) {
		end = s.EndsAt
	}
	return end
}

// Reckoned is s with EndsAt as its other fields and the tenant's limits make it, to be stored when they changed.
func (s Session) Reckoned(tenant Settings) Session {
	s.EndsAt = time.Time{}
	s.EndsAt = s.ExpiresAt(tenant)
	return s
}

// How long a session lives by the level that its proofs reached, and how long without activity. The defaults
// are the most that NIST SP 800-63B allows (2.1.3, 2.2.3, 2.3.3), so tenants can only shorten them. A session
// whose proofs reach no level is bound as the highest.
var (
	AAL1SessionHours = Setting{Name: "policy.aal1-session-hours", Default: 720, Min: 1, Max: 720, What: "hours that a session at AAL1 lasts"}
	AAL1IdleMinutes  = Setting{Name: "policy.aal1-idle-minutes", Default: 43200, Min: 1, Max: 43200, What: "minutes without activity after which a session at AAL1 ends"}
	AAL2SessionHours = Setting{Name: "policy.aal2-session-hours", Default: 24, Min: 1, Max: 24, What: "hours that a session at AAL2 lasts"}
	AAL2IdleMinutes  = Setting{Name: "policy.aal2-idle-minutes", Default: 60, Min: 1, Max: 60, What: "minutes without activity after which a session at AAL2 ends"}
	AAL3SessionHours = Setting{Name: "policy.aal3-session-hours", Default: 12, Min: 1, Max: 12, What: "hours that a session at AAL3 lasts"}
	AAL3IdleMinutes  = Setting{Name: "policy.aal3-idle-minutes", Default: 15, Min: 1, Max: 15, What: "minutes without activity after which a session at AAL3 ends"}
)

// OwnSettings lists the settings of this package.
func OwnSettings() []Setting {
	return []Setting{EventRetention, AAL1SessionHours, AAL1IdleMinutes, AAL2SessionHours, AAL2IdleMinutes, AAL3SessionHours, AAL3IdleMinutes}
}

// SessionLimits gives how long a session of a level lasts altogether, and without activity.
func (s Settings) SessionLimits(l Level) (overall, idle time.Duration) {
	hours, minutes := AAL3SessionHours, AAL3IdleMinutes
	switch l {
	case AAL1:
		hours, minutes = AAL1SessionHours, AAL1IdleMinutes
	case AAL2:
		hours, minutes = AAL2SessionHours, AAL2IdleMinutes
	}
	return time.Duration(s.Value(hours)) * time.Hour, time.Duration(s.Value(minutes)) * time.Minute
}
