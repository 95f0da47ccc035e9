// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"fmt"
	"time"

	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Standing is what can be said of a pool's member at one time.
type Standing struct {
	// ID names the object that it came from. Address is where it is.
	ID, Address string
	Weight      int
	// Draining and Unhealthy are as the snapshot has them. Checked says whether a check asks for its health.
	Draining, Unhealthy, Checked bool
	// Health is what is known of its health. It is Healthy if nothing checks it and nobody reported it.
	Health snapshot.Health
	// Active is how many requests and tunnels have a place at it.
	Active int64
	// Takes says whether new requests may go to it. Why says why not, or what else there is to say.
	Takes bool
	Why   string
	// Ejected is set while it is set aside because requests failed at it.
	Ejected bool
	// Last is the last request that failed at it, nil if none did.
	Last *Failure
}

// Describe returns the standing of each member. It decides as [Pool.Taking] does.
func (p *Pool) Describe() []Standing {
	standings := make([]Standing, len(p.members))
	for i, open := range p.open() {
		m := &p.members[i]
		report := health.Report{Health: snapshot.Healthy}
		if m.checked != nil {
			report = m.checked.Report()
		} else if m.unhealthy {
			report.Health = snapshot.Unhealthy
		}
		standings[i] = Standing{
			ID: m.id, Address: m.String(), Weight: m.weight, Draining: m.draining, Unhealthy: m.unhealthy, Checked: m.checked != nil,
			Health: report.Health, Active: m.active.Load(), Takes: open, Why: m.whyOut(&report, open),
			Ejected: m.conduct.ejected.Load() != 0, Last: m.last.Load(),
		}
	}
	return standings
}

// whyOut says why a member takes no requests, or what there is to say of one that does.
func (m *member) whyOut(report *health.Report, takes bool) string {
	switch {
	case m.draining:
		return "it drains"
	case m.weight == 0:
		return "its weight is 0"
	case m.unhealthy:
		return "it was reported unhealthy"
	case report.Health == snapshot.Unhealthy:
		return "its health check fails: " + report.Message + since(report.Since)
	case !takes && report.Health == snapshot.HealthUnknown:
		return "no probe of it has come to a result, and others are healthy"
	case !takes:
		return fmt.Sprintf("it is set aside for a while: %d requests in a row failed%s", ejectAfter, m.lastly(", the last one"))
	case m.conduct.ejected.Load() > 0:
		return "requests failed at it" + m.lastly(", the last one") + "; it takes some all the same, for too many others did too"
	}
	switch last := m.last.Load(); {
	case last == nil:
		return report.Message
	case last.malformed:
		return "its response of " + shownTime(last.At) + " was malformed: " + last.Text
	case m.conduct.failures.Load() > 0:
		return "nothing was answered since a request failed" + m.lastly("")
	}
	return report.Message
}

// ServerName returns the name under which the pool's endpoints are spoken to over TLS, in a request for a canonical
// host. fromRequest says whether it is that host.
func (p *Pool) ServerName(host []byte) (name string, fromRequest bool) {
	if p.TLS.ServerNameFromRequest && upstream.IsServerName(host) {
		return string(host), true
	}
	return p.TLS.ServerName, false
}

// lastly says when the last request failed at a member, and what the member did. It is empty if none is known of.
func (m *member) lastly(before string) string {
	last := m.last.Load()
	if last == nil {
		return ""
	}
	return before + " at " + shownTime(last.At) + ": " + last.Text
}

func since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", since " + shownTime(t)
}

func shownTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Protocol returns what the pool's endpoints speak, in the words of rules.
func (p *Pool) Protocol() string {
	switch {
	case p.TLS != snapshot.UpstreamTLS{}:
		return "HTTPS"
	case p.H2C:
		return "H2C"
	}
	return "HTTP"
}
