package account

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/seed4b20689c/myaccount/internal/enum"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// IdentifierKind says what sort of thing somebody signs in as.
type IdentifierKind uint8

// Kinds of identifier.
const (
	UserName IdentifierKind = iota + 1 // such as "ada" or "ada@contoso.example"
	Email                              // an address that mail goes to
)

var identifierNames = enum.Names[IdentifierKind]{UserName: "user-name", Email: "e-mail"}

// String is the kind's name, such as "user-name".
func (k IdentifierKind) String() string { return identifierNames.Text(k) }

// MarshalText writes the kind's name.
func (k IdentifierKind) MarshalText() ([]byte, error) { return identifierNames.Marshal(k) }

// UnmarshalText reads a kind's name.
func (k *IdentifierKind) UnmarshalText(b []byte) (err error) {
	*k, err = identifierNames.Unmarshal(b)
	return err
}

// Identifier is a user name or an e-mail address of an account, as stores keep it. All of a tenant's are in one namespace:
// nobody's user name is somebody else's address. The row of one that is no longer used stays, so that nobody else ever
// inherits what was somebody's.
type Identifier struct {
	Tenant policy.TenantID `json:"tenant"`
	// Key is the one form in which identifiers are compared, and unique in the tenant.
	Key string `json:"key"`
	// Text is the identifier as it was written, and for an address where mail goes to. It has the same letters as Key.
	Text    string           `json:"text"`
	Account policy.AccountID `json:"account"`
	Kind    IdentifierKind   `json:"kind"`
	// Primary says that it is the first of its kind.
	Primary bool `json:"primary,omitempty"`
	// ProvenAt is when the person proved that the address is theirs; zero if they did not.
	ProvenAt time.Time `json:"provenAt,omitzero"`
	// RetiredAt is since when it is the account's no longer; zero if it is.
	RetiredAt time.Time      `json:"retiredAt,omitzero"`
	Revision  store.Revision `json:"revision"`
}

// live reports whether somebody can sign in as i.
func (i *Identifier) live() bool { return i.RetiredAt.IsZero() }

// retire takes i from its account.
func (i *Identifier) retire(now time.Time) { i.RetiredAt, i.Primary = now, false }

// How long identifiers may be, in characters (Entra: user principal names; RFC 5321 for addresses).
const (
	maxUserName       = 113
	maxUserNameDomain = 48
	maxAddress        = 254
	maxLocal          = 64
	maxDomainLabel    = 63
	// maxTyped is more than anything that can be one; longer texts are not looked at.
	maxTyped = 1024
)

// MaxIdentifiers is how many identifiers of one kind an account can have at a time (Microsoft account: 10 aliases).
const MaxIdentifiers = 10

// Besides letters and digits, what user names may have (Entra: user principal names), and what the part of an address before
// the @ may (RFC 5322, atom).
const (
	userNameMarks = "'.-_!#^~"
	addressMarks  = "!#$%&'*+-/=?^_`{|}~."
)

// keyOf is the one form in which identifiers are compared, of what somebody typed: without the space around it, in small
// letters, and in the plain forms of letters, since some keyboards write wide ones. There is nothing else in it than letters
// of ASCII, so nothing that only looks alike. It gives "" for what can be no identifier.
func keyOf(typed string) string {
	if len(typed) > maxTyped {
		return ""
	}
	key := strings.ToLower(strings.TrimSpace(norm.NFKC.String(typed)))
	if checkUserName(key) != nil && checkAddress(key) != nil {
		return ""
	}
	return key
}

// Key gives the one form in which identifiers are compared, of one that is to be kept as it is written ([Identifier]), or says
// with a *[policy.Invalid] about text why none of this kind can be.
func (k IdentifierKind) Key(text string) (string, error) { return k.check("text", text) }

// check gives the key of an identifier that is to be kept, or says what is wrong with it. What is kept has no letters but those
// of its key: mail never goes to an address that only became the proven one by folding.
func (k IdentifierKind) check(field, text string) (string, error) {
	var problem error
	switch k {
	default:
		return "", &policy.Invalid{Field: "kind", Problem: "is none; want a user name or an e-mail address"}
	case UserName:
		problem = checkUserName(text)
	case Email:
		problem = checkAddress(text)
	}
	if problem != nil {
		return "", &policy.Invalid{Field: field, Problem: problem.Error()}
	}
	return strings.ToLower(text), nil
}

// checkUserName says what is wrong with a user name: with or without a domain.
func checkUserName(text string) error {
	local, domain, qualified := strings.Cut(text, "@")
	switch {
	case len(text) > maxUserName || len(local) > maxLocal:
		return fmt.Errorf("is too long; want at most %d characters, %d of them before the @", maxUserName, maxLocal)
	case len(domain) > maxUserNameDomain:
		return fmt.Errorf("is too long after the @; want at most %d characters", maxUserNameDomain)
	case local == "":
		return errors.New("is empty, or is before the @")
	case strings.HasSuffix(local, "."):
		return errors.New("ends with a full stop before the @")
	}
	if err := only(local, userNameMarks); err != nil || !qualified {
		return err
	}
	return checkDomain(domain)
}

// checkAddress says what is wrong with an e-mail address. It has no accents (Graph: mail), and its local part is not quoted.
func checkAddress(text string) error {
	local, domain, ok := strings.Cut(text, "@")
	switch {
	case !ok || local == "":
		return errors.New("is no e-mail address; want one such as ada@example.com")
	case len(text) > maxAddress || len(local) > maxLocal:
		return fmt.Errorf("is too long; want at most %d characters, %d of them before the @", maxAddress, maxLocal)
	case strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, ".."):
		return errors.New("has a full stop where none can be")
	}
	if err := only(local, addressMarks); err != nil {
		return err
	}
	return checkDomain(domain)
}

func checkDomain(domain string) error {
	labels := strings.Split(domain, ".")
	if len(labels) == 1 {
		return errors.New("has no domain after the @; want one such as example.com")
	}
	for _, l := range labels {
		if l == "" || len(l) > maxDomainLabel || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") {
			return errors.New("has no domain after the @; want one such as example.com")
		}
		if err := only(l, "-"); err != nil {
			return fmt.Errorf("has a domain that cannot be: it %w; write other letters in their form for DNS, which begins with xn--", err)
		}
	}
	return nil
}

// only refuses everything but the letters and digits of ASCII, and marks.
func only(text, marks string) error {
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(marks, r):
		default:
			return fmt.Errorf("has %q; want letters from a to z, digits, and %s", r, marks)
		}
	}
	return nil
}

// tombstoned begins the key under which the row of an identifier stays that was erased with its account: it says that nobody
// gets the identifier, and not what it was. No identifier has such a key itself.
const tombstoned = "erased:"

// tombstones are the keys under which an erased identifier is looked for, the one to keep first. They are digests under the
// vault's keys, which do not rest in the store: whoever has a copy of that and a list of addresses learns nothing from both. So
// they are made outside of transactions.
func (r *room) tombstones(a policy.Action, t policy.TenantID, key string) ([]string, error) {
	digests, err := r.digests(a, "identifier", string(t), key)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(digests))
	for i, d := range digests {
		all[i] = tombstoned + hex.EncodeToString(d[:])
	}
	return all, nil
}

// graves are the tombstones that an account's identifiers are to get, by their keys.
func (r *room) graves(ctx context.Context, actor policy.Actor, id policy.AccountID) (map[string]string, error) {
	all, err := policy.Look(ctx, r.guard, r.store, actor, purgeClosed, onAccount(id),
		func(tx Tx, op *policy.Op, _ none) ([]Identifier, error) { return identifiersOf(tx, op, id) })
	graves := make(map[string]string, len(all))
	for _, i := range all {
		under, err := r.tombstones(PurgeClosed, actor.Tenant, i.Key)
		if err != nil {
			return nil, err
		}
		graves[i.Key] = under[0]
	}
	return graves, err
}

// eraseIdentifiers leaves a tombstone for each of an account's identifiers, and nothing else of them.
func eraseIdentifiers(tx Tx, op *policy.Op, id policy.AccountID, graves map[string]string) error {
	all, err := identifiersOf(tx, op, id)
	if err != nil {
		return err
	}
	for _, i := range all {
		if strings.HasPrefix(i.Key, tombstoned) {
			continue
		}
		if graves[i.Key] == "" { // nobody gives one to an account that is closed for good
			return errors.New("the store gave an identifier that was not there before")
		}
		if err := tx.DeleteIdentifier(i.Tenant, i.Key); err != nil {
			return err
		}
		if _, err := tx.PutIdentifier(Identifier{Tenant: i.Tenant, Key: graves[i.Key], Account: id, Kind: i.Kind, RetiredAt: op.Now}); err != nil {
			return err
		}
	}
	changes, err := emailChangesOf(tx, op, id)
	for _, c := range changes {
		if err := tx.DeleteEmailChange(c.Tenant, c.Account, c.ID); err != nil {
			return err
		}
	}
	return err
}

// identifierOf reads the row of a key, live or retired; a key that is nobody's gives the zero Identifier.
func identifierOf(tx Tx, op *policy.Op, key string) (Identifier, error) {
	i, err := tx.Identifier(op.Actor.Tenant, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Identifier{}, nil
	case err == nil && (i.Tenant != op.Actor.Tenant || i.Key != key):
		return Identifier{}, errors.New("the store gave an identifier that is another")
	}
	return i, err
}

// everOf is identifierOf for what must never have been anybody's: it finds tombstones too.
func everOf(tx Tx, op *policy.Op, key string, tombstones []string) (Identifier, error) {
	for _, k := range append([]string{key}, tombstones...) {
		if i, err := identifierOf(tx, op, k); err != nil || i.Key != "" {
			return i, err
		}
	}
	return Identifier{}, nil
}

// identifiersOf reads an account's identifiers: the primary one of a kind first.
func identifiersOf(tx Tx, op *policy.Op, id policy.AccountID) ([]Identifier, error) {
	all, err := tx.IdentifiersOf(op.Actor.Tenant, id)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.Tenant != op.Actor.Tenant || i.Account != id {
			return nil, errors.New("the store gave an identifier that is somebody else's")
		}
	}
	slices.SortStableFunc(all, func(a, b Identifier) int {
		switch {
		case a.Primary == b.Primary:
			return strings.Compare(a.Key, b.Key)
		case a.Primary:
			return -1
		}
		return 1
	})
	return all, nil
}

// lookup finds whose the key is that somebody typed, if anybody's who was not closed.
func lookup(tx Tx, op *policy.Op, key string) (policy.AccountID, error) {
	if key == "" {
		return "", nil
	}
	i, err := identifierOf(tx, op, key)
	if err != nil || i.Key == "" || !i.live() {
		return "", err
	}
	switch st, err := op.Account(tx, i.Account); {
	case errors.Is(err, store.ErrNotFound), err == nil && st.State == policy.Closed:
		return "", nil
	default:
		return i.Account, err
	}
}
