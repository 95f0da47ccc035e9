// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/warren-dev/ingress/proxy/observe"
)

const (
	// waiting is for how many requests spans are held until they are sent. Further ones are dropped. This many take some
	// MiB at most.
	waiting = 2048
	// batchSize is how many spans are sent without waiting for more. batchDelay is how long the first span of a batch
	// waits.
	batchSize  = 512
	batchDelay = time.Second
	// attemptsTime is how long one batch is tried. collectorPatience is how much of that goes to a collector that answers
	// and asks to be left alone for a while.
	attemptsTime      = time.Minute
	collectorPatience = 20 * time.Second
	// lastSpansTime is how long the last spans may take to be sent when the process ends.
	lastSpansTime = 5 * time.Second
)

// tracesPath is the path at which a collector takes traces (OTLP specification, OTLP/HTTP).
const tracesPath = "v1/traces"

const noneTaken = "the collector takes no spans; those that cannot wait are dropped until it does"

// Options are the settings of an exporter.
type Options struct {
	Logger logr.Logger
	// Endpoint is the URL of a collector that speaks OTLP over HTTP.
	Endpoint *url.URL
	// Version is the program's. Instance tells this process from others.
	Version, Instance string
}

// Exporter holds spans, and sends them in batches from the goroutine that calls Run. Other settings of the connection,
// such as header fields and certificates, come from OpenTelemetry's environment variables.
type Exporter struct {
	logger   logr.Logger
	client   otlptrace.Client
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
	queue    chan *observe.Span
	// farewell is how long Run goes on after it was told to end.
	farewell time.Duration
	// failing is set while the collector takes nothing, or not everything.
	failing bool

	descriptions             descriptions
	sent, overflowed, failed atomic.Uint64
}

// New returns an exporter. An error is about the environment variables.
func New(ctx context.Context, o Options) (*Exporter, error) {
	described, err := describe(ctx, o.Version, o.Instance)
	if err != nil {
		return nil, err
	}
	e := &Exporter{
		logger:   o.Logger,
		resource: described,
		scope:    &commonpb.InstrumentationScope{Name: "github.com/warren-dev/ingress/proxy", Version: o.Version},
		queue:    make(chan *observe.Span, waiting),
		farewell: lastSpansTime,

		descriptions: newDescriptions(),
	}
	var wrong faults
	otel.SetLogger(logr.New(&wrong))
	e.client = otlptracehttp.NewClient(
		otlptracehttp.WithEndpointURL(tracesURL(o.Endpoint)),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: collectorPatience / 2, MaxElapsedTime: collectorPatience,
		}))
	otel.SetLogger(o.Logger) // Otherwise the library would write lines of its own.
	if wrong.found != nil {
		return nil, fmt.Errorf("reading OTEL_EXPORTER_OTLP_… of the environment, of which _HEADERS wants name=value with commas between them: %w", wrong.found)
	}
	if err := e.client.Start(ctx); err != nil {
		return nil, fmt.Errorf("making a client of the collector: %w", err)
	}
	return e, nil
}

// tracesURL appends tracesPath to a collector's URL, unless the URL ends with it already.
func tracesURL(collector *url.URL) string {
	if strings.HasSuffix(strings.TrimRight(collector.Path, "/"), "/"+tracesPath) {
		return collector.String()
	}
	return collector.JoinPath(tracesPath).String()
}

// Record implements observe.Recorder.
func (e *Exporter) Record(s *observe.Span) {
	select {
	case e.queue <- s:
	default:
		e.overflowed.Add(1 + uint64(len(s.Attempts)))
	}
}

// Run sends spans until ctx ends, and then those that still wait, for five seconds at most.
func (e *Exporter) Run(ctx context.Context) {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(e.farewell, stop) })()
	for {
		batch := e.collect(ctx)
		if len(batch) == 0 {
			_ = e.client.Stop(sending) // It has nothing to lose any more.
			return
		}
		e.send(sending, batch)
	}
}

// collect waits for spans to send. It may return none once ctx has ended.
func (e *Exporter) collect(ctx context.Context) (batch []*tracepb.Span) {
	var due <-chan time.Time
	for len(batch) < batchSize {
		select {
		case s := <-e.queue:
			batch = appendSpans(batch, s)
			if due == nil {
				due = time.After(batchDelay)
			}
		case <-due:
			return batch
		case <-ctx.Done():
			select {
			case s := <-e.queue:
				batch = appendSpans(batch, s)
			default:
				return batch
			}
		}
	}
	return batch
}

// send sends a batch to the collector, or gives it up. It logs once that the collector does not take everything, until
// the collector does again.
func (e *Exporter) send(ctx context.Context, batch []*tracepb.Span) {
	request := []*tracepb.ResourceSpans{{
		Resource: e.resource, SchemaUrl: semconv.SchemaURL,
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: e.scope, SchemaUrl: semconv.SchemaURL, Spans: batch}},
	}}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := e.client.UploadTraces(ctx, request)
		if _, unreachable := errors.AsType[*url.Error](err); err != nil && !unreachable {
			err = backoff.Permanent(err) // The collector has answered. The library has retried if the answer asked for it.
		}
		return struct{}{}, err
	}, backoff.WithMaxElapsedTime(attemptsTime), backoff.WithNotify(func(err error, _ time.Duration) { e.complain(err, noneTaken) }))
	taken := uint64(len(batch))
	rejected, partial := rejectedOf(err)
	switch {
	case partial:
		taken -= min(rejected, taken)
		e.complain(err, "the collector has a complaint about spans that it was sent; those that it rejects are dropped")
	case err != nil:
		taken = 0
		e.complain(err, noneTaken)
	case e.failing:
		e.failing = false
		e.logger.Info("spans are sent again")
	}
	e.sent.Add(taken)
	e.failed.Add(uint64(len(batch)) - taken)
}

// complain logs once what is wrong with the collector.
func (e *Exporter) complain(err error, what string) {
	if !e.failing {
		e.failing = true
		e.logger.Error(err, what)
	}
}
