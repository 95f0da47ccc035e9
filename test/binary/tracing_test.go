// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// collector takes traces by OTLP over HTTP.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
}

func startCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		var request collectorpb.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(content, &request)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("the collector was asked for %s: %v", r.URL.Path, err)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// of returns the spans of a trace: that of the request and that of its last attempt. Either may be nil.
func (c *collector) of(t *testing.T, trace string) (server, client *tracepb.Span) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if hex.EncodeToString(s.TraceId) != trace {
			continue
		}
		switch s.Kind {
		case tracepb.Span_SPAN_KIND_SERVER:
			server = s
		case tracepb.Span_SPAN_KIND_CLIENT:
			client = s
		}
	}
	return server, client
}

// askWith sends a GET with a traceparent. It uses HTTP/2 if the client's transport does.
func askWith(t *testing.T, client *http.Client, address, host, traceparent string) (status int, got arrival) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	request.Header.Set("Traceparent", traceparent)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode, got
}

func TestARequestIsASpanBetweenThatOfItsClientAndThatOfItsEndpoint(t *testing.T) {
	t.Parallel()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t)
	web := startBackend(t, "web-1")
	s.create(ingress("shop", s.host("shop"), "web"), task("web", web))
	traces := startCollector(t)
	c := s.start("--otlp-endpoint="+traces.URL, "--trace-sampling=0", "--h2c", "--access-log=json").ready()

	h2c := &http.Transport{Protocols: new(http.Protocols)}
	h2c.Protocols.SetUnencryptedHTTP2(true)
	defer h2c.CloseIdleConnections()
	const parent = "b7ad6b7169203331"
	var told []string // what the endpoint was told, of the traces from 0 on
	trace := func(n int) string { return fmt.Sprintf("0af7651916cd43dd8448eb211c8031%02x", n) }
	for n, client := range []*http.Client{{Transport: &http.Transport{DisableKeepAlives: true}}, {Transport: h2c}} {
		client.Timeout = patience
		status, got := askWith(t, client, c.http, s.host("shop"), "00-"+trace(n)+"-"+parent+"-01")
		if status != 200 {
			t.Errorf("the answer is %d, want 200", status)
		}
		told = append(told, got.Trace)
		if status, got := askWith(t, client, c.http, s.host("shop"), "00-"+trace(10+n)+"-"+parent+"-00"); status != 200 || !strings.HasSuffix(got.Trace, "-00") {
			t.Errorf("the answer is %d, and the endpoint was told %q, want a trace that nobody records", status, got.Trace)
		}
		if status, _ := askWith(t, client, c.http, s.host("nobody"), "00-"+trace(20+n)+"-"+parent+"-01"); status != 404 {
			t.Errorf("the answer is %d, want 404", status)
		}
	}
	eventually(t, patience, "the sending of all spans", func() error {
		got, err := c.scrape()
		if err == nil && (got["warren_ingress_trace_spans_sent_total"] != 6 || got[`warren_ingress_trace_spans_dropped_total{cause="queue"}`]+got[`warren_ingress_trace_spans_dropped_total{cause="collector"}`] != 0) {
			err = fmt.Errorf("%v of 6 spans were sent", got["warren_ingress_trace_spans_sent_total"])
		}
		return err
	})
	// One more is sent while the process ends.
	_, _ = askWith(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, c.http, s.host("nobody"), "00-"+trace(30)+"-"+parent+"-01")
	c.terminate()
	if code := c.exit(); code != 0 {
		t.Errorf("the exit code is %d, want 0", code)
	}
	for n, traceparent := range told {
		server, client := traces.of(t, trace(n))
		switch {
		case server == nil || client == nil:
			t.Errorf("trace %s has the spans %v and %v, want both", trace(n), server, client)
		case hex.EncodeToString(server.ParentSpanId) != parent || string(client.ParentSpanId) != string(server.SpanId):
			t.Errorf("the spans are %v and %v, want one of the client's and one of that", server, client)
		case traceparent != "00-"+trace(n)+"-"+hex.EncodeToString(client.SpanId)+"-01":
			t.Errorf("the endpoint was told %s, want the span %x", traceparent, client.SpanId)
		}
	}
	for _, n := range []int{20, 21, 30} {
		if server, client := traces.of(t, trace(n)); server == nil || client != nil || server.Name != "GET" {
			t.Errorf("trace %s has the spans %v and %v, want the first alone", trace(n), server, client)
		}
	}
	for _, n := range []int{10, 11} {
		if server, client := traces.of(t, trace(n)); server != nil || client != nil {
			t.Errorf("trace %s has the spans %v and %v, want none", trace(n), server, client)
		}
	}
	if lines := c.stdout.String(); !strings.Contains(lines, `"trace_id":"`+trace(0)+`"`) || !strings.Contains(lines, `"trace_id":"`+trace(11)+`"`) {
		t.Errorf("the access log does not name the traces:\n%s", lines)
	}
	documented, err := os.ReadFile(filepath.Join(checkout, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"warren_ingress_trace_spans_sent_total", "warren_ingress_trace_spans_dropped_total"} {
		if !strings.Contains(string(documented), "`"+name+"`") {
			t.Errorf("docs/metrics.md does not have %s", name)
		}
	}
}

func TestACollectorThatIsAwayHoldsUpNeitherRequestsNorTheEnd(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	web := startBackend(t, "web-1")
	s.create(ingress("shop", s.host("shop"), "web"), task("web", web))
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = nobody.Close()
	c := s.start("--otlp-endpoint=http://"+nobody.Addr().String(), "--zap-log-level=error").ready()
	for range 100 {
		if err := answers(c.http, s.host("shop"), "/", from("web-1")); err != nil {
			t.Fatal(err)
		}
	}
	c.terminate()
	if code := c.exit(); code != 0 {
		t.Errorf("the exit code is %d, want 0", code)
	}
	if n := strings.Count(c.stderr.String(), "takes no spans"); n != 1 {
		t.Errorf("the log says %d times that the collector takes no spans, want once:\n%s", n, c.stderr.end())
	}
}
