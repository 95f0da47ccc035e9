// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

const getNowhere = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// dialFrom connects to the proxy from an address of loopback.
func (s *served) dialFrom(from string) *wire {
	s.tb.Helper()
	dialer := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := dialer.Dial("tcp", s.address)
	if err != nil {
		s.tb.Fatal(err)
	}
	return newWire(s.tb, c)
}

// occupyFrom is occupy for a connection from an address of loopback.
func (s *served) occupyFrom(from string) (client, endpoint *wire) {
	s.tb.Helper()
	silent := startScript(s.tb)
	s.apply(everything(silent.address))
	client = s.dialFrom(from)
	client.send(getNowhere)
	endpoint = silent.accept()
	endpoint.head()
	return client, endpoint
}

// If all places are taken, the connection that has been idle for longest gives way, whatever it speaks and whether it
// ever sent a request.
func TestLongestIdleConnectionGivesWay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// open makes a connection, and returns what expects its end.
		open func(p *served) (expectEnd func())
	}{
		{"after a request", func(p *served) func() {
			c := p.dial()
			c.send(getNowhere)
			c.reply("GET")
			return c.expectEnd
		}},
		{"that has sent nothing", func(p *served) func() { return p.dial().expectEnd }},
		{"that has sent a part of a head", func(p *served) func() {
			c := p.dial()
			c.send("GET / HTTP/1.1\r\n")
			return c.expectClosed
		}},
		{"that has sent a part of its second head", func(p *served) func() {
			c := p.dial()
			c.send(getNowhere + "GET / HTTP/1.1\r\n")
			c.reply("GET")
			return c.expectClosed
		}},
		{"in the midst of a handshake", func(p *served) func() {
			c := dial(p.tb, p.listen("127.0.0.1:0", p.ServeTLS))
			c.send("\x16\x03\x01")
			return c.expectClosed
		}},
		{"of HTTP/2", func(p *served) func() {
			f := p.dialFrames()
			f.get(1, "/")
			f.answer(1)
			return func() { f.expectGoAway(http2.ErrCodeNo) }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c, func(c *Config) { c.MaxConnections = 2 })
			expectEnd := test.open(p)
			await(t, "the first connection", func() bool { return p.server.Open() == 1 })
			before := p.engine.Clock.Now()
			await(t, "some time", func() bool { return p.engine.Clock.Now() > before+time.Millisecond })
			second := p.dialFrom("127.0.0.2")
			second.send(getNowhere)
			second.reply("GET")
			third := p.dialFrom("127.0.0.3")
			third.send(getNowhere)
			if got := third.reply("GET"); got.Status != 404 {
				t.Errorf("the third connection got %d %q, want 404", got.Status, got.reason())
			}
			expectEnd()
			second.send(getNowhere)
			if got := second.reply("GET"); got.Status != 404 {
				t.Errorf("the second connection got %d %q, want 404", got.Status, got.reason())
			}
		})
	}
}

// One address may have at most a quarter of the places while others wait.
func TestAddressWithMoreThanItsShareGivesWay(t *testing.T) {
	t.Parallel()
	const many, few, newcomer = "127.0.0.2", "127.0.0.3", "127.0.0.4"
	for _, test := range []struct {
		name string
		// idle says whether the connections of the address with many are idle, trusted whether it is a proxy's.
		idle, trusted bool
		from          string
		status        int
	}{
		{"idle ones, to another address", true, false, newcomer, 404},
		{"busy ones, to another address", false, false, newcomer, 404},
		{"idle ones, to itself", true, false, many, 404},
		{"busy ones, not to itself", false, false, many, 503},
		{"busy ones of a proxy, to nobody", false, true, newcomer, 503},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, func(c *Config) {
				c.MaxConnections = 8
				if test.trusted {
					c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(many + "/32")}
				}
			})
			// The few are idle for longer, where anybody is. Otherwise they are busy too.
			var others, crowd []*wire
			for range 2 {
				if test.idle {
					c := p.dialFrom(few)
					c.send(getNowhere)
					c.reply("GET")
					others = append(others, c)
				} else {
					c, _ := p.occupyFrom(few)
					others = append(others, c)
				}
			}
			for range 6 {
				if test.idle {
					c := p.dialFrom(many)
					c.send(getNowhere)
					c.reply("GET")
					crowd = append(crowd, c)
				} else {
					c, _ := p.occupyFrom(many)
					crowd = append(crowd, c)
				}
			}
			p.apply(&snapshot.Snapshot{})
			c := p.dialFrom(test.from)
			c.send(getNowhere)
			if got := c.reply("GET"); got.Status != test.status {
				t.Errorf("the new connection got %d %q, want %d", got.Status, got.reason(), test.status)
			}
			if test.status == 503 {
				return
			}
			_ = crowd
			if !test.idle {
				return
			}
			for i, c := range others {
				c.send(getNowhere)
				if got := c.reply("GET"); got.Status != 404 {
					t.Errorf("connection %d of the others got %d %q, want 404", i, got.Status, got.reason())
				}
			}
		})
	}
}

// With the PROXY protocol the places are those of the address that the header names, not of the balancer.
func TestAddressOfPROXYHeaderHasItsShare(t *testing.T) {
	t.Parallel()
	const few, many, newcomer = "10.0.0.1", "10.0.0.2", "10.0.0.3"
	endpoint := startScript(t)
	p := serve(t, func(c *Config) {
		c.MaxConnections, c.ProxyProtocol = 8, true
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	from := func(address string) *wire {
		c := p.dial()
		c.send("PROXY TCP4 " + address + " 10.9.9.9 1000 80\r\n" + getNowhere)
		return c
	}
	var others []*wire
	for range 2 {
		c := from(few)
		c.reply("GET")
		others = append(others, c)
	}
	idle := from(many)
	idle.reply("GET")
	p.apply(everything(endpoint.address))
	for range 4 {
		from(many)
		endpoint.accept().head()
	}
	// For the last place, its idle connection gives way, and then nobody does.
	from(many)
	endpoint.accept().head()
	idle.expectEnd()
	await(t, "the end of the idle connection", func() bool { return p.server.Open() == 7 })
	for range 3 {
		if got := from(many).reply("GET"); got.Status != 503 || got.reason() != "ConnectionLimit" {
			t.Errorf("an address with more than its share got %d %q, want 503 ConnectionLimit", got.Status, got.reason())
		}
	}
	from(newcomer)
	endpoint.accept().head()
	p.apply(&snapshot.Snapshot{})
	for i, c := range others {
		c.send(getNowhere)
		if got := c.reply("GET"); got.Status != 404 {
			t.Errorf("connection %d of the others got %d %q, want 404", i, got.Status, got.reason())
		}
	}
}

// Where no connection is idle, the tunnel gives way in which nothing has moved for longest, but none in which something
// moves.
func TestSilentTunnelGivesWay(t *testing.T) {
	t.Parallel()
	const silence = 15 * time.Second // more than the machine ever stands still between two steps
	endpoint := startScript(t)
	p := serve(t, func(c *Config) { c.MaxConnections, c.IdleTimeout = 3, silence })
	p.apply(everything(endpoint.address))
	tunnel := func(from string) (client, up *wire) {
		client = p.dialFrom(from)
		client.send(handshake)
		up = endpoint.accept()
		up.head()
		up.send(switched)
		client.expect(switched)
		return client, up
	}
	speaks, hears := tunnel("127.0.0.2")
	longest, ended := tunnel("127.0.0.3")
	speaks.send("x")
	hears.expect("x")
	silent, still := tunnel("127.0.0.4")
	newcomer := func(from string, want int) {
		t.Helper()
		c := p.dialFrom(from)
		c.send(getNowhere)
		if want != 200 {
			if got := c.reply("GET"); got.Status != want {
				t.Errorf("%s got %d %q, want %d", from, got.Status, got.reason(), want)
			}
			return
		}
		endpoint.accept().head()
	}
	newcomer("127.0.0.5", 503) // none has been silent for long
	began := p.engine.Clock.Now()
	await(t, "a long silence", func() bool { return p.engine.Clock.Now() > began+silence+silence/10 })
	speaks.send("y")
	hears.expect("y")
	newcomer("127.0.0.6", 200)
	longest.expectClosed()
	ended.expectClosed()
	silent.send("z")
	still.expect("z")
	newcomer("127.0.0.7", 503) // something has moved in all of them
}

// A connection of HTTP/2 gives way if it carries nothing but silent tunnels.
func TestSilentTunnelsOfHTTP2GiveWay(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.MaxConnections, c.IdleTimeout = 1, time.Second })
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	var ups []*wire
	for _, stream := range []uint32{1, 3} {
		c.request(stream, false, connect("/")...)
		up := endpoint.accept()
		up.send(switchedFor(up.request().Header.Get("Sec-WebSocket-Key")))
		c.responseHead(stream)
		ups = append(ups, up)
	}
	began := p.engine.Clock.Now()
	await(t, "a long silence", func() bool { return p.engine.Clock.Now() > began+1100*time.Millisecond })
	newcomer := p.dialFrom("127.0.0.2")
	newcomer.send(getNowhere)
	endpoint.accept().head()
	c.expectGoAway(http2.ErrCodeNo)
	for _, up := range ups {
		up.expectClosed()
	}
}

// A client that has sent nothing is waited for as long as for a head, and not for an idle time.
func TestClientThatSendsNothingIsClosedAfterTheReadTime(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.ReadTimeout = 300 * time.Millisecond })
	used := p.dial()
	used.send(getNowhere)
	used.reply("GET")
	p.dial().expectEnd()
	used.send(getNowhere)
	if got := used.reply("GET"); got.Status != 404 {
		t.Errorf("a connection that had a request got %d %q, want 404", got.Status, got.reason())
	}
}
