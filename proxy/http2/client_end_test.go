// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/message"
)

// How a stream ends tells whether its request can be sent again.
func TestStreamThatTheServerEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(p *peer)
		want error
	}{
		{"refused", func(p *peer) { p.check(p.WriteRSTStream(1, xhttp2.ErrCodeRefusedStream)) }, message.ErrUnprocessed},
		{"above the last stream of a GOAWAY", func(p *peer) { p.check(p.WriteGoAway(0, xhttp2.ErrCodeNo, nil)) }, message.ErrUnprocessed},
		{"above the last stream of the second GOAWAY", func(p *peer) {
			p.check(p.WriteGoAway(highestStream, xhttp2.ErrCodeNo, nil))
			p.check(p.WriteGoAway(0, xhttp2.ErrCodeNo, nil))
		}, message.ErrUnprocessed},
		{"reset", func(p *peer) { p.check(p.WriteRSTStream(1, xhttp2.ErrCodeInternal)) }, message.Reset(codeInternal)},
		{"reset without an error before there is a response", func(p *peer) { p.check(p.WriteRSTStream(1, xhttp2.ErrCodeNo)) }, message.Reset(codeNone)},
		{"refused after a head", func(p *peer) {
			p.headers(1, false, ":status", "200")
			p.check(p.WriteRSTStream(1, xhttp2.ErrCodeRefusedStream))
		}, message.Reset(codeRefusedStream)},
		{"reset within the content", func(p *peer) {
			p.headers(1, false, ":status", "200")
			p.check(p.WriteData(1, false, []byte("x")))
			p.check(p.WriteRSTStream(1, xhttp2.ErrCode(0x1234)))
		}, message.Reset(0x1234)},
		{"with the connection", func(p *peer) { _ = p.conn.Close() }, message.ErrClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, p := dialPeer(t, testConfig())
			s := c.get("/")
			p.awaitHeaders()
			test.end(p)
			status, content, err := read(s)
			if !errors.Is(err, test.want) {
				t.Errorf("got %d %q (%v), want %v", status, content, err, test.want)
			}
			s.EndExchange()
		})
	}
}

// Content that came before the stream was reset is read before the error is.
func TestContentIsReadUpToAReset(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s := c.get("/")
	p.awaitHeaders()
	p.headers(1, false, ":status", "200")
	p.check(p.WriteData(1, false, []byte("hello")))
	p.check(p.WriteRSTStream(1, xhttp2.ErrCodeCancel))
	p.ping()
	if _, content, err := read(s); content != "hello" || !errors.Is(err, message.Reset(codeCancel)) {
		t.Errorf("got %q and %v, want hello and the reset", content, err)
	}
}

// A server that has answered needs no more of the request (RFC 9113, section 8.1).
func TestWholeResponseIsReadThoughTheRequestIsNoLongerWanted(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s := c.post("/")
	p.awaitHeaders()
	p.headers(1, false, ":status", "200")
	p.check(p.WriteData(1, false, []byte("hello")))
	p.headers(1, true, "x-t", "v")
	p.check(p.WriteRSTStream(1, xhttp2.ErrCodeNo))
	p.ping()
	if status, content, err := read(s); status != 200 || content != "hello" || err != nil {
		t.Errorf("got %d %q (%v), want 200 hello", status, content, err)
	}
	if got := describe(s.Content().Trailers()); got != "x-t: v" {
		t.Errorf("the trailers are %q", got)
	}
	if err := write(s.Request(), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Request().Flush(); !errors.Is(err, message.Reset(codeNone)) {
		t.Errorf("sending more: %v, want the reset", err)
	}
	s.EndExchange()
	p.ping()
}

// Streams that a server knows of when it goes away are completed, and then the connection ends.
func TestConnectionEndsAfterTheLastStreamThatAServerWhichGoesAwayKnows(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s, waiting := c.get("/"), c.open()
	p.awaitHeaders()
	p.check(p.WriteGoAway(1, xhttp2.ErrCodeNo, nil))
	p.ping()
	if c.Usable() || c.Open() != nil {
		t.Error("there is another stream")
	}
	waiting.WriteHead(requestOf("GET", "/", 0))
	if err := waiting.Request().End(nil); !errors.Is(err, message.ErrUnprocessed) || waiting.Sent() {
		t.Errorf("a stream that had not begun: %v, sent: %t; want that nothing was done", err, waiting.Sent())
	}
	if err := waiting.ReadResponse(nil); !errors.Is(err, message.ErrUnprocessed) {
		t.Errorf("its response: %v", err)
	}
	waiting.EndExchange()
	p.headers(1, true, ":status", "200")
	if status, _, err := read(s); status != 200 || err != nil {
		t.Errorf("got %d (%v), want 200", status, err)
	}
	s.EndExchange()
	if err := c.end(); err != errDrained {
		t.Errorf("the connection ended: %v", err)
	}
}

// A server may say that it does not speak HTTP/2 before it has read a request. A stream that has not begun returns that
// error.
func TestStreamThatHasNotBegunTellsThatTheServerDoesNotSpeakHTTP2(t *testing.T) {
	t.Parallel()
	near, far := connected(t)
	c := serveClient(t, near, testConfig())
	s := c.open()
	if _, err := io.WriteString(far, "HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := c.end(); err != errForeign {
		t.Errorf("the connection ended: %v", err)
	}
	s.WriteHead(requestOf("GET", "/", 0))
	if err := s.Request().End(nil); err != errForeign || s.Sent() {
		t.Errorf("sending: %v, sent: %t; want that the server does not speak HTTP/2", err, s.Sent())
	}
	if err := s.ReadResponse(nil); err != errForeign {
		t.Errorf("its response: %v", err)
	}
	s.EndExchange()
}

func TestDrainLetsStreamsComeToTheirEnd(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s, waiting := c.get("/"), c.open()
	p.awaitHeaders()
	c.Drain()
	if c.Usable() || c.Open() != nil {
		t.Error("there is another stream")
	}
	waiting.WriteHead(requestOf("GET", "/", 0))
	if err := waiting.Request().End(nil); err != nil {
		t.Errorf("a stream that was opened before: %v", err)
	}
	p.headers(1, true, ":status", "200")
	p.awaitHeaders()
	p.headers(3, true, ":status", "200")
	for _, s := range []*ClientStream{s, waiting} {
		if status, _, err := read(s); status != 200 || err != nil {
			t.Errorf("got %d (%v), want 200", status, err)
		}
		s.EndExchange()
	}
	if err := c.end(); err != errDrained {
		t.Errorf("the connection ended: %v", err)
	}
}

func TestDrainOfAConnectionAtRestEndsIt(t *testing.T) {
	t.Parallel()
	c, _ := dialPeer(t, testConfig())
	c.Drain()
	if err := c.end(); err != errDrained {
		t.Errorf("the connection ended: %v", err)
	}
}

// The server learns at once that nobody wants the response.
func TestCloseResetsTheStream(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s := c.post("/")
	p.awaitHeaders()
	waited := make(chan error)
	go func() { waited <- s.ReadResponse(nil) }()
	_ = s.Close()
	if got := p.awaitReset(1); got != xhttp2.ErrCodeCancel {
		t.Errorf("the stream was reset with %v", got)
	}
	if err := <-waited; err != errStreamClosed {
		t.Errorf("the wait for the response: %v", err)
	}
	if err := s.Request().End(nil); err != errStreamClosed {
		t.Errorf("the end of the request: %v", err)
	}
	_ = s.Close()
	s.EndExchange()
	p.ping() // no second reset
}

func TestExchangeThatIsNotWholeResetsItsStream(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		request  func(c *client) *ClientStream
		response func(p *peer)
	}{
		{"no response", func(c *client) *ClientStream { return c.get("/") }, nil},
		{"a part of the request", func(c *client) *ClientStream { return c.post("/") }, func(p *peer) { p.headers(1, true, ":status", "200") }},
		{"a part of the response", func(c *client) *ClientStream { return c.get("/") }, func(p *peer) { p.headers(1, false, ":status", "200") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, p := dialPeer(t, testConfig())
			s := test.request(c)
			p.awaitHeaders()
			if test.response != nil {
				test.response(p)
				if err := s.ReadResponse(nil); err != nil {
					t.Fatal(err)
				}
			}
			s.EndExchange()
			if got := p.awaitReset(1); got != xhttp2.ErrCodeCancel {
				t.Errorf("the stream was reset with %v", got)
			}
			if n := c.Running(); n != 0 {
				t.Errorf("%d exchanges still run", n)
			}
		})
	}
}

func TestStreamsAreAsManyAsTheServerTakes(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig(), xhttp2.Setting{ID: xhttp2.SettingMaxConcurrentStreams, Val: 2})
	first := c.open()
	c.open()
	if c.Open() != nil {
		t.Error("there was a third stream")
	}
	if !c.Usable() {
		t.Error("a connection that is full is not usable any more")
	}
	first.EndExchange()
	c.open()
	p.check(p.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingMaxConcurrentStreams, Val: 1_000_000}))
	p.ping()
	for range maxStreams - 2 {
		c.open()
	}
	if c.Open() != nil {
		t.Error("there were more streams than we open")
	}
}

// The last numbers are for the streams that are already open. After that, another connection has to be made.
func TestNumbersOfStreamsComeToTheirEnd(t *testing.T) {
	c := NewClientConn(&canned{}, testConfig(), false)
	c.last = highestStream - 2*maxStreams - 4
	for range 2 {
		s := c.Open()
		if s == nil {
			t.Fatal("there was no stream")
		}
		s.WriteHead(requestOf("GET", "/", 0))
		if err := s.Request().End(nil); err != nil {
			t.Fatal(err)
		}
		if s.id%2 != 1 || s.id > highestStream {
			t.Errorf("the number is %d", s.id)
		}
	}
	if c.Open() != nil || c.Usable() {
		t.Error("there is another stream")
	}
}

// An exchange can be closed from anywhere at any time, and its stream is never taken for another exchange's.
func TestStreamsAreClosedAtAnyMoment(t *testing.T) {
	t.Parallel()
	c := dialServer(t, echo)
	content := []byte(strings.Repeat("x", 150_000))
	var running sync.WaitGroup
	for worker := range 8 {
		running.Go(func() {
			for i := range 30 {
				s := c.Open()
				if s == nil {
					t.Error("there was no stream")
					return
				}
				var others sync.WaitGroup
				s.WriteHead(requestOf("POST", fmt.Sprintf("/%d/%d", worker, i), message.UnknownLength))
				if err := s.Request().Flush(); err != nil {
					t.Errorf("sending the head: %v", err)
				}
				others.Go(func() {
					if write(s.Request(), content) == nil {
						_ = s.Request().End(nil)
					}
				})
				if i%3 > 0 {
					others.Go(func() { _ = s.Close() })
				}
				status, got, err := read(s)
				others.Wait()
				switch {
				case err == nil && (status != 200 || got != string(content)):
					t.Errorf("got %d with %d bytes, want 200 with %d", status, len(got), len(content))
				case err != nil && i%3 == 0:
					t.Errorf("an exchange that nobody closed: %v", err)
				}
				s.EndExchange()
			}
		})
	}
	running.Wait()
}

// A server that goes away may close its end before its last frames were read.
func TestLastWordsOfAServerAreReadThoughNothingCanBeSent(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig(), xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 10})
	answered, unprocessed, waiting := c.get("/"), c.get("/"), c.post("/")
	sent := make(chan error)
	go func() { sent <- send(waiting, 100) }()
	p.await("content", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.DataFrame); return ok })
	soon(t, "the wait for the window", waiting.queues)
	c.wire.cut.Store(true)
	late := c.open()
	late.WriteHead(requestOf("GET", "/", 0))
	if err := late.Request().End(nil); err != nil && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the request that finds that nothing can be sent: %v", err)
	}
	if err := <-sent; !errors.Is(err, syscall.EPIPE) {
		t.Errorf("what waits to be sent: %v, want EPIPE", err)
	}
	if c.Usable() || c.Open() != nil {
		t.Error("there is another stream")
	}
	p.headers(1, true, ":status", "200")
	p.check(p.WriteGoAway(1, xhttp2.ErrCodeNo, nil))
	_ = p.conn.Close()
	if status, _, err := read(answered); status != 200 || err != nil {
		t.Errorf("the answered request got %d (%v), want 200", status, err)
	}
	for _, s := range []*ClientStream{unprocessed, waiting, late} {
		if _, _, err := read(s); !errors.Is(err, message.ErrUnprocessed) {
			t.Errorf("what the server did not know of: %v", err)
		}
	}
}

// A server that takes nothing and sends nothing is given up.
func TestServerThatTakesNothingAndSaysNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	config, now := standing()
	c, p := dialPeer(t, config)
	s := c.get("/")
	p.awaitHeaders()
	c.wire.cut.Store(true)
	other := c.open()
	other.WriteHead(requestOf("GET", "/", 0))
	_ = other.Request().End(nil)
	soon(t, "the failure to send", func() bool { return !c.Usable() }) // another goroutine may be the one that sends
	watchAt(c, now, lastWords-1)
	if c.Running() != 2 {
		t.Fatal("the exchanges have ended")
	}
	failed := make(chan error)
	go func() { failed <- s.ReadResponse(nil) }()
	soon(t, "the wait for the head", s.waits)
	watchAt(c, now, lastWords)
	if err := <-failed; err != message.ErrClosed {
		t.Errorf("the exchange: %v", err)
	}
	if err := c.end(); err != message.ErrClosed {
		t.Errorf("the connection ended: %v", err)
	}
}

// A connection to a server that takes no streams at all does not stay: others would have to be made beside it.
func TestIdleConnectionToAServerThatTakesNoStreamsEnds(t *testing.T) {
	t.Parallel()
	config, now := standing()
	c, p := dialPeer(t, config)
	s := c.get("/")
	p.awaitHeaders()
	p.check(p.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingMaxConcurrentStreams, Val: 0}))
	p.ping()
	if c.Usable() || c.Open() != nil {
		t.Error("there is another stream")
	}
	watchAt(c, now, time.Second)
	p.headers(1, true, ":status", "200")
	if status, _, err := read(s); status != 200 || err != nil {
		t.Errorf("the stream that there was: %d, %v; want 200", status, err)
	}
	s.EndExchange()
	watchAt(c, now, 2*time.Second)
	if err := c.end(); err != errDrained {
		t.Errorf("the connection ended: %v, want that it was drained", err)
	}
}

// clogged is a transport that takes nothing until it is closed.
type clogged struct {
	*canned
	closed chan struct{}
}

func (c *clogged) Write([]byte) (int, error) {
	<-c.closed
	return 0, net.ErrClosed
}

// If a server takes nothing any more, an exchange that is given up ends at once: it waits for nobody's write.
func TestExchangeIsGivenUpWhileTheServerTakesNothing(t *testing.T) {
	t.Parallel()
	transport := &clogged{&canned{}, make(chan struct{})}
	c := NewClientConn(transport, testConfig(), false)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range 2 {
			s := c.Open()
			s.WriteHead(requestOf("GET", "/", 0))
			if err := s.Request().End(nil); err != nil {
				t.Errorf("sending the request: %v", err)
			}
			_ = s.Close()
			s.EndExchange()
		}
	}()
	select {
	case <-over:
	case <-time.After(patience):
		t.Error("an exchange waits for the server")
	}
	close(transport.closed)
	c.senders.Wait()
	<-over
}
