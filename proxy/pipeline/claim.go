// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// claim makes a connection private to the client of the exchange.
func (x *Exchange) claim(up upstream.Exchange) {
	if c := up.Sole(); c != nil {
		c.Claim(x.origin.Logins)
	}
}

// loggedIn returns the target of the pool that the client is logged in at. It returns nil if there is none, if it takes
// no requests, or if the request was given to it before.
func (x *Exchange) loggedIn(p *balance.Pool) *balance.Target {
	for e := range x.origin.Logins.Endpoints() {
		if t := p.Sound(e); t != nil && !slices.Contains(x.tried, t) {
			return t
		}
	}
	return nil
}
