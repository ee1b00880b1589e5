// Command nethttp shows how a program on net/http turns a session cookie into the actor of each request. Sign in
// as ada with the password that it prints, then look at /devices and /sessions.
//
//	go run ./examples/nethttp -listen localhost:8080
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"net/netip"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func main() {
	listen := flag.String("listen", "localhost:8080", "address to listen on")
	flag.Parse()
	s, password, err := newServer(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("http://%s, account ada, password %s", *listen, password)
	server := &http.Server{Addr: *listen, Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

type server struct {
	app    *myaccount.Account
	host   policy.Actor
	hasher *secret.Hasher
	hash   secret.Hash // of the one person's password: a host keeps accounts where it likes
}

// session is the name of the cookie. Browsers send a __Host- cookie to this host alone, and over TLS (or to
// localhost).
const session = "__Host-session"

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.Handle("GET /devices", s.as(func(w http.ResponseWriter, r *http.Request, actor policy.Actor) error {
		return answer(w)(s.app.Devices.List(r.Context(), actor, devices.Query{}))
	}))
	mux.Handle("GET /sign-ins", s.as(func(w http.ResponseWriter, r *http.Request, actor policy.Actor) error {
		return answer(w)(s.app.SignIns.Activity(r.Context(), actor, signins.Query{Search: r.FormValue("search")}))
	}))
	mux.Handle("GET /sessions", s.as(func(w http.ResponseWriter, r *http.Request, actor policy.Actor) error {
		return answer(w)(s.app.SignIns.Sessions(r.Context(), actor, store.Page{}))
	}))
	mux.Handle("POST /devices/{id}/disable", s.as(func(w http.ResponseWriter, r *http.Request, actor policy.Actor) error {
		yes := policy.Confirmation(r.PostFormValue("confirm")) // without it, the answer says what will happen
		return s.app.Devices.Disable(r.Context(), actor, policy.DeviceID(r.PathValue("id")), yes)
	}))
	mux.Handle("POST /sign-out", s.as(func(w http.ResponseWriter, r *http.Request, actor policy.Actor) error {
		if err := s.app.SignIns.End(r.Context(), actor, actor.Session); err != nil {
			return err
		}
		setCookie(w, "")
		return nil
	}))
	return http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(mux, 64<<10)) // no other site's forms
}

// as is the middleware: it calls fn with the actor of the request's session, and answers with the problem if fn,
// or the session, is refused.
func (s *server) as(fn func(http.ResponseWriter, *http.Request, policy.Actor) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, err := s.actor(r)
		if err == nil {
			err = fn(w, r, actor)
		}
		if err != nil {
			problem.Write(w, err)
		}
	})
}

// actor is who a request comes from. Without a cookie the token is empty, and refused as any that does not count.
func (s *server) actor(r *http.Request) (policy.Actor, error) {
	var token string
	if c, err := r.Cookie(session); err == nil {
		token = c.Value
	}
	actor, err := s.app.Host.SignIns.Actor(r.Context(), secret.NewText(token))
	if err != nil {
		return policy.Actor{}, err
	}
	actor.Address = address(r)
	return actor, s.app.Host.SignIns.Touch(r.Context(), actor)
}

// address is the peer's. Headers such as X-Forwarded-For are anybody's claim unless a proxy of one's own sets them.
func address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr()
}

// answer writes what an operation gave, unless it failed.
func answer(w http.ResponseWriter) func(any, error) error {
	return func(v any, err error) error {
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		return json.NewEncoder(w).Encode(v)
	}
}
