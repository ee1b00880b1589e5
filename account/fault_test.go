package account_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Faults: the store fails at the k-th call of a transaction's method, for every k, in every deed. What must then hold is
// always the same: the error is told, nothing is half done, nothing is handed out, and trouble never turns a no into a
// yes.

var errStruck = testkit.ErrStruck

// stage is a world with Per, who is signed in with a session of ours and has a password that was hashed with less than
// today's work; Ada, who has a manager; Una, who has no password; and in another tenant their namesakes.
type stage struct {
	*accounttest.World
	per, ada, una policy.Actor
	room          account.Room
	t             testing.TB
	props
	rows string
}

func newStage(t testing.TB) *stage {
	w := accounttest.New(t)
	w.Tenant(elsewhere)
	s := &stage{World: w, t: t, props: props{picture: photo(t, 48), changes: make(map[policy.AccountID]emailChange), steps: make(map[policy.AccountID]account.CodeAnswer)}}
	var err error
	s.hash, err = quick(t, w).Hash(t.Context(), secret.NewText(good))
	require.NoError(t, err)
	weak, err := secret.NewHasher(secret.Params{MemoryKiB: 8, Passes: 2, Parallelism: 1}, 1)
	require.NoError(t, err)
	other, err := weak.Hash(t.Context(), secret.NewText(good))
	require.NoError(t, err)
	actors := make(map[policy.AccountID]policy.Actor)
	for _, tenant := range []policy.TenantID{elsewhere, accounttest.Tenant} {
		host := policy.Host("test-host", tenant)
		for id, kind := range map[policy.AccountID]policy.Kind{"ada": policy.Work, "per": policy.Personal, "una": policy.Personal, "bob": policy.Work} {
			a := w.PersonIn(tenant, id, kind)
			require.NoError(t, w.App.Host.Account.PutProfile(t.Context(), host, account.Profile{Account: id, DisplayName: string(id), Manager: "bob"}))
			if id != "una" || tenant == elsewhere {
				require.NoError(t, w.App.Host.Account.ImportHash(t.Context(), host, id, map[bool]secret.Hash{true: other, false: s.hash}[id == "per"]))
			}
			require.NoError(t, w.App.Admin.Account.SetPhoto(t.Context(), host, id, s.picture))
			actors[id] = w.Session(a).Actor
		}
		require.NoError(t, w.App.Admin.Account.SetSchema(t.Context(), host, account.EntraDefaults()))
		require.NoError(t, w.App.Admin.Account.SetBannedPasswords(t.Context(), host, account.BannedPasswords{Terms: []string{"quartzworks"}}))
	}
	for i := range 9 { // the tenth locks
		_, err := w.App.Host.Account.VerifyPassword(t.Context(), w.Host, attempt("bob", "wrong "+string(rune('a'+i))))
		require.Equal(t, account.CodeWrongPassword, codeOf(err))
	}
	s.per, s.ada, s.una = actors["per"], actors["ada"], actors["una"]
	s.furnish()
	s.rows = rows(t, w.DB)
	return s
}

// furnish adds to the stage who is not active or restricted, and what Per holds.
func (s *stage) furnish() {
	ctx, door := s.t.Context(), doors(s.World)
	s.Person("dis", policy.Work)
	require.NoError(s.t, door.Admin.Disable(ctx, s.Host, "dis"))
	s.Person("rex", policy.Personal)
	require.NoError(s.t, door.Host.SecurityInfoReplaced(ctx, s.Host, "rex", ""))
	cleo := &cell{t: s.t, actor: s.Session(s.Person("cleo", policy.Personal)).Actor, Room: door}
	_, err := cleo.close()
	require.NoError(s.t, err)
	require.NoError(s.t, door.Host.AddIdentifier(ctx, s.Host, account.NewIdentifier{Account: "cleo", Kind: account.Email, Text: address("cleo"), ProvenAt: s.Clock.Now()}))
	s.reopening = beginReopening(s.t, s.World, "cleo")
	s.now = s.Clock.Now()
	s.recovery, err = door.Service.NewRecoveryCode(ctx, s.per)
	require.NoError(s.t, err)
	s.changes["per"] = beginChange(s.t, s.World, s.per)
	s.steps["ada"] = beginStep(s.t, s.World, s.ada)
	require.NoError(s.t, door.Host.AddIdentifier(ctx, s.Host, account.NewIdentifier{Account: "ada", Kind: account.Email, Text: address("ada")}))
	require.NoError(s.t, door.Host.AddIdentifier(ctx, s.Host, account.NewIdentifier{Account: "ada", Kind: account.Email, Text: "ada@third.example"})) // takes the other's place
	for _, id := range []policy.AccountID{"ada", "bob", "per", "una", "cleo"} {
		s.scatter(elsewhere, id)
	}
	edit(s.t, s.DB, func(tx account.Tx) error {
		_, err := tx.PutCredential(account.Credential{Tenant: elsewhere, Account: "rex", Hash: s.hash})
		return err
	})
	s.scatter(accounttest.Tenant, "bob")
	s.scatter(accounttest.Tenant, "per")
}

// scatter leaves rows of an account that a store could give in place of another's.
func (s *stage) scatter(t policy.TenantID, id policy.AccountID) {
	now := s.Clock.Now()
	edit(s.t, s.DB, func(tx account.Tx) error {
		_, err := tx.PutClosing(account.Closing{Tenant: t, Account: id, By: policy.Actor{Tenant: t, Account: id}.Principal(), At: now, Due: now.Add(day), Was: policy.Active})
		if err != nil || t == accounttest.Tenant && id == "per" {
			return err // who has the others
		}
		_, coded := tx.PutRecoveryCode(account.RecoveryCode{Tenant: t, Account: id, Digest: secret.Digest{1}, MadeAt: now})
		var named error
		for _, key := range []string{address(id), string(id) + "@second.example", string(id) + "@new.example"} {
			if t == elsewhere || key == address(id) {
				_, err := tx.PutIdentifier(account.Identifier{Tenant: t, Key: key, Text: key, Account: id, Kind: account.Email, Primary: key == address(id), ProvenAt: now})
				named = errors.Join(named, err)
			}
		}
		_, asked := tx.PutEmailChange(account.EmailChange{Tenant: t, Account: id, ID: challenge.ID("change-of-" + id), OldKey: address(id), OldRevision: 1,
			New: "an@other.example", NewKey: "an@other.example", AskedAt: now, ExpiresAt: now.Add(day)})
		_, sent := tx.PutChallenge(challenge.Challenge{Tenant: t, ID: challenge.ID("challenge-of-" + id), To: address(id), IssuedAt: now, ExpiresAt: now.Add(day),
			Binding: challenge.Binding{Account: id, Purpose: challenge.Reset, Method: challenge.Email, Target: "reset"}})
		var counted error
		for _, m := range []challenge.Method{challenge.Email, challenge.EmailLink, challenge.SMS, challenge.Voice} {
			_, err := tx.PutCounter(challenge.Counter{Tenant: t, Account: id, Method: m, Failed: 1, FailedAt: now})
			counted = errors.Join(counted, err)
		}
		return errors.Join(coded, named, asked, sent, counted)
	})
}

// rows are those that must be as they were when something is refused.
func (d deed) rows(t testing.TB, db *memstore.Store) string {
	if !d.noted {
		return rows(t, db)
	}
	return withoutTable(rows(t, db), "usage")
}

func attempt(id policy.AccountID, text string) account.PasswordAttempt {
	return account.PasswordAttempt{Account: id, Password: secret.NewText(text), Familiar: true}
}

// enter is the stage in a world of its own, over a store in which something goes wrong.
func (s *stage) enter(t testing.TB, f *faulty) *stage {
	in := *s
	in.World, in.t = s.Fork(t), t
	in.room = over(t, in.World, spoiled(in.DB.Account(), f))
	return &in
}

func (s *stage) as(a policy.Actor) *cell {
	return &cell{t: s.t, actor: a, Room: s.room, troupe: troupe{"ada", "per", "dis", "rex", "cleo"}, props: s.props}
}

// deed is one thing that is done on the stage.
type deed struct {
	name  string
	want  policy.Code // of its refusal; empty if it works
	again bool        // it tries anew after a conflict
	// counts tells that what seems to be a wrong answer is counted.
	counts bool
	// noted tells that it counts as done once, whether or not it comes to an end.
	noted bool
	call  func(s *stage) (any, error)
}

// kept is all that must be as it was when something goes wrong.
func (d deed) kept(t testing.TB, db *memstore.Store) string {
	if d.noted {
		return withoutTable(saved(t, db), "usage")
	}
	return saved(t, db)
}

// deeds are all operations of the matrix, by somebody who may, and what is refused for reasons of its own.
var deeds = func() (out []deed) {
	for _, o := range operations {
		d := deed{name: o.String(), again: o.looks, counts: o.counts, noted: o.noted, call: func(s *stage) (any, error) {
			switch {
			case o.door != "Service":
				return o.call(s.as(s.Host))
			case o.action == account.SetFirstPassword:
				return o.call(s.as(s.una))
			}
			return o.call(s.as(s.per))
		}}
		switch o.as {
		case "of the title":
			if o.door == "Service" {
				d.want = account.CodeAttributeOff
			}
		case "without a recovery":
			d.want = account.CodeRecoverFirst
		case "of a work account":
			d.want = account.CodeOnlyPersonal
		}
		out = append(out, d)
	}
	wrong := func(id policy.AccountID, text string) func(*stage) (any, error) {
		return func(s *stage) (any, error) {
			return s.room.Host.VerifyPassword(s.t.Context(), s.Host, attempt(id, text))
		}
	}
	return append(out,
		deed{name: "profile with a manager", call: func(s *stage) (any, error) { return s.room.Service.Profile(s.t.Context(), s.ada) }},
		deed{name: "update of a manager", call: func(s *stage) (any, error) {
			return nil, s.room.Admin.UpdateProfile(s.t.Context(), s.Host, "ada", set(account.Manager, "per"))
		}},
		deed{name: "wrong current password", want: account.CodeWrongPassword, call: func(s *stage) (any, error) { return s.as(s.per).change("wrong", better) }},
		deed{name: "wrong password", want: account.CodeWrongPassword, again: true, call: wrong("ada", "wrong")},
		deed{name: "wrong password that locks", want: account.CodeWrongPassword, again: true, call: wrong("bob", "wrong")},
		deed{name: "wrong password that is known", want: account.CodeWrongPassword, again: true, call: wrong("bob", "wrong i")},
		deed{name: "wrong password that was known longer", want: account.CodeWrongPassword, again: true, call: wrong("bob", "wrong g")},
		deed{name: "password of nobody", want: account.CodeWrongPassword, again: true, call: wrong("nobody", good)},
		deed{name: "password of somebody without", want: account.CodeWrongPassword, again: true, call: wrong("una", good)},
		deed{name: "password that clears", again: true, call: wrong("bob", good)},
		deed{name: "password that is hashed anew", again: true, call: wrong("per", good)},
		deed{name: "wrong recovery code", want: account.CodeWrongRecoveryCode, call: func(s *stage) (any, error) {
			return s.room.Host.Recover(s.t.Context(), s.Host, "per", wrongCode)
		}},
		deed{name: "replacement that keeps a session", call: func(s *stage) (any, error) {
			return nil, s.room.Host.SecurityInfoReplaced(s.t.Context(), s.Host, "per", s.per.Session)
		}},
		deed{name: "wrong code for an address", want: challenge.CodeWrong, call: func(s *stage) (any, error) {
			return nil, s.room.Service.ConfirmEmail(s.t.Context(), s.per, s.changes["per"].id, secret.NewText("000000"))
		}},
		deed{name: "code of another change", want: challenge.CodeWrong, call: func(s *stage) (any, error) {
			return nil, s.room.Service.ConfirmEmail(s.t.Context(), s.per, "change-of-bob", s.changes["per"].code)
		}},
		deed{name: "wrong link", want: challenge.CodeWrong, counts: true, call: func(s *stage) (any, error) {
			return nil, s.room.Host.CancelEmailChange(s.t.Context(), s.Host, spoiledLink(s.changes["per"].link))
		}},
		deed{name: "wrong code for a step-up", want: challenge.CodeWrong, call: func(s *stage) (any, error) {
			a := s.steps["ada"]
			a.Code = secret.NewText("000000x")
			return s.room.Host.VerifyCode(s.t.Context(), s.Host, a)
		}},
		deed{name: "address that is somebody else's", want: account.CodeIdentifierTaken, call: func(s *stage) (any, error) {
			return nil, s.room.Host.AddIdentifier(s.t.Context(), s.Host, account.NewIdentifier{Account: "ada", Kind: account.Email, Text: address("per")})
		}},
		deed{name: "first address", call: func(s *stage) (any, error) {
			return s.room.Service.ChangeEmail(s.t.Context(), s.una, "", "una@new.example")
		}},
		deed{name: "reopening without a sign-in", want: account.CodeSignInFirst, call: func(s *stage) (any, error) {
			r := s.reopening
			r.Proofs = nil
			return nil, s.room.Host.Reopen(s.t.Context(), s.Host, r)
		}},
		deed{name: "photo by its owner without one", call: func(s *stage) (any, error) { return nil, s.room.Service.RemovePhoto(s.t.Context(), s.una) }},
	)
}()

// spoiledLink is a link that says which it is, and has another secret.
func spoiledLink(link secret.Text) secret.Text {
	text := link.Reveal()
	return secret.NewText(text[:strings.LastIndex(text, ".")+1] + "c3BvaWxlZA")
}

// requireNothing wants nothing to have been handed out.
func requireNothing(t testing.TB, out any, about ...any) {
	t.Helper()
	switch v := out.(type) {
	case nil:
	case policy.Decision:
		require.False(t, v.Allowed, about...)
	default:
		require.True(t, reflect.ValueOf(out).IsZero(), about...)
	}
}

func TestEveryDeedDoesWhatItSays(t *testing.T) {
	base := newStage(t)
	for _, d := range deeds {
		s := base.enter(t, &faulty{})
		got, err := d.call(s)
		require.Equal(t, d.want, codeOf(err), "%s: %v", d.name, err)
		if d.want != "" {
			requireNothing(t, got, d.name)
		}
	}
}

func TestAnErrorAtAnyCallOfTheStoreIsToldAndNothingIsHalfDone(t *testing.T) {
	base, struck := newStage(t), 0
	for _, d := range deeds {
		for _, fault := range []error{errStruck, store.ErrConflict} {
			if d.again && !errors.Is(fault, errStruck) {
				continue
			}
			for k := 1; ; k++ {
				require.Less(t, k, testkit.TooMany)
				f := &faulty{faults: faults{Strike: testkit.At(k, fault)}}
				s := base.enter(t, f)
				got, err := d.call(s)
				if f.Calls < k {
					require.Equal(t, d.want, codeOf(err), d.name)
					break
				}
				struck++
				require.ErrorIs(t, err, fault, "%s, call %d", d.name, k)
				require.True(t, d.want != "" || codeOf(err) == notARefusal, "%s, call %d: trouble is no refusal", d.name, k)
				requireNothing(t, got, "%s, call %d", d.name, k)
				requireSame(t, d.kept(t, base.DB), d.kept(t, s.DB), "%s, call %d", d.name, k)
				require.Empty(t, s.Mail.All(), "%s, call %d: no code goes out for what was not committed", d.name, k)
			}
		}
	}
	require.Greater(t, struck, 300)
}

func TestWhatCannotBeCommittedIsToldAndNothingIsSent(t *testing.T) {
	base, failed := newStage(t), make(map[string]bool)
	for _, d := range deeds {
		f := &faulty{faults: faults{}}
		f.Ending = func() error { failed[d.name] = true; return errStruck }
		s := base.enter(t, f)
		got, err := d.call(s)
		if !failed[d.name] { // it writes nothing
			require.Equal(t, d.want, codeOf(err), d.name)
			continue
		}
		require.ErrorIs(t, err, errStruck, d.name)
		requireNothing(t, got, d.name)
		requireSame(t, d.kept(t, base.DB), d.kept(t, s.DB), d.name)
		require.Empty(t, s.Mail.All(), d.name)
	}
	for _, name := range []string{"Service.ChangeEmail", "Service.ConfirmEmail", "Service.DropEmailChange", "Host.CancelEmailChange", "wrong code for an address", "wrong link"} {
		require.True(t, failed[name], name)
	}
}

func TestACommitThatNobodyHeardOfSendsNothingAndTheNextRequestTakesItsPlace(t *testing.T) {
	s := newStage(t)
	in := s.enter(t, &faulty{faults: faults{Lost: errStruck}})
	id, err := in.room.Service.ChangeEmail(t.Context(), in.per, address("per"), "fresh@new.example")
	require.ErrorIs(t, err, errStruck)
	require.Empty(t, id)
	require.Empty(t, in.Mail.All())
	id, err = doors(in.World).Service.ChangeEmail(t.Context(), in.per, address("per"), "fresh@new.example")
	require.NoError(t, err)
	view, err := doors(in.World).Service.Profile(t.Context(), in.per)
	require.NoError(t, err)
	require.Len(t, view.Pending, 1)
	require.Equal(t, id, view.Pending[0].ID)
}

func TestAChangeIsSentOnceThoughTheStoreRunsTwice(t *testing.T) {
	s := newStage(t).enter(t, &faulty{faults: faults{Again: true}})
	id, err := s.room.Service.ChangeEmail(t.Context(), s.per, address("per"), "fresh@new.example")
	require.NoError(t, err)
	var to []string
	for _, m := range s.Mail.All() {
		to = append(to, m.To)
	}
	require.Equal(t, []string{address("per"), "fresh@new.example"}, to, "the old one is told before the code goes out")
	sent, _ := s.Mail.Last("fresh@new.example")
	require.NoError(t, s.room.Service.ConfirmEmail(t.Context(), s.per, id, sent.Code))
	told, _ := s.Mail.Last(address("per"))
	require.NoError(t, s.room.Host.CancelEmailChange(t.Context(), s.Host, told.Code))
	require.Len(t, s.Mail.All(), 2)
}

func TestARowThatSeemsToBeMissingTurnsNoNoIntoAYes(t *testing.T) {
	base := newStage(t)
	for _, d := range deeds {
		for k := 1; ; k++ {
			require.Less(t, k, testkit.TooMany)
			f := &faulty{faults: faults{Strike: testkit.At(k, store.ErrNotFound)}}
			s := base.enter(t, f)
			got, err := d.call(s)
			if f.Calls < k {
				break
			}
			if d.want != "" {
				require.Error(t, err, "%s, call %d", d.name, k)
			}
			if err != nil {
				requireNothing(t, got, "%s, call %d", d.name, k)
			}
			if err != nil && d.want == "" && !d.counts { // a wrong password may be counted all the same
				requireSame(t, d.rows(t, base.DB), d.rows(t, s.DB), "%s, call %d", d.name, k)
			}
		}
	}
}

func TestAPanicAtAnyCallOfTheStoreLeavesNothingHalfDoneAndTheNextCallWorks(t *testing.T) {
	base, struck := newStage(t), 0
	for _, d := range deeds {
		struck += testkit.PanicAtEveryCall(t, d.name, d.kept(t, base.DB), d.kept, func(strike func(int) error) (*memstore.Store, func() error) {
			s := base.enter(t, &faulty{faults: faults{Strike: strike}})
			return s.DB, func() error {
				come := false
				defer func() {
					require.True(t, come || len(s.Mail.All()) == 0, "%s: no code goes out for what was not committed", d.name)
				}()
				_, err := d.call(s)
				come = true
				return err
			}
		}, func(err error) { require.Equal(t, d.want, codeOf(err), "%s: %v", d.name, err) })
	}
	require.Greater(t, struck, 150)
}

func TestAFunctionThatTheStoreRunsTwiceHasOneEffect(t *testing.T) {
	base := newStage(t)
	count := func(f *faulty, d deed) (counts []int) {
		s := base.enter(t, f)
		_, err := d.call(s)
		require.Equal(t, d.want, codeOf(err), d.name)
		for _, id := range []policy.AccountID{"ada", "bob", "per"} {
			counts = append(counts, credential(t, s.DB, id).Throttle.InARow, int(standing(t, s.DB, id).Credentials), int(standing(t, s.DB, id).Epoch))
		}
		return append(counts, testkit.Happened(s.Events(accounttest.Tenant)))
	}
	for _, d := range deeds {
		require.Equal(t, count(&faulty{}, d), count(&faulty{faults: faults{Again: true}}, d), d.name)
	}
}

func TestAnErrorAfterTheCommitGivesNoProof(t *testing.T) {
	base := newStage(t)
	for _, d := range deeds {
		got, err := d.call(base.enter(t, &faulty{faults: faults{Lost: errStruck}}))
		if err != nil {
			requireNothing(t, got, d.name)
		}
		switch got.(type) {
		case account.VerifiedPassword, account.Recovered, policy.Proof:
			require.ErrorIs(t, err, errStruck, d.name)
		}
	}
}

// adasOwn are the deeds in which Ada's session is the right one.
var adasOwn = []string{"profile with a manager", "Host.SendCode for a step-up", "Host.VerifyCode", "wrong code for a step-up"}

func TestAStoreThatMixesRowsUpIsNotBelieved(t *testing.T) {
	base := newStage(t)
	another := func(t policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) {
		if a == "per" {
			return t, "bob"
		}
		return t, "per"
	}
	far := func(_ policy.TenantID, a policy.AccountID) (policy.TenantID, policy.AccountID) { return elsewhere, a }
	away := func(policy.TenantID) policy.TenantID { return elsewhere }
	later := func(now time.Time) time.Time { return now.Add(account.LongGrace * 2 * day) }
	for name, l := range map[string]lie{
		"settings of another tenant":            {settings: away},
		"a schema of another tenant":            {schema: away},
		"banned passwords of another tenant":    {banned: away},
		"a standing of another tenant":          {standing: far},
		"a standing of another account":         {standing: another},
		"a profile of another tenant":           {profile: far},
		"a profile of another account":          {profile: another},
		"a password of another tenant":          {credential: far},
		"a password of another account":         {credential: another},
		"a photo of another tenant":             {portrait: far},
		"a photo of another account":            {portrait: another},
		"a recovery code of another tenant":     {code: far},
		"a recovery code of another account":    {code: another},
		"a closing in another tenant":           {closing: far},
		"a closing of another account":          {closing: another},
		"addresses of another tenant":           {identifiers: far},
		"addresses of another account":          {identifiers: another},
		"changes of address of another tenant":  {changes: far},
		"changes of address of another account": {changes: another},
		"an address of another tenant":          {identifier: func(_ policy.TenantID, key string) (policy.TenantID, string) { return elsewhere, key }},
		"another address": {identifier: func(t policy.TenantID, key string) (policy.TenantID, string) {
			if key == address("per") {
				return t, address("bob")
			}
			return t, address("per")
		}},
		"a change of address by id of another tenant": {change: func(_ policy.TenantID, a policy.AccountID, _ challenge.ID) (policy.TenantID, policy.AccountID, challenge.ID) {
			return elsewhere, a, challenge.ID("change-of-" + a)
		}},
		"a change of address by id of another account": {change: func(t policy.TenantID, _ policy.AccountID, _ challenge.ID) (policy.TenantID, policy.AccountID, challenge.ID) {
			return t, "bob", "change-of-bob"
		}},
		"challenges of another account": {challenges: another},
		"a count of another account": {counter: func(t policy.TenantID, _ policy.AccountID, m challenge.Method) (policy.TenantID, policy.AccountID, challenge.Method) {
			return t, "bob", m
		}},
		"closings that are not due":               {due: func(t policy.TenantID, now time.Time) (policy.TenantID, time.Time) { return t, later(now) }},
		"closings that are due in another tenant": {due: func(_ policy.TenantID, now time.Time) (policy.TenantID, time.Time) { return elsewhere, later(now) }},
		"a session of another account": {session: func(t policy.TenantID, _ policy.AccountID, _ policy.SessionID) (policy.TenantID, policy.AccountID, policy.SessionID) {
			return t, "ada", base.ada.Session
		}},
	} {
		lied := 0
		for _, d := range deeds {
			if name == "a session of another account" && slices.Contains(adasOwn, d.name) {
				continue // it is her own
			}
			f := &faulty{lie: l}
			s := base.enter(t, f)
			got, err := d.call(s)
			if f.lies == 0 {
				require.Equal(t, d.want, codeOf(err), "%s: %s", name, d.name)
				continue
			}
			lied++
			require.Error(t, err, "%s: %s", name, d.name)
			requireNothing(t, got, "%s: %s", name, d.name)
			if d.want == "" || !d.counts { // a wrong answer is counted, whatever else is believed
				requireSame(t, d.rows(t, base.DB), d.rows(t, s.DB), "%s: %s", name, d.name)
			}
		}
		require.Positive(t, lied, name)
	}
}
