package msgraph

import (
	"errors"
	"io"
	"iter"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// RecoveryKey is a BitLocker recovery key as Graph tells of it. Its Password prints as nothing.
type RecoveryKey struct {
	At Position
	devices.KeyRecord
}

var volumeTypes = map[string]devices.Volume{
	"operatingSystemVolume": devices.OperatingSystemVolume, "1": devices.OperatingSystemVolume,
	"fixedDataVolume": devices.FixedDataVolume, "2": devices.FixedDataVolume,
	"removableDataVolume": devices.RemovableDataVolume, "3": devices.RemovableDataVolume,
	"unknownFutureValue": devices.UnknownVolume,
}

// RecoveryKeys reads the recovery keys of a stream, one at a time and with errors as [Devices] has them. A
// record without its key is refused, and so is a key that breaks the rules of [devices.ParseRecoveryPassword].
func RecoveryKeys(r io.Reader) iter.Seq2[RecoveryKey, error] {
	return each(r, (*scanner).values, func(o *object) RecoveryKey {
		o.kind("microsoft.graph.bitlockerRecoveryKey")
		k := RecoveryKey{At: o.Position}
		k.ID = devices.KeyID(o.needed("id"))
		k.Device = policy.DeviceID(o.needed("deviceId"))
		k.CreatedAt = o.moment("createdDateTime")
		k.Volume = choice(o, "volumeType", volumeTypes, devices.UnknownVolume)
		k.Password = o.password("key")
		return k
	})
}

func (o *object) password(name string) secret.Text {
	if o.get(name) == nil {
		o.refuse(name, "is missing; a listing never contains keys: read each by itself with $select=key")
	}
	password, err := devices.ParseRecoveryPassword(secret.NewText(o.text(name)))
	if invalid := (*policy.Invalid)(nil); errors.As(err, &invalid) {
		o.refuse(name, invalid.Problem)
	} else {
		o.check(err)
	}
	return password
}
