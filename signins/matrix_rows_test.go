package signins_test

import (
	"context"
	"testing"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// cell is one call of an operation: by whom, through which doors, on what.
type cell struct {
	t     testing.TB
	actor policy.Actor
	signins.Room
	subject policy.AccountID
	other   signins.Started // a session of the subject's that is not the present one
	proof   policy.Proof
	record  signins.Record
}

// tried gives 1 for an answer that is no list.
func tried(err error) (int, error) { return 1, err }

// judged turns a decision into the error that carries it.
func judged(d policy.Decision, err error) (int, error) {
	if err != nil || d.Allowed {
		return 1, err
	}
	return 0, &policy.Denied{Decision: d}
}

func (c *cell) can(a policy.Action, id string) (int, error) {
	return judged(c.Service.Can(c.t.Context(), c.actor, a, id))
}

// confirmed asks and then acts. Who is refused an answer acts without one.
func (c *cell) confirmed(id signins.ID,
	ask func(context.Context, policy.Actor, signins.ID) (policy.Preview, policy.Confirmation, error),
	act func(context.Context, policy.Actor, signins.ID, policy.Confirmation) error,
) (int, error) {
	_, yes, _ := ask(c.t.Context(), c.actor, id)
	return tried(act(c.t.Context(), c.actor, id, yes))
}

func (c *cell) notMe(ctx context.Context, a policy.Actor, id signins.ID, yes policy.Confirmation) error {
	_, err := c.Service.ThisWasNotMe(ctx, a, id, yes)
	return err
}

// everywhere signs out everywhere, if asking gave a Yes with it.
func (c *cell) everywhere(keep bool) (int, error) {
	_, yes, _ := c.Service.AskSignOutEverywhere(c.t.Context(), c.actor)
	_, err := c.Service.SignOutEverywhere(c.t.Context(), c.actor, yes, keep)
	return tried(err)
}

// The attempts of each account that has any: one as always, one from far away, and one from far away that
// started the present session.
const (
	usual   signins.ID = "usual"
	odd     signins.ID = "odd"
	present signins.ID = "present"
)

var operations = []operation{
	{door: "Service", method: "Sessions", action: signins.ListSessions, empty: func(a somebody, _ condition) bool { return a.Sessionless },
		call: func(c *cell) (int, error) {
			l, err := c.Service.Sessions(c.t.Context(), c.actor, store.Page{})
			return len(l.Items), err
		}},
	{door: "Service", method: "Can", as: "list sessions", action: signins.ListSessions,
		call: func(c *cell) (int, error) { return c.can(signins.ListSessions, "") }},
	{door: "Service", method: "Can", as: "list activity", action: signins.ListActivity,
		call: func(c *cell) (int, error) { return c.can(signins.ListActivity, "") }},
	{door: "Service", method: "Can", as: "read an attempt", action: signins.ReadAttempt, about: ownThing,
		call: func(c *cell) (int, error) { return c.can(signins.ReadAttempt, string(odd)) }},
	{door: "Service", method: "Can", as: "end", action: signins.EndSession, about: ownThing, forbids: ifOver,
		call: func(c *cell) (int, error) { return c.can(signins.EndSession, string(c.other.Actor.Session)) }},
	{door: "Service", method: "Can", as: "end others", action: signins.EndOtherSessions,
		call: func(c *cell) (int, error) { return c.can(signins.EndOtherSessions, "") }},
	{door: "Service", method: "Can", as: "sign out", action: signins.SignOutEverywhere,
		call: func(c *cell) (int, error) { return c.can(signins.SignOutEverywhere, "") }},
	{door: "Service", method: "Can", as: "this was me", action: signins.SayThisWasMe, about: ownThing, forbids: ifAnswered,
		call: func(c *cell) (int, error) { return c.can(signins.SayThisWasMe, string(odd)) }},
	{door: "Service", method: "Can", as: "this was not me", action: signins.SayThisWasNotMe, about: ownThing, forbids: ifAnswered,
		call: func(c *cell) (int, error) { return c.can(signins.SayThisWasNotMe, string(odd)) }},
	{door: "Service", method: "End", action: signins.EndSession, about: ownThing, forbids: ifOver, changes: true,
		call: func(c *cell) (int, error) {
			return tried(c.Service.End(c.t.Context(), c.actor, c.other.Actor.Session))
		}},
	{door: "Service", method: "EndOthers", action: signins.EndOtherSessions, present: true, changes: true,
		call: func(c *cell) (int, error) { return tried(c.Service.EndOthers(c.t.Context(), c.actor)) }},
	{door: "Service", method: "AskSignOutEverywhere", action: signins.SignOutEverywhere,
		call: func(c *cell) (int, error) {
			_, _, err := c.Service.AskSignOutEverywhere(c.t.Context(), c.actor)
			return tried(err)
		}},
	{door: "Service", method: "SignOutEverywhere", action: signins.SignOutEverywhere, changes: true,
		call: func(c *cell) (int, error) { return c.everywhere(false) }},
	{door: "Service", method: "SignOutEverywhere", as: "but here", action: signins.SignOutEverywhere, present: true, changes: true,
		call: func(c *cell) (int, error) { return c.everywhere(true) }},
	{door: "Service", method: "SignOutEverywhere", as: "unconfirmed", action: signins.SignOutEverywhere, changes: true,
		inside: always(policy.CodeConfirmationMissing),
		call: func(c *cell) (int, error) {
			_, err := c.Service.SignOutEverywhere(c.t.Context(), c.actor, "", false)
			return tried(err)
		}},
	{door: "Service", method: "Activity", action: signins.ListActivity, empty: hasNoAttempts,
		call: func(c *cell) (int, error) {
			l, err := c.Service.Activity(c.t.Context(), c.actor, signins.Query{})
			return len(l.Items), err
		}},
	{door: "Service", method: "Attempt", action: signins.ReadAttempt, about: ownThing,
		call: func(c *cell) (int, error) {
			_, err := c.Service.Attempt(c.t.Context(), c.actor, odd)
			return tried(err)
		}},
	{door: "Service", method: "AskThisWasMe", action: signins.SayThisWasMe, about: ownThing, forbids: ifAnswered,
		call: func(c *cell) (int, error) {
			_, _, err := c.Service.AskThisWasMe(c.t.Context(), c.actor, odd)
			return tried(err)
		}},
	{door: "Service", method: "ThisWasMe", action: signins.SayThisWasMe, about: ownThing, forbids: ifAnswered, changes: true,
		call: func(c *cell) (int, error) { return c.confirmed(odd, c.Service.AskThisWasMe, c.Service.ThisWasMe) }},
	{door: "Service", method: "ThisWasMe", as: "unconfirmed", action: signins.SayThisWasMe, about: ownThing, forbids: ifAnswered,
		inside: always(policy.CodeConfirmationMissing), changes: true,
		call: func(c *cell) (int, error) {
			return tried(c.Service.ThisWasMe(c.t.Context(), c.actor, odd, ""))
		}},
	{door: "Service", method: "ThisWasMe", as: "of what is usual", action: signins.SayThisWasMe, about: ownThing,
		forbids: always(signins.CodeNotUnusual), changes: true,
		call: func(c *cell) (int, error) { return c.confirmed(usual, c.Service.AskThisWasMe, c.Service.ThisWasMe) }},
	{door: "Service", method: "ThisWasMe", as: "of the present session", action: signins.SayThisWasMe, about: ownThing,
		device: func(a somebody, _ condition) policy.Code {
			if a.Level >= policy.AAL2 && !a.Stale {
				return "" // a second factor, which a stolen password is not
			}
			return signins.CodeThatSession
		}, changes: true,
		call: func(c *cell) (int, error) {
			return c.confirmed(present, c.Service.AskThisWasMe, c.Service.ThisWasMe)
		}},
	{door: "Service", method: "AskThisWasNotMe", action: signins.SayThisWasNotMe, about: ownThing, forbids: ifAnswered,
		call: func(c *cell) (int, error) {
			_, _, err := c.Service.AskThisWasNotMe(c.t.Context(), c.actor, odd)
			return tried(err)
		}},
	{door: "Service", method: "ThisWasNotMe", action: signins.SayThisWasNotMe, about: ownThing, forbids: ifAnswered, changes: true,
		call: func(c *cell) (int, error) { return c.confirmed(odd, c.Service.AskThisWasNotMe, c.notMe) }},
	{door: "Service", method: "ThisWasNotMe", as: "of the present session", action: signins.SayThisWasNotMe, about: ownThing, changes: true,
		call: func(c *cell) (int, error) { return c.confirmed(present, c.Service.AskThisWasNotMe, c.notMe) }},
	{door: "Service", method: "ThisWasNotMe", as: "unconfirmed", action: signins.SayThisWasNotMe, about: ownThing, forbids: ifAnswered,
		inside: always(policy.CodeConfirmationMissing), changes: true,
		call: func(c *cell) (int, error) { return tried(c.notMe(c.t.Context(), c.actor, odd, "")) }},
	{door: "Service", method: "ThisWasNotMe", as: "of what is usual", action: signins.SayThisWasNotMe, about: ownThing,
		forbids: always(signins.CodeNotUnusual), changes: true,
		call: func(c *cell) (int, error) { return c.confirmed(usual, c.Service.AskThisWasNotMe, c.notMe) }},

	{door: "Admin", method: "Activity", action: signins.ReadAnyActivity, changes: true, empty: isElsewhere,
		call: func(c *cell) (int, error) {
			l, err := c.Admin.Activity(c.t.Context(), c.actor, c.subject, signins.Query{})
			return len(l.Items), err
		}},
	{door: "Admin", method: "Import", action: signins.ImportSignIns, changes: true,
		call: func(c *cell) (int, error) {
			l, err := c.Admin.Import(c.t.Context(), c.actor, []signins.Record{c.record})
			return len(l), err
		}},
	{door: "Admin", method: "Sessions", action: signins.ReadAnySessions, changes: true,
		empty: func(a somebody, c condition) bool { return c.subjectOff && !a.Elsewhere }, // disabling ended them
		call: func(c *cell) (int, error) {
			l, err := c.Admin.Sessions(c.t.Context(), c.actor, c.subject, store.Page{})
			return len(l.Items), err
		}},
	{door: "Admin", method: "End", action: signins.EndAnySession, about: anyThing, forbids: ifOver, changes: true,
		call: func(c *cell) (int, error) {
			return tried(c.Admin.End(c.t.Context(), c.actor, c.subject, c.other.Actor.Session))
		}},
	{door: "Admin", method: "SignOut", action: signins.SignOutPerson, changes: true,
		call: func(c *cell) (int, error) { return tried(c.Admin.SignOut(c.t.Context(), c.actor, c.subject)) }},

	{door: "Host", method: "Record", action: signins.RecordSignIn, changes: true,
		call: func(c *cell) (int, error) {
			_, err := c.Host.Record(c.t.Context(), c.actor, c.record)
			return tried(err)
		}},
	{door: "Host", method: "PurgeActivity", action: signins.PurgeActivity, changes: true,
		call: func(c *cell) (int, error) {
			_, err := c.Host.PurgeActivity(c.t.Context(), c.actor)
			return tried(err)
		}},
	{door: "Host", method: "Start", action: signins.StartSession, forbids: ifCannotSignIn, changes: true,
		call: func(c *cell) (int, error) {
			_, err := c.Host.Start(c.t.Context(), c.actor, signins.NewSession{Account: c.subject, Proofs: []policy.Proof{c.proof}})
			return tried(err)
		}},
	{door: "Host", method: "Start", as: "in the place of another", action: signins.StartSession, forbids: ifCannotSignIn, changes: true,
		call: func(c *cell) (int, error) {
			_, err := c.Host.Start(c.t.Context(), c.actor, signins.NewSession{Account: c.subject, Proofs: []policy.Proof{c.proof},
				Replaces: c.other.Token, Attempt: &signins.Record{ID: "anew", At: c.record.At}})
			return tried(err)
		}},
	// Actor takes no actor: the token alone counts, whoever calls.
	{door: "Host", method: "Actor", action: signins.ResumeSession,
		special: func(c condition) outcome {
			if code := ifNoSuchToken(somebody{}, c); code != "" {
				return outcome(code)
			}
			return done
		},
		call: func(c *cell) (int, error) {
			_, err := c.Host.Actor(c.t.Context(), c.other.Token)
			return tried(err)
		}},
	{door: "Host", method: "AddProof", action: signins.AddProof, inside: ifNoSuchToken, changes: true,
		call: func(c *cell) (int, error) {
			_, err := c.Host.AddProof(c.t.Context(), c.actor, c.other.Token, c.proof)
			return tried(err)
		}},
	{door: "Host", method: "SignOut", action: signins.SignOut, changes: true,
		call: func(c *cell) (int, error) {
			return tried(c.Host.SignOut(c.t.Context(), c.actor, c.other.Token))
		}},
	{door: "Host", method: "Prover", action: signins.AddProof, inside: ifNoSuchToken,
		call: func(c *cell) (int, error) {
			_, err := c.Host.Prover(c.t.Context(), c.actor, c.other.Token)
			return tried(err)
		}},
	// Touch takes the person's own actor, and is about the session that it comes with.
	{door: "Host", method: "Touch", action: signins.TouchSession, present: true, changes: true, unrecorded: true,
		call: func(c *cell) (int, error) { return tried(c.Host.Touch(c.t.Context(), c.actor)) }},
	{door: "Host", method: "ValidSince", action: signins.ReadValidSince,
		call: func(c *cell) (int, error) {
			_, err := c.Host.ValidSince(c.t.Context(), c.actor, c.subject)
			return tried(err)
		}},
	{door: "Host", method: "PurgeSessions", action: signins.PurgeSessions, changes: true,
		call: func(c *cell) (int, error) {
			_, err := c.Host.PurgeSessions(c.t.Context(), c.actor)
			return tried(err)
		}},
}
