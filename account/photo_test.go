package account_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func photo(t testing.TB, side int) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, side, side)), nil))
	return b.Bytes()
}

func TestAPersonSetsAndRemovesTheirPhoto(t *testing.T) {
	k := people(t)
	_, err := k.App.Account.Photo(t.Context(), k.per, 96)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 300)))
	for side, want := range map[int]int{0: 48, 1: 48, 48: 48, 49: 96, 96: 96, 200: 240, 1000: 240} {
		p, err := k.App.Account.Photo(t.Context(), k.per, side)
		require.NoError(t, err)
		require.Equal(t, want, p.Side, "asked for %d", side)
		c, err := jpeg.DecodeConfig(bytes.NewReader(p.JPEG))
		require.NoError(t, err)
		require.Equal(t, want, c.Width)
		f, _ := k.profile(t, k.per).Field(account.Photo)
		require.Equal(t, f.Value, p.Version)
	}
	first, _ := k.profile(t, k.per).Field(account.Photo)
	require.NoError(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 100)))
	second, _ := k.profile(t, k.per).Field(account.Photo)
	require.NotEqual(t, first.Value, second.Value)
	p, err := k.App.Account.Photo(t.Context(), k.per, 1000)
	require.NoError(t, err)
	require.Equal(t, 96, p.Side, "nothing of the old photo is left")

	require.NoError(t, k.App.Account.RemovePhoto(t.Context(), k.per))
	require.NoError(t, k.App.Account.RemovePhoto(t.Context(), k.per), "there is none to remove")
	_, err = k.App.Account.Photo(t.Context(), k.per, 96)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestAWorkPhotoIsTheOrganizations(t *testing.T) {
	k := people(t)
	refused(t, k.App.Account.SetPhoto(t.Context(), k.ada, photo(t, 100)), account.CodeAttributeReadOnly)
	require.NoError(t, k.App.Admin.Account.SetPhoto(t.Context(), k.admin, "ada", photo(t, 100)))
	_, err := k.App.Account.Photo(t.Context(), k.ada, 48)
	require.NoError(t, err, "it is shown")
	_, err = k.App.Admin.Account.Photo(t.Context(), k.admin, "ada", 48)
	require.NoError(t, err)
	require.NoError(t, k.App.Admin.Account.RemovePhoto(t.Context(), k.admin, "ada"))
	_, err = k.App.Admin.Account.Photo(t.Context(), k.admin, "ada", 48)
	require.ErrorIs(t, err, store.ErrNotFound)

	s := account.DefaultSchema()
	s.Rules[account.Photo] = account.AttributeRule{}
	require.NoError(t, k.App.Admin.Account.SetSchema(t.Context(), k.Host, s))
	_, err = k.App.Account.Photo(t.Context(), k.ada, 48)
	refused(t, err, account.CodeAttributeOff)
}

func TestAPhotoThatIsNoneIsRefusedAndChangesNothing(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 100)))
	before, err := k.App.Account.Photo(t.Context(), k.per, 96)
	require.NoError(t, err)
	for _, bad := range [][]byte{{}, []byte("GIF89a"), photo(t, 100)[:50], photo(t, 20)} {
		invalid(t, k.App.Account.SetPhoto(t.Context(), k.per, bad), "photo")
	}
	after, err := k.App.Account.Photo(t.Context(), k.per, 96)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestPhotosAreLimitedByTheHour(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.PhotosPerHour, 2))
	for range 2 {
		require.NoError(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 48)))
	}
	refused(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 48)), policy.CodeThrottled)
}

func TestAPhotoThatCannotBeDecodedCountsAsOne(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.PhotosPerHour, 3))
	broken := photo(t, 100)[:300]
	before := withoutTable(rows(t, k.DB), "usage")
	for range 3 {
		invalid(t, k.App.Account.SetPhoto(t.Context(), k.per, broken), "photo")
	}
	refused(t, k.App.Account.SetPhoto(t.Context(), k.per, broken), policy.CodeThrottled)
	refused(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 48)), policy.CodeThrottled)
	requireSame(t, before, withoutTable(rows(t, k.DB), "usage"))
	invalid(t, k.App.Admin.Account.SetPhoto(t.Context(), k.admin, "per", broken), "photo")
	invalid(t, k.App.Admin.Account.SetPhoto(t.Context(), k.admin, "per", nil), "photo")
	k.Clock.Advance(time.Hour)
	require.NoError(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 48)))
}

func TestNoMorePhotosAreDecodedAtOnceThanOneAfterTheOther(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.PhotosPerHour, 5))
	var errs [32]error
	testkit.Together(len(errs), func(i int) { errs[i] = k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 100)[:300]) })
	decoded := 0
	for _, err := range errs {
		if codeOf(err) == policy.CodeThrottled {
			continue
		}
		invalid(t, err, "photo")
		decoded++
	}
	require.Equal(t, 5, decoded)
}

func TestRemovingAPhotoLeavesAnEventOnlyIfThereWasOne(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.PhotosPerHour, 2))
	for name, remove := range map[string]func() error{
		"one's own":  func() error { return k.App.Account.RemovePhoto(t.Context(), k.per) },
		"anybody's":  func() error { return k.App.Admin.Account.RemovePhoto(t.Context(), k.admin, "per") },
		"the host's": func() error { return k.App.Admin.Account.RemovePhoto(t.Context(), k.Host, "per") },
	} {
		require.NoError(t, k.App.Admin.Account.SetPhoto(t.Context(), k.Host, "per", photo(t, 48)))
		before := len(k.Events(accounttest.Tenant))
		require.NoError(t, remove(), name)
		require.Len(t, k.Events(accounttest.Tenant), before+1, name)
		none := saved(t, k.DB)
		require.NoError(t, remove(), name)
		requireSame(t, none, saved(t, k.DB), "%s: there is none", name)
	}
}

func TestRemovingPhotosIsNotLimited(t *testing.T) {
	k := people(t)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.PhotosPerHour, 1))
	require.NoError(t, k.App.Account.RemovePhoto(t.Context(), k.per))
	require.NoError(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 48)), "nothing was sent before")
	refused(t, k.App.Account.SetPhoto(t.Context(), k.per, photo(t, 48)), policy.CodeThrottled)
	require.NoError(t, k.App.Account.RemovePhoto(t.Context(), k.per), "nobody has to show a photo for an hour")
	_, err := k.App.Account.Photo(t.Context(), k.per, 48)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestNothingIsDecodedForWhoMayNotSendIt(t *testing.T) {
	k := people(t)
	large, planes := photo(t, 4800), uint64(4800*4800)
	allocated := func(call func() error) (uint64, error) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := call()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc, err
	}
	own := func(actor policy.Actor) func() error {
		return func() error { return k.App.Account.SetPhoto(t.Context(), actor, large) }
	}
	anybodys := func(actor policy.Actor, id policy.AccountID) func() error {
		return func() error { return k.App.Admin.Account.SetPhoto(t.Context(), actor, id, large) }
	}
	for _, decodes := range []func() error{own(k.per), anybodys(k.admin, "per")} {
		bytes, err := allocated(decodes)
		require.NoError(t, err)
		require.Greater(t, bytes, planes, "what is decoded is seen to be")
	}
	none := func(call func() error, code policy.Code) {
		t.Helper()
		bytes, err := allocated(call)
		refused(t, err, code)
		require.Less(t, bytes, planes/10, code)
	}
	none(own(k.ada), account.CodeAttributeReadOnly)
	none(anybodys(k.ada, "per"), policy.CodeNotPermitted)
	require.NoError(t, k.App.Admin.Policy.Set(t.Context(), k.Host, account.PhotosPerHour, 1))
	none(own(k.per), policy.CodeThrottled)
	require.NoError(t, k.App.Admin.Policy.Lock(t.Context(), k.Host, account.AreaProfile))
	none(own(k.per), policy.CodeAreaReadOnly)
	none(anybodys(k.admin, "nobody"), policy.CodeNotFound)
}
