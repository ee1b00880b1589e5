package devices

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/internal/enum"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// KeyID names a recovery key, as the recovery screen of the locked device shows it: usually a GUID,
// unique within a tenant.
type KeyID string

// RecoveryKey is a BitLocker recovery key in escrow. The key itself is in it only sealed.
type RecoveryKey struct {
	Tenant policy.TenantID `json:"tenant"`
	Device policy.DeviceID `json:"device"`
	ID     KeyID           `json:"id"`
	Volume Volume          `json:"volume"`
	// Owner is whose device it was when the key was escrowed, and never changes.
	Owner     policy.AccountID `json:"owner,omitempty"`
	CreatedAt time.Time        `json:"createdAt"`
	Sealed    secret.Sealed    `json:"sealed"`
	// Fingerprint tells whether a password is in escrow already, without opening any. A recovery password
	// has 128 random bits, so its hash tells nobody what it is.
	Fingerprint secret.Digest `json:"fingerprint"`

	RevealedAt  time.Time        `json:"revealedAt,omitzero"` // the last time
	RevealedBy  policy.Principal `json:"revealedBy,omitzero"`
	RotateSince time.Time        `json:"rotateSince,omitzero"` // since when the device should replace it
	RetiredAt   time.Time        `json:"retiredAt,omitzero"`   // when the device replaced it

	Revision store.Revision `json:"revision"`
}

// MaxKeysPerDevice is how many keys may be in escrow for one device, the retired ones included.
const MaxKeysPerDevice = 200

// bound is the associated data that ties the sealed key to its place: moved to another tenant, owner,
// device or id it does not open.
func (k *RecoveryKey) bound() []byte {
	return secret.Bind("recovery-key", string(k.Tenant), string(k.Owner), string(k.Device), string(k.ID))
}

// fingerprint is that of a password on the key's device.
func (k *RecoveryKey) fingerprint(password secret.Text) secret.Digest {
	return sha256.Sum256(secret.Bind("recovery-key", string(k.Tenant), string(k.Device), password.Reveal()))
}

// waits reports whether the device should replace the key.
func (k *RecoveryKey) waits() bool { return !k.RotateSince.IsZero() && k.RetiredAt.IsZero() }

// Volume is the kind of volume that a key unlocks.
type Volume uint8

// Kinds of volume (Microsoft Graph: volumeType).
const (
	UnknownVolume Volume = iota
	OperatingSystemVolume
	FixedDataVolume
	RemovableDataVolume
)

var volumeNames = enum.Names[Volume]{UnknownVolume: "unknown", OperatingSystemVolume: "operating-system",
	FixedDataVolume: "fixed-data", RemovableDataVolume: "removable-data"}

// The shape of a recovery password (Windows Internals; the recovery process in Microsoft's BitLocker
// documentation): eight groups of six digits, each 11 times a 16-bit number.
const (
	groups      = 8
	groupDigits = 6
	groupFactor = 11
	groupBound  = 1 << 16 * groupFactor // 720,896
)

// ParseRecoveryPassword reads a recovery password of 48 digits, in groups of six parted by hyphens or
// spaces or not at all, and gives it in the form with hyphens, which is the one that unlocks. Its errors
// are *[policy.Invalid]; they name the group that is wrong and never show a digit.
func ParseRecoveryPassword(t secret.Text) (secret.Text, error) {
	const longest = 256 // far more than 48 digits and any parting
	invalid := func(format string, args ...any) (secret.Text, error) {
		return secret.Text{}, &policy.Invalid{Field: "recoveryPassword", Problem: fmt.Sprintf(format, args...)}
	}
	s := strings.TrimSpace(t.Reveal())
	switch {
	case s == "":
		return invalid("is empty; want 48 digits in 8 groups of 6")
	case len(s) > longest:
		return invalid("is longer than %d bytes; want 48 digits in 8 groups of 6", longest)
	}
	group := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == ' ' })
	if len(group) == 1 && len(s) == groups*groupDigits {
		group = group[:0]
		for i := 0; i < len(s); i += groupDigits {
			group = append(group, s[i:i+groupDigits])
		}
	}
	if len(group) != groups {
		return invalid("has %d groups; want 8 groups of 6 digits", len(group))
	}
	for i, g := range group {
		if len(g) != groupDigits || strings.Trim(g, "0123456789") != "" {
			return invalid("group %d is not 6 digits", i+1)
		}
		n, err := strconv.Atoi(g)
		switch {
		case err != nil:
			return invalid("group %d is not 6 digits", i+1)
		case n%groupFactor != 0:
			return invalid("group %d is not divisible by 11", i+1)
		case n >= groupBound:
			return invalid("group %d is not below 720,896", i+1)
		}
	}
	return secret.NewText(strings.Join(group, "-")), nil
}

// MinKeyPrefix is the shortest part of a key id that [Service.RecoveryKeys] searches by: the eight
// characters that a recovery screen asks people to compare.
const MinKeyPrefix = 8

// startsWith compares as people type: without regard to case.
func (id KeyID) startsWith(prefix string) bool {
	return len(id) >= len(prefix) && strings.EqualFold(string(id[:len(prefix)]), prefix)
}
