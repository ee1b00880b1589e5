package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/internal/opendata"
)

// tell runs the program and gives its lines, with single spaces between the columns.
func tell(t *testing.T, in io.Reader, o options) []string {
	t.Helper()
	o.clock = func() time.Time { return time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC) }
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), in, &out, o))
	var lines []string
	for line := range strings.Lines(out.String()) {
		if !strings.HasSuffix(line, "Yes or No? \n") { // the person's answer ends it
			require.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no space ends a line")
		}
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return lines
}

// inOrder checks that lines holds these, in this order and perhaps with others between them.
func inOrder(t *testing.T, lines []string, want ...string) {
	t.Helper()
	rest := lines
	for _, w := range want {
		for len(rest) > 0 && rest[0] != w {
			rest = rest[1:]
		}
		require.NotEmpty(t, rest, "want the line %q at its place in:\n%s", w, strings.Join(lines, "\n"))
		rest = rest[1:]
	}
}

const firstKey = "700601-155947-383834-501215-126115-050534-347314-280247"

func TestTheSampleTellsTheWholeStory(t *testing.T) {
	inOrder(t, tell(t, nil, options{}),
		"Import of the sample into the tenant contoso",
		"devices.json: 9 read: 8 imported, 1 refused",
		"refused: record 9, line 170: registeredOwners: is empty; only a hybrid joined device may have no owner",
		"recoveryKeys.json: 6 read: 4 imported, 2 refused",
		"refused: record 5, line 32: key: group 3 is not divisible by 11",
		"refused: record 6, line 39: key: is missing; a listing never contains keys: read each by itself with $select=key",
		"The devices of Ada",
		"Ada's phone iOS 18.1.1 registered 2026-01-04 enabled 0 yes yes no (1)",
		"ADA-LAPTOP Windows 10.0.22631.4602 joined 2026-01-05 enabled 2 yes yes no (1)",
		"BOB-LAPTOP Windows 10.0.26100.2605 joined 2026-01-05 enabled 0 yes no (2) no (1)",
		"Printer 3rd floor Embedded 4.2 registered 2025-12-19 enabled 0 yes no (3) no (1)",
		"ADA-DESKTOP Windows 10.0.19045.5247 hybrid-joined 2025-08-20 enabled, long unused 1 yes yes no (1)",
		"Ada's old tablet Android 12 registered 2024-10-02 disabled-by-administrator 0 yes no (4) no (1)",
		`Disable “Ada's phone”?`,
		"- You cannot undo this. Only an administrator can add the device again.",
		"Answered without asking: Yes.",
		"done Ada disables Ada's phone",
		"refused Ada's phone wants to sign in This device is disabled and can no longer sign in. Contact the help desk, extension 4711.",
		"refused Ada wants to enable it You do not have the role that this needs. Contact the help desk, extension 4711.",
		"done Carol, an administrator, enables it",
		"done Ada's phone wants to sign in",
		"The recovery keys of ADA-LAPTOP",
		"refused Ada reads the first key on ADA-LAPTOP itself You are on the device that this key unlocks. Use another device.",
		"done Ada reads it on Ada's phone "+firstKey,
		"done Carol locks recovery keys for the organization",
		"refused Ada reads it on Ada's phone This is managed by your organization. Contact the help desk, extension 4711.",
		"signIns.json: 7 read: 6 imported, 1 skipped",
		"The recent sign-ins of Ada",
		"sign-ins 6, groups 6, successes 3, failures 2, interruptions 1",
		"2026-01-05 08:12 success Webmail Lisbon, PT Chrome 131.0 Linux new-country, new-device-and-place, impossible-travel",
		"2026-01-05 08:03 first-factor-failed Webmail Lisbon, PT Chrome 131.0 Linux -",
		"2026-01-04 19:20 interrupted Terms of use Berlin, DE Edge 131.0 Windows 10 -",
		"2026-01-04 19:18 later-step-failed Portal Berlin, DE Edge 131.0 Windows 10 -",
		"- Nobody travels the 2312 km from Berlin, DE in 18 minutes.",
		"Was this somebody else?",
		"- You are signed out everywhere, here too.",
		"done Ada says that it was somebody else",
		"done the library does: end-all-sessions",
		"refused a request comes with a session from before You were signed out. Sign in again.",
		"The events that this left",
		"09:00:01 Create tenant contoso quickstart success",
		"09:00:08 Register device Ada's phone quickstart success state enabled",
		"09:00:19 Update device Ada's phone Ada success state disabled-by-user",
		"09:00:21 Update device Ada's phone Ada refused: not-permitted",
		"09:00:22 Update device Ada's phone Carol success state enabled",
		"09:00:24 Read BitLocker key 4cdd2055-930d-4eaf-94f4-733f3e7d1bfb Ada refused: locked-device",
		"09:00:25 Read BitLocker key 4cdd2055-930d-4eaf-94f4-733f3e7d1bfb Ada success device ADA-LAPTOP",
		"09:00:27 Read BitLocker key 4cdd2055-930d-4eaf-94f4-733f3e7d1bfb Ada refused: area-read-only",
	)
}

func TestARecoveryKeyIsPrintedOnceWhereItWasRevealedAndNoOtherEver(t *testing.T) {
	keys, err := sample.ReadFile("sample/recoveryKeys.json")
	require.NoError(t, err)
	password := regexp.MustCompile(`\d{6}(-\d{6}){7}`)
	require.Len(t, password.FindAll(keys, -1), 5)
	for _, asJSON := range []bool{false, true} {
		shown := strings.Join(tell(t, nil, options{json: asJSON}), "\n")
		require.Equal(t, []string{firstKey}, password.FindAllString(shown, -1))
	}
}

func TestJSONLinesSayTheSame(t *testing.T) {
	counted := map[string]int{}
	var steps []string
	for _, line := range tell(t, strings.NewReader("no\n"), options{json: true}) {
		var object struct {
			Shows    string `json:"shows"`
			What     string `json:"what"`
			Outcome  string `json:"outcome"`
			Yes      bool   `json:"yes"`
			Decision struct {
				Reason string `json:"reason"`
			} `json:"decision"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &object), line)
		counted[object.Shows]++
		switch object.Shows {
		case "question":
			require.True(t, object.Yes, "nobody is asked where JSON is printed")
		case "step":
			steps = append(steps, object.Outcome+" "+object.What+" "+object.Decision.Reason)
		}
	}
	require.Empty(t, cmp.Diff(map[string]int{"import": 3, "refusal": 3, "device": 6, "question": 1, "step": 16, "key": 2, "sign-in": 6, "sign-ins": 2, "preview": 1, "event": 29}, counted))
	require.Empty(t, cmp.Diff([]string{
		"done Ada disables Ada's phone ",
		"refused Ada's phone wants to sign in sign-in-disabled",
		"refused Ada wants to enable it not-permitted",
		"done Carol, an administrator, enables it ",
		"done Ada's phone wants to sign in ",
		"refused Ada reads the first key on ADA-LAPTOP itself locked-device",
		"done Ada reads it on Ada's phone ",
		"done Carol locks recovery keys for the organization ",
		"refused Ada reads it on Ada's phone area-read-only",
		"done Ada says that it was somebody else ",
		"left-out end-that-session: no session is known for it ",
		"done the library does: end-all-sessions ",
		"left-out untrust-device: no registered device is known for it ",
		"done the library does: require-password-change ",
		"done the library does: notify ",
		"refused a request comes with a session from before session-ended",
	}, steps))
}

func TestWhoeverIsAtTheTerminalDecides(t *testing.T) {
	for answer, yes := range map[string]bool{"y\n": true, " YES \n": true, "yes": true, "n\n": false, "\n": false, "": false, "yeah\n": false} {
		lines := tell(t, strings.NewReader(answer), options{})
		require.Equal(t, yes, strings.Contains(strings.Join(lines, "\n"), "done Ada disables Ada's phone"), "%q", answer)
		require.Equal(t, !yes, strings.Contains(strings.Join(lines, "\n"), "Yes or No? Nothing was changed."), "%q", answer)
		inOrder(t, lines, "done Ada reads it on Ada's phone "+firstKey)
	}
}

func TestOnlyATerminalIsAsked(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	file, err := os.Create(filepath.Join(t.TempDir(), "answers"))
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	for _, f := range []*os.File{null, file, r, w} {
		require.False(t, isTerminal(f), f.Name())
		require.NoError(t, f.Close())
		require.False(t, isTerminal(f), "closed")
	}
}

// directory makes a directory of files.
func directory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	return dir
}

func TestAnotherExportIsReadFromItsDirectory(t *testing.T) {
	const key = "000011-000022-000033-000044-000055-000066-000077-000088"
	dir := directory(t, map[string]string{
		"devices.jsonl":                  `{"id":"object-1","deviceId":"d1","accountEnabled":true,"displayName":"Desk"}` + "\n" + `{"id":"object-2","deviceId":"d2","accountEnabled":true}`,
		"devices-2.json":                 `{"value":[{"deviceId":"d3","accountEnabled":true,"displayName":"Phone"},{},{"deviceId":"d0","accountEnabled":true,"profileType":"Printer"}]}`,
		"registeredOwners/d0.json":       `{"value":[{"id":"dora"}]}`,
		"registeredOwners/object-1.json": `{"value":[{"id":"dora","displayName":"Dora"}]}`,
		"registeredOwners/d3.json":       `{"value":[{"id":"dora"}]}`,
		"recoveryKeys.json":              `{"id":"k1","deviceId":"d1","key":"` + key + `"}`,
	})
	inOrder(t, tell(t, nil, options{data: dir}),
		"Import of "+dir+" into the tenant contoso",
		"devices-2.json: 3 read: 2 imported, 1 refused",
		"refused: record 2, line 1: deviceId: is missing",
		"devices.jsonl: 2 read: 1 imported, 1 refused",
		"refused: record 2, line 2: registeredOwners: is empty; only a hybrid joined device may have no owner",
		"recoveryKeys.json: 1 read: 1 imported",
		"The devices of Dora",
		"done Dora reads it on Phone "+key,
	)
}

func TestAnExportWithoutPeopleOrKeysHasStillSomethingToShow(t *testing.T) {
	inOrder(t, tell(t, nil, options{data: directory(t, map[string]string{"devices.json": `{"deviceId":"d1","accountEnabled":true,"displayName":"Desk"}`})}),
		"The devices of The owner", "done The owner disables Desk", "There is no recovery key that The owner may read.", "The events that this left")
	inOrder(t, tell(t, nil, options{data: directory(t, map[string]string{"devices.json": `{"deviceId":"d1","accountEnabled":false}`})}),
		"There is no device that The owner may disable.")
}

// Where package export looks for what the documentation prints, and for published passwords.
const (
	docsFile      = "graph-docs/graph-examples.jsonl"
	passwordsFile = "bitlocker/recovery-passwords.csv"
)

// docs is a directory with what the documentation prints and published passwords: the project's own small
// one, and the real one where it is present.
func docs(t *testing.T) []string {
	answers, err := json.Marshal(map[string]any{"page": "v1.0/device-list", "n": 1, "response_body": `{"value":[{"deviceId":"d0","accountEnabled":false},{"deviceId":"d1","accountEnabled":true,"displayName":"Desk"}]}`})
	require.NoError(t, err)
	owners, err := json.Marshal(map[string]any{"page": "v1.0/device-list-registeredowners", "n": 1, "response_body": `{"value":[{"id":"id-value"}]}`})
	require.NoError(t, err)
	listing, err := json.Marshal(map[string]any{"page": "v1.0/bitlocker-list-recoverykeys", "n": 1, "response_body": `{"value":[{"id":"k1","deviceId":"d1"}]}`})
	require.NoError(t, err)
	all := []string{directory(t, map[string]string{
		docsFile: string(answers) + "\n" + string(owners) + "\n" + string(listing) + "\n" + `{"page":"v1.0/signin-get","n":1,"response_body":"{,}"}`,
		passwordsFile: "image,key_protector_guid,recovery_password\n" +
			"a.img,64311dea-0000-4000-8000-000000000001,000011-000022-000033-000044-000055-000066-000077-000088\n" +
			",,000099-000110-000121-000132-000143-000154-000165-000176\n" +
			",,000098-000110-000121-000132-000143-000154-000165-000176\n",
	})}
	if dir, ok := opendata.Dir(); ok {
		all = append(all, dir)
	}
	return all
}

func TestPublishedAnswersAndPasswordsAreReadAndWhatIsRefusedIsReported(t *testing.T) {
	for _, dir := range docs(t) {
		lines := tell(t, nil, options{data: dir})
		shown := strings.Join(lines, "\n")
		require.Regexp(t, `recovery-passwords\.csv: (\d) read: (\d) imported, 1 refused\nrefused: record (\d), line \d: key: group 1 is not divisible by 11\n`, shown)
		require.Regexp(t, `bitlocker-list-recoverykeys #1: \d read: \d refused\nrefused: record 1, line \d: key: is missing; a listing never contains keys`, shown)
		require.Regexp(t, `done id-value disables `, shown)
		require.Regexp(t, `done id-value reads it on a borrowed phone \d{6}(-\d{6}){7}\n`, shown)
		require.Regexp(t, `refused id-value reads the first key on .* itself You are on the device that this key unlocks`, shown)
	}
}

func TestTroubleNamesTheFile(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{}, "has no users*.json, no devices*.json and no graph-docs/graph-examples.jsonl"},
		{map[string]string{"devices.json": "{}\n{"}, "devices.json: line 2: ends in the middle of a value: unexpected EOF"},
		{map[string]string{"devices.json": "", "recoveryKeys.json": "{]"}, "recoveryKeys.json: line 1: is not JSON: want the name of a member"},
		{map[string]string{"devices.json": "", "registeredOwners/x.json": "{}"}, "registeredOwners/x.json: record 1, line 1: id: is missing"},
		{map[string]string{docsFile: "{"}, docsFile + ": unexpected EOF"},
	} {
		err := run(t.Context(), nil, io.Discard, options{data: directory(t, c.files), clock: sampleClock()})
		require.ErrorContains(t, err, c.want)
	}
}

func TestLogsOfSignInsAreShownInWhateverFormTheyAre(t *testing.T) {
	table := "UserId,Id,CreatedDateTime [UTC],ResultType,Status_dynamic,AppDisplayName,CorrelationId\n" +
		"dora,a,\"1/4/2026, 2:08:45.221 PM\",0,\"{\"\"errorCode\"\":0}\",Mail,c-1\n" +
		"dora,b,\"1/4/2026, 2:08:41.221 PM\",50058,,Portal,c-1\n"
	for n := range 12 {
		table += fmt.Sprintf("dora,n%d,\"1/3/2026, 1:%02d:00 AM\",50126,,Portal,\n", n, n)
	}
	events := `{"time":"2026-01-05T08:00:00Z","category":"SignInLogs","resultType":"Success","callerIpAddress":"192.0.2.7","correlationId":"c-2","properties":{"id":"e","userId":"eve","appDisplayName":"Mail"}}`
	inOrder(t, tell(t, nil, options{data: directory(t, map[string]string{"devices.json": "", "signIns.csv": table, "signIns2.jsonl": events})}),
		"signIns.csv: 14 read: 14 imported", "signIns2.jsonl: 1 read: 1 imported",
		"The recent sign-ins of dora", "sign-ins 14, groups 13, successes 1, failures 12, interruptions 1", "2026-01-04 14:08 success Mail - - -", "(the newest 12 of them)",
		"The recent sign-ins of eve", "sign-ins 1, groups 1, successes 1, failures 0, interruptions 0",
		"The sign-ins of all", "sign-ins 15, groups 14, successes 2, failures 12, interruptions 1")
	inOrder(t, tell(t, nil, options{data: directory(t, map[string]string{"devices.json": ""})}), "The export has no log of sign-ins.")

	dir, ok := opendata.Dir()
	if !ok {
		return
	}
	inOrder(t, tell(t, nil, options{data: dir}),
		"sentinel-signins/sign-in_adelete.csv: 56 read: 56 imported",
		"panther-signins/signins.jsonl: 12 read: 10 imported, 1 unchanged, 1 skipped",
		"The recent sign-ins of adelev@m365x816222.onmicrosoft.com",
		"sign-ins 56, groups 52, successes 53, failures 0, interruptions 3",
		"(the newest 12 of them)",
		"The recent sign-ins of aragorn@lotr.com",
		"done aragorn@lotr.com says that it was somebody else",
		"The sign-ins of all",
		"sign-ins 66, groups 62, successes 60, failures 3, interruptions 3")
}

// jammed is a writer that cannot write once, after so many bytes.
type jammed struct{ left int }

var errJammed = errors.New("jammed")

func (j *jammed) Write(p []byte) (int, error) {
	before := j.left
	if j.left -= len(p); before >= 0 && j.left < 0 {
		return 0, errJammed
	}
	return len(p), nil
}

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		for _, left := range []int{0, 1000, 2000, 3000, 4000} {
			require.ErrorIs(t, run(t.Context(), nil, &jammed{left}, options{json: asJSON}), errJammed)
		}
	}
}

// readerFunc is a terminal at which something happens when it is read.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestTroubleOnTheWayEndsTheStory(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hangUp := readerFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, "yes\n"), nil
	})
	require.ErrorIs(t, run(ctx, hangUp, io.Discard, options{}), context.Canceled)
	broken := readerFunc(func([]byte) (int, error) { return 0, errJammed })
	require.ErrorIs(t, run(t.Context(), broken, io.Discard, options{}), errJammed)
}
