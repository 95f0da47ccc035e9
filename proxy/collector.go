// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/warren-dev/ingress/proxy/downstream"
	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Collector returns a collector through which Prometheus's client reads what the proxy counts. Labels are names of
// objects, statuses, and words from the lists of this package and others, never bytes of a request. A series goes when
// its object does.
func (p *Proxy) Collector() prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("warren_ingress_"+name, help, labels, nil)
	}
	return &collector{
		proxy:        p,
		counted:      p.engine.Metrics.Collector(),
		errors:       desc("backend_errors_total", "Attempts at a service's endpoints that failed, also those that a retry made good.", "service", "reason"),
		connections:  desc("active_connections", "Client connections that are open."),
		refusedHeads: desc("head_memory_refusals_total", "Streams refused and connections ended because of the memory of heads that wait, by what they would have been too much for: their Connection or the Process.", "reason"),
		heldHeads:    desc("head_memory_bytes", "Memory that is taken for heads that wait, incomplete or on their way."),
		active:       desc("active_requests", "Requests and upgraded connections that have not ended."),
		generation:   desc("snapshot_generation", "Number of the snapshot that this replica serves, 0 before the first."),
		routes:       desc("routes", "Routes that are served."),
		closed:       desc("closed_routes", "Routes that answer every request with 503 until their Ingress, which is named with why, is mended.", "ingress", "reason"),
		tasks:        desc("tasks", "Tasks and endpoints of a service by health.", "service", "health"),
		notAfter:     desc("certificate_not_after_seconds", "When a certificate expires, in seconds since 1970.", "certificate"),
		notBefore:    desc("certificate_not_before_seconds", "When a certificate began to be valid, in seconds since 1970.", "certificate"),
		droppedLines: desc("access_log_dropped_lines_total", "Lines of the access log that were dropped because more waited than are held."),
	}
}

type collector struct {
	proxy *Proxy
	// counted counts what became of requests, handshakes and snapshots. The rest is looked up.
	counted prometheus.Collector

	errors, tasks              *prometheus.Desc
	connections, active        *prometheus.Desc
	refusedHeads, heldHeads    *prometheus.Desc
	generation, routes, closed *prometheus.Desc
	notAfter, notBefore        *prometheus.Desc
	droppedLines               *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	c.counted.Describe(descs)
	for _, d := range [...]*prometheus.Desc{
		c.errors, c.tasks, c.connections, c.active, c.refusedHeads, c.heldHeads, c.generation, c.routes, c.closed,
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
	p := c.proxy
	c.counted.Collect(metrics)
	for b := range headmemory.Bounds {
		counter(c.refusedHeads, p.heads.Refusals(b), b.String())
	}
	gauge(c.heldHeads, float64(p.heads.Held()))
	if p.engine.Log != nil {
		counter(c.droppedLines, p.engine.Log.Dropped())
	}
	gauge(c.connections, float64(p.server.Open()))
	gauge(c.active, float64(p.activeRequests()))

	g := p.engine.Generation.Load()
	gauge(c.generation, float64(g.Number))
	gauge(c.routes, float64(g.Routes()))
	for of, n := range closedRoutesOf(g) {
		gauge(c.closed, float64(n), of.ingress, of.reason)
	}
	for i := range g.Snapshot.Certificates {
		notBefore, notAfter := g.Identity.Validity(i)
		gauge(c.notAfter, float64(notAfter.Unix()), g.Snapshot.Certificates[i].ID)
		gauge(c.notBefore, float64(notBefore.Unix()), g.Snapshot.Certificates[i].ID)
	}
	c.collectServices(g, gauge, counter)
}

// closedRoute is what closed routes are counted by.
type closedRoute struct{ ingress, reason string }

// closedRoutesOf counts the routes that are closed.
func closedRoutesOf(g *routing.Generation) map[closedRoute]int {
	counts := make(map[closedRoute]int)
	g.Snapshot.EachHost(func(_ *snapshot.Listener, h *snapshot.Host) {
		for j := range h.Routes {
			if r := &h.Routes[j]; r.Closed != "" {
				counts[closedRoute{r.Rule.Ingress, r.Closed}]++
			}
		}
	})
	return counts
}

// collectServices counts the attempts that failed at the endpoints of each service, and those endpoints by health. The
// pools of a snapshot are sorted by an id that begins with the service.
func (c *collector) collectServices(g *routing.Generation, gauge func(*prometheus.Desc, float64, ...string), counter func(*prometheus.Desc, uint64, ...string)) {
	type service struct {
		errors [reason.Count]uint64
		// health is by the endpoint's id. One endpoint may be in several pools of a service, at several ports.
		health map[string]snapshot.Health
	}
	services := make(map[string]*service)
	for i := range g.Snapshot.Pools {
		pool := &g.Snapshot.Pools[i]
		s := services[pool.Service]
		if s == nil {
			s = &service{health: make(map[string]snapshot.Health)}
			services[pool.Service] = s
		}
		for r := range s.errors {
			s.errors[r] += g.Pool(pool.ID).Failures(reason.Reason(r))
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

// healthOf returns what is known of an endpoint. It is Healthy if nothing checks it and nobody reported it.
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
	p.server.Each(func(c downstream.Conn) { active += c.Running() })
	return active
}
