package export

import (
	"context"
	"errors"
	"io"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
)

// Reporter is told what became of each text of an export.
type Reporter func(text string, r msgraph.Report)

// Import brings all of the export into the tenant of the host, which must be there already: [Export.ImportPeople],
// [Export.ImportDevices] and [Export.ImportSignIns].
func (e *Export) Import(ctx context.Context, app *myaccount.Account, host policy.Actor, report Reporter) error {
	for _, step := range []func(context.Context, *myaccount.Account, policy.Actor, Reporter) error{e.ImportPeople, e.ImportDevices, e.ImportSignIns} {
		if err := step(ctx, app, host, report); err != nil {
			return err
		}
	}
	return nil
}

// ImportPeople makes accounts: of the users, or if the export has none of everybody whom it names, as a work account of which
// nothing is known.
func (e *Export) ImportPeople(ctx context.Context, app *myaccount.Account, host policy.Actor, report Reporter) error {
	if len(e.users) == 0 {
		for _, p := range e.people {
			if err := app.Host.Accounts.Provision(ctx, host, p.ID, policy.Work); err != nil && !isThere(err) {
				return err
			}
		}
		return nil
	}
	to := msgraph.UserDoors{Accounts: app.Host.Accounts, People: app.Host.Account, Profiles: app.Admin.Account}
	return each(e.users, report, func(r io.Reader) (msgraph.Report, error) {
		return msgraph.TakeUsers(ctx, to, host, shift(msgraph.Users(r), e.by, timesOfUser), msgraph.UserOptions{ProvenAt: e.provenAt})
	})
}

// isThere tells that an account is known already, as it is when the same export is imported again. That is a refusal, and leaves
// its event; users leave none.
func isThere(err error) bool {
	var denied *policy.Denied
	return errors.As(err, &denied) && denied.Reason().Class == policy.ClassState
}

// ImportDevices brings devices and then their recovery keys, for people whose accounts are there.
func (e *Export) ImportDevices(ctx context.Context, app *myaccount.Account, host policy.Actor, report Reporter) error {
	err := each(e.devices, report, func(r io.Reader) (msgraph.Report, error) {
		return msgraph.TakeDevices(ctx, app.Admin.Devices, host, shift(msgraph.Devices(r), e.by, timesOfDevice), e.options)
	})
	if err != nil {
		return err
	}
	return each(e.keys, report, func(r io.Reader) (msgraph.Report, error) {
		return msgraph.TakeRecoveryKeys(ctx, app.Admin.Devices, host, shift(msgraph.RecoveryKeys(r), e.by, timesOfKey))
	})
}

// ImportSignIns brings the logs of sign-ins. What is older than the tenant keeps is passed over.
func (e *Export) ImportSignIns(ctx context.Context, app *myaccount.Account, host policy.Actor, report Reporter) error {
	return each(e.logs, report, func(r io.Reader) (msgraph.Report, error) {
		return msgraph.TakeSignIns(ctx, app.Admin.SignIns, host, shift(msgraph.SignIns(r), e.by, timesOfSignIn))
	})
}

// each imports texts one after another, and reports each; the one that fails too, for what was done until then.
func each(texts []text, report Reporter, load func(io.Reader) (msgraph.Report, error)) error {
	for _, t := range texts {
		err := t.read(func(r io.Reader) error {
			done, err := load(r)
			report(t.name, done)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
