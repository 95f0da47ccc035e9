// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Check probes a task at an interval. Every proxy that serves the snapshot probes for itself, because one proxy may
// not reach what another one reaches.
type Check struct {
	// ID is the ID of the endpoints that the check decides about. They are Checked.
	ID string
	// Namespace is the task's namespace. The checks of a namespace share what probes may take.
	Namespace string
	// Address is what is probed. Its port may be none of the endpoints' ports.
	Address netip.AddrPort
	// Path is the path of a GET. If it is empty and GRPC is not set, a probe only has to get a connection.
	Path string
	// GRPC is set if the probe speaks gRPC's health protocol instead of sending a GET. Service is the service that it
	// asks about. If Service is empty, it asks about the server as a whole.
	GRPC    bool
	Service string
	// TLS is set if the probe goes over TLS. It takes any certificate. It asks only whether the task serves. What a rule
	// expects of the certificate is checked for that rule's requests.
	TLS bool
	// ServerName is sent in the handshake, and the GET asks for it as the host. So a task with several hosts answers as
	// one of them. It is empty without TLS, and if no name is known. Then the GET asks for the address.
	ServerName string
	// Obsolete allows what [UpstreamTLS.Obsolete] allows, because requests to that address may use it.
	Obsolete bool
	// H2C is set if the GET is sent in HTTP/2 without TLS. Over TLS the task chooses the version.
	H2C bool
	// Expected are the statuses with which a healthy task answers the GET.
	Expected []StatusRange
	// Interval is the time between the beginnings of two probes. The prober varies it by up to a tenth. Timeout bounds a
	// whole probe. It is at most Interval.
	Interval, Timeout time.Duration
	// HealthyThreshold is how many probes in a row have to succeed before the task is Healthy. UnhealthyThreshold is how
	// many have to fail before it is Unhealthy. Both are at least 1.
	HealthyThreshold, UnhealthyThreshold int
	// Before is the health that was known before this proxy probed the task. The check begins with it. A later snapshot
	// with another Before does not undo what the check has found since. So two checks that differ in Before alone are
	// equal.
	Before Health
}

// StatusRange has the statuses from First to Last, including both.
type StatusRange struct{ First, Last int }

// Health is what a check has found out about a task.
type Health uint8

const (
	// HealthUnknown means that no probe has decided yet. The task takes requests while no task of its pool is Healthy.
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

// Equal says whether two checks probe alike, as often and with the same thresholds.
func (c Check) Equal(o Check) bool { return c.equal(&o) }

func (c *Check) equal(o *Check) bool {
	return c.SameProbe(o) && c.Interval == o.Interval && c.Timeout == o.Timeout &&
		c.HealthyThreshold == o.HealthyThreshold && c.UnhealthyThreshold == o.UnhealthyThreshold
}

// SameProbe says whether the findings of one check hold for the other one too.
func (c *Check) SameProbe(o *Check) bool {
	return c.ID == o.ID && c.Namespace == o.Namespace && c.Address == o.Address && c.Path == o.Path &&
		c.GRPC == o.GRPC && c.Service == o.Service && c.TLS == o.TLS && c.ServerName == o.ServerName &&
		c.Obsolete == o.Obsolete && c.H2C == o.H2C &&
		equalValues(c.Expected, o.Expected)
}

// Expects says whether a healthy task may answer with a status.
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
