// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Check probes a task at an interval. Every proxy that serves the snapshot probes for itself, since what one of them
// reaches another may not.
type Check struct {
	// ID is that of the endpoints that the check decides about, which are Checked.
	ID string
	// Address is what is probed. It may be at another port than any endpoint.
	Address netip.AddrPort
	// Path is what to GET. Empty, and without GRPC: an accepted connection is all that is wanted.
	Path string
	// GRPC has gRPC's health protocol spoken in place of a GET. Service is what is asked about; empty: the server as a
	// whole.
	GRPC    bool
	Service string
	// TLS has the task asked over TLS. The certificate may be any: what is asked is whether the task serves, and what a
	// rule expects of its certificate is that rule's.
	TLS bool
	// H2C has the GET sent in HTTP/2 where there is no TLS. Over TLS the task chooses.
	H2C bool
	// Expected are the statuses of a healthy answer to the GET.
	Expected []StatusRange
	// Interval is between the beginnings of two probes. Timeout, which is no longer, bounds all of one.
	Interval, Timeout time.Duration
	// HealthyThreshold and UnhealthyThreshold are how many probes in a row must succeed or fail, 1 or more.
	HealthyThreshold, UnhealthyThreshold int
	// Before is what was known of the task before this proxy probed it, and what the check begins with. What the check has
	// found since is not undone by another one, so two checks that differ in it alone are equal.
	Before Health
}

// StatusRange is the statuses from First to Last, both included.
type StatusRange struct{ First, Last int }

// Health is what a check has found out about a task.
type Health uint8

const (
	// HealthUnknown says that no probe has come to a result. The task takes requests while none is known to be healthy.
	HealthUnknown Health = iota
	// Healthy tasks take requests.
	Healthy
	// Unhealthy tasks take none.
	Unhealthy
)

func (h Health) String() string {
	switch h {
	case Healthy:
		return "Healthy"
	case Unhealthy:
		return "Unhealthy"
	}
	return "Unknown"
}

// Equal says whether two checks probe alike.
func (c Check) Equal(o Check) bool {
	return c.SameProbe(&o) && c.Interval == o.Interval && c.Timeout == o.Timeout &&
		c.HealthyThreshold == o.HealthyThreshold && c.UnhealthyThreshold == o.UnhealthyThreshold
}

// SameProbe says whether what one check found out holds for the other too.
func (c *Check) SameProbe(o *Check) bool {
	return c.ID == o.ID && c.Address == o.Address && c.Path == o.Path && c.GRPC == o.GRPC && c.Service == o.Service &&
		c.TLS == o.TLS && c.H2C == o.H2C && slices.Equal(c.Expected, o.Expected)
}

// Expects says whether a status is one of a healthy answer.
func (c *Check) Expects(status int) bool {
	return slices.ContainsFunc(c.Expected, func(r StatusRange) bool { return r.First <= status && status <= r.Last })
}

// findCheck returns the check of that id in a list that is sorted by id, or nil.
func findCheck(checks []Check, id string) *Check {
	i, ok := slices.BinarySearchFunc(checks, id, func(c Check, id string) int { return strings.Compare(c.ID, id) })
	if !ok {
		return nil
	}
	return &checks[i]
}
