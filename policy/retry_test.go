package policy_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// conflicted runs each Update's function twice, as a store does after a conflict: what the first run wrote is
// gone, and between is what the other writer did.
type conflicted struct {
	store.Store[notesTx]
	between func()
}

var errConflict = errors.New("somebody else was first")

func (c conflicted) Update(ctx context.Context, fn func(notesTx) error) error {
	err := c.Store.Update(ctx, func(tx notesTx) error { return errors.Join(fn(tx), errConflict) })
	if !errors.Is(err, errConflict) {
		return err
	}
	if c.between != nil {
		c.between()
	}
	return c.Store.Update(ctx, fn)
}

func TestAFailureOfARunThatTheStoreGaveUpIsForgotten(t *testing.T) {
	h := newHouse(t)
	runs := 0
	got, err := policy.Do(ctx, h.guard, conflicted{Store: h.notes}, h.ada, editing(), onNote("n1"), "",
		func(tx notesTx, op *policy.Op, n note) (string, policy.Change, error) {
			if runs++; runs == 1 {
				return "", policy.Change{Failed: &policy.Denied{Decision: policy.Refusal(
					editNote, *policy.Forbidden(codeDone, policy.NoRemedy, "Done."), "")}}, nil
			}
			return "second", policy.Change{Subject: n.Owner}, nil
		})
	require.NoError(t, err, "the run that was committed did not fail")
	require.Equal(t, "second", got)
	require.Equal(t, 2, runs)
}

func TestALimitIsReadAgainWhenTheStoreRunsTheOperationAgain(t *testing.T) {
	h := newHouse(t)
	sp := editing(func(sp *noteSpec) { sp.Limit = policy.Limit{Times: perHour, Per: time.Hour} })
	require.NoError(t, h.edit(h.ada, sp, "n1", "one", ""))
	var once sync.Once // the record of the refusal meets a conflict too
	between := func() {
		once.Do(func() { require.NoError(t, h.edit(h.ada, sp, "n1", "two, by another request", "")) })
	}

	_, err := policy.Do(ctx, h.guard, conflicted{h.notes, between}, h.ada, sp, onNote("n1"), "", write("three"))

	refused(t, err, policy.CodeThrottled, "the limit of two was reached in between")
	require.Equal(t, "two, by another request", h.text("n1"))
}
