// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/warren-dev/ingress/controllers/orders"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/status"
)

// Metrics counts what the controllers do. It outlives a control plane that is started again.
type Metrics struct {
	orders   *orders.Metrics
	statuses *status.Metrics
	peers    *replicas.Metrics
}

// NewMetrics makes metrics that have counted nothing.
func NewMetrics() *Metrics {
	return &Metrics{orders: orders.NewMetrics(), statuses: status.NewMetrics(), peers: replicas.NewMetrics()}
}

func (m *Metrics) parts() []prometheus.Collector {
	return []prometheus.Collector{m.orders, m.statuses, m.peers}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, part := range m.parts() {
		part.Describe(descs)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, part := range m.parts() {
		part.Collect(metrics)
	}
}
