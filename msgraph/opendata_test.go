package msgraph_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/opendata"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/signins"
)

// answer is what Graph answers to a request.
type answer struct {
	Request string `json:"request_line"`
	Body    string `json:"response_body"`
	Valid   *bool  `json:"response_is_valid_json"` // null for an answer without a body
}

// answers gives the project's own and, where they are present, those that the documentation prints.
func answers(t *testing.T) []answer {
	yes, no := true, false
	all := []answer{
		{"GET /v1.0/devices", string(read(t, "devices.json")), &yes},
		{"GET /v1.0/devices/{id}", `{"accountEnabled":false,"deviceId":"a","id":"object-a","operatingSystem":"linux"}`, &yes},
		{"GET /v1.0/devices/{id}", `{"accountEnabled":false,"deviceId":"a",}`, &no},
		{"GET /v1.0/me/ownedDevices", `{"value":[{"id":"object-a"}]}`, &yes},
		{"GET /v1.0/devices/{id}/registeredOwners", string(read(t, "owners.json")), &yes},
		{"GET /v1.0/users", string(read(t, "users.json")), &yes},
		{"GET /v1.0/auditLogs/signIns", string(read(t, "signins.json")), &yes},
		{"GET /v1.0/auditLogs/signIns/{id}", `{"value":[{"id":"s","status":{"errorCode":0},"x":[1,]}]}`, &no},
		{"GET /v1.0/informationProtection/bitlocker/recoveryKeys", `{"value":[{"id":"k","deviceId":"a","volumeType":1}]}`, &yes},
		{"GET /v1.0/informationProtection/bitlocker/recoveryKeys/{id}", keyRecord(nil), &yes},
	}
	if dir, ok := opendata.Dir(); ok {
		printed, err := os.ReadFile(filepath.Join(dir, "graph-docs", "graph-examples.jsonl"))
		require.NoError(t, err)
		for line := range bytes.Lines(printed) {
			var a answer
			require.NoError(t, json.Unmarshal(line, &a))
			all = append(all, a)
		}
	}
	return all
}

func TestWhateverGraphAnswersIsReadOrRefusedWithTheMemberNamed(t *testing.T) {
	counted := map[string]int{}
	for _, a := range answers(t) {
		if a.Valid == nil {
			continue
		}
		_, d, brokenD := all(t, msgraph.Devices(strings.NewReader(a.Body)))
		_, k, brokenK := all(t, msgraph.RecoveryKeys(strings.NewReader(a.Body)))
		_, p, brokenP := all(t, msgraph.People(strings.NewReader(a.Body)))
		_, s, brokenS := all(t, msgraph.SignIns(strings.NewReader(a.Body)))
		_, u, brokenU := all(t, msgraph.Users(strings.NewReader(a.Body)))
		for _, broken := range []*msgraph.Broken{brokenD, brokenK, brokenP, brokenS, brokenU} {
			require.Equal(t, *a.Valid, broken == nil, a.Request)
		}
		for _, refusal := range slices.Concat(d, k, p, s, u) {
			name, _ := field(t, refusal)
			require.NotEmpty(t, name)
			require.NotEqual(t, "record", name, a.Request)
		}
		if !*a.Valid {
			counted["broken"]++
			continue
		}
		switch {
		case strings.Contains(a.Request, "/signIns"):
			require.Empty(t, s, a.Request)
			counted["sign-ins"]++
		case strings.HasSuffix(a.Request, "/users"):
			require.Empty(t, u, a.Request)
			counted["users"]++
		case strings.Contains(a.Request, "/registered") && strings.Contains(a.Request, "/devices/"):
			require.Empty(t, p, a.Request)
			counted["people"]++
		case strings.Contains(a.Request, "/devices"):
			require.Empty(t, d, a.Request)
			counted["devices"]++
		case strings.Contains(a.Request, "/recoveryKeys"):
			for _, refusal := range k { // a listing
				name, _ := field(t, refusal)
				require.Equal(t, "key", name)
			}
			counted["keys"]++
		}
	}
	for _, kind := range []string{"devices", "people", "users", "keys", "sign-ins", "broken"} {
		require.Positive(t, counted[kind], kind)
	}
}

// passwords gives recovery passwords and whether they are in order: the project's own, and where they are
// present those of real volumes and the one that the documentation prints, which is not.
func passwords(t *testing.T) map[string]bool {
	all := map[string]bool{}
	for n := range 3 {
		all[accounttest.RecoveryPassword(n)] = true
	}
	all["1"+accounttest.RecoveryPassword(3)[1:]] = false
	if dir, ok := opendata.Dir(); ok {
		f, err := os.Open(filepath.Join(dir, "bitlocker", "recovery-passwords.csv"))
		require.NoError(t, err)
		defer func() { require.NoError(t, f.Close()) }()
		rows, err := csv.NewReader(f).ReadAll()
		require.NoError(t, err)
		for _, row := range rows[1:] {
			all[row[3]] = row[4] == "valid"
		}
		require.Len(t, all, 4+8)
	}
	return all
}

func TestRealRecoveryPasswordsAreImportedAndThePrintedSampleIsRefused(t *testing.T) {
	d := newDirectory(t)
	d.devices(t, `{"accountEnabled":true,"deviceId":"a"}`, msgraph.Options{DefaultOwner: "ada"})
	for password, valid := range passwords(t) {
		id := password[:13]
		report := d.keys(t, keyRecord(map[string]any{"id": id, "deviceId": "a", "key": password}))
		if valid {
			require.Equal(t, "1 read: 1 imported", report.String())
			continue
		}
		require.Equal(t, "1 read: 1 refused", report.String())
		name, problem := field(t, report.Refusals[0])
		require.Equal(t, []string{"key", "group 1 is not divisible by 11"}, []string{name, problem})
	}
}

// logbook is a log of sign-ins and what must come out.
type logbook struct {
	name, text   string
	read         int         // sign-ins, those of programs included
	codes        map[int]int // of them
	ids          int         // different ones
	programs     int         // of them are nobody's
	correlations int
	outcomes     map[signins.Outcome]int // of the ids that are somebody's
	unusual      map[signins.FlagKind]int
	each         func(t *testing.T, s msgraph.SignIn)
}

// logs gives the project's own and, where they are present, real ones.
func logs(t *testing.T) []logbook {
	all := []logbook{
		{name: "own table", text: string(read(t, "signins.csv")), read: 3, codes: map[int]int{0: 2, 50058: 1}, ids: 3, programs: 1, correlations: 1,
			outcomes: map[signins.Outcome]int{signins.Success: 1, signins.Interrupted: 1},
			unusual:  map[signins.FlagKind]int{signins.AnonymousNetwork: 1},
			each: func(t *testing.T, s msgraph.SignIn) {
				require.Equal(t, "192.0.2.7", s.Address.String())
				require.Equal(t, "2026-01-05", s.At.Format(time.DateOnly))
			}},
		{name: "own events", text: string(read(t, "signinevents.jsonl")), read: 8, codes: map[int]int{0: 4, 50058: 1, 50126: 1, 500121: 1, 7000215: 1}, ids: 7, programs: 1, correlations: 6,
			outcomes: map[signins.Outcome]int{signins.Success: 3, signins.Interrupted: 1, signins.FirstFactorFailed: 1, signins.LaterStepFailed: 1},
			unusual:  map[signins.FlagKind]int{signins.NewCountry: 1, signins.NewDeviceAndPlace: 1, signins.ImpossibleTravel: 1},
			each:     isEvent},
	}
	dir, ok := opendata.Dir()
	if !ok {
		return all
	}
	table, err := os.ReadFile(filepath.Join(dir, "sentinel-signins", "sign-in_adelete.csv"))
	require.NoError(t, err)
	wrapped, err := os.ReadFile(filepath.Join(dir, "panther-signins", "signins.jsonl"))
	require.NoError(t, err)
	var events bytes.Buffer
	for line := range bytes.Lines(wrapped) {
		var event struct {
			Log json.RawMessage `json:"log"`
		}
		require.NoError(t, json.Unmarshal(line, &event))
		events.Write(append(event.Log, '\n'))
	}
	return append(all,
		logbook{name: "real table", text: string(table), read: 56, codes: map[int]int{0: 53, 16000: 2, 50058: 1}, ids: 56, correlations: 52,
			outcomes: map[signins.Outcome]int{signins.Success: 53, signins.Interrupted: 3},
			unusual:  map[signins.FlagKind]int{}, // one person in one place on one day
			each: func(t *testing.T, s msgraph.SignIn) {
				require.Equal(t, "175.45.176.99", s.Address.String())
				require.EqualValues(t, "9b117c67-170e-4aed-9702-658b3fddc889", s.Account)
				require.Equal(t, "2ad3fc79-1859-42fa-9011-6f8df2251b22", s.Tenant)
				require.Equal(t, "2021-04-28", s.At.Format(time.DateOnly))
				require.Equal(t, []string{"Azor, IL", "Windows 10", "Edge 90.0.818"}, []string{s.Place.String(), s.System, s.Browser})
				require.Len(t, s.Steps, 1)
				require.WithinDuration(t, s.Steps[0].At, s.At, time.Second)
			}},
		logbook{name: "real events", text: events.String(), read: 12, codes: map[int]int{0: 8, 50053: 2, 50126: 1, 7000215: 1}, ids: 11, programs: 1, correlations: 11,
			outcomes: map[signins.Outcome]int{signins.Success: 7, signins.FirstFactorFailed: 3},
			unusual:  map[signins.FlagKind]int{signins.NewCountry: 1, signins.NewDeviceAndPlace: 1, signins.AnonymousNetwork: 1},
			each:     isEvent})
}

func isEvent(t *testing.T, s msgraph.SignIn) {
	require.Equal(t, s.ServicePrincipal, s.Account == "")
	require.NotEmpty(t, s.Tenant)
	require.NotEmpty(t, s.Correlation)
	require.True(t, s.Address.IsValid())
}

func TestALogOfSignInsIsReadToItsEnd(t *testing.T) {
	for _, l := range logs(t) {
		t.Run(strings.ReplaceAll(l.name, " ", "-"), func(t *testing.T) {
			codes, programs := map[int]int{}, 0
			ids, correlations := map[signins.ID]bool{}, map[string]bool{}
			signIns := whole(t, msgraph.SignIns(strings.NewReader(l.text)))
			for _, s := range signIns {
				codes[s.Code]++
				ids[s.ID], correlations[s.Correlation] = true, true
				if s.ServicePrincipal {
					programs++
				}
				l.each(t, s)
			}
			require.Len(t, signIns, l.read)
			require.Equal(t, l.codes, codes)
			require.Len(t, ids, l.ids)
			require.Len(t, correlations, l.correlations)
			require.Equal(t, l.programs, programs)
		})
	}
}
