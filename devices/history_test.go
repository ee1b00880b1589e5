package devices_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
)

// Whatever happens at the same time: the calls about one device come out as if they had been made one by
// one, each somewhere between its beginning and its end. So after Disable has returned, nothing that begins
// later is admitted. Porcupine looks for such an order in recorded histories.

// verb is one call about the device.
type verb string

const (
	doDisable      verb = "disable"
	doEnable       verb = "enable, by an administrator"
	doAuthenticate verb = "may authenticate"
	doCheckIn      verb = "check in"
	doAct          verb = "act from the device"
)

// oneDevice is the sequential specification: the state is whether the device is enabled, the output whether
// the call was allowed.
var oneDevice = porcupine.Model{
	Init: func() any { return true },
	Step: func(state, input, output any) (bool, any) {
		enabled, allowed := state.(bool), output.(bool)
		switch input.(verb) {
		case doDisable:
			return allowed == enabled, false
		case doEnable:
			return allowed != enabled, true
		}
		return allowed == enabled, enabled
	},
}

// recorder keeps what happened and when, by a clock that only counts.
type recorder struct {
	ticks atomic.Int64
	mu    sync.Mutex
	calls []porcupine.Operation
}

func (r *recorder) record(client int, v verb, call func() bool) {
	began := r.ticks.Add(1)
	allowed := call()
	ended := r.ticks.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, porcupine.Operation{ClientId: client, Input: v, Call: began, Output: allowed, Return: ended})
}

// history runs clients against one enabled device at the same time and gives what happened.
func history(t *testing.T, w *accounttest.World, room devices.Room, owner, admin policy.Actor, clients [][]verb) []porcupine.Operation {
	t.Helper()
	preview, yes, err := w.App.Devices.AskDisable(t.Context(), owner, "laptop")
	require.NoError(t, err)
	require.NotEmpty(t, preview)
	calls := map[verb]func() error{
		doDisable:      func() error { return room.Service.Disable(t.Context(), owner, "laptop", yes) },
		doEnable:       func() error { return room.Admin.Enable(t.Context(), admin, "laptop") },
		doAuthenticate: func() error { return room.Host.MayAuthenticate(t.Context(), w.Host, "laptop") },
		doCheckIn: func() error {
			return room.Host.CheckIn(t.Context(), w.Host, "laptop", devices.Activity{OSVersion: "11"})
		},
		doAct: func() error {
			_, err := room.Service.List(t.Context(), owner.On("laptop"), devices.Query{})
			return err
		},
	}
	r := &recorder{}
	var strange sync.Map
	together(len(clients), func(i int) {
		for _, v := range clients[i] {
			r.record(i, v, func() bool {
				err := calls[v]()
				if codeOf(err) == notARefusal {
					strange.Store(v, err)
				}
				return err == nil
			})
		}
	})
	strange.Range(func(v, err any) bool {
		require.Fail(t, "not a refusal", "%v: %v", v, err)
		return false
	})
	return r.calls
}

// clients are what eight clients do: most look, one disables, and with way back an administrator enables.
func clients(round int, wayBack bool) [][]verb {
	looks := []verb{doAuthenticate, doCheckIn, doAct}
	out := make([][]verb, 8)
	for i := range out {
		for j := range 10 {
			v := looks[(i+j+round)%len(looks)]
			switch {
			case i == 0 && j == round%10, wayBack && i <= 1 && j%3 == 0:
				v = doDisable
			case wayBack && i >= 6 && j%3 == 1:
				v = doEnable
			}
			out[i] = append(out[i], v)
		}
	}
	return out
}

func TestConcurrentCallsAboutOneDeviceComeOutAsIfOneByOne(t *testing.T) {
	base, ada, _ := locked(t)
	admin := base.Admin("root", policy.GlobalAdministrator)
	disabled := 0
	for round := range 100 {
		for _, wayBack := range []bool{false, true} {
			w := base.Fork(t)
			room := devices.Room{Service: w.App.Devices, Admin: w.App.Admin.Devices, Host: w.App.Host.Devices}
			calls := history(t, w, room, ada, admin, clients(round, wayBack))
			require.True(t, porcupine.CheckOperations(oneDevice, calls), "round %d: no order of %v explains what came out", round, calls)
			for _, c := range calls {
				if c.Input == doDisable && c.Output == true {
					disabled++
				}
			}
		}
	}
	require.GreaterOrEqual(t, disabled, 200)
}

// forgetful is a broken store: it goes on showing readers what was when it was opened.
type forgetful struct {
	devices.Store
	past *memstore.Store
}

func (s forgetful) View(ctx context.Context, fn func(devices.Tx) error) error {
	return s.past.Devices().View(ctx, fn)
}

func TestAHistoryOfAStoreThatForgetsADisablingIsFoundOut(t *testing.T) {
	w, ada, _ := locked(t)
	admin := w.Admin("root", policy.GlobalAdministrator)
	room := over(t, w, forgetful{w.DB.Devices(), w.DB.Fork()}, w.Ring)
	calls := history(t, w, room, ada, admin, [][]verb{{doAuthenticate, doDisable, doAuthenticate, doAct}})
	require.Len(t, calls, 4)
	require.False(t, porcupine.CheckOperations(oneDevice, calls))
}

func TestAnAdmissionThatBeginsAfterDisableReturnedIsFoundOut(t *testing.T) {
	call := func(v verb, began, ended int64, allowed bool) porcupine.Operation {
		return porcupine.Operation{Input: v, Call: began, Output: allowed, Return: ended}
	}
	disabled := call(doDisable, 1, 4, true)
	for name, c := range map[string]struct {
		later porcupine.Operation
		fine  bool
	}{
		"while it runs":         {call(doAct, 2, 5, true), true},
		"after it returned":     {call(doAct, 5, 6, true), false},
		"refused after it":      {call(doAct, 5, 6, false), true},
		"refused before it":     {call(doAct, -1, 0, false), false},
		"disabled a 2nd time":   {call(doDisable, 5, 6, true), false},
		"enabled, then allowed": {call(doEnable, 5, 6, true), true},
	} {
		require.Equal(t, c.fine, porcupine.CheckOperations(oneDevice, []porcupine.Operation{disabled, c.later}), name)
	}
}
