package msgraph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
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
	agrees(t, input, broken)
	return records
}

// agrees checks that encoding/json takes for JSON what is read as such.
func agrees(t *testing.T, input []byte, broken *msgraph.Broken) {
	if len(input) > msgraph.MaxRecord || bytes.Count(input, []byte("["))+bytes.Count(input, []byte("{")) > 64 {
		return // too large or too deep may be passed over unseen
	}
	// It alone takes two words without space between them for two.
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

func FuzzUsers(f *testing.F) {
	seeds(f)
	f.Add(read(f, "users.json"))
	for _, s := range []string{
		`{"id":"a","manager":{"id":"b"},"otherMails":["",null]}`, `{"id":"a","manager":{"@odata.type":"#microsoft.graph.orgContact"},"businessPhones":[{}]}`,
		`{"id":"a","accountEnabled":true,"userPrincipalName":"\u212a#EXT#@x.y","mail":"k#ext#@x.y"}{"id":"b","accountEnabled":false,"mail":"k#ext#@x.y"}`,
	} {
		f.Add([]byte(s))
	}
	world := accounttest.New(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		users := holds(t, input, msgraph.Users(bytes.NewReader(input)))
		for _, u := range users {
			require.NoError(t, policy.CheckID("id", u.ID))
			for _, text := range append(u.OtherMails, u.UserPrincipalName, u.Mail, u.Profile.DisplayName, u.Profile.BusinessPhone, u.Manager.DisplayName) {
				require.NoError(t, policy.CheckText("text", text, devices.MaxText))
			}
			_, err := json.Marshal(u) // no time that cannot be written
			require.NoError(t, err)
		}
		if len(users) == 0 || len(users) > 10 {
			return
		}
		s := staff{world.Fork(t), t}
		bring := func() msgraph.Report {
			report, err := msgraph.ImportUsers(t.Context(), doors(s.App), s.Host, bytes.NewReader(input), msgraph.UserOptions{ProvenAt: s.Clock.Now()})
			if broken := (*msgraph.Broken)(nil); !errors.As(err, &broken) {
				require.NoError(t, err)
			}
			require.Equal(t, report.Read, report.Imported+report.Updated+report.Unchanged+report.KeptDisabled+report.Refused)
			return report
		}
		bring()
		if told := bring(); told.Updated == 0 { // of an account that the export tells of in two ways, each import changes something
			require.Zero(t, told.Imported)
			events := s.events()
			require.Equal(t, told, bring())
			require.Equal(t, events, s.events())
		}
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

func FuzzSignIns(f *testing.F) {
	seeds(f)
	for _, name := range []string{"signins.json", "signins.csv"} {
		f.Add(read(f, name))
	}
	for _, s := range []string{
		header, header + "2026-01-05T09:00:00Z,ada,s,0", header + "4/28/2021, 2:08:45 PM,\"a\"\"da\",\"\n\",Failure\n\"", `{"records":[{}]}`, `{"properties":"{"}`,
		"CreatedDateTime [UTC],UserId,Status_string,AuthenticationDetails\n\"1/2/2026, 3:04:05 AM\",ada,\"{\"\"errorCode\"\":1}\",\"[{},[]]\"\r\n",
		event(nil, nil), event(map[string]any{"location": "DE", "resultType": "Failure"}, map[string]any{"id": nil, "status": nil, "userAgent": "\u202e"}),
		`{"id":"a","ID":"b","time":"2026-01-05 09:00:00","userid":"ada","resulttype":1,"location":{"geocoordinates":{"latitude":"1e1","longitude":-0}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		var last msgraph.Position
		var broken *msgraph.Broken
		for s, err := range msgraph.SignIns(bytes.NewReader(input)) {
			require.Nil(t, broken, "nothing comes after what ends a stream")
			at := s.Position
			var refusal *msgraph.Refusal
			switch {
			case err == nil:
				canBeKept(t, s)
			case errors.As(err, &refusal):
				at = refusal.Position
				name, problem := field(t, err)
				require.NoError(t, policy.CheckText("field", name+problem, 512), "a refusal can be shown")
			default:
				require.ErrorAs(t, err, &broken)
				require.Positive(t, broken.Line)
				require.LessOrEqual(t, broken.Line, 1+bytes.Count(input, []byte("\n")))
				continue
			}
			require.Equal(t, last.Record+1, at.Record)
			require.GreaterOrEqual(t, at.Line, max(last.Line, 1))
			last = at
		}
		begin := bytes.TrimLeft(bytes.TrimPrefix(input, []byte("\ufeff")), " \t\r\n")
		if len(begin) > 0 && (begin[0] == '{' || begin[0] == '[') {
			agrees(t, input, broken)
		}
	})
}

// canBeKept checks what [signins] asks of a record.
func canBeKept(t *testing.T, s msgraph.SignIn) {
	require.NoError(t, policy.CheckID("id", s.ID))
	require.Equal(t, s.ServicePrincipal, s.Account == "")
	for _, id := range []string{string(s.Account), string(s.Device), s.Correlation, s.Tenant} {
		if id != "" {
			require.NoError(t, policy.CheckID("id", id))
		}
	}
	texts := []string{s.Application, s.Resource, s.ClientApp, s.Browser, s.System, s.Place.City, s.Place.Region, s.Place.Country, s.DeviceName,
		s.Failure, s.UserName, s.UserAgent}
	for _, step := range s.Steps {
		texts = append(texts, step.Method, step.Detail)
	}
	for _, text := range texts {
		require.NoError(t, policy.CheckText("text", text, signins.MaxText))
	}
	require.LessOrEqual(t, len(s.Steps), signins.MaxSteps)
	require.GreaterOrEqual(t, s.At.Year(), 1970)
	require.GreaterOrEqual(t, s.Code, msgraph.UnknownFailure)
	_, err := json.Marshal(s) // no time and no number that cannot be written
	require.NoError(t, err)
}
