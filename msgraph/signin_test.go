package msgraph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// sameAddress compares addresses by what they are.
var sameAddress = cmpopts.EquateComparable(netip.Addr{})

func TestAPageOfSignInsBecomesRecords(t *testing.T) {
	got := whole(t, msgraph.SignIns(bytes.NewReader(read(t, "signins.json"))))
	want := []msgraph.SignIn{
		{
			Position: msgraph.Position{Record: 1, Line: 4}, UserName: "ada@contoso.example",
			UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
			Record: signins.Record{
				ID: "50000000-0000-4000-8000-000000000001", Account: "ada", At: time.Date(2026, 1, 5, 9, 0, 0, 123456700, time.UTC),
				Application: "Office 365 Exchange Online", Resource: "Microsoft Graph", ClientApp: "Browser",
				Browser: "Edge 90.0.818", System: "Windows 10", Address: netip.MustParseAddr("2001:db8::7"),
				Place:      signins.Place{City: "Berlin", Region: "Berlin", Country: "DE", Located: true, Latitude: 52.52, Longitude: 13.405},
				Anonymized: true, Device: "laptop", DeviceName: "ADA-LAPTOP", Correlation: "70000000-0000-4000-8000-000000000001",
				Code: 500121, Failure: "Authentication failed during strong authentication request.",
				Steps: []signins.Step{
					{At: time.Date(2026, 1, 5, 8, 59, 58, 500000000, time.UTC), Method: "Password", Detail: "Correct password", Primary: true, Succeeded: true},
					{At: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), Method: "Mobile app notification", Detail: "Phone of Ada"},
				},
				Risk: policy.MediumRisk,
			},
		},
		{
			Position: msgraph.Position{Record: 2, Line: 27}, UserName: "bob@contoso.example", NonInteractive: true,
			Record: signins.Record{
				ID: "50000000-0000-4000-8000-000000000002", Account: "bob", At: time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC),
				Application: "Azure CLI", System: "Linux", Risk: policy.HiddenRisk,
			},
		},
	}
	require.Empty(t, cmp.Diff(want, got, sameAddress))
}

// event is an event of Azure Monitor that is in order, with some members of it and of its properties replaced,
// added or, with nil, left out.
func event(members, properties map[string]any) string {
	within := map[string]any{"id": "e", "userId": "ada", "createdDateTime": "2026-01-05T09:00:00Z", "status": map[string]any{"errorCode": 0}}
	around := map[string]any{"time": "2026-01-05 09:00:01.5", "category": "SignInLogs", "resultType": "0", "tenantId": "directory", "properties": within}
	for _, change := range []struct{ in, by map[string]any }{{around, members}, {within, properties}} {
		for name, value := range change.by {
			if change.in[name] = value; value == nil {
				delete(change.in, name)
			}
		}
	}
	b, err := json.Marshal(around)
	if err != nil {
		panic(err) // the values of these tests can be written
	}
	return string(b)
}

// one reads a text with one sign-in that is in order.
func one(t testing.TB, s string) msgraph.SignIn {
	t.Helper()
	all := whole(t, msgraph.SignIns(text(s)))
	require.Len(t, all, 1)
	return all[0]
}

// refused reads a text with one sign-in that is not, and gives the field and the problem.
func refused(t testing.TB, s string) [2]string {
	t.Helper()
	read, refusals, broken := all(t, msgraph.SignIns(text(s)))
	require.Empty(t, read, s)
	require.Nil(t, broken, s)
	require.Len(t, refusals, 1, s)
	name, problem := field(t, refusals[0])
	return [2]string{name, problem}
}

func TestAnEventToldInAnyCaseIsTheSameSignIn(t *testing.T) {
	want := msgraph.SignIn{
		Position: msgraph.Position{Record: 1, Line: 1}, Tenant: "directory", UserName: "ada@contoso.example",
		Record: signins.Record{ID: "e", Account: "ada", At: time.Date(2026, 1, 5, 9, 0, 0, 983201900, time.UTC), Correlation: "c",
			Address: netip.MustParseAddr("192.0.2.1"), Place: signins.Place{Country: "DE"}, Code: 50126, Failure: "Wrong password"},
	}
	for _, record := range []string{
		`{"category":"SignInLogs","tenantId":"directory","callerIpAddress":"192.0.2.1","correlationId":"c","location":"DE","resultType":"50126","resultDescription":"Wrong password",
		  "properties":{"id":"e","userId":"ada","userPrincipalName":"ada@contoso.example","createdDateTime":"2026-01-05 09:00:00.983201900"}}`,
		`{"category":"signinlogs","tenantid":"directory","calleripaddress":"::ffff:192.0.2.1","correlationid":"c","resulttype":50126,
		  "properties":{"Id":"e","UserId":"ada","UserPrincipalName":"ada@contoso.example","CreatedDateTime":"2026-01-05T10:00:00.9832019+01:00","location":"DE",
		  "status":{"ErrorCode":"50126","FailureReason":"Wrong\r\npassword"}}}`,
		`{"resourceId":"/TENANTS/directory/PROVIDERS/MICROSOFT.AADIAM","time":"2026-01-05 09:00:00.9832019","resultType":"Failure",
		  "properties":"{\"id\":\"e\",\"userId\":\"ada\",\"userPrincipalName\":\"ada@contoso.example\",\"ipAddress\":\"192.0.2.1\",\"correlationId\":\"c\",\"status\":\"{\\\"errorCode\\\":50126,\\\"failureReason\\\":\\\"Wrong password\\\"}\",\"location\":{\"city\":\"Unknown\",\"countryOrRegion\":\"DE\"}}"}`,
	} {
		require.Empty(t, cmp.Diff(want, one(t, record), sameAddress))
		require.Empty(t, cmp.Diff(want, one(t, `{"records":[`+record+`]}`), sameAddress))
	}
}

func TestTheCodeTellsAndNoClaimOfSuccess(t *testing.T) {
	status := func(code any) map[string]any { return map[string]any{"status": map[string]any{"errorCode": code}} }
	none := map[string]any{"status": nil}
	for _, c := range []struct {
		result any
		within map[string]any
		want   int
	}{
		{0, none, 0}, {"0", none, 0}, {"Success", none, 0}, {"success", status(0), 0}, {nil, status(0), 0}, {nil, status("0"), 0},
		{"Success", status(50126), 50126}, {"0", status("50126"), 50126}, {nil, status(50126), 50126},
		{50126, status(0), 50126}, {"50126", none, 50126}, {"Failure", status(50053), 50053}, {"50058", status(50126), 50126},
		{"Failure", none, msgraph.UnknownFailure}, {"failure", status(0), msgraph.UnknownFailure},
		{" 16000 ", map[string]any{"status": ""}, 16000}, {"16000", map[string]any{"status": map[string]any{}}, 16000},
	} {
		got := one(t, event(map[string]any{"resultType": c.result}, c.within))
		require.Equal(t, c.want, got.Code, "%v %v", c.result, c.within)
	}
	for _, c := range []struct {
		result any
		within map[string]any
		want   [2]string
	}{
		{nil, none, [2]string{"properties.status.errorCode", "is missing, and there is no resultType in its place"}},
		{"Perhaps", none, [2]string{"resultType", "is no error code; want a number, 0 for a success"}},
		{"Perhaps", status(50126), [2]string{"resultType", "is no error code; want a number, 0 for a success"}},
		{-1, none, [2]string{"resultType", "is no error code; want a number, 0 for a success"}},
		{true, none, [2]string{"resultType", "is neither a text nor a number"}},
		{"0", status(0.5), [2]string{"properties.status.errorCode", "is no error code; want a number, 0 for a success"}},
		{"0", status(1 << 31), [2]string{"properties.status.errorCode", "is no error code; want a number, 0 for a success"}},
		{"0", map[string]any{"status": 0}, [2]string{"properties.status", "is not an object"}},
		{"0", map[string]any{"status": "fine"}, [2]string{"properties.status", "holds no JSON"}},
	} {
		require.Equal(t, c.want, refused(t, event(map[string]any{"resultType": c.result}, c.within)))
	}
}

func TestAProgramsOwnSignInIsNobodys(t *testing.T) {
	for _, record := range []string{
		event(map[string]any{"category": "ServicePrincipalSignInLogs"}, nil),
		event(map[string]any{"category": "managedidentitysigninlogs"}, map[string]any{"userId": nil}),
		event(nil, map[string]any{"userId": "", "servicePrincipalId": "robot"}),
	} {
		got := one(t, record)
		require.True(t, got.ServicePrincipal)
		require.Empty(t, got.Account)
	}
	got := one(t, event(map[string]any{"category": "NonInteractiveUserSignInLogs"}, map[string]any{"servicePrincipalId": "robot"}))
	require.False(t, got.ServicePrincipal, "a person's, with a program's help")
	require.True(t, got.NonInteractive)
	require.EqualValues(t, "ada", got.Account)
}

func TestATimeIsReadInAllWritingsAndIsUTCWithoutAZone(t *testing.T) {
	for written, want := range map[string]time.Time{
		"2026-01-05T09:30:45.123456789Z":      time.Date(2026, 1, 5, 9, 30, 45, 123456789, time.UTC),
		"2026-01-05T09:30:45.1234567+01:00":   time.Date(2026, 1, 5, 8, 30, 45, 123456700, time.UTC),
		"2026-01-05T09:30:45":                 time.Date(2026, 1, 5, 9, 30, 45, 0, time.UTC),
		"2026-01-05 09:30:45.123":             time.Date(2026, 1, 5, 9, 30, 45, 123000000, time.UTC),
		"2026-01-05 09:30:45.983201900":       time.Date(2026, 1, 5, 9, 30, 45, 983201900, time.UTC),
		"2026-01-05 09:30:45-02:00":           time.Date(2026, 1, 5, 11, 30, 45, 0, time.UTC),
		"4/28/2021, 2:08:45.221 PM":           time.Date(2021, 4, 28, 14, 8, 45, 221000000, time.UTC),
		"4/28/2021, 12:08:45.221\u202fAM":     time.Date(2021, 4, 28, 0, 8, 45, 221000000, time.UTC),
		"12/1/2021 12:08:45 PM":               time.Date(2021, 12, 1, 12, 8, 45, 0, time.UTC),
		"12/31/2021 11:08:45.5 PM -01:00":     time.Date(2022, 1, 1, 0, 8, 45, 500000000, time.UTC),
		"9999-12-31T23:59:59.999999999+00:00": time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		require.Equal(t, want, one(t, event(nil, map[string]any{"createdDateTime": written})).At, written)
	}
	const want = "is not a time such as 2026-01-05T09:00:00Z, 2026-01-05 09:00:00 or 1/5/2026, 9:00:00 AM"
	for _, written := range []string{"28/4/2021, 2:08:45 PM", "4/5/2021, 2:08:45 pm", "4/5/2021, 14:08:45", "2026", "yesterday", "1767600000", "2026-02-30 00:00:00"} {
		require.Equal(t, [2]string{"properties.createdDateTime", want}, refused(t, event(nil, map[string]any{"createdDateTime": written})), written)
	}
	noted := one(t, event(nil, map[string]any{"createdDateTime": nil}))
	require.Equal(t, time.Date(2026, 1, 5, 9, 0, 1, 500000000, time.UTC), noted.At, "that of the event stands in for it")
}

func TestASignInWithoutAnIDHasTheSameOneWheneverItIsRead(t *testing.T) {
	nameless := event(nil, map[string]any{"id": nil, "originalRequestId": "o"})
	first := one(t, nameless)
	require.Regexp(t, "^event-[0-9a-f]{32}$", string(first.ID))
	require.Equal(t, first, one(t, nameless))
	var spaced bytes.Buffer
	require.NoError(t, json.Indent(&spaced, []byte(nameless), "", "\t"))
	require.Equal(t, first.ID, one(t, spaced.String()).ID, "however it is spaced")
	other := event(nil, map[string]any{"id": "", "originalRequestId": "o", "appDisplayName": "Mail"})
	require.NotEqual(t, first.ID, one(t, other).ID, "another of the same sequence")
}

func TestASignInThatCannotBeKeptIsRefusedAloneAndNamesTheField(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	step := func(members map[string]any) map[string]any {
		return map[string]any{"authenticationDetails": []any{map[string]any{}, members}}
	}
	device := func(name, value string) map[string]any {
		return map[string]any{"deviceDetail": map[string]any{name: value}}
	}
	for _, c := range []struct {
		within         map[string]any
		field, problem string
	}{
		{map[string]any{"userId": nil}, "userId", "is missing, or is that of nobody"},
		{map[string]any{"userId": "00000000-0000-0000-0000-000000000000"}, "userId", "is missing, or is that of nobody"},
		{map[string]any{"userId": "a\nb"}, "userId", "has the character U+000A"},
		{map[string]any{"id": long}, "id", "has 65536 characters"},
		{map[string]any{"id": strings.Repeat("x", 129)}, "id", "has 129 bytes"},
		{map[string]any{"createdDateTime": 5}, "createdDateTime", "is not a string"},
		{map[string]any{"createdDateTime": "1969-12-31T23:59:59Z"}, "createdDateTime", "lies before 1970"},
		{map[string]any{"createdDateTime": "9999-12-31T23:59:59-01:00"}, "createdDateTime", "lies outside the years 1 to 9999"},
		{map[string]any{"ipAddress": "192.0.2"}, "ipAddress", "is no IP address"},
		{map[string]any{"correlationId": "c\r\nc"}, "correlationId", "has the character U+000D"},
		{map[string]any{"riskLevelDuringSignIn": "some"}, "riskLevelDuringSignIn", "is none of hidden, high, low, medium, none, unknownFutureValue"},
		{map[string]any{"isInteractive": "perhaps"}, "isInteractive", "is none of true and false"},
		{map[string]any{"userAgent": []string{"curl"}}, "userAgent", "is not a string"},
		{map[string]any{"status": map[string]any{"errorCode": 1, "failureReason": long}}, "status.failureReason", "has 65536 characters"},
		{map[string]any{"status": map[string]any{"errorCode": 1, "failureReason": "\u2066"}}, "status.failureReason", "has the character U+2066"},
		{device("deviceId", strings.Repeat("x", 200)), "deviceDetail.deviceId", "has 200 bytes"},
		{map[string]any{"deviceDetail": []string{}}, "deviceDetail", "is not an object"},
		{map[string]any{"location": map[string]any{"geoCoordinates": map[string]any{"latitude": 91}}}, "location.geoCoordinates.latitude", "is not a number from -90 to 90"},
		{map[string]any{"location": map[string]any{"geoCoordinates": map[string]any{"longitude": "NaN"}}}, "location.geoCoordinates.longitude", "is not a number from -180 to 180"},
		{step(map[string]any{"authenticationMethod": long}), "authenticationDetails[1].authenticationMethod", "has 65536 characters"},
		{step(map[string]any{"authenticationStepDateTime": "soon"}), "authenticationDetails[1].authenticationStepDateTime", "is not a time"},
		{step(map[string]any{"succeeded": 1}), "authenticationDetails[1].succeeded", "is none of true, false and null"},
		{map[string]any{"authenticationDetails": []any{1}}, "authenticationDetails[0].record", "is not an object"},
		{map[string]any{"authenticationDetails": map[string]any{}}, "authenticationDetails", "is not an array"},
		{map[string]any{"authenticationDetails": make([]struct{}, 33)}, "authenticationDetails", "has 33 steps; want at most 32"},
		{map[string]any{"UserID": "bob"}, "userId", "stands twice"},
	} {
		got := refused(t, event(nil, c.within))
		require.Equal(t, "properties."+c.field, got[0])
		require.Contains(t, got[1], c.problem)
	}
	require.Equal(t, [2]string{"category", "is no log of sign-ins"}, refused(t, event(map[string]any{"category": "AuditLogs"}, nil)))
	require.Equal(t, [2]string{"@odata.type", "is another type; want #microsoft.graph.signIn"}, refused(t, `{"@odata.type":"#microsoft.graph.device"}`))
	require.Equal(t, "resourceId", refused(t, event(map[string]any{"tenantId": nil, "resourceId": "/tenants/a\nb/providers"}, nil))[0])
	require.Equal(t, "callerIpAddress", refused(t, event(map[string]any{"callerIpAddress": "here"}, nil))[0])

	read, refusals, broken := all(t, msgraph.SignIns(text(event(nil, nil)+"\n{}\n"+event(nil, nil)+"\n{")))
	require.Len(t, read, 2)
	require.Equal(t, msgraph.Position{Record: 2, Line: 2}, refusals[0].Position)
	require.Equal(t, 4, broken.Line)
}

func TestANameThatMayNotBeShownHidesNoAttempt(t *testing.T) {
	got := one(t, event(nil, map[string]any{"userPrincipalName": "ada\u202etxt", "appDisplayName": "Mail\x00", "clientAppUsed": "\x1b[31m",
		"deviceDetail": map[string]any{"displayName": "a\u202eb", "browser": strings.Repeat("x", 300)}}))
	require.Equal(t, []string{"ada\uFFFDtxt", "Mail\uFFFD", "\uFFFD[31m", "a\uFFFDb"}, []string{got.UserName, got.Application, got.ClientApp, got.DeviceName})
	require.Equal(t, signins.MaxText, utf8.RuneCountInString(got.Browser))
}

func TestAnAddressIsAnonymizedByTheWholeWordOnly(t *testing.T) {
	for risks, want := range map[string]bool{"anonymizedIPAddress": true, "x-anonymizedIPAddress-cleared": false, "unlikelyTravel": false} {
		got := one(t, event(nil, map[string]any{"riskEventTypes_v2": []string{"other", risks}}))
		require.Equal(t, want, got.Anonymized, risks)
		got = one(t, event(nil, map[string]any{"riskEventTypes": `["` + risks + `"]`}))
		require.Equal(t, want, got.Anonymized, risks)
	}
}

func TestWhatStrangersWriteNeitherHidesTheirAttemptNorReachesTheEye(t *testing.T) {
	hostile := "curl\x00\r\n\u202e\u2066\u2028" + strings.Repeat("x", 1<<16)
	got := one(t, event(nil, map[string]any{"userAgent": hostile}))
	require.Equal(t, policy.CleanText(hostile, signins.MaxText), got.UserAgent, "as everywhere")
	require.Equal(t, "curl"+strings.Repeat("\uFFFD", 6)+strings.Repeat("x", signins.MaxText-11)+"…", got.UserAgent)
}

func TestALongExplanationIsCut(t *testing.T) {
	for _, c := range []struct{ n, want int }{{signins.MaxText, signins.MaxText}, {signins.MaxText + 1, signins.MaxText}, {4096, signins.MaxText}} {
		got := one(t, event(map[string]any{"resultDescription": strings.Repeat("ü", c.n), "resultType": 50105}, nil))
		require.Len(t, []rune(got.Failure), c.want)
		require.Equal(t, c.n > c.want, strings.HasSuffix(got.Failure, "…"))
	}
}

func TestWhatAnotherDirectoryKeepsToItselfIsUnknown(t *testing.T) {
	got := one(t, event(nil, map[string]any{"deviceDetail": map[string]any{"deviceId": "{PII Removed}", "displayName": "{PII Removed}"},
		"location": map[string]any{"city": "Unknown", "state": "", "countryOrRegion": nil, "geoCoordinates": map[string]any{"latitude": 1, "longitude": nil}}}))
	require.Empty(t, got.Device)
	require.Empty(t, got.DeviceName)
	require.Empty(t, got.Place)
}

func ExampleSignIns() {
	log := `{"category": "SignInLogs", "resultType": "Success", "time": "2026-01-05 09:00:00.5",
 "properties": {"id": "1", "userId": "ada", "status": {"errorCode": 50126, "failureReason": "Invalid username or password"}}}
{"category": "ServicePrincipalSignInLogs", "resultType": 0, "time": "2026-01-05 09:00:01", "properties": {"id": "2", "servicePrincipalId": "robot"}}
{"category": "AuditLogs"}`
	for s, err := range msgraph.SignIns(strings.NewReader(log)) {
		switch {
		case err != nil:
			fmt.Println("refused:", err)
		case s.ServicePrincipal:
			fmt.Println("nobody's:", s.ID)
		default:
			fmt.Println(s.Account, s.At.Format(time.DateTime), s.Code, s.Failure)
		}
	}
	// Output:
	// ada 2026-01-05 09:00:00 50126 Invalid username or password
	// nobody's: 2
	// refused: record 3, line 4: createdDateTime: is missing; want when it was
}
