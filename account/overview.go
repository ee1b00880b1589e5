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
	if b.Open, err = policy.Judge(tx, op, readProfile, p); err != nil || !b.Open.Allowed {
		return b, err
	}
	b.Facts = []policy.Fact{{Name: "kind", Value: p.Kind.String()}}
	for _, name := range []Attribute{DisplayName, Title, Photo} {
		a := known(name)
		if value := *a.text(&p.profile); value != "" && p.schema.rule(a).open(p.Kind) != policy.Off {
			b.Facts = append(b.Facts, policy.Fact{Name: string(name), Value: value})
		}
	}
	notice := func(code policy.Code, u policy.Urgency, text string) {
		b.Notices = append(b.Notices, policy.Notice{Code: code, Urgency: u, Text: text, Target: onAccount(p.Account)})
	}
	if p.Risk >= policy.LowRisk && p.Risk <= policy.HighRisk {
		notice(NoticeAtRisk, policy.Alarm, "Somebody else may have got hold of your account. Change your password.")
	}
	if p.MustChangePassword {
		notice(NoticeMustChangePassword, policy.Alarm, "You have to set a new password.")
	}
	if p.Restricted(op.Now) {
		notice(NoticeRestricted, policy.Warning, "All of your security info was replaced. Until "+p.RestrictedUntil.Format(time.DateOnly)+" some things cannot be changed.")
	}
	lacking, err := p.lacksRecoveryCode(tx, op)
	if lacking {
		b.Notices = append(b.Notices, policy.Notice{Code: NoticeNoRecoveryCode, Urgency: policy.Hint, Action: NewRecoveryCode,
			Text: "You have no recovery code. With one you get back in if you lose everything else."})
	}
	return b, err
}

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
	return d.Allowed || d.Reason().Class == policy.ClassProof, err
}
