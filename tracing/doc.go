// SPDX-License-Identifier: Apache-2.0

// Package tracing sends the spans that the proxy records to an OpenTelemetry collector, in the words of OpenTelemetry's
// semantic conventions for HTTP. The proxy decides which requests it records, and what it tells endpoints of that.
//
// Read in this order: exporter.go (the queue, and sending it), span.go (a request as spans), attribute.go (an attribute
// of a span), resource.go (whose spans they are), faults.go (what is wrong with the environment), partial.go (what the
// collector rejects), metrics.go (what is counted).
package tracing
