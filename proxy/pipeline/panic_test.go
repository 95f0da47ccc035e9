// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/decide"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// serving makes an engine that serves a snapshot.
func serving(tb testing.TB, s *snapshot.Snapshot) *Engine {
	tb.Helper()
	g := &Engine{Basis: decide.Basis{Clock: transport.NewClock()}, Metrics: observe.NewMetrics(), Logger: logr.Discard()}
	g.Ejector = balance.NewEjector(g.Clock)
	dialer := upstream.NewDialer(upstream.Config{
		Clock: g.Clock, Logger: g.Logger, Buffers: &g.Buffers, Heads: headmemory.New(0),
		Limits: heads.Limits{HeadBytes: 4 << 10, LineBytes: 4 << 10, Fields: 64},
	})
	state := routing.NewState(dialer, health.NewProber(g.Clock, nil, func(string) {}))
	compiled, err := routing.Compile(s, routing.Nothing(), state)
	if err != nil {
		tb.Fatal(err)
	}
	state.Adopt(compiled)
	g.Generation.Store(compiled)
	return g
}

// A panic after the response began cannot be answered any more. The client must see that the response is not whole.
func TestPanicInTheMidstOfAResponseTearsIt(t *testing.T) {
	t.Parallel()
	more, left := make(chan bool), make(chan error, 1)
	endpoint := listen(t, func(nc net.Conn) {
		_, err := http.ReadRequest(bufio.NewReader(nc))
		if err == nil {
			_, err = io.WriteString(nc, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
		}
		if err != nil {
			t.Error(err)
		}
		<-more
		_, _ = io.WriteString(nc, "3\r\ndef\r\n")
		_, err = io.Copy(io.Discard, nc)
		left <- err
	})
	g := serving(t, &snapshot.Snapshot{
		Pools: []snapshot.Pool{{ID: "p", Endpoints: []snapshot.Endpoint{{ID: "e", Address: endpoint, Weight: 1}}}},
		Hosts: []snapshot.Host{{Routes: []snapshot.Route{{Path: "/", Pool: "p"}}}},
	})

	ended := make(chan struct{})
	var v Verdict
	var why reason.Reason
	proxied := listen(t, func(nc net.Conn) {
		defer close(ended)
		below, err := transport.NewTCP(nc.(*net.TCPConn), g.Clock, 0)
		if err != nil {
			t.Error(err)
			return
		}
		c := http1.NewServerConn(below, &http1.ServerConfig{
			Limits: heads.Limits{HeadBytes: 4 << 10, LineBytes: 4 << 10, Fields: 64}, Buffers: &g.Buffers})
		defer c.Close(false)
		var guard guard.Guard
		from := g.Trusted.Origin(netip.MustParseAddr("192.0.2.1"), false, 0)
		x := g.Begin(&faultyDownstream{ServerConn: c, writer: faultyWriter{Writer: c.Response()}}, &guard, &from, 0)
		defer g.End(x)
		if err := c.ReadRequest(x.RequestHead()); err != nil {
			t.Error(err)
			return
		}
		v = x.Serve()
		why = x.Reason
	})

	client, err := net.Dial("tcp", proxied.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.ReadFull(resp.Body, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	close(more)
	<-ended
	if v != Torn || why != reason.InternalError {
		t.Errorf("the exchange ended with verdict %d and reason %v, want torn and InternalError", v, why)
	}
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the client takes the response for whole")
	}
	select {
	case err := <-left:
		t.Logf("the connection to the endpoint was closed with %v", err) // which it may be in two ways
	case <-time.After(time.Minute):
		t.Error("the connection to the endpoint is still open")
	}
}

// listen passes the first connection to a port of its own to serve. The test waits until serve has returned.
func listen(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if nc, err := l.Accept(); err == nil {
			serve(nc)
			_ = nc.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-served
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// faultyDownstream panics when it should send for the second time.
type faultyDownstream struct {
	*http1.ServerConn
	writer faultyWriter
}

func (f *faultyDownstream) Response() message.Writer    { return &f.writer }
func (f *faultyDownstream) RestContent() bool           { return false }
func (f *faultyDownstream) LiftRate()                   {}
func (f *faultyDownstream) LiftSendingRate()            {}
func (f *faultyDownstream) Socket() *transport.TCP      { return nil }
func (f *faultyDownstream) BreakOff(message.Reset) bool { return false }
func (f *faultyDownstream) StopContent()                {}
func (f *faultyDownstream) ResumeContent()              {}

type faultyWriter struct {
	message.Writer
	flushed int
}

func (w *faultyWriter) Flush() error {
	if w.flushed++; w.flushed > 1 {
		panic("a fault")
	}
	return w.Writer.Flush()
}
