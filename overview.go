package myaccount

import (
	"context"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Overview shows what a person should see first: a block for each room, those with something urgent before the others,
// all read on one snapshot. What a host has to show besides comes as further parts. A room whose rows are kept in
// another store than those of package account is read from there.
func (a *Account) Overview(ctx context.Context, actor policy.Actor, more ...account.Part) ([]policy.Block, error) {
	return a.Account.Overview(ctx, actor, append([]account.Part{inRoom(ctx, a.store.Devices(), devices.Overview), inRoom(ctx, a.store.SignIns(), signins.Overview)}, more...)...)
}

// inRoom makes a part of a room's block.
func inRoom[T policy.Tx](ctx context.Context, kept store.Store[T], block func(T, *policy.Op) (policy.Block, error)) account.Part {
	return func(tx account.Tx, op *policy.Op) (policy.Block, error) {
		return reach(ctx, kept, tx, func(tx T) (policy.Block, error) { return block(tx, op) })
	}
}

// reach reads rows of another room: in the transaction under way if that reaches them, and else in one of their own.
func reach[T policy.Tx, V any](ctx context.Context, kept store.Store[T], tx account.Tx, read func(T) (V, error)) (v V, err error) {
	if wide, ok := tx.(T); ok {
		return read(wide)
	}
	err = kept.View(ctx, func(tx T) (err error) {
		v, err = read(tx)
		return err
	})
	return v, err
}
