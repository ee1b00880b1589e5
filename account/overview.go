package account

import (
	"context"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
)

// Part makes one room's block of an overview, in the overview's own transaction.
type Part func(tx Tx, op *policy.Op) (policy.Block, error)

// Codes of the notices in this room's block.
const (
	NoticeAtRisk             policy.Code = "account-at-risk"
	NoticeMustChangePassword policy.Code = "must-change-password"
	NoticeRestricted         policy.Code = "account-restricted"
	NoticeNoRecoveryCode     policy.Code = "no-recovery-code"
)

// Overview gives this room's block and those of other parts on one snapshot, as [policy.Arrange] puts them in order.
// myaccount.Account.Overview gives it the rooms that there are.
func (s *Service) Overview(ctx context.Context, actor policy.Actor, others ...Part) ([]policy.Block, error) {
	return policy.Look(ctx, s.guard, s.store, actor, readOverview, policy.Target{},
		func(tx Tx, op *policy.Op, p person) ([]policy.Block, error) {
			own, err := p.block(tx, op)
			if err != nil {
				return nil, err
			}
			blocks := []policy.Block{own}
			for _, part := range others {
				b, err := part(tx, op)
				if err != nil {
					return nil, err
				}
				blocks = append(blocks, b)
			}
			return policy.Arrange(blocks), nil
		})
}

// block is this room's part of the overview.
func (p person) block(tx Tx, op *policy.Op) (b policy.Block, err error) {
	b.Room, b.Title = "account", "Your account"
	if b.Open, err = policy.Judge(tx, op, readProfile, p); err != nil {
		return b, err
	}
	// Before anything that an administrator may have switched off: what threatens the account is told whatever its profile
	// shows.
	if b.Notices, err = p.alarms(tx, op); err != nil || !b.Open.Allowed {
		return b, err
	}
	b.Facts = []policy.Fact{{Name: "kind", Value: p.Kind.String()}}
	for _, name := range []Attribute{DisplayName, Title, Photo} {
		a := known(name)
		if value := *a.text(&p.profile); value != "" && p.schema.rule(a).open(p.Kind) != policy.Off {
			b.Facts = append(b.Facts, policy.Fact{Name: string(name), Value: value})
		}
	}
	lacking, err := p.lacksRecoveryCode(tx, op)
	if lacking {
		b.Notices = append(b.Notices, policy.Notice{Code: NoticeNoRecoveryCode, Urgency: policy.Hint, Action: NewRecoveryCode,
			Text: "You have no recovery code. With one you get back in if you lose everything else."})
	}
	return b, err
}

// alarms are what the person should know of the state of their account.
func (p person) alarms(tx Tx, op *policy.Op) (all []policy.Notice, err error) {
	notice := func(code policy.Code, u policy.Urgency, text string, helps policy.Action) {
		all = append(all, policy.Notice{Code: code, Urgency: u, Text: text, Action: helps, Target: onAccount(p.Account), Always: true})
	}
	atRisk := p.Risk >= policy.LowRisk && p.Risk <= policy.HighRisk
	if atRisk || p.MustChangePassword {
		helps, how, err := p.newPassword(tx, op)
		if err != nil {
			return nil, err
		}
		if atRisk {
			notice(NoticeAtRisk, policy.Alarm, "Somebody else may have got hold of your account. "+how, helps)
		}
		if p.MustChangePassword {
			notice(NoticeMustChangePassword, policy.Alarm, "You have to set a new password. "+how, helps)
		}
	}
	if p.Restricted(op.Now) {
		notice(NoticeRestricted, policy.Warning, "All of your security info was replaced. Until "+p.RestrictedUntil.Format(time.DateOnly)+" some things cannot be changed.", "")
	}
	return all, nil
}

// newPassword tells how the person gets a new password: by which action here, or else in words alone.
func (p person) newPassword(tx Tx, op *policy.Op) (policy.Action, string, error) {
	kept, err := credentialOf(tx, op, p.Account)
	if err != nil {
		return "", "", err
	}
	l := login{p, kept}
	change, err := policy.Judge(tx, op, changePassword, l)
	if err != nil {
		return "", "", err
	}
	switch code := change.Reason().Code; {
	case open(change):
		return ChangePassword, "Change your password.", nil
	case code == CodeNoPassword && p.Kind == policy.Guest:
		return "", "Change your password at your own organization, where you sign in with it.", nil
	case code == CodePasswordless:
		return "", "It has no password: look at your sessions, and sign out everywhere.", nil
	case code != CodeNoPassword:
		return "", "Your password cannot be changed here now. " + change.Message(), nil
	}
	first, err := policy.Judge(tx, op, setFirstPassword, l)
	if open(first) {
		return SetFirstPassword, "Set a password.", err
	}
	return "", "A password cannot be set here now. " + first.Message(), err
}

// open reports whether something can be done, if the person only proves who they are.
func open(d policy.Decision) bool { return d.Allowed || d.Reason().Class == policy.ClassProof }

// lacksRecoveryCode reports whether the person has no recovery code and can make one, if they only prove who they are.
func (p person) lacksRecoveryCode(tx Tx, op *policy.Op) (bool, error) {
	if p.Kind != policy.Personal {
		return false, nil
	}
	r, err := withCode(tx, op, p.Standing)
	if err != nil || r.code.exists() {
		return false, err
	}
	d, err := policy.Judge(tx, op, newRecoveryCode, r)
	return open(d), err
}
