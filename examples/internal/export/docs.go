package export

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
)

// Published inputs that are no export: the answers that Graph's documentation prints, one to a line, and
// recovery passwords of BitLocker volumes.
const (
	docsFile      = "graph-docs/graph-examples.jsonl"
	passwordsFile = "bitlocker/recovery-passwords.csv"
	tableOfLogs   = "sentinel-signins/*.csv"
	eventsFile    = "panther-signins/signins.jsonl" // each event with what a detection rule is to make of it
)

// readDocs reads both. The printed pages of owners do not say of which device, so the first person in them
// owns every device; the passwords name no device either, so they go to the first that is enabled.
func (e *Export) readDocs(files fs.FS) error {
	if err := inFile(files, docsFile).read(e.readAnswers); err != nil {
		return err
	}
	e.options.DefaultOwner = e.somebody()
	if err := e.readIfThere(files, passwordsFile, e.readPasswords); err != nil {
		return err
	}
	logs, err := find(files, tableOfLogs)
	return errors.Join(err, e.readLogs(logs...), e.readIfThere(files, eventsFile, e.readEvents))
}

func (e *Export) readIfThere(files fs.FS, name string, read func(io.Reader) error) error {
	if _, err := fs.Stat(files, name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return inFile(files, name).read(read)
}

// readEvents takes the events out of what is around them.
func (e *Export) readEvents(r io.Reader) error {
	var events strings.Builder
	for in := json.NewDecoder(r); ; {
		var wrapped struct {
			Log json.RawMessage `json:"log"`
		}
		if err := in.Decode(&wrapped); errors.Is(err, io.EOF) {
			return e.readLogs(inMemory(eventsFile, events.String()))
		} else if err != nil {
			return err
		}
		events.Write(append(wrapped.Log, '\n'))
	}
}

// readAnswers sorts the printed answers by what they hold.
func (e *Export) readAnswers(r io.Reader) error {
	for in := json.NewDecoder(r); ; {
		var answer struct {
			Page   string `json:"page"`
			Number int    `json:"n"`
			Body   string `json:"response_body"`
		}
		if err := in.Decode(&answer); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		t := inMemory(fmt.Sprintf("%s #%d", answer.Page, answer.Number), answer.Body)
		switch page := path.Base(answer.Page); page {
		case "device-get", "device-list", "user-list-owneddevices", "user-list-registereddevices":
			e.devices = append(e.devices, t)
		case "device-list-registeredowners", "device-list-registeredusers":
			if err := e.readOwners(strings.NewReader(answer.Body), page); err != nil {
				return err
			}
		default:
			if strings.HasPrefix(page, "bitlocker") {
				e.keys = append(e.keys, t)
			}
		}
	}
}

// readPasswords makes Graph's recovery keys of the passwords, for a device that is there.
func (e *Export) readPasswords(r io.Reader) error {
	device, err := e.firstEnabled()
	if err != nil || device == "" {
		return err
	}
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return err
	}
	var keys strings.Builder
	column := make(map[string]int)
	for i, row := range rows {
		if i == 0 {
			for at, name := range row {
				column[name] = at
			}
			continue
		}
		key := map[string]any{"id": row[column["key_protector_guid"]], "deviceId": device, "key": row[column["recovery_password"]]}
		if key["id"] == "" {
			key["id"] = fmt.Sprintf("password-%d", i) // of those that were published without one
		}
		if err := json.NewEncoder(&keys).Encode(key); err != nil {
			return err
		}
	}
	e.keys = append(e.keys, inMemory(passwordsFile, keys.String()))
	return nil
}

// firstEnabled is the first device that the import will take; empty if there is none.
func (e *Export) firstEnabled() (device policy.DeviceID, err error) {
	for _, t := range e.devices {
		err = errors.Join(err, t.read(func(r io.Reader) error {
			for d, err := range msgraph.Devices(r) {
				if err == nil && d.Enabled == devices.Yes && device == "" {
					device = d.ID
				}
			}
			return nil
		}))
	}
	return device, err
}
