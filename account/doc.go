// Package account is the room for the account itself: who its person is, as their organization or they themselves tell
// it.
//
// Call [New] first. It gives three doors: [Service] for the account's owner, [Admin] for the organization's
// administrators, [Host] for the embedding application.
//
// What is special here:
//
//   - A profile is shown by a [Schema] that the tenant sets: each attribute is off, read-only or open to the owner of a
//     work, personal or guest account. A portal renders its form from what [Service.Profile] gives.
//   - An update is taken whole or not at all. An unchanged value is accepted wherever it is shown.
//   - User names and e-mail addresses are one namespace in a tenant, and nobody's is ever another's. An address changes when
//     the new one is proven; every one that was proven before is told, and can take the change back.
//   - What is synchronized from a directory can be changed only there, by administrators too.
//   - An organization bans words of its own from passwords ([Admin.SetBannedPasswords]).
//   - A password proves a factor ([Host.VerifyPassword]), and so does a code by text message or voice ([Host.SendCode],
//     [Host.VerifyCode]); one by e-mail never does. Package myaccount joins them with sessions.
//   - A personal account has one recovery code at a time, shown once. Replacing all security info restricts the account for
//     30 days ([Restriction]): what is Settled is refused, which the rules below call "restricted".
//   - Who cannot sign in recovers the account ([Host.Recover]) and sets a new password with that ([Host.ResetPassword]).
//   - Who has to set a new password does that before anything else ([Admin.DemandNewPassword]). A change with no more than the
//     old one ends no risk beyond a low one. See docs/decisions/0011-passwords.md.
//   - Closing an account ([Service.Close]) ends everything at once, and erases nothing yet: until it is due the person
//     reopens it ([Host.Reopen]) or an administrator restores it. [Host.PurgeClosed] erases what is due, in every room; the
//     host calls it now and then. See docs/decisions/0014-closing.md.
//
// # Rules
//
// Generated from the rules themselves; docs/rules.md has their sources.
//
//	account.read-overview
//	    See what needs one's attention in every room.
//	    by the account's owner
//	    kinds: work, personal, guest
//	account.read-profile
//	    See one's own profile, and what of it may be changed.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile read-only
//	account.edit-attribute
//	    Change one attribute of one's own profile.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile edit
//	    refused if: not open by the schema; synchronized from a directory; a new password demanded
//	account.update-profile
//	    Change one's own profile: all of an update, or nothing.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile read-only
//	    refused if: as for each attribute that is changed
//	    event: Update user (only if something of note changed)
//	account.read-photo
//	    See one's own photo.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile read-only
//	    refused if: not shown by the schema
//	account.change-photo
//	    Set or remove one's own photo.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile edit; limit: 20 in 1 h
//	    refused if: not open by the schema; a new password demanded
//	    event: Update user
//	account.change-password
//	    Change one's own password; all other sessions end.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.password edit; proof: aal1
//	    refused if: kept elsewhere; no password yet; too many wrong ones; restricted, unless a new password is demanded
//	    event: Change password (self-service), the person is told
//	account.set-first-password
//	    Set a first password.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.password edit; proof: aal1 within 15 min
//	    refused if: kept elsewhere; has one; restricted
//	    event: Change password (self-service), the person is told
//	account.change-email
//	    Ask for another e-mail address of one's own, or a first one: a code goes to the new one, a link to take it back to each that is proven.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile edit; limit: 10 in 720 h; proof: aal1 within 15 min
//	    refused if: not open by the schema; synchronized from a directory; restricted; a new password demanded
//	    event: Update user, the person is told
//	account.confirm-email
//	    Prove a new e-mail address, which takes the old one's place; all other sessions end.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile edit; proof: aal1
//	    refused if: not open by the schema; synchronized from a directory; code wrong; taken; the old one changed meanwhile; restricted; a new password demanded
//	    event: Update user, the person is told
//	account.resend-email-code
//	    Have the code for a new e-mail address sent again.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile edit; proof: aal1
//	    refused if: over; a day old; another session's; not open by the schema; synchronized from a directory; restricted; a new password demanded
//	    event: Update user
//	account.drop-email-change
//	    Give up a change of an e-mail address that is pending.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.profile read-only
//	    refused if: over; a new password demanded
//	    event: Update user
//	account.put-profile
//	    Set a profile as the organization's directory has it.
//	    by the host
//	    refused if: closed for good
//	    event: Update user (only if something of note changed)
//	account.verify-password
//	    Verify a password for a sign-in page.
//	    by the host
//	    refused if: wrong; unknown; not active; locked: all alike
//	    event: Verify password (only if refused)
//	account.send-code
//	    Send a code that proves a factor, for a sign-in or a step-up.
//	    by the host
//	    refused if: not active; the session to step up has ended; too many codes
//	    event: Send verification code
//	account.verify-code
//	    Take a code that proves a factor.
//	    by the host
//	    refused if: not active; the session to step up has ended; wrong code; too many wrong ones
//	    event: Verify code (only if refused)
//	account.put-password
//	    Set a password for an account that is new or comes from elsewhere.
//	    by the host
//	    refused if: closed
//	    event: Reset password, the person is told
//	account.reset-password
//	    Set a new password for somebody who recovered their account; all sessions end.
//	    by the host
//	    refused if: kept elsewhere; disabled; deleted; its time to come back over; closed; restricted; not recovered in the last 15 minutes
//	    event: Reset password (self-service), the person is told
//	account.keep-password-elsewhere
//	    Say that an account's password is kept elsewhere, or here again; all sessions end with that.
//	    by the host
//	    refused if: closed
//	    event: Update user, the person is told (only if something of note changed)
//	account.add-identifier
//	    Give an account a user name or an e-mail address.
//	    by the host
//	    refused if: closed; another account's, or was; too many
//	    event: Update user, the person is told (only if something of note changed)
//	account.remove-identifier
//	    Take a user name or an e-mail address from an account, all of whose sessions end; nobody else can ever have it.
//	    by the host
//	    event: Update user, the person is told
//	account.read-identifiers
//	    Read an account's user names and e-mail addresses, and where notices go.
//	    by the host
//	account.look-up
//	    Find the account of what somebody typed on a sign-in page.
//	    by the host
//	account.cancel-email-change
//	    Take back a change of an e-mail address, and all since, by the link that a proven one got; the password and the recovery code are of no use any more.
//	    by the host
//	    refused if: link wrong, used, or older than 30 days
//	    event: Update user, the person is told
//	account.admin.read-profile
//	    See any profile.
//	    by Global Administrator, Global Reader, User Administrator, Helpdesk Administrator; the host
//	account.admin.update-profile
//	    Change any profile.
//	    by Global Administrator, User Administrator; the host
//	    refused if: synchronized from a directory; closed for good; a new password demanded
//	    event: Update user (only if something of note changed)
//	account.admin.read-photo
//	    See anybody's photo.
//	    by Global Administrator, Global Reader, User Administrator, Helpdesk Administrator; the host
//	account.admin.change-photo
//	    Set or remove anybody's photo.
//	    by Global Administrator, User Administrator; the host
//	    refused if: closed for good; a new password demanded
//	    event: Update user
//	account.admin.read-schema
//	    See who may see and change which attribute.
//	    by Global Administrator, Privileged Role Administrator, Global Reader; the host
//	account.admin.set-schema
//	    Say who may see and change which attribute, and what its values look like.
//	    by Global Administrator, Privileged Role Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: a new password demanded
//	    event: Update authorization policy
//	account.admin.unlock-password
//	    Forget the wrong passwords of an account, so that it is not locked.
//	    by Global Administrator, User Administrator, Authentication Administrator, Privileged Authentication Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: one's own; closed; a new password demanded
//	    event: Unlock user account, the person is told
//	account.admin.demand-new-password
//	    Demand that a person sets a new password before anything else.
//	    by Global Administrator, User Administrator, Authentication Administrator, Privileged Authentication Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: closed; kept elsewhere; a new password demanded
//	    event: Set force change user password, the person is told
//	account.admin.read-banned-passwords
//	    See the organization's own list of banned passwords.
//	    by Global Administrator, Authentication Policy Administrator, Global Reader; the host
//	account.admin.set-banned-passwords
//	    Set the organization's own list of banned passwords.
//	    by Global Administrator, Authentication Policy Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: not licensed (account.password.protection); a new password demanded
//	    event: Update authorization policy
//	account.read-preflight
//	    See what closing one's own account loses, and what has to be settled before.
//	    by the account's owner
//	    kinds: work, personal, guest; area: account.closing read-only
//	account.close
//	    Close one's own account; it can be reopened for 30 or 60 days.
//	    by the account's owner
//	    kinds: work, personal; area: account.closing edit; proof: aal1 within 15 min; confirmed
//	    refused if: a work account, unless the organization allows it; a finding blocks; all security info replaced in the last 60 days; a warning is not understood; restricted; a new password demanded
//	    event: Delete user, the person is told
//	account.ask-reopen
//	    Send a code for reopening an account.
//	    by the host
//	    refused if: not being closed; by an administrator; too late; address not proven
//	    event: Send restore code
//	account.reopen
//	    Reopen an account that its person closed, after a sign-in and with a fresh code.
//	    by the host
//	    refused if: not being closed; by an administrator; too late; no sign-in; wrong code
//	    event: Restore user, the person is told
//	account.purge-closed
//	    Close accounts for good whose time to come back is over, and erase their data.
//	    by the host
//	    event: Hard Delete user (only if something of note changed)
//	account.admin.disable
//	    Disable an account; all of its sessions end.
//	    by Global Administrator, User Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: one's own; disabled; deleted; closed; a new password demanded
//	    event: Disable account, the person is told
//	account.admin.enable
//	    Enable an account that was disabled.
//	    by Global Administrator, User Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: one's own; not disabled; being closed; closed; a new password demanded
//	    event: Enable account, the person is told
//	account.admin.delete
//	    Delete an account; it can be restored for 30 days.
//	    by Global Administrator, User Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: one's own; deleted; closed; a new password demanded
//	    event: Delete user, the person is told
//	account.admin.restore
//	    Restore an account that is being closed, by whomever.
//	    by Global Administrator, User Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: not being closed; too late; a new password demanded
//	    event: Restore user, the person is told
//	account.read-recovery-code
//	    See whether one has a recovery code, and since when.
//	    by the account's owner
//	    kinds: personal; area: account.recovery read-only
//	account.new-recovery-code
//	    Make a recovery code, in place of the one that there was; all other sessions end.
//	    by the account's owner
//	    kinds: personal; area: account.recovery edit; proof: aal1 within 15 min
//	    refused if: restricted; a new password demanded
//	    event: User registered security info, the person is told
//	account.remove-recovery-code
//	    Remove one's recovery code; all other sessions end.
//	    by the account's owner
//	    kinds: personal; area: account.recovery edit; proof: aal1 within 15 min
//	    refused if: there is none; restricted; a new password demanded
//	    event: User deleted security info, the person is told
//	account.recover
//	    Take a recovery code, and give the next one; the person is told of a right one.
//	    by the host
//	    refused if: wrong; unknown; no code; neither active nor to be reopened: all alike
//	    event: Self-service password reset flow activity progress
//	account.replace-security-info
//	    Say that all security info was replaced: the account is restricted for 30 days.
//	    by the host
//	    refused if: not personal; closed
//	    event: User updated security info, the person is told
//	account.cancel-replacement
//	    Take a replacement of all security info back, for who proved the old: sessions end, the password and the recovery code are of no use any more.
//	    by the host
//	    refused if: not restricted; closed
//	    event: User updated security info, the person is told
//	account.admin.lift-restriction
//	    End the restriction of an account whose security info was all replaced.
//	    by Global Administrator, User Administrator, Authentication Administrator, Privileged Authentication Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: one's own; not restricted; closed; a new password demanded
//	    event: Admin updated security info, the person is told
package account
