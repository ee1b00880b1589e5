//go:build !race

package portrait_test

// lower is how much lower photos are with the race detector; see race_test.go.
const lower = 1
