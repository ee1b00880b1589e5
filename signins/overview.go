package signins

import (
	"strconv"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// NoticeUnusual is the code of the notices in this room's block of an overview.
const NoticeUnusual policy.Code = "sign-in-unusual"

// overviewSize bounds how many attempts an overview looks at: the newest.
const overviewSize = 50

// Overview makes the room's block of an overview, in somebody's transaction: how many sessions the actor has, and the
// unusual attempts among the newest that they have not answered yet.
func Overview(tx Tx, op *policy.Op) (b policy.Block, err error) {
	b.Room, b.Title = "signins", "Sign-ins"
	if b.Open, err = policy.Judge(tx, op, listActivity, none{}); err != nil || !b.Open.Allowed {
		return b, err
	}
	alive, err := shown(tx, op, op.Standing, endSession, store.Page{Size: store.MaxPageSize})
	if err != nil {
		return b, err
	}
	value := strconv.Itoa(len(alive.Items))
	if alive.Next != "" {
		value += "+" // there are more than were looked at
	}
	b.Facts = []policy.Fact{{Name: "sessions", Value: value}}
	latest, err := items(tx, op, op.Actor.Account, Query{Page: store.Page{Size: overviewSize}})
	for _, i := range latest.Items {
		if !i.ThisWasNotMe.Allowed {
			continue
		}
		n := policy.Notice{Code: NoticeUnusual, Urgency: policy.Warning, Action: SayThisWasNotMe, Target: onAttempt(i.Account, i.ID)}
		if i.Outcome == Success {
			n.Urgency = policy.Alarm
		}
		for k, f := range i.Unusual {
			if k > 0 {
				n.Text += " "
			}
			n.Text += f.Text
		}
		b.Notices = append(b.Notices, n)
	}
	return b, err
}
