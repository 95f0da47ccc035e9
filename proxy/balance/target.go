// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/upstream"
)

// Target is an endpoint together with the load and the failures that requests cause there. The pools of one namespace
// share it.
type Target struct {
	upstream.Endpoint          // by value: a pointer to it would be one more to follow for each request
	_                 [64]byte // keeps what each request counts out of the cache lines that each request reads
	// active is how many requests and tunnels have a place at the endpoint.
	active atomic.Int64
	_      [56]byte
	// conduct is how the endpoint has been treating requests.
	conduct conduct
	pools   poolList
	// last is the last request that failed at the endpoint, or nil.
	last atomic.Pointer[Failure]
}

// Failure is a request that failed at an endpoint.
type Failure struct {
	// Text says what the endpoint did, for operators.
	Text string
	At   time.Time
	// malformed is set if there was a response that could not be passed on.
	malformed bool
}

// Malformed notes what is wrong with a response of the endpoint, for whoever asks why its requests fail.
func (t *Target) Malformed(cause string, at time.Time) { t.last.Store(&Failure{cause, at, true}) }

// Failed notes what the endpoint did with a request, for whoever asks why its requests fail.
func (t *Target) Failed(what string, at time.Time) { t.last.Store(&Failure{Text: what, At: at}) }

// Load returns how many requests and tunnels have a place at the endpoint.
func (t *Target) Load() int64 { return t.active.Load() }

// Succeeded notes that the endpoint answered a request at now, whatever its status.
func (t *Target) Succeeded(now time.Duration) { t.conduct.succeeded(now) }

func newTarget(key upstream.Key, d *upstream.Dialer) *Target {
	t := new(Target)
	t.Init(key, d)
	return t
}
