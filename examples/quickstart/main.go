// Quickstart shows what this library is for, on a directory export in Microsoft Graph's JSON: it imports
// devices, recovery keys and sign-ins, shows one person's devices with what may be done to each and why not,
// disables one, reads a BitLocker recovery key, shows the person's sign-ins and contains one that was not theirs,
// and prints the events that all this left.
//
//	go run ./examples/quickstart             the sample that is built in
//	go run ./examples/quickstart -json       the same as JSON lines
//	go run ./examples/quickstart -data DIR   another export; examples/internal/export says what is read there
//
// Everything happens in memory. Start reading at run, in run.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	o := options{clock: time.Now}
	yes := flag.Bool("yes", false, "answer Yes without asking; it is what happens when nobody is at the terminal")
	flag.StringVar(&o.data, "data", "", "read the export in this `directory`")
	flag.BoolVar(&o.json, "json", false, "print JSON lines, and ask nothing")
	flag.Parse()
	var in io.Reader // none, if nobody is there to answer
	if !*yes && !o.json && isTerminal(os.Stdin) {
		in = os.Stdin
	}
	if err := run(context.Background(), in, os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// isTerminal tells whether somebody may sit behind f: it is a character device other than the null device.
func isTerminal(f *os.File) bool {
	at, err := f.Stat()
	if err != nil || at.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(at, null)
}
