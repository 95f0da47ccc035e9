// SPDX-License-Identifier: Apache-2.0

package controllers

import "github.com/prometheus/client_golang/prometheus"

// statusMetrics counts the statuses that others overwrite. All methods work on nil, which counts nothing.
type statusMetrics struct{ contested prometheus.Counter }

func newStatusMetrics() *statusMetrics {
	return &statusMetrics{contested: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "warren_ingress_status_contested_total",
		Help: "Objects whose status others overwrote so often in a row that it is written less often from then on.",
	})}
}

// Describe implements prometheus.Collector.
func (m *statusMetrics) Describe(descs chan<- *prometheus.Desc) { m.contested.Describe(descs) }

// Collect implements prometheus.Collector.
func (m *statusMetrics) Collect(metrics chan<- prometheus.Metric) { m.contested.Collect(metrics) }

func (m *statusMetrics) statusContested() {
	if m != nil {
		m.contested.Inc()
	}
}
