package export_test

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/examples/internal/export"
	"github.com/seed4b20689c/myaccount/examples/portal/sample"
	"github.com/seed4b20689c/myaccount/internal/opendata"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

const reordering = "record 24, line 365: displayName: has the character U+202E; want text without control and reordering characters"

// portal brings the portal's sample into a world, which begins when it was made.
func portal(t *testing.T) (tenant, *export.Export) {
	w := newTenant(t)
	e, err := export.From("the sample", sample.Files, export.Options{ProvenAt: sample.Now})
	require.NoError(t, err)
	require.Equal(t, sample.Now, w.Clock.Now())
	require.Equal(t, []string{
		"users.json: 10 read: 10 imported",
		"devices.json: 24 read: 23 imported, 1 refused",
		reordering,
		"recoveryKeys.json: 10 read: 10 imported",
		"signIns.json: 60 read: 59 imported, 1 skipped",
	}, w.bring(e))
	return w, e
}

func TestThePortalsSampleIsTakenButForWhatIsMeantToBeRefused(t *testing.T) {
	w, e := portal(t)
	events := len(w.Events(w.Host.Tenant))
	require.Equal(t, []string{
		"users.json: 10 read: 10 unchanged",
		"devices.json: 24 read: 23 unchanged, 1 refused",
		reordering,
		"recoveryKeys.json: 10 read: 10 unchanged",
		"signIns.json: 60 read: 59 unchanged, 1 skipped",
	}, w.bring(e))
	require.Len(t, w.Events(w.Host.Tenant), events, "the second time changes nothing")
}

func TestThePortalsPeopleAreOfAllSorts(t *testing.T) {
	w, e := portal(t)
	for id, typed := range map[policy.AccountID]string{sample.Ada: "ada@contoso.example", sample.Carol: "carol@contoso.example"} {
		got, err := w.App.Host.Account.Lookup(t.Context(), w.Host, typed)
		require.NoError(t, err)
		require.Equal(t, id, got)
	}
	view, err := w.App.Account.Profile(t.Context(), w.person(sample.Ada))
	require.NoError(t, err)
	require.Equal(t, []string{"ada@contoso.example"}, view.UserNames)
	require.Equal(t, "ada.elm@contoso.example", view.Emails[0].Address)
	require.True(t, view.Emails[0].Proven)
	manager, _ := view.Field(account.Manager)
	require.Equal(t, "Dora Hazel", manager.Shown)

	kinds, states, sources := map[policy.Kind]int{}, map[policy.State]int{}, map[string]int{}
	for _, p := range e.People() {
		st, err := w.App.Host.Accounts.Account(t.Context(), w.Host, p.ID)
		require.NoError(t, err)
		profile, err := w.App.Admin.Account.Profile(t.Context(), w.Host, p.ID)
		require.NoError(t, err)
		kinds[st.Kind]++
		states[st.State]++
		sources[profile.Source]++
	}
	require.Equal(t, map[policy.Kind]int{policy.Work: 9, policy.Guest: 1}, kinds)
	require.Equal(t, map[policy.State]int{policy.Active: 9, policy.Disabled: 1}, states)
	require.Equal(t, map[string]int{"": 9, "Active Directory": 1}, sources)
}

func TestThePortalsDevicesAreOfAllSorts(t *testing.T) {
	w, e := portal(t)
	mine := w.devicesOf(sample.Ada)
	has := map[string]int{}
	for _, d := range mine {
		for what, yes := range map[string]bool{
			"another's": d.Owner != sample.Ada, "autopilot": d.Autopilot, "disabled": d.State != devices.Enabled, "unused": d.NeedsAttention(), "printer": d.Profile == devices.Printer,
			"markup": strings.Contains(d.Name, "<script>"), "may be disabled": d.Disable.Allowed, "may not be disabled": !d.Disable.Allowed, "not compliant": d.Compliant == devices.No,
		} {
			if yes {
				has[what]++
			}
		}
	}
	require.Len(t, mine, 7)
	require.Equal(t, map[string]int{"another's": 1, "autopilot": 2, "disabled": 1, "unused": 1, "printer": 1, "markup": 1, "may be disabled": 4, "may not be disabled": 3, "not compliant": 1}, has)
	for _, p := range e.People() {
		st, err := w.App.Host.Accounts.Account(t.Context(), w.Host, p.ID)
		require.NoError(t, err)
		if st.Kind == policy.Work && st.State == policy.Active {
			require.GreaterOrEqual(t, len(w.devicesOf(p.ID)), 2, p.DisplayName)
		}
	}
	revealed := 0
	for _, d := range mine {
		keys, err := w.App.Devices.RecoveryKeys(t.Context(), w.person(sample.Ada), d.ID, devices.KeyQuery{})
		require.NoError(t, err)
		for _, k := range keys.Items {
			_, err := w.App.Devices.Reveal(t.Context(), w.person(sample.Ada), k.ID)
			require.NoError(t, err)
			revealed++
		}
	}
	require.Equal(t, 3, revealed)
}

func TestThePortalsSignInsAreOfAllSorts(t *testing.T) {
	w, _ := portal(t)
	outcomes, flags := map[signins.Outcome]int{}, map[string][]signins.FlagKind{}
	for _, i := range w.activityOf(sample.Ada) {
		outcomes[i.Outcome]++
		for _, f := range i.Unusual {
			at := i.Place.Country + " " + i.Outcome.String()
			flags[at] = append(flags[at], f.Kind)
		}
	}
	require.Equal(t, map[signins.Outcome]int{signins.Success: 16, signins.Interrupted: 4, signins.FirstFactorFailed: 7, signins.LaterStepFailed: 3}, outcomes)
	require.Empty(t, cmp.Diff(map[string][]signins.FlagKind{
		"AT success":           {signins.NewCountry, signins.NewDeviceAndPlace},
		"DE later-step-failed": {signins.NewDeviceAndPlace},
		"IS later-step-failed": {signins.NewCountry, signins.NewDeviceAndPlace},
		"IS success":           {signins.NewCountry, signins.NewDeviceAndPlace, signins.SuccessAfterFailures},
		"SG success":           {signins.NewCountry, signins.NewDeviceAndPlace, signins.ImpossibleTravel},
		"DE success":           {signins.NewDeviceAndPlace}, // the phone, for the first time
	}, flags))
	bob, err := w.App.Host.Account.Lookup(t.Context(), w.Host, "bob@contoso.example")
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(w.activityOf(bob), func(i signins.Item) bool {
		return slices.ContainsFunc(i.Unusual, func(f signins.Flag) bool { return f.Kind == signins.AnonymousNetwork })
	}))
}

func TestNothingInThePortalsSampleCouldBeSomebodys(t *testing.T) {
	numbers := regexp.MustCompile(`^(\+1 20655501\d\d|\+44 7700 900\d{3}|\+44 20 7946 0\d{3}|\+49 30 23125 \d{3})$`)
	domains := regexp.MustCompile(`@[\w.-]+`)
	reserved := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	file := func(name string) *strings.Reader {
		text, err := sample.Files.ReadFile(name)
		require.NoError(t, err)
		return strings.NewReader(string(text))
	}
	for u, err := range msgraph.Users(file("users.json")) {
		require.NoError(t, err)
		for _, n := range append(u.BusinessPhones, u.Profile.MobilePhone) {
			require.True(t, n == "" || numbers.MatchString(n), n)
		}
		for _, a := range domains.FindAllString(strings.Join(append(u.OtherMails, u.Mail, u.UserPrincipalName), " "), -1) {
			require.True(t, strings.HasSuffix(a, ".example"), a)
		}
	}
	for s, err := range msgraph.SignIns(file("signIns.json")) {
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(s.Address) }), s.Address)
	}
}

func TestThePortalsSampleIsShownWheneverThePortalIs(t *testing.T) {
	fixed, _ := portal(t)
	later := newTenant(t)
	later.Clock.Advance(500*24*time.Hour + 7*time.Hour + 11*time.Second)
	newest := later.Clock.Now().Add(-time.Minute)
	e, err := export.From("the sample", sample.Files, export.Options{ShiftTo: newest, ProvenAt: later.Clock.Now()})
	require.NoError(t, err)
	told := later.bring(e)
	require.Equal(t, "signIns.json: 60 read: 59 imported, 1 skipped", told[len(told)-1], "none is too old")

	// All that happened lies as far before the newest as it did.
	shown := func(w tenant, newest time.Time) map[string]time.Duration {
		all := map[string]time.Duration{}
		for _, p := range e.People() {
			st, err := w.App.Host.Accounts.Account(t.Context(), w.Host, p.ID)
			require.NoError(t, err)
			if st.State != policy.Active {
				continue
			}
			for _, i := range w.activityOf(p.ID) {
				all[string(i.ID)] = newest.Sub(i.At)
			}
			if st.Kind == policy.Guest {
				continue
			}
			for _, d := range w.devicesOf(p.ID) {
				all["registered "+string(d.ID)], all["used "+string(d.ID)] = newest.Sub(d.RegisteredAt), newest.Sub(d.LastSignInAt)
			}
		}
		return all
	}
	before := shown(fixed, time.Date(2026, 1, 5, 8, 44, 0, 0, time.UTC))
	require.Len(t, before, 58+2*23-2, "of all but Hugo, and the screen that is nobody's")
	require.Empty(t, cmp.Diff(before, shown(later, newest)))
	require.Zero(t, slices.Min(slices.Collect(maps.Values(before))))
}

func TestPublishedFilesAreTakenWhereTheyAre(t *testing.T) {
	dir, ok := opendata.Dir()
	if !ok {
		dir = t.TempDir() // the project's own samples have to do
	}
	w := newTenant(t)
	e, err := export.Open(dir, export.Options{ShiftTo: w.Clock.Now().Add(-time.Minute)})
	if !ok {
		require.ErrorContains(t, err, "no devices*.json")
		return
	}
	require.NoError(t, err)
	require.NoError(t, w.App.Admin.Policy.Set(t.Context(), w.Host, signins.RetentionDays, signins.RetentionDays.Max))
	told := w.bring(e)
	require.Contains(t, told, "sentinel-signins/sign-in_adelete.csv: 56 read: 56 imported")
	require.Contains(t, told, "panther-signins/signins.jsonl: 12 read: 10 imported, 1 unchanged, 1 skipped")
	again := w.bring(e)
	require.Contains(t, again, "sentinel-signins/sign-in_adelete.csv: 56 read: 56 unchanged")
	for _, line := range again {
		require.NotContains(t, line, " imported")
	}
}
