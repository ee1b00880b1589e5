package signins_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// verb is one call about a person's sessions, or about attempts to sign in as them.
type verb string

const (
	doStart      verb = "start a session"
	doProve      verb = "add a proof"
	doEnd        verb = "end the present session"
	doEndOthers  verb = "end the others"
	doSignOut    verb = "sign out everywhere"
	doSignOutBut verb = "sign out everywhere but here"
	doDisable    verb = "disable a device"
	doResume     verb = "resume by a token" // whether its actor is admitted
	doList       verb = "list sessions"
	doRecord     verb = "record an attempt"
	doAttempts   verb = "list attempts"
	doMe         verb = "say: this was me"
	doNotMe      verb = "say: this was not me"
)

// question is a call: with a token, or as somebody in a session, on one of the devices or on none.
type question struct {
	verb
	token, session int
	device         int // from 1 on
	attempt        int
	everywhere     bool // a containment ends all sessions
}

// answer is what came of it: what was given out, which sessions and attempts were listed, what a containment did.
type answer struct {
	yes             bool
	token, session  int
	listed          uint64 // a bit for each session
	seen            []policy.SessionID
	attempts        [tries]glimpse
	ended, disabled bool
}

// most is how many tokens, and sessions, a history may have; tries, how many attempts.
const most, tries = 96, 6

// try is an attempt to sign in: the session that it started, 0 if it was not recorded, and what its person said.
type try struct {
	session uint8
	said    signins.Answer
}

// glimpse is an attempt as a list shows it.
type glimpse struct {
	there, unusual bool
	said           signins.Answer
}

// signedIn is the state of the sequential specification: of which session each token is, 0 if it is dead or was not
// given out; which devices are disabled; the attempts, and whether their person said of their places, each the place of
// one device, that they are theirs.
type signedIn struct {
	tokens   [most]uint8
	disabled [devicesUsed + 1]bool
	attempts [tries]try
	trusted  [devicesUsed + 1]bool
}

// devicesUsed is how many devices the person has. Attempt n comes from device deviceOf(n).
const devicesUsed = 2

func deviceOf(attempt int) int { return 1 + attempt%devicesUsed }

func (s signedIn) alive(session int) bool { return s.lives(mark(session)) }

func (s signedIn) lives(session uint8) bool { return slices.Contains(s.tokens[:], session) }

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

// shown is what a list of attempts shows: what is the person's own is not unusual, nor is what comes from where they are.
func (s signedIn) shown() (out [tries]glimpse) {
	for n, a := range s.attempts {
		if a.session != 0 {
			out[n] = glimpse{true, a.said != signins.ThisWasMe && !s.trusted[deviceOf(n)], a.said}
		}
	}
	return out
}

// oneByOne is the sequential specification.
var oneByOne = porcupine.Model{
	Init: func() any { return signedIn{} },
	Step: func(state, input, output any) (bool, any) {
		s, q, a := state.(signedIn), input.(question), output.(answer)
		if may := s.may(q); a.yes != may || !may {
			return a.yes == may, s
		}
		return s.explains(q, a), s.after(q, a)
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// may tells whether a call is allowed: with a live token, or in a live session, and from no disabled device. Recording
// an attempt and disabling a device, which the host does, are allowed once.
func (s signedIn) may(q question) bool {
	switch q.verb {
	case doDisable:
		return !s.disabled[q.device]
	case doRecord:
		return s.attempts[q.attempt].session == 0
	}
	if s.disabled[q.device] {
		return false
	}
	switch q.verb {
	case doStart:
		return true
	case doProve, doResume:
		return s.tokens[q.token] == mark(q.session)
	case doMe, doNotMe:
		a := s.shown()[q.attempt]
		takenBack := q.verb == doNotMe && a.said == signins.ThisWasMe
		return s.alive(q.session) && a.there && (takenBack || a.said == signins.Unanswered && a.unusual)
	}
	return s.alive(q.session)
}

// explains tells whether a call that was allowed shows what is there, and did what was to be done.
func (s signedIn) explains(q question, a answer) bool {
	switch q.verb {
	case doList:
		return a.listed == s.listed()
	case doAttempts:
		return a.attempts == s.shown()
	case doNotMe:
		return a.ended == s.lives(s.attempts[q.attempt].session) && a.disabled == !s.disabled[deviceOf(q.attempt)]
	}
	return true
}

// after is what a call leaves that was allowed.
func (s signedIn) after(q question, a answer) signedIn {
	all := func(uint8) bool { return true }
	switch q.verb {
	case doProve:
		s.tokens[q.token] = 0
	case doEnd:
		s = s.endIf(func(of uint8) bool { return of == mark(q.session) })
	case doEndOthers:
		s = s.endIf(func(of uint8) bool { return of != mark(q.session) })
	case doSignOut, doSignOutBut:
		s = s.endIf(all)
	case doDisable:
		s.disabled[q.device] = true
	case doRecord:
		s.attempts[q.attempt].session = mark(q.session)
	case doMe:
		s.attempts[q.attempt].said, s.trusted[deviceOf(q.attempt)] = signins.ThisWasMe, true
	case doNotMe:
		s.attempts[q.attempt].said, s.trusted[deviceOf(q.attempt)] = signins.ThisWasNotMe, false
		s.disabled[deviceOf(q.attempt)] = true
		started := s.attempts[q.attempt].session
		if s = s.endIf(func(of uint8) bool { return of == started }); q.everywhere {
			s = s.endIf(all)
		}
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

func TestAnAnswerThatNoOrderExplainsIsFoundOut(t *testing.T) {
	at := int64(0)
	// next is a call that comes after all before it, about the first attempt, from the session that it started.
	next := func(v verb, a answer, change ...func(*question)) porcupine.Operation {
		at += 2
		q := question{verb: v}
		for _, c := range change {
			c(&q)
		}
		return porcupine.Operation{Input: q, Call: at, Output: a, Return: at + 1}
	}
	yes, no := answer{yes: true}, answer{}
	shows := func(first glimpse) answer { return answer{yes: true, attempts: [tries]glimpse{first}} }
	elsewhere := func(q *question) { q.token, q.session = 1, 1 } // the person's other session
	there := func(q *question) { q.device = deviceOf(0) }
	third := func(q *question) { elsewhere(q); q.attempt = 2 } // from the same device and place
	contained := answer{yes: true, ended: true, disabled: true}
	begun := []porcupine.Operation{next(doStart, yes), next(doStart, answer{yes: true, token: 1, session: 1}), next(doRecord, yes)}
	for name, c := range map[string]struct {
		fine  bool
		calls []porcupine.Operation
	}{
		"shown as unusual":                {true, []porcupine.Operation{next(doAttempts, shows(glimpse{there: true, unusual: true}))}},
		"shown as usual":                  {false, []porcupine.Operation{next(doAttempts, shows(glimpse{there: true}))}},
		"not shown":                       {false, []porcupine.Operation{next(doAttempts, yes)}},
		"recorded twice":                  {false, []porcupine.Operation{next(doRecord, yes)}},
		"recorded once":                   {true, []porcupine.Operation{next(doRecord, no)}},
		"said twice":                      {false, []porcupine.Operation{next(doMe, yes), next(doMe, yes)}},
		"said, and shown unsaid":          {false, []porcupine.Operation{next(doMe, yes), next(doAttempts, shows(glimpse{there: true, unusual: true}))}},
		"said, and shown":                 {true, []porcupine.Operation{next(doMe, yes), next(doAttempts, shows(glimpse{true, false, signins.ThisWasMe}))}},
		"said of what was never recorded": {false, []porcupine.Operation{next(doMe, yes, third)}},
		"said of what became usual":       {false, []porcupine.Operation{next(doMe, yes), next(doRecord, yes, third), next(doMe, yes, third)}},
		"refused of what became usual":    {true, []porcupine.Operation{next(doMe, yes), next(doRecord, yes, third), next(doMe, no, third)}},
		"said of what stays strange":      {true, []porcupine.Operation{next(doNotMe, contained, elsewhere), next(doRecord, yes, third), next(doMe, yes, third)}},
		"taken back":                      {true, []porcupine.Operation{next(doMe, yes), next(doNotMe, contained, elsewhere)}},
		"disowned and taken back":         {false, []porcupine.Operation{next(doNotMe, contained, elsewhere), next(doMe, yes, elsewhere)}},
		"disowned, and its session ends":  {true, []porcupine.Operation{next(doNotMe, contained, elsewhere), next(doResume, no)}},
		"disowned, and its session lives": {false, []porcupine.Operation{next(doNotMe, contained, elsewhere), next(doResume, yes)}},
		"disowned, and the other lives":   {true, []porcupine.Operation{next(doNotMe, contained, elsewhere), next(doResume, yes, elsewhere)}},
		"disowned, and the other ends":    {false, []porcupine.Operation{next(doNotMe, contained, elsewhere), next(doResume, no, elsewhere)}},
		"disowned everywhere":             {true, []porcupine.Operation{next(doNotMe, contained, func(q *question) { q.everywhere = true }), next(doResume, no, elsewhere)}},
		"its device is disabled":          {true, []porcupine.Operation{next(doNotMe, contained, elsewhere), next(doStart, no, there)}},
		"its device is not disabled":      {false, []porcupine.Operation{next(doNotMe, contained, elsewhere), next(doStart, answer{yes: true, token: 2, session: 2}, there)}},
		"what was disabled before":        {true, []porcupine.Operation{next(doDisable, yes, there), next(doNotMe, answer{yes: true, ended: true}, elsewhere)}},
		"disabled a second time":          {false, []porcupine.Operation{next(doDisable, yes, there), next(doNotMe, contained, elsewhere)}},
		"what had ended before":           {true, []porcupine.Operation{next(doEnd, yes), next(doNotMe, answer{yes: true, disabled: true}, elsewhere)}},
		"ended a second time":             {false, []porcupine.Operation{next(doEnd, yes), next(doNotMe, contained, elsewhere)}},
	} {
		require.Equal(t, c.fine, porcupine.CheckOperations(oneByOne, slices.Concat(begun, c.calls)), name)
	}
}
