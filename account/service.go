package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Room holds the three doors.
type Room struct {
	Service *Service
	Admin   *Admin
	Host    *Host
}

// room is what the doors share.
type room struct {
	guard  *policy.Guard
	store  Store
	hasher *password.Hasher
	codes  *challenge.Codes
	keys   secret.Digester

	breaches password.BreachChecker                                // nil for none
	names    func(context.Context, policy.TenantID) (Names, error) // nil for none

	patterns patterns

	checks  []ClosingCheck
	erasers []Eraser
}

// New makes the room. The hasher verifies passwords; the codes prove addresses; by keys recovery codes are recognized, and the
// user names and addresses of erased accounts, which nobody gets again: those for as long as the key is known under which an
// account was erased.
func New(g *policy.Guard, s Store, h *password.Hasher, c *challenge.Codes, keys secret.Digester, options ...Option) (Room, error) {
	if g == nil || s == nil || h == nil || c == nil || keys == nil {
		return Room{}, errors.New("account: New needs a guard, a store, a hasher, codes and keys")
	}
	r := &room{guard: g, store: s, hasher: h, codes: c, keys: keys}
	for _, o := range options {
		o(r)
	}
	return Room{&Service{r}, &Admin{r}, &Host{r}}, nil
}

// Service is the door of the account's owner.
type Service struct{ *room }

// Profile shows the actor's profile: each attribute that their organization shows, with the decision about changing
// it.
func (s *Service) Profile(ctx context.Context, actor policy.Actor) (ProfileView, error) {
	return policy.Look(ctx, s.guard, s.store, actor, readProfile, policy.Target{},
		func(tx Tx, op *policy.Op, p person) (ProfileView, error) {
			v := ProfileView{Account: p.Account, Kind: p.Kind, Source: p.profile.Source, Revision: p.profile.Revision,
				Fields: make([]Field, 0, len(attributes))}
			for i := range attributes {
				a := &attributes[i]
				rule := p.schema.rule(a)
				if rule.open(p.Kind) == policy.Off {
					continue
				}
				f, err := field(tx, op, &p, a, rule)
				if err != nil {
					return ProfileView{}, err
				}
				if f.Edit, err = policy.Judge(tx, op, a.edits(), aspect{p, a}); err != nil {
					return ProfileView{}, err
				}
				v.Fields = append(v.Fields, f)
			}
			return v, p.showEmails(tx, op, &v)
		})
}

// edits is what decides about changing an attribute: of a photo that is how often it was changed, too.
func (a *attribute) edits() *policy.Spec[Tx, aspect] {
	if a.input == FileInput {
		return changePhoto
	}
	return editAttribute
}

// field shows an attribute, without the decision about it.
func field(tx Tx, op *policy.Op, p *person, a *attribute, rule AttributeRule) (Field, error) {
	f := Field{Attribute: a.name, Label: a.label, Input: a.input, Longest: a.longest, Required: a.required || rule.Required, Pattern: rule.Pattern}
	if rule.Longest > 0 {
		f.Longest = rule.Longest
	}
	f.Value = *a.text(&p.profile)
	f.Shown = f.Value
	// Who may name anybody as their manager would read anybody's name.
	if a.name != Manager || f.Value == "" || notOpen(op, aspect{*p, a}) == nil {
		return f, nil
	}
	manager, err := profileOf(tx, op, p.profile.Manager)
	if err == nil && manager.DisplayName != "" {
		f.Shown = manager.DisplayName
	}
	return f, err
}

// UpdateProfile changes the actor's profile: all that the update names, or nothing. It is refused if an attribute that
// may not be changed has another value than now, with [policy.Invalids] if values are not as they should be, and with
// [store.ErrConflict] if the profile is not the one that the person saw any more.
func (s *Service) UpdateProfile(ctx context.Context, actor policy.Actor, u ProfileUpdate) error {
	return s.update(ctx, actor, updateProfile, policy.Target{}, u, func(tx Tx, op *policy.Op, a aspect, changes bool) error {
		if !changes && a.schema.rule(a.attribute).open(a.Kind) != policy.Off {
			return nil // they see it
		}
		d, err := policy.Judge(tx, op, editAttribute, a)
		if err == nil && !d.Allowed {
			return &policy.Denied{Decision: d}
		}
		return err
	})
}

// naming decides about one attribute that an update names: to another value or to the one that is there.
type naming func(tx Tx, op *policy.Op, a aspect, changes bool) error

// update is the one way in which attributes change.
func (r *room) update(ctx context.Context, actor policy.Actor, sp *policy.Spec[Tx, person], t policy.Target, u ProfileUpdate, may naming) error {
	if err := u.check(); err != nil {
		return err
	}
	set, m := u.proposals(), matches{}
	for range triesToMatch {
		_, err := policy.Do(ctx, r.guard, r.store, actor, sp, t, "",
			func(tx Tx, op *policy.Op, p person) (none, policy.Change, error) {
				m.asked = nil
				if u.Revision != 0 && u.Revision != p.profile.Revision {
					return none{}, policy.Change{}, fmt.Errorf("the profile has changed meanwhile: %w", store.ErrConflict)
				}
				ch, err := p.apply(tx, op, set, &m, may)
				return none{}, ch, err
			})
		if !errors.Is(err, errUnmatched) {
			return err
		}
		if err := m.answer(&r.patterns); err != nil {
			return err
		}
	}
	return fmt.Errorf("what the organization asks of a profile has changed meanwhile: %w", store.ErrConflict)
}

// matches are the values that were held against a tenant's patterns, which takes longer than others are to wait for a
// transaction: what one finds unanswered is asked, answered after it, and the update tried again.
type matches struct {
	known map[match]bool
	asked []match
}

// triesToMatch bounds how often an update is tried while its tenant's patterns change: without that, the second succeeds.
const triesToMatch = 3

// errUnmatched gives up a transaction that has asked for answers.
var errUnmatched = errors.New("account: a pattern is not matched yet")

// ok reports whether a value matches, and takes it for so until it is known.
func (m *matches) ok(q match) bool {
	ok, known := m.known[q]
	if !known {
		m.asked = append(m.asked, q)
	}
	return ok || !known
}

func (m *matches) answer(by *patterns) (err error) {
	if m.known == nil {
		m.known = make(map[match]bool)
	}
	for _, q := range m.asked {
		if m.known[q], err = by.match(q); err != nil {
			return err
		}
	}
	return nil
}

// apply changes the profile and stores it, if anything is different.
func (p person) apply(tx Tx, op *policy.Op, set []proposed, m *matches, may naming) (policy.Change, error) {
	next := p.profile
	var wrong policy.Invalids
	for i := range set {
		to := &set[i]
		changes := to.given != *to.text(&p.profile)
		if err := may(tx, op, aspect{p, to.attribute}, changes); err != nil {
			return policy.Change{}, err
		}
		if !changes {
			continue
		}
		if err := to.check(p.schema.rule(to.attribute), m); err != nil {
			no := new(policy.Invalid)
			if !errors.As(err, &no) {
				return policy.Change{}, err
			}
			wrong = append(wrong, no)
			continue
		}
		*to.text(&next) = to.tidied
	}
	if err := managed(tx, op, next, p.profile.Manager); err != nil {
		return policy.Change{}, err
	}
	if len(m.asked) > 0 {
		return policy.Change{}, errUnmatched
	}
	if len(wrong) > 0 {
		return policy.Change{}, wrong
	}
	return put(tx, p.profile, next)
}

// check holds a proposed value against what a tenant asks of it.
func (to *proposed) check(rule AttributeRule, m *matches) error {
	if to.wrong != nil {
		return to.wrong
	}
	if err := to.suits(to.tidied, rule); err != nil {
		return err
	}
	if rule.Pattern != "" && to.tidied != "" && !m.ok(match{rule.Pattern, to.tidied}) {
		return &policy.Invalid{Field: string(to.name), Problem: fmt.Sprintf("is not as your organization writes it; want it to match %s", rule.Pattern)}
	}
	return nil
}

// managed refuses a new manager who is no account of the tenant, or the person.
func managed(tx Tx, op *policy.Op, next Profile, before policy.AccountID) error {
	if next.Manager == "" || next.Manager == before {
		return nil
	}
	switch _, err := op.Account(tx, next.Manager); {
	case errors.Is(err, store.ErrNotFound), err == nil && next.Manager == next.Account:
		return op.Refuse(unknownManager)
	default:
		return err
	}
}

// put stores a profile that is different, and tells in its event which attributes are: the values are the person's
// and stay out of a log that outlives them.
func put(tx Tx, before, next Profile) (policy.Change, error) {
	var facts []policy.Fact
	for i := range attributes {
		if a := &attributes[i]; *a.text(&next) != *a.text(&before) {
			facts = append(facts, policy.Fact{Name: "changed", Value: string(a.name)})
		}
	}
	if next.Source != before.Source {
		facts = append(facts, policy.Fact{Name: "source", Value: next.Source})
	}
	if len(facts) == 0 {
		return policy.Change{}, nil
	}
	rev, err := tx.PutProfile(next)
	return policy.Change{Subject: next.Account, Target: onAccount(next.Account), Activity: updateUser, Revision: rev, Facts: facts}, err
}

// showEmails shows what the person signs in as, and their addresses with the decision about changing them.
func (p person) showEmails(tx Tx, op *policy.Op, v *ProfileView) error {
	all, err := identifiersOf(tx, op, p.Account)
	if err != nil {
		return err
	}
	edit, err := policy.Judge(tx, op, changeEmail, aspect{p, &emails})
	if err != nil {
		return err
	}
	shown := p.schema.rule(&emails).open(p.Kind) != policy.Off
	var old map[string]Identifier
	for _, i := range all {
		switch {
		case !i.live():
		case i.Kind == UserName:
			v.UserNames = append(v.UserNames, i.Text)
		case shown:
			v.Emails = append(v.Emails, EmailView{i.Text, i.Primary, !i.ProvenAt.IsZero(), edit})
			if old == nil {
				old = make(map[string]Identifier, len(all))
			}
			old[i.Key] = i
		}
	}
	if !shown {
		return nil // nor are changes of them
	}
	changes, err := emailChangesOf(tx, op, p.Account)
	for _, c := range changes {
		first := c.OldKey == "" && len(v.Emails) == 0
		from, there := old[c.OldKey]
		if !first && (!there || from.Revision != c.OldRevision) || !c.pending(p.Standing, op.Now) {
			continue
		}
		switch goesOn, err := c.askerGoesOn(tx, op); {
		case err != nil:
			return err
		case goesOn:
			v.Pending = append(v.Pending, PendingEmail{c.ID, from.Text, c.New, c.ExpiresAt, c.Session == askedBy(op.Actor)})
		}
	}
	return err
}

// Can tells whether the actor may do one of [ReadProfile], [UpdateProfile], [ReadPhoto], [ChangePhoto], [ChangePassword],
// [SetFirstPassword], [ChangeEmail], [ConfirmEmail], [Close], [ReadRecoveryCode], [NewRecoveryCode],
// [RemoveRecoveryCode] (id is empty), [EditAttribute] (id is the attribute's name), [ResendEmailCode] or
// [DropEmailChange] (id is the change's), and why not. It records nothing.
func (s *Service) Can(ctx context.Context, actor policy.Actor, action policy.Action, id string) (policy.Decision, error) {
	if action == EditAttribute { // those that are not set by an update are decided as by what sets them
		switch Attribute(id) {
		case Photo:
			action = ChangePhoto
		case EmailAddress:
			action = ChangeEmail
		}
	}
	if action == Close {
		return policy.Can(ctx, s.guard, s.store, actor, s.closeSpec(ctx, ShortGrace), policy.Target{})
	}
	if ask, ok := askable[action]; ok {
		return ask(ctx, s.room, actor, id)
	}
	return policy.Decision{Action: action}, &policy.Invalid{Field: "action", Problem: fmt.Sprintf("%q is no action of the owner's that can be asked about", policy.CleanText(string(action), maxShown))}
}

// asker answers whether an actor may do one action.
type asker func(ctx context.Context, r *room, actor policy.Actor, id string) (policy.Decision, error)

// askable are the actions that [Service.Can] answers for by their spec alone.
var askable = map[policy.Action]asker{
	ReadProfile:        asks(readProfile, noTarget),
	UpdateProfile:      asks(updateProfile, noTarget),
	EditAttribute:      asks(editAttribute, func(id string) policy.Target { return onAttribute(Attribute(id)) }),
	ReadPhoto:          asks(readPhoto, noTarget),
	ChangePhoto:        asks(changePhoto, noTarget),
	ChangePassword:     asks(changePassword, noTarget),
	SetFirstPassword:   asks(setFirstPassword, noTarget),
	ChangeEmail:        asks(changeEmail, noTarget),
	ConfirmEmail:       asks(confirmEmail, noTarget),
	ResendEmailCode:    asks(resendEmailCode, func(id string) policy.Target { return onEmailChange(challenge.ID(id)) }),
	DropEmailChange:    asks(dropEmailChange, func(id string) policy.Target { return onEmailChange(challenge.ID(id)) }),
	ReadRecoveryCode:   asks(readRecoveryCode, noTarget),
	NewRecoveryCode:    asks(newRecoveryCode, noTarget),
	RemoveRecoveryCode: asks(removeRecoveryCode, noTarget),
}

func noTarget(string) policy.Target { return policy.Target{} }

func asks[R any](sp *policy.Spec[Tx, R], on func(id string) policy.Target) asker {
	return func(ctx context.Context, r *room, actor policy.Actor, id string) (policy.Decision, error) {
		return policy.Can(ctx, r.guard, r.store, actor, sp, on(id))
	}
}

// none is the result of what gives nothing.
type none = struct{}
