// Package signins is the room for how a person signs in: where they are signed in, what attempts there were, what
// was unusual about them, and signing out everywhere.
//
// Call [New] first. It gives three doors: [Service] for the account's owner, [Admin] for the organization's
// administrators, [Host] for the embedding application. The host authenticates and calls [Host.Start] with the attempt and
// the browser's older session, or [Host.Record] for a failure; each request's token becomes an actor by
// [Host.Actor], and [Host.Touch] notes that it is in use. Now and then it calls [Host.PurgeSessions] and
// [Host.PurgeActivity].
//
// What is special here:
//
//   - Of a token only a keyed hash is stored. Each re-authentication replaces it ([Host.AddProof]).
//   - A session lives as long as NIST SP 800-63B allows at its assurance level, and no activity prolongs it
//     beyond. Tenants can only shorten that.
//   - [Service.SignOutEverywhere] writes the account's row, and that of the session which is kept if one is, however
//     many sessions there are: what was issued before is dead in the next call.
//   - How an attempt ended is told from its error code ([Outcome]). What is unusual about it is computed when it
//     is read ([Flag]), by rules that say why, and the same in whatever order attempts were recorded.
//   - [Service.ThisWasNotMe] contains an attempt in one commit, across rooms.
//
// # Rules
//
// Generated from the rules themselves; docs/rules.md has their sources.
//
//	signins.list-sessions
//	    See where one is signed in.
//	    by the account's owner
//	    kinds: work, personal, guest; area: signins.sessions read-only; proof: aal1
//	signins.end-session
//	    End one session, one's own included.
//	    by the account's owner
//	    kinds: work, personal, guest; area: signins.sessions edit; proof: aal1
//	    refused if: ended already
//	    event: End session
//	signins.end-other-sessions
//	    End all sessions but the present one, tokens that the host keeps, and sign-ins that are half done.
//	    by the account's owner
//	    kinds: work, personal, guest; area: signins.sessions edit; proof: aal1
//	    refused if: the present session is not kept here
//	    event: End session
//	signins.sign-out-everywhere
//	    Sign out on all devices and in all applications.
//	    by the account's owner
//	    kinds: work, personal; area: signins.sessions edit; proof: aal1; confirmed
//	    event: Update StsRefreshTokenValidFrom Timestamp, the person is told
//	signins.list-activity
//	    See one's recent attempts to sign in.
//	    by the account's owner
//	    kinds: work, personal, guest; area: signins.activity read-only
//	signins.read-attempt
//	    See one attempt to sign in.
//	    by the account's owner
//	    kinds: work, personal, guest; area: signins.activity read-only
//	signins.this-was-me
//	    Say that an unusual attempt was one's own.
//	    by the account's owner
//	    kinds: work, personal, guest; area: signins.activity edit; proof: aal1 within 15 min; confirmed
//	    refused if: nothing unusual; answered already; not signed in before it, nor with a second factor; a new password demanded
//	    event: ConfirmSafe, the person is told
//	signins.this-was-not-me
//	    Say that an unusual attempt was somebody else's, and contain it.
//	    by the account's owner
//	    kinds: work, personal, guest; area: signins.activity edit; confirmed
//	    refused if: nothing unusual; answered so already
//	    event: Suspicious activity reported, the person is told
//	signins.record
//	    Record an attempt to sign in. The record is its own event.
//	    by the host
//	    event: Sign-in activity (only if refused)
//	signins.purge-activity
//	    Remove attempts to sign in that are past their retention, and forget habits of long ago.
//	    by the host
//	    event: Purge sign-ins (only if something of note changed)
//	signins.start-session
//	    Start a session for somebody who was authenticated.
//	    by the host
//	    refused if: account or device cannot sign in; proven before the last sign-out everywhere, or too long ago; no level proven
//	    event: Start session
//	signins.sign-out
//	    End the session that a browser has the token of.
//	    by the host
//	    event: End session (only if something of note changed)
//	signins.resume-session
//	    Give the actor of a request that came with a session's token.
//	    by the host
//	    refused if: session ended; account not active; device disabled
//	signins.add-proof
//	    Note that the person of a session proved a factor, and replace the session's token.
//	    by the host
//	    refused if: session ended; account not active; device disabled; proven before the last sign-out everywhere, or too long ago
//	    event: Add proof to session
//	signins.touch-session
//	    Note that a session is in use, at most once in a tenth of its idle limit.
//	    by the account's owner
//	    kinds: work, personal, guest
//	    event: Update session (only if refused)
//	signins.valid-since
//	    Tell from when on an account's tokens are valid, for a host that keeps tokens of its own.
//	    by the host
//	signins.purge-sessions
//	    Remove the rows of sessions that were authenticated more than 30 days ago, when none can be alive.
//	    by the host
//	    event: Purge sessions (only if something of note changed)
//	signins.admin.list-activity
//	    See a person's attempts to sign in.
//	    by Global Administrator, Global Reader, Security Administrator, Security Reader; the host
//	    refused if: a new password demanded
//	    event: Read sign-ins
//	signins.admin.import
//	    Take over attempts to sign in from a directory's log.
//	    by Global Administrator, Security Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: a new password demanded
//	    event: Import sign-ins (only if something of note changed)
//	signins.admin.list-sessions
//	    See where a person is signed in.
//	    by Global Reader, Security Administrator, Security Reader, Global Administrator, Privileged Authentication Administrator, Authentication Administrator, User Administrator, Helpdesk Administrator; the host
//	    refused if: a new password demanded
//	    event: Read sessions
//	signins.admin.end-session
//	    End one session of a person.
//	    by Global Administrator, Privileged Authentication Administrator, Authentication Administrator, User Administrator, Helpdesk Administrator; the host
//	    refused if: ended already; a new password demanded
//	    event: End session, the person is told
//	signins.admin.sign-out
//	    Sign a person out everywhere.
//	    by Global Administrator, Privileged Authentication Administrator, Authentication Administrator, User Administrator, Helpdesk Administrator; the host
//	    refused if: a new password demanded
//	    event: Update StsRefreshTokenValidFrom Timestamp, the person is told
package signins
