// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

const (
	handshake = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
	switched  = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
)

// upgradedBy returns both ends of a tunnel.
func upgradedBy(t *testing.T, p *served, endpoint *script) (client, up *wire) {
	t.Helper()
	client = p.dial()
	client.send(handshake)
	up = endpoint.accept()
	up.head()
	up.send(switched)
	client.expect(switched)
	return client, up
}

func TestHandshakeIsRelayed(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send(handshake)
	up := endpoint.accept()
	request := up.request()
	want := map[string][]string{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Key": {"x3JJHMbDL1EzLkh9GBhXDw=="}}
	got := fieldsBut(request.Header, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
		"X-Real-Ip", "X-Request-Id", "Cdn-Loop")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields at the endpoint (-want +got):\n%s", diff)
	}
	up.send(switched)
	client.expect(switched)
	for i := range 10 {
		client.send(fmt.Sprintf("ping %d\x00", i))
		up.expect(fmt.Sprintf("ping %d\x00", i))
		up.send(fmt.Sprintf("pong %d\xff", i))
		client.expect(fmt.Sprintf("pong %d\xff", i))
	}
	// This looks like HTTP, but is not any more.
	client.send("GET /smuggled HTTP/1.1\r\n\r\n")
	up.expect("GET /smuggled HTTP/1.1\r\n\r\n")
}

// Either side may use the new protocol early: its first bytes come with a head.
func TestBytesThatComeWithTheHandshakeAreTheTunnels(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send(handshake + "early client")
	up := endpoint.accept()
	up.head()
	up.send(switched + "early endpoint")
	up.expect("early client")
	client.expect(switched + "early endpoint")
	client.send(", late client")
	up.expect(", late client")
	up.send(", late endpoint")
	client.expect(", late endpoint")
}

// An endpoint that does not want to change protocols answers as usual. What follows is HTTP.
func TestRefusedHandshakeLeavesHTTP(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send(handshake + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send(okReply)
	client.expect(okReply)
	if got := up.request().URL.Path; got != "/next" {
		t.Errorf("the endpoint got %s, want /next on the same connection", got)
	}
	up.send(okReply)
	client.expect(okReply)
}

// The end of one direction is not the end of the other.
func TestHalfClosesPassThroughATunnel(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	for _, clientFirst := range []bool{true, false} {
		a, b := upgradedBy(t, p, endpoint)
		if !clientFirst {
			a, b = b, a
		}
		a.send("last words")
		if err := a.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		b.expect("last words")
		b.expectEnd()
		for i := range 3 {
			b.send(fmt.Sprintf("still here %d", i))
			a.expect(fmt.Sprintf("still here %d", i))
		}
		_ = b.Close()
		a.expectEnd()
	}
}

func TestResetOfOneSideEndsTheTunnel(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	for _, clientFirst := range []bool{true, false} {
		a, b := upgradedBy(t, p, endpoint)
		if !clientFirst {
			a, b = b, a
		}
		a.abort()
		b.expectClosed()
	}
}

func TestTunnelCarriesMuchBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	const size = 8 * mebi
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client, up := upgradedBy(t, p, endpoint)
	block := strings.Repeat("0123456789abcdef", 4096)
	done := make(chan error, 4)
	for _, w := range []*wire{client, up} {
		go func() {
			var err error
			for n := 0; n < size && err == nil; n += len(block) {
				_, err = w.Write([]byte(block))
			}
			if err == nil {
				err = w.CloseWrite()
			}
			done <- err
		}()
		go func() {
			got, err := w.ending()
			if err == nil && (len(got) != size || got[size-16:] != block[:16]) {
				err = fmt.Errorf("received %d bytes, want %d", len(got), size)
			}
			done <- err
		}()
	}
	for range 4 {
		if err := receive(t, "the end of the transfer", done); err != nil {
			t.Error(err)
		}
	}
}

func TestSwapLeavesATunnelAlone(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client, up := upgradedBy(t, p, endpoint)
	p.apply(&snapshot.Snapshot{})
	for range 3 {
		client.send("ping")
		up.expect("ping")
		up.send("pong")
		client.expect("pong")
	}
}

// A tunnel counts as a request that runs. If its endpoint drains, the tunnel goes on as long as both ends want it.
// Nothing new goes there.
func TestTunnelOutlivesTheDrainingOfItsEndpoint(t *testing.T) {
	t.Parallel()
	endpoint, b := startScript(t), named(t, "b")
	p := serve(t)
	p.apply(everything(endpoint.address))
	client, up := upgradedBy(t, p, endpoint)
	draining := everything(endpoint.address, b.address)
	draining.Pools[0].Endpoints[0].Draining = true
	gone := everything(b.address)
	for name, snapshot := range map[string]*snapshot.Snapshot{"draining": draining, "gone": gone} {
		p.apply(snapshot)
		if diff := cmp.Diff(map[string]int{"b": 10}, p.answers(10)); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", name, diff)
		}
		client.send("ping")
		up.expect("ping")
		up.send("pong")
		client.expect("pong")
	}
	_ = up.CloseWrite()
	client.expectEnd()
	_ = client.CloseWrite()
	up.expectEnd()
	if n := endpoint.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want that of the tunnel alone", n)
	}
}

// The proxy could not see HTTP within a tunnel. Rules and limits would not apply to it.
func TestUpgradeToHTTPOrTLSIsNotForwarded(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	for _, upgrade := range []string{"h2c", "H2C", "HTTP/2.0", "http/3", "TLS/1.2", "websocket, h2c", "h2c,websocket", "websocket\r\nUpgrade: h2c", "h2c\r\nUpgrade: websocket"} {
		client := p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nUpgrade: " + upgrade + "\r\n\r\n")
		up := endpoint.accept()
		head := strings.ToLower(up.head())
		for _, forbidden := range []string{"h2c", "http/2", "http/3", "tls/", "http2-settings"} {
			if strings.Contains(head, forbidden) {
				t.Errorf("%q: the endpoint got %q", upgrade, head)
				break
			}
		}
		// The proxy refuses an endpoint that changes to it all the same.
		up.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		if got := client.reply("GET"); got.Status != 502 || got.reason() != "UpstreamMalformed" {
			t.Errorf("%q: got %d %q, want 502 UpstreamMalformed", upgrade, got.Status, got.reason())
		}
		up.expectClosed()
	}
}

func TestUpgradeThatMakesNoSenseIsNotForwarded(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"not named in Connection": "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
		"by HTTP/1.0":             "GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"to nothing":              "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send(request)
			up := endpoint.accept()
			if head := up.head(); strings.Contains(head, "Upgrade") {
				t.Errorf("the endpoint got %q", head)
			}
			up.send(switched)
			if got := client.reply("GET"); got.Status != 502 || got.reason() != "UpstreamMalformed" {
				t.Errorf("got %d %q, want 502 UpstreamMalformed", got.Status, got.reason())
			}
		})
	}
}

// Any request may ask for another protocol, as docker exec does with POST (RFC 9110, section 7.8). Behind its content
// the bytes are the new protocol's.
func TestRequestWithContentIsUpgraded(t *testing.T) {
	t.Parallel()
	const upgrade = "POST /exec/1/start HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
	const upgraded = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
	long := strings.Repeat("x", 100_000)
	for _, test := range []struct {
		name string
		// sent comes in pieces. The endpoint answers once it has got all of want.
		sent []string
		want string
	}{
		{"at once", []string{upgrade + "Content-Length: 12\r\n\r\n{\"Tty\":true}"}, "{\"Tty\":true}"},
		{"in pieces", []string{upgrade + "Content-Length: 12\r\n\r\n", "{\"Tty\"", ":true}"}, "{\"Tty\":true}"},
		{"in chunks", []string{upgrade + "Transfer-Encoding: chunked\r\n\r\n", "c\r\n{\"Tty\":true}\r\n0\r\n\r\n"}, "{\"Tty\":true}"},
		{"long", []string{upgrade + "Content-Length: 100000\r\n\r\n" + long[:10], long[10:]}, long},
		{"by another method", []string{strings.Replace(upgrade, "POST", "GET", 1) + "Content-Length: 12\r\n\r\n{\"Tty\":true}"}, "{\"Tty\":true}"},
		{"of no bytes", []string{upgrade + "Content-Length: 0\r\n\r\n"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send(test.sent[0])
			up := endpoint.accept()
			for _, piece := range test.sent[1:] {
				client.send(piece)
			}
			got := up.request()
			content, _ := io.ReadAll(got.Body)
			if string(content) != test.want || got.Header.Get("Upgrade") != "tcp" || got.Header.Get("Connection") != "Upgrade" {
				t.Errorf("the endpoint got %.100q and the fields %v", content, got.Header)
			}
			up.send(upgraded + "early endpoint")
			client.expect(upgraded + "early endpoint")
			for i := range 3 {
				client.send(fmt.Sprintf("GET /%d HTTP/1.1\r\n\r\n", i))
				up.expect(fmt.Sprintf("GET /%d HTTP/1.1\r\n\r\n", i))
				up.send(fmt.Sprintf("out %d", i))
				client.expect(fmt.Sprintf("out %d", i))
			}
		})
	}
}

// What the client sends behind the content in the same piece is the tunnel's, too.
func TestBytesBehindTheContentAreTheTunnels(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\nhiearly")
	up := endpoint.accept()
	up.request()
	up.send(strings.Replace(switched, "websocket", "tcp", 1))
	up.expect("early")
	client.send(", late")
	up.expect(", late")
}

// An endpoint may change the protocol before it has read the request. The client changes it behind the content alone.
func TestEarlySwitchWaitsForTheContent(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 10\r\n\r\nhello")
	up := endpoint.accept()
	up.head()
	up.expect("hello")
	early := strings.Replace(switched, "websocket", "tcp", 1)
	up.send(early + "early")
	client.send("world")
	up.expect("world")
	client.expect(early + "early")
	client.send("late")
	up.expect("late")
}

// The wait for the rest of the content ends with its client, and with the time that the client has.
func TestEarlySwitchWhoseContentNeverComes(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T, config func(*Config)) (client, up *wire) {
		endpoint := startScript(t)
		p := serve(t, config)
		p.apply(everything(endpoint.address))
		client = p.dial()
		client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 10\r\n\r\nhello")
		up = endpoint.accept()
		up.head()
		up.expect("hello")
		up.send(strings.Replace(switched, "websocket", "tcp", 1))
		return client, up
	}
	t.Run("the client goes", func(t *testing.T) {
		t.Parallel()
		client, up := begin(t, func(*Config) {})
		client.abort()
		up.expectClosed()
	})
	t.Run("the client is silent", func(t *testing.T) {
		t.Parallel()
		client, up := begin(t, func(c *Config) { c.ReadTimeout = time.Second })
		if got := client.reply("POST"); got.Status != 408 || got.reason() != "RequestTimeout" {
			t.Errorf("got %d %q, want 408 RequestTimeout", got.Status, got.reason())
		}
		up.expectClosed()
	})
}

// An endpoint that does not want the other protocol answers as usual, and HTTP goes on behind the content.
func TestRefusedUpgradeWithContentLeavesHTTP(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\nhi" +
		"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.request()
	up.send(okReply)
	client.expect(okReply)
	if got := up.request().URL.Path; got != "/next" {
		t.Errorf("the endpoint got %s, want /next on the same connection", got)
	}
	up.send(okReply)
	client.expect(okReply)
}

func TestIdleTunnelEnds(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, func(c *Config) { c.TunnelIdleTimeout = 2 * time.Second })
	p.apply(everything(endpoint.address))
	client, up := upgradedBy(t, p, endpoint)
	client.send("one")
	up.expect("one")
	if rest, _ := client.ending(); rest != "" {
		t.Errorf("the client received %q", rest)
	}
	up.expectClosed()
}

// One direction may be silent for any time while the other is not.
func TestTunnelWithTrafficInOneDirectionLives(t *testing.T) {
	t.Parallel()
	const idle, pause = 2500 * time.Millisecond, 100 * time.Millisecond
	for name, fromClient := range map[string]bool{"to the endpoint": true, "to the client": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, func(c *Config) { c.TunnelIdleTimeout = idle })
			p.apply(everything(endpoint.address))
			from, to := upgradedBy(t, p, endpoint)
			if !fromClient {
				from, to = to, from
			}
			for range idle/pause + 5 {
				from.send(".")
				to.expect(".")
				<-time.After(pause)
			}
			to.send("still there")
			from.expect("still there")
		})
	}
}

// The times of a route are for its requests. A tunnel has only the client's idle time.
func TestTunnelOutlivesTheTimesOfItsRoute(t *testing.T) {
	t.Parallel()
	const short = 1500 * time.Millisecond // the endpoint has to switch in this time
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { r.Timeouts = snapshot.Timeouts{Request: short, Idle: short} }, endpoint.address))
	client, up := upgradedBy(t, p, endpoint)
	<-time.After(short + short/2)
	client.send("ping")
	up.expect("ping")
	up.send("pong")
	client.expect("pong")
}

// One side of a tunnel takes nothing, and the other has gone or is silent too. The tunnel ends all the same.
func TestStuckTunnelEnds(t *testing.T) {
	t.Parallel()
	for _, clientFloods := range []bool{true, false} {
		t.Run(fmt.Sprintf("client floods: %v", clientFloods), func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, unlimited, func(c *Config) { c.IdleTimeout = 2 * time.Second })
			p.apply(everythingBy(noTimeouts, endpoint.address))
			from, to := upgradedBy(t, p, endpoint)
			if !clientFloods {
				from, to = to, from
			}
			block := make([]byte, mebi)
			var err error
			for i := 0; i < 64 && err == nil; i++ {
				_, err = from.Write(block)
			}
			if !isReset(err) {
				t.Errorf("sending what nobody takes ended with %v, want a closed connection", err)
			}
			_ = to.Close()
			await(t, "the end of the connection", func() bool { return p.server.Open() == 0 })
		})
	}
}

// A 426 says by Upgrade which protocols would do (RFC 9110, section 15.5.22).
func TestUpgradeThatIsRequiredReachesTheClient(t *testing.T) {
	t.Parallel()
	const begin, rest = "HTTP/1.1 426 Upgrade Required\r\n", "Content-Length: 3\r\n\r\nno\n"
	for _, test := range []struct{ name, version, fields, want string }{
		{"a protocol", "1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n"},
		{"a protocol that Connection does not list", "1.1", "Upgrade: websocket\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n"},
		{"several", "1.1", "Connection: keep-alive, upgrade\r\nUpgrade: websocket, irc/6.9\r\n", "Connection: Upgrade\r\nUpgrade: websocket, irc/6.9\r\n"},
		{"one that is not passed on", "1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n", ""},
		{"TLS", "1.1", "Connection: Upgrade\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n", ""},
		{"none", "1.1", "", ""},
		{"a client that knows no upgrades", "1.0", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Connection: close\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/" + test.version + "\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(begin + test.fields + rest)
			client.expect(begin + "Content-Length: 3\r\n" + test.want + "\r\nno\n")
		})
	}
	t.Run("another status", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t)
		p.apply(everything(endpoint.address))
		client := p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		up := endpoint.accept()
		up.head()
		up.send("HTTP/1.1 400 Bad Request\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + rest)
		client.expect("HTTP/1.1 400 Bad Request\r\n" + rest)
	})
}
