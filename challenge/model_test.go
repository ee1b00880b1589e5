package challenge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// model is what the package's comment says of challenges, in the plainest words: everything is remembered, and nothing
// is derived.
type model struct {
	now         time.Time
	credentials int
	all         []*modelled
	counts      map[challenge.Method]*tally
}

type modelled struct {
	challenge.Binding
	id          challenge.ID
	to          string
	codes       []secret.Text // the last one is live
	expires     time.Time
	credentials int
	misses      int
	over        bool // used or replaced
	swept       bool // removed by a later one, once it had expired
}

type tally struct {
	failed int
	last   time.Time
	sent   []challenge.Sending
}

func (m *model) tally(by challenge.Method) *tally {
	if m.counts[by] == nil {
		m.counts[by] = new(tally)
	}
	return m.counts[by]
}

func kindOf(b challenge.Binding) challenge.Kind {
	k, err := challenge.KindOf(b.Purpose, b.Method)
	if err != nil {
		panic(err)
	}
	return k
}

func (m *model) live(c *modelled) bool {
	return !c.over && c.misses < 5 && m.now.Before(c.expires) && (c.credentials == m.credentials || c.Purpose == challenge.CancelChange)
}

// waits is how somebody is refused before anything is looked at.
func (m *model) waits(by challenge.Method) policy.Code {
	if by == challenge.EmailLink {
		return "" // nobody guesses a link
	}
	t := m.tally(by)
	waits := []time.Duration{1, 2, 4, 8, 16}
	switch {
	case t.failed >= 100:
		return challenge.CodeLocked
	case t.failed >= 10 && m.now.Before(t.last.Add(24*time.Hour)),
		t.failed >= 5 && t.failed < 10 && m.now.Before(t.last.Add(waits[t.failed-5]*time.Minute)):
		return policy.CodeThrottled
	}
	return ""
}

// sends notes a sending, or tells how it is refused.
func (m *model) sends(by challenge.Method, to string) policy.Code {
	if code := m.waits(by); code != "" {
		return code
	}
	t := m.tally(by)
	same, lately := 0, 0
	for _, s := range t.sent {
		if m.now.Sub(s.At) < time.Hour {
			lately++
			if s.To == to {
				same++
			}
		}
	}
	if same >= 5 || lately >= 10 {
		return policy.CodeThrottled
	}
	t.sent = append(t.sent, challenge.Sending{To: to, At: m.now})
	return ""
}

func (m *model) issue(b challenge.Binding, to string) policy.Code {
	if code := m.sends(b.Method, to); code != "" {
		return code
	}
	for _, c := range m.all {
		if c.Purpose == b.Purpose && c.Method == b.Method && c.Session == b.Session {
			c.over = true
		}
		if !m.now.Before(c.expires) {
			c.swept = true
		}
	}
	m.all = append(m.all, &modelled{Binding: b, to: to, expires: m.now.Add(kindOf(b).Lifetime), credentials: m.credentials})
	return ""
}

func (m *model) resend(c *modelled) policy.Code {
	if !m.live(c) {
		return challenge.CodeWrong
	}
	if code := m.sends(c.Method, c.to); code != "" {
		return code
	}
	c.expires = m.now.Add(kindOf(c.Binding).Lifetime)
	return ""
}

// answer judges the code of a challenge, or a wrong one; want may be another than its binding.
func (m *model) answer(c *modelled, want challenge.Binding, right bool) policy.Code {
	if code := m.waits(want.Method); code != "" {
		return code
	}
	t := m.tally(want.Method)
	same := c.Binding == want && !c.swept
	switch {
	case same && right && m.live(c):
		if c.over = true; kindOf(want).Factor != 0 {
			t.failed = 0
		} else if want.Method != challenge.EmailLink {
			t.failed = max(0, t.failed-c.misses)
		}
		return ""
	case same && right:
		return challenge.CodeWrong
	case same && m.live(c):
		c.misses++
	}
	if want.Method == challenge.EmailLink {
		return challenge.CodeWrong
	}
	t.failed++
	t.last = m.now
	return challenge.CodeWrong
}

var someBindings = []challenge.Binding{
	{Account: "ada", Purpose: challenge.StepUp, Method: challenge.SMS, Target: "a", Session: "s1"},
	{Account: "ada", Purpose: challenge.StepUp, Method: challenge.SMS, Target: "b", Session: "s1"},
	{Account: "ada", Purpose: challenge.StepUp, Method: challenge.SMS, Target: "a", Session: "s2"},
	{Account: "ada", Purpose: challenge.StepUp, Method: challenge.Voice, Target: "a", Session: "s1"},
	{Account: "ada", Purpose: challenge.Enroll, Method: challenge.SMS, Target: "a", Session: "s1"},
	{Account: "ada", Purpose: challenge.Reset, Method: challenge.Email, Target: "a", Session: "s3"},
	{Account: "ada", Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: "a"},
}

func TestAnySequenceGoesAsThePackageSays(t *testing.T) {
	base := newDesk(t)
	outcomes := make(map[string]int)
	for range 5 { // so that each outcome comes about in some of them
		rapid.Check(t, anySequence(t, base, outcomes))
	}
	for _, what := range []string{"issue: ", "issue: throttled", "issue: method-locked", "resend: ", "resend: wrong-code", "resend: throttled",
		"resend: method-locked", "answer: ", "answer: wrong-code", "answer: throttled", "answer: method-locked"} {
		require.NotZero(t, outcomes[what], "%q never came about: %s", what, fmt.Sprint(outcomes))
	}
}

func anySequence(t *testing.T, base *desk, outcomes map[string]int) func(*rapid.T) {
	return func(r *rapid.T) {
		d := *base
		d.World = base.Fork(t)
		d.over(d.DB.Challenges())
		m := &model{now: d.Clock.Now(), counts: make(map[challenge.Method]*tally)}
		pick := func() *modelled {
			if len(m.all) == 0 {
				r.Skip("nothing is pending")
			}
			return m.all[len(m.all)-1-rapid.IntRange(0, min(3, len(m.all)-1)).Draw(r, "challenge")]
		}
		same := func(what string, want policy.Code, err error) {
			outcomes[what+": "+string(want)]++
			if got := codeOf(err); got != want {
				r.Fatalf("%s at %v: want %q, got %q: %v", what, m.now, want, got, err)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"": func(r *rapid.T) {
				for by, want := range m.counts {
					if got := d.counted(by).Failed; got != want.failed {
						r.Fatalf("%d failed by %s, want %d", got, by, want.failed)
					}
				}
			},
			"issue": func(r *rapid.T) {
				b := rapid.SampledFrom(someBindings).Draw(r, "binding")
				to := rapid.SampledFrom([]string{phone, mobile, address}).Draw(r, "to")
				want := m.issue(b, to)
				draft, c, err := d.begin(d.Host, b, to)
				same("issue", want, err)
				if err == nil {
					require.NoError(t, d.codes.Send(ctx, draft, c, ""))
					sent, _ := d.mail.Last(to)
					last := m.all[len(m.all)-1]
					last.id, last.codes = c.ID, []secret.Text{sent.Code}
				}
			},
			"resend": func(*rapid.T) {
				c := pick()
				want := m.resend(c)
				code, err := d.again(c.Binding, c.id)
				same("resend", want, err)
				if err == nil {
					c.codes = append(c.codes, code)
				}
			},
			"answer": func(r *rapid.T) {
				c := pick()
				want := c.Binding
				if rapid.IntRange(0, 5).Draw(r, "elsewhere") == 0 {
					want = rapid.SampledFrom(someBindings).Draw(r, "want")
				}
				code := c.codes[len(c.codes)-1]
				right := rapid.Bool().Draw(r, "right")
				old := c.codes[rapid.IntRange(0, len(c.codes)-1).Draw(r, "old")]
				if !right && old.Equal(code) {
					old = other(code)
				}
				if !right {
					code = old
				}
				expected := m.answer(c, want, right)
				p, err := d.giveAny(want, c.id, code)
				same("answer", expected, err)
				if err == nil && !p.For(contoso, want) {
					r.Fatal("the proof is for something else")
				}
			},
			"wait": func(r *rapid.T) {
				by := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Minute - time.Microsecond, time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour}).Draw(r, "wait")
				d.Clock.Advance(by)
				m.now = m.now.Add(by)
			},
			"change a credential": func(r *rapid.T) {
				if rapid.IntRange(0, 4).Draw(r, "really") > 0 {
					return
				}
				m.credentials++
				require.NoError(t, d.change(endPending, func(tx challenge.Tx, op *policy.Op) error {
					_, err := challenge.EndPending(tx, op, "ada")
					return err
				}))
			},
			"guess": func(r *rapid.T) {
				failed := rapid.SampledFrom([]int{0, 0, 0, 0, 4, 9, 10, 100}).Draw(r, "failed")
				if failed == 0 {
					return
				}
				by := rapid.SampledFrom([]challenge.Method{challenge.SMS, challenge.Voice, challenge.EmailLink}).Draw(r, "by")
				d.set(by, failed)
				m.tally(by).failed, m.tally(by).last = failed, m.now
			},
			"clear": func(r *rapid.T) {
				if rapid.IntRange(0, 4).Draw(r, "really") > 0 {
					return
				}
				m.tally(challenge.SMS).failed = 0
				require.NoError(t, d.change(clearing, func(tx challenge.Tx, op *policy.Op) error {
					_, err := challenge.Clear(tx, op, "ada", challenge.SMS)
					return err
				}))
			},
		})
	}
}

// giveAny is give for codes and links alike.
func (d *desk) giveAny(want challenge.Binding, id challenge.ID, code secret.Text) (challenge.Proof, error) {
	a, err := d.codes.Answer(id, code)
	if l, errLink := d.codes.Link(code); errLink == nil {
		a, err = l.Answer, nil
	}
	require.NoError(d.T, err)
	return d.answer(d.Host, want, a)
}
