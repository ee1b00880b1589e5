package memstore_test

import (
	"bytes"
	"context"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
)

// full makes a store with rows in every table.
func full(t testing.TB) *memstore.Store {
	t.Helper()
	db := memstore.New()
	change(t, db, func(tx policy.AdminTx) error {
		return first(
			only(tx.PutSettings(policy.Settings{Tenant: "contoso", TurnedOn: true, Contact: "<desk> & co"}.WithLicense("P1", true))),
			only(tx.PutStanding(policy.Standing{Tenant: "contoso", Account: "ada", Kind: policy.Work, State: policy.Active})),
			only(tx.PutSession(policy.Session{Tenant: "contoso", Account: "ada", ID: "s", StartedAt: noon})),
			only(tx.PutUsage(policy.Usage{Tenant: "contoso", Account: "ada", Action: "reveal", Times: []time.Time{noon}})),
			only(tx.PutFollower(policy.Follower{Tenant: "contoso", Name: "notices"})),
			tx.AppendEvent(event("ada", "1")), tx.AppendEvent(event("ada", "2")), tx.AppendEvent(event("bob", "3")))
	})
	require.NoError(t, db.Devices().Update(ctx, func(tx devices.Tx) error {
		return first(
			only(tx.PutDevice(device("laptop", "ada", noon))),
			only(tx.PutDevice(device("phone", "ada", noon.Add(time.Hour)))),
			only(tx.PutDevice(device("tablet", "bob", noon))),
			only(tx.PutRecoveryKey(recoveryKey("k1", "laptop"))), only(tx.PutRecoveryKey(recoveryKey("k2", "laptop"))))
	}))
	require.NoError(t, db.SignIns().Update(ctx, func(tx signins.Tx) error {
		return first(only(tx.PutSignIn(signIn("ada", "a1", noon))), only(tx.PutSignIn(signIn("ada", "a2", noon.Add(time.Hour)))))
	}))
	require.NoError(t, db.Challenges().Update(ctx, func(tx challenge.Tx) error {
		return first(
			only(tx.PutChallenge(challenge.Challenge{Tenant: "contoso", ID: "c1", To: "+49 30 123",
				Binding:  challenge.Binding{Account: "ada", Purpose: challenge.StepUp, Method: challenge.SMS, Target: "phone/1"},
				IssuedAt: noon, ExpiresAt: noon.Add(time.Minute)})),
			only(tx.PutCounter(challenge.Counter{Tenant: "contoso", Account: "ada", Method: challenge.SMS, Failed: 1, FailedAt: noon,
				Sent: []challenge.Sending{{To: "+49 30 123", At: noon}}})))
	}))
	require.NoError(t, db.Account().Update(ctx, func(tx account.Tx) error {
		return first(
			only(tx.PutProfile(account.Profile{Tenant: "contoso", Account: "ada", DisplayName: "Ada"})),
			only(tx.PutCredential(account.Credential{Tenant: "contoso", Account: "ada", SetAt: noon})),
			only(tx.PutPortrait(account.Portrait{Tenant: "contoso", Account: "ada", Pictures: map[int][]byte{48: {1}}})),
			only(tx.PutSchema(account.DefaultSchema())),
			only(tx.PutBannedPasswords(account.BannedPasswords{Tenant: "contoso", Terms: []string{"contoso"}})),
			only(tx.PutClosing(account.Closing{Tenant: "contoso", Account: "bob", At: noon, Due: noon.Add(time.Hour), Was: policy.Active})))
	}))
	return db
}

func event(account policy.AccountID, operation string) policy.Event {
	return policy.Event{Tenant: "contoso", Account: account, Operation: operation, At: noon, First: noon, Count: 1, Outcome: policy.Succeeded}
}

func device(id policy.DeviceID, owner policy.AccountID, registered time.Time) devices.Device {
	return devices.Device{Tenant: "contoso", ID: id, Owner: owner, Users: []devices.User{{Account: owner}, {Account: "cleo"}},
		Name: string(id), Join: devices.Joined, Profile: devices.RegisteredDevice, State: devices.Enabled, RegisteredAt: registered}
}

func recoveryKey(id devices.KeyID, on policy.DeviceID) devices.RecoveryKey {
	return devices.RecoveryKey{Tenant: "contoso", Device: on, ID: id, CreatedAt: noon, Sealed: "x1.sealed", RotateSince: noon}
}

func signIn(account policy.AccountID, id signins.ID, at time.Time) signins.SignIn {
	return signins.SignIn{Tenant: "contoso", Record: signins.Record{ID: id, Account: account, At: at, Browser: "Edge 90.0.818",
		Address: netip.MustParseAddr("192.0.2.1"), Steps: []signins.Step{{At: at, Method: "Password", Primary: true, Succeeded: true}}},
		Outcome: signins.Success}
}

// sized makes a store with n devices.
func sized(t testing.TB, n int) *memstore.Store {
	t.Helper()
	db := memstore.New()
	require.NoError(t, db.Devices().Update(ctx, func(tx devices.Tx) error {
		for i := range n {
			if err := only(tx.PutDevice(device(policy.DeviceID("d"+strconv.Itoa(i)), "ada", noon))); err != nil {
				return err
			}
		}
		return nil
	}))
	return db
}

// only drops a revision.
func only(_ store.Revision, err error) error { return err }

// first gives the first error; those after it may be its consequences.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func change(t testing.TB, db *memstore.Store, fn func(policy.AdminTx) error) {
	t.Helper()
	require.NoError(t, db.Policy().Update(ctx, fn))
}

func read(t testing.TB, db *memstore.Store, fn func(policy.AdminTx) error) {
	t.Helper()
	require.NoError(t, db.Policy().View(ctx, fn))
}

// saved is what Save writes.
func saved(t testing.TB, db *memstore.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, db.Save(&b))
	return b.Bytes()
}

// operations lists the events of the tenant, oldest first.
func operations(t testing.TB, db *memstore.Store) (all []string) {
	t.Helper()
	read(t, db, func(tx policy.AdminTx) error {
		list, err := tx.EventsAfter("contoso", store.Page{})
		for _, e := range list.Items {
			all = append(all, e.Operation)
		}
		return err
	})
	return all
}
