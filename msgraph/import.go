package msgraph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// Options say what an export of devices leaves open. The zero Options take it as it is.
type Options struct {
	// Owners and Users are the registered owner and users of devices by object id or device id, for an
	// export without $expand: each device's page, read with [People], belongs under the id in its address.
	Owners map[string]policy.AccountID
	Users  map[string][]policy.AccountID
	// DefaultOwner owns the devices that are new and name nobody. A hybrid joined device stays without an owner, since
	// for such a one that means that it has no primary user.
	DefaultOwner policy.AccountID
}

// Report tells what an import did. It holds no value of any record.
type Report struct {
	Read         int // all records, the refused ones included
	Imported     int // were not there
	Updated      int
	Unchanged    int
	KeptDisabled int // enabled in the export and disabled here, or closed, which they stay
	Skipped      int // sign-ins of programs, which are nobody's
	Past         int // sign-ins from before the tenant's retention
	Refused      int
	// Refusals says why, in the order of the stream, for no more than [MaxRefusals] of them.
	Refusals []*Refusal
}

// MaxRefusals is how many refusals a [Report] explains.
const MaxRefusals = 1000

// String is such as "9 read: 7 imported, 2 refused".
func (r Report) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{r.Imported, "imported"}, {r.Updated, "updated"}, {r.Unchanged, "unchanged"},
		{r.KeptDisabled, "kept disabled"}, {r.Skipped, "skipped"}, {r.Past, "too old"}, {r.Refused, "refused"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d read", r.Read)
	}
	return fmt.Sprintf("%d read: %s", r.Read, strings.Join(parts, ", "))
}

// ImportDevices takes over the devices of an export through [devices.Admin.Import], whose rules hold: importing
// twice changes nothing and leaves no event, and no record enables a disabled device. Owners and users must
// be accounts already. They go into the tenant of the actor, who is a [policy.Host] or an administrator.
//
// The records are imported in batches as they are read. If the stream breaks, what came before is imported
// and the error is a *[Broken]; if a batch fails, it and what comes after are not. The report tells what was
// done until then, and importing the whole again is safe.
func ImportDevices(ctx context.Context, admin *devices.Admin, actor policy.Actor, r io.Reader, opt Options) (Report, error) {
	return TakeDevices(ctx, admin, actor, Devices(r), opt)
}

// TakeDevices is [ImportDevices] for records that are read already: by [Devices] and perhaps changed on the way, or made by the
// host. A *[Refusal] in the stream is counted, any other error ends it.
func TakeDevices(ctx context.Context, admin *devices.Admin, actor policy.Actor, stream iter.Seq2[Device, error], opt Options) (Report, error) {
	to := &loader[devices.DeviceRecord]{
		most:  devices.MaxImport,
		put:   func(batch []devices.DeviceRecord) ([]fate, error) { return fates(admin.Import(ctx, actor, batch)) },
		named: map[string]string{"owner": "registeredOwners", "users": "registeredUsers", "enabled": "accountEnabled"},
	}
	return load(ctx, stream, to, func(d Device) error {
		record, err := opt.complete(d)
		return to.add(d.At, record, err)
	})
}

// ImportRecoveryKeys takes over the recovery keys of an export through [devices.Admin.ImportKeys], whose rules
// hold: each belongs to the owner that its device has here, and one that is in escrow already stays as it
// is. Import the devices first. For the rest it is as [ImportDevices].
func ImportRecoveryKeys(ctx context.Context, admin *devices.Admin, actor policy.Actor, r io.Reader) (Report, error) {
	return TakeRecoveryKeys(ctx, admin, actor, RecoveryKeys(r))
}

// TakeRecoveryKeys is [ImportRecoveryKeys] for records that are read already; see [TakeDevices].
func TakeRecoveryKeys(ctx context.Context, admin *devices.Admin, actor policy.Actor, stream iter.Seq2[RecoveryKey, error]) (Report, error) {
	to := &loader[devices.KeyRecord]{
		most:  devices.MaxImport,
		put:   func(batch []devices.KeyRecord) ([]fate, error) { return fates(admin.ImportKeys(ctx, actor, batch)) },
		named: map[string]string{"device": "deviceId"},
	}
	return load(ctx, stream, to, func(k RecoveryKey) error { return to.add(k.At, k.KeyRecord, nil) })
}

// ImportSignIns takes over attempts to sign in from a log through [signins.Admin.Import], whose rules hold: a
// repeated id changes nothing, and the accounts must be known already. The sign-ins of programs (service principals,
// managed identities) are nobody's and are skipped; what is older than the tenant keeps is passed over. For the rest it is as
// [ImportDevices].
func ImportSignIns(ctx context.Context, admin *signins.Admin, actor policy.Actor, r io.Reader) (Report, error) {
	return TakeSignIns(ctx, admin, actor, SignIns(r))
}

// TakeSignIns is [ImportSignIns] for records that are read already; see [TakeDevices].
func TakeSignIns(ctx context.Context, admin *signins.Admin, actor policy.Actor, stream iter.Seq2[SignIn, error]) (Report, error) {
	to := &loader[signins.Record]{
		most: signins.MaxImport,
		put: func(batch []signins.Record) ([]fate, error) {
			done, err := admin.Import(ctx, actor, batch)
			became := make([]fate, len(done))
			for i, d := range done {
				switch {
				case d.Err != nil:
					became[i] = fate{refused: d.Err}
				case d.Past:
					became[i].in = func(r *Report) *int { return &r.Past }
				case d.New:
					became[i].in = func(r *Report) *int { return &r.Imported }
				default:
					became[i].in = func(r *Report) *int { return &r.Unchanged }
				}
			}
			return became, err
		},
		named: map[string]string{"account": "userId", "at": "createdDateTime"},
	}
	return load(ctx, stream, to, func(s SignIn) error {
		if s.ServicePrincipal {
			to.report.Read++
			to.report.Skipped++
			return nil
		}
		return to.add(s.Position, s.Record, nil)
	})
}

// complete gives the record with the owner and users that the export told elsewhere.
func (opt Options) complete(d Device) (devices.DeviceRecord, error) {
	record := d.DeviceRecord
	for _, id := range []string{d.ObjectID, string(d.ID)} {
		if id == "" {
			continue
		}
		owner := opt.Owners[id]
		if record.Owner != "" && owner != "" && record.Owner != owner {
			return record, &policy.Invalid{Field: "registeredOwners", Problem: "name two persons; there can be only one owner"}
		}
		record.Owner = cmp.Or(record.Owner, owner)
		record.Users = append(record.Users, opt.Users[id]...)
	}
	record.DefaultOwner = opt.DefaultOwner
	return record, nil
}

// load gives the records of a stream to add, which hands them to the loader.
func load[R, T any](ctx context.Context, stream iter.Seq2[R, error], to *loader[T], add func(R) error) (Report, error) {
	for r, err := range stream {
		var refusal *Refusal
		switch {
		case ctx.Err() != nil:
			return to.done(ctx.Err())
		case errors.As(err, &refusal):
			to.report.Read++
			to.report.count(refusal.Position, fate{refused: refusal.Err})
			continue
		case err != nil:
			return to.done(errors.Join(err, to.flush()))
		}
		if err := add(r); err != nil {
			return to.done(err)
		}
	}
	return to.done(to.flush())
}

// loader hands records to put in batches, and counts what became of them.
type loader[T any] struct {
	put    func([]T) ([]fate, error)
	most   int               // records that put takes at a time
	named  map[string]string // in Graph, the fields that put has other names for
	batch  []T
	at     []Position
	report Report
}

// add takes a record, or why it is refused.
func (l *loader[T]) add(at Position, record T, refused error) error {
	l.report.Read++
	if refused != nil {
		l.report.count(at, fate{refused: refused})
		return nil
	}
	l.batch, l.at = append(l.batch, record), append(l.at, at)
	if len(l.batch) < l.most {
		return nil
	}
	return l.flush()
}

func (l *loader[T]) flush() error {
	if len(l.batch) == 0 {
		return nil
	}
	became, err := l.put(l.batch)
	if err != nil {
		return err
	}
	for i, f := range became {
		if invalid := (*policy.Invalid)(nil); errors.As(f.refused, &invalid) {
			f.refused = &policy.Invalid{Field: cmp.Or(l.named[invalid.Field], invalid.Field), Problem: invalid.Problem}
		}
		l.report.count(l.at[i], f)
	}
	l.batch, l.at = l.batch[:0], l.at[:0]
	return nil
}

// done gives the report with its refusals in the order of the stream: a batch's own come after those that
// its reading met.
func (l *loader[T]) done(err error) (Report, error) {
	slices.SortFunc(l.report.Refusals, func(a, b *Refusal) int { return cmp.Compare(a.Record, b.Record) })
	return l.report, err
}

// fate is what became of a record, whichever room took it: why it was refused, or in which number of the report it
// counts.
type fate struct {
	in      func(*Report) *int
	refused error
}

// fates tells what the room of devices made of records.
func fates(done []devices.Outcome, err error) ([]fate, error) {
	became := make([]fate, len(done))
	for i, d := range done {
		switch d.Result {
		case devices.Imported:
			became[i].in = func(r *Report) *int { return &r.Imported }
		case devices.Updated:
			became[i].in = func(r *Report) *int { return &r.Updated }
		case devices.Same:
			became[i].in = func(r *Report) *int { return &r.Unchanged }
		case devices.KeptDisabled:
			became[i].in = func(r *Report) *int { return &r.KeptDisabled }
		default:
			became[i].refused = d.Err
		}
	}
	return became, err
}

func (r *Report) count(at Position, f fate) {
	if f.in != nil {
		*f.in(r)++
		return
	}
	r.Refused++
	if len(r.Refusals) < MaxRefusals {
		r.Refusals = append(r.Refusals, &Refusal{at, f.refused})
	}
}
