package main

import (
	"net/http"
	"net/url"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// activity is a page of attempts to sign in, those that belong together in one group.
type activity struct {
	Search  string
	Unusual bool
	Groups  [][]signins.Item
	Next    store.Cursor
}

func (p *portal) signIns(r *http.Request, me policy.Actor) (any, error) {
	q := signins.Query{Search: r.FormValue("search"), Unusual: r.FormValue("unusual") != "",
		Page: store.Page{Size: 20, After: store.Cursor(r.FormValue("after"))}}
	found, err := p.app.SignIns.Activity(r.Context(), me, q)
	return activity{q.Search, q.Unusual, signins.Grouped(found.Items), found.Next}, err
}

func (p *portal) thisWasMe(r *http.Request, me policy.Actor) error {
	return p.app.SignIns.ThisWasMe(r.Context(), me, signins.ID(r.PathValue("attempt")), yes(r))
}

func (p *portal) thisWasNotMe(r *http.Request, me policy.Actor) (any, error) {
	return p.app.SignIns.ThisWasNotMe(r.Context(), me, signins.ID(r.PathValue("attempt")), yes(r))
}

// onSessions are somebody's sessions, and whether they may end them at once.
type onSessions struct {
	store.List[signins.Session]
	EndOthers, SignOutEverywhere policy.Decision
}

func (p *portal) sessions(r *http.Request, me policy.Actor) (any, error) {
	list, err := p.app.SignIns.Sessions(r.Context(), me, store.Page{Size: 25, After: store.Cursor(r.FormValue("after"))})
	if err != nil {
		return nil, err
	}
	others, err := p.app.SignIns.Can(r.Context(), me, signins.EndOtherSessions, "")
	if err != nil {
		return nil, err
	}
	everywhere, err := p.app.SignIns.Can(r.Context(), me, signins.SignOutEverywhere, "")
	return onSessions{list, others, everywhere}, err
}

func (p *portal) endSession(r *http.Request, me policy.Actor) error {
	return p.app.SignIns.End(r.Context(), me, policy.SessionID(r.PathValue("session")))
}

func (p *portal) endOthers(r *http.Request, me policy.Actor) error {
	return p.app.SignIns.EndOthers(r.Context(), me)
}

func (p *portal) signOutEverywhere(r *http.Request, me policy.Actor) (then, error) {
	stay := r.PostFormValue("stay") != ""
	started, err := p.app.SignIns.SignOutEverywhere(r.Context(), me, yes(r), stay)
	if stay {
		return then{token: started.Token}, err
	}
	return then{page: "/sign-in", query: url.Values{"done": {"sign-out"}}, forget: true}, err
}
