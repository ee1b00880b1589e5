package myaccount

import (
	"context"
	"fmt"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
)

// ProvePassword steps a session up with its person's password: what needs a fresher proof goes on with what comes back. The
// session's token is replaced: give the new one to the browser, the old one is dead. A wrong password is refused with
// [account.CodeWrongPassword] and counts as one of somebody who is signed in, apart from those at sign-in
// (password.SignedIn); a session that has ended is refused with [policy.CodeSessionEnded], before the password is looked at.
// Sources: OWASP ASVS 7.2.4, 7.5.3; NIST SP 800-63B-4 2.1.3.
func (a *Account) ProvePassword(ctx context.Context, host policy.Actor, token, typed secret.Text) (signins.Started, error) {
	actor, err := a.Host.SignIns.Prover(ctx, host, token)
	if err != nil {
		return signins.Started{}, err
	}
	v, err := a.Host.Account.VerifyPassword(ctx, host, account.PasswordAttempt{Account: actor.Account, Password: typed, SignedIn: true})
	if err != nil {
		return signins.Started{}, unnamed(err)
	}
	return a.Host.SignIns.AddProof(ctx, host, token, v.Proof)
}

// ProveCode steps a session up with a code: what needs another factor goes on with what comes back. It was sent by
// [account.Host.SendCode] for this session with [challenge.StepUp], by the method that is given, and that gave the id. The
// session's token is replaced, as by [Account.ProvePassword]. A wrong code is refused with [challenge.CodeWrong] and counts by
// account and method. A right one is spent even if the session ends in that very moment.
func (a *Account) ProveCode(ctx context.Context, host policy.Actor, token secret.Text, m challenge.Method, id challenge.ID, code secret.Text) (signins.Started, error) {
	actor, err := a.Host.SignIns.Prover(ctx, host, token)
	if err != nil {
		return signins.Started{}, err
	}
	p, err := a.Host.Account.VerifyCode(ctx, host, account.CodeAnswer{Account: actor.Account, Purpose: challenge.StepUp, Method: m,
		Session: actor.Session, Challenge: id, Code: code})
	if err != nil {
		return signins.Started{}, err
	}
	return a.Host.SignIns.AddProof(ctx, host, token, p)
}

// ChangePassword changes the password of whoever the session's token is of, as [account.Service.ChangePassword] does, and
// renews that session: the new password is its newest proof, and the token that comes back takes the place of the old one,
// which is dead. Events tell the address that host has: give it that of the request, since the session's is the one where it was
// last seen, and not that of somebody who stole it.
//
// A refusal and an unacceptable password leave both as they are. So does an error of the store, unless it says that the password
// is changed: then that has committed, and all other sessions have ended. This one goes on under the token that it had, unless it
// was ended in that very moment, or the store cannot tell whether it took the new one. Sources: OWASP ASVS 7.2.4, 7.4.3.
func (a *Account) ChangePassword(ctx context.Context, host policy.Actor, token secret.Text, c account.PasswordChange) (signins.Started, error) {
	actor, err := a.Host.SignIns.Prover(ctx, host, token)
	if err != nil {
		return signins.Started{}, err
	}
	actor.Address = host.Address
	if err := a.Account.ChangePassword(ctx, actor, c); err != nil {
		return signins.Started{}, err
	}
	started, err := a.Host.SignIns.AddProof(ctx, host, token, policy.Proof{Factor: policy.FactorPassword, At: a.guard.Now()})
	if err != nil {
		return signins.Started{}, fmt.Errorf("the password is changed, but the session was given no new token: %w", err)
	}
	return started, nil
}
