// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Contact knows when the Kubernetes API last answered. A replica renews its Lease every few seconds, so unless it is
// cut off it never waits long for an answer. A replica that is cut off goes on with what it has, and this shows it.
type Contact struct {
	now func() time.Time
	// last is when an answer began, in Unix nanoseconds; 0 before the first.
	last atomic.Int64
	// reached are the latest addresses at which the API was connected to. The slice is immutable.
	reached   atomic.Pointer[[]netip.Addr]
	connected *prometheus.Desc
	answered  *prometheus.Desc
}

// NewContact returns the contact of a process to which the API has not answered yet.
func NewContact() *Contact {
	return &Contact{
		now: time.Now,
		connected: prometheus.NewDesc("warren_ingress_api_connected",
			"Whether the Kubernetes API answered within the last 15 seconds: 1, or 0 of a replica that goes on with what it had.", nil, nil),
		answered: prometheus.NewDesc("warren_ingress_api_last_contact_seconds",
			"When the Kubernetes API last answered, as Unix time; 0 before the first answer.", nil, nil),
	}
}

// Wrap wraps the transport of a client of the API. Every client has to use it.
func (c *Contact) Wrap(next http.RoundTripper) http.RoundTripper { return contactTransport{c, next} }

type contactTransport struct {
	contact *Contact
	next    http.RoundTripper
}

// RoundTrip does not count a server error as an answer: something between this process and the API may give one.
func (t contactTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	traced := httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{GotConn: t.contact.connectedBy})
	response, err := t.next.RoundTrip(request.WithContext(traced))
	if err == nil && response.StatusCode < http.StatusInternalServerError {
		t.contact.last.Store(t.contact.now().UnixNano())
	}
	return response, err
}

// reachedAtMost is how many addresses of the API are remembered. There is one, or a few behind a name.
const reachedAtMost = 32

// connectedBy notes the address that a connection leads to.
func (c *Contact) connectedBy(info httptrace.GotConnInfo) {
	at, ok := info.Conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return
	}
	address := at.AddrPort().Addr().Unmap()
	for {
		before := c.reached.Load()
		var known []netip.Addr
		if before != nil {
			known = *before
		}
		if slices.Contains(known, address) {
			return
		}
		after := append(slices.Clone(known[max(0, len(known)-reachedAtMost+1):]), address)
		if c.reached.CompareAndSwap(before, &after) {
			return
		}
	}
}

// Reached returns the latest addresses at which the API was connected to.
func (c *Contact) Reached() []netip.Addr {
	if reached := c.reached.Load(); reached != nil {
		return slices.Clone(*reached)
	}
	return nil
}

// Last returns when the API last answered, the zero time if it has not answered yet.
func (c *Contact) Last() time.Time {
	if last := c.last.Load(); last != 0 {
		return time.Unix(0, last)
	}
	return time.Time{}
}

// Connected returns whether the last answer is so recent that the other replicas do not take this one for gone.
func (c *Contact) Connected() bool { return c.now().Sub(c.Last()) < replicaExpiry }

// Describe implements prometheus.Collector.
func (c *Contact) Describe(descs chan<- *prometheus.Desc) {
	descs <- c.connected
	descs <- c.answered
}

// Collect implements prometheus.Collector.
func (c *Contact) Collect(metrics chan<- prometheus.Metric) {
	connected, answered := 0.0, 0.0
	if c.Connected() {
		connected = 1
	}
	if last := c.last.Load(); last != 0 {
		answered = float64(last) / float64(time.Second)
	}
	metrics <- prometheus.MustNewConstMetric(c.connected, prometheus.GaugeValue, connected)
	metrics <- prometheus.MustNewConstMetric(c.answered, prometheus.GaugeValue, answered)
}
