// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/upstream"
)

// Target is an endpoint with what requests make of it. The pools of one namespace share it.
type Target struct {
	upstream.Endpoint          // by value: an endpoint of its own would be one more pointer to follow for each request
	_                 [64]byte // keeps what each request counts out of the cache lines of what each reads
	// active is how many requests and tunnels have a place at the endpoint.
	active atomic.Int64
	_      [56]byte
	// conduct is how it has been treating requests.
	conduct conduct
	pools   poolList
}

// Load is how many requests and tunnels have a place at it.
func (t *Target) Load() int64 { return t.active.Load() }

// Succeeded notes that it answered a request, whatever its status.
func (t *Target) Succeeded() { t.conduct.succeeded() }

func newTarget(key upstream.Key, d *upstream.Dialer) *Target {
	t := new(Target)
	t.Init(key, d)
	return t
}
