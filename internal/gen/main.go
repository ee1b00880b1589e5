// Command gen writes the generated parts of the documentation. Run it as go generate in the module's root.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed4b20689c/myaccount/internal/docgen"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	files, err := docgen.Files(root)
	if err != nil {
		return err
	}
	for path, content := range files {
		path = filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
