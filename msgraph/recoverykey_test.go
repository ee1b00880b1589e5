package msgraph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

func TestAnExportOfRecoveryKeysBecomesRecords(t *testing.T) {
	got := whole(t, msgraph.RecoveryKeys(bytes.NewReader(read(t, "recoverykeys.jsonl"))))
	key := func(line, n int, device policy.DeviceID, v devices.Volume, created time.Time) msgraph.RecoveryKey {
		return msgraph.RecoveryKey{At: msgraph.Position{Record: n, Line: line}, KeyRecord: devices.KeyRecord{
			Device: device, CreatedAt: created,
			Escrow: devices.Escrow{ID: devices.KeyID(fmt.Sprintf("40000000-0000-4000-8000-%012d", n)), Volume: v,
				Password: secret.NewText(accounttest.RecoveryPassword(n - 1))},
		}}
	}
	laptop, desktop := policy.DeviceID("20000000-0000-4000-8000-000000000001"), policy.DeviceID("20000000-0000-4000-8000-000000000002")
	want := []msgraph.RecoveryKey{
		key(1, 1, laptop, devices.OperatingSystemVolume, time.Date(2025, 3, 1, 8, 30, 0, 0, time.UTC)),
		key(2, 2, laptop, devices.FixedDataVolume, time.Date(2025, 3, 1, 8, 31, 0, 0, time.UTC)),
		key(2, 3, desktop, devices.RemovableDataVolume, time.Time{}),
		key(3, 4, desktop, devices.UnknownVolume, time.Time{}),
	}
	require.Empty(t, cmp.Diff(want, got, sameText))
}

// keyRecord is a record that is in order, with some members replaced or added.
func keyRecord(members map[string]any) string {
	record := map[string]any{"id": "k", "deviceId": "d", "key": accounttest.RecoveryPassword(0)}
	for name, value := range members {
		record[name] = value
	}
	b, err := json.Marshal(record)
	if err != nil {
		panic(err) // the values of these tests can be written
	}
	return string(b)
}

func TestTheKindOfVolumeIsReadByNameAndByNumber(t *testing.T) {
	for _, c := range []struct {
		written any
		want    devices.Volume
	}{
		{"operatingSystemVolume", devices.OperatingSystemVolume}, {"1", devices.OperatingSystemVolume}, {1, devices.OperatingSystemVolume},
		{"fixedDataVolume", devices.FixedDataVolume}, {"2", devices.FixedDataVolume}, {2, devices.FixedDataVolume},
		{"removableDataVolume", devices.RemovableDataVolume}, {"3", devices.RemovableDataVolume}, {3, devices.RemovableDataVolume},
		{"unknownFutureValue", devices.UnknownVolume}, {nil, devices.UnknownVolume},
	} {
		got := whole(t, msgraph.RecoveryKeys(text(keyRecord(map[string]any{"volumeType": c.written}))))
		require.Equal(t, c.want, got[0].Volume, "%v", c.written)
	}
	for _, wrong := range []any{0, 4, 1.5, "0", "", "OperatingSystemVolume", true, []int{1}} {
		_, refusals, _ := all(t, msgraph.RecoveryKeys(text(keyRecord(map[string]any{"volumeType": wrong}))))
		require.Len(t, refusals, 1, "%v", wrong)
		name, problem := field(t, refusals[0])
		require.Equal(t, "volumeType", name)
		require.Equal(t, "is none of 1, 2, 3, fixedDataVolume, operatingSystemVolume, removableDataVolume, unknownFutureValue", problem)
	}
}

func TestAMalformedRecoveryKeyIsRefusedAndNamesTheMember(t *testing.T) {
	good := accounttest.RecoveryPassword(7)
	for _, c := range []struct {
		members        map[string]any
		field, problem string
	}{
		{map[string]any{"key": nil}, "key", "is missing; a listing never contains keys: read each by itself with $select=key"},
		{map[string]any{"key": ""}, "key", "is empty; want 48 digits in 8 groups of 6"},
		{map[string]any{"key": 616}, "key", "is not a string"},
		{map[string]any{"key": "123" + good[3:]}, "key", "group 1 is not divisible by 11"},
		{map[string]any{"key": good[:49] + "720896"}, "key", "group 8 is not below 720,896"},
		{map[string]any{"key": good[7:]}, "key", "has 7 groups; want 8 groups of 6 digits"},
		{map[string]any{"key": good[:4] + "x" + good[5:]}, "key", "group 1 is not 6 digits"},
		{map[string]any{"key": strings.Repeat("0", 300)}, "key", "is longer than 256 bytes; want 48 digits in 8 groups of 6"},
		{map[string]any{"id": nil}, "id", "is missing"},
		{map[string]any{"deviceId": nil}, "deviceId", "is missing"},
		{map[string]any{"deviceId": "d\nd"}, "deviceId", "has the character U+000A at byte 1; want none that controls or reorders text"},
		{map[string]any{"createdDateTime": "2020"}, "createdDateTime", "is not a time such as 2026-01-05T09:00:00Z"},
		{map[string]any{"@odata.type": "#microsoft.graph.device"}, "@odata.type", "is another type; want #microsoft.graph.bitlockerRecoveryKey"},
	} {
		_, refusals, broken := all(t, msgraph.RecoveryKeys(text(keyRecord(c.members))))
		require.Nil(t, broken)
		require.Len(t, refusals, 1, "%v", c.members)
		name, problem := field(t, refusals[0])
		require.Equal(t, []string{c.field, c.problem}, []string{name, problem}, "%v", c.members)
	}
	for _, writing := range []string{good, strings.ReplaceAll(good, "-", ""), strings.ReplaceAll(good, "-", " ")} {
		got := whole(t, msgraph.RecoveryKeys(text(keyRecord(map[string]any{"key": writing}))))
		require.Equal(t, good, got[0].Password.Reveal(), "a key is given in the form that unlocks")
	}
}

func TestAKeyNeverShows(t *testing.T) {
	const canary = "496298-461032-321464-595518-463221-173943-033616-139579"
	shows := func(shown, from string) {
		require.NotEmpty(t, shown)
		for _, group := range strings.Split(canary, "-") {
			require.NotContains(t, shown, group, from)
		}
	}
	for _, record := range []string{
		keyRecord(map[string]any{"key": canary}),
		keyRecord(map[string]any{"key": canary + "-"}),
		keyRecord(map[string]any{"key": "1" + canary}),
		keyRecord(map[string]any{"key": []string{canary}}),
		keyRecord(map[string]any{"volumeType": canary}),
		keyRecord(map[string]any{"createdDateTime": canary}),
		keyRecord(map[string]any{"@odata.type": canary}),
		`{"id":"k","deviceId":"d","key":` + canary + `}`,
		`{"id":"k","deviceId":"d","key":"` + canary,
		`{"id":"k","deviceId":"d","key":"` + canary + "\n\"}",
		`{"id":"k","deviceId":"d","key":"` + canary + `" "` + canary + `"}`,
		`{"id":"k","key":"` + canary + `"}`,
		`{"id":"k","deviceId":"d","key":"` + canary + `","key":"` + canary + `"}`,
		`{"id":"k","deviceId":"d","` + canary + `":}`,
		canary, `"` + canary + `"`,
	} {
		for k, err := range msgraph.RecoveryKeys(text(record)) {
			asJSON, jsonErr := json.Marshal(k)
			require.NoError(t, jsonErr)
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("read", "key", k, "error", err)
			for _, shown := range []string{fmt.Sprintf("%v %+v %#v", k, k, k), fmt.Sprintf("%+v %#v", err, err), string(asJSON), log.String()} {
				shows(shown, record)
			}
			if err != nil {
				shows(err.Error(), record)
			}
		}
	}
}
