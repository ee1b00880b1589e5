package password_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/secret"
)

// BenchmarkCheck stands beside the hash that follows on it: judging a password is to be next to nothing of that.
func BenchmarkCheck(b *testing.B) {
	who := password.Context{UserNames: []string{"ada"}, DisplayName: "Ada Lovelace", Emails: []string{"ada@contoso.com"},
		Organizations: []string{"Contoso Ltd"}, Product: "Tailspin"}
	r := banned(b, "tailspin", "fabrikam", "northwind")
	for name, candidate := range map[string]string{
		"12": "Summer2024!x", "28": "correct horse battery staple", "256": unlike(256, "mkxvqzjhwr7"),
		"256-of-one": strings.Repeat("a", 256), "256-decomposed": strings.Repeat("e\u0301u\u0308", 128),
	} {
		text := secret.NewText(candidate)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = r.Check(text, who) // the judgement is not what is measured
			}
		})
	}
	b.Run("bare Argon2id", func(b *testing.B) {
		h, err := secret.NewHasher(secret.DefaultParams, 0)
		require.NoError(b, err)
		for b.Loop() {
			_, err := h.Hash(ctx, secret.NewText("correct horse battery staple"))
			require.NoError(b, err)
		}
	})
}
