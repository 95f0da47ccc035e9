// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"bytes"
	"compress/gzip"
	cryptotls "crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// fileSize is the length of /file, which is downloaded in parts.
const fileSize = 8 << 20

// file is what /file has.
var file = bytes.Repeat([]byte("0123456789abcdef"), fileSize/16)

// backend is a server that answers with little, and keeps the repositories and files that clients ask for. It speaks
// HTTP/1.1, and HTTP/2 with prior knowledge.
type backend struct {
	address string
	folder  string
	seen    seen
	visits  visits
}

// seen is when requests with the parameter "loop" came first and last, by its value.
type seen struct {
	mu          sync.Mutex
	first, last map[string]time.Time
}

func (s *seen) note(r *http.Request) {
	loop := r.URL.Query().Get("loop")
	if loop == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == nil {
		s.first, s.last = map[string]time.Time{}, map[string]time.Time{}
	}
	now := time.Now()
	if _, ok := s.first[loop]; !ok {
		s.first[loop] = now
	}
	s.last[loop] = now
}

// times returns when a loop's requests came first and last.
func (s *seen) times(loop string) (first, last time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first[loop], s.last[loop]
}

// startBackend starts the server. Repositories and files are below folder.
func startBackend(t *testing.T, folder string) *backend {
	t.Helper()
	b := &backend{folder: folder}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = listener.Addr().String()
	b.serve(t, listener, nil)
	return b
}

// direct starts the server's own HTTPS, for clients without a front.
func (b *backend) direct(t *testing.T, certificate cryptotls.Certificate) *front {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.serve(t, listener, &cryptotls.Config{Certificates: []cryptotls.Certificate{certificate}})
	return &front{name: "direct", plain: b.address, h2c: b.address, secure: listener.Addr().String()}
}

func (b *backend) serve(t *testing.T, listener net.Listener, config *cryptotls.Config) {
	t.Helper()
	server := &http.Server{Handler: b.handler(), TLSConfig: config, ErrorLog: silent}
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(config != nil)
	server.Protocols.SetUnencryptedHTTP2(config == nil)
	var serving sync.WaitGroup
	serving.Go(func() {
		if config != nil {
			_ = server.ServeTLS(listener, "", "")
			return
		}
		_ = server.Serve(listener)
	})
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
}

func (b *backend) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range map[string]http.HandlerFunc{
		"/hello":           says("hello"),
		"/retry/":          says("hello"),
		"/spread/":         says("hello"),
		"/upload":          upload,
		"/early/":          early,
		"/file":            serveFile,
		"/gzip":            compressed,
		"/redirect/{to}":   redirect,
		"/hints":           hints,
		"/metadata":        metadata,
		"/long-head":       longHead,
		"/trailers":        trailers,
		"/slow":            slow,
		"/drip":            drip,
		"/nothing":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"/same":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) },
		"/status/{code}":   status,
		"/until-close":     raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"),
		"/torn":            raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello"),
		"/torn-chunks":     raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
		"/socket":          echoSocket,
		"/clients.Echo/":   echoCall,
		"/files/":          http.StripPrefix("/files/", http.FileServer(http.Dir(filepath.Join(b.folder, "files")))).ServeHTTP,
		"/git/":            b.git,
		"/page":            b.visits.page,
		"/jobs":            b.visits.give,
		"/report":          b.visits.take,
		"/events":          events,
		"/buffered/upload": upload,
	} {
		mux.HandleFunc(pattern, handler)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.seen.note(r)
		mux.ServeHTTP(w, r)
	})
}

// says answers every request with a text after its content has come.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, text)
	}
}

func upload(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "got %d", n)
}

// early refuses a request before it has read the content.
func early(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(strings.Split(r.URL.Path, "/")[2])
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.WriteHeader(code)
	_, _ = io.WriteString(w, "early")
}

func serveFile(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"file"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "file", time.Unix(1e9, 0), bytes.NewReader(file))
}

func compressed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = io.WriteString(w, "not compressed")
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = io.WriteString(z, "compressed")
	_ = z.Close()
}

func redirect(w http.ResponseWriter, r *http.Request) {
	to := "/hello"
	code, _ := strconv.Atoi(r.PathValue("to"))
	if code >= http.StatusTemporaryRedirect {
		to = "/upload"
	}
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Location", to)
	w.WriteHeader(code)
}

func hints(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Link", "</style.css>; rel=preload; as=style")
	w.WriteHeader(http.StatusEarlyHints)
	w.WriteHeader(http.StatusEarlyHints)
	_, _ = io.WriteString(w, "hello")
}

// metadata says how long the cookies are, and how many fields and so on there are.
func metadata(w http.ResponseWriter, r *http.Request) {
	cookies, fields := 0, 0
	for _, cookie := range r.Header["Cookie"] {
		cookies += len(cookie)
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Number-") {
			fields++
		}
	}
	fmt.Fprintf(w, "cookies %d, fields %d", cookies, fields)
}

// longHead answers with cookies of so many bytes.
func longHead(w http.ResponseWriter, r *http.Request) {
	size, _ := strconv.Atoi(r.URL.Query().Get("bytes"))
	for n := 0; size > 0; n++ {
		w.Header().Add("Set-Cookie", fmt.Sprintf("c%d=%s", n, strings.Repeat("v", min(size, 4000))))
		size -= 4000
	}
	_, _ = io.WriteString(w, "hello")
}

func trailers(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Trailer", "X-Sum")
	_, _ = io.WriteString(w, "hello")
	w.Header().Set("X-Sum", "42")
}

func slow(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	milliseconds, _ := strconv.Atoi(r.URL.Query().Get("ms"))
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	_, _ = io.WriteString(w, "slow")
}

// dripSize is the length of what drip sends.
const dripSize = 640 << 10

// drip sends the beginning of the file over some seconds.
func drip(w http.ResponseWriter, r *http.Request) {
	const pieces, size = 40, dripSize / 40
	seconds, _ := strconv.Atoi(r.URL.Query().Get("seconds"))
	w.Header().Set("Content-Length", strconv.Itoa(pieces*size))
	for n := range pieces {
		_, _ = w.Write(file[n*size : (n+1)*size])
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Duration(seconds) * time.Second / pieces)
	}
}

func status(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	code, _ := strconv.Atoi(r.PathValue("code"))
	w.WriteHeader(code)
	_, _ = io.WriteString(w, "of the backend")
}

// raw answers with these bytes and ends the connection. Over HTTP/2 it ends the stream early.
func raw(response string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			if strings.Contains(response, "Connection: close") {
				_, _ = io.WriteString(w, "hello")
				return
			}
			_, _ = io.WriteString(w, "hello")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(c, response)
		_ = c.Close()
	}
}

// echoSocket sends each message of a WebSocket back.
func echoSocket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(1 << 20)
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}

// echoCall answers each message of a gRPC call with the same message.
func echoCall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	_ = http.NewResponseController(w).Flush()
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Body.Read(buffer)
		if _, err := w.Write(buffer[:n]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		if errors.Is(err, io.EOF) {
			w.Header().Set("Grpc-Status", "0")
			return
		}
		if err != nil {
			return
		}
	}
}

// git serves the repositories by git's own program, which wants to know how long the content is.
func (b *backend) git(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(content)), int64(len(content)), nil
	(&cgi.Handler{
		Path: "/usr/lib/git-core/git-http-backend", Root: "/git", Stderr: io.Discard, Logger: silent,
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Join(b.folder, "git"), "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=clients",
			"GIT_PROTOCOL=" + r.Header.Get("Git-Protocol"), "HOME=" + b.folder, "PATH=" + os.Getenv("PATH")},
	}).ServeHTTP(w, r)
}
