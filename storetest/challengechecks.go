package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// challengeChecks are all checks of what package challenge needs of a store.
func challengeChecks() []check { return challengeChecksIn(challengeRoom) }

// challengeChecksIn are the same for a room that embeds that part.
func challengeChecksIn(r room) []check {
	standing := rows[policy.Standing]{r, standingKind}
	one := rows[challenge.Challenge]{r, challengeKind}
	counter := rows[challenge.Counter]{r, counterKind}
	usage := rows[policy.Usage]{r, usageKind}
	whole := transactions[challenge.Challenge]{one, []probe{standing.probe(), one.probe(), counter.probe(), usage.probe()}}
	return slices.Concat(
		standing.checks(), one.checks(), counter.checks(), usage.checks(), whole.checks(),
		[]check{
			{r.name + " ChallengesOf", "gives all challenges of its account, by id",
				"All of one account's, expired and spent ones too, more than a page of them, by id byte for byte, and nobody else's: what is not listed is not ended.",
				[]room{r}, func(w *world) { listsChallenges(w, r) }},
			{r.name + " ChallengesOf", "sees what its transaction wrote",
				"A challenge that was put or removed before, in the same transaction, is listed or not accordingly.",
				[]room{r}, func(w *world) { listsOwnWrites(w, r) }},
		})
}

var challengeKind = kind[challenge.Challenge]{
	name:   "challenge",
	slots:  []string{"tenant", "account", "challenge"},
	sample: sampleChallenge,
	get: func(t tx, at address) (challenge.Challenge, error) {
		return t.challenges.Challenge(at.tenant(), at.account(), challenge.ID(at[2]))
	},
	put: func(t tx, r challenge.Challenge) (store.Revision, error) { return t.challenges.PutChallenge(r) },
	remove: func(t tx, at address) error {
		return t.challenges.DeleteChallenge(at.tenant(), at.account(), challenge.ID(at[2]))
	},
	revision: func(r *challenge.Challenge) *store.Revision { return &r.Revision },
}

func sampleChallenge(at address, n int) challenge.Challenge {
	c := challenge.Challenge{Tenant: at.tenant(), ID: challenge.ID(at[2]), Binding: challenge.Binding{Account: at.account()}}
	if n == 0 {
		return c
	}
	c.Purpose = pick(n, challenge.StepUp, challenge.Reset, challenge.ChangeEmail)
	c.Method = pick(n, challenge.SMS, challenge.Email, challenge.EmailLink)
	c.Target, c.Session, c.To = text("target", n), policy.SessionID(text("session", n)), text("to", n)
	c.Digest = secret.Digest{0: byte(n), 31: 1}
	c.Epoch, c.Credentials = uint64(n), uint64(n+1)
	c.IssuedAt, c.ExpiresAt, c.SpentAt = when(n), when(n+1), when(n+2)
	c.Misses, c.Resends = n, n+1
	return c
}

var counterKind = kind[challenge.Counter]{
	name:  "counter",
	slots: []string{"tenant", "account", "method"},
	sample: func(at address, n int) challenge.Counter {
		c := challenge.Counter{Tenant: at.tenant(), Account: at.account(), Method: challenge.Method(at[2])}
		if n > 0 {
			c.Failed, c.FailedAt = n, when(n)
			c.Sent = []challenge.Sending{{To: text("to", n), At: when(n)}, {To: text("to", n), At: when(n)}, {At: when(n - 1)}}
		}
		return c
	},
	get: func(t tx, at address) (challenge.Counter, error) {
		return t.challenges.Counter(at.tenant(), at.account(), challenge.Method(at[2]))
	},
	put:      func(t tx, r challenge.Counter) (store.Revision, error) { return t.challenges.PutCounter(r) },
	revision: func(r *challenge.Counter) *store.Revision { return &r.Revision },
}

func listsChallenges(w *world, r room) {
	var want []challenge.Challenge
	w.update(w.in(r), func(t tx) error {
		want = nil // it may run again
		for i := range store.DefaultPageSize + 10 {
			c := sampleChallenge(address{tenant, "ada", name("c", i*7%60)}, i%5)
			rev, err := t.challenges.PutChallenge(c)
			if err != nil {
				return err
			}
			c.Revision = rev
			want = append(want, c)
			for _, of := range []address{{tenant, "Ada", string(c.ID)}, {tenant, "ada ", string(c.ID)}, {"fabrikam", "ada", string(c.ID)}} {
				if err := ignoreRevision(t.challenges.PutChallenge(sampleChallenge(of, i%5))); err != nil {
					return err
				}
			}
		}
		return nil
	})
	slices.SortFunc(want, byChallengeID)
	w.lists(r, address{tenant, "ada"}, want)
	w.lists(r, address{tenant, "nobody"}, nil)
	w.update(w.in(r), func(t tx) error { return t.challenges.DeleteChallenge(tenant, "ada", want[0].ID) })
	w.lists(r, address{tenant, "ada"}, want[1:])
}

func byChallengeID(a, b challenge.Challenge) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

// lists fails unless an account's challenges are want.
func (w *world) lists(r room, of address, want []challenge.Challenge) {
	w.Helper()
	w.view(w.in(r), func(t tx) error { return hasChallenges(t, of, want) })
}

func hasChallenges(t tx, of address, want []challenge.Challenge) error {
	got, err := t.challenges.ChallengesOf(of.tenant(), of.account())
	if d := diff(want, got); err == nil && d != "" {
		return fmt.Errorf("ChallengesOf gives other challenges (-want +got):\n%s", d)
	}
	return err
}

func listsOwnWrites(w *world, r room) {
	at := address{tenant, "ada", "c"}
	w.update(w.in(r), func(t tx) error {
		if err := hasChallenges(t, at, nil); err != nil {
			return err
		}
		c := sampleChallenge(at, 1)
		rev, err := t.challenges.PutChallenge(c)
		if err != nil {
			return err
		}
		c.Revision = rev
		if err := hasChallenges(t, at, []challenge.Challenge{c}); err != nil {
			return err
		}
		c.SpentAt = when(9).Add(time.Microsecond)
		if c.Revision, err = t.challenges.PutChallenge(c); err != nil {
			return err
		}
		if err := hasChallenges(t, at, []challenge.Challenge{c}); err != nil {
			return err
		}
		if err := t.challenges.DeleteChallenge(tenant, "ada", c.ID); err != nil {
			return err
		}
		return hasChallenges(t, at, nil)
	})
}
