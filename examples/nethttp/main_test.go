package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// browser is a client with cookies, over TLS.
func browser(t *testing.T) (password string, do func(method, path string, form url.Values, header ...string) (int, map[string]any)) {
	t.Helper()
	s, password, err := newServer(context.Background())
	require.NoError(t, err)
	server := httptest.NewTLSServer(s.routes())
	t.Cleanup(server.Close)
	client := server.Client()
	client.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	return password, func(method, path string, form url.Values, header ...string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		defer func() { require.NoError(t, res.Body.Close()) }()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		var doc map[string]any
		_ = json.Unmarshal(body, &doc) // not every answer has a body
		return res.StatusCode, doc
	}
}

func TestACookieIsAnActorUntilSignedOut(t *testing.T) {
	password, do := browser(t)
	status, doc := do("GET", "/devices", nil)
	require.Equal(t, 401, status)
	require.Equal(t, "urn:myaccount:session-ended", doc["type"])

	status, doc = do("POST", "/sign-in", url.Values{"user": {"ada"}, "password": {"wrong"}})
	require.Equal(t, 401, status)
	wrong := doc["type"]
	status, doc = do("POST", "/sign-in", url.Values{"user": {"nobody"}, "password": {password}}) // is no attempt of ada's
	require.Equal(t, []any{401, wrong}, []any{status, doc["type"]})
	status, _ = do("POST", "/sign-in", url.Values{"user": {"ada"}, "password": {password}})
	require.Equal(t, 200, status)

	status, doc = do("GET", "/devices", nil)
	require.Equal(t, 200, status)
	require.Len(t, doc["items"], 1)
	status, doc = do("POST", "/devices/laptop/disable", nil)
	require.Equal(t, 428, status, "it needs a Yes, and says to what")
	status, _ = do("POST", "/devices/laptop/disable", url.Values{"confirm": {doc["confirm"].(string)}})
	require.Equal(t, 200, status)
	status, doc = do("POST", "/devices/laptop/disable", url.Values{"confirm": {doc["confirm"].(string)}})
	require.Equal(t, 409, status)
	require.Equal(t, "urn:myaccount:already-disabled", doc["type"])

	status, doc = do("GET", "/sign-ins", nil)
	require.Equal(t, 200, status)
	var outcomes []any
	for _, item := range doc["items"].([]any) {
		outcomes = append(outcomes, item.(map[string]any)["outcome"])
	}
	require.ElementsMatch(t, []any{"success", "first-factor-failed"}, outcomes)

	status, _ = do("POST", "/sign-in", url.Values{"user": {"ada"}, "password": {password}})
	require.Equal(t, 200, status)
	status, doc = do("GET", "/sessions", nil)
	require.Equal(t, 200, status)
	require.Len(t, doc["items"], 1, "one browser, one session")
	require.Equal(t, true, doc["items"].([]any)[0].(map[string]any)["current"])
	status, _ = do("POST", "/sign-out", nil)
	require.Equal(t, 200, status)
	status, _ = do("GET", "/sessions", nil)
	require.Equal(t, 401, status, "whatever the cookie says")
}

func TestAnotherSitesFormDoesNothing(t *testing.T) {
	password, do := browser(t)
	status, _ := do("POST", "/sign-in", url.Values{"user": {"ada"}, "password": {password}})
	require.Equal(t, 200, status)
	status, _ = do("POST", "/sign-out", nil, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, 403, status)
	status, _ = do("GET", "/sessions", nil)
	require.Equal(t, 200, status)
}
