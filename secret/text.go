package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what a [Text] prints as, whatever is in it.
const Redacted = "[redacted]"

// Text is a secret string. It prints, logs and marshals as [Redacted], cannot be compared with ==,
// and is opened only by [Text.Reveal]. The zero Text is empty.
type Text struct {
	// A function, so that what prints unexported fields or follows pointers (package fmt where it may not
	// call methods, a test's diff of two structs) meets an address and not the secret, and so that == does
	// not compile: secrets are compared by Equal, in constant time.
	reveal func() string
}

// NewText wraps s.
func NewText(s string) Text { return Text{func() string { return s }} }

// Reveal returns the secret itself. Whoever calls it answers for where the value goes.
func (t Text) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return t.reveal()
}

// Empty reports whether there is nothing in t.
func (t Text) Empty() bool { return t.Reveal() == "" }

// Equal compares in a time that depends on the lengths only.
func (t Text) Equal(other Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
}

// String returns [Redacted].
func (Text) String() string { return Redacted }

// GoString returns [Redacted].
func (Text) GoString() string { return Redacted }

// Format writes [Redacted] for every verb and flag.
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) } // a fmt.State keeps its own errors

// LogValue returns [Redacted].
func (Text) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText returns [Redacted]: a secret that is to leave the program leaves by [Text.Reveal].
func (Text) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalText reads a secret, for example out of a request body. It refuses [Redacted], which can
// only come from a secret that was marshalled by mistake.
func (t *Text) UnmarshalText(b []byte) error {
	if string(b) == Redacted {
		return errors.New("secret: the text was redacted when it was written")
	}
	*t = NewText(string(b))
	return nil
}

// GobEncode fails: a secret is never stored in the clear.
func (Text) GobEncode() ([]byte, error) {
	return nil, errors.New("secret: a secret text is not encoded; seal or hash it")
}

// GobDecode fails, as [Text.GobEncode] does.
func (*Text) GobDecode([]byte) error {
	return errors.New("secret: a secret text is not decoded; open or verify it")
}
