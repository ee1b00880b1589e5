package memstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-memdb"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Store keeps all rooms' rows in memory. It is safe for concurrent use: readers see a snapshot and wait
// for nobody, writers take turns.
type Store struct {
	db *memdb.MemDB
	// writer holds a token while somebody writes. go-memdb has a lock of its own, which cannot be
	// waited for with a context. It is made for the first writer: most forks are only read.
	writer     chan struct{}
	makeWriter sync.Once
	// seq is the last number given to an event or a revision. It never runs behind what is committed.
	seq atomic.Uint64
}

// New makes an empty store.
func New() *Store {
	db, err := memdb.NewMemDB(schema())
	if err != nil {
		panic("memstore: " + err.Error()) // the schema is a constant of this package
	}
	return over(db, 0)
}

func over(db *memdb.MemDB, seq uint64) *Store {
	s := &Store{db: db}
	s.seq.Store(seq)
	return s
}

// Fork gives a copy that shares nothing visible with s, in constant time and whatever the size. A write
// that is under way in s is not in it.
func (s *Store) Fork() *Store {
	db := s.db.Snapshot()
	return over(db, s.seq.Load()) // read after the snapshot, so never behind it
}

// Policy is s as package policy needs it.
func (s *Store) Policy() store.Store[policy.AdminTx] { return as[policy.AdminTx]{s} }

// Devices is s as package devices needs it.
func (s *Store) Devices() devices.Store { return as[devices.Tx]{s} }

// SignIns is s as package signins needs it.
func (s *Store) SignIns() signins.Store { return as[signins.Tx]{s} }

// Account is s as package account needs it.
func (s *Store) Account() account.Store { return as[account.Tx]{s} }

// Challenges is s as package challenge needs it. Rooms reach challenges through transactions of their own; this is for
// tests, and for the suite of package storetest.
func (s *Store) Challenges() store.Store[challenge.Tx] { return as[challenge.Tx]{s} }

// as is a Store for a room whose transaction type is T, which [Tx] satisfies.
type as[T any] struct{ s *Store }

func (a as[T]) View(ctx context.Context, fn func(T) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := a.s.newTx(false)
	defer tx.close()
	return fn(any(tx).(T))
}

func (a as[T]) Update(ctx context.Context, fn func(T) error) error {
	tx, err := a.s.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { // also if fn panics: else no writer would ever come after it
		tx.close()
		<-a.s.writer
	}()
	if err := fn(any(tx).(T)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if tx.broken != nil {
		return tx.broken
	}
	a.s.seq.Store(tx.seq) // before the commit, see Fork
	tx.txn.Commit()
	return nil
}

func (s *Store) begin(ctx context.Context) (*Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.makeWriter.Do(func() { s.writer = make(chan struct{}, 1) })
	select {
	case s.writer <- struct{}{}:
		tx := s.newTx(true)
		tx.seq = s.seq.Load()
		return tx, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Tx is one transaction; it satisfies the Tx of every room. It is not safe for concurrent use and dead
// once the function that it was given to has returned.
type Tx struct {
	txn   *memdb.Txn
	write bool
	done  bool
	seq   uint64
	// broken is the first engine error of a write: go-memdb may have kept half of the row, so nothing of
	// this transaction may be committed, even if the error was swallowed.
	broken error

	// missed is the sign-in that was last looked for and not there, until one is written: who looks before a Put has
	// not to wait for it twice.
	missed whose
	// read counts the chunks of sign-ins that were asked for; tests hold it against what a record may cost.
	read int

	// The key and the argument of the lookup under way, so that a lookup makes neither.
	lookup key
	room   [lookupRoom]byte
	args   [1]any
}

func (s *Store) newTx(write bool) *Tx {
	tx := &Tx{txn: s.db.Txn(write), write: write}
	tx.args[0] = &tx.lookup
	return tx
}

// key is where the key of a lookup is made: it is good until the next one.
func (tx *Tx) key() key { return tx.room[:0] }

// by is the argument of a lookup by k.
func (tx *Tx) by(k key) []any {
	tx.lookup = k
	return tx.args[:]
}

var errDead = errors.New("memstore: the transaction is over")

func (tx *Tx) close() {
	tx.done = true
	tx.txn.Abort() // does nothing after a commit
}

// next is the next number for an event or a revision.
func (tx *Tx) next() uint64 {
	tx.seq++
	return tx.seq
}

// row finds the stored row with a key. It is the store's own: callers copy it before it leaves.
func row[R any](tx *Tx, x *index[R], k key) (*R, error) {
	if tx.done {
		return nil, errDead
	}
	raw, err := tx.txn.First(x.table, x.name, tx.by(k)...)
	if err != nil {
		return nil, err
	}
	r, _ := raw.(*R)
	if r == nil {
		return nil, store.ErrNotFound
	}
	return r, nil
}

// value is row for rows that hold nothing but values.
func value[R any](tx *Tx, x *index[R], k key) (R, error) {
	r, err := row(tx, x, k)
	if err != nil {
		var none R
		return none, err
	}
	return *r, nil
}

// put stores a row that nobody else holds, if the stored one still has the revision with which r was read,
// and gives it the next. x is the table's byID index.
func put[R any](tx *Tx, x *index[R], r *R, revision func(*R) *store.Revision) (store.Revision, error) {
	if err := tx.writable(); err != nil {
		return 0, err
	}
	var have store.Revision
	switch old, err := row(tx, x, x.key(tx.key(), r)); {
	case err == nil:
		have = *revision(old)
	case !errors.Is(err, store.ErrNotFound):
		return 0, err
	}
	if have != *revision(r) {
		return 0, store.ErrConflict
	}
	next := store.Revision(tx.next())
	*revision(r) = next
	return next, tx.insert(x.table, r)
}

func (tx *Tx) writable() error {
	switch {
	case tx.done:
		return errDead
	case !tx.write:
		return store.ErrReadOnly
	}
	return nil
}

func (tx *Tx) insert(table string, r any) error {
	if err := tx.txn.Insert(table, r); err != nil {
		tx.broken = err
		return err
	}
	return nil
}

func (tx *Tx) delete(table string, r any) error {
	if err := tx.writable(); err != nil {
		return err
	}
	if err := tx.txn.Delete(table, r); err != nil {
		tx.broken = err
		return err
	}
	return nil
}

// remove removes the row with a key, or fails with [store.ErrNotFound].
func remove[R any](tx *Tx, x *index[R], k key) error {
	r, err := row(tx, x, k)
	if err != nil {
		return err
	}
	return tx.delete(x.table, r)
}

// page lists the rows of an index whose keys begin with prefix, one page of them, copied. Those are the rows
// for which within holds: it looks at the fields that prefix is made of, which costs less than another key.
func page[R any](tx *Tx, x *index[R], prefix key, p store.Page, within func(*R) bool, copied func(*R) R) (store.List[R], error) {
	var list store.List[R]
	if tx.done {
		return list, errDead
	}
	start := prefix
	if p.After != "" {
		at, err := place(p.After)
		if err != nil {
			return list, err
		}
		start = slices.Concat(prefix, at).next()
	}
	it, err := tx.txn.LowerBound(x.table, x.name, tx.by(start)...)
	if err != nil {
		return list, err
	}
	limit := p.Limit()
	var last *R
	for raw := it.Next(); raw != nil; raw = it.Next() {
		r := raw.(*R)
		if !within(r) {
			break
		}
		if len(list.Items) == limit {
			list.Next = cursor(x.key(newKey(), last)[len(prefix):])
			break
		}
		if list.Items == nil {
			list.Items = make([]R, 0, min(limit, firstItems))
		}
		list.Items = append(list.Items, copied(r))
		last = r
	}
	return list, nil
}

// firstItems is how many items of a page get their room at once; most lists are no longer.
const firstItems = 16

// plain copies a row that holds nothing but values.
func plain[R any](r *R) R { return *r }
