// SPDX-License-Identifier: Apache-2.0

package replicas

import "github.com/prometheus/client_golang/prometheus"

// Metrics shows which other controllers there are. On nil, peersAre does nothing.
type Metrics struct{ others *prometheus.GaugeVec }

// NewMetrics returns metrics that show no controller.
func NewMetrics() *Metrics {
	return &Metrics{others: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "warren_ingress_other_controllers",
		Help: "Other controllers that serve objects of the same namespaces: 1 if it writes the status of what both serve, " +
			"0 if this one does.",
	}, []string{"controller"})}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) { m.others.Describe(descs) }

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) { m.others.Collect(metrics) }

// peersAre sets the controllers that there are, in the order in which they write, and the index of this one.
func (m *Metrics) peersAre(controllers []string, own int) {
	if m == nil {
		return
	}
	m.others.Reset()
	for i, controller := range controllers {
		if i == own {
			continue
		}
		first := 0.0
		if i < own {
			first = 1
		}
		m.others.WithLabelValues(controller).Set(first)
	}
}
