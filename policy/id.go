package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Identifiers are opaque to this library: compared byte for byte, never folded, trimmed or parsed. All
// obey [CheckID].
type (
	// TenantID names an organization, or the realm of personal accounts.
	TenantID string
	// AccountID names one person's account within a tenant.
	AccountID string
	// SessionID names one signed-in session of an account; it is never the session's token.
	SessionID string
	// DeviceID names one device within a tenant.
	DeviceID string
)

// MaxID is the longest identifier in bytes.
const MaxID = 128

// Invalid is the error for malformed input. Nothing was changed.
type Invalid struct {
	Field   string `json:"field"`   // the argument or field that is wrong
	Problem string `json:"problem"` // what is wrong with it and what would be right
}

// Error names the field and the problem.
func (e *Invalid) Error() string { return e.Field + ": " + e.Problem }

// Invalids are all that is wrong with one input, in the order of its fields; never empty. For [errors.As] it is the first.
type Invalids []*Invalid

// Error names the fields and the problems.
func (e Invalids) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives each.
func (e Invalids) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// CheckID tells whether value may be an identifier: 1 to [MaxID] bytes of valid UTF-8 without control characters, line
// separators and characters that reorder the text around them. Control characters and separators are refused because
// they split log lines and, in stores that join keys, could reach over into another tenant's rows; the others because
// whoever reads a log or confirms an action would read another identifier than the one that is there.
func CheckID[S ~string](field string, value S) error {
	s := string(value)
	switch {
	case s == "":
		return &Invalid{field, "is empty; want 1 to 128 bytes"}
	case len(s) > MaxID:
		return &Invalid{field, fmt.Sprintf("has %d bytes; want 1 to %d", len(s), MaxID)}
	case printableASCII(s): // nearly every identifier, and no rune needs decoding
		return nil
	case !utf8.ValidString(s):
		return &Invalid{field, "is not valid UTF-8"}
	}
	for i, r := range s {
		if hostile(r) {
			return &Invalid{field, fmt.Sprintf("has the character %U at byte %d; want none that controls or reorders text", r, i)}
		}
	}
	return nil
}

func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// CheckText tells whether value may be kept as a name or other short text that people gave: at most
// longest code points of valid UTF-8, without control characters, line separators and characters that
// reorder the text around them. Such text is shown as it is and never interpreted.
func CheckText(field, value string, longest int) error {
	if !utf8.ValidString(value) {
		return &Invalid{field, "is not valid UTF-8"}
	}
	if n := utf8.RuneCountInString(value); n > longest {
		return &Invalid{field, fmt.Sprintf("has %d characters; want at most %d", n, longest)}
	}
	for _, r := range value {
		if hostile(r) {
			return &Invalid{field, fmt.Sprintf("has the character %U; want text without control and reordering characters", r)}
		}
	}
	return nil
}

// CleanText makes a text that people or strangers gave into one that [CheckText] accepts, for records that must not be
// refused for their looks: what may not be in it becomes U+FFFD, and what is too long is cut.
func CleanText(value string, longest int) string {
	if CheckText("", value, longest) == nil {
		return value
	}
	clean := []rune(strings.Map(func(r rune) rune {
		if hostile(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(value, string(unicode.ReplacementChar))))
	if len(clean) > longest {
		clean = append(clean[:longest-1], '…')
	}
	return string(clean)
}

// hostile reports whether r is in no identifier and in no text: control characters, what separates lines and
// paragraphs, and what embeds, overrides or isolates a direction of writing (Unicode UAX 9), since such a character
// makes one name look like another. Marks and joiners, which scripts need, are not.
func hostile(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
