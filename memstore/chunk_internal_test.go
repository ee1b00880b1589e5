package memstore

import (
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// words are mostly those that records share, and otherwise any bytes: what the codec itself writes among them.
var words = rapid.OneOf(
	rapid.SampledFrom([]string{"", "", "Browser", "Edge 90.0.818", "Windows 10", "Berlin", "DE", "contoso", "ada", "1"}),
	rapid.SampledFrom([]string{"\x00", "\x00\x01", "\x01\x02\x03", "\x02\x04\x05\x06", "\xff\xfe", "\x80\x80", strings.Repeat("x", 300)}),
	rapid.String(),
	rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
)

var instants = rapid.Custom(func(t *rapid.T) time.Time {
	return rapid.OneOf(rapid.Just(time.Time{}), rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(
			time.Time{}.UnixMicro(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMicro()).Draw(t, "µs")).UTC()
	})).Draw(t, "time")
})

var numbers = rapid.OneOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 52.52, -180, math.SmallestNonzeroFloat64, math.Inf(1)}),
	rapid.Float64Range(-180, 180))

var addresses = rapid.OneOf(
	rapid.SampledFrom([]netip.Addr{{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"),
		netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("fe80::1%eth0"), netip.IPv6Unspecified()}),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) netip.Addr { return netip.AddrFrom16([16]byte(b)) }))

func record(t policy.TenantID, a policy.AccountID) *rapid.Generator[signins.SignIn] {
	return rapid.Custom(func(rt *rapid.T) signins.SignIn {
		word := func(what string) string { return words.Draw(rt, what) }
		s := signins.SignIn{Tenant: t, Record: signins.Record{ID: signins.ID(word("id")), Account: a, At: instants.Draw(rt, "at"),
			Application: word("application"), Resource: word("resource"), ClientApp: word("client app"), Browser: word("browser"), System: word("system"),
			Address: addresses.Draw(rt, "address"), Anonymized: rapid.Bool().Draw(rt, "anonymized"),
			Place: signins.Place{City: word("city"), Region: word("region"), Country: word("country"),
				Located: rapid.Bool().Draw(rt, "located"), Latitude: numbers.Draw(rt, "latitude"), Longitude: numbers.Draw(rt, "longitude")},
			Device: policy.DeviceID(word("device")), DeviceName: word("name"), Session: policy.SessionID(word("session")), Correlation: word("correlation"),
			Code: rapid.Int().Draw(rt, "code"), Failure: word("failure"), Risk: policy.Risk(rapid.Byte().Draw(rt, "risk"))},
			Outcome: signins.Outcome(rapid.Byte().Draw(rt, "outcome")), Answer: signins.Answer(rapid.Byte().Draw(rt, "answer")),
			AnsweredAt: instants.Draw(rt, "answered"), Revision: store.Revision(rapid.Uint64().Draw(rt, "revision"))}
		for range rapid.IntRange(0, 4).Draw(rt, "steps") {
			s.Steps = append(s.Steps, signins.Step{At: instants.Draw(rt, "step at"), Method: word("method"), Detail: word("detail"),
				Primary: rapid.Bool().Draw(rt, "primary"), Succeeded: rapid.Bool().Draw(rt, "succeeded")})
		}
		if rapid.Bool().Draw(rt, "bare") {
			s = signins.SignIn{Tenant: t, Record: signins.Record{ID: s.ID, Account: a, At: s.At}}
		}
		return s
	})
}

// exactly compares records to the bit, but for a list of no steps and none.
var exactly = cmp.Options{
	cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}),
	cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }),
}

func TestAPackedRecordIsUnpackedAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenant, account := policy.TenantID(words.Draw(t, "tenant")), policy.AccountID(words.Draw(t, "account"))
		all := rapid.SliceOfN(record(tenant, account), 1, 8).Draw(t, "records")
		c := packAll(all)
		sound(t, c)
		require.Empty(t, cmp.Diff(all, c.all(), exactly))
		require.Equal(t, tenant, c.tenant())
		require.Equal(t, account, c.account())

		more, at := record(tenant, account).Draw(t, "one more"), rapid.IntRange(0, len(all)).Draw(t, "at")
		with := c.with(at, &more)
		sound(t, with)
		require.Empty(t, cmp.Diff(slices.Insert(slices.Clone(all), at, more), with.all(), exactly), "with one more at %d", at)
		require.Empty(t, cmp.Diff(all, c.all(), exactly), "a chunk never changes")
	})
}

// sound fails for a chunk that keeps more than it needs: room to spare, or words that none of its records has.
func sound(t require.TestingT, c *chunk) {
	require.Equal(t, len(c.records), cap(c.records))
	require.Equal(t, len(c.ends), cap(c.ends))
	require.Len(t, c.marks(), len(c.records))
	used := map[ref]bool{tenantRef: true, accountRef: true}
	inside := func(in unpacker, n int) unpacker { // the next n strings
		for range n {
			used[ref(in.uvarint())] = true
		}
		return in
	}
	for _, r := range c.records {
		for _, s := range []ref{r.id, r.application, r.resource, r.from, r.where, r.session, r.correlation, r.code, r.failure, r.steps, r.answer} {
			used[s] = true
		}
		if r.from != 0 {
			inside(unpacker{c, c.str(r.from)}, 5)
		}
		if r.where != 0 {
			in := unpacker{c, c.str(r.where)}
			if in.byte()&coordinates != 0 {
				in.rest = in.rest[16:]
			}
			inside(in, 3)
		}
		if r.steps != 0 {
			in := unpacker{c, c.str(r.steps)}
			for range in.uvarint() {
				if in.byte()&timed != 0 {
					in.varint()
				}
				in = inside(in, 2)
			}
		}
	}
	for r := 1; r < len(c.ends); r++ {
		require.True(t, used[ref(r)], "nothing uses %q", c.str(ref(r)))
	}
}

func TestAWordThatRecordsShareIsKeptOnce(t *testing.T) {
	s := fullRecord(1, 1)
	alone := packAll([]signins.SignIn{s})
	for _, word := range []string{s.Application, s.Resource, s.Browser, string(s.Device), s.Place.City, s.Steps[1].Detail, string(s.Session)} {
		require.Equal(t, 1, strings.Count(alone.text, word), word)
	}
	next := s.Clone()
	next.ID, next.Correlation, next.At = "another", "of another", s.At.Add(time.Hour)
	next.Application, next.Resource, next.Failure = s.Resource, s.Application, next.Correlation // in other fields
	for i := range next.Steps {
		next.Steps[i].At = s.Steps[i].At.Add(time.Hour)
	}
	for name, c := range map[string]*chunk{"packed together": packAll([]signins.SignIn{next, s}), "added": alone.with(0, &next)} {
		require.Empty(t, cmp.Diff([]signins.SignIn{next, s}, c.all(), exactly), name)
		require.Len(t, c.ends, len(alone.ends)+2, "%s: two words more, its id and correlation", name)
	}
}

func TestARecordIsFoundByItsID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(words, 1, maxChunk, rapid.ID).Draw(t, "ids")
		all := make([]signins.SignIn, len(ids))
		for i, id := range ids {
			all[i].ID = signins.ID(id)
		}
		c := packAll(all)
		for i, id := range ids {
			require.Equal(t, i, c.find(signins.ID(id), mark(signins.ID(id))))
		}
		if other := words.Draw(t, "other"); !slices.Contains(ids, other) {
			for m := range 256 { // whatever its mark is in this process
				require.Equal(t, -1, c.find(signins.ID(other), byte(m)))
			}
		}
	})
}

func TestTheStepsOfOneRecordCannotGrowIntoTheNext(t *testing.T) {
	s := signins.SignIn{Record: signins.Record{Steps: []signins.Step{{Method: "Password"}, {Method: "Mobile app notification"}}}}
	all := packAll([]signins.SignIn{s, s}).all()
	_ = append(all[0].Steps, signins.Step{Method: "Overwritten"})
	require.Equal(t, s.Steps, all[1].Steps)
}

// TestTheGreatestChunkIsPacked is for as many different words as there can be, which records count in 16 bits.
func TestTheGreatestChunkIsPacked(t *testing.T) {
	n := 0
	word := func() string { n++; return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }
	all := make([]signins.SignIn, maxChunk+1) // as when it is split
	for i := range all {
		all[i] = signins.SignIn{Tenant: "contoso", Record: signins.Record{ID: signins.ID(word()), Account: "ada", Application: word(), Resource: word(),
			ClientApp: word(), Browser: word(), System: word(), Place: signins.Place{City: word(), Region: word(), Country: word(), Latitude: float64(n)},
			Device: policy.DeviceID(word()), DeviceName: word(), Session: policy.SessionID(word()), Correlation: word(), Code: n, Failure: word()},
			Answer: signins.ThisWasMe, AnsweredAt: micro(int64(n))}
		for range signins.MaxSteps {
			all[i].Steps = append(all[i].Steps, signins.Step{Method: word(), Detail: word(), At: micro(int64(n))})
		}
	}
	c := packAll(all)
	require.Empty(t, cmp.Diff(all, c.all(), exactly))
	require.Less(t, len(c.ends), 1<<16)
}
