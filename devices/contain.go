package devices

import (
	"errors"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Contain marks a device as not recognized by an account's person, or disables it for good, as a part of another
// room's operation: what protects an account after a sign-in that was somebody else's. It returns the change for
// the operation's events. If the device is not theirs or cannot be disabled, nothing is changed and why says it.
func Contain(tx Tx, op *policy.Op, account policy.AccountID, id policy.DeviceID, disable bool) (ch policy.Change, why string, err error) {
	d, err := visibleOf(tx, op, account, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ch, "it is none of this account's devices", nil
	case err != nil:
		return ch, "", err
	}
	forbidden := when(d.Gone(), gone) // as for recognizing it
	if disable {
		forbidden = ownerCannotDisable(account, d)
	}
	switch {
	case forbidden != nil:
		return ch, forbidden.Text, nil
	case disable:
		ch = d.disable(op)
	default:
		d.recognized(account, NotRecognized, op.Now)
		ch = policy.Change{Subject: account, Facts: []policy.Fact{{Name: "recognition", Value: NotRecognized.String()}}}
	}
	ch.Target, ch.Activity, ch.Notify = onDevice(id), updateDevice, true
	ch.Revision, err = tx.PutDevice(d)
	return ch, "", err
}
