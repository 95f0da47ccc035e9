// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/downstream"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// occupy makes a connection on which a request runs until the test ends or the endpoint, which is returned, answers it.
// From now on all requests go to that endpoint.
func (s *served) occupy() (client, endpoint *wire) {
	s.tb.Helper()
	silent := startScript(s.tb)
	s.apply(everything(silent.address))
	client = s.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	endpoint = silent.accept()
	endpoint.head()
	return client, endpoint
}

func TestConnectionBeyondTheLimitIs503(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.MaxConnections = 2 })
	first, answering := p.occupy()
	second, _ := p.occupy()
	for range 3 {
		// It is answered whether the client has sent anything yet or not.
		excess := p.dial()
		got := excess.reply("GET")
		if got.Status != 503 || got.reason() != "ConnectionLimit" || !got.Close || got.Header.Get("Proxy-Status") != `warren; error=connection_limit_reached; details="ConnectionLimit"` {
			t.Errorf("got %d %q, close %v, want 503 ConnectionLimit and a close", got.Status, got.Header.Get("Proxy-Status"), got.Close)
		}
		excess.expectEnd()
	}
	// Those within the limit are not affected. A place that becomes free can be taken.
	answering.send(okReply)
	if got := first.reply("GET"); got.Status != 200 {
		t.Errorf("a connection within the limit got %d %q, want 200", got.Status, got.reason())
	}
	second.abort()
	await(t, "a free place", func() bool { return p.server.Open() == 1 })
	p.apply(&snapshot.Snapshot{})
	if got := p.get("a", "/"); got.Status != 404 {
		t.Errorf("a connection in a free place got %d %q, want 404", got.Status, got.reason())
	}
}

// A refused connection that lingers must not take a place.
func TestRefusedConnectionsTakeNoPlace(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.MaxConnections = 1 })
	first, answering := p.occupy()
	var refused []*wire
	for range 5 {
		c := p.dial()
		c.reply("GET")
		refused = append(refused, c) // and stays open on the client's side
	}
	answering.send(okReply)
	first.reply("GET")
	await(t, "a look at refused connections while no request is counted", func() bool {
		known, running := 0, 0
		p.server.Each(func(c downstream.Conn) {
			known++
			running += c.Running()
		})
		return known > 1 && running == 0
	})
	_ = first.Close()
	await(t, "a free place", func() bool { return p.server.Open() == 0 })
	p.apply(&snapshot.Snapshot{})
	if got := p.get("a", "/"); got.Status != 404 {
		t.Errorf("got %d %q, want 404: %d refused connections are no reason to refuse more", got.Status, got.reason(), len(refused))
	}
}

// Connections beyond the limit must not use up the descriptors that are kept for endpoints.
func TestRefusedConnectionsAreFew(t *testing.T) {
	t.Parallel()
	const dialed, most = 100, 32
	p := serve(t, func(c *Config) { c.MaxConnections = 1 })
	client, endpoint := p.occupy()
	for range dialed {
		c, err := net.Dial("tcp", p.address)
		if err == nil { // It may be reset while it is dialed.
			t.Cleanup(func() { _ = c.Close() })
		}
	}
	refused := func() float64 { return p.scrape()["warren_ingress_connections_refused_total"] }
	await(t, "all of them to be counted", func() bool { return refused() == dialed })
	known := 0
	p.server.Each(func(downstream.Conn) { known++ })
	if known > 1+most {
		t.Errorf("%d connections are open, want the one within the limit and %d more at most", known, most)
	}
	await(t, "refused ones to end", func() bool {
		known = 0
		p.server.Each(func(downstream.Conn) { known++ })
		return known == 1
	})
	if got := p.dial().reply("GET"); got.Status != 503 {
		t.Errorf("after the others ended, one got %d, want 503", got.Status)
	}
	endpoint.send(okReply)
	client.reply("GET")
}

// Saying over TLS that there are too many would cost more than a place.
func TestConnectionTooManyOverTLSIsClosedAndLogged(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.MaxConnections = 1 })
	client, endpoint := p.occupy()
	c := dial(t, p.listen("127.0.0.1:0", p.ServeTLS))
	c.expectEnd()
	await(t, "the cause in the log", func() bool { return strings.Contains(p.log.text(), "as many connections") })
	endpoint.send(okReply)
	client.reply("GET")
}

// The limits are inclusive: what they allow passes, one more does not.
func TestLimitsOfAHead(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	const bytes, fields = 4096, 10
	p := serve(t, func(c *Config) { c.MaxHeaderBytes, c.MaxHeaders = bytes, fields })
	p.apply(everything(endpoint.address))
	head := func(total int) string {
		const begin, end = "GET / HTTP/1.1\r\nHost: a\r\nX: ", "\r\n\r\n"
		return begin + strings.Repeat("x", total-len(begin)-len(end)) + end
	}
	for _, test := range []struct {
		name, request string
		want          int
		reason        string
	}{
		{"as many bytes as allowed", head(bytes), 200, ""},
		{"one byte more", head(bytes + 1), 431, "HeadTooLarge"},
		{"as many fields as allowed", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", fields-1) + "\r\n", 200, ""},
		{"one field more", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", fields) + "\r\n", 431, "HeadTooLarge"},
		{"a target that fills the head", "GET /" + strings.Repeat("x", bytes) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "TargetTooLong"},
	} {
		client := p.dial()
		client.send(test.request)
		if test.want == 200 {
			up := endpoint.accept()
			up.request()
			up.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		}
		if got := client.reply("GET"); got.Status != test.want || got.reason() != test.reason {
			t.Errorf("%s: got %d %q, want %d %q", test.name, got.Status, got.reason(), test.want, test.reason)
		}
		_ = client.Close()
	}
}

// A single field, or the target, may be as long as the head.
func TestOneFieldMayFillAHead(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	for _, bytes := range []int{64 << 10, 256 << 10} {
		long := strings.Repeat("y", bytes*3/4)
		for name, request := range map[string]struct {
			target string
			fields []string
		}{
			"a target": {"/" + long, nil},
			"a query":  {"/?" + long, nil},
			"a field":  {"/", []string{"x", long}},
			"a cookie": {"/", []string{"cookie", "a=" + long}},
		} {
			t.Run(fmt.Sprintf("%s, of %d bytes", name, bytes), func(t *testing.T) {
				t.Parallel()
				p := serve(t, h2c, func(c *Config) { c.MaxHeaderBytes = bytes })
				p.apply(everything(b.address))
				lines := ""
				for i := 0; i < len(request.fields); i += 2 {
					lines += request.fields[i] + ": " + request.fields[i+1] + "\r\n"
				}
				if got := p.ask("GET " + request.target + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"); got.Status != 200 {
					t.Errorf("over HTTP/1.1: got %d %q, want 200", got.Status, got.reason())
				}
				c := p.http2Client(false)
				r := c.request("GET", request.target, nil)
				for i := 0; i < len(request.fields); i += 2 {
					r.Header.Set(request.fields[i], request.fields[i+1])
				}
				if got, _ := c.do(r); got.StatusCode != 200 {
					t.Errorf("over HTTP/2: got %d, want 200", got.StatusCode)
				}
			})
		}
	}
}

// A response's head may be larger than a request's, and longer than any buffer that a connection begins with.
func TestLargeResponseHeadsPass(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1 << 10, 8 << 10, 16 << 10, 29 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			value := strings.Repeat("v", size)
			up.send("HTTP/1.1 200 OK\r\nX-A: " + value + "\r\nX-B: " + value + "\r\nContent-Length: 5\r\n\r\nhello")
			got := client.reply("GET")
			if got.Status != 200 || got.Body != "hello" || got.Header.Get("X-A") != value || got.Header.Get("X-B") != value {
				t.Errorf("got %d with %d and %d bytes, want both of %d", got.Status, len(got.Header.Get("X-A")), len(got.Header.Get("X-B")), size)
			}
		})
	}
}

// It is the same in the other direction, with content that did not fit in.
func TestLargeRequestHeadsPass(t *testing.T) {
	t.Parallel()
	for _, fields := range []int{1, 2, 3, 4} {
		t.Run(fmt.Sprint(fields), func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			value := strings.Repeat("v", 15<<10)
			body := strings.Repeat("b", 100<<10)
			client.send("POST / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X-A: "+value+"\r\n", fields) + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)))
			client.send(body)
			up := endpoint.accept()
			request := up.request()
			if got := request.Header["X-A"]; len(got) != fields || got[0] != value {
				t.Errorf("%d fields arrived, want %d", len(got), fields)
			}
			if request.ContentLength != int64(len(body)) {
				t.Errorf("the length is %d, want %d", request.ContentLength, len(body))
			}
			up.send(okReply)
			if got := client.reply("POST"); got.Status != 200 {
				t.Errorf("got %d %q, want 200", got.Status, got.reason())
			}
		})
	}
}
