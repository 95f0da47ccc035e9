// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Config is what all connections to endpoints have in common.
type Config struct {
	Clock  transport.Clock
	Logger logr.Logger
	// Limits bound how much of a response an endpoint can make the proxy hold.
	Limits  heads.Limits
	Buffers *buffer.Pool
	// Heads is the memory that long heads of responses take.
	Heads *headmemory.Memory
}

// Dialer makes connections to endpoints, all with the same configuration. It knows the shared ones, for [Dialer.Watch].
type Dialer struct {
	clock  transport.Clock
	logger logr.Logger
	heads  *headmemory.Memory
	http1  http1.ClientConfig
	http2  http2.Config
	shared sharedConns
	// names counts the server names that endpoints hold connections for, beyond the first leastNames of each.
	names atomic.Int64
}

// NewDialer returns a dialer that makes connections as c says.
func NewDialer(c Config) *Dialer {
	return &Dialer{
		clock: c.Clock, logger: c.Logger, heads: c.Heads,
		http1: http1.ClientConfig{Limits: c.Limits, Buffers: c.Buffers},
		http2: http2.Config{
			Limits: http2.Limits(c.Limits), Buffers: c.Buffers, Now: c.Clock.Now,
			Share: c.Heads.Sharing(headmemory.PerEndpoint, 0),
		},
	}
}

// Watch does for the shared connections what no exchange can do. It has to be called every now and then.
func (d *Dialer) Watch(now time.Duration) { d.shared.watch(now) }
