package signins

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Item is an attempt to sign in as its person sees it.
type Item struct {
	SignIn
	// Unusual says what is unusual about it, if anything.
	Unusual []Flag `json:"unusual,omitempty"`

	// ThisWasMe and ThisWasNotMe say whether the person may answer so.
	ThisWasMe    policy.Decision `json:"thisWasMe"`
	ThisWasNotMe policy.Decision `json:"thisWasNotMe"`
}

// Query selects attempts to sign in. The zero Query is all of them.
type Query struct {
	// Search is looked for in everything that is shown as text, whatever its case: applications, places, systems,
	// addresses, times, reasons, steps, flags; and, from the beginning of a word on, the outcome ("unsuccessful"), its
	// advice, the risk and the answer.
	Search   string
	Outcomes []Outcome // any of them; all if empty
	// Application is looked for by its exact name.
	Application string
	// Device is the id of a registered device. Attempts of others are found by DeviceTitle, which is looked for exactly
	// as [SignIn.DeviceTitle] tells it.
	Device      policy.DeviceID
	DeviceTitle string
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

// filters reports whether the query lets an attempt pass, apart from what it searches for.
func (q *Query) filters(s *SignIn) bool {
	switch {
	case !q.From.IsZero() && s.At.Before(q.From), !q.To.IsZero() && s.At.After(q.To),
		q.Application != "" && s.Application != q.Application, q.Device != "" && s.Device != q.Device,
		q.DeviceTitle != "" && s.DeviceTitle() != q.DeviceTitle,
		len(q.Outcomes) > 0 && !slices.Contains(q.Outcomes, s.Outcome):
		return false
	}
	return true
}

// shows reports whether anything that is shown of s holds text, which is in lower case. Of the library's own words
// each is compared from its beginning: a success is not found among the unsuccessful, nor the application Word by
// everything that advises about a password.
func (s *SignIn) shows(text string) bool {
	holds := func(shown string) bool { return strings.Contains(strings.ToLower(shown), text) }
	return slices.ContainsFunc([]string{
		s.Application, s.Resource, s.ClientApp, s.Browser, s.System, s.Place.City, s.Place.Region, s.Place.Country, s.Place.String(),
		s.DeviceName, s.DeviceTitle(), string(s.Device), string(s.Session), s.Failure, s.Correlation, string(s.ID),
	}, holds) ||
		slices.ContainsFunc(s.Steps, func(st Step) bool { return holds(st.Method) || holds(st.Detail) || holds(moment(st.At)) }) ||
		holds(moment(s.At)) || holds(moment(s.AnsweredAt)) || strings.Contains(" "+strings.ToLower(s.ownWords()), " "+text) ||
		s.Code != 0 && strconv.Itoa(s.Code) == text || s.Address.IsValid() && holds(s.Address.String())
}

// ownWords is what the library itself says of an attempt.
func (s *SignIn) ownWords() string {
	words := []string{s.Outcome.Title(), s.Outcome.String(), s.Advice()}
	if s.Risk != policy.NoRisk {
		words = append(words, s.Risk.String(), "risk")
	}
	if s.Answer != Unanswered {
		words = append(words, s.Answer.Title(), s.Answer.String())
	}
	if s.Anonymized {
		words = append(words, "anonymizing network")
	}
	return strings.Join(words, " ")
}

// moment is a time in the ways in which it is written; nothing if it is not known.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano) + " " + t.Format("2006-01-02 15:04")
}

// tells reports whether any of the flags says text.
func tells(flags []Flag, text string) bool {
	return slices.ContainsFunc(flags, func(f Flag) bool {
		return strings.Contains(strings.ToLower(f.Text), text) || strings.Contains(string(f.Kind), text) || strings.HasPrefix("unusual", text)
	})
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

// Attempt gives one attempt to sign in of the actor's. Somebody else's, a missing one and one from before the
// tenant's retention are the same [store.ErrNotFound].
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

// MaxScan is how many attempts one call looks at for those that a query selects. An empty page counts as one.
const MaxScan = 10_000

// items reads one page of what q selects.
func items(tx Tx, op *policy.Op, account policy.AccountID, q Query) (store.List[Item], error) {
	known, err := habitsOf(tx, op, account)
	if err != nil {
		return store.List[Item]{}, err
	}
	var seen *witness // read once, and only if there is something to answer
	h := &history{tx: tx, op: op, account: account, from: shownFrom(op, account)}
	out := store.List[Item]{Next: q.Page.After}
	for want, more := q.Page.Limit(), true; more && len(out.Items) < want && h.seen < MaxScan; more = out.Next != "" {
		// Asking for no more than what is missing keeps the cursor at the end of what is returned.
		if out.Next, err = h.turn(want-len(out.Items), out.Next); err != nil {
			return store.List[Item]{}, err
		}
		for i := range h.page {
			if !q.filters(&h.page[i]) {
				continue
			}
			hideRisk(op, &h.page[i]) // before it is searched
			flags, err := h.flags(known, i)
			if err != nil {
				return store.List[Item]{}, err
			}
			if q.Unusual && len(flags) == 0 || q.Search != "" && !h.page[i].shows(q.Search) && !tells(flags, q.Search) {
				continue
			}
			a := attempt{SignIn: h.page[i], flags: flags}
			if a.answerable() {
				if seen == nil {
					w, err := witnessOf(tx, op, known)
					if err != nil {
						return store.List[Item]{}, err
					}
					seen = &w
				}
				a.witness, a.newSince = *seen, known.newSince(&a.SignIn)
			}
			item, err := a.item(tx, op)
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
	ahead []SignIn // what was read behind the page to judge it
	seen  int      // of all that was read
}

// turn reads the page that begins at a cursor, and tells where the next one does.
func (h *history) turn(n int, at store.Cursor) (next store.Cursor, err error) {
	list, err := h.tx.SignInsOf(h.op.Actor.Tenant, h.account, store.Page{Size: n, After: at})
	if err != nil {
		return "", err
	}
	if len(list.Items) == 0 { // a store may give an empty page and more behind it, and do so without end
		h.seen++
	}
	shown, err := h.shown(list.Items)
	if h.page, h.ahead = shown, h.ahead[:0]; len(shown) < len(list.Items) {
		return "", err
	}
	return list.Next, err
}

// shown gives those of what was read that are recent enough to be shown.
func (h *history) shown(read []SignIn) ([]SignIn, error) {
	h.seen += len(read)
	for i := range read {
		s := &read[i]
		if s.Tenant != h.op.Actor.Tenant || s.Account != h.account {
			return nil, errors.New("the store gave an attempt to sign in that is somebody else's")
		}
		if s.At.Before(h.from) {
			return read[:i], nil
		}
	}
	return read, nil
}

// at gives the i-th attempt from the beginning of the page, reading ahead if need be; nil at the end.
func (h *history) at(i int) (*SignIn, error) {
	if i < len(h.page) {
		return &h.page[i], nil
	}
	for i -= len(h.page); i >= len(h.ahead); {
		last := &h.page[len(h.page)-1]
		if n := len(h.ahead); n > 0 {
			last = &h.ahead[n-1]
		}
		read, err := h.tx.SignInsBefore(h.op.Actor.Tenant, h.account, last.At, last.ID, max(lookAhead, len(h.ahead)))
		if err != nil {
			return nil, err
		}
		more, err := h.shown(read)
		if err != nil || len(more) == 0 {
			return nil, err
		}
		h.ahead = append(h.ahead, more...)
	}
	return &h.ahead[i], nil
}

// lookAhead is how many attempts are read to judge others by what came before them; then twice as many, and so on.
const lookAhead = 8

// keptFrom is from when on attempts are kept. What the tenant shows to people has no part in it: who locks an area for
// a while must not lose what is in it.
func keptFrom(op *policy.Op) time.Time {
	days := op.Settings.Value(RetentionDays)
	if !op.Settings.Licensed(AreaHistory) {
		days = min(days, unlicensedDays)
	}
	return op.Now.AddDate(0, 0, -days)
}

// shownFrom is from when on an account's attempts are shown: to administrators as far back as they are kept.
func shownFrom(op *policy.Op, account policy.AccountID) time.Time {
	from := keptFrom(op)
	if week := op.Now.AddDate(0, 0, -unlicensedDays); !open(op, AreaHistory, account) && from.Before(week) {
		return week
	}
	return from
}

// open reports whether an area of somebody's is shown to the actor: the tenant has the licence that it demands for it,
// and does not lock it, which is for its owner.
func open(op *policy.Op, a policy.Area, of policy.AccountID) bool {
	return op.Settings.Licensed(a) && (op.Actor.Account != of || op.Settings.Access(a) > policy.Off)
}

// attempt is the row of an action on one attempt to sign in.
type attempt struct {
	SignIn
	flags []Flag
	// witness is how far the actor can be believed about it, and newSince since when there was anything like it; only for
	// what can be answered.
	witness  witness
	newSince time.Time
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
	from := shownFrom(op, t.Of)
	if s.At.Before(from) {
		return attempt{}, store.ErrNotFound
	}
	known, err := habitsOf(tx, op, t.Of)
	if err != nil {
		return attempt{}, err
	}
	h := &history{tx: tx, op: op, account: t.Of, from: from, page: []SignIn{s}}
	flags, err := h.flags(known, 0)
	if err != nil {
		return attempt{}, err
	}
	a := attempt{SignIn: s, flags: flags}
	if a.answerable() {
		a.newSince = known.newSince(&s)
		a.witness, err = witnessOf(tx, op, known)
	}
	return a, err
}

// answerable reports whether there is anything that the person could say about the attempt.
func (a attempt) answerable() bool { return len(a.flags) > 0 && a.Answer == Unanswered }

// hideRisk hides how risky an attempt was taken to be where the tenant may not show that: hidden, which is not none.
func hideRisk(op *policy.Op, s *SignIn) {
	if !open(op, AreaRisk, s.Account) {
		s.Risk = policy.HiddenRisk
	}
}

// item is the person's view, with the decisions about it.
func (a attempt) item(tx Tx, op *policy.Op) (item Item, err error) {
	item.SignIn, item.Unusual = a.SignIn, a.flags
	hideRisk(op, &item.SignIn)
	if op.Actor.Account != a.Account {
		item.ThisWasMe = policy.Refusal(SayThisWasMe, *notYours, "")
		item.ThisWasNotMe = policy.Refusal(SayThisWasNotMe, *notYours, "")
		return item, nil
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
