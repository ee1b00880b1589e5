package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Role is an administrator's role. Roles come with the [Actor], since whoever authenticated it
// vouches for them; they stand in the events of what was done with them.
type Role string

// The roles that rules name, after Microsoft Entra's built-in roles. A host maps its own roles to these.
const (
	GlobalAdministrator         Role = "Global Administrator"
	GlobalReader                Role = "Global Reader"
	CloudDeviceAdministrator    Role = "Cloud Device Administrator"
	IntuneAdministrator         Role = "Intune Administrator"
	HelpdeskAdministrator       Role = "Helpdesk Administrator"
	SecurityAdministrator       Role = "Security Administrator"
	SecurityReader              Role = "Security Reader"
	PrivilegedRoleAdministrator Role = "Privileged Role Administrator"
	LicenseAdministrator        Role = "License Administrator"
	UserAdministrator           Role = "User Administrator"
	AuthenticationAdministrator Role = "Authentication Administrator"

	AuthenticationPolicyAdministrator     Role = "Authentication Policy Administrator"
	PrivilegedAuthenticationAdministrator Role = "Privileged Authentication Administrator"
)

// Actor is who acts, and on what evidence. It is an explicit argument of every operation and vouched
// for by the host, which fills it from its own session or from verified token claims. The zero Actor
// is refused everywhere.
//
// An actor acts within Tenant and nowhere else: no operation takes a tenant besides.
type Actor struct {
	Tenant  TenantID
	Account AccountID
	// Roles are an administrator's roles (token claims: roles, wids).
	Roles []Role
	// Session is the session that the request came with, if this library keeps it; empty otherwise.
	Session SessionID
	// SignedInAt is when the person authenticated (token claim: auth_time). It is compared with the
	// account's SessionsValidFrom when Session is empty.
	SignedInAt time.Time
	// Device is the device that the request comes from (token claim: deviceid); empty if it is not a
	// registered one, such as a borrowed phone.
	Device DeviceID
	// Address is the network address that the request comes from, for the events.
	Address netip.Addr
	// Proofs are the factors verified, and when (token claims: amr, acr, auth_time).
	Proofs []Proof

	// program names a host or system actor. Unexported, so that no decoder and no field that a
	// request fills can make one.
	program string
	system  bool
}

// Host is the embedding application itself acting within one tenant, for example "mdm" or
// "directory-sync". The name stands in the events.
func Host(name string, tenant TenantID) Actor { return Actor{program: name, Tenant: tenant} }

// System is the administrator of the whole installation, for example "setup". It belongs to no tenant
// and may do just what rules grant to [BySystem]: create tenants.
func System(name string) Actor { return Actor{program: name, system: true} }

// On returns a as acting from device. A host does so when it has authenticated the device itself.
func (a Actor) On(device DeviceID) Actor {
	a.Device = device
	return a
}

// PrincipalKind tells persons, hosts and the system apart.
type PrincipalKind string

// Kinds of principal.
const (
	PersonPrincipal PrincipalKind = "person"
	HostPrincipal   PrincipalKind = "host"
	SystemPrincipal PrincipalKind = "system"
)

// Principal names an actor in events and rows, without its evidence.
type Principal struct {
	Kind PrincipalKind `json:"kind,omitempty"`
	// ID is a person's account, or a host's or the system's name.
	ID string `json:"id,omitempty"`
}

// Principal names a.
func (a Actor) Principal() Principal {
	switch {
	case a.system:
		return Principal{SystemPrincipal, a.program}
	case a.program != "":
		return Principal{HostPrincipal, a.program}
	}
	return Principal{PersonPrincipal, string(a.Account)}
}

// Is reports whether p is the account's own person.
func (p Principal) Is(account AccountID) bool {
	return p.Kind == PersonPrincipal && account != "" && p.ID == string(account)
}

func (a *Actor) person() bool { return a.program == "" && !a.system }

func (a *Actor) hasAny(roles []Role) bool {
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return slices.Contains(roles, r) })
}

// maxEvidence bounds an actor's roles and proofs: they are looked through in each decision, and roles stand
// in each event.
const maxEvidence = 100

// check tells whether a is well-formed. An actor that names nobody is not malformed but refused; see
// [CodeNoActor].
func (a *Actor) check() error {
	if !a.person() {
		if err := CheckID("actor.name", a.program); err != nil {
			return err
		}
	}
	for _, id := range []struct{ field, value string }{
		{"actor.tenant", string(a.Tenant)}, {"actor.account", string(a.Account)},
		{"actor.session", string(a.Session)}, {"actor.device", string(a.Device)},
	} {
		if id.value == "" {
			continue
		}
		if err := CheckID(id.field, id.value); err != nil {
			return err
		}
	}
	if len(a.Roles) > maxEvidence || len(a.Proofs) > maxEvidence {
		return &Invalid{"actor", fmt.Sprintf("has %d roles and %d proofs; want at most %d of each", len(a.Roles), len(a.Proofs), maxEvidence)}
	}
	for _, r := range a.Roles {
		if err := CheckID("actor.roles", r); err != nil {
			return err
		}
	}
	return nil
}

// nobody reports whether a names no one who could act.
func (a *Actor) nobody() bool {
	if a.system {
		return false
	}
	return a.Tenant == "" || a.program == "" && a.Account == ""
}
