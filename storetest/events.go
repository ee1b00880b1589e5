package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// eventLog checks what the event log is promised beyond what holds for all rows and lists.
type eventLog struct{}

const tenant = "contoso" // of the checks that need but one

func (l eventLog) checks() []check {
	list := []check{
		{promise: "orders the events of an account", test: l.ordered,
			rule: "An event's Seq is greater than that of every earlier event of its account, those that were purged since included. EventsOf and Events give the newest first."},
		{promise: "gives a follower everything that is committed later", test: l.resumes,
			rule: "EventsAfter gives a cursor even when there is nothing to read; reading on from it later gives each event committed since, once, each account's in the order of Seq."},
		{promise: "hides no event of a slow transaction from a follower", test: l.slowTransactions,
			rule: "A cursor must not pass an event that is not committed yet: a transaction that began before others and commits after them is read too. " +
				"A number drawn when the event is appended does not give that by itself."},
		{promise: "loses no event to concurrency", test: l.concurrentFollower,
			rule: "However many writers there are, a follower that reads along gets every event once, each account's in the order of Seq."},
		{promise: "counts alike refusals in one event", test: l.countsRefusals,
			rule: "CountRefusal replaces the newest event alike that began at or after since: the new event keeps its First, counts one more, gets a new Seq and is otherwise as given. Everything else is appended."},
		{promise: "counts each of many refusals at once", test: l.countsConcurrently,
			rule: "Refusals counted at the same time are all counted."},
		{promise: "shows a follower a refusal that was counted again", test: l.countedAgainIsNew,
			rule: "An event that counted one more has a new place, so a follower that read it before gets it again."},
		{promise: "is purged of what is old and was read by all", test: l.purges,
			rule: "PurgeEvents removes events that are older than before and that every cursor has passed, the oldest first and at most limit, and tells how many. " +
				"It never removes one that is not older, nor one that some follower has yet to read; the empty cursor has passed none, and with no cursors nobody is waited for."},
		{promise: "keeps a follower's place through a purge", test: l.purgeKeepsPlaces,
			rule: "A cursor stays good when what it passed is purged, all of it even, and events that come later come after it."},
	}
	for i := range list {
		list[i].subject, list[i].rooms = "event log", []room{policyRoom}
	}
	return list
}

func (eventLog) db(w *world) store.Store[tx] { return w.in(policyRoom) }

// append commits an event about an account for each operation, the first of a given hour, each of the next
// one hour later.
func (l eventLog) append(w *world, account string, hour int, operations ...string) {
	w.Helper()
	for i, o := range operations {
		w.update(l.db(w), func(t tx) error { return appendEvent(t, tenant, account, o, hour+i) })
	}
}

// all reads a whole list of events.
func all(fetch func(store.Page) (store.List[policy.Event], error)) (events []policy.Event, err error) {
	err = store.Each(fetch, func(e policy.Event) error { events = append(events, e); return nil })
	return events, err
}

// of gives the events about one account, newest first.
func (l eventLog) of(w *world, account policy.AccountID) (events []policy.Event) {
	w.Helper()
	w.view(l.db(w), func(t tx) (err error) {
		events, err = all(func(p store.Page) (store.List[policy.Event], error) { return t.admin.EventsOf(tenant, account, p) })
		return err
	})
	return events
}

// after reads what a follower has yet to read, and how far it is then.
func (l eventLog) after(w *world, read store.Cursor) (events []policy.Event, upTo store.Cursor) {
	w.Helper()
	w.view(l.db(w), func(t tx) error {
		events, upTo = nil, read
		for range tooMany {
			got, err := t.admin.EventsAfter(tenant, store.Page{Size: 2, After: upTo})
			switch {
			case err != nil:
				return err
			case got.Next == "":
				return errors.New("EventsAfter gives no cursor to go on from")
			}
			if events, upTo = append(events, got.Items...), got.Next; len(got.Items) == 0 {
				return nil
			}
		}
		return fmt.Errorf("EventsAfter gives events without end, the last of them %q", events[len(events)-1].Operation)
	})
	return events, upTo
}

func operations(events []policy.Event) []string {
	var all []string
	for _, e := range events {
		all = append(all, e.Operation)
	}
	return all
}

// got fails unless the events are those of the given operations.
func (eventLog) got(w *world, what string, events []policy.Event, want ...string) {
	w.Helper()
	if d := cmp.Diff(want, operations(events), exactly); d != "" {
		w.Fatalf("%s: other events than expected (-want +got):\n%s", what, d)
	}
}

// gotEach is got for events of several accounts, between which EventsAfter may choose the order.
func (l eventLog) gotEach(w *world, what string, events []policy.Event, want ...string) {
	w.Helper()
	l.increasing(w, events)
	sorted := slices.SortedFunc(slices.Values(events), func(a, b policy.Event) int { return strings.Compare(a.Operation, b.Operation) })
	slices.Sort(want)
	l.got(w, what, sorted, want...)
}

// increasing fails unless the events of each account are in the order of their Seq.
func (eventLog) increasing(w *world, events []policy.Event) {
	w.Helper()
	last := make(map[policy.AccountID]uint64)
	for _, e := range events {
		if e.Seq <= last[e.Account] {
			w.Fatalf("the event %q of account %q has Seq %d after %d; want a greater one", e.Operation, e.Account, e.Seq, last[e.Account])
		}
		last[e.Account] = e.Seq
	}
}

func (l eventLog) ordered(w *world) {
	w.update(l.db(w), func(t tx) error {
		return errors.Join(
			appendEvent(t, tenant, "ada", "1", 1), appendEvent(t, tenant, "bob", "2", 2),
			appendEvent(t, tenant, "", "3", 3), appendEvent(t, tenant, "ada", "4", 4))
	})
	l.append(w, "ada", 5, "5")
	l.append(w, "bob", 6, "6")
	l.got(w, "EventsOf ada", l.of(w, "ada"), "5", "4", "1")
	l.got(w, "EventsOf bob", l.of(w, "bob"), "6", "2")
	l.got(w, "EventsOf the tenant itself", l.of(w, ""), "3")
	var newest []policy.Event
	w.view(l.db(w), func(t tx) (err error) {
		newest, err = all(func(p store.Page) (store.List[policy.Event], error) { return t.admin.Events(tenant, p) })
		return err
	})
	l.got(w, "Events", newest, "6", "5", "4", "3", "2", "1")
	slices.Reverse(newest)
	l.increasing(w, newest)

	last := l.of(w, "ada")[0].Seq
	l.purge(w, len(newest), 1000, when(1000))
	l.append(w, "ada", 7, "7")
	if e := l.of(w, "ada"); len(e) != 1 || e[0].Seq <= last {
		w.Fatalf("after a purge of events up to Seq %d the next is %+v; want a greater Seq", last, e)
	}
}

func (l eventLog) resumes(w *world) {
	none, start := l.after(w, "")
	l.got(w, "EventsAfter in an empty tenant", none)
	l.append(w, "ada", 1, "1", "2", "3")
	l.append(w, "bob", 4, "4")
	first, upTo := l.after(w, start)
	l.gotEach(w, "EventsAfter the cursor of an empty tenant", first, "1", "2", "3", "4")
	again, _ := l.after(w, "")
	l.gotEach(w, "EventsAfter the empty cursor", again, "1", "2", "3", "4")
	nothing, end := l.after(w, upTo)
	l.got(w, "EventsAfter the end", nothing)
	l.append(w, "ada", 5, "5")
	l.append(w, "", 6, "6")
	for _, c := range []store.Cursor{upTo, end} {
		later, _ := l.after(w, c)
		l.gotEach(w, "EventsAfter the end, once there is more", later, "5", "6")
	}
}

func (l eventLog) slowTransactions(w *world) {
	var read []policy.Event
	var upTo store.Cursor
	var outcome func() error
	want := []string{"slow"}
	w.update(l.db(w), func(t tx) error {
		if err := appendEvent(t, tenant, "ada", "slow", 1); err != nil || outcome != nil {
			return err
		}
		outcome = w.meanwhile(func(ctx context.Context) error {
			// In a store whose writers take turns this one gives up, and there is nothing to lose.
			if err := l.db(w).Update(ctx, func(t tx) error { return appendEvent(t, tenant, "bob", "quick", 2) }); err != nil {
				return err
			}
			want = []string{"quick", "slow"}
			return l.db(w).View(ctx, func(t tx) error {
				got, err := t.admin.EventsAfter(tenant, store.Page{})
				read, upTo = got.Items, got.Next
				return err
			})
		})
		return nil
	})
	if err := outcome(); err != nil {
		read, upTo = nil, ""
	}
	rest, _ := l.after(w, upTo)
	l.gotEach(w, "a follower that read while a transaction was slow, and again later", slices.Concat(read, rest), want...)
}

func (l eventLog) concurrentFollower(w *world) {
	const each = 5
	var group sync.WaitGroup
	done := make(chan struct{})
	for i := range writers {
		group.Go(func() {
			for n := range each {
				account := pick(n, "shared", text("own", i))
				err := l.db(w).Update(w.ctx, func(t tx) error {
					return appendEvent(t, tenant, account, fmt.Sprintf("writer %d, event %d", i, n), n)
				})
				if err != nil {
					w.Errorf("Update failed: %v", err)
				}
			}
		})
	}
	go func() { group.Wait(); close(done) }()
	defer group.Wait() // they report to this check, so it does not end before them
	var read []policy.Event
	var upTo store.Cursor
	for last := false; !last; {
		select {
		case <-done:
			last = true // what was committed before is read once more
		default:
		}
		var more []policy.Event
		more, upTo = l.after(w, upTo)
		read = append(read, more...)
	}
	l.increasing(w, read)
	count := make(map[string]int)
	for _, e := range read {
		count[e.Operation]++
	}
	for i := range writers {
		for n := range each {
			if o := fmt.Sprintf("writer %d, event %d", i, n); count[o] != 1 {
				w.Errorf("the follower got the event of %s %d times; want once", o, count[o])
			}
		}
	}
}

// refusal is an event that CountRefusal is made for.
func refusal(account, operation string, n int) policy.Event {
	e := sampleEvent(address{tenant, account, operation}, n)
	e.Outcome, e.Count, e.First = policy.Refused, 1, e.At
	e.By = policy.Principal{Kind: policy.PersonPrincipal, ID: "eve"}
	e.Action, e.Reason, e.Target = "devices.disable", "locked", policy.Target{Kind: "device", ID: "laptop"}
	return e
}

// counts commits CountRefusal for each event, since the given hour.
func (l eventLog) counts(w *world, since int, events ...policy.Event) {
	w.Helper()
	for _, e := range events {
		w.update(l.db(w), func(t tx) error { return t.CountRefusal(e, when(since)) })
	}
}

func (l eventLog) countsRefusals(w *world) {
	l.append(w, "ada", 0, "before")
	l.counts(w, 1, refusal("ada", "first", 1))
	l.append(w, "ada", 1, "between")
	l.got(w, "after one refusal", l.of(w, "ada"), "between", "first", "before")
	first := l.of(w, "ada")[1]

	l.counts(w, 1, refusal("ada", "second", 2)) // since just when the first began
	events := l.of(w, "ada")
	l.got(w, "after a second refusal alike", events, "second", "between", "before")
	want := refusal("ada", "second", 2)
	want.First, want.Count, want.Seq = first.First, 2, events[0].Seq
	if d := diff(want, events[0]); d != "" {
		w.Fatalf("the event that counts the second refusal is not as it should be (-want +got):\n%s", d)
	}
	l.counts(w, 0, refusal("ada", "third", 3))
	l.counts(w, 2, refusal("ada", "too late", 4)) // the series began before this
	events = l.of(w, "ada")
	l.got(w, "after a refusal that comes too late", events, "too late", "third", "between", "before")
	if events[0].Count != 1 || events[1].Count != 3 {
		w.Fatalf("the refusals have the counts %d and %d; want 1 and 3", events[0].Count, events[1].Count)
	}
	l.increasing(w, []policy.Event{events[3], events[2], events[1], events[0]})

	// Now what differs in one thing is another kind; the series of "too late" is the newest.
	other := func(operation string, change func(*policy.Event)) policy.Event {
		e := refusal("ada", operation, 5)
		change(&e)
		return e
	}
	l.counts(w, 0,
		other("action", func(e *policy.Event) { e.Action = "devices.remove" }),
		other("reason", func(e *policy.Event) { e.Reason = "throttled" }),
		other("by", func(e *policy.Event) { e.By.ID = "mallory" }),
		other("by kind", func(e *policy.Event) { e.By.Kind = policy.HostPrincipal }),
		other("target", func(e *policy.Event) { e.Target.ID = "phone" }),
		other("target kind", func(e *policy.Event) { e.Target.Kind = "key" }),
		other("not found", func(e *policy.Event) { e.Reason, e.Target.ID = policy.CodeNotFound, "guess 1" }),
		other("not found again", func(e *policy.Event) { e.Reason, e.Target.ID = policy.CodeNotFound, "guess 2" }),
		refusal("bob", "another account", 5),
	)
	inAnother := refusal("ada", "another tenant", 5)
	inAnother.Tenant = "fabrikam"
	l.counts(w, 0, inAnother)
	l.got(w, "after refusals of other kinds", l.of(w, "ada"), "not found again", "target kind", "target", "by kind", "by",
		"reason", "action", "too late", "third", "between", "before")
	l.got(w, "about another account", l.of(w, "bob"), "another account")
	l.counts(w, 0, refusal("ada", "last", 6))
	l.got(w, "after one more of the first kind", l.of(w, "ada"), "last", "not found again", "target kind", "target",
		"by kind", "by", "reason", "action", "third", "between", "before")
	if n := l.of(w, "ada")[0].Count; n != 2 {
		w.Fatalf("the last refusal has the count %d; want 2: it continues the newest series", n)
	}
}

func (l eventLog) countsConcurrently(w *world) {
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			e := refusal("ada", text("refusal", i), 1)
			if err := l.db(w).Update(w.ctx, func(t tx) error { return t.CountRefusal(e, when(0)) }); err != nil {
				w.Errorf("Update failed: %v", err)
			}
		})
	}
	group.Wait()
	if events := l.of(w, "ada"); len(events) != 1 || events[0].Count != writers {
		w.Fatalf("%d refusals alike left %+v; want one event that counts them all", writers, events)
	}
	w.update(l.db(w), func(t tx) error {
		return errors.Join(t.CountRefusal(refusal("bob", "one", 1), when(0)), t.CountRefusal(refusal("bob", "two", 1), when(0)))
	})
	if events := l.of(w, "bob"); len(events) != 1 || events[0].Count != 2 {
		w.Fatalf("two refusals alike in one transaction left %+v; want one event that counts both", events)
	}
}

func (l eventLog) countedAgainIsNew(w *world) {
	l.counts(w, 0, refusal("ada", "first", 1))
	read, upTo := l.after(w, "")
	l.got(w, "EventsAfter a refusal", read, "first")
	l.counts(w, 0, refusal("ada", "second", 2))
	read, upTo = l.after(w, upTo)
	l.got(w, "EventsAfter it was counted again", read, "second")
	l.append(w, "ada", 3, "third")
	read, _ = l.after(w, upTo)
	l.got(w, "EventsAfter another event", read, "third")
}
