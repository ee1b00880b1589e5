package policy

import (
	"time"

	"github.com/seed4b20689c/myaccount/store"
)

// Vouched is the part of a [Tx] that a host may embed when it keeps tenants, accounts and sessions
// elsewhere and puts just one room on tables of its own. It knows one tenant's settings and no account:
// actors are admitted only by a [Guard] that was told to [Vouch] for them. Events go to Record.
//
// A room that has limits or devices overrides Usage, PutUsage and DeviceEnabled besides.
type Vouched struct {
	Policy Settings
	// Record keeps an event in the host's transaction; its error fails the operation.
	Record func(Event) error
}

var _ Tx = Vouched{}

// Settings gives v.Policy for its tenant.
func (v Vouched) Settings(t TenantID) (Settings, error) {
	if t == "" || t != v.Policy.Tenant {
		return Settings{}, store.ErrNotFound
	}
	return v.Policy, nil
}

// Standing knows no account.
func (Vouched) Standing(TenantID, AccountID) (Standing, error) {
	return Standing{}, store.ErrNotFound
}

// Session knows no session.
func (Vouched) Session(TenantID, AccountID, SessionID) (Session, error) {
	return Session{}, store.ErrNotFound
}

// DeviceEnabled knows no device.
func (Vouched) DeviceEnabled(TenantID, DeviceID) (bool, error) { return false, store.ErrNotFound }

// Usage has seen nothing.
func (Vouched) Usage(TenantID, AccountID, Action) (Usage, error) { return Usage{}, nil }

// PutUsage refuses: a limit that is not kept is no limit.
func (Vouched) PutUsage(Usage) (store.Revision, error) {
	return 0, &Invalid{"usage", "this transaction keeps no limits; override Usage and PutUsage"}
}

// AppendEvent hands e to Record.
func (v Vouched) AppendEvent(e Event) error {
	if v.Record == nil {
		return &Invalid{"record", "Vouched.Record is not set; an operation without its event is refused"}
	}
	return v.Record(e)
}

// CountRefusal hands e to Record: alike refusals stay single events.
func (v Vouched) CountRefusal(e Event, _ time.Time) error { return v.AppendEvent(e) }
