package msgraph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
)

// seeds are texts that came close to trouble while this package was written, and the samples.
func seeds(f *testing.F) {
	for _, name := range []string{"devices.json", "recoverykeys.jsonl", "owners.json"} {
		f.Add(read(f, name))
	}
	for _, s := range []string{
		"", "\ufeff", "\ufeff{}", "null", "[]", "{}", `{"value":[`, `{"value":{"value":[{}]}}`, `[[{}]]`, `{"value":[{}],"value":[{}]}`,
		`{"deviceId":"a"}{"deviceId":"a"`, `{"deviceId":"a",}`, `{"deviceId":"a","x":[}]}`, `{"a":"\`, `{"\u0000":1}`, "{\"a\":\"\xff\"}",
		`{"deviceId":"a","deviceId":"b"}`, `{"id":"k","deviceId":"d","key":000011-000022}`, `1 2`, `tru`, `-`, `{"a":1e999}`,
		`{"deviceId":"a","registeredOwners":[{"id":"\ud800"}],"physicalIds":["[ztdid]:"]}`,
	} {
		f.Add([]byte(s))
	}
}

// holds checks what must hold of every stream whatever is in it, and gives its records.
func holds[R any](t *testing.T, input []byte, stream iter.Seq2[R, error]) []R {
	var records []R
	var last msgraph.Position
	var broken *msgraph.Broken
	for r, err := range stream {
		require.Nil(t, broken, "nothing comes after what ends a stream")
		var refusal *msgraph.Refusal
		switch {
		case err == nil:
			records = append(records, r)
		case errors.As(err, &refusal):
			var invalid *policy.Invalid
			require.ErrorAs(t, err, &invalid)
			require.NoError(t, policy.CheckText("field", invalid.Field+invalid.Problem, 512), "a refusal can be shown")
			require.Greater(t, refusal.Record, last.Record)
			require.GreaterOrEqual(t, refusal.Line, last.Line)
			last = refusal.Position
		default:
			require.ErrorAs(t, err, &broken)
			require.Positive(t, broken.Line)
			require.LessOrEqual(t, broken.Line, 1+bytes.Count(input, []byte("\n")))
		}
	}
	if len(input) > msgraph.MaxRecord || bytes.Count(input, []byte("["))+bytes.Count(input, []byte("{")) > 64 {
		return records // too large or too deep may be passed over unseen
	}
	// encoding/json must agree on what is JSON. It alone takes two words without space between them for two.
	valid, words := true, false
	for in := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(input, []byte("\ufeff")))); ; {
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			valid = errors.Is(err, io.EOF)
			break
		}
		words = words || value[0] != '{' && value[0] != '['
	}
	if !words || !valid {
		require.Equal(t, valid, broken == nil, "broken: %v", broken)
	}
	return records
}

func FuzzDevices(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, d := range holds(t, input, msgraph.Devices(bytes.NewReader(input))) {
			require.NoError(t, policy.CheckID("deviceId", d.ID))
			require.NoError(t, policy.CheckText("displayName", d.Name, devices.MaxText))
			require.LessOrEqual(t, len(d.RegisteredOwners), 1)
			require.LessOrEqual(t, len(d.Users), devices.MaxUsers)
			_, err := json.Marshal(d) // no time that cannot be written
			require.NoError(t, err)
		}
		holds(t, input, msgraph.People(bytes.NewReader(input)))
	})
}

func FuzzRecoveryKeys(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, k := range holds(t, input, msgraph.RecoveryKeys(bytes.NewReader(input))) {
			require.NoError(t, policy.CheckID("id", k.ID))
			again, err := devices.ParseRecoveryPassword(k.Password)
			require.NoError(t, err)
			require.True(t, again.Equal(k.Password))
		}
	})
}
