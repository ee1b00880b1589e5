package memstore

import (
	"cmp"
	"errors"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// An account's records stand in the order of their times, and a new one must be told from all others by its id alone.
// Most accounts have so few chunks that each is asked. Anybody can make failures for any account, and whoever records
// one holds the only writer: an account of more chunks has a directory, which tells from an id when its record was.

// maxWalk is how many chunks are asked for an id one after the other.
const maxWalk = 16

// maxLeaf is how many ids a leaf has at the most: few, since each new one copies it, and so many that the leaf's own
// entry is little beside them.
const maxLeaf = 256

// leaf is a part of an account's directory: of the ids whose hashes are greater than the bound of the leaf before and
// not greater than its own. The last leaf has the greatest hash for its bound. A leaf is never changed once it is made.
type leaf struct {
	tenant  policy.TenantID
	account policy.AccountID
	bound   uint32
	// The hashes in order, and the microseconds of each one's record: two lists, since pairs would be padded. Two ids
	// may have the same hash, which then stands twice.
	hashes []uint32
	times  []int64
}

const greatest = ^uint32(0)

var errDirectory = errors.New("memstore: a sign-in record is not in its account's directory")

// hashOf is another part of what a [mark] is of.
func hashOf(id signins.ID) uint32 { return uint32(maphash.String(markSeed, string(id)) >> 32) }

func kLeaf(k key, t policy.TenantID, a policy.AccountID, hash uint32) key {
	return kAccount(k, t, a).number(uint64(hash))
}

// whose names a record.
type whose struct {
	tenant  policy.TenantID
	account policy.AccountID
	id      signins.ID
}

// at is a chunk's i-th record; none if in is nil.
type at struct {
	in *chunk
	i  int
}

// find finds the record with an id, whatever its time.
func (tx *Tx) find(w whose) (at, error) {
	if w == tx.missed && !tx.done {
		return at{}, nil
	}
	l, err := tx.leafOf(w.tenant, w.account, hashOf(w.id))
	if err != nil {
		return at{}, err
	}
	if l != nil {
		return tx.findBy(l, w)
	}
	all, err := tx.chunksFrom(kAccount(tx.key(), w.tenant, w.account))
	if err != nil {
		return at{}, err
	}
	m, asked := mark(w.id), 0
	for c := all.nextOf(w.tenant, w.account); c != nil; c = all.nextOf(w.tenant, w.account) {
		if asked++; asked > maxWalk && tx.write {
			if err := tx.makeDirectory(w.tenant, w.account); err != nil {
				return at{}, err
			}
			return tx.find(w)
		}
		if i := c.find(w.id, m); i >= 0 {
			return at{c, i}, nil
		}
	}
	tx.missed = w
	return at{}, nil
}

// findBy finds the record with an id where the leaf of its hash says that it is.
func (tx *Tx) findBy(l *leaf, w whose) (at, error) {
	h := hashOf(w.id)
	for n, _ := slices.BinarySearch(l.hashes, h); n < len(l.hashes) && l.hashes[n] == h; n++ {
		p := spot{l.times[n], w.id}
		c, err := tx.chunkAt(w.tenant, w.account, p)
		if err != nil {
			return at{}, err
		}
		if c == nil {
			continue
		}
		if i := c.search(p); i < len(c.records) && c.spot(i) == p {
			return at{c, i}, nil
		}
	}
	tx.missed = w
	return at{}, nil
}

// leafOf gives the leaf that a hash belongs to; nil if the account has no directory.
func (tx *Tx) leafOf(t policy.TenantID, a policy.AccountID, hash uint32) (*leaf, error) {
	if tx.done {
		return nil, errDead
	}
	it, err := tx.txn.LowerBound(leaves.table, leaves.name, tx.by(kLeaf(tx.key(), t, a, hash))...)
	if err != nil {
		return nil, err
	}
	if l, _ := it.Next().(*leaf); l != nil && l.tenant == t && l.account == a {
		return l, nil
	}
	return nil, nil
}

// makeDirectory makes the directory of an account that has none.
func (tx *Tx) makeDirectory(t policy.TenantID, a policy.AccountID) error {
	first := &leaf{tenant: policy.TenantID(strings.Clone(string(t))), account: policy.AccountID(strings.Clone(string(a))), bound: greatest}
	all, err := tx.chunksFrom(kAccount(tx.key(), t, a))
	if err != nil {
		return err
	}
	type entry struct {
		hash uint32
		at   int64
	}
	var entries []entry
	for c := all.nextOf(t, a); c != nil; c = all.nextOf(t, a) {
		for i := range c.records {
			entries = append(entries, entry{hashOf(c.id(i)), c.records[i].at})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.hash, b.hash) })
	for _, e := range entries {
		first.hashes, first.times = append(first.hashes, e.hash), append(first.times, e.at)
	}
	return tx.insertLeaf(first)
}

// insertLeaf stores a leaf in the place of the one with its bound, in parts if it is too great for one.
func (tx *Tx) insertLeaf(l *leaf) error {
	for len(l.hashes) > maxLeaf {
		n := maxLeaf / 2
		for n < len(l.hashes) && l.hashes[n] == l.hashes[n-1] { // what is alike stays together
			n++
		}
		if n == len(l.hashes) {
			break
		}
		part := l.of(slices.Clone(l.hashes[:n]), slices.Clone(l.times[:n]))
		part.bound = l.hashes[n-1]
		if err := tx.insert(leaves.table, part); err != nil {
			return err
		}
		l = l.of(slices.Clone(l.hashes[n:]), slices.Clone(l.times[n:]))
	}
	return tx.insert(leaves.table, l)
}

// of is a leaf of the same account and bound with other contents.
func (l *leaf) of(hashes []uint32, times []int64) *leaf {
	return &leaf{l.tenant, l.account, l.bound, hashes, times}
}

// enter writes a new record into its account's directory, if there is one.
func (tx *Tx) enter(s *signins.SignIn) error {
	h := hashOf(s.ID)
	l, err := tx.leafOf(s.Tenant, s.Account, h)
	if err != nil || l == nil {
		return err
	}
	n, _ := slices.BinarySearch(l.hashes, h)
	hashes, times := make([]uint32, len(l.hashes)+1), make([]int64, len(l.times)+1) // no more than that
	copy(hashes, l.hashes[:n])
	copy(times, l.times[:n])
	hashes[n], times[n] = h, s.At.UnixMicro()
	copy(hashes[n+1:], l.hashes[n:])
	copy(times[n+1:], l.times[n:])
	return tx.insertLeaf(l.of(hashes, times))
}

// strike removes a chunk's i-th record from its account's directory, if there is one. An empty leaf goes, and what
// would belong to it belongs to the next; the last one stays as long as there are others.
func (tx *Tx) strike(c *chunk, i int) error {
	h, t, a := hashOf(c.id(i)), c.tenant(), c.account()
	l, err := tx.leafOf(t, a, h)
	if err != nil || l == nil {
		return err
	}
	n, _ := slices.BinarySearch(l.hashes, h)
	for n < len(l.hashes) && l.hashes[n] == h && l.times[n] != c.records[i].at {
		n++
	}
	if n == len(l.hashes) || l.hashes[n] != h {
		return errDirectory
	}
	without := l.of(slices.Concat(l.hashes[:n], l.hashes[n+1:]), slices.Concat(l.times[:n], l.times[n+1:]))
	if len(without.hashes) > 0 {
		return tx.insert(leaves.table, without)
	}
	if l.bound == greatest {
		err = tx.insert(leaves.table, without)
	} else {
		err = tx.delete(leaves.table, l)
	}
	if err != nil {
		return err
	}
	if l, err = tx.leafOf(t, a, 0); err != nil || len(l.hashes) > 0 {
		return err
	}
	return tx.delete(leaves.table, l) // the last one, alone
}
