// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// scrape returns what Prometheus reads: each series with its labels in their order, and its value. For a histogram it
// is the count.
func (s *served) scrape() map[string]float64 {
	s.tb.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s.Collector())
	families, err := registry.Gather()
	if err != nil {
		s.tb.Fatalf("scraping: %v", err)
	}
	series := make(map[string]float64)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += fmt.Sprintf(" %s=%s", label.GetName(), label.GetValue())
			}
			series[name] = valueOf(metric)
		}
	}
	return series
}

func valueOf(m *dto.Metric) float64 {
	switch {
	case m.GetCounter() != nil:
		return m.GetCounter().GetValue()
	case m.GetGauge() != nil:
		return m.GetGauge().GetValue()
	}
	return float64(m.GetHistogram().GetSampleCount())
}

// expectSeries waits until the series that match have these values and no other has the prefix. A request is counted
// just after its response was sent.
func (s *served) expectSeries(prefix string, want map[string]float64) {
	s.tb.Helper()
	var diff string
	if !eventually(func() bool {
		got := s.scrape()
		for name := range got {
			if len(name) < len(prefix) || name[:len(prefix)] != prefix {
				delete(got, name)
			}
		}
		diff = cmp.Diff(want, got)
		return diff == ""
	}) {
		s.tb.Errorf("series of %s (-want +got):\n%s", prefix, diff)
	}
}

func byIngress(r snapshot.Route, ingress string) snapshot.Route {
	r.Rule.Ingress = ingress
	return r
}

func TestRequestsAreCountedByIngressServiceCodeAndReason(t *testing.T) {
	t.Parallel()
	p := serve(t)
	denied := byIngress(prefix("/denied", "b"), "default/shop")
	accessOf(&denied).Denied = prefixes("127.0.0.0/8")
	limited := byIngress(prefix("/limited", "b"), "default/blog")
	*rateLimitOf(&limited) = policy.RateLimit{PerSecond: 1e-9, Burst: 1}
	down := byIngress(prefix("/down", "down"), "default/blog")
	down.Retries = 1
	p.apply(snapshotOf([]snapshot.Host{hostOf("a", byIngress(prefix("/", "b"), "default/shop"), denied, down, limited)},
		poolOf("b", startEcho(t, "b")), poolOf("down", closedPort(t))))
	for _, path := range []string{"/", "/x", "/denied", "/limited", "/limited", "/down", "/../up"} {
		p.get("a", path)
	}
	p.get("other", "/")

	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=200 ingress=default/shop reason= service=default/b":                         2,
		"warren_ingress_requests_total code=403 ingress=default/shop reason=AccessDenied service=default/b":             1,
		"warren_ingress_requests_total code=200 ingress=default/blog reason= service=default/b":                         1,
		"warren_ingress_requests_total code=429 ingress=default/blog reason=RateLimited service=default/b":              1,
		"warren_ingress_requests_total code=502 ingress=default/blog reason=UpstreamConnectFailed service=default/down": 1,
		"warren_ingress_requests_total code=400 ingress= reason=MalformedPath service=":                                 1,
		"warren_ingress_requests_total code=404 ingress= reason=RouteNotFound service=":                                 1,
	})
	p.expectSeries("warren_ingress_request_duration_seconds", map[string]float64{
		"warren_ingress_request_duration_seconds ingress=default/shop": 3,
		"warren_ingress_request_duration_seconds ingress=default/blog": 3,
		"warren_ingress_request_duration_seconds ingress=":             2,
	})
	p.expectSeries("warren_ingress_upstream_duration_seconds", map[string]float64{
		"warren_ingress_upstream_duration_seconds ingress=default/shop": 2,
		"warren_ingress_upstream_duration_seconds ingress=default/blog": 2,
	})
	p.expectSeries("warren_ingress_backend_", map[string]float64{
		"warren_ingress_backend_selection_duration_seconds":                                     4,
		"warren_ingress_backend_errors_total reason=UpstreamConnectFailed service=default/down": 1,
	})
	p.expectSeries("warren_ingress_access_denials_total", map[string]float64{
		"warren_ingress_access_denials_total ingress=default/shop": 1,
		"warren_ingress_access_denials_total ingress=default/blog": 0,
	})
	p.expectSeries("warren_ingress_rate_limit_rejections_total", map[string]float64{
		"warren_ingress_rate_limit_rejections_total ingress=default/shop": 0,
		"warren_ingress_rate_limit_rejections_total ingress=default/blog": 1,
	})
}

func TestSeriesGoWithTheirObjectAndOutliveAChange(t *testing.T) {
	t.Parallel()
	p := serve(t)
	sold := func(services ...string) *snapshot.Snapshot {
		var routes []snapshot.Route
		var pools []snapshot.Pool
		for _, name := range services {
			routes = append(routes, byIngress(prefix("/"+name, name), "default/"+name))
			pools = append(pools, poolOf(name, startEcho(t, name)))
		}
		return snapshotOf([]snapshot.Host{hostOf("a", routes...)}, pools...)
	}
	p.apply(sold("blog", "shop"))
	p.get("a", "/shop")
	p.get("a", "/blog")
	// The host, its routes and pools are all compiled anew.
	p.apply(sold("cart", "shop"))
	p.get("a", "/shop")
	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=200 ingress=default/shop reason= service=default/shop": 2,
	})
	p.expectSeries("warren_ingress_tasks", map[string]float64{
		"warren_ingress_tasks health=Healthy service=default/shop": 1, "warren_ingress_tasks health=Unhealthy service=default/shop": 0,
		"warren_ingress_tasks health=Unknown service=default/shop": 0,
		"warren_ingress_tasks health=Healthy service=default/cart": 1, "warren_ingress_tasks health=Unhealthy service=default/cart": 0,
		"warren_ingress_tasks health=Unknown service=default/cart": 0,
	})
	p.apply(&snapshot.Snapshot{})
	p.expectSeries("warren_ingress_requests_total", map[string]float64{})
	p.expectSeries("warren_ingress_tasks", map[string]float64{})
}

func TestEachRequestOverHTTP2IsActiveByItself(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	var waiting [2]*wire
	for i := range waiting {
		c.get(uint32(2*i+1), "/")
		waiting[i] = endpoint.accept()
		waiting[i].head()
	}
	p.expectSeries("warren_ingress_active_", map[string]float64{"warren_ingress_active_connections": 1, "warren_ingress_active_requests": 2})
	for i, up := range waiting {
		up.send(okReply)
		c.answer(uint32(2*i + 1))
	}
	await(t, "the end of both", func() bool { return p.activeRequests() == 0 })
}

func TestGaugesSayWhatIsServedNow(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	certificate := issue(t, "default/tls", ecdsaKey(t), "a")
	p.apply(with(everything(endpoint.address), certificate))
	p.dial()
	busy := p.dial()
	busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	p.expectSeries("warren_ingress_active_", map[string]float64{"warren_ingress_active_connections": 2, "warren_ingress_active_requests": 1})
	up.send(okReply)
	busy.reply("GET")
	p.expectSeries("warren_ingress_active_requests", map[string]float64{"warren_ingress_active_requests": 0})
	p.expectSeries("warren_ingress_snapshot_", map[string]float64{
		"warren_ingress_snapshot_generation": 1, "warren_ingress_snapshot_apply_duration_seconds": 1, "warren_ingress_snapshot_rejections_total": 0,
	})
	p.expectSeries("warren_ingress_routes", map[string]float64{"warren_ingress_routes": 1})
	notBefore, notAfter := p.engine.Generation.Load().Identity.Validity(0)
	if notAfter.Before(time.Now()) || notBefore.After(time.Now()) {
		t.Fatalf("the certificate of the test is valid from %v to %v", notBefore, notAfter)
	}
	p.expectSeries("warren_ingress_certificate_", map[string]float64{
		"warren_ingress_certificate_not_before_seconds certificate=default/tls": float64(notBefore.Unix()),
		"warren_ingress_certificate_not_after_seconds certificate=default/tls":  float64(notAfter.Unix()),
	})
}

func TestConnectionsBeyondTheLimitAreCounted(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.MaxConnections = 1 })
	p.occupy()
	p.get("a", "/")
	p.expectSeries("warren_ingress_connections_refused_total", map[string]float64{"warren_ingress_connections_refused_total": 1})
	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=503 ingress= reason=ConnectionLimit service=": 1,
	})
}

func TestRequestsOverHTTP2AreCountedOneByOne(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	written := &pages{}
	p := serve(t, h2c, logTo(written, observe.LogJSON))
	p.apply(everything(endpoint.address))
	client := p.dialFrames()
	client.get(1, "/one")
	first := endpoint.accept()
	client.get(3, "/two")
	second := endpoint.accept()
	p.expectSeries("warren_ingress_active_", map[string]float64{"warren_ingress_active_connections": 1, "warren_ingress_active_requests": 2})
	for i, up := range []*wire{first, second} {
		up.head()
		up.send(okReply)
		client.answer(uint32(2*i + 1))
	}
	p.expectSeries("warren_ingress_active_", map[string]float64{"warren_ingress_active_connections": 1, "warren_ingress_active_requests": 0})
	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=200 ingress=default/pool reason= service=default/pool": 2,
	})
	for _, line := range written.lines(t, 2) {
		if !strings.Contains(line, `"protocol":"HTTP/2"`) || !strings.Contains(line, `"requestId":"`) {
			t.Errorf("the line is %s", line)
		}
	}
}
