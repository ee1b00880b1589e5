package storetest

import (
	"testing"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// Single is a Backend that has no store of some rooms.
func Single(p store.Store[policy.AdminTx], d devices.Store, s signins.Store, c store.Store[challenge.Tx], a account.Store) Backend {
	return single{p, d, s, c, a}
}

// Check gives the suite's own test each check by itself.
type Check struct {
	Subject, Promise, Rule string
	Run                    func(testing.TB, func(testing.TB) Backend)
}

// AllChecks are those of [Run].
func AllChecks() []Check {
	var all []Check
	for _, c := range allChecks() {
		all = append(all, Check{c.subject, c.promise, c.rule, c.run})
	}
	return all
}

// Scribble is what the checks of copies edit returned and passed values with.
var Scribble = scribble

// Sample is a row that the checks put, with all fields filled, next to another.
type Sample struct {
	Name       string
	Row, Other any
}

// Samples gives one of each kind.
func Samples() []Sample {
	return []Sample{
		sampleOf(settingsKind), sampleOf(standingKind), sampleOf(sessionKind), sampleOf(signInKind), sampleOf(usageKind),
		sampleOf(followerKind), sampleOf(eventKind), sampleOf(deviceKind), sampleOf(keyKind), sampleOf(habitsKind),
		sampleOf(challengeKind), sampleOf(counterKind),
		sampleOf(profileKind), sampleOf(credentialKind), sampleOf(recoveryCodeKind), sampleOf(portraitKind), sampleOf(schemaKind), sampleOf(bannedKind), sampleOf(closingKind),
		sampleOf(identifierKind), sampleOf(emailChangeKind),
	}
}

func sampleOf[R any](k kind[R]) Sample {
	at := usual(k.slots)
	return Sample{k.name, k.sample(at, 1), k.sample(at, 2)}
}
