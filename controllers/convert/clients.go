// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// closeAsking closes the hosts whose clients have to show certificates. A Gateway asks the clients of all hosts at a
// port, and lets the handshake fail.
func (c *converter) closeAsking(hosts []host) {
	for i := range c.Snapshot.Hosts {
		of := &c.Snapshot.Hosts[i]
		asks := func(r snapshot.Route) bool {
			return slices.ContainsFunc(r.Policies, func(p policy.Policy) bool { return p.Name() == "client-certificate" })
		}
		if !slices.ContainsFunc(hosts, func(h host) bool { return h.name == of.Name }) || c.closed[of.Name] || !slices.ContainsFunc(of.Routes, asks) {
			continue
		}
		c.closed[of.Name] = true
		c.lose("host "+shown(of.Name), "its clients have to show certificates, which an HTTPRoute cannot say: it answers 500 as a whole. "+
			"Give it a Gateway of its own, and write spec.tls.frontend there")
	}
}
