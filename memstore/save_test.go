package memstore_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

func load(t testing.TB, stream []byte) *memstore.Store {
	t.Helper()
	db, err := memstore.Load(bytes.NewReader(stream))
	require.NoError(t, err)
	return db
}

// refused requires that a stream is refused, and gives the error's text.
func refused(t testing.TB, stream []byte, what ...any) string {
	t.Helper()
	db, err := memstore.Load(bytes.NewReader(stream))
	require.ErrorIs(t, err, memstore.ErrStream, what...)
	require.Nil(t, db, what...)
	return err.Error()
}

// lines parts a stream into its lines, each with its end.
func lines(stream []byte) []string {
	return strings.SplitAfter(strings.TrimSuffix(string(stream), "\n"), "\n")
}

func join(lines []string) []byte { return []byte(strings.Join(lines, "")) }

func TestWhatIsLoadedIsWhatWasSaved(t *testing.T) {
	for name, db := range map[string]*memstore.Store{"an empty store": memstore.New(), "a full one": full(t)} {
		t.Run(name, func(t *testing.T) {
			stream := saved(t, db)
			require.Equal(t, string(stream), string(saved(t, load(t, stream))), "saved again")
			require.Equal(t, string(stream), string(saved(t, db)), "saving changes nothing")
		})
	}
}

func TestASavedStreamHasRowsOfEveryTable(t *testing.T) {
	stream := string(saved(t, full(t)))
	for _, table := range []string{"settings", "standing", "sessions", "usage", "followers", "events", "devices", "recovery-keys", "sign-ins"} {
		require.Contains(t, stream, `{"table":"`+table+`"`)
	}
}

func TestASignInIsSavedAsARowThatPeopleCanRead(t *testing.T) {
	require.Contains(t, string(saved(t, full(t))), `{"table":"sign-ins","row":{"tenant":"contoso","id":"a2","account":"ada","at":"2026-01-05T13:00:00Z",`+
		`"browser":"Edge 90.0.818","address":"192.0.2.1",`+
		`"steps":[{"at":"2026-01-05T13:00:00Z","method":"Password","primary":true,"succeeded":true}],`+
		`"outcome":"success","revision":`)
}

func TestSignInsThatSaveWouldNotWriteAreRefused(t *testing.T) {
	row := func(account, id, at string) string {
		return `{"table":"sign-ins","row":{"tenant":"contoso","account":"` + account + `","id":"` + id + `","at":"` + at + `","outcome":"success","revision":1}}` + "\n"
	}
	const early, late = "2026-01-05T12:00:00Z", "2026-01-05T13:00:00Z"
	for name, c := range map[string]struct{ rows, want string }{
		"the oldest first":      {row("ada", "1", early) + row("ada", "2", late), "out of order"},
		"one twice":             {row("ada", "1", early) + row("ada", "1", early), "out of order"},
		"an id at two times":    {row("ada", "1", late) + row("ada", "1", early), `the id "1" twice in one account`},
		"accounts out of order": {row("bob", "1", late) + row("ada", "1", early), "out of order"},
		"too many steps":        {strings.Replace(row("ada", "1", early), `"outcome"`, `"steps":[`+strings.Repeat(`{"method":"m"},`, 40)+`{"method":"m"}],"outcome"`, 1), "are kept"},
	} {
		t.Run(name, func(t *testing.T) { require.Contains(t, refused(t, framed([]byte(c.rows))), c.want) })
	}
	load(t, framed([]byte(row("ada", "1", late)+row("ada", "2", early)+row("bob", "1", late))))
}

func TestALoadedStoreGoesOnWhereTheSavedOneWas(t *testing.T) {
	db := full(t)
	var upTo store.Cursor
	read(t, db, func(tx policy.AdminTx) error {
		list, err := tx.EventsAfter("contoso", store.Page{Size: 2})
		upTo = list.Next
		return err
	})
	var last store.Revision // of a row that is not in the stream
	change(t, db, func(tx policy.AdminTx) (err error) {
		last, err = tx.PutFollower(policy.Follower{Tenant: "contoso", Name: "dropped"})
		return first(err, tx.DropFollower("contoso", "dropped"))
	})
	loaded := load(t, saved(t, db))
	change(t, loaded, func(tx policy.AdminTx) error {
		rev, err := tx.PutFollower(policy.Follower{Tenant: "contoso", Name: "dropped"})
		require.Greater(t, rev, last)
		return first(err, tx.AppendEvent(event("ada", "4")))
	})
	read(t, loaded, func(tx policy.AdminTx) error {
		list, err := tx.EventsAfter("contoso", store.Page{After: upTo})
		require.Len(t, list.Items, 2)
		require.Equal(t, "3", list.Items[0].Operation)
		require.Equal(t, "4", list.Items[1].Operation)
		return err
	})
}

func TestSaveTakenInTheMiddleOfATransactionHasNothingOfIt(t *testing.T) {
	db := full(t)
	before := saved(t, db)
	change(t, db, func(tx policy.AdminTx) error {
		err := tx.AppendEvent(event("ada", "under way"))
		require.Equal(t, string(before), string(saved(t, db)))
		return err
	})
}

func TestATruncatedStreamIsRefused(t *testing.T) {
	stream := saved(t, full(t))
	for n := range stream {
		text := refused(t, stream[:n], "the first %d of %d bytes", n, len(stream))
		require.Contains(t, text, "ends early")
	}
}

func TestAStreamWithAChangedByteIsRefused(t *testing.T) {
	stream := saved(t, full(t))
	for i := range stream {
		for _, flip := range []byte{1 << (i % 8), ' '} { // a space is what parts the cases of a letter
			damaged := bytes.Clone(stream)
			damaged[i] ^= flip
			refused(t, damaged, "byte %d of %d, %q for %q", i, len(stream), damaged[i], stream[i])
		}
	}
}

func TestAStreamWithALineTooManyOrTooFewIsRefused(t *testing.T) {
	all := lines(saved(t, full(t)))
	for i := range all {
		without := append(append([]string{}, all[:i]...), all[i+1:]...)
		refused(t, join(without), "without line %d", i+1)
		twice := append(append(append([]string{}, all[:i]...), all[i], all[i]), all[i+1:]...)
		refused(t, join(twice), "line %d twice", i+1)
		if i+1 < len(all) {
			swapped := append([]string{}, all...)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			refused(t, join(swapped), "lines %d and %d swapped", i+1, i+2)
		}
	}
}

func TestAStreamThatGoesOnAfterItsEndIsRefused(t *testing.T) {
	stream := saved(t, full(t))
	for _, more := range []string{"\n", " ", "x", "{}\n", string(stream)} {
		text := refused(t, append(bytes.Clone(stream), more...), "followed by %.10q", more)
		require.Contains(t, text, "goes on after its end")
	}
}

func TestAStreamOfANewerVersionIsRefusedByName(t *testing.T) {
	all := lines(saved(t, full(t)))
	all[0] = `{"format":"myaccount/memstore","version":2,"seq":1,"compression":"none"}` + "\n"
	text := refused(t, join(all))
	require.Contains(t, text, "line 1: version 2; this program reads version 1")
}

func TestWhatIsNoStreamIsRefused(t *testing.T) {
	for _, stream := range []string{"", "\n", "{}\n", "null\n", "[]\n", "PK\x03\x04", `{"format":"other","version":1}` + "\n"} {
		refused(t, []byte(stream), "%q", stream)
	}
	endless := io.MultiReader(strings.NewReader(lines(saved(t, full(t)))[0]), zeros{})
	_, err := memstore.Load(endless)
	require.ErrorIs(t, err, memstore.ErrStream)
	require.ErrorContains(t, err, "line 2: longer than")
}

// zeros is a stream that never ends and has no lines.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestLoadReadsAStreamInWhateverPiecesItComes(t *testing.T) {
	stream := saved(t, full(t))
	for name, in := range map[string]io.Reader{
		"single bytes":     iotest.OneByteReader(bytes.NewReader(stream)),
		"data with an end": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		t.Run(name, func(t *testing.T) {
			db, err := memstore.Load(in)
			require.NoError(t, err)
			require.Equal(t, string(stream), string(saved(t, db)))
		})
	}
}

var errDisk = errors.New("the disk is on fire")

func TestLoadTellsWhyItsReaderFailed(t *testing.T) {
	stream := saved(t, full(t))
	for _, n := range []int{0, 10, len(stream) / 2, len(stream)} {
		db, err := memstore.Load(io.MultiReader(bytes.NewReader(stream[:n]), iotest.ErrReader(errDisk)))
		require.ErrorIs(t, err, memstore.ErrStream)
		require.ErrorIs(t, err, errDisk)
		require.Nil(t, db)
	}
}

func TestSaveTellsWhyItsWriterFailed(t *testing.T) {
	for name, db := range map[string]*memstore.Store{"at the end": full(t), "between rows": sized(t, 1000)} {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, db.Save(burning{}), errDisk) })
	}
}

type burning struct{}

func (burning) Write([]byte) (int, error) { return 0, errDisk }

func TestSaveRefusesARowThatLoadWouldNotRead(t *testing.T) {
	db := memstore.New()
	change(t, db, func(tx policy.AdminTx) error {
		e := event("ada", "1")
		e.Facts = []policy.Fact{{Name: "huge", Value: strings.Repeat("x", 17<<20)}}
		return tx.AppendEvent(e)
	})
	require.ErrorContains(t, db.Save(io.Discard), "memstore: save events: a row of")
}
