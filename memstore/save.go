package memstore

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/hashicorp/go-memdb"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// ErrStream says that a stream cannot be loaded. Nothing of it was.
var ErrStream = errors.New("memstore: unusable stream")

// The stream is JSON, a line each: a header, the rows, a trailer with the number of rows and the SHA-256
// of all lines before it. Every byte counts: the trailer's own must be just as they were written.
const (
	streamFormat  = "myaccount/memstore"
	streamVersion = 1
	maxRow        = 16 << 20     // bytes of a row
	maxLine       = maxRow + 128 // with what is around it
)

type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Seq     uint64 `json:"seq"`
}

type line struct {
	Table string          `json:"table,omitempty"`
	Row   json.RawMessage `json:"row,omitempty"`
	End   *trailer        `json:"end,omitempty"`
}

type trailer struct {
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

// tables tells how the rows of each table are read, in the order in which they are saved.
var tables = []struct {
	name string
	read func(json.RawMessage) (any, error)
}{
	{settingsByID.table, decode[policy.Settings]},
	{standingByID.table, decode[policy.Standing]},
	{sessionsByID.table, decode[policy.Session]},
	{habitsByID.table, decode[signins.Habits]},
	{usageByID.table, decode[policy.Usage]},
	{followersByID.table, decode[policy.Follower]},
	{challengesByID.table, decode[challenge.Challenge]},
	{countersByID.table, decode[challenge.Counter]},
	{eventsByAccount.table, decode[policy.Event]},
	{profilesByID.table, decode[account.Profile]},
	{credentialsByID.table, decode[account.Credential]},
	{recoveryCodesByID.table, decode[account.RecoveryCode]},
	{identifiersByKey.table, decode[account.Identifier]},
	{emailChangesByID.table, decode[account.EmailChange]},
	{portraitsByID.table, decode[account.Portrait]},
	{closingsByID.table, decode[account.Closing]},
	{schemasByID.table, decode[account.Schema]},
	{bannedByID.table, decode[account.BannedPasswords]},
	{devicesByID.table, decode[devices.Device]},
	{keysByDevice.table, decode[devices.RecoveryKey]},
	{signInChunks.table, decode[signins.SignIn]}, // single records, as nothing outside knows of chunks
}

func decode[R any](b json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	r := new(R)
	return r, d.Decode(r)
}

// Save writes all of s, as one consistent snapshot, for [Load]. What must not be read at rest, such as
// recovery keys, is sealed in it; names, addresses and events are not: keep the stream as you keep a
// database.
func (s *Store) Save(w io.Writer) error {
	fork := s.Fork()
	txn := fork.db.Txn(false)
	defer txn.Abort()
	sum := sha256.New()
	out := bufio.NewWriter(w)
	rows := saver{enc: json.NewEncoder(io.MultiWriter(out, sum))}
	if err := rows.enc.Encode(header{streamFormat, streamVersion, fork.seq.Load()}); err != nil {
		return fmt.Errorf("memstore: save: %w", err)
	}
	for _, t := range tables {
		it, err := txn.Get(t.name, byID+"_prefix", new(key))
		if err != nil {
			return fmt.Errorf("memstore: save %s: %w", t.name, err)
		}
		for raw := it.Next(); raw != nil; raw = it.Next() {
			if err := rows.stored(t.name, raw); err != nil {
				return fmt.Errorf("memstore: save %s: %w", t.name, err)
			}
		}
	}
	if err := rows.enc.Encode(line{End: &trailer{rows.n, hex.EncodeToString(sum.Sum(nil))}}); err != nil {
		return fmt.Errorf("memstore: save: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("memstore: save: %w", err)
	}
	return nil
}

type saver struct {
	enc *json.Encoder
	n   int // rows written
}

// stored writes what a stored row holds: itself, or the records of a chunk.
func (s *saver) stored(table string, raw any) error {
	c, ok := raw.(*chunk)
	if !ok {
		return s.row(table, raw)
	}
	for _, r := range c.all() {
		if err := s.row(table, &r); err != nil {
			return err
		}
	}
	return nil
}

func (s *saver) row(table string, r any) error {
	row, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(row) > maxRow {
		return fmt.Errorf("a row of %d bytes; Load reads up to %d", len(row), maxRow)
	}
	s.n++
	return s.enc.Encode(line{Table: table, Row: row})
}

// Load makes a store from what [Store.Save] wrote. A stream that is truncated, was changed, goes on after
// its end or is of a newer version gives [ErrStream] and no store.
func Load(r io.Reader) (*Store, error) {
	l := &loader{in: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	s := New()
	txn := s.db.Txn(true)
	defer txn.Abort()
	f := filler{txn: txn}
	seq, err := l.rows(f.insert)
	if err == nil {
		err = f.flush()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: line %d: %w", ErrStream, l.n, err)
	}
	txn.Commit()
	s.seq.Store(seq)
	return s, nil
}

// filler inserts rows as they are read. Sign-in records come in the order of their keys, so that chunks can be
// filled one after the other.
type filler struct {
	txn     *memdb.Txn
	records []signins.SignIn // of one account, for the next chunk
	last    key              // of the last record
	ids     map[signins.ID]bool
}

func (f *filler) insert(table string, row any) error {
	s, ok := row.(*signins.SignIn)
	if !ok {
		return f.txn.Insert(table, row)
	}
	if err := packable(s); err != nil {
		return err
	}
	of := kAccount(newKey(), s.Tenant, s.Account)
	sameAccount := f.last != nil && bytes.HasPrefix(f.last, of)
	k := kSpot(of, spotOf(s))
	if bytes.Compare(k, f.last) <= 0 {
		return errors.New("out of order")
	}
	if !sameAccount {
		f.ids = make(map[signins.ID]bool)
	}
	if f.ids[s.ID] {
		return fmt.Errorf("the id %q twice in one account", s.ID)
	}
	if !sameAccount || len(f.records) == maxChunk {
		if err := f.flush(); err != nil {
			return err
		}
	}
	f.last, f.ids[s.ID], f.records = k, true, append(f.records, *s)
	return nil
}

// flush stores the records that were gathered.
func (f *filler) flush() error {
	if len(f.records) == 0 {
		return nil
	}
	c := packAll(f.records)
	f.records = f.records[:0]
	return f.txn.Insert(signInChunks.table, c)
}

type loader struct {
	in  *bufio.Reader
	sum hash.Hash
	n   int // lines read
}

// rows inserts all rows, and gives the last number that was in use.
func (l *loader) rows(insert func(table string, row any) error) (seq uint64, err error) {
	first, err := l.next()
	if err != nil {
		return 0, err
	}
	// Fields that a newer version added are let pass here, so that the answer is which version it is.
	var h header
	if err := json.Unmarshal(first, &h); err != nil {
		return 0, err
	}
	if h.Format != streamFormat {
		return 0, fmt.Errorf("format %q, want %q", h.Format, streamFormat)
	}
	if h.Version != streamVersion {
		return 0, fmt.Errorf("version %d; this program reads version %d", h.Version, streamVersion)
	}
	l.sum.Write(first)
	read := make(map[string]func(json.RawMessage) (any, error), len(tables))
	for _, t := range tables {
		read[t.name] = t.read
	}
	for rows := 0; ; rows++ {
		b, err := l.next()
		if err != nil {
			return 0, err
		}
		var ln line
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&ln); err != nil {
			return 0, err
		}
		if ln.End != nil {
			return h.Seq, l.end(b, rows)
		}
		l.sum.Write(b)
		if read[ln.Table] == nil {
			return 0, fmt.Errorf("unknown table %q", ln.Table)
		}
		row, err := read[ln.Table](ln.Row)
		if err != nil {
			return 0, fmt.Errorf("row of %s: %w", ln.Table, err)
		}
		if err := insert(ln.Table, row); err != nil {
			return 0, fmt.Errorf("row of %s: %w", ln.Table, err)
		}
	}
}

// end compares the last line with the one that Save writes after such rows.
func (l *loader) end(last []byte, rows int) error {
	want, err := json.Marshal(line{End: &trailer{rows, hex.EncodeToString(l.sum.Sum(nil))}})
	if err != nil {
		return err
	}
	if !bytes.Equal(last, append(want, '\n')) {
		return errors.New("the rows are not those that were saved")
	}
	switch _, err := l.in.ReadByte(); {
	case err == nil:
		return errors.New("the stream goes on after its end")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// next reads one line.
func (l *loader) next() ([]byte, error) {
	l.n++
	var b []byte
	for {
		part, err := l.in.ReadSlice('\n')
		b = append(b, part...)
		switch {
		case len(b) > maxLine:
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		case err == nil:
			return b, nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("the stream ends early")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
