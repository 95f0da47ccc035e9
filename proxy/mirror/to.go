// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"math/rand/v2"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// To is a pool that gets copies of some of a route's requests.
type To struct {
	Pool *balance.Pool
	// Series counts what becomes of the copies.
	Series *observe.Series
	// Numerator of Denominator requests are copied.
	Numerator, Denominator int
	// Host is what the pool is asked for in place of the request's host. Nil leaves that.
	Host []byte
	// Bare is set if copies are without the content of requests.
	Bare bool
	// Connect bounds the making of a connection, and Whole the whole exchange.
	Connect, Whole time.Duration
	// MaxConnections bounds the exchanges at each endpoint, those of requests included. 0 is no bound.
	MaxConnections int
}

// longest bounds the time that a copy takes. A service that is slower would have too many of them under way.
const longest = 30 * time.Second

// NewTo returns who gets the copies that a mirror of a route is for.
func NewTo(m *snapshot.Mirror, r *snapshot.Route, pool *balance.Pool, series *observe.Series) To {
	to := To{
		Pool: pool, Series: series, Numerator: m.Numerator, Denominator: m.Denominator, Bare: m.Bare,
		Connect: r.Timeouts.Connect, Whole: longest, MaxConnections: r.Balancing.MaxConnections,
	}
	if m.Host != "" {
		to.Host = []byte(m.Host)
	}
	if d := r.Timeouts.Request; d > 0 {
		to.Whole = min(d, longest)
	}
	return to
}

// Wants says by chance whether the next request is to be copied.
func (t *To) Wants() bool { return rand.IntN(t.Denominator) < t.Numerator }
