package account_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// spoil gives a link another secret.
func spoil(link secret.Text, with string) secret.Text {
	parts := strings.Split(link.Reveal(), ".")
	parts[3] = base64.RawURLEncoding.EncodeToString([]byte(with))
	return secret.NewText(strings.Join(parts, "."))
}

// links are those that went to an address, in the order in which they were sent.
func (m mailed) links(to string) (all []secret.Text) {
	for _, msg := range m.Mail.All() {
		if msg.To == to && msg.Purpose == challenge.CancelChange {
			all = append(all, msg.Code)
		}
	}
	return all
}

// unproven gives Per another address, of which nobody knows whose it is.
func (m mailed) unproven(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, account.NewIdentifier{Account: "per", Kind: account.Email, Text: text}))
}

func TestAThiefCannotKeepTheOwnersLinkFromBeingHeardByOneOfTheirOwn(t *testing.T) {
	m := mail(t)
	owners := m.moved(t, m.session.Actor, perMail, "b@thief.example")
	_, _ = m.ask(t, m.session.Actor, "b@thief.example", "c@thief.example")
	thiefs := m.sent(t, "b@thief.example", challenge.CancelChange)
	for i := range 20 {
		refused(t, m.cancel(t, spoil(thiefs, fmt.Sprint("guess ", i))), challenge.CodeWrong)
	}
	refused(t, m.cancel(t, thiefs), challenge.CodeWrong) // so many misses end the link that they are of
	require.NoError(t, m.cancel(t, owners))
	require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail))
}

func TestATakeBackLeavesAThiefNoRecoveryCode(t *testing.T) {
	m := mail(t)
	link := m.moved(t, m.session.Actor, perMail, "b@thief.example")
	code, err := m.App.Account.NewRecoveryCode(t.Context(), m.session.Actor)
	require.NoError(t, err)
	require.NoError(t, m.cancel(t, link))
	_, err = m.App.Host.Account.Recover(t.Context(), m.Host, "per", code)
	refused(t, err, account.CodeWrongRecoveryCode)
	view, err := m.App.Account.RecoveryCode(t.Context(), m.start(t, "per").Actor)
	require.NoError(t, err)
	require.False(t, view.Exists)
}

func TestATakeBackMakesThePasswordUselessUntilAnotherIsSetForTheOwner(t *testing.T) {
	for name, thief := range map[string]func(*testing.T, mailed) string{
		"that was there before": func(*testing.T, mailed) string { return good },
		"that the thief set": func(t *testing.T, m mailed) string {
			require.NoError(t, m.change(t, m.session.Actor, good, better))
			return better
		},
	} {
		m := mail(t)
		link := m.moved(t, m.session.Actor, perMail, "b@thief.example")
		known := thief(t, m)
		require.NoError(t, m.cancel(t, link))
		refused(t, m.verify(t, "per", known, true), account.CodeWrongPassword)
		refused(t, m.change(t, m.start(t, "per").Actor, known, "an entirely other phrase of words"), account.CodePasswordSpent)
		require.NoError(t, m.App.Admin.Account.UnlockPassword(t.Context(), m.Host, "per"))
		require.NoError(t, m.App.Host.Account.ImportHash(t.Context(), m.Host, "per", credential(t, m.DB, "per").Hash))
		refused(t, m.verify(t, "per", known, true), account.CodeWrongPassword) // neither an administrator nor a sync brings it back
		require.Equal(t, policy.HighRisk, m.standing(t, "per").Risk, name)

		other := secret.NewText("some words after a reset by mail")
		first := m.Fork(t).App.Host.Account
		require.NoError(t, first.SetPassword(t.Context(), m.Host, "per", other), name)
		_, err := first.VerifyPassword(t.Context(), m.Host, account.PasswordAttempt{Account: "per", Password: other})
		require.NoError(t, err, name)
		require.NoError(t, m.reset(t, "per", other.Reveal(), recoveredAt(m.Clock.Now())), name)
		require.NoError(t, m.verify(t, "per", other.Reveal(), true), name)
	}
}

func TestATakeBackLeavesWhatHasNoPasswordAlone(t *testing.T) {
	m := mail(t)
	m.Person("wim", policy.Personal)
	m.add(t, "wim", account.Email, "wim@home.example")
	link := m.moved(t, m.start(t, "wim").Actor, "wim@home.example", newMail)
	require.NoError(t, m.cancel(t, link))
	require.True(t, m.standing(t, "wim").MustChangePassword, "there is to be one before anything else")
	require.NoError(t, m.App.Account.SetFirstPassword(t.Context(), m.start(t, "wim").Actor, secret.NewText(good)))
	require.NoError(t, m.verify(t, "wim", good, true))
	require.False(t, m.standing(t, "wim").MustChangePassword)
}

func TestATakeBackUndoesWhatWasAskedSinceWhicheverAddressItReplaced(t *testing.T) {
	m := mail(t)
	m.unproven(t, "p2@home.example")
	m.unproven(t, "p3@home.example")
	link := m.moved(t, m.session.Actor, perMail, "x@thief.example")
	id, code := m.ask(t, m.session.Actor, "p2@home.example", "y@thief.example")
	require.NoError(t, m.confirm(t, m.session.Actor, id, code))
	id, code = m.ask(t, m.session.Actor, "p3@home.example", "p3@home.example")
	require.NoError(t, m.confirm(t, m.session.Actor, id, code))
	require.NoError(t, m.cancel(t, link))
	require.Equal(t, []string{perMail}, m.notices(t, "per"))
	for _, gone := range []string{"x@thief.example", "y@thief.example"} {
		require.Empty(t, m.lookup(t, gone))
	}
	v := m.profile(t, m.start(t, "per").Actor)
	require.Len(t, v.Emails, 3)
	for _, e := range v.Emails {
		require.Equal(t, e.Address == perMail, e.Primary, e.Address)
		require.Equal(t, e.Address == perMail, e.Proven, "%s: who proved it was not the owner, it seems", e.Address)
	}
}

func TestATakeBackLeavesWhatWasChangedBefore(t *testing.T) {
	m := mail(t)
	m.add(t, "per", account.Email, "p2@home.example")
	first := m.moved(t, m.session.Actor, "p2@home.example", "p3@home.example")
	second := m.moved(t, m.session.Actor, perMail, newMail)
	require.NoError(t, m.cancel(t, second))
	require.Equal(t, []string{perMail, "p3@home.example"}, m.emails(t, m.start(t, "per").Actor))
	require.NoError(t, m.cancel(t, first), "whose link still acts")
	require.Equal(t, []string{perMail, "p2@home.example"}, m.emails(t, m.start(t, "per").Actor))
}

func TestAnAddressThatComesBackWhereThereIsNoneIsThePrimaryOne(t *testing.T) {
	m := mail(t)
	link := m.moved(t, m.session.Actor, perMail, newMail)
	require.NoError(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "per", newMail))
	require.NoError(t, m.cancel(t, link))
	v := m.profile(t, m.start(t, "per").Actor)
	require.Len(t, v.Emails, 1)
	require.Equal(t, []any{perMail, true, true}, []any{v.Emails[0].Address, v.Emails[0].Primary, v.Emails[0].Proven})
}

func TestAnAddressThatWasToldAsAUserNameSinceComesBackAsAnAddress(t *testing.T) {
	m := mail(t)
	m.add(t, "per", account.UserName, "per.m")
	link := m.moved(t, m.session.Actor, perMail, "b@thief.example")
	name := account.NewIdentifier{Account: "per", Kind: account.UserName, Text: perMail, Primary: true} // as a directory that knows no addresses
	require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, name))
	require.NoError(t, m.cancel(t, link))
	require.Equal(t, []string{perMail}, m.notices(t, "per"))
	all, err := m.App.Host.Account.Identifiers(t.Context(), m.Host, "per")
	require.NoError(t, err)
	primary := make(map[account.IdentifierKind]string)
	for _, i := range all {
		if i.Primary {
			require.Empty(t, primary[i.Kind], "one of each kind")
			primary[i.Kind] = i.Text
		}
	}
	require.Equal(t, map[account.IdentifierKind]string{account.Email: perMail, account.UserName: "per.m"}, primary)
}

func TestATakeBackEndsTheLinksOfWhatItUndoes(t *testing.T) {
	m := mail(t)
	other := m.start(t, "per").Actor
	_, _ = m.ask(t, m.session.Actor, perMail, "a@new.example")
	_, _ = m.ask(t, other, perMail, "b@new.example")
	links := m.links(perMail)
	require.NoError(t, m.cancel(t, links[0]))
	refused(t, m.cancel(t, links[1]), challenge.CodeWrong) // asked for after it

	m = mail(t)
	other = m.start(t, "per").Actor
	early, code := m.ask(t, m.session.Actor, perMail, "a@new.example")
	_, _ = m.ask(t, other, perMail, "b@new.example")
	links = m.links(perMail)
	require.NoError(t, m.cancel(t, links[1]))
	require.NoError(t, m.reset(t, "per", better, recoveredAt(m.Clock.Now())))
	refused(t, m.confirm(t, m.start(t, "per").Actor, early, code), challenge.CodeWrong) // asked for before it
	require.Empty(t, m.profile(t, m.start(t, "per").Actor).Pending)
	require.NoError(t, m.cancel(t, links[0]), "nobody who asks later takes the link from whoever got one earlier")
}

func TestEveryProvenAddressIsSentALinkThatTakesAChangeBack(t *testing.T) {
	for taker := range 2 {
		m := mail(t)
		m.add(t, "per", account.Email, "p2@home.example")
		m.unproven(t, "p3@home.example")
		m.add(t, "per", account.UserName, "per")
		proven := []string{perMail, "p2@home.example"}
		id, code := m.ask(t, m.session.Actor, "p3@home.example", "y@thief.example")
		for _, to := range proven {
			require.Len(t, m.links(to), 1, "it was not this one that is replaced, and is told")
		}
		require.Len(t, m.Mail.All(), 3)
		require.NoError(t, m.confirm(t, m.session.Actor, id, code))
		require.NoError(t, m.cancel(t, m.links(proven[taker])[0]))
		require.Empty(t, m.lookup(t, "y@thief.example"))
		require.Equal(t, policy.AccountID("per"), m.lookup(t, "p3@home.example"))
		refused(t, m.cancel(t, m.links(proven[1-taker])[0]), challenge.CodeWrong) // once
	}
}

func TestLinksThatLieInMailboxesForAMonthKeepNoCodeFromBeingSent(t *testing.T) {
	m := mail(t)
	for i := range 8 {
		m.add(t, "per", account.Email, fmt.Sprintf("p%d@home.example", i))
	}
	leaver(m).furnish(t, "per", home("per"))
	for i := range 8 { // ten links each
		m.Clock.Advance(time.Hour)
		_, err := m.App.Account.ChangeEmail(t.Context(), m.SignIn(m.per), perMail, fmt.Sprintf("n%d@new.example", i))
		if err != nil {
			refused(t, err, policy.CodeThrottled)
		}
	}
	l := leaver(m)
	require.NoError(t, l.close(t, m.SignIn(m.per), 30))
	require.NoError(t, l.reopen(t, "per"))
}

func TestATakeBackEndsAClosingThatThePersonBegan(t *testing.T) {
	m := mail(t)
	l := leaver(m)
	link := m.moved(t, m.session.Actor, perMail, "b@thief.example")
	require.NoError(t, m.change(t, m.session.Actor, good, better))
	require.NoError(t, l.close(t, m.session.Actor, 30))
	m.Clock.Advance(time.Hour)
	restored := l.told("Restore user", policy.Succeeded)
	require.NoError(t, m.cancel(t, link))
	require.Equal(t, policy.Active, l.state(t, "per"))
	require.Equal(t, restored+1, l.told("Restore user", policy.Succeeded))
	m.Clock.Advance(31 * day)
	require.Zero(t, l.purge(t))
	require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail))
}

func TestALinkActsOnAChangeThatWasGivenUpReplacedOrTooLate(t *testing.T) {
	for name, over := range map[string]func(*testing.T, mailed, challenge.ID){
		"given up": func(t *testing.T, m mailed, id challenge.ID) {
			require.NoError(t, m.App.Account.DropEmailChange(t.Context(), m.session.Actor, id))
		},
		"replaced": func(t *testing.T, m mailed, _ challenge.ID) {
			_, _ = m.ask(t, m.session.Actor, perMail, "another@new.example")
		},
		"too late": func(_ *testing.T, m mailed, _ challenge.ID) { m.Clock.Advance(2 * time.Hour) },
	} {
		m := mail(t)
		id, _ := m.ask(t, m.session.Actor, perMail, newMail)
		link := m.sent(t, perMail, challenge.CancelChange)
		over(t, m, id)
		require.NoError(t, m.cancel(t, link), name)
		require.False(t, m.alive(t, m.session.Token), "%s: whoever asked for it was not the owner", name)
		refused(t, m.cancel(t, link), challenge.CodeWrong)
	}
}

func TestAskingInOneSessionLeavesWhatAnotherAsked(t *testing.T) {
	m := mail(t)
	other := m.start(t, "per").Actor
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	_, _ = m.ask(t, other, perMail, "b@new.example")
	require.Len(t, m.profile(t, other).Pending, 2)
	require.NoError(t, m.confirm(t, m.session.Actor, id, code))
	require.Equal(t, policy.AccountID("per"), m.lookup(t, newMail))
}

func TestWithoutASessionAChangeIsOfTheSignInThatAsked(t *testing.T) {
	m := mail(t)
	asker := m.SignIn(m.per)
	id, code := m.ask(t, asker, perMail, newMail)
	m.Clock.Advance(time.Minute)
	other := m.SignIn(m.per)
	require.False(t, m.profile(t, other).Pending[0].Here)
	require.True(t, m.profile(t, asker).Pending[0].Here)
	refused(t, m.confirm(t, other, id, code), challenge.CodeWrong)
	refused(t, m.confirm(t, m.session.Actor, id, code), challenge.CodeWrong)
	later, _ := m.ask(t, other, perMail, "b@new.example")
	require.NotEqual(t, id, later)
	require.Len(t, m.profile(t, asker).Pending, 2, "nor does another sign-in end it")
	require.NoError(t, m.confirm(t, asker, id, code))
	require.Equal(t, policy.AccountID("per"), m.lookup(t, newMail))
}

// fussy delivers nothing to some addresses.
type fussy struct {
	*accounttest.Mailbox
	not []string
}

func (f fussy) Send(ctx context.Context, m challenge.Message) error {
	if slices.Contains(f.not, m.To) {
		return errors.New("550 no such mailbox")
	}
	return f.Mailbox.Send(ctx, m)
}

func TestWhoLostTheOldMailboxCanLeaveIt(t *testing.T) {
	box := new(accounttest.Mailbox)
	m := mail(t, myaccount.WithSender(fussy{box, []string{perMail}}))
	id, err := m.App.Account.ChangeEmail(t.Context(), m.session.Actor, perMail, newMail)
	require.ErrorIs(t, err, challenge.ErrNotSent)
	require.ErrorContains(t, err, "550")
	code, sent := box.Last(newMail)
	require.True(t, sent, "the new address gets its code in any case")
	require.NoError(t, m.confirm(t, m.session.Actor, id, code.Code))
	require.Equal(t, policy.AccountID("per"), m.lookup(t, newMail))
}

func TestAnErasedAccountLeavesNoAddressThatItWanted(t *testing.T) {
	m := mail(t)
	l := leaver(m)
	_, _ = m.ask(t, m.session.Actor, perMail, "wanted-once@new.example")
	require.NoError(t, l.close(t, m.session.Actor, 30))
	require.Contains(t, saved(t, m.DB), "wanted-once")
	l.Clock.Advance(30 * day)
	require.Equal(t, 1, l.purge(t))
	require.NotContains(t, saved(t, m.DB), "wanted-once")
}

func TestACodeThatDidNotArriveIsSentAgainAndCountsAsNoOtherChange(t *testing.T) {
	m := mail(t)
	actor := m.SignIn(m.per)
	m.Mail.Fail(errors.New("no route"))
	id, err := m.App.Account.ChangeEmail(t.Context(), actor, perMail, newMail)
	require.ErrorIs(t, err, challenge.ErrNotSent)
	err = m.App.Account.ResendEmailCode(t.Context(), actor, id)
	require.ErrorIs(t, err, challenge.ErrNotSent)
	m.Mail.Fail(nil)
	require.NoError(t, m.App.Account.ResendEmailCode(t.Context(), actor, id))
	old := m.sent(t, newMail, challenge.ChangeEmail)
	m.Clock.Advance(59 * time.Minute)
	require.NoError(t, m.App.Account.ResendEmailCode(t.Context(), actor, id))
	m.Clock.Advance(59 * time.Minute)
	require.Equal(t, m.Clock.Now().Add(time.Minute), m.profile(t, actor).Pending[0].Until)
	refused(t, m.confirm(t, actor, id, old), challenge.CodeWrong)
	require.NoError(t, m.confirm(t, actor, id, m.sent(t, newMail, challenge.ChangeEmail)))
	refused(t, m.App.Account.ResendEmailCode(t.Context(), m.SignIn(m.per), id), policy.CodeNotFound)

	for i := range 10 { // the first was of no avail at all
		m.Clock.Advance(time.Hour)
		_, _ = m.ask(t, m.SignIn(m.per), newMail, fmt.Sprintf("p%d@new.example", i))
	}
	m.Clock.Advance(time.Hour)
	_, err = m.App.Account.ChangeEmail(t.Context(), m.SignIn(m.per), newMail, "last@new.example")
	refused(t, err, policy.CodeThrottled)
}

func TestACodeIsSentAgainForTheSessionThatAskedAndForADay(t *testing.T) {
	m := mail(t)
	id, _ := m.ask(t, m.session.Actor, perMail, newMail)
	refused(t, m.App.Account.ResendEmailCode(t.Context(), m.start(t, "per").Actor, id), challenge.CodeWrong)
	refused(t, m.App.Account.ResendEmailCode(t.Context(), m.SignIn(m.per), id), challenge.CodeWrong)
	refused(t, m.App.Account.ResendEmailCode(t.Context(), m.ada, id), policy.CodeNotFound)
	invalid(t, m.App.Account.ResendEmailCode(t.Context(), m.session.Actor, ""), "id")

	actor := m.SignIn(m.per)
	id, _ = m.ask(t, actor, perMail, "b@new.example")
	for range 47 {
		m.Clock.Advance(30 * time.Minute)
		require.NoError(t, m.App.Account.ResendEmailCode(t.Context(), actor, id))
	}
	m.Clock.Advance(30 * time.Minute)
	refused(t, m.App.Account.ResendEmailCode(t.Context(), actor, id), policy.CodeNotFound)
	require.NoError(t, m.confirm(t, actor, id, m.sent(t, "b@new.example", challenge.ChangeEmail)))
}

func TestAChangeOfWhichNobodyGotAnythingDoesNotCount(t *testing.T) {
	box := &fussy{Mailbox: new(accounttest.Mailbox), not: []string{perMail, "Nowhere@new.example"}}
	m := mail(t, myaccount.WithSender(box))
	ask := func(fresh string) error {
		m.Clock.Advance(time.Hour)
		_, err := m.App.Account.ChangeEmail(t.Context(), m.SignIn(m.per), perMail, fresh)
		return err
	}
	for range 12 {
		require.ErrorIs(t, ask("Nowhere@new.example"), challenge.ErrNotSent)
	}
	for i := range 10 {
		require.ErrorIs(t, ask(fmt.Sprintf("p%d@new.example", i)), challenge.ErrNotSent)
	}
	refused(t, ask("Nowhere@new.example"), policy.CodeThrottled)
}
