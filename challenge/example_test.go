package challenge_test

import (
	"context"
	"fmt"
	"time"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// phones is a room that wants a phone proven before it is removed. Its Tx would embed challenge.Tx; here that is all
// of it.
type phones struct {
	guard *policy.Guard
	store store.Store[challenge.Tx]
	codes *challenge.Codes
}

var askCode, removePhone = rule("phones.ask-code"), rule("phones.remove")

func rule(a policy.Action) *policy.Spec[challenge.Tx, struct{}] {
	return &policy.Spec[challenge.Tx, struct{}]{
		Rule: policy.Rule{Action: a, Activity: "Delete phone", Category: "UserManagement", By: policy.ByPerson, Kinds: policy.AllKinds},
		Load: func(challenge.Tx, *policy.Op, policy.Target) (struct{}, error) { return struct{}{}, nil },
	}
}

// toRemove is what a code must be for.
func toRemove(actor policy.Actor, phone string) challenge.Binding {
	return challenge.Binding{Account: actor.Account, Purpose: challenge.StepUp, Method: challenge.SMS, Target: "remove " + phone, Session: actor.Session}
}

// Ask sends a code: it is drawn before the transaction and sent after it.
func (r *phones) Ask(ctx context.Context, actor policy.Actor, phone string) (challenge.ID, error) {
	b := toRemove(actor, phone)
	draft, err := r.codes.Draft(b.Purpose, b.Method)
	if err != nil {
		return "", err
	}
	issued, err := policy.Do(ctx, r.guard, r.store, actor, askCode, policy.On("phone", phone), "",
		func(tx challenge.Tx, op *policy.Op, _ struct{}) (challenge.Challenge, policy.Change, error) {
			c, err := challenge.Issue(tx, op, draft, challenge.New{Account: b.Account, Target: b.Target, Session: b.Session, To: phone})
			return c, policy.Change{Subject: b.Account, Revision: c.Revision}, err
		})
	if err != nil {
		return "", err
	}
	return issued.ID, r.codes.Send(ctx, draft, issued, "en")
}

// Remove does what the code allows, once.
func (r *phones) Remove(ctx context.Context, actor policy.Actor, phone string, id challenge.ID, code secret.Text) error {
	answer, err := r.codes.Answer(id, code)
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, r.guard, r.store, actor, removePhone, policy.On("phone", phone), "",
		challenge.Proven(toRemove(actor, phone), answer, func(tx challenge.Tx, op *policy.Op, _ struct{}, _ challenge.Proof) (struct{}, policy.Change, error) {
			_, err := challenge.EndPending(tx, op, actor.Account) // a method less: what else was pending is over
			return struct{}{}, policy.Change{Subject: actor.Account}, err
		}))
	return err
}

// A room asks for a code and takes it, once.
func Example() {
	ctx := context.Background()
	db, mail := memstore.New(), new(accounttest.Mailbox)
	ring, _ := secret.NewKeyRing(secret.NewKey("2026"))
	codes, _ := challenge.NewCodes(ring, mail)
	guard := policy.NewGuard()
	room := &phones{guard, db.Challenges(), codes}
	_ = policy.NewAdmin(guard, db.Policy(), nil, nil).CreateTenant(ctx, policy.System("setup"), "contoso")
	_ = policy.NewHost(guard, db.Policy()).Provision(ctx, policy.Host("portal", "contoso"), "ada", policy.Work)
	ada := policy.Actor{Tenant: "contoso", Account: "ada", SignedInAt: time.Now()}

	id, err := room.Ask(ctx, ada, "+49 30 901820")
	message, _ := mail.Last("+49 30 901820")
	fmt.Println(err, message.Purpose, message.Method, message.Code)
	fmt.Println(room.Remove(ctx, ada, "+49 171 5550100", id, message.Code))
	fmt.Println(room.Remove(ctx, ada, "+49 30 901820", id, message.Code))
	fmt.Println(room.Remove(ctx, ada, "+49 30 901820", id, message.Code))
	// Output:
	// <nil> step-up sms [redacted]
	// phones.remove refused (wrong-code): That code is not right, or no longer. Check it, or ask for a new one.
	// <nil>
	// phones.remove refused (wrong-code): That code is not right, or no longer. Check it, or ask for a new one.
}
