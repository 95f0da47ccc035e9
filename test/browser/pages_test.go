//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/coder/websocket"
)

// report is what a page found.
type report struct {
	Problems  []string
	Resources []struct {
		Path, Protocol string
		Status         int
	}
	Socket socket
}

type socket struct {
	Text, Protocol string
	Heard, Code    int
	Clean          bool
}

// pages serves the pages in testdata and what they load. It takes their reports.
func (s *scene) pages() http.Handler {
	mux := http.NewServeMux()
	for _, page := range []string{"page", "socket"} {
		mux.HandleFunc("GET /"+page, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/"+page+".html") })
	}
	for kind, resource := range map[string]struct {
		mediaType string
		content   func(n int) string
	}{
		"style":  {"text/css", func(n int) string { return fmt.Sprintf("#p%d { --n: %d }", n, n) }},
		"script": {"text/javascript", func(n int) string { return fmt.Sprintf("scripts[%d] = %d", n, n*n) }},
		"fetch":  {"text/plain", func(n int) string { return fmt.Sprintf("text %d", n) }},
		"image": {"image/svg+xml", func(n int) string {
			return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="1"/>`, n+1)
		}},
	} {
		mux.HandleFunc("GET /"+kind+"/{n}", func(w http.ResponseWriter, r *http.Request) {
			n, err := strconv.Atoi(r.PathValue("n"))
			if err != nil {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", resource.mediaType)
			w.Header().Set("Cache-Control", "no-store")
			_, _ = io.WriteString(w, resource.content(n))
		})
	}
	mux.HandleFunc("GET /echo", s.echo)
	mux.HandleFunc("POST /report", func(w http.ResponseWriter, r *http.Request) {
		var got report
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			s.t.Errorf("the report: %v", err)
		}
		w.WriteHeader(http.StatusNoContent)
		s.reports <- got
	})
	return mux
}

// echo sends each message of a WebSocket back until its client closes it.
func (s *scene) echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}, CompressionMode: websocket.CompressionContextTakeover})
	if err != nil {
		s.t.Errorf("the handshake of %v: %v", r.Header, err)
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(1 << 20)
	for {
		kind, message, err := c.Read(r.Context())
		if err == nil {
			err = c.Write(r.Context(), kind, message)
		}
		if closed, ok := errors.AsType[websocket.CloseError](err); ok {
			if closed.Code != 4321 || closed.Reason != "enough" {
				s.t.Errorf("the endpoint was told %v", closed)
			}
			return
		}
		if err != nil {
			s.t.Errorf("the socket at the endpoint: %v", err)
			return
		}
	}
}
