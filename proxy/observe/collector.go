// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Collector returns a collector through which Prometheus's client reads what was counted. Labels are names of objects,
// statuses and reasons, never bytes of a request.
func (m *Metrics) Collector() prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("warren_ingress_"+name, help, labels, nil)
	}
	return &collector{
		metrics:          m,
		requests:         desc("requests_total", "Requests that ended, by the Ingress and service of their rule (empty where no rule was found), status and, for an answer of the proxy's own or a response that broke off, reason.", "ingress", "service", "code", "reason"),
		duration:         desc("request_duration_seconds", "Time from a request's head to the end of its response.", "ingress"),
		upstream:         desc("upstream_duration_seconds", "Time from the choice of an endpoint until the head of a response was there, or none came, retries included.", "ingress"),
		selection:        desc("backend_selection_duration_seconds", "Time from a request's head to the choice of an endpoint: routing, policies, and the wait where all endpoints are busy."),
		mirrored:         desc("mirrored_requests_total", "Copies of requests for mirrors, by the Ingress of the rule, the mirror's service and what became of them.", "ingress", "service", "result"),
		paged:            desc("error_pages_total", "Requests for error pages, by the Ingress of the rule, the service that has the page and what became of them.", "ingress", "service", "result"),
		limited:          desc("rate_limit_rejections_total", "Requests answered with RateLimited.", "ingress"),
		denied:           desc("access_denials_total", "Requests answered with AccessDenied.", "ingress"),
		handshakes:       desc("tls_handshake_duration_seconds", "Time that TLS handshakes took that succeeded."),
		failedHandshakes: desc("tls_handshake_failures_total", "TLS handshakes that failed, by their cause.", "cause"),
		refused:          desc("connections_refused_total", "Client connections beyond --max-connections."),
		applied:          desc("snapshot_apply_duration_seconds", "Time that it took to compile a snapshot and to serve it."),
		rejected:         desc("snapshot_rejections_total", "Snapshots that did not compile; the one before went on being served."),
	}
}

type collector struct {
	metrics *Metrics

	requests, duration, upstream          *prometheus.Desc
	mirrored, paged, limited, denied      *prometheus.Desc
	selection                             *prometheus.Desc
	handshakes, failedHandshakes, refused *prometheus.Desc
	applied, rejected                     *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{
		c.requests, c.duration, c.upstream, c.mirrored, c.paged, c.limited, c.denied, c.selection, c.handshakes, c.failedHandshakes, c.refused,
		c.applied, c.rejected,
	} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	counter := func(desc *prometheus.Desc, value uint64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), labels...)
	}
	c.collectRequests(metrics, counter)

	m := c.metrics
	var selection, handshakes, applied tally
	for i := range m.selection {
		selection.add(&m.selection[i].histogram)
	}
	handshakes.add(&m.handshakes)
	applied.add(&m.applied)
	metrics <- selection.metric(c.selection, &selectionBounds)
	metrics <- handshakes.metric(c.handshakes, &latencyBounds)
	metrics <- applied.metric(c.applied, &latencyBounds)
	for why := range transport.HandshakeFaults {
		counter(c.failedHandshakes, m.failedHandshakes[why].Load(), why.String())
	}
	counter(c.refused, m.refused.Load())
	counter(c.rejected, m.rejected.Load())
}

// collectRequests adds up what was counted by Ingress and service.
func (c *collector) collectRequests(metrics chan<- prometheus.Metric, counter func(*prometheus.Desc, uint64, ...string)) {
	all := c.metrics.all()
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
			for m := range mirrorings {
				if n := all[0].mirrored[m].Load(); n > 0 {
					counter(c.mirrored, n, ingress, all[0].service, m.String())
				}
			}
			for p := range pagings {
				if n := all[0].paged[p].Load(); n > 0 {
					counter(c.paged, n, ingress, all[0].service, p.String())
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
