package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/problem"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

func answer(t *testing.T, err error, now time.Time) (*http.Response, map[string]any) {
	t.Helper()
	rec := httptest.NewRecorder()
	problem.WriteAt(rec, err, now)
	require.Equal(t, problem.ContentType, rec.Header().Get("Content-Type"))
	require.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
	var doc map[string]any
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &doc))
	require.EqualValues(t, rec.Code, doc["status"], "the document repeats the status")
	return rec.Result(), doc
}

func TestEveryClassOfRefusalHasItsStatus(t *testing.T) {
	for class, want := range map[policy.Class]int{
		policy.ClassNotPermitted: 403, policy.ClassNotFound: 404, policy.ClassAccountKind: 403,
		policy.ClassNotTurnedOn: 403, policy.ClassNotLicensed: 403, policy.ClassLocked: 403, policy.ClassState: 409,
		policy.ClassThrottled: 429, policy.ClassWrongDevice: 403, policy.ClassProof: 401, policy.ClassConfirmation: 428,
	} {
		require.Equal(t, want, problem.Status(policy.Reason{Code: "x", Class: class}), class.String())
	}
	require.Equal(t, 401, problem.Status(policy.Reason{Class: policy.ClassNotAdmitted, Remedy: policy.SignIn}))
	require.Equal(t, 403, problem.Status(policy.Reason{Class: policy.ClassNotAdmitted, Remedy: policy.AskAdministrator}))
	require.Equal(t, 401, problem.Status(*policy.WrongCredentials("x", policy.SignIn, "")))
	require.Equal(t, 403, problem.Status(*policy.WrongCredentials("x", policy.NoRemedy, "")), "whoever is signed in stays so")
	require.Equal(t, 403, problem.Status(policy.Reason{}), "an unknown refusal is still a refusal")
}

func TestStepUpIsChallengedWithLevelAndAge(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	laptop := w.Device(ada, "laptop")
	w.Key(ada.Tenant, laptop, "4290b6c0", 1)
	w.Clock.Advance(16 * time.Minute)
	_, err := w.App.Devices.Reveal(context.Background(), ada, "4290b6c0")

	res, doc := answer(t, err, w.Clock.Now())

	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	require.Equal(t, `Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="900"`, res.Header.Get("WWW-Authenticate"))
	require.Equal(t, "urn:myaccount:fresher-proof-needed", doc["type"])
	require.Equal(t, "prove-again", doc["decision"].(map[string]any)["remedy"])
}

func TestALevelWithoutAnAgeIsChallengedWithoutOne(t *testing.T) {
	res, _ := answer(t, &policy.Denied{Decision: policy.Refusal("", policy.Reason{
		Code: policy.CodeStrongerProof, Class: policy.ClassProof, Level: policy.AAL3}, "")}, time.Time{})
	require.Equal(t, `Bearer error="insufficient_user_authentication", acr_values="aal3"`, res.Header.Get("WWW-Authenticate"))
}

func TestWriteCountsFromTheSystemsClock(t *testing.T) {
	rec := httptest.NewRecorder()
	problem.Write(rec, &policy.Denied{Decision: policy.Refusal("", policy.Reason{
		Code: policy.CodeThrottled, Class: policy.ClassThrottled, Until: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, "")})
	require.Equal(t, http.StatusTooManyRequests, rec.Code)
	seconds, err := strconv.Atoi(rec.Header().Get("Retry-After"))
	require.NoError(t, err)
	require.Greater(t, seconds, 365*24*3600, "the year 9999 is far")
}

func TestAThrottledActionTellsWhenToRetry(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	denied := &policy.Denied{Decision: policy.Refusal("", policy.Reason{
		Code: policy.CodeThrottled, Class: policy.ClassThrottled, Until: now.Add(90*time.Second + time.Millisecond)}, "")}
	res, _ := answer(t, denied, now)
	require.Equal(t, "91", res.Header.Get("Retry-After"))
	res, _ = answer(t, denied, now.Add(time.Hour))
	require.Equal(t, "1", res.Header.Get("Retry-After"), "never zero or negative")
}

func TestTooManyAtOnceAreToldToComeBack(t *testing.T) {
	res, doc := answer(t, fmt.Errorf("account.verify-password: %w", secret.ErrBusy), time.Time{})
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.Equal(t, "5", res.Header.Get("Retry-After"))
	require.Equal(t, "urn:myaccount:unavailable", doc["type"])
}

func TestAMissingConfirmationCarriesThePreview(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	err := w.App.Devices.Disable(context.Background(), ada, w.Device(ada, "laptop"), "")
	res, doc := answer(t, err, w.Clock.Now())
	require.Equal(t, http.StatusPreconditionRequired, res.StatusCode)
	require.Equal(t, `Disable “laptop”?`, doc["preview"].(map[string]any)["title"])

	yes := policy.Confirmation(doc["confirm"].(string))
	require.NoError(t, w.App.Devices.Disable(context.Background(), ada, "laptop", yes), "what was sent along confirms")
}

func TestErrorsBecomeStatusesWithoutTheirText(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		kind   string
	}{
		{&policy.Invalid{Field: "device", Problem: "is empty"}, 400, "invalid"},
		{fmt.Errorf("get: %w", store.ErrNotFound), 404, "not-found"},
		{fmt.Errorf("put: %w", store.ErrConflict), 409, "conflict"},
		{fmt.Errorf("change: %w", errors.Join(password.ErrUnchecked, errors.New("db-7"))), 503, "unavailable"},
		{errors.Join(fmt.Errorf("%w: db-7", challenge.ErrNotSent), context.DeadlineExceeded), 503, "not-sent"},
		{fmt.Errorf("get: %w", context.DeadlineExceeded), 503, "unavailable"},
		{fmt.Errorf("get: %w", context.Canceled), 503, "unavailable"},
		{errors.New("dial tcp db-7.internal: connection refused"), 500, "internal"},
		{nil, 500, "internal"},
	} {
		res, doc := answer(t, c.err, time.Time{})
		require.Equal(t, c.status, res.StatusCode, "%v", c.err)
		require.Equal(t, "urn:myaccount:"+c.kind, doc["type"])
		if c.status >= 500 {
			require.NotContains(t, fmt.Sprint(doc), "db-7")
		}
	}
	_, doc := answer(t, &policy.Invalid{Field: "device", Problem: "is empty"}, time.Time{})
	require.Equal(t, "device", doc["field"])
}

func TestARefusalJoinedWithAnotherErrorStaysARefusal(t *testing.T) {
	denied := &policy.Denied{Decision: policy.Refusal("", policy.Reason{Code: policy.CodeAreaOff, Class: policy.ClassLocked}, "")}
	res, _ := answer(t, errors.Join(denied, errors.New("disk full")), time.Time{})
	require.Equal(t, http.StatusForbidden, res.StatusCode)
}

func TestSomebodyWhoIsNotSignedInIsAskedToSignIn(t *testing.T) {
	w := accounttest.New(t)
	_, err := w.App.Devices.Get(context.Background(), policy.Actor{}, "laptop")
	res, _ := answer(t, err, w.Clock.Now())
	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	require.Equal(t, `Bearer error="invalid_token"`, res.Header.Get("WWW-Authenticate"))
}

// withPassword is a world where Ada is signed in and has a password.
func withPassword(t *testing.T) (*accounttest.World, policy.Actor) {
	t.Helper()
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	require.NoError(t, w.App.Host.Account.SetPassword(t.Context(), w.Host, "ada", secret.NewText("heron lantern 47 gravel oboe")))
	return w, w.SignIn(ada)
}

func TestWrongCredentialsAtSignInAreAnsweredAlikeAndOpenNoDialogOfTheBrowser(t *testing.T) {
	w, _ := withPassword(t)
	attempt := func(id policy.AccountID, text string) (*http.Response, map[string]any) {
		_, err := w.App.Host.Account.VerifyPassword(t.Context(), w.Host, account.PasswordAttempt{Account: id, Password: secret.NewText(text)})
		return answer(t, err, w.Clock.Now())
	}
	res, doc := attempt("ada", "wrong")
	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	require.Equal(t, []string{"Bearer"}, res.Header.Values("WWW-Authenticate"), "a 401 has a challenge (RFC 9110), and this one no browser knows")
	require.Equal(t, "urn:myaccount:wrong-password", doc["type"])
	require.Equal(t, "wrong-credentials", doc["decision"].(map[string]any)["class"])

	for i := range 9 { // the tenth locks
		_, _ = attempt("ada", "wrong "+strconv.Itoa(i))
	}
	for what, id := range map[string]policy.AccountID{"locked": "ada", "unknown": "nobody"} {
		other, same := attempt(id, "heron lantern 47 gravel oboe")
		require.Equal(t, []any{res.StatusCode, res.Header, doc}, []any{other.StatusCode, other.Header, same}, what)
	}
}

func TestAWrongCurrentPasswordSignsNobodyOutAndALockTellsWhenToRetry(t *testing.T) {
	w, ada := withPassword(t)
	change := func(current string) *http.Response {
		err := w.App.Account.ChangePassword(t.Context(), ada, account.PasswordChange{Current: secret.NewText(current), New: secret.NewText("violet tractor 12 sandal mist")})
		res, _ := answer(t, err, w.Clock.Now())
		return res
	}
	for i := range 10 {
		res := change("wrong " + strconv.Itoa(i))
		require.Equal(t, http.StatusForbidden, res.StatusCode)
		require.Empty(t, res.Header.Values("WWW-Authenticate"))
	}
	res := change("heron lantern 47 gravel oboe")
	require.Equal(t, http.StatusTooManyRequests, res.StatusCode)
	require.Equal(t, "60", res.Header.Get("Retry-After"))
}

func TestWhatIsWrongWithAFieldOrANewPasswordIsToldInPartsToo(t *testing.T) {
	_, doc := answer(t, &policy.Invalid{Field: "days", Problem: "is 7; want 30 or 60"}, time.Time{})
	days := map[string]any{"field": "days", "problem": "is 7; want 30 or 60"}
	require.Equal(t, []any{"days: is 7; want 30 or 60", "days", []any{days}, nil}, []any{doc["detail"], doc["field"], doc["invalid"], doc["problems"]})
	_, doc = answer(t, fmt.Errorf("close: %w", policy.Invalids{{Field: "days", Problem: "is 7; want 30 or 60"}, {Field: "reason", Problem: "is long"}}), time.Time{})
	require.Equal(t, []any{"days: is 7; want 30 or 60; reason: is long", "days", []any{days, map[string]any{"field": "reason", "problem": "is long"}}},
		[]any{doc["detail"], doc["field"], doc["invalid"]})
	_, doc = answer(t, password.Rules{MinAlone: 15}.Check(secret.NewText("ashgrove"), password.Context{UserNames: []string{"ashgrove"}}), time.Time{})
	require.Equal(t, "password", doc["field"])
	require.Equal(t, []any{map[string]any{"code": "password-too-short", "want": 15.0}, map[string]any{"code": "password-contains-user-name"}}, doc["problems"])
}
