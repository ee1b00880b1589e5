package signins

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Session is a session as people see it: without its token's digest, and with what may be done to it.
type Session struct {
	ID policy.SessionID `json:"id"`
	// Current says that the request came with this session.
	Current bool            `json:"current"`
	Device  policy.DeviceID `json:"device,omitempty"`
	Address netip.Addr      `json:"address,omitzero"`
	Client  policy.Client   `json:"client,omitzero"`
	Place   string          `json:"place,omitempty"`
	Level   policy.Level    `json:"level"`

	// StartedAt is when the person signed in; a proof that is added later does not move it.
	StartedAt time.Time `json:"startedAt,omitzero"`
	// SeenAt is when the session was last in use, true to a tenth of its idle limit ([Host.Touch]).
	SeenAt time.Time `json:"seenAt,omitzero"`
	// ExpiresAt is when the session ends by itself if it is not used.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`

	End policy.Decision `json:"end"`
}

// NewSession is what the host tells about somebody whom it has authenticated.
type NewSession struct {
	Account policy.AccountID
	// Proofs are the factors that were verified, and when; at least one that reaches a level.
	Proofs []policy.Proof
	// Device is the registered device that the person is on; empty if it is none.
	Device  policy.DeviceID
	Address netip.Addr
	Client  policy.Client
	Place   Place // approximate; of it the session keeps the String

	// Replaces is the token of the session that the person's browser has so far, if any, whoever signed in there: it ends in
	// the commit that starts the new one (OWASP ASVS 7.2.4), so that it stays if nothing comes of this. A token that counts no
	// longer, never did, or is another tenant's ends nothing.
	Replaces secret.Text
	// Attempt is the successful attempt to sign in that the session comes of, to be recorded in the same commit; nil if the
	// host records it by [Host.Record]. Account and Session of it are the session's own.
	Attempt *Record
}

// MaxText is the longest name of an application, browser, system or place in code points.
const MaxText = 256

// maxProofs bounds the proofs of a session: one for each factor is enough.
const maxProofs = 16

func (n *NewSession) check() error {
	if err := policy.CheckID("account", n.Account); err != nil {
		return err
	}
	if n.Device != "" {
		if err := policy.CheckID("device", n.Device); err != nil {
			return err
		}
	}
	if len(n.Proofs) == 0 || len(n.Proofs) > maxProofs {
		return &policy.Invalid{Field: "proofs", Problem: fmt.Sprintf("want 1 to %d: whoever is signed in has proven something", maxProofs)}
	}
	for _, p := range n.Proofs {
		if err := policy.CheckProof("proofs", p); err != nil {
			return err
		}
	}
	n.Address = n.Address.WithZone("") // a zone is free text, and says nothing to anybody else
	for _, t := range []struct{ field, value string }{
		{"client.application", n.Client.Application}, {"client.browser", n.Client.Browser},
		{"client.system", n.Client.System}, {"place", n.Place.String()},
	} {
		if err := policy.CheckText(t.field, t.value, MaxText); err != nil {
			return err
		}
	}
	if err := n.Place.Check(); err != nil || n.Attempt == nil {
		return err
	}
	r := *n.Attempt // the caller's own stays as it is
	r.Account, r.Session, n.Attempt = n.Account, "", &r
	if r.Code != 0 {
		return &policy.Invalid{Field: "attempt", Problem: "did not succeed; record it without a session"}
	}
	return r.check()
}

// Started is a session that was started or whose token was replaced.
type Started struct {
	// Token is what the session is resumed with. It is kept nowhere else: give it to the person's browser or
	// device and forget it.
	Token secret.Text
	// Actor is who acts in the session. The host adds an administrator's roles.
	Actor policy.Actor
	// ExpiresAt is when the session ends if it is not used. Using it moves that, so a cookie should not carry it.
	ExpiresAt time.Time
	// MustChangePassword says that the person has to set a new password before anything else: whatever they would change is
	// refused until then with [policy.CodeMustChangePassword]. See [policy.HostDoor.PasswordChanged] for who keeps passwords.
	MustChangePassword bool
}

// actorOf is the actor of a session's requests.
func actorOf(s policy.Session) policy.Actor {
	return policy.Actor{Tenant: s.Tenant, Account: s.Account, Session: s.ID, SignedInAt: s.AuthenticatedAt,
		Device: s.Device, Address: s.Address, Proofs: s.Proofs}
}

// issue makes a session's token: outside the transaction, since randomness must not be drawn again when one
// runs again.
func (r *room) issue() (secret.Text, secret.Digest, error) {
	text, err := secret.NewToken(nil)
	if err != nil {
		return secret.Text{}, secret.Digest{}, err
	}
	digests, err := r.keys.Digests(purpose, text)
	if err != nil {
		return secret.Text{}, secret.Digest{}, err
	}
	if len(digests) == 0 {
		return secret.Text{}, secret.Digest{}, errors.New("signins: the vault gave no digest")
	}
	return text, digests[0], nil
}

func started(s policy.Session, st policy.Standing, secretText secret.Text, tenant policy.Settings) Started {
	return Started{Token: token{s.Tenant, s.Account, s.ID, secretText}.text(), Actor: actorOf(s.Clone()), ExpiresAt: s.ExpiresAt(tenant),
		MustChangePassword: st.MustChangePassword}
}

// prove adds a proof to a session, in the place of an older one of the same factor; one that is older itself, or from a
// clock that is ahead, takes the place of none. The level follows the
// proofs, and the overall limit begins anew when they reach it in full again: one factor alone does not prolong
// a session of two. A proof that raises the level completes what the session has shown, and counts from itself.
func prove(s *policy.Session, p policy.Proof, now time.Time) {
	same := func(old policy.Proof) bool { return old.Factor == p.Factor }
	ahead := func(p policy.Proof) bool { return p.At.After(now.Add(policy.ClockSkew)) }
	if i := slices.IndexFunc(s.Proofs, same); i >= 0 && !ahead(s.Proofs[i]) && (p.At.Before(s.Proofs[i].At) || ahead(p)) {
		p = s.Proofs[i]
	}
	s.Proofs = append(slices.DeleteFunc(slices.Clone(s.Proofs), same), p)
	level, news := reached(s.Proofs, now), s.Proofs
	if level > s.Level {
		news = []policy.Proof{p}
	}
	if at := provenAt(news, level, now); at.After(s.AuthenticatedAt) {
		s.AuthenticatedAt = at
	}
	s.Level, s.SeenAt = level, now
}

// provenAt is when proofs reached a level in full: the newest time such that those from then on reach it, and never
// after now. Of proofs that do not reach it, it is the oldest.
func provenAt(proofs []policy.Proof, level policy.Level, now time.Time) time.Time {
	newest := slices.SortedFunc(slices.Values(proofs), func(a, b policy.Proof) int { return b.At.Compare(a.At) })
	n := 1
	for n < len(newest) && reached(newest[:n], now) < level {
		n++
	}
	if at := newest[n-1].At; at.Before(now) {
		return at
	}
	return now
}

// provable refuses a session whose proofs are so old that it would have run out at once.
func provable(op *policy.Op, s policy.Session) error {
	if op.Now.Before(s.Reckoned(op.Settings).EndsAt) {
		return nil
	}
	return op.Refuse(provenLongAgo)
}

// provenNow refuses proofs from before the person was last signed out everywhere, or all their other sessions ended: a
// sign-in that was half done then, or a step-up. A clock that was set back locks nobody out; one that differs a little lets
// nothing in from before.
func provenNow(op *policy.Op, st policy.Standing, proofs ...policy.Proof) error {
	old := func(p policy.Proof) bool { return p.At.Before(st.SessionsValidFrom) }
	if op.Now.After(st.SessionsValidFrom.Add(-policy.ClockSkew)) && slices.ContainsFunc(proofs, old) {
		return op.Refuse(provenBefore)
	}
	return nil
}

// reached is the level that binds a session with such proofs. Those count too that lie in the future, as for a
// clock that was set back: they will prove that level in the session's time, under limits that are not theirs.
func reached(proofs []policy.Proof, now time.Time) policy.Level {
	for _, p := range proofs {
		if p.At.After(now) {
			now = p.At
		}
	}
	return policy.Assurance(proofs, now, 0)
}

// maxRetired is how many sessions that ran out by themselves one start retires, and how many rows it looks at
// where there is no limit to count for.
const maxRetired = 100

// maxRoomMade is how many sessions one start ends to make room.
const maxRoomMade = 100

// makeRoom ends sessions until one more is allowed: those not seen for the longest, and no more than [maxRoomMade]. Where
// there are more, as after a limit was lowered, the following starts end the rest. Of what it meets it retires what ran
// out by itself, so that no later start and no list reads it again: under a limit that stays, an account has never many
// more open rows than that.
func makeRoom(tx Tx, op *policy.Op, st policy.Standing) ([]policy.Change, error) {
	limit := op.Settings.Value(MaxSessions)
	open, err := openOf(tx, op, st, limit)
	if err != nil {
		return nil, err
	}
	if err := retire(tx, op, st, open); err != nil || limit == policy.Unlimited {
		return nil, err
	}
	alive := slices.DeleteFunc(open, func(s policy.Session) bool { return runOut(op, st, s) })
	if len(alive) < limit {
		return nil, nil
	}
	slices.SortFunc(alive, func(a, b policy.Session) int {
		return cmp.Or(a.SeenAt.Compare(b.SeenAt), cmp.Compare(a.ID, b.ID))
	})
	alive = alive[:min(len(alive)-limit+1, maxRoomMade)]
	var ch policy.Change
	for _, s := range alive {
		if ch, err = endNow(tx, op, s); err != nil {
			return nil, err
		}
	}
	ch.Facts = []policy.Fact{{Name: "because", Value: "too many sessions"}}
	if len(alive) > 1 { // one event for them all
		ch.Target, ch.Revision = onAccount(st.Account), 0
		ch.Facts = append(ch.Facts, policy.Fact{Name: "ended", Value: strconv.Itoa(len(alive))})
	}
	return []policy.Change{ch}, nil
}

// endNow ends one session, whatever the operation is about.
func endNow(tx Tx, op *policy.Op, s policy.Session) (policy.Change, error) {
	s.EndedAt = op.Now
	rev, err := tx.PutSession(s)
	return policy.Change{Subject: s.Account, Target: onSession(s.Account, s.ID), Activity: endedSession, Revision: rev}, err
}

// openOf reads an account's open sessions: all of them for a limit, else the newest.
func openOf(tx Tx, op *policy.Op, st policy.Standing, limit int) (open []policy.Session, err error) {
	fetch := sessionsOf(tx, op, st)
	if limit == policy.Unlimited {
		list, err := fetch(store.Page{Size: maxRetired})
		return list.Items, err
	}
	err = store.Each(fetch, func(s policy.Session) error {
		open = append(open, s)
		return nil
	})
	return open, err
}

// retire notes of sessions that ran out by themselves when that was. Nothing happens to them, so there is no event.
// One that merely is not alive by a clock that was set back has not run out.
func retire(tx Tx, op *policy.Op, st policy.Standing, open []policy.Session) error {
	left := maxRetired
	for _, s := range open {
		if !runOut(op, st, s) {
			continue
		}
		if s.EndedAt = op.Now; s.ExpiresAt(op.Settings).Before(op.Now) {
			s.EndedAt = s.ExpiresAt(op.Settings)
		}
		if _, err := tx.PutSession(s); err != nil {
			return err
		}
		if left--; left == 0 {
			break
		}
	}
	return nil
}

// runOut reports whether a session will never be alive again: it is over, or its time is
// by the limits as they are. One from a clock that was ahead
// may be alive again; it is shown, and can be ended.
func runOut(op *policy.Op, st policy.Standing, s policy.Session) bool {
	return s.OverUnder(st) || !op.Now.Before(s.ExpiresAt(op.Settings))
}

// sessionsOf reads page by page those of an account's sessions that may be alive.
func sessionsOf(tx Tx, op *policy.Op, st policy.Standing) func(store.Page) (store.List[policy.Session], error) {
	return func(p store.Page) (store.List[policy.Session], error) {
		list, err := tx.SessionsOf(op.Actor.Tenant, st.Account, st.SessionsValidFrom, p)
		for i := range list.Items {
			if s := &list.Items[i]; s.Tenant != op.Actor.Tenant || s.Account != st.Account {
				return store.List[policy.Session]{}, errors.New("the store gave a session that is somebody else's")
			}
		}
		return list, err
	}
}

func onAccount(id policy.AccountID) policy.Target { return policy.On("account", id) }

func onSession(account policy.AccountID, id policy.SessionID) policy.Target {
	return policy.Target{Kind: "session", ID: string(id), Of: account}
}
