package password_test

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/secret"
)

var ctx = context.Background()

// withFactor is where the shorter passwords are enough.
var withFactor = password.Context{SecondFactor: true}

// banned are rules with an organization's words.
func banned(t require.TestingT, terms ...string) password.Rules {
	l, err := password.NewBlockList(terms...)
	require.NoError(t, err)
	return password.Rules{Banned: l}
}

// problems is what Check finds, and nothing if it finds nothing.
func problems(t require.TestingT, r password.Rules, candidate string, c password.Context) []password.Problem {
	err := r.Check(secret.NewText(candidate), c)
	if err == nil {
		return nil
	}
	var refused *password.Unacceptable
	require.ErrorAs(t, err, &refused)
	require.NotEmpty(t, refused.Problems)
	return refused.Problems
}

// codes is what Check finds, by code.
func codes(t require.TestingT, r password.Rules, candidate string, c password.Context) []password.Code {
	var found []password.Code
	for _, p := range problems(t, r, candidate, c) {
		found = append(found, p.Code)
	}
	return found
}

// points is the score of a password.
func points(r password.Rules, candidate string) int { return r.Points(secret.NewText(candidate)) }
