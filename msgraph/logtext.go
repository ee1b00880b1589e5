package msgraph

import (
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// maxProse is how many characters a text in sentences may have. More than [signins.MaxText] of them are cut off.
const maxProse = 4096

// told reads an identifier, or nothing if what stands there names nothing.
func (o *object) told(name string) string {
	switch o.label(name) {
	case "", "Unknown", "unknown", "{PII Removed}", "00000000-0000-0000-0000-000000000000": // the user of a name that does not exist
		return ""
	}
	return o.id(name)
}

// known reads a text that people see, or nothing if it only says that nothing is known. Strangers wrote it too: see
// cleaned.
func (o *object) known(name string) string {
	switch s := o.cleaned(name); s {
	case "Unknown", "unknown", "{PII Removed}": // the last stands for what another directory keeps to itself
		return ""
	default:
		return s
	}
}

// prose reads a text in sentences, on one line and not too long.
func (o *object) prose(name string) string {
	s := o.text(name)
	if strings.ContainsAny(s, "\t\r\n") {
		s = strings.Join(strings.Fields(s), " ")
	}
	o.check(policy.CheckText(name, s, maxProse))
	return policy.CleanText(s, signins.MaxText)
}

// cleaned reads a text that strangers wrote. It cannot be refused, or they could keep their attempts out of the log.
func (o *object) cleaned(name string) string {
	raw := o.get(name)
	var s string
	if raw != nil && json.Unmarshal(raw, &s) != nil {
		o.refuse(name, "is not a string")
	}
	return policy.CleanText(s, signins.MaxText)
}

func (o *object) address(name string) netip.Addr {
	s := o.text(name)
	if s == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		o.refuse(name, "is no IP address")
	}
	return a.WithZone("").Unmap()
}
