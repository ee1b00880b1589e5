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
// needed. See [Class].
package policy
