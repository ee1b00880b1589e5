package challenge_test

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// set gives ada's counter a number of wrong answers, the last one now.
func (d *desk) set(m challenge.Method, failed int) {
	d.T.Helper()
	c := d.counted(m)
	c.Tenant, c.Account, c.Method, c.Failed, c.FailedAt = contoso, "ada", m, failed, d.Clock.Now()
	require.NoError(d.T, d.DB.Challenges().Update(ctx, func(tx challenge.Tx) error { _, err := tx.PutCounter(c); return err }))
}

func TestAWrongAnswerIsCountedAlthoughTheChangeFails(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	for n := 1; n <= 4; n++ {
		d.wrongs(1, d.stepUp(), id, code)
		require.Equal(t, n, d.counted(challenge.SMS).Failed)
		require.Equal(t, n, d.kept("ada", id).Misses)
	}
	_, err := d.give(d.stepUp(), id, code)
	require.NoError(t, err)
	require.Zero(t, d.counted(challenge.SMS).Failed, "a proven factor ends the count")
	require.Zero(t, d.counted(challenge.SMS).FailedAt)
}

func TestWaitingTimesGrowWithWrongAnswers(t *testing.T) {
	for failed, want := range map[int]time.Duration{0: 0, 4: 0, 5: time.Minute, 6: 2 * time.Minute, 7: 4 * time.Minute, 8: 8 * time.Minute,
		9: 16 * time.Minute, 10: 24 * time.Hour, 99: 24 * time.Hour, 1000: 24 * time.Hour} {
		require.Equal(t, want, challenge.Wait(failed), "after %d", failed)
	}
	for _, failed := range []int{5, 6, 9, 10, 99} {
		d := newDesk(t)
		d.Clock.Advance(123456 * time.Microsecond)
		id, code := d.ask(d.stepUp(), phone)
		d.edit(id, func(c *challenge.Challenge) { c.ExpiresAt = d.Clock.Now().Add(48 * time.Hour) })
		d.set(challenge.SMS, failed)
		until := d.Clock.Now().Add(challenge.Wait(failed))
		before := rows(t, d.DB)
		for _, wait := range []time.Duration{0, challenge.Wait(failed) - time.Microsecond} {
			d.Clock.Advance(wait)
			_, err := d.give(d.stepUp(), id, code)
			denied := refused(t, err, policy.CodeThrottled, "after %d", failed)
			require.Equal(t, until, denied.Reason().Until)
			require.Equal(t, policy.WaitUntil, denied.Reason().Remedy)
		}
		requireSame(t, before, rows(t, d.DB), "nothing is judged while one has to wait")
		d.Clock.Advance(time.Microsecond)
		p, err := d.give(d.stepUp(), id, code)
		require.NoError(t, err, "after %d", failed)
		require.Equal(t, id, p.Challenge())
	}
}

// Who holds one link could otherwise silence all others of the account.
func TestNoCountOfTheAccountsKeepsALinkFromBeingHeard(t *testing.T) {
	d := newDesk(t)
	binding := func(session policy.SessionID) challenge.Binding {
		return challenge.Binding{Account: "ada", Purpose: challenge.CancelChange, Method: challenge.EmailLink, Target: "x", Session: session}
	}
	read := func(code secret.Text) challenge.Link {
		l, err := d.codes.Link(code)
		require.NoError(t, err)
		return l
	}
	id, own := d.ask(binding("own"), address)
	spoiled, _ := d.ask(binding("spoiled"), mobile)
	for n := 1; n <= 20; n++ {
		_, code := d.ask(binding("elsewhere"), address)
		wrong, err := d.codes.Answer(spoiled, code)
		require.NoError(t, err)
		_, err = d.answer(d.Host, binding("spoiled"), wrong)
		refused(t, err, challenge.CodeWrong)
		require.Equal(t, min(n, challenge.MaxMisses), d.kept("ada", spoiled).Misses, "counted by its challenge, which ends")
		require.Zero(t, d.counted(challenge.EmailLink).Failed)
		d.Clock.Advance(15 * time.Minute)
	}
	d.set(challenge.EmailLink, challenge.LockAfter)
	_, _ = d.ask(binding("another"), mobile)
	p, err := d.answer(d.Host, binding("own"), read(own).Answer)
	require.NoError(t, err)
	require.Equal(t, id, p.Challenge())
}

func TestAHundredWrongAnswersLockUntilSomebodyClears(t *testing.T) {
	d := newDesk(t)
	d.set(challenge.SMS, challenge.LockAfter-1)
	d.Clock.Advance(24 * time.Hour)
	id, code := d.ask(d.stepUp(), phone)
	d.wrongs(1, d.stepUp(), id, code)
	d.Clock.Advance(1000 * 24 * time.Hour)
	_, _, err := d.begin(d.Host, d.stepUp(), phone)
	refused(t, err, challenge.CodeLocked)
	d.edit(id, func(c *challenge.Challenge) { c.ExpiresAt = d.Clock.Now().Add(time.Hour) })
	_, err = d.give(d.stepUp(), id, code)
	denied := refused(t, err, challenge.CodeLocked, "the right code too")
	require.Equal(t, policy.AskAdministrator, denied.Reason().Remedy)

	voice := d.stepUp(func(b *challenge.Binding) { b.Method = challenge.Voice })
	called, spoken := d.ask(voice, phone)
	_, err = d.give(voice, called, spoken)
	require.NoError(t, err, "another method is not locked")
	require.Equal(t, challenge.LockAfter, d.counted(challenge.SMS).Failed, "and does not end this one's count")

	require.NoError(t, d.change(clearing, func(tx challenge.Tx, op *policy.Op) error {
		_, err := challenge.Clear(tx, op, "ada", challenge.SMS)
		return err
	}))
	_, err = d.give(d.stepUp(), id, code)
	require.NoError(t, err)
}

func TestNeitherANewChallengeNorASessionNorACodeBeginsTheCountAnew(t *testing.T) {
	d := newDesk(t)
	for i := range challenge.WaitAfter {
		b := d.stepUp(func(b *challenge.Binding) { b.Session = policy.SessionID("s" + strconv.Itoa(i)) })
		id, code := d.ask(b, []string{phone, mobile}[i%2])
		if i == 0 {
			var err error
			code, err = d.again(b, id)
			require.NoError(t, err)
		}
		d.wrongs(1, b, id, code)
		require.Equal(t, i+1, d.counted(challenge.SMS).Failed)
	}
	_, _, err := d.begin(d.Host, d.stepUp(), "+49 2")
	refused(t, err, policy.CodeThrottled)
}

func TestNoMoreGuessesAreJudgedThanTheLimitAllowsHoweverManyCome(t *testing.T) {
	d := newDesk(t)
	id, code := d.ask(d.stepUp(), phone)
	var judged, waited atomic.Int32
	together(200, func(int) {
		switch _, err := d.give(d.stepUp(), id, other(code)); codeOf(err) {
		case challenge.CodeWrong:
			judged.Add(1)
		case policy.CodeThrottled:
			waited.Add(1)
		default:
			t.Errorf("a guess got %v", err)
		}
	})
	require.EqualValues(t, challenge.WaitAfter, judged.Load())
	require.EqualValues(t, 200-challenge.WaitAfter, waited.Load())
	_, err := d.give(d.stepUp(), id, code)
	refused(t, err, policy.CodeThrottled, "the right one comes too late")
}

func TestFiveMissesEndAChallengeAndANewCodeDoesNotReviveIt(t *testing.T) {
	d := newDesk(t)
	b := d.stepUp()
	id, code := d.ask(b, phone)
	d.wrongs(challenge.MaxMisses-1, b, id, code)
	code, err := d.again(b, id)
	require.NoError(t, err)
	require.Equal(t, challenge.MaxMisses-1, d.kept("ada", id).Misses)
	d.wrongs(1, b, id, code)
	d.Clock.Advance(challenge.Wait(challenge.WaitAfter))
	_, err = d.give(b, id, code)
	refused(t, err, challenge.CodeWrong)
	_, err = d.again(b, id)
	refused(t, err, challenge.CodeWrong)
}

// Whoever stole a session may enrol a phone of their own. It must not begin the count of the owner's anew.
func TestAProvenAddressForgivesOnlyWhatWasMissedOnTheWayToIt(t *testing.T) {
	d := newDesk(t)
	enroll := challenge.Binding{Account: "ada", Purpose: challenge.Enroll, Method: challenge.SMS, Target: mobile, Session: "s1"}
	owners, code := d.ask(d.stepUp(), phone)
	d.wrongs(2, d.stepUp(), owners, code)
	theirs, sent := d.ask(enroll, mobile)
	d.wrongs(2, enroll, theirs, sent)
	require.Equal(t, 4, d.counted(challenge.SMS).Failed)
	_, err := d.give(enroll, theirs, sent)
	require.NoError(t, err)
	require.Equal(t, 2, d.counted(challenge.SMS).Failed)
	require.NotZero(t, d.counted(challenge.SMS).FailedAt)
}

func TestAttemptsThatARoomComparesItselfAreLimitedAlike(t *testing.T) {
	d := newDesk(t)
	try := func(right bool) error {
		_, err := policy.Do(ctx, d.guard, d.store, d.Host, finish, policy.Target{}, "",
			func(tx challenge.Tx, op *policy.Op, _ struct{}) (struct{}, policy.Change, error) {
				denied, err := challenge.Attempt(tx, op, "ada", "app-code", right)
				return struct{}{}, policy.Change{Subject: "ada", Failed: denied}, err
			})
		return err
	}
	require.NoError(t, try(true))
	for range challenge.WaitAfter - 1 {
		refused(t, try(false), challenge.CodeWrong)
	}
	require.NoError(t, try(true))
	for range challenge.WaitAfter {
		refused(t, try(false), challenge.CodeWrong)
	}
	refused(t, try(true), policy.CodeThrottled)
	d.Clock.Advance(time.Minute)
	require.NoError(t, try(true))
	require.Zero(t, d.counted(challenge.SMS).Failed)
}

func TestAClockThatIsSetBackShortensNoWaiting(t *testing.T) {
	d := newDesk(t)
	d.set(challenge.SMS, challenge.WaitAfter)
	d.Clock.Advance(-time.Hour)
	id := challenge.ID("x")
	_, err := d.give(d.stepUp(), id, secret.NewText("123456"))
	refused(t, err, policy.CodeThrottled)
	d.set(challenge.SMS, 1)
	at := d.counted(challenge.SMS).FailedAt
	d.Clock.Advance(-time.Hour)
	_, err = d.give(d.stepUp(), id, secret.NewText("123456"))
	refused(t, err, challenge.CodeWrong)
	require.Equal(t, at, d.counted(challenge.SMS).FailedAt)
}

func TestCodesAreSentOnlySoOften(t *testing.T) {
	d := newDesk(t)
	began := d.Clock.Now()
	ask := func(to string) error {
		_, _, err := d.begin(d.Host, d.stepUp(), to)
		d.Clock.Advance(time.Minute)
		return err
	}
	for range challenge.MaxSentTo {
		require.NoError(t, ask(phone))
	}
	denied := refused(t, ask(phone), policy.CodeThrottled)
	require.Equal(t, began.Add(challenge.SendWindow), denied.Reason().Until)
	for range challenge.MaxSent - challenge.MaxSentTo {
		require.NoError(t, ask(mobile))
	}
	refused(t, ask("+49 3"), policy.CodeThrottled)
	require.Len(t, d.counted(challenge.SMS).Sent, challenge.MaxSent)

	_, _, err := d.begin(d.Host, d.stepUp(func(b *challenge.Binding) { b.Method = challenge.Voice }), phone)
	require.NoError(t, err, "another method has a count of its own")

	d.Clock.Advance(d.until(began.Add(challenge.SendWindow)) - time.Microsecond)
	_, _, err = d.begin(d.Host, d.stepUp(), phone)
	refused(t, err, policy.CodeThrottled)
	d.Clock.Advance(time.Microsecond)
	_, _, err = d.begin(d.Host, d.stepUp(), phone)
	require.NoError(t, err)
	require.Len(t, d.counted(challenge.SMS).Sent, challenge.MaxSent)
}

func TestResendsCountAsSendings(t *testing.T) {
	d := newDesk(t)
	id, _ := d.ask(d.stepUp(), phone)
	for n := range challenge.MaxSentTo - 1 {
		_, err := d.again(d.stepUp(), id)
		require.NoError(t, err)
		require.Equal(t, n+1, d.kept("ada", id).Resends)
	}
	_, err := d.again(d.stepUp(), id)
	refused(t, err, policy.CodeThrottled)
}
