package storetest_test

import (
	"slices"

	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

var signinsFaults = []fault{
	{"lists the oldest sessions first",
		[]string{"signins SessionsOf has the newest start first, then the least id", "signins SessionsOf gives every item once and in order, whatever the page size"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return oldestSessions{tx} })},
	{"hides sessions that were ended",
		[]string{"signins SessionsOf has the newest start first, then the least id"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return endedHidden{tx} })},
	{"keeps a session that was removed",
		[]string{"signins session gets a greater revision after its removal"},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return undeleted{tx} })},
}

type oldestSessions struct{ signins.Tx }

func (tx oldestSessions) SessionsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Session], error) {
	list, err := tx.Tx.SessionsOf(t, a, p)
	slices.Reverse(list.Items)
	return list, err
}

type endedHidden struct{ signins.Tx }

func (tx endedHidden) SessionsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[policy.Session], error) {
	list, err := tx.Tx.SessionsOf(t, a, p)
	list.Items = slices.DeleteFunc(list.Items, func(s policy.Session) bool { return !s.EndedAt.IsZero() })
	return list, err
}

type undeleted struct{ signins.Tx }

func (undeleted) DeleteSession(policy.TenantID, policy.AccountID, policy.SessionID) error { return nil }
