package memstore

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// The tables and their indexes. Each index is made of hand-written keys that begin with the tenant, so that
// one index answers get, list and page: an index costs more than anything else here (docs/performance.md).
var (
	settingsByID = &index[policy.Settings]{"settings", byID,
		func(k key, r *policy.Settings) key { return kTenant(k, r.Tenant) }}
	standingByID = &index[policy.Standing]{"standing", byID,
		func(k key, r *policy.Standing) key { return kAccount(k, r.Tenant, r.Account) }}
	sessionsByID = &index[policy.Session]{"sessions", byID,
		func(k key, r *policy.Session) key { return kSession(k, r.Tenant, r.Account, r.ID) }}
	sessionsByStart = &index[policy.Session]{"sessions", "start", // one account's open ones, newest first
		func(k key, r *policy.Session) key {
			if !r.EndedAt.IsZero() {
				return nil
			}
			return kAccount(k, r.Tenant, r.Account).newestFirst(order(r.StartedAt)).part(string(r.ID))
		}}
	habitsByID = &index[signins.Habits]{"habits", byID,
		func(k key, r *signins.Habits) key { return kAccount(k, r.Tenant, r.Account) }}
	usageByID = &index[policy.Usage]{"usage", byID,
		func(k key, r *policy.Usage) key { return kUsage(k, r.Tenant, r.Account, r.Action) }}
	followersByID = &index[policy.Follower]{"followers", byID,
		func(k key, r *policy.Follower) key { return kFollower(k, r.Tenant, r.Name) }}

	challengesByID = &index[challenge.Challenge]{"challenges", byID,
		func(k key, r *challenge.Challenge) key { return kChallenge(k, r.Tenant, r.Account, r.ID) }}
	countersByID = &index[challenge.Counter]{"challenge-counters", byID,
		func(k key, r *challenge.Counter) key { return kCounter(k, r.Tenant, r.Account, r.Method) }}

	eventsByAccount = &index[policy.Event]{"events", byID, // one account's, newest first
		func(k key, r *policy.Event) key { return kAccount(k, r.Tenant, r.Account).newestFirst(r.Seq) }}
	eventsByOrder = &index[policy.Event]{"events", "order", // a tenant's, in the order of their commit
		func(k key, r *policy.Event) key { return kTenant(k, r.Tenant).number(r.Seq) }}
	refusalsByLikeness = &index[policy.Event]{"events", "likeness",
		func(k key, r *policy.Event) key {
			if r.Outcome != policy.Refused {
				return nil
			}
			return kLikeness(k, r).newestFirst(r.Seq)
		}}

	profilesByID = &index[account.Profile]{"profiles", byID,
		func(k key, r *account.Profile) key { return kAccount(k, r.Tenant, r.Account) }}
	credentialsByID = &index[account.Credential]{"credentials", byID,
		func(k key, r *account.Credential) key { return kAccount(k, r.Tenant, r.Account) }}
	recoveryCodesByID = &index[account.RecoveryCode]{"recovery-codes", byID,
		func(k key, r *account.RecoveryCode) key { return kAccount(k, r.Tenant, r.Account) }}
	identifiersByKey = &index[account.Identifier]{"identifiers", byID,
		func(k key, r *account.Identifier) key { return kIdentifier(k, r.Tenant, r.Key) }}
	identifiersByAccount = &index[account.Identifier]{"identifiers", "account",
		func(k key, r *account.Identifier) key { return kAccount(k, r.Tenant, r.Account).part(r.Key) }}
	emailChangesByID = &index[account.EmailChange]{"email-changes", byID,
		func(k key, r *account.EmailChange) key { return kChallenge(k, r.Tenant, r.Account, r.ID) }}
	portraitsByID = &index[account.Portrait]{"portraits", byID,
		func(k key, r *account.Portrait) key { return kAccount(k, r.Tenant, r.Account) }}
	closingsByID = &index[account.Closing]{"closings", byID,
		func(k key, r *account.Closing) key { return kAccount(k, r.Tenant, r.Account) }}
	closingsByDue = &index[account.Closing]{"closings", "due", // the longest due first
		func(k key, r *account.Closing) key { return kTenant(k, r.Tenant).time(r.Due).part(string(r.Account)) }}
	schemasByID = &index[account.Schema]{"schemas", byID,
		func(k key, r *account.Schema) key { return kTenant(k, r.Tenant) }}
	bannedByID = &index[account.BannedPasswords]{"banned-passwords", byID,
		func(k key, r *account.BannedPasswords) key { return kTenant(k, r.Tenant) }}

	devicesByID = &index[devices.Device]{"devices", byID,
		func(k key, r *devices.Device) key { return kDevice(k, r.Tenant, r.ID) }}

	keysByDevice = &index[devices.RecoveryKey]{"recovery-keys", byID,
		func(k key, r *devices.RecoveryKey) key { return kDevice(k, r.Tenant, r.Device).part(string(r.ID)) }}
	keysByKey = &index[devices.RecoveryKey]{"recovery-keys", "key",
		func(k key, r *devices.RecoveryKey) key { return kKey(k, r.Tenant, r.ID) }}
	keysToRotate = &index[devices.RecoveryKey]{"recovery-keys", "to-rotate", // the longest waiting first
		func(k key, r *devices.RecoveryKey) key {
			if r.RotateSince.IsZero() || !r.RetiredAt.IsZero() {
				return nil
			}
			return kTenant(k, r.Tenant).time(r.RotateSince).part(string(r.Device)).part(string(r.ID))
		}}

	// One account's sign-ins, newest first, in chunks that stand where their last record does: the first one that
	// is not less than a record's key is the one that the record belongs to.
	signInChunks = &index[chunk]{"sign-ins", byID,
		func(k key, c *chunk) key { return kSpot(kAccount(k, c.tenant(), c.account()), c.spot(c.last())) }}
)

// leaves are the directories of accounts with many sign-ins. They follow from the chunks, so nothing saves them.
var leaves = &index[leaf]{"sign-in-ids", byID,
	func(k key, l *leaf) key { return kLeaf(k, l.tenant, l.account, l.bound) }}

// byID is the index that go-memdb wants every table to have.
const byID = "id"

// byPerson is the one index with several keys for a row: devices by owner and registered users.
const byPerson = "person"

func schema() *memdb.DBSchema {
	s := &memdb.DBSchema{Tables: make(map[string]*memdb.TableSchema)}
	for _, i := range []interface {
		schema() (string, *memdb.IndexSchema)
	}{
		settingsByID, standingByID, sessionsByID, sessionsByStart, habitsByID, usageByID, followersByID,
		profilesByID, credentialsByID, recoveryCodesByID, portraitsByID, closingsByID, closingsByDue, schemasByID, bannedByID, challengesByID, countersByID,
		identifiersByKey, identifiersByAccount, emailChangesByID,
		eventsByAccount, eventsByOrder, refusalsByLikeness, devicesByID, keysByDevice, keysByKey, keysToRotate,
		signInChunks, leaves,
	} {
		table, is := i.schema()
		t := s.Tables[table]
		if t == nil {
			t = &memdb.TableSchema{Name: table, Indexes: make(map[string]*memdb.IndexSchema)}
			s.Tables[table] = t
		}
		t.Indexes[is.Name] = is
	}
	s.Tables[devicesByID.table].Indexes[byPerson] =
		&memdb.IndexSchema{Name: byPerson, Unique: true, AllowMissing: true, Indexer: personIndexer{}}
	return s
}

// The keys of the tables, each appended to k, which is empty.

func kTenant(k key, t policy.TenantID) key { return k.part(string(t)) }

// after makes a key of parts one that is greater than all that begin with it, and less than those that come after.
func after(k key) key {
	k[len(k)-1]++
	return k
}

func kAccount(k key, t policy.TenantID, a policy.AccountID) key { return kTenant(k, t).part(string(a)) }

func kSession(k key, t policy.TenantID, a policy.AccountID, s policy.SessionID) key {
	return kAccount(k, t, a).part(string(s))
}

func kIdentifier(k key, t policy.TenantID, id string) key { return kTenant(k, t).part(id) }

func kChallenge(k key, t policy.TenantID, a policy.AccountID, id challenge.ID) key {
	return kAccount(k, t, a).part(string(id))
}

func kCounter(k key, t policy.TenantID, a policy.AccountID, m challenge.Method) key {
	return kAccount(k, t, a).part(string(m))
}

func kUsage(k key, t policy.TenantID, a policy.AccountID, action policy.Action) key {
	return kAccount(k, t, a).part(string(action))
}

func kLikeness(k key, e *policy.Event) key {
	return kAccount(k, e.Tenant, e.Account).part(e.LikenessKey())
}

func kFollower(k key, t policy.TenantID, name string) key { return kTenant(k, t).part(name) }

func kDevice(k key, t policy.TenantID, d policy.DeviceID) key { return kTenant(k, t).part(string(d)) }

func kKey(k key, t policy.TenantID, id devices.KeyID) key { return kTenant(k, t).part(string(id)) }

// kSpot appends a place in an account's list of sign-ins.
func kSpot(k key, p spot) key { return k.newestFirst(orderOf(p.at)).part(string(p.id)) }

// kRegistered is a device's place among one person's devices: the newest registration first.
func kRegistered(d *devices.Device) key {
	return newKey().newestFirst(order(d.RegisteredAt)).part(string(d.ID))
}

// index is an index of one key per row; rows with a nil key are not in it.
type index[R any] struct {
	table, name string
	key         func(k key, r *R) key // appends to an empty k
}

// schema tells go-memdb. Unique only spares the suffix that go-memdb adds otherwise (it enforces nothing):
// the keys are unique because each ends with what is the row's own.
func (x *index[R]) schema() (string, *memdb.IndexSchema) {
	return x.table, &memdb.IndexSchema{Name: x.name, Unique: true, AllowMissing: x.name != byID, Indexer: x}
}

// FromObject implements [memdb.SingleIndexer].
func (x *index[R]) FromObject(raw any) (bool, []byte, error) {
	row, ok := raw.(*R)
	if !ok {
		return false, nil, fmt.Errorf("memstore: %T in the index of %T", raw, row)
	}
	k := x.key(newKey(), row)
	return k != nil, k, nil
}

// FromArgs implements [memdb.Indexer].
func (*index[R]) FromArgs(args ...any) ([]byte, error) { return readyKey(args) }

// PrefixFromArgs implements [memdb.PrefixIndexer], for reading a whole table.
func (*index[R]) PrefixFromArgs(args ...any) ([]byte, error) { return readyKey(args) }

// readyKey takes a lookup's argument: a key that is ready. It comes by a pointer, which costs an interface
// nothing.
func readyKey(args []any) ([]byte, error) {
	if len(args) == 1 {
		if k, ok := args[0].(*key); ok {
			return *k, nil
		}
	}
	return nil, fmt.Errorf("memstore: lookup by %T", args)
}

// personIndexer indexes a device under its owner and each registered user.
type personIndexer struct{}

func (personIndexer) FromObject(raw any) (bool, [][]byte, error) {
	d, ok := raw.(*devices.Device)
	if !ok {
		return false, nil, fmt.Errorf("memstore: %T in the index of devices", raw)
	}
	place := kRegistered(d)
	keys := make([][]byte, 0, len(d.Users)+1)
	add := func(person policy.AccountID) {
		keys = append(keys, append(kAccount(newKey(), d.Tenant, person), place...))
	}
	if d.Owner != "" {
		add(d.Owner)
	}
	for _, u := range d.Users {
		if u.Account != d.Owner {
			add(u.Account)
		}
	}
	return len(keys) > 0, keys, nil
}

func (personIndexer) FromArgs(args ...any) ([]byte, error) { return readyKey(args) }

// key is an index key made of parts. Keys of the same shape sort as their parts do, and two lists of
// parts never make the same key, whatever bytes are in them.
type key []byte

// newKey begins a key to be stored, with room for two identifiers as long as GUIDs; longer ones grow.
func newKey() key { return make(key, 0, 96) }

// lookupRoom holds the keys of lookups by three identifiers as long as GUIDs; longer ones grow.
const lookupRoom = 128

// part appends a string: its zero bytes are followed by 0xFF and its end is marked by 0x00 0x01, so that
// "ab" is neither a beginning of, nor mistaken for, "ab\x00c".
func (k key) part(s string) key {
	for {
		zero := strings.IndexByte(s, 0)
		if zero < 0 {
			return append(append(k, s...), 0, 1)
		}
		k = append(append(k, s[:zero]...), 0, 0xFF)
		s = s[zero+1:]
	}
}

func (k key) number(n uint64) key { return binary.BigEndian.AppendUint64(k, n) }

func (k key) newestFirst(n uint64) key { return k.number(^n) }

func (k key) time(t time.Time) key { return k.number(order(t)) }

// order maps times to numbers that sort alike.
func order(t time.Time) uint64 { return orderOf(t.UnixMicro()) }

// orderOf is order for microseconds since 1970.
func orderOf(micros int64) uint64 { return uint64(micros) ^ 1<<63 }

// next is the least key after k.
func (k key) next() key { return append(k, 0) }

// errKey says that a cursor is none of this store's; it wraps [store.ErrCursor].
var errKey = fmt.Errorf("memstore: %w", store.ErrCursor)

// maxCursor is longer than the cursor of any key of valid identifiers.
const maxCursor = 4096

// cursor hides a place within a list. It holds no more than the place, so that a forged one points
// elsewhere in the same list and nowhere else.
func cursor(place []byte) store.Cursor {
	return store.Cursor(base64.RawURLEncoding.EncodeToString(place))
}

func place(c store.Cursor) ([]byte, error) {
	if len(c) > maxCursor {
		return nil, errKey
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil {
		return nil, errors.Join(errKey, err)
	}
	return b, nil
}
