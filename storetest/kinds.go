package storetest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// kind tells how one kind of row is made, put and found again, so that a promise about rows is written once
// and checked on every kind. See rows.
type kind[R any] struct {
	name string
	// slots name the identifiers in a row's address.
	slots []string
	// sample makes the row at an address: n = 0 with as little in it as a row may have, every other n with all
	// fields filled, and differently for each n. It has no revision yet and shares nothing with other samples.
	sample func(at address, n int) R
	get    func(tx, address) (R, error)
	put    func(tx, R) (store.Revision, error)
	// remove is nil for rows that are never removed one by one.
	remove func(tx, address) error
	// revision is nil for events, which are only ever added.
	revision func(*R) *store.Revision
}

// address is what finds a row or a list: the tenant, then identifiers within it.
type address []string

func (a address) tenant() policy.TenantID      { return policy.TenantID(a[0]) }
func (a address) account() policy.AccountID    { return policy.AccountID(a[1]) }
func (a address) device() policy.DeviceID      { return policy.DeviceID(a[1]) }
func (a address) key() devices.KeyID           { return devices.KeyID(a[1]) }
func (a address) with(i int, v string) address { b := slices.Clone(a); b[i] = v; return b }

// usual is the address that checks use when any will do.
func usual(slots []string) address {
	at := address{"contoso"}
	for _, s := range slots[1:] {
		at = append(at, "some "+s)
	}
	return at
}

// when gives times in the form in which stores keep them, later for greater n.
func when(n int) time.Time {
	return time.Date(2026, 1, 5, 9, 0, 0, 123456000, time.UTC).Add(time.Duration(n) * time.Hour)
}

// pick chooses one of several values, in turn.
func pick[E any](n int, from ...E) E { return from[n%len(from)] }

func text(what string, n int) string { return fmt.Sprintf("%s %d", what, n) }

var settingsKind = kind[policy.Settings]{
	name:  "settings",
	slots: []string{"tenant"},
	sample: func(at address, n int) policy.Settings {
		s := policy.Settings{Tenant: at.tenant()}
		if n == 0 {
			return s
		}
		s.TurnedOn, s.Contact = true, text("the help desk, extension", n)
		return s.WithAccess("devices", pick(n, policy.Off, policy.ReadOnly)).WithAccess("devices.keys", policy.Edit).
			WithNeed("devices", policy.License(text("plan", n))).
			WithLicense("P1", true).WithLicense(policy.License(text("plan", n)), true).
			WithValue(policy.Setting{Name: "devices.limit"}, n).WithValue(policy.Setting{Name: "none"}, policy.Unlimited)
	},
	get:      func(t tx, at address) (policy.Settings, error) { return t.Settings(at.tenant()) },
	put:      func(t tx, r policy.Settings) (store.Revision, error) { return t.admin.PutSettings(r) },
	revision: func(r *policy.Settings) *store.Revision { return &r.Revision },
}

var standingKind = kind[policy.Standing]{
	name:  "standing",
	slots: []string{"tenant", "account"},
	sample: func(at address, n int) policy.Standing {
		st := policy.Standing{Tenant: at.tenant(), Account: at.account(),
			Kind:  pick(n, policy.Work, policy.Personal, policy.Guest),
			State: pick(n, policy.Active, policy.Disabled, policy.Closed, policy.Closing)}
		if n > 0 {
			st.Epoch, st.Credentials, st.SessionsValidFrom = uint64(n), uint64(n+1), when(n)
			st.Risk, st.MustChangePassword = pick(n, policy.LowRisk, policy.HighRisk), true
			st.RestrictedUntil, st.Vouched = when(n+1), true
		}
		return st
	},
	get: func(t tx, at address) (policy.Standing, error) { return t.Standing(at.tenant(), at.account()) },
	put: func(t tx, r policy.Standing) (store.Revision, error) {
		switch {
		case t.signins != nil:
			return t.signins.PutStanding(r)
		case t.challenges != nil:
			return t.challenges.PutStanding(r)
		}
		return t.admin.PutStanding(r)
	},
	revision: func(r *policy.Standing) *store.Revision { return &r.Revision },
}

var sessionKind = kind[policy.Session]{
	name:   "session",
	slots:  []string{"tenant", "account", "session"},
	sample: sampleSession,
	get: func(t tx, at address) (policy.Session, error) {
		return t.Session(at.tenant(), at.account(), policy.SessionID(at[2]))
	},
	put: func(t tx, r policy.Session) (store.Revision, error) {
		switch {
		case t.signins != nil:
			return t.signins.PutSession(r)
		case t.account != nil:
			return t.account.PutSession(r)
		}
		return t.admin.PutSession(r)
	},
	revision: func(r *policy.Session) *store.Revision { return &r.Revision },
}

// sessionInSignIns is a session as package signins sees it, which may remove one.
var sessionInSignIns = func() kind[policy.Session] {
	k := sessionKind
	k.remove = func(t tx, at address) error {
		return t.signins.DeleteSession(at.tenant(), at.account(), policy.SessionID(at[2]))
	}
	return k
}()

func sampleSession(at address, n int) policy.Session {
	s := policy.Session{Tenant: at.tenant(), Account: at.account(), ID: policy.SessionID(at[2]), StartedAt: when(n)}
	if n == 0 {
		return s
	}
	s.Token, s.Epoch = secret.Digest{0: byte(n), 31: 1}, uint64(n)
	s.AuthenticatedAt, s.SeenAt, s.EndedAt = when(n+1), when(n+2), when(n+3)
	s.BeganAt, s.EndsAt = when(n+4), when(n+5)
	s.Level = pick(n, policy.AAL1, policy.AAL2, policy.AAL3)
	s.Proofs = []policy.Proof{{Factor: policy.FactorPassword, At: when(n)}, {Factor: policy.FactorPasskey, At: when(n + 1)}}
	s.Device, s.Address = policy.DeviceID(text("device", n)), pick(n, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1"))
	s.Client = policy.Client{Application: text("application", n), Browser: text("browser", n), System: text("system", n)}
	s.Place = text("place", n)
	return s
}

// signInKind's rows all have one time: a record never changes its own.
var signInKind = kind[signins.SignIn]{
	name:  "sign-in",
	slots: []string{"tenant", "account", "sign-in"},
	sample: func(at address, n int) signins.SignIn {
		return sampleSignIn(at, when(5), n)
	},
	get: func(t tx, at address) (signins.SignIn, error) {
		return t.signins.SignIn(at.tenant(), at.account(), signins.ID(at[2]))
	},
	put:      func(t tx, r signins.SignIn) (store.Revision, error) { return t.signins.PutSignIn(r) },
	revision: func(r *signins.SignIn) *store.Revision { return &r.Revision },
}

func sampleSignIn(at address, when time.Time, n int) signins.SignIn {
	s := signins.SignIn{Tenant: at.tenant(), Record: signins.Record{Account: at.account(), ID: signins.ID(at[2]), At: when}, Outcome: signins.Success}
	if n == 0 {
		return s
	}
	s.Application, s.Resource = text("application", n), text("resource", n)
	s.ClientApp, s.Browser, s.System = text("client app", n), text("browser", n), text("system", n)
	s.Address = pick(n, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1"))
	s.Place = signins.Place{City: text("city", n), Region: text("region", n), Country: pick(n, "DE", "NL"),
		Located: true, Latitude: 52.520008 + float64(n)/3, Longitude: -13.404954 / float64(n)}
	s.Anonymized = true
	s.Device, s.DeviceName = policy.DeviceID(text("device", n)), text("device name", n)
	s.Session, s.Correlation = policy.SessionID(text("session", n)), text("correlation", n)
	s.Code, s.Failure = pick(n, 500121, 50126, 16000), text("failure", n)
	s.Steps = []signins.Step{
		{At: when.Add(time.Duration(n) * time.Second), Method: text("method", n), Detail: text("detail", n), Primary: true, Succeeded: true},
		{Method: "Mobile app notification"},
	}
	s.Risk = pick(n, policy.HiddenRisk, policy.LowRisk, policy.MediumRisk, policy.HighRisk)
	s.Outcome = pick(n, signins.LaterStepFailed, signins.FirstFactorFailed, signins.Interrupted)
	s.Answer, s.AnsweredAt = pick(n, signins.ThisWasNotMe, signins.ThisWasMe), when.Add(time.Duration(n)*time.Hour)
	return s
}

var usageKind = kind[policy.Usage]{
	name:  "usage",
	slots: []string{"tenant", "account", "action"},
	sample: func(at address, n int) policy.Usage {
		u := policy.Usage{Tenant: at.tenant(), Account: at.account(), Action: policy.Action(at[2])}
		if n > 0 {
			u.Times = []time.Time{when(n), when(n + 1), when(n)}
		}
		return u
	},
	// A usage that is missing is the zero Usage and no error; everybody else's is ErrNotFound.
	get: func(t tx, at address) (policy.Usage, error) {
		u, err := t.Usage(at.tenant(), at.account(), policy.Action(at[2]))
		if err != nil || u.Revision != 0 {
			if errors.Is(err, store.ErrNotFound) {
				err = fmt.Errorf("the Usage of nothing yet is the zero Usage and no error, not %q", err.Error())
			}
			return u, err
		}
		if d := diff(policy.Usage{}, u); d != "" {
			return u, fmt.Errorf("a Usage without a revision is not the zero Usage (-want +got):\n%s", d)
		}
		return u, store.ErrNotFound
	},
	put:      func(t tx, r policy.Usage) (store.Revision, error) { return t.PutUsage(r) },
	revision: func(r *policy.Usage) *store.Revision { return &r.Revision },
}

var followerKind = kind[policy.Follower]{
	name:  "follower",
	slots: []string{"tenant", "name"},
	sample: func(at address, n int) policy.Follower {
		f := policy.Follower{Tenant: at.tenant(), Name: at[1]}
		if n > 0 {
			f.Read, f.Given = store.Cursor(text("read up to", n)), store.Cursor(text("given up to", n))
		}
		return f
	},
	get:      func(t tx, at address) (policy.Follower, error) { return t.admin.Follower(at.tenant(), at[1]) },
	put:      func(t tx, r policy.Follower) (store.Revision, error) { return t.admin.PutFollower(r) },
	remove:   func(t tx, at address) error { return t.admin.DropFollower(at.tenant(), at[1]) },
	revision: func(r *policy.Follower) *store.Revision { return &r.Revision },
}

// eventKind finds an event by its operation, which the checks give to one event only. The Seq, which is the
// store's to give, is left out of the comparison.
var eventKind = kind[policy.Event]{
	name:   "event",
	slots:  []string{"tenant", "account", "operation"},
	sample: sampleEvent,
	get: func(t tx, at address) (found policy.Event, err error) {
		err = store.ErrNotFound
		each := store.Each(
			func(p store.Page) (store.List[policy.Event], error) {
				return t.admin.EventsOf(at.tenant(), at.account(), p)
			},
			func(e policy.Event) error {
				switch {
				case e.Operation != at[2]:
					return nil
				case err == nil:
					return fmt.Errorf("the event of operation %q is there twice, as %d and %d", at[2], found.Seq, e.Seq)
				}
				found, err = e, nil
				return nil
			})
		found.Seq = 0
		return found, errors.Join(each, err)
	},
	put: func(t tx, e policy.Event) (store.Revision, error) { return 0, t.AppendEvent(e) },
}

func sampleEvent(at address, n int) policy.Event {
	e := policy.Event{Tenant: at.tenant(), Account: at.account(), Operation: at[2], At: when(n), First: when(n),
		By:     policy.Principal{Kind: policy.PersonPrincipal, ID: at[1]},
		Action: "devices.disable", Activity: "Disable device", Category: "Device", Outcome: policy.Succeeded, Count: 1}
	if n == 0 {
		return e
	}
	e.By = policy.Principal{Kind: pick(n, policy.HostPrincipal, policy.SystemPrincipal), ID: text("by", n)}
	e.Roles = []policy.Role{policy.Role(text("role", n)), policy.CloudDeviceAdministrator}
	e.Session, e.Device = policy.SessionID(text("session", n)), policy.DeviceID(text("device", n))
	e.Address = pick(n, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1"))
	e.Action, e.Activity, e.Category = policy.Action(text("action", n)), text("activity", n), text("category", n)
	e.Target = policy.Target{Kind: text("kind", n), ID: text("id", n)}
	e.Facts = []policy.Fact{{Name: "name", Value: text("value", n)}, {Name: "empty"}}
	e.Outcome, e.Reason = policy.Failed, policy.Code(text("reason", n))
	e.Count, e.Revision, e.Notify = n+1, store.Revision(n), true
	return e
}

var deviceKind = kind[devices.Device]{
	name:     "device",
	slots:    []string{"tenant", "device"},
	sample:   sampleDevice,
	get:      func(t tx, at address) (devices.Device, error) { return t.devices.Device(at.tenant(), at.device()) },
	put:      func(t tx, r devices.Device) (store.Revision, error) { return t.devices.PutDevice(r) },
	revision: func(r *devices.Device) *store.Revision { return &r.Revision },
}

func sampleDevice(at address, n int) devices.Device {
	d := devices.Device{Tenant: at.tenant(), ID: at.device(), State: devices.Enabled,
		Join: devices.Joined, Profile: devices.RegisteredDevice}
	if n == 0 {
		return d
	}
	d.Owner = "ada"
	d.Users = []devices.User{{Account: "ada", Recognition: devices.Mine, At: when(n)}, {Account: "bob"}}
	d.Name, d.OS, d.OSVersion, d.Model = text("name", n), text("os", n), text("version", n), text("model", n)
	d.Join = pick(n, devices.Registered, devices.HybridJoined)
	d.Profile = pick(n, devices.Printer, devices.Shared, devices.IoT)
	d.Compliant, d.Managed, d.Autopilot = pick(n, devices.Yes, devices.No), pick(n, devices.No, devices.Yes), true
	d.State = pick(n, devices.DisabledByUser, devices.DisabledByAdministrator, devices.Removed, devices.Deleted)
	d.RegisteredAt, d.LastSignInAt, d.DisabledAt, d.RemovedAt = when(n), when(n+1), when(n+2), when(n+3)
	d.DisabledBy = policy.Principal{Kind: policy.PersonPrincipal, ID: text("by", n)}
	return d
}

// keyKind's rows are all on one device: a key never moves to another.
var keyKind = kind[devices.RecoveryKey]{
	name:   "recovery key",
	slots:  []string{"tenant", "key"},
	sample: func(at address, n int) devices.RecoveryKey { return sampleKey(at.tenant(), "laptop", at.key(), n) },
	get: func(t tx, at address) (devices.RecoveryKey, error) {
		return t.devices.RecoveryKey(at.tenant(), at.key())
	},
	put:      func(t tx, r devices.RecoveryKey) (store.Revision, error) { return t.devices.PutRecoveryKey(r) },
	remove:   func(t tx, at address) error { return t.devices.DeleteRecoveryKey(at.tenant(), at.key()) },
	revision: func(r *devices.RecoveryKey) *store.Revision { return &r.Revision },
}

func sampleKey(t policy.TenantID, device policy.DeviceID, id devices.KeyID, n int) devices.RecoveryKey {
	k := devices.RecoveryKey{Tenant: t, Device: device, ID: id, CreatedAt: when(n), Sealed: secret.Sealed(text("sealed", n))}
	if n == 0 {
		return k
	}
	k.Volume, k.Owner = pick(n, devices.FixedDataVolume, devices.OperatingSystemVolume), "ada"
	k.RevealedAt, k.RevealedBy = when(n+1), policy.Principal{Kind: policy.PersonPrincipal, ID: text("by", n)}
	k.RotateSince, k.RetiredAt = when(n+2), when(n+3)
	k.Fingerprint = secret.Digest{0: byte(n), 31: 1}
	return k
}

// exactly compares rows as the contract does: times by their instant and zone, and a list of nothing
// with no list.
var exactly = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.EquateComparable(netip.Addr{}),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }),
	cmp.Comparer(func(a, b secret.Digest) bool { return a == b }), // its own Equal never finds two zeros equal
}

func diff(want, got any) string { return cmp.Diff(want, got, exactly) }
