package policy

import (
	"errors"
	"slices"

	"github.com/seed4b20689c/myaccount/store"
)

// Actions of this package's own doors.
const (
	CreateTenant Action = "policy.create-tenant"
	ReadSettings Action = "policy.read-settings"
	SetAccess    Action = "policy.set-access"
	SetTurnedOn  Action = "policy.set-turned-on"
	SetLicense   Action = "policy.set-license"
	SetNeed      Action = "policy.set-need"
	SetContact   Action = "policy.set-contact"
	SetValue     Action = "policy.set-value"
	Provision    Action = "policy.provision-account"
	SetState     Action = "policy.set-account-state"
	ReadAccount  Action = "policy.read-account"

	PasswordChanged Action = "policy.password-changed"
	ReadOwnEvents   Action = "policy.read-own-events"
	ReadEvents      Action = "policy.read-events"
	FollowEvents    Action = "policy.follow-events"
	PurgeEvents     Action = "policy.purge-events"
)

// CodeAccountClosed refuses what is done to an account that is closed for good.
const CodeAccountClosed Code = "account-closed"

var (
	policyAdmins  = []Role{GlobalAdministrator, PrivilegedRoleAdministrator}
	licenseAdmins = []Role{GlobalAdministrator, LicenseAdministrator}
	readers       = []Role{GlobalAdministrator, GlobalReader, SecurityAdministrator, SecurityReader}
)

const (
	updatePolicy = "Update authorization policy" // Microsoft Entra's activity for tenant-wide switches
	policyCat    = "AuthorizationPolicy"
	userCat      = "UserManagement"
)

var (
	alreadyClosed = Forbidden(CodeAccountClosed, NoRemedy, "This account is closed for good.")
	toReopen      = Forbidden(CodeAccountClosing, NoRemedy, "This account is being closed. Reopen or restore it first.")
)

var (
	createTenant = &Spec[AdminTx, Settings]{
		Rule: Rule{Action: CreateTenant, Activity: "Create tenant", Category: "DirectoryManagement", By: BySystem,
			Says: "Make a tenant, turned on.", States: "exists already"},
		Load: func(tx AdminTx, op *Op, t Target) (Settings, error) {
			s, err := tx.Settings(TenantID(t.ID))
			if errors.Is(err, store.ErrNotFound) {
				return Settings{}, nil
			}
			return s, err
		},
		Forbids: func(_ *Op, s Settings) *Reason {
			if s.Tenant != "" {
				return Forbidden("tenant-exists", NoRemedy, "There is a tenant with this id already.")
			}
			return nil
		},
	}
	readSettings = settingsSpec(Rule{Action: ReadSettings, By: ByRole | ByHost, Roles: append(slices.Clone(policyAdmins), GlobalReader, LicenseAdministrator),
		Says: "Read the tenant's settings."})
	setAccess = settingsSpec(Rule{Action: SetAccess, Activity: updatePolicy, Category: policyCat, By: ByRole | ByHost, Roles: policyAdmins,
		Says: "Set an area to Off, ReadOnly or Edit.", Source: "S5"})
	setTurnedOn = settingsSpec(Rule{Action: SetTurnedOn, Activity: updatePolicy, Category: policyCat, By: ByRole | ByHost, Roles: policyAdmins,
		Says: "Turn the whole experience on or off.", Source: "S3"})
	setContact = settingsSpec(Rule{Action: SetContact, Activity: updatePolicy, Category: policyCat, By: ByRole | ByHost, Roles: policyAdmins,
		Says: "Set whom refusals tell people to ask.", Source: "S4"})
	setValue = settingsSpec(Rule{Action: SetValue, Activity: updatePolicy, Category: policyCat, By: ByRole | ByHost, Roles: policyAdmins,
		Says: "Set a room's number or switch.", States: "not licensed, where the setting is of an area"})
	setLicense = settingsSpec(Rule{Action: SetLicense, Activity: "Set company licensing", Category: "DirectoryManagement", By: ByRole | ByHost, Roles: licenseAdmins,
		Says: "Grant or withdraw a licence."})
	setNeed = settingsSpec(Rule{Action: SetNeed, Activity: "Set company licensing", Category: "DirectoryManagement", By: ByHost,
		Says: "Demand a licence for an area."})

	provision = &Spec[AdminTx, Standing]{
		Rule: Rule{Action: Provision, Activity: "Add user", Category: userCat, By: ByHost,
			Says: "Make an account known.", States: "exists already"},
		Load: func(tx AdminTx, op *Op, t Target) (Standing, error) {
			st, err := tx.Standing(op.Actor.Tenant, AccountID(t.ID))
			if errors.Is(err, store.ErrNotFound) {
				return Standing{}, nil
			}
			return st, err
		},
		Forbids: func(_ *Op, st Standing) *Reason {
			if st.Account != "" && (!st.Vouched || st.State != Active) {
				return Forbidden("account-exists", NoRemedy, "There is an account with this id already, or there was one.")
			}
			return nil
		},
	}
	setState = &Spec[AdminTx, Standing]{
		Rule: Rule{Action: SetState, Activity: "Update user", Category: userCat, By: ByHost, Notify: true,
			Says: "Enable, disable or close an account.", States: "closed; being closed"},
		Load: loadStanding,
		Forbids: func(_ *Op, st Standing) *Reason {
			switch st.State {
			case Closed:
				return alreadyClosed
			case Closing:
				return toReopen
			}
			return nil
		},
	}
	passwordChanged = &Spec[AdminTx, Standing]{
		Rule: Rule{Action: PasswordChanged, Activity: "Change user password", Category: userCat, By: ByHost, Notify: true,
			Says: "Note that an account has a new password that was set securely, which ends its risk.", States: "closed; being closed", Source: "Entra: remediate risks and unblock users"},
		Load: loadStanding, Forbids: setState.Forbids,
	}
	readAccount = &Spec[AdminTx, Standing]{
		Rule: Rule{Action: ReadAccount, By: ByHost, Says: "Read an account's standing."},
		Load: loadStanding,
	}

	readOwnEvents = logSpec(Rule{Action: ReadOwnEvents, By: ByPerson, Kinds: AllKinds, Access: ReadOnly,
		Says: "Read one's own security history."})
	readEvents = logSpec(Rule{Action: ReadEvents, By: ByRole | ByHost, Roles: readers,
		Says: "Read all of the tenant's events."})
	followEvents = logSpec(Rule{Action: FollowEvents, By: ByHost, Activity: "Update event follower", Category: "Audit", Records: NotedSuccess,
		Says: "Read new events in order and acknowledge them."})
	purgeEvents = logSpec(Rule{Action: PurgeEvents, By: ByHost, Activity: "Purge events", Category: "Audit", Records: NotedSuccess,
		Says: "Remove events past their retention that every follower has read."})
)

// settingsSpec is the rule for reading or setting a tenant's settings. They say how passwords lock, how long sessions live and
// what follows when somebody reports a thief: so who sets them proves two factors just now, as for whatever else decides who
// gets in.
func settingsSpec(r Rule) *Spec[AdminTx, Settings] {
	if r.Activity != "" && r.By&ByRole != 0 {
		r.Level, r.MaxAge = AAL2, Recent
	}
	return &Spec[AdminTx, Settings]{Rule: r, Load: func(_ AdminTx, op *Op, _ Target) (Settings, error) { return op.Settings, nil }}
}

// sets is the rule for setting one setting.
func (s Setting) sets() *Spec[AdminTx, Settings] {
	sp := *setValue
	sp.Forbids = func(_ *Op, now Settings) *Reason { return now.Unlicensed(s.Area) }
	return &sp
}

func logSpec(r Rule) *Spec[AdminTx, struct{}] {
	return &Spec[AdminTx, struct{}]{Rule: r, Load: func(AdminTx, *Op, Target) (struct{}, error) { return struct{}{}, nil }}
}

func loadStanding(tx AdminTx, op *Op, t Target) (Standing, error) {
	st, err := tx.Standing(op.Actor.Tenant, AccountID(t.ID))
	if err == nil && (st.Tenant != op.Actor.Tenant || st.Account != AccountID(t.ID)) {
		return Standing{}, store.ErrNotFound // a store that answers with another's row is never believed
	}
	return st, err
}

// Rules lists the rules of this package's own doors.
func Rules() []Rule {
	return []Rule{
		createTenant.Rule, readSettings.Rule, setAccess.Rule, setTurnedOn.Rule, setLicense.Rule, setNeed.Rule, setContact.Rule,
		setValue.Rule, provision.Rule, setState.Rule, passwordChanged.Rule, readAccount.Rule, readOwnEvents.Rule, readEvents.Rule, followEvents.Rule, purgeEvents.Rule,
	}
}
