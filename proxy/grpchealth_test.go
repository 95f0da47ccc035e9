// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// tell changes what a server's health protocol says of a service, or of the whole server.
func (s *grpcServer) tell(tb testing.TB, change string) {
	tb.Helper()
	if _, err := fmt.Fprintln(s.input, change); err != nil {
		tb.Fatal(err)
	}
	if said := s.line(tb); said != change {
		tb.Fatalf("the server said %q, want %q", said, change)
	}
}

// askedByGRPC makes one probe by gRPC's health protocol. The probe must leave nothing behind.
func askedByGRPC(t *testing.T, c snapshot.Check) (f health.Finding) {
	t.Helper()
	p := New(Config{})
	probes := health.NewProbes(p.dialer, logr.Discard())
	c.GRPC = true
	if c.Timeout == 0 {
		c.Timeout = patience
	}
	label := fmt.Sprintf("%s %s", t.Name(), c.Address)
	pprof.Do(t.Context(), pprof.Labels("proxy", label), func(ctx context.Context) { f = probes.Probe(ctx, &c) })
	expectNoGoroutines(t, label)
	if f.Class == health.Unclassified || (f.Class == health.Succeeded) != f.Healthy {
		t.Errorf("%+v is of the class %q", f, f.Class)
	}
	f.Class = health.Unclassified // what follows is about the text
	return f
}

func TestWhatAServerOfGRPCSaysOfItsHealth(t *testing.T) {
	t.Parallel()
	const (
		whole  = "grpc.health.v1.Health/Check: "
		orders = "grpc.health.v1.Health/Check of shop.v1.Orders: "
	)
	a := newAuthority(t, "of nobody's trust")
	signed := a.sign(t, []string{"other"})
	key, err := x509.MarshalPKCS8PrivateKey(signed.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	server := startGRPCServer(t)
	server.tell(t, "shop.v1.Orders=NOT_SERVING")
	server.tell(t, "shop.v1.Stock=SERVING")
	server.tell(t, "shop.v1.Bills=UNKNOWN")
	secure := startGRPCServer(t,
		"-cert="+writeFile(t, pemOf("CERTIFICATE", signed.Certificate[0])), "-key="+writeFile(t, pemOf("PRIVATE KEY", key)))
	declining := startTLSBackend(t, &tls.Config{Certificates: []tls.Certificate{signed}}, nil)
	for name, test := range map[string]struct {
		check snapshot.Check
		want  health.Finding
	}{
		"the server as a whole":      {snapshot.Check{Address: server.address}, health.Finding{Healthy: true, Text: whole + "SERVING"}},
		"a service that is served":   {snapshot.Check{Address: server.address, Service: "shop.v1.Stock"}, health.Finding{Healthy: true, Text: "grpc.health.v1.Health/Check of shop.v1.Stock: SERVING"}},
		"a service that is not":      {snapshot.Check{Address: server.address, Service: "shop.v1.Orders"}, health.Finding{Healthy: false, Text: orders + "NOT_SERVING"}},
		"a service without a status": {snapshot.Check{Address: server.address, Service: "shop.v1.Bills"}, health.Finding{Healthy: false, Text: "grpc.health.v1.Health/Check of shop.v1.Bills: UNKNOWN"}},
		"a service that is unknown": {snapshot.Check{Address: server.address, Service: "other"},
			health.Finding{Healthy: false, Text: "grpc.health.v1.Health/Check of other: status 5 NOT_FOUND: the server knows no such service"}},
		"the longest name": {snapshot.Check{Address: server.address, Service: strings.Repeat("x", 253)},
			health.Finding{Healthy: false, Text: "grpc.health.v1.Health/Check of " + strings.Repeat("x", 253) + ": status 5 NOT_FOUND: the server knows no such service"}},
		"a server without the protocol": {snapshot.Check{Address: startGRPCServer(t, "-health=false").address},
			health.Finding{Healthy: false, Text: whole + "status 12 UNIMPLEMENTED: the server has no health service"}},
		"over TLS":                       {snapshot.Check{Address: secure.address, TLS: true}, health.Finding{Healthy: true, Text: whole + "SERVING"}},
		"a server with TLS, without":     {snapshot.Check{Address: secure.address}, health.Finding{}},
		"a server without TLS, over TLS": {snapshot.Check{Address: server.address, TLS: true}, health.Finding{Healthy: false, Text: whole + "the service does not speak TLS at this port"}},
		"over TLS a server of HTTP/1.1":  {snapshot.Check{Address: declining.address, TLS: true}, health.Finding{Healthy: false, Text: whole + "the service does not choose HTTP/2 over TLS (ALPN), and gRPC needs that"}},
		"a server of HTTP/2 alone":       {snapshot.Check{Address: startH2C(t, http.NotFound).address}, health.Finding{Healthy: false, Text: whole + "the answer is not of gRPC, but of HTTP with status 404"}},
		"a server that says nothing":     {snapshot.Check{Address: startScript(t).address, Timeout: time.Second}, health.Finding{Healthy: false, Text: whole + "no answer within 1s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := askedByGRPC(t, test.check)
			if test.want.Text == "" {
				got.Text = "" // it depends on how much of the request it reads before it closes
			}
			if got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// grpcAnswer writes an answer of gRPC by hand.
func grpcAnswer(status, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		_, _ = w.Write([]byte(message))
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
	}
}

func TestAnswersThatAreNoneMakeATaskUnhealthy(t *testing.T) {
	t.Parallel()
	const prefix = "grpc.health.v1.Health/Check: "
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"another type of content": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/grpc-web") },
			"the answer is not of gRPC, but of HTTP with status 200"},
		"without a status": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc+proto")
			_, _ = w.Write([]byte("\x00\x00\x00\x00\x02\x08\x01"))
		}, "the answer has no grpc-status"},
		"a status that is no number":     {grpcAnswer("OK", ""), "the answer has no grpc-status"},
		"a status that nobody knows":     {grpcAnswer("99", ""), "status 99"},
		"a server that is not available": {grpcAnswer("14", ""), "status 14 UNAVAILABLE"},
		"a failure with a message":       {grpcAnswer("13", "\x00\x00\x00\x00\x02\x08\x01"), "status 13 INTERNAL"},
		"no message":                     {grpcAnswer("0", ""), "the answer is not one whole message"},
		"half a message":                 {grpcAnswer("0", "\x00\x00\x00\x00\x02\x08"), "the answer is not one whole message"},
		"two messages":                   {grpcAnswer("0", "\x00\x00\x00\x00\x02\x08\x01\x00\x00\x00\x00\x02\x08\x01"), "the answer is not one whole message"},
		"a length beyond everything":     {grpcAnswer("0", "\x00\xff\xff\xff\xff\x08\x01"), "the answer is not one whole message"},
		"a compressed message":           {grpcAnswer("0", "\x01\x00\x00\x00\x02\x08\x01"), "the answer is compressed, which nobody asked for"},
		"an empty message":               {grpcAnswer("0", "\x00\x00\x00\x00\x00"), "UNKNOWN"},
		"a number without an end":        {grpcAnswer("0", "\x00\x00\x00\x00\x03\x08\x81\x81"), "UNKNOWN"},
		"another field alone":            {grpcAnswer("0", "\x00\x00\x00\x00\x02\x10\x01"), "UNKNOWN"},
		"a status that there is not":     {grpcAnswer("0", "\x00\x00\x00\x00\x03\x08\xac\x02"), "health status 300"},
		"a long message":                 {grpcAnswer("0", "\x00\x00\x01\x00\x00"+strings.Repeat("x", 1<<16)), "the answer is too long"},
		"content without an end": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}, "the answer is too long"},
		"an answer that breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			_, _ = w.Write([]byte{0})
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "the server reset the stream with code 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := askedByGRPC(t, snapshot.Check{Address: startH2C(t, test.answer).address}); got != (health.Finding{Text: prefix + test.want}) {
				t.Errorf("%+v, want %q", got, prefix+test.want)
			}
		})
	}
}

func TestAnswerMayHaveWhatALaterVersionAdds(t *testing.T) {
	t.Parallel()
	b := startH2C(t, grpcAnswer("0", "\x00\x00\x00\x00\x06\x08\x01\x12\x02ab"))
	if got := askedByGRPC(t, snapshot.Check{Address: b.address}); !got.Healthy {
		t.Errorf("%+v, want healthy", got)
	}
}

// Whatever a server does on the connection, a probe of it ends and says what was wrong.
func TestServersThatBreakHTTP2AreUnhealthy(t *testing.T) {
	t.Parallel()
	const prefix = "grpc.health.v1.Health/Check: "
	for name, test := range map[string]struct {
		play func(f *frames, stream uint32)
		want string
	}{
		"a refused stream": {func(f *frames, stream uint32) { f.check(f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)) },
			"the server did nothing with the request"},
		"a server that goes away": {func(f *frames, _ uint32) { f.check(f.WriteGoAway(0, http2.ErrCodeNo, nil)) },
			"the server did nothing with the request"},
		"a stream that is reset": {func(f *frames, stream uint32) { f.check(f.WriteRSTStream(stream, http2.ErrCodeInternal)) },
			"the server reset the stream with code 2"},
		"a connection that is closed": {func(f *frames, _ uint32) { f.check(f.conn.(*net.TCPConn).CloseWrite()) }, "closed without an answer"},
		"content without a head": {func(f *frames, stream uint32) { f.check(f.WriteData(stream, true, []byte("x"))) },
			"the answer is malformed: content comes without a head (RFC 9113, section 8.1)"},
		"informational answers without an end": {func(f *frames, stream uint32) {
			for range upstream.MaxInformational + 2 {
				f.request(stream, false, ":status", "103")
			}
		}, "the answer is malformed: more informational responses than anybody needs"},
		"a frame that is none of a server's": {func(f *frames, stream uint32) {
			f.check(f.WritePushPromise(http2.PushPromiseParam{StreamID: stream, PromiseID: 2, EndHeaders: true}))
		},
			"the answer is not HTTP/2: something is pushed, which nobody may (RFC 9113, section 8.4) (code 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startScript(t)
			found := make(chan health.Finding, 1)
			go func() { found <- askedByGRPC(t, snapshot.Check{Address: s.address}) }()
			f := s.acceptFrames()
			test.play(f, f.received(true).stream)
			// If the server ends, the connection ends.
			go func() {
				for {
					if _, err := f.ReadFrame(); err != nil {
						_ = f.conn.Close()
						return
					}
				}
			}()
			if got := receive(t, "a finding", found); got != (health.Finding{Text: prefix + test.want}) {
				t.Errorf("%+v, want %q", got, prefix+test.want)
			}
		})
	}
}

func TestServerOfHTTP1IsUnhealthyByGRPC(t *testing.T) {
	t.Parallel()
	s := startScript(t)
	found := make(chan health.Finding, 1)
	go func() { found <- askedByGRPC(t, snapshot.Check{Address: s.address}) }()
	w := s.accept()
	w.expect(http2.ClientPreface)
	w.send("HTTP/1.1 505 HTTP Version Not Supported\r\nConnection: close\r\n\r\n")
	const want = "grpc.health.v1.Health/Check: the answer is not HTTP/2: the server does not answer in HTTP/2 (RFC 9113, section 3.4) (code 1)"
	if got := receive(t, "a finding", found); got != (health.Finding{Text: want}) {
		t.Errorf("%+v, want %q", got, want)
	}
}

// A probe is one call and ends in order. Each time, the server sees a new connection, which is closed and not reset.
func TestProbeByGRPCIsOneCallOnAConnectionThatEndsInOrder(t *testing.T) {
	t.Parallel()
	s := startScript(t)
	found := make(chan health.Finding, 1)
	for range 2 {
		go func() { found <- askedByGRPC(t, snapshot.Check{Address: s.address, Service: "shop.v1.Orders"}) }()
		f := s.acceptFrames()
		asked := f.received(true)
		if asked.path != "/grpc.health.v1.Health/Check" || asked.body != "\x00\x00\x00\x00\x10\x0a\x0eshop.v1.Orders" ||
			asked.fields["content-type"] != "application/grpc" || asked.fields["te"] != "trailers" || asked.fields[":method"] != "POST" {
			t.Errorf("the server got %q %q %v", asked.path, asked.body, asked.fields)
		}
		f.request(asked.stream, false, ":status", "200", "content-type", "application/grpc")
		f.check(f.WriteData(asked.stream, false, []byte("\x00\x00\x00\x00\x02\x08\x01")))
		f.request(asked.stream, true, "grpc-status", "0")
		for end := error(nil); end != io.EOF; {
			if _, end = f.ReadFrame(); end != nil && end != io.EOF {
				t.Fatalf("the connection ended with %v, want its end", end)
			}
		}
		_ = f.conn.Close()
		if got := receive(t, "a finding", found); !got.Healthy {
			t.Errorf("%+v, want healthy", got)
		}
	}
}

func TestTaskThatServesNoMoreByGRPCTakesNoCallsUntilItDoes(t *testing.T) {
	t.Parallel()
	one, other := startGRPCServer(t), startGRPCServer(t)
	p := serve(t)
	s := inH2C(checkAll(everything(one.address, other.address)))
	for i := range s.Checks {
		c := &s.Checks[i]
		c.Path, c.Expected, c.GRPC, c.Service = "", nil, true, "shop.v1.Orders"
	}
	for _, server := range []*grpcServer{one, other} {
		server.tell(t, "shop.v1.Orders=SERVING")
	}
	p.apply(s)
	takes := func(want ...netip.AddrPort) func() bool {
		return func() bool {
			var takers []netip.AddrPort
			for _, task := range p.explain(explain.Question{URL: "http://a/"}).Pool.Tasks {
				if task.TakesRequests {
					takers = append(takers, netip.MustParseAddrPort(task.Address))
				}
			}
			return fmt.Sprint(takers) == fmt.Sprint(want)
		}
	}
	p.awaitHealth(s.Checks[0].ID, snapshot.Healthy)
	p.awaitHealth(s.Checks[1].ID, snapshot.Healthy)
	await(t, "both servers in the pool", takes(one.address, other.address))
	one.tell(t, "shop.v1.Orders=NOT_SERVING")
	await(t, "one server out of the pool", takes(other.address))
	const why = "its health check fails: grpc.health.v1.Health/Check of shop.v1.Orders: "
	if got := p.explain(explain.Question{URL: "http://a/"}).Pool.Tasks[0].Why; !strings.HasPrefix(got, why) {
		t.Errorf("explain says %q, want %q", got, why)
	}
	one.tell(t, "shop.v1.Orders=SERVING")
	await(t, "it being back", takes(one.address, other.address))
}

func TestCheckOfAnotherServiceIsAnotherProbe(t *testing.T) {
	t.Parallel()
	c := snapshot.Check{ID: "a", GRPC: true, Service: "orders"}
	for _, test := range []struct {
		other snapshot.Check
		same  bool
	}{
		{snapshot.Check{ID: "a", GRPC: true, Service: "orders"}, true},
		{snapshot.Check{ID: "a", GRPC: true, Service: "stock"}, false},
		{snapshot.Check{ID: "a", Service: "orders"}, false},
	} {
		if c.Equal(test.other) != test.same || c.SameProbe(&test.other) != test.same {
			t.Errorf("%+v is taken for the same: %t, want %t", test.other, !test.same, test.same)
		}
	}
}
