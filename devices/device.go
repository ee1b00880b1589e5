package devices

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/internal/enum"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Device is one device that is or was connected to a tenant.
type Device struct {
	Tenant policy.TenantID `json:"tenant"`
	ID     policy.DeviceID `json:"id"`
	// Owner is the one person whose device it is; empty for a hybrid joined device without a primary user.
	Owner policy.AccountID `json:"owner,omitempty"`
	// Users are the registered users, the owner among them.
	Users []User `json:"users,omitempty"`

	Name      string   `json:"name"`      // at most [MaxText] characters, like the next three
	OS        string   `json:"os"`        // such as "Windows"
	OSVersion string   `json:"osVersion"` // such as "10.0.19045"
	Model     string   `json:"model,omitempty"`
	Join      JoinType `json:"join"`
	Profile   Profile  `json:"profile"`
	Compliant Answer   `json:"compliant"`
	Managed   Answer   `json:"managed"`
	// Autopilot says that the device's deployment is managed elsewhere, so that it cannot be deleted here.
	Autopilot bool `json:"autopilot,omitempty"`

	State        State            `json:"state"`
	RegisteredAt time.Time        `json:"registeredAt,omitzero"`
	LastSignInAt time.Time        `json:"lastSignInAt,omitzero"`
	DisabledAt   time.Time        `json:"disabledAt,omitzero"`
	DisabledBy   policy.Principal `json:"disabledBy,omitzero"`
	RemovedAt    time.Time        `json:"removedAt,omitzero"` // when it was removed or deleted

	Revision store.Revision `json:"revision"`
}

// MaxText is the longest name, operating system, version and model in code points; Microsoft Graph's
// bound for a displayName.
const MaxText = 256

// User is a registered user of a device, with what they said about it.
type User struct {
	Account     policy.AccountID `json:"account"`
	Recognition Recognition      `json:"recognition,omitempty"`
	At          time.Time        `json:"at,omitzero"` // when they said it
}

// Recognition is what a person says about a device.
type Recognition uint8

// What a person may say.
const (
	Unsaid Recognition = iota
	Mine
	NotRecognized
)

var recognitionNames = enum.Names[Recognition]{Mine: "mine", NotRecognized: "not-recognized"}

// JoinType is how a device is connected to the tenant (Microsoft Graph: trustType). The zero JoinType is
// none and refused.
type JoinType uint8

// Join types.
const (
	Registered   JoinType = iota + 1 // a person's own device (Workplace)
	Joined                           // the organization's (AzureAd)
	HybridJoined                     // kept in the organization's own directory and synchronized (ServerAd)
)

var joinNames = enum.Names[JoinType]{Registered: "registered", Joined: "joined", HybridJoined: "hybrid-joined"}

// Profile is what kind of thing a device is (Microsoft Graph: profileType).
type Profile uint8

// Profiles.
const (
	RegisteredDevice Profile = iota + 1
	SecureVM
	Printer
	Shared
	IoT
)

var profileNames = enum.Names[Profile]{RegisteredDevice: "registered-device", SecureVM: "secure-vm", Printer: "printer", Shared: "shared", IoT: "iot"}

// Answer is yes, no or unknown.
type Answer uint8

// Answers.
const (
	Unknown Answer = iota
	Yes
	No
)

var answerNames = enum.Names[Answer]{Unknown: "unknown", Yes: "yes", No: "no"}

// State is where a device is in its life. The zero State is not enabled.
type State uint8

// States of a device. From all but [Enabled] there is no way back for a person.
const (
	Enabled                 State = iota + 1
	DisabledByUser                // for good, as far as the person goes
	DisabledByAdministrator       // likewise
	Removed                       // off the account; its keys stay readable until purged
	Deleted                       // only the id is left, so that it is never used again
)

var stateNames = enum.Names[State]{Enabled: "enabled", DisabledByUser: "disabled-by-user",
	DisabledByAdministrator: "disabled-by-administrator", Removed: "removed", Deleted: "deleted"}

// Disabled reports whether d was disabled, by whomever.
func (d *Device) Disabled() bool {
	return d.State == DisabledByUser || d.State == DisabledByAdministrator
}

// Gone reports whether d was removed or deleted.
func (d *Device) Gone() bool { return d.State == Removed || d.State == Deleted }

// Clone returns a copy that shares nothing with d.
func (d Device) Clone() Device {
	d.Users = slices.Clone(d.Users)
	return d
}

// visibleTo reports whether the device shows up for a person: its owner or a registered user, and for a
// hybrid joined Windows 10 or later only its primary user, which is what Owner holds there (Entra's
// device FAQ: the user's list leaves such devices out).
func (d *Device) visibleTo(person policy.AccountID) bool {
	switch {
	case person == "" || d.State == Deleted:
		return false
	case d.Owner == person:
		return true
	case d.Join == HybridJoined && d.windows10():
		return false
	}
	return d.user(person) != nil
}

// tombstone is what is left of a deleted device: that its id is never accepted again.
func (d *Device) tombstone(now time.Time) Device {
	return Device{Tenant: d.Tenant, ID: d.ID, State: Deleted, RemovedAt: now, Revision: d.Revision}
}

// unused reports whether the device was not active for [UnusedDays].
func (d *Device) unused(op *policy.Op) bool {
	active := d.LastSignInAt
	if active.IsZero() {
		active = d.RegisteredAt
	}
	return op.Now.Sub(active) > time.Duration(op.Settings.Value(UnusedDays))*24*time.Hour
}

func (d *Device) user(person policy.AccountID) *User {
	for i := range d.Users {
		if d.Users[i].Account == person {
			return &d.Users[i]
		}
	}
	return nil
}

// recognized notes what a person says about the device.
func (d *Device) recognized(person policy.AccountID, as Recognition, at time.Time) {
	u := d.user(person)
	if u == nil { // an owner who is not among the users
		d.Users = append(d.Users, User{Account: person})
		u = &d.Users[len(d.Users)-1]
	}
	u.Recognition, u.At = as, at
}

// disable disables d for its person, for good.
func (d *Device) disable(op *policy.Op) policy.Change {
	d.State, d.DisabledAt, d.DisabledBy = DisabledByUser, op.Now, op.Actor.Principal()
	return about(d, "state", d.State.String())
}

// windows10 reports whether d runs Windows 10 or later, as OS "Windows" with a version from 10 on.
func (d *Device) windows10() bool {
	if !strings.EqualFold(d.OS, "Windows") {
		return false
	}
	major, _, _ := strings.Cut(d.OSVersion, ".")
	n, err := strconv.Atoi(major)
	return err != nil || n >= 10 // a version that says nothing is taken for a current one
}

// title is how previews and events name the device.
func (d *Device) title() string {
	if d.Name == "" {
		return string(d.ID)
	}
	return d.Name
}

// check names the first of the device's texts and choices that may not be kept.
func (d *Device) check() error {
	for _, t := range []struct{ field, value string }{
		{"name", d.Name}, {"os", d.OS}, {"osVersion", d.OSVersion}, {"model", d.Model},
	} {
		if err := policy.CheckText(t.field, t.value, MaxText); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		field string
		err   error
	}{
		{"join", joinNames.Check(d.Join)}, {"profile", profileNames.Check(d.Profile)},
		{"compliant", answerNames.Check(d.Compliant)}, {"managed", answerNames.Check(d.Managed)},
	} {
		if c.err != nil {
			return &policy.Invalid{Field: c.field, Problem: c.err.Error()}
		}
	}
	return nil
}
