// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/pipeline"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Config is what a proxy is told once, when it is made.
type Config struct {
	Logger logr.Logger
	// TrustedProxies are the peers whose forwarding fields are believed.
	TrustedProxies []netip.Prefix
	// ReadTimeout and WriteTimeout bound how long a client may send or take nothing in the midst of a message, and
	// ReadTimeout a request's head as a whole. IdleTimeout bounds the wait for a request. 0 is no bound.
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// MaxHeaderBytes and MaxHeaders bound a head, in bytes and in fields.
	MaxHeaderBytes, MaxHeaders int
	// HeadMemory bounds what long heads that wait, incomplete or on their way, may take of memory, in bytes. 0 is
	// DefaultHeadMemory.
	HeadMemory int
	// MaxConnections bounds the client connections open at once. 0 is no bound.
	MaxConnections int
	// H2C has plain connections speak HTTP/2 where the client begins so.
	H2C bool
	// ProxyProtocol makes a PROXY header, version 1 or 2, the first thing that a trusted proxy has to send.
	ProxyProtocol bool
	// AccessLog is the format of the access log, which Watch writes to AccessLogWriter.
	AccessLog       observe.LogFormat
	AccessLogWriter io.Writer
	// Tracing is nil where there is none.
	Tracing *observe.Tracing
	// DrainDelay is how long listeners stay open after Shutdown was called, DrainTimeout how long running requests have
	// after that.
	DrainDelay, DrainTimeout time.Duration
}

// The limits of a line and of what an endpoint may send, which have no flag.
const (
	maxLineBytes       = 16 << 10
	maxResponseHead    = 60 << 10
	maxResponseLine    = 60 << 10
	maxResponseFields  = 1024
	acceptRetryLongest = time.Second
)

// Proxy accepts connections and serves the requests on them by the generation that was applied last.
type Proxy struct {
	engine    pipeline.Engine
	config    Config
	server    http1.ServerConfig
	server2   http2.Config
	tls       *tls.Config
	heads     *headmemory.Memory
	streams   sync.Pool
	draining  atomic.Bool
	closing   atomic.Bool // set when draining, once connections that are idle are closed
	conns     registry
	prober    *health.Prober
	dialer    *upstream.Dialer
	observers healthObservers
	open      atomic.Int64
	accepted  atomic.Uint32
	serving   sync.WaitGroup
	state     *routing.State // what it has is guarded by mu, but for the limiter, the metrics and Refresh

	mu        sync.Mutex // guards what follows
	listeners []net.Listener
	// ports are those of the plain listener and of the secure one.
	ports map[bool]string
}

// New makes a proxy that serves the empty snapshot: every request gets 404 until Apply.
func New(config Config) *Proxy {
	p := &Proxy{config: config, heads: headmemory.New(config.HeadMemory)}
	p.engine.Clock, p.engine.Logger, p.engine.Trusted = transport.NewClock(), config.Logger, config.TrustedProxies
	p.server = http1.ServerConfig{
		Limits:  http1.Limits{HeadBytes: config.MaxHeaderBytes, LineBytes: min(maxLineBytes, config.MaxHeaderBytes), Fields: config.MaxHeaders},
		Buffers: &p.engine.Buffers,
		Idle:    config.IdleTimeout,
		Read:    config.ReadTimeout,

		PriorKnowledge: config.H2C,
	}
	p.server2 = http2.Config{
		Limits:  http2.Limits(p.server.Limits),
		Buffers: &p.engine.Buffers,
		Share:   p.heads.Sharing(headmemory.PerConnection(config.MaxHeaderBytes), headmemory.PerCrowd),
		Idle:    config.IdleTimeout, Read: config.ReadTimeout, Write: config.WriteTimeout,
		Now: p.engine.Clock.Now,
	}
	p.dialer = upstream.NewDialer(upstream.Config{
		Clock: p.engine.Clock, Logger: config.Logger, Buffers: &p.engine.Buffers, Heads: p.heads,
		Limits: http1.Limits{HeadBytes: maxResponseHead, LineBytes: maxResponseLine, Fields: maxResponseFields},
	})
	p.prober = health.NewProber(p.engine.Clock, health.NewProbes(p.dialer, config.Logger).Probe, p.healthChanged)
	p.engine.Ejector = balance.NewEjector(p.engine.Clock)
	p.state = routing.NewState(p.dialer, p.prober)
	p.engine.Metrics = p.state.Metrics
	p.ports = make(map[bool]string)
	p.streams.New = func() any { return new(stream) }
	p.tls = identity.ServerConfig(func() *identity.Set { return p.engine.Generation.Load().Identity })
	p.engine.Log = observe.NewLog(config.AccessLog)
	p.engine.Tracer = observe.NewTracer(config.Tracing, p.engine.Clock)
	p.engine.Generation.Store(routing.Nothing())
	return p
}

// Apply compiles a snapshot and serves by it from the next request on. It returns the number of the generation that is
// served: a new one, or the running one where the snapshot means the same. On an error the running one stays.
func (p *Proxy) Apply(s *snapshot.Snapshot) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	running := p.engine.Generation.Load()
	if running.Number > 0 && running.Snapshot.Equal(s) {
		return running.Number, nil
	}
	began := p.engine.Clock.Now()
	g, err := routing.Compile(s, running, p.state)
	if err != nil {
		p.state.KeepOnly(running)
		p.engine.Metrics.Keep(running.EachSeries)
		p.engine.Metrics.SnapshotRejected()
		return running.Number, fmt.Errorf("compiling generation %d: %w", running.Number+1, err)
	}
	p.state.Adopt(g, running)
	p.engine.Generation.Store(g)
	p.state.KeepOnly(g)
	p.engine.Metrics.Keep(g.EachSeries)
	p.engine.Metrics.SnapshotApplied(p.engine.Clock.Now() - began)
	return g.Number, nil
}

// SetReplicas says how many replicas requests are spread over, this one among them: each lets through its share of what
// a rate limit allows. It takes effect with the next request and needs no new generation.
func (p *Proxy) SetReplicas(n int) { p.state.Limiter.SetReplicas(n) }

// Generation is the number of the generation that is served, 0 before the first Apply.
func (p *Proxy) Generation() uint64 { return p.engine.Generation.Load().Number }

// Draining says whether Shutdown was called: new clients should go elsewhere.
func (p *Proxy) Draining() bool { return p.draining.Load() }

// ServeHTTP accepts plain connections until Shutdown, which makes it return nil.
func (p *Proxy) ServeHTTP(l net.Listener) error { return p.serve(l, false) }

// ServeHTTPS accepts TLS connections until Shutdown, which makes it return nil.
func (p *Proxy) ServeHTTPS(l net.Listener) error { return p.serve(l, true) }

func (p *Proxy) serve(l net.Listener, secure bool) error {
	port := []byte(portOf(l))
	if !p.track(l, string(port), secure) {
		return l.Close()
	}
	defer p.serving.Done()
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
			p.config.Logger.Error(err, "accepting a connection", "listener", l.Addr().String(), "retryAfter", delay)
			time.Sleep(delay)
			continue
		}
		p.serving.Add(1)
		go p.serveConn(nc.(*net.TCPConn), port, secure)
	}
}

func portOf(l net.Listener) string {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return strconv.Itoa(a.Port)
	}
	return ""
}

// serveConn serves a connection from its first byte on.
func (p *Proxy) serveConn(tcp *net.TCPConn, port []byte, secure bool) {
	c := &conn{proxy: p, tcp: tcp, shard: p.accepted.Add(1), over: p.open.Add(1) > int64(p.config.MaxConnections) && p.config.MaxConnections > 0}
	if c.over {
		p.open.Add(-1) // while it is told so, it takes nobody's place
		p.engine.Metrics.ConnectionRefused()
	}
	defer c.leave()
	t, err := transport.NewTCP(tcp, p.engine.Clock, p.config.WriteTimeout)
	if err != nil {
		_ = tcp.Close()
		return
	}
	c.transport, c.stream = t, t
	p.conns.add(c)
	if p.closing.Load() {
		_ = tcp.Close()
		return
	}
	peer, err := p.peer(t)
	if err != nil {
		p.closed(tcp, err)
		t.Reset()
		return
	}
	version, negotiated := "", ""
	if secure {
		if c.over {
			p.closed(tcp, errConnectionsMany) // to say so in TLS would cost more than to serve it
			_ = tcp.Close()
			return
		}
		secured, err := p.handshake(t)
		if err != nil {
			p.closed(tcp, err)
			_ = tcp.Close()
			return
		}
		c.stream, version = secured, strings.TrimPrefix(tls.VersionName(secured.Version), "TLS ")
		negotiated = secured.Protocol
	}
	c.origin = p.engine.Trusted.Origin(peer, secure, port)
	c.origin.TLSVersion = version
	if negotiated == transport.ProtocolHTTP2 {
		if c.phase.CompareAndSwap(phaseOpening, phaseBusy) {
			c.serveHTTP2(nil)
		}
		return
	}
	c.origin.Logins = &c.logins
	c.ServerConn = http1.NewServerConn(c.stream, &p.server)
	c.heads = p.heads.Share(c, headmemory.PerConnection(p.config.MaxHeaderBytes))
	c.Hold(&c.heads)
	if c.over {
		p.refuse(c)
		return
	}
	if c.phase.CompareAndSwap(phaseOpening, phaseIdle) {
		c.serve()
	}
}

var errConnectionsMany = errors.New("there are as many connections as there may be")

// closed says why a connection ends on which nothing can be answered.
func (p *Proxy) closed(tcp *net.TCPConn, why error) {
	if log := p.config.Logger.V(1); log.Enabled() {
		log.Info("closing a connection", "peer", tcp.RemoteAddr().String(), "cause", why.Error())
	}
}

// peer is the address that a connection comes from: the one that a PROXY header names where that protocol is on and the
// peer is a trusted proxy, which then has to send one.
func (p *Proxy) peer(t *transport.TCP) (netip.Addr, error) {
	remote, ok := t.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, net.ErrClosed
	}
	peer := remote.AddrPort().Addr().Unmap().WithZone("")
	if !p.config.ProxyProtocol || !p.engine.Trusted.Has(peer) {
		return peer, nil
	}
	t.ExpireAfter(proxyHeaderTimeout)
	source, err := readProxyHeader(t)
	if err != nil || !source.IsValid() {
		return peer, err
	}
	return source.Unmap(), nil
}

// refuse answers the first request of a connection too many, and closes it.
func (p *Proxy) refuse(c *conn) {
	x := p.engine.Begin(c, &c.guard, &c.origin, c.shard)
	x.Began(p.engine.Clock.Now())
	c.CloseAfter()
	x.Answer(reason.ConnectionLimit, "")
	p.engine.Record(x)
	p.engine.End(x)
	c.ServerConn.Close(true)
}

// track remembers a listener for Shutdown, which then waits for p.serving.Done. It says false where that has closed the
// others already.
func (p *Proxy) track(l net.Listener, port string, secure bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing.Load() {
		return false
	}
	p.serving.Add(1)
	p.listeners = append(p.listeners, l)
	p.ports[secure] = port
	return true
}

// Shutdown drains the proxy: Draining turns true at once, listeners stay open for the drain delay while responses
// ask clients to leave, then idle connections are closed and running requests have the drain timeout to end.
// It returns nil when all did, or an error that says how many did not. When ctx ends, it waits no longer.
func (p *Proxy) Shutdown(ctx context.Context) error {
	p.draining.Store(true)
	p.conns.each((*conn).announceDrain)
	wait(ctx, p.config.DrainDelay)
	p.mu.Lock()
	p.closing.Store(true)
	for _, l := range p.listeners {
		_ = l.Close()
	}
	p.mu.Unlock()
	p.conns.each((*conn).closeIdle)
	done := make(chan struct{})
	go func() {
		p.serving.Wait()
		close(done)
	}()
	timer := time.NewTimer(p.config.DrainTimeout)
	defer timer.Stop()
	select {
	case <-done:
		p.closeIdleUpstreams()
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	left := 0
	p.conns.each(func(c *conn) {
		left++
		// The guard comes first: closing a connection waits for what is served from within its read.
		c.guard.Shut(reason.ClientClosed)
		c.transport.Reset()
	})
	<-done
	p.closeIdleUpstreams()
	return fmt.Errorf("draining: %d connections were still busy and were closed", left)
}

func (p *Proxy) closeIdleUpstreams() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Retire()
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
