// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// splicing is a response on its way from a client's side to a server's.
type splicing struct {
	up, down *wire
	client   *ClientConn
	server   *ServerConn
}

func newSplicing(t *testing.T, request, response string) *splicing {
	t.Helper()
	s := &splicing{up: newWire([]byte(response)), down: newWire([]byte(request))}
	s.client, s.server = newTestClient(s.up), newTestServer(s.down)
	req := begin(t, s.server)
	s.client.WriteHead(req)
	if err := errors.Join(s.client.Request().End(nil), s.client.ReadResponse(req.Method)); err != nil {
		t.Fatal(err)
	}
	s.server.WriteHead(&s.client.Response)
	return s
}

const getPlain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func TestSpliceCarriesTheRestPastTheBuffers(t *testing.T) {
	errTorn := errors.New("connection reset")
	tests := map[string]struct {
		taken, moved int64
		fault        error
		want         error
		left         int64
	}{
		"all of it":              {1000, 1000, nil, nil, 0},
		"all of it and an error": {1000, 1000, errTorn, errTorn, 0},
		"less":                   {999, 999, nil, io.ErrUnexpectedEOF, 1},
		"nothing":                {0, 0, nil, io.ErrUnexpectedEOF, 1000},
		"less and an error":      {500, 500, errTorn, errTorn, 500},
		"less than it has taken": {700, 500, errTorn, errTorn, 300},
		"less, having taken all": {1000, 500, errTorn, errTorn, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSplicing(t, getPlain, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			head := ""
			ok, err := Splice(s.server.Response(), s.client.Content(), 1000, func(n int64) (int64, int64, error) {
				head = s.down.sent.String()
				if n != 1000 {
					t.Errorf("told to carry %d bytes", n)
				}
				return test.taken, test.moved, test.fault
			})
			if !ok || err != test.want {
				t.Errorf("got %t, %v, want it done with %v", ok, err, test.want)
			}
			if want := "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"; head != want {
				t.Errorf("%q was sent before the content, want %q", head, want)
			}
			if got := s.server.Response().Written(); got != test.moved {
				t.Errorf("%d bytes are counted", got)
			}
			if got := s.client.in.remaining; got != test.left || s.client.Content().Ended() != (test.left == 0) {
				t.Errorf("%d bytes of the content are left, ended %t, want %d", got, s.client.Content().Ended(), test.left)
			}
			endErr := s.server.Response().End(nil)
			if (endErr == nil) != (test.moved == 1000) {
				t.Errorf("End: %v", endErr)
			}
			if got := s.client.EndExchange(true); got != (test.left == 0) {
				t.Errorf("the connection to the endpoint is reusable: %t", got)
			}
		})
	}
}

func TestSpliceLeavesAloneWhatItCannotCarry(t *testing.T) {
	const length = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
	tests := map[string]struct{ request, response string }{
		"too little":                   {getPlain, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"},
		"nothing":                      {getPlain, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		"the response to HEAD":         {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", length},
		"chunks":                       {getPlain, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		"content up to the close":      {getPlain, "HTTP/1.1 200 OK\r\n\r\n"},
		"content that is there":        {getPlain, length + "x"},
		"a client that gets no length": {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSplicing(t, test.request, test.response)
			ok, err := Splice(s.server.Response(), s.client.Content(), 1000, func(int64) (int64, int64, error) {
				t.Error("told to carry something")
				return 0, 0, nil
			})
			if ok || err != nil {
				t.Errorf("got %t, %v", ok, err)
			}
			if s.down.sent.Len() > 0 {
				t.Errorf("sent %q", s.down.sent.String())
			}
		})
	}
}

func TestSpliceCarriesTheRestOfWhatWasReadInPart(t *testing.T) {
	const buffered = "the first of it"
	const size = 5000
	s := newSplicing(t, getPlain, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, buffered))
	content, out := s.client.Content(), s.server.Response()
	room, err := out.Room()
	if err != nil {
		t.Fatal(err)
	}
	n, err := content.Read(room)
	if err := errors.Join(err, out.Advance(n)); err != nil {
		t.Fatal(err)
	}
	if ok, err := Splice(out, content, 1000, func(n int64) (int64, int64, error) { return n, n, nil }); !ok || err != nil {
		t.Fatalf("got %t, %v", ok, err)
	}
	if err := out.End(nil); err != nil || out.Written() != size || !content.Ended() {
		t.Errorf("got %v, %d bytes, ended %t", err, out.Written(), content.Ended())
	}
	want := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, buffered)
	if diff := cmp.Diff(want, s.down.sent.String()); diff != "" {
		t.Errorf("sent through the buffers (-want +got):\n%s", diff)
	}
}

func TestSpliceReportsAHeadThatCannotLeave(t *testing.T) {
	errBroken := errors.New("broken pipe")
	s := newSplicing(t, getPlain, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
	s.down.refuse = errBroken
	ok, err := Splice(s.server.Response(), s.client.Content(), 1000, func(n int64) (int64, int64, error) {
		t.Error("told to carry content before the head left")
		return n, n, nil
	})
	if !ok || err != errBroken {
		t.Errorf("got %t, %v, want it tried and %v", ok, err, errBroken)
	}
}
