package devices

import (
	"strconv"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Codes of the notices in this room's block of an overview.
const (
	NoticeNotRecognized policy.Code = "device-not-recognized"
	NoticeUnused        policy.Code = "device-unused"
)

// overviewSize bounds how many devices an overview looks at: the newest.
const overviewSize = store.MaxPageSize

// Overview makes the room's block of an overview, in somebody's transaction: how many devices the actor has, and those
// that need attention.
func Overview(tx Tx, op *policy.Op) (b policy.Block, err error) {
	b.Room, b.Title = "devices", "Devices"
	if b.Open, err = policy.Judge(tx, op, list, none{}); err != nil || !b.Open.Allowed {
		return b, err
	}
	found, err := devicesOf(tx, op, op.Actor.Account)(store.Page{Size: overviewSize})
	if err != nil {
		return b, err
	}
	count := 0
	for i := range found.Items {
		d := &found.Items[i]
		if !d.visibleTo(op.Actor.Account) || d.State != Enabled {
			continue
		}
		count++
		about := policy.Notice{Target: onDevice(d.ID)}
		switch u := d.user(op.Actor.Account); {
		case u != nil && u.Recognition == NotRecognized:
			about.Code, about.Urgency, about.Action = NoticeNotRecognized, policy.Alarm, Disable
			about.Text = "You do not recognize " + d.Name + ". Disable it."
		case d.unused(op):
			about.Code, about.Urgency, about.Action = NoticeUnused, policy.Hint, Disable
			about.Text = d.Name + " was not used for a long time. If you do not have it any more, disable it."
		default:
			continue
		}
		b.Notices = append(b.Notices, about)
	}
	value := strconv.Itoa(count)
	if found.Next != "" {
		value += "+" // there are more than were looked at
	}
	b.Facts = []policy.Fact{{Name: "enabled", Value: value}}
	return b, nil
}
