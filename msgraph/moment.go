package msgraph

import (
	"strings"
	"time"
)

// Writings of a time. Where one has no zone it is UTC, and seconds may have a fraction in all.
var (
	graphTimes = []string{time.RFC3339, "2006-01-02T15:04:05"}
	// logTimes are also those of Azure Monitor's events and of tables that were saved from a browser. A time of
	// the last kind is read with AM and PM only, in capitals: others write the day before the month.
	logTimes = append(graphTimes[:2:2], "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05",
		"1/2/2006, 3:04:05 PM", "1/2/2006 3:04:05 PM", "1/2/2006 3:04:05 PM -07:00")
)

// spaces are those that browsers put before AM and PM.
var spaces = strings.NewReplacer("\u202f", " ", "\u00a0", " ")

// moment reads a time as Graph writes it; zero if it is missing.
func (o *object) moment(name string) time.Time {
	return o.time(name, graphTimes, "is not a time such as 2026-01-05T09:00:00Z")
}

// logged reads a time as the systems that keep sign-in logs write it; zero if it is missing.
func (o *object) logged(name string) time.Time {
	return o.time(name, logTimes, "is not a time such as 2026-01-05T09:00:00Z, 2026-01-05 09:00:00 or 1/5/2026, 9:00:00 AM")
}

func (o *object) time(name string, writings []string, problem string) time.Time {
	s := o.text(name)
	if s == "" {
		return time.Time{}
	}
	for _, layout := range writings {
		at, err := time.Parse(layout, spaces.Replace(s))
		if err != nil {
			continue
		}
		if at = at.UTC(); at.Year() < 1 || at.Year() > 9999 { // the offset carried it over the edge
			o.refuse(name, "lies outside the years 1 to 9999")
		}
		return at
	}
	o.refuse(name, problem)
	return time.Time{}
}
