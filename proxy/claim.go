// SPDX-License-Identifier: Apache-2.0

package proxy

import "slices"

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
		if t := p.sound(c.endpoint); t != nil && !slices.Contains(x.tried, t) {
			return t
		}
	}
	return nil
}
