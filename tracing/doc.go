// SPDX-License-Identifier: Apache-2.0

// Package tracing sends the spans that the proxy records to an OpenTelemetry collector, in the words of OpenTelemetry's
// semantic conventions for HTTP. Which requests are recorded, and what endpoints are told of them, the proxy decides.
package tracing
