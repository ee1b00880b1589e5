package msgraph_test

import (
	"bytes"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// all reads a stream to its end: the records, the refusals, and what broke it.
func all[R any](t testing.TB, stream iter.Seq2[R, error]) (records []R, refusals []*msgraph.Refusal, broken *msgraph.Broken) {
	t.Helper()
	for r, err := range stream {
		require.Nil(t, broken, "nothing comes after what ends a stream")
		var refusal *msgraph.Refusal
		switch {
		case err == nil:
			records = append(records, r)
		case errors.As(err, &refusal):
			refusals = append(refusals, refusal)
		default:
			require.ErrorAs(t, err, &broken)
		}
	}
	return records, refusals, broken
}

// whole reads a stream in which everything is in order.
func whole[R any](t testing.TB, stream iter.Seq2[R, error]) []R {
	t.Helper()
	records, refusals, broken := all(t, stream)
	require.Empty(t, refusals)
	require.Nil(t, broken)
	return records
}

// field gives the member that a refusal names, and the problem.
func field(t testing.TB, err error) (name, problem string) {
	t.Helper()
	var invalid *policy.Invalid
	require.ErrorAs(t, err, &invalid)
	return invalid.Field, invalid.Problem
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

func text(s string) *bytes.Reader { return bytes.NewReader([]byte(s)) }

// sameText compares secrets by what is in them.
var sameText = cmp.Comparer(secret.Text.Equal)
