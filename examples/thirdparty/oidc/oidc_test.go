package oidc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/examples/thirdparty/oidc"
	"github.com/seed4b20689c/myaccount/policy"
)

// site is a host whose people sign in at a provider, and that provider.
type site struct {
	*accounttest.World
	t      *testing.T
	issuer string
	key    *ecdsa.PrivateKey
	tokens *oidc.Tokens
	host   http.Handler
}

const client = "my-account"

func newSite(t *testing.T, entra bool) *site {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	provider := &oidctest.Server{Algorithms: []string{"ES256"},
		PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k1", Algorithm: "ES256"}}}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	provider.SetIssuer(server.URL)

	w := accounttest.New(t, myaccount.WithPolicy(policy.Vouch(policy.Work)))
	tokens, err := oidc.New(t.Context(), oidc.Provider{Issuer: server.URL, Client: client, Tenant: accounttest.Tenant, Entra: entra}, w.Clock.Now)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("GET /devices", tokens.As(func(rw http.ResponseWriter, r *http.Request, actor policy.Actor) error {
		found, err := w.App.Devices.List(r.Context(), actor, devices.Query{})
		if err != nil {
			return err
		}
		return json.NewEncoder(rw).Encode(found)
	}))
	mux.Handle("POST /keys/{id}/reveal", tokens.As(func(rw http.ResponseWriter, r *http.Request, actor policy.Actor) error {
		password, err := w.App.Devices.Reveal(r.Context(), actor, devices.KeyID(r.PathValue("id")))
		if err != nil {
			return err
		}
		return json.NewEncoder(rw).Encode(password.Reveal())
	}))
	return &site{w, t, server.URL, key, tokens, mux}
}

type set map[string]any

// claims are those of ada, who has just signed in with a password and a one-time code; change replaces some, or
// removes those that it sets to nil.
func (s *site) claims(change set) set {
	now := s.Clock.Now()
	c := set{"iss": s.issuer, "aud": client, "sub": "ada", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"auth_time": now.Unix(), "amr": []string{"pwd", "otp"}}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func (s *site) text(c set) string {
	text, err := json.Marshal(c)
	require.NoError(s.t, err)
	return string(text)
}

func (s *site) token(change set) string {
	return oidctest.SignIDToken(s.key, "k1", "ES256", s.text(s.claims(change)))
}

func (s *site) actor(change set) policy.Actor {
	s.t.Helper()
	a, err := s.tokens.Actor(s.t.Context(), s.token(change))
	require.NoError(s.t, err)
	return a
}

func (s *site) do(method, path, token string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	s.host.ServeHTTP(rec, r)
	return rec
}

func (s *site) laptopOf(account policy.AccountID) {
	laptop := s.Device(policy.Actor{Tenant: accounttest.Tenant, Account: account}, "laptop")
	s.Key(accounttest.Tenant, laptop, "4290b6c0", 1)
}

func TestATokenOfAPersonWhoWasNeverProvisionedListsTheirDevices(t *testing.T) {
	s := newSite(t, false)
	s.laptopOf("ada")
	rec := s.do("GET", "/devices", s.token(nil))
	require.Equal(t, 200, rec.Code, rec.Body)
	require.Contains(t, rec.Body.String(), "laptop")
	rec = s.do("GET", "/devices", s.token(set{"sub": "grace"}))
	require.Equal(t, 200, rec.Code, rec.Body)
	require.NotContains(t, rec.Body.String(), "laptop")
}

func TestAKeyNeedsTwoFactorsOfTheLastQuarterOfAnHour(t *testing.T) {
	s := newSite(t, false)
	s.laptopOf("ada")
	reveal := func(token string) *httptest.ResponseRecorder { return s.do("POST", "/keys/4290b6c0/reveal", token) }
	challenge := `Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="900"`

	rec := reveal(s.token(set{"amr": []string{"pwd"}}))
	require.Equal(t, 401, rec.Code)
	require.Equal(t, challenge, rec.Header().Get("WWW-Authenticate"))
	require.Contains(t, rec.Body.String(), policy.CodeStrongerProof)

	both := s.token(nil)
	require.Equal(t, 200, reveal(both).Code)
	s.Clock.Advance(15*time.Minute + time.Second)
	rec = reveal(both)
	require.Equal(t, 401, rec.Code)
	require.Equal(t, challenge, rec.Header().Get("WWW-Authenticate"))
	require.Contains(t, rec.Body.String(), policy.CodeFresherProof)
	require.Equal(t, 200, s.do("GET", "/devices", both).Code, "to look, it still does")

	rec = reveal(s.token(nil))
	require.Equal(t, 200, rec.Code, "the person stepped up")
	require.Contains(t, rec.Body.String(), accounttest.RecoveryPassword(1))
}

func TestWithoutATimeOfSigningInNothingIsProven(t *testing.T) {
	s := newSite(t, false)
	s.laptopOf("ada")
	for _, bad := range []any{nil, 0, -1, 0.5, "1767603600", s.Clock.Now().UnixMilli(), true, []int{1}} {
		a := s.actor(set{"auth_time": bad})
		require.Empty(t, a.Proofs, "%v", bad)
		require.True(t, a.SignedInAt.IsZero(), "%v", bad)
		require.Equal(t, 401, s.do("POST", "/keys/4290b6c0/reveal", s.token(set{"auth_time": bad})).Code)
	}
	ahead := s.token(set{"auth_time": s.Clock.Now().Add(2 * time.Minute).Unix()})
	require.Equal(t, 401, s.do("POST", "/keys/4290b6c0/reveal", ahead).Code, "nobody has signed in in the future")
}

func TestMethodsProveWhatTheyNameAndOthersNothing(t *testing.T) {
	s := newSite(t, false)
	for _, c := range []struct {
		amr  []string
		want policy.Level
	}{
		{nil, policy.AAL0}, {[]string{}, policy.AAL0}, {[]string{"mfa"}, policy.AAL0}, {[]string{"mca", "mfa", "user"}, policy.AAL0},
		{[]string{"fpt"}, policy.AAL0}, {[]string{"face", "pin"}, policy.AAL0}, {[]string{"pop", "swk"}, policy.AAL0},
		{[]string{"kba", "rba", "geo", "wia", "vbm", "iris", "retina"}, policy.AAL0}, {[]string{"PWD", "email", ""}, policy.AAL0},
		{[]string{"pwd"}, policy.AAL1}, {[]string{"pwd", "mfa"}, policy.AAL1}, {[]string{"pwd", "pwd"}, policy.AAL1},
		{[]string{"otp", "sms", "tel"}, policy.AAL1}, {[]string{"hwk", "fpt", "pin"}, policy.AAL1}, {[]string{"sc", "mfa"}, policy.AAL1},
		{[]string{"pwd", "otp"}, policy.AAL2}, {[]string{"pwd", "sms", "mfa"}, policy.AAL2}, {[]string{"tel", "pwd"}, policy.AAL2},
		{[]string{"pwd", "hwk"}, policy.AAL3}, {[]string{"pwd", "sc"}, policy.AAL3},
	} {
		a := s.actor(set{"amr": c.amr, "acr": "aal3"})
		require.Equal(t, c.want, policy.Assurance(a.Proofs, s.Clock.Now(), 0), "%v", c.amr)
		for _, p := range a.Proofs {
			require.True(t, p.At.Equal(s.Clock.Now()))
		}
	}
}

func TestATokenThatDoesNotCountIsNobodys(t *testing.T) {
	s := newSite(t, false)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(s.key.Public())
	require.NoError(t, err)
	all := s.text(s.claims(nil))
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(all)) + "."
	good := s.token(nil)

	for name, c := range map[string]struct{ token, why string }{
		"none at all":                      {"", "malformed"},
		"no token":                         {"ada", "malformed"},
		"another issuer's":                 {s.token(set{"iss": "https://evil.example"}), "issued by a different provider"},
		"no issuer's":                      {s.token(set{"iss": nil}), "issued by a different provider"},
		"for another audience":             {s.token(set{"aud": "another-app"}), "expected audience"},
		"for no audience":                  {s.token(set{"aud": nil}), "expected audience"},
		"for us, issued to another party":  {s.token(set{"azp": "another-app"}), `the party "another-app"`},
		"for both, issued to the other":    {s.token(set{"aud": []string{"another-app", client}, "azp": "another-app"}), `the party "another-app"`},
		"for several, to nobody":           {s.token(set{"aud": []string{"another-app", client}}), `the party ""`},
		"expired":                          {s.token(set{"exp": s.Clock.Now().Add(-time.Second).Unix()}), "expired"},
		"without an end":                   {s.token(set{"exp": nil}), "expired"},
		"not valid yet":                    {s.token(set{"nbf": s.Clock.Now().Add(time.Hour).Unix()}), "nbf"},
		"signed with another's key":        {oidctest.SignIDToken(other, "k1", "ES256", all), "signature"},
		"signed with a key of no name":     {oidctest.SignIDToken(other, "k2", "ES256", all), "signature"},
		"of an algorithm not offered":      {oidctest.SignIDToken(rsaKey, "k1", "RS256", all), "unexpected signature algorithm"},
		"signed with the public key":       {oidctest.SignIDToken(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), "k1", "HS256", all), "unexpected signature algorithm"},
		"of the algorithm none":            {unsigned, "unexpected signature algorithm"},
		"without its signature":            {good[:len(good)-86], "signature"},
		"of another tenant":                {s.token(set{"tid": "fabrikam"}), `the tenant "fabrikam"`},
		"about nobody":                     {s.token(set{"sub": nil}), "names nobody"},
		"with an account that is not text": {s.token(set{"sub": 7}), "unmarshal"},
		"with methods that are no list":    {s.token(set{"amr": "pwd"}), "unmarshal"},
		"with roles that are no list":      {s.token(set{"roles": "MyAccount.Helpdesk"}), "unmarshal"},
	} {
		a, err := s.tokens.Actor(t.Context(), c.token)
		require.ErrorContains(t, err, c.why, name)
		require.Zero(t, a, name)
		rec := s.do("GET", "/devices", c.token)
		require.Equal(t, 401, rec.Code, name)
		require.Equal(t, `Bearer error="invalid_token"`, rec.Header().Get("WWW-Authenticate"), name)
		require.NotContains(t, rec.Body.String(), c.why, name)
	}
	require.Equal(t, 200, s.do("GET", "/devices", good).Code)
	require.Equal(t, 200, s.do("GET", "/devices", s.token(set{"aud": []string{"another-app", client}, "azp": client})).Code)
	s.Clock.Advance(time.Hour + time.Second)
	require.Equal(t, 401, s.do("GET", "/devices", good).Code, "it has expired by now")
}

func TestEntraNamesPeopleByObjectAndWantsItsTenant(t *testing.T) {
	s := newSite(t, true)
	a := s.actor(set{"oid": "ada-object", "tid": accounttest.Tenant, "sub": "pairwise"})
	require.Equal(t, policy.AccountID("ada-object"), a.Account)
	require.Equal(t, accounttest.Tenant, a.Tenant)
	for why, c := range map[string]set{
		`the tenant "fabrikam"`: {"oid": "ada-object", "tid": "fabrikam"},
		`the tenant ""`:         {"oid": "ada-object"},
		"names nobody":          {"tid": accounttest.Tenant}, // and sub is not taken for it
	} {
		_, err := s.tokens.Actor(t.Context(), s.token(c))
		require.ErrorContains(t, err, why)
	}
	a = newSite(t, false).actor(set{"oid": "somebody-else"})
	require.Equal(t, policy.AccountID("ada"), a.Account, "nor is oid, of a provider that does not have it")
}

func TestRolesAreThoseOfTheTables(t *testing.T) {
	s := newSite(t, false)
	a := s.actor(set{"roles": []string{"MyAccount.Auditor", "Global Administrator", "admin"},
		"wids": []string{"729827e3-9c14-49f7-bb1b-9608f156bbb8", "b79fbf4d-3ef9-4689-8143-76b194e85509", "MyAccount.Helpdesk"}})
	require.Equal(t, []policy.Role{policy.SecurityReader, policy.HelpdeskAdministrator}, a.Roles)
	require.Empty(t, s.actor(set{"roles": []string{"62e90394-69f5-4237-9190-012177145e10"}}).Roles, "a role of the host's is no built-in one")
	require.Empty(t, s.actor(nil).Roles)
}

func TestADeviceOfATokenHasToBeKnownAndEnabled(t *testing.T) {
	s := newSite(t, false)
	s.laptopOf("ada")
	require.Equal(t, policy.DeviceID("laptop"), s.actor(set{"deviceid": "laptop"}).Device)
	require.Equal(t, 200, s.do("GET", "/devices", s.token(set{"deviceid": "laptop"})).Code)
	rec := s.do("GET", "/devices", s.token(set{"deviceid": "stranger"}))
	require.Equal(t, 403, rec.Code)
	require.Contains(t, rec.Body.String(), policy.CodeUnknownDevice)
	s.Disable(s.actor(nil), "laptop")
	rec = s.do("GET", "/devices", s.token(set{"deviceid": "laptop"}))
	require.Equal(t, 403, rec.Code)
	require.Contains(t, rec.Body.String(), policy.CodeDeviceDisabled)
}

func TestSigningOutEverywhereEndsTokensOfEarlierSignIns(t *testing.T) {
	for name, signOut := range map[string]func(context.Context, *site) error{
		"by the person": func(ctx context.Context, s *site) error {
			_, yes, err := s.App.SignIns.AskSignOutEverywhere(ctx, s.actor(nil))
			require.NoError(s.t, err)
			_, err = s.App.SignIns.SignOutEverywhere(ctx, s.actor(nil), yes, false)
			return err
		},
		"by an administrator": func(ctx context.Context, s *site) error {
			admin := s.actor(set{"sub": "grace", "wids": []string{"fe930be7-5e62-47db-91af-98c3a49a38b1"}})
			return s.App.Admin.SignIns.SignOut(ctx, admin, "ada")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, false)
			before, neverSaid, graces := s.token(nil), s.token(set{"auth_time": nil}), s.token(set{"sub": "grace"})
			for _, token := range []string{before, neverSaid} {
				require.Equal(t, 200, s.do("GET", "/devices", token).Code)
			}
			s.Clock.Advance(time.Minute)
			signedIn := s.Clock.Now().Add(-time.Minute).Unix()
			require.NoError(t, signOut(t.Context(), s))
			s.Clock.Advance(time.Minute)

			renewed := s.token(set{"auth_time": signedIn}) // issued later, for the same signing in
			ahead := s.token(set{"auth_time": s.Clock.Now().Add(2 * time.Minute).Unix()})
			for i, token := range []string{before, neverSaid, renewed, ahead} {
				rec := s.do("GET", "/devices", token)
				require.Equal(t, 401, rec.Code, fmt.Sprint(i))
				require.Contains(t, rec.Body.String(), policy.CodeSessionEnded)
				require.Equal(t, `Bearer error="invalid_token"`, rec.Header().Get("WWW-Authenticate"))
			}
			require.Equal(t, 200, s.do("GET", "/devices", s.token(nil)).Code, "ada signed in again")
			require.Equal(t, 200, s.do("GET", "/devices", graces).Code, "others are still signed in")
		})
	}
}

func TestAProviderThatIsNotThereOrCallsItselfOtherwiseIsNone(t *testing.T) {
	impostor := &oidctest.Server{}
	server := httptest.NewServer(impostor)
	impostor.SetIssuer("https://login.example")
	_, err := oidc.New(t.Context(), oidc.Provider{Issuer: server.URL, Client: client}, time.Now)
	require.ErrorContains(t, err, "issuer")
	server.Close()
	_, err = oidc.New(t.Context(), oidc.Provider{Issuer: server.URL, Client: client}, time.Now)
	require.Error(t, err)
}
