// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/downstream"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// resumed says whether a goroutine of this proxy serves a connection that another one has left.
func (s *served) resumed() bool {
	var dump bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&dump, 1)
	for block := range strings.SplitSeq(dump.String(), "\n\n") {
		if strings.Contains(block, fmt.Sprintf("%q", s.tb.Name()+" "+s.address)) && strings.Contains(block, "(*http1Conn).resume") {
			return true
		}
	}
	return false
}

// wakeAll wakes every connection again and again until the returned function is called.
func (s *served) wakeAll() (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				s.server.Each(func(c downstream.Conn) {
					if c, ok := c.(interface{ Rest() bool }); ok {
						c.Rest()
					}
				})
				runtime.Gosched()
			}
		}
	})
	return func() { close(done); running.Wait() }
}

func TestIdleConnectionGoesOnWithAnotherGoroutine(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(b.address))
	c := p.dial()
	for range 3 {
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := c.reply("GET"); got.Status != 200 {
			t.Fatalf("got %d %q, want 200", got.Status, got.reason())
		}
		await(t, "another goroutine", p.resumed)
	}
}

// A request may come just when its connection is woken, whole or in parts.
func TestRequestsMeetWakes(t *testing.T) {
	t.Parallel()
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" && r.Method != "POST" {
			w.WriteHeader(http.StatusTeapot) // the beginning of the request was lost
		}
	})
	p := serve(t)
	p.apply(with(everything(b.address), issue(t, "a", ecdsaKey(t), "a")))
	secure := p.listen("127.0.0.1:0", p.ServeTLS)
	defer p.wakeAll()()
	requests := []struct {
		name  string
		parts []string
		count int
	}{
		{"whole", []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, 1},
		{"in parts", []string{"G", "ET / HTTP/1.1\r\nHo", "st: a\r\n", "\r\n"}, 1},
		{"pipelined", []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT", "TP/1.1\r\nHost: a\r\n\r\n"}, 3},
		{"with content", []string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234", "56789"}, 1},
	}
	var clients sync.WaitGroup
	for _, r := range requests {
		for _, over := range []string{"http", "https"} {
			clients.Go(func() {
				var c interface {
					send(string)
					reply(string) reply
				} = p.dial()
				if over == "https" {
					s, err := dialTLS(t, secure, &tls.Config{ServerName: "a"})
					if err != nil {
						t.Errorf("%s over %s: %v", r.name, over, err)
						return
					}
					c = s
				}
				for range 200 {
					for _, part := range r.parts {
						c.send(part)
						runtime.Gosched()
					}
					for range r.count {
						if got := c.reply("GET"); got.Status != 200 {
							t.Errorf("%s over %s: got %d %q, want 200", r.name, over, got.Status, got.reason())
							return
						}
					}
				}
			})
		}
	}
	clients.Wait()
}

func TestWakesDoNotLengthenTheIdleTime(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.IdleTimeout = 2 * time.Second })
	c := p.dial()
	c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	c.reply("GET")
	defer p.wakeAll()()
	c.expectEnd() // and not after as many idle times as there are wakes
}

func TestShutdownClosesConnectionsThatAreWoken(t *testing.T) {
	t.Parallel()
	p := serve(t)
	var clients []*wire
	for range 20 {
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		c.reply("GET")
		clients = append(clients, c)
	}
	stop := p.wakeAll()
	p.end()
	stop()
	for _, c := range clients {
		c.expectEnd()
	}
}

// Over TLS, too, one byte of a request may come alone.
func TestByteAloneIsTheBeginningOfARequest(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(with(&snapshot.Snapshot{}, issue(t, "a", ecdsaKey(t), "a")))
	c, err := dialTLS(t, p.listen("127.0.0.1:0", p.ServeTLS), &tls.Config{ServerName: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq("G|E|T / HTTP/1.1\r\nHost: a\r\n\r|\n", "|") {
		c.send(part)
	}
	if got := c.reply("GET"); got.Status != 404 {
		t.Errorf("got %d %q, want 404", got.Status, got.reason())
	}
}

func TestMemoryIsGivenBackOnceConnectionsHaveComeToRest(t *testing.T) {
	t.Parallel()
	var f freed
	for i, look := range []struct {
		woken int
		now   time.Duration
		want  bool
	}{
		{600, 1 * time.Second, false},
		{600, 2 * time.Second, false}, // more may come at once
		{0, 3 * time.Second, true},
		{0, 4 * time.Second, false},
		{2000, 5 * time.Second, false},
		{0, 6 * time.Second, false}, // too soon after the last time
		{0, 63 * time.Second, true},
		{999, 200 * time.Second, false},
		{0, 201 * time.Second, false}, // too few
		{1, 202 * time.Second, false},
		{0, 203 * time.Second, true},
	} {
		if got := f.due(look.woken, look.now); got != look.want {
			t.Errorf("look %d: got %v, want %v", i, got, look.want)
		}
	}
}

// together gathers what is written to it. It can send that at once or byte by byte.
type together struct {
	net.Conn
	held    bytes.Buffer
	holding bool
}

func (c *together) Write(b []byte) (int, error) {
	if c.holding {
		return c.held.Write(b)
	}
	return c.Conn.Write(b)
}

// holdTLS makes a TLS connection that holds back everything after the handshake.
func holdTLS(t *testing.T, address string) (*together, *tls.Conn) {
	t.Helper()
	below := &together{Conn: dial(t, address).TCPConn}
	// With TLS 1.2 an alert can come with the last data.
	stream := tls.Client(below, &tls.Config{ServerName: "a", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err := stream.Handshake(); err != nil {
		t.Fatal(err)
	}
	below.holding = true
	return below, stream
}

func TestRequestThatComesWithTheEndOfItsStreamIsAnswered(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(with(&snapshot.Snapshot{}, issue(t, "a", ecdsaKey(t), "a")))
	below, stream := holdTLS(t, p.listen("127.0.0.1:0", p.ServeTLS))
	if _, err := io.WriteString(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := below.SetWriteDeadline(time.Time{}); err != nil { // the end of the stream set one
		t.Fatal(err)
	}
	if _, err := below.Conn.Write(below.held.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := stream.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stream).ReadString('\n'); line != "HTTP/1.1 404 Not Found\r\n" {
		t.Errorf("got %q, %v, want 404", line, err)
	}
}

// A record that comes byte by byte counts as a head that does, although no byte of the head is known before its last.
func TestRecordThatDripsEndsWithTheReadTimeout(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.ReadTimeout = 300 * time.Millisecond })
	p.apply(with(&snapshot.Snapshot{}, issue(t, "a", ecdsaKey(t), "a")))
	below, stream := holdTLS(t, p.listen("127.0.0.1:0", p.ServeTLS))
	if _, err := io.WriteString(stream, "GET / HTTP/1.1\r\nHost: a\r\nX: "+strings.Repeat("x", 10_000)+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	rest := below.held.Bytes()
	await(t, "the end of the connection", func() bool {
		if len(rest) == 1 {
			t.Fatal("the whole record was taken")
		}
		_, err := below.Conn.Write(rest[:1])
		rest = rest[1:]
		time.Sleep(10 * time.Millisecond)
		return err != nil
	})
}

// Serving a request takes a stack of 8 KiB. A connection that waits for the next one must not keep it. The test runs
// alone, because it counts the stacks of the whole process.
func TestIdleConnectionsHoldSmallStacks(t *testing.T) {
	const connections, most = 500, 4 << 10
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(b.address))
	before := stackInUse()
	for range connections {
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		c.reply("GET")
	}
	await(t, "stacks given back", func() bool { return stackInUse() < before+connections*most })
}

func stackInUse() uint64 {
	runtime.GC() // this frees dead goroutines' stacks
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.StackInuse
}
