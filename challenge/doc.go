// Package challenge is the one mechanism for every one-time proof: enrolment of a method, step-up, the second
// factor of a sign-in, reset, change of an address and taking it back, reopening. A [Challenge] is a code or a
// long token that was sent to somebody and is good for one thing, once, for a while.
//
// It is ground for rooms, and has no doors of its own: a room embeds [Tx] in its transaction and calls, inside a
// [policy.Do] of its own rules, [Issue], [Resend] and [Verify] or [Proven]. What must not happen inside a
// transaction is done by [Codes]: drawing and digesting a code before it, handing it to the [Sender] after the
// commit. Start with [NewCodes], and see the example.
//
// # What a code is bound to
//
// Its challenge's [Binding]: account, purpose, method, target and session; besides tenant, id and the address that
// it was sent to. All of that is in the digest, so that a code of one challenge fits no other, also if somebody
// moves rows about. The store holds the digest alone, which is keyed: six digits could be tried out otherwise.
//
// # How often it may be tried
//
// Wrong codes are counted by account and method ([Counter]): neither a new challenge, nor another session, nor a
// new code begins the count anew. Five in a row begin waiting times, ten end the method for a day, a hundred until
// an administrator calls [Clear]. A right code ends the count if it proves a factor; one that proves just an
// address forgives what was missed on the way to it, and no more: else whoever may enrol a phone of their own
// could guess the codes of another for ever. See [Wait]. Five misses end a challenge.
//
// # What ends it
//
// Use, time, five misses, a newer challenge for the same purpose, method and session, and whatever restarts the
// account: a challenge carries the [policy.Standing]'s epoch and count of changed credentials, so that one row ends
// all that is pending. [EndPending] writes it; [policy.HostDoor.PasswordChanged] and signing out everywhere do too.
// Links that take a change back survive that (see [Kind]): whoever stole a session must not kill them.
//
// Unknown, expired, spent, wrong and somebody else's are one refusal, [CodeWrong].
package challenge
