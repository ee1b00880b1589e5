package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
)

func TestABlockThatCannotBeOpenedKeepsOnlyWhatIsAboutTheAccountItself(t *testing.T) {
	closed := func(code policy.Code, class policy.Class) policy.Decision {
		return policy.Refusal("read", policy.Reason{Code: code, Class: class}, "")
	}
	off, kind, unlicensed := closed(policy.CodeAreaOff, policy.ClassLocked), closed(policy.CodeAccountKind, policy.ClassAccountKind), closed(policy.CodeNotLicensed, policy.ClassNotLicensed)
	facts := []policy.Fact{{Name: "kind", Value: "work"}}
	hint, alarm := policy.Notice{Code: "hint", Urgency: policy.Hint}, policy.Notice{Code: "alarm", Urgency: policy.Alarm}
	always := policy.Notice{Code: "always", Urgency: policy.Warning, Always: true}
	given := []policy.Block{
		{Room: "off", Open: off, Facts: facts, Notices: []policy.Notice{alarm}},
		{Room: "off and always", Open: off, Facts: facts, Notices: []policy.Notice{alarm, always}},
		{Room: "kind and always", Open: kind, Notices: []policy.Notice{always, hint}},
		{Room: "kind", Open: kind, Facts: facts},
		{Room: "unlicensed", Open: unlicensed, Facts: facts, Notices: []policy.Notice{alarm}},
		{Room: "open", Open: policy.Decision{Allowed: true}, Facts: facts, Notices: []policy.Notice{hint, alarm, always}},
		{Room: "calm", Open: policy.Decision{Allowed: true}},
	}
	require.Equal(t, []policy.Block{
		{Room: "open", Open: policy.Decision{Allowed: true}, Facts: facts, Notices: []policy.Notice{alarm, always, hint}},
		{Room: "off and always", Open: off, Notices: []policy.Notice{always}},
		{Room: "kind and always", Open: kind, Notices: []policy.Notice{always}},
		{Room: "unlicensed", Open: unlicensed, Notices: []policy.Notice{}},
		{Room: "calm", Open: policy.Decision{Allowed: true}},
	}, policy.Arrange(given))
	require.Equal(t, []policy.Notice{alarm, always}, given[1].Notices, "what was given is the caller's")
}
