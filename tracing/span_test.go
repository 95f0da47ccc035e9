// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"encoding/hex"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// values are attributes by their names.
func values(t *testing.T, attributes []*commonpb.KeyValue) map[string]any {
	t.Helper()
	got := map[string]any{}
	for _, a := range attributes {
		if _, twice := got[a.Key]; twice {
			t.Errorf("there are two attributes %s", a.Key)
		}
		switch v := a.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			got[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			got[a.Key] = int(v.IntValue)
		default:
			t.Errorf("%s is a %T", a.Key, v)
		}
	}
	return got
}

// requested is a request that was forwarded in a second attempt.
func requested() *observe.Span {
	begin := time.Unix(1000, 0)
	return &observe.Span{
		Trace: observe.TraceID{0: 1, 15: 2}, ID: observe.SpanID{3}, Parent: observe.SpanID{4}, TraceState: "a=1",
		Start: begin, End: begin.Add(5 * time.Millisecond),
		Client: netip.MustParseAddr("2001:db8::1"), Peer: netip.MustParseAddr("10.0.0.1"),
		Method: "GET", Secure: true, Host: "shop.example.com", Authority: "Shop.example.com:8443", Path: "/api/v1/a", Forwarded: "/v1/a",
		Version: message.HTTP2, UserAgent: "test/1", RequestID: "id", Page: "default/pages", Status: 200,
		Route: &observe.RouteNames{Rule: snapshot.RuleID{Ingress: "default/shop", Rule: 1, Path: 2}, Path: "/api", Service: "default/api"},
		Attempts: []observe.AttemptSpan{
			{ID: observe.SpanID{5}, Start: begin, End: begin.Add(time.Millisecond), Task: "task/default/api-1", Endpoint: netip.MustParseAddrPort("10.1.0.1:8080"), Reason: reason.UpstreamConnectFailed},
			{ID: observe.SpanID{6}, Start: begin.Add(time.Millisecond), End: begin.Add(4 * time.Millisecond), Task: "task/default/api-2",
				Endpoint: netip.MustParseAddrPort("[fd00::1]:8443"), Secure: true, Status: 200},
		},
	}
}

func TestASpanIsSentInTheWordsOfTheConventions(t *testing.T) {
	t.Parallel()
	got := appendSpans(nil, requested())
	if len(got) != 3 {
		t.Fatalf("there are %d spans, want the request's and two attempts'", len(got))
	}
	type told struct {
		Name, Trace, ID, Parent, State string
		Kind                           tracepb.Span_SpanKind
		Flags                          uint32
		Start, End                     uint64
		Fault                          bool
		Attributes                     map[string]any
	}
	const second = uint64(time.Second)
	trace := "01000000000000000000000000000002"
	want := []told{
		{"GET /api", trace, "0300000000000000", "0400000000000000", "a=1", tracepb.Span_SPAN_KIND_SERVER, 0x301, 1000 * second, 1000*second + 5e6, false, map[string]any{
			"http.request.method": "GET", "url.scheme": "https", "url.path": "/api/v1/a", "http.route": "/api", "http.response.status_code": 200,
			"server.address": "shop.example.com", "server.port": 8443, "client.address": "2001:db8::1", "network.peer.address": "10.0.0.1",
			"network.protocol.version": "2", "user_agent.original": "test/1",
			"warren.ingress": "default/shop", "warren.rule": "1.2", "warren.service": "default/api", "warren.task": "task/default/api-2", "warren.attempts": 2, "warren.request_id": "id", "warren.error_page": "default/pages",
		}},
		{"GET", trace, "0500000000000000", "0300000000000000", "a=1", tracepb.Span_SPAN_KIND_CLIENT, 0x101, 1000 * second, 1000*second + 1e6, true, map[string]any{
			"http.request.method": "GET", "url.full": "http://10.1.0.1:8080/v1/a", "server.address": "10.1.0.1", "server.port": 8080,
			"warren.task": "task/default/api-1", "warren.reason": "UpstreamConnectFailed", "error.type": "UpstreamConnectFailed",
		}},
		{"GET", trace, "0600000000000000", "0300000000000000", "a=1", tracepb.Span_SPAN_KIND_CLIENT, 0x101, 1000*second + 1e6, 1000*second + 4e6, false, map[string]any{
			"http.request.method": "GET", "url.full": "https://[fd00::1]:8443/v1/a", "server.address": "fd00::1", "server.port": 8443,
			"http.response.status_code": 200, "http.request.resend_count": 1, "warren.task": "task/default/api-2",
		}},
	}
	var all []told
	for _, s := range got {
		all = append(all, told{
			s.Name, hex.EncodeToString(s.TraceId), hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId), s.TraceState, s.Kind, s.Flags,
			s.StartTimeUnixNano, s.EndTimeUnixNano, s.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR, values(t, s.Attributes),
		})
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("the spans (-want +got):\n%s", diff)
	}
}

func TestWhatIsWrongWithAResponseIsTheStatusOfItsAttempt(t *testing.T) {
	t.Parallel()
	s := requested()
	s.Attempts[0].Reason, s.Attempts[0].Cause = reason.UpstreamMalformed, "a field's value has NUL, in \"X\xff\""
	var got []string
	for _, span := range appendSpans(nil, s) {
		got = append(got, span.Status.GetMessage())
	}
	if diff := cmp.Diff([]string{"", "a field's value has NUL, in \"X\ufffd\"", ""}, got); diff != "" {
		t.Errorf("the statuses' messages (-want +got):\n%s", diff)
	}
}

func TestOnlyWhatTheServerIsToBlameForIsAnError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		reason reason.Reason
		// server and client are the error.type of the request's span and of an attempt's, empty for none.
		server, client string
		// sent is the status that is told.
		sent any
	}{
		{"a success", 200, reason.None, "", "", 200},
		{"a service that refuses", 404, reason.None, "", "404", 404},
		{"a service that fails", 503, reason.None, "503", "503", 503},
		{"no route", 404, reason.RouteNotFound, "", "", 404},
		{"an endpoint that is away", 502, reason.UpstreamConnectFailed, "UpstreamConnectFailed", "UpstreamConnectFailed", 502},
		{"a response that breaks off", 200, reason.UpstreamReset, "UpstreamReset", "UpstreamReset", 200},
		{"a client that goes away", 499, reason.ClientClosed, "", "", nil},
		{"a client that goes away in the midst", 200, reason.ClientClosed, "", "", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := requested()
			s.Status, s.Reason = test.status, test.reason
			s.Attempts = s.Attempts[:1]
			s.Attempts[0].Status, s.Attempts[0].Reason = test.status, test.reason
			if test.reason == reason.RouteNotFound {
				s.Attempts, s.Route = nil, nil
			}
			for i, span := range appendSpans(nil, s) {
				want := []string{test.server, test.client}[i]
				got := values(t, span.Attributes)
				if fault, _ := got["error.type"].(string); fault != want || (span.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR) != (want != "") {
					t.Errorf("%v: the error is %q and the status %v, want %q", span.Kind, fault, span.Status, want)
				}
				if i == 0 && got["http.response.status_code"] != test.sent {
					t.Errorf("the status is %v, want %v", got["http.response.status_code"], test.sent)
				}
				if why, _ := got["warren.reason"].(string); why != test.reason.String() {
					t.Errorf("%v: the reason is %q, want %v", span.Kind, why, test.reason)
				}
			}
		})
	}
}

// Spans have few names, and a collector can read each batch, whatever bytes a client sends.
func TestWhatClientsSendNamesNoSpanAndSpoilsNone(t *testing.T) {
	t.Parallel()
	s := requested()
	s.Method, s.Host, s.Path, s.Forwarded, s.UserAgent, s.RequestID = "BREW", "a\xff", "/\xff", "/\xff", "\xe9", "\xff"
	s.Parent, s.Linked = observe.SpanID{}, observe.Link{Trace: observe.TraceID{7}, Span: observe.SpanID{8}}
	spans := appendSpans(nil, s)
	for i, want := range []string{"HTTP /api", "HTTP", "HTTP"} {
		if _, err := proto.Marshal(spans[i]); err != nil {
			t.Errorf("the span cannot be sent: %v", err)
		}
		got := values(t, spans[i].Attributes)
		if spans[i].Name != want || got["http.request.method"] != "_OTHER" || got["http.request.method_original"] != "BREW" {
			t.Errorf("the span is %s with %v, want the name %s", spans[i].Name, got, want)
		}
	}
	if links := spans[0].Links; len(links) != 1 || links[0].TraceId[0] != 7 || links[0].SpanId[0] != 8 || spans[0].ParentSpanId != nil || spans[0].Flags != 0x101 {
		t.Errorf("the span is %v, want one without a parent and with a link", spans[0])
	}
	if got := values(t, spans[0].Attributes)["user_agent.original"]; got != "\uFFFD" {
		t.Errorf("the user agent is %q", got)
	}
}

// BenchmarkSpansOfARequest measures what a recorded request costs besides the sending itself: that is done beside
// requests, on the same cores.
func BenchmarkSpansOfARequest(b *testing.B) {
	s := requested()
	s.Attempts = s.Attempts[1:]
	b.ReportAllocs()
	var batch []*tracepb.Span
	for b.Loop() {
		if batch = appendSpans(batch, s); len(batch) < batchSize {
			continue
		}
		if _, err := proto.Marshal(&tracepb.ScopeSpans{Spans: batch}); err != nil {
			b.Fatal(err)
		}
		clear(batch)
		batch = batch[:0]
	}
}
