package account

import (
	"time"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Store is what this room keeps its rows in. memstore.Store has one; bring your own by writing [Tx] for
// your tables and proving it with storetest.
type Store = store.Store[Tx]

// Tx is all that this room needs of a store. Package storetest checks every promise below and those of
// [challenge.Tx]. Missing rows are [store.ErrNotFound]; what a Put refuses is [store.ErrConflict]. Values go
// in and come out as copies, times as [store.Time] gives them.
type Tx interface {
	challenge.Tx // and with it policy.Tx: settings, standing, sessions, limits, events

	// PutSession stores s, compare-and-set on s.Revision; revision 0 makes the session.
	PutSession(s policy.Session) (store.Revision, error)

	// Profile gives an account's profile.
	Profile(policy.TenantID, policy.AccountID) (Profile, error)
	// PutProfile stores p, compare-and-set on p.Revision; revision 0 makes the profile.
	PutProfile(p Profile) (store.Revision, error)
	// DeleteProfile removes a profile.
	DeleteProfile(policy.TenantID, policy.AccountID) error

	// Credential gives an account's password and what is known of wrong ones.
	Credential(policy.TenantID, policy.AccountID) (Credential, error)
	// PutCredential stores c, compare-and-set on c.Revision; revision 0 makes it.
	PutCredential(c Credential) (store.Revision, error)
	// DeleteCredential removes an account's credential.
	DeleteCredential(policy.TenantID, policy.AccountID) error

	// RecoveryCode gives the row of an account's recovery code.
	RecoveryCode(policy.TenantID, policy.AccountID) (RecoveryCode, error)
	// PutRecoveryCode stores c, compare-and-set on c.Revision; revision 0 makes it.
	PutRecoveryCode(c RecoveryCode) (store.Revision, error)
	// DeleteRecoveryCode removes the row of an account's recovery code.
	DeleteRecoveryCode(policy.TenantID, policy.AccountID) error

	// Identifier gives who has or had an identifier, by its key.
	Identifier(t policy.TenantID, key string) (Identifier, error)
	// IdentifiersOf gives all of an account's identifiers, by key, the retired ones included. There are few.
	IdentifiersOf(policy.TenantID, policy.AccountID) ([]Identifier, error)
	// PutIdentifier stores i, compare-and-set on i.Revision; revision 0 makes it. A key is unique in the tenant, whatever the
	// account and the kind, and never moves to another account.
	PutIdentifier(i Identifier) (store.Revision, error)
	// DeleteIdentifier removes an identifier.
	DeleteIdentifier(t policy.TenantID, key string) error

	// EmailChange gives one of an account's changes of an address.
	EmailChange(policy.TenantID, policy.AccountID, challenge.ID) (EmailChange, error)
	// EmailChangesOf gives all of an account's changes of an address, by id. There are few: those of a month.
	EmailChangesOf(policy.TenantID, policy.AccountID) ([]EmailChange, error)
	// PutEmailChange stores c, compare-and-set on c.Revision; revision 0 makes it.
	PutEmailChange(c EmailChange) (store.Revision, error)
	// DeleteEmailChange removes a change of an address.
	DeleteEmailChange(policy.TenantID, policy.AccountID, challenge.ID) error

	// Portrait gives the pictures of an account's photo.
	Portrait(policy.TenantID, policy.AccountID) (Portrait, error)
	// PutPortrait stores p, compare-and-set on p.Revision; revision 0 makes it.
	PutPortrait(p Portrait) (store.Revision, error)
	// DeletePortrait removes the pictures of an account's photo.
	DeletePortrait(policy.TenantID, policy.AccountID) error

	// Closing gives how an account is being closed.
	Closing(policy.TenantID, policy.AccountID) (Closing, error)
	// PutClosing stores c, compare-and-set on c.Revision; revision 0 makes it.
	PutClosing(c Closing) (store.Revision, error)
	// DeleteClosing removes a closing.
	DeleteClosing(policy.TenantID, policy.AccountID) error
	// ClosingsDue lists a tenant's closings whose Due is at now or before it, the longest due first, by account where
	// they are due together.
	ClosingsDue(t policy.TenantID, now time.Time, p store.Page) (store.List[Closing], error)

	// DeleteCountersOf removes at most limit of an account's counters, and tells how many.
	DeleteCountersOf(t policy.TenantID, a policy.AccountID, limit int) (int, error)
	// DeleteUsageOf removes at most limit rows of what an account used of limits, and tells how many.
	DeleteUsageOf(t policy.TenantID, a policy.AccountID, limit int) (int, error)

	// Schema gives what a tenant set for profiles.
	Schema(policy.TenantID) (Schema, error)
	// PutSchema stores s, compare-and-set on s.Revision; revision 0 makes the schema.
	PutSchema(s Schema) (store.Revision, error)

	// BannedPasswords gives a tenant's own list of banned passwords.
	BannedPasswords(policy.TenantID) (BannedPasswords, error)
	// PutBannedPasswords stores b, compare-and-set on b.Revision; revision 0 makes the list.
	PutBannedPasswords(b BannedPasswords) (store.Revision, error)
}
