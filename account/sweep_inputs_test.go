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
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// The sweep of the inputs: every struct of this room that a door takes, found by reflection, and every field of it.

// wrong is what a field must not be, and what the refusal names: the field as callers know it, or the code of a reason.
type wrong struct {
	value any
	says  string
	// counts tells that it is a wrong answer, and that the count of these is kept.
	counts bool
}

// input is a struct that a door takes, with what has to be known of it to sweep it.
type input struct {
	// good is one that is accepted, and send sends it as somebody.
	good func(*testing.T, leaver) any
	send func(*testing.T, leaver, policy.Actor, any) error
	// wrong is what the fields must not be; those that are free take whatever their type allows.
	wrong map[string][]wrong
	free  []string

	// areas are locks under which an owner changes nothing with it.
	areas []policy.Area
	// managed are the ways in which an organization has the say about what it changes.
	managed map[string]managed
	// same gives one that says what is there already; nil if none can.
	same func(*testing.T, leaver, policy.AccountID) any
}

// managed is how something comes to be the organization's, and what its owner is told then.
type managed struct {
	actor func(leaver) policy.Actor // nil for Per
	reach func(*testing.T, leaver)
	code  policy.Code
}

// sweptWorld is where Per can change whatever there is to be changed, and Rex is closing his account.
func sweptWorld(t *testing.T) leaver {
	l := leaving(t)
	openToAll(t, l.World)
	require.NoError(t, l.App.Host.Account.PutProfile(t.Context(), l.Host, filled("per", "")))
	rex := l.SignIn(l.Person("rex", policy.Personal))
	l.furnish(t, "rex", home("rex"))
	require.NoError(t, l.close(t, rex, account.ShortGrace))
	return l
}

// unfit are texts that no field takes.
func unfit(says string) []wrong {
	return []wrong{{value: "a\x00b", says: says}, {value: "a\nb", says: says}, {value: "\xff", says: says}, {value: "\u202eb", says: says}, {value: strings.Repeat("x", 1<<16), says: says}}
}

// accounts are what cannot be on whom a host acts.
func accounts(says string) []wrong {
	return append(unfit(says), wrong{value: "", says: says}, wrong{value: "nobody", says: string(policy.CodeNotFound)})
}

func secrets(says string, counts bool, texts ...string) (all []wrong) {
	for _, text := range texts {
		all = append(all, wrong{secret.NewText(text), says, counts})
	}
	return all
}

var inputs = map[reflect.Type]input{
	reflect.TypeFor[account.ProfileUpdate](): {
		good: func(t *testing.T, l leaver) any {
			p, err := l.App.Admin.Account.Profile(t.Context(), l.Host, "per")
			require.NoError(t, err)
			return account.ProfileUpdate{Revision: p.Revision, Set: map[account.Attribute]string{account.Language: "fr", account.DisplayName: "Per Person"}}
		},
		send: func(t *testing.T, l leaver, a policy.Actor, in any) error {
			return l.App.Account.UpdateProfile(t.Context(), a, in.(account.ProfileUpdate))
		},
		wrong: map[string][]wrong{"Revision": {{value: store.Revision(1 << 40), says: "conflict"}}, "Set": updates()},
		areas: []policy.Area{account.AreaAccount, account.AreaProfile},
		managed: map[string]managed{
			"read-only by the schema": {code: account.CodeAttributeReadOnly, reach: func(t *testing.T, l leaver) { openTo(t, l.World, policy.ReadOnly) }},
			"off by the schema":       {code: account.CodeAttributeOff, reach: func(t *testing.T, l leaver) { openTo(t, l.World, policy.Off) }},
			"synchronized": {code: account.CodeSynchronized, reach: func(t *testing.T, l leaver) {
				require.NoError(t, l.App.Host.Account.PutProfile(t.Context(), l.Host, filled("per", "Active Directory")))
			}},
		},
		same: func(t *testing.T, l leaver, id policy.AccountID) any {
			p, err := l.App.Admin.Account.Profile(t.Context(), l.Host, id)
			require.NoError(t, err)
			s, err := l.App.Admin.Account.Schema(t.Context(), l.Host)
			require.NoError(t, err)
			u := account.ProfileUpdate{Revision: p.Revision, Set: make(map[account.Attribute]string)}
			for a, value := range places(&p) {
				if s.Rules[a].Personal != policy.Off { // a form sends what it shows
					u.Set[a] = *value
				}
			}
			return u
		},
	},
	reflect.TypeFor[account.PasswordChange](): {
		good: func(*testing.T, leaver) any {
			return account.PasswordChange{Current: secret.NewText(good), New: secret.NewText(better)}
		},
		send: func(t *testing.T, l leaver, a policy.Actor, in any) error {
			return l.App.Account.ChangePassword(t.Context(), a, in.(account.PasswordChange))
		},
		wrong: map[string][]wrong{
			"Current": secrets(string(account.CodeWrongPassword), true, "", "wrong", good+" ", strings.ToUpper(good), "a\x00b", "\xff", strings.Repeat("x", 1<<20)),
			"New":     secrets("password", false, "", "short", "password password", "a\x00b tambourine oblique", "\xff tambourine oblique", strings.Repeat("x", 257), strings.Repeat("x", 1<<20)),
		},
		areas: []policy.Area{account.AreaAccount, account.AreaPassword},
		managed: map[string]managed{
			"federated":    {code: account.CodePasswordElsewhere, reach: keptFor(account.Federated)},
			"synchronized": {code: account.CodePasswordElsewhere, reach: keptFor(account.Synchronized)},
			"passwordless": {code: account.CodePasswordless, reach: keptFor(account.Passwordless)},
		},
	},
	reflect.TypeFor[account.CloseRequest](): {
		good: func(t *testing.T, l leaver) any {
			return account.CloseRequest{Days: account.LongGrace, Reason: "moving to an island", Understood: l.understood(t, l.per)}
		},
		send: func(t *testing.T, l leaver, a policy.Actor, in any) error {
			c := in.(account.CloseRequest)
			_, yes, _ := l.App.Account.AskClose(t.Context(), a, c.Days) // without the confirmation it is judged all the same
			_, err := l.App.Account.Close(t.Context(), a, c, yes)
			return err
		},
		wrong: map[string][]wrong{
			"Days":   {{value: 0, says: "days"}, {value: -30, says: "days"}, {value: 31, says: "days"}, {value: 1 << 40, says: "days"}},
			"Reason": append(slices.DeleteFunc(unfit("reason"), func(w wrong) bool { return w.value == "a\nb" }), wrong{value: strings.Repeat("x", account.MaxReason+1), says: "reason"}),
			"Understood": {{value: []string(nil), says: string(account.CodeNotUnderstood)}, {value: []string{"a\x00b"}, says: string(account.CodeNotUnderstood)},
				{value: make([]string, 1<<16), says: "understood"}},
		},
		areas: []policy.Area{account.AreaAccount, account.AreaClosing},
		managed: map[string]managed{
			"work":  {code: account.CodeWorkAccount, actor: func(l leaver) policy.Actor { return l.ada }},
			"guest": {code: account.CodeGuestAccount, actor: func(l leaver) policy.Actor { return l.SignIn(l.gil) }},
		},
	},

	reflect.TypeFor[account.BannedPasswords](): {
		good: func(*testing.T, leaver) any { return account.BannedPasswords{Terms: []string{"glasgow"}} },
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			return l.App.Admin.Account.SetBannedPasswords(t.Context(), l.Host, in.(account.BannedPasswords))
		},
		wrong: map[string][]wrong{"Revision": {{value: store.Revision(1 << 40), says: "conflict"}}, "Terms": {
			{value: []string{"glasgow", "abc"}, says: "terms[1]"},
			{value: []string{strings.Repeat("x", 17)}, says: "terms[0]"},
			{value: []string{"her\non"}, says: "terms[0]"},
			{value: strings.Fields(strings.Repeat("glasgow ", 1001)), says: "terms"},
		}},
		free: []string{"Tenant"},
	},
	reflect.TypeFor[account.Schema](): {
		good: func(*testing.T, leaver) any { return account.EntraDefaults() },
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			return l.App.Admin.Account.SetSchema(t.Context(), l.Host, in.(account.Schema))
		},
		wrong: map[string][]wrong{"Revision": {{value: store.Revision(1 << 40), says: "conflict"}}, "Rules": {
			{value: map[account.Attribute]account.AttributeRule{"kind": {}}, says: "rules.kind"},
			{value: map[account.Attribute]account.AttributeRule{account.Title: {Work: 7}}, says: "rules.title"},
			{value: map[account.Attribute]account.AttributeRule{account.Title: {Longest: -1}}, says: "rules.title.longest"},
			{value: map[account.Attribute]account.AttributeRule{account.Title: {Longest: 129}}, says: "rules.title.longest"},
			{value: map[account.Attribute]account.AttributeRule{account.Title: {Pattern: "(("}}, says: "rules.title.pattern"},
			{value: map[account.Attribute]account.AttributeRule{account.Title: {Pattern: strings.Repeat("x", 257)}}, says: "rules.title.pattern"},
			{value: map[account.Attribute]account.AttributeRule{account.Photo: {Pattern: "x"}}, says: "rules.photo.pattern"},
		}},
		free: []string{"Tenant"},
	},
	reflect.TypeFor[account.Profile](): {
		good: func(*testing.T, leaver) any { return filled("gil", "Active Directory") },
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			return l.App.Host.Account.PutProfile(t.Context(), l.Host, in.(account.Profile))
		},
		wrong: directory(),
		free:  []string{"Tenant", "Photo", "Revision"},
	},
	reflect.TypeFor[account.NewIdentifier](): {
		good: func(*testing.T, leaver) any {
			return account.NewIdentifier{Account: "gil", Kind: account.Email, Text: "gil@home.example"}
		},
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			return l.App.Host.Account.AddIdentifier(t.Context(), l.Host, in.(account.NewIdentifier))
		},
		wrong: map[string][]wrong{
			"Account":  accounts("account"),
			"Kind":     {{value: account.IdentifierKind(0), says: "kind"}, {value: account.IdentifierKind(7), says: "kind"}},
			"Text":     append(unfit("text"), wrong{value: "", says: "text"}, wrong{value: "gil", says: "text"}),
			"ProvenAt": {{value: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC), says: "provenAt"}},
		},
		free: []string{"Primary"},
	},
	reflect.TypeFor[account.PasswordAttempt](): {
		good: func(*testing.T, leaver) any {
			return account.PasswordAttempt{Account: "per", Password: secret.NewText(good)}
		},
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			_, err := l.App.Host.Account.VerifyPassword(t.Context(), l.Host, in.(account.PasswordAttempt))
			return err
		},
		wrong: map[string][]wrong{
			"Account":    append(unfit("account"), wrong{value: "", says: "identifier"}, wrong{value: "nobody", says: string(account.CodeWrongPassword)}),
			"Identifier": {{value: "per", says: "identifier"}, {value: "a\x00b", says: "identifier"}},
			"Password":   secrets(string(account.CodeWrongPassword), true, "", "wrong", good+" ", "a\x00b", "\xff", strings.Repeat("x", 1<<20)),
		},
		free: []string{"Familiar", "SignedIn"},
	},
	reflect.TypeFor[account.Reset](): {
		good: func(_ *testing.T, l leaver) any {
			return account.Reset{Account: "per", Proofs: []policy.Proof{recoveredAt(l.Clock.Now())}, New: secret.NewText(better)}
		},
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			return l.App.Host.Account.ResetPassword(t.Context(), l.Host, in.(account.Reset))
		},
		wrong: map[string][]wrong{
			"Account": accounts("account"),
			"Proofs": {{value: []policy.Proof(nil), says: string(account.CodeRecoverFirst)}, {value: make([]policy.Proof, 1000), says: "proofs"},
				{value: []policy.Proof{{Factor: 99, At: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}}, says: "proofs"}, {value: []policy.Proof{{Factor: policy.FactorRecovery}}, says: "proofs"}},
			"New": secrets("password", false, "", "short", "password password", "a\x00b tambourine oblique", "\xff tambourine oblique", strings.Repeat("x", 257), strings.Repeat("x", 1<<20)),
		},
	},
	reflect.TypeFor[account.BannedPasswords](): {
		good: func(*testing.T, leaver) any { return account.BannedPasswords{Terms: []string{"quartzworks"}} },
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			return l.App.Admin.Account.SetBannedPasswords(t.Context(), l.Host, in.(account.BannedPasswords))
		},
		wrong: map[string][]wrong{
			"Revision": {{value: store.Revision(1 << 40), says: "conflict"}},
			"Terms":    {{value: []string{""}, says: "terms[0]"}, {value: []string{"quartzworks", "abc"}, says: "terms[1]"}, {value: []string{strings.Repeat("x", 1<<16)}, says: "terms[0]"}},
		},
		free: []string{"Tenant"},
	},
	reflect.TypeFor[account.ReopenRequest](): {
		good: func(*testing.T, leaver) any {
			return account.ReopenRequest{Account: "rex", Method: challenge.Email, To: home("rex"), Attempt: "attempt", Language: "en-GB"}
		},
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			_, err := l.App.Host.Account.AskReopen(t.Context(), l.Host, in.(account.ReopenRequest))
			return err
		},
		wrong: map[string][]wrong{
			"Account":  append(accounts("account"), wrong{value: "per", says: string(account.CodeNotClosing)}),
			"Method":   append(unfit("method"), wrong{value: "", says: "method"}, wrong{value: string(challenge.EmailLink), says: "method"}),
			"To":       append(unfit("to"), wrong{value: "", says: "to"}, wrong{value: pers, says: string(account.CodeAddressNotProven)}),
			"Attempt":  append(unfit("attempt"), wrong{value: "", says: "attempt"}),
			"Language": unfit("language"),
		},
	},
	reflect.TypeFor[account.CodeRequest](): {
		good: func(_ *testing.T, l leaver) any {
			return account.CodeRequest{Account: "per", Purpose: challenge.StepUp, Method: challenge.SMS, To: number("per"), Session: l.Session(l.per).Actor.Session, Language: "en-GB"}
		},
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			_, err := l.App.Host.Account.SendCode(t.Context(), l.Host, in.(account.CodeRequest))
			return err
		},
		wrong: map[string][]wrong{
			"Account":  append(accounts("account"), wrong{value: "ada", says: string(policy.CodeSessionEnded)}),
			"Purpose":  append(unfit("purpose"), wrong{value: "", says: "purpose"}, wrong{value: string(challenge.Reopen), says: "purpose"}),
			"Method":   append(unfit("method"), wrong{value: "", says: "method"}, wrong{value: string(challenge.Email), says: "method"}),
			"To":       append(unfit("to"), wrong{value: "", says: "to"}),
			"Session":  append(unfit("session"), wrong{value: "", says: "session"}, wrong{value: "another", says: string(policy.CodeSessionEnded)}),
			"Language": unfit("language"),
		},
	},
	reflect.TypeFor[account.CodeAnswer](): {
		good: func(t *testing.T, l leaver) any { return beginStep(t, l.World, l.Session(l.per).Actor) },
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			_, err := l.App.Host.Account.VerifyCode(t.Context(), l.Host, in.(account.CodeAnswer))
			return err
		},
		wrong: map[string][]wrong{
			"Account":   append(accounts("account"), wrong{value: "ada", says: string(policy.CodeSessionEnded)}),
			"Purpose":   append(unfit("purpose"), wrong{value: "", says: "purpose"}, wrong{value: string(challenge.SecondFactor), says: string(challenge.CodeWrong), counts: true}),
			"Method":    append(unfit("method"), wrong{value: "", says: "method"}, wrong{value: string(challenge.Voice), says: string(challenge.CodeWrong), counts: true}),
			"Session":   append(unfit("session"), wrong{value: "", says: "session"}, wrong{value: "another", says: string(policy.CodeSessionEnded)}),
			"Challenge": {{value: "", says: string(challenge.CodeWrong), counts: true}, {value: "a\x00b", says: string(challenge.CodeWrong), counts: true}, {value: "another", says: string(challenge.CodeWrong), counts: true}},
			"Code":      secrets(string(challenge.CodeWrong), true, "", "000000x", "a\x00b", "\xff", strings.Repeat("0", 1<<20)),
		},
	},
	reflect.TypeFor[account.Reopening](): {
		good: func(t *testing.T, l leaver) any {
			r, err := l.code(t, "rex")
			require.NoError(t, err)
			return r
		},
		send: func(t *testing.T, l leaver, _ policy.Actor, in any) error {
			return l.App.Host.Account.Reopen(t.Context(), l.Host, in.(account.Reopening))
		},
		wrong: map[string][]wrong{
			"Account":   append(accounts("account"), wrong{value: "per", says: string(account.CodeNotClosing)}),
			"Method":    append(unfit("method"), wrong{value: "", says: "method"}, wrong{value: string(challenge.SMS), says: string(challenge.CodeWrong), counts: true}),
			"Attempt":   append(unfit("attempt"), wrong{value: "", says: "attempt"}, wrong{value: "another", says: string(challenge.CodeWrong), counts: true}),
			"Challenge": {{value: "", says: string(challenge.CodeWrong), counts: true}, {value: "a\x00b", says: string(challenge.CodeWrong), counts: true}, {value: "another", says: string(challenge.CodeWrong), counts: true}},
			"Code":      secrets(string(challenge.CodeWrong), true, "", "000000", "a\x00b", "\xff", strings.Repeat("0", 1<<20)),
			"Proofs": {{value: []policy.Proof(nil), says: string(account.CodeSignInFirst)}, {value: make([]policy.Proof, 1000), says: "proofs"},
				{value: []policy.Proof{{Factor: 99, At: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}}, says: "proofs"}, {value: []policy.Proof{{Factor: policy.FactorPassword}}, says: "proofs"}},
		},
	},
}

// keptFor has Per's password kept elsewhere.
func keptFor(why account.Elsewhere) func(*testing.T, leaver) {
	return func(t *testing.T, l leaver) {
		require.NoError(t, l.App.Host.Account.KeepElsewhere(t.Context(), l.Host, "per", why, "over there"))
	}
}

// updates are what an update of a profile must not set.
func updates() (all []wrong) {
	for a := range values {
		for _, w := range unfit(string(a)) {
			all = append(all, wrong{value: map[account.Attribute]string{account.TimeZone: "Asia/Tokyo", a: w.value.(string)}, says: string(a)})
		}
	}
	for _, a := range []account.Attribute{"", "kind", "tenant", "Display-Name", account.Photo, account.EmailAddress, "a\x00b"} {
		all = append(all, wrong{value: map[account.Attribute]string{account.TimeZone: "Asia/Tokyo", a: "x"}, says: policy.CleanText(string(a), 64)})
	}
	return append(all, wrong{value: map[account.Attribute]string{account.TimeZone: "Asia/Tokyo", account.DisplayName: ""}, says: string(account.DisplayName)},
		wrong{value: map[account.Attribute]string{account.TimeZone: "Asia/Tokyo", account.Manager: "nobody"}, says: string(account.CodeUnknownManager)})
}

// directory is what a directory must not tell of a profile.
func directory() map[string][]wrong {
	all := map[string][]wrong{"Account": accounts("account"), "Source": unfit("source")}
	var p account.Profile
	of := reflect.ValueOf(&p).Elem()
	for a, place := range places(&p) {
		for i := range of.NumField() {
			if of.Field(i).Addr().UnsafePointer() == reflect.ValueOf(place).UnsafePointer() {
				all[of.Type().Field(i).Name] = unfit(string(a))
			}
		}
	}
	return all
}

// inputsOf are the structs of this room that a door's methods take.
func inputsOf(door any) (all []reflect.Type) {
	of, own := reflect.TypeOf(door), reflect.TypeFor[account.Profile]().PkgPath()
	for i := range of.NumMethod() {
		m := of.Method(i).Type
		for j := 1; j < m.NumIn(); j++ {
			in := m.In(j)
			for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice {
				in = in.Elem()
			}
			if in.Kind() == reflect.Struct && in.PkgPath() == own {
				all = append(all, in)
			}
		}
	}
	return all
}

func TestEveryStructThatADoorTakesIsSweptFieldByField(t *testing.T) {
	found := make(map[reflect.Type]bool)
	for _, door := range []any{&account.Service{}, &account.Admin{}, &account.Host{}} {
		for _, in := range inputsOf(door) {
			_, known := inputs[in]
			require.True(t, known, "%s is taken by %T and not swept: say in inputs what its fields must not be", in, door)
			found[in] = true
		}
	}
	for in, i := range inputs {
		require.True(t, found[in], "%s is taken by no door", in)
		fields := make(map[string]bool)
		for _, f := range reflect.VisibleFields(in) {
			fields[f.Name] = true
			free := false
			for _, name := range i.free {
				free = free || name == f.Name
			}
			require.NotEqual(t, free, len(i.wrong[f.Name]) > 0, "%s.%s: say what it must not be, or that it is free", in, f.Name)
		}
		for name := range i.wrong {
			require.True(t, fields[name], "%s has no %s", in, name)
		}
	}
	for _, in := range inputsOf(&account.Service{}) {
		require.NotEmpty(t, inputs[in].areas, "%s: say which lock keeps an owner from it", in)
		require.NotEmpty(t, inputs[in].managed, "%s: say how what it changes is the organization's", in)
	}
}

// but is all that a store keeps, without refusals, and without what counts wrong answers where one was given.
func but(t *testing.T, l leaver, counted bool) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(saved(t, l.DB)) {
		switch {
		case !strings.HasPrefix(line, `{"table":`), strings.Contains(line, `"outcome":"refused"`):
		case counted && (strings.Contains(line, `"outcome":"failed"`) || strings.HasPrefix(line, `{"table":"credentials"`) ||
			strings.HasPrefix(line, `{"table":"challenge-counters"`) || strings.HasPrefix(line, `{"table":"challenges"`)):
		default:
			out.WriteString(line)
		}
	}
	return out.String()
}

// named is what an error names: the field of malformed input, the code of a refusal, or that something changed meanwhile.
func named(err error) string {
	invalid, denied := new(policy.Invalid), new(policy.Denied)
	switch {
	case errors.As(err, &invalid):
		return invalid.Field
	case errors.As(err, &denied):
		return string(denied.Reason().Code)
	case errors.Is(err, store.ErrConflict):
		return "conflict"
	}
	return "nothing"
}

func TestAFieldThatIsNotAsItMustBeIsNamedAndNothingChanges(t *testing.T) {
	base := sweptWorld(t)
	for in, i := range inputs {
		accepted := base.fork(t)
		before := saved(t, accepted.DB)
		fit := i.good(t, accepted)
		require.NoError(t, i.send(t, accepted, accepted.per, fit), "%s: else the sweep proves nothing", in)
		require.True(t, before != saved(t, accepted.DB) || in == reflect.TypeFor[account.PasswordAttempt](), "%s", in)
		for field, all := range i.wrong {
			for n, w := range all {
				l := base.fork(t)
				v := reflect.New(in).Elem()
				v.Set(reflect.ValueOf(i.good(t, l)))
				to := v.FieldByName(field)
				to.Set(reflect.ValueOf(w.value).Convert(to.Type()))
				before := but(t, l, w.counts)
				hash := credential(t, l.DB, "per").Hash
				err := i.send(t, l, l.per, v.Interface())
				require.Equal(t, w.says, named(err), "%s.%s, %d: %v", in, field, n, err)
				requireSame(t, before, but(t, l, w.counts), "%s.%s, %d", in, field, n)
				require.Equal(t, hash, credential(t, l.DB, "per").Hash)
			}
		}
	}
}

func TestWhatIsLockedOrTheOrganizationsIsRefusedWithEveryInputAndWhatIsTheSamePasses(t *testing.T) {
	base := sweptWorld(t)
	for _, in := range inputsOf(&account.Service{}) {
		i := inputs[in]
		refused := func(l leaver, a policy.Actor, want policy.Code, about string) {
			t.Helper()
			fit := i.good(t, base.fork(t)) // as of before it was locked
			if u, ok := fit.(account.ProfileUpdate); ok {
				u.Revision = 0
				fit = u
			}
			before := but(t, l, false)
			require.Equal(t, want, codeOf(i.send(t, l, a, fit)), "%s, %s", in, about)
			requireSame(t, before, but(t, l, false), "%s, %s", in, about)
		}
		passes := func(l leaver, a policy.Actor, about string) {
			t.Helper()
			if i.same == nil {
				return
			}
			before := saved(t, l.DB)
			require.NoError(t, i.send(t, l, a, i.same(t, l, a.Account)), "%s, %s", in, about)
			requireSame(t, before, saved(t, l.DB), "%s, %s", in, about)
		}
		for _, area := range i.areas {
			for to, want := range map[policy.Access]policy.Code{policy.ReadOnly: policy.CodeAreaReadOnly, policy.Off: policy.CodeAreaOff} {
				l := base.fork(t)
				require.NoError(t, l.App.Admin.Policy.SetAccess(t.Context(), l.Host, area, to))
				refused(l, l.per, want, string(area)+" "+to.String())
				if to == policy.ReadOnly {
					passes(l, l.per, string(area)+" "+to.String())
				}
			}
		}
		for about, m := range i.managed {
			l := base.fork(t)
			a := l.per
			if m.actor != nil {
				a = m.actor(l)
			}
			if m.reach != nil {
				m.reach(t, l)
			}
			refused(l, a, m.code, about)
			passes(l, a, about)
		}
	}
}
