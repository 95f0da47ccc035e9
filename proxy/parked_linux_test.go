// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/downstream"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// awaitResting waits until so many connections rest.
func (s *served) awaitResting(n int) {
	s.tb.Helper()
	await(s.tb, fmt.Sprintf("the rest of %d connections", n), func() bool { return s.server.Resting() == n })
}

// serving says whether a goroutine of this proxy serves a client's connection.
func (s *served) serving() bool {
	var dump bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&dump, 1)
	for block := range strings.SplitSeq(dump.String(), "\n\n") {
		if strings.Contains(block, fmt.Sprintf("%q", s.tb.Name()+" "+s.address)) &&
			(strings.Contains(block, "(*http1Conn)") || strings.Contains(block, "(*http2Conn)") || strings.Contains(block, "(*arrival)")) {
			return true
		}
	}
	return false
}

// rested is a client of some protocol whose connection to the proxy comes to rest.
type rested struct {
	net.Conn
	ask  func()
	ends func()
}

const patientGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// protocols are how clients may speak, and how to connect with them.
var protocols = []struct {
	name string
	dial func(t *testing.T, p *served, secure string) rested
}{
	{"plain", func(t *testing.T, p *served, _ string) rested {
		c := p.dial()
		return rested{c.TCPConn, func() {
			t.Helper()
			c.send(patientGet)
			if got := c.reply("GET"); got.Status != 200 {
				t.Fatalf("got %d %q, want 200", got.Status, got.reason())
			}
		}, c.expectEnd}
	}},
	{"TLS 1.2", func(t *testing.T, _ *served, secure string) rested { return dialSecure(t, secure, tls.VersionTLS12) }},
	{"TLS 1.3", func(t *testing.T, _ *served, secure string) rested { return dialSecure(t, secure, tls.VersionTLS13) }},
	{"HTTP/2", func(t *testing.T, p *served, _ string) rested { return restedFrames(t, p.dialFrames()) }},
	{"HTTP/2 over TLS", func(t *testing.T, _ *served, secure string) rested {
		c, err := tls.Dial("tcp", secure, &tls.Config{ServerName: "a", InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return restedFrames(t, newFrames(t, c))
	}},
}

func dialSecure(t *testing.T, secure string, version uint16) rested {
	c, err := dialTLS(t, secure, &tls.Config{ServerName: "a", MaxVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	return rested{c.stream, func() {
		t.Helper()
		c.send(patientGet)
		if got := c.reply("GET"); got.Status != 200 {
			t.Fatalf("got %d %q, want 200", got.Status, got.reason())
		}
	}, func() {
		t.Helper()
		if n, err := c.stream.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) { // EOF is close_notify
			t.Errorf("the stream ended with %d bytes and %v", n, err)
		}
	}}
}

func restedFrames(t *testing.T, f *frames) rested {
	stream := uint32(1)
	return rested{f.conn, func() {
		t.Helper()
		f.check(f.conn.SetDeadline(time.Now().Add(patience)))
		f.get(stream, "/", "x-first", "one", fmt.Sprintf("x-of-%d", stream), strings.Repeat("v", int(stream)))
		if got := f.answer(stream); got.status != "200" {
			t.Fatalf("got %v, want 200", got)
		}
		stream += 2
	}, func() { t.Helper(); f.expectGoAway(http2.ErrCodeNo) }}
}

// serveAll serves everything by one endpoint, plainly and over TLS.
func serveAll(t *testing.T, changes ...func(*Config)) (p *served, secure string) {
	t.Helper()
	b := named(t, "b")
	p = serve(t, append(changes, h2c)...)
	p.apply(with(everything(b.address), issue(t, "a", ecdsaKey(t), "a")))
	return p, p.listen("127.0.0.1:0", p.ServeTLS)
}

func TestRestingConnectionHasNoGoroutineAndGoesOn(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(protocol.name, func(t *testing.T) {
			t.Parallel()
			p, secure := serveAll(t)
			c := protocol.dial(t, p, secure)
			for range 3 {
				c.ask()
				p.awaitResting(1)
				await(t, "the end of all goroutines of connections", func() bool { return !p.serving() })
			}
			if n := p.server.Open(); n != 1 {
				t.Errorf("%d connections are open, want 1", n)
			}
		})
	}
}

func TestConnectionRestsBeforeItsFirstRequest(t *testing.T) {
	t.Parallel()
	p, _ := serveAll(t)
	c := p.dial()
	p.awaitResting(1)
	c.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00") // It may still turn out to be of HTTP/2.
	if got, err := c.in.ReadByte(); err != nil || got != 0 {
		t.Errorf("the answer to a preface begins with %x, %v", got, err)
	}
}

// What wakes a connection may be less than a request, or more than one.
func TestPartsOfRequestsWake(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		parts []string
		count int
	}{
		{"a byte", []string{"G", patientGet[1:]}, 1},
		{"half a head", []string{patientGet[:20], patientGet[20:]}, 1},
		{"an empty line", []string{"\r\n", patientGet}, 1},
		{"two and a half requests", []string{patientGet + patientGet + patientGet[:9], patientGet[9:]}, 3},
	} {
		for _, protocol := range protocols[:3] {
			t.Run(test.name+" over "+protocol.name, func(t *testing.T) {
				t.Parallel()
				p, secure := serveAll(t)
				var c interface {
					send(string)
					reply(string) reply
				}
				if protocol.name == "plain" {
					c = p.dial()
				} else {
					s, err := dialTLS(t, secure, &tls.Config{ServerName: "a"})
					if err != nil {
						t.Fatal(err)
					}
					c = s
				}
				c.send(patientGet)
				c.reply("GET")
				p.awaitResting(1)
				for _, part := range test.parts {
					c.send(part)
					p.awaitResting(0)
				}
				for range test.count {
					if got := c.reply("GET"); got.Status != 200 {
						t.Fatalf("got %d %q, want 200", got.Status, got.reason())
					}
				}
			})
		}
	}
}

// A record that has come in part is not left to the poller: crypto/tls has its beginning, and its time runs.
func TestRecordInTwoPartsWakesOnce(t *testing.T) {
	t.Parallel()
	p, secure := serveAll(t)
	below, stream := holdTLS(t, secure)
	if _, err := io.WriteString(stream, patientGet); err != nil {
		t.Fatal(err)
	}
	p.awaitResting(1)
	sealed := below.held.Bytes()
	for _, part := range [][]byte{sealed[:3], sealed[3:20], sealed[20:]} {
		if _, err := below.Conn.Write(part); err != nil {
			t.Fatal(err)
		}
		p.awaitResting(0)
	}
	status := make([]byte, 12)
	if _, err := io.ReadFull(stream, status); err != nil || string(status) != "HTTP/1.1 200" {
		t.Errorf("got %q, %v", status, err)
	}
}

func TestRestingConnectionEndsWithItsClient(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, reset %t", protocol.name, reset), func(t *testing.T) {
				t.Parallel()
				p, secure := serveAll(t)
				c := protocol.dial(t, p, secure)
				c.ask()
				p.awaitResting(1)
				below := c.Conn
				if s, ok := below.(*tls.Conn); ok {
					below = s.NetConn()
				}
				if reset {
					_ = below.(*net.TCPConn).SetLinger(0)
				}
				_ = below.Close()
				await(t, "the end of the connection", func() bool { return p.server.Open() == 0 })
			})
		}
	}
}

func TestRestDoesNotOutlastTheIdleTime(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(protocol.name, func(t *testing.T) {
			t.Parallel()
			p, secure := serveAll(t, func(c *Config) { c.IdleTimeout = 2 * time.Second })
			c := protocol.dial(t, p, secure)
			c.ask()
			p.awaitResting(1)
			c.ends()
			await(t, "the end of the connection", func() bool { return p.server.Open() == 0 })
		})
	}
}

func TestShutdownEndsRestingConnections(t *testing.T) {
	t.Parallel()
	const each = 100
	p, secure := serveAll(t)
	var clients []rested
	for _, protocol := range protocols {
		for range each {
			c := protocol.dial(t, p, secure)
			c.ask()
			clients = append(clients, c)
		}
	}
	p.awaitResting(len(clients))
	p.end()
	for _, c := range clients {
		if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a resting connection did not end")
		}
	}
}

// A drain asks clients of HTTP/2 to leave, whether their connections rest or not.
func TestRestingConnectionIsToldOfADrain(t *testing.T) {
	t.Parallel()
	p, _ := serveAll(t)
	f := p.dialFrames()
	f.get(1, "/")
	f.answer(1)
	p.awaitResting(1)
	p.server.Announce()
	if got := f.goAway(); got.LastStreamID != 1<<31-1 {
		t.Errorf("got %v, want every stream", got)
	}
	p.awaitResting(1)
	f.get(3, "/") // It may have been sent before the client knew.
	if got := f.answer(3); got.status != "200" {
		t.Errorf("got %v, want 200", got)
	}
}

func TestRestingConnectionAnswersFrames(t *testing.T) {
	t.Parallel()
	p, _ := serveAll(t)
	f := p.dialFrames()
	f.get(1, "/")
	f.answer(1)
	for range 2 {
		p.awaitResting(1)
		f.ping()
	}
	p.awaitResting(1)
	f.check(f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}))
	for {
		if s, ok := f.next().(*http2.SettingsFrame); ok && s.IsAck() {
			break
		}
	}
	p.awaitResting(1)
	f.check(f.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 4, nil))
	f.expectGoAway(http2.ErrCodeProtocol)
}

// Frames of a stream that the proxy has reset may be on their way for longer than it takes a connection to come to
// rest. They are no fault (RFC 9113, section 5.1).
func TestRestingConnectionKnowsWhatItHasReset(t *testing.T) {
	t.Parallel()
	p, _ := serveAll(t)
	f := p.dialFrames()
	f.request(1, false, head("POST", "/", "content-length", "1")...)
	f.check(f.WriteData(1, false, []byte("more than that")))
	if got := f.answer(1); got.reset != http2.ErrCodeProtocol {
		t.Fatalf("got %v, want a reset", got)
	}
	p.awaitResting(1)
	f.check(f.WriteData(1, false, []byte("still on its way")))
	f.request(1, true, "x-trailer", "v")
	f.get(3, "/")
	if got := f.answer(3); got.status != "200" {
		t.Errorf("the next request got %v, want 200", got)
	}
}

// The watch looks at a connection while its next request comes. The race detector judges.
func TestWatchAndRequestsMeet(t *testing.T) {
	t.Parallel()
	p, _ := serveAll(t)
	f := p.dialFrames()
	for stream := uint32(1); stream < 100; stream += 2 {
		f.get(stream, "/")
		if got := f.answer(stream); got.status != "200" {
			t.Fatalf("got %v, want 200", got)
		}
		for range 2 { // The second look finds that nothing came since the first.
			p.server.Each(func(c downstream.Conn) { c.Watch(p.engine.Clock.Now()) })
		}
	}
}

func TestRestingConnectionGivesWay(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(protocol.name, func(t *testing.T) {
			t.Parallel()
			p, secure := serveAll(t, func(c *Config) { c.MaxConnections = 1 })
			c := protocol.dial(t, p, secure)
			c.ask()
			p.awaitResting(1)
			next := p.dial()
			next.send(patientGet)
			if got := next.reply("GET"); got.Status != 200 {
				t.Errorf("the new connection got %d %q, want 200", got.Status, got.reason())
			}
			await(t, "the end of the one that gave way", func() bool { return p.server.Open() == 1 })
			_, _ = io.Copy(io.Discard, c)
		})
	}
}

// A listener that goes takes its resting connections with it.
func TestRestingConnectionEndsWithItsListener(t *testing.T) {
	t.Parallel()
	p := serve(t)
	s := with(&snapshot.Snapshot{}, issue(t, "a", ecdsaKey(t), "a"))
	at := ownAddress()
	s.Listeners = []snapshot.Listener{{Address: at}}
	p.apply(s)
	c := dial(t, at.String())
	c.send(patientGet)
	c.reply("GET")
	p.awaitResting(1)
	p.apply(&snapshot.Snapshot{})
	c.expectEnd()
}
