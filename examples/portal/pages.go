package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
	"github.com/seed4b20689c/myaccount/secret"
)

// screen is what a template is given.
type screen struct {
	Page  string // the template's name
	Me    policy.Actor
	Name  string // how the person is called
	Demo  *demo
	URL   *url.URL
	Done  string           // what was just done
	Wrong *problem.Details // why it was not done
	Given url.Values       // what a form was sent with, for filling it in again
	Back  string           // where the form was
	Data  any              // what the page is about
}

// page shows something to who is signed in.
type page struct {
	path, name string
	show       func(*http.Request, policy.Actor) (any, error)
}

// page serves a page: show gives what its template shows.
func (p *portal) page(path, name string, show func(*http.Request, policy.Actor) (any, error)) *page {
	pg := &page{path, name, show}
	p.shown["GET "+path] = true
	p.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		p.as(w, r, pg, func(s *screen) (err error) {
			s.Page, s.Done = name, p.said[r.URL.Query().Get("done")]
			if s.Data, err = show(r, s.Me); err == nil {
				p.write(w, http.StatusOK, s)
			}
			return err
		})
	})
	return pg
}

// result serves a form of a page whose answer is shown once: nobody can ask for it again.
func (p *portal) result(path string, of *page, name string, do func(*http.Request, policy.Actor) (any, error)) {
	p.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		p.as(w, r, of, func(s *screen) (err error) {
			s.Page = name
			if s.Data, err = do(r, s.Me); err != nil {
				return err
			}
			if _, err := p.actor(r); errors.As(err, new(*policy.Denied)) { // what was done ended this session too
				p.keep(w, secret.Text{})
				s.Me = policy.Actor{}
			}
			p.write(w, http.StatusOK, s)
			return nil
		})
	})
}

// act serves a form of a page, which is shown again and says what was done.
func (p *portal) act(path string, of *page, said string, do func(*http.Request, policy.Actor) error) {
	p.move(path, of, said, func(r *http.Request, me policy.Actor) (then, error) { return then{}, do(r, me) })
}

// then is what follows when a form was obeyed: another page than its own, another token.
type then struct {
	page   string
	query  url.Values // of that page
	token  secret.Text
	forget bool // that the browser has a session
}

// move serves a form of a page after which something else follows.
func (p *portal) move(path string, of *page, said string, do func(*http.Request, policy.Actor) (then, error)) {
	name := strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path), "-")
	p.said[name] = said
	p.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		p.as(w, r, of, func(s *screen) error {
			next, err := do(r, s.Me)
			if err != nil {
				return err
			}
			if next.forget || !next.token.Empty() {
				p.keep(w, next.token)
			}
			if next.page == "" {
				next.page = of.at(r)
			}
			query := url.Values{"done": {name}}
			maps.Copy(query, next.query)
			http.Redirect(w, r, next.page+"?"+query.Encode(), http.StatusSeeOther)
			return nil
		})
	})
}

// at is the address of the page whose form was sent.
func (pg *page) at(r *http.Request) string {
	parts := strings.Split(strings.TrimSuffix(pg.path, "{$}"), "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = url.PathEscape(r.PathValue(strings.Trim(part, "{}")))
		}
	}
	return strings.Join(parts, "/")
}

// as finds out who asks, and answers with what went wrong if anything does.
func (p *portal) as(w http.ResponseWriter, r *http.Request, of *page, fn func(*screen) error) {
	me, err := p.actor(r)
	s := &screen{Me: me, URL: r.URL}
	if err == nil {
		err = parse(r)
	}
	if err == nil {
		s.Name = p.nameOf(r, me)
		err = fn(s)
	}
	if err != nil {
		p.explain(w, r, of, s, err)
	}
}

// parse reads a form, files included: all of it, or nothing is done.
func parse(r *http.Request) error {
	err := r.ParseForm()
	if err == nil {
		err = r.ParseMultipartForm(formMemory)
	}
	switch {
	case err == nil, errors.Is(err, http.ErrNotMultipart):
		return nil
	case errors.As(err, new(*http.MaxBytesError)):
		return err
	}
	return &policy.Invalid{Field: "form", Problem: "is not as a browser sends it; open the page again"} // err has some of it in it
}

// formMemory is how much of a form with a file stays in memory, in bytes.
const formMemory = 1 << 20

// nameOf is how a person is called, if their organization shows it.
func (p *portal) nameOf(r *http.Request, me policy.Actor) string {
	if profile, err := p.app.Account.Profile(r.Context(), me); err == nil {
		if f, ok := profile.Field(account.DisplayName); ok && f.Value != "" {
			return f.Value
		}
	}
	return ""
}

// demanded names what the page for the password says to who has to set a new one before anything else.
const demanded = "demanded"

// explain shows why something was refused, where it can be mended: on the page for signing in, for a new password, or for proving more; as
// the question that has no answer yet; on the page whose form was sent.
func (p *portal) explain(w http.ResponseWriter, r *http.Request, of *page, s *screen, err error) {
	s.Page, s.Wrong, s.Given, s.Done, s.Back = "refused", p.wrong(of.name, err), r.PostForm, "", of.at(r)
	var denied *policy.Denied
	switch refused := errors.As(err, &denied); {
	case refused && denied.Reason().Class == policy.ClassNotAdmitted && denied.Reason().Remedy == policy.SignIn:
		if !p.token(r).Empty() { // a browser that follows another site's link sends none, and keeps the one it has
			p.keep(w, secret.Text{})
		}
		http.Redirect(w, r, "/sign-in?back="+url.QueryEscape(of.at(r)), http.StatusSeeOther)
		return
	case refused && denied.Reason().Remedy == policy.SetNewPassword:
		http.Redirect(w, r, "/password?done="+demanded, http.StatusSeeOther)
		return
	case refused && denied.Reason().Class == policy.ClassProof:
		s.Page, s.Data = "prove", p.toProve(s.Me, of.at(r), denied.Reason().Level)
	case refused && denied.Preview != nil:
		s.Page = "confirm"
	case r.Method == http.MethodPost:
		if data, err := of.show(r, s.Me); err == nil {
			s.Page, s.Data = of.name, data
		}
	}
	p.write(w, s.Wrong.Status, s)
}

// wrong is what to tell about an error. What is nobody's business is logged instead.
func (p *portal) wrong(page string, err error) *problem.Details {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &problem.Details{Title: "Too large", Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("At most %d bytes can be sent here.", large.Limit)}
	}
	d := problem.Of(err)
	if d.Status >= http.StatusInternalServerError {
		p.log.Error("failed", "page", page, "error", err.Error())
	}
	return &d
}

// refusedFor tells whether an error is a refusal for a reason.
func refusedFor(err error, code policy.Code) bool {
	var denied *policy.Denied
	return errors.As(err, &denied) && denied.Reason().Code == code
}

// write answers with a page: all of it, or nothing.
func (p *portal) write(w http.ResponseWriter, status int, s *screen) {
	s.Demo = p.demo
	var body bytes.Buffer
	if err := p.pages[s.Page].ExecuteTemplate(&body, "layout.html", s); err != nil {
		p.log.Error("page", "page", s.Page, "error", err.Error())
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // whoever asked has gone
}

// Problem is what went wrong, where something did: a question that is not answered yet, or a proof that is not given yet, is
// none.
func (s *screen) Problem() *problem.Details {
	if s.Wrong == nil || s.Wrong.Preview != nil {
		return nil
	}
	if d := s.Wrong.Decision; d != nil && d.Reason().Class == policy.ClassProof {
		return nil
	}
	if s.Wrong.Field == "" {
		return s.Wrong
	}
	var told []string
	for _, wrong := range s.Wrong.Invalid {
		told = append(told, s.label(wrong.Field)+": "+wrong.Problem+".")
	}
	named := *s.Wrong
	named.Detail = strings.Join(told, " ")
	return &named
}

// label is what people read at a field. What a form has hidden is nobody's field.
func (s *screen) label(field string) string {
	if profile, ok := s.Data.(onProfile); ok {
		if f, ok := profile.Field(account.Attribute(field)); ok {
			return f.Label
		}
	}
	if label, ok := labels[field]; ok {
		return label
	}
	return "What was sent (" + field + ")"
}
