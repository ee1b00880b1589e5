package oidc

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
)

// claims are those of a verified ID token that say who acts, and on what evidence.
type claims struct {
	Subject  policy.AccountID `json:"sub"`
	Object   policy.AccountID `json:"oid"`
	Tenant   policy.TenantID  `json:"tid"`
	Party    string           `json:"azp"`
	AuthTime any              `json:"auth_time"`
	Methods  []string         `json:"amr"`
	Device   policy.DeviceID  `json:"deviceid"`
	Roles    []string         `json:"roles"`
	BuiltIn  []string         `json:"wids"`
}

// factors is what the methods of RFC 8176 prove. What is not here proves nothing: mfa and mca count factors and name
// none; pin, fpt and face unlock a key and do not say which, so that no combination makes a passkey; swk and pop leave
// open where the key lies; the rest are no authenticators. Nor is acr: its levels are a provider's own word.
//
// Who knows better of their provider says so here: that its hwk verifies the user, or that it resists no phishing. In
// that case hwk and sc have to go, since with pwd they are AAL3.
var factors = map[string]policy.Factor{
	"pwd": policy.FactorPassword, "otp": policy.FactorOTP, "sms": policy.FactorPhone, "tel": policy.FactorPhone,
	"hwk": policy.FactorSecurityKey, "sc": policy.FactorSecurityKey,
}

// roles are those that this application defines at the provider (claim: roles), and Microsoft Entra's own by their
// template ids (claim: wids). Others give nothing.
var roles = map[string]policy.Role{"MyAccount.Helpdesk": policy.HelpdeskAdministrator, "MyAccount.Auditor": policy.SecurityReader}
var builtIn = map[string]policy.Role{
	"62e90394-69f5-4237-9190-012177145e10": policy.GlobalAdministrator,
	"f2ef992c-3afb-46b9-b7cf-a126ee74c451": policy.GlobalReader,
	"7698a772-787b-4ac8-901f-60d6b08affd2": policy.CloudDeviceAdministrator,
	"729827e3-9c14-49f7-bb1b-9608f156bbb8": policy.HelpdeskAdministrator,
	"fe930be7-5e62-47db-91af-98c3a49a38b1": policy.UserAdministrator,
}

func (p Provider) actor(c claims) (policy.Actor, error) {
	a := policy.Actor{Tenant: p.Tenant, Account: c.Subject, Device: c.Device, SignedInAt: signedInAt(c.AuthTime)}
	if p.Entra {
		a.Account = c.Object
	}
	if c.Tenant != p.Tenant && (p.Entra || c.Tenant != "") {
		return policy.Actor{}, fmt.Errorf("a token of the tenant %q", c.Tenant)
	}
	if a.Account == "" {
		return policy.Actor{}, errors.New("a token that names nobody")
	}
	// One time stands for all methods. A provider that lists those of earlier sign-ins besides makes them look
	// fresher than they are: it is none for this.
	for _, m := range c.Methods {
		if f, known := factors[m]; known && !a.SignedInAt.IsZero() {
			a.Proofs = append(a.Proofs, policy.Proof{Factor: f, At: a.SignedInAt})
		}
	}
	a.Roles = append(known(roles, c.Roles), known(builtIn, c.BuiltIn)...)
	return a, nil
}

// signedInAt is zero unless auth_time is one. Then nothing is proven, and the token is older than any signing out.
func signedInAt(authTime any) time.Time {
	const year9999 = 253402300799
	if seconds, ok := authTime.(float64); ok && seconds >= 1 && seconds <= year9999 {
		return time.Unix(int64(seconds), 0)
	}
	return time.Time{}
}

func known(table map[string]policy.Role, names []string) (found []policy.Role) {
	for _, n := range names {
		if r, ok := table[n]; ok {
			found = append(found, r)
		}
	}
	return found
}
