package account_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// cell is one call of an operation: by whom, through which doors, on whom.
type cell struct {
	t     testing.TB
	actor policy.Actor
	account.Room
	troupe
	props
}

// troupe is on whom administrators and hosts act: on the subject, unless it takes an account of another sort.
type troupe struct {
	subject, personal, disabled, restricted, closing policy.AccountID
}

// props are what somebody holds who makes a call.
type props struct {
	picture   []byte
	hash      secret.Hash // of the password "better"
	recovery  secret.Text // the personal account's code
	reopening account.Reopening
	now       time.Time
	changes   map[policy.AccountID]emailChange // of addresses, that were begun
	steps     map[policy.AccountID]account.CodeAnswer
}

// operation is one way to call an exported operation.
type operation struct {
	door, method string
	as           string // tells several rows of one method apart
	action       policy.Action
	// forbids is what the state of the account forbids, before any proof is looked at; inside what the operation finds
	// out last of all.
	forbids, inside func(testkit.Somebody, condition) policy.Code

	changes bool // and a refusal is recorded, if looks does not say otherwise
	// looks tells that the operation is decided by a look first, so that who may not do it leaves no record.
	looks bool
	// counts tells that a refusal can come with a count of wrong answers, which is stored.
	counts bool
	// noted tells that a call counts against a limit before it has come to its end.
	noted bool
	// idle tells that it does nothing in the other tenant, where there is nothing to be done.
	idle bool

	call func(*cell) (any, error)
}

func (o operation) String() string {
	if o.as != "" {
		return o.door + "." + o.method + " " + o.as
	}
	return o.door + "." + o.method
}

// can turns a decision into the error that carries it.
func (c *cell) can(a policy.Action, id string) (any, error) {
	d, err := c.Service.Can(c.t.Context(), c.actor, a, id)
	if err == nil && !d.Allowed {
		err = &policy.Denied{Decision: d}
	}
	return d, err
}

func asking(as string, a policy.Action, id string, forbids func(testkit.Somebody, condition) policy.Code) operation {
	return operation{door: "Service", method: "Can", as: as, action: a, forbids: forbids,
		call: func(c *cell) (any, error) { return c.can(a, id) }}
}

func (c *cell) change(current, fresh string) (any, error) {
	return nil, c.Service.ChangePassword(c.t.Context(), c.actor, account.PasswordChange{Current: secret.NewText(current), New: secret.NewText(fresh)})
}

// reset sets a new password by a factor that is proven.
func (c *cell) reset(f policy.Factor) error {
	return c.Host.ResetPassword(c.t.Context(), c.actor,
		account.Reset{Account: c.subject, Proofs: []policy.Proof{{Factor: f, At: c.now}}, New: secret.NewText(better)})
}

func ifNothing(code policy.Code) func(testkit.Somebody, condition) policy.Code {
	return func(testkit.Somebody, condition) policy.Code { return code }
}

// operations are all rows of the matrix.
var operations = slices.Concat(profileRows, emailRows, recoveryRows, closingRows, codeRows)

var profileRows = []operation{
	{door: "Service", method: "Overview", action: account.ReadOverview,
		call: func(c *cell) (any, error) { return c.Service.Overview(c.t.Context(), c.actor) }},
	{door: "Service", method: "Profile", action: account.ReadProfile,
		call: func(c *cell) (any, error) { return c.Service.Profile(c.t.Context(), c.actor) }},
	{door: "Service", method: "UpdateProfile", as: "of the language", action: account.UpdateProfile, inside: ifEdited(account.Language), changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Service.UpdateProfile(c.t.Context(), c.actor, set(account.Language, "fr"))
		}},
	{door: "Service", method: "UpdateProfile", as: "of the name", action: account.UpdateProfile, inside: ifEdited(account.DisplayName), changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Service.UpdateProfile(c.t.Context(), c.actor, set(account.DisplayName, "Another"))
		}},
	{door: "Service", method: "UpdateProfile", as: "of the title", action: account.UpdateProfile, inside: ifEdited(account.Title), changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Service.UpdateProfile(c.t.Context(), c.actor, set(account.Title, "Director"))
		}},
	{door: "Service", method: "UpdateProfile", as: "of nothing", action: account.UpdateProfile, inside: ifHidden(account.TimeZone), changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Service.UpdateProfile(c.t.Context(), c.actor, set(account.TimeZone, ""))
		}},
	asking("about the profile", account.ReadProfile, "", nil),
	asking("about updates", account.UpdateProfile, "", nil),
	asking("about the language", account.EditAttribute, string(account.Language), ifKept(account.Language)),
	asking("about the name", account.EditAttribute, string(account.DisplayName), ifKept(account.DisplayName)),
	asking("about seeing the photo", account.ReadPhoto, "", ifPhotoHidden),
	asking("about the photo", account.ChangePhoto, "", ifKept(account.Photo)),
	asking("about a change of password", account.ChangePassword, "", ifUnchangeable),
	asking("about a first password", account.SetFirstPassword, "", ifNotFirst),
	{door: "Service", method: "Photo", action: account.ReadPhoto, forbids: ifPhotoHidden, inside: ifNoPhoto,
		call: func(c *cell) (any, error) { return c.Service.Photo(c.t.Context(), c.actor, 48) }},
	{door: "Service", method: "SetPhoto", action: account.ChangePhoto, forbids: ifKept(account.Photo), changes: true, noted: true,
		call: func(c *cell) (any, error) { return nil, c.Service.SetPhoto(c.t.Context(), c.actor, c.picture) }},
	{door: "Service", method: "RemovePhoto", action: account.ChangePhoto, forbids: ifKept(account.Photo), changes: true, idle: true,
		call: func(c *cell) (any, error) { return nil, c.Service.RemovePhoto(c.t.Context(), c.actor) }},
	{door: "Service", method: "ChangePassword", action: account.ChangePassword, forbids: ifUnchangeable, changes: true,
		call: func(c *cell) (any, error) { return c.change(good, better) }},
	{door: "Service", method: "SetFirstPassword", action: account.SetFirstPassword, forbids: ifNotFirst, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Service.SetFirstPassword(c.t.Context(), c.actor, secret.NewText(better))
		}},

	{door: "Admin", method: "Profile", action: account.ReadAnyProfile,
		call: func(c *cell) (any, error) { return c.Admin.Profile(c.t.Context(), c.actor, c.subject) }},
	{door: "Admin", method: "UpdateProfile", as: "of the title", action: account.UpdateAnyProfile, forbids: ifClosed, inside: ifSynchronized, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Admin.UpdateProfile(c.t.Context(), c.actor, c.subject, set(account.Title, "Director"))
		}},
	{door: "Admin", method: "UpdateProfile", as: "of the language", action: account.UpdateAnyProfile, forbids: ifClosed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Admin.UpdateProfile(c.t.Context(), c.actor, c.subject, set(account.Language, "fr"))
		}},
	{door: "Admin", method: "Schema", action: account.ReadSchema,
		call: func(c *cell) (any, error) { return c.Admin.Schema(c.t.Context(), c.actor) }},
	{door: "Admin", method: "SetSchema", action: account.SetSchema, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Admin.SetSchema(c.t.Context(), c.actor, account.EntraDefaults())
		}},
	{door: "Admin", method: "Photo", action: account.ReadAnyPhoto, inside: ifNoPhoto,
		call: func(c *cell) (any, error) { return c.Admin.Photo(c.t.Context(), c.actor, c.subject, 48) }},
	{door: "Admin", method: "SetPhoto", action: account.ChangeAnyPhoto, forbids: ifClosed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Admin.SetPhoto(c.t.Context(), c.actor, c.subject, c.picture)
		}},
	{door: "Admin", method: "RemovePhoto", action: account.ChangeAnyPhoto, forbids: ifClosed, changes: true, idle: true,
		call: func(c *cell) (any, error) { return nil, c.Admin.RemovePhoto(c.t.Context(), c.actor, c.subject) }},
	{door: "Admin", method: "UnlockPassword", action: account.UnlockPassword, forbids: ifNotToUnlock, changes: true,
		call: func(c *cell) (any, error) { return nil, c.Admin.UnlockPassword(c.t.Context(), c.actor, c.subject) }},
	{door: "Admin", method: "DemandNewPassword", action: account.DemandNewPassword, forbids: ifNotToDemand, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Admin.DemandNewPassword(c.t.Context(), c.actor, c.subject)
		}},
	{door: "Admin", method: "BannedPasswords", action: account.ReadBannedPasswords,
		call: func(c *cell) (any, error) { return c.Admin.BannedPasswords(c.t.Context(), c.actor) }},
	{door: "Admin", method: "SetBannedPasswords", action: account.SetBannedPasswords, forbids: ifUnlicensed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Admin.SetBannedPasswords(c.t.Context(), c.actor, account.BannedPasswords{Terms: []string{"quartzworks"}})
		}},

	{door: "Host", method: "PutProfile", action: account.PutProfile, forbids: ifClosed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.PutProfile(c.t.Context(), c.actor, account.Profile{Account: c.subject, DisplayName: "Another"})
		}},
	{door: "Host", method: "VerifyPassword", action: account.VerifyPassword, inside: ifNoGood, changes: true, looks: true,
		call: func(c *cell) (any, error) {
			return c.Host.VerifyPassword(c.t.Context(), c.actor, account.PasswordAttempt{Account: c.subject, Password: secret.NewText(good), Familiar: true})
		}},
	{door: "Host", method: "SetPassword", action: account.PutPassword, forbids: ifClosed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.SetPassword(c.t.Context(), c.actor, c.subject, secret.NewText(better))
		}},
	{door: "Host", method: "ResetPassword", action: account.ResetPassword, forbids: ifNotToReset, changes: true,
		call: func(c *cell) (any, error) { return nil, c.reset(policy.FactorRecovery) }},
	{door: "Host", method: "ResetPassword", as: "without a recovery", action: account.ResetPassword, forbids: ifNotToReset, inside: ifNothing(account.CodeRecoverFirst), changes: true,
		call: func(c *cell) (any, error) { return nil, c.reset(policy.FactorPasskey) }},
	{door: "Host", method: "ImportHash", action: account.PutPassword, forbids: ifClosed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.ImportHash(c.t.Context(), c.actor, c.subject, c.hash)
		}},
	{door: "Host", method: "KeepElsewhere", action: account.KeepElsewhere, forbids: ifClosed, changes: true,
		call: func(c *cell) (any, error) {
			return nil, c.Host.KeepElsewhere(c.t.Context(), c.actor, c.subject, account.Federated, "over there")
		}},
}
