package memstore_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
	"github.com/seed4b20689c/myaccount/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Backend { return memstore.New() })
}

func TestConformanceOfAFork(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Backend { return memstore.New().Fork() })
}

// TestConformanceAcrossRestarts saves and loads the store whenever it is read after a commit: what is promised of
// rows, lists, revisions and cursors holds for a store that came out of a stream.
func TestConformanceAcrossRestarts(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Backend {
		r := &restarting{writer: make(chan struct{}, 1)}
		r.db.Store(memstore.New())
		return r
	})
}

type restarting struct {
	db      atomic.Pointer[memstore.Store]
	writer  chan struct{} // holds a token while somebody writes or restarts
	changed bool          // since the last restart; for who holds the token
}

func (r *restarting) Policy() store.Store[policy.AdminTx] {
	return restartingRoom[policy.AdminTx]{r, (*memstore.Store).Policy}
}

func (r *restarting) Devices() devices.Store {
	return restartingRoom[devices.Tx]{r, (*memstore.Store).Devices}
}

func (r *restarting) SignIns() signins.Store {
	return restartingRoom[signins.Tx]{r, (*memstore.Store).SignIns}
}

func (r *restarting) Challenges() store.Store[challenge.Tx] {
	return restartingRoom[challenge.Tx]{r, (*memstore.Store).Challenges}
}

func (r *restarting) Account() account.Store {
	return restartingRoom[account.Tx]{r, (*memstore.Store).Account}
}

func (r *restarting) restart() error {
	select {
	case r.writer <- struct{}{}:
		defer func() { <-r.writer }()
	default: // somebody writes to this one
		return nil
	}
	if !r.changed {
		return nil
	}
	var stream bytes.Buffer
	if err := r.db.Load().Save(&stream); err != nil {
		return err
	}
	loaded, err := memstore.Load(&stream)
	if err != nil {
		return err
	}
	r.db.Store(loaded)
	r.changed = false
	return nil
}

type restartingRoom[T any] struct {
	*restarting
	of func(*memstore.Store) store.Store[T]
}

func (r restartingRoom[T]) View(ctx context.Context, fn func(T) error) error {
	if err := r.restart(); err != nil {
		return err
	}
	return r.of(r.db.Load()).View(ctx, fn)
}

func (r restartingRoom[T]) Update(ctx context.Context, fn func(T) error) error {
	select {
	case r.writer <- struct{}{}:
		defer func() { <-r.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	r.changed = true
	return r.of(r.db.Load()).Update(ctx, fn)
}
