// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// startHosts starts a server with a certificate for each of some hosts, which it chooses by the server name of the
// connection. It answers 421 where a request is for another host than its connection, as Apache does. Otherwise it
// answers with the name and the client's address.
func startHosts(tb testing.TB, a *testAuthority, http2 bool, hosts ...string) *backend {
	tb.Helper()
	b := newBackend(func(w http.ResponseWriter, r *http.Request) {
		name := cmp.Or(r.TLS.ServerName, hosts[0])
		if host, _, _ := strings.Cut(strings.TrimSuffix(strings.ToLower(r.Host), "."), ":"); host != name {
			w.WriteHeader(http.StatusMisdirectedRequest)
		}
		_, _ = fmt.Fprintf(w, "%s %s %s", r.TLS.ServerName, r.Proto, r.RemoteAddr)
	})
	b.server.EnableHTTP2 = http2
	b.server.TLS = &tls.Config{}
	for _, host := range hosts {
		b.server.TLS.Certificates = append(b.server.TLS.Certificates, a.sign(tb, []string{host}))
	}
	b.server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that have to fail log here
	b.server.StartTLS()
	b.started(tb)
	return b
}

// following returns TLS for backends that have to prove to be the host of each request.
func following(a *testAuthority) snapshot.UpstreamTLS {
	return snapshot.UpstreamTLS{ServerName: backendName, ServerNameFromRequest: true, Authorities: a.pem}
}

// onlyEndpoint returns the running state of the only address that the proxy speaks to.
func (s *served) onlyEndpoint() (only *balance.Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.state.All() {
		if only != nil {
			s.tb.Fatal("there are several endpoints")
		}
		only = t
	}
	return only
}

func TestServerNameFollowsTheRequest(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	for name, test := range map[string]struct {
		http2 bool
		proto string
	}{"HTTP/1.1": {false, "HTTP/1.1"}, "HTTP/2": {true, "HTTP/2.0"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startHosts(t, a, test.http2, "a.test", "b.test")
			p := serve(t)
			p.apply(over(snapshot.UpstreamTLS{ServerName: "a.test", Authorities: a.pem}, everything(b.address)))
			if got := p.get("b.test", "/"); got.Status != 421 {
				t.Errorf("got %d under a fixed name, want 421", got.Status)
			}
			p.apply(over(following(a), everything(b.address)))
			from := map[string]string{} // the name of the connection from each address
			client := p.dial()          // one client, so that nothing but the name tells the requests apart
			for range 3 {
				for _, host := range []string{"a.test", "b.test", "B.Test", "a.test:8443", "b.test."} {
					client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
					got := client.reply("GET")
					fields := strings.Fields(got.Body)
					if got.Status != 200 || len(fields) != 3 || fields[1] != test.proto {
						t.Fatalf("%s: got %d %q, want 200 in %s", host, got.Status, got.Body, test.proto)
					}
					if before := from[fields[2]]; before != "" && before != fields[0] {
						t.Errorf("%s: a connection for %s served %s", host, before, fields[0])
					}
					from[fields[2]] = fields[0]
				}
			}
			if len(from) != 2 {
				t.Errorf("%d connections, want one for each name: %v", len(from), from)
			}
		})
	}
}

func TestRequestsAtOnceShareConnectionsOfTheirNameAlone(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	hosts := []string{"a.test", "b.test", "c.test"}
	b := startHosts(t, a, true, hosts...)
	p := serve(t)
	p.apply(over(following(a), everything(b.address)))
	var clients []*wire
	for i := range 30 {
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: " + hosts[i%len(hosts)] + "\r\n\r\n")
		clients = append(clients, c)
	}
	for i, c := range clients {
		if got := c.reply("GET"); got.Status != 200 || !strings.HasPrefix(got.Body, hosts[i%len(hosts)]+" HTTP/2.0 ") {
			t.Errorf("%s: got %d %q, want 200 of that host in HTTP/2", hosts[i%len(hosts)], got.Status, got.Body)
		}
	}
	if n := b.accepted.Load(); n != int64(len(hosts)) {
		t.Errorf("%d connections, want one for each name", n)
	}
	e := p.onlyEndpoint()
	// A client may have its answer before the stream has ended.
	await(t, "the end of all streams", func() bool { return e.Stats().Streams == 0 })
	if got := e.Stats(); got.Shared != len(hosts) {
		t.Errorf("got %+v, want %d connections", got, len(hosts))
	}
	e.Expire(p.engine.Clock.Now() + upstream.IdleTimeout + time.Second)
	await(t, "the end of idle connections", func() bool { return b.open.Load() == 0 })
}

// A request whose host is an address sends no name, and one without a host goes under the name of the terms.
func TestServerNameOfARequestWithoutAName(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	b := startTLSBackend(t, &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName, "127.0.0.1", "::1"})}},
		func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprintf(w, "name %q", r.TLS.ServerName) })
	p := serve(t)
	p.apply(over(following(a), everything(b.address)))
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n": `200 name ""`,
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n":     `200 name ""`,
		"GET / HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n":    "502",
		"GET / HTTP/1.1\r\nHost: [::2]\r\n\r\n":        "502",
		"GET / HTTP/1.1\r\nHost:\r\n\r\n":              `200 name "api.default.svc"`,
		"GET / HTTP/1.0\r\n\r\n":                       `200 name "api.default.svc"`,
		"GET / HTTP/1.1\r\nHost: no+name\r\n\r\n":      `200 name "api.default.svc"`,
	} {
		got := p.ask(request)
		if got := fmt.Sprint(got.Status, " ", got.Body); !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %s, want %s", request, got, want)
		}
	}
}

// Clients could otherwise set an endpoint aside for everybody by asking for names that it does not serve.
func TestANameThatAnEndpointDoesNotServeIsNotHeldAgainstIt(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	b := startHosts(t, a, false, "a.test")
	p := serve(t)
	p.apply(over(following(a), everything(b.address)))
	for i := range 8 {
		for _, host := range []string{fmt.Sprintf("x%d.test", i), "no+name"} {
			if got := p.get(host, "/"); got.Status != 502 || got.reason() != "UpstreamTLSFailed" {
				t.Errorf("%s: got %d %q, want 502 UpstreamTLSFailed", host, got.Status, got.reason())
			}
		}
	}
	if task := p.explain(explain.Question{URL: "http://a.test/"}).Pool.Tasks[0]; !task.TakesRequests || task.Why != "" {
		t.Errorf("the endpoint is said to be %+v, want nothing against it", task)
	}
	if got := p.get("a.test", "/"); got.Status != 200 {
		t.Errorf("got %d %q for the name that it serves, want 200", got.Status, got.reason())
	}
}

// A client's login is for the connection of one name. Its requests for another name neither use that nor take it away.
func TestALoginIsForOneServerName(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	b := startLogin(t, ntlm, &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{"a.test", "b.test"})}})
	p := serve(t)
	p.apply(over(following(a), everything(b.address)))
	client := p.dial()
	for _, step := range []struct{ host, fields, want string }{
		{"a.test", "Authorization: NTLM alice\r\n", "200 1 alice"},
		{"b.test", "", "401 2 "},
		{"a.test", "", "200 1 alice"},
		{"b.test", "Authorization: NTLM bob\r\n", "200 3 bob"},
		{"a.test", "", "200 1 alice"},
		{"b.test", "", "200 3 bob"},
	} {
		client.send("GET / HTTP/1.1\r\nHost: " + step.host + "\r\n" + step.fields + "\r\n")
		got := client.reply("GET")
		if got := fmt.Sprint(got.Status, " ", got.Body); got != step.want {
			t.Errorf("%s %q: got %q, want %q", step.host, step.fields, got, step.want)
		}
	}
}

// What the connections of a name hold goes with the endpoint, in whatever state it is.
func TestConnectionsOfAllNamesCloseWithTheirEndpoint(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, other := startHosts(t, a, http2, "a.test", "b.test"), named(t, "other")
			p := serve(t)
			p.apply(over(following(a), everything(b.address)))
			for _, host := range []string{"a.test", "b.test"} {
				p.get(host, "/")
			}
			if n := b.open.Load(); n != 2 {
				t.Errorf("%d connections are open, want 2", n)
			}
			p.apply(everything(other.address))
			await(t, "their end", func() bool { return b.open.Load() == 0 })
			p.apply(over(following(a), everything(b.address)))
			if got := p.get("b.test", "/"); got.Status != 200 {
				t.Errorf("got %d once the endpoint is back, want 200", got.Status)
			}
		})
	}
}
