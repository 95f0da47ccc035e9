// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
)

const (
	// stray is a response that answers no request.
	stray     = "HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nevil"
	nextGet   = "GET /next HTTP/1.1\r\nHost: b\r\n\r\n"
	nextPost  = "POST /next HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nhi"
	nextReply = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"
)

// acceptSecure takes the next connection that the proxy made to the script. It is the TLS server.
func (s *script) acceptSecure(config *tls.Config) (*wire, *tls.Conn) {
	s.tb.Helper()
	w := s.accept()
	c := tls.Server(&together{Conn: w.TCPConn}, config)
	if err := c.Handshake(); err != nil {
		s.tb.Fatal(err)
	}
	w.in = bufio.NewReader(c)
	return w, c
}

func sealed(t *testing.T, c *tls.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// If an endpoint sent something on a connection since its last response, or ended it, nobody uses that connection any
// more, however short its rest was. The next client may speak another version and mean another host. Only the service
// is the same.
func TestNextClientGetsItsOwnAnswer(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]func(*wire){
		"a whole response":        func(up *wire) { up.send(stray) },
		"the content of another":  func(up *wire) { up.send("evil") },
		"a byte":                  func(up *wire) { up.send("H") },
		"an empty line":           func(up *wire) { up.send("\r\n") },
		"an informational one":    func(up *wire) { up.send("HTTP/1.1 103 Early Hints\r\n\r\n") },
		"its end":                 func(up *wire) { _ = up.CloseWrite() },
		"a response and its end":  func(up *wire) { up.send(stray); _ = up.CloseWrite() },
		"half of one and its end": func(up *wire) { up.send(stray[:20]); _ = up.CloseWrite() },
	} {
		for _, next := range []string{nextGet, nextPost, "over HTTP/2"} {
			method, _, _ := strings.Cut(next, " ")
			t.Run(name+", "+method, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t, h2c)
				p.apply(everything(endpoint.address))
				client := p.dial()
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				up := endpoint.accept()
				up.head()
				up.send(okReply)
				client.reply("GET")
				await(t, "the connection's rest", func() bool { return p.idle() == 1 })
				more(up)
				var got string
				answered := make(chan struct{})
				if next == "over HTTP/2" {
					other := p.dialFrames()
					other.get(1, "/next")
					go func() { defer close(answered); got = other.answer(1).body }()
				} else {
					other := p.dial()
					other.send(next)
					go func() { defer close(answered); got = other.reply(method).Body }()
				}
				fresh := endpoint.accept()
				fresh.request()
				fresh.send(nextReply)
				receive(t, "the answer", answered)
				if got != "next" {
					t.Errorf("got %q, want the next request's own answer", got)
				}
			})
		}
	}
}

// Bytes in the buffers of TLS count as those in the socket. What TLS itself sends is no answer to anything.
func TestNextClientGetsItsOwnAnswerFromAnEndpointOverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	certificate := a.sign(t, []string{backendName})
	for _, test := range []struct {
		name string
		// answer sends okReply and what follows at once. more sends what follows later.
		answer, more func(up *wire, c *tls.Conn)
		reused       bool
	}{
		{"nothing", nil, nil, true},
		{"a record later", nil, func(_ *wire, c *tls.Conn) { sealed(t, c, stray) }, false},
		{"the end of TLS", nil, func(_ *wire, c *tls.Conn) { _ = c.CloseWrite() }, false},
		{"the end of TCP", nil, func(up *wire, _ *tls.Conn) { _ = up.CloseWrite() }, false},
		{"in the same record", func(_ *wire, c *tls.Conn) { sealed(t, c, okReply+stray) }, nil, false},
		{"a record at once", func(up *wire, c *tls.Conn) {
			up.send(tlsRecord(t, c, okReply) + tlsRecord(t, c, stray))
		}, nil, false},
		{"the beginning of a record at once", func(up *wire, c *tls.Conn) {
			up.send(tlsRecord(t, c, okReply) + tlsRecord(t, c, stray)[:9])
		}, nil, false},
		{"the beginning of a record later", nil, func(up *wire, c *tls.Conn) { up.send(tlsRecord(t, c, stray)[:3]) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := &tls.Config{Certificates: []tls.Certificate{certificate}}
			endpoint := startScript(t)
			p := serve(t)
			p.apply(over(trusting(a), everything(endpoint.address)))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up, c := endpoint.acceptSecure(config)
			up.request()
			if test.answer != nil {
				test.answer(up, c)
			} else {
				sealed(t, c, okReply)
			}
			client.reply("GET")
			if test.answer == nil {
				await(t, "the connection's rest", func() bool { return p.idle() == 1 })
			}
			if test.more != nil {
				test.more(up, c)
			}
			other := p.dial()
			other.send(nextGet)
			if !test.reused {
				up, c = endpoint.acceptSecure(config)
			}
			up.request()
			sealed(t, c, nextReply)
			if got := other.reply("GET"); got.Body != "next" {
				t.Errorf("got %d %q, want the next request's own answer", got.Status, got.Body)
			}
		})
	}
}

// tlsRecord returns what an endpoint would send of a text over TLS.
func tlsRecord(t *testing.T, c *tls.Conn, text string) string {
	t.Helper()
	below := c.NetConn().(*together)
	below.held.Reset()
	below.holding = true
	defer func() { below.holding = false }()
	sealed(t, c, text)
	return below.held.String()
}

// A server that sends content where there must be none does so a moment after the head. The next request may be there
// by then. It gets its answer from a new connection, if it can be sent twice.
func TestContentThatMustNotBeThereIsNobodysAnswer(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]string{
		"HEAD": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		"GET":  "HTTP/1.1 204 No Content\r\n\r\n",
	} {
		for _, content := range []string{"hello", "hello\r\n\r\n", "<html>\r\n<p>HTTP/1.1 200 OK\r\n\r\n"} {
			for _, test := range []struct {
				next   string
				status int
			}{{nextGet, 200}, {nextPost, 502}} {
				method, _, _ := strings.Cut(test.next, " ")
				t.Run(fmt.Sprintf("%s, %q, %s", name, content, method), func(t *testing.T) {
					t.Parallel()
					endpoint := startScript(t)
					p := serve(t)
					p.apply(everything(endpoint.address))
					client := p.dial()
					client.send(name + " / HTTP/1.1\r\nHost: a\r\n\r\n")
					up := endpoint.accept()
					up.head()
					up.send(response)
					client.reply(name)
					await(t, "the connection's rest", func() bool { return p.idle() == 1 })
					other := p.dial()
					other.send(test.next)
					up.request()
					up.send(content)
					if test.status == 200 {
						fresh := endpoint.accept()
						fresh.request()
						fresh.send(nextReply)
					}
					got := other.reply(method)
					if got.Status != test.status || got.Status == 200 && got.Body != "next" {
						t.Errorf("got %d %q %q, want %d", got.Status, got.reason(), got.Body, test.status)
					}
					if want := endpoint.accepted.Load(); test.status != 200 && want != 1 {
						t.Errorf("the request was sent to %d connections, want 1", want)
					}
				})
			}
		}
	}
}

// If an answer on a new connection makes no sense, the request is not sent again.
func TestEndpointThatSpeaksNoHTTPIsAskedOnce(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("220 smtp.example.com")
	if got := client.reply("GET"); got.Status != 502 || got.reason() != "UpstreamMalformed" ||
		endpoint.accepted.Load() != 1 {
		t.Errorf("got %d %q after %d connections, want 502 UpstreamMalformed after 1",
			got.Status, got.reason(), endpoint.accepted.Load())
	}
}

// If an answer comes while its request is still on its way to the endpoint, it belongs to another request.
func TestAnswerThatIsFasterThanItsRequestIsNobodys(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method string
		status int
	}{{"GET", 200}, {"POST", 502}} {
		t.Run(test.method, func(t *testing.T) {
			t.Parallel()
			endpoint := startNarrow(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(okReply)
			client.reply("GET")
			await(t, "the connection's rest", func() bool { return p.idle() == 1 })
			client.send(test.method + " /next HTTP/1.1\r\nHost: a\r\nX-Long: " + strings.Repeat("x", 15<<10) +
				"\r\nX-Longer: " + strings.Repeat("y", 15<<10) + "\r\n\r\n")
			if _, err := up.in.Peek(1); err != nil { // it has begun
				t.Fatal(err)
			}
			up.send(stray)
			if test.status == 200 {
				fresh := endpoint.accept()
				fresh.request()
				fresh.send(nextReply)
			}
			if got := client.reply(test.method); got.Status != test.status {
				t.Errorf("got %d %q, want %d", got.Status, got.Body, test.status)
			}
		})
	}
}

// startNarrow starts a script whose connections take little unless somebody reads.
func startNarrow(t *testing.T) *script {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return scriptOn(t, l)
}

// A server that did not understand a request may stay confused. The client that asked gets the answer, and nobody uses
// the connection next.
func TestConnectionOfAConfusedEndpointIsClosed(t *testing.T) {
	t.Parallel()
	for status, closed := range map[int]bool{
		400: true, 408: true, 413: true, 414: true, 431: true, 501: true, 505: true,
		200: false, 401: false, 403: false, 404: false, 405: false, 422: false, 429: false,
		500: false, 502: false, 503: false,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(fmt.Sprintf("HTTP/1.1 %d Why\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nwhy", status))
			if got := client.reply("GET"); got.Status != status || got.Body != "why" || got.reason() != "" {
				t.Errorf("got %d %q, want the endpoint's answer", got.Status, got.Body)
			}
			client.send(nextGet) // the connection to the client has nothing to do with that
			if closed {
				up.expectEnd()
				up = endpoint.accept()
			}
			if got := up.request().URL.Path; got != "/next" {
				t.Errorf("the endpoint got %s, want /next", got)
			}
			up.send(nextReply)
			if got := client.reply("GET"); got.Body != "next" {
				t.Errorf("got %d %q, want next", got.Status, got.Body)
			}
		})
	}
}
