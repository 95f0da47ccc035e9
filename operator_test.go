// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

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

func TestMetricsAreMadeForFewAtOnceAndOneClientKeepsNoOtherOneOut(t *testing.T) {
	collector := waits{began: make(chan struct{}), goOn: make(chan struct{})}
	if err := metrics.Registry.Register(collector); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { metrics.Registry.Unregister(collector) })
	turns := newTurns(scrapesAtOnce)
	handler := metricsServer(turns).Handler
	scrape := func(ctx context.Context, from string) *httptest.ResponseRecorder {
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
		request.RemoteAddr = from
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer
	}
	begins := func() {
		t.Helper()
		select {
		case <-collector.began:
		case <-time.After(5 * time.Second):
			t.Fatal("no further scrape begins")
		}
	}
	var scrapes sync.WaitGroup
	greedy := func() {
		scrapes.Go(func() {
			if answer := scrape(t.Context(), "10.0.0.9:4000"); answer.Code != http.StatusOK {
				t.Errorf("a scrape got %d, want 200", answer.Code)
			}
		})
	}
	for range scrapesAtOnce {
		greedy()
	}
	for range scrapesAtOnce {
		begins()
	}
	// More of the same client come before another one.
	for range scrapesAtOnce {
		greedy()
	}
	other := make(chan *httptest.ResponseRecorder, 1)
	wait := func(n int) {
		t.Helper()
		waiting := func() int {
			turns.mu.Lock()
			defer turns.mu.Unlock()
			return len(turns.waiting)
		}
		for limit := time.Now().Add(5 * time.Second); waiting() != n; runtime.Gosched() {
			if time.Now().After(limit) {
				t.Fatalf("%d scrapes wait, want %d", waiting(), n)
			}
		}
	}
	wait(scrapesAtOnce)
	scrapes.Go(func() { other <- scrape(t.Context(), "10.0.0.7:4000") })
	wait(scrapesAtOnce + 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if answer := scrape(ctx, "10.0.0.8:4000"); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("one that waits no longer got %d, want 503", answer.Code)
	}
	select {
	case <-collector.began:
		t.Error("one more scrape is made at once")
	default:
	}
	collector.goOn <- struct{}{} // One of the greedy client's ends.
	begins()
	// That is the other one's. It ends with all that run.
	running := scrapesAtOnce
	for range running {
		collector.goOn <- struct{}{}
	}
	if answer := <-other; answer.Code != http.StatusOK {
		t.Errorf("the other client got %d, want 200", answer.Code)
	}
	for range scrapesAtOnce {
		begins()
		collector.goOn <- struct{}{}
	}
	scrapes.Wait()
}

func TestAPlaceRestsForWhoHadItAlone(t *testing.T) {
	t.Parallel()
	greedy, other := netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("10.0.0.7")
	turns := newTurns(1)
	soon := func(peer netip.Addr) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		return turns.take(ctx, peer)
	}
	for range 3 { // Each time all places are there again.
		if err := soon(greedy); err != nil {
			t.Fatal(err)
		}
		turns.rest()
		if err := soon(greedy); err == nil {
			t.Error("the place does not rest for who had it")
		}
		if err := soon(other); err != nil {
			t.Errorf("another address waits for the rest: %v", err)
		}
		turns.rest()
		turns.rested(greedy)
		turns.rested(other)
	}
	if turns.free != 1 || turns.resting != 0 || turns.lent != 0 || len(turns.running) != 0 {
		t.Errorf("in the end %d places are free, %d rest, %d are lent, and %v run", turns.free, turns.resting, turns.lent, turns.running)
	}
}

// rests dials, asks once, and keeps the connection.
func rests(t *testing.T, from, to string) (net.Conn, error) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	c, err := dialer.DialContext(t.Context(), "tcp", to)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, asks(c)
}

// asks sends a request and reads its answer, which is short.
func asks(c net.Conn) error {
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		return err
	}
	_, err := c.Read(make([]byte, 4096))
	return err
}

func TestConnectionsToThePortsForOperatorsAreBounded(t *testing.T) {
	for name, server := range map[string]*http.Server{"metrics": metricsServer(newTurns(scrapesAtOnce)), "health": healthServer(nil, nil)} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = serveBounded(t.Context(), l, server) }()
			var connections []net.Conn
			rest := func(from string) {
				c, err := rests(t, from, l.Addr().String())
				if err != nil {
					t.Fatalf("a connection from %s after %d others: %v", from, len(connections), err)
				}
				connections = append(connections, c)
			}
			// open counts the connections from first on that are open.
			open := func(first int) (n int) {
				for _, c := range connections[first:] {
					_ = c.SetDeadline(time.Now().Add(5 * time.Millisecond))
					var timeout net.Error
					if _, err := c.Read(make([]byte, 1)); errors.As(err, &timeout) && timeout.Timeout() {
						n++
					}
				}
				return n
			}
			rest("127.0.0.2")
			for range 3 * operatorShare {
				rest("127.0.0.3")
			}
			if n := open(1); n != operatorShare {
				t.Errorf("%d connections of one address are open, want %d", n, operatorShare)
			}
			if err := asks(connections[0]); err != nil {
				t.Errorf("a connection of another address is gone: %v", err)
			}
			before := len(connections)
			for address := range operatorConnections/operatorShare + 2 {
				for range operatorShare {
					rest(fmt.Sprint("127.0.1.", address))
				}
			}
			if n := open(0); n != operatorConnections {
				t.Errorf("%d connections are open, want %d", n, operatorConnections)
			}
			// A server may note a little late that a connection rests.
			if n := open(before + 2*operatorShare); n < operatorConnections-operatorShare/2 {
				t.Errorf("%d of the youngest connections are open, want about %d", n, operatorConnections)
			}
			rest("127.0.0.2") // A probe gets through.
		})
	}
}

func TestAConnectionWithARequestGivesWayAfterThoseThatRest(t *testing.T) {
	b := &boundedListener{most: 3, share: 2}
	now := time.Now()
	conn := func(from string, active bool, age time.Duration) *boundedConn {
		return &boundedConn{listener: b, peer: peerOf(from), active: active, since: now.Add(-age)}
	}
	busy, old, young := conn("10.0.0.1:1", true, time.Hour), conn("10.0.0.2:1", false, time.Minute), conn("10.0.0.3:1", false, time.Second)
	ofOne := conn("[fd00::1:0:0:1]:1", false, time.Second)
	for name, test := range map[string]struct {
		open []*boundedConn
		from string
		want *boundedConn
	}{
		"there is a place":              {open: []*boundedConn{busy, old}},
		"the longest at rest":           {open: []*boundedConn{busy, young, old}, want: old},
		"all have requests":             {open: []*boundedConn{busy, conn("10.0.0.2:1", true, time.Minute), conn("10.0.0.3:1", true, time.Second)}, want: busy},
		"an address that has its share": {open: []*boundedConn{old, ofOne, conn("[fd00::2]:1", false, 0)}, from: "[fd00::3]:1", want: ofOne},
	} {
		t.Run(name, func(t *testing.T) {
			b.open = test.open
			if got := b.excess(peerOf(cmp.Or(test.from, "10.0.0.4:1"))); got != test.want {
				t.Errorf("%+v gives way, want %+v", got, test.want)
			}
		})
	}
}

func TestConnectionsOfOperatorsDoNotRestForEver(t *testing.T) {
	for name, server := range map[string]*http.Server{"metrics": metricsServer(newTurns(scrapesAtOnce)), "health": healthServer(nil, nil)} {
		if server.ReadTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 || server.MaxHeaderBytes <= 0 {
			t.Errorf("the server for %s has no bound: it reads for %v, writes for %v, rests for %v and takes heads of %d bytes",
				name, server.ReadTimeout, server.WriteTimeout, server.IdleTimeout, server.MaxHeaderBytes)
		}
	}
}
