// Package export reads what a directory exported, for the examples: a folder of files in Microsoft Graph's JSON, and brings it
// into a tenant.
//
//	e, err := export.Open(dir, export.Options{})
//	err = e.Import(ctx, app, policy.Host("sync", tenant), func(file string, r msgraph.Report) { … })
//
// It only finds the files and says in which order they are imported; package msgraph does the rest. Importing the same
// again changes nothing.
package export

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
)

// Options say how an export is read. The zero Options take it as it is.
type Options struct {
	// ShiftTo moves all times of the export by one span, so that its newest time becomes this one, and their order and
	// distances stay: what was written down long ago would else be too old to be shown. Let it lie a little before now, since
	// nothing of the future is imported. Zero moves nothing. Imported again with another ShiftTo, sign-ins stay as they are, by
	// their ids; devices move on.
	ShiftTo time.Time
	// ProvenAt is since when the mail addresses of users are proven, and not in the future: see
	// [msgraph.UserOptions]. Zero leaves them unproven.
	ProvenAt time.Time
}

// Export is a directory's export: texts of Graph's JSON, and whom they tell of.
type Export struct {
	// Name is what it was opened as.
	Name string

	users, devices, keys []text
	logs                 []text                   // of sign-ins
	people               []msgraph.Person         // in the order in which the export names them
	met                  map[policy.AccountID]int // their places in people
	options              msgraph.Options
	provenAt             time.Time
	by                   time.Duration // that all times are moved
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

// Open reads what is in a directory; see [From].
func Open(dir string, o Options) (*Export, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, err
	}
	return From(dir, os.DirFS(dir), o)
}

// From reads what is in a file system:
//
//	users*.json              users, with their manager if the export was made with $expand
//	devices*.json            devices, with registeredOwners if the export was made with $expand
//	registeredOwners/*.json  ID.json is the page of the device with this object or device id
//	recoveryKeys*.json       recovery keys
//	signIns*                 logs of sign-ins, as JSON or as a table
//
// Each file holds an entity, a page, or any number of them one after another. Where there are users they are the only ones
// who get accounts; else everybody does whom a device or a sign-in names. A directory with printed
// examples of Graph's documentation is read too; see docs.go. It reads the files once to see whom they name, and again when they
// are imported. The name is for messages.
func From(name string, files fs.FS, o Options) (*Export, error) {
	e := &Export{Name: name, met: make(map[policy.AccountID]int), provenAt: o.ProvenAt,
		options: msgraph.Options{Owners: make(map[string]policy.AccountID)}}
	read := e.readFiles
	if _, err := fs.Stat(files, docsFile); err == nil {
		read = e.readDocs
	}
	if err := read(files); err != nil {
		return nil, err
	}
	if !o.ShiftTo.IsZero() {
		newest, err := e.newest()
		if err != nil {
			return nil, err
		}
		if !newest.IsZero() {
			e.by = o.ShiftTo.Sub(newest)
		}
	}
	return e, nil
}

// People are those whom the export names, in the order in which it does; users come first.
func (e *Export) People() []msgraph.Person { return slices.Clone(e.people) }

// HasSignIns tells whether there is a log of sign-ins.
func (e *Export) HasSignIns() bool { return len(e.logs) > 0 }

func (e *Export) readFiles(files fs.FS) (err error) {
	if e.users, err = find(files, "users*.json*"); err != nil {
		return err
	}
	if e.devices, err = find(files, "devices*.json*"); err != nil {
		return err
	}
	if len(e.devices)+len(e.users) == 0 {
		return fmt.Errorf("%s has no users*.json, no devices*.json and no %s", e.Name, docsFile)
	}
	if e.keys, err = find(files, "recoveryKeys*.json*"); err != nil {
		return err
	}
	for _, t := range e.users {
		if err := t.read(e.meetUsers); err != nil {
			return err
		}
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
func (e *Export) readLogs(logs ...text) error {
	for _, t := range logs {
		if err := t.read(e.meetSignedIn); err != nil {
			return err
		}
	}
	e.logs = append(e.logs, logs...)
	return nil
}

func (e *Export) meetSignedIn(r io.Reader) error {
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
func (e *Export) somebody() policy.AccountID {
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

func (e *Export) meetUsers(r io.Reader) error {
	for u, err := range msgraph.Users(r) {
		switch {
		case err != nil && !refused(err):
			return err
		case err == nil:
			e.meet(msgraph.Person{At: u.At, ID: u.ID, DisplayName: u.Profile.DisplayName, UserPrincipalName: u.UserPrincipalName})
		}
	}
	return nil
}

// meetOwners notes the people whom devices name.
func (e *Export) meetOwners(r io.Reader) error {
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
func (e *Export) readOwners(r io.Reader, device string) error {
	for p, err := range msgraph.People(r) {
		if err != nil {
			return err
		}
		e.meet(p)
		e.options.Owners[device] = p.ID
	}
	return nil
}

// meet notes a person whom the export names.
func (e *Export) meet(p msgraph.Person) {
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
