package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

const (
	listsAll = "challenge ChallengesOf gives all challenges of its account, by id"
	listsOwn = "challenge ChallengesOf sees what its transaction wrote"
)

var challengeFaults = []fault{
	{"lists a page of challenges only", []string{listsAll},
		listsChallenges(func(_ challenge.Tx, all []challenge.Challenge) []challenge.Challenge {
			return all[:min(len(all), store.DefaultPageSize)]
		})},
	{"lists live challenges only", []string{listsAll, listsOwn},
		listsChallenges(func(_ challenge.Tx, all []challenge.Challenge) []challenge.Challenge {
			return slices.DeleteFunc(all, func(c challenge.Challenge) bool { return !c.SpentAt.IsZero() })
		})},
	{"lists challenges in the order of their writing", []string{listsAll},
		listsChallenges(func(_ challenge.Tx, all []challenge.Challenge) []challenge.Challenge {
			slices.SortFunc(all, func(a, b challenge.Challenge) int { return cmp.Compare(a.Revision, b.Revision) })
			return all
		})},
	{"lists another account's challenges whose name is alike", []string{listsAll},
		listsChallenges(func(tx challenge.Tx, all []challenge.Challenge) []challenge.Challenge {
			more, err := tx.ChallengesOf("contoso", "Ada")
			if err != nil {
				return nil
			}
			return append(all, more...)
		})},
	{"lists another tenant's challenges", []string{listsAll},
		listsChallenges(func(tx challenge.Tx, all []challenge.Challenge) []challenge.Challenge {
			more, err := tx.ChallengesOf("fabrikam", "ada")
			if err != nil {
				return nil
			}
			return append(all, more...)
		})},
	{"lists the challenges from before the transaction", []string{listsOwn},
		inChallenges(func(tx challenge.Tx, db *memstore.Store, _ *none) challenge.Tx { return stale{tx, db.Fork()} })},
	{"forgets that a challenge was spent", []string{"challenge challenge comes back as it was put"},
		putsChallenges(func(c *challenge.Challenge) { c.SpentAt = c.IssuedAt })},
	{"keeps the expiry to the second", []string{"challenge challenge keeps times in UTC to the microsecond"},
		putsChallenges(func(c *challenge.Challenge) { c.ExpiresAt = c.ExpiresAt.Truncate(1e9) })},
	{"keeps a challenge that was removed", []string{"challenge challenge gets a greater revision after its removal"},
		inChallenges(func(tx challenge.Tx, _ *memstore.Store, _ *none) challenge.Tx { return clinging{tx} })},
	{"counts without comparing revisions", []string{"challenge counter is changed from its last revision only", "challenge counter has one winner among many writers"},
		inChallenges(func(tx challenge.Tx, _ *memstore.Store, _ *none) challenge.Tx { return lastWins{tx} })},
	{"counts all methods as one", []string{"challenge counter is found by its exact identifiers"},
		countsBy(func(challenge.Method) challenge.Method { return "any" })},
	{"folds the case of a method's name", []string{"challenge counter is found by its exact identifiers"},
		countsBy(func(m challenge.Method) challenge.Method { return challenge.Method(strings.ToLower(string(m))) })},
	{"keeps one sending for each address", []string{"challenge counter comes back as it was put"},
		inChallenges(func(tx challenge.Tx, _ *memstore.Store, _ *none) challenge.Tx { return sentOnce{tx} })},
}

// listsChallenges makes a fault of a change to what ChallengesOf gives.
func listsChallenges(change func(challenge.Tx, []challenge.Challenge) []challenge.Challenge) func(*memstore.Store) storetest.Backend {
	return inChallenges(func(tx challenge.Tx, _ *memstore.Store, _ *none) challenge.Tx { return challengeLister{tx, change} })
}

type challengeLister struct {
	challenge.Tx
	change func(challenge.Tx, []challenge.Challenge) []challenge.Challenge
}

func (tx challengeLister) ChallengesOf(t policy.TenantID, a policy.AccountID) ([]challenge.Challenge, error) {
	all, err := tx.Tx.ChallengesOf(t, a)
	if err != nil || a != "ada" {
		return all, err
	}
	return tx.change(tx.Tx, all), nil
}

type stale struct {
	challenge.Tx
	before *memstore.Store
}

func (tx stale) ChallengesOf(t policy.TenantID, a policy.AccountID) (all []challenge.Challenge, err error) {
	err = tx.before.Challenges().View(context.Background(), func(old challenge.Tx) (err error) { all, err = old.ChallengesOf(t, a); return err })
	return all, err
}

// putsChallenges makes a fault of a change to what is put.
func putsChallenges(change func(*challenge.Challenge)) func(*memstore.Store) storetest.Backend {
	return inChallenges(func(tx challenge.Tx, _ *memstore.Store, _ *none) challenge.Tx { return challengePutter{tx, change} })
}

type challengePutter struct {
	challenge.Tx
	change func(*challenge.Challenge)
}

func (tx challengePutter) PutChallenge(c challenge.Challenge) (store.Revision, error) {
	tx.change(&c)
	return tx.Tx.PutChallenge(c)
}

type clinging struct{ challenge.Tx }

func (clinging) DeleteChallenge(policy.TenantID, policy.AccountID, challenge.ID) error { return nil }

type lastWins struct{ challenge.Tx }

func (tx lastWins) PutCounter(c challenge.Counter) (store.Revision, error) {
	if old, err := tx.Counter(c.Tenant, c.Account, c.Method); err == nil {
		c.Revision = old.Revision
	}
	return tx.Tx.PutCounter(c)
}

// countsBy makes a fault of what counters are found by; the method stays as it was put.
func countsBy(of func(challenge.Method) challenge.Method) func(*memstore.Store) storetest.Backend {
	return inChallenges(func(tx challenge.Tx, _ *memstore.Store, k *kept[challenge.Method]) challenge.Tx {
		return methodFolder{tx, of, k}
	})
}

type methodFolder struct {
	challenge.Tx
	of func(challenge.Method) challenge.Method
	*kept[challenge.Method]
}

func (tx methodFolder) Counter(t policy.TenantID, a policy.AccountID, m challenge.Method) (challenge.Counter, error) {
	c, err := tx.Tx.Counter(t, a, tx.of(m))
	if name, ok := tx.get(string(t) + "/" + string(a) + "/" + string(tx.of(m))); ok {
		c.Method = name
	}
	return c, err
}

func (tx methodFolder) PutCounter(c challenge.Counter) (store.Revision, error) {
	tx.put(string(c.Tenant)+"/"+string(c.Account)+"/"+string(tx.of(c.Method)), c.Method)
	c.Method = tx.of(c.Method)
	return tx.Tx.PutCounter(c)
}

type sentOnce struct{ challenge.Tx }

func (tx sentOnce) PutCounter(c challenge.Counter) (store.Revision, error) {
	c.Sent = slices.CompactFunc(slices.Clone(c.Sent), func(a, b challenge.Sending) bool { return a.To == b.To })
	return tx.Tx.PutCounter(c)
}
