package myaccount

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// SignInAttempt is what somebody gives who wants to sign in, and what the host knows of where they are. Names and places are
// cleaned and cut, so that no browser keeps its person out.
type SignInAttempt struct {
	// Identifier is the user name or e-mail address as it was typed. A host that knows the account gives Account instead.
	Identifier string
	Account    policy.AccountID
	Password   secret.Text

	Address netip.Addr
	Client  policy.Client
	Place   signins.Place // approximate; see [signins.Locator]
	// Device is the registered device that the host has authenticated; empty if it is none.
	Device policy.DeviceID
	// Familiar says that the person signed in from such a place and device before ([account.PasswordAttempt]).
	Familiar bool
	// Replaces is the token of the session that the browser has so far, if any. It ends when the new one starts.
	Replaces secret.Text
}

// SignIn signs somebody in with a password: it verifies it, records the attempt, starts a session and ends the one that it
// replaces. Give the token of what comes back to the browser. Whether a second factor is asked for is the host's: ask for
// the step-up next ([Account.ProveCode]), and let nothing be done before. Whoever has to set a new password first
// ([signins.Started.MustChangePassword]) is refused every change but that: show them the page for it.
//
// A password that is not taken is recorded before anybody is told, with Microsoft Entra's code: 50126 if it is wrong, 50053
// for an account that is locked, 50057 for one that is disabled, 50056 for one without a password. All are refused alike,
// with [account.CodeWrongPassword], and so is a name that is nobody's, of which no record is kept; the same work is done for
// each, as [account.Host.VerifyPassword] has it.
//
// The right password of an account that its person is closing starts nothing: it is refused with
// [policy.CodeAccountClosing], and [Account.ReopenCode] helps. One that an administrator deleted is refused with
// [account.CodeDeletedByOthers], one whose time is over with [account.CodeGraceOver].
//
// A session starts, the attempt stands in the record and the older session ends in one commit, or nothing of it does. After
// an error nobody is signed in anew, and the browser's session is as it was. Sources: OWASP ASVS 6.3.8, 7.2.4, 16.3.1;
// Microsoft Entra: sign-in error codes.
func (a *Account) SignIn(ctx context.Context, host policy.Actor, t SignInAttempt) (signins.Started, error) {
	s, err := a.attempt(host, t)
	if err != nil {
		return signins.Started{}, err
	}
	v, err := s.verify(ctx)
	if err != nil {
		return signins.Started{}, err
	}
	if v.Closing {
		return signins.Started{}, s.interrupted(ctx, v)
	}
	return s.start(ctx, v)
}

// signIn is an attempt to sign in that is under way.
type signIn struct {
	*Account
	host   policy.Actor
	given  SignInAttempt
	record signins.Record // of it, as far as it has come
}

// Codes of attempts that got past the password (Microsoft Entra, authentication and authorization error codes).
const (
	attemptDisabled  = 50057
	attemptDevice    = 50155  // the device cannot sign in
	attemptConfirm   = 50199  // the person is asked to confirm something
	attemptLaterStep = 500121 // the second step failed
)

const (
	passwordStep = "Password"
	browserApp   = "Browser"             // Microsoft's clientAppUsed
	maxPlace     = signins.MaxText/2 - 1 // two of them, and what stands between, are a place's String
)

// attempt begins one, or says what of it is malformed: before any work, so that this tells nothing.
func (a *Account) attempt(host policy.Actor, t SignInAttempt) (*signIn, error) {
	if t.Identifier == "" && t.Account == "" {
		return nil, &policy.Invalid{Field: "identifier", Problem: "is empty; want a user name or an e-mail address"}
	}
	if t.Device != "" {
		if err := policy.CheckID("device", t.Device); err != nil {
			return nil, err
		}
	}
	if err := t.Place.Check(); err != nil {
		return nil, err
	}
	for _, text := range []*string{&t.Client.Application, &t.Client.Browser, &t.Client.System} {
		*text = policy.CleanText(*text, signins.MaxText)
	}
	for _, text := range []*string{&t.Place.City, &t.Place.Region, &t.Place.Country} {
		*text = policy.CleanText(*text, maxPlace)
	}
	r := signins.Record{ID: signins.ID(a.guard.NewID()), At: a.guard.Now(), Application: t.Client.Application, Browser: t.Client.Browser,
		System: t.Client.System, Address: t.Address, Place: t.Place, Device: t.Device}
	if r.Browser != "" {
		r.ClientApp = browserApp
	}
	return &signIn{Account: a, host: host, given: t, record: r}, nil
}

// step notes how a step of the authentication went.
func (s *signIn) step(at time.Time, method string, succeeded bool, detail string) {
	s.record.Steps = append(s.record.Steps, signins.Step{At: at, Method: method, Primary: method == passwordStep, Succeeded: succeeded, Detail: detail})
}

// verify verifies the password. One that is not taken is recorded as the account's whose it would have been.
func (s *signIn) verify(ctx context.Context) (account.VerifiedPassword, error) {
	v, err := s.Host.Account.VerifyPassword(ctx, s.host, account.PasswordAttempt{Account: s.given.Account, Identifier: s.given.Identifier,
		Password: s.given.Password, Familiar: s.given.Familiar})
	if why := new(account.PasswordRefused); errors.As(err, &why) {
		s.record.Account, s.record.Code = why.Account, why.Code
		s.step(s.guard.Now(), passwordStep, false, "The password was not taken.")
		return v, s.failed(ctx, unnamed(err))
	}
	if err != nil {
		return v, err
	}
	s.record.Account = v.Account
	s.step(v.Proof.At, passwordStep, true, "Correct password")
	return v, nil
}

// unnamed is the error of a password that was not taken for whoever gave it: whose it was goes no further.
func unnamed(err error) error {
	if why := new(account.PasswordRefused); errors.As(err, &why) {
		return why.Unwrap()
	}
	return err
}

// failed records an attempt that started nothing and gives the error that ended it, if one did. Hanging up evades no record.
func (s *signIn) failed(ctx context.Context, err error) error {
	_, recErr := s.Host.SignIns.Record(context.WithoutCancel(ctx), s.host, s.record)
	if recErr == nil || errors.Is(recErr, store.ErrNotFound) { // nobody's: there is nobody whom it could be shown
		return err
	}
	return errors.Join(err, recErr)
}

// start starts the session of an attempt that succeeded. What refuses it is recorded: somebody has the password.
func (s *signIn) start(ctx context.Context, v account.VerifiedPassword) (signins.Started, error) {
	t, r := &s.given, s.record
	started, err := s.Host.SignIns.Start(ctx, s.host, signins.NewSession{Account: v.Account, Proofs: []policy.Proof{v.Proof},
		Device: t.Device, Address: t.Address, Client: t.Client, Place: t.Place, Replaces: t.Replaces, Attempt: &r})
	denied := new(policy.Denied)
	if !errors.As(err, &denied) {
		return started, err
	}
	s.record.Failure = denied.Reason().Message()
	switch denied.Reason().Code {
	case signins.CodeDeviceCannotSignIn:
		s.record.Code = attemptDevice
	case signins.CodeCannotSignIn: // switched off since the password was verified
		s.record.Code = attemptDisabled
	default:
		s.record.Code = attemptLaterStep
	}
	return signins.Started{}, s.failed(ctx, err)
}

// interrupted records that the right password of an account that is being closed started nothing, and says what helps.
func (s *signIn) interrupted(ctx context.Context, v account.VerifiedPassword) error {
	if !v.Reopen.Allowed {
		s.record.Code, s.record.Failure = attemptDisabled, v.Reopen.Reason().Message()
		return s.failed(ctx, &policy.Denied{Decision: v.Reopen})
	}
	s.record.Code, s.record.Failure = attemptConfirm, closing.Text
	return s.failed(ctx, &policy.Denied{Decision: policy.Refusal(signins.StartSession, closing, "")})
}

// closing is told to who has the password of an account that they are closing.
var closing = policy.Reason{Code: policy.CodeAccountClosing, Class: policy.ClassNotAdmitted, Remedy: policy.ReopenAccount,
	Text: "This account is being closed. To keep it, ask for a code and reopen it."}
