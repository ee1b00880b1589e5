package maxmind_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/adapters/internal/opendata"
	"github.com/seed4b20689c/myaccount/adapters/maxmind"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// written makes a database with MaxMind's own writer.
func written(t testing.TB, kind string, ipVersion int, records map[string]mmdbtype.DataType) []byte {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, IPVersion: ipVersion, RecordSize: 24, BuildEpoch: 1,
		Description: map[string]string{"en": "a sample"}})
	require.NoError(t, err)
	for network, r := range records {
		_, ipNet, err := net.ParseCIDR(network)
		require.NoError(t, err)
		require.NoError(t, tree.Insert(ipNet, r))
	}
	var b bytes.Buffer
	_, err = tree.WriteTo(&b)
	require.NoError(t, err)
	return b.Bytes()
}

func named(name string) mmdbtype.Map {
	return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(name), "de": mmdbtype.String("auf Deutsch " + name)}}
}

func location(latitude, longitude float64) mmdbtype.Map {
	return mmdbtype.Map{"latitude": mmdbtype.Float64(latitude), "longitude": mmdbtype.Float64(longitude)}
}

func country(code string) mmdbtype.Map { return mmdbtype.Map{"iso_code": mmdbtype.String(code)} }

// sample is the project's own database, and what it holds.
func sample(t testing.TB) source {
	return source{
		data: written(t, "GeoLite2-City", 6, map[string]mmdbtype.DataType{
			"81.2.69.160/27": mmdbtype.Map{
				"city": named("London"), "country": country("GB"), "location": location(51.5142, -0.0931),
				"subdivisions": mmdbtype.Slice{named("England"), named("Greater London")},
			},
			"2a02:ff40::/29": mmdbtype.Map{"country": country("IM"), "registered_country": country("GB")},
			"175.16.199.0/24": mmdbtype.Map{"registered_country": country("CN"), "location": mmdbtype.Map{"latitude": mmdbtype.Float64(43.88)},
				"subdivisions": mmdbtype.Slice{}},
			"216.160.83.56/29": mmdbtype.Map{"location": location(0, 0)},
		}),
		want: map[netip.Prefix]signins.Place{
			netip.MustParsePrefix("81.2.69.160/27"): {City: "London", Region: "England", Country: "GB",
				Located: true, Latitude: 51.5142, Longitude: -0.0931},
			netip.MustParsePrefix("2a02:ff40::/29"):   {Country: "IM"},
			netip.MustParsePrefix("175.16.199.0/24"):  {},
			netip.MustParsePrefix("216.160.83.56/29"): {Located: true},
		},
	}
}

// source is a database and what it holds.
type source struct {
	data []byte
	want map[netip.Prefix]signins.Place
}

// sources gives the project's own sample and, where it is present, MaxMind's test database.
func sources(t testing.TB) []source {
	all := []source{sample(t)}
	if dir, ok := opendata.Dir(); ok {
		all = append(all, published(t, filepath.Join(dir, "maxmind", "GeoLite2-City-Test")))
	}
	return all
}

// published reads a test database and the JSON that MaxMind writes it from.
func published(t testing.TB, path string) source {
	data, err := os.ReadFile(path + ".mmdb")
	require.NoError(t, err)
	from, err := os.ReadFile(path + ".json")
	require.NoError(t, err)
	type place struct {
		Names map[string]string `json:"names"`
		Code  string            `json:"iso_code"`
	}
	var networks []map[netip.Prefix]struct {
		City         place   `json:"city"`
		Country      place   `json:"country"`
		Subdivisions []place `json:"subdivisions"`
		At           struct {
			Latitude  *float64 `json:"latitude"`
			Longitude *float64 `json:"longitude"`
		} `json:"location"`
	}
	require.NoError(t, json.Unmarshal(from, &networks))
	s := source{data, map[netip.Prefix]signins.Place{}}
	for _, one := range networks {
		for network, r := range one {
			p := signins.Place{City: r.City.Names["en"], Country: r.Country.Code}
			if len(r.Subdivisions) > 0 {
				p.Region = r.Subdivisions[0].Names["en"]
			}
			if r.At.Latitude != nil && r.At.Longitude != nil {
				p.Located, p.Latitude, p.Longitude = true, *r.At.Latitude, *r.At.Longitude
			}
			s.want[network] = p
		}
	}
	require.Greater(t, len(s.want), 200)
	return s
}

func opened(t testing.TB, data []byte) *maxmind.Database {
	d, err := maxmind.FromBytes(data)
	require.NoError(t, err)
	return d
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

func TestEveryPlaceOfADatabaseIsToldAsItsSourceHasIt(t *testing.T) {
	for _, s := range sources(t) {
		d := opened(t, s.data)
		require.NoError(t, d.Verify())
		for network, want := range s.want {
			for _, a := range []netip.Addr{network.Addr(), last(network)} {
				got, err := d.Locate(a)
				require.NoError(t, err)
				require.Empty(t, cmp.Diff(want, got), "%s of %s", a, network)
			}
		}
	}
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func TestAnAddressThatTheDatabaseDoesNotHaveIsNowhere(t *testing.T) {
	d := opened(t, sample(t).data)
	for _, a := range []netip.Addr{{}, addr("81.2.69.192"), addr("127.0.0.1"), addr("::"), addr("2001:db8::1"), addr("fe80::1%eth0")} {
		got, err := d.Locate(a)
		require.NoError(t, err, a)
		require.Zero(t, got, a)
	}
	fourOnly := opened(t, written(t, "GeoLite2-City", 4, map[string]mmdbtype.DataType{"81.2.69.160/27": mmdbtype.Map{"city": named("London")}}))
	got, err := fourOnly.Locate(addr("2a02:ff40::1"))
	require.NoError(t, err)
	require.Zero(t, got)
	for _, a := range []string{"81.2.69.160", "::ffff:81.2.69.160"} {
		got, err = fourOnly.Locate(addr(a))
		require.NoError(t, err)
		require.Equal(t, "London", got.City)
	}
}

func TestAnAddressIsTheSameInWhicheverWayItIsWritten(t *testing.T) {
	d := opened(t, sample(t).data)
	for _, a := range []string{"81.2.69.161", "::ffff:81.2.69.161", "::ffff:81.2.69.161%eth0"} {
		got, err := d.Locate(addr(a))
		require.NoError(t, err, a)
		require.Equal(t, "London, GB", got.String(), a)
	}
	got, err := d.Locate(addr("2a02:ff40::1%a zone\nof free text"))
	require.NoError(t, err)
	require.Equal(t, "IM", got.Country)
}

func TestAFileIsOpenedAndARefusedOneIsNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "places.mmdb")
	data := sample(t).data
	require.NoError(t, os.WriteFile(path, data, 0o600))
	d, err := maxmind.Open(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, 0), "a file that changes while it is in use changes nothing")
	got, err := d.Locate(addr("81.2.69.161"))
	require.NoError(t, err)
	require.Equal(t, "London", got.City)

	_, err = maxmind.Open(path)
	require.ErrorContains(t, err, "no whole database")
	require.ErrorContains(t, err, path)
	_, err = maxmind.Open(filepath.Join(dir, "missing.mmdb"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = maxmind.Open(dir)
	require.Error(t, err)
}

func TestADatabaseOfOtherRecordsIsRefused(t *testing.T) {
	owners := [][]byte{written(t, "GeoLite2-ASN", 6, map[string]mmdbtype.DataType{
		"1.0.0.0/24": mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(15169)}})}
	if dir, ok := opendata.Dir(); ok {
		data, err := os.ReadFile(filepath.Join(dir, "maxmind", "GeoLite2-ASN-Test.mmdb"))
		require.NoError(t, err)
		owners = append(owners, data)
	}
	for _, data := range owners {
		_, err := maxmind.FromBytes(data)
		require.ErrorContains(t, err, `of type "GeoLite2-ASN"`)
	}
	for _, kind := range []string{"GeoIP2-City-Europe", "GeoIP2-Enterprise", "GeoLite2-Country", "DBIP-City-Lite"} {
		opened(t, written(t, kind, 6, nil))
	}
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	marker := "\xAB\xCD\xEFMaxMind.com"
	for _, data := range []string{"", "\x00", "PK\x03\x04", strings.Repeat("\x00", 4096), marker, strings.Repeat(marker, 9),
		marker + "\xe0", marker + "\xe9", marker + "\xff\xff\xff\xff"} {
		_, err := maxmind.FromBytes([]byte(data))
		require.ErrorContains(t, err, "maxmind:", "%.20q", data)
	}
}

func TestADatabaseThatWasCutShortIsRefused(t *testing.T) {
	for _, s := range sources(t) {
		for n := 0; n < len(s.data); n += 1 + len(s.data)/4000 {
			_, err := maxmind.FromBytes(s.data[:n:n])
			require.Error(t, err, "the first %d of %d bytes", n, len(s.data))
		}
	}
}

func TestADamagedDatabaseGivesAnErrorOrAPlaceThatCanBeRecorded(t *testing.T) {
	for _, s := range sources(t) {
		tells, fails := 0, 0
		for at := 0; at < len(s.data); at += 1 + len(s.data)/8000 {
			damaged := bytes.Clone(s.data)
			damaged[at] ^= []byte{0x01, 0x80, 0xff}[(at+at/3)%3]
			d, err := maxmind.FromBytes(damaged)
			if err != nil {
				continue
			}
			for _, a := range []string{"81.2.69.161", "175.16.199.1", "2a02:ff40::1", "216.160.83.57", "1.1.1.1"} {
				p, err := d.Locate(addr(a))
				if err != nil {
					require.Zero(t, p)
					fails++
					continue
				}
				recordable(t, p)
				tells++
			}
		}
		require.Positive(t, fails)
		require.Positive(t, tells)
	}
}

// recordable demands what signins.Record and signins.NewSession demand of a place.
func recordable(t testing.TB, p signins.Place) {
	for _, text := range []string{p.City, p.Region, p.Country, p.String()} {
		require.NoError(t, policy.CheckText("place", text, signins.MaxText))
	}
	require.LessOrEqual(t, math.Abs(p.Latitude), 90.0)
	require.LessOrEqual(t, math.Abs(p.Longitude), 180.0)
}

func TestARecordThatNoSignInCouldHoldIsAnError(t *testing.T) {
	for what, r := range map[string]mmdbtype.DataType{
		"a name with a line end":      mmdbtype.Map{"city": named("Lon\ndon")},
		"a name that reorders":        mmdbtype.Map{"city": named("\u202eLondon")},
		"a name that is too long":     mmdbtype.Map{"subdivisions": mmdbtype.Slice{named(strings.Repeat("x", signins.MaxText+1))}},
		"names too long together":     mmdbtype.Map{"city": named(strings.Repeat("x", signins.MaxText-3)), "country": country("GB")},
		"a name in broken UTF-8":      mmdbtype.Map{"city": named("\xff")},
		"a country's name":            mmdbtype.Map{"country": country("Germany")},
		"a country in small letters":  mmdbtype.Map{"country": country("de")},
		"a latitude beyond the pole":  mmdbtype.Map{"location": location(90.1, 0)},
		"a longitude once around":     mmdbtype.Map{"location": location(0, -180.1)},
		"a latitude that is none":     mmdbtype.Map{"location": location(math.NaN(), 0)},
		"a city that is a number":     mmdbtype.Map{"city": mmdbtype.Uint32(1)},
		"a record that is a text":     mmdbtype.String("London"),
		"subdivisions that are a map": mmdbtype.Map{"subdivisions": mmdbtype.Map{}},
	} {
		d := opened(t, written(t, "GeoLite2-City", 6, map[string]mmdbtype.DataType{"81.2.69.160/27": r}))
		p, err := d.Locate(addr("81.2.69.161"))
		require.ErrorContains(t, err, "maxmind:", what)
		require.Zero(t, p, what)
	}
}

func TestAClosedDatabaseSaysSoAndStopsNobodyMidway(t *testing.T) {
	d := opened(t, sample(t).data)
	london, err := d.Locate(addr("81.2.69.161"))
	require.NoError(t, err)
	var all sync.WaitGroup
	var wrong atomic.Int64
	for range 8 {
		all.Go(func() {
			p, err := d.Locate(addr("81.2.69.161"))
			for ; err == nil; p, err = d.Locate(addr("81.2.69.161")) {
				if p != london {
					wrong.Add(1)
				}
			}
			if !errors.Is(err, maxmind.ErrClosed) {
				wrong.Add(1)
			}
		})
	}
	require.NoError(t, d.Close())
	all.Wait()
	require.Zero(t, wrong.Load())
	_, err = d.Locate(addr("81.2.69.161"))
	require.ErrorIs(t, err, maxmind.ErrClosed)
	require.ErrorIs(t, d.Verify(), maxmind.ErrClosed)
	require.NoError(t, d.Close(), "twice is as good as once")
}

func TestVerifyFindsWhatOpeningDoesNotRead(t *testing.T) {
	data := sample(t).data
	at := bytes.Index(data, []byte("London"))
	require.Positive(t, at)
	data[at] = 0xff
	require.Error(t, opened(t, data).Verify())
}

func FuzzFromBytes(f *testing.F) {
	data := sample(f).data
	f.Add(data, []byte{81, 2, 69, 161})
	f.Add(data[:len(data)/2], []byte{})
	f.Add(written(f, "GeoLite2-Country", 4, nil), []byte{0x2a, 0x02, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data, address []byte) {
		d, err := maxmind.FromBytes(data)
		if err != nil {
			return
		}
		a, _ := netip.AddrFromSlice(address)
		if p, err := d.Locate(a); err == nil {
			recordable(t, p)
		}
	})
}
