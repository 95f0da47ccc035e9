// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// claim makes a connection private to the client of the exchange.
func (x *exchange) claim(up upstream) {
	if c := up.Sole(); c != nil && !c.private {
		c.private, c.logins = true, x.logins
	}
}

// loggedIn returns the target of the pool that the client is logged in at, if it takes requests and this one was not
// given to it before.
func (x *exchange) loggedIn(p *pool) *target {
	if x.logins == nil {
		return nil
	}
	for _, c := range slices.Backward(x.logins.conns) {
		for i := range p.members {
			m := &p.members[i]
			if &m.endpoint != c.endpoint || slices.Contains(x.tried, m.target) {
				continue
			}
			if s := m.standing(); s.takes && s.health == snapshot.Healthy && s.ejected == 0 {
				return m.target
			}
		}
	}
	return nil
}
