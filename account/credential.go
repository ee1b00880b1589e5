package account

import (
	"errors"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/internal/enum"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Credential is an account's password as it is kept, and what is known of wrong ones.
type Credential struct {
	Tenant  policy.TenantID  `json:"tenant"`
	Account policy.AccountID `json:"account"`
	// Hash is the password's slow hash; empty if there is no password.
	Hash secret.Hash `json:"hash,omitempty"`
	// SetAt is when the password was set.
	SetAt time.Time `json:"setAt,omitzero"`
	// Throttle counts wrong passwords, at sign-in and when the password is changed alike.
	Throttle password.Throttle `json:"throttle,omitzero"`
	// Elsewhere says why the password is not kept here, and Place where the person changes it: an address, or words such
	// as "the sign-in page of Fabrikam".
	Elsewhere Elsewhere      `json:"elsewhere,omitempty"`
	Place     string         `json:"place,omitempty"`
	Revision  store.Revision `json:"revision"`
}

// Clone returns a copy that shares nothing with c.
func (c Credential) Clone() Credential {
	c.Throttle.Wrong = slices.Clone(c.Throttle.Wrong)
	return c
}

// Elsewhere says why an account's password is not kept here.
type Elsewhere uint8

// Why a password is not kept here.
const (
	KeptHere     Elsewhere = iota
	Federated              // the account signs in at another identity provider
	Synchronized           // the password comes from the organization's own directory
	Passwordless           // the account has no password, and is to have none
)

var elsewhereNames = enum.Names[Elsewhere]{KeptHere: "here", Federated: "federated", Synchronized: "synchronized", Passwordless: "passwordless"}

// String is the reason's name, such as "federated".
func (e Elsewhere) String() string { return elsewhereNames.Text(e) }

// MarshalText writes the reason's name.
func (e Elsewhere) MarshalText() ([]byte, error) { return elsewhereNames.Marshal(e) }

// UnmarshalText reads a reason's name.
func (e *Elsewhere) UnmarshalText(b []byte) (err error) {
	*e, err = elsewhereNames.Unmarshal(b)
	return err
}

// reason is why the password cannot be changed here; nil if it can.
func (c *Credential) reason() *policy.Reason {
	anywhere, at := managedElsewhere, managedAt
	switch c.Elsewhere {
	case KeptHere:
		return nil
	case Passwordless:
		anywhere, at = passwordless, passwordlessAt
	}
	if c.Place == "" {
		return anywhere
	}
	return about(at, c.Place)
}

// credentialOf reads an account's credential; that of one without is empty.
func credentialOf(tx Tx, op *policy.Op, id policy.AccountID) (Credential, error) {
	c, err := tx.Credential(op.Actor.Tenant, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Credential{Tenant: op.Actor.Tenant, Account: id}, nil
	case err == nil && (c.Tenant != op.Actor.Tenant || c.Account != id):
		return Credential{}, errors.New("the store gave a credential that is somebody else's")
	}
	return c, err
}
