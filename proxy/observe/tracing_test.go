// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"encoding/binary"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// recording keeps what is recorded.
type recording []*Span

func (r *recording) Record(s *Span) { *r = append(*r, s) }

// A client's texts do not fill the memory in which spans wait.
func TestLongTextsOfASpanAreCutOff(t *testing.T) {
	t.Parallel()
	var recorded recording
	tracer := NewTracer(&Tracing{Sampling: 1, Recorder: &recorded}, transport.NewClock())
	long := []byte("/" + strings.Repeat("x", 8000))
	member := "a=" + strings.Repeat("y", 200)
	r := Record{
		Request: &message.Request{Method: long, Authority: long, Fields: []message.Field{
			{Name: []byte("User-Agent"), Value: long},
			{Name: traceparent, Value: []byte(sampledParent), Kind: message.Traceparent},
			{Name: []byte("tracestate"), Value: []byte(strings.Repeat(member+",", 3)), Kind: message.Tracestate},
		}},
		Host: long, Path: long, Forwarded: long, RequestID: long,
	}
	r.Trace = tracer.Begin(r.Request, false)
	tracer.Record(&r)
	if len(recorded) != 1 {
		t.Fatalf("%d spans were recorded, want 1", len(recorded))
	}
	got := recorded[0]
	for name, text := range map[string]string{
		"method": got.Method, "authority": got.Authority, "host": got.Host, "path": got.Path, "forwarded path": got.Forwarded,
		"user agent": got.UserAgent, "request id": got.RequestID,
	} {
		if text != string(long[:maxSpanText]) {
			t.Errorf("the %s has %d bytes, want the first %d", name, len(text), maxSpanText)
		}
	}
	if got.Parent == (SpanID{}) || got.TraceState != "" {
		t.Errorf("the tracestate has %d bytes beside the parent %x, want a parent and none", len(got.TraceState), got.Parent)
	}
}

// A service that samples the same part comes to the same decision.
func TestTracesAreSampledAsOpenTelemetryDoes(t *testing.T) {
	t.Parallel()
	for _, part := range []float64{0, 1e-9, 0.01, 0.25, 1.0 / 3, 0.5, 0.999, 1} {
		theirs, ours := sdk.TraceIDRatioBased(part), NewTracer(&Tracing{Sampling: part}, transport.NewClock())
		ids := []TraceID{{15: 1}, {0: 0xff}, {8: 0xff}, {8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff}}
		for range 1000 {
			ids = append(ids, newTraceID())
		}
		if bound := uint64(part * (1 << 63)); part < 1 {
			for _, half := range []uint64{bound*2 - 2, bound * 2, bound*2 + 1, bound*2 + 2} {
				ids = append(ids, TraceID(binary.BigEndian.AppendUint64(make([]byte, 8), half)))
			}
		}
		for _, id := range ids {
			want := theirs.ShouldSample(sdk.SamplingParameters{ParentContext: t.Context(), TraceID: [16]byte(id)}).Decision == sdk.RecordAndSample
			if got := ours.samples(&id); got != want {
				t.Errorf("%x is recorded at %v: %t, want %t", id, part, got, want)
			}
		}
	}
}

// noSpans fails the test if a request is recorded.
type noSpans struct{ testing.TB }

func (n noSpans) Record(*Span) { n.Error("a request was recorded that is not sampled") }

func BenchmarkTraceOfARequest(b *testing.B) {
	for name, fields := range map[string][]message.Field{
		"that begins here": {{Name: []byte("Accept"), Value: []byte("*/*")}},
		"that goes on":     {{Name: []byte("Accept"), Value: []byte("*/*")}, {Name: traceparent, Value: []byte(unsampledParent), Kind: message.Traceparent}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			tracer := NewTracer(&Tracing{Recorder: noSpans{b}}, transport.NewClock())
			kinds := []message.Kind{}
			for _, f := range fields {
				kinds = append(kinds, f.Kind)
			}
			r := Record{Request: &message.Request{Fields: append(make([]message.Field, 0, 16), fields...)}}
			for b.Loop() {
				for i, kind := range kinds {
					r.Request.Fields[i].Kind = kind
				}
				r.Trace = tracer.Begin(r.Request, false)
				tracer.Record(&r)
				tracer.End(r.Trace)
				r.Request.Fields = r.Request.Fields[:len(kinds)]
			}
		})
	}
}
