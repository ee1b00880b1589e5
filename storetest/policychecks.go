package storetest

import (
	"slices"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// policyChecks are all checks of the store of package policy.
func policyChecks() []check {
	settings := rows[policy.Settings]{policyRoom, settingsKind}
	standing := rows[policy.Standing]{policyRoom, standingKind}
	session := rows[policy.Session]{policyRoom, sessionKind}
	usage := rows[policy.Usage]{policyRoom, usageKind}
	follower := rows[policy.Follower]{policyRoom, followerKind}
	event := rows[policy.Event]{policyRoom, eventKind}
	whole := transactions[policy.Standing]{standing, []probe{
		settings.probe(), standing.probe(), session.probe(), usage.probe(), follower.probe(), event.probe()}}
	list := func(l list[policy.Event], strangers ...list[policy.Event]) []check {
		p := pages[policy.Event]{room: policyRoom, list: l}
		for _, s := range strangers {
			p.strangers = append(p.strangers, s.stranger)
		}
		return p.checks()
	}
	return slices.Concat(
		settings.checks(), standing.checks(), session.checks(), usage.checks(), follower.checks(), event.checks(),
		whole.checks(),
		list(eventsOfList, eventsList, eventsAfterList),
		list(eventsList, eventsOfList, eventsAfterList),
		list(eventsAfterList, eventsOfList, eventsList),
		eventLog{}.checks(),
		[]check{{"policy followers", "are all listed", "Followers gives every follower of its tenant and of no other, more than a page of them too.",
			[]room{policyRoom}, listsFollowers}},
	)
}

func listsFollowers(w *world) {
	s := w.in(policyRoom)
	listed := func(of policy.TenantID) (found map[string]policy.Follower) {
		w.Helper()
		w.view(s, func(t tx) error {
			all, err := t.admin.Followers(of)
			found = make(map[string]policy.Follower)
			for _, f := range all {
				found[f.Name] = f
			}
			if err == nil && len(found) != len(all) {
				w.Errorf("Followers gives %d followers with %d names", len(all), len(found))
			}
			return err
		})
		return found
	}
	const n = store.DefaultPageSize + 10
	want := make(map[string]policy.Follower)
	w.update(s, func(t tx) error {
		for i := range n {
			at := address{tenant, text("follower", i)}
			f := followerKind.sample(at, i)
			rev, err := t.admin.PutFollower(f)
			if err != nil {
				return err
			}
			f.Revision = rev
			want[f.Name] = f
			for _, other := range []string{"contos", "contoso too"} {
				if _, err := t.admin.PutFollower(followerKind.sample(at.with(0, other), i)); err != nil {
					return err
				}
			}
		}
		return t.admin.DropFollower("contoso too", text("follower", 0))
	})
	if d := diff(want, listed(tenant)); d != "" {
		w.Fatalf("Followers gives other followers (-want +got):\n%s", d)
	}
	if got := len(listed("contoso too")); got != n-1 {
		w.Fatalf("Followers gives %d followers of a tenant that had %d and dropped one", got, n)
	}
	if got := listed("unknown"); len(got) != 0 {
		w.Fatalf("Followers of a tenant that has none gives %+v", got)
	}
}
