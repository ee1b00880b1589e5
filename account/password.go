package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// WithBreachChecker has new passwords looked up among those that are known from breaches.
func WithBreachChecker(c password.BreachChecker) Option {
	return func(r *room) { r.breaches = c }
}

// Names are what the people of a tenant know the service and their organization by. Words of four and more characters out of
// them must not be in a new password ([password.Context]); each may be empty.
type Names struct {
	Service       string
	Organizations []string // all that the organization is known by
}

// WithNames tells which names new passwords must not contain, besides those of the person and the tenant's id, which may say
// nothing to anybody. It is asked about each new password, outside of transactions; an error keeps that from being set.
// Source: OWASP ASVS 6.1.2, 6.2.11.
func WithNames(of func(context.Context, policy.TenantID) (Names, error)) Option {
	return func(r *room) { r.names = of }
}

// PasswordChange is what a person gives to change their password.
type PasswordChange struct {
	// Current is the password as it is. It may be empty where recent proofs stand in for it ([RecentProofsStandIn]).
	Current secret.Text
	New     secret.Text
}

// ChangePassword changes the actor's password. In one commit all other sessions end, whatever was pending (resets,
// changes of address, step-ups) is void, and a demand for a new password is met; the present session goes on under its token,
// which myaccount.Account.ChangePassword renews besides. A new password that is not acceptable is a [password.Unacceptable], which
// says everything that is wrong with it. Where a new one is demanded, or the account is at risk, the current one is none.
//
// A secure change ends the account's risk: by somebody whose proofs of the last 15 minutes reach AAL2, or who recovered the
// account. A change with the password alone, which may be what a thief has, ends a low risk and leaves any other.
//
// A demanded change is open to an account that is restricted too, with the current password.
//
// A wrong current password counts in the one throttle that sign-in counts in, as given by somebody who is signed in
// ([password.SignedIn]): a stolen session locks its owner out nowhere, nor does a stranger who guesses at sign-in keep them
// from changing the password.
func (s *Service) ChangePassword(ctx context.Context, actor policy.Actor, c PasswordChange) error {
	now, err := policy.Prepare(ctx, s.guard, s.store, actor, changePassword, policy.Target{}, prepare)
	if err != nil {
		return err
	}
	if err := s.accept(ctx, ChangePassword, &now, c.New, c.Current); err != nil {
		return err
	}
	var v secret.Verified
	byProofs := c.Current.Empty() && now.proofsStandIn
	if !byProofs {
		if v, err = s.hasher.Verify(ctx, c.Current, now.Hash); err != nil {
			return fmt.Errorf("%s: %w", ChangePassword, err)
		}
	}
	// The new one is hashed whether the current one is right or not: the time that it takes tells nothing.
	hash, err := s.newHash(ctx, ChangePassword, now, c.New, byProofs)
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, s.guard, s.store, actor, changePassword, policy.Target{}, "",
		func(tx Tx, op *policy.Op, l login) (none, policy.Change, error) {
			if err := now.stillHolds(l); err != nil {
				return none{}, policy.Change{}, err
			}
			if byProofs {
				if !proofsStandIn(op) { // they have grown old, or the tenant no longer wants that
					return none{}, policy.Change{}, op.Refuse(wrongCurrent)
				}
				ch, err := l.replace(tx, op, hash, now.facts())
				return none{}, ch, err
			}
			no, err := l.judge(tx, op, v, password.SignedIn, wrongCurrent)
			if err != nil {
				return none{}, policy.Change{}, err
			}
			if no != nil {
				return none{}, *no, nil
			}
			ch, err := l.replace(tx, op, hash, now.facts())
			return none{}, ch, err
		})
	return err
}

// SetFirstPassword sets a password for an actor who has none. It does the same as a change besides.
func (s *Service) SetFirstPassword(ctx context.Context, actor policy.Actor, first secret.Text) error {
	now, err := policy.Prepare(ctx, s.guard, s.store, actor, setFirstPassword, policy.Target{}, prepare)
	if err != nil {
		return err
	}
	if err := s.accept(ctx, SetFirstPassword, &now, first, secret.Text{}); err != nil {
		return err
	}
	hash, err := s.newHash(ctx, SetFirstPassword, now, first, false)
	if err != nil {
		return err
	}
	_, err = policy.Do(ctx, s.guard, s.store, actor, setFirstPassword, policy.Target{}, "",
		func(tx Tx, op *policy.Op, l login) (none, policy.Change, error) {
			ch, err := l.replace(tx, op, hash, now.facts())
			return none{}, ch, err
		})
	return err
}

// prepared is what is known of a login before its new password is judged and hashed, outside of transactions.
type prepared struct {
	Credential
	rules         password.Rules
	banned        []string
	about         password.Context
	proofsStandIn bool
	// mustCheck refuses what cannot be looked up among breached passwords, and unchecked says that it could not be.
	mustCheck, unchecked bool
}

func prepare(tx Tx, op *policy.Op, l login) (prepared, error) {
	about := password.Context{
		SecondFactor: op.Settings.Yes(SecondFactorAlways), UserNames: []string{string(l.Account)},
		DisplayName: l.profile.DisplayName + " " + l.profile.GivenName + " " + l.profile.FamilyName, Organizations: []string{string(l.Tenant)},
	}
	names, err := identifiersOf(tx, op, l.Account)
	for _, i := range names {
		switch {
		case !i.live():
		case i.Kind == UserName:
			about.UserNames = append(about.UserNames, i.Text)
		default:
			about.Emails = append(about.Emails, i.Text)
		}
	}
	if err != nil {
		return prepared{}, err
	}
	banned, err := bannedPasswords(tx, op, policy.Target{})
	rules := password.RulesOf(op.Settings)
	rules.NotCurrent = rules.NotCurrent || l.suspect()
	return prepared{l.credential, rules, banned.Terms, about, proofsStandIn(op), op.Settings.Yes(password.RequireBreachCheck), false}, err
}

// suspect tells that somebody else may know the password: the same once more would change nothing.
func (l login) suspect() bool { return l.MustChangePassword || l.Risk != policy.NoRisk }

// stillHolds tells whether a new password that was judged by p may be l's now.
func (p *prepared) stillHolds(l login) error {
	switch {
	case l.credential.Hash != p.Hash:
		return fmt.Errorf("the password has changed meanwhile: %w", store.ErrConflict)
	case l.suspect() && !p.rules.NotCurrent:
		return fmt.Errorf("a new password is demanded since: %w", store.ErrConflict)
	}
	return nil
}

// check tells whether a password may be the new one.
func (p *prepared) check(fresh, current secret.Text) error {
	banned, err := password.NewBlockList(p.banned...)
	if err != nil { // which is nobody's here: it was judged when it was set
		return errors.New("account: the banned passwords that the store gave cannot be: " + err.Error())
	}
	rules, about := p.rules, p.about
	rules.Banned, about.Current = banned, current
	return rules.Check(fresh, about)
}

// accept tells whether a password may be the new one: by the rules, and then by whether it is known from a breach. All of
// it comes before the current password is looked at, so that what is refused here is no guess at that.
func (r *room) accept(ctx context.Context, a policy.Action, now *prepared, fresh, current secret.Text) error {
	if r.names != nil {
		names, err := r.names(ctx, now.Tenant)
		if err != nil {
			return fmt.Errorf("%s: the names of the organization: %w", a, err)
		}
		now.about.Product, now.about.Organizations = names.Service, append(now.about.Organizations, names.Organizations...)
	}
	if err := now.check(fresh, current); err != nil {
		return err
	}
	err := password.Breaches(ctx, r.breaches, fresh)
	if !errors.Is(err, password.ErrUnchecked) {
		return err
	}
	if now.mustCheck {
		return fmt.Errorf("%s: %w", a, err)
	}
	now.unchecked = true
	return nil
}

// facts are what the event of a new password tells besides.
func (p *prepared) facts() []policy.Fact {
	if !p.unchecked {
		return nil
	}
	return []policy.Fact{{Name: "breach-check", Value: "unavailable"}}
}

// proofsStandIn reports whether the actor's recent proofs stand in for the current password. Those of a restricted account
// may be of security info that somebody else put there.
func proofsStandIn(op *policy.Op) bool {
	if op.Standing.Restricted(op.Now) {
		return false
	}
	other := func(p policy.Proof) bool { return p.Factor != policy.FactorPassword }
	known := slices.DeleteFunc(slices.Clone(op.Actor.Proofs), other)
	return op.Settings.Yes(RecentProofsStandIn) && policy.Assurance(known, op.Now, policy.Recent) >= policy.AAL1 &&
		policy.Assurance(op.Actor.Proofs, op.Now, policy.Recent) >= policy.AAL2
}

// newHash hashes a new password. Where the last one must not be taken again and was not given (blind), so that [prepared.check]
// could not tell, it is compared with its hash.
func (r *room) newHash(ctx context.Context, a policy.Action, now prepared, fresh secret.Text, blind bool) (secret.Hash, error) {
	if now.rules.NotCurrent && blind {
		switch same, err := r.hasher.Verify(ctx, fresh, now.Hash); {
		case err != nil:
			return "", fmt.Errorf("%s: %w", a, err)
		case same.OK:
			return "", &password.Unacceptable{Problems: []password.Problem{{Code: password.SameAsCurrent}}}
		}
	}
	hash, err := r.hasher.Hash(ctx, fresh)
	if err != nil {
		return "", fmt.Errorf("%s: %w", a, err)
	}
	return hash, nil
}

// judge counts an attempt with the password. A wrong one gives the change that refuses: it commits with its count, or, if
// that tells nothing new, as one more of its kind. After a right one there is none, and the throttle is in l, to be stored with
// what follows.
func (l *login) judge(tx Tx, op *policy.Op, v secret.Verified, at password.Place, wrong *policy.Reason) (*policy.Change, error) {
	if until, locked := l.credential.Throttle.Locked(op.Now, at); locked {
		switch {
		case wrong == wrongPassword: // whoever is not signed in learns nothing
		case until.IsZero():
			wrong = passwordSpent
		default:
			wrong = policy.Throttled(until)
		}
		return &policy.Change{Refused: op.Deny(wrong)}, nil
	}
	before := l.credential.Throttle
	after, ok := before.Judge(v, op.Now, at, password.LockoutOf(op.Settings))
	l.credential.Throttle = after
	if ok {
		return nil, nil
	}
	no := &policy.Change{Subject: l.Account, Failed: op.Deny(wrong)}
	if after.InARow == before.InARow { // it is one of the last three, and from now on the last
		no = &policy.Change{Refused: op.Deny(wrong)}
		if slices.EqualFunc(before.Wrong, after.Wrong, secret.Digest.Equal) {
			return no, nil
		}
	}
	_, err := tx.PutCredential(l.credential)
	return no, err
}

// replace stores a new password that the actor chose, and does all that follows from it.
func (l login) replace(tx Tx, op *policy.Op, hash secret.Hash, facts []policy.Fact) (policy.Change, error) {
	securely := policy.Assurance(op.Actor.Proofs, op.Now, policy.Recent) >= policy.AAL2 || recovers(op.Actor.Proofs, op.Now)
	return l.put(tx, op, hash, l.WithNewPassword(op.Now, securely), facts)
}

// recovers reports whether a recovery of the account is among what was proven just now.
func recovers(proofs []policy.Proof, now time.Time) bool {
	return slices.ContainsFunc(proofs, func(p policy.Proof) bool {
		age := now.Sub(p.At)
		return p.Factor == policy.FactorRecovery && age <= policy.Recent && age >= -policy.ClockSkew
	})
}

// put stores a password, and what the account is with it.
func (l login) put(tx Tx, op *policy.Op, hash secret.Hash, st policy.Standing, facts []policy.Fact) (policy.Change, error) {
	l.credential.Hash, l.credential.SetAt = hash, op.Now
	rev, err := tx.PutCredential(l.credential)
	if err != nil {
		return policy.Change{}, err
	}
	return policy.Change{Subject: l.Account, Target: onAccount(l.Account), Revision: rev, Facts: facts}, restarted(tx, op, st)
}

// restarted stores what an account is after all that it was given before was made void, and lets the actor's own session go on.
func restarted(tx Tx, op *policy.Op, st policy.Standing) error {
	if _, err := tx.PutStanding(st); err != nil {
		return err
	}
	return keepPresent(tx, op, st)
}

// keepPresent lets the actor's own session go on, under what its account is now.
func keepPresent(tx Tx, op *policy.Op, st policy.Standing) error {
	if op.Actor.Session == "" || op.Actor.Account != st.Account {
		return nil
	}
	s, err := tx.Session(st.Tenant, st.Account, op.Actor.Session)
	switch {
	case errors.Is(err, store.ErrNotFound): // one that the host keeps, and vouches for
		return nil
	case err != nil:
		return err
	}
	_, err = tx.PutSession(s.Under(st))
	return err
}

// PasswordAttempt is what somebody gives who wants to sign in.
type PasswordAttempt struct {
	// Account is whose password it would be. A host that knows just what was typed leaves it empty and gives Identifier.
	Account policy.AccountID
	// Identifier is the user name or e-mail address as it was typed.
	Identifier string
	Password   secret.Text
	// Familiar says that the person signed in from such a place and device before. Wrong passwords from elsewhere are
	// counted apart, so that a stranger cannot lock somebody out at home.
	Familiar bool
	// SignedIn says that it is given once more in a session, such as for a step-up ([password.SignedIn]), wherever that is.
	SignedIn bool
}

func (a PasswordAttempt) check() error {
	switch {
	case a.Account == "" && a.Identifier == "": // a host's form has no field for accounts
		return &policy.Invalid{Field: "identifier", Problem: "is empty; want what was typed, or give the account"}
	case a.Account == "":
		return nil
	}
	if err := policy.CheckID("account", a.Account); err != nil {
		return err
	}
	if a.Identifier != "" {
		return &policy.Invalid{Field: "identifier", Problem: "is given besides the account; want one of them"}
	}
	return nil
}

// place is the kind of place that an attempt is from.
func (a PasswordAttempt) place() password.Place {
	switch {
	case a.SignedIn:
		return password.SignedIn
	case a.Familiar:
		return password.Familiar
	}
	return password.Unfamiliar
}

// of gives whose password is verified: what the host says, or who has the key that was typed; nobody if there is none such.
func (a PasswordAttempt) of(tx Tx, op *policy.Op, key string) (policy.AccountID, error) {
	if a.Account != "" {
		return a.Account, nil
	}
	return lookup(tx, op, key)
}

// VerifiedPassword is what comes of the right password.
type VerifiedPassword struct {
	// Account is whose password it is.
	Account policy.AccountID
	// Proof is for signins.NewSession.
	Proof policy.Proof
	// MustChangePassword says that the person has to set a new password before anything else: whatever they would change is
	// refused until then with [policy.CodeMustChangePassword].
	MustChangePassword bool
	// Closing says that the account is being closed, by whomever: no session can be started. Whether it can be reopened says Reopen.
	Closing bool
	// Reopen says whether [Host.Reopen] would take a code for an account that is being closed, and why not: an administrator
	// deleted it, or it is too late. Of any other account it says nothing.
	Reopen policy.Decision
}

// PasswordRefused is the error of a password that was not taken. It reads and unwraps as the refusal that is the same for
// everybody, and tells the host besides what belongs into its record of the attempt and nowhere else: whoever tried must
// not learn it.
type PasswordRefused struct {
	// Account is whose password it would have been; empty if the name or account is nobody's who could sign in again.
	Account policy.AccountID `json:"-"`
	// Code is Microsoft Entra's for signins.Record: 50126 for a wrong password, 50053 for an account that is locked, 50056
	// for one without a password, 50057 for one that is disabled; 0 for nobody's.
	Code int `json:"-"`

	refusal error
}

// Error is that of the refusal.
func (e *PasswordRefused) Error() string { return e.refusal.Error() }

// Unwrap gives the refusal, a [policy.Denied], for whoever tried.
func (e *PasswordRefused) Unwrap() error { return e.refusal }

// Codes of attempts that failed at the password (Microsoft Entra, authentication and authorization error codes).
const (
	attemptLocked     = 50053
	attemptNoPassword = 50056
	attemptDisabled   = 50057
	attemptWrong      = 50126
)

// VerifyPassword verifies a password for a sign-in page. It does the same work, in as many transactions, for accounts that are
// known, unknown, not active or locked, and refuses them alike with [CodeWrongPassword], in an error that is a [PasswordRefused] for the host's
// record of the attempt. A hash of lesser parameters than today's is made anew when the password is right.
func (h *Host) VerifyPassword(ctx context.Context, actor policy.Actor, a PasswordAttempt) (VerifiedPassword, error) {
	if err := a.check(); err != nil {
		return VerifiedPassword{}, err
	}
	key := ""
	if a.Account == "" {
		key = keyOf(a.Identifier) // what cannot be one is unknown, as others are
	}
	for tries := 1; ; tries++ {
		out, err := h.verifyOnce(ctx, actor, a, key)
		if !errors.Is(err, store.ErrConflict) || tries == maxTries {
			return out, err
		}
	}
}

// maxTries is how often a password is verified anew because its hash was replaced meanwhile.
const maxTries = 3

// attempted is what is known of an account before a password is verified. counts tells that the right one would be taken.
type attempted struct {
	Credential
	counts bool
}

// signsIn tells whether a password is of use to an account.
func signsIn(st policy.Standing) bool {
	return st.State == policy.Active || st.State == policy.Closing
}

func (h *Host) verifyOnce(ctx context.Context, actor policy.Actor, a PasswordAttempt, key string) (VerifiedPassword, error) {
	now, err := policy.Look(ctx, h.guard, h.store, actor, verifyPassword, policy.Target{},
		func(tx Tx, op *policy.Op, _ none) (k attempted, err error) {
			id, err := a.of(tx, op, key)
			if err != nil || id == "" {
				return k, err
			}
			if k.Credential, err = credentialOf(tx, op, id); err != nil {
				return k, err
			}
			st, err := op.Account(tx, id)
			if errors.Is(err, store.ErrNotFound) {
				return k, nil
			}
			_, locked := k.Throttle.Locked(op.Now, a.place())
			k.counts = signsIn(st) && !locked
			return k, err
		})
	if err != nil {
		return VerifiedPassword{}, err
	}
	v, err := h.hasher.Verify(ctx, a.Password, now.Hash)
	if err != nil {
		return VerifiedPassword{}, fmt.Errorf("%s: %w", VerifyPassword, err)
	}
	var renewed secret.Hash
	if v.OK && v.Rehash && now.counts { // else the right one would take longer than a wrong one where neither counts
		// While too many wait it stays as it is: the right password is right all the same.
		if renewed, err = h.hasher.Hash(ctx, a.Password); err != nil && !errors.Is(err, secret.ErrBusy) {
			return VerifiedPassword{}, fmt.Errorf("%s: %w", VerifyPassword, err)
		}
	}
	// An unknown account is no target, so that guesses at names leave one record and not one each.
	target := policy.Target{}
	if now.Revision != 0 {
		target = onAccount(now.Account)
	}
	var why PasswordRefused // of the run that counts: each begins it anew
	out, err := policy.Do(ctx, h.guard, h.store, actor, verifyPassword, target, "",
		func(tx Tx, op *policy.Op, _ none) (VerifiedPassword, policy.Change, error) {
			why = PasswordRefused{}
			id, err := a.of(tx, op, key)
			if err != nil {
				return VerifiedPassword{}, policy.Change{}, err
			}
			if id != now.Account || id == "" { // unknown, or given up meanwhile
				return VerifiedPassword{}, policy.Change{Refused: op.Deny(wrongPassword)}, nil
			}
			l, err := bareLogin(tx, op, id)
			switch {
			case errors.Is(err, store.ErrNotFound), err == nil && l.State == policy.Closed:
				return VerifiedPassword{}, policy.Change{Refused: op.Deny(wrongPassword)}, nil
			case err != nil:
				return VerifiedPassword{}, policy.Change{}, err
			}
			if why.Account, why.Code = id, l.useless(op, a.place()); why.Code == attemptDisabled || why.Code == attemptNoPassword {
				return VerifiedPassword{}, policy.Change{Refused: op.Deny(wrongPassword)}, nil
			}
			if l.credential.Hash != now.Hash {
				return VerifiedPassword{}, policy.Change{}, fmt.Errorf("the password has changed meanwhile: %w", store.ErrConflict)
			}
			return l.verified(tx, op, v, a.place(), renewed)
		})
	if denied := new(policy.Denied); errors.As(err, &denied) && denied.Reason().Code == CodeWrongPassword {
		why.refusal = err
		err = &why
	}
	return out, err
}

// useless is why no password is of use to l now, and else what a wrong one is.
func (l login) useless(op *policy.Op, at password.Place) int {
	_, locked := l.credential.Throttle.Locked(op.Now, at)
	switch {
	case !signsIn(l.Standing):
		return attemptDisabled
	case l.credential.Hash == "":
		return attemptNoPassword
	case locked:
		return attemptLocked
	}
	return attemptWrong
}

// verified judges what came of verifying l's password, and counts it.
func (l login) verified(tx Tx, op *policy.Op, v secret.Verified, at password.Place, renewed secret.Hash) (VerifiedPassword, policy.Change, error) {
	before := l.credential.Throttle
	no, err := l.judge(tx, op, v, at, wrongPassword)
	if err != nil {
		return VerifiedPassword{}, policy.Change{}, err
	}
	if no != nil {
		return VerifiedPassword{}, *no, nil
	}
	out := VerifiedPassword{Account: l.Account, Proof: policy.Proof{Factor: policy.FactorPassword, At: op.Now},
		MustChangePassword: l.MustChangePassword, Closing: l.State == policy.Closing}
	if out.Closing {
		if out.Reopen, err = mayReopen(tx, op, l.Account); err != nil {
			return VerifiedPassword{}, policy.Change{}, err
		}
	}
	after := l.credential.Throttle
	if renewed == "" && before.InARow == after.InARow && before.At(at) == after.At(at) {
		return out, policy.Change{}, nil // as nearly always: nothing to write
	}
	if renewed != "" {
		l.credential.Hash = renewed
	}
	_, err = tx.PutCredential(l.credential)
	return out, policy.Change{}, err
}

// mayReopen decides whether an account that is being closed could be reopened.
func mayReopen(tx Tx, op *policy.Op, id policy.AccountID) (policy.Decision, error) {
	c, err := anyClosed(tx, op, onAccount(id))
	if err != nil {
		return policy.Decision{}, err
	}
	return policy.Judge(tx, op, reopen, c)
}
