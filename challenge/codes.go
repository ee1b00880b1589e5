package challenge

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// Sender delivers codes: a text message, a call, an e-mail. It is called after the commit and outside of every
// transaction. It must not log the code; its errors must not show it. It is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Message is what a [Sender] delivers.
type Message struct {
	Tenant  policy.TenantID
	Account policy.AccountID
	Purpose Purpose
	Method  Method
	// To is the number or address.
	To string
	// Code is the digits, or for [EmailLink] the text that a link carries. The link's address is the sender's own
	// configuration, never taken from a request.
	Code secret.Text
	// Expires is when the code ends.
	Expires time.Time
	// Language is the person's, as a BCP 47 tag; empty if it is not known.
	Language string
}

// ErrNotSent says that a challenge was issued and its code could not be delivered. The challenge stays: [Resend] it.
var ErrNotSent = errors.New("challenge: the code was not sent")

// Codes makes codes, reads answers and sends: all that must not happen inside a transaction. It is safe for
// concurrent use.
type Codes struct {
	keys   secret.Digester
	sender Sender
	random io.Reader
}

// Option configures [Codes].
type Option func(*Codes)

// WithRandom replaces crypto/rand as the source of codes and ids, for tests.
func WithRandom(r io.Reader) Option { return func(c *Codes) { c.random = r } }

// NewCodes needs a digester, such as a [secret.KeyRing], and a sender. A challenge outlives the rotation of the keys
// for as long as the old ones are in the ring.
func NewCodes(keys secret.Digester, sender Sender, options ...Option) (*Codes, error) {
	if keys == nil || sender == nil {
		return nil, errors.New("challenge: NewCodes needs a digester and a sender")
	}
	c := &Codes{keys: keys, sender: sender}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// Draft is a code that nobody has yet: drawn once before the transaction, since that may run again. It prints as
// nothing useful.
type Draft struct {
	kind   Kind
	id     ID
	code   secret.Text
	digest secret.Digest
}

// Draft draws a code for a new challenge, for [Issue].
func (c *Codes) Draft(p Purpose, m Method) (Draft, error) {
	id, err := secret.NewToken(c.random)
	if err != nil {
		return Draft{}, err
	}
	return c.Redraft(p, m, ID(id.Reveal()))
}

// Redraft draws a new code for a challenge that there is, for [Resend].
func (c *Codes) Redraft(p Purpose, m Method, id ID) (Draft, error) {
	k, err := KindOf(p, m)
	if err != nil {
		return Draft{}, err
	}
	if err := policy.CheckID("challenge", id); err != nil {
		return Draft{}, err
	}
	d := Draft{kind: k, id: id}
	if k.Digits == 0 {
		d.code, err = secret.NewToken(c.random)
	} else {
		d.code, err = secret.NewCode(c.random, k.Digits)
	}
	if err != nil {
		return Draft{}, err
	}
	digests, err := c.digests(id, d.code)
	if err != nil {
		return Draft{}, err
	}
	d.digest = digests[0]
	return d, nil
}

// digests are those of a code of the challenge with that id, the one to keep first.
func (c *Codes) digests(id ID, code secret.Text) ([]secret.Digest, error) {
	digests, err := c.keys.Digests("challenge", secret.NewText(string(secret.Bind(string(id), code.Reveal()))))
	if err != nil {
		return nil, err
	}
	for _, d := range digests {
		if d == (secret.Digest{}) {
			digests = nil
		}
	}
	if len(digests) == 0 {
		return nil, errors.New("challenge: the vault gave no digest")
	}
	return digests, nil
}

// Send hands the code of a draft to the [Sender], once the challenge was committed. An error is [ErrNotSent].
func (c *Codes) Send(ctx context.Context, d Draft, issued Challenge, language string) error {
	if !issued.bound(d.digest).Equal(issued.Digest) {
		return fmt.Errorf("%w: the draft is not of the challenge that was issued", ErrNotSent)
	}
	m := Message{Tenant: issued.Tenant, Account: issued.Account, Purpose: issued.Purpose, Method: issued.Method, To: issued.To,
		Code: d.code, Expires: issued.ExpiresAt, Language: language}
	if d.kind.Digits == 0 {
		m.Code = link{issued.Tenant, issued.Account, issued.ID, d.code}.text()
	}
	err := c.sender.Send(ctx, m)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), d.code.Reveal()) || strings.Contains(err.Error(), m.Code.Reveal()): // a gateway that quotes what it refuses
		return fmt.Errorf("%w: the sender's error shows the code, so it is not shown", ErrNotSent)
	}
	return fmt.Errorf("%w: %w", ErrNotSent, err)
}

// Answer is a code that somebody gave, for [Verify]. It prints as nothing useful.
type Answer struct {
	id      ID
	digests []secret.Digest
}

// maxCode is longer than any code with what people put between its digits.
const maxCode = 64

// Answer takes a code as somebody typed it; spaces and hyphens between the digits do not count. What cannot be a code
// is an answer too, and a wrong one: it is counted.
func (c *Codes) Answer(id ID, code secret.Text) (Answer, error) {
	typed := code.Reveal()
	if len(typed) > maxCode {
		typed = ""
	}
	return c.answer(id, secret.NewText(strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, typed)))
}

func (c *Codes) answer(id ID, code secret.Text) (Answer, error) {
	if policy.CheckID("challenge", id) != nil {
		return Answer{}, nil
	}
	if code.Empty() {
		return Answer{id: id}, nil
	}
	digests, err := c.digests(id, code)
	return Answer{id, digests}, err
}

// opens reports whether the answer is the live code of c. It compares with all digests in the same time.
func (a Answer) opens(c *Challenge) bool {
	right := false
	for _, d := range a.digests {
		if c.bound(d).Equal(c.Digest) {
			right = true
		}
	}
	return right
}

// Link is what the text of a link says of itself. It is somebody's claim until [Verify].
type Link struct {
	Tenant  policy.TenantID
	Account policy.AccountID
	ID      ID
	Answer  Answer
}

// Link reads the text that a link carried ([EmailLink]). What is none gives a [policy.Invalid], which says nothing of
// whether there is such a challenge.
func (c *Codes) Link(text secret.Text) (Link, error) {
	l, ok := parseLink(text)
	if !ok {
		return Link{}, &policy.Invalid{Field: "link", Problem: "is not one of ours, or not all of it"}
	}
	a, err := c.answer(l.id, l.secret)
	return Link{l.tenant, l.account, l.id, a}, err
}

// link is what a link carries: where its challenge stands, which is no secret, and 256 random bits, which are.
type link struct {
	tenant  policy.TenantID
	account policy.AccountID
	id      ID
	secret  secret.Text
}

// linkPrefix lets scanners for leaked secrets recognize it.
const linkPrefix = "macl_"

// maxLink is longer than a link of the longest identifiers.
const maxLink = 1024

func (l link) text() secret.Text {
	parts := []string{string(l.tenant), string(l.account), string(l.id), l.secret.Reveal()}
	for i, p := range parts {
		parts[i] = base64.RawURLEncoding.EncodeToString([]byte(p))
	}
	return secret.NewText(linkPrefix + strings.Join(parts, "."))
}

// parseLink reads what text wrote, and no other spelling of it.
func parseLink(text secret.Text) (link, bool) {
	rest, ok := strings.CutPrefix(text.Reveal(), linkPrefix)
	if !ok || len(rest) > maxLink || strings.ContainsAny(rest, "\r\n") { // base64 skips line breaks
		return link{}, false
	}
	parts := strings.Split(rest, ".")
	if len(parts) != 4 {
		return link{}, false
	}
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil || policy.CheckID("link", string(b)) != nil {
			return link{}, false
		}
		parts[i] = string(b)
	}
	return link{policy.TenantID(parts[0]), policy.AccountID(parts[1]), ID(parts[2]), secret.NewText(parts[3])}, true
}
