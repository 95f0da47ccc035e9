// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/downstream"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// longUpload is more than all buffers on the way hold.
const longUpload = 24 * mebi

// Many clients send all of an upload before they read the response. They get it all the same.
func TestClientThatSendsAllFirstGetsTheRefusal(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	length := fmt.Sprintf("Content-Length: %d\r\n", longUpload)
	const chunk = 64 << 10
	chunked := fmt.Sprintf("%x\r\n%s\r\n", chunk, strings.Repeat("x", chunk))
	for _, test := range []struct {
		name, head string
		// content is sent so many times.
		content string
		times   int
		end     string
		status  int
		closes  bool
	}{
		{"refused by its path, with a length", "POST /nowhere HTTP/1.1\r\nHost: a\r\n" + length,
			strings.Repeat("x", chunk), longUpload / chunk, "", 404, true},
		{"refused by its path, in chunks", "POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
			chunked, longUpload / chunk, "0\r\n\r\n", 404, true},
		{"with a head that is refused", "POST / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n" + length,
			strings.Repeat("x", chunk), longUpload / chunk, "", 400, true},
		{"refused by the endpoint, which reads on", "POST /read HTTP/1.1\r\nHost: a\r\n" + length,
			strings.Repeat("x", chunk), longUpload / chunk, "", 413, false},
		{"refused by the endpoint, in chunks", "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
			chunked, longUpload / chunk, "0\r\n\r\n", 413, false},
		{"refused by the endpoint, which closes", "POST /close HTTP/1.1\r\nHost: a\r\n" + length,
			strings.Repeat("x", chunk), longUpload / chunk, "", 413, false},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, over TLS %v", test.name, secure), func(t *testing.T) {
				t.Parallel()
				b := startBackend(t, refuseEarly)
				p := serve(t)
				p.apply(with(snapshotOf([]snapshot.Host{hostOf("", prefix("/read", "pool"), prefix("/close", "pool"), exact("/", "pool"))},
					poolOf("pool", b.address)), issue(t, "a", key, "a")))
				client, send := p.dialAs(secure)
				send(test.head + "\r\n")
				for range test.times {
					send(test.content)
				}
				send(test.end)
				got := client.reply("POST")
				if got.Status != test.status || got.Close != test.closes {
					t.Errorf("got %d, close %v, want %d, close %v", got.Status, got.Close, test.status, test.closes)
				}
				if test.closes {
					return
				}
				send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
				if got := client.reply("GET"); got.Status != 404 {
					t.Errorf("the next request on the connection got %d, want 404", got.Status)
				}
			})
		}
	}
}

// refuseEarly answers before it has read the content. Then it reads that, or closes.
func refuseEarly(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	if r.URL.Path == "/close" {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Length", "0") // complete with its head
	w.WriteHeader(http.StatusRequestEntityTooLarge)
	_ = control.Flush()
	if r.URL.Path == "/read" {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// A client that waits for the end of the connection, and has sent a part of its content only, gets that end.
func TestClientThatSendsNoMoreGetsTheEnd(t *testing.T) {
	t.Parallel()
	p := serve(t)
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello")
	if got := client.reply("POST"); got.Status != 404 || !got.Close {
		t.Errorf("got %d, close %v, want 404 and a close", got.Status, got.Close)
	}
	client.expectEnd()
	if _, err := client.Write([]byte("more")); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("sending more: %v, want that it is read and dropped", err)
	}
}

// A client of HTTP/2 may go on sending after the response. It gets its windows back, and no reset that could take the
// response from it.
func TestClientThatSendsAllFirstGetsTheRefusalOverHTTP2(t *testing.T) {
	t.Parallel()
	b := startBackend(t, refuseEarly)
	for _, test := range []struct{ name, path, status string }{
		{"refused by its path", "/nowhere", "404"},
		{"refused by the endpoint, which reads on", "/read", "413"},
		{"refused by the endpoint, which closes", "/close", "413"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c)
			p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/read", "pool"), prefix("/close", "pool"))}, poolOf("pool", b.address)))
			c := p.dialFrames()
			c.request(1, false, head("POST", test.path)...)
			if got := c.answer(1); got.status != test.status || !got.ended {
				t.Fatalf("got %v, want %s", got, test.status)
			}
			content := make([]byte, 16<<10)
			own, shared := 256<<10, 1<<20
			for left := longUpload; left > 0; left -= len(content) {
				for own < len(content) || shared < len(content) {
					switch frame := c.next().(type) {
					case *http2.WindowUpdateFrame:
						if frame.StreamID == 0 {
							shared += int(frame.Increment)
						} else {
							own += int(frame.Increment)
						}
					default:
						t.Fatalf("got %v with %d bytes left, want more window", frame, left)
					}
				}
				own, shared = own-len(content), shared-len(content)
				c.check(c.WriteData(1, left <= len(content), content))
			}
			c.get(3, "/nowhere")
			for {
				frame := c.next()
				if reset, ok := frame.(*http2.RSTStreamFrame); ok {
					t.Errorf("got %v, want no reset of a request that came whole", reset)
				}
				if frame.Header().StreamID == 3 {
					return
				}
			}
		})
	}
}

// A client of HTTP/2 that neither sends nor ends its request after the response is asked to end it.
func TestClientThatSendsNoMoreIsResetOverHTTP2(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	c := p.dialFrames()
	c.request(1, false, head("POST", "/")...)
	if got := c.answer(1); got.status != "404" || !got.ended {
		t.Fatalf("got %v, want 404", got)
	}
	if reset, ok := c.next().(*http2.RSTStreamFrame); !ok || reset.ErrCode != http2.ErrCodeNo {
		t.Errorf("got %v, want a reset with NO_ERROR", reset)
	}
	c.ping()
}

// A client of HTTP/2 that stops each of its uploads once it was answered behaves well, however many there are.
func TestUploadsThatAreStoppedAfterTheResponseCostNothing(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	c := p.dialFrames()
	for i := range uint32(1000) {
		stream := 2*i + 1
		c.request(stream, false, append(head("POST", "/"), "content-length", "100000")...)
		if got := c.answer(stream); got.status != "404" || !got.ended {
			t.Fatalf("upload %d got %v, want 404", i, got)
		}
		c.check(c.WriteRSTStream(stream, http2.ErrCodeNo))
	}
	c.ping()
}

// drips begins an upload that is refused, and sends a byte of it now and then until the connection ends.
func (s *served) drips(from string) *wire {
	s.tb.Helper()
	c := s.dialFrom(from)
	c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
	if got := c.reply("POST"); got.Status != 404 {
		s.tb.Fatalf("the upload got %d, want 404", got.Status)
	}
	done := make(chan struct{})
	s.tb.Cleanup(func() { _ = c.Close(); <-done })
	go func() {
		defer close(done)
		for {
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	await(s.tb, "the end of the exchange", func() bool {
		running := 0
		s.server.Each(func(c downstream.Conn) { running += c.Running() })
		return running == 0
	})
	return c
}

// A connection on which only the rest of a refused upload comes gives way to another one.
func TestConnectionWithARefusedUploadGivesWay(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.MaxConnections = 2 })
	first := p.drips("127.0.0.2")
	p.drips("127.0.0.3")
	third := p.dialFrom("127.0.0.4")
	third.send(getNowhere)
	if got := third.reply("GET"); got.Status != 404 {
		t.Errorf("another connection got %d %q, want 404", got.Status, got.reason())
	}
	first.expectClosed()
}

// dripsFrames is drips over HTTP/2.
func (s *served) dripsFrames(from string) *frames {
	s.tb.Helper()
	c := newFrames(s.tb, s.dialFrom(from).TCPConn)
	c.request(1, false, head("POST", "/")...)
	if got := c.answer(1); got.status != "404" || !got.ended {
		s.tb.Fatalf("the upload got %v, want 404", got)
	}
	done := make(chan struct{})
	s.tb.Cleanup(func() { _ = c.conn.Close(); <-done })
	go func() {
		defer close(done)
		for c.WriteData(1, false, []byte("x")) == nil {
			time.Sleep(100 * time.Millisecond)
		}
	}()
	return c
}

// The same is true over HTTP/2, but not while another stream is open.
func TestConnectionWithARefusedUploadGivesWayOverHTTP2(t *testing.T) {
	t.Parallel()
	arrived, answer := make(chan struct{}), make(chan struct{})
	b := startBackend(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-answer
	})
	end := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(end) // or the backend would not end
	p := serve(t, h2c, func(c *Config) { c.MaxConnections = 2 })
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/busy", "pool"))}, poolOf("pool", b.address)))
	busy := newFrames(t, p.dialFrom("127.0.0.2").TCPConn)
	busy.request(1, false, head("POST", "/")...)
	busy.answer(1)
	busy.get(3, "/busy")
	receive(t, "a request", arrived)
	dropping := p.dripsFrames("127.0.0.3")
	// The answer may arrive before the connection counts as one that gives way.
	await(t, "a place for another connection", func() bool {
		third := p.dialFrom("127.0.0.4")
		third.send(getNowhere)
		return third.reply("GET").Status == 404
	})
	dropping.expectGoAway(http2.ErrCodeNo)
	end()
	if got := busy.answer(3); got.status != "200" {
		t.Errorf("the connection that is busy got %v, want 200", got)
	}
}

// A drain does not wait for the rest of a refused upload. The client gets the end of the connection before its close.
func TestDrainDoesNotWaitForRefusedUploads(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.DrainTimeout = patience })
	client := p.drips("127.0.0.2")
	began := time.Now()
	done := p.shutdown(t.Context())
	client.expectEnd()
	if err := receive(t, "the end of the drain", done); err != nil {
		t.Errorf("draining: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the drain took %v", took)
	}
}
