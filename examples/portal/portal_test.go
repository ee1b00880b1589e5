package main

import (
	"bufio"
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/examples/portal/sample"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

const everybodysPassword = "plain walnut harbour 42"

// site is the portal on the sample, served over loopback.
type site struct {
	*portal
	url string
	log *bytes.Buffer
}

func serve(t testing.TB) *site {
	t.Helper()
	return serveAt(t, true)
}

// serveAt is a site that takes its address for one of this machine, or not.
func serveAt(t testing.TB, loopback bool) *site {
	t.Helper()
	d, err := newDemo(context.Background(), "", everybodysPassword)
	require.NoError(t, err)
	var log bytes.Buffer
	p, err := newPortal(d, slog.New(slog.NewTextHandler(&log, nil)), loopback)
	require.NoError(t, err)
	server := httptest.NewTLSServer(p.routes()) // clients of Go send no secure cookie to a loopback address without TLS
	t.Cleanup(server.Close)
	http.DefaultTransport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	return &site{p, server.URL, &log}
}

// browser keeps cookies and follows redirects.
type browser struct {
	t    testing.TB
	at   string
	http *http.Client
}

func (s *site) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t, s.url, &http.Client{Jar: jar, Transport: http.DefaultTransport}}
}

// as is a browser in which somebody signed in.
func (s *site) as(t testing.TB, name string) *browser {
	t.Helper()
	b := s.browser(t)
	status, page := b.post("/sign-in", "identifier", name, "password", everybodysPassword)
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "<h1><bdi>Overview</bdi></h1>")
	return b
}

func (b *browser) get(path string) (int, string) {
	b.t.Helper()
	answer, err := b.http.Get(b.at + path)
	return b.read(answer, err)
}

// post sends a form of names and values.
func (b *browser) post(path string, form ...string) (int, string) {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	answer, err := b.http.PostForm(b.at+path, values)
	return b.read(answer, err)
}

func (b *browser) read(answer *http.Response, err error) (int, string) {
	b.t.Helper()
	require.NoError(b.t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, answer.Body.Close())
	return answer.StatusCode, string(body)
}

// token is what the browser has of its session.
func (b *browser) token(t testing.TB) secret.Text {
	t.Helper()
	at, err := url.Parse(b.at)
	require.NoError(t, err)
	for _, c := range b.http.Jar.Cookies(at) {
		if c.Name == "__Host-session" {
			return secret.NewText(c.Value)
		}
	}
	require.Fail(t, "the browser has no session")
	return secret.Text{}
}

// confirmed sends a form, and then the Yes that it asks for.
func (b *browser) confirmed(path string, form ...string) (int, string) {
	b.t.Helper()
	status, page := b.post(path, form...)
	require.Equal(b.t, http.StatusPreconditionRequired, status, page)
	yes := regexp.MustCompile(`name="confirm" value="([^"]+)"`).FindStringSubmatch(page)
	require.NotNil(b.t, yes, page)
	return b.post(path, append(form, "confirm", yes[1])...)
}

const (
	ada    = "ada@contoso.example"
	carol  = "carol@contoso.example"
	lin    = "lin@home.example"
	tablet = "/devices/lin-tablet"
)

func TestEveryPageOpensForWhoMaySeeIt(t *testing.T) {
	s := serve(t)
	for who, paths := range map[string][]string{
		ada:   {"/", "/profile", "/password", "/devices", "/sign-ins", "/sign-ins?unusual=1", "/sessions", "/close", "/prove", "/mailbox"},
		lin:   {"/", "/profile", "/password", "/devices", tablet, "/sign-ins", "/sessions", "/close"},
		carol: {"/", "/admin", "/admin/people", "/admin/people/" + string(atHome)},
	} {
		b := s.as(t, who)
		for _, path := range paths {
			status, page := b.get(path)
			require.Equal(t, 200, status, "%s for %s: %s", path, who, page)
			require.NotContains(t, page, "ZgotmplZ", "%s for %s: a template put a value where it may not stand", path, who)
			require.NotContains(t, page, "&lt;nil&gt;", path)
		}
	}
	require.NotContains(t, s.log.String(), "level=ERROR")
}

func TestWhoIsNotSignedInIsLedToSignInAndBack(t *testing.T) {
	s := serve(t)
	b := s.browser(t)
	status, page := b.get("/devices")
	require.Equal(t, 200, status)
	require.Contains(t, page, `name="back" value="/devices"`)
	_, page = b.post("/sign-in", "identifier", ada, "password", everybodysPassword, "back", "/devices")
	require.Contains(t, page, "<h1><bdi>Devices</bdi></h1>")
}

func TestALinkOfAnotherSiteSignsNobodyOut(t *testing.T) {
	s := serve(t)
	for token, cookies := range map[string]int{"": 0, "of a session that has ended": 1} {
		b := s.browser(t)
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		r, err := http.NewRequest(http.MethodGet, s.url+"/devices", nil)
		require.NoError(t, err)
		if token != "" {
			r.AddCookie(&http.Cookie{Name: s.cookie, Value: token})
		}
		answer, err := b.http.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, "/sign-in?back=%2Fdevices", answer.Header.Get("Location"))
		require.Len(t, answer.Cookies(), cookies, "the strict cookie is not sent along with such a link, and has to stay")
	}
}

func TestNobodyIsLedToAnotherSite(t *testing.T) {
	s := serve(t)
	for _, back := range []string{"https://evil.example/", "//evil.example", `\\evil.example`, "/\\evil.example", "javascript:alert(1)",
		"/sign-out", "/photo", "/nothing", "http:/evil.example", "/%2f%2fevil.example", "/devices\r\nLocation: https://evil.example"} {
		b := s.browser(t)
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		answer, err := b.http.PostForm(s.url+"/sign-in", url.Values{"identifier": {ada}, "password": {everybodysPassword}, "back": {back}})
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, []string{"/"}, answer.Header["Location"], back)
	}
}

func TestAWrongPasswordAndAnUnknownNameLookAlike(t *testing.T) {
	s := serve(t)
	told := regexp.MustCompile(`<p id="wrong">([^<]+)`)
	var texts []string
	for _, name := range []string{ada, "nobody@contoso.example", "hugo@contoso.example"} { // hugo's account is disabled
		status, page := s.browser(t).post("/sign-in", "identifier", name, "password", "wrong horse")
		require.Equal(t, http.StatusUnauthorized, status)
		require.Contains(t, page, `value="`+name+`"`, "what was typed stands there still")
		texts = append(texts, told.FindStringSubmatch(page)[1])
	}
	require.Equal(t, texts[0], texts[1])
	require.Equal(t, texts[0], texts[2])
}

func TestTheCookieIsAsStrictAsTheAddressAllows(t *testing.T) {
	for loopback, name := range map[bool]string{true: "__Host-session", false: "session"} {
		s := serveAt(t, loopback)
		b := s.browser(t)
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		answer, err := b.http.PostForm(s.url+"/sign-in", url.Values{"identifier": {ada}, "password": {everybodysPassword}})
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Len(t, answer.Cookies(), 1)
		c := answer.Cookies()[0]
		require.Equal(t, []any{name, true, loopback, "/", "", http.SameSiteStrictMode, 0},
			[]any{c.Name, c.HttpOnly, c.Secure, c.Path, c.Domain, c.SameSite, c.MaxAge})
	}
}

func TestOnlyAnAddressOfThisMachineIsOne(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:80": true, "[::1]:80": true, "0.0.0.0:80": false, "[::]:80": false, "192.0.2.1:80": false} {
		require.Equal(t, want, isLoopback(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))), address)
	}
	require.False(t, isLoopback(&net.UnixAddr{}))
}

func TestEveryAnswerForbidsScriptsAndCaching(t *testing.T) {
	s := serve(t)
	b := s.as(t, ada)
	for _, path := range []string{"/", "/devices", "/nothing", "/sign-in", "/photo", "/admin"} {
		answer, err := b.http.Get(s.url + path)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Equal(t, "no-store", answer.Header.Get("Cache-Control"), path)
		require.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"))
	}
}

func TestAnotherSitesFormIsRefused(t *testing.T) {
	s := serve(t)
	b := s.as(t, ada)
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r, err := http.NewRequest(http.MethodPost, s.url+"/sessions/end-others", nil)
		require.NoError(t, err)
		r.Header.Set(header, value)
		status, _ := b.read(b.http.Do(r))
		require.Equal(t, http.StatusForbidden, status, header)
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	status, page := b.post("/profile", "set.display-name", strings.Repeat("x", 100<<10))
	require.Equal(t, http.StatusRequestEntityTooLarge, status, page)
	_, page = b.get("/profile")
	require.Contains(t, page, `value="Lin"`)
}

func TestAFormIsReadWhollyOrNothingIsDone(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	const plain, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	for _, path := range []string{"/sign-in", "/reopen/code", "/reopen", "/email/cancel", "/profile", "/photo", "/devices/lin-tablet/recognize"} {
		for _, c := range []struct {
			kind, body string
			status     int
		}{
			{plain, "identifier=" + lin + "&password=" + everybodysPassword + "&more=" + strings.Repeat("x", 6<<20), http.StatusRequestEntityTooLarge},
			{plain, "typed=%zz", http.StatusBadRequest},
			{plain, "typed;else", http.StatusBadRequest},
			{parts, "--x\r\ntyped", http.StatusBadRequest},
		} {
			answer, err := b.http.Post(s.url+path, c.kind, strings.NewReader(c.body))
			status, page := b.read(answer, err)
			require.Equal(t, c.status, status, "%s: %s", path, page)
			require.Contains(t, page, `role="alert"`, path)
		}
	}
	status, _ := b.get("/devices?after=%zz")
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = b.post("/photo", "photo", "no file")
	require.Equal(t, http.StatusBadRequest, status)
	status, page := b.post("/email/cancel")
	require.Equal(t, http.StatusBadRequest, status)
	require.NotContains(t, page, "is taken back")
	require.NotContains(t, s.log.String(), "level=ERROR", "what others send is no trouble of the site's")
	require.NotContains(t, s.log.String(), "%zz")
}

func TestTheLogKeepsNothingOfWhatWasTyped(t *testing.T) {
	s := serve(t)
	s.browser(t).post("/sign-in", "identifier", "somebody@private.example", "password", "a secret of theirs", "back", "/devices")
	b := s.as(t, lin)
	b.get(tablet + "?after=cursor-of-theirs")
	require.Contains(t, s.log.String(), `route="GET /devices/{device}"`)
	for _, typed := range []string{"private.example", "a secret", "lin-tablet", "cursor-of-theirs", everybodysPassword} {
		require.NotContains(t, s.log.String(), typed)
	}
}

func TestWhoHasToSetANewPasswordIsLedThere(t *testing.T) {
	s := serve(t)
	require.NoError(t, s.app.Admin.Account.DemandNewPassword(t.Context(), s.host, atHome))
	b := s.browser(t)
	_, page := b.post("/sign-in", "identifier", "lin@home.example", "password", everybodysPassword)
	require.Contains(t, page, "<h1><bdi>Password</bdi></h1>")
	_, page = b.post("/recovery-code")
	require.Contains(t, page, "<h1><bdi>Password</bdi></h1>")
	require.Contains(t, page, "You have to set a new password before anything else.")
	_, page = b.post("/sign-out")
	require.Contains(t, page, "You are signed out.")
}

func TestADeviceIsDisabledAfterAYesAndOnlyAnAdministratorAddsItAgain(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	status, page := b.post(tablet + "/disable")
	require.Equal(t, http.StatusPreconditionRequired, status)
	require.Contains(t, page, `class="consequences"`)
	status, page = b.confirmed(tablet + "/disable")
	require.Equal(t, 200, status)
	require.Contains(t, page, "The device is disabled.")
	_, page = b.get(tablet)
	require.Regexp(t, `<button class="grave" disabled aria-describedby="([^"]+)">Disable</button>\s*<span class="why" id="([^"]+)">`, page)

	boss := s.as(t, carol)
	status, page = boss.post("/admin/people/" + string(atHome) + "/devices/lin-tablet/enable")
	require.Equal(t, 200, status, page)
	_, page = b.get(tablet)
	require.NotContains(t, page, ">disabled<")
}

func TestALockIsExplainedWhereTheControlIs(t *testing.T) {
	s := serve(t)
	boss, b := s.as(t, carol), s.as(t, lin)
	status, page := boss.post("/admin/access", "area", "devices", "to", "read-only")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, page, "/prove/send", "the password is fresh, a second factor is missing")
	s.secondFactor(t, boss, "/admin")
	status, page = boss.post("/admin/access", "area", "devices", "to", "read-only")
	require.Equal(t, 200, status, page)
	status, page = b.get(tablet)
	require.Equal(t, 200, status)
	require.Contains(t, page, "help@contoso.example")
	status, _ = b.post(tablet+"/recognize", "mine", "no")
	require.Equal(t, http.StatusForbidden, status)
	boss.post("/admin/access", "area", "devices", "to", "off")
	status, page = b.get("/devices")
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, page, `role="alert"`)
}

func TestWhoeverMayEndNoSessionSignsOutOfTheBrowser(t *testing.T) {
	s := serve(t)
	boss, readOnly, off := s.as(t, carol), s.as(t, lin), s.as(t, ada)
	leaves := func(b *browser) {
		had := b.token(t)
		_, page := b.post("/sign-out")
		require.Contains(t, page, "You are signed out.")
		_, err := s.app.Host.SignIns.Actor(t.Context(), had)
		require.ErrorAs(t, err, new(*policy.Denied), "nor is it good for whoever copied it")
		events, err := s.app.Log.Follow(t.Context(), s.host, "test", 10_000)
		require.NoError(t, err)
		last := events.Items[len(events.Items)-1]
		require.Equal(t, []any{signins.SignOut, netip.MustParseAddr("127.0.0.1")}, []any{last.Action, last.Address})
		_, page = b.get("/sessions")
		require.Contains(t, page, "<h1><bdi>Sign in</bdi></h1>")
	}
	s.secondFactor(t, boss, "/admin")
	boss.post("/admin/access", "area", "signins.sessions", "to", "read-only")
	status, page := readOnly.get("/sessions")
	require.Equal(t, 200, status)
	for _, label := range []string{"End", "End all other sessions", "Sign out everywhere"} {
		require.Regexp(t, `<button class="[a-z]*" disabled aria-describedby="[^"]+">`+label+`<`, page)
	}
	leaves(readOnly)
	boss.post("/admin/turned-on")
	leaves(off)
}

func TestWhoeverWasDisabledMeanwhileLeavesTheBrowserToo(t *testing.T) {
	s := serve(t)
	b := s.as(t, ada)
	require.NoError(t, s.app.Admin.Account.Disable(t.Context(), s.host, sample.Ada))
	status, _ := b.get("/")
	require.Equal(t, http.StatusForbidden, status)
	_, page := b.post("/sign-out")
	require.Contains(t, page, "You are signed out.")
	_, page = b.get("/")
	require.Contains(t, page, "<h1><bdi>Sign in</bdi></h1>")
}

func TestABrowserForgetsTheSessionThatItSignsOutOfEvenIfThatFails(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	b.token(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	s.mux.HandleFunc("POST /sign-out-fails", func(w http.ResponseWriter, r *http.Request) { s.signOut(w, r.WithContext(gone)) })
	status, _ := b.post("/sign-out-fails")
	require.Equal(t, http.StatusServiceUnavailable, status)
	_, page := b.get("/sessions")
	require.Contains(t, page, "<h1><bdi>Sign in</bdi></h1>")
}

func TestAFormThatIsRefusedIsFilledInAgain(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	_, page := b.get("/profile")
	revision := regexp.MustCompile(`name="revision" value="(\d+)"`).FindStringSubmatch(page)[1]
	status, page := b.post("/profile", "revision", revision, "set.display-name", "Lin Ash", "set.region", "Nowhere")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, page, `value="Lin Ash"`)
	require.Regexp(t, `name="set.region"[^>]*value="Nowhere"[^>]*aria-invalid="true" aria-describedby="wrong"`, page)
	require.Contains(t, page, `<p id="wrong">Regional format: `)
	_, page = b.post("/profile", "revision", revision, "set.region", "Nowhere", "set.time-zone", "Nowhere/Land")
	require.Regexp(t, `<p id="wrong">Regional format: .* Time zone: `, page)
	require.Regexp(t, `name="set.time-zone"[^>]*aria-invalid="true"`, page)
	_, page = b.post("/profile", "revision", revision, "set.display-name", "Lin Ash", "set.region", "ch")
	require.Contains(t, page, "Your profile is saved.")
	require.Contains(t, page, `<p class="who"><bdi>Lin Ash</bdi></p>`)
}

func TestAPhotoIsTakenAndShown(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	var body, picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 200, 100))))
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("photo", "me.png")
	require.NoError(t, err)
	_, err = part.Write(picture.Bytes())
	require.NoError(t, err)
	require.NoError(t, form.Close())
	answer, err := b.http.Post(s.url+"/photo", form.FormDataContentType(), &body)
	status, page := b.read(answer, err)
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "Your photo is changed.")
	answer, err = b.http.Get(s.url + "/photo")
	require.NoError(t, err)
	require.Equal(t, "image/jpeg", answer.Header.Get("Content-Type"))
	require.NoError(t, answer.Body.Close())
	_, page = b.post("/photo/remove")
	require.Contains(t, page, "You have no photo.")
}

func TestHostileNamesAreTextOnEveryPage(t *testing.T) {
	s := serve(t)
	for i, name := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'); alert(1); ('`, "{{.Me}}", "🧑‍🚀 שלום",
		strings.Repeat("long", 64)} {
		b := s.as(t, lin)
		_, page := b.get("/profile")
		revision := regexp.MustCompile(`name="revision" value="(\d+)"`).FindStringSubmatch(page)[1]
		status, page := b.post("/profile", "revision", revision, "set.display-name", name)
		require.Equal(t, 200, status, "%d: %s", i, page)
		for _, path := range []string{"/", "/profile", "/devices", "/password", "/close"} {
			_, page := b.get(path)
			require.NotContains(t, page, "<script", path)
			require.NotContains(t, page, "<img src=x", path)
			require.NotContains(t, page, "ZgotmplZ", path)
			require.Contains(t, page, `<p class="who"><bdi>`, path)
		}
	}
	_, page := s.as(t, ada).get("/devices")
	require.Contains(t, page, "&lt;script&gt;")
	require.NotContains(t, page, "<script")
}

func TestAnAccountIsClosedAndReopenedWithACode(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	_, page := b.get("/close")
	form := []string{"days", "30"}
	for _, code := range regexp.MustCompile(`name="understood" value="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		form = append(form, "understood", code[1])
	}
	status, page := b.confirmed("/close", form...)
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "Your account is closed")
	require.NotContains(t, page, "Sign out</button>", "nobody is signed in any more")

	b = s.browser(t)
	_, page = b.post("/sign-in", "identifier", lin, "password", everybodysPassword)
	require.Contains(t, page, `action="/reopen/code"`)
	status, page = b.post("/reopen/code", "identifier", lin, "password", everybodysPassword)
	require.Equal(t, 200, status, page)
	id := regexp.MustCompile(`name="challenge" value="([^"]+)"`).FindStringSubmatch(page)[1]
	status, page = b.post("/reopen", "identifier", lin, "password", everybodysPassword, "challenge", id, "code", s.code(t, lin))
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "<h1><bdi>Overview</bdi></h1>")
}

// code is the one that was sent last to an address.
func (s *site) code(t testing.TB, to string) string {
	t.Helper()
	for _, m := range s.mail.newest() {
		if m.To == to && m.Method != "email-link" {
			return m.Code.Reveal()
		}
	}
	require.Fail(t, "nothing was sent to "+to)
	return ""
}

func TestAnAddressIsChangedWithACodeAndTakenBackByALink(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	status, page := b.post("/email", "old", lin, "new", "lin@new.example")
	require.Equal(t, 200, status, page)
	id := regexp.MustCompile(`name="change" value="([^"]+)"`).FindStringSubmatch(page)[1]
	status, page = b.post("/email/confirm", "change", id, "code", s.code(t, "lin@new.example"))
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "<bdi>lin@new.example</bdi>")

	_, page = b.get("/mailbox")
	link := regexp.MustCompile(`href="(/email/cancel\?link=[^"]+)"`).FindStringSubmatch(page)[1]
	_, page = b.get(strings.ReplaceAll(link, "&amp;", "&"))
	token := regexp.MustCompile(`name="link" value="([^"]+)"`).FindStringSubmatch(page)[1]
	status, page = s.browser(t).post("/email/cancel", "link", token)
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "The change is taken back. Before you can sign in again your password has to be reset")
	status, _ = s.browser(t).post("/sign-in", "identifier", lin, "password", everybodysPassword)
	require.Equal(t, http.StatusUnauthorized, status)
}

func TestARecoveryKeyIsShownToWhoProvesMore(t *testing.T) {
	s := serve(t)
	b := s.as(t, ada)
	_, page := b.get("/devices")
	var reveal string
	for _, link := range regexp.MustCompile(`href="(/devices/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		_, device := b.get(link[1])
		if found := regexp.MustCompile(`action="(/devices/[^"]+/keys/[^"]+)">\s*<button class="">`).FindStringSubmatch(device); found != nil {
			reveal = found[1]
			break
		}
	}
	require.NotEmpty(t, reveal)
	status, page := b.post(reveal)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, page, "/prove/send", "the password is fresh, a second factor is missing")
	status, page = b.post("/prove/send", "back", "/devices", "level", "aal2")
	require.Equal(t, 200, status, page)
	id := regexp.MustCompile(`name="challenge" value="([^"]+)"`).FindStringSubmatch(page)[1]
	status, page = b.post("/prove/code", "back", "/devices", "level", "aal2", "challenge", id, "code", s.mail.newest()[0].Code.Reveal())
	require.Equal(t, 200, status, page)
	status, page = b.post(reveal)
	require.Equal(t, 200, status, page)
	require.Regexp(t, `<p class="secret"><code>\d{6}(-\d{6}){7}</code></p>`, page)
}

// secondFactor proves the administrator's second factor, and gives the page that this leads back to.
func (s *site) secondFactor(t *testing.T, boss *browser, back string) string {
	t.Helper()
	_, page := boss.post("/prove/send", "back", back, "level", "aal2")
	id := regexp.MustCompile(`name="challenge" value="([^"]+)"`).FindStringSubmatch(page)[1]
	status, page := boss.post("/prove/code", "back", back, "level", "aal2", "challenge", id, "code", s.code(t, "+44 7700 900002"))
	require.Equal(t, 200, status, page)
	return page
}

func TestAnAdministratorProvesTwoFactorsBeforeAnAccountIsDisabledOrItsPasswordUnlocked(t *testing.T) {
	s := serve(t)
	boss := s.as(t, carol)
	at := "/admin/people/" + string(sample.Ada)
	for _, act := range []string{"/disable", "/unlock"} {
		status, page := boss.post(at + act)
		require.Equal(t, http.StatusUnauthorized, status, act)
		require.Contains(t, page, `<input type="hidden" name="back" value="`+at+`">`, act)
		require.Contains(t, page, "/prove/send", "the password is fresh, a second factor is missing")
	}
	require.Contains(t, s.secondFactor(t, boss, at), "<h1><bdi>Ada Elm</bdi></h1>")
	for _, step := range [][2]string{{"/disable", "The account is disabled."}, {"/enable", "The account is enabled."}, {"/unlock", "The password is unlocked."}} {
		status, page := boss.post(at + step[0])
		require.Equal(t, 200, status, page)
		require.Contains(t, page, step[1])
	}
}

func TestWhatWasNotOnesOwnIsContained(t *testing.T) {
	s := serve(t)
	b := s.as(t, ada)
	_, page := b.get("/sign-ins?unusual=1")
	form := regexp.MustCompile(`action="(/sign-ins/[^"]+/not-me)"`).FindStringSubmatch(page)
	require.NotNil(t, form, page)
	status, page := b.confirmed(form[1])
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "Your account is made safe")
	require.Contains(t, page, ">done<")
	require.NotContains(t, page, "Sign out</button>", "everybody is signed out, here too")
}

func TestWhoIsSignedOutEverywhereElseStaysHere(t *testing.T) {
	s := serve(t)
	here, there := s.as(t, lin), s.as(t, lin)
	status, page := here.confirmed("/sessions/sign-out-everywhere", "stay", "yes")
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "You are signed out everywhere else.")
	_, page = there.get("/")
	require.Contains(t, page, "<h1><bdi>Sign in</bdi></h1>")

	status, page = here.confirmed("/sessions/sign-out-everywhere")
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "You are signed out.")
	_, page = here.get("/")
	require.Contains(t, page, "<h1><bdi>Sign in</bdi></h1>")
}

func TestANewPasswordSignsOutEverywhereElse(t *testing.T) {
	s := serve(t)
	here, there := s.as(t, lin), s.as(t, lin)
	status, page := here.post("/password", "current", everybodysPassword, "password", "another walnut quay 7", "again", "something else")
	require.Equal(t, http.StatusBadRequest, status, page)
	status, page = here.post("/password", "current", everybodysPassword, "password", "short", "again", "short")
	require.Equal(t, http.StatusBadRequest, status, page)
	require.Regexp(t, `name="password"[^>]*aria-invalid="true" aria-describedby="wrong"`, page)
	status, page = here.post("/password", "current", everybodysPassword, "password", "another walnut quay 7", "again", "another walnut quay 7")
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "Your password is changed.")
	_, page = there.get("/")
	require.Contains(t, page, "<h1><bdi>Sign in</bdi></h1>")
}

func TestEveryLockSaysWhatItIsAbout(t *testing.T) {
	for _, area := range serve(t).app.Admin.Policy.Areas() {
		require.NotEmpty(t, areaMeanings[area], area)
	}
}

func TestBrowsersKeepANewPasswordUnderTheNameToSignInWith(t *testing.T) {
	s := serve(t)
	for _, name := range []string{ada, lin} {
		_, page := s.as(t, name).get("/password")
		require.Contains(t, page, `name="username" value="`+name+`" autocomplete="username"`)
	}
}

func TestAPersonSeesNothingOfTheAdministrators(t *testing.T) {
	s := serve(t)
	b := s.as(t, lin)
	for _, path := range []string{"/admin", "/admin/people", "/admin/people/" + string(atHome)} {
		status, _ := b.get(path)
		require.Equal(t, http.StatusForbidden, status, path)
	}
	for _, path := range []string{"/admin/access", "/admin/licence", "/admin/value", "/admin/contact", "/admin/turned-on",
		"/admin/people/lin/enable", "/admin/people/lin/disable", "/admin/people/lin/sign-out", "/admin/people/lin/unlock",
		"/admin/people/lin/devices/lin-tablet/enable", "/admin/people/lin/devices/lin-tablet/disable"} {
		status, page := b.post(path, "area", "devices", "to", "off", "licence", "x", "name", "devices.unused-days", "value", "30", "contact", "me")
		require.Equal(t, http.StatusForbidden, status, "%s: %s", path, page)
	}
}

func TestSomebodyElsesThingIsNotFound(t *testing.T) {
	s := serve(t)
	b := s.as(t, ada)
	for _, path := range []string{tablet, "/devices/no-such", "/devices/%3Cscript%3E"} {
		status, _ := b.get(path)
		require.Equal(t, http.StatusNotFound, status, path)
	}
	status, _ := b.post(tablet + "/disable")
	require.Equal(t, http.StatusNotFound, status)
	status, page := b.post("/sign-ins/no-such/not-me")
	require.Equal(t, http.StatusNotFound, status, page)
}

func TestOtherDataIsLoaded(t *testing.T) {
	d, err := newDemo(context.Background(), "sample", everybodysPassword)
	require.NoError(t, err)
	told := d.greeting("http://localhost")
	require.Contains(t, told, "a Global Administrator")
	require.Contains(t, told, everybodysPassword)

	_, err = newDemo(context.Background(), "no-such-folder", everybodysPassword)
	require.Error(t, err)
}

func TestWhoIsNoUserOfAnExportAnyMoreKeepsNobodyOut(t *testing.T) {
	const left, device = `{"id":"left","displayName":"Left\u202e","accountEnabled":true}`,
		`{"deviceId":"d1","displayName":"PC","accountEnabled":true,"registeredOwners":[{"@odata.type":"#microsoft.graph.user","id":"gone"}]}`
	for users, boss := range map[string]string{
		`{"id":"stays","userPrincipalName":"stays@contoso.example","accountEnabled":true}` + left: "stays@contoso.example",
		`{"value":[]}`: "",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "users.json"), []byte(users), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "devices.json"), []byte(device), 0o600))
		d, err := newDemo(t.Context(), dir, everybodysPassword)
		require.NoError(t, err)
		told := d.greeting("http://localhost")
		require.Contains(t, told, "lin@home.example")
		require.Contains(t, told, boss)
		require.Equal(t, boss != "", strings.Contains(told, "a Global Administrator"), told)
		require.Contains(t, told, "1 refused")
	}
}

func TestThePortalStopsWhenItIsToldTo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, out, "localhost:0", "", everybodysPassword)
		_ = out.Close() // the error is run's
	}()
	told := bufio.NewReader(in)
	line, err := told.ReadString('\n')
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, told) }() // until run has ended
	answer, err := http.Get(strings.TrimSpace(strings.TrimPrefix(line, "My Account is at ")) + "/sign-in")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, 200, answer.StatusCode)
	stop()
	require.NoError(t, <-ended)
}

func TestThePortalSaysWhyItCannotStart(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), io.Discard, "localhost:none", "", ""), "none")
	require.ErrorContains(t, run(t.Context(), io.Discard, "localhost:0", "no-such-folder", ""), "no-such-folder")
}
