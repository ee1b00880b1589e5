package main

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
)

//go:embed sample
var sample embed.FS

const sampleName = "the sample"

// export is a directory export: texts of Graph's JSON, and whose devices they tell of.
type export struct {
	name          string
	devices, keys []text
	logs          []text                   // of sign-ins
	people        []msgraph.Person         // in the order in which the export names them
	met           map[policy.AccountID]int // their places in people
	options       msgraph.Options
}

// text is a file of the export, or a part of one.
type text struct {
	name string
	open func() (io.ReadCloser, error)
}

// read opens the text for fn, whose error gets the text's name.
func (t text) read(fn func(io.Reader) error) error {
	r, err := t.open()
	if err != nil {
		return err
	}
	if err := errors.Join(fn(r), r.Close()); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}

func inFile(files fs.FS, name string) text {
	return text{name, func() (io.ReadCloser, error) { return files.Open(name) }}
}

// inMemory is a text that is no file of its own.
func inMemory(name, content string) text {
	return text{name, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

// openExport reads what is in a directory, or in the built-in sample if dir is empty:
//
//	devices*.json            devices, with registeredOwners if the export was made with $expand
//	registeredOwners/*.json  ID.json is the page of the device with this object or device id
//	recoveryKeys*.json       recovery keys
//	signIns*                 logs of sign-ins, as JSON or as a table
//
// Each file holds an entity, a page, or any number of them one after another. A directory with printed
// examples of Graph's documentation is read too; see docs.go.
func openExport(dir string) (*export, error) {
	e := &export{name: sampleName, met: make(map[policy.AccountID]int),
		options: msgraph.Options{Owners: make(map[string]policy.AccountID)}}
	files, err := fs.Sub(sample, "sample")
	if err != nil {
		return nil, err
	}
	if dir != "" {
		e.name, files = dir, os.DirFS(dir)
	}
	if _, err := fs.Stat(files, docsFile); err == nil {
		return e, e.readDocs(files)
	}
	return e, e.readFiles(files)
}

func (e *export) readFiles(files fs.FS) (err error) {
	if e.devices, err = find(files, "devices*.json*"); err != nil {
		return err
	}
	if len(e.devices) == 0 {
		return fmt.Errorf("%s has no devices*.json and no %s", e.name, docsFile)
	}
	if e.keys, err = find(files, "recoveryKeys*.json*"); err != nil {
		return err
	}
	for _, t := range e.devices {
		if err := t.read(e.meetOwners); err != nil {
			return err
		}
	}
	pages, err := find(files, "registeredOwners/*.json")
	for _, t := range pages {
		id := strings.TrimSuffix(path.Base(t.name), ".json")
		if err := t.read(func(r io.Reader) error { return e.readOwners(r, id) }); err != nil {
			return err
		}
	}
	if len(e.people) == 0 {
		e.options.DefaultOwner = e.somebody()
	}
	if err != nil {
		return err
	}
	logs, err := find(files, "signIns*")
	return errors.Join(err, e.readLogs(logs...))
}

// readLogs notes logs of sign-ins, and the people whom they name.
func (e *export) readLogs(logs ...text) error {
	for _, t := range logs {
		if err := t.read(e.meetSignedIn); err != nil {
			return err
		}
	}
	e.logs = append(e.logs, logs...)
	return nil
}

func (e *export) meetSignedIn(r io.Reader) error {
	for s, err := range msgraph.SignIns(r) {
		switch {
		case err != nil && !refused(err):
			return err
		case err == nil && s.Account != "":
			e.meet(msgraph.Person{ID: s.Account, DisplayName: s.UserName})
		}
	}
	return nil
}

// somebody is the first person of the export; one is made up if it names none, so that there is something
// to see.
func (e *export) somebody() policy.AccountID {
	if len(e.people) == 0 {
		e.meet(msgraph.Person{ID: "owner", DisplayName: "The owner"})
	}
	return e.people[0].ID
}

// find gives the files that match a pattern.
func find(files fs.FS, pattern string) ([]text, error) {
	names, err := fs.Glob(files, pattern)
	found := make([]text, len(names))
	for i, name := range names {
		found[i] = inFile(files, name)
	}
	return found, err
}

// meetOwners notes the people whom devices name.
func (e *export) meetOwners(r io.Reader) error {
	for d, err := range msgraph.Devices(r) {
		if err != nil && !refused(err) { // the import will report what is refused
			return err
		}
		for _, p := range slices.Concat(d.RegisteredOwners, d.RegisteredUsers) {
			e.meet(p)
		}
	}
	return nil
}

// readOwners reads the page of one device's owners.
func (e *export) readOwners(r io.Reader, device string) error {
	for p, err := range msgraph.People(r) {
		if err != nil {
			return err
		}
		e.meet(p)
		e.options.Owners[device] = p.ID
	}
	return nil
}

func (e *export) meet(p msgraph.Person) {
	at, again := e.met[p.ID]
	switch {
	case !again:
		e.met[p.ID] = len(e.people)
		e.people = append(e.people, p)
	case e.people[at].DisplayName == "": // now perhaps with it
		e.people[at] = p
	}
}

func refused(err error) bool {
	var r *msgraph.Refusal
	return errors.As(err, &r)
}
