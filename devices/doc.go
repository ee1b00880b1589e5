// Package devices is the room for the devices that a person has connected: to see them, to say which
// are not theirs, to disable a lost one for good, and to read the BitLocker recovery key of one that
// is locked.
//
// Call [New] first. It gives three doors: [Service] for the account's owner, [Admin] for the
// organization's administrators, [Host] for the embedding application. A page that was handed a
// *Service cannot enable a device, because the method is not there.
//
// What is special here:
//
//   - Disabling is irreversible for the person. No sequence of calls of Service and Host brings a
//     disabled device back; [Admin.Enable] does, and leaves its event.
//   - A recovery key leaves only after the record of the reading is committed ([Service.Reveal]), never
//     to the device that it unlocks, and is marked for rotation in the same commit.
//   - Keys belong to whoever owned the device when they were escrowed. A new owner does not get them.
//
// # Rules
//
// Generated from the rules themselves; docs/rules.md has their sources.
//
//	devices.list
//	    See one's own devices, newest registration first.
//	    by the account's owner
//	    kinds: work, personal; area: devices read-only
//	devices.get
//	    See one device.
//	    by the account's owner
//	    kinds: work, personal; area: devices read-only
//	devices.recognize
//	    Mark a device as one's own or as not recognized.
//	    by the account's owner
//	    kinds: work, personal; area: devices edit
//	    refused if: removed; a new password demanded
//	    event: Update device
//	devices.disable
//	    Disable a device for good.
//	    by the account's owner
//	    kinds: work, personal; area: devices edit; confirmed
//	    refused if: not the owner; printer; removed; already disabled; a new password demanded
//	    event: Update device, the person is told
//	devices.remove
//	    Take an old or unused device off a personal account.
//	    by the account's owner
//	    kinds: personal; area: devices edit; confirmed
//	    refused if: not the owner; printer; removed; a new password demanded
//	    event: Unregister device, the person is told
//	devices.list-keys
//	    See which recovery keys there are, never the keys.
//	    by the account's owner
//	    kinds: work, personal; area: devices.keys read-only
//	devices.reveal-key
//	    Read a recovery key that was escrowed while the device was one's own.
//	    by the account's owner
//	    kinds: work, personal; area: devices.keys edit; limit: 10 in 1 h; proof: aal2 within 15 min
//	    refused if: owners may not read keys; replaced by the device; on the device itself; on an unregistered device where policy asks; restricted; a new password demanded
//	    event: Read BitLocker key, the person is told
//	devices.register
//	    Add a device that a person joined or connected.
//	    by the host
//	    refused if: id in use or spent; device limit
//	    event: Register device, the person is told
//	devices.check-in
//	    Note a device's last activity, compliance and version.
//	    by the host
//	    refused if: disabled; removed
//	    event: Update device (only if something of note changed)
//	devices.may-authenticate
//	    Tell whether a device may authenticate.
//	    by the host
//	    refused if: disabled; removed
//	devices.escrow-key
//	    Take a device's recovery key into escrow, from the device itself.
//	    by the host
//	    refused if: disabled; removed; key in escrow already; key limit; from another device
//	    event: Add BitLocker key
//	devices.rotate-key
//	    Take a replacement key into escrow and retire the old one.
//	    by the host
//	    refused if: as for escrow
//	    event: Add BitLocker key
//	devices.purge-removed
//	    Delete for good what a person removed some time ago, keys included.
//	    by the host
//	    event: Delete device (only if something of note changed)
//	devices.admin.read
//	    See any device and which keys it has.
//	    by Global Administrator, Global Reader, Cloud Device Administrator, Helpdesk Administrator, Intune Administrator, Security Administrator, Security Reader; the host
//	devices.admin.register
//	    Add a device for a person.
//	    by Global Administrator, Cloud Device Administrator, Intune Administrator; the host
//	    refused if: id in use or spent; device limit; a new password demanded
//	    event: Register device, the person is told
//	devices.admin.enable
//	    Add a disabled device again: the only way back.
//	    by Global Administrator, Cloud Device Administrator, Intune Administrator; the host
//	    refused if: printer; removed; not disabled; a new password demanded
//	    event: Update device, the person is told
//	devices.admin.disable
//	    Disable any device.
//	    by Global Administrator, Cloud Device Administrator, Intune Administrator; the host
//	    refused if: printer; removed; already disabled; a new password demanded
//	    event: Update device, the person is told
//	devices.admin.delete
//	    Delete a device with its recovery keys; cannot be undone.
//	    by Global Administrator, Cloud Device Administrator, Intune Administrator
//	    confirmed
//	    refused if: printer; autopilot-managed; a new password demanded
//	    event: Delete device, the person is told
//	devices.admin.transfer
//	    Give a device another owner, who does not get the keys of before.
//	    by Global Administrator, Cloud Device Administrator, Intune Administrator; the host
//	    refused if: removed; same owner; device limit; a new password demanded
//	    event: Add registered owner to device, the person is told
//	devices.admin.reveal-key
//	    Read any device's recovery key.
//	    by Global Administrator, Global Reader, Cloud Device Administrator, Helpdesk Administrator, Intune Administrator, Security Administrator, Security Reader
//	    limit: 100 in 1 h; proof: aal2 within 15 min
//	    refused if: on the device itself; a new password demanded
//	    event: Read BitLocker key, the person is told
//	devices.admin.keys-to-rotate
//	    See which keys should be replaced and are not yet.
//	    by Global Administrator, Global Reader, Cloud Device Administrator, Helpdesk Administrator, Intune Administrator, Security Administrator, Security Reader; the host
//	devices.admin.import
//	    Take over devices from a directory's export; never enables a disabled one.
//	    by Global Administrator, Cloud Device Administrator, Intune Administrator; the host
//	    refused if: a new password demanded
//	    event: Register device (only if something of note changed)
//	devices.admin.import-keys
//	    Take over recovery keys from a directory's export; never replaces one.
//	    by Global Administrator, Cloud Device Administrator, Intune Administrator; the host
//	    refused if: a new password demanded
//	    event: Add BitLocker key (only if something of note changed)
package devices
