// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

func TestTheAdminAddressOnLoopbackAnswersLoopbackNamesAlone(t *testing.T) {
	loopback, loopback6 := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9091}, &net.TCPAddr{IP: net.IPv6loopback, Port: 9091}
	elsewhere, everywhere := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 9091}, &net.TCPAddr{IP: net.IPv6zero, Port: 9091}
	for name, test := range map[string]struct {
		at   net.Addr
		host string
		want int
	}{
		"by its address":                    {loopback, "127.0.0.1:9091", http.StatusOK},
		"by its address without a port":     {loopback, "127.0.0.1", http.StatusOK},
		"by another loopback address":       {loopback, "127.8.8.8:9091", http.StatusOK},
		"by IPv6":                           {loopback6, "[::1]:9091", http.StatusOK},
		"by IPv6 without a port":            {loopback6, "[::1]", http.StatusOK},
		"by IPv4 within IPv6":               {loopback, "[::ffff:127.0.0.1]:9091", http.StatusOK},
		"by localhost, through a forward":   {loopback, "localhost:18091", http.StatusOK},
		"by localhost in another form":      {loopback, "LocalHost.", http.StatusOK},
		"by a name below localhost":         {loopback, "warren.localhost:9091", http.StatusOK},
		"by a name of the Internet":         {loopback, "evil.com", http.StatusForbidden},
		"by one that ends like localhost":   {loopback, "evillocalhost", http.StatusForbidden},
		"by one that begins like localhost": {loopback, "localhost.evil.com:9091", http.StatusForbidden},
		"by one that begins like 127.0.0.1": {loopback, "127.0.0.1.evil.com", http.StatusForbidden},
		"by an address elsewhere":           {loopback, "10.0.0.7:9091", http.StatusForbidden},
		"by no host":                        {loopback, "", http.StatusForbidden},
		"elsewhere, by any name":            {elsewhere, "warren.example.com", http.StatusOK},
		"everywhere, by any name":           {everywhere, "warren.example.com", http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodGet, "/routes", nil)
			request.Host = test.host
			answer := httptest.NewRecorder()
			forLoopback(test.at, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(answer, request)
			if answer.Code != test.want {
				t.Errorf("Host %q got %d, want %d", test.host, answer.Code, test.want)
			}
		})
	}
}

// waits is a collector that waits in the middle of a scrape.
type waits struct {
	began chan struct{}
	goOn  chan struct{}
}

func (waits) Describe(to chan<- *prometheus.Desc) {
	to <- prometheus.NewDesc("warren_test_waits", "Nothing.", nil, nil)
}

func (w waits) Collect(chan<- prometheus.Metric) {
	w.began <- struct{}{}
	<-w.goOn
}

func TestMetricsAreMadeForFewAtOnce(t *testing.T) {
	collector := waits{began: make(chan struct{}), goOn: make(chan struct{})}
	if err := metrics.Registry.Register(collector); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { metrics.Registry.Unregister(collector) })
	handler := metricsServer().Handler
	scrape := func() *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return answer
	}
	var scrapes sync.WaitGroup
	for range scrapesAtOnce {
		scrapes.Go(func() {
			if answer := scrape(); answer.Code != http.StatusOK {
				t.Errorf("a scrape got %d, want 200", answer.Code)
			}
		})
	}
	for range scrapesAtOnce {
		<-collector.began
	}
	answer := scrape()
	if text, err := io.ReadAll(answer.Body); err != nil || answer.Code != http.StatusServiceUnavailable || !strings.Contains(string(text), "concurrent") {
		t.Errorf("one more scrape got %d %q (%v), want 503", answer.Code, text, err)
	}
	close(collector.goOn)
	scrapes.Wait()
}

func TestConnectionsOfOperatorsDoNotRestForEver(t *testing.T) {
	for name, server := range map[string]*http.Server{"metrics": metricsServer(), "health": healthServer(nil, nil)} {
		if server.ReadTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 || server.MaxHeaderBytes <= 0 {
			t.Errorf("the server for %s has no bound: it reads for %v, writes for %v, rests for %v and takes heads of %d bytes",
				name, server.ReadTimeout, server.WriteTimeout, server.IdleTimeout, server.MaxHeaderBytes)
		}
	}
}
