// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// memberState is what can be said of a pool's member at a time.
type memberState struct {
	// id names the object that it came from, address is where it is.
	id, address string
	weight      int
	// draining and unhealthy are as the snapshot has them; checked says whether its health is asked for.
	draining, unhealthy, checked bool
	// health is what is known of it; Healthy where nothing checks it and nobody reported it.
	health snapshot.Health
	// active is how many requests and tunnels have a place at it.
	active int64
	// takes says whether new requests may go to it, and why why not, or what there is to say besides.
	takes bool
	why   string
	// ejected is set while it is set aside for what requests met with.
	ejected bool
}

// describe says of each member how it stands. It decides as [pool.available] does.
func (p *pool) describe() []memberState {
	states := make([]memberState, len(p.members))
	for i, open := range p.open() {
		m := &p.members[i]
		report := HealthReport{Health: snapshot.Healthy}
		if m.checked != nil {
			report = *m.checked.report.Load()
		} else if m.unhealthy {
			report.Health = snapshot.Unhealthy
		}
		states[i] = memberState{
			id: m.id, address: m.text, weight: m.weight, draining: m.draining, unhealthy: m.unhealthy, checked: m.checked != nil,
			health: report.Health, active: m.active.Load(), takes: open, why: m.whyOut(&report, open),
			ejected: m.conduct.ejected.Load() != 0,
		}
	}
	return states
}

// whyOut says why a member takes no requests, or what there is to say of one that does.
func (m *member) whyOut(report *HealthReport, takes bool) string {
	switch {
	case m.draining:
		return "it drains"
	case m.weight == 0:
		return "its weight is 0"
	case m.unhealthy:
		return "it was reported unhealthy"
	case report.Health == snapshot.Unhealthy:
		return "its health check fails: " + report.Message
	case !takes && report.Health == snapshot.HealthUnknown:
		return "no probe of it has come to a result, and others are healthy"
	case !takes:
		return fmt.Sprintf("it is set aside for a while: %d requests in a row failed", ejectAfter)
	case m.conduct.ejected.Load() > 0:
		return "requests failed at it; it takes some all the same, for too many others did too"
	}
	return report.Message
}

// protocol is what the pool's endpoints are spoken to in, as rules have it.
func (p *pool) protocol() string {
	switch {
	case p.tls != snapshot.UpstreamTLS{}:
		return "HTTPS"
	case p.h2c:
		return "H2C"
	}
	return "HTTP"
}
