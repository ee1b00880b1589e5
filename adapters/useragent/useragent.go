// Package useragent tells browser and system from a User-Agent header, with the patterns of uap-core, which
// many languages' parsers share. The patterns are compiled into the program: nothing is read or fetched.
//
// What the header says is limited by design. Browsers freeze parts of it: Windows 11 says that it is
// Windows 10, and every macOS since 10.15 that it is "Mac OS X 10.15".
package useragent

import (
	"fmt"
	"strings"

	"github.com/ua-parser/uap-go/uaparser"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

const (
	// MaxLength is how many bytes of a User-Agent are read. Those of known browsers end before it; the time that
	// an unknown one takes grows with its length, some 10 ms for one as long as this.
	MaxLength = 512
	// MaxName is the longest name of a browser or system in characters, its version included.
	MaxName = 64

	// remembered is how many User-Agents the parser keeps its answers to, of browsers and of systems each.
	remembered = 512
)

// Reader is a [signins.AgentReader]. It is safe for concurrent use. Get one from [New] and keep it.
type Reader struct {
	parser *uaparser.Parser
}

var _ signins.AgentReader = (*Reader)(nil)

// New makes a Reader. It compiles some hundreds of patterns, which takes a part of a second.
func New() (*Reader, error) {
	parser, err := uaparser.New(uaparser.WithCacheSize(remembered), uaparser.WithMode(uaparser.EOsLookUpMode|uaparser.EUserAgentLookUpMode))
	if err != nil {
		return nil, fmt.Errorf("useragent: %w", err)
	}
	parser.Device = nil // the larger half of the patterns, and nobody asks for devices
	return &Reader{parser}, nil
}

// ReadAgent gives a browser with its major version, such as "Firefox 133", and a system with the version that
// people call it by, such as "Windows 10", "Windows 8.1" or "Android 14". Both are printable ASCII, at most
// [MaxName]; empty is what the patterns do not know. A program that is no browser counts as one, such as
// "curl 8".
func (r *Reader) ReadAgent(userAgent string) policy.Client {
	line := readable(userAgent)
	// One after the other: Parse starts a goroutine for each, whose panic nobody could recover from.
	browser, system := r.parser.ParseUserAgent(line), r.parser.ParseOs(line)
	return policy.Client{
		Browser: name(browser.Family, browser.Major, ""),
		System:  name(system.Family, system.Major, system.Minor),
	}
}

// readable is what is read of a User-Agent: its first bytes, and of those printable ASCII, which is all that
// RFC 9110 (section 5.5) lets senders use. Everything else becomes a space.
func readable(userAgent string) string {
	line := []byte(userAgent[:min(len(userAgent), MaxLength)])
	for i, c := range line {
		if c < ' ' || c > '~' {
			line[i] = ' '
		}
	}
	return strings.TrimSpace(string(line))
}

// other is what the patterns call what they do not know.
const other = "Other"

func name(family, major, minor string) string {
	if family = strings.TrimSpace(family); family == "" || family == other {
		return ""
	}
	name := family
	if major != "" {
		name += " " + major
		if minor != "" && minor != "0" {
			name += "." + minor
		}
	}
	return strings.TrimSpace(name[:min(len(name), MaxName)])
}
