// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/warren-dev/ingress/proxy/observe"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

// received is a request that a collector took, decoded.
type received struct {
	path   string
	header http.Header
	*collectorpb.ExportTraceServiceRequest
}

func (r *received) names() (names []string) {
	for _, resource := range r.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				names = append(names, span.Name)
			}
		}
	}
	return names
}

// collector takes traces as OTLP over HTTP has it.
type collector struct {
	*httptest.Server
	requests chan *received
	// refuse, if it is set, answers a request instead, or says false.
	refuse func(http.ResponseWriter) bool
}

func newCollector(t *testing.T) *collector {
	c := &collector{requests: make(chan *received, 64)}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.refuse != nil && c.refuse(w) {
			return
		}
		got, err := decode(r)
		if err != nil {
			t.Errorf("what the collector got: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.requests <- got
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Server.Close)
	return c
}

func startCollector(t *testing.T) *collector {
	c := newCollector(t)
	c.Server.Start()
	return c
}

func decode(r *http.Request) (*received, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			return nil, err
		}
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	got := &received{path: r.URL.Path, header: r.Header, ExportTraceServiceRequest: &collectorpb.ExportTraceServiceRequest{}}
	return got, proto.Unmarshal(content, got.ExportTraceServiceRequest)
}

// next is the next request that the collector takes.
func (c *collector) next(t *testing.T) *received {
	t.Helper()
	select {
	case r := <-c.requests:
		return r
	case <-time.After(patience):
		t.Fatal("the collector got nothing")
		return nil
	}
}

// newExporter makes an exporter that nobody runs, for a collector.
func newExporter(t *testing.T, address string, logger logr.Logger) *Exporter {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(t.Context(), Options{Logger: logger, Endpoint: u, Version: "v1.2.3", Instance: "edge-0"})
	if err != nil {
		t.Fatal(err)
	}
	e.farewell = patience
	return e
}

// testLog hands on what is logged.
func testLog(lines chan string) logr.Logger {
	return funcr.New(func(_, args string) { lines <- args }, funcr.Options{})
}

// named is a span without attempts, whose route's path it is known by.
func named(path string) *observe.Span {
	return &observe.Span{
		Trace: observe.TraceID{1}, ID: observe.SpanID{1}, Method: "GET", Start: time.Now(), End: time.Now(), Status: 200,
		Route: &observe.RouteNames{Path: path},
	}
}
