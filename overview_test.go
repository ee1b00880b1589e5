package myaccount_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

func rooms(blocks []policy.Block) (names []string) {
	for _, b := range blocks {
		names = append(names, b.Room)
	}
	return names
}

func TestAnOverviewShowsTheMostUrgentRoomFirst(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	require.NoError(t, w.App.Host.Account.PutProfile(t.Context(), w.Host, account.Profile{Account: "ada", DisplayName: "Ada", Title: "Analyst"}))
	w.Device(ada, "laptop")
	blocks, err := w.App.Overview(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, []string{"account", "devices", "signins"}, rooms(blocks))
	require.Equal(t, []policy.Fact{{Name: "kind", Value: "work"}, {Name: "display-name", Value: "Ada"}, {Name: "title", Value: "Analyst"}}, blocks[0].Facts)
	require.Equal(t, policy.Fact{Name: "enabled", Value: "1"}, blocks[1].Facts[0])
	require.Equal(t, policy.Calm, blocks[0].Urgency())

	require.NoError(t, w.App.Devices.Recognize(t.Context(), ada, "laptop", devices.NotRecognized))
	blocks, err = w.App.Overview(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, []string{"devices", "account", "signins"}, rooms(blocks))
	require.Equal(t, policy.Notice{Code: devices.NoticeNotRecognized, Urgency: policy.Alarm, Text: blocks[0].Notices[0].Text,
		Action: devices.Disable, Target: policy.On("device", "laptop")}, blocks[0].Notices[0])
}

func TestAnOverviewLeavesOutWhatIsOffOrNotForThisKindOfAccount(t *testing.T) {
	w := accounttest.New(t)
	gil := w.Person("gil", policy.Guest)
	blocks, err := w.App.Overview(t.Context(), gil)
	require.NoError(t, err)
	require.Equal(t, []string{"account", "signins"}, rooms(blocks), "guests have no devices here")
	require.NoError(t, w.App.Admin.Policy.SetAccess(t.Context(), w.Host, signins.AreaActivity, policy.Off))
	blocks, err = w.App.Overview(t.Context(), gil)
	require.NoError(t, err)
	require.Equal(t, []string{"account"}, rooms(blocks))
}

func TestABlockThatCannotBeOpenedSaysWhyAndNothingElse(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	w.Device(ada, "laptop")
	require.NoError(t, w.App.Admin.Policy.Require(t.Context(), w.Host, devices.AreaDevices, "P1"))
	blocks, err := w.App.Overview(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, "devices", blocks[1].Room)
	require.Equal(t, policy.CodeNotLicensed, blocks[1].Open.Reason().Code)
	require.Empty(t, blocks[1].Facts)
}

func TestAHostAddsPartsOfItsOwn(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	part := func(_ account.Tx, op *policy.Op) (policy.Block, error) {
		return policy.Block{Room: "shop", Open: policy.Decision{Allowed: true}, Notices: []policy.Notice{{Urgency: policy.Hint, Text: "An order of " + string(op.Actor.Account) + "'s came."}}}, nil
	}
	blocks, err := w.App.Overview(t.Context(), ada, part)
	require.NoError(t, err)
	require.Equal(t, []string{"shop", "account", "devices", "signins"}, rooms(blocks))
}

// apart keeps package devices in another store than the rest.
type apart struct {
	*memstore.Store
	devices *memstore.Store
}

func (a apart) Devices() devices.Store { return a.devices.Devices() }

// narrow is a transaction that reaches the rows of package account alone.
type narrow struct{ account.Tx }

func (a apart) Account() account.Store {
	return store.Narrow(a.Store.Account(), func(tx account.Tx) account.Tx { return narrow{tx} })
}

func TestAnOverviewReachesRoomsThatAreKeptElsewhere(t *testing.T) {
	w := accounttest.New(t)
	ada := w.Person("ada", policy.Work)
	fork := w.DB.Fork()
	w.Device(ada, "laptop") // in the one store and not in the other
	clock := myaccount.WithPolicy(policy.WithClock(w.Clock.Now))
	for want, db := range map[string]myaccount.Store{"1": apart{fork, w.DB}, "0": apart{w.DB, fork}} {
		app, err := myaccount.New(db, w.Ring, clock)
		require.NoError(t, err)
		blocks, err := app.Overview(context.Background(), ada)
		require.NoError(t, err)
		require.Equal(t, want, blocks[1].Facts[0].Value)
	}
}
