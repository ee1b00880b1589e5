package account_test

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/seed4b20689c/myaccount/policy"
)

// verb is one call about an account's life.
type verb string

const (
	doStart     verb = "start a session"
	doResume    verb = "resume by a token"
	doAdmit     verb = "look into a session's account"
	doChange    verb = "change the password"
	doVerify    verb = "verify a password"
	doSignOut   verb = "sign out everywhere"
	doClose     verb = "close"
	doAskReopen verb = "ask for a code"
	doReopen    verb = "reopen"
	doDisable   verb = "disable"
	doEnable    verb = "enable"

	doSignIn verb = "sign in" // several of the others, one after the other
)

// phrases are the passwords of a history, by number.
var phrases = [...]string{good, better, "marble 99 otter spool fern"}

// question is a call: in which session, about which passwords, with a code that was asked for at which desk.
type question struct {
	verb
	token, from, to, code, desk int
}

// answer is what came of it. Lost tells that somebody else was faster, and that nothing happened.
type answer struct {
	yes, lost, closing bool
	token, code        int
}

// clients is how many do something at once.
const clients = 6

// life is the state of the account in the sequential specification.
type life struct {
	state  policy.State
	off    bool // disabled while being closed: it comes back so
	phrase int
	alive  [96]bool     // sessions, by number
	codes  [clients]int // that reopen it, by the desk at which they were asked for: from 1 on, 0 if there is none
}

// restarted is a life in which nothing is good that was given out before.
func (l life) restarted(to policy.State) life {
	return life{state: to, phrase: l.phrase}
}

// may tells whether somebody is let.
func (l life) may(q question) bool {
	inside := l.state == policy.Active && l.alive[q.token]
	switch q.verb {
	case doStart:
		return l.state == policy.Active
	case doDisable:
		return l.state == policy.Active || l.state == policy.Closing && !l.off
	case doEnable:
		return l.state == policy.Disabled
	case doVerify:
		return l.state != policy.Disabled && l.phrase == q.from
	case doChange:
		return inside && l.phrase == q.from
	case doAskReopen:
		return l.state == policy.Closing
	case doReopen:
		return l.state == policy.Closing && l.codes[q.desk] == q.code+1
	}
	return inside
}

// after is the life after what somebody was let do.
func (l life) after(q question, a answer) life {
	switch q.verb {
	case doStart:
		l.alive[a.token] = true
	case doChange:
		l = l.restarted(policy.Active)
		l.phrase, l.alive[q.token] = q.to, true
	case doAskReopen:
		l.codes[q.desk] = a.code + 1
	case doReopen:
		if l.off {
			return l.restarted(policy.Disabled)
		}
		return l.restarted(policy.Active)
	case doSignOut, doEnable:
		return l.restarted(policy.Active)
	case doClose:
		return l.restarted(policy.Closing)
	case doDisable:
		if l.state == policy.Closing {
			l.off = true
			return l
		}
		return l.restarted(policy.Disabled)
	}
	return l
}

// oneByOne is the sequential specification. With wrong it is another: that says what an account would be like after a call.
func oneByOne(wrong func(before, after life, q question) life) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return life{state: policy.Active} },
		Step: func(state, input, output any) (bool, any) {
			l, q, a := state.(life), input.(question), output.(answer)
			if a.lost {
				return q.verb == doChange || q.verb == doVerify, l
			}
			if may := l.may(q); a.yes != may || !may {
				return a.yes == may, l
			}
			if q.verb == doVerify && a.closing != (l.state == policy.Closing) {
				return false, l
			}
			next := l.after(q, a)
			if wrong != nil {
				next = wrong(l, next, q)
			}
			return true, next
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
	}
}
