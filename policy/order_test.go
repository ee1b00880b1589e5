package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
)

// scene is one attempt with obstacles in its way.
type scene struct {
	actor       policy.Actor
	spec        *noteSpec
	note        string
	off, locked bool
}

// obstacles are one for each class of reasons, in the order that doc.go promises.
var obstacles = []struct {
	class policy.Class
	put   func(*scene)
}{
	{policy.ClassNotAdmitted, func(s *scene) { s.actor.Device = "lost" }},
	{policy.ClassNotPermitted, func(s *scene) { s.spec.By = policy.ByRole | policy.ByHost | policy.BySystem }},
	{policy.ClassNotFound, func(s *scene) { s.note = "nowhere" }},
	{policy.ClassAccountKind, func(s *scene) { s.spec.Kinds = policy.Personal }},
	{policy.ClassNotTurnedOn, func(s *scene) { s.off = true }},
	{policy.ClassNotLicensed, func(s *scene) { s.spec.License = "P9" }},
	{policy.ClassLocked, func(s *scene) { s.locked = true }},
	{policy.ClassState, func(s *scene) {
		s.spec.Forbids = func(*policy.Op, note) *policy.Reason {
			return policy.Forbidden(codeDone, policy.NoRemedy, "The note is done.")
		}
	}},
	{policy.ClassThrottled, func(s *scene) {
		s.spec.Action, s.spec.Limit = "notes.worn", policy.Limit{Times: perHour, Per: time.Hour}
	}},
	{policy.ClassWrongDevice, func(s *scene) {
		s.spec.Device = func(*policy.Op, note) *policy.Reason {
			return policy.WrongDevice("paper-only", "Use another device.")
		}
	}},
	{policy.ClassProof, func(s *scene) { s.spec.Level = policy.AAL3 }},
	{policy.ClassConfirmation, func(s *scene) { s.spec.Confirm = true }},
}

// tenant is the one whose settings are as the scene wants them.
func (s *scene) tenant() policy.TenantID {
	switch {
	case s.off && s.locked:
		return "off-locked"
	case s.off:
		return "off"
	case s.locked:
		return "locked"
	}
	return contoso
}

// sceneHouse has a tenant for each state of the settings, all with the same ids in them: ada, her note, a
// device that she lost, and an action of which she has had her fill.
func sceneHouse(t *testing.T) *house {
	h := newHouse(t)
	for _, s := range []scene{{}, {off: true}, {locked: true}, {off: true, locked: true}} {
		id, ada := s.tenant(), h.ada
		if id != contoso {
			h.Tenant(id)
			ada = h.PersonIn(id, "ada", policy.Work)
			h.put(id, note{ID: "n1", Owner: "ada", Text: "milk"})
		}
		h.Disable(ada, h.Device(ada, "lost"))
		host := policy.Host("setup", id)
		require.NoError(t, h.admin.TurnOn(ctx, host, !s.off))
		if s.locked {
			require.NoError(t, h.admin.Lock(ctx, host, areaNotes))
		}
		require.NoError(t, h.rows.Update(ctx, func(tx policy.AdminTx) error {
			now := h.Clock.Now()
			_, err := tx.PutUsage(policy.Usage{Tenant: id, Account: "ada", Action: "notes.worn", Times: []time.Time{now, now}})
			return err
		}))
	}
	return h
}

func TestARefusalNamesTheMostPermanentObstacle(t *testing.T) {
	require.Len(t, obstacles, int(policy.ClassConfirmation), "there is an obstacle of each class")
	for i, o := range obstacles {
		require.Equal(t, policy.Class(i+1), o.class, "in their order")
	}
	h := sceneHouse(t)
	// All subsets of the obstacles: each pair of classes is in them, and each crowd.
	for set := range 1 << len(obstacles) {
		s := scene{actor: h.ada, spec: editing(), note: "n1"}
		var want policy.Class
		for i, o := range obstacles {
			if set&(1<<i) == 0 {
				continue
			}
			o.put(&s)
			if want == 0 {
				want = o.class
			}
		}
		actor := s.actor
		actor.Tenant = s.tenant()
		can, err := policy.Can(ctx, h.guard, h.notes, actor, s.spec, onNote(s.note))
		require.NoError(t, err)
		if want == policy.ClassConfirmation {
			require.True(t, can.Allowed, "Can takes the confirmation for granted")
		} else {
			require.Equal(t, want == 0, can.Allowed, "obstacles %b", set)
			require.Equal(t, want, can.Reason().Class, "obstacles %b", set)
		}

		if s.note == "n1" && actor.Device == "" {
			judged, err := judge(h, actor, s.spec)
			require.NoError(t, err)
			require.Equal(t, can, judged, "a list says the same, obstacles %b", set)
		}

		err = h.edit(actor, s.spec, s.note, "new", "")
		if want == 0 {
			require.NoError(t, err)
			continue
		}
		var d *policy.Denied
		require.ErrorAs(t, err, &d)
		require.Equal(t, want, d.Reason().Class, "obstacles %b", set)
		require.Equal(t, want == policy.ClassConfirmation, d.Preview != nil, "the preview is for a missing confirmation")
		require.Equal(t, want == policy.ClassConfirmation, d.Confirm != "")

		_, yes, err := policy.Ask(ctx, h.guard, h.notes, actor, s.spec, onNote(s.note))
		if want == policy.ClassConfirmation {
			require.NoError(t, err)
			require.Equal(t, d.Confirm, yes)
			continue
		}
		require.ErrorAs(t, err, &d)
		require.Equal(t, want, d.Reason().Class, "obstacles %b", set)
		require.Empty(t, yes)
	}
}

// judge decides as a list does for its items: within another operation, about a row that was read already.
func judge(h *house, actor policy.Actor, sp *noteSpec) (policy.Decision, error) {
	actor.Roles = []policy.Role{policy.GlobalReader} // whom neither switch nor lock of the tenant binds
	list := editing(func(sp *noteSpec) { sp.By, sp.Roles = policy.ByRole, actor.Roles })
	return policy.Look(ctx, h.guard, h.notes, actor, list, onNote("n1"),
		func(tx notesTx, op *policy.Op, n note) (policy.Decision, error) { return policy.Judge(tx, op, sp, n) })
}

func TestASwitchOfTheTenantIsALock(t *testing.T) {
	// A room's own switch is judged with its row, and its reason is of the administrator's class.
	h := newHouse(t)
	sp := editing(func(sp *noteSpec) {
		sp.Forbids = func(op *policy.Op, _ note) *policy.Reason {
			if !op.Settings.Yes(mayWrite) {
				return policy.SwitchedOff("read-only-notes", "Your organization lets nobody write.")
			}
			return nil
		}
		sp.Device = func(*policy.Op, note) *policy.Reason { return policy.WrongDevice("paper-only", "Use paper.") }
	})
	refused(t, h.edit(h.ada, sp, "n1", "new", ""), "paper-only")
	require.NoError(t, h.admin.Set(ctx, h.Host, mayWrite, 0))
	d := refused(t, h.edit(h.ada, sp, "n1", "new", ""), "read-only-notes")
	require.Equal(t, policy.ClassLocked, d.Reason().Class)
	require.Equal(t, policy.AskAdministrator, d.Reason().Remedy)
}

func TestOrganizationRulesBindTheOwnerAndNotTheAdministrator(t *testing.T) {
	h := sceneHouse(t)
	sp := editing(func(sp *noteSpec) {
		sp.Kinds, sp.License = policy.Personal, "P9"
		sp.By, sp.Roles = policy.ByRole, []policy.Role{policy.HelpdeskAdministrator}
	})
	actor := h.ada
	actor.Tenant = "off-locked"
	refused(t, h.edit(actor, sp, "n1", "new", ""), policy.CodeNotPermitted)
	actor.Roles = []policy.Role{policy.GlobalReader, policy.HelpdeskAdministrator}
	require.NoError(t, h.edit(actor, sp, "n1", "new", ""), "kind, licence, switch and lock are about the owner's own door")

	sp.Level, sp.Confirm = policy.AAL3, true
	refused(t, h.edit(actor, sp, "n1", "new", ""), policy.CodeStrongerProof)
	actor.Proofs = proofs(h.Clock.Now(), policy.FactorHardwarePasskey)
	refused(t, h.edit(actor, sp, "n1", "new", ""), policy.CodeConfirmationMissing)
}

func TestOneRoleOfTheRuleIsEnough(t *testing.T) {
	h := newHouse(t)
	sp := editing(func(sp *noteSpec) {
		sp.By, sp.Roles = policy.ByRole, []policy.Role{policy.HelpdeskAdministrator, policy.SecurityAdministrator}
	})
	for _, c := range []struct {
		roles []policy.Role
		ok    bool
	}{
		{nil, false}, {[]policy.Role{}, false}, {[]policy.Role{policy.GlobalAdministrator}, false}, {[]policy.Role{"helpdesk administrator"}, false},
		{[]policy.Role{"Helpdesk Administrator "}, false},
		{[]policy.Role{policy.SecurityAdministrator}, true}, {[]policy.Role{policy.GlobalReader, policy.HelpdeskAdministrator}, true},
	} {
		h.ada.Roles = c.roles
		can, err := policy.Can(ctx, h.guard, h.notes, h.ada, sp, onNote("n1"))
		require.NoError(t, err)
		require.Equal(t, c.ok, can.Allowed, "%q", c.roles)
	}
	// A rule that names roles but not the door opens no door to them.
	sp.By = policy.ByHost
	can, err := policy.Can(ctx, h.guard, h.notes, h.ada, sp, onNote("n1"))
	require.NoError(t, err)
	require.Equal(t, policy.CodeNotPermitted, can.Reason().Code)
	// And one without roles lets no role in.
	sp.By, sp.Roles = policy.ByRole, nil
	can, err = policy.Can(ctx, h.guard, h.notes, h.ada, sp, onNote("n1"))
	require.NoError(t, err)
	require.Equal(t, policy.CodeNotPermitted, can.Reason().Code)
}

func TestTheZeroRuleLetsNobodyDoAnything(t *testing.T) {
	h := newHouse(t)
	h.ada.Roles = []policy.Role{policy.GlobalAdministrator}
	sp := editing(func(sp *noteSpec) { sp.Rule = policy.Rule{} })
	for _, actor := range []policy.Actor{h.ada, h.Host, policy.System("setup")} {
		can, err := policy.Can(ctx, h.guard, h.notes, actor, sp, onNote("n1"))
		require.NoError(t, err)
		require.Equal(t, policy.CodeNotPermitted, can.Reason().Code, "%v", actor.Principal())
	}
	sp.By = policy.ByPerson
	can, err := policy.Can(ctx, h.guard, h.notes, h.ada, sp, onNote("n1"))
	require.NoError(t, err)
	require.Equal(t, policy.CodeAccountKind, can.Reason().Code, "no kinds are none, not all")
}

func TestAProofIsAskedForAsStrongOrAsFresh(t *testing.T) {
	h := newHouse(t)
	sp := editing(func(sp *noteSpec) { sp.Level, sp.MaxAge = policy.AAL2, 15*time.Minute })
	now := h.Clock.Now()
	for name, c := range map[string]struct {
		proofs []policy.Proof
		code   policy.Code
		remedy policy.Remedy
	}{
		"none":            {nil, policy.CodeStrongerProof, policy.ProveMore},
		"too weak":        {proofs(now, policy.FactorPassword), policy.CodeStrongerProof, policy.ProveMore},
		"recovery only":   {proofs(now, policy.FactorRecovery, policy.FactorRecovery), policy.CodeStrongerProof, policy.ProveMore},
		"too old":         {proofs(now.Add(-time.Hour), policy.FactorPassword, policy.FactorOTP), policy.CodeFresherProof, policy.ProveAgain},
		"half too old":    {append(proofs(now, policy.FactorOTP), proofs(now.Add(-time.Hour), policy.FactorPassword)...), policy.CodeFresherProof, policy.ProveAgain},
		"too old, weak":   {proofs(now.Add(-time.Hour), policy.FactorPassword), policy.CodeStrongerProof, policy.ProveMore},
		"from the future": {proofs(now.Add(time.Hour), policy.FactorPasskey), policy.CodeStrongerProof, policy.ProveMore},
	} {
		h.ada.Proofs = c.proofs
		d := refused(t, h.edit(h.ada, sp, "n1", "new", ""), c.code, name)
		require.Equal(t, c.remedy, d.Reason().Remedy, name)
		require.Equal(t, policy.AAL2, d.Reason().Level, name)
		require.Equal(t, 15*time.Minute, d.Reason().MaxAge, name)
	}
	h.ada.Proofs = proofs(now.Add(-15*time.Minute), policy.FactorPassword, policy.FactorOTP)
	require.NoError(t, h.edit(h.ada, sp, "n1", "new", ""))
	h.ada.Proofs = proofs(now, policy.FactorHardwarePasskey)
	require.NoError(t, h.edit(h.ada, sp, "n1", "newer", ""), "more than asked is enough")
}
