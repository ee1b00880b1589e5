// Command nethttp turns a session cookie into the actor of each request. Sign in, then look at /devices and /sign-ins.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"net/netip"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func main() {
	s, password, err := newServer(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("http://localhost:8080, user ada, password %s", password)
	log.Fatal((&http.Server{Addr: "localhost:8080", Handler: s.routes(), ReadHeaderTimeout: time.Minute}).ListenAndServe())
}

type server struct {
	app  *myaccount.Account
	host policy.Actor // this program
}

// newServer makes an installation with one person, who has one device, and gives their password.
func newServer(ctx context.Context) (*server, string, error) {
	ring, err := secret.NewKeyRing(secret.NewKey("2026"))
	if err != nil {
		return nil, "", err
	}
	app, err := myaccount.New(memstore.New(), ring)
	if err != nil {
		return nil, "", err
	}
	host, password := policy.Host("nethttp", "contoso"), rand.Text()
	return &server{app, host}, password, errors.Join(
		app.Admin.Policy.CreateTenant(ctx, policy.System("setup"), "contoso"),
		app.Host.Accounts.Provision(ctx, host, "ada", policy.Personal),
		app.Host.Account.AddIdentifier(ctx, host, account.NewIdentifier{Account: "ada", Kind: account.UserName, Text: "ada"}),
		// As for somebody who has just signed up: Host.SetPassword would demand another before anything else.
		app.Host.Account.ResetPassword(ctx, host, account.Reset{Account: "ada", New: secret.NewText(password),
			Proofs: []policy.Proof{{Factor: policy.FactorRecovery, At: time.Now()}}}),
		app.Host.Devices.Register(ctx, host, devices.Registration{ID: "laptop", Owner: "ada", Name: "Ada's laptop", OS: "Windows", Join: devices.Registered}))
}

// session is the name of the cookie. Browsers send a __Host- cookie to this host alone, and over TLS (or to localhost).
const session = "__Host-session"

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.Handle("GET /devices", s.as(func(r *http.Request, actor policy.Actor) (any, error) {
		return s.app.Devices.List(r.Context(), actor, devices.Query{})
	}))
	mux.Handle("GET /sessions", s.as(func(r *http.Request, actor policy.Actor) (any, error) {
		return s.app.SignIns.Sessions(r.Context(), actor, store.Page{})
	}))
	mux.Handle("GET /sign-ins", s.as(func(r *http.Request, actor policy.Actor) (any, error) {
		return s.app.SignIns.Activity(r.Context(), actor, signins.Query{Search: r.FormValue("search")})
	}))
	mux.Handle("POST /devices/{id}/disable", s.as(func(r *http.Request, actor policy.Actor) (any, error) {
		yes := policy.Confirmation(r.PostFormValue("confirm")) // without it, the answer says what will happen
		return nil, s.app.Devices.Disable(r.Context(), actor, policy.DeviceID(r.PathValue("id")), yes)
	}))
	mux.Handle("POST /sign-out", s.as(func(r *http.Request, _ policy.Actor) (any, error) {
		return nil, s.app.Host.SignIns.SignOut(r.Context(), s.host, token(r)) // the cookie says nothing any more
	}))
	return http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(mux, 64<<10)) // no other site's forms
}

// as is the middleware: fn gets the actor of the request's session. It writes what fn gives, or why one was refused.
func (s *server) as(fn func(*http.Request, policy.Actor) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var given any
		actor, err := s.actor(r)
		if err == nil {
			given, err = fn(r, actor)
		}
		if err != nil {
			problem.Write(w, err)
			return
		}
		w.Header()["Content-Type"], w.Header()["Cache-Control"] = []string{"application/json"}, []string{"no-store"}
		_ = json.NewEncoder(w).Encode(given) // whoever asked has gone
	})
}

// token is what the request's cookie says. Without one it is empty, and refused as any that does not count.
func token(r *http.Request) secret.Text {
	c, err := r.Cookie(session)
	if err != nil {
		return secret.Text{}
	}
	return secret.NewText(c.Value)
}

// actor is who a request comes from.
func (s *server) actor(r *http.Request) (policy.Actor, error) {
	actor, err := s.app.Host.SignIns.Actor(r.Context(), token(r))
	if actor.Address = address(r); err != nil {
		return policy.Actor{}, err
	}
	return actor, s.app.Host.SignIns.Touch(r.Context(), actor)
}

// address is the peer's. Headers such as X-Forwarded-For are anybody's claim unless a proxy of one's own sets them.
func address(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero address is none
	return peer.Addr()
}

// signIn is one call: the library records the attempt, and one browser has one session.
func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	started, err := s.app.SignIn(r.Context(), s.host, myaccount.SignInAttempt{
		Identifier: r.PostFormValue("user"), Password: secret.NewText(r.PostFormValue("password")), Replaces: token(r),
		Address: address(r), Client: policy.Client{Application: "nethttp", Browser: r.UserAgent()}})
	if err != nil {
		problem.Write(w, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: session, Value: started.Token.Reveal(), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
