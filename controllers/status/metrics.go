// SPDX-License-Identifier: Apache-2.0

package status

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts the statuses that others overwrite. All methods work on nil, which counts nothing.
type Metrics struct{ contested prometheus.Counter }

// NewMetrics makes metrics that have counted nothing.
func NewMetrics() *Metrics {
	return &Metrics{contested: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "warren_ingress_status_contested_total",
		Help: "Objects whose status others overwrote so often in a row that it is written less often from then on.",
	})}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) { m.contested.Describe(descs) }

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) { m.contested.Collect(metrics) }

func (m *Metrics) statusContested() {
	if m != nil {
		m.contested.Inc()
	}
}
