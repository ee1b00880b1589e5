package msgraph_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
)

const (
	adaID   policy.AccountID = "30000000-0000-4000-8000-000000000001"
	bobID   policy.AccountID = "30000000-0000-4000-8000-000000000002"
	graceID policy.AccountID = "30000000-0000-4000-8000-000000000003"
)

func TestAnExportOfUsersBecomesRecords(t *testing.T) {
	got := whole(t, msgraph.Users(bytes.NewReader(read(t, "users.json"))))
	at := msgraph.Position{Record: 1, Line: 4}
	want := []msgraph.User{
		{
			At: at, ID: adaID, UserPrincipalName: "ada@contoso.example", Mail: "Ada.Elm@contoso.example", OtherMails: []string{"ada@home.example"},
			Kind: policy.Work, Enabled: devices.Yes, Synchronized: devices.Yes, CreatedAt: time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC),
			Profile: account.Profile{Account: adaID, DisplayName: "Ada", GivenName: "Ada", FamilyName: "Elm", Title: "Analyst", Department: "Research", Office: "3/14",
				Manager: bobID, MobilePhone: "+1 2065550100", BusinessPhone: "+1 425 555 0101", Language: "en-us", Region: "US"},
			BusinessPhones: []string{"+1 425 555 0101", "+1 425 555 0102"},
			Manager:        msgraph.Person{At: at, ID: bobID, DisplayName: "Bob", UserPrincipalName: "bob@contoso.example"},
		},
		{
			At: msgraph.Position{Record: 2, Line: 31}, ID: bobID, UserPrincipalName: "bob@contoso.example", Mail: "BOB@contoso.example",
			Kind: policy.Work, Enabled: devices.No, Profile: account.Profile{Account: bobID, DisplayName: "Bob"},
		},
		{
			At: msgraph.Position{Record: 3, Line: 44}, ID: graceID, UserPrincipalName: "grace_fabrikam.example#EXT#@contoso.example", Mail: "grace@fabrikam.example",
			Kind: policy.Guest, Enabled: devices.Yes, Synchronized: devices.No, Profile: account.Profile{Account: graceID, DisplayName: "Grace"},
		},
	}
	require.Empty(t, cmp.Diff(want, got))
}

func TestAMalformedUserIsRefusedAloneAndNamesTheMember(t *testing.T) {
	for _, c := range []struct{ record, field, problem string }{
		{`{}`, "id", "is missing"},
		{`{"id":""}`, "id", "is empty; want 1 to 128 bytes"},
		{`{"id":"a\ud800"}`, "id", "is not valid Unicode"},
		{`{"id":"a","id":"b"}`, "id", "stands twice"},
		{`{"@odata.type":"#microsoft.graph.device","id":"a"}`, "@odata.type", "is another type; want #microsoft.graph.user"},
		{`{"id":"a","userPrincipalName":7}`, "userPrincipalName", "is not a string"},
		{`{"id":"a","userPrincipalName":"a\u202e"}`, "userPrincipalName", "has the character U+202E; want text without control and reordering characters"},
		{`{"id":"a","mail":"` + strings.Repeat("a", 257) + `"}`, "mail", "has 257 characters; want at most 256"},
		{`{"id":"a","displayName":"\u0000"}`, "displayName", "has the character U+0000; want text without control and reordering characters"},
		{"{\"id\":\"a\",\"surname\":\"\xff\"}", "surname", "is not valid UTF-8"},
		{`{"id":"a","jobTitle":[]}`, "jobTitle", "is not a string"},
		{`{"id":"a","businessPhones":"1"}`, "businessPhones", "is not an array of strings"},
		{`{"id":"a","businessPhones":["1",null]}`, "businessPhones", "is not an array of strings"},
		{`{"id":"a","businessPhones":["1",2]}`, "businessPhones[1]", "is not a string"},
		{`{"id":"a","otherMails":["\u2028"]}`, "otherMails[0]", "has the character U+2028; want text without control and reordering characters"},
		{`{"id":"a","otherMails":[""` + strings.Repeat(`,""`, 250) + `]}`, "otherMails", "are more than 250"},
		{`{"id":"a","userType":"member"}`, "userType", "is none of Guest, Member"},
		{`{"id":"a","accountEnabled":"yes"}`, "accountEnabled", "is none of true, false and null"},
		{`{"id":"a","onPremisesSyncEnabled":0}`, "onPremisesSyncEnabled", "is none of true, false and null"},
		{`{"id":"a","createdDateTime":"today"}`, "createdDateTime", "is not a time such as 2026-01-05T09:00:00Z"},
		{`{"id":"a","manager":"bob"}`, "manager", "is not an object"},
		{`{"id":"a","manager":[{"id":"bob"}]}`, "manager", "is not an object"},
		{`{"id":"a","manager":{}}`, "manager.id", "is missing"},
		{`{"id":"a","manager":{"value":[{"id":"bob"}]}}`, "manager.id", "is missing"},
		{`{"id":"a","manager":{"id":"bob","id":"bob"}}`, "manager.id", "stands twice"},
		{`{"id":"a","manager":{"@odata.type":"#microsoft.graph.group","id":"bob"}}`, "manager.@odata.type", "is another type; want #microsoft.graph.user"},
		{`[]`, "record", "is not an object"},
		{`{"id":"a","x":"` + strings.Repeat("x", msgraph.MaxRecord) + `"}`, "record", "is too large; want at most 1048576 bytes"},
	} {
		before, after := `{"value":[`+"\n"+`{"id":"before"},`+"\n", ",\n"+`{"id":"after"}]}`
		records, refusals, broken := all(t, msgraph.Users(text(before+c.record+after)))
		shown := c.record[:min(len(c.record), 80)]
		require.Nil(t, broken, shown)
		require.Len(t, records, 2, shown)
		require.EqualValues(t, "after", records[1].ID)
		require.Len(t, refusals, 1, shown)
		require.Equal(t, msgraph.Position{Record: 2, Line: 3}, refusals[0].Position)
		name, problem := field(t, refusals[0])
		require.Equal(t, []string{c.field, c.problem}, []string{name, problem}, shown)
	}
}

func TestNamesOfAUsersMembersAreExact(t *testing.T) {
	got := whole(t, msgraph.Users(text(`{"id":"a","Mail":"b","accountenabled":true,"mail":null,"manager":null,"businessPhones":[]}`)))
	require.Empty(t, cmp.Diff([]msgraph.User{{At: msgraph.Position{Record: 1, Line: 1}, ID: "a", Profile: account.Profile{Account: "a"}}}, got))
}
