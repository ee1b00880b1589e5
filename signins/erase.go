package signins

import (
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// FindingSessions is the code of this room's finding before an account is closed.
const FindingSessions policy.Code = "sessions-end"

// Findings tells what closing an account loses in this room, in somebody's transaction: its sessions.
func Findings(tx Tx, op *policy.Op, account policy.AccountID) ([]policy.Finding, error) {
	st, err := op.Account(tx, account)
	if err != nil {
		return nil, err
	}
	alive, err := shown(tx, op, st, endSession, store.Page{Size: store.MaxPageSize})
	others := 0
	for _, s := range alive.Items {
		if !s.Current {
			others++
		}
	}
	if err != nil || others == 0 {
		return nil, err
	}
	text := fmt.Sprintf("You are signed out of %d other places.", others)
	if others == 1 {
		text = "You are signed out of another place."
	}
	return []policy.Finding{{Code: FindingSessions, Room: "signins", Text: text}}, nil
}

// Erase removes at most limit rows of an account, whatever they are, in somebody's transaction, and tells whether there
// may be more: for an account that is closed for good.
func Erase(tx Tx, op *policy.Op, account policy.AccountID, limit int) (more bool, err error) {
	for _, remove := range []func(policy.TenantID, policy.AccountID, int) (int, error){tx.DeleteSessionsOf, tx.DeleteSignInsOf} {
		n, err := remove(op.Actor.Tenant, account, limit)
		if err != nil {
			return false, err
		}
		if limit -= n; limit <= 0 {
			return true, nil
		}
	}
	if err := tx.DeleteHabits(op.Actor.Tenant, account); err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	return false, nil
}
