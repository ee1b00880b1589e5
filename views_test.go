package myaccount_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
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
	if seen[of] || !strings.HasPrefix(of.PkgPath(), "github.com/seed4b20689c/myaccount") || of == reflect.TypeFor[policy.Decision]() { // it writes itself
		return
	}
	seen[of] = true
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.Anonymous {
			require.NotEmpty(t, name, "%s.%s", of, f.Name)
			require.Equal(t, strings.ToLower(name[:1]), name[:1], "%s.%s", of, f.Name)
		}
		namedInJSON(t, f.Type, seen)
	}
}

func TestWhatAPersonIsShownHasOneKindOfNamesInJSON(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	for _, view := range []reflect.Type{
		reflect.TypeFor[devices.Item](), reflect.TypeFor[devices.KeyInfo](), reflect.TypeFor[signins.Item](), reflect.TypeFor[signins.Session](),
		reflect.TypeFor[signins.Containment](), reflect.TypeFor[account.ProfileView](), reflect.TypeFor[account.Picture](),
		reflect.TypeFor[policy.Block](), reflect.TypeFor[policy.Preview](), reflect.TypeFor[policy.Event](), reflect.TypeFor[store.List[signins.Item]](),
	} {
		namedInJSON(t, view, seen)
	}
	require.Greater(t, len(seen), 20)
}
