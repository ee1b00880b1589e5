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
package devices
