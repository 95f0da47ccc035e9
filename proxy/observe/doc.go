// SPDX-License-Identifier: Apache-2.0

// Package observe is what became of a request: counted, logged and traced. Whoever serves a request fills a [Record],
// and hands it to [Metrics.Count], [Log.Record] and [Tracer.Record] once the request has ended. None of them knows how
// requests are served, and none has a request wait.
//
// Read record.go first. Counting is in metrics.go, by series.go and histogram.go; collector.go has Prometheus read it.
// The log is in accesslog.go. tracing.go says which trace a request belongs to, in the fields that tracecontext.go
// reads and writes, and span.go what of it is recorded.
package observe
