package account_test

import (
	"context"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// What the histories are worth: a store that loses something is found out by them, and so is a specification that says
// something else than is so.

// forgetful is a broken store: it loses what it should keep, and says that all is well.
type forgetful struct {
	account.Store
	what string
}

func (f forgetful) Update(ctx context.Context, fn func(account.Tx) error) error {
	return f.Store.Update(ctx, func(tx account.Tx) error { return fn(unwritten{tx, f.what}) })
}

type unwritten struct {
	account.Tx
	what string
}

func (u unwritten) PutStanding(st policy.Standing) (store.Revision, error) {
	before, err := u.Standing(st.Tenant, st.Account)
	if err != nil {
		return 0, err
	}
	switch u.what {
	case "standings":
		return st.Revision + 1, nil
	case "states":
		st.State = before.State
	case "restarts":
		st.Epoch, st.Credentials, st.SessionsValidFrom = before.Epoch, before.Credentials, before.SessionsValidFrom
	}
	return u.Tx.PutStanding(st)
}

func (u unwritten) PutSession(s policy.Session) (store.Revision, error) {
	if u.what == "sessions" {
		return s.Revision + 1, nil
	}
	return u.Tx.PutSession(s)
}

func (u unwritten) PutCredential(c account.Credential) (store.Revision, error) {
	if u.what == "credentials" {
		return c.Revision + 1, nil
	}
	return u.Tx.PutCredential(c)
}

func (u unwritten) PutClosing(c account.Closing) (store.Revision, error) {
	if u.what == "closings" {
		return c.Revision + 1, nil
	}
	return u.Tx.PutClosing(c)
}

// story is what one client does after two sessions were started; a store that loses something lets it end otherwise, and
// so does a wrong specification.
type story struct {
	loses string
	wrong func(before, after life, q question) life
	calls []question
}

// spoils is a specification in which one verb comes out otherwise.
func spoils(v verb, change func(before life, after *life)) func(life, life, question) life {
	return func(before, after life, q question) life {
		if q.verb == v {
			change(before, &after)
		}
		return after
	}
}

func keepsSessions(before life, after *life) { after.alive = before.alive }

// revived is that sessions come back with their account.
func revived(before, after life, q question) life {
	switch q.verb {
	case doClose, doAskReopen, doReopen, doDisable, doEnable:
		after.alive = before.alive
	}
	return after
}

// outlived is that no code ends with what it was for.
func outlived(before, after life, q question) life {
	if q.verb != doAskReopen {
		after.codes = before.codes
	}
	return after
}

var stories = map[string]story{
	"another session outlives a new password": {"restarts", spoils(doChange, keepsSessions),
		[]question{{verb: doChange, to: 1}, {verb: doAdmit, token: 1}}},
	"a new password changes nothing": {"standings", spoils(doChange, keepsSessions),
		[]question{{verb: doChange, to: 1}, {verb: doResume, token: 1}}},
	"a new password ends the present session": {"sessions", spoils(doChange, func(_ life, after *life) { after.alive = [96]bool{} }),
		[]question{{verb: doChange, to: 1}, {verb: doAdmit}}},
	"the old password stays": {"credentials", spoils(doChange, func(before life, after *life) { after.phrase = before.phrase }),
		[]question{{verb: doChange, to: 1}, {verb: doVerify}}},
	"a session outlives the closing": {"standings", spoils(doClose, func(before life, after *life) { *after = before }),
		[]question{{verb: doClose}, {verb: doAdmit, token: 1}}},
	"somebody signs in to an account that is being closed": {"states", spoils(doClose, func(_ life, after *life) { after.state = policy.Active }),
		[]question{{verb: doClose}, {verb: doStart}}},
	"an old session comes back with a reopening": {"restarts", revived,
		[]question{{verb: doClose}, {verb: doAskReopen}, {verb: doReopen}, {verb: doAdmit}}},
	"nothing reopens": {"closings", spoils(doReopen, func(before life, after *life) { *after = before }),
		[]question{{verb: doClose}, {verb: doAskReopen}, {verb: doReopen}, {verb: doStart}}},
	"an old code reopens again": {"restarts", outlived,
		[]question{{verb: doClose}, {verb: doAskReopen}, {verb: doAskReopen, desk: 1}, {verb: doReopen}, {verb: doStart},
			{verb: doClose, token: 2}, {verb: doReopen, code: 1, desk: 1}}},
	"a session outlives being switched off": {"restarts", revived,
		[]question{{verb: doDisable}, {verb: doEnable}, {verb: doResume, token: 1}}},
	"the password is good while switched off": {"states", spoils(doDisable, func(_ life, after *life) { after.state = policy.Closing }),
		[]question{{verb: doDisable}, {verb: doVerify}}},
}

// told is the history of a story over a store.
func (s story) told(t *testing.T, loses string) []porcupine.Operation {
	w := desk(t)
	room := over(t, w, forgetful{w.DB.Account(), loses})
	r := &recorder{}
	for _, q := range append([]question{{verb: doStart}, {verb: doStart}}, s.calls...) {
		r.ask(t, w, room, 1, q) // whatever comes of it
	}
	return r.calls
}

func TestAHistoryOfAStoreThatLosesSomethingIsFoundOut(t *testing.T) {
	for name, s := range stories {
		require.True(t, porcupine.CheckOperations(oneByOne(nil), s.told(t, "")), name)
		lost := s.told(t, s.loses)
		require.False(t, porcupine.CheckOperations(oneByOne(nil), lost), "%s: %v", name, lost)
	}
}

func TestASpecificationThatSaysSomethingElseIsFoundOut(t *testing.T) {
	for name, s := range stories {
		history := s.told(t, "")
		require.False(t, porcupine.CheckOperations(oneByOne(s.wrong), history), "%s: %v", name, history)
	}
}

func TestAHistoryThatNoOrderExplainsIsFoundOut(t *testing.T) {
	yes, no := answer{yes: true}, answer{}
	for name, c := range map[string]struct {
		fine  bool
		calls []any // questions and their answers
	}{
		"the other session lives":      {false, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doResume, token: 1}, yes}},
		"the other session ends":       {true, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doResume, token: 1}, no}},
		"the present session lives":    {true, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doResume, token: 0}, yes}},
		"the present session ends":     {false, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doResume, token: 0}, no}},
		"two changes of one password":  {false, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doChange, token: 0, to: 2}, yes}},
		"the old password is right":    {false, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doVerify}, yes}},
		"the new password is right":    {true, []any{question{verb: doChange, token: 0, to: 1}, yes, question{verb: doVerify, from: 1}, yes}},
		"a session outlives switching": {false, []any{question{verb: doDisable}, yes, question{verb: doEnable}, yes, question{verb: doResume}, yes}},
		"a session while switched off": {false, []any{question{verb: doDisable}, yes, question{verb: doStart}, answer{yes: true, token: 2}}},
		"a password while off":         {false, []any{question{verb: doDisable}, yes, question{verb: doVerify}, yes}},
		"signed out, and yet there":    {false, []any{question{verb: doSignOut}, yes, question{verb: doResume, token: 1}, yes}},
		"a start that lost":            {false, []any{question{verb: doStart}, answer{lost: true}}},
		"a request while closing":      {false, []any{question{verb: doClose}, yes, question{verb: doAdmit}, yes}},
		"a password while closing":     {true, []any{question{verb: doClose}, yes, question{verb: doVerify}, answer{yes: true, closing: true}}},
		"a closing nobody was told of": {false, []any{question{verb: doClose}, yes, question{verb: doVerify}, yes}},
		"switched off while closing":   {true, []any{question{verb: doClose}, yes, question{verb: doDisable}, yes}},
		"switched off twice":           {false, []any{question{verb: doClose}, yes, question{verb: doDisable}, yes, question{verb: doDisable}, yes}},
		"switched on by a reopening": {false, []any{question{verb: doClose}, yes, question{verb: doDisable}, yes, question{verb: doAskReopen}, yes,
			question{verb: doReopen}, yes, question{verb: doStart}, answer{yes: true, token: 2}}},
		"closed twice":             {false, []any{question{verb: doClose}, yes, question{verb: doClose, token: 1}, yes}},
		"reopened without a code":  {false, []any{question{verb: doClose}, yes, question{verb: doReopen}, yes}},
		"reopened":                 {true, []any{question{verb: doClose}, yes, question{verb: doAskReopen}, yes, question{verb: doReopen}, yes, question{verb: doStart}, answer{yes: true, token: 2}}},
		"revived by a reopening":   {false, []any{question{verb: doClose}, yes, question{verb: doAskReopen}, yes, question{verb: doReopen}, yes, question{verb: doAdmit}, yes}},
		"a code that was replaced": {false, []any{question{verb: doClose}, yes, question{verb: doAskReopen}, yes, question{verb: doAskReopen}, answer{yes: true, code: 1}, question{verb: doReopen}, yes}},
	} {
		calls := []any{question{verb: doStart}, yes, question{verb: doStart}, answer{yes: true, token: 1}}
		calls = append(calls, c.calls...)
		var history []porcupine.Operation
		for i := 0; i < len(calls); i += 2 {
			history = append(history, porcupine.Operation{Input: calls[i], Call: int64(i), Output: calls[i+1], Return: int64(i + 1)})
		}
		require.Equal(t, c.fine, porcupine.CheckOperations(oneByOne(nil), history), name)
	}
}
