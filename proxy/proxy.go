// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"

	"github.com/warren-dev/ingress/proxy/authservice"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/downstream"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/pipeline"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Proxy accepts connections and serves the requests on them by the generation that was applied last.
type Proxy struct {
	engine pipeline.Engine
	server *downstream.Server
	config Config
	tls    *tls.Config
	heads  *headmemory.Memory
	prober *health.Prober
	dialer *upstream.Dialer
	// authServices asks the services that say who gets in.
	authServices authservice.Client
	observers    observers[string] // of the health of tasks

	mu    sync.Mutex
	state *routing.State // mu guards all that it has, except the limiter, the metrics and Refresh
	// listeners open what the snapshot wants opened.
	listeners listeners
}

// New makes a proxy that serves the empty snapshot: every request gets 404 until Apply.
func New(config Config) *Proxy {
	p := &Proxy{config: config, heads: headmemory.New(config.HeadMemory)}
	p.engine.Clock, p.engine.Logger, p.engine.Trusted = transport.NewClock(), config.Logger, config.TrustedProxies
	p.dialer = upstream.NewDialer(upstream.Config{
		Clock: p.engine.Clock, Logger: config.Logger, Buffers: &p.engine.Buffers, Heads: p.heads,
		Limits: heads.Limits{HeadBytes: maxResponseHead, LineBytes: maxResponseLine, Fields: maxResponseFields},
	})
	p.prober = health.NewProber(p.engine.Clock, health.NewProbes(p.dialer, config.Logger).Probe, p.healthChanged)
	p.engine.Ejector = balance.NewEjector(p.engine.Clock)
	p.state = routing.NewState(p.dialer, p.prober)
	p.state.Keys.Logger = config.Logger
	p.engine.Metrics = p.state.Metrics
	p.engine.ContentMemory.Limit = int64(cmp.Or(config.HeadMemory, headmemory.Default))
	p.engine.Encoders.Memory.Limit, p.engine.Encoders.Buffers = p.engine.ContentMemory.Limit, &p.engine.Buffers
	p.SetSessionKey(randomKey())
	p.engine.Mirrors.Init(p.engine.Clock, &p.engine.Buffers, config.Logger)
	p.engine.Mirrors.Memory.Limit = p.engine.ContentMemory.Limit / 2
	p.engine.ErrorPages.Init(p.engine.Clock, &p.engine.Buffers, config.Logger)
	p.engine.ErrorPages.Memory.Limit = p.engine.ContentMemory.Limit / 2
	p.authServices.Init(p.engine.Clock, &p.engine.Buffers, p.engine.Ejector, func(id string) *balance.Pool {
		return p.engine.Generation.Load().Pool(id)
	}, config.Logger)
	p.state.AuthServices = &p.authServices
	p.tls = identity.ServerConfig("", func() *identity.Set { return p.engine.Generation.Load().Identity })
	p.engine.Log = observe.NewLog(config.AccessLog, config.AccessLogFields)
	p.engine.Tracer = observe.NewTracer(config.Tracing, p.engine.Clock)
	p.engine.Generation.Store(routing.Nothing())
	p.server = downstream.NewServer(&p.engine, downstream.Config{
		Logger: config.Logger, ReadTimeout: config.ReadTimeout, WriteTimeout: config.WriteTimeout, IdleTimeout: config.IdleTimeout,
		MaxHeaderBytes: config.MaxHeaderBytes, MaxHeaders: config.MaxHeaders, MaxConnections: config.MaxConnections,
		H2C: config.H2C, ProxyProtocol: config.ProxyProtocol, DrainDelay: config.DrainDelay, DrainTimeout: config.DrainTimeout,
		TLS: p.tls, Heads: p.heads, TunnelIdleTimeout: config.TunnelIdleTimeout,
		MinRate: config.MinRate, MinRateGrace: config.MinRateGrace,
	})
	return p
}

// Apply compiles a snapshot and serves by it from the next request on. It returns the number of the generation that is
// served: a new one, or the running one if the snapshot means the same. On an error the running one stays.
func (p *Proxy) Apply(s *snapshot.Snapshot) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	running := p.engine.Generation.Load()
	began := p.engine.Clock.Now()
	g, err := routing.Compile(s, running, p.state)
	if err != nil {
		p.state.KeepOnly(running)
		p.engine.Metrics.SnapshotRejected()
		return running.Number, fmt.Errorf("compiling generation %d: %w", running.Number+1, err)
	}
	if g.Number == running.Number {
		p.engine.Generation.Store(g) // The next snapshot has more memory in common with this one than with the one before.
		return g.Number, nil
	}
	p.state.Adopt(g)
	p.engine.Generation.Store(g)
	p.state.KeepOnly(g)
	p.listen()
	p.engine.Metrics.SnapshotApplied(p.engine.Clock.Now() - began)
	return g.Number, nil
}

// Check says why Apply would refuse a snapshot, nil if it would not. It changes nothing of what is served.
func (p *Proxy) Check(s *snapshot.Snapshot) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	running := p.engine.Generation.Load()
	// Compiling prepares what the snapshot needs. Nothing of that is kept, as after a refusal.
	defer p.state.KeepOnly(running)
	_, err := routing.Compile(s, running, p.state)
	return err
}

// Explainer returns what explains what would become of requests, and lists what is served.
func (p *Proxy) Explainer() *explain.Explainer {
	return explain.New(&p.engine.Basis, p.server.Requests())
}

// Tap returns what shows requests as they end.
func (p *Proxy) Tap() *observe.Tap { return &p.engine.Tap }

// Totals returns what all requests came to.
func (p *Proxy) Totals() observe.Totals { return p.engine.Metrics.Totals() }

// SetReplicas says how many replicas share the requests, including this one. Each lets through its share of what a rate
// limit allows. This takes effect with the next request and needs no new generation.
func (p *Proxy) SetReplicas(n int) { p.state.Limiter.SetReplicas(n) }

// Generation returns the number of the generation that is served. It is 0 before the first Apply.
func (p *Proxy) Generation() uint64 { return p.engine.Generation.Load().Number }

// Draining says whether Shutdown was called. If so, new clients should go elsewhere.
func (p *Proxy) Draining() bool { return p.server.Draining() }

// ServePlain accepts plain connections until Shutdown. Then it returns nil.
func (p *Proxy) ServePlain(l net.Listener) error { return p.server.ServePlain(l) }

// ServeTLS accepts TLS connections until Shutdown. Then it returns nil.
func (p *Proxy) ServeTLS(l net.Listener) error { return p.server.ServeTLS(l) }

// Shutdown drains the proxy. Draining turns true at once. Listeners stay open for the drain delay, while responses ask
// clients to leave. Then idle connections are closed, and running requests have the drain timeout to end. If ctx ends,
// Shutdown waits no longer. It returns nil if all ended, or an error that says how many did not.
func (p *Proxy) Shutdown(ctx context.Context) error {
	err := p.server.Drain(ctx)
	p.engine.Mirrors.Shutdown()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Retire()
	return err
}
