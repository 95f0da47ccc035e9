// SPDX-License-Identifier: Apache-2.0

package hosts

import "github.com/prometheus/client_golang/prometheus"

// hostMetrics counts claims by their state.
type hostMetrics struct{ claims *prometheus.GaugeVec }

// The states of a claim.
const (
	claimHeld       = "held"
	claimReleased   = "released"
	claimUnrecorded = "unrecorded"
	claimUnreadable = "unreadable"
)

func newHostMetrics() *hostMetrics {
	m := &hostMetrics{claims: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "warren_ingress_host_claims",
		Help: "Hosts that belong to a namespace, by state: held, released (no rule names it any more), unrecorded (this replica " +
			"alone remembers it) or unreadable.",
	}, []string{"state"})}
	for _, state := range []string{claimHeld, claimReleased, claimUnrecorded, claimUnreadable} {
		m.claims.WithLabelValues(state) // So that each series begins at 0.
	}
	return m
}

// Describe implements prometheus.Collector.
func (h *Hosts) Describe(descs chan<- *prometheus.Desc) { h.metrics.claims.Describe(descs) }

// Collect implements prometheus.Collector.
func (h *Hosts) Collect(metrics chan<- prometheus.Metric) { h.metrics.claims.Collect(metrics) }

// count sets how many claims are in each state. Those in none of the other states are held.
func (m *hostMetrics) count(of map[string]int, all int) {
	m.claims.WithLabelValues(claimHeld).Set(float64(all - of[claimReleased] - of[claimUnrecorded] - of[claimUnreadable]))
	for _, state := range []string{claimReleased, claimUnrecorded, claimUnreadable} {
		m.claims.WithLabelValues(state).Set(float64(of[state]))
	}
}
