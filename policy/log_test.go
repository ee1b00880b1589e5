package policy_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// mine is all of an actor's own history, newest first.
func (h *house) mine(a policy.Actor, size int) []policy.Event {
	h.T.Helper()
	return all(h.T, size, func(p store.Page) (store.List[policy.Event], error) { return h.log.Mine(ctx, a, p) })
}

// all are the items of a list that is read in pages of a size.
func all(t testing.TB, size int, fetch func(store.Page) (store.List[policy.Event], error)) []policy.Event {
	t.Helper()
	var out []policy.Event
	for p := (store.Page{Size: size}); ; {
		l, err := fetch(p)
		require.NoError(t, err)
		require.LessOrEqual(t, len(l.Items), size)
		out = append(out, l.Items...)
		if p.After = l.Next; p.After == "" {
			return out
		}
	}
}

func TestAPersonReadsTheirOwnHistoryNewestFirst(t *testing.T) {
	h := newHouse(t)
	bob := h.Person("bob", policy.Guest)
	h.Tenant(fabrikam)
	elsewhere := h.PersonIn(fabrikam, "ada", policy.Work)
	for i := range 5 {
		require.NoError(t, h.edit(h.ada, editing(), "n1", fmt.Sprint(i), ""))
	}
	refused(t, h.edit(h.ada, editing(strict), "n1", "new", ""), policy.CodeStrongerProof)

	for _, size := range []int{1, 2, 3, 100} {
		got := h.mine(h.ada, size)
		require.Len(t, got, 7, "made known, five edits, one refusal")
		require.True(t, slices.IsSortedFunc(got, func(a, b policy.Event) int { return int(b.Seq) - int(a.Seq) }))
		require.Equal(t, policy.Refused, got[0].Outcome)
		require.Equal(t, policy.Provision, got[6].Action)
		for _, e := range got {
			require.Equal(t, policy.AccountID("ada"), e.Account)
			require.Equal(t, contoso, e.Tenant)
		}
	}
	require.Len(t, h.mine(bob, 100), 1, "guests read theirs too")
	require.Len(t, h.mine(elsewhere, 100), 1, "the same id in another tenant is somebody else")

	for _, a := range []policy.Actor{h.Host, policy.System("setup")} {
		_, err := h.log.Mine(ctx, a, store.Page{})
		refused(t, err, policy.CodeNotPermitted)
	}
	_, err := h.log.Mine(ctx, policy.Actor{}, store.Page{})
	refused(t, err, policy.CodeNoActor)
}

func TestOnesOwnHistoryHidesWhereOthersActed(t *testing.T) {
	h := newHouse(t)
	root := h.Admin("root", policy.GlobalAdministrator)
	h.session(policy.Session{Tenant: contoso, Account: "root", ID: "s9", StartedAt: h.Clock.Now()})
	h.session(policy.Session{Tenant: contoso, Account: "ada", ID: "s1", StartedAt: h.Clock.Now()})
	root.Session, root.Device, root.Address = "s9", h.Device(root, "root-laptop"), netip.MustParseAddr("192.0.2.9")
	h.ada.Session, h.ada.Device, h.ada.Address = "s1", h.Device(h.ada, "laptop"), netip.MustParseAddr("192.0.2.1")
	byRole := editing(func(sp *noteSpec) {
		sp.By, sp.Roles = policy.ByPerson|policy.ByRole, root.Roles
		sp.Load = func(tx notesTx, op *policy.Op, t policy.Target) (note, error) { return tx.Note(op.Actor.Tenant, t.ID) }
	})
	require.NoError(t, h.edit(h.ada, byRole, "n1", "by ada", ""))
	require.NoError(t, h.edit(root, byRole, "n1", "by root", ""))

	got := h.mine(h.ada, 2)[:2]
	theirs, own := got[0], got[1]
	require.Equal(t, policy.Principal{Kind: policy.PersonPrincipal, ID: "root"}, theirs.By, "who acted is told")
	require.Empty(t, theirs.Session)
	require.Empty(t, theirs.Device)
	require.False(t, theirs.Address.IsValid())
	require.Equal(t, policy.SessionID("s1"), own.Session)
	require.Equal(t, policy.DeviceID("laptop"), own.Device)
	require.Equal(t, h.ada.Address, own.Address)

	seen, err := h.log.All(ctx, h.Host, store.Page{Size: 1})
	require.NoError(t, err)
	require.Equal(t, root.Address, seen.Items[0].Address, "auditors see it")
}

func TestAuditorsReadAllOfTheirTenantsEvents(t *testing.T) {
	h := newHouse(t)
	h.Tenant(fabrikam)
	h.PersonIn(fabrikam, "eve", policy.Work)
	h.Person("bob", policy.Work)
	want := h.Events(contoso)
	slices.Reverse(want)
	for _, size := range []int{1, 2, 100} {
		got := all(t, size, func(p store.Page) (store.List[policy.Event], error) { return h.log.All(ctx, h.Host, p) })
		require.Empty(t, cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})))
	}
	for _, role := range allRoles {
		root := h.ada
		root.Roles = []policy.Role{role}
		l, err := h.log.All(ctx, root, store.Page{})
		if roleIn(role, []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.SecurityAdministrator, policy.SecurityReader}) {
			require.NoError(t, err, role)
			require.Len(t, l.Items, len(want))
			continue
		}
		refused(t, err, policy.CodeNotPermitted, role)
		require.Empty(t, l.Items)
	}
	_, err := h.log.All(ctx, h.ada, store.Page{})
	refused(t, err, policy.CodeNotPermitted)
	_, err = h.log.All(ctx, policy.System("setup"), store.Page{})
	refused(t, err, policy.CodeNotPermitted)
}

func TestOnlyTheHostFollowsAndPurges(t *testing.T) {
	h := newHouse(t)
	root := h.Admin("root", allRoles...)
	for _, a := range []policy.Actor{h.ada, root, policy.System("setup")} {
		_, err := h.log.Follow(ctx, a, "mail", 10)
		refused(t, err, policy.CodeNotPermitted)
		refused(t, h.log.Ack(ctx, a, "mail", ""), policy.CodeNotPermitted)
		refused(t, h.log.Unfollow(ctx, a, "mail"), policy.CodeNotPermitted)
		_, err = h.log.Purge(ctx, a)
		refused(t, err, policy.CodeNotPermitted)
	}
	for _, name := range []string{"", "mail\n", strings.Repeat("m", 129)} {
		_, err := h.log.Follow(ctx, h.Host, name, 10)
		invalid(t, err, "follower")
		invalid(t, h.log.Ack(ctx, h.Host, name, ""), "follower")
		invalid(t, h.log.Unfollow(ctx, h.Host, name), "follower")
	}
}

// follow gives what a follower has not acknowledged, and the cursor to do so.
func (h *house) follow(name string, size int) store.List[policy.Event] {
	h.T.Helper()
	l, err := h.log.Follow(ctx, h.Host, name, size)
	require.NoError(h.T, err)
	require.NotEmpty(h.T, l.Next, "there is always a cursor to read on from")
	return l
}

func (h *house) ack(name string, upTo store.Cursor) {
	h.T.Helper()
	require.NoError(h.T, h.log.Ack(ctx, h.Host, name, upTo))
}

func TestAFollowerGetsEachEventUntilItIsAcknowledged(t *testing.T) {
	h := newHouse(t)
	want := h.Events(contoso)
	require.GreaterOrEqual(t, len(want), 2)
	first := h.follow("mail", 1)
	require.Empty(t, cmp.Diff(want[:1], first.Items, cmpopts.EquateComparable(netip.Addr{})))
	require.Equal(t, first, h.follow("mail", 1), "what was not acknowledged comes again")
	require.Equal(t, first, h.follow("other", 1), "each follower reads for itself")

	h.ack("mail", first.Next)
	h.ack("mail", first.Next) // again, since the answer to the first was lost
	second := h.follow("mail", 1)
	require.Equal(t, want[1].Seq, second.Items[0].Seq)
	require.Equal(t, second, h.follow("mail", 1))

	rest := h.follow("mail", 100)
	h.ack("mail", rest.Next)
	require.Empty(t, h.follow("mail", 100).Items, "everything is read")
	require.Equal(t, rest.Next, h.follow("mail", 100).Next)
	require.NoError(t, h.edit(h.ada, editing(), "n1", "new", ""))
	news := h.follow("mail", 100)
	require.Len(t, news.Items, 1)
	require.Equal(t, editNote, news.Items[0].Action)
}

func TestAFollowerAcknowledgesWhatItWasGivenLastAndNothingElse(t *testing.T) {
	h := newHouse(t)
	one := h.follow("mail", 1)
	further := h.follow("other", 2)
	require.NotEqual(t, one.Next, further.Next)
	for what, cursor := range map[string]store.Cursor{"nothing": "", "what another follower was given": further.Next, "what nobody was given": one.Next + "A"} {
		invalid(t, h.log.Ack(ctx, h.Host, "mail", cursor), "upTo")
		require.Equal(t, one, h.follow("mail", 1), what)
	}
	h.ack("mail", one.Next)
	two := h.follow("mail", 1)
	h.ack("mail", one.Next)
	require.Equal(t, two, h.follow("mail", 1), "acknowledging again loses nothing")
	h.ack("mail", two.Next)
	three := h.follow("mail", 1)
	invalid(t, h.log.Ack(ctx, h.Host, "mail", one.Next), "upTo")
	require.Equal(t, three, h.follow("mail", 1), "it never moves back")
}

func TestFollowersComeAndGoWithAnEvent(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		do       func()
		activity string
	}{
		{func() { h.follow("mail", 10) }, "Add event follower"},
		{func() { h.follow("mail", 10) }, ""},
		{func() { h.ack("mail", h.follow("mail", 10).Next) }, ""},
		{func() { require.NoError(t, h.log.Unfollow(ctx, h.Host, "mail")) }, "Delete event follower"},
	} {
		events := h.since(c.do)
		if c.activity == "" {
			require.Empty(t, events, "else a follower would follow itself for ever")
			continue
		}
		require.Len(t, events, 1)
		require.Equal(t, c.activity, events[0].Activity)
		require.Equal(t, policy.On("follower", "mail"), events[0].Target)
		require.Empty(t, events[0].Account)
	}
	require.ErrorIs(t, h.log.Unfollow(ctx, h.Host, "mail"), store.ErrNotFound)
	require.ErrorIs(t, h.log.Ack(ctx, h.Host, "mail", ""), store.ErrNotFound)
	require.Equal(t, h.Events(contoso)[0].Seq, h.follow("mail", 1).Items[0].Seq, "who comes back begins anew")
}

func TestAFollowerMissesNothingWhileOthersWrite(t *testing.T) {
	h := newHouse(t)
	const writers, accounts = 4, 12
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range accounts {
				id := policy.AccountID(fmt.Sprintf("person-%d-%d", w, i))
				for _, err := range []error{h.hosts.Provision(ctx, h.Host, id, policy.Work),
					h.hosts.SetState(ctx, h.Host, id, policy.Disabled), h.hosts.SetState(ctx, h.Host, id, policy.Active)} {
					if err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	written := make(chan struct{})
	go func() { wg.Wait(); close(written) }()

	var got []policy.Event // in the order of their first delivery
	seen := make(map[uint64]bool)
	repeated := 0
	for round, last := 0, false; ; round++ {
		select {
		case <-written:
			last = true
		default:
		}
		l := h.follow("mail", 7)
		for _, e := range l.Items {
			if seen[e.Seq] {
				repeated++
				continue
			}
			seen[e.Seq] = true
			got = append(got, e)
		}
		if round%3 != 2 { // now and then the follower falls over before it acknowledges
			h.ack("mail", l.Next)
		}
		if last && len(l.Items) == 0 {
			break
		}
	}
	require.NotZero(t, repeated, "each at least once")
	want := h.Events(contoso)
	require.Len(t, got, len(want), "none is missing")
	latest := make(map[policy.AccountID]uint64)
	for _, e := range got {
		require.Greater(t, e.Seq, latest[e.Account], "the events of %q come in their order", e.Account)
		latest[e.Account] = e.Seq
	}
	require.GreaterOrEqual(t, len(latest), writers*accounts)
}

func TestForgedCursorsAreInvalidOrReadNothingOfOthers(t *testing.T) {
	h := newHouse(t)
	h.Tenant(fabrikam)
	eve := h.PersonIn(fabrikam, "eve", policy.Work)
	for range 3 {
		require.NoError(t, h.edit(h.ada, editing(), "n1", "new", ""))
	}
	h.follow("mail", 1)
	for _, forged := range []store.Cursor{"x", "!", "====", "AAA\x00", store.Cursor(strings.Repeat("A", 5001)), "\xff", "AAAAAAAAAAB"} {
		_, err := h.log.Mine(ctx, h.ada, store.Page{After: forged})
		invalid(t, err, "page.after")
		_, err = h.log.All(ctx, h.Host, store.Page{After: forged})
		invalid(t, err, "page.after")
		invalid(t, h.log.Ack(ctx, h.Host, "mail", forged), "upTo")
	}
	require.Len(t, h.follow("mail", 1).Items, 1, "a forged acknowledgement acknowledges nothing")

	// A genuine cursor in another's hands, and every cursor one bit away from it.
	list, err := h.log.Mine(ctx, h.ada, store.Page{Size: 2})
	require.NoError(t, err)
	require.NotEmpty(t, list.Next)
	for i := range list.Next {
		for bit := range 7 {
			b := []byte(list.Next)
			b[i] ^= 1 << bit
			for _, a := range []policy.Actor{h.ada, eve} {
				l, err := h.log.Mine(ctx, a, store.Page{After: store.Cursor(b)})
				if err != nil {
					invalid(t, err, "page.after")
				}
				for _, e := range l.Items {
					require.True(t, e.Tenant == a.Tenant && e.Account == a.Account, "%s reads %s's", a.Account, e.Account)
				}
			}
		}
	}
}

func TestAPurgeRemovesWhatIsPastItsRetention(t *testing.T) {
	h := newHouse(t)
	old := len(h.Events(contoso))
	h.Clock.Advance(time.Microsecond)
	require.NoError(t, h.edit(h.ada, editing(), "n1", "young", ""))
	h.Clock.Advance(30*24*time.Hour - time.Microsecond)
	purge := func() int {
		n, err := h.log.Purge(ctx, h.Host)
		require.NoError(t, err)
		return n
	}
	before := h.saved()
	require.Zero(t, purge(), "on the last day of the retention")
	require.Equal(t, before, h.saved(), "a purge that removes nothing leaves no event")

	h.Clock.Advance(time.Microsecond)
	events := h.since(func() { require.Equal(t, old, purge()) })
	now := h.Clock.Now()
	sameEvents(t, []policy.Event{{Tenant: contoso, At: now, By: h.Host.Principal(), Action: policy.PurgeEvents, Activity: "Purge events",
		Category: "Audit", Facts: []policy.Fact{{Name: "removed", Value: fmt.Sprint(old)}, {Name: "before", Value: "2026-01-05T09:00:00Z"}},
		Outcome: policy.Succeeded, Count: 1, First: now}}, events)
	left := h.Events(contoso)
	require.Len(t, left, 2)
	require.Equal(t, editNote, left[0].Action)
}

func TestRetentionIsASetting(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.admin.Set(ctx, h.Host, policy.EventRetention, policy.Unlimited))
	h.Clock.Advance(100 * 365 * 24 * time.Hour)
	n, err := h.log.Purge(ctx, h.Host)
	require.NoError(t, err)
	require.Zero(t, n, "kept for ever")
	require.NoError(t, h.admin.Set(ctx, h.Host, policy.EventRetention, 3650))
	n, err = h.log.Purge(ctx, h.Host)
	require.NoError(t, err)
	require.NotZero(t, n)
	invalid(t, h.admin.Set(ctx, h.Host, policy.EventRetention, 6), policy.EventRetention.Name)
}

func TestAPurgeNeverPassesAnUnreadEvent(t *testing.T) {
	h := newHouse(t)
	all := h.Events(contoso)
	require.GreaterOrEqual(t, len(all), 2)
	h.follow("slow", 10)
	h.follow("fast", 10)
	h.Clock.Advance(365 * 24 * time.Hour)
	purge := func() int {
		n, err := h.log.Purge(ctx, h.Host)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, purge(), "nobody has acknowledged anything")
	h.ack("fast", h.follow("fast", 1000).Next)
	require.Zero(t, purge(), "one of them has not")
	h.ack("slow", h.follow("slow", 1).Next)
	require.Equal(t, 1, purge(), "what both have read goes")
	unread := h.follow("slow", 1000)
	require.Equal(t, all[1].Seq, unread.Items[0].Seq, "and nothing that one still has to read")
	require.NoError(t, h.log.Unfollow(ctx, h.Host, "slow"))
	require.NotZero(t, purge(), "who is forgotten holds nothing back")
}

func TestAPurgeIsOfOneTenant(t *testing.T) {
	h := newHouse(t)
	h.Tenant(fabrikam)
	h.PersonIn(fabrikam, "eve", policy.Work)
	want := h.Events(fabrikam)
	h.Clock.Advance(365 * 24 * time.Hour)
	n, err := h.log.Purge(ctx, h.Host)
	require.NoError(t, err)
	require.NotZero(t, n)
	require.Equal(t, want, h.Events(fabrikam))
	// Nor does another tenant's follower hold it back.
	_, err = h.log.Follow(ctx, policy.Host("test-host", fabrikam), "mail", 10)
	require.NoError(t, err)
	require.NoError(t, h.edit(h.ada, editing(), "n1", "new", ""))
	h.Clock.Advance(365 * 24 * time.Hour)
	n, err = h.log.Purge(ctx, h.Host)
	require.NoError(t, err)
	require.NotZero(t, n)
}

func TestALongPurgeGivesWritersTheirTurn(t *testing.T) {
	h := newHouse(t)
	const many = 2500
	require.NoError(t, h.DB.Policy().Update(ctx, func(tx policy.AdminTx) error {
		for range many {
			if err := tx.AppendEvent(policy.Event{Tenant: contoso, At: h.Clock.Now(), Outcome: policy.Succeeded}); err != nil {
				return err
			}
		}
		return nil
	}))
	total := len(h.Events(contoso))
	h.Clock.Advance(365 * 24 * time.Hour)
	f := &faulty{Store: h.DB.Policy()}
	h.over(f)
	commits := 0
	f.before = func(call string) error {
		if call == "commit" {
			commits++
		}
		return nil
	}
	n, err := h.log.Purge(ctx, h.Host)
	require.NoError(t, err)
	require.Equal(t, total, n)
	require.GreaterOrEqual(t, commits, 3, "in parts")
	left := h.Events(contoso)
	require.Len(t, left, commits, "the events of the purge itself")

	// What was removed before trouble came is told.
	require.NoError(t, h.DB.Policy().Update(ctx, func(tx policy.AdminTx) error {
		for range 1500 {
			if err := tx.AppendEvent(policy.Event{Tenant: contoso, At: noon.AddDate(-1, 0, 0)}); err != nil {
				return err
			}
		}
		return nil
	}))
	h.Clock.Advance(365 * 24 * time.Hour)
	commits = 0
	f.before = func(call string) error {
		if call == "commit" {
			if commits++; commits == 2 {
				return errBroken
			}
		}
		return nil
	}
	n, err = h.log.Purge(ctx, h.Host)
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, 1000, n)
}

func TestTheLogBelievesNoStoreThatGivesSomebodyElsesEvents(t *testing.T) {
	h := newHouse(t)
	read := func() map[string]error {
		out := make(map[string]error)
		_, out["Mine"] = h.log.Mine(ctx, h.ada, store.Page{})
		_, out["All"] = h.log.All(ctx, h.Host, store.Page{})
		_, out["Follow"] = h.log.Follow(ctx, h.Host, "mail", 10)
		return out
	}
	h.lying(liar{event: func(e *policy.Event) { e.Tenant = fabrikam }})
	for way, err := range read() {
		require.ErrorContains(t, err, "fabrikam", way)
	}
	h.lying(liar{event: func(e *policy.Event) { e.Account = "bob" }})
	require.Error(t, read()["Mine"])
}

func TestTheLogReadsOnASnapshotThatEndsWithItsContext(t *testing.T) {
	h := newHouse(t)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err := h.log.Mine(gone, h.ada, store.Page{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.log.Follow(gone, h.Host, "mail", 1)
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.log.Purge(gone, h.Host)
	require.ErrorIs(t, err, context.Canceled)
}
