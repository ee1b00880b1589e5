package myaccount_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/internal/docgen"
)

func TestTheGeneratedDocumentationIsCurrent(t *testing.T) {
	files, err := docgen.Files(".")
	require.NoError(t, err)
	require.Contains(t, files, "api.txt")
	for name, want := range files {
		got, err := os.ReadFile(filepath.FromSlash(name))
		require.NoError(t, err, "run go generate")
		require.Empty(t, cmp.Diff(want, string(got)), "%s is not current: run go generate", name)
	}
}

func TestTheReadmeShowsTheProgramThatRuns(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	program, err := os.ReadFile("examples/hello/main.go")
	require.NoError(t, err)
	require.Contains(t, string(readme), "```go\n"+string(program)+"```", "the first program of the README is examples/hello, which is tested")
}

const module = "github.com/seed4b20689c/myaccount"

// mayImport is the import graph: what product code and tests of each package may import of ours, and what
// product code may import of others. It is a statement of policy; see docs/decisions/0002-floors.md.
var mayImport = map[string]struct{ ours, tests, others []string }{
	"store":             {},
	"secret":            {others: []string{"golang.org/x/crypto"}},
	"policy":            {ours: []string{"store", "secret", "internal/enum"}, tests: []string{".", "memstore", "accounttest", "devices", "signins"}},
	"challenge":         {ours: []string{"store", "secret", "policy"}, tests: []string{"memstore", "accounttest", "signins", "internal/testkit"}},
	"password":          {ours: []string{"store", "secret", "policy"}, tests: []string{"internal/opendata"}, others: []string{"golang.org/x/text"}},
	"account":           {ours: []string{"store", "secret", "policy", "password", "challenge", "internal/enum", "internal/portrait"}, tests: []string{"memstore", "accounttest", "devices", "signins", "storetest", "internal/opendata", "internal/testkit", "."}, others: []string{"golang.org/x/text"}},
	"devices":           {ours: []string{"store", "secret", "policy", "internal/enum"}, tests: []string{"memstore", "accounttest", "storetest", "internal/opendata", "internal/testkit", "."}},
	"signins":           {ours: []string{"store", "secret", "policy", "internal/enum"}, tests: []string{"memstore", "accounttest", "devices", "storetest", "internal/opendata", "internal/testkit", "."}},
	"memstore":          {ours: []string{"store", "secret", "policy", "account", "challenge", "devices", "signins"}, tests: []string{"storetest", "accounttest"}, others: []string{"github.com/hashicorp/go-memdb"}},
	"storetest":         {ours: []string{"store", "secret", "policy", "password", "account", "challenge", "devices", "signins"}, tests: []string{"memstore"}, others: []string{"github.com/google/go-cmp", "testing"}},
	"msgraph":           {ours: []string{"store", "secret", "policy", "account", "devices", "signins"}, tests: []string{"memstore", "accounttest", "internal/opendata", "."}},
	".":                 {ours: []string{"store", "secret", "policy", "password", "challenge", "account", "devices", "signins"}, tests: []string{"memstore", "accounttest", "internal/docgen", "internal/testkit", "problem"}},
	"problem":           {ours: []string{"store", "secret", "policy", "password", "challenge"}, tests: []string{"accounttest", "account"}},
	"accounttest":       {ours: []string{".", "store", "secret", "policy", "account", "challenge", "devices", "signins", "memstore"}, others: []string{"testing"}},
	"internal/testkit":  {ours: []string{"store", "secret", "policy", "memstore"}, others: []string{"testing", "github.com/google/go-cmp", "github.com/stretchr/testify"}},
	"internal/opendata": {},
	"internal/portrait": {others: []string{"golang.org/x/image"}},
	"internal/enum":     {},
	"internal/docgen":   {ours: []string{"policy", "account", "password", "challenge", "devices", "signins"}},
	"internal/gen":      {ours: []string{"internal/docgen"}},
	"internal/bench":    {tests: []string{".", "store", "secret", "policy", "account", "devices", "signins", "memstore", "accounttest"}},
}

// testTools are what tests may import of others.
var testTools = []string{"testing", "github.com/stretchr/testify", "github.com/google/go-cmp", "pgregory.net/rapid",
	"github.com/anishathalye/porcupine", "golang.org/x/crypto", "github.com/hashicorp/go-memdb"}

func TestPackagesImportOnlyTheFloorsBelowThem(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == "examples" || isNested(name) || name != "." && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		seen++
		dir := path.Dir(filepath.ToSlash(name))
		allowed, known := mayImport[dir]
		require.True(t, known, "package %s has no place in the import graph: give it one in mayImport", dir)
		ours, others := allowed.ours, allowed.others
		if strings.HasSuffix(name, "_test.go") {
			ours = slices.Concat(ours, allowed.tests, []string{dir})
			others = slices.Concat(others, testTools)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			switch rel, own := strings.CutPrefix(imported, module); {
			case own && rel == "":
				require.Contains(t, ours, ".", "%s imports %s", name, imported)
			case own:
				require.Contains(t, ours, strings.TrimPrefix(rel, "/"), "%s imports %s", name, imported)
			case imported == "testing" || strings.HasPrefix(imported, "testing/") || strings.Contains(strings.Split(imported, "/")[0], "."):
				require.True(t, slices.ContainsFunc(others, func(o string) bool {
					return imported == o || strings.HasPrefix(imported, o+"/")
				}), "%s imports %s", name, imported)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, seen, 30, "the walk found the packages")
}

// isNested reports whether a folder holds a module of its own.
func isNested(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return dir != "." && err == nil
}

// Who imports a room must inherit nothing that an adapter brings, and two modules that need each other could
// never be released one after the other.
func TestTheRootModuleNeverImportsANestedOne(t *testing.T) {
	var files, nested []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && isNested(name):
			nested = append(nested, module+"/"+filepath.ToSlash(name))
			return filepath.SkipDir
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".go"):
			files = append(files, name)
		}
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, nested, module+"/adapters")
	require.Contains(t, nested, module+"/examples/thirdparty")
	require.Contains(t, files, filepath.Join("examples", "hello", "main.go"), "examples of the root are looked at as well")
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			for _, n := range nested {
				require.False(t, imported == n || strings.HasPrefix(imported, n+"/"), "%s imports %s", name, imported)
			}
		}
	}
	needs, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	for _, n := range nested {
		require.NotContains(t, string(needs), n)
	}
}
