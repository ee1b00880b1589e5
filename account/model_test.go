package account_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// throttled is the model of an account's password and of what is counted of wrong ones, written from the rules and not
// from the code: a counter for each kind of place, the last three wrong passwords, a lock that doubles, a limit in a row.
type throttled struct {
	phrase string
	places map[password.Place]*place
	inARow int
	spent  bool
	must   bool     // somebody set it for the person
	wrong  []string // the newest last
}

type place struct {
	count int
	until time.Time
}

const (
	modelThreshold = 2
	modelLimit     = 12
)

func (m *throttled) locked(at password.Place, now time.Time) bool {
	return m.spent || now.Before(m.places[at].until)
}

// try is an attempt with a password; it tells whether it is taken.
func (m *throttled) try(given string, at password.Place, now time.Time) bool {
	p := m.places[at]
	switch {
	case m.locked(at, now):
		return false
	case given == m.phrase:
		*p, m.inARow = place{}, 0
		return true
	case slices.Contains(m.wrong, given): // it is not counted, and the last one again
		i := slices.Index(m.wrong, given)
		m.wrong = append(slices.Delete(m.wrong, i, i+1), given)
		return false
	}
	m.wrong = append(m.wrong, given)
	m.wrong = m.wrong[max(0, len(m.wrong)-3):]
	p.count++
	m.inARow++
	m.spent = m.inARow >= modelLimit
	if p.count >= modelThreshold {
		lasts := time.Minute
		for range p.count - modelThreshold {
			lasts = min(2*lasts, 24*time.Hour)
		}
		p.until = now.Add(lasts)
	}
	return false
}

func (m *throttled) reset() {
	*m = throttled{phrase: m.phrase}
	m.unlock()
}

func (m *throttled) unlock() {
	m.places = map[password.Place]*place{password.Familiar: {}, password.Unfamiliar: {}, password.SignedIn: {}}
}

// change replaces the password. Wrong ones are known again by what the password's own salt makes of them, so those of
// before are not.
func (m *throttled) change(to string) {
	m.phrase = to
	for i := range m.wrong {
		m.wrong[i] = "of another salt"
	}
}

// now is what the model says must be kept.
func (m *throttled) now() []any {
	at := func(p password.Place) password.Failures {
		return password.Failures{Count: m.places[p].count, LockedUntil: m.places[p].until}
	}
	return []any{m.inARow, m.spent, at(password.Familiar), at(password.Unfamiliar), at(password.SignedIn), len(m.wrong)}
}

func TestTheDoorsCountWrongPasswordsAsTheRulesSay(t *testing.T) {
	base := passwords(t)
	for s, to := range map[policy.Setting]int{password.LockoutThreshold: modelThreshold, password.MaxFailures: modelLimit} {
		require.NoError(t, base.App.Admin.Policy.Set(t.Context(), base.Host, s, to))
	}
	met := make(map[string]bool)
	rapid.Check(t, func(rt *rapid.T) {
		k := withPassword{known: base.known, session: base.session}
		k.World = base.Fork(t)
		m := &throttled{phrase: good}
		m.reset()
		ended := k.Clock.Now() // when all sessions last did
		given := rapid.SampledFrom([]string{good, good, better, "wrong a", "wrong b", "wrong c", "wrong d", "wrong e", ""})
		rt.Repeat(map[string]func(*rapid.T){
			"verify": func(rt *rapid.T) {
				text, familiar := given.Draw(rt, "password"), rapid.Bool().Draw(rt, "familiar")
				ok := m.try(text, map[bool]password.Place{true: password.Familiar, false: password.Unfamiliar}[familiar], k.Clock.Now())
				err := k.verify(t, "per", text, familiar)
				require.Equal(rt, map[bool]policy.Code{true: "", false: account.CodeWrongPassword}[ok], codeOf(err), "%v", err)
				met["taken"] = met["taken"] || ok
			},
			"change": func(rt *rapid.T) {
				if back := ended.Sub(k.Clock.Now()); back > 0 { // nobody signs in before they were signed out
					k.Clock.Advance(back)
				}
				a := k.start(t, "per").Actor
				text := given.Draw(rt, "current")
				to := map[string]string{good: better, better: good}[m.phrase]
				now, want := k.Clock.Now(), policy.Code("")
				switch {
				case m.spent:
					want = account.CodePasswordSpent
				case m.locked(password.SignedIn, now):
					want = policy.CodeThrottled
				case m.must && text == to: // what is given as the current one is no new one, right or wrong
					want = notARefusal
				case m.try(text, password.SignedIn, now):
					m.must = false
					m.change(to)
					ended = now
				default:
					want = account.CodeWrongPassword
				}
				if text == to { // one that is to be the new one is no worse a guess at the current one
					met["the new one as the current one"] = true
				}
				require.Equal(rt, want, codeOf(k.change(t, a, text, to)))
				met[string(want)] = true
			},
			"unlock": func(*rapid.T) {
				require.NoError(t, k.App.Admin.Account.UnlockPassword(t.Context(), k.Host, "per"))
				m.unlock()
			},
			"set": func(rt *rapid.T) {
				m.phrase = rapid.SampledFrom([]string{good, better}).Draw(rt, "to")
				require.NoError(t, k.App.Host.Account.SetPassword(t.Context(), k.Host, "per", secret.NewText(m.phrase)))
				m.reset()
				m.must = true
				if now := k.Clock.Now(); now.After(ended) {
					ended = now
				}
			},
			"wait": func(rt *rapid.T) {
				k.Clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, time.Minute - time.Microsecond, time.Minute, 2 * time.Minute, time.Hour, -time.Minute}).Draw(rt, "for"))
			},
			"": func(rt *rapid.T) {
				th := credential(t, k.DB, "per").Throttle
				require.Equal(rt, m.now(), []any{th.InARow, th.Disabled, th.Familiar, th.Unfamiliar, th.SignedIn, len(th.Wrong)})
			},
		})
	})
	for _, code := range []policy.Code{"taken", "", account.CodeWrongPassword, policy.CodeThrottled} {
		require.True(t, met[string(code)], "%q never happened: %v", code, met)
	}
}

func TestAProfileIsWhatItsUpdatesMadeOfItWhateverTheSchemaWas(t *testing.T) {
	base := people(t)
	base.Person("bob", policy.Work)
	require.NoError(t, base.App.Host.Account.PutProfile(t.Context(), base.Host, filled("ada", "")))
	names := slices.Sorted(maps.Keys(values))
	came := make(map[string]int)
	rapid.Check(t, func(rt *rapid.T) {
		w := base.Fork(t)
		want, open, required := make(map[account.Attribute]string), make(map[account.Attribute]policy.Access), make(map[account.Attribute]bool)
		for a, v := range values {
			want[a], open[a] = v[0], policy.ReadOnly
		}
		for _, a := range pages {
			open[a] = policy.Edit
		}
		some := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 4, rapid.ID[account.Attribute])
		rt.Repeat(map[string]func(*rapid.T){
			"schema": func(rt *rapid.T) {
				s := account.DefaultSchema()
				for _, a := range names {
					open[a] = rapid.SampledFrom([]policy.Access{policy.Edit, policy.Edit, policy.ReadOnly, policy.Off}).Draw(rt, string(a))
					required[a] = rapid.Bool().Draw(rt, "required")
					s.Rules[a] = account.AttributeRule{Work: open[a], Required: required[a]}
				}
				require.NoError(t, w.App.Admin.Account.SetSchema(t.Context(), w.Host, s))
			},
			"update": func(rt *rapid.T) {
				u, refusal := account.ProfileUpdate{Set: make(map[account.Attribute]string)}, false
				next := maps.Clone(want)
				for _, a := range some.Draw(rt, "attributes") {
					to := rapid.SampledFrom([]string{values[a][0], values[a][1], "", want[a]}).Draw(rt, "to")
					u.Set[a], next[a] = to, to
					empty := to == "" && (required[a] || a == account.DisplayName)
					refusal = refusal || open[a] == policy.Off || to != want[a] && (open[a] != policy.Edit || empty)
				}
				err := w.App.Account.UpdateProfile(t.Context(), base.ada, u)
				require.Equal(rt, refusal, err != nil, "%v", err)
				if came["refused"]++; !refusal {
					came["taken"]++
					came["refused"]--
					want = next
				}
			},
			"": func(rt *rapid.T) {
				p, err := w.App.Admin.Account.Profile(t.Context(), w.Host, "ada")
				require.NoError(t, err)
				has := make(map[account.Attribute]string)
				for a, at := range places(&p) {
					has[a] = *at
				}
				require.Equal(rt, want, has)
				view, err := w.App.Account.Profile(t.Context(), base.ada)
				require.NoError(t, err)
				for _, a := range names {
					f, shown := view.Field(a)
					require.Equal(rt, open[a] != policy.Off, shown)
					require.True(rt, !shown || f.Value == want[a] && f.Edit.Allowed == (open[a] == policy.Edit))
				}
			},
		})
	})
	require.Greater(t, came["taken"], 50)
	require.Greater(t, came["refused"], 50)
	require.NotEmpty(t, base.Events(accounttest.Tenant))
}
