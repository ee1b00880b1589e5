package memstore

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

var _ signins.Tx = (*Tx)(nil)

// Session implements [policy.Tx].
func (tx *Tx) Session(t policy.TenantID, a policy.AccountID, id policy.SessionID) (policy.Session, error) {
	r, err := row(tx, sessionsByID, kSession(tx.key(), t, a, id))
	if err != nil {
		return policy.Session{}, err
	}
	return r.Clone(), nil
}

// PutSession implements [policy.AdminTx] and [signins.Tx].
func (tx *Tx) PutSession(s policy.Session) (store.Revision, error) {
	s = s.Clone()
	for i := range s.Proofs {
		s.Proofs[i].At = store.Time(s.Proofs[i].At)
	}
	s.StartedAt, s.AuthenticatedAt = store.Time(s.StartedAt), store.Time(s.AuthenticatedAt)
	s.SeenAt, s.EndedAt = store.Time(s.SeenAt), store.Time(s.EndedAt)
	s.BeganAt, s.EndsAt = store.Time(s.BeganAt), store.Time(s.EndsAt)
	return put(tx, sessionsByID, &s, func(r *policy.Session) *store.Revision { return &r.Revision })
}

// DeleteSession implements [signins.Tx].
func (tx *Tx) DeleteSession(t policy.TenantID, a policy.AccountID, id policy.SessionID) error {
	return remove(tx, sessionsByID, kSession(tx.key(), t, a, id))
}

// SessionsOf implements [signins.Tx].
func (tx *Tx) SessionsOf(t policy.TenantID, a policy.AccountID, since time.Time, p store.Page) (store.List[policy.Session], error) {
	return page(tx, sessionsByStart, kAccount(tx.key(), t, a), p,
		func(r *policy.Session) bool { return r.Tenant == t && r.Account == a && !r.StartedAt.Before(since) }, session)
}

// Sessions implements [signins.Tx].
func (tx *Tx) Sessions(t policy.TenantID, p store.Page) (store.List[policy.Session], error) {
	return page(tx, sessionsByID, kTenant(tx.key(), t), p, func(r *policy.Session) bool { return r.Tenant == t }, session)
}

func session(r *policy.Session) policy.Session { return r.Clone() }

// SignIn implements [signins.Tx].
func (tx *Tx) SignIn(t policy.TenantID, a policy.AccountID, id signins.ID) (s signins.SignIn, err error) {
	found, err := tx.find(whose{t, a, id})
	if err != nil {
		return s, err
	}
	if found.in == nil {
		return s, store.ErrNotFound
	}
	found.in.unpack(found.i, &s, make([]signins.Step, 0, found.in.stepsIn(found.i, found.i+1)))
	return s, nil
}

// PutSignIn implements [signins.Tx]. Packing copies all of s, and counts times in microseconds.
func (tx *Tx) PutSignIn(s signins.SignIn) (store.Revision, error) {
	if err := tx.writable(); err != nil {
		return 0, err
	}
	if err := packable(&s); err != nil {
		return 0, err
	}
	have, err := tx.find(whose{s.Tenant, s.Account, s.ID})
	if err != nil {
		return 0, err
	}
	var was packed
	if have.in != nil {
		if was = have.in.records[have.i]; was.at != s.At.UnixMicro() {
			return 0, store.ErrConflict
		}
	}
	if was.revision != s.Revision {
		return 0, store.ErrConflict
	}
	tx.missed = whose{}
	s.Revision = store.Revision(tx.next())
	if have.in != nil {
		return s.Revision, tx.replace(have.in, have.i, s)
	}
	if err := tx.add(s); err != nil {
		return 0, err
	}
	return s.Revision, tx.enter(&s)
}

// chunksFrom reads chunks from the first one whose last record's key is not less than k.
func (tx *Tx) chunksFrom(k key) (chunks, error) {
	if tx.done {
		return chunks{}, errDead
	}
	it, err := tx.txn.LowerBound(signInChunks.table, signInChunks.name, tx.by(k)...)
	return chunks{it, tx}, err
}

type chunks struct {
	it memdb.ResultIterator
	tx *Tx
}

// next gives a tenant's next chunk, or nil.
func (c chunks) next(t policy.TenantID) *chunk {
	c.tx.read++
	if next, _ := c.it.Next().(*chunk); next != nil && next.tenant() == t {
		return next
	}
	return nil
}

// nextOf gives an account's next chunk, or nil.
func (c chunks) nextOf(t policy.TenantID, a policy.AccountID) *chunk {
	if next := c.next(t); next != nil && next.account() == a {
		return next
	}
	return nil
}

// chunkAt gives the first of an account's chunks that does not end before a place, or nil.
func (tx *Tx) chunkAt(t policy.TenantID, a policy.AccountID, p spot) (*chunk, error) {
	all, err := tx.chunksFrom(kSpot(kAccount(tx.key(), t, a), p))
	if err != nil {
		return nil, err
	}
	return all.nextOf(t, a), nil
}

// chunkBefore gives the last of an account's chunks that ends before a place where no record is, or nil.
func (tx *Tx) chunkBefore(t policy.TenantID, a policy.AccountID, p spot) (*chunk, error) {
	it, err := tx.txn.ReverseLowerBound(signInChunks.table, signInChunks.name, tx.by(kSpot(kAccount(tx.key(), t, a), p))...)
	if err != nil {
		return nil, err
	}
	return chunks{it, tx}.nextOf(t, a), nil
}

// replace changes record i of a chunk. It packs the chunk anew: what the record said before is not to stay.
func (tx *Tx) replace(c *chunk, i int, s signins.SignIn) error {
	all := c.all()
	all[i] = s
	return tx.insertChunk(all)
}

// add stores a record in its place. Records that come in the order of their times, or in that of the list, fill
// chunks one after the other; only what falls into a full chunk splits it.
func (tx *Tx) add(s signins.SignIn) error {
	p := spotOf(&s)
	next, err := tx.chunkAt(s.Tenant, s.Account, p)
	if err != nil {
		return err
	}
	if next != nil {
		switch i := next.search(p); {
		case !next.full():
			return tx.insert(signInChunks.table, next.with(i, &s))
		case i > 0:
			all := slices.Insert(next.all(), i, s)
			half := len(all) / 2
			if err := tx.insertChunk(all[:half]); err != nil {
				return err
			}
			return tx.insertChunk(all[half:]) // ends as next did, so it takes its place
		}
	}
	before, err := tx.chunkBefore(s.Tenant, s.Account, p)
	if err != nil {
		return err
	}
	if before == nil || before.full() {
		return tx.insertChunk([]signins.SignIn{s})
	}
	if err := tx.delete(signInChunks.table, before); err != nil { // its end moves
		return err
	}
	return tx.insert(signInChunks.table, before.with(len(before.records), &s))
}

// insertChunk packs records, and stores them in place of the chunk that has the same last one.
func (tx *Tx) insertChunk(all []signins.SignIn) error {
	return tx.insert(signInChunks.table, packAll(all))
}

// SignInsBefore implements [signins.Tx]: a cursor is such a place.
func (tx *Tx) SignInsBefore(t policy.TenantID, a policy.AccountID, at time.Time, id signins.ID, limit int) ([]signins.SignIn, error) {
	behind := spotCursor(spotOf(&signins.SignIn{Record: signins.Record{At: store.Time(at), ID: id}}))
	list, err := tx.SignInsOf(t, a, store.Page{Size: limit, After: behind})
	return list.Items, err
}

// SignInsOf implements [signins.Tx].
func (tx *Tx) SignInsOf(t policy.TenantID, a policy.AccountID, p store.Page) (store.List[signins.SignIn], error) {
	var list store.List[signins.SignIn]
	start := kAccount(tx.key(), t, a)
	var after spot
	if p.After != "" {
		var err error
		if after, err = spotAt(p.After); err != nil {
			return list, err
		}
		start = kSpot(start, after)
	}
	all, err := tx.chunksFrom(start)
	if err != nil {
		return list, err
	}
	type part struct {
		*chunk
		from, to int
	}
	var room [4]part
	parts := room[:0]
	rows, steps, limit := 0, 0, p.Limit()
	for c := all.nextOf(t, a); c != nil; c = all.nextOf(t, a) {
		from := 0
		if p.After != "" && len(parts) == 0 {
			if from = c.search(after); from < len(c.records) && c.spot(from) == after {
				from++
			}
		}
		if rows == limit && from < len(c.records) {
			last := parts[len(parts)-1]
			list.Next = spotCursor(last.spot(last.to - 1))
			break
		}
		to := min(len(c.records), from+limit-rows)
		parts = append(parts, part{c, from, to})
		rows, steps = rows+to-from, steps+c.stepsIn(from, to)
		if to < len(c.records) {
			list.Next = spotCursor(c.spot(to - 1))
			break
		}
	}
	if rows == 0 {
		return list, nil
	}
	list.Items = make([]signins.SignIn, rows)
	rest, at := make([]signins.Step, 0, steps), 0
	for _, of := range parts {
		for i := of.from; i < of.to; i++ {
			rest = of.unpack(i, &list.Items[at], rest)
			at++
		}
	}
	return list, nil
}

func spotCursor(p spot) store.Cursor {
	return cursor(append(key(nil).newestFirst(orderOf(p.at)), p.id...))
}

func spotAt(c store.Cursor) (spot, error) {
	b, err := place(c)
	if err != nil {
		return spot{}, err
	}
	if len(b) < 8 {
		return spot{}, errKey
	}
	return spot{int64(^binary.BigEndian.Uint64(b) ^ 1<<63), signins.ID(b[8:])}, nil
}

// PurgeSignIns implements [signins.Tx]. It goes backwards, so that of each account the oldest go first: what a limit
// leaves has no gaps. A cursor is the account to go on with.
func (tx *Tx) PurgeSignIns(t policy.TenantID, before time.Time, p store.Page) (removed int, next store.Cursor, err error) {
	if err := tx.writable(); err != nil {
		return 0, "", err
	}
	upTo := after(kTenant(tx.key(), t))
	if p.After != "" {
		at, err := place(p.After)
		if err != nil {
			return 0, "", err
		}
		upTo = after(kAccount(tx.key(), t, policy.AccountID(at)))
	}
	tx.missed = whose{}
	var old []cut // collected first: an iterator must not be written under
	for looked := 0; ; looked++ {
		it, err := tx.txn.ReverseLowerBound(signInChunks.table, signInChunks.name, tx.by(upTo)...)
		if err != nil {
			return 0, "", err
		}
		all := chunks{it, tx}
		c := all.next(t)
		if c == nil {
			break
		}
		of := c.account()
		if removed == p.Limit() || looked == p.Limit() {
			next = cursor([]byte(of))
			break
		}
		for ; c != nil && removed < p.Limit(); c = all.nextOf(t, of) {
			n := min(c.before(before), p.Limit()-removed)
			if n == 0 {
				break
			}
			old, removed = append(old, cut{c, n}), removed+n
		}
		upTo = kAccount(tx.key(), t, of) // less than all of the account's
		if removed == p.Limit() {
			upTo = after(upTo) // there may be more of it
		}
	}
	for _, o := range old {
		if err := o.from(tx); err != nil {
			return 0, "", err
		}
	}
	return removed, next, nil
}

// DeleteSessionsOf implements [signins.Tx].
func (tx *Tx) DeleteSessionsOf(t policy.TenantID, a policy.AccountID, limit int) (int, error) {
	return deleteOf(tx, sessionsByID, t, a, limit, func(r *policy.Session) bool { return r.Tenant == t && r.Account == a })
}

// DeleteSignInsOf implements [signins.Tx].
func (tx *Tx) DeleteSignInsOf(t policy.TenantID, a policy.AccountID, limit int) (removed int, err error) {
	if err := tx.writable(); err != nil {
		return 0, err
	}
	all, err := tx.chunksFrom(kAccount(tx.key(), t, a))
	if err != nil {
		return 0, err
	}
	var cuts []cut // collected first: an iterator must not be written under
	for c := all.nextOf(t, a); c != nil && removed < limit; c = all.nextOf(t, a) {
		n := min(len(c.records), limit-removed)
		cuts, removed = append(cuts, cut{c, n}), removed+n
	}
	for _, c := range cuts {
		if err := c.from(tx); err != nil {
			return 0, err
		}
	}
	return removed, nil
}

// cut is how many of a chunk's records, which are its last ones, are to be removed.
type cut struct {
	of *chunk
	n  int
}

func (o cut) from(tx *Tx) error {
	if err := tx.delete(signInChunks.table, o.of); err != nil {
		return err
	}
	left := len(o.of.records) - o.n
	for i := range o.n {
		if err := tx.strike(o.of, left+i); err != nil {
			return err
		}
	}
	if left > 0 {
		return tx.insertChunk(o.of.all()[:left])
	}
	return nil
}

// Habits implements [signins.Tx].
func (tx *Tx) Habits(t policy.TenantID, a policy.AccountID) (signins.Habits, error) {
	r, err := row(tx, habitsByID, kAccount(tx.key(), t, a))
	if err != nil {
		return signins.Habits{}, err
	}
	return r.Clone(), nil
}

// PutHabits implements [signins.Tx].
func (tx *Tx) PutHabits(h signins.Habits) (store.Revision, error) {
	h = h.Clone()
	h.Since = store.Time(h.Since)
	for _, list := range [][]signins.Habit{h.Countries, h.Places} {
		for i := range list {
			list[i].First, list[i].Last = store.Time(list[i].First), store.Time(list[i].Last)
		}
	}
	return put(tx, habitsByID, &h, func(r *signins.Habits) *store.Revision { return &r.Revision })
}

// DeleteHabits implements [signins.Tx].
func (tx *Tx) DeleteHabits(t policy.TenantID, a policy.AccountID) error {
	return remove(tx, habitsByID, kAccount(tx.key(), t, a))
}

// AllHabits implements [signins.Tx].
func (tx *Tx) AllHabits(t policy.TenantID, p store.Page) (store.List[signins.Habits], error) {
	return page(tx, habitsByID, kTenant(tx.key(), t), p, func(r *signins.Habits) bool { return r.Tenant == t },
		func(r *signins.Habits) signins.Habits { return r.Clone() })
}
