package msgraph_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
)

func TestAnExportOfDevicesBecomesRecords(t *testing.T) {
	got := whole(t, msgraph.Devices(bytes.NewReader(read(t, "devices.json"))))
	ada := msgraph.Person{At: msgraph.Position{Record: 1, Line: 5}, ID: "ada", DisplayName: "Ada", UserPrincipalName: "ada@contoso.example"}
	want := []msgraph.Device{
		{
			At:       msgraph.Position{Record: 1, Line: 5},
			ObjectID: "10000000-0000-4000-8000-000000000001",
			DeviceRecord: devices.DeviceRecord{
				Registration: devices.Registration{
					ID: "20000000-0000-4000-8000-000000000001", Owner: "ada", Users: []policy.AccountID{"ada", "bob"},
					Name: "ADA-LAPTOP", OS: "Windows", OSVersion: "10.0.22631.4602", Model: "Laptop 14",
					Join: devices.Joined, Profile: devices.RegisteredDevice, Compliant: devices.Yes, Managed: devices.Yes,
				},
				Enabled: devices.Yes, Autopilot: devices.Yes,
				RegisteredAt: time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC),
				LastSignInAt: time.Date(2026, 1, 3, 17, 20, 11, 123456700, time.UTC),
			},
			RegisteredOwners: []msgraph.Person{ada},
			RegisteredUsers: []msgraph.Person{{At: ada.At, ID: "ada"},
				{At: ada.At, ID: "bob", DisplayName: "Bob"}},
		},
		{
			At:       msgraph.Position{Record: 2, Line: 38},
			ObjectID: "10000000-0000-4000-8000-000000000002",
			DeviceRecord: devices.DeviceRecord{
				Registration: devices.Registration{
					ID: "20000000-0000-4000-8000-000000000002", Name: "ADA-DESKTOP", OS: "Windows", OSVersion: "10.0.19045",
					Join: devices.HybridJoined, Compliant: devices.No,
				},
				Enabled: devices.Yes, Autopilot: devices.No,
				RegisteredAt: time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC),
				LastSignInAt: time.Date(2026, 1, 4, 5, 0, 0, 0, time.UTC),
			},
		},
		{
			At:       msgraph.Position{Record: 3, Line: 53},
			ObjectID: "10000000-0000-4000-8000-000000000003",
			DeviceRecord: devices.DeviceRecord{
				Registration: devices.Registration{ID: "20000000-0000-4000-8000-000000000003", Owner: "bob",
					Name: "Third floor", Join: devices.Registered, Profile: devices.Printer},
				Enabled: devices.No,
			},
			RegisteredOwners: []msgraph.Person{{At: msgraph.Position{Record: 3, Line: 53}, ID: "bob"}},
		},
	}
	require.Empty(t, cmp.Diff(want, got))
}

func TestAnExportIsReadInEveryFormThatItComesIn(t *testing.T) {
	const a, b, c = `{"deviceId":"a"}`, `{"deviceId":"b"}`, `{"deviceId":"c"}`
	for name, form := range map[string]string{
		"one after another":      a + b + c,
		"lines":                  a + "\n" + b + "\r\n" + c + "\n\n",
		"an array":               "[" + a + "," + b + " , " + c + "]",
		"one page":               `{"@odata.context":"x","value":[` + a + "," + b + "," + c + `]}`,
		"pages":                  `{"value":[` + a + "," + b + `],"@odata.nextLink":"x"}` + "\n" + `{"value":[]}{"value":[` + c + `]}`,
		"wrapped":                `{"value":` + a + `}{"value":` + b + `,"@odata.context":"x"}{"value":` + c + `}`,
		"a value in a record":    `{"value":[{"deviceId":"a","value":[{"deviceId":"z"}]},{"deviceId":"b","value":{"deviceId":"z"}}]}` + c,
		"members after the page": `{"value":[` + a + "," + b + "," + c + `],"@odata.nextLink":"x","more":{"value":[{"deviceId":"d"}]}}`,
		"a byte order mark":      "\ufeff" + a + b + c,
		"escaped names":          `{"de\u0076iceId":"\u0061"}` + b + c,
		"unknown members":        `{"deviceId":"a","x":{"deviceId":"z","y":[1e5,-0.5,true,null,"\"}"]}}` + b + c,
		"nulls":                  `{"deviceId":"a","id":null,"displayName":null,"trustType":null,"registeredOwners":null,"physicalIds":null,"@odata.type":null}` + b + c,
		"their type":             `{"@odata.type":"#microsoft.graph.device","deviceId":"a"}{"@odata.type":"microsoft.graph.device","deviceId":"b"}` + c,
	} {
		t.Run(name, func(t *testing.T) {
			for size, r := range map[string]io.Reader{"whole": text(form), "byte by byte": iotest.OneByteReader(text(form)), "data with the end": iotest.DataErrReader(text(form))} {
				var ids []policy.DeviceID
				for i, d := range whole(t, msgraph.Devices(r)) {
					require.Equal(t, i+1, d.At.Record)
					ids = append(ids, d.ID)
				}
				require.Equal(t, []policy.DeviceID{"a", "b", "c"}, ids, size)
			}
		})
	}
	for _, nothing := range []string{"", " \n\t ", "\ufeff", "[]", `{"value":[]}`, `{"@odata.context":"x","value":[ ]}`} {
		require.Empty(t, whole(t, msgraph.Devices(text(nothing))), "%q", nothing)
	}
}

func TestWhatARecordLeavesOutIsToldAsNothing(t *testing.T) {
	got := whole(t, msgraph.Devices(text(`{"deviceId":"a"}`)))
	want := msgraph.Device{At: msgraph.Position{Record: 1, Line: 1}, DeviceRecord: devices.DeviceRecord{
		Registration: devices.Registration{ID: "a"},
	}}
	require.Empty(t, cmp.Diff([]msgraph.Device{want}, got))
}

func TestNamesOfMembersAreExact(t *testing.T) {
	got := whole(t, msgraph.Devices(text(
		`{"accountEnabled":false,"AccountEnabled":true,"accountenabled":true,"deviceId":"a","DEVICEID":"b","Model":"Other","di\u0073playname":"Other","device\u0131d":"c"}`)))
	require.Len(t, got, 1)
	require.Equal(t, policy.DeviceID("a"), got[0].ID)
	require.Equal(t, devices.No, got[0].Enabled)
	require.Empty(t, got[0].Model+got[0].Name)

	_, refusals, broken := all(t, msgraph.Devices(text(`{"DeviceId":"a"}`)))
	require.Nil(t, broken)
	require.EqualError(t, refusals[0], "record 1, line 1: deviceId: is missing")
}

func TestAMalformedRecordIsRefusedAloneAndNamesTheMember(t *testing.T) {
	for _, c := range []struct{ record, field, problem string }{
		{`{}`, "deviceId", "is missing"},
		{`{"deviceId":null}`, "deviceId", "is missing"},
		{`{"deviceId":""}`, "deviceId", "is empty; want 1 to 128 bytes"},
		{`{"deviceId":7}`, "deviceId", "is not a string"},
		{`{"deviceId":{"deviceId":"a"}}`, "deviceId", "is not a string"},
		{`{"deviceId":"` + strings.Repeat("a", 129) + `"}`, "deviceId", "has 129 bytes; want 1 to 128"},
		{`{"deviceId":"a\u0000b"}`, "deviceId", "has the character U+0000 at byte 1; want none that controls or reorders text"},
		{`{"deviceId":"a\ud800"}`, "deviceId", "is not valid Unicode"},
		{"{\"deviceId\":\"a\xff\"}", "deviceId", "is not valid UTF-8"},
		{`{"deviceId":"a","deviceId":"b"}`, "deviceId", "stands twice"},
		{`{"deviceId":"a","device\u0049d":"a"}`, "deviceId", "stands twice"},
		{`{"deviceId":"a","accountEnabled":false,"accountEnabled":true}`, "accountEnabled", "stands twice"},
		{`{"deviceId":"a","id":""}`, "id", "is empty; want 1 to 128 bytes"},
		{`{"deviceId":"a","id":1}`, "id", "is not a string"},
		{`{"deviceId":"a","accountEnabled":"true"}`, "accountEnabled", "is none of true, false and null"},
		{`{"deviceId":"a","isCompliant":1}`, "isCompliant", "is none of true, false and null"},
		{`{"deviceId":"a","isManaged":"yes"}`, "isManaged", "is none of true, false and null"},
		{`{"deviceId":"a","trustType":"azuread"}`, "trustType", "is none of AzureAd, ServerAd, Workplace"},
		{`{"deviceId":"a","trustType":""}`, "trustType", "is none of AzureAd, ServerAd, Workplace"},
		{`{"deviceId":"a","profileType":5}`, "profileType", "is none of IoT, Printer, RegisteredDevice, SecureVM, Shared"},
		{`{"deviceId":"a","displayName":"bob\u202egnp"}`, "displayName", "has the character U+202E; want text without control and reordering characters"},
		{`{"deviceId":"a","displayName":"a\u0000"}`, "displayName", "has the character U+0000; want text without control and reordering characters"},
		{`{"deviceId":"a","displayName":"` + strings.Repeat("ä", 257) + `"}`, "displayName", "has 257 characters; want at most 256"},
		{`{"deviceId":"a","displayName":["a"]}`, "displayName", "is not a string"},
		{`{"deviceId":"a","model":"\u2029"}`, "model", "has the character U+2029; want text without control and reordering characters"},
		{`{"deviceId":"a","operatingSystem":false}`, "operatingSystem", "is not a string"},
		{`{"deviceId":"a","operatingSystemVersion":10.0}`, "operatingSystemVersion", "is not a string"},
		{`{"deviceId":"a","registrationDateTime":"yesterday"}`, "registrationDateTime", "is not a time such as 2026-01-05T09:00:00Z"},
		{`{"deviceId":"a","registrationDateTime":1767603600}`, "registrationDateTime", "is not a string"},
		{`{"deviceId":"a","registrationDateTime":"2026-02-30T00:00:00Z"}`, "registrationDateTime", "is not a time such as 2026-01-05T09:00:00Z"},
		{`{"deviceId":"a","approximateLastSignInDateTime":"9999-12-31T23:59:59-01:00"}`, "approximateLastSignInDateTime", "lies outside the years 1 to 9999"},
		{`{"deviceId":"a","approximateLastSignInDateTime":"0001-01-01T00:00:00+01:00"}`, "approximateLastSignInDateTime", "lies outside the years 1 to 9999"},
		{`{"deviceId":"a","physicalIds":"[ZTDID]:1"}`, "physicalIds", "is not an array of strings"},
		{`{"deviceId":"a","physicalIds":[1]}`, "physicalIds", "is not an array of strings"},
		{`{"deviceId":"a","@odata.type":"#microsoft.graph.user"}`, "@odata.type", "is another type; want #microsoft.graph.device"},
		{`{"deviceId":"a","registeredOwners":{"id":"ada"}}`, "registeredOwners", "is not an array"},
		{`{"deviceId":"a","registeredOwners":[{"id":"ada"},{"id":"bob"}]}`, "registeredOwners", "are more than 1"},
		{`{"deviceId":"a","registeredOwners":["ada"]}`, "registeredOwners.record", "is not an object"},
		{`{"deviceId":"a","registeredOwners":[{}]}`, "registeredOwners.id", "is missing"},
		{`{"deviceId":"a","registeredOwners":[{"@odata.type":"#microsoft.graph.servicePrincipal","id":"x"}]}`, "registeredOwners.@odata.type", "is another type; want #microsoft.graph.user"},
		{`{"deviceId":"a","registeredUsers":[{"id":"ada","displayName":"\u202e"}]}`, "registeredUsers.displayName", "has the character U+202E; want text without control and reordering characters"},
		{`{"deviceId":"a","registeredUsers":[` + strings.Repeat(`{"id":"ada"},`, 100) + `{"id":"bob"}]}`, "registeredUsers", "are more than 100"},
		{`42`, "record", "is not an object"},
		{`null`, "record", "is not an object"},
		{`"deviceId"`, "record", "is not an object"},
		{`[{"deviceId":"b"}]`, "record", "is not an object"},
		{`{"deviceId":"a","x":"` + strings.Repeat("x", msgraph.MaxRecord) + `"}`, "record", "is too large; want at most 1048576 bytes"},
		{`{"` + strings.Repeat("x", msgraph.MaxRecord) + `":1,"deviceId":"a"}`, "record", "is too large; want at most 1048576 bytes"},
		{`{"deviceId":"a","x":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`, "record", "is nested too deep; want at most 64 levels"},
		{`{"deviceId":"a","x":` + strings.Repeat(`{"x":[`, 1<<16) + strings.Repeat("]}", 1<<16) + `}`, "record", "is nested too deep; want at most 64 levels"},
	} {
		before, after := `{"value":[`+"\n"+`{"deviceId":"before"},`+"\n", ",\n"+`{"deviceId":"after"}]}`
		records, refusals, broken := all(t, msgraph.Devices(text(before+c.record+after)))
		shown := c.record[:min(len(c.record), 80)]
		require.Nil(t, broken, shown)
		require.Len(t, records, 2, shown)
		require.Equal(t, policy.DeviceID("after"), records[1].ID)
		require.Equal(t, msgraph.Position{Record: 3, Line: 4}, records[1].At)
		require.Len(t, refusals, 1, shown)
		require.Equal(t, msgraph.Position{Record: 2, Line: 3}, refusals[0].Position)
		name, problem := field(t, refusals[0])
		require.Equal(t, []string{c.field, c.problem}, []string{name, problem}, shown)
	}
}

func TestWhatIsAtTheBoundIsRead(t *testing.T) {
	head := `{"deviceId":"a","x":"`
	// A record's size is that of its names and values: 10 and 3 bytes, then 3 bytes and the quotes.
	fits := strings.Repeat("x", msgraph.MaxRecord-10-3-3-2)
	require.Len(t, whole(t, msgraph.Devices(text(head+fits+`"}`))), 1)
	_, refusals, _ := all(t, msgraph.Devices(text(head+fits+`x"}`)))
	require.Len(t, refusals, 1)
	deep := `{"deviceId":"a","x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`
	require.Len(t, whole(t, msgraph.Devices(text(deep))), 1)
	name := strings.Repeat("ä", 256)
	require.Equal(t, name, whole(t, msgraph.Devices(text(`{"deviceId":"a","displayName":"`+name+`"}`)))[0].Name)
}

func TestTextThatIsNoJSONEndsTheStreamAndNamesTheLine(t *testing.T) {
	const first = `{"deviceId":"a"}` + "\n"
	for _, c := range []struct {
		rest string
		line int
	}{
		{`}`, 2},
		{`,` + first, 2},
		{`hello`, 2},
		{`{"deviceId":"b"`, 2},
		{"{\n\n\"deviceId\"", 4},
		{"{\n\"deviceId\":\n\n", 5},
		{"{\"deviceId\":\"b\n\"}", 2},
		{"{\"deviceId\":\"b", 2},
		{"{\"deviceId\":\"b\",\n}", 3},
		{"{\"deviceId\":\"b\",,}", 2},
		{"{\"deviceId\"\n\"b\"}", 3},
		{"{\n\"x\":[1,\n2,\n],\"deviceId\":\"b\"}", 5},
		{"{\n\"x\":{\"y\"\n:tru\n}}", 4},
		{"{\"x\":[}]}", 2},
		{"{\"x\":\n01}", 3},
		{"{\"x\":'y'}", 2},
		{"{'deviceId':\"b\"}", 2},
		{"{deviceId:\"b\"}", 2},
		{"{\"\\x\":1}", 2},
		{"{\"value\":[\n{\"deviceId\":\"b\"},\n]}", 4},
		{"{\"value\":[\n{\"deviceId\":\"b\"}\n{\"deviceId\":\"c\"}]}", 4},
		{"{\"value\":[\n{\"deviceId\":\"b\"}\n}", 4},
		{"[{\"deviceId\":\"b\"},,]", 2},
		{"[{\"deviceId\":\"b\"}}", 2},
		{"{\"x\":" + strings.Repeat("[", 1<<18), 2},
		{"{\"x\":[\"" + strings.Repeat("\n", 10) + "\"]}", 2},
		{`{"x":"` + strings.Repeat("x", msgraph.MaxRecord) + `","y":"` + "b\n" + `"}`, 2},
		{"\x00", 2},
		{"\ufeff{}", 2},
	} {
		records, _, broken := all(t, msgraph.Devices(text(first+c.rest)))
		shown := c.rest[:min(len(c.rest), 80)]
		require.NotNil(t, broken, shown)
		require.Equal(t, c.line, broken.Line, shown)
		require.Equal(t, policy.DeviceID("a"), records[0].ID, "what stands before it is read")
	}
	for _, notUTF8 := range []string{"\xef\xbb{}", "\xef", "\xff\xfe{\x00}\x00"} {
		_, _, broken := all(t, msgraph.Devices(text(notUTF8)))
		require.NotNil(t, broken)
		require.Equal(t, 1, broken.Line)
	}
	_, _, broken := all(t, msgraph.Devices(text(first+`{"deviceId":`)))
	require.ErrorIs(t, broken, io.ErrUnexpectedEOF)
	require.EqualError(t, broken, "line 2: ends in the middle of a value: unexpected EOF")
}

func TestTheReadersOwnTroubleEndsTheStream(t *testing.T) {
	for _, before := range []string{"", "\n\n", `{"deviceId":"a"}` + "\n\n", `{"deviceId":"a"}` + "\n\n" + `{"deviceId":`} {
		_, _, broken := all(t, msgraph.Devices(io.MultiReader(strings.NewReader(before), iotest.ErrReader(iotest.ErrTimeout))))
		require.NotNil(t, broken, before)
		require.ErrorIs(t, broken, iotest.ErrTimeout)
		require.Equal(t, 1+strings.Count(before, "\n"), broken.Line)

		cut := fmt.Errorf("the connection was cut: %w", io.EOF)
		_, _, broken = all(t, msgraph.Devices(io.MultiReader(strings.NewReader(before), iotest.ErrReader(cut))))
		require.ErrorIs(t, broken, cut, "a part of an export is not the whole")
	}
}

func TestWhoeverStopsReadingIsLeftAlone(t *testing.T) {
	for d, err := range msgraph.Devices(text(`{"value":[{"deviceId":"a"},{"deviceId":"b"}]} no JSON`)) {
		require.NoError(t, err, "what comes later was not read")
		require.EqualValues(t, "a", d.ID)
		break
	}
	for _, err := range msgraph.Devices(text(`{}{}`)) {
		require.Error(t, err, "a record without an id")
		break
	}
}

// endless makes an export of many devices while it is read, and knows how far it was read.
type endless struct {
	total, made int
	rest        []byte
	read        int
}

const endlessSize = 128

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.made == e.total {
			return 0, io.EOF
		}
		record := fmt.Sprintf(`{"value":[{"deviceId":"%08d"}]}`, e.made)
		e.rest = []byte(record + strings.Repeat(" ", endlessSize-1-len(record)) + "\n")
		e.made++
	}
	n := copy(p, e.rest)
	e.rest, e.read = e.rest[n:], e.read+n
	return n, nil
}

func TestAStreamIsReadNoFurtherThanItsRecordsAreTaken(t *testing.T) {
	const total = 100_000
	e := &endless{total: total}
	ahead, seen := 0, 0
	for d, err := range msgraph.Devices(e) {
		if seen++; err != nil || d.At.Line != seen {
			t.Fatalf("record %d stands in line %d: %v", seen, d.At.Line, err)
		}
		ahead = max(ahead, e.read-seen*endlessSize)
	}
	require.Equal(t, total, seen)
	require.Less(t, ahead, 16<<10, "bytes that were read before they were needed")
}

func TestTheHolderOfAnAutopilotIDIsFoundWhateverItsCase(t *testing.T) {
	for ids, want := range map[string]devices.Answer{
		`null`: devices.Unknown, `[]`: devices.No, `["[GID]:g:1"]`: devices.No, `["x[ZTDID]:1"]`: devices.No, `["[ZTDID]"]`: devices.No,
		`["[ZTDID]:1"]`: devices.Yes, `["[GID]:g:1","[ZTDId]:1"]`: devices.Yes,
	} {
		got := whole(t, msgraph.Devices(text(`{"deviceId":"a","physicalIds":`+ids+`}`)))
		require.Equal(t, want, got[0].Autopilot, ids)
	}
}

func TestRegisteredOwnersAreReadFromAPageOfTheirOwn(t *testing.T) {
	got := whole(t, msgraph.People(bytes.NewReader(read(t, "owners.json"))))
	want := []msgraph.Person{{ID: "ada", DisplayName: "Ada", UserPrincipalName: "ada@contoso.example"}}
	require.Empty(t, cmp.Diff(want, got, cmpopts.IgnoreFields(msgraph.Person{}, "At")))
	_, refusals, _ := all(t, msgraph.People(text(`{"value":[{"displayName":"Ada"},{"id":"bob"}]}`)))
	require.EqualError(t, refusals[0], "record 1, line 1: id: is missing")
}
