// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

// dialServer connects to the standard library's server.
func dialServer(tb testing.TB, h http.HandlerFunc) *client {
	tb.Helper()
	l := listen(tb)
	server := &http.Server{Handler: h, Protocols: new(http.Protocols)}
	server.Protocols.SetUnencryptedHTTP2(true)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	tb.Cleanup(func() { _ = server.Close(); serving.Wait() })
	return serveClient(tb, dial(tb, l), testConfig())
}

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", "X-Length")
	n, _ := io.Copy(w, r.Body)
	w.Header().Set("X-Length", fmt.Sprint(n))
}

// Many exchanges share a connection, with content both ways that is longer than any window.
func TestExchangesShareAConnection(t *testing.T) {
	t.Parallel()
	c := dialServer(t, echo)
	content := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	var running sync.WaitGroup
	for i := range 50 {
		running.Go(func() {
			s := c.Open()
			if s == nil {
				t.Errorf("there was no stream for exchange %d", i)
				return
			}
			defer s.EndExchange()
			sent := content[:len(content)*(i%5)/4]
			s.WriteHead(requestOf("POST", "/", message.UnknownLength))
			if err := s.Request().Flush(); err != nil {
				t.Errorf("sending the head: %v", err)
				return
			}
			var upload sync.WaitGroup
			upload.Go(func() {
				if err := write(s.Request(), sent); err != nil {
					t.Errorf("sending content: %v", err)
				} else if err := s.Request().End(nil); err != nil {
					t.Errorf("sending the end: %v", err)
				}
			})
			status, got, err := read(s)
			upload.Wait()
			if err != nil || status != 200 || got != string(sent) {
				t.Errorf("got %d with %d bytes (%v), want 200 with %d", status, len(got), err, len(sent))
				return
			}
			if tr := s.Content().Trailers(); len(tr) != 1 || string(tr[0].Value) != fmt.Sprint(len(sent)) {
				t.Errorf("the trailers are %v", tr)
			}
		})
	}
	running.Wait()
	if n := c.Running(); n != 0 {
		t.Errorf("%d exchanges still run", n)
	}
}
