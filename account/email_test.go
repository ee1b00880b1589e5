package account_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

const (
	perMail = "Per@home.example"
	newMail = "per@new.example"
)

// mailed is a world where Per has an address that he proved, and Ada one of her organization's.
type mailed struct{ withPassword }

func mail(t *testing.T, options ...myaccount.Option) mailed {
	m := mailed{passwords(t, options...)}
	m.add(t, "per", account.Email, perMail)
	m.add(t, "ada", account.Email, "ada@contoso.example")
	m.add(t, "ada", account.UserName, "ada")
	return m
}

func (m mailed) give(t *testing.T, id policy.AccountID, kind account.IdentifierKind, text string) error {
	n := account.NewIdentifier{Account: id, Kind: kind, Text: text}
	if kind == account.Email {
		n.ProvenAt = m.Clock.Now()
	}
	return m.App.Host.Account.AddIdentifier(t.Context(), m.Host, n)
}

func (m mailed) add(t *testing.T, id policy.AccountID, kind account.IdentifierKind, text string) {
	t.Helper()
	require.NoError(t, m.give(t, id, kind, text))
}

func (m mailed) emails(t *testing.T, a policy.Actor) (all []string) {
	t.Helper()
	for _, e := range m.profile(t, a).Emails {
		all = append(all, e.Address)
	}
	return all
}

// ask asks for a change and gives the code.
func (m mailed) ask(t *testing.T, a policy.Actor, old, fresh string) (challenge.ID, secret.Text) {
	t.Helper()
	id, err := m.App.Account.ChangeEmail(t.Context(), a, old, fresh)
	require.NoError(t, err)
	return id, m.sent(t, fresh, challenge.ChangeEmail)
}

// sent is what the last message to an address carried.
func (m mailed) sent(t *testing.T, to string, p challenge.Purpose) secret.Text {
	t.Helper()
	msg, ok := m.Mail.Last(to)
	require.True(t, ok, "nothing was sent to %s", to)
	require.Equal(t, p, msg.Purpose)
	return msg.Code
}

func (m mailed) confirm(t *testing.T, a policy.Actor, id challenge.ID, code secret.Text) error {
	return m.App.Account.ConfirmEmail(t.Context(), a, id, code)
}

func (m mailed) cancel(t *testing.T, link secret.Text) error {
	return m.App.Host.Account.CancelEmailChange(t.Context(), m.Host, link)
}

// moved changes Per's address in a session, and gives the link that the old one got.
func (m mailed) moved(t *testing.T, a policy.Actor, old, fresh string) secret.Text {
	t.Helper()
	id, code := m.ask(t, a, old, fresh)
	link := m.sent(t, old, challenge.CancelChange)
	require.NoError(t, m.confirm(t, a, id, code))
	return link
}

func (m mailed) standing(t *testing.T, id policy.AccountID) policy.Standing {
	t.Helper()
	st, err := m.App.Host.Accounts.Account(t.Context(), m.Host, id)
	require.NoError(t, err)
	return st
}

func (m mailed) lookup(t *testing.T, typed string) policy.AccountID {
	t.Helper()
	id, err := m.App.Host.Account.Lookup(t.Context(), m.Host, typed)
	if err != nil {
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	return id
}

func (m mailed) notices(t *testing.T, id policy.AccountID) []string {
	t.Helper()
	to, err := m.App.Host.Account.NoticeAddresses(t.Context(), m.Host, id)
	require.NoError(t, err)
	return to
}

func TestAnAddressChangesWhenTheNewOneIsProvenAndNotBefore(t *testing.T) {
	m := mail(t)
	other, before := m.start(t, "per"), m.standing(t, "per")
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail), "the old one is good until then")
	require.Empty(t, m.lookup(t, newMail))
	require.Equal(t, []string{perMail}, m.emails(t, m.session.Actor))
	pending := m.profile(t, m.session.Actor).Pending
	require.Len(t, pending, 1)
	require.Equal(t, account.PendingEmail{ID: id, Old: perMail, New: newMail, Until: m.Clock.Now().Add(time.Hour), Here: true}, pending[0])
	require.True(t, m.alive(t, other.Token))

	require.NoError(t, m.confirm(t, m.session.Actor, id, code))
	require.Equal(t, policy.AccountID("per"), m.lookup(t, newMail))
	require.Empty(t, m.lookup(t, perMail))
	v := m.profile(t, m.session.Actor)
	require.Empty(t, v.Pending)
	require.Len(t, v.Emails, 1)
	require.True(t, v.Emails[0].Primary)
	require.True(t, v.Emails[0].Proven)
	require.False(t, m.alive(t, other.Token), "other sessions end")
	require.True(t, m.alive(t, m.session.Token), "the present one goes on")
	require.Equal(t, before.Credentials+1, m.standing(t, "per").Credentials, "what else was pending is void")
	require.ElementsMatch(t, []string{perMail, newMail}, m.notices(t, "per"), "both are told")
	m.Clock.Advance(account.TakeBackTime)
	require.Equal(t, []string{newMail}, m.notices(t, "per"))
	refused(t, m.confirm(t, m.SignIn(m.session.Actor), id, code), policy.CodeSessionEnded)
}

func TestEveryStepOfAChangeIsAnEventWithoutAddressesThatThePersonIsToldOf(t *testing.T) {
	m := mail(t)
	from := len(m.Events(accounttest.Tenant))
	link := m.moved(t, m.session.Actor, perMail, newMail)
	require.NoError(t, m.cancel(t, link))
	events := m.Events(accounttest.Tenant)[from:]
	require.Len(t, events, 3)
	for i, fact := range []string{"asked", "changed", "taken back"} {
		e := events[i]
		require.Equal(t, "Update user", e.Activity)
		require.Equal(t, policy.AccountID("per"), e.Account)
		require.Equal(t, []policy.Fact{{Name: fact, Value: "e-mail"}}, e.Facts)
		require.True(t, e.Notify)
		require.NotContains(t, strings.ToLower(fmt.Sprintf("%+v", e)), "per@")
	}
}

func TestACodeIsForTheSessionThatAskedAndForItsChangeAlone(t *testing.T) {
	m := mail(t)
	other := m.start(t, "per")
	a, codeA := m.ask(t, m.session.Actor, perMail, "a@new.example")
	b, codeB := m.ask(t, other.Actor, perMail, "b@new.example")
	refused(t, m.confirm(t, other.Actor, a, codeA), challenge.CodeWrong)
	refused(t, m.confirm(t, other.Actor, b, codeA), challenge.CodeWrong)
	refused(t, m.confirm(t, m.session.Actor, b, codeA), challenge.CodeWrong)
	refused(t, m.confirm(t, m.session.Actor, "unknown", codeA), challenge.CodeWrong)
	require.Equal(t, []string{perMail}, m.emails(t, m.session.Actor))
	require.NoError(t, m.confirm(t, other.Actor, b, codeB))
	require.Equal(t, []string{"b@new.example"}, m.emails(t, other.Actor))
	_ = refused(t, m.confirm(t, m.session.Actor, a, codeA), policy.CodeSessionEnded)
}

func TestOfTwoChangesInOneSessionTheLaterCounts(t *testing.T) {
	m := mail(t)
	a, codeA := m.ask(t, m.session.Actor, perMail, "a@new.example")
	b, codeB := m.ask(t, m.session.Actor, perMail, "b@new.example")
	require.Len(t, m.profile(t, m.session.Actor).Pending, 1)
	refused(t, m.confirm(t, m.session.Actor, a, codeA), challenge.CodeWrong)
	require.NoError(t, m.confirm(t, m.session.Actor, b, codeB))
	require.Equal(t, []string{"b@new.example"}, m.emails(t, m.session.Actor))
}

func TestACodeIsGoodForAnHourAndOnce(t *testing.T) {
	m := mail(t)
	id, code := m.ask(t, m.per, perMail, newMail)
	m.Clock.Advance(time.Hour)
	require.Empty(t, m.profile(t, m.per).Pending)
	refused(t, m.confirm(t, m.per, id, code), challenge.CodeWrong)
	m.per = m.SignIn(m.per)
	id, code = m.ask(t, m.per, perMail, newMail)
	require.NoError(t, m.confirm(t, m.per, id, code))
	refused(t, m.confirm(t, m.per, id, code), challenge.CodeWrong)
}

func TestAChangeThatWasGivenUpCannotBeConfirmed(t *testing.T) {
	m := mail(t)
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	refused(t, m.App.Account.DropEmailChange(t.Context(), m.ada, id), policy.CodeNotFound)
	require.NoError(t, m.App.Account.DropEmailChange(t.Context(), m.session.Actor, id))
	require.Empty(t, m.profile(t, m.session.Actor).Pending)
	refused(t, m.confirm(t, m.session.Actor, id, code), account.CodeEmailChanged)
	refused(t, m.App.Account.DropEmailChange(t.Context(), m.session.Actor, id), policy.CodeNotFound)
}

func TestAChangedPasswordEndsAPendingChange(t *testing.T) {
	m := mail(t)
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	require.NoError(t, m.change(t, m.session.Actor, good, better))
	require.Empty(t, m.profile(t, m.session.Actor).Pending)
	refused(t, m.confirm(t, m.session.Actor, id, code), challenge.CodeWrong)
}

func TestAChangeIsRefusedIfTheOldAddressIsNotWhatItWas(t *testing.T) {
	m := mail(t)
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	first := account.NewIdentifier{Account: "per", Kind: account.Email, Text: "first@home.example", Primary: true}
	require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, first)) // which perMail was
	refused(t, m.confirm(t, m.session.Actor, id, code), account.CodeEmailChanged)
	refused(t, m.confirm(t, m.session.Actor, id, code), challenge.CodeWrong)
	require.Empty(t, m.lookup(t, newMail))
}

func TestAChangeThatNobodyCanConfirmAnyMoreIsNotShownAsPending(t *testing.T) {
	for name, end := range map[string]func(mailed, *testing.T){
		"the session that asked ended": func(m mailed, t *testing.T) {
			require.NoError(t, m.App.SignIns.End(t.Context(), m.session.Actor, m.session.Actor.Session))
		},
		"the old address is another": func(m mailed, t *testing.T) {
			require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host,
				account.NewIdentifier{Account: "per", Kind: account.Email, Text: "another@home.example", Primary: true})) // no longer the primary one
		},
	} {
		m := mail(t)
		other := m.start(t, "per").Actor
		_, _ = m.ask(t, m.session.Actor, perMail, newMail)
		require.Len(t, m.profile(t, other).Pending, 1, name)
		require.False(t, m.profile(t, other).Pending[0].Here, name)
		end(m, t)
		require.Empty(t, m.profile(t, other).Pending, name)
	}
}

func TestAChangeDiesWithTheAddressThatItReplacesAndComesBackWithNone(t *testing.T) {
	m := mail(t)
	id, code := m.ask(t, m.SignIn(m.per), perMail, newMail)
	asker := m.SignIn(m.per)
	require.NoError(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "per", perMail))
	m.add(t, "per", account.Email, perMail) // it looks the same, and is another
	refused(t, m.confirm(t, asker, id, code), challenge.CodeWrong)
	require.Empty(t, m.lookup(t, newMail))
}

func TestAChangeNeedsFreshProofAndASettledAccount(t *testing.T) {
	m := mail(t)
	m.Clock.Advance(16 * time.Minute)
	_, err := m.App.Account.ChangeEmail(t.Context(), m.session.Actor, perMail, newMail)
	refused(t, err, policy.CodeFresherProof)
	require.Equal(t, policy.CodeFresherProof, m.profile(t, m.session.Actor).Emails[0].Edit.Reason().Code)
	fresh := m.SignIn(m.session.Actor)
	st := m.standing(t, "per")
	st.RestrictedUntil = m.Clock.Now().Add(time.Hour)
	require.NoError(t, m.DB.Account().Update(t.Context(), func(tx account.Tx) error { _, err := tx.PutStanding(st); return err }))
	_, err = m.App.Account.ChangeEmail(t.Context(), fresh, perMail, newMail)
	refused(t, err, policy.CodeRestricted)
}

func TestWorkAddressesAreTheOrganizationsUnlessTheSchemaOpensThem(t *testing.T) {
	m := mail(t)
	_, err := m.App.Account.ChangeEmail(t.Context(), m.ada, "ada@contoso.example", "ada@new.example")
	require.Contains(t, refused(t, err, account.CodeAttributeReadOnly).Reason().Message(), "E-mail")
	v := m.profile(t, m.ada)
	require.Equal(t, account.CodeAttributeReadOnly, v.Emails[0].Edit.Reason().Code)
	require.Equal(t, []string{"ada"}, v.UserNames)
	invalid(t, m.App.Account.UpdateProfile(t.Context(), m.per, set(account.EmailAddress, newMail)), "e-mail")

	s := account.DefaultSchema()
	s.Rules[account.EmailAddress] = account.AttributeRule{Work: policy.Edit}
	require.NoError(t, m.App.Admin.Account.SetSchema(t.Context(), m.Host, s))
	id, code := m.ask(t, m.ada, "ada@contoso.example", "ada@new.example")
	require.NoError(t, m.confirm(t, m.ada, id, code))
	require.Equal(t, policy.AccountID("ada"), m.lookup(t, "ada@new.example"))
	require.Empty(t, m.profile(t, m.per).Emails, "the rule shows them to work accounts only")
}

func TestWhoseAddressItIsLearnsOnlyWhoProvedIt(t *testing.T) {
	m := mail(t)
	free, _ := m.ask(t, m.session.Actor, perMail, newMail)
	taken, err := m.App.Account.ChangeEmail(t.Context(), m.session.Actor, perMail, "ADA@contoso.example")
	require.NoError(t, err, "as for a free one")
	require.Equal(t, len(free), len(taken))
	refused(t, m.confirm(t, m.session.Actor, taken, secret.NewText("000000")), challenge.CodeWrong)
	code := m.sent(t, "ADA@contoso.example", challenge.ChangeEmail)
	refused(t, m.confirm(t, m.session.Actor, taken, code), account.CodeIdentifierTaken)
	require.Equal(t, []string{perMail}, m.emails(t, m.session.Actor))
	require.Equal(t, policy.AccountID("ada"), m.lookup(t, "ada@contoso.example"))

	_, err = m.App.Account.ChangeEmail(t.Context(), m.session.Actor, perMail, strings.ToLower(perMail))
	refused(t, err, account.CodeSameEmail)
	for _, old := range []string{"ada@contoso.example", "nobody@contoso.example"} {
		_, err = m.App.Account.ChangeEmail(t.Context(), m.session.Actor, old, "x@new.example")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}

func TestManyWantOneAddressAndOneGetsIt(t *testing.T) {
	m := mail(t)
	const n = 64
	var actors [n]policy.Actor
	var ids [n]challenge.ID
	var codes [n]secret.Text
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		actors[i] = m.Person(policy.AccountID(name), policy.Personal)
		m.add(t, policy.AccountID(name), account.Email, name+"@home.example")
		ids[i], codes[i] = m.ask(t, actors[i], name+"@home.example", "wanted@new.example")
	}
	var errs [n]error
	testkit.Together(n, func(i int) { errs[i] = m.confirm(t, actors[i], ids[i], codes[i]) })
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			require.Equal(t, actors[i].Account, m.lookup(t, "wanted@new.example"))
			continue
		}
		refused(t, err, account.CodeIdentifierTaken)
		require.Equal(t, actors[i].Account, m.lookup(t, fmt.Sprintf("p%d@home.example", i)), "who lost keeps what they had")
	}
	require.Equal(t, 1, won)
}

func TestTheOldAddressTakesAChangeBackBeforeItIsConfirmed(t *testing.T) {
	m := mail(t)
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	require.NoError(t, m.cancel(t, m.sent(t, perMail, challenge.CancelChange)))
	require.False(t, m.alive(t, m.session.Token))
	refused(t, m.confirm(t, m.session.Actor, id, code), policy.CodeSessionEnded)
	require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail))
	st := m.standing(t, "per")
	require.Equal(t, policy.HighRisk, st.Risk)
	require.True(t, st.MustChangePassword)
	a := m.start(t, "per").Actor
	refused(t, m.confirm(t, a, id, code), policy.CodeMustChangePassword)
	require.NoError(t, m.reset(t, "per", better, recoveredAt(m.Clock.Now())), "the old one is of no use any more")
	refused(t, m.confirm(t, m.start(t, "per").Actor, id, code), challenge.CodeWrong)
}

func TestTheOldAddressTakesAChangeBackForThirtyDaysAndOnce(t *testing.T) {
	m := mail(t)
	link := m.moved(t, m.session.Actor, perMail, newMail)
	m.Clock.Advance(account.TakeBackTime - time.Second)
	require.NoError(t, m.cancel(t, link))
	require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail))
	require.Empty(t, m.lookup(t, newMail))
	require.False(t, m.alive(t, m.session.Token))
	require.Equal(t, []string{perMail}, m.notices(t, "per"), "nothing goes to whoever took it")
	require.True(t, m.profile(t, m.start(t, "per").Actor).Emails[0].Primary)
	refused(t, m.cancel(t, link), challenge.CodeWrong)

	late := mail(t)
	link = late.moved(t, late.session.Actor, perMail, newMail)
	late.Clock.Advance(account.TakeBackTime)
	refused(t, late.cancel(t, link), challenge.CodeWrong)
	require.Equal(t, policy.AccountID("per"), late.lookup(t, newMail))
}

func TestNoFurtherChangeKeepsTheFirstAddressFromComingBack(t *testing.T) {
	m := mail(t)
	first := m.moved(t, m.session.Actor, perMail, "b@thief.example")
	second := m.moved(t, m.session.Actor, "b@thief.example", "c@thief.example")
	_, _ = m.ask(t, m.session.Actor, "c@thief.example", "d@thief.example")
	third := m.sent(t, "c@thief.example", challenge.CancelChange)
	require.NoError(t, m.change(t, m.session.Actor, good, better), "nor does another password")
	require.NoError(t, m.cancel(t, first))
	for _, gone := range []string{"b@thief.example", "c@thief.example", "d@thief.example"} {
		require.Empty(t, m.lookup(t, gone))
	}
	require.Equal(t, []string{perMail}, m.notices(t, "per"))
	for _, link := range []secret.Text{second, third} {
		refused(t, m.cancel(t, link), challenge.CodeWrong)
	}
	require.Equal(t, []string{perMail}, m.emails(t, m.start(t, "per").Actor))
}

func TestChangingThereAndBackDoesNotGiveTheThiefTheLastWord(t *testing.T) {
	m := mail(t)
	first := m.moved(t, m.session.Actor, perMail, "b@thief.example")
	m.Clock.Advance(time.Minute)
	second := m.moved(t, m.session.Actor, "b@thief.example", perMail)
	require.NoError(t, m.cancel(t, second))
	require.Equal(t, policy.AccountID("per"), m.lookup(t, "b@thief.example"))
	require.NoError(t, m.cancel(t, first))
	require.Equal(t, []string{perMail}, m.emails(t, m.start(t, "per").Actor))
}

func TestWhatWasBuiltOnAChangeIsToldByNoClock(t *testing.T) {
	for _, step := range []time.Duration{0, -time.Second, time.Second} { // one program's clock and another's
		m := mail(t)
		first := m.moved(t, m.session.Actor, perMail, "b@thief.example")
		m.Clock.Advance(step)
		_ = m.moved(t, m.session.Actor, "b@thief.example", "c@thief.example")
		require.NoError(t, m.cancel(t, first))
		require.Empty(t, m.lookup(t, "c@thief.example"), "%s: it came after", step)
		require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail))

		m = mail(t)
		first = m.moved(t, m.session.Actor, perMail, "b@thief.example")
		m.Clock.Advance(step)
		second := m.moved(t, m.session.Actor, "b@thief.example", perMail)
		require.NoError(t, m.cancel(t, second))
		require.NoError(t, m.cancel(t, first), "%s: it came before", step)
		require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail))
		require.Empty(t, m.lookup(t, "b@thief.example"))
	}
}

func TestAStrangerCannotKeepTheOwnersLinkFromBeingHeard(t *testing.T) {
	m := mail(t)
	link := m.moved(t, m.session.Actor, perMail, newMail)
	forged := strings.Split(link.Reveal(), ".")
	forged[2] = "Zm9yZ2Vk"
	events := len(m.Events(accounttest.Tenant))
	for range 200 {
		refused(t, m.cancel(t, secret.NewText(strings.Join(forged, "."))), challenge.CodeWrong)
	}
	require.Len(t, m.Events(accounttest.Tenant), events+1, "and the guesses leave one record")
	require.NoError(t, m.cancel(t, link))
	invalid(t, m.cancel(t, secret.NewText("x")), "link")
}

func TestALinkIsOfItsTenant(t *testing.T) {
	m := mail(t)
	m.Tenant("fabrikam")
	link := m.moved(t, m.session.Actor, perMail, newMail)
	err := m.App.Host.Account.CancelEmailChange(t.Context(), policy.Host("portal", "fabrikam"), link)
	refused(t, err, challenge.CodeWrong)
	require.NoError(t, m.cancel(t, link))
}

func TestAnAddressThatNobodyProvedGetsNoLinkAndCanBeProven(t *testing.T) {
	m := mail(t)
	m.Person("new", policy.Personal)
	n := account.NewIdentifier{Account: "new", Kind: account.Email, Text: "new@home.example"}
	require.NoError(t, m.App.Host.Account.AddIdentifier(t.Context(), m.Host, n))
	actor := m.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: "new"})
	require.Empty(t, m.notices(t, "new"))
	require.False(t, m.profile(t, actor).Emails[0].Proven)
	id, code := m.ask(t, actor, "new@home.example", "new@home.example")
	require.Len(t, m.Mail.All(), 1, "a code, and no link")
	require.False(t, m.profile(t, actor).Emails[0].Proven, "asking proves nothing")
	require.NoError(t, m.confirm(t, actor, id, code))
	require.True(t, m.profile(t, m.SignIn(actor)).Emails[0].Proven)
}

func TestWhatCannotBeSentIsSaidAndChangesNothing(t *testing.T) {
	m := mail(t)
	m.Mail.Fail(errors.New("no route"))
	id, err := m.App.Account.ChangeEmail(t.Context(), m.session.Actor, perMail, newMail)
	require.ErrorIs(t, err, challenge.ErrNotSent)
	require.NotEmpty(t, id)
	m.Mail.Fail(nil)
	require.Equal(t, []string{perMail}, m.emails(t, m.session.Actor))
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	require.NoError(t, m.confirm(t, m.session.Actor, id, code))
}

func TestChangesAreAskedForSoOften(t *testing.T) {
	m := mail(t)
	for i := range 10 {
		m.Clock.Advance(time.Hour)
		_, _ = m.ask(t, m.SignIn(m.per), perMail, fmt.Sprintf("p%d@new.example", i))
	}
	m.Clock.Advance(time.Hour)
	_, err := m.App.Account.ChangeEmail(t.Context(), m.SignIn(m.per), perMail, newMail)
	refused(t, err, policy.CodeThrottled)
}

func TestCodesAndLinksAreInMailAndNowhereElse(t *testing.T) {
	m := mail(t)
	id, code := m.ask(t, m.session.Actor, perMail, newMail)
	link := m.sent(t, perMail, challenge.CancelChange)
	view := fmt.Sprintf("%+v", m.profile(t, m.session.Actor))
	kept := testkit.Saved(t, m.DB)
	wrong := m.confirm(t, m.session.Actor, id, secret.NewText("x"+code.Reveal()))
	require.Error(t, wrong)
	for _, secretly := range []string{code.Reveal(), link.Reveal(), link.Reveal()[strings.LastIndex(link.Reveal(), ".")+1:]} {
		quoted := `"` + secretly + `"`
		require.NotContains(t, view, secretly)
		require.NotContains(t, kept, quoted)
		require.NotContains(t, wrong.Error(), secretly)
		require.NotContains(t, string(id), secretly)
	}
}

func TestAPersonNeverSaysThatSomethingIsProven(t *testing.T) {
	door := reflect.TypeFor[*account.Service]()
	var look func(in reflect.Type, path string)
	look = func(in reflect.Type, path string) {
		for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice || in.Kind() == reflect.Map {
			in = in.Elem()
		}
		if in.Kind() != reflect.Struct || !strings.HasPrefix(in.PkgPath(), "github.com/seed4b20689c/myaccount/account") {
			return
		}
		for f := range in.Fields() {
			name := strings.ToLower(f.Name)
			for _, word := range []string{"proven", "verified", "confirmed", "primary"} {
				require.NotContains(t, name, word, "%s.%s", path, f.Name)
			}
			look(f.Type, path+"."+f.Name)
		}
	}
	for m := range door.Methods() {
		for in := range m.Type.Ins() {
			look(in, m.Name)
		}
	}
}

func TestTheLinkIsGoodThoughTheAccountWasClosedOrDisabledMeanwhile(t *testing.T) {
	for state, put := range map[policy.State]func(*testing.T, mailed){
		policy.Disabled: func(t *testing.T, m mailed) {
			require.NoError(t, m.App.Host.Accounts.SetState(t.Context(), m.Host, "per", policy.Disabled))
		},
		policy.Closing: func(t *testing.T, m mailed) {
			_, err := m.App.Admin.Account.Delete(t.Context(), m.admin, "per")
			require.NoError(t, err)
		},
		policy.Closed: func(t *testing.T, m mailed) {
			require.NoError(t, m.App.Host.Accounts.SetState(t.Context(), m.Host, "per", policy.Closed))
		},
	} {
		m := mail(t)
		link := m.moved(t, m.session.Actor, perMail, newMail)
		put(t, m)
		err := m.cancel(t, link)
		require.Equal(t, state, m.standing(t, "per").State, "the link opens nothing")
		if state == policy.Closed {
			refused(t, err, challenge.CodeWrong)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, policy.AccountID("per"), m.lookup(t, perMail), "the address is theirs again")
		require.Empty(t, m.lookup(t, newMail))
	}
}

// without is a session of somebody who has no address.
func (m mailed) without(t *testing.T, id policy.AccountID) policy.Actor {
	t.Helper()
	m.Person(id, policy.Personal)
	return m.Session(m.SignIn(policy.Actor{Tenant: accounttest.Tenant, Account: id})).Actor
}

func TestWhoHasNoAddressProvesTheFirst(t *testing.T) {
	m := mail(t)
	nia := m.without(t, "nia")
	other, before := m.Session(m.SignIn(nia)), m.standing(t, "nia")
	id, code := m.ask(t, nia, "", "nia@home.example")
	require.Empty(t, m.emails(t, nia), "not before it is proven")
	pending := m.profile(t, nia).Pending
	require.Len(t, pending, 1)
	require.Equal(t, account.PendingEmail{ID: id, New: "nia@home.example", Until: pending[0].Until, Here: true}, pending[0])
	refused(t, m.confirm(t, other.Actor, id, code), challenge.CodeWrong)
	require.NoError(t, m.confirm(t, nia, id, code))
	v := m.profile(t, nia)
	require.Len(t, v.Emails, 1)
	require.True(t, v.Emails[0].Primary && v.Emails[0].Proven)
	require.Equal(t, "nia@home.example", v.Emails[0].Address)
	require.Empty(t, v.Pending)
	require.Equal(t, policy.AccountID("nia"), m.lookup(t, "nia@home.example"))
	require.Equal(t, []string{"nia@home.example"}, m.notices(t, "nia"))
	require.Greater(t, m.standing(t, "nia").Credentials, before.Credentials)
	_, err := m.App.Account.Profile(t.Context(), other.Actor)
	refused(t, err, policy.CodeSessionEnded)
	refused(t, m.confirm(t, nia, id, code), challenge.CodeWrong)

	_, err = m.App.Account.ChangeEmail(t.Context(), nia, "", "another@home.example")
	invalid(t, err, "old")
	link := m.moved(t, nia, "nia@home.example", "another@home.example")
	require.NoError(t, m.cancel(t, link))
	require.Equal(t, policy.AccountID("nia"), m.lookup(t, "nia@home.example"), "the first one is the one to go back to")
	require.Empty(t, m.lookup(t, "another@home.example"))
}

func TestTheFirstAddressTakesWhatAChangeTakes(t *testing.T) {
	m := mail(t)
	nia := m.without(t, "nia")
	ask := func(fresh string) error {
		_, err := m.App.Account.ChangeEmail(t.Context(), nia, "", fresh)
		return err
	}
	before := rows(t, m.DB)
	m.Clock.Advance(16 * time.Minute)
	refused(t, ask("nia@home.example"), policy.CodeFresherProof)
	requireSame(t, before, rows(t, m.DB))
	nia = m.Session(m.SignIn(nia)).Actor
	openTo(t, m.World, policy.ReadOnly)
	refused(t, ask("nia@home.example"), account.CodeAttributeReadOnly)
	openTo(t, m.World, policy.Edit)

	// Somebody else's is asked about as any other, and told only to who reads it.
	id, code := m.ask(t, nia, "", perMail)
	refused(t, m.confirm(t, nia, id, code), account.CodeIdentifierTaken)

	// One that came meanwhile is nothing that a first one may push aside.
	id, code = m.ask(t, nia, "", "nia@home.example")
	m.add(t, "nia", account.Email, "nia@contoso.example")
	require.Empty(t, m.profile(t, nia).Pending)
	refused(t, m.confirm(t, nia, id, code), account.CodeEmailChanged)
	require.Equal(t, []string{"nia@contoso.example"}, m.emails(t, nia))

	// One that was taken away may be proven again.
	require.NoError(t, m.App.Host.Account.RemoveIdentifier(t.Context(), m.Host, "nia", "nia@contoso.example"))
	refused(t, ask("nia@contoso.example"), policy.CodeSessionEnded)
	nia = m.Session(m.SignIn(nia)).Actor
	id, code = m.ask(t, nia, "", "nia@contoso.example")
	require.NoError(t, m.confirm(t, nia, id, code))
	require.Equal(t, []string{"nia@contoso.example"}, m.emails(t, nia))
}
