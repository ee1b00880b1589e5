// Package opendata finds the folder of published real inputs that tests use besides the project's own
// samples. The folder is not part of the project; without it the tests run on their samples alone.
package opendata

import (
	"os"
	"path/filepath"
)

// Dir gives the folder and whether it is there: the one that MYACCOUNT_OPEN_DATA names, or shared/data/open
// beside the checkout.
func Dir() (string, bool) {
	if dir := os.Getenv("MYACCOUNT_OPEN_DATA"); dir != "" {
		return dir, isDir(dir)
	}
	at, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			dir := filepath.Join(filepath.Dir(at), "shared", "data", "open")
			return dir, isDir(dir)
		}
		up := filepath.Dir(at)
		if up == at {
			return "", false
		}
		at = up
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
