// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// patience is how long a test waits for what has to happen. It matters only if something is broken.
const patience = time.Minute

// served is a proxy with a plain listener on loopback, for one test.
type served struct {
	*Proxy
	tb      testing.TB
	address string
	log     *logged
	// ended is set by a test that shut the proxy down itself.
	ended bool
}

// serve starts a proxy that ends with the test. The test fails if the proxy left a goroutine behind. Whatever the test
// dials or listens to is closed in the reverse order of its making: backends come first, then the proxy, then clients.
func serve(tb testing.TB, changes ...func(*Config)) *served {
	tb.Helper()
	log := &logged{}
	config := Config{
		Logger:         funcr.New(log.add, funcr.Options{Verbosity: 1}),
		ReadTimeout:    patience,
		WriteTimeout:   patience,
		IdleTimeout:    patience,
		MaxHeaderBytes: 64 << 10,
		MaxHeaders:     128,
		DrainTimeout:   patience,
	}
	for _, change := range changes {
		change(&config)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &served{Proxy: New(config), tb: tb, address: l.Addr().String(), log: log}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	label := fmt.Sprintf("%s %s", tb.Name(), s.address)
	// Goroutines inherit the label, so those of this proxy can be told from those of tests that run at the same time.
	pprof.Do(ctx, pprof.Labels("proxy", label), func(ctx context.Context) {
		running.Go(func() {
			if err := s.ServePlain(l); err != nil {
				tb.Errorf("serving: %v", err)
			}
		})
		running.Go(func() { s.Watch(ctx) })
	})
	tb.Cleanup(func() {
		if !s.ended {
			s.end()
		}
		cancel()
		running.Wait()
		expectNoGoroutines(tb, label)
	})
	return s
}

// end shuts the proxy down. The shutdown must find nothing to cut.
func (s *served) end() {
	s.tb.Helper()
	s.ended = true
	if err := s.Shutdown(context.Background()); err != nil {
		s.tb.Errorf("shutting down: %v", err)
	}
}

// apply serves a snapshot.
func (s *served) apply(snapshot *snapshot.Snapshot) {
	s.tb.Helper()
	if _, err := s.Apply(snapshot); err != nil {
		s.tb.Fatalf("applying a snapshot: %v", err)
	}
}

// dial connects to the proxy.
func (s *served) dial() *wire {
	s.tb.Helper()
	return dial(s.tb, s.address)
}

// ask sends a request on a connection of its own and returns the whole response. It closes the connection.
func (s *served) ask(request string) reply {
	s.tb.Helper()
	c := s.dial()
	defer func() { _ = c.Close() }()
	c.send(request)
	method, _, _ := strings.Cut(request, " ")
	return c.reply(method)
}

// get asks for a path of a host.
func (s *served) get(host, path string) reply {
	s.tb.Helper()
	return s.ask("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
}

func expectNoGoroutines(tb testing.TB, label string) {
	tb.Helper()
	var dump bytes.Buffer
	left := eventually(func() bool {
		dump.Reset()
		_ = pprof.Lookup("goroutine").WriteTo(&dump, 1)
		return !bytes.Contains(dump.Bytes(), []byte(fmt.Sprintf(`"proxy":%q`, label)))
	})
	if !left {
		tb.Errorf("the proxy left goroutines behind:\n%s", dump.String())
	}
}

// eventually asks until the answer is yes. It returns false if the answer stays no.
func eventually(ok func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if ok() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return ok()
}

// await fails the test if something does not become true.
func await(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	if !eventually(ok) {
		tb.Fatalf("%s did not happen within %v", what, patience)
	}
}

// receive takes a value from a channel.
func receive[T any](tb testing.TB, what string, from <-chan T) T {
	tb.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		tb.Fatalf("%s did not happen within %v", what, patience)
		panic("unreachable")
	}
}

// logged keeps what was logged.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) add(prefix, args string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, prefix+args)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// counter counts from any goroutine.
type counter struct{ atomic.Int64 }
