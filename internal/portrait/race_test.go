//go:build race

package portrait_test

// lower is how much lower photos are with the race detector: decoding takes seventeen times as long then, and what it
// allocates is the same.
const lower = 8
