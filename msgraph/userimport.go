package msgraph

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// UserDoors are the doors by which users come in; myaccount.Account has them as Host.Accounts, Host.Account and Admin.Account.
type UserDoors struct {
	Accounts *policy.HostDoor
	People   *account.Host
	Profiles *account.Admin // to read what is there already
}

// UserOptions say what an export of users leaves open. The zero UserOptions take it as it is.
type UserOptions struct {
	// Source names the directory of those with onPremisesSyncEnabled; "Active Directory" if it is empty.
	Source string
	// ProvenAt is since when the organization's word is enough for a mail address to be the person's, and not in the
	// future: notices go to proven addresses alone. Zero leaves new ones unproven, since Graph does not say that anybody ever
	// proved one: an administrator can write any.
	ProvenAt time.Time
}

// ImportUsers takes over the users of an export, in the tenant of the actor, who is a [policy.Host]. For each record it first
// reads what is known here and checks all of the record against it, and refuses it before anything is written. Then it
// writes what is different, each in a commit of its own and in this order:
//
//  1. the account: of kind [policy.Guest] if userType says so (without userType: if the user name has #EXT# in it), else
//     [policy.Work]; and at once, if accountEnabled is false, that it is disabled;
//  2. userPrincipalName as its primary user name;
//  3. mail as its primary e-mail address, proven if the options say so. An address that is the user name too is kept
//     once, as the address: one signs in with either;
//  4. the profile, whose source is a directory if onPremisesSyncEnabled is true.
//
// What fails in between leaves the former of these and nothing of the latter, and importing again writes the rest: an account that
// is there already gets what it lacks. With a password nobody can sign in to what is half there: none comes with it, and names come
// after the state. A host that takes tokens of the directory relies on the directory for who is disabled there until then. A record can
// be refused in between only if something else took its name in just that moment.
//
// Importing twice changes nothing and leaves no event. accountEnabled must be told of a new account; it disables one that is active
// here, and enables none that is disabled or closed here: such are [Report].KeptDisabled, and to one that is being closed or is closed
// nothing is written at all. An account of another kind is refused. A name that is or ever was another account's is refused; one that the
// person gave up stays given up. What a record leaves out stays as it is known here, and so do language and region once
// there is one: they are the person's own to choose.
//
// Broken streams and failing stores are told as by [ImportDevices].
func ImportUsers(ctx context.Context, to UserDoors, actor policy.Actor, r io.Reader, opt UserOptions) (Report, error) {
	return TakeUsers(ctx, to, actor, Users(r), opt)
}

// TakeUsers is [ImportUsers] for records that are read already; see [TakeDevices].
func TakeUsers(ctx context.Context, to UserDoors, actor policy.Actor, stream iter.Seq2[User, error], opt UserOptions) (Report, error) {
	opt.Source = cmp.Or(opt.Source, "Active Directory")
	if _, err := (account.Profile{Source: opt.Source}).Tidied(); err != nil {
		return Report{}, err
	}
	one := &loader[User]{
		most: 1,
		put: func(batch []User) ([]fate, error) {
			f, err := userImport{to, actor, opt}.take(ctx, batch[0])
			return []fate{f}, err
		},
		named: attributesInGraph,
	}
	return load(ctx, stream, one, func(u User) error { return one.add(u.At, u, nil) })
}

// attributesInGraph are the members of a user that package account has other names for.
var attributesInGraph = map[string]string{
	string(account.DisplayName): "displayName", string(account.GivenName): "givenName", string(account.FamilyName): "surname",
	string(account.Title): "jobTitle", string(account.Department): "department", string(account.Office): "officeLocation",
	string(account.Manager): "manager", string(account.MobilePhone): "mobilePhone", string(account.BusinessPhone): "businessPhones",
	string(account.Language): "preferredLanguage", string(account.Region): "usageLocation", "account": "id",
}

// userImport takes users over, one after another.
type userImport struct {
	UserDoors
	actor policy.Actor
	opt   UserOptions
}

// known is what there is of an account already.
type known struct {
	policy.Standing // empty if it is new
	profile         account.Profile
	names           []account.Identifier // the given up ones included
}

// plan is all that a record changes.
type plan struct {
	id      policy.AccountID
	kind    policy.Kind // of a new account
	disable bool
	names   []account.NewIdentifier
	profile *account.Profile
}

func (im userImport) take(ctx context.Context, u User) (fate, error) {
	here, err := im.known(ctx, u.ID)
	if err != nil {
		return fate{}, err
	}
	if here.State == policy.Closing || here.State == policy.Closed {
		return stays(u), nil
	}
	p, err := im.plan(ctx, u, here)
	wrote := false
	if err == nil {
		wrote, err = im.write(ctx, p)
	}
	switch {
	case err != nil && isRefusal(err):
		return fate{refused: err}, nil
	case err != nil:
		return fate{}, err
	case p.kind != 0:
		return fate{in: func(r *Report) *int { return &r.Imported }}, nil
	case here.State == policy.Disabled && u.Enabled == devices.Yes:
		return stays(u), nil
	case wrote:
		return fate{in: func(r *Report) *int { return &r.Updated }}, nil
	}
	return fate{in: func(r *Report) *int { return &r.Unchanged }}, nil
}

// stays counts an account that is not active and is not made so.
func stays(u User) fate {
	if u.Enabled == devices.Yes {
		return fate{in: func(r *Report) *int { return &r.KeptDisabled }}
	}
	return fate{in: func(r *Report) *int { return &r.Unchanged }}
}

// isRefusal tells what is wrong with one record from what is wrong with the import.
func isRefusal(err error) bool {
	if invalid := (*policy.Invalid)(nil); errors.As(err, &invalid) {
		return invalid.Field != "provenAt" // an option, and no member
	}
	denied := (*policy.Denied)(nil)
	return errors.As(err, &denied) && denied.Reason().Class == policy.ClassState
}

func (im userImport) known(ctx context.Context, id policy.AccountID) (k known, err error) {
	k.Standing, err = im.Accounts.Account(ctx, im.actor, id)
	if err = unlessMissing(err); err != nil {
		return k, err
	}
	if k.Vouched && k.State == policy.Active { // nobody has provisioned it yet
		k.Standing = policy.Standing{}
	}
	k.profile, err = im.Profiles.Profile(ctx, im.actor, id)
	if err = unlessMissing(err); err != nil {
		return k, err
	}
	k.profile.Account = id
	k.names, err = im.People.Identifiers(ctx, im.actor, id)
	return k, unlessMissing(err)
}

func unlessMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// plan checks all of a record, and says what is to be written of it.
func (im userImport) plan(ctx context.Context, u User, here known) (p plan, err error) {
	p.id = u.ID
	switch {
	case here.Account == "" && u.Enabled == devices.Unknown:
		return p, &policy.Invalid{Field: "accountEnabled", Problem: "is missing; a new account needs it: name it in $select"}
	case here.Account == "":
		p.kind, p.disable = u.kind(), u.Enabled == devices.No
	case u.Kind != 0 && u.Kind != here.Kind:
		return p, &policy.Invalid{Field: "userType", Problem: "is another than that of the account here"}
	default:
		p.disable = here.State == policy.Active && u.Enabled == devices.No
	}
	if p.names, err = im.names(ctx, u, here); err != nil {
		return p, err
	}
	next, err := u.profile(here.profile, im.opt.Source).Tidied()
	if err == nil && next != here.profile {
		p.profile = &next
	}
	return p, err
}

// kind is that of a new account.
func (u User) kind() policy.Kind {
	if u.Kind == 0 && strings.Contains(strings.ToUpper(u.UserPrincipalName), "#EXT#") {
		return policy.Guest
	}
	return cmp.Or(u.Kind, policy.Work)
}

// profile is the present one with what the record tells.
func (u User) profile(now account.Profile, source string) account.Profile {
	told := u.Profile
	now.DisplayName, now.GivenName, now.FamilyName = cmp.Or(told.DisplayName, now.DisplayName), cmp.Or(told.GivenName, now.GivenName), cmp.Or(told.FamilyName, now.FamilyName)
	now.Title, now.Department, now.Office = cmp.Or(told.Title, now.Title), cmp.Or(told.Department, now.Department), cmp.Or(told.Office, now.Office)
	now.MobilePhone, now.BusinessPhone = cmp.Or(told.MobilePhone, now.MobilePhone), cmp.Or(told.BusinessPhone, now.BusinessPhone)
	now.Manager = cmp.Or(told.Manager, now.Manager)
	now.Language, now.Region = cmp.Or(now.Language, told.Language), cmp.Or(now.Region, told.Region)
	switch u.Synchronized {
	case devices.Yes:
		now.Source = source
	case devices.No:
		now.Source = ""
	}
	return now
}

// names are the identifiers that the account lacks.
func (im userImport) names(ctx context.Context, u User, here known) (lacking []account.NewIdentifier, err error) {
	keys := make(map[string]bool)
	for _, w := range []struct {
		member string
		account.NewIdentifier
	}{
		{"mail", account.NewIdentifier{Account: u.ID, Kind: account.Email, Text: u.Mail, Primary: true, ProvenAt: im.opt.ProvenAt}},
		{"userPrincipalName", account.NewIdentifier{Account: u.ID, Kind: account.UserName, Text: u.UserPrincipalName, Primary: true}},
	} {
		if w.Text == "" {
			continue
		}
		key, err := w.Kind.Key(w.Text)
		lacks := false
		if err == nil && !keys[key] {
			lacks, err = im.lacks(ctx, key, &w.NewIdentifier, here)
		}
		if invalid := (*policy.Invalid)(nil); errors.As(err, &invalid) {
			err = &policy.Invalid{Field: w.member, Problem: invalid.Problem}
		}
		if err != nil {
			return nil, err
		}
		if lacks {
			lacking = append(lacking, w.NewIdentifier)
		}
		keys[key] = true
	}
	slices.Reverse(lacking) // so that a user name comes first
	return lacking, nil
}

// lacks tells whether an account is to get an identifier, and refuses what it cannot get.
func (im userImport) lacks(ctx context.Context, key string, n *account.NewIdentifier, here known) (bool, error) {
	have := 0
	for _, i := range here.names {
		if i.Key == key {
			n.Primary = i.Primary // what was put before it stays so
			return i.Kind == n.Kind && i.RetiredAt.IsZero() && i.ProvenAt.IsZero() && !n.ProvenAt.IsZero(), nil
		}
		if i.Kind == n.Kind && i.RetiredAt.IsZero() {
			have++
		}
	}
	if have >= account.MaxIdentifiers {
		return false, &policy.Invalid{Problem: "is one more than an account can have here"}
	}
	holder, err := im.People.Holder(ctx, im.actor, n.Text)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, nil
	case err == nil && holder != n.Account:
		return false, &policy.Invalid{Problem: "is another account's here, or was once"}
	}
	return err == nil, err
}

// write does what is planned, and tells whether that was anything.
func (im userImport) write(ctx context.Context, p plan) (wrote bool, err error) {
	var steps []func() error
	if p.kind != 0 {
		steps = append(steps, func() error { return im.Accounts.Provision(ctx, im.actor, p.id, p.kind) })
	}
	if p.disable {
		steps = append(steps, func() error { return im.Accounts.SetState(ctx, im.actor, p.id, policy.Disabled) })
	}
	for n := range slices.Values(p.names) {
		steps = append(steps, func() error { return im.People.AddIdentifier(ctx, im.actor, n) })
	}
	if p.profile != nil {
		steps = append(steps, func() error { return im.People.PutProfile(ctx, im.actor, *p.profile) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return wrote, err
		}
		wrote = true
	}
	return wrote, nil
}
