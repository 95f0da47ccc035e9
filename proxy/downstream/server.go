// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"crypto/tls"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/pipeline"
)

// Config is the configuration of a server. It does not change once the server is made.
type Config struct {
	Logger logr.Logger
	// ReadTimeout and WriteTimeout bound how long a client may send or take nothing in the midst of a message. ReadTimeout
	// also bounds a request's head as a whole. IdleTimeout bounds the wait for a request. 0 is no bound.
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// TunnelIdleTimeout bounds how long neither side of a tunnel may send anything. 0 is no bound. A tunnel of which one
	// side has ended, or takes nothing, has IdleTimeout. One that is silent for longer than IdleTimeout may have to give
	// way to a new connection.
	TunnelIdleTimeout time.Duration
	// MinRate is the least rate, in bytes a second, at which a client has to send and take content. It is an average, and
	// counts after MinRateGrace. 0 is no bound.
	MinRate      int
	MinRateGrace time.Duration
	// MaxHeaderBytes and MaxHeaders bound a head, in bytes and in fields.
	MaxHeaderBytes, MaxHeaders int
	// MaxConnections bounds the connections open at once. 0 is no bound.
	MaxConnections int
	// H2C lets plain connections speak HTTP/2 if the client begins with it.
	H2C bool
	// ProxyProtocol demands that a trusted proxy sends a PROXY header first, of version 1 or 2.
	ProxyProtocol bool
	// DrainDelay is how long listeners stay open after a drain began. DrainTimeout is how long running requests have after
	// that.
	DrainDelay, DrainTimeout time.Duration
	// TLS is for connections over TLS.
	TLS *tls.Config
	// Heads is the memory that long heads of requests take.
	Heads *headmemory.Memory
}

// Server accepts clients' connections. An engine serves the requests on them.
type Server struct {
	engine *pipeline.Engine
	config Config
	// http1 is for connections in HTTP/1.1, and either for those that may turn out to be ones in HTTP/2.
	http1, either http1.ServerConfig

	http2     http2.Config
	exchanges sync.Pool
	draining  atomic.Bool
	conns     registry
	places    places
	parking   parking
	rate      message.LeastRate
	accepted  atomic.Uint32
	// excess is how many connections beyond the limit are open.
	excess  atomic.Int32
	serving sync.WaitGroup

	mu sync.Mutex // guards what follows
	// closing is set once a drain has closed the listeners.
	closing   bool
	listeners map[*listener]struct{}
	// opened are those that Listen was called with last, by address.
	opened map[netip.AddrPort]*opened
}

// NewServer makes a server without listeners.
func NewServer(engine *pipeline.Engine, config Config) *Server {
	s := &Server{engine: engine, config: config}
	s.rate = message.LeastRate{PerSecond: config.MinRate, Grace: config.MinRateGrace}
	s.places = places{
		most: config.MaxConnections, conns: &s.conns, stands: engine.Trusted.Has, silence: config.IdleTimeout,
		now: engine.Clock.Now,
	}
	s.parking.logger, s.parking.now = config.Logger, engine.Clock.Now
	s.http1 = http1.ServerConfig{
		Limits: heads.Limits{
			HeadBytes: config.MaxHeaderBytes, LineBytes: config.MaxHeaderBytes, Fields: config.MaxHeaders,
		},
		Buffers: &engine.Buffers,
		Idle:    config.IdleTimeout,
		Read:    config.ReadTimeout,

		PriorKnowledge: config.H2C,
	}
	s.either = s.http1
	s.either.PriorKnowledge = true
	s.http2 = http2.Config{
		Limits:  http2.Limits(s.http1.Limits),
		Buffers: &engine.Buffers,
		Share:   config.Heads.Sharing(headmemory.PerConnection(config.MaxHeaderBytes), headmemory.PerCrowd),
		Idle:    config.IdleTimeout, Read: config.ReadTimeout, Write: config.WriteTimeout, Rate: s.rate,
		Now: engine.Clock.Now,
	}
	s.exchanges.New = func() any { return new(http2Exchange) }
	return s
}

// Open returns how many connections are open.
func (s *Server) Open() int { return s.places.taken() }

// Resting returns how many connections wait for their next request without a goroutine.
func (s *Server) Resting() int { return s.parking.resting() }

// Draining says whether a drain has begun. If so, new clients should go elsewhere.
func (s *Server) Draining() bool { return s.draining.Load() }

// Each calls f with every connection. f must not wait.
func (s *Server) Each(f func(Conn)) { s.conns.each(f) }

// Requests returns how requests of HTTP/1.1 are read.
func (s *Server) Requests() *http1.ServerConfig { return &s.http1 }

// requestsAt returns how the requests of a connection in HTTP/1.1 are read. Plain connections to listeners of the
// snapshot may turn out to be ones in HTTP/2, as the Gateway API wants it where there are GRPCRoutes.
func (s *Server) requestsAt(l *listener) *http1.ServerConfig {
	if l.number > 0 && l.tls == nil {
		return &s.either
	}
	return &s.http1
}
