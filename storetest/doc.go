// Package storetest is the contract of a store, made executable. Whoever puts this library's rows on tables of
// their own proves the store with it:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) storetest.Backend {
//			return openEmptyDatabase(t) // tidies up in t.Cleanup
//		})
//	}
//
// [Run] is for a store of all rooms; [RunPolicy], [RunDevices], [RunSignIns], [RunChallenges] and
// [RunAccount] are for a team that keeps one room only. There
// is nothing to leave out: a promise that a store breaks is one that some rule of the library rests on. Each
// check gets a fresh and empty store, and a failure tells which promise was broken and why it is made.
//
// What the checks put is of their own making: tenants, accounts and devices that no other row introduced, and
// texts and times at the edges of what is allowed. A table that refers to others by foreign keys has to do
// without them here, or its Put has to make what it refers to.
//
// The promises themselves stand in the comments of [store.Store], [policy.Tx], [policy.AdminTx],
// [devices.Tx], [signins.Tx], [challenge.Tx] and [account.Tx]. Those about rows are written once and checked on every kind of
// row, and those about lists on every list. The suite is itself tested, by stores that are broken on purpose.
package storetest
