// Package msgraph speaks the JSON of Microsoft Graph v1.0, so that what a directory exports can be taken
// over as it is; and it reads logs of sign-ins in the forms in which they are kept.
//
// Call [ImportUsers] first, unless the accounts are known from elsewhere, then [ImportDevices], [ImportRecoveryKeys] and
// [ImportSignIns]. Each reads a stream of any length in constant memory, hands it on to the rooms whose it is, and reports
// what became of it: a record that cannot be used is refused alone, with its number, its line and the field that is wrong. To
// look at an export without importing it, range over [Users], [Devices], [RecoveryKeys], [SignIns] or [People]; to change it
// on the way, hand what you make of these to [TakeUsers], [TakeDevices], [TakeRecoveryKeys] or [TakeSignIns].
//
// # What is read
//
// One entity; the pages of a collection, {"value":[…],"@odata.nextLink":…}; an array; and any number of these one
// after another, as in JSON lines. An entity that is wrapped, {"value":{…}}, as the documentation prints
// some, is read too. Names of members are exact, as OData has them. Members that are not known here are
// passed over, null is the same as missing, and a member that is read and stands twice in its record makes
// the record ambiguous: it is refused.
//
// Text that is no JSON at all ends the stream with a [Broken].
//
// # What becomes of what
//
//   - deviceId becomes the device's id, since recovery keys refer to it; the object id is kept beside it
//     ([Device].ObjectID), since addresses such as /devices/{id}/registeredOwners refer to that.
//   - What a record leaves out, or $select left out of all, stays as it is known here.
//   - trustType Workplace, AzureAd and ServerAd are registered, joined and hybrid joined. A new device without one is
//     taken for registered, which claims the least.
//   - accountEnabled must be told of a new device. An import never enables what is disabled here.
//   - isCompliant and isManaged are yes, no, or unknown for null.
//   - A device whose physicalIds hold a [ZTDID] is managed by Autopilot; one whose physicalIds hold none is not.
//   - Times are RFC 3339 with any number of fractional digits. One without a zone is UTC. 0001-01-01T00:00:00Z,
//     the empty time of the systems that write such exports, is no time.
//   - volumeType is a name, or 1, 2 or 3, with quotes or without: the documentation has all of them.
//   - A recovery key without its key is refused. A listing never contains keys; each is read by itself with
//     $select=key.
//
// # Users
//
//   - id becomes the account's id, since devices, keys and sign-ins refer to it. userPrincipalName becomes a user name, mail an
//     e-mail address; otherMails are read and not imported. Both names are in ASCII, as package account has them.
//   - userType Guest is a guest, Member a work account. accountEnabled must be told of a new account, which a listing
//     without $select does not do.
//   - surname is the family name, the first of businessPhones the office phone, preferredLanguage and usageLocation the
//     language and region of somebody who has none yet. The manager is there with $expand=manager.
//   - What an account whose onPremisesSyncEnabled is true has from its directory can be changed only there.
//   - [ImportUsers] says what is written in which order.
//
// # Logs of sign-ins
//
// [SignIns] reads three forms: the signIn of Graph, v1.0 and beta; the event of Azure Monitor, in which that stands
// under properties, by itself or in {"records":[…]}; and the table SigninLogs of Log Analytics, as JSON or as
// comma-separated values under a header, with JSON in its cells. Their names are told apart without their case, which those
// who hand them on change. Of columns such as Status_dynamic, Status_string and Status, the first that is filled counts.
//
//   - The code is status.errorCode or resultType, whichever is not 0; of two such, the first. That a record says
//     Success or Failure makes no code 0: one that says Failure without any code has [UnknownFailure]. A record without
//     any of these is refused.
//   - createdDateTime is when it was, else time or TimeGenerated. "2026-01-05 09:00:00.123" and "1/5/2026, 9:00:00.123 AM" are
//     read besides RFC 3339, and one without a zone is UTC. A column is read if its title has no zone, or [UTC].
//   - A record without id gets one made of all that it says, "event-" and a hash: read again, it has the same.
//   - A sign-in of a service principal or managed identity is nobody's: it has no Account. Any other that names no
//     user is refused, and so is an event that is no sign-in.
//   - authenticationDetails become the steps. A step is primary if it says that it met the primary authentication.
//   - The risk is riskLevelDuringSignIn, and none without it. An address is anonymized if the risk events have
//     anonymizedIPAddress.
//   - A country is what the log has, usually its code. "Unknown" and "{PII Removed}" are the same as nothing.
//   - Texts are cut to what a record holds, with an ellipsis. In names, such as those of devices, applications and user
//     agents, characters that may not be shown are left out, for anybody could have their attempts refused by them.
//     In what the directory itself says, and in identifiers, they are refused.
//   - The TenantId of a table is its workspace; the directory is AADTenantId.
//
// # Whose tenant
//
// Everything goes into the tenant of the actor, and nowhere else: [policy.Host] names it, and an
// administrator's is that of their own account. No record can say otherwise.
package msgraph
