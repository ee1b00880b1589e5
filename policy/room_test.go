package policy_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// The room of these tests keeps notes. It is as small as a room can be, and its rules are changed at will.

type note struct {
	ID       string
	Owner    policy.AccountID
	Text     string
	Revision store.Revision
}

type notesTx interface {
	policy.Tx
	Note(t policy.TenantID, id string) (note, error)
	PutNote(t policy.TenantID, n note) (store.Revision, error)
}

type noteSpec = policy.Spec[notesTx, note]

const (
	editNote    policy.Action   = "notes.edit"
	areaNotes   policy.Area     = "notes"
	areaPrivate policy.Area     = "notes.private"
	areaHidden  policy.Area     = "notes.hidden"
	codeDone    policy.Code     = "note-done"
	contoso                     = accounttest.Tenant
	fabrikam    policy.TenantID = "fabrikam"
)

var (
	perHour  = policy.Setting{Name: "notes.per-hour", Default: 2, Min: 1, Max: 5, NoLimit: true, What: "edits within an hour"}
	mayWrite = policy.Setting{Name: "notes.may-write", Default: 1, Min: 0, Max: 1, What: "whether notes may be written"}
	inColour = policy.Setting{Name: "notes.in-colour", Default: 0, Min: 0, Max: 1, Area: areaPrivate, What: "whether notes are in colour"}
)

// editing is the action that these tests are about, with the changes that a test needs.
func editing(change ...func(*noteSpec)) *noteSpec {
	sp := &noteSpec{
		Rule: policy.Rule{Action: editNote, Activity: "Edit note", Category: "Notes", By: policy.ByPerson,
			Kinds: policy.AllKinds, Area: areaNotes, Access: policy.Edit},
		Load: func(tx notesTx, op *policy.Op, t policy.Target) (note, error) {
			n, err := tx.Note(op.Actor.Tenant, t.ID)
			if err == nil && op.Actor.Account != "" && n.Owner != op.Actor.Account {
				return note{}, store.ErrNotFound
			}
			return n, err
		},
		Preview: func(_ *policy.Op, n note) policy.Preview {
			return policy.Preview{Title: "Overwrite the note?", Consequences: []string{"The text is lost: " + n.Text},
				Facts: []policy.Fact{{Name: "text", Value: n.Text}}}
		},
	}
	for _, c := range change {
		c(sp)
	}
	return sp
}

// notebook is the room's store: rows of policy in one store, notes beside it, in one transaction.
type notebook struct {
	rows  store.Store[policy.AdminTx]
	mu    sync.Mutex
	notes map[noteKey]note
}

type noteKey struct {
	tenant policy.TenantID
	id     string
}

type page struct {
	policy.AdminTx
	notes map[noteKey]note
}

func (p page) Note(t policy.TenantID, id string) (note, error) {
	n, ok := p.notes[noteKey{t, id}]
	if !ok {
		return note{}, store.ErrNotFound
	}
	return n, nil
}

func (p page) PutNote(t policy.TenantID, n note) (store.Revision, error) {
	k := noteKey{t, n.ID}
	if p.notes[k].Revision != n.Revision {
		return 0, store.ErrConflict
	}
	n.Revision++
	p.notes[k] = n
	return n.Revision, nil
}

func (b *notebook) View(ctx context.Context, fn func(notesTx) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rows.View(ctx, func(tx policy.AdminTx) error { return fn(page{tx, maps.Clone(b.notes)}) })
}

func (b *notebook) Update(ctx context.Context, fn func(notesTx) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var draft map[noteKey]note
	err := b.rows.Update(ctx, func(tx policy.AdminTx) error {
		draft = maps.Clone(b.notes)
		return fn(page{tx, draft})
	})
	if err == nil {
		b.notes = draft
	}
	return err
}

// house is a world with the room of notes in it, and with all doors of policy on the same rows.
type house struct {
	*accounttest.World
	rows  store.Store[policy.AdminTx]
	guard *policy.Guard
	notes *notebook

	admin *policy.Admin
	hosts *policy.HostDoor
	log   *policy.Log
	ada   policy.Actor // a person with the notes n1 and n2
}

var ctx = context.Background()

// newHouse makes a house on the in-memory store, with ada and her notes in it.
func newHouse(t *testing.T, options ...policy.Option) *house {
	t.Helper()
	w := accounttest.New(t, myaccount.WithPolicy(options...))
	h := &house{World: w}
	h.over(w.DB.Policy(), options...)
	h.ada = w.Person("ada", policy.Work)
	h.put(contoso, note{ID: "n1", Owner: "ada", Text: "milk"}, note{ID: "n2", Owner: "ada", Text: "bread"})
	return h
}

// over rebuilds the doors over other rows, and keeps the notes.
func (h *house) over(rows store.Store[policy.AdminTx], options ...policy.Option) {
	var last atomic.Uint64
	ids := func() string { return "edit-" + strconv.FormatUint(last.Add(1), 10) }
	h.guard = policy.NewGuard(append([]policy.Option{policy.WithClock(h.Clock.Now), policy.WithIDs(ids)}, options...)...)
	var notes map[noteKey]note
	if h.notes != nil {
		notes = h.notes.notes
	}
	h.rows, h.notes = rows, &notebook{rows: rows, notes: notes}
	h.admin = policy.NewAdmin(h.guard, rows, []policy.Area{areaNotes, areaPrivate, areaHidden}, []policy.Setting{perHour, mayWrite, inColour})
	h.hosts = policy.NewHost(h.guard, rows)
	h.log = policy.NewLog(h.guard, rows)
}

func (h *house) put(t policy.TenantID, notes ...note) {
	if h.notes.notes == nil {
		h.notes.notes = make(map[noteKey]note)
	}
	for _, n := range notes {
		h.notes.notes[noteKey{t, n.ID}] = n
	}
}

func (h *house) text(id string) string { return h.notes.notes[noteKey{contoso, id}].Text }

// write is the body of an edit.
func write(text string) func(notesTx, *policy.Op, note) (note, policy.Change, error) {
	return func(tx notesTx, op *policy.Op, n note) (note, policy.Change, error) {
		n.Text = text
		rev, err := tx.PutNote(op.Actor.Tenant, n)
		n.Revision = rev
		return n, policy.Change{Subject: n.Owner, Revision: rev}, err
	}
}

// edit writes a note by way of Do.
func (h *house) edit(a policy.Actor, sp *noteSpec, id, text string, yes policy.Confirmation) error {
	_, err := policy.Do(ctx, h.guard, h.notes, a, sp, onNote(id), yes, write(text))
	return err
}

func onNote(id string) policy.Target { return policy.On("note", id) }

// since are the events that fn leaves behind in contoso.
func (h *house) since(fn func()) []policy.Event {
	h.T.Helper()
	var last uint64
	for _, e := range h.Events(contoso) {
		last = max(last, e.Seq)
	}
	fn()
	var left []policy.Event
	for _, e := range h.Events(contoso) {
		if e.Seq > last {
			left = append(left, e)
		}
	}
	return left
}

// sameEvents compares events but for their place in the log, which the store gives, and the operation's id.
func sameEvents(t *testing.T, want, got []policy.Event) {
	t.Helper()
	require.Empty(t, cmp.Diff(want, got, cmpopts.IgnoreFields(policy.Event{}, "Seq", "Operation"),
		cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})))
	for _, e := range got {
		require.NotZero(t, e.Seq)
		require.NotEmpty(t, e.Operation)
	}
}

// refused checks that err is a refusal with a code, and gives it.
func refused(t *testing.T, err error, code policy.Code, why ...any) policy.Denied {
	t.Helper()
	var d *policy.Denied
	require.ErrorAs(t, err, &d, why...)
	require.Equal(t, code, d.Reason().Code, why...)
	require.False(t, d.Allowed, why...)
	return *d
}

// invalid checks that err names a field.
func invalid(t *testing.T, err error, field string) {
	t.Helper()
	var i *policy.Invalid
	require.ErrorAs(t, err, &i)
	require.Equal(t, field, i.Field)
	require.NotEmpty(t, i.Problem)
}

// session puts a session into the store, of one factor and just seen if nothing else is said.
func (h *house) session(s policy.Session) {
	h.T.Helper()
	if s.AuthenticatedAt.IsZero() {
		s.Level, s.AuthenticatedAt, s.SeenAt = policy.AAL1, s.StartedAt, s.StartedAt
	}
	require.NoError(h.T, h.DB.Policy().Update(ctx, func(tx policy.AdminTx) error {
		_, err := tx.PutSession(s)
		return err
	}))
}

// standing puts ada's standing as change makes it.
func (h *house) standing(change func(*policy.Standing)) {
	h.T.Helper()
	require.NoError(h.T, h.DB.Policy().Update(ctx, func(tx policy.AdminTx) error {
		st, err := tx.Standing(contoso, "ada")
		if err != nil {
			return err
		}
		change(&st)
		_, err = tx.PutStanding(st)
		return err
	}))
}

// errBroken is a store's trouble.
var errBroken = errors.New("the disk is on fire")

// Proofs at a time.
func proofs(at time.Time, factors ...policy.Factor) []policy.Proof {
	out := make([]policy.Proof, len(factors))
	for i, f := range factors {
		out[i] = policy.Proof{Factor: f, At: at}
	}
	return out
}
