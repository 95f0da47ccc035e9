// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/mirror"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Basis is what all requests are decided by.
type Basis struct {
	Clock      transport.Clock
	Generation atomic.Pointer[routing.Generation]
	Tracer     *observe.Tracer // nil for none
	// Mirrors sends copies of requests.
	Mirrors mirror.Sender
	// SessionKey seals the tokens of sessions.
	SessionKey atomic.Pointer[balance.SessionKey]
	// Trusted are the peers whose forwarding fields are believed.
	Trusted client.Trusted
}

// WallTime is now, for people.
func (b *Basis) WallTime() time.Time { return b.Clock.Start.Add(b.Clock.Now()) }

// SinceEpoch is now, since 1970.
func (b *Basis) SinceEpoch() time.Duration { return time.Duration(b.WallTime().UnixNano()) }
