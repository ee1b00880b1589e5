package account

import (
	"errors"
	"time"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Areas that an administrator can lock.
const (
	AreaAccount policy.Area = "account"
	AreaProfile policy.Area = "account.profile" // what of it is open says the [Schema]
)

// Areas lists the areas of this room.
func Areas() []policy.Area {
	return []policy.Area{AreaAccount, AreaProfile, AreaPassword, password.AreaProtection, AreaRecovery, AreaClosing}
}

// Numbers and switches that an administrator can set.
var (
	// PhotosPerHour is how many photos one account may send within an hour, whether or not they can be decoded: trying
	// costs as much. Removing one does not count.
	PhotosPerHour = policy.Setting{Name: "account.photos-per-hour", Default: 20, Min: 1, Max: 1000, NoLimit: true,
		What: "photos that one person may send within an hour"}
)

// Settings lists the settings of this room.
func Settings() []policy.Setting {
	return append([]policy.Setting{PhotosPerHour, EmailChangesPerMonth, SecondFactorAlways, RecentProofsStandIn, WorkMayClose}, password.Settings()...)
}

// Actions of this room.
const (
	ReadOverview  policy.Action = "account.read-overview"
	ReadProfile   policy.Action = "account.read-profile"
	EditAttribute policy.Action = "account.edit-attribute"
	UpdateProfile policy.Action = "account.update-profile"
	ReadPhoto     policy.Action = "account.read-photo"
	ChangePhoto   policy.Action = "account.change-photo"

	PutProfile policy.Action = "account.put-profile"

	ReadAnyProfile   policy.Action = "account.admin.read-profile"
	UpdateAnyProfile policy.Action = "account.admin.update-profile"
	ReadAnyPhoto     policy.Action = "account.admin.read-photo"
	ChangeAnyPhoto   policy.Action = "account.admin.change-photo"
	ReadSchema       policy.Action = "account.admin.read-schema"
	SetSchema        policy.Action = "account.admin.set-schema"
)

// Codes of this room's reasons.
const (
	CodeAttributeOff      policy.Code = "attribute-off"
	CodeAttributeReadOnly policy.Code = "attribute-read-only"
	CodeSynchronized      policy.Code = "synchronized"
	CodeUnknownManager    policy.Code = "unknown-manager"
)

var (
	attributeOff      = policy.SwitchedOff(CodeAttributeOff, "Your profile has no {what}.")
	attributeReadOnly = policy.SwitchedOff(CodeAttributeReadOnly, "Your {what} is managed by your organization. If it is wrong, ask them to correct it.")
	synchronized      = policy.Forbidden(CodeSynchronized, policy.AskAdministrator, "This comes from {what}, and can be changed only there.")
	unknownManager    = policy.Forbidden(CodeUnknownManager, policy.NoRemedy, "The manager is no account here, or the person's own.")
)

func about(r *policy.Reason, what string) *policy.Reason {
	told := *r
	told.What = what
	return &told
}

// Names in the event log, Microsoft Entra's own (audit activity reference).
const (
	userCategory   = "UserManagement"
	policyCategory = "AuthorizationPolicy"

	updateUser   = "Update user"
	updatePolicy = "Update authorization policy"
)

var (
	profileReaders = []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.UserAdministrator, policy.HelpdeskAdministrator}
	profileAdmins  = []policy.Role{policy.GlobalAdministrator, policy.UserAdministrator}
	schemaAdmins   = []policy.Role{policy.GlobalAdministrator, policy.PrivilegedRoleAdministrator}
	schemaReaders  = []policy.Role{policy.GlobalAdministrator, policy.PrivilegedRoleAdministrator, policy.GlobalReader}
)

// person is an account with its profile and what its tenant asks of one.
type person struct {
	policy.Standing
	profile Profile
	schema  Schema
}

// aspect is one attribute of a person.
type aspect struct {
	person
	*attribute
}

// What the account's owner may do.
var (
	// readOverview asks for no area: each block has its own.
	readOverview = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: ReadOverview, By: policy.ByPerson, Kinds: policy.AllKinds, Access: policy.ReadOnly,
			Says: "See what needs one's attention in every room.", Source: "S2"},
		Load: ownPerson,
	}
	readProfile = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: ReadProfile, By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.ReadOnly,
			Says: "See one's own profile, and what of it may be changed.", Source: "S2, S4"},
		Load: ownPerson,
	}
	// editAttribute decides about one attribute, for a form and in an update alike.
	editAttribute = &policy.Spec[Tx, aspect]{
		Rule: policy.Rule{Action: EditAttribute, By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.Edit,
			Says: "Change one attribute of one's own profile.", States: "not open by the schema; synchronized from a directory", Source: "S4; S5; Entra: default user permissions"},
		Load: func(tx Tx, op *policy.Op, t policy.Target) (aspect, error) {
			p, err := ownPerson(tx, op, t)
			if a := known(Attribute(t.ID)); a != nil {
				return aspect{p, a}, err
			}
			return aspect{}, errors.Join(err, store.ErrNotFound)
		},
		Forbids: notOpen,
	}
	// An update is open wherever a profile is shown: what of it is changed is decided for each attribute.
	updateProfile = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: UpdateProfile, Activity: updateUser, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.ReadOnly, Records: policy.NotedSuccess,
			Demand: policy.NeverWaits, // but each attribute does
			Says:   "Change one's own profile: all of an update, or nothing.", States: "as for each attribute that is changed", Source: "S4; S5"},
		Load: ownPerson,
	}
	readPhoto = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: ReadPhoto, By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.ReadOnly,
			Says: "See one's own photo.", States: "not shown by the schema", Source: "S4"},
		Load: ownPerson,
		Forbids: func(_ *policy.Op, p person) *policy.Reason {
			photo := known(Photo)
			if p.schema.rule(photo).open(p.Kind) == policy.Off {
				return photo.off
			}
			return nil
		},
	}
	changePhoto = &policy.Spec[Tx, aspect]{
		Rule: policy.Rule{Action: ChangePhoto, Activity: updateUser, Category: userCategory,
			By: policy.ByPerson, Kinds: policy.AllKinds, Area: AreaProfile, Access: policy.Edit, Limit: policy.Limit{Times: PhotosPerHour, Per: time.Hour},
			Says: "Set or remove one's own photo.", States: "not open by the schema", Source: "S4; S5; Entra: default user permissions; Graph: profilephoto-update"},
		Load: func(tx Tx, op *policy.Op, t policy.Target) (aspect, error) {
			p, err := ownPerson(tx, op, t)
			return aspect{p, known(Photo)}, err
		},
		Forbids: notOpen,
	}
)

// What the host tells.
var putProfile = &policy.Spec[Tx, person]{
	Rule: policy.Rule{Action: PutProfile, Activity: updateUser, Category: userCategory, By: policy.ByHost, Records: policy.NotedSuccess,
		Says: "Set a profile as the organization's directory has it.", States: "closed for good", Source: "Entra: manage user profile info"},
	Load:    anyPerson,
	Forbids: closedPerson,
}

// What administrators may do. Where a directory of the organization's decides, the host may too.
var (
	readAnyProfile = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: ReadAnyProfile, By: policy.ByRole | policy.ByHost, Roles: profileReaders,
			Says: "See any profile."},
		Load: anyPerson,
	}
	updateAnyProfile = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: UpdateAnyProfile, Activity: updateUser, Category: userCategory,
			By: policy.ByRole | policy.ByHost, Roles: profileAdmins, Records: policy.NotedSuccess,
			Says: "Change any profile.", States: "synchronized from a directory; closed for good"},
		Load:    anyPerson,
		Forbids: closedPerson,
	}
	readAnyPhoto = &policy.Spec[Tx, person]{
		Rule: policy.Rule{Action: ReadAnyPhoto, By: policy.ByRole | policy.ByHost, Roles: profileReaders,
			Says: "See anybody's photo."},
		Load: anyPerson,
	}
	changeAnyPhoto = &policy.Spec[Tx, aspect]{
		Rule: policy.Rule{Action: ChangeAnyPhoto, Activity: updateUser, Category: userCategory, By: policy.ByRole | policy.ByHost, Roles: profileAdmins,
			Says: "Set or remove anybody's photo.", States: "closed for good"},
		Load: func(tx Tx, op *policy.Op, t policy.Target) (aspect, error) {
			p, err := anyPerson(tx, op, t)
			return aspect{p, known(Photo)}, err
		},
		Forbids: func(op *policy.Op, a aspect) *policy.Reason { return closedPerson(op, a.person) },
	}
	readSchema = &policy.Spec[Tx, Schema]{
		Rule: policy.Rule{Action: ReadSchema, By: policy.ByRole | policy.ByHost, Roles: schemaReaders,
			Says: "See who may see and change which attribute."},
		Load: tenantSchema,
	}
	setSchema = &policy.Spec[Tx, Schema]{
		Rule: policy.Rule{Action: SetSchema, Activity: updatePolicy, Category: policyCategory, By: policy.ByRole | policy.ByHost, Roles: schemaAdmins,
			Level: policy.AAL2, MaxAge: policy.Recent,
			Says: "Say who may see and change which attribute, and what its values look like."},
		Load: tenantSchema,
	}
)

// Setting a photo takes two commits, before and after it is decoded. What is sent is counted in the first, which leaves no
// event, and not once more in the second. Removing one costs nothing, so it is not counted, and where there is none nothing is
// done.
var (
	sendPhoto    = varied(changePhoto, func(r *policy.Rule) { r.Records = policy.NoSuccess })
	keepPhoto    = varied(changePhoto, func(r *policy.Rule) { r.Limit = policy.Limit{} })
	dropPhoto    = varied(keepPhoto, func(r *policy.Rule) { r.Records = policy.NotedSuccess })
	sendAnyPhoto = varied(changeAnyPhoto, func(r *policy.Rule) { r.Records = policy.NoSuccess })
	dropAnyPhoto = varied(changeAnyPhoto, func(r *policy.Rule) { r.Records = policy.NotedSuccess })
)

// varied is a spec with something else in its rule.
func varied[R any](sp *policy.Spec[Tx, R], change func(*policy.Rule)) *policy.Spec[Tx, R] {
	other := *sp
	change(&other.Rule)
	return &other
}

// Rules lists the rules of this room.
func Rules() []policy.Rule {
	return append([]policy.Rule{
		readOverview.Rule, readProfile.Rule, editAttribute.Rule, updateProfile.Rule, readPhoto.Rule, changePhoto.Rule,
		changePassword.Rule, setFirstPassword.Rule, changeEmail.Rule, confirmEmail.Rule, resendEmailCode.Rule, dropEmailChange.Rule,
		putProfile.Rule, verifyPassword.Rule, sendCode.Rule, verifyCode.Rule, putPassword.Rule, resetPassword.Rule, keepElsewhere.Rule,
		putIdentifier.Rule, dropIdentifier.Rule, readIdentifiers.Rule, lookUp.Rule, cancelEmailChange.Rule,
		readAnyProfile.Rule, updateAnyProfile.Rule, readAnyPhoto.Rule, changeAnyPhoto.Rule, readSchema.Rule, setSchema.Rule,
		unlockPassword.Rule, demandNew.Rule, readBanned.Rule, setBanned.Rule,
		readPreflight, closeAccount, askReopen.Rule, reopen.Rule, purgeClosed.Rule,
		disableAccount.Rule, enableAccount.Rule, deleteAccount.Rule, restoreAccount.Rule,
	}, recoveryRules()...)
}

// notOpen is the reason against an owner's changing an attribute.
func notOpen(_ *policy.Op, a aspect) *policy.Reason {
	open := a.schema.rule(a.attribute).open(a.Kind)
	if open == policy.Off {
		return a.off
	}
	if r := a.elsewhere(); r != nil { // which says more than that it is read-only, and stays when that is opened
		return r
	}
	if open == policy.Edit {
		return nil
	}
	return a.readOnly
}

// elsewhere is the reason against changing what a directory has the say about.
func (a aspect) elsewhere() *policy.Reason {
	if a.synced && a.profile.Source != "" {
		return about(synchronized, a.profile.Source)
	}
	return nil
}

// ownPerson is the actor.
func ownPerson(tx Tx, op *policy.Op, _ policy.Target) (person, error) {
	return withProfile(tx, op, op.Standing)
}

// anyPerson is an account of the tenant.
func anyPerson(tx Tx, op *policy.Op, t policy.Target) (person, error) {
	st, err := op.Account(tx, policy.AccountID(t.ID))
	if err != nil {
		return person{}, err
	}
	return withProfile(tx, op, st)
}

func withProfile(tx Tx, op *policy.Op, st policy.Standing) (p person, err error) {
	p.Standing = st
	if p.profile, err = profileOf(tx, op, st.Account); err != nil {
		return p, err
	}
	p.schema, err = tenantSchema(tx, op, policy.Target{})
	return p, err
}

// profileOf reads an account's profile; that of one about whom nothing was told is empty.
func profileOf(tx Tx, op *policy.Op, id policy.AccountID) (Profile, error) {
	p, err := tx.Profile(op.Actor.Tenant, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Profile{Tenant: op.Actor.Tenant, Account: id}, nil
	case err == nil && (p.Tenant != op.Actor.Tenant || p.Account != id):
		return Profile{}, errors.New("the store gave a profile that is somebody else's")
	}
	return p, err
}

// unsetSchema is the schema of tenants that set none. Every read of a profile asks for it, so it is made once, and nobody
// outside gets hold of its rules.
var unsetSchema = DefaultSchema()

// tenantSchema reads the tenant's schema, or gives the default.
func tenantSchema(tx Tx, op *policy.Op, _ policy.Target) (Schema, error) {
	s, err := tx.Schema(op.Actor.Tenant)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s = unsetSchema
		s.Tenant = op.Actor.Tenant
		return s, nil
	case err == nil && s.Tenant != op.Actor.Tenant:
		return Schema{}, errors.New("the store gave a schema that is another tenant's")
	}
	return s, err
}

func onAccount(id policy.AccountID) policy.Target { return policy.On("account", id) }

func onAttribute(name Attribute) policy.Target { return policy.On("attribute", name) }
