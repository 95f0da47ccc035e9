// SPDX-License-Identifier: Apache-2.0

package orders

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts the orders that end. A nil Metrics counts nothing.
type Metrics struct{ ended *prometheus.CounterVec }

// What becomes of an order.
const (
	orderIssued = "issued"
	orderFailed = "failed"
)

// NewMetrics returns Metrics that have counted nothing yet.
func NewMetrics() *Metrics {
	m := &Metrics{ended: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "warren_ingress_acme_orders_total",
		Help: "ACME orders that ended, by what became of them: issued or failed.",
	}, []string{"result"})}
	for _, result := range []string{orderIssued, orderFailed} {
		m.ended.WithLabelValues(result) // A series that is there from the beginning shows the first increase.
	}
	return m
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) { m.ended.Describe(descs) }

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) { m.ended.Collect(metrics) }

func (m *Metrics) orderEnded(result string) {
	if m != nil {
		m.ended.WithLabelValues(result).Inc()
	}
}
