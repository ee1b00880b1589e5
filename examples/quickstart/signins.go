package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// What is shown at the most: attempts to sign in of a person, and people.
const (
	shownSignIns = 12
	shownPeople  = 2
)

// signIns imports a log of sign-ins, shows those of a person, and what happens when one was not theirs.
func (d *demo) signIns(ctx context.Context) error {
	if !d.export.HasSignIns() {
		d.show.note("The export has no log of sign-ins.")
		return nil
	}
	d.show.title("Import of the log of sign-ins")
	if d.export.Name != sampleName { // a log that was kept may be old
		if err := d.app.Admin.Policy.Set(ctx, d.admin, signins.RetentionDays, signins.RetentionDays.Max); err != nil {
			return err
		}
	}
	if err := d.export.ImportSignIns(ctx, d.app, d.host, d.show.report); err != nil {
		return err
	}
	shown, everybody := 0, []signins.Item(nil)
	for _, p := range d.export.People() {
		items, err := d.activity(ctx, p.ID)
		if err != nil {
			return err
		}
		everybody = append(everybody, items...)
		if len(items) == 0 || shown == shownPeople {
			continue
		}
		shown++
		d.show.signIns(d.names[string(p.ID)], items)
		if err := d.notMe(ctx, p.ID, items); err != nil {
			return err
		}
	}
	if shown == 0 {
		d.show.note("Nobody's sign-ins are recent enough to be shown.")
		return nil
	}
	d.show.title("The sign-ins of all")
	d.show.tally("everybody", everybody)
	return nil
}

// activity reads all that a person sees of their sign-ins, page by page.
func (d *demo) activity(ctx context.Context, account policy.AccountID) (all []signins.Item, err error) {
	actor, q := d.signIn(account), signins.Query{Page: store.Page{Size: store.MaxPageSize}}
	err = store.Each(func(p store.Page) (store.List[signins.Item], error) {
		q.Page = p
		return d.app.SignIns.Activity(ctx, actor, q)
	}, func(i signins.Item) error {
		all = append(all, i)
		return nil
	})
	return all, err
}

// notMe is what a person does about an unusual attempt, if there is one. Meanwhile they are signed in here, and
// somebody elsewhere.
func (d *demo) notMe(ctx context.Context, account policy.AccountID, items []signins.Item) error {
	at := slices.IndexFunc(items, func(i signins.Item) bool { return i.ThisWasNotMe.Allowed })
	if at < 0 {
		return nil
	}
	who, unusual := d.names[string(account)], items[at]
	here, err := d.app.Host.SignIns.Start(ctx, d.host, signins.NewSession{Account: account, Proofs: d.signIn(account).Proofs})
	if err != nil {
		return err
	}
	preview, confirmation, err := d.app.SignIns.AskThisWasNotMe(ctx, here.Actor, unusual.ID)
	if err != nil {
		return err
	}
	d.show.preview(preview)
	done, err := d.app.SignIns.ThisWasNotMe(ctx, here.Actor, unusual.ID, confirmation)
	steps := []step{did(who+" says that it was somebody else", err)}
	for _, c := range done.Steps {
		next := did("the library does: "+string(c.Measure), nil)
		if !c.Done {
			next = step{what: fmt.Sprintf("%s: %s", c.Measure, c.Why), left: true}
		}
		steps = append(steps, next)
	}
	_, err = d.app.Host.SignIns.Actor(ctx, here.Token)
	return d.show.steps(append(steps, did("a request comes with a session from before", err))...)
}
