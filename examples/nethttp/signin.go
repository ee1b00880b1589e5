package main

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	ok, _, err := s.hasher.Verify(r.Context(), secret.NewText(r.PostFormValue("password")), s.hash)
	if err != nil {
		problem.Write(w, err)
		return
	}
	now, from := time.Now(), address(r)
	attempt := signins.Record{ID: signins.ID(rand.Text()), Account: "ada", At: now, Application: "nethttp", ClientApp: "Browser", Address: from}
	if !ok || r.PostFormValue("account") != "ada" {
		attempt.Code = wrongPassword
		s.record(w, r, attempt, func() { http.Error(w, "unknown account or wrong password", http.StatusUnauthorized) })
		return
	}
	if old, err := s.actor(r); err == nil { // one browser, one session
		_ = s.app.SignIns.End(r.Context(), old, old.Session) // it may be over by now
	}
	started, err := s.app.Host.SignIns.Start(r.Context(), s.host, signins.NewSession{Account: "ada", Address: from,
		Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: now}}, Client: policy.Client{Application: "nethttp"}})
	if err != nil {
		problem.Write(w, err)
		return
	}
	attempt.Session = started.Actor.Session // so that "This wasn't me" can end it
	s.record(w, r, attempt, func() { setCookie(w, started.Token.Reveal()) })
}

// wrongPassword is Microsoft Entra's code, from which package signins tells how an attempt ended.
const wrongPassword = 50126

// record notes an attempt before anybody is told how it ended.
func (s *server) record(w http.ResponseWriter, r *http.Request, attempt signins.Record, then func()) {
	if _, err := s.app.Host.SignIns.Record(r.Context(), s.host, attempt); err != nil {
		problem.Write(w, err)
		return
	}
	then()
}

// setCookie lives as long as the browser runs. How long the session lives is not the browser's to say.
func setCookie(w http.ResponseWriter, value string) {
	age := 0
	if value == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{Name: session, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
