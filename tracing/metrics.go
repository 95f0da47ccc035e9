// SPDX-License-Identifier: Apache-2.0

package tracing

import "github.com/prometheus/client_golang/prometheus"

// descriptions are the descriptions of the metrics for Prometheus.
type descriptions struct{ sent, dropped *prometheus.Desc }

func newDescriptions() descriptions {
	return descriptions{
		sent: prometheus.NewDesc("warren_ingress_trace_spans_sent_total", "Spans that the collector took.", nil, nil),
		dropped: prometheus.NewDesc("warren_ingress_trace_spans_dropped_total",
			"Spans that were dropped: because more waited than are held (queue), or because the collector did not take them (collector).", []string{"cause"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (e *Exporter) Describe(descs chan<- *prometheus.Desc) {
	descs <- e.descriptions.sent
	descs <- e.descriptions.dropped
}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(metrics chan<- prometheus.Metric) {
	counter := func(desc *prometheus.Desc, n uint64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
	}
	counter(e.descriptions.sent, e.sent.Load())
	counter(e.descriptions.dropped, e.overflowed.Load(), "queue")
	counter(e.descriptions.dropped, e.failed.Load(), "collector")
}
