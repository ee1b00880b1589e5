package msgraph_test

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/signins"
)

func TestATableOfSignInsBecomesRecords(t *testing.T) {
	got := whole(t, msgraph.SignIns(iotest.OneByteReader(bytes.NewReader(read(t, "signins.csv")))))
	base := msgraph.SignIn{
		Position: msgraph.Position{Record: 1, Line: 2}, Tenant: "directory", UserName: "ada@contoso.example", UserAgent: "Mozilla/5.0 (Windows NT 10.0)",
		Record: signins.Record{
			ID: "s-1", Account: "ada", At: time.Date(2026, 1, 5, 14, 8, 45, 221000000, time.UTC), Application: "Microsoft Teams",
			Resource: "Microsoft Graph", ClientApp: "Browser", Browser: "Edge 90.0.818", System: "Windows 10", Address: netip.MustParseAddr("192.0.2.7"),
			Place:       signins.Place{City: "Berlin", Region: "Berlin", Country: "DE", Located: true, Latitude: 52.5, Longitude: 13.4},
			Correlation: "c-1",
			Steps: []signins.Step{{At: time.Date(2026, 1, 5, 14, 8, 45, 221342100, time.UTC), Method: "Previously satisfied",
				Detail: "First factor requirement satisfied by claim in the token", Primary: true, Succeeded: true}},
		},
	}
	again, robot := base, base
	again.Position, again.ID, again.At = msgraph.Position{Record: 2, Line: 11}, "s-2", time.Date(2026, 1, 5, 14, 9, 0, 500000000, time.UTC)
	again.Code, again.Failure, again.Place, again.Steps = 50058, "The session is over. Sign in again.", signins.Place{Country: "DE"}, nil
	again.Browser, again.System, again.DeviceName = "", "Linux", `Ada's "box"`
	again.Anonymized, again.NonInteractive, again.Tenant = true, true, "directory-of-resource"
	robot.Position, robot.ID, robot.At = msgraph.Position{Record: 3, Line: 13}, "s-3", time.Date(2026, 1, 5, 0, 0, 1, 0, time.UTC)
	robot.Account, robot.UserName, robot.ServicePrincipal, robot.Steps = "", "", true, nil
	require.Empty(t, cmp.Diff([]msgraph.SignIn{base, again, robot}, got, sameAddress))
}

const header = "CreatedDateTime,UserId,Id,ResultType\n"

func TestARowThatCannotBeReadIsRefusedAloneWithItsLine(t *testing.T) {
	good := "2026-01-05T09:00:00Z,ada,s,0\n"
	for _, c := range []struct{ row, field, problem string }{
		{"2026-01-05T09:00:00Z,ada,s\n", "record", "has 3 cells under a header of 4"},
		{"2026-01-05T09:00:00Z,ada,s,0,0\n", "record", "has 5 cells under a header of 4"},
		{"2026-01-05T09:00:00Z,a\"da,s,0\n", "record", "is a malformed row"},
		{"2026-01-05T09:00:00Z,\"ada\"s,s,0\n", "record", "is a malformed row"},
		{"2026-01-05T09:00:00Z,,s,0\n", "userId", "is missing, or is that of nobody"},
		{"2026-01-05T09:00:00Z,\"a\nda\",s,0\n", "userId", "has the character U+000A; want text without control and reordering characters"},
		{"2026-01-05T09:00:00Z,a\xff,s,0\n", "userId", "is not valid UTF-8"},
		{"2026-01-05T09:00:00Z,ada,s,Success!\n", "resultType", "is no error code; want a number, 0 for a success"},
	} {
		read, refusals, broken := all(t, msgraph.SignIns(text(" \n"+header+good+"\n"+c.row+good)))
		require.Nil(t, broken)
		require.Len(t, refusals, 1, c.row)
		name, problem := field(t, refusals[0])
		require.Equal(t, []string{c.field, c.problem}, []string{name, problem})
		require.Equal(t, msgraph.Position{Record: 2, Line: 5}, refusals[0].Position)
		require.Len(t, read, 2)
		require.Equal(t, msgraph.Position{Record: 3, Line: 6 + strings.Count(c.row, "\n") - 1}, read[1].Position)
	}
}

func TestWhatStandsInACellMeansItself(t *testing.T) {
	got := one(t, header+"2026-01-05T09:00:00Z,\"\\u0061 \"\"x\"\" {\",s,0")
	require.EqualValues(t, `\u0061 "x" {`, got.Account)
}

func TestATextThatIsNoTableOfSignInsEndsTheStream(t *testing.T) {
	row := "2026-01-05T09:00:00Z,ada,s,0\n"
	for input, want := range map[string]string{
		"null":                         "line 1: is neither JSON nor a table with columns CreatedDateTime and UserId",
		"\n\nname,size\n":              "line 3: is neither JSON nor a table with columns CreatedDateTime and UserId",
		"CreatedDateTime [CET],UserId": "line 1: is neither JSON nor a table with columns CreatedDateTime and UserId",
		"\"CreatedDateTime\"x,UserId":  "line 1: is neither JSON nor the header of a table",
		"\xff\xfeC\x00":                "line 1: is neither JSON nor a table with columns CreatedDateTime and UserId",
		header + row + "2026-01-05T09:00:00Z,\"ada,s,0\n" + row:     "line 3: ends in the middle of a value: unexpected EOF",
		header + "\"" + strings.Repeat("x", msgraph.MaxRecord+8192): "line 1: is a row that is too large; want at most 1048576 bytes",
	} {
		_, refusals, broken := all(t, msgraph.SignIns(text(input)))
		require.Empty(t, refusals)
		require.NotNil(t, broken, want)
		require.Equal(t, want, broken.Error())
	}
	for _, empty := range []string{"", "\ufeff", " \n", "\ufeff" + header, "\"AADTenantId\",TimeGenerated [UTC], serviceprincipalid "} {
		require.Empty(t, whole(t, msgraph.SignIns(text(empty))))
	}
}

func TestTheTablesReadersOwnTroubleEndsTheStream(t *testing.T) {
	gone := errors.New("gone")
	for _, cut := range []string{"", header, header + "2026", header + "\"2026"} {
		_, _, broken := all(t, msgraph.SignIns(io.MultiReader(text(cut), iotest.ErrReader(gone))))
		require.ErrorIs(t, broken, gone, cut)
	}
}

func TestALargeRowIsReadAndSoIsWhatComesAfterIt(t *testing.T) {
	long := strings.Repeat("x", msgraph.MaxRecord-100)
	table := "CreatedDateTime,UserId,Id,ResultType,Other\n" + strings.Repeat("2026-01-05T09:00:00Z,ada,s,0,"+long+"\n", 3)
	require.Len(t, whole(t, msgraph.SignIns(text(table))), 3)
}

func TestWhoeverStopsReadingATableIsLeftAlone(t *testing.T) {
	read := 0
	for _, err := range msgraph.SignIns(text(header + strings.Repeat("2026-01-05T09:00:00Z,ada,s,0\n", 3))) {
		require.NoError(t, err)
		read++
		break
	}
	require.Equal(t, 1, read)
}
