package account_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// addresses are all that there are in a life of addresses.
var addresses = []string{"per@home.example", "per@old.example", "pia@home.example", "a@new.example", "b@new.example", "c@new.example"}

// post is a world where Per and Pia have addresses and change them, and its model.
type post struct {
	withPassword
	g   *registry
	met map[string]int
}

// newPost gives Per and Pia a password each, and allows them to ask more often than is usual.
func newPost(t *testing.T) withPassword {
	k := passwords(t)
	pia := k.Person("pia", policy.Personal)
	require.NoError(t, k.App.Account.SetFirstPassword(t.Context(), pia, secret.NewText(good)))
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.EmailChangesPerMonth, monthly))
	return k
}

func (p *post) begin(t *testing.T) {
	p.g = &registry{now: p.Clock.Now(), rows: make(map[string]*row), people: make(map[policy.AccountID]*owner)}
	for _, id := range []policy.AccountID{"per", "pia"} {
		p.g.people[id] = &owner{id: id, phrase: good, from: p.Clock.Now()}
		p.signIn(t, p.g.people[id])
	}
	for i, a := range addresses[:3] {
		o := p.g.people[policy.AccountID(a[:3])]
		require.Empty(t, p.g.add(o, a, i != 1, i == 0))
		require.NoError(t, p.add(t, o, a, i != 1, i == 0))
	}
}

func (p *post) add(t *testing.T, o *owner, address string, proven, primary bool) error {
	n := account.NewIdentifier{Account: o.id, Kind: account.Email, Text: address, Primary: primary}
	if proven {
		n.ProvenAt = p.g.now
	}
	return p.App.Host.Account.AddIdentifier(t.Context(), p.Host, n)
}

// signIn starts a session with a password alone, which lasts thirty days.
func (p *post) signIn(t *testing.T, o *owner) {
	if back := o.from.Sub(p.g.now); back > 0 { // nobody signs in before they were signed out
		p.wait(back)
	}
	for _, before := range o.sessions {
		before.ended = before.ended || !p.g.alive(before) // what ran out does not come back, even if the clock is set back
	}
	s, err := p.App.Host.SignIns.Start(t.Context(), p.Host, signins.NewSession{Account: o.id, Proofs: []policy.Proof{{Factor: policy.FactorPassword, At: p.g.now}}})
	require.NoError(t, err)
	o.sessions = append(o.sessions, &login{Started: s, owner: o, at: p.g.now, era: o.era})
}

func (p *post) wait(d time.Duration) {
	p.Clock.Advance(d)
	p.g.now = p.Clock.Now()
}

// came is what the events tell of, by how it ended.
func (p *post) came() map[policy.Outcome]int {
	n := make(map[policy.Outcome]int)
	for _, e := range p.Events(accounttest.Tenant) {
		n[e.Outcome] += e.Count
	}
	return n
}

// does makes a call that must come out as the model says: with that code, and with one event that tells of it. Counted tells
// that what was refused is committed nevertheless.
func (p *post) does(rt *rapid.T, what string, want policy.Code, counted bool, call func() error) {
	before := p.came()
	err := call()
	after := p.came()
	switch {
	case want == notFound:
		require.ErrorIs(rt, err, store.ErrNotFound, what)
	case want == nothing:
		require.NoError(rt, err, what)
	case want == "":
		require.NoError(rt, err, what)
		before[policy.Succeeded]++
	case counted:
		require.Equal(rt, want, codeOf(err), "%s: %v", what, err)
		before[policy.Failed]++
	default:
		require.Equal(rt, want, codeOf(err), "%s: %v", what, err)
		before[policy.Refused]++
	}
	require.Equal(rt, before, after, what)
	p.met[what+": "+string(want)]++
}

// tells wants the last event to be that of a change of an address, for the person to be told, without the address.
func (p *post) tells(rt *rapid.T, o *owner, fact string) {
	all := p.Events(accounttest.Tenant)
	e := all[len(all)-1]
	require.Equal(rt, []any{o.id, true, []policy.Fact{{Name: fact, Value: "e-mail"}}}, []any{e.Account, e.Notify, e.Facts})
	require.NotContains(rt, fmt.Sprintf("%+v", e), "@")
}

// latest draws one of those that came last.
func latest[V any](rt *rapid.T, what string, all []V) V {
	return all[len(all)-1-rapid.IntRange(0, min(len(all)-1, 3)).Draw(rt, what)]
}

func (p *post) person(rt *rapid.T) *owner {
	return p.g.people[rapid.SampledFrom([]policy.AccountID{"per", "per", "pia"}).Draw(rt, "who")]
}

// address draws one of them, often one that is to be replaced.
func (p *post) address(rt *rapid.T) string {
	if a := rapid.SampledFrom(addresses).Draw(rt, "address"); len(p.g.asked) == 0 || rapid.Bool().Draw(rt, "any of them") {
		return a
	}
	return latest(rt, "old of", p.g.asked).old
}

// session draws one of somebody's: mostly one in which they can do something.
func (p *post) session(t *testing.T, rt *rapid.T) *login {
	o := p.person(rt)
	if rapid.IntRange(0, 7).Draw(rt, "any") == 0 {
		return latest(rt, "session", o.sessions)
	}
	if o.demanded && rapid.IntRange(0, 3).Draw(rt, "does what is demanded") > 0 {
		p.obey(t, rt, o)
	}
	return p.fresh(t, rt, o)
}

// obey has somebody set the password that is demanded of them: in a session, or by a recovery if they cannot or do not like to.
func (p *post) obey(t *testing.T, rt *rapid.T, o *owner) {
	if rapid.Bool().Draw(rt, "in a session") {
		p.change(t, rt, p.fresh(t, rt, o))
	}
	if o.demanded {
		p.reset(t, rt, o)
	}
}

// other is the password that somebody's is changed to.
func (o *owner) other() string { return map[string]string{good: better, better: good}[o.phrase] }

// change changes a password in a session that goes on.
func (p *post) change(t *testing.T, rt *rapid.T, s *login) {
	old, next, demanded := s.owner.phrase, s.owner.other(), s.owner.demanded
	want := p.g.changePassword(s, next)
	p.does(rt, "change the password", want, false, func() error { return p.withPassword.change(t, s.Actor, old, next) })
	if demanded && want == "" {
		p.met["back by a change"]++
	}
}

// reset sets a password for somebody who recovered the account just now.
func (p *post) reset(t *testing.T, rt *rapid.T, o *owner) {
	next, demanded := o.other(), o.demanded
	want := p.g.resetPassword(o, next)
	p.does(rt, "recover", want, false, func() error { return p.withPassword.reset(t, o.id, next, recoveredAt(p.g.now)) })
	if demanded && want == "" {
		p.met["back by a recovery"]++
	}
}

// fresh is a session of somebody's that was begun just now.
func (p *post) fresh(t *testing.T, rt *rapid.T, o *owner) *login {
	fresh := func(s *login) bool { return p.g.alive(s) && !p.g.now.After(s.at.Add(15*time.Minute)) }
	if !slices.ContainsFunc(o.sessions, fresh) {
		p.signIn(t, o)
	}
	return latest(rt, "session", slices.DeleteFunc(slices.Clone(o.sessions), func(s *login) bool { return !fresh(s) }))
}

// request draws a change that was asked for, mostly one of some sort, and a session, mostly the one that asked.
func (p *post) request(t *testing.T, rt *rapid.T, sort func(*request) bool) (*request, *login) {
	if len(p.g.asked) == 0 {
		rt.Skip("nothing was asked for")
	}
	among := p.g.asked
	if slices.ContainsFunc(among, sort) && rapid.IntRange(0, 3).Draw(rt, "whichever") > 0 {
		among = slices.DeleteFunc(slices.Clone(among), func(c *request) bool { return !sort(c) })
	}
	c := latest(rt, "change", among)
	if rapid.IntRange(0, 7).Draw(rt, "elsewhere") > 0 {
		return c, c.by
	}
	return c, p.session(t, rt)
}

func (p *post) ask(t *testing.T, rt *rapid.T) {
	s := p.session(t, rt)
	address := rapid.SampledFrom(addresses)
	old, fresh := address.Draw(rt, "old"), address.Draw(rt, "new")
	if rapid.IntRange(0, 3).Draw(rt, "own") > 0 { // most know what they have
		for _, a := range addresses {
			if p.g.has(s.owner, a) != nil {
				old = a
			}
		}
	}
	p.asks(t, rt, s, old, fresh)
}

// asks asks in a session, and tells whether that was granted.
func (p *post) asks(t *testing.T, rt *rapid.T, s *login, old, fresh string) bool {
	want := p.g.ask(s, old, fresh)
	p.does(rt, "ask", want, false, func() error {
		id, err := p.App.Account.ChangeEmail(t.Context(), s.Actor, old, fresh)
		if err == nil {
			c := p.g.asked[len(p.g.asked)-1]
			c.id, c.code = id, p.text(rt, fresh)
			for _, l := range c.links {
				l.text = p.text(rt, l.to)
			}
		}
		return err
	})
	if want == "" {
		p.tells(rt, s.owner, "asked")
	}
	return want == ""
}

// text is what the last message to an address carried.
func (p *post) text(rt *rapid.T, to string) secret.Text {
	m, ok := p.Mail.Last(to)
	require.True(rt, ok)
	return m.Code
}

func (p *post) confirm(t *testing.T, rt *rapid.T) {
	if !slices.ContainsFunc(p.g.asked, p.g.shown) {
		p.ask(t, rt)
	}
	c, s := p.request(t, rt, func(c *request) bool { return p.g.pending(c) && p.g.alive(c.by) })
	code := c.code
	switch rapid.IntRange(0, 6).Draw(rt, "code") {
	case 0, 1:
		code = another(code)
	case 2:
		code = latest(rt, "code of", p.g.asked).code
	}
	p.answer(t, rt, s, c, code)
}

// another is a code with another last digit.
func another(code secret.Text) secret.Text {
	b := []byte(code.Reveal())
	b[5] = '0' + (b[5]-'0'+1)%10
	return secret.NewText(string(b))
}

// answer answers a change with a code in a session.
func (p *post) answer(t *testing.T, rt *rapid.T, s *login, c *request, code secret.Text) {
	voided := s.owner.era
	want, counted := p.g.confirm(s, c, code.Equal(c.code))
	p.does(rt, "confirm", want, counted, func() error { return p.App.Account.ConfirmEmail(t.Context(), s.Actor, c.id, code) })
	if want == "" {
		p.tells(rt, s.owner, "changed")
		require.Greater(rt, s.owner.era, voided)
	}
}

func (p *post) cancel(t *testing.T, rt *rapid.T) {
	inForce := func(c *request) bool { return c.confirmed && !c.takenBack && len(c.links) > 0 }
	if !slices.ContainsFunc(p.g.asked, inForce) {
		p.confirm(t, rt)
	}
	c, _ := p.request(t, rt, inForce)
	if len(c.links) == 0 {
		return
	}
	p.open(t, rt, c, rapid.SampledFrom(c.links).Draw(rt, "link"), rapid.IntRange(0, 2).Draw(rt, "right") > 0)
}

// there changes an address to another one and back, all with the right codes, and takes back the first of these changes.
func (p *post) there(t *testing.T, rt *rapid.T) {
	s := p.session(t, rt)
	have := slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return p.g.has(s.owner, a) == nil })
	if len(have) == 0 {
		rt.Skip("they have none")
	}
	old, fresh := rapid.SampledFrom(have).Draw(rt, "old"), rapid.SampledFrom(addresses).Draw(rt, "new")
	var first *request
	for _, way := range [][2]string{{old, fresh}, {fresh, old}} {
		if !p.asks(t, rt, s, way[0], way[1]) {
			return
		}
		c := p.g.asked[len(p.g.asked)-1]
		if p.answer(t, rt, s, c, c.code); !c.confirmed {
			return
		}
		if first == nil {
			first = c
		}
	}
	if len(first.links) > 0 {
		p.met["there and back"]++
		p.open(t, rt, first, rapid.SampledFrom(first.links).Draw(rt, "link"), true)
	}
}

// open opens a link, or one that is like it but for its secret.
func (p *post) open(t *testing.T, rt *rapid.T, c *request, l *takeBackLink, right bool) {
	text, how := l.text, fmt.Sprintf("confirmed: %v, over: %v, replaced one: %v", c.confirmed, c.over, l.to == c.old)
	if !right {
		text = spoiledLink(text)
	}
	want, counted := p.g.cancel(c, l, right)
	p.does(rt, "cancel", want, counted, func() error { return p.App.Host.Account.CancelEmailChange(t.Context(), p.Host, text) })
	switch {
	case want == "":
		p.tells(rt, c.owner, "taken back")
		st := standing(t, p.DB, c.owner.id)
		require.Equal(rt, []any{policy.HighRisk, true}, []any{st.Risk, st.MustChangePassword})
		p.met["taken back, "+how]++
	case right:
		p.met["right, and dead"]++
	}
}

func TestAddressesChangeAsTheRulesSay(t *testing.T) {
	base, met := newPost(t), make(map[string]int)
	rapid.Check(t, func(rt *rapid.T) {
		p := &post{withPassword: base, met: met}
		p.World = base.Fork(t)
		p.begin(t)
		ask, confirm, cancel := func(rt *rapid.T) { p.ask(t, rt) }, func(rt *rapid.T) { p.confirm(t, rt) }, func(rt *rapid.T) { p.cancel(t, rt) }
		rt.Repeat(map[string]func(*rapid.T){
			"ask": ask, "ask again": ask, "ask once more": ask, "confirm": confirm, "confirm again": confirm, "confirm once more": confirm, "cancel": cancel,
			"guess": func(rt *rapid.T) {
				c, s := p.request(t, rt, p.g.shown)
				for range rapid.IntRange(2, 7).Draw(rt, "times") {
					p.answer(t, rt, s, c, another(c.code))
				}
			},
			"drop": func(rt *rapid.T) {
				c, s := p.request(t, rt, p.g.shown)
				want := p.g.drop(s, c)
				p.does(rt, "drop", want, false, func() error { return p.App.Account.DropEmailChange(t.Context(), s.Actor, c.id) })
			},
			"change the password": func(rt *rapid.T) {
				s := p.session(t, rt)
				if !p.g.alive(s) {
					rt.Skip("it has ended")
				}
				p.change(t, rt, s)
			},
			"there and back": func(rt *rapid.T) { p.there(t, rt) },
			"set the password": func(rt *rapid.T) {
				o := p.person(rt)
				p.g.setPassword(o, o.other())
				p.does(rt, "set the password", "", false, func() error {
					return p.App.Host.Account.SetPassword(t.Context(), p.Host, o.id, secret.NewText(o.phrase))
				})
			},
			"recover": func(rt *rapid.T) { p.reset(t, rt, p.person(rt)) },
			"demand a password": func(rt *rapid.T) {
				o := p.person(rt)
				p.g.demand(o)
				p.does(rt, "demand a password", "", false, func() error { return p.App.Admin.Account.DemandNewPassword(t.Context(), p.Host, o.id) })
				if len(p.g.asked) > 0 && rapid.Bool().Draw(rt, "and goes on as before") {
					c := latest(rt, "with", p.g.asked)
					p.answer(t, rt, p.fresh(t, rt, o), c, c.code)
				}
			},
			"guess a link": func(rt *rapid.T) {
				c, _ := p.request(t, rt, func(c *request) bool { return !c.takenBack && len(c.links) > 0 })
				if len(c.links) == 0 {
					rt.Skip("it has none")
				}
				l := rapid.SampledFrom(c.links).Draw(rt, "link")
				for range rapid.IntRange(2, 7).Draw(rt, "times") {
					p.open(t, rt, c, l, false)
				}
				p.open(t, rt, c, rapid.SampledFrom(c.links).Draw(rt, "then"), true)
			},
			"sign in": func(rt *rapid.T) { p.signIn(t, p.person(rt)) },
			"sign out": func(rt *rapid.T) {
				s := p.session(t, rt)
				if !p.g.alive(s) {
					rt.Skip("it has ended")
				}
				s.ended = true
				p.does(rt, "sign out", "", false, func() error { return p.App.SignIns.End(t.Context(), s.Actor, s.Actor.Session) })
			},
			"claim": func(rt *rapid.T) {
				o, address := p.person(rt), p.address(rt)
				proven, primary := rapid.Bool().Draw(rt, "proven"), rapid.Bool().Draw(rt, "primary")
				want := p.g.add(o, address, proven, primary)
				p.does(rt, "claim", want, false, func() error { return p.add(t, o, address, proven, primary) })
			},
			"remove": func(rt *rapid.T) {
				o, address := p.person(rt), p.address(rt)
				want := p.g.remove(o, address)
				p.does(rt, "remove", want, false, func() error { return p.App.Host.Account.RemoveIdentifier(t.Context(), p.Host, o.id, address) })
			},
			"wait": func(rt *rapid.T) {
				d := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 15 * time.Minute, 44 * time.Minute, time.Hour, day, 10 * day, 30*day - time.Hour, -30 * time.Second}).Draw(rt, "for")
				if behind := base.Clock.Now().Sub(p.g.now); d < 0 && behind >= 0 { // it began there
					d = -d
				}
				p.wait(d)
			},
			"": func(rt *rapid.T) { p.holds(t, rt) },
		})
	})
	for _, what := range []string{
		"ask: ", "ask: " + string(policy.CodeSessionEnded), "ask: " + string(policy.CodeFresherProof), "ask: " + string(policy.CodeThrottled),
		"ask: " + string(policy.CodeMustChangePassword), "ask: " + string(account.CodeSameEmail), "ask: " + notFound,
		"confirm: ", "confirm: wrong-code", "confirm: " + string(account.CodeIdentifierTaken),
		"confirm: " + string(policy.CodeThrottled), "confirm: " + string(policy.CodeSessionEnded), "confirm: " + string(policy.CodeMustChangePassword),
		"cancel: ", "cancel: wrong-code", "right, and dead", "there and back",
		"taken back, confirmed: true, over: false, replaced one: true", "taken back, confirmed: true, over: false, replaced one: false",
		"taken back, confirmed: false, over: false, replaced one: true", "taken back, confirmed: false, over: true, replaced one: true",
		"change the password: ", "change the password: " + string(account.CodePasswordSpent), "set the password: ", "claim: " + nothing,
		"demand a password: ", "recover: ", "back by a change", "back by a recovery",
		"drop: ", "drop: " + string(policy.CodeNotFound), "claim: ", "claim: " + string(account.CodeIdentifierTaken), "remove: ", "remove: " + notFound,
	} {
		require.Positive(t, met[what], "%s: %v", what, met)
	}
}

// holds is what must be so after every step.
func (p *post) holds(t *testing.T, rt *rapid.T) {
	owners := make(map[string]policy.AccountID)
	for _, id := range slices.Sorted(maps.Keys(p.g.people)) {
		o, has, want := p.g.people[id], make(map[string][]any), make(map[string][]any)
		all, err := p.App.Host.Account.Identifiers(t.Context(), p.Host, id)
		require.NoError(rt, err)
		for _, i := range all {
			require.Empty(rt, owners[i.Key], "an address that two have")
			owners[i.Key] = id
			has[i.Key] = []any{i.RetiredAt.IsZero(), i.Primary, i.ProvenAt, i.RetiredAt}
		}
		live, first := 0, 0
		for a, r := range p.g.rows {
			if r.owner == id {
				want[a] = []any{r.live, r.primary, r.proven, r.retired}
			}
			if p.g.has(o, a) != nil {
				live++
			}
			if r.owner == id && r.primary {
				first++
			}
		}
		require.Equal(rt, want, has)
		require.Equal(rt, min(live, 1), first, "who has addresses has one primary one")
		to, err := p.App.Host.Account.NoticeAddresses(t.Context(), p.Host, id)
		require.NoError(rt, err)
		require.ElementsMatch(rt, p.g.notices(o), to)
		st := standing(t, p.DB, id)
		require.Equal(rt, []bool{o.demanded, o.atRisk}, []bool{st.MustChangePassword, st.Risk != policy.NoRisk})
		p.shows(t, rt, o)
	}
	for _, a := range addresses {
		id, err := p.App.Host.Account.Lookup(t.Context(), p.Host, a)
		if err != nil {
			require.True(rt, errors.Is(err, store.ErrNotFound), err)
		}
		if r := p.g.rows[a]; r != nil && r.live {
			require.Equal(rt, r.owner, id, "%s is good until another takes its place", a)
		} else {
			require.Empty(rt, id, a)
		}
	}
	var sent []letter
	for _, m := range p.Mail.All() {
		sent = append(sent, letter{to: m.To, purpose: m.Purpose})
	}
	want := slices.Clone(p.g.mail)
	for i := range want {
		want[i].at = time.Time{}
	}
	require.Equal(rt, want, sent)
}

// shows compares what somebody's sessions see: those that are alive, and no others.
func (p *post) shows(t *testing.T, rt *rapid.T, o *owner) {
	for _, s := range o.sessions[max(0, len(o.sessions)-4):] {
		require.Equal(rt, p.g.alive(s), p.alive(t, s.Token))
		if !p.g.alive(s) {
			continue
		}
		v, err := p.App.Account.Profile(t.Context(), s.Actor)
		require.NoError(rt, err)
		var want []account.PendingEmail
		for _, c := range p.g.asked {
			if c.owner == o && p.g.shown(c) {
				want = append(want, account.PendingEmail{ID: c.id, Old: c.old, New: c.fresh, Until: c.at.Add(time.Hour), Here: c.by == s})
			}
		}
		require.ElementsMatch(rt, want, v.Pending)
	}
}
