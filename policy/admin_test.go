package policy_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
)

// settingChange is one change of an administrator's, and the event and settings that it leaves.
type settingChange struct {
	do       func(context.Context, *policy.Admin, policy.Actor) error
	action   policy.Action
	activity string
	category string
	target   policy.Target
	to       string
	then     func(policy.Settings) policy.Settings
	roles    []policy.Role // that may besides the host
}

var (
	policyAdmins  = []policy.Role{policy.GlobalAdministrator, policy.PrivilegedRoleAdministrator}
	licenseAdmins = []policy.Role{policy.GlobalAdministrator, policy.LicenseAdministrator}
	allRoles      = []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.CloudDeviceAdministrator, policy.IntuneAdministrator,
		policy.HelpdeskAdministrator, policy.SecurityAdministrator, policy.SecurityReader, policy.PrivilegedRoleAdministrator, policy.LicenseAdministrator}
)

func settingChanges() map[string]settingChange {
	const update, licensing = "Update authorization policy", "Set company licensing"
	access := func(to policy.Access) func(policy.Settings) policy.Settings {
		return func(s policy.Settings) policy.Settings { return s.WithAccess(areaNotes, to) }
	}
	return map[string]settingChange{
		"SetAccess": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error {
			return a.SetAccess(ctx, by, areaNotes, policy.Off)
		}, policy.SetAccess, update, "AuthorizationPolicy", policy.On("area", areaNotes), "off", access(policy.Off), policyAdmins},
		"Lock": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error { return a.Lock(ctx, by, areaNotes) },
			policy.SetAccess, update, "AuthorizationPolicy", policy.On("area", areaNotes), "read-only", access(policy.ReadOnly), policyAdmins},
		"Unlock": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error { return a.Unlock(ctx, by, areaNotes) },
			policy.SetAccess, update, "AuthorizationPolicy", policy.On("area", areaNotes), "edit", access(policy.Edit), policyAdmins},
		"TurnOn": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error { return a.TurnOn(ctx, by, false) },
			policy.SetTurnedOn, update, "AuthorizationPolicy", policy.Target{}, "false",
			func(s policy.Settings) policy.Settings { s.TurnedOn = false; return s }, policyAdmins},
		"Grant": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error { return a.Grant(ctx, by, "P1") },
			policy.SetLicense, licensing, "DirectoryManagement", policy.On("license", "P1"), "true",
			func(s policy.Settings) policy.Settings { return s.WithLicense("P1", true) }, licenseAdmins},
		"Withdraw": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error { return a.Withdraw(ctx, by, "P2") },
			policy.SetLicense, licensing, "DirectoryManagement", policy.On("license", "P2"), "false",
			func(s policy.Settings) policy.Settings { return s.WithLicense("P2", false) }, licenseAdmins},
		"Require": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error {
			return a.Require(ctx, by, areaNotes, "P2")
		},
			policy.SetNeed, licensing, "DirectoryManagement", policy.On("area", areaNotes), "P2",
			func(s policy.Settings) policy.Settings { return s.WithNeed(areaNotes, "P2") }, nil},
		"SetContact": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error {
			return a.SetContact(ctx, by, "the help desk")
		},
			policy.SetContact, update, "AuthorizationPolicy", policy.Target{}, "the help desk",
			func(s policy.Settings) policy.Settings { s.Contact = "the help desk"; return s }, policyAdmins},
		"Set": {func(ctx context.Context, a *policy.Admin, by policy.Actor) error { return a.Set(ctx, by, perHour, 5) },
			policy.SetValue, update, "AuthorizationPolicy", policy.On("setting", perHour.Name), "5",
			func(s policy.Settings) policy.Settings { return s.WithValue(perHour, 5) }, policyAdmins},
	}
}

// stored are a tenant's settings as they are in the store.
func (h *house) stored(t policy.TenantID) (s policy.Settings) {
	h.T.Helper()
	require.NoError(h.T, h.DB.Policy().View(ctx, func(tx policy.AdminTx) (err error) { s, err = tx.Settings(t); return err }))
	return s
}

func TestEveryChangeOfSettingsIsAuditedWithWhatItSet(t *testing.T) {
	for name, c := range settingChanges() {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.Tenant(fabrikam)
			require.NoError(t, h.admin.Grant(ctx, h.Host, "P2"))
			before, other := h.stored(contoso), h.stored(fabrikam)
			admin := h.Admin("root", policy.GlobalAdministrator)
			if c.roles == nil {
				admin = h.Host
			}
			events := h.since(func() { require.NoError(t, c.do(ctx, h.admin, admin)) })

			after := h.stored(contoso)
			want := c.then(before)
			require.Greater(t, after.Revision, before.Revision)
			want.Revision = after.Revision
			require.Empty(t, cmp.Diff(want, after), "that is set, and nothing else")
			require.Empty(t, cmp.Diff(other, h.stored(fabrikam)), "another tenant is another world")

			now := h.Clock.Now()
			sameEvents(t, []policy.Event{{
				Tenant: contoso, At: now, By: admin.Principal(), Roles: admin.Roles,
				Action: c.action, Activity: c.activity, Category: c.category, Target: c.target, Facts: []policy.Fact{{Name: "to", Value: c.to}},
				Outcome: policy.Succeeded, Count: 1, First: now, Revision: after.Revision,
			}}, events)
		})
	}
}

func TestEachChangeOfSettingsIsForItsRolesAndTheHost(t *testing.T) {
	h := newHouse(t)
	for name, c := range settingChanges() {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.do(ctx, h.admin, h.Host))
			for _, role := range allRoles {
				root := h.ada
				root.Roles = []policy.Role{role}
				before := h.stored(contoso)
				err := c.do(ctx, h.admin, root)
				if roleIn(role, c.roles) {
					require.NoError(t, err, role)
					continue
				}
				refused(t, err, policy.CodeNotPermitted, role)
				require.Empty(t, cmp.Diff(before, h.stored(contoso)), "%s changed it all the same", role)
			}
			refused(t, c.do(ctx, h.admin, h.ada), policy.CodeNotPermitted)
			refused(t, c.do(ctx, h.admin, policy.System("setup")), policy.CodeNotPermitted)
			refused(t, c.do(ctx, h.admin, policy.Host("mdm", "nowhere")), policy.CodeUnknownTenant)
			refused(t, c.do(ctx, h.admin, policy.Actor{}), policy.CodeNoActor)
		})
	}
}

func TestAnAdministratorProvesTwoFactorsJustNowBeforeSettingsAreChanged(t *testing.T) {
	h := newHouse(t)
	h.Clock.Advance(time.Hour)
	root := h.Admin("root", policy.GlobalAdministrator)
	one, stale := root, root
	one.Proofs = []policy.Proof{{Factor: policy.FactorPassword, At: h.Clock.Now()}}
	h.Clock.Advance(15*time.Minute + time.Microsecond)
	for name, c := range settingChanges() {
		if c.roles == nil {
			continue
		}
		before := h.stored(contoso)
		for want, a := range map[policy.Code]policy.Actor{policy.CodeStrongerProof: one, policy.CodeFresherProof: stale} {
			d := refused(t, c.do(ctx, h.admin, a), want, name)
			require.Equal(t, policy.AAL2, d.Reason().Level, name)
			require.Equal(t, 15*time.Minute, d.Reason().MaxAge, name)
		}
		require.Equal(t, before, h.stored(contoso), name)
	}
	_, err := h.admin.Settings(ctx, one)
	require.NoError(t, err, "looking takes none")
}

func roleIn(role policy.Role, roles []policy.Role) bool {
	for _, r := range roles {
		if r == role {
			return true
		}
	}
	return false
}

func TestSettingsAreReadByThoseWhoManageThem(t *testing.T) {
	h := newHouse(t)
	for _, role := range allRoles {
		root := h.ada
		root.Roles = []policy.Role{role}
		s, err := h.admin.Settings(ctx, root)
		if roleIn(role, []policy.Role{policy.GlobalAdministrator, policy.PrivilegedRoleAdministrator, policy.GlobalReader, policy.LicenseAdministrator}) {
			require.NoError(t, err, role)
			require.Empty(t, cmp.Diff(h.stored(contoso), s))
			continue
		}
		refused(t, err, policy.CodeNotPermitted, role)
		require.Empty(t, cmp.Diff(policy.Settings{}, s))
	}
	_, err := h.admin.Settings(ctx, h.Host)
	require.NoError(t, err)
	_, err = h.admin.Settings(ctx, h.ada)
	refused(t, err, policy.CodeNotPermitted)
}

func TestMalformedSettingsAreRefusedByTheNameOfTheField(t *testing.T) {
	h := newHouse(t)
	before, events := h.stored(contoso), h.Events(contoso)
	forged := perHour
	forged.Max = 1_000_000
	for name, c := range map[string]struct {
		field string
		err   error
	}{
		"an area of no room":           {"area", h.admin.SetAccess(ctx, h.Host, "garden", policy.Edit)},
		"an area in another spelling":  {"area", h.admin.Lock(ctx, h.Host, "Notes")},
		"no area":                      {"area", h.admin.Unlock(ctx, h.Host, "")},
		"an area within a known one":   {"area", h.admin.Lock(ctx, h.Host, "notes.private.deep")},
		"a fourth value":               {"access", h.admin.SetAccess(ctx, h.Host, areaNotes, policy.Edit+1)},
		"a need of an area of no room": {"area", h.admin.Require(ctx, h.Host, "garden", "P1")},
		"a need of a bad licence":      {"license", h.admin.Require(ctx, h.Host, areaNotes, "P1\n")},
		"no licence":                   {"license", h.admin.Grant(ctx, h.Host, "")},
		"a long licence":               {"license", h.admin.Withdraw(ctx, h.Host, policy.License(strings.Repeat("P", 129)))},
		"a setting of no room":         {"setting", h.admin.Set(ctx, h.Host, policy.Setting{Name: "garden.roses", Max: 10}, 3)},
		"a setting with wider bounds":  {"setting", h.admin.Set(ctx, h.Host, forged, 1_000_000)},
		"below":                        {perHour.Name, h.admin.Set(ctx, h.Host, perHour, 0)},
		"above":                        {perHour.Name, h.admin.Set(ctx, h.Host, perHour, 6)},
		"less than unlimited":          {perHour.Name, h.admin.Set(ctx, h.Host, perHour, -2)},
		"an unlimited switch":          {mayWrite.Name, h.admin.Set(ctx, h.Host, mayWrite, policy.Unlimited)},
		"a switch between":             {mayWrite.Name, h.admin.Set(ctx, h.Host, mayWrite, 2)},
		"a contact of two lines":       {"contact", h.admin.SetContact(ctx, h.Host, "call\nme")},
		"a contact with an escape":     {"contact", h.admin.SetContact(ctx, h.Host, "call \x1b[31mme")},
		"a contact that turns round":   {"contact", h.admin.SetContact(ctx, h.Host, "call \u202Eem")},
		"a contact of two paragraphs":  {"contact", h.admin.SetContact(ctx, h.Host, "call\u2029me")},
		"a contact of no text":         {"contact", h.admin.SetContact(ctx, h.Host, "call \xff")},
		"a long contact":               {"contact", h.admin.SetContact(ctx, h.Host, strings.Repeat("\u00e9", policy.MaxContact+1))},
		"a tenant without a name":      {"tenant", h.admin.CreateTenant(ctx, policy.System("setup"), "")},
		"a tenant with NUL":            {"tenant", h.admin.CreateTenant(ctx, policy.System("setup"), "a\x00")},
	} {
		t.Run(name, func(t *testing.T) { invalid(t, c.err, c.field) })
	}
	require.Empty(t, cmp.Diff(before, h.stored(contoso)))
	require.Equal(t, events, h.Events(contoso))

	for _, value := range []int{1, 5, policy.Unlimited} {
		require.NoError(t, h.admin.Set(ctx, h.Host, perHour, value))
		require.Equal(t, value, h.stored(contoso).Value(perHour))
	}
	for _, contact := range []string{strings.Repeat("\u00e9", policy.MaxContact), "", "the help desk, +1 555 0100 (Mon\u2013Fri)", "\U0001F468\u200D\U0001F692 first aid"} {
		require.NoError(t, h.admin.SetContact(ctx, h.Host, contact))
		require.Equal(t, contact, h.stored(contoso).Contact)
	}
}

func TestASettingIsSetByThoseWhoHaveTheLicencesOfItsArea(t *testing.T) {
	h := newHouse(t)
	root := h.Admin("root", policy.GlobalAdministrator)
	set := func(to int) error { return h.admin.Set(ctx, root, inColour, to) }
	require.NoError(t, set(1), "no licence is demanded")
	for area, l := range map[policy.Area]policy.License{areaPrivate: "P1", areaNotes: "Base"} {
		require.NoError(t, h.admin.Require(ctx, h.Host, area, l))
		for _, actor := range []policy.Actor{root, h.Host} {
			before := h.stored(contoso)
			d := refused(t, h.admin.Set(ctx, actor, inColour, 0), policy.CodeNotLicensed)
			require.Equal(t, []any{policy.ClassNotLicensed, string(l)}, []any{d.Reason().Class, d.Reason().What})
			require.Empty(t, cmp.Diff(before, h.stored(contoso)), "what was set before stays")
		}
		require.NoError(t, h.admin.Set(ctx, root, perHour, 3), "others are of no area")
		require.NoError(t, h.admin.Grant(ctx, h.Host, l))
		require.NoError(t, set(0))
		require.NoError(t, set(1))
	}
	other := inColour
	other.Area = ""
	invalid(t, h.admin.Set(ctx, root, other, 0), "setting")
}

func TestOnlyTheSystemMakesTenants(t *testing.T) {
	h := newHouse(t)
	root := h.Admin("root", allRoles...)
	for _, actor := range []policy.Actor{h.Host, h.ada, root} {
		refused(t, h.admin.CreateTenant(ctx, actor, "new"), policy.CodeNotPermitted)
	}
	require.NoError(t, h.admin.CreateTenant(ctx, policy.System("setup"), "new"))
	s := h.stored("new")
	require.Empty(t, cmp.Diff(policy.Settings{Tenant: "new", TurnedOn: true, Revision: s.Revision}, s), "turned on, open, without licences")
	now := h.Clock.Now()
	sameEvents(t, []policy.Event{{ // in the new tenant's own log
		Tenant: "new", At: now, By: policy.Principal{Kind: policy.SystemPrincipal, ID: "setup"},
		Action: policy.CreateTenant, Activity: "Create tenant", Category: "DirectoryManagement", Target: policy.On("tenant", "new"),
		Outcome: policy.Succeeded, Count: 1, First: now, Revision: s.Revision,
	}}, h.Events("new"))

	require.NoError(t, h.admin.TurnOn(ctx, policy.Host("setup", "new"), false))
	d := refused(t, h.admin.CreateTenant(ctx, policy.System("setup"), "new"), "tenant-exists")
	require.Equal(t, policy.ClassState, d.Reason().Class)
	require.False(t, h.stored("new").TurnedOn, "an existing tenant is not made anew")
}

func TestTurningTheExperienceOffShutsPeopleOutAndNotAdministrators(t *testing.T) {
	h := newHouse(t)
	root := h.Admin("root", policy.GlobalAdministrator)
	require.NoError(t, h.admin.TurnOn(ctx, root, false))
	refused(t, h.edit(h.ada, editing(), "n1", "new", ""), policy.CodeNotTurnedOn)
	require.NoError(t, h.admin.TurnOn(ctx, root, true), "the administrator turns it on again")
	require.NoError(t, h.edit(h.ada, editing(), "n1", "new", ""))
}

func TestRefusalsNameWhomToAsk(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.admin.Lock(ctx, h.Host, areaNotes))
	d := refused(t, h.edit(h.ada, editing(), "n1", "new", ""), policy.CodeAreaReadOnly)
	require.Equal(t, "This is managed by your organization. Contact your administrator.", d.Message())

	require.NoError(t, h.admin.SetContact(ctx, h.Host, "the help desk, extension 4711."))
	d = refused(t, h.edit(h.ada, editing(), "n1", "new", ""), policy.CodeAreaReadOnly)
	require.Equal(t, "the help desk, extension 4711.", d.Contact)
	require.Equal(t, "This is managed by your organization. Contact the help desk, extension 4711.", d.Message())

	d = refused(t, h.edit(h.ada, editing(), "nowhere", "new", ""), policy.CodeNotFound)
	require.NotContains(t, d.Message(), "help desk", "nobody can help with what is not there")
}

func TestAPageCanListTheAreasAndSettingsThatThereAre(t *testing.T) {
	areas, settings := []policy.Area{"notes", "photos"}, []policy.Setting{{Name: "notes.longest", Min: 1, Max: 9}}
	admin := policy.NewAdmin(policy.NewGuard(), nil, areas, settings)
	require.Equal(t, areas, admin.Areas())
	require.Equal(t, append(policy.OwnSettings(), settings...), admin.Known())

	admin.Areas()[0], admin.Known()[0].Name = "other", "other" // whoever asks gets copies
	require.Equal(t, areas, admin.Areas())
	require.Equal(t, policy.OwnSettings()[0], admin.Known()[0])
}
