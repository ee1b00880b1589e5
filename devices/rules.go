package devices

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Areas that an administrator can lock.
const (
	AreaDevices policy.Area = "devices"
	AreaKeys    policy.Area = "devices.keys" // recovery keys: ReadOnly lists them, Edit reveals them
)

// Areas lists the areas of this room.
func Areas() []policy.Area { return []policy.Area{AreaDevices, AreaKeys} }

// Numbers and switches that an administrator can set.
var (
	// MaxDevices is how many devices one account may own, disabled ones included and hybrid joined ones not
	// (Entra: default 50, up to 100 or unlimited). It binds registering and transferring, not an import.
	MaxDevices = policy.Setting{Name: "devices.max-per-account", Default: 50, Min: 1, Max: 100, NoLimit: true,
		What: "devices that one account may own"}
	// UnusedDays is after how many days without activity a device counts as long unused.
	UnusedDays = policy.Setting{Name: "devices.unused-days", Default: 90, Min: 1, Max: 3650,
		What: "days without activity after which a device is marked as long unused"}
	// OwnersReadKeys lets owners read their own recovery keys (Graph:
	// allowedToReadBitlockerKeysForOwnedDevice).
	OwnersReadKeys = policy.Setting{Name: "devices.owners-read-keys", Default: 1, Min: 0, Max: 1,
		What: "whether owners may read the recovery keys of their devices"}
	// KnownDeviceOnly demands that a key is read on a registered device, not on a borrowed phone.
	KnownDeviceOnly = policy.Setting{Name: "devices.keys-on-known-device-only", Default: 0, Min: 0, Max: 1,
		What: "whether recovery keys may be read on registered devices only"}
	// RevealsPerHour is how many keys one account may read within an hour.
	RevealsPerHour = policy.Setting{Name: "devices.reveals-per-hour", Default: 10, Min: 1, Max: 1000, NoLimit: true,
		What: "recovery keys that one person may read within an hour"}
	// AdminRevealsPerHour is the same for an administrator.
	AdminRevealsPerHour = policy.Setting{Name: "devices.admin-reveals-per-hour", Default: 100, Min: 1, Max: 10000, NoLimit: true,
		What: "recovery keys that one administrator may read within an hour"}
)

// Settings lists the settings of this room.
func Settings() []policy.Setting {
	return []policy.Setting{MaxDevices, UnusedDays, OwnersReadKeys, KnownDeviceOnly, RevealsPerHour, AdminRevealsPerHour}
}

// Actions of this room.
const (
	List       policy.Action = "devices.list"
	Get        policy.Action = "devices.get"
	Recognize  policy.Action = "devices.recognize"
	Disable    policy.Action = "devices.disable"
	Remove     policy.Action = "devices.remove"
	ListKeys   policy.Action = "devices.list-keys"
	RevealKey  policy.Action = "devices.reveal-key"
	Register   policy.Action = "devices.register"
	CheckIn    policy.Action = "devices.check-in"
	Admit      policy.Action = "devices.may-authenticate"
	EscrowKey  policy.Action = "devices.escrow-key"
	RotateKey  policy.Action = "devices.rotate-key"
	PurgeGone  policy.Action = "devices.purge-removed"
	ReadAny    policy.Action = "devices.admin.read"
	AddDevice  policy.Action = "devices.admin.register"
	Enable     policy.Action = "devices.admin.enable"
	DisableAny policy.Action = "devices.admin.disable"
	Delete     policy.Action = "devices.admin.delete"
	Transfer   policy.Action = "devices.admin.transfer"
	RevealAny  policy.Action = "devices.admin.reveal-key"
	ToRotate   policy.Action = "devices.admin.keys-to-rotate"
	Import     policy.Action = "devices.admin.import"
	ImportKey  policy.Action = "devices.admin.import-keys"
)

// Codes of this room's reasons.
const (
	CodeNotOwner          policy.Code = "not-owner"
	CodeAlreadyDisabled   policy.Code = "already-disabled"
	CodeNotDisabled       policy.Code = "not-disabled"
	CodeGone              policy.Code = "device-removed"
	CodePrinter           policy.Code = "printer"
	CodeAutopilot         policy.Code = "autopilot-managed"
	CodeIDInUse           policy.Code = "device-id-in-use"
	CodeIDSpent           policy.Code = "device-id-spent"
	CodeDeviceLimit       policy.Code = "device-limit"
	CodeOwnerCannot       policy.Code = "owner-cannot-have-devices"
	CodeUnknownUser       policy.Code = "unknown-user"
	CodeKeysSwitchedOff   policy.Code = "owners-may-not-read-keys"
	CodeKeyRetired        policy.Code = "key-retired"
	CodeKeyExists         policy.Code = "key-already-escrowed"
	CodeKeyLimit          policy.Code = "key-limit"
	CodeChangedHands      policy.Code = "device-changed-hands"
	CodeLockedDevice      policy.Code = "locked-device"
	CodeUnregistered      policy.Code = "unregistered-device"
	CodeNotThatDevice     policy.Code = "not-that-device"
	CodeSignInDisabled    policy.Code = "sign-in-disabled"
	CodeOwnerStaysTheSame policy.Code = "owner-unchanged"
)

var (
	notOwner        = policy.Forbidden(CodeNotOwner, policy.NoRemedy, "Only the owner of the device can do this.")
	alreadyDisabled = policy.Forbidden(CodeAlreadyDisabled, policy.AskAdministrator, "This device is already disabled. Only an administrator can add it again.")
	notDisabled     = policy.Forbidden(CodeNotDisabled, policy.NoRemedy, "This device is not disabled.")
	gone            = policy.Forbidden(CodeGone, policy.NoRemedy, "This device was removed.")
	isPrinter       = policy.Forbidden(CodePrinter, policy.AskAdministrator, "Printers are managed elsewhere.")
	isAutopilot     = policy.Forbidden(CodeAutopilot, policy.AskAdministrator, "The deployment of this device is managed elsewhere; release it there first.")
	idInUse         = policy.Forbidden(CodeIDInUse, policy.NoRemedy, "A device with this id is registered already.")
	idSpent         = policy.Forbidden(CodeIDSpent, policy.AskAdministrator, "A device with this id was disabled or removed, and cannot be registered again.")
	deviceLimit     = policy.Forbidden(CodeDeviceLimit, policy.AskAdministrator, "The account has as many devices as it may have.")
	ownerCannot     = policy.Forbidden(CodeOwnerCannot, policy.AskAdministrator, "This account cannot have devices: it is unknown, not active or a guest.")
	unknownUser     = policy.Forbidden(CodeUnknownUser, policy.NoRemedy, "A registered user of the device is not an account here.")
	keysSwitchedOff = policy.SwitchedOff(CodeKeysSwitchedOff, "Your organization does not let owners read recovery keys.")
	keyRetired      = policy.Forbidden(CodeKeyRetired, policy.AskAdministrator, "The device has replaced this key; it no longer unlocks it.")
	keyExists       = policy.Forbidden(CodeKeyExists, policy.NoRemedy, "This key is in escrow already. Nothing was replaced.")
	keyLimit        = policy.Forbidden(CodeKeyLimit, policy.AskAdministrator, "The device has as many keys in escrow as it may have.")
	changedHands    = policy.Forbidden(CodeChangedHands, policy.NoRemedy, "The device changed hands or was deleted meanwhile. Look again.")
	lockedDevice    = policy.WrongDevice(CodeLockedDevice, "You are on the device that this key unlocks. Use another device.")
	unregistered    = policy.WrongDevice(CodeUnregistered, "Your organization asks for a registered device for this.")
	notThatDevice   = policy.WrongDevice(CodeNotThatDevice, "Only the device itself can do this.")
	signInDisabled  = policy.Forbidden(CodeSignInDisabled, policy.AskAdministrator, "This device is disabled and can no longer sign in.")
	ownerUnchanged  = policy.Forbidden(CodeOwnerStaysTheSame, policy.NoRemedy, "The device belongs to this account already.")
)

// Names in the event log, Microsoft Entra's own (audit activity reference).
const (
	deviceCategory = "Device"
	keyCategory    = "KeyManagement"

	registerDevice   = "Register device"
	unregisterDevice = "Unregister device"
	updateDevice     = "Update device"
	deleteDevice     = "Delete device"
	addOwner         = "Add registered owner to device"
	removeOwner      = "Remove registered owner from device"
	noLongerComplies = "Device no longer compliant"
	noLongerManaged  = "Device no longer managed"
	addKey           = "Add BitLocker key"
	readKey          = "Read BitLocker key"
	deleteKey        = "Delete BitLocker key"
)

// persons are the kinds of account that have device rights; guests have none (Entra: default user
// permissions).
const persons = policy.Work | policy.Personal

// Administrators who may do what with devices and keys (Graph: device-update, bitlockerrecoverykey-get).
var (
	deviceAdmins = []policy.Role{policy.GlobalAdministrator, policy.CloudDeviceAdministrator, policy.IntuneAdministrator}
	keyReaders   = []policy.Role{policy.GlobalAdministrator, policy.GlobalReader, policy.CloudDeviceAdministrator,
		policy.HelpdeskAdministrator, policy.IntuneAdministrator, policy.SecurityAdministrator, policy.SecurityReader}
)

type deviceSpec = policy.Spec[Tx, Device]
type keySpec = policy.Spec[Tx, RecoveryKey]
type listSpec = policy.Spec[Tx, none]

// none is the row of an action that is about no single thing.
type none = struct{}

func noRow(Tx, *policy.Op, policy.Target) (none, error) { return none{}, nil }

// What the account's owner may do.
var (
	list = &listSpec{
		Rule: policy.Rule{Action: List, By: policy.ByPerson, Kinds: persons, Area: AreaDevices, Access: policy.ReadOnly,
			Says: "See one's own devices, newest registration first.", Source: "S1"},
		Load: noRow,
	}
	get = &deviceSpec{
		Rule: policy.Rule{Action: Get, By: policy.ByPerson, Kinds: persons, Area: AreaDevices, Access: policy.ReadOnly,
			Says: "See one device.", Source: "S1"},
		Load: visible,
	}
	recognize = &deviceSpec{
		Rule: policy.Rule{Action: Recognize, Activity: updateDevice, Category: deviceCategory,
			By: policy.ByPerson, Kinds: persons, Area: AreaDevices, Access: policy.Edit,
			Says: "Mark a device as one's own or as not recognized.", States: "removed", Source: "S1, S4"},
		Load:    visible,
		Forbids: func(_ *policy.Op, d Device) *policy.Reason { return when(d.Gone(), gone) },
	}
	disable = &deviceSpec{
		Rule: policy.Rule{Action: Disable, Activity: updateDevice, Category: deviceCategory,
			By: policy.ByPerson, Kinds: persons, Area: AreaDevices, Access: policy.Edit, Confirm: true, Notify: true,
			Says: "Disable a device for good.", States: "not the owner; printer; removed; already disabled", Source: "S1: no way to undo it"},
		Load:    visible,
		Forbids: func(op *policy.Op, d Device) *policy.Reason { return ownerCannotDisable(op.Actor.Account, d) },
		Preview: willDisable,
	}
	remove = &deviceSpec{
		Rule: policy.Rule{Action: Remove, Activity: unregisterDevice, Category: deviceCategory,
			By: policy.ByPerson, Kinds: policy.Personal, Area: AreaDevices, Access: policy.Edit, Confirm: true, Notify: true,
			Says: "Take an old or unused device off a personal account.", States: "not the owner; printer; removed", Source: "S5"},
		Load: visible,
		Forbids: func(op *policy.Op, d Device) *policy.Reason {
			if d.Owner != op.Actor.Account {
				return notOwner
			}
			return outOfReach(d)
		},
		Preview: willRemove,
	}
	listKeys = &listSpec{
		Rule: policy.Rule{Action: ListKeys, By: policy.ByPerson, Kinds: persons, Area: AreaKeys, Access: policy.ReadOnly,
			Says: "See which recovery keys there are, never the keys.", Source: "Graph: bitlocker-list-recoverykeys"},
		Load: noRow,
	}
	revealKey = &keySpec{
		Rule: policy.Rule{Action: RevealKey, Activity: readKey, Category: keyCategory,
			By: policy.ByPerson, Kinds: persons, Area: AreaKeys, Access: policy.Edit,
			Settled: true, Limit: policy.Limit{Times: RevealsPerHour, Per: time.Hour}, Level: policy.AAL2, MaxAge: policy.Recent, Notify: true,
			Says:   "Read a recovery key that was escrowed while the device was one's own.",
			States: "owners may not read keys; replaced by the device; on the device itself; on an unregistered device where policy asks",
			Source: "S1; Graph: bitlockerrecoverykey-get"},
		Load: ownKey,
		Forbids: func(op *policy.Op, k RecoveryKey) *policy.Reason {
			switch {
			case !op.Settings.Yes(OwnersReadKeys):
				return keysSwitchedOff
			case !k.RetiredAt.IsZero():
				return keyRetired
			}
			return nil
		},
		Device: func(op *policy.Op, k RecoveryKey) *policy.Reason {
			if op.Actor.Device == "" && op.Settings.Yes(KnownDeviceOnly) {
				return unregistered
			}
			return onLockedDevice(op, k)
		},
	}
)

// What the host tells.
var (
	register = &deviceSpec{
		Rule: policy.Rule{Action: Register, Activity: registerDevice, Category: deviceCategory, By: policy.ByHost, Notify: true,
			Says: "Add a device that a person joined or connected.", States: "id in use or spent; device limit", Source: "Entra: manage device identities"},
		Load:    existing,
		Forbids: func(_ *policy.Op, d Device) *policy.Reason { return takenBy(d) },
	}
	checkIn = &deviceSpec{
		Rule: policy.Rule{Action: CheckIn, Activity: updateDevice, Category: deviceCategory, By: policy.ByHost, Records: policy.NotedSuccess,
			Says: "Note a device's last activity, compliance and version.", States: "disabled; removed", Source: "Graph: device"},
		Load:    known,
		Forbids: notEnabled,
	}
	admit = &deviceSpec{
		Rule: policy.Rule{Action: Admit, By: policy.ByHost,
			Says: "Tell whether a device may authenticate.", States: "disabled; removed", Source: "S1"},
		Load:    known,
		Forbids: notEnabled,
	}
	escrowKey = &deviceSpec{
		Rule: policy.Rule{Action: EscrowKey, Activity: addKey, Category: keyCategory, By: policy.ByHost,
			Says:   "Take a device's recovery key into escrow, from the device itself.",
			States: "disabled; removed; key in escrow already; key limit; from another device", Source: "WIN: recovery overview"},
		Load: known, Forbids: notEnabled, Device: fromItself,
	}
	rotateKey = &deviceSpec{
		Rule: policy.Rule{Action: RotateKey, Activity: addKey, Category: keyCategory, By: policy.ByHost,
			Says:   "Take a replacement key into escrow and retire the old one.",
			States: "as for escrow", Source: "WIN: recovery process"},
		Load: known, Forbids: notEnabled, Device: fromItself,
	}
	purgeGone = &listSpec{
		Rule: policy.Rule{Action: PurgeGone, Activity: deleteDevice, Category: deviceCategory, By: policy.ByHost, Records: policy.NotedSuccess,
			Says: "Delete for good what a person removed some time ago, keys included."},
		Load: noRow,
	}
)

// What administrators may do. Where a directory of the organization's decides, the host may too.
var (
	readAny = &deviceSpec{
		Rule: policy.Rule{Action: ReadAny, By: policy.ByRole | policy.ByHost, Roles: keyReaders,
			Says: "See any device and which keys it has.", Source: "Entra: manage device identities"},
		Load: known,
	}
	readAnyOf = &listSpec{Rule: readAny.Rule, Load: noRow}
	addDevice = &deviceSpec{
		Rule: policy.Rule{Action: AddDevice, Activity: registerDevice, Category: deviceCategory,
			By: policy.ByRole | policy.ByHost, Roles: deviceAdmins, Notify: true,
			Says: "Add a device for a person.", States: "id in use or spent; device limit"},
		Load:    existing,
		Forbids: func(_ *policy.Op, d Device) *policy.Reason { return takenBy(d) },
	}
	enable = &deviceSpec{
		Rule: policy.Rule{Action: Enable, Activity: updateDevice, Category: deviceCategory,
			By: policy.ByRole | policy.ByHost, Roles: deviceAdmins, Notify: true,
			Says: "Add a disabled device again: the only way back.", States: "printer; removed; not disabled", Source: "S1"},
		Load: known,
		Forbids: func(_ *policy.Op, d Device) *policy.Reason {
			if r := outOfReach(d); r != nil {
				return r
			}
			return when(!d.Disabled(), notDisabled)
		},
	}
	disableAny = &deviceSpec{
		Rule: policy.Rule{Action: DisableAny, Activity: updateDevice, Category: deviceCategory,
			By: policy.ByRole | policy.ByHost, Roles: deviceAdmins, Notify: true,
			Says: "Disable any device.", States: "printer; removed; already disabled"},
		Load:    known,
		Forbids: func(_ *policy.Op, d Device) *policy.Reason { return cannotDisable(d) },
	}
	deleteAny = &policy.Spec[Tx, deviceKeys]{
		Rule: policy.Rule{Action: Delete, Activity: deleteDevice, Category: deviceCategory,
			By: policy.ByRole, Roles: deviceAdmins, Confirm: true, Notify: true,
			Says: "Delete a device with its recovery keys; cannot be undone.", States: "printer; autopilot-managed", Source: "Entra: manage device identities"},
		Load: func(tx Tx, op *policy.Op, t policy.Target) (deviceKeys, error) {
			d, err := known(tx, op, t)
			if err != nil {
				return deviceKeys{}, err
			}
			return allKeys(tx, op, d)
		},
		Forbids: func(_ *policy.Op, all deviceKeys) *policy.Reason {
			switch {
			case all.device.Profile == Printer:
				return isPrinter
			case all.device.Autopilot:
				return isAutopilot
			}
			return nil
		},
		Preview: willDelete,
	}
	transfer = &deviceSpec{
		Rule: policy.Rule{Action: Transfer, Activity: addOwner, Category: deviceCategory,
			By: policy.ByRole | policy.ByHost, Roles: deviceAdmins, Notify: true,
			Says: "Give a device another owner, who does not get the keys of before.", States: "removed; same owner; device limit",
			Source: "Entra: BitLocker keys of a reused device"},
		Load:    known,
		Forbids: func(_ *policy.Op, d Device) *policy.Reason { return when(d.Gone(), gone) },
	}
	revealAny = &keySpec{
		Rule: policy.Rule{Action: RevealAny, Activity: readKey, Category: keyCategory, By: policy.ByRole, Roles: keyReaders,
			Limit: policy.Limit{Times: AdminRevealsPerHour, Per: time.Hour}, Level: policy.AAL2, MaxAge: policy.Recent, Notify: true,
			Says: "Read any device's recovery key.", States: "on the device itself", Source: "Graph: bitlockerrecoverykey-get"},
		Load: func(tx Tx, op *policy.Op, t policy.Target) (RecoveryKey, error) {
			return keyOf(tx, op, KeyID(t.ID))
		},
		Device: onLockedDevice,
	}
	toRotate = &listSpec{
		Rule: policy.Rule{Action: ToRotate, By: policy.ByRole | policy.ByHost, Roles: keyReaders,
			Says: "See which keys should be replaced and are not yet.", Source: "WIN: recovery process"},
		Load: noRow,
	}
	importDevices = &listSpec{
		Rule: policy.Rule{Action: Import, Activity: registerDevice, Category: deviceCategory, By: policy.ByRole | policy.ByHost, Roles: deviceAdmins, Records: policy.NotedSuccess,
			Says: "Take over devices from a directory's export; never enables a disabled one.", Source: "Graph: device"},
		Load: noRow,
	}
	importKeys = &listSpec{
		Rule: policy.Rule{Action: ImportKey, Activity: addKey, Category: keyCategory, By: policy.ByRole | policy.ByHost, Roles: deviceAdmins, Records: policy.NotedSuccess,
			Says: "Take over recovery keys from a directory's export; never replaces one.", Source: "Graph: bitlockerRecoveryKey"},
		Load: noRow,
	}
)

// Rules lists the rules of this room.
func Rules() []policy.Rule {
	return []policy.Rule{
		list.Rule, get.Rule, recognize.Rule, disable.Rule, remove.Rule, listKeys.Rule, revealKey.Rule,
		register.Rule, checkIn.Rule, admit.Rule, escrowKey.Rule, rotateKey.Rule, purgeGone.Rule,
		readAny.Rule, addDevice.Rule, enable.Rule, disableAny.Rule, deleteAny.Rule, transfer.Rule, revealAny.Rule, toRotate.Rule,
		importDevices.Rule, importKeys.Rule,
	}
}

// known loads any device of the tenant that still exists.
func known(tx Tx, op *policy.Op, t policy.Target) (Device, error) {
	d, err := existing(tx, op, t)
	if err == nil && (d.ID == "" || d.State == Deleted) {
		return Device{}, store.ErrNotFound
	}
	return d, err
}

// visible loads a device that shows up for the actor; another's and a missing one are the same.
func visible(tx Tx, op *policy.Op, t policy.Target) (Device, error) {
	return visibleOf(tx, op, op.Actor.Account, policy.DeviceID(t.ID))
}

func visibleOf(tx Tx, op *policy.Op, person policy.AccountID, id policy.DeviceID) (Device, error) {
	d, err := existing(tx, op, onDevice(id))
	if err == nil && !d.visibleTo(person) {
		return Device{}, store.ErrNotFound
	}
	return d, err
}

// existing loads the row with an id, a deleted device's too; the zero Device if there never was one.
func existing(tx Tx, op *policy.Op, t policy.Target) (Device, error) {
	id := policy.DeviceID(t.ID)
	d, err := tx.Device(op.Actor.Tenant, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Device{}, nil
	case err == nil && (d.Tenant != op.Actor.Tenant || d.ID != id):
		// A store that answers with another tenant's row is never believed.
		return Device{}, fmt.Errorf("the store gave device %q of tenant %q for %q of %q", d.ID, d.Tenant, id, op.Actor.Tenant)
	}
	return d, err
}

func keyOf(tx Tx, op *policy.Op, id KeyID) (RecoveryKey, error) {
	k, err := tx.RecoveryKey(op.Actor.Tenant, id)
	if err == nil && (k.Tenant != op.Actor.Tenant || k.ID != id) {
		return RecoveryKey{}, fmt.Errorf("the store gave key %q of tenant %q for %q of %q", k.ID, k.Tenant, id, op.Actor.Tenant)
	}
	return k, err
}

// devicesOf, keysOn and keysToRotate read the lists of the actor's tenant, page by page.
func devicesOf(tx Tx, op *policy.Op, person policy.AccountID) func(store.Page) (store.List[Device], error) {
	return func(p store.Page) (store.List[Device], error) {
		list, err := tx.DevicesOf(op.Actor.Tenant, person, p)
		return believed(list, err, func(d *Device) bool {
			return d.Tenant == op.Actor.Tenant && (d.Owner == person || d.user(person) != nil)
		})
	}
}

func keysOn(tx Tx, op *policy.Op, id policy.DeviceID) func(store.Page) (store.List[RecoveryKey], error) {
	return func(p store.Page) (store.List[RecoveryKey], error) {
		list, err := tx.RecoveryKeysOf(op.Actor.Tenant, id, p)
		return believed(list, err, func(k *RecoveryKey) bool { return k.Tenant == op.Actor.Tenant && k.Device == id })
	}
}

func keysToRotate(tx Tx, op *policy.Op, p store.Page) (store.List[RecoveryKey], error) {
	list, err := tx.RecoveryKeysToRotate(op.Actor.Tenant, p)
	return believed(list, err, func(k *RecoveryKey) bool { return k.Tenant == op.Actor.Tenant })
}

// believed passes on a list from the store, unless it has a row that was not asked for.
func believed[R any](list store.List[R], err error, asked func(*R) bool) (store.List[R], error) {
	for i := range list.Items {
		if !asked(&list.Items[i]) {
			return store.List[R]{}, errors.New("the store gave a row that is somebody else's")
		}
	}
	return list, err
}

// ownKey loads a key that was escrowed while its device was the actor's. Who owns the device now does not
// matter: a new owner has no right to what unlocks the old owner's data.
func ownKey(tx Tx, op *policy.Op, t policy.Target) (RecoveryKey, error) {
	k, err := keyOf(tx, op, KeyID(t.ID))
	if err == nil && (k.Owner == "" || k.Owner != op.Actor.Account) {
		return RecoveryKey{}, store.ErrNotFound
	}
	return k, err
}

func takenBy(d Device) *policy.Reason {
	switch {
	case d.State == Enabled:
		return idInUse
	case d.ID != "":
		return idSpent
	}
	return nil
}

// outOfReach says why a device's state cannot be changed here at all: printers are managed elsewhere, and what
// is gone does not come back.
func outOfReach(d Device) *policy.Reason {
	switch {
	case d.Profile == Printer:
		return isPrinter
	case d.Gone():
		return gone
	}
	return nil
}

func ownerCannotDisable(person policy.AccountID, d Device) *policy.Reason {
	if d.Owner != person {
		return notOwner
	}
	return cannotDisable(d)
}

func cannotDisable(d Device) *policy.Reason {
	if r := outOfReach(d); r != nil {
		return r
	}
	return when(d.Disabled(), alreadyDisabled)
}

func notEnabled(_ *policy.Op, d Device) *policy.Reason {
	switch {
	case d.Gone():
		return gone
	case d.State != Enabled:
		return signInDisabled
	}
	return nil
}

func fromItself(op *policy.Op, d Device) *policy.Reason {
	return when(op.Actor.Device != d.ID, notThatDevice)
}

func onLockedDevice(op *policy.Op, k RecoveryKey) *policy.Reason {
	return when(op.Actor.Device == k.Device, lockedDevice)
}

func when(condition bool, r *policy.Reason) *policy.Reason {
	if condition {
		return r
	}
	return nil
}

func willDisable(op *policy.Op, d Device) policy.Preview {
	p := policy.Preview{
		Title: "Disable “" + d.title() + "”?",
		Consequences: []string{
			"The device can no longer sign in, from this moment on.",
			"You cannot undo this. Only an administrator can add the device again.",
			"Its recovery keys stay readable to you.",
		},
		Facts: facts(d),
	}
	if d.Join == HybridJoined {
		p.Consequences = append(p.Consequences, "The device is also kept in your organization's own directory, which may enable it again at the next synchronization. Ask your administrator to disable it there.")
	}
	return aboutOwnDevice(op, d, p)
}

func willRemove(op *policy.Op, d Device) policy.Preview {
	p := policy.Preview{
		Title: "Remove “" + d.title() + "” from your account?",
		Consequences: []string{
			"The device can no longer sign in, from this moment on.",
			"You cannot undo this. To use the device again it has to be connected anew.",
			"Its recovery keys stay readable to you until they are purged.",
		},
		Facts: facts(d),
	}
	return aboutOwnDevice(op, d, p)
}

func willDelete(_ *policy.Op, all deviceKeys) policy.Preview {
	d := all.device
	return policy.Preview{
		Title: "Delete “" + d.title() + "”?",
		Consequences: []string{
			"All details of the device are deleted, its recovery keys included. If a volume is locked, its data is lost.",
			"This cannot be undone. The device has to be registered under a new id.",
		},
		Facts: append(facts(d), policy.Fact{Name: "recoveryKeys", Value: strconv.Itoa(len(all.keys))}),
	}
}

func aboutOwnDevice(op *policy.Op, d Device, p policy.Preview) policy.Preview {
	if op.Actor.Device == d.ID {
		p.Consequences = append(p.Consequences, "This is the device that you are using now. You will be signed out.")
	}
	return p
}

// facts are what a person consents to. A check-in changes none of them.
func facts(d Device) []policy.Fact {
	return []policy.Fact{{Name: "device", Value: string(d.ID)}, {Name: "name", Value: d.Name},
		{Name: "owner", Value: string(d.Owner)}, {Name: "hybridJoined", Value: strconv.FormatBool(d.Join == HybridJoined)}}
}
