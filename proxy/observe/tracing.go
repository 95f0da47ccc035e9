// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"sync"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Tracing has each request be a span of a trace: of the one that it says to belong to, or of a new one. Endpoints are
// told which.
type Tracing struct {
	// Sampling is which part of the traces that begin here is recorded, from 0 to 1. Of others, whoever sent the request
	// decided.
	Sampling float64
	// TrustedOnly has nobody believed but trusted proxies: requests of others begin a new trace.
	TrustedOnly bool
	Recorder    Recorder
}

// Recorder takes the spans of requests that are recorded.
type Recorder interface {
	// Record takes over a span. A request waits for it, so it waits for nothing.
	Record(*Span)
}

var (
	traceparent = []byte("traceparent")

	explainedTraceparent = []byte("that of the span, made for each request")
)

// Tracer gives requests their places in traces, and hands on what became of those that are recorded.
type Tracer struct {
	clock       transport.Clock
	recorder    Recorder
	trustedOnly bool
	// always is set where every trace is recorded; otherwise those are of which the second half of the id, without its
	// last bit, is less than bound. OpenTelemetry's TraceIDRatioBased does the same, so that others come to the same
	// decision.
	always bool
	bound  uint64
	places sync.Pool
}

// NewTracer makes a tracer for records whose times are by the clock. Without a configuration there is none: it returns
// nil.
func NewTracer(config *Tracing, clock transport.Clock) *Tracer {
	if config == nil {
		return nil
	}
	t := &Tracer{clock: clock, recorder: config.Recorder, trustedOnly: config.TrustedOnly, always: config.Sampling >= 1}
	if !t.always {
		t.bound = uint64(max(0, config.Sampling) * (1 << 63))
	}
	t.places.New = func() any { return new(Place) }
	return t
}

func (t *Tracer) samples(id *TraceID) bool {
	return t.always || binary.BigEndian.Uint64(id[8:])>>1 < t.bound
}

// Place is the place of a request in a trace. It is used again for others.
type Place struct {
	// own is the request's span, parent the one that it belongs to, linked the one that it says to belong to and is not
	// believed. Each of the latter may be none.
	own, parent, linked traceContext
	// state is the tracestate that came with the parent, where the request is recorded and it is no longer than what has
	// to be passed on (section 3.3.1.5).
	state string
	// field is the traceparent that the endpoint gets.
	field [traceparentLength]byte
}

// Begin returns a place in a trace for a request, and has the request say so instead of what it said. Trusted says
// whether a trusted proxy sent it. [Tracer.End] takes the place back.
func (t *Tracer) Begin(req *message.Request, trusted bool) *Place {
	p := t.places.Get().(*Place)
	said := takeTraceparent(req.Fields)
	if t.trustedOnly && !trusted {
		p.linked = said
	} else {
		p.parent = said
	}
	p.own = p.parent
	if p.parent.none() || !keepTracestate(req.Fields) {
		message.Drop(req.Fields, message.Tracestate)
	}
	if p.parent.none() {
		p.own.trace = newTraceID()
		p.own.sampled = t.samples(&p.own.trace)
	}
	if p.own.sampled && !p.parent.none() {
		if state := tracestateOf(req.Fields); len(state) <= maxSpanText {
			p.state = state
		}
	}
	p.own.span = newSpanID()
	p.own.writeTraceparent(&p.field)
	req.Fields = append(req.Fields, message.Field{Name: traceparent, Value: p.field[:], Kind: message.Traceparent})
	return p
}

// Record hands on the span of a request that has ended, if its trace is recorded. The record has a place.
func (t *Tracer) Record(r *Record) {
	if r.Trace.own.sampled {
		t.recorder.Record(t.span(r))
	}
}

// End takes back the place, once nothing of the request is used any more.
func (t *Tracer) End(p *Place) {
	*p = Place{}
	t.places.Put(p)
}

// takeTraceparent takes the traceparent out of a request and returns what it says. Several say nothing.
func takeTraceparent(fields []message.Field) (c traceContext) {
	n := 0
	for i := range fields {
		f := &fields[i]
		if f.Kind != message.Traceparent {
			continue
		}
		f.Kind = message.Dropped
		if n++; n == 1 {
			c, _ = parseTraceparent(f.Value)
		}
	}
	if n > 1 {
		return traceContext{}
	}
	return c
}

// keepTracestate says whether the tracestate, which several fields may be pieces of, can be passed on.
func keepTracestate(fields []message.Field) bool {
	members := 0
	for i := range fields {
		if f := &fields[i]; f.Kind == message.Tracestate {
			n, ok := tracestateMembers(f.Value)
			if members += n; !ok || members > maxTracestateMembers {
				return false
			}
		}
	}
	return true
}

// tracestateOf is the list that the fields of a tracestate are pieces of (RFC 9110, section 5.3).
func tracestateOf(fields []message.Field) (state string) {
	for i := range fields {
		if f := &fields[i]; f.Kind == message.Tracestate && len(f.Value) > 0 {
			if state != "" {
				state += ","
			}
			state += string(f.Value)
		}
	}
	return state
}

// Sampled says whether the request is recorded.
func (p *Place) Sampled() bool { return p.own.sampled }

// BeginAttempt returns the span of an attempt at an endpoint, which is told from now on that the request is that
// attempt's.
func (p *Place) BeginAttempt() SpanID {
	id := newSpanID()
	hex.Encode(p.field[36:], id[:])
	return id
}

// Explain has a request that nobody sends tell what a traceparent will be there for, in the place of ids that nobody
// will find.
func (p *Place) Explain(fields []message.Field) {
	for i := range fields {
		if f := &fields[i]; f.Kind == message.Traceparent && len(f.Value) == len(p.field) && &f.Value[0] == &p.field[0] {
			f.Value = explainedTraceparent
		}
	}
}

// Ids are random, by a source that each core has for itself.

func newTraceID() (id TraceID) {
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], max(1, rand.Uint64()))
	return id
}

func newSpanID() (id SpanID) {
	binary.BigEndian.PutUint64(id[:], max(1, rand.Uint64()))
	return id
}
