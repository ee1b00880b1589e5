package myaccount_test

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// namedInJSON wants a name in JSON, in the case of the others, for each field of the library's own types.
func namedInJSON(t *testing.T, of reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	switch of.Kind() {
	case reflect.Slice, reflect.Pointer, reflect.Map:
		namedInJSON(t, of.Elem(), seen)
		return
	case reflect.Struct:
	default:
		return
	}
	if seen[of] || !strings.HasPrefix(of.PkgPath(), "github.com/seed4b20689c/myaccount") || writesItself(of) {
		return
	}
	seen[of] = true
	for i := range of.NumField() {
		f := of.Field(i)
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.Anonymous {
			require.NotEmpty(t, name, "%s.%s", of, f.Name)
			require.Equal(t, strings.ToLower(name[:1]), name[:1], "%s.%s", of, f.Name)
		}
		namedInJSON(t, f.Type, seen)
	}
}

// shownBy is all that a door's methods give.
func shownBy(door any) (all []reflect.Type) {
	of := reflect.TypeOf(door)
	for i := range of.NumMethod() {
		m := of.Method(i).Type
		for j := range m.NumOut() {
			all = append(all, m.Out(j))
		}
	}
	return all
}

func writesItself(of reflect.Type) bool {
	for _, how := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if of.Implements(how) {
			return true
		}
	}
	return false
}

func TestWhatAPersonIsShownHasOneKindOfNamesInJSON(t *testing.T) {
	app := reflect.TypeFor[myaccount.Account]()
	// Started goes no further than the program that sets a cookie of it.
	seen, doors := map[reflect.Type]bool{reflect.TypeFor[signins.Started](): true}, 0
	for i := range app.NumField() { // a room's door of the owner's is a field whose type is its Service
		f := app.Field(i)
		if f.Type.Kind() != reflect.Pointer || f.Type.Elem().Name() != "Service" {
			continue
		}
		doors++
		for _, view := range shownBy(reflect.Zero(f.Type).Interface()) {
			namedInJSON(t, view, seen)
		}
	}
	require.Equal(t, 3, doors, "the owner's doors are not where they were looked for")
	for _, view := range append(shownBy(&myaccount.Account{}), shownBy(&policy.Log{})...) {
		namedInJSON(t, view, seen)
	}
	for _, known := range []reflect.Type{reflect.TypeFor[devices.Item](), reflect.TypeFor[signins.Containment](), reflect.TypeFor[account.ProfileView](),
		reflect.TypeFor[account.RecoveryCodeView](), reflect.TypeFor[account.Preflight](), reflect.TypeFor[policy.Block](), reflect.TypeFor[policy.Preview]()} {
		require.True(t, seen[known], "%s is shown to persons, and was not looked at", known)
	}
}
