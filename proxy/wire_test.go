// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wire is one end of a TCP connection, a client's or an endpoint's. A test writes and reads its bytes itself. It fails
// the test if the other end does not do what is expected within patience.
type wire struct {
	*net.TCPConn
	tb testing.TB
	in *bufio.Reader
}

func newWire(tb testing.TB, c net.Conn) *wire {
	tb.Helper()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return &wire{TCPConn: c.(*net.TCPConn), tb: tb, in: bufio.NewReader(c)}
}

func dial(tb testing.TB, address string) *wire {
	tb.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		tb.Fatal(err)
	}
	return newWire(tb, c)
}

func (w *wire) send(s string) {
	w.tb.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		w.tb.Fatalf("sending %.80q: %v", s, err)
	}
}

// head reads up to the end of a head.
func (w *wire) head() string {
	w.tb.Helper()
	var b strings.Builder
	for !strings.HasSuffix(b.String(), "\r\n\r\n") {
		c, err := w.in.ReadByte()
		if err != nil {
			w.tb.Fatalf("reading a head: %v after %q", err, b.String())
		}
		b.WriteByte(c)
	}
	return b.String()
}

// expect reads exactly these bytes, but for the id of a request that its response tells.
func (w *wire) expect(want string) {
	w.tb.Helper()
	var got []byte
	for len(got) < len(want) {
		if bytes.HasSuffix(got, []byte("\r\n")) && w.skipRequestID() {
			continue
		}
		c, err := w.in.ReadByte()
		if err != nil {
			w.tb.Fatalf("received %q (%v), want %q", got, err, want)
		}
		got = append(got, c)
	}
	if string(got) != want {
		w.tb.Fatalf("received %q, want %q", got, want)
	}
}

// skipRequestID reads a line with a request's id, if that is next.
func (w *wire) skipRequestID() bool {
	const name = "X-Request-Id: "
	for n := range len(name) {
		next, err := w.in.Peek(n + 1) // one more at a time: it waits for as many
		if err != nil || string(next) != name[:n+1] {
			return false
		}
	}
	_, err := w.in.ReadString('\n')
	return err == nil
}

// ending reads to the end. It returns what came and how it ended: nil for an orderly end.
func (w *wire) ending() (string, error) {
	w.tb.Helper()
	rest, err := io.ReadAll(w.in)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.tb.Fatalf("the connection did not end; received %q", rest)
	}
	return string(rest), err
}

// expectEnd expects the other end to close, with nothing more to read.
func (w *wire) expectEnd() {
	w.tb.Helper()
	if rest, err := w.ending(); err != nil || rest != "" {
		w.tb.Fatalf("received %q (%v), want the orderly end", rest, err)
	}
}

// expectClosed expects the other end to close or reset the connection.
func (w *wire) expectClosed() {
	w.tb.Helper()
	if rest, err := w.ending(); rest != "" || err != nil && !isReset(err) {
		w.tb.Fatalf("received %q (%v), want the end", rest, err)
	}
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// abort resets the connection.
func (w *wire) abort() {
	_ = w.SetLinger(0)
	_ = w.Close()
}

// reply is a whole response as net/http's parser understands it, which is not ours.
type reply struct {
	Status  int
	Header  http.Header
	Trailer http.Header
	Body    string
	// Length is what Content-Length says, or -1 without one.
	Length int64
	Coding []string
	// Close says that the connection ends after the response.
	Close bool
}

func (r reply) reason() string {
	_, quoted, _ := strings.Cut(r.Header.Get("Proxy-Status"), `details="`)
	name, _, _ := strings.Cut(quoted, `"`)
	return name
}

// tryReply reads a response to a method. The error says why it is not whole.
func (w *wire) tryReply(method string) (reply, error) {
	r, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		return reply{}, err
	}
	body, err := io.ReadAll(r.Body)
	return reply{
		Status: r.StatusCode, Header: r.Header, Trailer: r.Trailer, Body: string(body),
		Length: r.ContentLength, Coding: r.TransferEncoding, Close: r.Close,
	}, err
}

// reply reads a whole response.
func (w *wire) reply(method string) reply {
	w.tb.Helper()
	r, err := w.tryReply(method)
	if err != nil {
		w.tb.Fatalf("reading a response: %v after %+v", err, r)
	}
	return r
}

// expectTorn expects that the rest of a response is not whole, and that the client sees that.
func (w *wire) expectTorn(method string) {
	w.tb.Helper()
	r, err := w.tryReply(method)
	switch {
	case err == nil:
		w.tb.Fatalf("received the whole response %+v, want a torn one", r)
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.tb.Fatalf("received %+v and no end of the connection", r)
	}
}

// request reads a whole request.
func (w *wire) request() *http.Request {
	w.tb.Helper()
	r, err := http.ReadRequest(w.in)
	if err != nil {
		w.tb.Fatalf("reading a request: %v", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.tb.Fatalf("reading a request's content: %v after %q", err, body)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return r
}

const okReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
