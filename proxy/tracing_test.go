// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const (
	someTrace = "0af7651916cd43dd8448eb211c80319c"
	someSpan  = "b7ad6b7169203331"
	// sampledParent is the traceparent of somebody who records the trace. unsampledParent is that of somebody who does
	// not.
	sampledParent   = "00-" + someTrace + "-" + someSpan + "-01"
	unsampledParent = "00-" + someTrace + "-" + someSpan + "-00"
)

// spans takes what is recorded.
type spans chan *observe.Span

func (s spans) Record(span *observe.Span) { s <- span }

// tracing sets the share of the traces that begin here which are recorded.
func tracing(recorder observe.Recorder, sampling float64, changes ...func(*observe.Tracing)) func(*Config) {
	return func(c *Config) {
		c.Tracing = &observe.Tracing{Sampling: sampling, Recorder: recorder}
		for _, change := range changes {
			change(c.Tracing)
		}
	}
}

func trustedOnly(t *observe.Tracing) { t.TrustedOnly = true }

// spelled returns a span's place as traceparent spells it.
func spelled(trace observe.TraceID, span observe.SpanID) string {
	return hex.EncodeToString(trace[:]) + "-" + hex.EncodeToString(span[:])
}

// place returns what a traceparent says. A hyphen is between the ids.
func place(t *testing.T, header http.Header) (ids, flags string) {
	t.Helper()
	values := header["Traceparent"]
	if len(values) != 1 || len(values[0]) != len(sampledParent) || !strings.HasPrefix(values[0], "00-") {
		t.Fatalf("the endpoint got the traceparent %q, want one of version 00", values)
	}
	return values[0][3:52], values[0][53:]
}

func TestTheEndpointIsToldWhichTraceARequestBelongsTo(t *testing.T) {
	t.Parallel()
	const state = "rojo=1,congo=2"
	many := strings.Repeat("a=1,", 32) // as many members as there may be
	for _, test := range []struct {
		name, fields string
		sampling     float64
		changes      []func(*Config)
		// continued is set if it is the request's trace. flags is what the endpoint is told. state is the tracestate that it
		// gets.
		continued bool
		flags     string
		state     []string
	}{
		{"none, all recorded", "", 1, nil, false, "01", nil},
		{"none, nothing recorded", "", 0, nil, false, "00", nil},
		{"recorded by the client", "traceparent: " + sampledParent + "\r\n", 0, nil, true, "01", nil},
		{"not recorded by the client", "traceparent: " + unsampledParent + "\r\n", 1, nil, true, "00", nil},
		{"flags for later are not passed on", "Traceparent: 00-" + someTrace + "-" + someSpan + "-ff\r\n", 0, nil, true, "01", nil},
		{"of a later version", "Traceparent: 42-" + someTrace + "-" + someSpan + "-01-later\r\n", 0, nil, true, "01", nil},
		{"with a tracestate", "TRACEPARENT: " + sampledParent + "\r\nTRACESTATE: " + state + "\r\n", 0, nil, true, "01", []string{state}},
		{"with a tracestate in pieces", "traceparent: " + sampledParent + "\r\ntracestate: a=1\r\nTracestate: b=2\r\n", 0, nil, true, "01", []string{"a=1", "b=2"}},
		{"with a tracestate of as many members as can be", "traceparent: " + unsampledParent + "\r\ntracestate: " + many[:len(many)-1] + "\r\n", 0, nil, true, "00", []string{many[:len(many)-1]}},
		{"with a tracestate of too many", "traceparent: " + unsampledParent + "\r\ntracestate: " + many + "\r\ntracestate: b=1\r\n", 0, nil, true, "00", nil},
		{"with a tracestate that is none", "traceparent: " + unsampledParent + "\r\ntracestate: a=1,B\r\n", 0, nil, true, "00", nil},
		{"a tracestate alone", "tracestate: " + state + "\r\n", 0, nil, false, "00", nil},
		{"malformed", "traceparent: " + sampledParent + "x\r\ntracestate: " + state + "\r\n", 0, nil, false, "00", nil},
		{"twice", "traceparent: " + sampledParent + "\r\ntraceparent: " + sampledParent + "\r\n", 0, nil, false, "00", nil},
		{"of nobody who is trusted", "traceparent: " + sampledParent + "\r\ntracestate: " + state + "\r\n", 0, []func(*Config){tracing(nil, 0, trustedOnly)}, false, "00", nil},
		{"of a trusted proxy", "traceparent: " + unsampledParent + "\r\ntracestate: " + state + "\r\n", 0, []func(*Config){tracing(nil, 0, trustedOnly), trust("127.0.0.1/32")}, true, "00", []string{state}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			recorded := make(spans, 1)
			p := serve(t, append([]func(*Config){tracing(recorded, test.sampling)}, test.changes...)...)
			p.apply(everything(startEcho(t, "b")))
			got := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + test.fields + "\r\n").header(t)
			ids, flags := place(t, got)
			if continued := strings.HasPrefix(ids, someTrace); continued != test.continued || strings.HasSuffix(ids, someSpan) {
				t.Errorf("the endpoint is told %s, want the client's trace: %t, and a span of our own", ids, test.continued)
			}
			if flags != test.flags {
				t.Errorf("the flags are %s, want %s", flags, test.flags)
			}
			if diff := cmp.Diff(test.state, got["Tracestate"]); diff != "" {
				t.Errorf("the tracestate (-want +got):\n%s", diff)
			}
			p.end() // all is recorded by then
			if n := len(recorded); n != int(test.flags[1]-'0') {
				t.Errorf("%d spans were recorded, want %s", n, test.flags)
			}
		})
	}
}

func TestWithoutTracingTheContextPassesUntouched(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everything(startEcho(t, "b")))
	_, head := p.ask("GET / HTTP/1.1\r\nHost: a\r\nTraceParent: 00-odd\r\ntraceparent: " + sampledParent + "\r\nTRACESTATE: B,,=\r\n\r\n").seen(t)
	if want := "TraceParent: 00-odd\r\ntraceparent: " + sampledParent + "\r\nTRACESTATE: B,,=\r\n"; !strings.Contains(head, want) {
		t.Errorf("the endpoint got %q, want %q in it", head, want)
	}
}

func TestASpanSaysWhatBecameOfARequest(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 1)
	backend := startEcho(t, "b")
	p := serve(t, tracing(recorded, 0), trust("127.0.0.1/32"))
	route := ruled(prefix("/api", "b"), "default/shop", 1, 2)
	rewriteOf(&route).StripPrefix = "/api"
	p.apply(snapshotOf([]snapshot.Host{hostOf("shop.example.com", route)}, poolOf("b", backend)))
	header := p.ask("GET /api//v1/%61?secret=1 HTTP/1.1\r\nHost: Shop.example.com:80\r\nX-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: https\r\n" +
		"X-Request-Id: theirs\r\nUser-Agent: test/1\r\ntraceparent: " + sampledParent + "\r\ntracestate: a=1\r\ntracestate: b=2\r\n\r\n").header(t)
	got := receive(t, "the recording of the span", recorded)

	if len(got.Attempts) != 1 {
		t.Fatalf("there are %d attempts, want 1", len(got.Attempts))
	}
	if ids, _ := place(t, header); ids != spelled(got.Trace, got.Attempts[0].ID) {
		t.Errorf("the endpoint is told %s, want the attempt's %s", ids, spelled(got.Trace, got.Attempts[0].ID))
	}
	if spelled(got.Trace, got.Parent) != someTrace+"-"+someSpan || got.ID == got.Parent || got.ID == got.Attempts[0].ID {
		t.Errorf("the span is %s of %s", spelled(got.Trace, got.ID), spelled(got.Trace, got.Parent))
	}
	times := []time.Time{got.Start, got.Attempts[0].Start, got.Attempts[0].End, got.End}
	if !slices.IsSortedFunc(times, time.Time.Compare) || time.Since(got.Start).Abs() > time.Hour {
		t.Errorf("the span is from %v to %v, its attempt from %v to %v", got.Start, got.End, got.Attempts[0].Start, got.Attempts[0].End)
	}
	want := &observe.Span{
		Trace: got.Trace, ID: got.ID, Parent: got.Parent, Start: got.Start, End: got.End, TraceState: "a=1,b=2",
		Client: netip.MustParseAddr("2001:db8::1"), Peer: netip.MustParseAddr("127.0.0.1"), Method: "GET", Secure: true,
		Host: "shop.example.com", Authority: "Shop.example.com:80", Path: "/api/v1/a", Forwarded: "/v1/a", Version: message.HTTP11,
		UserAgent: "test/1", RequestID: "theirs", Status: 200,
		Route: &observe.RouteNames{Rule: snapshot.RuleID{Ingress: "default/shop", Rule: 1, Path: 2}, Path: "/api", Service: "default/b"},
		Attempts: []observe.AttemptSpan{{
			ID: got.Attempts[0].ID, Start: got.Attempts[0].Start, End: got.Attempts[0].End,
			Task: "task/default/b-000", Endpoint: backend, Status: 200,
		}},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Errorf("the span (-want +got):\n%s", diff)
	}
}

// For every way to an answer of our own, a span says so.
func TestEveryAnswerOfOurOwnHasASpan(t *testing.T) {
	t.Parallel()
	for _, w := range ways(t) {
		t.Run(w.reason.String(), func(t *testing.T) {
			recorded := make(spans, 8)
			p := serve(t, tracing(recorded, 1), w.config)
			w.provoke(t, p)
			for {
				if got := receive(t, "the span of the answer", recorded); got.Reason == w.reason {
					if got.Status != w.reason.Status() || got.Trace == (observe.TraceID{}) || got.ID == (observe.SpanID{}) || got.End.Before(got.Start) {
						t.Errorf("the span is %+v", got)
					}
					return
				}
			}
		})
	}
}

func TestEachAttemptIsASpanThatItsEndpointIsToldOf(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 1)
	failing, serving := startScript(t), startScript(t)
	p := serve(t, tracing(recorded, 1))
	p.apply(everythingBy(retries(1), failing.address, serving.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := failing.accept()
	first, _ := place(t, up.request().Header)
	up.abort()
	up = serving.accept()
	second, _ := place(t, up.request().Header)
	up.send(okReply)
	client.reply("GET")

	got := receive(t, "the recording of the span", recorded)
	var attempts []string
	for _, a := range got.Attempts {
		attempts = append(attempts, fmt.Sprintf("%s %s %v %d %v", spelled(got.Trace, a.ID), a.Task, a.Endpoint, a.Status, a.Reason))
	}
	want := []string{
		fmt.Sprintf("%s task/default/pool-000 %v 0 UpstreamReset", first, failing.address),
		fmt.Sprintf("%s task/default/pool-001 %v 200 ", second, serving.address),
	}
	if diff := cmp.Diff(want, attempts); diff != "" {
		t.Errorf("the attempts (-want +got):\n%s", diff)
	}
	if first[:32] != second[:32] || first == second || got.Status != 200 || got.Reason != reason.None {
		t.Errorf("the endpoints were told %s and %s, and the request ended with %d %v", first, second, got.Status, got.Reason)
	}
}

// A tunnel may last for days. Somebody who looks for its handshake finds it at once.
func TestTheSpanOfAnUpgradeEndsWithTheHandshake(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 1)
	endpoint := startScript(t)
	p := serve(t, tracing(recorded, 1))
	p.apply(everything(endpoint.address))
	client, up := upgradedBy(t, p, endpoint)
	got := receive(t, "the recording of the span", recorded)
	if got.Status != 101 || len(got.Attempts) != 1 || got.Attempts[0].Status != 101 || got.Attempts[0].End.IsZero() {
		t.Errorf("the span is %+v, want 101", got)
	}
	client.send("still open")
	up.expect("still open")
}

func TestAResponseThatBreaksOffHasASpanThatSaysSo(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 1)
	p := serve(t, tracing(recorded, 1))
	p.apply(everything(startScripted(t, func(w *wire) {
		w.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		_ = w.Close()
	})))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	client.expectTorn("GET")
	got := receive(t, "the recording of the span", recorded)
	if got.Status != 200 || got.Reason != reason.UpstreamReset || len(got.Attempts) != 1 || got.Attempts[0].Status != 200 || got.Attempts[0].Reason != reason.UpstreamReset {
		t.Errorf("the span is %+v, want 200 and UpstreamReset", got)
	}
}

func TestTheContextOfAClientThatIsNotBelievedIsLinked(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 1)
	p := serve(t, tracing(recorded, 1, trustedOnly))
	p.apply(everything(startEcho(t, "b")))
	p.ask("GET / HTTP/1.1\r\nHost: a\r\ntraceparent: " + unsampledParent + "\r\n\r\n")
	got := receive(t, "the recording of the span", recorded)
	if linked := spelled(got.Linked.Trace, got.Linked.Span); linked != someTrace+"-"+someSpan {
		t.Errorf("the span is linked to %s, want the client's", linked)
	}
	if got.Parent != (observe.SpanID{}) || got.Trace == got.Linked.Trace {
		t.Errorf("the span is %s of %v, want a new trace", spelled(got.Trace, got.ID), got.Parent)
	}
}

func TestRequestsOverHTTP2HaveSpans(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 1)
	p := serve(t, h2c, tracing(recorded, 0))
	p.apply(everything(startEcho(t, "b")))
	c := p.dialFrames()
	c.get(1, "/", "traceparent", sampledParent, "tracestate", "a=1")
	answer := c.answer(1)
	got := receive(t, "the recording of the span", recorded)
	if got.Version != message.HTTP2 || spelled(got.Trace, got.Parent) != someTrace+"-"+someSpan || got.TraceState != "a=1" {
		t.Errorf("the span is %+v, want one of the client's trace", got)
	}
	if want := "traceparent: 00-" + spelled(got.Trace, got.Attempts[0].ID) + "-01\r\n"; !strings.Contains(answer.body, want) || strings.Count(answer.body, "traceparent") != 1 {
		t.Errorf("the endpoint got %q, want %q in it", answer.body, want)
	}
}

// An endpoint of HTTP/2 is also told of the attempt.
func TestEndpointsOverHTTP2AreToldOfTheAttempt(t *testing.T) {
	t.Parallel()
	recorded, told := make(spans, 1), make(chan http.Header, 1)
	b := startH2C(t, func(_ http.ResponseWriter, r *http.Request) { told <- r.Header })
	p := serve(t, tracing(recorded, 1))
	p.apply(inH2C(everything(b.address)))
	if got := p.get("a", "/"); got.Status != 200 {
		t.Fatalf("got %d %q, want 200", got.Status, got.reason())
	}
	ids, _ := place(t, receive(t, "the request", told))
	if got := receive(t, "the recording of the span", recorded); len(got.Attempts) != 1 || ids != spelled(got.Trace, got.Attempts[0].ID) {
		t.Errorf("the endpoint is told %s of %+v", ids, got.Attempts)
	}
}

// A rule's changes of fields apply to ours, too.
func TestRulesMayKeepTheContextFromEndpoints(t *testing.T) {
	t.Parallel()
	p := serve(t, tracing(make(spans, 2), 1))
	p.apply(everythingBy(func(r *snapshot.Route) { headersOf(r).Request.Remove = []string{"traceparent", "tracestate"} }, startEcho(t, "b")))
	got := p.ask("GET / HTTP/1.1\r\nHost: a\r\ntraceparent: " + sampledParent + "\r\ntracestate: a=1\r\n\r\n").header(t)
	if got["Traceparent"] != nil || got["Tracestate"] != nil {
		t.Errorf("the endpoint got %q and %q, want neither", got["Traceparent"], got["Tracestate"])
	}
}

func TestTheAccessLogNamesTheTrace(t *testing.T) {
	t.Parallel()
	written := &pages{}
	p := serve(t, logTo(written, observe.LogJSON), tracing(make(spans, 2), 0))
	p.apply(everything(startEcho(t, "b")))
	ids, _ := place(t, p.get("a", "/").header(t))
	written.lines(t, 1) // A request is logged after its client has the answer, and the next one may overtake it.
	p.ask("GET /%zz HTTP/1.1\r\nHost: a\r\ntraceparent: " + unsampledParent + "\r\n\r\n")
	lines := written.lines(t, 2)
	for i, want := range []string{ids[:32], someTrace} {
		if line := parsedLine(t, lines[i]); line["trace_id"] != want {
			t.Errorf("the line is %v, want the trace %s", line, want)
		}
	}
}

func TestExplainSaysThatTheEndpointIsToldTheTrace(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 1)
	p := serve(t, tracing(recorded, 1))
	p.apply(everything(closedPort(t)))
	got := p.explain(explain.Question{URL: "http://a/", Headers: []string{"Traceparent: " + sampledParent, "Tracestate: a=1"}})
	headers := map[string][]string{}
	for _, h := range got.Upstream.Headers {
		if strings.HasPrefix(strings.ToLower(h.Name), "trace") {
			headers[h.Name] = append(headers[h.Name], h.Value)
		}
	}
	want := map[string][]string{"traceparent": {"that of the span, made for each request"}, "Tracestate": {"a=1"}}
	if diff := cmp.Diff(want, headers); diff != "" {
		t.Errorf("what the endpoint gets (-want +got):\n%s", diff)
	}
	if len(recorded) != 0 {
		t.Error("a request that nobody sent was recorded")
	}
}

// noSpans fails the test if a request is recorded.
type noSpans struct{ testing.TB }

func (n noSpans) Record(*observe.Span) { n.Error("a request was recorded that is not sampled") }
