// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// serveApp serves the application by net/http until the test ends.
func serveApp(t *testing.T, port string) {
	t.Helper()
	listener, err := net.Listen("tcp", local(port))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(app), ReadHeaderTimeout: patience}
	var serving sync.WaitGroup
	// Serve returns only when the server is closed.
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
}

// plain is the kind of most of the application's answers.
const plain = "text/plain; charset=utf-8"

// app is the application in Go.
func app(w http.ResponseWriter, r *http.Request) {
	fields := w.Header()
	fields.Set("Content-Type", plain)
	answer := func(status int, content []byte) {
		fields.Set("Content-Length", strconv.Itoa(len(content)))
		w.WriteHeader(status)
		_, _ = w.Write(content)
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if status, ok := strings.CutPrefix(path, "/status/"); ok {
		code, err := strconv.Atoi(status)
		if err != nil {
			code = http.StatusBadRequest
		}
		if code == http.StatusNoContent || code == http.StatusNotModified {
			fields.Del("Content-Type")
			w.WriteHeader(code)
			return
		}
		answer(code, fmt.Appendf(nil, "status %d\n", code))
		return
	}
	switch path {
	case "/stream":
		slowly(w, 30*time.Millisecond, "piece %d\n", 5)
	case "/events":
		fields.Set("Content-Type", "text/event-stream")
		slowly(w, 100*time.Millisecond, "data: %d\n\n", 3)
	case "/redirect":
		fields.Set("Location", "/elsewhere?x=1")
		answer(http.StatusFound, []byte("over there\n"))
	case "/redirect-absolute":
		fields.Set("Location", "http://"+r.Host+"/elsewhere")
		answer(http.StatusMovedPermanently, []byte("over there\n"))
	case "/fields":
		fields["Set-Cookie"] = []string{"a=1; Path=/", "b=2; HttpOnly"}
		for _, f := range []field{{"Vary", "Accept, Cookie"}, {"X-Latin", "caf\xe9"}, {"X-Long", strings.Repeat("a", 3000)}, {"Etag", `"of-the-app"`},
			{"Content-Language", "de, en"}, {"Cache-Control", "private, max-age=5"}, {"Link", "</style.css>; rel=preload"}, {"X-Empty", ""}} {
			fields.Set(f.name, f.value)
		}
		answer(http.StatusOK, []byte("fields\n"))
	case "/login":
		fields.Set("WWW-Authenticate", `Basic realm="fleet", charset="UTF-8"`)
		answer(http.StatusUnauthorized, []byte("who?\n"))
	case "/large":
		answer(http.StatusOK, bytes.Repeat([]byte("0123456789abcdef"), 20_000))
	case "/gzip":
		fields.Set("Content-Encoding", "gzip")
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		_, _ = writer.Write(bytes.Repeat([]byte("compressed once\n"), 100))
		_ = writer.Close()
		answer(http.StatusOK, packed.Bytes())
	case "/empty":
		answer(http.StatusOK, nil)
	case "/refuse":
		answer(http.StatusRequestEntityTooLarge, []byte("too large\n"))
	case "/slow":
		time.Sleep(500 * time.Millisecond)
		answer(http.StatusOK, []byte("slow\n"))
	default:
		content, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		answer(http.StatusOK, seen(r, content))
	}
}

// slowly sends pieces one by one.
func slowly(w http.ResponseWriter, pause time.Duration, format string, pieces int) {
	for n := range pieces {
		fmt.Fprintf(w, format, n)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(pause)
	}
}

// seen says what the application saw.
func seen(r *http.Request, content []byte) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "method %s\ntarget %s\ncontent %d %x\nfield host: %s\n", r.Method, r.RequestURI, len(content), sha256.Sum256(content), r.Host)
	if len(r.TransferEncoding) == 0 && (r.ContentLength > 0 || r.Header["Content-Length"] != nil) {
		fmt.Fprintf(&out, "field content-length: %d\n", r.ContentLength)
	}
	var names []string
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			if name != "Content-Length" {
				fmt.Fprintf(&out, "field %s: %s\n", strings.ToLower(name), value)
			}
		}
	}
	return out.Bytes()
}
