// Package maxmind tells where an address is from a database in MaxMind's format: GeoLite2 City, GeoIP2 City,
// Enterprise or Country, and those of others that keep to the same records.
//
// The database is the host's to get, to keep current and to have a licence for. To change to a newer one, open
// it, use it instead, and close the old one.
package maxmind

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// ErrClosed says that a database was closed.
var ErrClosed = errors.New("maxmind: the database is closed")

// Database is a [signins.Locator]. It is safe for concurrent use. Get one from [Open] or [FromBytes].
type Database struct {
	reader atomic.Pointer[maxminddb.Reader]
}

var _ signins.Locator = (*Database)(nil)

// Open reads the database in a file. The whole file is read into memory rather than mapped: a program with a
// mapped file dies when somebody shortens the file.
func Open(path string) (*Database, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("maxmind: %w", err)
	}
	d, err := FromBytes(data)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, path)
	}
	return d, nil
}

// FromBytes reads a database that is in memory already. It keeps data, which must not be changed any more.
//
// What is no database, is cut short, or holds other records (of networks' owners, say) is an error. Single
// records are looked at when they are asked for: see [Database.Verify].
func FromBytes(data []byte) (*Database, error) {
	reader, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("maxmind: this is no whole database: %w", err)
	}
	if kind := reader.Metadata.DatabaseType; !hasPlaces(kind) {
		return nil, fmt.Errorf("maxmind: want a database of cities or countries, and this one is of type %.64q", kind)
	}
	d := &Database{}
	d.reader.Store(reader)
	return d, nil
}

// hasPlaces reports whether records of databases of this type say where an address is.
func hasPlaces(kind string) bool {
	for _, of := range []string{"City", "Enterprise", "Country"} {
		if strings.Contains(kind, of) {
			return true
		}
	}
	return false
}

// Close lets go of the database: looking something up is [ErrClosed] from then on. What is being looked up
// meanwhile is still found.
func (d *Database) Close() error {
	d.reader.Store(nil)
	return nil
}

// Verify reads the whole database and says what is wrong with it. It takes seconds for a large one; call it
// once after a download. What fails here may still serve: [Database.Locate] checks what it reads.
func (d *Database) Verify() error {
	reader := d.reader.Load()
	if reader == nil {
		return ErrClosed
	}
	if err := reader.Verify(); err != nil {
		return fmt.Errorf("maxmind: %w", err)
	}
	return nil
}

// record is what is read of a database's record.
type record struct {
	City struct {
		Names names `maxminddb:"names"`
	} `maxminddb:"city"`
	Subdivisions []struct {
		Names names `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Location struct {
		Latitude  *float64 `maxminddb:"latitude"`
		Longitude *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

// names has a place's English name, the only one that every place has.
type names struct {
	English string `maxminddb:"en"`
}

// Locate gives approximately where addr is: names in English, and as the region the largest part of the
// country. It gives the zero Place for an address that the database does not have.
func (d *Database) Locate(addr netip.Addr) (signins.Place, error) {
	reader := d.reader.Load()
	if reader == nil {
		return signins.Place{}, ErrClosed
	}
	addr = addr.Unmap()
	if !addr.IsValid() || addr.Is6() && reader.Metadata.IPVersion == 4 {
		return signins.Place{}, nil
	}
	var r record
	if err := reader.Lookup(addr).Decode(&r); err != nil {
		return signins.Place{}, fmt.Errorf("maxmind: %w", err)
	}
	p := r.place()
	if err := check(p); err != nil {
		return signins.Place{}, fmt.Errorf("maxmind: the database is damaged: %w", err)
	}
	return p, nil
}

func (r *record) place() signins.Place {
	p := signins.Place{City: r.City.Names.English, Country: r.Country.Code}
	if len(r.Subdivisions) > 0 {
		p.Region = r.Subdivisions[0].Names.English
	}
	if at := r.Location; at.Latitude != nil && at.Longitude != nil {
		p.Located, p.Latitude, p.Longitude = true, *at.Latitude, *at.Longitude
	}
	return p
}

// check refuses what no sign-in could be recorded with, so that a damaged database stops no recording.
func check(p signins.Place) error {
	for _, t := range []struct{ field, value string }{{"city", p.City}, {"region", p.Region}, {"country", p.Country},
		{"place", p.String()}} { // as a session has it
		if err := policy.CheckText(t.field, t.value, signins.MaxText); err != nil {
			return err
		}
	}
	if p.Country != "" && !isCode(p.Country) {
		return fmt.Errorf("country: %.16q is no ISO 3166-1 alpha-2 code", p.Country)
	}
	return p.Check()
}

func isCode(country string) bool {
	return len(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z'
}
