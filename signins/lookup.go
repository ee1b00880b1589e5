package signins

import (
	"net/netip"

	"github.com/seed4b20689c/myaccount/policy"
)

// A Locator tells where an address is. The host asks it before [Host.Start] and before it records an attempt to sign in,
// and puts the answer into [NewSession] and [Record]; nothing inside a transaction looks anything up, so that a slow or
// broken look-up holds no writer and a transaction that runs again says the same.
//
// Package adapters/maxmind reads MaxMind's databases.
type Locator interface {
	// Locate gives approximately where addr is, and the zero Place for an address that it does not know, an
	// invalid one included. An error means trouble with the source, never with the address: the host goes on
	// without a place. A Place, and its String, hold to what [Record] and [NewSession] demand.
	Locate(addr netip.Addr) (Place, error)
}

// An AgentReader tells browser and system from the User-Agent header of a request, in the words that a person
// recognizes. As with a [Locator], the host asks it before [Host.Start] and before it records an attempt.
//
// Package adapters/useragent reads with the patterns of the field.
type AgentReader interface {
	// ReadAgent fills Browser, such as "Firefox 133", and System, such as "Windows 10", and leaves empty what
	// it does not know; Application is the host's to say. It never fails: userAgent may be any bytes of any
	// length, since whoever makes a request chooses it. So what it tells helps a person to recognize what
	// they did, and proves nothing. Its texts are short, at most [MaxText], without control and reordering
	// characters; who shows them escapes them.
	ReadAgent(userAgent string) policy.Client
}
