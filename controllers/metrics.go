// SPDX-License-Identifier: Apache-2.0

package controllers

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what the controllers do. It outlives a control plane that is started again. All methods work on nil,
// which counts nothing.
type Metrics struct {
	orders    *prometheus.CounterVec
	contested prometheus.Counter
	others    *prometheus.GaugeVec
}

// What becomes of an order.
const (
	orderIssued = "issued"
	orderFailed = "failed"
)

// NewMetrics makes metrics that have counted nothing.
func NewMetrics() *Metrics {
	m := &Metrics{
		orders: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "warren_ingress_acme_orders_total",
			Help: "ACME orders that ended, by what became of them: issued or failed.",
		}, []string{"result"}),
		contested: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "warren_ingress_status_contested_total",
			Help: "Objects whose status others overwrote so often in a row that it is written less often from then on.",
		}),
		others: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "warren_ingress_other_controllers",
			Help: "Other controllers that serve objects of the same namespaces: 1 if it writes the status of what both serve, " +
				"0 if this one does.",
		}, []string{"controller"}),
	}
	for _, result := range []string{orderIssued, orderFailed} {
		m.orders.WithLabelValues(result) // 0 from the beginning
	}
	return m
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) {
	m.orders.Describe(descs)
	m.contested.Describe(descs)
	m.others.Describe(descs)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	m.orders.Collect(metrics)
	m.contested.Collect(metrics)
	m.others.Collect(metrics)
}

func (m *Metrics) statusContested() {
	if m != nil {
		m.contested.Inc()
	}
}

// peersAre notes the controllers that there are, in the order in which they write, and the index of this one.
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

func (m *Metrics) orderEnded(result string) {
	if m != nil {
		m.orders.WithLabelValues(result).Inc()
	}
}
