package secret

import "io"

// WithRandom is r with another source of nonces.
func (r *KeyRing) WithRandom(random io.Reader) *KeyRing {
	other := *r
	other.random = random
	return &other
}

// WithRandom is h with another source of salts.
func (h *Hasher) WithRandom(random io.Reader) *Hasher {
	other := *h
	other.random = random
	return &other
}

// Occupy takes one of h's turns, as a hash under way does, and gives what ends it.
func (h *Hasher) Occupy() (release func()) {
	h.slots <- struct{}{}
	return func() { <-h.slots }
}
