// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// parkingWire is a wire that gets a buffer only when there is something to read, and cannot be read meanwhile.
type parkingWire struct {
	*wire
	parked bool
	served int
}

func (w *parkingWire) Read(p []byte) (int, error) {
	if w.parked {
		return 0, errors.New("a read of a parked transport")
	}
	return w.wire.Read(p)
}

func (w *parkingWire) ReadParked(buffers *buffer.Pool, size int, got func([]byte, int) bool) error {
	w.parked = true
	defer func() { w.parked = false }()
	for again := true; again; {
		buf := buffers.Get(size)
		n, err := w.wire.Read(buf)
		if err != nil {
			buffers.Put(buf)
			return err
		}
		w.served++
		again = got(buf, n)
	}
	return nil
}

// serveParked is serveAll from within the wait for requests, as long as what is there suffices.
func serveParked(w *parkingWire) (all []served, err error) {
	c, req := newTestServer(w), new(message.Request)
	headRead, ended := false, false
	serve := func(parked bool) (done bool) {
		if !headRead {
			if err = c.ReadRequest(req); err == ErrParked {
				return false
			} else if err != nil {
				ended = true
				return false
			}
		}
		if headRead = parked && !c.ContentBuffered(); headRead {
			return false
		}
		var s served
		s, err = finish(c, req)
		all = append(all, s)
		ended = !s.Reusable
		return !ended
	}
	for !ended {
		if c.Await(func() bool { return serve(true) && !c.Buffered() }) != nil {
			break
		}
		if !ended {
			serve(false)
		}
	}
	return all, err
}

// begin reads the next request of a connection.
func begin(t *testing.T, c *ServerConn) *message.Request {
	t.Helper()
	req := new(message.Request)
	if err := errors.Join(c.Await(nil), c.ReadRequest(req)); err != nil {
		t.Fatal(err)
	}
	return req
}

func TestParkedConnectionIsServedLikeAnyOther(t *testing.T) {
	streams := map[string]string{
		"three requests":          lead + lead + "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"chunks and a request":    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n" + lead,
		"an empty line before":    "\r\n" + lead + "\r\n" + lead,
		"two empty lines before":  lead + "\r\n\r\n" + lead,
		"a refused second":        lead + "GET / HTTP/1.1\r\n\r\n",
		"a torn second":           lead + "GET / HTTP/1.1\r\n",
		"a torn content":          lead + lead[:len(lead)-1],
		"a content that is wrong": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n",
	}
	for name, stream := range streams {
		for _, d := range deliveries(stream) {
			t.Run(name+", "+d.name, func(t *testing.T) {
				pieces := make([][]byte, len(d.pieces))
				copy(pieces, d.pieces)
				want, wantErr := serveAll(newWire(pieces...))
				w := &parkingWire{wire: newWire(d.pieces...)}
				got, err := serveParked(w)
				if diff := cmp.Diff(want, got); diff != "" || err != wantErr {
					t.Errorf("got %v, unparked %v; (-unparked +parked):\n%s", err, wantErr, diff)
				}
				if w.served == 0 {
					t.Error("the connection was never parked")
				}
			})
		}
	}
}

func TestAwaitHoldsNoBufferWhereNothingCame(t *testing.T) {
	for _, end := range []error{io.EOF, os.ErrDeadlineExceeded, errors.New("connection reset")} {
		w := newWire()
		w.end = end
		for name, transport := range map[string]Transport{"plain": w, "parking": &parkingWire{wire: w}} {
			c := newTestServer(transport)
			serve := func() bool { t.Errorf("%s: called for nothing", name); return false }
			if err := c.Await(serve); err != io.EOF || c.in.buf != nil {
				t.Errorf("%s, %v: got %v and a buffer of %d, want %v and none", name, end, err, len(c.in.buf), io.EOF)
			}
		}
	}
}

func TestTimesAreSetAroundTheHead(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
	tests := map[string]struct {
		pieces []string
		// used is set for a connection that had a request before.
		used bool
		want []string
	}{
		"a head that comes whole has the idle time": {
			[]string{head + "hello"}, true, []string{"stall 1m0s"},
		},
		"the first head has the read time": {
			[]string{head + "hello"}, false, []string{"stall 1s"},
		},
		"a head in pieces has the read time for all of them": {
			[]string{head[:10], head[10:20], head[20:]}, true, []string{"stall 1m0s", "expire 1s", "stall 1s"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var pieces [][]byte
			for _, p := range test.pieces {
				pieces = append(pieces, []byte(p))
			}
			w := newWire(pieces...)
			c := newTestServer(w)
			c.used = test.used
			begin(t, c)
			if diff := cmp.Diff(test.want, w.calls); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			c.AwaitContent()
			if got := w.calls[len(w.calls)-1]; got != "stall 1s" {
				t.Errorf("content is awaited with %q", got)
			}
		})
	}
}

func TestHeadThatIsNotThereInTimeIs408(t *testing.T) {
	for _, d := range deliveries("GET / HTTP/1.1\r\nHost: a\r\n") {
		w := newWire(d.pieces...)
		w.end = os.ErrDeadlineExceeded
		if _, err := serveAll(w); err != error(ErrHeadTimeout) || ErrHeadTimeout.Status != 408 {
			t.Errorf("%s: got %v, want %v", d.name, err, ErrHeadTimeout)
		}
	}
}

func TestStartedIsAboutTheRunningExchangesFinalResponse(t *testing.T) {
	c := newTestServer(newWire([]byte(lead + lead)))
	for range 2 {
		begin(t, c)
		if c.Started() {
			t.Error("started before anything was written")
		}
		if err := c.WriteInformational(&message.Response{Status: 100, NoContent: true}); err != nil {
			t.Fatal(err)
		}
		if c.Started() {
			t.Error("started by an informational response")
		}
		c.WriteHead(&message.Response{Status: 200, ContentLength: 2})
		if c.Started() {
			t.Error("started by a head that is pending")
		}
		put(t, c.Response(), "hi")
		if err := c.Response().End(nil); err != nil || !c.Started() {
			t.Errorf("not started by the end: %v", err)
		}
		if !c.SkipContent() || !c.EndExchange() {
			t.Error("the connection is not reusable")
		}
	}
}

func TestHeadCanBeReplacedUntilItLeaves(t *testing.T) {
	w := newWire([]byte(lead))
	c := newTestServer(w)
	begin(t, c)
	c.WriteHead(&message.Response{Status: 200, ContentLength: message.UnknownLength})
	put(t, c.Response(), "half of a resp")
	c.CloseAfter()
	c.WriteHead(&message.Response{Status: 502, ContentLength: 3})
	put(t, c.Response(), "sad")
	if err := c.Response().End(nil); err != nil {
		t.Fatal(err)
	}
	want := "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\nConnection: close\r\n\r\nsad"
	if diff := cmp.Diff(want, w.sent.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.EndExchange() {
		t.Error("the connection is reusable after close was announced")
	}
}

func TestInformationalResponseIsNotSentToA10Client(t *testing.T) {
	for version, want := range map[string]string{"1.1": "HTTP/1.1 100 Continue\r\n\r\n", "1.0": ""} {
		w := newWire([]byte("GET / HTTP/" + version + "\r\nHost: a\r\n\r\n"))
		c := newTestServer(w)
		begin(t, c)
		if err := c.WriteInformational(&message.Response{Status: 100, NoContent: true}); err != nil {
			t.Fatal(err)
		}
		if got := w.sent.String(); got != want {
			t.Errorf("%s: sent %q, want %q", version, got, want)
		}
	}
}

func TestResponseSaysWhetherTheConnectionLasts(t *testing.T) {
	const (
		length    = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		chunks    = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		close     = "Connection: close\r\n"
		keepAlive = "Connection: keep-alive\r\n"
	)
	tests := map[string]struct {
		request string
		length  int64
		last    bool
		want    string
		reused  bool
	}{
		"1.1":                            {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 2, false, length + "\r\nhi", true},
		"1.1, unknown length":            {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", -1, false, chunks + "\r\n2\r\nhi\r\n0\r\n\r\n", true},
		"1.1, made the last":             {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 2, true, length + close + "\r\nhi", false},
		"1.1, closed by the client":      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 2, false, length + close + "\r\nhi", false},
		"1.0":                            {"GET / HTTP/1.0\r\n\r\n", 2, false, length + close + "\r\nhi", false},
		"1.0 kept alive":                 {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 2, false, length + keepAlive + "\r\nhi", true},
		"1.0 kept alive, unknown length": {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", -1, false, "HTTP/1.1 200 OK\r\n" + close + "\r\nhi", false},
		"content that was not read": {
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello", 2, false, length + "\r\nhi", false,
		},
		"content that can be skipped": {
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 2, false, length + "\r\nhi", true,
		},
		"content that was expected and never sent": {
			"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", 2, false, length + "\r\nhi", false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire([]byte(test.request))
			c := newTestServer(w)
			begin(t, c)
			if test.last {
				c.CloseAfter()
			}
			c.WriteHead(&message.Response{Status: 200, ContentLength: test.length})
			put(t, c.Response(), "hi")
			if err := c.Response().End(nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, w.sent.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := c.EndExchange(); got != test.reused {
				t.Errorf("reusable: %t, want %t", got, test.reused)
			}
		})
	}
}

func TestRefusedConnectionIsNotReusable(t *testing.T) {
	for _, refused := range []string{"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\n", "GET / HTTP/3.0\r\nHost: a\r\n\r\n"} {
		w := newWire([]byte(refused + lead))
		c := newTestServer(w)
		if err := c.Await(nil); err != nil {
			t.Fatal(err)
		}
		var want *message.Error
		if err := c.ReadRequest(new(message.Request)); !errors.As(err, &want) {
			t.Fatalf("%q was read with %v", refused, err)
		}
		c.WriteHead(&message.Response{Status: want.Status})
		if err := c.Response().End(nil); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(w.sent.String(), "\r\nConnection: close\r\n") || c.EndExchange() {
			t.Errorf("%q: the connection goes on after %q", refused, w.sent.String())
		}
	}
}

func TestLingeringCloseReadsWhatTheClientStillSends(t *testing.T) {
	tests := map[string]struct {
		linger bool
		want   []string
		left   int
	}{
		"lingering": {true, []string{"close write", "expire 1s", "close"}, 0},
		"at once":   {false, []string{"close"}, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nx"), []byte("y"), []byte("z"), []byte("."))
			c := newTestServer(w)
			begin(t, c)
			w.calls = nil
			c.Close(test.linger)
			if diff := cmp.Diff(test.want, w.calls); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			unread := 0
			for _, p := range w.pieces {
				unread += len(p)
			}
			if unread != test.left {
				t.Errorf("%d bytes were left unread, want %d", unread, test.left)
			}
		})
	}
}

func TestLingeringIsBounded(t *testing.T) {
	w := newWire([]byte(lead), make([]byte, 4*lingerBytes))
	c := newTestServer(w)
	begin(t, c)
	c.Close(true)
	if left := len(w.pieces[0]); left < 4*lingerBytes-lingerBytes-buffer.Small {
		t.Errorf("%d bytes were read", 4*lingerBytes-left)
	}
}

func TestServerDetachGivesWhatCameBehindTheHead(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	for _, behind := range []string{"", "frames"} {
		c := newTestServer(newWire([]byte(head + behind)))
		begin(t, c)
		c.WriteHead(&message.Response{Status: 101, NoContent: true, Upgrade: []byte("websocket")})
		if err := c.Response().End(nil); err != nil {
			t.Fatal(err)
		}
		if got := string(c.Detach()); got != behind {
			t.Errorf("got %q, want %q", got, behind)
		}
	}
}

func TestLongTrailersLeaveNoMemoryOnAnIdleConnection(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
	for name, trailers := range map[string]string{
		"long": longFields(testLimits.HeadBytes - 2), "many": strings.Repeat("A: b\r\n", testLimits.Fields),
	} {
		c := newTestServer(newWire([]byte(head + trailers + "\r\n")))
		begin(t, c)
		if _, err := io.ReadAll(c.Content()); err != nil {
			t.Fatal(err)
		}
		if !c.EndExchange() || cap(c.in.trailerBytes) > keptTrailerBytes || cap(c.in.trailers) > keptTrailers || c.in.buf != nil {
			t.Errorf("%s: %d bytes and %d fields are kept", name, cap(c.in.trailerBytes), cap(c.in.trailers))
		}
	}
}
