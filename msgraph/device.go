package msgraph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
)

// Device is a device as Graph tells of it. The Owner and Users of the record are those of
// RegisteredOwners and RegisteredUsers.
type Device struct {
	At Position
	// ObjectID is Graph's id of the directory object; empty if the export left it out. The record's ID is
	// Graph's deviceId.
	ObjectID string
	devices.DeviceRecord
	// RegisteredOwners and RegisteredUsers are there if the export was made with $expand. There is at most
	// one owner.
	RegisteredOwners, RegisteredUsers []Person
}

// Person is a registered owner or user of a device.
type Person struct {
	At                             Position
	ID                             policy.AccountID // Graph's object id
	DisplayName, UserPrincipalName string           // empty if the export left them out
}

var trustTypes = map[string]devices.JoinType{
	"Workplace": devices.Registered, "AzureAd": devices.Joined, "ServerAd": devices.HybridJoined,
}

var profileTypes = map[string]devices.Profile{
	"RegisteredDevice": devices.RegisteredDevice, "SecureVM": devices.SecureVM, "Printer": devices.Printer,
	"Shared": devices.Shared, "IoT": devices.IoT,
}

// Devices reads the devices of a stream, one at a time. A record that cannot be used is a *[Refusal], and
// the stream goes on; a *[Broken] is the last that comes.
func Devices(r io.Reader) iter.Seq2[Device, error] {
	return each(r, (*scanner).values, func(o *object) Device {
		o.kind("microsoft.graph.device")
		d := Device{At: o.Position, ObjectID: o.id("id")}
		d.ID = policy.DeviceID(o.needed("deviceId"))
		d.Name, d.Model = o.label("displayName"), o.label("model")
		d.OS, d.OSVersion = o.label("operatingSystem"), o.label("operatingSystemVersion")
		d.Join = choice(o, "trustType", trustTypes, 0)
		d.Profile = choice(o, "profileType", profileTypes, 0)
		d.Compliant, d.Managed = o.answer("isCompliant"), o.answer("isManaged")
		d.Autopilot = o.autopilot("physicalIds")
		d.Enabled = o.answer("accountEnabled")
		d.RegisteredAt = o.moment("registrationDateTime")
		d.LastSignInAt = o.moment("approximateLastSignInDateTime")
		d.RegisteredOwners, d.RegisteredUsers = o.people("registeredOwners", 1), o.people("registeredUsers", devices.MaxUsers)
		for _, p := range d.RegisteredOwners {
			d.Owner = p.ID
		}
		for _, p := range d.RegisteredUsers {
			d.Users = append(d.Users, p.ID)
		}
		return d
	})
}

// People reads the persons of registeredOwners and registeredUsers collections, as Graph answers to
// GET /devices/{id}/registeredOwners, one at a time and with errors as [Devices] has them. Such a page does
// not say whose device it is about: see [Options].
func People(r io.Reader) iter.Seq2[Person, error] {
	return each(r, (*scanner).values, (*object).person)
}

// people reads the persons within a device, at most so many.
func (o *object) people(name string, most int) []Person {
	raw := o.get(name)
	if raw == nil {
		return nil
	}
	if raw[0] != '[' {
		o.refuse(name, "is not an array")
		return nil
	}
	var all []Person
	for p, err := range People(bytes.NewReader(raw)) {
		invalid := (*policy.Invalid)(nil)
		switch {
		case errors.As(err, &invalid):
			o.refuse(name+"."+invalid.Field, invalid.Problem)
			return nil
		case err != nil:
			o.check(err)
			return nil
		case len(all) == most:
			o.refuse(name, fmt.Sprintf("are more than %d", most))
			return nil
		}
		p.At = o.Position
		all = append(all, p)
	}
	return all
}

// autopilot tells whether one of the device's physical ids is the one that Windows Autopilot gives; unknown
// without any list of them.
func (o *object) autopilot(name string) devices.Answer {
	const mark = "[ZTDID]:"
	raw := o.get(name)
	if raw == nil {
		return devices.Unknown
	}
	var ids []string
	if err := json.Unmarshal(raw, &ids); err != nil {
		o.refuse(name, "is not an array of strings")
	}
	for _, id := range ids {
		if len(id) >= len(mark) && strings.EqualFold(id[:len(mark)], mark) {
			return devices.Yes
		}
	}
	return devices.No
}
