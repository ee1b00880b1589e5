package memstore

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/seed4b20689c/myaccount/signins"
)

// packer packs records into a chunk that begins with the strings of another.
type packer struct {
	base *chunk
	text []byte   // of the strings that base lacks
	ends []uint32 // theirs
}

// chunk gives the chunk of these records, each packed by p or of its base. It has no room to spare.
func (p *packer) chunk(records []packed, marks string) *chunk {
	ends := make([]uint32, len(p.base.ends)+len(p.ends))
	copy(ends[copy(ends, p.base.ends):], p.ends)
	var text strings.Builder
	text.Grow(int(ends[len(ends)-1]) + len(marks))
	text.WriteString(p.base.text[:p.offset()])
	text.Write(p.text)
	text.WriteString(marks)
	return &chunk{records, ends, text.String()}
}

// offset is where the first string of p's own begins.
func (p *packer) offset() uint32 { return p.base.ends[len(p.base.ends)-1] }

// add makes a string, whether or not there is one like it.
func (p *packer) add(s string) ref {
	p.text = append(p.text, s...)
	p.ends = append(p.ends, p.offset()+uint32(len(p.text)))
	return ref(len(p.base.ends) + len(p.ends) - 1)
}

// ref gives the number of a string, and makes it if there is none. The likely one is looked at first: that of a
// neighbouring record.
func (p *packer) ref(s string, likely ref) ref {
	switch {
	case s == "":
		return 0
	case likely != 0 && p.is(likely, s):
		return likely
	}
	n := uint32(len(s))
	ends := p.base.ends
	for i := 1; i < len(ends); i++ {
		if ends[i]-ends[i-1] == n && p.base.text[ends[i-1]:ends[i]] == s {
			return ref(i)
		}
	}
	for i := range p.ends {
		if r := ref(len(ends) + i); p.is(r, s) {
			return r
		}
	}
	return p.add(s)
}

// is reports whether a string is s.
func (p *packer) is(r ref, s string) bool {
	own := int(r) - len(p.base.ends)
	if own < 0 {
		return p.base.str(r) == s
	}
	begin := p.offset()
	if own > 0 {
		begin = p.ends[own-1]
	}
	return string(p.text[begin-p.offset():p.ends[own]-p.offset()]) == s
}

// pack packs a record; near is one whose strings it may share.
func (p *packer) pack(s *signins.SignIn, near *packed) packed {
	at := s.At.UnixMicro()
	r := packed{at: at, revision: s.Revision, outcome: s.Outcome, risk: s.Risk}
	if s.ID != "" {
		r.id = p.add(string(s.ID)) // it is like no other
	}
	r.application, r.resource = p.ref(s.Application, near.application), p.ref(s.Resource, near.resource)
	r.session, r.correlation = p.ref(string(s.Session), near.session), p.ref(s.Correlation, near.correlation)
	r.failure = p.ref(s.Failure, near.failure)
	var room [64]byte
	r.from = p.ref(string(p.from(room[:0], s)), near.from)
	r.where = p.ref(string(p.where(room[:0], s)), near.where)
	if s.Code != 0 {
		r.code = p.ref(string(binary.AppendVarint(room[:0], int64(s.Code))), near.code)
	}
	if s.Answer != 0 || !s.AnsweredAt.IsZero() {
		r.answer = p.ref(string(binary.AppendVarint(append(room[:0], byte(s.Answer)), s.AnsweredAt.UnixMicro()-at)), near.answer)
	}
	r.steps = p.ref(string(p.steps(room[:0], s.Steps, at)), near.steps)
	return r
}

// The strings that hold several fields. Each is empty if they all are.

func (p *packer) from(b []byte, s *signins.SignIn) []byte {
	if s.ClientApp == "" && s.Browser == "" && s.System == "" && s.Device == "" && s.DeviceName == "" {
		return nil
	}
	for _, t := range [...]string{s.ClientApp, s.Browser, s.System, string(s.Device), s.DeviceName} {
		b = p.str(b, t)
	}
	return b
}

func (p *packer) where(b []byte, s *signins.SignIn) []byte {
	latitude, longitude := math.Float64bits(s.Place.Latitude), math.Float64bits(s.Place.Longitude)
	flags := flag(s.Anonymized, anonymized) | flag(s.Place.Located, located) | flag(latitude != 0 || longitude != 0, coordinates)
	if flags == 0 && s.Place.City == "" && s.Place.Region == "" && s.Place.Country == "" && !s.Address.IsValid() {
		return nil
	}
	b = append(b, flags)
	if flags&coordinates != 0 {
		b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, latitude), longitude)
	}
	for _, t := range [...]string{s.Place.City, s.Place.Region, s.Place.Country} {
		b = p.str(b, t)
	}
	b, err := s.Address.AppendBinary(b)
	if err != nil {
		panic("memstore: " + err.Error()) // netip never gives one
	}
	return b
}

// steps have their times counted from the record's, which makes most of them alike.
func (p *packer) steps(b []byte, steps []signins.Step, at int64) []byte {
	if len(steps) == 0 {
		return nil
	}
	b = binary.AppendUvarint(b, uint64(len(steps)))
	for _, st := range steps {
		flags := flag(st.Primary, primary) | flag(st.Succeeded, succeeded) | flag(!st.At.IsZero(), timed)
		b = append(b, flags)
		if flags&timed != 0 {
			b = binary.AppendVarint(b, st.At.UnixMicro()-at)
		}
		b = p.str(p.str(b, st.Method), st.Detail)
	}
	return b
}

func (p *packer) str(b []byte, s string) []byte { return binary.AppendUvarint(b, uint64(p.ref(s, 0))) }

func flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

// unpacker reads what the packer wrote into a string.
type unpacker struct {
	c    *chunk
	rest string
}

func (u *unpacker) byte() byte {
	b := u.rest[0]
	u.rest = u.rest[1:]
	return b
}

func (u *unpacker) uvarint() (n uint64) {
	for i := 0; ; i++ {
		b := u.rest[i]
		n |= uint64(b&0x7F) << (7 * i)
		if b < 0x80 {
			u.rest = u.rest[i+1:]
			return n
		}
	}
}

// varint reads a number as binary.AppendVarint writes it, the sign in the lowest bit.
func (u *unpacker) varint() int64 {
	n := u.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) float() float64 {
	var b [8]byte
	u.rest = u.rest[copy(b[:], u.rest):]
	return math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
}

func (u *unpacker) str() string { return u.c.str(ref(u.uvarint())) }
