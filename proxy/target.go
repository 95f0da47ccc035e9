// SPDX-License-Identifier: Apache-2.0

package proxy

import "sync/atomic"

// target is an endpoint with what requests make of it. The pools of one namespace share it.
type target struct {
	endpoint          // by value: an endpoint of its own would be one more pointer to follow for each request
	_        [64]byte // keeps what each request counts out of the cache lines of what each reads
	// active is how many requests and tunnels have a place at the endpoint.
	active atomic.Int64
	_      [56]byte
	// conduct is how it has been treating requests.
	conduct conduct
	pools   poolList
}

// succeeded notes that it answered a request, whatever its status.
func (t *target) succeeded() { t.conduct.succeeded() }

func newTarget(key endpointKey, config *transportConfig) *target {
	t := new(target)
	t.init(key, config)
	return t
}
