package devices_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// locked is a world in which ada is locked out of her laptop, whose recovery key is in escrow.
func locked(t testing.TB) (w *accounttest.World, ada policy.Actor, password string) {
	w = accounttest.New(t)
	ada = w.Person("ada", policy.Work)
	w.Device(ada, "laptop")
	return w, ada, w.Key(accounttest.Tenant, "laptop", "key-0001", 1)
}

// requireKey wants the owner to get this recovery password.
func requireKey(t testing.TB, w *accounttest.World, actor policy.Actor, id devices.KeyID, password string) {
	t.Helper()
	key, err := w.App.Devices.Reveal(t.Context(), actor, id)
	require.NoError(t, err)
	require.Equal(t, password, key.Reveal())
}

// requireNoKey wants the reading to be refused, and nothing of the key to be in the answer or marked.
func requireNoKey(t testing.TB, w *accounttest.World, actor policy.Actor, id devices.KeyID, want policy.Code) policy.Denied {
	t.Helper()
	before := rows(t, w.DB)
	key, err := w.App.Devices.Reveal(t.Context(), actor, id)
	require.True(t, key.Empty())
	denied := requireDenied(t, err, want)
	requireSame(t, before, rows(t, w.DB))
	return denied
}

func TestAListOfRecoveryKeysHoldsMetadataOnly(t *testing.T) {
	w, ada, _ := locked(t)
	w.Clock.Advance(time.Hour)
	var got store.List[devices.KeyInfo]
	require.Empty(t, during(t, w, func() {
		var err error
		got, err = w.App.Devices.RecoveryKeys(t.Context(), ada, "laptop", devices.KeyQuery{})
		require.NoError(t, err)
	}), "listing is not recorded")
	fresher := got.Items[0].Reveal
	require.Equal(t, policy.CodeFresherProof, fresher.Reason().Code)
	require.Equal(t, []devices.KeyInfo{{Device: "laptop", ID: "key-0001", Volume: devices.OperatingSystemVolume,
		CreatedAt: w.Clock.Now().Add(-time.Hour), Reveal: fresher}}, got.Items)
}

func TestRecoveryKeysAreFoundByAtLeastEightCharactersOfTheirId(t *testing.T) {
	w, ada, _ := locked(t)
	w.Key(accounttest.Tenant, "laptop", "4290b6c0-b17a-497a-8552-272cc30e80d4", 2)
	w.Key(accounttest.Tenant, "laptop", "4290b6c1-b17a-497a-8552-272cc30e80d4", 3)
	find := func(prefix string) ([]devices.KeyID, error) {
		list, err := w.App.Devices.RecoveryKeys(t.Context(), ada, "laptop", devices.KeyQuery{Prefix: prefix})
		return keyIDs(list.Items), err
	}
	for prefix, want := range map[string][]devices.KeyID{
		"4290b6c0":  {"4290b6c0-b17a-497a-8552-272cc30e80d4"},
		"4290B6C0-": {"4290b6c0-b17a-497a-8552-272cc30e80d4"}, // as the recovery screen shows it
		"key-0001":  {"key-0001"},
		"key-0001x": nil,
		"4290b6c2":  nil,
		"":          {"4290b6c0-b17a-497a-8552-272cc30e80d4", "4290b6c1-b17a-497a-8552-272cc30e80d4", "key-0001"},
	} {
		got, err := find(prefix)
		require.NoError(t, err, prefix)
		require.Equal(t, want, got, prefix)
	}
	for _, short := range []string{"4", "4290b6c", "ääääääb"} {
		_, err := find(short)
		requireInvalid(t, err, "prefix")
	}
}

func TestRecoveryKeysAreListedPageByPage(t *testing.T) {
	w, ada, _ := locked(t)
	for n, id := range []devices.KeyID{"key-0002", "key-0003", "other-01", "other-02"} {
		w.Key(accounttest.Tenant, "laptop", id, n+2)
	}
	for prefix, want := range map[string][]devices.KeyID{
		"":         {"key-0001", "key-0002", "key-0003", "other-01", "other-02"},
		"other-02": {"other-02"},
	} {
		require.Equal(t, want, keyIDs(all(t, 2, func(p store.Page) (store.List[devices.KeyInfo], error) {
			return w.App.Devices.RecoveryKeys(t.Context(), ada, "laptop", devices.KeyQuery{Prefix: prefix, Page: p})
		})))
	}
}

func TestKeysOfSomebodyElsesDeviceAreAnEmptyList(t *testing.T) {
	w, _, _ := locked(t)
	bob := w.Person("bob", policy.Work)
	editDevice(t, w.DB, accounttest.Tenant, "laptop", func(d *devices.Device) {
		d.Users = append(d.Users, devices.User{Account: "bob"})
	})
	require.Empty(t, keysOf(t, w, bob, "laptop"), "a registered user is not the owner")
	require.Empty(t, keysOf(t, w, bob, "no-such"))
}

func TestReadingAKeyIsRecordedAndMarksItForRotation(t *testing.T) {
	w, ada, password := locked(t)
	w.Clock.Advance(time.Minute)
	phone := w.Device(ada, "phone")
	e := only(t, w, func() { requireKey(t, w, ada.On(phone), "key-0001", password) })

	require.Equal(t, policy.Event{Tenant: accounttest.Tenant, Account: "ada", Seq: e.Seq, Operation: e.Operation,
		At: w.Clock.Now(), By: ada.Principal(), Device: phone, Action: devices.RevealKey,
		Activity: "Read BitLocker key", Category: "KeyManagement", Target: policy.On("recovery-key", "key-0001"),
		Facts: []policy.Fact{{Name: "device", Value: "laptop"}}, Outcome: policy.Succeeded, Count: 1, First: w.Clock.Now(),
		Revision: e.Revision, Notify: true}, e)

	info := keysOf(t, w, ada, "laptop")[0]
	require.True(t, info.Rotate)
	require.Equal(t, w.Clock.Now(), info.RevealedAt)
	k := storedKey(t, w.DB, accounttest.Tenant, "key-0001")
	require.Equal(t, e.Revision, k.Revision, "the mark and the event are of one commit")
	require.Equal(t, ada.Principal(), k.RevealedBy)

	since := w.Clock.Now()
	w.Clock.Advance(time.Minute)
	requireKey(t, w, ada, "key-0001", password)
	k = storedKey(t, w.DB, accounttest.Tenant, "key-0001")
	require.Equal(t, since, k.RotateSince, "it waits since it was first read")
	require.Equal(t, w.Clock.Now(), k.RevealedAt)
}

// watchfulSealer looks around when it is asked to open a key.
type watchfulSealer struct {
	secret.Sealer
	onOpen func() error
}

func (s watchfulSealer) Open(ctx context.Context, sealed secret.Sealed, bound []byte) (secret.Text, error) {
	if err := s.onOpen(); err != nil {
		return secret.Text{}, err
	}
	return s.Sealer.Open(ctx, sealed, bound)
}

func TestTheRecordOfAReadingIsCommittedBeforeTheKeyIsOpened(t *testing.T) {
	w, ada, password := locked(t)
	opened := 0
	room := over(t, w, w.DB.Devices(), watchfulSealer{w.Ring, func() error {
		opened++
		events := w.Events(accounttest.Tenant)
		require.Equal(t, "Read BitLocker key", events[len(events)-1].Activity)
		require.False(t, storedKey(t, w.DB, accounttest.Tenant, "key-0001").RotateSince.IsZero())
		return nil
	}})
	key, err := room.Service.Reveal(t.Context(), ada, "key-0001")
	require.NoError(t, err)
	require.Equal(t, password, key.Reveal())
	require.Equal(t, 1, opened)
}

func TestAKeyThatDoesNotOpenIsAnErrorAndNoKey(t *testing.T) {
	w, ada, _ := locked(t)
	down := errors.New("the key service is down")
	room := over(t, w, w.DB.Devices(), watchfulSealer{w.Ring, func() error { return down }})
	key, err := room.Service.Reveal(t.Context(), ada, "key-0001")
	require.ErrorIs(t, err, down)
	require.True(t, key.Empty())
}

func TestASealedKeyOpensInNoOtherPlace(t *testing.T) {
	w, ada, _ := locked(t)
	bob := w.Person("bob", policy.Work)
	w.Tenant("fabrikam")
	w.Device(w.PersonIn("fabrikam", "ada", policy.Work), "laptop")
	w.Key("fabrikam", "laptop", "key-0001", 9)
	w.Device(ada, "second")
	w.Key(accounttest.Tenant, "second", "key-0002", 2)
	w.Key(accounttest.Tenant, "laptop", "key-0003", 3)
	w.Device(bob, "bobs")
	w.Key(accounttest.Tenant, "bobs", "key-0004", 4)
	for name, from := range map[string]struct {
		tenant policy.TenantID
		id     devices.KeyID
	}{
		"another tenant": {"fabrikam", "key-0001"}, "another device": {accounttest.Tenant, "key-0002"},
		"another id": {accounttest.Tenant, "key-0003"}, "another owner": {accounttest.Tenant, "key-0004"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.Fork(t)
			taken := storedKey(t, w.DB, from.tenant, from.id).Sealed
			editKey(t, w.DB, accounttest.Tenant, "key-0001", func(k *devices.RecoveryKey) { k.Sealed = taken })
			key, err := w.App.Devices.Reveal(t.Context(), ada, "key-0001")
			require.ErrorIs(t, err, secret.ErrUnsealable)
			require.True(t, key.Empty())
		})
	}
	editKey(t, w.DB, accounttest.Tenant, "key-0004", func(k *devices.RecoveryKey) { k.Owner = "ada" })
	_, err := w.App.Devices.Reveal(t.Context(), ada, "key-0004")
	require.ErrorIs(t, err, secret.ErrUnsealable, "a row that was given another owner opens for nobody")
}

func TestAKeyIsForWhoeverOwnedTheDeviceWhenItWasEscrowed(t *testing.T) {
	w, ada, password := locked(t)
	bob, admin := w.Person("bob", policy.Work), w.Admin("root", policy.CloudDeviceAdministrator)
	require.NoError(t, w.App.Admin.Devices.Transfer(t.Context(), admin, "laptop", "bob"))
	bobs := w.Key(accounttest.Tenant, "laptop", "key-0002", 2)

	requireKey(t, w, ada, "key-0001", password)
	requireKey(t, w, bob, "key-0002", bobs)
	requireNoKey(t, w, bob, "key-0001", policy.CodeNotFound)
	requireNoKey(t, w, ada, "key-0002", policy.CodeNotFound)
	require.Equal(t, []devices.KeyID{"key-0001"}, keyIDs(keysOf(t, w, ada, "laptop")))
	require.Equal(t, []devices.KeyID{"key-0002"}, keyIDs(keysOf(t, w, bob, "laptop")))
	missing := requireNoKey(t, w, bob, "no-such-key", policy.CodeNotFound)
	require.ErrorIs(t, &missing, store.ErrNotFound)
}

func TestAKeyEscrowedWithoutAnOwnerIsForAdministratorsOnly(t *testing.T) {
	w := accounttest.New(t)
	ada, admin := w.Person("ada", policy.Work), w.Admin("help", policy.HelpdeskAdministrator)
	require.NoError(t, w.App.Host.Devices.Register(t.Context(), w.Host, devices.Registration{ID: "kiosk", OS: "Windows", Join: devices.HybridJoined}))
	password := w.Key(accounttest.Tenant, "kiosk", "key-0001", 1)
	requireNoKey(t, w, ada, "key-0001", policy.CodeNotFound)
	key, err := w.App.Admin.Devices.Reveal(t.Context(), admin, "key-0001")
	require.NoError(t, err)
	require.Equal(t, password, key.Reveal())
}

func TestTheTenantsSwitchForbidsOwnersToReadTheirKeys(t *testing.T) {
	w, ada, password := locked(t)
	set(t, w, devices.OwnersReadKeys, 0)
	denied := requireNoKey(t, w, ada, "key-0001", devices.CodeKeysSwitchedOff)
	require.Equal(t, policy.ClassLocked, denied.Reason().Class)
	require.Equal(t, policy.AskAdministrator, denied.Reason().Remedy)
	require.Equal(t, devices.CodeKeysSwitchedOff, keysOf(t, w, ada, "laptop")[0].Reveal.Reason().Code, "the list tells beforehand")

	admin := w.Admin("help", policy.HelpdeskAdministrator)
	key, err := w.App.Admin.Devices.Reveal(t.Context(), admin, "key-0001")
	require.NoError(t, err, "the switch is about owners")
	require.Equal(t, password, key.Reveal())
}

func TestAnAdministratorsLockForbidsReadingKeys(t *testing.T) {
	w, ada, _ := locked(t)
	for _, c := range []struct {
		area   policy.Area
		access policy.Access
		want   policy.Code
		lists  bool
	}{
		{devices.AreaKeys, policy.ReadOnly, policy.CodeAreaReadOnly, true},
		{devices.AreaKeys, policy.Off, policy.CodeAreaOff, false},
		{devices.AreaDevices, policy.ReadOnly, policy.CodeAreaReadOnly, true},
		{devices.AreaDevices, policy.Off, policy.CodeAreaOff, false},
	} {
		w := w.Fork(t)
		require.NoError(t, w.App.Admin.Policy.SetAccess(t.Context(), w.Host, c.area, c.access))
		requireNoKey(t, w, ada, "key-0001", c.want)
		_, err := w.App.Devices.RecoveryKeys(t.Context(), ada, "laptop", devices.KeyQuery{})
		require.Equal(t, c.lists, err == nil)
		_, err = w.App.Devices.List(t.Context(), ada, devices.Query{})
		require.Equal(t, c.area == devices.AreaKeys || c.lists, err == nil, "a lock of keys leaves the devices open")
	}
}

func TestReadingAKeyNeedsTwoFactorsAtMostFifteenMinutesOld(t *testing.T) {
	w, ada, password := locked(t)
	now := w.Clock.Now()
	proof := func(f policy.Factor, age time.Duration) policy.Proof {
		return policy.Proof{Factor: f, At: now.Add(-age)}
	}
	for name, c := range map[string]struct {
		proofs []policy.Proof
		want   policy.Code
	}{
		"password and code just now":         {[]policy.Proof{proof(policy.FactorPassword, 0), proof(policy.FactorOTP, 0)}, ""},
		"both at 15 minutes to the moment":   {[]policy.Proof{proof(policy.FactorPassword, 15*time.Minute), proof(policy.FactorOTP, 15*time.Minute)}, ""},
		"a moment older":                     {[]policy.Proof{proof(policy.FactorPassword, 15*time.Minute+time.Microsecond), proof(policy.FactorOTP, 0)}, policy.CodeFresherProof},
		"the other a moment older":           {[]policy.Proof{proof(policy.FactorPassword, 0), proof(policy.FactorOTP, 15*time.Minute+time.Microsecond)}, policy.CodeFresherProof},
		"a passkey":                          {[]policy.Proof{proof(policy.FactorPasskey, time.Minute)}, ""},
		"a password alone":                   {[]policy.Proof{proof(policy.FactorPassword, 0)}, policy.CodeStrongerProof},
		"a password twice":                   {[]policy.Proof{proof(policy.FactorPassword, 0), proof(policy.FactorPassword, time.Minute)}, policy.CodeStrongerProof},
		"two things held":                    {[]policy.Proof{proof(policy.FactorOTP, 0), proof(policy.FactorPhone, 0)}, policy.CodeStrongerProof},
		"recovery":                           {[]policy.Proof{proof(policy.FactorRecovery, 0)}, policy.CodeStrongerProof},
		"a password in a recovered account":  {[]policy.Proof{proof(policy.FactorRecovery, 0), proof(policy.FactorPassword, 0)}, policy.CodeStrongerProof},
		"nothing":                            {nil, policy.CodeStrongerProof},
		"proofs from the day after tomorrow": {[]policy.Proof{proof(policy.FactorPassword, -2*day), proof(policy.FactorOTP, -2*day)}, policy.CodeStrongerProof},
	} {
		t.Run(name, func(t *testing.T) {
			w, actor := w.Fork(t), ada
			actor.Proofs = c.proofs
			require.Equal(t, c.want, keysOf(t, w, actor, "laptop")[0].Reveal.Reason().Code)
			if c.want == "" {
				requireKey(t, w, actor, "key-0001", password)
				return
			}
			denied := requireNoKey(t, w, actor, "key-0001", c.want)
			require.Equal(t, policy.AAL2, denied.Reason().Level)
			require.Equal(t, 15*time.Minute, denied.Reason().MaxAge)
		})
	}
}

func TestAKeyIsNeverReadOnTheDeviceThatItUnlocks(t *testing.T) {
	w, ada, password := locked(t)
	denied := requireNoKey(t, w, ada.On("laptop"), "key-0001", devices.CodeLockedDevice)
	require.Equal(t, policy.UseAnotherDevice, denied.Reason().Remedy)

	helper := w.Admin("help", policy.HelpdeskAdministrator)
	_, err := w.App.Admin.Devices.Reveal(t.Context(), helper.On("laptop"), "key-0001")
	requireDenied(t, err, devices.CodeLockedDevice)

	stale := ada.On("laptop")
	stale.Proofs = nil
	requireNoKey(t, w, stale, "key-0001", devices.CodeLockedDevice) // nobody proves who they are in vain
	requireKey(t, w, ada.On(w.Device(ada, "phone")), "key-0001", password)
}

func TestABorrowedPhoneDoesUnlessPolicyAsksForAKnownDevice(t *testing.T) {
	w, ada, password := locked(t)
	requireKey(t, w, ada, "key-0001", password)
	set(t, w, devices.KnownDeviceOnly, 1)
	denied := requireNoKey(t, w, ada, "key-0001", devices.CodeUnregistered)
	require.Equal(t, policy.ClassWrongDevice, denied.Reason().Class)
	requireKey(t, w, ada.On(w.Device(ada, "phone")), "key-0001", password)
	requireNoKey(t, w, ada.On("made-up"), "key-0001", policy.CodeUnknownDevice)
}

func TestTheKeyOfADisabledDeviceIsReadable(t *testing.T) {
	w, ada, password := locked(t)
	w.Disable(ada, "laptop")
	requireKey(t, w, ada, "key-0001", password)
	requireNoKey(t, w, ada.On("laptop"), "key-0001", policy.CodeDeviceDisabled)
}

func TestARetiredKeyIsNotGivenToTheOwner(t *testing.T) {
	w, ada, _ := locked(t)
	require.NoError(t, w.App.Host.Devices.Rotated(t.Context(), w.Host.On("laptop"), "laptop", "key-0001",
		devices.Escrow{ID: "key-0002", Password: secret.NewText(accounttest.RecoveryPassword(2))}))
	requireNoKey(t, w, ada, "key-0001", devices.CodeKeyRetired)
}

func TestTenKeysAnHourAreReadAndTheEleventhIsNot(t *testing.T) {
	w, ada, password := locked(t)
	first := w.Clock.Now()
	for range 10 {
		requireKey(t, w, w.SignIn(ada), "key-0001", password)
		w.Clock.Advance(time.Minute)
	}
	denied := requireNoKey(t, w, w.SignIn(ada), "key-0001", policy.CodeThrottled)
	require.Equal(t, first.Add(time.Hour), denied.Reason().Until, "when the first is an hour old")
	require.Equal(t, policy.WaitUntil, denied.Reason().Remedy)
	require.Equal(t, denied.Decision, keysOf(t, w, w.SignIn(ada), "laptop")[0].Reveal)

	w.Clock.Advance(first.Add(time.Hour).Add(-time.Microsecond).Sub(w.Clock.Now()))
	requireNoKey(t, w, w.SignIn(ada), "key-0001", policy.CodeThrottled)
	w.Clock.Advance(time.Microsecond)
	requireKey(t, w, w.SignIn(ada), "key-0001", password)
	requireNoKey(t, w, w.SignIn(ada), "key-0001", policy.CodeThrottled) // the window slides, it does not start anew
	w.Clock.Advance(time.Minute)
	requireKey(t, w, w.SignIn(ada), "key-0001", password)
}

func TestAClockThatWasSetBackForgivesNoReading(t *testing.T) {
	w, ada, password := locked(t)
	for range 10 {
		requireKey(t, w, ada, "key-0001", password)
	}
	for _, back := range []time.Duration{time.Minute, time.Hour, 30 * day} {
		w.Clock.Advance(-back)
		requireNoKey(t, w, w.SignIn(ada), "key-0001", policy.CodeThrottled)
		w.Clock.Advance(back)
	}
}

func TestReadingsAreCountedPerAccountOverAllOfItsKeys(t *testing.T) {
	w, ada, password := locked(t)
	bob := w.Person("bob", policy.Work)
	w.Device(ada, "second")
	second := w.Key(accounttest.Tenant, "second", "key-0002", 2)
	w.Device(bob, "bobs")
	bobs := w.Key(accounttest.Tenant, "bobs", "key-0003", 3)
	for range 5 {
		requireKey(t, w, ada, "key-0001", password)
		requireKey(t, w, ada, "key-0002", second)
	}
	requireNoKey(t, w, ada, "key-0002", policy.CodeThrottled)
	requireKey(t, w, bob, "key-0003", bobs)

	set(t, w, devices.RevealsPerHour, 11)
	requireKey(t, w, ada, "key-0001", password)
	requireNoKey(t, w, ada, "key-0001", policy.CodeThrottled)
	set(t, w, devices.RevealsPerHour, policy.Unlimited)
	requireKey(t, w, ada, "key-0001", password)
}

func TestARefusedReadingDoesNotCount(t *testing.T) {
	w, ada, password := locked(t)
	stale := ada
	stale.Proofs = nil
	for range 30 {
		requireNoKey(t, w, stale, "key-0001", policy.CodeStrongerProof)
	}
	requireKey(t, w, ada, "key-0001", password)
}

func TestAlikeRefusalsAreOneEventWithACount(t *testing.T) {
	w, ada, _ := locked(t)
	bob := w.Person("bob", policy.Work)
	events := during(t, w, func() {
		for _, guess := range []devices.KeyID{"key-0001", "key-0002", "key-0003"} {
			requireNoKey(t, w, bob, guess, policy.CodeNotFound)
		}
		requireNoKey(t, w, ada.On("laptop"), "key-0001", devices.CodeLockedDevice)
	})
	require.Len(t, events, 2)
	require.Equal(t, []int{3, 1}, []int{events[0].Count, events[1].Count})
	require.Equal(t, []policy.AccountID{"bob", "ada"}, []policy.AccountID{events[0].Account, events[1].Account})
	require.Equal(t, policy.Refused, events[0].Outcome)
	require.False(t, events[0].Notify)
}

func TestARefusalIsRecordedEvenIfTheCallerHangsUp(t *testing.T) {
	w, _, _ := locked(t)
	bob := w.Person("bob", policy.Work)
	ctx, cancel := context.WithCancel(t.Context())
	room := over(t, w, hangUp{w.DB.Devices(), cancel}, w.Ring)
	e := only(t, w, func() {
		key, err := room.Service.Reveal(ctx, bob, "key-0001")
		requireDenied(t, err, policy.CodeNotFound)
		require.True(t, key.Empty())
	})
	require.Equal(t, policy.Refused, e.Outcome)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
}

// hangUp is a store whose caller goes away during the first change.
type hangUp struct {
	devices.Store
	cancel context.CancelFunc
}

func (s hangUp) Update(ctx context.Context, fn func(devices.Tx) error) error {
	return s.Store.Update(ctx, func(tx devices.Tx) error {
		defer s.cancel()
		return fn(tx)
	})
}
