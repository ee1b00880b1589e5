package accounttest

import (
	"context"
	"slices"
	"sync"

	"github.com/seed4b20689c/myaccount/challenge"
)

// Mailbox is a [challenge.Sender] that delivers to nobody and keeps what it was given, codes and all: for tests and
// demonstrations only. The zero Mailbox is ready; it is safe for concurrent use.
type Mailbox struct {
	mu       sync.Mutex
	messages []challenge.Message
	err      error
}

var _ challenge.Sender = (*Mailbox)(nil)

// Send implements [challenge.Sender].
func (m *Mailbox) Send(ctx context.Context, msg challenge.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.messages = append(m.messages, msg)
	return nil
}

// Fail makes every further Send fail with err, and none if err is nil.
func (m *Mailbox) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Last gives the newest message to an address or number; false if there is none.
func (m *Mailbox) Last(to string) (challenge.Message, bool) {
	all := m.All()
	for _, msg := range slices.Backward(all) {
		if msg.To == to {
			return msg, true
		}
	}
	return challenge.Message{}, false
}

// All gives every message in the order in which they were sent.
func (m *Mailbox) All() []challenge.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.messages)
}
