package msgraph

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed4b20689c/myaccount/policy"
)

// MaxRecord is the largest record that is read, in bytes of JSON.
const MaxRecord = 1 << 20

// maxDepth is how deep a value within a record may nest. Graph's own records nest three levels.
const maxDepth = 64

// Position says where in a stream a record stands. Both count from 1.
type Position struct {
	Record int
	Line   int // where the record begins
}

// String is such as "record 3, line 17".
func (p Position) String() string { return fmt.Sprintf("record %d, line %d", p.Record, p.Line) }

// Broken is the error that ends a stream: from this line on it is not JSON, or could not be read.
type Broken struct {
	Line int
	Err  error
}

// Error names the line. It never shows what stands there, which may be a secret.
func (b *Broken) Error() string { return fmt.Sprintf("line %d: %v", b.Line, b.Err) }

// Unwrap gives what is wrong, such as [io.ErrUnexpectedEOF].
func (b *Broken) Unwrap() error { return b.Err }

// scanner cuts JSON text into records, each read by itself whatever surrounds it. It holds one value at a
// time and no more than MaxRecord bytes; what is larger or deeper is passed over, and its record marked.
type scanner struct {
	in    *bufio.Reader
	line  int      // of the next byte
	read  int      // records so far
	wraps []string // members under which an object at the top of the text may hold records
	emit  func(*object) bool

	text  []byte          // the value read last
	left  int             // bytes that this record may still have
	spoil *policy.Invalid // why this record cannot be kept
}

// errStopped ends a scan because the caller wants no more.
var errStopped = errors.New("stopped")

func newScanner(r io.Reader, emit func(*object) bool) *scanner {
	return &scanner{in: bufio.NewReader(r), line: 1, wraps: []string{"value"}, emit: emit}
}

// scan reads a text from its beginning, and calls emit for one record after another until it says no or the text
// ends.
func scan(r io.Reader, read func(*scanner) error, emit func(*object) bool) *Broken {
	s := newScanner(r, emit)
	err := s.mark()
	if err == nil {
		err = read(s)
	}
	var broken *Broken
	switch {
	case err == nil, errors.Is(err, errStopped):
		return nil
	case errors.As(err, &broken):
		return broken
	case ended(err):
		err = fmt.Errorf("ends in the middle of a value: %w", io.ErrUnexpectedEOF)
	}
	return &Broken{s.line, err}
}

// ended tells the end of a text from trouble that wraps it, such as a connection that was cut: taking that
// for the end would take a part of an export for the whole.
func ended(err error) bool {
	return err == io.EOF //nolint:errorlint // a reader's end is io.EOF itself
}

// mark passes over a byte order mark, which some systems write before UTF-8.
func (s *scanner) mark() error {
	for i, want := range []byte("\ufeff") {
		switch c, err := s.in.ReadByte(); {
		case ended(err) && i == 0:
			return nil
		case err != nil:
			return err
		case c != want && i == 0:
			return s.in.UnreadByte()
		case c != want:
			return s.broken("is not JSON: want text in UTF-8")
		}
	}
	return nil
}

// values reads the whole text.
func (s *scanner) values() error {
	for {
		c, err := s.peek()
		switch {
		case ended(err):
			return nil
		case err != nil:
		case c == '[':
			err = s.records()
		default:
			err = s.record(true)
		}
		if err != nil {
			return err
		}
	}
}

// records reads an array of them.
func (s *scanner) records() error {
	return s.list('[', ']', func() error { return s.record(false) })
}

// record reads one record. At the top of the text it may turn out to be the envelope of others.
func (s *scanner) record(top bool) error {
	first, err := s.peek()
	if err != nil {
		return err
	}
	o := &object{Position: Position{Line: s.line}, members: make(map[string]member)}
	s.left, s.spoil = MaxRecord, nil
	envelope := false
	if first == '{' {
		err = s.list('{', '}', func() error {
			name, err := s.name()
			if err != nil {
				return err
			}
			if top && slices.Contains(s.wraps, name) {
				switch c, err := s.peek(); {
				case err != nil:
					return err
				case c == '[':
					envelope = true
					return s.records()
				case c == '{':
					envelope = true
					return s.record(false)
				}
			}
			value, err := s.value()
			if err != nil {
				return err
			}
			_, twice := o.members[name]
			o.members[name] = member{bytes.Clone(value), twice}
			return nil
		})
	} else {
		_, err = s.value()
		o.refuse("record", "is not an object")
	}
	if err != nil || envelope {
		return err
	}
	s.read++
	o.Record = s.read
	if s.spoil != nil {
		o.problem = s.spoil
	}
	if !s.emit(o) {
		return errStopped
	}
	return nil
}

// list reads what stands between two brackets, parted by commas.
func (s *scanner) list(open, end byte, item func() error) error {
	if err := s.want(open); err != nil {
		return err
	}
	switch c, err := s.peek(); {
	case err != nil:
		return err
	case c == end:
		return s.want(end)
	}
	for {
		if err := item(); err != nil {
			return err
		}
		switch c, err := s.peek(); {
		case err != nil:
			return err
		case c == end:
			return s.want(end)
		case c != ',':
			return s.broken(fmt.Sprintf("is not JSON: want a comma or %q", end))
		}
		if err := s.want(','); err != nil {
			return err
		}
	}
}

// name reads the name of a member and the colon after it.
func (s *scanner) name() (string, error) {
	switch c, err := s.peek(); {
	case err != nil:
		return "", err
	case c != '"':
		return "", s.broken("is not JSON: want the name of a member")
	}
	text, err := s.value()
	if err != nil {
		return "", err
	}
	var name string
	if text != nil {
		if err := json.Unmarshal(text, &name); err != nil {
			return "", s.broken("is not JSON: a name")
		}
	}
	return name, s.want(':')
}

// value reads a value of any kind and gives its text, valid until the next one; nil if the record is too
// large or too deep to be kept, in which case only its brackets and quotes were looked at.
func (s *scanner) value() ([]byte, error) {
	first, err := s.peek()
	if err != nil {
		return nil, err
	}
	line := s.line
	s.text = s.text[:0]
	if strings.IndexByte(`{["`, first) >= 0 {
		err = s.nested()
	} else {
		err = s.word()
	}
	if err != nil || s.spoil != nil {
		return nil, err
	}
	if err := json.Unmarshal(s.text, new(json.RawMessage)); err != nil {
		// What json says of it is not passed on: it shows a part of the text.
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) && syntax.Offset > 0 {
			line += bytes.Count(s.text[:syntax.Offset-1], []byte("\n"))
		}
		return nil, &Broken{line, errors.New("is not JSON: a malformed value")}
	}
	return s.text, nil
}

// nested reads a string, or up to the bracket that closes the first.
func (s *scanner) nested() error {
	depth, quoted, escaped := 0, false, false
	for {
		c, err := s.in.ReadByte()
		switch {
		case err != nil:
			return err
		case quoted && c < ' ':
			return s.broken("is not JSON: a control character in a string")
		case c == '\n':
			s.line++
		case escaped:
			escaped = false
		case c == '\\':
			escaped = quoted
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				s.drop("is nested too deep; want at most %d levels", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
		s.keep(c)
		if depth == 0 && !quoted {
			return nil
		}
	}
}

// word reads a number or one of true, false and null: whatever stands before the next sign or space.
func (s *scanner) word() error {
	for {
		c, err := s.in.ReadByte()
		switch {
		case ended(err):
			return nil
		case err != nil:
			return err
		case strings.IndexByte(" \t\r\n,:\"[]{}", c) >= 0:
			return s.in.UnreadByte()
		}
		s.keep(c)
	}
}

func (s *scanner) keep(c byte) {
	if s.left == 0 {
		s.drop("is too large; want at most %d bytes", MaxRecord)
	}
	if s.spoil == nil {
		s.text = append(s.text, c)
		s.left--
	}
}

func (s *scanner) drop(problem string, bound int) {
	if s.spoil == nil {
		s.spoil = &policy.Invalid{Field: "record", Problem: fmt.Sprintf(problem, bound)}
	}
}

// peek gives the next byte that is no white space, and leaves it where it is.
func (s *scanner) peek() (byte, error) {
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, s.in.UnreadByte()
		}
	}
}

// want reads one byte, which must be c.
func (s *scanner) want(c byte) error {
	switch got, err := s.peek(); {
	case err != nil:
		return err
	case got != c:
		return s.broken(fmt.Sprintf("is not JSON: want %q", c))
	}
	_, err := s.in.ReadByte()
	return err
}

func (s *scanner) broken(problem string) error { return &Broken{s.line, errors.New(problem)} }
