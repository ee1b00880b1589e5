package signins_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// rich makes an attempt of ada's that has something in each field, and a plain one that shares nothing with it.
func rich(t *testing.T) (w *accounttest.World, ada policy.Actor, plain, rich signins.ID) {
	w = accounttest.New(t)
	ada = w.Person("ada", policy.Work)
	plain = w.SignedIn(ada)
	w.Clock.Advance(40 * time.Hour)
	ada = w.SignIn(ada)
	rich = w.SignedIn(ada, func(r *signins.Record) {
		r.ID, r.Application, r.Resource, r.ClientApp, r.Browser, r.System = "the-rich-one", "Word", "Graph", "Desktop clients", "Edge 90", "macOS"
		r.Address, r.Place, r.Anonymized = netip.MustParseAddr("2001:db8::7"), accounttest.NewYork, true
		r.Device, r.DeviceName, r.Session, r.Correlation = "macbook-id", "Ada's MacBook", "session-9", "corr-7"
		r.Code, r.Failure, r.Risk = 500121, "Invalid code", policy.HighRisk
		r.Steps = []signins.Step{{At: w.Clock.Now().Add(-time.Minute), Method: "Passkey", Detail: "not recognised", Primary: true, Succeeded: true}}
	})
	w.Clock.Advance(time.Minute)
	say(t, w, ada, rich, sayings[1])
	w.Clock.Advance(time.Minute)
	return w, w.SignIn(ada), plain, rich
}

// silent are the fields of an item that nobody reads as a text of this attempt.
var silent = map[string]string{
	"SignIn.Tenant": "all have it", "SignIn.Record.Account": "all have it", "SignIn.Revision": "is the store's",
	"SignIn.Record.Place.Located": "is no text", "SignIn.Record.Place.Latitude": "is a point on a map", "SignIn.Record.Place.Longitude": "is a point on a map",
	"SignIn.Record.Steps.Primary": "is no text", "SignIn.Record.Steps.Succeeded": "is no text",
	"ThisWasMe": "tells what may be done", "ThisWasNotMe": "tells what may be done",
}

// shownTexts gives for each field of a value, and of what it holds, the text that shows it.
func shownTexts(t *testing.T, path string, v reflect.Value, found func(path, text string)) {
	t.Helper()
	if _, ok := silent[path]; ok {
		return
	}
	require.False(t, v.IsZero(), "%s is empty; give the rich attempt something there, which can be searched", path)
	switch of := v.Interface().(type) {
	case time.Time:
		found(path, of.Format(time.RFC3339))
		found(path, of.Format("2006-01-02 15:04"))
		return
	case fmt.Stringer:
		if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[netip.Addr]() {
			found(path, of.String())
			return
		}
	}
	switch v.Kind() {
	case reflect.String:
		found(path, v.String())
	case reflect.Int:
		found(path, strconv.FormatInt(v.Int(), 10))
	case reflect.Bool:
		require.Equal(t, "SignIn.Record.Anonymized", path, "how is it shown?")
		found(path, "anonymizing")
	case reflect.Slice:
		for i := range v.Len() {
			shownTexts(t, path, v.Index(i), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			shownTexts(t, strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i), found)
		}
	default:
		require.Fail(t, "nobody said how it is shown", "%s: %s", path, v.Kind())
	}
}

func TestEveryTextThatIsShownCanBeSearched(t *testing.T) {
	w, ada, plain, rich := rich(t)
	item, err := w.App.SignIns.Attempt(ctx, ada, rich)
	require.NoError(t, err)
	finds := func(text string, want ...signins.ID) {
		t.Helper()
		got := ids(activity(t, w, ada, signins.Query{Search: text}))
		require.Equal(t, want, got, text)
	}
	fields := 0
	shownTexts(t, "", reflect.ValueOf(item), func(path, text string) {
		fields++
		if len(text) > signins.MaxSearch {
			text = text[:signins.MaxSearch]
		}
		for _, text := range []string{text, strings.ToUpper(text), "  " + text + " "} {
			require.Equal(t, []signins.ID{rich}, ids(activity(t, w, ada, signins.Query{Search: text})), "%s: %q", path, text)
		}
	})
	require.Greater(t, fields, 30)
	for _, text := range []string{item.Outcome.Title(), item.Answer.Title(), item.Place.String(), item.DeviceTitle(), "change your password now",
		"desktop", "unsuccessful", "high risk", "risk", "unusual", "new-country"} {
		finds(text, rich)
	}
	finds("E", rich, plain)
	finds("impossible") // it is not flagged so
	finds("contoso")
	finds("assword now") // the library's own words are found from their beginning
	_, err = w.App.SignIns.Activity(ctx, ada, signins.Query{Search: strings.Repeat("x", signins.MaxSearch+1)})
	require.ErrorContains(t, err, "search")
}

func TestARiskThatIsHiddenCannotBeFound(t *testing.T) {
	w, ada, plain, rich := rich(t)
	require.NoError(t, w.App.Admin.Policy.Require(ctx, w.Host, signins.AreaRisk, "P2"))
	for _, text := range []string{"high", "high risk", "low", "none"} {
		require.Empty(t, activity(t, w, ada, signins.Query{Search: text}), text)
	}
	require.Equal(t, []signins.ID{rich, plain}, ids(activity(t, w, ada, signins.Query{Search: "hidden"})), "it is shown so of all")
}
