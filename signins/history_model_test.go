package signins_test

import (
	"fmt"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
)

// verb is one call about a person's sessions.
type verb string

const (
	doStart      verb = "start a session"
	doProve      verb = "add a proof"
	doEnd        verb = "end the present session"
	doEndOthers  verb = "end the others"
	doSignOut    verb = "sign out everywhere"
	doSignOutBut verb = "sign out everywhere but here"
	doDisable    verb = "disable the laptop"
	doResume     verb = "resume by a token"
	doList       verb = "list sessions"
)

// question is a call: with a token, or as somebody in a session, on the laptop or not.
type question struct {
	verb
	token, session int
	laptop         bool
}

// answer is what came of it: what was given out, or which sessions were listed.
type answer struct {
	yes            bool
	token, session int
	listed         uint64 // a bit for each session
	seen           []policy.SessionID
}

// most is how many tokens, and sessions, a history may have.
const most = 96

// signedIn is the state of the sequential specification: of which session each token is, 0 if it is dead or
// was not given out, and whether the laptop is disabled.
type signedIn struct {
	tokens   [most]uint8
	disabled bool
}

func (s signedIn) alive(session int) bool {
	for _, of := range s.tokens {
		if of == mark(session) {
			return true
		}
	}
	return false
}

// endIf is s without the tokens of the sessions that over picks.
func (s signedIn) endIf(over func(of uint8) bool) signedIn {
	for i, of := range s.tokens {
		if over(of) {
			s.tokens[i] = 0
		}
	}
	return s
}

func mark(session int) uint8 { return uint8(session + 1) }

func (s signedIn) listed() (set uint64) {
	for _, of := range s.tokens {
		if of != 0 {
			set |= 1 << (of - 1)
		}
	}
	return set
}

// oneByOne is the sequential specification.
var oneByOne = porcupine.Model{
	Init: func() any { return signedIn{} },
	Step: func(state, input, output any) (bool, any) {
		s, q, a := state.(signedIn), input.(question), output.(answer)
		may := s.may(q)
		if q.verb == doDisable {
			may = !s.disabled
		}
		if a.yes != may || !may {
			return a.yes == may, s
		}
		return q.verb != doList || a.listed == s.listed(), s.after(q, a)
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// may tells whether a call is allowed: with a live token, or in a live session, and from no disabled device.
func (s signedIn) may(q question) bool {
	if q.laptop && s.disabled {
		return false
	}
	switch q.verb {
	case doStart:
		return true
	case doProve, doResume:
		return s.tokens[q.token] == mark(q.session)
	}
	return s.alive(q.session)
}

// after is what a call leaves that was allowed.
func (s signedIn) after(q question, a answer) signedIn {
	switch q.verb {
	case doProve:
		s.tokens[q.token] = 0
	case doEnd:
		s = s.endIf(func(of uint8) bool { return of == mark(q.session) })
	case doEndOthers:
		s = s.endIf(func(of uint8) bool { return of != mark(q.session) })
	case doSignOut, doSignOutBut:
		s = s.endIf(func(uint8) bool { return true })
	case doDisable:
		s.disabled = true
	}
	switch q.verb {
	case doStart, doProve, doSignOutBut:
		s.tokens[a.token] = mark(a.session)
	}
	return s
}

func TestAnActorWhoComesAfterTheEndIsFoundOut(t *testing.T) {
	call := func(v verb, began, ended int64, a answer) porcupine.Operation {
		return porcupine.Operation{Input: question{verb: v}, Call: began, Output: a, Return: ended}
	}
	yes, no := answer{yes: true}, answer{}
	start := call(doStart, 1, 2, yes)
	for _, ending := range []verb{doEnd, doSignOut} {
		end := call(ending, 5, 8, yes)
		for name, c := range map[string]struct {
			later porcupine.Operation
			fine  bool
		}{
			"while it runs":             {call(doResume, 6, 9, yes), true},
			"refused while it runs":     {call(doResume, 6, 9, no), true},
			"after it returned":         {call(doResume, 9, 10, yes), false},
			"refused after it":          {call(doResume, 9, 10, no), true},
			"refused before it":         {call(doResume, 3, 4, no), false},
			"a proof after it":          {call(doProve, 9, 10, answer{yes: true, token: 1}), false},
			"listed after it":           {call(doList, 9, 10, answer{yes: true, listed: 1}), false},
			"ended a second time":       {call(doEnd, 9, 10, yes), false},
			"listed before it":          {call(doList, 3, 4, answer{yes: true, listed: 1}), true},
			"left out of a list before": {call(doList, 3, 4, yes), false},
			"started anew":              {call(doStart, 9, 10, answer{yes: true, token: 1, session: 1}), true},
		} {
			require.Equal(t, c.fine, porcupine.CheckOperations(oneByOne, []porcupine.Operation{start, end, c.later}), "%s: %s", ending, name)
		}
	}
}

func TestTwoWhoWinWithOneTokenAreFoundOut(t *testing.T) {
	won := func(began int64, token int) porcupine.Operation {
		return porcupine.Operation{Input: question{verb: doProve}, Call: began, Output: answer{yes: true, token: token}, Return: began + 5}
	}
	start := porcupine.Operation{Input: question{verb: doStart}, Call: 1, Output: answer{yes: true}, Return: 2}
	require.True(t, porcupine.CheckOperations(oneByOne, []porcupine.Operation{start, won(3, 1)}))
	require.False(t, porcupine.CheckOperations(oneByOne, []porcupine.Operation{start, won(3, 1), won(4, 2)}))
}
