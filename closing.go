package myaccount

import (
	"context"
	"errors"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// WithClosingCheck adds what a host has to say when a person wants to close their account: an active subscription, a
// balance, an organization whose only owner they are.
func WithClosingCheck(checks ...account.ClosingCheck) Option {
	return func(c *config) { c.checks = append(c.checks, checks...) }
}

// WithEraser adds what a host does when an account's data is erased: it removes what the host keeps of the account.
func WithEraser(erasers ...account.Eraser) Option {
	return func(c *config) { c.erasers = append(c.erasers, erasers...) }
}

// closing is what the other rooms and the host have to do with an account that is closed.
func (c *config) closing(s Store) account.Option {
	return account.WithClosing(
		append([]account.ClosingCheck{checking(s.Devices(), devices.Findings), checking(s.SignIns(), signins.Findings)}, c.checks...),
		append([]account.Eraser{erasing(s.Devices(), devices.Erase), erasing(s.SignIns(), signins.Erase)}, c.erasers...))
}

// erasable lets what is kept of an account that a host closes at once be erased by the next purge.
func erasable(_ context.Context, tx policy.AdminTx, op *policy.Op, st policy.Standing) error {
	wide, ok := tx.(account.Tx)
	if !ok {
		return errors.New("what is kept of the account is kept elsewhere, and would stay; delete the account instead")
	}
	return account.EraseNext(wide, op, st)
}

// checking makes a check of what a room has to say.
func checking[T policy.Tx](kept store.Store[T], findings func(T, *policy.Op, policy.AccountID) ([]policy.Finding, error)) account.ClosingCheck {
	return func(ctx context.Context, tx account.Tx, op *policy.Op, id policy.AccountID) ([]policy.Finding, error) {
		return reach(ctx, kept, tx, func(tx T) ([]policy.Finding, error) { return findings(tx, op, id) })
	}
}

// erasing makes an eraser of a room's step. Each has its own transaction, wherever the room is kept: the account is
// closed for good already, and a step that is taken again does no harm.
func erasing[T policy.Tx](kept store.Store[T], step func(T, *policy.Op, policy.AccountID, int) (bool, error)) account.Eraser {
	return func(ctx context.Context, op *policy.Op, id policy.AccountID, limit int) (more bool, err error) {
		err = kept.Update(ctx, func(tx T) (err error) {
			more, err = step(tx, op, id, limit)
			return err
		})
		return more, err
	}
}
