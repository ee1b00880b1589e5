// Package oidc shows a host that leaves accounts and signing in to an OpenID Provider: a request comes with an ID
// token, and its verified claims are the actor. The provider answers for its people ([policy.Vouch]), so nobody has
// to be provisioned here. How the client got the token, a code flow with PKCE and nonce, lies before this.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	library "github.com/coreos/go-oidc/v3/oidc"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
)

// Provider is whose ID tokens count, and whose people they are about.
type Provider struct {
	Issuer string // its URL
	Client string // this application's id there
	Tenant policy.TenantID
	// Entra names people by oid, which is the same in all applications, and wants Tenant in tid. Other providers
	// name them by sub. It is never the one for want of the other, which could be somebody else's.
	Entra bool
}

// Tokens makes actors of ID tokens.
type Tokens struct {
	from     Provider
	verifier *library.IDTokenVerifier
}

// New asks the provider for its keys and algorithms. The clock is the one that the host's guard goes by.
func New(ctx context.Context, p Provider, now func() time.Time) (*Tokens, error) {
	found, err := library.NewProvider(ctx, p.Issuer)
	if err != nil {
		return nil, err
	}
	return &Tokens{p, found.VerifierContext(ctx, &library.Config{ClientID: p.Client, Now: now})}, nil
}

// As is middleware: it calls fn as whom the request's token names, and answers with the problem if fn, or the
// token, is refused.
func (t *Tokens) As(fn func(http.ResponseWriter, *http.Request, policy.Actor) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		actor, err := t.Actor(r.Context(), raw)
		if err == nil {
			err = fn(w, r, actor)
		}
		if err != nil {
			problem.Write(w, err)
		}
	})
}

var nobody = policy.Reason{Code: policy.CodeNoActor, Class: policy.ClassNotAdmitted, Remedy: policy.SignIn, Text: "Sign in."}

// Actor is whom an ID token names. Tokens that do not count are refused alike to the client; the error has the
// reason besides, for the host's log.
func (t *Tokens) Actor(ctx context.Context, raw string) (policy.Actor, error) {
	token, err := t.verifier.Verify(ctx, raw) // signature, issuer, audience, time
	var c claims
	if err == nil {
		err = token.Claims(&c)
	}
	// Of several audiences, a token was issued to one: the library does not look which.
	if err == nil && c.Party != t.from.Client && (c.Party != "" || len(token.Audience) > 1) {
		err = fmt.Errorf("a token issued to the party %q", c.Party)
	}
	var a policy.Actor
	if err == nil {
		a, err = t.from.actor(c)
	}
	if err != nil {
		return policy.Actor{}, errors.Join(&policy.Denied{Decision: policy.Refusal("", nobody, "")}, err)
	}
	return a, nil
}
