package signins

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Containment is what was done after a person said that an attempt was not theirs.
type Containment struct {
	// Steps are in the order in which they were done.
	Steps []ContainmentStep `json:"steps"`
}

// ContainmentStep is what became of one measure.
type ContainmentStep struct {
	Measure Measure `json:"measure"`
	Done    bool    `json:"done"`
	// Why says why a measure that the organization wants was not taken: the attempt lacks what it needs, or the state
	// of things forbids it.
	Why string `json:"why,omitempty"`
}

// Measure names what can be done to contain an attempt.
type Measure string

// The measures, in their order. Which are wanted is set by the organization ([ContainThatSession] and those beside
// it); the person is told in any case.
const (
	EndThatSession        Measure = "end-that-session"
	EndAllSessions        Measure = "end-all-sessions"
	UntrustDevice         Measure = "untrust-device" // the device is marked as not recognized
	DisableDevice         Measure = "disable-device"
	RequirePasswordChange Measure = "require-password-change" // see [Started] and [policy.HostDoor.PasswordChanged]
	// NotifyPerson has the host tell the person, who may not have been the one who answered: it is done when the events
	// that say so ([policy.Event.Notify]) are in the log, in the same commit.
	NotifyPerson Measure = "notify"
)

// OtherRooms is what a containment reaches of other rooms, in the same transaction. Package myaccount gives it to [New];
// without it no step about a device is done, and a new password is demanded of everybody but guests.
type OtherRooms interface {
	// Contain marks a device of the account's as not recognized, or disables it for good. Why says why it could
	// not be done; the error is for trouble.
	Contain(tx Tx, op *policy.Op, account policy.AccountID, id policy.DeviceID, disable bool) (ch policy.Change, why string, err error)
	// NoNewPassword says why no new password can be demanded of an account, since nobody could set one; nothing if one can.
	NoNewPassword(tx Tx, op *policy.Op, account policy.AccountID) (why string, err error)
}

// plan lists the measures that the organization wants for an attempt. Why says of which there is nothing to take them
// with.
func plan(op *policy.Op, s *SignIn) (steps []ContainmentStep) {
	if op.Settings.Yes(ContainThatSession) {
		session := ContainmentStep{Measure: EndThatSession}
		if s.Session == "" {
			session.Why = "no session is known for it"
		}
		steps = append(steps, session)
	}
	if op.Settings.Yes(ContainSessions) {
		steps = append(steps, ContainmentStep{Measure: EndAllSessions})
	}
	if n := op.Settings.Value(ContainDevice); n > 0 {
		device := ContainmentStep{Measure: []Measure{1: UntrustDevice, 2: DisableDevice}[n]}
		if s.Device == "" {
			device.Why = "no registered device is known for it"
		}
		steps = append(steps, device)
	}
	if op.Settings.Yes(ContainPassword) {
		password := ContainmentStep{Measure: RequirePasswordChange}
		if op.Standing.Kind == policy.Guest {
			password.Why = "a guest's password is kept by their home organization"
		}
		steps = append(steps, password)
	}
	return append(steps, ContainmentStep{Measure: NotifyPerson})
}

// wording is each measure in words, as a preview tells it, and why it cannot be taken where the attempt lacks what it
// needs.
var wording = map[Measure]struct{ done, lacking string }{
	EndThatSession: {"The session that it started is ended.", "No session is known for this sign-in, so none is ended for it."},
	EndAllSessions: {done: "You are signed out everywhere, here too."},
	UntrustDevice: {"The device that it came from, if it is one of yours, is marked as not recognized.",
		"No registered device is known for this sign-in, so none is marked as not recognized."},
	DisableDevice: {"The device that it came from, if it is yours, is disabled. You cannot undo this.",
		"No registered device is known for this sign-in, so none is disabled."},
	RequirePasswordChange: {"You have to set a new password before anything else, unless it is kept elsewhere: then change it there.",
		"Your password is kept by your home organization. Change it there, and sign out everywhere there too."},
	NotifyPerson: {done: "You get a message about this."},
}

// AskThisWasMe tells what saying so changes, and gives the confirmation for [Service.ThisWasMe].
func (s *Service) AskThisWasMe(ctx context.Context, actor policy.Actor, id ID) (policy.Preview, policy.Confirmation, error) {
	return policy.Ask(ctx, s.guard, s.store, actor, thisWasMe, onAttempt(actor.Account, id))
}

// ThisWasMe says that an unusual attempt was the actor's own: the same device and place are no longer unusual, unless
// it tells neither or did not get past the first factor. It needs the confirmation that [Service.AskThisWasMe] gave.
func (s *Service) ThisWasMe(ctx context.Context, actor policy.Actor, id ID, yes policy.Confirmation) error {
	_, err := policy.Do(ctx, s.guard, s.store, actor, thisWasMe, onAttempt(actor.Account, id), yes,
		func(tx Tx, op *policy.Op, a attempt) (none, policy.Change, error) {
			h, err := habitsOf(tx, op, a.Account)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			if a.teaches() && h.trust(&a.SignIn, op.Now) { // a guess that failed teaches nothing
				if _, err := tx.PutHabits(h); err != nil {
					return none{}, policy.Change{}, err
				}
			}
			ch, err := answer(tx, op, a.SignIn, ThisWasMe)
			return none{}, ch, err
		})
	return err
}

// AskThisWasNotMe tells what is done to protect the account, and gives the confirmation for
// [Service.ThisWasNotMe].
func (s *Service) AskThisWasNotMe(ctx context.Context, actor policy.Actor, id ID) (policy.Preview, policy.Confirmation, error) {
	return policy.Ask(ctx, s.guard, s.store, actor, thisWasNotMe, onAttempt(actor.Account, id))
}

// ThisWasNotMe says that an unusual attempt was somebody else's. In one commit it marks the attempt, raises the
// account's risk to high, and does what the organization wants to be done; it returns what was. A guest has no password
// here: none is asked for, and their risk too ends with [policy.HostDoor.PasswordChanged], which the host calls when it
// hears from the home organization. It needs the confirmation that [Service.AskThisWasNotMe] gave.
func (s *Service) ThisWasNotMe(ctx context.Context, actor policy.Actor, id ID, yes policy.Confirmation) (Containment, error) {
	return policy.Do(ctx, s.guard, s.store, actor, thisWasNotMe, onAttempt(actor.Account, id), yes,
		func(tx Tx, op *policy.Op, a attempt) (Containment, policy.Change, error) {
			h, err := habitsOf(tx, op, a.Account)
			if err != nil {
				return Containment{}, policy.Change{}, err
			}
			if h.deny(&a.SignIn, op.Now) {
				if _, err := tx.PutHabits(h); err != nil {
					return Containment{}, policy.Change{}, err
				}
			}
			ch, err := answer(tx, op, a.SignIn, ThisWasNotMe)
			if err != nil {
				return Containment{}, ch, err
			}
			done, also, err := s.contain(tx, op, &a.SignIn)
			ch.Also = also
			for _, step := range done.Steps {
				ch.Facts = append(ch.Facts, policy.Fact{Name: string(step.Measure), Value: map[bool]string{true: "done", false: step.Why}[step.Done]})
			}
			return done, ch, err
		})
}

// answer marks an attempt with what its person said.
func answer(tx Tx, op *policy.Op, s SignIn, said Answer) (policy.Change, error) {
	s.Answer, s.AnsweredAt = said, op.Now
	rev, err := tx.PutSignIn(s)
	return policy.Change{Subject: s.Account, Revision: rev, Facts: []policy.Fact{{Name: "answer", Value: said.String()}}}, err
}

// contain does the steps of the plan. The account's row is written once, whatever they are.
func (r *room) contain(tx Tx, op *policy.Op, s *SignIn) (done Containment, also []policy.Change, err error) {
	st := op.Standing
	st.Risk = policy.HighRisk
	for _, c := range plan(op, s) {
		if c.Why != "" {
			done.Steps = append(done.Steps, c)
			continue
		}
		switch c.Measure {
		case EndThatSession:
			var ch policy.Change
			if ch, c.Why, err = endThat(tx, op, s); err == nil && c.Why == "" {
				also = append(also, ch)
			}
		case EndAllSessions:
			st = st.Voided(op.Now)
		case UntrustDevice, DisableDevice:
			var ch policy.Change
			if r.others == nil {
				c.Why = "this installation keeps no devices"
			} else if ch, c.Why, err = r.others.Contain(tx, op, s.Account, s.Device, c.Measure == DisableDevice); err == nil && c.Why == "" {
				also = append(also, ch)
			}
		case RequirePasswordChange:
			if r.others != nil {
				c.Why, err = r.others.NoNewPassword(tx, op, s.Account)
			}
			st.MustChangePassword = st.MustChangePassword || c.Why == ""
		case NotifyPerson: // by the event of the account's row, which is written in any case
		}
		if err != nil {
			return Containment{}, nil, fmt.Errorf("%s: %w", c.Measure, err)
		}
		c.Done = c.Why == ""
		done.Steps = append(done.Steps, c)
	}
	rev, err := tx.PutStanding(st)
	about := policy.Change{Subject: st.Account, Target: onAccount(st.Account), Revision: rev, Notify: true}
	atRisk := about
	atRisk.Activity = updatedUser
	atRisk.Facts = []policy.Fact{{Name: "risk", Value: st.Risk.String()}, {Name: "mustChangePassword", Value: strconv.FormatBool(st.MustChangePassword)}}
	also = append(also, atRisk)
	if st.Epoch != op.Standing.Epoch {
		about.Activity = updateValidFrom
		also = append(also, about)
	}
	return done, also, err
}

// endThat ends the session of an attempt, unless it is over already: also one that is not alive just now, but could be
// again.
func endThat(tx Tx, op *policy.Op, s *SignIn) (policy.Change, string, error) {
	session, err := sessionOf(tx, op, s.Account, s.Session)
	if errors.Is(err, store.ErrNotFound) {
		return policy.Change{}, "there is no such session any more", nil
	}
	if err != nil || session.OverUnder(op.Standing) {
		return policy.Change{}, "it has ended already", err
	}
	ch, err := endNow(tx, op, session)
	return ch, "", err
}

// teaches reports whether an attempt that was the person's own says what is usual: a guess that failed says nothing.
func (a attempt) teaches() bool {
	return a.pastFirst() && (country(&a.SignIn) != Habit{} || surroundings(&a.SignIn) != Habit{})
}

func willTrust(_ *policy.Op, a attempt) policy.Preview {
	does := "This sign-in is no longer unusual. What will be unusual for your account stays as it is."
	switch {
	case !a.teaches():
	case surroundings(&a.SignIn) == Habit{}:
		does = "The same country is no longer unusual for your account."
	default:
		does = "The same device and place are no longer unusual for your account."
	}
	return policy.Preview{Title: "Was this you?", Consequences: []string{does}, Facts: a.facts()}
}

func willContain(op *policy.Op, a attempt) policy.Preview {
	until := "Your account is marked as at risk until you change your password securely: after verifying a second factor, or by recovering your account."
	if op.Standing.Kind == policy.Guest {
		until = "Your account is marked as at risk until your home organization says that it is yours alone."
	}
	p := policy.Preview{Title: "Was this somebody else?", Consequences: []string{until}, Facts: a.facts()}
	for _, c := range plan(op, &a.SignIn) {
		words, fact := wording[c.Measure].done, "step"
		if c.Why != "" {
			words, fact = wording[c.Measure].lacking, "no step"
		}
		p.Consequences = append(p.Consequences, words)
		p.Facts = append(p.Facts, policy.Fact{Name: fact, Value: string(c.Measure)})
	}
	return p
}

func (a attempt) facts() []policy.Fact {
	facts := []policy.Fact{{Name: "sign-in", Value: string(a.ID)}, {Name: "at", Value: a.At.Format(time.RFC3339)},
		{Name: "place", Value: a.Place.String()}, {Name: "with", Value: a.DeviceTitle()}}
	for _, f := range a.flags {
		facts = append(facts, policy.Fact{Name: string(f.Kind), Value: f.Text})
	}
	return facts
}
