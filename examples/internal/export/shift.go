package export

import (
	"io"
	"iter"
	"time"

	"github.com/seed4b20689c/myaccount/msgraph"
)

// Times are moved in the records that package msgraph has read, not in their text: whatever form a log came in, and wherever
// a text only looks like a time.

func timesOfUser(u *msgraph.User) []*time.Time { return []*time.Time{&u.CreatedAt} }

func timesOfDevice(d *msgraph.Device) []*time.Time {
	return []*time.Time{&d.RegisteredAt, &d.LastSignInAt}
}

func timesOfKey(k *msgraph.RecoveryKey) []*time.Time { return []*time.Time{&k.CreatedAt} }

func timesOfSignIn(s *msgraph.SignIn) []*time.Time {
	all := []*time.Time{&s.At}
	for i := range s.Steps {
		all = append(all, &s.Steps[i].At)
	}
	return all
}

// shift moves all times of a stream's records. No time stays none.
func shift[R any](stream iter.Seq2[R, error], by time.Duration, times func(*R) []*time.Time) iter.Seq2[R, error] {
	if by == 0 {
		return stream
	}
	return func(yield func(R, error) bool) {
		for r, err := range stream {
			for _, at := range times(&r) {
				if !at.IsZero() {
					*at = at.Add(by)
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// newest is the last of all times that the export tells; zero if it tells none.
func (e *Export) newest() (last time.Time, err error) {
	for _, kind := range []struct {
		texts []text
		read  func(io.Reader) error
	}{
		{e.users, func(r io.Reader) error { return latest(&last, msgraph.Users(r), timesOfUser) }},
		{e.devices, func(r io.Reader) error { return latest(&last, msgraph.Devices(r), timesOfDevice) }},
		{e.keys, func(r io.Reader) error { return latest(&last, msgraph.RecoveryKeys(r), timesOfKey) }},
		{e.logs, func(r io.Reader) error { return latest(&last, msgraph.SignIns(r), timesOfSignIn) }},
	} {
		for _, t := range kind.texts {
			if err := t.read(kind.read); err != nil {
				return last, err
			}
		}
	}
	return last, nil
}

// latest moves last forward to the latest time of a stream.
func latest[R any](last *time.Time, stream iter.Seq2[R, error], times func(*R) []*time.Time) error {
	for r, err := range stream {
		if err != nil && !refused(err) {
			return err
		}
		for _, at := range times(&r) {
			if at.After(*last) {
				*last = *at
			}
		}
	}
	return nil
}
