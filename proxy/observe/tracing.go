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

// Tracing makes each request a span of a trace: of the one that it names, or of a new one. Endpoints are told which.
type Tracing struct {
	// Sampling is the part of the traces that begin here that is recorded, from 0 to 1. Of other traces, the sender of the
	// request decides.
	Sampling float64
	// TrustedOnly believes only trusted proxies. Requests of others begin a new trace.
	TrustedOnly bool
	Recorder    Recorder
}

// Recorder takes the spans of requests that are recorded.
type Recorder interface {
	// Record takes over a span. A request waits for it, so it must not wait for anything.
	Record(*Span)
}

var (
	traceparent = []byte("traceparent")

	explainedTraceparent = []byte("that of the span, made for each request")
)

// Tracer gives requests their places in traces. It hands on what became of those that are recorded.
type Tracer struct {
	clock       transport.Clock
	recorder    Recorder
	trustedOnly bool
	// always is set if every trace is recorded. Otherwise a trace is recorded if the second half of its id, without the
	// last bit, is less than bound. OpenTelemetry's TraceIDRatioBased does the same, so that others come to the same
	// decision.
	always bool
	bound  uint64
	places sync.Pool
}

// NewTracer makes a tracer for records with times by the clock. It returns nil without a configuration.
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
	// own is the request's span. parent is the span that it belongs to. linked is the span that it names, if that is not
	// believed. parent and linked may be none.
	own, parent, linked traceContext
	// state is the tracestate that came with the parent. It is empty if the request is not recorded, or if the tracestate
	// is longer than what has to be passed on (section 3.3.1.5).
	state string
	// field is the traceparent that the endpoint gets.
	field [traceparentLength]byte
}

// Begin gives a request a place in a trace. It replaces what the request said of traces. trusted says whether a trusted
// proxy sent it. [Tracer.End] takes the place back.
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

// Record hands on the span of a request that has ended, if its trace is recorded. The record has to have a place.
func (t *Tracer) Record(r *Record) {
	if r.Trace.own.sampled {
		t.recorder.Record(t.span(r))
	}
}

// End takes back a place once nothing uses the request any more.
func (t *Tracer) End(p *Place) {
	*p = Place{}
	t.places.Put(p)
}

// takeTraceparent takes the traceparent out of a request and returns what it says. If there are several, they say
// nothing.
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

// keepTracestate says whether the tracestate can be passed on. Several fields may hold parts of it.
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

// tracestateOf joins the fields of a tracestate to one list (RFC 9110, section 5.3).
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

// BeginAttempt begins the span of an attempt at an endpoint and returns its id. From now on the traceparent names it.
func (p *Place) BeginAttempt() SpanID {
	id := newSpanID()
	hex.Encode(p.field[36:], id[:])
	return id
}

// Explain is for a request that nobody sends. It replaces the ids in the traceparent, which nobody would find, by a
// description.
func (p *Place) Explain(fields []message.Field) {
	for i := range fields {
		if f := &fields[i]; f.Kind == message.Traceparent && len(f.Value) == len(p.field) && &f.Value[0] == &p.field[0] {
			f.Value = explainedTraceparent
		}
	}
}

// Ids are random. Each core has its own source.

func newTraceID() (id TraceID) {
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], max(1, rand.Uint64()))
	return id
}

func newSpanID() (id SpanID) {
	binary.BigEndian.PutUint64(id[:], max(1, rand.Uint64()))
	return id
}
