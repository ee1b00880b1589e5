package myaccount_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// severed keeps standings where the rows of other rooms are not reached.
type severed struct{ *memstore.Store }

func (s severed) Policy() store.Store[policy.AdminTx] {
	return store.Narrow(s.Store.Policy(), func(tx policy.AdminTx) policy.AdminTx { return struct{ policy.AdminTx }{tx} })
}

func TestWhereNothingWouldBeErasedNoAccountIsClosedAtOnce(t *testing.T) {
	w := accounttest.New(t)
	w.Person("per", policy.Personal)
	app, err := myaccount.New(severed{w.DB}, w.Ring)
	require.NoError(t, err)
	require.ErrorContains(t, app.Host.Accounts.SetState(t.Context(), w.Host, "per", policy.Closed), "delete the account instead")
	st, err := app.Host.Accounts.Account(t.Context(), w.Host, "per")
	require.NoError(t, err)
	require.Equal(t, policy.Active, st.State)
	require.NoError(t, app.Host.Accounts.SetState(t.Context(), w.Host, "per", policy.Disabled))
}
