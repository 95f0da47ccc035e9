// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/netip"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/observe"
)

// Config is the configuration of a proxy. It does not change once the proxy is made.
type Config struct {
	Logger logr.Logger
	// TrustedProxies are the peers whose forwarding fields are believed.
	TrustedProxies []netip.Prefix
	// ReadTimeout and WriteTimeout bound how long a client may send or take nothing in the midst of a message. ReadTimeout
	// also bounds a request's head as a whole. IdleTimeout bounds the wait for a request. 0 is no bound.
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// TunnelIdleTimeout bounds how long neither side of a tunnel may send anything. 0 is no bound. A tunnel of which one
	// side has ended, or takes nothing, has IdleTimeout.
	TunnelIdleTimeout time.Duration
	// MinRate is the least rate, in bytes a second, at which a client has to send content and to take responses. It is an
	// average, and counts after MinRateGrace. 0 is no bound.
	MinRate      int
	MinRateGrace time.Duration
	// MaxHeaderBytes and MaxHeaders bound a head, in bytes and in fields.
	MaxHeaderBytes, MaxHeaders int
	// HeadMemory bounds the memory, in bytes, of long heads that wait because they are incomplete or on their way. 0 is
	// [headmemory.Default].
	HeadMemory int
	// MaxConnections bounds the client connections open at once. 0 is no bound. Once there are so many, the longest idle
	// one gives way to a new one, and one address may have at most a quarter.
	MaxConnections int
	// H2C lets plain connections speak HTTP/2 if the client begins with it.
	H2C bool
	// ProxyProtocol demands that a trusted proxy sends a PROXY header first, of version 1 or 2.
	ProxyProtocol bool
	// AccessLog is the format of the access log. Watch writes the log to AccessLogWriter.
	AccessLog       observe.LogFormat
	AccessLogWriter io.Writer
	// AccessLogFields name the fields of a line in JSON, as [observe.ParseLogFields] returns them. Nil names all.
	AccessLogFields []string
	// Tracing is nil for none.
	Tracing *observe.Tracing
	// DrainDelay is how long listeners stay open after a call of Shutdown. DrainTimeout is how long running requests have
	// after that.
	DrainDelay, DrainTimeout time.Duration
}

// These limit what an endpoint may send. There is no flag for them.
const (
	maxResponseHead   = 60 << 10
	maxResponseLine   = 60 << 10
	maxResponseFields = 1024
)
