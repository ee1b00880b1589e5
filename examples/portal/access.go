package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// open serves what needs nobody signed in.
func (p *portal) open() {
	p.mux.HandleFunc("GET /style.css", asset("style.css"))
	p.mux.HandleFunc("GET /icon.svg", asset("icon.svg"))
	p.mux.HandleFunc("GET /sign-in", p.askSignIn)
	p.mux.HandleFunc("POST /sign-in", p.whole(p.signIn))
	p.mux.HandleFunc("POST /sign-out", p.signOut)
	p.said["sign-out"] = "You are signed out."
	p.mux.HandleFunc("POST /reopen/code", p.whole(p.reopenCode))
	p.mux.HandleFunc("POST /reopen", p.whole(p.reopen))
	p.mux.HandleFunc("GET /email/cancel", p.askCancel)
	p.mux.HandleFunc("POST /email/cancel", p.whole(p.cancel))
	p.mux.HandleFunc("GET /mailbox", p.mailbox)
	p.mux.HandleFunc("/", p.nothing)
}

// whole has a form read to its end before anything is done with it.
func (p *portal) whole(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := parse(r); err != nil {
			p.refuse(w, r, "refused", nil, err)
			return
		}
		next(w, r)
	}
}

// signingIn is what the page for signing in is about.
type signingIn struct {
	Back    string // where to go next
	Closing bool   // the account is being closed, and can be reopened
}

func (p *portal) askSignIn(w http.ResponseWriter, r *http.Request) {
	p.write(w, http.StatusOK, &screen{Page: "sign-in", URL: r.URL, Done: p.said[r.FormValue("done")], Data: signingIn{Back: p.back(r)}})
}

func (p *portal) signIn(w http.ResponseWriter, r *http.Request) {
	started, err := p.app.SignIn(r.Context(), p.from(r), p.attempt(r))
	if err != nil {
		p.refuse(w, r, "sign-in", signingIn{Back: p.back(r), Closing: refusedFor(err, policy.CodeAccountClosing)}, err)
		return
	}
	p.keep(w, started.Token)
	next := p.back(r)
	if started.MustChangePassword {
		next = "/password"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// attempt is what somebody gave to sign in.
func (p *portal) attempt(r *http.Request) myaccount.SignInAttempt {
	return myaccount.SignInAttempt{Identifier: r.PostFormValue("identifier"), Password: secret.NewText(r.PostFormValue("password")),
		Address: address(r), Client: policy.Client{Application: "My Account", Browser: browserOf(r)}, Replaces: p.token(r)}
}

// browserOf is a name for people, made of what a browser says it is. Package useragent of the adapters does better.
func browserOf(r *http.Request) string {
	for _, name := range []string{"Firefox", "Edg", "Chrome", "Safari"} {
		if strings.Contains(r.UserAgent(), name+"/") {
			return strings.Replace(name, "Edg", "Edge", 1)
		}
	}
	return ""
}

// signOut needs nobody signed in: whoever was disabled meanwhile wants to leave this browser too, and it forgets the session
// even if that could not be ended.
func (p *portal) signOut(w http.ResponseWriter, r *http.Request) {
	err := p.app.Host.SignIns.SignOut(r.Context(), p.from(r), p.token(r))
	p.keep(w, secret.Text{})
	if err != nil {
		p.refuse(w, r, "refused", nil, err)
		return
	}
	http.Redirect(w, r, "/sign-in?done=sign-out", http.StatusSeeOther)
}

// reopening is an account that its person wants back.
type reopening struct{ Challenge challenge.ID }

func (p *portal) reopenCode(w http.ResponseWriter, r *http.Request) {
	id, err := p.app.ReopenCode(r.Context(), p.from(r), p.attempt(r))
	if err != nil {
		p.refuse(w, r, "sign-in", signingIn{Back: "/", Closing: true}, err)
		return
	}
	p.write(w, http.StatusOK, &screen{Page: "reopen", URL: r.URL, Given: r.PostForm, Data: reopening{id}})
}

func (p *portal) reopen(w http.ResponseWriter, r *http.Request) {
	id := challenge.ID(r.PostFormValue("challenge"))
	started, err := p.app.Reopen(r.Context(), p.from(r), p.attempt(r), id, code(r))
	if err != nil {
		p.refuse(w, r, "reopen", reopening{id}, err)
		return
	}
	p.keep(w, started.Token)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// askCancel asks first: programs that look at mail open the links in it.
func (p *portal) askCancel(w http.ResponseWriter, r *http.Request) {
	link := r.FormValue("link")
	if link == "" {
		p.nothing(w, r)
		return
	}
	p.write(w, http.StatusOK, &screen{Page: "cancel", URL: r.URL, Data: link})
}

func (p *portal) cancel(w http.ResponseWriter, r *http.Request) {
	link := r.PostFormValue("link")
	if err := p.app.Host.Account.CancelEmailChange(r.Context(), p.from(r), secret.NewText(link)); err != nil {
		p.refuse(w, r, "cancel", link, err)
		return
	}
	p.write(w, http.StatusOK, &screen{Page: "cancel", URL: r.URL, Data: ""})
}

func (p *portal) mailbox(w http.ResponseWriter, r *http.Request) {
	s := p.anybody(r)
	s.Page, s.Data = "mailbox", p.mail.newest()
	p.write(w, http.StatusOK, s)
}

func (p *portal) nothing(w http.ResponseWriter, r *http.Request) {
	s := p.anybody(r)
	s.Page, s.Wrong = "refused", &problem.Details{Status: http.StatusNotFound}
	p.write(w, http.StatusNotFound, s)
}

// anybody is a screen for who is signed in, if somebody is.
func (p *portal) anybody(r *http.Request) *screen {
	me, err := p.actor(r)
	if err != nil {
		return &screen{URL: r.URL}
	}
	return &screen{URL: r.URL, Me: me, Name: p.nameOf(r, me)}
}

// refuse shows a page that needs nobody signed in again, with what was wrong.
func (p *portal) refuse(w http.ResponseWriter, r *http.Request, page string, data any, err error) {
	wrong := p.wrong(page, err)
	p.write(w, wrong.Status, &screen{Page: page, URL: r.URL, Wrong: wrong, Given: r.PostForm, Data: data})
}

// proving is what somebody still has to prove, one factor after the other.
type proving struct {
	Back      string
	Level     policy.Level
	Password  bool         // that is asked for next
	Done      bool         // that nothing is missing
	Phone     string       // where a code goes, as far as it is shown
	Challenge challenge.ID // of the code that was sent
}

// toProve is what is next for an assurance level: the password if that is not fresh, and then a code.
func (p *portal) toProve(me policy.Actor, back string, level policy.Level) proving {
	now := policy.Assurance(me.Proofs, time.Now(), policy.Recent)
	return proving{Back: back, Level: level, Password: now < policy.AAL1, Done: now >= level, Phone: masked(p.phones[me.Account])}
}

func (p *portal) prove(r *http.Request, me policy.Actor) (any, error) {
	level := policy.AAL2
	if text := r.FormValue("level"); text != "" {
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return nil, &policy.Invalid{Field: "level", Problem: err.Error()}
		}
	}
	next := p.toProve(me, p.back(r), level)
	next.Challenge = challenge.ID(r.PostFormValue("challenge")) // whose code was mistyped, if one was
	return next, nil
}

func (p *portal) provePassword(r *http.Request, _ policy.Actor) (then, error) {
	return p.proven(r)(p.app.ProvePassword(r.Context(), p.from(r), p.token(r), secret.NewText(r.PostFormValue("password"))))
}

func (p *portal) sendCode(r *http.Request, me policy.Actor) (any, error) {
	next, err := p.prove(r, me)
	if err != nil {
		return nil, err
	}
	id, err := p.app.Host.Account.SendCode(r.Context(), p.from(r), account.CodeRequest{Account: me.Account, Purpose: challenge.StepUp,
		Method: challenge.SMS, To: p.phones[me.Account], Session: me.Session})
	sent := next.(proving)
	sent.Challenge = id
	return sent, err
}

func (p *portal) proveCode(r *http.Request, _ policy.Actor) (then, error) {
	return p.proven(r)(p.app.ProveCode(r.Context(), p.from(r), p.token(r), challenge.SMS, challenge.ID(r.PostFormValue("challenge")), code(r)))
}

// proven goes on to what is missing, or back to where the proof was asked for.
func (p *portal) proven(r *http.Request) func(signins.Started, error) (then, error) {
	return func(started signins.Started, err error) (then, error) {
		next, wrong := p.prove(r, started.Actor)
		if err = errors.Join(err, wrong); err != nil {
			return then{}, err
		}
		to := next.(proving)
		if to.Done {
			return then{page: to.Back, token: started.Token}, nil
		}
		return then{page: "/prove", query: url.Values{"back": {to.Back}, "level": {to.Level.String()}}, token: started.Token}, nil
	}
}

// masked is a phone number as it may be shown to who has the password alone.
func masked(number string) string {
	if len(number) < 4 {
		return ""
	}
	return "••• " + number[len(number)-2:]
}

// back is where a form says to go next, if that is a page of this site, and else the first one.
func (p *portal) back(r *http.Request) string {
	to, err := url.Parse(r.FormValue("back"))
	if err != nil || to.IsAbs() || to.Host != "" || to.User != nil || !strings.HasPrefix(to.Path, "/") {
		return "/"
	}
	_, route := p.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: to.Path, RawPath: to.RawPath}, Host: r.Host})
	if !p.shown[route] {
		return "/"
	}
	return to.EscapedPath()
}
