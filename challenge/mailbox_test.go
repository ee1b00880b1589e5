package challenge_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/accounttest"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/secret"
)

func TestAMailboxKeepsWhatItWasGivenInOrder(t *testing.T) {
	var m accounttest.Mailbox
	_, ok := m.Last("a")
	require.False(t, ok)
	for i, to := range []string{"a", "b", "a"} {
		require.NoError(t, m.Send(ctx, challenge.Message{To: to, Code: secret.NewText(fmt.Sprint(i))}))
	}
	last, ok := m.Last("a")
	require.True(t, ok)
	require.Equal(t, "2", last.Code.Reveal())
	all := m.All()
	require.Len(t, all, 3)
	all[0].To = "edited"
	require.Equal(t, "a", m.All()[0].To)

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, m.Send(cancelled, challenge.Message{To: "a"}), context.Canceled)
	m.Fail(errStruck)
	require.ErrorIs(t, m.Send(ctx, challenge.Message{To: "a"}), errStruck)
	m.Fail(nil)
	together(64, func(int) {
		if err := m.Send(ctx, challenge.Message{To: "c"}); err != nil {
			t.Error(err)
		}
	})
	require.Len(t, m.All(), 3+64)
}
