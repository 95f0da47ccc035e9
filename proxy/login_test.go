// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// startLogin starts a server that takes a connection for the one who logged in on it, as servers do that speak NTLM. It
// answers with the connection's number and user.
func startLogin(tb testing.TB, challenge http.Header, tlsConfig *tls.Config) *backend {
	tb.Helper()
	var mu sync.Mutex
	users, numbers := map[any]string{}, map[any]int{}
	b := newBackend(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		c := r.Context().Value(connKey{})
		if numbers[c] == 0 {
			numbers[c] = len(numbers) + 1
		}
		if credentials := r.Header.Get("Authorization") + r.Header.Get("Proxy-Authorization"); credentials != "" {
			_, users[c], _ = strings.Cut(credentials, " ")
		}
		w.Header().Set("Version", r.Proto)
		if users[c] == "" {
			for name, values := range challenge {
				w.Header()[name] = values
			}
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = fmt.Fprintf(w, "%d %s", numbers[c], users[c])
	})
	b.server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}
	if tlsConfig == nil {
		b.server.Start()
	} else {
		b.server.TLS, b.server.EnableHTTP2 = tlsConfig, true
		b.server.StartTLS()
	}
	b.started(tb)
	return b
}

type connKey struct{}

var ntlm = http.Header{"Www-Authenticate": {"NTLM"}}

// says asks on a client's connection and returns the status and the content.
func (w *wire) says(fields string) string {
	w.tb.Helper()
	w.send("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n")
	got := w.reply("GET")
	return fmt.Sprintf("%d %s", got.Status, got.Body)
}

// A client logs in on a connection by a scheme that does so. From the challenge to the end of the client's connection,
// it shares that connection with nobody.
func TestConnectionThatWasLoggedInOnServesItsClientAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		challenge http.Header
		// login is what the client sends to log in as alice.
		login string
		// private is set if the challenge binds the connection to the client.
		private bool
	}{
		"NTLM":                 {ntlm, "Authorization: NTLM alice\r\n", true},
		"NTLM with a token":    {http.Header{"Www-Authenticate": {"NTLM TlRMTVNTUAAC=="}}, "Authorization: NTLM alice\r\n", true},
		"Negotiate":            {http.Header{"Www-Authenticate": {"Negotiate"}}, "Authorization: Negotiate alice\r\n", true},
		"Nego2":                {http.Header{"Www-Authenticate": {"Nego2"}}, "authorization: nego2 alice\r\n", true},
		"another case":         {http.Header{"www-authenticate": {"nTlM"}}, "AUTHORIZATION: nTLM alice\r\n", true},
		"two fields":           {http.Header{"Www-Authenticate": {`Basic realm="x"`, "NTLM"}}, "Authorization: NTLM alice\r\n", true},
		"a list":               {http.Header{"Www-Authenticate": {`Basic realm="x", charset="UTF-8" ,NTLM`}}, "Authorization: NTLM alice\r\n", true},
		"a list, before Basic": {http.Header{"Www-Authenticate": {`Negotiate, Basic realm="x"`}}, "Authorization: Negotiate alice\r\n", true},
		"of a proxy":           {http.Header{"Proxy-Authenticate": {"NTLM"}}, "Proxy-Authorization: NTLM alice\r\n", true},
		"without a challenge":  {http.Header{}, "Authorization: NTLM alice\r\n", true},
		"Basic":                {http.Header{"Www-Authenticate": {`Basic realm="NTLM"`}}, "", false},
		"Bearer":               {http.Header{"Www-Authenticate": {`Bearer realm="x, y", scope="Negotiate"`}}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startLogin(t, test.challenge, nil)
			p := serve(t)
			p.apply(everything(b.address))
			alice, bob := p.dial(), p.dial()
			if got := alice.says(""); got != "401 1 " {
				t.Fatalf("the first request: got %s, want 401 on connection 1", got)
			}
			if !test.private {
				await(t, "the connection's rest", func() bool { return p.idle() == 1 })
				if got := bob.says(""); got != "401 1 " {
					t.Errorf("bob: got %s, want 401 on connection 1", got)
				}
				return
			}
			for range 2 {
				if got := alice.says(test.login); got != "200 1 alice" {
					t.Errorf("alice: got %s, want 200 on connection 1", got)
				}
				if got := bob.says(""); !strings.HasPrefix(got, "401 2") {
					t.Errorf("bob: got %s, want 401 on connection 2", got)
				}
				if got := alice.says(""); got != "200 1 alice" {
					t.Errorf("alice, without credentials: got %s, want 200 on connection 1", got)
				}
			}
			_ = alice.Close()
			_ = bob.Close()
			await(t, "the end of private connections", func() bool { return b.open.Load() == int64(p.idle()) })
			if carol := p.dial().says(""); !strings.HasPrefix(carol, "401") {
				t.Errorf("carol: got %s, want 401", carol)
			}
		})
	}
}

// A login takes two requests. With several endpoints, both still reach the same one.
func TestClientStaysWithTheEndpointThatItIsLoggedInAt(t *testing.T) {
	t.Parallel()
	b, other := startLogin(t, ntlm, nil), startLogin(t, ntlm, nil)
	for name, change := range map[string]func(*snapshot.Route){
		"RoundRobin":   func(*snapshot.Route) {},
		"LeastRequest": func(r *snapshot.Route) { r.Balancing.Policy = snapshot.LeastRequest },
		"limited":      func(r *snapshot.Route) { r.Balancing.MaxConnections, r.Balancing.MaxPending = 1, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t)
			p.apply(everythingBy(change, b.address, other.address))
			client := p.dial()
			client.says("")
			first := client.says("Authorization: NTLM alice\r\n")
			for range 5 {
				if got := client.says(""); got != first || !strings.HasSuffix(got, " alice") {
					t.Errorf("got %s, want %s", got, first)
				}
			}
		})
	}
}

// A private connection goes when its endpoint goes.
func TestPrivateConnectionsCloseWithTheirEndpoint(t *testing.T) {
	t.Parallel()
	b, other := startLogin(t, ntlm, nil), named(t, "other")
	p := serve(t)
	p.apply(everything(b.address))
	client := p.dial()
	client.says("Authorization: NTLM alice\r\n")
	await(t, "the connection's rest", func() bool { return p.private(b.address) == 1 })
	p.apply(everything(other.address))
	await(t, "its end", func() bool { return b.open.Load() == 0 })
	if got := client.says(""); got != "200 other" {
		t.Errorf("got %s, want what the other endpoint answers", got)
	}
}

// private returns how many private connections to an endpoint rest.
func (s *served) private(address netip.AddrPort) int { return s.endpoint(address).Stats().Private }

// A client keeps a bounded number of private connections.
func TestPrivateConnectionsOfAClientAreBounded(t *testing.T) {
	t.Parallel()
	const kept = 8 // as users are told
	p := serve(t)
	var hosts []snapshot.Host
	var pools []snapshot.Pool
	var backends []*backend
	for i := range kept + 3 {
		b := startLogin(t, ntlm, nil)
		name := fmt.Sprintf("h%02d", i)
		backends, hosts, pools = append(backends, b), append(hosts, hostOf(name, prefix("/", name))),
			append(pools, poolOf(name, b.address))
	}
	p.apply(snapshotOf(hosts, pools...))
	client := p.dial()
	for i := range backends {
		client.send(fmt.Sprintf("GET / HTTP/1.1\r\nHost: h%02d\r\nAuthorization: NTLM alice\r\n\r\n", i))
		client.reply("GET")
	}
	await(t, "the end of the oldest", func() bool {
		open := int64(0)
		for _, b := range backends {
			open += b.open.Load()
		}
		return open == kept
	})
}

// Over HTTP/2 requests run at once. So no connection can be kept for the one who logged in, and each is closed.
func TestConnectionThatAClientOfHTTP2LoggedInOnIsClosed(t *testing.T) {
	t.Parallel()
	b := startLogin(t, ntlm, nil)
	p := serve(t, h2c)
	p.apply(everything(b.address))
	alice, bob := p.dialFrames(), p.dialFrames()
	alice.get(1, "/", "authorization", "NTLM alice")
	if got := alice.answer(1); got.status != "200" || got.body != "1 alice" {
		t.Errorf("alice: got %v", got)
	}
	for i, c := range []*frames{bob, alice, bob} {
		stream := uint32(3 + 2*i)
		c.get(stream, "/")
		if got := c.answer(stream); got.status != "401" {
			t.Errorf("without credentials: got %v, want 401", got)
		}
	}
	await(t, "the end of every connection", func() bool { return b.open.Load() == 0 })
}

// If an endpoint speaks both versions, a request that logs in takes a connection of HTTP/1.1.
func TestLoginSharesNoConnectionOfHTTP2(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	b := startLogin(t, ntlm, &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}})
	p := serve(t)
	p.apply(over(trusting(a), everything(b.address)))
	alice, bob := p.dial(), p.dial()
	if got := alice.says(""); got != "401 1 " {
		t.Fatalf("got %s, want 401", got)
	}
	if got := alice.says("Authorization: NTLM alice\r\n"); got != "200 2 alice" {
		t.Errorf("alice: got %s, want 200 on connection 2", got)
	}
	if got := bob.says(""); got != "401 1 " {
		t.Errorf("bob: got %s, want 401 on connection 1", got)
	}
	if got := alice.says(""); got != "200 2 alice" {
		t.Errorf("alice, without credentials: got %s, want 200 on connection 2", got)
	}
}

// If an endpoint speaks only HTTP/2, a request that logs in has a connection to itself.
func TestLoginAtAnEndpointOfHTTP2HasAConnectionToItself(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(inH2C(everything(endpoint.address)))
	client, other := p.dial(), p.dial()
	other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	shared := endpoint.acceptFrames()
	shared.respond(shared.received(true).stream, "shared")
	other.reply("GET")
	client.send("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM alice\r\n\r\n")
	private := endpoint.acceptFrames()
	stream := private.received(true).stream
	for range 3 {
		other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		shared.respond(shared.received(true).stream, "shared")
		if got := other.reply("GET"); got.Body != "shared" {
			t.Errorf("got %q, want shared", got.Body)
		}
	}
	private.respond(stream, "private")
	if got := client.reply("GET"); got.Body != "private" {
		t.Errorf("got %q, want private", got.Body)
	}
	for { // it ends
		if _, err := private.ReadFrame(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// An endpoint over TLS that speaks only HTTP/2 refuses a handshake that offers only HTTP/1.1.
func TestLoginReachesAnEndpointOfHTTP2OverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	b := newBackend(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Proto, r.Header.Get("Authorization"))
	})
	b.server.EnableHTTP2 = true
	terms := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}, NextProtos: []string{"h2"}}
	// crypto/tls lets clients of HTTP/1.1 in even if it has to speak only HTTP/2. Other servers do not.
	refusing := terms.Clone()
	refusing.NextProtos = []string{"other"}
	b.server.TLS = terms.Clone()
	b.server.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedProtos, "h2") {
			return terms, nil
		}
		return refusing, nil
	}
	b.server.StartTLS()
	b.started(t)
	p := serve(t)
	p.apply(over(trusting(a), everything(b.address)))
	client := p.dial()
	for range 2 {
		client.send("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Negotiate token\r\n\r\n")
		if got := client.reply("GET"); got.Status != 200 || got.Body != "HTTP/2.0 Negotiate token" {
			t.Errorf("got %d %q, want 200 and the request over HTTP/2", got.Status, got.Body)
		}
	}
	client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if got := client.reply("GET"); got.Status != 502 {
		t.Errorf("an upgrade got %d, want 502", got.Status)
	}
}

// A connection that somebody logged in on rests no longer than others, although its client stays.
func TestLoginEndsWithAConnectionThatRestsForTooLong(t *testing.T) {
	t.Parallel()
	b := startLogin(t, ntlm, nil)
	p := serve(t)
	p.apply(everything(b.address))
	c := p.dial()
	if got := c.says("Authorization: NTLM alice\r\n"); got != "200 1 alice" {
		t.Fatalf("got %q", got)
	}
	expire := func(after time.Duration) {
		await(t, "the connection's rest", func() bool { return p.private(b.address) == 1 })
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, e := range p.state.All() {
			e.Expire(p.engine.Clock.Now() + after)
		}
	}
	expire(upstream.IdleTimeout / 2)
	if got := c.says(""); got != "200 1 alice" {
		t.Errorf("got %q after half of the time", got)
	}
	expire(2 * upstream.IdleTimeout)
	if got := c.says(""); got != "401 2 " {
		t.Errorf("got %q after all of it", got)
	}
}
