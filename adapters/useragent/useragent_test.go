package useragent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/seed4b20689c/myaccount/adapters/internal/opendata"
	"github.com/seed4b20689c/myaccount/adapters/useragent"
	"github.com/seed4b20689c/myaccount/policy"
)

// reader is shared: to compile the patterns takes longer than all the rest.
var reader = sync.OnceValue(func() *useragent.Reader {
	r, err := useragent.New()
	if err != nil {
		panic(err)
	}
	return r
})

func Example() {
	agents, err := useragent.New()
	if err != nil {
		panic(err)
	}
	c := agents.ReadAgent("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0")
	fmt.Println(c.Browser, "on", c.System)
	// Output: Firefox 133 on Windows 10
}

const webKit = "AppleWebKit/537.36 (KHTML, like Gecko)"

func TestBrowsersAndSystemsAreNamedAsPeopleKnowThem(t *testing.T) {
	for agent, want := range map[string]policy.Client{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webKit + " Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":                 {Browser: "Edge 131", System: "Windows 10"},
		"Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko":                                                         {Browser: "IE 11", System: "Windows 8.1"},
		"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0":                                        {Browser: "Firefox 133", System: "Ubuntu"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15": {Browser: "Safari 17", System: "Mac OS X 10.15"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) " + webKit + " Version/17.2 Mobile/15E148 Safari/604.1":       {Browser: "Mobile Safari 17", System: "iOS 17.2"},
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) " + webKit + " Chrome/131.0.0.0 Mobile Safari/537.36":                         {Browser: "Chrome Mobile 131", System: "Android 14"},
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + webKit + " Chrome/131.0.0.0 Safari/537.36":                                {Browser: "Chrome 131", System: "Chrome OS 14541"},
		"Contoso Mail /7.1 CFNetwork/1485 Darwin/23.1.0":                                                                        {Browser: "Contoso Mail 7", System: "iOS 17.1"},
		"curl/8.5.0":          {Browser: "curl 8"},
		"nothing that exists": {},
		"":                    {},
		"\x00\r\n\t \u202e":   {},
	} {
		require.Empty(t, cmp.Diff(want, reader().ReadAgent(agent)), agent)
	}
}

// expected is a user agent of uap-core's test cases.
type expected struct {
	Agent  string `yaml:"user_agent_string"`
	Family string `yaml:"family"`
	Major  string `yaml:"major"`
	Minor  string `yaml:"minor"`
}

// published reads a file of uap-core's test cases.
func published(t testing.TB, dir, file string) []expected {
	data, err := os.ReadFile(filepath.Join(dir, "uap-core", file))
	require.NoError(t, err)
	var cases struct {
		Cases []expected `yaml:"test_cases"`
	}
	require.NoError(t, yaml.Unmarshal(data, &cases))
	require.Greater(t, len(cases.Cases), 20)
	return cases.Cases
}

func TestPublishedBrowsersAreToldAsTheirAuthorsExpect(t *testing.T) {
	cases := []expected{
		{"Mozilla/5.0 (Macintosh; U; PPC Mac OS X Mach-O; en; rv:1.8.1.6) Gecko/20070809 Camino/1.5.1", "Camino", "1", "5"},
		{"Stitcher/iOS", "Stitcher", "", ""},
	}
	if dir, ok := opendata.Dir(); ok {
		cases = append(cases, published(t, dir, "firefox_user_agent_strings.yaml")...)
		cases = append(cases, published(t, dir, "podcasting_user_agent_strings.yaml")...)
	}
	for _, c := range cases {
		require.Equal(t, strings.TrimSpace(c.Family+" "+c.Major), reader().ReadAgent(c.Agent).Browser, c.Agent)
	}
}

func TestPublishedSystemsAreToldAsTheirAuthorsExpect(t *testing.T) {
	cases := []expected{
		{"Mozilla/5.0 (X11; 78; CentOS; US-en) AppleWebKit/527+ (KHTML, like Gecko) Bolt/0.862 Version/3.0 Safari/523.15", "CentOS", "", ""},
		{"Mozilla/5.0 (Linux; U; Android 2.1-update1; en-us; Nexus One Build/ERE27) AppleWebKit/530.17", "Android", "2", "1"},
	}
	if dir, ok := opendata.Dir(); ok {
		cases = append(cases, published(t, dir, "additional_os_tests.yaml")...)
	}
	for _, c := range cases {
		want := strings.TrimSuffix(strings.TrimSpace(c.Family+" "+c.Major)+"."+c.Minor, ".")
		if c.Minor == "0" {
			want = c.Family + " " + c.Major
		}
		if c.Family == "Other" { // uap-core's word for unknown
			want = ""
		}
		require.Equal(t, want, reader().ReadAgent(c.Agent).System, c.Agent)
	}
}

// harmless demands what the room demands of a name, and that it is short.
func harmless(t require.TestingT, agent string) {
	c := reader().ReadAgent(agent)
	require.Empty(t, c.Application)
	for _, name := range []string{c.Browser, c.System} {
		require.NoError(t, policy.CheckText("name", name, useragent.MaxName), "%.200q", agent)
		require.Equal(t, strings.TrimSpace(name), name)
		for _, r := range name {
			require.True(t, r >= ' ' && r <= '~', "%q of %.200q", name, agent)
		}
	}
}

func TestHostileUserAgentsGiveShortPrintableNamesOrNone(t *testing.T) {
	for _, agent := range []string{
		"Con\u202etoso\t\x1b\xff/7.1 CFNetwork/1485 Darwin/23.1.0", "Firefox/133\u202e\u2066", "Firefox/\x00133", "Firefox\r\nSet-Cookie: a=b/133", "Fire\xff\xfefox/133.0", "\u0130\u0131 Chrome/1\u0661",
		"Firefox/" + strings.Repeat("9", 1<<20), strings.Repeat("a", 1<<20), strings.Repeat("Mozilla/5.0 (", 1<<14),
		strings.Repeat("\xf0\x9f\x92\xa9", 1<<10), strings.Repeat("(", 1<<12), "${1} $1 \\1 %s", "<script>alert(1)</script>/1.0",
		strings.Repeat("x", useragent.MaxLength-1) + "\u00e9", strings.Repeat("Windows NT ", 100), "Android " + strings.Repeat("1.", 1000),
	} {
		harmless(t, agent)
	}
	for n := range useragent.MaxName * 2 { // an app's name is whatever it says
		app := strings.Repeat("x", n) + " y"
		agent := app + "/7.1 CFNetwork/1485 Darwin/23.1.0"
		harmless(t, agent)
		require.Equal(t, strings.TrimSpace((app + " 7")[:min(n+4, useragent.MaxName)]), reader().ReadAgent(agent).Browser)
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"Mozilla/5.0 ", "(Windows NT ", "10.0; ", "Android ",
			"iPhone OS ", "Firefox/", "Chrome/", "Version/", "like Mac OS X) ", "Edg/", "\u202e", "\n", "99999999999999999999", "Podcast/"})), 0, 12).Draw(t, "words")
		harmless(t, strings.Join(words, ""))
	})
}

func TestWhatStandsBehindTheLongestThatIsReadChangesNothing(t *testing.T) {
	start := strings.Repeat(" ", useragent.MaxLength-len("curl/8.5.0")) + "curl/8.5.0"
	require.Equal(t, "curl 8", reader().ReadAgent(start).Browser)
	require.Equal(t, "curl 8", reader().ReadAgent(start+strings.Repeat(" Firefox/133.0 (Windows NT 10.0)", 1<<15)).Browser)
	require.Zero(t, reader().ReadAgent("          "+start))
}

func TestManyMayReadAtOnce(t *testing.T) {
	agents := []string{"curl/8.5.0", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "nothing that exists"}
	want := map[string]policy.Client{}
	for _, a := range agents {
		want[a] = reader().ReadAgent(a)
	}
	var all sync.WaitGroup
	var wrong atomic.Int64
	for n := range 8 {
		all.Go(func() {
			for i := range 60 {
				a := agents[(n+i)%len(agents)]
				if reader().ReadAgent(a) != want[a] {
					wrong.Add(1)
				}
				if i%20 == 0 { // one that nobody read before
					reader().ReadAgent(fmt.Sprint("agent ", n, i))
				}
			}
		})
	}
	all.Wait()
	require.Zero(t, wrong.Load())
}

func FuzzReadAgent(f *testing.F) {
	for _, agent := range []string{"", "curl/8.5.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) Version/17.2 Mobile/15E148 Safari/604.1", "\x00\u202e\xff", "Opera/9.80 (J2ME/MIDP; Opera Mini/5"} {
		f.Add(agent)
	}
	f.Fuzz(func(t *testing.T, agent string) { harmless(t, agent) })
}
