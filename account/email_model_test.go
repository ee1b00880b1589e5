package account_test

import (
	"maps"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// registry is the model of a tenant's addresses and of how they change, written from the rules and not from the code:
// everything is remembered, and what came before what is told by its place, not by the clock.
type registry struct {
	now    time.Time
	rows   map[string]*row
	people map[policy.AccountID]*owner
	asked  []*request
	mail   []letter
}

// row is an address that somebody has or had.
type row struct {
	owner           policy.AccountID
	live, primary   bool
	proven, retired time.Time
	version         int // counts whatever happened to it
}

// owner is one of the people.
type owner struct {
	id       policy.AccountID
	era      int       // counts what voids all that they were given
	from     time.Time // when that was, by the clock
	phrase   string
	spent    bool // the password is of no use until another is set in its place
	demanded bool // a new password is, before anything else
	atRisk   bool
	sessions []*login
	asks     []time.Time
	codes    tries
	links    tries
}

// login is a session, which somebody began with a password.
type login struct {
	signins.Started
	owner *owner
	at    time.Time
	era   int
	ended bool
}

// request is a change of an address that was asked for.
type request struct {
	owner      *owner
	by         *login
	id         challenge.ID
	code       secret.Text
	links      []*takeBackLink
	old, fresh string
	version    int // of the old address
	proven     time.Time
	era        int
	at         time.Time

	over, confirmed, takenBack, gone bool // given up or replaced; in force; undone; no longer kept

	codeOver, codeGone bool
	misses             int
}

// takeBackLink is what one address got by which a change is taken back.
type takeBackLink struct {
	to     string
	text   secret.Text
	used   bool
	misses int
}

// hears tells whether the right secret of a link is still taken, as far as that one goes.
func (l *takeBackLink) hears(c *request, now time.Time) bool {
	return !l.used && l.misses < 5 && now.Before(c.at.Add(30*day))
}

// tries is what was tried, and sent, by one method.
type tries struct {
	failed int
	last   time.Time
	sent   []letter
}

type letter struct {
	to      string
	purpose challenge.Purpose
	at      time.Time
}

const (
	monthly  = 20 // changes that one person may ask for
	notFound = "not found"
	nothing  = "nothing" // changes, and nobody is told
)

// alive tells whether a session counts: for thirty days, and until it ends or all do.
func (g *registry) alive(s *login) bool {
	return !s.ended && s.era == s.owner.era && g.now.Before(s.at.Add(30*day))
}

// void ends whatever somebody was given, but for one session.
func (g *registry) void(o *owner, but *login) {
	o.era++
	if g.now.After(o.from) {
		o.from = g.now
	}
	if but != nil {
		but.era = o.era
	}
}

// waits tells whether no answer is heard: from the fifth wrong one in a row on, for a minute that doubles, and from the
// tenth on for a day.
func (t *tries) waits(now time.Time) bool {
	switch {
	case t.failed < 5:
		return false
	case t.failed < 10:
		return now.Before(t.last.Add([]time.Duration{1, 2, 4, 8, 16}[t.failed-5] * time.Minute))
	}
	return now.Before(t.last.Add(day))
}

func (t *tries) miss(now time.Time) {
	t.failed++
	if now.After(t.last) {
		t.last = now
	}
}

func (t *tries) forgive(n int) {
	if n > 0 && t.failed > 0 {
		if t.failed = max(0, t.failed-n); t.failed == 0 {
			t.last = time.Time{}
		}
	}
}

// full tells whether no more is sent: five an hour to one address, ten altogether.
func (t *tries) full(to string, now time.Time) bool {
	same, all := 0, 0
	for _, l := range t.sent {
		if l.at.After(now.Add(-time.Hour)) {
			all++
			if l.to == to {
				same++
			}
		}
	}
	return same >= 5 || all >= 10
}

// send notes that something was sent. What is older than an hour is forgotten then, and does not come back with the clock.
func (t *tries) send(l letter) {
	t.sent = append(slices.DeleteFunc(t.sent, func(old letter) bool { return !old.at.After(l.at.Add(-time.Hour)) }), l)
}

// pending tells whether a change would still be confirmed.
func (g *registry) pending(c *request) bool {
	return !c.over && !c.confirmed && !c.takenBack && !c.gone && c.era == c.owner.era && g.now.Before(c.at.Add(time.Hour))
}

// shown tells whether a change is shown as pending: only if the session that asked can still confirm it, and the address
// is what it was.
func (g *registry) shown(c *request) bool {
	return g.pending(c) && g.alive(c.by) && g.unchanged(c)
}

func (g *registry) unchanged(c *request) bool {
	r := g.rows[c.old]
	return r.owner == c.owner.id && r.live && r.version == c.version
}

// has gives somebody's live address.
func (g *registry) has(o *owner, address string) *row {
	if r := g.rows[address]; r != nil && r.owner == o.id && r.live {
		return r
	}
	return nil
}

// ask is a request in a session; if it is granted, a change is added to those that were asked for.
func (g *registry) ask(s *login, old, fresh string) policy.Code {
	o := s.owner
	recent := o.asks
	for len(recent) > 0 && !recent[0].After(g.now.Add(-30*day)) {
		recent = recent[1:]
	}
	switch {
	case !g.alive(s):
		return policy.CodeSessionEnded
	case o.demanded:
		return policy.CodeMustChangePassword
	case len(recent) >= monthly:
		return policy.CodeThrottled
	case g.now.After(s.at.Add(15 * time.Minute)):
		return policy.CodeFresherProof
	}
	from := g.has(o, old)
	if from == nil {
		return notFound
	}
	if g.has(o, fresh) != nil && (fresh != old || !from.proven.IsZero()) {
		return account.CodeSameEmail
	}
	if o.codes.waits(g.now) || o.codes.full(fresh, g.now) {
		return policy.CodeThrottled
	}
	c := &request{owner: o, by: s, old: old, fresh: fresh, version: from.version, proven: from.proven, era: o.era, at: g.now}
	links, live := tries{sent: slices.Clone(o.links.sent)}, g.linksOf(o)
	var mail []letter
	for _, to := range g.proven(o) {
		if links.full(to, g.now) || live >= 50 {
			return policy.CodeThrottled
		}
		live++
		l := letter{to, challenge.CancelChange, g.now}
		links.send(l)
		mail, c.links = append(mail, l), append(c.links, &takeBackLink{to: to})
	}
	g.sweep(s)
	o.asks, o.links = append(recent, g.now), links
	code := letter{fresh, challenge.ChangeEmail, g.now}
	o.codes.send(code)
	g.mail = append(append(g.mail, mail...), code)
	g.asked = append(g.asked, c)
	return ""
}

// proven are somebody's addresses that get a link, the primary one first.
func (g *registry) proven(o *owner) (to []string) {
	for _, a := range slices.Sorted(maps.Keys(g.rows)) {
		switch r := g.has(o, a); {
		case r == nil || r.proven.IsZero():
		case r.primary:
			to = append([]string{a}, to...)
		default:
			to = append(to, a)
		}
	}
	return to
}

// linksOf counts somebody's links whose secret is still taken, whether or not what they would undo was undone by another.
func (g *registry) linksOf(o *owner) (n int) {
	for _, c := range g.asked {
		for _, l := range c.links {
			if c.owner == o && !c.gone && l.hears(c, g.now) {
				n++
			}
		}
	}
	return n
}

// sweep is what a request does to those before: it takes the place of the one of its session, and what is old goes.
func (g *registry) sweep(s *login) {
	for _, c := range g.asked {
		if c.owner != s.owner {
			continue
		}
		if !g.now.Before(c.at.Add(30 * day)) {
			c.gone = true
		}
		if !g.now.Before(c.at.Add(time.Hour)) {
			c.codeGone = true
		}
		if c.by == s {
			c.codeOver = true
			c.over = c.over || !c.confirmed
		}
	}
}

// confirm is an answer in a session; counted tells that it used up an attempt, or the code.
func (g *registry) confirm(s *login, c *request, right bool) (code policy.Code, counted bool) {
	t := &s.owner.codes
	switch {
	case !g.alive(s):
		return policy.CodeSessionEnded, false
	case s.owner.demanded:
		return policy.CodeMustChangePassword, false
	case t.waits(g.now):
		return policy.CodeThrottled, false
	}
	its := c.by == s && !c.gone && !c.codeGone
	live := its && !c.codeOver && c.misses < 5 && c.era == c.owner.era && g.now.Before(c.at.Add(time.Hour))
	switch {
	case right && its && !live:
		return challenge.CodeWrong, false
	case !right || !its:
		if live {
			c.misses++
		}
		t.miss(g.now)
		return challenge.CodeWrong, true
	}
	c.codeOver = true
	t.forgive(c.misses)
	return g.move(c), true
}

// move puts a proven address in the old one's place, if it can.
func (g *registry) move(c *request) policy.Code {
	old, fresh := g.rows[c.old], g.rows[c.fresh]
	switch {
	case !g.pending(c) || !g.unchanged(c):
		return account.CodeEmailChanged
	case fresh != nil && fresh.owner != c.owner.id:
		return account.CodeIdentifierTaken
	case fresh != nil && fresh.live && c.fresh != c.old:
		return account.CodeSameEmail
	case fresh == nil:
		fresh = &row{owner: c.owner.id}
		g.rows[c.fresh] = fresh
	}
	primary := old.primary
	g.retire(old)
	fresh.live, fresh.primary, fresh.proven, fresh.retired = true, primary, g.now, time.Time{}
	fresh.version++
	c.confirmed = true
	g.void(c.owner, c.by)
	return ""
}

func (g *registry) retire(r *row) {
	r.live, r.primary, r.retired = false, false, g.now
	r.version++
}

// drop is that somebody gives up a change in a session. While a new password is demanded none is pending: whatever demands one
// voids them.
func (g *registry) drop(s *login, c *request) policy.Code {
	switch {
	case !g.alive(s):
		return policy.CodeSessionEnded
	case c.owner != s.owner || !g.pending(c):
		return policy.CodeNotFound
	}
	c.over = true
	return ""
}

// cancel is that somebody opens a link of a change; counted tells that it used the link, or a miss of its own.
func (g *registry) cancel(c *request, l *takeBackLink, right bool) (code policy.Code, counted bool) {
	switch {
	case c.gone || c.takenBack || !l.hears(c, g.now):
		return challenge.CodeWrong, false
	case !right:
		l.misses++
		return challenge.CodeWrong, true
	}
	l.used = true
	g.takeBack(c)
	return "", true
}

// takeBack undoes a change and all that the same person asked for after it, the latest first, and voids what else there is.
func (g *registry) takeBack(c *request) {
	for _, later := range slices.Backward(g.asked[slices.Index(g.asked, c):]) {
		if later.owner != c.owner || later.gone || later.takenBack {
			continue
		}
		later.takenBack = true
		if !later.confirmed {
			continue
		}
		fresh, old := g.rows[later.fresh], g.rows[later.old]
		first := fresh.primary
		if fresh.live {
			g.retire(fresh)
		}
		fresh.proven = time.Time{}
		old.live, old.retired, old.proven, old.primary = true, time.Time{}, later.proven, old.primary || first
	}
	if next := g.eldest(c.owner); next != nil && !g.led(c.owner) {
		next.primary = true
	}
	c.owner.spent, c.owner.atRisk = true, true
	g.demand(c.owner)
}

// demand is that somebody has to set a new password.
func (g *registry) demand(o *owner) {
	o.demanded = true
	g.void(o, nil)
}

// changePassword is that somebody chooses another password in a session, which meets a demand for one. Without a second factor
// it ends no risk.
func (g *registry) changePassword(s *login, phrase string) policy.Code {
	if s.owner.spent {
		return account.CodePasswordSpent
	}
	s.owner.phrase, s.owner.demanded = phrase, false
	g.void(s.owner, s)
	return ""
}

// setPassword is that the host sets somebody a password that they have to change.
func (g *registry) setPassword(o *owner, phrase string) {
	o.phrase, o.spent, o.atRisk = phrase, false, false
	g.demand(o)
}

// resetPassword is that somebody sets another password who recovered the account just now. What was proven before everybody was
// signed out counts no longer, unless the clock was set back by more than clocks differ.
func (g *registry) resetPassword(o *owner, phrase string) policy.Code {
	if g.now.Before(o.from) && g.now.After(o.from.Add(-policy.ClockSkew)) {
		return account.CodeRecoverFirst
	}
	o.phrase, o.spent, o.demanded, o.atRisk = phrase, false, false, false
	g.void(o, nil)
	return ""
}

// add is that the host tells of an address.
func (g *registry) add(o *owner, address string, proven, primary bool) policy.Code {
	r := g.rows[address]
	if r == nil {
		r = &row{owner: o.id}
		g.rows[address] = r
	}
	if r.owner != o.id {
		return account.CodeIdentifierTaken
	}
	alone := true
	for a, other := range g.rows {
		alone = alone && (a == address || other.owner != o.id || !other.live)
	}
	was := *r
	r.primary = r.primary || primary || alone
	switch {
	case proven && (!r.live || r.proven.IsZero() || g.now.Before(r.proven)): // else it stays proven from when it first was
		r.proven = g.now
	case !proven && !r.live:
		r.proven = time.Time{}
	}
	r.live, r.retired = true, time.Time{}
	if *r == was {
		return nothing
	}
	r.version++
	for a, other := range g.rows {
		if r.primary && a != address && other.owner == o.id && other.primary {
			other.primary = false
			other.version++
		}
	}
	return ""
}

// remove is that the host takes an address away: all sessions end, and where it was the primary one, the one that was proven
// first takes its place.
func (g *registry) remove(o *owner, address string) policy.Code {
	r := g.has(o, address)
	if r == nil {
		return notFound
	}
	first := r.primary
	g.retire(r)
	if next := g.eldest(o); first && next != nil {
		next.primary = true
		next.version++
	}
	g.void(o, nil)
	return ""
}

// led tells whether one of somebody's addresses is the primary one.
func (g *registry) led(o *owner) bool {
	for _, r := range g.rows {
		if r.owner == o.id && r.primary {
			return true
		}
	}
	return false
}

// eldest is the address that somebody proved first; where they proved none, the first by the alphabet.
func (g *registry) eldest(o *owner) (next *row) {
	for _, a := range slices.Sorted(maps.Keys(g.rows)) {
		r := g.has(o, a)
		if r != nil && (next == nil || !r.proven.IsZero() && (next.proven.IsZero() || r.proven.Before(next.proven))) {
			next = r
		}
	}
	return next
}

// notices are where somebody is told of things: each address that they proved, for thirty days after it was theirs.
func (g *registry) notices(o *owner) (to []string) {
	for _, a := range slices.Sorted(maps.Keys(g.rows)) {
		if r := g.rows[a]; r.owner == o.id && !r.proven.IsZero() && (r.live || g.now.Before(r.retired.Add(30*day))) {
			to = append(to, a)
		}
	}
	return to
}
