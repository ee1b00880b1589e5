package testkit

import (
	"context"
	"errors"

	"github.com/seed4b20689c/myaccount/store"
)

// Faulty is a store in which something goes wrong. It counts the calls of its transactions' methods, over all
// transactions, and lets Strike answer each.
type Faulty[T any] struct {
	store.Store[T]
	// Wrap gives the transaction whose methods call [Read] and [Write]; nil strikes none.
	Wrap func(T) T
	// Strike is called with the number of each call, from 1 on. Its error is the call's.
	Strike func(call int) error
	// Ending is called at the end of each Update that went well so far. Its error takes the place of the commit.
	Ending func() error
	// Lost is an error that comes after the commit: it took place, and nobody heard of it.
	Lost error
	// Again runs each Update's function twice, as a store does after a conflict: what the first run wrote is gone.
	Again bool

	Calls int
}

func (f *Faulty[T]) wrapped(fn func(T) error) func(T) error {
	if f.Wrap == nil {
		return fn
	}
	return func(tx T) error { return fn(f.Wrap(tx)) }
}

// View runs fn on a transaction that is struck.
func (f *Faulty[T]) View(ctx context.Context, fn func(T) error) error {
	return f.Store.View(ctx, f.wrapped(fn))
}

var errRerun = errors.New("run again")

// Update runs fn in a transaction that is struck.
func (f *Faulty[T]) Update(ctx context.Context, fn func(T) error) error {
	fn = f.wrapped(fn)
	if f.Again {
		if err := f.Store.Update(ctx, func(tx T) error {
			if err := fn(tx); err != nil {
				return err
			}
			return errRerun
		}); err != errRerun { //nolint:errorlint // the very error that went in
			return err
		}
	}
	if err := f.Store.Update(ctx, func(tx T) error {
		if err := fn(tx); err != nil || f.Ending == nil {
			return err
		}
		return f.Ending()
	}); err != nil {
		return err
	}
	return f.Lost
}

func (f *Faulty[T]) hit() error {
	f.Calls++
	if f.Strike == nil {
		return nil
	}
	return f.Strike(f.Calls)
}

// Read makes a call of a transaction's method unless it is struck.
func Read[T, R any](f *Faulty[T], call func() (R, error)) (R, error) {
	if err := f.hit(); err != nil {
		var none R
		return none, err
	}
	return call()
}

// Write is [Read] for a method that gives nothing.
func Write[T any](f *Faulty[T], call func() error) error {
	if err := f.hit(); err != nil {
		return err
	}
	return call()
}

// At strikes one call.
func At(k int, fault error) func(int) error {
	return func(call int) error {
		if call == k {
			return fault
		}
		return nil
	}
}
