// Package memstore is the reference store: everything in memory, on hashicorp/go-memdb. It keeps every
// promise of every room's contract, proven by package storetest without exclusions, and is meant for
// tests, examples and programs whose state may live in one process.
//
// Call [New], and hand [Store] to myaccount.New or one of its adapters, such as [Store.Devices], to a room.
// [Store.Fork] copies a store in constant time, so that each test gets its own of a large fixture;
// [Store.Save] and [Load] write and read all of it.
//
// Its limits stand in the README beside this file.
package memstore
