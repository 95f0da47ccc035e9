// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Collector has Prometheus's client read what the proxy counts. Labels are the names of objects, statuses and what this
// package has lists of, never bytes of a request; a series goes when its object does.
func (p *Proxy) Collector() prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("warren_ingress_"+name, help, labels, nil)
	}
	return &collector{
		proxy:            p,
		requests:         desc("requests_total", "Requests that ended, by the Ingress and service of their rule (empty where no rule was found), status and, for an answer of the proxy's own or a response that broke off, reason.", "ingress", "service", "code", "reason"),
		duration:         desc("request_duration_seconds", "Time from a request's head to the end of its response.", "ingress"),
		upstream:         desc("upstream_duration_seconds", "Time from the choice of an endpoint until the head of a response was there, or none came, retries included.", "ingress"),
		selection:        desc("backend_selection_duration_seconds", "Time from a request's head to the choice of an endpoint: routing, policies, and the wait where all endpoints are busy."),
		errors:           desc("backend_errors_total", "Attempts at a service's endpoints that failed, also those that a retry made good.", "service", "reason"),
		limited:          desc("rate_limit_rejections_total", "Requests answered with RateLimited.", "ingress"),
		denied:           desc("access_denials_total", "Requests answered with AccessDenied.", "ingress"),
		handshakes:       desc("tls_handshake_duration_seconds", "Time that TLS handshakes took that succeeded."),
		failedHandshakes: desc("tls_handshake_failures_total", "TLS handshakes that failed."),
		connections:      desc("active_connections", "Client connections that are open."),
		refused:          desc("connections_refused_total", "Client connections beyond --max-connections."),
		refusedHeads:     desc("head_memory_refusals_total", "Streams refused and connections ended because of the memory of heads that wait, by what they would have been too much for: their Connection or the Process.", "reason"),
		heldHeads:        desc("head_memory_bytes", "Memory that is taken for heads that wait, incomplete or on their way."),
		active:           desc("active_requests", "Requests and upgraded connections that have not ended."),
		generation:       desc("snapshot_generation", "Number of the snapshot that this replica serves, 0 before the first."),
		applied:          desc("snapshot_apply_duration_seconds", "Time that it took to compile a snapshot and to serve it."),
		rejected:         desc("snapshot_rejections_total", "Snapshots that did not compile; the one before went on being served."),
		routes:           desc("routes", "Routes that are served."),
		closed:           desc("closed_routes", "Routes that answer every request with 503 until their Ingress, which is named with why, is mended.", "ingress", "reason"),
		tasks:            desc("tasks", "Tasks and endpoints of a service by health.", "service", "health"),
		notAfter:         desc("certificate_not_after_seconds", "When a certificate expires, in seconds since 1970.", "certificate"),
		notBefore:        desc("certificate_not_before_seconds", "When a certificate began to be valid, in seconds since 1970.", "certificate"),
		droppedLines:     desc("access_log_dropped_lines_total", "Lines of the access log that were dropped because more waited than are held."),
	}
}

type collector struct {
	proxy *Proxy

	requests, duration, upstream, selection, errors *prometheus.Desc
	limited, denied                                 *prometheus.Desc
	handshakes, failedHandshakes                    *prometheus.Desc
	connections, refused, active                    *prometheus.Desc
	refusedHeads, heldHeads                         *prometheus.Desc
	generation, applied, rejected, routes, tasks    *prometheus.Desc
	closed                                          *prometheus.Desc
	notAfter, notBefore                             *prometheus.Desc
	droppedLines                                    *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{
		c.requests, c.duration, c.upstream, c.selection, c.errors, c.limited, c.denied, c.handshakes, c.failedHandshakes, c.connections,
		c.refused, c.refusedHeads, c.heldHeads, c.active, c.generation, c.applied, c.rejected, c.routes, c.closed, c.tasks,
		c.notAfter, c.notBefore, c.droppedLines,
	} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	counter := func(desc *prometheus.Desc, value uint64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), labels...)
	}
	p, m := c.proxy, c.proxy.metrics
	c.collectRequests(metrics, counter)

	var selection, handshakes, applied tally
	for i := range m.selection {
		selection.add(&m.selection[i].histogram)
	}
	handshakes.add(&m.handshakes)
	applied.add(&m.applied)
	metrics <- selection.metric(c.selection, &selectionBounds)
	metrics <- handshakes.metric(c.handshakes, &latencyBounds)
	metrics <- applied.metric(c.applied, &latencyBounds)
	counter(c.failedHandshakes, m.failedHandshakes.Load())
	counter(c.refused, m.refused.Load())
	for b := range headmemory.Bounds {
		counter(c.refusedHeads, p.heads.Refusals(b), b.String())
	}
	gauge(c.heldHeads, float64(p.heads.Held()))
	counter(c.rejected, m.rejected.Load())
	if p.log != nil {
		counter(c.droppedLines, p.log.dropped.Load())
	}
	gauge(c.connections, float64(p.open.Load()))
	gauge(c.active, float64(p.activeRequests()))

	g := p.generation.Load()
	gauge(c.generation, float64(g.number))
	gauge(c.routes, float64(g.router.routes))
	for of, n := range closedRoutesOf(g) {
		gauge(c.closed, float64(n), of.ingress, of.reason)
	}
	for i := range g.snapshot.Certificates {
		notBefore, notAfter := g.identity.Validity(i)
		gauge(c.notAfter, float64(notAfter.Unix()), g.snapshot.Certificates[i].ID)
		gauge(c.notBefore, float64(notBefore.Unix()), g.snapshot.Certificates[i].ID)
	}
	c.collectServices(g, gauge, counter)
}

// closedRoute is what a route that is closed is counted by.
type closedRoute struct{ ingress, reason string }

// closedRoutesOf counts the routes that are closed.
func closedRoutesOf(g *generation) map[closedRoute]int {
	counts := make(map[closedRoute]int)
	for i := range g.snapshot.Hosts {
		for j := range g.snapshot.Hosts[i].Routes {
			if r := &g.snapshot.Hosts[i].Routes[j]; r.Closed != "" {
				counts[closedRoute{r.Rule.Ingress, r.Closed}]++
			}
		}
	}
	return counts
}

// collectRequests adds up what was counted by Ingress and service.
func (c *collector) collectRequests(metrics chan<- prometheus.Metric, counter func(*prometheus.Desc, uint64, ...string)) {
	all := c.proxy.metrics.all()
	for len(all) > 0 {
		ingress := all[0].ingress
		var duration, upstream tally
		var limited, denied uint64
		for len(all) > 0 && all[0].ingress == ingress {
			counts := make(map[outcome]uint64)
			for i := range all[0].shards {
				if shard := all[0].shards[i].Load(); shard != nil {
					shard.outcomes.collect(counts)
					duration.add(&shard.duration)
					upstream.add(&shard.upstream)
				}
			}
			for o, n := range counts {
				counter(c.requests, n, ingress, all[0].service, strconv.Itoa(o.status()), o.reason().String())
				switch o.reason() {
				case reason.RateLimited:
					limited += n
				case reason.AccessDenied:
					denied += n
				}
			}
			all = all[1:]
		}
		if duration.count == 0 {
			continue
		}
		metrics <- duration.metric(c.duration, &latencyBounds, ingress)
		if ingress == "" {
			continue
		}
		metrics <- upstream.metric(c.upstream, &latencyBounds, ingress)
		counter(c.limited, limited, ingress)
		counter(c.denied, denied, ingress)
	}
}

// all returns the series, those of one Ingress side by side.
func (m *metrics) all() []*series {
	m.mu.Lock()
	all := make([]*series, 0, len(m.routed)+1)
	for _, s := range m.routed {
		all = append(all, s)
	}
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b *series) int { return strings.Compare(a.ingress, b.ingress) })
	return append(all, m.unrouted)
}

// collectServices says what became of attempts at the endpoints of the services that are served, and how these are. The
// pools of a snapshot are sorted by an id that begins with the service.
func (c *collector) collectServices(g *generation, gauge func(*prometheus.Desc, float64, ...string), counter func(*prometheus.Desc, uint64, ...string)) {
	type service struct {
		errors [reason.Count]uint64
		// health is by the endpoint's id: one may be in several pools of a service, at several ports.
		health map[string]snapshot.Health
	}
	services := make(map[string]*service)
	for i := range g.snapshot.Pools {
		pool := &g.snapshot.Pools[i]
		s := services[pool.Service]
		if s == nil {
			s = &service{health: make(map[string]snapshot.Health)}
			services[pool.Service] = s
		}
		for r := range s.errors {
			s.errors[r] += g.pools[pool.ID].failures(reason.Reason(r))
		}
		for j := range pool.Endpoints {
			s.health[pool.Endpoints[j].ID] = c.proxy.healthOf(&pool.Endpoints[j])
		}
	}
	for name, s := range services {
		for r, n := range s.errors {
			if n > 0 {
				counter(c.errors, n, name, reason.Reason(r).String())
			}
		}
		var count [snapshot.Unhealthy + 1]int
		for _, health := range s.health {
			count[health]++
		}
		for health, n := range count {
			gauge(c.tasks, float64(n), name, snapshot.Health(health).String())
		}
	}
}

// healthOf is what is known of an endpoint. One that nothing checks and nobody reported is Healthy.
func (p *Proxy) healthOf(e *snapshot.Endpoint) snapshot.Health {
	if e.Unhealthy {
		return snapshot.Unhealthy
	}
	if e.Checked {
		report, _ := p.Health(e.ID)
		return report.Health
	}
	return snapshot.Healthy
}

// activeRequests counts the requests and the upgraded connections that have not ended.
func (p *Proxy) activeRequests() int {
	active := 0
	p.conns.each(func(c *conn) {
		if s := c.session.Load(); s != nil {
			active += s.Running()
		} else if c.phase.Load() == phaseBusy {
			active++
		}
	})
	return active
}
