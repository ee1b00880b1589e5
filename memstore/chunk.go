package memstore

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"net/netip"
	"sort"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// maxChunk is how many records a chunk has at the most. An entry of an index costs as much as several packed
// records, so few per chunk waste memory; many make each write copy more.
const maxChunk = 64

// chunk is a run of an account's sign-in records in the order of their list, packed. It is never changed once
// it is made.
//
// One person's records are full of the same words, so each different string stands once in text, and records
// hold its number. A field that is read is a part of text, which costs no allocation; whoever keeps it keeps
// the text of the chunk.
type chunk struct {
	records []packed
	// ends tells where the strings end in text: string n goes from ends[n-1] to ends[n]. After the last come
	// the marks, a byte for each record.
	ends []uint32
	text string
}

// ref is the number of a string of a chunk; 0 is the empty string.
type ref uint16

// The strings of every chunk begin with what all of its records share.
const (
	tenantRef ref = 1 + iota
	accountRef
)

// packed is a record. It has no pointers, so the collector need not look at it. What goes together is one
// string: what the person signed in from, where that was, the steps, the answer; see [packer].
type packed struct {
	at                                int64 // microseconds since 1970
	revision                          store.Revision
	id, application, resource         ref
	from, where, session, correlation ref
	code, failure, steps, answer      ref
	outcome                           signins.Outcome
	risk                              policy.Risk
}

// Flags of the first byte of where, and of each step.
const (
	anonymized = 1 << iota
	located
	coordinates // are not zero, and follow
)

const (
	primary = 1 << iota
	succeeded
	timed // has a time, which follows
)

// maxRecord is how long the texts of a record are together at the most: more than the room lets through, and so
// little that a chunk of the greatest records can be counted in the numbers that it uses.
const maxRecord = 1 << 20

// packable refuses a record that no chunk could hold. None that package signins lets through is refused.
func packable(s *signins.SignIn) error {
	size := len(s.Tenant) + len(s.Account) + len(s.ID) + len(s.Application) + len(s.Resource) + len(s.ClientApp) + len(s.Browser) +
		len(s.System) + len(s.Address.Zone()) + len(s.Place.City) + len(s.Place.Region) + len(s.Place.Country) +
		len(s.Device) + len(s.DeviceName) + len(s.Session) + len(s.Correlation) + len(s.Failure)
	for _, st := range s.Steps {
		size += len(st.Method) + len(st.Detail)
	}
	if len(s.Steps) > signins.MaxSteps || size > maxRecord {
		return fmt.Errorf("memstore: a sign-in record with %d steps and %d bytes of text; up to %d and %d are kept",
			len(s.Steps), size, signins.MaxSteps, maxRecord)
	}
	return nil
}

// packAll makes a chunk of records of one account that are in order.
func packAll(all []signins.SignIn) *chunk {
	p := packer{base: &chunk{ends: []uint32{0}}}
	p.add(string(all[0].Tenant))
	p.add(string(all[0].Account))
	records, marks := make([]packed, len(all)), make([]byte, len(all))
	var near packed
	for i := range all {
		records[i], marks[i] = p.pack(&all[i], &near), mark(all[i].ID)
		near = records[i]
	}
	return p.chunk(records, string(marks))
}

// with is c with one more record, which is to stand at i. It copies what is there as it is.
func (c *chunk) with(i int, s *signins.SignIn) *chunk {
	p := packer{base: c}
	near := &c.records[min(i, len(c.records)-1)]
	records := make([]packed, len(c.records)+1) // no more than that: chunks grow one by one
	copy(records, c.records[:i])
	records[i] = p.pack(s, near)
	copy(records[i+1:], c.records[i:])
	marks := c.marks()
	return p.chunk(records, marks[:i]+string([]byte{mark(s.ID)})+marks[i:])
}

// all unpacks every record.
func (c *chunk) all() []signins.SignIn {
	list := make([]signins.SignIn, len(c.records))
	steps := make([]signins.Step, 0, c.stepsIn(0, len(list)))
	for i := range list {
		steps = c.unpack(i, &list[i], steps)
	}
	return list
}

func (c *chunk) tenant() policy.TenantID   { return policy.TenantID(c.str(tenantRef)) }
func (c *chunk) account() policy.AccountID { return policy.AccountID(c.str(accountRef)) }
func (c *chunk) id(i int) signins.ID       { return signins.ID(c.str(c.records[i].id)) }
func (c *chunk) last() int                 { return len(c.records) - 1 }
func (c *chunk) full() bool                { return len(c.records) >= maxChunk }
func (c *chunk) marks() string             { return c.text[c.ends[len(c.ends)-1]:] }

func (c *chunk) str(r ref) string {
	if r == 0 {
		return ""
	}
	return c.text[c.ends[r-1]:c.ends[r]]
}

// markSeed keeps people from choosing ids whose marks are alike.
var markSeed = maphash.MakeSeed()

// mark is a byte that tells most ids apart, so that a search for an id looks at few of them.
func mark(id signins.ID) byte { return byte(maphash.String(markSeed, string(id))) }

// find gives where the record with an id stands, or -1.
func (c *chunk) find(id signins.ID, m byte) int {
	marks := c.marks()
	for from := 0; ; {
		at := strings.IndexByte(marks[from:], m)
		if at < 0 {
			return -1
		}
		if from += at; c.id(from) == id {
			return from
		}
		from++
	}
}

// spot is a place in an account's list: the newest first, then the least id.
type spot struct {
	at int64
	id signins.ID
}

func spotOf(s *signins.SignIn) spot { return spot{s.At.UnixMicro(), s.ID} }

func (p spot) compare(q spot) int { return cmp.Or(cmp.Compare(q.at, p.at), cmp.Compare(p.id, q.id)) }

func (c *chunk) spot(i int) spot { return spot{c.records[i].at, c.id(i)} }

// search gives the first record that does not come before a place.
func (c *chunk) search(p spot) int {
	return sort.Search(len(c.records), func(i int) bool { return c.spot(i).compare(p) >= 0 })
}

// before counts the records from before a time, which are the last ones.
func (c *chunk) before(t time.Time) int {
	n := len(c.records)
	return n - sort.Search(n, func(i int) bool { return micro(c.records[i].at).Before(t) })
}

// unpack writes record i into s, which is zero, and its steps to the end of steps, which it returns: so a page
// of records has one list of steps. No record can grow into the steps of the next.
func (c *chunk) unpack(i int, s *signins.SignIn, steps []signins.Step) []signins.Step {
	r := &c.records[i]
	s.Tenant, s.Account, s.ID = c.tenant(), c.account(), c.id(i)
	s.At, s.Revision = micro(r.at), r.revision
	s.Application, s.Resource = c.str(r.application), c.str(r.resource)
	s.Session, s.Correlation = policy.SessionID(c.str(r.session)), c.str(r.correlation)
	s.Failure, s.Outcome, s.Risk = c.str(r.failure), r.outcome, r.risk
	if r.from != 0 {
		in := unpacker{c, c.str(r.from)}
		s.ClientApp, s.Browser, s.System = in.str(), in.str(), in.str()
		s.Device, s.DeviceName = policy.DeviceID(in.str()), in.str()
	}
	if r.where != 0 {
		in := unpacker{c, c.str(r.where)}
		flags := in.byte()
		s.Anonymized, s.Place.Located = flags&anonymized != 0, flags&located != 0
		if flags&coordinates != 0 {
			s.Place.Latitude, s.Place.Longitude = in.float(), in.float()
		}
		s.Place.City, s.Place.Region, s.Place.Country = in.str(), in.str(), in.str()
		s.Address = address(in.rest)
	}
	if r.code != 0 {
		in := unpacker{c, c.str(r.code)}
		s.Code = int(in.varint())
	}
	if r.answer != 0 {
		in := unpacker{c, c.str(r.answer)}
		s.Answer, s.AnsweredAt = signins.Answer(in.byte()), micro(r.at+in.varint())
	}
	if r.steps == 0 {
		return steps
	}
	in, first := unpacker{c, c.str(r.steps)}, len(steps)
	for range in.uvarint() {
		flags := in.byte()
		st := signins.Step{Primary: flags&primary != 0, Succeeded: flags&succeeded != 0}
		if flags&timed != 0 {
			st.At = micro(r.at + in.varint())
		}
		st.Method, st.Detail = in.str(), in.str()
		steps = append(steps, st)
	}
	s.Steps = steps[first:len(steps):len(steps)]
	return steps
}

// stepsIn counts the steps of the records in a range.
func (c *chunk) stepsIn(from, to int) (n int) {
	for _, r := range c.records[from:to] {
		if r.steps != 0 {
			in := unpacker{c, c.str(r.steps)}
			n += int(in.uvarint())
		}
	}
	return n
}

func micro(at int64) time.Time { return time.UnixMicro(at).UTC() }

// address reads what an address was marshalled into.
func address(s string) (a netip.Addr) {
	switch len(s) {
	case 4:
		return netip.AddrFrom4([4]byte([]byte(s)))
	case 16:
		return netip.AddrFrom16([16]byte([]byte(s)))
	}
	if err := a.UnmarshalBinary([]byte(s)); err != nil {
		panic("memstore: " + err.Error()) // it was marshalled by this package
	}
	return a
}
