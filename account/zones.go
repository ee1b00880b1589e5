package account

import (
	_ "embed"
	"slices"
	"strings"
)

// zoneNames are the names of the IANA database as of Go 1.26, sorted, without what is no place's time: "Factory", and what
// hosts add to their copies, such as "localtime" and "right/". The list is the program's own, so that what is accepted
// is the same on every host, and no file is read inside a transaction.
//
//go:embed zones.txt
var zoneNames string

var zones = strings.Fields(zoneNames)

// TimeZones lists what [TimeZone] may be, sorted: names of the IANA database, older ones among them.
func TimeZones() []string { return slices.Clone(zones) }
