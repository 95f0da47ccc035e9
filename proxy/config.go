// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/netip"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/observe"
)

// Config is what a proxy is told once, when it is made.
type Config struct {
	Logger logr.Logger
	// TrustedProxies are the peers whose forwarding fields are believed.
	TrustedProxies []netip.Prefix
	// ReadTimeout and WriteTimeout bound how long a client may send or take nothing in the midst of a message, and
	// ReadTimeout a request's head as a whole. IdleTimeout bounds the wait for a request. 0 is no bound.
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// MaxHeaderBytes and MaxHeaders bound a head, in bytes and in fields.
	MaxHeaderBytes, MaxHeaders int
	// HeadMemory bounds what long heads that wait, incomplete or on their way, may take of memory, in bytes. 0 is
	// DefaultHeadMemory.
	HeadMemory int
	// MaxConnections bounds the client connections open at once. 0 is no bound.
	MaxConnections int
	// H2C has plain connections speak HTTP/2 where the client begins so.
	H2C bool
	// ProxyProtocol makes a PROXY header, version 1 or 2, the first thing that a trusted proxy has to send.
	ProxyProtocol bool
	// AccessLog is the format of the access log, which Watch writes to AccessLogWriter.
	AccessLog       observe.LogFormat
	AccessLogWriter io.Writer
	// Tracing is nil where there is none.
	Tracing *observe.Tracing
	// DrainDelay is how long listeners stay open after Shutdown was called, DrainTimeout how long running requests have
	// after that.
	DrainDelay, DrainTimeout time.Duration
}

// The limits of what an endpoint may send, which have no flag.
const (
	maxResponseHead   = 60 << 10
	maxResponseLine   = 60 << 10
	maxResponseFields = 1024
)
