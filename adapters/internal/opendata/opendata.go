// Package opendata finds the folder of published real inputs that tests use besides the project's own
// samples. The folder is not part of the project; without it the tests run on their samples alone.
package opendata

import (
	"os"
	"path/filepath"
)

// Dir gives the folder and whether it is there: the one that MYACCOUNT_OPEN_DATA names, or shared/data/open
// beside a folder that the tests run below.
func Dir() (string, bool) {
	if dir := os.Getenv("MYACCOUNT_OPEN_DATA"); dir != "" {
		return dir, isDir(dir)
	}
	at, err := os.Getwd()
	for err == nil {
		up := filepath.Dir(at)
		if dir := filepath.Join(up, "shared", "data", "open"); isDir(dir) {
			return dir, true
		}
		if up == at {
			break
		}
		at = up
	}
	return "", false
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
