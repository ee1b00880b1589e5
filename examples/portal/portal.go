package main

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// portal is the web site.
type portal struct {
	*demo
	log   *slog.Logger
	mux   *http.ServeMux
	pages map[string]*template.Template // by name
	said  map[string]string             // what a page says after something was done, by a name that addresses carry
	shown map[string]bool               // the patterns of pages, which alone an answer may lead back to
	// cookie is the name of the session's cookie, and secure whether browsers send it over TLS only (or to localhost). A site that
	// is reached by TLS has it secure wherever it listens; this one has no TLS.
	cookie string
	secure bool
}

func newPortal(d *demo, log *slog.Logger, loopback bool) (*portal, error) {
	pages, err := parsePages()
	p := &portal{demo: d, log: log, mux: http.NewServeMux(), pages: pages, said: make(map[string]string), shown: make(map[string]bool),
		cookie: "session", secure: loopback}
	if p.secure {
		p.cookie = "__Host-session" // which browsers take from this host alone
	}
	return p, err
}

// guarded is what every request passes before a handler sees it.
func (p *portal) guarded(next http.Handler) http.Handler {
	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := int64(64 << 10)
		if r.URL.Path == "/photo" {
			most = 5 << 20
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
	return p.logged(headed(http.NewCrossOriginProtection().Handler(limited)))
}

// headed sets what browsers are to make of every answer. There is no script here, so none may run.
func headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		next.ServeHTTP(w, r)
	})
}

// logged writes a line for each request: its route and not its address, which may have somebody's ids in it.
func (p *portal) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), &answered{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		_, route := p.mux.Handler(r)
		p.log.Info("request", "method", r.Method, "route", route, "status", answer.status, "took", time.Since(began))
	})
}

type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// actor is who a request comes from. Without a cookie the token is empty, and refused as any that does not count.
func (p *portal) actor(r *http.Request) (policy.Actor, error) {
	me, err := p.app.Host.SignIns.Actor(r.Context(), p.token(r))
	if err != nil {
		return policy.Actor{}, err
	}
	me.Address, me.Roles = address(r), p.roles[me.Account]
	// Noting that a session is in use is refused where My Account is turned off, to administrators as well: they come to turn it
	// on again. People are told by the page that they open.
	if err = p.app.Host.SignIns.Touch(r.Context(), me); refusedFor(err, policy.CodeNotTurnedOn) {
		err = nil
	}
	return me, err
}

func (p *portal) token(r *http.Request) secret.Text {
	c, err := r.Cookie(p.cookie)
	if err != nil {
		return secret.Text{}
	}
	return secret.NewText(c.Value)
}

// keep gives the browser a session's token; an empty one takes it away.
func (p *portal) keep(w http.ResponseWriter, token secret.Text) {
	c := &http.Cookie{Name: p.cookie, Value: token.Reveal(), Path: "/", Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if token.Empty() {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// from is the host, asked by a request: events tell where that came from.
func (p *portal) from(r *http.Request) policy.Actor {
	host := p.host
	host.Address = address(r)
	return host
}

// address is the peer's. Headers such as X-Forwarded-For are anybody's claim unless a proxy of one's own sets them.
func address(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero address is none
	return peer.Addr().Unmap()
}
