package policy_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func TestVouchedKnowsOneTenantAndNobodyInIt(t *testing.T) {
	v := policy.Vouched{Policy: policy.Settings{Tenant: contoso, TurnedOn: true}}
	s, err := v.Settings(contoso)
	require.NoError(t, err)
	require.True(t, s.Equal(v.Policy))
	_, err = v.Settings(fabrikam)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = policy.Vouched{}.Settings("")
	require.ErrorIs(t, err, store.ErrNotFound, "the zero Vouched is no tenant's")
	_, err = v.Standing(contoso, "ada")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = v.Session(contoso, "ada", "s1")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = v.DeviceEnabled(contoso, "laptop")
	require.ErrorIs(t, err, store.ErrNotFound)
	u, err := v.Usage(contoso, "ada", editNote)
	require.NoError(t, err)
	require.Empty(t, u.Times)
}

func TestVouchedKeepsNoEventAndNoLimitThatTheHostDoesNotKeep(t *testing.T) {
	var kept []policy.Event
	v := policy.Vouched{Record: func(e policy.Event) error { kept = append(kept, e); return nil }}
	require.NoError(t, v.AppendEvent(policy.Event{Operation: "a"}))
	require.NoError(t, v.CountRefusal(policy.Event{Operation: "b"}, time.Time{}))
	require.Len(t, kept, 2)
	broken := errors.New("broken")
	v.Record = func(policy.Event) error { return broken }
	require.Same(t, broken, v.AppendEvent(policy.Event{}))

	invalid(t, policy.Vouched{}.AppendEvent(policy.Event{}), "record")
	invalid(t, policy.Vouched{}.CountRefusal(policy.Event{}, time.Time{}), "record")
	_, err := v.PutUsage(policy.Usage{})
	invalid(t, err, "usage") // a limit that is not kept is no limit
}
