package account_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/internal/testkit"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// Canaries: passwords that were given, right and wrong, acceptable and not, and the hashes of those that were kept.
var canaries = []string{
	"canary heron lantern gravel", "canary violet tractor sandal", "canary marble otter spool", // set, one after the other
	"canary wrong at sign-in", "canary wrong at a change", "canary é\u0301\u0000 control", "canary per", // wrong, malformed, short
}

// spellings are the forms in which a password could be found.
func spellings(s string) []string {
	b := []byte(s)
	quoted, _ := json.Marshal(s) // text cannot fail
	return []string{s, hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
		fmt.Sprintf("%d", b), strings.Trim(string(quoted), `"`), strings.Trim(fmt.Sprintf("%q", s), `"`), strings.ReplaceAll(s, " ", "%20"), strings.ReplaceAll(s, " ", "+")}
}

func TestNoPasswordLeavesATraceAnywhereAndNoHashButInItsRow(t *testing.T) {
	k := people(t)
	k.Person("nil", policy.Personal)
	left, hashes := testkit.NewSpoor(), map[string]bool{}
	left.Hex = true
	text := secret.NewText
	service, host, admin := k.App.Account, k.App.Host.Account, k.App.Admin.Account
	note := func() { // what rests after a step
		for h := range strings.SplitSeq(saved(t, k.DB), `"`) {
			if strings.HasPrefix(h, "$argon2id$") {
				hashes[h] = true
			}
		}
	}
	use := func(err error) {
		t.Helper()
		note()
		left.Leave(t, err)
		view, err := service.Profile(t.Context(), k.per)
		left.Leave(t, view, err)
		blocks, err := k.App.Overview(t.Context(), k.per)
		left.Leave(t, blocks, err)
		profile, err := admin.Profile(t.Context(), k.Host, "per")
		left.Leave(t, profile, err)
		for _, action := range []policy.Action{account.ChangePassword, account.SetFirstPassword, account.ReadProfile, "nothing"} {
			d, err := service.Can(t.Context(), k.per, action, "")
			left.Leave(t, d, err)
		}
	}
	verify := func(id policy.AccountID, given string) {
		a := account.PasswordAttempt{Account: id, Password: text(given)}
		v, err := host.VerifyPassword(t.Context(), k.Host, a)
		left.Leave(t, a, v, err)
		use(err)
	}
	change := func(current, fresh string) {
		c := account.PasswordChange{Current: text(current), New: text(fresh)}
		err := service.ChangePassword(t.Context(), k.per, c)
		left.Leave(t, c)
		use(err)
	}

	use(service.SetFirstPassword(t.Context(), k.per, text(canaries[0])))
	use(service.SetFirstPassword(t.Context(), k.per, text(canaries[1])))
	k.per = k.SignIn(k.per)
	change(canaries[0], canaries[1])
	k.per = k.SignIn(k.per)
	for _, c := range canaries[3:] {
		change(c, canaries[2])
		change(canaries[1], c)
		verify("per", c)
		verify("nobody", c)
		verify("nil", c)
		use(host.SetPassword(t.Context(), k.Host, "per", text(c[:10])))
		use(host.ImportHash(t.Context(), k.Host, "per", secret.Hash(c)))
	}
	verify("per", canaries[1])
	use(host.SetPassword(t.Context(), k.Host, "per", text(canaries[2])))
	k.per = k.SignIn(k.per)
	verify("per", canaries[2])
	for h := range hashes { // one that came from elsewhere is known to whoever sent it, and told to nobody
		use(host.ImportHash(t.Context(), k.Host, "per", secret.Hash(h)))
		broken := secret.Hash(h[:len(h)-6] + "!")
		err := host.ImportHash(t.Context(), k.Host, "per", broken)
		require.ErrorAs(t, err, new(*policy.Invalid))
		use(err)
	}
	s := &faulty{faults: faults{Strike: testkit.At(9, errors.New("canary of a store"))}}
	use(over(t, k.World, spoiled(k.DB.Account(), s)).Service.ChangePassword(t.Context(), k.SignIn(k.per), account.PasswordChange{Current: text(canaries[2]), New: text(canaries[1])}))
	c := credential(t, k.DB, "per")
	left.Leave(t, k.Events(accounttest.Tenant), service, host, admin, *k.App)
	for _, format := range []string{"%v", "%+v", "%s", "%q"} {
		fmt.Fprintf(&left.Buffer, format, c)
		fmt.Fprintf(&left.Buffer, format, &c)
	}

	out, rest := left.String(), saved(t, k.DB)
	require.GreaterOrEqual(t, len(hashes), 3)
	require.Contains(t, out, "canary of a store", "what is looked for could be found")
	require.Equal(t, 1, strings.Count(rest, "$argon2id$"), "one account has a password, and its hash stands in its row alone")
	require.Regexp(t, regexp.MustCompile(`"table":"credentials","row":\{"tenant":"contoso","account":"per","hash":"\$argon2id\$`), rest)
	for i, canary := range canaries {
		for _, form := range spellings(canary) {
			require.False(t, strings.Contains(out, form), "canary %d left a trace as %q", i, form)
			require.False(t, strings.Contains(rest, form), "canary %d rests in the store as %q", i, form)
		}
	}
	for h := range hashes {
		sum := h[strings.LastIndexByte(h, '$')+1:]
		require.False(t, strings.Contains(out, sum), "a hash left a trace")
	}
}
