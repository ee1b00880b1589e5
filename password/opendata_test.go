package password_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/internal/opendata"
	"github.com/seed4b20689c/myaccount/password"
)

func TestMostOfThePasswordsThatAreTriedFirstAreRefusedByWhatTheyAreMadeOf(t *testing.T) {
	dir, there := opendata.Dir()
	if !there {
		t.Log("no folder of published inputs: the shipped list is judged by its own words alone")
		return
	}
	file, err := os.Open(filepath.Join(dir, "passwords", "common-passwords.tsv"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()

	var met, refused, long, longRefused, alone int
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		number, candidate, ok := strings.Cut(lines.Text(), "\t")
		require.True(t, ok)
		rank, err := strconv.Atoi(number)
		require.NoError(t, err)
		made, short := false, false
		for _, c := range codes(t, password.Rules{}, candidate, withFactor) {
			made = made || c == password.Common || c == password.Guessable
			short = short || c == password.TooShort
		}
		if problems(t, password.Rules{}, candidate, password.Context{}) == nil {
			alone++
		}
		met++
		if made {
			refused++
		}
		if !short {
			long++
			if made {
				longRefused++
			}
		}
		share := func(of, all int) float64 { return 100 * float64(of) / float64(all) }
		for _, floor := range []struct {
			rank      int
			all, long float64 // percent: of all, and of those that are long enough beside a second factor
		}{{99, 95, 95}, {999, 80, 75}, {9999, 60, 57}, {29999, 50, 48}} {
			if rank == floor.rank {
				t.Logf("up to rank %d: %d of %d (%.1f%%), of eight and more characters %d of %d (%.1f%%)", rank,
					refused, met, share(refused, met), longRefused, long, share(longRefused, long))
				require.GreaterOrEqual(t, share(refused, met), floor.all, "of the first %d", rank)
				require.GreaterOrEqual(t, share(longRefused, long), floor.long, "of the first %d with eight characters", rank)
			}
		}
	}
	require.NoError(t, lines.Err())
	require.Greater(t, met, 10_000)
	t.Logf("%d of %d are acceptable where a password is enough by itself, %d beside a second factor", alone, met, long-longRefused)
	require.Less(t, alone, met/500)
}
