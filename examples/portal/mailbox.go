package main

import (
	"context"
	"slices"
	"sync"

	"github.com/seed4b20689c/myaccount/challenge"
)

// mailbox keeps what would have been sent, for the page that shows it.
type mailbox struct {
	mu   sync.Mutex
	sent []challenge.Message
}

// keeps is how many messages are kept.
const keeps = 50

// Send keeps a message.
func (m *mailbox) Send(_ context.Context, msg challenge.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent[max(0, len(m.sent)-keeps+1):], msg)
	return nil
}

// newest gives the messages, the newest first.
func (m *mailbox) newest() []challenge.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.sent)
	slices.Reverse(out)
	return out
}
