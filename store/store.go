// Package store holds the words that every store contract of this library shares: how work runs in a
// transaction ([Store]), how two writers of one row are told apart ([Revision]), how lists are paged
// ([Page], [List]) and the two errors that a store reports about its rows.
//
// Who writes a store of their own starts at the Tx interface of the room they want to keep
// (for example devices.Tx), and proves it with package storetest.
package store

import (
	"context"
	"errors"
	"time"
)

// Errors of a store. Callers compare with [errors.Is]; stores may wrap them.
var (
	// ErrNotFound says that there is no such row, or none that the caller may know of.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that the row is not (or no longer) as the caller read it, or that a value
	// which must be unique is taken. Nothing of the transaction is kept.
	ErrConflict = errors.New("conflict: the stored row is not the one that was read")
	// ErrReadOnly is the answer to a write inside [Store.View].
	ErrReadOnly = errors.New("write in a read-only transaction")
	// ErrCursor is the answer to a [Cursor] that this store did not make.
	ErrCursor = errors.New("malformed page cursor")
)

// Store keeps what T reads and writes. T is the transaction type of a room, such as devices.Tx.
//
// Package storetest checks every promise made here.
//
// A T is for one goroutine at a time, in a View too.
type Store[T any] interface {
	// View runs fn on one consistent snapshot. A write in it fails with [ErrReadOnly].
	// It returns fn's error as it is, or ctx's error if ctx was done before fn ran.
	View(ctx context.Context, fn func(T) error) error

	// Update runs fn in one serializable transaction. If fn returns nil and ctx is not done, all of
	// its writes become visible at once; otherwise (an error, a panic, a cancelled ctx) nothing
	// happened and the store takes the next Update as before.
	//
	// fn may be run again after a conflict with another writer, so it touches nothing but its T.
	// The T is dead once fn has returned.
	Update(ctx context.Context, fn func(T) error) error
}

// Narrow gives a store of W as a store of T, where to hands out the part of a wide transaction that a
// room needs. It adds no transaction of its own.
func Narrow[W, T any](s Store[W], to func(W) T) Store[T] {
	return narrowed[W, T]{s, to}
}

type narrowed[W, T any] struct {
	wide Store[W]
	to   func(W) T
}

func (n narrowed[W, T]) View(ctx context.Context, fn func(T) error) error {
	return n.wide.View(ctx, func(w W) error { return fn(n.to(w)) })
}

func (n narrowed[W, T]) Update(ctx context.Context, fn func(T) error) error {
	return n.wide.Update(ctx, func(w W) error { return fn(n.to(w)) })
}

// Revision names one stored state of one row. Zero means that the row does not exist yet.
//
// A Put succeeds only if the stored row still has the revision of the value that is put, else it
// fails with [ErrConflict]; it returns the row's new revision, which is greater than every earlier
// one of that row, also of a row with the same key that was deleted in between.
type Revision uint64

// Time is t as stores keep it: UTC, without a monotonic reading, truncated to microseconds.
// The zero time stays zero.
func Time(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
