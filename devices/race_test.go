package devices_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// Races: 64 goroutines let go at the same moment, 200 rounds each, every round in a world of its own.

const (
	racers = 64
	rounds = 200
)

// tally is how a race ended.
type tally struct {
	mu    sync.Mutex
	codes map[policy.Code]int // of the refusals; "" are the successes
}

func (y *tally) count(err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.codes == nil {
		y.codes = make(map[policy.Code]int)
	}
	y.codes[codeOf(err)]++
}

// race lets the racers go at fn in a fork of a world, and gives how it ended and the events it left.
func race(t *testing.T, base *accounttest.World, fn func(w *accounttest.World, i int) error) (*accounttest.World, map[policy.Code]int, []policy.Event) {
	t.Helper()
	w := base.Fork(t)
	var y tally
	events := during(t, w, func() { together(racers, func(i int) { y.count(fn(w, i)) }) })
	return w, y.codes, events
}

// recorded is how many successes and refusals events tell of.
func recorded(events []policy.Event) map[policy.Code]int {
	out := make(map[policy.Code]int)
	for _, e := range events {
		out[e.Reason] += e.Count
	}
	return out
}

func TestOfManyDisablingsAtOnceOneSucceeds(t *testing.T) {
	base, ada, _ := locked(t)
	_, yes, err := base.App.Devices.AskDisable(t.Context(), ada, "laptop")
	require.NoError(t, err)
	want := map[policy.Code]int{"": 1, devices.CodeAlreadyDisabled: racers - 1}
	for range rounds {
		w, codes, events := race(t, base, func(w *accounttest.World, _ int) error {
			return w.App.Devices.Disable(t.Context(), ada, "laptop", yes)
		})
		require.Equal(t, want, codes)
		require.Equal(t, want, recorded(events), "each has its record")
		requireDenied(t, w.App.Host.Devices.MayAuthenticate(t.Context(), w.Host, "laptop"), devices.CodeSignInDisabled)
	}
}

func TestOfManyRegistrationsOfOneIdOneSucceeds(t *testing.T) {
	base := accounttest.New(t)
	base.Person("ada", policy.Work)
	want := map[policy.Code]int{"": 1, devices.CodeIDInUse: racers - 1}
	for range rounds {
		_, codes, events := race(t, base, func(w *accounttest.World, _ int) error {
			return w.App.Host.Devices.Register(t.Context(), w.Host, registration("laptop"))
		})
		require.Equal(t, want, codes)
		require.Equal(t, want, recorded(events))
	}
}

func TestOfManyRegistrationsForTheLastPlaceOneSucceeds(t *testing.T) {
	base := accounttest.New(t)
	ada := base.Person("ada", policy.Work)
	set(t, base, devices.MaxDevices, 3)
	base.Device(ada, "one")
	base.Device(ada, "two")
	want := map[policy.Code]int{"": 1, devices.CodeDeviceLimit: racers - 1}
	for range rounds {
		w, codes, events := race(t, base, func(w *accounttest.World, i int) error {
			return w.App.Host.Devices.Register(t.Context(), w.Host, registration(policy.DeviceID("new-"+strconv.Itoa(i))))
		})
		require.Equal(t, want, codes)
		require.Equal(t, want, recorded(events))
		require.Len(t, listed(t, w, ada, devices.Query{}), 3)
	}
}

func TestOfManyEscrowsUnderOneIdOneSucceedsAndItsKeyStays(t *testing.T) {
	base, ada, _ := locked(t)
	want := map[policy.Code]int{"": 1, devices.CodeKeyExists: racers - 1}
	for range rounds {
		var won sync.Map
		w, codes, events := race(t, base, func(w *accounttest.World, i int) error {
			password := accounttest.RecoveryPassword(10 + i)
			err := escrow(t, w, "key-0002", password)
			if err == nil {
				won.Store("password", password)
			}
			return err
		})
		require.Equal(t, want, codes)
		require.Equal(t, want, recorded(events))
		password, _ := won.Load("password")
		requireKey(t, w, ada, "key-0002", password.(string))
	}
}

func TestOfManyReadingsAtOnceNoMoreGetTheKeyThanMay(t *testing.T) {
	base, ada, password := locked(t)
	want := map[policy.Code]int{"": 10, policy.CodeThrottled: racers - 10}
	for range rounds {
		var keys []secret.Text
		var mu sync.Mutex
		_, codes, events := race(t, base, func(w *accounttest.World, _ int) error {
			key, err := w.App.Devices.Reveal(t.Context(), ada, "key-0001")
			if !key.Empty() {
				mu.Lock()
				defer mu.Unlock()
				keys = append(keys, key)
			}
			return err
		})
		require.Equal(t, want, codes)
		require.Equal(t, want, recorded(events))
		require.Len(t, keys, 10)
		for _, k := range keys {
			require.Equal(t, password, k.Reveal())
		}
	}
}

func TestOfManyEnablingsAndDisablingsEachSeesWhatTheOneBeforeLeft(t *testing.T) {
	base, _, _ := locked(t)
	admin := base.Admin("root", policy.GlobalAdministrator)
	for range rounds {
		w, codes, events := race(t, base, func(w *accounttest.World, i int) error {
			if i%2 == 0 {
				return w.App.Admin.Devices.Enable(t.Context(), admin, "laptop")
			}
			return w.App.Admin.Devices.Disable(t.Context(), admin, "laptop")
		})
		require.Equal(t, racers, codes[""]+codes[devices.CodeAlreadyDisabled]+codes[devices.CodeNotDisabled], "%v", codes)
		require.Equal(t, codes, recorded(events), "none is lost")

		last := "enabled"
		var revisions []uint64
		for _, e := range events {
			if e.Outcome != policy.Succeeded {
				continue
			}
			state := fact(e.Facts, "state")
			require.NotEqual(t, last, state, "two of a kind in a row: one did not see the other")
			last, revisions = state, append(revisions, uint64(e.Revision))
		}
		require.True(t, slices.IsSorted(revisions))
		d, err := w.App.Admin.Devices.Get(t.Context(), w.Host, "laptop")
		require.NoError(t, err)
		require.Equal(t, last, d.State.String())
		require.Equal(t, revisions[len(revisions)-1], uint64(d.Revision), "the last event is about the row that is there")
	}
}
