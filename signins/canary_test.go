package signins_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

// traces are the forms in which a token, its secret and the secret's digests could be found.
func traces(t *testing.T, w *accounttest.World, token secret.Text) (secrets, digests []string) {
	t.Helper()
	encoded := strings.TrimPrefix(token.Reveal(), "mast_")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	require.NoError(t, err)
	const length = 43 // of 256 bits in base64, at the token's end
	inner := string(raw[len(raw)-length:])
	bits, err := base64.RawURLEncoding.DecodeString(inner)
	require.NoError(t, err)
	all, err := w.Ring.Digests("session", secret.NewText(inner))
	require.NoError(t, err)
	for _, d := range all {
		digests = append(digests, hex.EncodeToString(d[:]), base64.StdEncoding.EncodeToString(d[:]), string(d[:]), fmt.Sprint([32]byte(d)))
	}
	return []string{encoded, inner, string(raw), string(bits), hex.EncodeToString(bits), fmt.Sprintf("%d", bits),
		encoded[len(encoded)-40:], hex.EncodeToString([]byte(inner))}, digests
}

func TestNoTokenLeavesATraceAnywhere(t *testing.T) {
	w := accounttest.New(t)
	host, service, admin := w.App.Host.SignIns, w.App.SignIns, w.App.Admin.SignIns
	ada, root := w.Person("ada", policy.Work), w.Admin("root", policy.HelpdeskAdministrator)
	w.Person("zoe", policy.Work)
	left := testkit.NewSpoor()
	left.Hex = true
	var tokens []secret.Text
	got := func(s signins.Started, err error) signins.Started {
		t.Helper()
		require.NoError(t, err)
		tokens = append(tokens, s.Token)
		left.Leave(t, s, &s, s.Token, []signins.Started{s}, map[string]signins.Started{"s": s})
		return s
	}
	start := func(a policy.Actor) signins.Started {
		return got(host.Start(t.Context(), w.Host, signins.NewSession{Account: a.Account, Proofs: a.Proofs, Place: accounttest.Berlin}))
	}
	use := func(s signins.Started) {
		a, err := host.Actor(t.Context(), s.Token)
		left.Leave(t, a, err)
		list, err := service.Sessions(t.Context(), s.Actor, store.Page{})
		left.Leave(t, list, err)
		list, err = admin.Sessions(t.Context(), root, "ada", store.Page{})
		left.Leave(t, list, err)
		for _, action := range []policy.Action{signins.EndSession, signins.EndOtherSessions, signins.SignOutEverywhere, "nothing"} {
			d, err := service.Can(t.Context(), s.Actor, action, string(s.Actor.Session))
			left.Leave(t, d, err)
		}
		left.Leave(t, host.Touch(t.Context(), s.Actor))
	}

	// Tokens are given out, used and replaced.
	first, second, third := start(ada), start(ada), start(ada)
	use(first)
	next := got(host.AddProof(t.Context(), w.Host, first.Token, otp(w)))
	use(next)

	// They are refused: dead, of another tenant, mangled, in a host's input where none belongs.
	use(first)
	_, err := host.AddProof(t.Context(), w.Host, first.Token, otp(w))
	left.Leave(t, err)
	w.Tenant(elsewhere)
	_, err = host.AddProof(t.Context(), policy.Host("idp", elsewhere), next.Token, otp(w))
	left.Leave(t, err)
	_, err = host.AddProof(t.Context(), w.Host, next.Token, policy.Proof{})
	left.Leave(t, err)
	for _, text := range []string{next.Token.Reveal() + "A", next.Token.Reveal()[5:], "mast_" + next.Token.Reveal(), strings.ToUpper(next.Token.Reveal())} {
		_, err := host.Actor(t.Context(), secret.NewText(text))
		left.Leave(t, err)
	}

	// They are ended, by their owner, by an administrator, all at once, and purged.
	left.Leave(t, service.End(t.Context(), next.Actor, second.Actor.Session), admin.End(t.Context(), root, "ada", third.Actor.Session))
	left.Leave(t, service.EndOthers(t.Context(), next.Actor))
	preview, yes, err := service.AskSignOutEverywhere(t.Context(), next.Actor)
	left.Leave(t, preview, yes, err)
	_, err = service.SignOutEverywhere(t.Context(), next.Actor, "no such Yes", true)
	left.Leave(t, err)
	kept := got(service.SignOutEverywhere(t.Context(), next.Actor, yes, true))
	use(next)
	use(kept)
	w.Clock.Advance(31 * day)
	n, err := host.PurgeSessions(t.Context(), w.Host)
	require.Equal(t, 3, n, "%v", err)
	last := start(w.SignIn(ada))
	left.Leave(t, admin.SignOut(t.Context(), root, "ada"), w.Events(accounttest.Tenant), w.App.SignIns, w.App.Host, w.App.Admin, *w.App)
	require.Len(t, tokens, 6)

	text, rest := left.String(), saved(t, w.DB)
	require.Contains(t, text, "Berlin, DE")
	_, digests := traces(t, w, last.Token)
	require.Contains(t, rest, digests[0], "a digest is what rests, so what is looked for could be found")
	for i, token := range tokens {
		secrets, digests := traces(t, w, token)
		for _, form := range append(secrets, digests...) {
			require.False(t, strings.Contains(text, form), "%d left a trace", i)
		}
		for _, form := range secrets {
			require.False(t, strings.Contains(rest, form), "%d rests in the store", i)
		}
	}
}
