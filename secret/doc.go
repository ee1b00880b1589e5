// Package secret holds values that must not leak: text that prints as nothing useful ([Text]),
// sealing at rest ([Sealer], [KeyRing]), random tokens and codes ([NewToken], [NewCode]), keyed
// hashes of one-time values ([MAC]) and slow hashes of passwords ([Hasher]).
//
// Call [NewKeyRing] first: a room that keeps recoverable secrets asks for a [Sealer].
//
// Nothing here may run inside a store transaction: a slow hash or a call to a key service would hold
// up every other writer.
package secret
