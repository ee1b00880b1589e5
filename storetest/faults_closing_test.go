package storetest_test

import (
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

const (
	listsDue     = "account ClosingsDue has what is due at the given time or before"
	removesOwn   = " removes just the account's rows, up to its limit"
	removesApart = " removes as a part of its transaction"
)

var closingFaults = []fault{
	{"leaves out what is due at the very time", []string{listsDue},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx {
			return dueLister{tx, func(now time.Time) time.Time { return now.Add(-time.Microsecond) }}
		})},
	{"compares what is due to the second", []string{listsDue},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx {
			return dueLister{tx, func(now time.Time) time.Time { return now.Truncate(time.Second).Add(time.Second) }}
		})},
	{"forgets why an account is closed", []string{"account closing comes back as it was put"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return unreasoned{tx} })},
	{"keeps the closing of an account that came back", []string{"account closing gets a greater revision after its removal"},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return neverBack{tx} })},
	{"keeps one counter of each account that is erased", []string{"account DeleteCountersOf" + removesOwn},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx {
			return counterRemover{tx, func(tx account.Tx, t policy.TenantID, a policy.AccountID, limit int) (int, error) {
				n, err := tx.DeleteCountersOf(t, a, max(limit-1, 0))
				return n, err
			}}
		})},
	{"removes counters without a limit", []string{"account DeleteCountersOf" + removesOwn, "account DeleteCountersOf" + removesApart},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx {
			return counterRemover{tx, func(tx account.Tx, t policy.TenantID, a policy.AccountID, _ int) (int, error) {
				return tx.DeleteCountersOf(t, a, store.MaxPageSize)
			}}
		})},
	{"removes the usage of another account besides", []string{"account DeleteUsageOf" + removesOwn},
		inAccount(func(tx account.Tx, _ *memstore.Store, _ *none) account.Tx { return usageRemover{tx} })},
	{"keeps sessions that were ended", []string{"signins DeleteSessionsOf" + removesOwn},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return openRemover{tx} })},
	{"tells of no attempts that it removed", []string{"signins DeleteSignInsOf" + removesOwn},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return silentRemover{tx} })},
	{"takes a removal in View for done", []string{"signins DeleteSignInsOf" + removesApart},
		inSignIns(func(tx signins.Tx, _ *memstore.Store, _ *none) signins.Tx { return viewRemover{tx} })},
}

type dueLister struct {
	account.Tx
	at func(time.Time) time.Time
}

func (tx dueLister) ClosingsDue(t policy.TenantID, now time.Time, p store.Page) (store.List[account.Closing], error) {
	return tx.Tx.ClosingsDue(t, tx.at(now), p)
}

type unreasoned struct{ account.Tx }

func (tx unreasoned) PutClosing(c account.Closing) (store.Revision, error) {
	c.Reason = ""
	return tx.Tx.PutClosing(c)
}

type neverBack struct{ account.Tx }

func (neverBack) DeleteClosing(policy.TenantID, policy.AccountID) error { return nil }

type counterRemover struct {
	account.Tx
	remove func(account.Tx, policy.TenantID, policy.AccountID, int) (int, error)
}

func (tx counterRemover) DeleteCountersOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	return tx.remove(tx.Tx, t, a, limit)
}

type usageRemover struct{ account.Tx }

func (tx usageRemover) DeleteUsageOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	if _, err := tx.Tx.DeleteUsageOf("fabrikam", a, limit); err != nil {
		return 0, err
	}
	return tx.Tx.DeleteUsageOf(t, a, limit)
}

type openRemover struct{ signins.Tx }

func (tx openRemover) DeleteSessionsOf(t policy.TenantID, a policy.AccountID, limit int) (n int, err error) {
	open, err := tx.SessionsOf(t, a, time.Time{}, store.Page{Size: max(limit, 1)})
	for _, s := range open.Items {
		if n == limit {
			break
		}
		if err := tx.DeleteSession(t, a, s.ID); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

type silentRemover struct{ signins.Tx }

func (tx silentRemover) DeleteSignInsOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	_, err := tx.Tx.DeleteSignInsOf(t, a, limit)
	return 0, err
}

type viewRemover struct{ signins.Tx }

func (tx viewRemover) DeleteSignInsOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	n, err := tx.Tx.DeleteSignInsOf(t, a, limit)
	if err != nil {
		return limit, nil //nolint:nilerr // the fault
	}
	return n, nil
}
