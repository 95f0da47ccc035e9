// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

// exchangingWire is a wire that can send and wait in one step. It takes at most takes bytes in it.
type exchangingWire struct {
	*wire
	takes int
	fault error
}

func (w *exchangingWire) Exchange(request, p []byte) (sent, n int, err error) {
	w.call("exchange")
	sent = min(len(request), w.takes)
	w.sent.Write(request[:sent])
	switch {
	case sent < len(request):
		return sent, 0, w.fault
	case w.fault != nil:
		return sent, 0, w.fault
	}
	n, err = w.Read(p)
	return sent, n, err
}

func getRequest() *message.Request {
	return &message.Request{Method: []byte("GET"), Authority: []byte("a"), Path: []byte("/")}
}

const (
	getHead    = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	emptyReply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
)

func TestRequestIsSentAndAnsweredInOneStep(t *testing.T) {
	errTorn := errors.New("connection reset")
	tests := map[string]struct {
		takes    int
		fault    error
		pieces   []string
		want     error
		wantSent bool
	}{
		"whole":                               {1000, nil, []string{emptyReply}, nil, true},
		"an answer in pieces":                 {1000, nil, []string{"HTTP/1.1 2", "00 OK\r\nContent-Length: 0\r\n\r", "\n"}, nil, true},
		"the rest by a write":                 {5, syscall.EAGAIN, []string{emptyReply}, nil, true},
		"all of it by a write":                {0, syscall.EAGAIN, []string{emptyReply}, nil, true},
		"a write that fails and an answer":    {5, syscall.EPIPE, []string{emptyReply}, nil, true},
		"a write that fails before any byte":  {0, syscall.EPIPE, nil, io.EOF, false},
		"a write that fails after some bytes": {5, syscall.EPIPE, nil, io.EOF, true},
		"a wait that fails":                   {1000, errTorn, nil, errTorn, true},
		"no answer":                           {1000, nil, nil, io.EOF, true},
		"part of an answer":                   {1000, nil, []string{"HTTP/1.1"}, io.ErrUnexpectedEOF, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var pieces [][]byte
			for _, p := range test.pieces {
				pieces = append(pieces, []byte(p))
			}
			w := &exchangingWire{wire: newWire(pieces...), takes: test.takes, fault: test.fault}
			c := newTestClient(w)
			c.WriteHead(getRequest())
			if err := c.Request().End(nil); err != nil || c.Sent() {
				t.Fatalf("End: %v, sent: %t; want nothing to have left", err, c.Sent())
			}
			if err := c.ReadResponse([]byte("GET")); err != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if c.Sent() != test.wantSent {
				t.Errorf("sent: %t, want %t", c.Sent(), test.wantSent)
			}
			if test.want == nil && test.fault != syscall.EPIPE {
				if diff := cmp.Diff(getHead, w.sent.String()); diff != "" {
					t.Errorf("sent (-want +got):\n%s", diff)
				}
			}
			if got := c.EndExchange(true); got != (test.want == nil) {
				t.Errorf("reusable: %t", got)
			}
		})
	}
}

func TestRequestIsSentOnceWhateverComesBeforeItsResponse(t *testing.T) {
	w := &exchangingWire{wire: newWire([]byte("HTTP/1.1 103 Early Hints\r\n\r\n"), []byte(emptyReply)), takes: 1000}
	c := newTestClient(w)
	c.WriteHead(getRequest())
	if err := c.Request().End(nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{103, 200} {
		if err := c.ReadResponse([]byte("GET")); err != nil || c.Response.Status != want {
			t.Fatalf("got %d, %v, want %d", c.Response.Status, err, want)
		}
	}
	if diff := cmp.Diff([]string{"exchange"}, w.calls); diff != "" || w.sent.String() != getHead {
		t.Errorf("sent %q, (-want +got):\n%s", w.sent.String(), diff)
	}
}

func TestReadingAResponseLeavesPendingContentToItsWriter(t *testing.T) {
	// Another goroutine may send the content: it has a part pending while a 100 and then the response arrive.
	w := &exchangingWire{wire: newWire([]byte("HTTP/1.1 100 Continue\r\n\r\n"), []byte(emptyReply)), takes: 1000}
	c := newTestClient(w)
	req := getRequest()
	req.ContentLength = 5
	c.WriteHead(req)
	out := c.Request()
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	put(t, out, "hel")
	head := w.sent.String()
	for _, want := range []int{100, 200} {
		if err := c.ReadResponse(req.Method); err != nil || c.Response.Status != want {
			t.Fatalf("got %d, %v, want %d", c.Response.Status, err, want)
		}
	}
	if got := w.sent.String(); got != head {
		t.Errorf("reading sent %q", got[len(head):])
	}
	put(t, out, "lo")
	if err := out.End(nil); err != nil {
		t.Fatal(err)
	}
	if got := w.sent.String(); got != head+"hello" {
		t.Errorf("sent %q, want the head and then %q", got, "hello")
	}
}

// put makes content pending.
func put(t testing.TB, w message.Writer, content string) {
	t.Helper()
	for len(content) > 0 {
		room, err := w.Room()
		if err != nil {
			t.Fatal(err)
		}
		n := copy(room, content)
		if err := w.Advance(n); err != nil {
			t.Fatal(err)
		}
		content = content[n:]
	}
}

// The request says that it is the last, whatever the server says.
func TestConnectionIsNotReusedAfterARequestThatEndsIt(t *testing.T) {
	c := newTestClient(newWire([]byte("HTTP/1.1 204 X\r\nConnection: keep-alive\r\n\r\n")))
	req := getRequest()
	req.EndsConnection = true
	c.WriteHead(req)
	if err := errors.Join(c.Request().End(nil), c.ReadResponse([]byte("GET"))); err != nil || c.EndExchange(true) {
		t.Errorf("it is reusable (%v)", err)
	}
}

func TestConnectionIsReusedOnlyAfterAWholeExchange(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	tests := map[string]struct {
		stream string
		method string
		// read is how much of the content is read.
		read        int
		requestSent bool
		want        bool
	}{
		"whole":                      {whole, "GET", 5, true, true},
		"content not read":           {whole, "GET", 0, true, false},
		"content read in part":       {whole, "GET", 4, true, false},
		"request not sent whole":     {whole, "GET", 5, false, false},
		"only an informational one":  {"HTTP/1.1 100 Continue\r\n\r\n", "GET", 0, true, false},
		"a change of protocol":       {"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "GET", 0, true, false},
		"closed by the server":       {"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n", "GET", 0, true, false},
		"no content":                 {"HTTP/1.1 204 X\r\n\r\n", "GET", 0, true, true},
		"HEAD":                       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", 0, true, true},
		"chunks, the end not read":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "GET", 5, true, false},
		"chunks, the end was read":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "GET", 5, true, true},
		"up to the close, not ended": {"HTTP/1.1 200 OK\r\n\r\nhello", "GET", 5, true, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(newWire([]byte(test.stream)))
			c.WriteHead(getRequest())
			if err := errors.Join(c.Request().End(nil), c.ReadResponse([]byte(test.method))); err != nil {
				t.Fatal(err)
			}
			if test.read > 0 {
				if n, err := c.Content().Read(make([]byte, test.read)); n != test.read || err != nil && err != io.EOF {
					t.Fatalf("read %d, %v", n, err)
				}
			}
			if got := c.EndExchange(test.requestSent); got != test.want {
				t.Errorf("reusable: %t, want %t", got, test.want)
			}
		})
	}
}

func TestReusedConnectionForgetsTheExchangeBefore(t *testing.T) {
	w := newWire([]byte("HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n"))
	c := newTestClient(w)
	exchange := func() (string, error) {
		c.WriteHead(getRequest())
		if c.Sent() {
			t.Error("a new request counts as sent before a byte of it left")
		}
		if err := errors.Join(c.Request().End(nil), c.ReadResponse([]byte("GET"))); err != nil {
			return "", err
		}
		content, err := io.ReadAll(c.Content())
		return string(content), err
	}
	if content, err := exchange(); content != "hello" || err != nil || !c.EndExchange(true) {
		t.Fatalf("the first: %q, %v", content, err)
	}
	w.pieces = append(w.pieces, []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
	content, err := exchange()
	if content != "hi" || err != nil || len(passed(c.Response.Fields)) > 0 || len(c.Content().Trailers()) > 0 || !c.EndExchange(true) {
		t.Errorf("the second: %q, %v with %v and %v", content, err, c.Response.Fields, c.Content().Trailers())
	}
	// The third request is never answered: what the second left must not make the connection look reusable.
	if _, err := exchange(); !errors.Is(err, io.EOF) || c.EndExchange(true) {
		t.Errorf("the third: %v", err)
	}
	if got := w.sent.String(); got != getHead+getHead+getHead {
		t.Errorf("sent %q", got)
	}
}

func TestDetachGivesWhatCameBehindTheHead(t *testing.T) {
	const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
	for _, behind := range []string{"", "frames"} {
		c := newTestClient(newWire([]byte(head + behind)))
		if err := c.ReadResponse([]byte("GET")); err != nil {
			t.Fatal(err)
		}
		if got := string(c.Detach()); got != behind {
			t.Errorf("got %q, want %q", got, behind)
		}
	}
}
