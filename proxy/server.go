// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/pipeline"
)

// serverConfig is what a server is told once, when it is made.
type serverConfig struct {
	Logger logr.Logger
	// ReadTimeout and WriteTimeout bound how long a client may send or take nothing in the midst of a message, and
	// ReadTimeout a request's head as a whole. IdleTimeout bounds the wait for a request. 0 is no bound.
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// MaxHeaderBytes and MaxHeaders bound a head, in bytes and in fields.
	MaxHeaderBytes, MaxHeaders int
	// MaxConnections bounds the connections open at once. 0 is no bound.
	MaxConnections int
	// H2C has plain connections speak HTTP/2 where the client begins so.
	H2C bool
	// ProxyProtocol makes a PROXY header, version 1 or 2, the first thing that a trusted proxy has to send.
	ProxyProtocol bool
	// DrainDelay is how long listeners stay open after a drain began, DrainTimeout how long running requests have after
	// that.
	DrainDelay, DrainTimeout time.Duration
	// TLS is for connections that are to be secure.
	TLS *tls.Config
	// Heads is the memory that long heads of requests take.
	Heads *headmemory.Memory
}

const (
	// maxLineBytes bounds a line, which has no flag.
	maxLineBytes       = 16 << 10
	acceptRetryLongest = time.Second
)

// server accepts clients' connections and has an engine serve the requests on them.
type server struct {
	engine   *pipeline.Engine
	config   serverConfig
	http1    http1.ServerConfig
	http2    http2.Config
	streams  sync.Pool
	draining atomic.Bool
	closing  atomic.Bool // set when draining, once connections that are idle are closed
	conns    registry
	open     atomic.Int64
	accepted atomic.Uint32
	serving  sync.WaitGroup

	mu        sync.Mutex // guards what follows
	listeners []net.Listener
	// ports are those of the plain listener and of the secure one.
	ports map[bool]string
}

// newServer makes a server without listeners.
func newServer(engine *pipeline.Engine, config serverConfig) *server {
	s := &server{engine: engine, config: config, ports: make(map[bool]string)}
	s.http1 = http1.ServerConfig{
		Limits: http1.Limits{
			HeadBytes: config.MaxHeaderBytes, LineBytes: min(maxLineBytes, config.MaxHeaderBytes), Fields: config.MaxHeaders,
		},
		Buffers: &engine.Buffers,
		Idle:    config.IdleTimeout,
		Read:    config.ReadTimeout,

		PriorKnowledge: config.H2C,
	}
	s.http2 = http2.Config{
		Limits:  http2.Limits(s.http1.Limits),
		Buffers: &engine.Buffers,
		Share:   config.Heads.Sharing(headmemory.PerConnection(config.MaxHeaderBytes), headmemory.PerCrowd),
		Idle:    config.IdleTimeout, Read: config.ReadTimeout, Write: config.WriteTimeout,
		Now: engine.Clock.Now,
	}
	s.streams.New = func() any { return new(stream) }
	return s
}

// openConns is how many connections are open.
func (s *server) openConns() int { return int(s.open.Load()) }

// isDraining says whether a drain began: new clients should go elsewhere.
func (s *server) isDraining() bool { return s.draining.Load() }

// each calls f with every connection. F must not wait.
func (s *server) each(f func(conn)) { s.conns.each(f) }

// requests is how requests of HTTP/1.1 are read.
func (s *server) requests() *http1.ServerConfig { return &s.http1 }

// port is the port of the plain listener or of the secure one, or empty where there is none.
func (s *server) port(secure bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ports[secure]
}

func (s *server) serve(l net.Listener, secure bool) error {
	port := []byte(portOf(l))
	if !s.track(l, string(port), secure) {
		return l.Close()
	}
	defer s.serving.Done()
	delay := time.Duration(0)
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			delay = 0
		case errors.Is(err, net.ErrClosed):
			return nil
		default:
			// Descriptors may have run out: wait for some to come back rather than spin or die.
			delay = min(max(2*delay, 5*time.Millisecond), acceptRetryLongest)
			s.config.Logger.Error(err, "accepting a connection", "listener", l.Addr().String(), "retryAfter", delay)
			time.Sleep(delay)
			continue
		}
		s.serving.Add(1)
		go s.accept(nc.(*net.TCPConn), port, secure)
	}
}

func portOf(l net.Listener) string {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return strconv.Itoa(a.Port)
	}
	return ""
}

// track remembers a listener for Shutdown, which then waits for s.serving.Done. It says false where that has closed the
// others already.
func (s *server) track(l net.Listener, port string, secure bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.serving.Add(1)
	s.listeners = append(s.listeners, l)
	s.ports[secure] = port
	return true
}
