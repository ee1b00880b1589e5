// Portal is a My Account web site on the in-memory store: it shows what a host makes of this library. Every handler is
// a few lines that call the library and nothing else; copy them.
//
//	go run ./examples/portal             the tenant that is built in
//	go run ./examples/portal -data DIR   another directory export; package export says what is read there
//
// It prints its address and how to sign in. Start reading at routes, in routes.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	address := flag.String("addr", "localhost:8080", "listen at this `address`")
	data := flag.String("data", "", "read the export in this `directory`")
	password := flag.String("password", "", "the password of everybody in the demo; made up if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal does what signals do, and waits for nobody
	if err := run(ctx, os.Stdout, *address, *data, *password); err != nil {
		fmt.Fprintln(os.Stderr, "portal:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and lets requests that are under way come to their end.
func run(ctx context.Context, out io.Writer, address, data, password string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	d, err := newDemo(ctx, data, password)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if !isLoopback(listener.Addr()) {
		log.Warn("this is a demonstration: whoever reaches the address reads everybody's password and codes, without TLS")
	}
	p, err := newPortal(d, log, isLoopback(listener.Addr()))
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if _, err := io.WriteString(out, d.greeting("http://"+listener.Addr().String())); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: p.routes(), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(patience)
}

func isLoopback(a net.Addr) bool {
	at, ok := a.(*net.TCPAddr)
	return ok && at.IP.IsLoopback()
}
