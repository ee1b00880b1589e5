package msgraph

import (
	"bufio"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seed4b20689c/myaccount/policy"
)

// signIns reads a text of sign-ins, of which the first sign tells whether it is JSON or a table.
func (s *scanner) signIns() error {
	s.wraps = []string{"value", "records"} // Azure Monitor wraps what it hands to an event hub
	switch c, err := s.peek(); {
	case ended(err):
		return nil
	case err != nil:
		return err
	case c == '{' || c == '[':
		return s.values()
	}
	return s.table()
}

// table reads rows of comma-separated values, each as the object that its cells would be under the names of the
// header.
func (s *scanner) table() error {
	before := s.line - 1 // lines that stand over the table
	rest := &bounded{in: s.in, left: MaxRecord}
	in := csv.NewReader(rest)
	header, err := in.Read()
	if err != nil {
		return s.notATable(err)
	}
	columns, told := columnsOf(header)
	if !told {
		return s.broken("is neither JSON nor a table with columns CreatedDateTime and UserId")
	}
	for {
		rest.left = MaxRecord
		row, err := in.Read()
		o := &object{members: make(map[string]member, len(row))}
		var malformed *csv.ParseError
		switch {
		case ended(err):
			return nil
		case errors.As(err, &malformed):
			s.line = before + malformed.StartLine
			if errors.Is(err, csv.ErrQuote) && rest.ended && in.InputOffset() == rest.read {
				return io.EOF // within quotes, as when the end was cut off
			}
			// What csv says of it is not passed on: it knows no lines but the table's own.
			o.refuse("record", "is a malformed row")
			if errors.Is(err, csv.ErrFieldCount) {
				o.problem = &policy.Invalid{Field: "record", Problem: fmt.Sprintf("has %d cells under a header of %d", len(row), len(columns))}
			}
		case err != nil:
			return err
		default:
			line, _ := in.FieldPos(0)
			s.line = before + line
			o.cells(columns, row)
		}
		s.read++
		o.Position = Position{s.read, s.line}
		if !s.emit(o) {
			return errStopped
		}
	}
}

// notATable tells what kept a header from being read.
func (s *scanner) notATable(err error) error {
	if malformed := (*csv.ParseError)(nil); errors.As(err, &malformed) {
		return s.broken("is neither JSON nor the header of a table")
	}
	return err
}

// columnsOf gives the names of the members that columns hold, and tells whether they are those of sign-ins.
func columnsOf(header []string) (columns []string, told bool) {
	names := make(map[string]bool)
	for _, title := range header {
		name := strings.ToLower(strings.TrimSpace(title))
		name = strings.TrimSuffix(name, " [utc]") // a column in another zone is another column, which is not read
		columns, names[name] = append(columns, name), true
	}
	return columns, (names["createddatetime"] || names["timegenerated"]) && (names["userid"] || names["serviceprincipalid"])
}

// cells makes the members of a row. An empty cell is the same as none.
func (o *object) cells(columns, row []string) {
	for i, cell := range row {
		if cell != "" {
			_, twice := o.members[columns[i]]
			o.members[columns[i]] = member{quoted(cell), twice}
		}
	}
}

// quoted writes a text as JSON. Unlike encoding/json it leaves in it what is not UTF-8, which is refused where
// it is read.
func quoted(s string) []byte {
	text := make([]byte, 0, len(s)+2)
	text = append(text, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			text = append(text, '\\', c)
		case c < ' ':
			text = hex.AppendEncode(append(text, `\u00`...), []byte{c})
		default:
			text = append(text, c)
		}
	}
	return append(text, '"')
}

// bounded reads so many bytes and no more, for encoding/csv would keep a row of any size.
type bounded struct {
	in    *bufio.Reader
	left  int
	read  int64
	ended bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("is a row that is too large; want at most %d bytes", MaxRecord)
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left, b.read, b.ended = b.left-n, b.read+int64(n), ended(err)
	return n, err
}
