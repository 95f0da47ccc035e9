// SPDX-License-Identifier: Apache-2.0

// Package observe counts, logs and traces what became of a request. Whoever serves a request fills a [Record], and
// hands it to [Metrics.Count], [Log.Record], [Tracer.Record] and [Tap.Record] once the request has ended. None of them
// knows how requests are served, and none makes a request wait.
//
// Read in this order: record.go (what became of a request), metrics.go (what is counted), series.go (by Ingress and
// service), histogram.go (by duration), totals.go (all of it together), collector.go (how Prometheus reads it),
// accesslog.go (the log), lines.go (its lines for others), tap.go (who looks at requests as they end), tracing.go
// (which trace a request belongs to), tracecontext.go (the fields that say so), span.go (what is recorded of it).
package observe
