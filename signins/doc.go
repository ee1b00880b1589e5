// Package signins is the room for where a person is signed in: sessions with their limits, ending one or all,
// and signing out everywhere.
//
// Call [New] first. It gives three doors: [Service] for the account's owner, [Admin] for the organization's
// administrators, [Host] for the embedding application. The host authenticates and calls [Host.Start]; each
// request's token becomes an actor by [Host.Actor].
//
// What is special here:
//
//   - Of a token only a keyed hash is stored. Each re-authentication replaces it ([Host.AddProof]).
//   - A session lives as long as NIST SP 800-63B allows at its assurance level, and no activity prolongs it
//     beyond. Tenants can only shorten that.
//   - [Service.SignOutEverywhere] writes one row, however many sessions there are: what was issued before is
//     dead in the next call.
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
//	    End all sessions but the present one.
//	    by the account's owner
//	    kinds: work, personal, guest; area: signins.sessions edit; proof: aal1
//	    event: End session
//	signins.sign-out-everywhere
//	    Sign out on all devices and in all applications.
//	    by the account's owner
//	    kinds: work, personal; area: signins.sessions edit; proof: aal1; confirmed
//	    event: Update StsRefreshTokenValidFrom Timestamp, the person is told
//	signins.start-session
//	    Start a session for somebody who was authenticated.
//	    by the host
//	    refused if: account or device cannot sign in
//	    event: Start session
//	signins.resume-session
//	    Give the actor of a request that came with a session's token.
//	    by the host
//	    refused if: session ended; account not active; device disabled
//	signins.add-proof
//	    Note that the person of a session proved a factor, and replace the session's token.
//	    by the host
//	    refused if: session ended; account not active; device disabled
//	    event: Add proof to session
//	signins.touch-session
//	    Note that a session is in use, at most once in a tenth of its idle limit.
//	    by the account's owner
//	    kinds: work, personal, guest
//	    event: Update session (only if something of note changed)
//	signins.valid-since
//	    Tell from when on an account's tokens are valid, for a host that keeps tokens of its own.
//	    by the host
//	signins.purge-sessions
//	    Remove the rows of sessions that ended more than 30 days ago.
//	    by the host
//	    event: Purge sessions (only if something of note changed)
//	signins.admin.list-sessions
//	    See where a person is signed in.
//	    by Global Reader, Security Administrator, Security Reader, Global Administrator, Privileged Authentication Administrator, Authentication Administrator, User Administrator, Helpdesk Administrator; the host
//	signins.admin.end-session
//	    End one session of a person.
//	    by Global Administrator, Privileged Authentication Administrator, Authentication Administrator, User Administrator, Helpdesk Administrator; the host
//	    refused if: ended already
//	    event: End session, the person is told
//	signins.admin.sign-out
//	    Sign a person out everywhere.
//	    by Global Administrator, Privileged Authentication Administrator, Authentication Administrator, User Administrator, Helpdesk Administrator; the host
//	    event: Update StsRefreshTokenValidFrom Timestamp, the person is told
package signins
