// Package policy decides who may do what, and says why not.
//
// A room declares each of its actions as a [Spec]: a [Rule] (data) and a few small functions over its
// row. [Can], [Ask], [Look] and [Do] run one evaluation of it, so what a portal greys out is what the
// library refuses. Every change goes through [Do], which admits the actor, decides, runs the change
// and writes its [Event], all in one transaction.
//
// Users of the library meet three of its types first: [Actor], who acts (an explicit argument of
// every operation); [Denied], the error that carries a refused [Decision] with its reason and remedy;
// and [Confirmation], the answer to an [Ask] about something irreversible. Tenants, accounts, locks
// and the event log have doors of their own here: [Admin], [Host] and [Log].
//
// # Order of reasons
//
// A refusal names the most permanent obstacle first, so that nobody is asked to prove who they are
// before they learn that the setting is locked: not admitted, not permitted, not found, wrong kind of
// account, experience not turned on, not licensed, locked by the administrator, forbidden by the
// state of things, throttled, from the wrong device, stronger or fresher proof needed, confirmation
// needed. What is left then is that a password or code proves to be wrong. See [Class].
//
// # Rules
//
// Generated from the rules themselves; docs/rules.md has their sources.
//
//	policy.create-tenant
//	    Make a tenant, turned on.
//	    by the system
//	    refused if: exists already
//	    event: Create tenant
//	policy.read-settings
//	    Read the tenant's settings.
//	    by Global Administrator, Privileged Role Administrator, Global Reader, License Administrator; the host
//	policy.set-access
//	    Set an area to Off, ReadOnly or Edit.
//	    by Global Administrator, Privileged Role Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: a new password demanded
//	    event: Update authorization policy
//	policy.set-turned-on
//	    Turn the whole experience on or off.
//	    by Global Administrator, Privileged Role Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: a new password demanded
//	    event: Update authorization policy
//	policy.set-license
//	    Grant or withdraw a licence.
//	    by Global Administrator, License Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: a new password demanded
//	    event: Set company licensing
//	policy.set-need
//	    Demand a licence for an area.
//	    by the host
//	    event: Set company licensing
//	policy.set-contact
//	    Set whom refusals tell people to ask.
//	    by Global Administrator, Privileged Role Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: a new password demanded
//	    event: Update authorization policy
//	policy.set-value
//	    Set a room's number or switch.
//	    by Global Administrator, Privileged Role Administrator; the host
//	    proof: aal2 within 15 min
//	    refused if: not licensed, where the setting is of an area; a new password demanded
//	    event: Update authorization policy
//	policy.provision-account
//	    Make an account known.
//	    by the host
//	    refused if: exists already
//	    event: Add user
//	policy.set-account-state
//	    Enable, disable or close an account.
//	    by the host
//	    refused if: closed; being closed
//	    event: Update user, the person is told
//	policy.password-changed
//	    Note that an account has a new password that was set securely, which ends its risk.
//	    by the host
//	    refused if: closed; being closed
//	    event: Change user password, the person is told
//	policy.read-account
//	    Read an account's standing.
//	    by the host
//	policy.read-own-events
//	    Read one's own security history.
//	    by the account's owner
//	    kinds: work, personal, guest
//	policy.read-events
//	    Read all of the tenant's events.
//	    by Global Administrator, Global Reader, Security Administrator, Security Reader; the host
//	policy.follow-events
//	    Read new events in order and acknowledge them.
//	    by the host
//	    event: Update event follower (only if something of note changed)
//	policy.purge-events
//	    Remove events past their retention that every follower has read.
//	    by the host
//	    event: Purge events (only if something of note changed)
package policy
