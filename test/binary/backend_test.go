// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// arrival is what a backend says of a request and of itself.
type arrival struct {
	Backend string
	Method  string
	Host    string
	Path    string
	Content string
	// Nonce is what the client put into nonceField. RealIP is what the proxy put into X-Real-Ip.
	Nonce, RealIP string
	// Trace is the traceparent that it came with.
	Trace string
	// User is whom the proxy says that it is from, in X-User or Remote-User.
	User string
}

// nonceField tells requests apart, so that the test notices a response to another one.
const nonceField = "X-Nonce"

// slowPath is answered when the backend is told to.
const slowPath = "/slow"

// backend is a server that answers each request with its arrival.
type backend struct {
	name   string
	port   int32
	server *http.Server
	// arrived gets a value for each request for slowPath. Such a request is answered after release.
	arrived chan struct{}
	release func()
}

// startBackend starts a server that runs until the test ends, or until stop.
func startBackend(t *testing.T, name string) *backend {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting the backend %s: %v", name, err)
	}
	released := make(chan struct{})
	b := &backend{
		name:    name,
		port:    int32(listener.Addr().(*net.TCPAddr).Port),
		arrived: make(chan struct{}, 16),
		release: sync.OnceFunc(func() { close(released) }),
	}
	b.server = &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == slowPath {
			b.arrived <- struct{}{}
			<-released
		}
		b.answer(w, r)
	})}
	b.server.Protocols = new(http.Protocols)
	b.server.Protocols.SetHTTP1(true)
	b.server.Protocols.SetUnencryptedHTTP2(true) // for rules that say H2C
	var serving sync.WaitGroup
	// Serve returns only when the server is closed.
	serving.Go(func() { _ = b.server.Serve(listener) })
	t.Cleanup(func() {
		b.release()
		b.stop()
		serving.Wait()
	})
	return b
}

func (b *backend) answer(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		// The client sees the connection end, and fails.
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	// If the client does not read the response, nobody can tell it.
	_ = json.NewEncoder(w).Encode(arrival{
		Backend: b.name, Method: r.Method, Host: r.Host, Path: r.URL.Path, Content: string(content),
		Nonce: r.Header.Get(nonceField), RealIP: r.Header.Get("X-Real-Ip"), Trace: r.Header.Get("Traceparent"),
		User: strings.Join(slices.Concat(r.Header.Values("X-User"), r.Header.Values("Remote-User")), ", "),
	})
}

// stop closes the listener and all connections, even those in use.
func (b *backend) stop() { _ = b.server.Close() }

// stopAfter calls stop after a while.
func (b *backend) stopAfter(d time.Duration) { time.AfterFunc(d, b.stop) }
