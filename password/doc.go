// Package password is all of a password that needs no account and no transaction: which ones are acceptable
// ([Rules]), how they are hashed and verified ([Hasher]), and how wrong ones lock an account ([Throttle]).
//
// Call [RulesOf] and [LockoutOf] with a tenant's settings, and [NewHasher] once for the program.
//
//   - A password is counted, compared and hashed in its NFKC form: at least 15 code points, or 8 where another factor
//     is always asked for besides; at most 256; nothing is cut or trimmed (NIST SP 800-63B-4 section 3.1.1.2). Nothing
//     is asked of its kinds of characters, unless an organization turns on rules of the older sort.
//   - [Rules.Check] tells everything that is wrong at once, by codes and in words that repeat nothing of the password.
//   - Names of the person, the organization and the product must not be in it (ASVS 6.2.11).
//   - What is made of common words and patterns scores too little ([Rules.Points]), and what is one edit away from a
//     common word is refused as well. The method and its numbers are those of Entra's password protection
//     (concept-password-ban-bad); the list of some 4,400 words is this project's own. Of published passwords by rank
//     it refuses, their length left aside, 98% of the first hundred, 84% of the first thousand and 64% of the first
//     ten thousand (81% and 62% of those with eight characters). Where a password is enough by itself, length leaves
//     4 of 15,000.
//   - A host's [BreachChecker] is asked about what is right otherwise. If it cannot tell, a tenant's
//     [RequireBreachCheck] says whether the password is taken.
//   - [Hasher.Verify] takes the same work for accounts that exist, do not exist, are disabled or locked, and knows the
//     last wrong passwords again without a second hash.
//   - [Throttle] is Entra's smart lockout (howto-password-smart-lockout) over a plain row: ten failures lock for a
//     minute, each further one for twice as long, familiar and other places apart, and who is signed in already apart from both. After a hundred in a row the
//     password is of no use until it is reset (NIST SP 800-63B-4 section 3.2.2).
//
// What is not here: rows and events (the room of the account keeps them), and any list of breached passwords: a host
// brings a [BreachChecker].
package password
