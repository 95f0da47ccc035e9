// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/warren-dev/ingress/proxy/observe"
)

// run runs the exporter until the function that it returns is called, which waits for its end.
func run(t *testing.T, e *Exporter) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { e.Run(ctx) })
	end = func() { cancel(); running.Wait() }
	t.Cleanup(end)
	return end
}

// expectCounts compares what the exporter has counted.
func expectCounts(t *testing.T, e *Exporter, sent, overflowed, refused int) {
	t.Helper()
	want := fmt.Sprintf(`
# HELP warren_ingress_trace_spans_dropped_total Spans that were dropped: because more waited than are held (queue), or because the collector did not take them (collector).
# TYPE warren_ingress_trace_spans_dropped_total counter
warren_ingress_trace_spans_dropped_total{cause="collector"} %d
warren_ingress_trace_spans_dropped_total{cause="queue"} %d
# HELP warren_ingress_trace_spans_sent_total Spans that the collector took.
# TYPE warren_ingress_trace_spans_sent_total counter
warren_ingress_trace_spans_sent_total %d
`, refused, overflowed, sent)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(e)
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestSpansAreSentWhileTheProcessRunsAndTheLastOnesAsItEnds(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	e := newExporter(t, c.URL, logr.Discard())
	end := run(t, e)
	e.Record(named("/first"))
	first := c.next(t)
	if got := first.names(); first.path != "/v1/traces" || !slices.Equal(got, []string{"GET /first"}) {
		t.Errorf("the collector got %q at %s, want the first at /v1/traces", got, first.path)
	}
	var want []string
	for i := range batchSize + 1 {
		want = append(want, fmt.Sprintf("GET /%d", i))
		e.Record(named(fmt.Sprintf("/%d", i)))
	}
	end()
	var got []string
	for len(got) < len(want) {
		got = append(got, c.next(t).names()...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the last spans (-want +got):\n%s", diff)
	}
	expectCounts(t, e, 1+len(want), 0, 0)
}

func TestWhatMoreThanCanWaitIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	e := newExporter(t, "http://collector.example.com", logr.Discard())
	for range waiting {
		e.Record(named("/"))
	}
	tooMany := named("/")
	tooMany.Attempts = make([]observe.AttemptSpan, 2)
	e.Record(tooMany)
	e.Record(named("/"))
	expectCounts(t, e, 0, 4, 0)
}

// Neither requests nor the end of the process wait for a collector that takes a request and never answers.
func TestACollectorThatHangsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	hanging := make(chan struct{})
	asked := make(chan struct{}, 1)
	c := newCollector(t)
	t.Cleanup(func() { close(hanging) })
	c.refuse = func(http.ResponseWriter) bool {
		asked <- struct{}{}
		<-hanging
		return true
	}
	c.Start()
	lines := make(chan string, 8)
	e := newExporter(t, c.URL, testLog(lines))
	e.farewell = time.Millisecond
	end := run(t, e)
	e.Record(named("/"))
	<-asked
	for range waiting + 1 {
		e.Record(named("/"))
	}
	end()
	expectCounts(t, e, 0, 1, 1+waiting)
}

func TestACollectorThatComesBackGetsWhatWaited(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	var away atomic.Int32
	away.Store(2)
	c.refuse = func(w http.ResponseWriter) bool {
		if away.Add(-1) < 0 {
			return false
		}
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return true
		}
		_ = connection.Close()
		return true
	}
	c.Start()
	lines := make(chan string, 8)
	e := newExporter(t, c.URL, testLog(lines))
	end := run(t, e)
	e.Record(named("/"))
	if got := c.next(t).names(); !slices.Equal(got, []string{"GET /"}) {
		t.Errorf("the collector got %q, want what waited", got)
	}
	end()
	close(lines)
	var logged []string
	for line := range lines {
		logged = append(logged, line)
	}
	if len(logged) != 2 || !strings.Contains(logged[0], "takes no spans") || !strings.Contains(logged[1], "sent again") {
		t.Errorf("the log is %q, want that it fails and that it does no more", logged)
	}
	expectCounts(t, e, 1, 0, 0)
}

func TestWhatACollectorRefusesIsDroppedAndToldOnce(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	var refused atomic.Int32
	c.refuse = func(w http.ResponseWriter) bool {
		refused.Add(1)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return true
	}
	c.Start()
	lines := make(chan string, 8)
	e := newExporter(t, c.URL, testLog(lines))
	for range 2*batchSize + 1 {
		e.Record(named("/"))
	}
	run(t, e)()
	close(lines)
	var logged []string
	for line := range lines {
		logged = append(logged, line)
	}
	if len(logged) != 1 || !strings.Contains(logged[0], "401") || !strings.Contains(logged[0], "who are you?") {
		t.Errorf("the log is %q, want one line with the answer", logged)
	}
	if n := refused.Load(); n < 3 {
		t.Errorf("the collector was asked %d times, want once for each of three batches", n)
	}
	expectCounts(t, e, 0, 0, 2*batchSize+1)
}

// A response of 200 may reject some spans, or none and only warn (OTLP specification, Partial Success).
func TestWhatACollectorTakesInPartIsCountedInParts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                    string
		rejected, sent, dropped int
	}{
		{"some rejected", 2, 3, 2},
		{"a warning", 0, 5, 0},
		{"more rejected than were sent", 7, 0, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answer, err := proto.Marshal(&collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{
				RejectedSpans: int64(test.rejected), ErrorMessage: "too\nold",
			}})
			if err != nil {
				t.Fatal(err)
			}
			c := newCollector(t)
			c.refuse = func(w http.ResponseWriter) bool {
				w.Header().Set("Content-Type", "application/x-protobuf")
				_, _ = w.Write(answer)
				return true
			}
			c.Start()
			lines := make(chan string, 8)
			e := newExporter(t, c.URL, testLog(lines))
			for range 5 {
				e.Record(named("/"))
			}
			run(t, e)()
			expectCounts(t, e, test.sent, 0, test.dropped)
			if len(lines) != 1 {
				t.Fatalf("the log has %d lines, want one", len(lines))
			}
			if line := <-lines; !strings.Contains(line, "has a complaint") || !strings.Contains(line, `too\nold`) {
				t.Errorf("the log has %q, want what the collector says", line)
			}
		})
	}
}

func TestTheEnvironmentSaysMoreOfTheConnectionAndWhoseSpansTheyAre(t *testing.T) {
	c := newCollector(t)
	c.StartTLS()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_CERTIFICATE": authority, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20token", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://nowhere.example.com",
		"OTEL_SERVICE_NAME":           "edge", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.version=v9",
		"POD_NAME": "edge-0", "POD_UID": "", "POD_IP": "", "POD_NAMESPACE": "edge-system",
	} {
		t.Setenv(name, value)
	}
	e := newExporter(t, c.URL+"/tenants/a/", logr.Discard())
	run(t, e)
	e.Record(named("/"))
	got := c.next(t)
	if got.path != "/tenants/a/v1/traces" || got.header.Get("Authorization") != "Bearer token" || got.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("the collector was asked at %s with %v", got.path, got.header)
	}
	resource := map[string]string{}
	for _, a := range got.ResourceSpans[0].Resource.Attributes {
		resource[a.Key] = a.Value.GetStringValue()
	}
	want := map[string]string{
		"service.name": "edge", "service.version": "v9", "service.instance.id": "edge-0", "deployment.environment.name": "test",
		"k8s.pod.name": "edge-0", "k8s.namespace.name": "edge-system",
	}
	if diff := cmp.Diff(want, resource); diff != "" {
		t.Errorf("the resource (-want +got):\n%s", diff)
	}
}

// The wrong value may be a password, which must not be in any log.
func TestAnEnvironmentThatIsWrongIsAnErrorWithoutItsValues(t *testing.T) {
	const headers, certificate = "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_CERTIFICATE"
	for _, test := range []struct{ name, variable, value, want string }{
		{"attributes without values", "OTEL_RESOURCE_ATTRIBUTES", "production", "OTEL_RESOURCE_ATTRIBUTES"},
		{"a field as HTTP has it", headers, "authorization: Bearer s3cret", "_HEADERS wants name=value"},
		{"a field as HTTP has it, in base64", headers, "authorization: Basic s3cret==", "_HEADERS wants name=value"},
		{"a percent sign in a field", headers, "authorization=s3cret%zz", "write %25"},
		{"a certificate that is not there", certificate, filepath.Join(t.TempDir(), "nobody.pem"), "no such file"},
		{"a timeout in words", "OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "parse duration"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			lines := make(chan string, 8)
			_, err := New(t.Context(), Options{Logger: testLog(lines), Endpoint: &url.URL{Scheme: "https", Host: "collector:4318"}})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "zz") {
				t.Errorf("the error is %v, want one that says %q and not the value", err, test.want)
			}
			if len(lines) != 0 {
				t.Errorf("the log has %q", <-lines)
			}
		})
	}
}

func TestTheURLOfTracesIsBelowTheCollectors(t *testing.T) {
	t.Parallel()
	for collector, want := range map[string]string{
		"http://collector:4318":                 "http://collector:4318/v1/traces",
		"http://collector:4318/":                "http://collector:4318/v1/traces",
		"https://otlp.example.com/tenant":       "https://otlp.example.com/tenant/v1/traces",
		"https://otlp.example.com/v1/traces":    "https://otlp.example.com/v1/traces",
		"https://otlp.example.com/a/v1/traces/": "https://otlp.example.com/a/v1/traces/",
	} {
		u, err := url.Parse(collector)
		if err != nil {
			t.Fatal(err)
		}
		if got := tracesURL(u); got != want {
			t.Errorf("%s: got %s, want %s", collector, got, want)
		}
	}
}
