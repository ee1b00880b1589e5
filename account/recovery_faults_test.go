package account_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

func TestTheCodeThatIsGivenIsTheOneThatIsKeptEvenIfTheStoreRunsTwice(t *testing.T) {
	s := newStage(t).enter(t, &faulty{faults: faults{Again: true}})
	r, err := s.room.Host.Recover(t.Context(), s.Host, "per", s.recovery)
	require.NoError(t, err)
	require.True(t, s.opens(t, r.Code))
	require.False(t, s.opens(t, r.Code), "it is spent")
	made, err := s.room.Service.NewRecoveryCode(t.Context(), s.per)
	require.NoError(t, err)
	require.False(t, s.opens(t, s.recovery))
	require.True(t, s.opens(t, made))
}

// opens tells whether a code is Per's.
func (s *stage) opens(t *testing.T, code secret.Text) bool {
	t.Helper()
	_, err := s.room.Host.Recover(t.Context(), s.Host, "per", code)
	require.Contains(t, []policy.Code{"", account.CodeWrongRecoveryCode}, codeOf(err))
	return err == nil
}
