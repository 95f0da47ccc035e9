// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// securedBackend starts a backend over TLS that answers with the server name that it was asked for.
func securedBackend(tb testing.TB, a *testAuthority) *backend {
	tb.Helper()
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(tb, []string{backendName})}}
	return startTLSBackend(tb, config, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %d", r.TLS.ServerName, r.Proto, r.Method, len(body))
	})
}

func TestEndpointIsSpokenToOverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}, MinVersion: version, MaxVersion: version}
			b := startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_, _ = fmt.Fprintf(w, "%s %s %d", r.TLS.ServerName, r.Method, len(body))
			})
			p := serve(t)
			p.apply(over(trusting(a), everything(b.address)))
			client := p.dial()
			long := strings.Repeat("x", 1<<20)
			for _, test := range []struct{ request, want string }{
				{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET 0"},
				{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "POST 5"},
				{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "POST 5"},
				{fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(long), long), "PUT 1048576"},
				{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET 0"},
			} {
				client.send(test.request)
				if got := client.reply("GET"); got.Status != 200 || got.Body != backendName+" "+test.want {
					t.Errorf("%.40q: got %d %q, want 200 %q", test.request, got.Status, got.Body, backendName+" "+test.want)
				}
			}
			if n := b.accepted.Load(); n != 1 {
				t.Errorf("%d connections to the endpoint, want 1", n)
			}
		})
	}
}

func TestLongAnswersPassOverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB, which would be spliced without TLS
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}}
	b := startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		}
		_, _ = w.Write(content)
	})
	p := serve(t)
	p.apply(over(trusting(a), everything(b.address)))
	for _, path := range []string{"/length", "/chunks"} {
		if got := p.get("a", path); got.Status != 200 || got.Body != string(content) {
			t.Errorf("%s: got %d and %d bytes, want 200 and %d", path, got.Status, len(got.Body), len(content))
		}
	}
}

func TestWebSocketsPassOverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}}
	b := startTLSBackend(t, config, func(w http.ResponseWriter, _ *http.Request) {
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, switched)
		_, _ = io.Copy(c, buffered)
	})
	p := serve(t)
	p.apply(over(trusting(a), everything(b.address)))
	client := p.dial()
	client.send(handshake + "early")
	client.expect(switched + "early")
	for i := range 10 {
		frame := fmt.Sprintf("frame %d %s\x00", i, strings.Repeat("x", i<<12))
		client.send(frame)
		client.expect(frame)
	}
	_ = client.CloseWrite()
	client.expectEnd()
}

// failingTLS starts an endpoint that does not speak TLS as the test's pool wants it.
type failingTLS func(t *testing.T, a *testAuthority) netip.AddrPort

func servingAs(certificate func(t *testing.T, a *testAuthority) tls.Certificate, changes ...func(*tls.Config)) failingTLS {
	return func(t *testing.T, a *testAuthority) netip.AddrPort {
		config := &tls.Config{Certificates: []tls.Certificate{certificate(t, a)}}
		for _, change := range changes {
			change(config)
		}
		return startTLSBackend(t, config, func(http.ResponseWriter, *http.Request) {
			t.Error("the endpoint got a request")
		}).address
	}
}

func good(t *testing.T, a *testAuthority) tls.Certificate { return a.sign(t, []string{backendName}) }

func TestEndpointThatFailsAtTLSGetsNoRequestAndTheClientAReason(t *testing.T) {
	t.Parallel()
	validity := func(from, to time.Duration) func(*testing.T, *testAuthority) tls.Certificate {
		return func(t *testing.T, a *testAuthority) tls.Certificate {
			return a.sign(t, []string{backendName}, func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to)
			})
		}
	}
	demanding := func(version uint16) func(*tls.Config) {
		return func(c *tls.Config) {
			c.ClientAuth, c.MinVersion, c.MaxVersion = tls.RequireAnyClientCert, version, version
		}
	}
	const certificateError, protocolError = "tls_certificate_error", "tls_protocol_error"
	for name, test := range map[string]struct {
		start       failingTLS
		kind, words string
	}{
		"a certificate of another authority": {servingAs(func(t *testing.T, _ *testAuthority) tls.Certificate {
			return newAuthority(t, "other").sign(t, []string{backendName})
		}), certificateError, "comes from no authority that the rule trusts"},
		"a certificate for another name": {servingAs(func(t *testing.T, a *testAuthority) tls.Certificate {
			return a.sign(t, []string{"other.default.svc"})
		}), certificateError, "is not for the name that the rule expects"},
		"an expired certificate":                    {servingAs(validity(-2*time.Hour, -time.Hour)), certificateError, "has expired or is not valid yet"},
		"a certificate of the future":               {servingAs(validity(time.Hour, 2*time.Hour)), certificateError, "has expired or is not valid yet"},
		"a client certificate is demanded, TLS 1.2": {servingAs(good, demanding(tls.VersionTLS12)), protocolError, "refused the TLS connection: "},
		"a client certificate is demanded, TLS 1.3": {servingAs(good, demanding(tls.VersionTLS13)), protocolError, "refused the TLS connection: certificate required"},
		"an old version of TLS":                     {servingAs(good, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), protocolError, "TLS"},
		"no protocol in common":                     {servingAs(good, func(c *tls.Config) { c.NextProtos = []string{"ftp"} }), protocolError, "refused the TLS connection: no application protocol"},
		"no TLS":                                    {func(t *testing.T, _ *testAuthority) netip.AddrPort { return named(t, "plain").address }, protocolError, "does not speak TLS at this port"},
		"an end in the midst of the handshake": {func(t *testing.T, _ *testAuthority) netip.AddrPort {
			endpoint := startScript(t)
			go func() {
				for c := range endpoint.conns {
					_, _ = io.ReadFull(c, make([]byte, 5))
					_ = c.Close()
				}
			}()
			return endpoint.address
		}, protocolError, "TLS with the service failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, "a")
			p := serve(t)
			p.apply(over(trusting(a), everything(test.start(t, a))))
			for _, method := range []string{"GET", "POST"} {
				got := p.ask(method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
				if got.Status != 502 || got.reason() != "UpstreamTLSFailed" || !strings.Contains(got.Body, test.words) {
					t.Errorf("%s: got %d %q %q, want 502 UpstreamTLSFailed with %q", method, got.Status, got.reason(), got.Body, test.words)
				}
				if status := got.Header.Get("Proxy-Status"); !strings.Contains(status, "error="+test.kind+";") {
					t.Errorf("%s: Proxy-Status is %q, want error=%s", method, status, test.kind)
				}
			}
		})
	}
}

func TestAnyCertificateIsTakenWhereVerificationIsSkipped(t *testing.T) {
	t.Parallel()
	config := &tls.Config{Certificates: []tls.Certificate{newAuthority(t, "a").sign(t, []string{"other"})}}
	b := startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.TLS.ServerName) })
	p := serve(t)
	p.apply(over(snapshot.UpstreamTLS{ServerName: backendName, SkipVerify: true}, everything(b.address)))
	if got := p.get("a", "/"); got.Status != 200 || got.Body != backendName {
		t.Errorf("got %d %q, want 200 and the server name", got.Status, got.Body)
	}
}

func TestCertificateMayBeForAnAddress(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{"127.0.0.1"})}}
	b := startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprintf(w, "name %q", r.TLS.ServerName) })
	p := serve(t)
	p.apply(over(snapshot.UpstreamTLS{ServerName: "127.0.0.1", Authorities: a.pem}, everything(b.address)))
	if got := p.get("a", "/"); got.Status != 200 || got.Body != `name ""` {
		t.Errorf("got %d %q, want 200 and no server name, which an address is not", got.Status, got.Body)
	}
}

func TestAuthoritiesWithoutACertificateLeaveTheOldGeneration(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everything(named(t, "old").address))
	number, err := p.Apply(over(snapshot.UpstreamTLS{ServerName: "a", Authorities: "none"}, everything(closedPort(t))))
	if number != 1 || err == nil || !strings.Contains(err.Error(), "the authorities hold no certificate") || !strings.Contains(err.Error(), `pool "pool"`) {
		t.Errorf("generation %d and %v, want 1 and an error that names the pool", number, err)
	}
	if got := p.get("a", "/"); got.Body != "old" {
		t.Errorf("got %d %q, want what was served before", got.Status, got.Body)
	}
}

// A new authority counts from the next connection on. What is under way goes on, and idle connections are not used
// again.
func TestNewAuthorityCountsForNewConnections(t *testing.T) {
	t.Parallel()
	before, after := newAuthority(t, "before"), newAuthority(t, "after")
	goOn := make(chan struct{})
	config := &tls.Config{Certificates: []tls.Certificate{before.sign(t, []string{backendName})}}
	b := startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			_, _ = io.WriteString(w, "first ")
			_ = http.NewResponseController(w).Flush()
			<-goOn
		}
		_, _ = io.WriteString(w, "last")
	})
	p := serve(t)
	p.apply(over(trusting(before), everything(b.address)))
	resting := p.get("a", "/")
	long := p.dial()
	long.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
	long.head()
	p.get("a", "/") // one more connection, idle beside the one in use
	p.apply(over(trusting(after), everything(b.address)))
	if got := p.get("a", "/"); resting.Status != 200 || got.Status != 502 || got.reason() != "UpstreamTLSFailed" {
		t.Errorf("got %d before and %d %q after, want 200 and 502 UpstreamTLSFailed", resting.Status, got.Status, got.reason())
	}
	close(goOn)
	long.expect("6\r\nfirst \r\n4\r\nlast\r\n0\r\n\r\n")
	p.apply(over(trusting(before), everything(b.address)))
	if got := p.get("a", "/"); got.Status != 200 {
		t.Errorf("got %d %q with the old authority again, want 200", got.Status, got.reason())
	}
}

// Pools that speak to one address under different terms share none of its connections.
func TestConnectionsAreNotSharedAcrossTerms(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	b := securedBackend(t, a)
	strict, other, loose := poolOf("strict", b.address), poolOf("other", b.address), poolOf("loose", b.address)
	strict.TLS = trusting(a)
	other.TLS = snapshot.UpstreamTLS{ServerName: "other.default.svc", Authorities: a.pem}
	loose.TLS = snapshot.UpstreamTLS{ServerName: backendName, SkipVerify: true}
	plain := poolOf("plain", b.address)
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/strict", "strict"), prefix("/other", "other"), prefix("/loose", "loose"), prefix("/plain", "plain"))},
		strict, other, loose, plain))
	want := map[string]int{"/loose": 200, "/strict": 200, "/other": 502, "/plain": 400}
	for range 2 {
		for _, path := range []string{"/loose", "/strict", "/other", "/plain"} {
			if got := p.get("a", path); got.Status != want[path] {
				t.Errorf("%s: got %d %q, want %d", path, got.Status, got.reason(), want[path])
			}
		}
	}
}

func TestSessionsOfEndpointsAreResumed(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}, MaxVersion: version}
			b := startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Connection", "close")
				_, _ = fmt.Fprint(w, r.TLS.DidResume)
			})
			p := serve(t)
			p.apply(over(trusting(a), everything(b.address)))
			for i, want := range []string{"false", "true", "true"} {
				if got := p.get("a", "/"); got.Body != want {
					t.Errorf("connection %d: resumed is %q, want %s", i, got.Body, want)
				}
			}
		})
	}
}

// Making a connection includes its handshake.
func TestHandshakeThatIsNotDoneInTimeIs504(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(over(trusting(newAuthority(t, "a")), everythingBy(func(r *snapshot.Route) { r.Timeouts.Connect = 2 * time.Second }, endpoint.address)))
	if got := p.get("a", "/"); got.Status != 504 || got.reason() != "UpstreamConnectTimeout" {
		t.Errorf("got %d %q, want 504 UpstreamConnectTimeout", got.Status, got.reason())
	}
	up := endpoint.accept()
	if rest, err := up.ending(); rest == "" {
		t.Errorf("received nothing (%v), want the beginning of a handshake", err)
	}
}

func TestClientThatLeavesDuringAHandshakeEndsIt(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(over(trusting(newAuthority(t, "a")), everything(endpoint.address)))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	client.abort()
	if _, err := up.ending(); err != nil && !isReset(err) {
		t.Errorf("the connection ended with %v, want its end", err)
	}
}

func TestRequestGoesToAnotherEndpointAfterTLSFailed(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	bad := startTLSBackend(t, &tls.Config{Certificates: []tls.Certificate{newAuthority(t, "b").sign(t, []string{backendName})}}, nil)
	fine := securedBackend(t, a)
	p := serve(t)
	p.apply(over(trusting(a), everythingBy(retries(1), bad.address, fine.address)))
	for range 20 {
		if got := p.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"); got.Status != 200 {
			t.Fatalf("got %d %q, want 200", got.Status, got.reason())
		}
	}
	p.awaitTaking(1) // the other is set aside
	if n := bad.accepted.Load(); n < 3 {
		t.Errorf("%d connections to the endpoint that fails, want at least the 3 after which it is set aside", n)
	}
}

// An endpoint that closes an idle connection may say so only within TLS, and together with its last answer. The proxy
// notices that before it sends anything that cannot be sent twice.
func TestEndOfTLSIsNoticedBeforeContentIsSent(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}}
	for name, together := range map[string]bool{"with the answer": true, "after it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(over(trusting(a), everything(endpoint.address)))
			client := p.dial()
			for range 2 {
				client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
				below := &gathering{Conn: endpoint.accept()}
				up := tls.Server(below, config)
				if _, err := http.ReadRequest(bufio.NewReader(up)); err != nil {
					t.Fatal(err)
				}
				below.gather = together
				if _, err := io.WriteString(up, okReply); err != nil {
					t.Fatal(err)
				}
				if err := up.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				_ = below.SetWriteDeadline(time.Now().Add(patience)) // CloseWrite let it pass
				if _, err := below.Conn.Write(below.gathered); err != nil {
					t.Fatal(err)
				}
				if got := client.reply("POST"); got.Status != 200 {
					t.Fatalf("got %d %q, want 200", got.Status, got.reason())
				}
			}
		})
	}
}

// gathering is a connection whose writes are kept back while gather is set.
type gathering struct {
	net.Conn
	gather   bool
	gathered []byte
}

func (g *gathering) Write(p []byte) (int, error) {
	if !g.gather {
		return g.Conn.Write(p)
	}
	g.gathered = append(g.gathered, p...)
	return len(p), nil
}

// A server logs connections that end without a word.
func TestIdleConnectionsAreClosedWithinTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}}
	endpoint := startScript(t)
	p := serve(t)
	p.apply(over(trusting(a), everything(endpoint.address)))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := tls.Server(endpoint.accept(), config)
	in := bufio.NewReader(up)
	if _, err := http.ReadRequest(in); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(up, okReply); err != nil {
		t.Fatal(err)
	}
	client.reply("GET")
	p.apply(&snapshot.Snapshot{})
	if n, err := io.Copy(io.Discard, in); n != 0 || err != nil { // a connection that just ends is an unexpected EOF
		t.Errorf("received %d bytes and %v, want the end", n, err)
	}
}
