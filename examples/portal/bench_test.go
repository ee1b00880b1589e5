package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// connections is how many browsers ask at the same time, each with a connection of its own.
const connections = 16

// visited is a server on loopback, as main has it but for its address, and somebody's browser there.
type visited struct {
	url     string
	browser *http.Client
}

func visit(b *testing.B, handler http.Handler) visited {
	b.Helper()
	server := httptest.NewServer(handler)
	b.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(b, err)
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	b.Cleanup(transport.CloseIdleConnections)
	return visited{server.URL, &http.Client{Jar: jar, Transport: transport}}
}

// visitPortal is visit of the portal by Ada, whose devices, sign-ins and warnings fill the pages. Its cookies are not secure:
// Go's client sends no secure ones without TLS, whereas browsers do to a loopback address.
func visitPortal(b *testing.B) visited {
	b.Helper()
	d, err := newDemo(b.Context(), "", everybodysPassword)
	require.NoError(b, err)
	p, err := newPortal(d, slog.New(slog.DiscardHandler), false)
	require.NoError(b, err)
	v := visit(b, p.routes())
	answer, err := v.browser.PostForm(v.url+"/sign-in", url.Values{"identifier": {ada}, "password": {everybodysPassword}})
	require.NoError(b, err)
	require.NoError(b, answer.Body.Close())
	require.Equal(b, http.StatusOK, answer.StatusCode)
	return v
}

// get asks for a page n times over all connections, and gives how long each answer took until its last byte.
func (v visited) get(b *testing.B, path string, n int) []time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				began := time.Now()
				if err := v.page(path); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	return took
}

func (v visited) page(path string) error {
	answer, err := v.browser.Get(v.url + path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || answer.Request.URL.Path != path {
		return fmt.Errorf("%s: %s at %s", path, answer.Status, answer.Request.URL.Path)
	}
	return answer.Body.Close()
}

// BenchmarkPage tells how many pages a second 16 browsers get on loopback, and how long each waits, beside a handler that
// does nothing. Browsers and server share the processors.
func BenchmarkPage(b *testing.B) {
	b.Run("empty handler", func(b *testing.B) {
		measure(b, visit(b, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})), "/")
	})
	for name, path := range map[string]string{"overview": "/", "devices": "/devices"} {
		b.Run(name, func(b *testing.B) { measure(b, visitPortal(b), path) })
	}
}

func measure(b *testing.B, v visited, path string) {
	v.get(b, path, connections) // opens the connections
	b.ReportAllocs()
	b.ResetTimer()
	took := v.get(b, path, b.N)
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
	b.ReportMetric(float64(took[b.N/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds()), "p99-µs")
}

// BenchmarkMemory asks for 50,000 pages in each of its runs, and fails if what is in use afterwards has grown by more than a
// MiB: a page that was read leaves nothing behind.
func BenchmarkMemory(b *testing.B) {
	const pages, most = 50_000, 1 << 20
	v := visitPortal(b)
	read := func(n int) {
		v.get(b, "/", n/2)
		v.get(b, "/devices", n/2)
	}
	read(1000) // until caches and pools are filled
	for b.Loop() {
		before := inUse()
		read(pages)
		grown := inUse() - before
		b.ReportMetric(float64(before)/(1<<20), "MiB-before")
		b.ReportMetric(float64(grown)/(1<<20), "MiB-grown")
		require.Less(b, grown, int64(most))
	}
}

// inUse is how many bytes are reachable.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
