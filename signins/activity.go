package signins

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Item is an attempt to sign in as its person sees it.
type Item struct {
	SignIn
	// Unusual says what is unusual about it, if anything.
	Unusual []Flag

	// ThisWasMe and ThisWasNotMe say whether the person may answer so.
	ThisWasMe    policy.Decision
	ThisWasNotMe policy.Decision
}

// Query selects attempts to sign in. The zero Query is all of them.
type Query struct {
	// Search is looked for in every text that is shown, whatever its case: applications, places, systems,
	// addresses, outcomes ("unsuccessful"), reasons, steps.
	Search   string
	Outcomes []Outcome // any of them; all if empty
	// Application is looked for by its exact name.
	Application string
	Device      policy.DeviceID
	Unusual     bool // those with a flag only
	// From and To bound the time, both included. The tenant's retention bounds it besides.
	From, To time.Time
	Page     store.Page
}

// MaxSearch is the longest Search in characters.
const MaxSearch = 100

func (q *Query) check() error {
	if err := policy.CheckText("search", q.Search, MaxSearch); err != nil {
		return err
	}
	for _, o := range q.Outcomes {
		if err := outcomeNames.Check(o); err != nil {
			return &policy.Invalid{Field: "outcomes", Problem: err.Error()}
		}
	}
	q.Search = strings.ToLower(strings.TrimSpace(q.Search))
	return nil
}

// matches reports whether the query selects an attempt, apart from its flags.
func (q *Query) matches(s *SignIn) bool {
	switch {
	case !q.From.IsZero() && s.At.Before(q.From), !q.To.IsZero() && s.At.After(q.To),
		q.Application != "" && s.Application != q.Application, q.Device != "" && s.Device != q.Device,
		len(q.Outcomes) > 0 && !slices.Contains(q.Outcomes, s.Outcome):
		return false
	}
	return q.Search == "" || s.shows(q.Search)
}

// shows reports whether any text that is shown of s holds text, which is in lower case.
func (s *SignIn) shows(text string) bool {
	for _, shown := range [...]string{
		s.Application, s.Resource, s.Client, s.Browser, s.System, s.Place.City, s.Place.Region, s.Place.Country,
		s.DeviceName, string(s.Device), s.Failure, s.Correlation, string(s.ID), s.Outcome.Title(), s.Outcome.String(),
	} {
		if strings.Contains(strings.ToLower(shown), text) {
			return true
		}
	}
	for i := range s.Steps {
		if strings.Contains(strings.ToLower(s.Steps[i].Method), text) || strings.Contains(strings.ToLower(s.Steps[i].Detail), text) {
			return true
		}
	}
	if strings.Contains(text, ",") && strings.Contains(strings.ToLower(s.Place.String()), text) { // "Berlin, DE"
		return true
	}
	return s.Address.IsValid() && strings.Contains(s.Address.String(), text)
}

// Activity lists the actor's attempts to sign in, newest first, as far back as the tenant keeps them. Search
// and filters look at no more than [MaxScan] attempts in a call, so a page may be short although more follow.
func (s *Service) Activity(ctx context.Context, actor policy.Actor, q Query) (store.List[Item], error) {
	if err := q.check(); err != nil {
		return store.List[Item]{}, err
	}
	return policy.Look(ctx, s.guard, s.store, actor, listActivity, policy.Target{},
		func(tx Tx, op *policy.Op, _ none) (store.List[Item], error) {
			return items(tx, op, op.Actor.Account, q)
		})
}

// Attempt gives one attempt to sign in of the actor's.
func (s *Service) Attempt(ctx context.Context, actor policy.Actor, id ID) (Item, error) {
	return policy.Look(ctx, s.guard, s.store, actor, readAttempt, onAttempt(actor.Account, id),
		func(tx Tx, op *policy.Op, a attempt) (Item, error) { return a.item(tx, op) })
}

// Grouped puts together what a person did in one go: the items of a page that share a correlation, each group at
// the place of its first item.
func Grouped(items []Item) [][]Item {
	var groups [][]Item
	at := make(map[string]int)
	for _, i := range items {
		g, known := at[i.Correlation]
		if i.Correlation == "" || !known {
			g = len(groups)
			at[i.Correlation] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// MaxScan is how many attempts one call looks at for those that a query selects.
const MaxScan = 10_000

// items reads one page of what q selects.
func items(tx Tx, op *policy.Op, account policy.AccountID, q Query) (store.List[Item], error) {
	known, err := habitsOf(tx, op, account)
	if err != nil {
		return store.List[Item]{}, err
	}
	h := &history{tx: tx, op: op, account: account, from: keptFrom(op)}
	out := store.List[Item]{Next: q.Page.After}
	for want, more := q.Page.Limit(), true; more && len(out.Items) < want && h.seen < MaxScan; more = out.Next != "" {
		// Asking for no more than what is missing keeps the cursor at the end of what is returned.
		if out.Next, err = h.turn(want-len(out.Items), out.Next); err != nil {
			return store.List[Item]{}, err
		}
		for i := range h.page {
			if !q.matches(&h.page[i]) {
				continue
			}
			flags, err := h.flags(known, i)
			if err != nil {
				return store.List[Item]{}, err
			}
			if q.Unusual && len(flags) == 0 {
				continue
			}
			item, err := attempt{h.page[i], flags}.item(tx, op)
			if err != nil {
				return store.List[Item]{}, err
			}
			if out.Items == nil {
				out.Items = make([]Item, 0, len(h.page)-i)
			}
			out.Items = append(out.Items, item)
		}
	}
	return out, nil
}

// history reads an account's attempts page by page, newest first and as far back as they are shown, and looks
// ahead of a page, to what was before its attempts.
type history struct {
	tx      Tx
	op      *policy.Op
	account policy.AccountID
	from    time.Time

	page  []SignIn
	ahead []SignIn     // what was read behind the page to judge it
	next  store.Cursor // behind both; empty at the end
	seen  int          // of all that was read
}

// turn reads the page that begins at a cursor, and tells where the next one does.
func (h *history) turn(n int, at store.Cursor) (next store.Cursor, err error) {
	h.next, h.ahead = at, h.ahead[:0]
	h.page, err = h.read(n)
	return h.next, err
}

// read gives up to n more.
func (h *history) read(n int) ([]SignIn, error) {
	list, err := h.tx.SignInsOf(h.op.Actor.Tenant, h.account, store.Page{Size: n, After: h.next})
	if err != nil {
		return nil, err
	}
	h.next = list.Next
	h.seen += len(list.Items)
	for i := range list.Items {
		s := &list.Items[i]
		if s.Tenant != h.op.Actor.Tenant || s.Account != h.account {
			return nil, errors.New("the store gave an attempt to sign in that is somebody else's")
		}
		if s.At.Before(h.from) {
			h.next = ""
			return list.Items[:i], nil
		}
	}
	return list.Items, nil
}

// at gives the i-th attempt from the beginning of the page, reading ahead if need be; nil at the end.
func (h *history) at(i int) (*SignIn, error) {
	if i < len(h.page) {
		return &h.page[i], nil
	}
	for i -= len(h.page); i >= len(h.ahead); {
		if h.next == "" || h.seen >= MaxScan {
			return nil, nil
		}
		more, err := h.read(lookAhead)
		if err != nil {
			return nil, err
		}
		h.ahead = append(h.ahead, more...)
	}
	return &h.ahead[i], nil
}

// lookAhead is how many attempts are read at a time to judge others by what came before them.
const lookAhead = 8

// keptFrom is from when on attempts are shown.
func keptFrom(op *policy.Op) time.Time {
	days := op.Settings.Value(RetentionDays)
	if !op.Settings.Licensed(AreaHistory) {
		days = min(days, unlicensedDays)
	}
	return op.Now.AddDate(0, 0, -days)
}

// attempt is the row of an action on one attempt to sign in.
type attempt struct {
	SignIn
	flags []Flag
}

// signInOf reads an attempt of the actor's tenant. A store that answers with another row is never believed.
func signInOf(tx Tx, op *policy.Op, account policy.AccountID, id ID) (SignIn, error) {
	s, err := tx.SignIn(op.Actor.Tenant, account, id)
	if err == nil && (s.Tenant != op.Actor.Tenant || s.Account != account || s.ID != id) {
		return SignIn{}, errors.New("the store gave an attempt to sign in that is another one or somebody else's")
	}
	return s, err
}

// loadAttempt finds an attempt of the account that the target names, as far back as it is shown.
func loadAttempt(tx Tx, op *policy.Op, t policy.Target) (attempt, error) {
	s, err := signInOf(tx, op, t.Of, ID(t.ID))
	if err != nil {
		return attempt{}, err
	}
	if s.At.Before(keptFrom(op)) {
		return attempt{}, store.ErrNotFound
	}
	known, err := habitsOf(tx, op, t.Of)
	if err != nil {
		return attempt{}, err
	}
	h := &history{tx: tx, op: op, account: t.Of, from: keptFrom(op)}
	for next := store.Cursor(""); ; { // answering is rare enough to read on from the newest
		if next, err = h.turn(store.DefaultPageSize, next); err != nil {
			return attempt{}, err
		}
		if i := slices.IndexFunc(h.page, func(r SignIn) bool { return r.ID == s.ID }); i >= 0 {
			h.seen = 0 // what it took to get here does not count
			flags, err := h.flags(known, i)
			return attempt{s, flags}, err
		}
		if next == "" {
			return attempt{}, errors.New("the store does not list an attempt to sign in that it gives")
		}
	}
}

// item is the person's view, with the decisions about it.
func (a attempt) item(tx Tx, op *policy.Op) (item Item, err error) {
	item.SignIn, item.Unusual = a.SignIn, a.flags
	if !op.Settings.Licensed(AreaRisk) {
		item.Risk = HiddenRisk
	}
	if item.ThisWasMe, err = policy.Judge(tx, op, thisWasMe, a); err != nil {
		return item, err
	}
	item.ThisWasNotMe, err = policy.Judge(tx, op, thisWasNotMe, a)
	return item, err
}

func onAttempt(account policy.AccountID, id ID) policy.Target {
	return policy.Target{Kind: "sign-in", ID: string(id), Of: account}
}
